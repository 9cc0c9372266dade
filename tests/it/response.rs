//! How customers respond to marketing: figures worked out by hand, a plain slow implementation, and what must change
//! nothing.

use std::collections::BTreeSet;

use kohort::events::{EventAttribute, EventColumns, EventKind, EventRules};
use kohort::features::{ByChannel, Response};
use kohort::transaction::TimeFormat;
use kohort::{AsOf, Category, CustomerId, Error, Event, EventLog, FeatureTable, IdKind, Window, Zone};
use proptest::prelude::*;

mod slow;

const DAY: i64 = 86_400_000_000;

/// An event: customer, day and minute, kind, channel, campaign.
type Row = (u64, i64, i64, &'static str, &'static str, &'static str);

fn time(row: &Row) -> i64 {
    row.1 * DAY + row.2 * 60_000_000
}

fn log(rows: &[Row]) -> EventLog {
    let mut builder = EventLog::builder(&EventRules::default(), IdKind::Number);
    for row in rows {
        let mut event = Event::new(row.0, time(row), row.3);
        event.channel = Some(row.4.into());
        event.campaign = Some(row.5.into());
        builder.push(event).unwrap();
    }
    builder.build().unwrap()
}

fn day(day: i64) -> AsOf {
    AsOf::instant(day * DAY, &Zone::utc()).unwrap()
}

fn plain() -> Response {
    Response::builder().build().unwrap()
}

/// The value of a feature for a customer, as text; empty where it is missing.
fn value(table: &FeatureTable, customer: u64, feature: &str) -> String {
    let row = table.ids().position(&CustomerId::Number(customer)).unwrap();
    table.column(feature).unwrap().text(row)
}

/// Three customers whose figures are worked out by hand below.
const SHOP: [Row; 24] = [
    // Ada: three mails and a text message; opens one mail three times, clicks another whose images were blocked.
    (1, 0, 600, "sent", "email", "spring"),
    (1, 0, 615, "opened", "email", "spring"),
    (1, 0, 640, "opened", "email", "spring"),
    (1, 1, 605, "opened", "email", "spring"),
    (1, 2, 600, "sent", "email", "summer"),
    (1, 2, 1_210, "clicked", "email", "summer"),
    (1, 2, 1_230, "converted", "", "summer"),
    (1, 3, 600, "sent", "email", "autumn"),
    (1, 3, 600, "sent", "sms", "autumn"),
    (1, 4, 0, "complained", "", ""),
    // Ben: two mails without a campaign, three openings; unsubscribes, comes back for text messages.
    (2, 0, 600, "sent", "email", ""),
    (2, 1, 600, "sent", "email", ""),
    (2, 1, 720, "opened", "email", ""),
    (2, 2, 721, "opened", "email", ""),
    (2, 2, 780, "opened", "email", ""),
    (2, 3, 0, "unsubscribed", "", ""),
    (2, 4, 0, "subscribed", "sms", ""),
    (2, 4, 60, "visited", "", ""),
    // Cem: nothing but bounces, and an opening of a mail that the log does not have.
    (3, 0, 600, "bounced", "email", "spring"),
    (3, 1, 600, "bounced", "email", "summer"),
    // Dee: only later.
    (4, 10, 0, "sent", "email", "winter"),
    (4, 10, 1, "opened", "email", "winter"),
    // Ben again, at the moment itself.
    (2, 10, 0, "opened", "email", ""),
    (2, 12, 0, "clicked", "email", ""),
];

#[test]
fn the_figures_of_a_small_shop_are_those_worked_out_by_hand() {
    let events = log(&SHOP);
    let table = plain().extract(&events, &day(10)).unwrap();
    assert_eq!(table.ids().iter().collect::<Vec<_>>(), [1, 2, 3].map(CustomerId::Number));
    assert_eq!(events.left_out(&day(10)), 4);
    let expected = [
        ("sent", ["4", "2", "0"]),
        ("opened", ["3", "3", "0"]),
        ("clicked", ["1", "0", "0"]),
        ("converted", ["1", "0", "0"]),
        ("unsubscribes", ["0", "1", "0"]),
        ("complaints", ["1", "0", "0"]),
        ("bounces", ["0", "0", "2"]),
        ("visits", ["0", "1", "0"]),
        // Spring, and summer because it was clicked; all that Ben got, for he opened three times.
        ("messages_opened", ["2", "2", "0"]),
        ("messages_clicked", ["1", "0", "0"]),
        ("messages_converted", ["1", "0", "0"]),
        ("open_rate", ["0.5", "1", ""]),
        ("click_rate", ["0.25", "0", ""]),
        ("click_to_open_rate", ["0.5", "0", ""]),
        ("conversion_rate", ["0.25", "0", ""]),
        // The shop: 4 of 6 opened, 1 of 6 clicked. (2 + 10 · 4/6) / (4 + 10) = 52/84 and so on.
        ("open_rate_expected", ["0.6190476190476191", "0.7222222222222222", "0.6666666666666666"]),
        ("click_rate_expected", ["0.19047619047619047", "0.1388888888888889", "0.16666666666666666"]),
        ("click_to_open_rate_expected", ["0.2916666666666667", "0.20833333333333334", "0.25"]),
        ("sent__email", ["3", "2", "0"]),
        ("sent__sms", ["1", "0", "0"]),
        ("open_rate__email", ["0.6666666666666666", "1", ""]),
        ("open_rate__sms", ["0", "", ""]),
        ("open_rate_expected__sms", ["0", "0", "0"]),
        ("converted__email", ["0", "0", "0"]),
        ("favourite_response_channel", ["email", "email", ""]),
        // 10:15, 10:40, 10:05, 20:10, 20:30; 12:00, 12:01, 13:00.
        ("favourite_response_hour", ["10", "12", ""]),
        ("days_since_response", ["7", "7", ""]),
        ("days_since_sent", ["6", "8", ""]),
        ("unsubscribed", ["0", "1", "0"]),
        ("unsubscribed__email", ["0", "1", "0"]),
        ("unsubscribed__sms", ["0", "0", "0"]),
        ("complained", ["1", "0", "0"]),
        ("bounced", ["0", "0", "1"]),
    ];
    for (feature, values) in expected {
        let found = [1, 2, 3].map(|customer| value(&table, customer, feature));
        assert_eq!(found, values, "{feature}");
    }
    let later = plain().extract(&events, &day(13)).unwrap();
    assert_eq!((later.len(), events.left_out(&day(13))), (4, 0));
    assert_eq!(value(&later, 2, "messages_clicked"), "1");
}

#[test]
fn names_are_canonical_and_safe_for_sql() {
    let response = Response::builder()
        .windows([Window::all(), Window::days(3), Window::days_ago(6, 3)])
        .build()
        .unwrap();
    let table = response.extract(&log(&SHOP), &day(10)).unwrap();
    let names: BTreeSet<&str> = table.names().collect();
    assert_eq!(names.len(), table.names().len());
    assert!(
        names
            .iter()
            .all(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'))
    );
    for name in
        ["sent", "sent__3d", "open_rate__email__6d_3d", "favourite_response_hour__3d", "unsubscribed__sms"]
    {
        assert!(names.contains(name), "{name}");
    }
    assert!(!names.contains("unsubscribed__3d"), "what is so as of the moment has no window");
}

#[test]
fn windows_count_what_lies_in_them() {
    let response = Response::builder()
        .windows([Window::days(8), Window::days_ago(8, 1), Window::all()])
        .build()
        .unwrap();
    let table = response.extract(&log(&SHOP), &day(10)).unwrap();
    // From day 2 on: summer, which was clicked, and autumn twice. Spring's openings lie outside.
    assert_eq!(value(&table, 1, "sent__8d"), "3");
    assert_eq!(value(&table, 1, "opened__8d"), "0");
    assert_eq!(value(&table, 1, "messages_opened__8d"), "1");
    assert_eq!(value(&table, 2, "opened__8d"), "2");
    assert_eq!(value(&table, 2, "messages_opened__8d"), "0", "what was opened was sent before the window");
    assert_eq!(value(&table, 2, "open_rate__8d"), "");
    assert_eq!(value(&table, 2, "favourite_response_hour__8d"), "12");
    let alone = plain().extract(&log(&SHOP), &day(10)).unwrap();
    for name in alone.names() {
        assert_eq!(alone.column(name).unwrap(), table.column(name).unwrap(), "{name}");
    }
    // All of history is any window that reaches over it.
    for name in alone.names().filter(|name| !name.starts_with("days_since") && !is_state(name)) {
        let wide = Response::builder().windows([Window::days(4_000)]).build().unwrap();
        let wide = wide.extract(&log(&SHOP), &day(10)).unwrap();
        assert_eq!(alone.column(name).unwrap(), wide.column(format!("{name}__4000d")).unwrap(), "{name}");
    }
}

fn is_state(name: &str) -> bool {
    name.starts_with("unsubscribed") || matches!(name, "complained" | "bounced")
}

#[test]
fn windows_that_end_before_they_begin_are_refused() {
    for window in [Window::days(0), Window::days_ago(3, 6)] {
        let refused = Response::builder().windows([window]).build().unwrap().extract(&log(&SHOP), &day(10));
        assert!(matches!(refused.unwrap_err(), Error::Setting { setting: "window", .. }));
    }
}

#[test]
fn hours_are_those_of_the_clock_on_the_wall() {
    let berlin = Zone::named("Europe/Berlin").unwrap();
    let opened = |times: &[&str]| {
        let mut builder = EventLog::builder(&EventRules::default(), IdKind::Text);
        for time in times {
            builder
                .push(Event::new("ada", TimeFormat::Iso.parse(time, &Zone::utc()).unwrap(), "opened"))
                .unwrap();
        }
        let as_of = AsOf::date("2013-01-01", &berlin).unwrap();
        let table = plain().extract(&builder.build().unwrap(), &as_of).unwrap();
        table.column("favourite_response_hour").unwrap().number(0)
    };
    assert_eq!(opened(&["2012-01-15T08:30:00Z"]), Some(9.0), "winter");
    assert_eq!(opened(&["2012-07-15T08:30:00Z"]), Some(10.0), "summer");
    // Clocks went from 2 to 3 on 25 March and back from 3 to 2 on 28 October.
    assert_eq!(opened(&["2012-03-25T00:59:59Z"]), Some(1.0));
    assert_eq!(opened(&["2012-03-25T01:00:00Z"]), Some(3.0), "there is no hour 2");
    assert_eq!(
        opened(&["2012-10-28T00:30:00Z", "2012-10-28T01:30:00Z", "2012-10-28T08:00:00Z"]),
        Some(2.0),
        "twice"
    );
    assert_eq!(opened(&["2012-01-15T22:59:00Z", "2012-01-15T23:01:00Z"]), Some(0.0), "of equals the first");
}

#[test]
fn what_was_not_recorded_is_missing_and_not_zero() {
    let rows = [(1, 0, 0, "bounced", "email", ""), (2, 0, 0, "bounced", "", "")];
    let table = plain().extract(&log(&rows), &day(1)).unwrap();
    assert_eq!(table.counts("bounces").unwrap(), [1, 1]);
    assert_eq!(table.counts("bounces__email").unwrap(), [1, 0]);
    assert_eq!(table.counts("bounced").unwrap(), [1, 1]);
    let there = ["bounces", "bounces__email", "bounced"];
    for name in table.names().filter(|name| !there.contains(name)) {
        assert_eq!(table.column(name).unwrap().missing(), 2, "{name}");
    }
}

#[test]
fn an_address_lives_again_when_its_mail_is_read() {
    let state = |rows: &[Row]| {
        let table = plain().extract(&log(rows), &day(9)).unwrap();
        value(&table, 1, "bounced")
    };
    let bounced = (1, 1, 0, "bounced", "email", "");
    assert_eq!(state(&[bounced, (1, 2, 0, "sent", "email", "")]), "1");
    assert_eq!(state(&[bounced, (1, 2, 0, "opened", "email", "")]), "0");
    assert_eq!(state(&[bounced, (1, 2, 0, "clicked", "sms", "")]), "0");
    assert_eq!(state(&[bounced, (1, 1, 0, "opened", "email", "")]), "1", "not later");
}

#[test]
fn the_last_word_on_a_channel_counts_and_no_wins_a_tie() {
    let state = |rows: &[Row]| {
        // Someone else makes both channels known.
        let others = [
            (9, 0, 0, "sent", "email", ""),
            (9, 0, 0, "sent", "sms", ""),
            (9, 0, 0, "unsubscribed", "sms", ""),
        ];
        let table = plain().extract(&log(&[rows, &others].concat()), &day(9)).unwrap();
        ["unsubscribed", "unsubscribed__email", "unsubscribed__sms"]
            .map(|name| value(&table, 1, name))
            .concat()
    };
    let said = |day, kind, channel| (1, day, 0, kind, channel, "");
    let (no, yes) = ("unsubscribed", "subscribed");
    assert_eq!(state(&[said(1, no, "email")]), "110");
    assert_eq!(state(&[said(1, no, "email"), said(2, yes, "email")]), "000");
    assert_eq!(state(&[said(2, no, "email"), said(1, yes, "email")]), "110");
    assert_eq!(state(&[said(1, no, "email"), said(1, yes, "email")]), "110", "at the same instant");
    assert_eq!(state(&[said(1, no, "")]), "111", "of all channels");
    assert_eq!(state(&[said(1, no, ""), said(2, yes, "sms")]), "110");
    assert_eq!(state(&[said(1, no, ""), said(2, yes, "sms"), said(2, yes, "email")]), "000");
    assert_eq!(state(&[said(1, no, "sms"), said(2, yes, "")]), "000");
    assert_eq!(state(&[said(3, no, "sms"), said(2, yes, "")]), "101");
    assert_eq!(state(&[said(1, "visited", "email")]), "000");
}

#[test]
fn what_counts_as_a_response_is_a_setting() {
    let response = Response::builder().responses(["visited"]).build().unwrap();
    let table = response.extract(&log(&SHOP), &day(10)).unwrap();
    assert_eq!(value(&table, 1, "days_since_response"), "");
    assert_eq!(value(&table, 2, "days_since_response"), "5");
    assert_eq!(value(&table, 2, "favourite_response_hour"), "1");
    assert_eq!(value(&table, 2, "favourite_response_channel"), "");
    assert_eq!(value(&table, 1, "messages_opened"), "2", "rates are of the same kinds");
    let clicks = Response::builder().responses([EventKind::Clicked]).build().unwrap();
    let table = clicks.extract(&log(&SHOP), &day(10)).unwrap();
    assert_eq!(value(&table, 1, "favourite_response_hour"), "20");
}

#[test]
fn many_channels_are_counted_together_or_refused() {
    let mut builder = EventLog::builder(&EventRules::default(), IdKind::Number);
    for channel in 0..65 {
        let mut event = Event::new(1, channel, "sent");
        event.channel = Some(format!("channel {channel}"));
        builder.push(event).unwrap();
    }
    let events = builder.build().unwrap();
    assert!(matches!(
        plain().extract(&events, &day(1)).unwrap_err(),
        Error::Setting { setting: "by_channel", .. }
    ));
    let together = Response::builder().by_channel(ByChannel::Together).build().unwrap();
    let table = together.extract(&events, &day(1)).unwrap();
    assert_eq!(table.counts("sent").unwrap(), [65]);
    assert!(table.names().all(|name| !name.contains("__")));
    let alike = log(&[(1, 0, 0, "sent", "web shop", ""), (1, 0, 0, "sent", "web-shop", "")]);
    assert!(matches!(plain().extract(&alike, &day(1)).unwrap_err(), Error::DuplicateFeature { .. }));
}

#[test]
fn a_log_without_events_gives_a_table_without_customers() {
    for events in [log(&[]), log(&SHOP)] {
        let table = plain().extract(&events, &AsOf::date("1969-01-01", &Zone::utc()).unwrap()).unwrap();
        assert!(table.is_empty() && table.has("open_rate"));
    }
}

#[test]
fn an_erased_customer_has_no_row_and_the_others_stay_as_they_were() {
    let events = log(&SHOP);
    let table = plain().extract(&events, &day(10)).unwrap();
    let erased = plain().extract(&events.erase(&[CustomerId::Number(3)]), &day(10)).unwrap();
    assert_eq!(erased.ids().iter().collect::<Vec<_>>(), [1, 2].map(CustomerId::Number));
    for feature in ["sent", "messages_opened", "open_rate_expected", "unsubscribed__sms"] {
        for customer in [1, 2] {
            assert_eq!(value(&erased, customer, feature), value(&table, customer, feature), "{feature}");
        }
    }
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let kinds = vec![
        "sent",
        "sent",
        "sent",
        "opened",
        "opened",
        "clicked",
        "converted",
        "subscribed",
        "unsubscribed",
        "complained",
        "bounced",
        "visited",
        "survey",
    ];
    let row = (
        0_u64..4,
        0_i64..9,
        prop::sample::select(vec![0, 59, 60, 725, 1_439]),
        prop::sample::select(kinds),
        prop::sample::select(vec!["email", "sms", "", "email"]),
        prop::sample::select(vec!["spring", "summer", ""]),
    );
    prop::collection::vec(row, 0..70)
}

fn cells(table: &FeatureTable) -> slow::Cells {
    let mut cells = slow::Cells::new();
    for (row, id) in table.ids().iter().enumerate() {
        let CustomerId::Number(customer) = id else { panic!("ids are numbers") };
        for name in table.names() {
            cells.insert((customer, name.to_owned()), table.column(name).unwrap().text(row));
        }
    }
    cells
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_table_is_that_of_plain_scans(rows in rows(), as_of in 0_i64..11, days in 1_u32..6) {
        let table = plain().extract(&log(&rows), &day(as_of)).unwrap();
        prop_assert_eq!(cells(&table), slow::table(&rows, as_of, None));
        let window = Response::builder().windows([Window::days(days)]).build().unwrap();
        let table = window.extract(&log(&rows), &day(as_of)).unwrap();
        prop_assert_eq!(cells(&table), slow::table(&rows, as_of, Some(i64::from(days))));
    }

    #[test]
    fn rates_are_shares_and_expected_ones_lie_between(rows in rows()) {
        let table = plain().extract(&log(&rows), &day(9)).unwrap();
        for name in table.names().filter(|name| name.contains("_rate")) {
            let column = table.column(name).unwrap();
            for rate in (0..table.len()).filter_map(|row| column.number(row)) {
                prop_assert!((0.0..=1.0).contains(&rate), "{} is {}", name, rate);
            }
        }
    }

    #[test]
    fn the_order_of_rows_changes_nothing(rows in rows(), seed: u64) {
        let mut shuffled = rows.clone();
        shuffled.sort_by_key(|row| (time(row) as u64 ^ row.0 ^ row.3.len() as u64).wrapping_mul(seed | 1));
        let table = plain().extract(&log(&rows), &day(8)).unwrap();
        prop_assert!(plain().extract(&log(&shuffled), &day(8)).unwrap() == table);
    }
}

#[test]
fn many_customers_give_the_same_for_any_number_of_threads_and_any_order_of_rows() {
    // More than ten chunks of customers and a ragged tail.
    let customers = 11 * 1_024 + 37;
    let n = customers * 5;
    let kinds = ["sent", "opened", "sent", "clicked", "sent", "unsubscribed", "visited", "bounced"];
    let columns = |order: &[usize]| {
        let mix = |row: usize, salt: usize| (row * 2_654_435_761 + salt * 40_503) >> 7;
        let texts = |texts: &[&'static str], salt: usize| {
            Category::from_texts(order.iter().map(|row| Some(texts[mix(*row, salt) % texts.len()])))
        };
        let times: Vec<i64> =
            order.iter().map(|row| (mix(*row, 3) % 1_000_000) as i64 * 60_000_000).collect();
        let ids: Vec<String> = order.iter().map(|row| format!("c{}", mix(*row, 4) % customers)).collect();
        EventColumns::new(ids, times, texts(&kinds, 5))
            .attribute(EventAttribute::Channel, texts(&["email", "sms", "", "push"], 6))
            .attribute(EventAttribute::Campaign, texts(&["a", "b", "c", "d", ""], 7))
    };
    let ascending: Vec<usize> = (0..n).collect();
    let events = EventLog::from_columns(columns(&ascending), &EventRules::default()).unwrap();
    let as_of = AsOf::instant(900_000 * 60_000_000, &Zone::named("Europe/Berlin").unwrap()).unwrap();
    let response = Response::builder().windows([Window::all(), Window::days(200)]).build().unwrap();
    let table = response.extract(&events, &as_of).unwrap();
    assert!(table.len() > 11 * 1_024, "{} customers", table.len());
    let ids: Vec<CustomerId> = table.ids().iter().collect();
    assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
    let backwards: Vec<usize> = ascending.iter().rev().copied().collect();
    let turned = EventLog::from_columns(columns(&backwards), &EventRules::default()).unwrap();
    assert!(response.extract(&turned, &as_of).unwrap() == table, "rows turned round");
    for threads in [1, 2, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        assert!(pool.install(|| response.extract(&events, &as_of)).unwrap() == table, "{threads} threads");
    }
    let sent: u64 = table.counts("sent").unwrap().iter().map(|count| u64::from(*count)).sum();
    let before = events.len() as u64 - events.left_out(&as_of);
    assert!(sent > before / 4 && sent < before / 2);
}
