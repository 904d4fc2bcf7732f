//! Logs in, `sessions` and what follows it committed: each log once, whatever dies when, and however many write at once.
//!
//! As with `events`: files are staged, a manifest names those of the tables that follow, `sessions` is committed with the manifest's name, the
//! others follow. Whoever opens the lake next makes good what a crash left between them.

use super::columns::{alert_batch, command_batch, reject_batch, session_batch};
use super::{AlertRow, CommandRow, LogRead, LogReject, SessionLog};
use crate::error::{Error, Result, read_error};
use crate::ledger_file::object_batch;
use crate::parquet_file::{encode, number_column, text_column};
use crate::rows::{ObjectRow, day_of, object_identity};
use crate::schema::Table;
use crate::table::{Attempt, Lake, append, commit, read, stage};
use crate::writer::follow::{find_own, manifest_of, manifest_path, write_manifest};
use crate::writer::{ATTEMPTS_MAX, MANIFEST_KEY, RunRow, day_text};
use arrow::array::{Array as _, BooleanArray, RecordBatch};
use arrow::compute::{concat_batches, filter_record_batch};
use deltalake::DeltaTable;
use deltalake::kernel::{Action, Add};
use object_store::path::Path;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Application id of commits of `sessions` and of what follows it.
const APPLICATION: &str = "whodid-sessions";

/// Tables that follow, `commands` last: where it has followed, all have.
const FOLLOWERS: [Table; 3] = [Table::Objects, Table::Rejects, Table::Commands];

/// Files of one day of a table smaller than [`SMALL_FILE_BYTES`], at most: with one more they become one.
const SMALL_FILES_MAX: usize = 8;
/// A file that is larger stays as it is.
const SMALL_FILE_BYTES: u64 = 4 << 20;

/// The sums of a commit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SessionTally {
    /// Logs read.
    pub read: u64,
    /// Logs that the lake did not have.
    pub written: u64,
    /// Logs that took the place of an earlier reading.
    pub replaced: u64,
    /// Logs that the lake has just so.
    pub duplicate: u64,
    /// Commands written.
    pub commands: u64,
    /// Objects and parts of them that were refused.
    pub rejected: u64,
}

impl SessionTally {
    /// No log may be lost quietly.
    pub fn check(&self) {
        assert_eq!(self.read, self.written + self.replaced + self.duplicate, "a log was lost");
    }
}

impl std::ops::AddAssign for SessionTally {
    fn add_assign(&mut self, other: Self) {
        self.read += other.read;
        self.written += other.written;
        self.replaced += other.replaced;
        self.duplicate += other.duplicate;
        self.commands += other.commands;
        self.rejected += other.rejected;
    }
}

/// What the manifest says of a table: files that come, and paths of those that go.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
struct Changes {
    add: Vec<Add>,
    remove: Vec<String>,
}

/// A log that the lake has.
#[derive(Debug, Clone, Default)]
struct Held {
    object_id: i64,
    days: BTreeSet<String>,
}

/// Writes logs of sessions, and alerts.
pub struct SessionWriter {
    lake: Lake,
    tables: BTreeMap<Table, DeltaTable>,
    held: HashMap<String, Held>,
    /// What was read of files of `sessions`.
    files_read: HashMap<String, Vec<(String, i64)>>,
    /// Objects that are in the ledger by commits of `sessions` since this writer was opened, up to the version `looked`.
    noted: HashSet<u128>,
    looked: i64,
}

impl std::fmt::Debug for SessionWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SessionWriter").field("lake", &self.lake).finish_non_exhaustive()
    }
}

fn arrow_failed(table: Table) -> impl Fn(arrow::error::ArrowError) -> Error {
    move |error| Error::Write { table: table.name(), source: error.into() }
}

impl SessionWriter {
    /// Opens a lake for writing logs, makes the tables that are missing, and finishes what a crash left half done.
    ///
    /// # Errors
    /// Where a table cannot be read, made or committed to.
    pub async fn open(lake: &Lake) -> Result<Self> {
        let mut tables = BTreeMap::new();
        for table in super::OWN_TABLES {
            tables.insert(table, lake.open_or_create(table).await?);
        }
        let mut writer =
            Self { lake: lake.clone(), tables, held: HashMap::new(), files_read: HashMap::new(), noted: HashSet::new(), looked: 0 };
        writer.follow().await?;
        writer.looked = writer.newest()?;
        Ok(writer)
    }

    /// Writes what was read. A log that the lake has in another state gives way to the new reading.
    ///
    /// # Errors
    /// Where nothing could be committed; the lake is then as it was.
    pub async fn commit(&mut self, reads: &[LogRead], run_id: &str, now: i64) -> Result<SessionTally> {
        if reads.is_empty() {
            return Ok(SessionTally::default());
        }
        for _ in 0..ATTEMPTS_MAX {
            self.load_held().await?;
            self.load_noted().await?;
            let version = self.newest()? + 1;
            let (fresh, mut tally) = self.sort_out(reads);
            let replaced: BTreeSet<&str> = fresh.iter().map(|log| log.object.as_str()).filter(|uri| self.held.contains_key(*uri)).collect();
            let mut actions = Vec::new();
            let mut manifest: BTreeMap<&str, Changes> = BTreeMap::new();
            let days = by_day(&fresh, now);
            let grown: BTreeSet<String> = days.keys().cloned().collect();
            let (kept, gone) = self.without(Table::Sessions, &replaced, &grown, now).await?;
            actions.extend(kept.into_iter().map(Action::Add).chain(self.removals(Table::Sessions, &gone)?));
            let (add, remove) = self.without(Table::Commands, &replaced, &grown, now).await?;
            let commands = manifest.entry(Table::Commands.name()).or_default();
            *commands = Changes { add, remove };
            for (day, logs) in days {
                let batch = session_batch(&logs, run_id, version)?;
                actions.push(Action::Add(self.put(Table::Sessions, &day, &batch, now).await?));
                let rows: Vec<(&SessionLog, &CommandRow)> =
                    logs.iter().flat_map(|log| log.commands.iter().map(|command| (*log, command))).collect();
                if !rows.is_empty() {
                    commands.add.push(self.put(Table::Commands, &day, &command_batch(&rows, version)?, now).await?);
                }
            }
            self.put_ledger(reads, &mut manifest, run_id, now).await?;
            tally.rejected = reads.iter().map(|read| read.rejects.len() as u64).sum();
            let name = write_manifest(self.table(Table::Sessions)?, &manifest).await?;
            let metadata = HashMap::from([(MANIFEST_KEY.to_owned(), serde_json::Value::from(name.clone()))]);
            let open = self.table_mut(Table::Sessions)?;
            let attempted = commit(Table::Sessions, open, actions, Some((APPLICATION, version)), metadata).await;
            match attempted {
                Ok(Attempt::Done(_)) => {}
                // A commit that went through and whose reply was lost looks like a failure.
                other => {
                    if find_own(self.table_mut(Table::Sessions)?, version, &name).await?.is_none() {
                        other?;
                        self.follow().await?;
                        continue;
                    }
                }
            }
            self.noted.extend(reads.iter().map(|read| identity(&read.object)));
            self.looked = version;
            self.follow().await?;
            tally.check();
            return Ok(tally);
        }
        Err(Error::Contended { attempts: ATTEMPTS_MAX })
    }

    /// Remembers matches.
    ///
    /// # Errors
    /// Where the commit fails.
    pub async fn note_alerts(&mut self, alerts: &[AlertRow], run_id: &str, now: i64) -> Result<()> {
        for _ in 0..ATTEMPTS_MAX {
            let known = self.alerts_around(day_of(now)).await?;
            let rows: Vec<&AlertRow> = alerts.iter().filter(|alert| !known.contains(&alert.alert_id)).collect();
            if rows.is_empty() {
                return Ok(());
            }
            let batch = alert_batch(&rows, run_id, now)?;
            let actions = vec![Action::Add(self.put(Table::Alerts, &day_text(day_of(now)), &batch, now).await?)];
            let open = self.table_mut(Table::Alerts)?;
            if commit(Table::Alerts, open, actions, None, HashMap::new()).await? != Attempt::Lost {
                return Ok(());
            }
            open.update_state().await.map_err(|error| read_error("alerts")(error.into()))?;
        }
        Err(Error::Contended { attempts: ATTEMPTS_MAX })
    }

    /// Alerts that are remembered of a day and its neighbours: what another monitor told in the meantime is among them.
    async fn alerts_around(&self, day: i32) -> Result<HashSet<String>> {
        let days = [day - 1, day, day + 1].map(day_text);
        let open = self.table(Table::Alerts)?;
        let mut known = HashSet::new();
        for (path, size, _) in files(Table::Alerts, open)?.into_iter().filter(|(.., day)| days.contains(day)) {
            for batch in read(open.object_store(), Table::Alerts, &path, size, &["alert_id"]).await? {
                known.extend(text_column(Table::Alerts, &batch, "alert_id")?.iter().flatten().map(str::to_owned));
            }
        }
        Ok(known)
    }

    /// Notes a run in `runs`.
    ///
    /// # Errors
    /// Where the commit fails.
    pub async fn note_run(&mut self, run: &RunRow) -> Result<()> {
        if !self.tables.contains_key(&Table::Runs) {
            let open = self.lake.open_or_create(Table::Runs).await?;
            self.tables.insert(Table::Runs, open);
        }
        let batch = crate::ledger_file::run_batch(run)?;
        let actions = vec![Action::Add(self.put(Table::Runs, &day_text(day_of(run.started)), &batch, run.ended).await?)];
        append(Table::Runs, self.table_mut(Table::Runs)?, actions).await
    }

    /// The logs that are new or differ from what the lake has.
    fn sort_out<'r>(&self, reads: &'r [LogRead]) -> (Vec<&'r SessionLog>, SessionTally) {
        let mut tally = SessionTally::default();
        let mut fresh = Vec::new();
        for log in reads.iter().flat_map(|read| &read.logs) {
            tally.read += 1;
            match self.held.get(&log.object) {
                Some(held) if held.object_id == log.object_id => {
                    tally.duplicate += 1;
                    continue;
                }
                Some(_) => tally.replaced += 1,
                None => tally.written += 1,
            }
            tally.commands += log.commands.len() as u64;
            fresh.push(log);
        }
        (fresh, tally)
    }

    async fn put_ledger(&mut self, reads: &[LogRead], manifest: &mut BTreeMap<&str, Changes>, run_id: &str, now: i64) -> Result<()> {
        let today = day_text(day_of(now));
        let reads: Vec<&LogRead> = reads.iter().filter(|read| !self.noted.contains(&identity(&read.object))).collect();
        if reads.is_empty() {
            return Ok(());
        }
        let objects: Vec<ObjectRow> = reads
            .iter()
            .map(|read| {
                let held = self.held.get(&read.object.uri).is_some_and(|held| held.object_id == read.object.id);
                let duplicate = if held { read.object.records } else { 0 };
                ObjectRow { duplicate, ..read.object.clone() }
            })
            .collect();
        let batch = object_batch(&objects.iter().collect::<Vec<_>>(), run_id)?;
        let add = self.put(Table::Objects, &today, &batch, now).await?;
        manifest.entry(Table::Objects.name()).or_default().add.push(add);
        let rejects: Vec<(&LogRead, &LogReject)> =
            reads.iter().flat_map(|read| read.rejects.iter().map(move |reject| (*read, reject))).collect();
        if !rejects.is_empty() {
            let add = self.put(Table::Rejects, &today, &reject_batch(&rejects, run_id)?, now).await?;
            manifest.entry(Table::Rejects.name()).or_default().add.push(add);
        }
        Ok(())
    }

    /// The files of a table's days on which logs that give way have rows: written again without them, and the paths of the old ones. Of a day of
    /// `grown` that has many small files these become one: streams bring a commit every few seconds.
    async fn without(
        &self,
        table: Table,
        replaced: &BTreeSet<&str>,
        grown: &BTreeSet<String>,
        now: i64,
    ) -> Result<(Vec<Add>, Vec<String>)> {
        let days: BTreeSet<&String> = replaced.iter().filter_map(|uri| self.held.get(*uri)).flat_map(|held| &held.days).collect();
        let (mut kept, mut gone) = (Vec::new(), Vec::new());
        if days.is_empty() && grown.is_empty() {
            return Ok((kept, gone));
        }
        let open = self.table(table)?;
        let all = files(table, open)?;
        let mut small: BTreeMap<&String, usize> = BTreeMap::new();
        for (_, _, day) in all.iter().filter(|(_, size, day)| *size < SMALL_FILE_BYTES && grown.contains(day)) {
            *small.entry(day).or_default() += 1;
        }
        let mut united: BTreeMap<&String, Vec<RecordBatch>> = BTreeMap::new();
        for (path, size, day) in &all {
            let unites = *size < SMALL_FILE_BYTES && small.get(day).is_some_and(|count| *count > SMALL_FILES_MAX);
            if !days.contains(day) && !unites {
                continue;
            }
            let batches = read(open.object_store(), table, path, *size, &[]).await?;
            let Some(first) = batches.first() else { continue };
            let whole = concat_batches(&first.schema(), &batches).map_err(arrow_failed(table))?;
            let objects = text_column(table, &whole, "object")?;
            let stays: BooleanArray = (0..whole.num_rows()).map(|row| Some(!replaced.contains(objects.value(row)))).collect();
            if stays.true_count() == whole.num_rows() && !unites {
                continue;
            }
            gone.push(path.to_string());
            let rest = filter_record_batch(&whole, &stays).map_err(arrow_failed(table))?;
            if unites {
                united.entry(day).or_default().push(rest);
            } else if rest.num_rows() > 0 {
                kept.push(self.put(table, day, &rest, now).await?);
            }
        }
        for (day, parts) in united {
            let Some(first) = parts.first() else { continue };
            let whole = concat_batches(&first.schema(), &parts).map_err(arrow_failed(table))?;
            if whole.num_rows() > 0 {
                kept.push(self.put(table, day, &whole, now).await?);
            }
        }
        Ok((kept, gone))
    }

    fn removals(&self, table: Table, paths: &[String]) -> Result<Vec<Action>> {
        let open = self.table(table)?;
        let state = open.snapshot().map_err(|error| read_error(table.name())(error.into()))?;
        let log = state.log_data();
        let gone = log.iter().filter(|file| paths.contains(&file.object_store_path().to_string()));
        Ok(gone.map(|file| Action::Remove(file.remove_action(true))).collect())
    }

    async fn put(&self, table: Table, day: &str, batch: &RecordBatch, now: i64) -> Result<Add> {
        stage(self.table(table)?.object_store().as_ref(), table, day, encode(table, batch)?, now).await
    }

    /// Learns of the objects that other writers noted since.
    async fn load_noted(&mut self) -> Result<()> {
        self.open_ledgers().await?;
        while self.looked < self.newest()? {
            let files = self.manifest(self.looked + 1).await?.remove(Table::Objects.name()).unwrap_or_default().add;
            for add in files {
                let (path, size) = (Path::from(add.path.as_str()), u64::try_from(add.size).unwrap_or(0));
                let store = self.table(Table::Objects)?.object_store();
                for batch in read(store, Table::Objects, &path, size, &["object", "etag", "size", "modified"]).await? {
                    let (object, etag) = (text_column(Table::Objects, &batch, "object")?, text_column(Table::Objects, &batch, "etag")?);
                    let (size, modified) =
                        (number_column(Table::Objects, &batch, "size")?, number_column(Table::Objects, &batch, "modified")?);
                    self.noted.extend((0..batch.num_rows()).map(|row| {
                        let etag = etag.is_valid(row).then(|| etag.value(row));
                        let modified = modified.is_valid(row).then(|| modified.value(row));
                        object_identity(object.value(row), u64::try_from(size.value(row)).unwrap_or(0), etag, modified)
                    }));
                }
            }
            self.looked += 1;
        }
        Ok(())
    }

    /// What of which log the lake has. A file is read once: what is in one never changes.
    async fn load_held(&mut self) -> Result<()> {
        let open = self.table(Table::Sessions)?.clone();
        let mut held: HashMap<String, Held> = HashMap::new();
        let mut files_read = HashMap::new();
        for (path, size, day) in files(Table::Sessions, &open)? {
            let logs = match self.files_read.remove(path.as_ref()) {
                Some(logs) => logs,
                None => logs_in(&open, &path, size).await?,
            };
            for (object, object_id) in &logs {
                let log = held.entry(object.clone()).or_default();
                log.object_id = *object_id;
                log.days.insert(day.clone());
            }
            files_read.insert(path.to_string(), logs);
        }
        (self.held, self.files_read) = (held, files_read);
        Ok(())
    }

    /// Commits to the tables that follow what `sessions` has and they have not.
    async fn follow(&mut self) -> Result<()> {
        let newest = self.newest()?;
        if self.noted(Table::Commands).await? >= newest {
            return Ok(());
        }
        self.open_ledgers().await?;
        for table in FOLLOWERS {
            let mut seen = self.noted(table).await?;
            while seen < newest {
                let version = seen + 1;
                let changes = self.manifest(version).await?.remove(table.name()).unwrap_or_default();
                if changes.add.is_empty() && changes.remove.is_empty() && version < newest {
                    seen = version;
                    continue;
                }
                let mut actions = self.removals(table, &changes.remove)?;
                actions.extend(changes.add.into_iter().map(Action::Add));
                let open = self.table_mut(table)?;
                if commit(table, open, actions, Some((APPLICATION, version)), HashMap::new()).await? == Attempt::Lost {
                    open.update_state().await.map_err(|error| read_error(table.name())(error.into()))?;
                }
                // Not `version`: what the log says now may come from another writer, who was further.
                seen = self.noted(table).await?;
            }
        }
        Ok(())
    }

    async fn open_ledgers(&mut self) -> Result<()> {
        for table in [Table::Objects, Table::Rejects] {
            if !self.tables.contains_key(&table) {
                let open = self.lake.open_or_create(table).await?;
                self.tables.insert(table, open);
            }
        }
        Ok(())
    }

    async fn manifest(&self, version: i64) -> Result<BTreeMap<String, Changes>> {
        let failed = |error: crate::error::BoxError| read_error("sessions")(error);
        let sessions = self.table(Table::Sessions)?;
        let Some(name) = manifest_of(sessions, version as u64).await? else { return Ok(BTreeMap::new()) };
        let Some(bytes) = self.lake.get(sessions, &manifest_path(&name)).await? else {
            return Err(failed(format!("the manifest {name} that version {version} names is gone").into()));
        };
        serde_json::from_slice(&bytes).map_err(|error| failed(error.into()))
    }

    /// The version of `sessions` up to which a table has followed.
    async fn noted(&self, table: Table) -> Result<i64> {
        let open = self.table(table)?;
        let failed = |error: deltalake::DeltaTableError| read_error(table.name())(error.into());
        let state = open.snapshot().map_err(failed)?;
        Ok(state.transaction_version(open.log_store().as_ref(), APPLICATION).await.map_err(failed)?.unwrap_or(0))
    }

    fn newest(&self) -> Result<i64> {
        Ok(self.table(Table::Sessions)?.version().map_or(0, |version| version as i64))
    }

    fn table(&self, table: Table) -> Result<&DeltaTable> {
        self.tables.get(&table).ok_or_else(|| Error::Absent { place: self.lake.place().to_owned() })
    }

    fn table_mut(&mut self, table: Table) -> Result<&mut DeltaTable> {
        let place = self.lake.place().to_owned();
        self.tables.get_mut(&table).ok_or(Error::Absent { place })
    }
}

/// Addresses and numbers of the logs in a file of `sessions`.
async fn logs_in(open: &DeltaTable, path: &object_store::path::Path, size: u64) -> Result<Vec<(String, i64)>> {
    let mut logs = Vec::new();
    for batch in read(open.object_store(), Table::Sessions, path, size, &["object", "object_id"]).await? {
        let objects = text_column(Table::Sessions, &batch, "object")?;
        let ids = number_column(Table::Sessions, &batch, "object_id")?;
        logs.extend((0..batch.num_rows()).map(|row| (objects.value(row).to_owned(), ids.value(row))));
    }
    Ok(logs)
}

/// What tells an object and its content from others in the ledger.
fn identity(object: &ObjectRow) -> u128 {
    object_identity(&object.uri, object.size, object.etag.as_deref(), object.modified)
}

/// The logs by the day they are kept under: that of their first entry, else of their writing.
fn by_day<'l>(logs: &[&'l SessionLog], now: i64) -> BTreeMap<String, Vec<&'l SessionLog>> {
    let mut days: BTreeMap<String, Vec<&SessionLog>> = BTreeMap::new();
    for log in logs {
        days.entry(day_text(log.day(now))).or_default().push(log);
    }
    days
}

/// A table's files, each with its size and day.
fn files(table: Table, open: &DeltaTable) -> Result<Vec<(Path, u64, String)>> {
    let state = open.snapshot().map_err(|error| read_error(table.name())(error.into()))?;
    let day = |values: HashMap<String, Option<String>>| values.get("dt").cloned().flatten().unwrap_or_default();
    Ok(state
        .log_data()
        .iter()
        .map(|file| {
            let size = u64::try_from(file.size()).unwrap_or(0);
            (file.object_store_path(), size, day(file.partition_values_map()))
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_794_978_131_000_000;

    fn read_log() -> LogRead {
        let rules = transcript::rules::Rules::shipped().0;
        let object = |uri: &str| ObjectRow {
            uri: uri.to_owned(),
            kind: "session_log",
            state: "read",
            size: 9,
            modified: Some(1),
            ..ObjectRow::default()
        };
        let name = "sato-0123456789abcdefghijklmnop.log";
        let text = b"sh-4.2$ sudo id\r\nuid=0(root)\r\nsh-4.2$ ";
        crate::sessions::read(object(&format!("s3://b/ssm/{name}")), name, text, &rules).unwrap()
    }

    async fn column(lake: &Lake, table: Table, name: &str) -> Vec<String> {
        let open = lake.open(table).await.unwrap();
        let mut found = Vec::new();
        for (path, size, _) in files(table, &open).unwrap() {
            for batch in read(open.object_store(), table, &path, size, &[name]).await.unwrap() {
                found.extend(text_column(table, &batch, name).unwrap().iter().flatten().map(str::to_owned));
            }
        }
        found
    }

    #[tokio::test]
    async fn log_that_two_writers_read_at_once_is_noted_once() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::at(&folder.path().to_string_lossy(), HashMap::new()).unwrap();
        let (mut one, mut other) = (SessionWriter::open(&lake).await.unwrap(), SessionWriter::open(&lake).await.unwrap());
        let mut refused = read_log();
        refused.rejects.push(LogReject { reason: "line_too_long", detail: String::new(), bytes: 0..1 });
        assert_eq!(one.commit(std::slice::from_ref(&refused), "one", NOW).await.unwrap().written, 1);
        assert_eq!(other.commit(std::slice::from_ref(&refused), "other", NOW).await.unwrap().duplicate, 1);
        for (table, name) in
            [(Table::Objects, "object"), (Table::Rejects, "reason"), (Table::Sessions, "session_id"), (Table::Commands, "line")]
        {
            assert_eq!(column(&lake, table, name).await.len(), 1, "{name}");
        }
    }

    #[tokio::test]
    async fn alert_that_two_monitors_told_at_once_is_remembered_once() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::at(&folder.path().to_string_lossy(), HashMap::new()).unwrap();
        let (mut one, mut other) = (SessionWriter::open(&lake).await.unwrap(), SessionWriter::open(&lake).await.unwrap());
        let alert = |id: &str| AlertRow { alert_id: id.to_owned(), disposition: "sent", ..AlertRow::default() };
        one.note_alerts(&[alert("a"), alert("b")], "one", NOW).await.unwrap();
        other.note_alerts(&[alert("b"), alert("c")], "other", NOW).await.unwrap();
        let mut ids = column(&lake, Table::Alerts, "alert_id").await;
        ids.sort_unstable();
        assert_eq!(ids, ["a", "b", "c"]);
    }
}
