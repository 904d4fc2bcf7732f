//! Events by the session that made the call.

use super::PointReader;
use super::sought::{Clause, Sought, Test};
use crate::error::Result;
use crate::writer::day_text;
use arrow::array::RecordBatch;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

impl PointReader {
    /// Reads the named columns of the events of one day whose sessions are among `credential_ids`, at a time within `times` (microseconds
    /// since 1970).
    ///
    /// # Errors
    /// Where a file cannot be read.
    pub async fn events_of_sessions(
        &self,
        day: i32,
        credential_ids: &BTreeSet<String>,
        times: RangeInclusive<i64>,
        columns: &[&str],
    ) -> Result<Vec<RecordBatch>> {
        let partition = day_text(day);
        let sought = Sought {
            is_in: &|held| held == partition,
            any: vec![vec![Clause::text("credential_id", credential_ids), Clause::new("event_time", Test::Within(times))]],
            check: None,
            columns: columns.to_vec(),
            rows_max: usize::MAX,
        };
        self.rows(&sought).await
    }
}
