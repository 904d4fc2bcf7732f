//! The queries of reports, over a period.
//!
//! They read what is no table: the view `attributed`, which believes nothing that digests contradict, and two tables that are read a single time
//! for all that ask about them: `window_changes`, the period's changes, made of `window_records`, and `window_calls`, all of its calls, folded.

use crate::error::{Error, Result};
use crate::fold::folded;
use crate::held::{Held, SHOWN};
use crate::hits::column;
use crate::period::PeriodEvents;
use crate::reader::Reader;
use crate::sql_rows::SqlRows;
use datafusion::arrow::array::{Array as _, AsArray as _, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimestampMicrosecondType};
use datafusion::arrow::error::ArrowError;
use datafusion::catalog::{MemoryCatalogProviderList, TableProvider};
use datafusion::common::{ScalarValue, ToDFSchema as _};
use datafusion::dataframe::DataFrame;
use datafusion::datasource::{MemTable, ViewTable};
use datafusion::execution::SessionStateBuilder;
use datafusion::logical_expr::{EmptyRelation, LogicalPlan};
use datafusion::prelude::{SessionContext, ident};
use futures::StreamExt as _;
use lake::{Period, Table};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Rows of one query, at most; what is beyond is told as `truncated`.
const ROWS_MAX: usize = 50_000;

/// How far before a period's end the use of what is assigned is looked for.
const USED_MICROS: i64 = 90 * 86_400_000_000;

const ATTRIBUTED: &str = include_str!("../../../queries/views/attributed.sql");
const DOUBTED_OBJECTS: &str = include_str!("../../../queries/report/doubted_objects.sql");
const DOUBTED_SESSIONS: &str = include_str!("../../../queries/report/doubted_sessions.sql");
const WINDOW_CALLS: &str = include_str!("../../../queries/report/window_calls.sql");
const WINDOW_FOLDED: &str = include_str!("../../../queries/report/window_folded.sql");
const WINDOW_CHANGES: &str = include_str!("../../../queries/report/window_changes.sql");
const WINDOW_RECORDS: &str = include_str!("../../../queries/report/window_records.sql");
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

/// What sessions were resolved to, and what of it a report asks for.
const RESOLVED: &str = "resolved_credentials";
const RESOLVED_COLUMNS: [&str; 7] =
    ["credential_id", "actor_kind", "actor_id", "actor_account_id", "certainty", "permission_set", "source_identity"];

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

    async fn report_frame(&self, text: &str, span: ReportSpan) -> Result<DataFrame> {
        self.need_all().await?;
        if self.first("doubted").await {
            self.add_doubted().await?;
            self.hold_resolved().await?;
        }
        self.need_report(text, Some(span)).await?;
        Ok(self.context().await?.sql(text).await?.with_param_values(span.parameters())?)
    }

    /// Runs a query that names parameters of a span, or none.
    pub(crate) async fn run_of(&self, text: &str, span: ReportSpan) -> Result<Vec<RecordBatch>> {
        let frame = self.context().await?.sql(text).await?;
        Ok(frame.with_param_values(span.parameters())?.collect().await?)
    }

    /// Makes known what a query reads beside tables and views, as far as its text names it.
    pub(crate) async fn need_report(&self, text: &str, span: Option<ReportSpan>) -> Result<()> {
        let text = text.to_ascii_lowercase();
        let names = |name: &str| text.contains(name);
        if (names("attributed") || names("window_") || names("doubted_")) && self.first("attributed").await {
            if self.first("doubted").await {
                self.add_doubted().await?;
            }
            let view = self.context().await?.sql(ATTRIBUTED).await?;
            self.context().await?.register_table("attributed", view.into_view())?;
        }
        let Some(span) = span else { return Ok(()) };
        if names("window_calls") && self.first("window_calls").await {
            if self.first("window_folded").await {
                self.add_folded("window_folded", WINDOW_FOLDED, span).await?;
            }
            self.add_window("window_calls", WINDOW_CALLS, span).await?;
            if !names("window_folded") {
                self.context().await?.deregister_table("window_folded")?;
                self.forget_first(&["window_folded"]).await;
            }
        }
        if names("window_folded") && self.first("window_folded").await {
            self.add_folded("window_folded", WINDOW_FOLDED, span).await?;
        }
        if names("window_changes") && self.first("window_changes").await {
            self.add_changes(span).await?;
        }
        if names("window_records") && self.first("window_records").await {
            let records = self.changing_records(span).await?;
            self.add_shown("window_records", records).await?;
        }
        Ok(())
    }

    /// Works out once, for all queries of a report, what each session was resolved to, as far as they ask. Who asks in SQL of their own gets
    /// the whole view.
    async fn hold_resolved(&self) -> Result<()> {
        let frame = self.context().await?.table(RESOLVED).await?.select_columns(&RESOLVED_COLUMNS)?;
        self.context().await?.deregister_table(RESOLVED)?;
        self.add_held(RESOLVED, frame).await
    }

    /// Runs a query once, for all that read its rows as a table.
    async fn add_window(&self, name: &str, query: &str, span: ReportSpan) -> Result<()> {
        let frame = self.context().await?.sql(query).await?.with_param_values(span.parameters())?;
        self.add_held(name, frame).await
    }

    /// The period's records that change something, as they lie in the lake.
    async fn changing_records(&self, span: ReportSpan) -> Result<MemTable> {
        let context = self.of_period(span).await?;
        let view = context.sql(ATTRIBUTED).await?;
        context.register_table("attributed", view.into_view())?;
        held(context.sql(WINDOW_RECORDS).await?.with_param_values(span.parameters())?).await
    }

    /// Of those each once.
    async fn add_changes(&self, span: ReportSpan) -> Result<()> {
        let records = self.changing_records(span).await?;
        let context = self.beside().await?;
        context.register_table("window_records", Arc::new(records))?;
        let changes = held(context.sql(WINDOW_CHANGES).await?).await?;
        self.add_shown("window_changes", changes).await
    }

    /// The same of a query that groups; its rows are few.
    async fn add_folded(&self, name: &str, query: &str, span: ReportSpan) -> Result<()> {
        let frame = self.of_period(span).await?.sql(query).await?.with_param_values(span.parameters())?;
        let (schema, rows) = folded(frame).await?;
        self.context().await?.register_table(name, Arc::new(MemTable::try_new(schema, vec![rows])?))?;
        Ok(())
    }

    /// Tables of its own for queries whose rows are held: text in them is told by number.
    async fn beside(&self) -> Result<SessionContext> {
        let context = self.context().await?;
        let state = SessionStateBuilder::new_from_existing(context.state()).with_catalog_list(Arc::new(MemoryCatalogProviderList::new()));
        let config = context.copied_config().with_create_default_catalog_and_schema(true);
        Ok(SessionContext::new_with_state(state.with_config(config).build()))
    }

    /// What queries over `events` see that read no more than a period.
    async fn of_period(&self, span: ReportSpan) -> Result<SessionContext> {
        let of_period = self.beside().await?;
        for name in [RESOLVED, "doubted_objects", "doubted_sessions"] {
            of_period.register_table(name, self.context().await?.table_provider(name).await?)?;
        }
        let period = Period { since: span.since, until: span.until };
        of_period.register_table(Table::Events.name(), Arc::new(PeriodEvents::new(self.points(Table::Events).await?, period)))?;
        Ok(of_period)
    }

    async fn add_held(&self, name: &str, frame: DataFrame) -> Result<()> {
        self.add_shown(name, held(frame).await?).await
    }

    /// Makes rows that are held known to the other queries, their text as these see it.
    async fn add_shown(&self, name: &str, held: MemTable) -> Result<()> {
        let context = self.context().await?;
        let schema = held.schema();
        let columns = schema.fields().iter().map(|field| match field.data_type() {
            DataType::Dictionary(..) | DataType::Utf8 => datafusion::prelude::cast(ident(field.name()), SHOWN).alias(field.name()),
            _ => ident(field.name()),
        });
        let view = context.read_table(Arc::new(held))?.select(columns.collect::<Vec<_>>())?;
        context.register_table(name, view.into_view())?;
        Ok(())
    }

    /// Lets go of the period's calls and changes, which are read again when a query names them again.
    ///
    /// # Errors
    /// None that a user can cause.
    pub async fn forget_window(&self) -> Result<()> {
        for name in ["window_changes", "window_records", "window_calls"] {
            self.context().await?.deregister_table(name)?;
        }
        self.forget_first(&["window_changes", "window_records", "window_calls"]).await;
        Ok(())
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

    /// What is not as CloudTrail delivered it, and the sessions that it tells of.
    async fn add_doubted(&self) -> Result<()> {
        let one = |name: &str, kind: DataType| -> SchemaRef { Arc::new(Schema::new(vec![Field::new(name, kind, true)])) };
        let objects = if self.known().await?.is_some() {
            if self.first("verdicts").await {
                self.show_verdicts().await?;
            }
            self.run(DOUBTED_OBJECTS, Vec::new()).await?
        } else {
            Vec::new()
        };
        let any = objects.iter().any(|batch| batch.num_rows() > 0);
        self.add_rows("doubted_objects", one("object_id", DataType::Int64), objects).await?;
        let sessions = if any { self.run(DOUBTED_SESSIONS, Vec::new()).await? } else { Vec::new() };
        self.add_rows("doubted_sessions", one("credential_id", DataType::Utf8), sessions).await
    }

    async fn add_rows(&self, name: &str, schema: SchemaRef, rows: Vec<RecordBatch>) -> Result<()> {
        let failed = |error: ArrowError| Error::Query { source: error.into() };
        // Queries may bring text in another layout than the table has.
        let fitted = |batch: RecordBatch| {
            let columns = batch.columns().iter().zip(schema.fields());
            let columns = columns.map(|(column, field)| cast(column, field.data_type())).collect::<std::result::Result<Vec<_>, _>>()?;
            RecordBatch::try_new(Arc::clone(&schema), columns)
        };
        let rows = rows.into_iter().map(fitted).collect::<std::result::Result<Vec<_>, _>>().map_err(failed)?;
        let context = self.context().await?;
        // Of a table without rows the planner makes no join.
        let provider: Arc<dyn TableProvider> = if rows.iter().all(|batch| batch.num_rows() == 0) {
            let none = EmptyRelation { produce_one_row: false, schema: Arc::new(schema.to_dfschema()?) };
            Arc::new(ViewTable::new(LogicalPlan::EmptyRelation(none), None))
        } else {
            Arc::new(MemTable::try_new(schema, vec![rows])?)
        };
        context.register_table(name, provider)?;
        Ok(())
    }
}

/// Runs a query once, for all that read its rows.
async fn held(frame: DataFrame) -> Result<MemTable> {
    let failed = |error: ArrowError| Error::Query { source: error.into() };
    let mut stream = frame.execute_stream().await?;
    let mut held = Held::new(&stream.schema());
    while let Some(batch) = stream.next().await {
        held.add(&batch?).map_err(failed)?;
    }
    let (schema, rows) = held.end().map_err(failed)?;
    Ok(MemTable::try_new(schema, vec![rows])?)
}
