//! Objects by their numbers: where a record lies, for whoever wants to see it.

use crate::answer::Evidence;
use crate::error::{Error, Result};
use crate::hits::{Hit, column, text};
use crate::reader::Reader;
use datafusion::arrow::array::AsArray as _;
use datafusion::arrow::datatypes::Int64Type;
use datafusion::logical_expr::{col, lit};
use lake::Table;
use std::collections::{BTreeMap, BTreeSet};

/// Numbers in one list of a query, at most.
const NUMBERS_MAX: usize = 150;

/// Addresses and hashes of objects.
#[derive(Debug, Default)]
pub(crate) struct Places(BTreeMap<i64, (String, String)>);

impl Places {
    /// Where the record of a hit lies.
    pub(crate) fn evidence(&self, hit: &Hit) -> Evidence {
        let (object, sha256) = self.0.get(&hit.object_id).cloned().unwrap_or_default();
        Evidence { event_id: None, object, record: hit.record, sha256, integrity: "not_covered" }
    }
}

impl Reader {
    /// Looks up objects.
    pub(crate) async fn places(&self, numbers: BTreeSet<i64>) -> Result<Places> {
        self.need(&[Table::Objects]).await?;
        let mut places = Places::default();
        let numbers: Vec<i64> = numbers.into_iter().collect();
        for part in numbers.chunks(NUMBERS_MAX) {
            let list = part.iter().map(|number| lit(*number)).collect();
            let frame = self.context().await?.table("objects").await?.filter(col("object_id").in_list(list, false))?;
            for batch in frame.select_columns(&["object_id", "object", "sha256"])?.collect().await? {
                let number = column(&batch, "object_id")?
                    .as_primitive_opt::<Int64Type>()
                    .ok_or_else(|| Error::Query { source: "column object_id has another type".into() })?;
                let (object, sha256) = (text(&batch, "object")?, text(&batch, "sha256")?);
                for row in 0..batch.num_rows() {
                    places.0.insert(number.value(row), (object.value(row).to_owned(), sha256.value(row).to_owned()));
                }
            }
        }
        Ok(places)
    }
}
