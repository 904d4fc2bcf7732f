//! How the process ends: the contract's table.

use std::process::ExitCode;

/// The exit codes that programs rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Answered, or done.
    Done = 0,
    /// Nothing found, and the logs of the window are complete.
    NothingFound = 1,
    /// Usage, configuration or internal error.
    Failed = 2,
    /// Found, but less certain than `--require`.
    BelowRequired = 3,
    /// AWS credentials missing or expired.
    Credentials = 4,
    /// Nothing found, and the logs of the window are not complete.
    NothingProven = 5,
    /// Done, but some input was rejected or unread, with `--strict`.
    Incomplete = 6,
    /// `verify` found tampering, an alert matched or a report has findings, with `--exit-code`.
    Found = 10,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
