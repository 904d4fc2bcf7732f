//! One statement of a policy, by its `Sid` (IAM User Guide, "IAM JSON policy elements"), in a document or as a permission of its own.

use super::{Said, Touch, each, member, plain, takes_away};
use serde_json::Value;

/// What a call did to the statement.
pub(super) fn touched(said: &Said<'_>, sid: &str) -> Option<Touch> {
    if member(said.request, "statementId").and_then(Value::as_str) == Some(sid) {
        return Some(if takes_away(said.event_name) { Touch::Removed } else { Touch::Set(said.request.to_string()) });
    }
    let mut found = None;
    each(said.request, &mut |_, value| {
        // Most calls hold the document as text.
        let read = value.as_str().filter(|text| text.trim_start().starts_with('{')).and_then(|text| serde_json::from_str(text).ok());
        let document: &Value = read.as_ref().unwrap_or(value);
        if let Some(statements) = document.as_object().and_then(|members| members.get("Statement")) {
            found = Some(of(statements, sid).map_or(Touch::LeftOut, |statement| Touch::Set(plain(statement))));
        }
    });
    // A policy that goes takes its statements along.
    let goes = takes_away(said.event_name) && said.event_name.contains("Policy");
    found.or_else(|| goes.then_some(Touch::LeftOut))
}

fn of<'v>(statements: &'v Value, sid: &str) -> Option<&'v Value> {
    let is = |statement: &&Value| statement.get("Sid").and_then(Value::as_str) == Some(sid);
    match statements {
        Value::Array(items) => items.iter().find(is),
        one => Some(one).filter(is),
    }
}
