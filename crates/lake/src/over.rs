//! A store over another that is never written: what is put lies in memory, what is deleted is only hidden, and all of it is gone when it
//! is dropped.
//!
//! In go reads and writes as of any store; out comes the store below with what was added, as if it were one. So a lake can be added to for
//! one question, by whoever may only read it.

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyMode, CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt as _,
    PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

type Hidden = Arc<Mutex<BTreeSet<Path>>>;

/// A store that adds to `base`, or to nothing.
#[derive(Debug)]
pub(crate) struct Over {
    base: Option<Arc<dyn ObjectStore>>,
    added: Arc<InMemory>,
    hidden: Hidden,
}

impl std::fmt::Display for Over {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.base {
            Some(base) => write!(f, "memory over {base}"),
            None => write!(f, "memory"),
        }
    }
}

impl Over {
    pub(crate) fn new(base: Option<Arc<dyn ObjectStore>>) -> Self {
        Self { base, added: Arc::new(InMemory::new()), hidden: Hidden::default() }
    }

    /// The store below, for what is not hidden.
    fn below(&self, location: &Path) -> Result<&Arc<dyn ObjectStore>> {
        let missing = || Error::NotFound { path: location.to_string(), source: "it was deleted, or there is no store below".into() };
        if is_hidden(&self.hidden, location) {
            return Err(missing());
        }
        self.base.as_ref().ok_or_else(missing)
    }

    async fn is_added(&self, location: &Path) -> Result<bool> {
        found(self.added.head(location).await.map(drop))
    }

    async fn is_below(&self, location: &Path) -> Result<bool> {
        match self.below(location) {
            Ok(base) => found(base.head(location).await.map(drop)),
            Err(_) => Ok(false),
        }
    }

    /// Both listings as one, in the order of their paths.
    fn merged(
        &self,
        below: Option<BoxStream<'static, Result<ObjectMeta>>>,
        added: BoxStream<'static, Result<ObjectMeta>>,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let hidden = Arc::clone(&self.hidden);
        let all = async move {
            let mut all = BTreeMap::new();
            if let Some(below) = below {
                let below: Vec<ObjectMeta> = below.try_collect().await?;
                all.extend(below.into_iter().filter(|meta| !is_hidden(&hidden, &meta.location)).map(|meta| (meta.location.clone(), meta)));
            }
            let added: Vec<ObjectMeta> = added.try_collect().await?;
            all.extend(added.into_iter().map(|meta| (meta.location.clone(), meta)));
            Ok::<_, Error>(stream::iter(all.into_values().map(Ok)))
        };
        stream::once(all).try_flatten().boxed()
    }
}

fn is_hidden(hidden: &Hidden, location: &Path) -> bool {
    hidden.lock().unwrap_or_else(PoisonError::into_inner).contains(location)
}

fn found(looked: Result<()>) -> Result<bool> {
    match looked {
        Ok(()) => Ok(true),
        Err(Error::NotFound { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

#[async_trait]
impl ObjectStore for Over {
    async fn put_opts(&self, location: &Path, payload: PutPayload, opts: PutOptions) -> Result<PutResult> {
        if opts.mode == PutMode::Create && self.is_below(location).await? {
            return Err(Error::AlreadyExists { path: location.to_string(), source: "it lies in the store below".into() });
        }
        self.added.put_opts(location, payload, opts).await
    }

    async fn put_multipart_opts(&self, location: &Path, opts: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        self.added.put_multipart_opts(location, opts).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        match self.added.get_opts(location, options.clone()).await {
            Err(Error::NotFound { .. }) => self.below(location)?.get_opts(location, options).await,
            answered => answered,
        }
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        if self.is_added(location).await? {
            return self.added.get_ranges(location, ranges).await;
        }
        self.below(location)?.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let (added, hidden) = (Arc::clone(&self.added), Arc::clone(&self.hidden));
        let delete = move |location: Result<Path>| {
            let (added, hidden) = (Arc::clone(&added), Arc::clone(&hidden));
            async move {
                let location = location?;
                found(added.delete(&location).await)?;
                hidden.lock().unwrap_or_else(PoisonError::into_inner).insert(location.clone());
                Ok(location)
            }
        };
        locations.then(delete).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.merged(self.base.as_ref().map(|base| base.list(prefix)), self.added.list(prefix))
    }

    fn list_with_offset(&self, prefix: Option<&Path>, offset: &Path) -> BoxStream<'static, Result<ObjectMeta>> {
        let below = self.base.as_ref().map(|base| base.list_with_offset(prefix, offset));
        self.merged(below, self.added.list_with_offset(prefix, offset))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let added = self.added.list_with_delimiter(prefix).await?;
        let Some(base) = &self.base else { return Ok(added) };
        let below = base.list_with_delimiter(prefix).await?;
        let folders: BTreeSet<Path> = below.common_prefixes.into_iter().chain(added.common_prefixes).collect();
        let kept = below.objects.into_iter().filter(|meta| !is_hidden(&self.hidden, &meta.location));
        let objects: BTreeMap<Path, ObjectMeta> = kept.chain(added.objects).map(|meta| (meta.location.clone(), meta)).collect();
        Ok(ListResult { common_prefixes: folders.into_iter().collect(), objects: objects.into_values().collect() })
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let bytes = self.get(from).await?.bytes().await?;
        let mode = match options.mode {
            CopyMode::Overwrite => PutMode::Overwrite,
            CopyMode::Create => PutMode::Create,
        };
        self.put_opts(to, bytes.into(), PutOptions { mode, ..PutOptions::default() }).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn names(store: &dyn ObjectStore) -> Vec<String> {
        store.list(None).map_ok(|meta| meta.location.to_string()).try_collect().await.unwrap()
    }

    async fn text(store: &dyn ObjectStore, path: &str) -> Option<String> {
        match store.get(&Path::from(path)).await {
            Ok(found) => Some(String::from_utf8(found.bytes().await.unwrap().to_vec()).unwrap()),
            Err(Error::NotFound { .. }) => None,
            Err(error) => panic!("{error}"),
        }
    }

    #[tokio::test]
    async fn what_is_put_and_deleted_shows_above_and_never_below() {
        let base: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
        for name in ["log/0", "log/1", "data/a"] {
            base.put(&Path::from(name), "base".into()).await.unwrap();
        }
        let over = Over::new(Some(Arc::clone(&base)));
        let create = || PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        let taken = over.put_opts(&Path::from("log/1"), "other".into(), create()).await;
        assert!(matches!(taken, Err(Error::AlreadyExists { .. })), "{taken:?}");
        over.put_opts(&Path::from("log/2"), "added".into(), create()).await.unwrap();
        assert!(over.put_opts(&Path::from("log/2"), "twice".into(), create()).await.is_err());
        over.put(&Path::from("data/a"), "over".into()).await.unwrap();
        over.delete(&Path::from("log/0")).await.unwrap();
        assert_eq!(names(&over).await, ["data/a", "log/1", "log/2"]);
        assert_eq!((text(&over, "log/0").await, text(&over, "data/a").await.as_deref()), (None, Some("over")));
        assert_eq!(text(&over, "log/1").await.as_deref(), Some("base"));
        let later: Vec<ObjectMeta> = over.list_with_offset(None, &Path::from("log/1")).try_collect().await.unwrap();
        assert_eq!(later.len(), 1);
        let top = over.list_with_delimiter(None).await.unwrap();
        assert_eq!(top.common_prefixes.len(), 2);
        over.copy(&Path::from("log/1"), &Path::from("log/3")).await.unwrap();
        let ranges = [0..2, 2..4];
        assert_eq!(over.get_ranges(&Path::from("log/3"), &ranges).await.unwrap().concat(), b"base");
        assert_eq!(over.get_ranges(&Path::from("log/1"), &ranges).await.unwrap().concat(), b"base");
        // Below, all is as it was.
        assert_eq!(names(base.as_ref()).await, ["data/a", "log/0", "log/1"]);
        assert_eq!(text(base.as_ref(), "data/a").await.as_deref(), Some("base"));
    }

    #[tokio::test]
    async fn a_store_over_nothing_is_one_in_memory() {
        let over = Over::new(None);
        assert_eq!(text(&over, "a").await, None);
        over.put(&Path::from("a"), "a".into()).await.unwrap();
        assert_eq!((names(&over).await, text(&over, "a").await.as_deref()), (vec!["a".to_owned()], Some("a")));
    }
}
