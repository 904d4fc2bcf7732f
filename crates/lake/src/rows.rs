//! Events and rejects of one worker in, Arrow columns out.
//!
//! A [`Rows`] is the decoder's [`Sink`]: every value goes from the record's bytes straight into its column. Sessions are told apart by
//! the text of `userIdentity`, so that one is read and resolved once, however many calls it made.

use crate::schema::EVENT_TEXT;
use arrow::array::{ArrayRef, BooleanBuilder, Int64Builder, ListBuilder, StringArray, StringBuilder, TimestampMicrosecondBuilder};
use event::resource::Form;
use event::{Event, Reject, Sink};
use identity::{Issue, SessionKey, Use};
use std::collections::HashMap;
use std::sync::Arc;
use xxhash_rust::xxh3::Xxh3;

/// Objects and what was read of them, before any of it is compared with the lake.
#[derive(Debug, Default)]
pub struct Rows {
    pub(crate) objects: Vec<ObjectRow>,
    pub(crate) events: EventRows,
    pub(crate) mentions: MentionRows,
    pub(crate) rejects: Vec<RejectRow>,
    pub(crate) uses: Vec<Use>,
    pub(crate) sessions: Vec<SessionKey>,
    pub(crate) issues: Vec<Issue>,
    session_of: HashMap<u128, u32>,
}

/// What the ledger says of an object.
#[derive(Debug, Clone, Default)]
pub struct ObjectRow {
    /// Address of the object.
    pub uri: String,
    /// `cloudtrail`, or why it was not read.
    pub kind: &'static str,
    /// `read`, `rejected` or `skipped`.
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
    /// Time of the earliest and latest event, microseconds since 1970.
    pub span: Option<(i64, i64)>,
}

impl ObjectRow {
    /// A number for this content at this address, by which `mentions` names it.
    pub(crate) fn id(&self) -> i64 {
        let mut hash = Xxh3::with_seed(13);
        hash.update(self.uri.as_bytes());
        hash.update(&[0]);
        hash.update(self.sha256.as_bytes());
        hash.digest().cast_signed()
    }
}

#[derive(Debug, Clone)]
pub(crate) struct RejectRow {
    pub(crate) object: u32,
    pub(crate) reject: Reject,
    pub(crate) event_id: Option<String>,
    pub(crate) recipient_account_id: Option<String>,
    pub(crate) fingerprint: Option<u128>,
}

/// Columns of events, and beside them what dedupe needs of each row.
#[derive(Debug)]
pub(crate) struct EventRows {
    pub(crate) text: Vec<StringBuilder>,
    pub(crate) event_time: TimestampMicrosecondBuilder,
    pub(crate) read_only: BooleanBuilder,
    pub(crate) management_event: BooleanBuilder,
    pub(crate) from_console: BooleanBuilder,
    pub(crate) record: Int64Builder,
    pub(crate) resource_arns: ListBuilder<StringBuilder>,
    pub(crate) meta: Vec<EventMeta>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct EventMeta {
    pub(crate) identity: u128,
    pub(crate) fingerprint: u128,
    pub(crate) time: i64,
    pub(crate) day: i32,
    pub(crate) session: u32,
    pub(crate) object: u32,
}

impl Default for EventRows {
    fn default() -> Self {
        Self {
            text: EVENT_TEXT.iter().map(|_| StringBuilder::new()).collect(),
            event_time: TimestampMicrosecondBuilder::new().with_timezone("UTC"),
            read_only: BooleanBuilder::new(),
            management_event: BooleanBuilder::new(),
            from_console: BooleanBuilder::new(),
            record: Int64Builder::new(),
            resource_arns: ListBuilder::new(StringBuilder::new()).with_field(arrow::datatypes::Field::new(
                "element",
                arrow::datatypes::DataType::Utf8,
                true,
            )),
            meta: Vec::new(),
        }
    }
}

/// Keys of events, by the row of the event.
#[derive(Debug, Default)]
pub(crate) struct MentionRows {
    pub(crate) key: StringBuilder,
    pub(crate) arn: StringBuilder,
    pub(crate) form: Vec<Form>,
    pub(crate) exact: Vec<bool>,
    pub(crate) event: Vec<u32>,
}

/// Microseconds in a day.
pub const DAY_MICROS: i64 = 86_400_000_000;

/// The day of a time, counted from 1970-01-01.
pub fn day_of(micros: i64) -> i32 {
    i32::try_from(micros.div_euclid(DAY_MICROS)).unwrap_or(i32::MAX)
}

/// What tells one event from every other, in 128 bits.
pub(crate) fn event_identity(event_id: &str, recipient_account_id: &str) -> u128 {
    let mut hash = Xxh3::with_seed(11);
    hash.update(event_id.as_bytes());
    hash.update(&[0]);
    hash.update(recipient_account_id.as_bytes());
    hash.digest128()
}

impl Rows {
    /// Events so far.
    pub fn len(&self) -> usize {
        self.events.meta.len()
    }

    /// Whether there is nothing to commit.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// Starts an object: what the decoder finds next is of it.
    pub fn begin(&mut self, object: ObjectRow) {
        self.objects.push(object);
    }

    /// The object begun last.
    pub fn object(&mut self) -> Option<&mut ObjectRow> {
        self.objects.last_mut()
    }

    /// The sessions and issuing events seen, for a graph.
    pub fn facts(&self) -> (&[Use], &[Issue]) {
        (&self.uses, &self.issues)
    }

    /// What was refused so far, in order.
    pub fn rejects(&self) -> impl ExactSizeIterator<Item = &Reject> {
        self.rejects.iter().map(|row| &row.reject)
    }

    fn current(&self) -> u32 {
        (self.objects.len() as u32).saturating_sub(1)
    }

    fn session(&mut self, event: &Event<'_>) -> u32 {
        let mut hash = Xxh3::new();
        hash.update(event.text.user_identity.as_deref().unwrap_or("").as_bytes());
        hash.update(&[0, u8::from(event.session_credential_from_console)]);
        hash.update(event.recipient_account_id.as_bytes());
        let instance = is_instance(event);
        if instance {
            hash.update(event.aws_region.as_bytes());
        }
        let identity = hash.digest128();
        if let Some(session) = self.session_of.get(&identity) {
            return *session;
        }
        let mut seen = Use::of(event);
        if !instance {
            // Only an instance's own region is asked for later; the others would make a row for each region.
            seen.aws_region.clear();
        }
        let session = self.uses.len() as u32;
        self.sessions.push(seen.identity.session());
        self.uses.push(seen);
        self.session_of.insert(identity, session);
        session
    }
}

impl Sink for Rows {
    fn event(&mut self, event: &Event<'_>) {
        let session = self.session(event);
        let object = self.current();
        let identity = &event.user_identity;
        let text = &event.text;
        let mut fingerprint = [0; 32];
        hex_into(&event.fingerprint.to_be_bytes(), &mut fingerprint);
        let rows = &mut self.events;
        let values: [Option<&str>; EVENT_TEXT.len()] = [
            Some(&event.event_id),
            Some(&event.event_version),
            Some(&event.event_source),
            Some(&event.event_name),
            Some(&event.aws_region),
            Some(&event.recipient_account_id),
            event.source_ip_address.as_deref(),
            event.user_agent.as_deref(),
            event.error_code.as_deref(),
            event.error_message.as_deref(),
            event.event_type.as_deref(),
            event.event_category.as_deref(),
            event.request_id.as_deref(),
            event.shared_event_id.as_deref(),
            event.api_version.as_deref(),
            event.vpc_endpoint_id.as_deref(),
            identity.kind.as_deref(),
            identity.principal_id.as_deref(),
            identity.arn.as_deref(),
            identity.account_id.as_deref(),
            identity.access_key_id.as_deref(),
            identity.user_name.as_deref(),
            identity.invoked_by.as_deref(),
            text.user_identity.as_deref(),
            text.request_parameters.as_deref(),
            text.response_elements.as_deref(),
            text.additional_event_data.as_deref(),
            text.service_event_details.as_deref(),
            text.resources.as_deref(),
            text.tls_details.as_deref(),
            text.other.as_deref(),
            std::str::from_utf8(&fingerprint).ok(),
        ];
        for (column, value) in rows.text.iter_mut().zip(values) {
            column.append_option(value);
        }
        rows.event_time.append_value(event.event_time);
        rows.read_only.append_value(event.read_only);
        rows.management_event.append_option(event.management_event);
        rows.from_console.append_value(event.session_credential_from_console);
        rows.record.append_value(event.record as i64);
        let row = rows.meta.len() as u32;
        let mut arns: Vec<&str> =
            event.mentions.as_slice().iter().filter(|mention| mention.exact).filter_map(|mention| mention.arn.as_deref()).collect();
        let mut seen = std::collections::HashSet::new();
        arns.retain(|arn| seen.insert(*arn));
        for arn in &arns {
            rows.resource_arns.values().append_value(arn);
        }
        rows.resource_arns.append(true);
        rows.meta.push(EventMeta {
            identity: event_identity(&event.event_id, &event.recipient_account_id),
            fingerprint: event.fingerprint,
            time: event.event_time,
            day: day_of(event.event_time),
            session,
            object,
        });
        for mention in event.mentions.as_slice() {
            self.mentions.key.append_value(&mention.key);
            self.mentions.arn.append_option(mention.arn.as_deref());
            self.mentions.form.push(mention.form);
            self.mentions.exact.push(mention.exact);
            self.mentions.event.push(row);
        }
        if let Some(issue) = Issue::of(event) {
            self.issues.push(issue);
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

/// Bytes as hexadecimal text.
pub fn hex(bytes: &[u8]) -> String {
    let mut out = vec![0; bytes.len() * 2];
    hex_into(bytes, &mut out);
    String::from_utf8(out).unwrap_or_default()
}

/// A number that was written as 32 hexadecimal digits.
pub(crate) fn fingerprint_of(text: &str) -> Option<u128> {
    u128::from_str_radix(text, 16).ok()
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
