//! Rows of a user's query as text and as JSON.

use crate::error::{Error, Result};
use crate::reader::Reader;
use crate::report::ReportSpan;
use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _, RecordBatch, StringViewArray};
use datafusion::arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType};
use datafusion::arrow::json::WriterBuilder;
use datafusion::arrow::json::writer::LineDelimited;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::dataframe::DataFrame;
use event::time::{micros, rfc3339};
use futures::StreamExt as _;
use std::fmt::Write as _;

/// What a query brought.
#[derive(Debug, Default)]
pub struct SqlRows {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Values as text; `None` for null.
    pub rows: Vec<Vec<Option<String>>>,
    /// The same as JSON objects, for a user's query.
    pub json: Vec<Box<serde_json::value::RawValue>>,
    /// Whether there were more than asked for.
    pub truncated: bool,
}

impl Reader {
    /// Runs a user's query; `span` is what it may name as `$since`, `$until`, `$trend` and `$version`.
    ///
    /// # Errors
    /// Where it is no query, a wrong one, or needs more memory than a query may have.
    pub async fn sql_rows(&self, text: &str, rows_max: usize, span: Option<ReportSpan>) -> Result<SqlRows> {
        collected(self.sql(text, span).await?, rows_max, true).await
    }
}

/// The rows of a query, up to a number of them; as JSON too where that is wanted, which costs more than the rest.
pub(crate) async fn collected(frame: DataFrame, rows_max: usize, json: bool) -> Result<SqlRows> {
    let mut found = SqlRows { columns: frame.schema().fields().iter().map(|field| field.name().clone()).collect(), ..SqlRows::default() };
    let mut stream = frame.execute_stream().await?;
    while let Some(batch) = stream.next().await {
        let batch = batch?;
        let room = rows_max - found.rows.len();
        found.truncated = batch.num_rows() > room;
        let batch = batch.slice(0, batch.num_rows().min(room));
        append(&mut found, &batch)?;
        if json {
            append_json(&mut found, &batch)?;
        }
        if found.truncated {
            break;
        }
    }
    Ok(found)
}

/// The first rows of a query that sorts none, by time, event and account, and no more in memory than twice as many.
pub(crate) async fn first_by_time(frame: DataFrame, rows_max: usize) -> Result<SqlRows> {
    let columns: Vec<String> = frame.schema().fields().iter().map(|field| field.name().clone()).collect();
    let [time, id, account] = ["event_time", "event_id", "account_id"].map(|name| columns.iter().position(|column| column == name));
    let value = |row: &[Option<String>], place: Option<usize>| row.get(place?).cloned().flatten();
    let keep_first = |found: &mut SqlRows| {
        found.rows.sort_by_cached_key(|row| (value(row, time).and_then(|time| micros(&time)), value(row, id), value(row, account)));
        found.truncated |= found.rows.len() > rows_max;
        found.rows.truncate(rows_max);
    };
    let mut found = SqlRows { columns, ..SqlRows::default() };
    let mut stream = frame.execute_stream().await?;
    while let Some(batch) = stream.next().await {
        append(&mut found, &batch?)?;
        if found.rows.len() > 2 * rows_max {
            keep_first(&mut found);
        }
    }
    keep_first(&mut found);
    Ok(found)
}

fn append(found: &mut SqlRows, batch: &RecordBatch) -> Result<()> {
    let failed = |error: datafusion::arrow::error::ArrowError| Error::Query { source: error.into() };
    let options = FormatOptions::default().with_timestamp_tz_format(Some("%Y-%m-%dT%H:%M:%S%.fZ"));
    let formatters = batch
        .columns()
        .iter()
        .map(|column| ArrayFormatter::try_new(column, &options))
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(failed)?;
    let texts: Vec<Option<&StringViewArray>> = batch.columns().iter().map(|column| column.as_string_view_opt()).collect();
    let mut text = String::new();
    for row in 0..batch.num_rows() {
        let mut values = Vec::with_capacity(batch.num_columns());
        for ((column, formatter), shown) in batch.columns().iter().zip(&formatters).zip(&texts) {
            if column.is_null(row) {
                values.push(None);
                continue;
            }
            // Nearly all is text already.
            if let Some(shown) = shown {
                values.push(Some(shown.value(row).to_owned()));
                continue;
            }
            if let Some(time) = whole_second(column, row) {
                values.push(Some(time));
                continue;
            }
            text.clear();
            write!(text, "{}", formatter.value(row)).map_err(|error| Error::Query { source: error.into() })?;
            // A copy is as long as the text; what was written into may be twice that.
            values.push(Some(text.clone()));
        }
        found.rows.push(values);
    }
    Ok(())
}

/// A time of whole seconds, as nearly all are, written as the formatter would.
fn whole_second(column: &ArrayRef, row: usize) -> Option<String> {
    let DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) = column.data_type() else { return None };
    let time = column.as_primitive_opt::<TimestampMicrosecondType>()?.value(row);
    // What both can write: from year 1, and to the last that every zone has in year 9999.
    let (first, last) = (-62_135_596_800_000_000, 253_402_207_200_000_000);
    (zone.as_ref() == "UTC" && time % 1_000_000 == 0 && (first..=last).contains(&time)).then(|| rfc3339(time))
}

fn append_json(found: &mut SqlRows, batch: &RecordBatch) -> Result<()> {
    let failed = |error: datafusion::arrow::error::ArrowError| Error::Query { source: error.into() };
    let mut writer = WriterBuilder::new().with_explicit_nulls(true).build::<_, LineDelimited>(Vec::new());
    writer.write(batch).map_err(failed)?;
    writer.finish().map_err(failed)?;
    for line in writer.into_inner().split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        found.json.push(serde_json::from_slice(line).map_err(|error| Error::Query { source: error.into() })?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::prelude::SessionContext;

    #[tokio::test]
    async fn times_and_texts_are_written_as_arrow_writes_them() {
        let text = "SELECT arrow_cast(t, 'Timestamp(Microsecond, Some(\"UTC\"))') AS time, arrow_cast(CAST(t AS VARCHAR), 'Utf8View') AS shown, t AS number
                    FROM (VALUES (0), (NULL), (1794978131000000), (1794978131000001), (-1), (-1000000), (-62135596800000000), (253402300799000000)) AS v (t)";
        let batches = SessionContext::new().sql(text).await.unwrap().collect().await.unwrap();
        let mut found = SqlRows::default();
        batches.iter().for_each(|batch| append(&mut found, batch).unwrap());
        let options = FormatOptions::default().with_timestamp_tz_format(Some("%Y-%m-%dT%H:%M:%S%.fZ"));
        let expected = batches.iter().flat_map(|batch| {
            let texts = batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect::<Vec<_>>();
            let value = |row: usize, place: usize| batch.column(place).is_valid(row).then(|| texts[place].value(row).to_string());
            (0..batch.num_rows()).map(|row| (0..3).map(|place| value(row, place)).collect::<Vec<_>>()).collect::<Vec<_>>()
        });
        assert_eq!(found.rows, expected.collect::<Vec<_>>());
        assert!(found.rows.iter().flatten().flatten().any(|value| value == "2026-11-18T05:02:11Z"), "{:?}", found.rows);
    }

    #[tokio::test]
    async fn the_first_rows_are_kept_whatever_came_first() {
        let text = "SELECT * FROM (VALUES ('2026-11-18T05:00:02Z', 'b', '1'), ('2026-11-18T05:00:01.5Z', 'c', '1'), ('2026-11-18T05:00:02Z', 'a', '2'),
                    ('2026-11-18T05:00:02Z', 'a', '1'), ('2026-11-18T05:00:01Z', 'd', '1')) AS t (event_time, event_id, account_id)";
        let context = SessionContext::new();
        for (rows_max, expected, truncated) in
            [(9, vec!["d1", "c1", "a1", "a2", "b1"], false), (5, vec!["d1", "c1", "a1", "a2", "b1"], false), (2, vec!["d1", "c1"], true)]
        {
            let found = first_by_time(context.sql(text).await.unwrap(), rows_max).await.unwrap();
            let named = found.rows.iter().map(|row| format!("{}{}", row[1].as_deref().unwrap(), row[2].as_deref().unwrap()));
            assert_eq!((named.collect::<Vec<_>>(), found.truncated), (expected.into_iter().map(str::to_owned).collect(), truncated));
        }
    }
}
