//! What a caller may have to act on.

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("not an entry of a session's log")]
    Message(#[source] serde_json::Error),
    /// A rule, or a list of suppressions, that cannot be used; the others are.
    #[error("{name}:{line}: {reason}")]
    Rule {
        /// The file's name.
        name: String,
        /// Counted from 1.
        line: usize,
        reason: String,
    },
}
