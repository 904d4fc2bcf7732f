//! Days of a calendar in, a span of time out. A day is a day of one time zone: a report in two languages has the same numbers.

use crate::error::{Error, Result};
use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, ToSpan as _};

/// Days that a trend looks back from a period's end.
const TREND_DAYS: i64 = 30;

/// 1700-01-01 and 2262-01-01, microseconds since 1970: queries cut times to days and hours in nanoseconds of 64 bits, which reach little
/// further.
const REACH_MICROS: std::ops::RangeInclusive<i64> = -8_520_336_000_000_000..=9_214_646_400_000_000;

/// What a report is about.
#[derive(Debug, Clone, PartialEq)]
pub struct Period {
    /// `2026-11-20`, `2026-11-01_2026-11-20`, `2026-11` or `2026`.
    pub label: String,
    /// From when, microseconds since 1970.
    pub since: i64,
    /// Before when.
    pub until: i64,
    /// Whose days they are.
    pub zone: TimeZone,
    /// How that is called.
    pub zone_name: String,
    /// The flags of `whodid report` that ask for it.
    pub flags: String,
}

/// A time zone by its IANA name, as `UTC`, or as an offset such as `+09:00`.
///
/// # Errors
/// Where it is not known.
pub fn zone(name: &str) -> Result<TimeZone> {
    let unknown = || Error::NotATime { what: format!("{name:?}"), kind: "time zone" };
    if name.eq_ignore_ascii_case("utc") || name == "Z" {
        return Ok(TimeZone::UTC);
    }
    let offset = |sign: i32, rest: &str| {
        let (hours, minutes) = rest.split_once(':')?;
        let two_digits = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        if !two_digits(hours) || !two_digits(minutes) {
            return None;
        }
        let (hours, minutes) = (hours.parse::<i32>().ok()?, minutes.parse::<i32>().ok().filter(|minutes| *minutes < 60)?);
        Offset::from_seconds(sign * (hours * 3_600 + minutes * 60)).ok().map(TimeZone::fixed)
    };
    match name.split_at_checked(1) {
        Some(("+", rest)) => offset(1, rest).ok_or_else(unknown),
        Some(("-", rest)) => offset(-1, rest).ok_or_else(unknown),
        // Japan has had no daylight saving time since 1951: no table of zones is needed on a bare machine.
        _ if name == "Asia/Tokyo" => offset(1, "09:00").ok_or_else(unknown),
        _ => TimeZone::get(name).map_err(|_| unknown()),
    }
}

fn date(text: &str) -> Result<Date> {
    let plain = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let date = plain.then(|| text.parse().ok()).flatten();
    date.ok_or_else(|| Error::NotATime { what: format!("{text:?}"), kind: "date" })
}

fn within_reach(label: &str, since: i64, until: i64) -> Result<()> {
    if REACH_MICROS.contains(&since) && REACH_MICROS.contains(&until) {
        return Ok(());
    }
    Err(Error::NotATime { what: format!("{label:?}"), kind: "period between the years 1700 and 2261" })
}

impl Period {
    /// The days `from` to `to`, both included, written `YYYY-MM-DD`.
    ///
    /// # Errors
    /// Where one is no date, the second lies before the first, or the zone is not known.
    pub fn days(from: &str, to: &str, zone_name: &str) -> Result<Self> {
        let label = if from == to { from.to_owned() } else { format!("{from}_{to}") };
        let flags = if from == to { format!("--date {from}") } else { format!("--from {from} --to {to}") };
        Self::between(label, flags, date(from)?, date(to)?, zone_name)
    }

    /// The month `YYYY-MM`, or the year `YYYY`.
    ///
    /// # Errors
    /// As of [`Period::days`].
    pub fn whole(label: &str, zone_name: &str) -> Result<Self> {
        let year = label.len() == 4;
        let kind = if year { "year" } else { "month" };
        let wrong = |_| Error::NotATime { what: format!("{label:?}"), kind };
        let first = date(&if year { format!("{label}-01-01") } else { format!("{label}-01") }).map_err(wrong)?;
        let last = if year { first.last_of_year() } else { first.last_of_month() };
        Self::between(label.to_owned(), format!("--{kind} {label}"), first, last, zone_name)
    }

    /// The day before the one in which `now` lies.
    ///
    /// # Errors
    /// Where the zone is not known.
    pub fn yesterday(now: i64, zone_name: &str) -> Result<Self> {
        let out = |_| Error::NotATime { what: now.to_string(), kind: "date" };
        let today = Timestamp::from_microsecond(now).map_err(out)?.to_zoned(zone(zone_name)?).date();
        let day = today.checked_sub(1.day()).map_err(out)?;
        Self::between(day.to_string(), format!("--date {day}"), day, day, zone_name)
    }

    /// The end of a day, `YYYY-MM-DD`, in the period's zone, microseconds since 1970.
    pub fn end_of(&self, day: &str) -> Option<i64> {
        let next = date(day).ok()?.checked_add(1.day()).ok()?;
        Some(next.to_zoned(self.zone.clone()).ok()?.timestamp().as_microsecond())
    }

    /// Any span, microseconds since 1970.
    ///
    /// # Errors
    /// Where it is empty, or the zone is not known.
    pub fn span(since: i64, until: i64, zone_name: &str) -> Result<Self> {
        let (from, to) = (Self::utc(since), Self::utc(until));
        // A name that is a folder's on every system.
        let label = format!("{from}_{to}").replace([':', '.'], "-");
        if since >= until || from.is_empty() || to.is_empty() {
            return Err(Error::NotATime { what: label, kind: "period" });
        }
        let flags = format!("--since {from} --until {to}");
        within_reach(&label, since, until)?;
        Ok(Self { label, since, until, zone: zone(zone_name)?, zone_name: zone_name.to_owned(), flags })
    }

    fn between(label: String, flags: String, from: Date, to: Date, zone_name: &str) -> Result<Self> {
        let zone = zone(zone_name)?;
        let wrong = || Error::NotATime { what: label.clone(), kind: "period" };
        let start = |date: Date| date.to_zoned(zone.clone()).ok().map(|at| at.timestamp().as_microsecond());
        let since = start(from).ok_or_else(wrong)?;
        let until = to.checked_add(1.day()).ok().and_then(start).ok_or_else(wrong)?;
        if since >= until {
            return Err(wrong());
        }
        within_reach(&label, since, until)?;
        Ok(Self { label, since, until, zone, zone_name: zone_name.to_owned(), flags })
    }

    /// From when trends are drawn.
    pub fn trend_since(&self) -> i64 {
        self.since.min(self.until - TREND_DAYS * 86_400_000_000)
    }

    /// A time of a row, RFC 3339 in UTC, on the period's clocks; what is none stays as it is.
    pub(crate) fn local(&self, text: &str, form: &str) -> String {
        let Ok(time) = text.parse::<Timestamp>() else { return text.to_owned() };
        time.to_zoned(self.zone.clone()).strftime(form).to_string()
    }

    /// A time of a row, RFC 3339, in microseconds since 1970.
    pub(crate) fn micros(text: &str) -> Option<i64> {
        text.parse::<Timestamp>().ok().map(Timestamp::as_microsecond)
    }

    /// A time in UTC, as programs read it.
    pub(crate) fn utc(micros: i64) -> String {
        Timestamp::from_microsecond(micros).map(|time| time.to_string()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(period: &Period) -> (String, String) {
        (Period::utc(period.since), Period::utc(period.until))
    }

    #[test]
    fn a_day_is_a_day_of_its_zone() {
        for (from, to, zone, since, until) in [
            ("2026-11-20", "2026-11-20", "UTC", "2026-11-20T00:00:00Z", "2026-11-21T00:00:00Z"),
            ("2026-11-20", "2026-11-20", "Asia/Tokyo", "2026-11-19T15:00:00Z", "2026-11-20T15:00:00Z"),
            ("2026-11-20", "2026-11-22", "+09:00", "2026-11-19T15:00:00Z", "2026-11-22T15:00:00Z"),
            ("2026-11-20", "2026-11-20", "-03:30", "2026-11-20T03:30:00Z", "2026-11-21T03:30:00Z"),
        ] {
            assert_eq!(span(&Period::days(from, to, zone).unwrap()), (since.to_owned(), until.to_owned()));
        }
        assert_eq!(span(&Period::whole("2026-02", "UTC").unwrap()), ("2026-02-01T00:00:00Z".into(), "2026-03-01T00:00:00Z".into()));
        assert_eq!(span(&Period::whole("2026", "UTC").unwrap()), ("2026-01-01T00:00:00Z".into(), "2027-01-01T00:00:00Z".into()));
        let midnight = "2026-11-20T15:30:00Z".parse::<Timestamp>().unwrap().as_microsecond();
        assert_eq!(Period::yesterday(midnight, "Asia/Tokyo").unwrap().label, "2026-11-20");
        assert_eq!(Period::yesterday(midnight, "UTC").unwrap().label, "2026-11-19");
    }

    #[test]
    fn a_period_that_queries_cannot_reckon_with_is_refused() {
        for (from, to) in
            [("1699-12-31", "1700-01-01"), ("2261-12-31", "2262-01-01"), ("9998-12-30", "9998-12-30"), ("0001-01-01", "0001-01-01")]
        {
            let error = Period::days(from, to, "UTC").unwrap_err().to_string();
            assert!(error.contains("between the years 1700 and 2261"), "{error}");
        }
        for day in ["1700-01-01", "1969-12-31", "2261-12-31"] {
            let period = Period::days(day, day, "UTC").unwrap();
            assert!(Period::span(period.since, period.until, "UTC").is_ok(), "{day}");
            assert!(Period::span(period.since, i64::MAX / 100, "UTC").is_err(), "{day}");
        }
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for (from, to, zone) in [
            ("2026-11-31", "2026-11-31", "UTC"),
            ("20261120", "20261120", "UTC"),
            ("2026-11-20", "2026-11-19", "UTC"),
            ("2026-11-20", "2026-11-20", "Mars/Olympus"),
            ("2026-11-20", "2026-11-20", "+9"),
            ("2026-11-20", "2026-11-20", "+99:00"),
            ("2026-11-20", "2026-11-20", "+日本:00"),
            ("../../etc", "../../etc", "UTC"),
        ] {
            assert!(Period::days(from, to, zone).is_err(), "{from} {to} {zone}");
        }
        for label in ["2026-13", "26", "2026-1", "日本", ""] {
            assert!(Period::whole(label, "UTC").is_err(), "{label}");
        }
    }
}
