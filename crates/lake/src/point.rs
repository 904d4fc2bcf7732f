//! A few events by account and time: no more is read than the pages in which they lie.
//!
//! Files of `events` are sorted by account and time, so that their page indexes tell where to look.

use crate::error::{Error, Result, read_error};
use crate::parquet_file::{milliseconds, text_column};
use crate::schema::Table;
use crate::writer::day_text;
use arrow::array::{AsArray as _, BooleanArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;
use arrow::error::ArrowError;
use deltalake::DeltaTable;
use futures::TryStreamExt as _;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowPredicateFn, ArrowReaderOptions, RowFilter, RowSelection};
use parquet::arrow::async_reader::ParquetRecordBatchStreamBuilder;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

/// Times, in microseconds since 1970, and the accounts whose events at them are wanted.
pub type Moments = BTreeSet<(i64, String)>;

/// Reads the named columns of the events of one day that happened at one of `moments`.
///
/// # Errors
/// Where a file cannot be read.
pub async fn events_at(events: &DeltaTable, day: i32, moments: &Moments, columns: &[&str]) -> Result<Vec<RecordBatch>> {
    let failed = |error: deltalake::DeltaTableError| read_error(Table::Events.name())(error.into());
    let partition = day_text(day);
    let state = events.snapshot().map_err(failed)?;
    let moments = Arc::new(moments.clone());
    let mut found = Vec::new();
    for file in state.log_data().iter() {
        let held = file.partition_values_map().remove(Table::Events.partition()).flatten();
        if held.as_deref() == Some(&partition) && may_hold(file.stats().as_deref(), &moments) {
            let size = u64::try_from(file.size()).unwrap_or(0);
            found.extend(read(events, &file.object_store_path(), size, &moments, columns).await?);
        }
    }
    Ok(found)
}

/// Whether a file's statistics in the log allow one of the moments; those that cannot be read allow all.
fn may_hold(statistics: Option<&str>, moments: &Moments) -> bool {
    let statistics: serde_json::Value = statistics.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let end = |which: &str| statistics.get(which)?.get("event_time")?.as_str().map(str::to_owned);
    let (Some(low), Some(high)) = (end("minValues"), end("maxValues")) else { return true };
    moments.iter().map(|(time, _)| milliseconds(*time)).any(|time| low <= time && time <= high)
}

#[expect(deprecated, reason = "the reader that replaces it is an example to copy, not yet a part of the library")]
async fn read(
    events: &DeltaTable,
    path: &object_store::path::Path,
    size: u64,
    moments: &Arc<Moments>,
    columns: &[&str],
) -> Result<Vec<RecordBatch>> {
    let failed = |error: parquet::errors::ParquetError| read_error(Table::Events.name())(error.into());
    let reader = parquet::arrow::async_reader::ParquetObjectReader::new(events.object_store(), path.clone()).with_file_size(size);
    let options = ArrowReaderOptions::new().with_page_index(true);
    let builder = ParquetRecordBatchStreamBuilder::new_with_options(reader, options).await.map_err(failed)?;
    let schema = builder.parquet_schema();
    let projection = ProjectionMask::columns(schema, columns.iter().copied());
    let asked = ProjectionMask::columns(schema, ["event_time", "recipient_account_id"]);
    let selection = selection(builder.metadata(), moments);
    let wanted = Arc::clone(moments);
    let filter = ArrowPredicateFn::new(asked, move |batch| is_wanted(&batch, &wanted));
    let rows = builder
        .with_row_selection(selection)
        .with_row_filter(RowFilter::new(vec![Box::new(filter)]))
        .with_projection(projection)
        .build()
        .map_err(failed)?;
    rows.try_collect().await.map_err(failed)
}

fn is_wanted(batch: &RecordBatch, moments: &Moments) -> Result<BooleanArray, ArrowError> {
    let external = |error: Error| ArrowError::ExternalError(Box::new(error));
    let accounts = text_column(Table::Events, batch, "recipient_account_id").map_err(external)?;
    let times = batch
        .column_by_name("event_time")
        .and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>())
        .ok_or_else(|| ArrowError::SchemaError("event_time is missing or no time".into()))?;
    let is_wanted = |row: usize| {
        let mut at = moments.range((times.value(row), String::new())..).take_while(|(time, _)| *time == times.value(row));
        Some(at.any(|(_, account)| account == accounts.value(row)))
    };
    Ok((0..batch.num_rows()).map(is_wanted).collect())
}

/// The pages whose least and greatest account and time allow one of the moments; all where a file has no such index.
fn selection(metadata: &ParquetMetaData, moments: &Moments) -> RowSelection {
    let accounts: BTreeSet<&[u8]> = moments.iter().map(|(_, account)| account.as_bytes()).collect();
    let of_time = |index: &ColumnIndexMetaData, page: usize| match index {
        ColumnIndexMetaData::INT64(index) => {
            let (low, high) = (index.min_value(page).copied().unwrap_or(i64::MIN), index.max_value(page).copied().unwrap_or(i64::MAX));
            moments.range((low, String::new())..).next().is_some_and(|(time, _)| *time <= high)
        }
        _ => true,
    };
    let of_account = |index: &ColumnIndexMetaData, page: usize| match index {
        ColumnIndexMetaData::BYTE_ARRAY(index) => match index.min_value(page).zip(index.max_value(page)) {
            Some((low, high)) => accounts.range(low..=high).next().is_some(),
            None => true,
        },
        _ => true,
    };
    pages(metadata, "event_time", of_time).intersection(&pages(metadata, "recipient_account_id", of_account))
}

/// The rows of the pages of a column that `keep` lets through.
pub(crate) fn pages(metadata: &ParquetMetaData, column: &str, keep: impl Fn(&ColumnIndexMetaData, usize) -> bool) -> RowSelection {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    let mut start = 0;
    for (group, rows) in metadata.row_groups().iter().enumerate() {
        let total = usize::try_from(rows.num_rows()).unwrap_or(0);
        let place = rows.columns().iter().position(|chunk| chunk.column_path().string() == column);
        let index = place.and_then(|place| metadata.column_index()?.get(group)?.get(place));
        let offsets = place.and_then(|place| metadata.offset_index()?.get(group)?.get(place));
        match index.zip(offsets) {
            Some((index, offsets)) => {
                let firsts: Vec<usize> =
                    offsets.page_locations().iter().map(|page| usize::try_from(page.first_row_index).unwrap_or(0)).collect();
                for (page, first) in firsts.iter().enumerate().filter(|(page, _)| keep(index, *page)) {
                    ranges.push(start + first..start + firsts.get(page + 1).copied().unwrap_or(total));
                }
            }
            None => ranges.push(start..start + total),
        }
        start += total;
    }
    RowSelection::from_consecutive_ranges(ranges.into_iter(), start)
}
