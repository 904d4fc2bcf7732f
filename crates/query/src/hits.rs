//! Rows of `mentions` and `events` as values.

use crate::error::{Error, Result};
use datafusion::arrow::array::{Array as _, AsArray as _, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type, TimestampMicrosecondType};

/// An event that a question found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The ARN of what was asked, as this event resolves it.
    pub arn: Option<String>,
    /// Whether the call is about it, rather than naming it in passing.
    pub exact: bool,
    /// `eventID`.
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
    /// `sharedEventID`.
    pub shared_event_id: Option<String>,
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

pub(crate) fn read(batches: &[RecordBatch]) -> Result<Vec<Hit>> {
    let wrong = |name: &str| Error::Query { source: format!("column {name} has another type").into() };
    let mut hits = Vec::new();
    for batch in batches {
        let of_mention = batch.column_by_name("exact").is_some();
        let (event_id, account, region) = (text(batch, "event_id")?, text(batch, "recipient_account_id")?, text(batch, "aws_region")?);
        let (source, name, error) = (text(batch, "event_source")?, text(batch, "event_name")?, text(batch, "error_code")?);
        let shared = text(batch, "shared_event_id")?;
        let credential = text(batch, "credential_id")?;
        let object_id = column(batch, "object_id")?.as_primitive_opt::<Int64Type>().ok_or_else(|| wrong("object_id"))?;
        let time = column(batch, "event_time")?.as_primitive_opt::<TimestampMicrosecondType>().ok_or_else(|| wrong("event_time"))?;
        let record = column(batch, "record")?.as_primitive_opt::<Int64Type>().ok_or_else(|| wrong("record"))?;
        let read_only = column(batch, "read_only")?.as_boolean_opt().ok_or_else(|| wrong("read_only"))?;
        let arns = column(batch, "resource_arns")?.as_list_opt::<i32>().ok_or_else(|| wrong("resource_arns"))?;
        let exact = batch.column_by_name("exact").and_then(|column| column.as_boolean_opt());
        let arn = if of_mention { Some(text(batch, "arn")?) } else { None };
        for row in 0..batch.num_rows() {
            let optional = |column: &datafusion::arrow::array::StringArray| column.is_valid(row).then(|| column.value(row).to_owned());
            let list = cast(&arns.value(row), &DataType::Utf8).map_err(|error| Error::Query { source: error.into() })?;
            hits.push(Hit {
                arn: arn.as_ref().and_then(|column| optional(column)),
                exact: exact.is_none_or(|column| column.value(row)),
                event_id: event_id.value(row).to_owned(),
                event_time: time.value(row),
                recipient_account_id: account.value(row).to_owned(),
                aws_region: region.value(row).to_owned(),
                event_source: source.value(row).to_owned(),
                event_name: name.value(row).to_owned(),
                error_code: optional(&error),
                shared_event_id: optional(&shared),
                read_only: read_only.is_valid(row) && read_only.value(row),
                record: u64::try_from(record.value(row)).unwrap_or(0),
                resource_arns: list.as_string::<i32>().iter().flatten().map(str::to_owned).collect(),
                object_id: object_id.value(row),
                credential_id: credential.value(row).to_owned(),
            });
        }
    }
    Ok(hits)
}
