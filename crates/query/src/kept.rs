//! An answer in, the records that it rests on out: as the lake holds them, which is without secrets, under CloudTrail's own names.

use crate::answer::Answer;
use crate::error::Result;
use crate::reader::Reader;
use crate::sql_rows::collected;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{col, lit};
use event::time::micros;
use lake::Table;
use serde_json::{Map, Value};
use std::collections::BTreeSet;

/// Records of one answer, at most.
const RECORDS_MAX: usize = 1_000;

/// Columns of `events` and what CloudTrail calls them, in the order of its records; where the record lies comes last.
const COLUMNS: [(&str, &str); 30] = [
    ("event_version", "eventVersion"),
    ("user_identity", "userIdentity"),
    ("event_time", "eventTime"),
    ("event_source", "eventSource"),
    ("event_name", "eventName"),
    ("aws_region", "awsRegion"),
    ("source_ip_address", "sourceIPAddress"),
    ("user_agent", "userAgent"),
    ("error_code", "errorCode"),
    ("error_message", "errorMessage"),
    ("request_parameters", "requestParameters"),
    ("response_elements", "responseElements"),
    ("additional_event_data", "additionalEventData"),
    ("request_id", "requestID"),
    ("event_id", "eventID"),
    ("read_only", "readOnly"),
    ("resources", "resources"),
    ("event_type", "eventType"),
    ("api_version", "apiVersion"),
    ("management_event", "managementEvent"),
    ("recipient_account_id", "recipientAccountId"),
    ("shared_event_id", "sharedEventID"),
    ("service_event_details", "serviceEventDetails"),
    ("vpc_endpoint_id", "vpcEndpointId"),
    ("event_category", "eventCategory"),
    ("tls_details", "tlsDetails"),
    ("session_credential_from_console", "sessionCredentialFromConsole"),
    ("object", "object"),
    ("record", "record"),
    ("object_sha256", "object_sha256"),
];

/// Columns whose text is JSON.
const JSON: [&str; 7] = [
    "user_identity",
    "request_parameters",
    "response_elements",
    "additional_event_data",
    "resources",
    "service_event_details",
    "tls_details",
];

impl Reader {
    /// The records of an answer's changes, of their copies, and of the calls that issued the sessions behind them, in the order of their times.
    ///
    /// # Errors
    /// Where the lake cannot be read.
    pub async fn kept_records(&self, answer: &Answer) -> Result<Vec<Value>> {
        let (mut days, mut ids) = (BTreeSet::new(), BTreeSet::new());
        for change in &answer.changes {
            let issued = change.chain.iter().filter_map(|hop| hop.issued_by.as_ref());
            let times = issued.clone().map(|issued| &issued.event_time).chain([&change.event_time]);
            days.extend(times.filter_map(|time| micros(time)).map(lake::day_of));
            ids.extend(issued.flat_map(|issued| &issued.event_ids).chain(&change.copies).chain([&change.event_id]));
        }
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        self.need(&[Table::Events]).await?;
        let days = days.into_iter().map(|day| lit(ScalarValue::Date32(Some(day)))).collect();
        let ids = ids.into_iter().map(|id| lit(id.as_str())).collect();
        let wanted = col("dt").in_list(days, false).and(col("event_id").in_list(ids, false));
        let order = ["event_time", "event_id", "recipient_account_id"].map(|name| col(name).sort(true, false));
        let frame = self.context().await?.table("events").await?.filter(wanted)?.sort(order.into())?;
        let found = collected(frame.select_columns(&COLUMNS.map(|(column, _)| column))?, RECORDS_MAX, true).await?;
        Ok(found.json.iter().filter_map(|row| serde_json::from_str(row.get()).ok()).map(record).collect())
    }
}

/// A row as the record that it was.
fn record(mut row: Map<String, Value>) -> Value {
    let member = |(column, name): (&str, &str)| {
        let value = row.remove(column).filter(|value| !value.is_null())?;
        let parsed = value.as_str().filter(|_| JSON.contains(&column)).and_then(|text| serde_json::from_str(text).ok());
        Some((name.to_owned(), parsed.unwrap_or(value)))
    };
    Value::Object(COLUMNS.into_iter().filter_map(member).collect())
}
