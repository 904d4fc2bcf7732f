//! What is sought in a table: conditions on columns, which tell of the log's statistics, of page indexes and of rows whether they may hold it.

use super::pages::Bounds;
use crate::error::Result;
use arrow::array::{BooleanArray, RecordBatch};
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// What is sought in the files of a table.
pub(super) struct Sought<'s> {
    /// Partitions in which it may lie.
    pub(super) is_in: &'s (dyn Fn(&str) -> bool + Sync),
    /// Of these a row must meet one.
    pub(super) any: Vec<All<'s>>,
    /// What a condition on one column after the other cannot say, of rows that meet it.
    pub(super) check: Option<Check<'s>>,
    /// Columns that are returned.
    pub(super) columns: Vec<&'s str>,
    /// Rows that are returned, at most.
    pub(super) rows_max: usize,
}

/// Whether rows are wanted, by some of their columns.
pub(super) struct Check<'s> {
    pub(super) columns: Vec<&'s str>,
    pub(super) is_wanted: &'s (dyn Fn(&RecordBatch) -> Result<BooleanArray> + Sync),
}

/// Conditions that are all to be met; those first that few rows meet.
pub(super) type All<'s> = Vec<Clause<'s>>;

/// A condition on a column.
#[derive(Debug, Clone)]
pub(super) struct Clause<'s> {
    pub(super) column: &'s str,
    pub(super) test: Test<'s>,
    /// It only says in which pages to look, and not of each row whether it is wanted.
    pub(super) of_pages: bool,
}

/// What a value must be.
#[derive(Debug, Clone)]
pub(super) enum Test<'s> {
    /// One of these texts.
    Text(BTreeSet<&'s str>),
    /// One of these texts, or none.
    TextIfAny(BTreeSet<&'s str>),
    /// Any text but this one, or none.
    Not(&'s str),
    /// One of these numbers.
    Number(BTreeSet<i64>),
    /// At most so far from one of these numbers.
    Near(BTreeSet<i64>, i64),
    /// A number within these.
    Within(RangeInclusive<i64>),
    /// None.
    Null,
    /// Any.
    There,
}

impl<'s> Clause<'s> {
    pub(super) fn new(column: &'s str, test: Test<'s>) -> Self {
        Self { column, test, of_pages: false }
    }

    pub(super) fn text(column: &'s str, wanted: impl IntoIterator<Item = &'s String>) -> Self {
        Self::new(column, Test::Text(wanted.into_iter().map(String::as_str).collect()))
    }

    pub(super) fn is(column: &'s str, wanted: &'s str) -> Self {
        Self::new(column, Test::Text(BTreeSet::from([wanted])))
    }

    pub(super) fn of_pages(column: &'s str, test: Test<'s>) -> Self {
        Self { column, test, of_pages: true }
    }

    /// Whether a file may hold it whose values, by the log, begin and end so.
    pub(super) fn may_lie_within(&self, (low, high): (&str, &str)) -> bool {
        if low > high {
            return true;
        }
        let time = |text| event::time::micros(text);
        match &self.test {
            Test::Text(wanted) => wanted.range(low..=high).next().is_some(),
            Test::Not(other) => low != high || low != *other,
            // The log has numbers as times, in milliseconds that are cut off.
            test => time(low).zip(time(high)).is_none_or(|(low, high)| test.may_lie_between(low, high.saturating_add(999))),
        }
    }

    /// Whether a page may hold it.
    pub(super) fn may_lie_in(&self, bounds: &Bounds, page: usize) -> bool {
        if self.test.takes_null() && bounds.may_hold_null(page) {
            return true;
        }
        let Some((low, high)) = bounds.span(page) else { return !bounds.is_all_null(page) };
        let number = |bytes: &[u8]| bytes.try_into().map(i64::from_le_bytes).ok();
        match &self.test {
            Test::Null => false,
            Test::There => true,
            Test::Text(wanted) | Test::TextIfAny(wanted) => {
                low > high || wanted.iter().any(|wanted| (low..=high).contains(&wanted.as_bytes()))
            }
            Test::Not(_) => true,
            test => number(low).zip(number(high)).is_none_or(|(low, high)| low > high || test.may_lie_between(low, high)),
        }
    }
}

impl Test<'_> {
    /// Whether what has no value meets it.
    pub(super) fn takes_null(&self) -> bool {
        matches!(self, Self::Null | Self::TextIfAny(_) | Self::Not(_))
    }

    fn may_lie_between(&self, low: i64, high: i64) -> bool {
        match self {
            Self::Number(wanted) => wanted.range(low..=high).next().is_some(),
            Self::Near(wanted, distance) => wanted.range(low.saturating_sub(*distance)..=high.saturating_add(*distance)).next().is_some(),
            Self::Within(wanted) => low <= *wanted.end() && *wanted.start() <= high,
            _ => true,
        }
    }

    /// Whether a text meets it.
    pub(super) fn takes_text(&self, text: &[u8]) -> bool {
        match self {
            Self::Text(wanted) | Self::TextIfAny(wanted) => match wanted.len() {
                1 => wanted.first().is_some_and(|wanted| wanted.as_bytes() == text),
                _ => std::str::from_utf8(text).is_ok_and(|text| wanted.contains(text)),
            },
            Self::Not(other) => other.as_bytes() != text,
            Self::There => true,
            _ => false,
        }
    }

    /// Whether a number meets it.
    pub(super) fn takes_number(&self, number: i64) -> bool {
        match self {
            Self::There => true,
            Self::Number(_) | Self::Near(..) | Self::Within(_) => self.may_lie_between(number, number),
            _ => false,
        }
    }

    /// Whether it is about numbers.
    pub(super) fn is_of_numbers(&self) -> bool {
        matches!(self, Self::Number(_) | Self::Near(..) | Self::Within(_))
    }
}
