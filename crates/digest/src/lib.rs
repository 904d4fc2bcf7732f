//! CloudTrail's digest files in; what they prove about log objects out: a verdict for each, the state of each chain, and from when to
//! when a log is known to be whole.
//!
//! A [`Verifier`] takes digests, the SHA-256 of each log object as it was read, and what was listed, in any order. It believes a digest
//! only if AWS's signature holds for those bytes at that place. What it knows lies in pages of one account, region and day each
//! ([`Pages`] keeps them), so that memory does not grow with the bucket, and a later run goes on where an earlier one ended.
//!
//! ```
//! # use std::collections::BTreeMap;
//! # use digest::{Ask, Error, Fault, Findings, LogFact, LogFinding, PublicKeys, Sha256, Verdict, Verifier};
//! struct Last(Option<Verdict>);
//! impl Findings for Last {
//!     fn log(&mut self, finding: &LogFinding<'_>) {
//!         self.0 = Some(finding.verdict);
//!     }
//!     fn digest(&mut self, _uri: &str, _fault: Fault, _believed: bool) {}
//! }
//!
//! # fn main() -> Result<(), Error> {
//! let now = 1_794_978_131_000_000;
//! let mut verifier = Verifier::new(BTreeMap::new(), PublicKeys::default());
//! verifier.listed("s3://example-trail/AWSLogs/111122223333/", now)?;
//! let uri = "s3://example-trail/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/18/111122223333_CloudTrail_eu-west-1_20261118T0455Z_AbCdEfGhIjKlMnOp.json.gz";
//! verifier.log(LogFact { uri, sha256: Some(Sha256::of(b"{\"Records\":[]}")), modified: None })?;
//! let mut last = Last(None);
//! let report = verifier.report(Ask { now, from: None, until: now }, &mut last)?;
//! verifier.flush()?;
//! // Nothing is known to be whole where no digest is.
//! assert_eq!(last.0, Some(Verdict::NotCovered));
//! assert!(!report.coverage.iter().any(|coverage| coverage.complete(now - 60_000_000, now)));
//! # Ok(())
//! # }
//! ```
//!
//! Follows the CloudTrail User Guide, "Custom implementations of CloudTrail log file integrity validation". Where it is stricter than
//! `aws cloudtrail validate-logs`, `tests/it/official.rs` shows.
//!
//! Pure: no file, no clock, no network. What it proves is that nothing changed since delivery, never that CloudTrail recorded everything.

mod authenticate;
mod chain;
mod document;
mod error;
mod fault;
mod few;
mod gap;
mod judge;
mod keys;
mod merge;
mod page;
mod place;
mod report;
mod sha256;
mod spans;
mod store;
mod verifier;

pub use authenticate::{BACKFILL_KEY_REACH, DigestObject, KeyWanted, SIGNING_DELAY, key_wanted};
pub use chain::{ChainReport, Start};
pub use document::{DIGEST_BYTES_MAX, Document, LogFile, Previous};
pub use error::Error;
pub use fault::Fault;
pub use gap::{GAP_OBJECTS_MAX, Gap, Why};
pub use keys::{KEY_FILE_BYTES_MAX, PublicKey, PublicKeys};
pub use merge::merge;
pub use page::Mark;
pub use place::{ChainId, Scope};
pub use report::{Ask, CLOCK_SKEW, Coverage, DELIVERY_DELAY, Findings, HEAD_DELAY, LISTING_DELAY, LogFinding, Report, Tally, Verdict};
pub use sha256::{NotSha256, Sha256};
pub use store::{ENTRIES_HELD_MAX, Pages};
pub use verifier::{LogFact, Verifier};
