//! Page indexes: which rows of a file may hold a value.

use parquet::arrow::arrow_reader::RowSelection;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use std::collections::BTreeSet;
use std::ops::Range;

/// What the index says of one page of a column.
#[derive(Clone, Copy)]
pub(super) struct Page<'i> {
    index: &'i ColumnIndexMetaData,
    number: usize,
    rows: usize,
}

impl Page<'_> {
    /// Whether it may hold one of the texts.
    pub(super) fn may_hold_text(&self, wanted: &BTreeSet<&[u8]>) -> bool {
        match self.index {
            ColumnIndexMetaData::BYTE_ARRAY(index) => match index.min_value(self.number).zip(index.max_value(self.number)) {
                Some((low, high)) => low > high || wanted.range(low..=high).next().is_some(),
                None => !self.is_all_null(),
            },
            _ => true,
        }
    }

    /// Whether its span of numbers passes a test; one without a span does, unless all in it is null.
    pub(super) fn may_hold_number(&self, test: impl Fn(i64, i64) -> bool) -> bool {
        match self.index {
            ColumnIndexMetaData::INT64(index) => match index.min_value(self.number).zip(index.max_value(self.number)) {
                Some((low, high)) => low > high || test(*low, *high),
                None => !self.is_all_null(),
            },
            _ => true,
        }
    }

    /// Whether any value of it may be null.
    pub(super) fn may_hold_null(&self) -> bool {
        self.index.null_count(self.number) != Some(0)
    }

    /// Whether no value of it is there.
    pub(super) fn is_all_null(&self) -> bool {
        self.index.null_count(self.number).is_some_and(|nulls| usize::try_from(nulls).ok() == Some(self.rows))
    }
}

/// The rows of the pages of a column that `keep` lets through; all where a file has no such index.
pub(super) fn pages(metadata: &ParquetMetaData, column: &str, keep: impl Fn(Page<'_>) -> bool) -> RowSelection {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    let mut start = 0;
    for (group, rows) in metadata.row_groups().iter().enumerate() {
        let total = usize::try_from(rows.num_rows()).unwrap_or(0);
        let place = rows.columns().iter().position(|chunk| chunk.column_path().string() == column);
        let index = place.and_then(|place| metadata.column_index()?.get(group)?.get(place));
        let offsets = place.and_then(|place| metadata.offset_index()?.get(group)?.get(place));
        match index.zip(offsets).filter(|(index, _)| !matches!(index, ColumnIndexMetaData::NONE)) {
            Some((index, offsets)) => {
                let firsts: Vec<usize> =
                    offsets.page_locations().iter().map(|page| usize::try_from(page.first_row_index).unwrap_or(0)).collect();
                for (number, first) in firsts.iter().enumerate() {
                    let end = firsts.get(number + 1).copied().unwrap_or(total);
                    if keep(Page { index, number, rows: end.saturating_sub(*first) }) {
                        ranges.push(start + first..start + end);
                    }
                }
            }
            None => ranges.push(start..start + total),
        }
        start += total;
    }
    RowSelection::from_consecutive_ranges(ranges.into_iter(), start)
}

/// Texts as the bytes by which pages are compared.
pub(super) fn bytes_of<'t>(texts: impl IntoIterator<Item = &'t String>) -> BTreeSet<&'t [u8]> {
    texts.into_iter().map(String::as_bytes).collect()
}
