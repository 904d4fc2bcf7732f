//! Sessions in, a graph out that holds all that could change who stands behind them.
//!
//! Level by level: what is known of the sessions themselves, of the events that may have issued them, then of the callers of those.
//! Each level is one read of `credentials`, on the days on which its sessions began.

use crate::error::Result;
use crate::reader::Reader;
use futures::future::try_join_all;
use identity::{Graph, HOPS_MAX, Organisation, Resolution, SessionKey, ViaLookups, is_agents_call};
use lake::{Fact, FactsWanted, Table};
use std::collections::{BTreeMap, BTreeSet};

/// Microseconds around midnight within which an issuing event may lie on the other day.
const MIDNIGHT_MICROS: i64 = 10_000_000;

/// Hours before a role switch within which the session switched from began.
const SWITCH_DAYS: i32 = 1;

/// Days before and after a session's beginning on which the tokens around it are given out.
const TOKEN_DAYS: i32 = 1;

/// A session to be resolved, as the records of its calls show it.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Its principal.
    pub principal_id: Option<String>,
    /// The days of its calls, by which one that bears no date is looked for.
    pub days: BTreeSet<i32>,
}

/// What is known of the sessions asked for so far.
#[derive(Debug)]
pub struct Walked {
    /// A graph from which each of them can be resolved.
    pub graph: Graph,
    /// Those that were seen, by their ids.
    pub sessions: BTreeMap<String, SessionKey>,
    asked_for: BTreeSet<String>,
    walked: BTreeSet<SessionKey>,
    seen: Via,
}

impl Walked {
    /// Nothing yet, of an organisation whose accounts are known.
    pub fn new(organisation: &Organisation) -> Self {
        Self {
            graph: Graph::new(organisation),
            sessions: BTreeMap::new(),
            asked_for: BTreeSet::new(),
            walked: BTreeSet::new(),
            seen: Via::default(),
        }
    }

    /// Who stands behind a session that was asked for, by its id; nobody is known behind one that was never seen.
    pub fn resolve(&self, credential_id: &str) -> Resolution {
        self.graph.resolve(self.sessions.get(credential_id).unwrap_or(&SessionKey::default()))
    }

    /// Who stands behind a call of such a session to a service: to that of agents it is an agent that calls.
    pub fn resolve_call(&self, credential_id: &str, event_source: &str) -> Resolution {
        if !is_agents_call(event_source) {
            return self.resolve(credential_id);
        }
        self.graph.resolve_agents_call(self.sessions.get(credential_id).unwrap_or(&SessionKey::default()))
    }
}

impl Reader {
    /// Adds what it takes to resolve each of the given sessions, by their ids.
    ///
    /// # Errors
    /// Where `credentials` cannot be read.
    pub async fn walk(&self, walked: &mut Walked, credential_ids: &BTreeMap<String, Asked>) -> Result<()> {
        let Walked { graph, sessions, asked_for, walked: asked, seen } = walked;
        let credentials = self.points(Table::Credentials).await?;
        let mut wanted: BTreeMap<i32, FactsWanted> = BTreeMap::new();
        for (id, Asked { principal_id, days }) in credential_ids {
            asked_for.insert(id.clone());
            let day = id.get(..5).and_then(|day| i32::from_str_radix(day, 16).ok()).unwrap_or(0);
            match principal_id.as_ref().filter(|_| day != 0) {
                Some(principal) => {
                    wanted.entry(day).or_default().principals.insert(principal.clone());
                }
                None => {
                    for day in std::iter::once(&day).chain(days.iter().filter(|_| day == 0)) {
                        wanted.entry(*day).or_default().credentials.insert(id.clone());
                    }
                }
            }
        }
        for _ in 0..=HOPS_MAX {
            let days = std::mem::take(&mut wanted);
            let facts = try_join_all(days.iter().map(|(day, wanted)| credentials.facts(*day, wanted))).await?;
            let mut fresh: BTreeSet<SessionKey> = BTreeSet::new();
            for fact in facts.into_iter().flatten() {
                match fact {
                    Fact::Used(used) => {
                        let session = used.identity.session();
                        let id = session.credential_id();
                        if asked_for.contains(&id) {
                            sessions.insert(id, session.clone());
                        }
                        fresh.insert(session);
                        graph.add_use(used);
                    }
                    Fact::Issued(issue) => {
                        fresh.insert(issue.caller.session());
                        if let Some(from) = issue.switch_from.as_ref().filter(|from| from.contains(":assumed-role/")) {
                            let day = lake::day_of(issue.event_time);
                            for day in day - SWITCH_DAYS..=day {
                                wanted.entry(day).or_default().arns.insert(from.clone());
                            }
                        }
                        graph.add_issue(issue);
                    }
                    Fact::Resolved { .. } => {}
                }
            }
            for session in fresh {
                if asked.insert(session.clone()) {
                    want(&mut wanted, &session);
                }
            }
            for session in asked.iter() {
                let found = graph.via_lookups(session);
                seen.want(&mut wanted, session, found);
            }
            if wanted.is_empty() {
                break;
            }
        }
        Ok(())
    }
}

/// What was looked up already of whoever acted for somebody.
#[derive(Debug, Default)]
struct Via {
    sign_ins: BTreeSet<String>,
    tokens: BTreeSet<String>,
    fetched: BTreeSet<(String, i64)>,
    sessions: BTreeSet<SessionKey>,
}

impl Via {
    fn want(&mut self, wanted: &mut BTreeMap<i32, FactsWanted>, session: &SessionKey, found: ViaLookups) {
        let Some(day) = session.creation_date.map(lake::day_of) else { return };
        for sign_in in found.sign_in_session_arn.into_iter().filter(|sign_in| self.sign_ins.insert(sign_in.clone())) {
            for day in day - TOKEN_DAYS..=day + TOKEN_DAYS {
                wanted.entry(day).or_default().sign_ins.insert(sign_in.clone());
            }
        }
        for token in found.credential_ids.into_iter().filter(|token| self.tokens.insert(token.clone())) {
            for day in day - TOKEN_DAYS..=day {
                wanted.entry(day).or_default().tokens.insert(token.clone());
            }
        }
        for fetched in found.fetched.into_iter().filter(|fetched| self.fetched.insert(fetched.clone())) {
            wanted.entry(lake::day_of(fetched.1)).or_default().fetched.insert(fetched);
        }
        for session in found.sessions.into_iter().filter(|session| self.sessions.insert(session.clone())) {
            want(wanted, &session);
        }
    }
}

fn want(wanted: &mut BTreeMap<i32, FactsWanted>, session: &SessionKey) {
    let Some(created) = session.creation_date else { return };
    let days = [created - MIDNIGHT_MICROS, created, created + MIDNIGHT_MICROS].map(lake::day_of);
    for day in BTreeSet::from(days) {
        let wanted = wanted.entry(day).or_default();
        let keys = if session.principal_id.is_some() { &mut wanted.keys } else { &mut wanted.bare_keys };
        keys.extend(session.access_key_id.clone());
        wanted.principals.extend(session.principal_id.clone());
    }
}
