//! The feature table as its users meet it: made from columns, selected, filtered, as a matrix and as CSV.

use kohort::features::{Column, FeatureTable, MissingPolicy, Values};
use kohort::transaction::{CustomerIds, LogColumns, PriceColumn};
use kohort::{
    Attribute, Bitmap, Category, CustomerId, Error, Feature, FeatureExtractor, LogRules, Money,
    OrderIdentity, TransactionLog,
};

fn bits<const N: usize>(bits: [bool; N]) -> Bitmap {
    bits.into_iter().collect()
}

/// Four customers, ids that need quoting, a column of every type, and something missing in most.
fn table() -> FeatureTable {
    let ids = Category::from_texts([Some("a,b"), Some("c\"d"), Some("e\nf"), Some("g h")]);
    let money = |amounts: [i64; 4]| Values::Money(amounts.map(Money::from_ten_thousandths).to_vec());
    let with_missing = |values, validity| Column::with_missing(values, bits(validity)).unwrap();
    FeatureTable::from_columns(
        CustomerIds::texts(ids.levels().clone()),
        [
            ("orders", Column::new(Values::U32(vec![0, 1, 2, 3]))),
            ("change", with_missing(Values::I32(vec![-1, 2, i32::MIN, 4]), [true, true, false, true])),
            ("items", Column::new(Values::I64(vec![i64::MIN, 0, 7, i64::MAX]))),
            ("rate", Column::optional(vec![Some(0.5), None, Some(-0.25), None])),
            ("net", with_missing(money([12_345, 0, -5_000, 1]), [true, false, true, true])),
            (
                "last, order",
                with_missing(Values::Time(vec![0, 1, 2, 3_600_000_000]), [true, false, false, true]),
            ),
            (
                "city",
                Column::new(Values::Category(Category::from_texts([
                    None,
                    Some("Ulm"),
                    Some("a \"b\", c"),
                    None,
                ]))),
            ),
        ],
    )
    .unwrap()
}

/// All values of a column, as text.
fn texts(table: &FeatureTable, feature: &str) -> Vec<String> {
    let column = table.column(feature).unwrap();
    (0..table.len()).map(|row| column.text(row)).collect()
}

#[test]
fn values_are_there_or_missing_and_never_something_between() {
    let table = table();
    let missing: Vec<usize> = table.names().map(|name| table.column(name).unwrap().missing()).collect();
    assert_eq!(missing, [0, 1, 0, 2, 1, 2, 2]);
    for name in table.names() {
        let column = table.column(name).unwrap();
        assert_eq!(column.len(), 4);
        for row in 0..5 {
            assert_eq!(column.is_valid(row), row < 4 && !column.text(row).is_empty(), "{name}, row {row}");
            let number = column.number(row).is_some();
            assert_eq!(number, column.is_valid(row) && name != "city", "{name}, row {row}");
        }
    }
    assert_eq!(table.column("net").unwrap().number(0), Some(1.2345));
    assert_eq!(table.column("items").unwrap().number(0), Some(i64::MIN as f64));
    assert_eq!(texts(&table, "change"), ["-1", "2", "", "4"]);
    assert_eq!(texts(&table, "net"), ["1.2345", "", "-0.50", "0.0001"]);
    assert_eq!(texts(&table, "city"), ["", "Ulm", "a \"b\", c", ""]);
}

#[test]
fn a_selection_has_the_columns_asked_for_in_their_order() {
    let table = table();
    let selected = table.select(["net", "orders"]).unwrap();
    assert_eq!(selected.names().collect::<Vec<_>>(), ["net", "orders"]);
    assert_eq!((selected.ids(), selected.len()), (table.ids(), 4));
    assert_eq!(selected.column("net").unwrap(), table.column("net").unwrap());
    assert_eq!(table.select(Vec::<String>::new()).unwrap().names().len(), 0);
    let unknown = table.select(["orderz"]).unwrap_err();
    assert!(
        matches!(&unknown, Error::MissingFeature { feature, nearest: Some(nearest) }
            if feature == "orderz" && nearest == "orders"),
        "{unknown}"
    );
    let twice = table.select(["net", "net"]).unwrap_err();
    assert!(matches!(&twice, Error::DuplicateFeature { feature } if feature == "net"), "{twice}");
}

#[test]
fn a_filter_keeps_customers_whole() {
    let table = table();
    let some = table.filter(&bits([true, false, false, true])).unwrap();
    let ids: Vec<CustomerId> = some.ids().iter().collect();
    assert_eq!(ids, [CustomerId::from("a,b"), CustomerId::from("g h")]);
    for name in table.names() {
        let all = texts(&table, name);
        assert_eq!(texts(&some, name), [all[0].clone(), all[3].clone()], "{name}");
    }
    // Nothing is missing in what is left, so the table is as if it had been made without the others.
    assert_eq!(some.column("net").unwrap().validity(), None);
    assert_eq!(table.filter(&Bitmap::filled(4, true)).unwrap(), table);
    let rows =
        FeatureTable::from_columns(CustomerIds::rows(2), [("orders", Values::U32(vec![1, 2]))]).unwrap();
    assert_eq!(rows.filter(&Bitmap::filled(2, true)).unwrap(), rows, "row numbers stay row numbers");
    let none = table.filter(&Bitmap::filled(4, false)).unwrap();
    assert!(none.is_empty() && none.names().eq(table.names()));
    let refused = table.filter(&Bitmap::filled(3, true)).unwrap_err();
    assert!(matches!(refused, Error::ColumnLength { found: 3, expected: 4, .. }), "{refused}");
}

#[test]
fn a_matrix_has_customers_as_rows_and_says_what_is_missing() {
    let table = table();
    let matrix = table.matrix(&["net", "orders", "rate"], MissingPolicy::Fill(-9.0)).unwrap().into_values();
    assert_eq!(matrix.shape(), [4, 3]);
    assert!(matrix.is_standard_layout(), "row-major, one customer after the other");
    let expected = [[1.2345, 0.0, 0.5], [-9.0, 1.0, -9.0], [-0.5, 2.0, -0.25], [0.0001, 3.0, -9.0]];
    assert_eq!(matrix.into_raw_vec_and_offset().0, expected.concat());
    let complete = table.matrix(&[Feature::Orders], MissingPolicy::Error).unwrap().into_values();
    assert_eq!(complete.column(0).to_vec(), [0.0, 1.0, 2.0, 3.0]);
    let refused = table.matrix(&["orders", "rate"], MissingPolicy::Error).unwrap_err();
    assert!(
        matches!(&refused, Error::FeatureType { feature, found, .. }
            if feature == "rate" && found.contains("missing")),
        "{refused}"
    );
    let text = table.matrix(&["city"], MissingPolicy::Fill(0.0)).unwrap_err();
    assert!(matches!(&text, Error::FeatureType { found: "category", .. }), "{text}");
    assert!(matches!(table.matrix(&["town"], MissingPolicy::Error), Err(Error::MissingFeature { .. })));
    assert_eq!(table.matrix::<&str>(&[], MissingPolicy::Error).unwrap().values().shape(), [4, 0]);
}

#[test]
fn csv_quotes_what_has_to_be_and_leaves_missing_values_empty() {
    let table = table();
    let mut file = Vec::new();
    table.write_csv(&mut file).unwrap();
    let expected = "\
customer,orders,change,items,rate,net,\"last, order\",city
\"a,b\",0,-1,-9223372036854775808,0.5,1.2345,1970-01-01T00:00:00Z,
\"c\"\"d\",1,2,0,,,,Ulm
\"e
f\",2,,7,-0.25,-0.50,,\"a \"\"b\"\", c\"
g h,3,4,9223372036854775807,,0.0001,1970-01-01T01:00:00Z,
";
    assert_eq!(String::from_utf8(file).unwrap(), expected);

    let mut empty = Vec::new();
    table.filter(&Bitmap::filled(4, false)).unwrap().write_csv(&mut empty).unwrap();
    assert_eq!(String::from_utf8(empty).unwrap().lines().count(), 1, "a header alone");
}

#[cfg(feature = "csv")]
#[test]
fn what_was_written_reads_back_field_by_field() {
    let table = table();
    let mut file = Vec::new();
    table.write_csv(&mut file).unwrap();
    let mut reader = csv::Reader::from_reader(file.as_slice());
    let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    assert!(header.iter().map(String::as_str).eq(std::iter::once("customer").chain(table.names())));
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), table.len());
    for (row, record) in records.iter().enumerate() {
        assert_eq!(record[0], table.ids().id(row).to_string());
        for (place, name) in table.names().enumerate() {
            assert_eq!(record[place + 1], texts(&table, name)[row], "{name}");
        }
    }
}

/// Takes so many bytes, and then no more.
struct Full(usize);

impl std::io::Write for Full {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let taken = bytes.len().min(self.0);
        self.0 -= taken;
        if taken == 0 { Err(std::io::Error::other("the disk is full")) } else { Ok(taken) }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_an_error_and_not_a_shorter_file() {
    for room in [0, 1, 40] {
        let failed = table().write_csv(Full(room)).unwrap_err();
        assert!(
            matches!(&failed, Error::Io { .. }) && failed.to_string().contains("disk is full"),
            "{failed}"
        );
    }
}

#[test]
fn one_customer_is_shown_by_name_and_value() {
    let table = table();
    let shown = table.customer(&CustomerId::from("c\"d")).unwrap();
    let expected = [
        ("orders", "1"),
        ("change", "2"),
        ("items", "0"),
        ("rate", ""),
        ("net", ""),
        ("last, order", ""),
        ("city", "Ulm"),
    ];
    assert!(shown.iter().map(|(name, value)| (*name, value.as_str())).eq(expected), "{shown:?}");
    for stranger in [CustomerId::from("nobody"), CustomerId::Number(1)] {
        let unknown = table.customer(&stranger).unwrap_err();
        assert!(matches!(&unknown, Error::UnknownCustomer { customer } if *customer == stranger.to_string()));
    }
}

#[test]
fn columns_that_do_not_fit_are_refused() {
    let ids = || CustomerIds::rows(2);
    let from = |columns: Vec<(&str, Column)>| FeatureTable::from_columns(ids(), columns).unwrap_err();
    let counts = |n: usize| Column::new(Values::U32(vec![1; n]));
    let error = from(vec![("orders", counts(2)), ("lines", counts(3))]);
    assert!(
        matches!(&error, Error::ColumnLength { column, found: 3, expected: 2, .. } if column == "lines"),
        "{error}"
    );
    let error = from(vec![("orders", counts(2)), ("orders", counts(2))]);
    assert!(matches!(&error, Error::DuplicateFeature { feature } if feature == "orders"), "{error}");
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let error = from(vec![("rate", Column::new(Values::F64(vec![0.5, bad])))]);
        assert!(matches!(&error, Error::FeatureType { feature, .. } if feature == "rate"), "{error}");
        // Where a value is missing it does not matter what stands there, and it does not come out.
        let column = Column::with_missing(Values::F64(vec![0.5, bad]), bits([true, false])).unwrap();
        let table = FeatureTable::from_columns(ids(), [("rate", column)]).unwrap();
        let matrix = table.matrix(&["rate"], MissingPolicy::Fill(0.0)).unwrap();
        assert_eq!(matrix.values().column(0).to_vec(), [0.5, 0.0]);
        assert_eq!(texts(&table, "rate"), ["0.5", ""]);
    }
    let validity = Column::with_missing(Values::U32(vec![1, 2]), bits([true]));
    assert!(matches!(validity, Err(Error::ColumnLength { found: 1, expected: 2, .. })));
    let twice = CustomerIds::numbers(vec![3, 4, 4]);
    assert!(matches!(twice, Err(Error::DuplicateCustomer { .. })));
}

#[test]
fn a_view_of_another_type_names_both() {
    let table = table();
    let wrong = |result: kohort::Result<()>| match result.unwrap_err() {
        Error::FeatureType { feature, found, expected } => (feature, found, expected),
        other => panic!("{other}"),
    };
    assert_eq!(wrong(table.money("orders").map(drop)), ("orders".into(), "u32", "money"));
    assert_eq!(wrong(table.counts("net").map(drop)), ("net".into(), "money", "u32"));
    assert_eq!(wrong(table.category("rate").map(drop)), ("rate".into(), "f64", "category"));
    assert_eq!(wrong(table.numeric("city").map(drop)), ("city".into(), "category", "a number"));
    assert!(
        matches!(table.money("nett"), Err(Error::MissingFeature { nearest: Some(name), .. }) if name == "net")
    );
}

/// A log of one line for each channel.
fn channels(names: &[&str]) -> TransactionLog {
    let rules = LogRules::builder("EUR").orders(OrderIdentity::EachLine).build().unwrap();
    let lines = names.len();
    let columns =
        LogColumns::new(vec![1_u64; lines], vec![0_i64; lines], PriceColumn::Line(vec![5.0; lines].into()))
            .attribute(Attribute::Channel, Category::from_texts(names.iter().map(|name| Some(*name))));
    TransactionLog::from_columns(columns, &rules).unwrap()
}

#[test]
fn channels_name_their_columns_and_must_be_told_apart() {
    let extract = |names: &[&str]| {
        let log = channels(names);
        FeatureExtractor::builder(log.as_of_end().unwrap())
            .features([Feature::ChannelShares])
            .build()
            .unwrap()
            .extract(&log)
    };
    let table = extract(&["Web Shop", "app", "app", "store/2"]).unwrap();
    let names: Vec<&str> = table.names().collect();
    assert_eq!(names, ["channel_share__web_shop", "channel_share__app", "channel_share__store_2"]);
    assert_eq!(table.column("channel_share__app").unwrap().number(0), Some(0.5));
    let clash = extract(&["web-shop", "web shop"]).unwrap_err();
    assert!(
        matches!(&clash, Error::DuplicateFeature { feature } if feature == "channel_share__web_shop"),
        "{clash}"
    );
    let many: Vec<String> = (0..65).map(|number| format!("c{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert!(extract(&many[..64]).is_ok());
    assert!(matches!(extract(&many), Err(Error::Setting { setting: "channel", .. })));
}
