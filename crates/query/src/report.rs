//! The queries of reports, over a period.
//!
//! What they read beside tables is in [`crate::window`].

use crate::error::Result;
use crate::hits::column;
use crate::reader::Reader;
use crate::sql_rows::SqlRows;
use datafusion::arrow::array::{Array as _, AsArray as _, RecordBatch};
use datafusion::arrow::datatypes::TimestampMicrosecondType;
use datafusion::common::ScalarValue;
use datafusion::dataframe::DataFrame;
use lake::{Period, Table};
use std::collections::BTreeMap;

/// Rows of one query, at most; what is beyond is told as `truncated`.
const ROWS_MAX: usize = 50_000;

/// How far before a period's end the use of what is assigned is looked for.
const USED_MICROS: i64 = 90 * 86_400_000_000;

const AS_OF: &str = include_str!("../../../queries/report/as_of.sql");

macro_rules! queries {
    ($($name:literal),+ $(,)?) => {
        [$(($name, include_str!(concat!("../../../queries/report/", $name, ".sql")))),+]
    };
}

/// The queries whose rows make a report: name and text.
pub const REPORT_QUERIES: [(&str, &str); 31] = queries![
    "access_rights",
    "alert_runs",
    "alerts",
    "alerts_by_day",
    "assigned",
    "certainty",
    "changes_by_hour",
    "changes_by_machine",
    "changes_by_person",
    "completeness",
    "contractors",
    "days",
    "delay",
    "elevated",
    "failures",
    "late_changes",
    "log_protection",
    "long_lived_keys",
    "people_by_account",
    "permission_sets",
    "population",
    "privileged",
    "privileged_by_day",
    "rejects",
    "runs",
    "shared_identities",
    "sign_ins",
    "suppliers",
    "totals",
    "trend",
    "unattributed",
];

/// What a report's queries are bound to.
#[derive(Debug, Clone, Copy)]
pub struct ReportSpan {
    /// From when, microseconds since 1970.
    pub since: i64,
    /// Before when.
    pub until: i64,
    /// From when trends are drawn.
    pub trend: i64,
    /// A version of `events`: `late_changes` are those that came after it.
    pub version: i64,
}

fn time(micros: i64) -> ScalarValue {
    ScalarValue::TimestampMicrosecond(Some(micros), Some("UTC".into()))
}

impl ReportSpan {
    pub(crate) fn period(self) -> Period {
        Period { since: self.since, until: self.until }
    }

    pub(crate) fn parameters(self) -> Vec<(&'static str, ScalarValue)> {
        vec![
            ("since", time(self.since)),
            ("until", time(self.until)),
            ("trend", time(self.trend)),
            ("version", ScalarValue::Int64(Some(self.version))),
            ("used_since", time(self.until - USED_MICROS)),
        ]
    }
}

impl Reader {
    /// Until when the lake knows anything: the end of the last run that read logs, microseconds since 1970.
    ///
    /// # Errors
    /// Where the ledger of runs cannot be read.
    pub async fn known_until(&self) -> Result<Option<i64>> {
        self.need(&[Table::Runs]).await?;
        let mut ended = None;
        for batch in self.run(AS_OF, Vec::new()).await? {
            let times = column(&batch, "ended")?.as_primitive_opt::<TimestampMicrosecondType>().cloned();
            ended = times.filter(|times| !times.is_empty() && times.is_valid(0)).map(|times| times.value(0)).or(ended);
        }
        Ok(ended)
    }

    /// The version of each table that is read.
    ///
    /// # Errors
    /// Where one cannot be opened.
    pub async fn versions(&self) -> Result<BTreeMap<String, i64>> {
        let tables = self.there().await?;
        let open = self.open(&tables).await?;
        let named = tables.iter().zip(open);
        Ok(named.filter_map(|(table, open)| Some((table.name().to_owned(), i64::try_from(open.version()).ok()?))).collect())
    }

    /// Runs one of [`REPORT_QUERIES`], given as its text. All of a reader are of one period.
    ///
    /// # Errors
    /// Where the lake cannot be read.
    pub async fn report_rows(&self, text: &str, span: ReportSpan) -> Result<SqlRows> {
        crate::sql_rows::collected(self.report_frame(text, span).await?, ROWS_MAX, false).await
    }

    /// The same of a query that leaves it to us to put its rows in order of `event_time`, `event_id` and `account_id`.
    ///
    /// # Errors
    /// Where the lake cannot be read.
    pub async fn report_rows_by_time(&self, text: &str, span: ReportSpan) -> Result<SqlRows> {
        crate::sql_rows::first_by_time(self.report_frame(text, span).await?, ROWS_MAX).await
    }

    /// What every query of a report may name.
    pub(crate) async fn prepare_report(&self) -> Result<()> {
        self.need_all().await?;
        if self.first("doubted").await {
            self.add_doubted().await?;
            self.hold_resolved().await?;
        }
        Ok(())
    }

    async fn report_frame(&self, text: &str, span: ReportSpan) -> Result<DataFrame> {
        self.prepare_report().await?;
        self.need_report(text, Some(span)).await?;
        self.frame_of(text, span).await
    }

    /// A query that names parameters of a span, or none.
    pub(crate) async fn frame_of(&self, text: &str, span: ReportSpan) -> Result<DataFrame> {
        Ok(self.context().await?.sql(text).await?.with_param_values(span.parameters())?)
    }

    /// Its rows.
    pub(crate) async fn run_of(&self, text: &str, span: ReportSpan) -> Result<Vec<RecordBatch>> {
        Ok(self.frame_of(text, span).await?.collect().await?)
    }

    /// Lets go of pages of tables that were read past SQL.
    ///
    /// # Errors
    /// Where a table cannot be opened.
    pub async fn forget_pages(&self) -> Result<()> {
        for table in [Table::Events, Table::Mentions, Table::Causes, Table::Credentials] {
            self.points(table).await?.forget();
        }
        Ok(())
    }
}
