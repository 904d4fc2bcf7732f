//! A log group of CloudWatch Logs as a source: its streams in, objects out.
//!
//! A stream that is one session's log is one object, fetched whole however little of it is new: its text makes sense from its beginning only.
//! A stream that goes on for ever, as CloudTrail's, is an object for each minute that has entries, one entry a line. Which is which, the caller
//! says ([`Shape`]).
//!
//! A listing looks back beyond where the last one ended, since entries come late: what is there twice has the same address and the same mark
//! ([`Listed::etag`]), by which the caller knows it. So what is held here may be lost at any time; nothing is told apart by it.
//!
//! Never filters by what an entry says, and never reads a clock by itself.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::types::FilteredLogEvent;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use serde::Serialize;
use tracing::debug;

use crate::connect::config_in;
use crate::fault::Cause;
use crate::log_address::{LogAddress, parse};
use crate::log_events::{Asked, Wanted};
use crate::spill::{Place, Spill};
use crate::{Error, Listed, Object, Options, Result, Source};

/// How far back a first look of a process goes beyond where the last one ended, and one in [`DEEP_EVERY_MICROS`] later on: CloudTrail delivers
/// mostly within 5 minutes, and a node's clock may be slow.
pub const OVERLAP_DEEP_MICROS: i64 = 3_600 * 1_000_000;
/// How far the other looks go.
pub const OVERLAP_MICROS: i64 = 120 * 1_000_000;
/// Between two looks that go far back.
pub const DEEP_EVERY_MICROS: i64 = 300 * 1_000_000;
/// After so long without an entry a stream is read again from its beginning, once: entries of a clock that was set back stand there.
pub const QUIET_MICROS: i64 = 600 * 1_000_000;
/// Bytes of entries that wait on disk; a look that finds more ends there, and the next goes on.
pub const HELD_BYTES_MAX: u64 = 4 << 30;
/// The span of one object of a stream that goes on for ever.
const SLICE_MILLIS: i64 = 60_000;

/// What a stream is to be read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One log from its beginning to its end.
    Whole,
    /// Entries that stand each for itself.
    Slices,
    /// Nothing that is wanted.
    Other,
}

/// How a group is read; times are microseconds since 1970.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    /// From when; everything where there is none.
    pub since: Option<i64>,
    /// Before when.
    pub until: Option<i64>,
    /// Up to when earlier runs have read ([`LogGroup::seen_until`]).
    pub seen_until: Option<i64>,
    /// The time.
    pub now: fn() -> i64,
    /// Tells a stream's shape by its name and its first entry.
    pub shape: fn(&str, &str) -> Shape,
}

/// What a look found that was not there before.
#[derive(Debug, Default)]
pub struct News {
    /// Logs that began or went on.
    pub whole: Vec<Listed>,
    /// There are new entries of streams that go on for ever.
    pub slices: bool,
}

impl News {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.whole.is_empty() && !self.slices
    }
}

/// A log group, or the streams of it whose names begin alike.
#[derive(Debug)]
pub struct LogGroup {
    name: String,
    arn: String,
    address: LogAddress,
    asked: Asked,
    reading: Reading,
    /// Logs are read by who asks [`LogGroup::poll`].
    slices_only: AtomicBool,
    state: Mutex<State>,
}

/// What was read so far; never more than a help.
#[derive(Debug, Default)]
struct State {
    streams: BTreeMap<String, Stream>,
    spill: Spill,
    /// Up to when everything was asked for.
    seen_until: Option<i64>,
    deep_at: Option<i64>,
    /// Nothing was handed out since the last look.
    is_fresh: bool,
}

#[derive(Debug)]
struct Stream {
    shape: Shape,
    /// In the order in which they are read.
    entries: BTreeMap<Key, Place>,
    /// From the stream's beginning on.
    is_complete: bool,
    /// When the last entry came.
    touched: i64,
    was_read_again: bool,
}

/// Of a log: when CloudWatch took the entry, what time it bears, its id. A node's clock may jump, CloudWatch's does not. Of other streams the
/// time it bears comes first. Milliseconds since 1970.
type Key = (i64, i64, String);

impl LogGroup {
    /// Opens a log group with the caller's AWS configuration.
    ///
    /// # Errors
    /// [`Error::BadSpec`] for what names none, or no region; else as of every request to AWS.
    pub async fn open(spec: &str, options: &Options, reading: Reading) -> Result<LogGroup> {
        let address = parse(spec)?;
        let config = config_in(options, address.place.as_ref().map(|place| place.region.as_str()), spec).await?;
        let client = Client::new(&config);
        let (asked, arn) = Asked::open(client, &address, options.profile.clone()).await?;
        Ok(LogGroup { name: spec.to_owned(), arn, address, asked, reading, slices_only: AtomicBool::new(false), state: Mutex::default() })
    }

    /// `arn:aws:logs:REGION:ACCOUNT:log-group:NAME`
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// The region that it is in.
    pub fn aws_region(&self) -> &str {
        self.arn.split(':').nth(3).unwrap_or_default()
    }

    /// What is to be remembered of how far was read: the group, and the streams that were meant.
    pub fn checkpoint_name(&self) -> String {
        match self.address.stream_prefix.as_str() {
            "" => self.arn.clone(),
            prefix => self.uri(prefix),
        }
    }

    /// Goes on where an earlier run ended.
    pub fn resume(&mut self, seen_until: Option<i64>) {
        self.reading.seen_until = seen_until;
    }

    /// Up to when every entry was asked for, to be remembered once all that was listed is read; none where only a window is read.
    pub fn seen_until(&self) -> Option<i64> {
        let whole = self.reading.since.is_none() && self.reading.until.is_none();
        self.state().seen_until.filter(|_| whole)
    }

    /// From now on who polls reads the logs that go on: a listing does not ask again, and names no logs.
    pub fn list_slices_only(&self) {
        self.slices_only.store(true, Ordering::Relaxed);
    }

    /// When CloudWatch took the first entry of a log that was read, by its own clock.
    pub fn begun(&self, key: &str) -> Option<i64> {
        let state = self.state();
        let (ingested, ..) = state.streams.get(key)?.entries.keys().next()?;
        Some(ingested.saturating_mul(1_000))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn uri(&self, stream: &str) -> String {
        format!("{}:log-stream:{stream}", self.arn)
    }

    /// Looks once at what is new.
    ///
    /// # Errors
    /// Where the group cannot be read; what was read until then is kept, and the next look begins where this one did.
    pub async fn poll(&self) -> Result<News> {
        let now = (self.reading.now)();
        let mut new: BTreeMap<String, bool> = BTreeMap::new();
        self.forget();
        let (wanted, is_deep) = self.window(now);
        let is_from_beginning = wanted.from.is_none();
        let (mut reached, mut is_full) = (None, false);
        let mut pages = self.asked.pages(wanted);
        while let Some(page) = pages.next().await? {
            let mut state = self.state();
            for entry in &page {
                reached = reached.max(entry.timestamp());
                if let Some((stream, is_new)) = self.take(&mut state, entry, is_from_beginning, now)? {
                    *new.entry(stream).or_default() |= is_new;
                }
            }
            if state.spill.bytes > HELD_BYTES_MAX {
                is_full = true;
                break;
            }
        }
        for stream in self.quiet(now) {
            if self.read_whole(&stream, now).await? {
                new.insert(stream, true);
            }
        }
        let mut state = self.state();
        let seen_until = if is_full { reached.map(|millis| millis.saturating_mul(1_000)) } else { Some(now) };
        state.seen_until = state.seen_until.max(seen_until);
        if is_deep {
            state.deep_at = Some(now);
        }
        state.is_fresh = true;
        debug!(group = self.arn, is_deep, streams = state.streams.len(), new = new.len(), "log group looked at");
        let mut news = News::default();
        for name in new.into_iter().filter(|(_, is_new)| *is_new).map(|(name, _)| name) {
            let Some(stream) = state.streams.get(&name) else { continue };
            match stream.shape {
                Shape::Whole => news.whole.push(self.whole(&name, stream)),
                Shape::Slices => news.slices = true,
                Shape::Other => {}
            }
        }
        Ok(news)
    }

    /// The span of the next look, and whether it goes far back.
    fn window(&self, now: i64) -> (Wanted, bool) {
        let mut state = self.state();
        if state.spill.bytes > HELD_BYTES_MAX {
            // What was handed out is in the lake; what is not is found again.
            let (seen_until, deep_at) = (state.seen_until, state.deep_at);
            *state = State { seen_until, deep_at, ..State::default() };
        }
        let is_deep = state.deep_at.is_none_or(|at| now - at >= DEEP_EVERY_MICROS || at > now);
        let overlap = if is_deep { OVERLAP_DEEP_MICROS } else { OVERLAP_MICROS };
        let seen_until = state.seen_until.or(self.reading.seen_until);
        let from = match self.reading.since {
            Some(since) => Some(since.max(seen_until.map_or(i64::MIN, |seen| seen - overlap))),
            None => seen_until.map(|seen| seen - overlap),
        };
        // Slices are whole, else what is in the ledger of one would differ with every look.
        let from = from.map(|from| from.div_euclid(1_000)).map(|millis| millis - millis.rem_euclid(SLICE_MILLIS));
        let until = self.reading.until.map(|until| until.div_euclid(1_000) - 1);
        (Wanted { from: from.map(|from| from.max(0)), until, stream: None, stream_prefix: self.address.stream_prefix.clone() }, is_deep)
    }

    /// Puts an entry down. Its stream, and whether it is new; none where it is not wanted.
    fn take(&self, state: &mut State, entry: &FilteredLogEvent, from_beginning: bool, now: i64) -> Result<Option<(String, bool)>> {
        let (name, message) = (entry.log_stream_name().unwrap_or_default(), entry.message().unwrap_or_default());
        // The emulators, and AWS where a prefix is not taken, give other streams as well.
        if !name.starts_with(&self.address.stream_prefix) {
            return Ok(None);
        }
        let shape = self.reading.shape;
        let State { streams, spill, .. } = state;
        let stream = streams.entry(name.to_owned()).or_insert_with(|| Stream {
            shape: shape(name, message),
            entries: BTreeMap::new(),
            is_complete: from_beginning,
            touched: now,
            was_read_again: false,
        });
        if stream.shape == Shape::Other {
            return Ok(Some((name.to_owned(), false)));
        }
        let (timestamp, ingested) = (entry.timestamp().unwrap_or_default(), entry.ingestion_time().unwrap_or_default());
        let id = entry.event_id().unwrap_or_default().to_owned();
        let key = if stream.shape == Shape::Whole { (ingested, timestamp, id) } else { (timestamp, ingested, id) };
        if stream.entries.contains_key(&key) {
            return Ok(Some((name.to_owned(), false)));
        }
        let place = spill.put(message).map_err(|error| self.asked.broken(format!("its entries cannot be put down: {error}")))?;
        stream.entries.insert(key, place);
        // What has been quiet since long ago was whole when it was first read.
        (stream.touched, stream.was_read_again) = (now, ingested.saturating_mul(1_000).saturating_add(QUIET_MICROS) < now);
        Ok(Some((name.to_owned(), true)))
    }

    /// Logs that have been quiet for a while and were not read again since.
    fn quiet(&self, now: i64) -> Vec<String> {
        let mut state = self.state();
        let mut names = Vec::new();
        for (name, stream) in &mut state.streams {
            let is_quiet = now - stream.touched >= QUIET_MICROS || stream.touched > now;
            if stream.shape == Shape::Whole && !stream.was_read_again && is_quiet {
                stream.was_read_again = true;
                names.push(name.clone());
            }
        }
        names
    }

    /// Reads a log from its beginning; whether there was anything new in it.
    async fn read_whole(&self, name: &str, now: i64) -> Result<bool> {
        let mut pages = self.asked.pages(Wanted { stream: Some(name.to_owned()), ..Wanted::default() });
        let mut any = false;
        while let Some(page) = pages.next().await? {
            let mut state = self.state();
            for entry in page.iter().filter(|entry| entry.log_stream_name() == Some(name)) {
                any |= self.take(&mut state, entry, true, now)?.is_some_and(|(_, is_new)| is_new);
            }
        }
        if let Some(stream) = self.state().streams.get_mut(name) {
            stream.is_complete = true;
        }
        Ok(any)
    }

    fn whole(&self, name: &str, stream: &Stream) -> Listed {
        let newest = stream.entries.keys().next_back().map_or(0, |(ingested, ..)| *ingested);
        let of_newest = stream.entries.keys().rev().take_while(|(ingested, ..)| *ingested == newest).count();
        Listed {
            uri: self.uri(name),
            key: name.to_owned(),
            // How long it is would tell of how much was read of it, not of the log.
            size: 0,
            etag: Some(format!("{newest}-{of_newest}")),
            modified: Some(newest.saturating_mul(1_000)),
        }
    }

    fn slices(&self, name: &str, stream: &Stream) -> Vec<Listed> {
        let mut slices: BTreeMap<i64, (u64, usize, i64)> = BTreeMap::new();
        for ((timestamp, ingested, _), place) in &stream.entries {
            let (bytes, count, newest) = slices.entry(timestamp.div_euclid(SLICE_MILLIS)).or_default();
            *bytes += u64::from(place.bytes) + 1;
            *count += 1;
            *newest = (*newest).max(*ingested);
        }
        let listed = |(slice, (size, count, newest)): (i64, (u64, usize, i64))| {
            let key = format!("{name}#{}", slice * SLICE_MILLIS);
            let etag = Some(format!("{newest}-{count}"));
            Listed { uri: self.uri(&key), key, size, etag, modified: Some(newest.saturating_mul(1_000)) }
        };
        slices.into_iter().map(listed).collect()
    }

    /// Forgets entries of slices that no look will find again; logs that were quiet are read again whole, should they go on.
    fn forget(&self) {
        let mut state = self.state();
        let Some(seen_until) = state.seen_until else { return };
        let old = (seen_until - 2 * OVERLAP_DEEP_MICROS).div_euclid(1_000);
        for stream in state.streams.values_mut().filter(|stream| stream.shape == Shape::Slices) {
            stream.entries = stream.entries.split_off(&(old, i64::MIN, String::new()));
        }
        state.streams.retain(|_, stream| match stream.shape {
            Shape::Slices => !stream.entries.is_empty(),
            Shape::Whole | Shape::Other => stream.touched > seen_until - 2 * OVERLAP_DEEP_MICROS,
        });
    }

    /// The bytes of a log, as a subscription would deliver it, or of a slice, one entry a line.
    fn assemble(&self, listed: &Listed, bytes_max: u64) -> Result<Bytes> {
        let gone = || Error::NotFound { what: listed.uri.clone() };
        let mut state = self.state();
        let State { streams, spill, .. } = &mut *state;
        let (name, slice) = match listed.key.rsplit_once('#') {
            Some((name, slice)) if streams.get(name).is_some_and(|stream| stream.shape == Shape::Slices) => (name, slice.parse().ok()),
            _ => (listed.key.as_str(), None),
        };
        let stream = streams.get(name).ok_or_else(gone)?;
        let places: Vec<(&Key, Place)> = match slice {
            Some(from) => {
                let range = (from, i64::MIN, String::new())..(from + SLICE_MILLIS, i64::MIN, String::new());
                stream.entries.range(range).map(|(key, place)| (key, *place)).collect()
            }
            None => stream.entries.iter().map(|(key, place)| (key, *place)).collect(),
        };
        if places.iter().map(|(_, place)| u64::from(place.bytes) + 1).sum::<u64>() > bytes_max {
            return Err(Error::TooLarge { uri: listed.uri.clone(), bytes_max });
        }
        let failed = |error: std::io::Error| Error::Fetch { uri: listed.uri.clone(), source: Cause::chain(&error) };
        let mut entries = Vec::with_capacity(places.len());
        for (key, place) in places {
            entries.push((key, spill.get(place).map_err(failed)?));
        }
        if slice.is_some() {
            let mut lines = String::new();
            for (_, message) in &entries {
                lines.push_str(message);
                lines.push('\n');
            }
            return Ok(lines.into());
        }
        let payload = Payload {
            message_type: "DATA_MESSAGE",
            owner: self.arn.split(':').nth(4).unwrap_or_default(),
            log_group: &self.address.group,
            log_stream: name,
            log_events: entries.iter().map(|((_, timestamp, id), message)| Entry { id, timestamp: *timestamp, message }).collect(),
        };
        let bytes = serde_json::to_vec(&payload).map_err(|error| failed(error.into()))?;
        Ok(bytes.into())
    }
}

/// A subscription's payload (CloudWatch Logs User Guide, "Log group-level subscription filters").
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Payload<'p> {
    message_type: &'p str,
    owner: &'p str,
    log_group: &'p str,
    log_stream: &'p str,
    log_events: Vec<Entry<'p>>,
}

#[derive(Serialize)]
struct Entry<'p> {
    id: &'p str,
    timestamp: i64,
    message: &'p str,
}

#[async_trait]
impl Source for LogGroup {
    fn name(&self) -> &str {
        &self.name
    }

    async fn list(&self) -> Result<BoxStream<'_, Result<Listed>>> {
        let slices_only = self.slices_only.load(Ordering::Relaxed);
        let is_fresh = std::mem::take(&mut self.state().is_fresh);
        let failed = if is_fresh || slices_only { None } else { self.poll().await.err() };
        let mut listed: Vec<Result<Listed>> = Vec::new();
        let mut state = self.state();
        state.is_fresh = false;
        for (name, stream) in &state.streams {
            match stream.shape {
                Shape::Whole if slices_only => {}
                Shape::Whole => listed.push(Ok(self.whole(name, stream))),
                Shape::Slices => listed.extend(self.slices(name, stream).into_iter().map(Ok)),
                Shape::Other => {
                    listed.push(Err(Error::Skipped { uri: self.uri(name), why: "it holds neither sessions nor CloudTrail's records" }));
                }
            }
        }
        if state.spill.bytes > HELD_BYTES_MAX {
            let error = self.asked.broken(format!("it holds more than {HELD_BYTES_MAX} bytes at once; run again to go on from there"));
            listed.push(Err(error));
        }
        drop(state);
        listed.extend(failed.map(Err));
        Ok(stream::iter(listed).boxed())
    }

    /// A listing never names all objects: it begins where the last one ended.
    fn prefix(&self) -> Option<String> {
        None
    }

    async fn fetch(&self, listed: &Listed, bytes_max: u64) -> Result<Bytes> {
        let incomplete = self.state().streams.get(&listed.key).is_some_and(|stream| stream.shape == Shape::Whole && !stream.is_complete);
        if incomplete {
            self.read_whole(&listed.key, (self.reading.now)()).await?;
        }
        self.assemble(listed, bytes_max)
    }

    async fn fetch_object(&self, listed: &Listed, bytes_max: u64) -> Result<Object> {
        Ok(Object { bytes: self.fetch(listed, bytes_max).await?, metadata: BTreeMap::new() })
    }
}
