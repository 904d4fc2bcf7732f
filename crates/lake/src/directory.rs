//! Snapshots of the company's directory: entries in, rows of `directory` out, and back.
//!
//! Every snapshot is kept whole under its own time, so that a user who left, or was renamed, is found as of any day. Appended only: a
//! snapshot that is there already, from the same place, time and content, is not written again.

use crate::error::{Error, Result, read_error};
use crate::parquet_file::{encode, text_column};
use crate::point::PointReader;
use crate::rows::{chosen, day_of};
use crate::schema::Table;
use crate::table::{Attempt, Lake, commit, files, read, stage};
use crate::writer::{ATTEMPTS_MAX, day_text};
use arrow::array::{Array as _, ArrayRef, AsArray as _, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::TimestampMicrosecondType;
use deltalake::DeltaTable;
use deltalake::kernel::Action;
use identity::{Entry, EntryKind};
use sha2::Digest as _;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What a place listed at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Address of the file, or `directory://` for AWS's own answers.
    pub object: String,
    /// SHA-256 of what was read, in hexadecimal.
    pub sha256: String,
    /// As of when: microseconds since 1970.
    pub as_of: i64,
    /// What it lists.
    pub entries: Vec<Entry>,
}

impl Snapshot {
    /// What `entries` were read from: `content`.
    pub fn new(object: &str, content: &[u8], as_of: i64, entries: Vec<Entry>) -> Self {
        Self { object: object.to_owned(), sha256: crate::hex(&sha2::Sha256::digest(content)), as_of, entries }
    }
}

/// Text columns of `directory`, in order.
pub(crate) const COLUMNS: [&str; 14] = [
    "kind",
    "id",
    "identity_store_id",
    "name",
    "display_name",
    "email",
    "status",
    "account_id",
    "target_id",
    "principal_type",
    "principal_id",
    "object",
    "sha256",
    "run_id",
];

/// Appends the snapshots that are not there yet; how many those were.
///
/// # Errors
/// Where the table cannot be made, read or committed to.
pub async fn append(lake: &Lake, snapshots: &[Snapshot], run_id: &str, now: i64) -> Result<usize> {
    let mut open = lake.open_or_create(Table::Directory).await?;
    for _ in 0..ATTEMPTS_MAX {
        let mut held = held(&open, snapshots).await?;
        let fresh: Vec<&Snapshot> = snapshots.iter().filter(|snapshot| held.insert(name(snapshot))).collect();
        let mut actions = Vec::new();
        for snapshot in fresh.iter().filter(|snapshot| !snapshot.entries.is_empty()) {
            let encoded = encode(Table::Directory, &batch(snapshot, run_id)?)?;
            let day = day_text(day_of(snapshot.as_of));
            actions.push(Action::Add(stage(open.object_store().as_ref(), Table::Directory, &day, encoded, now).await?));
        }
        if actions.is_empty() || commit(Table::Directory, &mut open, actions, None, Default::default()).await? != Attempt::Lost {
            return Ok(fresh.len());
        }
        open.update_state().await.map_err(|error| read_error(Table::Directory.name())(error.into()))?;
    }
    Err(Error::Contended { attempts: ATTEMPTS_MAX })
}

/// Every account that a snapshot ever listed.
pub(crate) async fn accounts(open: &DeltaTable) -> Result<BTreeSet<String>> {
    let reader = PointReader::new(Table::Directory, open.clone())?;
    let listed = reader.directory(EntryKind::Account, &BTreeSet::new(), &BTreeSet::new()).await?;
    Ok(listed.into_iter().map(|(_, entry)| entry.id).collect())
}

/// What tells a snapshot from others.
type Name = (String, String, i64);

fn name(snapshot: &Snapshot) -> Name {
    (snapshot.object.clone(), snapshot.sha256.clone(), snapshot.as_of)
}

/// The snapshots of the same days that the table has.
async fn held(open: &DeltaTable, snapshots: &[Snapshot]) -> Result<BTreeSet<Name>> {
    let days: BTreeSet<String> = snapshots.iter().map(|snapshot| day_text(day_of(snapshot.as_of))).collect();
    let mut held = BTreeSet::new();
    for (path, size) in files(Table::Directory, open, |day| days.contains(day))? {
        for batch in read(open.object_store(), Table::Directory, &path, size, &["snapshot_time", "object", "sha256"]).await? {
            let (object, sha256) = (text_column(Table::Directory, &batch, "object")?, text_column(Table::Directory, &batch, "sha256")?);
            let times = times(&batch)?;
            held.extend((0..batch.num_rows()).map(|row| (object.value(row).to_owned(), sha256.value(row).to_owned(), times.value(row))));
        }
    }
    Ok(held)
}

fn times(batch: &RecordBatch) -> Result<&arrow::array::PrimitiveArray<TimestampMicrosecondType>> {
    let missing = || Error::Read { table: "directory", source: "column snapshot_time is missing or no time".into() };
    batch.column_by_name("snapshot_time").and_then(|column| column.as_primitive_opt()).ok_or_else(missing)
}

/// The rows of a snapshot, by kind and id, by which they are looked up.
fn batch(snapshot: &Snapshot, run_id: &str) -> Result<RecordBatch> {
    let mut entries: Vec<&Entry> = snapshot.entries.iter().collect();
    entries.sort();
    let text = |value: fn(&Entry) -> Option<&str>| chosen(entries.iter().map(|entry| value(entry)));
    let same = |value: &str| -> ArrayRef { Arc::new(entries.iter().map(|_| Some(value)).collect::<StringArray>()) };
    let time = TimestampMicrosecondArray::from(vec![snapshot.as_of; entries.len()]).with_timezone("UTC");
    let columns: Vec<ArrayRef> = vec![
        Arc::new(time),
        text(|entry| Some(entry.kind.word())),
        text(|entry| Some(&entry.id)),
        text(|entry| entry.identity_store_id.as_deref()),
        text(|entry| entry.name.as_deref()),
        text(|entry| entry.display_name.as_deref()),
        text(|entry| entry.email.as_deref()),
        text(|entry| entry.status.as_deref()),
        text(|entry| entry.account_id.as_deref()),
        text(|entry| entry.target_id.as_deref()),
        text(|entry| entry.principal_type.as_deref()),
        text(|entry| entry.principal_id.as_deref()),
        same(&snapshot.object),
        same(&snapshot.sha256),
        same(run_id),
    ];
    RecordBatch::try_new(Table::Directory.file_schema(), columns)
        .map_err(|error| Error::Write { table: Table::Directory.name(), source: error.into() })
}

/// Rows of `directory` read back: each entry, and the time of its snapshot.
pub(crate) fn entries(batch: &RecordBatch) -> Result<Vec<(i64, Entry)>> {
    let columns = COLUMNS.iter().take(11).map(|name| text_column(Table::Directory, batch, name)).collect::<Result<Vec<_>>>()?;
    let times = times(batch)?;
    let at = |index: usize, row: usize| {
        let column = columns.get(index)?;
        column.is_valid(row).then(|| column.value(row).to_owned())
    };
    let entry = |row: usize| {
        let kind = EntryKind::from_word(&at(0, row)?)?;
        let entry = Entry {
            kind,
            id: at(1, row).unwrap_or_default(),
            identity_store_id: at(2, row),
            name: at(3, row),
            display_name: at(4, row),
            email: at(5, row),
            status: at(6, row),
            account_id: at(7, row),
            target_id: at(8, row),
            principal_type: at(9, row),
            principal_id: at(10, row),
        };
        Some((times.value(row), entry))
    };
    Ok((0..batch.num_rows()).filter_map(entry).collect())
}
