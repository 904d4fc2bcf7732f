//! Pages of a Parquet file, and the values of a few of their rows.
//!
//! The `parquet` crate makes columns of whole batches; a question wants a handful of rows of some fifty columns, in pages here and there.
//! In go the bytes of those pages, out come the values of those rows. What is read is what our writers write and what may well come of
//! them in other hands: flat columns, lists of text and maps of text. Whatever else a file holds is [`Broken`] here, and is read by the
//! crate instead.

mod bloom;
mod column;
mod page;
#[cfg(test)]
mod tests;
mod thrift;
mod values;

pub(super) use bloom::{BLOOM_HEADER_BYTES_MAX, bloom_allows, bloom_header};
pub(super) use column::{Chunk, Fetched, map};
pub(super) use thrift::{Bounds, PagePlace};

/// What is not read here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Broken {
    #[error("it ends too early")]
    Cut,
    #[error("a number is out of range")]
    Number,
    #[error("structures lie too deep in each other")]
    Depth,
    #[error("pages are not in order")]
    Order,
    #[error("a page is too long")]
    Long,
    #[error("a page could not be inflated")]
    Inflate,
    #[error("a page is not as it was written: its checksum is another")]
    Checksum,
    #[error("{0} is not read here")]
    Unknown(&'static str),
}

pub(super) type Result<T> = std::result::Result<T, Broken>;

/// An offset index of a column chunk.
pub(super) fn offset_index(bytes: &[u8]) -> Result<Vec<PagePlace>> {
    thrift::offset_index(bytes)
}

/// A column index of a column chunk.
pub(super) fn column_index(bytes: bytes::Bytes) -> Result<Bounds> {
    thrift::column_index(bytes)
}
