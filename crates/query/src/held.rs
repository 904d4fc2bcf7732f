//! Rows of a query in, a table in memory out that many queries read.

use crate::texts::{Texts, is_text};
use datafusion::arrow::array::{ArrayRef, AsArray as _, DictionaryArray, Int16Builder, RecordBatch, StringBuilder};
use datafusion::arrow::compute::{cast, concat};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use std::sync::Arc;

/// Columns whose texts do not come again.
const DISTINCT: [&str; 2] = ["event_id", "request"];

/// How queries see text: they group it much faster than what it is held as.
pub(crate) const SHOWN: DataType = DataType::Utf8View;

/// Rows of a batch that is held, at most: fewer than the 32,768 distinct texts that its keys can tell.
const ROWS_MAX: usize = 16_384;

/// How text is held: of a batch each text once, since names of people, accounts and calls come again and again.
fn kept(field: &Field) -> DataType {
    match field.data_type() {
        DataType::Utf8 | DataType::Utf8View if DISTINCT.contains(&field.name().as_str()) => DataType::Utf8,
        kind if is_text(kind) => DataType::Dictionary(Box::new(DataType::Int16), Box::new(DataType::Utf8)),
        other => other.clone(),
    }
}

/// Rows that are taken over as they come.
pub(crate) struct Held {
    schema: SchemaRef,
    columns: Vec<Column>,
    count: usize,
    batches: Vec<RecordBatch>,
}

/// Values of a batch to be.
enum Column {
    Again(Box<Again>),
    Distinct(StringBuilder),
    Other(DataType, Vec<ArrayRef>),
}

impl Column {
    fn new(kind: &DataType) -> Self {
        match kind {
            DataType::Dictionary(..) => Self::Again(Box::default()),
            DataType::Utf8 => Self::Distinct(StringBuilder::new()),
            other => Self::Other(other.clone(), Vec::new()),
        }
    }

    fn add(&mut self, values: &ArrayRef) -> Result<(), ArrowError> {
        match self {
            Self::Again(texts) => texts.add(values)?,
            Self::Distinct(texts) => texts.extend(cast(values, &SHOWN)?.as_string_view().iter()),
            Self::Other(_, parts) => parts.push(Arc::clone(values)),
        }
        Ok(())
    }

    fn end(&mut self) -> Result<ArrayRef, ArrowError> {
        match self {
            Self::Again(texts) => texts.end(),
            Self::Distinct(texts) => Ok(Arc::new(texts.finish())),
            Self::Other(kind, parts) => {
                let parts = std::mem::take(parts);
                let parts: Vec<&dyn datafusion::arrow::array::Array> = parts.iter().map(AsRef::as_ref).collect();
                cast(&concat(&parts)?, kind)
            }
        }
    }
}

/// Text that comes again and again.
#[derive(Default)]
struct Again {
    keys: Int16Builder,
    texts: Texts,
}

impl Again {
    fn add(&mut self, values: &ArrayRef) -> Result<(), ArrowError> {
        // Fewer rows than keys can tell.
        self.texts.number(values, |number| self.keys.append_option(number.map(|number| number as i16)))
    }

    fn end(&mut self) -> Result<ArrayRef, ArrowError> {
        Ok(Arc::new(DictionaryArray::try_new(self.keys.finish(), Arc::new(self.texts.take()))?))
    }
}

impl Held {
    /// Nothing yet of a query with these columns.
    pub(crate) fn new(of: &Schema) -> Self {
        let fields: Vec<Field> = of.fields().iter().map(|field| Field::new(field.name(), kept(field), true)).collect();
        let columns = fields.iter().map(|field| Column::new(field.data_type())).collect();
        Self { schema: Arc::new(Schema::new(fields)), columns, count: 0, batches: Vec::new() }
    }

    /// Takes over rows.
    pub(crate) fn add(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        let mut start = 0;
        while start < batch.num_rows() {
            let part = batch.slice(start, (ROWS_MAX - self.count).min(batch.num_rows() - start));
            self.columns.iter_mut().zip(part.columns()).try_for_each(|(column, values)| column.add(values))?;
            (self.count, start) = (self.count + part.num_rows(), start + part.num_rows());
            if self.count == ROWS_MAX {
                self.cut()?;
            }
        }
        Ok(())
    }

    fn cut(&mut self) -> Result<(), ArrowError> {
        let columns = self.columns.iter_mut().map(Column::end).collect::<Result<Vec<_>, _>>()?;
        self.batches.push(RecordBatch::try_new(Arc::clone(&self.schema), columns)?);
        self.count = 0;
        Ok(())
    }

    /// All rows.
    pub(crate) fn end(mut self) -> Result<(SchemaRef, Vec<RecordBatch>), ArrowError> {
        if self.count > 0 {
            self.cut()?;
        }
        Ok((self.schema, self.batches))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::arrow::array::{Int64Array, StringArray, StringViewArray};

    #[test]
    fn what_is_held_is_what_came() {
        let rows = 2 * ROWS_MAX + 5;
        let long = |row: usize| format!("arn:aws:iam::111122223333:role/{}", row % 700);
        let name =
            |row: usize| (!row.is_multiple_of(3)).then(|| if row.is_multiple_of(2) { long(row) } else { (row % 20_000).to_string() });
        let names: Vec<Option<String>> = (0..rows).map(name).collect();
        let ids: Vec<String> = (0..rows).map(|row| format!("event-{row}")).collect();
        let shown = StringViewArray::from_iter(names.iter().map(Option::as_deref));
        let batch = RecordBatch::try_from_iter_with_nullable([
            ("name", Arc::new(shown) as ArrayRef, true),
            ("event_id", Arc::new(StringArray::from_iter_values(&ids)) as ArrayRef, true),
            ("count", Arc::new(Int64Array::from_iter_values(0..rows as i64)) as ArrayRef, true),
        ])
        .unwrap();
        for step in [7, 2_048, rows] {
            let mut held = Held::new(&batch.schema());
            for start in (0..rows).step_by(step) {
                held.add(&batch.slice(start, step.min(rows - start))).unwrap();
            }
            let (schema, batches) = held.end().unwrap();
            assert_eq!(batches.iter().map(RecordBatch::num_rows).collect::<Vec<_>>(), [ROWS_MAX, ROWS_MAX, 5]);
            let parts = batches.iter().map(|batch| cast(batch.column(0), &SHOWN).unwrap()).collect::<Vec<_>>();
            let found = parts.iter().flat_map(|part| part.as_string_view().iter().map(|name| name.map(str::to_owned)).collect::<Vec<_>>());
            assert!(found.eq(names.iter().cloned()));
            let found = batches.iter().flat_map(|batch| batch.column(1).as_string::<i32>().iter());
            assert!(found.eq(ids.iter().map(|id| Some(id.as_str()))));
            let distinct = batches[0].column(0).as_any_dictionary().values().len();
            assert!(distinct < ROWS_MAX, "{distinct} of {schema}");
        }
    }

    #[test]
    fn a_query_without_rows_leaves_none() {
        let schema = Schema::new(vec![Field::new("name", DataType::Utf8View, true)]);
        assert!(Held::new(&schema).end().unwrap().1.is_empty());
    }
}
