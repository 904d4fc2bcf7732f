//! What is remembered: pages, each a set that only grows.
//!
//! A page of one is the union of all that was added, so the order and number of additions change nothing, and a crash between two
//! saved pages is healed by adding again. Verdicts are not in them: they are a function of the pages and the time.
//!
//! | page | of | holds |
//! | --- | --- | --- |
//! | index | everything | which accounts and regions there are |
//! | scope | an account and region | which of the pages below there are, what was listed, how far each chain was ever seen |
//! | digests | an account, region and day | the digests that end on that day, or in any day for backfill ones |
//! | logs | a folder: one account, region and day | what digests list there, and what was read there |

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::few::Few;
use crate::place::{ChainId, Scope};
use crate::sha256::Sha256;

/// All accounts and regions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Index {
    pub(crate) scopes: BTreeSet<Scope>,
    /// Prefixes of no one account and region that were listed whole, and when last.
    pub(crate) listed: BTreeMap<String, i64>,
}

/// One account and region.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct ScopePage {
    /// Days, since 1970, of its pages of digests.
    pub(crate) digest_days: BTreeSet<i64>,
    /// Whether there is a page of backfill digests and of what cannot be placed in a day.
    pub(crate) unplaced: bool,
    pub(crate) folders: BTreeSet<String>,
    /// Kinds of log folder of which a digest listed a file.
    pub(crate) listed_kinds: BTreeSet<String>,
    /// Prefixes that were listed whole, and when last.
    pub(crate) listed: BTreeMap<String, i64>,
    pub(crate) marks: BTreeSet<Mark>,
}

/// How far a chain was ever seen: its newest digest that AWS signed. Kept where the bucket's writers cannot reach, it shows a head
/// that was cut off.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Mark {
    /// The chain.
    pub chain: ChainId,
    /// End of its newest digest's time, in microseconds since 1970; of backfill digests, when it was made.
    pub end: i64,
    /// That digest.
    pub uri: String,
    /// Start of its oldest digest's time.
    pub first_start: i64,
}

/// The digests of a day.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct DigestPage {
    pub(crate) digests: BTreeMap<String, Observed>,
}

/// What was found at the place of one digest.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Observed {
    /// What AWS signed for that place: one, unless AWS itself contradicts itself.
    pub(crate) records: BTreeSet<Record>,
    /// What was found there and is not to be believed.
    pub(crate) faults: BTreeSet<Fault>,
}

/// A digest that AWS signed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Record {
    pub(crate) end: i64,
    pub(crate) start: i64,
    pub(crate) made: i64,
    pub(crate) sha256: Sha256,
    /// Of the signature's bytes.
    pub(crate) signature: Sha256,
    pub(crate) previous: Option<PreviousRecord>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct PreviousRecord {
    pub(crate) uri: String,
    pub(crate) sha256: Sha256,
    pub(crate) signature: Sha256,
}

/// The log objects of a folder, by name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct LogPage {
    pub(crate) objects: BTreeMap<String, LogEntry>,
}

/// What is known of the log object at one place.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct LogEntry {
    pub(crate) listings: Few<Listing>,
    pub(crate) seen: Few<Seen>,
}

/// What a signed digest says of the object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Listing {
    pub(crate) sha256: Sha256,
    /// The digest's time.
    pub(crate) start: i64,
    pub(crate) end: i64,
    pub(crate) made: i64,
}

/// What was read at the place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Seen {
    /// Of the uncompressed bytes; none where they could not be had.
    pub(crate) sha256: Option<Sha256>,
    /// The smallest time of change that came with it.
    pub(crate) modified: Option<i64>,
}

impl ScopePage {
    /// Moves a chain's mark forward, never back.
    pub(crate) fn mark(&mut self, mark: Mark) {
        let known = self.marks.iter().find(|known| known.chain == mark.chain).cloned();
        let merged = match &known {
            None => mark,
            Some(known) => {
                let first_start = known.first_start.min(mark.first_start);
                let newer = if (mark.end, &mark.uri) > (known.end, &known.uri) { mark } else { known.clone() };
                Mark { first_start, ..newer }
            }
        };
        if let Some(known) = known {
            self.marks.remove(&known);
        }
        self.marks.insert(merged);
    }
}

impl Observed {
    /// What says most against the object: a key that was not known once says least.
    pub(crate) fn fault(&self) -> Option<Fault> {
        self.faults.iter().find(|fault| **fault != Fault::KeyUnknown).or(self.faults.first()).copied()
    }
}

impl LogEntry {
    /// Notes what was read; of the same bytes the earliest time of change stays.
    pub(crate) fn see(&mut self, sha256: Option<Sha256>, modified: Option<i64>) {
        let known = self.seen.take(|seen| seen.sha256 == sha256);
        let modified = match (known.and_then(|seen| seen.modified), modified) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        self.seen.insert(Seen { sha256, modified });
    }
}

/// Notes that all of a prefix was listed at a time: the last time counts.
pub(crate) fn note_listing(listed: &mut BTreeMap<String, i64>, prefix: &str, at: i64) {
    let last = listed.entry(prefix.to_owned()).or_insert(at);
    *last = (*last).max(at);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(end: i64, first_start: i64) -> Mark {
        let scope = Scope { account_id: "111122223333".into(), aws_region: "eu-west-1".into() };
        let chain = ChainId { scope, organization_id: "".into(), trail_name: "t".into(), home_region: "r".into(), backfill: false };
        Mark { chain, end, uri: format!("s3://b/{end}"), first_start }
    }

    #[test]
    fn marks_only_move_forward_in_any_order() {
        for order in [[1, 2, 3], [3, 2, 1], [2, 3, 1]] {
            let mut page = ScopePage::default();
            for end in order {
                page.mark(mark(end, end - 1));
            }
            assert_eq!(page.marks, BTreeSet::from([mark(3, 0)]));
        }
    }

    #[test]
    fn same_bytes_seen_again_keep_the_earliest_change() {
        let hash = Some(Sha256::of(b"x"));
        for order in [[Some(5), None, Some(3)], [None, Some(3), Some(5)]] {
            let mut entry = LogEntry::default();
            order.iter().for_each(|modified| entry.see(hash, *modified));
            entry.see(None, None);
            assert_eq!(
                entry.seen.iter().cloned().collect::<Vec<_>>(),
                [Seen { sha256: None, modified: None }, Seen { sha256: hash, modified: Some(3) }]
            );
        }
    }
}
