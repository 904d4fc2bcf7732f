//! A file of `mentions`: the keys of one bucket in, columns out, by key and time.

use crate::batch::{Batch, dictionary};
use crate::columns::{Columns, strings};
use crate::rows::{AWS_REGION, ERROR_CODE, EVENT_ID, MentionRow, RECIPIENT, SHARED, at, form_word, shared_event};
use arrow::array::{ArrayRef, BooleanArray, Int64Array, TimestampMicrosecondArray};
use arrow::buffer::BooleanBuffer;
use arrow::error::ArrowError;
use event::resource::Form;
use std::ops::Range;
use std::sync::Arc;

/// Mentions of one bucket.
pub(crate) struct MentionFile<'b> {
    batch: &'b Batch<'b>,
    mentions: Vec<MentionRow>,
}

impl<'b> MentionFile<'b> {
    pub(crate) fn new(batch: &'b Batch<'b>, places: &[u32]) -> Self {
        let all = batch.rows;
        let mut keyed: Vec<(u32, i64, MentionRow)> = places
            .iter()
            .filter_map(|place| all.mentions.get(*place as usize))
            .map(|mention| (batch.rank(mention.key), at(&all.events.time, mention.event), *mention))
            .collect();
        let last = |mention: &MentionRow| {
            let event = mention.event;
            (all.bytes(event, EVENT_ID), all.word(event, RECIPIENT), mention.arn.map(|arn| batch.rank(arn)))
        };
        keyed.sort_unstable_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then_with(|| last(&a.2).cmp(&last(&b.2))));
        Self { batch, mentions: keyed.into_iter().map(|(_, _, mention)| mention).collect() }
    }

    fn found(&self, range: Range<usize>) -> impl Iterator<Item = &MentionRow> + Clone {
        self.mentions.get(range).unwrap_or(&[]).iter()
    }

    fn words(&self, range: Range<usize>, column: usize) -> Result<ArrayRef, ArrowError> {
        self.batch.words(column, self.found(range).map(|mention| mention.event))
    }

    fn numbers(&self, range: Range<usize>, value: impl Fn(u32) -> Option<i64>) -> ArrayRef {
        Arc::new(self.found(range).map(|mention| value(mention.event)).collect::<Int64Array>())
    }

    fn flags(&self, range: Range<usize>, value: impl Fn(&MentionRow) -> bool) -> ArrayRef {
        let flags: BooleanBuffer = self.found(range).map(value).collect();
        Arc::new(BooleanArray::new(flags, None))
    }

    fn forms(&self, range: Range<usize>) -> Result<ArrayRef, ArrowError> {
        let words = strings(Form::ALL.iter().map(|form| Some(form_word(*form))))?;
        dictionary(&words, self.found(range).map(|mention| Some(mention.form as u32)))
    }
}

impl Columns for MentionFile<'_> {
    fn rows(&self) -> usize {
        self.mentions.len()
    }

    fn column(&self, index: usize, range: Range<usize>) -> Result<ArrayRef, ArrowError> {
        let all = self.batch.rows;
        let events = &all.events;
        match index {
            0 => self.batch.names(self.found(range).map(|mention| Some(mention.key))),
            1 => self.forms(range),
            // Of an ARN it is the key, mostly: then it is not said again.
            2 => self.batch.names(self.found(range).map(|mention| mention.arn.filter(|arn| *arn != mention.key))),
            3 => Ok(self.flags(range, |mention| mention.exact)),
            4 => {
                let times = self.found(range).map(|mention| at(&events.time, mention.event));
                Ok(Arc::new(TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC")))
            }
            5 => self.words(range, RECIPIENT),
            6 => self.words(range, AWS_REGION),
            7 => Ok(self.flags(range, |mention| at(&events.read_only, mention.event))),
            8 => Ok(self.flags(range, |mention| all.has_word(mention.event, ERROR_CODE))),
            9 => Ok(self.flags(range, |mention| all.session_of(mention.event).is_some_and(|session| session.own))),
            10 => Ok(self.numbers(range, |event| all.text(event, SHARED).map(shared_event))),
            11 => Ok(self.numbers(range, |event| all.object_of(event).map(|object| object.id))),
            _ => Ok(self.numbers(range, |event| Some(i64::from(at(&events.record, event))))),
        }
    }
}
