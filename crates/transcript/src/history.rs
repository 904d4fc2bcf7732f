//! Lines that a shell makes into others before it runs them.

/// `!!` and the like, and a line that is what they can have become: it holds the words that stood around them.
pub(crate) fn is_expansion(line: &str, shown: &str) -> bool {
    if fixes_command(line) || edits_command(line) {
        return !shown.trim().is_empty() && !shown.contains("fc: ");
    }
    let first = |text: &str| text.split_whitespace().next().unwrap_or_default().to_owned();
    let before = line.split(['!', '^']).next().unwrap_or_default().trim();
    let shown = shown.trim();
    !shown.is_empty()
        && shown.starts_with(before)
        && !shown.contains("event not found")
        && (before.is_empty() || first(before) == first(shown))
}

/// `fc -s`, `fc -e -`: the shell shows the earlier line, and runs it (POSIX, fc).
pub(crate) fn fixes_command(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    matches!(words.as_slice(), ["fc", "-s", ..] | ["fc", "-e", "-", ..])
}

/// `fc`, `fc 3 5`: the shell gives earlier lines to an editor, shows what comes back, and runs it.
pub(crate) fn edits_command(line: &str) -> bool {
    let mut words = line.split_whitespace();
    words.next() == Some("fc") && !fixes_command(line) && !words.any(|word| word.starts_with('-') && word.contains('l'))
}

pub(crate) fn expands_history(line: &str) -> bool {
    if fixes_command(line) {
        return true;
    }
    let mut quoted = false;
    let bytes = line.as_bytes();
    line.starts_with('^')
        || bytes.iter().enumerate().any(|(at, byte)| {
            quoted ^= *byte == b'\'';
            let next = bytes.get(at + 1).copied().unwrap_or(b' ');
            *byte == b'!' && !quoted && !matches!(next, b' ' | b'=' | b'(' | b'\t') && bytes.get(at.wrapping_sub(1)) != Some(&b'\\')
        })
}
