//! What a report must say of a period, counted from the simulation's own notes of each call, and of nothing else.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use simulate::{Call, Caller, LogObject};

/// Kind and id of whom the delivered records let a report name; none where they name nobody.
pub(crate) type Who = Option<(String, String)>;

const PEOPLE: [&str; 5] = ["sso_user", "iam_user", "root_user", "saml_user", "oidc_user"];

/// Calls of a period.
pub(crate) struct Truth<'w> {
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
    pub(crate) calls: Vec<&'w Call>,
}

/// Calls that are counted together: how many, of them changes and failed ones, and when.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Folded {
    pub(crate) calls: u64,
    pub(crate) changes: u64,
    pub(crate) failed: u64,
    pub(crate) first: Option<Timestamp>,
    pub(crate) last: Option<Timestamp>,
    pub(crate) names: BTreeSet<String>,
    pub(crate) addresses: BTreeSet<String>,
    pub(crate) programs: BTreeSet<String>,
}

impl Folded {
    fn add(&mut self, call: &Call) {
        self.calls += 1;
        self.changes += u64::from(is_done(call));
        self.failed += u64::from(call.error_code.is_some());
        self.first = Some(self.first.map_or(call.event_time, |first| first.min(call.event_time)));
        self.last = self.last.max(Some(call.event_time));
        self.names.insert(call.event_name.clone());
        self.addresses.insert(call.source_ip_address.clone());
        self.programs.insert(call.user_agent.clone());
    }
}

/// Whether it changed something.
pub(crate) fn is_done(call: &Call) -> bool {
    call.is_change() && call.error_code.is_none()
}

pub(crate) fn who(call: &Call) -> Who {
    let caller = call.caller.as_ref().filter(|caller| caller.named())?;
    Some((caller.actor.kind.to_owned(), caller.actor.id.clone()))
}

pub(crate) fn is_person(who: &Who) -> bool {
    who.as_ref().is_some_and(|(kind, _)| PEOPLE.contains(&kind.as_str()))
}

fn is_machine(who: &Who) -> bool {
    who.as_ref().is_some_and(|(kind, _)| ["pipeline", "workload", "aws_service"].contains(&kind.as_str()))
}

/// By which name of a permission set, role or user a caller is privileged.
fn means(caller: &Caller) -> Option<String> {
    let privileged = |name: &str| ["admin", "breakglass", "break-glass", "emergency"].iter().any(|word| name.to_lowercase().contains(word));
    if caller.principal.ends_with(":root") {
        return Some("root".to_owned());
    }
    let name = caller.principal.split('/').nth(1).map(str::to_owned);
    caller.permission_set.clone().filter(|set| privileged(set)).or(name.filter(|name| privileged(name)))
}

/// What tells a session from others: when it was opened, by a sign-in at that time; or the key.
fn session(call: &Call, caller: &Caller) -> String {
    let signed_in = (call.event_source == "signin.amazonaws.com").then_some(call.event_time);
    let opened = caller.opened.or(signed_in).map(|at| at.to_string());
    opened.or_else(|| call.access_key_id.clone()).unwrap_or_default()
}

impl<'w> Truth<'w> {
    pub(crate) fn of(calls: &'w [Call], from: Timestamp, until: Timestamp) -> Self {
        Self { from, until, calls: calls.iter().filter(|call| call.event_time >= from && call.event_time < until).collect() }
    }

    /// Changes, each once.
    pub(crate) fn changes(&self) -> impl Iterator<Item = &&'w Call> {
        self.calls.iter().filter(|call| is_done(call) && !call.is_copy)
    }

    /// Calls that would have changed something, and failed.
    pub(crate) fn attempts(&self) -> impl Iterator<Item = &&'w Call> {
        self.calls.iter().filter(|call| call.is_change() && call.error_code.is_some() && !call.is_copy)
    }

    /// The numbers of the summary.
    pub(crate) fn totals(&self) -> BTreeMap<&'static str, u64> {
        let distinct = |of: &dyn Fn(&Call) -> Option<String>| self.changes().filter_map(|call| of(call)).collect::<BTreeSet<_>>().len();
        let named = |call: &Call, held: bool| who(call).filter(|_| held).map(|(kind, id)| format!("{kind} {id}"));
        let count = |of: &dyn Fn(&Call) -> bool| self.changes().filter(|call| of(call)).count();
        let numbers = [
            ("events", self.calls.len()),
            ("changes", self.changes().count()),
            ("attempts", self.attempts().count()),
            ("people", distinct(&|call| named(call, is_person(&who(call))))),
            ("machines", distinct(&|call| named(call, is_machine(&who(call))))),
            ("person_changes", count(&|call| is_person(&who(call)))),
            ("unattributed", count(&|call| who(call).is_none())),
            ("accounts", distinct(&|call| Some(call.recipient_account_id.clone()))),
            ("privileged_changes", count(&|call| call.caller.as_ref().and_then(means).is_some())),
            ("privileged_sessions", self.privileged().len()),
            ("sessions", count(&|call| call.event_name == "StartSession")),
            ("elevated_sessions", 0),
            ("alerts", 0),
            ("rejected", 0),
            ("unused_assignments", 0),
        ];
        numbers.into_iter().map(|(name, number)| (name, number as u64)).collect()
    }

    /// How surely changes are attributed; `claimed` and `unknown` are one here, as whether a chosen name says anything is the reader's to judge.
    pub(crate) fn certainty(&self) -> BTreeMap<String, u64> {
        let mut words: BTreeMap<String, u64> = BTreeMap::new();
        for call in self.changes() {
            *words.entry(open(call.caller.as_ref().map_or("unknown", |caller| caller.certainty))).or_default() += 1;
        }
        words
    }

    /// Sessions with privileged rights. A switch to a role is no use of it yet.
    pub(crate) fn privileged(&self) -> BTreeMap<(String, Who, String, String), Folded> {
        let mut sessions: BTreeMap<_, Folded> = BTreeMap::new();
        for call in self.calls.iter().filter(|call| !call.is_copy && call.event_name != "SwitchRole") {
            let Some((caller, means)) = call.caller.as_ref().and_then(|caller| Some((caller, means(caller)?))) else { continue };
            let key = (means, who(call), call.recipient_account_id.clone(), format!("{} {}", caller.principal, session(call, caller)));
            sessions.entry(key).or_default().add(call);
        }
        sessions
    }

    /// Calls by what a key says of each; those that it says nothing of are left out.
    pub(crate) fn fold<K: Ord>(&self, key: impl Fn(&Call) -> Option<K>) -> BTreeMap<K, Folded> {
        let mut folded: BTreeMap<K, Folded> = BTreeMap::new();
        for call in &self.calls {
            if let Some(key) = key(call) {
                folded.entry(key).or_default().add(call);
            }
        }
        folded
    }
}

/// `claimed` and `unknown` as one word.
pub(crate) fn open(word: &str) -> String {
    if word == "unknown" { "claimed" } else { word }.to_owned()
}

/// By how many minutes at most objects came after their last event, and how many.
pub(crate) fn delays(objects: &[LogObject]) -> BTreeMap<u64, u64> {
    let mut steps = BTreeMap::new();
    for object in objects {
        let seconds = object.delivered.as_second() - object.newest.as_second();
        let step = [5, 10, 15, 30, 60].into_iter().find(|minutes| seconds <= minutes * 60).map_or(999_999, |minutes| minutes as u64);
        *steps.entry(step).or_default() += 1;
    }
    steps
}
