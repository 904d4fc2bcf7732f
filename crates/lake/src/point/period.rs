//! Every event of a period, batch by batch: for who folds it and compares its texts by number.

use super::PointReader;
use super::file::DataFile;
use crate::error::Result;
use crate::log::LogFile;
use crate::place::Place;
use crate::schema::Table;
use crate::writer::day_text;
use arrow::array::{ArrayRef, Date32Array, RecordBatch, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use futures::{Stream, StreamExt as _, TryStreamExt as _};
use object_store::path::Path;
use parquet::DecodeResult;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::push_decoder::{ParquetPushDecoder, ParquetPushDecoderBuilder};
use parquet::errors::Result as Decoded;
use parquet::file::metadata::RowGroupMetaData;
use parquet::file::statistics::Statistics;
use std::sync::Arc;

/// Rows of a batch, at most.
const BATCH_ROWS: usize = 8 * 1024;

/// The column by which events are in order.
const TIME: &str = "event_time";

/// From when until when, microseconds since 1970; the end does not belong to it.
#[derive(Debug, Clone, Copy)]
pub struct Period {
    /// From when.
    pub since: i64,
    /// Before when.
    pub until: i64,
}

/// How a column of text comes: as the dictionary that a file has of it, or, where each row has a text of its own, as places in the file's pages.
fn kept(field: &Field) -> Field {
    let kind = match field.data_type() {
        DataType::Utf8 if Table::Events.unique_columns().contains(&field.name().as_str()) => DataType::Utf8View,
        DataType::Utf8 => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
        other => other.clone(),
    };
    field.clone().with_data_type(kind)
}

/// The columns of [`PointReader::events_of`].
pub fn period_schema() -> SchemaRef {
    Arc::new(Schema::new(Table::Events.schema().fields().iter().map(|field| kept(field)).collect::<Vec<_>>()))
}

impl PointReader {
    /// Reads the columns of `schema`, which are some of [`period_schema`], of all events of a period; and of some before or after it, that lie beside them.
    /// Batches of one row group share its dictionaries.
    pub fn events_of(self: Arc<Self>, period: Period, schema: SchemaRef) -> impl Stream<Item = Result<RecordBatch>> + Send {
        let days = day_text(crate::rows::day_of(period.since))..=day_text(crate::rows::day_of(period.until.saturating_sub(1)));
        let may_lie = |file: &&LogFile| file.partition.as_ref().is_some_and(|day| days.contains(day));
        let mut files: Vec<(Path, u64, i32)> = Vec::new();
        for file in self.log.files.iter().filter(may_lie) {
            let day = file.partition.as_deref().and_then(day_number);
            files.extend(day.map(|day| (file.path.clone(), file.size, day)));
        }
        let opened = move |(path, size, day): (Path, u64, i32)| {
            let (reader, schema) = (Arc::clone(&self), Arc::clone(&schema));
            async move {
                let opened = async {
                    let file = reader.footers.open(&reader.place, &path, size).await?;
                    open(&file, period, &schema)
                };
                let decoder = opened.await.map_err(|error| reader.failed_with(&path, error.into()))?;
                let state = (decoder, reader, path);
                Ok(futures::stream::try_unfold(state, move |(mut decoder, reader, path)| {
                    let schema = Arc::clone(&schema);
                    async move {
                        let found = next(&mut decoder, &reader.place, &path)
                            .await
                            .and_then(|found| found.map(|batch| fitted(&batch, &schema, day)).transpose());
                        let found = found.map_err(|error| reader.failed_with(&path, error.into()))?;
                        Ok(found.map(|batch| (batch, (decoder, reader, path))))
                    }
                }))
            }
        };
        futures::stream::iter(files).then(opened).try_flatten()
    }
}

/// The day of a partition, in days since 1970.
pub(super) fn day_number(partition: &str) -> Option<i32> {
    use arrow::compute::kernels::cast_utils::Parser as _;
    use arrow::datatypes::Date32Type;
    Date32Type::parse(partition)
}

/// Whether events of a period may lie in a row group.
fn may_lie(group: &RowGroupMetaData, time: Option<usize>, period: Period) -> bool {
    match time.and_then(|leaf| group.columns().get(leaf)).and_then(|chunk| chunk.statistics()) {
        Some(Statistics::Int64(held)) => {
            held.min_opt().is_none_or(|least| *least < period.until) && held.max_opt().is_none_or(|most| *most >= period.since)
        }
        _ => true,
    }
}

fn open(file: &DataFile, period: Period, schema: &Schema) -> Decoded<ParquetPushDecoder> {
    let metadata = Arc::new(file.metadata().clone());
    let plain = ArrowReaderMetadata::try_new(Arc::clone(&metadata), ArrowReaderOptions::new())?;
    let fields: Vec<Field> = plain.schema().fields().iter().map(|field| kept(field)).collect();
    let options = ArrowReaderOptions::new().with_schema(Arc::new(Schema::new(fields)));
    // Of times in another unit the statistics are not known here.
    let is_micros = |field: &Field| matches!(field.data_type(), DataType::Timestamp(TimeUnit::Microsecond, _));
    let time = plain.schema().field_with_name(TIME).is_ok_and(is_micros).then(|| file.leaves(TIME).first().copied()).flatten();
    let groups =
        metadata.row_groups().iter().enumerate().filter(|(_, group)| may_lie(group, time, period)).map(|(place, _)| place).collect();
    let builder = ParquetPushDecoderBuilder::new_with_metadata(ArrowReaderMetadata::try_new(metadata, options)?);
    let mask = ProjectionMask::columns(builder.parquet_schema(), schema.fields().iter().map(|field| field.name().as_str()));
    builder.with_projection(mask).with_row_groups(groups).with_batch_size(BATCH_ROWS).build()
}

async fn next(decoder: &mut ParquetPushDecoder, place: &Place, path: &Path) -> Decoded<Option<RecordBatch>> {
    loop {
        match decoder.try_decode()? {
            DecodeResult::NeedsData(ranges) => {
                let read = place.ranges(path, &ranges).await?;
                decoder.push_ranges(ranges, read)?;
            }
            DecodeResult::Data(batch) => return Ok(Some(batch)),
            DecodeResult::Finished => return Ok(None),
        }
    }
}

/// A batch with the columns of `schema` in their order: with the day, which files do not hold, and nulls where a file is older than a column. Another
/// engine may have written its columns as other types for the same values.
fn fitted(batch: &RecordBatch, schema: &SchemaRef, day: i32) -> Decoded<RecordBatch> {
    let column = |field: &Arc<Field>| -> Decoded<ArrayRef> {
        if field.name() == Table::Events.partition() {
            return Ok(Arc::new(Date32Array::from_value(day, batch.num_rows())));
        }
        Ok(match batch.column_by_name(field.name()) {
            Some(column) if column.data_type() == field.data_type() => Arc::clone(column),
            Some(column) => cast(column, field.data_type())?,
            None => new_null_array(field.data_type(), batch.num_rows()),
        })
    };
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), schema.fields().iter().map(column).collect::<Decoded<_>>()?, &options)?)
}
