//! A file of `causes`: what events told of the keys of one bucket in, columns out, by key and time.

use crate::columns::{Columns, dictionary, strings, text};
use crate::index::{Cause, NONE, Told};
use crate::mention_file::Indexed;
use crate::resolved::tag_column;
use crate::rows::at;
use crate::texts::Span;
use arrow::array::{ArrayRef, Int64Array, TimestampMicrosecondArray};
use arrow::error::ArrowError;
use identity::{CauseKind, SessionKey};
use std::ops::Range;
use std::sync::Arc;

/// Causes of one bucket.
pub(crate) struct CauseFile<'i> {
    indexed: &'i Indexed<'i>,
    causes: Vec<Cause>,
}

impl<'i> CauseFile<'i> {
    pub(crate) fn new(indexed: &'i Indexed<'i>, causes: Vec<Cause>) -> Self {
        Self { indexed, causes }
    }

    fn found(&self, range: Range<usize>) -> impl Iterator<Item = &Cause> + Clone {
        self.causes.get(range).unwrap_or(&[]).iter()
    }

    fn told(&self, range: Range<usize>) -> impl Iterator<Item = Option<&'i Told>> + Clone {
        self.found(range).map(|cause| self.indexed.index.told_by(cause))
    }

    fn events(&self, range: Range<usize>) -> impl Iterator<Item = u32> + Clone {
        self.told(range).map(|told| told.map_or(NONE, |told| told.event))
    }

    fn words(&self, range: Range<usize>, word: impl Fn(&Told) -> u32) -> Result<ArrayRef, ArrowError> {
        Indexed::texts(&self.indexed.words, self.told(range).map(|told| told.map_or(NONE, &word)))
    }

    fn own_text(&self, range: Range<usize>, span: fn(&Told) -> Span) -> Result<ArrayRef, ArrowError> {
        text(self.told(range).map(|told| told.and_then(|told| self.indexed.index.text(span(told)))))
    }

    fn names(&self, range: Range<usize>, name: fn(&Cause) -> u32) -> Result<ArrayRef, ArrowError> {
        Indexed::texts(&self.indexed.names, self.found(range).map(name))
    }

    fn session(&self, told: Option<&Told>) -> Option<&'i SessionKey> {
        self.indexed.index.sessions.get(told?.session as usize)
    }

    fn session_text(&self, range: Range<usize>, part: fn(&SessionKey) -> Option<&str>) -> Result<ArrayRef, ArrowError> {
        let values = strings(self.indexed.index.sessions.iter().map(part))?;
        Indexed::texts(&values, self.told(range).map(|told| told.map_or(NONE, |told| told.session)))
    }

    fn times(&self, times: impl Iterator<Item = Option<i64>>) -> ArrayRef {
        Arc::new(times.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
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
        let events = &self.indexed.index.events;
        match index {
            0 => self.names(range, |cause| cause.key),
            1 => self.kinds(range),
            2 => Ok(self.times(self.events(range).map(|event| Some(at(events, event).time)))),
            3 => self.own_text(range, |told| told.event_id),
            4 => self.words(range, |told| told.source),
            5 => self.words(range, |told| told.name),
            6 => self.words(range, |told| at(events, told.event).recipient),
            7 => self.words(range, |told| at(events, told.event).region),
            8 => self.own_text(range, |told| told.shared),
            9 => self.session_text(range, |session| session.access_key_id.as_deref()),
            10 => self.session_text(range, |session| session.principal_id.as_deref()),
            11 => Ok(self.times(self.told(range).map(|told| self.session(told).and_then(|session| session.creation_date)))),
            12 => self.session_text(range, |session| session.otherwise.as_deref()),
            13 => self.names(range, |cause| cause.role_arn),
            14 => self.names(range, |cause| cause.detail),
            15 => Ok(tag_column(self.found(range).map(|cause| self.indexed.index.marks_of(cause)))),
            16 => self.indexed.object_ids(self.events(range).map(|event| at(events, event).object)),
            _ => Ok(Arc::new(Int64Array::from_iter_values(self.events(range).map(|event| i64::from(at(events, event).record))))),
        }
    }
}
