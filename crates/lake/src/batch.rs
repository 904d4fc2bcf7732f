//! What was read for one commit, with its sessions resolved and its names as columns.

use crate::columns::dictionary;
use crate::resolved;
use crate::rows::{Rows, at};
use arrow::array::{ArrayRef, StringArray};
use arrow::error::ArrowError;
use hashbrown::HashMap;
use identity::{Graph, Resolution, SessionKey};
use std::sync::Arc;

/// Rows, and what several of their files share. Text that comes again and again is a column of its own here, and in the files'
/// columns a number that points to it: the Parquet writer takes it from there.
pub(crate) struct Batch<'r> {
    pub(crate) rows: &'r Rows,
    /// For each session of the rows, as a record's text has it, the credential session in the columns below.
    credential: Vec<u32>,
    credential_id: ArrayRef,
    resolved: Vec<ArrayRef>,
    words: ArrayRef,
    names: ArrayRef,
    /// Places of the words in their order: sorting events then compares numbers.
    word_ranks: Vec<u32>,
}

impl<'r> Batch<'r> {
    /// Resolves the sessions.
    pub(crate) fn new(rows: &'r Rows, graph: &Graph) -> Result<Self, ArrowError> {
        let mut known: HashMap<&SessionKey, u32> = HashMap::new();
        let mut keys: Vec<&SessionKey> = Vec::new();
        let number = |key: &'r SessionKey| {
            *known.entry(key).or_insert_with(|| {
                keys.push(key);
                keys.len() as u32 - 1
            })
        };
        let credential = rows.sessions.iter().map(|session| &session.key).map(number).collect();
        let credential_id: StringArray = keys.iter().map(|key| Some(key.credential_id())).collect();
        let mut resolver = graph.resolver();
        let resolutions: Vec<Resolution> = keys.iter().map(|key| resolver.resolve(key)).collect();
        Ok(Self {
            rows,
            credential,
            credential_id: Arc::new(credential_id),
            resolved: (0..crate::schema::resolved().len()).map(|column| resolved::column(column, resolutions.iter().map(Some))).collect(),
            words: Arc::new(rows.words.column()?),
            names: Arc::new(rows.names.column()?),
            word_ranks: rows.words.ranks(),
        })
    }

    /// The place of an event's word in the order of all words.
    pub(crate) fn word_rank(&self, event: u32, column: usize) -> u32 {
        let word = self.rows.events.words.get(column).and_then(|words| at(words, event));
        word.map_or(0, |word| at(&self.word_ranks, word))
    }

    /// Words of events.
    pub(crate) fn words(&self, column: usize, events: impl Iterator<Item = u32>) -> Result<ArrayRef, ArrowError> {
        let words = self.rows.events.words.get(column).map_or(&[][..], Vec::as_slice);
        dictionary(&self.words, events.map(|event| at(words, event)))
    }

    /// Names by their numbers.
    pub(crate) fn names(&self, numbers: impl Iterator<Item = Option<u32>>) -> Result<ArrayRef, ArrowError> {
        dictionary(&self.names, numbers)
    }

    /// The credential session of each event; none where there is no event.
    pub(crate) fn credential_id(&self, events: impl Iterator<Item = Option<u32>>) -> Result<ArrayRef, ArrowError> {
        dictionary(&self.credential_id, self.credentials(events))
    }

    /// A column of [`crate::schema::resolved`], for events.
    pub(crate) fn resolved(&self, column: usize, events: impl Iterator<Item = u32>) -> Result<ArrayRef, ArrowError> {
        let values = self.resolved.get(column).ok_or_else(|| ArrowError::SchemaError(format!("no column {column} of an actor")))?;
        dictionary(values, self.credentials(events.map(Some)))
    }

    fn credentials(&self, events: impl Iterator<Item = Option<u32>>) -> impl Iterator<Item = Option<u32>> {
        events.map(|event| event.map(|event| at(&self.credential, at(&self.rows.events.session, event))))
    }
}
