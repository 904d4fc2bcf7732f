//! What a rule took, as an alert: an id that is the same for the same match for ever, and the line that goes out.

use crate::commands::session::reference;
use event::time::rfc3339;
use lake::sessions::AlertRow;
use query::{Change, CommandFound, Session, squeezed};
use serde_json::{Value, json};
use transcript::mask;
use transcript::rules::{About, LogSource, Match};

/// What a match is told apart by beside its rule and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scope {
    /// A session that CloudTrail knows: account, region.
    Session(String, String),
    /// A log whose session nobody started.
    Orphan,
    /// A record of CloudTrail: account.
    Record(String),
}

/// A match, before it is known whether it was told.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) rule_id: Option<String>,
    pub(super) source: LogSource,
    pub(super) event: Value,
    pub(super) scope: Scope,
    /// Session or record, what was done, and the how-manieth time.
    what: (String, String, i64),
    /// Order within a session.
    pub(super) place: i64,
    /// All but the ids and the disposition.
    pub(super) row: AlertRow,
    line: Value,
}

fn digest(parts: &[&str]) -> String {
    let hashed: Vec<u64> = parts.iter().map(|part| part.len() as u64).collect();
    let text = format!("{hashed:?}{}", parts.concat());
    lake::sessions::text_digest(&text)
}

impl Found {
    /// The id of the match.
    pub(super) fn id(&self) -> String {
        self.id_in(&self.scope)
    }

    /// The id that it has while nobody knows its session.
    pub(super) fn orphan_id(&self) -> String {
        self.id_in(&Scope::Orphan)
    }

    /// The id of the alert that names the person, where one went out before that could not.
    pub(super) fn named_id(&self) -> String {
        digest(&[&self.id(), self.row.actor_kind.as_deref().unwrap_or_default(), self.row.actor_id.as_deref().unwrap_or_default()])
    }

    fn id_in(&self, scope: &Scope) -> String {
        let (kind, account, region) = match scope {
            Scope::Session(account, region) => ("session", account.as_str(), region.as_str()),
            Scope::Orphan => ("orphan", "", ""),
            Scope::Record(account) => ("record", account.as_str(), ""),
        };
        let (session, text, count) = &self.what;
        digest(&[&self.row.rule, kind, account, region, session, text, &count.to_string()])
    }

    /// The row, and in it the line that goes out.
    pub(super) fn row(mut self, alert_id: String, update_of: Option<String>, suppressed_by: Option<String>) -> AlertRow {
        self.line["alert_id"] = alert_id.clone().into();
        self.line["update_of"] = update_of.clone().into();
        let disposition = if suppressed_by.is_some() { "suppressed" } else { "sent" };
        AlertRow { alert_id, update_of, disposition, suppressed_by, alert: self.line.to_string(), ..self.row }
    }
}

/// What rules know of a session.
pub(super) fn about(session: &Session) -> About {
    About {
        session_id: Some(session.session_id.clone()),
        actor: session.actor["id"].as_str().map(str::to_owned),
        certainty: Some(session.certainty.to_owned()),
        account: session.account_id.clone(),
        region: session.aws_region.clone(),
        instance: session.target.clone(),
        run_as_user: session.run_as_user.clone(),
        tags: Vec::new(),
    }
}

fn scope(session: &Session) -> Scope {
    match (&session.account_id, &session.aws_region) {
        (Some(account), Some(region)) => Scope::Session(account.clone(), region.clone()),
        _ => Scope::Orphan,
    }
}

/// A line that was entered.
pub(super) fn command(rule: Match, session: &Session, command: &CommandFound, event: Value) -> Found {
    // The log may not say when; the session's beginning is the nearest that is known.
    let (time, time_is) = match command.time {
        Some(time) => (time, "command"),
        None if session.start.is_some() => (session.time, "session_start"),
        None => (session.time, "log"),
    };
    let text = mask::secrets(command.expanded.as_deref().unwrap_or(&command.line)).into_owned();
    let log = session.transcript.logs.iter().find(|log| log.object_id == command.object_id);
    let line = json!({
        "command": text,
        "elevated": command.elevated,
        "outcome": command.outcome,
        "how": command.how,
        "doubt": command.doubt,
        "reconstructed": command.reconstructed,
        "evidence": {
            "transcript": reference(command),
            "object": command.object,
            "sha256": log.map(|log| &log.sha256),
            "lines": [command.first_line, command.last_line],
            "event_ids": session.event_ids,
        },
    });
    let what = (session.session_id.clone(), squeezed(&command.line), command.occurrence);
    of(rule, session, event, what, command.number, (time, time_is), line)
}

/// A session as a whole.
pub(super) fn session(rule: Match, session: &Session, event: Value) -> Found {
    let line = json!({
        "command": null,
        "elevated": false,
        "outcome": null,
        "how": null,
        "transcript": session.transcript.state,
        "why": session.transcript.why,
        "evidence": {
            "objects": session.transcript.logs.iter().map(|log| &log.object).collect::<Vec<_>>(),
            "event_ids": session.event_ids,
        },
    });
    let time_is = if session.start.is_some() { "session_start" } else { "log" };
    let what = (session.session_id.clone(), format!("transcript {}", session.transcript.state), 0);
    of(rule, session, event, what, 0, (session.time, time_is), line)
}

fn of(
    rule: Match,
    session: &Session,
    event: Value,
    what: (String, String, i64),
    place: i64,
    (time, time_is): (i64, &str),
    mut line: Value,
) -> Found {
    let common = json!({
        "schema": "whodid.alert/v1",
        "rule": rule.rule,
        "title": rule.title,
        "level": rule.level,
        "time": rfc3339(time),
        "time_is": time_is,
        "actor": session.actor,
        "certainty": session.certainty,
        "reason": session.reason,
        "claims": session.claims,
        "candidates": session.candidates,
        "account_id": session.account_id,
        "aws_region": session.aws_region,
        "instance_id": session.target,
        "run_as_user": session.run_as_user,
        "session_id": session.session_id,
    });
    put(&mut line, common);
    let text = |name: &str| session.actor[name].as_str().map(str::to_owned);
    let row = AlertRow {
        rule: rule.rule,
        level: rule.level,
        session_id: Some(session.session_id.clone()),
        actor_kind: text("kind"),
        actor_id: text("id"),
        certainty: session.certainty.to_owned(),
        account_id: session.account_id.clone(),
        aws_region: session.aws_region.clone(),
        instance_id: session.target.clone(),
        command: line["command"].as_str().map(str::to_owned),
        elevated: line["elevated"].as_bool().unwrap_or(false),
        time: Some(time),
        ..AlertRow::default()
    };
    Found { rule_id: rule.id, source: LogSource::Session, event, scope: scope(session), what, place, row, line }
}

/// A record of CloudTrail, and who made the call.
pub(super) fn record(rule: Match, record: &Value, change: Option<&Change>) -> Found {
    let word = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
    let (event_id, account) = (word("eventID"), word("recipientAccountId"));
    let actor = change.map_or(json!({"kind": "unknown", "id": null}), |change| change.actor.clone());
    let certainty = change.map_or("unknown", |change| change.certainty);
    let line = json!({
        "schema": "whodid.alert/v1",
        "rule": rule.rule,
        "title": rule.title,
        "level": rule.level,
        "time": record["eventTime"],
        "time_is": "event",
        "actor": actor,
        "certainty": certainty,
        "reason": change.and_then(|change| change.reason.clone()),
        "claims": change.map(|change| &change.claims),
        "candidates": change.map(|change| &change.candidates),
        "account_id": account,
        "aws_region": record["awsRegion"],
        "instance_id": null,
        "run_as_user": null,
        "session_id": null,
        "command": null,
        "elevated": false,
        "how": null,
        "event_source": record["eventSource"],
        "event_name": record["eventName"],
        "resources": change.map(|change| &change.resources),
        "evidence": {"event_ids": [event_id], "record": change.map(|change| &change.evidence)},
    });
    let text = |name: &str| actor[name].as_str().map(str::to_owned);
    let row = AlertRow {
        rule: rule.rule,
        level: rule.level,
        event_id: Some(event_id.clone()),
        actor_kind: text("kind"),
        actor_id: text("id"),
        certainty: certainty.to_owned(),
        account_id: Some(account.clone()),
        aws_region: record["awsRegion"].as_str().map(str::to_owned),
        time: record["eventTime"].as_str().and_then(event::time::micros),
        ..AlertRow::default()
    };
    let what = (event_id, word("eventName"), 0);
    Found {
        rule_id: rule.id,
        source: LogSource::CloudTrail,
        event: record.clone(),
        scope: Scope::Record(account),
        what,
        place: 0,
        row,
        line,
    }
}

fn put(line: &mut Value, more: Value) {
    if let (Value::Object(line), Value::Object(more)) = (line, more) {
        line.extend(more);
    }
}
