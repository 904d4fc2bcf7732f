//! Names of resources: a record's fields in, the keys under which a question finds it out.
//!
//! One resource is written in many ways: by ARN, by id, by name, by an URL. [`mentions`] gives the keys of one record, each with the ARN
//! that it comes down to; [`spellings`] gives the keys to look up for one question; they meet in at least one key.
//!
//! Never asks AWS, and never remembers an earlier record: what a record does not say stays unsaid, such as the path of a role that is
//! called by its name. Never makes a key of a secret.

use crate::json::Json;
use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;

mod arn;
mod fallback;
mod ids;
mod spelling;
mod table;
#[cfg(test)]
mod tests;
mod walk;

pub(crate) use fallback::Looks;
pub use ids::{Look, looks_like};
pub use spelling::{Spelling, spellings};
pub use table::Calls;
pub use walk::mentions;

/// Keys that one record may have; beyond it, those found by their looks make room for exact ones and the rest is left out.
pub const KEYS_MAX: usize = 4_096;

/// Longest key; an ARN is at most this long (AWS General Reference: 2,048 characters), a longer text is no name.
pub const KEY_BYTES_MAX: usize = 2_048;

/// The parts of a record that say what it touched.
#[derive(Debug, Clone, Copy)]
pub struct Touched<'t, 'a, 'r> {
    /// `eventSource`, such as `ec2.amazonaws.com`.
    pub event_source: &'r str,
    /// `eventName`, as written.
    pub event_name: &'r str,
    /// `awsRegion`; may be empty.
    pub aws_region: &'r str,
    /// `recipientAccountId`, or the caller's account where the record has none; may be empty.
    pub account_id: &'r str,
    /// `apiVersion`, where the record has one.
    pub api_version: Option<&'r str>,
    /// `requestParameters`.
    pub request: Option<Json<'t, 'a>>,
    /// `responseElements`.
    pub response: Option<Json<'t, 'a>>,
    /// `resources`.
    pub resources: Option<Json<'t, 'a>>,
    /// `serviceEventDetails`.
    pub service_event_details: Option<Json<'t, 'a>>,
    /// `additionalEventData`.
    pub additional: Option<Json<'t, 'a>>,
}

/// What kind of spelling a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// An Amazon Resource Name.
    Arn,
    /// An id that AWS gave, such as `sg-0a1b`, or a UUID.
    Id,
    /// A name that somebody gave.
    Name,
    /// An IAM unique id, such as `AROA…`.
    UniqueId,
    /// An access key id, such as `AKIA…`.
    AccessKey,
    /// A Session Manager session id.
    SessionId,
}

impl Form {
    /// Every kind, in the order of their numbers.
    pub const ALL: [Self; 6] = [Self::Arn, Self::Id, Self::Name, Self::UniqueId, Self::AccessKey, Self::SessionId];
}

/// One key under which an event is found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mention<'a> {
    /// The spelling.
    pub key: Cow<'a, str>,
    /// What kind of spelling it is.
    pub form: Form,
    /// The ARN of the resource that the key stands for, where it is known. For [`Form::Arn`] the key itself, unless that is
    /// another spelling of it: a role's ARN without the path, a function's with a qualifier, a log group's with `:*`.
    pub arn: Option<Cow<'a, str>>,
    /// Found by the table of resource types (true), or because it merely looks like an ARN, an id or a name (false).
    pub exact: bool,
}

/// Collects the keys of one event, each once: an exact one wins over the same key found by its looks.
///
/// Holds [`KEYS_MAX`] at most.
#[derive(Debug, Default)]
pub struct Mentions<'a> {
    found: Vec<Mention<'a>>,
    /// Where keys of a hash lie in `found`; filled once there are [`INDEXED_FROM`]. A stale place is harmless: keys are compared.
    index: HashMap<u64, Vec<u32>>,
    hasher: Option<RandomState>,
    /// Below it may lie a key that is not exact; used once full.
    evict_below: Option<usize>,
}

/// Few records have more keys.
const MANY: usize = 16;

/// With fewer keys than this, looking at each is quicker than hashing.
const INDEXED_FROM: usize = 48;

/// Different ARNs that one key may stand for in one record; beyond it the key is not resolved further.
const ARNS_A_KEY_MAX: usize = 16;

impl<'a> Mentions<'a> {
    /// Adds a key unless it is there; upgrades one found by its looks. Empty and overlong ones are left out.
    pub fn add(&mut self, mention: Mention<'a>) {
        if mention.key.is_empty() || mention.key.len() > KEY_BYTES_MAX {
            return;
        }
        let same = |held: &Mention<'a>| held.key == mention.key;
        let agree = |held: &Mention<'a>| held.arn == mention.arn || held.arn.is_none() || mention.arn.is_none();
        if self.found.len() < INDEXED_FROM {
            if self.found.capacity() == 0 {
                self.found.reserve(MANY);
            }
            match self.found.iter_mut().find(|held| same(held) && agree(held)) {
                Some(held) => merge(held, mention),
                None => self.found.push(mention),
            }
            return;
        }
        if self.index.is_empty() {
            for at in 0..self.found.len() {
                self.remember(at);
            }
        }
        let hash = self.hash(&mention.key);
        let mut namesakes = 0;
        for &at in self.index.get(&hash).map_or(&[][..], Vec::as_slice) {
            let Some(held) = self.found.get_mut(at as usize).filter(|held| same(held)) else { continue };
            namesakes += 1;
            if agree(held) || namesakes == ARNS_A_KEY_MAX {
                return merge(held, mention);
            }
        }
        if self.found.len() < KEYS_MAX {
            self.found.push(mention);
            self.remember(self.found.len() - 1);
        } else if mention.exact {
            let below = self.evict_below.unwrap_or(self.found.len());
            let last = self.found.iter().take(below).rposition(|held| !held.exact);
            self.evict_below = Some(last.unwrap_or(0));
            if let Some((at, held)) = last.and_then(|at| Some((at, self.found.get_mut(at)?))) {
                *held = mention;
                self.remember(at);
            }
        }
    }

    /// Whether this key is there already, resolved, and as sure as asked: adding it again with all that follows from it changes nothing.
    pub(crate) fn holds(&mut self, key: &str, exact: bool) -> bool {
        let as_sure = |held: &Mention<'a>| held.key == key && held.arn.is_some() && (held.exact || !exact);
        if self.index.is_empty() {
            return self.found.iter().any(as_sure);
        }
        let hash = self.hash(key);
        let places = self.index.get(&hash).map_or(&[][..], Vec::as_slice);
        places.iter().filter_map(|&at| self.found.get(at as usize)).any(as_sure)
    }

    /// Whether there is no room but for exact keys.
    pub(crate) fn is_full(&self) -> bool {
        self.found.len() >= KEYS_MAX
    }

    fn hash(&mut self, key: &str) -> u64 {
        self.hasher.get_or_insert_with(RandomState::new).hash_one(key)
    }

    fn remember(&mut self, at: usize) {
        let Some(key) = self.found.get(at).map(|held| held.key.clone()) else { return };
        let hash = self.hash(&key);
        self.index.entry(hash).or_default().push(at as u32);
    }

    /// The keys so far, in the order found.
    pub fn as_slice(&self) -> &[Mention<'a>] {
        &self.found
    }

    /// Forgets them.
    pub fn clear(&mut self) {
        self.found.clear();
        self.index.clear();
        self.evict_below = None;
    }
}

fn merge<'a>(held: &mut Mention<'a>, mention: Mention<'a>) {
    if mention.exact && !held.exact {
        held.exact = true;
        held.form = mention.form;
    }
    if held.arn.is_none() {
        held.arn = mention.arn;
    }
}
