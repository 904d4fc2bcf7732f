//! What events showed of credentials, as rows of `credentials` and back.
//!
//! Three kinds of row: `used` (a session as some event showed it), `issued` (an event that issued one), `resolved` (who stands
//! behind a session, as of a version of `events`; the highest version holds).

use crate::error::{Error, Result};
use crate::rows::day_of;
use crate::schema::{IDENTITY_TEXT, ISSUE_TEXT};
use arrow::array::{Array, AsArray, ListArray, MapArray, RecordBatch, StringArray};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use identity::{Identity, Issue, Resolution, SessionKey, Use};
use std::sync::Arc;

/// A row of `credentials`.
#[derive(Debug, Clone)]
pub enum Fact {
    /// A session as some event showed it.
    Used(Arc<Use>),
    /// An event that issued a session.
    Issued(Arc<Issue>),
    /// Who stands behind a session, as last resolved.
    Resolved {
        /// The session.
        session: SessionKey,
        /// Who.
        resolution: Box<Resolution>,
    },
}

impl Fact {
    /// The day under which it lies: of the session's creation, so that a session and what issued it lie together.
    pub fn day(&self) -> i32 {
        match self {
            Self::Used(seen) => seen.identity.creation_date.map_or(0, day_of),
            Self::Issued(issue) => day_of(issue.event_time),
            Self::Resolved { session, .. } => session.creation_date.map_or(0, day_of),
        }
    }

    pub(crate) fn identity(&self) -> Option<&Identity> {
        match self {
            Self::Used(seen) => Some(&seen.identity),
            Self::Issued(issue) => Some(&issue.caller),
            Self::Resolved { .. } => None,
        }
    }

    pub(crate) fn issue(&self) -> Option<&Issue> {
        match self {
            Self::Issued(issue) => Some(issue),
            _ => None,
        }
    }

    pub(crate) fn resolution(&self) -> Option<&Resolution> {
        match self {
            Self::Resolved { resolution, .. } => Some(resolution),
            _ => None,
        }
    }

    /// The word for its kind.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Self::Used(_) => "used",
            Self::Issued(_) => "issued",
            Self::Resolved { .. } => "resolved",
        }
    }

    /// Account and region in whose trail it was seen.
    pub(crate) fn place(&self) -> Option<(&str, &str)> {
        match self {
            Self::Used(seen) => Some((&seen.recipient_account_id, &seen.aws_region)),
            Self::Issued(issue) => Some((&issue.recipient_account_id, &issue.aws_region)),
            Self::Resolved { .. } => None,
        }
    }

    pub(crate) fn session(&self) -> SessionKey {
        match self {
            Self::Resolved { session, .. } => session.clone(),
            _ => self.identity().map(Identity::session).unwrap_or_default(),
        }
    }
}

/// A batch of `credentials`, its text columns as plain strings, read back into facts; `resolved` rows are left out.
pub fn read(batch: &RecordBatch) -> Result<Vec<Fact>> {
    let missing = |name: &str| Error::Read { table: "credentials", source: format!("column {name} is missing or of another type").into() };
    let text = |name: &str| batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>()).ok_or_else(|| missing(name));
    let flag = |name: &str| batch.column_by_name(name).and_then(|column| column.as_boolean_opt()).ok_or_else(|| missing(name));
    let time = |name: &str| {
        batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>()).ok_or_else(|| missing(name))
    };
    let tags = |name: &str| batch.column_by_name(name).and_then(|column| column.as_map_opt()).ok_or_else(|| missing(name));
    let fact = text("fact")?;
    let (recipient, region) = (text("recipient_account_id")?, text("aws_region")?);
    let identity_columns = IDENTITY_TEXT.iter().map(|name| text(name)).collect::<Result<Vec<_>>>()?;
    let issue_columns = ISSUE_TEXT.iter().map(|name| text(name)).collect::<Result<Vec<_>>>()?;
    let (creation_date, event_time) = (time("creation_date")?, time("event_time")?);
    let (mfa, root, console) = (flag("mfa_authenticated")?, flag("assumed_root")?, flag("from_console")?);
    let (session_tags, incoming) = (tags("issued_session_tags")?, tags("incoming_transitive_tags")?);
    let list = |name: &str| batch.column_by_name(name).and_then(|column| column.as_list_opt::<i32>()).ok_or_else(|| missing(name));
    let (transitive, asserted) = (list("transitive_tag_keys")?, list("asserted_tag_keys")?);
    let keys = |column: &ListArray, row: usize| -> Vec<String> {
        column.value(row).as_string_opt::<i32>().into_iter().flatten().flatten().map(str::to_owned).collect()
    };
    let at = |column: &StringArray, row: usize| column.is_valid(row).then(|| column.value(row).to_owned());
    let mut facts = Vec::with_capacity(batch.num_rows());
    for row in 0..batch.num_rows() {
        let of = |index: usize| identity_columns.get(index).and_then(|column| at(column, row));
        let identity = Arc::new(Identity {
            kind: of(0),
            principal_id: of(1),
            arn: of(2),
            account_id: of(3),
            access_key_id: of(4),
            user_name: of(5),
            invoked_by: of(6),
            identity_provider: of(7),
            on_behalf_of_user_id: of(8),
            identity_store_arn: of(9),
            credentials_issued_to: of(10),
            issuer_arn: of(11),
            issuer_account_id: of(12),
            source_identity: of(13),
            federated_provider: of(14),
            ec2_role_delivery: of(15),
            sign_in_session_arn: of(16),
            bearer_credential_id: of(17),
            delegate_account_id: of(18),
            creation_date: creation_date.is_valid(row).then(|| creation_date.value(row)),
            mfa_authenticated: mfa.is_valid(row).then(|| mfa.value(row)),
            assumed_root: root.is_valid(row) && root.value(row),
            from_console: console.is_valid(row) && console.value(row),
        });
        let (recipient_account_id, aws_region) = (at(recipient, row).unwrap_or_default(), at(region, row).unwrap_or_default());
        match fact.value(row) {
            "used" => facts.push(Fact::Used(Arc::new(Use { identity, recipient_account_id, aws_region }))),
            "issued" => {
                let of = |index: usize| issue_columns.get(index).and_then(|column| at(column, row));
                facts.push(Fact::Issued(Arc::new(Issue {
                    event_id: of(0).unwrap_or_default(),
                    event_time: event_time.value(row),
                    event_name: of(1).unwrap_or_default(),
                    aws_region,
                    recipient_account_id,
                    shared_event_id: of(2),
                    issued_access_key_id: of(3),
                    issued_principal_id: of(4),
                    role_arn: of(5),
                    role_session_name: of(6),
                    caller: identity,
                    provider: of(7),
                    subject: of(8),
                    session_tags: pairs(session_tags, row),
                    incoming_transitive_tags: pairs(incoming, row),
                    transitive_tag_keys: keys(transitive, row),
                    asserted_tag_keys: keys(asserted, row),
                    source_identity: of(9),
                    switch_from: of(10),
                    target_account_id: of(11),
                    sign_in_session_arn: of(12),
                    issued_credential_id: of(13),
                    client: of(14),
                    resource: of(15),
                })));
            }
            _ => {}
        }
    }
    Ok(facts)
}

pub(crate) fn pairs(column: &MapArray, row: usize) -> Vec<(String, String)> {
    let entries = column.value(row);
    let (Some(keys), Some(values)) = (entries.column(0).as_string_opt::<i32>(), entries.column(1).as_string_opt::<i32>()) else {
        return Vec::new();
    };
    keys.iter().zip(values).filter_map(|(key, value)| Some((key?.to_owned(), value?.to_owned()))).collect()
}

/// What was last written of who stands behind a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LastWord {
    pub(crate) version: i64,
    /// Who and how surely.
    pub(crate) who: String,
    /// All of it.
    pub(crate) fingerprint: String,
}

/// The last words in a batch, by credential id.
pub(crate) fn last_words(batch: &RecordBatch) -> Result<Vec<(String, LastWord)>> {
    let missing = |name: &str| Error::Read { table: "credentials", source: format!("column {name} is missing or of another type").into() };
    let text = |name: &str| batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>()).ok_or_else(|| missing(name));
    let version = batch
        .column_by_name("resolved_version")
        .and_then(|column| column.as_primitive_opt::<Int64Type>())
        .ok_or_else(|| missing("resolved_version"))?;
    let (fact, credential, fingerprint) = (text("fact")?, text("credential_id")?, text("resolved_fingerprint")?);
    let (kind, id, certainty) = (text("actor_kind")?, text("actor_id")?, text("certainty")?);
    let words = (0..batch.num_rows()).filter(|row| fact.value(*row) == "resolved").map(|row| {
        let who = who(kind.value(row), id.is_valid(row).then(|| id.value(row)), certainty.value(row));
        (credential.value(row).to_owned(), LastWord { version: version.value(row), who, fingerprint: fingerprint.value(row).to_owned() })
    });
    Ok(words.collect())
}

/// Who, and how surely, in one text.
pub(crate) fn who(kind: &str, id: Option<&str>, certainty: &str) -> String {
    format!("{kind}\n{}\n{certainty}", id.unwrap_or(""))
}

/// The same for equal resolutions, chain, candidates and gap included.
pub(crate) fn fingerprint(resolution: &Resolution) -> String {
    crate::hex(&xxhash_rust::xxh3::xxh3_128(format!("{resolution:?}").as_bytes()).to_be_bytes())
}
