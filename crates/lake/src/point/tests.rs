//! The rows that are found are those that a look at each row finds, whoever wrote the files.

use super::{Period, PointReader, period_schema};
use crate::parquet_file::{Encoded, encode};
use crate::schema::{Table, bucket};
use crate::table::{Lake, append, stage};
use arrow::array::{
    Array as _, ArrayRef, AsArray as _, BooleanArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray, new_null_array,
};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Date32Type, Int64Type, TimeUnit};
use bytes::Bytes;
use deltalake::kernel::Action;
use futures::TryStreamExt as _;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

const ROWS: i64 = 6_000;

/// Rows of which each column has some values, and some without one; `key` rises.
fn batch(table: Table, part: i64) -> RecordBatch {
    let schema = table.file_schema();
    let columns = schema.fields().iter().enumerate().map(|(column, field)| -> ArrayRef {
        let number = |row: i64| (row * 7 + part * 3 + column as i64) % 11;
        let there = |row: i64| number(row) > 0;
        match field.data_type() {
            DataType::Utf8 => Arc::new(
                (0..ROWS)
                    .map(|row| match field.name().as_str() {
                        "key" => Some(format!("key-{:05}", row / 4)),
                        "state" => Some(["read", "unreadable"][usize::from(number(row) == 3)].to_owned()),
                        "kind" => there(row).then(|| ["cloudtrail", crate::rows::LOOKED_UP][usize::from(number(row) == 4)].to_owned()),
                        "account_id" | "aws_region" => there(row).then(|| ["", "a", "b"][(number(row) % 3) as usize].to_owned()),
                        _ => there(row).then(|| format!("{}-{}", field.name(), number(row))),
                    })
                    .collect::<StringArray>(),
            ),
            DataType::Boolean => Arc::new((0..ROWS).map(|row| there(row).then(|| number(row) > 5)).collect::<BooleanArray>()),
            DataType::Int64 => Arc::new((0..ROWS).map(|row| Some(row + part * ROWS)).collect::<Int64Array>()),
            DataType::List(_) | DataType::Map(..) => new_null_array(field.data_type(), ROWS as usize),
            _ => Arc::new(
                (0..ROWS).map(|row| there(row).then_some(row * 1_000_000)).collect::<TimestampMicrosecondArray>().with_timezone("UTC"),
            ),
        }
    });
    let columns: Vec<ArrayRef> = columns.collect();
    RecordBatch::try_new(schema, columns).unwrap()
}

type Writer = fn(&RecordBatch) -> Encoded;

/// As our writers write events.
fn ours(batch: &RecordBatch) -> Encoded {
    encode(Table::Events, batch).unwrap()
}

/// As an engine writes it that knows nothing of this lake.
fn foreign(batch: &RecordBatch) -> Encoded {
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).set_offset_index_disabled(true).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    Encoded { bytes: Bytes::from(writer.into_inner().unwrap()), statistics: r#"{"numRecords":6000}"#.to_owned() }
}

/// The same with other types for the same values, and without a column.
fn strange(batch: &RecordBatch) -> Encoded {
    let kind = |kind: &DataType| match kind {
        DataType::Utf8 => DataType::LargeUtf8,
        DataType::Timestamp(TimeUnit::Microsecond, zone) => DataType::Timestamp(TimeUnit::Millisecond, zone.clone()),
        other => other.clone(),
    };
    let schema = batch.schema();
    let columns = schema.fields().iter().zip(batch.columns()).filter(|(field, _)| field.name() != "read_only");
    let columns = columns.map(|(field, column)| (field.name(), cast(column, &kind(field.data_type())).unwrap(), true));
    foreign(&RecordBatch::try_from_iter_with_nullable(columns).unwrap())
}

async fn reader(folder: &tempfile::TempDir, table: Table, partition: &str, is_foreign: bool) -> PointReader {
    reader_of(folder, table, partition, &|batch| if is_foreign { foreign(batch) } else { encode(table, batch).unwrap() }).await
}

async fn reader_of(folder: &tempfile::TempDir, table: Table, partition: &str, encoded: &dyn Fn(&RecordBatch) -> Encoded) -> PointReader {
    let lake = Lake::at(&folder.path().to_string_lossy(), HashMap::new()).unwrap();
    let mut open = lake.open_or_create(table).await.unwrap();
    for part in 0..2 {
        let encoded = encoded(&batch(table, part));
        let add = stage(open.object_store().as_ref(), table, partition, encoded, 1).await.unwrap();
        append(table, &mut open, vec![Action::Add(add)]).await.unwrap();
    }
    PointReader::open(&lake, table).await.unwrap()
}

/// Numbers of the rows, of all that were written, that pass a test.
fn expected(table: Table, number: &str, is_wanted: impl Fn(&RecordBatch, usize) -> bool) -> BTreeSet<i64> {
    let mut found = BTreeSet::new();
    for batch in (0..2).map(|part| batch(table, part)) {
        let numbers = batch.column_by_name(number).unwrap().as_primitive::<Int64Type>().clone();
        found.extend((0..batch.num_rows()).filter(|row| is_wanted(&batch, *row)).map(|row| numbers.value(row)));
    }
    found
}

fn numbers(batches: &[RecordBatch], number: &str) -> BTreeSet<i64> {
    let all: Vec<i64> =
        batches.iter().flat_map(|batch| batch.column_by_name(number).unwrap().as_primitive::<Int64Type>().values().to_vec()).collect();
    let found: BTreeSet<i64> = all.iter().copied().collect();
    assert_eq!(found.len(), all.len(), "each row once");
    found
}

fn text<'b>(batch: &'b RecordBatch, column: &str, row: usize) -> Option<&'b str> {
    let column = batch.column_by_name(column).unwrap().as_string::<i32>();
    column.is_valid(row).then(|| column.value(row))
}

#[tokio::test]
async fn mentions_are_found_by_key_and_time_whoever_wrote_them() {
    let key = "key-00400";
    let time = |batch: &RecordBatch, row: usize| {
        let times = batch.column_by_name("event_time").unwrap().as_primitive::<arrow::datatypes::TimestampMicrosecondType>().clone();
        times.is_valid(row).then(|| times.value(row))
    };
    let window = 0..1_602_000_000;
    let wanted = expected(Table::Mentions, "object_id", |batch, row| {
        text(batch, "key", row) == Some(key) && time(batch, row).is_some_and(|time| window.contains(&time))
    });
    assert!((2..8).contains(&wanted.len()), "{wanted:?}");
    for is_foreign in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let reader = reader(&folder, Table::Mentions, &bucket(key).to_string(), is_foreign).await;
        let found = reader.mentions_of(key, window.clone()).await.unwrap();
        assert_eq!(numbers(&found, "object_id"), wanted, "foreign: {is_foreign}");
        assert!(reader.mentions_of("key-00400x", i64::MIN..i64::MAX).await.unwrap().is_empty());
        let all = reader.mentions_of(key, i64::MIN..i64::MAX).await.unwrap();
        assert_eq!(all.iter().map(|batch| batch.num_columns()).max(), Some(Table::Mentions.file_schema().fields().len()));
        assert!(reader.delta().await.unwrap().version() == Some(reader.version()));
    }
}

#[tokio::test]
async fn objects_are_found_by_what_they_are_whoever_wrote_them() {
    let is_log = |batch: &RecordBatch, row| text(batch, "kind", row) != Some(crate::rows::LOOKED_UP);
    let fits = |held: Option<&str>, wanted| matches!(held, None | Some("")) || held == Some(wanted);
    let read = expected(Table::Objects, "object_id", |batch, row| {
        text(batch, "state", row) == Some("read") && is_log(batch, row) && batch.column_by_name("first_event_time").unwrap().is_valid(row)
    });
    let of_place = expected(Table::Objects, "object_id", |batch, row| {
        fits(text(batch, "account_id", row), "a") && fits(text(batch, "aws_region", row), "b") && is_log(batch, row)
    });
    let some: BTreeSet<i64> = [3, 5_999, 6_000, 11_999, 12_000].into();
    assert!(!read.is_empty() && !of_place.is_empty() && read.len() < 12_000 && of_place.len() < 12_000);
    for is_foreign in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let reader = reader(&folder, Table::Objects, "2026-11-18", is_foreign).await;
        assert_eq!(numbers(&reader.objects_read(&["object_id"]).await.unwrap(), "object_id"), read, "foreign: {is_foreign}");
        assert_eq!(numbers(&reader.objects_of("a", "b", &["object_id", "state"]).await.unwrap(), "object_id"), of_place);
        let numbered = numbers(&reader.objects_numbered(&some, &["object_id"]).await.unwrap(), "object_id");
        assert_eq!(numbered, some.iter().copied().filter(|number| *number < 12_000).collect());
        assert!(reader.objects_numbered(&BTreeSet::new(), &["object_id"]).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn events_of_a_period_are_those_of_its_days_whoever_wrote_them() {
    const SECOND: i64 = 1_000_000;
    let names = ["object_id", "event_name", "event_time", "request_parameters", "dt", "read_only", "role_chain"];
    let schema = period_schema();
    let columns = names.map(|name| schema.index_of(name).unwrap());
    let schema = Arc::new(schema.project(&columns).unwrap());
    let writers: [(&str, Writer); 3] = [("ours", ours), ("foreign", foreign), ("strange", strange)];
    for (writer, encoded) in writers {
        let folder = tempfile::tempdir().unwrap();
        let reader = Arc::new(reader_of(&folder, Table::Events, "1970-01-01", &encoded).await);
        let of = |since: i64, until: i64| {
            let period = Period { since: since * SECOND, until: until * SECOND };
            Arc::clone(&reader).events_of(period, Arc::clone(&schema)).try_collect::<Vec<_>>()
        };
        assert!(of(86_400, 90_000).await.unwrap().is_empty(), "of another day");
        assert!(of(-5, 0).await.unwrap().is_empty(), "of the day before");
        let found = of(1_000, 2_000).await.unwrap();
        assert!(found.iter().any(|batch| batch.column(1).as_any_dictionary().values().len() < 100));
        let found = concat_batches(&schema, &found).unwrap();
        assert_eq!(found.num_rows(), 2 * ROWS as usize);
        assert!(found.column(4).as_primitive::<Date32Type>().iter().all(|day| day == Some(0)));
        for batch in (0..2).map(|part| batch(Table::Events, part)) {
            // Files are read in any order.
            let first = batch.column_by_name("object_id").unwrap().as_primitive::<Int64Type>().value(0);
            let start = found.column(0).as_primitive::<Int64Type>().iter().position(|number| number == Some(first)).unwrap();
            for (name, column) in names.iter().zip(found.columns()).filter(|(name, _)| **name != "dt") {
                let written = batch.column_by_name(name).unwrap();
                let column = cast(&column.slice(start, ROWS as usize), written.data_type()).unwrap();
                if writer == "strange" && *name == "read_only" {
                    assert_eq!(column.null_count(), ROWS as usize);
                } else {
                    assert_eq!(&column, written, "{name}, {writer}");
                }
            }
        }
    }
}

#[tokio::test]
async fn events_are_found_by_name_whoever_wrote_them() {
    let names: BTreeSet<String> = ["event_name-3", "event_name-7", "event_name"].map(str::to_owned).into();
    let called = expected(Table::Events, "object_id", |batch, row| text(batch, "event_name", row).is_some_and(|name| names.contains(name)));
    assert!(!called.is_empty() && called.len() < 2 * ROWS as usize);
    let writers: [(&str, Writer); 3] = [("ours", ours), ("foreign", foreign), ("strange", strange)];
    for (writer, encoded) in writers {
        let folder = tempfile::tempdir().unwrap();
        let reader = reader_of(&folder, Table::Events, "1970-01-02", &encoded).await;
        let found = reader.events_called(|day| day == 1, &names, &["object_id", "event_name", "request_parameters"]).await.unwrap();
        assert_eq!(numbers(&found, "object_id"), called, "{writer}");
        for (batch, row) in found.iter().flat_map(|batch| (0..batch.num_rows()).map(move |row| (batch, row))) {
            assert!(text(batch, "event_name", row).is_some_and(|name| names.contains(name)));
        }
        assert!(reader.events_called(|day| day != 1, &names, &["object_id"]).await.unwrap().is_empty());
        assert!(reader.events_called(|_| true, &BTreeSet::new(), &["object_id"]).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_file_that_was_cut_is_an_error_and_no_fewer_rows() {
    let folder = tempfile::tempdir().unwrap();
    let reader = reader(&folder, Table::Objects, "2026-11-18", false).await;
    let data = folder.path().join("objects/dt=2026-11-18");
    for file in std::fs::read_dir(data).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        // Its footer is whole; the pages before it are not.
        let mut spoilt = vec![0xff; bytes.len()];
        let whole = bytes.len() - 40_000;
        spoilt[whole..].copy_from_slice(&bytes[whole..]);
        std::fs::write(path, spoilt).unwrap();
    }
    assert!(reader.objects_read(&["object_id"]).await.is_err());
}

#[tokio::test]
async fn a_flipped_bit_is_an_error_and_no_other_value() {
    let folder = tempfile::tempdir().unwrap();
    let intact = reader(&folder, Table::Objects, "2026-11-18", false).await;
    let ids = numbers(&intact.objects_read(&["object_id"]).await.unwrap(), "object_id");
    let data = folder.path().join("objects/dt=2026-11-18");
    let path = std::fs::read_dir(data).unwrap().next().unwrap().unwrap().path();
    let bytes = std::fs::read(&path).unwrap();
    let lake = Lake::at(&folder.path().to_string_lossy(), HashMap::new()).unwrap();
    let mut noticed = 0;
    // A page's header is looked at by nobody but the reader that it misleads; most bytes are those of pages.
    for place in (4..bytes.len()).step_by(997) {
        let mut spoilt = bytes.clone();
        spoilt[place] ^= 0x10;
        std::fs::write(&path, spoilt).unwrap();
        let Ok(reader) = PointReader::open(&lake, Table::Objects).await else { continue };
        match reader.objects_read(&["object_id"]).await {
            Ok(found) => assert!(numbers(&found, "object_id").is_subset(&ids), "byte {place}"),
            Err(_) => noticed += 1,
        }
    }
    assert!(noticed > 0);
}
