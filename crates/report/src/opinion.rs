//! The opinion of a report: completeness first. A hole makes it `incomplete`, whatever else was found or not.

use crate::model::{Data, Rows};
use serde::Serialize;

/// After a period's end, how long records may still be on their way: microseconds (CloudTrail User Guide: on average about 5 minutes, which is
/// not guaranteed; digests of an hour come within the next).
const SETTLE_MICROS: i64 = 15 * 60 * 1_000_000;

/// The opinion in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// That the records are whole is not shown: no finding proves nothing.
    Incomplete,
    /// The records are whole, and there is something to look at.
    Findings,
    /// The records are whole, and there is nothing to look at.
    Clear,
}

impl State {
    /// As in `report.json`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Incomplete => "incomplete",
            Self::Findings => "findings",
            Self::Clear => "clear",
        }
    }
}

/// Something to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// A word of `CODES`.
    pub code: &'static str,
    /// How many.
    pub count: u64,
    /// Whether it leaves a hole in what is known.
    pub hole: bool,
}

/// What a report says of itself first.
#[derive(Debug, Clone, Serialize)]
pub struct Opinion {
    /// In a word.
    pub state: State,
    /// What it rests on, holes first.
    pub findings: Vec<Finding>,
}

/// Words of findings, and whether each is a hole.
pub(crate) const CODES: [(&str, bool); 17] = [
    ("no_logs", true),
    ("tampering", true),
    ("not_complete", true),
    ("not_settled", true),
    ("no_events", true),
    ("unread", true),
    ("rejected", true),
    ("missed_period", false),
    ("unattributed", false),
    ("root_used", false),
    ("transcript_missing", false),
    ("orphan_log", false),
    ("alerts", false),
    ("log_protection", false),
    ("leavers", false),
    ("exceptions_expired", false),
    ("late_changes", false),
];

impl Opinion {
    /// Judges what was found.
    pub(crate) fn of(data: &Data) -> Self {
        let findings: Vec<Finding> = CODES
            .iter()
            .map(|(code, hole)| Finding { code, count: count(code, data), hole: *hole })
            .filter(|finding| finding.count > 0)
            .collect();
        let state = match () {
            () if !data.complete || findings.iter().any(|finding| finding.hole) => State::Incomplete,
            () if !findings.is_empty() => State::Findings,
            () => State::Clear,
        };
        Self { state, findings }
    }
}

fn count(code: &str, data: &Data) -> u64 {
    let table = |name: &str| data.table(name);
    let rows = |name: &str| table(name).rows.len() as u64;
    let flag = |held: bool| u64::from(held);
    let word = |rows: &Rows, column: &str, word: &str| rows.rows.iter().filter(|row| rows.get(row, column) == Some(word)).count() as u64;
    match code {
        "no_logs" => flag(rows("completeness") == 0),
        "tampering" => {
            let verdicts = table("verdicts");
            let bad = verdicts.rows.iter().filter(|row| {
                let verdict = verdicts.get(row, "verdict").unwrap_or_default();
                matches!(verdict, "altered" | "missing" | "unlisted" | "digests_refused")
            });
            bad.map(|row| verdicts.number(row, "count")).sum()
        }
        "not_complete" if data.complete => 0,
        "not_complete" => rows("gaps").max(1),
        "not_settled" => flag(data.as_of.is_none_or(|as_of| as_of < data.period.until + SETTLE_MICROS)),
        "no_events" => flag(rows("completeness") > 0 && table("completeness").sum("events") == 0),
        "unread" => table("completeness").sum("unread"),
        "rejected" => table("rejects").sum("inputs"),
        "missed_period" => flag(data.previous.as_ref().is_some_and(|previous| previous.until_micros < data.period.since)),
        "unattributed" => table("totals").sum("unattributed"),
        "root_used" => word(table("privileged"), "means", "root"),
        "transcript_missing" => word(table("sessions"), "finding", "transcript_missing"),
        "orphan_log" => word(table("sessions"), "finding", "orphan"),
        "alerts" => {
            let alerts = table("alerts");
            alerts.rows.len() as u64 - word(alerts, "disposition", "suppressed")
        }
        "log_protection" => rows("log_protection"),
        "leavers" => {
            let leavers = table("leavers");
            let sure = |row: &&Vec<Option<String>>| matches!(leavers.get(row, "certainty"), Some("proven" | "attested"));
            leavers.rows.iter().filter(sure).filter(|row| leavers.number(row, "calls_after") > 0).count() as u64
        }
        "exceptions_expired" => word(table("exceptions"), "exception_state", "expired"),
        "late_changes" => rows("late_changes"),
        _ => 0,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::catalogue::{Catalogue, Language};
    use crate::period::Period;
    use std::collections::BTreeMap;

    /// A day of which everything is known and at which nothing happened that anybody must look at.
    pub(crate) fn clear() -> Data {
        let period = Period::days("2026-11-20", "2026-11-20", "UTC").unwrap();
        let row = |values: &[&str]| values.iter().map(|value| Some((*value).to_owned())).collect::<Vec<_>>();
        let tables = [
            ("completeness", Rows::new(&["account_id", "events", "unread"], vec![row(&["111122223333", "5", "0"])])),
            ("totals", Rows::new(&["changes", "unattributed"], vec![row(&["2", "0"])])),
        ];
        Data {
            as_of: Some(period.until + SETTLE_MICROS),
            period,
            tool_version: "0".into(),
            company: None,
            tables: tables.into_iter().map(|(name, rows)| (name.to_owned(), rows)).collect(),
            complete: true,
            versions: BTreeMap::new(),
            queries: BTreeMap::new(),
            configuration: BTreeMap::new(),
            notes: BTreeMap::new(),
            previous: None,
        }
    }

    fn with(name: &str, columns: &[&str], values: &[&str]) -> Data {
        let mut data = clear();
        data.tables.insert(name.into(), Rows::new(columns, vec![values.iter().map(|value| Some((*value).to_owned())).collect()]));
        data
    }

    #[track_caller]
    fn check(data: &Data, state: State, codes: &[&str]) {
        let opinion = Opinion::of(data);
        assert_eq!(opinion.findings.iter().map(|finding| finding.code).collect::<Vec<_>>(), codes);
        assert_eq!(opinion.state, state);
    }

    #[test]
    fn whole_records_without_findings_are_clear() {
        check(&clear(), State::Clear, &[]);
    }

    #[test]
    fn any_hole_is_incomplete_however_little_was_found() {
        check(&Data { complete: false, ..clear() }, State::Incomplete, &["not_complete"]);
        check(&Data { as_of: None, ..clear() }, State::Incomplete, &["not_settled"]);
        let early = clear();
        check(&Data { as_of: early.as_of.map(|as_of| as_of - 1), ..early }, State::Incomplete, &["not_settled"]);
        check(&Data { tables: BTreeMap::new(), ..clear() }, State::Incomplete, &["no_logs"]);
        check(&with("completeness", &["events", "unread"], &["0", "0"]), State::Incomplete, &["no_events"]);
        check(&with("completeness", &["events", "unread"], &["5", "1"]), State::Incomplete, &["unread"]);
        check(&with("rejects", &["inputs"], &["1"]), State::Incomplete, &["rejected"]);
        for verdict in ["altered", "missing", "unlisted", "digests_refused"] {
            check(&with("verdicts", &["verdict", "count"], &[verdict, "1"]), State::Incomplete, &["tampering"]);
        }
    }

    #[test]
    fn whole_records_with_findings_say_so() {
        check(&with("totals", &["unattributed"], &["3"]), State::Findings, &["unattributed"]);
        check(&with("privileged", &["means"], &["root"]), State::Findings, &["root_used"]);
        check(&with("privileged", &["means"], &["AdministratorAccess"]), State::Clear, &[]);
        check(&with("sessions", &["finding"], &["transcript_missing"]), State::Findings, &["transcript_missing"]);
        check(&with("sessions", &["finding"], &["orphan"]), State::Findings, &["orphan_log"]);
        check(&with("alerts", &["disposition"], &["sent"]), State::Findings, &["alerts"]);
        check(&with("alerts", &["disposition"], &["suppressed"]), State::Clear, &[]);
        check(&with("log_protection", &["event_name"], &["StopLogging"]), State::Findings, &["log_protection"]);
        let left = ["certainty", "calls_after"];
        check(&with("leavers", &left, &["proven", "3"]), State::Findings, &["leavers"]);
        check(&with("leavers", &left, &["proven", "0"]), State::Clear, &[]);
        check(&with("leavers", &left, &["probable", "3"]), State::Clear, &[]);
        check(&with("exceptions", &["exception_state"], &["expired"]), State::Findings, &["exceptions_expired"]);
        check(&with("exceptions", &["exception_state"], &["expires_soon"]), State::Clear, &[]);
        check(&with("late_changes", &["event_id"], &["x"]), State::Findings, &["late_changes"]);
    }

    #[test]
    fn every_finding_has_a_sentence_in_every_language() {
        for language in Language::ALL {
            let catalogue = Catalogue::new(language);
            for (code, _) in CODES {
                assert!(catalogue.has(&format!("finding-{}", code.replace('_', "-"))), "{code}");
            }
            for state in [State::Incomplete, State::Findings, State::Clear] {
                assert!(catalogue.has(&format!("opinion-{}", state.word())));
            }
        }
    }
}
