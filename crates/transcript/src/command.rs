//! What a transcript comes to: commands, and lines to print.

use serde::Serialize;

use crate::elevate::Outcome;
use crate::shell::{How, Program};

/// Longest command line kept, in bytes; of a longer one the start is.
pub const COMMAND_BYTES_MAX: usize = 64 * 1024;

/// How a line came to stand at the prompt, as far as the terminal shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    #[default]
    Typed,
    /// The line editor showed it as pasted.
    Pasted,
    /// By a search of the history, or a `!` expansion.
    Recalled,
}

/// Why a command may not have run, or not as listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    /// Nothing but its looks tells it from text that the program before it showed: the prompt is a bare mark, or unknown, or its shell announces
    /// its lines, but not this one.
    MayBeShown,
    /// Nothing followed it; a line given up with Ctrl-C would look the same.
    MayBeCancelled,
    /// What it does is not sure, and of two readings one acts as another user: the log lacks the control sequences of the line editor, and what it
    /// holds may as well be of another line; or zsh may have taken what stands behind `#` for a comment, as it does where it is told to.
    MayBeOtherwise,
}

/// An attempt to act as another user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Elevation {
    /// The program that changes the user: `sudo`, `su`.
    pub program: String,
    /// The user it was asked for; none means root.
    pub as_user: Option<String>,
    pub how: How,
    /// It asks for a shell, not for one command.
    pub shell: bool,
    pub obscured: bool,
    pub outcome: Outcome,
}

/// A line that was entered at a prompt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Command {
    /// The lines of the printed transcript that show it, counted from 1, both included.
    pub first_line: u64,
    pub last_line: u64,
    /// Microseconds since 1970 UTC, where the log has times: that of the log entry in which the line ends.
    pub time: Option<i64>,
    /// As it stood when it was entered, lines of one command parted by `\n`.
    pub line: String,
    /// What the shell made of it by history expansion, where it showed that.
    pub expanded: Option<String>,
    pub prompt: String,
    pub entry: Entry,
    /// The shell it was typed in had root's rights.
    pub root_shell: bool,
    /// The user of that shell, where the log, the prompt, `whoami` or the line that opened it says.
    pub user: Option<String>,
    /// The line that opened the shell it was typed in; none for the session's first.
    pub inside: Option<String>,
    pub programs: Vec<Program>,
    /// The grammar took the whole line.
    pub parsed: bool,
    /// Attempts to act as another user in this line, those that only ask or list left out.
    pub elevations: Vec<Elevation>,
    /// A root shell was open after it that was not before.
    pub entered_root_shell: bool,
    /// The prompt after it was another shell's.
    pub prompt_changed: bool,
    /// The exit status, where the shell reports it to the terminal (OSC 133).
    pub exit: Option<i32>,
    pub doubt: Option<Doubt>,
    /// What followed speaks against it more than its looks speak for it: a text that was shown, or a line that was given up. It is kept, with its
    /// doubt, and no rule takes it.
    pub not_run: bool,
    /// Put together from a log that lacks the control sequences; may differ from what was entered.
    pub reconstructed: bool,
    /// It may lack characters: it is longer than [`COMMAND_BYTES_MAX`], or the session asked for more work on its screen than its length is
    /// worth.
    pub truncated: bool,
}

impl Command {
    /// It asks for another user's rights, and most likely ran.
    pub fn elevates(&self) -> bool {
        !self.elevations.is_empty() && !self.not_run
    }

    /// It acts with another user's rights: it asks for them, or the shell had root's.
    pub fn elevated(&self) -> bool {
        (self.root_shell || self.elevates()) && !self.not_run
    }

    /// What ran: the expanded line where there is one.
    pub fn effective(&self) -> &str {
        self.expanded.as_deref().unwrap_or(&self.line)
    }
}

/// A line of the transcript as a person would have seen it, safe to print: no control characters, bidirectional controls as `\u{…}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Counted from 1.
    pub number: u64,
    /// Microseconds since 1970 UTC.
    pub time: Option<i64>,
    pub text: &'a str,
    pub kind: LineKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// A prompt with what was entered at it.
    Input,
    Output,
    /// Written by what recorded the session: headers and footers.
    Recorder,
}

/// Takes what a transcript comes to, in order.
pub trait Sink {
    fn line(&mut self, line: &Line<'_>);
    /// A command whose outcome is known as well as it will be.
    fn command(&mut self, command: Command);
}

/// Everything, for small transcripts and tests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    pub lines: Vec<String>,
    pub commands: Vec<Command>,
}

impl Sink for Collected {
    fn line(&mut self, line: &Line<'_>) {
        self.lines.push(line.text.to_owned());
    }

    fn command(&mut self, command: Command) {
        self.commands.push(command);
    }
}

/// Escapes what a terminal, or a reader, could be misled by.
pub(crate) fn printable(text: &str) -> std::borrow::Cow<'_, str> {
    let harmful = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
    };
    if !text.contains(harmful) {
        return text.into();
    }
    text.chars().map(|c| if harmful(c) { c.escape_unicode().to_string() } else { c.to_string() }).collect::<String>().into()
}
