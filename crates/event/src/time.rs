//! CloudTrail's ways of writing a time in, microseconds since 1970 UTC out.

/// Reads `2026-11-18T05:02:11Z` (also with fraction or offset) and the basic form `20131102T010628Z`
/// (CloudTrail User Guide, userIdentity, `creationDate`).
pub fn micros(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b'T', h1, h2, b':', n1, n2, b':', s1, s2, b'Z'] = bytes {
        let number = |digits: &[&u8]| {
            digits.iter().try_fold(0i64, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i64::from(**digit - b'0')))
        };
        let (year, month, day) = (number(&[y1, y2, y3, y4])?, number(&[m1, m2])?, number(&[d1, d2])?);
        let (hour, minute, second) = (number(&[h1, h2])?, number(&[n1, n2])?, number(&[s1, s2])?);
        let days_in =
            [31, if (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let length = usize::try_from(month - 1).ok().and_then(|index| days_in.get(index)).copied()?;
        if day < 1 || day > length || hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        return Some((days_from_civil(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second.min(59)) * 1_000_000);
    }
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Some(time.as_microsecond());
    }
    // Query engines export times with a space and without a zone; CloudTrail's are UTC.
    text.parse::<jiff::civil::DateTime>()
        .ok()
        .filter(|_| text.contains(':'))
        .and_then(|time| time.to_zoned(jiff::tz::TimeZone::UTC).ok())
        .map(|time| time.timestamp().as_microsecond())
}

/// Days since 1970-01-01 of a date of the Gregorian calendar.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year - era * 400;
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Writes microseconds since 1970 as RFC 3339 in UTC, whole seconds where they are whole.
pub fn rfc3339(micros: i64) -> String {
    jiff::Timestamp::from_microsecond(micros).map_or_else(|_| String::from("out of range"), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_time_agree() {
        for text in [
            "2026-11-18T05:02:11Z",
            "20261118T050211Z",
            "2026-11-18T14:02:11+09:00",
            "2026-11-18T05:02:11.000Z",
            "2026-11-18 05:02:11",
            "2026-11-18 05:02:11.000",
        ] {
            assert_eq!(micros(text), Some(1_794_978_131_000_000), "{text}");
        }
        assert_eq!(rfc3339(1_794_978_131_000_000), "2026-11-18T05:02:11Z");
        assert_eq!(micros("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(micros("2024-02-29T00:00:00Z"), "2024-02-29T00:00:00+00:00".parse::<jiff::Timestamp>().ok().map(|t| t.as_microsecond()));
        for text in ["", "2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "yesterday", "2026-11-18"] {
            assert_eq!(micros(text), None, "{text}");
        }
    }
}
