//! CSV files of events: the same rows as from memory, whatever the file is wrapped in, and never a panic.

use std::io::Write;
use std::ops::ControlFlow;

use flate2::Compression;
use flate2::write::GzEncoder;
use kohort::events::{EventAttribute, EventKind, EventRules, EventSchema, EventSchemaBuilder, SchemaKind};
use kohort::transaction::{RejectReason, Strictness, TimeFormat};
use kohort::{DecimalMark, Encoding, Error, Event, EventLog, IdKind, Money, Zone};
use proptest::prelude::*;

fn schema(rules: &EventRules) -> EventSchemaBuilder {
    EventSchema::builder(rules, "who", "when", SchemaKind::Column("what"))
        .channel("how")
        .campaign("why")
        .value("worth")
}

fn rules() -> EventRules {
    EventRules::builder().kind("email_open", EventKind::Opened).build().unwrap()
}

const FILE: &str = "\
who,when,unused,what,how,why,worth
ada,2024-03-01 09:30,x,sent,email,\"spring, early\",
ada,2024-03-01T19:05:00Z,x,email_open,email,\"spring, early\",1.25

ben,yesterday,x,sent,email,,
 ,2024-03-01,x,sent,sms,,3
ben,2024-03-02,x,,sms,,
ben,2024-03-02,x,visited,,,1.00001
ben,2024-03-02,x,visited,,,abc
ben,2024-03-02,x,visited
Zoé,2024-03-02,x,Clicked,\"two
lines\",,-2
";

fn expected() -> EventLog {
    let day = |text: &str| TimeFormat::Iso.parse(text, &Zone::utc()).unwrap();
    let mut builder = EventLog::builder(&rules(), IdKind::Text);
    let mut push = |customer: &str, time: i64, kind: &str, channel: &str, campaign: &str, value: &str| {
        let mut event = Event::new(customer, time, kind);
        event.channel = Some(channel.into());
        event.campaign = Some(campaign.into());
        event.value = Money::parse(value).ok();
        builder.push(event).unwrap();
    };
    push("ada", day("2024-03-01 09:30"), "sent", "email", "spring, early", "");
    push("ada", day("2024-03-01 19:05"), "opened", "email", "spring, early", "1.25");
    push("Zoé", day("2024-03-02"), "clicked", "two\nlines", "", "-2");
    builder.build().unwrap()
}

fn assert_same(log: &EventLog, other: &EventLog) {
    assert_eq!(log.times(), other.times());
    assert_eq!((log.customers(), log.kinds()), (other.customers(), other.kinds()));
    for attribute in EventAttribute::ALL {
        assert_eq!(log.attribute(attribute), other.attribute(attribute), "{attribute}");
    }
    let values = |log: &EventLog| (0..log.len()).map(|row| log.value(row)).collect::<Vec<_>>();
    assert_eq!(values(log), values(other));
    assert_eq!(log.report().kept, other.report().kept);
}

#[test]
fn a_file_gives_the_log_of_its_rows_and_counts_the_others_by_line() {
    let log = EventLog::from_csv_reader(FILE.as_bytes(), &schema(&rules()).build().unwrap()).unwrap();
    assert_same(&log, &expected());
    let rejected = log.report().rejected.iter();
    let rejected: Vec<(RejectReason, &[u64], &str)> =
        rejected.map(|(reason, r)| (*reason, &r.first_rows[..], r.example.as_str())).collect();
    assert_eq!(
        rejected,
        [
            (RejectReason::Ragged, &[10][..], "4 fields where the header has 7"),
            (RejectReason::MissingCustomer, &[6], "empty"),
            (RejectReason::MissingKind, &[7], "empty"),
            (RejectReason::Time, &[5], "`yesterday`"),
            (RejectReason::Value, &[9], "value `abc`"),
            (RejectReason::Decimals, &[8], "value `1.00001`"),
        ]
    );
    assert!(log.report().balances() && log.report().rows_read == 9);
}

#[test]
fn gzip_marks_line_ends_and_code_pages_change_nothing() {
    let schema_of = |encoding| schema(&rules()).encoding(encoding).build().unwrap();
    let plain = EventLog::from_csv_reader(FILE.as_bytes(), &schema_of(Encoding::Utf8)).unwrap();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(FILE.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    let marked = format!("\u{feff}{FILE}");
    let western: Vec<u8> = FILE.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap()).collect();
    for (bytes, encoding) in [
        (gzip.clone(), Encoding::Utf8),
        (marked.into_bytes(), Encoding::Utf8),
        (western.clone(), Encoding::Windows1252),
    ] {
        assert!(EventLog::from_csv_reader(&bytes[..], &schema_of(encoding)).unwrap() == plain);
    }
    let crlf = FILE.replace('\n', "\r\n").replace("two\r\nlines", "two\nlines");
    assert!(EventLog::from_csv_reader(crlf.as_bytes(), &schema_of(Encoding::Utf8)).unwrap() == plain);
    // Western bytes are no UTF-8: that row is counted.
    let log = EventLog::from_csv_reader(&western[..], &schema_of(Encoding::Utf8)).unwrap();
    assert_eq!(log.report().rejected[&RejectReason::Encoding].example, "column `who`");
    let cut = EventLog::from_csv_reader(&gzip[..gzip.len() / 2], &schema_of(Encoding::Utf8));
    assert!(matches!(cut.unwrap_err(), Error::File { .. }));
}

#[test]
fn a_file_of_one_kind_needs_no_column_for_it() {
    let file = "id;zeit;wert\n017;01.03.2024 10:00;1,5\n17;02.03.2024 11:00;\nx;02.03.2024 11:00;\n";
    let berlin = EventRules::builder().zone(Zone::named("Europe/Berlin").unwrap()).build().unwrap();
    let schema = EventSchema::builder(&berlin, "id", "zeit", SchemaKind::Always("Clicked"))
        .customer_ids(IdKind::Number)
        .value("wert")
        .delimiter(';')
        .decimal_mark(DecimalMark::Comma)
        .time_format(TimeFormat::Pattern("%d.%m.%Y %H:%M".into()))
        .build()
        .unwrap();
    let log = EventLog::from_csv_reader(file.as_bytes(), &schema).unwrap();
    assert_eq!(log.kinds().iter().flatten().collect::<Vec<_>>(), ["clicked", "clicked"]);
    assert_eq!(log.times()[0], TimeFormat::Iso.parse("2024-03-01 09:00", &Zone::utc()).unwrap());
    assert_eq!(log.value(0), Some(Money::parse("1.5").unwrap()));
    assert_eq!(log.report().rejected[&RejectReason::MissingCustomer].first_rows, [4]);
}

#[test]
fn broken_files_are_errors_that_say_what_to_do() {
    let schema = |strictness| {
        let rules = EventRules::builder().strictness(strictness).build().unwrap();
        schema(&rules).build().unwrap()
    };
    let read = |file: &str| EventLog::from_csv_reader(file.as_bytes(), &schema(Strictness::Count));
    match read(&FILE.replace("what", "whate")).unwrap_err() {
        Error::UnknownColumn { column, nearest, .. } => {
            assert_eq!((column.as_str(), nearest.as_deref()), ("what", Some("whate")));
        }
        other => panic!("{other}"),
    }
    assert!(matches!(read("").unwrap_err(), Error::Empty { .. }));
    assert!(matches!(read(&FILE.replace("unused", "who")).unwrap_err(), Error::File { .. }));
    assert!(matches!(read(&format!("{FILE}\"ada,")).unwrap_err(), Error::File { .. }));
    let header = read("who,when,what,how,why,worth").unwrap();
    assert!(header.is_empty() && header.attribute(EventAttribute::Channel).is_some());
    match EventLog::from_csv_reader(FILE.as_bytes(), &schema(Strictness::Stop)).unwrap_err() {
        Error::Rejected { row: 5, reason: RejectReason::Time, .. } => {}
        other => panic!("{other}"),
    }
    assert!(matches!(
        EventLog::from_csv_path("there/is/no/such.csv", &schema(Strictness::Count)).unwrap_err(),
        Error::Io { .. }
    ));
}

#[test]
fn progress_is_told_and_can_stop() {
    let rows = "ada,2024-03-01,sent,email,,\n".repeat(40_000);
    let file = format!("who,when,what,how,why,worth\n{rows}");
    let schema = schema(&rules()).build().unwrap();
    let mut told = Vec::new();
    let log = EventLog::from_csv_reader_with(file.as_bytes(), &schema, &mut |progress| {
        told.push(progress.rows);
        ControlFlow::Continue(())
    });
    assert_eq!(log.unwrap().len(), 40_000);
    assert!(told.len() > 2 && told.last() == Some(&40_000), "{told:?}");
    let stopped = EventLog::from_csv_reader_with(file.as_bytes(), &schema, &mut |_| ControlFlow::Break(()));
    assert!(matches!(stopped.unwrap_err(), Error::Cancelled { stage: "reading events" }));
}

/// Pieces that files are made of, whole ones and broken ones.
const PIECES: [&str; 19] = [
    "ada",
    "2024-01-01",
    "2024-02-30",
    "9999-12-31",
    "sent",
    "email_open",
    "1",
    "-1",
    "1e300",
    "NaN",
    "0.00001",
    "99999999999999",
    ",",
    ",",
    ",",
    "\"",
    "\n",
    "\r\n",
    "é",
];

proptest! {
    #[test]
    fn any_bytes_after_a_header_make_a_log_or_an_error(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..120),
        western: bool,
        broken: bool,
    ) {
        let encoding = if western { Encoding::Windows1252 } else { Encoding::Utf8 };
        let schema = schema(&rules()).encoding(encoding).build().unwrap();
        let rest = if broken { bytes } else { pieces.concat().into_bytes() };
        let file = [b"who,when,what,how,why,worth\n", &rest[..]].concat();
        if let Ok(log) = EventLog::from_csv_reader(&file[..], &schema) {
            prop_assert!(log.report().balances() && log.report().rows_kept() == log.len() as u64);
        }
    }
}
