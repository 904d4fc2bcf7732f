//! The tables of the lake: their columns, partitions and order. Alone knows what a column is called on disk.

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use std::sync::Arc;

/// A table of the lake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// CloudTrail records, once per (event_id, recipient_account_id).
    Events,
    /// What events showed of credential sessions: issued, used, resolved.
    Credentials,
    /// A resource key in an event.
    Mentions,
    /// What an event tells of how a machine came to act.
    Causes,
    /// Source objects: the ingest ledger.
    Objects,
    /// Inputs and records not understood.
    Rejects,
    /// Runs of whodid.
    Runs,
    /// Logs of Session Manager sessions, each once.
    Sessions,
    /// Commands in those logs.
    Commands,
    /// Matches of rules.
    Alerts,
    /// Users, groups, permission sets, assignments and accounts, as of a day.
    Directory,
}

/// Parts into which `mentions` is divided by a hash of the key.
pub const BUCKETS: u64 = 16;

/// The part of `mentions` in which a key lies.
pub fn bucket(key: &str) -> i32 {
    (xxhash_rust::xxh3::xxh3_64(key.as_bytes()) % BUCKETS) as i32
}

/// Parts into which `causes` is divided by a hash of the key: it has a tenth of the rows of `mentions`.
pub const CAUSE_BUCKETS: u64 = 4;

/// The part of `causes` in which a key lies.
pub(crate) fn cause_bucket(key: &str) -> i32 {
    (xxhash_rust::xxh3::xxh3_64(key.as_bytes()) % CAUSE_BUCKETS) as i32
}

impl Table {
    /// Every table, the one that the others follow first.
    pub const ALL: [Self; 11] = [
        Self::Events,
        Self::Credentials,
        Self::Mentions,
        Self::Causes,
        Self::Objects,
        Self::Rejects,
        Self::Runs,
        Self::Sessions,
        Self::Commands,
        Self::Alerts,
        Self::Directory,
    ];

    /// Its name, and its folder's.
    pub fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Credentials => "credentials",
            Self::Mentions => "mentions",
            Self::Causes => "causes",
            Self::Objects => "objects",
            Self::Rejects => "rejects",
            Self::Runs => "runs",
            Self::Sessions => "sessions",
            Self::Commands => "commands",
            Self::Alerts => "alerts",
            Self::Directory => "directory",
        }
    }

    /// The column that its files are parted by.
    pub fn partition(self) -> &'static str {
        match self {
            Self::Mentions | Self::Causes => "bucket",
            _ => "dt",
        }
    }

    /// Columns of the data files; the partition column, which they do not hold, comes last in the table.
    pub fn file_schema(self) -> SchemaRef {
        Arc::new(Schema::new(match self {
            Self::Events => events(),
            Self::Credentials => credentials(),
            Self::Mentions => mentions(),
            Self::Causes => causes(),
            Self::Objects => objects(),
            Self::Rejects => rejects(),
            Self::Runs => runs(),
            Self::Sessions => crate::sessions::columns::sessions(),
            Self::Commands => crate::sessions::columns::commands(),
            Self::Alerts => crate::sessions::columns::alerts(),
            Self::Directory => directory(),
        }))
    }

    /// Columns of the table.
    pub fn schema(self) -> SchemaRef {
        let mut fields: Vec<Field> = self.file_schema().fields().iter().map(|field| field.as_ref().clone()).collect();
        fields.push(match self {
            Self::Mentions | Self::Causes => Field::new("bucket", DataType::Int32, true),
            _ => Field::new("dt", DataType::Date32, true),
        });
        Arc::new(Schema::new(fields))
    }

    /// Columns that are asked for by value and get a bloom filter.
    pub(crate) fn bloom_columns(self) -> &'static [&'static str] {
        match self {
            Self::Events => &["event_id", "credential_id"],
            Self::Credentials => &["access_key_id", "issued_access_key_id", "principal_id", "issued_principal_id", "credential_id"],
            Self::Sessions | Self::Commands => &["session_id"],
            Self::Alerts => &["alert_id"],
            _ => &[],
        }
    }

    /// Columns whose values hardly ever repeat in a row group, by their paths in the file. A dictionary of them would be waste, and who reads
    /// a few rows would have to read all of it.
    pub(crate) fn unique_columns(self) -> &'static [&'static str] {
        match self {
            Self::Events => &[
                "event_id",
                "request_id",
                "shared_event_id",
                "fingerprint",
                "request_parameters",
                "response_elements",
                "additional_event_data",
                "resources",
                "resource_arns.list.element",
            ],
            Self::Mentions => &["shared_event"],
            Self::Causes => &["event_id", "shared_event_id", "detail"],
            Self::Credentials => {
                &["event_id", "shared_event_id", "access_key_id", "issued_access_key_id", "credential_id", "bearer_credential_id"]
            }
            _ => &[],
        }
    }

    /// Columns in which a value mostly begins as the one before it: kept as the difference, without a dictionary.
    pub(crate) fn rising_columns(self) -> &'static [&'static str] {
        match self {
            Self::Events => &["event_time"],
            Self::Mentions => &["key", "arn", "event_time"],
            Self::Causes => &["key", "event_time"],
            Self::Credentials => &["principal_id", "issued_principal_id", "event_time", "creation_date"],
            _ => &[],
        }
    }

    /// Rows of a page, at most: what one question reads at the least.
    pub(crate) fn page_rows(self) -> usize {
        match self {
            // Some fifty columns of a few rows are read for a chain; a request's parameters are long.
            Self::Credentials | Self::Events => 512,
            _ => 2 * 1024,
        }
    }

    /// Columns by whose least and greatest values readers leave out pages; the others have no such statistics.
    pub(crate) fn sorted_columns(self) -> &'static [&'static str] {
        match self {
            Self::Events => &["event_time", "recipient_account_id"],
            Self::Mentions | Self::Causes => &["key", "event_time"],
            Self::Credentials => {
                &["principal_id", "issued_principal_id", "issued_access_key_id", "access_key_id", "creation_date", "event_time"]
            }
            Self::Objects => &["object_id"],
            Self::Directory => &["kind", "id"],
            _ => &[],
        }
    }
}

pub(crate) fn text(name: &str) -> Field {
    Field::new(name, DataType::Utf8, true)
}

pub(crate) fn flag(name: &str) -> Field {
    Field::new(name, DataType::Boolean, true)
}

pub(crate) fn number(name: &str) -> Field {
    Field::new(name, DataType::Int64, true)
}

pub(crate) fn time(name: &str) -> Field {
    Field::new(name, time_type(), true)
}

/// Microseconds since 1970, UTC.
pub fn time_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

pub(crate) fn text_list(name: &str) -> Field {
    Field::new(name, DataType::List(Arc::new(Field::new("element", DataType::Utf8, true))), true)
}

pub(crate) fn tag_fields() -> Fields {
    Fields::from(vec![Field::new("key", DataType::Utf8, false), Field::new("value", DataType::Utf8, true)])
}

pub(crate) fn tag_map(name: &str) -> Field {
    Field::new(name, DataType::Map(Arc::new(Field::new("key_value", DataType::Struct(tag_fields()), false)), false), true)
}

/// Parts of a link of `role_chain`, from the actor to the call.
pub(crate) const CHAIN_COLUMNS: [&str; 5] = ["kind", "role_arn", "session_name", "source_identity", "access_key_id"];

pub(crate) fn chain_fields() -> Fields {
    CHAIN_COLUMNS.iter().map(|name| text(name)).collect()
}

pub(crate) fn chain_list(name: &str) -> Field {
    Field::new(name, DataType::List(Arc::new(Field::new("element", DataType::Struct(chain_fields()), true))), true)
}

/// Text columns of `events` whose values come again and again, in order.
pub(crate) const WORDS: [&str; 13] = [
    "event_version",
    "event_source",
    "event_name",
    "aws_region",
    "recipient_account_id",
    "source_ip_address",
    "user_agent",
    "error_code",
    "event_type",
    "event_category",
    "api_version",
    "vpc_endpoint_id",
    "tls_details",
];

/// Text columns of `events` that are each record's own, in order.
pub(crate) const OWN_TEXT: [&str; 10] = [
    "event_id",
    "error_message",
    "request_id",
    "shared_event_id",
    "request_parameters",
    "response_elements",
    "additional_event_data",
    "service_event_details",
    "resources",
    "other_fields",
];

/// Text columns of `events` that all calls with one `userIdentity` share, in order.
pub(crate) const SESSION_TEXT: [&str; 8] =
    ["user_type", "principal_id", "user_arn", "user_account_id", "access_key_id", "user_name", "invoked_by", "user_identity"];

/// Columns that say who stands behind an event, the same in `events`, in `credentials` and in the view `changes`.
pub(crate) fn resolved() -> Vec<Field> {
    vec![
        text("actor_kind"),
        text("actor_id"),
        text("actor_name"),
        text("actor_account_id"),
        text("certainty"),
        chain_list("role_chain"),
        tag_map("session_tags"),
        text("source_identity"),
        text("permission_set"),
    ]
}

fn events() -> Vec<Field> {
    let mut fields: Vec<Field> = WORDS.iter().chain(&OWN_TEXT).chain(&SESSION_TEXT).map(|name| text(name)).collect();
    fields.extend([
        time("event_time"),
        flag("read_only"),
        flag("management_event"),
        flag("session_credential_from_console"),
        number("record"),
        number("fingerprint"),
        text_list("resource_arns"),
        text("object"),
        text("object_sha256"),
        number("object_id"),
        number("resolved_version"),
        text("credential_id"),
    ]);
    fields.extend(resolved());
    fields
}

/// What is needed to find a call and to count it; the rest is in `events`, where `recipient_account_id`, `event_time`, `object_id` and
/// `record` lead.
fn mentions() -> Vec<Field> {
    vec![
        text("key"),
        text("form"),
        text("arn"),
        flag("exact"),
        time("event_time"),
        text("recipient_account_id"),
        text("aws_region"),
        flag("read_only"),
        flag("failed"),
        flag("own"),
        number("shared_event"),
        number("object_id"),
        number("record"),
    ]
}

/// What an event tells of a machine, and who made the call: all that [`identity::CauseFact`] has, and the record.
fn causes() -> Vec<Field> {
    vec![
        text("key"),
        text("kind"),
        time("event_time"),
        text("event_id"),
        text("event_source"),
        text("event_name"),
        text("recipient_account_id"),
        text("aws_region"),
        text("shared_event_id"),
        text("access_key_id"),
        text("principal_id"),
        time("creation_date"),
        text("other_session"),
        text("role_arn"),
        text("detail"),
        tag_map("marks"),
        number("object_id"),
        number("record"),
    ]
}

/// Text columns of `credentials` that come from `userIdentity`: of the session itself where `fact` is `used`, of the caller where it is `issued`.
pub(crate) const IDENTITY_TEXT: [&str; 20] = [
    "user_type",
    "principal_id",
    "user_arn",
    "user_account_id",
    "access_key_id",
    "user_name",
    "invoked_by",
    "identity_provider",
    "on_behalf_of_user_id",
    "identity_store_arn",
    "credentials_issued_to",
    "session_issuer_arn",
    "session_issuer_account_id",
    "session_source_identity",
    "federated_provider",
    "ec2_role_delivery",
    "sign_in_session_arn",
    "bearer_credential_id",
    "delegate_account_id",
    "credential_id",
];

/// Text columns of `credentials` that an issuing event alone has.
pub(crate) const ISSUE_TEXT: [&str; 16] = [
    "event_id",
    "event_name",
    "shared_event_id",
    "issued_access_key_id",
    "issued_principal_id",
    "role_arn",
    "role_session_name",
    "provider",
    "subject",
    "issued_source_identity",
    "switch_from",
    "target_account_id",
    "issued_sign_in_session_arn",
    "issued_credential_id",
    "client",
    "resource",
];

fn credentials() -> Vec<Field> {
    let mut fields = vec![text("fact"), text("recipient_account_id"), text("aws_region")];
    fields.extend(IDENTITY_TEXT.iter().map(|name| text(name)));
    fields.extend([time("creation_date"), flag("mfa_authenticated"), flag("assumed_root"), flag("from_console")]);
    fields.extend(ISSUE_TEXT.iter().map(|name| text(name)));
    fields.extend([
        time("event_time"),
        tag_map("issued_session_tags"),
        tag_map("incoming_transitive_tags"),
        text_list("transitive_tag_keys"),
        text_list("asserted_tag_keys"),
    ]);
    fields.extend(resolved());
    fields.extend([number("resolved_version"), text("resolved_fingerprint")]);
    fields
}

fn objects() -> Vec<Field> {
    let mut fields: Vec<Field> =
        ["object", "kind", "state", "organization_id", "account_id", "aws_region", "etag", "sha256", "integrity", "run_id"]
            .iter()
            .map(|name| text(name))
            .collect();
    fields.extend(
        ["object_id", "size", "modified", "uncompressed", "records", "written", "duplicate", "rejected"].iter().map(|name| number(name)),
    );
    fields.extend([time("first_event_time"), time("last_event_time")]);
    fields
}

fn rejects() -> Vec<Field> {
    let mut fields: Vec<Field> = ["object", "reason", "detail", "event_id", "recipient_account_id", "object_sha256", "run_id"]
        .iter()
        .map(|name| text(name))
        .collect();
    fields.extend(["record", "byte_start", "byte_end", "fingerprint"].iter().map(|name| number(name)));
    fields
}

fn directory() -> Vec<Field> {
    std::iter::once(time("snapshot_time")).chain(crate::directory::COLUMNS.iter().map(|name| text(name))).collect()
}

fn runs() -> Vec<Field> {
    let mut fields: Vec<Field> = ["run_id", "command", "source", "tool_version", "tally"].iter().map(|name| text(name)).collect();
    fields.extend([time("started"), time("ended")]);
    fields
}
