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

pub(crate) fn read_error(table: &'static str) -> impl FnOnce(BoxError) -> Error {
    move |source| Error::Read { table, source }
}

pub(crate) fn write_error(table: &'static str) -> impl FnOnce(BoxError) -> Error {
    move |source| Error::Write { table, source }
}
