//! Text of many rows, kept together in the order of reading; names that stand for many mentions.

use arrow::array::StringArray;
use arrow::buffer::{Buffer, OffsetBuffer, ScalarBuffer};
use arrow::error::ArrowError;
use bytes::Bytes;
use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher as _;
use std::sync::{Arc, LazyLock};

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
    /// One after the other; a column of them shares it.
    text: Arc<String>,
    ends: Vec<usize>,
    /// Of each name.
    hashes: Vec<u64>,
    numbers: HashTable<u32>,
}

/// One for all names of the process: what one set of them hashed, another need not hash again.
static HASHER: LazyLock<DefaultHashBuilder> = LazyLock::new(DefaultHashBuilder::default);

impl Names {
    /// The number of a name.
    pub(crate) fn number(&mut self, name: &str) -> u32 {
        self.hashed(name, HASHER.hash_one(name))
    }

    /// The number here of another's name.
    pub(crate) fn number_of(&mut self, other: &Self, number: u32) -> u32 {
        let hash = other.hashes.get(number as usize).copied().unwrap_or_else(|| HASHER.hash_one(""));
        self.hashed(other.get(number), hash)
    }

    fn hashed(&mut self, name: &str, hash: u64) -> u32 {
        let Self { text, ends, hashes, numbers } = self;
        let of = |number: u32| slice(text, ends, number);
        if let Some(number) = numbers.find(hash, |number| of(*number) == name) {
            return *number;
        }
        let number = ends.len() as u32;
        let text = Arc::make_mut(text);
        text.push_str(name);
        ends.push(text.len());
        hashes.push(hash);
        numbers.insert_unique(hash, number, |number| hashes.get(*number as usize).copied().unwrap_or_default());
        number
    }

    /// Bytes that they take, about.
    pub(crate) fn bytes(&self) -> usize {
        self.text.len() + self.ends.len() * (size_of::<usize>() + size_of::<u64>() + 2 * size_of::<u32>())
    }

    /// The place of each name in the order of all.
    pub(crate) fn ranks(&self) -> Vec<u32> {
        let mut order: Vec<(u64, u32)> = (0..self.ends.len() as u32).map(|name| (0, name)).collect();
        self.sort(&mut order, 0);
        let mut ranks = vec![0; order.len()];
        for ((_, name), place) in order.into_iter().zip(0..) {
            if let Some(rank) = ranks.get_mut(name as usize) {
                *rank = place;
            }
        }
        ranks
    }

    /// Sorts names that agree in their first `depth` bytes, eight bytes after the other: most begin like many others, and comparing numbers
    /// that lie together is cheaper than comparing texts that lie anywhere.
    fn sort(&self, part: &mut [(u64, u32)], depth: usize) {
        const FEW: usize = 8;
        const STEP: usize = size_of::<u64>();
        let rest = |name: u32| self.get(name).as_bytes().get(depth..).unwrap_or(&[]);
        if part.len() <= FEW {
            return part.sort_unstable_by(|a, b| rest(a.1).cmp(rest(b.1)));
        }
        for (key, name) in part.iter_mut() {
            let mut bytes = [0; STEP];
            bytes.iter_mut().zip(rest(*name)).for_each(|(byte, held)| *byte = *held);
            *key = u64::from_be_bytes(bytes);
        }
        part.sort_unstable_by_key(|(key, _)| *key);
        for same in part.chunk_by_mut(|a, b| a.0 == b.0).filter(|same| same.len() > 1) {
            // A name that ends here cannot be told by these bytes from one that goes on with zeros.
            if same.iter().any(|(_, name)| rest(*name).len() < STEP) {
                same.sort_unstable_by(|a, b| rest(a.1).cmp(rest(b.1)));
            } else {
                self.sort(same, depth + STEP);
            }
        }
    }

    /// Forgets all names.
    pub(crate) fn clear(&mut self) {
        match Arc::get_mut(&mut self.text) {
            Some(text) => text.clear(),
            None => self.text = Arc::default(),
        }
        self.ends.clear();
        self.hashes.clear();
        self.numbers.clear();
    }

    /// The name of a number.
    pub(crate) fn get(&self, number: u32) -> &str {
        slice(&self.text, &self.ends, number)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> u32 {
        self.ends.len() as u32
    }

    /// All, in the order of their numbers.
    #[cfg(test)]
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.ends.len() as u32).map(|number| self.get(number))
    }

    /// All as a column, a row for each number.
    pub(crate) fn column(&self) -> Result<StringArray, ArrowError> {
        let offsets = std::iter::once(0).chain(self.ends.iter().map(|end| *end as i32)).collect::<Vec<i32>>();
        if i32::try_from(self.text.len()).is_err() {
            return Err(ArrowError::OffsetOverflowError(self.text.len()));
        }
        let text = Buffer::from(Bytes::from_owner(Text(Arc::clone(&self.text))));
        StringArray::try_new(OffsetBuffer::new(ScalarBuffer::from(offsets)), text, None)
    }
}

fn slice<'t>(text: &'t str, ends: &[usize], number: u32) -> &'t str {
    let number = number as usize;
    let start = number.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or(0);
    ends.get(number).and_then(|end| text.get(start..*end)).unwrap_or("")
}

/// Text that its names and their columns share.
struct Text(Arc<String>);

impl AsRef<[u8]> for Text {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
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

    #[test]
    fn ranks_are_the_order_of_the_names() {
        let mut names = Names::default();
        for number in 0_u32..2_000 {
            let hash = number.wrapping_mul(2_654_435_761);
            names.number(&format!("arn:aws:s3:::bucket-{}/{hash:x}", hash % 3));
            names.number(&format!("{hash}"));
            names.number(&"\0".repeat(hash as usize % 20));
            names.number(&"arn:aws:iam::111122223333:role/".repeat(hash as usize % 4));
        }
        let ranks = names.ranks();
        let mut ranked: Vec<(u32, &str)> = ranks.iter().copied().zip(names.iter()).collect();
        ranked.sort_unstable();
        let mut sorted: Vec<&str> = names.iter().collect();
        sorted.sort_unstable();
        assert_eq!(ranked.iter().map(|(_, name)| *name).collect::<Vec<_>>(), sorted);
    }
}
