//! An object's bytes in, events and rejects out, one after another.
//!
//! Knows every wrapping that CloudTrail records come in: `{"Records":[…]}`, bare arrays, JSON lines, single records, LookupEvents
//! output, EventBridge envelopes, payloads of CloudWatch Logs subscriptions. Never fails as a whole for a part: each record read is an event or a reject.

use crate::gunzip::{self, Inflater};
use crate::json::{Fault, Json, SyntaxError, Tape, skip_space, step_over};
use crate::payloads;
use crate::record::{Event, Refused, with_event};
use crate::reject::{Reason, Reject};
use crate::resource::Calls;
use crate::secret::HashKey;
use bumpalo::Bump;
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;

/// Bytes of one record, at most. CloudTrail's own limit is 256 KB for trails and 1 MB for event data stores.
pub const RECORD_BYTES_MAX: usize = 4 << 20;

/// Bytes of a buffer that is kept to be written over, at most.
const SPARE_BYTES_MAX: usize = 16 << 20;

/// Takes what a decoder finds, in the order of the object.
pub trait Sink {
    /// A record that is an event.
    fn event(&mut self, event: &Event<'_>);
    /// A record, or the object, that is not.
    fn reject(&mut self, reject: Reject);
}

/// What was read of an object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Summary {
    /// SHA-256 of the uncompressed bytes, as CloudTrail's digests have it.
    pub sha256: [u8; 32],
    /// Length of the uncompressed bytes.
    pub uncompressed: u64,
    /// Records read: events and rejects.
    pub records: u64,
    /// Whether the object as a whole was refused.
    pub rejected: bool,
}

/// Reads objects, one after another, with buffers that it keeps.
#[derive(Debug)]
pub struct Decoder {
    tape: Tape,
    inner: Tape,
    hash_key: HashKey,
    inflater: Inflater,
    spare: Vec<u8>,
    texts: Bump,
    calls: Calls,
}

impl Decoder {
    /// A decoder that hashes secrets with `hash_key`.
    pub fn new(hash_key: HashKey) -> Self {
        Self {
            tape: Tape::default(),
            inner: Tape::default(),
            hash_key,
            inflater: Inflater::default(),
            spare: Vec::new(),
            texts: Bump::new(),
            calls: Calls::default(),
        }
    }

    /// Reads one object, compressed or not. Returns its text beside the sums: what [`Event::at`] counts in, for a sink that keeps
    /// places instead of copies; the object as it came where it could not be inflated.
    pub fn decode<'o>(&mut self, object: &'o [u8], sink: &mut dyn Sink) -> (Summary, Cow<'o, [u8]>) {
        let mut summary = Summary::default();
        let whole = |reason, detail: String, length: usize| Reject { record: None, reason, detail, bytes: 0..length as u64 };
        let inflated = match self.inflater.inflate(object, std::mem::take(&mut self.spare)) {
            Ok(bytes) if gunzip::is_gzip(&bytes) => payloads::inflate(object, gunzip::OBJECT_BYTES_MAX).unwrap_or(Ok(bytes)),
            Err(gunzip::Fault::Trailing) => payloads::inflate(object, gunzip::OBJECT_BYTES_MAX).unwrap_or(Err(gunzip::Fault::Trailing)),
            inflated => inflated,
        };
        let bytes = match inflated {
            Ok(bytes) => bytes,
            Err(fault) => {
                let reason = match fault {
                    gunzip::Fault::Truncated => Reason::Truncated,
                    gunzip::Fault::Damaged => Reason::Damaged,
                    gunzip::Fault::Trailing => Reason::TrailingData,
                    gunzip::Fault::TooLarge => Reason::TooLarge,
                };
                sink.reject(whole(reason, reason.sentence().into(), object.len()));
                return (Summary { sha256: Sha256::digest(object).into(), rejected: true, ..summary }, Cow::Borrowed(object));
            }
        };
        summary.sha256 = Sha256::digest(&bytes).into();
        summary.uncompressed = bytes.len() as u64;
        let mut document = Document { bytes: &bytes, at: 0, broken_until: usize::MAX, records: 0, decoder: self, sink };
        let refused = document.read();
        summary.records = document.records;
        if let Some((reason, detail)) = refused {
            sink.reject(whole(reason, detail, bytes.len()));
            summary.rejected = true;
        }
        (summary, bytes)
    }

    /// Takes the text of an object back, once nothing of it is needed: the next one is inflated into it.
    pub fn recycle(&mut self, text: Cow<'_, [u8]>) {
        if let Cow::Owned(text) = text
            && text.capacity() <= SPARE_BYTES_MAX
        {
            self.spare = text;
        }
    }
}

struct Document<'b, 'd> {
    bytes: &'b [u8],
    at: usize,
    /// Where an element that could not be read was taken to end.
    broken_until: usize,
    records: u64,
    decoder: &'d mut Decoder,
    sink: &'d mut dyn Sink,
}

impl Document<'_, '_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        self.at = skip_space(self.bytes, self.at);
    }

    /// Reads value after value; returns why the whole is refused, where nothing in it was a record.
    fn read(&mut self) -> Option<(Reason, String)> {
        if self.bytes.starts_with(&[0xff, 0xfe]) || self.bytes.starts_with(&[0xfe, 0xff]) {
            return Some((Reason::NotUtf8, "it is UTF-16; convert it to UTF-8".into()));
        }
        if self.bytes.starts_with(&[0xef, 0xbb, 0xbf]) {
            self.at = 3;
        }
        self.space();
        if self.peek().is_none() {
            return Some((Reason::NotJson, "it is empty".into()));
        }
        if self.bytes.starts_with(b"PK\x03\x04") {
            return Some((Reason::NotJson, "it is a zip archive; unpack it and ingest the folder".into()));
        }
        if !matches!(self.peek(), Some(b'{' | b'[')) {
            return Some((Reason::NotJson, format!("it is not JSON: {}", self.describe(self.at))));
        }
        while let Some(byte) = self.peek() {
            let more = match byte {
                b'[' => {
                    self.at += 1;
                    self.list()
                }
                b'{' => match self.wrapping() {
                    Ok(true) => true,
                    Ok(false) => self.item(),
                    Err(refused) if self.records == 0 => return Some(refused),
                    Err((reason, detail)) => {
                        self.refuse(reason, detail, self.at..self.bytes.len());
                        false
                    }
                },
                _ => {
                    let found = self.describe(self.at);
                    let detail = format!("after record {}: {found}", self.records);
                    if self.records == 0 {
                        return Some((Reason::NotJson, detail));
                    }
                    self.refuse(Reason::NotJson, detail, self.at..self.bytes.len());
                    false
                }
            };
            if !more {
                break;
            }
            self.space();
        }
        None
    }

    /// Looks through an object that may be a wrapping of a list of records. Reads the list and says true; else leaves it and says false.
    fn wrapping(&mut self) -> Result<bool, (Reason, String)> {
        let start = self.at;
        let mut at = skip_space(self.bytes, start + 1);
        let mut listed = false;
        let mut is_test = false;
        while self.bytes.get(at) == Some(&b'"') {
            let Some(after) = step_over(self.bytes, at) else { break };
            let name = self.bytes.get(at + 1..after - 1).unwrap_or(&[]);
            at = skip_space(self.bytes, after);
            if self.bytes.get(at) != Some(&b':') {
                break;
            }
            at = skip_space(self.bytes, at + 1);
            let is_records = name == b"Records";
            let rest = self.bytes.get(at..).unwrap_or(&[]);
            is_test |= name == b"messageType" && rest.starts_with(b"\"CONTROL_MESSAGE\"");
            let is_payload = name == b"logEvents" && rest.first() == Some(&b'[');
            if is_payload && is_test {
                // The service tries whether somebody is there; its entry is no record.
                listed = true;
            } else if is_records || is_payload || name == b"Events" {
                match self.bytes.get(at) {
                    Some(b'[') if listed => return Err((Reason::AmbiguousJson, "Records stands twice in it".into())),
                    Some(b'[') => {
                        listed = true;
                        self.at = at + 1;
                        if !self.list() {
                            self.at = self.bytes.len();
                            return Ok(true);
                        }
                        at = self.at;
                    }
                    _ if is_records => return Err((Reason::RecordsNotList, format!("Records is not a list: {}", self.describe(at)))),
                    _ => {}
                }
            }
            if !matches!(self.bytes.get(at), Some(b',' | b'}')) {
                let Some(end) = scalar_or_container_end(self.bytes, at) else { break };
                at = end;
            }
            at = skip_space(self.bytes, at);
            match self.bytes.get(at) {
                Some(b',') => at = skip_space(self.bytes, at + 1),
                Some(b'}') if listed => {
                    self.at = at + 1;
                    return Ok(true);
                }
                _ => break,
            }
        }
        if listed {
            // The list was read; what is around it is broken.
            self.refuse(Reason::NotJson, format!("after the list of records: {}", self.describe(at)), at..self.bytes.len());
            self.at = self.bytes.len();
            return Ok(true);
        }
        self.at = start;
        Ok(false)
    }

    /// Reads the elements of a list up to its bracket; false where the rest of the object cannot be read.
    fn list(&mut self) -> bool {
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return true;
        }
        loop {
            self.space();
            if !self.item() {
                return false;
            }
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return true;
                }
                Some(b'{') if self.at == self.broken_until => {}
                _ => {
                    if !self.resume() {
                        return false;
                    }
                }
            }
        }
    }

    /// Steps over stray brackets and commas between records, as one reject.
    fn resume(&mut self) -> bool {
        let start = self.at;
        let found = self.describe(start);
        let stray = |byte: &u8| matches!(byte, b'}' | b']' | b',' | b' ' | b'\n' | b'\r' | b'\t');
        let length = self.bytes.get(start..).unwrap_or(&[]).iter().take_while(|byte| stray(byte)).count();
        let next = self.bytes.get(start + length) == Some(&b'{');
        let end = if next { start + length } else { self.bytes.len() };
        self.refuse(Reason::NotJson, format!("between records: {found}"), start..end);
        self.at = end;
        next
    }

    /// Reads one element; false where what follows it cannot be found.
    fn item(&mut self) -> bool {
        let start = self.at;
        let mut tape = std::mem::take(&mut self.decoder.tape);
        let read = tape.read(self.bytes, start, RECORD_BYTES_MAX);
        let more = match read {
            Ok(end) => {
                self.at = end;
                match std::str::from_utf8(self.bytes.get(start..end).unwrap_or(&[])) {
                    Ok(text) => {
                        if let Some(element) = tape.root(text) {
                            self.element(element, start..end);
                        }
                    }
                    Err(error) => {
                        self.refuse(Reason::NotUtf8, format!("not UTF-8 at byte {}", start + error.valid_up_to()), start..end);
                    }
                }
                true
            }
            Err(error) => {
                let end = self.end_of_broken(start, error);
                let (reason, detail) = self.explain(error);
                self.refuse(reason, detail, start..end.unwrap_or(self.bytes.len()));
                self.at = end.unwrap_or(self.bytes.len());
                self.broken_until = self.at;
                end.is_some()
            }
        };
        self.decoder.tape = tape;
        more
    }

    /// Where the element after one that cannot be read begins. Where an object begins in the place of a key, the one around it was
    /// never closed and ends there, as it never does inside a value; else the element's own brackets tell.
    fn end_of_broken(&self, start: usize, error: SyntaxError) -> Option<usize> {
        if error.what == Fault::Unexpected && error.at > start && self.bytes.get(error.at) == Some(&b'{') {
            return Some(error.at);
        }
        let follows = |end: &usize| matches!(self.bytes.get(skip_space(self.bytes, *end)), None | Some(b',' | b']' | b'{' | b'}'));
        step_over(self.bytes, start).filter(follows)
    }

    /// Unwraps an element and reads the record in it.
    fn element(&mut self, element: Json<'_, '_>, range: std::ops::Range<usize>) {
        let place = self.records;
        let outcome = match unwrap(element) {
            Unwrapped::Record(record) => {
                self.records += 1;
                let at = (record.raw().as_ptr() as usize).checked_sub(self.bytes.as_ptr() as usize);
                self.event(record, place, at)
            }
            Unwrapped::Text(text) => {
                self.records += 1;
                let mut inner = std::mem::take(&mut self.decoder.inner);
                let start = skip_space(text.as_bytes(), 0);
                let outcome = match inner.read(text.as_bytes(), start, RECORD_BYTES_MAX) {
                    Ok(end) => match text.get(start..end).and_then(|text| inner.root(text)) {
                        Some(record) if record.is_object() => self.event(record, place, None),
                        _ => Err(Refused { reason: Reason::NotCloudTrail, detail: "its text holds no record".into() }),
                    },
                    Err(error) => {
                        let (reason, detail) = self.explain(error);
                        Err(Refused { reason, detail: format!("in its text: {detail}") })
                    }
                };
                self.decoder.inner = inner;
                outcome
            }
            Unwrapped::Other(what) => {
                self.records += 1;
                Err(Refused { reason: Reason::NotCloudTrail, detail: what })
            }
        };
        if let Err(Refused { reason, detail }) = outcome {
            self.sink.reject(Reject { record: Some(place), reason, detail, bytes: range.start as u64..range.end as u64 });
        }
    }

    fn event(&mut self, record: Json<'_, '_>, place: u64, at: Option<usize>) -> Result<(), Refused> {
        let Decoder { texts, calls, hash_key, .. } = &mut *self.decoder;
        if texts.allocated_bytes() > SPARE_BYTES_MAX {
            *texts = Bump::new();
        }
        texts.reset();
        let sink = &mut *self.sink;
        with_event(record, place, at, hash_key, texts, calls, &mut |event| sink.event(event))
    }

    fn refuse(&mut self, reason: Reason, detail: String, bytes: std::ops::Range<usize>) {
        self.sink.reject(Reject { record: Some(self.records), reason, detail, bytes: bytes.start as u64..bytes.end as u64 });
        self.records += 1;
    }

    fn explain(&self, error: SyntaxError) -> (Reason, String) {
        match error.what {
            Fault::Ends => (Reason::NotJson, "the text ends inside a record".into()),
            Fault::Unexpected => (Reason::NotJson, self.describe(error.at)),
            Fault::Nesting => (Reason::Nesting, format!("{} (byte {})", Reason::Nesting.sentence(), error.at)),
            Fault::DuplicateKey => (Reason::AmbiguousJson, format!("{} (before byte {})", Reason::AmbiguousJson.sentence(), error.at)),
            Fault::TooLong => (Reason::RecordTooLarge, Reason::RecordTooLarge.sentence().into()),
        }
    }

    fn describe(&self, at: usize) -> String {
        match self.bytes.get(at) {
            Some(byte) if byte.is_ascii_graphic() => format!("unexpected {:?} at byte {at}", char::from(*byte)),
            Some(byte) => format!("unexpected byte 0x{byte:02x} at byte {at}"),
            None => format!("it ends at byte {at}"),
        }
    }
}

fn scalar_or_container_end(bytes: &[u8], at: usize) -> Option<usize> {
    match bytes.get(at)? {
        b'{' | b'[' | b'"' => step_over(bytes, at),
        _ => {
            Some(at + bytes.get(at..)?.iter().take_while(|byte| !matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t')).count())
        }
    }
}

enum Unwrapped<'t, 'a> {
    Record(Json<'t, 'a>),
    /// LookupEvents and CloudWatch Logs hand the record over as a string.
    Text(Cow<'a, str>),
    Other(String),
}

fn unwrap<'t, 'a>(element: Json<'t, 'a>) -> Unwrapped<'t, 'a> {
    if !element.is_object() {
        return Unwrapped::Other("an element is no object".into());
    }
    let is_record = |value: &Json<'_, '_>| {
        value.is_object() && value.entries().any(|(name, _)| matches!(name.as_ref(), "eventName" | "eventVersion" | "eventID"))
    };
    let mut detail_type = None;
    let mut detail = None;
    let mut shipped = None;
    let mut message = None;
    for (name, value) in element.entries() {
        match name.as_ref() {
            "eventName" | "eventVersion" | "eventID" => return Unwrapped::Record(element),
            "CloudTrailEvent" => {
                if let Some(text) = value.text() {
                    return Unwrapped::Text(text);
                }
            }
            "detail-type" => detail_type = value.text(),
            "detail" => detail = Some(value),
            // An entry of CloudWatch Logs, in a subscription's payload.
            "message" => message = value.text(),
            // Log shippers that follow the Simple Schema for Observability put the record here.
            "aws" => shipped = value.get("cloudtrail"),
            _ => {}
        }
    }
    if let Some(record) = detail.into_iter().chain(shipped).find(is_record) {
        return Unwrapped::Record(record);
    }
    if let Some(text) = message.filter(|text| text.trim_start().starts_with('{')) {
        return Unwrapped::Text(text);
    }
    match detail_type {
        Some(kind) => Unwrapped::Other(format!("an EventBridge event of type {kind:?} holds no CloudTrail record")),
        None => Unwrapped::Other("it has neither eventName nor eventID".into()),
    }
}
