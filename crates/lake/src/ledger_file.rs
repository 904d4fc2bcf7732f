//! The tool's own ledgers as columns: objects, rejects, runs.

use crate::error::{Error, Result};
use crate::rows::{ObjectRow, RejectRow, chosen};
use crate::schema::Table;
use crate::writer::RunRow;
use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use std::sync::Arc;

fn write_failed(table: Table) -> impl Fn(arrow::error::ArrowError) -> Error {
    move |error| Error::Write { table: table.name(), source: error.into() }
}

pub(crate) fn object_batch(objects: &[&ObjectRow], run_id: &str) -> Result<RecordBatch> {
    let text = |value: fn(&ObjectRow) -> Option<&str>| chosen(objects.iter().map(|object| value(object)));
    let number = |value: fn(&ObjectRow) -> u64| -> ArrayRef {
        Arc::new(objects.iter().map(|object| i64::try_from(value(object)).ok()).collect::<Int64Array>())
    };
    let time = |value: fn(&ObjectRow) -> Option<i64>| -> ArrayRef {
        Arc::new(objects.iter().map(|object| value(object)).collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
    };
    let columns: Vec<ArrayRef> = vec![
        text(|object| Some(&object.uri)),
        text(|object| Some(object.kind)),
        text(|object| Some(object.state)),
        text(|object| Some(&object.organization_id)),
        text(|object| Some(&object.account_id)),
        text(|object| Some(&object.aws_region)),
        text(|object| object.etag.as_deref()),
        text(|object| Some(&object.sha256)),
        // What digests say changes with time, and is worked out by whoever asks.
        text(|_| None),
        chosen(objects.iter().map(|_| Some(run_id))),
        Arc::new(objects.iter().map(|object| Some(object.id)).collect::<Int64Array>()),
        number(|object| object.size),
        Arc::new(objects.iter().map(|object| object.modified).collect::<Int64Array>()),
        number(|object| object.uncompressed),
        number(|object| object.records),
        number(|object| object.records.saturating_sub(object.rejected + object.duplicate)),
        number(|object| object.duplicate),
        number(|object| object.rejected),
        time(|object| object.span.map(|span| span.0)),
        time(|object| object.span.map(|span| span.1)),
    ];
    RecordBatch::try_new(Table::Objects.file_schema(), columns).map_err(write_failed(Table::Objects))
}

pub(crate) fn reject_batch(objects: &[ObjectRow], rejects: &[&RejectRow], run_id: &str) -> Result<RecordBatch> {
    let text = |value: &dyn Fn(&RejectRow) -> Option<String>| -> ArrayRef {
        Arc::new(rejects.iter().map(|row| value(row)).collect::<StringArray>())
    };
    let number = |value: fn(&RejectRow) -> Option<u64>| -> ArrayRef {
        Arc::new(rejects.iter().map(|row| value(row).and_then(|value| i64::try_from(value).ok())).collect::<Int64Array>())
    };
    let object = |row: &RejectRow| objects.get(row.object as usize);
    let columns: Vec<ArrayRef> = vec![
        text(&|row| object(row).map(|object| object.uri.clone())),
        text(&|row| Some(row.reject.reason.code().to_owned())),
        text(&|row| Some(row.reject.detail.clone())),
        text(&|row| row.event_id.clone()),
        text(&|row| row.recipient_account_id.clone()),
        text(&|row| object(row).map(|object| object.sha256.clone())),
        chosen(rejects.iter().map(|_| Some(run_id))),
        number(|row| row.reject.record),
        number(|row| Some(row.reject.bytes.start)),
        number(|row| Some(row.reject.bytes.end)),
        Arc::new(rejects.iter().map(|row| row.fingerprint).collect::<Int64Array>()),
    ];
    RecordBatch::try_new(Table::Rejects.file_schema(), columns).map_err(write_failed(Table::Rejects))
}

/// The row of one run.
pub(crate) fn run_batch(run: &RunRow) -> Result<RecordBatch> {
    let text = |value: &str| -> ArrayRef { Arc::new(StringArray::from(vec![value])) };
    let time = |value: i64| -> ArrayRef { Arc::new(TimestampMicrosecondArray::from(vec![value]).with_timezone("UTC")) };
    let columns = vec![
        text(&run.run_id),
        text(&run.command),
        text(&run.source),
        text(&run.tool_version),
        text(&run.tally),
        time(run.started),
        time(run.ended),
    ];
    RecordBatch::try_new(Table::Runs.file_schema(), columns).map_err(write_failed(Table::Runs))
}
