//! Pages of a column chunk in, their bytes with headers out (Parquet format, `parquet.thrift`, `PageHeader`).
//!
//! Each header bears the checksum of its page, which the Parquet library's own writer leaves out: a lake lies for years on disks that
//! forget, and a flipped bit in a name is a wrong name.

use super::hybrid::varint;
use bytes::Bytes;
use parquet::basic::Encoding;

/// What is in a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Data,
    Dictionary,
}

/// Thrift's compact protocol: types of fields that a page header has.
const FALSE: u8 = 2;
const I32: u8 = 5;
const STRUCT: u8 = 12;
const STOP: u8 = 0;

/// Pages one after the other.
#[derive(Debug, Default)]
pub(super) struct Pages {
    bytes: Vec<u8>,
    /// Bytes that they would have without compression, headers among them.
    pub(super) plain: usize,
}

impl Pages {
    /// Writes into memory that was used before.
    pub(super) fn within(mut bytes: Vec<u8>) -> Self {
        bytes.clear();
        Self { bytes, plain: 0 }
    }

    /// Bytes that are there.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Appends a page of `values` values, nulls among them, whose `body` had `plain` bytes before compression. How long it is with its header.
    pub(super) fn put(&mut self, kind: Kind, encoding: Encoding, values: usize, body: &[u8], plain: usize) -> usize {
        let start = self.bytes.len();
        let out = &mut self.bytes;
        let (page_type, header) = match kind {
            Kind::Data => (0, 5),
            Kind::Dictionary => (2, 7),
        };
        number(1, page_type, out);
        number(1, plain as i32, out);
        number(1, body.len() as i32, out);
        number(1, crc32fast::hash(body).cast_signed(), out);
        out.push((header - 4) << 4 | STRUCT);
        number(1, values as i32, out);
        number(1, encoding as i32, out);
        match kind {
            Kind::Data => {
                number(1, Encoding::RLE as i32, out);
                number(1, Encoding::RLE as i32, out);
            }
            // Whether it is sorted.
            Kind::Dictionary => out.push(1 << 4 | FALSE),
        }
        out.extend_from_slice(&[STOP, STOP]);
        self.plain += out.len() - start + plain;
        out.extend_from_slice(body);
        out.len() - start
    }

    /// All of it, and the memory to be used again.
    pub(super) fn finish(self) -> (Bytes, Vec<u8>) {
        (Bytes::copy_from_slice(&self.bytes), self.bytes)
    }
}

/// Appends a field whose number is `step` above that of the one before.
fn number(step: u8, value: i32, out: &mut Vec<u8>) {
    out.push(step << 4 | I32);
    varint(u64::from((value << 1 ^ value >> 31).cast_unsigned()), out);
}
