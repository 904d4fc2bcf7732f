//! `whodid status`: how fresh the lake is, what it lacks, and what it could not understand.

use crate::commands::user_lake;
use crate::commands::verify::{Hole, verify};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render;
use crate::settings::Settings;
use query::{LastRun, Reader, SourceStatus};
use serde::Serialize;

/// How far back gaps are told, unless asked otherwise.
const GAPS_MICROS: i64 = 7 * 86_400_000_000;

/// What was found.
#[derive(Debug, Serialize)]
pub(crate) struct Status {
    pub(crate) schema: &'static str,
    pub(crate) status: Vec<Source>,
    pub(crate) last_run: Option<LastRun>,
    /// How each bucket was listed, and what of it changed since it was read.
    pub(crate) listings: Vec<lake::SourceListing>,
}

/// A source's logs of one account and region, and where they lack something, or digests do not show them to be whole.
#[derive(Debug, Serialize)]
pub(crate) struct Source {
    #[serde(flatten)]
    pub(crate) source: SourceStatus,
    /// Of the window, or of the last week.
    pub(crate) gaps: Vec<Hole>,
}

pub(crate) async fn run(settings: &Settings) -> Result<Exit, Failure> {
    let (lake, now) = (user_lake(settings)?, crate::settings::now());
    let (sources, last_run) = Reader::new(&lake).at(now).status().await?;
    let mut window = settings.clone();
    window.since.get_or_insert(now - GAPS_MICROS);
    let verified = verify(&window, &lake, now).await?;
    let gaps = |source: &SourceStatus| {
        let whose = |account_id: &str, aws_region: &str| account_id == source.account_id && aws_region == source.aws_region;
        let coverage = verified.coverage.iter().filter(|coverage| whose(&coverage.account_id, &coverage.aws_region));
        let unproved = coverage.flat_map(|coverage| coverage.gaps.iter().cloned());
        let is_asked =
            |(from, until): &&(i64, i64)| window.since.is_none_or(|since| *until > since) && window.until.is_none_or(|end| *from < end);
        source.silences.iter().filter(is_asked).map(|span| silence(*span)).chain(unproved).collect()
    };
    let status = sources.into_iter().map(|source| Source { gaps: gaps(&source), source }).collect();
    let listings = lake.listings().await?.sources();
    render::status(settings, &Status { schema: "whodid.status/v1", status, last_run, listings })?;
    Ok(Exit::Done)
}

/// Days without any event between days with some: objects that were never delivered, were deleted, or were not read.
fn silence((from, until): (i64, i64)) -> Hole {
    Hole {
        from: Some(event::time::rfc3339(from)),
        until: event::time::rfc3339(until),
        why: "no_events",
        tampering: false,
        objects: Vec::new(),
        objects_total: 0,
    }
}
