//! A file of `credentials`: facts of one day in, columns out, in the order in which they are given.

use crate::columns::{Columns, strings};
use crate::facts::{Fact, fingerprint};
use crate::resolved;
use crate::schema::{IDENTITY_TEXT, ISSUE_TEXT, text_list};
use arrow::array::{ArrayRef, BooleanArray, Int64Array, ListArray, StringBuilder, TimestampMicrosecondArray, new_null_array};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::{DataType, Field};
use arrow::error::ArrowError;
use identity::{Identity, Issue, SessionKey};
use std::ops::Range;
use std::sync::Arc;

/// Facts, as of a version of `events` where they say who stands behind a session.
pub(crate) struct FactFile {
    facts: Vec<Fact>,
    version: i64,
}

/// Where the parts of the columns begin.
const IDENTITIES: usize = 3;
const CREDENTIAL_ID: usize = IDENTITIES + IDENTITY_TEXT.len() - 1;
const ISSUES: usize = CREDENTIAL_ID + 5;
const EVENT_TIME: usize = ISSUES + ISSUE_TEXT.len();
const RESOLVED: usize = EVENT_TIME + 5;

impl FactFile {
    pub(crate) fn new(facts: Vec<Fact>, version: i64) -> Self {
        Self { facts, version }
    }
}

impl Columns for FactFile {
    fn rows(&self) -> usize {
        self.facts.len()
    }

    fn column(&self, index: usize, rows: Range<usize>) -> Result<ArrayRef, ArrowError> {
        let facts = self.facts.get(rows).unwrap_or(&[]);
        let issues = || facts.iter().map(Fact::issue);
        let time = |values: Vec<Option<i64>>| -> ArrayRef { Arc::new(TimestampMicrosecondArray::from(values).with_timezone("UTC")) };
        let flag = |value: fn(&Identity) -> Option<bool>| -> ArrayRef {
            Arc::new(facts.iter().map(|fact| fact.identity().and_then(value)).collect::<BooleanArray>())
        };
        Ok(match index {
            0 => strings(facts.iter().map(|fact| Some(fact.word())))?,
            1 => strings(facts.iter().map(|fact| fact.place().map(|place| place.0)))?,
            2 => strings(facts.iter().map(|fact| fact.place().map(|place| place.1)))?,
            IDENTITIES..CREDENTIAL_ID => strings(facts.iter().map(|fact| match fact {
                Fact::Resolved { session, .. } => session_text(session, index - IDENTITIES),
                _ => fact.identity().and_then(|identity| identity_text(identity, index - IDENTITIES)),
            }))?,
            CREDENTIAL_ID => {
                let ids: Vec<String> = facts.iter().map(|fact| fact.session().credential_id()).collect();
                strings(ids.iter().map(|id| Some(id.as_str())))?
            }
            23 => time(facts.iter().map(|fact| fact.session().creation_date).collect()),
            24 => flag(|identity| identity.mfa_authenticated),
            25 => flag(|identity| Some(identity.assumed_root)),
            26 => flag(|identity| Some(identity.from_console)),
            ISSUES..EVENT_TIME => strings(issues().map(|issue| issue.and_then(|issue| issue_text(issue, index - ISSUES))))?,
            EVENT_TIME => time(issues().map(|issue| issue.map(|issue| issue.event_time)).collect()),
            44 => resolved::tag_column(issues().map(|issue| issue.map_or(&[][..], |issue| &issue.session_tags))),
            45 => resolved::tag_column(issues().map(|issue| issue.map_or(&[][..], |issue| &issue.incoming_transitive_tags))),
            46 => text_lists(issues().map(|issue| issue.map_or(&[][..], |issue| &issue.transitive_tag_keys))),
            47 => text_lists(issues().map(|issue| issue.map_or(&[][..], |issue| &issue.asserted_tag_keys))),
            more => self.resolved(facts, more - RESOLVED)?,
        })
    }
}

impl FactFile {
    fn resolved(&self, facts: &[Fact], column: usize) -> Result<ArrayRef, ArrowError> {
        let fields = crate::schema::resolved();
        Ok(match fields.get(column) {
            Some(field) if facts.iter().all(|fact| fact.resolution().is_none()) => new_null_array(field.data_type(), facts.len()),
            Some(_) => resolved::column(column, facts.iter().map(Fact::resolution)),
            None if column == fields.len() => {
                Arc::new(facts.iter().map(|fact| fact.resolution().map(|_| self.version)).collect::<Int64Array>())
            }
            None => {
                let fingerprints: Vec<Option<String>> = facts.iter().map(|fact| fact.resolution().map(fingerprint)).collect();
                strings(fingerprints.iter().map(Option::as_deref))?
            }
        })
    }
}

fn identity_text(identity: &Identity, index: usize) -> Option<&str> {
    let value = match index {
        0 => &identity.kind,
        1 => &identity.principal_id,
        2 => &identity.arn,
        3 => &identity.account_id,
        4 => &identity.access_key_id,
        5 => &identity.user_name,
        6 => &identity.invoked_by,
        7 => &identity.identity_provider,
        8 => &identity.on_behalf_of_user_id,
        9 => &identity.identity_store_arn,
        10 => &identity.credentials_issued_to,
        11 => &identity.issuer_arn,
        12 => &identity.issuer_account_id,
        13 => &identity.source_identity,
        14 => &identity.federated_provider,
        15 => &identity.ec2_role_delivery,
        16 => &identity.sign_in_session_arn,
        17 => &identity.bearer_credential_id,
        _ => &identity.delegate_account_id,
    };
    value.as_deref()
}

/// Of a session as such: what tells it from others.
fn session_text(session: &SessionKey, index: usize) -> Option<&str> {
    match index {
        1 => session.principal_id.as_deref(),
        4 => session.access_key_id.as_deref(),
        // What tells a session without key and principal from others: kept where no other column would hold it.
        5 => session.otherwise.as_deref(),
        _ => None,
    }
}

fn issue_text(issue: &Issue, index: usize) -> Option<&str> {
    match index {
        0 => Some(&issue.event_id),
        1 => Some(&issue.event_name),
        2 => issue.shared_event_id.as_deref(),
        3 => issue.issued_access_key_id.as_deref(),
        4 => issue.issued_principal_id.as_deref(),
        5 => issue.role_arn.as_deref(),
        6 => issue.role_session_name.as_deref(),
        7 => issue.provider.as_deref(),
        8 => issue.subject.as_deref(),
        9 => issue.source_identity.as_deref(),
        10 => issue.switch_from.as_deref(),
        11 => issue.target_account_id.as_deref(),
        12 => issue.sign_in_session_arn.as_deref(),
        13 => issue.issued_credential_id.as_deref(),
        14 => issue.client.as_deref(),
        _ => issue.resource.as_deref(),
    }
}

fn text_lists<'r>(rows: impl Iterator<Item = &'r [String]>) -> ArrayRef {
    let (mut values, mut lengths) = (StringBuilder::new(), Vec::new());
    for row in rows {
        lengths.push(row.len());
        for value in row {
            values.append_value(value);
        }
    }
    let field = match text_list("").data_type() {
        DataType::List(field) => Arc::clone(field),
        _ => Arc::new(Field::new("element", DataType::Utf8, true)),
    };
    Arc::new(ListArray::new(field, OffsetBuffer::from_lengths(lengths), Arc::new(values.finish()), None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Table;

    #[test]
    fn columns_have_the_types_of_the_schema() {
        let schema = Table::Credentials.file_schema();
        let used = identity::Use { identity: Arc::default(), recipient_account_id: String::new(), aws_region: String::new() };
        let file = FactFile::new(vec![Fact::Used(Arc::new(used))], 1);
        for (index, field) in schema.fields().iter().enumerate() {
            assert_eq!(file.column(index, 0..1).unwrap().data_type(), field.data_type(), "{}", field.name());
        }
        let name = |index: usize| schema.field(index).name().as_str();
        assert_eq!((name(CREDENTIAL_ID), name(23), name(26)), ("credential_id", "creation_date", "from_console"));
        assert_eq!(
            (name(ISSUES), name(EVENT_TIME), name(47), name(RESOLVED)),
            ("event_id", "event_time", "asserted_tag_keys", "actor_kind")
        );
    }
}
