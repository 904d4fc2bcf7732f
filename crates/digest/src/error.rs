//! What a caller must act on; a digest or log that is not as it should be is a finding, never an error.

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A fingerprint came with two values: one of them is forged.
    #[error("public key {fingerprint} of {aws_region} is known with another value")]
    KeyConflict {
        /// The region whose key it is.
        aws_region: String,
        /// The key's fingerprint.
        fingerprint: String,
    },
    /// A file of public keys cannot be read.
    #[error("cannot read the public keys")]
    KeyFile {
        /// Why.
        source: Cause,
    },
    /// The store of pages failed.
    #[error("cannot {verb} page {name} of the digest state")]
    Page {
        /// `load`, `save` or `merge`.
        verb: &'static str,
        /// The page.
        name: String,
        /// Why.
        source: Cause,
    },
}
