//! Parquet files as a source of order lines: row groups, damage, and what a file may look like.

use ::parquet::basic::Compression;
use ::parquet::file::properties::WriterProperties;

use super::*;
use crate::columnar::parquet::written;

fn file(batches: &[RecordBatch], group: usize, compression: Compression) -> Vec<u8> {
    let properties =
        WriterProperties::builder().set_max_row_group_row_count(Some(group)).set_compression(compression);
    written(batches, properties)
}

#[test]
fn row_groups_make_the_log_of_columns_on_any_number_of_threads() {
    let (batches, schema, expected) = large();
    let schema = schema.build().unwrap();
    let file = file(&batches, 17_000, Compression::SNAPPY);
    for threads in [1, 2, 7] {
        let log = with_threads(threads, || TransactionLog::from_parquet_bytes(&file, &schema).unwrap());
        assert_equal(log, &expected);
    }
    let path = std::env::temp_dir().join(format!("kohort-lines-{}.parquet", std::process::id()));
    std::fs::write(&path, &file).unwrap();
    assert_equal(TransactionLog::from_parquet_path(&path, &schema).unwrap(), &expected);
    std::fs::remove_file(&path).unwrap();
    let gone = TransactionLog::from_parquet_path(&path, &schema);
    assert!(matches!(gone, Err(Error::Io { .. })), "{gone:?}");
}

/// A small file with text, numbers and nulls, and the schema that reads it.
fn small(compression: Compression) -> (Vec<u8>, Schema) {
    let words = ["long enough to be no short text", "another one of them", "b"];
    let who = (0..20).map(|row| (row % 7 != 3).then_some(words[row % 3])).collect::<StringArray>();
    let n = (0..20).map(|row| (row % 5 != 2).then_some(row)).collect::<Int64Array>();
    let cost = decimals((0..20).map(|row| (row % 4 != 1).then_some(row)).collect(), 2);
    let file = file(&[lines(20, &[("who", array(who)), ("n", array(n)), ("cost", cost)])], 13, compression);
    let schema = schema(rules()).quantity("n").unit_cost("cost").build().unwrap();
    (file, schema)
}

#[test]
fn a_file_cut_off_anywhere_is_an_error() {
    for compression in [Compression::UNCOMPRESSED, Compression::SNAPPY] {
        let (file, schema) = small(compression);
        assert!(TransactionLog::from_parquet_bytes(&file, &schema).is_ok());
        for length in 0..file.len() {
            let cut = TransactionLog::from_parquet_bytes(&file[..length], &schema);
            assert!(matches!(cut, Err(Error::File { .. })), "{length} of {} bytes: {cut:?}", file.len());
        }
    }
}

#[test]
fn a_damaged_file_is_an_error_or_another_log() {
    let (file, schema) = small(Compression::SNAPPY);
    assert!(TransactionLog::from_parquet_bytes(&file, &schema).is_ok());
    let (mut read, mut refused) = (0, 0);
    for place in 0..file.len() {
        let mut damaged = file.clone();
        damaged[place] ^= [0x01, 0x80, 0xff][place % 3];
        match TransactionLog::from_parquet_bytes(&damaged, &schema) {
            Ok(log) => {
                assert!(log.report().balances());
                read += 1;
            }
            Err(Error::File { .. } | Error::UnknownColumn { .. } | Error::ColumnType { .. }) => {
                refused += 1;
            }
            Err(other) => panic!("byte {place}: {other:?}"),
        }
    }
    assert!(read > 100 && refused > 100, "{read} read, {refused} refused");
}

#[test]
fn what_is_no_parquet_file_says_so() {
    let (file, schema) = small(Compression::UNCOMPRESSED);
    let problem = |bytes: &[u8]| match TransactionLog::from_parquet_bytes(bytes, &schema) {
        Err(Error::File { problem, .. }) => problem,
        other => panic!("{other:?}"),
    };
    assert!(problem(b"").contains("too short"));
    assert!(problem(b"customer,order,price\nada,1,2\n").contains("no Parquet file"));
    assert!(problem(&file[..file.len() - 1]).contains("cut off"));
    let mut encrypted = file.clone();
    encrypted.splice(file.len() - 4.., *b"PARE");
    assert!(problem(&encrypted).contains("encrypted"));
}

#[test]
fn columns_that_are_not_there_or_nested_are_named() {
    let (file, _) = small(Compression::UNCOMPRESSED);
    let unknown = TransactionLog::from_parquet_bytes(&file, &schema(rules()).quantity("m").build().unwrap());
    assert!(matches!(&unknown, Err(Error::UnknownColumn { column, .. }) if column == "m"), "{unknown:?}");
    let unknown =
        TransactionLog::from_parquet_bytes(&file, &schema(rules()).product("coost").build().unwrap());
    assert!(matches!(&unknown, Err(Error::UnknownColumn { nearest: Some(near), .. }) if near == "cost"));
    let nested = arrow_array::StructArray::from(vec![(
        Arc::new(arrow_schema::Field::new("inner", DataType::Int32, true)),
        array(Int32Array::from(vec![1])),
    )]);
    let file = super::files::file(
        &[lines(1, &[("nested", array(nested)), ("n", array(Int32Array::from(vec![1])))])],
        10,
        Compression::SNAPPY,
    );
    // What is nested stands in nobody's way, unless it is asked for.
    let log =
        TransactionLog::from_parquet_bytes(&file, &schema(rules()).quantity("n").build().unwrap()).unwrap();
    assert_eq!(log.len(), 1);
    let refused =
        TransactionLog::from_parquet_bytes(&file, &schema(rules()).quantity("nested").build().unwrap());
    assert!(matches!(&refused, Err(Error::ColumnType { column, .. }) if column == "nested"), "{refused:?}");
}

#[test]
fn a_file_without_rows_makes_an_empty_log() {
    let file = file(&[lines(0, &[])], 10, Compression::SNAPPY);
    assert!(TransactionLog::from_parquet_bytes(&file, &schema(rules()).build().unwrap()).unwrap().is_empty());
}
