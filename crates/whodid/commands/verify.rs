//! `whodid verify`: what CloudTrail's digests prove about the log objects that were read, and about those that were not.

use crate::commands::asking;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render;
use crate::settings::Settings;
use digest::{Ask, Fault, Findings, Gap, LogFact, LogFinding, Report, Sha256, Verdict};
use event::time::rfc3339;
use lake::{Digests, Lake};
use serde::Serialize;

/// What was found.
#[derive(Debug, Serialize)]
pub(crate) struct Verified {
    pub(crate) schema: &'static str,
    /// Whether anything is not as CloudTrail delivered it.
    pub(crate) tampering: bool,
    pub(crate) tally: Tally,
    /// Every log object, but those that are as they should be where only a summary is wanted.
    pub(crate) verify: Vec<Log>,
    pub(crate) chains: Vec<Chain>,
    pub(crate) coverage: Vec<Coverage>,
    /// Objects among the digests that AWS did not sign as they are.
    pub(crate) refused: Vec<Refused>,
}

/// How many of each.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Tally {
    pub(crate) verified: u64,
    pub(crate) altered: u64,
    pub(crate) missing: u64,
    pub(crate) unlisted: u64,
    pub(crate) pending: u64,
    pub(crate) not_covered: u64,
    /// Logs that digests list, that were not read, and whose folder was not listed since.
    pub(crate) not_read: u64,
    pub(crate) digests: u64,
    pub(crate) digests_refused: u64,
}

/// A log object, or the lack of one.
#[derive(Debug, Serialize)]
pub(crate) struct Log {
    pub(crate) object: String,
    pub(crate) integrity: &'static str,
    pub(crate) sha256: Option<String>,
}

/// A chain of digests.
#[derive(Debug, Serialize)]
pub(crate) struct Chain {
    pub(crate) account_id: String,
    pub(crate) aws_region: String,
    pub(crate) organization_id: Option<String>,
    pub(crate) trail_name: String,
    pub(crate) home_region: String,
    pub(crate) backfill: bool,
    pub(crate) digests: u64,
    pub(crate) newest_end: Option<String>,
    pub(crate) starts: Vec<String>,
    pub(crate) breaks: Vec<Hole>,
}

/// Where an account's and region's log is known to be whole, and where it is not.
#[derive(Debug, Serialize)]
pub(crate) struct Coverage {
    pub(crate) account_id: String,
    pub(crate) aws_region: String,
    pub(crate) spans: Vec<Span>,
    pub(crate) gaps: Vec<Hole>,
}

/// A span of time.
#[derive(Debug, Serialize)]
pub(crate) struct Span {
    pub(crate) from: String,
    pub(crate) until: String,
}

/// A span of time of which something is not as it should be.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Hole {
    pub(crate) from: Option<String>,
    pub(crate) until: String,
    pub(crate) why: &'static str,
    /// Whether somebody must have changed the bucket.
    pub(crate) tampering: bool,
    pub(crate) objects: Vec<String>,
    pub(crate) objects_total: u64,
}

/// An object that is no digest of AWS's.
#[derive(Debug, Serialize)]
pub(crate) struct Refused {
    pub(crate) object: String,
    pub(crate) why: String,
    /// Whether AWS's own was also seen in its place.
    pub(crate) believed: bool,
    pub(crate) tampering: bool,
}

pub(crate) async fn run(settings: &Settings, exit_code: bool) -> Result<Exit, Failure> {
    let asking = asking(settings).await?;
    let verified = verify(settings, &asking.lake, crate::settings::now()).await?;
    render::verified(settings, &verified)?;
    Ok(if exit_code && verified.tampering { Exit::Found } else { Exit::Done })
}

/// Judges what the lake knows, at `now`.
pub(crate) async fn verify(settings: &Settings, lake: &Lake, now: i64) -> Result<Verified, Failure> {
    let mut found = Found { digests: lake.digests().await?, logs: Vec::new(), refused: Vec::new() };
    let mut report = Report::default();
    if let Some(digests) = &found.digests {
        let mut verifier = digests.verifier();
        let failed = |error: digest::Error| Failure::internal(&error);
        // What a run that was killed had read and not noted; it is not noted here either.
        for object in digests.behind(lake).await? {
            let Some(uri) = digests.recorded(&object.uri) else { continue };
            verifier.log(LogFact { uri: &uri, sha256: object.sha256, modified: object.modified }).map_err(failed)?;
        }
        let ask = Ask { now, from: settings.since, until: settings.until.unwrap_or(now).min(now) };
        report = verifier.report(ask, &mut found).map_err(failed)?;
    }
    for object in lake.ledger().await? {
        // Of a place that no digest speaks of: the verifier does not know it.
        if found.digests.as_ref().is_none_or(|digests| digests.recorded(&object.uri).is_none()) {
            found.give(object.uri.clone(), Verdict::NotCovered, object.sha256);
            report.tally.not_covered += 1;
        }
    }
    found.logs.sort_by(|one, other| (&one.object, &one.sha256).cmp(&(&other.object, &other.sha256)));
    found.refused.sort_by(|one, other| (&one.object, &one.why).cmp(&(&other.object, &other.why)));
    Ok(found.told(report))
}

/// Gathers what a report finds, each object where it was read.
struct Found {
    digests: Option<Digests>,
    logs: Vec<Log>,
    refused: Vec<Refused>,
}

impl Findings for Found {
    fn log(&mut self, finding: &LogFinding<'_>) {
        self.give(self.read_at(finding.uri), finding.verdict, finding.sha256);
    }

    fn digest(&mut self, uri: &str, fault: Fault, believed: bool) {
        let (object, tampering) = (self.read_at(uri), fault != Fault::KeyUnknown);
        self.refused.push(Refused { object, why: fault.to_string(), believed, tampering });
    }
}

impl Found {
    fn read_at(&self, uri: &str) -> String {
        self.digests.as_ref().map_or_else(|| uri.to_owned(), |digests| digests.read_at(uri))
    }

    fn give(&mut self, object: String, verdict: Verdict, sha256: Option<Sha256>) {
        self.logs.push(Log { object, integrity: verdict.name(), sha256: sha256.map(|sha256| sha256.to_string()) });
    }

    fn told(self, report: Report) -> Verified {
        let hole = |gap: &Gap| Hole {
            from: gap.from.map(rfc3339),
            until: rfc3339(gap.until),
            why: gap.why.name(),
            tampering: gap.why.is_tampering(),
            objects: gap.objects.iter().map(|(uri, _)| self.read_at(uri)).collect(),
            objects_total: gap.objects_total,
        };
        let chains: Vec<Chain> = report
            .chains
            .iter()
            .map(|chain| Chain {
                account_id: chain.chain.scope.account_id.clone(),
                aws_region: chain.chain.scope.aws_region.clone(),
                organization_id: Some(chain.chain.organization_id.clone()).filter(|id| !id.is_empty()),
                trail_name: chain.chain.trail_name.clone(),
                home_region: chain.chain.home_region.clone(),
                backfill: chain.chain.backfill,
                digests: chain.digests,
                newest_end: chain.newest_end.map(rfc3339),
                starts: chain.starts.iter().map(|start| rfc3339(start.at)).collect(),
                breaks: chain.breaks.iter().map(hole).collect(),
            })
            .collect();
        let coverage = report.coverage.iter().map(|coverage| Coverage {
            account_id: coverage.scope.account_id.clone(),
            aws_region: coverage.scope.aws_region.clone(),
            spans: coverage.spans.iter().map(|(from, until)| Span { from: rfc3339(*from), until: rfc3339(*until) }).collect(),
            gaps: coverage.gaps.iter().map(hole).collect(),
        });
        let digest::Tally { verified, altered, missing, unlisted, pending, not_covered, not_read, digests, digests_refused } = report.tally;
        let tally = Tally { verified, altered, missing, unlisted, pending, not_covered, not_read, digests, digests_refused };
        let broken = chains.iter().flat_map(|chain| &chain.breaks).any(|hole| hole.tampering);
        let forged = self.refused.iter().any(|refused| refused.tampering);
        let coverage = coverage.collect();
        Verified {
            schema: "whodid.verify/v1",
            tampering: altered + missing + unlisted > 0 || broken || forged,
            tally,
            verify: self.logs,
            chains,
            coverage,
            refused: self.refused,
        }
    }
}
