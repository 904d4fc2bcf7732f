//! What of buckets was listed, and when: which days of which account and region, and which objects were found changed or gone.
//!
//! Lies in `_whodid/listings/` beside the tables, where no reader of tables looks. It is a set that only grows, so that several may
//! write it at once. It says what was listed and committed, never what was read: that is the table `objects`.

use crate::error::{Result, read_error, write_error};
use crate::shelf::Shelf;
use crate::table::Lake;
use bytes::Bytes;
use event::log_key::{self, Folder as Place, Kind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const STATE: &str = "state";
/// Objects found changed or gone of which the names are kept.
const NOTED_MAX: usize = 10_000;

/// What of buckets was listed.
#[derive(Debug)]
pub struct Listings {
    shelf: Shelf,
    state: State,
    changed: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    /// By the address of an account's and region's folder, which ends in `/`.
    folders: BTreeMap<String, Days>,
    /// By the address of what was called a source, which ends in `/` or is a whole bucket's.
    sources: BTreeMap<String, Listed>,
    /// By the address of an object: what was found last.
    objects: BTreeMap<String, Noted>,
}

/// Days of a folder, since 1970.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Days {
    /// Spans, first and last day, apart from each other and in order.
    spans: Vec<(i32, i32)>,
    /// The first day that was seen to be there.
    oldest: Option<i32>,
}

/// A source, as it was listed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    /// It holds too much to be listed whole each time.
    by_days: bool,
    /// When its newest weeks were listed again, in microseconds since 1970.
    swept: i64,
}

/// What became of an object that was there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// Another content lies at its place.
    Overwritten,
    /// It came back.
    Returned,
    /// It is not there any more.
    Vanished,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Noted {
    at: i64,
    fate: Fate,
}

/// Days of an account and region that lie in a bucket and were not listed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unlisted {
    /// Whose logs.
    pub account_id: String,
    /// Of which region.
    pub aws_region: String,
    /// The first of the days, since 1970.
    pub from: i32,
    /// The day after the last of them.
    pub until: i32,
}

/// A source, for `status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SourceListing {
    /// Its address.
    pub source: String,
    /// Whether it is listed by account, region and day; else it is listed whole each time.
    pub by_days: bool,
    /// Folders of an account and region in it.
    pub folders: u64,
    /// When its newest weeks, or all of it, were last compared with what the lake holds.
    pub swept: Option<String>,
    /// Objects that were read and now have another content. CloudTrail never does that.
    pub overwritten: u64,
    /// Objects that were read and are gone.
    pub vanished: u64,
}

impl Days {
    fn cover(&mut self, from: i32, until: i32) -> bool {
        let before = self.spans.clone();
        self.spans.push((from, until));
        self.spans.sort_unstable();
        let mut joined: Vec<(i32, i32)> = Vec::new();
        for (from, until) in self.spans.drain(..) {
            match joined.last_mut() {
                Some(last) if from <= last.1.saturating_add(1) => last.1 = last.1.max(until),
                _ => joined.push((from, until)),
            }
        }
        self.spans = joined;
        self.spans != before
    }

    fn exists_from(&mut self, day: i32) -> bool {
        let oldest = self.oldest.map_or(day, |oldest| oldest.min(day));
        self.oldest.replace(oldest) != Some(oldest)
    }

    /// Days from the oldest one on that lie in no span, each span of them from its first day until the day after its last.
    fn missing(&self, today: i32) -> Vec<(i32, i32)> {
        let Some(mut day) = self.oldest else { return Vec::new() };
        let mut found = Vec::new();
        for (from, until) in &self.spans {
            if day < *from {
                found.push((day, *from));
            }
            day = day.max(until.saturating_add(1));
        }
        if self.spans.is_empty() && day <= today {
            found.push((day, today.saturating_add(1)));
        }
        found
    }
}

impl State {
    fn of(page: &Bytes) -> Result<Self> {
        serde_json::from_slice(page).map_err(|error| read_error("_whodid")(error.into()))
    }

    fn json(&self) -> Result<Bytes> {
        serde_json::to_vec(self).map(Bytes::from).map_err(|error| write_error("_whodid")(error.into()))
    }

    fn join(&mut self, other: Self) {
        for (folder, days) in other.folders {
            let held = self.folders.entry(folder).or_default();
            for (from, until) in days.spans {
                held.cover(from, until);
            }
            if let Some(oldest) = days.oldest {
                held.exists_from(oldest);
            }
        }
        for (source, listed) in other.sources {
            let held = self.sources.entry(source).or_default();
            held.by_days |= listed.by_days;
            held.swept = held.swept.max(listed.swept);
        }
        for (uri, noted) in other.objects {
            let held = self.objects.entry(uri).or_insert(noted);
            *held = noted.max(*held);
        }
    }
}

fn merge(_: &str, pages: &[Bytes]) -> Result<Vec<u8>> {
    let mut all = State::default();
    for page in pages {
        all.join(State::of(page)?);
    }
    all.json().map(Vec::from)
}

impl Lake {
    /// What of buckets was listed into the lake; nothing where none was.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub async fn listings(&self) -> Result<Listings> {
        let mut shelf = self.shelf("listings", false)?;
        let state = match shelf.load(STATE, merge).await? {
            Some(page) => State::of(&page)?,
            None => State::default(),
        };
        Ok(Listings { shelf, state, changed: false })
    }
}

impl Listings {
    /// The last day of the folder that was listed.
    pub fn last_day(&self, folder: &str) -> Option<i32> {
        self.state.folders.get(folder)?.spans.last().map(|span| span.1)
    }

    /// The first day of the folder that was listed.
    pub fn first_day(&self, folder: &str) -> Option<i32> {
        self.state.folders.get(folder)?.spans.first().map(|span| span.0)
    }

    /// The first day of which the folder was seen to have objects.
    pub fn oldest_day(&self, folder: &str) -> Option<i32> {
        self.state.folders.get(folder)?.oldest
    }

    /// The first day of any folder below a prefix that was listed.
    pub fn first_day_below(&self, prefix: &str) -> Option<i32> {
        let below = self.state.folders.range(prefix.to_owned()..).take_while(|(folder, _)| folder.starts_with(prefix));
        below.filter_map(|(_, days)| days.spans.first().map(|span| span.0)).min()
    }

    /// Notes that the days of a folder were listed, and everything in them was committed.
    pub fn cover(&mut self, folder: &str, from: i32, until: i32) {
        if from <= until {
            self.changed |= self.state.folders.entry(folder.to_owned()).or_default().cover(from, until);
        }
    }

    /// Notes that the folder has objects from that day on.
    pub fn exists_from(&mut self, folder: &str, day: i32) {
        self.changed |= self.state.folders.entry(folder.to_owned()).or_default().exists_from(day);
    }

    /// Whether a source holds too much to be listed whole each time.
    pub fn is_by_days(&self, source: &str) -> bool {
        self.state.sources.get(source).is_some_and(|source| source.by_days)
    }

    /// When the newest weeks of a source, or all of it, were last listed and compared.
    pub fn swept(&self, source: &str) -> Option<i64> {
        self.state.sources.get(source).map(|source| source.swept).filter(|swept| *swept > 0)
    }

    /// Notes how a source was listed, and when it was compared, if it was.
    pub fn note_source(&mut self, source: &str, by_days: bool, swept: Option<i64>) {
        let held = self.state.sources.entry(source.to_owned()).or_default();
        let before = held.clone();
        held.by_days |= by_days;
        held.swept = held.swept.max(swept.unwrap_or(0));
        self.changed |= *held != before;
    }

    /// What was found of an object last.
    pub fn fate(&self, uri: &str) -> Option<Fate> {
        self.state.objects.get(uri).map(|noted| noted.fate)
    }

    /// Notes what became of an object; of more than can be kept, the first ones stay.
    pub fn note(&mut self, uri: &str, fate: Fate, at: i64) {
        if self.state.objects.len() < NOTED_MAX || self.state.objects.contains_key(uri) {
            let noted = Noted { at, fate };
            self.changed |= self.state.objects.insert(uri.to_owned(), noted) != Some(noted);
        }
    }

    /// Days of log folders that lie in a bucket and were not listed, as far as is known.
    pub fn unlisted(&self, today: i32) -> Vec<Unlisted> {
        let mut found = Vec::new();
        for (folder, days) in &self.state.folders {
            let Place::Days { kind: Kind::CloudTrail, account_id, aws_region } = log_key::folder(folder) else { continue };
            found.extend(days.missing(today).into_iter().map(|(from, until)| Unlisted {
                account_id: account_id.to_owned(),
                aws_region: aws_region.to_owned(),
                from,
                until,
            }));
        }
        found.sort();
        found.dedup();
        found
    }

    /// Every source that was listed.
    pub fn sources(&self) -> Vec<SourceListing> {
        let of = |(source, listed): (&String, &Listed)| {
            let count = |fate: Fate| {
                let noted = self.state.objects.iter().filter(|(uri, noted)| noted.fate == fate && uri.starts_with(source.as_str()));
                noted.count() as u64
            };
            SourceListing {
                source: source.clone(),
                by_days: listed.by_days,
                folders: self.state.folders.keys().filter(|folder| folder.starts_with(source.as_str())).count() as u64,
                swept: (listed.swept > 0).then(|| event::time::rfc3339(listed.swept)),
                overwritten: count(Fate::Overwritten),
                vanished: count(Fate::Vanished),
            }
        };
        self.state.sources.iter().map(of).collect()
    }

    /// Writes what changed, if anything did.
    ///
    /// # Errors
    /// Where it cannot be written; the next run then lists the same days again.
    pub async fn save(&mut self, lake: &Lake) -> Result<()> {
        if !self.changed {
            return Ok(());
        }
        if !self.shelf.has_place() {
            self.shelf = lake.shelf("listings", true)?;
        }
        self.shelf.save(STATE, self.state.json()?, merge).await?;
        self.changed = false;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    const FOLDER: &str = "s3://trail/AWSLogs/111122223333/CloudTrail/eu-west-1/";

    #[tokio::test]
    async fn what_two_wrote_at_once_is_all_there() {
        let folder = tempfile::tempdir().unwrap();
        let lake = Lake::at(folder.path().to_str().unwrap(), HashMap::new()).unwrap();
        let (mut one, mut other) = (lake.listings().await.unwrap(), lake.listings().await.unwrap());
        one.cover(FOLDER, 10, 12);
        one.exists_from(FOLDER, 3);
        one.note_source("s3://trail/", true, Some(5));
        one.note("s3://trail/a", Fate::Vanished, 5);
        other.cover(FOLDER, 13, 15);
        other.cover(FOLDER, 20, 20);
        other.note_source("s3://trail/", false, Some(7));
        other.note("s3://trail/a", Fate::Returned, 6);
        one.save(&lake).await.unwrap();
        other.save(&lake).await.unwrap();
        let both = lake.listings().await.unwrap();
        assert_eq!((both.first_day(FOLDER), both.last_day(FOLDER), both.swept("s3://trail/")), (Some(10), Some(20), Some(7)));
        assert!(both.is_by_days("s3://trail/"));
        assert_eq!(both.fate("s3://trail/a"), Some(Fate::Returned));
        assert_eq!(both.first_day_below("s3://trail/"), Some(10));
        let spans: Vec<_> = both.unlisted(30).iter().map(|span| (span.from, span.until)).collect();
        assert_eq!(spans, [(3, 10), (16, 20)]);
    }

    #[test]
    fn days_join_and_what_lies_between_is_missing() {
        let mut days = Days::default();
        assert_eq!(days.missing(9), []);
        assert!(days.exists_from(5));
        assert_eq!(days.missing(9), [(5, 10)]);
        assert!(days.cover(8, 9));
        assert!(!days.cover(8, 8));
        assert!(days.cover(5, 6));
        assert_eq!(days.missing(9), [(7, 8)]);
        assert!(days.cover(7, 7));
        assert_eq!((days.missing(9), days.spans), (vec![], vec![(5, 9)]));
    }
}
