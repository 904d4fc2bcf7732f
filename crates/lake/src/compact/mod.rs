//! Many small files in, few large ones out: the same rows, so that a question opens fewer files.
//!
//! A table's files are taken out of its log and what they held is put in, in one commit that says that no data changed. Who reads an older
//! version of the table still finds the files that it names: they are deleted a day later, by whichever compaction comes then. Nobody waits
//! for anybody: an ingest that commits meanwhile only adds files, and a compaction whose files somebody else has replaced gives up on them.

mod merge;
mod plan;

use crate::error::{Error, Result, read_error};
use crate::fail_point::{Point, reach};
use crate::schema::Table;
use crate::table::{Attempt, commit_rearranged, read, stage};
use crate::writer::Writer;
use arrow::datatypes::Schema;
use deltalake::DeltaTable;
use deltalake::kernel::{Action, Add};
use merge::Merged;
use object_store::path::Path;
pub use plan::Extent;
use plan::{EVENT_MERGE_BYTES_MAX, Held, MERGE_BYTES_MAX};
use std::collections::{BTreeMap, BTreeSet};

/// Tables whose files are merged. Those of sessions are not: a log that grew takes files out of `commands` that its manifest names.
pub const COMPACTED: [Table; 7] =
    [Table::Events, Table::Credentials, Table::Mentions, Table::Causes, Table::Objects, Table::Rejects, Table::Runs];

/// Attempts to commit before a table is left as it is; each lost one means that a writer got on.
const ATTEMPTS_MAX: u32 = 20;

/// What became of a table.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Compacted {
    /// Its name.
    pub table: &'static str,
    /// Data files before and after.
    pub files_before: u64,
    /// See `files_before`.
    pub files_after: u64,
    /// Bytes of them before and after.
    pub bytes_before: u64,
    /// See `bytes_before`.
    pub bytes_after: u64,
    /// Files that no version of the last `keep` names, and that were deleted.
    pub files_deleted: u64,
}

/// How long a file that was replaced is kept for who reads an older version of its table.
pub const KEEP: std::time::Duration = std::time::Duration::from_hours(24);

impl Writer {
    /// Merges the files of the tables, and deletes those that were replaced before `keep` ago. `now` is microseconds since 1970.
    ///
    /// # Errors
    /// Where a table cannot be read or written; what was committed until then stays.
    pub async fn compact(&mut self, extent: Extent, keep: std::time::Duration, now: i64) -> Result<Vec<Compacted>> {
        let mut done = Vec::new();
        for table in COMPACTED {
            let open = self.table_mut(table)?;
            let (files_before, bytes_before) = measure(table, open)?;
            let merged = merge_table(table, open, extent, now).await?;
            let (files_after, bytes_after) = measure(table, open)?;
            // Looking for what to delete costs a read of the log: done where it was just written, or where somebody asked.
            let files_deleted = if merged || extent == Extent::Everything { sweep(table, open, keep, now).await? } else { 0 };
            done.push(Compacted { table: table.name(), files_before, files_after, bytes_before, bytes_after, files_deleted });
        }
        Ok(done)
    }
}

/// How many data files a table has, and how many bytes.
fn measure(table: Table, open: &DeltaTable) -> Result<(u64, u64)> {
    let state = open.snapshot().map_err(|error| read_error(table.name())(error.into()))?;
    let log = state.log_data();
    Ok(log.iter().fold((0, 0), |(files, bytes), file| (files + 1, bytes + u64::try_from(file.size()).unwrap_or(0))))
}

/// The files of each partition.
fn partitions(table: Table, open: &DeltaTable) -> Result<BTreeMap<String, Vec<Held>>> {
    let state = open.snapshot().map_err(|error| read_error(table.name())(error.into()))?;
    let mut partitions: BTreeMap<String, Vec<Held>> = BTreeMap::new();
    for file in state.log_data().iter() {
        let Some(partition) = file.partition_values_map().remove(table.partition()).flatten() else { continue };
        let statistics: serde_json::Value = file.stats().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let least = |column: &str| statistics.get("minValues").and_then(|least| least.get(column)).and_then(|value| value.as_str());
        // Words on who stands behind a session are looked for without its facts, and these without them.
        let kind = if table == Table::Credentials && least("fact") == Some("resolved") { "resolved" } else { "" };
        partitions.entry(partition).or_default().push(Held {
            kind: kind.to_owned(),
            low: least("event_time").unwrap_or_default().to_owned(),
            path: file.object_store_path().to_string(),
            size: u64::try_from(file.size()).unwrap_or(0),
        });
    }
    Ok(partitions)
}

/// Files that make way for one that holds their rows.
struct Merge {
    gone: BTreeSet<String>,
    add: Add,
}

/// Bytes of files of a table that become one, at most.
pub(crate) fn bytes_max(table: Table) -> u64 {
    if table == Table::Events { EVENT_MERGE_BYTES_MAX } else { MERGE_BYTES_MAX }
}

/// Merges what is to be merged of a table, in one commit; returns whether there was anything.
async fn merge_table(table: Table, open: &mut DeltaTable, extent: Extent, now: i64) -> Result<bool> {
    let mut merges = Vec::new();
    for (partition, files) in partitions(table, open)? {
        for group in plan::groups(&files, extent, bytes_max(table)) {
            let together: Vec<&Held> = group.iter().filter_map(|place| files.get(*place)).collect();
            merges.extend(merge_files(table, open, &partition, &together, now).await?);
        }
    }
    for _ in 0..ATTEMPTS_MAX {
        let actions = actions_of(table, open, &merges)?;
        if actions.is_empty() {
            return Ok(false);
        }
        if commit_rearranged(table, open, actions).await? != Attempt::Lost {
            return Ok(true);
        }
        open.update_state().await.map_err(|error| read_error(table.name())(error.into()))?;
    }
    Err(Error::Contended { attempts: ATTEMPTS_MAX })
}

/// What takes the old files out of the log and the new ones in, but for merges of which another writer replaced a file in the meantime.
fn actions_of(table: Table, open: &DeltaTable, merges: &[Merge]) -> Result<Vec<Action>> {
    let state = open.snapshot().map_err(|error| read_error(table.name())(error.into()))?;
    let mut removes: BTreeMap<String, Action> = BTreeMap::new();
    for file in state.log_data().iter() {
        removes.insert(file.object_store_path().to_string(), Action::Remove(file.remove_action(false)));
    }
    let mut actions = Vec::new();
    for Merge { gone, add } in merges {
        let found: Vec<Action> = gone.iter().filter_map(|path| removes.get(path).cloned()).collect();
        if found.len() == gone.len() {
            actions.extend(found);
            actions.push(Action::Add(add.clone()));
        }
    }
    Ok(actions)
}

/// Makes one file of several, which no reader sees yet; none where they are of another version of whodid.
async fn merge_files(table: Table, open: &DeltaTable, partition: &str, files: &[&Held], now: i64) -> Result<Option<Merge>> {
    let mut batches = Vec::new();
    for file in files {
        batches.extend(read(open.object_store(), table, &Path::from(file.path.as_str()), file.size, &[]).await?);
    }
    let names = |schema: &Schema| schema.fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>();
    let expected = names(&table.file_schema());
    if batches.iter().any(|batch| names(&batch.schema()) != expected) {
        tracing::info!(table = table.name(), partition, "files with other columns are left as they are");
        return Ok(None);
    }
    let encoded = crate::parquet_file::encode(table, &Merged::new(table, batches)?)?;
    let mut add = stage(open.object_store().as_ref(), table, partition, encoded, now).await?;
    reach(Point::Merged(table));
    add.data_change = false;
    Ok(Some(Merge { gone: files.iter().map(|file| file.path.clone()).collect(), add }))
}

/// Deletes the files that were taken out of the log before `keep` ago.
async fn sweep(table: Table, open: &mut DeltaTable, keep: std::time::Duration, now: i64) -> Result<u64> {
    let failed = |source: crate::error::BoxError| Error::Commit { table: table.name(), source };
    let keep = chrono::Duration::from_std(keep).map_err(|error| failed(error.into()))?;
    let vacuum = open.clone().vacuum().with_retention_period(keep).with_enforce_retention_duration(false);
    let (swept, metrics) = vacuum.with_clock(std::sync::Arc::new(At(now / 1_000))).await.map_err(|error| failed(error.into()))?;
    *open = swept;
    Ok(metrics.files_deleted.len() as u64)
}

/// The time that the caller gave, in milliseconds since 1970.
#[derive(Debug)]
struct At(i64);

impl deltalake::operations::vacuum::Clock for At {
    fn current_timestamp_millis(&self) -> i64 {
        self.0
    }
}
