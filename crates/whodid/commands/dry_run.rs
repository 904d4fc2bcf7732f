//! `whodid ingest --dry-run`: what a run would read, and what S3 would ask for it. Nothing is written.

use crate::commands::digests::Found;
use crate::commands::directory::is_directory;
use crate::commands::discover::{Discovery, Listing, open};
use crate::commands::ingest::{Objects, Problem, Summary};
use crate::commands::user_lake;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render;
use crate::settings::Settings;
use lake::Known;
use serde::Serialize;

/// US dollars for 1,000 requests of each kind: S3 Standard in us-east-1 (Amazon S3 pricing, "Requests & data retrievals").
const LIST_USD: f64 = 0.005;
const GET_USD: f64 = 0.0004;

/// What a run would do.
#[derive(Debug, Serialize)]
pub(crate) struct Plan {
    pub(crate) schema: &'static str,
    pub(crate) objects: Objects,
    pub(crate) digests: u64,
    pub(crate) bytes: PlanBytes,
    pub(crate) requests: Requests,
    pub(crate) cost_usd: f64,
    /// What the cost rests on.
    pub(crate) prices: Prices,
    pub(crate) listing: Listing,
    pub(crate) problems: Vec<Problem>,
}

#[derive(Debug, Serialize)]
pub(crate) struct PlanBytes {
    /// Of the logs to read, as they are stored.
    pub(crate) compressed: u64,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct Requests {
    /// Pages of listings: those that this dry run made, and a run makes again.
    pub(crate) list: u64,
    /// One for each log and digest in a bucket.
    pub(crate) get: u64,
}

#[derive(Debug, Serialize)]
pub(crate) struct Prices {
    pub(crate) list_usd_per_1000: f64,
    pub(crate) get_usd_per_1000: f64,
    pub(crate) basis: &'static str,
}

pub(crate) async fn run(settings: &Settings, names: &[String]) -> Result<Exit, Failure> {
    let lake = user_lake(settings)?;
    let logs: Vec<String> = names.iter().filter(|name| !is_directory(settings.source_named(name))).cloned().collect();
    let sources = open(settings, &logs).await?;
    let mut summary = Summary::default();
    let mut discovery = Discovery::new(settings, &sources, &lake, (crate::settings::now(), true), &mut summary).await?;
    let (mut bytes, mut digests, mut requests) = (0, 0, Requests::default());
    let mut progress = render::Progress::new(settings.terminal);
    let mut found = Found::default();
    loop {
        let next = discovery.next(
            &|seen, listed| seen.holds(&listed.uri, listed.size, listed.etag.as_deref(), listed.modified).then_some(Known::Read),
            &mut found,
            &mut summary,
        );
        let todo = next.await?;
        progress.listed(summary.objects.seen);
        digests += found.digests.len() as u64;
        let logs = todo.iter().flatten().map(|todo| &todo.listed);
        bytes += logs.clone().map(|listed| listed.size).sum::<u64>();
        let read = logs.chain(found.digests.iter().map(|(_, listed)| listed));
        requests.get += read.filter(|listed| source::is_s3(&listed.uri)).count() as u64;
        found.digests.clear();
        if todo.is_none() {
            break;
        }
    }
    progress.end();
    requests.list = discovery.requests();
    summary.listing.requests = requests.list;
    let plan = Plan {
        schema: "whodid.ingest-plan/v1",
        objects: summary.objects.clone(),
        digests,
        bytes: PlanBytes { compressed: bytes },
        cost_usd: (requests.list as f64 * LIST_USD + requests.get as f64 * GET_USD) / 1_000.0,
        requests,
        prices: Prices {
            list_usd_per_1000: LIST_USD,
            get_usd_per_1000: GET_USD,
            basis: "S3 Standard, us-east-1; requests of KMS, retrieval from other storage classes and transfer out of the region are not in it",
        },
        listing: summary.listing.clone(),
        problems: summary.problems.clone(),
    };
    summary.warn();
    render::plan(settings, &plan)?;
    Ok(Exit::Done)
}
