//! Which events the lake has: ids and fingerprints of the days that a commit touches, and of no others.

use super::Assembled;
use crate::error::Result;
use crate::parquet_file::{number_column, text_column};
use crate::rows::event_identity;
use crate::schema::Table;
use crate::table::{files, read};
use deltalake::DeltaTable;
use hashbrown::{HashMap, HashSet};
use std::collections::BTreeSet;

/// Days that are kept in memory beside those that a commit touches.
const DAYS_KEPT: usize = 4;

#[derive(Debug, Default)]
struct Day {
    /// Whether it has been kept since it was first loaded, own commits included.
    whole: bool,
    files: HashSet<String>,
    events: HashMap<u128, i64>,
}

/// Events of some days, by what tells them apart.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    days: HashMap<i32, Day>,
    /// Files that this writer made, whose events were added as they were written.
    own: HashSet<String>,
}

impl Ids {
    /// The fingerprint under which the lake has an event.
    pub(crate) fn get(&self, day: i32, identity: u128) -> Option<i64> {
        self.days.get(&day)?.events.get(&identity).copied()
    }

    /// Reads what is new of the given days.
    pub(crate) async fn load(&mut self, events: &DeltaTable, days: &BTreeSet<i32>) -> Result<()> {
        if self.days.len() > days.len() + DAYS_KEPT {
            self.days.retain(|day, _| days.contains(day));
        }
        for day in days {
            let name = super::assemble::day_text(*day);
            let held = self.days.entry(*day).or_default();
            for (path, size) in files(Table::Events, events, |partition| partition == name)? {
                if held.files.contains(path.as_ref()) || (held.whole && self.own.contains(path.as_ref())) {
                    continue;
                }
                for batch in
                    read(events.object_store(), Table::Events, &path, size, &["event_id", "recipient_account_id", "fingerprint"]).await?
                {
                    let ids = text_column(Table::Events, &batch, "event_id")?;
                    let accounts = text_column(Table::Events, &batch, "recipient_account_id")?;
                    let fingerprints = number_column(Table::Events, &batch, "fingerprint")?;
                    for row in 0..batch.num_rows() {
                        held.events.insert(event_identity(ids.value(row), accounts.value(row)), fingerprints.value(row));
                    }
                }
                held.files.insert(path.to_string());
            }
            held.whole = true;
        }
        Ok(())
    }

    /// Adds what was just committed, so that its files need not be read.
    pub(crate) fn remember(&mut self, assembled: &Assembled) {
        for (day, identity, fingerprint) in &assembled.written {
            self.days.entry(*day).or_default().events.insert(*identity, *fingerprint);
        }
        self.own.extend(assembled.event_paths.iter().cloned());
    }
}
