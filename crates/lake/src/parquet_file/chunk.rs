//! A leaf of a column in, its chunk of a row group out: pages, compressed, with their indexes.
//!
//! The Parquet library's own writer hashes each value again, though most of ours come as numbers that point to few values, and makes two
//! compression contexts and a table of 4,096 places for each column. Here a value is looked at once, however often it comes.

use super::leaf::{Leaf, Source};
use super::page::{Kind, Pages};
use super::{delta, hybrid};
use bytes::Bytes;
use hashbrown::{DefaultHashBuilder, HashTable};
use parquet::basic::{Compression, Encoding, PageType, ZstdLevel};
use parquet::bloom_filter::Sbbf;
use parquet::column::writer::ColumnCloseResult;
use parquet::data_type::ByteArray;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ColumnChunkMetaData, ColumnIndexBuilder, OffsetIndexBuilder, PageEncodingStats};
use parquet::file::statistics::{Statistics, ValueStatistics};
use parquet::schema::types::ColumnDescPtr;
use std::hash::BuildHasher as _;
use std::ops::Range;

/// Bytes of a dictionary, at most: those of `userIdentity` are long, and come a thousand times.
const DICTIONARY_BYTES: usize = 8 << 20;
/// Bytes of a page before compression, at most but for its last row.
const PAGE_BYTES: usize = 1 << 20;
/// Bytes of a text in statistics and page indexes, at most; a longer one is cut, the greatest upwards.
const STATISTIC_BYTES: usize = 64;
/// Bytes of a dictionary below which a chunk is not compressed: what is left then are packed numbers, and who reads a few rows of many
/// columns pays for a context of each.
const COMPRESSED_DICTIONARY_BYTES_MIN: usize = 1 << 10;
/// How often a bloom filter may say that something is there which is not.
const BLOOM_FALSE_POSITIVES: f64 = 0.01;
const ZSTD_LEVEL: i32 = 1;
/// Bytes of a page below which compression gains less than its frame takes.
const PRESSED_BYTES_MIN: usize = 48;

/// Where a page gained nothing by compression, one of so many after it is tried again.
const TRIED_PAGES: usize = 8;

/// How values are written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Each once, and numbers that point to them; as they are where that is no gain.
    Dictionary,
    /// As they are.
    Plain,
    /// Each as what sets it apart from the one before.
    Delta,
}

/// How pages are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Codec {
    Zstd,
    Lz4,
}

/// What a chunk is to be like.
pub(super) struct Wanted {
    pub(super) column: ColumnDescPtr,
    pub(super) form: Form,
    pub(super) codec: Codec,
    /// Whether least and greatest values of pages are noted.
    pub(super) has_statistics: bool,
    /// Whether those of all of it are wanted.
    pub(super) has_span: bool,
    /// Distinct values for which a bloom filter has room, where there is one.
    pub(super) bloom: Option<u64>,
    pub(super) page_rows: usize,
}

/// A column chunk as it lies in a file, and what the footer says of it.
#[derive(Clone)]
pub(super) struct Chunk {
    pub(super) bytes: Bytes,
    pub(super) close: ColumnCloseResult,
    pub(super) nulls: usize,
    /// The least and greatest value, where they were wanted and there are any.
    pub(super) span: Option<OwnSpan>,
}

/// The least and greatest value of a chunk.
#[derive(Debug, Clone)]
pub(super) enum OwnSpan {
    Texts(String, String),
    Numbers(i64, i64),
}

/// Contexts and memory that are used for one chunk after the other.
pub(super) struct Press {
    zstd: zstd::bulk::Compressor<'static>,
    body: Vec<u8>,
    pressed: Vec<u8>,
    pages: Vec<u8>,
}

impl Press {
    pub(super) fn new() -> std::io::Result<Self> {
        Ok(Self { zstd: zstd::bulk::Compressor::new(ZSTD_LEVEL)?, body: Vec::new(), pressed: Vec::new(), pages: Vec::new() })
    }

    /// The page that lies ready; one of which it is known that it is `dense` only in the form that the codec wants.
    fn press(&mut self, codec: Compression, is_dense: bool) -> Result<&[u8]> {
        let Self { zstd, body, pressed, .. } = self;
        pressed.clear();
        match codec {
            Compression::UNCOMPRESSED => return Ok(body),
            Compression::LZ4_RAW => {
                pressed.resize(lz4_flex::block::get_maximum_output_size(body.len()), 0);
                let length = lz4_flex::block::compress_into(body, pressed).map_err(|error| ParquetError::External(error.into()))?;
                pressed.truncate(length);
            }
            _ if is_dense || body.len() < PRESSED_BYTES_MIN => stored(body, pressed),
            _ => {
                pressed.reserve(zstd::zstd_safe::compress_bound(body.len()));
                zstd.compress_to_buffer(body, pressed).map_err(|error| ParquetError::External(error.into()))?;
            }
        }
        Ok(pressed)
    }
}

/// A Zstandard frame of blocks that are stored as they are (RFC 8878, 3.1.1).
pub(super) fn stored(body: &[u8], out: &mut Vec<u8>) {
    const BLOCK_BYTES_MAX: usize = 128 << 10;
    const RAW: u32 = 0;
    out.extend_from_slice(&0xFD2F_B528_u32.to_le_bytes());
    // One segment, its length in four bytes, no checksum, no dictionary.
    out.push(0b1010_0000);
    out.extend_from_slice(&(body.len() as u32).to_le_bytes());
    let mut rest = body;
    loop {
        let (block, more) = rest.split_at(rest.len().min(BLOCK_BYTES_MAX));
        let header = (block.len() as u32) << 3 | RAW << 1 | u32::from(more.is_empty());
        out.extend_from_slice(header.to_le_bytes().get(..3).unwrap_or(&[]));
        out.extend_from_slice(block);
        rest = more;
        if rest.is_empty() {
            return;
        }
    }
}

/// A place between two pages.
#[derive(Debug, Clone, Copy, Default)]
struct End {
    row: usize,
    slot: usize,
    value: usize,
}

/// Writes a chunk.
pub(super) fn chunk(press: &mut Press, wanted: &Wanted, leaf: &Leaf<'_>) -> Result<Chunk> {
    let dictionary = (wanted.form == Form::Dictionary).then(|| Dictionary::new(leaf)).flatten();
    let encoding = match (&dictionary, wanted.form, &leaf.source) {
        (Some(_), ..) => Encoding::RLE_DICTIONARY,
        (None, Form::Delta, Source::Texts(_)) => Encoding::DELTA_BYTE_ARRAY,
        (None, Form::Delta, Source::Numbers(_)) => Encoding::DELTA_BINARY_PACKED,
        _ => Encoding::PLAIN,
    };
    // The values of a column without any, or with few, are not worth a context.
    let is_small = leaf.at.is_empty() || dictionary.as_ref().is_some_and(|dictionary| dictionary.bytes < COMPRESSED_DICTIONARY_BYTES_MIN);
    let compression = match wanted.codec {
        _ if is_small => Compression::UNCOMPRESSED,
        Codec::Lz4 => Compression::LZ4_RAW,
        Codec::Zstd => Compression::ZSTD(ZstdLevel::try_new(ZSTD_LEVEL)?),
    };
    let mut pages = Pages::within(std::mem::take(&mut press.pages));
    let mut kinds = Vec::new();
    if let Some(dictionary) = &dictionary {
        press.body.clear();
        dictionary.order.iter().for_each(|place| put_plain(&leaf.source, *place, &mut press.body));
        let plain = press.body.len();
        pages.put(Kind::Dictionary, Encoding::PLAIN, dictionary.order.len(), press.press(compression, false)?, plain);
        kinds.push(PageEncodingStats { page_type: PageType::DICTIONARY_PAGE, encoding: Encoding::PLAIN, count: 1 });
    }
    let first_page = pages.len();
    let mut index = ColumnIndexBuilder::new(wanted.column.physical_type());
    let mut offsets = OffsetIndexBuilder::new();
    let mut spans = Vec::new();
    let mut start = End::default();
    let ends = page_ends(leaf, wanted, dictionary.is_none());
    // Texts gain by what comes again, and that changes from page to page; packed numbers and what is random by itself gain nothing.
    let are_numbers = dictionary.is_some() || !matches!(leaf.source, Source::Texts(_));
    let mut is_dense = false;
    for (number, end) in ends.iter().enumerate() {
        press.body.clear();
        put_levels(leaf, wanted, start.slot..end.slot, &mut press.body);
        put_values(leaf, dictionary.as_ref(), encoding, start.value..end.value, &mut press.body);
        let slots = end.slot - start.slot;
        let is_tried = !is_dense || number.is_multiple_of(TRIED_PAGES);
        let plain = press.body.len();
        let body = press.press(compression, !is_tried)?;
        if is_tried {
            is_dense = are_numbers && body.len() + body.len() / 16 >= plain;
        }
        let start_of_page = pages.len();
        let length = pages.put(Kind::Data, encoding, slots, body, plain);
        offsets.append_offset_and_size(start_of_page as i64, length as i32);
        offsets.append_row_count((end.row - start.row) as i64);
        if wanted.has_statistics || wanted.has_span {
            let (missing, span) = (slots - (end.value - start.value), span_of(leaf, start.value..end.value));
            let (low, high) = span.as_ref().map_or_else(Default::default, |span| (span.low(), span.high()));
            index.append(span.is_none(), low, high, missing as i64);
            spans.extend(span);
        }
        start = *end;
    }
    kinds.push(PageEncodingStats { page_type: PageType::DATA_PAGE, encoding, count: ends.len() as i32 });
    let encodings = if dictionary.is_some() { vec![Encoding::PLAIN, Encoding::RLE, encoding] } else { vec![Encoding::RLE, encoding] };
    let mut metadata = ColumnChunkMetaData::builder(wanted.column.clone())
        .set_compression(compression)
        .set_encodings(encodings)
        .set_page_encoding_stats(kinds)
        .set_total_compressed_size(pages.len() as i64)
        .set_total_uncompressed_size(pages.plain as i64)
        .set_num_values(leaf.slots() as i64)
        .set_data_page_offset(first_page as i64)
        .set_dictionary_page_offset(dictionary.is_some().then_some(0));
    let nulls = leaf.slots() - leaf.at.len();
    let span = Span::together(&spans);
    if wanted.has_statistics {
        metadata = metadata.set_statistics(statistics(&leaf.source, span, nulls as u64));
    }
    let close = ColumnCloseResult {
        bytes_written: pages.len() as u64,
        rows_written: leaf.rows as u64,
        metadata: metadata.build()?,
        bloom_filter: wanted.bloom.map(|distinct| bloom(leaf, dictionary.as_ref(), distinct)).transpose()?,
        column_index: wanted.has_statistics.then(|| index.build()).transpose()?,
        offset_index: Some(offsets.build()),
    };
    let bytes;
    (bytes, press.pages) = pages.finish();
    Ok(Chunk { bytes, close, nulls, span: span.filter(|_| wanted.has_span).map(Span::to_owned) })
}

fn page_ends(leaf: &Leaf<'_>, wanted: &Wanted, counts_bytes: bool) -> Vec<End> {
    let mut ends = Vec::with_capacity(leaf.rows / wanted.page_rows + 1);
    let has_sizes = counts_bytes && matches!(leaf.source, Source::Texts(_));
    if leaf.definition.is_none() && leaf.repetition.is_none() && !has_sizes {
        let starts = (wanted.page_rows..leaf.rows).step_by(wanted.page_rows);
        ends.extend(starts.chain([leaf.rows]).map(|row| End { row, slot: row, value: row }));
        return ends;
    }
    let size = |value: usize| match (&leaf.source, leaf.at.get(value)) {
        (Source::Texts(texts), Some(place)) if has_sizes => texts.length(*place) + 4,
        _ => 0,
    };
    let most = wanted.column.max_def_level() as u8;
    let is_there = |slot: usize| leaf.definition.as_ref().is_none_or(|levels| levels.get(slot).is_some_and(|level| *level == most));
    let goes_on = |slot: usize| leaf.repetition.as_ref().and_then(|levels| levels.get(slot)).is_some_and(|level| *level > 0);
    let (mut here, mut start, mut bytes) = (End::default(), 0, 0);
    while here.row < leaf.rows {
        if here.row - start == wanted.page_rows || bytes >= PAGE_BYTES {
            ends.push(here);
            (start, bytes) = (here.row, 0);
        }
        loop {
            if is_there(here.slot) {
                bytes += size(here.value);
                here.value += 1;
            }
            here.slot += 1;
            if !goes_on(here.slot) {
                break;
            }
        }
        here.row += 1;
    }
    if here.row > start || ends.is_empty() {
        ends.push(here);
    }
    ends
}

/// Levels, each kind with its length before it.
fn put_levels(leaf: &Leaf<'_>, wanted: &Wanted, slots: Range<usize>, out: &mut Vec<u8>) {
    let with_length = |out: &mut Vec<u8>, put: &dyn Fn(&mut Vec<u8>)| {
        let start = out.len();
        out.extend_from_slice(&[0; 4]);
        put(out);
        let length = (out.len() - start - 4) as u32;
        if let Some(place) = out.get_mut(start..start + 4) {
            place.copy_from_slice(&length.to_le_bytes());
        }
    };
    if let Some(levels) = &leaf.repetition {
        with_length(out, &|out| hybrid::hybrid(levels.get(slots.clone()).unwrap_or(&[]), 1, out));
    }
    let most = wanted.column.max_def_level() as u32;
    if most == 0 {
        return;
    }
    let width = hybrid::width_of(most);
    match &leaf.definition {
        Some(levels) => with_length(out, &|out| hybrid::hybrid(levels.get(slots.clone()).unwrap_or(&[]), width, out)),
        None => with_length(out, &|out| {
            hybrid::varint((slots.len() as u64) << 1, out);
            out.push(most as u8);
        }),
    }
}

fn put_values(leaf: &Leaf<'_>, dictionary: Option<&Dictionary>, encoding: Encoding, values: Range<usize>, out: &mut Vec<u8>) {
    if let Some(dictionary) = dictionary {
        let width = hybrid::width_of((dictionary.order.len() as u32).saturating_sub(1));
        out.push(width as u8);
        return hybrid::hybrid(dictionary.numbers.get(values).unwrap_or(&[]), width, out);
    }
    let at = leaf.at.get(values).unwrap_or(&[]);
    match (&leaf.source, encoding) {
        (Source::Texts(texts), Encoding::DELTA_BYTE_ARRAY) => {
            delta::texts(at.iter().map(|place| texts.value(*place).as_bytes()), out);
        }
        (Source::Numbers(numbers), Encoding::DELTA_BINARY_PACKED) => {
            let values: Vec<i64> = at.iter().filter_map(|place| numbers.get(*place as usize)).copied().collect();
            delta::numbers(&values, out);
        }
        (Source::Flags(flags), _) => hybrid::pack(at.iter().map(|place| flags.value(*place as usize).into()), 1, out),
        (source, _) => at.iter().for_each(|place| put_plain(source, *place, out)),
    }
}

fn put_plain(source: &Source<'_>, place: u32, out: &mut Vec<u8>) {
    match source {
        Source::Texts(texts) => {
            let text = texts.value(place);
            out.extend_from_slice(&(text.len() as u32).to_le_bytes());
            out.extend_from_slice(text.as_bytes());
        }
        Source::Numbers(numbers) => out.extend_from_slice(&numbers.get(place as usize).copied().unwrap_or_default().to_le_bytes()),
        Source::Flags(flags) => out.push(flags.value(place as usize).into()),
    }
}

/// Values, each once, and the number of each that is there.
struct Dictionary {
    numbers: Vec<u32>,
    /// The place in the source where each value was first seen.
    order: Vec<u32>,
    bytes: usize,
}

impl Dictionary {
    /// None where it would be no gain.
    fn new(leaf: &Leaf<'_>) -> Option<Self> {
        const UNSEEN: u32 = u32::MAX;
        if matches!(leaf.source, Source::Flags(_)) {
            return None;
        }
        let hasher = DefaultHashBuilder::default();
        let mut known: HashTable<u32> = HashTable::new();
        let mut number_of = vec![UNSEEN; leaf.source.len()];
        let mut made = Self { numbers: Vec::with_capacity(leaf.at.len()), order: Vec::new(), bytes: 0 };
        let (mut plain, mut order) = (0, Vec::<u32>::new());
        let size = |place: u32| match &leaf.source {
            Source::Texts(texts) => texts.length(place) + 4,
            _ => 8,
        };
        let hash = |place: u32| match &leaf.source {
            Source::Texts(texts) => hasher.hash_one(texts.value(place)),
            Source::Numbers(numbers) => hasher.hash_one(numbers.get(place as usize)),
            Source::Flags(_) => 0,
        };
        let are_equal = |a: u32, b: u32| match &leaf.source {
            Source::Texts(texts) => texts.value(a) == texts.value(b),
            Source::Numbers(numbers) => numbers.get(a as usize) == numbers.get(b as usize),
            Source::Flags(_) => false,
        };
        for place in &leaf.at {
            plain += size(*place);
            let held = number_of.get_mut(*place as usize)?;
            if *held == UNSEEN {
                let here = hash(*place);
                let seen = |number: &u32| order.get(*number as usize).is_some_and(|other| are_equal(*other, *place));
                *held = match known.find(here, seen) {
                    Some(number) => *number,
                    None => {
                        let number = order.len() as u32;
                        order.push(*place);
                        known.insert_unique(here, number, |number| order.get(*number as usize).map_or(0, |place| hash(*place)));
                        made.bytes += size(*place);
                        number
                    }
                };
            }
            made.numbers.push(*held);
        }
        let width = hybrid::width_of(order.len() as u32) as usize;
        made.order = order;
        (made.bytes <= DICTIONARY_BYTES && made.bytes + made.numbers.len() * width / 8 < plain).then_some(made)
    }
}

fn bloom(leaf: &Leaf<'_>, dictionary: Option<&Dictionary>, distinct: u64) -> Result<Sbbf> {
    let mut filter = Sbbf::new_with_ndv_fpp(distinct, BLOOM_FALSE_POSITIVES)?;
    for place in dictionary.map_or(&leaf.at, |dictionary| &dictionary.order) {
        match &leaf.source {
            Source::Texts(texts) => filter.insert(texts.value(*place)),
            Source::Numbers(numbers) => filter.insert(&numbers.get(*place as usize).copied().unwrap_or_default()),
            Source::Flags(_) => {}
        }
    }
    filter.fold_to_target_fpp(BLOOM_FALSE_POSITIVES);
    Ok(filter)
}

/// The least and the greatest of some values.
#[derive(Debug, Clone, Copy)]
enum Span<'a> {
    Texts(&'a str, &'a str),
    Numbers(i64, i64),
}

fn span_of<'l>(leaf: &'l Leaf<'_>, values: Range<usize>) -> Option<Span<'l>> {
    let at = leaf.at.get(values).unwrap_or(&[]);
    match &leaf.source {
        Source::Texts(texts) => {
            // Neighbours are often the same, and mostly in order.
            let mut places = at.chunk_by(|a, b| a == b).filter_map(|same| same.first()).map(|place| texts.value(*place));
            let first = places.next()?;
            let (low, high) = places.fold((first, first), |(low, high), text| {
                if text > high {
                    (low, text)
                } else if text < low {
                    (text, high)
                } else {
                    (low, high)
                }
            });
            Some(Span::Texts(low, high))
        }
        Source::Numbers(numbers) => {
            let values = || at.iter().filter_map(|place| numbers.get(*place as usize)).copied();
            Some(Span::Numbers(values().min()?, values().max()?))
        }
        Source::Flags(_) => None,
    }
}

impl Span<'_> {
    fn low(&self) -> Vec<u8> {
        match self {
            Self::Texts(low, _) => cut(low).as_bytes().to_vec(),
            Self::Numbers(low, _) => low.to_le_bytes().to_vec(),
        }
    }

    fn high(&self) -> Vec<u8> {
        match self {
            Self::Texts(_, high) => above(high).into_bytes(),
            Self::Numbers(_, high) => high.to_le_bytes().to_vec(),
        }
    }

    /// Of all pages.
    fn together(spans: &[Self]) -> Option<Self> {
        spans.iter().copied().reduce(|all, span| match (all, span) {
            (Self::Texts(low, high), Self::Texts(lower, higher)) => Self::Texts(low.min(lower), high.max(higher)),
            (Self::Numbers(low, high), Self::Numbers(lower, higher)) => Self::Numbers(low.min(lower), high.max(higher)),
            (all, _) => all,
        })
    }

    fn to_owned(self) -> OwnSpan {
        match self {
            Self::Texts(low, high) => OwnSpan::Texts(low.to_owned(), high.to_owned()),
            Self::Numbers(low, high) => OwnSpan::Numbers(low, high),
        }
    }
}

fn statistics(source: &Source<'_>, span: Option<Span<'_>>, nulls: u64) -> Statistics {
    match span {
        Some(Span::Texts(low, high)) => {
            let is_exact = |text: &str| text.len() <= STATISTIC_BYTES;
            let bytes = |text: &str| Some(ByteArray::from(text.as_bytes().to_vec()));
            ValueStatistics::new(bytes(cut(low)), bytes(&above(high)), None, Some(nulls), false)
                .with_min_is_exact(is_exact(low))
                .with_max_is_exact(is_exact(high))
                .into()
        }
        Some(Span::Numbers(low, high)) => {
            ValueStatistics::new(Some(low), Some(high), None, Some(nulls), false).with_backwards_compatible_min_max(true).into()
        }
        None if matches!(source, Source::Texts(_)) => ValueStatistics::<ByteArray>::new(None, None, None, Some(nulls), false).into(),
        None => ValueStatistics::<i64>::new(None, None, None, Some(nulls), false).into(),
    }
}

/// The beginning of a text, which is not greater than it.
pub(super) fn cut(text: &str) -> &str {
    let end = (0..=STATISTIC_BYTES.min(text.len())).rfind(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.get(..end).unwrap_or("")
}

/// A text that is not less than another and begins as it: the beginning with its last letter raised, where it is too long.
pub(super) fn above(text: &str) -> String {
    let mut beginning = cut(text).to_owned();
    if beginning.len() == text.len() {
        return beginning;
    }
    while let Some(last) = beginning.pop() {
        // A letter of as many bytes: text is compared by its bytes.
        if let Some(next) = char::from_u32(u32::from(last) + 1).filter(|next| next.len_utf8() == last.len_utf8()) {
            beginning.push(next);
            return beginning;
        }
    }
    text.to_owned()
}
