//! Digests, log objects and listings in, in any order and as often as one likes; a report out.

use crate::authenticate::{Authentic, DigestObject, authenticate};
use crate::error::Error;
use crate::fault::Fault;
use crate::judge::judge;
use crate::keys::PublicKeys;
use crate::page::{Listing, Mark, PreviousRecord, Record, note_listing};
use crate::place::{DAY, DigestPlace, Scope, digest_place, log_place, scope_of};
use crate::report::{Ask, Findings, Report, Verdict, report};
use crate::sha256::{Sha256, unhex};
use crate::store::{ENTRIES_HELD_MAX, Pages, Store};

/// A log object that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogFact<'a> {
    /// Where it was read: `s3://bucket/key`.
    pub uri: &'a str,
    /// SHA-256 of the uncompressed bytes, those that were parsed. None if they could not be had (a damaged or cut stream, one with bytes
    /// after it, or one over a limit), and of an object that is not compressed: CloudTrail delivers none.
    pub sha256: Option<Sha256>,
    /// When it was put there (S3's `LastModified`), in microseconds since 1970, where known. It can make a verdict wait, no more.
    pub modified: Option<i64>,
}

/// Collects what is known of logs and digests, and judges it.
///
/// What is added is a set: order and repetition change nothing. [`Verifier::flush`] saves it, and a verifier over the same pages goes on
/// where this one ended.
pub struct Verifier<P> {
    store: Store<P>,
    keys: PublicKeys,
    relocations: Vec<(String, String)>,
}

impl<P: Pages> Verifier<P> {
    /// Goes on from `pages`, with the public keys that are known.
    pub fn new(pages: P, keys: PublicKeys) -> Self {
        Self::with_entries_max(pages, keys, ENTRIES_HELD_MAX)
    }

    /// As [`Verifier::new`], holding other than [`ENTRIES_HELD_MAX`] entries in memory.
    pub fn with_entries_max(pages: P, keys: PublicKeys, entries_max: usize) -> Self {
        Self { store: Store::new(pages, entries_max), keys, relocations: Vec::new() }
    }

    /// Says that what is read below the prefix `read` (`s3://replica/logs/`, `file:///copy/`) was delivered below `recorded`
    /// (`s3://trail/`), as digests have it. The longest prefix that fits counts.
    pub fn relocate(&mut self, read: &str, recorded: &str) {
        self.relocations.push((read.to_owned(), recorded.to_owned()));
        self.relocations.sort_by_key(|(read, _)| std::cmp::Reverse(read.len()));
    }

    /// Adds public keys for the digests that come after it.
    pub fn keys_mut(&mut self) -> &mut PublicKeys {
        &mut self.keys
    }

    /// Notes that at `at` (microseconds since 1970, before the listing began) all objects below the prefix were listed, and that those
    /// of interest were or will be added. A prefix ends in `/`. Without it nothing is called missing.
    ///
    /// # Errors
    /// [`Error::Page`].
    pub fn listed(&mut self, prefix: &str, at: i64) -> Result<(), Error> {
        let prefix = self.recorded(prefix);
        match scope_of(&prefix) {
            Some(scope) => {
                note_listing(&mut self.scope(&scope)?.listed, &prefix, at);
            }
            None => note_listing(&mut self.store.index_mut()?.listed, &prefix, at),
        }
        Ok(())
    }

    /// Adds a log object as it was read.
    ///
    /// # Errors
    /// [`Error::Page`].
    pub fn log(&mut self, fact: LogFact<'_>) -> Result<(), Error> {
        let uri = self.recorded(fact.uri);
        let place = log_place(&uri);
        self.folder(&place.scope, place.folder)?;
        self.store.logs_mut(place.folder)?.objects.entry(place.name.to_owned()).or_default().see(fact.sha256, fact.modified);
        Ok(())
    }

    /// Adds a digest as it was read; the fault says why it is not believed. After [`Fault::KeyUnknown`] it can be added again with
    /// the key.
    ///
    /// # Errors
    /// [`Error::Page`].
    pub fn digest(&mut self, object: DigestObject<'_>) -> Result<Option<Fault>, Error> {
        let uri = self.recorded(object.uri);
        match authenticate(&DigestObject { uri: &uri, ..object }, &self.keys) {
            Ok(authentic) => self.believe(&uri, &authentic).map(|()| None),
            Err(fault) => self.refuse(&uri, fault).map(|()| Some(fault)),
        }
    }

    /// Whether a digest would be believed, without noting anything of it.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, object: DigestObject<'_>) -> Result<(), Fault> {
        let uri = self.recorded(object.uri);
        authenticate(&DigestObject { uri: &uri, ..object }, &self.keys).map(drop)
    }

    /// The verdict on each of some log objects, in their order, whether or not they were added; as [`Verifier::report`] would give it, but
    /// that `missing` is never told.
    ///
    /// # Errors
    /// [`Error::Page`].
    pub fn judge(&mut self, facts: &[LogFact<'_>], now: i64) -> Result<Vec<Verdict>, Error> {
        let uris: Vec<String> = facts.iter().map(|fact| self.recorded(fact.uri)).collect();
        let facts: Vec<LogFact<'_>> = facts.iter().zip(&uris).map(|(fact, uri)| LogFact { uri, ..*fact }).collect();
        judge(&mut self.store, &facts, now)
    }

    /// Saves what changed. Until then a crash may lose what was added since the last time, and adding it again heals that.
    ///
    /// # Errors
    /// [`Error::Page`].
    pub fn flush(&mut self) -> Result<(), Error> {
        self.store.flush()
    }

    /// Judges everything of the time asked about: hands each object to `findings`, and returns chains and coverage.
    ///
    /// # Errors
    /// [`Error::Page`].
    pub fn report(&mut self, ask: Ask, findings: &mut dyn Findings) -> Result<Report, Error> {
        report(&mut self.store, ask, findings)
    }

    /// How far each chain was ever seen, to be kept elsewhere.
    ///
    /// # Errors
    /// [`Error::Page`].
    pub fn marks(&mut self) -> Result<Vec<Mark>, Error> {
        let scopes: Vec<Scope> = self.store.index()?.scopes.iter().cloned().collect();
        let mut marks = Vec::new();
        for scope in scopes {
            marks.extend(self.store.scope(&scope)?.marks.iter().cloned());
        }
        Ok(marks)
    }

    /// Adds marks that were kept elsewhere: no chain may end before its mark.
    ///
    /// # Errors
    /// [`Error::Page`].
    pub fn remember(&mut self, marks: impl IntoIterator<Item = Mark>) -> Result<(), Error> {
        for mark in marks {
            let backfill = mark.chain.backfill;
            let scope = self.scope(&mark.chain.scope.clone())?;
            scope.mark(mark);
            scope.unplaced |= backfill;
        }
        Ok(())
    }

    /// Entries in memory, a page counting one.
    pub fn entries_held(&self) -> usize {
        self.store.entries_held()
    }

    /// The pages, without what was added after the last flush.
    pub fn into_pages(self) -> P {
        self.store.into_pages()
    }

    fn recorded(&self, uri: &str) -> String {
        let found =
            self.relocations.iter().find_map(|(read, recorded)| uri.strip_prefix(read.as_str()).map(|rest| format!("{recorded}{rest}")));
        found.unwrap_or_else(|| uri.to_owned())
    }

    fn believe(&mut self, uri: &str, authentic: &Authentic<'_>) -> Result<(), Error> {
        let document = &authentic.document;
        let (start, end, made) = (document.start, document.end, authentic.made);
        for file in &document.log_files {
            let log = format!("s3://{}", file.location);
            let place = log_place(&log);
            self.folder(&place.scope, place.folder)?;
            let kinds = &mut self.scope(&place.scope)?.listed_kinds;
            if !kinds.contains(place.kind) {
                kinds.insert(place.kind.to_owned());
            }
            let objects = &mut self.store.logs_mut(place.folder)?.objects;
            let listing = Listing { sha256: file.sha256, start, end, made };
            objects.entry(place.name.to_owned()).or_default().listings.insert(listing);
        }
        let previous = document.previous.as_ref().zip(document.previous_signature.as_deref());
        let previous = previous.map(|(previous, signature)| PreviousRecord {
            uri: format!("s3://{}", previous.location),
            sha256: previous.sha256,
            // One that is no hexadecimal text is nobody's, and its hash no signature's.
            signature: Sha256::of(&unhex(signature).unwrap_or_default()),
        });
        let (sha256, signature) = (authentic.sha256, Sha256::of(&authentic.signature));
        let record = Record { end, start, made, sha256, signature, previous };
        let chain = authentic.place.chain.clone();
        let mark_end = if chain.backfill { made } else { end };
        let (scope, day) = (chain.scope.clone(), (!chain.backfill).then(|| end.div_euclid(DAY)));
        self.scope(&scope)?.mark(Mark { chain, end: mark_end, uri: uri.to_owned(), first_start: start });
        self.found(&scope, day, uri)?.records.insert(record);
        Ok(())
    }

    fn refuse(&mut self, uri: &str, fault: Fault) -> Result<(), Error> {
        let (scope, day) = match digest_place(uri) {
            Some(DigestPlace { chain, stamp, .. }) => (chain.scope, (!chain.backfill).then(|| stamp.div_euclid(DAY))),
            None => (scope_of(uri).unwrap_or_else(|| log_place("").scope), None),
        };
        self.found(&scope, day, uri)?.faults.insert(fault);
        Ok(())
    }

    /// What is known of the digest at a place.
    fn found(&mut self, scope: &Scope, day: Option<i64>, uri: &str) -> Result<&mut crate::page::Observed, Error> {
        let page = self.scope(scope)?;
        match day {
            Some(day) => {
                page.digest_days.insert(day);
            }
            None => page.unplaced = true,
        }
        Ok(self.store.digests_mut(scope, day)?.digests.entry(uri.to_owned()).or_default())
    }

    fn folder(&mut self, scope: &Scope, folder: &str) -> Result<(), Error> {
        let folders = &mut self.scope(scope)?.folders;
        if !folders.contains(folder) {
            folders.insert(folder.to_owned());
        }
        Ok(())
    }

    fn scope(&mut self, scope: &Scope) -> Result<&mut crate::page::ScopePage, Error> {
        if !self.store.index()?.scopes.contains(scope) {
            self.store.index_mut()?.scopes.insert(scope.clone());
        }
        self.store.scope_mut(scope)
    }
}
