//! Mentions by key.

use super::PointReader;
use super::sought::{Clause, Sought, Test};
use crate::error::Result;
use crate::schema::{Table, bucket};
use arrow::array::RecordBatch;
use std::ops::Range;

impl PointReader {
    /// Reads the rows of `mentions` of one key within a window, microseconds since 1970.
    ///
    /// # Errors
    /// Where a file cannot be read.
    pub async fn mentions_of(&self, key: &str, window: Range<i64>) -> Result<Vec<RecordBatch>> {
        let Some(last) = window.end.checked_sub(1) else { return Ok(Vec::new()) };
        let schema = Table::Mentions.file_schema();
        let part = bucket(key).to_string();
        let sought = Sought {
            is_in: &|held| held == part,
            any: vec![vec![Clause::is("key", key), Clause::new("event_time", Test::Within(window.start..=last))]],
            check: None,
            columns: schema.fields().iter().map(|field| field.name().as_str()).collect(),
            rows_max: usize::MAX,
        };
        self.rows(&sought).await
    }
}
