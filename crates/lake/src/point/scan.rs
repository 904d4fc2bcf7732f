//! A file that is not of the form that our writers give it: read whole by the `parquet` crate, and then looked through.

use super::file::DataFile;
use super::sought::{Clause, Sought, Test};
use super::{Unread, time_column};
use crate::error::Result;
use crate::parquet_file::{number_column, text_column};
use crate::schema::Table;
use arrow::array::{Array as _, BooleanArray, RecordBatch};
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::{Field, Schema};
use arrow::error::ArrowError;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// The rows sought.
pub(super) async fn rows(table: Table, file: &DataFile, sought: &Sought<'_>) -> Result<Vec<RecordBatch>, Unread> {
    let failed = |error: arrow::error::ArrowError| Unread::Failed(error.into());
    let tested = sought.any.iter().flatten().map(|clause| &clause.column);
    let checked = sought.check.iter().flat_map(|check| &check.columns);
    let columns: Vec<&str> = tested.chain(checked).chain(&sought.columns).copied().collect();
    let schema = table.file_schema();
    let builder = ParquetRecordBatchReaderBuilder::try_new(file.whole().await?)?;
    let mask = ProjectionMask::columns(builder.parquet_schema(), columns);
    let mut found = Vec::new();
    for batch in builder.with_projection(mask).build()? {
        let mut batch = fitted(&batch.map_err(failed)?, &schema).map_err(failed)?;
        batch = filter_record_batch(&batch, &wanted(table, &batch, sought)?).map_err(failed)?;
        if let Some(check) = &sought.check {
            batch = filter_record_batch(&batch, &(check.is_wanted)(&batch)?).map_err(failed)?;
        }
        let schema = batch.schema();
        let returned: Vec<usize> = sought.columns.iter().filter_map(|column| schema.index_of(column).ok()).collect();
        found.push(batch.project(&returned).map_err(failed)?);
    }
    Ok(found)
}

/// A batch with columns as our writers have them: another engine may write the same values as other types.
fn fitted(batch: &RecordBatch, schema: &Schema) -> Result<RecordBatch, ArrowError> {
    let held = batch.schema();
    let columns = held.fields().iter().zip(batch.columns()).map(|(field, column)| {
        let kind = schema.field_with_name(field.name()).map_or(column.data_type(), Field::data_type);
        Ok((field.name().clone(), cast(column, kind)?, true))
    });
    RecordBatch::try_from_iter_with_nullable(columns.collect::<Result<Vec<_>, ArrowError>>()?)
}

/// Which rows meet what is sought.
fn wanted(table: Table, batch: &RecordBatch, sought: &Sought<'_>) -> Result<BooleanArray> {
    let mut wanted = vec![false; batch.num_rows()];
    for all in &sought.any {
        let mut meets = vec![true; batch.num_rows()];
        for clause in all.iter().filter(|clause| !clause.of_pages) {
            meet(table, batch, clause, &mut meets)?;
        }
        wanted.iter_mut().zip(meets).for_each(|(wanted, meets)| *wanted |= meets);
    }
    Ok(wanted.into())
}

fn meet(table: Table, batch: &RecordBatch, Clause { column, test, .. }: &Clause<'_>, meets: &mut [bool]) -> Result<()> {
    if let Test::Null | Test::There = test {
        let held = batch.column_by_name(column).ok_or_else(|| super::missing(table, column))?;
        meets.iter_mut().enumerate().for_each(|(row, meets)| *meets &= held.is_null(row) == test.takes_null());
    } else if !test.is_of_numbers() {
        let held = text_column(table, batch, column)?;
        let is_met = |row| if held.is_null(row) { test.takes_null() } else { test.takes_text(held.value(row).as_bytes()) };
        meets.iter_mut().enumerate().for_each(|(row, meets)| *meets &= is_met(row));
    } else if let Ok(held) = number_column(table, batch, column) {
        meets.iter_mut().enumerate().for_each(|(row, meets)| *meets &= held.is_valid(row) && test.takes_number(held.value(row)));
    } else {
        let held = time_column(table, batch, column)?;
        meets.iter_mut().enumerate().for_each(|(row, meets)| *meets &= held.is_valid(row) && test.takes_number(held.value(row)));
    }
    Ok(())
}
