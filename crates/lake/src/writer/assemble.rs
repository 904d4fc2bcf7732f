//! Workers' rows in, what becomes of each of them out; files to be in, their bytes out.

use super::ids::Ids;
use crate::columns::Columns;
use crate::error::Result;
use crate::facts::Fact;
use crate::parquet_file::{Encoded, Encoder};
use crate::rows::{EVENT_ID, ObjectRow, RECIPIENT, RejectRow, Rows, at};
use crate::schema::Table;
use event::{Reason, Reject};
use hashbrown::HashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A data file, encoded.
pub(crate) struct File {
    pub(crate) table: Table,
    pub(crate) partition: String,
    pub(crate) encoded: Encoded,
}

/// A data file to be made, by whichever thread is free.
pub(crate) struct Job<'a> {
    table: Table,
    partition: String,
    columns: Box<dyn Fn() -> Result<Box<dyn Columns + 'a>> + Send + Sync + 'a>,
}

impl<'a> Job<'a> {
    pub(crate) fn new<C: Columns + 'a>(table: Table, partition: String, columns: impl Fn() -> Result<C> + Send + Sync + 'a) -> Self {
        Self { table, partition, columns: Box::new(move || columns().map(|columns| Box::new(columns) as Box<dyn Columns + 'a>)) }
    }
}

/// Makes and encodes files on as many threads as there are cores; each holds the columns of one file at a time.
pub(crate) fn encode_all(jobs: &[Job<'_>]) -> Result<Vec<File>> {
    let encode = |encoders: &mut BTreeMap<Table, Encoder>, piece: usize| {
        let Some(Job { table, partition, columns }) = jobs.get(piece) else { return Ok(None) };
        let encoder = match encoders.entry(*table) {
            std::collections::btree_map::Entry::Occupied(held) => held.into_mut(),
            std::collections::btree_map::Entry::Vacant(place) => place.insert(Encoder::new(*table)?),
        };
        let encoded = encoder.encode(columns()?.as_ref())?;
        Ok(Some(File { table: *table, partition: partition.clone(), encoded }))
    };
    crate::cores::each(jobs.len(), BTreeMap::new, encode).into_iter().filter_map(Result::transpose).collect()
}

/// The day of a partition's name.
pub(crate) fn day_named(text: &str) -> Option<i32> {
    event::time::micros(&format!("{text}T00:00:00Z")).map(crate::day_of)
}

/// `2026-11-18`, as a partition is named.
pub(crate) fn day_text(day: i32) -> String {
    let text = event::time::rfc3339(i64::from(day) * crate::rows::DAY_MICROS);
    text.split('T').next().unwrap_or("").to_owned()
}

/// What becomes of each row.
#[derive(Default)]
pub(crate) struct Sorted {
    /// Events to write.
    pub(crate) kept: Vec<u32>,
    pub(crate) rejects: Vec<RejectRow>,
    /// Events of the lake that give way to one of these.
    pub(crate) replaced: BTreeSet<(i32, u128)>,
    /// Whether one that waits for its commit would have to give way.
    pub(crate) needs_commit: bool,
    /// The object of each event that is there already.
    duplicates: Vec<u32>,
}

/// The reject of an event that gives way to another one under its id.
fn conflict(rows: &Rows, event: u32) -> RejectRow {
    let record = Some(u64::from(at(&rows.events.record, event)));
    RejectRow {
        object: at(&rows.events.object, event),
        reject: Reject { record, reason: Reason::Conflict, detail: Reason::Conflict.sentence().into(), bytes: 0..0 },
        event_id: rows.text(event, EVENT_ID).map(str::to_owned),
        recipient_account_id: Some(rows.word(event, RECIPIENT).to_owned()),
        fingerprint: Some(at(&rows.events.fingerprint, event)),
    }
}

pub(crate) fn sort_out(rows: &Rows, ids: &Ids) -> Sorted {
    let events = &rows.events;
    let mut first: HashMap<u128, u32> = HashMap::with_capacity(rows.len());
    let mut sorted = Sorted::default();
    let order = |event: u32| {
        let uri = rows.object_of(event).map(|object| object.uri.as_str());
        (at(&events.fingerprint, event), uri, at(&events.record, event))
    };
    for event in 0..rows.len() as u32 {
        let (identity, fingerprint) = (at(&events.identity, event), at(&events.fingerprint, event));
        let day = rows.day(event);
        match ids.get(day, identity) {
            Some(held) if held.fingerprint == fingerprint => {
                sorted.duplicates.push(at(&events.object, event));
                continue;
            }
            Some(held) if held.fingerprint < fingerprint => {
                sorted.rejects.push(conflict(rows, event));
                continue;
            }
            Some(held) => {
                sorted.needs_commit |= held.pending().is_some();
                sorted.replaced.insert((day, identity));
            }
            None => {}
        }
        let Some(held) = first.get_mut(&identity) else {
            first.insert(identity, event);
            continue;
        };
        let loser = if order(event) < order(*held) { std::mem::replace(held, event) } else { event };
        if at(&events.fingerprint, *held) == at(&events.fingerprint, loser) {
            sorted.duplicates.push(at(&events.object, loser));
        } else {
            sorted.rejects.push(conflict(rows, loser));
        }
    }
    sorted.kept = first.into_values().collect();
    sorted.kept.sort_unstable();
    sorted
}

/// The ledger's rows of the objects, with what became of their records.
pub(crate) fn tallied(rows: &Rows, sorted: &Sorted) -> Vec<ObjectRow> {
    let mut objects = rows.objects.clone();
    for object in &sorted.duplicates {
        if let Some(object) = objects.get_mut(*object as usize) {
            object.duplicate += 1;
        }
    }
    for reject in &sorted.rejects {
        if let Some(object) = objects.get_mut(reject.object as usize) {
            object.rejected += 1;
        }
    }
    objects
}

/// Events by their days.
pub(crate) fn by_day(rows: &Rows, kept: &[u32]) -> BTreeMap<i32, Vec<u32>> {
    let mut days: BTreeMap<i32, Vec<u32>> = BTreeMap::new();
    for event in kept {
        days.entry(rows.day(*event)).or_default().push(*event);
    }
    days
}

/// What the events showed of credentials, each once, by the day on which a session began; in a day as a reader looks for them: sessions
/// by principal, then openings by the principal that was opened.
pub(crate) fn facts_by_day(uses: &[Arc<identity::Use>], issues: &[Arc<identity::Issue>]) -> BTreeMap<i32, Vec<Fact>> {
    let mut uses: Vec<&Arc<identity::Use>> = uses.iter().collect();
    uses.sort_unstable_by(|a, b| (&a.identity.principal_id, a).cmp(&(&b.identity.principal_id, b)));
    uses.dedup();
    let mut issues: Vec<&Arc<identity::Issue>> = issues.iter().collect();
    issues.sort_unstable_by(|a, b| (&a.issued_principal_id, a.event_time, a).cmp(&(&b.issued_principal_id, b.event_time, b)));
    issues.dedup();
    let mut days: BTreeMap<i32, Vec<Fact>> = BTreeMap::new();
    for fact in uses.into_iter().cloned().map(Fact::Used).chain(issues.into_iter().cloned().map(Fact::Issued)) {
        days.entry(fact.day()).or_default().push(fact);
    }
    days
}
