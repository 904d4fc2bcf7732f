//! Sessions and the events that issued them, joined; a walk from any session to its root.
//!
//! A set of facts: adding the same one twice, or in another order, changes nothing. Adding more may raise a grade or show a conflict,
//! never swap one name for another.

mod hop;
mod join;
mod root;
mod tags;
mod via;

pub use via::{ViaLookups, is_agents_call};

use crate::issue::Issue;
use crate::resolution::{Certainty, Credential, Gap, Resolution};
use crate::session::{Identity, SessionKey, Use};
use hashbrown::{HashMap, HashSet};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Sessions in one chain, at most. AWS sets no limit; people's chains have three or four.
pub const HOPS_MAX: usize = 32;

/// Sessions looked at for one answer, at most: where several issuers fit at each hop, the ways back to a root multiply.
pub const STEPS_MAX: usize = 512;

/// Which accounts are ours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Organisation {
    /// Accounts whose own trail is in the lake.
    pub accounts: BTreeSet<String>,
}

/// A principal id and the second in which its session began: one session, unless two were opened under one name at once.
type Moment = (String, i64);

type Issues = BTreeSet<Arc<Issue>>;

/// An issuing event, by its id and account.
#[derive(Debug)]
struct Record(Arc<Issue>);

impl Record {
    fn place(&self) -> (&str, &str) {
        (&self.0.event_id, &self.0.recipient_account_id)
    }
}

impl PartialEq for Record {
    fn eq(&self, other: &Self) -> bool {
        self.place() == other.place()
    }
}

impl Eq for Record {}

impl Hash for Record {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Decides how fast one is found, and nothing else.
        self.place().hash(state);
    }
}

/// What is known of credential sessions.
#[derive(Debug, Default)]
pub struct Graph {
    uses: HashMap<SessionKey, BTreeSet<Arc<Use>>>,
    /// By the key that was issued.
    by_key: HashMap<String, Issues>,
    /// By the principal that was opened, and when.
    by_principal: HashMap<String, BTreeMap<i64, Issues>>,
    /// GetRoleCredentials, by the account they are for, and when.
    by_account: HashMap<(String, i64), Issues>,
    /// CreateOAuth2Token, by the sign-in session that it was given for.
    grants: HashMap<String, Issues>,
    /// CreateTokenWithIAM, by the token that an application got.
    tokens: HashMap<String, Issues>,
    /// By the session that asked, where a provider vouched for it.
    by_subject: HashMap<SessionKey, Issues>,
    /// The keys used at a moment by hand: neither by the console nor by a service on somebody's behalf.
    own_keys: HashMap<Moment, BTreeSet<String>>,
    /// The moments at which AWS marked a key as the console's.
    marked: HashSet<Moment>,
    /// The first issuing event of each id and account.
    issues: HashSet<Record>,
    /// Ids and accounts under which another stands as well.
    contradicted: HashSet<(String, String)>,
    /// The users, and their stores, on whose behalf the sessions of a moment acted.
    behalf: HashMap<Moment, BTreeSet<(String, Option<String>)>>,
    /// The role sessions of an ARN by when they began, each by one of its keys: a console session has thousands.
    by_arn: HashMap<String, BTreeMap<(i64, String), SessionKey>>,
    ours: BTreeSet<String>,
}

/// The way from the session asked for to the one looked at, and how much was looked at.
#[derive(Default)]
struct Walk {
    path: Vec<SessionKey>,
    steps: usize,
    /// The longest way from the first session to one that was looked at.
    deepest: usize,
    /// Whether the chain came back to itself, or a limit ended it.
    cut: bool,
    /// Sessions that others came from.
    done: HashMap<SessionKey, Done>,
}

/// What a walk from a session came to, wherever that was on the way.
struct Done {
    resolution: Resolution,
    /// Sessions that it looked at.
    steps: usize,
    /// Those on its longest way.
    depth: usize,
}

/// Resolves many sessions of a graph: what several of them come from is walked once.
pub struct Resolver<'g> {
    graph: &'g Graph,
    walk: Walk,
}

impl Resolver<'_> {
    /// As [`Graph::resolve`].
    pub fn resolve(&mut self, key: &SessionKey) -> Resolution {
        let done = std::mem::take(&mut self.walk.done);
        self.walk = Walk { done, ..Walk::default() };
        self.graph.walk(key, &mut self.walk)
    }
}

impl Graph {
    /// A graph of an organisation whose accounts are known from elsewhere; accounts in whose trail an event was seen join them.
    pub fn new(organisation: &Organisation) -> Self {
        Self { ours: organisation.accounts.clone(), ..Self::default() }
    }

    /// Adds an account of ours.
    pub fn add_account(&mut self, account_id: &str) {
        if !self.ours.contains(account_id) {
            self.ours.insert(account_id.to_owned());
        }
    }

    /// Adds what an event showed of its caller.
    pub fn add_use(&mut self, seen: impl Into<Arc<Use>>) {
        let seen = seen.into();
        if !self.uses.entry(seen.identity.session()).or_default().insert(Arc::clone(&seen)) {
            return;
        }
        if !seen.recipient_account_id.is_empty() {
            self.add_account(&seen.recipient_account_id);
        }
        let identity = &seen.identity;
        if let (Some(principal), Some(created)) = (&identity.principal_id, identity.creation_date) {
            let moment = || (principal.clone(), created);
            if let Some(key) = identity.access_key_id.as_ref().filter(|_| !identity.draws_own_key()) {
                self.own_keys.entry(moment()).or_default().insert(key.clone());
            }
            if identity.from_console {
                self.marked.insert(moment());
            }
            if let Some(user) = &identity.on_behalf_of_user_id {
                self.behalf.entry(moment()).or_default().insert((user.clone(), identity.identity_store_arn.clone()));
            }
            if let (Some(arn), Some("AssumedRole")) = (&identity.arn, identity.kind.as_deref()) {
                let session = identity.session();
                let place = self.by_arn.entry(arn.clone()).or_default().entry((created, principal.clone()));
                place.and_modify(|held| *held = session.clone().min(held.clone())).or_insert(session);
            }
        }
    }

    /// Adds what an event issued, and what it showed of its caller.
    pub fn add_issue(&mut self, issue: impl Into<Arc<Issue>>) {
        let issue = issue.into();
        if let Some(Record(first)) = self.issues.get(&Record(Arc::clone(&issue))) {
            if *first == issue {
                return;
            }
            // Global events were once delivered under several regions.
            if (Issue { aws_region: first.aws_region.clone(), ..(*issue).clone() }) != **first {
                self.contradicted.insert((issue.event_id.clone(), issue.recipient_account_id.clone()));
            }
        } else {
            self.issues.insert(Record(Arc::clone(&issue)));
        }
        if let Some(key) = &issue.issued_access_key_id {
            self.by_key.entry(key.clone()).or_default().insert(Arc::clone(&issue));
        }
        if let Some(principal) = &issue.issued_principal_id {
            let moments = self.by_principal.entry(principal.clone()).or_default();
            moments.entry(issue.event_time).or_default().insert(Arc::clone(&issue));
        }
        if let (Some(account), "GetRoleCredentials") = (&issue.target_account_id, issue.event_name.as_str()) {
            self.by_account.entry((account.clone(), issue.event_time)).or_default().insert(Arc::clone(&issue));
        }
        if let Some(sign_in) = &issue.sign_in_session_arn {
            self.grants.entry(sign_in.clone()).or_default().insert(Arc::clone(&issue));
        }
        if let Some(token) = &issue.issued_credential_id {
            self.tokens.entry(token.clone()).or_default().insert(Arc::clone(&issue));
        }
        if issue.caller.kind.as_deref() == Some("SAMLUser") {
            self.by_subject.entry(issue.caller.session()).or_default().insert(Arc::clone(&issue));
        }
        self.add_use(Use {
            identity: Arc::clone(&issue.caller),
            recipient_account_id: issue.recipient_account_id.clone(),
            aws_region: issue.aws_region.clone(),
        });
    }

    /// The sessions that may have issued `key`: what to look up next before its chain can be walked.
    pub fn callers_of(&self, key: &SessionKey) -> Vec<SessionKey> {
        let Some(identity) = self.identity(key) else { return Vec::new() };
        let issues = self.join(&identity).issuers;
        let callers = issues.iter().flat_map(|issuer| &issuer.copies).map(|issue| issue.caller.session());
        let switched = issues.iter().filter_map(join::Issuer::switch).flat_map(|switch| self.switched_sessions(switch)).cloned();
        callers.chain(switched).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The sessions of which enough was seen to say who stands behind them: of one without a date that a SAML provider vouched for,
    /// the event by which it opened a session.
    pub fn settled_sessions(&self) -> impl Iterator<Item = &SessionKey> {
        let is_saml = |seen: &BTreeSet<Arc<Use>>| seen.iter().any(|seen| seen.identity.kind.as_deref() == Some("SAMLUser"));
        self.uses
            .iter()
            .filter(move |(key, seen)| key.creation_date.is_some() || !is_saml(seen) || self.by_subject.contains_key(*key))
            .map(|(key, _)| key)
    }

    /// Every session that was seen.
    pub fn sessions(&self) -> impl Iterator<Item = &SessionKey> {
        self.uses.keys()
    }

    /// Who stands behind a session; a session that was never seen is unknown.
    pub fn resolve(&self, key: &SessionKey) -> Resolution {
        self.walk(key, &mut Walk::default())
    }

    /// For resolving many sessions.
    pub fn resolver(&self) -> Resolver<'_> {
        Resolver { graph: self, walk: Walk::default() }
    }

    fn is_ours(&self, account: Option<&str>) -> bool {
        account.is_some_and(|account| self.ours.contains(account))
    }

    /// Whatever AWS wrote on any event of the session holds for the whole session.
    fn identity(&self, key: &SessionKey) -> Option<Cow<'_, Identity>> {
        let seen = self.uses.get(key)?;
        let first: &Identity = &seen.first()?.identity;
        let mut whole = Cow::Borrowed(first);
        if seen.len() > 1 {
            let whole = whole.to_mut();
            seen.iter().skip(1).for_each(|seen| merge(whole, &seen.identity));
        }
        if whole.on_behalf_of_user_id.is_none() && self.is_genuine(&whole) {
            // Identity Center alone names its sessions: those of one name and second are one person's, whatever keys they use.
            let moment = key.principal_id.clone().zip(key.creation_date);
            let users: Vec<_> = moment.and_then(|moment| self.behalf.get(&moment)).into_iter().flatten().collect();
            if let [(user, store)] = users.as_slice() {
                let whole = whole.to_mut();
                whole.on_behalf_of_user_id = Some(user.clone());
                whole.identity_store_arn.clone_from(store);
            }
        }
        Some(whole)
    }

    /// Whether Identity Center opened the session in an account of ours: then its name is a user's.
    fn is_genuine(&self, identity: &Identity) -> bool {
        identity.is_identity_center() && self.is_ours(identity.home())
    }

    /// What records of one session say of whose it is, where they say two things: AWS never writes that of a session.
    fn contradictions(&self, key: &SessionKey) -> Option<BTreeSet<&str>> {
        let seen = self.uses.get(key).filter(|seen| seen.len() > 1)?;
        let said = |field: fn(&Identity) -> Option<&String>| -> BTreeSet<&str> {
            let mut said = seen.iter().filter_map(|seen| field(&seen.identity)).map(String::as_str);
            // Nearly all agree.
            let first = said.next();
            said.filter(|other| Some(*other) != first).chain(first).collect()
        };
        let facts = [
            said(|identity| identity.kind.as_ref().filter(|kind| says_who(kind))),
            said(|identity| identity.on_behalf_of_user_id.as_ref()),
            said(|identity| identity.issuer_arn.as_ref()),
            // A rare form has the role's ARN in place of the session's.
            said(|identity| identity.arn.as_ref().filter(|arn| !arn.contains(":role/"))),
        ];
        facts.into_iter().find(|said| said.len() > 1)
    }

    fn walk(&self, key: &SessionKey, walk: &mut Walk) -> Resolution {
        let Some(identity) = self.identity(key) else {
            return Resolution::gap(Gap {
                at: String::new(),
                why: "the record does not say who made the call".into(),
                needs: "a record of this call that has a userIdentity".into(),
            });
        };
        walk.steps += 1;
        if walk.path.contains(key) || walk.path.len() >= HOPS_MAX || walk.steps > STEPS_MAX {
            let why = match walk.path.contains(key) {
                true => "the chain of credentials comes back to itself".to_owned(),
                false => format!("the chain has more than {HOPS_MAX} sessions, or more than {STEPS_MAX} could be on it"),
            };
            walk.cut = true;
            let at = identity.arn.clone().or_else(|| identity.principal_id.clone()).unwrap_or_default();
            return Resolution::gap(Gap { at, why, needs: "no log can close this".into() });
        }
        walk.deepest = walk.deepest.max(walk.path.len() + 1);
        if let Some(said) = self.contradictions(key) {
            return root::contradicted(&identity, &said);
        }
        walk.path.push(key.clone());
        let mut resolution = self.who(key, &identity, walk);
        self.add_grant(&identity, &mut resolution);
        if resolution.via.is_none() && resolution.certainty >= Certainty::Probable {
            resolution.via = self.via(&identity, walk);
        }
        walk.path.pop();
        resolution
    }

    /// As [`Graph::walk`], from a session that others come from. What a walk came to holds wherever the session is on the way to another, as
    /// long as no limit is nearer there; a chain that comes back to itself does so from each of its sessions.
    fn walk_on(&self, key: &SessionKey, walk: &mut Walk) -> Resolution {
        if let Some(done) = walk.done.get(key)
            && walk.path.len() + done.depth <= HOPS_MAX
            && walk.steps + done.steps <= STEPS_MAX
        {
            walk.steps += done.steps;
            walk.deepest = walk.deepest.max(walk.path.len() + done.depth);
            return done.resolution.clone();
        }
        let (steps, before) = (walk.steps, (walk.deepest, walk.cut));
        (walk.deepest, walk.cut) = (walk.path.len(), false);
        let resolution = self.walk(key, walk);
        if !walk.cut {
            let done = Done { resolution: resolution.clone(), steps: walk.steps - steps, depth: walk.deepest - walk.path.len() };
            walk.done.insert(key.clone(), done);
        }
        (walk.deepest, walk.cut) = (walk.deepest.max(before.0), walk.cut || before.1);
        resolution
    }

    fn who(&self, key: &SessionKey, identity: &Identity, walk: &mut Walk) -> Resolution {
        match identity.kind.as_deref() {
            Some("IAMUser") => self.iam_user(identity),
            Some("Root") => self.root(identity, walk),
            Some("AssumedRole") => self.assumed_role(identity, walk),
            Some("FederatedUser") => self.federated_user(identity, walk),
            Some("SAMLUser") => self.saml_user(key, identity),
            Some("WebIdentityUser") => root::web_identity_user(identity),
            Some("AWSAccount") => self.account(identity, None),
            Some("AWSService") => root::service(identity),
            Some("Directory") => root::directory_user(identity),
            _ if identity.on_behalf_of_user_id.is_some() => root::identity_center_user(identity),
            None if identity.invoked_by.is_some() => root::service(identity),
            kind => root::nobody(identity, kind),
        }
    }
}

/// Whether the type of an identity says whose it is: the role owner's copies and some of Identity Center's say less than others do.
fn says_who(kind: &str) -> bool {
    !matches!(kind, "AWSAccount" | "Unknown")
}

fn merge(whole: &mut Identity, other: &Identity) {
    let fill = |into: &mut Option<String>, from: &Option<String>| {
        if into.is_none() {
            into.clone_from(from);
        }
    };
    if other.kind.is_some() && !whole.kind.as_deref().is_some_and(says_who) {
        whole.kind.clone_from(&other.kind);
    }
    fill(&mut whole.principal_id, &other.principal_id);
    fill(&mut whole.arn, &other.arn);
    fill(&mut whole.account_id, &other.account_id);
    fill(&mut whole.access_key_id, &other.access_key_id);
    fill(&mut whole.user_name, &other.user_name);
    fill(&mut whole.identity_provider, &other.identity_provider);
    fill(&mut whole.on_behalf_of_user_id, &other.on_behalf_of_user_id);
    fill(&mut whole.identity_store_arn, &other.identity_store_arn);
    fill(&mut whole.credentials_issued_to, &other.credentials_issued_to);
    fill(&mut whole.issuer_arn, &other.issuer_arn);
    fill(&mut whole.issuer_account_id, &other.issuer_account_id);
    fill(&mut whole.source_identity, &other.source_identity);
    fill(&mut whole.federated_provider, &other.federated_provider);
    fill(&mut whole.ec2_role_delivery, &other.ec2_role_delivery);
    fill(&mut whole.sign_in_session_arn, &other.sign_in_session_arn);
    fill(&mut whole.bearer_credential_id, &other.bearer_credential_id);
    fill(&mut whole.delegate_account_id, &other.delegate_account_id);
    whole.creation_date = whole.creation_date.or(other.creation_date);
    whole.mfa_authenticated = whole.mfa_authenticated.max(other.mfa_authenticated);
    whole.assumed_root |= other.assumed_root;
    whole.from_console |= other.from_console;
    // A forward access session may share its key with the call behind it; the caller's own words describe the session.
    if other.invoked_by.is_none() {
        whole.invoked_by = None;
    }
}

fn credential(kind: &'static str, identity: &Identity) -> Credential {
    Credential {
        kind,
        credential_id: identity.session().credential_id(),
        role_arn: if kind == "role_session" { identity.role_arn() } else { None },
        session_name: identity.session_name().map(str::to_owned),
        access_key_id: identity.access_key_id.clone(),
        source_identity: identity.source_identity.clone(),
        mfa: identity.mfa_authenticated,
        ..Credential::default()
    }
}
