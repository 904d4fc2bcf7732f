//! What can go wrong with a question.

/// A failure to answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The lake could not be read.
    #[error(transparent)]
    Lake(#[from] lake::Error),
    /// A query failed.
    #[error("cannot run the query")]
    Query {
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A statement that would change something, or read what is no table of the lake.
    #[error("only queries over the lake's own tables are run: {what}")]
    NotAQuery {
        /// What it was.
        what: String,
    },
}

impl From<datafusion::error::DataFusionError> for Error {
    fn from(error: datafusion::error::DataFusionError) -> Self {
        Self::Query { source: Box::new(error) }
    }
}

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;
