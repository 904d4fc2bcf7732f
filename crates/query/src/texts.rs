//! Texts in, a number for each of them that differs out.

use datafusion::arrow::array::{Array as _, StringArray, StringBuilder, StringViewArray};
use hashbrown::{DefaultHashBuilder, HashMap, HashTable};
use std::hash::BuildHasher as _;

/// Texts that were seen, each once.
#[derive(Default)]
pub(crate) struct Texts {
    values: StringBuilder,
    numbers: HashTable<u32>,
    /// Numbers of the places at which text lies; rows that agree mostly show one place.
    places: HashMap<u128, u32>,
    hasher: DefaultHashBuilder,
}

impl Texts {
    /// Tells the number of each row's text, in order; nothing for null.
    pub(crate) fn number(&mut self, texts: &StringViewArray, mut tell: impl FnMut(Option<u32>)) {
        let Self { values, numbers, places, hasher } = self;
        // Another array's places lie elsewhere.
        places.clear();
        let mut before = None;
        for (row, place) in texts.views().iter().enumerate() {
            if texts.is_null(row) {
                tell(None);
                continue;
            }
            let number = match before {
                Some((held, number)) if held == *place => number,
                _ => *places.entry(*place).or_insert_with(|| find(texts.value(row), values, numbers, hasher)),
            };
            before = Some((*place, number));
            tell(Some(number));
        }
    }

    /// Bytes that they take, about.
    pub(crate) fn bytes(&self) -> usize {
        self.values.values_slice().len() + size_of_val(self.values.offsets_slice()) + self.numbers.capacity() * size_of::<u32>()
    }

    /// The texts, in the order of their numbers; they are forgotten.
    pub(crate) fn take(&mut self) -> StringArray {
        self.numbers.clear();
        self.values.finish()
    }
}

fn find(text: &str, values: &mut StringBuilder, numbers: &mut HashTable<u32>, hasher: &DefaultHashBuilder) -> u32 {
    let hash = hasher.hash_one(text.as_bytes());
    if let Some(number) = numbers.find(hash, |number| value(values, *number) == text.as_bytes()) {
        return *number;
    }
    let new = numbers.len() as u32;
    values.append_value(text);
    numbers.insert_unique(hash, new, |number| hasher.hash_one(value(values, *number)));
    new
}

fn value(values: &StringBuilder, number: u32) -> &[u8] {
    let end = |place: usize| values.offsets_slice().get(place).map_or(0, |end| *end as usize);
    let number = number as usize;
    values.values_slice().get(end(number)..end(number + 1)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_have_one_number_wherever_they_lie() {
        let long = "arn:aws:iam::111122223333:role/Deploy";
        let mut texts = Texts::default();
        let mut numbers = Vec::new();
        for part in [vec![Some("a"), None, Some(long), Some("a")], vec![Some(long), Some(""), Some("b")], vec![]] {
            texts.number(&StringViewArray::from(part), |number| numbers.push(number));
        }
        assert_eq!(numbers, [Some(0), None, Some(1), Some(0), Some(1), Some(2), Some(3)]);
        assert_eq!(texts.take(), StringArray::from(vec!["a", long, "", "b"]));
        texts.number(&StringViewArray::from(vec!["b"]), |number| assert_eq!(number, Some(0)));
    }
}
