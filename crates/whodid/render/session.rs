//! Sessions, and what was typed in them, as text.

use crate::args::Format;
use crate::commands::session::{Detail, Typed};
use crate::failure::Failure;
use crate::render::human::{plural, say, who_of};
use crate::render::text::plain;
use crate::render::{json, out, table};
use crate::settings::Settings;
use query::{Session, SessionList};

/// Columns of a list of sessions.
const COLUMNS: [&str; 13] = [
    "start",
    "end",
    "actor_kind",
    "actor_id",
    "certainty",
    "kind",
    "target",
    "account_id",
    "aws_region",
    "transcript",
    "commands",
    "finding",
    "session_id",
];

/// A list of sessions.
pub(crate) fn sessions(settings: &Settings, list: &SessionList) -> Result<(), Failure> {
    match settings.format {
        Format::Json => out(&json::document(list, settings.fields.as_deref())?),
        Format::Jsonl => out(&json::lines(&list.sessions)?),
        Format::Human => out(&human(list)),
        format => out(&table::write(&COLUMNS.map(str::to_owned), list.sessions.iter().map(row), format)),
    }
}

/// One session.
pub(crate) fn session(settings: &Settings, asked: &str, detail: &Detail) -> Result<(), Failure> {
    match settings.format {
        Format::Json => out(&json::document(detail, settings.fields.as_deref())?),
        Format::Jsonl => out(&json::lines(&detail.commands)?),
        Format::Human => out(&told(asked, detail)),
        format => {
            let columns = ["time", "how", "elevated", "outcome", "root_shell", "line", "evidence"];
            let rows = detail.commands.iter().map(|Typed { command, evidence }| {
                vec![
                    command.time.map(event::time::rfc3339),
                    Some(command.how.clone()),
                    Some(command.elevated.to_string()),
                    command.outcome.clone(),
                    Some(command.root_shell.to_string()),
                    Some(command.line.clone()),
                    Some(evidence.clone()),
                ]
            });
            out(&table::write(&columns.map(str::to_owned), rows, format))
        }
    }
}

fn row(session: &Session) -> Vec<Option<String>> {
    let part = |name: &str| session.actor.get(name).and_then(|value| value.as_str()).map(str::to_owned);
    vec![
        session.start.clone(),
        session.end.clone(),
        part("kind"),
        part("id"),
        Some(session.certainty.to_owned()),
        Some(session.kind.to_owned()),
        session.target.clone(),
        session.account_id.clone(),
        session.aws_region.clone(),
        Some(session.transcript.state.to_owned()),
        Some(commands(session).to_string()),
        session.finding.map(str::to_owned),
        Some(session.session_id.clone()),
    ]
}

fn commands(session: &Session) -> i64 {
    session.transcript.logs.iter().map(|log| log.commands).max().unwrap_or(0)
}

fn human(list: &SessionList) -> String {
    let mut text = String::new();
    for session in &list.sessions {
        headline(session, &mut text);
    }
    if list.sessions.is_empty() {
        say(&mut text, format_args!("no session is in these logs\n"));
        if !list.coverage.complete {
            say(&mut text, format_args!("  that is no proof that there was none: no digest shows these logs to be whole\n"));
        }
    }
    if list.truncated {
        say(&mut text, format_args!("… and more: --limit N shows them\n"));
    }
    if list.attempts > 0 {
        say(&mut text, format_args!("  left out: {} denied or failed\n", list.attempts));
    }
    text
}

fn who(session: &Session) -> String {
    let claim = session.claims.first().map(|claim| claim.value.as_str());
    who_of(&session.actor, session.certainty, claim, session.candidates.len())
}

fn headline(session: &Session, text: &mut String) {
    let time = session.start.clone().unwrap_or_else(|| event::time::rfc3339(session.time));
    let place = session.target.as_deref().map(|target| format!(" on {}", plain(target))).unwrap_or_default();
    let account = session.account_id.as_deref().map(|account| format!(" in {}", plain(account))).unwrap_or_default();
    let count = commands(session);
    let typed = if count > 0 { format!(", {count} command{}", plural(count.unsigned_abs())) } else { String::new() };
    say(
        text,
        format_args!(
            "{time}  {} ({})  {}{place}{account}, transcript {}{typed}  {}\n",
            who(session),
            session.certainty,
            session.kind,
            session.transcript.state,
            plain(&session.session_id)
        ),
    );
}

fn told(asked: &str, detail: &Detail) -> String {
    let mut text = String::new();
    if detail.sessions.is_empty() {
        say(&mut text, format_args!("no session {} is in these logs\n", plain(asked)));
        if !detail.coverage.complete {
            say(&mut text, format_args!("  that is no proof that there was none: no digest shows these logs to be whole\n"));
        }
        return text;
    }
    for session in &detail.sessions {
        headline(session, &mut text);
        if let Some(reason) = &session.stated_reason {
            say(&mut text, format_args!("  reason given: {}\n", plain(reason)));
        }
        if let Some(user) = &session.run_as_user {
            say(&mut text, format_args!("  as the user {}\n", plain(user)));
        }
        if let Some(end) = &session.end {
            say(&mut text, format_args!("  ended {end}\n"));
        }
        if let Some(gap) = &session.gap {
            say(&mut text, format_args!("  not known: {}\n", plain(&gap.why)));
        }
        for claim in &session.claims {
            say(&mut text, format_args!("  claimed, not proven: {} ({})\n", plain(&claim.value), claim.source));
        }
        say(&mut text, format_args!("  transcript {}: {}\n", session.transcript.state, plain(&session.transcript.why)));
        for log in &session.transcript.logs {
            say(&mut text, format_args!("    {}\n", plain(&log.object)));
        }
        if !session.event_ids.is_empty() {
            say(&mut text, format_args!("  CloudTrail: {}\n", plain(&session.event_ids.join(" "))));
        }
    }
    if let Some(lines) = &detail.lines {
        for line in lines {
            say(&mut text, format_args!("{:>6} {} {}\n", line.number, if line.kind == "input" { '>' } else { ' ' }, plain(&line.text)));
        }
        return text;
    }
    for Typed { command, .. } in &detail.commands {
        let time = command.time.map(event::time::rfc3339).unwrap_or_default();
        let mark = if command.elevates {
            "sudo "
        } else if command.root_shell {
            "root "
        } else {
            "     "
        };
        let outcome = command.outcome.as_deref().map(|outcome| format!("  [{}]", plain(outcome))).unwrap_or_default();
        let doubt = if command.doubt.is_some() { "  [in doubt]" } else { "" };
        say(
            &mut text,
            format_args!(
                "  {mark}L{:<5} {time}{}{}{outcome}{doubt}\n",
                command.first_line,
                if time.is_empty() { "" } else { "  " },
                plain(&command.line)
            ),
        );
    }
    text
}
