//! A command line in, the programs it runs out: with their arguments as they get them, and how they are started.
//!
//! The grammar is tree-sitter's bash: it is linear in the length of a line and reads on after an error, so that a line that another shell, or no
//! shell, would take still shows its words. Quoting, escapes, the session's aliases, functions and variables, wrappers (`env`, `xargs`) and
//! scripts in an argument (`sh -c`) are resolved. What only the host knows (aliases of a dotfile, files, what a download contains) is not seen.

mod state;
mod walk;
mod words;
mod wrap;

pub use state::State;
pub(crate) use words::Scan;
pub(crate) use wrap::{is_full_screen, is_interpreter, is_pager, opens_shell, uses_alternate};

use serde::Serialize;

/// Longest line that is parsed, in bytes; of a longer one the start is.
pub const PARSED_BYTES_MAX: usize = 64 * 1024;
/// Programs listed for one line.
pub const PROGRAMS_MAX: usize = 256;
/// Scripts in arguments of scripts, aliases of aliases, nested substitutions.
pub(crate) const DEPTH_MAX: usize = 24;

/// How a program comes to be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// As the line says it.
    Direct,
    /// Fed by another program, or feeding one.
    Pipe,
    Subshell,
    /// `$(…)`, backquotes, `<(…)`.
    Substitution,
    /// A script in an argument: `sh -c`, `eval`, a here-document fed to a shell.
    ShellC,
    /// Through an alias that the session defined.
    Alias,
    /// Inside a function that the session defined.
    Function,
    /// By a program that starts another: `env`, `nohup`, `xargs`, `find -exec`.
    Wrapper,
    /// By a program that changes the user: what follows `sudo`.
    Elevator,
    /// On another machine, by `ssh`.
    Remote,
}

/// One program that a line runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Program {
    /// Its file name, without folders.
    pub program: String,
    /// As the program would get them, its own name first.
    pub argv: Vec<String>,
    pub how: How,
    /// Its name was put together so that a search for it fails: quotes inside the word, escapes, a variable, a pattern.
    pub obscured: bool,
    /// A part of `argv` is not known here (a variable set elsewhere, the output of a command) and stands as written.
    pub unresolved: bool,
    /// Something other than the terminal is its input.
    #[serde(skip)]
    pub(crate) fed: bool,
    /// Started by the program of this place in the list, where that one changes the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub under: Option<usize>,
}

/// What a line runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    pub programs: Vec<Program>,
    /// The grammar took the whole line.
    pub whole: bool,
}

/// The programs of `line`, which are those of a shell in this `state`; definitions in the line change the state.
pub fn programs(line: &str, state: &mut State) -> Parsed {
    if let Some(parsed) = state.recent(line) {
        return parsed;
    }
    let before = state.version();
    let parsed = walk::line(line, state);
    if state.version() == before {
        state.keep(line, &parsed);
    }
    parsed
}

/// Whether `program` is a shell that takes a script.
pub(crate) fn is_shell(program: &str) -> bool {
    wrap::SHELLS.contains(&program)
}

/// Whether a shell would ask for more before it runs `line`: an open quote, a trailing backslash or operator, a here-document, an open block.
pub fn is_incomplete(line: &str) -> bool {
    words::is_incomplete(line)
}

#[cfg(test)]
mod tests;
