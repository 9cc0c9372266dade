//! Any bytes at all, read as a file of order lines: a log whose report adds up, or an error; never a panic.

use kohort::transaction::{SchemaPrice, Undelivered};
use kohort::{DecimalMark, Encoding, Feature, FeatureExtractor, LogRules, Returns, Schema, TransactionLog};
use proptest::prelude::*;

const HEADER: &str = "who,order,when,n,price,off,back,lost,to\n";

/// Pieces that files are made of, whole ones and broken ones.
const PIECES: [&str; 26] = [
    "ada",
    "C1",
    "2024-01-01",
    "2024-02-30",
    "9999-12-31",
    "-0001-01-01",
    "1",
    "-1",
    "0",
    "1e300",
    "NaN",
    "99999999999",
    "0.00001",
    "-9223372036854775808",
    ",",
    ",",
    ",",
    ",",
    "\"",
    "\"\"",
    "\n",
    "\r\n",
    "\r",
    "yes",
    "\u{feff}",
    "é",
];

fn read(
    file: &[u8],
    returns: Returns,
    encoding: Encoding,
    mark: DecimalMark,
) -> kohort::Result<TransactionLog> {
    let on_lines = matches!(returns, Returns::Flag | Returns::Quantity | Returns::Amount);
    let rules = LogRules::builder("EUR").returns(returns).build()?;
    let mut schema = Schema::builder(&rules, "who", "when", SchemaPrice::Unit("price"))
        .order("order")
        .quantity("n")
        .country("to")
        .undelivered(Undelivered::WhenEquals("lost", "yes"))
        .encoding(encoding)
        .decimal_mark(mark);
    if on_lines {
        schema = schema.returned("back");
    }
    TransactionLog::from_csv_reader(file, &schema.build()?)
}

fn settings() -> impl Strategy<Value = (Returns, Encoding, DecimalMark)> {
    let returns = prop::sample::select(vec![
        Returns::NotRecorded,
        Returns::Flag,
        Returns::Quantity,
        Returns::Amount,
        Returns::CreditNotes { prefix: Some("C".into()) },
        Returns::CreditNotes { prefix: None },
    ]);
    let encoding = prop::sample::select(vec![Encoding::Utf8, Encoding::Windows1252]);
    let mark = prop::sample::select(vec![DecimalMark::Point, DecimalMark::Comma]);
    (returns, encoding, mark)
}

/// What holds of a file whose header is right, whatever follows.
fn check(file: &[u8], (returns, encoding, mark): (Returns, Encoding, DecimalMark)) {
    let Ok(log) = read(file, returns, encoding, mark) else { return };
    let report = log.report();
    assert!(report.balances() && report.rows_kept() == log.len() as u64, "{report}");
    let Ok(as_of) = log.as_of_end() else { return };
    let table = FeatureExtractor::builder(as_of).build().unwrap().extract(&log);
    if let Ok(table) = table {
        let gross: kohort::MoneyTotal = table.money(Feature::Gross).unwrap().iter().copied().sum();
        assert_eq!(gross, report.sales.value);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_bytes_after_a_header_make_a_log_or_an_error(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        settings in settings(),
        with_header: bool,
    ) {
        let header = if with_header { HEADER.as_bytes() } else { b"" };
        check(&[header, &bytes[..]].concat(), settings);
    }

    #[test]
    fn any_mixture_of_pieces_makes_a_log_or_an_error(
        pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..120),
        settings in settings(),
    ) {
        check(format!("{HEADER}{}", pieces.concat()).as_bytes(), settings);
    }

    #[test]
    fn one_damaged_byte_spoils_no_more_than_its_neighbours(place in 0_usize..1_000, byte: u8, settings in settings()) {
        let rows: Vec<String> = (0..40).map(|n| format!("c{n},{n},2024-01-01,1,2.50,0,0,,DE\n")).collect();
        let rows = rows.concat();
        let mut file = format!("{HEADER}{rows}").into_bytes();
        let place = HEADER.len() + place % rows.len();
        file[place] = byte;
        let log = read(&file, settings.0.clone(), settings.1, DecimalMark::Point);
        // A quote that is never closed takes the rest of the file into one field, which is an error of the file.
        if byte == b'"' {
            check(&file, settings);
        } else {
            prop_assert!(log.unwrap().len() >= 38);
        }
    }
}
