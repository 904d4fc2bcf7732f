//! Causes by key.

use super::sought::{Clause, Sought, Test};
use super::{PointReader, missing, time_column};
use crate::error::Result;
use crate::facts::pairs;
use crate::parquet_file::{number_column, text_column};
use crate::schema::{Table, cause_bucket};
use arrow::array::{Array as _, AsArray as _, MapArray, RecordBatch, StringArray};
use identity::{CauseFact, CauseKind, SessionKey};
use std::collections::BTreeSet;

/// A fact as the lake keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptCause {
    /// The fact.
    pub fact: CauseFact,
    /// The object that its record lies in, by its number.
    pub object_id: i64,
    /// The record's place in it.
    pub record: u64,
}

impl PointReader {
    /// Reads what events up to a time (microseconds since 1970, that time included) told of `keys`, `rows_max` at most; in no particular
    /// order.
    ///
    /// # Errors
    /// Where a file cannot be read.
    pub async fn causes_of(&self, keys: &BTreeSet<String>, until: i64, rows_max: usize) -> Result<Vec<KeptCause>> {
        let buckets: BTreeSet<String> = keys.iter().map(|key| cause_bucket(key).to_string()).collect();
        let schema = Table::Causes.file_schema();
        let sought = Sought {
            is_in: &|held| buckets.contains(held),
            any: vec![vec![Clause::text("key", keys), Clause::new("event_time", Test::Within(i64::MIN..=until))]],
            check: None,
            columns: schema.fields().iter().map(|field| field.name().as_str()).collect(),
            rows_max,
        };
        let mut found = Vec::new();
        for batch in self.rows(&sought).await? {
            found.extend(facts(&batch)?);
        }
        Ok(found)
    }
}

fn facts(batch: &RecordBatch) -> Result<Vec<KeptCause>> {
    let text = |name| text_column(Table::Causes, batch, name);
    let (key, kind, event_id, shared) = (text("key")?, text("kind")?, text("event_id")?, text("shared_event_id")?);
    let (source, name, account, region) = (text("event_source")?, text("event_name")?, text("recipient_account_id")?, text("aws_region")?);
    let (access_key, principal, other) = (text("access_key_id")?, text("principal_id")?, text("other_session")?);
    let (role, detail) = (text("role_arn")?, text("detail")?);
    let (time, created) = (time_column(Table::Causes, batch, "event_time")?, time_column(Table::Causes, batch, "creation_date")?);
    let marks: &MapArray =
        batch.column_by_name("marks").and_then(|column| column.as_map_opt()).ok_or_else(|| missing(Table::Causes, "marks"))?;
    let (object, record) = (number_column(Table::Causes, batch, "object_id")?, number_column(Table::Causes, batch, "record")?);
    let at = |column: &StringArray, row: usize| column.is_valid(row).then(|| column.value(row).to_owned());
    let mut found = Vec::with_capacity(batch.num_rows());
    for row in 0..batch.num_rows() {
        let kind = CauseKind::from_word(kind.value(row)).ok_or_else(|| missing(Table::Causes, "kind"))?;
        let session = SessionKey {
            access_key_id: at(access_key, row),
            principal_id: at(principal, row),
            creation_date: created.is_valid(row).then(|| created.value(row)),
            otherwise: at(other, row),
        };
        let fact = CauseFact {
            key: key.value(row).to_owned(),
            event_time: time.value(row),
            kind,
            event_id: event_id.value(row).to_owned(),
            event_source: source.value(row).to_owned(),
            event_name: name.value(row).to_owned(),
            recipient_account_id: account.value(row).to_owned(),
            aws_region: region.value(row).to_owned(),
            shared_event_id: at(shared, row),
            session,
            role_arn: at(role, row),
            detail: at(detail, row),
            marks: pairs(marks, row),
        };
        found.push(KeptCause { fact, object_id: object.value(row), record: u64::try_from(record.value(row)).unwrap_or(0) });
    }
    Ok(found)
}
