//! Texts in, a number for each of them that differs out.

use crate::held::SHOWN;
use datafusion::arrow::array::{Array as _, ArrayRef, AsArray as _, DictionaryArray, StringArray, StringBuilder, StringViewArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{ArrowDictionaryKeyType, ArrowNativeType as _, DataType, Int16Type, Int32Type};
use datafusion::arrow::error::ArrowError;
use hashbrown::{DefaultHashBuilder, HashMap, HashTable};
use std::hash::BuildHasher as _;

/// Texts that were seen, each once.
#[derive(Default)]
pub(crate) struct Texts {
    values: StringBuilder,
    numbers: HashTable<u32>,
    /// Numbers of the places at which text lies; rows that agree mostly show one place.
    places: HashMap<u128, u32>,
    /// A dictionary, and the numbers of those of its texts that were met: one follows many batches.
    dictionary: Option<StringArray>,
    of_dictionary: Vec<Option<u32>>,
    hasher: DefaultHashBuilder,
}

/// Whether it is one of the kinds of text that [`Texts::number`] knows.
pub(crate) fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Dictionary(keys, values) => matches!(**keys, DataType::Int16 | DataType::Int32) && **values == DataType::Utf8,
        other => matches!(other, DataType::Utf8 | DataType::Utf8View),
    }
}

impl Texts {
    /// Tells the number of each row's text, in order; nothing for null.
    pub(crate) fn number(&mut self, texts: &ArrayRef, tell: impl FnMut(Option<u32>)) -> Result<(), ArrowError> {
        if !is_text(texts.data_type()) {
            return Err(ArrowError::InvalidArgumentError(format!("{} is no text", texts.data_type())));
        }
        if let Some(texts) = texts.as_dictionary_opt::<Int32Type>() {
            self.number_of_keys(texts, tell);
        } else if let Some(texts) = texts.as_dictionary_opt::<Int16Type>() {
            self.number_of_keys(texts, tell);
        } else {
            self.number_of_views(cast(texts, &SHOWN)?.as_string_view(), tell);
        }
        Ok(())
    }

    fn number_of_keys<K: ArrowDictionaryKeyType>(&mut self, texts: &DictionaryArray<K>, mut tell: impl FnMut(Option<u32>)) {
        let Self { values, numbers, dictionary, of_dictionary, hasher, .. } = self;
        let held = texts.values().as_string::<i32>();
        if !dictionary.as_ref().is_some_and(|known| is_same(known, held)) {
            // What is held stays where it is, so that no other comes to lie there.
            *dictionary = Some(held.clone());
            of_dictionary.clear();
            of_dictionary.resize(held.len(), None);
        }
        let mut number = |key: K::Native| {
            let key = key.as_usize();
            let known = of_dictionary.get_mut(key)?;
            if known.is_none() && held.is_valid(key) {
                *known = Some(find(held.value(key), values, numbers, hasher));
            }
            *known
        };
        match texts.keys().nulls() {
            Some(nulls) => {
                texts.keys().values().iter().zip(nulls).for_each(|(key, is_there)| tell(is_there.then(|| number(*key)).flatten()))
            }
            None => texts.keys().values().iter().for_each(|key| tell(number(*key))),
        }
    }

    fn number_of_views(&mut self, texts: &StringViewArray, mut tell: impl FnMut(Option<u32>)) {
        let Self { values, numbers, places, hasher, .. } = self;
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
        (self.dictionary, self.of_dictionary) = (None, Vec::new());
        self.values.finish()
    }
}

/// Whether it is the same memory.
fn is_same(one: &StringArray, other: &StringArray) -> bool {
    one.value_data().as_ptr() == other.value_data().as_ptr()
        && one.value_offsets().as_ptr() == other.value_offsets().as_ptr()
        && one.len() == other.len()
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
    use datafusion::arrow::array::Int32Array;
    use std::sync::Arc;

    #[test]
    fn equal_texts_have_one_number_wherever_they_lie() {
        let long = "arn:aws:iam::111122223333:role/Deploy";
        let mut texts = Texts::default();
        let mut numbers = Vec::new();
        for part in [vec![Some("a"), None, Some(long), Some("a")], vec![Some(long), Some(""), Some("b")], vec![]] {
            texts.number(&(Arc::new(StringViewArray::from(part)) as ArrayRef), |number| numbers.push(number)).unwrap();
        }
        assert_eq!(numbers, [Some(0), None, Some(1), Some(0), Some(1), Some(2), Some(3)]);
        assert_eq!(texts.take(), StringArray::from(vec!["a", long, "", "b"]));
        texts.number(&(Arc::new(StringViewArray::from(vec!["b"])) as ArrayRef), |number| assert_eq!(number, Some(0))).unwrap();
    }

    #[test]
    fn a_dictionary_is_asked_once_for_each_of_its_texts_that_rows_have() {
        let of = |values: &[Option<&str>]| StringArray::from(values.to_vec());
        let held = of(&[Some("a"), Some("never"), None, Some("b")]);
        let (same, other) = (held.clone(), of(&[Some("b"), Some("c"), Some("a"), Some("d")]));
        let mut texts = Texts::default();
        let mut told = Vec::new();
        for (keys, values) in
            [(vec![Some(3), None, Some(2), Some(0)], &held), (vec![Some(0), Some(3)], &same), (vec![Some(0), Some(2), Some(1)], &other)]
        {
            let rows = DictionaryArray::try_new(Int32Array::from(keys), Arc::new(values.clone())).unwrap();
            texts.number(&(Arc::new(rows) as ArrayRef), |number| told.push(number)).unwrap();
        }
        assert_eq!(told, [Some(0), None, None, Some(1), Some(1), Some(0), Some(0), Some(1), Some(2)]);
        assert_eq!(texts.take(), StringArray::from(vec!["b", "a", "c"]));
        let rows = DictionaryArray::try_new(Int32Array::from(vec![1]), Arc::new(other)).unwrap();
        texts.number(&(Arc::new(rows) as ArrayRef), |number| assert_eq!(number, Some(0))).unwrap();
        assert_eq!(texts.take(), StringArray::from(vec!["c"]));
    }
}
