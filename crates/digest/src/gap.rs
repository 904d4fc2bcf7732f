//! Times over which a log is not known to be whole, and why.

use crate::fault::Fault;

/// Objects that one gap names, at most; [`Gap::objects_total`] counts all.
pub const GAP_OBJECTS_MAX: usize = 20;

/// A span of time, in microseconds since 1970, and what is wrong with it. Times are those of delivery, as digests have them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// None: since before anything is known.
    pub from: Option<i64>,
    /// The end, not part of it.
    pub until: i64,
    /// What is wrong.
    pub why: Why,
    /// The digests or logs concerned, by URI; a digest that was found but not believed with its fault.
    pub objects: Vec<(String, Option<Fault>)>,
    /// How many objects are concerned, as far as they are known by name. More digests than are named may lack in a gap.
    pub objects_total: u64,
}

/// What is wrong with a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// A digest to which the next one points is not in the bucket, nor is any between them.
    DigestMissing,
    /// A digest is there that AWS did not sign so.
    DigestInvalid,
    /// Two signed digests do not agree about the hash or signature of the earlier one.
    LinkMismatch,
    /// Two signed digests claim the same place in the chain.
    Forked,
    /// The newest digests that were once seen are gone.
    HeadCut,
    /// A log that a digest lists is not in the bucket.
    LogMissing,
    /// A log's bytes are not those that a digest lists.
    LogAltered,
    /// A log that a digest lists was not read, nor was its folder listed since.
    LogNotRead,
    /// A digest to which the next one points was not read, nor was its folder listed since.
    DigestNotRead,
    /// The public key of a digest is not known, and its time's keys were not all fetched.
    KeyUnknown,
    /// The chain ended and another began: the trail was stopped, or validation switched off, in between.
    ValidationRestarted,
    /// Two linked digests whose times do not adjoin.
    TimesApart,
    /// Before the first digest of the chain.
    BeforeFirstDigest,
    /// The next digest is overdue: logging or validation was stopped, or the newest digests were deleted or not listed.
    NoNewerDigest,
    /// The next digest is not due yet.
    DigestPending,
    /// The account and region has no digests.
    NoDigests,
}

impl Why {
    /// As outputs name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::DigestMissing => "digest_missing",
            Self::DigestInvalid => "digest_invalid",
            Self::LinkMismatch => "link_mismatch",
            Self::Forked => "forked",
            Self::HeadCut => "head_cut",
            Self::LogMissing => "log_missing",
            Self::LogAltered => "log_altered",
            Self::LogNotRead => "log_not_read",
            Self::DigestNotRead => "digest_not_read",
            Self::KeyUnknown => "key_unknown",
            Self::ValidationRestarted => "validation_restarted",
            Self::TimesApart => "times_apart",
            Self::BeforeFirstDigest => "before_first_digest",
            Self::NoNewerDigest => "no_newer_digest",
            Self::DigestPending => "digest_pending",
            Self::NoDigests => "no_digests",
        }
    }

    /// Whether somebody must have changed the bucket.
    pub fn is_tampering(self) -> bool {
        matches!(
            self,
            Self::DigestMissing
                | Self::DigestInvalid
                | Self::LinkMismatch
                | Self::Forked
                | Self::HeadCut
                | Self::LogMissing
                | Self::LogAltered
        )
    }

    /// Whether the gap stands even where another trail's chain covers the time: what is known to be wrong or unread stays so, while a
    /// trail that was replaced by another leaves no hole.
    pub(crate) fn stands(self) -> bool {
        self.is_tampering() || matches!(self, Self::LogNotRead | Self::KeyUnknown)
    }
}

impl Gap {
    pub(crate) fn new(from: Option<i64>, until: i64, why: Why) -> Self {
        Self { from, until, why, objects: Vec::new(), objects_total: 0 }
    }

    pub(crate) fn name(mut self, uri: &str, fault: Option<Fault>) -> Self {
        self.count(uri, fault);
        self
    }

    pub(crate) fn count(&mut self, uri: &str, fault: Option<Fault>) {
        self.objects_total += 1;
        if self.objects.len() < GAP_OBJECTS_MAX {
            self.objects.push((uri.to_owned(), fault));
        }
    }

    /// The part of it between two moments; none if it has no part there.
    pub(crate) fn within(mut self, from: Option<i64>, until: i64) -> Option<Self> {
        self.from = self.from.max(from);
        self.until = self.until.min(until);
        self.from.is_none_or(|from| from < self.until).then_some(self)
    }
}
