//! One module a verb; each reads as the pipeline does, top to bottom.

pub(crate) mod alert;
pub(crate) mod compact;
pub(crate) mod demo;
pub(crate) mod digests;
pub(crate) mod directory;
pub(crate) mod discover;
pub(crate) mod doctor;
pub(crate) mod dry_run;
mod exceptions;
mod follow;
pub(crate) mod ingest;
pub(crate) mod init;
mod layout;
mod live;
mod log_groups;
mod making;
mod match_of;
mod messages;
mod owners;
mod question;
mod queue;
pub(crate) mod report;
pub(crate) mod session;
mod session_logs;
mod sinks;
mod sql;
pub(crate) mod status;
pub(crate) mod verify;

use crate::args::{Arguments, Format, Trace, Verb};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::settings::Settings;
use lake::Lake;
use query::Verb as Asked;

/// Words that are commands of whodid and not of this version: a question for a thing of that name must say so.
const NOT_BUILT: [&str; 5] = ["export", "evidence", "connect", "schema", "config"];

/// Runs what was asked for.
pub(crate) async fn run(arguments: Arguments, settings: &Settings) -> Result<Exit, Failure> {
    if arguments.verb.is_some() && (arguments.thing.is_some() || arguments.trace != Trace::default()) {
        return Err(Failure::usage(
            "a thing or a flag of a question stands before the verb",
            "put it after: whodid log sg-0a1b2c3d --limit 5",
        ));
    }
    if matches!(arguments.verb, Some(Verb::Ingest(_) | Verb::Demo { .. } | Verb::Alert(_) | Verb::Status | Verb::Compact { .. }))
        && !settings.logs.is_empty()
    {
        return Err(Failure::usage(
            "--logs answers a question without keeping a lake",
            "to fill a lake: whodid --lake PLACE ingest SOURCE",
        ));
    }
    let question = matches!(arguments.verb, None | Some(Verb::Trace { .. } | Verb::Log { .. } | Verb::By { .. } | Verb::Show { .. }));
    if !question && settings.live {
        return Err(Failure::usage("--live adds CloudTrail's event history to the answer to a question", "whodid THING --live"));
    }
    if !question && matches!(settings.format, Format::Html | Format::Markdown) {
        return Err(Failure::usage("--format html and markdown write the answer to a question", "whodid --format html THING > page.html"));
    }
    match arguments.verb {
        None => match arguments.thing {
            Some(thing) if NOT_BUILT.contains(&thing.as_str()) => Err(Failure::usage(
                format!("this version has no command {thing}"),
                format!("to ask who changed a thing of that name: whodid trace {thing}"),
            )),
            Some(thing) => question::run(settings, Asked::Trace, &thing, &arguments.trace, false).await,
            None => Err(Failure::usage("nothing was asked", "whodid THING, for example: whodid sg-0a1b2c3d")),
        },
        Some(Verb::Trace { thing, trace }) => question::run(settings, Asked::Trace, &thing, &trace, false).await,
        Some(Verb::Log { thing, trace }) => question::run(settings, Asked::Log, &thing, &trace, true).await,
        Some(Verb::By { principal, trace }) => question::run(settings, Asked::By, &principal, &trace, true).await,
        Some(Verb::Show { event_id, trace }) => question::run(settings, Asked::Show, &event_id, &trace, false).await,
        Some(Verb::Sessions { limit }) => session::list(settings, limit).await,
        Some(Verb::Session { session_id, transcript }) => session::one(settings, &session_id, transcript).await,
        Some(Verb::Alert(alert)) => alert::run(settings, &alert).await,
        Some(Verb::Ingest(asked)) => ingest::run(settings, asked).await,
        Some(Verb::Init { force }) => init::run(settings, force).await,
        Some(Verb::Doctor) => doctor::run(settings).await,
        Some(Verb::Status) => status::run(settings).await,
        Some(Verb::Compact { keep_hours }) => compact::run(settings, keep_hours).await,
        Some(Verb::Verify { exit_code }) => verify::run(settings, exit_code).await,
        Some(Verb::Report(report)) => report::run(settings, *report).await,
        Some(Verb::Sql { command, file, maxrows }) => sql::run(settings, command, file, maxrows).await,
        Some(Verb::Demo { seed, dir, events }) => demo::run(settings, seed, dir, events).await,
    }
}

/// The lake that a question is asked of: the user's, or one made for this question from raw logs and dropped after it.
pub(crate) struct Asking {
    pub(crate) lake: Lake,
    _dropped_after: Option<tempfile::TempDir>,
}

pub(crate) async fn asking(settings: &Settings) -> Result<Asking, Failure> {
    if settings.logs.is_empty() {
        return Ok(Asking { lake: user_lake(settings)?, _dropped_after: None });
    }
    if let Some(queue) = settings.logs.iter().find(|name| source::is_queue(settings.source_named(name))) {
        return Err(Failure::usage(
            format!("--logs {queue} is a queue, whose messages would be gone with the answer"),
            "read it into a lake: whodid --lake PLACE ingest QUEUE",
        ));
    }
    let folder = tempfile::Builder::new().prefix("whodid-").tempdir()?;
    let lake = Lake::at(&folder.path().to_string_lossy(), std::collections::HashMap::new())?;
    let summary = ingest::ingest(settings, &lake, &settings.logs, false).await?;
    summary.warn();
    Ok(Asking { lake, _dropped_after: Some(folder) })
}

pub(crate) fn user_lake(settings: &Settings) -> Result<Lake, Failure> {
    if settings.offline && source::is_s3(&settings.lake) {
        return Err(Failure::usage(
            format!("--offline, and the lake is at {}", settings.lake),
            "name a lake in a folder with --lake, or leave --offline out",
        ));
    }
    Ok(Lake::at(&settings.lake, settings.store_options())?)
}
