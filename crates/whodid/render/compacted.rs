//! What `whodid compact` did, for a person and for a program.

use super::{json, out, table};
use crate::args::Format;
use crate::commands::compact::Done;
use crate::failure::Failure;
use crate::settings::Settings;

/// A line for each table.
pub(crate) fn compacted(settings: &Settings, done: &Done) -> Result<(), Failure> {
    match settings.format {
        Format::Json => out(&json::document(done, settings.fields.as_deref())?),
        Format::Jsonl => out(&json::lines(&done.compact)?),
        Format::Human => out(&sentences(done)),
        _ => {
            let names: [&str; 6] = ["table", "files_before", "files_after", "bytes_before", "bytes_after", "files_deleted"];
            let values = done.compact.iter().map(|table| {
                let numbers = [table.files_before, table.files_after, table.bytes_before, table.bytes_after, table.files_deleted];
                std::iter::once(table.table.to_owned()).chain(numbers.map(|number| number.to_string())).map(Some).collect()
            });
            out(&table::write(&names.map(str::to_owned), values, settings.format))
        }
    }
}

fn sentences(done: &Done) -> String {
    let mut text = String::new();
    for table in &done.compact {
        let megabytes = |bytes: u64| bytes as f64 / 1e6;
        text += &format!(
            "{:<12} {:>5} files, {:>9.1} MB  ->  {:>5} files, {:>9.1} MB",
            table.table,
            table.files_before,
            megabytes(table.bytes_before),
            table.files_after,
            megabytes(table.bytes_after)
        );
        if table.files_deleted > 0 {
            text += &format!("; {} replaced before deleted", table.files_deleted);
        }
        text.push('\n');
    }
    text
}
