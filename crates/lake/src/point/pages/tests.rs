//! What is read here is what the `parquet` crate reads.

use super::column::{Chunk, map};
use super::{Broken, Result, offset_index};
use arrow::array::{
    ArrayRef, BooleanArray, Int64Array, ListArray, MapBuilder, MapFieldNames, RecordBatch, StringArray, StringBuilder,
    TimestampMicrosecondArray,
};
use arrow::compute::take_record_batch;
use arrow::datatypes::{DataType, Field, Schema, UInt32Type};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use parquet::file::properties::{WriterProperties, WriterPropertiesBuilder, WriterVersion};
use parquet::schema::types::ColumnPath;
use std::sync::Arc;

const ROWS: usize = 3_000;

/// Numbers that look random and are the same each time.
fn noise(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed;
    move |below| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    }
}

fn schema() -> Arc<Schema> {
    let list = crate::schema::text_list("list");
    let tags = crate::schema::tag_map("tags");
    Arc::new(Schema::new(vec![
        Field::new("few", DataType::Utf8, true),
        Field::new("many", DataType::Utf8, true),
        Field::new("rising", DataType::Utf8, true),
        Field::new("none", DataType::Utf8, true),
        Field::new("all", DataType::Utf8, true),
        Field::new("number", DataType::Int64, true),
        crate::schema::time("time"),
        Field::new("flag", DataType::Boolean, true),
        list,
        tags,
    ]))
}

fn batch(seed: u64) -> RecordBatch {
    let mut random = noise(seed);
    let mut texts = |nulls: u64, kinds: u64| -> StringArray {
        (0..ROWS).map(|_| (random(100) >= nulls).then(|| "é".repeat(random(4) as usize) + &random(kinds).to_string())).collect()
    };
    let (few, many, all) = (texts(10, 7), texts(30, 1 << 30), texts(0, 50));
    let mut rising: Vec<Option<String>> = texts(20, 5_000).iter().map(|text| text.map(str::to_owned)).collect();
    rising.sort();
    let numbers: Int64Array = (0..ROWS).map(|_| (random(10) > 0).then(|| random(1 << 40) as i64 - (1 << 39))).collect();
    let times: Vec<Option<i64>> =
        (0..ROWS as i64).map(|row| (row % 17 > 0).then(|| 1_790_000_000_000_000 + row * 1_000 + random(9) as i64)).collect();
    let flags: BooleanArray = (0..ROWS).map(|_| (random(5) > 0).then(|| random(2) == 1)).collect();
    let lists: Vec<Option<Vec<Option<String>>>> = (0..ROWS)
        .map(|_| (random(4) > 0).then(|| (0..random(4)).map(|_| (random(5) > 0).then(|| random(40).to_string())).collect()))
        .collect();
    let mut items = arrow::array::ListBuilder::new(StringBuilder::new()).with_field(Field::new("element", DataType::Utf8, true));
    for list in &lists {
        match list {
            Some(list) => items.append_value(list.clone()),
            None => items.append_null(),
        }
    }
    let lists: ListArray = items.finish();
    let names = MapFieldNames { entry: "key_value".into(), key: "key".into(), value: "value".into() };
    let mut tags = MapBuilder::new(Some(names), StringBuilder::new(), StringBuilder::new());
    for _ in 0..ROWS {
        let there = random(3) > 0;
        for number in 0..if there { random(3) } else { 0 } {
            tags.keys().append_value(format!("k{number}"));
            tags.values().append_option((random(4) > 0).then(|| random(9).to_string()));
        }
        tags.append(there).unwrap();
    }
    let columns: Vec<ArrayRef> = vec![
        Arc::new(few),
        Arc::new(many),
        Arc::new(StringArray::from(rising)),
        Arc::new(StringArray::new_null(ROWS)),
        Arc::new(all),
        Arc::new(numbers),
        Arc::new(TimestampMicrosecondArray::from(times).with_timezone("UTC")),
        Arc::new(flags),
        Arc::new(lists),
        Arc::new(tags.finish()),
    ];
    RecordBatch::try_new(schema(), columns).unwrap()
}

fn written(batch: &RecordBatch, properties: WriterPropertiesBuilder) -> (Bytes, ParquetMetaData) {
    let properties =
        properties.set_max_row_group_row_count(Some(2_000)).set_data_page_row_count_limit(300).set_write_batch_size(100).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    let bytes = Bytes::from(writer.into_inner().unwrap());
    let metadata = ParquetMetaDataReader::new().parse_and_finish(&bytes).unwrap();
    (bytes, metadata)
}

/// Rows of a row group as they are read here.
fn read(bytes: &Bytes, metadata: &ParquetMetaData, group: usize, rows: &[u32]) -> Result<RecordBatch> {
    let held = metadata.row_group(group);
    let fetched = |range: std::ops::Range<u64>| Some(bytes.slice(range.start as usize..range.end as usize));
    let pages: Vec<_> = held
        .columns()
        .iter()
        .map(|chunk| {
            let (start, length) = (chunk.offset_index_offset().unwrap() as usize, chunk.offset_index_length().unwrap() as usize);
            offset_index(&bytes[start..start + length]).unwrap()
        })
        .collect();
    let chunks: Vec<Chunk<'_>> =
        held.columns().iter().zip(&pages).map(|(chunk, pages)| Chunk::new(chunk, pages, held.num_rows() as u32)).collect();
    let schema = schema();
    let mut columns = Vec::new();
    for (index, field) in schema.fields().iter().enumerate() {
        // Of the ten columns the last has two leaves.
        columns.push(match field.data_type() {
            DataType::Map(..) => map([&chunks[index], &chunks[index + 1]], &fetched, field, rows)?,
            _ => chunks[index].column(&fetched, field, rows)?,
        });
    }
    Ok(RecordBatch::try_new(schema, columns).unwrap())
}

#[track_caller]
fn check(name: &str, properties: WriterPropertiesBuilder) {
    for seed in 1..4 {
        let batch = batch(seed);
        let (bytes, metadata) = written(&batch, properties.clone());
        let mut random = noise(seed);
        for group in 0..metadata.num_row_groups() {
            let expected = ParquetRecordBatchReaderBuilder::try_new(bytes.clone()).unwrap();
            let expected = expected.with_row_groups(vec![group]).with_batch_size(ROWS).build().unwrap().next().unwrap().unwrap();
            let count = metadata.row_group(group).num_rows() as u32;
            for step in [1, 3, 40, 700, 5_000] {
                let rows: Vec<u32> = (0..count).filter(|_| random(step) == 0).collect();
                let read = read(&bytes, &metadata, group, &rows).unwrap();
                let taken = take_record_batch(&expected, &arrow::array::PrimitiveArray::<UInt32Type>::from(rows)).unwrap();
                for (index, field) in taken.schema().fields().iter().enumerate() {
                    assert_eq!(
                        read.column(index).as_ref(),
                        taken.column(index).as_ref(),
                        "{name}: {} of seed {seed}, step {step}",
                        field.name()
                    );
                }
            }
        }
    }
}

fn zstd() -> WriterPropertiesBuilder {
    WriterProperties::builder().set_compression(Compression::ZSTD(ZstdLevel::try_new(1).unwrap()))
}

fn column(name: &str) -> ColumnPath {
    ColumnPath::from(name)
}

#[test]
fn files_of_our_writers_are_read_as_by_the_library() {
    check("dictionaries", zstd());
    check("lz4", WriterProperties::builder().set_compression(Compression::LZ4_RAW));
    check("no dictionaries", zstd().set_dictionary_enabled(false));
    check("short dictionaries", zstd().set_dictionary_page_size_limit(64));
    let deltas = ["rising", "many", "none"].into_iter().fold(zstd(), |properties, name| {
        properties.set_column_dictionary_enabled(column(name), false).set_column_encoding(column(name), Encoding::DELTA_BYTE_ARRAY)
    });
    let deltas = ["number", "time"].into_iter().fold(deltas, |properties, name| {
        properties.set_column_dictionary_enabled(column(name), false).set_column_encoding(column(name), Encoding::DELTA_BINARY_PACKED)
    });
    check("differences", deltas);
}

#[test]
fn files_of_others_are_read_as_by_the_library() {
    check("not compressed", WriterProperties::builder().set_compression(Compression::UNCOMPRESSED));
    check("version 2", zstd().set_writer_version(WriterVersion::PARQUET_2_0));
    check("version 2 without dictionaries", zstd().set_writer_version(WriterVersion::PARQUET_2_0).set_dictionary_enabled(false));
    let lengths = zstd().set_dictionary_enabled(false);
    check(
        "lengths",
        ["few", "many"]
            .into_iter()
            .fold(lengths, |properties, name| properties.set_column_encoding(column(name), Encoding::DELTA_LENGTH_BYTE_ARRAY)),
    );
}

#[test]
fn what_is_not_read_here_says_so() {
    let batch = batch(1);
    let properties =
        WriterProperties::builder().set_dictionary_enabled(false).set_column_encoding(column("number"), Encoding::BYTE_STREAM_SPLIT);
    let (bytes, metadata) = written(&batch, properties);
    assert!(matches!(read(&bytes, &metadata, 0, &[1, 2]), Err(Broken::Unknown(_))));
}

#[test]
fn spoilt_bytes_are_an_error_and_no_panic() {
    let batch = batch(5);
    for properties in
        [WriterProperties::builder(), zstd().set_dictionary_enabled(false).set_column_encoding(column("many"), Encoding::DELTA_BYTE_ARRAY)]
    {
        let (bytes, metadata) = written(&batch, properties);
        let end = metadata
            .row_groups()
            .iter()
            .flat_map(|group| group.columns())
            .map(|chunk| chunk.byte_range())
            .map(|(start, length)| start + length)
            .max();
        let mut random = noise(9);
        let rows: Vec<u32> = (0..1_000).filter(|row| row % 5 == 0).collect();
        for _ in 0..400 {
            let mut spoilt = bytes.to_vec();
            for _ in 0..=random(4) {
                let at = random(end.unwrap()) as usize;
                spoilt[at] = random(256) as u8;
            }
            // What a byte of text says may be anything; what it must not do is end the process.
            drop(read(&Bytes::from(spoilt), &metadata, 0, &rows));
        }
    }
}
