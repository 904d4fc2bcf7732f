//! Mentions by key.

use super::pages::{bytes_of, pages};
use super::{PointReader, Sought, Span, time_column};
use crate::error::Result;
use crate::parquet_file::{milliseconds, text_column};
use crate::schema::{Table, bucket};
use arrow::array::{Array as _, BooleanArray, RecordBatch};
use parquet::file::metadata::ParquetMetaData;
use std::ops::Range;
use std::sync::Arc;

impl PointReader {
    /// Reads the rows of `mentions` of one key within a window, microseconds since 1970.
    ///
    /// # Errors
    /// Where a file cannot be read.
    pub async fn mentions_of(&self, key: &str, window: Range<i64>) -> Result<Vec<RecordBatch>> {
        let asked = [key.to_owned()];
        // An open end is no time that could be written down.
        let start = (window.start > i64::MIN).then(|| milliseconds(window.start));
        let end = (window.end < i64::MAX).then(|| milliseconds(window.end));
        let may_hold = |span: &Span<'_>| {
            let of_key = span.of("key").is_none_or(|(low, high)| low.as_str() <= key && key <= high.as_str());
            let of_time = |(low, high): (String, String)| {
                start.as_ref().is_none_or(|start| *start <= high) && end.as_ref().is_none_or(|end| low <= *end)
            };
            of_key && span.of("event_time").is_none_or(of_time)
        };
        let select = |metadata: &ParquetMetaData| {
            let wanted = bytes_of(&asked);
            Some(pages(metadata, "key", |page| page.may_hold_text(&wanted)))
        };
        let schema = Table::Mentions.file_schema();
        let columns: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let (wanted, at) = (key.to_owned(), window.clone());
        let part = bucket(key).to_string();
        let sought = Sought {
            may_hold: &may_hold,
            any_of: Vec::new(),
            pages: &select,
            asked: &["key", "event_time"],
            is_wanted: Arc::new(move |batch| {
                let (keys, times) = (text_column(Table::Mentions, batch, "key")?, time_column(Table::Mentions, batch, "event_time")?);
                let is_wanted = |row: usize| Some(keys.is_valid(row) && keys.value(row) == wanted && at.contains(&times.value(row)));
                Ok((0..batch.num_rows()).map(is_wanted).collect::<BooleanArray>())
            }),
            columns: &columns,
        };
        self.rows(&|held| held == part, &sought).await
    }
}
