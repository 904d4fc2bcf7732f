//! Objects of an account's log in a region.

use super::{PointReader, Sought};
use crate::error::Result;
use crate::parquet_file::text_column;
use crate::rows::LOOKED_UP;
use crate::schema::Table;
use arrow::array::{BooleanArray, RecordBatch};
use std::sync::Arc;

impl PointReader {
    /// Reads the named columns of a trail's objects of an account and region; those whose key does not say whose they are come as well.
    ///
    /// # Errors
    /// Where a file cannot be read.
    pub async fn objects_of(&self, account_id: &str, aws_region: &str, columns: &[&str]) -> Result<Vec<RecordBatch>> {
        let place = [account_id.to_owned(), aws_region.to_owned()];
        let sought = Sought {
            may_hold: &|_| true,
            any_of: Vec::new(),
            pages: &|_| None,
            asked: &["account_id", "aws_region", "kind"],
            is_wanted: Arc::new(move |batch| {
                let (accounts, regions) =
                    (text_column(Table::Objects, batch, "account_id")?, text_column(Table::Objects, batch, "aws_region")?);
                let kind = text_column(Table::Objects, batch, "kind")?;
                let fits = |held: &str, wanted: &String| held.is_empty() || held == wanted;
                let [account, region] = &place;
                let is_ours = |row: usize| fits(accounts.value(row), account) && fits(regions.value(row), region);
                let is_wanted = |row: usize| Some(is_ours(row) && kind.value(row) != LOOKED_UP);
                Ok((0..batch.num_rows()).map(is_wanted).collect::<BooleanArray>())
            }),
            columns,
        };
        self.rows(&|_| true, &sought).await
    }
}
