//! Text from a log, made safe for a terminal and for a spreadsheet.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Letters of one value on a terminal, at most.
const LETTERS_MAX: usize = 2_048;

/// Bytes of a text that are looked at in one go.
const PART_BYTES: usize = 256;

/// Whether a character would move a cursor, change direction, or not show at all.
fn is_unsafe(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a text is printed as it is; nearly all are of ASCII, whose letters need no decoding to tell.
fn is_plain(text: &str) -> bool {
    // Without leaving early, so that many are looked at in one step.
    let is_plain = |part: &[u8]| part.iter().fold(true, |so_far, byte| so_far & matches!(byte, b' '..=b'~'));
    text.as_bytes().chunks(PART_BYTES).all(is_plain) || !text.chars().any(|letter| !matches!(letter, ' '..='~') && is_unsafe(letter))
}

/// Text for one line of a terminal: what does not print is written as `\u{…}`.
pub fn plain(text: &str) -> Cow<'_, str> {
    let end = match text.as_bytes().get(..=LETTERS_MAX) {
        None => None,
        Some(first) if first.is_ascii() => Some(LETTERS_MAX),
        Some(_) => text.char_indices().nth(LETTERS_MAX).map(|(end, _)| end),
    };
    let shown = end.and_then(|end| text.get(..end)).unwrap_or(text);
    if is_plain(shown) {
        return if end.is_some() { Cow::Owned(format!("{shown}…")) } else { Cow::Borrowed(shown) };
    }
    let mut out = String::with_capacity(shown.len());
    for letter in shown.chars() {
        if is_unsafe(letter) {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{{{:x}}}", letter as u32);
        } else {
            out.push(letter);
        }
    }
    if end.is_some() {
        out.push('…');
    }
    Cow::Owned(out)
}

/// JSON with what a terminal would not show as it is written as `\u…` in its strings, where alone it can stand: the same values.
pub fn plain_json(json: String) -> String {
    let escaped = |letter: char| letter > '~' && is_unsafe(letter);
    if !json.contains(escaped) {
        return json;
    }
    let mut out = String::with_capacity(json.len() + json.len() / 8);
    for letter in json.chars() {
        if escaped(letter) {
            for unit in letter.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(letter);
        }
    }
    out
}

/// A field that no spreadsheet takes for a formula (OWASP ASVS 1.2.10), on one line.
pub fn cell(text: &str) -> Cow<'_, str> {
    let risky =
        text.chars().next().is_some_and(|first| matches!(first, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠'));
    let plain = plain(text);
    if risky { Cow::Owned(format!("'{plain}")) } else { plain }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_log_wrote_reaches_the_terminal_as_control() {
        let hostile = "a\u{1b}[2Jb\u{7}\r\nc\u{202e}d\u{200b}e\u{9b}f\u{feff}";
        let safe = plain(hostile);
        assert!(!safe.chars().any(is_unsafe), "{safe}");
        assert_eq!(safe, "a\\u{1b}[2Jb\\u{7}\\u{d}\\u{a}c\\u{202e}d\\u{200b}e\\u{9b}f\\u{feff}");
        assert_eq!(plain("佐藤 花子"), "佐藤 花子");
        assert!(plain(&"x".repeat(LETTERS_MAX * 2)).chars().count() <= LETTERS_MAX + 1);
    }

    #[test]
    fn json_keeps_its_values_and_shows_them_plainly() {
        let value = serde_json::json!({"a\u{202e}b": ["\u{7f}\u{9b}\u{e0041}\n", "佐藤 \"花子\""], "c": {"d": "\u{feff}"}});
        for written in [serde_json::to_string_pretty(&value).unwrap(), serde_json::to_string(&value).unwrap()] {
            let plain = plain_json(written.clone());
            assert!(!plain.chars().any(|letter| letter != '\n' && is_unsafe(letter)), "{plain}");
            assert!(plain.contains("a\\u202eb") && plain.contains("\\u007f\\u009b\\udb40\\udc41") && plain.contains("佐藤"), "{plain}");
            assert_eq!(serde_json::from_str::<serde_json::Value>(&plain).unwrap(), value);
            assert_eq!(plain_json(plain.clone()), plain);
        }
    }

    #[test]
    fn formulas_are_disarmed() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "＝1"] {
            assert!(cell(text).starts_with('\''), "{text}");
        }
        assert_eq!(cell("sg-1"), "sg-1");
    }
}
