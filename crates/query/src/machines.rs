//! Who stands behind the changes of machines in a period: one row for a cause, with all its effects.
//!
//! What a session of a machine did is asked for by its first and last change. Where both have one cause, it is that of all between; else each of
//! the two stands for itself, and the rest is counted as not looked at. So one busy function costs no more than an idle one.

use crate::answer::{CausedBy, Change};
use crate::causes::Machine;
use crate::complete::HIT_COLUMNS;
use crate::error::Result;
use crate::hits::{Hit, number, optional, read_events, text};
use crate::reader::Reader;
use crate::report::ReportSpan;
use crate::session_log::times;
use crate::sql_rows::SqlRows;
use crate::walk::{Asked, Walked};
use event::time::rfc3339;
use lake::{Moments, Table};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Sessions of machines whose causes are looked for, the busiest, at most.
const SESSIONS_MAX: usize = 200;

const MACHINE_SESSIONS: &str = include_str!("../../../queries/report/machine_sessions.sql");

const COLUMNS: [&str; 13] = [
    "actor_kind",
    "actor_id",
    "certainty",
    "why",
    "cause_event_ids",
    "machine",
    "account_id",
    "event_source",
    "event_names",
    "changes",
    "first_time",
    "last_time",
    "event_id",
];

/// What a session of a machine changed.
struct Acts {
    machine: String,
    account_id: String,
    event_source: String,
    event_names: String,
    changes: u64,
    first: (i64, String),
    last: (i64, String),
}

/// Effects of one cause in one account, by one machine and service.
#[derive(Debug, Default)]
struct Effects {
    event_names: BTreeSet<String>,
    changes: u64,
    first: Option<i64>,
    last: Option<i64>,
    event_id: String,
}

/// A cause, as it is told apart from others, and whom it moved.
type Key = (String, Option<String>, String, String, String, String, String, String);

impl Reader {
    /// The causes of the period's changes by machines, folded; `truncated` where there were more sessions than were looked at.
    ///
    /// # Errors
    /// Where the lake cannot be read.
    pub async fn machine_causes(&self, span: ReportSpan) -> Result<SqlRows> {
        let all = self.machine_acts(span).await?;
        let truncated = all.len() > SESSIONS_MAX;
        let acts: Vec<Acts> = all.into_iter().take(SESSIONS_MAX).collect();
        let causes = self.causes_of_acts(&acts).await?;
        let mut effects: BTreeMap<Key, Effects> = BTreeMap::new();
        for acts in &acts {
            let of = |id: &String| causes.get(&(id.clone(), acts.account_id.clone())).map(Vec::as_slice).unwrap_or_default();
            let (first, last) = (of(&acts.first.1), of(&acts.last.1));
            let same = told(first) == told(last);
            // Unlike causes at the two ends say nothing of what is between.
            let spans: Vec<(&[CausedBy], u64, i64, i64, &String)> = if same {
                vec![(first, acts.changes, acts.first.0, acts.last.0, &acts.first.1)]
            } else {
                vec![(first, 1, acts.first.0, acts.first.0, &acts.first.1), (last, 1, acts.last.0, acts.last.0, &acts.last.1)]
            };
            for (causes, changes, from, until, event_id) in spans {
                for cause in causes {
                    let effects = effects.entry(key(cause, acts)).or_default();
                    effects.event_names.extend(acts.event_names.split(' ').map(str::to_owned));
                    effects.changes += changes;
                    if effects.first.is_none_or(|first| from < first) {
                        (effects.first, effects.event_id) = (Some(from), event_id.clone());
                    }
                    effects.last = effects.last.max(Some(until));
                }
            }
        }
        let columns = COLUMNS.iter().map(|column| (*column).to_owned()).collect();
        Ok(SqlRows { columns, rows: effects.into_iter().map(row).collect(), truncated, ..SqlRows::default() })
    }

    async fn machine_acts(&self, span: ReportSpan) -> Result<Vec<Acts>> {
        self.need_all().await?;
        self.need_report(MACHINE_SESSIONS, Some(span)).await?;
        let mut found = Vec::new();
        let busiest = self.frame_of(MACHINE_SESSIONS, span).await?.limit(0, Some(SESSIONS_MAX + 1))?;
        for batch in busiest.collect().await? {
            let read = |name: &str| text(&batch, name);
            let (machine, account) = (read("actor_id")?, read("account_id")?);
            let (source, names) = (read("event_source")?, read("event_names")?);
            let (first, last) = (read("first_event")?, read("last_event")?);
            let changes = number(&batch, "changes")?;
            for (row, (from, until)) in times(&batch, "first_time")?.into_iter().zip(times(&batch, "last_time")?).enumerate() {
                let (Some(from), Some(until)) = (from, until) else { continue };
                found.push(Acts {
                    machine: optional(&machine, row).unwrap_or_default(),
                    account_id: account.value(row).to_owned(),
                    event_source: source.value(row).to_owned(),
                    event_names: names.value(row).to_owned(),
                    changes: u64::try_from(changes.value(row)).unwrap_or(0),
                    first: (from, first.value(row).to_owned()),
                    last: (until, last.value(row).to_owned()),
                });
            }
        }
        Ok(found)
    }

    /// The causes of the first and the last change of each session, by event id and account.
    async fn causes_of_acts(&self, acts: &[Acts]) -> Result<HashMap<(String, String), Vec<CausedBy>>> {
        let mut wanted: BTreeMap<i32, (Moments, BTreeSet<&str>)> = BTreeMap::new();
        for acts in acts {
            for (time, id) in [&acts.first, &acts.last] {
                let (moments, ids) = wanted.entry(lake::day_of(*time)).or_default();
                moments.insert((*time, acts.account_id.clone()));
                ids.insert(id);
            }
        }
        if wanted.is_empty() {
            return Ok(HashMap::new());
        }
        let events = self.points(Table::Events).await?;
        let mut hits: Vec<Hit> = Vec::new();
        for (day, (moments, ids)) in wanted {
            let found = read_events(&events.events_at(day, &moments, &HIT_COLUMNS).await?)?;
            hits.extend(found.into_iter().filter(|hit| ids.contains(hit.event_id())));
        }
        let conflicts = self.drop_conflicts(&mut hits).await?;
        let mut asked: BTreeMap<String, Asked> = BTreeMap::new();
        for hit in &hits {
            let Some(event) = &hit.event else { continue };
            let session = asked.entry(event.credential_id.clone()).or_default();
            session.principal_id.clone_from(&event.principal_id);
            session.days.insert(lake::day_of(hit.event_time));
        }
        let organisation = self.organisation().await?;
        let mut walked = Walked::new(&organisation);
        self.walk(&mut walked, &asked).await?;
        let places = self.places(hits.iter().map(|hit| hit.object_id).collect()).await?;
        let (mut changes, mut machines) = (Vec::new(), Vec::new());
        for hit in &hits {
            let Some(event) = &hit.event else { continue };
            let resolution = walked.resolve(&event.credential_id);
            machines.extend(Machine::of(changes.len(), hit, event, walked.sessions.get(&event.credential_id), &resolution));
            changes.push(Change::of(hit, event, Vec::new(), &resolution, places.evidence(hit)));
        }
        self.add_causes(&mut walked, machines, &conflicts, false, &mut changes).await?;
        self.name_people(&organisation, &mut changes).await?;
        Ok(changes.into_iter().map(|change| ((change.event_id, change.recipient_account_id), change.caused_by)).collect())
    }
}

/// What tells causes from others.
fn told(causes: &[CausedBy]) -> Vec<(&Value, &str, &[String])> {
    causes.iter().map(|cause| (&cause.actor["id"], cause.certainty, cause.evidence.as_slice())).collect()
}

fn key(cause: &CausedBy, acts: &Acts) -> Key {
    let text = |name: &str| cause.actor.get(name).and_then(Value::as_str).map(str::to_owned);
    (
        text("kind").unwrap_or_default(),
        text("id"),
        cause.certainty.to_owned(),
        cause.why.clone(),
        cause.evidence.join(" "),
        acts.machine.clone(),
        acts.account_id.clone(),
        acts.event_source.clone(),
    )
}

fn row((key, effects): (Key, Effects)) -> Vec<Option<String>> {
    let (kind, id, certainty, why, evidence, machine, account, source) = key;
    vec![
        Some(kind),
        id,
        Some(certainty),
        Some(why),
        Some(evidence),
        Some(machine),
        Some(account),
        Some(source),
        Some(effects.event_names.into_iter().collect::<Vec<_>>().join(" ")),
        Some(effects.changes.to_string()),
        effects.first.map(rfc3339),
        effects.last.map(rfc3339),
        Some(effects.event_id),
    ]
}
