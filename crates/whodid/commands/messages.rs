//! Alerts as messages to a chat: one for each session, with a count, however many alerts it has.

use crate::render::{plain, who_of};
use serde_json::{Value, json};
use source::Notice;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Alerts that a message spells out; of the others it says how many.
const LINES_MAX: usize = 10;
/// Letters of a command in a message.
const COMMAND_LETTERS_MAX: usize = 300;

/// Bytes of the alerts that go with a message as JSON; SNS and EventBridge take 256 KiB in all (API references, Publish and PutEvents).
const ALERT_BYTES_MAX: usize = 128 << 10;
/// Levels of Sigma, the lowest first.
const LEVELS: [&str; 5] = ["informational", "low", "medium", "high", "critical"];

/// How grave a level is; nothing is graver than what has none.
pub(super) fn gravity(level: &str) -> usize {
    LEVELS.iter().position(|known| *known == level).map_or(0, |place| place + 1)
}

/// Alerts by session, in the order of each session's first; what is in no session stands alone.
pub(super) fn grouped<'a>(alerts: &[&'a Value]) -> Vec<Vec<&'a Value>> {
    let mut places: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut groups: Vec<Vec<&Value>> = Vec::new();
    for alert in alerts.iter().copied() {
        let id = alert["session_id"].as_str().or(alert["alert_id"].as_str()).unwrap_or_default();
        let place = *places.entry((id, alert["account_id"].as_str().unwrap_or_default())).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(alert),
            None => groups.push(vec![alert]),
        }
    }
    groups
}

/// A message about the alerts of one session, in the forms that sinks take.
pub(super) fn message(group: &[&Value]) -> Notice {
    let Some(first) = group.first() else { return Notice::default() };
    let word = |alert: &Value, name: &str| alert[name].as_str().unwrap_or_default().to_owned();
    let claim = first["claims"][0]["value"].as_str();
    let certainty = first["certainty"].as_str().unwrap_or_default();
    let who = who_of(&first["actor"], certainty, claim, first["candidates"].as_array().map_or(0, Vec::len));
    let place = ["instance_id", "account_id", "aws_region"].map(|name| escaped(&word(first, name)));
    let place: Vec<&str> = place.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    let count = group.len();
    let matches = if count == 1 { "1 match".to_owned() } else { format!("{count} matches") };
    let rules: BTreeSet<&str> = group.iter().filter_map(|alert| alert["rule"].as_str()).collect();
    let rules = rules.into_iter().collect::<Vec<_>>().join(", ");
    let level = group.iter().filter_map(|alert| alert["level"].as_str()).max_by_key(|level| gravity(level)).unwrap_or_default();
    let text = text(group, &format!("whodid: {matches}: {} ({certainty}) on {}", escaped(&who), place.join(" ")));
    let mut bytes = 0;
    let listed: Vec<&Value> = group
        .iter()
        .copied()
        .take_while(|alert| {
            bytes += alert.to_string().len();
            bytes <= ALERT_BYTES_MAX
        })
        .collect();
    let session = word(first, "session_id");
    let document = json!({"text": text, "schema": "whodid.message/v1", "count": count, "level": level, "certainty": certainty,
        "session_id": first["session_id"], "account_id": first["account_id"], "aws_region": first["aws_region"],
        "left_off": count - listed.len(), "alerts": listed});
    let ids: String = group.iter().filter_map(|alert| alert["alert_id"].as_str()).collect();
    Notice {
        subject: format!("whodid: {matches} ({rules}) on {}", place.first().copied().unwrap_or("AWS")),
        text,
        document: document.to_string(),
        attributes: vec![
            ("count", count.to_string()),
            ("level", level.to_owned()),
            ("certainty", certainty.to_owned()),
            ("account_id", word(first, "account_id")),
            ("rules", rules),
        ],
        group: lake::sessions::text_digest(if session.is_empty() { &ids } else { &session }),
        id: lake::sessions::text_digest(&ids),
    }
}

/// What a person reads; the first line says how many, who and where.
fn text(group: &[&Value], first_line: &str) -> String {
    let mut text = format!("{first_line}\n");
    let word = |alert: &Value, name: &str| escaped(alert[name].as_str().unwrap_or_default());
    for alert in group.iter().take(LINES_MAX) {
        let what = ["command", "why", "event_name"].into_iter().find_map(|name| alert[name].as_str()).unwrap_or_default();
        let what: String = escaped(what).chars().take(COMMAND_LETTERS_MAX).collect();
        let update = if alert["update_of"].is_null() { "" } else { " (who it was is known now)" };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "• {} {}{update}: {what}", word(alert, "time"), word(alert, "rule"));
    }
    if group.len() > LINES_MAX {
        let _ = writeln!(text, "… and {} more", group.len() - LINES_MAX);
    }
    if let Some(session) = group.first().and_then(|alert| alert["session_id"].as_str()) {
        let _ = write!(text, "whodid session {}", escaped(session));
    }
    text
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
        let alerts: Vec<&Value> = alerts.iter().collect();
        let groups = grouped(&alerts);
        assert_eq!(groups.iter().map(Vec::len).collect::<Vec<_>>(), [50, 1, 1, 1]);
        let notice = message(&groups[0]);
        assert_eq!(notice.subject, "whodid: 50 matches (sudo) on i-1");
        let sent: Value = serde_json::from_str(&notice.document).unwrap();
        assert_eq!(sent["text"], notice.text.as_str());
        let text = sent["text"].as_str().unwrap();
        assert!(text.starts_with("whodid: 50 matches: sato@example.co.jp (proven) on i-1 111122223333 ap-northeast-1\n"), "{text}");
        assert!(text.contains("… and 40 more") && text.ends_with("whodid session a-1"), "{text}");
        assert!(text.contains("&lt;!channel&gt;") && !text.contains('\u{1b}') && !text.contains('<'), "{text}");
        assert_eq!(sent["alerts"].as_array().unwrap().len(), 50);
    }

    #[test]
    fn a_message_is_no_longer_than_sinks_take() {
        let mut long = alert(1, Some("a-1"));
        long["command"] = "x".repeat(60_000).into();
        let alerts = vec![&long; 9];
        let notice = message(&alerts);
        let sent: Value = serde_json::from_str(&notice.document).unwrap();
        assert_eq!((sent["count"].as_u64(), sent["left_off"].as_u64(), sent["alerts"].as_array().unwrap().len()), (Some(9), Some(7), 2));
        assert!(notice.document.len() < 256 << 10 && notice.text.len() < 8 << 10);
    }

    #[test]
    fn the_gravest_level_counts() {
        assert!(gravity("critical") > gravity("high") && gravity("low") > gravity("informational") && gravity("") == 0);
        let (mut low, mut high) = (alert(1, Some("a-1")), alert(2, Some("a-1")));
        (low["level"], high["level"]) = ("low".into(), "high".into());
        assert!(message(&[&low, &high]).attributes.contains(&("level", "high".to_owned())));
    }
}
