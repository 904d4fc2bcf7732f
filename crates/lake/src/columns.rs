//! Columns of a file to be, made one at a time, so that no file is held whole before it is encoded.

use arrow::array::{ArrayRef, DictionaryArray, ListArray, RecordBatch, StringArray};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{Field, UInt32Type};
use arrow::error::ArrowError;
use std::ops::Range;
use std::sync::Arc;

/// The columns of one data file, in the order of its table's file schema.
pub(crate) trait Columns: Send + Sync {
    /// How many rows it has.
    fn rows(&self) -> usize;

    /// About how many bytes of text a row has, where rows can be large.
    fn bytes_of(&self, _row: usize) -> usize {
        0
    }

    /// A column of text of some of its rows, where each lies in memory already: it need not be put together to be encoded.
    fn slices(&self, _index: usize, _rows: Range<usize>) -> Option<Vec<Option<&[u8]>>> {
        None
    }

    /// A column of some of its rows.
    fn column(&self, index: usize, rows: Range<usize>) -> Result<ArrayRef, ArrowError>;
}

impl Columns for RecordBatch {
    fn rows(&self) -> usize {
        self.num_rows()
    }

    fn column(&self, index: usize, rows: Range<usize>) -> Result<ArrayRef, ArrowError> {
        Ok(Self::column(self, index).slice(rows.start, rows.len()))
    }
}

/// A column of values by their numbers.
pub(crate) fn dictionary(values: &ArrayRef, numbers: impl Iterator<Item = Option<u32>>) -> Result<ArrayRef, ArrowError> {
    Ok(Arc::new(DictionaryArray::<UInt32Type>::try_new(numbers.collect(), Arc::clone(values))?))
}

/// Text of values that are known to be UTF-8 one by one; checked once, all together.
pub(crate) fn text<'v>(values: impl Iterator<Item = Option<&'v [u8]>>) -> Result<ArrayRef, ArrowError> {
    let values: Vec<Option<&[u8]>> = values.collect();
    let bytes = values.iter().flatten().map(|value| value.len()).sum();
    if i32::try_from(bytes).is_err() {
        return Err(ArrowError::OffsetOverflowError(bytes));
    }
    let validity = values.iter().any(Option::is_none).then(|| values.iter().map(Option::is_some).collect::<NullBuffer>());
    let mut offsets = Vec::with_capacity(values.len() + 1);
    let mut text = Vec::with_capacity(bytes);
    offsets.push(0_i32);
    for value in values {
        text.extend_from_slice(value.unwrap_or(&[]));
        offsets.push(text.len() as i32);
    }
    let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
    Ok(Arc::new(StringArray::try_new(offsets, Buffer::from_vec(text), validity)?))
}

/// Text that is already known as such.
pub(crate) fn strings<'v>(values: impl Iterator<Item = Option<&'v str>>) -> Result<ArrayRef, ArrowError> {
    text(values.map(|value| value.map(str::as_bytes)))
}

/// Lists of text; `None` is no list.
pub(crate) fn lists(values: ArrayRef, lengths: impl Iterator<Item = Option<usize>> + Clone) -> Result<ArrayRef, ArrowError> {
    let validity = lengths.clone().any(|length| length.is_none()).then(|| lengths.clone().map(|length| length.is_some()).collect());
    let offsets = OffsetBuffer::from_lengths(lengths.map(|length| length.unwrap_or(0)));
    let field = Field::new("element", values.data_type().clone(), true);
    Ok(Arc::new(ListArray::try_new(Arc::new(field), offsets, values, validity)?))
}
