//! Pages: memory does not grow with the bucket, and a store that fails or lies is an error.

use std::collections::BTreeMap;
use std::io;

use digest::{ENTRIES_HELD_MAX, Error, LogFact, Pages, PublicKeys, Sha256, Verifier};

use crate::bucket::{Bucket, Outcome, START, add, log_key, micros, uri_of};

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A store that counts, and can be told to fail.
#[derive(Default)]
struct Counting {
    pages: BTreeMap<String, Vec<u8>>,
    bytes_max: usize,
    broken: bool,
}

impl Pages for Counting {
    fn load(&mut self, name: &str) -> Result<Option<Vec<u8>>, Cause> {
        if self.broken { Err(io::Error::other("gone").into()) } else { self.pages.load(name) }
    }

    fn save(&mut self, name: &str, bytes: &[u8]) -> Result<(), Cause> {
        let (kind, hash) = name.split_once('-').unwrap();
        assert!(
            kind.bytes().all(|byte| byte.is_ascii_lowercase()) && hash.len() == 32 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
        );
        self.bytes_max = self.bytes_max.max(bytes.len());
        self.pages.save(name, bytes)
    }
}

#[test]
fn entries_in_memory_stay_bounded_however_many_objects_come() {
    let (days, a_day, entries_max) = (60i64, 300i64, 1000);
    let mut verifier = Verifier::with_entries_max(Counting::default(), PublicKeys::default(), entries_max);
    let mut most = 0;
    for round in 0..2 {
        for day in 0..days {
            for at in (round..a_day).step_by(2) {
                let key = log_key(START + day * 86_400 + at * 60, &format!("n{at}"));
                let sha256 = Some(Sha256::of(key.as_bytes()));
                verifier.log(LogFact { uri: &uri_of(&key), sha256, modified: None }).unwrap();
            }
            most = most.max(verifier.entries_held());
        }
    }
    // The page in use, and the one of the account and region with a line for each day.
    assert!(most <= entries_max + a_day as usize + days as usize + 2, "{most}");
    verifier.flush().unwrap();
    let ask = digest::Ask { now: micros(START + days * 86_400), from: None, until: micros(START + days * 86_400) };
    let mut outcome = Outcome::default();
    outcome.report = verifier.report(ask, &mut outcome).unwrap();
    assert_eq!(outcome.report.tally.not_covered, (days * a_day) as u64);
    let store = verifier.into_pages();
    // One a folder, one for the account and region, and the index: none holds more than a day.
    assert_eq!(store.pages.len() as i64, days + 2);
    assert!(store.bytes_max < 300 * a_day as usize, "{}", store.bytes_max);
    const { assert!(ENTRIES_HELD_MAX <= 100_000) };
}

#[test]
fn store_that_fails_or_lies_is_an_error_that_names_the_page() {
    let bucket = Bucket::new(3);
    let key = &bucket.logs[0];
    let mut verifier = Verifier::new(Counting { broken: true, ..Counting::default() }, bucket.keys.clone());
    let fact = LogFact { uri: &uri_of(key), sha256: None, modified: None };
    let error = verifier.log(fact).unwrap_err();
    assert!(matches!(&error, Error::Page { verb: "load", name, .. } if name.starts_with("index-")), "{error:?}");
    let mut whole = bucket.verifier();
    whole.flush().unwrap();
    for cut in whole.into_pages() {
        let mut verifier = bucket.verifier();
        verifier.flush().unwrap();
        let mut pages = verifier.into_pages();
        let half = cut.1[..cut.1.len() / 2].to_vec();
        pages.insert(cut.0.clone(), half);
        let mut verifier = Verifier::new(pages, bucket.keys.clone());
        let error = verifier.report(bucket.ask(), &mut Outcome::default()).unwrap_err();
        assert!(matches!(&error, Error::Page { verb: "load", name, .. } if *name == cut.0), "{error:?}");
    }
}

/// What was not flushed is lost, and adding it again restores it.
#[test]
fn interrupted_run_is_healed_by_adding_again() {
    let bucket = Bucket::new(30);
    let keys: Vec<&String> = bucket.objects.keys().collect();
    for stop in [1, 10, 35, keys.len()] {
        // Some pages were saved to make room, others were not.
        let mut verifier = Verifier::with_entries_max(BTreeMap::new(), bucket.keys.clone(), 2);
        keys[..stop].iter().for_each(|key| assert_eq!(add(&mut verifier, key, &bucket.objects[*key]), None));
        let mut verifier = Verifier::new(verifier.into_pages(), bucket.keys.clone());
        verifier.listed("s3://", micros(bucket.now)).unwrap();
        keys.iter().for_each(|key| assert_eq!(add(&mut verifier, key, &bucket.objects[*key]), None));
        assert_eq!(bucket.report(&mut verifier), bucket.verify(), "{stop}");
    }
}
