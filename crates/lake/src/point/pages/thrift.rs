//! Thrift's compact protocol, as far as a data file's page headers and page indexes need it (Parquet format, `parquet.thrift`).

use super::{Broken, Result};
use bytes::Bytes;
use std::ops::Range;

/// Structures inside structures, at most.
const DEPTH_MAX: u32 = 8;

/// The kind of a page, with what its header says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PageKind {
    Dictionary,
    Data,
    /// Version 2: levels come first, and are not compressed.
    DataV2 {
        definition_bytes: usize,
        repetition_bytes: usize,
        is_compressed: bool,
    },
    Other,
}

/// A page's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PageHeader {
    pub(super) kind: PageKind,
    pub(super) uncompressed: usize,
    pub(super) compressed: usize,
    /// Values, those that are null among them.
    pub(super) values: usize,
    pub(super) encoding: i32,
    /// CRC-32 of the page's bytes after the header.
    pub(super) checksum: Option<u32>,
    /// How long the header itself is.
    pub(super) length: usize,
}

/// Where a page lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::point) struct PagePlace {
    pub(in crate::point) offset: u64,
    /// Bytes, those of its header among them.
    pub(in crate::point) size: u64,
    /// The first of its rows, in its row group.
    pub(in crate::point) first_row: u32,
}

/// What the index of a column chunk says of its pages.
#[derive(Debug, Default)]
pub(in crate::point) struct Bounds {
    bytes: Bytes,
    all_null: Vec<bool>,
    low: Vec<Range<usize>>,
    high: Vec<Range<usize>>,
    nulls: Vec<i64>,
}

impl Bounds {
    /// Whether no value of a page is there.
    pub(in crate::point) fn is_all_null(&self, page: usize) -> bool {
        self.all_null.get(page) == Some(&true)
    }

    /// Whether any value of a page may be null.
    pub(in crate::point) fn may_hold_null(&self, page: usize) -> bool {
        self.nulls.get(page) != Some(&0)
    }

    /// The least and greatest value of a page, or what lies below and above them.
    pub(in crate::point) fn span(&self, page: usize) -> Option<(&[u8], &[u8])> {
        let of = |ends: &Vec<Range<usize>>| ends.get(page).and_then(|range| self.bytes.get(range.clone()));
        of(&self.low).zip(of(&self.high)).filter(|_| !self.is_all_null(page))
    }
}

/// Bytes that are read as one structure after the other.
struct Compact<'b> {
    bytes: &'b [u8],
    at: usize,
}

/// A field of a structure: its number and type.
struct Field {
    id: i16,
    kind: u8,
}

const TRUE: u8 = 1;
const LIST: u8 = 9;
const STRUCT: u8 = 12;

impl<'b> Compact<'b> {
    fn byte(&mut self) -> Result<u8> {
        let byte = self.bytes.get(self.at).copied().ok_or(Broken::Cut)?;
        self.at += 1;
        Ok(byte)
    }

    fn number(&mut self) -> Result<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Broken::Number)
    }

    fn signed(&mut self) -> Result<i64> {
        let number = self.number()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    fn size(&mut self) -> Result<usize> {
        usize::try_from(self.signed()?).map_err(|_| Broken::Number)
    }

    fn binary(&mut self) -> Result<&'b [u8]> {
        let length = usize::try_from(self.number()?).map_err(|_| Broken::Number)?;
        let end = self.at.checked_add(length).ok_or(Broken::Cut)?;
        let bytes = self.bytes.get(self.at..end).ok_or(Broken::Cut)?;
        self.at = end;
        Ok(bytes)
    }

    /// The next field of a structure whose last one was `last`; none at its end.
    fn field(&mut self, last: &mut i16) -> Result<Option<Field>> {
        let byte = self.byte()?;
        if byte == 0 {
            return Ok(None);
        }
        let id = match byte >> 4 {
            0 => i16::try_from(self.signed()?).map_err(|_| Broken::Number)?,
            step => last.saturating_add(i16::from(step)),
        };
        *last = id;
        Ok(Some(Field { id, kind: byte & 0x0f }))
    }

    /// The length of a list and the type of its elements.
    fn list(&mut self) -> Result<(usize, u8)> {
        let byte = self.byte()?;
        let length = match byte >> 4 {
            15 => usize::try_from(self.number()?).map_err(|_| Broken::Number)?,
            short => usize::from(short),
        };
        // Each element has a byte at least.
        if length > self.bytes.len() - self.at {
            return Err(Broken::Cut);
        }
        Ok((length, byte & 0x0f))
    }

    fn skip(&mut self, kind: u8, depth: u32) -> Result<()> {
        if depth > DEPTH_MAX {
            return Err(Broken::Depth);
        }
        match kind {
            1 | 2 => {}
            3 => drop(self.byte()?),
            4..=6 => drop(self.number()?),
            7 => {
                self.at = self.at.checked_add(8).filter(|end| *end <= self.bytes.len()).ok_or(Broken::Cut)?;
            }
            8 => drop(self.binary()?),
            LIST | 10 => {
                let (length, kind) = self.list()?;
                for _ in 0..length {
                    self.skip_element(kind, depth + 1)?;
                }
            }
            11 => {
                let length = usize::try_from(self.number()?).map_err(|_| Broken::Number)?;
                let kinds = if length == 0 { 0 } else { self.byte()? };
                for _ in 0..length {
                    self.skip_element(kinds >> 4, depth + 1)?;
                    self.skip_element(kinds & 0x0f, depth + 1)?;
                }
            }
            STRUCT => {
                let mut last = 0;
                while let Some(field) = self.field(&mut last)? {
                    self.skip(field.kind, depth + 1)?;
                }
            }
            _ => return Err(Broken::Number),
        }
        Ok(())
    }

    /// In a list a truth has a byte of its own.
    fn skip_element(&mut self, kind: u8, depth: u32) -> Result<()> {
        match kind {
            1 | 2 => self.byte().map(drop),
            kind => self.skip(kind, depth),
        }
    }
}

/// The header at the beginning of `bytes`.
pub(super) fn page_header(bytes: &[u8]) -> Result<PageHeader> {
    let mut from = Compact { bytes, at: 0 };
    let mut header =
        PageHeader { kind: PageKind::Other, uncompressed: 0, compressed: 0, values: 0, encoding: 0, checksum: None, length: 0 };
    let mut last = 0;
    while let Some(field) = from.field(&mut last)? {
        match (field.id, field.kind) {
            (2, 5) => header.uncompressed = from.size()?,
            (3, 5) => header.compressed = from.size()?,
            (4, 5) => header.checksum = Some(i32::try_from(from.signed()?).map_err(|_| Broken::Number)?.cast_unsigned()),
            (5, STRUCT) => {
                header.kind = PageKind::Data;
                data_header(&mut from, &mut header)?;
            }
            (7, STRUCT) => {
                header.kind = PageKind::Dictionary;
                data_header(&mut from, &mut header)?;
            }
            (8, STRUCT) => {
                header.kind = PageKind::DataV2 { definition_bytes: 0, repetition_bytes: 0, is_compressed: true };
                data_header(&mut from, &mut header)?;
            }
            (_, kind) => from.skip(kind, 0)?,
        }
    }
    header.length = from.at;
    Ok(header)
}

/// What the header of one kind of page adds: values and encoding, in version 2 the lengths of levels as well.
fn data_header(from: &mut Compact<'_>, header: &mut PageHeader) -> Result<()> {
    let mut last = 0;
    while let Some(field) = from.field(&mut last)? {
        let encoding = if matches!(header.kind, PageKind::DataV2 { .. }) { 4 } else { 2 };
        match (&mut header.kind, field.id, field.kind) {
            (_, 1, 5) => header.values = from.size()?,
            (_, id, 5) if id == encoding => header.encoding = i32::try_from(from.signed()?).map_err(|_| Broken::Number)?,
            // Levels of the oldest files are packed otherwise.
            (PageKind::Data, 3, 5) if from.signed()? != 3 => return Err(Broken::Unknown("levels of this encoding")),
            (PageKind::Data, 3, 5) => {}
            (PageKind::DataV2 { definition_bytes, .. }, 5, 5) => *definition_bytes = from.size()?,
            (PageKind::DataV2 { repetition_bytes, .. }, 6, 5) => *repetition_bytes = from.size()?,
            (PageKind::DataV2 { is_compressed, .. }, 7, kind @ (1 | 2)) => *is_compressed = kind == TRUE,
            (_, _, kind) => from.skip(kind, 1)?,
        }
    }
    Ok(())
}

/// An offset index: where the pages of a column chunk lie, in the order of their rows.
pub(super) fn offset_index(bytes: &[u8]) -> Result<Vec<PagePlace>> {
    let mut from = Compact { bytes, at: 0 };
    let mut pages: Vec<PagePlace> = Vec::new();
    let mut last = 0;
    while let Some(field) = from.field(&mut last)? {
        if (field.id, field.kind) != (1, LIST) {
            from.skip(field.kind, 0)?;
            continue;
        }
        let (length, kind) = from.list()?;
        if kind != STRUCT {
            return Err(Broken::Number);
        }
        pages.reserve(length);
        for _ in 0..length {
            let (mut offset, mut size, mut first_row, mut last) = (0, 0, 0, 0);
            while let Some(field) = from.field(&mut last)? {
                match field.id {
                    1 => offset = from.size()? as u64,
                    2 => size = from.size()? as u64,
                    3 => first_row = u32::try_from(from.size()?).map_err(|_| Broken::Number)?,
                    _ => from.skip(field.kind, 1)?,
                }
            }
            // The first begins with the first row.
            if pages.last().map_or(first_row > 0, |before| before.first_row > first_row) {
                return Err(Broken::Order);
            }
            pages.push(PagePlace { offset, size, first_row });
        }
    }
    Ok(pages)
}

/// A column index: the least and greatest value of each page of a column chunk.
pub(super) fn column_index(bytes: Bytes) -> Result<Bounds> {
    let mut from = Compact { bytes: &bytes, at: 0 };
    let mut bounds = Bounds::default();
    let mut last = 0;
    while let Some(field) = from.field(&mut last)? {
        if field.kind != LIST || !matches!(field.id, 1 | 2 | 3 | 5) {
            from.skip(field.kind, 0)?;
            continue;
        }
        let (length, _) = from.list()?;
        for _ in 0..length {
            match field.id {
                1 => bounds.all_null.push(from.byte()? == TRUE),
                2 | 3 => {
                    let length = from.binary()?.len();
                    let ends = if field.id == 2 { &mut bounds.low } else { &mut bounds.high };
                    ends.push(from.at - length..from.at);
                }
                _ => bounds.nulls.push(from.signed()?),
            }
        }
    }
    Ok(Bounds { bytes, ..bounds })
}

/// How many bytes the filter has that a bloom filter's header stands before, and how long that is.
pub(super) fn bloom_bytes(bytes: &[u8]) -> Result<(usize, usize)> {
    let mut from = Compact { bytes, at: 0 };
    let (mut length, mut last) = (0, 0);
    while let Some(field) = from.field(&mut last)? {
        match (field.id, field.kind) {
            (1, 5) => length = from.size()?,
            // Of each of these there is one choice so far.
            (2..=4, STRUCT) => {
                let mut last = 0;
                while let Some(choice) = from.field(&mut last)? {
                    if choice.id != 1 {
                        return Err(Broken::Unknown("a bloom filter of this kind"));
                    }
                    from.skip(choice.kind, 1)?;
                }
            }
            (_, kind) => from.skip(kind, 0)?,
        }
    }
    Ok((length, from.at))
}
