//! Why a digest is not believed.

use serde::{Deserialize, Serialize};

/// What is wrong with an object that should be a digest. None of its log files is vouched for then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Its key is none that CloudTrail gives to digests.
    #[error("the key is not a digest's")]
    Name,
    /// More bytes than [`DIGEST_BYTES_MAX`](crate::DIGEST_BYTES_MAX), or a ratio no digest has.
    #[error("larger than a digest may be")]
    TooLarge,
    /// Plain text, or anything else that is no gzip: CloudTrail compresses every digest.
    #[error("not compressed, as CloudTrail delivers digests")]
    NotCompressed,
    /// The compressed stream is cut or damaged.
    #[error("the compressed stream is damaged")]
    Damaged,
    /// Bytes follow the compressed stream.
    #[error("bytes follow the compressed stream")]
    TrailingData,
    /// Not the JSON of a digest.
    #[error("not the JSON of a digest")]
    Malformed,
    /// Another hash or signature algorithm than CloudTrail uses.
    #[error("unknown hash or signature algorithm")]
    Algorithm,
    /// It lies elsewhere than it says: moved, copied or replayed.
    #[error("not at the place that it names")]
    Moved,
    /// Account and place do not fit together.
    #[error("account and key do not agree")]
    OtherAccount,
    /// The object has no signature in its metadata, or one that is no lower-case hexadecimal text.
    #[error("no readable signature in the metadata")]
    NoSignature,
    /// A backfill digest without a readable time of generation in its metadata.
    #[error("no readable backfill-generation-timestamp in the metadata")]
    NoGenerationTime,
    /// No public key of that fingerprint is known for the region. Says nothing against the digest: fetch the key, and add it again.
    #[error("public key not known")]
    KeyUnknown,
    /// No such key is CloudTrail's: all that were valid at the digest's time are known ([`PublicKeys::fetched`](crate::PublicKeys::fetched)).
    #[error("no public key of CloudTrail")]
    KeyForeign,
    /// The key was not valid when the digest was made.
    #[error("public key not valid at the digest's time")]
    KeyNotValid,
    /// The signature is not AWS's over these bytes at this place, or the key no RSA key of 2048 to 8192 bits.
    #[error("signature verification failed")]
    Signature,
}
