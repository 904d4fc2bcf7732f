//! Text that is kept where it was read: places in objects' texts, and names that stand for many mentions.

use arrow::array::StringArray;
use arrow::buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use arrow::error::ArrowError;
use bytes::Bytes;
use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher as _;

/// A piece of text: in the text of the row's object, or, where a record's own text would not do, beside it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    at: u32,
    /// [`ABSENT`], or the length; with [`BESIDE`] set, `at` counts the texts beside the objects.
    length: u32,
}

const ABSENT: u32 = u32::MAX;
const BESIDE: u32 = 1 << 31;

impl Span {
    /// No text.
    pub(crate) const NONE: Self = Self { at: 0, length: ABSENT };

    /// The same place where so many texts beside the objects have come before.
    pub(crate) fn moved(self, beside: u32) -> Self {
        if self.length == BESIDE { Self { at: self.at + beside, ..self } } else { self }
    }
}

/// Objects' texts, and what was written anew.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    objects: Vec<Bytes>,
    beside: Vec<Box<str>>,
}

impl Texts {
    /// The place of `text` in the object that is read: inside `raw`, which starts at `at`, else beside it.
    pub(crate) fn place(&mut self, text: &str, raw: &str, at: Option<usize>) -> Span {
        let inside = at.and_then(|at| {
            let offset = (text.as_ptr() as usize).checked_sub(raw.as_ptr() as usize)?;
            (offset.checked_add(text.len())? <= raw.len()).then_some(())?;
            Some(Span { at: u32::try_from(at + offset).ok()?, length: u32::try_from(text.len()).ok().filter(|length| *length < BESIDE)? })
        });
        inside.unwrap_or_else(|| {
            let at = self.beside.len() as u32;
            self.beside.push(text.into());
            Span { at, length: BESIDE }
        })
    }

    /// Keeps the text of the object that was read last.
    pub(crate) fn keep(&mut self, text: Bytes) {
        self.objects.push(text);
    }

    /// Adds those of another; returns how many texts beside the objects came before.
    pub(crate) fn append(&mut self, other: Self) -> u32 {
        let before = self.beside.len() as u32;
        self.objects.extend(other.objects);
        self.beside.extend(other.beside);
        before
    }

    /// The text of a place, for a row of that object; known to be UTF-8.
    pub(crate) fn get(&self, object: u32, span: Span) -> Option<&[u8]> {
        match span.length {
            ABSENT => None,
            BESIDE => self.beside.get(span.at as usize).map(|text| text.as_bytes()),
            length => self.objects.get(object as usize)?.get(span.at as usize..span.at as usize + length as usize),
        }
    }
}

/// Names, each kept once and known by a number.
#[derive(Debug, Default)]
pub(crate) struct Names {
    text: String,
    ends: Vec<usize>,
    numbers: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Names {
    /// The number of a name.
    pub(crate) fn number(&mut self, name: &str) -> u32 {
        let Self { text, ends, numbers, hasher } = self;
        let of = |number: u32| slice(text, ends, number);
        let hash = hasher.hash_one(name);
        if let Some(number) = numbers.find(hash, |number| of(*number) == name) {
            return *number;
        }
        let number = ends.len() as u32;
        text.push_str(name);
        ends.push(text.len());
        numbers.insert_unique(hash, number, |number| hasher.hash_one(slice(text, ends, *number)));
        number
    }

    /// The name of a number.
    pub(crate) fn get(&self, number: u32) -> &str {
        slice(&self.text, &self.ends, number)
    }

    /// All, in the order of their numbers.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.ends.len() as u32).map(|number| self.get(number))
    }

    /// All as a column, a row for each number.
    pub(crate) fn column(&self) -> Result<StringArray, ArrowError> {
        let offsets = std::iter::once(0).chain(self.ends.iter().map(|end| *end as i32)).collect::<Vec<i32>>();
        if i32::try_from(self.text.len()).is_err() {
            return Err(ArrowError::OffsetOverflowError(self.text.len()));
        }
        StringArray::try_new(OffsetBuffer::new(ScalarBuffer::from(offsets)), Buffer::from(self.text.as_bytes()), None)
    }
}

fn slice<'t>(text: &'t str, ends: &[usize], number: u32) -> &'t str {
    let number = number as usize;
    let start = number.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or(0);
    ends.get(number).and_then(|end| text.get(start..*end)).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_the_record_is_a_place_and_other_text_is_kept_beside_it() {
        let object = String::from("xx{\"eventID\":\"e-1\"}");
        let raw = &object[2..];
        let mut texts = Texts::default();
        let inside = texts.place(&raw[12..15], raw, Some(2));
        let other = texts.place("hmac", raw, Some(2));
        let unplaced = texts.place(&raw[12..15], raw, None);
        texts.keep(Bytes::from(object.clone()));
        assert_eq!(texts.get(0, inside), Some(&b"e-1"[..]));
        assert_eq!(texts.get(0, other), Some(&b"hmac"[..]));
        assert_eq!(texts.get(0, unplaced), Some(&b"e-1"[..]));
        assert_eq!(texts.get(0, Span::NONE), None);
    }

    #[test]
    fn a_name_has_one_number() {
        let mut names = Names::default();
        let numbers: Vec<u32> = (0..1000).map(|name| names.number(&(name % 100).to_string())).collect();
        assert_eq!(names.iter().len(), 100);
        assert!(numbers.iter().enumerate().all(|(at, number)| names.get(*number) == (at % 100).to_string()));
        let empty = names.number("");
        assert_eq!(names.get(empty), "");
    }
}
