//! Facts of credentials by the sessions that they are about.
//!
//! In a file the `used` rows are sorted by principal, the `issued` ones after them by the principal that was opened, those that name
//! none first, by time. A session and what issued it have the same principal, so that few pages hold what one chain needs.

use super::PointReader;
use super::sought::{All, Clause, Sought, Test};
use crate::error::Result;
use crate::facts::{self, Fact};
use crate::schema::{Table, resolved};
use crate::writer::day_text;
use std::collections::BTreeSet;

/// What to look for on one day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FactsWanted {
    /// Sessions, and openings of sessions, of these principals.
    pub principals: BTreeSet<String>,
    /// Openings by which one of these keys was given out, where the record does not say for which principal.
    pub keys: BTreeSet<String>,
    /// Credentials that Identity Center gave out for these accounts at these times (microseconds since 1970).
    pub fetched: BTreeSet<(String, i64)>,
    /// What is known of these sessions, and what they issued.
    pub credentials: BTreeSet<String>,
    /// Sessions and openings with these keys, whatever their principal.
    pub bare_keys: BTreeSet<String>,
    /// Sessions, or callers, of these ARNs.
    pub arns: BTreeSet<String>,
    /// Tokens given out for these sign-in sessions.
    pub sign_ins: BTreeSet<String>,
    /// Tokens with these ids.
    pub tokens: BTreeSet<String>,
    /// Sessions and sign-ins on behalf of these users of Identity Center.
    pub users: BTreeSet<String>,
}

impl FactsWanted {
    /// The conditions of which a fact must meet one.
    fn any(&self) -> Vec<All<'_>> {
        let (used, issued) = (|| Clause::is("fact", "used"), || Clause::is("fact", "issued"));
        let unnamed = || Clause::new("issued_principal_id", Test::Null);
        let mut any: Vec<All<'_>> = Vec::new();
        if !self.principals.is_empty() {
            // Where sessions lie, nothing is issued.
            let no_key = Clause::of_pages("issued_access_key_id", Test::Null);
            let no_principal = Clause { of_pages: true, ..unnamed() };
            any.push(vec![Clause::text("principal_id", &self.principals), no_principal, no_key, used()]);
            any.push(vec![Clause::text("issued_principal_id", &self.principals), issued()]);
        }
        if !self.keys.is_empty() {
            any.push(vec![Clause::text("issued_access_key_id", &self.keys), unnamed(), issued()]);
        }
        let accounts: BTreeSet<&String> = self.fetched.iter().map(|(account, _)| account).collect();
        for account in accounts {
            let times = self.fetched.iter().filter(|(held, _)| held == account).map(|(_, time)| *time).collect();
            let is_fetched = [Clause::is("target_account_id", account), Clause::is("event_name", "GetRoleCredentials")];
            let place = [Clause { of_pages: true, ..unnamed() }, Clause::new("event_time", Test::Number(times))];
            any.push(place.into_iter().chain(is_fetched).chain([issued()]).collect());
        }
        let anywhere = [
            ("credential_id", &self.credentials),
            ("access_key_id", &self.bare_keys),
            ("issued_access_key_id", &self.bare_keys),
            ("user_arn", &self.arns),
            ("issued_sign_in_session_arn", &self.sign_ins),
            ("issued_credential_id", &self.tokens),
            ("on_behalf_of_user_id", &self.users),
        ];
        let wanted = anywhere.into_iter().filter(|(_, values)| !values.is_empty());
        any.extend(wanted.map(|(column, values)| vec![Clause::text(column, values), Clause::new("fact", Test::Not("resolved"))]));
        any
    }
}

impl PointReader {
    /// Reads the facts of one day that are wanted, but no resolved ones.
    ///
    /// # Errors
    /// Where a file cannot be read.
    pub async fn facts(&self, day: i32, wanted: &FactsWanted) -> Result<Vec<Fact>> {
        let schema = Table::Credentials.file_schema();
        let partition = day_text(day);
        let sought = Sought {
            is_in: &|held| held == partition,
            any: wanted.any(),
            check: None,
            columns: schema.fields().iter().map(|field| field.name().as_str()).filter(|name| !is_resolved(name)).collect(),
            rows_max: usize::MAX,
        };
        let mut read = Vec::new();
        for batch in self.rows(&sought).await? {
            read.extend(facts::read(&batch)?);
        }
        Ok(read)
    }
}

/// Whether a column is one of those that only resolved facts have.
fn is_resolved(column: &str) -> bool {
    resolved().iter().any(|field| field.name() == column) || matches!(column, "resolved_version" | "resolved_fingerprint")
}
