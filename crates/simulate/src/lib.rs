//! Simulates an AWS organisation with known answers: a [`Plan`] in; CloudTrail log objects, as an organisation
//! trail writes them, and a [`Ledger`] of the truth out.
//!
//! The answers are noted at the moment an act is simulated, by the code that acts. Nothing here reads a record to
//! learn who was behind it, and nothing of the rest of the project is known here: the two can only agree by both
//! being right. Never reads a clock, a file or the network; the same plan gives the same bytes.

mod changes;
mod deliver;
mod digest;
mod directory;
mod issue;
mod issue_local;
mod ledger;
mod noise;
mod noise_calls;
mod organisation;
mod random;
mod record;
mod run;
mod scene;
mod session;
mod sign;
mod stories;
pub mod terminal;
mod text;

pub use digest::{Delivered, DigestChain, DigestObject, ListedLog, Trail, run_with_digests};
pub use ledger::{Act, Actor, Call, Caller, Cause, Hop, Ledger, Question, Use, Via};
pub use organisation::{Account, Organisation, Person};
pub use sign::{KeyError, Signer};

/// What to simulate.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Names, ids and everything left to chance follow from it.
    pub seed: u64,
    /// About how many records are wanted, background included. The scripted stories are always there, so
    /// fewer than some hundreds are not possible.
    pub events: usize,
    /// The newest event's time (cut to the second).
    pub until: jiff::Timestamp,
    /// How far the records reach back; at least one day.
    pub days: u32,
    pub loss: Loss,
    /// Adds what an attacker, or plain bad luck, would put in the logs to mislead their reader.
    pub hostile: bool,
}

/// What the logs lack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    None,
    /// A share of the issuing events is in no object, all copies of it: whole hops are missing.
    IssuingEvents,
}

/// One object of the trail's bucket.
#[derive(Clone, Debug, PartialEq)]
pub struct LogObject {
    /// `AWSLogs/<organisation>/<account>/CloudTrail/<region>/YYYY/MM/DD/…json.gz`
    pub key: String,
    /// gzip of `{"Records":[…]}`.
    pub body: Vec<u8>,
    /// How many records it holds.
    pub records: usize,
    /// The times of the oldest and the newest of them.
    pub oldest: jiff::Timestamp,
    pub newest: jiff::Timestamp,
    /// When it was delivered, cut to the minute as in its name.
    pub delivered: jiff::Timestamp,
}

/// Simulates `plan`, hands each object to `deliver` as soon as it is full, and gives back the truth.
///
/// Holds one delivery window (five minutes) of records in memory, the stories' and up to 2,000 sampled acts.
pub fn run(plan: &Plan, deliver: &mut dyn FnMut(LogObject)) -> Ledger {
    run::run(plan, deliver, None)
}

/// The same, and hands each delivered record's truth to `note`, a record that comes twice once.
pub fn run_noting(plan: &Plan, deliver: &mut dyn FnMut(LogObject), note: &mut dyn FnMut(Call)) -> Ledger {
    run::run(plan, deliver, Some(note))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
mod tests;
