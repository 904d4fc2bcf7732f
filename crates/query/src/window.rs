//! What the queries of reports read beside the lake's tables, made when one names it.
//!
//! The view `attributed`, which believes nothing that digests contradict, and tables that are made a single time for all that ask about them:
//! `window_once`, the period's changes, made of `window_records`; `window_changes`, these with who stands behind them; `window_acts`, these folded;
//! `window_calls`, all of its calls, folded; and `window_requests`, what changes of access rights asked for. What of them is made of the period's
//! events, a report reads at one time.

use crate::error::{Error, Result};
use crate::fold::folded;
use crate::held::{Held, SHOWN};
use crate::period::PeriodEvents;
use crate::reader::Reader;
use crate::report::ReportSpan;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::catalog::{MemoryCatalogProviderList, TableProvider};
use datafusion::common::ToDFSchema as _;
use datafusion::dataframe::DataFrame;
use datafusion::datasource::{MemTable, ViewTable};
use datafusion::execution::SessionStateBuilder;
use datafusion::logical_expr::{EmptyRelation, LogicalPlan};
use datafusion::prelude::{SessionContext, ident};
use futures::StreamExt as _;
use lake::Table;
use std::sync::Arc;

const ATTRIBUTED: &str = include_str!("../../../queries/views/attributed.sql");
const DOUBTED_OBJECTS: &str = include_str!("../../../queries/report/doubted_objects.sql");
const DOUBTED_SESSIONS: &str = include_str!("../../../queries/report/doubted_sessions.sql");
const WINDOW_CALLS: &str = include_str!("../../../queries/report/window_calls.sql");
const WINDOW_FOLDED: &str = include_str!("../../../queries/report/window_folded.sql");
const WINDOW_ONCE: &str = include_str!("../../../queries/report/window_once.sql");
const WINDOW_ACTS: &str = include_str!("../../../queries/report/window_acts.sql");
const WINDOW_ACTS_FOLDED: &str = include_str!("../../../queries/report/window_acts_folded.sql");
const WINDOW_CHANGES: &str = include_str!("../../../queries/report/window_changes.sql");
const WINDOW_RECORDS: &str = include_str!("../../../queries/report/window_records.sql");
const WINDOW_REQUESTS: &str = include_str!("../../../queries/report/window_requests.sql");

/// What sessions were resolved to, and what of it a report asks for.
const RESOLVED: &str = "resolved_credentials";
const RESOLVED_COLUMNS: [&str; 7] =
    ["credential_id", "actor_kind", "actor_id", "actor_account_id", "certainty", "permission_set", "source_identity"];

impl Reader {
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
            self.add_calls(self.folded_calls(self.events_of(span).await?, span).await?).await?;
        }
        if names("window_folded") && !self.context().await?.table_exist("window_folded")? {
            let calls = self.folded_calls(self.events_of(span).await?, span).await?;
            self.context().await?.register_table("window_folded", Arc::new(calls))?;
        }
        if (names("window_once") || names("window_changes") || names("window_acts")) && self.first("window_once").await {
            self.add_changes(self.rows_of(self.events_of(span).await?, WINDOW_RECORDS, span).await?, span).await?;
            if !names("window_acts_folded") {
                self.context().await?.deregister_table("window_acts_folded")?;
            }
        }
        if names("window_acts_folded") && !self.context().await?.table_exist("window_acts_folded")? {
            let once = self.beside().await?;
            once.register_table("window_once", self.context().await?.table_provider("window_once").await?)?;
            self.add_folded("window_acts_folded", &once, WINDOW_ACTS_FOLDED, span).await?;
        }
        if names("window_records") && self.first("window_records").await {
            let records = self.rows_of(self.events_of(span).await?, WINDOW_RECORDS, span).await?;
            self.add_shown("window_records", Arc::new(records)).await?;
        }
        if names("window_requests") && self.first("window_requests").await {
            let requests = self.rows_of(self.events_of(span).await?, WINDOW_REQUESTS, span).await?;
            self.add_shown("window_requests", Arc::new(requests)).await?;
        }
        Ok(())
    }

    /// Reads the period's events once for all that a report needs of them, where every query would read them for itself.
    ///
    /// # Errors
    /// Where the lake cannot be read.
    pub async fn read_period(&self, span: ReportSpan) -> Result<()> {
        self.prepare_report().await?;
        let ([calls, records, requests], reading) = PeriodEvents::shared(&self.points(Table::Events).await?, span.period());
        let (calls, records, requests, ()) = tokio::try_join!(
            self.folded_calls(calls, span),
            self.rows_of(records, WINDOW_RECORDS, span),
            self.rows_of(requests, WINDOW_REQUESTS, span),
            async { Ok(reading.run().await?) },
        )?;
        for name in ["window_calls", "window_once", "window_requests"] {
            self.first(name).await;
        }
        self.add_calls(calls).await?;
        self.add_changes(records, span).await?;
        self.context().await?.deregister_table("window_acts_folded")?;
        self.add_shown("window_requests", Arc::new(requests)).await
    }

    /// Works out once, for all queries of a report, what each session was resolved to, as far as they ask. Who asks in SQL of their own gets
    /// the whole view.
    pub(crate) async fn hold_resolved(&self) -> Result<()> {
        let frame = self.context().await?.table(RESOLVED).await?.select_columns(&RESOLVED_COLUMNS)?;
        self.context().await?.deregister_table(RESOLVED)?;
        self.add_held(RESOLVED, frame).await
    }

    /// Runs a query once, for all that read its rows as a table.
    async fn add_window(&self, name: &str, query: &str) -> Result<()> {
        let frame = self.context().await?.sql(query).await?;
        self.add_held(name, frame).await
    }

    /// The period's calls, folded, and who stands behind them.
    async fn add_calls(&self, folded: MemTable) -> Result<()> {
        self.context().await?.register_table("window_folded", Arc::new(folded))?;
        self.add_window("window_calls", WINDOW_CALLS).await?;
        self.context().await?.deregister_table("window_folded")?;
        Ok(())
    }

    /// The period's changes, each once, one by one and folded. Who stands behind one of them is joined to those that a query asks for.
    async fn add_changes(&self, records: MemTable, span: ReportSpan) -> Result<()> {
        let beside = self.beside().await?;
        beside.register_table("window_records", Arc::new(records))?;
        let once = Arc::new(held(beside.sql(WINDOW_ONCE).await?).await?);
        beside.deregister_table("window_records")?;
        beside.register_table("window_once", Arc::clone(&once) as Arc<dyn TableProvider>)?;
        self.add_folded("window_acts_folded", &beside, WINDOW_ACTS_FOLDED, span).await?;
        self.add_window("window_acts", WINDOW_ACTS).await?;
        self.add_shown("window_once", once).await?;
        let changes = self.context().await?.sql(WINDOW_CHANGES).await?;
        self.context().await?.register_table("window_changes", changes.into_view())?;
        Ok(())
    }

    /// The rows of a query that groups, over the tables of a context; they are few.
    async fn add_folded(&self, name: &str, over: &SessionContext, query: &str, span: ReportSpan) -> Result<()> {
        let rows = folded_rows(over.sql(query).await?.with_param_values(span.parameters())?).await?;
        self.context().await?.register_table(name, Arc::new(rows))?;
        Ok(())
    }

    /// Tables of its own for queries whose rows are held: text in them is told by number.
    async fn beside(&self) -> Result<SessionContext> {
        let context = self.context().await?;
        let state = SessionStateBuilder::new_from_existing(context.state()).with_catalog_list(Arc::new(MemoryCatalogProviderList::new()));
        let config = context.copied_config().with_create_default_catalog_and_schema(true);
        Ok(SessionContext::new_with_state(state.with_config(config).build()))
    }

    /// A period's events, for one query.
    async fn events_of(&self, span: ReportSpan) -> Result<PeriodEvents> {
        Ok(PeriodEvents::new(self.points(Table::Events).await?, span.period()))
    }

    /// What a query over a period's events sees.
    async fn over(&self, events: PeriodEvents) -> Result<SessionContext> {
        let over = self.beside().await?;
        over.register_table("doubted_objects", self.context().await?.table_provider("doubted_objects").await?)?;
        over.register_table(Table::Events.name(), Arc::new(events))?;
        Ok(over)
    }

    /// The rows of a query over a period's events, as they lie in the lake.
    async fn rows_of(&self, events: PeriodEvents, query: &str, span: ReportSpan) -> Result<MemTable> {
        held(self.over(events).await?.sql(query).await?.with_param_values(span.parameters())?).await
    }

    async fn folded_calls(&self, events: PeriodEvents, span: ReportSpan) -> Result<MemTable> {
        folded_rows(self.over(events).await?.sql(WINDOW_FOLDED).await?.with_param_values(span.parameters())?).await
    }

    async fn add_held(&self, name: &str, frame: DataFrame) -> Result<()> {
        self.add_shown(name, Arc::new(held(frame).await?)).await
    }

    /// Makes rows that are held known to the other queries, their text as these see it.
    async fn add_shown(&self, name: &str, held: Arc<MemTable>) -> Result<()> {
        let context = self.context().await?;
        let schema = held.schema();
        let columns = schema.fields().iter().map(|field| match field.data_type() {
            DataType::Dictionary(..) | DataType::Utf8 => datafusion::prelude::cast(ident(field.name()), SHOWN).alias(field.name()),
            _ => ident(field.name()),
        });
        let view = context.read_table(held)?.select(columns.collect::<Vec<_>>())?;
        context.register_table(name, view.into_view())?;
        Ok(())
    }

    /// Lets go of the period's calls and changes, which are read again when a query names them again.
    ///
    /// # Errors
    /// None that a user can cause.
    pub async fn forget_window(&self) -> Result<()> {
        self.forget(&[
            "window_calls",
            "window_changes",
            "window_once",
            "window_acts",
            "window_acts_folded",
            "window_records",
            "window_requests",
        ])
        .await
    }

    async fn forget(&self, names: &[&'static str]) -> Result<()> {
        for name in names {
            self.context().await?.deregister_table(*name)?;
        }
        self.forget_first(names).await;
        Ok(())
    }

    /// What is not as CloudTrail delivered it, and the sessions that it tells of.
    pub(crate) async fn add_doubted(&self) -> Result<()> {
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

/// Runs a query that groups; its rows are few.
async fn folded_rows(frame: DataFrame) -> Result<MemTable> {
    let (schema, rows) = folded(frame).await?;
    Ok(MemTable::try_new(schema, vec![rows])?)
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
