//! What a run of `ingest` has to read: every object of its sources, less what the lake holds and what another reader is for.
//!
//! Lists; fetches nothing, and writes no more than which days were listed. A folder, and a bucket of few objects, is listed whole. A larger
//! bucket is listed by account, region and day: from the day before the last one that was listed, once a day from 30 days before,
//! and where an object could not be read, that day again. It is never continued after a key, since CloudTrail's names do not sort by time
//! of delivery; what was read already is known by address and ETag.

mod days;
mod source_list;

use crate::commands::digests::{self, Found};
use crate::commands::ingest::Summary;
use crate::commands::session_logs;
use crate::failure::{Failure, causes};
use crate::settings::Settings;
use days::{DAY, Window};
use event::log_key::{self, Kind};
use futures::StreamExt as _;
use futures::stream::BoxStream;
use lake::{Fate, Known, Lake, Listings, Places, Seen};
use source::{Listed, Source};
use source_list::Planned;
pub(crate) use source_list::{Opened, open};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;

/// Objects to read that are held at a time; they are read, and then the listing goes on.
const TODO_OBJECTS_MAX: usize = 50_000;
/// Digests that are held at a time.
pub(crate) const DIGESTS_HELD_MAX: usize = 50_000;
/// Days of one folder that a run vouches to have listed whole, counted back from the last.
const WHOLE_DAYS_MAX: i32 = 400;
/// Names of anything that a summary shows.
pub(crate) const NAMES_SHOWN_MAX: usize = 20;

/// An object to read, and whence.
pub(crate) struct Todo {
    pub(crate) source: Arc<dyn Source>,
    pub(crate) listed: Listed,
    stamp: String,
    /// It could not be read before either, and that is written down.
    pub(crate) known_unreadable: bool,
}

/// How sources were listed, and what that showed.
#[derive(Debug, Default, Clone, serde::Serialize)]
pub(crate) struct Listing {
    /// Pages of buckets' listings that were asked for.
    pub(crate) requests: u64,
    /// Accounts and regions, of logs and of digests, that were listed by their days.
    pub(crate) folders: u64,
    /// Accounts and regions that no earlier run of the source saw.
    pub(crate) first_seen: Names,
    /// Older days that were left out.
    pub(crate) not_ingested: Option<Older>,
    /// Prefixes of another layout than a trail's in a bucket that is listed by days: they are listed whole each time.
    pub(crate) listed_whole: Names,
    /// Folders of other services and other kinds of CloudTrail's that were not listed.
    pub(crate) left_out: Names,
    /// Accounts and regions that the filter leaves out.
    pub(crate) filtered: Names,
    /// Objects that were read earlier and now have another content; it is read too. CloudTrail never does that.
    pub(crate) overwritten: Names,
    /// Objects that were read earlier and are not there any more.
    pub(crate) vanished: Names,
}

/// How many, and the first of them.
#[derive(Debug, Default, Clone, serde::Serialize)]
pub(crate) struct Names {
    pub(crate) count: u64,
    pub(crate) names: Vec<String>,
}

impl Names {
    pub(crate) fn add(&mut self, name: impl Into<String>) {
        self.count += 1;
        if self.names.len() < NAMES_SHOWN_MAX {
            self.names.push(name.into());
        }
    }
}

/// Days that a first run left out.
#[derive(Debug, Clone, serde::Serialize)]
pub(crate) struct Older {
    /// Accounts and regions that have them.
    pub(crate) folders: u64,
    /// The first of the days, as `--since` takes it.
    pub(crate) since: String,
    /// The day after the last of them.
    pub(crate) until: String,
}

/// What is listed together, and what came of it.
struct Part {
    source: usize,
    what: What,
    failed: bool,
    ended: bool,
    /// By the address of an account's and region's folder: the first and last day of which there is an object.
    days: BTreeMap<String, (i32, i32)>,
}

enum What {
    /// Everything of a source; the prefix is what all its objects begin with.
    Whole { prefix: Option<String> },
    /// Keys of no trail's layout, or ones that are looked at again.
    Range,
    /// Days of the folder at that address: from the first until the last, or the end.
    Days { folder: String, from: i32, until: Option<i32>, compared: bool },
}

enum Item {
    Object(usize, source::Result<Listed>),
    /// A part is at its end.
    End(usize),
}

/// Lists sources a piece at a time.
pub(crate) struct Discovery<'s> {
    sources: &'s [Opened],
    window: Window,
    started: i64,
    listings: Listings,
    seen: Seen,
    parts: Vec<Part>,
    items: BoxStream<'s, Item>,
    /// Where sources may overlap, or tell of an object more than once: what was listed already, as numbers.
    addresses: Option<HashSet<(u64, u64)>>,
    hashers: (RandomState, RandomState),
    /// What was listed of the parts that are compared with the ledger.
    compared: Places,
    /// Accounts and regions that were listed, and left out by the filter.
    filtered: BTreeSet<String>,
}

impl<'s> Discovery<'s> {
    /// Finds out what to list. `identities` is for those who have no [`lake::Writer`].
    pub(crate) async fn new(
        settings: &Settings,
        sources: &'s [Opened],
        lake: &Lake,
        (started, identities): (i64, bool),
        summary: &mut Summary,
    ) -> Result<Self, Failure> {
        // What is no place with a listing, a queue for one, may tell of an object again and again.
        let is_told_twice = sources.iter().any(|opened| opened.source.prefix().is_none());
        let in_buckets = sources.iter().any(|opened| opened.source.as_bucket().is_some());
        let mut listings = lake.listings().await?;
        let seen = if in_buckets || identities { lake.seen(identities).await? } else { Seen::default() };
        let window = Window::of(settings, started);
        let mut planned = Planned::default();
        for (number, opened) in sources.iter().enumerate() {
            planned.add(number, opened, window, (&mut listings, &seen), summary).await?;
        }
        let (parts, items) = planned.start();
        Ok(Self {
            sources,
            window,
            started,
            listings,
            seen,
            parts,
            items,
            addresses: (sources.len() > 1 || is_told_twice).then(HashSet::new),
            hashers: Default::default(),
            compared: Places::default(),
            filtered: BTreeSet::new(),
        })
    }

    /// The next objects to read, oldest first, and digests beside them; `None` once everything was listed.
    pub(crate) async fn next(
        &mut self,
        known: &(dyn Fn(&Seen, &Listed) -> Option<Known> + Sync),
        found: &mut Found,
        summary: &mut Summary,
    ) -> Result<Option<Vec<Todo>>, Failure> {
        let mut todo = Vec::new();
        while todo.len() < TODO_OBJECTS_MAX && found.digests.len() < DIGESTS_HELD_MAX {
            match self.items.next().await {
                None if todo.is_empty() => return Ok(None),
                None => break,
                Some(Item::End(part)) => {
                    if let Some(part) = self.parts.get_mut(part) {
                        part.ended = true;
                    }
                }
                Some(Item::Object(part, Ok(listed))) => todo.extend(self.judge(part, listed, known, found, summary)),
                Some(Item::Object(_, Err(source::Error::Skipped { uri, why }))) => {
                    summary.objects.seen += 1;
                    summary.objects.skipped += 1;
                    tracing::info!(uri, why, "left out");
                }
                Some(Item::Object(_, Err(error))) if matches!(error, source::Error::Credentials { .. }) => return Err(error.into()),
                Some(Item::Object(part, Err(error))) => {
                    if let Some(part) = self.parts.get_mut(part) {
                        part.failed = true;
                        let name = self.sources.get(part.source).map_or("", |opened| opened.source.name());
                        summary.problem("unlisted", name, None, &causes(&error));
                    }
                }
            }
        }
        // Oldest first over all accounts: an issuing event then mostly comes before what was done with it.
        todo.sort_by(|a, b| (&a.stamp, &a.listed.uri).cmp(&(&b.stamp, &b.listed.uri)));
        Ok(Some(todo))
    }

    /// Whether an object is to be read; counts it either way.
    fn judge(
        &mut self,
        part: usize,
        listed: Listed,
        known: &(dyn Fn(&Seen, &Listed) -> Option<Known> + Sync),
        found: &mut Found,
        summary: &mut Summary,
    ) -> Option<Todo> {
        if let Some(addresses) = &mut self.addresses {
            let (one, other) = &self.hashers;
            if !addresses.insert((one.hash_one(&listed.uri), other.hash_one(&listed.uri))) {
                return None;
            }
        }
        let opened = self.sources.get(self.parts.get(part)?.source)?;
        summary.objects.seen += 1;
        let key = log_key::classify(&listed.key);
        self.note(part, &listed);
        if !opened.filter.takes(key.account_id, key.aws_region) {
            summary.objects.skipped += 1;
            self.filtered.insert(format!("{} {}", key.account_id, key.aws_region));
            return None;
        }
        let day = self.note_day(part, &listed);
        if key.kind == Kind::Digest && !digests::is_sidecar(&listed.key) && known(&self.seen, &listed).is_none() {
            self.compare(opened, &listed, summary);
            found.digests.push((Arc::clone(&opened.source), listed));
            return None;
        }
        let is_meant = is_trails(key.kind, &listed.key) || session_logs::is_named_so(key.kind, &listed.key);
        if !is_meant || !self.window.takes(day, key.stamp) {
            summary.objects.skipped += 1;
            return None;
        }
        let known = known(&self.seen, &listed);
        if let Some(Known::Read | Known::Rejected) = known {
            summary.objects.rejected_before += u64::from(known == Some(Known::Rejected));
            return None;
        }
        self.compare(opened, &listed, summary);
        summary.objects.new += 1;
        Some(Todo { source: Arc::clone(&opened.source), stamp: key.stamp.to_owned(), known_unreadable: known.is_some(), listed })
    }

    /// Notes that an object of a bucket is there.
    fn note(&mut self, part: usize, listed: &Listed) {
        let is_compared = self.parts.get(part).is_some_and(Part::is_compared);
        if !source::is_s3(&listed.uri) {
            return;
        }
        if is_compared {
            self.compared.insert(&listed.uri);
        }
        if self.listings.fate(&listed.uri) == Some(Fate::Vanished) {
            self.listings.note(&listed.uri, Fate::Returned, self.started);
        }
    }

    /// Notes the day of an object's folder; returns it.
    fn note_day(&mut self, part: usize, listed: &Listed) -> Option<i32> {
        let (folder, day) = log_key::day_folder(&listed.uri)?;
        let days = &mut self.parts.get_mut(part)?.days;
        match days.get_mut(folder) {
            Some((first, last)) => (*first, *last) = ((*first).min(day), (*last).max(day)),
            None => {
                days.insert(folder.to_owned(), (day, day));
            }
        }
        Some(day)
    }

    /// Tells of an object that has taken another's place in a bucket.
    fn compare(&mut self, opened: &Opened, listed: &Listed, summary: &mut Summary) {
        if opened.source.as_bucket().is_some() && self.seen.was_read(&listed.uri) {
            tracing::debug!(uri = listed.uri, "overwritten since it was read");
            self.listings.note(&listed.uri, Fate::Overwritten, self.started);
            summary.listing.overwritten.add(&listed.uri);
        }
    }

    /// Pages of buckets' listings that were asked for so far.
    pub(crate) fn requests(&self) -> u64 {
        self.sources.iter().filter_map(|opened| opened.source.as_bucket()).map(source::Bucket::listings).sum()
    }

    /// What was listed whole, for the verifier of digests.
    pub(crate) fn whole(&self, found: &mut Found) {
        for part in self.parts.iter().filter(|part| part.ended && !part.failed) {
            let is_all = self.window.is_all() && self.sources.get(part.source).is_some_and(|opened| opened.filter.is_empty());
            if let What::Whole { prefix: Some(prefix) } = &part.what
                && is_all
            {
                found.whole.push((prefix.clone(), self.started));
                continue;
            }
            for (folder, from, until) in self.covered(part) {
                for day in from.max(until.saturating_sub(WHOLE_DAYS_MAX))..=until {
                    found.whole.push((format!("{folder}{}", log_key::path_of_day(day)), self.started));
                }
            }
        }
    }

    /// The days of a part that were listed and left out nothing: folder, first and last.
    fn covered(&self, part: &Part) -> Vec<(String, i32, i32)> {
        let full = |folder: &str, from, until| self.window.full(from, until).map(|(from, until)| (folder.to_owned(), from, until));
        match &part.what {
            What::Range => Vec::new(),
            What::Whole { .. } => {
                part.days.iter().filter_map(|(folder, (first, last))| full(folder, *first, (*last).max(self.window.today))).collect()
            }
            What::Days { folder, from, until, .. } => {
                full(folder, *from, until.unwrap_or(self.window.today.max(*from))).into_iter().collect()
            }
        }
    }

    /// Tells what vanished, and keeps what was listed. To be called once everything that was found is committed.
    pub(crate) async fn keep(mut self, lake: &Lake, summary: &mut Summary) -> Result<(), Failure> {
        self.find_vanished(lake, summary).await?;
        let mut kept: Vec<(String, i32, i32)> = Vec::new();
        for part in self.parts.iter().filter(|part| part.ended && !part.failed) {
            if self.sources.get(part.source).is_none_or(|opened| opened.source.as_bucket().is_none()) {
                continue;
            }
            kept.extend(self.covered(part));
            if matches!(part.what, What::Whole { .. }) {
                for (folder, (first, _)) in &part.days {
                    self.listings.exists_from(folder, *first);
                }
            }
        }
        for (folder, from, until) in kept {
            self.listings.cover(&folder, from, until);
        }
        for (number, opened) in self.sources.iter().enumerate() {
            let Some(bucket) = opened.source.as_bucket() else { continue };
            let mut parts = self.parts.iter().filter(|part| part.source == number).peekable();
            let by_days = parts.peek().is_some_and(|part| !matches!(part.what, What::Whole { .. }));
            let swept = self.window.is_all() && parts.all(|part| part.ended && !part.failed && part.is_compared());
            self.listings.note_source(&bucket.uri(bucket.root()), by_days, swept.then_some(self.started));
        }
        self.filtered.iter().for_each(|place| summary.listing.filtered.add(place));
        summary.listing.requests = self.requests();
        Ok(self.listings.save(lake).await?)
    }

    /// Compares what the ledger has with what was listed.
    async fn find_vanished(&mut self, lake: &Lake, summary: &mut Summary) -> Result<(), Failure> {
        let mut prefixes = Vec::new();
        let mut folders = BTreeMap::new();
        for part in self.parts.iter().filter(|part| part.ended && !part.failed && self.window.is_all()) {
            match &part.what {
                What::Whole { prefix: Some(prefix) } if source::is_s3(prefix) => prefixes.push(prefix.clone()),
                What::Days { folder, from, until, compared: true } => {
                    folders.insert(folder.clone(), (*from, until.unwrap_or(i32::MAX)));
                }
                _ => {}
            }
        }
        if prefixes.is_empty() && folders.is_empty() {
            return Ok(());
        }
        let in_days = |uri: &str| {
            let place = log_key::day_folder(uri);
            place.is_some_and(|(folder, day)| folders.get(folder).is_some_and(|(from, until)| (*from..=*until).contains(&day)))
        };
        let listings = &self.listings;
        let is_meant = |uri: &str| {
            (prefixes.iter().any(|prefix| uri.starts_with(prefix)) || in_days(uri)) && listings.fate(uri) != Some(Fate::Vanished)
        };
        let (count, names) = lake.not_listed(&is_meant, &self.compared).await?;
        for uri in names {
            tracing::debug!(uri, "vanished since it was read");
            self.listings.note(&uri, Fate::Vanished, self.started);
            summary.listing.vanished.add(uri);
        }
        summary.listing.vanished.count = count;
        Ok(())
    }
}

impl Part {
    fn is_compared(&self) -> bool {
        match &self.what {
            What::Whole { prefix } => prefix.is_some(),
            What::Range => true,
            What::Days { compared, .. } => *compared,
        }
    }
}

/// Whether an object is one that this program reads, by its name: a log of CloudTrail or of sessions, or a digest.
pub(crate) fn is_log(key: &str) -> bool {
    let kind = log_key::classify(key).kind;
    (kind == Kind::Digest && !digests::is_sidecar(key)) || is_trails(kind, key) || session_logs::is_named_so(kind, key)
}

fn is_trails(kind: Kind, key: &str) -> bool {
    matches!(kind, Kind::CloudTrail | Kind::Unplaced) && !is_no_log(key)
}

/// Files that stand beside logs and are none, by their names.
fn is_no_log(key: &str) -> bool {
    const ENDINGS: &[&str] = &[
        "md", "txt", "csv", "tsv", "html", "htm", "pdf", "py", "rs", "go", "js", "ts", "sh", "yml", "yaml", "toml", "tf", "png", "jpg",
        "jpeg", "svg", "lock", "parquet", "crc", "swp", "tmp",
    ];
    let name = key.rsplit('/').next().unwrap_or("");
    let lower = name.to_ascii_lowercase();
    name.starts_with('.')
        || matches!(lower.split(['.', '-']).next(), Some("license" | "readme" | "notice" | "makefile"))
        || lower.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.contains(&ending))
}

/// The day since 1970 of a time in microseconds.
fn day_of(micros: i64) -> i32 {
    i32::try_from(micros.div_euclid(DAY)).unwrap_or(i32::MAX)
}
