//! Times and JSON strings as AWS writes them: seconds since 1970 and plain text in, text out.
//!
//! Never reads a clock.

use std::fmt::Write as _;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Year, month (1-12), day, hour, minute, second in UTC.
pub(crate) fn civil(seconds: i64) -> (i64, i64, i64, i64, i64, i64) {
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Days counted from 0000-03-01, so that the leap day is the last of its year.
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day, rest / 3600, rest / 60 % 60, rest % 60)
}

/// `2026-11-18T05:02:11Z`.
pub(crate) fn rfc3339(seconds: i64) -> String {
    let (year, month, day, hour, minute, second) = civil(seconds);
    let mut text = String::with_capacity(20);
    let pair = |text: &mut String, value: i64| {
        text.push(char::from(b'0' + (value / 10) as u8));
        text.push(char::from(b'0' + (value % 10) as u8));
    };
    pair(&mut text, year / 100);
    pair(&mut text, year % 100);
    for (mark, value) in [('-', month), ('-', day), ('T', hour), (':', minute), (':', second)] {
        text.push(mark);
        pair(&mut text, value);
    }
    text.push('Z');
    text
}

/// `Nov 18, 2026, 5:02:11 AM`, or without the second comma: services differ, on the same day.
pub(crate) fn wordy(seconds: i64, comma: bool) -> String {
    let (year, month, day, hour, minute, second) = civil(seconds);
    let month = MONTHS[(month - 1) as usize];
    let half = if hour < 12 { "AM" } else { "PM" };
    let hour = if hour % 12 == 0 { 12 } else { hour % 12 };
    let comma = if comma { "," } else { "" };
    format!("{month} {day}, {year}{comma} {hour}:{minute:02}:{second:02} {half}")
}

/// Appends `text` as a JSON string, quotes included.
pub(crate) fn quote(out: &mut String, text: &str) {
    out.push('"');
    if text.bytes().all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
        out.push_str(text);
    } else {
        for letter in text.chars() {
            match letter {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                '\n' => out.push_str("\\n"),
                control if (control as u32) < 0x20 => {
                    // A String takes every write.
                    let _ = write!(out, "\\u{:04x}", control as u32);
                }
                plain => out.push(plain),
            }
        }
    }
    out.push('"');
}

/// `text` as a JSON string, quotes included.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    quote(&mut out, text);
    out
}

/// As IAM answers with policy documents: URL-encoded.
pub(crate) fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::{quoted, rfc3339, wordy};

    #[test]
    fn times_agree_with_the_calendar() {
        for seconds in (0..4_000_000_000_i64).step_by(7_654_321) {
            let expected = jiff::Timestamp::from_second(seconds).unwrap().to_string();
            assert_eq!(rfc3339(seconds), expected);
        }
        assert_eq!(wordy(1_600_369_450, true), "Sep 17, 2020, 7:04:10 PM");
        assert_eq!(wordy(1_600_369_450, false), "Sep 17, 2020 7:04:10 PM");
    }

    #[test]
    fn any_text_survives_quoting() {
        let text = "a\"b\\c\n\u{1b}[31m\u{202e}\u{0}日本";
        let back: String = serde_json::from_str(&quoted(text)).unwrap();
        assert_eq!(back, text);
    }
}
