//! Log objects added, deleted, swapped, late and early: one verdict each.

use std::collections::BTreeMap;

use digest::{HEAD_DELAY, LISTING_DELAY, Sha256, Verdict, Verifier, Why};
use simulate::{DigestChain, Signer};

use crate::bucket::{ACCOUNT, BUCKET, Bucket, HOUR, REGION, START, add, gzip, log_key, log_text, micros, trail, uri_of};

#[test]
fn every_deleted_log_is_missing_in_its_hour() {
    let bucket = Bucket::new(48);
    for key in &bucket.logs {
        let mut cut = bucket.clone();
        cut.remove(key);
        let outcome = cut.verify();
        assert!(outcome.logs.contains(&(uri_of(key), None, Verdict::Missing)));
        assert_eq!((outcome.report.tally.missing, outcome.report.tally.verified), (1, bucket.logs.len() as u64 - 1));
        let gaps = outcome.gaps();
        let gap = gaps.iter().find(|gap| gap.why == Why::LogMissing).unwrap();
        let made = bucket.objects.keys().position(|found| found == key).map(|_| hour_of(key)).unwrap();
        assert_eq!((gap.from, gap.until), (Some(micros(START + made * HOUR)), micros(START + (made + 1) * HOUR)));
        assert_eq!(gap.objects, [(uri_of(key), None)]);
        assert!(!outcome.report.coverage[0].complete(gap.from.unwrap(), gap.until));
    }
}

fn hour_of(key: &str) -> i64 {
    let at = key.rfind("_h").unwrap() + 2;
    key[at..].split('n').next().unwrap().parse().unwrap()
}

#[test]
fn swapped_logs_are_both_altered() {
    let bucket = Bucket::new(48);
    for pair in bucket.logs.windows(2).chain([[bucket.logs[0].clone(), bucket.logs[30].clone()].as_slice()]) {
        let [one, other] = pair else { panic!() };
        let mut swapped = bucket.clone();
        swapped.put(one, bucket.objects[other].body.clone());
        swapped.put(other, bucket.objects[one].body.clone());
        let outcome = swapped.verify();
        assert_eq!((outcome.verdicts(one), outcome.verdicts(other)), (vec![Verdict::Altered], vec![Verdict::Altered]));
        assert_eq!(outcome.report.tally.altered, 2);
    }
}

/// A forged log in every minute of two days: no digest lists it.
#[test]
fn added_logs_are_unlisted_once_their_time_is_covered() {
    let bucket = Bucket::new(48);
    let clean = bucket.verify();
    let mut added = bucket.clone();
    let minutes: Vec<i64> = (-120..48 * 60 + 30).collect();
    for minute in &minutes {
        let made = START - 91 + minute * 60;
        added.put(&log_key(made, &format!("forged{minute}")), gzip(b"{\"Records\":[]}"));
    }
    let outcome = added.verify();
    for minute in minutes {
        let made = START - 91 + minute * 60;
        let expected = match made {
            made if made < START => Verdict::NotCovered,
            // Its digest may still come: the newest ends at the 48th hour.
            made if made > START + 47 * HOUR => Verdict::Pending,
            _ => Verdict::Unlisted,
        };
        assert_eq!(outcome.verdicts(&log_key(made, &format!("forged{minute}"))), [expected], "minute {minute}");
    }
    assert_eq!(outcome.report.coverage, clean.report.coverage);
    assert_eq!(outcome.report.tally.verified, clean.report.tally.verified);
}

#[test]
fn places_decide_whether_digests_speak_of_a_log() {
    let bucket = Bucket::new(48);
    let made = START + 9 * HOUR;
    let key = log_key(made, "forged");
    for (key, expected) in [
        (key.clone(), Verdict::Unlisted),
        // CloudTrail names every log with its time.
        (key.replace("T0900Z_", "T09Z_"), Verdict::Unlisted),
        (format!("{}/records.json.gz", key.rsplit_once('/').unwrap().0), Verdict::Unlisted),
        (log_key(START + 9000 * HOUR, "future"), Verdict::Unlisted),
        // Of another prefix, account or region, no digest is there.
        (format!("elsewhere/{key}"), Verdict::NotCovered),
        (key.replace(ACCOUNT, "444455556666"), Verdict::NotCovered),
        (key.replace(REGION, "eu-north-1"), Verdict::NotCovered),
        // Of this kind none was ever listed.
        (key.replace("CloudTrail/", "CloudTrail-Insight/"), Verdict::NotCovered),
        ("records.json".to_owned(), Verdict::NotCovered),
    ] {
        let mut added = bucket.clone();
        added.put(&key, gzip(b"{\"Records\":[]}"));
        assert_eq!(added.verify().verdicts(&key), [expected], "{key}");
    }
}

#[test]
fn damaged_object_in_no_digest_is_unlisted() {
    let mut bucket = Bucket::new(48);
    let key = log_key(START + 9 * HOUR, "forged");
    bucket.put(&key, [gzip(b"{}"), gzip(b"{}")].concat());
    assert!(bucket.verify().logs.contains(&(uri_of(&key), None, Verdict::Unlisted)));
}

#[test]
fn late_delivery_waits_for_its_digest_and_not_for_ever() {
    let mut bucket = Bucket::new(48);
    let key = log_key(START + 9 * HOUR, "late");
    bucket.put(&key, gzip(b"{\"Records\":[]}"));
    let verdict = |bucket: &Bucket, modified: i64| {
        let mut bucket = bucket.clone();
        bucket.objects.get_mut(&key).unwrap().modified = Some(micros(modified));
        bucket.verify().verdicts(&key)
    };
    let end = START + 48 * HOUR;
    assert_eq!(verdict(&bucket, START + 9 * HOUR + 30), [Verdict::Unlisted]);
    assert_eq!(verdict(&bucket, end - HOUR), [Verdict::Unlisted]);
    assert_eq!(verdict(&bucket, end - HOUR + 1), [Verdict::Pending]);
    assert_eq!(verdict(&bucket, end + 60), [Verdict::Pending]);
    // No digest came for the time of its delivery, but all of the time in its name.
    bucket.now = end + 60 + (HEAD_DELAY + LISTING_DELAY) / 1_000_000;
    assert_eq!(verdict(&bucket, end + 60), [Verdict::Pending]);
    bucket.now += 1;
    assert_eq!(verdict(&bucket, end + 60), [Verdict::Unlisted]);
}

#[test]
fn pending_ends_in_a_verdict_whatever_comes() {
    let signer = Signer::example(0).unwrap();
    let mut bucket = Bucket::empty(&[&signer]);
    let mut chain = DigestChain::new(&trail(), ACCOUNT, REGION);
    (0..5).for_each(|at| bucket.hour(&mut chain, at, 1, &signer));
    let (forged, real) = (log_key(START + 5 * HOUR + 60, "forged"), START + 5 * HOUR + 120);
    bucket.put(&forged, gzip(b"{\"Records\":[]}"));
    let listed = bucket.deliver(real, "real");
    bucket.now = START + 5 * HOUR + 300;
    let verdicts = |bucket: &Bucket| (bucket.verify().verdicts(&forged), bucket.verify().verdicts(&listed.key));
    assert_eq!(verdicts(&bucket), (vec![Verdict::Pending], vec![Verdict::Pending]));
    let mut stopped = bucket.clone();
    stopped.now += 4 * HOUR;
    assert_eq!(verdicts(&stopped), (vec![Verdict::NotCovered], vec![Verdict::NotCovered]));
    bucket.digest(&mut chain, START + 5 * HOUR, START + 6 * HOUR, std::slice::from_ref(&listed), &signer);
    bucket.now = START + 6 * HOUR + 300;
    assert_eq!(verdicts(&bucket), (vec![Verdict::Pending], vec![Verdict::Verified]));
    bucket.hour(&mut chain, 6, 0, &signer);
    bucket.now = START + 7 * HOUR + 300;
    assert_eq!(verdicts(&bucket), (vec![Verdict::Unlisted], vec![Verdict::Verified]));
}

#[test]
fn overwritten_log_has_a_verdict_for_each_form() {
    let bucket = Bucket::new(48);
    let key = &bucket.logs[4];
    let forged = gzip(b"{\"Records\":[]}");
    let mut verifier = bucket.verifier();
    let stored = crate::bucket::Stored { body: forged, metadata: BTreeMap::new(), modified: Some(micros(bucket.now)) };
    add(&mut verifier, key, &stored);
    let outcome = bucket.report(&mut verifier);
    assert_eq!(outcome.verdicts(key).len(), 2);
    assert!(outcome.logs.contains(&(uri_of(key), Some(Sha256::of(b"{\"Records\":[]}")), Verdict::Altered)));
    assert_eq!(outcome.report.tally.altered, 1);
    // The real one was read, so nothing of its hour is lost.
    assert_eq!(outcome.report.coverage, bucket.verify().report.coverage);
}

#[test]
fn log_that_was_not_read_is_no_missing_one_until_its_folder_is_listed() {
    let mut bucket = Bucket::new(48);
    let key = bucket.logs[4].clone();
    bucket.remove(&key);
    let mut verifier = Verifier::new(BTreeMap::new(), bucket.keys.clone());
    bucket.objects.iter().for_each(|(key, stored)| assert_eq!(add(&mut verifier, key, stored), None));
    let outcome = bucket.report(&mut verifier);
    assert_eq!((outcome.verdicts(&key), outcome.report.tally.not_read), (vec![], 1));
    assert!(outcome.gaps().iter().any(|gap| gap.why == Why::LogNotRead && gap.objects == [(uri_of(&key), None)]));
    // Listed before the log can have been there, then after.
    let folder = format!("s3://{BUCKET}/{}/", key.rsplit_once('/').unwrap().0);
    verifier.listed(&folder, micros(START)).unwrap();
    assert_eq!(bucket.report(&mut verifier).report.tally.not_read, 1);
    verifier.listed(&folder, micros(bucket.now)).unwrap();
    assert_eq!(bucket.report(&mut verifier).verdicts(&key), [Verdict::Missing]);
}

#[test]
fn window_reports_its_days_as_the_whole_does() {
    let bucket = Bucket::new(24 * 9);
    let mut verifier = bucket.verifier();
    let whole = bucket.report(&mut verifier);
    let day = 86_400_000_000;
    let from = micros(START) + 3 * day;
    let mut part = crate::bucket::Outcome::default();
    let ask = digest::Ask { now: micros(bucket.now), from: Some(from), until: from + 2 * day };
    part.report = verifier.report(ask, &mut part).unwrap();
    assert!(part.logs.is_subset(&whole.logs) && part.logs.len() >= 48 && part.logs.len() < 80, "{}", part.logs.len());
    assert_eq!(part.report.coverage[0].spans, [(from, from + 2 * day)]);
    assert_eq!(part.report.coverage[0].gaps, []);
    assert!(part.report.chains[0].breaks.is_empty() && part.report.chains[0].digests < 24 * 6);
    let cut = from.div_euclid(day) * day + day;
    let mut broken = bucket.clone();
    let missing = bucket.digests.iter().find(|key| key.contains(&event::time::rfc3339(cut)[..13].replace('-', ""))).unwrap();
    broken.remove(missing);
    let mut verifier = broken.verifier();
    let mut part = crate::bucket::Outcome::default();
    part.report = verifier.report(ask, &mut part).unwrap();
    assert_eq!(part.report.coverage[0].gaps.iter().map(|gap| gap.why).collect::<Vec<_>>(), [Why::DigestMissing]);
}

#[test]
fn log_texts_are_those_of_a_trail() {
    assert!(log_text(START).starts_with("{\"Records\":[{"));
}
