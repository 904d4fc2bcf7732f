//! What a run of `ingest` has to read: every object of its sources, less what the lake holds and what another reader is for.
//!
//! Lists; fetches nothing and writes nothing.

use crate::commands::digests::{self, Found};
use crate::commands::ingest::Summary;
use crate::commands::session_logs;
use crate::failure::{Failure, causes};
use crate::settings::Settings;
use event::log_key::{self, Kind};
use futures::StreamExt as _;
use lake::{Known, Writer};
use source::{Listed, Source};
use std::sync::Arc;

/// How long after an event its object is made, mostly (CloudTrail User Guide: about 5 minutes on average; measured: up to 10).
const DELIVERY_MICROS: i64 = 15 * 60 * 1_000_000;

/// An object to read, and whence.
pub(crate) struct Todo {
    pub(crate) source: Arc<dyn Source>,
    pub(crate) listed: Listed,
    stamp: String,
    /// It could not be read before either, and that is written down.
    pub(crate) known_unreadable: bool,
}

/// Lists every source; leaves out what the ledger knows and what another reader is for.
pub(crate) async fn discover(
    sources: &[Arc<dyn Source>],
    settings: &Settings,
    writer: &Writer,
    found: &mut Found,
    summary: &mut Summary,
) -> Result<Vec<Todo>, Failure> {
    let mut todo = Vec::new();
    let mut addresses = std::collections::HashSet::new();
    for source in sources {
        if let Some(prefix) = source.prefix().filter(|_| settings.since.is_none() && settings.until.is_none()) {
            found.whole.push((prefix, crate::settings::now()));
        }
        let mut listing = source.list().await?;
        while let Some(item) = listing.next().await {
            let listed = match item {
                Ok(listed) => listed,
                Err(source::Error::Skipped { uri, why }) => {
                    summary.objects.seen += 1;
                    summary.objects.skipped += 1;
                    tracing::info!(uri, why, "left out");
                    continue;
                }
                Err(error) if matches!(error, source::Error::Credentials { .. }) => return Err(error.into()),
                Err(error) => {
                    summary.problem("unlisted", source.name(), None, &causes(&error));
                    continue;
                }
            };
            if !addresses.insert(listed.uri.clone()) {
                continue;
            }
            summary.objects.seen += 1;
            let key = log_key::classify(&listed.key);
            let known = |listed: &Listed| writer.known(&listed.uri, listed.size, listed.etag.as_deref(), listed.modified);
            if key.kind == Kind::Digest && !digests::is_sidecar(&listed.key) && known(&listed).is_none() {
                found.digests.push((Arc::clone(source), listed));
                continue;
            }
            let is_trails = matches!(key.kind, Kind::CloudTrail | Kind::Unplaced) && !is_no_log(&listed.key);
            if !is_trails && !session_logs::is_named_so(key.kind, &listed.key) {
                summary.objects.skipped += 1;
                continue;
            }
            if !in_window(key.stamp, settings) {
                summary.objects.skipped += 1;
                continue;
            }
            let known = known(&listed);
            if let Some(Known::Read | Known::Rejected) = known {
                summary.objects.rejected_before += u64::from(known == Some(Known::Rejected));
                continue;
            }
            summary.objects.new += 1;
            todo.push(Todo { source: Arc::clone(source), stamp: key.stamp.to_owned(), known_unreadable: known.is_some(), listed });
        }
    }
    // Oldest first over all accounts: an issuing event then mostly comes before what was done with it.
    todo.sort_by(|a, b| (&a.stamp, &a.listed.uri).cmp(&(&b.stamp, &b.listed.uri)));
    Ok(todo)
}

/// Whether an object made at that time belongs to the window asked for; one that does not say when it was made does. What a trail
/// delivers late is in the window of its delivery.
fn in_window(stamp: &str, settings: &Settings) -> bool {
    let part = |range: std::ops::Range<usize>| stamp.get(range).unwrap_or("");
    let time = format!("{}-{}-{}T{}:{}:00Z", part(0..4), part(4..6), part(6..8), part(9..11), part(11..13));
    let Some(made) = event::time::micros(&time) else { return true };
    settings.since.is_none_or(|since| made >= since) && settings.until.is_none_or(|until| made < until.saturating_add(DELIVERY_MICROS))
}

/// Files that stand beside logs and are none, by their names.
fn is_no_log(key: &str) -> bool {
    const ENDINGS: &[&str] = &[
        "md", "txt", "csv", "tsv", "html", "htm", "pdf", "py", "rs", "go", "js", "ts", "sh", "yml", "yaml", "toml", "tf", "png", "jpg",
        "jpeg", "svg", "lock", "parquet", "crc", "swp", "tmp",
    ];
    let name = key.rsplit('/').next().unwrap_or("");
    let lower = name.to_ascii_lowercase();
    name.starts_with('.')
        || matches!(lower.split(['.', '-']).next(), Some("license" | "readme" | "notice" | "makefile"))
        || lower.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.contains(&ending))
}
