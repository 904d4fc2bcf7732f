//! Where simulated acts happen: a call in, its records into the queue and its truth into the ledger.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::ledger::{Act, Call, Caller, Cause, Question, Use};
use crate::organisation::{GLOBAL_REGION, HOME_REGION, IamUser, Organisation, REGIONS, Role};
use crate::random::Random;
use crate::record::{Body, Envelope, How, identity, write};
use crate::session::{Grade, Session, Who};
use crate::text::quoted;
use crate::{Loss, changes};

/// A record that is made, and not yet delivered.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) time: i64,
    /// Account and region: an index of [`place`].
    pub(crate) place: usize,
    pub(crate) body: String,
    /// The truth about it, where that is asked for.
    pub(crate) call: Option<Box<Call>>,
}

/// Whose record it is: the JSON of `userIdentity`, and the truth beside it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct By<'a> {
    identity: &'a str,
    session: Option<&'a Session>,
    is_copy: bool,
}

impl<'a> By<'a> {
    /// A session of the simulation.
    pub(crate) fn of(identity: &'a str, session: &'a Session) -> Self {
        Self { identity, session: Some(session), is_copy: false }
    }

    /// The same, in the log of another account than the caller's own.
    pub(crate) fn copy(identity: &'a str, session: &'a Session) -> Self {
        Self { is_copy: true, ..Self::of(identity, session) }
    }

    /// No one whom the simulation follows.
    pub(crate) fn nobody(identity: &'a str) -> Self {
        Self { identity, session: None, is_copy: false }
    }

    fn call(&self, envelope: &Envelope, how: &How, body: &Body) -> Call {
        let caller = self.session.map(|session| Caller {
            actor: session.actor.clone(),
            certainty: session.grade.word(),
            principal: session.arn(),
            opened: Some(session.created).filter(|created| *created != 0).map(moment),
            permission_set: session.permission_set.clone(),
            mfa: session.mfa,
        });
        let key = self.session.filter(|_| !self.is_copy).map(|session| how.key.unwrap_or(&session.key));
        let service = self.session.is_some_and(|session| session.invoked_by.is_some() || matches!(session.who, Who::Service(_)));
        Call {
            event_id: envelope.event_id.to_owned(),
            event_time: moment(envelope.time),
            event_source: body.source.to_owned(),
            event_name: body.name.to_owned(),
            recipient_account_id: envelope.recipient.to_owned(),
            aws_region: envelope.region.to_owned(),
            read_only: body.read_only,
            error_code: how.error.map(|(code, _)| code.to_owned()),
            source_ip_address: how.ip.to_owned(),
            user_agent: how.agent.to_owned(),
            by_service: service || how.invoked_by.is_some(),
            access_key_id: key.filter(|key| !key.is_empty()).map(str::to_owned),
            is_copy: self.is_copy,
            caller,
        }
    }
}

fn moment(second: i64) -> jiff::Timestamp {
    jiff::Timestamp::from_second(second).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

/// Texts for the secret places.
#[derive(Clone, Debug)]
pub(crate) struct Canaries {
    pub(crate) token: String,
    pub(crate) environment: String,
    pub(crate) user_data: String,
}

impl Canaries {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random::new(seed, "canaries");
        Self {
            token: format!("CANARYTOKEN{}", random.alnum(24)),
            environment: format!("CANARYENV{}", random.alnum(24)),
            user_data: format!("CANARYUSERDATA{}", random.alnum(24)),
        }
    }

    pub(crate) fn all(&self) -> Vec<String> {
        vec![self.token.clone(), self.environment.clone(), self.user_data.clone()]
    }
}

pub(crate) struct Scene<'a> {
    pub(crate) organisation: &'a Organisation,
    pub(crate) random: Random,
    pub(crate) canaries: Canaries,
    pub(crate) story: &'static str,
    pub(crate) out: Vec<Pending>,
    pub(crate) acts: Vec<Act>,
    /// When a session of Identity Center that made a call was last opened.
    pub(crate) uses: BTreeMap<Use, jiff::Timestamp>,
    /// When long-lived keys were made.
    pub(crate) keys: BTreeMap<String, jiff::Timestamp>,
    /// Whether the truth about each record is asked for.
    pub(crate) notes_calls: bool,
    /// Issuing events are lost by this many in a thousand.
    pub(crate) loss_per_mille: u64,
    pub(crate) lost: usize,
    /// No record is later.
    pub(crate) until: i64,
    asked: Vec<(String, String)>,
    /// Openings by Identity Center: role, name and second.
    opened: HashSet<(String, String, i64)>,
    /// Seconds of this parity are this scene's: two scenes never open one role for one person in one second.
    parity: i64,
}

/// Index of an account's region; an account that is not ours falls to the first.
pub(crate) fn place(organisation: &Organisation, account_id: &str, region: &str) -> usize {
    let account = organisation.accounts.iter().position(|account| account.id == account_id);
    let region = REGIONS.iter().position(|known| *known == region);
    account.unwrap_or(0) * REGIONS.len() + region.unwrap_or(0)
}

/// What `place` stands for.
pub(crate) fn placed(organisation: &Organisation, place: usize) -> (&str, &'static str) {
    (&organisation.accounts[place / REGIONS.len()].id, REGIONS[place % REGIONS.len()])
}

impl<'a> Scene<'a> {
    pub(crate) fn new(organisation: &'a Organisation, label: &str, loss: Loss, until: i64) -> Self {
        Self {
            organisation,
            random: Random::new(organisation.seed, label),
            canaries: Canaries::new(organisation.seed),
            story: "background",
            out: Vec::new(),
            acts: Vec::new(),
            uses: BTreeMap::new(),
            keys: BTreeMap::new(),
            notes_calls: false,
            loss_per_mille: match loss {
                Loss::None => 0,
                Loss::IssuingEvents => 350,
            },
            lost: 0,
            until,
            asked: Vec::new(),
            opened: HashSet::new(),
            parity: i64::from(label != "stories"),
        }
    }

    /// A plain call: the record, and no truth. Returns the event id.
    pub(crate) fn call(&mut self, session: &Session, at: i64, body: &Body, how: &How) -> String {
        self.note_use(session);
        let identity = identity(session, self.organisation, body.source, how);
        let account_id = session.account_id.clone();
        self.record(&By::of(&identity, session), at, &account_id, body, how, None, None)
    }

    /// A change worth asking about: the record, and its truth. Returns its index in `acts`.
    pub(crate) fn act(&mut self, session: &Session, at: i64, body: &Body, how: &How) -> usize {
        let event_id = self.call(session, at, body, how);
        self.note(session, at, body, how, event_id, Vec::new())
    }

    /// A long-lived key of a user is made.
    pub(crate) fn make_key(&mut self, session: &Session, at: i64, user: &IamUser, how: &How) {
        self.act(session, at, &changes::create_access_key(user, at), how);
        self.keys.insert(user.key.clone(), moment(at.min(self.until)));
    }

    /// A change to what another account owns, recorded in both.
    pub(crate) fn act_across(&mut self, session: &Session, at: i64, owner: &str, body: &Body, how: &How) -> usize {
        self.note_use(session);
        let full = identity(session, self.organisation, body.source, how);
        let (shared, request) = (self.random.uuid(), self.random.uuid());
        let account_id = session.account_id.clone();
        let own = self.record(&By::of(&full, session), at, &account_id, body, how, Some(&shared), Some(&request));
        let brief = account_identity(&session.principal_id(), &account_id);
        let other = self.record(&By::copy(&brief, session), at, owner, body, how, Some(&shared), Some(&request));
        self.note(session, at, body, how, own, vec![other])
    }

    /// Notes that a session of Identity Center was used, in a record that is delivered.
    pub(crate) fn note_use(&mut self, session: &Session) {
        if let (Some(user_id), Who::Role { role, .. }) = (&session.on_behalf_of, &session.who)
            && let Some((set, _)) = role.name.strip_prefix("AWSReservedSSO_").and_then(|rest| rest.rsplit_once('_'))
        {
            let used = Use { permission_set: set.to_owned(), account_id: role.account_id.clone(), user_id: user_id.clone() };
            let opened = moment(session.created);
            let last = self.uses.entry(used).or_insert(opened);
            *last = opened.max(*last);
        }
    }

    fn note(&mut self, session: &Session, at: i64, body: &Body, how: &How, event_id: String, copies: Vec<String>) -> usize {
        let region = if body.global { GLOBAL_REGION } else { how.region };
        self.acts.push(Act {
            event_id,
            copies,
            event_time: moment(at.min(self.until)),
            event_source: body.source.to_owned(),
            event_name: body.name.to_owned(),
            recipient_account_id: session.account_id.clone(),
            aws_region: region.to_owned(),
            things: body.things.clone(),
            story: self.story,
            actor: session.actor.clone(),
            chain: session.chain_using(how.key),
            certainty: session.grade.word(),
            candidates: session.candidates.clone(),
            gap: session.gap.clone(),
            claims: session.claims.clone(),
            caused_by: Vec::new(),
            via: session.via.clone().filter(|_| matches!(session.grade, Grade::Proven | Grade::Attested)),
            not: session.not.clone(),
        });
        self.acts.len() - 1
    }

    /// Notes who stands behind a machine's act, each with the events that say so. One of whom more than time speaks is the likely one,
    /// unless the logs do not say who another of them was; several are each one of several.
    pub(crate) fn behind(&mut self, act: usize, causes: &[(&Session, &[usize])], time_alone: bool) {
        let machine_is_known = matches!(self.acts[act].certainty, "proven" | "attested");
        let (known, lost): (Vec<_>, Vec<_>) =
            causes.iter().partition(|(session, _)| matches!(session.grade, Grade::Proven | Grade::Attested));
        if !machine_is_known {
            return;
        }
        let certainty = if known.len() == 1 && lost.is_empty() && !time_alone { "probable" } else { "ambiguous" };
        let cause = |(session, acts): &(&Session, &[usize])| Cause {
            actor: session.actor.clone(),
            certainty,
            evidence: acts.iter().map(|act| self.acts[*act].event_id.clone()).collect(),
        };
        self.acts[act].caused_by = known.into_iter().map(cause).collect();
    }

    /// Queues a record and returns its event id. `recipient` is whose log it goes to.
    #[expect(clippy::too_many_arguments, reason = "a record has that many parts, and each caller knows others of them")]
    pub(crate) fn record(
        &mut self,
        by: &By,
        at: i64,
        recipient: &str,
        body: &Body,
        how: &How,
        shared_event_id: Option<&str>,
        request_id: Option<&str>,
    ) -> String {
        let event_id = self.random.uuid();
        let request_id = request_id.map_or_else(|| self.random.uuid(), str::to_owned);
        let region = if body.global { GLOBAL_REGION } else { how.region };
        let time = at.min(self.until);
        let envelope = Envelope { time, region, recipient, event_id: &event_id, request_id: &request_id, shared_event_id };
        let call = self.notes_calls.then(|| Box::new(by.call(&envelope, how, body)));
        let text = write(by.identity, how, body, &envelope);
        self.out.push(Pending { time, place: place(self.organisation, recipient, region), body: text, call });
        event_id
    }

    /// The next second in which the role was not opened for this person yet: of two openings in one second nobody could tell which one
    /// a call is of.
    pub(crate) fn free_second(&mut self, role: &Role, name: &str, at: i64) -> i64 {
        let mut second = at + ((at ^ self.parity) & 1);
        while !self.opened.insert((role.id.clone(), name.to_owned(), second)) {
            second += 2;
        }
        second
    }

    /// Whether the next issuing event is left out of the logs.
    pub(crate) fn loses(&mut self) -> bool {
        self.loss_per_mille > 0 && self.random.chance(self.loss_per_mille)
    }

    /// Drops what was queued since `mark`, as never delivered.
    pub(crate) fn lose_since(&mut self, mark: usize) {
        self.lost += self.out.len() - mark;
        self.out.truncate(mark);
    }

    pub(crate) fn ask(&mut self, thing: &str, why: &str) {
        self.asked.push((thing.to_owned(), why.to_owned()));
    }

    /// Each asked thing with the newest act on it, by (event time, event id).
    pub(crate) fn questions(&self) -> Vec<Question> {
        let mut newest: HashMap<&str, usize> = HashMap::new();
        let when = |act: usize| (self.acts[act].event_time, &self.acts[act].event_id);
        for (act, things) in self.acts.iter().map(|act| &act.things).enumerate() {
            for thing in things {
                let held = newest.entry(thing).or_insert(act);
                if when(act) > when(*held) {
                    *held = act;
                }
            }
        }
        let mut questions = Vec::new();
        for (thing, why) in &self.asked {
            if let Some(&act) = newest.get(thing.as_str()) {
                questions.push(Question { thing: thing.clone(), act, why: why.clone() });
            }
        }
        questions
    }
}

/// The `userIdentity` of the role or resource owner's copy.
pub(crate) fn account_identity(principal_id: &str, account_id: &str) -> String {
    format!("{{\"type\":\"AWSAccount\",\"principalId\":{},\"accountId\":\"{account_id}\"}}", quoted(principal_id))
}

impl<'a> How<'a> {
    pub(crate) fn cli(ip: &'a str) -> Self {
        Self::with(
            ip,
            "aws-cli/2.31.18 md/awscrt#0.28.1 ua/2.1 os/macos#25.1.0 md/arch#arm64 lang/python#3.13.9 md/pyimpl#CPython cfg/retry-mode#standard md/installer#exe md/prompt#off",
        )
    }

    pub(crate) fn terraform(ip: &'a str) -> Self {
        Self::with(
            ip,
            "APN/1.0 HashiCorp/1.0 Terraform/1.13.4 (+https://www.terraform.io) terraform-provider-aws/6.18.0 (+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.39.4 ua/2.1 os/linux lang/go#1.24.6 md/GOOS#linux md/GOARCH#amd64",
        )
    }

    pub(crate) fn browser(ip: &'a str) -> Self {
        Self::with(ip, "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36")
    }

    /// A service that acts by itself or for a caller.
    pub(crate) fn service(host: &'a str) -> Self {
        Self::with(host, host)
    }

    pub(crate) fn with(ip: &'a str, agent: &'a str) -> Self {
        Self { ip, agent, region: HOME_REGION, key: None, invoked_by: None, from_console: false, error: None }
    }

    /// A page of the console calls with a key of its own.
    pub(crate) fn console(self, key: &'a str) -> Self {
        Self { key: Some(key), from_console: true, ..self }
    }

    /// A service calls with the caller's identity and a key of its own.
    pub(crate) fn forwarded(host: &'a str, key: &'a str) -> Self {
        Self { key: Some(key), invoked_by: Some(host), ..Self::service(host) }
    }

    pub(crate) fn denied(self, code: &'a str, message: &'a str) -> Self {
        Self { error: Some((code, message)), ..self }
    }
}
