//! Records in, who stands behind the last of them out: each test is a handful of records and the answer in a few lines.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on should say so at once")]

mod causes;
mod causes_services;
mod collisions;
mod console;
mod edges;
mod guards;
mod lost;
mod machines;
mod odd;
mod order;
mod people;
mod records;
mod roles;
mod tags;
mod traps;
mod via;

use event::{Decoder, Event, HashKey, Reject, Sink};
use identity::{Act, CauseFact, Graph, Identity, Issue, Organisation, Resolution, SessionKey, Use};
use records::{IDC, PROD, TOOLS};
use std::collections::BTreeMap;

/// What an event says of credentials.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) seen: Use,
    pub(crate) issue: Option<Issue>,
    pub(crate) session: SessionKey,
    pub(crate) causes: Vec<CauseFact>,
    pub(crate) act: Act,
}

#[derive(Default)]
struct Read(BTreeMap<String, Facts>);

impl Sink for Read {
    fn event(&mut self, event: &Event<'_>) {
        let facts = Facts {
            seen: Use::of(event),
            issue: Issue::of(event),
            session: Identity::of(event).session(),
            causes: CauseFact::of(event),
            act: Act::of(event),
        };
        self.0.insert(event.event_id.clone().into_owned(), facts);
    }

    fn reject(&mut self, reject: Reject) {
        panic!("{reject:?}");
    }
}

pub(crate) fn read(records: &[String]) -> BTreeMap<String, Facts> {
    let mut read = Read::default();
    Decoder::new(HashKey::new([7; 32])).decode(format!("{{\"Records\":[{}]}}", records.join(",")).as_bytes(), &mut read);
    assert_eq!(read.0.len(), records.len(), "two records of one event id");
    read.0
}

pub(crate) fn graph<'f>(ours: &[&str], facts: impl Iterator<Item = &'f Facts>) -> Graph {
    let mut graph = Graph::new(&Organisation { accounts: ours.iter().map(|account| (*account).to_owned()).collect() });
    for fact in facts {
        graph.add_use(fact.seen.clone());
        fact.issue.iter().for_each(|issue| graph.add_issue(issue.clone()));
    }
    graph
}

/// Resolves every session of a graph in one go, in both orders, and compares each with what it is alone.
#[track_caller]
pub(crate) fn same_in_one_go(graph: &Graph) {
    let mut sessions: Vec<&SessionKey> = graph.sessions().collect();
    sessions.sort();
    for _ in 0..2 {
        let mut resolver = graph.resolver();
        for session in &sessions {
            assert_eq!(resolver.resolve(session), graph.resolve(session), "{session:?}");
        }
        sessions.reverse();
    }
}

/// A resolution as a few lines that a person can read.
pub(crate) fn plain(resolution: &Resolution) -> String {
    let mut lines = vec![format!("{} {} {}", resolution.certainty.word(), resolution.actor.kind(), resolution.actor.id().unwrap_or("-"))];
    for credential in &resolution.chain {
        let role = credential.role_arn.as_deref().and_then(|arn| arn.rsplit('/').next()).unwrap_or("-");
        let by =
            credential.issued_by.as_ref().map_or_else(|| "?".to_owned(), |by| format!("{} {}", by.event_ids.join("+"), by.link.word()));
        let mut line = format!("{} {} {role} <- {by}", credential.kind, credential.session_name.as_deref().unwrap_or("-"));
        for (key, value) in &credential.session_tags {
            let on = if credential.transitive_tag_keys.contains(key) { "*" } else { "" };
            line.push_str(&format!(" {key}{on}={value}"));
        }
        if let Some(source) = &credential.source_identity {
            line.push_str(&format!(" source_identity={source}"));
        }
        lines.push(line);
    }
    lines.extend(resolution.claims.iter().map(|claim| format!("claims {} {}", claim.source, claim.value)));
    lines.extend(resolution.candidates.iter().map(|candidate| {
        format!("or {} {} {}", candidate.actor.kind(), candidate.actor.id().unwrap_or("-"), candidate.evidence.join("+"))
            .trim_end()
            .to_owned()
    }));
    lines.extend(resolution.gap.iter().map(|gap| format!("needs {}", gap.needs)));
    lines.join("\n")
}

#[track_caller]
pub(crate) fn check_in(ours: &[&str], records: &[String], asked: &str, expected: &str) -> Resolution {
    let facts = read(records);
    let resolution = graph(ours, facts.values()).resolve(&facts.get(asked).expect("the asked event is among the records").session);
    let expected = expected.trim().lines().map(str::trim).collect::<Vec<_>>().join("\n");
    assert_eq!(plain(&resolution), expected);
    resolution
}

/// The same where the accounts are known: what is asked of the event `asked` of these records.
#[track_caller]
pub(crate) fn check(records: &[String], asked: &str, expected: &str) -> Resolution {
    check_in(&[TOOLS, PROD, IDC], records, asked, expected)
}
