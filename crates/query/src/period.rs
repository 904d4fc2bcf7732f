//! The events of a period as a table whose texts are what its files have: each once for many rows, told by number.
//!
//! The engine's own reader makes a text of every row. Where rows are folded by number, or held as numbers, that is most of the work. Queries that run
//! at the same time may share one reading.

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::filter_record_batch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::cast::as_boolean_array;
use datafusion::common::{DFSchema, DataFusionError, Result};
use datafusion::datasource::TableType;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use futures::channel::mpsc::{Receiver, Sender, UnboundedReceiver, UnboundedSender, channel, unbounded};
use futures::stream::BoxStream;
use futures::{SinkExt as _, StreamExt as _, TryStreamExt as _};
use lake::{Period, PointReader, period_schema};
use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};

/// Batches that wait for a query which shares a reading.
const WAITING: usize = 1;

/// `events`, as far as they lie in the files of a period.
#[derive(Debug)]
pub(crate) struct PeriodEvents {
    events: Arc<PointReader>,
    period: Period,
    schema: SchemaRef,
    place: Place,
}

/// A place at a shared reading, for the first query that runs.
type Place = Arc<Mutex<Option<UnboundedSender<Asked>>>>;

/// What a query asks of a shared reading.
struct Asked {
    read: SchemaRef,
    rows: Sender<RecordBatch>,
}

/// One reading for several queries. It begins when each of them has run or ended, so they are to be waited for together.
pub(crate) struct Reading {
    events: Arc<PointReader>,
    period: Period,
    asked: UnboundedReceiver<Asked>,
}

impl PeriodEvents {
    pub(crate) fn new(events: Arc<PointReader>, period: Period) -> Self {
        Self::at(events, period, None)
    }

    fn at(events: Arc<PointReader>, period: Period, place: Option<UnboundedSender<Asked>>) -> Self {
        Self { events, period, schema: period_schema(), place: Arc::new(Mutex::new(place)) }
    }

    /// The table for each of several queries, whose rows come of one reading. Who asks a second time reads alone.
    pub(crate) fn shared<const QUERIES: usize>(events: &Arc<PointReader>, period: Period) -> ([Self; QUERIES], Reading) {
        let (places, asked) = unbounded();
        let tables = std::array::from_fn(|_| Self::at(Arc::clone(events), period, Some(places.clone())));
        (tables, Reading { events: Arc::clone(events), period, asked })
    }
}

impl Reading {
    /// Reads what the queries ask for, and gives each its columns.
    pub(crate) async fn run(mut self) -> Result<()> {
        let mut asked: Vec<Asked> = self.asked.by_ref().collect().await;
        let all = period_schema();
        let mut read = BTreeSet::new();
        for field in asked.iter().flat_map(|asked| asked.read.fields()) {
            read.insert(all.index_of(field.name())?);
        }
        let schema = Arc::new(all.project(&read.into_iter().collect::<Vec<_>>())?);
        let mut batches = pin!(self.events.events_of(self.period, Arc::clone(&schema)).map_err(external));
        while let Some(batch) = batches.try_next().await? {
            let mut ended = Vec::new();
            for (query, Asked { read, rows }) in asked.iter_mut().enumerate() {
                let places = read.fields().iter().map(|field| schema.index_of(field.name())).collect::<std::result::Result<Vec<_>, _>>()?;
                // A query that failed takes no more, and says why itself.
                if rows.send(batch.project(&places)?).await.is_err() {
                    ended.push(query);
                }
            }
            for query in ended.into_iter().rev() {
                asked.remove(query);
            }
        }
        Ok(())
    }
}

fn external(error: lake::Error) -> DataFusionError {
    DataFusionError::External(error.into())
}

#[async_trait::async_trait]
impl TableProvider for PeriodEvents {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Exact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let all: Vec<usize> = (0..self.schema.fields().len()).collect();
        let shown = projection.unwrap_or(&all);
        let condition = conjunction(filters.to_vec());
        let mut read = shown.clone();
        for column in condition.iter().flat_map(Expr::column_refs) {
            let place = self.schema.index_of(&column.name)?;
            if !read.contains(&place) {
                read.push(place);
            }
        }
        let schema = Arc::new(self.schema.project(&read)?);
        let of_read = DFSchema::try_from(Arc::clone(&schema))?;
        let condition = condition.map(|condition| state.create_physical_expr(condition, &of_read)).transpose()?;
        let shown = Arc::new(self.schema.project(shown)?);
        let (events, place) = (Arc::clone(&self.events), Arc::clone(&self.place));
        let rows = Rows { events, period: self.period, place, read: schema, condition, shown: Arc::clone(&shown) };
        Ok(Arc::new(StreamingTableExec::try_new(shown, vec![Arc::new(rows)], None, None, false, limit)?))
    }
}

/// The rows of one query.
#[derive(Debug)]
struct Rows {
    events: Arc<PointReader>,
    period: Period,
    place: Place,
    read: SchemaRef,
    condition: Option<Arc<dyn PhysicalExpr>>,
    /// The first columns of what is read.
    shown: SchemaRef,
}

impl Rows {
    /// The batches with what is read: those of the shared reading, or of one of its own.
    fn batches(&self) -> BoxStream<'static, Result<RecordBatch>> {
        if let Some(place) = self.place.lock().unwrap_or_else(PoisonError::into_inner).take() {
            let (rows, batches): (_, Receiver<RecordBatch>) = channel(WAITING);
            if place.unbounded_send(Asked { read: Arc::clone(&self.read), rows }).is_ok() {
                return batches.map(Ok).boxed();
            }
        }
        Arc::clone(&self.events).events_of(self.period, Arc::clone(&self.read)).map_err(external).boxed()
    }
}

impl PartitionStream for Rows {
    fn schema(&self) -> &SchemaRef {
        &self.shown
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let (condition, shown) = (self.condition.clone(), self.shown.fields().len());
        let of_query = move |batch: RecordBatch| -> Result<RecordBatch> {
            let first: Vec<usize> = (0..shown).collect();
            let Some(condition) = &condition else { return Ok(batch.project(&first)?) };
            let wanted = condition.evaluate(&batch)?.into_array(batch.num_rows())?;
            let wanted = as_boolean_array(&wanted)?;
            let batch = batch.project(&first)?;
            if wanted.true_count() == batch.num_rows() {
                return Ok(batch);
            }
            Ok(filter_record_batch(&batch, wanted)?)
        };
        let batches = self.batches().map(move |batch| batch.and_then(&of_query));
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.shown), batches))
    }
}
