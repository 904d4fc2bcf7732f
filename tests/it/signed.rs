//! Buckets that are signed as CloudTrail signs them, with a key of our own: in a folder, or in a server's.

use std::collections::BTreeMap;
use std::path::Path;

use digest::{PublicKey, PublicKeys};
use serde_json::{Value, json};
use simulate::{Delivered, DigestChain, DigestObject, Ledger, ListedLog, Loss, Plan, Signer, Trail};

use crate::records::{ACCOUNT, plain, topic};
use crate::support::{gzip, write};

pub(crate) const BUCKET: &str = "trail";
pub(crate) const REGION: &str = "ap-northeast-1";
const HOUR: i64 = 3600;

/// Objects by key, with their metadata.
pub(crate) type Files = BTreeMap<String, (Vec<u8>, BTreeMap<String, String>)>;

/// A trail of some hours of today and yesterday: each hour one log with one call, and its digest.
pub(crate) struct Signed {
    pub(crate) files: Files,
    /// Keys, by hour.
    pub(crate) logs: Vec<String>,
    pub(crate) digests: Vec<String>,
    /// When the first hour began, in seconds since 1970.
    pub(crate) start: i64,
}

pub(crate) fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

pub(crate) fn time(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).unwrap().to_string()
}

impl Signed {
    /// The last digest ended `ago` seconds ago.
    pub(crate) fn new(hours: u32, ago: i64) -> Self {
        Self::of(hours, ago, |_, _| {})
    }

    /// The same, with the call of each hour changed.
    pub(crate) fn of(hours: u32, ago: i64, change: impl Fn(u32, &mut Value)) -> Self {
        let start = now() - ago - i64::from(hours) * HOUR;
        let mut signed = Self { files: Files::new(), logs: Vec::new(), digests: Vec::new(), start };
        let signer = Signer::example(0).unwrap();
        let mut chain = DigestChain::new(&trail(), ACCOUNT, REGION);
        for hour in 0..hours {
            let begins = start + i64::from(hour) * HOUR;
            let (key, text) = log(hour, begins + 600);
            let mut document: Value = serde_json::from_slice(&text).unwrap();
            change(hour, &mut document["Records"][0]);
            let text = document.to_string().into_bytes();
            let listed = ListedLog::new(BUCKET, &key, &text, begins + 400, begins + 400);
            signed.files.insert(key.clone(), (gzip(&text), BTreeMap::new()));
            signed.logs.push(key);
            let digest = chain.next(begins, begins + HOUR, &[listed], &signer).unwrap();
            signed.digests.push(digest.key.clone());
            signed.files.insert(digest.key.clone(), stored(digest));
        }
        signed
    }

    /// The window of hours, for a command line.
    pub(crate) fn window(&self, from: i64, until: i64) -> [String; 4] {
        let at = |hour| time(self.start + hour * HOUR);
        ["--since".to_owned(), at(from), "--until".to_owned(), at(until)]
    }
}

fn stored(digest: DigestObject) -> (Vec<u8>, BTreeMap<String, String>) {
    let metadata = digest.metadata.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    (digest.body, metadata)
}

fn trail() -> Trail {
    let (name, home_region) = ("organisation_trail".to_owned(), REGION.to_owned());
    Trail { bucket: BUCKET.to_owned(), prefix: String::new(), organization_id: None, name, home_region }
}

/// The key and text of the log that was made at that second: tanaka made `topic-NUMBER`.
pub(crate) fn log(number: u32, made: i64) -> (String, Vec<u8>) {
    let mut record: Value = topic(number);
    record["eventTime"] = json!(time(made - 200));
    let stamp = time(made);
    let (day, minute) = (stamp[..10].replace('-', "/"), stamp[..16].replace(['-', ':'], ""));
    let key = format!(
        "AWSLogs/{ACCOUNT}/CloudTrail/{REGION}/{day}/{ACCOUNT}_CloudTrail_{REGION}_{minute}Z_{:A<16}.json.gz",
        format!("n{number}")
    );
    (key, plain(&[record]))
}

/// The public keys that verify all of these, in a file.
pub(crate) fn write_keys(path: &Path) {
    let signer = Signer::example(0).unwrap();
    let mut keys = PublicKeys::default();
    let (from, until) = (0, i64::from(u32::MAX) * 1_000_000);
    for region in [REGION, "us-east-1", "ap-northeast-3"] {
        let key = PublicKey { der: signer.public_key().to_vec(), valid_from: from, valid_until: until };
        keys.add(region, signer.fingerprint(), key).unwrap();
        keys.fetched(region, from, until);
    }
    write(path, keys.to_json().as_bytes());
}

/// The same as `ListPublicKeys` answers.
pub(crate) fn listed_keys() -> String {
    use base64::Engine as _;
    let signer = Signer::example(0).unwrap();
    let value = base64::engine::general_purpose::STANDARD.encode(signer.public_key());
    let key = json!({"Value": value, "Fingerprint": signer.fingerprint(), "ValidityStartTime": 0.0, "ValidityEndTime": 4_000_000_000.0});
    json!({"PublicKeyList": [key]}).to_string()
}

/// As `aws s3 sync` copies a bucket; with sidecars, metadata is kept beside the digests.
pub(crate) fn copy(folder: &Path, files: &Files, sidecars: bool) {
    for (key, (body, metadata)) in files {
        write(&folder.join(key), body);
        if sidecars && !metadata.is_empty() {
            let head = json!({"ContentLength": body.len(), "ContentType": "application/json", "Metadata": metadata});
            write(&folder.join(format!("{key}.metadata.json")), head.to_string().as_bytes());
        }
    }
}

/// A simulated organisation's bucket, and the truth about it.
pub(crate) fn organisation(seed: u64, until: &str) -> (Files, Ledger) {
    let plan = Plan { seed, events: 600, until: until.parse().unwrap(), days: 1, loss: Loss::None, hostile: true };
    let mut files = Files::new();
    let ledger = simulate::run_with_digests(&plan, BUCKET, &Signer::example(0).unwrap(), &mut |object| {
        match object {
            Delivered::Log(log) => files.insert(log.key, (log.body, BTreeMap::new())),
            Delivered::Digest(digest) => files.insert(digest.key.clone(), stored(digest)),
        };
    });
    (files, ledger.unwrap())
}
