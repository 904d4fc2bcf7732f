//! Named pages beside the tables that many writers share without locks: a page is the union of its files.
//!
//! A writer reads all files of a page, puts down one new file with what they hold and what it adds, and removes those that it read. Two
//! at once leave two files, each with what was there before; a writer that is killed leaves one too many, and a reply that is lost
//! changes nothing. So no conditional put is needed, which a local folder does not have. Whoever finds a file gone that was listed
//! lists again: what it held is in another one by then. Names count upwards, so that a listing in order cannot pass the new file by and
//! then miss the old one.

use crate::error::{Error, Result, read_error, write_error};
use crate::fail_point::{Point, reach};
use bytes::Bytes;
use futures::TryStreamExt as _;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Listings of one page before giving up: each further one means that another writer got on.
const LISTINGS_MAX: u32 = 100;
const SHELF: &str = "_whodid";

/// Joins what several wrote under one name.
pub(crate) type Merge = fn(&str, &[Bytes]) -> Result<Vec<u8>>;

/// Pages of one kind of a lake.
#[derive(Debug, Clone)]
pub(crate) struct Shelf {
    store: Option<Arc<dyn ObjectStore>>,
    /// Files that hold no more than this process has put into its copy of the page.
    ours: BTreeMap<String, Path>,
}

impl Shelf {
    /// The pages in a store; none where the lake has no folder for them yet.
    pub(crate) fn new(store: Option<Arc<dyn ObjectStore>>) -> Self {
        Self { store, ours: BTreeMap::new() }
    }

    /// Whether pages can be saved.
    pub(crate) fn has_place(&self) -> bool {
        self.store.is_some()
    }

    /// What all have written under a name, `None` where nobody has.
    pub(crate) async fn load(&mut self, name: &str, merge: Merge) -> Result<Option<Bytes>> {
        let (files, pages) = self.read(name).await?;
        if let [file] = files.as_slice() {
            self.ours.insert(name.to_owned(), file.clone());
        }
        match pages.as_slice() {
            [] => Ok(None),
            [page] => Ok(Some(page.clone())),
            pages => merge(name, pages).map(|page| Some(page.into())),
        }
    }

    /// Adds to what all have written under a name; the page holds at least what this one loaded or saved under it last.
    pub(crate) async fn save(&mut self, name: &str, page: Bytes, merge: Merge) -> Result<()> {
        let Some(store) = self.store.clone() else { return Err(write_error(SHELF)("the lake has no folder for pages".into())) };
        let listed = self.list(name).await?;
        let known = self.ours.remove(name);
        let alone = match listed.as_slice() {
            [] => true,
            [file] => known.as_ref() == Some(file),
            _ => false,
        };
        let (files, page) = if alone {
            (listed, page)
        } else {
            let (files, mut pages) = self.read(name).await?;
            pages.push(page);
            (files, merge(name, &pages)?.into())
        };
        let generation = files.iter().filter_map(generation).max().unwrap_or(0) + 1;
        let path = Path::from(format!("{name}/{generation:010}-{}.json", uuid::Uuid::new_v4()));
        store.put(&path, page.into()).await.map_err(|error| write_error(SHELF)(error.into()))?;
        reach(Point::PagePut);
        for file in &files {
            // One that stays is only read once more.
            if let Err(error) = store.delete(file).await
                && !matches!(error, object_store::Error::NotFound { .. })
            {
                tracing::warn!(%file, %error, "a page that was replaced could not be removed");
            }
            reach(Point::PageRemoved);
        }
        if alone {
            self.ours.insert(name.to_owned(), path);
        }
        Ok(())
    }

    async fn list(&self, name: &str) -> Result<Vec<Path>> {
        let Some(store) = &self.store else { return Ok(Vec::new()) };
        let files = store.list(Some(&Path::from(name))).map_ok(|file| file.location);
        let mut files: Vec<Path> = files.try_collect().await.map_err(|error| read_error(SHELF)(error.into()))?;
        files.sort();
        Ok(files)
    }

    /// All files of a page, read at one moment.
    async fn read(&self, name: &str) -> Result<(Vec<Path>, Vec<Bytes>)> {
        let Some(store) = &self.store else { return Ok((Vec::new(), Vec::new())) };
        'again: for _ in 0..LISTINGS_MAX {
            let files = self.list(name).await?;
            let mut pages = Vec::with_capacity(files.len());
            for file in &files {
                match store.get(file).await {
                    Ok(found) => pages.push(found.bytes().await.map_err(|error| read_error(SHELF)(error.into()))?),
                    Err(object_store::Error::NotFound { .. }) => continue 'again,
                    Err(error) => return Err(read_error(SHELF)(error.into())),
                }
            }
            return Ok((files, pages));
        }
        Err(Error::Contended { attempts: LISTINGS_MAX })
    }
}

fn generation(file: &Path) -> Option<u64> {
    file.filename()?.split('-').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::memory::InMemory;
    use std::collections::BTreeSet;

    fn union(_: &str, pages: &[Bytes]) -> Result<Vec<u8>> {
        let all: BTreeSet<u8> = pages.iter().flatten().copied().collect();
        Ok(all.into_iter().collect())
    }

    async fn files(store: &Arc<dyn ObjectStore>) -> usize {
        store.list(None).try_collect::<Vec<_>>().await.unwrap().len()
    }

    #[tokio::test]
    async fn what_several_add_at_once_is_all_there() {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let writers: Vec<_> = (0u8..20)
            .map(|writer| {
                let mut shelf = Shelf::new(Some(Arc::clone(&store)));
                tokio::spawn(async move {
                    let mut own: BTreeSet<u8> = shelf.load("page", union).await.unwrap().into_iter().flatten().collect();
                    for round in 0..5 {
                        own.insert(writer * 5 + round);
                        shelf.save("page", own.iter().copied().collect(), union).await.unwrap();
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
        let mut shelf = Shelf::new(Some(Arc::clone(&store)));
        assert_eq!(shelf.load("page", union).await.unwrap().unwrap(), (0u8..100).collect::<Vec<_>>());
        // The next one to add tidies up.
        shelf.save("page", (0u8..=100).collect(), union).await.unwrap();
        assert_eq!(files(&store).await, 1);
        assert_eq!(shelf.load("page", union).await.unwrap().unwrap().len(), 101);
        assert_eq!(shelf.load("other", union).await.unwrap(), None);
    }

    #[tokio::test]
    async fn writer_that_died_between_its_two_steps_has_lost_nothing() {
        let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        let mut first = Shelf::new(Some(Arc::clone(&store)));
        first.save("page", Bytes::from_static(&[1]), union).await.unwrap();
        // As of a writer that put its file down, and was killed before it removed those that it had read.
        store.put(&Path::from("page/0000000002-killed.json"), Bytes::from_static(&[1, 2]).into()).await.unwrap();
        assert_eq!(first.load("page", union).await.unwrap().unwrap(), [1, 2].as_slice());
        // One that does not know of the others' file does not lose it either.
        first.save("page", Bytes::from_static(&[1, 3]), union).await.unwrap();
        assert_eq!(first.load("page", union).await.unwrap().unwrap(), [1, 2, 3].as_slice());
        assert_eq!(files(&store).await, 1);
    }

    #[tokio::test]
    async fn lake_without_a_folder_for_pages_has_none() {
        let mut shelf = Shelf::new(None);
        assert_eq!(shelf.load("page", union).await.unwrap(), None);
        assert!(shelf.save("page", Bytes::new(), union).await.is_err());
    }
}
