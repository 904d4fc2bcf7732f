//! Pages that several writers share, and verdicts on some objects alone.

use std::collections::BTreeMap;

use digest::{LogFact, Sha256, Verdict, Verifier, merge};
use proptest::prelude::*;

use crate::bucket::{Bucket, HOUR, START, add, log_key, micros, uri_of};

type Pages = BTreeMap<String, Vec<u8>>;

fn union(one: &Pages, other: &Pages) -> Pages {
    let names = one.keys().chain(other.keys());
    let merged = |name: &String| merge(name, [one, other].iter().filter_map(|pages| pages.get(name)).map(Vec::as_slice)).unwrap();
    names.map(|name| (name.clone(), merged(name))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Whatever each of two writers saw, what they merge is what one would have noted who saw it all; in either order, and twice.
    #[test]
    fn writers_who_know_nothing_of_each_other_merge_to_one(split in prop::collection::vec(0u8..4, 60), listed in any::<bool>()) {
        let bucket = Bucket::new(30);
        let write = |bit: u8, listed: bool| {
            let mut verifier = Verifier::new(Pages::new(), bucket.keys.clone());
            if listed {
                verifier.listed("s3://", micros(bucket.now)).unwrap();
            }
            for (at, (key, stored)) in bucket.objects.iter().enumerate() {
                if split[at % split.len()] & bit != 0 || split[at % split.len()] == 0 && bit == 1 {
                    add(&mut verifier, key, stored);
                }
            }
            verifier.flush().unwrap();
            verifier.into_pages()
        };
        let (one, other) = (write(1, true), write(2, listed));
        let (merged, back) = (union(&one, &other), union(&other, &one));
        prop_assert_eq!(&merged, &back);
        prop_assert_eq!(&union(&merged, &one), &merged);
        let mut verifier = Verifier::new(merged, bucket.keys.clone());
        prop_assert_eq!(bucket.report(&mut verifier), bucket.verify());
    }
}

#[test]
fn pages_of_no_such_name_or_of_another_kind_do_not_merge() {
    for (name, page) in [("keys-0", &b"{}"[..]), ("logs-0", b"[]"), ("scope-0", b"{"), ("", b"{}")] {
        assert!(merge(name, [page]).is_err(), "{name}");
    }
    assert!(merge("logs-0", []).is_ok());
}

/// Each object's verdict alone is that of the report, at any time, whether it was noted or not.
#[test]
fn objects_are_judged_alone_as_in_the_report() {
    let mut bucket = Bucket::new(60);
    let altered = bucket.logs[10].clone();
    bucket.put(&altered, b"{\"Records\":[]}".to_vec());
    for (made, suffix) in
        [(START + 5 * HOUR, "old"), (START + 59 * HOUR + 1800, "late"), (START + 60 * HOUR + 60, "new"), (START - 9 * HOUR, "early")]
    {
        bucket.put(&log_key(made, suffix), b"{\"Records\":[1]}".to_vec());
    }
    bucket.put("stray.json", b"{}".to_vec());
    let digest_gone = bucket.digests[40].clone();
    bucket.remove(&digest_gone);
    for later in [0, 3 * HOUR, 9 * HOUR] {
        bucket.now = START + 60 * HOUR + HOUR / 2 + later;
        let outcome = bucket.verify();
        let facts: Vec<(String, Option<Sha256>, Verdict)> =
            outcome.logs.iter().filter(|(.., verdict)| *verdict != Verdict::Missing).cloned().collect();
        assert!(facts.len() > 50);
        let asked: Vec<LogFact<'_>> = facts.iter().map(|(uri, sha256, _)| LogFact { uri, sha256: *sha256, modified: None }).collect();
        let verdicts = bucket.verifier().judge(&asked, micros(bucket.now)).unwrap();
        for ((uri, _, expected), verdict) in facts.iter().zip(verdicts) {
            assert_eq!(verdict, *expected, "{uri} {later}");
        }
        // One that no run noted.
        let unknown = uri_of(&log_key(START + 7 * HOUR, "other"));
        let fact = LogFact { uri: &unknown, sha256: Some(Sha256::of(b"x")), modified: None };
        assert_eq!(bucket.verifier().judge(&[fact], micros(bucket.now)).unwrap(), [Verdict::Unlisted]);
    }
}
