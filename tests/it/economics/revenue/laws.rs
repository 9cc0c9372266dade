//! Made-up shops against plain loops, against the features, and against themselves.

use std::collections::{BTreeMap, BTreeSet};

use kohort::economics::revenue::{RevenueOf, RevenueParts, WindowRevenue};
use kohort::economics::{RevenueChange, RevenueDrivers};
use kohort::transaction::{LogColumns, PriceColumn};
use kohort::{Feature, FeatureExtractor, IdKind, LogRules, MoneyTotal, TransactionLog, Window};
use proptest::prelude::*;

use super::{DAY, Line, Record, at, drivers, log_of, segmentation, window};

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
        let of = |customer: u64| (!customer.is_multiple_of(3)).then_some(usize::from(customer >= border));
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
    fn both_windows_are_what_the_features_say((lines, record) in shop(), day in 1_i64..50, as_of in 41_i64..100) {
        let log = log_of(&lines, record, IdKind::Number);
        let windows = [window(day, day + 20), Window::all()];
        let [before, after] = windows.clone();
        let change = RevenueDrivers::builder(before, after, at(as_of)).build();
        prop_assume!(change.is_ok());
        let change = change.unwrap().compare(&log);
        let recorded = record != Record::Nothing;
        let mut features = vec![Feature::Gross, Feature::Orders];
        features.extend([Feature::Returned, Feature::Net].iter().filter(|_| recorded));
        for (window, found) in windows.iter().zip([&change.before, &change.after]) {
            let extractor = FeatureExtractor::builder(at(as_of)).features([]).within(window, features.clone());
            let table = extractor.build().unwrap().extract(&log).unwrap();
            let total = |feature: Feature| {
                table.money(format!("{feature}__{window}")).unwrap().iter().copied().sum::<MoneyTotal>()
            };
            prop_assert_eq!(found.gross, total(Feature::Gross));
            if recorded {
                prop_assert_eq!(found.returned, Some(total(Feature::Returned)));
                prop_assert_eq!(found.net, total(Feature::Net));
            }
            let orders = table.counts(format!("orders__{window}")).unwrap();
            prop_assert_eq!(found.orders, orders.iter().map(|count| u64::from(*count)).sum::<u64>());
            prop_assert_eq!(found.customers, orders.iter().filter(|count| **count > 0).count() as u64);
        }
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
