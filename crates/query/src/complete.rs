//! Hits that the index found in, the same with what `events` has of them out.

use crate::error::Result;
use crate::hits::{self, Hit};
use crate::reader::Reader;
use futures::future::try_join_all;
use lake::{Moments, Table};
use std::collections::{BTreeMap, HashMap};

/// Columns of `events` that a hit is made of.
pub(crate) const HIT_COLUMNS: [&str; 18] = [
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
    "principal_id",
    "user_agent",
    "invoked_by",
];

impl Reader {
    /// Fills in what is missing. A hit whose event is no longer there stays as it is.
    pub(crate) async fn complete(&self, hits: Vec<&mut Hit>) -> Result<()> {
        let mut missing: BTreeMap<i32, Moments> = BTreeMap::new();
        for hit in hits.iter().filter(|hit| hit.event.is_none()) {
            let moments = missing.entry(lake::day_of(hit.event_time)).or_default();
            moments.insert((hit.event_time, hit.recipient_account_id.clone()));
        }
        if missing.is_empty() {
            return Ok(());
        }
        let events = self.points(Table::Events).await?;
        let mut found = HashMap::new();
        for batches in try_join_all(missing.iter().map(|(day, moments)| events.events_at(*day, moments, &HIT_COLUMNS))).await? {
            found.extend(hits::read_events(&batches)?.into_iter().map(|hit| (hit.place(), hit)));
        }
        for hit in hits.into_iter().filter(|hit| hit.event.is_none()) {
            hit.event = found.get(&hit.place()).and_then(|found: &Hit| found.event.clone());
        }
        Ok(())
    }
}
