//! One answer as a page or as Markdown, to attach to an incident: each change, the sessions that lead to it as a diagram, and where every record
//! lies.
//!
//! Takes the answer as programs read it (`whodid.answer/v1`); what is not there is left out.

use crate::catalogue::Catalogue;
use crate::error::{Error, Result};
use crate::html::{STYLE, policy};
use crate::markdown::escaped;
use crate::text::plain;
use minijinja::Environment;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

const TEMPLATE: &str = include_str!("../templates/answer.html.j2");
/// Changes on a page, at most.
const CHANGES_SHOWN_MAX: usize = 200;

#[derive(Serialize)]
struct Page {
    language: &'static str,
    style: &'static str,
    policy: String,
    title: String,
    words: BTreeMap<&'static str, String>,
    coverage: String,
    complete: bool,
    changes: Vec<Shown>,
    more: Option<String>,
    records: Vec<(String, String)>,
    document: String,
}

#[derive(Serialize)]
struct Shown {
    sentence: String,
    certainty: String,
    meaning: String,
    reason: Option<String>,
    hops: Vec<Hop>,
    facts: Vec<(String, String)>,
}

/// A box of the diagram, and the records that lead from it to the next.
#[derive(Serialize)]
struct Hop {
    kind: String,
    name: String,
    facts: Vec<(String, String)>,
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => plain(text).into_owned(),
        Value::Array(list) => list.iter().map(text).collect::<Vec<_>>().join(" "),
        Value::Object(members) => {
            members.iter().map(|(key, value)| format!("{}={}", plain(key), text(value))).collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    }
}

/// Who it was, as far as somebody is named; a claim is never a name.
fn who(change: &Value, catalogue: &Catalogue) -> String {
    let actor = &change["actor"];
    match [&actor["name"], &actor["id"]].into_iter().find(|value| value.is_string()) {
        Some(name) => text(name),
        None => catalogue.text("answer-nobody"),
    }
}

fn facts(of: &Value, names: &[&str]) -> Vec<(String, String)> {
    let facts = names.iter().map(|name| ((*name).to_owned(), text(&of[*name])));
    facts.filter(|(_, said)| !said.is_empty()).collect()
}

fn records(evidence: &Value) -> Vec<(String, String)> {
    facts(evidence, &["object", "record", "sha256", "integrity"])
}

fn shown(change: &Value, catalogue: &Catalogue) -> Shown {
    let certainty = change["certainty"].as_str().unwrap_or("unknown");
    let said = |value: &Value| catalogue.text(&format!("value-{}", value.as_str().unwrap_or("unknown").replace('_', "-")));
    let actor = Hop {
        kind: said(&change["actor"]["kind"]),
        name: who(change, catalogue),
        facts: facts(&change["actor"], &["id", "account_id", "provider"]),
    };
    let session = |hop: &Value| {
        let issued = &hop["issued_by"];
        let mut told = facts(hop, &["role_arn", "access_key_id", "source_identity", "session_tags"]);
        told.extend(facts(issued, &["event_name", "event_time", "event_ids", "link"]));
        told.extend(issued["evidence"].as_array().into_iter().flatten().flat_map(records));
        Hop { kind: said(&hop["kind"]), name: text(&hop["session_name"]), facts: told }
    };
    let mut call = facts(
        change,
        &["event_id", "event_time", "event_source", "recipient_account_id", "aws_region", "error_code", "resources", "copies"],
    );
    call.extend(records(&change["evidence"]));
    let mut hops = vec![actor];
    hops.extend(change["chain"].as_array().into_iter().flatten().map(session));
    hops.push(Hop { kind: catalogue.text("answer-call"), name: text(&change["event_name"]), facts: call });
    let (name, time, account) = (text(&change["event_name"]), text(&change["event_time"]), text(&change["recipient_account_id"]));
    let who = who(change, catalogue);
    Shown {
        sentence: catalogue.with("answer-sentence", &[("who", &who), ("call", &name), ("account", &account), ("time", &time)]),
        certainty: catalogue.text(&format!("certainty-{certainty}")),
        meaning: catalogue.text(&format!("meaning-{certainty}")),
        reason: change["reason"].as_str().map(|reason| plain(reason).into_owned()),
        hops,
        facts: facts(change, &["via", "claims", "candidates", "gap", "caused_by"]),
    }
}

fn page(answer: &Value, records: &[Value], catalogue: &Catalogue) -> Page {
    let changes = answer["changes"].as_array().map(Vec::as_slice).unwrap_or_default();
    let (subject, complete) = (text(&answer["subject"]["value"]), answer["coverage"]["complete"] == true);
    let words = [
        "answer-none",
        "answer-document",
        "answer-diagram",
        "answer-more",
        "answer-certainty",
        "answer-evidence",
        "answer-coverage",
        "answer-records",
        "answer-kept",
    ];
    Page {
        language: catalogue.language().code(),
        style: STYLE,
        policy: policy(&[]),
        title: catalogue.with("answer-title", &[("thing", &subject)]),
        words: words.iter().map(|word| (word.trim_start_matches("answer-"), catalogue.text(word))).collect(),
        coverage: catalogue.text(if complete { "answer-complete" } else { "answer-incomplete" }),
        complete,
        changes: changes.iter().take(CHANGES_SHOWN_MAX).map(|change| shown(change, catalogue)).collect(),
        more: (changes.len() > CHANGES_SHOWN_MAX || answer["truncated"] == true).then(|| catalogue.text("answer-more")),
        records: records.iter().map(kept).collect(),
        document: indented(answer),
    }
}

/// A record: what it is called, and all of it.
fn kept(record: &Value) -> (String, String) {
    let title = ["eventName", "eventTime", "recipientAccountId", "eventID"].map(|name| text(&record[name]));
    (title.join(" "), indented(record))
}

/// JSON on lines. What does not print is escaped in JSON's own way already, but for what changes the direction of text.
fn indented(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default().lines().map(plain).collect::<Vec<_>>().join("\n")
}

/// An answer as one page, with the records that it rests on, which are CloudTrail's as far as they are kept.
///
/// # Errors
/// Where it cannot be written: a mistake of ours.
pub fn answer_page(answer: &Value, records: &[Value], catalogue: &Catalogue) -> Result<String> {
    let failed = |error: minijinja::Error| Error::Write { part: "the page".into(), source: error.into() };
    let mut environment = Environment::new();
    environment.add_template("answer.html", TEMPLATE).map_err(failed)?;
    let template = environment.get_template("answer.html").map_err(failed)?;
    template.render(minijinja::value::Serde(page(answer, records, catalogue))).map_err(failed)
}

/// An answer as Markdown.
pub fn answer_markdown(answer: &Value, catalogue: &Catalogue) -> String {
    let page = page(answer, &[], catalogue);
    let mut lines = vec![format!("# {}", escaped(&page.title)), String::new(), escaped(&page.coverage), String::new()];
    for change in &page.changes {
        lines.extend([
            format!("## {}", escaped(&change.sentence)),
            String::new(),
            format!("{}: {}", escaped(&change.certainty), escaped(&change.meaning)),
            String::new(),
        ]);
        for (place, hop) in change.hops.iter().enumerate() {
            lines.push(format!("{}. {} {}", place + 1, escaped(&hop.kind), escaped(&hop.name)));
            lines.extend(hop.facts.iter().map(|(name, said)| format!("   - {}: {}", escaped(name), escaped(said))));
        }
        lines.extend(change.facts.iter().map(|(name, said)| format!("- {}: {}", escaped(name), escaped(said))));
        lines.push(String::new());
    }
    if page.changes.is_empty() {
        lines.push(catalogue.text("answer-none"));
    }
    lines.extend(page.more);
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Language;
    use serde_json::json;

    fn answer(name: &str, kind: &str, id: Value) -> Value {
        json!({"schema": "whodid.answer/v1", "subject": {"value": name}, "coverage": {"complete": false}, "truncated": false,
            "changes": [{"event_id": "e-1", "event_name": name, "event_time": "2026-11-18T05:02:11Z", "recipient_account_id": "111122223333",
                "certainty": "claimed", "reason": name, "actor": {"kind": kind, "id": id}, "claims": [{"value": name, "source": "role_session_name"}],
                "chain": [{"kind": "role_session", "session_name": name, "issued_by": {"event_ids": ["e-0"], "link": "access_key"}}],
                "evidence": {"object": "s3://b/k", "record": 3, "sha256": "00", "integrity": "verified"}}]})
    }

    fn tags(page: &str) -> Vec<String> {
        page.split('<').skip(1).map(|part| part.split(['>', ' ']).next().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_claim_is_never_the_name_and_each_record_is_cited() {
        for language in Language::ALL {
            let catalogue = Catalogue::new(language);
            let page = answer_page(&answer("sato@example.co.jp", "unknown", Value::Null), &[], &catalogue).unwrap();
            let headline = page.split("<h2>").nth(1).unwrap().split("</h2>").next().unwrap();
            assert!(headline.contains(&catalogue.text("answer-nobody")), "{headline}");
            for cited in ["e-1", "e-0", "s3:&#x2f;&#x2f;b&#x2f;k", "verified", "access_key"] {
                assert!(page.contains(cited), "{cited}");
            }
        }
    }

    #[test]
    fn hostile_text_changes_neither_page_nor_markdown() {
        let catalogue = Catalogue::new(Language::En);
        let record = |text: &str| [json!({"eventName": text, "eventID": "e-1", "requestParameters": {text: text}})];
        let plain_page = answer_page(&answer("plain", "unknown", Value::Null), &record("plain"), &catalogue).unwrap();
        assert!(plain_page.contains("<details><summary>plain") && plain_page.contains("requestParameters"));
        let plain_lines = answer_markdown(&answer("plain", "unknown", Value::Null), &catalogue).lines().count();
        for text in ["<script>alert(1)</script>", "\"><img src=x>", "</pre></details><h2>x", "a\n# b\u{202e}", "[x](javascript:1)"] {
            let hostile = answer(text, "unknown", Value::Null);
            let page = answer_page(&hostile, &record(text), &catalogue).unwrap();
            assert_eq!(tags(&page), tags(&plain_page), "{text}");
            assert!(!page.contains('\u{202e}'));
            let markdown = answer_markdown(&hostile, &catalogue);
            assert_eq!(markdown.lines().count(), plain_lines, "{text}");
            assert!(!markdown.contains("<script") && !markdown.contains("[x]("), "{markdown}");
        }
    }
}
