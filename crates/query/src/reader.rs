//! The one place where a DataFusion session is made, and the one through which SQL runs.

use crate::answer::LiveCoverage;
use crate::error::{Error, Result};
use crate::integrity::Known;
use crate::people::Configured;
use crate::report::ReportSpan;
use datafusion::arrow::array::RecordBatch;
use datafusion::common::ScalarValue;
use datafusion::common::config::{ConfigNonZeroUsize, ConfigOptions};
use datafusion::dataframe::DataFrame;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use identity::Vendors;
use lake::{Lake, PointReader, Table};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Bytes that one query may hold, at most; what sorts and groups need beyond spills to disk.
pub(crate) const QUERY_BYTES_MAX: usize = 512 << 20;

/// Rows of a batch where memory is spared. Text is read as places in pages of a file, so a batch of few rows from many pages keeps all of these.
const FRUGAL_BATCH_ROWS: usize = 2_048;

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

/// Reads one lake, at the versions that its tables had when first asked for. What SQL needs is made when SQL is first needed.
pub struct Reader {
    lake: Lake,
    context: tokio::sync::OnceCell<SessionContext>,
    open: tokio::sync::Mutex<BTreeMap<Table, Arc<PointReader>>>,
    registered: tokio::sync::Mutex<BTreeSet<&'static str>>,
    known: tokio::sync::OnceCell<Option<Known>>,
    directory: tokio::sync::OnceCell<Option<Arc<PointReader>>>,
    configured: Arc<Configured>,
    now: i64,
    live: Option<LiveCoverage>,
    partitions: Option<usize>,
}

impl std::fmt::Debug for Reader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reader").field("lake", &self.lake).finish_non_exhaustive()
    }
}

fn context(partitions: Option<usize>) -> Result<SessionContext> {
    let mut options = ConfigOptions::new();
    options.execution.parquet.pushdown_filters = true;
    options.execution.parquet.max_in_list_size = 200;
    options.execution.parquet.schema_force_view_types = false;
    options.sql_parser.enable_ident_normalization = true;
    options.optimizer.max_passes = 2;
    if let Some(partitions) = partitions {
        options.execution.target_partitions = partitions;
        options.execution.batch_size = ConfigNonZeroUsize::try_new(FRUGAL_BATCH_ROWS)?;
    }
    let config = SessionConfig::from(options).with_information_schema(true);
    let runtime = RuntimeEnvBuilder::new().with_memory_pool(Arc::new(FairSpillPool::new(QUERY_BYTES_MAX))).build_arc()?;
    Ok(SessionContext::new_with_config_rt(config, runtime))
}

impl Reader {
    /// A reader of a lake; nothing is opened yet.
    pub fn new(lake: &Lake) -> Self {
        Self {
            lake: lake.clone(),
            context: tokio::sync::OnceCell::new(),
            open: tokio::sync::Mutex::default(),
            registered: tokio::sync::Mutex::default(),
            known: tokio::sync::OnceCell::new(),
            directory: tokio::sync::OnceCell::new(),
            configured: Arc::new(Configured { vendors: Vendors::shipped(), ..Configured::default() }),
            now: END_OF_TIME,
            live: None,
            partitions: None,
        }
    }

    /// Runs queries in one partition, which takes less memory and less work in all, but longer where cores are free.
    pub fn on_one_core(self) -> Self {
        Self { partitions: Some(1), ..self }
    }

    /// Answers as of that time, in microseconds since 1970: what waits for a digest then still waits. Else nothing does.
    pub fn at(self, now: i64) -> Self {
        Self { now, ..self }
    }

    /// Answers of a lake to which CloudTrail's event history was added ([`lake::LOOKED_UP`]): its account is ours, since its own history
    /// was asked with credentials of ours, and what it was not asked for may be missing.
    pub fn with_live(self, live: LiveCoverage) -> Self {
        Self { live: Some(live), ..self }
    }

    pub(crate) fn live(&self) -> Option<&LiveCoverage> {
        self.live.as_ref()
    }

    /// Answers with what the user's configuration says of people, vendors and accounts.
    pub fn knowing(self, configured: Arc<Configured>) -> Self {
        Self { configured, ..self }
    }

    pub(crate) fn configured(&self) -> &Configured {
        &self.configured
    }

    pub(crate) fn directory_cell(&self) -> &tokio::sync::OnceCell<Option<Arc<PointReader>>> {
        &self.directory
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

    pub(crate) async fn context(&self) -> Result<&SessionContext> {
        self.context.get_or_try_init(|| async { context(self.partitions) }).await
    }

    /// Opens tables, each once, all at the same time.
    pub(crate) async fn open(&self, tables: &[Table]) -> Result<Vec<Arc<PointReader>>> {
        let mut open = self.open.lock().await;
        let missing: Vec<Table> = tables.iter().copied().filter(|table| !open.contains_key(table)).collect();
        let opened =
            missing.into_iter().map(|table| async move { Ok::<_, Error>((table, Arc::new(PointReader::open(&self.lake, table).await?))) });
        open.extend(futures::future::try_join_all(opened).await?);
        Ok(tables.iter().filter_map(|table| open.get(table).cloned()).collect())
    }

    /// Forgets which version of tables was open, for the next look at the newest.
    pub(crate) async fn close(&self, tables: &[Table]) {
        self.open.lock().await.retain(|table, _| !tables.contains(table));
    }

    /// A table, for reading a few of its rows past SQL.
    pub(crate) async fn points(&self, table: Table) -> Result<Arc<PointReader>> {
        let opened = self.open(&[table]).await?.pop();
        opened.ok_or_else(|| Error::Query { source: format!("{} is not open", table.name()).into() })
    }

    /// Makes tables known to SQL.
    pub(crate) async fn need(&self, tables: &[Table]) -> Result<()> {
        let context = self.context().await?;
        let open = self.open(tables).await?;
        let open = futures::future::try_join_all(open.iter().map(|open| open.delta())).await?;
        let mut registered = self.registered.lock().await;
        for (table, open) in tables.iter().zip(open) {
            if registered.insert(table.name()) {
                let provider = open.table_provider().await.map_err(|error| Error::Query { source: error.into() })?;
                context.register_table(table.name(), provider)?;
            }
        }
        Ok(())
    }

    /// Makes every table and view known to SQL.
    ///
    /// # Errors
    /// Where one cannot be opened.
    pub async fn need_all(&self) -> Result<()> {
        self.need(&self.there().await?).await?;
        for view in &VIEWS {
            self.need_view(view.name).await?;
        }
        Ok(())
    }

    /// Every table that the lake has: one that was made before there were snapshots of the directory lacks theirs.
    pub(crate) async fn there(&self) -> Result<Vec<Table>> {
        let directory = self.directory_table().await?.is_some();
        Ok(Table::ALL.into_iter().filter(|table| directory || *table != Table::Directory).collect())
    }

    pub(crate) async fn need_view(&self, name: &str) -> Result<()> {
        let Some(view) = VIEWS.iter().find(|view| view.name == name) else { return Ok(()) };
        for inner in view.views {
            Box::pin(self.need_view(inner)).await?;
        }
        self.need(view.tables).await?;
        let mut registered = self.registered.lock().await;
        if registered.insert(view.name) {
            let context = self.context().await?;
            let plan = context.sql(view.sql).await?;
            context.register_table(view.name, plan.into_view())?;
        }
        Ok(())
    }

    /// Runs a query of `queries/` with its parameters bound.
    pub(crate) async fn run(&self, sql: &str, parameters: Vec<(&str, ScalarValue)>) -> Result<Vec<RecordBatch>> {
        let frame = self.context().await?.sql(sql).await?;
        Ok(frame.with_param_values(parameters)?.collect().await?)
    }

    /// Whether something is to be made known to SQL for the first time.
    pub(crate) async fn first(&self, name: &'static str) -> bool {
        self.registered.lock().await.insert(name)
    }

    /// Makes [`Reader::first`] say yes once more.
    pub(crate) async fn forget_first(&self, names: &[&'static str]) {
        self.registered.lock().await.retain(|name| !names.contains(name));
    }

    /// Plans a user's query; only such as read the lake's tables and views are planned. Where it names `$since` and `$until`, it needs both.
    pub(crate) async fn sql(&self, text: &str, span: Option<ReportSpan>) -> Result<DataFrame> {
        crate::guard::check(text)?;
        self.need_all().await?;
        if text.to_ascii_lowercase().contains("objects") && self.first("verdicts").await {
            self.show_verdicts().await?;
        }
        self.need_report(text, span).await?;
        let frame = self.context().await?.sql(text).await?;
        Ok(match span {
            Some(span) if text.contains('$') => frame.with_param_values(span.parameters())?,
            _ => frame,
        })
    }
}
