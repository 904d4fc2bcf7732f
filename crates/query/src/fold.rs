//! A query that groups by many texts in, the rows that the engine would bring out, at a fraction of its work.
//!
//! The engine compares a row with its group text by text. Here a text is looked up once a batch and is a number from then on, so that a row is told
//! apart by a few numbers that lie together. What such a query says is its plan's: the engine makes it, and works out every key and value.

use crate::error::{Error, Result};
use crate::held::SHOWN;
use crate::texts::{Texts, is_text};
use datafusion::arrow::array::{
    Array as _, ArrayRef, AsArray as _, DictionaryArray, Int32Array, Int64Array, RecordBatch, StringArray, StringViewArray,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef, TimeUnit};
use datafusion::arrow::error::ArrowError;
use datafusion::common::Column;
use datafusion::dataframe::DataFrame;
use datafusion::logical_expr::expr::AggregateFunction;
use datafusion::logical_expr::{Aggregate, Expr, LogicalPlan, LogicalPlanBuilder, Projection};
use futures::StreamExt as _;
use hashbrown::{DefaultHashBuilder, HashTable};
use std::cmp::Ordering;
use std::hash::BuildHasher as _;
use std::sync::Arc;

/// Keys and values of a query that are folded here, at most; what more have is left to the engine.
const COLUMNS_MAX: usize = 32;

/// Rows whose keys are noted before they are looked up: those of more would not stay in a core's cache while they are, column by column.
const ROWS_AT_ONCE: usize = 1_024;

/// Bytes of texts and groups that are held here, at most. Callers choose addresses and programs: a query with more groups is left to the engine, which
/// spills them to disk.
const BYTES_MAX: usize = 128 << 20;

/// What is asked of the rows of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Count,
    Least,
    Greatest,
}

/// A query that is folded here.
struct Fold {
    /// The keys and what is asked of the groups, as columns of what is grouped.
    rows: DataFrame,
    keys: usize,
    asked: Vec<Asked>,
    /// Which of keys and answers each column of the query is, in this order.
    shown: Vec<usize>,
    schema: SchemaRef,
}

impl Fold {
    /// The query taken apart; nothing where it is more than groups of columns, counts, least and greatest values.
    fn of(frame: &DataFrame) -> Option<Self> {
        let LogicalPlan::Projection(Projection { expr, input, .. }) = frame.logical_plan() else { return None };
        let LogicalPlan::Aggregate(Aggregate { input, group_expr, aggr_expr, schema, .. }) = input.as_ref() else { return None };
        if group_expr.len() + aggr_expr.len() > COLUMNS_MAX || group_expr.is_empty() {
            return None;
        }
        let mut columns: Vec<Expr> = group_expr.clone();
        let mut asked = Vec::new();
        for expr in aggr_expr {
            let (one, of) = question(expr)?;
            asked.push(one);
            columns.push(of);
        }
        let shown = expr.iter().map(|expr| place(expr, schema)).collect::<Option<Vec<usize>>>()?;
        let columns = columns.into_iter().enumerate().map(|(place, expr)| expr.alias(format!("c{place}")));
        let plan = LogicalPlanBuilder::from(Arc::clone(input)).project(columns).ok()?.build().ok()?;
        let asked_of = std::iter::repeat_n(None, group_expr.len()).chain(asked.iter().copied().map(Some));
        let is_known = |(field, asked): (&Arc<Field>, Option<Asked>)| {
            asked == Some(Asked::Count) || is_text(field.data_type()) || is_number(field.data_type())
        };
        let are_known = plan.schema().fields().iter().zip(asked_of).all(is_known);
        let (state, _) = frame.clone().into_parts();
        are_known.then(|| Self {
            rows: DataFrame::new(state, plan),
            keys: group_expr.len(),
            asked,
            shown,
            schema: Arc::clone(frame.schema().inner()),
        })
    }
}

/// What an aggregate asks, and of what.
fn question(expr: &Expr) -> Option<(Asked, Expr)> {
    let Expr::AggregateFunction(AggregateFunction { func, params }) = expr.clone().unalias_nested().data else { return None };
    let is_plain = !params.distinct && params.filter.is_none() && params.order_by.is_empty() && params.null_treatment.is_none();
    let [of] = params.args.as_slice() else { return None };
    let asked = match func.name() {
        "count" if matches!(of, Expr::Literal(value, _) if !value.is_null()) => Asked::Count,
        "min" => Asked::Least,
        "max" => Asked::Greatest,
        _ => return None,
    };
    is_plain.then(|| (asked, of.clone()))
}

/// Which column of the groups a column of the query is.
fn place(expr: &Expr, schema: &datafusion::common::DFSchema) -> Option<usize> {
    match expr.clone().unalias_nested().data {
        Expr::Column(Column { relation, name, .. }) => schema.index_of_column_by_name(relation.as_ref(), &name),
        _ => None,
    }
}

fn is_number(kind: &DataType) -> bool {
    matches!(kind, DataType::Boolean | DataType::Date32 | DataType::Int64 | DataType::Timestamp(TimeUnit::Microsecond, _))
}

/// Numbers of a kind of [`is_number`].
fn numbers(values: &ArrayRef) -> std::result::Result<Int64Array, ArrowError> {
    let narrow = match values.data_type() {
        DataType::Date32 => &cast(values, &DataType::Int32)?,
        _ => values,
    };
    Ok(cast(narrow, &DataType::Int64)?.as_primitive::<Int64Type>().clone())
}

/// The other way round.
fn of_kind(numbers: Int64Array, kind: &DataType) -> std::result::Result<ArrayRef, ArrowError> {
    let numbers: ArrayRef = Arc::new(numbers);
    let narrow = match kind {
        DataType::Date32 => cast(&numbers, &DataType::Int32)?,
        _ => numbers,
    };
    cast(&narrow, kind)
}

/// A column of what is asked, group by group.
enum Answers {
    Count(Vec<i64>),
    Number(Vec<Option<i64>>, Ordering),
    Text(Vec<Extreme>, Ordering),
}

/// The least or greatest text of a group, and the number that it begins with: most others differ in that, and are told apart without a look at it.
#[derive(Clone, Default)]
struct Extreme {
    begin: u64,
    text: Option<String>,
}

impl Extreme {
    fn add(&mut self, value: &str, wanted: Ordering) {
        let begin = begin(value.as_bytes());
        let is_further = |held: &String| begin.cmp(&self.begin).then_with(|| value.cmp(held)) == wanted;
        if self.text.as_ref().is_none_or(is_further) {
            let text = self.text.get_or_insert_default();
            text.clear();
            text.push_str(value);
            self.begin = begin;
        }
    }
}

/// The first bytes of a text as a number: of two texts the one with the smaller number is the lesser one.
fn begin(text: &[u8]) -> u64 {
    let mut bytes = [0; size_of::<u64>()];
    bytes.iter_mut().zip(text).for_each(|(to, from)| *to = *from);
    u64::from_be_bytes(bytes)
}

impl Answers {
    fn new(asked: Asked, kind: &DataType) -> Self {
        match asked {
            Asked::Count => Self::Count(Vec::new()),
            Asked::Least if is_text(kind) => Self::Text(Vec::new(), Ordering::Less),
            Asked::Greatest if is_text(kind) => Self::Text(Vec::new(), Ordering::Greater),
            Asked::Least => Self::Number(Vec::new(), Ordering::Less),
            Asked::Greatest => Self::Number(Vec::new(), Ordering::Greater),
        }
    }

    /// Adds the rows of a batch to their groups, of which there are so many now.
    fn add(&mut self, groups: &[u32], count: usize, values: &ArrayRef) -> std::result::Result<(), ArrowError> {
        match self {
            Self::Count(counts) => {
                counts.resize(count, 0);
                for group in groups {
                    counts.get_mut(*group as usize).into_iter().for_each(|count| *count += 1);
                }
            }
            Self::Number(held, wanted) => {
                held.resize(count, None);
                for (group, value) in groups.iter().zip(&numbers(values)?) {
                    let (Some(held), Some(value)) = (held.get_mut(*group as usize), value) else { continue };
                    if held.is_none_or(|held| value.cmp(&held) == *wanted) {
                        *held = Some(value);
                    }
                }
            }
            Self::Text(held, wanted) => {
                held.resize_with(count, Extreme::default);
                for (group, value) in groups.iter().zip(cast(values, &SHOWN)?.as_string_view()) {
                    let (Some(held), Some(value)) = (held.get_mut(*group as usize), value) else { continue };
                    held.add(value, *wanted);
                }
            }
        }
        Ok(())
    }

    fn end(self, kind: &DataType) -> std::result::Result<ArrayRef, ArrowError> {
        match self {
            Self::Count(counts) => of_kind(counts.into(), kind),
            Self::Number(held, _) => of_kind(held.into(), kind),
            Self::Text(held, _) => cast(&StringViewArray::from_iter(held.into_iter().map(|held| held.text)), kind),
        }
    }
}

/// Groups that were met, each with the numbers of its keys, one after the other; the last of each tells which of them are null.
struct Groups {
    keys: Vec<u64>,
    width: usize,
    hashes: Vec<u64>,
    numbers: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Groups {
    fn new(keys: usize) -> Self {
        Self { keys: Vec::new(), width: keys + 1, hashes: Vec::new(), numbers: HashTable::new(), hasher: DefaultHashBuilder::default() }
    }

    fn count(&self) -> usize {
        self.hashes.len()
    }

    fn bytes(&self) -> usize {
        size_of_val(self.keys.as_slice()) + size_of_val(self.hashes.as_slice())
    }

    /// The group of each row, whose keys lie one after the other.
    fn find(&mut self, rows: &[u64], groups: &mut Vec<u32>) {
        let Self { keys, width, hashes, numbers, hasher } = self;
        groups.clear();
        for row in rows.chunks_exact(*width) {
            let hash = hasher.hash_one(row);
            let is_same = |number: &u32| {
                let start = *number as usize * *width;
                keys.get(start..start + *width) == Some(row)
            };
            let group = numbers.find(hash, is_same).copied().unwrap_or_else(|| {
                let new = hashes.len() as u32;
                keys.extend_from_slice(row);
                hashes.push(hash);
                numbers.insert_unique(hash, new, |number| hashes.get(*number as usize).copied().unwrap_or_default());
                new
            });
            groups.push(group);
        }
    }

    /// A key of every group.
    fn key(&self, place: usize) -> impl Iterator<Item = Option<u64>> {
        let is_null = move |row: &&[u64]| row.last().is_some_and(|nulls| nulls >> place & 1 == 1);
        self.keys.chunks_exact(self.width).map(move |row| row.get(place).copied().filter(|_| !is_null(&row)))
    }
}

/// The rows of a query, folded here where it can be.
///
/// # Errors
/// Where the engine fails.
pub(crate) async fn folded(frame: DataFrame) -> Result<(SchemaRef, Vec<RecordBatch>)> {
    let schema = Arc::new(Schema::new(frame.schema().fields().iter().map(|field| shown(field)).collect::<Vec<_>>()));
    let found = match Fold::of(&frame) {
        Some(fold) => rows(fold, BYTES_MAX).await?,
        None => None,
    };
    let found = match found {
        Some(batch) => vec![batch],
        None => frame.collect().await?,
    };
    let fitted = found.iter().map(|batch| {
        let columns = batch.columns().iter().zip(schema.fields()).map(|(column, field)| cast(column, field.data_type()));
        RecordBatch::try_new(Arc::clone(&schema), columns.collect::<std::result::Result<_, _>>()?)
    });
    let fitted = fitted.collect::<std::result::Result<Vec<_>, ArrowError>>().map_err(|error| Error::Query { source: error.into() })?;
    Ok((schema, fitted))
}

/// A column of the rows: dictionaries are for what is folded, not for what is left.
fn shown(field: &Field) -> Field {
    let kind = if matches!(field.data_type(), DataType::Dictionary(..)) { SHOWN } else { field.data_type().clone() };
    field.clone().with_data_type(kind)
}

/// The rows; nothing where more bytes would have to be held.
async fn rows(fold: Fold, bytes_max: usize) -> Result<Option<RecordBatch>> {
    let failed = |error: ArrowError| Error::Query { source: error.into() };
    let mut stream = fold.rows.execute_stream().await?;
    let kinds: Vec<DataType> = stream.schema().fields().iter().map(|field| field.data_type().clone()).collect();
    let mut texts: Vec<Texts> = (0..fold.keys).map(|_| Texts::default()).collect();
    let mut groups = Groups::new(fold.keys);
    let width = groups.width;
    let answered = kinds.iter().skip(fold.keys);
    let mut answers: Vec<Answers> = fold.asked.iter().zip(answered).map(|(asked, kind)| Answers::new(*asked, kind)).collect();
    let (mut rows, mut of_rows) = (Vec::new(), Vec::new());
    while let Some(batch) = stream.next().await {
        let batch = batch?;
        for start in (0..batch.num_rows()).step_by(ROWS_AT_ONCE) {
            let batch = batch.slice(start, ROWS_AT_ONCE.min(batch.num_rows() - start));
            rows.clear();
            rows.resize(batch.num_rows() * width, 0);
            for (place, (values, texts)) in batch.columns().iter().zip(&mut texts).enumerate() {
                keys(&mut rows, width, place, values, texts).map_err(failed)?;
            }
            groups.find(&rows, &mut of_rows);
            for (answers, values) in answers.iter_mut().zip(batch.columns().iter().skip(fold.keys)) {
                answers.add(&of_rows, groups.count(), values).map_err(failed)?;
            }
        }
        if texts.iter().map(Texts::bytes).sum::<usize>() + groups.bytes() > bytes_max {
            return Ok(None);
        }
    }
    let mut columns: Vec<ArrayRef> = Vec::new();
    for (place, (texts, kind)) in texts.iter_mut().zip(&kinds).enumerate() {
        columns.push(key_column(&groups, place, texts, kind).map_err(failed)?);
    }
    for (answers, kind) in answers.into_iter().zip(kinds.iter().skip(fold.keys)) {
        let kind = if matches!(answers, Answers::Count(_)) { &DataType::Int64 } else { kind };
        columns.push(answers.end(kind).map_err(failed)?);
    }
    let shown = fold.shown.iter().zip(fold.schema.fields());
    let shown = shown.filter_map(|(place, field)| columns.get(*place).map(|column| cast(column, field.data_type())));
    let shown = shown.collect::<std::result::Result<Vec<_>, _>>().map_err(failed)?;
    RecordBatch::try_new(fold.schema, shown).map(Some).map_err(failed)
}

/// Notes a key of every row.
fn keys(rows: &mut [u64], width: usize, place: usize, values: &ArrayRef, texts: &mut Texts) -> std::result::Result<(), ArrowError> {
    let mut rows = rows.chunks_exact_mut(width);
    let mut note = |value: Option<u64>| {
        let Some(row) = rows.next() else { return };
        match (value, row.get_mut(place)) {
            (Some(value), Some(held)) => *held = value,
            _ => row.last_mut().into_iter().for_each(|nulls| *nulls |= 1 << place),
        }
    };
    if is_text(values.data_type()) {
        texts.number(values, |number| note(number.map(u64::from)))?;
    } else {
        numbers(values)?.iter().for_each(|value| note(value.map(i64::cast_unsigned)));
    }
    Ok(())
}

fn key_column(groups: &Groups, place: usize, texts: &mut Texts, kind: &DataType) -> std::result::Result<ArrayRef, ArrowError> {
    if !is_text(kind) {
        return of_kind(groups.key(place).map(|key| key.map(u64::cast_signed)).collect(), kind);
    }
    let numbers: Int32Array = groups.key(place).map(|key| key.map(|key| key as i32)).collect();
    let texts: StringArray = texts.take();
    cast(&DictionaryArray::try_new(numbers, Arc::new(texts))?, kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_and_greatest_text_are_those_of_their_order() {
        let texts = ["b", "", "a\u{0}", "a", "abcdefgh", "abcdefghi", "abcdefg", "漢字漢字", "漢字漢", "\u{10ffff}", "abcdefgh\u{0}"];
        for (wanted, expected) in [(Ordering::Less, texts.iter().min()), (Ordering::Greater, texts.iter().max())] {
            for first in 0..texts.len() {
                let mut extreme = Extreme::default();
                texts.iter().cycle().skip(first).take(texts.len()).for_each(|text| extreme.add(text, wanted));
                assert_eq!(extreme.text.as_deref(), expected.copied());
            }
            for (one, other) in texts.iter().flat_map(|one| texts.iter().map(move |other| (one, other))) {
                let mut extreme = Extreme::default();
                extreme.add(one, wanted);
                extreme.add(other, wanted);
                assert_eq!(extreme.text.as_deref(), Some(if other.cmp(one) == wanted { *other } else { *one }));
            }
        }
    }
    use datafusion::arrow::compute::concat_batches;
    use datafusion::arrow::util::pretty::pretty_format_batches;
    use datafusion::prelude::SessionContext;

    const ROWS: &str = "SELECT CASE WHEN value % 7 <> 0 THEN concat('arn:aws:iam::111122223333:role/', CAST(value % 11 AS VARCHAR)) END AS arn,
        CASE WHEN value % 5 <> 0 THEN CAST(value % 3 AS VARCHAR) END AS kind, value % 2 = 0 AS even, CASE WHEN value % 13 <> 0 THEN value % 4 = 0 END AS maybe,
        CAST('2026-11-18' AS DATE) AS day, CASE WHEN value % 4 <> 0 THEN value END AS number,
        to_timestamp_micros(CASE WHEN value % 6 <> 0 THEN value * 1000 END) AS time, concat('e-', CAST((value * 7919) % 10007 AS VARCHAR)) AS id
        FROM generate_series(1, 9999) AS s (value)";

    #[tokio::test]
    async fn calls_of_a_report_are_folded_here() {
        let context = SessionContext::new();
        let columns =
            |names: &str, kind: &str| names.split(' ').map(|name| format!("CAST(NULL AS {kind}) AS {name}")).collect::<Vec<_>>().join(", ");
        let texts =
            "credential_id recipient_account_id aws_region user_type user_arn user_account_id access_key_id source_ip_address user_agent
            invoked_by error_code event_source error_message actor_kind actor_id certainty permission_set event_id";
        let texts = columns(&texts.split_whitespace().collect::<Vec<_>>().join(" "), "VARCHAR");
        let (day, time, flag) = (columns("dt", "DATE"), columns("event_time", "TIMESTAMP"), columns("read_only", "BOOLEAN"));
        let sql = format!(
            "SELECT {texts}, {day}, {flag}, arrow_cast(event_time, 'Timestamp(Microsecond, None)') AS event_time, object_id
                           FROM (SELECT {time}, {}) AS t",
            columns("object_id", "BIGINT")
        );
        context.register_table("events", context.sql(&sql).await.unwrap().into_view()).unwrap();
        let objects = context.sql("SELECT CAST(NULL AS BIGINT) AS object_id").await.unwrap();
        context.register_table("doubted_objects", objects.into_view()).unwrap();
        let query = include_str!("../../../queries/report/window_folded.sql");
        assert!(Fold::of(&context.sql(query).await.unwrap()).is_some());
    }

    /// The query as the engine answers it, and as it is folded here; whether it was.
    async fn both(sql: &str) -> (String, String, bool) {
        let context = SessionContext::new();
        let rows = context.sql(ROWS).await.unwrap();
        context.register_table("r", rows.into_view()).unwrap();
        let frame = || async { context.sql(sql).await.unwrap() };
        let is_folded = Fold::of(&frame().await).is_some();
        let (schema, found) = folded(frame().await).await.unwrap();
        let sorted = |batches: &[RecordBatch]| {
            let text = pretty_format_batches(batches).unwrap().to_string();
            let mut lines: Vec<&str> = text.lines().collect();
            lines.sort_unstable();
            lines.join("\n")
        };
        let expected = concat_batches(&schema, &frame().await.collect().await.unwrap()).unwrap();
        (sorted(&[expected]), sorted(&[concat_batches(&schema, &found).unwrap()]), is_folded)
    }

    #[tokio::test]
    async fn groups_are_those_of_the_engine() {
        for sql in [
            "SELECT r.arn, r.kind AS what, r.even, r.maybe, count(*) AS calls, min(r.time) AS first, max(r.time) AS last, min(r.id) AS id, max(r.id) AS other
             FROM r GROUP BY r.arn, r.kind, r.even, r.maybe",
            "SELECT max(r.number) AS most, count(*) AS calls, r.day AS day, r.number IS NULL AS none, r.time AS time, min(r.number) AS least
             FROM r WHERE r.number < 500 OR r.number IS NULL GROUP BY 3, 4, 5",
            "SELECT r.kind, r.kind IS NULL AS none FROM r GROUP BY r.kind, r.kind IS NULL",
            "SELECT r.arn, count(*) AS calls FROM r WHERE r.number < 0 GROUP BY r.arn",
        ] {
            let (expected, found, is_folded) = both(sql).await;
            assert!(is_folded, "{sql}");
            assert_eq!(found, expected, "{sql}");
        }
    }

    #[tokio::test]
    async fn more_groups_than_may_be_held_are_left_to_the_engine() {
        let context = SessionContext::new();
        let frame = context.sql(ROWS).await.unwrap();
        context.register_table("r", frame.into_view()).unwrap();
        let fold = || async { Fold::of(&context.sql("SELECT r.id, count(*) AS calls FROM r GROUP BY r.id").await.unwrap()).unwrap() };
        assert!(rows(fold().await, 20_000).await.unwrap().is_none());
        assert_eq!(rows(fold().await, BYTES_MAX).await.unwrap().unwrap().num_rows(), 9_999);
    }

    #[tokio::test]
    async fn what_asks_for_more_is_left_to_the_engine() {
        let many = (0..COLUMNS_MAX).map(|place| format!("r.id = 'e-{place}'")).collect::<Vec<_>>().join(", ");
        for sql in [
            "SELECT r.kind, count(DISTINCT r.arn) AS arns FROM r GROUP BY r.kind",
            "SELECT r.kind, count(*) FILTER (WHERE r.even) AS calls FROM r GROUP BY r.kind",
            "SELECT r.kind, count(r.number) AS numbers FROM r GROUP BY r.kind",
            "SELECT r.kind, sum(r.number) AS sum FROM r GROUP BY r.kind",
            "SELECT concat(r.kind, 'x') AS kind, count(*) AS calls FROM r GROUP BY r.kind",
            "SELECT r.kind, count(*) AS calls FROM r GROUP BY r.kind HAVING count(*) > 2000",
            "SELECT count(*) AS calls, min(r.id) AS id FROM r",
            "SELECT r.kind FROM r",
            &format!("SELECT count(*) AS calls FROM r GROUP BY {many}"),
        ] {
            let (expected, found, is_folded) = both(sql).await;
            assert!(!is_folded, "{sql}");
            assert_eq!(found, expected, "{sql}");
        }
    }
}
