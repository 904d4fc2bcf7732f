//! What the monitor knows already, and the records that its rules read.

use crate::error::{Error, Result};
use crate::hits::{optional, text};
use crate::reader::Reader;
use crate::session_log::{VALUES_MAX, times};
use datafusion::arrow::array::RecordBatch;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr, col, lit};
use event::time::rfc3339;
use futures::StreamExt as _;
use lake::Table;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// An alert that was noted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// Who; `None` where nobody was named.
    pub actor_id: Option<String>,
    /// The session it was in.
    pub session_id: Option<String>,
    /// Whose account; `None` for a session that CloudTrail did not know yet.
    pub account_id: Option<String>,
}

/// Up to which version of a table each rule has looked.
pub type Watermarks = BTreeMap<String, BTreeMap<String, i64>>;

/// What earlier runs of the monitor noted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AlertRuns {
    /// Up to where they looked.
    pub watermarks: Watermarks,
    /// Alerts that a sink took while another, or the end of a pause, is still awaited; by sink.
    pub taken: BTreeMap<String, BTreeSet<String>>,
}

/// The last message about a session that was noted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LastTold {
    /// When, microseconds since 1970.
    pub noted: i64,
    /// Levels of what was told.
    pub levels: BTreeSet<String>,
}

/// Text columns of `events` by CloudTrail's names.
const TEXTS: [(&str, &str); 13] = [
    ("event_id", "eventID"),
    ("event_version", "eventVersion"),
    ("event_source", "eventSource"),
    ("event_name", "eventName"),
    ("aws_region", "awsRegion"),
    ("recipient_account_id", "recipientAccountId"),
    ("source_ip_address", "sourceIPAddress"),
    ("user_agent", "userAgent"),
    ("error_code", "errorCode"),
    ("error_message", "errorMessage"),
    ("event_type", "eventType"),
    ("event_category", "eventCategory"),
    ("vpc_endpoint_id", "vpcEndpointId"),
];

/// Columns of `events` that hold JSON, by CloudTrail's names.
const DOCUMENTS: [(&str, &str); 5] = [
    ("user_identity", "userIdentity"),
    ("request_parameters", "requestParameters"),
    ("response_elements", "responseElements"),
    ("additional_event_data", "additionalEventData"),
    ("resources", "resources"),
];

impl Reader {
    /// Those of the given alerts that were noted before; from a day on (counted from 1970), where one is given.
    ///
    /// # Errors
    /// Where the lake cannot be read.
    pub async fn known_alerts(&self, alert_ids: &BTreeSet<String>, from_day: Option<i32>) -> Result<BTreeMap<String, Known>> {
        let ids: Vec<&String> = alert_ids.iter().collect();
        let mut known = BTreeMap::new();
        for part in ids.chunks(VALUES_MAX) {
            let list = part.iter().map(|id| lit(id.as_str())).collect();
            let mut condition = col("alert_id").in_list(list, false);
            if let Some(day) = from_day {
                condition = condition.and(col("dt").gt_eq(lit(ScalarValue::Date32(Some(day)))));
            }
            known.extend(self.noted(condition).await?.into_iter().map(|(id, known, _)| (id, known)));
        }
        Ok(known)
    }

    /// Sessions of alerts that named nobody, or that were told before their session was known to CloudTrail, noted from a day on (counted from
    /// 1970), and for which nothing better came since.
    ///
    /// # Errors
    /// Where the lake cannot be read.
    pub async fn nameless_sessions(&self, from_day: i32) -> Result<BTreeSet<String>> {
        let all = self.noted(col("dt").gt_eq(lit(ScalarValue::Date32(Some(from_day))))).await?;
        let updated: BTreeSet<&String> = all.iter().filter_map(|(_, _, update_of)| update_of.as_ref()).collect();
        let is_open = |known: &Known| known.actor_id.is_none() || known.account_id.is_none();
        let nameless = all.iter().filter(|(id, known, _)| is_open(known) && !updated.contains(id));
        Ok(nameless.filter_map(|(_, known, _)| known.session_id.clone()).collect())
    }

    async fn noted(&self, condition: Expr) -> Result<Vec<(String, Known, Option<String>)>> {
        self.need(&[Table::Alerts]).await?;
        let frame = self.context().await?.table(Table::Alerts.name()).await?.filter(condition)?;
        let mut found = Vec::new();
        for batch in frame.select_columns(&["alert_id", "actor_id", "session_id", "account_id", "update_of"])?.collect().await? {
            let (id, actor) = (text(&batch, "alert_id")?, text(&batch, "actor_id")?);
            let (session, update_of) = (text(&batch, "session_id")?, text(&batch, "update_of")?);
            let account = text(&batch, "account_id")?;
            for row in 0..batch.num_rows() {
                let known =
                    Known { actor_id: optional(&actor, row), session_id: optional(&session, row), account_id: optional(&account, row) };
                found.push((id.value(row).to_owned(), known, optional(&update_of, row)));
            }
        }
        Ok(found)
    }

    /// What earlier runs noted.
    ///
    /// # Errors
    /// Where the lake cannot be read.
    pub async fn alert_runs(&self) -> Result<AlertRuns> {
        self.need(&[Table::Runs]).await?;
        let frame = self.context().await?.table(Table::Runs.name()).await?.filter(col("command").eq(lit("alert")))?;
        let mut found = AlertRuns::default();
        for batch in frame.select_columns(&["tally"])?.collect().await? {
            for tally in text(&batch, "tally")?.iter().flatten() {
                let mut tally: Value = serde_json::from_str(tally).map_err(|error| Error::Query { source: error.into() })?;
                let noted = serde_json::from_value::<Watermarks>(tally["watermarks"].take()).unwrap_or_default();
                for (rule, tables) in noted {
                    for (table, version) in tables {
                        let held = found.watermarks.entry(rule.clone()).or_default().entry(table).or_default();
                        *held = version.max(*held);
                    }
                }
                let taken = serde_json::from_value::<BTreeMap<String, BTreeSet<String>>>(tally["taken"].take()).unwrap_or_default();
                for (sink, ids) in taken {
                    found.taken.entry(sink).or_default().extend(ids);
                }
            }
        }
        Ok(found)
    }

    /// When alerts of sessions were last told, by session and account, noted since then.
    ///
    /// # Errors
    /// Where the lake cannot be read.
    pub async fn last_told(&self, since: i64) -> Result<BTreeMap<(String, String), LastTold>> {
        self.need(&[Table::Alerts]).await?;
        let day = lit(ScalarValue::Date32(Some(lake::day_of(since))));
        let condition = col("dt").gt_eq(day).and(col("disposition").eq(lit("sent"))).and(col("session_id").is_not_null());
        let frame = self.context().await?.table(Table::Alerts.name()).await?.filter(condition)?;
        let mut found: BTreeMap<(String, String), LastTold> = BTreeMap::new();
        for batch in frame.select_columns(&["session_id", "account_id", "level", "noted"])?.collect().await? {
            let (session, account, level) = (text(&batch, "session_id")?, text(&batch, "account_id")?, text(&batch, "level")?);
            for (row, noted) in times(&batch, "noted")?.into_iter().enumerate() {
                let Some(noted) = noted.filter(|noted| *noted >= since) else { continue };
                let key = (session.value(row).to_owned(), optional(&account, row).unwrap_or_default());
                let last = found.entry(key).or_default();
                last.noted = last.noted.max(noted);
                last.levels.extend(optional(&level, row));
            }
        }
        Ok(found)
    }

    /// Hands each record that came after a version of `events`, as CloudTrail writes it, to `take`, with the session that made the call; returns
    /// the newest version seen.
    ///
    /// # Errors
    /// Where the lake cannot be read.
    pub async fn records(&self, after_version: i64, since: Option<i64>, take: &mut (dyn FnMut(Value, &str) + Send)) -> Result<i64> {
        self.need(&[Table::Events]).await?;
        let mut condition = col("resolved_version").gt(lit(after_version));
        if let Some(since) = since {
            condition = condition
                .and(col("dt").gt_eq(lit(ScalarValue::Date32(Some(lake::day_of(since))))))
                .and(col("event_time").gt_eq(lit(ScalarValue::TimestampMicrosecond(Some(since), Some("UTC".into())))));
        }
        let mut columns: Vec<&str> = TEXTS.iter().chain(&DOCUMENTS).map(|(column, _)| *column).collect();
        columns.extend(["event_time", "read_only", "resolved_version", "credential_id"]);
        let frame = self.context().await?.table(Table::Events.name()).await?.filter(condition)?.select_columns(&columns)?;
        let mut stream = frame.execute_stream().await?;
        let mut newest = after_version;
        while let Some(batch) = stream.next().await {
            let batch = batch?;
            newest = newest.max(crate::hits::number(&batch, "resolved_version")?.iter().flatten().max().unwrap_or(0));
            hand_out(&batch, take)?;
        }
        Ok(newest)
    }
}

fn hand_out(batch: &RecordBatch, take: &mut (dyn FnMut(Value, &str) + Send)) -> Result<()> {
    let texts = TEXTS.iter().map(|(column, name)| Ok((*name, text(batch, column)?))).collect::<Result<Vec<_>>>()?;
    let documents = DOCUMENTS.iter().map(|(column, name)| Ok((*name, text(batch, column)?))).collect::<Result<Vec<_>>>()?;
    let (credential, read_only) = (text(batch, "credential_id")?, crate::hits::flag(batch, "read_only")?);
    for (row, time) in times(batch, "event_time")?.into_iter().enumerate() {
        let mut record = Map::new();
        for (name, column) in &texts {
            if let Some(value) = optional(column, row) {
                record.insert((*name).to_owned(), value.into());
            }
        }
        for (name, column) in &documents {
            if let Some(value) = optional(column, row).and_then(|text| serde_json::from_str(&text).ok()) {
                record.insert((*name).to_owned(), value);
            }
        }
        record.insert("eventTime".to_owned(), time.map(rfc3339).into());
        record.insert("readOnly".to_owned(), read_only.value(row).into());
        take(Value::Object(record), credential.value(row));
    }
    Ok(())
}
