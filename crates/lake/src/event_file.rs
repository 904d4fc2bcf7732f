//! A file of `events`: the rows of one day in, columns out, by account and time.

use crate::batch::Batch;
use crate::columns::{Columns, dictionary, lists, strings, text};
use crate::rows::{EVENT_ID, RECIPIENT, SessionRow, at};
use crate::schema::{OWN_TEXT, SESSION_TEXT, WORDS};
use arrow::array::{ArrayRef, BooleanArray, Int64Array, TimestampMicrosecondArray};
use arrow::error::ArrowError;
use std::ops::Range;
use std::sync::Arc;

/// Events of one day.
pub(crate) struct EventFile<'b> {
    batch: &'b Batch<'b>,
    rows: Vec<u32>,
}

impl<'b> EventFile<'b> {
    pub(crate) fn new(batch: &'b Batch<'b>, rows: &[u32]) -> Self {
        let all = batch.rows;
        let key = |row: &u32| (batch.word_rank(*row, RECIPIENT), at(&all.events.time, *row), *row);
        let mut keyed: Vec<(u32, i64, u32)> = rows.iter().map(key).collect();
        keyed.sort_unstable_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then_with(|| all.bytes(a.2, EVENT_ID).cmp(&all.bytes(b.2, EVENT_ID))));
        Self { batch, rows: keyed.into_iter().map(|(_, _, row)| row).collect() }
    }

    fn rows(&self, range: Range<usize>) -> impl Iterator<Item = u32> + Clone + '_ {
        self.rows.get(range).unwrap_or(&[]).iter().copied()
    }

    fn numbers(&self, range: Range<usize>, value: impl Fn(u32) -> i64) -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(self.rows(range).map(value)))
    }

    fn flags(&self, range: Range<usize>, value: impl Fn(u32) -> Option<bool>) -> ArrayRef {
        Arc::new(self.rows(range).map(value).collect::<BooleanArray>())
    }

    fn session_text(&self, column: usize, range: Range<usize>) -> Result<ArrayRef, ArrowError> {
        let all = self.batch.rows;
        let values = strings(all.sessions.iter().map(|session| session_text(session, column)))?;
        dictionary(&values, self.rows(range).map(|row| Some(at(&all.events.session, row))))
    }

    fn object_text(&self, range: Range<usize>, value: fn(&crate::ObjectRow) -> &str) -> Result<ArrayRef, ArrowError> {
        let all = self.batch.rows;
        let values = strings(all.objects.iter().map(|object| Some(value(object))))?;
        dictionary(&values, self.rows(range).map(|row| Some(at(&all.events.object, row))))
    }

    fn resource_arns(&self, range: Range<usize>) -> Result<ArrayRef, ArrowError> {
        let all = self.batch.rows;
        let mut arns = Vec::new();
        let mut lengths = Vec::with_capacity(range.len());
        for row in self.rows(range) {
            let before = arns.len();
            arns.extend(all.resource_arns(row).map(Some));
            lengths.push(Some(arns.len() - before));
        }
        lists(self.batch.names(arns.into_iter())?, lengths.into_iter())
    }

    fn rest(&self, column: usize, range: Range<usize>) -> Result<ArrayRef, ArrowError> {
        let all = self.batch.rows;
        let events = &all.events;
        Ok(match column {
            0 => {
                let times = self.rows(range).map(|row| at(&events.time, row));
                Arc::new(TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC"))
            }
            1 => self.flags(range, |row| Some(at(&events.read_only, row))),
            2 => self.flags(range, |row| at(&events.management_event, row)),
            3 => self.flags(range, |row| all.session_of(row).map(|session| session.seen.identity.from_console)),
            4 => self.numbers(range, |row| i64::from(at(&events.record, row))),
            5 => self.numbers(range, |row| at(&events.fingerprint, row)),
            6 => self.resource_arns(range)?,
            7 => self.object_text(range, |object| &object.uri)?,
            8 => self.object_text(range, |object| &object.sha256)?,
            9 => self.numbers(range, |row| all.object_of(row).map_or(0, |object| object.id)),
            // Known when it is committed, and written in then.
            10 => self.numbers(range, |_| 0),
            11 => self.batch.credential_id(self.rows(range).map(Some))?,
            more => self.batch.resolved(more - 12, self.rows(range))?,
        })
    }
}

impl Columns for EventFile<'_> {
    fn rows(&self) -> usize {
        self.rows.len()
    }

    fn bytes_of(&self, row: usize) -> usize {
        let Some(row) = self.rows.get(row).copied() else { return 0 };
        (0..OWN_TEXT.len()).filter_map(|column| self.batch.rows.bytes(row, column)).map(<[u8]>::len).sum()
    }

    fn slices(&self, index: usize, range: Range<usize>) -> Option<Vec<Option<&[u8]>>> {
        let own = index.checked_sub(WORDS.len()).filter(|own| *own < OWN_TEXT.len())?;
        Some(self.rows(range).map(|row| self.batch.rows.bytes(row, own)).collect())
    }

    fn column(&self, index: usize, range: Range<usize>) -> Result<ArrayRef, ArrowError> {
        if index < WORDS.len() {
            return self.batch.words(index, self.rows(range));
        }
        match index - WORDS.len() {
            own if own < OWN_TEXT.len() => text(self.rows(range).map(|row| self.batch.rows.bytes(row, own))),
            more => match more - OWN_TEXT.len() {
                shared if shared < SESSION_TEXT.len() => self.session_text(shared, range),
                rest => self.rest(rest - SESSION_TEXT.len(), range),
            },
        }
    }
}

fn session_text(session: &SessionRow, column: usize) -> Option<&str> {
    let identity = &session.seen.identity;
    match column {
        0 => identity.kind.as_deref(),
        1 => identity.principal_id.as_deref(),
        2 => identity.arn.as_deref(),
        3 => identity.account_id.as_deref(),
        4 => identity.access_key_id.as_deref(),
        5 => identity.user_name.as_deref(),
        6 => identity.invoked_by.as_deref(),
        _ => session.text.as_deref(),
    }
}
