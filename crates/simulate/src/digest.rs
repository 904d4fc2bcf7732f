//! Writes digests as CloudTrail does: log objects in, signed and chained digest objects out.
//!
//! Layout, fields and signed text: CloudTrail User Guide, "CloudTrail digest file structure" and "Custom implementations of CloudTrail
//! log file integrity validation".

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::organisation::{HOME_REGION, REGIONS};
use crate::random::Random;
use crate::sign::{KeyError, Signer, hex};
use crate::text::{civil, quote, rfc3339};
use crate::{Ledger, LogObject, Plan};

const HOUR: i64 = 3600;

/// A trail, and where it delivers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trail {
    pub bucket: String,
    /// Before `AWSLogs/`: empty, or ends in a slash.
    pub prefix: String,
    /// For an organisation's trail.
    pub organization_id: Option<String>,
    pub name: String,
    pub home_region: String,
}

/// A digest in the trail's bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigestObject {
    pub bucket: String,
    pub key: String,
    /// gzip of JSON.
    pub body: Vec<u8>,
    /// The object's user metadata, without the `x-amz-meta-` before their names.
    pub metadata: Vec<(&'static str, String)>,
}

/// A log object as a digest lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedLog {
    pub bucket: String,
    pub key: String,
    /// Of the uncompressed text, in hexadecimal digits.
    pub sha256: String,
    /// Times of its events, in seconds since 1970.
    pub oldest: i64,
    pub newest: i64,
}

impl ListedLog {
    /// Lists the object with that uncompressed text.
    pub fn new(bucket: &str, key: &str, text: &[u8], oldest: i64, newest: i64) -> Self {
        Self { bucket: bucket.to_owned(), key: key.to_owned(), sha256: hex(&Sha256::digest(text)), oldest, newest }
    }
}

/// Writes the digests of one trail, account and region, each linked to the one before.
#[derive(Clone, Debug)]
pub struct DigestChain {
    trail: Trail,
    account_id: String,
    aws_region: String,
    backfill: bool,
    previous: Option<Previous>,
}

#[derive(Clone, Debug)]
struct Previous {
    bucket: String,
    key: String,
    sha256: String,
    signature: String,
}

impl DigestChain {
    /// A new chain: its first digest has none before it.
    pub fn new(trail: &Trail, account_id: &str, aws_region: &str) -> Self {
        let (account_id, aws_region) = (account_id.to_owned(), aws_region.to_owned());
        Self { trail: trail.clone(), account_id, aws_region, backfill: false, previous: None }
    }

    /// A new chain of backfill digests.
    pub fn backfill(trail: &Trail, account_id: &str, aws_region: &str) -> Self {
        Self { backfill: true, ..Self::new(trail, account_id, aws_region) }
    }

    /// Goes on after validation was switched off: the next digest is a first one.
    pub fn restart(&mut self) {
        self.previous = None;
    }

    /// Goes on in another bucket or under another prefix.
    pub fn redirect(&mut self, trail: &Trail) {
        self.trail = trail.clone();
    }

    /// Writes the digest of the time from `start` until `end`, in seconds since 1970.
    ///
    /// # Errors
    /// As [`Signer::sign`].
    pub fn next(&mut self, start: i64, end: i64, logs: &[ListedLog], signer: &Signer) -> Result<DigestObject, KeyError> {
        let key = self.key(end);
        let text = self.text(&key, start, end, logs, signer.fingerprint());
        let sha256 = hex(&Sha256::digest(&text));
        let before = self.previous.as_ref().map_or("null", |previous| &previous.signature);
        let signed = format!("{}\n{}/{key}\n{sha256}\n{before}", rfc3339(end), self.trail.bucket);
        let signature = hex(&signer.sign(signed.as_bytes())?);
        let mut metadata = vec![("signature", signature.clone()), ("signature-algorithm", "SHA256withRSA".to_owned())];
        if self.backfill {
            // When it was found out that log files of that time had not been listed: some days later.
            metadata.push(("backfill-generation-timestamp", rfc3339(end + 50 * HOUR)));
        }
        let bucket = self.trail.bucket.clone();
        self.previous = Some(Previous { bucket: bucket.clone(), key: key.clone(), sha256, signature });
        Ok(DigestObject { bucket, key, body: gzip(text.as_bytes()), metadata })
    }

    fn key(&self, end: i64) -> String {
        let Self { trail, account_id, aws_region, .. } = self;
        let (year, month, day, hour, minute, second) = civil(end);
        let organisation = trail.organization_id.as_ref().map_or(String::new(), |id| format!("{id}/"));
        let tail = if self.backfill { "_backfill" } else { "" };
        format!(
            "{}AWSLogs/{organisation}{account_id}/CloudTrail-Digest/{aws_region}/{year:04}/{month:02}/{day:02}/{account_id}_CloudTrail-Digest_{aws_region}_{}_{}_{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z{tail}.json.gz",
            trail.prefix, trail.name, trail.home_region
        )
    }

    fn text(&self, key: &str, start: i64, end: i64, logs: &[ListedLog], fingerprint: &str) -> String {
        let mut json = Json::default();
        let time = |time: Option<i64>| time.map(rfc3339);
        json.field("awsAccountId", Some(&self.account_id));
        json.field("digestStartTime", Some(&rfc3339(start)));
        json.field("digestEndTime", Some(&rfc3339(end)));
        json.field("digestS3Bucket", Some(&self.trail.bucket));
        json.field("digestS3Object", Some(key));
        json.field("digestPublicKeyFingerprint", Some(fingerprint));
        json.field("digestSignatureAlgorithm", Some("SHA256withRSA"));
        json.field("newestEventTime", time(logs.iter().map(|log| log.newest).max()).as_deref());
        json.field("oldestEventTime", time(logs.iter().map(|log| log.oldest).min()).as_deref());
        let previous = self.previous.as_ref();
        json.field("previousDigestS3Bucket", previous.map(|previous| previous.bucket.as_str()));
        json.field("previousDigestS3Object", previous.map(|previous| previous.key.as_str()));
        json.field("previousDigestHashValue", previous.map(|previous| previous.sha256.as_str()));
        json.field("previousDigestHashAlgorithm", previous.map(|_| "SHA-256"));
        json.field("previousDigestSignature", previous.map(|previous| previous.signature.as_str()));
        let files: Vec<String> = logs.iter().map(log_file).collect();
        format!("{},\"logFiles\":[{}]}}", json.0, files.join(","))
    }
}

fn log_file(log: &ListedLog) -> String {
    let mut json = Json::default();
    json.field("s3Bucket", Some(&log.bucket));
    json.field("s3Object", Some(&log.key));
    json.field("hashValue", Some(&log.sha256));
    json.field("hashAlgorithm", Some("SHA-256"));
    json.field("newestEventTime", Some(&rfc3339(log.newest)));
    json.field("oldestEventTime", Some(&rfc3339(log.oldest)));
    json.0.push('}');
    json.0
}

/// An object of text and nulls, not closed.
#[derive(Default)]
struct Json(String);

impl Json {
    fn field(&mut self, name: &str, value: Option<&str>) {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        quote(&mut self.0, name);
        self.0.push(':');
        match value {
            Some(value) => quote(&mut self.0, value),
            None => self.0.push_str("null"),
        }
    }
}

/// An object of the bucket.
#[derive(Clone, Debug, PartialEq)]
pub enum Delivered {
    Log(LogObject),
    Digest(DigestObject),
}

/// As [`run`](crate::run), with the digests of an organisation's trail that delivers into `bucket`, behind all logs: for every account and
/// region one an hour from the first hour to the last that was over at `plan.until`, empty ones too.
///
/// Holds a line for each log object in memory.
///
/// # Errors
/// As [`Signer::sign`].
pub fn run_with_digests(plan: &Plan, bucket: &str, signer: &Signer, deliver: &mut dyn FnMut(Delivered)) -> Result<Ledger, KeyError> {
    let mut listed: BTreeMap<String, Vec<(i64, ListedLog)>> = BTreeMap::new();
    let ledger = crate::run(plan, &mut |object| {
        if let Some((place, stamp, log)) = list(bucket, &object) {
            listed.entry(place).or_default().push((stamp, log));
        }
        deliver(Delivered::Log(object));
    });
    let organisation = &ledger.organisation;
    let trail = Trail {
        bucket: bucket.to_owned(),
        prefix: String::new(),
        organization_id: Some(organisation.id.clone()),
        name: "organization_trail".to_owned(),
        home_region: HOME_REGION.to_owned(),
    };
    let mut random = Random::new(plan.seed, "digests");
    for account in &organisation.accounts {
        for region in REGIONS {
            let logs = listed.remove(&format!("{}/{region}", account.id)).unwrap_or_default();
            let mut chain = DigestChain::new(&trail, &account.id, region);
            // Each account's and region's hours begin at a minute and second of their own.
            let from = plan.until.as_second() - i64::from(plan.days.max(1)) * 86_400;
            let mut start = from - from.rem_euclid(HOUR) - random.between(1, HOUR - 1);
            while start + HOUR <= plan.until.as_second() {
                let end = start + HOUR;
                let mut hour: Vec<ListedLog> =
                    logs.iter().filter(|(stamp, _)| (start..end).contains(stamp)).map(|(_, log)| log.clone()).collect();
                hour.sort_by(|one, other| one.key.cmp(&other.key));
                deliver(Delivered::Digest(chain.next(start, end, &hour, signer)?));
                start = end;
            }
        }
    }
    Ok(ledger)
}

/// Account and region, the time in the name, and how a digest lists it.
fn list(bucket: &str, object: &LogObject) -> Option<(String, i64, ListedLog)> {
    let name = object.key.rsplit('/').next()?;
    let mut parts = name.split('_');
    let (account, _, region, stamp) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let part = |range: std::ops::Range<usize>| stamp.get(range).unwrap_or("");
    let time = format!("{}-{}-{}T{}:{}:00Z", part(0..4), part(4..6), part(6..8), part(9..11), part(11..13));
    let stamp = time.parse::<jiff::Timestamp>().ok()?.as_second();
    let text = inflated(&object.body)?;
    let mark = "\"eventTime\":\"";
    let times: Vec<i64> = text
        .match_indices(mark)
        .filter_map(|(at, _)| text.get(at + mark.len()..at + mark.len() + 20)?.parse::<jiff::Timestamp>().ok())
        .map(jiff::Timestamp::as_second)
        .collect();
    let (oldest, newest) = (times.iter().min().copied()?, times.iter().max().copied()?);
    Some((format!("{account}/{region}"), stamp, ListedLog::new(bucket, &object.key, text.as_bytes(), oldest, newest)))
}

fn inflated(body: &[u8]) -> Option<String> {
    let size = u32::from_le_bytes(body.get(body.len().checked_sub(4)?..)?.try_into().ok()?);
    let mut text = vec![0; size as usize];
    libdeflater::Decompressor::new().gzip_decompress(body, &mut text).ok()?;
    String::from_utf8(text).ok()
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::default());
    let mut body = vec![0; compressor.gzip_compress_bound(text.len())];
    // The bound is by definition enough; were it not, the object would be empty.
    let size = compressor.gzip_compress(text, &mut body).unwrap_or(0);
    body.truncate(size);
    body
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

    use super::*;

    fn trail() -> Trail {
        let (bucket, prefix, name, home_region) = ("example-trail".into(), "p/".into(), "my_trail".into(), "us-east-1".into());
        Trail { bucket, prefix, organization_id: None, name, home_region }
    }

    #[test]
    fn digest_reads_as_documented() {
        let signer = Signer::example(0).unwrap();
        let mut chain = DigestChain::new(&trail(), "111122223333", "eu-west-1");
        let first = chain.next(0, HOUR, &[], &signer).unwrap();
        let log = ListedLog::new("example-trail", "AWSLogs/log", b"abc", HOUR, HOUR + 5);
        let second = chain.next(HOUR, 2 * HOUR, std::slice::from_ref(&log), &signer).unwrap();
        let folder =
            "p/AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/1970/01/01/111122223333_CloudTrail-Digest_eu-west-1_my_trail_us-east-1";
        assert_eq!(second.key, format!("{folder}_19700101T020000Z.json.gz"));
        let text = inflated(&second.body).unwrap();
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["previousDigestS3Object"], first.key);
        assert_eq!(json["previousDigestSignature"], first.metadata[0].1);
        assert_eq!(json["previousDigestHashValue"], hex(&Sha256::digest(inflated(&first.body).unwrap())));
        assert_eq!(json["logFiles"][0]["hashValue"], log.sha256);
        assert_eq!(json["logFiles"][0]["oldestEventTime"], "1970-01-01T01:00:00Z");
        assert_eq!(json["digestEndTime"], "1970-01-01T02:00:00Z");
        let signed =
            format!("1970-01-01T02:00:00Z\nexample-trail/{}\n{}\n{}", second.key, hex(&Sha256::digest(&text)), first.metadata[0].1);
        let signature: Vec<u8> = (0..256).map(|at| u8::from_str_radix(&second.metadata[0].1[2 * at..2 * at + 2], 16).unwrap()).collect();
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, signer.public_key());
        key.verify(signed.as_bytes(), &signature).unwrap();
        let json: serde_json::Value = serde_json::from_str(&inflated(&first.body).unwrap()).unwrap();
        assert!(json["previousDigestSignature"].is_null() && json["newestEventTime"].is_null());
    }

    #[test]
    fn every_log_of_an_hour_that_is_over_is_listed_once_and_digests_change_nothing_else() {
        let until: jiff::Timestamp = "2026-11-20T06:00:00Z".parse().unwrap();
        let plan = Plan { seed: 11, events: 2000, until, days: 1, loss: crate::Loss::None, hostile: false };
        let mut plain = Vec::new();
        let truth = crate::run(&plan, &mut |object| plain.push(object));
        let signer = Signer::example(0).unwrap();
        let all = || {
            let mut all = Vec::new();
            let ledger = run_with_digests(&plan, "example-trail", &signer, &mut |object| all.push(object)).unwrap();
            (all, ledger)
        };
        let (objects, ledger) = all();
        assert!(ledger == truth && all().0 == objects);
        let logs: Vec<&LogObject> =
            objects.iter().filter_map(|object| if let Delivered::Log(log) = object { Some(log) } else { None }).collect();
        assert!(plain.iter().eq(logs.iter().copied()));
        let digests: Vec<String> = objects
            .iter()
            .filter_map(|object| if let Delivered::Digest(digest) = object { inflated(&digest.body) } else { None })
            .collect();
        assert_eq!(digests.len(), ledger.organisation.accounts.len() * REGIONS.len() * 24);
        let all = digests.concat();
        let times = logs.iter().map(|log| all.matches(&format!("\"{}\"", log.key)).count()).collect::<Vec<_>>();
        assert!(times.iter().all(|times| *times < 2));
        let listed = times.iter().sum::<usize>();
        assert!(listed < logs.len() && listed * 10 > logs.len() * 9, "{listed} of {}", logs.len());
    }
}
