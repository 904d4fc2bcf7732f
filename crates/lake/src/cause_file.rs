//! A file of `causes`: what events told of the keys of one bucket in, columns out, by key and time.

use crate::batch::{Batch, dictionary};
use crate::causes::CauseRow;
use crate::columns::{Columns, strings, text};
use crate::resolved::tag_column;
use crate::rows::{AWS_REGION, EVENT_ID, EVENT_NAME, EVENT_SOURCE, RECIPIENT, SHARED, at};
use arrow::array::{ArrayRef, Int64Array, TimestampMicrosecondArray};
use arrow::error::ArrowError;
use identity::{CauseKind, SessionKey};
use std::ops::Range;
use std::sync::Arc;

/// Causes of one bucket.
pub(crate) struct CauseFile<'b> {
    batch: &'b Batch<'b>,
    causes: Vec<CauseRow>,
}

impl<'b> CauseFile<'b> {
    pub(crate) fn new(batch: &'b Batch<'b>, causes: &[CauseRow]) -> Self {
        let all = batch.rows;
        let mut causes = causes.to_vec();
        let name = |name: Option<u32>| name.map(|name| batch.rank(name));
        causes.sort_by_cached_key(|cause| {
            let event = cause.event;
            let place = (all.bytes(event, EVENT_ID), all.word(event, RECIPIENT));
            (batch.rank(cause.key), at(&all.events.time, event), place, cause.kind, name(cause.detail), name(cause.role_arn))
        });
        Self { batch, causes }
    }

    fn found(&self, range: Range<usize>) -> impl Iterator<Item = &CauseRow> + Clone {
        self.causes.get(range).unwrap_or(&[]).iter()
    }

    fn words(&self, range: Range<usize>, column: usize) -> Result<ArrayRef, ArrowError> {
        self.batch.words(column, self.found(range).map(|cause| cause.event))
    }

    fn own_text(&self, range: Range<usize>, column: usize) -> Result<ArrayRef, ArrowError> {
        text(self.found(range).map(|cause| self.batch.rows.bytes(cause.event, column)))
    }

    fn names(&self, range: Range<usize>, name: fn(&CauseRow) -> Option<u32>) -> Result<ArrayRef, ArrowError> {
        self.batch.names(self.found(range).map(name))
    }

    fn session(&self, cause: &CauseRow) -> Option<&SessionKey> {
        self.batch.rows.session_of(cause.event).map(|session| &session.key)
    }

    fn session_text(&self, range: Range<usize>, part: fn(&SessionKey) -> Option<&str>) -> Result<ArrayRef, ArrowError> {
        strings(self.found(range).map(|cause| self.session(cause).and_then(part)))
    }

    fn times(&self, range: Range<usize>, time: impl Fn(&CauseRow) -> Option<i64>) -> ArrayRef {
        Arc::new(self.found(range).map(time).collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
    }

    fn numbers(&self, range: Range<usize>, value: impl Fn(u32) -> Option<i64>) -> ArrayRef {
        Arc::new(self.found(range).map(|cause| value(cause.event)).collect::<Int64Array>())
    }

    fn kinds(&self, range: Range<usize>) -> Result<ArrayRef, ArrowError> {
        let words = strings(CauseKind::ALL.iter().map(|kind| Some(kind.word())))?;
        dictionary(&words, self.found(range).map(|cause| Some(cause.kind as u32)))
    }
}

impl Columns for CauseFile<'_> {
    fn rows(&self) -> usize {
        self.causes.len()
    }

    fn column(&self, index: usize, range: Range<usize>) -> Result<ArrayRef, ArrowError> {
        let all = self.batch.rows;
        match index {
            0 => self.names(range, |cause| Some(cause.key)),
            1 => self.kinds(range),
            2 => Ok(self.times(range, |cause| Some(at(&all.events.time, cause.event)))),
            3 => self.own_text(range, EVENT_ID),
            4 => self.words(range, EVENT_SOURCE),
            5 => self.words(range, EVENT_NAME),
            6 => self.words(range, RECIPIENT),
            7 => self.words(range, AWS_REGION),
            8 => self.own_text(range, SHARED),
            9 => self.session_text(range, |session| session.access_key_id.as_deref()),
            10 => self.session_text(range, |session| session.principal_id.as_deref()),
            11 => Ok(self.times(range, |cause| self.session(cause).and_then(|session| session.creation_date))),
            12 => self.session_text(range, |session| session.otherwise.as_deref()),
            13 => self.names(range, |cause| cause.role_arn),
            14 => self.names(range, |cause| cause.detail),
            15 => Ok(tag_column(self.found(range).map(|cause| all.causes.marks_of(cause)))),
            16 => Ok(self.numbers(range, |event| all.object_of(event).map(|object| object.id))),
            _ => Ok(self.numbers(range, |event| Some(i64::from(at(&all.events.record, event))))),
        }
    }
}
