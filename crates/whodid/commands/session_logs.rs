//! The part of `whodid ingest` that reads logs of Session Manager sessions.

use crate::commands::ingest::Summary;
use crate::failure::Failure;
use event::log_key::Kind;
use lake::sessions::{self, LogRead, Named, SessionTally, SessionWriter};
use lake::{Lake, ObjectRow};
use std::sync::LazyLock;
use transcript::rules::Rules;

/// The rules that come with the program; a test holds them to be without fault.
pub(crate) static SHIPPED: LazyLock<Rules> = LazyLock::new(|| Rules::shipped().0);

/// Whether an object may be a log of a session, by its name alone, wherever it lies. A trail's own folders hold none.
pub(crate) fn is_named_so(kind: Kind, key: &str) -> bool {
    matches!(kind, Kind::OtherService | Kind::Unplaced) && sessions::named(key) == Named::Log
}

/// Reads an object if it is a log of sessions.
pub(crate) fn read(object: ObjectRow, kind: Kind, key: &str, bytes: &[u8]) -> Option<LogRead> {
    if !matches!(kind, Kind::OtherService | Kind::Unplaced) {
        return None;
    }
    sessions::read(object, key, bytes, &SHIPPED)
}

/// Logs of a run, on their way to the lake.
pub(crate) struct SessionLogs {
    writer: SessionWriter,
    tally: SessionTally,
    /// Read, and not yet committed.
    pub(crate) waiting: Vec<LogRead>,
}

impl SessionLogs {
    pub(crate) async fn open(lake: &Lake) -> Result<Self, Failure> {
        Ok(Self { writer: SessionWriter::open(lake).await?, tally: SessionTally::default(), waiting: Vec::new() })
    }

    /// Commits what waits, and counts it.
    pub(crate) async fn commit(&mut self, run_id: &str, now: i64, summary: &mut Summary) -> Result<(), Failure> {
        self.waiting.sort_by(|a, b| a.object.uri.cmp(&b.object.uri));
        self.tally += self.writer.commit(&self.waiting, run_id, now).await?;
        for read in self.waiting.drain(..) {
            summary.count_log(&read);
        }
        let SessionTally { read, written, replaced, duplicate, commands, rejected } = self.tally;
        let counts = [
            ("read", read),
            ("written", written),
            ("replaced", replaced),
            ("duplicate", duplicate),
            ("commands", commands),
            ("rejected", rejected),
        ];
        summary.session_logs = counts.into_iter().map(|(name, count)| (name.to_owned(), count.into())).collect();
        Ok(())
    }
}
