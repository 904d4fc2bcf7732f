//! Every byte of a bucket of 48 digests, changed.

use std::collections::BTreeMap;

use digest::{Fault, Verdict, Verifier, Why};
use event::gunzip::gunzip;

use crate::bucket::{Bucket, HOUR, START, Stored, add, gzip, micros, uri_of};

/// A bucket without one object, so that many forms of it can be tried.
struct Without<'a> {
    bucket: &'a Bucket,
    key: &'a str,
    pages: BTreeMap<String, Vec<u8>>,
}

impl<'a> Without<'a> {
    fn new(bucket: &'a Bucket, key: &'a str) -> Self {
        let mut rest = bucket.clone();
        rest.remove(key);
        let mut verifier = rest.verifier();
        verifier.flush().unwrap();
        Self { bucket, key, pages: verifier.into_pages() }
    }

    /// The fault of the object in this form, and what it does to the whole.
    fn with(&self, stored: &Stored) -> (Option<Fault>, crate::bucket::Outcome) {
        let mut verifier = Verifier::new(self.pages.clone(), self.bucket.keys.clone());
        let fault = add(&mut verifier, self.key, stored);
        (fault, self.bucket.report(&mut verifier))
    }
}

/// Asserts that the digest is refused, and that its hour, no more and no less, is a gap that names it.
fn refused(without: &Without<'_>, hour: usize, stored: &Stored, what: &str) {
    let (fault, outcome) = without.with(stored);
    let fault = fault.unwrap_or_else(|| panic!("{what} of digest {hour} passes"));
    let uri = uri_of(without.key);
    assert_eq!(outcome.digests.iter().collect::<Vec<_>>(), [&(uri.clone(), fault, false)], "{what}");
    let start = micros(START + hour as i64 * HOUR);
    let breaks = outcome.breaks();
    let gap = breaks.iter().find(|gap| gap.why == Why::DigestInvalid).unwrap_or_else(|| panic!("{what}: {breaks:?}"));
    assert_eq!(gap.objects, [(uri, Some(fault))], "{what}");
    let last = hour + 1 == without.bucket.digests.len();
    let from = if hour == 0 { None } else { Some(start) };
    let until = if last { micros(without.bucket.now) } else { start + micros(HOUR) };
    assert_eq!((gap.from, gap.until), (from, until), "{what}");
    for log in &without.bucket.logs {
        let of_hour = log.contains(&format!("_h{hour}n"));
        let verdict = outcome.verdicts(log);
        assert_eq!(verdict == [Verdict::Verified], !of_hour, "{what}: {log} {verdict:?}");
    }
}

#[test]
fn every_bit_of_a_stored_digest_is_caught_or_changes_nothing() {
    let bucket = Bucket::new(48);
    for hour in [0, 23, 47] {
        let key = &bucket.digests[hour];
        let (stored, clean) = (&bucket.objects[key], bucket.verify());
        let without = Without::new(&bucket, key);
        let mut harmless = Vec::new();
        for at in 0..stored.body.len() {
            for bit in 0..8 {
                let mut changed = stored.clone();
                changed.body[at] ^= 1 << bit;
                if gunzip(&changed.body).ok() == gunzip(&stored.body).ok() {
                    harmless.push(at);
                    if bit == 0 {
                        assert_eq!(without.with(&changed), (None, clean.clone()), "bit {bit} of byte {at}");
                    }
                } else if bit == (at + hour) % 8 {
                    refused(&without, hour, &changed, &format!("bit {bit} of byte {at}"));
                } else {
                    // The whole report for one bit of each byte; for the others, that they are refused.
                    let mut verifier = Verifier::new(BTreeMap::new(), bucket.keys.clone());
                    assert!(add(&mut verifier, key, &changed).is_some(), "bit {bit} of byte {at} passes");
                }
            }
        }
        // Flags without meaning, time, level and system of the gzip header (RFC 1952) say nothing about the text, nor do bits that fill up
        // the last byte of the compressed data: neither AWS's hash nor signature is over them.
        let data_end = stored.body.len() - 9;
        assert!(harmless.iter().all(|at| (3..10).contains(at) || *at == data_end), "{harmless:?}");
    }
}

#[test]
fn every_byte_of_a_digests_text_is_signed() {
    let bucket = Bucket::new(48);
    let hour = 23;
    let key = &bucket.digests[hour];
    let stored = &bucket.objects[key];
    let without = Without::new(&bucket, key);
    let text = gunzip(&stored.body).unwrap().into_owned();
    for at in 0..text.len() {
        for change in [1, 0x20] {
            let mut text = text.clone();
            text[at] ^= change;
            let changed = Stored { body: gzip(&text), ..stored.clone() };
            if at % 8 == 0 {
                refused(&without, hour, &changed, &format!("byte {at} of the text xor {change}"));
            } else {
                let mut verifier = Verifier::new(BTreeMap::new(), bucket.keys.clone());
                assert!(add(&mut verifier, key, &changed).is_some(), "byte {at} of the text xor {change} passes");
            }
        }
    }
    for at in 0..=text.len() {
        for extra in [" ", "0", "\n"] {
            let text = [&text[..at], extra.as_bytes(), &text[at..]].concat();
            let mut verifier = Verifier::new(BTreeMap::new(), bucket.keys.clone());
            let fault = add(&mut verifier, key, &Stored { body: gzip(&text), ..stored.clone() });
            assert!(fault.is_some(), "{extra:?} at {at} passes");
        }
        if at < text.len() {
            let text = [&text[..at], &text[at + 1..]].concat();
            let mut verifier = Verifier::new(BTreeMap::new(), bucket.keys.clone());
            assert!(add(&mut verifier, key, &Stored { body: gzip(&text), ..stored.clone() }).is_some(), "without byte {at} passes");
        }
    }
    let body = gzip(&text);
    assert_eq!(without.with(&Stored { body, ..stored.clone() }), (None, bucket.verify()), "compressed anew it is the same digest");
    let (fault, _) = without.with(&Stored { body: text, ..stored.clone() });
    assert_eq!(fault, Some(Fault::NotCompressed));
}

#[test]
fn every_letter_of_the_signature_counts() {
    let bucket = Bucket::new(48);
    let (hour, clean) = (23, bucket.verify());
    let key = &bucket.digests[hour];
    let stored = &bucket.objects[key];
    let without = Without::new(&bucket, key);
    assert_eq!(without.with(stored), (None, clean));
    let with = |name: &str, value: Option<&str>| {
        let mut changed = stored.clone();
        changed.metadata.remove(name);
        changed.metadata.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        changed
    };
    let signature = &stored.metadata["signature"];
    for at in 0..signature.len() {
        let letter = signature.as_bytes()[at];
        for other in [if letter == b'0' { b'1' } else { b'0' }, letter.to_ascii_uppercase(), b'g', b' '] {
            if other != letter {
                let mut changed = signature.clone().into_bytes();
                changed[at] = other;
                let changed = String::from_utf8(changed).unwrap();
                refused(&without, hour, &with("signature", Some(&changed)), &changed);
            }
        }
    }
    for value in [None, Some(""), Some(&signature[1..]), Some(&signature[2..]), Some(&format!("{signature}00")), Some("zz")] {
        refused(&without, hour, &with("signature", value), &format!("signature {value:?}"));
    }
    for value in [None, Some(""), Some("SHA1withRSA"), Some("SHA256WithRSA")] {
        refused(&without, hour, &with("signature-algorithm", value), &format!("algorithm {value:?}"));
    }
}

#[test]
fn every_byte_of_a_log_is_caught_or_changes_nothing() {
    let bucket = Bucket::new(48);
    let clean = bucket.verify();
    for key in &bucket.logs[..2] {
        let stored = &bucket.objects[key];
        let without = Without::new(&bucket, key);
        for at in 0..stored.body.len() {
            let mut changed = stored.clone();
            changed.body[at] ^= 1 << (at % 8);
            let (_, outcome) = without.with(&changed);
            if gunzip(&changed.body).ok() == gunzip(&stored.body).ok() {
                assert_eq!(outcome, clean);
                assert!((3..10).contains(&at) || at == stored.body.len() - 9, "byte {at}");
                continue;
            }
            assert_eq!(outcome.verdicts(key), [Verdict::Altered], "byte {at}");
            assert_eq!(outcome.report.tally.verified, clean.report.tally.verified - 1);
            let gaps = outcome.gaps();
            let gap = gaps.iter().find(|gap| gap.why == Why::LogAltered).unwrap();
            assert_eq!((gap.objects.as_slice(), gap.objects_total), ([(uri_of(key), None)].as_slice(), 1));
        }
        for tail in [&b"\0"[..], b"junk", &gzip(b"{\"Records\":[{}]}")] {
            let body = [&stored.body, tail].concat();
            assert_eq!(without.with(&Stored { body, ..stored.clone() }).1.verdicts(key), [Verdict::Altered], "{tail:?} after it");
        }
    }
}

/// All objects, some bytes each: the rest of the bucket is as sensitive as those above.
#[test]
fn changes_anywhere_are_named() {
    let bucket = Bucket::new(48);
    for (index, key) in bucket.digests.iter().enumerate() {
        let stored = &bucket.objects[key];
        let text = gunzip(&stored.body).unwrap().into_owned();
        let without = Without::new(&bucket, key);
        for step in 0..5 {
            let mut text = text.clone();
            let at = (index * 131 + step * 397) % text.len();
            text[at] ^= 2;
            refused(&without, index, &Stored { body: gzip(&text), ..stored.clone() }, &format!("byte {at}"));
        }
        let whole = [&stored.body[..], &gzip(b"{}")].concat();
        refused(&without, index, &Stored { body: whole, ..stored.clone() }, "second member");
        refused(&without, index, &Stored { body: stored.body[..stored.body.len() - 1].to_vec(), ..stored.clone() }, "cut");
    }
    for key in &bucket.logs {
        let mut changed = bucket.clone();
        let text = gunzip(&bucket.objects[key].body).unwrap().into_owned();
        let text = String::from_utf8(text).unwrap().replace("StopInstances", "StartInstance");
        changed.put(key, gzip(text.as_bytes()));
        let outcome = changed.verify();
        assert_eq!(outcome.verdicts(key), [Verdict::Altered]);
        assert_eq!(outcome.report.tally.altered, 1);
    }
}
