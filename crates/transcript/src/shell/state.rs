//! What a session defined so far that changes what later lines mean.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::Parsed;

/// Definitions kept of each kind; later ones are not.
const DEFINITIONS_MAX: usize = 1000;
/// Longest definition kept, in bytes.
const DEFINITION_BYTES_MAX: usize = 8 * 1024;

/// Work that reading the lines of a session may cost: a unit for each and for each 64 bytes, [`ERROR_WORK`] more for one that the grammar does
/// not take. Lines beyond it are only cut at operators. People enter some hundreds.
const WORK_MAX: u64 = 100_000;
/// An error costs the grammar so much more.
const ERROR_WORK: u64 = 40;

/// Lines that were read last and are kept with what they run: people, and programs that act as people, enter the same ones again.
const RECENT_MAX: usize = 128;
/// Longest such line, in bytes.
const RECENT_BYTES_MAX: usize = 512;

/// Aliases, functions and variables of one shell.
#[derive(Clone, Debug, Default)]
pub struct State {
    aliases: HashMap<String, String>,
    functions: HashMap<String, String>,
    variables: HashMap<String, String>,
    /// Which definitions these are; 0: none.
    version: u64,
    /// Shared by the shells of a session.
    work: Arc<AtomicU64>,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    versions: AtomicU64,
    recent: Mutex<VecDeque<Recent>>,
}

#[derive(Debug)]
struct Recent {
    version: u64,
    line: String,
    parsed: Parsed,
}

impl State {
    /// That of a shell opened in this one: nothing defined yet.
    pub(crate) fn inner(&self) -> Self {
        Self { work: Arc::clone(&self.work), shared: Arc::clone(&self.shared), ..Self::default() }
    }

    /// Which definitions these are: the same number, the same definitions.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// What a line runs, if it was read lately with these definitions.
    pub(crate) fn recent(&self, line: &str) -> Option<Parsed> {
        let recent = self.shared.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let found = recent.iter().find(|recent| recent.version == self.version && recent.line == line);
        found.map(|recent| recent.parsed.clone())
    }

    /// Keeps what a line runs.
    pub(crate) fn keep(&self, line: &str, parsed: &Parsed) {
        if line.len() > RECENT_BYTES_MAX {
            return;
        }
        let mut recent = self.shared.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.len() == RECENT_MAX {
            recent.pop_front();
        }
        recent.push_back(Recent { version: self.version, line: line.to_owned(), parsed: parsed.clone() });
    }

    fn changed(&mut self) {
        self.version = self.shared.versions.fetch_add(1, Ordering::Relaxed) + 1;
    }

    /// The same definitions; what reading with them costs counts there.
    pub(crate) fn with_work_of(&self, other: &Self) -> Self {
        Self { work: Arc::clone(&other.work), ..self.clone() }
    }

    /// Whether the session's lines may still be read by the grammar.
    pub(crate) fn may_parse(&self) -> bool {
        self.work.load(Ordering::Relaxed) < WORK_MAX
    }

    pub(crate) fn note_parsed(&self, bytes: usize, error: bool) {
        self.work.fetch_add(1 + bytes as u64 / 64 + if error { ERROR_WORK } else { 0 }, Ordering::Relaxed);
    }

    pub(crate) fn alias(&self, name: &str) -> Option<&str> {
        self.aliases.get(name).map(String::as_str)
    }

    pub(crate) fn function(&self, name: &str) -> Option<&str> {
        self.functions.get(name).map(String::as_str)
    }

    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    pub(crate) fn define_alias(&mut self, name: &str, value: &str) {
        self.changed();
        define(&mut self.aliases, name, value);
    }

    pub(crate) fn define_function(&mut self, name: &str, body: &str) {
        self.changed();
        define(&mut self.functions, name, body);
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.changed();
        define(&mut self.variables, name, value);
    }

    /// The value is no longer known.
    pub(crate) fn forget(&mut self, name: &str) {
        self.changed();
        self.variables.remove(name);
    }

    pub(crate) fn remove_alias(&mut self, name: &str) {
        self.changed();
        self.aliases.remove(name);
    }
}

fn define(map: &mut HashMap<String, String>, name: &str, value: &str) {
    if value.len() > DEFINITION_BYTES_MAX {
        map.remove(name);
    } else if map.len() < DEFINITIONS_MAX || map.contains_key(name) {
        map.insert(name.to_owned(), value.to_owned());
    }
}
