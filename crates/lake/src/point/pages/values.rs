//! Values of a page by their places, in each encoding (Parquet format, "Encodings").

use super::page::Page;
use super::{Broken, Result};

const PLAIN: i32 = 0;
const PLAIN_DICTIONARY: i32 = 2;
const RLE: i32 = 3;
const DELTA_BINARY_PACKED: i32 = 5;
const DELTA_LENGTH_BYTE_ARRAY: i32 = 6;
const DELTA_BYTE_ARRAY: i32 = 7;
const RLE_DICTIONARY: i32 = 8;

/// Values that a page's numbers stand for.
#[derive(Debug)]
pub(super) enum Dictionary {
    Texts { bytes: Vec<u8>, spans: Vec<(u32, u32)> },
    Numbers(Vec<i64>),
}

impl Dictionary {
    pub(super) fn texts(bytes: Vec<u8>, count: usize) -> Result<Self> {
        let mut spans = Vec::with_capacity(count.min(bytes.len() / 4));
        let mut at = 0;
        for _ in 0..count {
            let (start, end) = plain_span(&bytes, at)?;
            spans.push((start as u32, end as u32));
            at = end;
        }
        Ok(Self::Texts { bytes, spans })
    }

    pub(super) fn numbers(bytes: &[u8], count: usize) -> Result<Self> {
        let numbers: Vec<i64> = bytes.as_chunks::<8>().0.iter().take(count).map(|eight| i64::from_le_bytes(*eight)).collect();
        if numbers.len() == count { Ok(Self::Numbers(numbers)) } else { Err(Broken::Cut) }
    }

    pub(super) fn text(&self, index: u32) -> Result<&[u8]> {
        match self {
            Self::Texts { bytes, spans } => {
                let (start, end) = spans.get(index as usize).ok_or(Broken::Number)?;
                bytes.get(*start as usize..*end as usize).ok_or(Broken::Cut)
            }
            Self::Numbers(_) => Err(Broken::Unknown("text by numbers")),
        }
    }

    pub(super) fn number(&self, index: u32) -> Result<i64> {
        match self {
            Self::Numbers(numbers) => numbers.get(index as usize).copied().ok_or(Broken::Number),
            Self::Texts { .. } => Err(Broken::Unknown("numbers by text")),
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Texts { spans, .. } => spans.len(),
            Self::Numbers(numbers) => numbers.len(),
        }
    }
}

/// Whether a page's values are numbers of dictionary entries.
pub(super) fn is_by_dictionary(page: &Page) -> bool {
    matches!(page.encoding, PLAIN_DICTIONARY | RLE_DICTIONARY)
}

/// The dictionary's entries at the ascending `places` among a page's values.
pub(super) fn entries(page: &Page, places: &[u32]) -> Result<Vec<u32>> {
    let Some(last) = places.last() else { return Ok(Vec::new()) };
    let (width, packed) = page.data().split_first().ok_or(Broken::Cut)?;
    let mut entries = Hybrid::new(packed, u32::from(*width)).take(*last as usize + 1)?;
    if places.len() < entries.len() {
        entries = places.iter().map(|place| entries.get(*place as usize).copied().ok_or(Broken::Cut)).collect::<Result<_>>()?;
    }
    Ok(entries)
}

/// Hands over the texts at the ascending `places` among a page's values, one by one.
pub(super) fn texts(page: &Page, dictionary: Option<&Dictionary>, places: &[u32], mut each: impl FnMut(&[u8])) -> Result<()> {
    let data = page.data();
    let Some(last) = places.last() else { return Ok(()) };
    let count = *last as usize + 1;
    match page.encoding {
        PLAIN => {
            let (mut at, mut number) = (0, 0);
            for place in places {
                loop {
                    let (start, end) = plain_span(data, at)?;
                    at = end;
                    number += 1;
                    if number > *place {
                        each(data.get(start..end).ok_or(Broken::Cut)?);
                        break;
                    }
                }
            }
        }
        PLAIN_DICTIONARY | RLE_DICTIONARY => {
            let dictionary = dictionary.ok_or(Broken::Unknown("no dictionary"))?;
            for entry in entries(page, places)? {
                each(dictionary.text(entry)?);
            }
        }
        DELTA_LENGTH_BYTE_ARRAY => {
            let (lengths, start) = delta(data, page.values)?;
            let mut wanted = places.iter().peekable();
            each_of(&lengths, data.get(start..).ok_or(Broken::Cut)?, count, |place, text| {
                if wanted.next_if(|wanted| **wanted as usize == place).is_some() {
                    each(text);
                }
            })?;
        }
        DELTA_BYTE_ARRAY => {
            let (prefixes, start) = delta(data, page.values)?;
            let data = data.get(start..).ok_or(Broken::Cut)?;
            let (lengths, start) = delta(data, page.values)?;
            let (mut text, mut is_whole) = (Vec::new(), true);
            let mut wanted = places.iter().peekable();
            each_of(&lengths, data.get(start..).ok_or(Broken::Cut)?, count, |place, rest| {
                let prefix = prefixes.get(place).and_then(|prefix| usize::try_from(*prefix).ok()).filter(|prefix| *prefix <= text.len());
                is_whole &= prefix.is_some();
                text.truncate(prefix.unwrap_or(0));
                text.extend_from_slice(rest);
                if wanted.next_if(|wanted| **wanted as usize == place).is_some() {
                    each(&text);
                }
            })?;
            if !is_whole {
                return Err(Broken::Number);
            }
        }
        _ => return Err(Broken::Unknown("text of this encoding")),
    }
    Ok(())
}

/// Hands over the first texts of those whose lengths lie apart from them.
fn each_of(lengths: &[i64], bytes: &[u8], count: usize, mut each: impl FnMut(usize, &[u8])) -> Result<()> {
    let mut at = 0_usize;
    for (place, length) in lengths.get(..count).ok_or(Broken::Cut)?.iter().enumerate() {
        let end = usize::try_from(*length).ok().and_then(|length| at.checked_add(length)).ok_or(Broken::Number)?;
        each(place, bytes.get(at..end).ok_or(Broken::Cut)?);
        at = end;
    }
    Ok(())
}

/// Hands over the whole numbers of 64 bits at the ascending `places` among a page's values.
pub(super) fn numbers(page: &Page, dictionary: Option<&Dictionary>, places: &[u32], mut each: impl FnMut(i64)) -> Result<()> {
    match page.encoding {
        PLAIN => {
            let (numbers, _) = page.data().as_chunks::<8>();
            for place in places {
                each(i64::from_le_bytes(*numbers.get(*place as usize).ok_or(Broken::Cut)?));
            }
        }
        PLAIN_DICTIONARY | RLE_DICTIONARY => {
            let dictionary = dictionary.ok_or(Broken::Unknown("no dictionary"))?;
            for entry in entries(page, places)? {
                each(dictionary.number(entry)?);
            }
        }
        DELTA_BINARY_PACKED if !places.is_empty() => {
            let (numbers, _) = delta(page.data(), page.values)?;
            for place in places {
                each(*numbers.get(*place as usize).ok_or(Broken::Cut)?);
            }
        }
        DELTA_BINARY_PACKED => {}
        _ => return Err(Broken::Unknown("numbers of this encoding")),
    }
    Ok(())
}

/// Hands over the truths at the ascending `places` among a page's values.
pub(super) fn flags(page: &Page, places: &[u32], mut each: impl FnMut(bool)) -> Result<()> {
    let data = page.data();
    match page.encoding {
        PLAIN => {
            for place in places {
                let byte = data.get(*place as usize / 8).ok_or(Broken::Cut)?;
                each(byte >> (place % 8) & 1 == 1);
            }
        }
        RLE => {
            let Some(last) = places.last() else { return Ok(()) };
            // A length of four bytes comes first.
            let flags = Hybrid::new(data.get(4..).ok_or(Broken::Cut)?, 1).take(*last as usize + 1)?;
            for place in places {
                each(flags.get(*place as usize).is_some_and(|flag| *flag == 1));
            }
        }
        _ => return Err(Broken::Unknown("truths of this encoding")),
    }
    Ok(())
}

/// The text at `at`, behind its length.
fn plain_span(bytes: &[u8], at: usize) -> Result<(usize, usize)> {
    let length = bytes.get(at..).and_then(|rest| rest.first_chunk::<4>()).ok_or(Broken::Cut)?;
    let (start, length) = (at + 4, u32::from_le_bytes(*length) as usize);
    let end = start.checked_add(length).filter(|end| *end <= bytes.len()).ok_or(Broken::Cut)?;
    Ok((start, end))
}

/// Runs of one number, and numbers packed into bits, in turn.
pub(super) struct Hybrid<'b> {
    bytes: &'b [u8],
    width: u32,
}

impl<'b> Hybrid<'b> {
    pub(super) fn new(bytes: &'b [u8], width: u32) -> Self {
        Self { bytes, width }
    }

    fn header(&mut self) -> Result<u64> {
        let (number, length) = varint(self.bytes)?;
        self.bytes = self.bytes.get(length..).unwrap_or(&[]);
        Ok(number)
    }

    fn run_value(&mut self) -> Result<u32> {
        let (value, rest) = self.bytes.split_at_checked(self.width.div_ceil(8) as usize).ok_or(Broken::Cut)?;
        self.bytes = rest;
        Ok(value.iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte)))
    }

    /// The number that all of `count` are, where one run says so; nothing is taken then or else.
    pub(super) fn whole_run(&self, count: usize) -> Result<Option<u32>> {
        let mut ahead = Self { bytes: self.bytes, width: self.width };
        if self.width > 32 {
            return Err(Broken::Number);
        }
        let header = ahead.header()?;
        if header & 1 == 1 || ((header >> 1) as usize) < count {
            return Ok(None);
        }
        ahead.run_value().map(Some)
    }

    /// The first `count` numbers.
    pub(super) fn take(mut self, count: usize) -> Result<Vec<u32>> {
        if self.width > 32 {
            return Err(Broken::Number);
        }
        // A page has no more values than bits, but for runs, which are not followed beyond what is asked for.
        let mut taken = Vec::with_capacity(count);
        if self.width == 0 {
            taken.resize(count, 0);
            return Ok(taken);
        }
        while taken.len() < count {
            let header = self.header()?;
            let rest = count - taken.len();
            if header & 1 == 0 {
                let value = self.run_value()?;
                let length = usize::try_from(header >> 1).map_err(|_| Broken::Number)?;
                if length == 0 {
                    return Err(Broken::Number);
                }
                taken.resize(taken.len() + length.min(rest), value);
                continue;
            }
            let groups = usize::try_from(header >> 1).map_err(|_| Broken::Number)?;
            let length = groups.checked_mul(self.width as usize).ok_or(Broken::Number)?;
            // The last run may be cut where its numbers end.
            let packed = self.bytes.get(..length.min(self.bytes.len())).unwrap_or(&[]);
            let there = groups.saturating_mul(8).min(packed.len() * 8 / self.width as usize).min(rest);
            if there == 0 {
                return Err(Broken::Cut);
            }
            unpack(packed, self.width, there, |number| taken.push(number as u32));
            self.bytes = self.bytes.get(packed.len()..).unwrap_or(&[]);
        }
        Ok(taken)
    }
}

/// Numbers of `width` bits, the lowest first.
fn unpack(packed: &[u8], width: u32, count: usize, mut each: impl FnMut(u64)) {
    let mask = if width >= 64 { u64::MAX } else { (1 << width) - 1 };
    let (mut held, mut bits, mut bytes) = (0_u128, 0, packed.iter());
    for _ in 0..count {
        while bits < width {
            held |= u128::from(bytes.next().copied().unwrap_or(0)) << bits;
            bits += 8;
        }
        each(held as u64 & mask);
        held >>= width;
        bits -= width;
    }
}

fn varint(bytes: &[u8]) -> Result<(u64, usize)> {
    let mut number = 0_u64;
    for (index, byte) in bytes.iter().take(10).enumerate() {
        number |= u64::from(byte & 0x7f).checked_shl(7 * index as u32).unwrap_or(0);
        if byte & 0x80 == 0 {
            return Ok((number, index + 1));
        }
    }
    Err(Broken::Cut)
}

/// Numbers as differences, packed by blocks, `most` at most; and where they end.
fn delta(bytes: &[u8], most: usize) -> Result<(Vec<i64>, usize)> {
    let mut at = 0;
    let next = |at: &mut usize| -> Result<u64> {
        let (number, length) = varint(bytes.get(*at..).ok_or(Broken::Cut)?)?;
        *at += length;
        Ok(number)
    };
    let signed = |number: u64| (number >> 1) as i64 ^ -((number & 1) as i64);
    let size = |number: u64| usize::try_from(number).map_err(|_| Broken::Number);
    let (block, blocks_of, total) = (size(next(&mut at)?)?, size(next(&mut at)?)?, size(next(&mut at)?)?);
    let first = signed(next(&mut at)?);
    let of_miniblock = block.checked_div(blocks_of).filter(|values| *values > 0 && values % 8 == 0).ok_or(Broken::Number)?;
    if total > most {
        return Err(Broken::Number);
    }
    let mut numbers = Vec::with_capacity(total);
    if total > 0 {
        numbers.push(first);
    }
    let mut value = first;
    while numbers.len() < total {
        let least = signed(next(&mut at)?);
        let widths = bytes.get(at..).and_then(|rest| rest.get(..blocks_of)).ok_or(Broken::Cut)?;
        at += blocks_of;
        for width in widths {
            let count = (total - numbers.len()).min(of_miniblock);
            if count == 0 {
                break;
            }
            let width = u32::from(*width);
            let length = of_miniblock.checked_mul(width as usize).ok_or(Broken::Number)? / 8;
            let packed = at.checked_add(length).and_then(|end| bytes.get(at..end)).ok_or(Broken::Cut)?;
            if width > 64 {
                return Err(Broken::Number);
            }
            unpack(packed, width, count, |step| {
                value = value.wrapping_add(least).wrapping_add(step as i64);
                numbers.push(value);
            });
            at += length;
        }
    }
    Ok((numbers, at))
}
