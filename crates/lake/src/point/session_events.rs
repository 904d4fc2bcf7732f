//! Events by the session that made the call.

use super::pages::pages;
use super::{PointReader, Sought, among, time_column};
use crate::error::Result;
use crate::parquet_file::text_column;
use crate::schema::Table;
use crate::writer::day_text;
use arrow::array::{BooleanArray, RecordBatch};
use parquet::file::metadata::ParquetMetaData;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

impl PointReader {
    /// Reads the named columns of the events of one day whose sessions are among `credential_ids`, at a time within `times` (microseconds
    /// since 1970).
    ///
    /// # Errors
    /// Where a file cannot be read.
    pub async fn events_of_sessions(
        &self,
        day: i32,
        credential_ids: &BTreeSet<String>,
        times: RangeInclusive<i64>,
        columns: &[&str],
    ) -> Result<Vec<RecordBatch>> {
        let (from, until) = (*times.start(), *times.end());
        let select = |metadata: &ParquetMetaData| {
            Some(pages(metadata, "event_time", |page| page.may_hold_number(|low, high| low <= until && from <= high)))
        };
        let wanted = credential_ids.clone();
        let partition = day_text(day);
        let sought = Sought {
            may_hold: &|_| true,
            any_of: vec![("credential_id", credential_ids.iter().map(String::as_str).collect())],
            pages: &select,
            asked: &["credential_id", "event_time"],
            is_wanted: Arc::new(move |batch| {
                let is_session = among(text_column(Table::Events, batch, "credential_id")?, &wanted);
                let held = time_column(Table::Events, batch, "event_time")?;
                let is_wanted = |row: usize| Some(is_session(row) && times.contains(&held.value(row)));
                Ok((0..batch.num_rows()).map(is_wanted).collect::<BooleanArray>())
            }),
            columns,
        };
        self.rows(&|held| held == partition, &sought).await
    }
}
