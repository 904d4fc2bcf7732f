//! Strings of JSON in, the text that they stand for out, and back.

use std::borrow::Cow;

/// Resolves the escapes of a string's text, which the reader has found to be well formed.
pub fn unescape(text: &str) -> Cow<'_, str> {
    let Some(first) = memchr::memchr(b'\\', text.as_bytes()) else { return Cow::Borrowed(text) };
    let mut out = String::with_capacity(text.len());
    let (mut rest, mut next) = (text, Some(first));
    while let Some(at) = next {
        out.push_str(rest.get(..at).unwrap_or(""));
        rest = rest.get(at + 1..).unwrap_or("");
        let Some(letter) = rest.chars().next() else { break };
        rest = rest.get(letter.len_utf8()..).unwrap_or("");
        match letter {
            'b' => out.push('\u{8}'),
            'f' => out.push('\u{c}'),
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            'u' => {
                let (unit, after) = hex4(rest);
                rest = after;
                let low = match unit {
                    0xd800..=0xdbff => rest.strip_prefix("\\u").map(hex4).filter(|(low, _)| (0xdc00..=0xdfff).contains(low)),
                    _ => None,
                };
                let point = match low {
                    Some((low, after)) => {
                        rest = after;
                        0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00)
                    }
                    None => unit,
                };
                out.push(char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            other => out.push(other),
        }
        next = memchr::memchr(b'\\', rest.as_bytes());
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn hex4(text: &str) -> (u32, &str) {
    match (text.get(..4), text.get(4..)) {
        (Some(hex), Some(rest)) => (u32::from_str_radix(hex, 16).unwrap_or(0xfffd), rest),
        _ => (0xfffd, ""),
    }
}

/// Appends `text` to `out` as a JSON string, quotes included.
pub fn quote(text: &str, out: &mut String) {
    use std::fmt::Write as _;
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if (control as u32) < 0x20 => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04x}", control as u32);
            }
            other => out.push(other),
        }
    }
    out.push('"');
}
