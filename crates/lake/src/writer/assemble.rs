//! Workers' rows in, the files of one commit out: deduplicated, resolved, parted and sorted.

use super::ids::Ids;
use super::{Known, RunRow, Tally};
use crate::error::{Error, Result};
use crate::facts::{self, Fact};
use crate::parquet_file::{self, Encoded};
use crate::resolved;
use crate::rows::{EventMeta, ObjectRow, RejectRow, Rows, chosen, form_word, hex, object_identity};
use crate::schema::{EVENT_TEXT, MENTION_EVENT_TEXT, Table};
use arrow::array::{
    Array, ArrayRef, AsArray as _, BooleanArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray, UInt32Array,
};
use arrow::compute::{interleave, interleave_record_batch, take};
use arrow::datatypes::{Field, Schema};
use event::{Reason, Reject};
use identity::{Graph, Resolution, SessionKey};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// One worker's rows, as columns.
pub(crate) struct Part {
    columns: RecordBatch,
    keys: StringArray,
    arns: StringArray,
    forms: Vec<event::resource::Form>,
    exact: Vec<bool>,
    event_of: Vec<u32>,
    pub(crate) meta: Vec<EventMeta>,
    objects: Vec<ObjectRow>,
    rejects: Vec<RejectRow>,
    sessions: Vec<SessionKey>,
    uses: Vec<identity::Use>,
    issues: Vec<identity::Issue>,
}

/// Places of text columns that rows are sorted by.
const EVENT_ID: usize = 0;
const RECIPIENT: usize = 5;

/// Columns of `mentions` that are the event's own, beside its text.
const MENTION_EVENT_REST: [&str; 6] = ["event_time", "read_only", "record", "resource_arns", "object_id", "credential_id"];

/// The files of a commit, and what they hold.
pub(crate) struct Assembled {
    pub(crate) files: Vec<File>,
    pub(crate) objects: Vec<ObjectRow>,
    pub(crate) written: Vec<(i32, u128, u128)>,
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
type Job<'a> = (Table, String, Box<dyn Fn() -> Result<RecordBatch> + Send + Sync + 'a>);

/// Makes and encodes files on as many threads as there are cores; each holds the columns of one file at a time.
fn encode_all(jobs: &[Job<'_>]) -> Result<Vec<File>> {
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(jobs.len()).max(1);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some((table, partition, make)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let encoded = make().and_then(|batch| parquet_file::encode(*table, &batch));
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

fn write_failed(table: Table) -> impl Fn(arrow::error::ArrowError) -> Error {
    move |error| Error::Write { table: table.name(), source: error.into() }
}

/// `2026-11-18`, as a partition is named.
pub(crate) fn day_text(day: i32) -> String {
    let text = event::time::rfc3339(i64::from(day) * crate::rows::DAY_MICROS);
    text.split('T').next().unwrap_or("").to_owned()
}

impl Part {
    pub(crate) fn of(rows: Rows) -> Result<Self> {
        let Rows { objects, mut events, mut mentions, rejects, uses, sessions, issues, .. } = rows;
        let mut fields: Vec<Field> = EVENT_TEXT.iter().map(|name| Field::new(*name, arrow::datatypes::DataType::Utf8, true)).collect();
        let mut columns: Vec<ArrayRef> = events.text.iter_mut().map(|column| Arc::new(column.finish()) as ArrayRef).collect();
        let rest: [(&str, ArrayRef); 6] = [
            ("event_time", Arc::new(events.event_time.finish())),
            ("read_only", Arc::new(events.read_only.finish())),
            ("management_event", Arc::new(events.management_event.finish())),
            ("session_credential_from_console", Arc::new(events.from_console.finish())),
            ("record", Arc::new(events.record.finish())),
            ("resource_arns", Arc::new(events.resource_arns.finish())),
        ];
        for (name, column) in rest {
            fields.push(Field::new(name, column.data_type().clone(), true));
            columns.push(column);
        }
        let columns = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(write_failed(Table::Events))?;
        Ok(Self {
            columns,
            keys: mentions.key.finish(),
            arns: mentions.arn.finish(),
            forms: mentions.form,
            exact: mentions.exact,
            event_of: mentions.event,
            meta: events.meta,
            objects,
            rejects,
            sessions,
            uses,
            issues,
        })
    }

    fn text(&self, column: usize, row: usize) -> &str {
        self.columns
            .columns()
            .get(column)
            .and_then(|column| column.as_string_opt::<i32>())
            .filter(|column| column.is_valid(row))
            .map_or("", |column| column.value(row))
    }

    fn record(&self, row: usize) -> u64 {
        self.columns
            .column_by_name("record")
            .and_then(|column| column.as_primitive_opt::<arrow::datatypes::Int64Type>())
            .map_or(0, |column| u64::try_from(column.value(row)).unwrap_or(0))
    }

    fn uri(&self, object: u32) -> &str {
        self.objects.get(object as usize).map_or("", |object| object.uri.as_str())
    }
}

/// What becomes of each row.
struct Sorted {
    /// (part, row) of events to write.
    kept: Vec<(usize, usize)>,
    rejects: Vec<(usize, RejectRow)>,
    /// Events of the lake that give way to one of these.
    replaced: BTreeSet<(i32, u128)>,
    duplicates: Vec<(usize, u32)>,
}

fn sort_out(parts: &[Part], ids: &Ids) -> Sorted {
    let mut first: HashMap<u128, (usize, usize)> = HashMap::new();
    let mut sorted = Sorted { kept: Vec::new(), rejects: Vec::new(), replaced: BTreeSet::new(), duplicates: Vec::new() };
    let place = |(part, row): (usize, usize)| parts.get(part).and_then(|part| Some((part, part.meta.get(row)?)));
    let conflict = |(part, row): (usize, usize)| -> Option<(usize, RejectRow)> {
        let (of, meta) = place((part, row))?;
        let reject =
            Reject { record: Some(of.record(row)), reason: Reason::Conflict, detail: Reason::Conflict.sentence().into(), bytes: 0..0 };
        Some((
            part,
            RejectRow {
                object: meta.object,
                reject,
                event_id: Some(of.text(EVENT_ID, row).to_owned()),
                recipient_account_id: Some(of.text(RECIPIENT, row).to_owned()),
                fingerprint: Some(meta.fingerprint),
            },
        ))
    };
    for (part, of) in parts.iter().enumerate() {
        for (row, meta) in of.meta.iter().enumerate() {
            let here = (part, row);
            match ids.get(meta.day, meta.identity) {
                Some(fingerprint) if fingerprint == meta.fingerprint => {
                    sorted.duplicates.push((part, meta.object));
                    continue;
                }
                Some(fingerprint) if fingerprint < meta.fingerprint => {
                    sorted.rejects.extend(conflict(here));
                    continue;
                }
                Some(_) => {
                    sorted.replaced.insert((meta.day, meta.identity));
                }
                None => {}
            }
            let Some(held) = first.get(&meta.identity).copied() else {
                first.insert(meta.identity, here);
                continue;
            };
            let Some((held_part, held_meta)) = place(held) else { continue };
            let held_order = (held_meta.fingerprint, held_part.uri(held_meta.object), held_part.record(held.1));
            let wins = (meta.fingerprint, of.uri(meta.object), of.record(row)) < held_order;
            let (winner, loser, lost) = if wins { (here, held, held_meta) } else { (held, here, meta) };
            if held_meta.fingerprint == meta.fingerprint {
                sorted.duplicates.push((loser.0, lost.object));
            } else {
                sorted.rejects.extend(conflict(loser));
            }
            first.insert(meta.identity, winner);
        }
    }
    sorted.kept = first.into_values().collect();
    sorted.kept.sort_unstable();
    sorted
}

/// Makes the files of one commit.
pub(crate) fn assemble(
    parts: &[Part],
    ids: &Ids,
    ledger: &HashMap<u128, Known>,
    graph: &Graph,
    run_id: &str,
    version: i64,
    now: i64,
) -> Result<Assembled> {
    let sorted = sort_out(parts, ids);
    let mut objects: Vec<Vec<ObjectRow>> = parts.iter().map(|part| part.objects.clone()).collect();
    for (part, index) in &sorted.duplicates {
        if let Some(object) = objects.get_mut(*part).and_then(|objects| objects.get_mut(*index as usize)) {
            object.duplicate += 1;
        }
    }
    for (part, row) in &sorted.rejects {
        if let Some(object) = objects.get_mut(*part).and_then(|objects| objects.get_mut(row.object as usize)) {
            object.rejected += 1;
        }
    }
    let wide = parts.iter().map(|part| widen(part, graph, version)).collect::<Result<Vec<_>>>()?;
    let today = day_text(crate::day_of(now));
    let flat: Vec<ObjectRow> = objects.into_iter().flatten().collect();
    // What another writer noted of the same object in the meantime is not noted twice.
    let is_noted =
        |object: &ObjectRow| ledger.contains_key(&object_identity(&object.uri, object.size, object.etag.as_deref(), object.modified));
    let news: Vec<&ObjectRow> = flat.iter().filter(|object| !is_noted(object)).collect();
    let of_news = |part: &Part, reject: &RejectRow| part.objects.get(reject.object as usize).is_some_and(|object| !is_noted(object));
    let rejects: Vec<(&Part, &RejectRow)> = parts
        .iter()
        .flat_map(|part| part.rejects.iter().filter(|reject| of_news(part, reject)).map(move |reject| (part, reject)))
        .chain(sorted.rejects.iter().filter_map(|(part, reject)| Some((parts.get(*part)?, reject))))
        .collect();
    let mut jobs: Vec<Job<'_>> = Vec::new();
    event_jobs(parts, &wide, &sorted.kept, &mut jobs);
    mention_jobs(parts, &wide, &sorted.kept, &mut jobs);
    credential_jobs(parts, version, &mut jobs);
    if !news.is_empty() {
        jobs.push((Table::Objects, today.clone(), Box::new(|| object_batch(&news, run_id))));
    }
    if !rejects.is_empty() {
        jobs.push((Table::Rejects, today, Box::new(|| reject_batch(&rejects, run_id))));
    }
    let files = encode_all(&jobs)?;
    drop(jobs);
    let tally = Tally {
        read: flat.iter().map(|object| object.records).sum(),
        written: sorted.kept.len() as u64,
        duplicate: sorted.duplicates.len() as u64,
        rejected: flat.iter().map(|object| object.rejected).sum(),
    };
    let written = sorted
        .kept
        .iter()
        .filter_map(|(part, row)| parts.get(*part)?.meta.get(*row))
        .map(|meta| (meta.day, meta.identity, meta.fingerprint))
        .collect();
    Ok(Assembled { files, objects: flat, written, tally, version, replaced: sorted.replaced, event_paths: Vec::new() })
}

/// The whole width of `events` for a part: the record's columns, where it lies, and who stands behind its session.
fn widen(part: &Part, graph: &Graph, version: i64) -> Result<RecordBatch> {
    let failed = write_failed(Table::Events);
    let rows = part.meta.len();
    let session = UInt32Array::from_iter_values(part.meta.iter().map(|meta| meta.session));
    let object = UInt32Array::from_iter_values(part.meta.iter().map(|meta| meta.object));
    let credentials: StringArray = part.sessions.iter().map(|session| Some(session.credential_id())).collect();
    let resolutions: Vec<Resolution> = part.sessions.iter().map(|session| graph.resolve(session)).collect();
    let mut columns: Vec<ArrayRef> = part.columns.columns().to_vec();
    columns.push(take(&chosen(part.objects.iter().map(|object| Some(object.uri.as_str()))), &object, None).map_err(&failed)?);
    columns.push(take(&chosen(part.objects.iter().map(|object| Some(object.sha256.as_str()))), &object, None).map_err(&failed)?);
    let object_ids: Int64Array = part.objects.iter().map(|object| Some(object.id())).collect();
    columns.push(take(&object_ids, &object, None).map_err(&failed)?);
    columns.push(take(&credentials, &session, None).map_err(&failed)?);
    for column in resolved::columns(resolutions.iter().map(Some)) {
        columns.push(take(&column, &session, None).map_err(&failed)?);
    }
    columns.push(Arc::new(Int64Array::from(vec![version; rows])));
    RecordBatch::try_new(Table::Events.file_schema(), columns).map_err(failed)
}

/// A file of `events` for each day, by account and time.
fn event_jobs<'a>(parts: &'a [Part], wide: &'a [RecordBatch], kept: &[(usize, usize)], jobs: &mut Vec<Job<'a>>) {
    let mut days: BTreeMap<i32, Vec<(usize, usize)>> = BTreeMap::new();
    for (part, row) in kept {
        if let Some(meta) = parts.get(*part).and_then(|part| part.meta.get(*row)) {
            days.entry(meta.day).or_default().push((*part, *row));
        }
    }
    for (day, mut rows) in days {
        let order = |&(part, row): &(usize, usize)| {
            let part = parts.get(part)?;
            Some((part.text(RECIPIENT, row), part.meta.get(row)?.time, part.text(EVENT_ID, row)))
        };
        rows.sort_unstable_by(|a, b| order(a).cmp(&order(b)));
        let make = move || {
            let batches: Vec<&RecordBatch> = wide.iter().collect();
            interleave_record_batch(&batches, &rows).map_err(write_failed(Table::Events))
        };
        jobs.push((Table::Events, day_text(day), Box::new(make)));
    }
}

/// A file of `mentions` for each bucket, by key and time. Columns of the event are gathered a bucket at a time: all at once they
/// would be several times the size of the events themselves.
fn mention_jobs<'a>(parts: &'a [Part], wide: &'a [RecordBatch], kept: &[(usize, usize)], jobs: &mut Vec<Job<'a>>) {
    let mut is_kept: Vec<Vec<bool>> = parts.iter().map(|part| vec![false; part.meta.len()]).collect();
    for (part, row) in kept {
        if let Some(flag) = is_kept.get_mut(*part).and_then(|rows| rows.get_mut(*row)) {
            *flag = true;
        }
    }
    let mut buckets: BTreeMap<i32, Vec<(usize, usize)>> = BTreeMap::new();
    for (index, part) in parts.iter().enumerate() {
        for (row, event) in part.event_of.iter().enumerate() {
            if is_kept.get(index).and_then(|rows| rows.get(*event as usize)) == Some(&true) {
                buckets.entry(crate::bucket(part.keys.value(row))).or_default().push((index, row));
            }
        }
    }
    for (bucket, mut rows) in buckets {
        let order = |&(part, row): &(usize, usize)| {
            let part = parts.get(part)?;
            let event = *part.event_of.get(row)? as usize;
            Some((
                part.keys.value(row),
                part.meta.get(event)?.time,
                part.text(EVENT_ID, event),
                part.arns.is_valid(row).then(|| part.arns.value(row)),
            ))
        };
        rows.sort_unstable_by(|a, b| order(a).cmp(&order(b)));
        jobs.push((Table::Mentions, bucket.to_string(), Box::new(move || mention_batch(parts, wide, &rows))));
    }
}

fn mention_batch(parts: &[Part], wide: &[RecordBatch], rows: &[(usize, usize)]) -> Result<RecordBatch> {
    let failed = write_failed(Table::Mentions);
    let events: Vec<(usize, usize)> = rows
        .iter()
        .map(|&(part, row)| (part, parts.get(part).and_then(|part| part.event_of.get(row)).map_or(0, |event| *event as usize)))
        .collect();
    let of = |column: fn(&Part) -> &StringArray| -> Result<ArrayRef> {
        let columns: Vec<&dyn Array> = parts.iter().map(|part| column(part) as &dyn Array).collect();
        interleave(&columns, rows).map_err(&failed)
    };
    let form = |&(part, row): &(usize, usize)| parts.get(part).and_then(|part| part.forms.get(row)).map(|form| form_word(*form));
    let exact = |&(part, row): &(usize, usize)| parts.get(part).and_then(|part| part.exact.get(row)).copied();
    let mut columns: Vec<ArrayRef> = vec![
        of(|part| &part.keys)?,
        chosen(rows.iter().map(form)),
        of(|part| &part.arns)?,
        Arc::new(rows.iter().map(exact).collect::<BooleanArray>()),
    ];
    for name in MENTION_EVENT_TEXT.iter().chain(&MENTION_EVENT_REST) {
        let sources = wide
            .iter()
            .map(|wide| {
                wide.column_by_name(name)
                    .map(|column| column.as_ref())
                    .ok_or_else(|| Error::Write { table: "mentions", source: format!("events have no column {name}").into() })
            })
            .collect::<Result<Vec<_>>>()?;
        columns.push(interleave(&sources, &events).map_err(&failed)?);
    }
    RecordBatch::try_new(Table::Mentions.file_schema(), columns).map_err(failed)
}

/// A file of `credentials` for each day on which a session began.
fn credential_jobs<'a>(parts: &'a [Part], version: i64, jobs: &mut Vec<Job<'a>>) {
    let mut days: BTreeMap<i32, Vec<Fact>> = BTreeMap::new();
    let uses: BTreeSet<&identity::Use> = parts.iter().flat_map(|part| &part.uses).collect();
    let issues: BTreeSet<&identity::Issue> = parts.iter().flat_map(|part| &part.issues).collect();
    let facts = uses.into_iter().cloned().map(Fact::Used).chain(issues.into_iter().cloned().map(Fact::Issued));
    for fact in facts {
        days.entry(fact.day()).or_default().push(fact);
    }
    for (day, facts) in days {
        jobs.push((Table::Credentials, day_text(day), Box::new(move || facts::batch(&facts, version))));
    }
}

fn object_batch(objects: &[&ObjectRow], run_id: &str) -> Result<RecordBatch> {
    let text = |value: fn(&ObjectRow) -> Option<&str>| chosen(objects.iter().map(|object| value(object)));
    let number = |value: fn(&ObjectRow) -> u64| -> ArrayRef {
        Arc::new(objects.iter().map(|object| i64::try_from(value(object)).ok()).collect::<Int64Array>())
    };
    let time = |value: fn(&ObjectRow) -> Option<i64>| -> ArrayRef {
        Arc::new(objects.iter().map(|object| value(object)).collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
    };
    let columns: Vec<ArrayRef> = vec![
        text(|object| Some(&object.uri)),
        text(|object| Some(object.kind)),
        text(|object| Some(object.state)),
        text(|object| Some(&object.organization_id)),
        text(|object| Some(&object.account_id)),
        text(|object| Some(&object.aws_region)),
        text(|object| object.etag.as_deref()),
        text(|object| Some(&object.sha256)),
        text(|_| Some("not_covered")),
        chosen(objects.iter().map(|_| Some(run_id))),
        Arc::new(objects.iter().map(|object| Some(object.id())).collect::<Int64Array>()),
        number(|object| object.size),
        Arc::new(objects.iter().map(|object| object.modified).collect::<Int64Array>()),
        number(|object| object.uncompressed),
        number(|object| object.records),
        number(|object| object.records.saturating_sub(object.rejected + object.duplicate)),
        number(|object| object.duplicate),
        number(|object| object.rejected),
        time(|object| object.span.map(|span| span.0)),
        time(|object| object.span.map(|span| span.1)),
    ];
    RecordBatch::try_new(Table::Objects.file_schema(), columns).map_err(write_failed(Table::Objects))
}

fn reject_batch(rejects: &[(&Part, &RejectRow)], run_id: &str) -> Result<RecordBatch> {
    let text = |value: &dyn Fn(&Part, &RejectRow) -> Option<String>| -> ArrayRef {
        Arc::new(rejects.iter().map(|(part, row)| value(part, row)).collect::<StringArray>())
    };
    let number = |value: fn(&RejectRow) -> Option<u64>| -> ArrayRef {
        Arc::new(rejects.iter().map(|(_, row)| value(row).and_then(|value| i64::try_from(value).ok())).collect::<Int64Array>())
    };
    let columns: Vec<ArrayRef> = vec![
        text(&|part, row| Some(part.uri(row.object).to_owned())),
        text(&|_, row| Some(row.reject.reason.code().to_owned())),
        text(&|_, row| Some(row.reject.detail.clone())),
        text(&|_, row| row.event_id.clone()),
        text(&|_, row| row.recipient_account_id.clone()),
        text(&|_, row| row.fingerprint.map(|fingerprint| hex(&fingerprint.to_be_bytes()))),
        text(&|part, row| part.objects.get(row.object as usize).map(|object| object.sha256.clone())),
        chosen(rejects.iter().map(|_| Some(run_id))),
        number(|row| row.reject.record),
        number(|row| Some(row.reject.bytes.start)),
        number(|row| Some(row.reject.bytes.end)),
    ];
    RecordBatch::try_new(Table::Rejects.file_schema(), columns).map_err(write_failed(Table::Rejects))
}

/// The row of one run.
pub(crate) fn run_batch(run: &RunRow) -> Result<RecordBatch> {
    let text = |value: &str| -> ArrayRef { Arc::new(StringArray::from(vec![value])) };
    let time = |value: i64| -> ArrayRef { Arc::new(TimestampMicrosecondArray::from(vec![value]).with_timezone("UTC")) };
    let columns = vec![
        text(&run.run_id),
        text(&run.command),
        text(&run.source),
        text(&run.tool_version),
        text(&run.tally),
        time(run.started),
        time(run.ended),
    ];
    RecordBatch::try_new(Table::Runs.file_schema(), columns).map_err(write_failed(Table::Runs))
}
