//! What can go wrong with a lake.

/// A cause from another library.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A failure of reading or writing the lake.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No lake at that place.
    #[error("there is no lake at {place}")]
    Absent {
        /// The folder or prefix.
        place: String,
    },
    /// The lake is there, but not all of it.
    #[error("the lake at {place} has no table {table}: another version made it, or it is just being made")]
    Lacks {
        /// The folder or prefix.
        place: String,
        /// The table.
        table: &'static str,
    },
    /// The place is no folder and no S3 prefix.
    #[error("{place} is not a place for a lake")]
    Place {
        /// What was given.
        place: String,
        /// Why it is not.
        source: BoxError,
    },
    /// A table could not be opened or read.
    #[error("cannot read table {table} of the lake")]
    Read {
        /// The table.
        table: &'static str,
        /// Why.
        source: BoxError,
    },
    /// A data file is not whole, or does not hold what was written to it.
    #[error("the lake is damaged: file {path} of table {table} does not hold what was written to it")]
    Damaged {
        /// The table.
        table: &'static str,
        /// The file, from the table's folder on.
        path: String,
        /// What is wrong with it.
        source: BoxError,
    },
    /// A data file could not be written.
    #[error("cannot write to table {table} of the lake")]
    Write {
        /// The table.
        table: &'static str,
        /// Why.
        source: BoxError,
    },
    /// A commit did not go through.
    #[error("cannot commit to table {table} of the lake")]
    Commit {
        /// The table.
        table: &'static str,
        /// Why.
        source: BoxError,
    },
    /// Others committed first, again and again.
    #[error("other writers won every one of {attempts} attempts to commit")]
    Contended {
        /// How often it was tried.
        attempts: u32,
    },
}

/// A result of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Whether what went wrong is what a Parquet file holds, or that there is none, and not how it was fetched.
pub fn is_damage(error: &(dyn std::error::Error + 'static)) -> bool {
    use arrow::error::ArrowError;
    use parquet::errors::ParquetError;
    std::iter::successors(Some(error), |error| error.source()).any(|error| {
        matches!(error.downcast_ref(), Some(ArrowError::ParquetError(_)))
            || matches!(
                error.downcast_ref(),
                Some(ParquetError::General(_) | ParquetError::EOF(_) | ParquetError::IndexOutOfBound(..) | ParquetError::ArrowError(_))
            )
            || matches!(error.downcast_ref(), Some(object_store::Error::NotFound { .. }))
    })
}

pub(crate) fn read_error(table: &'static str) -> impl FnOnce(BoxError) -> Error {
    move |source| Error::Read { table, source }
}

pub(crate) fn write_error(table: &'static str) -> impl FnOnce(BoxError) -> Error {
    move |source| Error::Write { table, source }
}
