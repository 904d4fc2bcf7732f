//! Digests that a run found beside the logs: read, handed to the verifier, and what it then knows kept with the lake.
//!
//! A file of a folder has no metadata, and so no signature: it is taken from the file's sidecar, else from the next digest of the chain,
//! which repeats it (the signature proves itself, wherever it comes from). The newest digest of a copied chain then waits for the next.
//! Where a folder's bucket was is what the first digest there says that is signed for that place. Of an S3 bucket it is its name, or what
//! the configuration says.

use crate::commands::ingest::Summary;
use crate::failure::{Failure, causes};
use crate::settings::Settings;
use digest::{DIGEST_BYTES_MAX, DigestObject, Document, Fault, PublicKey, Verifier};
use event::log_key;
use futures::StreamExt as _;
use lake::fail_point::{Point, reach};
use lake::{DigestPages, Digests, Lake, ObjectRow, Rows, Writer};
use source::{Listed, Object, Source};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Bytes of one digest as stored, at most.
const STORED_BYTES_MAX: u64 = DIGEST_BYTES_MAX as u64;
/// Fetches at a time.
const FETCHES_MAX: usize = 8;
/// Digests of folders of which it is not known yet whose copy they are that are held until it is; the next run looks at more.
const UNPLACED_MAX: usize = 1_000;
/// How much earlier than the oldest digest a key may have been valid that signs it: a digest is of an hour, a chain's first may be of more.
const KEY_REACH_MICROS: i64 = 24 * 3_600_000_000;

const KEY_UNKNOWN: &str = "CloudTrail's public key is not known: give --public-keys";

/// What listing found for the verifier.
#[derive(Default)]
pub(crate) struct Found {
    /// Digests that the ledger does not have.
    pub(crate) digests: Vec<(Arc<dyn Source>, Listed)>,
    /// Prefixes of which everything was listed, none of it was left out, and when the listing began.
    pub(crate) whole: Vec<(String, i64)>,
}

/// What became of the digests of a run.
#[derive(Debug, Default, Clone, serde::Serialize)]
pub(crate) struct Sums {
    /// Not read before.
    pub(crate) new: u64,
    /// AWS signed them for where they lie.
    pub(crate) believed: u64,
    /// They are not what AWS signed.
    pub(crate) refused: u64,
    /// Their key or signature is not known yet; the next run tries again.
    pub(crate) unverified: u64,
}

/// Whether an object in the folder of digests is no digest but stands beside one.
pub(crate) fn is_sidecar(key: &str) -> bool {
    key.ends_with(source::SIDECAR)
}

/// Reads what was found, and brings the verifier up to the ledger. Costs nothing where no digest was ever seen.
pub(crate) async fn settle(
    settings: &Settings,
    lake: &Lake,
    writer: &mut Writer,
    found: Found,
    (run_id, started): (&str, i64),
    summary: &mut Summary,
) -> Result<(), Failure> {
    let kept = lake.digests().await?;
    if found.digests.is_empty() && kept.is_none() {
        return Ok(());
    }
    let mut digests = match kept {
        Some(digests) => digests,
        None => lake.digests_or_new().await?,
    };
    settings.add_public_keys(digests.keys_mut())?;
    for (read, recorded) in &settings.copies {
        digests.copy(read, recorded);
    }
    summary.digests.new += found.digests.len() as u64;
    let verifier = digests.verifier();
    let mut reading = Reading {
        settings,
        digests,
        verifier,
        oldest: i64::MAX,
        asked: BTreeSet::new(),
        unplaced: Vec::new(),
        rows: Rows::default(),
        summary,
    };
    reading.read_all(found.digests).await?;
    let Reading { mut digests, mut verifier, rows, summary, .. } = reading;
    if !summary.problems.iter().any(|problem| matches!(problem.reason, "unlisted" | "unreadable" | "digest_unread")) {
        for (prefix, at) in &found.whole {
            for prefix in digests.recorded_prefixes(prefix) {
                verifier.listed(&prefix, *at).map_err(|error| Failure::internal(&error))?;
            }
        }
    }
    digests.catch_up(lake, &mut verifier).await?;
    reach(Point::Judged);
    // Only now: a digest that the ledger has is not read again.
    writer.commit(&mut [rows], run_id, started).await?;
    Ok(())
}

struct Reading<'a> {
    settings: &'a Settings,
    digests: Digests,
    verifier: Verifier<DigestPages>,
    /// The time of the oldest digest, from which on keys are asked for.
    oldest: i64,
    /// Regions whose keys were asked for.
    asked: BTreeSet<String>,
    /// Digests of places of which nothing is known yet.
    unplaced: Vec<Digest>,
    rows: Rows,
    summary: &'a mut Summary,
}

/// A digest as it was read.
struct Digest {
    from_s3: bool,
    listed: Listed,
    object: Object,
    /// What it says, if it can be read at all.
    document: Option<Document>,
}

impl Reading<'_> {
    async fn read_all(&mut self, found: Vec<(Arc<dyn Source>, Listed)>) -> Result<(), Failure> {
        let mut found: Vec<_> = found.into_iter().map(|(source, listed)| (order(&listed), source, listed)).collect();
        found.sort_by(|one, other| (&one.0, &one.2.uri).cmp(&(&other.0, &other.2.uri)));
        let stamps = found.iter().filter_map(|((_, stamp), ..)| time(stamp));
        self.oldest = stamps.min().unwrap_or(i64::MAX);
        let mut objects = futures::stream::iter(found.into_iter().map(|(_, source, listed)| async move {
            let object = source.fetch_object(&listed, STORED_BYTES_MAX).await;
            (source, listed, object)
        }))
        .buffered(FETCHES_MAX);
        let mut waiting: Option<Digest> = None;
        while let Some((source, listed, object)) = objects.next().await {
            let object = match object {
                Ok(object) => object,
                Err(error) if matches!(error, source::Error::Credentials { .. }) => return Err(error.into()),
                Err(error) => {
                    self.summary.problem("digest_unread", &listed.uri, None, &causes(&error));
                    continue;
                }
            };
            let document = event::gunzip::gunzip_within(&object.bytes, DIGEST_BYTES_MAX).ok().and_then(|text| Document::read(&text).ok());
            let digest = Digest { from_s3: source::is_s3(source.name()), listed, object, document };
            if let Some(mut before) = waiting.replace(digest) {
                if let Some(next) = waiting.as_ref().and_then(|next| next.document.as_ref()) {
                    before.take_signature(next);
                }
                self.take(before).await?;
            }
        }
        if let Some(last) = waiting {
            self.take(last).await?;
        }
        for digest in std::mem::take(&mut self.unplaced) {
            match self.recorded(&digest) {
                Some(uri) => self.hand(&digest, &uri).await?,
                None => self.leave(&digest),
            }
        }
        Ok(())
    }

    /// Hands a digest to the verifier, once it is known where it was delivered.
    async fn take(&mut self, digest: Digest) -> Result<(), Failure> {
        self.place(&digest);
        match self.recorded(&digest) {
            Some(uri) => return self.hand(&digest, &uri).await,
            None if self.unplaced.len() < UNPLACED_MAX => self.unplaced.push(digest),
            None => self.leave(&digest),
        }
        Ok(())
    }

    fn recorded(&self, digest: &Digest) -> Option<String> {
        self.digests.recorded(&digest.listed.uri).map(std::borrow::Cow::into_owned)
    }

    /// Leaves a digest for a later run.
    fn leave(&mut self, digest: &Digest) {
        self.summary.digests.unverified += 1;
        let uri = digest.document.as_ref().map(|document| format!("s3://{}", document.location));
        if uri.is_some_and(|uri| self.verifier.check(digest.at(&uri)) == Err(Fault::KeyUnknown)) {
            self.summary.problem("public_key", &digest.listed.uri, None, KEY_UNKNOWN);
        }
    }

    async fn hand(&mut self, digest: &Digest, uri: &str) -> Result<(), Failure> {
        let checked = match self.verifier.check(digest.at(uri)) {
            Err(Fault::KeyUnknown) => {
                self.fetch_key(digest, uri).await;
                self.verifier.check(digest.at(uri))
            }
            checked => checked,
        };
        let fault = match checked {
            // A copy that lost its metadata says nothing against the digest.
            Err(Fault::NoSignature) if !digest.from_s3 => {
                self.summary.digests.unverified += 1;
                return Ok(());
            }
            _ => self.verifier.digest(digest.at(uri)).map_err(|error| Failure::internal(&error))?,
        };
        match fault {
            None => self.summary.digests.believed += 1,
            Some(Fault::KeyUnknown) => {
                self.summary.digests.unverified += 1;
                self.summary.problem("public_key", &digest.listed.uri, None, KEY_UNKNOWN);
                return Ok(());
            }
            Some(fault) => {
                self.summary.digests.refused += 1;
                self.summary.problem("digest_refused", &digest.listed.uri, None, &fault.to_string());
            }
        }
        self.rows.note(digest.row(if fault.is_none() { "believed" } else { "refused" }));
        Ok(())
    }

    /// Learns of which place in a bucket the digest's folder is a copy, if AWS signed it for such a place.
    fn place(&mut self, digest: &Digest) {
        if digest.from_s3 || self.digests.recorded(&digest.listed.uri).is_some() {
            return;
        }
        let Some(document) = &digest.document else { return };
        let uri = format!("s3://{}", document.location);
        let (Some((read, tail)), Some((recorded, same))) = (split(&digest.listed.uri), split(&uri)) else { return };
        if tail != same {
            return;
        }
        if self.verifier.check(digest.at(&uri)).is_ok() {
            tracing::info!(read, recorded, "a copy of");
            self.digests.copy(read, recorded);
        }
    }

    /// Asks AWS for the keys of a region, once, where a key is wanted and AWS is asked in this run anyhow.
    async fn fetch_key(&mut self, digest: &Digest, uri: &str) {
        if !digest.from_s3 || self.settings.offline {
            return;
        }
        let Some(wanted) = digest::key_wanted(&digest.at(uri)) else { return };
        if !self.asked.insert(wanted.aws_region.clone()) {
            return;
        }
        let (from, until) = (wanted.from.min(self.oldest.saturating_sub(KEY_REACH_MICROS)), crate::settings::now());
        let added = match source::list_public_keys(&wanted.aws_region, from, until, &self.settings.source_options()).await {
            Ok(keys) => self.add_keys(&wanted.aws_region, from, until, keys),
            Err(error) => Err(causes(&error)),
        };
        if let Err(detail) = added {
            self.summary.problem("public_keys", uri, None, &detail);
        }
    }

    fn add_keys(&mut self, aws_region: &str, from: i64, until: i64, keys: Vec<source::ListedKey>) -> Result<(), String> {
        let known = self.verifier.keys_mut();
        for source::ListedKey { fingerprint, der, valid_from, valid_until } in keys {
            let key = PublicKey { der, valid_from, valid_until };
            known.add(aws_region, &fingerprint, key).map_err(|error| causes(&error))?;
        }
        known.fetched(aws_region, from, until);
        Ok(())
    }
}

impl Digest {
    fn at<'d>(&'d self, uri: &'d str) -> DigestObject<'d> {
        let metadata = |name: &str| self.object.metadata.get(name).map(String::as_str);
        DigestObject {
            uri,
            bytes: &self.object.bytes,
            signature: metadata("signature"),
            signature_algorithm: metadata("signature-algorithm"),
            backfill_generation_timestamp: metadata("backfill-generation-timestamp"),
        }
    }

    /// Takes the signature that the next digest of the chain has of this one, if it was lost.
    fn take_signature(&mut self, next: &Document) {
        let own = self.document.as_ref().map(|document| &document.location);
        let is_next = next.previous.as_ref().map(|previous| &previous.location) == own && own.is_some();
        if let Some(signature) = next.previous_signature.as_ref().filter(|_| is_next && self.object.metadata.is_empty() && !self.from_s3) {
            // The algorithm is in the digest itself as well, where it is compared.
            let metadata = [("signature", signature.as_str()), ("signature-algorithm", "SHA256withRSA")];
            self.object.metadata = metadata.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        }
    }

    fn row(&self, state: &'static str) -> ObjectRow {
        let key = log_key::classify(&self.listed.key);
        ObjectRow {
            uri: self.listed.uri.clone(),
            kind: "digest",
            state,
            organization_id: key.organization_id.to_owned(),
            account_id: key.account_id.to_owned(),
            aws_region: key.aws_region.to_owned(),
            etag: self.listed.etag.clone(),
            size: self.listed.size,
            modified: self.listed.modified,
            ..ObjectRow::default()
        }
    }
}

/// The chain of a digest by its name, and the time in it.
fn order(listed: &Listed) -> (String, String) {
    let stamp = log_key::classify(&listed.key).stamp.to_owned();
    let (folder, name) = listed.uri.rsplit_once('/').unwrap_or(("", &listed.uri));
    // The day's folders go with the time.
    let root = folder.split("CloudTrail-Digest").next().unwrap_or("");
    (format!("{root}{}", name.replace(&stamp, "")), stamp)
}

/// `20261118T050131Z` in microseconds since 1970.
fn time(stamp: &str) -> Option<i64> {
    let part = |range: std::ops::Range<usize>| stamp.get(range);
    event::time::micros(&format!("{}-{}-{}T{}:{}:00Z", part(0..4)?, part(4..6)?, part(6..8)?, part(9..11)?, part(11..13)?))
}

/// What comes before `AWSLogs/`, and what comes from there on.
fn split(uri: &str) -> Option<(&str, &str)> {
    uri.rfind("/AWSLogs/").and_then(|at| uri.split_at_checked(at + 1))
}
