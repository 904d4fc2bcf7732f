//! The digests of one account and region in, day by day; spans of time that chains cover, and their breaks, out.
//!
//! Holds the last digest of each chain and what was found since, so that a history of any length takes little memory. Digests are
//! believed before they come here: what this looks at is whether any is missing between them.

use std::collections::{BTreeMap, BTreeSet};

use crate::fault::Fault;
use crate::gap::{Gap, Why};
use crate::page::{DigestPage, Mark, Record};
use crate::place::{ChainId, digest_place};
use crate::report::HEAD_DELAY;
use crate::sha256::Sha256;
use crate::spans::Spans;

/// A chain of digests, and what breaks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainReport {
    /// The chain.
    pub chain: ChainId,
    /// Digests that AWS signed.
    pub digests: u64,
    /// Whether AWS's signature was ever seen on a digest of it. If not, anybody who may write to the bucket could have made it up.
    pub signed: bool,
    /// Where the chain begins, by AWS's signed word: the trail was made, started, or its validation switched on. More than one: it was
    /// interrupted. Whether it should have been, the trail's own events tell (`CreateTrail`, `StartLogging`, `UpdateTrail`).
    pub starts: Vec<Start>,
    /// The end of the newest digest's time.
    pub newest_end: Option<i64>,
    /// Spans that no digest vouches for.
    pub breaks: Vec<Gap>,
}

/// A digest without one before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// Start of its time.
    pub at: i64,
    /// The digest.
    pub uri: String,
    /// The digest of another chain to which it points, where the trail became another kind of trail.
    pub continues: Option<String>,
}

/// Tells whether a place was listed at or after a moment.
pub(crate) type Listed<'a> = &'a dyn Fn(&str, i64) -> bool;

/// A walk over the chains of one account and region.
pub(crate) struct Walk<'a> {
    listed: Listed<'a>,
    /// Whether earlier days than those walked are known.
    continues: bool,
    chains: BTreeMap<ChainId, Chain>,
    /// What the digests under each root cover.
    pub(crate) roots: BTreeMap<String, Spans>,
}

struct Chain {
    report: ChainReport,
    last: Option<Last>,
    /// What was found after it and is not believed: stamp, URI, fault.
    suspects: Vec<(i64, String, Fault)>,
}

struct Last {
    uri: String,
    start: i64,
    end: i64,
    sha256: Sha256,
    signature: Sha256,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(listed: Listed<'a>, continues: bool) -> Self {
        Self { listed, continues, chains: BTreeMap::new(), roots: BTreeMap::new() }
    }

    /// Walks the digests of a day; days come in order.
    pub(crate) fn day(&mut self, page: &DigestPage) {
        let mut records = Vec::new();
        for (uri, observed) in &page.digests {
            let Some(place) = digest_place(uri) else { continue };
            records.extend(observed.records.iter().map(|record| (record, uri.as_str(), place.clone())));
            if let (true, Some(fault)) = (observed.records.is_empty(), observed.fault()) {
                self.chain(&place.chain).suspects.push((place.stamp, uri.clone(), fault));
            }
        }
        records.sort_by(|one, other| (one.0.end, one.0.start, one.1).cmp(&(other.0.end, other.0.start, other.1)));
        for (record, uri, place) in records {
            self.roots.entry(place.root.to_owned()).or_default().add(record.start, record.end);
            let (listed, continues) = (self.listed, self.continues);
            self.chain(&place.chain).step(uri, record, listed, continues);
        }
    }

    fn chain(&mut self, id: &ChainId) -> &mut Chain {
        self.chains.entry(id.clone()).or_insert_with(|| Chain::new(id))
    }

    /// Whether no chain that was ever seen lacks a digest up to that moment that a later day may hold.
    pub(crate) fn reached(&self, marks: &BTreeSet<Mark>, until: i64) -> bool {
        let ends = |chain: &ChainId| self.chains.get(chain).and_then(|chain| chain.last.as_ref()).map(|last| last.end);
        marks.iter().filter(|mark| !mark.chain.backfill).all(|mark| ends(&mark.chain) >= Some(mark.end.min(until)))
    }

    /// Closes the walk: tells what is missing at the heads, against what was ever seen and what is due at `now`. Where it did not go to the
    /// end, chains that go on are left open.
    pub(crate) fn head(&mut self, marks: &BTreeSet<Mark>, now: i64, to_the_end: bool) {
        let continues = self.continues;
        for mark in marks.iter().filter(|mark| !mark.chain.backfill) {
            let chain = self.chain(&mark.chain);
            chain.report.signed = true;
            let last = chain.last.as_ref().map(|last| last.end);
            if !to_the_end && last < Some(mark.end) {
                continue;
            }
            // Where earlier days are not walked, a chain that is not met may well have ended there as its mark says.
            let from = last.or((!continues).then_some(mark.first_start));
            if let Some(from) = from.filter(|from| *from < mark.end) {
                chain.cut_before(&mark.uri, Gap::new(Some(from), mark.end, Why::HeadCut));
            }
            if mark.end < now {
                let why = if now - mark.end <= HEAD_DELAY { Why::DigestPending } else { Why::NoNewerDigest };
                chain.cut(Gap::new(Some(mark.end), now, why));
            }
        }
        for chain in self.chains.values_mut().filter(|chain| !chain.report.signed) {
            chain.unsigned(now);
        }
    }

    /// Backfill digests are few, and their order is not known from their times: each link is looked up.
    pub(crate) fn backfill(&mut self, page: &DigestPage, marks: &BTreeSet<Mark>) {
        let mut successors: BTreeMap<&str, Vec<(&str, &Record)>> = BTreeMap::new();
        for (uri, observed) in &page.digests {
            let Some(place) = digest_place(uri).filter(|place| place.chain.backfill) else { continue };
            let listed = self.listed;
            let chain = self.chain(&place.chain);
            for record in &observed.records {
                chain.met(record);
                match &record.previous {
                    None => chain.report.starts.push(Start { at: record.start, uri: uri.clone(), continues: None }),
                    Some(previous) => {
                        successors.entry(&previous.uri).or_default().push((uri, record));
                        if let Some(gap) = unlinked(page, record, &previous.uri, listed) {
                            chain.report.breaks.push(gap);
                        }
                    }
                }
            }
        }
        for (uri, record) in successors.values().filter(|claims| claims.len() > 1).flatten() {
            if let Some(place) = digest_place(uri) {
                self.chain(&place.chain).report.breaks.push(Gap::new(Some(record.start), record.end, Why::Forked).name(uri, None));
            }
        }
        for mark in marks.iter().filter(|mark| mark.chain.backfill) {
            if page.digests.get(&mark.uri).is_none_or(|observed| observed.records.is_empty()) {
                let end = digest_place(&mark.uri).map_or(mark.end, |place| place.stamp);
                self.chain(&mark.chain).report.signed = true;
                self.chain(&mark.chain).report.breaks.push(Gap::new(Some(end - HOUR), end, Why::HeadCut).name(&mark.uri, None));
            }
        }
    }

    pub(crate) fn finish(self) -> (Vec<ChainReport>, BTreeMap<String, Spans>) {
        let reports = self.chains.into_values().map(|mut chain| {
            chain.report.breaks.sort();
            chain.report.breaks.dedup();
            chain.report
        });
        (reports.collect(), self.roots)
    }
}

/// The usual length of a digest's time.
const HOUR: i64 = 3_600_000_000;

/// Why a backfill digest does not join the one before it.
fn unlinked(page: &DigestPage, record: &Record, uri: &str, listed: Listed<'_>) -> Option<Gap> {
    let previous = record.previous.as_ref()?;
    let observed = page.digests.get(uri);
    let fits = |found: &Record| found.sha256 == previous.sha256 && found.signature == previous.signature;
    let (why, fault) = match observed {
        Some(observed) if observed.records.iter().any(fits) => return None,
        Some(observed) if !observed.records.is_empty() => (Why::LinkMismatch, None),
        Some(observed) => (why_of(observed.fault()), observed.fault()),
        None if listed(uri, record.made) => (Why::DigestMissing, None),
        None => (Why::DigestNotRead, None),
    };
    let end = digest_place(uri).map_or(record.start, |place| place.stamp);
    Some(Gap::new(Some(end - HOUR), end, why).name(uri, fault))
}

fn why_of(fault: Option<Fault>) -> Why {
    if fault == Some(Fault::KeyUnknown) { Why::KeyUnknown } else { Why::DigestInvalid }
}

impl Chain {
    fn new(id: &ChainId) -> Self {
        let report = ChainReport { chain: id.clone(), digests: 0, signed: false, starts: Vec::new(), newest_end: None, breaks: Vec::new() };
        Self { report, last: None, suspects: Vec::new() }
    }

    /// Closes a chain of which nothing is believed: no key is known, or somebody made it up.
    fn unsigned(&mut self, now: i64) {
        let Some(first) = self.suspects.iter().map(|suspect| suspect.0).min() else { return };
        let known = self.suspects.iter().find(|suspect| suspect.2 == Fault::KeyUnknown).or(self.suspects.first());
        let why = why_of(known.map(|suspect| suspect.2));
        self.cut(Gap::new(Some(first - HOUR), now, why));
    }

    fn met(&mut self, record: &Record) {
        self.report.digests += 1;
        self.report.signed = true;
        self.report.newest_end = self.report.newest_end.max(Some(record.end));
    }

    /// Takes the next digest in order of time.
    fn step(&mut self, uri: &str, record: &Record, listed: Listed<'_>, continues: bool) {
        self.met(record);
        let last = self.last.take();
        match (&last, &record.previous) {
            // Days before these are known, and not walked.
            (None, _) if continues => {}
            (_, None) => self.start(uri, record, last.as_ref(), None),
            (_, Some(previous)) if digest_place(&previous.uri).is_none_or(|place| place.chain != self.report.chain) => {
                self.start(uri, record, last.as_ref(), Some(previous.uri.clone()));
            }
            (Some(last), Some(previous)) if previous.uri == last.uri => {
                if previous.sha256 != last.sha256 || previous.signature != last.signature {
                    self.report.breaks.push(Gap::new(Some(last.start), last.end, Why::LinkMismatch).name(&last.uri, None).name(uri, None));
                }
                if last.end < record.start {
                    self.report.breaks.push(Gap::new(Some(last.end), record.start, Why::TimesApart).name(uri, None));
                }
            }
            (_, Some(previous)) => self.unlinked(uri, record, &previous.uri, last.as_ref(), listed),
        }
        self.suspects.retain(|suspect| suspect.0 > record.end);
        self.last =
            Some(Last { uri: uri.to_owned(), start: record.start, end: record.end, sha256: record.sha256, signature: record.signature });
    }

    fn start(&mut self, uri: &str, record: &Record, last: Option<&Last>, continues: Option<String>) {
        self.report.starts.push(Start { at: record.start, uri: uri.to_owned(), continues });
        let (from, why) = match last {
            Some(last) => (Some(last.end), Why::ValidationRestarted),
            None => (None, Why::BeforeFirstDigest),
        };
        if from.is_none_or(|from| from < record.start) {
            let gap = Gap::new(from, record.start, why).name(uri, None);
            self.cut(gap);
        }
    }

    /// The digest points to one that is not the last one met.
    fn unlinked(&mut self, uri: &str, record: &Record, previous: &str, last: Option<&Last>, listed: Listed<'_>) {
        let stamp = digest_place(previous).map_or(record.start, |place| place.stamp);
        if let Some(last) = last.filter(|last| stamp <= last.end) {
            // It skips one that lies between: both cannot follow the same digest.
            for (uri, start, end) in [(last.uri.as_str(), last.start, last.end), (uri, record.start, record.end)] {
                self.report.breaks.push(Gap::new(Some(start), end, Why::Forked).name(uri, None));
            }
            return;
        }
        let why = if listed(previous, record.end) { Why::DigestMissing } else { Why::DigestNotRead };
        self.cut_before(previous, Gap::new(last.map(|last| last.end), record.start.max(stamp), why));
    }

    /// Notes a gap that ends with the digest of that URI, which is absent or not believed.
    fn cut_before(&mut self, uri: &str, mut gap: Gap) {
        match self.suspects.iter().find(|suspect| suspect.1 == uri) {
            Some(suspect) => gap.why = why_of(Some(suspect.2)),
            None => gap.count(uri, None),
        }
        self.cut(gap);
    }

    /// Notes a gap, with what was found in its time and not believed.
    fn cut(&mut self, mut gap: Gap) {
        for (stamp, uri, fault) in &self.suspects {
            if gap.from.is_none_or(|from| from < *stamp) && *stamp <= gap.until {
                gap.count(uri, Some(*fault));
                // One that is there and is not AWS's says more than that the next one is overdue.
                if matches!(gap.why, Why::NoNewerDigest | Why::DigestPending) {
                    gap.why = why_of(Some(*fault));
                }
            }
        }
        self.report.breaks.push(gap);
    }
}
