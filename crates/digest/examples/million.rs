//! Verifies a million log objects of one account and region, 10,000 a day, with pages in a folder, and says what it took.
//!
//! `cargo run --release --example million [OBJECTS]`
#![allow(clippy::print_stdout, reason = "what it is for")]

use std::path::PathBuf;
use std::time::Instant;

use digest::{Ask, DigestObject, Fault, Findings, LogFact, LogFinding, Pages, PublicKey, PublicKeys, Sha256, Verifier};
use simulate::{DigestChain, ListedLog, Signer, Trail};

type Cause = Box<dyn std::error::Error + Send + Sync>;

const A_DAY: i64 = 10_000;
const START: i64 = 1_767_225_600;

struct Folder(PathBuf);

impl Pages for Folder {
    fn load(&mut self, name: &str) -> Result<Option<Vec<u8>>, Cause> {
        let path = self.0.join(name);
        if path.exists() { Ok(Some(std::fs::read(path)?)) } else { Ok(None) }
    }

    fn save(&mut self, name: &str, bytes: &[u8]) -> Result<(), Cause> {
        Ok(std::fs::write(self.0.join(name), bytes)?)
    }
}

/// A report that is looked at and let go.
struct Passing(u64);

impl Findings for Passing {
    fn log(&mut self, _: &LogFinding<'_>) {
        self.0 += 1;
    }

    fn digest(&mut self, _: &str, _: Fault, _: bool) {
        self.0 += 1;
    }
}

fn main() -> Result<(), Cause> {
    let objects: i64 = std::env::args().nth(1).map_or(Ok(1_000_000), |count| count.parse())?;
    let folder = tempfile::tempdir()?;
    let signer = Signer::example(0)?;
    let mut keys = PublicKeys::default();
    keys.add("eu-west-1", signer.fingerprint(), PublicKey { der: signer.public_key().to_vec(), valid_from: 0, valid_until: i64::MAX })?;
    let (bucket, name) = ("example-trail".to_owned(), "trail".to_owned());
    let trail = Trail { bucket, prefix: String::new(), organization_id: None, name, home_region: "us-east-1".to_owned() };
    let mut chain = DigestChain::new(&trail, "111122223333", "eu-west-1");
    let mut verifier = Verifier::new(Folder(folder.path().to_owned()), keys);
    let (began, mut made) = (Instant::now(), 0.0);
    let hours = objects * 24 / A_DAY;
    for hour in 0..hours {
        let (start, at) = (START + hour * 3600, Instant::now());
        let logs: Vec<ListedLog> = (0..A_DAY / 24).map(|index| log(start + index * 8, hour, index)).collect();
        let digest = chain.next(start, start + 3600, &logs, &signer)?;
        made += at.elapsed().as_secs_f64();
        for log in &logs {
            let uri = format!("s3://{}/{}", log.bucket, log.key);
            verifier.log(LogFact { uri: &uri, sha256: Some(log.sha256.parse()?), modified: None })?;
        }
        let metadata = |name: &str| digest.metadata.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
        verifier.digest(DigestObject {
            uri: &format!("s3://{}/{}", digest.bucket, digest.key),
            bytes: &digest.body,
            signature: metadata("signature"),
            signature_algorithm: metadata("signature-algorithm"),
            backfill_generation_timestamp: None,
        })?;
    }
    let now = (START + hours * 3600) * 1_000_000;
    verifier.listed("s3://example-trail/", now)?;
    verifier.flush()?;
    println!("added in {:.1} s, beside {made:.1} s to make them", began.elapsed().as_secs_f64() - made);
    let (began, mut findings) = (Instant::now(), Passing(0));
    let report = verifier.report(Ask { now, from: None, until: now }, &mut findings)?;
    println!("reported {} findings in {:.1} s: {:?}", findings.0, began.elapsed().as_secs_f64(), report.tally);
    let stored: u64 = std::fs::read_dir(folder.path())?.map(|page| page?.metadata().map(|page| page.len())).sum::<Result<u64, _>>()?;
    println!("pages: {} bytes", stored);
    for line in std::fs::read_to_string("/proc/self/status")?.lines().filter(|line| line.starts_with("VmHWM")) {
        println!("{line}");
    }
    Ok(())
}

fn log(made: i64, hour: i64, index: i64) -> ListedLog {
    let time = event::time::rfc3339(made * 1_000_000);
    let (day, minute) = (time.get(..10).unwrap_or("").replace('-', "/"), time.get(..16).unwrap_or("").replace(['-', ':'], ""));
    let name = format!("111122223333_CloudTrail_eu-west-1_{minute}Z_{hour:08}{index:08}.json.gz");
    let key = format!("AWSLogs/111122223333/CloudTrail/eu-west-1/{day}/{name}");
    let hash = Sha256::of(key.as_bytes());
    let mut log = ListedLog::new("example-trail", &key, b"", made, made);
    log.sha256 = hash.to_string();
    log
}
