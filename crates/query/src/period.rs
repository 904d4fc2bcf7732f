//! The events of a period as a table whose texts are what its files have: each once for many rows, told by number.
//!
//! The engine's own reader makes a text of every row. Where rows are folded by number, or held as numbers, that is most of the work.

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
use futures::{StreamExt as _, TryStreamExt as _};
use lake::{Period, PointReader, period_schema};
use std::sync::Arc;

/// `events`, as far as they lie in the files of a period.
#[derive(Debug)]
pub(crate) struct PeriodEvents {
    events: Arc<PointReader>,
    period: Period,
    schema: SchemaRef,
}

impl PeriodEvents {
    pub(crate) fn new(events: Arc<PointReader>, period: Period) -> Self {
        Self { events, period, schema: period_schema() }
    }
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
        let rows = Rows { events: Arc::clone(&self.events), period: self.period, read: schema, condition, shown: Arc::clone(&shown) };
        Ok(Arc::new(StreamingTableExec::try_new(shown, vec![Arc::new(rows)], None, None, false, limit)?))
    }
}

/// The rows of one query.
#[derive(Debug)]
struct Rows {
    events: Arc<PointReader>,
    period: Period,
    read: SchemaRef,
    condition: Option<Arc<dyn PhysicalExpr>>,
    /// The first columns of what is read.
    shown: SchemaRef,
}

impl PartitionStream for Rows {
    fn schema(&self) -> &SchemaRef {
        &self.shown
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let batches = Arc::clone(&self.events).events_of(self.period, Arc::clone(&self.read));
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
        let batches = batches.map_err(|error| DataFusionError::External(error.into())).map(move |batch| batch.and_then(&of_query));
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.shown), batches))
    }
}
