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
use futures::future::try_join_all;
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
        let mut parts: Vec<Part> = Vec::with_capacity(sessions.len());
        for ((session, tool), steps) in sessions {
            let from = steps.iter().map(|step| step.event_time).min().unwrap_or(0) - RUN_MICROS_MAX;
            let until = steps.iter().map(|step| step.event_time).max().unwrap_or(0) + RUN_MICROS_MAX;
            let sessions = BTreeSet::from([session]);
            parts.push(Part { tool, from, until, fresh: sessions.clone(), sessions, steps, made: Vec::new() });
        }
        self.add_opened(&mut parts).await?;
        self.add_made(&mut parts).await?;
        for mut part in parts {
            let tool = part.tool;
            let mut calls = part.calls();
            calls.retain(|hit| hit.event.as_ref().and_then(|event| event.tool) == Some(tool));
            let runs = runs(calls, tool);
            for step in part.steps {
                let within = |(times, _): &&((i64, i64), Run)| times.0 <= step.event_time && step.event_time <= times.1;
                if let (Some((_, run)), Some(change)) = (runs.iter().find(within), changes.get_mut(step.change)) {
                    change.run = Some(run.clone());
                }
            }
        }
        Ok(())
    }

    /// Adds the sessions opened from each one's first session: a tool uses the key that it was given. One read for all of a day.
    async fn add_opened(&self, parts: &mut [Part]) -> Result<()> {
        let credentials = &self.points(Table::Credentials).await?;
        for _ in 0..LEVELS_MAX {
            let mut wanted: BTreeMap<i32, BTreeSet<String>> = BTreeMap::new();
            for part in parts.iter().filter(|part| !part.fresh.is_empty()) {
                for day in part.days() {
                    wanted.entry(day).or_default().extend(part.fresh.iter().cloned());
                }
            }
            let mut opened: Vec<BTreeSet<String>> = vec![BTreeSet::new(); parts.len()];
            let of_day = |(day, ids)| async move {
                let wanted = FactsWanted { credentials: ids, ..FactsWanted::default() };
                credentials.facts(day, &wanted).await.map(|facts| (day, facts))
            };
            for (day, facts) in try_join_all(wanted.into_iter().map(of_day)).await? {
                for fact in facts {
                    let Fact::Issued(issue) = fact else { continue };
                    let (Some(access_key_id), Some(principal_id)) = (&issue.issued_access_key_id, &issue.issued_principal_id) else {
                        continue;
                    };
                    let caller = issue.caller.session().credential_id();
                    let key = SessionKey {
                        access_key_id: Some(access_key_id.clone()),
                        principal_id: Some(principal_id.clone()),
                        creation_date: Some(issue.event_time),
                        otherwise: None,
                    };
                    let theirs =
                        parts.iter().zip(&mut opened).filter(|(part, _)| part.fresh.contains(&caller) && part.days().contains(&day));
                    for (_, opened) in theirs {
                        opened.insert(key.credential_id());
                    }
                }
            }
            for (part, opened) in parts.iter_mut().zip(opened) {
                let all = &mut part.sessions;
                part.fresh = opened.into_iter().filter(|id| all.len() < OPENED_MAX && all.insert(id.clone())).collect();
            }
        }
        Ok(())
    }

    /// Adds the changes made through the sessions of each. One read for all of a day.
    async fn add_made(&self, parts: &mut [Part]) -> Result<()> {
        let mut wanted: BTreeMap<i32, (BTreeSet<String>, i64, i64)> = BTreeMap::new();
        for part in parts.iter() {
            for day in part.days() {
                let (ids, from, until) = wanted.entry(day).or_insert_with(|| (BTreeSet::new(), part.from, part.until));
                ids.extend(part.sessions.iter().cloned());
                (*from, *until) = ((*from).min(part.from), (*until).max(part.until));
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let events = self.points(Table::Events).await?;
        let of_day = wanted.iter().map(|(day, (ids, from, until))| events.events_of_sessions(*day, ids, *from..=*until, &HIT_COLUMNS));
        for batches in try_join_all(of_day).await? {
            for hit in hits::read_events(&batches)?.into_iter().filter(|hit| !hit.failed && !hit.read_only) {
                let is_theirs = |part: &&mut Part| {
                    let is_session = hit.event.as_ref().is_some_and(|event| part.sessions.contains(&event.credential_id));
                    is_session && (part.from..=part.until).contains(&hit.event_time)
                };
                parts.iter_mut().filter(is_theirs).for_each(|part| part.made.push(hit.clone()));
            }
        }
        Ok(())
    }
}

/// What one tool did through one first session, around some changes.
struct Part {
    tool: &'static str,
    from: i64,
    until: i64,
    /// The first session and those opened from it, by their ids.
    sessions: BTreeSet<String>,
    /// Those of which it is not known yet what they opened.
    fresh: BTreeSet<String>,
    steps: Vec<Step>,
    made: Vec<Hit>,
}

impl Part {
    fn days(&self) -> std::ops::RangeInclusive<i32> {
        lake::day_of(self.from)..=lake::day_of(self.until)
    }

    /// What was made, each call once.
    fn calls(&mut self) -> Vec<Hit> {
        let mut made = std::mem::take(&mut self.made);
        // Two accounts' copies are one call: the caller's own comes first.
        made.sort_by(|a, b| (a.event_time, !a.own, a.event_id()).cmp(&(b.event_time, !b.own, b.event_id())));
        let mut seen = BTreeSet::new();
        made.retain(|hit| hit.shared_event.is_none_or(|shared| seen.insert(shared)));
        made
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
