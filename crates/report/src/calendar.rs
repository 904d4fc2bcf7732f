//! The calendar of coverage: accounts down, days of UTC across, and of each whether there are events and whether digests show it to be whole.

use crate::model::Rows;
use crate::period::Period;
use std::collections::{BTreeMap, BTreeSet};

const DAY_MICROS: i64 = 86_400_000_000;

/// Of one account and day.
fn mark(events: bool, whole: bool) -> &'static str {
    match (events, whole) {
        (true, true) => "●",
        (true, false) => "◐",
        (false, true) => "○",
        (false, false) => "–",
    }
}

/// Days of UTC, as `YYYY-MM-DD` and in microseconds since 1970, that a trend up to a period's end touches.
pub(crate) fn days(clock: &Period) -> Vec<(String, i64)> {
    let first = clock.trend_since().div_euclid(DAY_MICROS);
    let last = (clock.until - 1).div_euclid(DAY_MICROS);
    let day = |day: i64| Some((Period::utc(day * DAY_MICROS).get(..10)?.to_owned(), day * DAY_MICROS));
    (first..=last).filter_map(day).collect()
}

/// The calendar: titles of its columns but the first, and a row for each account. `seen` are days with events, `gaps` spans that are not shown to
/// be whole.
pub(crate) fn calendar(seen: &Rows, gaps: &Rows, clock: &Period) -> (Vec<String>, Vec<(String, Vec<&'static str>)>) {
    let days = days(clock);
    let mut by_account: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for row in &seen.rows {
        let (Some(account), Some(day)) = (seen.get(row, "account_id"), seen.get(row, "day")) else { continue };
        by_account.entry(account).or_default().insert(day);
    }
    let mut open: BTreeMap<&str, Vec<(i64, i64)>> = BTreeMap::new();
    for row in &gaps.rows {
        let time = |name: &str, none: i64| gaps.get(row, name).and_then(Period::micros).unwrap_or(none);
        open.entry(gaps.get(row, "account_id").unwrap_or_default()).or_default().push((time("from", i64::MIN), time("until", i64::MAX)));
    }
    let is_whole = |account: &str, day: i64| {
        let (from, until) = (day.max(clock.trend_since()), (day + DAY_MICROS).min(clock.until));
        // What is of no account in particular is of each.
        let spans =
            open.get(account).into_iter().chain(open.iter().filter(|(of, _)| !by_account.contains_key(**of)).map(|(_, spans)| spans));
        !spans.flatten().any(|(start, end)| *start < until && *end > from)
    };
    let row = |(account, seen): (&&str, &BTreeSet<&str>)| {
        let marks = days.iter().map(|(day, at)| mark(seen.contains(day.as_str()), is_whole(account, *at)));
        ((*account).to_owned(), marks.collect())
    };
    (days.iter().map(|(day, _)| day.get(5..).unwrap_or_default().to_owned()).collect(), by_account.iter().map(row).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_whole_only_where_no_span_is_open() {
        let clock = Period::days("2026-11-17", "2026-11-17", "Asia/Tokyo").unwrap();
        let rows = |columns: &[&str], rows: &[&[&str]]| {
            let value = |value: &&str| Some((*value).to_owned()).filter(|value| !value.is_empty());
            Rows::new(columns, rows.iter().map(|row| row.iter().map(value).collect()).collect())
        };
        let seen = rows(&["account_id", "day"], &[&["1", "2026-11-16"], &["1", "2026-11-17"], &["2", "2026-11-17"]]);
        let gap = ["account_id", "from", "until"];
        let last = |gaps: &Rows| -> Vec<String> {
            let (titles, accounts) = calendar(&seen, gaps, &clock);
            assert_eq!(
                (titles.len(), titles.first().map(String::as_str), titles.last().map(String::as_str)),
                (31, Some("10-18"), Some("11-17"))
            );
            accounts.iter().map(|(account, marks)| format!("{account}{}", marks[29..].concat())).collect()
        };
        assert_eq!(last(&rows(&gap, &[])), ["1●●", "2○●"]);
        // The evening of the 17th of UTC is no part of the period.
        assert_eq!(last(&rows(&gap, &[&["1", "2026-11-17T15:00:00Z", "2026-11-17T18:00:00Z"]])), ["1●●", "2○●"]);
        assert_eq!(last(&rows(&gap, &[&["1", "2026-11-16T23:00:00Z", "2026-11-17T00:00:01Z"]])), ["1◐◐", "2○●"]);
        assert_eq!(last(&rows(&gap, &[&["2", "", "2026-11-17T00:00:00Z"]])), ["1●●", "2–●"]);
        // A span of no account that has events is everybody's.
        assert_eq!(last(&rows(&gap, &[&["", "", ""]])), ["1◐◐", "2–◐"]);
    }
}
