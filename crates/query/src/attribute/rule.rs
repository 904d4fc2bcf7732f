//! Rules of security groups, as calls name them (EC2 API Reference, `IpPermission` and `SecurityGroupRule`).

use super::{Said, Touch, each, member, plain, takes_away};
use serde_json::Value;
use std::collections::BTreeSet;

/// A rule, or several of one protocol and port.
struct Rule {
    words: BTreeSet<String>,
    ports: Option<(i64, i64)>,
}

/// What a call did to rules that have all of `words`.
pub(super) fn touched(said: &Said<'_>, words: &[String]) -> Option<Touch> {
    let mut found: Option<String> = None;
    for side in [said.request, said.response] {
        each(side, &mut |_, value| {
            let rule = of(value);
            if let Some(rule) = rule.filter(|rule| words.iter().all(|word| rule.has(word))) {
                found.get_or_insert_with(|| rule.words.into_iter().collect::<Vec<_>>().join(" "));
            }
        });
    }
    let rule = found?;
    Some(if takes_away(said.event_name) { Touch::Removed } else { Touch::Set(rule) })
}

/// The rule that a value is, if it says a protocol or bears a rule's id.
fn of(value: &Value) -> Option<Rule> {
    const ID: &str = "securityGroupRuleId";
    member(value, "ipProtocol").or_else(|| member(value, ID))?;
    let port = |name: &str| member(value, name).and_then(|port| plain(port).parse::<i64>().ok());
    let ports = port("fromPort").zip(port("toPort"));
    let mut words = BTreeSet::new();
    each(value, &mut |name, value| {
        let told = matches!(
            name.to_ascii_lowercase().as_str(),
            "ipprotocol" | "cidrip" | "cidripv4" | "cidripv6" | "groupid" | "prefixlistid" | "referencedgroupid" | "securitygroupruleid"
        );
        if told && let Some(text) = value.as_str().filter(|text| !text.is_empty()) {
            words.insert(if text == "-1" { "all".to_owned() } else { text.to_owned() });
        }
    });
    if let Some((from, to)) = ports {
        words.insert(if from == to { from.to_string() } else { format!("{from}-{to}") });
    }
    Some(Rule { words, ports })
}

impl Rule {
    /// Whether it says a word, or lets a port through.
    fn has(&self, word: &str) -> bool {
        let lets_through = |port: i64| self.ports.is_some_and(|(from, to)| from <= port && port <= to);
        self.words.contains(word) || word == "-1" && self.words.contains("all") || word.parse::<i64>().is_ok_and(lets_through)
    }
}
