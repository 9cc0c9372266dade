//! Batches and Parquet files of profiles make the table and the report that the same rows make as CSV.

use std::sync::Arc;

use arrow_array::types::Int8Type;
use arrow_array::{
    Array, ArrayRef, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Float32Array, Float64Array,
    Int64Array, LargeStringArray, RecordBatch, StringArray, StringViewArray, TimestampMillisecondArray,
    UInt32Array,
};
use kohort::profiles::{
    DuplicateIds, FieldType, ProfileField, ProfileKind, ProfileReport, ProfileSchema, ProfileSchemaBuilder,
    SpecialCategory,
};
use kohort::transaction::{RejectReason, Strictness};
use kohort::{Error, IdKind, ProfileTable, TimeFormat, Zone};
use proptest::prelude::*;

/// Customer, age, income, when asked, newsletter, region, religion, how much linen is liked.
type Row = [&'static str; 8];

const COLUMNS: [&str; 8] = ["who", "Age", "income", "asked", "mail", "region", "faith", "linen"];

fn row() -> impl Strategy<Value = Row> {
    use prop::sample::select;
    (
        select(vec!["7", "12", "0007", "", "ada", "-3", "4000000000"]),
        select(vec!["61", "-1", "", "99", "27"]),
        select(vec!["52000", "1999.99", "0.1", "-0.5", ""]),
        select(vec!["2024-03-01", "2024-05-12", "1969-12-31", ""]),
        select(vec!["true", "false", ""]),
        select(vec!["Bonn", " Ulm ", "", "NA", "unknown"]),
        select(vec!["3", "17", ""]),
        select(vec!["1", "4.5", "9", ""]),
    )
        .prop_map(|(who, age, income, asked, mail, region, faith, linen)| {
            [who, age, income, asked, mail, region, faith, linen]
        })
}

fn builder(ids: IdKind) -> ProfileSchemaBuilder {
    use ProfileKind::{Attitude, Consent, Demographic, Geographic};
    ProfileSchema::builder("who")
        .customer_ids(ids)
        .zone(Zone::named("Europe/Berlin").unwrap())
        .missing_texts(["NA", "unknown", "99"])
        .allow_special(SpecialCategory::Belief, "explicit consent, Art. 9(2)(a) GDPR")
        .field(ProfileField::new("age", Demographic, FieldType::Whole).column("Age"))
        .field(ProfileField::new("income", Demographic, FieldType::Number).purpose("planning"))
        .field(ProfileField::new("asked", Attitude, FieldType::Date))
        .field(ProfileField::new("newsletter", Consent, FieldType::Flag).column("mail"))
        .field(ProfileField::new("region", Geographic, FieldType::Category))
        .field(ProfileField::new("religion", Demographic, FieldType::Category).column("faith"))
        .field(ProfileField::new("linen", Attitude, FieldType::Score { lowest: 1.0, highest: 5.0 }))
}

fn latest(ids: IdKind) -> ProfileSchema {
    builder(ids).duplicates(DuplicateIds::Latest("asked".into())).build().unwrap()
}

fn csv(rows: &[Row], schema: &ProfileSchema) -> kohort::Result<ProfileTable> {
    let mut file = COLUMNS.join(",") + "\n";
    for row in rows {
        file += &(row.join(",") + "\n");
    }
    ProfileTable::from_csv_reader(file.as_bytes(), schema)
}

fn texts<'a>(texts: impl Iterator<Item = Option<&'a str>>, choice: u8) -> ArrayRef {
    match choice % 4 {
        0 => Arc::new(texts.collect::<StringArray>()),
        1 => Arc::new(texts.collect::<StringViewArray>()),
        2 => Arc::new(texts.collect::<LargeStringArray>()),
        _ => Arc::new(texts.collect::<DictionaryArray<Int8Type>>()),
    }
}

/// The instant of a day in Berlin, in microseconds UTC.
fn instant(day: &str) -> i64 {
    TimeFormat::Iso.parse(day, &Zone::named("Europe/Berlin").unwrap()).unwrap()
}

/// One column of some rows in a type of choice that can hold them.
fn array(rows: &[Row], column: usize, choice: u8) -> ArrayRef {
    let values = || rows.iter().map(|row| Some(row[column]).filter(|text| !text.is_empty()));
    let float = |text: Option<&str>| text.map(|text| text.parse::<f64>().unwrap());
    let plain = || rows.iter().all(|row| row[column].is_empty() || row[column].parse::<u32>().is_ok());
    match (column, choice % 8) {
        (0, 0) if plain() && rows.iter().all(|row| row[0] != "0007") => {
            Arc::new(values().map(|id| id.map(|id| id.parse().unwrap())).collect::<UInt32Array>())
        }
        (1 | 6, 0) => {
            Arc::new(values().map(|age| age.map(|age| age.parse().unwrap())).collect::<Int64Array>())
        }
        (2 | 7, 0) => Arc::new(values().map(float).collect::<Float64Array>()),
        (7, 1) => {
            Arc::new(values().map(|mark| float(mark).map(|mark| mark as f32)).collect::<Float32Array>())
        }
        (2 | 7, 2) => {
            let cents = values().map(|number| float(number).map(|number| (number * 100.0).round() as i128));
            Arc::new(cents.collect::<Decimal128Array>().with_precision_and_scale(12, 2).unwrap())
        }
        (3, 0) => {
            let day = |day: &str| instant(day).div_euclid(3_600_000_000).div_euclid(24) as i32 + 1;
            Arc::new(values().map(|text| text.map(day)).collect::<Date32Array>())
        }
        (3, 1) => {
            let millis = values().map(|text| text.map(|day| instant(day) / 1_000));
            Arc::new(millis.collect::<TimestampMillisecondArray>().with_timezone("UTC"))
        }
        (4, 0) => Arc::new(values().map(|flag| flag.map(|flag| flag == "true")).collect::<BooleanArray>()),
        (4, 1) => {
            let bits = values().map(|flag| flag.map(|flag| f64::from(u8::from(flag == "true"))));
            Arc::new(bits.collect::<Float64Array>())
        }
        // A blank text and a null are the same.
        (_, 4) => Arc::new(rows.iter().map(|row| Some(row[column])).collect::<StringArray>()),
        _ => texts(values(), choice),
    }
}

fn batch(rows: &[Row], types: [u8; 8]) -> RecordBatch {
    let columns = COLUMNS.iter().enumerate();
    let columns = columns.map(|(column, name)| (*name, array(rows, column, types[column]), true));
    RecordBatch::try_from_iter_with_nullable(columns).unwrap()
}

/// The report of a file that begins with a header, as of rows without one.
fn without_header(report: &ProfileReport) -> ProfileReport {
    let mut report = report.clone();
    let fields = report.fields.iter_mut().map(|field| &mut field.unreadable);
    for instances in report.rejected.values_mut().chain(fields) {
        instances.first_rows.iter_mut().for_each(|row| *row -= 1);
    }
    report
}

proptest! {
    #[test]
    fn batches_make_the_table_of_a_csv_file(
        rows in prop::collection::vec(row(), 0..30),
        types in any::<[u8; 8]>(),
        size in 1_usize..9,
        number in any::<bool>(),
    ) {
        let ids = if number { IdKind::Number } else { IdKind::Text };
        let expected = csv(&rows, &latest(ids)).unwrap();
        let whole = batch(&rows, types);
        // Batches of their own, whose columns need not have one type, and parts of one batch.
        let own = rows.chunks(size).enumerate().map(|(n, rows)| batch(rows, types.map(|t| t.wrapping_add(n as u8))));
        let cut = (0..rows.len()).step_by(size).map(|start| whole.slice(start, size.min(rows.len() - start)));
        let tables = [
            ProfileTable::from_record_batches([whole.clone()], &latest(ids)).unwrap(),
            ProfileTable::from_record_batches(own, &latest(ids)).unwrap(),
            ProfileTable::from_record_batches(cut, &latest(ids)).unwrap(),
        ];
        for table in tables {
            prop_assert_eq!(table.report(), &without_header(expected.report()));
            prop_assert_eq!(table.table(), expected.table());
            prop_assert!(table.report().balances());
        }
    }
}

#[test]
fn no_batches_make_an_empty_table() {
    for ids in [IdKind::Number, IdKind::Text] {
        let none = ProfileTable::from_record_batches([], &latest(ids)).unwrap();
        assert!(none == csv(&[], &latest(ids)).unwrap());
        let empty = batch(&[], [0; 8]);
        assert!(none == ProfileTable::from_record_batches([empty], &latest(ids)).unwrap());
    }
}

#[test]
fn coverage_unreadable_values_and_allowances_are_reported() {
    let rows: [Row; 3] = [
        ["ada", "61", "", "2024-03-01", "true", "Bonn", "3", "9"],
        ["", "27", "", "", "", "", "", ""],
        ["ben", "99", "0.1", "2024-03-01", "", "NA", "", "4.5"],
    ];
    let table = ProfileTable::from_record_batches([batch(&rows, [0; 8])], &latest(IdKind::Text)).unwrap();
    let report = table.report();
    assert_eq!((report.rows_read, report.rows_kept), (3, 2));
    assert_eq!(report.rejected[&RejectReason::MissingCustomer].first_rows, [2]);
    let linen = report.field("linen").unwrap();
    assert_eq!((linen.coverage(), linen.unreadable.rows), (Some(0.5), 1));
    assert_eq!((linen.unreadable.first_rows[0], linen.unreadable.example.as_str()), (1, "`9`"));
    assert_eq!(report.field("age").unwrap().coverage(), Some(0.5), "99 stands for an age that is not known");
    assert_eq!(report.allowed[0].fields, ["religion"]);
    assert_eq!(table.consented("newsletter").unwrap().ones().collect::<Vec<_>>(), [0]);
    assert_eq!(table.table().column("income").unwrap().number(1), Some(0.1));
}

#[test]
fn what_is_no_number_is_missing_or_counted() {
    let number = |values: ArrayRef| {
        let who: ArrayRef = Arc::new(UInt32Array::from_iter_values(0..values.len() as u32));
        let batch = RecordBatch::try_from_iter([("who", who), ("income", values)]).unwrap();
        let schema = ProfileSchema::builder("who").customer_ids(IdKind::Number).field(ProfileField::new(
            "income",
            ProfileKind::Demographic,
            FieldType::Number,
        ));
        ProfileTable::from_record_batches([batch], &schema.build().unwrap()).unwrap()
    };
    for table in [
        number(Arc::new(Float64Array::from(vec![f64::NAN, f64::INFINITY, -0.0, 0.1]))),
        number(Arc::new(Float32Array::from(vec![f32::NAN, f32::NEG_INFINITY, -0.0, 0.1]))),
    ] {
        let report = table.report().field("income").unwrap();
        assert_eq!((report.missing, &report.unreadable.first_rows[..]), (2, &[2][..]));
        let column = table.table().column("income").unwrap();
        let bits = [2, 3].map(|row| column.number(row).unwrap().to_bits());
        assert_eq!(bits, [0.0_f64, 0.1].map(f64::to_bits));
    }
}

#[test]
fn numbers_of_every_type_may_stand_for_missing_ones() {
    let incomes = |values: ArrayRef| {
        let rows: [Row; 3] = [["ada", "61", "", "", "", "", "", ""]; 3];
        let whole = batch(&rows, [3; 8]);
        let who: ArrayRef = Arc::new(StringArray::from(vec!["ada", "ben", "eve"]));
        let columns = COLUMNS.iter().zip(whole.columns()).map(|(name, old)| {
            let array = match *name {
                "who" => Arc::clone(&who),
                "income" => Arc::clone(&values),
                _ => Arc::clone(old),
            };
            (*name, array, true)
        });
        let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
        ProfileTable::from_record_batches([batch], &latest(IdKind::Text)).unwrap()
    };
    let decimals = Decimal128Array::from(vec![9_900, 9_950, 100]).with_precision_and_scale(9, 2).unwrap();
    let columns: [ArrayRef; 4] = [
        Arc::new(Float64Array::from(vec![99.0, 99.5, 1.0])),
        Arc::new(Float32Array::from(vec![99.0, 99.5, 1.0])),
        Arc::new(decimals),
        Arc::new(StringArray::from(vec!["99", "99.5", "1"])),
    ];
    for values in columns {
        let table = incomes(values);
        let income = table.table().column("income").unwrap();
        assert_eq!([0, 1, 2].map(|row| income.number(row)), [None, Some(99.5), Some(1.0)]);
        assert_eq!(table.report().field("income").unwrap().unreadable.rows, 0);
    }
}

#[test]
fn what_is_not_there_or_cannot_be_meant_is_named() {
    let rows: [Row; 2] = [["7", "1", "1", "2024-03-01", "true", "Bonn", "3", "1"], [""; 8]];
    let whole = batch(&rows, [0; 8]);
    let with = |column: &str, array: ArrayRef| {
        let columns = COLUMNS.iter().zip(whole.columns()).map(|(name, old)| {
            (*name, if *name == column { Arc::clone(&array) } else { Arc::clone(old) }, true)
        });
        let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
        ProfileTable::from_record_batches([whole.clone(), batch], &latest(IdKind::Text))
    };
    let flags: ArrayRef = Arc::new(BooleanArray::from(vec![true, false]));
    let days: ArrayRef = Arc::new(Date32Array::from(vec![0, 1]));
    let floats: ArrayRef = Arc::new(Float64Array::from(vec![0.0, 1.0]));
    let whole_numbers: ArrayRef = Arc::new(Int64Array::from(vec![0, 1]));
    for (column, array) in [
        ("who", &floats),
        ("Age", &flags),
        ("Age", &days),
        ("income", &flags),
        ("linen", &days),
        ("asked", &floats),
        ("asked", &whole_numbers),
        ("asked", &flags),
        ("mail", &days),
        ("region", &floats),
        ("faith", &days),
    ] {
        let refused = with(column, Arc::clone(array));
        assert!(
            matches!(&refused, Err(Error::ColumnType { column: named, .. }) if named == column),
            "{column} as {}: {refused:?}",
            array.data_type()
        );
    }
    let lacking = whole.project(&[0, 2, 3, 4, 5, 6, 7]).unwrap();
    let unknown = ProfileTable::from_record_batches([lacking], &latest(IdKind::Text));
    assert!(matches!(&unknown, Err(Error::UnknownColumn { column, .. }) if column == "Age"), "{unknown:?}");
    let strict = builder(IdKind::Text).strictness(Strictness::Stop).build().unwrap();
    let refused = ProfileTable::from_record_batches([whole.slice(0, 1), whole.slice(1, 1)], &strict);
    assert!(
        matches!(refused, Err(Error::Rejected { row: 2, reason: RejectReason::MissingCustomer, .. })),
        "{refused:?}"
    );
    let twice = [whole.slice(0, 1), whole.slice(0, 1)];
    let refused = ProfileTable::from_record_batches(twice, &builder(IdKind::Text).build().unwrap());
    assert!(matches!(&refused, Err(Error::DuplicateCustomer { customer }) if customer == "7"), "{refused:?}");
}

#[test]
fn whole_numbers_are_dates_where_the_format_says_so() {
    let schema = ProfileSchema::builder("who")
        .field(ProfileField::new("born", ProfileKind::Demographic, FieldType::Date))
        .time_format(TimeFormat::Pattern("%Y%m%d".into()));
    let born: ArrayRef = Arc::new(Int64Array::from(vec![Some(19_880_229), None, Some(19_890_229)]));
    let who: ArrayRef = Arc::new(StringArray::from(vec!["ada", "ben", "eve"]));
    let batch = RecordBatch::try_from_iter([("who", who), ("born", born)]).unwrap();
    let table = ProfileTable::from_record_batches([batch], &schema.build().unwrap()).unwrap();
    let report = table.report().field("born").unwrap();
    assert_eq!((report.present, report.missing, report.unreadable.example.as_str()), (1, 2, "`19890229`"));
}

#[cfg(feature = "parquet")]
mod files {
    use parquet::arrow::ArrowWriter;
    use parquet::file::properties::WriterProperties;

    use super::*;

    fn file(batch: &RecordBatch, group: usize) -> Vec<u8> {
        let properties = WriterProperties::builder().set_max_row_group_row_count(Some(group)).build();
        let mut file = Vec::new();
        let mut writer = ArrowWriter::try_new(&mut file, batch.schema(), Some(properties)).unwrap();
        writer.write(batch).unwrap();
        writer.close().unwrap();
        file
    }

    proptest! {
        #[test]
        fn a_parquet_file_makes_the_table_of_a_csv_file(
            rows in prop::collection::vec(row(), 0..30),
            types in any::<[u8; 8]>(),
            group in 1_usize..9,
        ) {
            let expected = csv(&rows, &latest(IdKind::Text)).unwrap();
            let file = file(&batch(&rows, types), group);
            let table = ProfileTable::from_parquet_bytes(&file, &latest(IdKind::Text)).unwrap();
            prop_assert_eq!(table.report(), &without_header(expected.report()));
            prop_assert_eq!(table.table(), expected.table());
        }
    }

    #[test]
    fn a_file_cut_off_anywhere_is_an_error() {
        let file = file(&batch(&[["7", "61", "1", "", "true", "Bonn", "3", "1"]], [0; 8]), 1);
        assert_eq!(ProfileTable::from_parquet_bytes(&file, &latest(IdKind::Text)).unwrap().len(), 1);
        for length in 0..file.len() {
            let cut = ProfileTable::from_parquet_bytes(&file[..length], &latest(IdKind::Text));
            assert!(matches!(cut, Err(Error::File { .. })), "{length}");
        }
        let missing = ProfileTable::from_parquet_path("no such file.parquet", &latest(IdKind::Text));
        assert!(matches!(missing, Err(Error::Io { .. })), "{missing:?}");
    }
}
