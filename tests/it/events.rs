//! Event logs: every door decides alike, every row is accounted for, and customers can be forgotten.

use kohort::events::{EventAttribute, EventColumns, EventKind, EventLogBuilder, EventRules, ValueColumn};
use kohort::transaction::{Duplicates, IdColumn, RejectReason, Rounding, Strictness};
use kohort::{AsOf, Category, CustomerId, Error, Event, EventLog, IdKind, Money, Zone};
use proptest::prelude::*;

/// One row, as text wherever text can hold dirt.
#[derive(Clone, Debug)]
struct Row {
    customer: &'static str,
    time: i64,
    kind: &'static str,
    channel: &'static str,
    campaign: &'static str,
    value: &'static str,
}

/// A clean row with every value, so that every door knows every column.
const FIRST: Row =
    Row { customer: "first", time: 0, kind: "sent", channel: "email", campaign: "spring", value: "1" };

fn rules() -> EventRules {
    EventRules::builder().kind("email_open", EventKind::Opened).kind("klick", "clicked").build().unwrap()
}

fn texts(rows: &[Row], text: impl Fn(&Row) -> &'static str) -> Category {
    Category::from_texts(rows.iter().map(|row| Some(text(row))))
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn as_event(row: &Row) -> Event {
    let mut event = Event::new(row.customer, row.time, row.kind);
    event.channel = some(row.channel);
    event.campaign = some(row.campaign);
    event.value = (!row.value.is_empty()).then(|| match row.value {
        // Beyond what an amount can be read as, and yet an amount.
        "100000000000.5" => Money::from_ten_thousandths(1_000_000_000_005_000),
        text => Money::parse(text).unwrap(),
    });
    event
}

fn from_rows(rows: &[Row], rules: &EventRules) -> kohort::Result<EventLog> {
    let mut builder = EventLog::builder(rules, IdKind::Text);
    for row in rows {
        builder.push(as_event(row))?;
    }
    builder.build()
}

fn columns(rows: &[Row]) -> EventColumns<'static> {
    let customers: Vec<&str> = rows.iter().map(|row| row.customer).collect();
    let times: Vec<i64> = rows.iter().map(|row| row.time).collect();
    EventColumns::new(IdColumn::from(customers), times, texts(rows, |row| row.kind))
        .attribute(EventAttribute::Channel, texts(rows, |row| row.channel))
        .attribute(EventAttribute::Campaign, texts(rows, |row| row.campaign))
}

fn from_columns(rows: &[Row], rules: &EventRules) -> kohort::Result<EventLog> {
    let values: Vec<Option<Money>> = rows.iter().map(|row| as_event(row).value).collect();
    EventLog::from_columns(columns(rows).value(ValueColumn::Exact(values.into())), rules)
}

fn row() -> impl Strategy<Value = Row> {
    let second = 1_000_000;
    let times = vec![0, second, 2 * second, -second, 86_400 * second, i64::MAX, i64::MIN];
    let kinds = vec!["sent", "opened", "email_open", "Clicked", "klick", "survey", "", "bounced"];
    let values = vec!["", "", "0", "1", "2.5", "-0.0001", "100000000000", "100000000000.5"];
    (
        prop::sample::select(vec!["ada", "ben", "Zoë", "", "ada"]),
        prop::sample::select(times),
        prop::sample::select(kinds),
        prop::sample::select(vec!["email", "sms", ""]),
        prop::sample::select(vec!["spring", "summer", "\"a\";,b", ""]),
        prop::sample::select(values),
    )
        .prop_map(|(customer, time, kind, channel, campaign, value)| Row {
            customer,
            time,
            kind,
            channel,
            campaign,
            value,
        })
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    prop::collection::vec(row(), 0..60).prop_map(|rows| [vec![FIRST], rows].concat())
}

fn counts(log: &EventLog) -> Vec<(RejectReason, u64, Vec<u64>)> {
    let rejected = log.report().rejected.iter();
    rejected.map(|(reason, rows)| (*reason, rows.totals.events, rows.first_rows.clone())).collect()
}

proptest! {
    #[test]
    fn rows_and_columns_give_equal_logs(rows in rows(), reject: bool) {
        let duplicates = if reject { Duplicates::Reject } else { Duplicates::Keep };
        let rules = EventRules::builder()
            .kind("email_open", EventKind::Opened)
            .kind("klick", "clicked")
            .duplicates(duplicates)
            .build()
            .unwrap();
        let log = from_rows(&rows, &rules).unwrap();
        let other = from_columns(&rows, &rules).unwrap();
        prop_assert_eq!(log.report(), other.report());
        prop_assert!(log == other);
        prop_assert!(log.report().balances() && log.report().rows_kept() == log.len() as u64);
        let mut kept: Vec<_> = rows
            .iter()
            .filter(|row| {
                let amount = row.value != "100000000000.5";
                !row.customer.is_empty() && row.time.unsigned_abs() < 1 << 60 && !row.kind.is_empty() && amount
            })
            .map(|row| (row.customer, row.time, rules.kind_of(row.kind), row.channel, row.campaign, row.value))
            .collect();
        if reject {
            kept.sort_unstable();
            kept.dedup();
        }
        prop_assert_eq!(log.len(), kept.len());
    }

    #[test]
    fn the_parts_of_a_log_put_together_are_the_log(rows in rows(), cut in 0_usize..60) {
        let (left, right) = rows.split_at(cut.min(rows.len()));
        let whole = from_rows(&rows, &rules()).unwrap();
        let joined = from_rows(left, &rules()).unwrap().concat(&from_rows(right, &rules()).unwrap()).unwrap();
        prop_assert_eq!((joined.len(), joined.time_span()), (whole.len(), whole.time_span()));
        prop_assert_eq!(joined.kinds(), whole.kinds());
        prop_assert_eq!(joined.customers(), whole.customers());
        for attribute in EventAttribute::ALL {
            prop_assert_eq!(joined.attribute(attribute), whole.attribute(attribute));
        }
        let values = |log: &EventLog| (0..log.len()).map(|row| log.value(row)).collect::<Vec<_>>();
        prop_assert_eq!(values(&joined), values(&whole));
        prop_assert_eq!(&joined.report().kept, &whole.report().kept);
        prop_assert!(joined.report().balances() && joined.report().rows_read == rows.len() as u64);
    }

    #[test]
    fn an_erased_customer_leaves_nothing(rows in rows()) {
        let log = from_rows(&rows, &rules()).unwrap();
        let forgotten = ["ada", "nobody"];
        let erased = log.erase(&forgotten.map(CustomerId::from));
        let by_columns = from_columns(&rows, &rules()).unwrap().erase(&forgotten.map(CustomerId::from));
        prop_assert_eq!(&by_columns, &erased, "short texts");
        let others: Vec<Row> = rows.iter().filter(|row| row.customer != "ada").cloned().collect();
        let without = from_rows(&others, &rules()).unwrap();
        prop_assert_eq!(erased.customers(), without.customers());
        prop_assert_eq!(erased.kinds(), without.kinds());
        prop_assert_eq!(erased.attribute(EventAttribute::Campaign), without.attribute(EventAttribute::Campaign));
        prop_assert_eq!(&erased.report().kept, &without.report().kept);
        prop_assert_eq!(erased.report().erased.events as usize, log.len() - without.len());
        prop_assert!(erased.report().balances());
        prop_assert_eq!(erased.erase(&forgotten.map(CustomerId::from)), erased, "once is enough");
    }
}

#[test]
fn the_report_shows_every_row_and_its_columns_add_up() {
    let rows = [
        FIRST,
        Row { kind: "email_open", value: "", ..FIRST },
        Row { kind: "survey", value: "7.5", ..FIRST },
        Row { kind: "survey", value: "2", ..FIRST },
        Row { customer: "", value: "3", ..FIRST },
        Row { kind: "", ..FIRST },
        Row { time: i64::MAX, value: "", ..FIRST },
        Row { customer: "ben", ..FIRST },
    ];
    let log = from_rows(&rows, &rules()).unwrap();
    let example = "  - time missing or unreadable: row 7 (the first: `9223372036854775807`)\n";
    assert!(log.report().to_string().ends_with(example));
    let log = log.erase(&["ben".into()]);
    let expected = "\
8 events read: 4 kept, 3 rejected, 1 erased.

                              rows  with a value  sum of values
  ──────────────────────────  ────  ────────────  ─────────────
  survey                         2             2           9.50
  opened                         1             0           0.00
  sent                           1             1           1.00
  ──────────────────────────  ────  ────────────  ─────────────
  kept                           4             3          10.50
  ──────────────────────────  ────  ────────────  ─────────────
  no customer id                 1             1           3.00
  no kind of event               1             1           1.00
  time missing or unreadable     1             0           0.00
  erased                         1             1           1.00
  ──────────────────────────  ────  ────────────  ─────────────
  read                           8             6          15.50

  First rejected rows, by reason:
  - no customer id: row 5
  - no kind of event: row 6
  - time missing or unreadable: row 7
";
    assert_eq!(log.report().to_string(), expected);
    let json = serde_json::to_string(log.report()).unwrap();
    assert_eq!(&serde_json::from_str::<kohort::events::EventReport>(&json).unwrap(), log.report());
}

#[test]
fn an_id_is_found_in_either_form() {
    let mut numbers = EventLog::builder(&rules(), IdKind::Number);
    let mut texts = EventLog::builder(&rules(), IdKind::Text);
    for id in [17_u64, 18] {
        numbers.push(Event::new(id, 0, "sent")).unwrap();
        texts.push(Event::new(id, 0, "sent")).unwrap();
    }
    for log in [numbers.build().unwrap(), texts.build().unwrap()] {
        for id in [CustomerId::Number(17), CustomerId::from("17")] {
            assert_eq!(log.erase(&[id]).len(), 1);
        }
        assert_eq!(log.erase(&[]), log);
    }
}

#[test]
fn a_report_of_very_many_kinds_stays_a_page() {
    let mut builder = EventLog::builder(&rules(), IdKind::Number);
    for n in 0..100_u64 {
        builder.push(Event::new(n, 0, format!("kind {n:03}"))).unwrap();
    }
    let page = builder.build().unwrap().report().to_string();
    assert!(page.contains("80 more kinds") && page.lines().count() < 30, "{page}");
}

#[test]
fn strict_mode_stops_at_the_first_rejected_row() {
    let strict = EventRules::builder().strictness(Strictness::Stop).build().unwrap();
    let rows = [FIRST, Row { kind: "", ..FIRST }, Row { customer: "", ..FIRST }];
    for stopped in [from_rows(&rows, &strict), from_columns(&rows, &strict)] {
        match stopped.unwrap_err() {
            Error::Rejected { row: 2, reason: RejectReason::MissingKind, .. } => {}
            other => panic!("{other}"),
        }
    }
    // What a rule of the user sets aside stops nothing.
    let once =
        EventRules::builder().strictness(Strictness::Stop).duplicates(Duplicates::Reject).build().unwrap();
    let log = from_rows(&[FIRST, FIRST, FIRST], &once).unwrap();
    assert_eq!((log.len(), counts(&log)), (1, vec![(RejectReason::Duplicate, 2, vec![2, 3])]));
}

#[test]
fn values_as_floats_are_exact_missing_rounded_or_refused() {
    let numbers = vec![1.5, f64::NAN, 0.1 + 0.2, f64::INFINITY, 1e300, -1e11];
    let read = |rounding| {
        let rules = EventRules::builder().rounding(rounding).build().unwrap();
        let kinds = Category::from_texts([Some("visited"); 6]);
        let columns = EventColumns::new(vec![1_u64; 6], vec![0_i64; 6], kinds);
        EventLog::from_columns(columns.value(ValueColumn::Numbers(numbers.clone().into())), &rules).unwrap()
    };
    let money = |text| Some(Money::parse(text).unwrap());
    let log = read(Rounding::Refuse);
    assert_eq!(
        [log.value(0), log.value(1), log.value(2), log.value(3)],
        [money("1.5"), None, money("-100000000000"), None]
    );
    let reasons: Vec<RejectReason> = log.report().rejected.keys().copied().collect();
    assert_eq!(reasons, [RejectReason::Value, RejectReason::Decimals, RejectReason::AmountRange]);
    assert_eq!(read(Rounding::HalfEven).value(2), money("0.3"));
}

#[test]
fn columns_of_many_chunks_give_the_same_for_any_number_of_threads() {
    let n: usize = 11 * (1 << 14) + 77;
    let customers: Vec<u64> = (0..n as u64).map(|row| row % 1_013).collect();
    let times: Vec<i64> = (0..n as i64).map(|row| if row % 997 == 0 { i64::MAX } else { row * 60 }).collect();
    let kinds = ["sent", "opened", "Clicked", ""];
    let kinds = Category::from_texts((0..n).map(|row| Some(kinds[row % 59 % 4])));
    let numbers: Vec<f64> =
        (0..n).map(|row| if row % 31 == 0 { f64::NAN } else { row as f64 / 4.0 }).collect();
    let read = || {
        let columns = EventColumns::new(customers.clone(), times.clone(), kinds.clone())
            .times_in_seconds()
            .value(ValueColumn::Numbers(numbers.clone().into()));
        EventLog::from_columns(columns, &rules()).unwrap()
    };
    let log = read();
    assert!(log.report().balances() && log.len() < n && log.report().kept.contains_key("clicked"));
    for threads in [1, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert!(pool.install(read) == log, "{threads} threads");
    }
    let mut builder = EventLog::builder(&rules(), IdKind::Number);
    for row in 0..n {
        let mut event =
            Event::new(customers[row], times[row].saturating_mul(1_000_000), kinds.get(row).unwrap_or(""));
        event.value = (!numbers[row].is_nan()).then(|| Money::from_f64(numbers[row]).unwrap());
        builder.push(event).unwrap();
    }
    let by_rows = builder.build().unwrap();
    assert_eq!(by_rows.report().kept, log.report().kept);
    assert_eq!(counts(&by_rows), counts(&log));
    assert!(
        by_rows.times() == log.times()
            && by_rows.kinds() == log.kinds()
            && by_rows.customers() == log.customers()
    );
}

#[test]
fn columns_of_different_lengths_are_refused() {
    let kinds = || Category::from_texts([Some("sent"), Some("sent")]);
    let short = EventColumns::new(vec![1_u64, 2], vec![0_i64], kinds());
    let label = EventColumns::new(vec![1_u64, 2], vec![0_i64, 1], kinds())
        .attribute(EventAttribute::Label, Category::from_texts([Some("x")]));
    let value = EventColumns::new(vec![1_u64, 2], vec![0_i64, 1], kinds())
        .value(ValueColumn::Numbers(vec![1.0, 2.0, 3.0].into()));
    for (columns, name) in [(short, "time"), (label, "label"), (value, "value")] {
        match EventLog::from_columns(columns, &rules()).unwrap_err() {
            Error::ColumnLength { column, .. } => assert_eq!(column, name),
            other => panic!("{other}"),
        }
    }
}

#[test]
fn logs_that_do_not_fit_are_not_put_together() {
    let log = from_rows(&[FIRST], &rules()).unwrap();
    let berlin = EventRules::builder().zone(Zone::named("Europe/Berlin").unwrap()).build().unwrap();
    let numbers = EventLog::builder(&rules(), IdKind::Number).build().unwrap();
    for other in [from_rows(&[FIRST], &berlin).unwrap(), numbers] {
        assert!(matches!(log.concat(&other).unwrap_err(), Error::Incompatible { .. }));
    }
}

#[test]
fn a_log_without_events_is_a_log() {
    let log = from_rows(&[], &rules()).unwrap();
    assert!(log.is_empty() && log.time_span().is_none() && log.report().balances());
    assert!(matches!(log.as_of_end().unwrap_err(), Error::Empty { .. }));
    assert!(log.concat(&log).unwrap().erase(&["ada".into()]).is_empty());
}

#[test]
fn the_end_of_a_log_sees_all_of_it() {
    let log = from_rows(&[FIRST, Row { time: 86_399_999_999, ..FIRST }], &rules()).unwrap();
    let end = log.as_of_end().unwrap();
    assert_eq!(end, AsOf::date("1970-01-02", &Zone::utc()).unwrap());
    assert_eq!(log.left_out(&end), 0);
    let moment = AsOf::instant(86_399_999_999, &Zone::utc()).unwrap();
    assert_eq!(log.left_out(&moment), 1, "what is at the moment is not before it");
}

#[test]
fn values_go_to_other_threads_and_debug_prints_no_rows() {
    fn all<T: Send + Sync + Unpin + 'static>() {}
    all::<EventLog>();
    all::<EventLogBuilder>();
    all::<EventRules>();
    all::<EventColumns<'static>>();
    let log = from_rows(&vec![FIRST; 5_000], &rules()).unwrap();
    assert!(format!("{log:?}").len() < 200);
    let mut builder = EventLog::builder(&rules(), IdKind::Text);
    builder.push(as_event(&FIRST)).unwrap();
    assert!(format!("{builder:?}").len() < 200);
}
