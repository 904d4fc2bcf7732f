//! Why an input or a record is not an event.

/// The kinds of refusal; each a stable word for programs and a sentence for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// The gzip stream ends early.
    Truncated,
    /// Checksum or length do not fit.
    Damaged,
    /// Bytes follow the gzip member.
    TrailingData,
    /// More bytes than the limit.
    TooLarge,
    /// The text is not JSON.
    NotJson,
    /// The text is not UTF-8.
    NotUtf8,
    /// Objects inside each other beyond the limit.
    Nesting,
    /// A key stands twice.
    AmbiguousJson,
    /// A record beyond the limit.
    RecordTooLarge,
    /// JSON, but no CloudTrail record.
    NotCloudTrail,
    /// `Records` is there and is no list.
    RecordsNotList,
    /// No `eventTime`, or not a time.
    EventTime,
    /// A major version that is not known.
    EventVersion,
    /// The object could not be read.
    Unreadable,
    /// The same event id with another content; the record with the smaller fingerprint is kept.
    Conflict,
    /// The record is of another account's trail than the object's key says.
    PathRecordMismatch,
    /// A mistake of the decoder's own.
    Internal,
}

impl Reason {
    /// The word for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::Damaged => "damaged",
            Self::TrailingData => "trailing_data",
            Self::TooLarge => "too_large",
            Self::NotJson => "not_json",
            Self::NotUtf8 => "not_utf8",
            Self::Nesting => "nesting",
            Self::AmbiguousJson => "ambiguous_json",
            Self::RecordTooLarge => "record_too_large",
            Self::NotCloudTrail => "not_cloudtrail",
            Self::RecordsNotList => "records_not_list",
            Self::EventTime => "event_time",
            Self::EventVersion => "event_version",
            Self::Unreadable => "unreadable",
            Self::Conflict => "conflict",
            Self::PathRecordMismatch => "path_record_mismatch",
            Self::Internal => "internal",
        }
    }

    /// What a person should know and do.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Truncated => "the compressed file ends early; copy it again from the bucket",
            Self::Damaged => "checksum or length do not fit what the file holds; copy it again from the bucket",
            Self::TrailingData => {
                "bytes follow the end of the compressed file: it was appended to after CloudTrail wrote it, so none of it is used"
            }
            Self::TooLarge => "it inflates beyond the limit of 512 MiB, or more than 200 to 1",
            Self::NotJson => "it is not JSON",
            Self::NotUtf8 => "it is not UTF-8 text",
            Self::Nesting => "objects are nested more than 128 deep",
            Self::AmbiguousJson => "a key stands twice in one object: readers would disagree which one holds",
            Self::RecordTooLarge => "the record is longer than 4 MiB",
            Self::NotCloudTrail => "it is JSON, but not a CloudTrail record",
            Self::RecordsNotList => "Records is not a list",
            Self::EventTime => "a record needs an eventTime such as 2026-11-18T05:02:11Z",
            Self::EventVersion => "the major version of the record is not known to this version of whodid",
            Self::Unreadable => "it could not be read",
            Self::Conflict => "the same event id stands elsewhere with another content; the record with the smaller fingerprint was kept",
            Self::PathRecordMismatch => {
                "the record is of another account's trail than the folder that it lies in: CloudTrail did not put it there"
            }
            Self::Internal => "the decoder failed on it; please report this",
        }
    }
}

/// An input or a record that is not an event, with where it lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// Place among the records; `None` where the whole object is refused.
    pub record: Option<u64>,
    /// Why.
    pub reason: Reason,
    /// What exactly, for a person.
    pub detail: String,
    /// The bytes it takes up in the uncompressed object.
    pub bytes: std::ops::Range<u64>,
}
