//! What `init` found and what `doctor` checked, as text.

use crate::args::Format;
use crate::commands::doctor::{Check, Checked};
use crate::commands::init::Found;
use crate::failure::Failure;
use crate::render::text::plain;
use crate::render::{json, out, table};
use crate::settings::Settings;
use std::fmt::Write as _;

/// Writes what was found.
pub(crate) fn found(settings: &Settings, found: &Found) -> Result<(), Failure> {
    match settings.format {
        Format::Human | Format::Table => out(&human(found)),
        _ => out(&json::document(found, settings.fields.as_deref())?),
    }
}

/// Writing to a String cannot fail.
fn say(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    let _ = text.write_fmt(arguments);
    text.push('\n');
}

fn human(found: &Found) -> String {
    let mut text = String::new();
    say(&mut text, format_args!("account {}, {}", plain(&found.account_id), plain(&found.aws_region)));
    for trail in &found.trails {
        let kind = if trail.is_organization { "organisation" } else { "account" };
        say(&mut text, format_args!("{kind} trail {} ({}): {}", plain(&trail.name), plain(&trail.home_region), plain(&trail.address)));
        let is_logging = match trail.is_logging {
            Some(true) => "recording",
            Some(false) => "switched off",
            None => "not known whether it records",
        };
        let regions = if trail.is_multi_region { "all regions" } else { "one region" };
        let digests = if trail.is_validated { "log file validation on" } else { "log file validation off" };
        let key = trail.kms_key_id.as_ref().map(|key| format!(", key {}", plain(key))).unwrap_or_default();
        say(&mut text, format_args!("  {is_logging}, {regions}, {digests}{key}"));
        if let Some(group) = &trail.log_group_arn {
            say(&mut text, format_args!("  also to the log group {}", plain(group)));
        }
        if let Some(layout) = &trail.layout {
            let organisation = layout.organization_ids.iter().map(|id| plain(id)).collect::<Vec<_>>().join(", ");
            let of = if organisation.is_empty() { String::new() } else { format!(" of {organisation}") };
            let regions = layout.aws_regions.iter().map(|region| plain(region)).collect::<Vec<_>>().join(", ");
            say(&mut text, format_args!("  in the bucket: {} accounts{of}; regions {regions}", layout.account_ids.len()));
        }
    }
    if let Some(logs) = &found.session_logs {
        let places = [logs.address.as_deref(), logs.log_group.as_deref()];
        let places: Vec<_> = places.into_iter().flatten().map(plain).collect();
        say(&mut text, format_args!("transcripts of sessions: {}", places.join(", ")));
    }
    for unseen in &found.unseen {
        let needs = unseen.permission.as_ref().map(|permission| format!("; it takes {}", plain(permission))).unwrap_or_default();
        say(&mut text, format_args!("not seen: {}{needs}", plain(&unseen.what)));
    }
    say(&mut text, format_args!("\nwrote {}:", plain(&found.written)));
    for line in found.config.lines() {
        say(&mut text, format_args!("  {}", plain(line)));
    }
    say(&mut text, format_args!("\nnext: {}   (then: whodid doctor)", plain(&found.next)));
    text
}

/// Writes what was checked.
pub(crate) fn checked(settings: &Settings, checked: &Checked) -> Result<(), Failure> {
    match settings.format {
        Format::Json => out(&json::document(checked, settings.fields.as_deref())?),
        Format::Jsonl => out(&json::lines(&checked.checks)?),
        Format::Human => out(&checks(&checked.checks)),
        _ => {
            let rows = checked.checks.iter().map(|check| {
                let status = check.status.word().to_owned();
                vec![Some(check.name.to_owned()), check.subject.clone(), Some(status), Some(check.detail.clone()), check.fix.clone()]
            });
            out(&table::write(&["name", "subject", "status", "detail", "fix"].map(str::to_owned), rows, settings.format))
        }
    }
}

fn checks(checks: &[Check]) -> String {
    let mut text = String::new();
    for check in checks {
        let subject = check.subject.as_ref().map(|subject| format!(" {}", plain(subject))).unwrap_or_default();
        say(&mut text, format_args!("{:<8} {}{subject}: {}", check.status.word(), check.name, plain(&check.detail)));
        if let Some(fix) = &check.fix {
            say(&mut text, format_args!("         fix: {}", plain(fix)));
        }
    }
    let count = |word: &str| checks.iter().filter(|check| check.status.word() == word).count();
    say(
        &mut text,
        format_args!("{} problems, {} warnings, {} ok, {} skipped", count("problem"), count("warning"), count("ok"), count("skipped")),
    );
    text
}
