//! Rows in, a report in sections out.

use crate::opinion::Opinion;
use crate::period::Period;
use crate::sections::{SECTIONS, SectionPlan};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

use crate::manifest::Previous;

/// What a query brought; times as RFC 3339 in UTC.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rows {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Values; `None` for null.
    pub rows: Vec<Vec<Option<String>>>,
    /// Whether there were more than were read.
    pub truncated: bool,
}

impl Rows {
    /// Rows from columns' names and values.
    pub fn new(columns: &[&str], rows: Vec<Vec<Option<String>>>) -> Self {
        Self { columns: columns.iter().map(|column| (*column).to_owned()).collect(), rows, truncated: false }
    }

    fn place(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|known| known == column)
    }

    /// A row's value.
    pub(crate) fn get<'r>(&self, row: &'r [Option<String>], column: &str) -> Option<&'r str> {
        row.get(self.place(column)?)?.as_deref()
    }

    /// A row's number; 0 where there is none.
    pub(crate) fn number(&self, row: &[Option<String>], column: &str) -> u64 {
        self.get(row, column).and_then(|text| text.parse().ok()).unwrap_or_default()
    }

    /// The sum of a column.
    pub(crate) fn sum(&self, column: &str) -> u64 {
        self.rows.iter().map(|row| self.number(row, column)).sum()
    }
}

/// Everything that a report is made of.
#[derive(Debug, Clone)]
pub struct Data {
    /// What it is about.
    pub period: Period,
    /// Until when the lake knows anything, microseconds since 1970: the end of the last run that read logs.
    pub as_of: Option<i64>,
    /// Whodid's version.
    pub tool_version: String,
    /// Whose report it is.
    pub company: Option<String>,
    /// Rows by the query's name; of `sessions`, `gaps`, `gaps_of_days` and `verdicts`, which are no queries, too.
    pub tables: BTreeMap<String, Rows>,
    /// Whether verified digests cover every account and region over the whole period, and all that was read was understood.
    pub complete: bool,
    /// Versions of the lake's tables.
    pub versions: BTreeMap<String, i64>,
    /// The queries' texts, by name.
    pub queries: BTreeMap<String, String>,
    /// What was in force beside the lake: lists of the configuration and files of rules and suppressions, by name, each with its SHA-256.
    pub configuration: BTreeMap<String, String>,
    /// Why a table can say nothing, or not all, by its name: `not_run`, no rule looked at the period; `no_directory`, no listing of the directory was read; `no_leavers_known`, and the
    /// configuration names nobody who left; `no_companies_known`, it says of nobody that they are of another company.
    pub notes: BTreeMap<String, &'static str>,
    /// The report before this one.
    pub previous: Option<Previous>,
}

impl Data {
    pub(crate) fn table(&self, name: &str) -> &Rows {
        static NONE: Rows = Rows { columns: Vec::new(), rows: Vec::new(), truncated: false };
        self.tables.get(name).unwrap_or(&NONE)
    }
}

/// A report, in no language yet.
#[derive(Debug, Clone, Serialize)]
pub struct Report<'d> {
    /// `whodid.report/v1`
    pub schema: &'static str,
    /// Whose it is.
    pub company: Option<String>,
    /// What it is about.
    pub period: PeriodSaid,
    /// Until when the lake knew anything.
    pub as_of: Option<String>,
    /// Whodid's version.
    pub tool_version: String,
    /// The opinion.
    pub opinion: Opinion,
    /// The period in numbers.
    pub totals: BTreeMap<String, u64>,
    /// The sections, in order.
    pub sections: Vec<Section<'d>>,
    /// Versions of the lake's tables.
    pub lake_versions: BTreeMap<String, i64>,
    /// What was in force beside the lake, each with its SHA-256.
    pub configuration: BTreeMap<String, String>,
    /// The report before this one.
    pub previous: Option<Previous>,
    #[serde(skip)]
    pub(crate) clock: Period,
}

/// The period as programs read it.
#[derive(Debug, Clone, Serialize)]
pub struct PeriodSaid {
    /// How it is called.
    pub label: String,
    /// From when, UTC.
    pub from: String,
    /// Before when, UTC.
    pub until: String,
    /// Whose days these are.
    pub time_zone: String,
}

/// A section.
#[derive(Debug, Clone, Serialize)]
pub struct Section<'d> {
    /// Its number.
    pub number: usize,
    /// Its name.
    pub id: &'static str,
    /// Controls of ISO/IEC 27001:2022, Annex A, by number.
    pub controls: &'static [&'static str],
    /// Its tables.
    pub tables: Vec<Table<'d>>,
}

/// A table of a section.
#[derive(Debug, Clone, Serialize)]
pub struct Table<'d> {
    /// Its name.
    pub id: &'static str,
    /// The columns' names.
    pub columns: &'d [String],
    /// Values by column.
    #[serde(rename = "rows", serialize_with = "objects")]
    pub(crate) named: Named<'d>,
    /// Whether there were more than were read.
    pub truncated: bool,
    /// Why it can say nothing, or not all.
    pub note: Option<&'static str>,
}

/// Rows that know their columns.
#[derive(Debug, Clone)]
pub(crate) struct Named<'d>(pub(crate) &'d Rows);

/// A row as an object, its members in the order of their names.
struct Object<'r> {
    members: &'r [(usize, &'r str, Kind)],
    row: &'r [Option<String>],
}

impl Serialize for Object<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value = |place: usize| self.row.get(place).and_then(Option::as_deref);
        serializer.collect_map(self.members.iter().map(|(place, name, kind)| (name, value(*place).map(|text| Typed(text, *kind)))))
    }
}

/// A value; one of a column of numbers as a number, where it is one.
struct Typed<'r>(&'r str, Kind);

impl Serialize for Typed<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match Some(self.0).filter(|_| self.1 == Kind::Number).and_then(|text| text.parse().ok()) {
            Some(number) => serializer.serialize_i64(number),
            // As `json` takes text.
            None => serializer.serialize_bytes(self.0.as_bytes()),
        }
    }
}

fn objects<S: serde::Serializer>(named: &Named<'_>, serializer: S) -> Result<S::Ok, S::Error> {
    let columns = named.0.columns.iter().enumerate();
    let mut members: Vec<(usize, &str, Kind)> = columns.map(|(place, name)| (place, name.as_str(), Kind::of(name))).collect();
    members.sort_unstable_by_key(|(_, name, _)| *name);
    serializer.collect_seq(named.0.rows.iter().map(|row| Object { members: &members, row }))
}

/// How a column's values are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Time,
    Number,
    Certainty,
    /// A word of ours that has a translation.
    Word,
    /// An address, id or text that no program may break in the middle of a word, but a page may anywhere.
    Code,
}

impl Kind {
    pub(crate) fn of(column: &str) -> Self {
        match column {
            "event_time" | "first_time" | "last_time" | "time" | "started" | "ended" | "hour" | "created" | "first_event_time"
            | "last_event_time" | "newest_event_time" | "from" | "until" | "start" | "end" | "since" | "listed_until" | "gone_at" => {
                Self::Time
            }
            "changes" | "events" | "objects" | "rejected" | "unread" | "inputs" | "attempts" | "calls" | "failed" | "addresses"
            | "user_agents" | "sign_ins" | "commands" | "elevates" | "elevated" | "delay_seconds" | "person_changes" | "minutes"
            | "count" | "record" | "calls_after" | "age_days" | "delay_minutes" => Self::Number,
            "certainty" => Self::Certainty,
            "actor_kind" | "disposition" | "mfa" | "transcript" | "finding" | "verdict" | "session_kind" | "used" | "left_source"
            | "matched_by" | "exception_state" | "exception_kind" => Self::Word,
            "event_id"
            | "alert_id"
            | "user_arn"
            | "request"
            | "command"
            | "example"
            | "object"
            | "session_id"
            | "access_key_id"
            | "names"
            | "source"
            | "before"
            | "after"
            | "machine"
            | "cause_event_ids"
            | "identity_store_user_id" => Self::Code,
            _ => Self::Text,
        }
    }
}

impl<'d> Report<'d> {
    /// Puts data in sections, and gives the opinion.
    pub fn of(data: &'d Data) -> Self {
        let period = &data.period;
        let totals = totals(data);
        Self {
            schema: "whodid.report/v1",
            company: data.company.clone(),
            period: PeriodSaid {
                label: period.label.clone(),
                from: Period::utc(period.since),
                until: Period::utc(period.until),
                time_zone: period.zone_name.clone(),
            },
            as_of: data.as_of.map(Period::utc),
            tool_version: data.tool_version.clone(),
            opinion: Opinion::of(data),
            totals,
            sections: SECTIONS.iter().enumerate().map(|(index, plan)| section(index + 1, plan, data)).collect(),
            lake_versions: data.versions.clone(),
            configuration: data.configuration.clone(),
            previous: data.previous.clone(),
            clock: period.clone(),
        }
    }

    /// A table by its name.
    pub(crate) fn rows(&self, name: &str) -> Option<&'d Rows> {
        self.sections.iter().flat_map(|section| &section.tables).find(|table| table.id == name).map(|table| table.named.0)
    }
}

fn section<'d>(number: usize, plan: &SectionPlan, data: &'d Data) -> Section<'d> {
    let table = |id: &&'static str| {
        let rows = data.table(id);
        Table { id, columns: &rows.columns, truncated: rows.truncated, note: data.notes.get(*id).copied(), named: Named(rows) }
    };
    Section { number, id: plan.id, controls: plan.controls, tables: plan.tables.iter().map(table).collect() }
}

/// What the query `totals` says, and how much the other tables hold.
fn totals(data: &Data) -> BTreeMap<String, u64> {
    let rows = data.table("totals");
    let mut totals: BTreeMap<String, u64> = BTreeMap::new();
    if let Some(row) = rows.rows.first() {
        totals.extend(rows.columns.iter().map(|column| (column.clone(), rows.number(row, column))));
    }
    let (completeness, sessions, alerts) = (data.table("completeness"), data.table("sessions"), data.table("alerts"));
    let distinct = |column: &str| {
        completeness
            .rows
            .iter()
            .filter_map(|row| completeness.get(row, column))
            .filter(|text| !text.is_empty())
            .collect::<BTreeSet<_>>()
            .len()
    };
    totals.insert("logged_accounts".into(), distinct("account_id") as u64);
    totals.insert("logged_regions".into(), distinct("aws_region") as u64);
    totals.insert("rejected".into(), data.table("rejects").sum("inputs"));
    totals.insert("privileged_sessions".into(), data.table("privileged").rows.len() as u64);
    totals.insert("sessions".into(), sessions.rows.len() as u64);
    totals.insert("alerts".into(), alerts.rows.iter().filter(|row| alerts.get(row, "disposition") != Some("suppressed")).count() as u64);
    let assigned = data.table("assigned");
    let unused = assigned.rows.iter().filter(|row| matches!(assigned.get(row, "used"), Some("never" | "not_since"))).count();
    totals.insert("unused_assignments".into(), unused as u64);
    totals.insert("elevated_sessions".into(), sessions.rows.iter().filter(|row| sessions.number(row, "elevated") > 0).count() as u64);
    totals
}
