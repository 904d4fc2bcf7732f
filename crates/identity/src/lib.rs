//! Resolves who stands behind a credential session.
//!
//! [`Identity::of`] and [`Issue::of`] read what one event says of the credentials it used and issued. A [`Graph`] joins each
//! session to the events that issued it, by values that AWS wrote, and walks to the root: a person, a pipeline, a workload or a gap.
//! Every session of the [`Chain`](Resolution::chain) names its issuing events.
//!
//! Where a machine acted, [`CauseFact`]s of what launched, changed or started it lead on to those behind it ([`Graph::caused_by`]).
//!
//! Never guesses: two issuers that fit one session make it ambiguous, with both. Never reads a clock, a file or AWS, so the same
//! events give the same answers in whatever order they arrived: a late one closes what it heals.

pub mod actor;
mod arn;
pub mod cause;
mod described;
pub mod directory;
pub mod graph;
pub mod issue;
pub mod names;
pub mod people;
pub mod resolution;
pub mod session;
pub mod vendor;

pub use actor::{Actor, Pipeline};
pub use cause::{Act, Cause, CauseFact, CauseFacts, CauseKind, CausedBy, LogSpan};
pub use described::by_owner;
pub use directory::{Directory, Entry, EntryKind};
pub use graph::{Graph, HOPS_MAX, Organisation, Resolver, STEPS_MAX, ViaLookups, is_agents_call};
pub use issue::Issue;
pub use names::UserNames;
pub use people::People;
pub use resolution::{Candidate, Certainty, Claim, Credential, Gap, IssuedBy, Link, Resolution, Via};
pub use session::{Identity, SessionKey, Use};
pub use vendor::Vendors;
