//! How sources were listed and what a run would read, as text.

use crate::args::Format;
use crate::commands::discover::{Listing, Names};
use crate::commands::dry_run::Plan;
use crate::failure::Failure;
use crate::render::human::size;
use crate::render::text::plain;
use crate::render::{json, out};
use crate::settings::Settings;
use std::fmt::Write as _;

/// What a run would do.
pub(crate) fn plan(settings: &Settings, plan: &Plan) -> Result<(), Failure> {
    match settings.format {
        Format::Human | Format::Table => out(&human(plan)),
        _ => out(&json::document(plan, settings.fields.as_deref())?),
    }
}

fn human(plan: &Plan) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "{} objects seen; to read: {} logs of {} as stored, and {} digests\nrequests: {} to list, {} to read: about {:.4} USD ({})\nnothing was read or written",
        plan.objects.seen,
        plan.objects.new,
        size(plan.bytes.compressed),
        plan.digests,
        plan.requests.list,
        plan.requests.get,
        plan.cost_usd,
        plan.prices.basis,
    );
    notes(&mut text, &plan.listing);
    text
}

/// What listing showed that a person should know.
pub(super) fn notes(text: &mut String, listing: &Listing) {
    // Writing to a String cannot fail.
    if let Some(older) = &listing.not_ingested {
        let _ = writeln!(
            text,
            "older logs were left out: {} accounts and regions have some, from {} until {}; to read them, add: --since {}",
            older.folders, older.since, older.until, older.since
        );
    }
    for (what, names) in [
        ("accounts and regions seen for the first time", &listing.first_seen),
        ("prefixes of another layout, listed whole", &listing.listed_whole),
        ("folders of other services, not listed", &listing.left_out),
        ("left out by --account, --aws-region or the configuration", &listing.filtered),
        ("WARNING: overwritten since they were read, which CloudTrail never does", &listing.overwritten),
        ("WARNING: gone since they were read", &listing.vanished),
    ] {
        if names.count > 0 {
            let _ = writeln!(text, "{what}: {} ({})", names.count, shown(names));
        }
    }
}

fn shown(names: &Names) -> String {
    let more = if names.count > names.names.len() as u64 { ", …" } else { "" };
    names.names.iter().map(|name| plain(name).to_string()).collect::<Vec<_>>().join(", ") + more
}
