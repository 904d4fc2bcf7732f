//! Matches that are not to be alerted on: a list in, whether one applies out.
//!
//! A suppression is a Sigma filter (Sigma filters specification) that names its rules and must say who answers for it, why, and until when:
//! `owner`, `reason`, `expires` (a date; it holds to the end of that day, UTC). A match it takes is kept and counted, not dropped.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::Error;
use crate::rules::{LogSource, Rules, documents, line_of};

/// One suppression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    pub title: String,
    /// The rules it holds for, by name or id; `any` for all.
    pub rules: Vec<String>,
    pub owner: String,
    pub reason: String,
    /// Microseconds since 1970 UTC; from then on it does nothing.
    pub expires: i64,
}

struct Loaded {
    suppression: Suppression,
    detection: Rules,
    hits: u64,
}

#[derive(Default)]
pub struct Suppressions {
    loaded: Vec<Loaded>,
}

impl Suppressions {
    /// Adds those of a file; an error for each document that is none.
    pub fn load(&mut self, name: &str, yaml: &str) -> Vec<Error> {
        let mut errors = Vec::new();
        for (first, text) in documents(yaml) {
            match read(&text) {
                Ok(loaded) => self.loaded.push(loaded),
                Err(reason) => errors.push(Error::Rule { name: name.to_owned(), line: first + line_of(&text, &reason), reason }),
            }
        }
        errors
    }

    /// The first suppression that takes a match of `rule` (its name, with its id) on `event`, at `now` (microseconds since 1970 UTC); counted.
    pub fn check(&mut self, rule: &str, id: Option<&str>, source: LogSource, event: &Value, now: i64) -> Option<&Suppression> {
        let found = self.loaded.iter_mut().find(|loaded| {
            let named = loaded.suppression.rules.iter().any(|named| named == "any" || named == rule || Some(named.as_str()) == id);
            named && now < loaded.suppression.expires && !loaded.detection.matching(source, event).is_empty()
        })?;
        found.hits += 1;
        Some(&found.suppression)
    }

    /// Each with how many matches it took.
    pub fn counts(&self) -> impl Iterator<Item = (&Suppression, u64)> {
        self.loaded.iter().map(|loaded| (&loaded.suppression, loaded.hits))
    }

    /// Those that no longer hold at `now`, which someone should hear of.
    pub fn expired(&self, now: i64) -> impl Iterator<Item = &Suppression> {
        self.loaded.iter().map(|loaded| &loaded.suppression).filter(move |suppression| suppression.expires <= now)
    }
}

fn read(text: &str) -> Result<Loaded, String> {
    let document: BTreeMap<String, Value> = yaml_serde::from_str(text).map_err(|error| error.to_string())?;
    let word = |key: &str| {
        let value = document.get(key).and_then(Value::as_str).map(str::trim).filter(|value| !value.is_empty());
        value.map(str::to_owned).ok_or_else(|| format!("missing '{key}'"))
    };
    let (title, owner, reason, expires) = (word("title")?, word("owner")?, word("reason")?, word("expires")?);
    let date: jiff::civil::Date = expires.parse().map_err(|_| format!("expires '{expires}' is no date (YYYY-MM-DD)"))?;
    let end = date.tomorrow().and_then(|next| next.to_zoned(jiff::tz::TimeZone::UTC)).map_err(|error| error.to_string())?;
    let Some(Value::Object(filter)) = document.get("filter") else { return Err("missing 'filter'".to_owned()) };
    let rules: Vec<String> = match filter.get("rules") {
        Some(Value::Array(rules)) => rules.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Some(Value::String(rule)) => vec![rule.clone()],
        _ => Vec::new(),
    };
    if rules.is_empty() {
        return Err("filter names no rules".to_owned());
    }
    let mut detection = filter.clone();
    detection.remove("rules");
    let rule = serde_json::json!({"title": title, "logsource": document.get("logsource"), "detection": detection});
    let mut compiled = Rules::default();
    // JSON is YAML: the filter's own detection, as a rule.
    if let Some(Error::Rule { reason, .. }) = compiled.load("filter", &rule.to_string()).into_iter().next() {
        return Err(reason);
    }
    let suppression = Suppression { title, rules, owner, reason, expires: end.timestamp().as_microsecond() };
    Ok(Loaded { suppression, detection: compiled, hits: 0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const GOOD: &str = "title: restarts by ops\nlogsource:\n  product: aws\n  service: ssm_session\nowner: ops@example.co.jp\nreason: nightly restart\nexpires: '2026-12-31'\nfilter:\n  rules:\n    - sudo\n  selection:\n    argv: sudo systemctl restart nginx\n  condition: selection\n";
    const DAY: i64 = 86_400_000_000;

    fn at(date: &str) -> i64 {
        date.parse::<jiff::civil::Date>().unwrap().to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp().as_microsecond()
    }

    #[test]
    fn a_suppression_holds_for_its_rule_its_selection_and_its_time() {
        let mut list = Suppressions::default();
        assert!(list.load("s.yml", GOOD).is_empty());
        let restart = json!({"argv": ["sudo systemctl restart nginx", "systemctl restart nginx"]});
        let now = at("2026-12-31");
        assert_eq!(list.check("sudo", None, LogSource::Session, &restart, now).unwrap().owner, "ops@example.co.jp");
        assert!(list.check("root_shell", None, LogSource::Session, &restart, now).is_none());
        assert!(list.check("sudo", None, LogSource::Session, &json!({"argv": ["sudo reboot"]}), now).is_none());
        assert!(list.check("sudo", None, LogSource::Session, &restart, now + DAY).is_none());
        assert_eq!(list.counts().map(|(_, hits)| hits).collect::<Vec<_>>(), [1]);
        assert_eq!((list.expired(now).count(), list.expired(now + DAY).count()), (0, 1));
    }

    #[test]
    fn owner_reason_and_expiry_are_required() {
        for key in ["owner", "reason", "expires", "filter"] {
            let text: String = GOOD.lines().filter(|line| !line.starts_with(key)).map(|line| format!("{line}\n")).collect();
            assert_eq!(Suppressions::default().load("s.yml", &text).len(), 1, "{key}");
        }
        let errors = Suppressions::default().load("s.yml", &GOOD.replace("2026-12-31", "never"));
        assert!(matches!(errors.as_slice(), [Error::Rule { line: 7, .. }]), "{errors:?}");
    }
}
