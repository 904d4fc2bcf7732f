//! The lake: Delta tables of events, credentials, mentions, causes and the tool's own ledgers.
//!
//! [`Rows`] takes what the decoder finds; [`Writer`] compares it with what the lake holds and commits it exactly once;
//! [`sessions`] does the same for logs of sessions; [`Lake::open`] hands tables to readers. Alone names `deltalake`, and alone knows what a column is called on disk.

mod batch;
mod cause_file;
mod causes;
mod columns;
pub mod compact;
mod cores;
mod digests;
pub mod directory;
pub mod directory_listing;
pub mod error;
mod event_file;
mod fact_file;
pub mod facts;
pub mod fail_point;
mod index;
mod ledger_file;
mod listings;
mod log;
mod mention_file;
mod over;
mod parquet_file;
mod place;
mod point;
mod resolved;
pub mod rows;
pub mod schema;
mod seen;
pub mod sessions;
mod shelf;
mod table;
mod texts;
mod writer;

pub use digests::{DigestPages, Digests, LedgerObject};
pub use directory::Snapshot;
pub use error::{BoxError, Error, Result, is_damage};
pub use facts::Fact;
pub use listings::{Fate, Listings, SourceListing, Unlisted};
pub use point::{FactsWanted, KeptCause, Moments, Period, PointReader, period_schema};
pub use rows::{LOOKED_UP, ObjectRow, Rows, day_of, hex, object_number, sha256, shared_event};
pub use schema::{BUCKETS, Table, bucket};
pub use seen::{Places, Seen};
pub use table::Lake;
pub use writer::{Known, RunRow, Tally, Writer};
