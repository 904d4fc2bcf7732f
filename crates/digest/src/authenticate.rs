//! The bytes and metadata of a digest object in, its fields out if AWS signed them for that place.
//!
//! The compressed form is not signed: bytes of the gzip header may differ and the digest is the same.

use std::borrow::Cow;

use event::gunzip::{self, gunzip_within};
use event::time::micros;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

use crate::document::{DIGEST_BYTES_MAX, Document, SIGNATURE_ALGORITHM};
use crate::fault::Fault;
use crate::keys::PublicKeys;
use crate::place::{DigestPlace, digest_place};
use crate::sha256::{Sha256, unhex};

/// How long after the end of its time a digest may be signed: keys of those two hours are good as well, as for the AWS command line.
pub const SIGNING_DELAY: i64 = 2 * 3_600_000_000;
/// How far from `backfill-generation-timestamp` the key of a backfill digest may be valid, as for the AWS command line.
pub const BACKFILL_KEY_REACH: i64 = 3_600_000_000;

/// A digest as it was read from a bucket.
#[derive(Debug, Clone, Copy)]
pub struct DigestObject<'a> {
    /// Where it was read: `s3://bucket/key`.
    pub uri: &'a str,
    /// As stored: gzip.
    pub bytes: &'a [u8],
    /// User metadata `signature`.
    pub signature: Option<&'a str>,
    /// User metadata `signature-algorithm`.
    pub signature_algorithm: Option<&'a str>,
    /// User metadata `backfill-generation-timestamp`, which backfill digests have.
    pub backfill_generation_timestamp: Option<&'a str>,
}

/// A digest that AWS signed for the place at which it lies.
#[derive(Debug, Clone)]
pub(crate) struct Authentic<'a> {
    pub(crate) place: DigestPlace<'a>,
    pub(crate) document: Document,
    /// Of its text.
    pub(crate) sha256: Sha256,
    pub(crate) signature: Vec<u8>,
    /// When it was there, at the latest: what it lists can be looked for from then on.
    pub(crate) made: i64,
}

/// Believes a digest or says why not.
pub(crate) fn authenticate<'a>(object: &DigestObject<'a>, keys: &PublicKeys) -> Result<Authentic<'a>, Fault> {
    let place = digest_place(object.uri).ok_or(Fault::Name)?;
    if !gunzip::is_gzip(object.bytes) {
        return Err(Fault::NotCompressed);
    }
    let text = inflate(object.bytes)?;
    let document = Document::read(&text)?;
    if object.uri.strip_prefix("s3://") != Some(document.location.as_str()) {
        return Err(Fault::Moved);
    }
    if document.account_id != place.chain.scope.account_id {
        return Err(Fault::OtherAccount);
    }
    let generated = generation_time(object, &place)?;
    if object.signature_algorithm.is_some_and(|name| name != SIGNATURE_ALGORITHM) {
        return Err(Fault::Algorithm);
    }
    let signature = object.signature.filter(|_| object.signature_algorithm.is_some()).and_then(unhex);
    let signature = signature.filter(|bytes| !bytes.is_empty()).ok_or(Fault::NoSignature)?;
    let aws_region = &place.chain.scope.aws_region;
    let (from, until) = key_time(&document, generated);
    let lacking = || if keys.has_all(aws_region, from, until) { Fault::KeyForeign } else { Fault::KeyUnknown };
    let key = keys.get(aws_region, &document.fingerprint).ok_or_else(lacking)?;
    if !key.valid_within(from, until) {
        return Err(Fault::KeyNotValid);
    }
    let sha256 = Sha256::of(&text);
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &key.der)
        .verify(document.signed_text(sha256).as_bytes(), &signature)
        .map_err(|_| Fault::Signature)?;
    let made = generated.map_or(document.end, |time| time.max(document.end));
    Ok(Authentic { place, document, sha256, signature, made })
}

/// A public key to be asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyWanted {
    /// Whose `ListPublicKeys` has it: the region of the digest.
    pub aws_region: String,
    /// As the digest names it, unproven.
    pub fingerprint: String,
    /// `StartTime` to ask with, in microseconds since 1970.
    pub from: i64,
    /// `EndTime` to ask with.
    pub until: i64,
}

/// The key by which a digest says that it is signed; none for what cannot be read as a digest.
pub fn key_wanted(object: &DigestObject<'_>) -> Option<KeyWanted> {
    let place = digest_place(object.uri)?;
    let document = Document::read(&inflate(object.bytes).ok()?).ok()?;
    let generated = generation_time(object, &place).ok()?;
    let (from, until) = key_time(&document, generated);
    Some(KeyWanted { aws_region: place.chain.scope.aws_region, fingerprint: document.fingerprint, from, until })
}

/// When the key must have been valid, at some moment.
fn key_time(document: &Document, generated: Option<i64>) -> (i64, i64) {
    match generated {
        Some(time) => (time.saturating_sub(BACKFILL_KEY_REACH), time.saturating_add(BACKFILL_KEY_REACH)),
        None => (document.start, document.end.saturating_add(SIGNING_DELAY)),
    }
}

fn generation_time(object: &DigestObject<'_>, place: &DigestPlace<'_>) -> Result<Option<i64>, Fault> {
    if !place.chain.backfill {
        return Ok(None);
    }
    object.backfill_generation_timestamp.and_then(micros).ok_or(Fault::NoGenerationTime).map(Some)
}

/// Inflates with a digest's own cap.
fn inflate(bytes: &[u8]) -> Result<Cow<'_, [u8]>, Fault> {
    gunzip_within(bytes, DIGEST_BYTES_MAX).map_err(|fault| match fault {
        gunzip::Fault::Trailing => Fault::TrailingData,
        gunzip::Fault::TooLarge => Fault::TooLarge,
        gunzip::Fault::Truncated | gunzip::Fault::Damaged => Fault::Damaged,
    })
}
