//! One page: its bytes in, inflated levels and values out.

use super::thrift::{PageHeader, PageKind, page_header};
use super::values::Hybrid;
use super::{Broken, Result};
use parquet::basic::Compression;
use std::cell::RefCell;

/// Bytes of an inflated page, at most.
const PAGE_BYTES_MAX: usize = 1 << 30;

/// Values of a page, at most.
const PAGE_VALUES_MAX: usize = 1 << 24;

thread_local! {
    /// Made once: a context is larger than most pages.
    static ZSTD: RefCell<Option<zstd::bulk::Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Levels of a page's values.
#[derive(Debug)]
pub(super) enum Levels {
    /// All are the same.
    Same(u32),
    Each(Vec<u32>),
}

impl Levels {
    pub(super) fn at(&self, place: usize) -> u32 {
        match self {
            Self::Same(level) => *level,
            Self::Each(levels) => levels.get(place).copied().unwrap_or(0),
        }
    }
}

/// A data page.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) repetitions: Levels,
    pub(super) definitions: Levels,
    /// Values, those that are null among them.
    pub(super) values: usize,
    pub(super) encoding: i32,
    bytes: Vec<u8>,
    /// Where the values begin.
    start: usize,
}

/// The greatest levels of a column.
#[derive(Debug, Clone, Copy)]
pub(super) struct MaxLevels {
    pub(super) definition: u32,
    pub(super) repetition: u32,
}

impl Page {
    /// Reads a data page with its header.
    pub(super) fn read(bytes: &[u8], compression: Compression, max: MaxLevels) -> Result<Self> {
        let header = page_header(bytes)?;
        if header.values > PAGE_VALUES_MAX {
            return Err(Broken::Long);
        }
        let body = body(bytes, &header)?;
        match header.kind {
            PageKind::Data => {
                let bytes = inflate(body, compression, header.uncompressed)?;
                let mut start = 0;
                let mut levels = |max: u32| {
                    if max == 0 {
                        return Ok(Levels::Same(0));
                    }
                    let length = bytes.get(start..start + 4).and_then(|four| four.try_into().ok()).map(u32::from_le_bytes);
                    let end = length.and_then(|length| (start + 4).checked_add(length as usize)).ok_or(Broken::Cut)?;
                    let packed = bytes.get(start + 4..end).ok_or(Broken::Cut)?;
                    start = end;
                    read_levels(packed, max, header.values)
                };
                let (repetitions, definitions) = (levels(max.repetition)?, levels(max.definition)?);
                Ok(Self { repetitions, definitions, values: header.values, encoding: header.encoding, bytes, start })
            }
            PageKind::DataV2 { definition_bytes, repetition_bytes, is_compressed } => {
                let levels_end = repetition_bytes.checked_add(definition_bytes).ok_or(Broken::Number)?;
                let (first, packed) = body.split_at_checked(levels_end).ok_or(Broken::Cut)?;
                let (repetitions, definitions) = first.split_at_checked(repetition_bytes).ok_or(Broken::Cut)?;
                let bytes = match is_compressed {
                    true => inflate(packed, compression, header.uncompressed.saturating_sub(levels_end))?,
                    false => packed.to_vec(),
                };
                let levels = |packed, max| if max == 0 { Ok(Levels::Same(0)) } else { read_levels(packed, max, header.values) };
                Ok(Self {
                    repetitions: levels(repetitions, max.repetition)?,
                    definitions: levels(definitions, max.definition)?,
                    values: header.values,
                    encoding: header.encoding,
                    bytes,
                    start: 0,
                })
            }
            PageKind::Dictionary | PageKind::Other => Err(Broken::Unknown("a page of this kind")),
        }
    }

    /// The bytes of its values.
    pub(super) fn data(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or(&[])
    }
}

/// The bytes of a dictionary page, and how many values they are.
pub(super) fn dictionary(bytes: &[u8], compression: Compression) -> Result<(Vec<u8>, usize)> {
    let header = page_header(bytes)?;
    if header.kind != PageKind::Dictionary || !matches!(header.encoding, 0 | 2) {
        return Err(Broken::Unknown("a dictionary of this kind"));
    }
    Ok((inflate(body(bytes, &header)?, compression, header.uncompressed)?, header.values))
}

fn body<'b>(bytes: &'b [u8], header: &PageHeader) -> Result<&'b [u8]> {
    let end = header.length.checked_add(header.compressed).ok_or(Broken::Number)?;
    let body = bytes.get(header.length..end).ok_or(Broken::Cut)?;
    match header.checksum {
        Some(checksum) if crc32fast::hash(body) != checksum => Err(Broken::Checksum),
        _ => Ok(body),
    }
}

fn inflate(packed: &[u8], compression: Compression, length: usize) -> Result<Vec<u8>> {
    if length > PAGE_BYTES_MAX {
        return Err(Broken::Long);
    }
    let bytes = match compression {
        Compression::UNCOMPRESSED => packed.to_vec(),
        _ if length == 0 => Vec::new(),
        Compression::LZ4_RAW => lz4_flex::block::decompress(packed, length).map_err(|_| Broken::Inflate)?,
        Compression::ZSTD(_) => ZSTD.with_borrow_mut(|held| {
            let context = match held {
                Some(context) => context,
                None => held.insert(zstd::bulk::Decompressor::new().map_err(|_| Broken::Inflate)?),
            };
            context.decompress(packed, length).map_err(|_| Broken::Inflate)
        })?,
        _ => return Err(Broken::Unknown("this compression")),
    };
    if bytes.len() == length { Ok(bytes) } else { Err(Broken::Cut) }
}

fn read_levels(packed: &[u8], max: u32, values: usize) -> Result<Levels> {
    let width = u32::BITS - max.leading_zeros();
    let levels = Hybrid::new(packed, width);
    if let Some(level) = levels.whole_run(values)? {
        return if level <= max { Ok(Levels::Same(level)) } else { Err(Broken::Number) };
    }
    let levels = levels.take(values)?;
    if levels.iter().any(|level| *level > max) {
        return Err(Broken::Number);
    }
    Ok(Levels::Each(levels))
}
