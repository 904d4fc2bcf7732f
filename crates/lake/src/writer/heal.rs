//! Who stands behind each session, written down again where new events changed it.
//!
//! A session's issuer may arrive after it, or after what it issued in turn; whatever lies within the life of the chains that
//! new facts touch is resolved again, and what differs from the last word on it becomes the new one.

use super::{HEALED, Writer};
use crate::error::Result;
use crate::facts::{self, Fact, LastWord};
use crate::rows::Rows;
use crate::schema::Table;
use crate::table::{files, read};
use identity::{Graph, Organisation};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Days before and after a session's creation within which its issuers and what it issued lie: sessions live 36 hours at most.
const REACH_DAYS: i32 = 2;

impl Writer {
    /// Loads what the lake knows of the sessions around those in `rows`, once for each day.
    pub(super) async fn load_facts_around(&mut self, rows: &[Rows]) -> Result<()> {
        let mut days: BTreeSet<i32> = BTreeSet::new();
        for part in rows {
            let own = part
                .uses
                .iter()
                .map(|seen| seen.identity.creation_date.map_or(0, crate::day_of))
                .chain(part.issues.iter().map(|issue| crate::day_of(issue.event_time)));
            days.extend(own.flat_map(|day| (day - REACH_DAYS)..=day));
        }
        days.retain(|day| !self.loaded_days.contains(day));
        for fact in self.facts(&days).await?.0 {
            match fact {
                Fact::Used(seen) => self.graph.add_use(seen),
                Fact::Issued(issue) => self.graph.add_issue(issue),
                Fact::Resolved { .. } => {}
            }
        }
        self.loaded_days.extend(days);
        Ok(())
    }

    /// Facts of some days, and the last word on each session of them.
    async fn facts(&self, days: &BTreeSet<i32>) -> Result<(Vec<Fact>, HashMap<String, LastWord>)> {
        let open = self.table(Table::Credentials)?;
        let names: BTreeSet<String> = days.iter().map(|day| super::assemble::day_text(*day)).collect();
        let (mut found, mut resolved) = (Vec::new(), HashMap::<String, LastWord>::new());
        for (path, size) in files(Table::Credentials, open, |partition| names.contains(partition))? {
            for batch in read(open.object_store(), Table::Credentials, &path, size, &[]).await? {
                found.extend(facts::read(&batch)?);
                for (credential, word) in facts::last_words(&batch)? {
                    if resolved.get(&credential).is_none_or(|held| word.version >= held.version) {
                        resolved.insert(credential, word);
                    }
                }
            }
        }
        Ok((found, resolved))
    }

    /// Resolves again what this writer's commits may have changed, and writes down what did. Returns how many sessions have
    /// another answer than the one that was written down before.
    ///
    /// # Errors
    /// Where `credentials` cannot be read or committed to.
    pub async fn heal(&mut self, now: i64) -> Result<u64> {
        let mut todo: BTreeSet<i32> = BTreeSet::new();
        for day in std::mem::take(&mut self.fact_days) {
            todo.extend(if day == 0 { 0..=0 } else { day..=day + REACH_DAYS });
        }
        let mut healed = 0;
        // Sessions without a creation date lie under the first day; who stands behind one may show on another.
        let undated = self.facts(&BTreeSet::from([0])).await?.1;
        let mut changed: BTreeMap<i32, Vec<Fact>> = BTreeMap::new();
        while let Some(first) = todo.pop_first() {
            // One stretch of days at a time bounds what is in memory.
            let stretch: BTreeSet<i32> = if first == 0 { BTreeSet::from([0]) } else { (first - REACH_DAYS..=first).collect() };
            let (facts, mut last) = self.facts(&stretch).await?;
            last.extend(undated.clone());
            let mut graph = Graph::new(&Organisation { accounts: self.accounts.clone() });
            let mut sessions = BTreeSet::new();
            for fact in facts {
                let day = fact.day();
                match fact {
                    Fact::Used(seen) => {
                        // Whom a provider vouched for is resolved with the event by which he opened a session.
                        if day == first && !is_vouched_for(&seen.identity) {
                            sessions.insert(seen.identity.session());
                        }
                        graph.add_use(seen);
                    }
                    Fact::Issued(issue) => {
                        let caller = issue.caller.session();
                        let dated = caller.creation_date.map_or(if is_vouched_for(&issue.caller) { day } else { 0 }, crate::day_of);
                        if dated == first {
                            sessions.insert(caller);
                        }
                        graph.add_issue(issue);
                    }
                    Fact::Resolved { .. } => {}
                }
            }
            for session in sessions {
                let resolution = graph.resolve(&session);
                match last.get(&session.credential_id()) {
                    Some(word) if word.fingerprint == facts::fingerprint(&resolution) => continue,
                    Some(word) if word.who != facts::who(resolution.actor.kind(), resolution.actor.id(), resolution.certainty.word()) => {
                        healed += 1
                    }
                    _ => {}
                }
                let fact = Fact::Resolved { session, resolution: Box::new(resolution) };
                changed.entry(fact.day()).or_default().push(fact);
            }
        }
        let version = self.table(Table::Events)?.version().map_or(0, |version| version as i64);
        let mut files = Vec::new();
        for (day, facts) in changed {
            files.push((super::assemble::day_text(day), facts::batch(&facts, version)?));
        }
        self.append(Table::Credentials, &files, Some((HEALED, version)), now).await?;
        Ok(healed)
    }

    /// Whether anything was committed since the last healing.
    pub fn needs_healing(&self) -> bool {
        !self.fact_days.is_empty()
    }
}

fn is_vouched_for(identity: &identity::Identity) -> bool {
    matches!(identity.kind.as_deref(), Some("SAMLUser" | "WebIdentityUser"))
}
