//! A folder of the local disk, or one file of it, as a source.
//!
//! Walks folder by folder, and holds the names of the folders it stands in, never of the whole tree. What cannot be read
//! comes as an error among the files, and the walk goes on.
//!
//! Never leaves the folder: a link to a folder is not followed, so no circle can hold it, and a link to a file is only
//! followed when that file lies inside. Never blocks an async thread.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use serde::Deserialize;
use tracing::debug;

use crate::{BoxError, Error, Listed, Object, Result, SIDECAR, Source};

/// Bytes of a sidecar, at most: S3 allows 2 KB of user metadata.
const SIDECAR_BYTES_MAX: u64 = 64 << 10;

/// Files taken from the disk in one go off the async threads.
const BATCH_FILES_MAX: usize = 512;

/// Small files that are read in one go off the async threads, at most.
const FETCHED_TOGETHER: usize = 32;

/// A folder, with all that lies below it, or a single file.
#[derive(Debug, Clone)]
pub struct Folder {
    name: String,
    /// Without links, so that one file has one URI however the user wrote the path.
    root: PathBuf,
    /// The key of the one file, when the user named a file.
    only: Option<String>,
}

impl Folder {
    /// Opens a folder or a file; makes sure that it is there and can be listed.
    pub async fn open(path: &str) -> Result<Folder> {
        let name = path.to_owned();
        match tokio::task::spawn_blocking(move || Folder::find(name)).await {
            Ok(found) => found,
            Err(panic) => Err(Error::List { what: path.to_owned(), source: panic.into() }),
        }
    }

    fn find(name: String) -> Result<Folder> {
        let bad = |why| Error::BadSpec { spec: name.clone(), why };
        if name.is_empty() {
            return Err(bad("it is empty"));
        }
        let root = fs::canonicalize(&name).map_err(|error| list_error(&name, error))?;
        if root.to_str().is_none() {
            return Err(bad("its path is not UTF-8"));
        }
        let kind = fs::metadata(&root).map_err(|error| list_error(&name, error))?;
        if kind.is_dir() {
            fs::read_dir(&root).map_err(|error| list_error(&name, error))?;
            return Ok(Folder { name, root, only: None });
        }
        match (kind.is_file(), root.parent(), root.file_name().and_then(|file| file.to_str())) {
            (true, Some(parent), Some(file)) => {
                let (parent, only) = (parent.to_owned(), file.to_owned());
                Ok(Folder { name, root: parent, only: Some(only) })
            }
            _ => Err(bad("it is neither a folder nor a file")),
        }
    }
}

#[async_trait]
impl Source for Folder {
    fn name(&self) -> &str {
        &self.name
    }

    async fn list(&self) -> Result<BoxStream<'_, Result<Listed>>> {
        let walk = match &self.only {
            Some(key) => Walk::file(self.root.clone(), key.clone()),
            None => Walk::folder(self.root.clone()),
        };
        let batches = stream::unfold(Some(walk), async |walk| {
            let mut walk = walk?;
            let step = tokio::task::spawn_blocking(move || {
                let batch: Vec<_> = walk.by_ref().take(BATCH_FILES_MAX).collect();
                (batch, walk)
            });
            match step.await {
                Ok((batch, _)) if batch.is_empty() => None,
                Ok((batch, walk)) => Some((batch, Some(walk))),
                Err(panic) => Some((vec![Err(Error::List { what: self.name.clone(), source: panic.into() })], None)),
            }
        });
        Ok(batches.flat_map(stream::iter).boxed())
    }

    fn prefix(&self) -> Option<String> {
        self.only.is_none().then(|| format!("{}/", self.root.display().to_string().trim_end_matches('/')))
    }

    async fn fetch_object(&self, listed: &Listed, bytes_max: u64) -> Result<Object> {
        let bytes = self.fetch(listed, bytes_max).await?;
        let (root, path) = (self.root.clone(), self.root.join(format!("{}{SIDECAR}", listed.key)));
        let read = tokio::task::spawn_blocking(move || read(&root, &path, SIDECAR_BYTES_MAX)).await;
        let sidecar = match read.map_err(|panic| Error::Fetch { uri: listed.uri.clone(), source: panic.into() })? {
            Ok(sidecar) => sidecar,
            Err(Error::NotFound { .. }) => return Ok(Object { bytes, metadata: BTreeMap::new() }),
            Err(error) => return Err(error),
        };
        let head: Head = serde_json::from_slice(&sidecar)
            .map_err(|error| Error::Fetch { uri: format!("{}{SIDECAR}", listed.uri), source: error.into() })?;
        Ok(Object { bytes, metadata: head.metadata })
    }

    async fn fetch(&self, listed: &Listed, bytes_max: u64) -> Result<Bytes> {
        let uri = || uri(&self.root, &listed.key);
        let fetched = self.fetch_each(&[listed], bytes_max).await.pop();
        fetched.unwrap_or_else(|| Err(Error::NotFound { what: uri() }))
    }

    fn together(&self) -> usize {
        FETCHED_TOGETHER
    }

    /// Off the async threads, all on one other: waking one for each takes longer than reading a small file.
    async fn fetch_each(&self, listed: &[&Listed], bytes_max: u64) -> Vec<Result<Bytes>> {
        let (root, only) = (self.root.clone(), self.only.clone());
        let keys: Vec<String> = listed.iter().map(|listed| listed.key.clone()).collect();
        let read = tokio::task::spawn_blocking(move || {
            let fetch = |key: &String| {
                if only.as_ref().is_some_and(|only| only != key) {
                    return Err(Error::NotFound { what: uri(&root, key) });
                }
                let bytes = read(&root, &root.join(key), bytes_max)?;
                debug!(key, bytes = bytes.len(), "object fetched");
                Ok(bytes)
            };
            keys.iter().map(fetch).collect()
        });
        match read.await {
            Ok(fetched) => fetched,
            Err(panic) => {
                let what = panic.to_string();
                let failed = |listed: &&Listed| Err(Error::Fetch { uri: uri(&self.root, &listed.key), source: what.clone().into() });
                listed.iter().map(failed).collect()
            }
        }
    }
}

/// The answer of `aws s3api head-object`, as far as it is of use.
#[derive(Deserialize)]
struct Head {
    #[serde(rename = "Metadata")]
    metadata: BTreeMap<String, String>,
}

/// Looks again where the path leads: it may have become a link or a pipe since it was listed.
fn read(root: &Path, path: &Path, bytes_max: u64) -> Result<Bytes> {
    let shown = path.display().to_string();
    let failed = |error| problem(&shown, error, |uri, source| Error::Fetch { uri, source });
    let file = match open_within(root, path) {
        Some(file) => file,
        None => {
            let real = fs::canonicalize(path).map_err(failed)?;
            if !real.starts_with(root) {
                return Err(Error::Skipped { uri: shown, why: "it leads out of the folder" });
            }
            // A pipe would wait for somebody who writes.
            if !fs::metadata(&real).map_err(failed)?.is_file() {
                return Err(Error::Skipped { uri: shown, why: "it is not a file" });
            }
            File::open(&real).map_err(failed)?
        }
    };
    let kind = file.metadata().map_err(failed)?;
    if !kind.is_file() {
        return Err(Error::Skipped { uri: shown, why: "it is not a file" });
    }
    if kind.len() > bytes_max {
        return Err(Error::TooLarge { uri: shown, bytes_max });
    }
    let mut bytes = Vec::with_capacity(usize::try_from(kind.len()).unwrap_or_default());
    file.take(bytes_max.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > bytes_max {
        return Err(Error::TooLarge { uri: shown, bytes_max });
    }
    Ok(bytes.into())
}

/// Opens a file below a folder in one call, which refuses any way out of it; none where the system has no such call, or refuses: looking
/// closer then tells why.
#[cfg(target_os = "linux")]
fn open_within(root: &Path, path: &Path) -> Option<File> {
    use rustix::fs::{Mode, OFlags, ResolveFlags, open, openat2};
    let below = path.strip_prefix(root).ok()?;
    let folder = open(root, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).ok()?;
    // Without waiting: it may have become a pipe.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    openat2(folder, below, flags, Mode::empty(), ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS).ok().map(File::from)
}

#[cfg(not(target_os = "linux"))]
fn open_within(_root: &Path, _path: &Path) -> Option<File> {
    None
}

/// The walk over a tree, depth first: a stack of the folders it stands in, each with the names still to visit.
struct Walk {
    root: PathBuf,
    stack: Vec<std::vec::IntoIter<Entry>>,
}

enum Entry {
    Folder(String),
    File(String),
    Problem(Error),
}

impl Walk {
    fn file(root: PathBuf, key: String) -> Walk {
        Walk { root, stack: vec![vec![Entry::File(key)].into_iter()] }
    }

    fn folder(root: PathBuf) -> Walk {
        Walk { root, stack: vec![vec![Entry::Folder(String::new())].into_iter()] }
    }

    /// What lies in a folder, in the byte order that the keys below it will have: there a folder's name ends in `/`.
    fn entries(&self, key: &str) -> Result<Vec<Entry>> {
        let folder = uri(&self.root, key);
        let mut entries = Vec::new();
        for entry in fs::read_dir(&folder).map_err(|error| list_error(&folder, error))? {
            match entry {
                Ok(entry) => {
                    let kind = self.entry(key, &entry);
                    let mut order = entry.file_name().into_encoded_bytes();
                    if matches!(kind, Entry::Folder(_)) {
                        order.push(b'/');
                    }
                    entries.push((order, kind));
                }
                Err(error) => entries.push((Vec::new(), Entry::Problem(list_error(&folder, error)))),
            }
        }
        entries.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(entries.into_iter().map(|(_, entry)| entry).collect())
    }

    fn entry(&self, folder_key: &str, entry: &fs::DirEntry) -> Entry {
        let path = entry.path();
        let uri = || path.display().to_string();
        let skipped = |why| Entry::Problem(Error::Skipped { uri: uri(), why });
        let name = entry.file_name();
        let Some(name) = name.to_str() else {
            return skipped("its name is not UTF-8");
        };
        let key = if folder_key.is_empty() { name.to_owned() } else { format!("{folder_key}/{name}") };
        match entry.file_type() {
            Err(error) => Entry::Problem(list_error(&uri(), error)),
            Ok(kind) if kind.is_dir() => Entry::Folder(key),
            Ok(kind) if kind.is_file() => Entry::File(key),
            Ok(kind) if kind.is_symlink() => match self.link(&path) {
                Ok(()) => Entry::File(key),
                Err(error) => Entry::Problem(error),
            },
            Ok(_) => skipped("it is not a file"),
        }
    }

    /// Whether a link leads to a file inside the folder.
    fn link(&self, path: &Path) -> Result<()> {
        let uri = path.display().to_string();
        let target = match fs::canonicalize(path) {
            Ok(target) => target,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Error::Skipped { uri, why: "the link leads nowhere" }),
            Err(error) => return Err(list_error(&uri, error)),
        };
        match fs::metadata(&target) {
            Err(error) => Err(list_error(&uri, error)),
            Ok(kind) if kind.is_dir() => Err(Error::Skipped { uri, why: "a link to a folder is not followed" }),
            Ok(_) if !target.starts_with(&self.root) => Err(Error::Skipped { uri, why: "the link leads out of the folder" }),
            Ok(kind) if kind.is_file() => Ok(()),
            Ok(_) => Err(Error::Skipped { uri, why: "it is not a file" }),
        }
    }

    fn listed(&self, key: String) -> Result<Listed> {
        let uri = uri(&self.root, &key);
        let about = fs::metadata(self.root.join(&key)).map_err(|error| list_error(&uri, error))?;
        Ok(Listed { size: about.len(), modified: about.modified().ok().and_then(unix_micros), etag: None, uri, key })
    }
}

impl Iterator for Walk {
    type Item = Result<Listed>;

    fn next(&mut self) -> Option<Result<Listed>> {
        loop {
            match self.stack.last_mut()?.next() {
                None => {
                    self.stack.pop();
                }
                Some(Entry::File(key)) => return Some(self.listed(key)),
                Some(Entry::Problem(error)) => return Some(Err(error)),
                Some(Entry::Folder(key)) => match self.entries(&key) {
                    Ok(entries) => self.stack.push(entries.into_iter()),
                    Err(error) => return Some(Err(error)),
                },
            }
        }
    }
}

/// The path of a key; both are UTF-8, so nothing is lost.
fn uri(root: &Path, key: &str) -> String {
    if key.is_empty() { root.display().to_string() } else { root.join(key).display().to_string() }
}

fn list_error(what: &str, error: io::Error) -> Error {
    problem(what, error, |what, source| Error::List { what, source })
}

fn problem(what: &str, error: io::Error, otherwise: fn(String, BoxError) -> Error) -> Error {
    let what = what.to_owned();
    match error.kind() {
        io::ErrorKind::NotFound => Error::NotFound { what },
        io::ErrorKind::PermissionDenied => Error::Denied { what, source: error.into() },
        _ => otherwise(what, error.into()),
    }
}

fn unix_micros(time: SystemTime) -> Option<i64> {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_micros()).ok(),
        Err(before) => i64::try_from(before.duration().as_micros()).ok().map(|micros| -micros),
    }
}
