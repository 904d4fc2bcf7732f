//! Objects by number, and rejects by reason.

use super::pages::pages;
use super::{PointReader, Sought, time_column};
use crate::error::Result;
use crate::parquet_file::{number_column, text_column};
use crate::rows::LOOKED_UP;
use crate::schema::Table;
use arrow::array::{Array as _, BooleanArray, RecordBatch};
use parquet::file::metadata::ParquetMetaData;
use std::collections::BTreeSet;
use std::sync::Arc;

impl PointReader {
    /// Reads the named columns of the objects with these numbers.
    ///
    /// # Errors
    /// Where a file cannot be read.
    pub async fn objects_numbered(&self, numbers: &BTreeSet<i64>, columns: &[&str]) -> Result<Vec<RecordBatch>> {
        let select = |metadata: &ParquetMetaData| {
            Some(pages(metadata, "object_id", |page| page.may_hold_number(|low, high| numbers.range(low..=high).next().is_some())))
        };
        let wanted = numbers.clone();
        let sought = Sought {
            may_hold: &|_| true,
            any_of: Vec::new(),
            pages: &select,
            asked: &["object_id"],
            is_wanted: Arc::new(move |batch| {
                let held = number_column(Table::Objects, batch, "object_id")?;
                Ok((0..batch.num_rows()).map(|row| Some(held.is_valid(row) && wanted.contains(&held.value(row)))).collect())
            }),
            columns,
        };
        self.rows(&|_| true, &sought).await
    }

    /// Reads the named columns of a trail's objects that were read and hold events.
    ///
    /// # Errors
    /// Where a file cannot be read.
    pub async fn objects_read(&self, columns: &[&str]) -> Result<Vec<RecordBatch>> {
        let sought = Sought {
            may_hold: &|_| true,
            any_of: Vec::new(),
            pages: &|_| None,
            asked: &["kind", "state", "first_event_time"],
            is_wanted: Arc::new(move |batch| {
                let (kind, state) = (text_column(Table::Objects, batch, "kind")?, text_column(Table::Objects, batch, "state")?);
                let first = time_column(Table::Objects, batch, "first_event_time")?;
                let is_wanted = |row: usize| state.value(row) == "read" && kind.value(row) != LOOKED_UP && first.is_valid(row);
                Ok((0..batch.num_rows()).map(|row| Some(is_wanted(row))).collect())
            }),
            columns,
        };
        self.rows(&|_| true, &sought).await
    }

    /// Reads the named columns of the rejects of one reason.
    ///
    /// # Errors
    /// Where a file cannot be read.
    pub async fn rejects_of(&self, reason: &str, columns: &[&str]) -> Result<Vec<RecordBatch>> {
        let wanted = reason.to_owned();
        let sought = Sought {
            may_hold: &|_| true,
            any_of: Vec::new(),
            pages: &|_| None,
            asked: &["reason"],
            is_wanted: Arc::new(move |batch| {
                let held = text_column(Table::Rejects, batch, "reason")?;
                Ok((0..batch.num_rows()).map(|row| Some(held.is_valid(row) && held.value(row) == wanted)).collect::<BooleanArray>())
            }),
            columns,
        };
        self.rows(&|_| true, &sought).await
    }
}
