//! A run of a tool, as a line of a list or a sentence below one of its changes: the changes of it are in the other formats.

use crate::render::human::say;
use crate::render::text::plain;
use query::{Answer, Change, Run};
use std::collections::BTreeSet;

/// Kinds of call that a line names.
const NAMES_MAX: usize = 3;

/// A line for a run, by its newest change.
pub(super) fn line(run: &Run, newest: &Change, name: &str, answer: &Answer, text: &mut String) {
    let members = answer.changes.iter().filter(|change| change.run.as_ref().is_some_and(|other| other.id == run.id));
    let grades: BTreeSet<&str> = members.map(|change| change.certainty).collect();
    let account = plain(&newest.recipient_account_id);
    let places = if run.accounts.len() > 1 { format!("{account} and {} more", run.accounts.len() - 1) } else { account.into_owned() };
    let least = if answer.truncated { "at least " } else { "" };
    say(
        text,
        format_args!(
            "{}  {name}  {} run of {least}{} changes since {}: {}  {places}  {}  {}\n",
            newest.event_time,
            run.tool,
            run.changes,
            run.from,
            names(run),
            grades.into_iter().collect::<Vec<_>>().join(", "),
            plain(&run.id)
        ),
    );
}

/// The kinds of call, those that came most first.
fn names(run: &Run) -> String {
    let mut names: Vec<(&String, &u64)> = run.event_names.iter().collect();
    names.sort_by_key(|(name, count)| (std::cmp::Reverse(**count), *name));
    let told: Vec<String> = names.iter().take(NAMES_MAX).map(|(name, count)| format!("{count} {}", plain(name))).collect();
    let more = names.len().saturating_sub(NAMES_MAX);
    if more > 0 { format!("{} and {more} other kinds", told.join(", ")) } else { told.join(", ") }
}

/// What one change is a part of.
pub(super) fn sentence(run: &Run, change: &Change, text: &mut String) {
    let id = change.actor.get("id").and_then(serde_json::Value::as_str);
    say(text, format_args!("  1 of {} changes in this {} run, {} to {}", run.changes, run.tool, run.from, run.until));
    if run.accounts.len() > 1 {
        say(text, format_args!(", in {} accounts", run.accounts.len()));
    }
    match id {
        Some(id) => say(text, format_args!(": whodid by {} --since {}\n", plain(id), run.from)),
        None => say(text, format_args!("\n")),
    }
}
