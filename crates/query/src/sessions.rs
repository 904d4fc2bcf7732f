//! Who was in which session, by CloudTrail, joined with what its log shows.
//!
//! Who opened a session, `StartSession` says (or `ExecuteCommand`, `SendCommand`, EC2 Instance Connect), and the credentials behind it, walked as
//! for any call. A log is joined by the whole session id, and only where nothing in it contradicts: never by the name that an id begins with.

use crate::answer::{Candidate, Chain, Change, Claim, Coverage, Evidence, Gap};
use crate::complete::HIT_COLUMNS;
use crate::control::{self, Control, Kind};
use crate::error::Result;
use crate::hits;
use crate::reader::Reader;
use crate::session_log::{CommandFilter, LogFound};
use crate::walk::{Asked, Walked};
use event::time::rfc3339;
use identity::{Organisation, Resolution};
use lake::Table;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Days that a session's events and logs may lie from each other: a session lives 24 hours at most, and its log is written at its end.
const REACH_DAYS: i32 = 2;
/// How long a session can go on (Session Manager, maximum session duration: 1,440 minutes).
const SESSION_MICROS_MAX: i64 = 24 * 3_600 * 1_000_000;
/// How long after a session's end its log may still be on its way.
const UPLOAD_MICROS: i64 = 15 * 60 * 1_000_000;

/// Which sessions are asked for.
#[derive(Debug, Clone, Default)]
pub struct SessionQuestion {
    /// From when, microseconds since 1970.
    pub since: Option<i64>,
    /// Before when.
    pub until: Option<i64>,
    /// These only.
    pub session_ids: Option<BTreeSet<String>>,
    /// With `session_ids`: logs that are kept under this day or a later one, counted from 1970.
    pub logs_from_day: Option<i32>,
    /// The time of asking, microseconds since 1970: what may still be open is not missing yet.
    pub now: i64,
    /// Sessions in the answer, at most.
    pub limit: usize,
}

/// Sessions, newest first.
#[derive(Debug, Clone, Serialize)]
pub struct SessionList {
    /// `whodid.sessions/v1`
    pub schema: &'static str,
    /// The sessions.
    pub sessions: Vec<Session>,
    /// Denied and failed attempts to open one.
    pub attempts: u64,
    /// Whether there are more.
    pub truncated: bool,
    /// Logs of sessions in the lake, of any time.
    pub session_logs: u64,
    /// What the logs could have shown.
    pub coverage: Coverage,
}

/// A session, who opened it, and its log.
#[derive(Debug, Clone, Serialize)]
pub struct Session {
    /// Its id; for what has none, the id of the command or of the event.
    pub session_id: String,
    /// `shell`, `port_forwarding`, `ssh`, `interactive_command`, `noninteractive_command`, `custom`, `ecs_exec`, `run_command`, `ssh_key`,
    /// `tunnel`, `remote_desktop`, or `unknown`.
    pub kind: &'static str,
    /// Whose account.
    pub account_id: Option<String>,
    /// Where.
    pub aws_region: Option<String>,
    /// The instance, or what else was connected to.
    pub target: Option<String>,
    /// The document.
    pub document_name: Option<String>,
    /// Why, in the words of who opened it.
    pub stated_reason: Option<String>,
    /// The operating system's user: what the call asked for, else what the node says.
    pub run_as_user: Option<String>,
    /// When it was opened.
    pub start: Option<String>,
    /// When it was resumed.
    pub resumed: Vec<String>,
    /// When somebody ended it; a session that ends by itself leaves no record.
    pub end: Option<String>,
    /// How surely the actor is known.
    pub certainty: &'static str,
    /// Why no more surely.
    pub reason: Option<String>,
    /// Who.
    pub actor: Value,
    /// Sessions from the actor to the call.
    pub chain: Vec<Chain>,
    /// An agent or application that acted for the actor.
    pub via: Option<String>,
    /// What the node, or the caller, says and nothing proves.
    pub claims: Vec<Claim>,
    /// Who it could be.
    pub candidates: Vec<Candidate>,
    /// Where the chain ends.
    pub gap: Option<Gap>,
    /// What was typed.
    pub transcript: Transcript,
    /// `orphan`, `transcript_missing`, or nothing.
    pub finding: Option<&'static str>,
    /// The records of CloudTrail.
    pub event_ids: Vec<String>,
    /// Where the first of them lies.
    pub evidence: Option<Evidence>,
    /// When it was opened, else its log's first time; microseconds since 1970.
    #[serde(skip)]
    pub time: i64,
}

/// Whether there is a log of a session.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Transcript {
    /// `present`, `missing`, `impossible`, `pending` or `orphan`.
    pub state: &'static str,
    /// Why.
    pub why: String,
    /// The logs.
    pub logs: Vec<LogFound>,
}

/// A session as its control events tell it.
#[derive(Debug, Default)]
struct Opened {
    start: Option<Control>,
    resumed: Vec<i64>,
    end: Option<i64>,
    event_ids: Vec<String>,
}

impl Reader {
    /// Sessions that were open in a window, or those asked for.
    ///
    /// # Errors
    /// Where the lake cannot be read.
    pub async fn sessions(&self, question: &SessionQuestion) -> Result<SessionList> {
        self.need(&[Table::Events, Table::Credentials, Table::Objects, Table::Sessions]).await?;
        let (organisation, coverage) = self.coverage(question.since, question.until).await?;
        let (controls, logs) = match &question.session_ids {
            Some(ids) => self.of_ids(ids, question.logs_from_day).await?,
            None => self.of_window(question).await?,
        };
        let wanted = |id: &str| question.session_ids.as_ref().is_none_or(|ids| ids.contains(id));
        let attempts = controls.iter().filter(|control| control.failed && in_window(question, control.time, control.time)).count();
        let mut opened: BTreeMap<(String, String), Opened> = BTreeMap::new();
        for control in controls.into_iter().filter(|control| !control.failed && wanted(&control.session_id)) {
            let session = opened.entry((control.session_id.clone(), control.hit.recipient_account_id.clone())).or_default();
            session.event_ids.push(control.event.event_id.clone());
            match control.kind {
                Kind::Resume => session.resumed.push(control.time),
                Kind::Terminate => session.end = session.end.max(Some(control.time)),
                _ if session.start.is_none() => session.start = Some(control),
                _ => {}
            }
        }
        let session_logs = self.count_logs(question, logs.len()).await?;
        let mut found = self.join(opened, logs, question, &organisation).await?;
        found.retain(|session| question.session_ids.is_some() || session.is_in(question));
        found.sort_by(|a, b| (b.time, &b.session_id, &b.account_id).cmp(&(a.time, &a.session_id, &a.account_id)));
        let truncated = found.len() > question.limit;
        found.truncate(question.limit);
        Ok(SessionList { schema: "whodid.sessions/v1", sessions: found, attempts: attempts as u64, truncated, session_logs, coverage })
    }

    /// Records and logs of some sessions.
    async fn of_ids(&self, ids: &BTreeSet<String>, from_day: Option<i32>) -> Result<(Vec<Control>, Vec<LogFound>)> {
        let logs = self.session_logs(&CommandFilter { session_ids: Some(ids.clone()), from_day, ..CommandFilter::default() }).await?;
        let mut days = BTreeSet::new();
        for hit in self.mentioning(ids).await? {
            days.extend(lake::day_of(hit.event_time) - REACH_DAYS..=lake::day_of(hit.event_time) + REACH_DAYS);
        }
        Ok((self.controls(Days::Each(days)).await?, logs))
    }

    /// Records and logs around a window. A log may have been written long after its session, and is then kept under another day.
    async fn of_window(&self, question: &SessionQuestion) -> Result<(Vec<Control>, Vec<LogFound>)> {
        let from = question.since.map(|since| lake::day_of(since) - REACH_DAYS);
        let until = question.until.map(|until| lake::day_of(until) + REACH_DAYS);
        let mut controls = self.controls(Days::Between(from, until)).await?;
        let window = CommandFilter { from_day: from, until_day: until, ..CommandFilter::default() };
        let mut logs = self.session_logs(&window).await?;
        if from.is_none() && until.is_none() {
            return Ok((controls, logs));
        }
        let known: BTreeSet<String> = controls.iter().map(|control| control.session_id.clone()).collect();
        let unknown: BTreeSet<String> = logs.iter().map(|log| log.session_id.clone()).filter(|id| !known.contains(id)).collect();
        logs.retain(|log| unknown.contains(&log.session_id));
        logs.extend(self.session_logs(&CommandFilter { session_ids: Some(known.clone()), ..CommandFilter::default() }).await?);
        if !unknown.is_empty() {
            let (more, _) = self.of_ids(&unknown, None).await?;
            controls.extend(more.into_iter().filter(|control| unknown.contains(&control.session_id)));
        }
        Ok((controls, logs))
    }

    async fn count_logs(&self, question: &SessionQuestion, found: usize) -> Result<u64> {
        if question.session_ids.is_none() && question.since.is_none() && question.until.is_none() {
            return Ok(found as u64);
        }
        Ok(self.context().await?.table(Table::Sessions.name()).await?.count().await? as u64)
    }

    /// Events that name one of the ids.
    async fn mentioning(&self, ids: &BTreeSet<String>) -> Result<Vec<hits::Hit>> {
        let mentions = self.points(Table::Mentions).await?;
        let mut found = Vec::new();
        for id in ids {
            found.extend(hits::read_mentions(&mentions.mentions_of(id, i64::MIN..i64::MAX).await?)?);
        }
        Ok(found)
    }

    /// Control events of some days, oldest first.
    async fn controls(&self, days: Days) -> Result<Vec<Control>> {
        let names = control::NAMES.iter().map(|name| (*name).to_owned()).collect();
        let columns: Vec<&str> = HIT_COLUMNS.into_iter().chain(control::COLUMNS).collect();
        let events = self.points(Table::Events).await?;
        let mut found = Vec::new();
        for batch in events.events_called(|day| days.has(day), &names, &columns).await? {
            found.extend(control::read(&batch)?);
        }
        found.sort_by(|a, b| (a.time, &a.event.event_id).cmp(&(b.time, &b.event.event_id)));
        Ok(found)
    }

    /// Resolves who opened each session, and gives each log to the one session that it fits.
    async fn join(
        &self,
        opened: BTreeMap<(String, String), Opened>,
        logs: Vec<LogFound>,
        question: &SessionQuestion,
        organisation: &Organisation,
    ) -> Result<Vec<Session>> {
        let mut ids: BTreeMap<String, Asked> = BTreeMap::new();
        let mut objects = BTreeSet::new();
        for control in opened.values().filter_map(|opened| opened.start.as_ref()) {
            let asked = ids.entry(control.event.credential_id.clone()).or_default();
            asked.principal_id.clone_from(&control.event.principal_id);
            asked.days.insert(lake::day_of(control.time));
            objects.insert(control.hit.object_id);
        }
        let mut walked = Walked::new(organisation);
        self.walk(&mut walked, &ids).await?;
        let places = self.places(objects).await?;
        let resolved: BTreeMap<&String, Resolution> = ids.keys().map(|id| (id, walked.resolve(id))).collect();
        let doubts = self.doubts(resolved.values()).await?;
        let any_logs = !logs.is_empty();
        let (mut joined, orphans) = give_out(&opened, logs);
        let (mut started, mut changes) = (BTreeMap::new(), Vec::new());
        for (key, control) in opened.iter().filter_map(|(key, opened)| Some((key, opened.start.as_ref()?))) {
            let Some(resolution) = resolved.get(&control.event.credential_id) else { continue };
            let doubted = doubts.of(places.is_doubtful(control.hit.object_id), resolution);
            let doubted = doubted.map(|why| resolution.clone().rests_on_doubtful(why));
            let resolution = doubted.as_ref().unwrap_or(resolution);
            started.insert(key.clone(), changes.len());
            changes.push(Change::of(&control.hit, &control.event, Vec::new(), resolution, places.evidence(&control.hit)));
        }
        self.name_people(organisation, &mut changes).await?;
        let mut found = Vec::new();
        for (key, opened) in opened {
            let change = started.get(&key).and_then(|at| changes.get(*at)).cloned();
            let logs = joined.remove(&key).unwrap_or_default();
            found.push(session(key.0, opened, change, logs, question.now, any_logs));
        }
        found.extend(orphans.into_iter().map(orphan));
        Ok(found)
    }
}

/// Days of control events.
enum Days {
    Between(Option<i32>, Option<i32>),
    Each(BTreeSet<i32>),
}

impl Days {
    fn has(&self, day: i32) -> bool {
        match self {
            Self::Between(from, until) => from.is_none_or(|from| from <= day) && until.is_none_or(|until| day <= until),
            Self::Each(days) => days.contains(&day),
        }
    }
}

fn in_window(question: &SessionQuestion, from: i64, until: i64) -> bool {
    question.since.is_none_or(|since| until >= since) && question.until.is_none_or(|end| from < end)
}

impl Session {
    /// The session as one may speak of it where its logs contradict each other: who opened it is known, who typed what in them is not.
    pub fn in_dispute(&self) -> Self {
        let why = "opened the session; but several logs under its id contradict each other, and somebody may have written one".to_owned();
        let known = self.actor["id"].is_string();
        let candidates = known.then(|| Candidate { actor: self.actor.clone(), why: why.clone(), evidence: self.event_ids.clone() });
        Self {
            certainty: if known { "ambiguous" } else { self.certainty },
            reason: Some("several logs under this session's id contradict each other".to_owned()),
            actor: crate::answer::actor(&identity::Actor::Unknown),
            candidates: candidates.into_iter().chain(self.candidates.clone()).collect(),
            ..self.clone()
        }
    }

    fn is_in(&self, question: &SessionQuestion) -> bool {
        let last = |log: &LogFound| log.last_time.or(log.written);
        let end = self.end.as_deref().and_then(event::time::micros);
        let until = end.or_else(|| self.transcript.logs.iter().filter_map(last).max()).unwrap_or(self.time);
        in_window(question, self.time, until.max(self.time))
    }
}

type Joined = HashMap<(String, String), Vec<LogFound>>;

/// Gives each log to its session; what fits none, or several, comes back with why.
fn give_out(opened: &BTreeMap<(String, String), Opened>, logs: Vec<LogFound>) -> (Joined, Vec<(LogFound, String)>) {
    let mut joined = Joined::new();
    let mut orphans = Vec::new();
    for log in logs {
        let known: Vec<(&(String, String), &Opened)> = opened.iter().filter(|((id, _), _)| *id == log.session_id).collect();
        let started: Vec<_> = known.iter().filter_map(|(key, opened)| Some((*key, opened.start.as_ref()?))).collect();
        let fits: Vec<_> = started.iter().filter(|(_, start)| contradiction(&log, start).is_none()).collect();
        match (fits.as_slice(), started.as_slice()) {
            ([(key, _)], _) => joined.entry((*key).clone()).or_default().push(log),
            ([], []) => orphans.push((log, "no record in the lake says that this session was started".to_owned())),
            ([], [(_, start), ..]) => {
                let why = contradiction(&log, start).unwrap_or_default();
                orphans.push((log, format!("a session of this id was started, but {why}: this may be another's log")));
            }
            _ => orphans.push((log, "sessions of this id were started in several accounts, and nothing says whose log this is".to_owned())),
        }
    }
    (joined, orphans)
}

/// What in a log speaks against its being that of a session.
fn contradiction(log: &LogFound, start: &Control) -> Option<String> {
    let account = &start.hit.recipient_account_id;
    let differs = |said: &Option<String>, known: &str| said.as_ref().is_some_and(|said| !known.is_empty() && said != known);
    if differs(&log.owner_account_id, account) {
        return Some("its log group is another account's".into());
    }
    if differs(&log.aws_region, &start.hit.aws_region) {
        return Some("its node says another region".into());
    }
    // A container is called by another name in the log than in the call.
    if start.kind != Kind::EcsExec && differs(&log.target, start.target.as_deref().unwrap_or_default()) {
        return Some("its node says another instance".into());
    }
    // The node passes on who opened the session; account and name are compared, whatever the form of the ARN.
    let parts = |arn: &str| {
        let mut parts = arn.split(':');
        let account = parts.nth(4).unwrap_or_default().to_owned();
        (account, arn.rsplit(['/', ':']).next().unwrap_or_default().to_owned())
    };
    let said = log.user_arn.as_deref().zip(start.user_arn.as_deref());
    if said.is_some_and(|(said, known)| parts(said) != parts(known)) {
        return Some("its node says that another opened it".into());
    }
    None
}

fn session(session_id: String, opened: Opened, change: Option<Change>, logs: Vec<LogFound>, now: i64, any_logs: bool) -> Session {
    let start = opened.start;
    let transcript = transcript_of(start.as_ref(), opened.end, logs, now, any_logs);
    let finding = (transcript.state == "missing" && start.is_some()).then_some("transcript_missing");
    let time = start.as_ref().map(|start| start.time).or(opened.resumed.first().copied()).or(opened.end).unwrap_or_default();
    let mut session = blank(session_id, transcript, time);
    session.finding = finding;
    session.resumed = opened.resumed.into_iter().map(rfc3339).collect();
    session.end = opened.end.map(rfc3339);
    session.event_ids = opened.event_ids;
    if let (Some(start), Some(change)) = (start, change) {
        session.kind = start.kind.word();
        session.account_id = Some(change.recipient_account_id);
        session.aws_region = Some(change.aws_region);
        session.target = start.target;
        session.document_name = start.document_name;
        session.stated_reason = start.reason;
        session.run_as_user = start.run_as_user.or(session.run_as_user);
        session.start = Some(change.event_time);
        session.certainty = change.certainty;
        session.reason = change.reason;
        session.actor = change.actor;
        session.chain = change.chain;
        session.via = change.via;
        session.claims = change.claims;
        session.candidates = change.candidates;
        session.gap = change.gap;
        session.evidence = Some(change.evidence);
    } else {
        session.gap = Some(Gap {
            at: session.session_id.clone(),
            why: "the record that started this session is not in the lake".into(),
            needs: "the CloudTrail log of the account for the day before".into(),
        });
    }
    session
}

/// A log without a session: nobody is named, and what its node says stays a claim.
fn orphan((log, why): (LogFound, String)) -> Session {
    let time = log.first_time.or(log.written).unwrap_or_default();
    let claims = [("node_user_arn", &log.user_arn), ("node_run_as_user", &log.run_as_user)];
    let claims = claims.into_iter().filter_map(|(source, value)| Some(Claim { value: value.clone()?, source })).collect();
    let gap = Gap { at: log.session_id.clone(), why: why.clone(), needs: "the StartSession record of this session".into() };
    let mut session = blank(log.session_id.clone(), Transcript { state: "orphan", why, logs: vec![log] }, time);
    session.finding = Some("orphan");
    session.claims = claims;
    session.gap = Some(gap);
    session
}

fn blank(session_id: String, transcript: Transcript, time: i64) -> Session {
    Session {
        session_id,
        kind: "unknown",
        account_id: None,
        aws_region: None,
        target: None,
        document_name: None,
        stated_reason: None,
        run_as_user: transcript.logs.iter().find_map(|log| log.run_as_user.clone()),
        start: None,
        resumed: Vec::new(),
        end: None,
        certainty: "unknown",
        reason: None,
        actor: crate::answer::actor(&identity::Actor::Unknown),
        chain: Vec::new(),
        via: None,
        claims: Vec::new(),
        candidates: Vec::new(),
        gap: None,
        transcript,
        finding: None,
        event_ids: Vec::new(),
        evidence: None,
        time,
    }
}

fn transcript_of(start: Option<&Control>, end: Option<i64>, logs: Vec<LogFound>, now: i64, any_logs: bool) -> Transcript {
    let state = |state: &'static str, why: &str| (state, why.to_owned());
    let kind = start.map(|start| start.kind);
    let (state, why) = if logs.iter().any(|log| log.lines > 0) {
        let copies: BTreeSet<&str> = logs.iter().filter(|log| log.form == "terminal").map(|log| log.sha256.as_str()).collect();
        match copies.len() {
            0 | 1 => state("present", "a log under this session's id is in the lake; its text is the node's word"),
            _ => {
                state("present", "several logs under this session's id differ: at most one is whole, and somebody may have written another")
            }
        }
    } else if let Some(why) = kind.and_then(Kind::impossible) {
        state("impossible", why)
    } else if !logs.is_empty() {
        state("missing", "its log is empty")
    } else if start.is_none() {
        state("missing", "no log of it is in the lake, and it is not known what kind of session it was")
    } else if now < end.map_or_else(|| start.map_or(0, |start| start.time) + SESSION_MICROS_MAX, |end| end + UPLOAD_MICROS) {
        state("pending", "the session may still be open, or its log on its way: it is uploaded at the end")
    } else if !any_logs {
        state("missing", "no logs of sessions of that time were read; name their bucket to `whodid ingest`")
    } else if kind == Some(Kind::Custom) {
        state("missing", "no log of it is in the lake; what kind of session its document opens is not known")
    } else {
        state("missing", "no log of it is in the lake: logging was off, its host ended first, or its log lies elsewhere or was removed")
    };
    Transcript { state, why, logs }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn orphan_of(log: LogFound) -> Session {
        orphan((log, "no record".to_owned()))
    }
}
