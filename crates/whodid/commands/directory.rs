//! The part of `whodid ingest` that reads the company's directory: `directory://` asks AWS, `directory://PLACE` reads listings that the AWS
//! command line wrote, in a folder or a bucket.

use crate::commands::ingest::Summary;
use crate::failure::{Failure, causes};
use crate::settings::Settings;
use futures::StreamExt as _;
use identity::EntryKind;
use lake::{Lake, Snapshot, directory, directory_listing as listing};
use std::collections::BTreeMap;

/// What a source of the directory begins with.
const SCHEME: &str = "directory://";

/// What was read of the directory.
#[derive(Debug, Default, Clone, serde::Serialize)]
pub(crate) struct Listed {
    /// Snapshots that the lake did not have, and those that it had.
    pub(crate) new: u64,
    pub(crate) seen_before: u64,
    /// Entries of the new ones, by kind.
    pub(crate) entries: BTreeMap<&'static str, u64>,
}

/// Whether a source is the directory.
pub(crate) fn is_directory(spec: &str) -> bool {
    place(spec).is_some()
}

/// Where the listings of a directory lie; empty where AWS is asked.
pub(crate) fn place(spec: &str) -> Option<&str> {
    spec.strip_prefix(SCHEME)
}

/// Reads snapshots into the lake.
pub(crate) async fn ingest(
    settings: &Settings,
    lake: &Lake,
    specs: &[&str],
    (run_id, now): (&str, i64),
    summary: &mut Summary,
) -> Result<(), Failure> {
    let mut snapshots = Vec::new();
    for spec in specs {
        match place(spec).filter(|place| !place.is_empty()) {
            Some(place) => snapshots.extend(of_files(settings, place, summary).await?),
            None => snapshots.extend(of_aws(settings, now, summary).await?),
        }
    }
    let listed = &mut summary.directory;
    for snapshot in &snapshots {
        // One at a time: which of them are new is counted by kind.
        if directory::append(lake, std::slice::from_ref(snapshot), run_id, now).await? == 0 {
            listed.seen_before += 1;
            continue;
        }
        listed.new += 1;
        for entry in &snapshot.entries {
            *listed.entries.entry(entry.kind.word()).or_default() += 1;
        }
    }
    Ok(())
}

/// What AWS lists now, as one snapshot.
async fn of_aws(settings: &Settings, now: i64, summary: &mut Summary) -> Result<Option<Snapshot>, Failure> {
    if settings.offline {
        return Err(Failure::usage(
            "--offline, and directory:// asks AWS",
            "name a folder with the AWS command line's listings: directory://FOLDER",
        ));
    }
    let (mut entries, mut documents) = (Vec::new(), Vec::new());
    for part in source::list_directory(&settings.source_options()).await {
        match part.document {
            Ok(document) => {
                let json = document.to_string().into_bytes();
                entries.extend(listing::read(&json).unwrap_or_default());
                documents.extend(json);
            }
            Err(error @ source::Error::Credentials { .. }) => return Err(error.into()),
            Err(error) => summary.problem("unlisted", SCHEME, None, &causes(&error)),
        }
    }
    let snapshot = Snapshot::new(SCHEME, &documents, now, entries);
    Ok(Some(snapshot).filter(|snapshot| !snapshot.entries.is_empty()))
}

/// What files list, each a snapshot of the day in its name or of its last change.
async fn of_files(settings: &Settings, place: &str, summary: &mut Summary) -> Result<Vec<Snapshot>, Failure> {
    if settings.offline && source::is_s3(place) {
        return Err(Failure::usage(format!("--offline, and {place} is in S3"), "name a folder, or leave --offline out"));
    }
    let source = source::open(place, &settings.source_options()).await?;
    let mut snapshots = Vec::new();
    let mut found = source.list().await?;
    while let Some(item) = found.next().await {
        let listed = match item {
            Ok(listed) => listed,
            Err(source::Error::Skipped { .. }) => continue,
            Err(error) => return Err(error.into()),
        };
        summary.objects.seen += 1;
        if !listed.key.ends_with(".json") && !listed.uri.ends_with(".json") {
            summary.objects.skipped += 1;
            continue;
        }
        let bytes = source.fetch(&listed, listing::LISTING_BYTES_MAX).await?;
        summary.bytes.compressed += bytes.len() as u64;
        let (read, as_of) = (listing::read(&bytes), day_named(&listed.uri).or(listed.modified));
        match (read, as_of) {
            (Some(entries), Some(as_of)) => {
                summary.objects.read += 1;
                snapshots.push(Snapshot::new(&listed.uri, &bytes, as_of, entries));
            }
            _ => {
                summary.objects.rejected += 1;
                summary.problem("not_a_listing", &listed.uri, None, "it is no listing of users, groups, assignments or accounts");
            }
        }
    }
    Ok(snapshots)
}

/// The last day that a path names, as `2026-11-18`: its beginning, in microseconds since 1970.
fn day_named(path: &str) -> Option<i64> {
    let mut days = (0..path.len()).rev().filter_map(|at| path.get(at..at + 10)).filter(|text| {
        text.bytes().enumerate().all(|(place, byte)| if matches!(place, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() })
    });
    days.find_map(|day| event::time::micros(&format!("{day}T00:00:00Z")))
}

/// Sums for a person; nothing where no directory was read.
pub(crate) fn sentence(listed: &Listed) -> Option<String> {
    if listed.new + listed.seen_before == 0 {
        return None;
    }
    let count = |kind: EntryKind| listed.entries.get(kind.word()).copied().unwrap_or(0);
    Some(format!(
        "{} new listings of the directory, {} seen before: {} accounts, {} users, {} groups, {} assignments\n",
        listed.new,
        listed.seen_before,
        count(EntryKind::Account),
        count(EntryKind::User),
        count(EntryKind::Group),
        count(EntryKind::Assignment)
    ))
}

#[cfg(test)]
mod tests {
    use super::day_named;

    #[test]
    fn a_listing_is_of_the_last_day_that_its_path_names() {
        let day = |text: &str| event::time::micros(&format!("{text}T00:00:00Z"));
        assert_eq!(day_named("/d/2026-11-18/users.json"), day("2026-11-18"));
        assert_eq!(day_named("/d/2026-11-18/users-2026-11-19.json"), day("2026-11-19"));
        assert_eq!(day_named("/d/2026-13-18/users.json"), None);
        assert_eq!(day_named("/d/日本語のとても長い名前/users.json"), None);
    }
}
