//! What `verify` found, as text.

use crate::args::Format;
use crate::commands::verify::{Hole, Verified};
use crate::failure::Failure;
use crate::render::text::plain;
use crate::render::{json, out, table};
use crate::settings::Settings;
use std::fmt::Write as _;

/// Objects of a kind that a person is shown; programs get all.
const OBJECTS_SHOWN: usize = 50;

/// Writes what was found.
pub(crate) fn verified(settings: &Settings, found: &Verified) -> Result<(), Failure> {
    match settings.format {
        Format::Json => out(&json::document(found, settings.fields.as_deref())?),
        Format::Jsonl => out(&json::lines(&found.verify)?),
        Format::Human => out(&human(found)),
        _ => {
            let rows = found.verify.iter().map(|log| vec![Some(log.object.clone()), Some(log.integrity.to_owned()), log.sha256.clone()]);
            out(&table::write(&["object", "integrity", "sha256"].map(str::to_owned), rows, settings.format))
        }
    }
}

/// Writing to a String cannot fail.
fn say(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    let _ = text.write_fmt(arguments);
    text.push('\n');
}

fn human(found: &Verified) -> String {
    let (mut text, tally) = (String::new(), &found.tally);
    let verdict = match () {
        () if found.tampering => "not as CloudTrail delivered it",
        () if tally.digests == 0 => "nothing is proved: no digest was read that AWS signed (whodid ingest reads those beside the logs)",
        () => "no sign of tampering",
    };
    say(&mut text, format_args!("{verdict}"));
    say(
        &mut text,
        format_args!(
            "  logs: {} verified, {} altered, {} missing, {} unlisted, {} pending, {} not covered, {} listed and not read",
            tally.verified, tally.altered, tally.missing, tally.unlisted, tally.pending, tally.not_covered, tally.not_read
        ),
    );
    say(&mut text, format_args!("  digests: {} signed by AWS, {} refused", tally.digests, tally.digests_refused));
    let wrong: Vec<_> = found.verify.iter().filter(|log| matches!(log.integrity, "altered" | "missing" | "unlisted")).collect();
    for log in wrong.iter().take(OBJECTS_SHOWN) {
        say(&mut text, format_args!("  {}: {}", log.integrity, plain(&log.object)));
    }
    if wrong.len() > OBJECTS_SHOWN {
        say(&mut text, format_args!("  … and {} more: --format csv shows them", wrong.len() - OBJECTS_SHOWN));
    }
    for refused in found.refused.iter().take(OBJECTS_SHOWN) {
        say(&mut text, format_args!("  no digest of AWS's ({}): {}", refused.why, plain(&refused.object)));
    }
    for chain in &found.chains {
        for hole in &chain.breaks {
            let (trail, account, region) = (plain(&chain.trail_name), plain(&chain.account_id), plain(&chain.aws_region));
            say(&mut text, format_args!("  trail {trail}, account {account}, {region}: {}", spelt(hole)));
        }
    }
    text
}

fn spelt(hole: &Hole) -> String {
    let from = hole.from.as_deref().unwrap_or("the beginning");
    let mut text = format!("{} from {from} until {}", hole.why.replace('_', " "), hole.until);
    for object in &hole.objects {
        let _ = write!(text, "\n    {}", plain(object));
    }
    text
}
