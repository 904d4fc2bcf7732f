//! Rows of a user's query as text and as JSON.

use crate::error::{Error, Result};
use crate::reader::Reader;
use crate::report::ReportSpan;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::json::WriterBuilder;
use datafusion::arrow::json::writer::LineDelimited;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::dataframe::DataFrame;
use futures::StreamExt as _;

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

fn append(found: &mut SqlRows, batch: &RecordBatch) -> Result<()> {
    let failed = |error: datafusion::arrow::error::ArrowError| Error::Query { source: error.into() };
    let options = FormatOptions::default().with_timestamp_tz_format(Some("%Y-%m-%dT%H:%M:%S%.fZ"));
    let formatters = batch
        .columns()
        .iter()
        .map(|column| ArrayFormatter::try_new(column, &options))
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(failed)?;
    for row in 0..batch.num_rows() {
        let values = batch
            .columns()
            .iter()
            .zip(&formatters)
            .map(|(column, formatter)| (!column.is_null(row)).then(|| formatter.value(row).to_string()));
        found.rows.push(values.collect());
    }
    Ok(())
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
