//! What was read and waits for its commit: events as they will lie in their files, and what they are found by.
//!
//! A commit makes a file in each of some thirty partitions. Several readings are therefore committed together, as far as the memory allows
//! that they may take; a process that dies has written nothing of them, and the next reads them again.

use super::assemble::{File, Job, Sorted, by_day, day_text, facts_by_day, tallied};
use super::ids::{Collision, Ids};
use super::{Known, Tally, note};
use crate::batch::Batch;
use crate::cause_file::CauseFile;
use crate::columns::Columns;
use crate::error::{Error, Result, write_error};
use crate::event_file::EventFile;
use crate::fact_file::FactFile;
use crate::index::Index;
use crate::ledger_file::{object_batch, reject_batch};
use crate::mention_file::{Indexed, MentionFile};
use crate::parquet_file::{Encoder, ROW_GROUP_ROWS, RowGroup, groups, text_column};
use crate::rows::{ObjectRow, RejectRow, Rows, at, event_identity, object_identity};
use crate::schema::Table;
use arrow::array::BooleanArray;
use arrow::compute::filter_record_batch;
use event::{Reason, Reject};
use hashbrown::{HashMap, HashSet};
use identity::Graph;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

/// Bytes that may wait for a commit, at most but for the last reading.
const PENDING_BYTES_MAX: usize = 64 << 20;

/// What waits.
#[derive(Default)]
pub(crate) struct Pending {
    run_id: String,
    now: i64,
    events: BTreeMap<i32, Vec<RowGroup>>,
    event_bytes: usize,
    index: Index,
    objects: Vec<ObjectRow>,
    known: HashMap<u128, Known>,
    rejects: Vec<RejectRow>,
    uses: Vec<Arc<identity::Use>>,
    issues: Vec<Arc<identity::Issue>>,
    replaced: BTreeSet<(i32, u128)>,
    written: u64,
    duplicates: u64,
}

fn failed<E: Into<crate::error::BoxError>>(error: E) -> Error {
    write_error(Table::Events.name())(error.into())
}

impl Pending {
    pub(super) fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.event_bytes + self.index.bytes() >= PENDING_BYTES_MAX
    }

    /// Whether what waits is to be noted under another run than this.
    pub(super) fn is_of_another_run(&self, run_id: &str, now: i64) -> bool {
        !self.is_empty() && (self.run_id != run_id || self.now != now)
    }

    pub(super) fn run_id(&self) -> &str {
        &self.run_id
    }

    pub(super) fn now(&self) -> i64 {
        self.now
    }

    pub(super) fn objects(&self) -> &[ObjectRow] {
        &self.objects
    }

    /// What became of an object that is not noted in the lake yet.
    pub(super) fn known(&self, identity: u128) -> Option<Known> {
        self.known.get(&identity).copied()
    }

    /// Events of the lake that give way to one of these.
    pub(super) fn replaced(&self) -> &BTreeSet<(i32, u128)> {
        &self.replaced
    }

    pub(super) fn days(&self) -> BTreeSet<i32> {
        self.events.keys().copied().collect()
    }

    pub(super) fn tally(&self) -> Tally {
        Tally {
            read: self.objects.iter().map(|object| object.records).sum(),
            written: self.written,
            duplicate: self.duplicates,
            rejected: self.objects.iter().map(|object| object.rejected).sum(),
        }
    }

    /// Takes over what is to be written of `rows`.
    pub(super) fn add(&mut self, rows: &Rows, sorted: Sorted, graph: &Graph, ids: &mut Ids, run_id: &str, now: i64) -> Result<()> {
        run_id.clone_into(&mut self.run_id);
        self.now = now;
        let objects = self.objects.len() as u32;
        self.add_events(rows, &sorted.kept, graph)?;
        let number = self.index.extend(rows, &sorted.kept, objects);
        for (event, number) in sorted.kept.iter().copied().zip(number..) {
            ids.hold(rows.day(event), at(&rows.events.identity, event), at(&rows.events.fingerprint, event), number);
        }
        let tallied = tallied(rows, &sorted);
        self.written += sorted.kept.len() as u64;
        self.duplicates += tallied.iter().map(|object| object.duplicate).sum::<u64>();
        tallied.iter().for_each(|object| note(&mut self.known, object));
        self.objects.extend(tallied);
        let rejects = rows.rejects.iter().cloned().chain(sorted.rejects);
        self.rejects.extend(rejects.map(|reject| RejectRow { object: reject.object + objects, ..reject }));
        self.uses.extend(rows.sessions.iter().map(|session| Arc::clone(&session.seen)));
        self.issues.extend(rows.issues.iter().cloned());
        self.replaced.extend(sorted.replaced);
        Ok(())
    }

    fn add_events(&mut self, rows: &Rows, kept: &[u32], graph: &Graph) -> Result<()> {
        let batch = Batch::new(rows, graph).map_err(failed)?;
        let days = by_day(rows, kept);
        let files: Vec<EventFile<'_>> = days.values().map(|events| EventFile::new(&batch, events)).collect();
        let columns: Vec<&dyn Columns> = files.iter().map(|file| file as &dyn Columns).collect();
        for (day, groups) in days.keys().zip(groups(Table::Events, &columns)?) {
            self.event_bytes += groups.iter().map(RowGroup::bytes).sum::<usize>();
            self.events.entry(*day).or_default().extend(groups);
        }
        Ok(())
    }

    /// The files of `events` to be: a day, and which of its parts. Parts that were read together become one, small ones with others.
    pub(super) fn event_files(&self) -> Vec<(i32, Range<usize>)> {
        let mut files = Vec::new();
        for (day, groups) in &self.events {
            let (mut start, mut rows) = (0, 0);
            for (place, group) in groups.iter().enumerate() {
                if place > start && rows + group.rows() > ROW_GROUP_ROWS {
                    files.push((*day, start..place));
                    (start, rows) = (place, 0);
                }
                rows += group.rows();
            }
            files.extend((start < groups.len()).then_some((*day, start..groups.len())));
        }
        files
    }

    /// A file of `events` as it comes in a version.
    pub(super) fn event_file(&self, (day, parts): (i32, Range<usize>), version: i64) -> Result<File> {
        let mut encoder = Encoder::new(Table::Events)?;
        let mut groups = self.events.get(&day).and_then(|groups| groups.get(parts)).unwrap_or(&[]).to_vec();
        groups.iter_mut().try_for_each(|group| encoder.stamp(group, version))?;
        Ok(File { table: Table::Events, partition: day_text(day), encoded: encoder.file(&groups)? })
    }

    /// Names of the index as columns.
    pub(super) fn indexed(&self) -> Result<Indexed<'_>> {
        Indexed::new(&self.index, &self.objects).map_err(failed)
    }

    /// The files of the tables by which events are found.
    pub(super) fn index_jobs<'p>(&'p self, indexed: &'p Indexed<'p>) -> Vec<Job<'p>> {
        let ranks = self.index.names.ranks();
        let mut jobs = Vec::new();
        for (bucket, places) in self.index.mentions_by_bucket(&ranks) {
            jobs.push(Job::new(Table::Mentions, bucket.to_string(), move || Ok(MentionFile::new(indexed, &places))));
        }
        for (bucket, causes) in self.index.causes_by_bucket(&ranks) {
            jobs.push(Job::new(Table::Causes, bucket.to_string(), move || Ok(CauseFile::new(indexed, causes.clone()))));
        }
        for (day, facts) in facts_by_day(&self.uses, &self.issues) {
            jobs.push(Job::new(Table::Credentials, day_text(day), move || Ok(FactFile::new(facts.clone(), 0))));
        }
        jobs
    }

    /// The files that say what was read. What another writer noted of the same object in the meantime is not noted twice; that one could
    /// not be read is no note of the reading.
    pub(super) fn ledger_jobs<'p>(&'p self, ledger: &HashMap<u128, Known>) -> Vec<Job<'p>> {
        let is_noted = |object: &ObjectRow| {
            let known = ledger.get(&object_identity(&object.uri, object.size, object.etag.as_deref(), object.modified));
            known.is_some_and(|known| *known != Known::Unreadable || object.state == "unreadable")
        };
        let mut news: Vec<&ObjectRow> = self.objects.iter().filter(|object| !is_noted(object)).collect();
        news.sort_by_key(|object| object.id);
        let of_news = |reject: &&RejectRow| self.objects.get(reject.object as usize).is_some_and(|object| !is_noted(object));
        let rejects: Vec<&RejectRow> = self.rejects.iter().filter(of_news).collect();
        let today = day_text(crate::day_of(self.now));
        let mut jobs = Vec::new();
        if !news.is_empty() {
            jobs.push(Job::new(Table::Objects, today.clone(), move || object_batch(&news, &self.run_id)));
        }
        if !rejects.is_empty() {
            jobs.push(Job::new(Table::Rejects, today, move || reject_batch(&self.objects, &rejects, &self.run_id)));
        }
        jobs
    }

    /// Leaves out what another writer has committed in the meantime, unless its record has to give way.
    pub(super) fn give_way(&mut self, collisions: &[Collision]) -> Result<()> {
        let mut lost: HashMap<u128, &Collision> = HashMap::new();
        for collision in collisions {
            if collision.theirs > collision.ours.fingerprint {
                self.replaced.insert((collision.day, collision.identity));
                continue;
            }
            self.replaced.remove(&(collision.day, collision.identity));
            lost.insert(collision.identity, collision);
        }
        if lost.is_empty() {
            return Ok(());
        }
        let numbers: HashSet<u32> = lost.values().filter_map(|collision| collision.ours.pending()).collect();
        self.index.without(&numbers);
        let days: BTreeSet<i32> = lost.values().map(|collision| collision.day).collect();
        for day in days {
            let mut kept = Vec::new();
            for group in self.events.remove(&day).unwrap_or_default() {
                kept.extend(self.without(group, &lost)?);
            }
            if !kept.is_empty() {
                self.events.insert(day, kept);
            }
        }
        self.event_bytes = self.events.values().flatten().map(RowGroup::bytes).sum();
        Ok(())
    }

    /// Rows of events without those that are lost, which are counted.
    fn without(&mut self, group: RowGroup, lost: &HashMap<u128, &Collision>) -> Result<Option<RowGroup>> {
        let mut encoder = Encoder::new(Table::Events)?;
        let rows = encoder.decode(&group)?;
        let (ids, accounts) = (text_column(Table::Events, &rows, "event_id")?, text_column(Table::Events, &rows, "recipient_account_id")?);
        let mut stays = Vec::with_capacity(rows.num_rows());
        for row in 0..rows.num_rows() {
            let collision = lost.get(&event_identity(ids.value(row), accounts.value(row)));
            stays.push(collision.is_none());
            if let Some(collision) = collision {
                self.lose(collision, ids.value(row), accounts.value(row));
            }
        }
        if stays.iter().all(|stays| *stays) {
            return Ok(Some(group));
        }
        let kept = filter_record_batch(&rows, &BooleanArray::from(stays)).map_err(failed)?;
        if kept.num_rows() == 0 {
            return Ok(None);
        }
        encoder.group(&kept, 0..kept.num_rows()).map(Some)
    }

    /// Counts an event that is not written after all: a duplicate, or a conflict if the other has another content.
    fn lose(&mut self, collision: &Collision, event_id: &str, recipient_account_id: &str) {
        let Some(number) = collision.ours.pending() else { return };
        let object = at(&self.index.events, number).object;
        let Some(row) = self.objects.get_mut(object as usize) else { return };
        self.written -= 1;
        if collision.theirs == collision.ours.fingerprint {
            row.duplicate += 1;
            self.duplicates += 1;
            return;
        }
        row.rejected += 1;
        let record = Some(u64::from(at(&self.index.events, number).record));
        self.rejects.push(RejectRow {
            object,
            reject: Reject { record, reason: Reason::Conflict, detail: Reason::Conflict.sentence().into(), bytes: 0..0 },
            event_id: Some(event_id.to_owned()),
            recipient_account_id: Some(recipient_account_id.to_owned()),
            fingerprint: Some(collision.ours.fingerprint),
        });
    }
}
