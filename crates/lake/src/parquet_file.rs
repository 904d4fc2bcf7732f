//! Columns in, the bytes of a Parquet file and its statistics for the log out; and files back into columns.

use crate::columns::Columns;
use crate::error::{Error, Result, write_error};
use crate::schema::Table;
use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch};
use arrow::datatypes::{DataType, Int64Type, TimestampMicrosecondType, UInt32Type};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::compute_leaves;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::schema::types::ColumnPath;
use serde_json::json;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Rows of a row group, at most.
const ROW_GROUP_ROWS: usize = 64 * 1024;
/// Bytes of text of a row group, at most but for its last row: a column's text must stay under 2 GiB.
const ROW_GROUP_BYTES: usize = 256 << 20;
/// Bytes of a column's dictionary, at most: those of `userIdentity` are long, and come a thousand times.
const DICTIONARY_BYTES: usize = 8 << 20;
/// Letters of a text statistic in the log, at most.
const STATISTIC_LETTERS_MAX: usize = 256;

fn properties(table: Table, rows: usize) -> Result<WriterProperties> {
    let compression = match table {
        // Read for every answer, a page here and there of some fifty columns: each would need a context of its own.
        Table::Credentials => Compression::LZ4_RAW,
        _ => Compression::ZSTD(ZstdLevel::try_new(1).map_err(|error| write_error(table.name())(error.into()))?),
    };
    let mut builder = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_compression(compression)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_data_page_row_count_limit(table.page_rows())
        .set_dictionary_page_size_limit(DICTIONARY_BYTES)
        .set_statistics_enabled(EnabledStatistics::None);
    for column in table.unique_columns() {
        builder = builder.set_column_dictionary_enabled(path_of(column), false);
    }
    let schema = table.file_schema();
    for column in table.rising_columns() {
        let is_text = schema.field_with_name(column).is_ok_and(|field| *field.data_type() == DataType::Utf8);
        let encoding = if is_text { Encoding::DELTA_BYTE_ARRAY } else { Encoding::DELTA_BINARY_PACKED };
        builder = builder.set_column_dictionary_enabled(path_of(column), false).set_column_encoding(path_of(column), encoding);
    }
    for column in table.bloom_columns() {
        let path = ColumnPath::from(*column);
        builder = builder.set_column_bloom_filter_enabled(path.clone(), true).set_column_bloom_filter_fpp(path.clone(), 0.01);
        builder = builder.set_column_bloom_filter_max_ndv(path, rows.clamp(64, ROW_GROUP_ROWS) as u64);
    }
    for column in table.sorted_columns() {
        builder = builder.set_column_statistics_enabled(ColumnPath::from(*column), EnabledStatistics::Page);
    }
    Ok(builder.build())
}

/// A column's path in a file, by its parts.
fn path_of(column: &str) -> ColumnPath {
    ColumnPath::from(column.split('.').map(str::to_owned).collect::<Vec<_>>())
}

/// The bytes of a file, and what the log says of it.
pub(crate) struct Encoded {
    pub(crate) bytes: Bytes,
    pub(crate) statistics: String,
}

/// Writes one file, a column of a row group at a time.
pub(crate) fn encode(table: Table, columns: &dyn Columns) -> Result<Encoded> {
    let failed = |error: parquet::errors::ParquetError| write_error(table.name())(error.into());
    let schema = table.file_schema();
    let writer = ArrowWriter::try_new(Vec::with_capacity(1 << 16), Arc::clone(&schema), Some(properties(table, columns.rows())?));
    let (mut file, groups) = writer.and_then(ArrowWriter::into_serialized_writer).map_err(failed)?;
    let mut statistics = Statistics::default();
    for (index, rows) in row_groups(columns).enumerate() {
        let mut leaves = groups.create_column_writers(index).map_err(failed)?.into_iter();
        let mut group = file.next_row_group().map_err(failed)?;
        for (index, field) in schema.fields().iter().enumerate() {
            let values = columns.column(index, rows.clone()).map_err(|error| write_error(table.name())(error.into()))?;
            statistics.add(field.name(), &values);
            // Text may come as numbers that point to its values.
            let field = field.as_ref().clone().with_data_type(values.data_type().clone());
            for leaf in compute_leaves(&field, &values).map_err(failed)? {
                let mut writer = leaves.next().ok_or_else(|| write_error(table.name())("a column has no writer".into()))?;
                writer.write(&leaf).map_err(failed)?;
                writer.close().and_then(|chunk| chunk.append_to_row_group(&mut group)).map_err(failed)?;
            }
        }
        group.close().map_err(failed)?;
    }
    let rows = columns.rows();
    Ok(Encoded { bytes: file.into_inner().map_err(failed)?.into(), statistics: statistics.json(rows) })
}

/// Cuts a file's rows into groups.
fn row_groups(columns: &dyn Columns) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let (mut end, mut bytes) = (start, 0);
        while end < columns.rows() && end - start < ROW_GROUP_ROWS && bytes < ROW_GROUP_BYTES {
            bytes += columns.bytes_of(end);
            end += 1;
        }
        let rows = start..end;
        start = end;
        (!rows.is_empty()).then_some(rows)
    })
}

/// Statistics of a file as the Delta protocol has them ("Per-file Statistics"): for times, and for text that is looked up.
#[derive(Default)]
struct Statistics {
    times: BTreeMap<String, (i64, i64)>,
    texts: BTreeMap<String, (String, String)>,
    nulls: BTreeMap<String, usize>,
}

impl Statistics {
    fn add(&mut self, name: &str, column: &ArrayRef) {
        if !matches!(name, "event_time" | "key" | "creation_date" | "fact") {
            return;
        }
        *self.nulls.entry(name.to_owned()).or_default() += column.null_count();
        if let DataType::Timestamp(..) = column.data_type() {
            let times = column.as_primitive::<TimestampMicrosecondType>();
            if let Some((low, high)) = arrow::compute::min(times).zip(arrow::compute::max(times)) {
                let held = self.times.entry(name.to_owned()).or_insert((low, high));
                *held = (held.0.min(low), held.1.max(high));
            }
            return;
        }
        let Some((low, high)) = text_span(column) else { return };
        let held = self.texts.entry(name.to_owned()).or_insert_with(|| (low.to_owned(), high.to_owned()));
        if low < held.0.as_str() {
            low.clone_into(&mut held.0);
        }
        if high > held.1.as_str() {
            high.clone_into(&mut held.1);
        }
    }

    fn json(self, rows: usize) -> String {
        let times = self.times.into_iter().map(|(name, (low, high))| (name, milliseconds(low), milliseconds(high.saturating_add(999))));
        let texts = self.texts.into_iter().map(|(name, (low, high))| (name, low, high));
        let (mut min, mut max) = (serde_json::Map::new(), serde_json::Map::new());
        for (name, low, high) in times.chain(texts) {
            if low.len() <= STATISTIC_LETTERS_MAX && high.len() <= STATISTIC_LETTERS_MAX {
                min.insert(name.clone(), low.into());
                max.insert(name, high.into());
            }
        }
        json!({"numRecords": rows, "minValues": min, "maxValues": max, "nullCount": self.nulls}).to_string()
    }
}

/// The least and the greatest text of a column.
fn text_span(column: &ArrayRef) -> Option<(&str, &str)> {
    let Some(numbers) = column.as_dictionary_opt::<UInt32Type>() else {
        let texts = column.as_string_opt::<i32>()?;
        return arrow::compute::min_string(texts).zip(arrow::compute::max_string(texts));
    };
    let values = numbers.values().as_string_opt::<i32>()?;
    let mut numbers: Vec<u32> = numbers.keys().iter().flatten().collect();
    numbers.dedup();
    let texts = || numbers.iter().map(|number| values.value(*number as usize));
    texts().min().zip(texts().max())
}

/// The protocol keeps times of statistics in milliseconds; the upper end is rounded up by the caller.
pub(crate) fn milliseconds(micros: i64) -> String {
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

/// A column of whole numbers of a batch.
pub(crate) fn number_column<'a>(table: Table, batch: &'a RecordBatch, name: &str) -> Result<&'a Int64Array> {
    batch
        .column_by_name(name)
        .and_then(|column| column.as_primitive_opt::<Int64Type>())
        .ok_or_else(|| Error::Read { table: table.name(), source: format!("column {name} is missing or no number").into() })
}
