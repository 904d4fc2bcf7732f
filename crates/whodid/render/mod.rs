//! Answers in, text out. Every byte that a log wrote is escaped for where it goes.

mod alert;
mod attribute;
mod causes;
mod compacted;
mod human;
mod json;
mod listing;
mod progress;
mod report;
mod runs;
mod session;
mod setup;
mod status;
mod table;
mod verified;

pub(crate) use ::report::text::{self, plain};
pub(crate) use alert::{alerts, bad_rules};
pub(crate) use compacted::compacted;
pub(crate) use human::{Asked, demo, problems, who_of};
pub(crate) use listing::plan;
pub(crate) use progress::Progress;
pub(crate) use report::{made, report_verified, sample};
pub(crate) use session::{session, sessions};
pub(crate) use setup::{checked, found};
pub(crate) use status::status;
pub(crate) use table::rows;
pub(crate) use verified::verified;

use crate::args::{Format, PageLanguage, Trace};
use crate::commands::ingest::Summary;
use crate::failure::Failure;
use crate::settings::Settings;
use query::Answer;
use std::io::Write as _;

/// Writes to stdout; a reader that went away ends the command quietly.
pub(crate) fn out(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if !crate::closed(&error) => Err(error.into()),
        _ => Ok(()),
    }
}

/// An answer to a question; a page has the records that it rests on, and a language.
pub(crate) fn answer(
    settings: &Settings,
    answer: &Answer,
    records: &[serde_json::Value],
    trace: &Trace,
    whole_list: bool,
) -> Result<(), Failure> {
    let catalogue = || {
        ::report::Catalogue::new(match trace.lang {
            Some(PageLanguage::Ja) => ::report::Language::Ja,
            Some(PageLanguage::En) | None => ::report::Language::En,
        })
    };
    match settings.format {
        Format::Json => out(&json::document(answer, settings.fields.as_deref())?),
        Format::Jsonl => out(&json::lines(&answer.changes)?),
        Format::Human => out(&human::answer(answer, trace.evidence, whole_list)),
        Format::Table | Format::Csv | Format::Tsv => out(&table::changes(answer, settings.format)),
        Format::Html => out(&::report::answer_page(&document(answer)?, records, &catalogue())?),
        Format::Markdown => out(&::report::answer_markdown(&document(answer)?, &catalogue())),
    }
}

fn document(answer: &Answer) -> Result<serde_json::Value, Failure> {
    serde_json::to_value(answer).map_err(|error| Failure::internal(&error))
}

/// The sums of an ingest.
pub(crate) fn ingest(settings: &Settings, summary: &Summary, place: &str) -> Result<(), Failure> {
    match settings.format {
        Format::Human | Format::Table => out(&human::ingest(summary, place)),
        _ => out(&json::document(summary, settings.fields.as_deref())?),
    }
}

/// Why there is no answer, on stderr.
pub(crate) fn failure(failure: &Failure, json: bool) {
    let text = if json {
        let object =
            serde_json::json!({"schema": "whodid.error/v1", "code": failure.code, "message": failure.message, "hint": failure.hint});
        text::plain_json(format!("{object}\n"))
    } else {
        let hint = failure.hint.as_ref().map(|hint| format!("hint: {}\n", text::plain(hint))).unwrap_or_default();
        format!("whodid: {}\n{hint}", text::plain(&failure.message))
    };
    note(&text);
}

/// Writes to stderr; there is nobody to tell if that fails.
pub(crate) fn note(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
