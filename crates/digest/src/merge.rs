//! Pages of one name, written by several, in; the page that holds what all of them hold out.
//!
//! Pages are sets that only grow, so the order and number of those that are merged change nothing.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Error;
use crate::page::{DigestPage, Index, LogPage, ScopePage, note_listing};

/// Merges what [`Pages::save`](crate::Pages::save) was given under one name, by several writers or at several times.
///
/// # Errors
/// [`Error::Page`] if one of them is no page of that name.
pub fn merge<'a>(name: &str, pages: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<u8>, Error> {
    match name.split('-').next() {
        Some("index") => union::<Index>(name, pages),
        Some("scope") => union::<ScopePage>(name, pages),
        Some("digests") => union::<DigestPage>(name, pages),
        Some("logs") => union::<LogPage>(name, pages),
        _ => Err(Error::Page { verb: "merge", name: name.to_owned(), source: "no page has such a name".into() }),
    }
}

trait Union: Default + Serialize + DeserializeOwned {
    fn add(&mut self, other: Self);
}

fn union<'a, T: Union>(name: &str, pages: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<u8>, Error> {
    let failed = |source: serde_json::Error| Error::Page { verb: "merge", name: name.to_owned(), source: source.into() };
    let mut all = T::default();
    for page in pages {
        all.add(serde_json::from_slice(page).map_err(failed)?);
    }
    serde_json::to_vec(&all).map_err(failed)
}

impl Union for Index {
    fn add(&mut self, other: Self) {
        self.scopes.extend(other.scopes);
        other.listed.iter().for_each(|(prefix, at)| note_listing(&mut self.listed, prefix, *at));
    }
}

impl Union for ScopePage {
    fn add(&mut self, other: Self) {
        self.digest_days.extend(other.digest_days);
        self.unplaced |= other.unplaced;
        self.folders.extend(other.folders);
        self.listed_kinds.extend(other.listed_kinds);
        other.listed.iter().for_each(|(prefix, at)| note_listing(&mut self.listed, prefix, *at));
        other.marks.into_iter().for_each(|mark| self.mark(mark));
    }
}

impl Union for DigestPage {
    fn add(&mut self, other: Self) {
        for (uri, observed) in other.digests {
            let known = self.digests.entry(uri).or_default();
            known.records.extend(observed.records);
            known.faults.extend(observed.faults);
        }
    }
}

impl Union for LogPage {
    fn add(&mut self, other: Self) {
        for (name, entry) in other.objects {
            let known = self.objects.entry(name).or_default();
            entry.listings.into_iter().for_each(|listing| known.listings.insert(listing));
            entry.seen.into_iter().for_each(|seen| known.see(seen.sha256, seen.modified));
        }
    }
}
