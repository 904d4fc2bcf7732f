//! Where a table lies, for who reads a few bytes of it at a time.
//!
//! A folder is read on the calling thread: what lies in the system's cache is there sooner than another thread would wake up. Everything
//! else is asked through its store.

use bytes::Bytes;
use futures::TryStreamExt as _;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _, Result};
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// Bytes between two ranges of a file in a folder that are read for nothing rather than asked for apart.
const GAP_BYTES: u64 = 8 << 10;

/// The same of an object, where each request takes its time.
const FAR_GAP_BYTES: u64 = 256 << 10;

/// A table's folder, or its store.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    Folder(PathBuf),
    Store(Arc<dyn ObjectStore>),
}

impl Place {
    /// Whether each read is a request over a network.
    pub(crate) fn is_far(&self) -> bool {
        matches!(self, Self::Store(_))
    }

    /// The whole of a file.
    pub(crate) async fn get(&self, path: &Path) -> Result<Bytes> {
        match self {
            Self::Folder(folder) => std::fs::read(folder.join(path.as_ref())).map(Bytes::from).map_err(|error| failed(path, error)),
            Self::Store(store) => store.get(path).await?.bytes().await,
        }
    }

    /// Ranges of a file, in their order; each must end within it.
    pub(crate) async fn ranges(&self, path: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        match self {
            Self::Folder(folder) => read(&folder.join(path.as_ref()), ranges).map_err(|error| failed(path, error)),
            Self::Store(store) => {
                let read = |range| async move { store.get_range(path, range).await };
                let found = object_store::coalesce_ranges(ranges, read, FAR_GAP_BYTES).await?;
                // A store answers a range beyond the end with what there is.
                let is_cut = |(found, range): (&Bytes, &Range<u64>)| found.len() as u64 != range.end.saturating_sub(range.start);
                if found.iter().zip(ranges).any(is_cut) {
                    return Err(failed(path, std::io::Error::new(ErrorKind::UnexpectedEof, format!("{path} was cut"))));
                }
                Ok(found)
            }
        }
    }

    /// Names of the files in a folder that are not before `first`, in no particular order.
    pub(crate) async fn names(&self, folder: &str, first: &str) -> Result<Vec<String>> {
        match self {
            Self::Folder(root) => {
                let entries = std::fs::read_dir(root.join(folder)).and_then(Iterator::collect::<std::io::Result<Vec<_>>>);
                let entries = entries.map_err(|error| failed(&Path::from(folder), error))?;
                let names = entries.iter().filter_map(|entry| entry.file_name().into_string().ok());
                Ok(names.filter(|name| name.as_str() >= first).collect())
            }
            Self::Store(store) => {
                // What is listed comes after the offset: a name that ends earlier than any that is wanted.
                let before = Path::from(format!("{folder}/{}", first.get(..first.len().saturating_sub(1)).unwrap_or("")));
                let found: Vec<_> = store.list_with_offset(Some(&Path::from(folder)), &before).try_collect().await?;
                Ok(found.iter().filter_map(|meta| meta.location.filename()).filter(|name| *name >= first).map(str::to_owned).collect())
            }
        }
    }
}

fn failed(path: &Path, error: std::io::Error) -> object_store::Error {
    match error.kind() {
        ErrorKind::NotFound => object_store::Error::NotFound { path: path.to_string(), source: error.into() },
        _ => object_store::Error::Generic { store: "folder", source: error.into() },
    }
}

/// Ranges that lie close together are read in one go.
fn read(path: &std::path::Path, ranges: &[Range<u64>]) -> std::io::Result<Vec<Bytes>> {
    let mut file = std::fs::File::open(path)?;
    let size = file.metadata()?.len();
    let mut order: Vec<(usize, &Range<u64>)> = ranges.iter().enumerate().collect();
    order.sort_by_key(|(_, range)| range.start);
    let mut found = vec![Bytes::new(); ranges.len()];
    let mut rest = order.as_slice();
    while let Some((_, first)) = rest.first() {
        let (mut end, mut together) = (first.end, 1);
        while let Some((_, next)) = rest.get(together).filter(|(_, next)| next.start <= end.saturating_add(GAP_BYTES)) {
            end = end.max(next.end);
            together += 1;
        }
        // A length that a file tells wrongly is an error before it is memory.
        if end > size || first.start > end {
            return Err(std::io::Error::new(ErrorKind::UnexpectedEof, format!("{} has {size} bytes, not {end}", path.display())));
        }
        let mut bytes = Vec::with_capacity((end - first.start) as usize);
        file.seek(SeekFrom::Start(first.start))?;
        (&file).take(end - first.start).read_to_end(&mut bytes)?;
        if bytes.len() as u64 != end - first.start {
            return Err(std::io::Error::new(ErrorKind::UnexpectedEof, format!("{} was cut", path.display())));
        }
        let (bytes, start) = (Bytes::from(bytes), first.start);
        let (these, others) = rest.split_at(together);
        for (index, range) in these {
            if let Some(found) = found.get_mut(*index).filter(|_| range.start <= range.end) {
                *found = bytes.slice((range.start - start) as usize..(range.end - start) as usize);
            }
        }
        rest = others;
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::local::LocalFileSystem;

    #[tokio::test]
    async fn a_folder_is_read_as_a_store_is() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("log")).unwrap();
        let bytes: Vec<u8> = (0..100_000_u32).map(|number| (number / 256) as u8).collect();
        std::fs::write(folder.path().join("log/2.json"), &bytes).unwrap();
        std::fs::write(folder.path().join("log/10.json"), b"").unwrap();
        let near = Place::Folder(folder.path().to_owned());
        let far = Place::Store(Arc::new(LocalFileSystem::new_with_prefix(folder.path()).unwrap()));
        let path = Path::from("log/2.json");
        let ranges = [99_000..100_000, 0..10, 5..20, 50_000..50_000, 10_000..10_100];
        for place in [&near, &far] {
            assert_eq!(place.get(&path).await.unwrap(), bytes);
            let found = place.ranges(&path, &ranges).await.unwrap();
            for (range, found) in ranges.iter().zip(&found) {
                assert_eq!(found.as_ref(), &bytes[range.start as usize..range.end as usize]);
            }
            assert!(place.ranges(&path, std::slice::from_ref(&(99_000..100_001))).await.is_err());
            assert!(matches!(place.get(&Path::from("log/3.json")).await, Err(object_store::Error::NotFound { .. })));
            let mut names = place.names("log", "10.json").await.unwrap();
            names.sort();
            assert_eq!(names, ["10.json", "2.json"]);
            assert_eq!(place.names("log", "2.json").await.unwrap(), ["2.json"]);
        }
    }
}
