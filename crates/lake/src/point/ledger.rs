//! Objects by number, and rejects by reason.

use super::PointReader;
use super::sought::{Clause, Sought, Test};
use crate::error::Result;
use crate::rows::LOOKED_UP;
use arrow::array::RecordBatch;
use std::collections::BTreeSet;

impl PointReader {
    /// Reads the named columns of the objects with these numbers.
    ///
    /// # Errors
    /// Where a file cannot be read.
    pub async fn objects_numbered(&self, numbers: &BTreeSet<i64>, columns: &[&str]) -> Result<Vec<RecordBatch>> {
        self.ledger(vec![Clause::new("object_id", Test::Number(numbers.clone()))], columns).await
    }

    /// Reads the named columns of a trail's objects that were read and hold events.
    ///
    /// # Errors
    /// Where a file cannot be read.
    pub async fn objects_read(&self, columns: &[&str]) -> Result<Vec<RecordBatch>> {
        let is_read =
            vec![Clause::is("state", "read"), Clause::new("kind", Test::Not(LOOKED_UP)), Clause::new("first_event_time", Test::There)];
        self.ledger(is_read, columns).await
    }

    /// Reads the named columns of the rejects of one reason.
    ///
    /// # Errors
    /// Where a file cannot be read.
    pub async fn rejects_of(&self, reason: &str, columns: &[&str]) -> Result<Vec<RecordBatch>> {
        self.ledger(vec![Clause::is("reason", reason)], columns).await
    }

    /// Reads the named columns of a trail's objects of an account and region; those whose key does not say whose they are come as well.
    ///
    /// # Errors
    /// Where a file cannot be read.
    pub async fn objects_of(&self, account_id: &str, aws_region: &str, columns: &[&str]) -> Result<Vec<RecordBatch>> {
        let fits = |column, wanted| Clause::new(column, Test::TextIfAny(BTreeSet::from(["", wanted])));
        let is_ours = vec![fits("account_id", account_id), fits("aws_region", aws_region), Clause::new("kind", Test::Not(LOOKED_UP))];
        self.ledger(is_ours, columns).await
    }

    /// Rows of all days that meet all conditions.
    async fn ledger(&self, all: Vec<Clause<'_>>, columns: &[&str]) -> Result<Vec<RecordBatch>> {
        let sought = Sought { is_in: &|_| true, any: vec![all], check: None, columns: columns.to_vec(), rows_max: usize::MAX };
        self.rows(&sought).await
    }
}
