//! What a session defined so far that changes what later lines mean.

use std::collections::HashMap;

/// Definitions kept of each kind; later ones are not.
const DEFINITIONS_MAX: usize = 1000;
/// Longest definition kept, in bytes.
const DEFINITION_BYTES_MAX: usize = 8 * 1024;

/// Aliases, functions and variables of one shell.
#[derive(Clone, Debug, Default)]
pub struct State {
    aliases: HashMap<String, String>,
    functions: HashMap<String, String>,
    variables: HashMap<String, String>,
}

impl State {
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
