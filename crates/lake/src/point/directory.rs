//! Accounts and users of the directory's snapshots.

use super::pages::{bytes_of, pages};
use super::{PointReader, Sought, among};
use crate::directory::{self, COLUMNS};
use crate::error::Result;
use crate::parquet_file::text_column;
use crate::schema::Table;
use arrow::array::BooleanArray;
use identity::{Entry, EntryKind};
use parquet::file::metadata::ParquetMetaData;
use std::collections::BTreeSet;
use std::sync::Arc;

impl PointReader {
    /// Reads every snapshot's accounts, or its users: all accounts, and the users with one of `ids` or called by one of `names`; each with
    /// the time of its snapshot.
    ///
    /// # Errors
    /// Where a file cannot be read.
    pub async fn directory(&self, kind: EntryKind, ids: &BTreeSet<String>, names: &BTreeSet<String>) -> Result<Vec<(i64, Entry)>> {
        let word = kind.word().to_owned();
        let kinds = bytes_of([&word]);
        let wanted_ids = bytes_of(ids);
        let by_id = kind != EntryKind::Account && names.is_empty();
        let select = |metadata: &ParquetMetaData| {
            let of_kind = pages(metadata, "kind", |page| page.may_hold_text(&kinds));
            Some(if by_id { of_kind.intersection(&pages(metadata, "id", |page| page.may_hold_text(&wanted_ids))) } else { of_kind })
        };
        let (ids, names, all) = (ids.clone(), names.clone(), kind == EntryKind::Account);
        let columns: Vec<&str> = std::iter::once("snapshot_time").chain(COLUMNS).collect();
        let sought = Sought {
            may_hold: &|_| true,
            any_of: Vec::new(),
            pages: &select,
            asked: &["kind", "id", "name"],
            is_wanted: Arc::new(move |batch| {
                let text = |name| text_column(Table::Directory, batch, name);
                let held = text("kind")?;
                let (is_id, is_name) = (among(text("id")?, &ids), among(text("name")?, &names));
                let is_wanted = |row: usize| held.value(row) == kind.word() && (all || is_id(row) || is_name(row));
                Ok((0..batch.num_rows()).map(|row| Some(is_wanted(row))).collect::<BooleanArray>())
            }),
            columns: &columns,
        };
        let mut found = Vec::new();
        for batch in self.rows(&|_| true, &sought).await? {
            found.extend(directory::entries(&batch)?);
        }
        Ok(found)
    }
}
