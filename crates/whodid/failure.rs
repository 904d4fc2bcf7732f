//! An error as a user meets it: what happened, on what, what to do.

use crate::exit::Exit;
use std::fmt::Write as _;

/// Why a command ended without an answer.
#[derive(Debug)]
pub(crate) struct Failure {
    /// How the process ends.
    pub(crate) exit: Exit,
    /// A word for programs.
    pub(crate) code: &'static str,
    /// What happened.
    pub(crate) message: String,
    /// What to do.
    pub(crate) hint: Option<String>,
}

impl Failure {
    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { exit: Exit::Failed, code: "usage", message: message.into(), hint: Some(hint.into()) }
    }

    /// A lake that is not what was written.
    fn damaged(error: &dyn std::error::Error) -> Self {
        let hint = "the logs are whole where they came from: ingest them into a new lake".to_owned();
        Self { exit: Exit::Failed, code: "damaged", message: causes(error), hint: Some(hint) }
    }

    /// An error of ours or of the machine's, its causes in one line.
    pub(crate) fn internal(error: &dyn std::error::Error) -> Self {
        Self { exit: Exit::Failed, code: "failed", message: causes(error), hint: None }
    }
}

/// An error and what caused it, each said once.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let said = inner.to_string();
        if !text.contains(&said) {
            // Writing to a String cannot fail.
            let _ = write!(text, ": {said}");
        }
        cause = inner.source();
    }
    text
}

impl From<source::Error> for Failure {
    fn from(error: source::Error) -> Self {
        let exit = if matches!(error, source::Error::Credentials { .. }) { Exit::Credentials } else { Exit::Failed };
        let code = match &error {
            source::Error::Credentials { .. } => "credentials",
            source::Error::NotFound { .. } => "not_found",
            source::Error::Denied { .. } | source::Error::Permission { .. } => "denied",
            source::Error::BadSpec { .. } | source::Error::BadWebhook { .. } | source::Error::BadTarget { .. } => "usage",
            source::Error::Webhook { .. } | source::Error::Sink { .. } => "sink",
            _ => "source",
        };
        Self { exit, code, message: causes(&error), hint: error.hint() }
    }
}

impl From<lake::Error> for Failure {
    fn from(error: lake::Error) -> Self {
        let hint = match &error {
            lake::Error::Absent { .. } => Some(
                "make one with: whodid --lake PLACE ingest FOLDER|s3://BUCKET/PREFIX; or ask raw logs: whodid --logs FOLDER THING"
                    .to_owned(),
            ),
            lake::Error::Lacks { .. } => {
                Some("ingest the logs into a new lake: whodid --lake PLACE ingest FOLDER|s3://BUCKET/PREFIX".to_owned())
            }
            lake::Error::Damaged { .. } => return Self::damaged(&error),
            _ => None,
        };
        Self { exit: Exit::Failed, code: "lake", message: causes(&error), hint }
    }
}

impl From<query::Error> for Failure {
    fn from(error: query::Error) -> Self {
        match error {
            query::Error::Lake(error) => error.into(),
            query::Error::NotAQuery { .. } => Self {
                exit: Exit::Failed,
                code: "usage",
                message: error.to_string(),
                hint: Some("give one SELECT over the tables that `whodid sql -c 'show tables'` lists".into()),
            },
            query::Error::Unmatched { .. } | query::Error::Damaged { .. } => Self::damaged(&error),
            query::Error::Query { .. } => Self { exit: Exit::Failed, code: "query", message: causes(&error), hint: None },
        }
    }
}

impl From<report::Error> for Failure {
    fn from(error: report::Error) -> Self {
        match &error {
            report::Error::NotATime { .. } => Self::usage(
                error.to_string(),
                "whodid report --date 2026-11-20 --tz Asia/Tokyo, or --from and --to, --month 2026-11, --year 2026",
            ),
            report::Error::Manifest { .. } => Self::usage(causes(&error), "give the folder of a report that whodid made"),
            report::Error::Write { .. } => Self::internal(&error),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::internal(&error)
    }
}
