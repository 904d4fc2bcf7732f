//! Why a report could not be made.

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A date, month or time zone that is none.
    #[error("{what} is no {kind}")]
    NotATime {
        /// What was given.
        what: String,
        /// `date`, `month`, `year`, `time zone` or `period`.
        kind: &'static str,
    },
    /// A manifest that cannot be understood.
    #[error("the manifest cannot be understood")]
    Manifest {
        /// Why.
        source: serde_json::Error,
    },
    /// A part could not be written: a mistake of ours.
    #[error("cannot write {part}")]
    Write {
        /// Which.
        part: String,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// What comes out, or why nothing does.
pub type Result<T> = std::result::Result<T, Error>;
