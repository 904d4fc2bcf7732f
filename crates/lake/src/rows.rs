//! Events and rejects of one worker in, compact rows out.
//!
//! A [`Rows`] is the decoder's [`Sink`]: what it keeps of a record's text is copied while it is at hand, into memory that is used again for
//! the next commit. Sessions are told apart by the text of `userIdentity`, so that one is read and resolved once, however many calls it
//! made; a name that many calls mention is kept once.

use crate::causes::Causes;
use crate::schema::{OWN_TEXT, WORDS};
use crate::texts::{Names, Span, Texts};
use arrow::array::{ArrayRef, StringArray};
use event::resource::Form;
use event::{Decoder, Event, Reason, Reject, Sink, Summary};
use hashbrown::HashMap;
use identity::{Identity, Issue, SessionKey, Use};
use std::sync::Arc;
use xxhash_rust::xxh3::{Xxh3, xxh3_128, xxh3_128_with_seed};

/// Objects and what was read of them, before any of it is compared with the lake.
#[derive(Debug, Default)]
pub struct Rows {
    pub(crate) objects: Vec<ObjectRow>,
    pub(crate) texts: Texts,
    pub(crate) events: Events,
    /// Values of [`WORDS`].
    pub(crate) words: Names,
    /// Keys of mentions, and what they stand for.
    pub(crate) names: Names,
    pub(crate) mentions: Vec<MentionRow>,
    pub(crate) causes: Causes,
    pub(crate) rejects: Vec<RejectRow>,
    pub(crate) sessions: Vec<SessionRow>,
    pub(crate) issues: Vec<Arc<Issue>>,
    session_of: HashMap<u128, u32>,
}

/// Events, a vector for each of their parts: whoever wants one part of all of them then reads nothing else.
#[derive(Debug, Default)]
pub(crate) struct Events {
    /// Tells an event from every other one.
    pub(crate) identity: Vec<u128>,
    pub(crate) fingerprint: Vec<i64>,
    pub(crate) time: Vec<i64>,
    pub(crate) session: Vec<u32>,
    pub(crate) object: Vec<u32>,
    pub(crate) record: Vec<u32>,
    /// Where its mentions end; those of the row before it end where its own begin.
    pub(crate) mentions_end: Vec<u32>,
    pub(crate) read_only: Vec<bool>,
    pub(crate) management_event: Vec<Option<bool>>,
    /// Values of [`WORDS`], by their numbers.
    pub(crate) words: [Vec<Option<u32>>; WORDS.len()],
    /// Values of [`OWN_TEXT`], by their places.
    pub(crate) texts: [Vec<Span>; OWN_TEXT.len()],
}

impl Events {
    fn clear(&mut self) {
        let Self { identity, fingerprint, time, session, object, record, mentions_end, read_only, management_event, words, texts } = self;
        identity.clear();
        fingerprint.clear();
        time.clear();
        [session, object, record, mentions_end].into_iter().for_each(Vec::clear);
        read_only.clear();
        management_event.clear();
        words.iter_mut().for_each(Vec::clear);
        texts.iter_mut().for_each(Vec::clear);
    }
}

/// An element of a vector that is as long as there are rows.
pub(crate) fn at<T: Copy + Default>(values: &[T], row: u32) -> T {
    values.get(row as usize).copied().unwrap_or_default()
}

/// Kind of an object that no bucket holds: records that CloudTrail's event history gave when it was asked for some. What it lacks says
/// nothing, so that it is no part of what an account's log covers.
pub const LOOKED_UP: &str = "lookup_events";

/// What the ledger says of an object.
#[derive(Debug, Clone, Default)]
pub struct ObjectRow {
    /// Address of the object.
    pub uri: String,
    /// `cloudtrail`, `digest` or [`LOOKED_UP`].
    pub kind: &'static str,
    /// A log is `read`, `rejected` or `unreadable`, a digest `believed` or `refused`.
    pub state: &'static str,
    /// `o-…` of its key.
    pub organization_id: String,
    /// Account of its key.
    pub account_id: String,
    /// Region of its key.
    pub aws_region: String,
    /// The store's version of its content.
    pub etag: Option<String>,
    /// Size as listed.
    pub size: u64,
    /// Time of the last change as listed, microseconds since 1970.
    pub modified: Option<i64>,
    /// SHA-256 of the uncompressed bytes, in hexadecimal.
    pub sha256: String,
    /// Length of the uncompressed bytes.
    pub uncompressed: u64,
    /// Records read.
    pub records: u64,
    /// Records rejected.
    pub rejected: u64,
    /// Records that are in the lake already.
    pub duplicate: u64,
    /// A number for its content at its address, by which `mentions` names it; known once it is read.
    pub id: i64,
    /// Time of the earliest and latest event, microseconds since 1970.
    pub span: Option<(i64, i64)>,
}

impl ObjectRow {
    /// A number for this content at this address.
    fn number(&self) -> i64 {
        object_number(&self.uri, &self.sha256)
    }
}

/// The number by which an object of this address and content is known in `events` and `mentions`.
pub fn object_number(uri: &str, sha256: &str) -> i64 {
    let mut hash = Xxh3::with_seed(13);
    hash.update(uri.as_bytes());
    hash.update(&[0]);
    hash.update(sha256.as_bytes());
    hash.digest().cast_signed()
}

/// The number that stands in `mentions` for a `sharedEventID`.
pub fn shared_event(shared_event_id: &str) -> i64 {
    xxhash_rust::xxh3::xxh3_64(shared_event_id.as_bytes()).cast_signed()
}

#[derive(Debug, Clone)]
pub(crate) struct RejectRow {
    pub(crate) object: u32,
    pub(crate) reject: Reject,
    pub(crate) event_id: Option<String>,
    pub(crate) recipient_account_id: Option<String>,
    pub(crate) fingerprint: Option<i64>,
}

/// A key under which an event is found, by the numbers of the names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MentionRow {
    pub(crate) key: u32,
    pub(crate) arn: Option<u32>,
    pub(crate) event: u32,
    pub(crate) form: Form,
    pub(crate) exact: bool,
}

/// A session, as the text of one `userIdentity` has it.
#[derive(Debug, Clone)]
pub(crate) struct SessionRow {
    pub(crate) key: SessionKey,
    pub(crate) seen: Arc<Use>,
    /// `userIdentity`, whole.
    pub(crate) text: Option<String>,
    /// Whether it names the caller in the caller's own account.
    pub(crate) own: bool,
}

/// Places in [`WORDS`].
pub(crate) const EVENT_SOURCE: usize = 1;
pub(crate) const EVENT_NAME: usize = 2;
pub(crate) const AWS_REGION: usize = 3;
pub(crate) const RECIPIENT: usize = 4;
pub(crate) const ERROR_CODE: usize = 7;

/// Places in [`OWN_TEXT`].
pub(crate) const EVENT_ID: usize = 0;
pub(crate) const SHARED: usize = 3;

/// Microseconds in a day.
pub const DAY_MICROS: i64 = 86_400_000_000;

/// The day of a time, counted from 1970-01-01.
pub fn day_of(micros: i64) -> i32 {
    i32::try_from(micros.div_euclid(DAY_MICROS)).unwrap_or(i32::MAX)
}

/// What tells one event from every other, in 128 bits.
pub(crate) fn event_identity(event_id: &str, recipient_account_id: &str) -> u128 {
    hash_of(&[event_id.as_bytes(), &[0], recipient_account_id.as_bytes()], 11)
}

/// Bytes that are hashed in one go.
const AT_ONCE: usize = 128;

/// XXH3 in 128 bits of parts, one after another. A few short ones are put together first: a hash that is fed bit by bit costs ten times as
/// much to set up, and this is asked for every event.
fn hash_of(parts: &[&[u8]], seed: u64) -> u128 {
    let mut whole = [0; AT_ONCE];
    let mut length = 0;
    for part in parts {
        let Some(to) = whole.get_mut(length..length + part.len()) else {
            let mut hash = Xxh3::with_seed(seed);
            parts.iter().for_each(|part| hash.update(part));
            return hash.digest128();
        };
        to.copy_from_slice(part);
        length += part.len();
    }
    xxh3_128_with_seed(whole.get(..length).unwrap_or(&[]), seed)
}

impl Rows {
    /// Events so far.
    pub fn len(&self) -> usize {
        self.events.time.len()
    }

    /// Whether there is nothing to commit.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// Notes an object that holds no records.
    pub fn note(&mut self, mut object: ObjectRow) {
        object.id = object.number();
        self.objects.push(object);
    }

    /// Notes an object that could not be read, and why.
    pub fn note_unreadable(&mut self, mut object: ObjectRow, reject: Reject) {
        object.id = object.number();
        self.objects.push(object);
        self.reject(reject);
    }

    /// Reads an object.
    pub fn read(&mut self, decoder: &mut Decoder, object: ObjectRow, bytes: &[u8]) -> Summary {
        self.objects.push(object);
        let (summary, text) = decoder.decode(bytes, self);
        decoder.recycle(text);
        if let Some(object) = self.objects.last_mut() {
            object.sha256 = hex(&summary.sha256);
            object.uncompressed = summary.uncompressed;
            object.records = summary.records;
            object.id = object.number();
            if summary.rejected {
                object.state = "rejected";
            }
        }
        summary
    }

    /// What was refused so far, in order.
    pub fn rejects(&self) -> impl ExactSizeIterator<Item = &Reject> {
        self.rejects.iter().map(|row| &row.reject)
    }

    /// Takes over what another worker read.
    pub(crate) fn append(&mut self, other: &mut Self) {
        let objects = self.objects.len() as u32;
        let pieces = self.texts.append(&mut other.texts);
        let events = self.len() as u32;
        let mentions = self.mentions.len() as u32;
        let words: Vec<u32> = (0..other.words.len()).map(|word| self.words.number_of(&other.words, word)).collect();
        let names: Vec<u32> = (0..other.names.len()).map(|name| self.names.number_of(&other.names, name)).collect();
        let mut sessions = vec![0; other.sessions.len()];
        let mut found: Vec<Option<SessionRow>> = other.sessions.drain(..).map(Some).collect();
        for (identity, session) in other.session_of.drain() {
            let here = *self.session_of.entry(identity).or_insert_with(|| {
                self.sessions.extend(found.get_mut(session as usize).and_then(Option::take));
                self.sessions.len() as u32 - 1
            });
            if let Some(place) = sessions.get_mut(session as usize) {
                *place = here;
            }
        }
        self.objects.append(&mut other.objects);
        self.issues.append(&mut other.issues);
        self.rejects.extend(other.rejects.drain(..).map(|reject| RejectRow { object: reject.object + objects, ..reject }));
        self.mentions.extend(other.mentions.iter().map(|mention| MentionRow {
            key: at(&names, mention.key),
            arn: mention.arn.map(|arn| at(&names, arn)),
            event: mention.event + events,
            ..*mention
        }));
        self.causes.append(&mut other.causes, &names, events);
        let (held, more) = (&mut self.events, &other.events);
        held.identity.extend(&more.identity);
        held.fingerprint.extend(&more.fingerprint);
        held.time.extend(&more.time);
        held.session.extend(more.session.iter().map(|session| at(&sessions, *session)));
        held.object.extend(more.object.iter().map(|object| object + objects));
        held.record.extend(&more.record);
        held.mentions_end.extend(more.mentions_end.iter().map(|end| end + mentions));
        held.read_only.extend(&more.read_only);
        held.management_event.extend(&more.management_event);
        for (held, more) in held.words.iter_mut().zip(&more.words) {
            held.extend(more.iter().map(|word| word.map(|word| at(&words, word))));
        }
        for (held, more) in held.texts.iter_mut().zip(&more.texts) {
            held.extend(more.iter().map(|span| span.moved(pieces)));
        }
    }

    /// Forgets all that was read, and keeps its memory: for itself, and for another worker whose rows it took over.
    pub(crate) fn clear(&mut self, other: Option<&mut Self>) {
        let mut texts = None;
        if let Some(other) = other {
            other.clear(None);
            texts = Some(&mut other.texts);
        }
        self.texts.clear(texts);
        self.objects.clear();
        self.words.clear();
        self.names.clear();
        self.mentions.clear();
        self.causes.clear();
        self.rejects.clear();
        self.sessions.clear();
        self.issues.clear();
        self.session_of.clear();
        self.events.clear();
    }

    /// A word of an event; empty where it has none.
    pub(crate) fn word(&self, event: u32, column: usize) -> &str {
        let word = self.events.words.get(column).and_then(|words| at(words, event));
        word.map_or("", |word| self.words.get(word))
    }

    /// Whether an event has a word there.
    pub(crate) fn has_word(&self, event: u32, column: usize) -> bool {
        self.events.words.get(column).and_then(|words| at(words, event)).is_some()
    }

    /// Text of an event.
    pub(crate) fn text(&self, event: u32, column: usize) -> Option<&str> {
        self.bytes(event, column).and_then(|bytes| std::str::from_utf8(bytes).ok())
    }

    /// The same as bytes, which are known to be UTF-8.
    pub(crate) fn bytes(&self, event: u32, column: usize) -> Option<&[u8]> {
        let span = self.events.texts.get(column)?.get(event as usize)?;
        self.texts.get(*span)
    }

    /// The day of an event.
    pub(crate) fn day(&self, event: u32) -> i32 {
        day_of(at(&self.events.time, event))
    }

    /// The session that made a call.
    pub(crate) fn session_of(&self, event: u32) -> Option<&SessionRow> {
        self.sessions.get(at(&self.events.session, event) as usize)
    }

    /// The object that an event lies in.
    pub(crate) fn object_of(&self, event: u32) -> Option<&ObjectRow> {
        self.objects.get(at(&self.events.object, event) as usize)
    }

    /// The mentions of an event, by their places.
    pub(crate) fn mentions_of(&self, event: u32) -> std::ops::Range<u32> {
        let start = event.checked_sub(1).map_or(0, |before| at(&self.events.mentions_end, before));
        start..at(&self.events.mentions_end, event)
    }

    /// The ARNs that an event is about, by their numbers, each once.
    pub(crate) fn resource_arns(&self, event: u32) -> impl Iterator<Item = u32> {
        let range = self.mentions_of(event);
        let mentions = self.mentions.get(range.start as usize..range.end as usize).unwrap_or(&[]);
        let arn = |mention: &MentionRow| mention.arn.filter(|_| mention.exact);
        let is_first = move |place: usize, number: u32| !mentions.iter().take(place).any(|before| arn(before) == Some(number));
        mentions.iter().enumerate().filter_map(move |(place, mention)| arn(mention).filter(|number| is_first(place, *number)))
    }

    /// Whether the record says that it is of another account's trail than the folder that it lies in. One that does not say contradicts
    /// nothing: its caller may be of another account.
    fn lies_elsewhere(&self, event: &Event<'_>) -> bool {
        let folder = self.objects.last().map_or("", |object| object.account_id.as_str());
        event.names_recipient && !folder.is_empty() && event.recipient_account_id != folder
    }

    fn current(&self) -> u32 {
        (self.objects.len() as u32).saturating_sub(1)
    }

    fn session(&mut self, event: &Event<'_>) -> u32 {
        let text = xxh3_128(event.text.user_identity.as_deref().unwrap_or("").as_bytes());
        let instance = is_instance(event);
        let region = if instance { &*event.aws_region } else { "" };
        let flag = [u8::from(event.session_credential_from_console)];
        let identity = hash_of(&[&text.to_le_bytes(), &flag, event.recipient_account_id.as_bytes(), &[0], region.as_bytes()], 0);
        if let Some(session) = self.session_of.get(&identity) {
            return *session;
        }
        let mut seen = Use::of(event);
        if !instance {
            // Only an instance's own region is asked for later; the others would make a row for each region.
            seen.aws_region.clear();
        }
        let session = self.sessions.len() as u32;
        let text = event.text.user_identity.as_deref().map(str::to_owned);
        let own = seen.identity.arn.is_some() && seen.identity.account_id.as_deref() == Some(&*event.recipient_account_id);
        self.sessions.push(SessionRow { key: seen.identity.session(), seen: Arc::new(seen), text, own });
        self.session_of.insert(identity, session);
        session
    }
}

impl Sink for Rows {
    fn event(&mut self, event: &Event<'_>) {
        if self.lies_elsewhere(event) {
            let bytes = event.at.map_or(0..0, |at| at as u64..(at + event.raw.len()) as u64);
            let reason = Reason::PathRecordMismatch;
            return self.reject(Reject { record: Some(event.record), reason, detail: reason.sentence().into(), bytes });
        }
        let session = self.session(event);
        let free = &event.text;
        let words: [Option<&str>; WORDS.len()] = [
            Some(&event.event_version),
            Some(&event.event_source),
            Some(&event.event_name),
            Some(&event.aws_region),
            Some(&event.recipient_account_id),
            event.source_ip_address.as_deref(),
            event.user_agent.as_deref(),
            event.error_code.as_deref(),
            event.event_type.as_deref(),
            event.event_category.as_deref(),
            event.api_version.as_deref(),
            event.vpc_endpoint_id.as_deref(),
            free.tls_details.as_deref(),
        ];
        let texts: [Option<&str>; OWN_TEXT.len()] = [
            Some(&event.event_id),
            event.error_message.as_deref(),
            event.request_id.as_deref(),
            event.shared_event_id.as_deref(),
            free.request_parameters.as_deref(),
            free.response_elements.as_deref(),
            free.additional_event_data.as_deref(),
            free.service_event_details.as_deref(),
            free.resources.as_deref(),
            free.other.as_deref(),
        ];
        let row = self.len() as u32;
        let object = self.current();
        for mention in event.mentions.as_slice() {
            let key = self.names.number(&mention.key);
            let arn = mention.arn.as_deref().map(|arn| if arn == mention.key { key } else { self.names.number(arn) });
            self.mentions.push(MentionRow { key, arn, event: row, form: mention.form, exact: mention.exact });
        }
        self.causes.note(event, row, &mut self.names);
        let rows = &mut self.events;
        for (column, word) in rows.words.iter_mut().zip(words) {
            // Records that lie together mostly agree.
            let before = column.last().copied().flatten().filter(|before| word.is_some_and(|word| self.words.get(*before) == word));
            column.push(before.or_else(|| word.map(|word| self.words.number(word))));
        }
        for (column, text) in rows.texts.iter_mut().zip(texts) {
            column.push(text.map_or(Span::NONE, |text| self.texts.keep(text)));
        }
        rows.identity.push(event_identity(&event.event_id, &event.recipient_account_id));
        rows.fingerprint.push(((event.fingerprint >> 64) as u64 ^ event.fingerprint as u64).cast_signed());
        rows.time.push(event.event_time);
        rows.session.push(session);
        rows.object.push(object);
        rows.record.push(event.record as u32);
        rows.mentions_end.push(self.mentions.len() as u32);
        rows.read_only.push(event.read_only);
        rows.management_event.push(event.management_event);
        let sessions = &self.sessions;
        let caller =
            || sessions.get(session as usize).map_or_else(|| Arc::new(Identity::of(event)), |held| Arc::clone(&held.seen.identity));
        if let Some(issue) = Issue::by(event, caller) {
            self.issues.push(Arc::new(issue));
        }
        if let Some(object) = self.objects.last_mut() {
            let (first, last) = object.span.unwrap_or((event.event_time, event.event_time));
            object.span = Some((first.min(event.event_time), last.max(event.event_time)));
        }
    }

    fn reject(&mut self, reject: Reject) {
        if reject.record.is_some()
            && let Some(object) = self.objects.last_mut()
        {
            object.rejected += 1;
        }
        self.rejects.push(RejectRow { object: self.current(), reject, event_id: None, recipient_account_id: None, fingerprint: None });
    }
}

/// Whether the caller is an EC2 instance, whose ARN needs a region that its session does not hold.
fn is_instance(event: &Event<'_>) -> bool {
    let identity = &event.user_identity;
    identity.session.ec2_role_delivery.is_some()
        || identity.principal_id.as_deref().is_some_and(|principal| principal.contains(":aws:ec2-instance:"))
}

/// Writes bytes as hexadecimal digits; `out` is twice as long.
pub(crate) fn hex_into(bytes: &[u8], out: &mut [u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for (pair, byte) in out.as_chunks_mut::<2>().0.iter_mut().zip(bytes) {
        pair[0] = DIGITS.get(usize::from(byte >> 4)).copied().unwrap_or(b'0');
        pair[1] = DIGITS.get(usize::from(byte & 15)).copied().unwrap_or(b'0');
    }
}

/// The SHA-256 of bytes, in hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    hex(&sha2::Sha256::digest(bytes))
}

/// Bytes as hexadecimal text.
pub fn hex(bytes: &[u8]) -> String {
    let mut out = vec![0; bytes.len() * 2];
    hex_into(bytes, &mut out);
    String::from_utf8(out).unwrap_or_default()
}

/// The word for a form of key.
pub(crate) fn form_word(form: Form) -> &'static str {
    match form {
        Form::Arn => "arn",
        Form::Id => "id",
        Form::Name => "name",
        Form::UniqueId => "unique_id",
        Form::AccessKey => "access_key",
        Form::SessionId => "session_id",
    }
}

/// A text column of a few values chosen by index.
pub(crate) fn chosen<'a>(values: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

/// A number for an object's address and content, for telling objects apart without keeping their names.
pub(crate) fn object_identity(uri: &str, size: u64, etag: Option<&str>, modified: Option<i64>) -> u128 {
    let mut hash = Xxh3::with_seed(12);
    hash.update(uri.as_bytes());
    hash.update(&[0]);
    hash.update(&size.to_le_bytes());
    match etag {
        Some(etag) => hash.update(etag.as_bytes()),
        None => hash.update(&modified.unwrap_or(i64::MIN).to_le_bytes()),
    }
    hash.digest128()
}

#[cfg(test)]
mod tests {
    use super::*;
    use event::HashKey;

    #[test]
    fn parts_hash_as_the_whole_however_long_they_are() {
        for length in [0, 1, 36, AT_ONCE - 14, AT_ONCE - 13, AT_ONCE - 12, AT_ONCE, 300] {
            let (event_id, account) = ("e".repeat(length), "111122223333");
            let mut hash = Xxh3::with_seed(11);
            hash.update(format!("{event_id}\0{account}").as_bytes());
            assert_eq!(event_identity(&event_id, account), hash.digest128(), "{length}");
        }
    }

    #[test]
    fn record_is_refused_only_where_it_says_that_it_belongs_in_another_folder() {
        let record = |id: &str, recipient: &str| {
            format!(
                r#"{{"eventVersion":"1.01","eventID":"{id}","eventTime":"2013-11-18T05:00:00Z","eventSource":"s3.amazonaws.com",
                "eventName":"CreateBucket","awsRegion":"us-east-1"{recipient},
                "userIdentity":{{"type":"IAMUser","arn":"arn:aws:iam::444455556666:user/sato","accountId":"444455556666"}}}}"#
            )
        };
        let other = r#","recipientAccountId":"444455556666""#;
        let own = r#","recipientAccountId":"111122223333""#;
        let text = format!(r#"{{"Records":[{},{},{}]}}"#, record("e-1", ""), record("e-2", own), record("e-3", other));
        let folder = ObjectRow { account_id: "111122223333".into(), ..ObjectRow::default() };
        let mut rows = Rows::default();
        let summary = rows.read(&mut Decoder::new(HashKey::new([7; 32])), folder, text.as_bytes());
        assert_eq!((summary.records, rows.len()), (3, 2));
        let refused: Vec<_> = rows.rejects().map(|reject| (reject.record, reject.reason)).collect();
        assert_eq!(refused, [(Some(2), Reason::PathRecordMismatch)]);
    }
}
