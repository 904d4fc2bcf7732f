//! Hits that the index found in, the same with what `events` has of them out.

use crate::error::{Error, Result};
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
    /// Fills in what is missing. A hit whose event gave way to another one under its id stays as it is.
    ///
    /// # Errors
    /// Where a table cannot be read, and where the index names an event that is not there.
    pub(crate) async fn complete(&self, mut hits: Vec<&mut Hit>) -> Result<()> {
        hits.retain(|hit| hit.event.is_none());
        self.look_up(&mut hits).await?;
        if hits.is_empty() {
            return Ok(());
        }
        // Tables are opened side by side: the index may be newer than what was opened of `events`, and a newer writer may have evicted some.
        self.close(&[Table::Events, Table::Rejects]).await;
        self.look_up(&mut hits).await?;
        let lost = match hits.is_empty() {
            true => return Ok(()),
            false => self.conflicts().await?.lost,
        };
        match hits.iter().find(|hit| !lost.contains(&hit.place())) {
            Some(hit) => {
                Err(Error::Unmatched { account: hit.recipient_account_id.clone(), event_time: event::time::rfc3339(hit.event_time) })
            }
            None => Ok(()),
        }
    }

    /// Fills in what is missing and there; what is not there is left over.
    async fn look_up(&self, hits: &mut Vec<&mut Hit>) -> Result<()> {
        let mut missing: BTreeMap<i32, Moments> = BTreeMap::new();
        for hit in hits.iter() {
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
        hits.retain_mut(|hit| {
            hit.event = found.get(&hit.place()).and_then(|found: &Hit| found.event.clone());
            hit.event.is_none()
        });
        Ok(())
    }
}
