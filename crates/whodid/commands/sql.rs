//! `whodid sql`: a query over the lake's tables and views.

use crate::commands::asking;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render;
use crate::settings::Settings;
use query::Reader;
use std::path::PathBuf;

pub(crate) async fn run(settings: &Settings, command: Option<String>, file: Option<PathBuf>, maxrows: usize) -> Result<Exit, Failure> {
    let text = match (command, file) {
        (Some(text), _) => text,
        (None, Some(path)) => std::fs::read_to_string(&path)
            .map_err(|error| Failure::usage(format!("cannot read {}: {error}", path.display()), "give a file with one query"))?,
        (None, None) => {
            return Err(Failure::usage("no query", "whodid sql -c 'select event_name, count(*) from changes group by event_name'"));
        }
    };
    let asking = asking(settings).await?;
    let now = crate::settings::now();
    // Queries of reports are about a span of time.
    let span = settings.since.map(|since| query::ReportSpan { since, until: settings.until.unwrap_or(now), trend: since, version: 0 });
    let rows = Reader::new(&asking.lake).at(now).sql_rows(&text, maxrows, span).await?;
    render::rows(settings, &rows)?;
    Ok(Exit::Done)
}
