//! Delta tables: made, opened, read and committed to.

use crate::error::{Error, Result, read_error};
use crate::fail_point::{Point, reach};
use crate::over::Over;
use crate::parquet_file::Encoded;
use crate::schema::Table;
use crate::shelf::Shelf;
use crate::writer::ATTEMPTS_MAX;
use arrow::array::RecordBatch;
use bytes::Bytes;
use deltalake::kernel::engine::arrow_conversion::TryIntoKernel as _;
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties, TransactionError};
use deltalake::kernel::{Action, Add, StructType, Transaction};
use deltalake::protocol::{DeltaOperation, SaveMode};
use deltalake::{DeltaTable, DeltaTableBuilder, DeltaTableError, TableProperty};
use futures::TryStreamExt as _;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, ObjectStoreExt as _};
use parquet::arrow::ProjectionMask;
use parquet::arrow::async_reader::ParquetRecordBatchStreamBuilder;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// A checkpoint of the log every so many commits: with the library's default of 100, opening a table reads up to 99 small files.
const CHECKPOINT_COMMITS: u32 = 10;

/// How long the log remembers a file that was taken out, and a reader of an older version still finds it.
const DELETED_KEPT: &str = "interval 1 day";

/// Attempts to open a table that is there but cannot be read, and how long between two.
const OPEN_ATTEMPTS_MAX: u32 = 4;
const OPEN_RETRY_DELAY: Duration = Duration::from_millis(50);

/// A place with the tables of a lake.
#[derive(Debug, Clone)]
pub struct Lake {
    place: String,
    root: Url,
    options: HashMap<String, String>,
    /// Where the tables lie, if that is not for the place to say.
    store: Option<Arc<Over>>,
}

/// Root of the tables of a lake in memory.
const IN_MEMORY: &str = "memory:///";

impl Lake {
    /// Names a lake: a folder or `s3://bucket/prefix`; `options` are those of `object_store` for S3. Nothing is read yet.
    ///
    /// # Errors
    /// [`Error::Place`] where it is neither.
    pub fn at(place: &str, options: HashMap<String, String>) -> Result<Self> {
        let bad = |source: crate::error::BoxError| Error::Place { place: place.to_owned(), source };
        deltalake::aws::register_handlers(None);
        let root = if place.contains("://") {
            Url::parse(&format!("{}/", place.trim_end_matches('/'))).map_err(|error| bad(error.into()))?
        } else {
            let path = std::path::absolute(place).map_err(|error| bad(error.into()))?;
            Url::from_directory_path(path).map_err(|()| bad("not an absolute path".into()))?
        };
        Ok(Self { place: place.to_owned(), root, options, store: None })
    }

    /// This lake, to be added to in memory: what is written goes with it, and the place itself is only read. `None` makes a lake of
    /// nothing.
    ///
    /// # Errors
    /// [`Error::Place`] where the place cannot be reached.
    pub fn over(base: Option<&Self>) -> Result<Self> {
        let place = base.map_or_else(|| "memory".to_owned(), |base| base.place.clone());
        let bad = |source: crate::error::BoxError| Error::Place { place: place.clone(), source };
        let root = Url::parse(IN_MEMORY).map_err(|error| bad(error.into()))?;
        let below = match base {
            Some(base) => {
                let builder = DeltaTableBuilder::from_url(base.root.clone()).map_err(|error| bad(error.into()))?;
                let built = builder.with_storage_options(base.options.clone()).build().map_err(|error| bad(error.into()))?;
                Some(built.object_store())
            }
            None => None,
        };
        Ok(Self { root, options: HashMap::new(), store: Some(Arc::new(Over::new(below))), place })
    }

    /// The place, as it was named.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// Puts a small object beside the tables of a lake, where nobody reads it, and takes it away again.
    ///
    /// # Errors
    /// [`Error::Write`] where one of them is not possible.
    pub async fn try_write(&self) -> Result<()> {
        let failed = |source: crate::error::BoxError| Error::Write { table: "_whodid", source };
        let builder = DeltaTableBuilder::from_url(self.root.clone()).map_err(|error| failed(error.into()))?;
        let store = builder.with_storage_options(self.options.clone()).build().map_err(|error| failed(error.into()))?.object_store();
        let path = Path::from(format!("_whodid/probe-{}", uuid::Uuid::new_v4()));
        store.put(&path, Bytes::from_static(b"whodid doctor").into()).await.map_err(|error| failed(error.into()))?;
        store.delete(&path).await.map_err(|error| failed(error.into()))
    }

    fn url(&self, table: Table) -> Result<Url> {
        self.root.join(&format!("{}/", table.name())).map_err(|error| Error::Place { place: self.place.clone(), source: error.into() })
    }

    /// Pages beside the tables, in a folder of `_whodid/` that is made if there is none and `make` says so.
    pub(crate) fn shelf(&self, folder: &str, make: bool) -> Result<Shelf> {
        let failed = |source: crate::error::BoxError| Error::Read { table: "_whodid", source };
        if let Some(store) = &self.store {
            return Ok(Shelf::new(Some(Arc::new(PrefixStore::new(
                Arc::clone(store) as Arc<dyn ObjectStore>,
                format!("_whodid/{folder}"),
            )))));
        }
        let url = self.root.join(&format!("_whodid/{folder}/")).map_err(|error| failed(error.into()))?;
        if let Ok(path) = url.to_file_path() {
            if make {
                std::fs::create_dir_all(&path).map_err(|error| Error::Write { table: "_whodid", source: error.into() })?;
            } else if !path.is_dir() {
                return Ok(Shelf::new(None));
            }
        }
        let builder = DeltaTableBuilder::from_url(url).map_err(|error| failed(error.into()))?;
        let built = builder.with_storage_options(self.options.clone()).build().map_err(|error| failed(error.into()))?;
        Ok(Shelf::new(Some(built.object_store())))
    }

    fn builder(&self, table: Table) -> Result<DeltaTableBuilder> {
        let url = self.url(table)?;
        let builder = DeltaTableBuilder::from_url(url.clone()).map_err(|error| read_error(table.name())(error.into()))?;
        Ok(match &self.store {
            Some(store) => builder.with_storage_backend(Arc::clone(store) as Arc<dyn ObjectStore>, url),
            None => builder.with_storage_options(self.options.clone()),
        })
    }

    /// Opens a table at its newest version.
    ///
    /// # Errors
    /// [`Error::Absent`] where there is no lake, [`Error::Lacks`] where the lake is without that table.
    pub async fn open(&self, table: Table) -> Result<DeltaTable> {
        match self.open_one(table).await {
            Err(Error::Absent { place }) if table != Table::Events => match self.open_one(Table::Events).await {
                Ok(_) => Err(Error::Lacks { place, table: table.name() }),
                Err(error) => Err(error),
            },
            other => other,
        }
    }

    async fn open_one(&self, table: Table) -> Result<DeltaTable> {
        let mut attempt = 1;
        loop {
            let error = match self.builder(table)?.load().await {
                Ok(open) => return Ok(open),
                Err(error) => error,
            };
            // The kernel reports a missing log in words of its own; whether there is one is asked directly.
            let there = !matches!(error, DeltaTableError::NotATable(_) | DeltaTableError::InvalidTableLocation(_))
                && match self.builder(table)?.build() {
                    Ok(unread) => unread.verify_deltatable_existence().await.unwrap_or(true),
                    Err(_) => true,
                };
            if !there {
                return Err(Error::Absent { place: self.place.clone() });
            }
            // A table that another process is just making is not there in one moment, and there in the next.
            if attempt >= OPEN_ATTEMPTS_MAX {
                return Err(read_error(table.name())(error.into()));
            }
            attempt += 1;
            tokio::time::sleep(OPEN_RETRY_DELAY).await;
        }
    }

    /// Opens a table, or makes it.
    pub(crate) async fn open_or_create(&self, table: Table) -> Result<DeltaTable> {
        match self.open(table).await {
            Err(Error::Absent { .. } | Error::Lacks { .. }) => {}
            other => return other,
        }
        if let Ok(path) = self.url(table)?.to_file_path() {
            std::fs::create_dir_all(&path).map_err(|error| Error::Write { table: table.name(), source: error.into() })?;
        }
        let failed = |error: DeltaTableError| Error::Commit { table: table.name(), source: error.into() };
        let schema: StructType =
            table.schema().as_ref().try_into_kernel().map_err(|error| Error::Write { table: table.name(), source: Box::new(error) })?;
        let made = self
            .builder(table)?
            .build()
            .map_err(failed)?
            .create()
            .with_table_name(table.name())
            .with_columns(schema.fields().cloned())
            .with_partition_columns([table.partition()])
            .with_configuration_property(TableProperty::DeletedFileRetentionDuration, Some(DELETED_KEPT))
            .with_configuration_property(TableProperty::CheckpointInterval, Some(CHECKPOINT_COMMITS.to_string()))
            .with_save_mode(SaveMode::ErrorIfExists)
            // The library would write a second beginning after another's.
            .with_commit_properties(CommitProperties::default().with_max_retries(0))
            .await;
        match made {
            Ok(made) => {
                reach(Point::Made(table));
                Ok(made)
            }
            // Another worker may have made it in the meantime.
            Err(error) => self.open(table).await.map_err(|_| failed(error)),
        }
    }

    /// Reads an object beside the tables, `None` where there is none.
    pub(crate) async fn get(&self, table: &DeltaTable, path: &Path) -> Result<Option<Bytes>> {
        let failed = |error: object_store::Error| read_error("events")(error.into());
        match table.object_store().get(path).await {
            Ok(found) => Ok(Some(found.bytes().await.map_err(failed)?)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }
}

/// Puts down a data file that no reader sees yet, and says how the log will name it.
pub(crate) async fn stage(store: &dyn ObjectStore, table: Table, partition: &str, encoded: Encoded, now: i64) -> Result<Add> {
    let path = format!("{}={partition}/part-{}.parquet", table.partition(), uuid::Uuid::new_v4());
    let Encoded { bytes, statistics } = encoded;
    let size = bytes.len() as i64;
    store
        .put(&Path::from(path.as_str()), bytes.into())
        .await
        .map_err(|error| Error::Write { table: table.name(), source: error.into() })?;
    reach(Point::Staged(table));
    Ok(Add {
        path,
        partition_values: HashMap::from([(table.partition().to_owned(), Some(partition.to_owned()))]),
        size,
        modification_time: now / 1_000,
        data_change: true,
        stats: Some(statistics),
        tags: None,
        deletion_vector: None,
        base_row_id: None,
        default_row_commit_version: None,
        clustering_provider: None,
    })
}

/// What became of an attempt to commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// It is the table's version now.
    Done(i64),
    /// Somebody else committed first; reload and look again.
    Lost,
}

/// Tries once to commit files; never retries over another's commit, so that the caller can compare with what is new.
pub(crate) async fn commit(
    table: Table,
    open: &mut DeltaTable,
    actions: Vec<Action>,
    transaction: Option<(&str, i64)>,
    metadata: HashMap<String, serde_json::Value>,
) -> Result<Attempt> {
    let mut properties = CommitProperties::default().with_max_retries(0).with_metadata(metadata);
    if let Some((application, version)) = transaction {
        properties = properties.with_application_transaction(Transaction::new(application, version));
    }
    let partition_by = Some(vec![table.partition().to_owned()]);
    let operation = DeltaOperation::Write { mode: SaveMode::Append, partition_by, predicate: None };
    attempt(table, open, actions, properties, operation, Point::Committed(table)).await
}

/// Tries once to commit the same rows in other files.
pub(crate) async fn commit_rearranged(table: Table, open: &mut DeltaTable, actions: Vec<Action>) -> Result<Attempt> {
    let operation = DeltaOperation::Optimize { predicate: None, target_size: crate::compact::bytes_max(table).cast_signed() };
    attempt(table, open, actions, CommitProperties::default().with_max_retries(0), operation, Point::Rearranged(table)).await
}

async fn attempt(
    table: Table,
    open: &mut DeltaTable,
    actions: Vec<Action>,
    properties: CommitProperties,
    operation: DeltaOperation,
    done_is: Point,
) -> Result<Attempt> {
    let failed = |error: DeltaTableError| Error::Commit { table: table.name(), source: error.into() };
    let state = open.snapshot().map_err(failed)?;
    let outcome = CommitBuilder::from(properties).with_actions(actions).build(Some(state), open.log_store(), operation).await;
    match outcome {
        Ok(done) => {
            reach(done_is);
            let version = done.version() as i64;
            open.update_state().await.map_err(failed)?;
            Ok(Attempt::Done(version))
        }
        Err(DeltaTableError::VersionAlreadyExists(_)) => Ok(Attempt::Lost),
        Err(DeltaTableError::Transaction {
            source: TransactionError::MaxCommitAttempts(_) | TransactionError::VersionAlreadyExists(_) | TransactionError::CommitConflict(_),
        }) => Ok(Attempt::Lost),
        Err(error) => Err(failed(error)),
    }
}

/// Commits files that need not be compared with what others commit.
pub(crate) async fn append(table: Table, open: &mut DeltaTable, actions: Vec<Action>) -> Result<()> {
    for _ in 0..ATTEMPTS_MAX {
        // Files are told apart by their names: should a commit that looked lost have gone through, they are there once all the same.
        if commit(table, open, actions.clone(), None, HashMap::new()).await? != Attempt::Lost {
            return Ok(());
        }
        open.update_state().await.map_err(|error| read_error(table.name())(error.into()))?;
    }
    Err(Error::Contended { attempts: ATTEMPTS_MAX })
}

/// The files of a table whose partition is among `partitions`; all of them where that is `None`.
pub(crate) fn files(table: Table, open: &DeltaTable, wanted: impl Fn(&str) -> bool) -> Result<Vec<(Path, u64)>> {
    let failed = |error: DeltaTableError| read_error(table.name())(error.into());
    let state = open.snapshot().map_err(failed)?;
    Ok(state
        .log_data()
        .iter()
        .filter(|file| file.partition_values_map().get(table.partition()).and_then(Option::as_deref).is_some_and(&wanted))
        .map(|file| (file.object_store_path(), u64::try_from(file.size()).unwrap_or(0)))
        .collect())
}

/// Reads the named columns of one data file; all of them where none is named.
#[expect(deprecated, reason = "the reader that replaces it is an example to copy, not yet a part of the library")]
pub(crate) async fn read(store: Arc<dyn ObjectStore>, table: Table, path: &Path, size: u64, columns: &[&str]) -> Result<Vec<RecordBatch>> {
    let failed = |error: parquet::errors::ParquetError| read_error(table.name())(error.into());
    let reader = parquet::arrow::async_reader::ParquetObjectReader::new(store, path.clone()).with_file_size(size);
    let builder = ParquetRecordBatchStreamBuilder::new(reader).await.map_err(failed)?;
    let mask =
        if columns.is_empty() { ProjectionMask::all() } else { ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied()) };
    builder.with_projection(mask).with_batch_size(8 * 1024).build().map_err(failed)?.try_collect().await.map_err(failed)
}
