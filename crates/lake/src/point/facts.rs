//! Facts of credentials by the sessions that they are about.
//!
//! In a file the `used` rows are sorted by principal, the `issued` ones after them by the principal that was opened, those that name
//! none first, by time. A session and what issued it have the same principal, so that few pages hold what one chain needs.

use super::pages::{Page, bytes_of, pages};
use super::{PointReader, Sought, Span, among, time_column};
use crate::error::Result;
use crate::facts::{self, Fact};
use crate::parquet_file::text_column;
use crate::schema::Table;
use crate::writer::day_text;
use arrow::array::{Array as _, BooleanArray, RecordBatch};
use parquet::arrow::arrow_reader::RowSelection;
use parquet::file::metadata::ParquetMetaData;
use std::collections::BTreeSet;
use std::sync::Arc;

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
    /// Whether the order of the rows tells where they lie.
    fn is_paged(&self) -> bool {
        !self.principals.is_empty() || !self.keys.is_empty() || !self.fetched.is_empty()
    }

    /// Whatever is found by looking at every row, by column.
    fn scanned(&self) -> Vec<(&'static str, BTreeSet<String>)> {
        let columns = [
            ("credential_id", &self.credentials),
            ("access_key_id", &self.bare_keys),
            ("issued_access_key_id", &self.bare_keys),
            ("user_arn", &self.arns),
            ("issued_sign_in_session_arn", &self.sign_ins),
            ("issued_credential_id", &self.tokens),
            ("on_behalf_of_user_id", &self.users),
        ];
        columns.into_iter().filter(|(_, values)| !values.is_empty()).map(|(column, values)| (column, values.clone())).collect()
    }
}

/// Columns by which the order of the rows tells where a fact lies.
const PAGED: [&str; 7] =
    ["fact", "principal_id", "issued_principal_id", "issued_access_key_id", "event_name", "target_account_id", "event_time"];

impl PointReader {
    /// Reads the facts of one day that are wanted, but no resolved ones.
    ///
    /// # Errors
    /// Where a file cannot be read.
    pub async fn facts(&self, day: i32, wanted: &FactsWanted) -> Result<Vec<Fact>> {
        let mut found = Vec::new();
        if wanted.is_paged() {
            found.extend(self.paged(day, wanted).await?);
        }
        let scanned = wanted.scanned();
        if !scanned.is_empty() {
            found.extend(self.scanned(day, scanned).await?);
        }
        let mut read = Vec::new();
        for batch in found {
            read.extend(facts::read(&batch)?);
        }
        Ok(read)
    }

    async fn paged(&self, day: i32, wanted: &FactsWanted) -> Result<Vec<RecordBatch>> {
        let principals = bytes_of(&wanted.principals);
        let times: BTreeSet<i64> = wanted.fetched.iter().map(|(_, time)| *time).collect();
        let select = |metadata: &ParquetMetaData| Some(selection(metadata, &principals, &times, !wanted.keys.is_empty()));
        let asked = wanted.clone();
        let by_principal: Vec<&str> = wanted.principals.iter().map(String::as_str).collect();
        // What names no principal has no bloom filter to be found by.
        let any_of = if wanted.fetched.is_empty() && wanted.keys.is_empty() {
            vec![("principal_id", by_principal.clone()), ("issued_principal_id", by_principal)]
        } else {
            Vec::new()
        };
        self.facts_where(day, any_of, &select, &PAGED, Arc::new(move |batch| is_wanted(batch, &asked))).await
    }

    async fn scanned(&self, day: i32, scanned: Vec<(&'static str, BTreeSet<String>)>) -> Result<Vec<RecordBatch>> {
        let columns: Vec<&str> = scanned.iter().map(|(column, _)| *column).chain(["fact"]).collect();
        let blooms = Table::Credentials.bloom_columns();
        let any_of = match scanned.iter().all(|(column, _)| blooms.contains(column)) {
            true => scanned.iter().map(|(column, values)| (*column, values.iter().map(String::as_str).collect())).collect(),
            false => Vec::new(),
        };
        let sought = scanned.clone();
        let is_wanted = move |batch: &RecordBatch| {
            let kinds = text_column(Table::Credentials, batch, "fact")?;
            let mut found = vec![false; batch.num_rows()];
            for (column, values) in &sought {
                let held = text_column(Table::Credentials, batch, column)?;
                let is_among = among(held, values);
                found.iter_mut().enumerate().for_each(|(row, found)| *found |= is_among(row) && kinds.value(row) != "resolved");
            }
            Ok(BooleanArray::from(found))
        };
        self.facts_where(day, any_of, &|_| None, &columns, Arc::new(is_wanted)).await
    }

    async fn facts_where(
        &self,
        day: i32,
        any_of: Vec<(&'static str, Vec<&str>)>,
        pages: &(dyn Fn(&ParquetMetaData) -> Option<RowSelection> + Sync),
        asked: &[&str],
        is_wanted: Arc<super::Test>,
    ) -> Result<Vec<RecordBatch>> {
        let schema = Table::Credentials.file_schema();
        let columns: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
        let partition = day_text(day);
        let may_hold = |span: &Span<'_>| span.of("fact").is_none_or(|(low, _)| low != "resolved");
        let sought = Sought { may_hold: &may_hold, any_of, pages, asked, is_wanted, columns: &columns };
        self.rows(&|held| held == partition, &sought).await
    }
}

/// The pages of sessions and of openings of the principals; and of openings that name none, where keys or times are asked for.
fn selection(metadata: &ParquetMetaData, principals: &BTreeSet<&[u8]>, times: &BTreeSet<i64>, keys: bool) -> RowSelection {
    let of = |column: &str, keep: &dyn Fn(Page<'_>) -> bool| pages(metadata, column, keep);
    let used = of("principal_id", &|page| page.may_hold_text(principals))
        .intersection(&of("issued_principal_id", &|page| page.may_hold_null()))
        .intersection(&of("issued_access_key_id", &|page| page.may_hold_null()));
    let opened = of("issued_principal_id", &|page| page.may_hold_text(principals));
    let unnamed = of("issued_principal_id", &|page| page.may_hold_null());
    let mut selected = used.union(&opened);
    if keys {
        selected = selected.union(&unnamed.intersection(&of("issued_access_key_id", &|page| !page.is_all_null())));
    }
    if !times.is_empty() {
        let at = of("event_time", &|page| page.may_hold_number(|low, high| times.range(low..=high).next().is_some()));
        selected = selected.union(&unnamed.intersection(&at));
    }
    selected
}

fn is_wanted(batch: &RecordBatch, wanted: &FactsWanted) -> Result<BooleanArray> {
    let text = |name| text_column(Table::Credentials, batch, name);
    let kinds = text("fact")?;
    let (principals, opened, keys) = (text("principal_id")?, text("issued_principal_id")?, text("issued_access_key_id")?);
    let (names, accounts, times) = (text("event_name")?, text("target_account_id")?, time_column(Table::Credentials, batch, "event_time")?);
    let (is_used, is_opened, is_key) =
        (among(principals, &wanted.principals), among(opened, &wanted.principals), among(keys, &wanted.keys));
    let is_fetched = |row: usize| {
        accounts.is_valid(row)
            && names.value(row) == "GetRoleCredentials"
            && wanted.fetched.contains(&(accounts.value(row).to_owned(), times.value(row)))
    };
    let is_wanted = |row: usize| {
        Some(match kinds.value(row) {
            "used" => is_used(row),
            "issued" => is_opened(row) || (opened.is_null(row) && is_key(row)) || (!wanted.fetched.is_empty() && is_fetched(row)),
            _ => false,
        })
    };
    Ok((0..batch.num_rows()).map(is_wanted).collect())
}
