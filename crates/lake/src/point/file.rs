//! A data file: its footer, its indexes, and what of its bytes was read.

use super::pages::{self, Bounds, PagePlace};
use crate::place::Place;
use bytes::Bytes;
use object_store::path::Path;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ColumnChunkMetaData, FooterTail, ParquetMetaData, ParquetMetaDataReader};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes at the end of a file that are read first: its footer and page indexes, mostly.
const FOOTER_BYTES: u64 = 64 << 10;

/// Bytes of pages that a reader keeps for the next look at them, at most.
const HELD_BYTES_MAX: usize = 64 << 20;

/// A file whose footer was read.
#[derive(Debug)]
pub(super) struct DataFile {
    place: Place,
    path: Path,
    metadata: ParquetMetaData,
    /// The leaves of each column, by its name.
    leaves: HashMap<String, Vec<usize>>,
    tail: (u64, Bytes),
    /// What was read, by where it begins.
    held: Mutex<HashMap<u64, Bytes>>,
    indexes: Mutex<HashMap<(usize, usize), Index>>,
    room: Arc<AtomicUsize>,
}

/// Where the pages of a column chunk lie, and between which values theirs are.
#[derive(Debug, Clone, Default)]
pub(super) struct Index {
    pub(super) pages: Option<Arc<Vec<PagePlace>>>,
    pub(super) bounds: Option<Arc<Bounds>>,
}

/// Bytes of a file that are there.
#[derive(Debug, Default)]
pub(super) struct Fetched(HashMap<u64, Bytes>);

impl Fetched {
    pub(super) fn get(&self, range: Range<u64>) -> Option<Bytes> {
        let bytes = self.0.get(&range.start)?;
        let length = usize::try_from(range.end.checked_sub(range.start)?).ok()?;
        (length <= bytes.len()).then(|| bytes.slice(..length))
    }
}

impl DataFile {
    async fn open(place: Place, path: Path, size: u64, room: Arc<AtomicUsize>) -> Result<Self> {
        let cut = || ParquetError::EOF(format!("{path} ends too early"));
        let mut start = size.saturating_sub(FOOTER_BYTES);
        let mut tail = one(place.ranges(&path, std::slice::from_ref(&(start..size))).await?).ok_or_else(cut)?;
        let footer = FooterTail::try_from(tail.len().checked_sub(8).and_then(|at| tail.get(at..)).ok_or_else(cut)?)?;
        if footer.is_encrypted_footer() {
            return Err(ParquetError::NYI("an encrypted file".into()));
        }
        let length = footer.metadata_length() as u64 + 8;
        if length > tail.len() as u64 {
            start = size.checked_sub(length).ok_or_else(cut)?;
            tail = one(place.ranges(&path, std::slice::from_ref(&(start..size))).await?).ok_or_else(cut)?;
        }
        let end = tail.len() - 8;
        let metadata = ParquetMetaDataReader::decode_metadata(tail.get(end - footer.metadata_length()..end).ok_or_else(cut)?)?;
        let mut leaves: HashMap<String, Vec<usize>> = HashMap::new();
        for (leaf, column) in metadata.file_metadata().schema_descr().columns().iter().enumerate() {
            if let Some(name) = column.path().parts().first() {
                leaves.entry(name.clone()).or_default().push(leaf);
            }
        }
        let (held, indexes) = (Mutex::default(), Mutex::default());
        Ok(Self { place, path, metadata, leaves, tail: (start, tail), held, indexes, room })
    }

    /// Lets go of bytes that were kept.
    fn forget(&self) {
        let held = std::mem::take(&mut *self.held.lock().unwrap_or_else(PoisonError::into_inner));
        self.room.fetch_add(held.values().map(Bytes::len).sum(), Ordering::Relaxed);
    }

    pub(super) fn metadata(&self) -> &ParquetMetaData {
        &self.metadata
    }

    /// The whole of it.
    pub(super) async fn whole(&self) -> Result<Bytes> {
        Ok(self.place.get(&self.path).await?)
    }

    /// The leaves of a column; none where the file has no such column.
    pub(super) fn leaves(&self, column: &str) -> &[usize] {
        self.leaves.get(column).map_or(&[], Vec::as_slice)
    }

    pub(super) fn chunk(&self, group: usize, leaf: usize) -> Option<&ColumnChunkMetaData> {
        self.metadata.row_groups().get(group)?.columns().get(leaf)
    }

    /// Reads what of `ranges` is not there yet.
    pub(super) async fn fetch(&self, into: &mut Fetched, ranges: impl IntoIterator<Item = Range<u64>>) -> Result<()> {
        let mut missing: Vec<Range<u64>> = Vec::new();
        {
            let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            for range in ranges {
                if range.start >= range.end || into.get(range.clone()).is_some() {
                    continue;
                }
                let length = range.end - range.start;
                let of_tail = range.start.checked_sub(self.tail.0).and_then(|at| usize::try_from(at).ok());
                let of_tail = of_tail.and_then(|at| self.tail.1.get(at..at.checked_add(usize::try_from(length).ok()?)?));
                let found = match of_tail {
                    Some(bytes) => Some(self.tail.1.slice_ref(bytes)),
                    None => held.get(&range.start).filter(|bytes| bytes.len() as u64 >= length).cloned(),
                };
                match found {
                    Some(bytes) => drop(into.0.insert(range.start, bytes)),
                    None => missing.push(range),
                }
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let read = self.place.ranges(&self.path, &missing).await?;
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        for (range, bytes) in missing.into_iter().zip(read) {
            let length = bytes.len();
            if self.room.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |room| room.checked_sub(length)).is_ok() {
                held.insert(range.start, bytes.clone());
            }
            into.0.insert(range.start, bytes);
        }
        Ok(())
    }

    /// Reads the indexes of column chunks: where their pages lie, and of the first ones between which values those are.
    pub(super) async fn read_indexes(&self, with_bounds: &[(usize, usize)], others: &[(usize, usize)]) -> Result<()> {
        let range = |offset: Option<i64>, length: Option<i32>| {
            let start = u64::try_from(offset?).ok()?;
            Some(start..start.checked_add(u64::try_from(length?).ok()?)?)
        };
        let places = |chunk: &ColumnChunkMetaData| range(chunk.offset_index_offset(), chunk.offset_index_length());
        let bounds = |chunk: &ColumnChunkMetaData| range(chunk.column_index_offset(), chunk.column_index_length());
        let mut wanted = Vec::new();
        {
            let known = self.indexes.lock().unwrap_or_else(PoisonError::into_inner);
            let asked = with_bounds.iter().map(|place| (place, true)).chain(others.iter().map(|place| (place, false)));
            for (place, is_bounded) in asked {
                let Some(chunk) = self.chunk(place.0, place.1) else { continue };
                let held = known.get(place);
                let bounds = bounds(chunk).filter(|_| is_bounded && held.is_none_or(|held| held.bounds.is_none()));
                wanted.push((*place, places(chunk).filter(|_| held.is_none_or(|held| held.pages.is_none())), bounds));
            }
        }
        let mut fetched = Fetched::default();
        let ranges = wanted.iter().flat_map(|(_, pages, bounds)| pages.iter().chain(bounds)).cloned();
        self.fetch(&mut fetched, ranges.collect::<Vec<_>>()).await?;
        let mut known = self.indexes.lock().unwrap_or_else(PoisonError::into_inner);
        for (place, pages, bounds) in wanted {
            let index = known.entry(place).or_default();
            // What is not understood is as if it were not there.
            if let Some(pages) = pages.and_then(|range| pages::offset_index(&fetched.get(range)?).ok()).filter(|pages| !pages.is_empty()) {
                index.pages = Some(Arc::new(pages));
            }
            if let Some(bounds) = bounds.and_then(|range| pages::column_index(fetched.get(range)?).ok()) {
                index.bounds = Some(Arc::new(bounds));
            }
        }
        Ok(())
    }

    pub(super) fn index(&self, group: usize, leaf: usize) -> Index {
        self.indexes.lock().unwrap_or_else(PoisonError::into_inner).get(&(group, leaf)).cloned().unwrap_or_default()
    }

    /// Which of the texts a column chunk's bloom filter allows; all where it has none.
    pub(super) async fn allowed(&self, group: usize, leaf: usize, texts: &mut Vec<&str>) -> Result<()> {
        let Some(chunk) = self.chunk(group, leaf) else { return Ok(()) };
        let place = chunk.bloom_filter_offset().and_then(|offset| u64::try_from(offset).ok());
        let length = chunk.bloom_filter_length().and_then(|length| u64::try_from(length).ok());
        let Some((start, length)) = place.zip(length) else { return Ok(()) };
        let mut fetched = Fetched::default();
        if self.place.is_far() {
            // One request for all of it: the blocks lie anywhere.
            self.fetch(&mut fetched, std::iter::once(start..start.saturating_add(length))).await?;
        }
        let header = start..start.saturating_add(length.min(pages::BLOOM_HEADER_BYTES_MAX));
        self.fetch(&mut fetched, [header.clone()]).await?;
        let Some(filter) = fetched.get(header).and_then(|header| pages::bloom_header(&header).ok()) else { return Ok(()) };
        let blocks: Vec<Range<u64>> = texts.iter().map(|text| filter.block(start, text)).collect();
        let whole = fetched.get(start..start.saturating_add(length));
        if whole.is_none() {
            self.fetch(&mut fetched, blocks.clone()).await?;
        }
        let block_of = |range: &Range<u64>| match &whole {
            Some(whole) => {
                whole.get(usize::try_from(range.start - start).ok()?..usize::try_from(range.end - start).ok()?).map(Bytes::copy_from_slice)
            }
            None => fetched.get(range.clone()),
        };
        let mut verdicts =
            blocks.iter().zip(texts.iter()).map(|(range, text)| block_of(range).is_none_or(|block| pages::bloom_allows(&block, text)));
        let verdicts: Vec<bool> = verdicts.by_ref().collect();
        let mut verdicts = verdicts.into_iter();
        texts.retain(|_| verdicts.next().unwrap_or(true));
        Ok(())
    }
}

fn one(found: Vec<Bytes>) -> Option<Bytes> {
    found.into_iter().next()
}

/// Files whose footers were read already, by their paths: a file never changes.
#[derive(Debug)]
pub(super) struct Footers {
    open: Mutex<HashMap<Path, Arc<DataFile>>>,
    room: Arc<AtomicUsize>,
}

impl Default for Footers {
    fn default() -> Self {
        Self { open: Mutex::default(), room: Arc::new(AtomicUsize::new(HELD_BYTES_MAX)) }
    }
}

impl Footers {
    /// Lets go of what was read of the files but their footers.
    pub(super) fn forget(&self) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).values().for_each(|file| file.forget());
    }

    pub(super) async fn open(&self, place: &Place, path: &Path, size: u64) -> Result<Arc<DataFile>> {
        if let Some(open) = self.open.lock().unwrap_or_else(PoisonError::into_inner).get(path) {
            return Ok(Arc::clone(open));
        }
        let open = Arc::new(DataFile::open(place.clone(), path.clone(), size, Arc::clone(&self.room)).await?);
        self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(path.clone(), Arc::clone(&open));
        Ok(open)
    }
}
