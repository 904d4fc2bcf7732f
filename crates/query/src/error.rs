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
    /// The index names an event that the lake does not hold.
    #[error("the lake is damaged: its index names an event of account {account} at {event_time} that table events does not hold")]
    Unmatched {
        /// The account that recorded it.
        account: String,
        /// When it was recorded.
        event_time: String,
    },
    /// A data file of the lake does not hold what was written to it.
    #[error("the lake is damaged: a data file does not hold what was written to it")]
    Damaged {
        /// What is wrong with it.
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
        use datafusion::error::DataFusionError;
        let error = match error {
            DataFusionError::External(source) => match source.downcast::<lake::Error>() {
                Ok(error) => return Self::Lake(*error),
                Err(source) => DataFusionError::External(source),
            },
            other => other,
        };
        if lake::is_damage(&error) || matches!(error.find_root(), DataFusionError::ParquetError(_)) {
            return Self::Damaged { source: Box::new(error) };
        }
        Self::Query { source: Box::new(error) }
    }
}

/// A result of this crate.
pub type Result<T> = std::result::Result<T, Error>;
