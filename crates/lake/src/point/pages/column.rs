//! A column chunk: rows in, their values as a column out.

use super::page::{Levels, MaxLevels, Page, dictionary};
use super::values::{self, Dictionary};
use super::{Broken, PagePlace, Result};
use arrow::array::{ArrayRef, BooleanArray, Int64Array, ListArray, MapArray, StringArray, StructArray, TimestampMicrosecondArray};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field, TimeUnit};
use bytes::Bytes;
use parquet::basic::Type;
use parquet::file::metadata::ColumnChunkMetaData;
use std::ops::Range;
use std::sync::Arc;

/// From this level on there is an element in a list that may be null.
const ELEMENT: u32 = 2;

/// A column chunk of which pages can be had.
pub(in crate::point) struct Chunk<'f> {
    chunk: &'f ColumnChunkMetaData,
    pages: &'f [PagePlace],
    rows: u32,
}

/// Where the bytes of a file are had that were fetched.
pub(in crate::point) type Fetched<'f> = dyn Fn(Range<u64>) -> Option<Bytes> + 'f;

/// Rows of a page that are wanted and not null: their places among the wanted ones, and among the page's values.
#[derive(Default)]
struct Picked {
    places: Vec<u32>,
    values: Vec<u32>,
}

/// Text of values one after the other.
#[derive(Default)]
struct Text {
    offsets: Vec<i32>,
    bytes: Vec<u8>,
    valid: Vec<bool>,
}

impl Text {
    fn with_capacity(rows: usize) -> Self {
        let mut offsets = Vec::with_capacity(rows + 1);
        offsets.push(0);
        Self { offsets, bytes: Vec::new(), valid: Vec::with_capacity(rows) }
    }

    /// Nulls up to a place.
    fn null_until(&mut self, place: usize) {
        let end = self.bytes.len() as i32;
        while self.valid.len() < place {
            self.offsets.push(end);
            self.valid.push(false);
        }
    }

    fn push(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.offsets.push(self.bytes.len() as i32);
        self.valid.push(true);
    }

    fn finish(self) -> Result<StringArray> {
        if i32::try_from(self.bytes.len()).is_err() {
            return Err(Broken::Long);
        }
        let nulls = NullBuffer::from(self.valid);
        let offsets = OffsetBuffer::new(ScalarBuffer::from(self.offsets));
        StringArray::try_new(offsets, Buffer::from_vec(self.bytes), Some(nulls)).map_err(|_| Broken::Unknown("text that is no UTF-8"))
    }
}

impl<'f> Chunk<'f> {
    pub(in crate::point) fn new(chunk: &'f ColumnChunkMetaData, pages: &'f [PagePlace], rows: u32) -> Self {
        Self { chunk, pages, rows }
    }

    fn max(&self) -> MaxLevels {
        let column = self.chunk.column_descr();
        let level = |level: i16| u32::try_from(level).unwrap_or(0);
        MaxLevels { definition: level(column.max_def_level()), repetition: level(column.max_rep_level()) }
    }

    /// Where its dictionary lies.
    fn dictionary_range(&self) -> Option<Range<u64>> {
        let start = u64::try_from(self.chunk.dictionary_page_offset()?).ok()?;
        let first = self.pages.first()?.offset;
        (start < first).then_some(start..first)
    }

    /// Rows of a page, by its number.
    fn rows_of(&self, number: usize) -> Range<u32> {
        let first = |number: usize| self.pages.get(number).map(|page| page.first_row);
        first(number).unwrap_or(self.rows)..first(number + 1).unwrap_or(self.rows)
    }

    /// The pages in which ascending rows lie, and which of these lie there.
    fn pages_of(&self, rows: &[u32]) -> Vec<(&'f PagePlace, Range<u32>, Range<usize>)> {
        let (mut found, mut start) = (Vec::new(), 0);
        while let Some(row) = rows.get(start) {
            let number = self.pages.partition_point(|page| page.first_row <= *row).saturating_sub(1);
            let Some(page) = self.pages.get(number) else { break };
            let held = self.rows_of(number);
            let end = start + rows.get(start..).map_or(0, |rest| rest.partition_point(|row| *row < held.end)).max(1);
            found.push((page, held, start..end));
            start = end;
        }
        found
    }

    /// The bytes that are needed for ascending rows.
    pub(in crate::point) fn needed(&self, rows: &[u32]) -> Vec<Range<u64>> {
        let pages = self.pages_of(rows);
        let dictionary = self.dictionary_range().filter(|_| !pages.is_empty());
        dictionary.into_iter().chain(pages.iter().map(|(page, ..)| page.offset..page.offset.saturating_add(page.size))).collect()
    }

    fn dictionary(&self, fetched: &Fetched<'_>) -> Result<Option<Dictionary>> {
        let Some(range) = self.dictionary_range() else { return Ok(None) };
        let bytes = fetched(range).ok_or(Broken::Cut)?;
        let (bytes, count) = dictionary(&bytes, self.chunk.compression())?;
        Ok(Some(match self.chunk.column_type() {
            Type::BYTE_ARRAY => Dictionary::texts(bytes, count)?,
            Type::INT64 => Dictionary::numbers(&bytes, count)?,
            _ => return Err(Broken::Unknown("a dictionary of this type")),
        }))
    }

    fn page(&self, place: &PagePlace, fetched: &Fetched<'_>) -> Result<Page> {
        let bytes = fetched(place.offset..place.offset.saturating_add(place.size)).ok_or(Broken::Cut)?;
        Page::read(&bytes, self.chunk.compression(), self.max())
    }

    /// Hands over each page in which there are wanted rows, with what is picked of it.
    fn each_page(&self, fetched: &Fetched<'_>, rows: &[u32], mut each: impl FnMut(&Page, &Picked) -> Result<()>) -> Result<()> {
        if self.max().repetition != 0 {
            return Err(Broken::Unknown("a list where none was expected"));
        }
        for (place, held, wanted) in self.pages_of(rows) {
            let page = self.page(place, fetched)?;
            if page.values != held.len() {
                return Err(Broken::Number);
            }
            let first = wanted.start as u32;
            let of_page = rows.get(wanted).unwrap_or(&[]);
            each(&page, &picked(&page, self.max().definition, held.start, first, of_page))?;
        }
        Ok(())
    }

    /// Which of the rows have a text that is wanted.
    pub(in crate::point) fn rows_with_text(
        &self,
        fetched: &Fetched<'_>,
        rows: &[u32],
        is_wanted: impl Fn(&[u8]) -> bool,
    ) -> Result<Vec<u32>> {
        let mut dictionary = None;
        let mut verdicts: Vec<bool> = Vec::new();
        let mut found = Vec::new();
        self.each_page(fetched, rows, |page, picked| {
            let mut places = picked.places.iter().filter_map(|place| rows.get(*place as usize));
            if !values::is_by_dictionary(page) {
                return values::texts(page, None, &picked.values, |text| {
                    let row = places.next();
                    found.extend(row.filter(|_| is_wanted(text)));
                });
            }
            if dictionary.is_none() {
                dictionary = self.dictionary(fetched)?;
                let held = dictionary.as_ref().ok_or(Broken::Cut)?;
                verdicts = (0..held.len() as u32).map(|entry| held.text(entry).map(&is_wanted)).collect::<Result<_>>()?;
            }
            if !verdicts.contains(&true) {
                return Ok(());
            }
            for (entry, row) in values::entries(page, &picked.values)?.into_iter().zip(places) {
                if *verdicts.get(entry as usize).ok_or(Broken::Number)? {
                    found.push(*row);
                }
            }
            Ok(())
        })?;
        Ok(found)
    }

    /// Which of the rows have a number that is wanted.
    pub(in crate::point) fn rows_with_number(
        &self,
        fetched: &Fetched<'_>,
        rows: &[u32],
        is_wanted: impl Fn(i64) -> bool,
    ) -> Result<Vec<u32>> {
        let mut found = Vec::new();
        self.each_number(fetched, rows, |place, number| found.extend(rows.get(place).filter(|_| is_wanted(number))))?;
        Ok(found)
    }

    /// Which of the rows have a value, or which have none.
    pub(in crate::point) fn rows_with_value(&self, fetched: &Fetched<'_>, rows: &[u32], with: bool) -> Result<Vec<u32>> {
        let mut there = vec![false; rows.len()];
        self.each_page(fetched, rows, |_, picked| {
            for place in &picked.places {
                if let Some(there) = there.get_mut(*place as usize) {
                    *there = true;
                }
            }
            Ok(())
        })?;
        Ok(rows.iter().zip(there).filter(|(_, there)| *there == with).map(|(row, _)| *row).collect())
    }

    fn each_number(&self, fetched: &Fetched<'_>, rows: &[u32], mut each: impl FnMut(usize, i64)) -> Result<()> {
        if self.chunk.column_type() != Type::INT64 {
            return Err(Broken::Unknown("numbers of this type"));
        }
        let mut dictionary = None;
        self.each_page(fetched, rows, |page, picked| {
            if dictionary.is_none() && values::is_by_dictionary(page) {
                dictionary = self.dictionary(fetched)?;
            }
            let mut places = picked.places.iter();
            values::numbers(page, dictionary.as_ref(), &picked.values, |number| {
                if let Some(place) = places.next() {
                    each(*place as usize, number);
                }
            })
        })
    }

    /// The values of ascending rows, as a column of the type of `field`.
    pub(in crate::point) fn column(&self, fetched: &Fetched<'_>, field: &Field, rows: &[u32]) -> Result<ArrayRef> {
        Ok(match field.data_type() {
            DataType::Utf8 => Arc::new(self.texts(fetched, rows)?),
            DataType::Int64 => {
                let (numbers, nulls) = self.numbers(fetched, rows)?;
                Arc::new(Int64Array::new(numbers, nulls))
            }
            DataType::Timestamp(TimeUnit::Microsecond, zone) => {
                let (numbers, nulls) = self.numbers(fetched, rows)?;
                Arc::new(TimestampMicrosecondArray::new(numbers, nulls).with_timezone_opt(zone.clone()))
            }
            DataType::Boolean => Arc::new(self.flags(fetched, rows)?),
            DataType::List(element) => {
                let (lengths, items) = self.items(fetched, rows)?;
                let (offsets, nulls) = spans(&lengths);
                Arc::new(ListArray::try_new(Arc::clone(element), offsets, Arc::new(items), nulls).map_err(|_| Broken::Number)?)
            }
            _ => return Err(Broken::Unknown("a column of this type")),
        })
    }

    fn texts(&self, fetched: &Fetched<'_>, rows: &[u32]) -> Result<StringArray> {
        if self.chunk.column_type() != Type::BYTE_ARRAY {
            return Err(Broken::Unknown("text of this type"));
        }
        let mut found = Text::with_capacity(rows.len());
        let mut dictionary = None;
        self.each_page(fetched, rows, |page, picked| {
            if dictionary.is_none() && values::is_by_dictionary(page) && !picked.values.is_empty() {
                dictionary = self.dictionary(fetched)?;
            }
            let mut places = picked.places.iter();
            values::texts(page, dictionary.as_ref(), &picked.values, |text| {
                if let Some(place) = places.next() {
                    found.null_until(*place as usize);
                    found.push(text);
                }
            })
        })?;
        found.null_until(rows.len());
        found.finish()
    }

    fn numbers(&self, fetched: &Fetched<'_>, rows: &[u32]) -> Result<(ScalarBuffer<i64>, Option<NullBuffer>)> {
        let (mut numbers, mut valid) = (vec![0; rows.len()], vec![false; rows.len()]);
        self.each_number(fetched, rows, |place, number| {
            if let (Some(held), Some(valid)) = (numbers.get_mut(place), valid.get_mut(place)) {
                (*held, *valid) = (number, true);
            }
        })?;
        Ok((numbers.into(), Some(valid.into())))
    }

    fn flags(&self, fetched: &Fetched<'_>, rows: &[u32]) -> Result<BooleanArray> {
        if self.chunk.column_type() != Type::BOOLEAN {
            return Err(Broken::Unknown("truths of this type"));
        }
        let mut found: Vec<Option<bool>> = vec![None; rows.len()];
        self.each_page(fetched, rows, |page, picked| {
            let mut places = picked.places.iter();
            values::flags(page, &picked.values, |flag| {
                if let Some(held) = places.next().and_then(|place| found.get_mut(*place as usize)) {
                    *held = Some(flag);
                }
            })
        })?;
        Ok(found.into())
    }

    /// The elements of the lists of ascending rows: how many each has, none where there is no list, and all of them.
    fn items(&self, fetched: &Fetched<'_>, rows: &[u32]) -> Result<(Vec<Option<usize>>, StringArray)> {
        let max = self.max();
        if max.repetition != 1 || !matches!(max.definition, 2 | 3) || self.chunk.column_type() != Type::BYTE_ARRAY {
            return Err(Broken::Unknown("a list of this kind"));
        }
        let (mut lengths, mut items, mut dictionary) = (Vec::with_capacity(rows.len()), Text::with_capacity(rows.len()), None);
        for (place, held, wanted) in self.pages_of(rows) {
            let page = self.page(place, fetched)?;
            let of_page = Items::of(&page, max, &held, rows.get(wanted).unwrap_or(&[]))?;
            lengths.extend(of_page.lengths);
            let places: Vec<u32> = of_page.values.iter().flatten().copied().collect();
            if dictionary.is_none() && values::is_by_dictionary(&page) && !places.is_empty() {
                dictionary = self.dictionary(fetched)?;
            }
            let mut elements = of_page.values.iter();
            values::texts(&page, dictionary.as_ref(), &places, |text| {
                while elements.next().is_some_and(Option::is_none) {
                    items.null_until(items.valid.len() + 1);
                }
                items.push(text);
            })?;
            for _ in elements {
                items.null_until(items.valid.len() + 1);
            }
        }
        Ok((lengths, items.finish()?))
    }
}

/// The elements of one page that belong to wanted rows.
struct Items {
    lengths: Vec<Option<usize>>,
    /// The place of each among the page's values; none where it is null.
    values: Vec<Option<u32>>,
}

impl Items {
    fn of(page: &Page, max: MaxLevels, held: &Range<u32>, rows: &[u32]) -> Result<Self> {
        let mut found = Self { lengths: Vec::with_capacity(rows.len()), values: Vec::new() };
        let mut wanted = rows.iter().copied().peekable();
        let (mut next, mut value, mut is_wanted) = (held.start, 0, false);
        for place in 0..page.values {
            let definition = page.definitions.at(place);
            if page.repetitions.at(place) == 0 {
                is_wanted = wanted.next_if_eq(&next).is_some();
                next += 1;
                if is_wanted {
                    found.lengths.push((definition > 0).then_some(0));
                }
            } else if place == 0 {
                return Err(Broken::Order);
            }
            let is_there = definition == max.definition;
            if is_wanted && definition >= ELEMENT {
                found.values.push(is_there.then_some(value));
                if let Some(Some(length)) = found.lengths.last_mut() {
                    *length += 1;
                }
            }
            value += u32::from(is_there);
        }
        if next == held.end && found.lengths.len() == rows.len() { Ok(found) } else { Err(Broken::Number) }
    }
}

/// Which of the rows of a page that are wanted have a value.
fn picked(page: &Page, max: u32, first_row: u32, first_place: u32, rows: &[u32]) -> Picked {
    let places = first_place..;
    match &page.definitions {
        Levels::Same(level) if *level < max => Picked::default(),
        Levels::Same(_) => Picked { places: places.take(rows.len()).collect(), values: rows.iter().map(|row| row - first_row).collect() },
        Levels::Each(levels) => {
            let mut picked = Picked::default();
            let (mut at, mut value) = (0, 0);
            for (place, row) in places.zip(rows) {
                let index = (row - first_row) as usize;
                value += levels.get(at..index).map_or(0, |before| before.iter().filter(|level| **level == max).count() as u32);
                at = index;
                if levels.get(index) == Some(&max) {
                    picked.places.push(place);
                    picked.values.push(value);
                }
            }
            picked
        }
    }
}

fn spans(lengths: &[Option<usize>]) -> (OffsetBuffer<i32>, Option<NullBuffer>) {
    let nulls = lengths.iter().map(Option::is_some).collect::<NullBuffer>();
    (OffsetBuffer::from_lengths(lengths.iter().map(|length| length.unwrap_or(0))), Some(nulls))
}

/// A map of texts, by the chunks of its keys and values.
pub(in crate::point) fn map([keys, values]: [&Chunk<'_>; 2], fetched: &Fetched<'_>, field: &Field, rows: &[u32]) -> Result<ArrayRef> {
    let DataType::Map(entry, _) = field.data_type() else { return Err(Broken::Unknown("a column of this type")) };
    let DataType::Struct(parts) = entry.data_type() else { return Err(Broken::Unknown("a column of this type")) };
    let ((lengths, keys), (others, values)) = (keys.items(fetched, rows)?, values.items(fetched, rows)?);
    if lengths != others {
        return Err(Broken::Number);
    }
    let entries = StructArray::try_new(parts.clone(), vec![Arc::new(keys), Arc::new(values)], None).map_err(|_| Broken::Number)?;
    let (offsets, nulls) = spans(&lengths);
    Ok(Arc::new(MapArray::try_new(Arc::clone(entry), offsets, entries, nulls, false).map_err(|_| Broken::Number)?))
}
