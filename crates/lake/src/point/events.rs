//! Events by account and time.

use super::period::day_number;
use super::sought::{Check, Clause, Sought, Test};
use super::{PointReader, time_column};
use crate::error::Result;
use crate::parquet_file::text_column;
use crate::schema::Table;
use crate::writer::day_text;
use arrow::array::RecordBatch;
use std::collections::BTreeSet;

/// By how much the copies of one call, or the records that the console and STS make of one switch, may differ in time.
const COPY_SKEW_MICROS: i64 = 60_000_000;

/// Times, in microseconds since 1970, and the accounts whose events at them are wanted.
pub type Moments = BTreeSet<(i64, String)>;

impl PointReader {
    /// Reads the named columns of the events of one day that happened at one of `moments`.
    ///
    /// # Errors
    /// Where a file cannot be read.
    pub async fn events_at(&self, day: i32, moments: &Moments, columns: &[&str]) -> Result<Vec<RecordBatch>> {
        let times = moments.iter().map(|(time, _)| *time).collect();
        let accounts = Clause::text("recipient_account_id", moments.iter().map(|(_, account)| account));
        let is_wanted = |batch: &RecordBatch| {
            let (times, accounts) =
                (time_column(Table::Events, batch, "event_time")?, text_column(Table::Events, batch, "recipient_account_id")?);
            let is_wanted = |row: usize| Some(moments.contains(&(times.value(row), accounts.value(row).to_owned())));
            Ok((0..batch.num_rows()).map(is_wanted).collect())
        };
        let partition = day_text(day);
        let sought = Sought {
            is_in: &|held| held == partition,
            any: vec![vec![Clause::new("event_time", Test::Number(times)), accounts]],
            check: Some(Check { columns: vec!["event_time", "recipient_account_id"], is_wanted: &is_wanted }),
            columns: columns.to_vec(),
            rows_max: usize::MAX,
        };
        self.rows(&sought).await
    }

    /// Reads the named columns of the events of one day with one of `ids`, whoever recorded them; each happened within a minute of one of
    /// `times`.
    ///
    /// # Errors
    /// Where a file cannot be read.
    pub async fn events_named(
        &self,
        day: i32,
        times: &BTreeSet<i64>,
        ids: &BTreeSet<String>,
        columns: &[&str],
    ) -> Result<Vec<RecordBatch>> {
        let partition = day_text(day);
        let sought = Sought {
            is_in: &|held| held == partition,
            any: vec![vec![Clause::of_pages("event_time", Test::Near(times.clone(), COPY_SKEW_MICROS)), Clause::text("event_id", ids)]],
            check: None,
            columns: columns.to_vec(),
            rows_max: usize::MAX,
        };
        self.rows(&sought).await
    }

    /// Reads the named columns of the events of some days with one of `names`, of whichever service.
    ///
    /// # Errors
    /// Where a file cannot be read.
    pub async fn events_called(
        &self,
        is_of_day: impl Fn(i32) -> bool + Sync,
        names: &BTreeSet<String>,
        columns: &[&str],
    ) -> Result<Vec<RecordBatch>> {
        let sought = Sought {
            is_in: &|held| day_number(held).is_some_and(&is_of_day),
            any: vec![vec![Clause::text("event_name", names)]],
            check: None,
            columns: columns.to_vec(),
            rows_max: usize::MAX,
        };
        self.rows(&sought).await
    }
}
