//! Answers as a person reads them: one sentence first, the proof below it.

use crate::commands::ingest::{Problem, Summary};
use crate::failure::Failure;
use crate::render::text::plain;
use crate::render::{note, out};
use crate::settings::Settings;
use query::{Answer, Change, Evidence};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// A question of the demo, and its answer.
pub(crate) struct Asked {
    pub(crate) why: &'static str,
    pub(crate) thing: String,
    pub(crate) answer: Answer,
}

/// Each change in a line, with its proof.
pub(crate) fn proofs(changes: &[Change]) -> String {
    let mut text = String::new();
    for change in changes {
        line(change, &mut text);
        proof(change, &mut text);
    }
    text
}

/// The answer to a question: the newest change in a sentence, or all of them, a line each.
pub(crate) fn answer(answer: &Answer, evidence: bool, whole_list: bool) -> String {
    let mut text = String::new();
    if answer.changes.is_empty() && answer.truncated {
        say(&mut text, format_args!("there are changes of {}: --limit N shows them\n", plain(&answer.subject.value)));
        return text;
    }
    if answer.changes.is_empty() {
        nothing(answer, &mut text);
        live(answer, &mut text);
        return text;
    }
    if whole_list {
        let mut told = BTreeSet::new();
        let folds = answer.schema == "whodid.by/v1";
        for change in &answer.changes {
            match &change.run {
                None => line(change, &mut text),
                // A list of a thing's changes shows each: its run is mostly about other things.
                Some(_) if !folds => line(change, &mut text),
                Some(run) if told.insert(run.id.as_str()) => super::runs::line(run, change, &name(change), answer, &mut text),
                Some(_) => {}
            }
        }
        if !told.is_empty() {
            say(&mut text, format_args!("each change of a run: --format table, or json\n"));
        }
        if answer.truncated {
            say(&mut text, format_args!("… and more: --limit N shows them\n"));
        }
        live(answer, &mut text);
        return text;
    }
    let headline = answer.changes.iter().find(|change| change.about).or(answer.changes.first());
    if let Some(change) = headline {
        sentence(change, answer, &mut text);
        if evidence {
            proof(change, &mut text);
        }
    }
    let others = answer.changes.len() - 1;
    if others > 0 {
        let more = if answer.truncated { "at least " } else { "" };
        say(
            &mut text,
            format_args!("  {more}{others} other change{}: whodid log {}\n", plural(others as u64), plain(&answer.subject.value)),
        );
    }
    left_out(answer, &mut text);
    live(answer, &mut text);
    if !evidence && !answer.changes.is_empty() {
        say(&mut text, format_args!("  the proof, hop by hop: whodid -E {}\n", plain(&answer.subject.value)));
    }
    text
}

/// Writing to a String cannot fail.
pub(super) fn say(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    let _ = text.write_fmt(arguments);
}

pub(super) fn plural(count: u64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

fn nothing(answer: &Answer, text: &mut String) {
    let thing = plain(&answer.subject.value);
    if answer.reads + answer.attempts > 0 {
        say(text, format_args!("nobody changed {thing} in these logs; it was"));
        if answer.reads > 0 {
            say(text, format_args!(" read {} time{}", answer.reads, plural(answer.reads)));
        }
        if answer.attempts > 0 {
            let and = if answer.reads > 0 { ", and" } else { "" };
            say(text, format_args!("{and} tried for {} time{} without success", answer.attempts, plural(answer.attempts)));
        }
        say(text, format_args!(" (--include-reads, --include-denied)\n"));
        return;
    }
    let what = if answer.subject.matched.is_empty() { "nothing about" } else { "no such change of" };
    say(text, format_args!("{what} {thing} is in these logs"));
    match (&answer.coverage.from, &answer.coverage.until) {
        (Some(from), Some(until)) => say(text, format_args!(", which reach from {from} to {until}\n")),
        _ => say(text, format_args!(": the lake is empty\n")),
    }
    if !answer.coverage.complete {
        say(text, format_args!("  that is no proof that nothing happened: no digest shows these logs to be whole\n"));
        let silent = answer.coverage.gaps.iter().filter(|gap| gap.why.starts_with("the directory lists"));
        let silent: Vec<&str> = silent.map(|gap| gap.account_id.as_str()).collect();
        if let Some(first) = silent.first() {
            let more = if silent.len() > 1 { format!(" and {} more", silent.len() - 1) } else { String::new() };
            say(text, format_args!("  no log at all is there of account {}{more}, which the directory lists\n", plain(first)));
        }
    }
}

/// What event history was asked, and what would show more.
fn live(answer: &Answer, text: &mut String) {
    let Some(live) = &answer.coverage.live else { return };
    say(
        text,
        format_args!(
            "  event history of account {}, {}, was asked{}, from {} to {}: management events only; no other account or region\n",
            plain(&live.account_id),
            plain(&live.aws_region),
            if live.with_lake { " too" } else { "" },
            live.from,
            live.until
        ),
    );
    for lack in live.lacks.iter().filter(|_| answer.changes.is_empty()) {
        say(text, format_args!("  {}\n", plain(lack)));
    }
    if !live.with_lake {
        say(text, format_args!("  for the whole chain, across accounts and as far back as the trail reaches: whodid init\n"));
    }
}

fn left_out(answer: &Answer, text: &mut String) {
    if answer.reads + answer.attempts > 0 {
        say(text, format_args!("  left out: {} read{}, {} denied or failed\n", answer.reads, plural(answer.reads), answer.attempts));
    }
}

/// The name of an actor, as far as it may be said, and who acted for them.
fn name(change: &Change) -> String {
    match &change.via {
        Some(via) => format!("{} via {}", who(change), plain(via)),
        None => who(change),
    }
}

fn who(change: &Change) -> String {
    who_of(&change.actor, change.certainty, change.claims.first().map(|claim| claim.value.as_str()), change.candidates.len())
}

/// The name of an actor; of one that is not known the first claim, or how many it could be.
pub(crate) fn who_of(actor: &Value, certainty: &str, claim: Option<&str>, candidates: usize) -> String {
    named(actor).unwrap_or_else(|| match (certainty, claim) {
        ("claimed", Some(claim)) => format!("unknown (claims to be {:?})", plain(claim)),
        ("ambiguous", _) => format!("one of {candidates}"),
        _ => "unknown".to_owned(),
    })
}

/// How an actor is called; nothing where it is not known who it is.
pub(super) fn named(actor: &Value) -> Option<String> {
    let part = |key: &str| actor.get(key).and_then(Value::as_str);
    let id = plain(part("id")?).into_owned();
    let called = |name: String| match part("person").or_else(|| part("name")) {
        Some(person) if person != id => {
            let left = part("left_on").map(|day| format!(", who left on {}", plain(day))).unwrap_or_default();
            format!("{name} ({}{left})", plain(person))
        }
        _ => name,
    };
    Some(match part("kind").unwrap_or("unknown") {
        "pipeline" => {
            let place = part("repository").or_else(|| part("project")).map(|place| format!("pipeline {}", plain(place)));
            let branch = part("ref").or_else(|| part("environment")).map(|branch| format!(" ({})", plain(branch))).unwrap_or_default();
            place.map_or_else(|| format!("pipeline {id}"), |place| format!("{place}{branch}"))
        }
        "workload" => format!("the workload {id}"),
        "aws_service" => format!("the AWS service {id}"),
        "external_account" => {
            let vendor = part("name").map(|vendor| format!(" ({})", plain(vendor))).unwrap_or_default();
            format!("somebody in account {id}{vendor}, outside these logs")
        }
        "root_user" => format!("the root user {id}"),
        "iam_user" => called(format!("the IAM user {id}")),
        "saml_user" => called(format!("{id}, of {}", plain(part("provider").unwrap_or("a SAML provider")))),
        "oidc_user" => format!("{id}, of the issuer {}", plain(part("provider").unwrap_or("?"))),
        "sso_user" => called(id.clone()),
        _ => id,
    })
}

fn resource(change: &Change, asked: &str) -> String {
    let last = |arn: &str| plain(arn.rsplit([':', '/']).next().unwrap_or(arn)).into_owned();
    let asked_last = last(asked);
    match change.resources.iter().find(|arn| arn.ends_with(asked_last.as_str())).or(change.resources.first()) {
        Some(arn) if change.resources.len() > 1 => format!("{} and {} more", last(arn), change.resources.len() - 1),
        Some(arn) => last(arn),
        None => asked_last,
    }
}

fn sentence(change: &Change, answer: &Answer, text: &mut String) {
    let outcome = change.error_code.as_ref().map(|code| format!(", which failed with {}", plain(code))).unwrap_or_default();
    say(
        text,
        format_args!(
            "{}: {} on {} in account {}, {}, at {}{outcome}\n",
            name(change),
            plain(&change.event_name),
            resource(change, &answer.subject.value),
            plain(&change.recipient_account_id),
            plain(if change.aws_region.is_empty() { "no region" } else { &change.aws_region }),
            change.event_time,
        ),
    );
    if let Some(attribute) = &change.attribute {
        say(text, format_args!("  {}\n", super::attribute::sentence(attribute, change.error_code.is_some())));
    }
    say(text, format_args!("  {}{}\n", change.certainty, reason(change)));
    if let Some(named_by) = change.actor.get("named_by") {
        let as_of =
            named_by.get("as_of").and_then(Value::as_str).map(|as_of| format!("the directory of {as_of} lists")).unwrap_or_default();
        let says = if as_of.is_empty() { "another event of that time shows" } else { &as_of };
        let id = change.actor.get("identity_store_user_id").and_then(Value::as_str).unwrap_or("");
        say(text, format_args!("  these records name the user by the id {}; {} the name beside it\n", plain(id), plain(says)));
    }
    if !change.chain.is_empty() {
        let hops: Vec<String> = change.chain.iter().map(hop_name).collect();
        say(text, format_args!("  through {}\n", hops.join(" -> ")));
    }
    // What is less than that has a gap, which says as much.
    let unproven = change.chain.iter().find(|hop| hop.issued_by.is_none()).filter(|_| change.certainty == "attested");
    if let Some((hop, account)) = unproven.and_then(|hop| Some((hop, hop.role_arn.as_deref()?.split(':').nth(4)?))) {
        say(text, format_args!("  to prove it: the event that opened {}, in the trail of account {}\n", hop_name(hop), plain(account)));
    }
    if let Some(run) = &change.run {
        super::runs::sentence(run, change, text);
    }
    let id = change.actor.get("id").and_then(Value::as_str).unwrap_or("");
    super::causes::sentences(change, text);
    if change.caused_by.is_empty() && (id.contains(":instance/") || id.contains(":function:")) {
        say(text, format_args!("  a machine acted; who made it and changed it: whodid {}\n", plain(id)));
    }
    for candidate in &change.candidates {
        let id = candidate.actor.get("id").and_then(Value::as_str).unwrap_or("unknown");
        say(
            text,
            format_args!("  candidate: {} ({}; events {})\n", plain(id), plain(&candidate.why), plain(&candidate.evidence.join(", "))),
        );
    }
    if change.certainty == "claimed" || change.certainty == "unknown" || change.certainty == "ambiguous" {
        for claim in &change.claims {
            say(text, format_args!("  claim: {} = {:?}, which the caller could choose\n", claim.source, plain(&claim.value)));
        }
    }
    if let Some(gap) = &change.gap {
        say(text, format_args!("  the chain ends at {}: {}\n  to close it: {}\n", plain(&gap.at), plain(&gap.why), plain(&gap.needs)));
    }
}

fn reason(change: &Change) -> String {
    match (&change.reason, change.certainty) {
        (Some(reason), _) => format!(": {}", plain(reason)),
        (None, "proven") if change.chain.is_empty() => ": AWS names the caller in the record itself".to_owned(),
        (None, "proven") => ": every hop is joined by values that AWS wrote".to_owned(),
        _ => String::new(),
    }
}

fn hop_name(hop: &query::Chain) -> String {
    let role = hop.role_arn.as_deref().map(|arn| arn.rsplit('/').next().unwrap_or(arn));
    let session = hop.session_name.as_deref();
    let name = match (role, session) {
        (Some(role), Some(session)) => format!("{}/{}", plain(role), plain(session)),
        (Some(one), None) | (None, Some(one)) => plain(one).into_owned(),
        (None, None) => hop.kind.replace('_', " "),
    };
    let tags: Vec<String> =
        hop.session_tags.iter().map(|(key, value)| format!("{}={}", plain(key), plain(value.as_str().unwrap_or("")))).collect();
    if tags.is_empty() { name } else { format!("{name} [{}]", tags.join(", ")) }
}

/// The chain hop by hop, each with the event that proves it and where that lies.
fn proof(change: &Change, text: &mut String) {
    say(text, format_args!("\n"));
    super::causes::proof(change, text);
    say(text, format_args!("  {}\n", name(change)));
    for hop in &change.chain {
        say(text, format_args!("   |  {} {}", hop.kind.replace('_', " "), hop_name(hop)));
        if let Some(key) = &hop.access_key_id {
            say(text, format_args!("  key {}", plain(key)));
        }
        say(text, format_args!("\n"));
        match &hop.issued_by {
            Some(issued) => {
                say(
                    text,
                    format_args!(
                        "   |    issued by {} at {}, joined by {}\n",
                        plain(&issued.event_name),
                        issued.event_time,
                        issued.link.replace('_', " ")
                    ),
                );
                for id in &issued.event_ids {
                    let places: Vec<&Evidence> = issued.evidence.iter().filter(|place| place.event_id.as_deref() == Some(id)).collect();
                    say(text, format_args!("   |    event {}\n", plain(id)));
                    places.iter().for_each(|place| lies(place, "   |      ", text));
                }
            }
            None => say(text, format_args!("   |    the event that issued it is not in these logs\n")),
        }
    }
    say(
        text,
        format_args!("   *  {} {}\n        event {}\n", plain(&change.event_source), plain(&change.event_name), plain(&change.event_id)),
    );
    lies(&change.evidence, "          ", text);
    for copy in &change.copies {
        say(text, format_args!("        the same call, as the other account recorded it: event {}\n", plain(copy)));
    }
}

pub(super) fn lies(place: &Evidence, indent: &str, text: &mut String) {
    say(
        text,
        format_args!(
            "{indent}{} record {}\n{indent}sha256 {}, {}\n",
            plain(&place.object),
            place.record,
            plain(&place.sha256),
            place.integrity.replace('_', " ")
        ),
    );
}

/// One change in a line.
fn line(change: &Change, text: &mut String) {
    let resource = resource(change, change.resources.first().map_or("", String::as_str));
    let failed = change.error_code.as_ref().map(|code| format!("  [{}]", plain(code))).unwrap_or_default();
    let attribute = change.attribute.as_ref().map(super::attribute::aside).unwrap_or_default();
    say(
        text,
        format_args!(
            "{}  {}  {}  {}  {}/{}  {}  {}{failed}\n",
            change.event_time,
            name(change) + &super::causes::aside(change),
            plain(&change.event_name),
            resource,
            plain(&change.recipient_account_id),
            plain(&change.aws_region),
            change.certainty,
            format_args!("{}{attribute}", plain(&change.event_id))
        ),
    );
}

/// What an ingest came to.
pub(crate) fn ingest(summary: &Summary, place: &str) -> String {
    let (objects, records) = (&summary.objects, &summary.records);
    let mut text = String::new();
    say(
        &mut text,
        format_args!(
            "{} objects seen, {} new: {} read, {} rejected; {} left out as no CloudTrail log\n{} records read: {} written, {} seen before, {} rejected\n{} in {:.1} s; the lake is {}\n",
            objects.seen,
            objects.new,
            objects.read,
            objects.rejected,
            objects.skipped,
            records.read,
            records.written,
            records.duplicate,
            records.rejected,
            size(summary.bytes.uncompressed),
            summary.seconds,
            plain(place)
        ),
    );
    super::listing::notes(&mut text, &summary.listing);
    if let Some(messages) = &summary.messages {
        say(
            &mut text,
            format_args!("{} messages received: {} deleted, {} left in the queue\n", messages.received, messages.deleted, messages.left),
        );
    }
    if summary.digests.new > 0 {
        let digests = &summary.digests;
        say(
            &mut text,
            format_args!(
                "{} new digests: {} signed by AWS, {} refused, {} wait for a key or signature; what they prove: whodid verify\n",
                digests.new, digests.believed, digests.refused, digests.unverified
            ),
        );
    }
    text.push_str(&crate::commands::directory::sentence(&summary.directory).unwrap_or_default());
    if summary.late_issuers_healed > 0 {
        say(
            &mut text,
            format_args!(
                "{} session{} now known by an issuing event that came late\n",
                summary.late_issuers_healed,
                plural(summary.late_issuers_healed)
            ),
        );
    }
    text
}

pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..=9_999 => format!("{bytes} bytes"),
        10_000..=9_999_999 => format!("{} KB", bytes / 1_000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

/// What was refused, a line for each kind, on stderr.
pub(crate) fn problems(problems: &[Problem]) {
    for problem in problems {
        let record = problem.record.map(|record| format!(" record {record}")).unwrap_or_default();
        let more = if problem.count > 1 { format!(" (and {} more of this kind)", problem.count - 1) } else { String::new() };
        note(&format!("warning: {}{record}: {} [{}]{more}\n", plain(&problem.object), plain(&problem.detail), problem.reason));
    }
    if !problems.is_empty() {
        note("hint: all of them: whodid sql -c 'select object, record, reason, detail from rejects'\n");
    }
}

/// The demo's five questions, and what to try next.
pub(crate) fn demo(settings: &Settings, logs: &str, lake: &str, summary: &Summary, asked: &[Asked]) -> Result<(), Failure> {
    if matches!(settings.format, crate::args::Format::Json) {
        let questions: Vec<Value> =
            asked.iter().map(|asked| serde_json::json!({"why": asked.why, "thing": asked.thing, "answer": asked.answer})).collect();
        return out(&crate::render::json::document(
            &serde_json::json!({"schema": "whodid.demo/v1", "logs": logs, "lake": lake, "ingest": summary, "questions": questions}),
            None,
        )?);
    }
    let mut text = format!("A sample organisation's CloudTrail logs are in {}\n{}", plain(logs), ingest(summary, lake));
    for Asked { why, thing, answer } in asked {
        say(&mut text, format_args!("\n# {why}\n$ whodid {}\n{}", plain(thing), self::answer(answer, false, false)));
    }
    let thing = asked.first().map_or("THING", |asked| asked.thing.as_str());
    let event = asked.first().and_then(|asked| asked.answer.changes.first()).map_or("EVENT_ID", |change| change.event_id.as_str());
    say(
        &mut text,
        format_args!(
            "\nTry next:\n  export WHODID_LAKE={}\n  whodid -E {thing}\n  whodid --format json {thing}\n  whodid log {thing}\n  whodid show {event}\n  whodid sql -c 'select actor_id, certainty, count(*) as calls from changes where not read_only group by 1, 2 order by 3 desc'\n  whodid --logs {} {thing}\n",
            plain(lake),
            plain(logs)
        ),
    );
    out(&text)
}
