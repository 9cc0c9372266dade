//! Shops small enough to work out by hand, and the edges.

use kohort::economics::RevenueDrivers;
use kohort::economics::revenue::{RevenueOf, RevenueParts, RevenueScope};
use kohort::{Error, IdKind, Money, MoneyTotal, Window};

use super::{Line, Record, at, drivers, log_of, sale, segmentation, window};

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
