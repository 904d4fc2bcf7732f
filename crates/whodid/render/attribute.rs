//! What a change did to the attribute that was asked about.

use crate::render::text::plain;
use query::AttributeChange;

fn quoted(value: &str) -> String {
    format!("\"{}\"", plain(value))
}

/// What it is since then, and what it was.
pub(super) fn sentence(AttributeChange { path, value, before }: &AttributeChange, failed: bool) -> String {
    let path = plain(path);
    let value = value.as_deref().map(quoted);
    if failed {
        return value.map_or_else(|| format!("{path} would be gone"), |value| format!("{path} would be {value}"));
    }
    let now = value.map_or_else(|| format!("{path} is gone since then"), |value| format!("{path} is {value} since then"));
    match before.as_deref().map(quoted) {
        Some(before) => format!("{now}; it was {before}"),
        None => format!("{now}; no earlier value is known"),
    }
}

/// The value, after a line of a list.
pub(super) fn aside(AttributeChange { path, value, .. }: &AttributeChange) -> String {
    let value = value.as_deref().map_or_else(|| "gone".to_owned(), quoted);
    format!("  {}: {value}", plain(path))
}
