//! The ledger as whoever lists a bucket needs it: which places were read, which could not be, which are not listed any more.
//!
//! Places are kept as numbers, so that a million of them take some tens of megabytes. A number that two places share could only make one
//! look overwritten, or hide that one vanished; whether an object is read is never decided by it.

use crate::error::{Error, Result};
use crate::parquet_file::{number_column, text_column};
use crate::rows::object_identity;
use crate::schema::Table;
use crate::table::{Lake, files, read};
use arrow::array::{Array as _, RecordBatch};
use hashbrown::HashSet;
use std::collections::BTreeSet;
use xxhash_rust::xxh3::xxh3_64;

/// Objects that could not be read whose names are kept; those beyond are found by the lists of the following runs.
const UNREAD_MAX: usize = 10_000;

/// Objects that are not listed any more whose names are told.
const GONE_MAX: usize = 10_000;

/// Addresses, as numbers.
#[derive(Debug, Default)]
pub struct Places(HashSet<u64>);

impl Places {
    /// Adds an address; whether it is new.
    pub fn insert(&mut self, uri: &str) -> bool {
        self.0.insert(xxh3_64(uri.as_bytes()))
    }

    /// Whether it was added.
    pub fn contains(&self, uri: &str) -> bool {
        self.0.contains(&xxh3_64(uri.as_bytes()))
    }
}

/// What the ledger has seen.
#[derive(Debug, Default)]
pub struct Seen {
    read: Places,
    unread: BTreeSet<String>,
    identities: HashSet<u128>,
}

impl Seen {
    /// Whether an object at this address was read, whatever it held.
    pub fn was_read(&self, uri: &str) -> bool {
        self.read.contains(uri)
    }

    /// Addresses of objects that could not be read so far.
    pub fn unread(&self) -> impl Iterator<Item = &str> {
        self.unread.iter().map(String::as_str)
    }

    /// Whether this very object was read; known only if asked for.
    pub fn holds(&self, uri: &str, size: u64, etag: Option<&str>, modified: Option<i64>) -> bool {
        self.identities.contains(&object_identity(uri, size, etag, modified))
    }
}

impl Lake {
    /// What the ledger has of objects in buckets; `identities` is for those who have no [`crate::Writer`] to ask. Nothing where there is no
    /// lake.
    ///
    /// # Errors
    /// Where the ledger cannot be read.
    pub async fn seen(&self, identities: bool) -> Result<Seen> {
        let mut seen = Seen::default();
        let mut unread = BTreeSet::new();
        self.each_object(&["object", "state", "etag", "size", "modified"], &mut |batch| {
            let text = |name| text_column(Table::Objects, batch, name);
            let number = |name| number_column(Table::Objects, batch, name);
            let (object, state, etag) = (text("object")?, text("state")?, text("etag")?);
            let (size, modified) = (number("size")?, number("modified")?);
            for row in 0..batch.num_rows() {
                let uri = object.value(row);
                if identities && state.value(row) != "unreadable" {
                    let etag = etag.is_valid(row).then(|| etag.value(row));
                    let modified = modified.is_valid(row).then(|| modified.value(row));
                    let size = u64::try_from(size.value(row)).unwrap_or(0);
                    seen.identities.insert(object_identity(uri, size, etag, modified));
                }
                if !uri.starts_with("s3://") {
                    continue;
                }
                if state.value(row) != "unreadable" {
                    seen.read.insert(uri);
                } else if unread.len() < UNREAD_MAX {
                    unread.insert(uri.to_owned());
                }
            }
            Ok(())
        })
        .await?;
        unread.retain(|uri| !seen.was_read(uri));
        seen.unread = unread;
        Ok(seen)
    }

    /// How many objects were read, are meant, and are not among those listed; and the addresses of the first of them.
    ///
    /// # Errors
    /// Where the ledger cannot be read.
    pub async fn not_listed(&self, is_meant: &(dyn Fn(&str) -> bool + Sync), listed: &Places) -> Result<(u64, BTreeSet<String>)> {
        let (mut gone, mut places, mut count) = (BTreeSet::new(), Places::default(), 0);
        self.each_object(&["object", "state"], &mut |batch| {
            let (object, state) = (text_column(Table::Objects, batch, "object")?, text_column(Table::Objects, batch, "state")?);
            for row in (0..batch.num_rows()).filter(|row| state.value(*row) != "unreadable") {
                let uri = object.value(row);
                if !listed.contains(uri) && is_meant(uri) && places.insert(uri) {
                    count += 1;
                    if gone.len() < GONE_MAX {
                        gone.insert(uri.to_owned());
                    }
                }
            }
            Ok(())
        })
        .await?;
        Ok((count, gone))
    }

    async fn each_object(&self, columns: &[&str], take: &mut (dyn FnMut(&RecordBatch) -> Result<()> + Send)) -> Result<()> {
        let open = match self.open(Table::Objects).await {
            Ok(open) => open,
            Err(Error::Absent { .. }) => return Ok(()),
            Err(error) => return Err(error),
        };
        for (path, size) in files(Table::Objects, &open, |_| true)? {
            for batch in read(open.object_store(), Table::Objects, &path, size, columns).await? {
                take(&batch)?;
            }
        }
        Ok(())
    }
}
