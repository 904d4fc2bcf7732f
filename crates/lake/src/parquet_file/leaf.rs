//! An Arrow column in, its leaves out: the values that are there, and the levels that say where they are not.

use arrow::array::{Array, ArrayRef, AsArray as _, StringArray};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::{DataType, Int64Type, TimestampMicrosecondType, UInt32Type};
use parquet::errors::{ParquetError, Result};

/// Values of text.
pub(super) enum Texts<'a> {
    Column(&'a StringArray),
    Slices(Vec<&'a str>),
}

impl Texts<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Column(texts) => texts.len(),
            Self::Slices(texts) => texts.len(),
        }
    }

    pub(super) fn value(&self, place: u32) -> &str {
        match self {
            Self::Column(texts) => texts.value(place as usize),
            Self::Slices(texts) => texts.get(place as usize).copied().unwrap_or(""),
        }
    }

    pub(super) fn length(&self, place: u32) -> usize {
        match self {
            Self::Column(texts) => texts.value_length(place as usize) as usize,
            Self::Slices(texts) => texts.get(place as usize).map_or(0, |text| text.len()),
        }
    }
}

/// Values of a leaf.
pub(super) enum Source<'a> {
    Texts(Texts<'a>),
    Numbers(&'a [i64]),
    Flags(&'a BooleanBuffer),
}

impl Source<'_> {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Texts(texts) => texts.len(),
            Self::Numbers(numbers) => numbers.len(),
            Self::Flags(flags) => flags.len(),
        }
    }
}

/// What a column chunk holds, and in which order.
pub(super) struct Leaf<'a> {
    pub(super) source: Source<'a>,
    /// Places in the source of the values that are there.
    pub(super) at: Vec<u32>,
    /// A definition level for each slot; `None` where all values are there.
    pub(super) definition: Option<Vec<u8>>,
    /// A repetition level for each slot; `None` where no value repeats.
    pub(super) repetition: Option<Vec<u8>>,
    pub(super) rows: usize,
}

impl Leaf<'_> {
    /// Slots: values and places without one.
    pub(super) fn slots(&self) -> usize {
        self.definition.as_ref().or(self.repetition.as_ref()).map_or(self.at.len(), Vec::len)
    }
}

fn unknown(array: &dyn Array) -> ParquetError {
    ParquetError::NYI(format!("a column of {}", array.data_type()))
}

/// The leaf of texts that lie anywhere.
pub(super) fn of_slices<'a>(values: &[Option<&'a [u8]>]) -> Result<Leaf<'a>> {
    let mut texts = Vec::with_capacity(values.len());
    for value in values.iter().flatten() {
        texts.push(std::str::from_utf8(value)?);
    }
    let definition = (texts.len() < values.len()).then(|| values.iter().map(|value| value.is_some().into()).collect());
    let at = (0..texts.len() as u32).collect();
    Ok(Leaf { source: Source::Texts(Texts::Slices(texts)), at, definition, repetition: None, rows: values.len() })
}

/// The leaves of a column whose field may be null; those of a list or map may be null within it, but for the keys of a map.
pub(super) fn leaves(array: &ArrayRef) -> Result<Vec<Leaf<'_>>> {
    match array.data_type() {
        DataType::List(_) | DataType::Map(..) => {
            let rows = (0..array.len()).map(|row| array.is_valid(row).then_some(row));
            nested(array, rows)
        }
        DataType::Dictionary(_, values) if values.is_nested() => {
            let numbers = array.as_dictionary_opt::<UInt32Type>().ok_or_else(|| unknown(array))?;
            let lists = numbers.values();
            let rows = numbers.keys().iter().map(|number| number.map(|number| number as usize).filter(|number| lists.is_valid(*number)));
            nested(lists, rows)
        }
        _ => {
            let Flat { source, numbers, nulls } = flat(array)?;
            let rows = array.len();
            let of_value = nulls.filter(|nulls| nulls.null_count() > 0);
            let is_there = |place: u32| of_value.is_none_or(|nulls| nulls.is_valid(place as usize));
            let keys_null = numbers.and_then(|(_, nulls)| nulls).filter(|nulls| nulls.null_count() > 0);
            let place = |row: usize| match numbers {
                Some((numbers, _)) if keys_null.is_none_or(|nulls| nulls.is_valid(row)) => numbers.get(row).copied(),
                Some(_) => None,
                None => Some(row as u32),
            };
            if of_value.is_none() && keys_null.is_none() {
                let at = numbers.map_or_else(|| (0..rows as u32).collect(), |(numbers, _)| numbers.to_vec());
                return Ok(vec![Leaf { source, at, definition: None, repetition: None, rows }]);
            }
            let mut at = Vec::with_capacity(rows);
            let definition = (0..rows).map(|row| place(row).filter(|place| is_there(*place)).map(|place| at.push(place)).is_some().into());
            let definition: Vec<u8> = definition.collect();
            Ok(vec![Leaf { source, at, definition: Some(definition), repetition: None, rows }])
        }
    }
}

/// A column without parts; `numbers` point into its values.
struct Flat<'a> {
    source: Source<'a>,
    numbers: Option<(&'a [u32], Option<&'a NullBuffer>)>,
    /// Which values are none.
    nulls: Option<&'a NullBuffer>,
}

fn flat(array: &ArrayRef) -> Result<Flat<'_>> {
    let (values, numbers) = match array.as_dictionary_opt::<UInt32Type>() {
        Some(numbers) => (numbers.values(), Some((&**numbers.keys().values(), numbers.keys().nulls()))),
        None => (array, None),
    };
    let source = match values.data_type() {
        DataType::Utf8 => Source::Texts(Texts::Column(values.as_string())),
        DataType::Int64 => Source::Numbers(values.as_primitive::<Int64Type>().values()),
        DataType::Timestamp(..) => {
            Source::Numbers(values.as_primitive_opt::<TimestampMicrosecondType>().ok_or_else(|| unknown(values))?.values())
        }
        DataType::Boolean => Source::Flags(values.as_boolean().values()),
        _ => return Err(unknown(values)),
    };
    Ok(Flat { source, numbers, nulls: values.nulls() })
}

/// Leaves of lists: `rows` are the places in `lists` of each row's list.
fn nested(lists: &ArrayRef, rows: impl ExactSizeIterator<Item = Option<usize>> + Clone) -> Result<Vec<Leaf<'_>>> {
    let (offsets, parts, element): (&[i32], Vec<&ArrayRef>, _) = match lists.data_type() {
        DataType::List(_) => {
            let lists = lists.as_list::<i32>();
            match lists.values().as_struct_opt() {
                Some(links) => (lists.value_offsets(), links.columns().iter().collect(), Element::Struct),
                None => (lists.value_offsets(), vec![lists.values()], Element::Value),
            }
        }
        _ => {
            let map = lists.as_map_opt().ok_or_else(|| unknown(lists))?;
            (map.value_offsets(), vec![map.keys(), map.values()], Element::Entry)
        }
    };
    let mut found = Vec::with_capacity(parts.len());
    for (part, values) in parts.into_iter().enumerate() {
        // A null list, an empty list, and then what may be null in an element.
        let most = match element {
            Element::Value => 3,
            Element::Struct => 4,
            Element::Entry => 2 + u8::from(part > 0),
        };
        let Flat { source, numbers, nulls } = flat(values)?;
        let place = |slot: usize| {
            let place = match numbers {
                Some((numbers, nulls)) => numbers.get(slot).copied().filter(|_| nulls.is_none_or(|nulls| nulls.is_valid(slot))),
                None => Some(slot as u32),
            };
            place.filter(|place| nulls.is_none_or(|nulls| nulls.is_valid(*place as usize)))
        };
        let (mut at, mut definition, mut repetition) = (Vec::new(), Vec::new(), Vec::new());
        for row in rows.clone() {
            let ends = row.and_then(|row| offsets.get(row).zip(offsets.get(row + 1)));
            let slots = ends.map(|(start, end)| *start as usize..*end as usize);
            if slots.as_ref().is_none_or(std::ops::Range::is_empty) {
                definition.push(u8::from(slots.is_some()));
                repetition.push(0);
                continue;
            }
            for (number, slot) in slots.unwrap_or_default().enumerate() {
                let found = place(slot);
                definition.push(if found.is_some() { most } else { most - 1 });
                repetition.push(u8::from(number > 0));
                at.extend(found);
            }
        }
        found.push(Leaf { source, at, definition: Some(definition), repetition: Some(repetition), rows: rows.len() });
    }
    Ok(found)
}

/// What a list is made of.
enum Element {
    Value,
    Struct,
    Entry,
}
