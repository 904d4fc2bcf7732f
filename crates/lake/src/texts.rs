//! Text of many rows, kept together in the order of reading; names that stand for many mentions.

use arrow::array::StringArray;
use arrow::buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use arrow::error::ArrowError;
use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher as _;

/// Bytes of a piece of memory for text; a longer text gets one of its own.
const PIECE_BYTES: usize = 4 << 20;

/// The place of a text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    piece: u32,
    at: u32,
    length: u32,
}

impl Span {
    /// No text.
    pub(crate) const NONE: Self = Self { piece: u32::MAX, at: 0, length: 0 };

    /// The same place where so many pieces have come before.
    pub(crate) fn moved(self, pieces: u32) -> Self {
        if self.piece == u32::MAX { self } else { Self { piece: self.piece + pieces, ..self } }
    }
}

/// Texts, in pieces of memory that are used again.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    pieces: Vec<Vec<u8>>,
    spare: Vec<Vec<u8>>,
}

impl Texts {
    /// Keeps a text.
    pub(crate) fn keep(&mut self, text: &str) -> Span {
        let is_full = self.pieces.last().is_none_or(|piece| piece.capacity() - piece.len() < text.len());
        if is_full {
            let fits = self.spare.last().is_some_and(|piece| piece.capacity() >= text.len());
            let piece = if fits { self.spare.pop() } else { None };
            self.pieces.push(piece.unwrap_or_else(|| Vec::with_capacity(PIECE_BYTES.max(text.len()))));
        }
        let piece = self.pieces.len() as u32 - 1;
        let Some(last) = self.pieces.last_mut() else { return Span::NONE };
        let at = last.len() as u32;
        last.extend_from_slice(text.as_bytes());
        Span { piece, at, length: text.len() as u32 }
    }

    /// Adds those of another; returns how many pieces came before.
    pub(crate) fn append(&mut self, other: &mut Self) -> u32 {
        let before = self.pieces.len() as u32;
        self.pieces.append(&mut other.pieces);
        before
    }

    /// Forgets the texts, and keeps some of their memory for the next; shared out between two where there is another.
    pub(crate) fn clear(&mut self, other: Option<&mut Self>) {
        let mut spare: Vec<Vec<u8>> = self.pieces.drain(..).filter(|piece| piece.capacity() == PIECE_BYTES).collect();
        spare.iter_mut().for_each(Vec::clear);
        if let Some(other) = other {
            other.spare.extend(spare.split_off(spare.len() / 2));
        }
        self.spare.append(&mut spare);
    }

    /// The text of a place; known to be UTF-8.
    pub(crate) fn get(&self, span: Span) -> Option<&[u8]> {
        self.pieces.get(span.piece as usize)?.get(span.at as usize..span.at as usize + span.length as usize)
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

    /// Forgets all names.
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
        self.numbers.clear();
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
    fn texts_are_found_again_and_their_memory_is_used_again() {
        let mut texts = Texts::default();
        let (short, long) = ("e-1".to_owned(), "x".repeat(PIECE_BYTES + 1));
        let spans = [texts.keep(&short), texts.keep(&long), texts.keep(""), texts.keep(&short)];
        let mut other = Texts::default();
        let moved = other.keep("y");
        let before = texts.append(&mut other);
        assert_eq!(texts.get(moved.moved(before)), Some(&b"y"[..]));
        for (span, text) in spans.into_iter().zip([&short, &long, "", &short]) {
            assert_eq!(texts.get(span), Some(text.as_bytes()));
        }
        assert_eq!(texts.get(Span::NONE), None);
        assert_eq!(texts.get(Span::NONE.moved(7)), None);
        texts.clear(Some(&mut other));
        assert_eq!((texts.spare.len(), other.spare.len()), (1, 2));
        let again = other.keep("z");
        assert_eq!((other.get(again), other.spare.len()), (Some(&b"z"[..]), 1));
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
