//! Who stands behind each session, written down again where new events changed it.
//!
//! A session's issuer may arrive after it, or after what it issued in turn; whatever lies within the life of the chains that
//! new facts touch is resolved again, and what differs from the last word on it becomes the new one.

use super::{HEALED, Writer};
use crate::error::{Result, read_error};
use crate::facts::{self, Fact, LastWord};
use crate::rows::Rows;
use crate::schema::Table;
use crate::table::{files, read};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Days before and after a session's creation within which its issuers and what it issued lie: sessions live 36 hours at most.
const REACH_DAYS: i32 = 2;

/// Columns of the last word on a session.
const WORD_COLUMNS: [&str; 7] =
    ["fact", "credential_id", "actor_kind", "actor_id", "certainty", "resolved_version", "resolved_fingerprint"];

impl Writer {
    /// Loads what the lake knows of the sessions around those in `rows`, once for each day.
    pub(super) async fn load_facts_around(&mut self, rows: &Rows) -> Result<()> {
        let created = rows.sessions.iter().map(|session| session.key.creation_date.map_or(0, crate::day_of));
        let issued = rows.issues.iter().map(|issue| crate::day_of(issue.event_time));
        let days = created.chain(issued).flat_map(|day| (day - REACH_DAYS)..=day).collect();
        self.load_facts(days).await
    }

    /// Adds the facts of files that were not read yet, another writer's of a moment ago among them.
    async fn load_facts(&mut self, days: BTreeSet<i32>) -> Result<()> {
        for (path, size) in self.credential_files(&days)? {
            if !self.read_facts.insert(path.to_string()) {
                continue;
            }
            for batch in read(self.table(Table::Credentials)?.object_store(), Table::Credentials, &path, size, &[]).await? {
                for fact in facts::read(&batch)? {
                    match fact {
                        Fact::Used(seen) => self.graph.add_use(seen),
                        Fact::Issued(issue) => self.graph.add_issue(issue),
                        Fact::Resolved { .. } => {}
                    }
                }
            }
        }
        Ok(())
    }

    /// Files of some days that this writer did not make: what is in its own, the graph has.
    fn credential_files(&self, days: &BTreeSet<i32>) -> Result<Vec<(object_store::path::Path, u64)>> {
        let names: BTreeSet<String> = days.iter().map(|day| super::assemble::day_text(*day)).collect();
        let mut found = files(Table::Credentials, self.table(Table::Credentials)?, |partition| names.contains(partition))?;
        found.retain(|(path, _)| !self.own_facts.contains(path.as_ref()));
        Ok(found)
    }

    /// The last word on each session of some days.
    async fn last_words(&self, days: &BTreeSet<i32>) -> Result<HashMap<String, LastWord>> {
        let mut words = HashMap::<String, LastWord>::new();
        for (path, size) in self.credential_files(days)? {
            for batch in read(self.table(Table::Credentials)?.object_store(), Table::Credentials, &path, size, &WORD_COLUMNS).await? {
                for (credential, word) in facts::last_words(&batch)? {
                    if words.get(&credential).is_none_or(|held| word.version >= held.version) {
                        words.insert(credential, word);
                    }
                }
            }
        }
        Ok(words)
    }

    /// Resolves again what this writer's commits may have changed, and writes down what did. Returns how many sessions have
    /// another answer than the one that was written down before.
    ///
    /// # Errors
    /// Where `credentials` cannot be read or committed to.
    pub async fn heal(&mut self, now: i64) -> Result<u64> {
        // Of two that write at once, the one that committed later heals later: it must see what the other one committed, and what neither
        // healed if the other one dies.
        self.table_mut(Table::Events)?.update_state().await.map_err(|error| read_error("events")(error.into()))?;
        self.follow().await?;
        let credentials = self.table_mut(Table::Credentials)?;
        credentials.update_state().await.map_err(|error| read_error(Table::Credentials.name())(error.into()))?;
        let version = self.table(Table::Events)?.version().map_or(0, |version| version as i64);
        let unhealed = self.unhealed_days().await?;
        self.fact_days.extend(unhealed);
        let mut days: BTreeSet<i32> = BTreeSet::from([0]);
        for day in self.fact_days.iter().filter(|day| **day != 0) {
            // A token may be given out after midnight in a session of the day before.
            days.extend(*day - 1..=*day + REACH_DAYS);
        }
        let around = days.iter().filter(|day| **day != 0).flat_map(|day| (day - REACH_DAYS)..=*day).chain([0]).collect();
        self.load_facts(around).await?;
        let words = self.last_words(&days).await?;
        let mut healed = 0;
        let mut changed: BTreeMap<i32, Vec<Fact>> = BTreeMap::new();
        let sessions: BTreeSet<&identity::SessionKey> = self.graph.settled_sessions().collect();
        for session in sessions {
            if !days.contains(&session.creation_date.map_or(0, crate::day_of)) {
                continue;
            }
            let resolution = self.graph.resolve(session);
            match words.get(&session.credential_id()) {
                Some(word) if word.fingerprint == facts::fingerprint(&resolution) => continue,
                Some(word) if word.who != facts::who(resolution.actor.kind(), resolution.actor.id(), resolution.certainty.word()) => {
                    healed += 1
                }
                _ => {}
            }
            let fact = Fact::Resolved { session: session.clone(), resolution: Box::new(resolution) };
            changed.entry(fact.day()).or_default().push(fact);
        }
        let mut files = Vec::new();
        for (day, facts) in changed {
            files.push((super::assemble::day_text(day), facts::batch(&facts, version)?));
        }
        self.append(Table::Credentials, &files, Some((HEALED, version)), now).await?;
        self.fact_days.clear();
        Ok(healed)
    }

    /// Whether anything was committed since the last healing.
    pub fn needs_healing(&self) -> bool {
        !self.fact_days.is_empty()
    }
}
