//! What is written is what the Parquet library reads, and what the indexes say of it is true.

use super::{Encoder, ROW_GROUP_ROWS, above, cut, delta, encode, hybrid, stored};
use crate::schema::Table;
use arrow::array::{
    Array, ArrayRef, AsArray as _, BooleanArray, DictionaryArray, Int64Array, ListArray, MapArray, RecordBatch, StringArray, StructArray,
    TimestampMicrosecondArray, UInt32Array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::{concat_batches, take};
use arrow::datatypes::{DataType, TimestampMicrosecondType};
use bytes::Bytes;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection, RowSelector};
use parquet::file::metadata::PageIndexPolicy;
use parquet::file::page_index::column_index::ColumnIndexMetaData;
use std::sync::Arc;

/// Numbers by chance, the same for the same seed (xorshift).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// How often a value is missing: never, always, now and then, in long runs.
    fn nulls(&mut self, rows: usize) -> Option<NullBuffer> {
        let kind = self.below(4);
        (kind > 0).then(|| {
            (0..rows)
                .map(|row| match kind {
                    1 => false,
                    2 => self.below(3) > 0,
                    _ => row / 100 % 2 == 0,
                })
                .collect()
        })
    }

    fn text(&mut self, kinds: u64) -> String {
        let number = self.below(kinds);
        match self.below(20) {
            0 => String::new(),
            1 => format!("{}{number}", "ä".repeat(50)),
            _ => format!("arn:aws:s3:::bucket-{}/key/{number}", number % 7),
        }
    }

    fn column(&mut self, of: &DataType, rows: usize, nullable: bool) -> ArrayRef {
        let nulls = if nullable { self.nulls(rows) } else { None };
        let kinds = [1, 5, 1_000, u64::MAX][self.below(4) as usize];
        match of {
            DataType::Utf8 => {
                let texts: Vec<String> = (0..rows).map(|_| self.text(kinds)).collect();
                let is_there = |row: usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
                Arc::new(texts.iter().enumerate().map(|(row, text)| is_there(row).then_some(text)).collect::<StringArray>())
            }
            DataType::Int64 => Arc::new(Int64Array::new((0..rows).map(|_| self.below(kinds).cast_signed()).collect(), nulls)),
            DataType::Timestamp(..) => {
                let times: Vec<i64> = (0..rows).map(|row| row as i64 * 1_000_000 + self.below(kinds).cast_signed() % 5_000_000).collect();
                Arc::new(TimestampMicrosecondArray::new(times.into(), nulls).with_timezone("UTC"))
            }
            DataType::Boolean => Arc::new(BooleanArray::new((0..rows).map(|_| self.below(2) == 0).collect(), nulls)),
            DataType::List(field) => {
                let lengths: Vec<usize> = (0..rows).map(|_| self.below(4) as usize).collect();
                let values = self.column(field.data_type(), lengths.iter().sum(), field.is_nullable());
                Arc::new(ListArray::new(Arc::clone(field), OffsetBuffer::from_lengths(lengths), values, nulls))
            }
            DataType::Struct(fields) => {
                let columns = fields.iter().map(|field| self.column(field.data_type(), rows, field.is_nullable())).collect();
                Arc::new(StructArray::new(fields.clone(), columns, None))
            }
            DataType::Map(field, _) => {
                let lengths: Vec<usize> = (0..rows).map(|_| self.below(3) as usize).collect();
                let entries = self.column(field.data_type(), lengths.iter().sum(), false);
                let entries = entries.as_struct().clone();
                Arc::new(MapArray::new(Arc::clone(field), OffsetBuffer::from_lengths(lengths), entries, nulls, false))
            }
            other => panic!("no column of {other}"),
        }
    }

    fn batch(&mut self, table: Table, rows: usize) -> RecordBatch {
        let schema = table.file_schema();
        let columns = schema.fields().iter().map(|field| self.column(field.data_type(), rows, true)).collect();
        RecordBatch::try_new(schema, columns).unwrap()
    }
}

fn read(bytes: &Bytes, selection: Option<RowSelection>) -> RecordBatch {
    let mut builder = ParquetRecordBatchReaderBuilder::try_new_with_options(bytes.clone(), indexed()).unwrap();
    if let Some(selection) = selection {
        builder = builder.with_row_selection(selection);
    }
    let schema = Arc::clone(builder.schema());
    let batches: Vec<RecordBatch> = builder.with_batch_size(777).build().unwrap().map(Result::unwrap).collect();
    concat_batches(&schema, &batches).unwrap()
}

fn indexed() -> ArrowReaderOptions {
    ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Required)
}

#[test]
fn rows_come_back_as_they_were_written() {
    let mut chance = Chance(7);
    for table in [Table::Events, Table::Mentions, Table::Causes, Table::Credentials, Table::Objects, Table::Directory] {
        for rows in [1, 7, 8, 9, 127, 513, 3_000] {
            let batch = chance.batch(table, rows);
            let encoded = encode(table, &batch).unwrap();
            let back = read(&encoded.bytes, None);
            assert_eq!(back.schema().fields(), batch.schema().fields());
            for (field, (held, made)) in batch.schema().fields().iter().zip(batch.columns().iter().zip(back.columns())) {
                assert_eq!(held, made, "{}.{}", table.name(), field.name());
            }
        }
    }
}

#[test]
fn rows_of_some_pages_come_back_alone() {
    let mut chance = Chance(11);
    let batch = chance.batch(Table::Events, 5_000);
    let encoded = encode(Table::Events, &batch).unwrap();
    let selection = vec![RowSelector::skip(1_023), RowSelector::select(3), RowSelector::skip(2_000), RowSelector::select(700)];
    let back = read(&encoded.bytes, Some(selection.into()));
    assert_eq!(back, concat_batches(&batch.schema(), [&batch.slice(1_023, 3), &batch.slice(3_026, 700)]).unwrap());
}

/// Numbers that point to values, lists too, are written as the values.
#[test]
fn numbers_are_written_as_what_they_point_to() {
    let mut chance = Chance(3);
    let schema = Table::Events.file_schema();
    let (values, rows) = (chance.batch(Table::Events, 40), 2_000);
    let numbers: UInt32Array = (0..rows).map(|_| (chance.below(9) > 0).then(|| chance.below(40) as u32)).collect();
    struct Pointing(RecordBatch, UInt32Array);
    impl crate::columns::Columns for Pointing {
        fn rows(&self) -> usize {
            self.1.len()
        }
        fn column(&self, index: usize, rows: std::ops::Range<usize>) -> Result<ArrayRef, arrow::error::ArrowError> {
            let (values, numbers) = (self.0.column(index), self.1.slice(rows.start, rows.len()));
            if *values.data_type() == DataType::Boolean {
                return take(values, &numbers, None);
            }
            Ok(Arc::new(DictionaryArray::try_new(numbers, Arc::clone(values))?))
        }
    }
    let plain: Vec<ArrayRef> = values.columns().iter().map(|values| take(values, &numbers, None).unwrap()).collect();
    let encoded = encode(Table::Events, &Pointing(values, numbers)).unwrap();
    assert_eq!(read(&encoded.bytes, None), RecordBatch::try_new(schema, plain).unwrap());
}

#[test]
fn indexes_bound_their_pages_and_filters_know_their_values() {
    let mut chance = Chance(5);
    let batch = chance.batch(Table::Credentials, 4_000);
    let encoded = encode(Table::Credentials, &batch).unwrap();
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(encoded.bytes.clone(), indexed()).unwrap();
    let metadata = Arc::clone(builder.metadata());
    for column in Table::Credentials.sorted_columns() {
        let place = metadata.file_metadata().schema_descr().columns().iter().position(|held| held.path().string() == *column).unwrap();
        let index = &metadata.column_index().unwrap()[0][place];
        let pages = metadata.offset_index().unwrap()[0][place].page_locations();
        let values = batch.column_by_name(column).unwrap();
        for (number, page) in pages.iter().enumerate() {
            let start = page.first_row_index as usize;
            let end = pages.get(number + 1).map_or(batch.num_rows(), |page| page.first_row_index as usize);
            let held = values.slice(start, end - start);
            match index {
                ColumnIndexMetaData::BYTE_ARRAY(index) => {
                    for text in held.as_string::<i32>().iter().flatten() {
                        assert!(index.min_value(number).unwrap() <= text.as_bytes() && text.as_bytes() <= index.max_value(number).unwrap());
                    }
                }
                ColumnIndexMetaData::INT64(index) => {
                    for time in held.as_primitive::<TimestampMicrosecondType>().iter().flatten() {
                        assert!(*index.min_value(number).unwrap() <= time && time <= *index.max_value(number).unwrap());
                    }
                }
                other => panic!("{column}: {other:?}"),
            }
        }
    }
    for column in Table::Credentials.bloom_columns() {
        let place = metadata.file_metadata().schema_descr().columns().iter().position(|held| held.path().string() == *column).unwrap();
        let chunk = metadata.row_group(0).column(place);
        let filter = parquet::bloom_filter::Sbbf::read_from_column_chunk(chunk, &encoded.bytes).unwrap().unwrap();
        assert!(batch.column_by_name(column).unwrap().as_string::<i32>().iter().flatten().all(|text| filter.check(text)));
    }
}

#[test]
fn version_is_written_in_last() {
    let mut chance = Chance(9);
    let batch = chance.batch(Table::Events, 700);
    let mut encoder = Encoder::new(Table::Events).unwrap();
    let mut group = encoder.group(&batch, 0..700).unwrap();
    encoder.stamp(&mut group, 42).unwrap();
    let back = read(&encoder.file(&[group.clone(), group]).unwrap().bytes, None);
    assert_eq!(back.num_rows(), 1_400);
    let versions = crate::parquet_file::number_column(Table::Events, &back, "resolved_version").unwrap();
    assert!(versions.iter().all(|version| version == Some(42)));
    assert_eq!(back.column_by_name("record"), concat_batches(&batch.schema(), [&batch, &batch]).unwrap().column_by_name("record"));
}

/// Whatever bit of a page a disk forgets, no value comes back as another one.
#[test]
fn flipped_bits_of_pages_are_noticed() {
    let mut chance = Chance(13);
    for table in [Table::Credentials, Table::Mentions] {
        let encoded = encode(table, &chance.batch(table, 300)).unwrap();
        let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(encoded.bytes.clone(), indexed()).unwrap();
        let metadata = Arc::clone(builder.metadata());
        for (place, column) in metadata.row_group(0).columns().iter().enumerate() {
            let pages = metadata.offset_index().unwrap()[0][place].page_locations();
            let page = &pages[chance.below(pages.len() as u64) as usize];
            // The last byte of a page is one of its body.
            let (end, length) = ((page.offset + i64::from(page.compressed_page_size)) as u64, column.byte_range().1);
            assert!(length > 0);
            let mut bytes = encoded.bytes.to_vec();
            bytes[(end - 1) as usize] ^= 1 << chance.below(8);
            let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes)).unwrap().build().unwrap();
            let read = reader.collect::<Result<Vec<_>, _>>();
            assert!(read.unwrap_err().to_string().contains("CRC"), "{}.{}", table.name(), column.column_path());
        }
    }
}

#[test]
fn large_file_has_several_row_groups() {
    let rows = ROW_GROUP_ROWS + 10;
    let schema = Table::Runs.file_schema();
    let numbers: ArrayRef = Arc::new((0..rows).map(|row| Some(row.to_string())).collect::<StringArray>());
    let columns = schema.fields().iter().map(|field| match field.data_type() {
        DataType::Utf8 => Arc::clone(&numbers),
        other => arrow::array::new_null_array(other, rows),
    });
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns.collect()).unwrap();
    let encoded = encode(Table::Runs, &batch).unwrap();
    let metadata = ParquetRecordBatchReaderBuilder::try_new(encoded.bytes.clone()).unwrap();
    assert_eq!(metadata.metadata().num_row_groups(), 2);
    assert_eq!(read(&encoded.bytes, None), batch);
}

#[test]
fn packed_numbers_are_as_the_format_has_them() {
    let bytes = |put: &dyn Fn(&mut Vec<u8>)| {
        let mut out = Vec::new();
        put(&mut out);
        out
    };
    // The format's own example: 0 to 7 in three bits each.
    assert_eq!(bytes(&|out| hybrid::hybrid(&[0_u32, 1, 2, 3, 4, 5, 6, 7], 3, out)), [0x03, 0x88, 0xC6, 0xFA]);
    assert_eq!(bytes(&|out| hybrid::hybrid(&[4_u32; 100], 3, out)), [0xC8, 0x01, 0x04]);
    // One of another kind before a run takes seven of it into its group.
    let mut mixed = vec![1_u8];
    mixed.extend([0; 20]);
    assert_eq!(bytes(&|out| hybrid::hybrid(&mixed, 1, out)), [0x03, 0x01, 26, 0]);
    assert_eq!(bytes(&|out| delta::numbers(&[1, 2, 3, 4, 5], out)), [0x80, 0x01, 4, 5, 2, 2, 0, 0, 0, 0]);
}

#[test]
fn stored_frames_are_read_by_zstd() {
    for length in [0, 1, 48, 4_096, (128 << 10) - 1, 128 << 10, (128 << 10) + 1, 400_000] {
        let body: Vec<u8> = (0..length).map(|place| (place % 251) as u8).collect();
        let mut frame = Vec::new();
        stored(&body, &mut frame);
        assert_eq!(zstd::bulk::decompress(&frame, length.max(1)).unwrap(), body);
    }
}

#[test]
fn statistics_are_cut_at_letters_and_stay_bounds() {
    let long = format!("{}ää", "x".repeat(63));
    assert_eq!(cut(&long), "x".repeat(63));
    assert_eq!(above(&long), format!("{}y", "x".repeat(62)));
    assert_eq!((cut("short"), above("short")), ("short", "short".to_owned()));
    let last = char::MAX.to_string().repeat(20);
    assert!(above(&last) >= last);
}
