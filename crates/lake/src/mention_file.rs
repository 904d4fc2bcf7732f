//! A file of `mentions`: the keys of one bucket in, columns out, by key and time.

use crate::columns::{Columns, dictionary, strings};
use crate::index::{FAILED, Found, HAS_SHARED, Index, Mention, NONE, OWN, READ_ONLY};
use crate::rows::{ObjectRow, at, form_word};
use arrow::array::{ArrayRef, BooleanArray, Int64Array, TimestampMicrosecondArray};
use arrow::buffer::BooleanBuffer;
use arrow::error::ArrowError;
use event::resource::Form;
use std::ops::Range;
use std::sync::Arc;

/// An [`Index`], and its names, words and objects as columns, which its files point to.
pub(crate) struct Indexed<'i> {
    pub(crate) index: &'i Index,
    pub(crate) names: ArrayRef,
    pub(crate) words: ArrayRef,
    object_ids: ArrayRef,
}

impl<'i> Indexed<'i> {
    pub(crate) fn new(index: &'i Index, objects: &[ObjectRow]) -> Result<Self, ArrowError> {
        let object_ids = Arc::new(Int64Array::from_iter_values(objects.iter().map(|object| object.id)));
        Ok(Self { index, names: Arc::new(index.names.column()?), words: Arc::new(index.words.column()?), object_ids })
    }

    /// Objects by their numbers.
    pub(crate) fn object_ids(&self, objects: impl Iterator<Item = u32>) -> Result<ArrayRef, ArrowError> {
        dictionary(&self.object_ids, objects.map(Some))
    }

    /// Names or words by their numbers.
    pub(crate) fn texts(values: &ArrayRef, numbers: impl Iterator<Item = u32>) -> Result<ArrayRef, ArrowError> {
        dictionary(values, numbers.map(|number| (number != NONE).then_some(number)))
    }
}

/// Mentions of one bucket, each with what its file needs of its event: they lie in the order of keys, so that each column would look for
/// every event anew.
pub(crate) struct MentionFile<'i> {
    indexed: &'i Indexed<'i>,
    rows: Vec<(Mention, Found)>,
}

impl<'i> MentionFile<'i> {
    /// Of the mentions at these places of the index.
    pub(crate) fn new(indexed: &'i Indexed<'i>, places: &[u32]) -> Self {
        let Index { mentions, events, .. } = indexed.index;
        let found = places.iter().filter_map(|place| mentions.get(*place as usize));
        Self { indexed, rows: found.map(|mention| (*mention, at(events, mention.event))).collect() }
    }

    fn found(&self, range: Range<usize>) -> impl Iterator<Item = &(Mention, Found)> + Clone {
        self.rows.get(range).unwrap_or(&[]).iter()
    }

    fn names(&self, range: Range<usize>, name: impl Fn(&Mention) -> u32) -> Result<ArrayRef, ArrowError> {
        Indexed::texts(&self.indexed.names, self.found(range).map(|(mention, _)| name(mention)))
    }

    fn words(&self, range: Range<usize>, word: impl Fn(&Found) -> u32) -> Result<ArrayRef, ArrowError> {
        Indexed::texts(&self.indexed.words, self.found(range).map(|(_, event)| word(event)))
    }

    fn flags(&self, range: Range<usize>, value: impl Fn(&(Mention, Found)) -> bool) -> ArrayRef {
        let flags: BooleanBuffer = self.found(range).map(value).collect();
        Arc::new(BooleanArray::new(flags, None))
    }

    fn event_flag(&self, range: Range<usize>, flag: u8) -> ArrayRef {
        self.flags(range, |(_, event)| event.flags & flag != 0)
    }

    fn forms(&self, range: Range<usize>) -> Result<ArrayRef, ArrowError> {
        let words = strings(Form::ALL.iter().map(|form| Some(form_word(*form))))?;
        dictionary(&words, self.found(range).map(|(mention, _)| Some(mention.form as u32)))
    }
}

impl Columns for MentionFile<'_> {
    fn rows(&self) -> usize {
        self.rows.len()
    }

    fn column(&self, index: usize, range: Range<usize>) -> Result<ArrayRef, ArrowError> {
        match index {
            0 => self.names(range, |mention| mention.key),
            1 => self.forms(range),
            // Of an ARN it is the key, mostly: then it is not said again.
            2 => self.names(range, |mention| if mention.arn == mention.key { NONE } else { mention.arn }),
            3 => Ok(self.flags(range, |(mention, _)| mention.exact)),
            4 => {
                let times = self.found(range).map(|(_, event)| event.time);
                Ok(Arc::new(TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC")))
            }
            5 => self.words(range, |event| event.recipient),
            6 => self.words(range, |event| event.region),
            7 => Ok(self.event_flag(range, READ_ONLY)),
            8 => Ok(self.event_flag(range, FAILED)),
            9 => Ok(self.event_flag(range, OWN)),
            10 => {
                let shared = |event: &Found| (event.flags & HAS_SHARED != 0).then_some(event.shared);
                Ok(Arc::new(self.found(range).map(|(_, event)| shared(event)).collect::<Int64Array>()))
            }
            11 => self.indexed.object_ids(self.found(range).map(|(_, event)| event.object)),
            _ => {
                let records = self.found(range).map(|(_, event)| i64::from(event.record));
                Ok(Arc::new(Int64Array::from_iter_values(records)))
            }
        }
    }
}
