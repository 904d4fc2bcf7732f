//! Who stands behind a machine's act, as a person reads it: never as surely as who acted.

use crate::render::human::{lies, named, plural, say};
use crate::render::text::plain;
use query::{CausedBy, Change};
use serde_json::Value;

fn name(cause: &CausedBy) -> String {
    named(&cause.actor).unwrap_or_else(|| "somebody unknown".to_owned())
}

/// A line for each, with what was done and the events that say so.
pub(super) fn sentences(change: &Change, text: &mut String) {
    let several = change.caused_by.len() > 1;
    for cause in &change.caused_by {
        let grade = match cause.certainty {
            "ambiguous" if several => "one of several",
            "ambiguous" => "perhaps",
            other => other,
        };
        say(
            text,
            format_args!(
                "  behind it, {grade}: {}, who {} (event{} {})\n",
                name(cause),
                plain(&cause.why),
                plural(cause.evidence.len() as u64),
                plain(&cause.evidence.join(", "))
            ),
        );
    }
}

/// Each with the records that say so, above the chain of the machine's own credentials.
pub(super) fn proof(change: &Change, text: &mut String) {
    for cause in &change.caused_by {
        say(text, format_args!("  {} ({})\n   :  {}\n", name(cause), cause.certainty, plain(&cause.why)));
        for id in &cause.evidence {
            say(text, format_args!("   :    event {}\n", plain(id)));
            let places = cause.records.iter().filter(|place| place.event_id.as_deref() == Some(id));
            places.for_each(|place| lies(place, "   :      ", text));
        }
    }
}

/// The one behind it, after the name of the machine in a list of changes.
pub(super) fn aside(change: &Change) -> String {
    match change.caused_by.as_slice() {
        [] => String::new(),
        [one] => format!(", behind it {} ({})", name(one), one.certainty),
        several => format!(", behind it one of {}", several.len()),
    }
}

/// All of them in one field, by their ids.
pub(super) fn short(change: &Change) -> String {
    let one = |cause: &CausedBy| {
        let id = cause.actor.get("id").and_then(Value::as_str).unwrap_or("unknown");
        format!("{id} ({})", cause.certainty)
    };
    change.caused_by.iter().map(one).collect::<Vec<_>>().join("; ")
}
