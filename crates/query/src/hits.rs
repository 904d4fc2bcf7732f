//! Rows of `mentions` and `events` as values.

use crate::error::{Error, Result};
use datafusion::arrow::array::{Array as _, AsArray as _, Int64Array, RecordBatch, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type, TimestampMicrosecondType};

/// An event that a question found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The ARN of what was asked, as this event resolves it.
    pub arn: Option<String>,
    /// Whether the call is about it, rather than naming it in passing.
    pub exact: bool,
    /// `eventID`; empty where the index alone was read and does not hold it.
    pub event_id: String,
    /// `eventTime`, microseconds since 1970.
    pub event_time: i64,
    /// `recipientAccountId`.
    pub recipient_account_id: String,
    /// `awsRegion`.
    pub aws_region: String,
    /// `eventSource`.
    pub event_source: String,
    /// `eventName`.
    pub event_name: String,
    /// `errorCode`.
    pub error_code: Option<String>,
    /// A number for `sharedEventID`.
    pub shared_event: Option<i64>,
    /// Whether this copy names its caller in the caller's own account.
    pub own: bool,
    /// `readOnly`.
    pub read_only: bool,
    /// Place in its object.
    pub record: u64,
    /// ARNs of all that the call is about.
    pub resource_arns: Vec<String>,
    /// The object, by its number.
    pub object_id: i64,
    /// The session that made the call.
    pub credential_id: String,
    /// Whether all of it is known; the index says less of calls that only read.
    pub whole: bool,
}

impl Hit {
    /// The record that it is.
    pub(crate) fn record(&self) -> (i64, u64) {
        (self.object_id, self.record)
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

fn wrong(name: &str) -> Error {
    Error::Query { source: format!("column {name} has another type").into() }
}

pub(crate) fn number<'b>(batch: &'b RecordBatch, name: &str) -> Result<&'b Int64Array> {
    column(batch, name)?.as_primitive_opt::<Int64Type>().ok_or_else(|| wrong(name))
}

fn optional(column: &StringArray, row: usize) -> Option<String> {
    column.is_valid(row).then(|| column.value(row).to_owned())
}

/// Rows of `mentions`.
pub(crate) fn read(batches: &[RecordBatch]) -> Result<Vec<Hit>> {
    let mut hits = Vec::new();
    for batch in batches {
        let (arn, shared) = (text(batch, "arn")?, number(batch, "shared_event")?);
        let exact = column(batch, "exact")?.as_boolean_opt().ok_or_else(|| wrong("exact"))?;
        let own = column(batch, "own")?.as_boolean_opt().ok_or_else(|| wrong("own"))?;
        read_common(batch, &mut hits, |row, hit| {
            hit.arn = optional(&arn, row);
            hit.exact = exact.value(row);
            hit.own = own.value(row);
            hit.shared_event = shared.is_valid(row).then(|| shared.value(row));
        })?;
    }
    Ok(hits)
}

/// Rows of `events`.
pub(crate) fn read_events(batches: &[RecordBatch]) -> Result<Vec<Hit>> {
    let mut hits = Vec::new();
    for batch in batches {
        let (arn, account, shared) = (text(batch, "user_arn")?, text(batch, "user_account_id")?, text(batch, "shared_event_id")?);
        read_common(batch, &mut hits, |row, hit| {
            hit.exact = true;
            hit.own = arn.is_valid(row) && account.is_valid(row) && account.value(row) == hit.recipient_account_id;
            hit.shared_event = optional(&shared, row).map(|shared| lake::shared_event(&shared));
            hit.whole = true;
        })?;
    }
    Ok(hits)
}

fn read_common(batch: &RecordBatch, hits: &mut Vec<Hit>, rest: impl Fn(usize, &mut Hit)) -> Result<()> {
    let (event_id, account, region) = (text(batch, "event_id")?, text(batch, "recipient_account_id")?, text(batch, "aws_region")?);
    let (source, name, error) = (text(batch, "event_source")?, text(batch, "event_name")?, text(batch, "error_code")?);
    let credential = text(batch, "credential_id")?;
    let (object_id, record) = (number(batch, "object_id")?, number(batch, "record")?);
    let time = column(batch, "event_time")?.as_primitive_opt::<TimestampMicrosecondType>().ok_or_else(|| wrong("event_time"))?;
    let read_only = column(batch, "read_only")?.as_boolean_opt().ok_or_else(|| wrong("read_only"))?;
    let arns = column(batch, "resource_arns")?.as_list_opt::<i32>().ok_or_else(|| wrong("resource_arns"))?;
    for row in 0..batch.num_rows() {
        let list = cast(&arns.value(row), &DataType::Utf8).map_err(|error| Error::Query { source: error.into() })?;
        let mut hit = Hit {
            arn: None,
            exact: false,
            event_id: optional(&event_id, row).unwrap_or_default(),
            event_time: time.value(row),
            recipient_account_id: optional(&account, row).unwrap_or_default(),
            aws_region: optional(&region, row).unwrap_or_default(),
            event_source: optional(&source, row).unwrap_or_default(),
            event_name: optional(&name, row).unwrap_or_default(),
            error_code: optional(&error, row),
            shared_event: None,
            own: false,
            read_only: read_only.is_valid(row) && read_only.value(row),
            record: u64::try_from(record.value(row)).unwrap_or(0),
            resource_arns: list.as_string::<i32>().iter().flatten().map(str::to_owned).collect(),
            object_id: object_id.value(row),
            credential_id: optional(&credential, row).unwrap_or_default(),
            whole: event_id.is_valid(row) && arns.is_valid(row) && credential.is_valid(row),
        };
        rest(row, &mut hit);
        hits.push(hit);
    }
    Ok(())
}
