//! What a session defined so far that changes what later lines mean.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Definitions kept of each kind; later ones are not.
const DEFINITIONS_MAX: usize = 1000;
/// Longest definition kept, in bytes.
const DEFINITION_BYTES_MAX: usize = 8 * 1024;

/// Work that reading the lines of a session may cost: a unit for each and for each 64 bytes, [`ERROR_WORK`] more for one that the grammar does
/// not take. Lines beyond it are only cut at operators. People enter some hundreds.
const WORK_MAX: u64 = 100_000;
/// An error costs the grammar so much more.
const ERROR_WORK: u64 = 40;

/// Aliases, functions and variables of one shell.
#[derive(Clone, Debug, Default)]
pub struct State {
    aliases: HashMap<String, String>,
    functions: HashMap<String, String>,
    variables: HashMap<String, String>,
    /// Shared by the shells of a session.
    work: Arc<AtomicU64>,
}

impl State {
    /// That of a shell opened in this one: nothing defined yet.
    pub(crate) fn inner(&self) -> Self {
        Self { work: Arc::clone(&self.work), ..Self::default() }
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
        define(&mut self.aliases, name, value);
    }

    pub(crate) fn define_function(&mut self, name: &str, body: &str) {
        define(&mut self.functions, name, body);
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        define(&mut self.variables, name, value);
    }

    /// The value is no longer known.
    pub(crate) fn forget(&mut self, name: &str) {
        self.variables.remove(name);
    }

    pub(crate) fn remove_alias(&mut self, name: &str) {
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
