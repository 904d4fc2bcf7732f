//! Split block bloom filters (Parquet format, "Bloom Filter"): the one block of a value says whether the value may be there.

use super::thrift::bloom_bytes;
use super::{Broken, Result};
use std::ops::Range;
use xxhash_rust::xxh64::xxh64;

/// A filter's header is no longer.
pub(in crate::point) const BLOOM_HEADER_BYTES_MAX: u64 = 64;

const BLOCK_BYTES: u64 = 32;

/// By which a value's hash is turned into one bit of each word of a block.
const SALT: [u32; 8] = [0x47b6_137b, 0x4497_4d91, 0x8824_ad5b, 0xa2b7_289d, 0x7054_95c7, 0x2df1_424b, 0x9efc_4947, 0x5c6b_fb31];

/// A filter, as its header has it.
#[derive(Debug, Clone, Copy)]
pub(in crate::point) struct BloomFilter {
    header: u64,
    blocks: u64,
}

/// Reads a filter's header.
pub(in crate::point) fn bloom_header(bytes: &[u8]) -> Result<BloomFilter> {
    let (length, header) = bloom_bytes(bytes)?;
    let blocks = length as u64 / BLOCK_BYTES;
    if blocks == 0 || !(length as u64).is_multiple_of(BLOCK_BYTES) {
        return Err(Broken::Number);
    }
    Ok(BloomFilter { header: header as u64, blocks })
}

impl BloomFilter {
    /// Where a text's block lies, of a filter that begins at `start`.
    pub(in crate::point) fn block(&self, start: u64, text: &str) -> Range<u64> {
        let block = ((xxh64(text.as_bytes(), 0) >> 32) * self.blocks) >> 32;
        let at = start.saturating_add(self.header).saturating_add(block * BLOCK_BYTES);
        at..at.saturating_add(BLOCK_BYTES)
    }
}

/// Whether a text's block allows it.
pub(in crate::point) fn bloom_allows(block: &[u8], text: &str) -> bool {
    let key = xxh64(text.as_bytes(), 0) as u32;
    let (words, _) = block.as_chunks::<4>();
    words.iter().zip(SALT).all(|(word, salt)| u32::from_le_bytes(*word) >> (key.wrapping_mul(salt) >> 27) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::bloom_filter::Sbbf;

    #[test]
    fn filters_say_what_the_library_says() {
        let texts: Vec<String> = (0..5_000).map(|number| format!("ASIA{number:016}")).collect();
        let mut filter = Sbbf::new_with_ndv_fpp(2_500, 0.01).unwrap();
        texts.iter().take(2_500).for_each(|text| filter.insert(text.as_str()));
        let mut written = Vec::new();
        filter.write(&mut written).unwrap();
        let read = bloom_header(&written[..64]).unwrap();
        for text in &texts {
            let range = read.block(0, text);
            let block = &written[range.start as usize..range.end as usize];
            assert_eq!(bloom_allows(block, text), filter.check(text.as_str()), "{text}");
        }
        assert!(bloom_header(&[]).is_err());
        assert!(bloom_header(&[0x15, 0x02, 0]).is_err());
    }
}
