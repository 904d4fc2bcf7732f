//! Events by account and time.

use super::pages::{bytes_of, pages};
use super::{PointReader, Sought, Span, time_column};
use crate::error::Result;
use crate::parquet_file::{milliseconds, text_column};
use crate::schema::Table;
use crate::writer::day_text;
use arrow::array::{BooleanArray, RecordBatch};
use parquet::file::metadata::ParquetMetaData;
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

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
        let accounts: BTreeSet<&String> = moments.iter().map(|(_, account)| account).collect();
        let accounts = bytes_of(accounts);
        let times: BTreeSet<i64> = moments.iter().map(|(time, _)| *time).collect();
        let may_hold = |span: &Span<'_>| may_lie(span, &times);
        let select = |metadata: &ParquetMetaData| {
            let of_time = pages(metadata, "event_time", |page| page.may_hold_number(|low, high| times.range(low..=high).next().is_some()));
            let of_account = pages(metadata, "recipient_account_id", |page| page.may_hold_text(&accounts));
            Some(of_time.intersection(&of_account))
        };
        let wanted: HashSet<(i64, String)> = moments.iter().cloned().collect();
        let partition = day_text(day);
        let sought = Sought {
            may_hold: &may_hold,
            any_of: Vec::new(),
            pages: &select,
            asked: &["event_time", "recipient_account_id"],
            is_wanted: Arc::new(move |batch| {
                let (times, accounts) =
                    (time_column(Table::Events, batch, "event_time")?, text_column(Table::Events, batch, "recipient_account_id")?);
                let is_wanted = |row: usize| Some(wanted.contains(&(times.value(row), accounts.value(row).to_owned())));
                Ok((0..batch.num_rows()).map(is_wanted).collect())
            }),
            columns,
        };
        self.rows(&|held| held == partition, &sought).await
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
        let near = |low: i64, high: i64| {
            times.range(low.saturating_sub(COPY_SKEW_MICROS)..=high.saturating_add(COPY_SKEW_MICROS)).next().is_some()
        };
        let select = |metadata: &ParquetMetaData| Some(pages(metadata, "event_time", |page| page.may_hold_number(near)));
        let wanted = ids.clone();
        let partition = day_text(day);
        let sought = Sought {
            may_hold: &|_| true,
            any_of: vec![("event_id", ids.iter().map(String::as_str).collect())],
            pages: &select,
            asked: &["event_id"],
            is_wanted: Arc::new(move |batch| {
                let ids = text_column(Table::Events, batch, "event_id")?;
                Ok((0..batch.num_rows()).map(|row| Some(wanted.contains(ids.value(row)))).collect::<BooleanArray>())
            }),
            columns,
        };
        self.rows(&|held| held == partition, &sought).await
    }
}

/// Whether a file's statistics in the log allow one of the times; those that cannot be read allow all.
fn may_lie(span: &Span<'_>, times: &BTreeSet<i64>) -> bool {
    let Some((low, high)) = span.of("event_time") else { return true };
    times.iter().map(|time| milliseconds(*time)).any(|time| low <= time && time <= high)
}
