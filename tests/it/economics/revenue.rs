//! What moves net revenue: a shop small enough to work out by hand, plain loops over made-up shops, edge cases and laws.

use std::collections::{BTreeMap, BTreeSet};

use kohort::economics::revenue::{RevenueOf, RevenueParts, RevenueScope, WindowRevenue};
use kohort::economics::{RevenueChange, RevenueDrivers};
use kohort::features::FeatureTable;
use kohort::transaction::{CustomerIds, Discount, LogColumns, OrderLine, Price, PriceColumn, Returned};
use kohort::{
    AsOf, CustomerId, Error, Feature, FeatureExtractor, IdKind, LogRules, Money, MoneyTotal, Returns,
    Segmentation, TransactionLog, Window, Zone,
};
use proptest::prelude::*;

use super::units;

const DAY: i64 = 86_400_000_000;

/// How a shop records what came back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Record {
    Amounts,
    Notes,
    Nothing,
}

/// One line; money in ten-thousandths, times in days.
#[derive(Clone, Copy, Debug)]
struct Line {
    customer: u64,
    order: u64,
    day: i64,
    gross: i64,
    discount: i64,
    /// With [`Record::Amounts`] what came back of the line, and when.
    back: i64,
    back_day: Option<i64>,
    /// With [`Record::Notes`] the line is a credit note.
    note: bool,
}

/// A sale of so many currency units that was kept.
fn sale(customer: u64, order: u64, day: i64, units: i64) -> Line {
    let gross = units * 10_000;
    Line { customer, order, day, gross, discount: 0, back: 0, back_day: None, note: false }
}

fn log_of(lines: &[Line], record: Record, ids: IdKind) -> TransactionLog {
    let returns = match record {
        Record::Amounts => Returns::Amount,
        Record::Notes => Returns::CreditNotes { prefix: None },
        Record::Nothing => Returns::NotRecorded,
    };
    let rules = LogRules::builder("EUR").returns(returns).build().unwrap();
    let mut builder = TransactionLog::builder(&rules, ids);
    for line in lines {
        let customer = match ids {
            IdKind::Number => CustomerId::Number(line.customer),
            IdKind::Text => CustomerId::Text(format!("c{}", line.customer)),
        };
        let is_note = record == Record::Notes && line.note;
        let price = Money::from_ten_thousandths(if is_note { -line.gross } else { line.gross });
        let mut row = OrderLine::new(customer, line.day * DAY, Price::Line(price));
        row.order = Some(line.order.to_string());
        if is_note {
            row.quantity = -1;
        } else if line.discount > 0 {
            row.discount = Discount::Amount(Money::from_ten_thousandths(line.discount));
        }
        if record == Record::Amounts && line.back > 0 {
            row.returned = Returned::Amount(Money::from_ten_thousandths(line.back));
            row.return_time = line.back_day.map(|day| day * DAY);
        }
        builder.push(row).unwrap();
    }
    let log = builder.build().unwrap();
    assert_eq!(log.report().rows_rejected(), 0, "{}", log.report());
    log
}

fn at(day: i64) -> AsOf {
    AsOf::instant(day * DAY, &Zone::utc()).unwrap()
}

/// The window from one day of 1970 until another.
fn window(from: i64, until: i64) -> Window {
    let date = |day: i64| at(day).to_string()[..10].to_owned();
    Window::dates(&date(from), &date(until), &Zone::utc()).unwrap()
}

fn drivers(before: (i64, i64), after: (i64, i64), as_of: i64) -> RevenueDrivers {
    RevenueDrivers::builder(window(before.0, before.1), window(after.0, after.1), at(as_of)).build().unwrap()
}

fn segmentation(customers: u64, ids: IdKind, segment_of: impl Fn(u64) -> Option<usize>) -> Segmentation {
    let ids = match ids {
        IdKind::Number => CustomerIds::numbers((0..customers).collect()).unwrap(),
        IdKind::Text => {
            let mut texts: Vec<String> = (0..customers).map(|customer| format!("c{customer}")).collect();
            texts.sort();
            CustomerIds::texts(kohort::Levels::try_from(texts).unwrap())
        }
    };
    let of: Vec<Option<usize>> = ids
        .iter()
        .map(|id| match id {
            CustomerId::Number(number) => segment_of(number),
            CustomerId::Text(text) => segment_of(text[1..].parse().unwrap()),
        })
        .collect();
    let rows = ids.len() as i64;
    let table = FeatureTable::from_columns(ids, [("gross", units((0..rows).map(|_| 1)))]).unwrap();
    Segmentation::new(&table, vec!["a".to_owned(), "b".to_owned(), "empty".to_owned()], &of).unwrap()
}

fn money(text: &str) -> MoneyTotal {
    Money::parse(text).unwrap().into()
}

fn of(customers: u64, before: &str, after: &str) -> RevenueOf {
    RevenueOf { customers, before: money(before), after: money(after) }
}

/// Two customers with an order of 100 each; then three, with two orders of 100 each.
fn by_hand() -> Vec<Line> {
    let mut lines = vec![sale(1, 1, 1, 100), sale(2, 2, 2, 60), sale(2, 2, 2, 40)];
    for customer in [2, 3, 4] {
        lines.push(sale(customer, 10 * customer, 11, 100));
        lines.push(sale(customer, 10 * customer + 1, 12, 100));
    }
    lines
}

#[test]
fn an_example_by_hand() {
    let change = drivers((0, 10), (10, 20), 30).compare(&log_of(&by_hand(), Record::Notes, IdKind::Number));
    assert_eq!(
        (change.before.net, change.after.net, change.change),
        (money("200"), money("600"), money("400"))
    );
    assert_eq!((change.before.customers, change.after.customers), (2, 3));
    assert_eq!((change.before.orders, change.after.orders), (2, 6));
    assert_eq!(change.after.orders_per_customer, Some(2.0));
    assert_eq!((change.before.basket, change.after.basket), (Some(100.0), Some(100.0)));
    assert_eq!((change.after.net_per_day, change.after.window.days), (60.0, 10.0));
    // One customer more at 100 × (1 + 2) / 2; one order more each of 100 for (2 + 3) / 2 customers.
    assert_eq!(
        change.parts,
        RevenueParts {
            customers: money("150"),
            gained: money("300"),
            lost: money("-150"),
            orders_per_customer: money("250"),
            basket: MoneyTotal::ZERO,
            discount: None,
            returns: Some(MoneyTotal::ZERO),
        }
    );
    assert_eq!(change.gained, of(2, "0", "400"));
    assert_eq!(change.lost, of(1, "100", "0"));
    assert_eq!(change.kept, of(1, "100", "200"));
    assert_eq!(change.returns_only, of(0, "0", "0"));
    assert_eq!(change.kept_parts.orders_per_customer, money("100"));
    assert_eq!(change.kept_parts.total(), change.kept.change());
}

#[test]
fn discounts_and_returns_have_parts_of_their_own() {
    // 100 gross, nothing off, nothing back; then 100 gross, 20 off, 20 of the 80 back.
    let mut lines = vec![sale(1, 1, 1, 100), sale(1, 2, 11, 100)];
    (lines[1].discount, lines[1].back, lines[1].back_day) = (200_000, 200_000, Some(13));
    let change = drivers((0, 10), (10, 20), 30).compare(&log_of(&lines, Record::Amounts, IdKind::Text));
    assert_eq!((change.after.discount_rate, change.after.return_rate), (Some(0.2), Some(0.25)));
    assert_eq!(change.change, money("-40"));
    // 0.2 of 100 at a mean of (1 + 0.75) / 2 kept; 0.25 of a mean of (100 + 80) / 2 paid.
    assert_eq!(change.parts.discount, Some(money("-17.5")));
    assert_eq!(change.parts.returns, Some(money("-22.5")));
    assert_eq!((change.parts.customers, change.parts.basket), (MoneyTotal::ZERO, MoneyTotal::ZERO));
    assert_eq!(change.parts, change.kept_parts);
}

#[test]
fn a_return_counts_when_it_came_back_and_with_its_sale_where_that_is_not_known() {
    let mut lines = vec![sale(1, 1, 1, 100), sale(2, 2, 2, 50), sale(3, 3, 12, 10)];
    (lines[0].back, lines[0].back_day) = (1_000_000, Some(15));
    (lines[1].back, lines[1].back_day) = (200_000, None);
    let log = log_of(&lines, Record::Amounts, IdKind::Number);
    let change = drivers((0, 10), (10, 20), 30).compare(&log);
    assert_eq!((change.before.returned, change.after.returned), (Some(money("20")), Some(money("100"))));
    assert_eq!((change.before.net, change.after.net), (money("130"), money("-90")));
    assert_eq!(change.after.return_rate, Some(10.0), "more came back than was bought");
    assert_eq!(change.parts.total(), money("-220"));
    assert_eq!(change.lost, of(2, "130", "-100"));
    // Before the return is known, it is not there.
    let earlier = drivers((0, 10), (10, 20), 15).compare(&log);
    assert_eq!((earlier.after.returned, earlier.after.window.days), (Some(MoneyTotal::ZERO), 5.0));
}

#[test]
fn customers_who_only_return_are_told_apart() {
    let mut lines = vec![sale(1, 1, 1, 100), sale(2, 2, 12, 80), sale(1, 3, 13, 40), sale(3, 4, 14, 30)];
    (lines[2].note, lines[3].note) = (true, true);
    let log = log_of(&lines, Record::Notes, IdKind::Number);
    let change = drivers((5, 10), (10, 20), 30).compare(&log);
    assert_eq!((change.before.customers, change.after.customers), (0, 1));
    assert_eq!(change.returns_only, of(2, "0", "-70"));
    assert_eq!(change.gained, of(1, "0", "80"));
    // Before nobody bought: all that was kept of the sales belongs to the customers.
    assert_eq!((change.change, change.parts.gained), (money("10"), money("10")));
    assert_eq!(change.parts.total(), change.parts.customers);

    // Where nobody bought in either window, the returns are all there is.
    let only = drivers((5, 10), (13, 20), 30).compare(&log);
    assert_eq!((only.change, only.parts.returns), (money("-70"), Some(money("-70"))));
    assert_eq!(
        (only.after.orders_per_customer, only.after.basket, only.after.return_rate),
        (None, None, None)
    );
}

#[test]
fn an_order_over_the_border_is_in_both_windows_and_its_money_where_the_lines_are() {
    let lines = [sale(1, 1, 9, 100), sale(1, 1, 10, 50), sale(1, 2, 12, 0), sale(2, 3, 13, 0)];
    let change = drivers((0, 10), (10, 20), 30).compare(&log_of(&lines, Record::Notes, IdKind::Number));
    assert_eq!((change.before.orders, change.after.orders), (1, 1));
    assert_eq!((change.before.gross, change.after.gross), (money("100"), money("50")));
    assert_eq!(change.after.customers, 1, "free lines make no order");
    assert_eq!(change.parts.basket, money("-50"));
}

#[test]
fn what_is_not_recorded_is_unknown_and_not_zero() {
    let change = drivers((0, 10), (10, 20), 30).compare(&log_of(&by_hand(), Record::Nothing, IdKind::Number));
    assert_eq!((change.before.returned, change.after.return_rate), (None, None));
    assert_eq!((change.before.discount, change.after.discount_rate), (None, None));
    assert_eq!((change.parts.discount, change.parts.returns), (None, None));
    assert_eq!(change.parts.total(), money("400"));
    let json = serde_json::to_value(&change).unwrap();
    assert!(json["parts"]["returns"].is_null());
    assert_eq!(json["parts"]["orders_per_customer"], "250.00");
    assert_eq!(json["scope"], "Shop");
}

#[test]
fn a_log_without_lines_in_the_windows_gives_zeros() {
    for lines in [vec![], by_hand()] {
        let log = log_of(&lines, Record::Amounts, IdKind::Number);
        let change = drivers((40, 50), (50, 60), 70).compare(&log);
        assert_eq!((change.change, change.parts.total()), (MoneyTotal::ZERO, MoneyTotal::ZERO));
        assert_eq!((change.before.customers, change.after.orders), (0, 0));
        assert!(change.to_string().contains("net revenue"));
    }
}

#[test]
fn windows_without_time_are_refused() {
    let build = |before, after| RevenueDrivers::builder(before, after, at(30)).build();
    let damaged = [
        ("before", build(Window::days(0), Window::days(10))),
        ("before", build(Window::days_ago(10, 20), Window::days(10))),
        ("after", build(Window::days(10), window(30, 40))),
        ("after", build(Window::days(10), window(35, 40))),
        ("before", build(Window::days_ago(u32::MAX, u32::MAX - 1), Window::days(10))),
    ];
    for (name, refused) in damaged {
        let error = refused.unwrap_err();
        assert!(matches!(error, Error::Setting { setting, .. } if setting == name), "{error}");
    }
    assert!(build(Window::all(), Window::days(10)).is_ok());
    assert!(build(Window::months_ago(2, 1), Window::months(1)).is_ok());
}

#[test]
fn segments_of_other_customers_are_refused() {
    let log = log_of(&by_hand(), Record::Notes, IdKind::Number);
    let compare = |segments| drivers((0, 10), (10, 20), 30).compare_segments(&log, &segments);
    for others in [segmentation(5, IdKind::Text, |_| Some(0)), segmentation(1, IdKind::Number, |_| Some(0))] {
        let refused = compare(others).unwrap_err();
        assert!(matches!(refused, Error::Incompatible { what: "the customers", .. }), "{refused}");
    }
    assert!(compare(segmentation(2, IdKind::Number, |_| Some(0))).is_ok(), "one customer in common");
    let empty = log_of(&[], Record::Notes, IdKind::Number);
    let nothing =
        drivers((0, 10), (10, 20), 30).compare_segments(&empty, &segmentation(1, IdKind::Text, |_| None));
    assert_eq!(nothing.unwrap().shop.change, MoneyTotal::ZERO);
}

#[test]
fn what_moves_between_segments_is_the_mix() {
    // Two customers who buy for 10 and one who buys for 100; then one and two. No basket of either segment moves.
    let lines = [(1, 1, 10), (2, 1, 10), (4, 1, 100), (1, 11, 10), (4, 11, 100), (5, 11, 100)];
    let lines: Vec<Line> = lines
        .iter()
        .enumerate()
        .map(|(order, (who, day, units))| sale(*who, order as u64, *day, *units))
        .collect();
    let log = log_of(&lines, Record::Notes, IdKind::Number);
    let segments = segmentation(5, IdKind::Number, |customer| Some(usize::from(customer > 3)));
    let found = drivers((0, 10), (10, 20), 30).compare_segments(&log, &segments).unwrap();
    assert_eq!(found.segments.len(), 4);
    let small = found.segment("a").unwrap();
    assert_eq!((small.change, small.parts.lost), (money("-10"), money("-10")));
    let large = found.segment("b").unwrap();
    assert_eq!((large.before.customers, large.after.customers), (1, 1), "the table has no customer 5");
    let others = &found.segments[3];
    assert_eq!((&others.scope, others.parts.gained), (&RevenueScope::NoSegment, money("100")));
    assert!(found.segment("c").is_none());
    // The shop has as many customers as before, so that its basket alone has moved.
    assert_eq!(found.shop.parts.basket, money("90"));
    assert_eq!((found.mix.basket, found.mix.customers), (money("90"), money("-90")));
    assert_eq!(found.mix.total(), MoneyTotal::ZERO);
    let text = found.to_string();
    assert!(text.contains("(mix of segments)") && text.contains("(none)"), "{text}");
}

#[test]
fn a_comparison_reads_as_a_table() {
    let mut lines = by_hand();
    (lines[3].discount, lines[4].note) = (100_000, true);
    lines.push(sale(9, 90, 15, 5));
    lines.last_mut().unwrap().note = true;
    let change = drivers((0, 10), (10, 21), 30).compare(&log_of(&lines, Record::Notes, IdKind::Number));
    let expected = "\
What moved the net revenue of the shop, and by how much
  before: 1970-01-01 until 1970-01-11 (10 days), 20.00 a day
  after:  1970-01-11 until 1970-01-22 (11 days), 35.00 a day
  factor               before   after     part  of the change
  ───────────────────  ──────  ──────  ───────  ─────────────
  customers                 2       3  +116.63         63.0 %
    gained                          2  +233.25        126.1 %
    lost                    1          -116.63        -63.0 %
  orders per customer    1.00    1.67  +146.10         79.0 %
  basket               100.00  100.00     0.00          0.0 %
  discount              0.0 %   2.0 %    -5.94         -3.2 %
  returns               0.0 %  21.4 %   -71.79        -38.8 %
  ───────────────────  ──────  ──────  ───────  ─────────────
  net revenue          200.00  385.00  +185.00        100.0 %

  net revenue of          customers  before   after   change
  ──────────────────────  ─────────  ──────  ──────  ───────
  customers gained                2    0.00  400.00  +400.00
  customers lost                  1  100.00    0.00  -100.00
  returns without orders          1    0.00   -5.00    -5.00
  customers kept                  1  100.00  -10.00  -110.00
    orders per customer                                 0.00
    basket                                              0.00
    discount                                           -5.00
    returns                                          -105.00
";
    assert_eq!(change.to_string(), expected, "\n{change}");
}

/// One customer's sums in one window.
#[derive(Clone, Default, PartialEq, Debug)]
struct Plain {
    orders: BTreeSet<u64>,
    gross: i128,
    discount: i128,
    returned: i128,
}

/// What each customer did in a window, by a plain loop.
fn plain(lines: &[Line], record: Record, from: i64, until: i64, as_of: i64) -> BTreeMap<u64, Plain> {
    let mut customers: BTreeMap<u64, Plain> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.day < as_of) {
        let inside = |day: i64| from <= day && day < until.min(as_of);
        let sums = customers.entry(line.customer).or_default();
        let note = record == Record::Notes && line.note;
        if inside(line.day) && note {
            sums.returned += i128::from(line.gross);
        } else if inside(line.day) && line.gross > 0 {
            sums.orders.insert(line.order);
            sums.gross += i128::from(line.gross);
            sums.discount += i128::from(line.discount);
        }
        if record == Record::Amounts && line.back > 0 && inside(line.back_day.unwrap_or(line.day)) {
            sums.returned += i128::from(line.back);
        }
    }
    customers
}

fn net(sums: &Plain) -> i128 {
    sums.gross - sums.discount - sums.returned
}

/// The five parts by going through all orders in which factors change, in floats.
fn plain_parts(before: &WindowRevenue, after: &WindowRevenue) -> [f64; 5] {
    let factors = |of: &WindowRevenue| {
        let paid = of.gross.to_f64() - of.discount.unwrap_or_default().to_f64();
        let kept = paid - of.returned.unwrap_or_default().to_f64().min(paid);
        let ratio = |part: f64, whole: f64| (whole > 0.0).then(|| part / whole);
        let (customers, orders) = (of.customers as f64, of.orders as f64);
        [
            Some(customers),
            ratio(orders, customers),
            ratio(of.gross.to_f64(), orders),
            ratio(paid, of.gross.to_f64()),
            ratio(kept, paid),
        ]
    };
    let excess = |of: &WindowRevenue| {
        let paid = of.gross.to_f64() - of.discount.unwrap_or_default().to_f64();
        (of.returned.unwrap_or_default().to_f64() - paid).max(0.0)
    };
    let (earlier, later) = (factors(before), factors(after));
    let mut parts = [0.0; 5];
    let mut orders = 0;
    for code in 0..3_125_usize {
        let order: Vec<usize> = (0..5_u32).map(|place| code / 5_usize.pow(place) % 5).collect();
        if order.iter().collect::<BTreeSet<_>>().len() < 5 {
            continue;
        }
        orders += 1;
        let value = |factor: usize, changed: bool| {
            let (own, other) = if changed { (later, earlier) } else { (earlier, later) };
            own[factor].or(other[factor]).unwrap_or_default()
        };
        let mut changed = [false; 5];
        for factor in order {
            let product =
                |changed: &[bool; 5]| (0..5).map(|factor| value(factor, changed[factor])).product::<f64>();
            let earlier = product(&changed);
            changed[factor] = true;
            parts[factor] += product(&changed) - earlier;
        }
    }
    assert_eq!(orders, 120);
    let mut parts = parts.map(|part| part / 120.0);
    parts[4] += excess(before) - excess(after);
    parts
}

fn check(change: &RevenueChange, lines: &[Line], record: Record, days: [(i64, i64); 2], as_of: i64) {
    let [before, after] = days.map(|(from, until)| plain(lines, record, from, until, as_of));
    for (found, plain) in [(&change.before, &before), (&change.after, &after)] {
        let sum = |of: &dyn Fn(&Plain) -> i128| {
            MoneyTotal::from_ten_thousandths(plain.values().map(of).sum::<i128>())
        };
        let buying = plain.values().filter(|sums| !sums.orders.is_empty()).count();
        assert_eq!(found.customers, buying as u64);
        assert_eq!(found.orders, plain.values().map(|sums| sums.orders.len() as u64).sum::<u64>());
        assert_eq!(found.gross, sum(&|sums| sums.gross));
        assert_eq!(found.discount.unwrap_or_default(), sum(&|sums| sums.discount));
        assert_eq!(found.returned.unwrap_or_default(), sum(&|sums| sums.returned));
        assert_eq!(found.net, sum(&net));
    }
    let none = Plain::default();
    let mut groups: BTreeMap<[bool; 2], (u64, i128, i128)> = BTreeMap::new();
    let everybody: BTreeSet<u64> = before.keys().chain(after.keys()).copied().collect();
    for customer in everybody {
        let sums = [before.get(&customer).unwrap_or(&none), after.get(&customer).unwrap_or(&none)];
        if sums.iter().any(|sums| **sums != none) {
            let group = groups.entry(sums.map(|sums| !sums.orders.is_empty())).or_default();
            *group = (group.0 + 1, group.1 + net(sums[0]), group.2 + net(sums[1]));
        }
    }
    let found = [
        (change.kept, [true, true]),
        (change.gained, [false, true]),
        (change.lost, [true, false]),
        (change.returns_only, [false, false]),
    ];
    for (found, present) in found {
        let (customers, before, after) = groups.get(&present).copied().unwrap_or_default();
        let expected = RevenueOf {
            customers,
            before: MoneyTotal::from_ten_thousandths(before),
            after: MoneyTotal::from_ten_thousandths(after),
        };
        assert_eq!(found, expected, "{present:?}");
    }
    let parts = &change.parts;
    assert_eq!(parts.total(), change.change);
    assert_eq!(change.change, change.after.net - change.before.net);
    assert_eq!(parts.gained + parts.lost, parts.customers);
    assert_eq!(change.kept_parts.total(), change.kept.change());
    assert_eq!(change.kept_parts.customers, MoneyTotal::ZERO);
    let found = [
        parts.customers,
        parts.orders_per_customer,
        parts.basket,
        parts.discount.unwrap_or_default(),
        parts.returns.unwrap_or_default(),
    ];
    for (found, plain) in found.into_iter().zip(plain_parts(&change.before, &change.after)) {
        assert!((found.to_f64() - plain).abs() < 0.000_101, "{found} is not {plain}");
    }
}

/// Lines of a shop over sixty days, and how it records what comes back.
fn shop() -> impl Strategy<Value = (Vec<Line>, Record)> {
    let ids = (0_u64..9, 0_u64..6, 0_i64..60);
    let amounts = (0_i64..2_000_000, 0_i64..=100, 0_i64..=100);
    let back = (prop::bool::weighted(0.4), prop::option::of(0_i64..30), prop::bool::weighted(0.3));
    let line = (ids, amounts, back).prop_map(
        |((customer, order, day), (gross, discount, back), (comes_back, after, note))| {
            // Some lines are free.
            let gross = if gross < 100_000 { 0 } else { gross };
            let discount = if note || discount < 50 { 0 } else { gross * (discount - 50) / 50 };
            let back = if comes_back { (gross - discount) * back / 100 } else { 0 };
            let note = note && gross > 0;
            Line {
                customer,
                order,
                day,
                gross,
                discount,
                back,
                back_day: after.map(|after| day + after),
                note,
            }
        },
    );
    let record = prop_oneof![Just(Record::Amounts), Just(Record::Notes), Just(Record::Nothing)];
    (prop::collection::vec(line, 0..60), record)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn every_figure_is_that_of_a_plain_loop(
        (lines, record) in shop(), starts in (0_i64..40, 0_i64..40), days in (1_i64..40, 1_i64..40), as_of in 41_i64..100,
    ) {
        let windows = [(starts.0, starts.0 + days.0), (starts.1, starts.1 + days.1)];
        let log = log_of(&lines, record, IdKind::Number);
        let forth = drivers(windows[0], windows[1], as_of);
        let change = forth.compare(&log);
        check(&change, &lines, record, windows, as_of);

        let mut shuffled = lines.clone();
        shuffled.reverse();
        shuffled.sort_by_key(|line| (line.gross + line.day) % 7);
        prop_assert_eq!(&forth.compare(&log_of(&shuffled, record, IdKind::Text)), &change);

        let back = drivers(windows[1], windows[0], as_of).compare(&log);
        prop_assert_eq!((&back.before, &back.after), (&change.after, &change.before));
        for (there, back) in [(change.parts, back.parts), (change.kept_parts, back.kept_parts)] {
            let turned = RevenueParts {
                customers: -back.customers,
                gained: -back.lost,
                lost: -back.gained,
                orders_per_customer: -back.orders_per_customer,
                basket: -back.basket,
                discount: back.discount.map(|part| -part),
                returns: back.returns.map(|part| -part),
            };
            prop_assert_eq!(there, turned);
        }
        let same = drivers(windows[0], windows[0], as_of).compare(&log);
        let zeros = [same.change, same.parts.customers, same.parts.gained, same.parts.orders_per_customer, same.parts.basket];
        prop_assert!(zeros.iter().chain(&same.parts.discount).chain(&same.parts.returns).all(|part| *part == MoneyTotal::ZERO));
    }

    #[test]
    fn segments_are_shops_of_their_own_and_add_up(
        (lines, record) in shop(), border in 0_u64..9, customers in 3_u64..9, text in any::<bool>(),
    ) {
        let ids = if text { IdKind::Text } else { IdKind::Number };
        prop_assume!(lines.iter().any(|line| line.customer < customers));
        let of = |customer: u64| (customer % 3 > 0).then_some(usize::from(customer >= border));
        let segments = segmentation(customers, ids, of);
        let both = drivers((0, 25), (25, 70), 60);
        let found = both.compare_segments(&log_of(&lines, record, ids), &segments).unwrap();
        prop_assert_eq!(&found.shop, &both.compare(&log_of(&lines, record, ids)));
        prop_assert_eq!(found.segments.len(), 4);
        for (position, change) in found.segments.iter().enumerate() {
            let segment = |customer: u64| if customer < customers { of(customer).unwrap_or(3) } else { 3 };
            let own: Vec<Line> = lines.iter().filter(|line| segment(line.customer) == position).copied().collect();
            check(change, &own, record, [(0, 25), (25, 70)], 60);
        }
        let sum = |of: &dyn Fn(&RevenueChange) -> MoneyTotal| found.segments.iter().map(of).sum::<MoneyTotal>();
        let figures: [&dyn Fn(&RevenueChange) -> MoneyTotal; 7] = [
            &|c| c.before.net, &|c| c.after.net, &|c| c.change, &|c| c.after.gross,
            &|c| c.gained.change(), &|c| c.lost.change(), &|c| c.kept.change(),
        ];
        for figure in figures {
            prop_assert_eq!(sum(figure), figure(&found.shop));
        }
        prop_assert_eq!(sum(&|c| c.parts.basket) + found.mix.basket, found.shop.parts.basket);
        prop_assert_eq!(sum(&|c| c.parts.lost) + found.mix.lost, found.shop.parts.lost);
        prop_assert_eq!(found.mix.total(), MoneyTotal::ZERO);
        prop_assert_eq!(found.mix.returns.is_some(), record != Record::Nothing);
    }

    #[test]
    fn all_of_history_is_what_the_features_say((lines, record) in shop(), as_of in 1_i64..100) {
        let log = log_of(&lines, record, IdKind::Number);
        let change = RevenueDrivers::builder(Window::days(1), Window::all(), at(as_of)).build().unwrap().compare(&log);
        let table = FeatureExtractor::builder(at(as_of)).build().unwrap().extract(&log).unwrap();
        let total = |feature| {
            table.has(feature).then(|| table.money(feature).unwrap().iter().copied().sum::<MoneyTotal>())
        };
        prop_assert_eq!(Some(change.after.gross), total(Feature::Gross));
        if record != Record::Nothing {
            prop_assert_eq!(change.after.returned, total(Feature::Returned));
            prop_assert_eq!(Some(change.after.net), total(Feature::Net));
        }
        let orders: u64 = table.counts(Feature::Orders).unwrap().iter().map(|count| u64::from(*count)).sum();
        prop_assert_eq!(change.after.orders, orders);
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let rows = 12 * 4_096 + 777;
    let mut draws = crate::customers::Draws::new(5);
    let mut column = |below: u64| -> Vec<u64> { (0..rows).map(|_| draws.below(below)).collect() };
    let (customer, order, time, price) = (column(3_000), column(9), column(100), column(9_000));
    let columns = LogColumns::new(
        customer,
        time.into_iter().map(|day| day as i64 * DAY).collect::<Vec<_>>(),
        PriceColumn::Line(price.into_iter().map(|cents| cents as f64 / 100.0).collect::<Vec<_>>().into()),
    )
    .order(order);
    let log = TransactionLog::from_columns(columns, &LogRules::builder("EUR").build().unwrap()).unwrap();
    let segments =
        segmentation(2_500, IdKind::Number, |customer| (customer % 5 > 0).then_some((customer % 2) as usize));
    let found: Vec<_> = [1, 2, 3, 8]
        .into_iter()
        .map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| drivers((0, 40), (40, 90), 100).compare_segments(&log, &segments).unwrap())
        })
        .collect();
    assert!(found.iter().all(|other| *other == found[0]));
    let customers: u64 = found[0].segments.iter().map(|segment| segment.after.customers).sum();
    assert!(customers > 2_000 && customers == found[0].shop.after.customers);
}
