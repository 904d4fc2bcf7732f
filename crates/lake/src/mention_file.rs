//! A file of `mentions`: the keys of one bucket in, columns out, by key and time.

use crate::batch::Batch;
use crate::columns::{Columns, lists, strings, text};
use crate::rows::{AWS_REGION, ERROR_CODE, EVENT_ID, EVENT_NAME, EVENT_SOURCE, MentionRow, RECIPIENT, Rows, SHARED, at, form_word, shared_event};
use arrow::array::{ArrayRef, BooleanArray, Int64Array, TimestampMicrosecondArray};
use arrow::error::ArrowError;
use std::ops::Range;
use std::sync::Arc;

/// ARNs that a mention lists, at most: the event has them all. An event may have thousands of keys, each with a mention.
const ARNS_MAX: usize = 8;

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
            (all.text(event, EVENT_ID), all.word(event, RECIPIENT), mention.arn.map(|arn| batch.rank(arn)))
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
        Arc::new(self.found(range).map(|mention| Some(value(mention))).collect::<BooleanArray>())
    }

    fn forms(&self, range: Range<usize>) -> Result<ArrayRef, ArrowError> {
        strings(self.found(range).map(|mention| Some(form_word(mention.form))))
    }

    /// Of calls that change something.
    fn changes(&self, range: Range<usize>) -> impl Iterator<Item = Option<u32>> + Clone {
        let read_only = &self.batch.rows.events.read_only;
        self.found(range).map(|mention| Some(mention.event).filter(|event| !at(read_only, *event)))
    }

    fn resource_arns(&self, range: Range<usize>) -> Result<ArrayRef, ArrowError> {
        let mut arns = Vec::new();
        let mut lengths = Vec::with_capacity(range.len());
        for event in self.changes(range) {
            let before = arns.len();
            arns.extend(event.into_iter().flat_map(|event| self.batch.rows.resource_arns(event).take(ARNS_MAX + 1)).map(Some));
            let listed = event.is_some() && arns.len() - before <= ARNS_MAX;
            if !listed {
                arns.truncate(before);
            }
            lengths.push(listed.then(|| arns.len() - before));
        }
        lists(self.batch.names(arns.into_iter())?, lengths.into_iter())
    }
}

/// Whether the event is the copy that names its caller in the caller's own account.
fn is_own(rows: &Rows, event: u32) -> bool {
    rows.session_of(event).is_some_and(|session| {
        let identity = &session.seen.identity;
        identity.arn.is_some() && identity.account_id.as_deref() == Some(rows.word(event, RECIPIENT))
    })
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
            1 => self.batch.names(self.found(range).map(|mention| mention.arn)),
            2 => self.forms(range),
            3 => Ok(self.flags(range, |mention| mention.exact)),
            4 => {
                let times = self.found(range).map(|mention| at(&events.time, mention.event));
                Ok(Arc::new(TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC")))
            }
            5 => self.words(range, RECIPIENT),
            6 => self.words(range, AWS_REGION),
            7 => self.words(range, EVENT_SOURCE),
            8 => self.words(range, EVENT_NAME),
            9 => self.words(range, ERROR_CODE),
            10 => Ok(self.flags(range, |mention| at(&events.read_only, mention.event))),
            11 => Ok(self.flags(range, |mention| is_own(all, mention.event))),
            12 => Ok(self.numbers(range, |event| all.text(event, SHARED).map(shared_event))),
            13 => Ok(self.numbers(range, |event| all.object_of(event).map(|object| object.id))),
            14 => Ok(self.numbers(range, |event| Some(i64::from(at(&events.record, event))))),
            15 => text(self.changes(range).map(|event| all.bytes(event?, EVENT_ID))),
            16 => self.batch.credential_id(self.changes(range)),
            _ => self.resource_arns(range),
        }
    }
}
