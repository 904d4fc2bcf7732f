//! Order, repetition, interruption and the size of memory change no verdict; no bytes make the verifier panic.

use std::collections::BTreeMap;

use digest::{DigestObject, LogFact, PublicKeys, Verifier};
use proptest::prelude::*;
use simulate::{DigestChain, Signer};

use crate::bucket::{ACCOUNT, Bucket, HOUR, Outcome, REGION, START, add, gzip, log_key, micros, trail};

/// What may have been done to a bucket.
#[derive(Debug, Clone)]
enum Deed {
    Delete(usize),
    Change(usize, usize),
    Swap(usize, usize),
    Forge(i64),
    Copy(usize, i64),
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        any::<usize>().prop_map(Deed::Delete),
        (any::<usize>(), any::<usize>()).prop_map(|(object, at)| Deed::Change(object, at)),
        (any::<usize>(), any::<usize>()).prop_map(|(one, other)| Deed::Swap(one, other)),
        (-200i64..3200).prop_map(Deed::Forge),
        (any::<usize>(), -5i64..60).prop_map(|(object, hour)| Deed::Copy(object, hour)),
    ];
    prop::collection::vec(deed, 0..8)
}

fn done(deeds: &[Deed]) -> Bucket {
    let signer = Signer::example(0).unwrap();
    let mut bucket = Bucket::new(30);
    let mut chain = DigestChain::backfill(&trail(), ACCOUNT, REGION);
    for at in [4, 9] {
        let late = bucket.deliver(START + at * HOUR + 700, "late");
        bucket.digest(&mut chain, START + at * HOUR, START + (at + 1) * HOUR, &[late], &signer);
    }
    for deed in deeds {
        let keys: Vec<String> = bucket.objects.keys().cloned().collect();
        let pick = |at: &usize| keys[at % keys.len()].clone();
        match deed {
            Deed::Delete(at) => bucket.remove(&pick(at)),
            Deed::Change(object, at) => {
                let stored = bucket.objects.get_mut(&pick(object)).unwrap();
                let at = at % stored.body.len();
                stored.body[at] ^= 0x10;
            }
            Deed::Swap(one, other) => {
                let (one, other) = (pick(one), pick(other));
                let (first, second) = (bucket.objects[&one].clone(), bucket.objects[&other].clone());
                bucket.objects.insert(one, second);
                bucket.objects.insert(other, first);
            }
            Deed::Forge(minute) => bucket.put(&log_key(START + minute * 60, "forged"), gzip(b"{\"Records\":[]}")),
            Deed::Copy(object, hour) => {
                let copy = bucket.objects[&pick(object)].clone();
                let time = event::time::rfc3339(micros(START + hour * HOUR));
                let (day, stamp) = (time[..10].replace('-', "/"), time.replace(['-', ':'], ""));
                let key = format!(
                    "AWSLogs/{ACCOUNT}/CloudTrail-Digest/{REGION}/{day}/{ACCOUNT}_CloudTrail-Digest_{REGION}_my_trail_us-east-1_{stamp}.json.gz"
                );
                bucket.objects.insert(key, copy);
            }
        }
    }
    bucket
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Any order, any number of runs, each object as often as one likes, a memory of a few objects: the same outcome.
    #[test]
    fn parts_in_any_order_say_what_the_whole_says(deeds in deeds(), seed: u64, entries_max in 1usize..60, runs in 1usize..6) {
        let bucket = done(&deeds);
        let whole = bucket.verify();
        let mut order: Vec<(u64, &String)> = bucket.objects.keys().enumerate().map(|(at, key)| (mix(seed, at as u64), key)).collect();
        order.extend(order.clone().into_iter().filter(|(mixed, _)| mixed % 5 == 0).map(|(mixed, key)| (mix(mixed, 1), key)));
        order.sort();
        let mut pages = BTreeMap::new();
        let mut partial = Vec::new();
        for (run, part) in order.chunks(order.len().div_ceil(runs).max(1)).enumerate() {
            let mut verifier = Verifier::with_entries_max(pages, bucket.keys.clone(), entries_max);
            if run == 0 {
                verifier.listed("s3://example-trail/", micros(bucket.now)).unwrap();
            }
            for (_, key) in part {
                add(&mut verifier, key, &bucket.objects[*key]);
            }
            if run % 2 == 0 {
                partial.push(bucket.report(&mut verifier));
            }
            verifier.flush().unwrap();
            pages = verifier.into_pages();
        }
        let mut verifier = Verifier::with_entries_max(pages, bucket.keys.clone(), entries_max);
        if order.is_empty() {
            verifier.listed("s3://example-trail/", micros(bucket.now)).unwrap();
        }
        prop_assert_eq!(bucket.report(&mut verifier), whole.clone());
        // What a digest proved stays proved.
        for outcome in partial {
            let proved = |outcome: &Outcome| outcome.logs.iter().filter(|log| log.2 == digest::Verdict::Verified).cloned().collect::<std::collections::BTreeSet<_>>();
            prop_assert!(proved(&outcome).is_subset(&proved(&whole)));
        }
    }

    /// A key that comes after its digests heals them.
    #[test]
    fn late_keys_change_nothing_but_the_time_of_belief(seed: u64) {
        let bucket = Bucket::new(12);
        let mut verifier = Verifier::new(BTreeMap::new(), PublicKeys::default());
        verifier.listed("s3://", micros(bucket.now)).unwrap();
        let keys: Vec<&String> = bucket.objects.keys().collect();
        keys.iter().for_each(|key| { add(&mut verifier, key, &bucket.objects[*key]); });
        let before = bucket.report(&mut verifier);
        prop_assert_eq!(before.report.tally.verified, 0);
        prop_assert!(before.gaps().iter().all(|gap| gap.why == digest::Why::KeyUnknown));
        verifier.keys_mut().add_json(bucket.keys.to_json().as_bytes()).unwrap();
        let mut order: Vec<usize> = (0..keys.len()).collect();
        order.sort_by_key(|at| mix(seed, *at as u64));
        for at in order.into_iter().filter(|at| keys[*at].contains("Digest")) {
            prop_assert_eq!(add(&mut verifier, keys[at], &bucket.objects[keys[at]]), None);
        }
        prop_assert_eq!(bucket.report(&mut verifier), bucket.verify());
    }

    #[test]
    fn any_bytes_anywhere_are_taken(uri in "(s3://)?[a-zA-Z0-9/_.日-]{0,80}", tail in "[ -~]{0,40}", bytes in prop::collection::vec(any::<u8>(), 0..300), text in "\\PC{0,40}", day in any::<i64>()) {
        let mut verifier = Verifier::new(BTreeMap::new(), PublicKeys::default());
        for uri in [uri.clone(), format!("s3://b/AWSLogs/111122223333/CloudTrail-Digest/{tail}"), format!("s3://b/AWSLogs/o-1/111122223333/CloudTrail/{tail}")] {
            verifier.listed(&uri, day).unwrap();
            let (signature, stamp) = (Some(text.as_str()), Some(tail.as_str()));
            let object = DigestObject { uri: &uri, bytes: &bytes, signature, signature_algorithm: signature, backfill_generation_timestamp: stamp };
            prop_assert!(verifier.digest(object).unwrap().is_some());
            verifier.log(LogFact { uri: &uri, sha256: None, modified: Some(day) }).unwrap();
        }
        let mut outcome = Outcome::default();
        let ask = digest::Ask { now: micros(START), from: Some(day.min(micros(START))), until: micros(START) };
        outcome.report = verifier.report(ask, &mut outcome).unwrap();
        prop_assert!(outcome.logs.iter().all(|log| log.2 == digest::Verdict::NotCovered));
    }
}

fn mix(seed: u64, at: u64) -> u64 {
    let mut mixed = seed ^ at.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ (mixed >> 31)
}
