//! One attribute of a thing, and what a call did to it: a tag, a rule of a security group, a policy, one statement of one, or any
//! parameter of the request.
//!
//! Told from the request alone: what a call left as it was does not show in it, and what a service made of it may differ.

mod rule;
mod statement;

use serde_json::Value;

/// Values in one request that are looked at, at most, and how deep.
const VALUES_MAX: usize = 16_384;
const DEPTH_MAX: usize = 16;

/// What of a thing is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attribute {
    /// `tag:KEY`.
    Tag(String),
    /// `rule:WORD,WORD…`: protocol, port, address range, other group or rule id of a security group's rule.
    Rule(Vec<String>),
    /// `policy:NAME`: a policy by its name or ARN.
    Policy(String),
    /// `statement:SID`: one statement of the thing's policy.
    Statement(String),
    /// `a.b.c`: a parameter of the request.
    Parameter(Vec<String>),
}

/// What a call did to an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Touch {
    /// It has this value now.
    Set(String),
    /// It is gone.
    Removed,
    /// The whole was replaced by one that has it not: gone, if it was there.
    LeftOut,
}

/// What a call said.
pub(crate) struct Said<'v> {
    pub(crate) event_name: &'v str,
    pub(crate) request: &'v Value,
    pub(crate) response: &'v Value,
}

impl Attribute {
    /// Reads an attribute as it is asked for; nothing where there is nothing in it.
    pub fn parse(text: &str) -> Option<Self> {
        let filled = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let words = |text: &str, separator: char| {
            let words: Option<Vec<String>> = text.split(separator).map(filled).collect();
            words.filter(|words| !words.is_empty())
        };
        match text.split_once(':') {
            // A tag's key is taken as it stands, blanks and all.
            Some(("tag", key)) => Some(key.to_owned()).filter(|key| !key.is_empty()).map(Self::Tag),
            Some(("rule", rest)) => words(rest, ',').map(Self::Rule),
            Some(("policy", name)) => filled(name).map(Self::Policy),
            Some(("statement", sid)) => filled(sid).map(Self::Statement),
            _ => words(text, '.').map(Self::Parameter),
        }
    }

    /// What a successful call did to it, if it was about it at all.
    pub(crate) fn touched(&self, said: &Said<'_>) -> Option<Touch> {
        match self {
            Self::Tag(key) => tag(said, key),
            Self::Rule(words) => rule::touched(said, words),
            Self::Policy(name) => policy(said, name),
            Self::Statement(sid) => statement::touched(said, sid),
            Self::Parameter(path) => {
                let found = path.iter().try_fold(said.request, |value, name| member(value, name))?;
                Some(Touch::Set(plain(found)))
            }
        }
    }
}

/// The member of a name, whose first letter services write in either case.
fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    let same = |key: &str| {
        key.len() == name.len()
            && key.get(..1).zip(name.get(..1)).is_some_and(|(a, b)| a.eq_ignore_ascii_case(b))
            && key.get(1..) == name.get(1..)
    };
    value.as_object()?.iter().find(|(key, _)| same(key)).map(|(_, value)| value)
}

/// A value as a person writes it: text without quotes.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Whether a call takes away what it names.
fn takes_away(event_name: &str) -> bool {
    ["Delete", "Untag", "Remove", "Detach", "Revoke", "Disassociate"].iter().any(|verb| event_name.starts_with(verb))
}

/// Every value below one, with the name of the member that holds it, bounded in depth and number.
fn each<'v>(value: &'v Value, see: &mut dyn FnMut(&str, &'v Value)) {
    fn look<'v>(value: &'v Value, name: &str, depth: usize, left: &mut usize, see: &mut dyn FnMut(&str, &'v Value)) {
        if depth > DEPTH_MAX || *left == 0 {
            return;
        }
        *left -= 1;
        see(name, value);
        match value {
            Value::Object(members) => members.iter().for_each(|(name, member)| look(member, name, depth + 1, left, see)),
            Value::Array(items) => items.iter().for_each(|item| look(item, name, depth + 1, left, see)),
            _ => {}
        }
    }
    look(value, "", 0, &mut VALUES_MAX.clone(), see);
}

fn tag(said: &Said<'_>, key: &str) -> Option<Touch> {
    let mut found = None;
    tagged(said.request, "", false, key, 0, &mut VALUES_MAX.clone(), &mut found);
    found.map(|touch| if takes_away(said.event_name) { Touch::Removed } else { touch })
}

/// Looks for a tag where tags stand: in a map of them, in a list of pairs, or in a list of keys.
fn tagged(value: &Value, name: &str, is_tags: bool, key: &str, depth: usize, left: &mut usize, found: &mut Option<Touch>) {
    if depth > DEPTH_MAX || *left == 0 {
        return;
    }
    *left -= 1;
    let is_tags = is_tags || name.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("tag"));
    match value {
        Value::Object(members) => {
            let is_pair = is_tags && member(value, "key").and_then(Value::as_str) == Some(key);
            if let Some(value) = members.get(key).filter(|value| is_tags && value.is_string()) {
                *found = Some(Touch::Set(plain(value)));
            } else if is_pair {
                *found = Some(Touch::Set(member(value, "value").map(plain).unwrap_or_default()));
            }
            members.iter().for_each(|(name, member)| tagged(member, name, is_tags, key, depth + 1, left, found));
        }
        Value::Array(items) => items.iter().for_each(|item| tagged(item, name, is_tags, key, depth + 1, left, found)),
        Value::String(text) if is_tags && text == key && name.to_ascii_lowercase().ends_with("keys") => *found = Some(Touch::Removed),
        _ => {}
    }
}

fn policy(said: &Said<'_>, name: &str) -> Option<Touch> {
    let mut named = false;
    each(said.request, &mut |holder, value| {
        let is_name = matches!(holder.to_ascii_lowercase().as_str(), "policyname" | "policyarn" | "policyid");
        named |= is_name && value.as_str().is_some_and(|text| text == name || text.rsplit('/').next() == Some(name));
    });
    if !named {
        return None;
    }
    if takes_away(said.event_name) {
        return Some(Touch::Removed);
    }
    let document = member(said.request, "policyDocument").or_else(|| member(said.request, "policyArn"));
    Some(Touch::Set(document.map_or_else(|| said.event_name.to_owned(), plain)))
}

#[cfg(test)]
mod tests;
