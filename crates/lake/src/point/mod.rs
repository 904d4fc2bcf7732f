//! A few rows of a table: no more is read than the pages in which they may lie.
//!
//! Files are sorted by what is asked for, so that statistics in the log, page indexes and bloom filters tell where to look. An answer
//! reads its rows this way and not through SQL, whose plan for each file costs more than the rows. Neither the log nor the pages are made
//! into columns of more than is wanted.

mod causes;
mod directory;
mod events;
mod facts;
mod file;
mod ledger;
mod mentions;
mod pages;
mod period;
mod scan;
mod select;
mod session_events;
mod sought;
#[cfg(test)]
mod tests;

pub use causes::KeptCause;
pub use events::Moments;
pub use facts::FactsWanted;
pub use period::{Period, period_schema};

use crate::error::{BoxError, Error, Result, is_damage, read_error};
use crate::log::{LogFile, TableLog};
use crate::place::Place;
use crate::schema::Table;
use crate::table::Lake;
use arrow::array::{AsArray as _, RecordBatch};
use arrow::datatypes::{Schema, SchemaRef};
use deltalake::DeltaTable;
use file::{DataFile, Fetched, Footers};
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::path::Path;
use pages::Broken;
use select::Group;
use sought::Sought;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::OnceCell;

/// Files that are read at a time.
const FILES_MAX: usize = 8;

/// A table open for reading few of its rows; each file's footer is read once.
#[derive(Debug)]
pub struct PointReader {
    table: Table,
    lake: Option<Lake>,
    place: Place,
    log: TableLog,
    delta: OnceCell<DeltaTable>,
    footers: Footers,
}

/// Why a file was not read: it cannot be, or not here.
enum Unread {
    Broken,
    Failed(BoxError),
}

impl From<Broken> for Unread {
    fn from(_: Broken) -> Self {
        Self::Broken
    }
}

impl From<parquet::errors::ParquetError> for Unread {
    fn from(error: parquet::errors::ParquetError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<Error> for Unread {
    fn from(error: Error) -> Self {
        Self::Failed(error.into())
    }
}

impl PointReader {
    /// A reader of a table's newest version.
    ///
    /// # Errors
    /// [`Error::Absent`] where there is no lake, [`Error::Lacks`] where the lake is without that table.
    pub async fn open(lake: &Lake, table: Table) -> Result<Self> {
        let place = lake.place_of(table)?;
        match crate::log::read(&place, table.partition()).await {
            Some(log) => Ok(Self { table, lake: Some(lake.clone()), place, log, delta: OnceCell::new(), footers: Footers::default() }),
            // Whether there is a lake at all, the table tells that is made last.
            None if table != Table::Events
                && crate::log::is_there(&place).await == Some(false)
                && crate::log::is_there(&lake.place_of(Table::Events)?).await == Some(true) =>
            {
                Err(Error::Lacks { place: lake.place().to_owned(), table: table.name() })
            }
            None => Self::new(table, lake.open(table).await?),
        }
    }

    /// A reader of the version that is open.
    ///
    /// # Errors
    /// [`Error::Read`] where none is.
    pub fn new(table: Table, open: DeltaTable) -> Result<Self> {
        let state = open.snapshot().map_err(|error| read_error(table.name())(error.into()))?;
        let file = |file: deltalake::kernel::LogicalFileView| {
            let partition = file.partition_values_map().remove(table.partition()).flatten();
            let size = u64::try_from(file.size()).unwrap_or(0);
            LogFile::new(file.object_store_path(), size, partition, file.stats().as_deref().map(str::to_owned))
        };
        let log = TableLog { version: state.version(), files: state.log_data().iter().map(file).collect() };
        let place = Place::Store(open.object_store());
        Ok(Self { table, lake: None, place, log, delta: OnceCell::new_with(Some(open)), footers: Footers::default() })
    }

    /// The version that is read.
    pub fn version(&self) -> u64 {
        self.log.version
    }

    /// The table at that version, for an engine.
    ///
    /// # Errors
    /// [`Error::Read`] where it cannot be opened.
    pub async fn delta(&self) -> Result<&DeltaTable> {
        let open = || async {
            match &self.lake {
                Some(lake) => lake.open_at(self.table, self.log.version).await,
                None => Err(self.failed("it is not open")),
            }
        };
        self.delta.get_or_try_init(open).await
    }

    /// Lets go of what was read so far and kept for the next look at it.
    pub fn forget(&self) {
        self.footers.forget();
    }

    fn failed(&self, error: impl Into<BoxError>) -> Error {
        read_error(self.table.name())(error.into())
    }

    /// What went wrong with a file.
    fn failed_with(&self, path: &Path, error: BoxError) -> Error {
        let table = self.table.name();
        if is_damage(&*error) { Error::Damaged { table, path: path.to_string(), source: error } } else { read_error(table)(error) }
    }

    /// The rows sought, file by file as the log has them.
    async fn rows(&self, sought: &Sought<'_>) -> Result<Vec<RecordBatch>> {
        let may_lie = |file: &&LogFile| {
            file.partition.as_deref().is_some_and(sought.is_in)
                && sought
                    .any
                    .iter()
                    .any(|all| all.iter().all(|clause| file.span(clause.column).is_none_or(|span| clause.may_lie_within(span))))
        };
        let files = self.log.files.iter().filter(may_lie);
        let left = AtomicUsize::new(sought.rows_max);
        let found: Vec<Vec<RecordBatch>> =
            futures::stream::iter(files).map(|file| self.read(file, sought, &left)).buffered(FILES_MAX).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    async fn read(&self, log_file: &LogFile, sought: &Sought<'_>, left: &AtomicUsize) -> Result<Vec<RecordBatch>> {
        let LogFile { path, size, .. } = log_file;
        let file = self.footers.open(&self.place, path, *size).await.map_err(|error| self.failed_with(path, error.into()))?;
        let schema = self.table.file_schema();
        let found = match self.pick(&file, sought, &schema).await {
            Err(Unread::Broken) => {
                tracing::debug!(%path, "a file of another form is read whole");
                scan::rows(self.table, &file, sought).await
            }
            picked => picked,
        };
        let found = found.map_err(|why| match why {
            Unread::Broken => self.failed(format!("{path} is not understood")),
            Unread::Failed(error) => self.failed_with(path, error),
        })?;
        let cut = found.into_iter().map(|batch| {
            let rows = batch.num_rows();
            let taken = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| Some(left.saturating_sub(rows))).unwrap_or(0);
            batch.slice(0, rows.min(taken))
        });
        Ok(cut.filter(|batch| batch.num_rows() > 0).collect())
    }

    /// The rows sought in a file, out of the pages in which they lie.
    async fn pick(&self, file: &DataFile, sought: &Sought<'_>, schema: &Schema) -> Result<Vec<RecordBatch>, Unread> {
        let groups = select::groups(file, sought).await?;
        let mut fetched = Fetched::default();
        let mut needed = Vec::new();
        for group in &groups {
            group.needed_for_tests(file, sought, &mut needed)?;
        }
        file.fetch(&mut fetched, needed).await?;
        let mut found: Vec<(Group, Vec<u32>)> = Vec::new();
        for group in groups {
            let rows = group.test(file, sought, &fetched)?;
            if !rows.is_empty() {
                found.push((group, rows));
            }
        }
        let checked = sought.check.iter().flat_map(|check| &check.columns);
        let columns: Vec<&str> = checked.chain(&sought.columns).copied().collect();
        let mut needed = Vec::new();
        for (group, rows) in &found {
            group.needed(file, &columns, rows, &mut needed)?;
        }
        file.fetch(&mut fetched, needed).await?;
        let mut batches = Vec::with_capacity(found.len());
        for (group, mut rows) in found {
            if let Some(check) = &sought.check {
                let wanted = (check.is_wanted)(&group.batch(file, schema, &check.columns, &rows, &fetched)?)?;
                let mut wanted = wanted.iter();
                rows.retain(|_| wanted.next().flatten() == Some(true));
            }
            batches.push(group.batch(file, schema, &sought.columns, &rows, &fetched)?);
        }
        Ok(batches)
    }
}

/// The fields of a table's files that have these names.
fn fields(schema: &Schema, columns: &[&str]) -> SchemaRef {
    Arc::new(Schema::new(columns.iter().filter_map(|name| schema.field_with_name(name).ok()).cloned().collect::<Vec<_>>()))
}

fn missing(table: Table, column: &str) -> Error {
    read_error(table.name())(format!("column {column} is missing or of another type").into())
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
