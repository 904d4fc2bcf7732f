//! A few rows of a table: no more is read than the pages in which they may lie.
//!
//! Files are sorted by what is asked for, so that statistics in the log, bloom filters and page indexes tell where to look. An answer
//! reads its rows this way and not through SQL, whose plan for each file costs more than the rows.

mod causes;
mod directory;
mod events;
mod facts;
mod file;
mod ledger;
mod logs;
mod mentions;
mod pages;
mod session_events;

pub use causes::KeptCause;
pub use events::Moments;
pub use facts::FactsWanted;

use crate::error::{Error, Result, read_error};
use crate::schema::Table;
use arrow::array::{AsArray as _, BooleanArray, RecordBatch, StringArray};
use arrow::error::ArrowError;
use deltalake::DeltaTable;
use file::{DataFile, Footers};
use futures::{StreamExt as _, TryStreamExt as _};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowPredicateFn, RowFilter, RowSelection};
use parquet::file::metadata::ParquetMetaData;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Files that are read at a time.
const FILES_MAX: usize = 8;

/// Which rows of a batch of the asked columns are wanted.
type Test = dyn Fn(&RecordBatch) -> Result<BooleanArray> + Send + Sync;

/// What is sought in the files of a partition.
struct Sought<'s> {
    /// Whether a file with these statistics in the log may hold any.
    may_hold: &'s (dyn Fn(&Span<'_>) -> bool + Sync),
    /// Values of columns with a bloom filter, of which a file must hold one; no condition where there is none.
    any_of: Vec<(&'static str, Vec<&'s str>)>,
    /// The pages that may hold any; all where it says so.
    pages: &'s (dyn Fn(&ParquetMetaData) -> Option<RowSelection> + Sync),
    /// Columns that `is_wanted` looks at.
    asked: &'s [&'s str],
    is_wanted: Arc<Test>,
    /// Columns that are returned.
    columns: &'s [&'s str],
}

/// Statistics of a file in the log.
struct Span<'s>(Option<&'s str>);

impl Span<'_> {
    /// The least and greatest value of a column, where the log has them.
    fn of(&self, column: &str) -> Option<(String, String)> {
        let statistics: serde_json::Value = serde_json::from_str(self.0?).ok()?;
        let end = |which: &str| statistics.get(which)?.get(column)?.as_str().map(str::to_owned);
        end("minValues").zip(end("maxValues"))
    }
}

/// A table open for reading few of its rows; each file's footer is read once.
#[derive(Debug)]
pub struct PointReader {
    table: Table,
    open: DeltaTable,
    footers: Footers,
}

impl PointReader {
    /// A reader of the version that is open.
    pub fn new(table: Table, open: DeltaTable) -> Self {
        Self { table, open, footers: Footers::default() }
    }

    /// The table.
    pub fn delta(&self) -> &DeltaTable {
        &self.open
    }

    fn failed(&self, error: impl Into<crate::error::BoxError>) -> Error {
        read_error(self.table.name())(error.into())
    }

    /// The rows sought in the files of the partitions that `is_in` lets through, file by file as the log has them.
    async fn rows(&self, is_in: &(dyn Fn(&str) -> bool + Sync), sought: &Sought<'_>) -> Result<Vec<RecordBatch>> {
        let state = self.open.snapshot().map_err(|error| self.failed(error))?;
        let mut files = Vec::new();
        for file in state.log_data().iter() {
            let held = file.partition_values_map().remove(self.table.partition()).flatten();
            if held.as_deref().is_some_and(is_in) && (sought.may_hold)(&Span(file.stats().as_deref())) {
                files.push(DataFile::new(self.open.object_store(), file.object_store_path(), u64::try_from(file.size()).unwrap_or(0)));
            }
        }
        let found: Vec<Vec<RecordBatch>> =
            futures::stream::iter(files).map(|file| self.read(file, sought)).buffered(FILES_MAX).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn read(&self, file: DataFile, sought: &Sought<'_>) -> Result<Vec<RecordBatch>> {
        let mut builder = self.footers.open(file).await.map_err(|error| self.failed(error))?;
        if !sought.any_of.is_empty() && !file::may_hold_any(&mut builder, &sought.any_of).await.map_err(|error| self.failed(error))? {
            return Ok(Vec::new());
        }
        if let Some(selection) = (sought.pages)(builder.metadata()) {
            if !selection.selects_any() {
                return Ok(Vec::new());
            }
            builder = builder.with_row_selection(selection);
        }
        let schema = builder.parquet_schema();
        let projection = ProjectionMask::columns(schema, sought.columns.iter().copied());
        let asked = ProjectionMask::columns(schema, sought.asked.iter().copied());
        let is_wanted = Arc::clone(&sought.is_wanted);
        let filter =
            ArrowPredicateFn::new(asked, move |batch| is_wanted(&batch).map_err(|error| ArrowError::ExternalError(Box::new(error))));
        let rows = builder.with_row_filter(RowFilter::new(vec![Box::new(filter)])).with_projection(projection).build();
        rows.map_err(|error| self.failed(error))?.try_collect().await.map_err(|error| self.failed(error))
    }
}

/// Whether a text is among those wanted, row by row.
fn among<'c>(column: &'c StringArray, wanted: &'c BTreeSet<String>) -> impl Fn(usize) -> bool + 'c {
    use arrow::array::Array as _;
    move |row| column.is_valid(row) && wanted.contains(column.value(row))
}

/// A column of times of a batch.
fn time_column<'b>(
    table: Table,
    batch: &'b RecordBatch,
    name: &str,
) -> Result<&'b arrow::array::PrimitiveArray<arrow::datatypes::TimestampMicrosecondType>> {
    batch
        .column_by_name(name)
        .and_then(|column| column.as_primitive_opt())
        .ok_or_else(|| Error::Read { table: table.name(), source: format!("column {name} is missing or no time").into() })
}
