//! `whodid compact`: fewer, larger files for the same rows.

use crate::commands::user_lake;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::render;
use crate::settings::Settings;
use lake::Writer;
use lake::compact::{Compacted, Extent};
use serde::Serialize;
use std::time::Duration;

/// What became of the lake's tables.
#[derive(Debug, Serialize)]
pub(crate) struct Done {
    pub(crate) schema: &'static str,
    pub(crate) compact: Vec<Compacted>,
}

pub(crate) async fn run(settings: &Settings, keep_hours: u64) -> Result<Exit, Failure> {
    let lake = user_lake(settings)?;
    // A lake that is not there is not made.
    lake.open(lake::Table::Events).await?;
    let mut writer = Writer::open(&lake).await?;
    let keep = Duration::from_hours(keep_hours);
    let compact = writer.compact(Extent::Everything, keep, crate::settings::now()).await?;
    render::compacted(settings, &Done { schema: "whodid.compact/v1", compact })?;
    Ok(Exit::Done)
}
