//! What `aws cloudtrail validate-logs` says of the same buckets, case by case: where the two agree, and where they differ, and how.
//!
//! Our side of each case is asserted here. The tool's side is asserted by `tests/validate_logs.py` against the tool itself, which is put
//! into an environment of its own below `target/` when the test first needs it: `python3` with `venv`, and a package index, must be there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use digest::{Fault, Mark, Verdict, Why};
use serde_json::{Value, json};
use simulate::{DigestChain, Signer};

use crate::bucket::{ACCOUNT, BUCKET, Bucket, HOUR, REGION, START, Stored, gzip, log_key, micros, trail, uri_of};

/// The version that was read.
const TOOL: &str = "awscli==1.46.3";
const HOURS: i64 = 12;

/// What each side says is wrong. A line of the tool is given as what follows the object's URI.
struct Case {
    name: &'static str,
    bucket: Bucket,
    /// The tool's lines.
    tool: Vec<String>,
    /// Valid and invalid digests, backfill digests and logs, as the tool counts.
    totals: [(u64, u64); 3],
    ours: Ours,
    marks: Vec<Mark>,
}

/// What is found here.
#[derive(Default, Clone)]
struct Ours {
    /// Refused.
    digests: Vec<(String, Fault)>,
    /// Not verified.
    logs: Vec<(String, Verdict)>,
    /// But for the start and the head.
    gaps: Vec<Why>,
}

fn case(name: &'static str, bucket: Bucket) -> Case {
    let (logs, digests) = (bucket.logs.len() as u64, bucket.digests.len() as u64);
    Case { name, bucket, tool: vec![], totals: [(digests, 0), (0, 0), (logs, 0)], ours: Ours::default(), marks: vec![] }
}

impl Case {
    fn digest(mut self, key: &str, fault: Fault, tool: Option<&str>) -> Self {
        self.ours.digests.push((uri_of(key), fault));
        if let Some(tool) = tool {
            self.tool.push(format!("Digest file\t{}\tINVALID: {tool}", uri_of(key)));
        }
        self
    }

    fn log(mut self, key: &str, verdict: Verdict, tool: Option<&str>) -> Self {
        self.ours.logs.push((uri_of(key), verdict));
        if let Some(tool) = tool {
            self.tool.push(format!("Log file\t{}\tINVALID: {tool}", uri_of(key)));
        }
        self
    }

    fn line(mut self, line: String) -> Self {
        self.tool.push(line);
        self
    }

    fn gaps(mut self, gaps: &[Why]) -> Self {
        self.ours.gaps.extend(gaps);
        self
    }

    fn totals(mut self, digests: (u64, u64), backfill: (u64, u64), logs: (u64, u64)) -> Self {
        self.totals = [digests, backfill, logs];
        self
    }
}

/// Twelve hours; the fourth, seventh and tenth have two logs.
fn changed(change: impl FnOnce(&mut Bucket, &[String], &[String])) -> Bucket {
    let mut bucket = Bucket::new(HOURS);
    let (digests, logs) = (bucket.digests.clone(), bucket.logs.clone());
    change(&mut bucket, &digests, &logs);
    bucket
}

/// Where the two agree about each object.
fn agreeing() -> Vec<Case> {
    let clean = Bucket::new(HOURS);
    let (digest, log) = (clean.digests[6].clone(), clean.logs[3].clone());
    let text = |key: &str| event::gunzip::gunzip(&clean.objects[key].body).unwrap().into_owned();
    let replace = |key: &str, body: Vec<u8>| changed(|bucket, _, _| bucket.objects.get_mut(key).unwrap().body = body);
    let metadata = |name: &str, value: Option<&str>| {
        changed(|bucket, _, _| {
            let metadata = &mut bucket.objects.get_mut(&digest).unwrap().metadata;
            metadata.remove(name);
            metadata.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        })
    };
    let edited =
        String::from_utf8(text(&digest)).unwrap().replace("hashAlgorithm", "hashalgorithm").replace("\"logFiles\":[]", "\"logFiles\": []");
    let cut = |key: &str| clean.objects[key].body[..clean.objects[key].body.len() - 12].to_vec();
    let appended = |key: &str, tail: &[u8]| [&clean.objects[key].body, tail].concat();
    let hash = "hash value doesn't match";
    let log_case = |name, body, verdict, tool| {
        case(name, replace(&log, body)).log(&log, verdict, Some(tool)).gaps(&[Why::LogAltered]).totals((12, 0), (0, 0), (11, 1))
    };
    let digest_case = |name, bucket, fault, tool| {
        case(name, bucket).digest(&digest, fault, Some(tool)).gaps(&[Why::DigestInvalid]).totals((11, 1), (0, 0), (12, 0))
    };
    vec![
        case("untouched", clean.clone()),
        log_case("log edited", gzip(b"{\"Records\":[]}"), Verdict::Altered, hash),
        log_case("log cut", cut(&log), Verdict::Altered, hash),
        log_case(
            "log with a second member",
            appended(&log, &gzip(b"{}")),
            Verdict::Altered,
            "unexpected data after end of compressed stream",
        ),
        log_case("log that is no gzip", [b"\x1f\x8b".as_slice(), b"junk"].concat(), Verdict::Altered, "invalid format"),
        log_case("log uncompressed", text(&log), Verdict::Altered, "invalid format"),
        case("log deleted", changed(|bucket, _, _| bucket.remove(&log)))
            .log(&log, Verdict::Missing, Some("not found"))
            .gaps(&[Why::LogMissing])
            .totals((12, 0), (0, 0), (11, 1)),
        digest_case(
            "digest edited",
            replace(&digest, gzip(format!("{edited} ").as_bytes())),
            Fault::Signature,
            "signature verification failed",
        ),
        digest_case("digest cut", replace(&digest, cut(&digest)), Fault::Damaged, "invalid format"),
        digest_case("digest uncompressed", replace(&digest, text(&digest)), Fault::NotCompressed, "invalid format"),
        digest_case("digest that is no JSON", replace(&digest, gzip(b"{")), Fault::Malformed, "invalid format"),
        digest_case("signature removed", metadata("signature", None), Fault::NoSignature, "signature verification failed"),
        digest_case("algorithm removed", metadata("signature-algorithm", None), Fault::NoSignature, "signature verification failed"),
        digest_case("other signature", metadata("signature", Some(&"ab".repeat(256))), Fault::Signature, "signature verification failed"),
        digest_case(
            "older digest in its place",
            changed(|bucket, digests, _| {
                let older = bucket.objects[&digests[3]].clone();
                bucket.objects.insert(digest.clone(), older);
            }),
            Fault::Moved,
            "has been moved from its original location",
        ),
        case("digest deleted", changed(|bucket, digests, _| bucket.remove(&digests[6])))
            .line(format!("Digest file\t{}\tINVALID: not found", uri_of(&digest)))
            .gaps(&[Why::DigestMissing])
            .totals((11, 1), (0, 0), (12, 0)),
        resigned("field of the future", |text| text.replace("\"logFiles\"", "\"future\":{\"a\":[1]},\"logFiles\""), None),
        foreign_key(),
        restarted(),
        backfilled(),
    ]
}

/// A digest by a key that is not CloudTrail's.
fn foreign_key() -> Case {
    let thief = Signer::example(1).unwrap();
    let bucket = changed(|bucket, digests, _| {
        let mut chain = DigestChain::new(&trail(), ACCOUNT, REGION);
        let mut other = Bucket::empty(&[]);
        other.digest(&mut chain, START + 6 * HOUR, START + 7 * HOUR, &[], &thief);
        bucket.objects.insert(digests[6].clone(), other.objects[&digests[6]].clone());
    });
    let key = bucket.digests[6].clone();
    let tool = format!("public key not found in region us-east-1 for fingerprint {}", thief.fingerprint());
    case("foreign key", bucket).digest(&key, Fault::KeyForeign, Some(&tool)).gaps(&[Why::DigestInvalid]).totals((11, 1), (0, 0), (12, 0))
}

fn restarted() -> Case {
    let signer = Signer::example(0).unwrap();
    let mut bucket = Bucket::empty(&[&signer]);
    let mut chain = DigestChain::new(&trail(), ACCOUNT, REGION);
    (0..4).for_each(|at| bucket.hour(&mut chain, at, 1, &signer));
    chain.restart();
    (8..12).for_each(|at| bucket.hour(&mut chain, at, 1, &signer));
    bucket.now = START + HOURS * HOUR + HOUR / 2;
    let line = "No log files were delivered by CloudTrail between 2026-11-18T04:01:31Z and 2026-11-18T08:01:31Z";
    case("validation restarted", bucket).line(line.to_owned()).gaps(&[Why::ValidationRestarted])
}

fn backfilled() -> Case {
    let signer = Signer::example(0).unwrap();
    let mut bucket = Bucket::new(HOURS);
    let mut chain = DigestChain::backfill(&trail(), ACCOUNT, REGION);
    for at in [3, 5, 8] {
        let late = bucket.deliver(START + at * HOUR + 700, "late");
        bucket.digest(&mut chain, START + at * HOUR, START + (at + 1) * HOUR, &[late], &signer);
    }
    let key = bucket.digests[13].clone();
    bucket.objects.get_mut(&key).unwrap().metadata.insert("signature".into(), "ab".repeat(256));
    let late = bucket.logs[13].clone();
    // What only that digest lists is in none that is believed: the tool passes over it.
    let mut case = case("backfill digest with another signature", bucket).digest(&key, Fault::Signature, None);
    case.tool.push(format!("(backfill) Digest file\t{}\tINVALID: signature verification failed", uri_of(&key)));
    case.log(&late, Verdict::Unlisted, None).gaps(&[Why::DigestInvalid]).totals((12, 0), (2, 1), (14, 0))
}

/// Where the tool says less.
fn stricter() -> Vec<Case> {
    let clean = Bucket::new(HOURS);
    let (digest, log) = (clean.digests[6].clone(), log_key(START + 5 * HOUR, "forged"));
    let signature = clean.objects[&digest].metadata["signature"].clone();
    let metadata = |name: &str, value: String| {
        changed(|bucket, _, _| {
            bucket.objects.get_mut(&digest).unwrap().metadata.insert(name.to_owned(), value);
        })
    };
    let marks = clean.verifier().marks().unwrap();
    let headless = changed(|bucket, digests, _| {
        digests[9..].iter().for_each(|key| bucket.remove(key));
        bucket
            .logs
            .clone()
            .iter()
            .filter(|key| ["_h10n", "_h11n"].iter().any(|hour| key.contains(hour)))
            .for_each(|key| bucket.remove(key));
    });
    let run = changed(|bucket, digests, _| digests[4..7].iter().for_each(|key| bucket.remove(key)));
    let appended = changed(|bucket, _, _| bucket.objects.get_mut(&digest).unwrap().body.extend(gzip(b"{\"logFiles\":[]}")));
    vec![
        // A log in no digest.
        case("log added", changed(|bucket, _, _| bucket.put(&log, gzip(b"{\"Records\":[]}")))).log(&log, Verdict::Unlisted, None),
        // The newest digests deleted, and their logs with them.
        Case { marks, ..case("head cut", headless) }.gaps(&[Why::HeadCut]).totals((9, 0), (0, 0), (9, 0)),
        // Three deleted digests are one to the tool, as it goes on from the next that it finds; here their time is a gap.
        case("three digests deleted", run)
            .line(format!("Digest file\t{}\tINVALID: not found", uri_of(&digest)))
            .log(&clean.logs[3], Verdict::NotCovered, None)
            .log(&clean.logs[4], Verdict::NotCovered, None)
            .log(&clean.logs[5], Verdict::NotCovered, None)
            .gaps(&[Why::DigestMissing])
            .totals((9, 1), (0, 0), (9, 0)),
        // Bytes behind a digest.
        case("digest with a second member", appended).digest(&digest, Fault::TrailingData, None).gaps(&[Why::DigestInvalid]),
        // Spellings of metadata that CloudTrail does not use.
        case("signature in capitals", metadata("signature", signature.to_uppercase()))
            .digest(&digest, Fault::NoSignature, None)
            .gaps(&[Why::DigestInvalid]),
        case("other algorithm named", metadata("signature-algorithm", "SHA1withRSA".into()))
            .digest(&digest, Fault::Algorithm, None)
            .gaps(&[Why::DigestInvalid]),
        // Only AWS could sign the following; the tool looks at the name of the digest before, and at nothing else of it.
        resigned("key twice", |text| text.replacen('{', "{\"awsAccountId\":\"444455556666\",", 1), Some(Fault::Malformed)),
        resigned("other account", |text| text.replace("\"awsAccountId\":\"1111", "\"awsAccountId\":\"4444"), Some(Fault::OtherAccount)),
        resigned("other algorithm", |text| text.replace("SHA256withRSA", "SHA1withRSA"), Some(Fault::Algorithm)),
        resigned(
            "ends before it starts",
            |text| text.replace("StartTime\":\"2026-11-18T11", "StartTime\":\"2026-11-18T13"),
            Some(Fault::Malformed),
        ),
        mismatched(),
        apart(),
        late_key(),
    ]
}

/// The newest digest with another text, signed as AWS would.
fn resigned(name: &'static str, change: impl FnOnce(String) -> String, fault: Option<Fault>) -> Case {
    let signer = Signer::example(0).unwrap();
    let bucket = changed(|bucket, digests, _| bucket.resign(&digests[11], change, &signer));
    let (newest, logs) = (bucket.digests[11].clone(), bucket.logs[10..].to_vec());
    let Some(fault) = fault else { return case(name, bucket) };
    let case = case(name, bucket).digest(&newest, fault, None).gaps(&[Why::DigestInvalid]);
    logs.iter().fold(case, |case, log| case.log(log, Verdict::Pending, None))
}

/// Linked by name to a digest with other bytes than those linked to.
fn mismatched() -> Case {
    let signer = Signer::example(0).unwrap();
    let mut bucket = Bucket::empty(&[&signer]);
    let mut chain = DigestChain::new(&trail(), ACCOUNT, REGION);
    bucket.hour(&mut chain, 0, 1, &signer);
    let mut other = chain.clone();
    let listed = bucket.deliver(START + HOUR + 600, "listed");
    bucket.digest(&mut chain, START + HOUR, START + 2 * HOUR, std::slice::from_ref(&listed), &signer);
    (2..12).for_each(|at| bucket.hour(&mut chain, at, 0, &signer));
    let at = bucket.digests.len();
    bucket.digest(&mut other, START + HOUR, START + 2 * HOUR, &[], &signer);
    bucket.digests.truncate(at);
    bucket.now = START + HOURS * HOUR + HOUR / 2;
    case("linked to other bytes", bucket).log(&listed.key, Verdict::Unlisted, None).gaps(&[Why::LinkMismatch]).totals(
        (12, 0),
        (0, 0),
        (1, 0),
    )
}

fn apart() -> Case {
    let signer = Signer::example(0).unwrap();
    let mut bucket = Bucket::empty(&[&signer]);
    let mut chain = DigestChain::new(&trail(), ACCOUNT, REGION);
    bucket.digest(&mut chain, START, START + HOUR, &[], &signer);
    (1..12)
        .for_each(|at| bucket.digest(&mut chain, START + at * HOUR + if at == 6 { 900 } else { 0 }, START + (at + 1) * HOUR, &[], &signer));
    bucket.now = START + HOURS * HOUR + HOUR / 2;
    case("times that do not adjoin", bucket).gaps(&[Why::TimesApart])
}

/// A key that became valid after some of its digests were made.
fn late_key() -> Case {
    let signer = Signer::example(0).unwrap();
    let mut bucket = changed(|_, _, _| {});
    bucket.keys = digest::PublicKeys::default();
    let valid_from = micros(START + 9 * HOUR);
    let key = digest::PublicKey { der: signer.public_key().to_vec(), valid_from, valid_until: micros(START + 1000 * HOUR) };
    bucket.keys.add(REGION, signer.fingerprint(), key).unwrap();
    let early: Vec<String> = bucket.digests[..6].to_vec();
    let logs: Vec<String> = bucket.logs.iter().filter(|key| (0..6).any(|hour| key.contains(&format!("_h{hour}n")))).cloned().collect();
    let mut case = case("key of a later time", bucket);
    for key in &early {
        case = case.digest(key, Fault::KeyNotValid, None);
    }
    for key in &logs {
        case = case.log(key, Verdict::NotCovered, None);
    }
    case.gaps(&[Why::DigestInvalid])
}

#[test]
fn verdicts_agree_with_the_tool_but_where_said() {
    let cases: Vec<Case> = [agreeing(), stricter()].into_iter().flatten().collect();
    for case in &cases {
        check_ours(case);
    }
    let folder = tempfile::tempdir().unwrap();
    let mut written = Vec::new();
    for (at, case) in cases.iter().enumerate() {
        written.push(write(case, at, folder.path()));
    }
    std::fs::write(folder.path().join("cases.json"), Value::from(written).to_string()).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/validate_logs.py");
    let asked = run(Command::new(python()).arg(script).arg(folder.path()));
    assert_eq!(String::from_utf8_lossy(&asked.stdout).matches(": as expected\n").count(), cases.len());
}

/// The interpreter of an environment that has the tool.
fn python() -> PathBuf {
    let below = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let made = below.join(TOOL);
    let python = made.join("bin/python");
    if !python.exists() {
        let making = below.join(format!("{TOOL}-{}", std::process::id()));
        run(Command::new("python3").args(["-m", "venv"]).arg(&making));
        run(Command::new(making.join("bin/python")).args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", TOOL]));
        if std::fs::rename(&making, &made).is_err() {
            // Another process was first.
            std::fs::remove_dir_all(&making).unwrap();
        }
    }
    python
}

fn run(command: &mut Command) -> Output {
    let done = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}; this test needs python3 with venv"));
    let said = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command:?}: {said}");
    done
}

#[track_caller]
fn check_ours(case: &Case) {
    let outcome = case.bucket.verify_after(case.marks.clone());
    let Ours { mut digests, mut logs, gaps } = case.ours.clone();
    digests.sort();
    logs.sort();
    let found: Vec<(String, Fault)> = outcome.digests.iter().map(|(uri, fault, _)| (uri.clone(), *fault)).collect();
    assert_eq!(found, digests, "{}", case.name);
    let mut found: Vec<(String, Verdict)> = outcome.logs.iter().map(|(uri, _, verdict)| (uri.clone(), *verdict)).collect();
    found.retain(|(_, verdict)| *verdict != Verdict::Verified);
    found.sort();
    // What an invalid or missing digest would have listed has no digest then.
    assert_eq!(found, logs, "{}", case.name);
    let ends = [Why::BeforeFirstDigest, Why::DigestPending, Why::NoNewerDigest];
    let found: Vec<Why> = outcome.gaps().iter().map(|gap| gap.why).filter(|why| !ends.contains(why)).collect();
    assert_eq!(found, gaps, "{}", case.name);
}

/// Writes a case as the script reads it.
fn write(case: &Case, at: usize, folder: &Path) -> Value {
    let mut bucket = BTreeMap::new();
    let mut metadata = BTreeMap::new();
    for (number, (key, Stored { body, metadata: of_object, .. })) in case.bucket.objects.iter().enumerate() {
        let name = format!("{at}-{number}");
        std::fs::write(folder.join(&name), body).unwrap();
        bucket.insert(format!("{BUCKET}/{key}"), name);
        metadata.insert(format!("{BUCKET}/{key}"), of_object.clone());
    }
    let keys: Value = serde_json::from_str(&case.bucket.keys.to_json()).unwrap();
    let public_keys: Vec<Value> = keys["public_keys"].as_array().unwrap().iter().map(public_key).collect();
    let time = |hours: i64| event::time::rfc3339(micros(START + hours * HOUR));
    let arn = format!("arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/my_trail");
    let (from, until) = (time(0), time(HOURS));
    let arguments = ["--trail-arn", &arn, "--start-time", &from, "--end-time", &until, "--s3-bucket", BUCKET];
    let mut lines = case.tool.clone();
    lines.sort();
    let invalid = case.totals.iter().any(|(_, invalid)| *invalid > 0);
    let totals: Vec<String> =
        case.totals.iter().zip(["digest", "backfill digest", "log"]).filter_map(|(total, kind)| ratio(*total, kind)).collect();
    let expected = json!({"exit": i32::from(invalid), "wrong": lines, "totals": totals});
    json!({"name": case.name, "bucket": bucket, "metadata": metadata, "arguments": arguments, "region": REGION, "public_keys": public_keys, "expected": expected})
}

fn public_key(key: &Value) -> Value {
    let seconds = |name: &str| event::time::micros(key[name].as_str().unwrap()).unwrap() / 1_000_000;
    let (start, end) = (seconds("validity_start_time"), seconds("validity_end_time"));
    json!({"Value": key["value"], "Fingerprint": key["fingerprint"], "ValidityStartTime": start, "ValidityEndTime": end})
}

/// As the tool prints its counts.
fn ratio((valid, invalid): (u64, u64), kind: &str) -> Option<String> {
    let total = valid + invalid;
    let bad = if invalid > 0 { format!(", {invalid}/{total} {kind} files INVALID") } else { String::new() };
    (total > 0).then(|| format!("{valid}/{total} {kind} files valid{bad}"))
}
