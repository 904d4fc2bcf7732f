//! Terminal bytes in, commands out: what was entered in a shell session, by whom it ran, and what it asked for.
//!
//! A [`Transcript`] takes the log of one session, in any of the forms that Session Manager and its kin write, cut anywhere. It shows the text as
//! the screen did, finds the lines that were entered at a prompt, and reads each with a shell's grammar: the programs, and the attempts to act as
//! another user with what became of them. [`rules`] runs Sigma rules on commands and on CloudTrail records; [`mask`] hides secrets in a line.
//!
//! A transcript holds what the terminal showed. What was not shown (typed with echo off, inside a script, an alias of a dotfile) is not in it, and
//! who can write to the terminal can write what looks like a command; no answer of this crate is better than that.
//!
//! Pure: no file, no clock, no network; bounded memory whatever the input.

mod accept;
mod alternate;
mod believed;
mod bland;
mod charset;
mod command;
mod elevate;
mod error;
mod expected;
mod given_up;
mod history;
pub mod kind;
mod known;
pub mod mask;
pub mod message;
mod prompt;
mod quoted;
mod reconstruct;
mod retrace;
mod returns;
pub mod rules;
mod running;
mod screen;
mod session;
pub mod shell;
mod shells;
mod shown;
pub mod suppress;
mod transcript;
mod unprompted;

pub use command::{COMMAND_BYTES_MAX, Collected, Command, Doubt, Elevation, Entry, Line, LineKind, Sink};
pub use elevate::Outcome;
pub use error::Error;
pub use transcript::{Setup, Summary, Transcript};
