//! What the lake keeps of CloudTrail's digests: the verifier's pages, public keys, and where copies of a bucket were read.
//!
//! Lies in `_whodid/digests/` beside the tables, where no reader of tables looks. The verdict on an object is never kept: it is a
//! function of the pages and of the time at which one asks. What was read of log objects is not kept twice: it is fed to the verifier
//! from the table `objects`, file by file, so that a run that was killed is caught up by the next one.

use crate::error::{Result, read_error, write_error};
use crate::schema::Table;
use crate::shelf::Shelf;
use crate::table::{Lake, files, read};
use arrow::array::Array as _;
use bytes::Bytes;
use digest::{LogFact, PublicKeys, Sha256, Verifier};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

const STATE: &str = "state";
const KEYS: &str = "keys";

/// The digests of a lake.
#[derive(Debug)]
pub struct Digests {
    shelf: Shelf,
    state: State,
    keys: PublicKeys,
}

/// What is kept beside the verifier's pages: sets that only grow.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    /// A place that was read, and the place in a bucket of which it is a copy, by a digest that AWS signed. Both end in `/`.
    copies: BTreeMap<String, BTreeSet<String>>,
    /// Files of `objects` of which the verifier knows everything, each behind the number of copies that were known when it was noted: once
    /// another is known, its objects may have another place.
    noted: BTreeSet<String>,
}

/// A log object as the ledger has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerObject {
    /// Where it was read.
    pub uri: String,
    /// Of its uncompressed bytes; none where they could not be had, or where they were stored so: CloudTrail delivers no log uncompressed,
    /// and `aws cloudtrail validate-logs` calls one invalid.
    pub sha256: Option<Sha256>,
    /// When it was put into its bucket, in microseconds since 1970; none for a file, whose time of change is that of the copy.
    pub modified: Option<i64>,
}

impl LedgerObject {
    /// Columns of [`Table::Objects`] that it is made of: two of text, three of numbers.
    pub const COLUMNS: [&'static str; 5] = ["object", "sha256", "modified", "size", "uncompressed"];

    /// Made of the values of [`LedgerObject::COLUMNS`].
    pub fn new(uri: &str, sha256: &str, [modified, size, uncompressed]: [Option<i64>; 3]) -> Self {
        let is_plain = uncompressed.is_some_and(|bytes| bytes > 0) && size == uncompressed;
        let sha256 = sha256.parse().ok().filter(|_| !is_plain);
        Self { uri: uri.to_owned(), sha256, modified: modified.filter(|_| uri.starts_with("s3://")) }
    }
}

/// The verifier's pages, on the lake's shelf.
#[derive(Debug)]
pub struct DigestPages(Shelf);

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Waits on the thread that it is called from; the runtime must have others.
fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(future))
}

impl digest::Pages for DigestPages {
    fn load(&mut self, name: &str) -> Result<Option<Vec<u8>>, Cause> {
        Ok(wait(self.0.load(name, merge_pages))?.map(Vec::from))
    }

    fn save(&mut self, name: &str, bytes: &[u8]) -> Result<(), Cause> {
        Ok(wait(self.0.save(name, Bytes::copy_from_slice(bytes), merge_pages))?)
    }
}

fn merge_pages(name: &str, pages: &[Bytes]) -> Result<Vec<u8>> {
    digest::merge(name, pages.iter().map(Bytes::as_ref)).map_err(|error| read_error("_whodid")(error.into()))
}

fn merge_states(_: &str, pages: &[Bytes]) -> Result<Vec<u8>> {
    let mut all = State::default();
    for page in pages {
        let state = State::of(page)?;
        all.noted.extend(state.noted);
        state.copies.into_iter().for_each(|(read, recorded)| all.copies.entry(read).or_default().extend(recorded));
    }
    all.json().map(Vec::from)
}

fn merge_keys(_: &str, pages: &[Bytes]) -> Result<Vec<u8>> {
    let mut all = PublicKeys::default();
    for page in pages {
        all.add_json(page).map_err(|error| read_error("_whodid")(error.into()))?;
    }
    Ok(all.to_json().into_bytes())
}

impl State {
    fn of(page: &Bytes) -> Result<Self> {
        serde_json::from_slice(page).map_err(|error| read_error("_whodid")(error.into()))
    }

    fn note(&self, path: &str) -> String {
        format!("{} {path}", self.copies.values().map(BTreeSet::len).sum::<usize>())
    }

    fn json(&self) -> Result<Bytes> {
        serde_json::to_vec(self).map(Bytes::from).map_err(|error| write_error("_whodid")(error.into()))
    }
}

impl Lake {
    /// What the lake keeps of digests; `None` where none was ever read.
    ///
    /// # Errors
    /// [`Error::Read`](crate::Error::Read).
    pub async fn digests(&self) -> Result<Option<Digests>> {
        let mut shelf = self.shelf("digests", false)?;
        let Some(page) = shelf.load(STATE, merge_states).await? else { return Ok(None) };
        let mut keys = PublicKeys::default();
        if let Some(page) = shelf.load(KEYS, merge_keys).await? {
            keys.add_json(&page).map_err(|error| read_error("_whodid")(error.into()))?;
        }
        Ok(Some(Digests { shelf, state: State::of(&page)?, keys }))
    }

    /// As [`Lake::digests`], with a place for them where there is none yet.
    ///
    /// # Errors
    /// [`Error::Read`](crate::Error::Read), [`Error::Write`](crate::Error::Write).
    pub async fn digests_or_new(&self) -> Result<Digests> {
        match self.digests().await? {
            Some(digests) => Ok(digests),
            None => Ok(Digests { shelf: self.shelf("digests", true)?, state: State::default(), keys: PublicKeys::default() }),
        }
    }

    /// Every log object that the ledger has, but those that could not be read.
    ///
    /// # Errors
    /// [`Error::Read`](crate::Error::Read).
    pub async fn ledger(&self) -> Result<Vec<LedgerObject>> {
        Ok(self.ledger_files(&|_| false).await?.into_iter().flat_map(|(_, objects)| objects).collect())
    }

    /// The files of the ledger less those that are noted, and the log objects in each.
    async fn ledger_files(&self, is_noted: &(dyn Fn(&str) -> bool + Sync)) -> Result<Vec<(String, Vec<LedgerObject>)>> {
        let open = self.open(Table::Objects).await?;
        let mut found = Vec::new();
        let columns = [&LedgerObject::COLUMNS[..], &["kind", "state"]].concat();
        for (path, size) in files(Table::Objects, &open, |_| true)? {
            if is_noted(path.as_ref()) {
                continue;
            }
            let mut objects = Vec::new();
            for batch in read(open.object_store(), Table::Objects, &path, size, &columns).await? {
                let text = |name| crate::parquet_file::text_column(Table::Objects, &batch, name);
                let number = |name| crate::parquet_file::number_column(Table::Objects, &batch, name);
                let (object, kind, state, sha256) = (text("object")?, text("kind")?, text("state")?, text("sha256")?);
                let numbers = [number("modified")?, number("size")?, number("uncompressed")?];
                // One that could not be fetched may be all right.
                let is_log = |row: &usize| kind.value(*row) == "cloudtrail" && state.value(*row) != "unreadable";
                objects.extend((0..batch.num_rows()).filter(is_log).map(|row| {
                    let numbers = numbers.map(|column| column.is_valid(row).then(|| column.value(row)));
                    LedgerObject::new(object.value(row), sha256.value(row), numbers)
                }));
            }
            found.push((path.to_string(), objects));
        }
        Ok(found)
    }
}

impl Digests {
    /// A verifier that goes on where the last one ended. It may wait for the lake, and needs a runtime with several threads.
    pub fn verifier(&self) -> Verifier<DigestPages> {
        Verifier::new(DigestPages(self.shelf.clone()), self.keys.clone())
    }

    /// The public keys that are known.
    pub fn keys_mut(&mut self) -> &mut PublicKeys {
        &mut self.keys
    }

    /// Where CloudTrail put the object that was read there; none for a file of a folder of which no digest is known.
    pub fn recorded<'a>(&self, uri: &'a str) -> Option<Cow<'a, str>> {
        let slashes = uri.rmatch_indices('/').map(|(at, _)| at + 1);
        for end in slashes {
            let prefix = uri.get(..end).unwrap_or("");
            // Should two trails have been copied into one place, one of them is that place's: always the same.
            if let Some(recorded) = self.state.copies.get(prefix).and_then(BTreeSet::first) {
                return Some(Cow::Owned(format!("{recorded}{}", uri.get(end..).unwrap_or(""))));
            }
        }
        uri.starts_with("s3://").then_some(Cow::Borrowed(uri))
    }

    /// Where the object that CloudTrail put there was read, or would lie: the other way round.
    pub fn read_at(&self, uri: &str) -> String {
        let of = |(read, recorded): (&'_ String, &'_ BTreeSet<String>)| {
            let recorded = recorded.first()?;
            Some((recorded.len(), format!("{read}{}", uri.strip_prefix(recorded.as_str())?)))
        };
        self.state.copies.iter().filter_map(of).max().map_or_else(|| uri.to_owned(), |(_, read)| read)
    }

    /// Log objects of the ledger that the pages do not have yet.
    ///
    /// # Errors
    /// Where the ledger cannot be read.
    pub async fn behind(&self, lake: &Lake) -> Result<Vec<LedgerObject>> {
        let files = lake.ledger_files(&|path| self.state.noted.contains(&self.state.note(path))).await?;
        Ok(files.into_iter().flat_map(|(_, objects)| objects).collect())
    }

    /// The prefixes of a bucket whose objects lie below a prefix that was read, as far as is known; all end in `/`.
    pub fn recorded_prefixes(&self, prefix: &str) -> Vec<String> {
        let below = self.state.copies.iter().filter(|(read, _)| read.starts_with(prefix));
        let mut found: Vec<String> = below.filter_map(|(_, recorded)| recorded.first().cloned()).collect();
        found.extend(self.recorded(prefix).map(Cow::into_owned));
        found.sort();
        found.dedup();
        found
    }

    /// Says that what lies below `read` is a copy of what CloudTrail put below `recorded`; both end in `/`. What was read is then
    /// looked at anew.
    pub fn copy(&mut self, read: &str, recorded: &str) {
        self.state.copies.entry(read.to_owned()).or_default().insert(recorded.to_owned());
    }

    /// Adds to the verifier what the ledger has and it does not know yet, and saves everything.
    ///
    /// # Errors
    /// Where the ledger cannot be read, or the pages cannot be written.
    pub async fn catch_up(&mut self, lake: &Lake, verifier: &mut Verifier<DigestPages>) -> Result<()> {
        let failed = |error: digest::Error| write_error("_whodid")(error.into());
        for (path, objects) in lake.ledger_files(&|path| self.state.noted.contains(&self.state.note(path))).await? {
            for object in objects {
                if let Some(uri) = self.recorded(&object.uri) {
                    verifier.log(LogFact { uri: &uri, sha256: object.sha256, modified: object.modified }).map_err(failed)?;
                }
            }
            self.state.noted.insert(self.state.note(&path));
        }
        verifier.flush().map_err(failed)?;
        self.shelf.save(KEYS, verifier.keys_mut().to_json().into(), merge_keys).await?;
        // Last: what it says is noted is noted.
        self.shelf.save(STATE, self.state.json()?, merge_states).await
    }
}
