//! Answers as tables: in a box for a terminal, and separated for spreadsheets.

use crate::args::Format;
use crate::failure::Failure;
use crate::render::text::{cell, plain};
use crate::settings::Settings;
use query::{Answer, SqlRows};

/// Changes as rows.
pub(crate) fn changes(answer: &Answer, format: Format) -> String {
    let columns = [
        "event_time",
        "actor_kind",
        "actor_id",
        "certainty",
        "event_name",
        "resources",
        "recipient_account_id",
        "aws_region",
        "error_code",
        "caused_by",
        "event_id",
    ];
    let rows = answer.changes.iter().map(|change| {
        let part = |name: &str| change.actor.get(name).and_then(|value| value.as_str()).map(str::to_owned);
        vec![
            Some(change.event_time.clone()),
            part("kind"),
            part("id"),
            Some(change.certainty.to_owned()),
            Some(change.event_name.clone()),
            Some(change.resources.join(" ")),
            Some(change.recipient_account_id.clone()),
            Some(change.aws_region.clone()),
            change.error_code.clone(),
            Some(crate::render::causes::short(change)).filter(|causes| !causes.is_empty()),
            Some(change.event_id.clone()),
        ]
    });
    write(&columns.map(str::to_owned), rows, format)
}

/// What a query brought, for programs; columns in the query's order.
#[derive(serde::Serialize)]
struct Document<'a> {
    schema: &'static str,
    rows: &'a [Box<serde_json::value::RawValue>],
    truncated: bool,
}

/// What a query brought.
pub(crate) fn rows(settings: &Settings, rows: &SqlRows) -> Result<(), Failure> {
    let text = match settings.format {
        Format::Json => {
            crate::render::json::document(&Document { schema: "whodid.sql/v1", rows: &rows.json, truncated: rows.truncated }, None)?
        }
        Format::Jsonl => crate::render::json::lines(&rows.json)?,
        format => write(&rows.columns, rows.rows.iter().cloned(), format),
    };
    crate::render::out(&text)?;
    if rows.truncated {
        crate::render::note("whodid: there are more rows; --maxrows N shows them\n");
    }
    Ok(())
}

/// Rows in the format that was asked for.
pub(crate) fn write(columns: &[String], rows: impl Iterator<Item = Vec<Option<String>>>, format: Format) -> String {
    let separated = |separator: char, quote: fn(&str) -> String| {
        let line = |values: Vec<String>| values.join(&separator.to_string()) + "\r\n";
        line(columns.iter().map(|column| quote(&cell(column))).collect())
    };
    match format {
        Format::Csv => {
            separated(',', quoted)
                + &rows
                    .map(|row| row.iter().map(|value| quoted(&cell(value.as_deref().unwrap_or("")))).collect::<Vec<_>>().join(",") + "\r\n")
                    .collect::<String>()
        }
        Format::Tsv => {
            separated('\t', str::to_owned)
                + &rows
                    .map(|row| {
                        row.iter().map(|value| cell(value.as_deref().unwrap_or("")).into_owned()).collect::<Vec<_>>().join("\t") + "\r\n"
                    })
                    .collect::<String>()
        }
        _ => {
            let mut table = comfy_table::Table::new();
            table.load_preset(comfy_table::presets::UTF8_FULL_CONDENSED);
            table.set_header(columns.iter().map(|column| plain(column).into_owned()));
            for row in rows {
                table.add_row(row.iter().map(|value| plain(value.as_deref().unwrap_or("")).into_owned()));
            }
            format!("{table}\n")
        }
    }
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.to_owned() }
}
