//! How far log groups were read.

use crate::error::Result;
use crate::reader::Reader;
use crate::session_log::times;
use datafusion::logical_expr::{col, lit};
use lake::Table;

/// What such a run is called in `runs`.
pub const LOG_GROUP_RUN: &str = "log_group";

impl Reader {
    /// Up to when a log group was read, microseconds since 1970; none where it never was, or there is no lake yet.
    ///
    /// # Errors
    /// Where the lake cannot be read.
    pub async fn log_group_seen_until(&self, checkpoint_name: &str) -> Result<Option<i64>> {
        match self.need(&[Table::Runs]).await {
            Err(crate::Error::Lake(lake::Error::Absent { .. })) => return Ok(None),
            other => other?,
        }
        let condition = col("command").eq(lit(LOG_GROUP_RUN)).and(col("source").eq(lit(checkpoint_name)));
        let frame = self.context().await?.table(Table::Runs.name()).await?.filter(condition)?;
        let mut newest = None;
        for batch in frame.select_columns(&["ended"])?.collect().await? {
            newest = times(&batch, "ended")?.into_iter().flatten().max().max(newest);
        }
        Ok(newest)
    }
}
