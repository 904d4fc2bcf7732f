//! A file of `mentions`: the keys of one bucket in, columns out, by key and time.

use crate::columns::{Columns, dictionary, strings};
use crate::index::{FAILED, HAS_SHARED, Index, Mention, NONE, OWN, READ_ONLY};
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

    /// The objects of events, by their numbers.
    pub(crate) fn object_ids(&self, events: impl Iterator<Item = u32>) -> Result<ArrayRef, ArrowError> {
        dictionary(&self.object_ids, events.map(|event| Some(at(&self.index.events.object, event))))
    }

    /// Names or words by their numbers.
    pub(crate) fn texts(values: &ArrayRef, numbers: impl Iterator<Item = u32>) -> Result<ArrayRef, ArrowError> {
        dictionary(values, numbers.map(|number| (number != NONE).then_some(number)))
    }
}

/// Mentions of one bucket.
pub(crate) struct MentionFile<'i> {
    indexed: &'i Indexed<'i>,
    /// Places of the mentions.
    places: Vec<u32>,
}

impl<'i> MentionFile<'i> {
    pub(crate) fn new(indexed: &'i Indexed<'i>, places: Vec<u32>) -> Self {
        Self { indexed, places }
    }

    fn found(&self, range: Range<usize>) -> impl Iterator<Item = &'i Mention> + Clone {
        let mentions = &self.indexed.index.mentions;
        self.places.get(range).unwrap_or(&[]).iter().filter_map(|place| mentions.get(*place as usize))
    }

    fn words(&self, range: Range<usize>, words: &[u32]) -> Result<ArrayRef, ArrowError> {
        Indexed::texts(&self.indexed.words, self.found(range).map(|mention| at(words, mention.event)))
    }

    fn flags(&self, range: Range<usize>, value: impl Fn(&Mention) -> bool) -> ArrayRef {
        let flags: BooleanBuffer = self.found(range).map(value).collect();
        Arc::new(BooleanArray::new(flags, None))
    }

    fn event_flag(&self, range: Range<usize>, flag: u8) -> ArrayRef {
        self.flags(range, |mention| at(&self.indexed.index.events.flags, mention.event) & flag != 0)
    }

    fn forms(&self, range: Range<usize>) -> Result<ArrayRef, ArrowError> {
        let words = strings(Form::ALL.iter().map(|form| Some(form_word(*form))))?;
        dictionary(&words, self.found(range).map(|mention| Some(mention.form as u32)))
    }
}

impl Columns for MentionFile<'_> {
    fn rows(&self) -> usize {
        self.places.len()
    }

    fn column(&self, index: usize, range: Range<usize>) -> Result<ArrayRef, ArrowError> {
        let events = &self.indexed.index.events;
        let names = &self.indexed.names;
        match index {
            0 => Indexed::texts(names, self.found(range).map(|mention| mention.key)),
            1 => self.forms(range),
            // Of an ARN it is the key, mostly: then it is not said again.
            2 => Indexed::texts(names, self.found(range).map(|mention| if mention.arn == mention.key { NONE } else { mention.arn })),
            3 => Ok(self.flags(range, |mention| mention.exact)),
            4 => {
                let times = self.found(range).map(|mention| at(&events.time, mention.event));
                Ok(Arc::new(TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC")))
            }
            5 => self.words(range, &events.recipient),
            6 => self.words(range, &events.region),
            7 => Ok(self.event_flag(range, READ_ONLY)),
            8 => Ok(self.event_flag(range, FAILED)),
            9 => Ok(self.event_flag(range, OWN)),
            10 => {
                let shared = |event: u32| (at(&events.flags, event) & HAS_SHARED != 0).then(|| at(&events.shared, event));
                Ok(Arc::new(self.found(range).map(|mention| shared(mention.event)).collect::<Int64Array>()))
            }
            11 => self.indexed.object_ids(self.found(range).map(|mention| mention.event)),
            _ => {
                let records = self.found(range).map(|mention| i64::from(at(&events.record, mention.event)));
                Ok(Arc::new(Int64Array::from_iter_values(records)))
            }
        }
    }
}
