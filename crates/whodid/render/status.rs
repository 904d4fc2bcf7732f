//! How fresh a lake is, as text.

use crate::args::Format;
use crate::commands::status::{Source, Status};
use crate::failure::Failure;
use crate::render::text::plain;
use crate::render::{json, out, table};
use crate::settings::Settings;
use std::fmt::Write as _;

/// Writes what was found.
pub(crate) fn status(settings: &Settings, found: &Status) -> Result<(), Failure> {
    match settings.format {
        Format::Json => out(&json::document(found, settings.fields.as_deref())?),
        Format::Jsonl => out(&json::lines(&found.status)?),
        Format::Human => out(&human(found)),
        _ => {
            const COLUMNS: [&str; 12] = [
                "source",
                "account_id",
                "aws_region",
                "objects",
                "records",
                "rejected",
                "unread",
                "first_event_time",
                "last_event_time",
                "delay_seconds",
                "delay_p95_seconds",
                "gaps",
            ];
            out(&table::write(&COLUMNS.map(str::to_owned), found.status.iter().map(cells), settings.format))
        }
    }
}

fn cells(Source { source, gaps }: &Source) -> Vec<Option<String>> {
    vec![
        Some(source.source.clone()),
        Some(source.account_id.clone()),
        Some(source.aws_region.clone()),
        Some(source.objects.to_string()),
        Some(source.records.to_string()),
        Some(source.rejected.to_string()),
        Some(source.unread.to_string()),
        source.first_event_time.clone(),
        source.last_event_time.clone(),
        source.delay_seconds.map(|delay| delay.to_string()),
        source.delay_p95_seconds.map(|delay| delay.to_string()),
        Some(gaps.len().to_string()),
    ]
}

fn human(found: &Status) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = match &found.last_run {
        Some(run) => writeln!(text, "last run: ended {}, of {}", run.ended, plain(&run.source)),
        None => writeln!(text, "no run of ingest has read anything"),
    };
    for Source { source, gaps } in &found.status {
        let place = if source.account_id.is_empty() {
            "no account in its name".to_owned()
        } else {
            format!("{} {}", plain(&source.account_id), plain(&source.aws_region))
        };
        let _ = writeln!(text, "{}: {place}", plain(&source.source));
        let last = source.last_event_time.as_deref().unwrap_or("none");
        let age = source.age_seconds.map(|age| format!(" ({} ago)", span(age))).unwrap_or_default();
        let slow = source.delay_p95_seconds.map(|delay| format!(" (95 of 100: {})", span(delay))).unwrap_or_default();
        let delay = source.delay_seconds.map(|delay| format!(", delivered after {}{slow}", span(delay))).unwrap_or_default();
        let first = source.first_event_time.as_deref().unwrap_or("none");
        let _ = writeln!(text, "  events from {first} to {last}{age}{delay}");
        let _ = writeln!(
            text,
            "  {} objects, {} records; {} records rejected, {} objects rejected or unread",
            source.objects, source.records, source.rejected, source.unread
        );
        for gap in gaps {
            let from = gap.from.as_deref().unwrap_or("the beginning");
            let _ = writeln!(text, "  gap: {} from {from} until {}", gap.why.replace('_', " "), gap.until);
        }
    }
    for listing in &found.listings {
        let how = if listing.by_days { "listed by account, region and day" } else { "listed whole" };
        let swept = listing.swept.as_deref().unwrap_or("never");
        let _ = writeln!(text, "{}: {how}; last compared with the lake: {swept}", plain(&listing.source));
        if listing.overwritten + listing.vanished > 0 {
            let (overwritten, vanished) = (listing.overwritten, listing.vanished);
            let _ = writeln!(text, "  WARNING: {overwritten} objects were overwritten and {vanished} are gone since they were read");
        }
    }
    text
}

/// Seconds as a person reads them.
fn span(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}
