//! Digests deleted, swapped, replayed, forged, forked, restarted and moved: which time is no longer vouched for, and why.

use digest::{ChainId, Fault, Gap, Mark, PublicKey, Scope, Verdict, Why};
use simulate::{DigestChain, ListedLog, Signer, Trail};

use crate::bucket::{ACCOUNT, BUCKET, Bucket, HOUR, REGION, START, add, gzip, keys_of, micros, trail, uri_of};

const HOURS: i64 = 48;

fn hour(at: i64) -> i64 {
    micros(START + at * HOUR)
}

/// Where and why the log is not known to be whole.
fn gaps(bucket: &Bucket, marks: Vec<Mark>) -> Vec<(Option<i64>, i64, Why)> {
    bucket.verify_after(marks).gaps().iter().map(|gap| (gap.from, gap.until, gap.why)).collect()
}

fn before_first() -> (Option<i64>, i64, Why) {
    (None, hour(0), Why::BeforeFirstDigest)
}

fn pending(from: i64) -> (Option<i64>, i64, Why) {
    (Some(hour(from)), hour(from) + micros(HOUR / 2), Why::DigestPending)
}

fn marks(bucket: &Bucket) -> Vec<Mark> {
    bucket.verifier().marks().unwrap()
}

#[test]
fn untouched_bucket_is_whole() {
    let bucket = Bucket::new(HOURS);
    let outcome = bucket.verify_after(marks(&bucket));
    assert!(outcome.logs.iter().all(|(_, hash, verdict)| hash.is_some() && *verdict == Verdict::Verified));
    assert_eq!((outcome.logs.len(), outcome.digests.len()), (bucket.logs.len(), 0));
    assert_eq!(gaps(&bucket, marks(&bucket)), [before_first(), pending(HOURS)]);
    let [coverage] = &outcome.report.coverage[..] else { panic!("{:?}", outcome.report.coverage) };
    assert_eq!(coverage.spans, [(hour(0), hour(HOURS))]);
    assert!(coverage.complete(hour(0), hour(47)) && !coverage.complete(hour(0) - 1, hour(47)));
    // Records of the last minutes may still be on their way.
    assert!(!coverage.complete(hour(0), hour(HOURS)));
    let [chain] = &outcome.report.chains[..] else { panic!("{:?}", outcome.report.chains) };
    assert_eq!((chain.digests, chain.newest_end, chain.starts.len()), (48, Some(hour(HOURS)), 1));
}

/// Every run of digests that somebody could delete.
#[test]
fn any_deleted_run_is_a_gap_of_exactly_its_time() {
    let bucket = Bucket::new(HOURS);
    let all = marks(&bucket);
    for from in 0..HOURS {
        let lengths = if from % 6 == 0 { 1..=HOURS - from } else { 1..=(HOURS - from).min(2) };
        for length in lengths {
            let mut cut = bucket.clone();
            (from..from + length).for_each(|at| cut.remove(&bucket.digests[at as usize]));
            let until = from + length;
            let expected = match (from, until) {
                (0, HOURS) => vec![(Some(hour(0)), hour(HOURS), Why::HeadCut), pending(HOURS)],
                (0, _) => vec![(None, hour(until), Why::DigestMissing), pending(HOURS)],
                (_, HOURS) => vec![before_first(), (Some(hour(from)), hour(HOURS), Why::HeadCut), pending(HOURS)],
                _ => vec![before_first(), (Some(hour(from)), hour(until), Why::DigestMissing), pending(HOURS)],
            };
            assert_eq!(gaps(&cut, all.clone()), expected, "{from} to {until}");
            let outcome = cut.verify_after(all.clone());
            for log in &bucket.logs {
                let of_cut = (from..until).any(|at| log.contains(&format!("_h{at}n")));
                assert_eq!(outcome.verdicts(log) == [Verdict::Verified], !of_cut, "{from} to {until}: {log}");
            }
        }
    }
}

/// Two holes are two.
#[test]
fn deleted_pairs_are_gaps_of_their_own() {
    let bucket = Bucket::new(HOURS);
    for (one, other) in [(3, 5), (3, 30), (10, 45), (22, 24)] {
        let mut cut = bucket.clone();
        [one, other].iter().for_each(|at| cut.remove(&bucket.digests[*at as usize]));
        let missing = |at| (Some(hour(at)), hour(at + 1), Why::DigestMissing);
        assert_eq!(gaps(&cut, Vec::new()), [before_first(), missing(one), missing(other), pending(HOURS)]);
    }
}

#[test]
fn cut_head_shows_by_the_mark_and_without_one_by_what_is_overdue() {
    let bucket = Bucket::new(HOURS);
    for cut_hours in 1..12 {
        let mut cut = bucket.clone();
        (HOURS - cut_hours..HOURS).for_each(|at| cut.remove(&bucket.digests[at as usize]));
        let from = HOURS - cut_hours;
        let without = gaps(&cut, Vec::new());
        // One hour may be late; two are not.
        let why = if cut_hours == 1 { Why::DigestPending } else { Why::NoNewerDigest };
        assert_eq!(without, [before_first(), (Some(hour(from)), micros(cut.now), why)]);
        let with = gaps(&cut, marks(&bucket));
        assert_eq!(with, [before_first(), (Some(hour(from)), hour(HOURS), Why::HeadCut), pending(HOURS)]);
    }
    // All digests gone, and their logs with them.
    let mut bare = bucket.clone();
    bare.objects.clear();
    assert_eq!(gaps(&bare, marks(&bucket)), [(Some(hour(0)), hour(HOURS), Why::HeadCut), pending(HOURS)]);
    // Something put where a later digest would be hides nothing.
    for later in ["2026/11/20", "2099/12/31"] {
        let mut hidden = bucket.clone();
        hidden.remove(&bucket.digests[47]);
        let key = bucket.digests[47].replace("2026/11/20", later).replace("20261120T00", &format!("{}T23", later.replace('/', "")));
        hidden.objects.insert(key.clone(), bucket.objects[&bucket.digests[46]].clone());
        let outcome = hidden.verify_after(marks(&bucket));
        assert!(outcome.digests.contains(&(uri_of(&key), Fault::Moved, false)), "{key}");
        let head = (Some(hour(47)), hour(48), Why::HeadCut);
        assert!(outcome.gaps().iter().any(|gap| (gap.from, gap.until, gap.why) == head), "{key}");
    }
    // A trail that stopped is not cut: it goes on being overdue.
    let mut later = bucket;
    later.now += 100 * HOUR;
    assert_eq!(gaps(&later, marks(&later)), [before_first(), (Some(hour(HOURS)), micros(later.now), Why::NoNewerDigest)]);
}

#[test]
fn chain_start_is_told_from_a_cut_tail_and_a_tail_not_read() {
    let bucket = Bucket::new(HOURS);
    let mut cut = bucket.clone();
    cut.remove(&bucket.digests[0]);
    assert_eq!(cut.verify().report.chains[0].starts, []);
    assert_eq!(gaps(&cut, Vec::new())[0], (None, hour(1), Why::DigestMissing));
    // Without a listing nothing can be called missing.
    let mut verifier = digest::Verifier::new(std::collections::BTreeMap::new(), bucket.keys.clone());
    cut.objects.iter().for_each(|(key, stored)| assert_eq!(add(&mut verifier, key, stored), None));
    let outcome = cut.report(&mut verifier);
    assert_eq!(outcome.gaps()[0].why, Why::DigestNotRead);
    // One that lists another folder, or was made before, does not help either.
    for (prefix, at) in [(format!("s3://{BUCKET}/AWSLogs/{ACCOUNT}/CloudTrail/"), micros(cut.now)), (format!("s3://{BUCKET}/"), hour(0))] {
        verifier.listed(&prefix, at).unwrap();
        assert_eq!(cut.report(&mut verifier).gaps()[0].why, Why::DigestNotRead, "{prefix}");
    }
    verifier.listed(&format!("s3://{BUCKET}/AWSLogs/{ACCOUNT}/CloudTrail-Digest/{REGION}/2026/11/18/"), micros(cut.now)).unwrap();
    assert_eq!(cut.report(&mut verifier).gaps()[0].why, Why::DigestMissing);
}

#[test]
fn restarted_validation_is_a_gap_but_no_tampering() {
    let signer = Signer::example(0).unwrap();
    let mut bucket = Bucket::empty(&[&signer]);
    let mut chain = DigestChain::new(&trail(), ACCOUNT, REGION);
    (0..5).for_each(|at| bucket.hour(&mut chain, at, 1, &signer));
    chain.restart();
    bucket.deliver(START + 7 * HOUR, "unwatched");
    (10..20).for_each(|at| bucket.hour(&mut chain, at, 1, &signer));
    bucket.now = START + 20 * HOUR + HOUR / 2;
    let outcome = bucket.verify();
    assert_eq!(gaps(&bucket, marks(&bucket)), [before_first(), (Some(hour(5)), hour(10), Why::ValidationRestarted), pending(20)]);
    assert_eq!(outcome.report.chains[0].starts.iter().map(|start| start.at).collect::<Vec<_>>(), [hour(0), hour(10)]);
    let unwatched = bucket.logs.iter().find(|key| key.contains("unwatched")).unwrap();
    assert_eq!(outcome.verdicts(unwatched), [Verdict::NotCovered]);
    assert!(outcome.gaps().iter().all(|gap| !gap.why.is_tampering()));
    assert_eq!(outcome.report.coverage[0].spans, [(hour(0), hour(5)), (hour(10), hour(20))]);
}

#[test]
fn swapped_and_replayed_digests_are_not_believed() {
    let bucket = Bucket::new(HOURS);
    for (one, other) in [(3usize, 4usize), (0, 47), (10, 34), (46, 47)] {
        for with_metadata in [true, false] {
            let mut swapped = bucket.clone();
            let (first, second) = (bucket.objects[&bucket.digests[one]].clone(), bucket.objects[&bucket.digests[other]].clone());
            let (mut at_first, mut at_second) = (second.clone(), first.clone());
            if !with_metadata {
                (at_first.metadata, at_second.metadata) = (first.metadata, second.metadata);
            }
            swapped.objects.insert(bucket.digests[one].clone(), at_first);
            swapped.objects.insert(bucket.digests[other].clone(), at_second);
            let outcome = swapped.verify();
            let faults: Vec<(String, Fault)> = outcome.digests.iter().map(|(uri, fault, _)| (uri.clone(), *fault)).collect();
            assert_eq!(faults, [one, other].map(|at| (uri_of(&bucket.digests[at]), Fault::Moved)));
            let invalid: Vec<Gap> = outcome.breaks().into_iter().filter(|gap| gap.why == Why::DigestInvalid).collect();
            let hours = |gap: &Gap| gap.until.min(hour(HOURS)) - gap.from.map_or(hour(0), |from| from.max(hour(0)));
            assert_eq!(invalid.iter().map(hours).sum::<i64>(), micros(2 * HOUR), "{invalid:?}");
        }
    }
    // An old digest in the place of each newer one, as a whole, its metadata too.
    for at in 1..HOURS as usize {
        let mut replayed = bucket.clone();
        replayed.objects.insert(bucket.digests[at].clone(), bucket.objects[&bucket.digests[at - 1]].clone());
        let outcome = replayed.verify();
        assert!(outcome.digests.contains(&(uri_of(&bucket.digests[at]), Fault::Moved, false)));
        assert!(outcome.gaps().iter().any(|gap| gap.why == Why::DigestInvalid && gap.from == Some(hour(at as i64))));
    }
    // One more beside the real ones: for a time yet to come, under another trail's name, in another folder.
    let key = &bucket.digests[5];
    for copy in [
        key.replace("T060131Z", "T063131Z"),
        key.replace("my_trail", "other_trail"),
        key.replace("2026/11/18", "2026/11/19"),
        format!("copy/{key}"),
        key.replace(".json.gz", "_backfill.json.gz"),
    ] {
        assert_ne!(copy, *key);
        let mut added = bucket.clone();
        added.objects.insert(copy.clone(), bucket.objects[key].clone());
        let outcome = added.verify();
        let faults: Vec<&(String, Fault, bool)> = outcome.digests.iter().collect();
        assert_eq!(faults, [&(uri_of(&copy), Fault::Moved, false)]);
        let clean = bucket.verify();
        assert_eq!((outcome.logs, outcome.report.tally.digests), (clean.logs, clean.report.tally.digests), "{copy}");
        let covered = |outcome: &crate::bucket::Outcome| outcome.report.coverage[0].spans.clone();
        assert_eq!(covered(&added.verify()), covered(&bucket.verify()), "{copy}");
    }
}

#[test]
fn digests_by_other_keys_are_not_believed() {
    let (signer, thief) = (Signer::example(0).unwrap(), Signer::example(1).unwrap());
    // The thief's digest lists a forged log, at the place of the real one.
    for known in [true, false] {
        let mut bucket = Bucket::new(10);
        bucket.keys = keys_of(&[&signer]);
        if !known {
            bucket.keys = digest::PublicKeys::default();
            let key = PublicKey { der: signer.public_key().to_vec(), valid_from: 0, valid_until: micros(START + 1000 * HOUR) };
            bucket.keys.add(REGION, signer.fingerprint(), key).unwrap();
        }
        let mut chain = DigestChain::new(&trail(), ACCOUNT, REGION);
        let forged = bucket.deliver(START + 3 * HOUR + 60, "forged");
        let mut other = Bucket::empty(&[]);
        (0..3).for_each(|at| other.hour(&mut chain, at, 0, &signer));
        other.digest(&mut chain, START + 3 * HOUR, START + 4 * HOUR, &[forged], &thief);
        bucket.objects.insert(bucket.digests[3].clone(), other.objects[&other.digests[3]].clone());
        let outcome = bucket.verify();
        let (fault, why) = if known { (Fault::KeyForeign, Why::DigestInvalid) } else { (Fault::KeyUnknown, Why::KeyUnknown) };
        assert!(outcome.digests.contains(&(uri_of(&bucket.digests[3]), fault, false)));
        assert!(outcome.gaps().iter().any(|gap| (gap.from, gap.until, gap.why) == (Some(hour(3)), hour(4), why)));
        let forged = bucket.logs.iter().find(|key| key.contains("forged")).unwrap();
        assert_eq!(outcome.verdicts(forged), [Verdict::NotCovered]);
    }
}

#[test]
fn keys_count_at_their_time_and_in_their_region() {
    let (first, second) = (Signer::example(0).unwrap(), Signer::example(1).unwrap());
    let mut bucket = Bucket::empty(&[]);
    let mut chain = DigestChain::new(&trail(), ACCOUNT, REGION);
    (0..5).for_each(|at| bucket.hour(&mut chain, at, 1, &first));
    (5..10).for_each(|at| bucket.hour(&mut chain, at, 1, &second));
    bucket.now = START + 10 * HOUR + HOUR / 2;
    let key = |signer: &Signer, valid_from, valid_until| PublicKey { der: signer.public_key().to_vec(), valid_from, valid_until };
    let faults = |region: &str, one: PublicKey, other: PublicKey| {
        let mut bucket = bucket.clone();
        bucket.keys = digest::PublicKeys::default();
        bucket.keys.add(region, first.fingerprint(), one).unwrap();
        bucket.keys.add(region, second.fingerprint(), other).unwrap();
        bucket.verify().digests.into_iter().map(|(_, fault, _)| fault).collect::<Vec<_>>()
    };
    // Keys change at the sixth hour; digests of an hour are signed up to two later.
    assert_eq!(faults(REGION, key(&first, 0, hour(5)), key(&second, hour(5), hour(90))), []);
    assert_eq!(faults(REGION, key(&first, 0, hour(4)), key(&second, hour(8), hour(90))), []);
    assert_eq!(faults(REGION, key(&first, 0, hour(4) - 1), key(&second, hour(8) + 1, hour(90))), [Fault::KeyNotValid; 2]);
    assert_eq!(faults("eu-west-2", key(&first, 0, hour(90)), key(&second, 0, hour(90))), [Fault::KeyUnknown; 10]);
    // The other's key under this one's fingerprint, and no key at all.
    assert_eq!(faults(REGION, key(&second, 0, hour(90)), key(&second, 0, hour(90))), [Fault::Signature; 5]);
    let junk = PublicKey { der: b"junk".to_vec(), valid_from: 0, valid_until: hour(90) };
    assert_eq!(faults(REGION, junk, key(&second, 0, hour(90))), [Fault::Signature; 5]);
}

/// Only AWS's key could make these; they show what is compared.
#[test]
fn signed_digests_that_contradict_each_other_are_named() {
    let signer = Signer::example(0).unwrap();
    let fork = |from: usize| {
        let mut bucket = Bucket::empty(&[&signer]);
        let mut chain = DigestChain::new(&trail(), ACCOUNT, REGION);
        let mut before = Vec::new();
        for at in 0..10 {
            before.push(chain.clone());
            bucket.hour(&mut chain, at, 1, &signer);
        }
        bucket.now = START + 11 * HOUR + HOUR / 2;
        bucket.hour(&mut before[from], 10, 0, &signer);
        bucket
    };
    assert_eq!(gaps(&fork(9), Vec::new())[1..3], [(Some(hour(9)), hour(10), Why::Forked), (Some(hour(10)), hour(11), Why::Forked)]);
    let forked: Vec<_> = fork(4).breaks().iter().filter(|gap| gap.why == Why::Forked).map(|gap| gap.objects.len()).collect();
    assert_eq!(forked, [1, 1]);
    // The same hour signed twice, one form stored, the other one linked to.
    let mut bucket = Bucket::empty(&[&signer]);
    let mut chain = DigestChain::new(&trail(), ACCOUNT, REGION);
    bucket.hour(&mut chain, 0, 1, &signer);
    let mut other = chain.clone();
    bucket.hour(&mut chain, 1, 1, &signer);
    bucket.hour(&mut chain, 2, 1, &signer);
    bucket.digests.pop();
    bucket.digest(&mut other, START + HOUR, START + 2 * HOUR, &[], &signer);
    bucket.now = START + 3 * HOUR + HOUR / 2;
    let mismatch = (Some(hour(1)), hour(2), Why::LinkMismatch);
    assert_eq!(gaps(&bucket, Vec::new()), [before_first(), mismatch, pending(3)]);
    // Linked, and a quarter of an hour between them.
    let mut bucket = Bucket::empty(&[&signer]);
    let mut chain = DigestChain::new(&trail(), ACCOUNT, REGION);
    bucket.hour(&mut chain, 0, 0, &signer);
    bucket.digest(&mut chain, START + HOUR + 900, START + 2 * HOUR, &[], &signer);
    bucket.now = START + 2 * HOUR + HOUR / 2;
    let apart = (Some(hour(1)), hour(1) + micros(900), Why::TimesApart);
    assert_eq!(gaps(&bucket, Vec::new()), [before_first(), apart, pending(2)]);
}

impl Bucket {
    fn breaks(&self) -> Vec<Gap> {
        self.verify().breaks()
    }
}

#[test]
fn chain_is_followed_into_another_bucket() {
    let signer = Signer::example(0).unwrap();
    let mut bucket = Bucket::empty(&[&signer]);
    let mut chain = DigestChain::new(&trail(), ACCOUNT, REGION);
    (0..5).for_each(|at| bucket.hour(&mut chain, at, 1, &signer));
    let elsewhere = Trail { bucket: "other-trail".into(), prefix: "p/".into(), ..trail() };
    chain.redirect(&elsewhere);
    for at in 5..10 {
        bucket.digest(&mut chain, START + at * HOUR, START + (at + 1) * HOUR, &[], &signer);
    }
    bucket.now = START + 10 * HOUR + HOUR / 2;
    assert_eq!(gaps(&bucket, marks(&bucket)), [before_first(), pending(10)]);
    let mut cut = bucket.clone();
    cut.remove(&bucket.digests[4]);
    assert_eq!(gaps(&cut, Vec::new()), [before_first(), (Some(hour(4)), hour(5), Why::DigestMissing), pending(10)]);
}

#[test]
fn backfill_digests_vouch_for_late_logs_and_are_a_chain_of_their_own() {
    let signer = Signer::example(0).unwrap();
    let build = || {
        let mut bucket = Bucket::new(HOURS);
        let mut chain = DigestChain::backfill(&trail(), ACCOUNT, REGION);
        for at in [3, 20, 11, 40] {
            let late: Vec<ListedLog> = vec![bucket.deliver(START + at * HOUR + 700, &format!("late{at}"))];
            bucket.digest(&mut chain, START + at * HOUR, START + (at + 1) * HOUR, &late, &signer);
        }
        bucket.now = START + 100 * HOUR;
        bucket
    };
    let bucket = build();
    let outcome = bucket.verify();
    assert!(outcome.logs.iter().all(|(.., verdict)| *verdict == Verdict::Verified));
    assert_eq!(outcome.digests.len(), 0);
    let breaks: Vec<(&ChainId, usize)> = outcome.report.chains.iter().map(|chain| (&chain.chain, chain.breaks.len())).collect();
    assert_eq!(breaks.iter().map(|(chain, breaks)| (chain.backfill, *breaks)).collect::<Vec<_>>(), [(false, 2), (true, 0)]);
    let mark = marks(&bucket);
    assert_eq!(mark.len(), 2);
    // One between is deleted, then the newest.
    let key = |at: i64| bucket.digests.iter().find(|key| key.contains("backfill") && key.contains(&stamp(at + 1))).unwrap().clone();
    for (at, why) in [(20, Why::DigestMissing), (40, Why::HeadCut)] {
        let mut cut = bucket.clone();
        cut.remove(&key(at));
        let outcome = cut.verify_after(mark.clone());
        let gap = (Some(hour(at)), hour(at + 1), why);
        assert!(outcome.gaps().iter().any(|found| (found.from, found.until, found.why) == gap), "{:?}", outcome.gaps());
        let late = bucket.logs.iter().find(|key| key.contains(&format!("late{at}"))).unwrap();
        // The digests of its hour are there, and none lists it.
        assert_eq!(outcome.verdicts(late), [Verdict::Unlisted]);
    }
    // Its metadata tells when it was made; without that no key can be chosen, and far from it the key was not valid.
    for (value, fault) in
        [(None, Fault::NoGenerationTime), (Some("soon"), Fault::NoGenerationTime), (Some("1969-12-31T22:59:59Z"), Fault::KeyNotValid)]
    {
        let mut changed = bucket.clone();
        let metadata = &mut changed.objects.get_mut(&key(20)).unwrap().metadata;
        metadata.remove("backfill-generation-timestamp");
        metadata.extend(value.map(|value| ("backfill-generation-timestamp".to_owned(), value.to_owned())));
        let outcome = changed.verify();
        assert_eq!(outcome.digests.into_iter().collect::<Vec<_>>(), [(uri_of(&key(20)), fault, false)]);
    }
}

fn stamp(at: i64) -> String {
    event::time::rfc3339(hour(at)).replace(['-', ':'], "")
}

#[test]
fn two_trails_are_two_chains_and_only_tampering_shows_through() {
    let signer = Signer::example(0).unwrap();
    let mut bucket = Bucket::new(HOURS);
    // A trail that was deleted after ten hours, in the same bucket.
    let mut old = DigestChain::new(&Trail { name: "old".into(), ..trail() }, ACCOUNT, REGION);
    for at in 0..10 {
        bucket.digest(&mut old, START + at * HOUR, START + (at + 1) * HOUR, &[], &signer);
    }
    assert_eq!(gaps(&bucket, marks(&bucket)), [before_first(), before_first(), pending(HOURS)]);
    let deleted = bucket.digests[HOURS as usize + 4].clone();
    bucket.remove(&deleted);
    assert!(gaps(&bucket, Vec::new()).contains(&(Some(hour(4)), hour(5), Why::DigestMissing)));
    let scope = Scope { account_id: ACCOUNT.into(), aws_region: REGION.into() };
    assert!(bucket.verify().report.coverage.iter().all(|coverage| coverage.scope == scope));
}

/// What was once proved stays proved; that somebody wrote over it is told.
#[test]
fn digest_that_was_overwritten_later_is_told_and_leaves_no_gap() {
    let bucket = Bucket::new(10);
    let key = &bucket.digests[4];
    let mut verifier = bucket.verifier();
    let mut stored = bucket.objects[key].clone();
    stored.body = gzip(b"{}");
    assert_eq!(add(&mut verifier, key, &stored), Some(Fault::Malformed));
    let outcome = bucket.report(&mut verifier);
    assert_eq!(outcome.digests.iter().cloned().collect::<Vec<_>>(), [(uri_of(key), Fault::Malformed, true)]);
    assert_eq!(outcome.report.coverage, bucket.verify().report.coverage);
    assert_eq!(outcome.logs, bucket.verify().logs);
}

#[test]
fn forged_digest_whose_key_was_not_fetched_at_first_is_forged_when_it_is() {
    let mut bucket = Bucket::new(10);
    let key = bucket.digests[4].clone();
    bucket.objects.get_mut(&key).unwrap().metadata.insert("signature".into(), "ab".repeat(256));
    let mut verifier = digest::Verifier::new(std::collections::BTreeMap::new(), digest::PublicKeys::default());
    assert!(bucket.objects.iter().filter_map(|(key, stored)| add(&mut verifier, key, stored)).all(|fault| fault == Fault::KeyUnknown));
    let wanted = digest::key_wanted(&digest::DigestObject {
        uri: &uri_of(&key),
        bytes: &bucket.objects[&key].body,
        signature: None,
        signature_algorithm: None,
        backfill_generation_timestamp: None,
    });
    let wanted = wanted.unwrap();
    assert_eq!((wanted.aws_region.as_str(), wanted.from, wanted.until), (REGION, hour(4), hour(7)));
    assert!(bucket.keys.get(REGION, &wanted.fingerprint).is_some());
    *verifier.keys_mut() = bucket.keys.clone();
    assert_eq!(bucket.objects.iter().filter_map(|(key, stored)| add(&mut verifier, key, stored)).collect::<Vec<_>>(), [Fault::Signature]);
    verifier.listed("s3://", micros(bucket.now)).unwrap();
    assert_eq!(bucket.report(&mut verifier), bucket.verify());
    assert_eq!(bucket.verify().digests.into_iter().collect::<Vec<_>>(), [(uri_of(&key), Fault::Signature, false)]);
}

#[test]
fn moved_buckets_are_believed_where_that_is_declared() {
    let bucket = Bucket::new(5);
    let read = |relocate: bool| {
        let mut verifier = digest::Verifier::new(std::collections::BTreeMap::new(), bucket.keys.clone());
        if relocate {
            verifier.relocate("file:///copies/", "s3://other/");
            verifier.relocate("file:///copies/of/", &format!("s3://{BUCKET}/"));
        }
        verifier.listed("file:///copies/of/", micros(bucket.now)).unwrap();
        let mut faults = Vec::new();
        for (key, stored) in &bucket.objects {
            let key = format!("../../{key}");
            // `add` takes `../` for another bucket; this one is another place altogether.
            let uri = key.replace("../../", "file:///copies/of/");
            if key.contains("CloudTrail-Digest") {
                let metadata = |name: &str| stored.metadata.get(name).map(String::as_str);
                faults.extend(
                    verifier
                        .digest(digest::DigestObject {
                            uri: &uri,
                            bytes: &stored.body,
                            signature: metadata("signature"),
                            signature_algorithm: metadata("signature-algorithm"),
                            backfill_generation_timestamp: None,
                        })
                        .unwrap(),
                );
            } else {
                let text = event::gunzip::gunzip(&stored.body).unwrap();
                let sha256 = Some(digest::Sha256::of(&text));
                verifier.log(digest::LogFact { uri: &uri, sha256, modified: None }).unwrap();
            }
        }
        (faults, bucket.report(&mut verifier))
    };
    assert_eq!(read(true), (Vec::new(), bucket.verify()));
    let (faults, outcome) = read(false);
    assert_eq!(faults, [Fault::Moved; 5]);
    assert!(outcome.logs.iter().all(|(.., verdict)| *verdict == Verdict::NotCovered));
}
