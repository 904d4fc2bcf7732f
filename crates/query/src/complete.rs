//! Hits that the index found in, the same with what `events` has of them out.

use crate::error::Result;
use crate::hits::{self, Hit};
use crate::reader::Reader;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{col, lit};
use lake::Table;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Columns of `events` that a hit is made of.
pub(crate) const HIT_COLUMNS: [&str; 15] = [
    "event_id",
    "recipient_account_id",
    "aws_region",
    "event_source",
    "event_name",
    "error_code",
    "shared_event_id",
    "user_arn",
    "user_account_id",
    "event_time",
    "read_only",
    "record",
    "resource_arns",
    "object_id",
    "credential_id",
];

/// Values in one list of a query, at most.
const VALUES_MAX: usize = 150;

impl Reader {
    /// Fills in what is missing. A hit whose event is no longer there stays as it is.
    pub(crate) async fn complete(&self, hits: Vec<&mut Hit>) -> Result<()> {
        let mut missing: BTreeMap<i32, BTreeMap<i64, BTreeSet<String>>> = BTreeMap::new();
        for hit in hits.iter().filter(|hit| hit.event.is_none()) {
            let times = missing.entry(lake::day_of(hit.event_time)).or_default();
            times.entry(hit.event_time).or_default().insert(hit.recipient_account_id.clone());
        }
        if missing.is_empty() {
            return Ok(());
        }
        self.need(&[Table::Events]).await?;
        let mut found = HashMap::new();
        for (day, times) in missing {
            let times: Vec<(i64, BTreeSet<String>)> = times.into_iter().collect();
            for part in times.chunks(VALUES_MAX) {
                let time = |micros: i64| lit(ScalarValue::TimestampMicrosecond(Some(micros), Some("UTC".into())));
                let accounts: BTreeSet<&String> = part.iter().flat_map(|(_, accounts)| accounts).collect();
                let condition = col("dt")
                    .eq(lit(ScalarValue::Date32(Some(day))))
                    .and(col("event_time").in_list(part.iter().map(|(micros, _)| time(*micros)).collect(), false))
                    .and(col("recipient_account_id").in_list(accounts.into_iter().map(|account| lit(account.as_str())).collect(), false));
                let frame = self.context().table("events").await?.filter(condition)?.select_columns(&HIT_COLUMNS)?;
                found.extend(hits::read_events(&frame.collect().await?)?.into_iter().map(|hit| (hit.place(), hit)));
            }
        }
        for hit in hits.into_iter().filter(|hit| hit.event.is_none()) {
            hit.event = found.get(&hit.place()).and_then(|found: &Hit| found.event.clone());
        }
        Ok(())
    }
}
