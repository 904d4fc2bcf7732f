//! Rows in, a committed lake out: exactly once, whatever dies when, and however many write at once.
//!
//! Data files of every table are written first, then a manifest that names them, then `events` is committed with the manifest's
//! name; the other tables follow, each remembering the version of `events` up to which it has. A commit of `events` that lost a
//! race is compared again with what is new; a crash between the tables is repaired by whoever opens the lake next.

mod assemble;
mod evict;
pub(crate) mod follow;
mod heal;
mod ids;
mod pending;

use crate::error::{Error, Result, read_error};
use crate::rows::{ObjectRow, Rows, object_identity};
use crate::schema::Table;
use crate::table::{Attempt, Lake, append, commit, files, read, stage};
use arrow::array::{Array as _, AsArray as _};
use arrow::datatypes::Int64Type;
use assemble::{File, encode_all, sort_out};
pub(crate) use assemble::{day_named, day_text};
use deltalake::DeltaTable;
use deltalake::kernel::{Action, Add};
use hashbrown::HashMap;
use identity::{Graph, Organisation};
use ids::{Collision, Ids};
use pending::Pending;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

/// Attempts to commit `events` before giving up; each lost one means that another writer got on.
pub(crate) const ATTEMPTS_MAX: u32 = 100;

/// Application id of every commit of ingest: of two at once, Delta itself refuses one.
pub(crate) const APPLICATION: &str = "whodid-ingest";

/// Application id under which `credentials` notes the version of `events` up to which every session was resolved again.
pub(crate) const HEALED: &str = "whodid-heal";

/// Files of index tables that are encoded before they are put down.
const FILES_AT_ONCE: usize = 4;

/// Files of the tables that follow `events`, by the table.
type Manifest = BTreeMap<&'static str, Vec<Add>>;

/// Key of a commit's metadata under which the manifest is named.
pub(crate) const MANIFEST_KEY: &str = "whodidManifest";

/// The sums of a run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Records read.
    pub read: u64,
    /// Records written.
    pub written: u64,
    /// Records that the lake, or this run, already had.
    pub duplicate: u64,
    /// Records rejected.
    pub rejected: u64,
}

impl Tally {
    /// An audit log may not lose a record quietly: each one read is written, seen before, or rejected.
    pub fn check(&self) {
        assert_eq!(self.read, self.written + self.duplicate + self.rejected, "a record was lost");
    }
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.read += other.read;
        self.written += other.written;
        self.duplicate += other.duplicate;
        self.rejected += other.rejected;
    }
}

/// What the ledger knows of an object, as it was listed, from earlier runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// It was read, or found to be no log.
    Read,
    /// It was rejected, or something in it was; it is not read again.
    Rejected,
    /// It could not be read; it is tried again.
    Unreadable,
}

/// A run, for the table `runs`.
#[derive(Debug, Clone, Default)]
pub struct RunRow {
    /// Its own id.
    pub run_id: String,
    /// The verb.
    pub command: String,
    /// What was read.
    pub source: String,
    /// Version of this program.
    pub tool_version: String,
    /// Sums, as JSON.
    pub tally: String,
    /// When it began and ended, microseconds since 1970.
    pub started: i64,
    /// See `started`.
    pub ended: i64,
}

/// The one writer of a process.
pub struct Writer {
    lake: Lake,
    tables: BTreeMap<Table, DeltaTable>,
    ids: Ids,
    pending: Pending,
    graph: Graph,
    known: HashMap<u128, Known>,
    ledger_files: HashSet<String>,
    /// Files of `credentials` whose facts the graph has because this writer made them.
    own_facts: HashSet<String>,
    accounts: BTreeSet<String>,
    /// Days with facts that are not healed yet.
    fact_days: BTreeSet<i32>,
    /// Files of `credentials` that the graph has.
    loaded_facts: HashSet<String>,
    /// Files of `credentials` that are healed, or whose days are among `fact_days`.
    noted_facts: HashSet<String>,
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").field("lake", &self.lake).finish_non_exhaustive()
    }
}

impl Writer {
    /// Opens a lake for writing, makes what is missing of it, and finishes what a crash left half done.
    ///
    /// # Errors
    /// Where a table cannot be read, made or committed to.
    pub async fn open(lake: &Lake) -> Result<Self> {
        let events = match lake.open(Table::Events).await {
            Ok(events) => Some(events),
            Err(Error::Absent { .. }) => None,
            Err(error) => return Err(error),
        };
        // What followed `events` and is not there cannot be made anew from what is left.
        let has_begun = match &events {
            Some(events) => !files(Table::Events, events, |_| true)?.is_empty(),
            None => false,
        };
        let mut tables = BTreeMap::new();
        for table in follow::FOLLOWERS.into_iter().chain([Table::Runs, Table::Directory]) {
            let follows = follow::FOLLOWERS.contains(&table);
            let open = if has_begun && follows { lake.open(table).await? } else { lake.open_or_create(table).await? };
            tables.insert(table, open);
        }
        // Last: a lake is there once `events` is, and then all of it.
        let events = match events {
            Some(events) => events,
            None => lake.open_or_create(Table::Events).await?,
        };
        tables.insert(Table::Events, events);
        let mut writer = Self {
            lake: lake.clone(),
            tables,
            ids: Ids::default(),
            pending: Pending::default(),
            graph: Graph::default(),
            known: HashMap::new(),
            ledger_files: HashSet::new(),
            own_facts: HashSet::new(),
            accounts: BTreeSet::new(),
            fact_days: BTreeSet::new(),
            loaded_facts: HashSet::new(),
            noted_facts: HashSet::new(),
        };
        writer.follow().await?;
        writer.load_ledger().await?;
        writer.accounts.extend(crate::directory::accounts(writer.table(Table::Directory)?).await?);
        writer.note_others_facts()?;
        // Of those that were there before, only these are to be looked at.
        writer.fact_days = writer.unhealed_days().await?;
        writer.graph = Graph::new(&Organisation { accounts: writer.accounts.clone() });
        Ok(writer)
    }

    /// Takes accounts for ours, whatever the lake says of them.
    pub fn know_accounts(&mut self, accounts: &BTreeSet<String>) {
        for account in accounts {
            self.graph.add_account(account);
            self.accounts.insert(account.clone());
        }
    }

    /// What is known of an object with this address and content: an etag tells content apart, else size and time of change do.
    pub fn known(&self, uri: &str, size: u64, etag: Option<&str>, modified: Option<i64>) -> Option<Known> {
        let identity = object_identity(uri, size, etag, modified);
        self.pending.known(identity).or_else(|| self.known.get(&identity).copied())
    }

    /// Learns what others have noted of objects since, the writer of sessions' logs among them.
    ///
    /// # Errors
    /// Where the ledger cannot be read.
    pub async fn look_again(&mut self) -> Result<()> {
        self.table_mut(Table::Objects)?.update_state().await.map_err(|error| read_error("objects")(error.into()))?;
        self.load_ledger().await
    }

    /// Writes what workers found, once: records that are there already are duplicates. What is left of `parts` is their memory.
    ///
    /// # Errors
    /// Where nothing could be committed; the lake is then as it was.
    pub async fn commit(&mut self, parts: &mut [Rows], run_id: &str, now: i64) -> Result<Tally> {
        let mut tally = self.add(parts, run_id, now).await?;
        tally += self.flush().await?;
        Ok(tally)
    }

    /// Takes what workers found, to be committed by [`Writer::flush`]; what is left of `parts` is their memory. Returns the sums of what had to
    /// be committed before that.
    ///
    /// # Errors
    /// As [`Writer::commit`].
    pub async fn add(&mut self, parts: &mut [Rows], run_id: &str, now: i64) -> Result<Tally> {
        let mut tally = Tally::default();
        let Some((first, others)) = parts.split_first_mut() else { return Ok(tally) };
        others.iter_mut().for_each(|other| first.append(other));
        if first.is_empty() {
            return Ok(tally);
        }
        self.learn(first).await?;
        let days: BTreeSet<i32> = (0..first.len() as u32).map(|event| first.day(event)).collect();
        let events = self.table(Table::Events)?.clone();
        let collisions = self.ids.load(&events, &days).await?;
        self.give_way(&collisions)?;
        let mut sorted = sort_out(first, &self.ids);
        if sorted.needs_commit || self.pending.is_of_another_run(run_id, now) {
            tally += self.flush().await?;
            sorted = sort_out(first, &self.ids);
        }
        self.pending.add(first, sorted, &self.graph, &mut self.ids, run_id, now)?;
        first.clear(others.first_mut());
        others.iter_mut().skip(1).for_each(|other| other.clear(None));
        Ok(tally)
    }

    /// Records that were taken and are not committed.
    pub fn pending(&self) -> u64 {
        self.pending.tally().read
    }

    /// Whether what was taken is so much that it should be committed.
    pub fn is_full(&self) -> bool {
        self.pending.is_full()
    }

    /// Learns what `rows` show of sessions.
    async fn learn(&mut self, rows: &Rows) -> Result<()> {
        self.fact_days.extend(rows.issues.iter().map(|issue| crate::day_of(issue.event_time)));
        self.fact_days.extend(rows.sessions.iter().map(|session| session.key.creation_date.map_or(0, crate::day_of)));
        self.load_facts_around(rows).await?;
        for object in rows.objects.iter().filter(|object| object.state == "read" && !object.account_id.is_empty()) {
            self.accounts.insert(object.account_id.clone());
        }
        rows.sessions.iter().for_each(|session| self.graph.add_use(Arc::clone(&session.seen)));
        rows.issues.iter().for_each(|issue| self.graph.add_issue(Arc::clone(issue)));
        Ok(())
    }

    /// Commits what was taken, and returns its sums.
    ///
    /// # Errors
    /// As [`Writer::commit`].
    pub async fn flush(&mut self) -> Result<Tally> {
        if self.pending.is_empty() {
            return Ok(Tally::default());
        }
        let mut staged = None;
        for _ in 0..ATTEMPTS_MAX {
            // Others may have noted one of these objects since, also where no race against them was lost.
            self.load_ledger().await?;
            let index = match staged.take() {
                Some(index) => index,
                None => self.stage_index().await?,
            };
            let version = self.table(Table::Events)?.version().map_or(0, |version| version as i64) + 1;
            if let Some(paths) = self.try_commit(&index, version).await? {
                self.ids.settle(paths);
                let done = std::mem::take(&mut self.pending);
                self.follow().await?;
                for object in done.objects() {
                    self.remember(object);
                }
                let tally = done.tally();
                tally.check();
                return Ok(tally);
            }
            let events = self.table_mut(Table::Events)?;
            events.update_state().await.map_err(|error| read_error("events")(error.into()))?;
            self.follow().await?;
            let events = self.table(Table::Events)?.clone();
            let collisions = self.ids.load(&events, &self.pending.days()).await?;
            staged = collisions.is_empty().then_some(index);
            self.give_way(&collisions)?;
        }
        Err(Error::Contended { attempts: ATTEMPTS_MAX })
    }

    /// Of events that another writer has committed in the meantime, the record with the smaller fingerprint stays, as ever.
    fn give_way(&mut self, collisions: &[Collision]) -> Result<()> {
        if collisions.is_empty() {
            return Ok(());
        }
        for collision in collisions.iter().filter(|collision| collision.theirs <= collision.ours.fingerprint) {
            self.ids.give_way(collision);
        }
        self.pending.give_way(collisions)
    }

    /// Notes a run in `runs`.
    ///
    /// # Errors
    /// Where the commit fails.
    pub async fn note_run(&mut self, run: &RunRow) -> Result<()> {
        let encoded = crate::parquet_file::encode(Table::Runs, &crate::ledger_file::run_batch(run)?)?;
        let open = self.table_mut(Table::Runs)?;
        let day = day_text(crate::day_of(run.started));
        let add = stage(open.object_store().as_ref(), Table::Runs, &day, encoded, run.ended).await?;
        append(Table::Runs, open, vec![Action::Add(add)]).await
    }

    fn table(&self, table: Table) -> Result<&DeltaTable> {
        self.tables.get(&table).ok_or_else(|| Error::Absent { place: self.lake.place().to_owned() })
    }

    pub(crate) fn table_mut(&mut self, table: Table) -> Result<&mut DeltaTable> {
        let place = self.lake.place().to_owned();
        self.tables.get_mut(&table).ok_or(Error::Absent { place })
    }

    /// Puts down the files of the tables by which events are found, some at a time.
    async fn stage_index(&mut self) -> Result<Manifest> {
        let mut manifest = Manifest::new();
        let pending = std::mem::take(&mut self.pending);
        let staged = self.stage_jobs(&pending, &mut manifest).await;
        self.pending = pending;
        staged.map(|()| manifest)
    }

    async fn stage_jobs(&mut self, pending: &Pending, manifest: &mut Manifest) -> Result<()> {
        let indexed = pending.indexed()?;
        for jobs in pending.index_jobs(&indexed).chunks(FILES_AT_ONCE) {
            self.stage_files(encode_all(jobs)?, pending.now(), manifest).await?;
        }
        Ok(())
    }

    async fn stage_files(&mut self, files: Vec<File>, now: i64, manifest: &mut Manifest) -> Result<()> {
        for File { table, partition, encoded } in files {
            let add = stage(self.table(table)?.object_store().as_ref(), table, &partition, encoded, now).await?;
            match table {
                Table::Credentials => self.own_facts.insert(add.path.clone()),
                Table::Objects => self.ledger_files.insert(add.path.clone()),
                _ => false,
            };
            manifest.entry(table.name()).or_default().push(add);
        }
        Ok(())
    }

    /// Tries once to commit what waits; returns the files of `events`, or nothing where another writer was first.
    async fn try_commit(&mut self, index: &Manifest, version: i64) -> Result<Option<Vec<String>>> {
        let now = self.pending.now();
        let evicted = self.evict(self.pending.replaced(), self.pending.run_id(), now).await?;
        let mut ledger = encode_all(&self.pending.ledger_jobs(&self.known))?;
        if let Some(batch) = evicted.rejects {
            let encoded = crate::parquet_file::encode(Table::Rejects, &batch)?;
            ledger.push(File { table: Table::Rejects, partition: day_text(crate::day_of(now)), encoded });
        }
        let mut manifest = index.clone();
        self.stage_files(ledger, now, &mut manifest).await?;
        let (mut actions, mut paths) = (evicted.actions, Vec::new());
        let store = self.table(Table::Events)?.object_store();
        for part in self.pending.event_files() {
            let File { table, partition, encoded } = self.pending.event_file(part, version)?;
            let add = stage(store.as_ref(), table, &partition, encoded, now).await?;
            paths.push(add.path.clone());
            actions.push(Action::Add(add));
        }
        let name = follow::write_manifest(self.table(Table::Events)?, &manifest).await?;
        let events = self.table_mut(Table::Events)?;
        let metadata = std::collections::HashMap::from([(MANIFEST_KEY.to_owned(), serde_json::Value::from(name.clone()))]);
        let attempted = commit(Table::Events, events, actions, Some((APPLICATION, version)), metadata).await;
        match attempted {
            Ok(Attempt::Done(_)) => Ok(Some(paths)),
            // A commit that went through and whose reply was lost looks like a failure, or like one that another won.
            other => match follow::find_own(self.table_mut(Table::Events)?, version, &name).await? {
                Some(_) => Ok(Some(paths)),
                None => other.map(|_| None),
            },
        }
    }

    fn remember(&mut self, object: &ObjectRow) {
        note(&mut self.known, object);
    }

    /// Reads of `objects` what was not read yet.
    async fn load_ledger(&mut self) -> Result<()> {
        let open = self.table(Table::Objects)?.clone();
        for (path, size) in files(Table::Objects, &open, |_| true)? {
            if !self.ledger_files.insert(path.to_string()) {
                continue;
            }
            for batch in read(
                open.object_store(),
                Table::Objects,
                &path,
                size,
                &["object", "state", "account_id", "etag", "size", "modified", "rejected"],
            )
            .await?
            {
                let text = |name| crate::parquet_file::text_column(Table::Objects, &batch, name);
                let number = |name: &str| {
                    batch
                        .column_by_name(name)
                        .and_then(|column| column.as_primitive_opt::<Int64Type>())
                        .ok_or_else(|| Error::Read { table: "objects", source: format!("column {name} is missing").into() })
                };
                let (object, state, account, etag) = (text("object")?, text("state")?, text("account_id")?, text("etag")?);
                let (size, modified, rejected) = (number("size")?, number("modified")?, number("rejected")?);
                for row in 0..batch.num_rows() {
                    let seen = ObjectRow {
                        uri: object.value(row).to_owned(),
                        state: match state.value(row) {
                            "unreadable" => "unreadable",
                            "rejected" => "rejected",
                            _ => "read",
                        },
                        rejected: u64::try_from(rejected.value(row)).unwrap_or(0),
                        etag: etag.is_valid(row).then(|| etag.value(row).to_owned()),
                        size: u64::try_from(size.value(row)).unwrap_or(0),
                        modified: modified.is_valid(row).then(|| modified.value(row)),
                        ..ObjectRow::default()
                    };
                    self.remember(&seen);
                    if state.value(row) == "read" && !account.value(row).is_empty() {
                        self.accounts.insert(account.value(row).to_owned());
                    }
                }
            }
        }
        Ok(())
    }
}

/// Notes what became of an object; that it could not be read is no word against its having been read.
fn note(known: &mut HashMap<u128, Known>, object: &ObjectRow) {
    let identity = object_identity(&object.uri, object.size, object.etag.as_deref(), object.modified);
    let fate = match object.state {
        "unreadable" => Known::Unreadable,
        _ if object.state == "rejected" || object.rejected > 0 => Known::Rejected,
        _ => Known::Read,
    };
    if fate != Known::Unreadable || !known.contains_key(&identity) {
        known.insert(identity, fate);
    }
}

#[cfg(test)]
mod tests;
