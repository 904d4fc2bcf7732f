//! Which events the lake has, or will have: ids and fingerprints of the days that are touched, and of no others.

use crate::error::Result;
use crate::parquet_file::{number_column, text_column};
use crate::rows::event_identity;
use crate::schema::Table;
use crate::table::{files, read};
use deltalake::DeltaTable;
use hashbrown::hash_map::Entry;
use hashbrown::{HashMap, HashSet};
use std::collections::BTreeSet;

/// Days that are kept in memory beside those that a commit touches.
const DAYS_KEPT: usize = 4;

/// The number of an event that is in the lake.
const COMMITTED: u32 = u32::MAX;

/// An event that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) fingerprint: i64,
    number: u32,
}

impl Held {
    /// Its number, if it is not committed yet.
    pub(crate) fn pending(self) -> Option<u32> {
        (self.number != COMMITTED).then_some(self.number)
    }
}

#[derive(Debug, Default)]
struct Day {
    /// Whether it has been kept since it was first loaded, own commits included.
    whole: bool,
    has_pending: bool,
    files: HashSet<String>,
    events: HashMap<u128, Held>,
}

/// An event that waits for its commit, and that another writer has committed in the meantime.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Collision {
    pub(crate) day: i32,
    pub(crate) identity: u128,
    pub(crate) ours: Held,
    /// The fingerprint of the other.
    pub(crate) theirs: i64,
}

/// Events of some days, by what tells them apart.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    days: HashMap<i32, Day>,
    /// Files that this writer made, whose events were added as they were written.
    own: HashSet<String>,
}

impl Ids {
    /// What there is of an event.
    pub(crate) fn get(&self, day: i32, identity: u128) -> Option<Held> {
        self.days.get(&day)?.events.get(&identity).copied()
    }

    /// Reads what is new of the given days; returns the events in it that were to be committed.
    pub(crate) async fn load(&mut self, events: &DeltaTable, days: &BTreeSet<i32>) -> Result<Vec<Collision>> {
        let mut collisions = Vec::new();
        if self.days.len() > days.len() + DAYS_KEPT {
            self.days.retain(|day, held| held.has_pending || days.contains(day));
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
                        let identity = event_identity(ids.value(row), accounts.value(row));
                        let theirs = fingerprints.value(row);
                        match held.events.entry(identity) {
                            Entry::Occupied(ours) if ours.get().pending().is_some() => {
                                collisions.push(Collision { day: *day, identity, ours: *ours.get(), theirs });
                            }
                            entry => drop(entry.insert(Held { fingerprint: theirs, number: COMMITTED })),
                        }
                    }
                }
                held.files.insert(path.to_string());
            }
            held.whole = true;
        }
        Ok(collisions)
    }

    /// Notes an event that waits for its commit under a number.
    pub(crate) fn hold(&mut self, day: i32, identity: u128, fingerprint: i64, number: u32) {
        let held = self.days.entry(day).or_default();
        held.has_pending = true;
        held.events.insert(identity, Held { fingerprint, number });
    }

    /// An event of the lake takes the place of one that waited.
    pub(crate) fn give_way(&mut self, collision: &Collision) {
        if let Some(held) = self.days.get_mut(&collision.day) {
            held.events.insert(collision.identity, Held { fingerprint: collision.theirs, number: COMMITTED });
        }
    }

    /// All that waited was committed, in these files, which need not be read.
    pub(crate) fn settle(&mut self, paths: Vec<String>) {
        for day in self.days.values_mut().filter(|day| day.has_pending) {
            day.has_pending = false;
            day.events.values_mut().for_each(|held| held.number = COMMITTED);
        }
        self.own.extend(paths);
    }
}
