//! Accounts and users of the directory's snapshots.

use super::PointReader;
use super::sought::{Clause, Sought};
use crate::directory::{self, COLUMNS};
use crate::error::Result;
use identity::{Entry, EntryKind};
use std::collections::BTreeSet;

impl PointReader {
    /// Reads every snapshot's accounts, or its users: all accounts, and the users with one of `ids` or called by one of `names`; each with
    /// the time of its snapshot.
    ///
    /// # Errors
    /// Where a file cannot be read.
    pub async fn directory(&self, kind: EntryKind, ids: &BTreeSet<String>, names: &BTreeSet<String>) -> Result<Vec<(i64, Entry)>> {
        let word = || Clause::is("kind", kind.word());
        let any = match kind {
            EntryKind::Account => vec![vec![word()]],
            _ => vec![vec![Clause::text("id", ids), word()], vec![Clause::text("name", names), word()]],
        };
        let columns = std::iter::once("snapshot_time").chain(COLUMNS).collect();
        let sought = Sought { is_in: &|_| true, any, check: None, columns, rows_max: usize::MAX };
        let mut found = Vec::new();
        for batch in self.rows(&sought).await? {
            found.extend(directory::entries(&batch)?);
        }
        Ok(found)
    }
}
