//! Any bytes are an object: each record of it is an event or a reject, each of them lies within it, and reading it again gives the same.

#![no_main]

use event::{Decoder, Event, HashKey, Reject, Sink, Summary};
use libfuzzer_sys::fuzz_target;

#[derive(Default, PartialEq, Debug)]
struct Found {
    events: Vec<(String, String, Option<usize>)>,
    rejects: Vec<Reject>,
}

impl Sink for Found {
    fn event(&mut self, event: &Event<'_>) {
        self.events.push((event.event_id.clone().into_owned(), event.raw.to_owned(), event.at));
    }

    fn reject(&mut self, reject: Reject) {
        self.rejects.push(reject);
    }
}

fn read(object: &[u8]) -> (Summary, Found, Vec<u8>) {
    let mut found = Found::default();
    let (summary, text) = Decoder::new(HashKey::new([7; 32])).decode(object, &mut found);
    (summary, found, text.into_owned())
}

fuzz_target!(|object: &[u8]| {
    let (summary, found, text) = read(object);
    let of_records = found.rejects.iter().filter(|reject| reject.record.is_some()).count();
    assert_eq!(summary.records, (found.events.len() + of_records) as u64);
    assert_eq!(summary.rejected, found.rejects.len() > of_records);
    for reject in &found.rejects {
        assert!(reject.bytes.start <= reject.bytes.end && reject.bytes.end <= text.len() as u64, "{reject:?}");
    }
    for (_, raw, at) in &found.events {
        if let Some(at) = at {
            assert_eq!(text.get(*at..*at + raw.len()), Some(raw.as_bytes()));
        }
    }
    assert_eq!(read(object), (summary, found, text));
});
