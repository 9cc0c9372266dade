//! Profiles from CSV files, made up and real.

use std::fmt::Write as _;
use std::io::Read as _;

use kohort::profiles::{DuplicateIds, FieldType, ProfileField, ProfileKind, ProfileSchema, SpecialCategory};
use kohort::transaction::{CustomerIds, DecimalMark, Encoding, RejectReason, Strictness};
use kohort::{Error, FeatureTable, IdKind, ProfileTable, Values};
use proptest::prelude::*;

use crate::real_data::data_file;

fn field(name: &str, kind: ProfileKind, values: FieldType) -> ProfileField {
    ProfileField::new(name, kind, values)
}

fn schema() -> kohort::profiles::ProfileSchemaBuilder {
    ProfileSchema::builder("id")
        .field(field("income", ProfileKind::Demographic, FieldType::Number).column("Income"))
        .field(field("city", ProfileKind::Geographic, FieldType::Category))
}

#[test]
fn a_file_is_read_by_its_header_and_every_row_is_accounted_for() {
    let file = "\u{feff}city;id;Income;notes\r\n\"Ulm; alt\";2; 1,5 ;x\r\nBonn;1\r\n\r\nKöln;;3;x\nBonn;3;1.5;\"two\nlines\"\nJena;4;7;\n";
    let schema = schema().delimiter(';').decimal_mark(DecimalMark::Comma).customer_ids(IdKind::Number);
    let profiles = ProfileTable::from_csv_reader(file.as_bytes(), &schema.clone().build().unwrap()).unwrap();
    assert_eq!(profiles.table().ids(), &CustomerIds::numbers(vec![2, 3, 4]).unwrap());
    assert_eq!(profiles.table().category("city").unwrap().get(0), Some("Ulm; alt"));
    assert_eq!(profiles.table().column("income").unwrap().number(0), Some(1.5));
    let report = profiles.report();
    assert!(report.balances());
    assert_eq!((report.rows_read, report.rows_kept), (5, 3));
    assert_eq!(report.rejected[&RejectReason::Ragged].first_rows, [3]);
    assert_eq!(report.rejected[&RejectReason::MissingCustomer].first_rows, [5]);
    let income = report.field("income").unwrap();
    assert_eq!(
        (income.unreadable.first_rows.as_slice(), income.unreadable.example.as_str()),
        (&[6_u64][..], "`1.5`")
    );

    let strict = schema.strictness(Strictness::Stop).build().unwrap();
    let stopped = ProfileTable::from_csv_reader(file.as_bytes(), &strict);
    assert!(matches!(stopped, Err(Error::Rejected { row: 3, reason: RejectReason::Ragged, .. })));
}

#[test]
fn the_same_rows_make_the_same_table_through_every_door() {
    let file = "id,Income,city\nb,1.5,Ulm\na,,Bonn\n";
    let schema = schema().build().unwrap();
    let from_file = ProfileTable::from_csv_reader(file.as_bytes(), &schema).unwrap();
    let mut rows = ProfileTable::builder(&schema);
    rows.push("b", [1.5.into(), "Ulm".into()]).unwrap();
    rows.push("a", [None::<f64>.into(), "Bonn".into()]).unwrap();
    let columns = [
        ("Income", kohort::Column::optional(vec![Some(1.5), None])),
        ("city", Values::Category(kohort::Category::from_texts([Some("Ulm"), Some("Bonn")])).into()),
    ];
    let from_columns = ProfileTable::from_columns(&schema, vec!["b", "a"], columns).unwrap();
    assert_eq!(from_columns, from_file);
    assert_eq!(rows.build().unwrap(), from_file);
}

#[test]
fn what_is_wrong_with_a_file_is_an_error_that_says_so() {
    let build = |builder: kohort::profiles::ProfileSchemaBuilder| builder.build().unwrap();
    let read = |bytes: &[u8]| ProfileTable::from_csv_reader(bytes, &build(schema()));
    assert!(matches!(read(b""), Err(Error::Empty { .. })));
    assert!(
        matches!(read(b"id,income,city\n"), Err(Error::UnknownColumn { column, .. }) if column == "Income")
    );
    assert!(matches!(read(b"id,Income,city,city\n"), Err(Error::File { .. })));
    assert!(matches!(read(b"id,Income,city\na,1,\"Ulm\n"), Err(Error::File { .. })));
    assert!(matches!(read(b"\x1f\x8b\x08\x00 torn"), Err(Error::File { .. } | Error::Io { .. })));
    assert!(read(b"id,Income,city\n").unwrap().is_empty());
    let duplicate = read(b"id,Income,city\nb,1,\na,1,\nb,2,\n");
    assert!(matches!(duplicate, Err(Error::DuplicateCustomer { customer }) if customer == "b"));
    assert!(matches!(
        ProfileTable::from_csv_path("no/such/profiles.csv", &build(schema())),
        Err(Error::Io { .. })
    ));

    // A byte that is no UTF-8 costs the row; where it is a column nobody asked for, nothing.
    let bytes = b"id,Income,city,notes\na,1,K\xf6ln,\nb,2,Bonn,K\xf6ln\n";
    let utf8 = read(bytes).unwrap();
    assert_eq!((utf8.len(), utf8.report().rejected[&RejectReason::Encoding].rows), (1, 1));
    let western = ProfileTable::from_csv_reader(&bytes[..], &build(schema().encoding(Encoding::Windows1252)));
    assert_eq!(western.unwrap().table().category("city").unwrap().get(0), Some("Köln"));
    assert!(matches!(schema().delimiter('a').build(), Err(Error::Setting { setting: "delimiter", .. })));
}

/// The fields of the campaign data, each as what it is.
fn campaign() -> ProfileSchema {
    let demographic =
        |name, values| field(name, ProfileKind::Demographic, values).purpose("campaign selection");
    ProfileSchema::builder("ID")
        .customer_ids(IdKind::Number)
        .field(demographic("year_birth", FieldType::Whole).column("Year_Birth"))
        .field(demographic("education", FieldType::Category).column("Education"))
        .field(demographic("marital_status", FieldType::Category).column("Marital_Status"))
        .field(field("income", ProfileKind::Demographic, FieldType::Number).column("Income"))
        .field(demographic("enrolled", FieldType::Date).column("Dt_Customer"))
        .field(field("complain", ProfileKind::Attitude, FieldType::Flag).column("Complain"))
        .field(field("response", ProfileKind::Attitude, FieldType::Flag).column("Response"))
        .build()
        .unwrap()
}

#[test]
fn a_real_campaign_table_is_read_to_the_last_field() {
    let Some(path) = data_file("ifood_marketing_campaign.csv.gz") else { return };
    let profiles = ProfileTable::from_csv_path(path, &campaign()).unwrap();
    let (table, report) = (profiles.table(), profiles.report());
    assert!(report.balances());
    assert_eq!((report.rows_read, report.rows_kept, report.rows_rejected()), (2_240, 2_240, 0));
    for field in &report.fields {
        assert_eq!(field.missing, if field.field == "income" { 24 } else { 0 }, "{}", field.field);
        assert_eq!(field.unreadable.rows, 0, "{}", field.field);
    }
    let count = |name: &str| {
        let column = table.column(name).unwrap();
        (0..table.len()).filter(|row| column.number(*row) == Some(1.0)).count()
    };
    assert_eq!((count("complain"), count("response")), (21, 334));
    let status = table.category("marital_status").unwrap();
    let levels: Vec<&str> = status.levels().iter().collect();
    assert_eq!(levels, ["Absurd", "Alone", "Divorced", "Married", "Single", "Together", "Widow", "YOLO"]);
    assert_eq!(status.iter().filter(|text| *text == Some("Married")).count(), 864);
    let income = table.column("income").unwrap();
    let highest = (0..table.len()).filter_map(|row| income.number(row)).fold(0.0, f64::max);
    assert!((highest - 666_666.0).abs() < 1e-9);
    let restricted = table.restricted_to("campaign selection").unwrap();
    assert_eq!(restricted.left_out, ["income", "complain", "response"]);
    // Names that look harmless are; none of the file's own is of a special category.
    for name in table.names() {
        assert_eq!(SpecialCategory::told_by(name), None, "{name}");
    }
}

#[test]
fn profiles_meet_only_the_customers_they_have() {
    let Some(path) = data_file("ifood_marketing_campaign.csv.gz") else { return };
    let profiles = ProfileTable::from_csv_path(path, &campaign()).unwrap();
    // Every id below 6,000 has an order, whether or not there is a profile.
    let orders = Values::U32((0..6_000).collect());
    let orders = FeatureTable::from_columns(CustomerIds::rows(6_000), [("orders", orders)]).unwrap();
    let (customers, report) = orders.enriched(&profiles).unwrap();
    let met = profiles.table().ids().iter().filter(|id| *id < 6_000.into()).count();
    assert_eq!((customers.len(), report.customers.matched), (6_000, met));
    assert_eq!(report.customers.left_only.customers, 6_000 - met);
    assert_eq!(report.customers.right_only.customers, 2_240 - met);
    for (row, id) in customers.ids().iter().enumerate() {
        let own = profiles.table().ids().position(&id);
        let income = own.and_then(|own| profiles.table().column("income").unwrap().number(own));
        assert_eq!(customers.column("income").unwrap().number(row), income, "{id}");
    }
    let coverage = report.survey().find(|field| field.field == "response").unwrap();
    assert_eq!((coverage.present, coverage.customers), (met, 6_000));
}

#[test]
fn a_real_survey_reports_how_many_answered_what() {
    let Some(path) = data_file("mcdonalds_survey.csv.gz") else { return };
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    // The survey has no ids; its rows are numbered here, and every third respondent asked again later.
    let lines: Vec<&str> = text.lines().collect();
    let mut numbered = format!("id,asked,{}\n", lines[0]);
    for (row, line) in lines[1..].iter().enumerate() {
        writeln!(numbered, "r{row},2024-01-01,{line}").unwrap();
        if row % 3 == 0 {
            writeln!(numbered, "r{row},2024-02-01,{line}").unwrap();
        }
    }
    let attitudes = ["yummy", "convenient", "spicy", "greasy", "cheap", "healthy"];
    let mut builder = ProfileSchema::builder("id")
        .field(field("asked", ProfileKind::Attitude, FieldType::Date))
        .field(field("Like", ProfileKind::Attitude, FieldType::Score { lowest: -5.0, highest: 5.0 }))
        .field(field("Age", ProfileKind::Demographic, FieldType::Whole))
        .duplicates(DuplicateIds::Latest("asked".into()));
    for name in attitudes {
        builder = builder.field(field(name, ProfileKind::Interest, FieldType::Flag));
    }
    let profiles = ProfileTable::from_csv_reader(numbered.as_bytes(), &builder.build().unwrap()).unwrap();
    let report = profiles.report();
    assert!(report.balances());
    assert_eq!((report.rows_kept, report.superseded), (1_453, 485));
    for name in attitudes {
        let field = report.field(name).unwrap();
        assert_eq!((field.coverage(), field.unreadable.rows), (Some(1.0), 0), "{name}");
        let column = lines[0].split(',').position(|column| column == name).unwrap();
        let yes = lines[1..].iter().filter(|line| line.split(',').nth(column) == Some("Yes")).count();
        let flags = profiles.table().counts(name).unwrap();
        assert_eq!(flags.iter().sum::<u32>() as usize, yes, "{name}");
    }
    // The ends of the scale are written as words and a number, which is no number; they are missing and counted.
    let ends = |line: &&&str| line.contains("I hate it!-5") || line.contains("I love it!+5");
    let words = lines[1..].iter().filter(ends).count() as u64;
    let like = report.field("Like").unwrap();
    assert!(words > 200, "{words}");
    assert_eq!((like.present, like.missing), (1_453 - words, words));
    assert!(like.unreadable.rows > words && like.unreadable.example.contains("it!"), "{:?}", like.unreadable);
}

proptest! {
    #[test]
    fn any_bytes_are_an_error_or_a_table_that_accounts_for_them(
        rows in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..12), 0..12),
        cut in 0_usize..200,
    ) {
        let mut bytes = b"id,Income,city\na,1,Ulm\n".to_vec();
        for row in rows {
            bytes.extend(row);
            bytes.extend(b",2,x\n");
        }
        bytes.truncate(cut.max(16));
        for duplicates in [DuplicateIds::Refuse, DuplicateIds::Latest("asked".into())] {
            let asked = field("asked", ProfileKind::Attitude, FieldType::Date).column("city");
            let schema = schema().field(asked).duplicates(duplicates).build().unwrap();
            if let Ok(profiles) = ProfileTable::from_csv_reader(&bytes[..], &schema) {
                prop_assert!(profiles.report().balances());
                prop_assert_eq!(profiles.len() as u64, profiles.report().rows_kept);
            }
        }
    }
}
