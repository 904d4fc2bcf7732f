//! `whodid sessions` and `whodid session ID`: who was on which machine, and what was typed there.

use crate::commands::asking;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render;
use crate::settings::Settings;
use futures::StreamExt as _;
use lake::sessions::lines;
use query::{CommandFilter, CommandFound, LogFound, Reader, Session, SessionList, SessionQuestion, merged};
use source::{LogGroup, Reading, Shape, Source};
use std::collections::BTreeSet;
use transcript::mask::Masker;
use transcript::{Command, Line, LineKind, Sink};

/// Bytes of a log that is read again, as stored.
const LOG_BYTES_MAX: u64 = 256 << 20;
/// Lines of a transcript that are printed.
const LINES_MAX: usize = 1_000_000;
/// Letters of a session id, at most: AWS gives 96.
const SESSION_ID_LETTERS_MAX: usize = 256;

pub(crate) async fn list(settings: &Settings, limit: usize) -> Result<Exit, Failure> {
    let asking = asking(settings).await?;
    let question = SessionQuestion {
        since: settings.since,
        until: settings.until,
        session_ids: None,
        logs_from_day: None,
        now: crate::settings::now(),
        limit,
    };
    let found = Reader::new(&asking.lake).knowing(settings.configured.clone()).sessions(&question).await?;
    render::sessions(settings, &found)?;
    Ok(exit(&found))
}

/// A session with what was typed in it.
#[derive(serde::Serialize)]
pub(crate) struct Detail {
    pub(crate) schema: &'static str,
    /// One, but where an id stands for sessions of several accounts.
    pub(crate) sessions: Vec<Session>,
    pub(crate) commands: Vec<Typed>,
    /// What the terminal showed, where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) lines: Option<Vec<Shown>>,
    pub(crate) coverage: query::Coverage,
}

/// A command, and where it is shown.
#[derive(serde::Serialize)]
pub(crate) struct Typed {
    #[serde(flatten)]
    pub(crate) command: CommandFound,
    /// `session id#L12-L14`
    pub(crate) evidence: String,
}

/// A line of the terminal.
#[derive(serde::Serialize)]
pub(crate) struct Shown {
    pub(crate) number: u64,
    pub(crate) time: Option<String>,
    /// `input`, `output` or `recorder`.
    pub(crate) kind: &'static str,
    pub(crate) text: String,
}

pub(crate) async fn one(settings: &Settings, session_id: &str, transcript: bool) -> Result<Exit, Failure> {
    if session_id.trim().is_empty() || session_id.len() > SESSION_ID_LETTERS_MAX {
        return Err(Failure::usage(
            "that is no session id",
            "whodid sessions lists them, for example sato@example.co.jp-0a1b2c3d4e5f67890",
        ));
    }
    let asking = asking(settings).await?;
    let reader = Reader::new(&asking.lake).knowing(settings.configured.clone());
    let ids = BTreeSet::from([session_id.trim().to_owned()]);
    let question = SessionQuestion { session_ids: Some(ids.clone()), now: crate::settings::now(), limit: usize::MAX, ..Default::default() };
    let found = reader.sessions(&question).await?;
    let ended = exit(&found);
    let filter = CommandFilter { session_ids: Some(ids), ..CommandFilter::default() };
    let commands = reader.commands(&filter).await?;
    let typed = found.sessions.iter().flat_map(|session| merged(&session.transcript.logs, &commands));
    let commands = typed.map(|command| Typed { evidence: reference(&command), command }).collect();
    let lines = match transcript {
        true => Some(shown(settings, session_id.trim(), &found.sessions).await?),
        false => None,
    };
    let detail = Detail { schema: "whodid.session/v1", sessions: found.sessions, commands, lines, coverage: found.coverage };
    render::session(settings, session_id, &detail)?;
    Ok(ended)
}

/// Where a command is shown.
pub(crate) fn reference(command: &CommandFound) -> String {
    format!("{}#L{}-L{}", command.session_id, command.first_line, command.last_line)
}

fn exit(found: &SessionList) -> Exit {
    match (found.sessions.is_empty(), found.coverage.complete) {
        (false, _) => Exit::Done,
        (true, true) => Exit::NothingFound,
        (true, false) => Exit::NothingProven,
    }
}

/// Reads the log of a session again, from where it was ingested.
async fn shown(settings: &Settings, session_id: &str, sessions: &[Session]) -> Result<Vec<Shown>, Failure> {
    let mut logs: Vec<&LogFound> = sessions.iter().flat_map(|session| &session.transcript.logs).collect();
    // The log that was uploaded whole shows it best.
    logs.sort_by_key(|log| (!matches!(log.form.as_str(), "terminal" | "powershell"), log.first_time, log.object.clone()));
    let whole = logs.first().is_some_and(|log| matches!(log.form.as_str(), "terminal" | "powershell"));
    logs.truncate(if whole { 1 } else { usize::MAX });
    let mut collected = Collected::default();
    for log in logs {
        let bytes = fetch(settings, &log.object).await?;
        if !lines(&log.object, &bytes, session_id, &mut collected) {
            render::note(&format!("whodid: {} holds no log of this session any more\n", render::plain(&log.object)));
        }
    }
    if collected.left_out > 0 {
        render::note(&format!("whodid: {} more lines are not shown\n", collected.left_out));
    }
    Ok(collected.lines)
}

async fn fetch(settings: &Settings, object: &str) -> Result<bytes::Bytes, Failure> {
    let is_stream = source::is_log_group(object);
    if settings.offline && (source::is_s3(object) || is_stream) {
        return Err(Failure::usage(format!("--offline, and the log is at {object}"), "leave --offline out, or --transcript"));
    }
    let options = settings.options_of(object);
    let source: Box<dyn Source> = match is_stream {
        true => {
            let now = crate::settings::now;
            let reading = Reading { since: None, until: None, seen_until: None, now, shape: |_, _| Shape::Whole };
            Box::new(LogGroup::open(object, &options, reading).await?)
        }
        false => source::open(object, &options).await?,
    };
    let mut listing = source.list().await?;
    while let Some(item) = listing.next().await {
        let listed = item?;
        if listed.uri == object {
            return Ok(source.fetch(&listed, LOG_BYTES_MAX).await?);
        }
    }
    Err(source::Error::NotFound { what: object.to_owned() }.into())
}

#[derive(Default)]
struct Collected {
    masker: Masker,
    lines: Vec<Shown>,
    left_out: u64,
}

impl Sink for Collected {
    fn line(&mut self, line: &Line<'_>) {
        if self.lines.len() == LINES_MAX {
            self.left_out += 1;
            return;
        }
        let kind = match line.kind {
            LineKind::Input => "input",
            LineKind::Output => "output",
            LineKind::Recorder => "recorder",
        };
        self.lines.push(Shown { number: line.number, time: line.time.map(event::time::rfc3339), kind, text: self.masker.hide(line.text) });
    }

    fn command(&mut self, _: Command) {}
}
