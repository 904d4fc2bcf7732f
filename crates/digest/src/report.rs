//! Pages and the time in; a verdict for every log object, the state of every chain, and coverage out.
//!
//! One page is looked at at a time, in order of account, region and day. The same pages, keys' verdicts and `now` give the same report.

use std::collections::BTreeMap;

use crate::chain::{ChainReport, Walk};
use crate::error::Error;
use crate::fault::Fault;
use crate::gap::{Gap, Why};
use crate::page::{DigestPage, LogEntry, ScopePage, Seen};
use crate::place::{DAY, LogPlace, Scope, log_place};
use crate::sha256::Sha256;
use crate::spans::Spans;
use crate::store::{Pages, Store};

/// How long after the newest digest's end the next one may take: an hour of its own, and its delivery.
pub const HEAD_DELAY: i64 = 2 * 3_600_000_000;
/// How long after a log object was made it may take until a digest covers the time of its delivery.
pub const LISTING_DELAY: i64 = 3_600_000_000;
/// How long after its event a record may be delivered, as a rule: by so much digests must reach beyond the time that is asked about
/// (CloudTrail User Guide, "How CloudTrail works": about 5 minutes on average).
pub const DELIVERY_DELAY: i64 = 15 * 60_000_000;
/// How far a log's name may be ahead of `now` before it is taken for invented.
pub const CLOCK_SKEW: i64 = 15 * 60_000_000;

/// What digests say about one log object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Its bytes are those that a signed digest lists.
    Verified,
    /// A signed digest lists other bytes for it.
    Altered,
    /// A signed digest lists it, and it is not in the bucket.
    Missing,
    /// It is in the bucket, the digests of its time are there, and none lists it.
    Unlisted,
    /// Newer than the newest digest, or too young for its digest to be there.
    Pending,
    /// No digest speaks of the time or place.
    NotCovered,
}

impl Verdict {
    /// As outputs name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Altered => "altered",
            Self::Missing => "missing",
            Self::Unlisted => "unlisted",
            Self::Pending => "pending",
            Self::NotCovered => "not_covered",
        }
    }
}

/// Takes what a report finds, one thing at a time.
pub trait Findings {
    /// A log object, or the lack of one. The same object with other bytes is another finding.
    fn log(&mut self, finding: &LogFinding<'_>);
    /// An object among the digests that is not believed; `believed` if AWS's own was also seen at that place.
    fn digest(&mut self, uri: &str, fault: Fault, believed: bool);
}

/// The verdict on a log object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogFinding<'a> {
    /// Where it is recorded to lie.
    pub uri: &'a str,
    /// Of the uncompressed bytes that were read; none where they could not be had, and for a missing one.
    pub sha256: Option<Sha256>,
    /// What digests say.
    pub verdict: Verdict,
}

/// What to report on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// The present, in microseconds since 1970.
    pub now: i64,
    /// From here; none: from the beginning.
    pub from: Option<i64>,
    /// Until here, at most until `now`.
    pub until: i64,
}

/// What was found, but for the objects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Every account and region, in order.
    pub coverage: Vec<Coverage>,
    /// Every chain, in order.
    pub chains: Vec<ChainReport>,
    /// Counts.
    pub tally: Tally,
}

/// From when to when an account's and region's log is known to be whole. Times are those of delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// Whose log.
    pub scope: Scope,
    /// Where it is known to be whole: from, until.
    pub spans: Vec<(i64, i64)>,
    /// Where and why it is not, in order. Gaps may overlap each other.
    pub gaps: Vec<Gap>,
}

impl Coverage {
    /// Whether all that happened from `from` until `until` is in whole logs: they must reach [`DELIVERY_DELAY`] further.
    pub fn complete(&self, from: i64, until: i64) -> bool {
        self.spans.iter().any(|span| span.0 <= from && until.saturating_add(DELIVERY_DELAY) <= span.1)
    }
}

/// How many of each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// [`Verdict::Verified`].
    pub verified: u64,
    /// [`Verdict::Altered`].
    pub altered: u64,
    /// [`Verdict::Missing`].
    pub missing: u64,
    /// [`Verdict::Unlisted`].
    pub unlisted: u64,
    /// [`Verdict::Pending`].
    pub pending: u64,
    /// [`Verdict::NotCovered`].
    pub not_covered: u64,
    /// Log files that digests list, that were not read, and whose folder was not listed since.
    pub not_read: u64,
    /// Digests that AWS signed.
    pub digests: u64,
    /// Objects among the digests that are not believed.
    pub digests_refused: u64,
}

pub(crate) fn report<P: Pages>(store: &mut Store<P>, ask: Ask, findings: &mut dyn Findings) -> Result<Report, Error> {
    let scopes: Vec<Scope> = store.index()?.scopes.iter().cloned().collect();
    let broad = store.index()?.listed.clone();
    let mut report = Report::default();
    for scope in scopes {
        let page = store.scope(&scope)?.clone();
        let listed = |uri: &str, after: i64| listed(&page, &broad, uri, after);
        let (chains, roots) = walk(store, &scope, &page, ask, &listed, &mut report.tally, findings)?;
        let mut logs = Logs { roots: &roots, page: &page, listed: &listed, ask, gaps: BTreeMap::new(), tally: &mut report.tally };
        for folder in page.folders.iter().filter(|folder| ask.meets_day(log_place(folder).day)) {
            for (name, entry) in &store.logs(folder)?.objects {
                logs.object(&format!("{folder}{name}"), entry, findings);
            }
        }
        if !scope.account_id.is_empty() {
            report.coverage.push(coverage(&scope, &chains, &roots, logs.gaps.into_values(), ask));
        }
        report.tally.digests += chains.iter().map(|chain| chain.digests).sum::<u64>();
        report.chains.extend(chains);
    }
    Ok(report)
}

impl Ask {
    /// Whether a folder of that day may hold something of the time asked about, or, if that reaches to the present, of a time to come.
    fn meets_day(&self, day: Option<i64>) -> bool {
        day.is_none_or(|day| {
            let begins_in_time = !self.ends_before_now() || day.saturating_mul(DAY) <= self.until;
            begins_in_time && self.from.is_none_or(|from| (day + 1).saturating_mul(DAY) > from)
        })
    }

    fn ends_before_now(&self) -> bool {
        self.until < self.now
    }
}

/// Whether a prefix that holds the URI was listed at or after a moment.
fn listed(page: &ScopePage, broad: &BTreeMap<String, i64>, uri: &str, after: i64) -> bool {
    let slashes = uri.match_indices('/').map(|(at, _)| at + 1);
    let mut prefixes = slashes.filter_map(|end| uri.get(..end));
    prefixes.any(|prefix| [&page.listed, broad].iter().any(|listed| listed.get(prefix).is_some_and(|at| *at >= after)))
}

type Walked = (Vec<ChainReport>, BTreeMap<String, Spans>);

/// Walks the chains from the last day before the time asked about, so that its first link is seen, to the first digest after it.
fn walk<P: Pages>(
    store: &mut Store<P>,
    scope: &Scope,
    page: &ScopePage,
    ask: Ask,
    listed: &dyn Fn(&str, i64) -> bool,
    tally: &mut Tally,
    findings: &mut dyn Findings,
) -> Result<Walked, Error> {
    let first = ask.from.and_then(|from| page.digest_days.range(..from.div_euclid(DAY)).next_back().copied()).unwrap_or(i64::MIN);
    let continues = page.digest_days.range(..first).next().is_some();
    let mut walk = Walk::new(listed, continues);
    let mut to_the_end = true;
    for day in page.digest_days.range(first..) {
        if ask.ends_before_now() && day.saturating_mul(DAY) > ask.until && walk.reached(&page.marks, ask.until) {
            to_the_end = false;
            break;
        }
        let digests = store.digests(scope, Some(*day))?;
        refused(digests, tally, findings);
        walk.day(digests);
    }
    walk.head(&page.marks, ask.now, to_the_end);
    if page.unplaced {
        let digests = store.digests(scope, None)?;
        refused(digests, tally, findings);
        walk.backfill(digests, &page.marks);
    }
    Ok(walk.finish())
}

fn refused(page: &DigestPage, tally: &mut Tally, findings: &mut dyn Findings) {
    for (uri, observed) in &page.digests {
        let believed = !observed.records.is_empty();
        // Once more is known, a key that was not known then says nothing.
        let told = |fault: &&Fault| **fault != Fault::KeyUnknown || (!believed && observed.faults.len() == 1);
        tally.digests_refused += u64::from(observed.faults.iter().any(|fault| told(&fault)));
        observed.faults.iter().filter(told).for_each(|fault| findings.digest(uri, *fault, believed));
    }
}

/// Judges the log objects of an account and region.
pub(crate) struct Logs<'a> {
    pub(crate) roots: &'a BTreeMap<String, Spans>,
    pub(crate) page: &'a ScopePage,
    pub(crate) listed: &'a dyn Fn(&str, i64) -> bool,
    pub(crate) ask: Ask,
    /// One for each digest's time and reason.
    pub(crate) gaps: BTreeMap<(i64, i64, Why), Gap>,
    pub(crate) tally: &'a mut Tally,
}

/// Whether a digest lists the bytes that were seen.
fn lists(entry: &LogEntry, seen: &Seen) -> bool {
    entry.listings.iter().any(|listing| Some(listing.sha256) == seen.sha256)
}

impl Logs<'_> {
    fn object(&mut self, uri: &str, entry: &LogEntry, findings: &mut dyn Findings) {
        let place = log_place(uri);
        for seen in entry.seen.iter() {
            self.give(uri, seen.sha256, self.verdict(Some(entry), &place, seen), findings);
        }
        let Some(made) = entry.listings.iter().map(|listing| listing.made).min() else { return };
        if entry.seen.is_empty() && place.kind != "CloudTrail" {
            // Insights and network activity are logs of their own, which nobody may have wanted to read.
            self.tally.not_read += 1;
            return;
        }
        let why = match () {
            () if entry.seen.iter().any(|seen| lists(entry, seen)) => return,
            () if !entry.seen.is_empty() => Why::LogAltered,
            () if (self.listed)(uri, made) => Why::LogMissing,
            () => Why::LogNotRead,
        };
        match why {
            Why::LogMissing => self.give(uri, None, Verdict::Missing, findings),
            Why::LogNotRead => self.tally.not_read += 1,
            _ => {}
        }
        for listing in entry.listings.iter() {
            let gap = self.gaps.entry((listing.start, listing.end, why));
            gap.or_insert_with(|| Gap::new(Some(listing.start), listing.end, why)).count(uri, None);
        }
    }

    /// The verdict on what was seen at a place, given what is known of that place.
    pub(crate) fn verdict(&self, entry: Option<&LogEntry>, place: &LogPlace<'_>, seen: &Seen) -> Verdict {
        match entry.filter(|entry| !entry.listings.is_empty()) {
            Some(entry) if lists(entry, seen) => Verdict::Verified,
            Some(_) => Verdict::Altered,
            None => self.without_listing(place, seen),
        }
    }

    fn give(&mut self, uri: &str, sha256: Option<Sha256>, verdict: Verdict, findings: &mut dyn Findings) {
        let count = match verdict {
            Verdict::Verified => &mut self.tally.verified,
            Verdict::Altered => &mut self.tally.altered,
            Verdict::Missing => &mut self.tally.missing,
            Verdict::Unlisted => &mut self.tally.unlisted,
            Verdict::Pending => &mut self.tally.pending,
            Verdict::NotCovered => &mut self.tally.not_covered,
        };
        *count += 1;
        findings.log(&LogFinding { uri, sha256, verdict });
    }

    /// The verdict on an object that no digest lists.
    fn without_listing(&self, place: &LogPlace<'_>, seen: &Seen) -> Verdict {
        let Some((spans, first)) = self.roots.get(place.root).and_then(|spans| spans.first().map(|first| (spans, first))) else {
            return Verdict::NotCovered;
        };
        // Whether digests list other kinds than these is not documented: one that did shows that they do.
        if place.kind != "CloudTrail" && !self.page.listed_kinds.contains(place.kind) {
            return Verdict::NotCovered;
        }
        let now = self.ask.now;
        // CloudTrail gives every log file the time in its name, and none from the future.
        let Some(stamp) = place.stamp.filter(|stamp| *stamp <= now.saturating_add(CLOCK_SKEW)) else { return Verdict::Unlisted };
        // A late delivery is listed when it comes, not when the file was made.
        let delivered = seen.modified.map_or(stamp, |modified| modified.max(stamp));
        let young = now.saturating_sub(delivered) <= HEAD_DELAY + LISTING_DELAY;
        let made_in_sight = spans.holds(stamp, stamp + LISTING_DELAY);
        let delivered_in_sight = delivered == stamp || spans.holds(delivered, delivered.saturating_add(LISTING_DELAY));
        match (made_in_sight, young) {
            (true, young) if delivered_in_sight || !young => Verdict::Unlisted,
            (_, true) if first <= stamp => Verdict::Pending,
            _ => Verdict::NotCovered,
        }
    }
}

/// Sums chains and logs up for an account and region.
fn coverage(scope: &Scope, chains: &[ChainReport], roots: &BTreeMap<String, Spans>, logs: impl Iterator<Item = Gap>, ask: Ask) -> Coverage {
    let until = ask.until.min(ask.now);
    let mut covered = Spans::default();
    roots.values().flat_map(Spans::iter).for_each(|(start, end)| covered.add(start, end));
    let start = ask.from.unwrap_or(i64::MIN);
    // Where one trail's next digest is not due yet, an older trail's is not missed.
    let mut due = covered.clone();
    let breaks = || chains.iter().flat_map(|chain| chain.breaks.iter().map(|gap| (gap, chain.signed)));
    for (gap, _) in breaks().filter(|(gap, _)| gap.why == Why::DigestPending) {
        due.add(gap.from.unwrap_or(i64::MIN), gap.until);
    }
    let mut gaps: Vec<Gap> = logs.collect();
    let mut hard: Vec<(Option<i64>, i64)> = gaps.iter().map(|gap| (gap.from, gap.until)).collect();
    for (gap, signed) in breaks() {
        if gap.why.stands() && signed {
            hard.push((gap.from, gap.until));
            gaps.push(gap.clone());
            continue;
        }
        let whole = if gap.why == Why::DigestPending { &covered } else { &due };
        let lacking = whole.lacking(gap.from.unwrap_or(i64::MIN), gap.until);
        gaps.extend(lacking.iter().map(|(from, until)| Gap { from: (from > i64::MIN).then_some(from), until, ..gap.clone() }));
    }
    if chains.is_empty() {
        gaps.push(Gap::new(ask.from, until, Why::NoDigests));
    }
    for (from, until) in hard {
        covered.remove(from.unwrap_or(i64::MIN), until);
    }
    let mut gaps: Vec<Gap> = gaps.into_iter().filter_map(|gap| gap.within(ask.from, until)).collect();
    gaps.sort();
    let spans = covered.iter().map(|(from, end)| (from.max(start), end.min(until))).filter(|(from, end)| from < end);
    Coverage { scope: scope.clone(), spans: spans.collect(), gaps }
}
