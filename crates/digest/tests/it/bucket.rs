//! A bucket in memory, made as a trail would fill it, and verified as a whole.

use std::collections::{BTreeMap, BTreeSet};

use digest::{
    Ask, DigestObject, Fault, Findings, Gap, LogFact, LogFinding, Mark, Pages, PublicKey, PublicKeys, Report, Sha256, Verdict, Verifier,
};
use simulate::{DigestChain, ListedLog, Signer, Trail};

pub const HOUR: i64 = 3600;
/// 2026-11-18T00:01:31Z: digests of an account begin at any minute and second of the hour.
pub const START: i64 = 1_794_960_091;
pub const ACCOUNT: &str = "111122223333";
pub const REGION: &str = "eu-west-1";
pub const BUCKET: &str = "example-trail";

#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    pub body: Vec<u8>,
    pub metadata: BTreeMap<String, String>,
    pub modified: Option<i64>,
}

#[derive(Clone)]
pub struct Bucket {
    pub objects: BTreeMap<String, Stored>,
    /// Keys of the digests, in order.
    pub digests: Vec<String>,
    /// Keys of the logs, in order of time.
    pub logs: Vec<String>,
    /// Seconds since 1970.
    pub now: i64,
    pub keys: PublicKeys,
}

/// What a verifier found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    pub logs: BTreeSet<(String, Option<Sha256>, Verdict)>,
    pub digests: BTreeSet<(String, Fault, bool)>,
    pub report: Report,
}

impl Findings for Outcome {
    fn log(&mut self, finding: &LogFinding<'_>) {
        assert!(self.logs.insert((finding.uri.to_owned(), finding.sha256, finding.verdict)), "{finding:?} twice");
    }

    fn digest(&mut self, uri: &str, fault: Fault, believed: bool) {
        assert!(self.digests.insert((uri.to_owned(), fault, believed)), "{uri} {fault:?} twice");
    }
}

impl Outcome {
    /// Verdicts on one key's object.
    pub fn verdicts(&self, key: &str) -> Vec<Verdict> {
        self.logs.iter().filter(|(uri, ..)| *uri == uri_of(key)).map(|(.., verdict)| *verdict).collect()
    }

    pub fn gaps(&self) -> Vec<Gap> {
        self.report.coverage.iter().flat_map(|coverage| coverage.gaps.clone()).collect()
    }

    /// Breaks of the first chain.
    pub fn breaks(&self) -> Vec<Gap> {
        self.report.chains.first().map_or_else(Vec::new, |chain| chain.breaks.clone())
    }
}

pub fn uri_of(key: &str) -> String {
    format!("s3://{BUCKET}/{key}")
}

pub fn trail() -> Trail {
    let (name, home_region) = ("my_trail".to_owned(), "us-east-1".to_owned());
    Trail { bucket: BUCKET.to_owned(), prefix: String::new(), organization_id: None, name, home_region }
}

pub fn keys_of(signers: &[&Signer]) -> PublicKeys {
    let mut keys = PublicKeys::default();
    for signer in signers {
        let key = PublicKey { der: signer.public_key().to_vec(), valid_from: 0, valid_until: micros(START + 1000 * HOUR) };
        keys.add(REGION, signer.fingerprint(), key).unwrap();
        keys.fetched(REGION, 0, micros(START + 1000 * HOUR));
    }
    keys
}

pub fn micros(seconds: i64) -> i64 {
    seconds * 1_000_000
}

pub fn gzip(text: &[u8]) -> Vec<u8> {
    let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::default());
    let mut body = vec![0; compressor.gzip_compress_bound(text.len())];
    let size = compressor.gzip_compress(text, &mut body).unwrap();
    body.truncate(size);
    body
}

/// The text of a log object that was made at that second.
pub fn log_text(made: i64) -> String {
    let time = event::time::rfc3339(micros(made - 200));
    format!(r#"{{"Records":[{{"eventVersion":"1.11","eventTime":"{time}","eventName":"StopInstances","eventID":"{made}"}}]}}"#)
}

/// Its key: the name tells the minute.
pub fn log_key(made: i64, suffix: &str) -> String {
    let time = event::time::rfc3339(micros(made));
    let (day, minute) = (time[..10].replace('-', "/"), time[..16].replace(['-', ':'], ""));
    format!("AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/{day}/{ACCOUNT}_CloudTrail_{REGION}_{minute}Z_{suffix:x<16}.json.gz")
}

impl Bucket {
    /// One digest an hour, with none, one or two logs each.
    pub fn new(hours: i64) -> Self {
        let signer = Signer::example(0).unwrap();
        let mut bucket = Self::empty(&[&signer]);
        let mut chain = DigestChain::new(&trail(), ACCOUNT, REGION);
        for hour in 0..hours {
            bucket.hour(&mut chain, hour, hour % 3, &signer);
        }
        bucket.now = START + hours * HOUR + HOUR / 2;
        bucket
    }

    pub fn empty(signers: &[&Signer]) -> Self {
        Self { objects: BTreeMap::new(), digests: Vec::new(), logs: Vec::new(), now: START, keys: keys_of(signers) }
    }

    /// Delivers the logs of an hour and their digest.
    pub fn hour(&mut self, chain: &mut DigestChain, hour: i64, logs: i64, signer: &Signer) {
        let start = START + hour * HOUR;
        let listed: Vec<ListedLog> = (0..logs).map(|at| self.deliver(start + 600 + at * 900, &format!("h{hour}n{at}"))).collect();
        self.digest(chain, start, start + HOUR, &listed, signer);
    }

    /// Delivers a log, and tells how a digest lists it.
    pub fn deliver(&mut self, made: i64, suffix: &str) -> ListedLog {
        let (key, text) = (log_key(made, suffix), log_text(made));
        self.put(&key, gzip(text.as_bytes()));
        self.logs.push(key.clone());
        ListedLog::new(BUCKET, &key, text.as_bytes(), made - 200, made - 200)
    }

    pub fn digest(&mut self, chain: &mut DigestChain, start: i64, end: i64, listed: &[ListedLog], signer: &Signer) {
        let digest = chain.next(start, end, listed, signer).unwrap();
        let metadata = digest.metadata.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let key = if digest.bucket == BUCKET { digest.key } else { format!("../{}/{}", digest.bucket, digest.key) };
        self.objects.insert(key.clone(), Stored { body: digest.body, metadata, modified: None });
        self.digests.push(key);
    }

    /// Changes the text of the digest at that place, and signs it anew as AWS would.
    pub fn resign(&mut self, key: &str, change: impl FnOnce(String) -> String, signer: &Signer) {
        let stored = &self.objects[key];
        let text = change(String::from_utf8(event::gunzip::gunzip(&stored.body).unwrap().into_owned()).unwrap());
        let end = event::time::rfc3339(micros(START + HOUR * (1 + self.digests.iter().position(|digest| digest == key).unwrap() as i64)));
        let before = text.split("\"previousDigestSignature\":\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("null");
        let signed = format!("{end}\n{BUCKET}/{key}\n{}\n{before}", Sha256::of(text.as_bytes()));
        let signature = signer.sign(signed.as_bytes()).unwrap().iter().map(|byte| format!("{byte:02x}")).collect();
        let stored = self.objects.get_mut(key).unwrap();
        stored.body = gzip(text.as_bytes());
        stored.metadata.insert("signature".to_owned(), signature);
    }

    pub fn put(&mut self, key: &str, body: Vec<u8>) {
        self.objects.insert(key.to_owned(), Stored { body, metadata: BTreeMap::new(), modified: None });
    }

    pub fn remove(&mut self, key: &str) {
        assert!(self.objects.remove(key).is_some(), "{key}");
    }

    pub fn ask(&self) -> Ask {
        Ask { now: micros(self.now), from: None, until: micros(self.now) }
    }

    /// Listed, read and judged as a whole.
    pub fn verify(&self) -> Outcome {
        self.verify_after(Vec::new())
    }

    /// As `verify`, by one who remembers how far the chains went.
    pub fn verify_after(&self, marks: Vec<Mark>) -> Outcome {
        let mut verifier = self.verifier();
        verifier.remember(marks).unwrap();
        self.report(&mut verifier)
    }

    pub fn verifier(&self) -> Verifier<BTreeMap<String, Vec<u8>>> {
        let mut verifier = Verifier::new(BTreeMap::new(), self.keys.clone());
        verifier.listed("s3://", micros(self.now)).unwrap();
        for (key, stored) in &self.objects {
            add(&mut verifier, key, stored);
        }
        verifier
    }

    pub fn report<P: Pages>(&self, verifier: &mut Verifier<P>) -> Outcome {
        let mut outcome = Outcome::default();
        outcome.report = verifier.report(self.ask(), &mut outcome).unwrap();
        outcome
    }
}

/// Adds an object to a verifier as ingest would.
pub fn add<P: Pages>(verifier: &mut Verifier<P>, key: &str, stored: &Stored) -> Option<Fault> {
    let uri = key.strip_prefix("../").map_or_else(|| uri_of(key), |rest| format!("s3://{rest}"));
    if key.contains("/CloudTrail-Digest/") {
        let metadata = |name: &str| stored.metadata.get(name).map(String::as_str);
        let object = DigestObject {
            uri: &uri,
            bytes: &stored.body,
            signature: metadata("signature"),
            signature_algorithm: metadata("signature-algorithm"),
            backfill_generation_timestamp: metadata("backfill-generation-timestamp"),
        };
        return verifier.digest(object).unwrap();
    }
    let sha256 = event::gunzip::gunzip(&stored.body).ok().filter(|_| event::gunzip::is_gzip(&stored.body)).map(|text| Sha256::of(&text));
    verifier.log(LogFact { uri: &uri, sha256, modified: stored.modified }).unwrap();
    None
}
