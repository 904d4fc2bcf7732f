//! What decoding costs, stage by stage, and a hash over all that it gives.
//!
//! `cargo run --release --manifest-path crates/event/Cargo.toml --example decode -- cost FOLDER [OBJECTS]` reads objects below a folder, chosen in a few
//! runs (1,000 by default), and prints CPU microseconds a record of the one thread, from `/proc/self/schedstat`: the best of some rounds. `… whole` prints the
//! last line of it alone.
//! `… outputs FOLDER [DAMAGED]` prints a hash over every event and reject, and over those of objects that were damaged on purpose, so many of
//! each: two builds that give the same decode alike.
#![allow(clippy::print_stdout, reason = "what it is for")]

use bumpalo::Bump;
use event::gunzip::Inflater;
use event::json::{Json, Tape};
use event::resource::{Calls, Mentions, Touched, mentions};
use event::secret::without_secrets;
use event::{Decoder, Event, FreeText, HashKey, Reject, Sink, UserIdentity};
use sha2::{Digest as _, Sha256};
use std::hint::black_box;
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::Xxh3;

type Error = Box<dyn std::error::Error>;

const ROUNDS: usize = 11;

const RUNS: usize = 6;

fn main() -> Result<(), Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (what, folder) = match arguments.as_slice() {
        [what, folder, ..] => (what.as_str(), folder),
        _ => return Err("cost or outputs, and a folder".into()),
    };
    let count = arguments.get(2).map(|count| count.parse()).transpose()?;
    let mut paths = Vec::new();
    files(Path::new(folder), &mut paths)?;
    paths.sort();
    match what {
        "cost" => cost(&paths, count.unwrap_or(1_000), true),
        "whole" => cost(&paths, count.unwrap_or(1_000), false),
        "outputs" => outputs(&paths, count.unwrap_or(0)),
        other => Err(format!("{other} is none of cost, whole and outputs").into()),
    }
}

fn files(folder: &Path, out: &mut Vec<PathBuf>) -> Result<(), Error> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files(&path, out)?;
        } else if path.is_file() {
            out.push(path);
        }
    }
    Ok(())
}

/// CPU that this thread has used, in nanoseconds, as of the last tick of the scheduler: a round should take many of them.
fn cpu() -> Result<f64, Error> {
    let text = std::fs::read_to_string("/proc/self/schedstat")?;
    Ok(text.split(' ').next().unwrap_or("").parse()?)
}

/// The least CPU of a round, in microseconds a record.
fn best(records: usize, round: &mut dyn FnMut()) -> Result<f64, Error> {
    let mut least = f64::MAX;
    for _ in 0..ROUNDS {
        let began = cpu()?;
        round();
        least = least.min(cpu()? - began);
    }
    Ok(least / 1e3 / records as f64)
}

fn cost(paths: &[PathBuf], count: usize, stages: bool) -> Result<(), Error> {
    // In runs of objects that lie together, as they come in an ingest.
    let run = (count / RUNS).max(1);
    let chosen = paths.chunks((paths.len() / RUNS).max(run)).flat_map(|part| part.iter().take(run));
    let objects = chosen.map(std::fs::read).collect::<Result<Vec<_>, _>>()?;
    let mut places = Places::default();
    let mut decoder = Decoder::new(HashKey::new([7; 32]));
    let mut texts = Vec::new();
    for (at, object) in objects.iter().enumerate() {
        places.object = at;
        texts.push(decoder.decode(object, &mut places).1.into_owned());
    }
    let (records, bytes) = (places.found.len(), texts.iter().map(Vec::len).sum::<usize>());
    println!("{} objects, {records} records, {} bytes a record", objects.len(), bytes / records.max(1));
    if stages {
        parts(&objects, &texts, &places)?;
    }
    let mut passing = Places::default();
    let whole = best(records, &mut || {
        for object in &objects {
            passing.found.clear();
            let text = decoder.decode(object, &mut passing).1;
            decoder.recycle(text);
        }
    })?;
    print("whole", whole);
    Ok(())
}

fn print(stage: &str, us: f64) {
    println!("{stage:24} {us:6.3} us a record");
}

fn parts(objects: &[Vec<u8>], texts: &[Vec<u8>], places: &Places) -> Result<(), Error> {
    let records = places.found.len();
    let mut inflater = Inflater::default();
    let mut spare = Vec::new();
    print(
        "inflate",
        best(records, &mut || {
            for object in objects {
                if let Ok(std::borrow::Cow::Owned(text)) = inflater.inflate(object, std::mem::take(&mut spare)) {
                    spare = text;
                }
            }
        })?,
    );
    print(
        "SHA-256",
        best(records, &mut || {
            texts.iter().for_each(|text| {
                black_box(Sha256::digest(text));
            })
        })?,
    );
    let tape = best(records, &mut || each(places, texts, &mut |_| {}))?;
    print("tape", tape);
    let above = |stage: &str, work: &mut dyn FnMut(Json<'_, '_>)| -> Result<(), Error> {
        let us = best(records, &mut || each(places, texts, work))?;
        println!("{stage:24} {:6.3} us a record", us - tape);
        Ok(())
    };
    above("fingerprint", &mut |record| {
        black_box(event::fingerprint::fingerprint(record));
    })?;
    let key = HashKey::new([7; 32]);
    above("secrets", &mut |record| {
        for name in ["requestParameters", "responseElements", "additionalEventData"] {
            if let Some(value) = record.get(name) {
                black_box(without_secrets(value, &key));
            }
        }
    })?;
    above("userIdentity", &mut |record| {
        black_box(UserIdentity::read(record.get("userIdentity")));
    })?;
    let (mut texts_of_keys, mut calls) = (Bump::new(), Calls::default());
    above("resource keys", &mut |record| {
        texts_of_keys.reset();
        let text = |name: &str| record.text_of(name).unwrap_or_default();
        let mut found = Mentions::default();
        let touched = Touched {
            event_source: &text("eventSource"),
            event_name: &text("eventName"),
            aws_region: &text("awsRegion"),
            account_id: &text("recipientAccountId"),
            api_version: None,
            request: record.get("requestParameters"),
            response: record.get("responseElements"),
            resources: record.get("resources"),
            service_event_details: record.get("serviceEventDetails"),
            additional: record.get("additionalEventData"),
        };
        mentions(&touched, &mut calls, &texts_of_keys, &mut found);
        black_box(found.as_slice().len());
    })?;
    Ok(())
}

/// Where each record lies.
#[derive(Default)]
struct Places {
    object: usize,
    found: Vec<(usize, std::ops::Range<usize>)>,
}

impl Sink for Places {
    fn event(&mut self, event: &Event<'_>) {
        if let Some(at) = event.at {
            self.found.push((self.object, at..at + event.raw.len()));
        }
    }

    fn reject(&mut self, _: Reject) {}
}

fn each(places: &Places, texts: &[Vec<u8>], work: &mut dyn FnMut(Json<'_, '_>)) {
    let mut tape = Tape::default();
    for (object, range) in &places.found {
        let Some(bytes) = texts.get(*object) else { continue };
        if tape.read(bytes, range.start, usize::MAX).is_ok()
            && let Some(text) = bytes.get(range.clone()).and_then(|bytes| std::str::from_utf8(bytes).ok())
            && let Some(record) = tape.root(text)
        {
            work(record);
        }
    }
}

/// Hashes what it is given.
struct Hashing {
    hash: Xxh3,
    events: u64,
    rejects: u64,
}

impl Sink for Hashing {
    fn event(&mut self, event: &Event<'_>) {
        // Each field by its name, so that none that is added later stays unseen.
        let Event {
            record,
            raw,
            at,
            event_id,
            event_time,
            event_version,
            event_source,
            event_name,
            aws_region,
            recipient_account_id,
            names_recipient,
            source_ip_address,
            user_agent,
            error_code,
            error_message,
            read_only,
            management_event,
            event_type,
            event_category,
            request_id,
            shared_event_id,
            api_version,
            vpc_endpoint_id,
            session_credential_from_console,
            user_identity,
            request,
            response,
            additional,
            service_event_details,
            text,
            mentions,
            fingerprint,
        } = event;
        let FreeText {
            user_identity: identity_text,
            request_parameters,
            response_elements,
            additional_event_data,
            service_event_details: details_text,
            resources,
            tls_details,
            other,
        } = text;
        let parts = format!(
            "{:?}{:?}{:?}{:?}{:?}{:?}",
            (record, raw, at, event_id, event_time, event_version, event_source, event_name, aws_region, recipient_account_id),
            (names_recipient, source_ip_address, user_agent, error_code, error_message, read_only, management_event, event_type),
            (event_category, request_id, shared_event_id, api_version, vpc_endpoint_id, session_credential_from_console, user_identity),
            (request, response, additional, service_event_details, fingerprint),
            (identity_text, request_parameters, response_elements, additional_event_data, details_text, resources, tls_details, other),
            mentions.as_slice(),
        );
        self.hash.update(parts.as_bytes());
        self.events += 1;
    }

    fn reject(&mut self, reject: Reject) {
        self.hash.update(format!("{reject:?}").as_bytes());
        self.rejects += 1;
    }
}

impl Hashing {
    fn read(&mut self, decoder: &mut Decoder, object: &[u8]) -> Vec<u8> {
        let (summary, text) = decoder.decode(object, self);
        self.hash.update(format!("{summary:?}").as_bytes());
        let copy = text.to_vec();
        decoder.recycle(text);
        copy
    }
}

fn outputs(paths: &[PathBuf], damaged: usize) -> Result<(), Error> {
    let mut decoder = Decoder::new(HashKey::new([7; 32]));
    let mut whole = Hashing { hash: Xxh3::new(), events: 0, rejects: 0 };
    let mut broken = Hashing { hash: Xxh3::new(), events: 0, rejects: 0 };
    let mut random = Random(7);
    for path in paths {
        let text = whole.read(&mut decoder, &std::fs::read(path)?);
        for _ in 0..damaged {
            let mut copy = text.get(..text.len().min(DAMAGED_BYTES_MAX)).unwrap_or(&[]).to_vec();
            damage(&mut copy, &mut random);
            broken.read(&mut decoder, &copy);
        }
    }
    for (what, read) in [("whole", whole), ("damaged", broken)] {
        println!("{what:8} {:032x} of {} events, {} rejects", read.hash.digest128(), read.events, read.rejects);
    }
    Ok(())
}

/// Bytes of an object that are kept of one to be damaged.
const DAMAGED_BYTES_MAX: usize = 20_000;

/// Changes, takes out, doubles or swaps some bytes, in one to five places.
fn damage(text: &mut Vec<u8>, random: &mut Random) {
    const BYTES: &[u8] = b"\"\\{}[],: \n\t0159-+.eEtrufalsn/\x00\x1f\x7f\x80\xc3\xa9\xff";
    for _ in 0..=random.below(5) {
        if text.is_empty() {
            return;
        }
        let at = random.below(text.len());
        let end = (at + 1 + random.below(60)).min(text.len());
        let byte = BYTES.get(random.below(BYTES.len())).copied().unwrap_or(0);
        match random.below(6) {
            0 => text.extend_from_within(at..end),
            1 => drop(text.drain(at..end)),
            2 => text.insert(at, byte),
            3 => {
                let copy = text.get(at..end).unwrap_or(&[]).to_vec();
                text.splice(at..at, copy);
            }
            4 => text.swap(at, end - 1),
            _ => {
                if let Some(place) = text.get_mut(at) {
                    *place = byte;
                }
            }
        }
    }
}

/// A generator of Marsaglia's xorshift kind: the same numbers in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}
