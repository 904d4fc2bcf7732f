//! Columns in, the bytes of a Parquet file and its statistics for the log out; and files back into columns.

mod chunk;
mod delta;
mod hybrid;
mod leaf;
mod page;

use crate::columns::Columns;
use crate::error::{Error, Result, write_error};
use crate::schema::Table;
use arrow::array::{AsArray, Int64Array, RecordBatch};
use arrow::datatypes::{Int64Type, SchemaRef};
use bytes::Bytes;
use chunk::{Chunk, Codec, Form, OwnSpan, Wanted};
#[cfg(test)]
use chunk::{above, cut, stored};
use leaf::{Leaf, Source};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::{ArrowSchemaConverter, ArrowWriter};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::schema::types::ColumnDescPtr;
use serde_json::json;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Rows of a row group, at most.
pub(crate) const ROW_GROUP_ROWS: usize = 64 * 1024;
/// Bytes of text of a row group, at most but for its last row: a column's text must stay under 2 GiB.
const ROW_GROUP_BYTES: usize = 256 << 20;
/// Letters of a text statistic in the log, at most.
const STATISTIC_LETTERS_MAX: usize = 256;
/// Columns of which the log knows the least and the greatest value of a file.
const NOTED: [&str; 4] = ["event_time", "key", "creation_date", "fact"];
/// The column of `events` that tells the version in which a row came.
const VERSION: &str = "resolved_version";

fn failed<E: Into<crate::error::BoxError>>(table: Table) -> impl Fn(E) -> Error {
    move |error| write_error(table.name())(error.into())
}

/// Columns of some rows, as they will lie in a file.
#[derive(Clone)]
pub(crate) struct RowGroup {
    rows: usize,
    chunks: Vec<Chunk>,
}

impl RowGroup {
    /// Rows in it.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes of it.
    pub(crate) fn bytes(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.bytes.len()).sum()
    }
}

/// The bytes of a file, and what the log says of it.
pub(crate) struct Encoded {
    pub(crate) bytes: Bytes,
    pub(crate) statistics: String,
}

/// Makes the files of a table; what it needs for that is used again from file to file.
pub(crate) struct Encoder {
    table: Table,
    schema: SchemaRef,
    columns: Vec<ColumnDescPtr>,
    /// The first leaf of each column.
    leaves: Vec<usize>,
    press: chunk::Press,
}

impl Encoder {
    /// For files of a table.
    pub(crate) fn new(table: Table) -> Result<Self> {
        let schema = table.file_schema();
        let parquet = ArrowSchemaConverter::new().convert(&schema).map_err(failed(table))?;
        let columns = parquet.columns().to_vec();
        let field = |name: &str| columns.iter().position(|column| column.path().parts().first().is_some_and(|part| part == name));
        let leaves = schema.fields().iter().filter_map(|held| field(held.name())).collect();
        Ok(Self { table, leaves, press: chunk::Press::new().map_err(failed(table))?, schema, columns })
    }

    fn wanted(&self, column: &ColumnDescPtr, rows: usize) -> Wanted {
        let (table, path) = (self.table, column.path().string());
        let is_among = |columns: &[&str]| columns.contains(&path.as_str());
        let form = match () {
            () if is_among(table.rising_columns()) => Form::Delta,
            () if is_among(table.unique_columns()) => Form::Plain,
            () => Form::Dictionary,
        };
        Wanted {
            column: column.clone(),
            form,
            // Read for every answer, a page here and there of some fifty columns: each would need a context of its own.
            codec: if table == Table::Credentials { Codec::Lz4 } else { Codec::Zstd },
            has_statistics: is_among(table.sorted_columns()),
            has_span: is_among(&NOTED),
            bloom: is_among(table.bloom_columns()).then(|| rows.clamp(64, ROW_GROUP_ROWS) as u64),
            page_rows: table.page_rows(),
        }
    }

    /// Encodes a column of some rows.
    fn column(&mut self, columns: &dyn Columns, rows: &Range<usize>, field: usize) -> Result<Vec<Chunk>> {
        let table = self.table;
        let first = self.leaves.get(field).copied().unwrap_or(usize::MAX);
        let (slices, values);
        let leaves = match columns.slices(field, rows.clone()) {
            Some(found) => {
                slices = found;
                vec![leaf::of_slices(&slices).map_err(failed(table))?]
            }
            None => {
                values = columns.column(field, rows.clone()).map_err(failed(table))?;
                leaf::leaves(&values).map_err(failed(table))?
            }
        };
        let mut chunks = Vec::with_capacity(leaves.len());
        for (number, leaf) in leaves.iter().enumerate() {
            let column = self.columns.get(first + number).ok_or_else(|| failed(table)("a column is missing in the schema"))?;
            let wanted = self.wanted(column, rows.len());
            chunks.push(chunk::chunk(&mut self.press, &wanted, leaf).map_err(failed(table))?);
        }
        Ok(chunks)
    }

    /// Encodes some rows, a column at a time.
    pub(crate) fn group(&mut self, columns: &dyn Columns, rows: Range<usize>) -> Result<RowGroup> {
        let mut chunks = Vec::with_capacity(self.columns.len());
        for field in 0..self.schema.fields().len() {
            chunks.append(&mut self.column(columns, &rows, field)?);
        }
        Ok(RowGroup { rows: rows.len(), chunks })
    }

    /// Writes into rows of `events` in which version they come.
    pub(crate) fn stamp(&mut self, group: &mut RowGroup, version: i64) -> Result<()> {
        let place = self.columns.iter().position(|column| column.path().string() == VERSION);
        let Some((column, held)) = place.and_then(|place| self.columns.get(place).zip(group.chunks.get_mut(place))) else { return Ok(()) };
        let versions = [version];
        let leaf =
            Leaf { source: Source::Numbers(&versions), at: vec![0; group.rows], definition: None, repetition: None, rows: group.rows };
        let wanted = self.wanted(column, group.rows);
        *held = chunk::chunk(&mut self.press, &wanted, &leaf).map_err(failed(self.table))?;
        Ok(())
    }

    /// Puts a file together.
    pub(crate) fn file(&self, groups: &[RowGroup]) -> Result<Encoded> {
        let table = self.table;
        let properties = WriterProperties::builder()
            .set_writer_version(WriterVersion::PARQUET_1_0)
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
            .set_statistics_enabled(EnabledStatistics::Page)
            .build();
        let bytes = groups.iter().map(RowGroup::bytes).sum::<usize>();
        let writer = ArrowWriter::try_new(Vec::with_capacity(bytes + bytes / 16 + (1 << 16)), Arc::clone(&self.schema), Some(properties));
        let (mut file, _) = writer.and_then(ArrowWriter::into_serialized_writer).map_err(failed(table))?;
        let mut statistics = Statistics::default();
        for held in groups {
            let mut group = file.next_row_group().map_err(failed(table))?;
            for (column, chunk) in self.columns.iter().zip(&held.chunks) {
                statistics.add(&column.path().string(), chunk);
                group.append_column(&chunk.bytes, chunk.close.clone()).map_err(failed(table))?;
            }
            group.close().map_err(failed(table))?;
        }
        let rows = groups.iter().map(|group| group.rows).sum();
        Ok(Encoded { bytes: file.into_inner().map_err(failed(table))?.into(), statistics: statistics.json(rows) })
    }

    /// The rows of a part of a file, as columns again.
    pub(crate) fn decode(&self, group: &RowGroup) -> Result<RecordBatch> {
        let bytes = self.file(std::slice::from_ref(group))?.bytes;
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).and_then(ParquetRecordBatchReaderBuilder::build);
        let batches = reader.map_err(failed(self.table))?.collect::<std::result::Result<Vec<_>, _>>().map_err(failed(self.table))?;
        arrow::compute::concat_batches(&self.schema, &batches).map_err(failed(self.table))
    }

    /// All rows in one file.
    pub(crate) fn encode(&mut self, columns: &dyn Columns) -> Result<Encoded> {
        let groups = row_groups(columns).map(|rows| self.group(columns, rows)).collect::<Result<Vec<_>>>()?;
        self.file(&groups)
    }
}

/// Encodes rows of several files to be, each column by whichever thread is free.
pub(crate) fn groups(table: Table, files: &[&dyn Columns]) -> Result<Vec<Vec<RowGroup>>> {
    let fields = table.file_schema().fields().len();
    let parts: Vec<(usize, Range<usize>)> =
        files.iter().enumerate().flat_map(|(file, columns)| row_groups(*columns).map(move |rows| (file, rows))).collect();
    let encode = |encoder: &mut Result<Encoder>, piece: usize| {
        let encoder = encoder.as_mut().map_err(|error| failed(table)(error.to_string()))?;
        let held = parts.get(piece / fields).and_then(|(file, rows)| files.get(*file).zip(Some(rows)));
        held.map_or_else(|| Ok(Vec::new()), |(columns, rows)| encoder.column(*columns, rows, piece % fields))
    };
    let mut chunks = crate::cores::each(parts.len() * fields, || Encoder::new(table), encode).into_iter();
    let mut groups: Vec<Vec<RowGroup>> = files.iter().map(|_| Vec::new()).collect();
    for (file, rows) in &parts {
        let columns = chunks.by_ref().take(fields).collect::<Result<Vec<_>>>()?;
        if let Some(groups) = groups.get_mut(*file) {
            groups.push(RowGroup { rows: rows.len(), chunks: columns.into_iter().flatten().collect() });
        }
    }
    Ok(groups)
}

/// Writes one file.
pub(crate) fn encode(table: Table, columns: &dyn Columns) -> Result<Encoded> {
    Encoder::new(table)?.encode(columns)
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
    fn add(&mut self, name: &str, chunk: &Chunk) {
        if !NOTED.contains(&name) {
            return;
        }
        *self.nulls.entry(name.to_owned()).or_default() += chunk.nulls;
        match &chunk.span {
            Some(OwnSpan::Numbers(low, high)) => {
                let held = self.times.entry(name.to_owned()).or_insert((*low, *high));
                *held = (held.0.min(*low), held.1.max(*high));
            }
            Some(OwnSpan::Texts(low, high)) => {
                let held = self.texts.entry(name.to_owned()).or_insert_with(|| (low.clone(), high.clone()));
                if *low < held.0 {
                    held.0.clone_from(low);
                }
                if *high > held.1 {
                    held.1.clone_from(high);
                }
            }
            None => {}
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

#[cfg(test)]
mod tests;
