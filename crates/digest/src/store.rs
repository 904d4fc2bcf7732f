//! Pages between memory and a store: those in use are held, the least recently used are saved and dropped.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::page::{DigestPage, Index, LogPage, ScopePage};
use crate::place::Scope;
use crate::sha256::Sha256;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Entries (digests, log objects, folders) of the pages of each kind that are held in memory, at most; the page in use may be larger by
/// itself. An entry takes some 400 bytes.
pub const ENTRIES_HELD_MAX: usize = 100_000;

/// Where pages are kept: a folder, a table, a bucket. One writer at a time.
pub trait Pages {
    /// The page of that name, if it was ever saved. Names are `[a-z]+-[0-9a-f]{32}`.
    ///
    /// # Errors
    /// Whatever the store says; it ends the call that needed the page.
    fn load(&mut self, name: &str) -> Result<Option<Vec<u8>>, Cause>;
    /// Replaces the page of that name, whole or not at all.
    ///
    /// # Errors
    /// As for `load`.
    fn save(&mut self, name: &str, bytes: &[u8]) -> Result<(), Cause>;
}

/// Pages in memory, for what need not outlive the process.
impl Pages for BTreeMap<String, Vec<u8>> {
    fn load(&mut self, name: &str) -> Result<Option<Vec<u8>>, Cause> {
        Ok(self.get(name).cloned())
    }

    fn save(&mut self, name: &str, bytes: &[u8]) -> Result<(), Cause> {
        self.insert(name.to_owned(), bytes.to_vec());
        Ok(())
    }
}

/// The pages in memory and the store behind them.
pub(crate) struct Store<P> {
    pages: P,
    index: Cache<Index>,
    scopes: Cache<ScopePage>,
    digests: Cache<DigestPage>,
    logs: Cache<LogPage>,
}

impl<P: Pages> Store<P> {
    pub(crate) fn new(pages: P, entries_max: usize) -> Self {
        let (index, scopes) = (Cache::new("index", entries_max), Cache::new("scope", entries_max));
        Self { pages, index, scopes, digests: Cache::new("digests", entries_max), logs: Cache::new("logs", entries_max) }
    }

    pub(crate) fn index(&mut self) -> Result<&Index, Error> {
        self.index.get(&mut self.pages, "").map(|page| &*page)
    }

    pub(crate) fn index_mut(&mut self) -> Result<&mut Index, Error> {
        self.index.get_mut(&mut self.pages, "")
    }

    pub(crate) fn scope(&mut self, scope: &Scope) -> Result<&ScopePage, Error> {
        self.scopes.get(&mut self.pages, &scope_text(scope)).map(|page| &*page)
    }

    pub(crate) fn scope_mut(&mut self, scope: &Scope) -> Result<&mut ScopePage, Error> {
        self.scopes.get_mut(&mut self.pages, &scope_text(scope))
    }

    /// Digests of a day; of none: backfill digests, and what cannot be placed.
    pub(crate) fn digests(&mut self, scope: &Scope, day: Option<i64>) -> Result<&DigestPage, Error> {
        self.digests.get(&mut self.pages, &day_text(scope, day)).map(|page| &*page)
    }

    pub(crate) fn digests_mut(&mut self, scope: &Scope, day: Option<i64>) -> Result<&mut DigestPage, Error> {
        self.digests.get_mut(&mut self.pages, &day_text(scope, day))
    }

    pub(crate) fn logs(&mut self, folder: &str) -> Result<&LogPage, Error> {
        self.logs.get(&mut self.pages, folder).map(|page| &*page)
    }

    pub(crate) fn logs_mut(&mut self, folder: &str) -> Result<&mut LogPage, Error> {
        self.logs.get_mut(&mut self.pages, folder)
    }

    /// Saves what changed, the pages that name others after those that they name.
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        self.logs.flush(&mut self.pages)?;
        self.digests.flush(&mut self.pages)?;
        self.scopes.flush(&mut self.pages)?;
        self.index.flush(&mut self.pages)
    }

    pub(crate) fn entries_held(&self) -> usize {
        self.logs.entries() + self.digests.entries() + self.scopes.entries()
    }

    pub(crate) fn into_pages(self) -> P {
        self.pages
    }
}

fn scope_text(scope: &Scope) -> String {
    format!("{}\n{}", scope.account_id, scope.aws_region)
}

fn day_text(scope: &Scope, day: Option<i64>) -> String {
    format!("{}\n{}", scope_text(scope), day.map_or(String::new(), |day| day.to_string()))
}

trait Page: Serialize + DeserializeOwned + Default {
    fn entries(&self) -> usize;
}

impl Page for Index {
    fn entries(&self) -> usize {
        self.scopes.len()
    }
}

impl Page for ScopePage {
    fn entries(&self) -> usize {
        self.folders.len() + self.listed.len() + self.digest_days.len()
    }
}

impl Page for DigestPage {
    fn entries(&self) -> usize {
        self.digests.len()
    }
}

impl Page for LogPage {
    fn entries(&self) -> usize {
        self.objects.len()
    }
}

/// Pages of one kind.
struct Cache<T> {
    kind: &'static str,
    held: BTreeMap<String, Held<T>>,
    /// Counts uses.
    clock: u64,
    entries_max: usize,
}

struct Held<T> {
    page: T,
    changed: bool,
    used: u64,
}

impl<T: Page> Cache<T> {
    fn new(kind: &'static str, entries_max: usize) -> Self {
        Self { kind, held: BTreeMap::new(), clock: 0, entries_max }
    }

    fn get(&mut self, pages: &mut impl Pages, text: &str) -> Result<&mut T, Error> {
        self.hold(pages, text).map(|held| &mut held.page)
    }

    fn get_mut(&mut self, pages: &mut impl Pages, text: &str) -> Result<&mut T, Error> {
        let held = self.hold(pages, text)?;
        held.changed = true;
        Ok(&mut held.page)
    }

    fn hold(&mut self, pages: &mut impl Pages, text: &str) -> Result<&mut Held<T>, Error> {
        self.clock += 1;
        if !self.held.contains_key(text) {
            let page = self.load(pages, text)?;
            self.make_room(pages, page.entries())?;
            self.held.insert(text.to_owned(), Held { page, changed: false, used: 0 });
        }
        let held = self.held.entry(text.to_owned()).or_insert_with(|| Held { page: T::default(), changed: false, used: 0 });
        held.used = self.clock;
        Ok(held)
    }

    /// Only when a page comes in: those held may grow meanwhile, by what one page takes.
    fn make_room(&mut self, pages: &mut impl Pages, wanted: usize) -> Result<(), Error> {
        let mut entries = self.entries() + wanted;
        while entries > self.entries_max {
            let Some(name) = self.held.iter().min_by_key(|(_, held)| held.used).map(|(name, _)| name.clone()) else { break };
            self.save(pages, &name)?;
            entries -= self.held.remove(&name).map_or(0, |held| 1 + held.page.entries());
        }
        Ok(())
    }

    /// Each page counts one beside what it holds, so that empty ones do not gather.
    fn entries(&self) -> usize {
        self.held.values().map(|held| 1 + held.page.entries()).sum()
    }

    fn flush(&mut self, pages: &mut impl Pages) -> Result<(), Error> {
        let changed: Vec<String> = self.held.iter().filter(|(_, held)| held.changed).map(|(name, _)| name.clone()).collect();
        changed.iter().try_for_each(|name| self.save(pages, name))
    }

    /// Hashed, since folders are named by whoever writes to the bucket.
    fn name(&self, text: &str) -> String {
        format!("{}-{:.32}", self.kind, Sha256::of(text.as_bytes()).to_string())
    }

    fn load(&self, pages: &mut impl Pages, text: &str) -> Result<T, Error> {
        let name = self.name(text);
        let failed = |source| Error::Page { verb: "load", name: name.clone(), source };
        match pages.load(&name).map_err(failed)? {
            Some(bytes) => serde_json::from_slice(&bytes).map_err(|error| failed(error.into())),
            None => Ok(T::default()),
        }
    }

    fn save(&mut self, pages: &mut impl Pages, text: &str) -> Result<(), Error> {
        let name = self.name(text);
        let Some(held) = self.held.get_mut(text).filter(|held| held.changed) else { return Ok(()) };
        let failed = |source| Error::Page { verb: "save", name: name.clone(), source };
        let bytes = serde_json::to_vec(&held.page).map_err(|error| failed(error.into()))?;
        pages.save(&name, &bytes).map_err(failed)?;
        held.changed = false;
        Ok(())
    }
}
