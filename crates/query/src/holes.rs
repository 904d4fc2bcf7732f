//! Spans of an account's log in, what of them is not in the lake out.
//!
//! That nothing is missing takes digests; where there are any, what they show to be missing, altered or cut out is a hole. What is known to
//! be missing shows without: objects and records that could not be read, and times over which an account's log in a region says nothing
//! at all.

use crate::error::{Error, Result};
use crate::hits::{column, number, text};
use crate::reader::Reader;
use datafusion::arrow::array::{Array as _, AsArray as _, PrimitiveArray, RecordBatch};
use datafusion::arrow::datatypes::TimestampMicrosecondType;
use event::log_key;
use identity::LogSpan;
use lake::Table;
use std::collections::{BTreeMap, BTreeSet};

/// How long a log may say nothing before that is taken for a hole: a day, in which something calls any account that is in use.
const SILENCE_MICROS_MAX: i64 = 24 * 3_600 * 1_000_000;

/// How long before an object is made its first event may lie (CloudTrail User Guide: about 5 minutes on average).
const DELIVERY_MICROS: i64 = 3_600 * 1_000_000;

/// What the lake has of logs, by account and region.
#[derive(Debug, Default)]
pub(crate) struct Holes(BTreeMap<(String, String), Log>);

#[derive(Debug, Default)]
struct Log {
    /// First and last event of each object, by the first.
    read: Vec<(i64, i64)>,
    /// Times in which there was something that could not be read.
    lost: Vec<(i64, i64)>,
}

impl Log {
    /// The first time within a span of which nothing, or not all, is known.
    fn hole(&self, from: i64, until: i64) -> Option<(i64, i64)> {
        if let Some((first, last)) = self.lost.iter().find(|(first, last)| *first <= until && *last >= from) {
            // An end of time is no time to tell.
            return Some((if *first == i64::MIN { from } else { *first }, if *last == i64::MAX { until } else { *last }));
        }
        let mut reach = from;
        for (first, last) in self.read.iter().copied().chain([(until, until)]).filter(|(_, last)| *last >= from) {
            let next = first.min(until);
            if next - reach > SILENCE_MICROS_MAX {
                return Some((reach, next));
            }
            reach = reach.max(last);
        }
        None
    }
}

impl Holes {
    /// The first hole in any of the spans: the span that it lies in, and from when until when.
    pub(crate) fn find<'s>(&self, spans: &'s BTreeSet<LogSpan>) -> Option<(&'s LogSpan, i64, i64)> {
        spans.iter().find_map(|span| {
            let log = self.0.get(&place(span))?;
            log.hole(span.from, span.until).map(|(from, until)| (span, from, until))
        })
    }
}

fn place(span: &LogSpan) -> (String, String) {
    (span.recipient_account_id.clone(), span.aws_region.clone())
}

impl Reader {
    /// Looks up what the lake has of the logs in which `spans` lie.
    pub(crate) async fn holes(&self, spans: impl Iterator<Item = &LogSpan>) -> Result<Holes> {
        let mut wanted: BTreeMap<(String, String), (i64, i64)> = BTreeMap::new();
        for span in spans {
            let held = wanted.entry(place(span)).or_insert((span.from, span.until));
            *held = (held.0.min(span.from), held.1.max(span.until));
        }
        let mut holes = Holes::default();
        for ((account, region), (since, until)) in wanted {
            let log = self.log(&account, &region, since, until).await?;
            holes.0.insert((account, region), log);
        }
        Ok(holes)
    }

    async fn log(&self, account: &str, region: &str, since: i64, until: i64) -> Result<Log> {
        let objects = self.points(Table::Objects).await?;
        let columns = ["object", "state", "first_event_time", "last_event_time", "rejected"];
        let batches = objects.objects_of(account, region, &columns).await?;
        let (mut log, mut unread, mut last_read) = (Log::default(), BTreeSet::new(), None);
        for batch in &batches {
            let (object, state) = (text(batch, "object")?, text(batch, "state")?);
            let is_unread = |row: &usize| matches!(state.value(*row), "rejected" | "unreadable");
            unread.extend((0..batch.num_rows()).filter(is_unread).map(|row| object.value(row).to_owned()));
        }
        for batch in &batches {
            let (object, state, rejected) = (text(batch, "object")?, text(batch, "state")?, number(batch, "rejected")?);
            let (first, last) = (times(batch, "first_event_time")?, times(batch, "last_event_time")?);
            for row in 0..batch.num_rows() {
                if state.value(row) == "read" {
                    // What could not be read at first may be later.
                    unread.remove(object.value(row));
                }
                last_read = last_read.max(last.is_valid(row).then(|| last.value(row)));
                if first.is_null(row) || last.is_null(row) || last.value(row) < since || first.value(row) > until {
                    continue;
                }
                let span = (first.value(row), last.value(row));
                log.read.push(span);
                if rejected.is_valid(row) && rejected.value(row) > 0 {
                    log.lost.push(span);
                }
            }
        }
        log.lost.extend(unread.iter().filter_map(|object| made(object)));
        if self.live().is_some() {
            // Event history was asked for some records: beyond the trail's own objects nothing else is known, be it a minute.
            log.lost.push((last_read.map_or(i64::MIN, |last| last.saturating_add(1)), i64::MAX));
        }
        log.lost.extend(self.broken(account, region, since, until).await?);
        log.read.sort_unstable();
        log.lost.sort_unstable();
        Ok(log)
    }
}

fn times(batch: &RecordBatch, name: &str) -> Result<PrimitiveArray<TimestampMicrosecondType>> {
    let wrong = || Error::Query { source: format!("column {name} has another type").into() };
    column(batch, name)?.as_primitive_opt::<TimestampMicrosecondType>().cloned().ok_or_else(wrong)
}

/// When the events of an object may lie, by its key.
fn made(object: &str) -> Option<(i64, i64)> {
    let stamp = log_key::classify(object).stamp;
    let digits = |range| stamp.get(range);
    let time = format!("{}-{}-{}T{}:{}:59Z", digits(0..4)?, digits(4..6)?, digits(6..8)?, digits(9..11)?, digits(11..13)?);
    event::time::micros(&time).map(|made| (made - DELIVERY_MICROS, made))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000_000;

    #[test]
    fn a_day_of_silence_is_a_hole_and_less_is_none() {
        let log =
            |read: &[(i64, i64)]| Log { read: read.iter().map(|(first, last)| (first * HOUR, last * HOUR)).collect(), lost: Vec::new() };
        let hole = |read: &[(i64, i64)]| log(read).hole(100 * HOUR, 160 * HOUR).map(|(from, until)| (from / HOUR, until / HOUR));
        assert_eq!(hole(&[(90, 101), (120, 121), (145, 161)]), None);
        assert_eq!(hole(&[(90, 101), (126, 127), (145, 161)]), Some((101, 126)));
        assert_eq!(hole(&[(90, 101), (120, 121)]), Some((121, 160)));
        assert_eq!(hole(&[(90, 101), (99, 150), (120, 121)]), None, "an object of a long time");
        assert_eq!(hole(&[]), Some((100, 160)));
        assert_eq!(log(&[]).hole(100 * HOUR, 124 * HOUR), None);
    }

    #[test]
    fn what_could_not_be_read_is_a_hole_where_it_lies() {
        let log = Log { read: vec![(0, 50 * HOUR)], lost: vec![(10 * HOUR, 11 * HOUR)] };
        assert_eq!(log.hole(5 * HOUR, 20 * HOUR), Some((10 * HOUR, 11 * HOUR)));
        assert_eq!(log.hole(12 * HOUR, 20 * HOUR), None);
        assert_eq!(log.hole(HOUR, 9 * HOUR), None);
    }

    #[test]
    fn beyond_what_was_read_all_is_lost_where_only_some_was_asked_for() {
        let log = Log { read: vec![(0, 50 * HOUR)], lost: vec![(50 * HOUR + 1, i64::MAX)] };
        assert_eq!(log.hole(5 * HOUR, 50 * HOUR), None);
        assert_eq!(log.hole(49 * HOUR, 51 * HOUR), Some((50 * HOUR + 1, 51 * HOUR)));
        let none = Log { read: Vec::new(), lost: vec![(i64::MIN, i64::MAX)] };
        assert_eq!(none.hole(HOUR, HOUR + 1), Some((HOUR, HOUR + 1)));
    }

    #[test]
    fn the_key_of_an_object_says_when_its_events_were() {
        let key = "s3://b/AWSLogs/111122223333/CloudTrail/us-east-1/2026/11/18/111122223333_CloudTrail_us-east-1_20261118T0510Z_A.json.gz";
        let at = |text: &str| event::time::micros(text).unwrap();
        assert_eq!(made(key), Some((at("2026-11-18T04:10:59Z"), at("2026-11-18T05:10:59Z"))));
        assert_eq!(made("/logs/some.json"), None);
    }
}
