//! How fresh a lake is, from its own ledgers.

use crate::error::{Error, Result};
use crate::hits::{column, number, text};
use crate::reader::Reader;
use datafusion::arrow::array::{Array as _, AsArray as _, RecordBatch};
use datafusion::arrow::datatypes::TimestampMicrosecondType;
use event::time::rfc3339;
use lake::Table;
use serde::Serialize;
use std::collections::BTreeMap;

const DAY_MICROS: i64 = 86_400_000_000;

/// A source, an account and a region.
type Place = (String, String, String);

fn place(source: &str, account_id: &str, aws_region: &str) -> Place {
    (source.to_owned(), account_id.to_owned(), aws_region.to_owned())
}

/// The spans between days, which are in order.
fn between(days: &[i64]) -> Vec<(i64, i64)> {
    let next = days.iter().skip(1);
    let apart = days.iter().zip(next).filter(|(day, next)| **next - **day > 1);
    apart.map(|(day, next)| ((day + 1) * DAY_MICROS, next * DAY_MICROS)).collect()
}

/// A source's logs of one account and region.
#[derive(Debug, Clone, Serialize)]
pub struct SourceStatus {
    /// What comes before `AWSLogs/` in its objects' addresses, or their folder.
    pub source: String,
    /// Whose logs; empty where the address does not say.
    pub account_id: String,
    /// Of which region.
    pub aws_region: String,
    /// Log objects.
    pub objects: i64,
    /// Records read.
    pub records: i64,
    /// Records rejected.
    pub rejected: i64,
    /// Objects rejected whole, or that could not be read.
    pub unread: i64,
    /// The first event's time.
    pub first_event_time: Option<String>,
    /// The last event's time.
    pub last_event_time: Option<String>,
    /// From the last event until now.
    pub age_seconds: Option<i64>,
    /// From an object's last event to its delivery into its bucket, the median; not known of files.
    pub delay_seconds: Option<i64>,
    /// The same, which 95 of 100 objects do not exceed.
    pub delay_p95_seconds: Option<i64>,
    /// Spans of whole days, microseconds since 1970, between its first and its last event, of which it has none.
    #[serde(skip)]
    pub silences: Vec<(i64, i64)>,
}

/// The run that ended last.
#[derive(Debug, Clone, Serialize)]
pub struct LastRun {
    /// Its id.
    pub run_id: String,
    /// What it read.
    pub source: String,
    /// When it began.
    pub started: String,
    /// When it ended.
    pub ended: String,
}

fn time(batch: &RecordBatch, name: &str, row: usize) -> Result<Option<i64>> {
    let column = column(batch, name)?.as_primitive_opt::<TimestampMicrosecondType>();
    let column = column.ok_or_else(|| Error::Query { source: format!("column {name} has another type").into() })?;
    Ok(column.is_valid(row).then(|| column.value(row)))
}

impl Reader {
    /// Every source, account and region of which there are logs, and the run that ended last.
    ///
    /// # Errors
    /// Where the ledgers cannot be read.
    pub async fn status(&self) -> Result<(Vec<SourceStatus>, Option<LastRun>)> {
        self.need(&[Table::Objects, Table::Runs]).await?;
        let mut sources = Vec::new();
        let mut silences = self.silences().await?;
        for batch in self.run(include_str!("../../../queries/status/sources.sql"), Vec::new()).await? {
            let (source, account, region) = (text(&batch, "source")?, text(&batch, "account_id")?, text(&batch, "aws_region")?);
            let (objects, records) = (number(&batch, "objects")?, number(&batch, "records")?);
            let (rejected, unread) = (number(&batch, "rejected")?, number(&batch, "unread")?);
            let (delay, slow) = (number(&batch, "delay_seconds")?, number(&batch, "delay_p95_seconds")?);
            for row in 0..batch.num_rows() {
                let last = time(&batch, "last_event_time", row)?;
                sources.push(SourceStatus {
                    source: source.value(row).to_owned(),
                    account_id: account.value(row).to_owned(),
                    aws_region: region.value(row).to_owned(),
                    objects: objects.value(row),
                    records: records.value(row),
                    rejected: rejected.value(row),
                    unread: unread.value(row),
                    first_event_time: time(&batch, "first_event_time", row)?.map(rfc3339),
                    last_event_time: last.map(rfc3339),
                    age_seconds: last.map(|last| (self.now() - last) / 1_000_000),
                    delay_seconds: delay.is_valid(row).then(|| delay.value(row)),
                    delay_p95_seconds: slow.is_valid(row).then(|| slow.value(row)),
                    silences: silences.remove(&place(source.value(row), account.value(row), region.value(row))).unwrap_or_default(),
                });
            }
        }
        let mut last_run = None;
        for batch in self.run(include_str!("../../../queries/status/last_run.sql"), Vec::new()).await? {
            let (run_id, source) = (text(&batch, "run_id")?, text(&batch, "source")?);
            for row in 0..batch.num_rows() {
                let at = |name| time(&batch, name, row).map(|at| at.map(rfc3339).unwrap_or_default());
                let (run_id, source) = (run_id.value(row).to_owned(), source.value(row).to_owned());
                last_run = Some(LastRun { run_id, source, started: at("started")?, ended: at("ended")? });
            }
        }
        Ok((sources, last_run))
    }

    /// For each source, account and region the spans of days without an event.
    async fn silences(&self) -> Result<BTreeMap<Place, Vec<(i64, i64)>>> {
        let mut days: BTreeMap<Place, Vec<i64>> = BTreeMap::new();
        for batch in self.run(include_str!("../../../queries/status/days.sql"), Vec::new()).await? {
            let (source, account, region) = (text(&batch, "source")?, text(&batch, "account_id")?, text(&batch, "aws_region")?);
            let day = number(&batch, "day")?;
            for row in 0..batch.num_rows() {
                days.entry(place(source.value(row), account.value(row), region.value(row))).or_default().push(day.value(row));
            }
        }
        Ok(days.into_iter().map(|(place, days)| (place, between(&days))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_without_events_are_told_as_spans() {
        assert_eq!(between(&[]), []);
        assert_eq!(between(&[3, 4, 5]), []);
        assert_eq!(between(&[3, 5, 6, 10]), [(4 * DAY_MICROS, 5 * DAY_MICROS), (7 * DAY_MICROS, 10 * DAY_MICROS)]);
    }
}
