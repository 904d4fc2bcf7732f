//! Where alerts go beside standard output, and what of them goes when: alerts in, one message a session out, and which alerts were taken.
//!
//! The first alert of a session goes at once. What follows in the same session waits until the pause after its last message is over, and goes as
//! one message with a count; but a graver match, and who it was, go at once as well.

use crate::args;
use crate::commands::messages::{gravity, grouped, message};
use crate::failure::Failure;
use crate::settings::Settings;
use lake::sessions::text_digest;
use query::{LastTold, Reader};
use serde_json::Value;
use source::{EventBus, Topic, Webhook};
use std::collections::{BTreeMap, BTreeSet};

/// Alerts by the sink that took them.
pub(super) type Taken = BTreeMap<String, BTreeSet<String>>;

/// A place that takes messages.
enum Sink {
    Webhook { webhook: Webhook, name: String },
    Topic(Topic),
    EventBus(EventBus),
}

/// All places that take messages.
pub(super) struct Sinks {
    sinks: Vec<Sink>,
    pause_micros: i64,
    /// When this process last sent a message, by sink, session and account, and how grave.
    sent: BTreeMap<(String, String, String), (i64, usize)>,
}

/// What became of the messages.
#[derive(Debug, Default)]
pub(super) struct Delivered {
    /// Alerts that were taken now.
    pub(super) taken: Taken,
    /// Why others were not: of the first sink that did not take one.
    pub(super) failed: Option<source::Error>,
}

impl Sinks {
    pub(super) async fn open(settings: &Settings, options: &args::Alert) -> Result<Self, Failure> {
        let mut sinks = Vec::new();
        if let Some(address) = &options.webhook {
            // The address is a secret; its digest is none.
            sinks.push(Sink::Webhook { webhook: Webhook::open(address)?, name: format!("webhook {}", text_digest(address.trim())) });
        }
        if settings.offline && !(options.topic.is_empty() && options.event_bus.is_empty() && sinks.is_empty()) {
            return Err(Failure::usage("--offline, and a webhook, topic or event bus is to be told", "leave one of them out"));
        }
        for arn in &options.topic {
            sinks.push(Sink::Topic(Topic::open(arn, &settings.source_options()).await?));
        }
        for name in &options.event_bus {
            sinks.push(Sink::EventBus(EventBus::open(name, &settings.source_options()).await?));
        }
        let pause_micros = i64::try_from(options.pause.saturating_mul(60_000_000)).unwrap_or(i64::MAX);
        Ok(Self { sinks, pause_micros, sent: BTreeMap::new() })
    }

    /// Sends what is due to each sink that has not taken it. A sink that does not take one message is not asked to take the next.
    pub(super) async fn deliver(&mut self, reader: &Reader, alerts: &[Value], taken: &Taken, now: i64) -> Result<Delivered, Failure> {
        let mut delivered = Delivered::default();
        if self.sinks.is_empty() || alerts.is_empty() {
            return Ok(delivered);
        }
        let noted = reader.last_told(now.saturating_sub(self.pause_micros)).await?;
        for sink in &self.sinks {
            let name = sink.name();
            let has = |alert: &&Value| alert["alert_id"].as_str().is_some_and(|id| taken.get(&name).is_some_and(|ids| ids.contains(id)));
            let waiting: Vec<&Value> = alerts.iter().filter(|alert| !has(alert)).collect();
            for group in grouped(&waiting) {
                let key = group_of(&group);
                let last = self.sent.get(&(name.clone(), key.0.clone(), key.1.clone())).copied();
                if !is_due(&group, noted.get(&key), last, now, self.pause_micros) {
                    continue;
                }
                if let Err(error) = sink.send(&group).await {
                    delivered.failed.get_or_insert(error);
                    break;
                }
                self.sent.insert((name.clone(), key.0, key.1), (now, gravest(&group)));
                let ids = group.iter().filter_map(|alert| alert["alert_id"].as_str()).map(str::to_owned);
                delivered.taken.entry(name.clone()).or_default().extend(ids);
            }
        }
        Ok(delivered)
    }

    /// Whether every sink has an alert.
    pub(super) fn have(&self, alert_id: &str, before: &Taken, now: &Taken) -> bool {
        let has = |taken: &Taken, name: &String| taken.get(name).is_some_and(|ids| ids.contains(alert_id));
        self.sinks.iter().map(Sink::name).all(|name| has(before, &name) || has(now, &name))
    }
}

impl Sink {
    /// By which the lake remembers what it took.
    fn name(&self) -> String {
        match self {
            Self::Webhook { name, .. } => name.clone(),
            Self::Topic(topic) => topic.arn().to_owned(),
            Self::EventBus(bus) => format!("event bus {}", bus.name()),
        }
    }

    async fn send(&self, group: &[&Value]) -> source::Result<()> {
        let notice = message(group);
        match self {
            Self::Webhook { webhook, .. } => webhook.post(notice.document).await,
            Self::Topic(topic) => topic.publish(&notice).await,
            Self::EventBus(bus) => bus.put(&notice.document).await,
        }
    }
}

/// Session and account; for what is in no session the alert's own id.
fn group_of(group: &[&Value]) -> (String, String) {
    let first = group.first().copied().unwrap_or(&Value::Null);
    let session = first["session_id"].as_str().or(first["alert_id"].as_str()).unwrap_or_default();
    (session.to_owned(), first["account_id"].as_str().unwrap_or_default().to_owned())
}

fn gravest(group: &[&Value]) -> usize {
    group.iter().map(|alert| gravity(alert["level"].as_str().unwrap_or_default())).max().unwrap_or(0)
}

/// Whether a message about a session goes now. `noted`: what the lake knows of its last one; `sent`: what this process does.
fn is_due(group: &[&Value], noted: Option<&LastTold>, sent: Option<(i64, usize)>, now: i64, pause_micros: i64) -> bool {
    let noted = noted.map(|last| (last.noted, last.levels.iter().map(|level| gravity(level)).max().unwrap_or(0)));
    let last = noted.into_iter().chain(sent).reduce(|a, b| (a.0.max(b.0), a.1.max(b.1)));
    let Some((at, told)) = last else { return true };
    // A clock that was set back must not hold anything for ever.
    let is_over = now < at || now - at >= pause_micros;
    is_over || gravest(group) > told || group.iter().any(|alert| !alert["update_of"].is_null())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const MINUTE: i64 = 60_000_000;

    #[test]
    fn what_follows_waits_but_for_what_is_graver_or_names_the_person() {
        let alert =
            |level: &str, update_of: Option<&str>| json!({"alert_id": "x", "session_id": "a-1", "level": level, "update_of": update_of});
        let told = LastTold { noted: 100 * MINUTE, levels: BTreeSet::from(["medium".to_owned()]) };
        for (alert, noted, sent, minute, expected) in [
            (alert("medium", None), None, None, 100, true),
            (alert("medium", None), Some(&told), None, 101, false),
            (alert("medium", None), Some(&told), None, 159, false),
            (alert("medium", None), Some(&told), None, 160, true),
            (alert("medium", None), Some(&told), None, 99, true),
            (alert("high", None), Some(&told), None, 101, true),
            (alert("medium", Some("y")), Some(&told), None, 101, true),
            (alert("high", None), Some(&told), Some((101 * MINUTE, gravity("high"))), 102, false),
            (alert("medium", None), None, Some((101 * MINUTE, gravity("medium"))), 102, false),
        ] {
            assert_eq!(is_due(&[&alert], noted, sent, minute * MINUTE, 60 * MINUTE), expected, "{alert} at {minute}");
        }
    }
}
