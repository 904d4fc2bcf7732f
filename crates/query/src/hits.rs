//! Rows of `mentions` and `events` as values.

use crate::error::{Error, Result};
use crate::runs::tool;
use datafusion::arrow::array::{Array as _, AsArray as _, BooleanArray, Int64Array, PrimitiveArray, RecordBatch, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type, TimestampMicrosecondType};
use std::borrow::Cow;

/// A call that a question found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hit {
    /// The ARN of what was asked, as this event resolves it.
    pub arn: Option<String>,
    /// Whether the call is about it, rather than naming it in passing.
    pub exact: bool,
    /// `eventTime`, microseconds since 1970.
    pub event_time: i64,
    /// `recipientAccountId`.
    pub recipient_account_id: String,
    /// `awsRegion`.
    pub aws_region: String,
    /// `readOnly`.
    pub read_only: bool,
    /// Whether the call was refused or failed.
    pub failed: bool,
    /// Whether this copy names its caller in the caller's own account.
    pub own: bool,
    /// A number for `sharedEventID`.
    pub shared_event: Option<i64>,
    /// The object, by its number.
    pub object_id: i64,
    /// Place in its object.
    pub record: u64,
    /// The rest, where `events` was read.
    pub event: Option<Event>,
}

/// What `events` alone has of a call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Event {
    /// `eventID`.
    pub event_id: String,
    /// `eventSource`.
    pub event_source: String,
    /// `eventName`.
    pub event_name: String,
    /// `errorCode`.
    pub error_code: Option<String>,
    /// ARNs of all that the call is about.
    pub resource_arns: Vec<String>,
    /// The session that made the call.
    pub credential_id: String,
    /// The tool that made it, where that was read.
    pub tool: Option<&'static str>,
    /// `userIdentity.principalId`.
    pub principal_id: Option<String>,
}

impl Hit {
    /// The record that it is.
    pub(crate) fn place(&self) -> (i64, u64) {
        (self.object_id, self.record)
    }

    /// `eventID`, where it is known.
    pub(crate) fn event_id(&self) -> &str {
        self.event.as_ref().map_or("", |event| &event.event_id)
    }
}

/// A text column, whatever way of holding text the engine chose.
pub(crate) fn text<'b>(batch: &'b RecordBatch, name: &str) -> Result<std::borrow::Cow<'b, datafusion::arrow::array::StringArray>> {
    let column = column(batch, name)?;
    if let Some(plain) = column.as_string_opt::<i32>() {
        return Ok(std::borrow::Cow::Borrowed(plain));
    }
    let plain = cast(column, &DataType::Utf8).map_err(|error| Error::Query { source: error.into() })?;
    Ok(std::borrow::Cow::Owned(plain.as_string::<i32>().clone()))
}

pub(crate) fn column<'b>(batch: &'b RecordBatch, name: &str) -> Result<&'b datafusion::arrow::array::ArrayRef> {
    batch.column_by_name(name).ok_or_else(|| Error::Query { source: format!("the result has no column {name}").into() })
}

pub(crate) fn wrong(name: &str) -> Error {
    Error::Query { source: format!("column {name} has another type").into() }
}

pub(crate) fn number<'b>(batch: &'b RecordBatch, name: &str) -> Result<&'b Int64Array> {
    column(batch, name)?.as_primitive_opt::<Int64Type>().ok_or_else(|| wrong(name))
}

pub(crate) fn flag<'b>(batch: &'b RecordBatch, name: &str) -> Result<&'b BooleanArray> {
    column(batch, name)?.as_boolean_opt().ok_or_else(|| wrong(name))
}

pub(crate) fn optional(column: &StringArray, row: usize) -> Option<String> {
    column.is_valid(row).then(|| column.value(row).to_owned())
}

/// Rows of `mentions`: what finds a call and counts it.
pub(crate) fn read_mentions(batches: &[RecordBatch]) -> Result<Vec<Hit>> {
    let mut hits = Vec::new();
    for batch in batches {
        let place = Place::of(batch)?;
        let (key, form, arn, shared) = (text(batch, "key")?, text(batch, "form")?, text(batch, "arn")?, number(batch, "shared_event")?);
        let (exact, failed, own) = (flag(batch, "exact")?, flag(batch, "failed")?, flag(batch, "own")?);
        for row in 0..batch.num_rows() {
            let is_itself = || (form.value(row) == "arn").then(|| key.value(row).to_owned());
            hits.push(Hit {
                arn: optional(&arn, row).or_else(is_itself),
                exact: exact.value(row),
                failed: failed.value(row),
                own: own.value(row),
                shared_event: shared.is_valid(row).then(|| shared.value(row)),
                event: None,
                ..place.hit(row)
            });
        }
    }
    Ok(hits)
}

/// Rows of `events`.
pub(crate) fn read_events(batches: &[RecordBatch]) -> Result<Vec<Hit>> {
    let mut hits = Vec::new();
    for batch in batches {
        let place = Place::of(batch)?;
        let (arn, account, shared) = (text(batch, "user_arn")?, text(batch, "user_account_id")?, text(batch, "shared_event_id")?);
        let (event_id, credential, principal) = (text(batch, "event_id")?, text(batch, "credential_id")?, text(batch, "principal_id")?);
        let (source, name, error) = (text(batch, "event_source")?, text(batch, "event_name")?, text(batch, "error_code")?);
        let read = |name| batch.column_by_name(name).map(|_| text(batch, name)).transpose();
        let (agent, invoked_by) = (read("user_agent")?, read("invoked_by")?);
        let arns = column(batch, "resource_arns")?.as_list_opt::<i32>().ok_or_else(|| wrong("resource_arns"))?;
        for row in 0..batch.num_rows() {
            let list = cast(&arns.value(row), &DataType::Utf8).map_err(|error| Error::Query { source: error.into() })?;
            let hit = place.hit(row);
            let own = arn.is_valid(row) && optional(&account, row).is_some_and(|account| account == hit.recipient_account_id);
            let event = Event {
                event_id: optional(&event_id, row).unwrap_or_default(),
                event_source: optional(&source, row).unwrap_or_default(),
                event_name: optional(&name, row).unwrap_or_default(),
                error_code: optional(&error, row),
                resource_arns: list.as_string::<i32>().iter().flatten().map(str::to_owned).collect(),
                credential_id: optional(&credential, row).unwrap_or_default(),
                tool: tool(value(&agent, row), value(&invoked_by, row)),
                principal_id: optional(&principal, row),
            };
            hits.push(Hit {
                exact: true,
                failed: event.error_code.is_some(),
                own,
                shared_event: optional(&shared, row).map(|shared| lake::shared_event(&shared)),
                event: Some(event),
                ..hit
            });
        }
    }
    Ok(hits)
}

/// A value of a column that may not have been read.
fn value<'c>(column: &'c Option<Cow<'_, StringArray>>, row: usize) -> Option<&'c str> {
    column.as_deref().filter(|column| column.is_valid(row)).map(|column| column.value(row))
}

/// The columns that both tables have.
struct Place<'b> {
    account: Cow<'b, StringArray>,
    region: Cow<'b, StringArray>,
    object_id: &'b Int64Array,
    record: &'b Int64Array,
    time: &'b PrimitiveArray<TimestampMicrosecondType>,
    read_only: &'b BooleanArray,
}

impl<'b> Place<'b> {
    fn of(batch: &'b RecordBatch) -> Result<Self> {
        let time = column(batch, "event_time")?.as_primitive_opt::<TimestampMicrosecondType>().ok_or_else(|| wrong("event_time"))?;
        Ok(Self {
            account: text(batch, "recipient_account_id")?,
            region: text(batch, "aws_region")?,
            object_id: number(batch, "object_id")?,
            record: number(batch, "record")?,
            time,
            read_only: flag(batch, "read_only")?,
        })
    }

    fn hit(&self, row: usize) -> Hit {
        Hit {
            event_time: self.time.value(row),
            recipient_account_id: optional(&self.account, row).unwrap_or_default(),
            aws_region: optional(&self.region, row).unwrap_or_default(),
            read_only: self.read_only.is_valid(row) && self.read_only.value(row),
            object_id: self.object_id.value(row),
            record: u64::try_from(self.record.value(row)).unwrap_or(0),
            ..Hit::default()
        }
    }
}
