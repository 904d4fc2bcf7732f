//! What became of a report, as text.

use crate::args::Format;
use crate::commands::report::{Made, Sample, Verified};
use crate::failure::Failure;
use crate::render::text::plain;
use crate::render::{human, json, out};
use crate::settings::Settings;

/// A report that was written: its summary, and where it lies.
pub(crate) fn made(settings: &Settings, made: &Made) -> Result<(), Failure> {
    match settings.format {
        Format::Human | Format::Table => out(&format!("{}\n{}\n", made.summary, plain(&made.folder))),
        _ => out(&json::document(made, settings.fields.as_deref())?),
    }
}

/// How a report's files compare with its manifest.
pub(crate) fn report_verified(settings: &Settings, verified: &Verified) -> Result<(), Failure> {
    match settings.format {
        Format::Human | Format::Table => {
            let mut text: String = verified.faults.iter().map(|fault| format!("{}: {}\n", fault.fault, plain(&fault.name))).collect();
            if text.is_empty() {
                text = format!("{} parts are as the manifest says\n", verified.parts);
            }
            out(&text)
        }
        _ => out(&json::document(verified, settings.fields.as_deref())?),
    }
}

/// A sample: each change with its proof.
pub(crate) fn sample(settings: &Settings, sample: &Sample) -> Result<(), Failure> {
    match settings.format {
        Format::Human => {
            let head = format!(
                "{} of {} changes from {} until {}, drawn with seed {}\n",
                sample.changes.len(),
                sample.population,
                sample.from,
                sample.until,
                sample.seed
            );
            out(&(head + &human::proofs(&sample.changes)))
        }
        Format::Jsonl => out(&json::lines(&sample.changes)?),
        _ => out(&json::document(sample, settings.fields.as_deref())?),
    }
}
