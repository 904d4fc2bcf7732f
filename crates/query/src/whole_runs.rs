//! Changes of a thing in, the runs of a tool that they are parts of out, with all that those runs changed besides.
//!
//! A list of one actor's calls holds its runs whole; of a thing's changes each is one of many that a run made elsewhere. What the same
//! tool did through the sessions that come from the same first session is looked up around each such change.

use crate::answer::{Change, Run};
use crate::complete::HIT_COLUMNS;
use crate::error::Result;
use crate::hits::{self, Hit};
use crate::reader::Reader;
use crate::runs::{PAUSE_MICROS, Step};
use event::time::rfc3339;
use identity::SessionKey;
use lake::{Fact, FactsWanted, Table};
use std::collections::{BTreeMap, BTreeSet};

/// How long before and after a change its run may reach: no role session lives longer.
const RUN_MICROS_MAX: i64 = 12 * 3_600 * 1_000_000;

/// First sessions whose runs are looked up for one answer, the newest changes' first.
const SESSIONS_MAX: usize = 16;

/// Sessions opened from one first session, and how often from each other, at most.
const OPENED_MAX: usize = 256;
const LEVELS_MAX: usize = 3;

impl Reader {
    /// Notes on each change the whole run that it is part of; one change alone is none.
    pub(crate) async fn add_runs(&self, steps: Vec<Step>, changes: &mut [Change]) -> Result<()> {
        let mut sessions: BTreeMap<(String, &'static str), Vec<Step>> = BTreeMap::new();
        for step in steps {
            if sessions.len() < SESSIONS_MAX || sessions.contains_key(&(step.session.clone(), step.tool)) {
                sessions.entry((step.session.clone(), step.tool)).or_default().push(step);
            }
        }
        for ((session, tool), steps) in sessions {
            let from = steps.iter().map(|step| step.event_time).min().unwrap_or(0) - RUN_MICROS_MAX;
            let until = steps.iter().map(|step| step.event_time).max().unwrap_or(0) + RUN_MICROS_MAX;
            let made = self.made_through(&session, from, until).await?;
            let runs = runs(made.into_iter().filter(|hit| hit.event.as_ref().and_then(|event| event.tool) == Some(tool)).collect(), tool);
            for step in steps {
                let within = |(times, _): &&((i64, i64), Run)| times.0 <= step.event_time && step.event_time <= times.1;
                if let (Some((_, run)), Some(change)) = (runs.iter().find(within), changes.get_mut(step.change)) {
                    change.run = Some(run.clone());
                }
            }
        }
        Ok(())
    }

    /// The changes made through a session and through those opened from it, each call once.
    async fn made_through(&self, session: &str, from: i64, until: i64) -> Result<Vec<Hit>> {
        let sessions = self.opened_from(session, from, until).await?;
        let events = self.points(Table::Events).await?;
        let mut made = Vec::new();
        for day in lake::day_of(from)..=lake::day_of(until) {
            let batches = events.events_of_sessions(day, &sessions, from..=until, &HIT_COLUMNS).await?;
            made.extend(hits::read_events(&batches)?.into_iter().filter(|hit| !hit.failed && !hit.read_only));
        }
        // Two accounts' copies are one call: the caller's own comes first.
        made.sort_by(|a, b| (a.event_time, !a.own, a.event_id()).cmp(&(b.event_time, !b.own, b.event_id())));
        let mut seen = BTreeSet::new();
        made.retain(|hit| hit.shared_event.is_none_or(|shared| seen.insert(shared)));
        Ok(made)
    }

    /// A session and those opened from it, by their ids: a tool uses the key that it was given.
    async fn opened_from(&self, session: &str, from: i64, until: i64) -> Result<BTreeSet<String>> {
        let credentials = self.points(Table::Credentials).await?;
        let mut all = BTreeSet::from([session.to_owned()]);
        let mut fresh = all.clone();
        for _ in 0..LEVELS_MAX {
            let mut opened = BTreeSet::new();
            for day in lake::day_of(from)..=lake::day_of(until) {
                let wanted = FactsWanted { credentials: fresh.clone(), ..FactsWanted::default() };
                for fact in credentials.facts(day, &wanted).await? {
                    let Fact::Issued(issue) = fact else { continue };
                    let (Some(access_key_id), Some(principal_id)) = (&issue.issued_access_key_id, &issue.issued_principal_id) else {
                        continue;
                    };
                    let key = SessionKey {
                        access_key_id: Some(access_key_id.clone()),
                        principal_id: Some(principal_id.clone()),
                        creation_date: Some(issue.event_time),
                        otherwise: None,
                    };
                    opened.insert(key.credential_id());
                }
            }
            fresh = opened.into_iter().filter(|id| all.len() < OPENED_MAX && all.insert(id.clone())).collect();
            if fresh.is_empty() {
                break;
            }
        }
        Ok(all)
    }
}

/// Runs of more than one change, each with the times of its first and last, of calls in the order of time.
fn runs(made: Vec<Hit>, tool: &'static str) -> Vec<((i64, i64), Run)> {
    let mut runs = Vec::new();
    for part in made.chunk_by(|a, b| b.event_time - a.event_time <= PAUSE_MICROS) {
        let ([first, .., last], Some(id)) = (part, part.first().map(Hit::event_id)) else { continue };
        let mut event_names: BTreeMap<String, u64> = BTreeMap::new();
        for event in part.iter().filter_map(|hit| hit.event.as_ref()) {
            *event_names.entry(event.event_name.clone()).or_default() += 1;
        }
        let run = Run {
            id: id.to_owned(),
            tool,
            changes: part.len() as u64,
            from: rfc3339(first.event_time),
            until: rfc3339(last.event_time),
            event_names,
            accounts: part.iter().map(|hit| hit.recipient_account_id.clone()).collect(),
        };
        runs.push(((first.event_time, last.event_time), run));
    }
    runs
}
