//! Alerts as messages to a chat: one for each session, with a count, however many alerts it has.

use crate::render::{plain, who_of};
use serde_json::{Value, json};
use source::Webhook;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Alerts that a message spells out; of the others it says how many.
const LINES_MAX: usize = 10;
/// Letters of a command in a message.
const COMMAND_LETTERS_MAX: usize = 300;

/// What became of the messages.
#[derive(Debug, Default)]
pub(super) struct Delivered {
    /// Alerts that were taken.
    pub(super) ids: BTreeSet<String>,
    /// Why the others were not.
    pub(super) failed: Option<source::Error>,
}

/// Sends alerts, oldest session first. A sink that does not take one message is not asked to take the next.
pub(super) async fn send(webhook: &Webhook, alerts: &[Value]) -> Delivered {
    let mut delivered = Delivered::default();
    for group in grouped(alerts) {
        if let Err(error) = webhook.post(message(&group)).await {
            delivered.failed = Some(error);
            break;
        }
        delivered.ids.extend(group.iter().filter_map(|alert| alert["alert_id"].as_str()).map(str::to_owned));
    }
    delivered
}

/// Alerts by session, in the order of each session's first; what is in no session stands alone.
fn grouped(alerts: &[Value]) -> Vec<Vec<&Value>> {
    let mut places: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut groups: Vec<Vec<&Value>> = Vec::new();
    for alert in alerts {
        let id = alert["session_id"].as_str().or(alert["alert_id"].as_str()).unwrap_or_default();
        let place = *places.entry((id, alert["account_id"].as_str().unwrap_or_default())).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(alert),
            None => groups.push(vec![alert]),
        }
    }
    groups
}

/// A message as Slack takes it; the alerts themselves go with it for programs.
fn message(group: &[&Value]) -> String {
    let mut text = String::new();
    let Some(first) = group.first() else { return text };
    let word = |alert: &Value, name: &str| escaped(alert[name].as_str().unwrap_or_default());
    let claim = first["claims"][0]["value"].as_str();
    let certainty = first["certainty"].as_str().unwrap_or_default();
    let who = who_of(&first["actor"], certainty, claim, first["candidates"].as_array().map_or(0, Vec::len));
    let place = ["instance_id", "account_id", "aws_region"].map(|name| word(first, name));
    let place: Vec<&str> = place.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    let count = group.len();
    let matches = if count == 1 { "1 match".to_owned() } else { format!("{count} matches") };
    // Writing to a String cannot fail.
    let _ = writeln!(text, "whodid: {matches}: {} ({certainty}) on {}", escaped(&who), place.join(" "));
    for alert in group.iter().take(LINES_MAX) {
        let what = ["command", "why", "event_name"].into_iter().find_map(|name| alert[name].as_str()).unwrap_or_default();
        let what: String = escaped(what).chars().take(COMMAND_LETTERS_MAX).collect();
        let update = if alert["update_of"].is_null() { "" } else { " (who it was is known now)" };
        let _ = writeln!(text, "• {} {}{update}: {what}", word(alert, "time"), word(alert, "rule"));
    }
    if count > LINES_MAX {
        let _ = writeln!(text, "… and {} more", count - LINES_MAX);
    }
    if let Some(session) = first["session_id"].as_str() {
        let _ = write!(text, "whodid session {}", escaped(session));
    }
    json!({"text": text, "schema": "whodid.message/v1", "count": count, "alerts": group}).to_string()
}

/// Text that neither a chat nor a terminal takes for more than text (Slack, "Formatting text": `&`, `<` and `>` are its own).
fn escaped(text: &str) -> String {
    plain(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(number: usize, session: Option<&str>) -> Value {
        json!({"alert_id": number.to_string(), "rule": "sudo", "time": "2026-11-20T01:02:03Z", "session_id": session, "certainty": "proven",
            "actor": {"kind": "sso_user", "id": "sato@example.co.jp"}, "claims": [], "candidates": [], "account_id": "111122223333",
            "aws_region": "ap-northeast-1", "instance_id": "i-1", "command": format!("sudo echo <!channel> {number}\u{1b}[2J"), "update_of": null})
    }

    #[test]
    fn a_busy_session_is_one_message_with_a_count() {
        let alerts: Vec<Value> =
            (0..50).map(|number| alert(number, Some("a-1"))).chain([alert(50, Some("b-1")), alert(51, None), alert(52, None)]).collect();
        let groups = grouped(&alerts);
        assert_eq!(groups.iter().map(Vec::len).collect::<Vec<_>>(), [50, 1, 1, 1]);
        let sent: Value = serde_json::from_str(&message(&groups[0])).unwrap();
        let text = sent["text"].as_str().unwrap();
        assert!(text.starts_with("whodid: 50 matches: sato@example.co.jp (proven) on i-1 111122223333 ap-northeast-1\n"), "{text}");
        assert!(text.contains("… and 40 more") && text.ends_with("whodid session a-1"), "{text}");
        assert!(text.contains("&lt;!channel&gt;") && !text.contains('\u{1b}') && !text.contains('<'), "{text}");
        assert_eq!(sent["alerts"].as_array().unwrap().len(), 50);
    }
}
