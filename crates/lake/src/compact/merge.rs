//! Rows of several files in, one file's rows out, in the order in which its readers look for them.

use crate::columns::Columns;
use crate::error::Result;
use crate::parquet_file::{number_column, text_column};
use crate::schema::Table;
use arrow::array::{ArrayRef, AsArray as _, RecordBatch};
use arrow::compute::interleave;
use arrow::datatypes::TimestampMicrosecondType;
use arrow::error::ArrowError;
use std::ops::Range;

/// What the rows of a table are sorted by; what a table does not use is the same for all of its rows.
type Key<'b> = (u8, &'b str, i64, &'b str, i64);

/// Sorted rows of several batches.
pub(crate) struct Merged {
    batches: Vec<RecordBatch>,
    /// A batch and a row of it.
    order: Vec<(usize, usize)>,
    /// Bytes of a row, about, in each batch.
    row_bytes: Vec<usize>,
}

impl Merged {
    /// Puts the rows into the order of the table's files.
    pub(crate) fn new(table: Table, batches: Vec<RecordBatch>) -> Result<Self> {
        let mut rows: Vec<(Key<'_>, (usize, usize))> = Vec::with_capacity(batches.iter().map(RecordBatch::num_rows).sum());
        for (place, batch) in batches.iter().enumerate() {
            rows.extend(keys(table, batch)?.into_iter().zip((0..).map(|row| (place, row))));
        }
        // Each file is sorted already: a stable sort merges such runs.
        rows.sort_by_key(|(key, _)| *key);
        let order = rows.into_iter().map(|(_, row)| row).collect();
        let row_bytes = batches.iter().map(|batch| batch.get_array_memory_size() / batch.num_rows().max(1)).collect();
        Ok(Self { batches, order, row_bytes })
    }
}

impl Columns for Merged {
    fn rows(&self) -> usize {
        self.order.len()
    }

    fn bytes_of(&self, row: usize) -> usize {
        self.order.get(row).and_then(|(batch, _)| self.row_bytes.get(*batch)).copied().unwrap_or(0)
    }

    fn column(&self, index: usize, rows: Range<usize>) -> Result<ArrayRef, ArrowError> {
        let columns: Vec<&dyn arrow::array::Array> = self.batches.iter().map(|batch| batch.column(index).as_ref()).collect();
        interleave(&columns, self.order.get(rows).unwrap_or(&[]))
    }
}

/// The key of each row of a batch.
fn keys(table: Table, batch: &RecordBatch) -> Result<Vec<Key<'_>>> {
    let rows = 0..batch.num_rows();
    let text = |name| text_column(table, batch, name);
    let number = |name| number_column(table, batch, name);
    let times = |name: &str| batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>());
    let time = |name: &'static str| {
        times(name).ok_or_else(|| crate::Error::Read { table: table.name(), source: format!("column {name} is missing or no time").into() })
    };
    Ok(match table {
        Table::Events => {
            let (account, time, id) = (text("recipient_account_id")?, time("event_time")?, text("event_id")?);
            rows.map(|row| (0, account.value(row), time.value(row), id.value(row), 0)).collect()
        }
        Table::Mentions => {
            let (key, time, object, record) = (text("key")?, time("event_time")?, number("object_id")?, number("record")?);
            let place = |row| object.value(row).wrapping_mul(31).wrapping_add(record.value(row));
            rows.map(|row| (0, key.value(row), time.value(row), "", place(row))).collect()
        }
        Table::Causes => {
            let (key, time, id) = (text("key")?, time("event_time")?, text("event_id")?);
            rows.map(|row| (0, key.value(row), time.value(row), id.value(row), 0)).collect()
        }
        Table::Credentials => {
            let (fact, principal, opened) = (text("fact")?, text("principal_id")?, text("issued_principal_id")?);
            let (time, credential) = (time("event_time")?, text("credential_id")?);
            let of = |row| match fact.value(row) {
                "used" => (0, principal.value(row), 0, credential.value(row), 0),
                "issued" => (1, opened.value(row), time.value(row), "", 0),
                _ => (2, principal.value(row), 0, credential.value(row), 0),
            };
            rows.map(of).collect()
        }
        Table::Objects => {
            let object = number("object_id")?;
            rows.map(|row| (0, "", object.value(row), "", 0)).collect()
        }
        // In the order in which they were written.
        _ => rows.map(|_| (0, "", 0, "", 0)).collect(),
    })
}
