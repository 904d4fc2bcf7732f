//! Alerts as text.

use crate::args::Format;
use crate::commands::alert::Told;
use crate::failure::Failure;
use crate::render::human::{plural, say, who_of};
use crate::render::text::plain;
use crate::render::{json, note, out, table};
use crate::settings::Settings;
use serde_json::Value;

/// Columns of a table of alerts.
const COLUMNS: [&str; 10] =
    ["time", "rule", "level", "actor", "certainty", "account_id", "instance_id", "command", "session_id", "alert_id"];

/// What the rules took.
pub(crate) fn alerts(settings: &Settings, told: &Told) -> Result<(), Failure> {
    match settings.format {
        Format::Json => out(&json::document(told, settings.fields.as_deref())?),
        Format::Jsonl => out(&json::lines(&told.alerts)?),
        Format::Human => out(&human(told)),
        format => out(&table::write(&COLUMNS.map(str::to_owned), told.alerts.iter().map(row), format)),
    }
}

/// Says on stderr which rules and suppressions are not used.
pub(crate) fn bad_rules(refused: &[String], expired: &[String]) {
    for reason in refused {
        note(&format!("whodid: not used: {}\n", plain(reason)));
    }
    for title in expired {
        note(&format!("whodid: the suppression {:?} has expired and does nothing\n", plain(title)));
    }
}

fn row(alert: &Value) -> Vec<Option<String>> {
    let word = |name: &str| alert[name].as_str().map(str::to_owned);
    let actor = alert["actor"]["id"].as_str().map(str::to_owned);
    COLUMNS.iter().map(|column| if *column == "actor" { actor.clone() } else { word(column) }).collect()
}

fn human(told: &Told) -> String {
    let mut text = String::new();
    for alert in &told.alerts {
        one(alert, &mut text);
    }
    let suppressed: u64 = told.suppressed.iter().map(|by| by.count).sum();
    if told.alerts.is_empty() {
        say(&mut text, format_args!("nothing new\n"));
    }
    if suppressed > 0 {
        say(&mut text, format_args!("  {suppressed} match{} suppressed:\n", if suppressed == 1 { "" } else { "es" }));
        for by in &told.suppressed {
            let title = plain(&by.title);
            say(
                &mut text,
                format_args!("    {} time{} by {:?} ({}: {})\n", by.count, plural(by.count), title, plain(&by.owner), plain(&by.reason)),
            );
        }
    }
    text
}

fn one(alert: &Value, text: &mut String) {
    let word = |name: &str| plain(alert[name].as_str().unwrap_or_default()).into_owned();
    let claim = alert["claims"][0]["value"].as_str();
    let certainty = alert["certainty"].as_str().unwrap_or_default();
    let candidates = alert["candidates"].as_array().map_or(0, Vec::len);
    let who = who_of(&alert["actor"], certainty, claim, candidates);
    let update = if alert["update_of"].is_null() { "" } else { "update: " };
    let level = word("level");
    say(text, format_args!("{}  {update}{} [{level}]  {who} ({certainty})", word("time"), word("rule")));
    let place = [word("instance_id"), word("account_id"), word("aws_region")];
    let place: Vec<&str> = place.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    if !place.is_empty() {
        say(text, format_args!("  on {}", place.join(" ")));
    }
    say(text, format_args!("\n"));
    if let Some(command) = alert["command"].as_str() {
        let outcome = alert["outcome"].as_str().map(|outcome| format!("  [{}]", plain(outcome))).unwrap_or_default();
        let doubt = if alert["doubt"].is_null() { "" } else { "  [in doubt]" };
        say(text, format_args!("    {}{outcome}{doubt}\n", plain(command)));
    }
    if let Some(why) = alert["why"].as_str() {
        say(text, format_args!("    {}\n", plain(why)));
    }
    if let Some(name) = alert["event_name"].as_str() {
        say(text, format_args!("    {} of {}\n", plain(name), word("event_source")));
    }
    let shown = alert["evidence"]["transcript"].as_str().or(alert["evidence"]["event_ids"][0].as_str()).unwrap_or_default();
    say(text, format_args!("    {}\n", plain(shown)));
}
