//! Customers who are erased: what is left is what would be there without them, and no text of theirs remains.

use kohort::events::EventRules;
use kohort::transaction::{LogColumns, OrderLine, Price, PriceColumn, RejectReason, Returned};
use kohort::{
    Attribute, CustomerId, Event, EventLog, FeatureExtractor, IdKind, LogRules, Money, OrderIdentity,
    Returns, TransactionLog,
};
use proptest::prelude::*;
use rayon::ThreadPoolBuilder;

const DAY: i64 = 86_400_000_000;

/// What a line is made from: customer, day, price, pieces back, product.
type Bought = (u8, i64, i64, i64, u8);

fn line(kind: IdKind, (customer, day, price, back, product): Bought) -> OrderLine {
    let customer = match kind {
        IdKind::Number => CustomerId::from(u64::from(customer)),
        IdKind::Text => CustomerId::from(format!("c{customer}")),
    };
    let mut line =
        OrderLine::new(customer.clone(), day * DAY, Price::Unit(Money::from_ten_thousandths(price * 1_000)));
    line.order = Some(format!("{customer}-{day}"));
    line.quantity = 2;
    // Three of two cannot come back: such a line is rejected.
    line.returned = Returned::Quantity(back);
    line.product = Some(if product == 0 { format!("mug for {customer}") } else { format!("p{product}") });
    line
}

fn log(kind: IdKind, lines: impl IntoIterator<Item = Bought>) -> TransactionLog {
    let rules =
        LogRules::builder("EUR").orders(OrderIdentity::Column).returns(Returns::Quantity).build().unwrap();
    let mut log = TransactionLog::builder(&rules, kind);
    for bought in lines {
        log.push(line(kind, bought)).unwrap();
    }
    log.build().unwrap()
}

fn bought() -> impl Strategy<Value = Vec<Bought>> {
    prop::collection::vec((0_u8..8, 0_i64..5, 0_i64..50, 0_i64..4, 0_u8..3), 0..60)
}

proptest! {
    #[test]
    fn what_is_left_is_what_would_be_there_without_them(
        lines in bought(),
        erased in prop::collection::vec(0_u8..10, 1..5),
        numbers in any::<bool>(),
    ) {
        let kind = if numbers { IdKind::Number } else { IdKind::Text };
        let whole = log(kind, lines.iter().copied());
        let without = log(kind, lines.iter().copied().filter(|line| !erased.contains(&line.0)));
        let ids: Vec<CustomerId> = erased.iter().map(|customer| match kind {
            IdKind::Number => u64::from(*customer).into(),
            IdKind::Text => format!("c{customer}").into(),
        }).collect();
        let left = whole.erase(&ids);

        prop_assert_eq!(left.customers(), without.customers());
        prop_assert_eq!(left.times(), without.times());
        if !without.is_empty() {
            prop_assert_eq!(left.attribute(Attribute::Product), without.attribute(Attribute::Product));
            let extractor = FeatureExtractor::builder(without.as_of_end().unwrap()).build().unwrap();
            prop_assert_eq!(extractor.extract(&left).unwrap(), extractor.extract(&without).unwrap());
        }

        let (read, kept, now) = (whole.report(), without.report(), left.report());
        prop_assert!(now.balances());
        prop_assert_eq!(now.rows_read, read.rows_read);
        prop_assert_eq!((now.sales, now.free, now.discount), (kept.sales, kept.free, kept.discount));
        prop_assert_eq!((now.credit_notes, now.returned_lines), (kept.credit_notes, kept.returned_lines));
        prop_assert_eq!((now.sales_read(), now.returns_read()), (read.sales_read(), read.returns_read()));
        prop_assert_eq!(now.erased.rows, read.rows_kept() - kept.rows_kept());
        prop_assert_eq!(now.rows_rejected(), read.rows_rejected());
        prop_assert_eq!(left.erase(&ids), left.clone(), "she can be erased only once");
        prop_assert_eq!(whole.erase(&[]), whole);
    }

    #[test]
    fn erasing_in_parts_is_erasing_at_once(lines in bought(), first in 0_u64..8, second in 0_u64..8) {
        let whole = log(IdKind::Number, lines);
        let at_once = whole.erase(&[first.into(), second.into()]);
        prop_assert_eq!(whole.erase(&[second.into()]).erase(&[first.into()]), at_once);
    }
}

#[test]
fn no_text_of_hers_remains_even_in_the_report() {
    // Of `c1` a line is rejected as well, and its text names her.
    let log = log(IdKind::Text, [(1, 0, 10, 0, 0), (2, 0, 10, 0, 1), (1, 1, 10, 3, 0)]);
    assert!(log.report().rejected[&RejectReason::ReturnedTooMuch].example.contains("c1"));
    let left = log.erase(&["c1".into()]);
    let rejection = &left.report().rejected[&RejectReason::ReturnedTooMuch];
    assert_eq!((rejection.example.as_str(), rejection.rows), ("", 1));
    let told = serde_json::to_string(left.report()).unwrap() + &left.report().to_string();
    assert!(!told.contains("c1"), "{told}");
    assert_eq!(left.attribute(Attribute::Product).unwrap().levels().iter().collect::<Vec<_>>(), ["p1"]);

    // A customer of whom every row was rejected can be named by an example too.
    let all_rejected = log.erase(&["nobody".into()]);
    assert_eq!(all_rejected.report().rejected[&RejectReason::ReturnedTooMuch].example, "");
    assert_eq!((all_rejected.len(), all_rejected.report().erased.rows), (log.len(), 0));
}

#[test]
fn ids_are_found_in_either_form() {
    let numbers = log(IdKind::Number, [(1, 0, 10, 0, 0), (2, 0, 10, 0, 1)]);
    assert_eq!(numbers.erase(&["2".into()]), numbers.erase(&[2.into()]));
    assert_eq!(numbers.erase(&["2".into()]).len(), 1);
    assert_eq!(numbers.erase(&["two".into()]).len(), 2);
    let rules = LogRules::builder("EUR").orders(OrderIdentity::EachLine).build().unwrap();
    let mut texts = TransactionLog::builder(&rules, IdKind::Text);
    texts.push(OrderLine::new("17", 0, Price::Line(Money::ZERO))).unwrap();
    assert_eq!(texts.build().unwrap().erase(&[17.into()]).report().erased.customers, 1);
}

#[test]
fn events_are_erased_alike() {
    let rules = EventRules::builder().build().unwrap();
    let mut events = EventLog::builder(&rules, IdKind::Number);
    events.push(Event::new(17, 0, "sent")).unwrap();
    events.push(Event::new(18, 0, "sent")).unwrap();
    events.push(Event::new("seventeen", 0, "sent")).unwrap();
    let log = events.build().unwrap();
    let rejected = |log: &EventLog| log.report().rejected[&RejectReason::MissingCustomer].clone();
    assert_eq!(rejected(&log).example, "`seventeen`");
    let left = log.erase(&["17".into()]);
    assert_eq!((left.len(), left.report().erased.events), (1, 1));
    assert_eq!((rejected(&left).example.as_str(), rejected(&left).totals.events), ("", 1));
    assert_eq!(log.erase(&[]).report(), log.report());
}

#[test]
fn short_texts_leave_nothing_behind_either() {
    // Columns keep short ids as numbers behind the letters that all of them begin with.
    let rules = LogRules::builder("EUR").orders(OrderIdentity::EachLine).build().unwrap();
    let of = |ids: Vec<&str>| {
        let rows = ids.len();
        let columns = LogColumns::new(ids, vec![0_i64; rows], PriceColumn::Line(vec![1.0; rows].into()));
        TransactionLog::from_columns(columns, &rules).unwrap()
    };
    let log = of(vec!["customer 1", "customer 23", "customer 1"]);
    let left = log.erase(&["customer 1".into(), "customer 4".into(), "other".into()]);
    assert_eq!(left.customers(), of(vec!["customer 23"]).customers());
    assert_eq!((left.report().erased.customers, left.report().erased.rows), (1, 2));
    let none = left.erase(&["customer 23".into()]);
    assert_eq!((none.len(), none.customers()), (0, of(vec![]).customers()));
}

#[test]
fn any_number_of_threads_leaves_the_same() {
    let lines = (0..40_000_u32).map(|row| {
        ((row * 7 % 200) as u8, i64::from(row % 5), i64::from(row % 50), i64::from(row % 3), (row % 3) as u8)
    });
    let log = log(IdKind::Number, lines);
    let ids: Vec<CustomerId> = (0..100).map(CustomerId::from).collect();
    let on =
        |threads| ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| log.erase(&ids));
    let one = on(1);
    assert_eq!(one.len(), 20_000);
    for threads in [2, 3, 8] {
        assert_eq!(on(threads), one);
    }
}
