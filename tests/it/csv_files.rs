//! CSV files as shops export them, clean and damaged: each case shows the error or the documented result.

use std::io::{Read, Write};
use std::ops::ControlFlow;

use flate2::Compression;
use flate2::write::GzEncoder;
use kohort::transaction::{
    Attribute, DecimalMark, Duplicates, Encoding, IdColumn, IdKind, LineKind, RejectReason, Rounding,
    SchemaBuilder, SchemaDiscount, SchemaPrice, Strictness, TimeFormat, Undelivered,
};
use kohort::{
    CustomerId, Error, IngestReport, LogRules, OrderIdentity, ReconcileBy, Result, Returns, Schema,
    TransactionLog, Zone,
};

fn rules(returns: Returns) -> LogRules {
    LogRules::builder("EUR").returns(returns).build().unwrap()
}

fn strict() -> LogRules {
    LogRules::builder("EUR").strictness(Strictness::Stop).build().unwrap()
}

/// Columns `who`, `order`, `when`, `n` and `price`.
fn basic(rules: &LogRules) -> SchemaBuilder {
    Schema::builder(rules, "who", "when", SchemaPrice::Unit("price")).order("order").quantity("n")
}

fn read(builder: SchemaBuilder, file: impl AsRef<[u8]>) -> Result<TransactionLog> {
    TransactionLog::from_csv_reader(file.as_ref(), &builder.build()?)
}

/// The report of a file with the basic columns and the given rows.
fn report_of(rows: &str) -> IngestReport {
    let file = format!("who,order,when,n,price\n{rows}");
    let log = read(basic(&rules(Returns::NotRecorded)), file).unwrap();
    assert!(log.report().balances());
    assert_eq!(log.len() as u64, log.report().rows_kept());
    log.report().clone()
}

/// Each rejection's reason with its first rows.
fn rejected(report: &IngestReport) -> Vec<(RejectReason, Vec<u64>)> {
    report.rejected.iter().map(|(reason, rejection)| (*reason, rejection.first_rows.clone())).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn every_column_of_a_file_reaches_the_log() {
    let file = "\
who;order;when;n;price;off;cost;back;back at;code;kind;brand;size;by;to;why;cur;more
17;o1;2024-01-31 23:30;2;10,50;0,1;4;1;2024-02-03;p1;shoes;acme;42;web;DE;too small;EUR;x
";
    let rules = LogRules::builder("EUR")
        .returns(Returns::Quantity)
        .zone(Zone::named("Europe/Berlin").unwrap())
        .build()
        .unwrap();
    let schema = basic(&rules)
        .delimiter(';')
        .decimal_mark(DecimalMark::Comma)
        .customer_ids(IdKind::Number)
        .discount(SchemaDiscount::Rate("off"))
        .unit_cost("cost")
        .returned("back")
        .return_time("back at")
        .product("code")
        .category("kind")
        .brand("brand")
        .size("size")
        .channel("by")
        .country("to")
        .reason("why")
        .currency_column("cur");
    let log = read(schema, file).unwrap();
    assert_eq!(*log.customers(), IdColumn::Numbers(vec![17]));
    assert_eq!(log.kinds(), [LineKind::Sale]);
    assert_eq!(log.times(), [1_706_740_200_000_000], "half past eleven in Berlin");
    let report = log.report();
    assert_eq!(report.sales.value.to_string(), "21.00");
    assert_eq!(report.discount.to_string(), "2.10");
    assert_eq!((report.returned_lines.pieces, report.returned().to_string()), (1, "9.45".to_owned()));
    let texts: Vec<_> =
        Attribute::ALL.iter().map(|attribute| log.attribute(*attribute).unwrap().get(0).unwrap()).collect();
    assert_eq!(texts, ["p1", "shoes", "acme", "42", "web", "DE", "too small"]);
    let months = log.reconcile(ReconcileBy::Month).unwrap();
    let posted: Vec<_> =
        months.rows.iter().map(|row| (row.name.as_deref().unwrap(), row.returned.to_string())).collect();
    assert_eq!(posted, [("2024-01", "0.00".to_owned()), ("2024-02", "9.45".to_owned())]);
}

#[test]
fn quotes_hold_delimiters_quotes_and_line_ends_and_rows_keep_their_line_numbers() {
    let file = "who,order,when,n,price,what\r\n\
        ada,1,2024-01-01,1,1.00,\"a, \"\"b\"\"\r\nand c\"\r\n\
        \r\n\
        ben,2,2024-01-01,1,bad,x\r\n\
        ben,3,2024-01-01,1,1.00,\" padded \"\r\n\
        cem,4,2024-01-01,1,worse,\"1\n2\n3\"\n\
        \n  \n\
        cem,5,2024-01-01,1,worst,last";
    let log = read(basic(&rules(Returns::NotRecorded)).product("what"), file).unwrap();
    let products = log.attribute(Attribute::Product).unwrap();
    assert_eq!(products.iter().collect::<Vec<_>>(), [Some("a, \"b\"\r\nand c"), Some("padded")]);
    assert_eq!(rejected(log.report()), [(RejectReason::Price, vec![5, 7, 12])]);
    assert_eq!(log.report().rows_read, 5);
}

#[test]
fn ragged_rows_are_counted_where_they_stand() {
    let report =
        report_of("ada,1,2024-01-01,1,2\nben,2,2024-01-01,1\nben,2,2024-01-01,1,2,3\nada,1,2024-01-01,1,2\n");
    assert_eq!(rejected(&report), [(RejectReason::Ragged, vec![3, 4])]);
    assert_eq!(report.rejected[&RejectReason::Ragged].example, "4 fields where the header has 5");
    assert_eq!(report.sales.value.to_string(), "4.00");
}

#[test]
fn bytes_of_another_encoding_reject_the_row_if_the_column_is_read() {
    let file = b"who,order,when,n,price,note\nJ\xfcrgen,1,2024-01-01,1,2,\nada,2,2024-01-01,1,2,\xa3\n\xc3\xa4da,3,2024-01-01,1,2,\n";
    let log = read(basic(&rules(Returns::NotRecorded)), file).unwrap();
    assert_eq!(rejected(log.report()), [(RejectReason::Encoding, vec![2])]);
    assert_eq!(log.report().rejected[&RejectReason::Encoding].example, "column `who`");
    let with_note = read(basic(&rules(Returns::NotRecorded)).reason("note"), file).unwrap();
    assert_eq!(rejected(with_note.report()), [(RejectReason::Encoding, vec![2, 3])]);
    // Two halves of a letter in neighbouring fields are no letter.
    let halves = b"who,order,when,n,price\nada\xc3,\xa4,2024-01-01,1,2\n";
    let log = read(basic(&rules(Returns::NotRecorded)), halves).unwrap();
    assert_eq!(rejected(log.report()), [(RejectReason::Encoding, vec![2])]);
}

#[test]
fn windows_1252_is_read_as_such() {
    let file = b"Kundennr;order;when;n;price;gr\xf6\xdfe\nJ\xfcrgen M\xfcller;1;01.02.2024 09:30;1;1234,50;\xa3 5 \x80\nada;2;02.02.2024 10:00;1;2;caf\x8d\n";
    let rules = rules(Returns::NotRecorded);
    let schema = Schema::builder(&rules, "Kundennr", "when", SchemaPrice::Line("price"))
        .order("order")
        .size("größe")
        .delimiter(';')
        .decimal_mark(DecimalMark::Comma)
        .encoding(Encoding::Windows1252)
        .time_format(TimeFormat::Pattern("%d.%m.%Y %H:%M".into()));
    let log = read(schema.clone(), file).unwrap();
    let IdColumn::Texts(customers) = log.customers() else { panic!("text ids") };
    assert_eq!(customers.get(0), Some("Jürgen Müller"));
    assert_eq!(log.attribute(Attribute::Size).unwrap().get(0), Some("£ 5 €"));
    assert_eq!(log.report().sales.value.to_string(), "1234.50");
    assert_eq!(rejected(log.report()), [(RejectReason::Encoding, vec![3])], "0x8D has no meaning there");

    let marked = [b"\xef\xbb\xbf".as_slice(), file].concat();
    assert!(matches!(read(schema, marked), Err(Error::File { problem, .. }) if problem.contains("UTF-8")));
}

#[test]
fn the_mark_of_utf_8_is_skipped_plain_and_compressed() {
    let file = "\u{feff}who,order,when,n,price\nZoë,1,2024-01-01,1,2\n";
    let schema = basic(&rules(Returns::NotRecorded));
    let plain = read(schema.clone(), file).unwrap();
    assert_eq!(plain.len(), 1);
    assert!(read(schema, gzip(file.as_bytes())).unwrap() == plain);
}

#[test]
fn gzip_is_told_by_its_bytes_and_may_have_several_members() {
    let lines: Vec<String> =
        (0..3_000).map(|n| format!("c{},o{n},2024-01-{:02},1,1.5\n", n % 7, n % 28 + 1)).collect();
    let file = format!("who,order,when,n,price\n{}", lines.concat());
    let schema = basic(&rules(Returns::NotRecorded));
    let plain = read(schema.clone(), &file).unwrap();
    assert_eq!(plain.len(), 3_000);
    assert!(read(schema.clone(), gzip(file.as_bytes())).unwrap() == plain);
    let (first, second) = file.as_bytes().split_at(20_001);
    assert!(read(schema, [gzip(first), gzip(second)].concat()).unwrap() == plain);
}

#[test]
fn a_file_whose_structure_is_broken_is_an_error_that_says_how() {
    let rules = rules(Returns::NotRecorded);
    let problem = |file: &[u8]| match read(basic(&rules), file) {
        Err(Error::File { problem, path }) => {
            assert_eq!(path, "the CSV input");
            problem
        }
        other => panic!("expected a broken file, found {other:?}"),
    };
    let text = (0..2_000).map(|n| format!("c{n},o{n},2024-01-01,1,{n}.5\n")).collect::<Vec<_>>().concat();
    let file = format!("who,order,when,n,price\n{text}");
    let whole = gzip(file.as_bytes());
    for length in [2, 5, 12, whole.len() / 2, whole.len() - 4] {
        assert!(problem(&whole[..length]).contains("cut off"), "{length} of {}", whole.len());
    }
    let mut damaged = whole.clone();
    let last = damaged.len() - 6;
    damaged[last] ^= 0x55;
    assert!(problem(&damaged).contains("damaged"), "a wrong checksum");
    assert!(problem(&[&whole[..], b"and more"].concat()).contains("gzip"), "bytes behind the stream");
    assert!(
        problem(b"who,order,when,n,price\nada,1,2024-01-01,1,2\n\"ben,2,2024-01-01,1,2\ncem\n")
            .contains("line 3")
    );
    assert!(
        problem(b"who,order,when,n,price,n\nada,1,2024-01-01,1,2,3\n")
            .contains("`n` stands in the header twice")
    );
    assert!(problem(b"\xff\xfew\0h\0o\0").contains("UTF-16"));
    assert!(problem(b"PK\x03\x04\x14\0").contains("Excel"));
}

#[test]
fn an_empty_file_is_an_error_and_a_header_alone_an_empty_log() {
    let schema = basic(&rules(Returns::NotRecorded)).country("to");
    for empty in [b"".to_vec(), b"\n\r\n".to_vec(), b"\xef\xbb\xbf".to_vec(), gzip(b"")] {
        assert!(
            matches!(read(schema.clone(), &empty), Err(Error::Empty { what: "the CSV file", .. })),
            "{empty:?}"
        );
    }
    for header in
        ["who,order,when,n,price,to", "who,order,when,n,price,to\r\n", "\"who\",order, when ,n,price,to\n\n"]
    {
        let log = read(schema.clone(), header).unwrap();
        assert!(log.is_empty() && log.report().rows_read == 0 && log.report().balances(), "{header}");
        assert_eq!(log.attribute(Attribute::Country).map(kohort::Category::len), Some(0));
        for by in [ReconcileBy::Month, ReconcileBy::Country] {
            assert!(log.reconcile(by).unwrap().rows.is_empty());
        }
        assert!(matches!(log.as_of_end(), Err(Error::Empty { .. })));
    }
}

#[test]
fn an_unknown_column_names_the_nearest_and_all() {
    let error = read(basic(&rules(Returns::NotRecorded)), "Who,order,when,n,price\n").unwrap_err();
    let Error::UnknownColumn { column, available, nearest } = &error else { panic!("{error}") };
    assert_eq!((column.as_str(), nearest.as_deref()), ("who", Some("Who")));
    assert_eq!(available.join(" "), "Who order when n price");
    assert!(error.to_string().contains("did you mean `Who`?"), "{error}");
    assert!(matches!(
        TransactionLog::from_csv_path("no/such/file.csv", &basic(&rules(Returns::NotRecorded)).build().unwrap()),
        Err(Error::Io { path, .. }) if path == "no/such/file.csv"
    ));
}

#[test]
fn numbers_and_dates_that_cannot_be_read_are_counted_by_field() {
    let report = report_of(
        "ada,1,2024-01-01,1,9.99\n\
         ada,1,2024-01-01,1,NaN\n\
         ada,1,2024-01-01,1,1e5\n\
         ada,1,2024-01-01,1,\n\
         ada,1,2024-01-01,1,\"1,234.50\"\n\
         ada,1,2024-01-01,one,1\n\
         ada,1,2024-01-01,,1\n\
         ada,1,2024-01-01,1.5,1\n\
         ada,1,2024-01-01,3000000000,1\n\
         ada,1,2024-01-01,99999999999999999999,1\n\
         ada,1,2024-13-01,1,1\n\
         ada,1,,1,1\n\
         ada,1,01.02.2024,1,1\n\
         ada,1,2024-01-01,1,0.12345\n\
         ada,1,2024-01-01,1,100000000001\n\
         ada,1,2024-01-01,2,99999999999\n\
         ,1,2024-01-01,1,5\n\
         ada,,2024-01-01,1,7\n\
         ada,1,2024-01-01,0,1\n\
         ada,1,2024-01-01,-1,1\n\
         ada,1,2024-01-01,2.0,+1.50\n",
    );
    assert_eq!(
        rejected(&report),
        [
            (RejectReason::MissingCustomer, vec![18]),
            (RejectReason::MissingOrder, vec![19]),
            (RejectReason::Time, vec![12, 13, 14]),
            (RejectReason::Quantity, vec![7, 8]),
            (RejectReason::QuantityRange, vec![9, 10, 11]),
            (RejectReason::Price, vec![3, 4, 5, 6]),
            (RejectReason::Decimals, vec![15]),
            (RejectReason::AmountRange, vec![16, 17]),
            (RejectReason::Negative, vec![21]),
            (RejectReason::NoPieces, vec![20]),
        ]
    );
    assert_eq!(report.sales.value.to_string(), "12.99");
    assert_eq!(
        report.sales_read().value.to_string(),
        "27.99",
        "what lacks an id or a time has a value all the same"
    );
    assert_eq!(report.rejected[&RejectReason::Price].example, "price `NaN`");
}

#[test]
fn a_comma_is_a_decimal_mark_only_where_the_schema_says_so() {
    let schema = basic(&rules(Returns::NotRecorded)).delimiter(';').decimal_mark(DecimalMark::Comma);
    let file = "who;order;when;n;price\nada;1;2024-01-01;1;1,50\nada;1;2024-01-01;1;1.50\nada;1;2024-01-01;1;1.234,50\n";
    let log = read(schema, file).unwrap();
    assert_eq!(rejected(log.report()), [(RejectReason::Price, vec![3, 4])]);
    let point = read(basic(&rules(Returns::NotRecorded)).delimiter(';'), file).unwrap();
    assert_eq!(rejected(point.report()), [(RejectReason::Price, vec![2, 4])]);
}

#[test]
fn more_decimals_are_rounded_half_to_even_where_the_rules_say_so() {
    let rules = LogRules::builder("EUR").rounding(Rounding::HalfEven).build().unwrap();
    let rows = "ada,1,2024-01-01,1,0.00005\nada,1,2024-01-01,1,0.00015\nada,1,2024-01-01,1,0.000051\n";
    let log = read(basic(&rules), format!("who,order,when,n,price\n{rows}")).unwrap();
    assert_eq!(log.report().rows_kept(), 3);
    assert_eq!(log.report().sales.value.to_string(), "0.0003");
}

#[test]
fn another_currency_is_rejected_and_its_amounts_are_not_added() {
    let file = "who,order,when,n,price,cur\nada,1,2024-01-01,1,2,EUR\nada,1,2024-01-01,1,500,JPY\nada,1,2024-01-01,1,7,\n";
    let log = read(basic(&rules(Returns::NotRecorded)).currency_column("cur"), file).unwrap();
    assert_eq!(rejected(log.report()), [(RejectReason::Currency, vec![3, 4])]);
    assert_eq!(log.report().sales_read().value.to_string(), "2.00");
    assert_eq!(log.report().rejected[&RejectReason::Currency].example, "JPY");
}

#[test]
fn returns_are_read_as_the_rules_say() {
    let read_returns = |returns: Returns, values: &[&str]| {
        let rows = values
            .iter()
            .map(|value| format!("ada,1,2024-01-01,4,2.5,{value}\n"))
            .collect::<Vec<_>>()
            .concat();
        let schema = basic(&rules(returns)).returned("back");
        read(schema, format!("who,order,when,n,price,back\n{rows}")).unwrap().report().clone()
    };
    let flags = ["1", "true", "YES", "y", "T", "0", "False", "no", "N", "f", "", "maybe", "2"];
    let report = read_returns(Returns::Flag, &flags);
    assert_eq!((report.returned_lines.lines, report.returned().to_string()), (5, "50.00".to_owned()));
    assert_eq!(rejected(&report), [(RejectReason::Returned, vec![13, 14])]);

    let report = read_returns(Returns::Quantity, &["", "0", "1", "4", "5", "-1", "x", "0.5"]);
    assert_eq!((report.returned_lines.pieces, report.returned().to_string()), (5, "12.50".to_owned()));
    assert_eq!(
        rejected(&report),
        [(RejectReason::Returned, vec![7, 8, 9]), (RejectReason::ReturnedTooMuch, vec![6])]
    );

    let report = read_returns(Returns::Amount, &["", "10", "2.5", "10.01", "-1", "x", "0.00001"]);
    assert_eq!((report.returned_lines.pieces, report.returned().to_string()), (5, "12.50".to_owned()));
    assert_eq!(
        rejected(&report),
        [
            (RejectReason::Returned, vec![6, 7]),
            (RejectReason::Decimals, vec![8]),
            (RejectReason::ReturnedTooMuch, vec![5])
        ]
    );
}

#[test]
fn a_credit_note_larger_than_any_purchase_is_kept_as_posted() {
    let rules = rules(Returns::CreditNotes { prefix: Some("C".into()) });
    let rows =
        "ada,1,2024-01-01,1,10\nada,C1,2024-01-02,-3,10\nada,2,2024-01-02,-1,10\nada,C2,2024-01-02,1,10\n";
    let log = read(basic(&rules), format!("who,order,when,n,price\n{rows}")).unwrap();
    let report = log.report();
    assert_eq!(
        (report.sales.value.to_string(), report.returned().to_string()),
        ("10.00".into(), "30.00".into())
    );
    assert_eq!(report.net().to_string(), "-20.00");
    assert_eq!(
        rejected(report),
        [(RejectReason::Negative, vec![4]), (RejectReason::PositiveCreditNote, vec![5])]
    );
}

#[test]
fn return_times_are_read_where_something_came_back() {
    let rows = "ada,1,2024-01-31,1,10,1,2024-02-01\n\
                ada,2,2024-01-31,1,10,1,\n\
                ada,3,2024-01-31,1,10,0,never\n\
                ada,4,2024-01-31,1,10,1,never\n\
                ada,5,2024-01-31,1,10,1,2024-01-30\n";
    let schema = basic(&rules(Returns::Flag)).returned("back").return_time("back at");
    let log = read(schema, format!("who,order,when,n,price,back,back at\n{rows}")).unwrap();
    assert_eq!(rejected(log.report()), [(RejectReason::Returned, vec![5, 6])]);
    let months = log.reconcile(ReconcileBy::Month).unwrap();
    let returned: Vec<String> = months.rows.iter().map(|row| row.returned.to_string()).collect();
    assert_eq!(returned, ["10.00", "10.00"], "without a time of its own, a return is posted with its line");
}

#[test]
fn undelivered_lines_are_told_by_words_by_dates_or_by_a_value() {
    let undelivered = |mark: Undelivered<'_>, values: &[&str]| {
        let rows =
            values.iter().map(|value| format!("ada,1,2024-01-01,1,2,{value}\n")).collect::<Vec<_>>().concat();
        let schema = basic(&rules(Returns::NotRecorded)).undelivered(mark);
        read(schema, format!("who,order,when,n,price,state\n{rows}"))
    };
    let rows = |log: Result<TransactionLog>| rejected(log.unwrap().report());
    let words = undelivered(Undelivered::Column("state"), &["yes", "No", "0", "1", "f", "2024-01-01"]);
    assert_eq!(rows(words), [(RejectReason::Undelivered, vec![2, 5])]);
    let dates = undelivered(Undelivered::Column("state"), &["2024-01-03", "", " ", "1990-12-31"]);
    assert_eq!(rows(dates), [(RejectReason::Undelivered, vec![3, 4])]);
    let value = undelivered(Undelivered::WhenEquals("state", "lost"), &["lost", "", "no", "Lost"]);
    assert_eq!(rows(value), [(RejectReason::Undelivered, vec![2])]);
    for mixed in [["", "no"], ["yes", ""]] {
        let mixed = undelivered(Undelivered::Column("state"), &mixed);
        assert!(matches!(mixed, Err(Error::AmbiguousFlag { column }) if column == "state"));
    }
}

#[test]
fn an_empty_cost_is_unknown_and_not_nothing() {
    let read_costs = |costs: [&str; 3]| {
        let rows = costs.map(|cost| format!("ada,1,2024-01-01,1,2,{cost}\n")).concat();
        read(
            basic(&rules(Returns::NotRecorded)).unit_cost("cost"),
            format!("who,order,when,n,price,cost\n{rows}"),
        )
        .unwrap()
    };
    let log = read_costs(["0", "", "-1"]);
    assert_eq!(rejected(log.report()), [(RejectReason::UnitCost, vec![4])]);
    assert!(read_costs(["0", "", "1"]) != read_costs(["0", "0", "1"]));
}

#[test]
fn discounts_are_shares_or_amounts_within_the_price() {
    let read_discounts = |discount: SchemaDiscount<'_>, values: &[&str]| {
        let rows =
            values.iter().map(|value| format!("ada,1,2024-01-01,2,5,{value}\n")).collect::<Vec<_>>().concat();
        let schema = basic(&rules(Returns::NotRecorded)).discount(discount);
        read(schema, format!("who,order,when,n,price,off\n{rows}")).unwrap().report().clone()
    };
    let shares =
        read_discounts(SchemaDiscount::Rate("off"), &["", "0.25", "1", "1.01", "-0.1", "10%", "0.1234567"]);
    assert_eq!(shares.discount.to_string(), "12.50");
    assert_eq!(
        rejected(&shares),
        [(RejectReason::Discount, vec![5, 6, 7]), (RejectReason::Decimals, vec![8])]
    );
    let amounts = read_discounts(SchemaDiscount::Amount("off"), &["", "2.5", "10", "10.01", "-1", "x"]);
    assert_eq!(amounts.discount.to_string(), "12.50");
    assert_eq!(rejected(&amounts), [(RejectReason::Discount, vec![5, 6, 7])]);
}

#[test]
fn duplicates_count_unless_the_rules_reject_them() {
    let rows = "ada,1,2024-01-01,1,2\nada,1,2024-01-01,1,3\nada,1,2024-01-01,1,2.00\nada,1,2024-01-01,1,2\n";
    let file = format!("who,order,when,n,price\n{rows}");
    assert_eq!(report_of(rows).sales.value.to_string(), "9.00");
    for strictness in [Strictness::Count, Strictness::Stop] {
        let rules =
            LogRules::builder("EUR").duplicates(Duplicates::Reject).strictness(strictness).build().unwrap();
        let log = read(basic(&rules), &file).unwrap();
        assert_eq!(rejected(log.report()), [(RejectReason::Duplicate, vec![4, 5])]);
        assert_eq!((log.len(), log.report().sales.value.to_string()), (2, "5.00".to_owned()));
        assert_eq!(log.report().sales_read().value.to_string(), "9.00");
    }
}

#[test]
fn strict_mode_stops_at_the_first_bad_row_and_not_at_what_a_rule_sets_aside() {
    let error = |rows: &str| match read(basic(&strict()), format!("who,order,when,n,price\n{rows}")) {
        Err(Error::Rejected { row, reason, detail }) => (row, reason, detail),
        other => panic!("expected a rejected row, found {other:?}"),
    };
    let good = "ada,1,2024-01-01,1,2\n";
    assert_eq!(error(&format!("{good}ada,1,2024-01-01,1,x\n")), (3, RejectReason::Price, "price `x`".into()));
    assert_eq!(error(&format!("{good}{good}ada,1\n")).1, RejectReason::Ragged);
    assert_eq!(
        error(&format!("{good},1,2024-01-01,1,2\n")),
        (3, RejectReason::MissingCustomer, "empty".into())
    );

    let rules =
        LogRules::builder("EUR").strictness(Strictness::Stop).exclude_products(["POST"]).build().unwrap();
    let file =
        "who,order,when,n,price,what\nada,1,2024-01-01,1,about four,POST\nada,1,2024-01-01,1,4,dress\n";
    let log = read(basic(&rules).product("what"), file).unwrap();
    assert_eq!(rejected(log.report()), [(RejectReason::ExcludedProduct, vec![2])]);
}

#[test]
fn ids_are_text_unless_they_are_declared_numbers() {
    let rows = "017,1,2024-01-01,1,2\n17,1,2024-01-01,1,2\n x7,1,2024-01-01,1,2\n";
    let file = format!("who,order,when,n,price\n{rows}");
    let text = read(basic(&rules(Returns::NotRecorded)), &file).unwrap();
    let IdColumn::Texts(ids) = text.customers() else { panic!("text ids") };
    assert_eq!(ids.iter().flatten().collect::<Vec<_>>(), ["017", "17", "x7"]);
    let numbers = read(basic(&rules(Returns::NotRecorded)).customer_ids(IdKind::Number), &file).unwrap();
    assert_eq!(*numbers.customers(), IdColumn::Numbers(vec![17, 17]));
    assert_eq!(rejected(numbers.report()), [(RejectReason::MissingCustomer, vec![4])]);
    assert_eq!(CustomerId::from("017").to_string(), "017");
}

#[test]
fn orders_need_no_column_where_the_rules_tell_them() {
    let rules = LogRules::builder("EUR").orders(OrderIdentity::CustomerAndDay).build().unwrap();
    let schema = Schema::builder(&rules, "who", "when", SchemaPrice::Line("price"));
    let log = read(schema, "who,when,price\nada,2024-01-01 10:00,2\nada,2024-01-01 20:00,3\n").unwrap();
    assert_eq!(log.len(), 2);
}

/// Gives a file a few bytes at a time, as a network does.
struct Trickle<'a>(&'a [u8]);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.0.len().min(buffer.len()).min(1 + self.0.len() % 3);
        let (now, later) = self.0.split_at(length);
        buffer[..length].copy_from_slice(now);
        self.0 = later;
        Ok(length)
    }
}

#[test]
fn a_reader_that_gives_little_at_a_time_makes_the_same_log() {
    let file =
        "\u{feff}who,order,when,n,price\r\nZoë,1,2024-01-01,1,2\r\n\"Ada\r\n\",2,2024-01-01,1,2\r\nben,x\r\n";
    let schema = basic(&rules(Returns::NotRecorded)).build().unwrap();
    let whole = TransactionLog::from_csv_reader(file.as_bytes(), &schema).unwrap();
    assert_eq!((whole.len(), rejected(whole.report())), (2, vec![(RejectReason::Ragged, vec![5])]));
    assert!(TransactionLog::from_csv_reader(Trickle(file.as_bytes()), &schema).unwrap() == whole);
    assert!(TransactionLog::from_csv_reader(Trickle(&gzip(file.as_bytes())), &schema).unwrap() == whole);
}

#[test]
fn progress_is_told_and_can_stop_the_reading() {
    let rows = (0..40_000).map(|n| format!("c{},o{n},2024-01-01,1,1\n", n % 10)).collect::<Vec<_>>().concat();
    let file = format!("who,order,when,n,price\n{rows}");
    let path = std::env::temp_dir().join(format!("kohort-progress-{}.csv", std::process::id()));
    std::fs::write(&path, &file).unwrap();
    let schema = basic(&rules(Returns::NotRecorded)).build().unwrap();
    let mut seen = Vec::new();
    let log = TransactionLog::from_csv_path_with(&path, &schema, &mut |progress| {
        seen.push(progress);
        ControlFlow::Continue(())
    });
    let stopped = TransactionLog::from_csv_path_with(&path, &schema, &mut |_| ControlFlow::Break(()));
    std::fs::remove_file(&path).unwrap();
    assert_eq!(log.unwrap().len(), 40_000);
    assert!(matches!(stopped, Err(Error::Cancelled { stage: "reading order lines" })));
    assert!(
        seen.len() >= 3
            && seen.windows(2).all(|pair| pair[0].rows < pair[1].rows && pair[0].bytes <= pair[1].bytes)
    );
    let last = seen.last().unwrap();
    assert_eq!(
        (last.rows, last.bytes, last.total_bytes),
        (40_000, file.len() as u64, Some(file.len() as u64))
    );
}
