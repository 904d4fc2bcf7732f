//! Columns in, the bytes of a Parquet file and its statistics for the log out; and files back into columns.

use crate::error::{Error, Result, write_error};
use crate::schema::Table;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, TimestampMicrosecondType};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::schema::types::ColumnPath;
use serde_json::json;

/// Rows of a row group, at most.
const ROW_GROUP_ROWS: usize = 64 * 1024;
/// Rows of a page of `mentions`, at most: what one question reads at the least.
const PAGE_ROWS: usize = 4 * 1024;
/// Letters of a text statistic in the log, at most.
const STATISTIC_LETTERS_MAX: usize = 256;

fn properties(table: Table, rows: usize) -> Result<WriterProperties> {
    let level = ZstdLevel::try_new(1).map_err(|error| write_error(table.name())(error.into()))?;
    let mut builder = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_compression(Compression::ZSTD(level))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_data_page_row_count_limit(if table == Table::Mentions { PAGE_ROWS } else { 20_000 })
        .set_statistics_enabled(EnabledStatistics::Chunk);
    for column in table.unique_columns() {
        builder = builder.set_column_dictionary_enabled(ColumnPath::from(*column), false);
    }
    for column in table.bloom_columns() {
        let path = ColumnPath::from(*column);
        builder = builder.set_column_bloom_filter_enabled(path.clone(), true).set_column_bloom_filter_fpp(path.clone(), 0.01);
        builder = builder.set_column_bloom_filter_max_ndv(path, rows.clamp(64, ROW_GROUP_ROWS) as u64);
    }
    for column in ["key", "event_time", "access_key_id", "principal_id"] {
        builder = builder.set_column_statistics_enabled(ColumnPath::from(column), EnabledStatistics::Page);
    }
    Ok(builder.build())
}

/// The bytes of a file, and what the log says of it.
pub(crate) struct Encoded {
    pub(crate) bytes: Bytes,
    pub(crate) statistics: String,
}

/// Writes one file.
pub(crate) fn encode(table: Table, batch: &RecordBatch) -> Result<Encoded> {
    let failed = |error: parquet::errors::ParquetError| write_error(table.name())(error.into());
    let mut writer =
        ArrowWriter::try_new(Vec::with_capacity(1 << 20), batch.schema(), Some(properties(table, batch.num_rows())?)).map_err(failed)?;
    writer.write(batch).map_err(failed)?;
    Ok(Encoded { bytes: writer.into_inner().map_err(failed)?.into(), statistics: statistics(batch) })
}

/// Statistics of a file as the Delta protocol has them ("Per-file Statistics"): for times, and for text that is looked up.
fn statistics(batch: &RecordBatch) -> String {
    let mut min = serde_json::Map::new();
    let mut max = serde_json::Map::new();
    let mut nulls = serde_json::Map::new();
    for name in ["event_time", "key", "creation_date"] {
        let Some(column) = batch.column_by_name(name) else { continue };
        let ends = match column.data_type() {
            DataType::Timestamp(..) => {
                let times = column.as_primitive::<TimestampMicrosecondType>();
                arrow::compute::min(times)
                    .zip(arrow::compute::max(times))
                    .map(|(low, high)| (milliseconds(low), milliseconds(high.saturating_add(999))))
            }
            _ => {
                let texts = column.as_string::<i32>();
                arrow::compute::min_string(texts)
                    .zip(arrow::compute::max_string(texts))
                    .map(|(low, high)| (low.to_owned(), high.to_owned()))
            }
        };
        if let Some((low, high)) = ends.filter(|(low, high)| low.len() <= STATISTIC_LETTERS_MAX && high.len() <= STATISTIC_LETTERS_MAX) {
            min.insert(name.into(), low.into());
            max.insert(name.into(), high.into());
        }
        nulls.insert(name.into(), column.null_count().into());
    }
    json!({"numRecords": batch.num_rows(), "minValues": min, "maxValues": max, "nullCount": nulls}).to_string()
}

/// The protocol keeps times of statistics in milliseconds; the upper end is rounded up by the caller.
fn milliseconds(micros: i64) -> String {
    let whole = micros.div_euclid(1_000_000) * 1_000_000;
    let text = event::time::rfc3339(whole);
    format!("{}.{:03}Z", text.trim_end_matches('Z'), micros.rem_euclid(1_000_000) / 1_000)
}

/// A text column of a batch.
pub(crate) fn text_column<'a>(table: Table, batch: &'a RecordBatch, name: &str) -> Result<&'a arrow::array::StringArray> {
    batch
        .column_by_name(name)
        .and_then(|column| column.as_string_opt::<i32>())
        .ok_or_else(|| Error::Read { table: table.name(), source: format!("column {name} is missing or no text").into() })
}
