//! Logs of Session Manager sessions: objects in, `sessions` and `commands` out, each log once; and `alerts`, what rules found in them.
//!
//! [`read`] tells what an object is and reads it; [`SessionWriter`] commits what was read. A log is known by its address: one that grew is read
//! again, and its rows take the place of those before. Nothing is written before its secrets are hidden ([`transcript::mask`]).
//!
//! Never says who was in a session: a log is the node's word. That is joined when somebody asks.

pub(crate) mod columns;
mod command;
mod read;
mod subscription;
mod writer;

use crate::rows::{ObjectRow, day_of};
use crate::schema::Table;
pub use command::CommandRow;
pub use read::{LINE_BYTES_MAX, Named, REJECTS_MAX, lines, named, read};
use std::ops::Range;
pub use subscription::holds_session;
pub use writer::{SessionTally, SessionWriter};

/// Tables that [`SessionWriter`] looks after.
pub(crate) const OWN_TABLES: [Table; 3] = [Table::Sessions, Table::Commands, Table::Alerts];

/// An object that holds logs of sessions, or should.
#[derive(Debug, Clone, Default)]
pub struct LogRead {
    /// The ledger's row.
    pub object: ObjectRow,
    /// What it holds; of one session mostly.
    pub logs: Vec<SessionLog>,
    /// What was refused of it.
    pub rejects: Vec<LogReject>,
}

/// The log of one session.
#[derive(Debug, Clone, Default)]
pub struct SessionLog {
    /// The session, by the log's own name.
    pub session_id: String,
    /// Address of the object.
    pub object: String,
    /// Its number ([`crate::object_number`]).
    pub object_id: i64,
    /// SHA-256 of its uncompressed bytes, in hexadecimal.
    pub object_sha256: String,
    /// `terminal`, `streamed`, `log_stream`, `exported`, `subscription` or `powershell`.
    pub form: &'static str,
    /// CloudWatch's log group.
    pub log_group: Option<String>,
    /// The account whose log group it was, as CloudWatch says.
    pub owner_account_id: Option<String>,
    /// Region, as the node says.
    pub aws_region: Option<String>,
    /// Instance, as the node says.
    pub target: Option<String>,
    /// Who the node says opened the session.
    pub user_arn: Option<String>,
    /// The operating system's user, as the node says.
    pub run_as_user: Option<String>,
    /// Times of the first and last entry, microseconds since 1970, where the log has times.
    pub span: Option<(i64, i64)>,
    /// When the object was written, microseconds since 1970.
    pub written: Option<i64>,
    /// Lines as a person would have seen them.
    pub lines: u64,
    /// Entries that came twice and were passed over.
    pub repeated: u64,
    /// Entries that are none.
    pub malformed: u64,
    /// What was entered, in order.
    pub commands: Vec<CommandRow>,
}

impl SessionLog {
    /// The day under which the log and its commands are kept, counted from 1970: that of its first entry, else of its writing, else of `now`.
    pub fn day(&self, now: i64) -> i32 {
        day_of(self.span.map(|span| span.0).or(self.written).unwrap_or(now))
    }
}

/// Something that was refused.
#[derive(Debug, Clone)]
pub struct LogReject {
    /// A word for programs: `not_session_log`, `session_id`, `line_too_long`, or one of [`event::Reason`].
    pub reason: &'static str,
    /// What exactly.
    pub detail: String,
    /// Where in the uncompressed object.
    pub bytes: Range<u64>,
}

/// A match, for the table `alerts`.
#[derive(Debug, Clone, Default)]
pub struct AlertRow {
    /// The same for the same match for ever.
    pub alert_id: String,
    /// The alert that this one completes.
    pub update_of: Option<String>,
    /// The rule's name.
    pub rule: String,
    /// `informational` to `critical`.
    pub level: Option<String>,
    /// The session, where it was in one.
    pub session_id: Option<String>,
    /// The record, where it was one.
    pub event_id: Option<String>,
    /// Who.
    pub actor_kind: Option<String>,
    /// Who; `None` where nobody is named.
    pub actor_id: Option<String>,
    /// How surely.
    pub certainty: String,
    /// Whose account.
    pub account_id: Option<String>,
    /// Where.
    pub aws_region: Option<String>,
    /// The machine.
    pub instance_id: Option<String>,
    /// The line, its secrets hidden.
    pub command: Option<String>,
    /// Whether it had, or asked for, another user's rights.
    pub elevated: bool,
    /// `sent` or `suppressed`.
    pub disposition: &'static str,
    /// The suppression.
    pub suppressed_by: Option<String>,
    /// The line that goes out, as JSON.
    pub alert: String,
    /// When it was done, microseconds since 1970, where that is known.
    pub time: Option<i64>,
}

/// The first 128 bits of the SHA-256 of a text, in hexadecimal: ids of alerts.
pub fn text_digest(text: &str) -> String {
    use sha2::Digest as _;
    let mut digest = crate::rows::hex(&sha2::Sha256::digest(text.as_bytes()));
    digest.truncate(32);
    digest
}
