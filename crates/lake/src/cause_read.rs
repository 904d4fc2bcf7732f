//! What events told of a few keys: no more is read than the pages in which they lie.
//!
//! Files of `causes` are sorted by key and time, so that their page indexes tell where to look.

use crate::error::{Error, Result, read_error};
use crate::facts::pairs;
use crate::parquet_file::{number_column, text_column};
use crate::point::pages;
use crate::schema::{Table, cause_bucket};
use arrow::array::{Array as _, AsArray as _, BooleanArray, MapArray, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::TimestampMicrosecondType;
use arrow::error::ArrowError;
use deltalake::DeltaTable;
use futures::{StreamExt as _, TryStreamExt as _};
use identity::{CauseFact, CauseKind, SessionKey};
use object_store::path::Path;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowPredicateFn, ArrowReaderOptions, RowFilter, RowSelection};
use parquet::arrow::async_reader::ParquetRecordBatchStreamBuilder;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Files read at the same time.
const FILES_AT_ONCE: usize = 8;

/// A fact as the lake keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptCause {
    /// The fact.
    pub fact: CauseFact,
    /// The object that its record lies in, by its number.
    pub object_id: i64,
    /// The record's place in it.
    pub record: u64,
}

/// What is looked for.
#[derive(Debug)]
struct Wanted {
    keys: BTreeSet<String>,
    until: i64,
}

/// Reads what events up to a time (microseconds since 1970, that time included) told of `keys`, `rows_max` at most.
///
/// # Errors
/// Where a file cannot be read.
pub async fn causes_of(causes: &DeltaTable, keys: &BTreeSet<String>, until: i64, rows_max: usize) -> Result<Vec<KeptCause>> {
    let failed = |error: deltalake::DeltaTableError| read_error(Table::Causes.name())(error.into());
    let buckets: BTreeSet<String> = keys.iter().map(|key| cause_bucket(key).to_string()).collect();
    let wanted = Arc::new(Wanted { keys: keys.clone(), until });
    let state = causes.snapshot().map_err(failed)?;
    let mut files = Vec::new();
    for file in state.log_data().iter() {
        let bucket = file.partition_values_map().remove(Table::Causes.partition()).flatten();
        if bucket.is_some_and(|bucket| buckets.contains(&bucket)) && wanted.may_lie_in(file.stats().as_deref()) {
            files.push((file.object_store_path(), u64::try_from(file.size()).unwrap_or(0)));
        }
    }
    let reads = files.into_iter().map(|(path, size)| read(causes, path, size, Arc::clone(&wanted), rows_max));
    let found: Vec<Vec<KeptCause>> = futures::stream::iter(reads).buffered(FILES_AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flatten().take(rows_max).collect())
}

impl Wanted {
    /// Whether a file's statistics in the log allow one of the keys; those that cannot be read allow all.
    fn may_lie_in(&self, statistics: Option<&str>) -> bool {
        let statistics: serde_json::Value = statistics.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
        let end = |which: &str| statistics.get(which)?.get("key")?.as_str().map(str::to_owned);
        let (Some(low), Some(high)) = (end("minValues"), end("maxValues")) else { return true };
        low > high || self.keys.range(low..=high).next().is_some()
    }

    /// The pages whose least and greatest key and time allow a wanted row; all where a file has no such index.
    fn pages(&self, metadata: &ParquetMetaData) -> RowSelection {
        let keys: BTreeSet<&[u8]> = self.keys.iter().map(String::as_bytes).collect();
        let of_key = |index: &ColumnIndexMetaData, page: usize| match index {
            ColumnIndexMetaData::BYTE_ARRAY(index) => match index.min_value(page).zip(index.max_value(page)) {
                Some((low, high)) => low > high || keys.range(low..=high).next().is_some(),
                None => true,
            },
            _ => true,
        };
        let of_time = |index: &ColumnIndexMetaData, page: usize| match index {
            ColumnIndexMetaData::INT64(index) => index.min_value(page).is_none_or(|low| *low <= self.until),
            _ => true,
        };
        pages(metadata, "key", of_key).intersection(&pages(metadata, "event_time", of_time))
    }

    fn holds(&self, batch: &RecordBatch) -> Result<BooleanArray> {
        let (keys, times) = (text_column(Table::Causes, batch, "key")?, time_column(batch, "event_time")?);
        Ok((0..batch.num_rows()).map(|row| Some(times.value(row) <= self.until && self.keys.contains(keys.value(row)))).collect())
    }
}

#[expect(deprecated, reason = "the reader that replaces it is an example to copy, not yet a part of the library")]
async fn read(causes: &DeltaTable, path: Path, size: u64, wanted: Arc<Wanted>, rows_max: usize) -> Result<Vec<KeptCause>> {
    let failed = |error: parquet::errors::ParquetError| read_error(Table::Causes.name())(error.into());
    let reader = parquet::arrow::async_reader::ParquetObjectReader::new(causes.object_store(), path).with_file_size(size);
    let options = ArrowReaderOptions::new().with_page_index(true);
    let builder = ParquetRecordBatchStreamBuilder::new_with_options(reader, options).await.map_err(failed)?;
    let asked = ProjectionMask::columns(builder.parquet_schema(), ["key", "event_time"]);
    let selection = wanted.pages(builder.metadata());
    let external = |error: Error| ArrowError::ExternalError(Box::new(error));
    let filter = ArrowPredicateFn::new(asked, move |batch| wanted.holds(&batch).map_err(external));
    let filter = RowFilter::new(vec![Box::new(filter)]);
    let rows = builder.with_row_selection(selection).with_row_filter(filter).with_limit(rows_max).build().map_err(failed)?;
    let batches: Vec<RecordBatch> = rows.try_collect().await.map_err(failed)?;
    let mut found = Vec::new();
    for batch in &batches {
        found.extend(facts(batch)?);
    }
    Ok(found)
}

fn missing(name: &str) -> Error {
    Error::Read { table: Table::Causes.name(), source: format!("column {name} is missing or of another type").into() }
}

fn time_column<'b>(batch: &'b RecordBatch, name: &str) -> Result<&'b TimestampMicrosecondArray> {
    batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>()).ok_or_else(|| missing(name))
}

fn facts(batch: &RecordBatch) -> Result<Vec<KeptCause>> {
    let text = |name| text_column(Table::Causes, batch, name);
    let (key, kind, event_id, shared) = (text("key")?, text("kind")?, text("event_id")?, text("shared_event_id")?);
    let (source, name, account, region) = (text("event_source")?, text("event_name")?, text("recipient_account_id")?, text("aws_region")?);
    let (access_key, principal, other) = (text("access_key_id")?, text("principal_id")?, text("other_session")?);
    let (role, detail) = (text("role_arn")?, text("detail")?);
    let (time, created) = (time_column(batch, "event_time")?, time_column(batch, "creation_date")?);
    let marks: &MapArray = batch.column_by_name("marks").and_then(|column| column.as_map_opt()).ok_or_else(|| missing("marks"))?;
    let (object, record) = (number_column(Table::Causes, batch, "object_id")?, number_column(Table::Causes, batch, "record")?);
    let at = |column: &StringArray, row: usize| column.is_valid(row).then(|| column.value(row).to_owned());
    let mut found = Vec::with_capacity(batch.num_rows());
    for row in 0..batch.num_rows() {
        let kind = CauseKind::from_word(kind.value(row)).ok_or_else(|| missing("kind"))?;
        let session = SessionKey {
            access_key_id: at(access_key, row),
            principal_id: at(principal, row),
            creation_date: created.is_valid(row).then(|| created.value(row)),
            otherwise: at(other, row),
        };
        let fact = CauseFact {
            key: key.value(row).to_owned(),
            event_time: time.value(row),
            kind,
            event_id: event_id.value(row).to_owned(),
            event_source: source.value(row).to_owned(),
            event_name: name.value(row).to_owned(),
            recipient_account_id: account.value(row).to_owned(),
            aws_region: region.value(row).to_owned(),
            shared_event_id: at(shared, row),
            session,
            role_arn: at(role, row),
            detail: at(detail, row),
            marks: pairs(marks, row),
        };
        found.push(KeptCause { fact, object_id: object.value(row), record: u64::try_from(record.value(row)).unwrap_or(0) });
    }
    Ok(found)
}
