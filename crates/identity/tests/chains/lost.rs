//! Two openings of one role, under one name, in one second, by two people or one, by hand, from the console or through a provider; and any
//! of the records that opened them missing.

use super::records::*;
use super::{Facts, graph, plain, read};
use std::collections::BTreeMap;

#[derive(Clone, Copy, PartialEq, Debug)]
enum Door {
    Hand,
    Console,
    Provider,
}

/// A session, and what was done in it.
struct Session {
    who: &'static str,
    door: Door,
    key: &'static str,
}

impl Session {
    /// The records that opened it, the first letter of their ids the session's.
    fn openings(&self) -> Vec<String> {
        let call = opening(&DEPLOY, "release", self.key, "08:00:00");
        let (own, id) = (user(self.who, &format!("AKIA{}", self.who), ""), |nth: usize| format!("{}{nth}", self.key));
        match self.door {
            Door::Hand => vec![call.across(&id(0), &own), call.copy(&id(1), &own)],
            Door::Console => {
                let from = format!("arn:aws:iam::{TOOLS}:user/{}", self.who);
                let signed_in = user(self.who, &format!("ASIA{}", self.who), "07:00:00").invoked_by("AWS Internal");
                vec![call.across(&id(0), &signed_in), call.copy(&id(1), &own), switch(&id(2), &DEPLOY, "release", "08:00:00", &from)]
            }
            Door::Provider => vec![call.saml(&id(0), "CompanyIdP", self.who)],
        }
    }

    /// Calls by hand or from a page, and one that a service made in the session's name.
    fn calls(&self) -> [String; 2] {
        let with = |key: &str| session(&DEPLOY, "release", key, "08:00:00");
        let page = format!("{}PAGE", self.key);
        let own = if self.door == Door::Hand { act("own", &with(self.key)) } else { click("own", &with(&page)) };
        let forwarded = act("forwarded", &with(&format!("{}FORWARD", self.key)).invoked_by("kms.amazonaws.com"));
        [own, forwarded].map(|call| call.replace("\"eventID\":\"", &format!("\"eventID\":\"{}-", self.key)))
    }

    fn openings_of<'f>(&self, facts: &'f BTreeMap<String, Facts>) -> impl Iterator<Item = &'f str> {
        facts.keys().map(String::as_str).filter(|id| id.starts_with(self.key) && !id.contains('-'))
    }

    fn is(&self, actor: &identity::Actor) -> bool {
        actor.id().is_some_and(|id| id.rsplit('/').next() == Some(self.who))
    }
}

/// What of the two openings is missing, by the ids of the records.
fn losses(sessions: &[Session; 2]) -> Vec<Vec<String>> {
    let ids = |session: &Session| -> Vec<String> { read(&session.openings()).into_keys().collect() };
    let single = sessions.iter().flat_map(ids).map(|id| vec![id]);
    single.chain(sessions.iter().map(ids)).chain([Vec::new()]).collect()
}

#[test]
fn whatever_opening_is_missing_a_key_of_its_own_never_becomes_anothers() {
    let doors = [Door::Hand, Door::Console, Door::Provider];
    let (mut named, mut probable) = (0, 0);
    for (one, other, second) in
        doors.iter().flat_map(|one| doors.iter().flat_map(move |other| ["alice", "bob"].map(|who| (*one, *other, who))))
    {
        let sessions = [Session { who: "alice", door: one, key: "K1" }, Session { who: second, door: other, key: "K2" }];
        let records: Vec<String> = sessions.iter().flat_map(|session| session.openings().into_iter().chain(session.calls())).collect();
        let facts = read(&records);
        for (lost, session) in losses(&sessions).iter().flat_map(|lost| sessions.iter().map(move |session| (lost, session))) {
            // The other session's calls are in the logs, or it made none.
            for beside in [true, false] {
                let is_kept =
                    |id: &str| !lost.iter().any(|lost| lost == id) && (beside || !id.contains('-') || id.starts_with(session.key));
                let graph = graph(&[TOOLS, PROD], facts.iter().filter(|(id, _)| is_kept(id)).map(|(_, facts)| facts));
                let is_lost = !session.openings_of(&facts).any(is_kept);
                for call in ["own", "forwarded"] {
                    let resolution = graph.resolve(&facts[&format!("{}-{call}", session.key)].session);
                    let told = || {
                        let key = session.key;
                        format!("{one:?} by alice, {other:?} by {second}, {lost:?} lost, {key}-{call}, {beside}: {}", plain(&resolution))
                    };
                    probable += usize::from(resolution.certainty == identity::Certainty::Probable);
                    if resolution.certainty < identity::Certainty::Attested {
                        // By its key each call by hand is its caller's, as long as the record is there that names both.
                        assert!(call != "own" || session.door != Door::Hand || !session.openings_of(&facts).all(is_kept), "{}", told());
                        continue;
                    }
                    named += 1;
                    // Of a session with no key of its own in the logs, and no opening, nothing is left that differs.
                    let nothing_differs = is_lost && session.door != Door::Hand;
                    assert!(session.is(&resolution.actor) || nothing_differs, "{}", told());
                }
            }
        }
    }
    assert!(named > 100 && probable > 10, "{named} named, {probable} probable");
}
