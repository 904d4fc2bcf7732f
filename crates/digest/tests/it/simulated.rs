//! A simulated organisation's bucket: every account and region has a chain, and every log of an hour that is over is verified.

use std::collections::BTreeMap;

use digest::{Ask, DigestObject, LogFact, PublicKey, PublicKeys, Sha256, Verdict, Verifier, Why};
use simulate::{Delivered, Loss, Plan, Signer};

use crate::bucket::Outcome;

#[test]
fn organisation_trail_is_whole_in_every_account_and_region() {
    let now = event::time::micros("2026-11-20T06:00:00Z").unwrap();
    let plan = Plan { seed: 5, events: 4000, until: "2026-11-20T06:00:00Z".parse().unwrap(), days: 2, loss: Loss::None, hostile: true };
    let signer = Signer::example(0).unwrap();
    let mut objects = Vec::new();
    let ledger = simulate::run_with_digests(&plan, "example-trail", &signer, &mut |object| objects.push(object)).unwrap();
    let mut keys = PublicKeys::default();
    for region in ["ap-northeast-1", "us-east-1", "ap-northeast-3"] {
        let key = PublicKey { der: signer.public_key().to_vec(), valid_from: 0, valid_until: now };
        keys.add(region, signer.fingerprint(), key).unwrap();
    }
    let mut verifier = Verifier::new(BTreeMap::new(), keys);
    verifier.listed("s3://example-trail/AWSLogs/", now).unwrap();
    let mut logs = 0;
    for object in &objects {
        match object {
            Delivered::Log(log) => {
                logs += 1;
                let sha256 = Sha256::of(&event::gunzip::gunzip(&log.body).unwrap());
                let uri = format!("s3://example-trail/{}", log.key);
                verifier.log(LogFact { uri: &uri, sha256: Some(sha256), modified: None }).unwrap();
            }
            Delivered::Digest(digest) => {
                let metadata: BTreeMap<&str, &str> = digest.metadata.iter().map(|(name, value)| (*name, value.as_str())).collect();
                let fault = verifier.digest(DigestObject {
                    uri: &format!("s3://{}/{}", digest.bucket, digest.key),
                    bytes: &digest.body,
                    signature: metadata.get("signature").copied(),
                    signature_algorithm: metadata.get("signature-algorithm").copied(),
                    backfill_generation_timestamp: None,
                });
                assert_eq!(fault.unwrap(), None);
            }
        }
    }
    let mut outcome = Outcome::default();
    outcome.report = verifier.report(Ask { now, from: None, until: now }, &mut outcome).unwrap();
    let (report, tally) = (&outcome.report, outcome.report.tally);
    assert!(outcome.logs.iter().all(|(.., verdict)| matches!(verdict, Verdict::Verified | Verdict::Pending)));
    assert_eq!((tally.verified + tally.pending, tally.missing + tally.not_read + tally.digests_refused), (logs, 0));
    assert!(tally.pending > 0 && tally.pending * 20 < logs, "{tally:?}");
    let places = ledger.organisation.accounts.len() * 3;
    assert_eq!((report.coverage.len(), report.chains.len(), tally.digests), (places, places, places as u64 * 48));
    for coverage in &report.coverage {
        assert_eq!(coverage.gaps.iter().map(|gap| gap.why).collect::<Vec<_>>(), [Why::BeforeFirstDigest, Why::DigestPending]);
        assert!(coverage.complete(now - 40 * 3_600_000_000, now - 2 * 3_600_000_000));
    }
}
