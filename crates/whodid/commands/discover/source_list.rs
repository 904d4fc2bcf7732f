//! How each source is listed: whole, or by account, region and day.

use super::days::Window;
use super::{Item, Older, Part, What};
use crate::commands::ingest::Summary;
use crate::commands::layout::{LISTINGS_MAX, Layout};
use crate::failure::{Failure, causes};
use crate::settings::{Filter, Settings};
use event::log_key;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use lake::{Listings, Seen};
use source::{Bucket, Listed, Range, Source};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A bucket of at most so many objects, and so many bytes, is listed whole in every run, and read whole by the first.
const WHOLE_OBJECTS_MAX: usize = 20_000;
const WHOLE_BYTES_MAX: u64 = 8 << 30;
/// Days that the first run of a larger bucket takes of each account and region, counted back from the newest that is there.
const FIRST_DAYS: i32 = 7;
/// Days that are listed again once a day: CloudTrail delivers for so long what it could not deliver at once (CloudTrail User Guide,
/// "Getting and viewing your CloudTrail log files").
const SWEEP_DAYS: i32 = 30;
/// Days before the last one listed that every run lists again.
const OVERLAP_DAYS: i32 = 1;
/// Between two sweeps.
const SWEEP_MICROS: i64 = 86_400_000_000;
/// Days of a folder that one part of a backfill takes: parts are listed side by side, in the order of time.
const SLICE_DAYS: i32 = 7;
/// Years, months or days in a folder.
const ENTRIES_MAX: usize = 1_000;

/// A source, and what of it is read.
#[derive(Clone)]
pub(crate) struct Opened {
    pub(crate) source: Arc<dyn Source>,
    pub(crate) filter: Filter,
}

/// Opens the sources that the user named.
pub(crate) async fn open(settings: &Settings, names: &[String]) -> Result<Vec<Opened>, Failure> {
    let mut opened = Vec::new();
    for name in names {
        let spec = settings.source_named(name);
        if settings.offline && source::is_s3(spec) {
            return Err(Failure::usage(format!("--offline, and {spec} is in S3"), "name a folder, or leave --offline out"));
        }
        let source = Arc::from(source::open(spec, &settings.options_of(name)).await?);
        opened.push(Opened { source, filter: settings.filter_of(name) });
    }
    Ok(opened)
}

/// The parts of all sources, and how each is listed.
#[derive(Default)]
pub(super) struct Planned<'s> {
    parts: Vec<Part>,
    /// One after the other.
    in_turn: Vec<(usize, BoxStream<'s, source::Result<Listed>>)>,
    /// Side by side.
    abreast: Vec<(usize, &'s Bucket, Range)>,
}

/// The days of a folder, as its own folders tell them.
struct Edges {
    oldest: i32,
    newest: i32,
}

/// Days of a folder that are listed: from one until another, or until the end.
struct Span<'f> {
    folder: &'f String,
    from: i32,
    until: Option<i32>,
    /// Whether what was listed is compared with the ledger.
    compared: bool,
}

impl<'f> Span<'f> {
    /// Of a folder that was never listed: the newest days; where others of the source were listed, from where they begin.
    fn first(folder: &'f String, edge: &Edges, begun: Option<i32>, window: Window) -> Self {
        let newest = edge.oldest.max(edge.newest.saturating_sub(FIRST_DAYS - 1));
        match window.folders() {
            _ if window.is_all() => Self { folder, from: begun.unwrap_or(newest), until: None, compared: true },
            (from, until) => Self { folder, from: from.map_or(edge.oldest, |from| from.max(edge.oldest)), until, compared: false },
        }
    }

    /// Of a folder that has objects from the oldest day on, and of which days from the first until the last were listed.
    fn next(folder: &'f String, (oldest, first, last): (i32, i32, i32), sweeps: bool, window: Window) -> Self {
        if !window.is_all() {
            let (from, until) = window.folders();
            return Self { folder, from: from.unwrap_or(oldest), until, compared: false };
        }
        let tail = last.min(window.today) - OVERLAP_DAYS;
        let from = if sweeps { tail.min(first.max(window.today - SWEEP_DAYS)) } else { tail };
        Self { folder, from, until: None, compared: sweeps }
    }
}

impl<'s> Planned<'s> {
    /// Adds a source.
    pub(super) async fn add(
        &mut self,
        number: usize,
        opened: &'s Opened,
        window: Window,
        (listings, seen): (&mut Listings, &Seen),
        summary: &mut Summary,
    ) -> Result<(), Failure> {
        let source = opened.source.as_ref();
        let mut listing = source.list().await?;
        let Some(bucket) = source.as_bucket() else {
            self.whole(number, source.prefix(), listing);
            return Ok(());
        };
        if !listings.is_by_days(&bucket.uri(bucket.root())) {
            let (mut first, mut bytes) = (Vec::new(), 0u64);
            loop {
                match listing.next().await {
                    None => {
                        self.whole(number, source.prefix(), stream::iter(first).boxed());
                        return Ok(());
                    }
                    Some(item) => {
                        bytes = bytes.saturating_add(item.as_ref().map_or(0, |listed| listed.size));
                        first.push(item);
                    }
                }
                if first.len() > WHOLE_OBJECTS_MAX || bytes > WHOLE_BYTES_MAX {
                    break;
                }
            }
        }
        self.by_days(number, opened, bucket, window, (listings, seen), summary).await
    }

    fn part(&mut self, source: usize, what: What) -> usize {
        self.parts.push(Part { source, what, failed: false, ended: false, days: BTreeMap::new() });
        self.parts.len() - 1
    }

    fn whole(&mut self, source: usize, prefix: Option<String>, listing: BoxStream<'s, source::Result<Listed>>) {
        let part = self.part(source, What::Whole { prefix });
        self.in_turn.push((part, listing));
    }

    fn range(&mut self, source: usize, bucket: &'s Bucket, range: Range) {
        let part = self.part(source, What::Range);
        self.abreast.push((part, bucket, range));
    }

    async fn by_days(
        &mut self,
        number: usize,
        opened: &'s Opened,
        bucket: &'s Bucket,
        window: Window,
        (listings, seen): (&mut Listings, &Seen),
        summary: &mut Summary,
    ) -> Result<(), Failure> {
        let layout = Layout::of(bucket, &opened.filter).await;
        let regions = self.take(number, bucket, layout, summary)?;
        let unknown: Vec<&String> = regions.iter().filter(|folder| listings.last_day(&bucket.uri(folder)).is_none()).collect();
        let edges = edges_of(bucket, unknown, summary).await?;
        let root = bucket.uri(bucket.root());
        let begun = listings.first_day_below(&root);
        let sweeps = listings.swept(&root).is_none_or(|swept| window.started.saturating_sub(swept) >= SWEEP_MICROS);
        let mut spans = Vec::new();
        for folder in &regions {
            let uri = bucket.uri(folder);
            let known = listings.first_day(&uri).zip(listings.last_day(&uri));
            let span = match (known, edges.get(folder)) {
                // It could not be listed: told, and tried again by the next run.
                (None, None) => continue,
                // Of another layout than days.
                (None, Some(None)) => {
                    summary.listing.listed_whole.add(&uri);
                    self.range(number, bucket, Range { prefix: folder.clone(), ..Range::default() });
                    continue;
                }
                (None, Some(Some(edge))) => {
                    let span = Span::first(folder, edge, begun, window);
                    listings.exists_from(&uri, edge.oldest);
                    if window.is_all() {
                        Older::add(&mut summary.listing.not_ingested, edge.oldest, span.from);
                    }
                    if window.is_all() && begun.is_some() {
                        summary.listing.first_seen.add(&uri);
                    }
                    span
                }
                (Some((first, last)), _) => {
                    let oldest = listings.oldest_day(&uri).unwrap_or(first);
                    Span::next(folder, (oldest, first, last), sweeps, window)
                }
            };
            spans.push(span);
        }
        if window.is_all() {
            self.again(number, bucket, &spans, seen);
        }
        self.spans(number, bucket, window, spans);
        Ok(())
    }

    /// Takes what is of no trail's shape; returns the folders of regions.
    fn take(&mut self, number: usize, bucket: &'s Bucket, layout: Layout, summary: &mut Summary) -> Result<BTreeSet<String>, Failure> {
        for error in layout.failed {
            if matches!(error, source::Error::Credentials { .. }) {
                return Err(error.into());
            }
            summary.problem("unlisted", bucket.name(), None, &causes(&error));
        }
        layout.left_out.iter().for_each(|folder| summary.listing.left_out.add(bucket.uri(folder)));
        layout.filtered.iter().for_each(|place| summary.listing.filtered.add(place));
        for range in layout.ranges {
            summary.listing.listed_whole.add(bucket.uri(&range.prefix));
            self.range(number, bucket, range);
        }
        if !layout.objects.is_empty() {
            let part = self.part(number, What::Range);
            self.in_turn.push((part, stream::iter(layout.objects).boxed()));
        }
        summary.listing.folders += layout.regions.len() as u64;
        Ok(layout.regions)
    }

    /// Days that are over and hold an object that could not be read.
    fn again(&mut self, number: usize, bucket: &'s Bucket, spans: &[Span<'_>], seen: &Seen) {
        let starts: BTreeMap<&str, i32> = spans.iter().map(|span| (span.folder.as_str(), span.from)).collect();
        let root = bucket.uri("");
        let places = seen.unread().filter_map(|uri| uri.strip_prefix(&root)).filter_map(log_key::day_folder);
        let is_before = |(folder, day): &(&str, i32)| starts.get(folder).is_some_and(|from| day < from);
        let days: BTreeSet<String> =
            places.filter(is_before).map(|(folder, day)| format!("{folder}{}", log_key::path_of_day(day))).collect();
        days.into_iter().for_each(|prefix| self.range(number, bucket, Range { prefix, ..Range::default() }));
    }

    /// Makes parts of spans of days; those of a backfill are cut, so that all folders are listed in the order of time, side by side.
    fn spans(&mut self, source: usize, bucket: &'s Bucket, window: Window, spans: Vec<Span<'_>>) {
        let mut slices = Vec::new();
        for Span { folder, mut from, until, compared } in spans {
            let last = until.unwrap_or(window.today);
            while !window.is_all() && from.saturating_add(SLICE_DAYS) <= last {
                slices.push((from, Some(from + SLICE_DAYS - 1), folder, compared));
                from += SLICE_DAYS;
            }
            slices.push((from, until, folder, compared));
        }
        slices.sort();
        for (from, until, folder, compared) in slices {
            let path = |day: i32| format!("{folder}{}", log_key::path_of_day(day));
            let range = match until {
                Some(until) if from == until => Range { prefix: path(from), ..Range::default() },
                _ => Range { prefix: folder.clone(), after: Some(path(from)), before: until.map(|until| path(until + 1)) },
            };
            let part = self.part(source, What::Days { folder: bucket.uri(folder), from, until, compared });
            self.abreast.push((part, bucket, range));
        }
    }

    /// Starts listing.
    pub(super) fn start(self) -> (Vec<Part>, BoxStream<'s, Item>) {
        let items = |part: usize, listing: BoxStream<'s, source::Result<Listed>>| {
            listing.map(move |listed| Item::Object(part, listed)).chain(stream::iter([Item::End(part)]))
        };
        let in_turn = stream::iter(self.in_turn).flat_map(move |(part, listing)| items(part, listing));
        let abreast = stream::iter(self.abreast).map(move |(part, bucket, range)| items(part, bucket.list_range(range)).boxed());
        (self.parts, in_turn.chain(abreast.flatten_unordered(LISTINGS_MAX)).boxed())
    }
}

impl Older {
    fn add(held: &mut Option<Older>, from: i32, until: i32) {
        if from >= until {
            return;
        }
        let text = |day: i32| log_key::path_of_day(day).trim_end_matches('/').replace('/', "-");
        let (from, until) = (text(from), text(until));
        let older = held.get_or_insert_with(|| Older { folders: 0, since: from.clone(), until: until.clone() });
        older.folders += 1;
        older.since = older.since.clone().min(from);
        older.until = older.until.clone().max(until);
    }
}

/// The first and the last day of each folder; `None` for one of another layout.
async fn edges_of<'f>(
    bucket: &Bucket,
    folders: Vec<&'f String>,
    summary: &mut Summary,
) -> Result<BTreeMap<&'f String, Option<Edges>>, Failure> {
    let mut found = BTreeMap::new();
    let mut asked =
        stream::iter(folders.into_iter().map(|folder| async move { (folder, Edges::of(bucket, folder).await) })).buffered(LISTINGS_MAX);
    while let Some((folder, edges)) = asked.next().await {
        match edges {
            Ok(edges) => {
                found.insert(folder, edges);
            }
            Err(error @ source::Error::Credentials { .. }) => return Err(error.into()),
            Err(error) => summary.problem("unlisted", bucket.name(), None, &causes(&error)),
        }
    }
    Ok(found)
}

impl Edges {
    async fn of(bucket: &Bucket, folder: &str) -> source::Result<Option<Edges>> {
        let Some(years) = numbered(bucket, folder).await? else { return Ok(None) };
        let (Some(first), Some(last)) = (years.first(), years.last()) else { return Ok(None) };
        let (oldest, newest) = futures::try_join!(end(bucket, folder, first, false), end(bucket, folder, last, true))?;
        Ok(oldest.zip(newest).map(|(oldest, newest)| Edges { oldest, newest }))
    }
}

/// The first or the last day of a year.
async fn end(bucket: &Bucket, folder: &str, year: &str, last: bool) -> source::Result<Option<i32>> {
    let mut path = year.to_owned();
    for _ in 0..2 {
        let Some(below) = numbered(bucket, &path).await? else { return Ok(None) };
        match if last { below.last() } else { below.first() } {
            Some(next) => path.clone_from(next),
            None => return Ok(None),
        }
    }
    Ok(path.strip_prefix(folder).and_then(|day| log_key::day_of_path(day.trim_end_matches('/'))))
}

/// The folders in a folder, in order; `None` where something else lies there than folders named by numbers.
async fn numbered(bucket: &Bucket, folder: &str) -> source::Result<Option<Vec<String>>> {
    let level = bucket.level(folder, ENTRIES_MAX).await?;
    let is_number = |path: &String| {
        let name = path.strip_prefix(folder).unwrap_or("").trim_end_matches('/');
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit())
    };
    Ok((level.whole && level.objects.is_empty() && level.folders.iter().all(is_number)).then_some(level.folders))
}
