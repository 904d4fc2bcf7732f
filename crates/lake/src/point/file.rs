//! A data file: where it lies, its footer, and what its bloom filters say.

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::async_reader::{AsyncFileReader, ParquetRecordBatchStreamBuilder};
use parquet::errors::Result;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes at the end of a file that are read first: its footer and page indexes, mostly.
const FOOTER_BYTES: usize = 64 << 10;

/// A data file of a table.
#[derive(Debug, Clone)]
pub(super) struct DataFile {
    store: Arc<dyn ObjectStore>,
    path: Path,
    size: u64,
}

impl DataFile {
    pub(super) fn new(store: Arc<dyn ObjectStore>, path: Path, size: u64) -> Self {
        Self { store, path, size }
    }
}

impl AsyncFileReader for DataFile {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes>> {
        async move { Ok(self.store.get_range(&self.path, range).await?) }.boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, Result<Vec<Bytes>>> {
        async move { Ok(self.store.get_ranges(&self.path, &ranges).await?) }.boxed()
    }

    fn get_metadata<'a>(&'a mut self, _: Option<&'a ArrowReaderOptions>) -> BoxFuture<'a, Result<Arc<ParquetMetaData>>> {
        async move {
            let size = self.size;
            let reader =
                ParquetMetaDataReader::new().with_page_index_policy(PageIndexPolicy::Optional).with_prefetch_hint(Some(FOOTER_BYTES));
            Ok(Arc::new(reader.load_and_finish(self, size).await?))
        }
        .boxed()
    }
}

/// Footers that were read already, by the paths of their files, which never change.
#[derive(Debug, Default)]
pub(super) struct Footers(Mutex<HashMap<Path, ArrowReaderMetadata>>);

impl Footers {
    pub(super) async fn open(&self, mut file: DataFile) -> Result<ParquetRecordBatchStreamBuilder<DataFile>> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&file.path).cloned();
        let footer = match held {
            Some(footer) => footer,
            None => {
                let read = ArrowReaderMetadata::load_async(&mut file, ArrowReaderOptions::new()).await?;
                self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(file.path.clone(), read.clone());
                read
            }
        };
        Ok(ParquetRecordBatchStreamBuilder::new_with_metadata(file, footer))
    }
}

/// Whether the file's bloom filters allow one of the values in its column.
pub(super) async fn may_hold_any(
    builder: &mut ParquetRecordBatchStreamBuilder<DataFile>,
    any_of: &[(&'static str, Vec<&str>)],
) -> Result<bool> {
    for group in 0..builder.metadata().num_row_groups() {
        for (column, values) in any_of.iter().filter(|(_, values)| !values.is_empty()) {
            let schema = builder.parquet_schema();
            let Some(place) = (0..schema.num_columns()).find(|place| schema.column(*place).path().string() == *column) else {
                return Ok(true);
            };
            let filter = builder.get_row_group_column_bloom_filter(group, place).await?;
            if filter.is_none_or(|filter| values.iter().any(|value| filter.check(value))) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
