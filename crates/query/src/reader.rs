//! The one place where a DataFusion session is made, and the one through which SQL runs.

use crate::error::{Error, Result};
use crate::integrity::Known;
use datafusion::arrow::array::RecordBatch;
use datafusion::common::ScalarValue;
use datafusion::common::config::ConfigOptions;
use datafusion::dataframe::DataFrame;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use deltalake::DeltaTable;
use lake::{Lake, Table};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes that one query may hold, at most; what sorts and groups need beyond spills to disk.
pub(crate) const QUERY_BYTES_MAX: usize = 512 << 20;

/// The present of a reader that was told none: the year 9999.
const END_OF_TIME: i64 = 253_370_764_800_000_000;

/// A view: its name, its text, and the tables or views it reads.
#[derive(Debug)]
pub struct View {
    /// Its name.
    pub name: &'static str,
    /// Its query.
    pub sql: &'static str,
    /// Views it reads.
    views: &'static [&'static str],
    /// Tables it reads.
    tables: &'static [Table],
}

/// Every view.
pub const VIEWS: [View; 2] = [
    View {
        name: "resolved_credentials",
        sql: include_str!("../../../queries/views/resolved_credentials.sql"),
        views: &[],
        tables: &[Table::Credentials],
    },
    View {
        name: "changes",
        sql: include_str!("../../../queries/views/changes.sql"),
        views: &["resolved_credentials"],
        tables: &[Table::Events, Table::Credentials],
    },
];

/// Reads one lake, at the versions that its tables had when first asked for.
pub struct Reader {
    lake: Lake,
    context: SessionContext,
    open: tokio::sync::Mutex<BTreeMap<Table, DeltaTable>>,
    registered: Mutex<BTreeSet<String>>,
    known: tokio::sync::OnceCell<Option<Known>>,
    now: i64,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("lake", &self.lake).finish_non_exhaustive()
    }
}

impl Reader {
    /// A reader of a lake; nothing is opened yet.
    ///
    /// # Errors
    /// Where DataFusion cannot be set up.
    pub fn new(lake: &Lake) -> Result<Self> {
        let mut options = ConfigOptions::new();
        options.execution.parquet.pushdown_filters = true;
        options.execution.parquet.max_in_list_size = 200;
        options.execution.parquet.schema_force_view_types = false;
        options.sql_parser.enable_ident_normalization = true;
        options.optimizer.max_passes = 2;
        let config = SessionConfig::from(options).with_information_schema(true);
        let runtime = RuntimeEnvBuilder::new().with_memory_pool(Arc::new(FairSpillPool::new(QUERY_BYTES_MAX))).build_arc()?;
        let context = SessionContext::new_with_config_rt(config, runtime);
        Ok(Self {
            lake: lake.clone(),
            context,
            open: tokio::sync::Mutex::default(),
            registered: Mutex::default(),
            known: tokio::sync::OnceCell::new(),
            now: END_OF_TIME,
        })
    }

    /// Answers as of that time, in microseconds since 1970: what waits for a digest then still waits. Else nothing does.
    pub fn at(self, now: i64) -> Self {
        Self { now, ..self }
    }

    pub(crate) fn now(&self) -> i64 {
        self.now
    }

    pub(crate) fn known_cell(&self) -> &tokio::sync::OnceCell<Option<Known>> {
        &self.known
    }

    /// The lake that is read.
    pub fn lake(&self) -> &Lake {
        &self.lake
    }

    pub(crate) fn context(&self) -> &SessionContext {
        &self.context
    }

    fn register_once(&self, name: &str) -> bool {
        self.registered.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned())
    }

    /// Makes tables known to SQL, each opened once, all at the same time.
    pub(crate) async fn need(&self, tables: &[Table]) -> Result<()> {
        let mut open = self.open.lock().await;
        let missing = tables.iter().filter(|table| !open.contains_key(*table)).map(|table| async move {
            let delta = self.lake.open(*table).await?;
            let provider = delta.table_provider().await.map_err(|error| Error::Query { source: error.into() })?;
            Ok::<_, Error>((*table, delta, provider))
        });
        for (table, delta, provider) in futures::future::try_join_all(missing).await? {
            self.context.register_table(table.name(), provider)?;
            open.insert(table, delta);
        }
        Ok(())
    }

    /// A table, for reading it past SQL.
    pub(crate) async fn table(&self, table: Table) -> Result<DeltaTable> {
        self.need(&[table]).await?;
        let open = self.open.lock().await;
        open.get(&table).cloned().ok_or_else(|| Error::Query { source: format!("{} is not open", table.name()).into() })
    }

    /// Makes every table and view known to SQL.
    ///
    /// # Errors
    /// Where one cannot be opened.
    pub async fn need_all(&self) -> Result<()> {
        self.need(&Table::ALL).await?;
        for view in &VIEWS {
            self.need_view(view.name).await?;
        }
        Ok(())
    }

    pub(crate) async fn need_view(&self, name: &str) -> Result<()> {
        let Some(view) = VIEWS.iter().find(|view| view.name == name) else { return Ok(()) };
        for inner in view.views {
            Box::pin(self.need_view(inner)).await?;
        }
        self.need(view.tables).await?;
        if self.register_once(view.name) {
            let plan = self.context.sql(view.sql).await?;
            self.context.register_table(view.name, plan.into_view())?;
        }
        Ok(())
    }

    /// Runs a query of `queries/` with its parameters bound.
    pub(crate) async fn run(&self, sql: &str, parameters: Vec<(&str, ScalarValue)>) -> Result<Vec<RecordBatch>> {
        let frame = self.context.sql(sql).await?;
        Ok(frame.with_param_values(parameters)?.collect().await?)
    }

    /// Plans a user's query; only such as read the lake's tables and views are planned.
    pub(crate) async fn sql(&self, text: &str) -> Result<DataFrame> {
        crate::guard::check(text)?;
        self.need_all().await?;
        if text.to_ascii_lowercase().contains("objects") && self.register_once("verdicts") {
            self.show_verdicts().await?;
        }
        Ok(self.context.sql(text).await?)
    }
}
