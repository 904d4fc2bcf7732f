//! Events that turned out to stand in the logs with another content: the record with the smaller fingerprint stays, whichever came
//! first, so that the order of arrival changes nothing.

use super::Writer;
use crate::error::{Error, Result};
use crate::parquet_file::{number_column, text_column};
use crate::rows::event_identity;
use crate::schema::Table;
use crate::table::{read, stage};
use arrow::array::{ArrayRef, BooleanArray, RecordBatch, StringArray, new_null_array};
use arrow::compute::{concat_batches, filter_record_batch, not};
use arrow::datatypes::DataType;
use deltalake::kernel::Action;
use event::Reason;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What takes the losers out of `events`, and what notes them in `rejects`.
#[derive(Default)]
pub(super) struct Evicted {
    pub(super) actions: Vec<Action>,
    pub(super) rejects: Option<RecordBatch>,
}

fn failed(error: arrow::error::ArrowError) -> Error {
    Error::Write { table: "events", source: error.into() }
}

impl Writer {
    /// Rewrites the files that hold the given events without them.
    pub(super) async fn evict(&self, losers: &BTreeSet<(i32, u128)>, run_id: &str, now: i64) -> Result<Evicted> {
        let mut evicted = Evicted::default();
        if losers.is_empty() {
            return Ok(evicted);
        }
        let open = self.table(Table::Events)?;
        let days: BTreeSet<String> = losers.iter().map(|(day, _)| super::assemble::day_text(*day)).collect();
        let identities: BTreeSet<u128> = losers.iter().map(|(_, identity)| *identity).collect();
        let state = open.snapshot().map_err(|error| Error::Read { table: "events", source: error.into() })?;
        let mut lost = Vec::new();
        for file in state.log_data().iter() {
            let day = file.partition_values_map().get("dt").cloned().flatten().unwrap_or_default();
            if !days.contains(&day) {
                continue;
            }
            let (path, size) = (file.object_store_path(), u64::try_from(file.size()).unwrap_or(0));
            let batches = read(open.object_store(), Table::Events, &path, size, &[]).await?;
            let Some(first) = batches.first() else { continue };
            let whole = concat_batches(&first.schema(), &batches).map_err(failed)?;
            let (ids, accounts) =
                (text_column(Table::Events, &whole, "event_id")?, text_column(Table::Events, &whole, "recipient_account_id")?);
            let loses: BooleanArray =
                (0..whole.num_rows()).map(|row| Some(identities.contains(&event_identity(ids.value(row), accounts.value(row))))).collect();
            if loses.true_count() == 0 {
                continue;
            }
            lost.push(filter_record_batch(&whole, &loses).map_err(failed)?);
            let kept = filter_record_batch(&whole, &not(&loses).map_err(failed)?).map_err(failed)?;
            evicted.actions.push(Action::Remove(file.remove_action(true)));
            if kept.num_rows() > 0 {
                let encoded = crate::parquet_file::encode(Table::Events, &kept)?;
                evicted.actions.push(Action::Add(stage(open.object_store().as_ref(), Table::Events, &day, encoded, now).await?));
            }
        }
        if let Some(first) = lost.first() {
            let all = concat_batches(&first.schema(), &lost).map_err(failed)?;
            evicted.rejects = Some(reject_rows(&all, run_id)?);
        }
        Ok(evicted)
    }
}

fn reject_rows(lost: &RecordBatch, run_id: &str) -> Result<RecordBatch> {
    let rows = lost.num_rows();
    let of = |name: &str| -> Result<ArrayRef> { Ok(Arc::new(text_column(Table::Events, lost, name)?.clone())) };
    let always = |text: &str| -> ArrayRef { Arc::new(StringArray::from(vec![text; rows])) };
    let number = |name: &str| -> Result<ArrayRef> { Ok(Arc::new(number_column(Table::Events, lost, name)?.clone())) };
    let columns = vec![
        of("object")?,
        always(Reason::Conflict.code()),
        always(Reason::Conflict.sentence()),
        of("event_id")?,
        of("recipient_account_id")?,
        of("object_sha256")?,
        always(run_id),
        number("record")?,
        new_null_array(&DataType::Int64, rows),
        new_null_array(&DataType::Int64, rows),
        number("fingerprint")?,
    ];
    RecordBatch::try_new(Table::Rejects.file_schema(), columns).map_err(|error| Error::Write { table: "rejects", source: error.into() })
}
