//! `whodid THING`, `trace`, `log`, `by`, `show`: a question put to a lake.

use crate::args::{Format, Require, Trace};
use crate::commands::{asking, live};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render;
use crate::settings::Settings;
use identity::Certainty;
use query::{Answer, Attribute, Question, Reader, Verb};
use serde_json::Value;

/// Letters of a question, at most: the longest ARN is 2,048.
const THING_LETTERS_MAX: usize = 4_096;

pub(crate) async fn run(settings: &Settings, verb: Verb, thing: &str, trace: &Trace, whole_list: bool) -> Result<Exit, Failure> {
    if thing.trim().is_empty() || thing.len() > THING_LETTERS_MAX {
        return Err(Failure::usage(
            "that is nothing to ask for",
            "ask for an ARN (arn:aws:…), an id (sg-0a1b…, i-0a1b…), a name, an event id, an access key id (AKIA…), a unique id (AROA…) or a user name",
        ));
    }
    let is_page = matches!(settings.format, Format::Html | Format::Markdown);
    if trace.lang.is_some() && !is_page {
        return Err(Failure::usage("--lang is for a page", "whodid --format html --lang ja THING > page.html"));
    }
    let question = Question {
        thing: thing.trim().to_owned(),
        verb,
        since: settings.since,
        until: settings.until,
        limit: trace.limit,
        include_reads: trace.include_reads,
        include_denied: trace.include_denied,
        tags: trace.tag.iter().map(|tag| tag_of(tag)).collect::<Result<_, _>>()?,
        attribute: trace.attribute.as_deref().map(attribute_of).transpose()?,
        // A page is there to prove.
        evidence: trace.evidence || is_page,
    };
    let (answer, records) = answer(settings, &question).await?;
    render::answer(settings, &answer, &records, trace, whole_list)?;
    Ok(exit(&answer, trace.require))
}

/// Of the lake, for a page with the records that it rests on; with `--live`, or where there is no lake yet, of CloudTrail's event history as well.
async fn answer(settings: &Settings, question: &Question) -> Result<(Answer, Vec<Value>), Failure> {
    if settings.live && settings.offline && settings.format == Format::Human {
        render::note("whodid: --offline: CloudTrail's event history is not asked\n");
    }
    if settings.live && !settings.offline {
        return Ok((live::answer(settings, question).await?, Vec::new()));
    }
    let asking = asking(settings).await?;
    let reader = Reader::new(&asking.lake).at(crate::settings::now()).knowing(settings.configured.clone());
    match reader.answer(question).await {
        Err(query::Error::Lake(absent @ lake::Error::Absent { .. })) if !settings.is_lake_named && !settings.offline => {
            let answer = live::without_lake(settings, question).await?;
            answer.map(|answer| (answer, Vec::new())).ok_or_else(|| absent.into())
        }
        answered => {
            let answer = answered?;
            let records = if settings.format == Format::Html { reader.kept_records(&answer).await? } else { Vec::new() };
            Ok((answer, records))
        }
    }
}

fn attribute_of(text: &str) -> Result<(String, Attribute), Failure> {
    let read = Attribute::parse(text).ok_or_else(|| {
        Failure::usage(
            format!("--attribute {text:?} is nothing to ask for"),
            "write it as tag:KEY, rule:tcp,443,0.0.0.0/0, policy:NAME, statement:SID, or a parameter's path such as versioningConfiguration.status",
        )
    })?;
    Ok((text.to_owned(), read))
}

fn tag_of(text: &str) -> Result<(String, String), Failure> {
    let (key, value) =
        text.split_once('=').ok_or_else(|| Failure::usage(format!("--tag {text:?} is no tag"), "write it as --tag team=payments"))?;
    Ok((key.to_owned(), value.to_owned()))
}

fn exit(answer: &query::Answer, require: Option<Require>) -> Exit {
    let required = match require {
        Some(Require::Proven) => Certainty::Proven,
        Some(Require::Attested) => Certainty::Attested,
        Some(Require::Probable) => Certainty::Probable,
        None => Certainty::Unknown,
    };
    match answer.changes.first() {
        Some(newest) if Certainty::from_word(newest.certainty).is_some_and(|certainty| certainty < required) => Exit::BelowRequired,
        Some(_) => Exit::Done,
        // It is known, and was only read or tried.
        None if answer.reads + answer.attempts > 0 || answer.truncated => Exit::Done,
        None if answer.coverage.complete => Exit::NothingFound,
        None => Exit::NothingProven,
    }
}
