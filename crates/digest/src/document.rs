//! A digest's JSON text in, its fields out.
//!
//! Unknown fields are passed over; a known one that is absent, of another type or there twice makes the digest unreadable, since two
//! readers could then differ about it. Fields: CloudTrail User Guide, "CloudTrail digest file structure".

use event::time::micros;
use serde::{Deserialize, Deserializer};

use crate::fault::Fault;
use crate::sha256::Sha256;

/// Inflated bytes of one digest, at most: some 140,000 log files in one hour of one account and region.
pub const DIGEST_BYTES_MAX: usize = 64 << 20;
/// The one signature that CloudTrail makes.
pub(crate) const SIGNATURE_ALGORITHM: &str = "SHA256withRSA";
const HASH_ALGORITHM: &str = "SHA-256";

/// What a digest says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Whose logs are listed.
    pub account_id: String,
    /// Log files delivered from here, in microseconds since 1970 …
    pub start: i64,
    /// … until here.
    pub end: i64,
    /// `digestEndTime` as it is written, since that text is signed.
    pub end_text: String,
    /// `bucket/key` at which CloudTrail put it.
    pub location: String,
    /// Which public key verifies it.
    pub fingerprint: String,
    /// The digest before it; none for the first of a chain.
    pub previous: Option<Previous>,
    /// `previousDigestSignature` as it is written, or none for JSON's null.
    pub previous_signature: Option<String>,
    /// The log files that it vouches for.
    pub log_files: Vec<LogFile>,
}

/// What a digest says of the one before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Previous {
    /// `bucket/key`.
    pub location: String,
    /// Of its text.
    pub sha256: Sha256,
}

/// A log file as a digest lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFile {
    /// `bucket/key`.
    pub location: String,
    /// Of its text, which is stored compressed.
    pub sha256: Sha256,
}

impl Document {
    /// Reads the inflated text of a digest.
    ///
    /// # Errors
    /// [`Fault::Malformed`] for anything but a digest, [`Fault::Algorithm`] if it names another hash or signature than AWS documents,
    /// [`Fault::TooLarge`] over [`DIGEST_BYTES_MAX`].
    pub fn read(text: &[u8]) -> Result<Self, Fault> {
        if text.len() > DIGEST_BYTES_MAX {
            return Err(Fault::TooLarge);
        }
        let body: Body = serde_json::from_slice(text).map_err(|_| Fault::Malformed)?;
        if body.digest_signature_algorithm != SIGNATURE_ALGORITHM {
            return Err(Fault::Algorithm);
        }
        let time = |text: &str| micros(text).ok_or(Fault::Malformed);
        let (start, end) = (time(&body.digest_start_time)?, time(&body.digest_end_time)?);
        if start > end || body.digest_s3_bucket.contains('/') {
            return Err(Fault::Malformed);
        }
        let previous = previous(&body)?;
        let mut log_files = Vec::with_capacity(body.log_files.len());
        for file in body.log_files {
            if file.hash_algorithm != HASH_ALGORITHM {
                return Err(Fault::Algorithm);
            }
            let sha256 = file.hash_value.parse().map_err(|_| Fault::Malformed)?;
            log_files.push(LogFile { location: format!("{}/{}", file.s3_bucket, file.s3_object), sha256 });
        }
        Ok(Self {
            account_id: body.aws_account_id,
            start,
            end,
            end_text: body.digest_end_time,
            location: format!("{}/{}", body.digest_s3_bucket, body.digest_s3_object),
            fingerprint: body.digest_public_key_fingerprint,
            previous,
            previous_signature: body.previous_digest_signature,
            log_files,
        })
    }

    /// The text that is signed, given the digest's own bytes (CloudTrail User Guide, "Custom implementations of log file integrity
    /// validation").
    pub(crate) fn signed_text(&self, sha256: Sha256) -> String {
        let previous = self.previous_signature.as_deref().unwrap_or("null");
        format!("{}\n{}\n{sha256}\n{previous}", self.end_text, self.location)
    }
}

/// All fields about the digest before are there, or none is.
fn previous(body: &Body) -> Result<Option<Previous>, Fault> {
    let parts = (
        &body.previous_digest_s3_bucket,
        &body.previous_digest_s3_object,
        &body.previous_digest_hash_value,
        &body.previous_digest_hash_algorithm,
        &body.previous_digest_signature,
    );
    match parts {
        // A chain may begin with the algorithm named and nothing hashed.
        (None, None, None, _, None) => Ok(None),
        (Some(bucket), Some(object), Some(hash), Some(algorithm), Some(_)) => {
            if algorithm != HASH_ALGORITHM {
                return Err(Fault::Algorithm);
            }
            let sha256 = hash.parse().map_err(|_| Fault::Malformed)?;
            Ok(Some(Previous { location: format!("{bucket}/{object}"), sha256 }))
        }
        _ => Err(Fault::Malformed),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    aws_account_id: String,
    digest_start_time: String,
    digest_end_time: String,
    digest_s3_bucket: String,
    digest_s3_object: String,
    digest_public_key_fingerprint: String,
    digest_signature_algorithm: String,
    previous_digest_s3_bucket: Option<String>,
    previous_digest_s3_object: Option<String>,
    previous_digest_hash_value: Option<String>,
    previous_digest_hash_algorithm: Option<String>,
    /// Null is signed as the word `null`: it must be there, so that absent and null are not one.
    #[serde(deserialize_with = "present")]
    previous_digest_signature: Option<String>,
    log_files: Vec<File>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    s3_bucket: String,
    s3_object: String,
    hash_value: String,
    hash_algorithm: String,
}

fn present<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Option::deserialize(from)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    /// After the example of the CloudTrail User Guide, with other values.
    fn text() -> String {
        format!(
            r#"{{"awsAccountId":"111122223333","digestStartTime":"2026-11-18T04:01:31Z","digestEndTime":"2026-11-18T05:01:31Z","digestS3Bucket":"trail","digestS3Object":"AWSLogs/d","digestPublicKeyFingerprint":"31e8","digestSignatureAlgorithm":"SHA256withRSA","newestEventTime":null,"oldestEventTime":null,"previousDigestS3Bucket":"trail","previousDigestS3Object":"AWSLogs/c","previousDigestHashValue":"{HASH}","previousDigestHashAlgorithm":"SHA-256","previousDigestSignature":"ab","logFiles":[{{"s3Bucket":"trail","s3Object":"AWSLogs/l","hashValue":"{HASH}","hashAlgorithm":"SHA-256","newestEventTime":"2026-11-18T04:59:02Z","oldestEventTime":"2026-11-18T04:51:00Z"}}]}}"#
        )
    }

    #[test]
    fn documented_fields_are_read_and_unknown_ones_passed_over() {
        let document = Document::read(text().replace("\"logFiles\"", "\"future\":{\"a\":[1]},\"logFiles\"").as_bytes()).unwrap();
        assert_eq!(document.location, "trail/AWSLogs/d");
        assert_eq!(document.previous.as_ref().map(|previous| previous.location.as_str()), Some("trail/AWSLogs/c"));
        assert_eq!(document.log_files, [LogFile { location: "trail/AWSLogs/l".into(), sha256: HASH.parse().unwrap() }]);
        assert_eq!(document.end - document.start, 3_600_000_000);
        assert_eq!(document.signed_text(Sha256::of(b"abc")), format!("2026-11-18T05:01:31Z\ntrail/AWSLogs/d\n{HASH}\nab"));
    }

    #[test]
    fn first_digest_of_a_chain_signs_the_word_null() {
        let first = text()
            .replace("\"previousDigestS3Bucket\":\"trail\"", "\"previousDigestS3Bucket\":null")
            .replace("\"AWSLogs/c\"", "null")
            .replace(&format!("\"previousDigestHashValue\":\"{HASH}\""), "\"previousDigestHashValue\":null")
            .replace("\"previousDigestSignature\":\"ab\"", "\"previousDigestSignature\":null");
        let document = Document::read(first.as_bytes()).unwrap();
        assert_eq!(document.previous, None);
        assert!(document.signed_text(Sha256::of(b"abc")).ends_with("\nnull"));
    }

    #[test]
    fn what_two_readers_could_read_differently_is_refused() {
        let text = text();
        for (was, becomes, fault) in [
            ("{\"aws", "{\"awsAccountId\":\"1\",\"aws", Fault::Malformed),
            ("\"previousDigestSignature\":\"ab\",", "", Fault::Malformed),
            ("\"previousDigestSignature\":\"ab\"", "\"previousDigestSignature\":null", Fault::Malformed),
            ("\"previousDigestS3Object\":\"AWSLogs/c\",", "", Fault::Malformed),
            ("\"digestS3Bucket\":\"trail\"", "\"digestS3Bucket\":\"trail/AWSLogs\"", Fault::Malformed),
            ("2026-11-18T04:01:31Z", "2026-11-18T06:01:31Z", Fault::Malformed),
            ("2026-11-18T05:01:31Z", "now", Fault::Malformed),
            ("SHA256withRSA", "SHA1withRSA", Fault::Algorithm),
            ("\"hashAlgorithm\":\"SHA-256\"", "\"hashAlgorithm\":\"MD5\"", Fault::Algorithm),
            ("\"hashValue\":\"ba", "\"hashValue\":\"BA", Fault::Malformed),
            ("\"logFiles\":[", "\"logFiles\":[7,", Fault::Malformed),
        ] {
            assert!(text.contains(was), "{was}");
            assert_eq!(Document::read(text.replacen(was, becomes, 1).as_bytes()), Err(fault), "{becomes}");
        }
        for text in [&b""[..], b"{}", b"[]", b"null", b"\xff", format!("{text}{{}}").as_bytes()] {
            assert_eq!(Document::read(text), Err(Fault::Malformed));
        }
        assert_eq!(Document::read(&vec![b' '; DIGEST_BYTES_MAX + 1]), Err(Fault::TooLarge));
    }
}
