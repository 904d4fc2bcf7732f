//! Who stands behind each session, written down again where new events changed it.
//!
//! A session's issuer may arrive after it, or after what it issued in turn; whatever lies within the life of the chains that
//! new facts touch is resolved again, and what differs from the last word on it becomes the new one.

use super::{ATTEMPTS_MAX, HEALED, Writer};
use crate::error::{Error, Result, read_error};
use crate::fact_file::FactFile;
use crate::facts::{self, Fact, LastWord};
use crate::fail_point::{Point, reach};
use crate::parquet_file::encode;
use crate::rows::Rows;
use crate::schema::Table;
use crate::table::{Attempt, commit, files, read, stage};
use deltalake::kernel::Action;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Days before and after a session's creation within which its issuers and what it issued lie: sessions live 36 hours at most.
const REACH_DAYS: i32 = 2;

/// Columns of the last word on a session.
const WORD_COLUMNS: [&str; 7] =
    ["fact", "credential_id", "actor_kind", "actor_id", "certainty", "resolved_version", "resolved_fingerprint"];

impl Writer {
    /// Loads what the lake knows of the sessions around those in `rows`, each file once.
    pub(super) async fn load_facts_around(&mut self, rows: &Rows) -> Result<()> {
        let created = rows.sessions.iter().map(|session| session.key.creation_date.map_or(0, crate::day_of));
        let issued = rows.issues.iter().map(|issue| crate::day_of(issue.event_time));
        let days = created.chain(issued).flat_map(|day| (day - REACH_DAYS)..=day).collect();
        self.load_facts(days).await
    }

    async fn load_facts(&mut self, days: BTreeSet<i32>) -> Result<()> {
        for (path, size) in self.credential_files(&days)? {
            if !self.loaded_facts.insert(path.to_string()) {
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

    /// Notes the days of which another writer has added something to `credentials` since this one last looked at all: what is noted as
    /// healed below includes it, and the other may be dead.
    pub(super) fn note_others_facts(&mut self) -> Result<()> {
        let open = self.table(Table::Credentials)?.clone();
        let state = open.snapshot().map_err(|error| read_error("credentials")(error.into()))?;
        for file in state.log_data().iter() {
            let path = file.object_store_path().to_string();
            if self.own_facts.contains(&path) || !self.noted_facts.insert(path) {
                continue;
            }
            let day = file.partition_values_map().get("dt").cloned().flatten();
            self.fact_days.extend(day.and_then(|day| super::day_named(&day)));
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

    /// Resolves again what this writer's commits may have changed (what waits for a commit is committed before), and writes down what did. Returns how many sessions have
    /// another answer than the one that was written down before.
    ///
    /// # Errors
    /// Where `credentials` cannot be read or committed to.
    pub async fn heal(&mut self, now: i64) -> Result<u64> {
        for _ in 0..ATTEMPTS_MAX {
            if let Some(healed) = self.heal_once(now).await? {
                return Ok(healed);
            }
            // What another writer added may change what is said of a session.
            self.table_mut(Table::Events)?.update_state().await.map_err(|error| read_error("events")(error.into()))?;
            self.table_mut(Table::Credentials)?.update_state().await.map_err(|error| read_error("credentials")(error.into()))?;
            self.follow().await?;
        }
        Err(Error::Contended { attempts: ATTEMPTS_MAX })
    }

    /// Tries once; `None` where another writer committed to `credentials` in the meantime.
    async fn heal_once(&mut self, now: i64) -> Result<Option<u64>> {
        self.note_others_facts()?;
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
        let mut resolver = self.graph.resolver();
        for session in sessions {
            if !days.contains(&session.creation_date.map_or(0, crate::day_of)) {
                continue;
            }
            let resolution = resolver.resolve(session);
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
        let version = self.table(Table::Events)?.version().map_or(0, |version| version as i64);
        reach(Point::Resolved);
        let mut actions = Vec::new();
        for (day, facts) in changed {
            let encoded = encode(Table::Credentials, &FactFile::new(facts, version))?;
            let store = self.table(Table::Credentials)?.object_store();
            actions.push(Action::Add(stage(store.as_ref(), Table::Credentials, &super::day_text(day), encoded, now).await?));
        }
        let open = self.table_mut(Table::Credentials)?;
        if commit(Table::Credentials, open, actions, Some((HEALED, version)), HashMap::new()).await? == Attempt::Lost {
            return Ok(None);
        }
        self.fact_days.clear();
        Ok(Some(healed))
    }

    /// Whether anything was committed since the last healing.
    pub fn needs_healing(&self) -> bool {
        !self.fact_days.is_empty()
    }
}
