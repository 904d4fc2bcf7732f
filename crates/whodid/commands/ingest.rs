//! `whodid ingest`: list, leave out what is there already, fetch, decode, commit.

use crate::args::Ingest;
use crate::commands::digests::{self, Found};
use crate::commands::directory;
use crate::commands::discover::{DIGESTS_HELD_MAX, Discovery, Listing, Opened, Todo};
use crate::commands::dry_run;
use crate::commands::log_groups::{self, Group};
use crate::commands::queue;
use crate::commands::session_logs::{self, SessionLogs};
use crate::commands::user_lake;
use crate::exit::Exit;
use crate::failure::{Failure, causes};
use crate::render;
use crate::settings::{Filter, Settings};
use event::log_key;
use event::{Decoder, HashKey, Reason, Reject};
use futures::StreamExt as _;
use lake::compact::{Extent, KEEP};
use lake::{Lake, ObjectRow, Rows, Tally, Writer};
use source::Listed;
use std::sync::Arc;

/// Bytes of one object as stored, at most: CloudTrail writes at most 50 MB compressed.
pub(super) const OBJECT_BYTES_MAX: u64 = 256 << 20;
/// Bytes, as stored, that are decoded before they are put into columns; inflated they are about eight times as much.
const BATCH_BYTES: u64 = 16 << 20;
/// Bytes of plain text that count as one stored byte of a compressed object.
const PLAIN_BYTES_PER_STORED: u64 = 8;
/// Objects of which the same holds.
const BATCH_OBJECTS: usize = 5_000;
/// How long something that was read may wait for its commit, microseconds: who is killed reads it again.
const COMMIT_MICROS_MAX: i64 = 60_000_000;
/// Threads that decode, at most.
const WORKERS_MAX: usize = 16;
/// Fetches at a time.
const FETCHES_MAX: usize = 8;
/// Bytes, as stored, of small objects that are fetched and handed on together.
const TOGETHER_BYTES: u64 = 256 << 10;

/// What a run came to.
#[derive(Debug, Default, Clone, serde::Serialize)]
pub(crate) struct Summary {
    pub(crate) schema: &'static str,
    pub(crate) objects: Objects,
    pub(crate) listing: Listing,
    pub(crate) records: Records,
    pub(crate) digests: digests::Sums,
    pub(crate) session_logs: serde_json::Map<String, serde_json::Value>,
    pub(crate) directory: directory::Listed,
    pub(crate) bytes: Bytes,
    pub(crate) seconds: f64,
    pub(crate) late_issuers_healed: u64,
    /// Of queues.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) messages: Option<Messages>,
    /// What was refused or could not be read, and why; the first of each kind.
    pub(crate) problems: Vec<Problem>,
}

/// What became of messages.
#[derive(Debug, Default, Clone, serde::Serialize)]
pub(crate) struct Messages {
    pub(crate) received: u64,
    /// All that they tell of is in the lake, or can be in none.
    pub(crate) deleted: u64,
    /// They are still in the queue, each time that they came.
    pub(crate) left: u64,
}

#[derive(Debug, Default, Clone, serde::Serialize)]
pub(crate) struct Objects {
    pub(crate) seen: u64,
    pub(crate) new: u64,
    pub(crate) read: u64,
    pub(crate) rejected: u64,
    /// Those that an earlier run rejected, whole or in part, and that are as they were.
    pub(crate) rejected_before: u64,
    pub(crate) skipped: u64,
}

#[derive(Debug, Default, Clone, serde::Serialize)]
pub(crate) struct Records {
    pub(crate) read: u64,
    pub(crate) written: u64,
    pub(crate) duplicate: u64,
    pub(crate) rejected: u64,
}

#[derive(Debug, Default, Clone, serde::Serialize)]
pub(crate) struct Bytes {
    pub(crate) compressed: u64,
    pub(crate) uncompressed: u64,
}

/// Something refused: how often, and the first of its kind.
#[derive(Debug, Clone, serde::Serialize)]
pub(crate) struct Problem {
    pub(crate) reason: &'static str,
    pub(crate) count: u64,
    pub(crate) object: String,
    pub(crate) record: Option<u64>,
    pub(crate) detail: String,
}

impl Summary {
    pub(crate) fn problem(&mut self, reason: &'static str, object: &str, record: Option<u64>, detail: &str) {
        match self.problems.iter_mut().find(|problem| problem.reason == reason) {
            Some(problem) => problem.count += 1,
            None => self.problems.push(Problem { reason, count: 1, object: object.to_owned(), record, detail: detail.to_owned() }),
        }
    }

    /// Adds a further run.
    pub(crate) fn add(&mut self, more: Self) {
        let (sum, new) = (&mut self.objects, more.objects);
        sum.seen += new.seen;
        sum.new += new.new;
        sum.read += new.read;
        sum.rejected += new.rejected;
        sum.rejected_before += new.rejected_before;
        sum.skipped += new.skipped;
        let (sum, new) = (&mut self.records, more.records);
        sum.read += new.read;
        sum.written += new.written;
        sum.duplicate += new.duplicate;
        sum.rejected += new.rejected;
        let (sum, new) = (&mut self.digests, more.digests);
        sum.new += new.new;
        sum.believed += new.believed;
        sum.refused += new.refused;
        sum.unverified += new.unverified;
        for (name, count) in more.session_logs {
            let held = self.session_logs.get(&name).and_then(serde_json::Value::as_u64).unwrap_or(0);
            self.session_logs.insert(name, (held + count.as_u64().unwrap_or(0)).into());
        }
        self.bytes.compressed += more.bytes.compressed;
        self.bytes.uncompressed += more.bytes.uncompressed;
        self.seconds += more.seconds;
        self.late_issuers_healed += more.late_issuers_healed;
        if let Some(new) = more.messages {
            let sum = self.messages.get_or_insert_default();
            sum.received += new.received;
            sum.deleted += new.deleted;
            sum.left += new.left;
        }
        for problem in more.problems {
            match self.problems.iter_mut().find(|held| held.reason == problem.reason) {
                Some(held) => held.count += problem.count,
                None => self.problems.push(problem),
            }
        }
    }

    /// Counts a log of sessions, and says what was refused of it.
    pub(crate) fn count_log(&mut self, read: &lake::sessions::LogRead) {
        self.bytes.uncompressed += read.object.uncompressed;
        if read.object.state == "rejected" {
            self.objects.rejected += 1;
        } else {
            self.objects.read += 1;
        }
        for reject in &read.rejects {
            self.problem(reject.reason, &read.object.uri, None, &reject.detail);
        }
    }

    /// Whether anything of the sources was rejected, now or earlier, or could not be read.
    pub(crate) fn is_incomplete(&self) -> bool {
        self.objects.rejected + self.objects.rejected_before + self.records.rejected > 0 || !self.problems.is_empty()
    }

    /// Says on stderr what was refused.
    pub(crate) fn warn(&self) {
        render::problems(&self.problems);
    }
}

pub(crate) async fn run(settings: &Settings, asked: Ingest) -> Result<Exit, Failure> {
    let Ingest { sources, strict, follow, bucket, dry_run, accounts, aws_regions } = asked;
    let mut settings = settings.clone();
    settings.filter = Filter { accounts, aws_regions };
    let settings = &settings;
    let is_queue = |name: &String| source::is_queue(settings.source_named(name));
    if (follow || !bucket.is_empty()) && !sources.iter().any(is_queue) {
        return Err(Failure::usage(
            "--follow and --bucket are for queues",
            "whodid ingest sqs://QUEUE --follow; a bucket is listed once a run",
        ));
    }
    if follow && sources.len() > 1 {
        return Err(Failure::usage("--follow reads one queue", "run one whodid for each; they may share a lake"));
    }
    if dry_run {
        return dry_run::run(settings, &sources).await;
    }
    let lake = user_lake(settings)?;
    let summary = read_all(settings, &lake, &sources, true, &queue::Asked { follow, buckets: bucket }).await?;
    if !follow {
        summary.warn();
    }
    render::ingest(settings, &summary, lake.place())?;
    Ok(if strict && summary.is_incomplete() { Exit::Incomplete } else { Exit::Done })
}

/// Reads sources into a lake; queues until they are empty.
pub(crate) async fn ingest(settings: &Settings, lake: &Lake, names: &[String], note: bool) -> Result<Summary, Failure> {
    read_all(settings, lake, names, note, &queue::Asked::default()).await
}

async fn read_all(settings: &Settings, lake: &Lake, names: &[String], note: bool, asked: &queue::Asked) -> Result<Summary, Failure> {
    let (queues, listed): (Vec<String>, Vec<String>) =
        names.iter().cloned().partition(|name| source::is_queue(settings.source_named(name)));
    if settings.offline && !queues.is_empty() {
        return Err(Failure::usage(format!("--offline, and {} is at AWS", queues.join(", ")), "name a folder, or leave --offline out"));
    }
    let mut summary = Summary { schema: "whodid.ingest/v1", ..Summary::default() };
    if !listed.is_empty() {
        let mut opened = log_groups::open(settings, lake, &listed).await?;
        let writer;
        (summary, writer) = ingest_from(settings, lake, &listed, &opened.sources, &mut opened.groups, note).await?;
        // The process ends soon, and gives all of its memory back at once.
        std::mem::forget(writer);
    }
    for name in &queues {
        queue::drain(settings, lake, settings.source_named(name), asked, note, &mut summary).await?;
    }
    Ok(summary)
}

/// As [`ingest`], from sources that are open; the writer that comes back knows what became of their objects. `groups`: those of them that
/// are log groups, to note how far they were read.
pub(crate) async fn ingest_from(
    settings: &Settings,
    lake: &Lake,
    names: &[String],
    sources: &[Opened],
    groups: &mut [Group],
    note: bool,
) -> Result<(Summary, Writer), Failure> {
    let started = crate::settings::now();
    let mut summary = Summary { schema: "whodid.ingest/v1", ..Summary::default() };
    let hash_key = settings.hash_key()?;
    let run_id = format!("{started}-{}", std::process::id());
    // First, so that accounts which it lists are ours for all that is read after.
    let directories: Vec<&str> =
        names.iter().map(|name| settings.source_named(name)).filter(|spec| directory::is_directory(spec)).collect();
    directory::ingest(settings, lake, &directories, (&run_id, started), &mut summary).await?;
    // First, so that the ledger which the writer reads knows every log that was committed.
    let mut logs = SessionLogs::open(lake).await?;
    let mut writer = Writer::open(lake).await?;
    writer.know_accounts(&settings.configured.accounts);
    let mut found = Found::default();
    let mut discovery = Discovery::new(settings, sources, lake, (started, false), &mut summary).await?;
    let mut progress = render::Progress::new(settings.terminal);
    let mut parts = workers();
    let mut committed = started;
    loop {
        let known = |_: &lake::Seen, listed: &Listed| writer.known(&listed.uri, listed.size, listed.etag.as_deref(), listed.modified);
        let Some(todo) = discovery.next(&known, &mut found, &mut summary).await? else { break };
        progress.more(todo.iter().map(|todo| todo.listed.size));
        let mut start = 0;
        while start < todo.len() {
            let end = batch_end(&todo, start, settings.commit_objects.unwrap_or(BATCH_OBJECTS));
            let batch = todo.get(start..end).unwrap_or(&[]);
            parts = read(batch, &hash_key, parts, &mut summary, &mut logs.waiting).await?;
            add(&mut summary.records, writer.add(&mut parts, &run_id, started).await?);
            let is_late = crate::settings::now() - committed >= COMMIT_MICROS_MAX;
            if is_late || settings.commit_objects.is_some() || writer.is_full() {
                add(&mut summary.records, writer.flush().await?);
                committed = crate::settings::now();
            }
            logs.commit(&run_id, started, &mut summary).await?;
            progress.done(batch.iter().map(|todo| todo.listed.size), summary.records.read + writer.pending());
            start = end;
        }
        if found.digests.len() >= DIGESTS_HELD_MAX {
            add(&mut summary.records, writer.flush().await?);
            digests::settle(settings, lake, &mut writer, std::mem::take(&mut found), (&run_id, started), &mut summary).await?;
        }
    }
    add(&mut summary.records, writer.flush().await?);
    progress.end();
    logs.commit(&run_id, started, &mut summary).await?;
    if writer.needs_healing() {
        summary.late_issuers_healed = writer.heal(started).await?;
    }
    discovery.whole(&mut found);
    digests::settle(settings, lake, &mut writer, found, (&run_id, started), &mut summary).await?;
    // Last: what is noted as listed is never missing from the lake.
    discovery.keep(lake, &mut summary).await?;
    let ended = crate::settings::now();
    summary.seconds = (ended - started) as f64 / 1e6;
    if note && summary.objects.new + summary.digests.new + summary.directory.new > 0 {
        let run = lake::RunRow {
            run_id,
            command: "ingest".into(),
            source: names.join(" "),
            tool_version: env!("CARGO_PKG_VERSION").into(),
            tally: serde_json::to_string(&summary).unwrap_or_default(),
            started,
            ended,
        };
        writer.note_run(&run).await?;
        match writer.compact(Extent::WhereItPays, KEEP, ended).await {
            // Others write without a pause: what was read is in the lake, and the next run finds the same files.
            Err(lake::Error::Contended { .. }) => tracing::info!("compaction is left to the next run"),
            done => drop(done?),
        }
    }
    if note {
        log_groups::note(groups, &mut writer, &summary, started).await?;
    }
    Ok((summary, writer))
}

fn add(records: &mut Records, tally: Tally) {
    records.read += tally.read;
    records.written += tally.written;
    records.duplicate += tally.duplicate;
    records.rejected += tally.rejected;
}

fn batch_end(todo: &[Todo], start: usize, objects_max: usize) -> usize {
    let mut bytes = 0;
    let mut end = start;
    for item in todo.iter().skip(start).take(objects_max) {
        bytes += if item.listed.key.ends_with(".gz") { item.listed.size } else { item.listed.size / PLAIN_BYTES_PER_STORED };
        end += 1;
        if bytes >= BATCH_BYTES {
            break;
        }
    }
    end
}

/// Memory for as many workers as there are cores.
fn workers() -> Vec<Rows> {
    let workers = std::thread::available_parallelism().map_or(2, std::num::NonZero::get).clamp(1, WORKERS_MAX);
    std::iter::repeat_with(Rows::default).take(workers).collect()
}

/// Cuts a batch into what is fetched together: small objects of one source that lie side by side.
fn together(batch: &[Todo]) -> Vec<&[Todo]> {
    let mut groups = Vec::new();
    let mut start = 0;
    while let Some(first) = batch.get(start) {
        let (mut end, mut bytes) = (start + 1, first.listed.size);
        while let Some(next) = batch.get(end) {
            bytes += next.listed.size;
            if end - start >= first.source.together() || bytes > TOGETHER_BYTES || !Arc::ptr_eq(&first.source, &next.source) {
                break;
            }
            end += 1;
        }
        groups.extend(batch.get(start..end));
        start = end;
    }
    groups
}

/// Fetches and decodes objects, several at a time, a worker for each of `parts`.
async fn read(
    batch: &[Todo],
    hash_key: &HashKey,
    parts: Vec<Rows>,
    summary: &mut Summary,
    logs: &mut Vec<lake::sessions::LogRead>,
) -> Result<Vec<Rows>, Failure> {
    let (send, receive) = tokio::sync::mpsc::channel::<Vec<Fetched>>(FETCHES_MAX);
    let receive = Arc::new(tokio::sync::Mutex::new(receive));
    let mut handles = Vec::new();
    for mut rows in parts {
        let receive = Arc::clone(&receive);
        let mut decoder = Decoder::new(hash_key.clone());
        handles.push(tokio::task::spawn_blocking(move || {
            let mut seen = Seen::default();
            loop {
                let next = tokio::runtime::Handle::current().block_on(async { receive.lock().await.recv().await });
                let Some(fetched) = next else { return (rows, seen) };
                fetched.iter().for_each(|fetched| decode(&mut decoder, fetched, &mut rows, &mut seen));
            }
        }));
    }
    let mut fetches = futures::stream::iter(together(batch).into_iter().map(|group| async move {
        let Some(first) = group.first() else { return Vec::new() };
        let listed: Vec<&Listed> = group.iter().map(|todo| &todo.listed).collect();
        group.iter().zip(first.source.fetch_each(&listed, OBJECT_BYTES_MAX).await).collect()
    }))
    .buffer_unordered(FETCHES_MAX);
    let mut unreadable = Vec::new();
    while let Some(group) = fetches.next().await {
        let mut fetched = Vec::with_capacity(group.len());
        for (todo, found) in group {
            match found {
                Ok(bytes) => {
                    summary.bytes.compressed += bytes.len() as u64;
                    fetched.push(Fetched { listed: todo.listed.clone(), bytes });
                }
                Err(error) if matches!(error, source::Error::Credentials { .. }) => return Err(error.into()),
                Err(error) => {
                    summary.objects.rejected += 1;
                    let detail = causes(&error);
                    summary.problem(Reason::Unreadable.code(), &todo.listed.uri, None, &detail);
                    if !todo.known_unreadable {
                        let reject = Reject { record: None, reason: Reason::Unreadable, detail, bytes: 0..todo.listed.size };
                        unreadable.push((object_row(&todo.listed, "unreadable"), reject));
                    }
                }
            }
        }
        if !fetched.is_empty() && send.send(fetched).await.is_err() {
            break;
        }
    }
    drop(send);
    let mut parts = Vec::new();
    for handle in handles {
        let (rows, seen) = handle.await.map_err(|error| Failure::internal(&error))?;
        logs.extend(seen.logs);
        summary.objects.read += seen.read;
        summary.objects.rejected += seen.rejected;
        summary.bytes.uncompressed += seen.uncompressed;
        for (reason, object, record, detail) in seen.problems {
            summary.problem(reason, &object, record, &detail);
        }
        parts.push(rows);
    }
    if let Some(rows) = parts.first_mut() {
        unreadable.into_iter().for_each(|(object, reject)| rows.note_unreadable(object, reject));
    }
    Ok(parts)
}

struct Fetched {
    listed: Listed,
    bytes: bytes::Bytes,
}

#[derive(Default)]
struct Seen {
    read: u64,
    rejected: u64,
    uncompressed: u64,
    logs: Vec<lake::sessions::LogRead>,
    problems: Vec<(&'static str, String, Option<u64>, String)>,
}

pub(super) fn object_row(listed: &Listed, state: &'static str) -> ObjectRow {
    let key = log_key::classify(&listed.key);
    ObjectRow {
        uri: listed.uri.clone(),
        kind: "cloudtrail",
        state,
        organization_id: key.organization_id.to_owned(),
        account_id: key.account_id.to_owned(),
        aws_region: key.aws_region.to_owned(),
        etag: listed.etag.clone(),
        size: listed.size,
        modified: listed.modified,
        ..ObjectRow::default()
    }
}

fn decode(decoder: &mut Decoder, fetched: &Fetched, rows: &mut Rows, seen: &mut Seen) {
    let key = log_key::classify(&fetched.listed.key);
    if let Some(log) = session_logs::read(object_row(&fetched.listed, "read"), key.kind, &fetched.listed.key, &fetched.bytes) {
        seen.logs.push(log);
        return;
    }
    let before = rows.rejects().len();
    let summary = rows.read(decoder, object_row(&fetched.listed, "read"), &fetched.bytes);
    seen.uncompressed += summary.uncompressed;
    if summary.rejected {
        seen.rejected += 1;
    } else {
        seen.read += 1;
    }
    for reject in rows.rejects().skip(before) {
        seen.problems.push((reject.reason.code(), fetched.listed.uri.clone(), reject.record, reject.detail.clone()));
    }
}
