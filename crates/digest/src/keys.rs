//! CloudTrail's public keys, by region and fingerprint: what `ListPublicKeys` returned in, the key for a digest out.
//!
//! A store of them is a JSON file, so that digests can be verified without a network. Keys are never replaced: one fingerprint with two
//! values is an error, since one of them is forged.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use event::time::{micros, rfc3339};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::spans::Spans;

/// Bytes of a file of keys, at most.
pub const KEY_FILE_BYTES_MAX: usize = 16 << 20;
const SCHEMA: &str = "whodid.public_keys/v1";

/// A set of public keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PublicKeys {
    keys: BTreeMap<(String, String), PublicKey>,
    /// By region, the times of which all keys are known.
    fetched: BTreeMap<String, Spans>,
}

/// A public key, and when CloudTrail signs with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// `RSAPublicKey` of PKCS #1, in DER.
    pub der: Vec<u8>,
    /// `ValidityStartTime`, in microseconds since 1970.
    pub valid_from: i64,
    /// `ValidityEndTime`, likewise.
    pub valid_until: i64,
}

impl PublicKeys {
    /// Adds a key as the region's `ListPublicKeys` returned it. Known already, its validity is widened to hold both.
    ///
    /// # Errors
    /// [`Error::KeyConflict`] if the region's fingerprint is known with another value.
    pub fn add(&mut self, aws_region: &str, fingerprint: &str, key: PublicKey) -> Result<(), Error> {
        let known = self.keys.entry((aws_region.to_owned(), fingerprint.to_owned())).or_insert_with(|| key.clone());
        if known.der != key.der {
            return Err(Error::KeyConflict { aws_region: aws_region.to_owned(), fingerprint: fingerprint.to_owned() });
        }
        known.valid_from = known.valid_from.min(key.valid_from);
        known.valid_until = known.valid_until.max(key.valid_until);
        Ok(())
    }

    /// Says that all keys of a region that were valid at some time from `from` until `until` were added: `ListPublicKeys` was asked for
    /// that time, and every page of its answer read. A digest of that time with another fingerprint is then forged.
    pub fn fetched(&mut self, aws_region: &str, from: i64, until: i64) {
        self.fetched.entry(aws_region.to_owned()).or_default().add(from, until);
    }

    /// Whether all keys of that time are known.
    pub(crate) fn has_all(&self, aws_region: &str, from: i64, until: i64) -> bool {
        self.fetched.get(aws_region).is_some_and(|spans| spans.holds(from, until))
    }

    /// Adds the answer of `aws cloudtrail list-public-keys --region REGION`, saved as JSON.
    ///
    /// # Errors
    /// [`Error::KeyFile`] for another format or over [`KEY_FILE_BYTES_MAX`], [`Error::KeyConflict`].
    pub fn add_listing(&mut self, aws_region: &str, json: &[u8]) -> Result<(), Error> {
        let listing: Listing = read(json)?;
        for listed in listing.public_key_list {
            let time = |time: &Time| time.micros().ok_or(Error::KeyFile { source: "a time is not readable".into() });
            let (valid_from, valid_until) = (time(&listed.validity_start_time)?, time(&listed.validity_end_time)?);
            self.add(aws_region, &listed.fingerprint, PublicKey { der: decode(&listed.value)?, valid_from, valid_until })?;
        }
        Ok(())
    }

    /// Adds what [`PublicKeys::to_json`] wrote.
    ///
    /// # Errors
    /// As [`PublicKeys::add_listing`].
    pub fn add_json(&mut self, json: &[u8]) -> Result<(), Error> {
        let file: File = read(json)?;
        if file.schema != SCHEMA {
            return Err(Error::KeyFile { source: format!("schema is not {SCHEMA}").into() });
        }
        for key in file.public_keys {
            let time = |text: &str| micros(text).ok_or(Error::KeyFile { source: "a time is not readable".into() });
            let (valid_from, valid_until) = (time(&key.validity_start_time)?, time(&key.validity_end_time)?);
            self.add(&key.aws_region, &key.fingerprint, PublicKey { der: decode(&key.value)?, valid_from, valid_until })?;
        }
        for span in file.fetched {
            let time = |text: &str| micros(text).ok_or(Error::KeyFile { source: "a time is not readable".into() });
            self.fetched(&span.aws_region, time(&span.from)?, time(&span.until)?);
        }
        Ok(())
    }

    /// All keys as a JSON file, in order of region and fingerprint.
    pub fn to_json(&self) -> String {
        let public_keys = self.keys.iter().map(|((aws_region, fingerprint), key)| Stored {
            aws_region: aws_region.clone(),
            fingerprint: fingerprint.clone(),
            value: STANDARD.encode(&key.der),
            validity_start_time: rfc3339(key.valid_from),
            validity_end_time: rfc3339(key.valid_until),
        });
        let spans = self.fetched.iter().flat_map(|(aws_region, spans)| spans.iter().map(move |span| (aws_region, span)));
        let fetched =
            spans.map(|(aws_region, (from, until))| Fetched { aws_region: aws_region.clone(), from: rfc3339(from), until: rfc3339(until) });
        let file = File { schema: SCHEMA.to_owned(), public_keys: public_keys.collect(), fetched: fetched.collect() };
        serde_json::to_string_pretty(&file).unwrap_or_default()
    }

    /// The key of a fingerprint in a region.
    pub fn get(&self, aws_region: &str, fingerprint: &str) -> Option<&PublicKey> {
        self.keys.get(&(aws_region.to_owned(), fingerprint.to_owned()))
    }
}

impl PublicKey {
    /// Whether the key signed at some moment from `from` to `until`.
    pub(crate) fn valid_within(&self, from: i64, until: i64) -> bool {
        self.valid_from <= until && from <= self.valid_until
    }
}

fn read<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, Error> {
    if json.len() > KEY_FILE_BYTES_MAX {
        return Err(Error::KeyFile { source: format!("over {KEY_FILE_BYTES_MAX} bytes").into() });
    }
    serde_json::from_slice(json).map_err(|error| Error::KeyFile { source: error.into() })
}

fn decode(value: &str) -> Result<Vec<u8>, Error> {
    STANDARD.decode(value).map_err(|error| Error::KeyFile { source: error.into() })
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema: String,
    public_keys: Vec<Stored>,
    fetched: Vec<Fetched>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fetched {
    aws_region: String,
    from: String,
    until: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    aws_region: String,
    fingerprint: String,
    value: String,
    validity_start_time: String,
    validity_end_time: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listing {
    public_key_list: Vec<Listed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    fingerprint: String,
    value: String,
    validity_start_time: Time,
    validity_end_time: Time,
}

/// The command line writes times as text in its second version, as seconds since 1970 in its first.
#[derive(Deserialize)]
#[serde(untagged)]
enum Time {
    Text(String),
    Seconds(f64),
}

impl Time {
    fn micros(&self) -> Option<i64> {
        match self {
            Self::Text(text) => micros(text),
            Self::Seconds(seconds) => (seconds.abs() < 1e11).then_some((seconds * 1e6) as i64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(der: &[u8], valid_from: i64, valid_until: i64) -> PublicKey {
        PublicKey { der: der.to_vec(), valid_from, valid_until }
    }

    #[test]
    fn file_gives_the_same_keys_back() {
        let mut keys = PublicKeys::default();
        keys.add("eu-west-1", "f1", key(b"one", 0, 5_000_000)).unwrap();
        keys.add("us-east-1", "f1", key(b"two", 0, 5_000_000)).unwrap();
        keys.fetched("us-east-1", 0, 7_000_000);
        let mut back = PublicKeys::default();
        back.add_json(keys.to_json().as_bytes()).unwrap();
        assert_eq!(back, keys);
        assert_eq!(back.get("us-east-1", "f1").unwrap().der, b"two");
        assert_eq!(back.get("us-east-2", "f1"), None);
        assert!(back.has_all("us-east-1", 1, 7_000_000) && !back.has_all("us-east-1", 1, 7_000_001) && !back.has_all("eu-west-1", 1, 2));
    }

    #[test]
    fn listing_of_either_command_line_is_read() {
        for (start, end) in [("1794978131.0", "1795064531"), ("\"2026-11-18T05:02:11+00:00\"", "\"2026-11-19T05:02:11Z\"")] {
            let json = format!(
                r#"{{"PublicKeyList":[{{"Value":"b25l","Fingerprint":"f","ValidityStartTime":{start},"ValidityEndTime":{end}}}],"NextToken":null}}"#
            );
            let mut keys = PublicKeys::default();
            keys.add_listing("eu-west-1", json.as_bytes()).unwrap();
            assert_eq!(keys.get("eu-west-1", "f"), Some(&key(b"one", 1_794_978_131_000_000, 1_795_064_531_000_000)));
        }
    }

    #[test]
    fn other_value_for_a_known_fingerprint_is_an_error_and_validity_widens() {
        let mut keys = PublicKeys::default();
        keys.add("r", "f", key(b"one", 10, 20)).unwrap();
        assert!(matches!(keys.add("r", "f", key(b"two", 10, 20)), Err(Error::KeyConflict { .. })));
        keys.add("r", "f", key(b"one", 15, 30)).unwrap();
        assert_eq!(keys.get("r", "f"), Some(&key(b"one", 10, 30)));
    }

    #[test]
    fn files_that_are_no_key_files_are_errors() {
        let oversize = vec![b' '; KEY_FILE_BYTES_MAX + 1];
        for json in [&b"{}"[..], b"[]", br#"{"schema":"x","public_keys":[],"fetched":[]}"#, &oversize] {
            assert!(matches!(PublicKeys::default().add_json(json), Err(Error::KeyFile { .. })));
        }
        let bad = br#"{"PublicKeyList":[{"Value":"!","Fingerprint":"f","ValidityStartTime":1,"ValidityEndTime":2}]}"#;
        assert!(matches!(PublicKeys::default().add_listing("r", bad), Err(Error::KeyFile { .. })));
    }
}
