//! Rows of a row group that meet what is sought: first by the indexes of its pages, then by bloom filters, then by its values.

use super::Unread;
use super::file::{DataFile, Fetched};
use super::pages::{Broken, Chunk, Fetched as Source, map};
use super::sought::{All, Clause, Sought, Test};
use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{DataType, Schema};
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

/// A row group in which there may be rows that are sought.
pub(super) struct Group {
    number: usize,
    rows: u32,
    /// By which conditions, and where.
    candidates: Vec<Candidate>,
}

struct Candidate {
    /// Its place among what is sought.
    all: usize,
    spans: Vec<Range<u32>>,
}

type Result<T> = std::result::Result<T, Unread>;

/// The row groups of a file in which something may lie.
pub(super) async fn groups(file: &DataFile, sought: &Sought<'_>) -> Result<Vec<Group>> {
    let numbers = 0..file.metadata().num_row_groups();
    let leaves = |columns: &BTreeSet<&str>| -> Vec<(usize, usize)> {
        let leaves: Vec<usize> = columns.iter().flat_map(|column| file.leaves(column)).copied().collect();
        numbers.clone().flat_map(|group| leaves.iter().map(move |leaf| (group, *leaf))).collect()
    };
    let tested: BTreeSet<&str> = sought.any.iter().flatten().map(|clause| clause.column).collect();
    let checked = sought.check.iter().flat_map(|check| &check.columns);
    let returned: BTreeSet<&str> = checked.chain(&sought.columns).copied().filter(|column| !tested.contains(column)).collect();
    file.read_indexes(&leaves(&tested), &[]).await?;
    let mut found = Vec::new();
    for number in numbers.clone() {
        let rows = file.metadata().row_groups().get(number).map_or(0, |group| group.num_rows());
        let rows = u32::try_from(rows).map_err(|_| Broken::Number)?;
        let mut candidates = Vec::new();
        for (place, all) in sought.any.iter().enumerate() {
            let spans = spans(file, number, rows, all)?;
            if !spans.is_empty() && may_hold(file, number, all).await? {
                candidates.push(Candidate { all: place, spans });
            }
        }
        if !candidates.is_empty() {
            found.push(Group { number, rows, candidates });
        }
    }
    if !found.is_empty() {
        file.read_indexes(&[], &leaves(&returned)).await?;
    }
    Ok(found)
}

/// The spans of rows in whose pages each clause may be met.
fn spans(file: &DataFile, group: usize, rows: u32, all: &All<'_>) -> Result<Vec<Range<u32>>> {
    let mut spans: Vec<Range<u32>> = if rows == 0 { Vec::new() } else { std::iter::once(0..rows).collect() };
    for clause in all {
        let leaf = leaf(file, clause.column)?;
        let index = file.index(group, leaf);
        let (Some(pages), Some(bounds)) = (index.pages, index.bounds) else { continue };
        let mut kept: Vec<Range<u32>> = Vec::new();
        for (number, page) in pages.iter().enumerate() {
            let end = pages.get(number + 1).map_or(rows, |next| next.first_row);
            if clause.may_lie_in(&bounds, number) {
                match kept.last_mut().filter(|last| last.end == page.first_row) {
                    Some(last) => last.end = end,
                    None => kept.push(page.first_row..end),
                }
            }
        }
        spans = intersection(&spans, &kept);
        if spans.is_empty() {
            break;
        }
    }
    Ok(spans)
}

fn intersection(one: &[Range<u32>], other: &[Range<u32>]) -> Vec<Range<u32>> {
    let (mut found, mut a, mut b) = (Vec::new(), 0, 0);
    while let (Some(left), Some(right)) = (one.get(a), other.get(b)) {
        let both = left.start.max(right.start)..left.end.min(right.end);
        if both.start < both.end {
            found.push(both);
        }
        if left.end <= right.end {
            a += 1;
        } else {
            b += 1;
        }
    }
    found
}

/// Whether the bloom filters of a row group allow each clause.
async fn may_hold(file: &DataFile, group: usize, all: &All<'_>) -> Result<bool> {
    for clause in all {
        let Test::Text(wanted) = &clause.test else { continue };
        let mut texts: Vec<&str> = wanted.iter().copied().collect();
        file.allowed(group, leaf(file, clause.column)?, &mut texts).await?;
        if texts.is_empty() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The one leaf of a flat column.
fn leaf(file: &DataFile, column: &str) -> Result<usize> {
    match file.leaves(column) {
        [leaf] => Ok(*leaf),
        _ => Err(Broken::Unknown("a condition on such a column").into()),
    }
}

impl Group {
    /// Calls for a leaf's chunk and, if it has pages, what is to be made of it.
    fn with<T>(&self, file: &DataFile, leaf: usize, work: impl FnOnce(&Chunk<'_>) -> super::pages::Result<T>) -> Result<T> {
        let index = file.index(self.number, leaf);
        let pages = index.pages.ok_or(Broken::Unknown("a column without an offset index"))?;
        let chunk = file.chunk(self.number, leaf).ok_or(Broken::Cut)?;
        Ok(work(&Chunk::new(chunk, &pages, self.rows))?)
    }

    /// The bytes by which rows are tested.
    pub(super) fn needed_for_tests(&self, file: &DataFile, sought: &Sought<'_>, needed: &mut Vec<Range<u64>>) -> Result<()> {
        for Candidate { all, spans } in &self.candidates {
            let rows: Vec<u32> = spans.iter().cloned().flatten().collect();
            for clause in tests(sought, *all) {
                self.with(file, leaf(file, clause.column)?, |chunk| {
                    needed.extend(chunk.needed(&rows));
                    Ok(())
                })?;
            }
        }
        Ok(())
    }

    /// The rows that meet what is sought, ascending.
    pub(super) fn test(&self, file: &DataFile, sought: &Sought<'_>, fetched: &Fetched) -> Result<Vec<u32>> {
        let mut found: Vec<u32> = Vec::new();
        let source: &Source<'_> = &|range| fetched.get(range);
        for Candidate { all, spans } in &self.candidates {
            let mut rows: Vec<u32> = spans.iter().cloned().flatten().collect();
            for Clause { column, test, .. } in tests(sought, *all) {
                if rows.is_empty() {
                    break;
                }
                rows = self.with(file, leaf(file, column)?, |chunk| meeting(chunk, source, &rows, test))?;
            }
            found.extend(rows);
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// The bytes in which the values of rows lie.
    pub(super) fn needed(&self, file: &DataFile, columns: &[&str], rows: &[u32], needed: &mut Vec<Range<u64>>) -> Result<()> {
        for leaf in columns.iter().flat_map(|column| file.leaves(column)) {
            self.with(file, *leaf, |chunk| {
                needed.extend(chunk.needed(rows));
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Columns of rows; one that the file lacks is left out.
    pub(super) fn batch(&self, file: &DataFile, schema: &Schema, columns: &[&str], rows: &[u32], fetched: &Fetched) -> Result<RecordBatch> {
        let there: Vec<&str> = columns.iter().copied().filter(|column| !file.leaves(column).is_empty()).collect();
        let schema = super::fields(schema, &there);
        let source: &Source<'_> = &|range| fetched.get(range);
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
        for field in schema.fields() {
            let array = match (file.leaves(field.name()), field.data_type()) {
                ([keys, values], DataType::Map(..)) => {
                    self.with(file, *keys, |keys| Ok(self.with(file, *values, |values| map([keys, values], source, field, rows))))??
                }
                ([leaf], _) => self.with(file, *leaf, |chunk| chunk.column(source, field, rows))?,
                _ => return Err(Broken::Unknown("a column of parts").into()),
            };
            arrays.push(array);
        }
        let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
        RecordBatch::try_new_with_options(Arc::clone(&schema), arrays, &options).map_err(|_| Broken::Number.into())
    }
}

/// The clauses that each row is tested by.
fn tests<'s, 'a>(sought: &'a Sought<'s>, all: usize) -> impl Iterator<Item = &'a Clause<'s>> {
    sought.any.get(all).into_iter().flatten().filter(|clause| !clause.of_pages)
}

/// The rows of a chunk, of those given, that meet a test.
fn meeting(chunk: &Chunk<'_>, source: &Source<'_>, rows: &[u32], test: &Test<'_>) -> super::pages::Result<Vec<u32>> {
    if test.is_of_numbers() {
        return chunk.rows_with_number(source, rows, |number| test.takes_number(number));
    }
    match test {
        Test::Null => chunk.rows_with_value(source, rows, false),
        Test::There => chunk.rows_with_value(source, rows, true),
        _ => {
            let mut found = chunk.rows_with_text(source, rows, |text| test.takes_text(text))?;
            if test.takes_null() {
                found.extend(chunk.rows_with_value(source, rows, false)?);
                found.sort_unstable();
            }
            Ok(found)
        }
    }
}
