//! Workers' rows in, the files of one commit out: deduplicated, resolved, parted and sorted.

use super::ids::Ids;
use super::{Known, Tally};
use crate::batch::Batch;
use crate::cause_file::CauseFile;
use crate::columns::Columns;
use crate::error::{Error, Result};
use crate::event_file::EventFile;
use crate::facts::{self, Fact};
use crate::ledger_file::{object_batch, reject_batch};
use crate::mention_file::MentionFile;
use crate::parquet_file::{self, Encoded};
use crate::rows::{EVENT_ID, ObjectRow, RECIPIENT, RejectRow, Rows, at, object_identity};
use crate::schema::Table;
use event::{Reason, Reject};
use hashbrown::HashMap;
use identity::Graph;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The files of a commit, and what they hold.
pub(crate) struct Assembled {
    pub(crate) files: Vec<File>,
    pub(crate) objects: Vec<ObjectRow>,
    pub(crate) written: Vec<(i32, u128, i64)>,
    pub(crate) tally: Tally,
    pub(crate) version: i64,
    pub(crate) replaced: BTreeSet<(i32, u128)>,
    /// Files of `events`, once they are put down.
    pub(crate) event_paths: Vec<String>,
}

/// A data file, encoded.
pub(crate) struct File {
    pub(crate) table: Table,
    pub(crate) partition: String,
    pub(crate) encoded: Encoded,
}

/// A data file to be made, by whichever thread is free.
struct Job<'a> {
    table: Table,
    partition: String,
    columns: Box<dyn Fn() -> Result<Box<dyn Columns + 'a>> + Send + Sync + 'a>,
}

impl<'a> Job<'a> {
    fn new<C: Columns + 'a>(table: Table, partition: String, columns: impl Fn() -> Result<C> + Send + Sync + 'a) -> Self {
        Self { table, partition, columns: Box::new(move || columns().map(|columns| Box::new(columns) as Box<dyn Columns + 'a>)) }
    }
}

/// Makes and encodes files on as many threads as there are cores; each holds the columns of one file at a time.
fn encode_all(jobs: &[Job<'_>]) -> Result<Vec<File>> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(jobs.len()).max(1);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some(Job { table, partition, columns }) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let encoded = columns().and_then(|columns| parquet_file::encode(*table, columns.as_ref()));
            done.push(encoded.map(|encoded| File { table: *table, partition: partition.clone(), encoded }));
        }
        done
    };
    let mut files = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let mut done = work();
        for other in others {
            match other.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done.into_iter().collect::<Result<Vec<_>>>()
    })?;
    files.sort_by(|a, b| (a.table, &a.partition).cmp(&(b.table, &b.partition)));
    Ok(files)
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
struct Sorted {
    /// Events to write.
    kept: Vec<u32>,
    rejects: Vec<RejectRow>,
    /// Events of the lake that give way to one of these.
    replaced: BTreeSet<(i32, u128)>,
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

fn sort_out(rows: &Rows, ids: &Ids) -> Sorted {
    let events = &rows.events;
    let mut first: HashMap<u128, u32> = HashMap::with_capacity(rows.len());
    let mut sorted = Sorted { kept: Vec::new(), rejects: Vec::new(), replaced: BTreeSet::new(), duplicates: Vec::new() };
    let order = |event: u32| {
        let uri = rows.object_of(event).map(|object| object.uri.as_str());
        (at(&events.fingerprint, event), uri, at(&events.record, event))
    };
    for event in 0..rows.len() as u32 {
        let (identity, fingerprint) = (at(&events.identity, event), at(&events.fingerprint, event));
        let day = rows.day(event);
        match ids.get(day, identity) {
            Some(held) if held == fingerprint => {
                sorted.duplicates.push(at(&events.object, event));
                continue;
            }
            Some(held) if held < fingerprint => {
                sorted.rejects.push(conflict(rows, event));
                continue;
            }
            Some(_) => {
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
fn tallied(rows: &Rows, sorted: &Sorted) -> Vec<ObjectRow> {
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

/// Makes the files of one commit.
pub(crate) fn assemble(
    rows: &Rows,
    ids: &Ids,
    ledger: &HashMap<u128, Known>,
    graph: &Graph,
    run_id: &str,
    version: i64,
    now: i64,
) -> Result<Assembled> {
    let sorted = sort_out(rows, ids);
    let objects = tallied(rows, &sorted);
    let batch = Batch::new(rows, graph).map_err(|error| Error::Write { table: Table::Events.name(), source: error.into() })?;
    let today = day_text(crate::day_of(now));
    // What another writer noted of the same object in the meantime is not noted twice; that one could not be read is no note of the reading.
    let is_noted = |object: &ObjectRow| {
        let known = ledger.get(&object_identity(&object.uri, object.size, object.etag.as_deref(), object.modified));
        known.is_some_and(|known| *known != Known::Unreadable || object.state == "unreadable")
    };
    let mut news: Vec<&ObjectRow> = objects.iter().filter(|object| !is_noted(object)).collect();
    news.sort_by_key(|object| object.id);
    let of_news = |reject: &&RejectRow| rows.objects.get(reject.object as usize).is_some_and(|object| !is_noted(object));
    let rejects: Vec<&RejectRow> = rows.rejects.iter().chain(&sorted.rejects).filter(of_news).collect();
    let mut jobs: Vec<Job<'_>> = Vec::new();
    for (day, events) in by_day(rows, &sorted.kept) {
        let batch = &batch;
        jobs.push(Job::new(Table::Events, day_text(day), move || Ok(EventFile::new(batch, events.clone(), version))));
    }
    for (bucket, mentions) in by_bucket(rows, &sorted.kept) {
        let batch = &batch;
        jobs.push(Job::new(Table::Mentions, bucket.to_string(), move || Ok(MentionFile::new(batch, &mentions))));
    }
    for (bucket, causes) in rows.causes.by_bucket(&rows.names, &sorted.kept) {
        let batch = &batch;
        jobs.push(Job::new(Table::Causes, bucket.to_string(), move || Ok(CauseFile::new(batch, &causes))));
    }
    for (day, facts) in facts_by_day(rows) {
        jobs.push(Job::new(Table::Credentials, day_text(day), move || facts::batch(&facts, version)));
    }
    if !news.is_empty() {
        jobs.push(Job::new(Table::Objects, today.clone(), || object_batch(&news, run_id)));
    }
    if !rejects.is_empty() {
        jobs.push(Job::new(Table::Rejects, today, || reject_batch(rows, &rejects, run_id)));
    }
    let files = encode_all(&jobs)?;
    drop(jobs);
    let tally = Tally {
        read: objects.iter().map(|object| object.records).sum(),
        written: sorted.kept.len() as u64,
        duplicate: sorted.duplicates.len() as u64,
        rejected: objects.iter().map(|object| object.rejected).sum(),
    };
    let of = |event: &u32| (rows.day(*event), at(&rows.events.identity, *event), at(&rows.events.fingerprint, *event));
    let written = sorted.kept.iter().map(of).collect();
    Ok(Assembled { files, objects, written, tally, version, replaced: sorted.replaced, event_paths: Vec::new() })
}

fn by_day(rows: &Rows, kept: &[u32]) -> BTreeMap<i32, Vec<u32>> {
    let mut days: BTreeMap<i32, Vec<u32>> = BTreeMap::new();
    for event in kept {
        days.entry(rows.day(*event)).or_default().push(*event);
    }
    days
}

/// The mentions of the events that are written, by the bucket of their key.
fn by_bucket(rows: &Rows, kept: &[u32]) -> BTreeMap<i32, Vec<u32>> {
    let buckets: Vec<i32> = rows.names.iter().map(crate::bucket).collect();
    let mut found: BTreeMap<i32, Vec<u32>> = BTreeMap::new();
    for place in kept.iter().flat_map(|event| rows.mentions_of(*event)) {
        let key = rows.mentions.get(place as usize).map_or(0, |mention| mention.key);
        found.entry(at(&buckets, key)).or_default().push(place);
    }
    found
}

/// What the events showed of credentials, each once, by the day on which a session began; in a day as a reader looks for them: sessions
/// by principal, then openings by the principal that was opened.
fn facts_by_day(rows: &Rows) -> BTreeMap<i32, Vec<Fact>> {
    let mut uses: Vec<&Arc<identity::Use>> = rows.sessions.iter().map(|session| &session.seen).collect();
    uses.sort_unstable_by(|a, b| (&a.identity.principal_id, a).cmp(&(&b.identity.principal_id, b)));
    uses.dedup();
    let mut issues: Vec<&Arc<identity::Issue>> = rows.issues.iter().collect();
    issues.sort_unstable_by(|a, b| (&a.issued_principal_id, a.event_time, a).cmp(&(&b.issued_principal_id, b.event_time, b)));
    issues.dedup();
    let mut days: BTreeMap<i32, Vec<Fact>> = BTreeMap::new();
    for fact in uses.into_iter().cloned().map(Fact::Used).chain(issues.into_iter().cloned().map(Fact::Issued)) {
        days.entry(fact.day()).or_default().push(fact);
    }
    days
}
