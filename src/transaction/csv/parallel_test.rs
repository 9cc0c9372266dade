//! Reading in blocks is reading: whatever a file holds, any block size and any number of threads give the log, the
//! report or the error that reading it record by record gives.

use std::io::Write as _;
use std::ops::ControlFlow;

use ::csv::ByteRecord;
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use crate::error::{Error, Result};
use crate::transaction::builder::LogBuilder;
use crate::transaction::csv::decode::{Decoder, Row};
use crate::transaction::csv::header::Columns;
use crate::transaction::csv::parallel;
use crate::transaction::csv::read::Records;
use crate::transaction::csv::source::Source;
use crate::transaction::line::RejectReason;
use crate::transaction::*;

/// Reads a file record by record, each handed to the door for rows.
fn one_by_one(file: &[u8], schema: &Schema) -> Result<TransactionLog> {
    let source = Source::open(file, "the file", schema.encoding)?;
    let failures = source.failures.clone();
    let mut records = Records::new(source, schema.delimiter);
    let mut record = ByteRecord::new();
    if records.next(&mut record)?.is_none() {
        let hint = "not even a header line was found; check the path and the export";
        return Err(Error::Empty { what: "the CSV file", hint });
    }
    let columns = Columns::find(&record, schema, &failures)?;
    let mut builder = LogBuilder::new(&schema.rules, schema.customer_ids, schema.order_ids);
    builder.declare(&columns.has());
    let mut decoder = Decoder::new(schema, &columns);
    while let Some(line) = records.next(&mut record)? {
        if record.len() != columns.width() {
            let (found, width) = (record.len(), columns.width());
            let detail = || format!("{found} fields where the header has {width}");
            builder.reject_unread(line, RejectReason::Ragged, detail)?;
            continue;
        }
        let pushed = match decoder.row(&record, line) {
            Row::Fields(row) => builder.push_raw(&row),
            Row::BadBytes(column) => {
                builder.reject_unread(line, RejectReason::Encoding, || format!("column `{column}`"))
            }
        };
        if let (Some(_), Some((column, _))) = (decoder.undelivered.seen.unclear_from(), &schema.undelivered) {
            return Err(Error::AmbiguousFlag { column: column.clone() });
        }
        pushed?;
    }
    builder.build()
}

fn in_blocks(file: &[u8], schema: &Schema, block: usize) -> Result<TransactionLog> {
    parallel::read(file, "the file", None, schema, block, &mut |_| ControlFlow::Continue(()))
}

/// Reads a file both ways and compares; gives what came of it.
fn check(file: &[u8], schema: &Schema, blocks: &[usize]) -> Result<TransactionLog> {
    let expected = one_by_one(file, schema);
    for block in blocks {
        let found = in_blocks(file, schema, *block);
        match (&expected, found) {
            (Ok(expected), Ok(found)) => {
                assert_eq!(expected.report, found.report, "blocks of {block}");
                assert!(*expected == found, "blocks of {block}");
            }
            (Err(expected), Err(found)) => assert_eq!(format!("{expected:?}"), format!("{found:?}")),
            (expected, found) => panic!("{expected:?} one by one, {found:?} in blocks of {block}"),
        }
    }
    expected
}

/// A field that is written somehow: plain, quoted, with blanks around, or wrongly.
fn field(values: &'static [&'static str]) -> impl Strategy<Value = String> {
    (prop::sample::select(values), 0..40_u8).prop_map(|(value, style)| match style {
        0..25 => value.to_owned(),
        25..33 => format!("\"{value}\""),
        33 => format!(" {value}\t"),
        34 => format!("\" {value} \""),
        35 => format!("\"{value}\n{value}\""),
        36 => format!("\"{value}\"\"{value}, ;\r\n\""),
        37 => format!("{value}\"{value}"),
        38 => format!("\"{value}\"{value}"),
        _ => format!(" \"{value}\""),
    })
}

/// A row of a file by the header below.
fn row() -> impl Strategy<Value = Vec<String>> {
    let ids = (
        field(&[
            "ada",
            "17",
            "18446744073709551615",
            "Zoë",
            "",
            "a customer with a long name",
            "017",
            "ben",
            "ben",
        ]),
        field(&["1", "2", "3", "C3", "A5", "", "900000001", "18446744073709551616", "2"]),
    );
    let times = (
        field(&[
            "2024-01-31",
            "2024-03-31 02:30",
            "2024-10-27T02:30:00",
            "2024-02-30",
            "1706740200",
            "never",
            "",
            "2024-01-01T10:00:00Z",
            "2024-06-01 12:00:59",
            "2024-06-01 23:00",
            "9999-12-31",
        ]),
        field(&["", "2024-11-01", "2024-01-01", "1806740200", "later"]),
    );
    let prices = [
        "0",
        "1",
        "2.5",
        "19.99",
        "12345.6789",
        "0,5",
        "-3",
        "1e5",
        "100000000001",
        "0.12345",
        "",
        "7.",
        ".5",
    ];
    let shares = ["0", "0.1", "1", "0.333333", "1.5", "", "-0.5", "0,25", "0.0000001"];
    let numbers = (
        field(&["1", "2", "3", "-1", "0", "2.0", "1.5", "", "3000000000", "+4"]),
        field(Box::leak(Box::new(prices))),
        field(Box::leak(Box::new(shares))),
        field(&["1", "", "0.99", "-1", "x", "123456789.12"]),
        field(&["0", "1", "", "2", "yes", "N", "0.5", "maybe"]),
    );
    let texts = (
        field(&["lost", "", "no", "2024-01-02", "lost"]),
        field(&["dress", "POST", "gift 1", "", "a very long name of a coat", "Größe"]),
        field(&["DE", "FR", "", "日本"]),
        field(&["EUR", "EUR", "EUR", "EUR", "EUR", "USD", ""]),
        field(&["", "a \u{a3} note", "x"]),
    );
    (ids, times, numbers, texts).prop_map(|(ids, times, numbers, texts)| {
        let (n, price, off, cost, back) = numbers;
        let (lost, what, to, cur, note) = texts;
        vec![ids.0, ids.1, times.0, n, price, off, cost, back, times.1, lost, what, to, cur, note]
    })
}

const HEADER: &str = "who,order,when,n,price,off,cost,back,back_at,lost,what,to,cur,note";

/// A file: rows of which some are ragged, with any line ends and blank lines between them.
fn file() -> impl Strategy<Value = (Vec<Vec<String>>, Vec<u8>, bool)> {
    (prop::collection::vec(row(), 0..60), prop::collection::vec(any::<u8>(), 61), any::<bool>())
}

/// How a file is written and what its columns mean.
fn setting() -> impl Strategy<Value = (Schema, char)> {
    let returns = prop::sample::select(vec![
        Returns::NotRecorded,
        Returns::Flag,
        Returns::Quantity,
        Returns::Amount,
        Returns::CreditNotes { prefix: None },
        Returns::CreditNotes { prefix: Some("C".into()) },
    ]);
    let orders = prop::sample::select(vec![
        OrderIdentity::Column,
        OrderIdentity::Column,
        OrderIdentity::CustomerAndDay,
        OrderIdentity::EachLine,
    ]);
    let time = prop::sample::select(vec![
        TimeFormat::Iso,
        TimeFormat::Iso,
        TimeFormat::UnixSeconds,
        TimeFormat::Pattern("%Y-%m-%d".into()),
    ]);
    let zone = prop::sample::select(vec!["UTC", "Europe/Berlin", "America/New_York"]);
    let delimiter = prop::sample::select(vec![',', ';', '\t', '|', '.', '-', ' ']);
    (returns, orders, time, zone, delimiter, any::<[bool; 16]>()).prop_map(
        |(returns, orders, time, zone, delimiter, coin)| {
            let prefixed = matches!(returns, Returns::CreditNotes { prefix: Some(_) });
            let on_lines = matches!(returns, Returns::Flag | Returns::Quantity | Returns::Amount);
            let orders = if prefixed { OrderIdentity::Column } else { orders };
            let mut rules =
                LogRules::builder("EUR").returns(returns).orders(orders).zone(Zone::named(zone).unwrap());
            if coin[0] {
                rules = rules.exclude_products(["POST", "gift*"]).exclude_orders(["A"]);
            }
            if coin[1] {
                rules = rules.duplicates(Duplicates::Reject);
            }
            if coin[2] {
                rules = rules.rounding(Rounding::HalfEven).free_lines(FreeLines::Exclude);
            }
            // Not every file may stop at its first rows.
            if coin[3] && coin[4] {
                rules = rules.strictness(Strictness::Stop);
            }
            let price = if coin[5] { SchemaPrice::Unit("price") } else { SchemaPrice::Line("price") };
            let kind = |number: bool| if number { IdKind::Number } else { IdKind::Text };
            let mut schema = Schema::builder(&rules.build().unwrap(), "who", "when", price)
                .customer_ids(kind(coin[6]))
                .order("order")
                .order_ids(kind(coin[7] && !prefixed))
                .time_format(time)
                .delimiter(delimiter)
                .decimal_mark(if coin[8] { DecimalMark::Comma } else { DecimalMark::Point })
                .encoding(if coin[9] { Encoding::Windows1252 } else { Encoding::Utf8 })
                .product("what")
                .country("to");
            if coin[10] {
                schema = schema.quantity("n").unit_cost("cost");
            }
            if coin[11] {
                schema = schema.discount(if coin[12] {
                    SchemaDiscount::Rate("off")
                } else {
                    SchemaDiscount::Amount("off")
                });
            }
            if on_lines {
                schema = schema.returned("back");
                if coin[13] {
                    schema = schema.return_time("back_at");
                }
            }
            if coin[14] {
                let mark = if coin[4] {
                    Undelivered::Column("lost")
                } else {
                    Undelivered::WhenEquals("lost", "lost")
                };
                schema = schema.undelivered(mark);
            }
            if coin[15] {
                schema = schema.currency_column("cur");
            }
            (schema.build().unwrap(), delimiter)
        },
    )
}

/// The bytes of a file. Each row has a byte of chance.
fn written(rows: &[Vec<String>], chance: &[u8], crlf: bool, delimiter: char, encoding: Encoding) -> Vec<u8> {
    let between = delimiter.to_string();
    let mut file = HEADER.replace(',', &between).into_bytes();
    let line_end: &[u8] = if crlf { b"\r\n" } else { b"\n" };
    file.extend_from_slice(line_end);
    for (row, chance) in rows.iter().zip(chance) {
        let mut fields = row.clone();
        match chance {
            0..6 => drop(fields.pop()),
            6..10 => fields.push("more".into()),
            _ => {}
        }
        let text = fields.join(&between);
        match encoding {
            Encoding::Utf8 => file.extend_from_slice(text.as_bytes()),
            Encoding::Windows1252 => file.extend_from_slice(&encoding_rs::WINDOWS_1252.encode(&text).0),
        }
        match chance {
            20..25 => file.extend_from_slice(b"\n\n\r\n \n\"\"\n"),
            25..30 => file.extend_from_slice(b"\xff\n"),
            30..32 => file.extend_from_slice(b"\x81\n"),
            32..50 => file.extend_from_slice(b"\n"),
            _ => file.extend_from_slice(line_end),
        }
    }
    match chance.last() {
        Some(0..60) => {
            file.pop();
        }
        Some(60..80) => file.extend_from_slice(b"\n\n\"open, \n and never closed\n1,2\n"),
        _ => {}
    }
    file
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn blocks_of_any_size_give_the_same_log((rows, chance, crlf) in file(), (schema, delimiter) in setting()) {
        let file = written(&rows, &chance, crlf, delimiter, schema.encoding);
        let _ = check(&file, &schema, &[1, 100, 1_000, 1 << 18]);
    }

    #[test]
    fn any_mixture_of_pieces_is_read_alike(
        pieces in prop::collection::vec(prop::sample::select(
            &[",", ",", ",", "\"", "\"\"", "\n", "\r\n", "\r", " ", "ada", "1", "2024-01-01", "2.5", "no", "é", "\u{feff}"][..],
        ), 0..150),
        whole in any::<bool>(),
    ) {
        let rules = LogRules::builder("EUR").build().unwrap();
        let schema = Schema::builder(&rules, "who", "when", SchemaPrice::Unit("price")).order("order");
        let schema = schema.undelivered(Undelivered::Column("lost")).build().unwrap();
        let header = if whole { "who,order,when,price,lost\n" } else { "" };
        let _ = check(format!("{header}{}", pieces.concat()).as_bytes(), &schema, &[1, 5, 30]);
    }
}

/// Rows of orders, enough for dozens of small blocks, with a few that are not plain.
fn many_rows() -> String {
    let row = |n: usize| match n % 97 {
        13 => format!("\"c{}\",\"o\n{n}\",2024-01-01,1,1.5\n", n % 31),
        41 => format!("c{},o{n},2024-01-01,1,bad\n", n % 31),
        _ => format!(
            "c{},o{},2024-01-{:02} 10:{:02},{},{}.{:02}\n",
            n % 1_003,
            n / 3,
            n % 28 + 1,
            n % 60,
            n % 5 + 1,
            n % 90,
            n % 100
        ),
    };
    format!("who,order,when,n,price\n{}", (0..20_000).map(row).collect::<Vec<_>>().concat())
}

fn basic() -> SchemaBuilder {
    let rules = LogRules::builder("EUR").build().unwrap();
    Schema::builder(&rules, "who", "when", SchemaPrice::Unit("price")).order("order").quantity("n")
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let (file, schema) = (many_rows(), basic().build().unwrap());
    let expected = one_by_one(file.as_bytes(), &schema).unwrap();
    assert!(expected.report.rows_rejected() > 200);
    for threads in [1, 2, 3, 8] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert!(
            pool.install(|| in_blocks(file.as_bytes(), &schema, 10_007)).unwrap() == expected,
            "{threads} threads"
        );
    }
}

#[test]
fn a_compressed_file_is_cut_into_blocks_alike_and_one_that_is_cut_off_is_told_as_before() {
    let (file, schema) = (many_rows(), basic().build().unwrap());
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(file.as_bytes()).unwrap();
    let whole = encoder.finish().unwrap();
    assert!(check(&whole, &schema, &[1_000, 1 << 18]).unwrap().len() > 19_000);
    for length in [12, whole.len() / 3, whole.len() - 4] {
        assert!(check(&whole[..length], &schema, &[1_000, 1 << 18]).is_err());
    }
    let mut damaged = whole.clone();
    let last = damaged.len() - 6;
    damaged[last] ^= 0x55;
    assert!(check(&damaged, &schema, &[1_000]).unwrap_err().to_string().contains("damaged"));
}

#[test]
fn a_quote_that_is_never_closed_is_told_by_the_line_of_its_record() {
    let file = format!("{}\n\nc1,o1,\"2024-01-01,1,1\nc2,o2,2024-01-01,1,1\n", many_rows());
    let lines = many_rows().lines().count();
    let error = check(file.as_bytes(), &basic().build().unwrap(), &[50, 5_000, 1 << 18]).unwrap_err();
    let expected = format!("a quote in the record that begins on line {} is never closed", lines + 3);
    assert!(matches!(error, Error::File { problem, .. } if problem == expected));
}

#[test]
fn strict_mode_names_the_first_rejected_row_of_all_blocks() {
    let rules = LogRules::builder("EUR").strictness(Strictness::Stop).build().unwrap();
    let schema =
        Schema::builder(&rules, "who", "when", SchemaPrice::Unit("price")).order("order").quantity("n");
    let error = check(many_rows().as_bytes(), &schema.build().unwrap(), &[30, 1_000, 1 << 18]).unwrap_err();
    // Row 41 of the rows, one of which before it takes two lines, and the header.
    assert!(matches!(error, Error::Rejected { row: 44, reason: RejectReason::Price, .. }), "{error}");
}

#[test]
fn a_flag_that_turns_unclear_in_a_later_block_is_an_error() {
    let rules = LogRules::builder("EUR").build().unwrap();
    let schema = Schema::builder(&rules, "who", "when", SchemaPrice::Unit("price"))
        .order("order")
        .undelivered(Undelivered::Column("lost"))
        .build()
        .unwrap();
    let rows = |mark: &str| format!("ada,1,2024-01-01,1,{mark}\n").repeat(50);
    for (first, second) in [("yes", ""), ("", "no")] {
        let file = format!("who,order,when,price,lost\n{}{}", rows(first), rows(second));
        let error = check(file.as_bytes(), &schema, &[40, 300]).unwrap_err();
        assert!(matches!(error, Error::AmbiguousFlag { column } if column == "lost"));
    }
}

#[test]
fn a_file_without_a_final_line_end_or_with_nothing_but_a_header_is_read_in_small_blocks() {
    let schema = basic().build().unwrap();
    for (file, rows) in [
        ("who,order,when,n,price", 0),
        ("\n \nwho,order,when,n,price\n\n", 0),
        ("who,order,when,n,price\nada,1,2024-01-01,1,1\nada,2,2024-01-01,1,\"2\"", 2),
        ("\"who\",\"order\",\"when\",\"n\",\"pri\"\"ce\",price\r\nada,2,2024-01-01,1,x,2\r\n", 1),
    ] {
        assert_eq!(check(file.as_bytes(), &schema, &[1, 10, 1 << 18]).unwrap().len(), rows, "{file}");
    }
    assert!(matches!(check(b"\n\n", &schema, &[1, 10]), Err(Error::Empty { .. })));
}

#[test]
fn neither_a_blank_as_delimiter_nor_a_second_mark_of_the_encoding_confuses() {
    let spaced = basic().delimiter(' ').build().unwrap();
    let file = "who order when n price\nada 1 2024-01-01 1 1\n\"ada b\" 2 2024-01-01 1 x\n";
    let log = check(file.as_bytes(), &spaced, &[1, 20, 1 << 18]).unwrap();
    assert_eq!((log.report.rows_read, log.len()), (2, 1));
    let marked = "\u{feff}\u{feff}who,order,when,n,price\n";
    let error = check(marked.as_bytes(), &basic().build().unwrap(), &[1, 1 << 18]).unwrap_err();
    assert!(matches!(error, Error::UnknownColumn { column, .. } if column == "who"));
    let row = "who,order,when,n,price\n\u{feff}ada,1,2024-01-01,1,\"1\"\"\"\n";
    let log = check(row.as_bytes(), &basic().build().unwrap(), &[1, 1 << 18]).unwrap();
    assert_eq!(log.report.rows_rejected(), 1);
}

#[test]
fn progress_is_told_block_by_block_and_can_stop_the_reading_between_them() {
    let (file, schema) = (many_rows(), basic().build().unwrap());
    let mut told = Vec::new();
    let mut progress = |progress: ReadProgress| {
        told.push(progress.rows);
        if told.len() == 5 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let stopped = parallel::read(file.as_bytes(), "the file", None, &schema, 4_000, &mut progress);
    assert!(matches!(stopped, Err(Error::Cancelled { stage: "reading order lines" })));
    assert!(told.len() == 5 && told.windows(2).all(|pair| pair[0] < pair[1]), "{told:?}");
}
