//! The families trend and channels against plain loops, and what holds of all families of time: shuffled, split, on
//! other thread counts, alone and together.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use kohort::features::{Calendar, FeatureExtractorBuilder, FeatureState, LifeCycle, Trend};
use kohort::transaction::{IdColumn, LogColumns, OrderLine, Price, PriceColumn, ReturnedColumn};
use kohort::{
    AsOf, Attribute, Category, Error, Feature, FeatureExtractor, FeatureTable, IdKind, LogRules, Money,
    OrderIdentity, Returns, TransactionLog, Window, Zone,
};
use proptest::prelude::*;

use crate::families_time::{START, ZONES, customers, number, orders_of, shop, table, text};
use crate::features::{DAY, Row, came_back, log_by, log_of};

/// How a shop of random lines records returns.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Convention {
    OnSales,
    CreditNotes,
    NotRecorded,
}

fn any_shop() -> impl Strategy<Value = (Vec<Row>, Convention)> {
    (shop(), any::<bool>()).prop_map(|((rows, credit_notes), recorded)| {
        let convention = match (credit_notes, recorded) {
            (true, _) => Convention::CreditNotes,
            (false, true) => Convention::OnSales,
            (false, false) => Convention::NotRecorded,
        };
        (rows, convention)
    })
}

fn rules(convention: Convention, orders: OrderIdentity) -> LogRules {
    let returns = match convention {
        Convention::OnSales => Returns::Quantity,
        Convention::CreditNotes => Returns::CreditNotes { prefix: None },
        Convention::NotRecorded => Returns::NotRecorded,
    };
    LogRules::builder("EUR").returns(returns).orders(orders).build().unwrap()
}

fn log(rows: &[Row], convention: Convention) -> TransactionLog {
    log_by(&rules(convention, OrderIdentity::Column), rows, IdKind::Number)
}

/// The same lines with few times and prices, so that without ids of orders many differ in what is left.
fn coarse(row: &Row) -> Row {
    let (time, unit) = (row.time - row.time.rem_euclid(60 * DAY), row.unit.min(1_000));
    Row { time, unit, pieces: row.pieces.min(2), back: row.back.min(1), ..row.clone() }
}

fn utc(now: i64) -> AsOf {
    AsOf::instant(now, &Zone::utc()).unwrap()
}

/// When each row adds how much to the net of a customer, before a moment.
fn nets(rows: &[Row], customer: u64, now: i64, convention: Convention) -> Vec<(i64, i64)> {
    let back = came_back(rows, now, convention == Convention::CreditNotes);
    let mut nets = Vec::new();
    for (row, (_, value)) in rows.iter().zip(back) {
        if row.customer != customer || row.time >= now {
            continue;
        }
        if row.credit_note {
            nets.push((row.time, -row.gross()));
        } else {
            nets.push((row.time, row.gross() - row.off()));
            if convention == Convention::OnSales {
                nets.push((row.time + row.back_after.unwrap_or(0), -value));
            }
        }
    }
    nets
}

fn sum(values: &[(i64, i64)], from: i64, until: i64) -> i64 {
    values.iter().filter(|(time, _)| (from..until).contains(time)).map(|(_, value)| value).sum()
}

/// Every family of time.
fn all(builder: FeatureExtractorBuilder) -> FeatureExtractorBuilder {
    let trend = Trend::builder().recent_days(100).earlier_days(60).build().unwrap();
    builder.calendar(Calendar::default()).life_cycle(LifeCycle::default()).trend(trend).channels()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn trends_agree_with_plain_sums(
        (rows, convention) in any_shop(),
        hours in 1_i64..430 * 24,
        (recent, earlier) in (1_i64..200, 1_i64..200),
        (periods, days, repurchase) in (2_i64..9, 1_i64..60, 1_i64..100),
    ) {
        let now = START + hours * DAY / 24;
        let trend = Trend::builder()
            .recent_days(recent as u32)
            .earlier_days(earlier as u32)
            .periods(periods as u32)
            .period_days(days as u32)
            .repurchase_days(repurchase as u32)
            .build()
            .unwrap();
        let found = table(&log(&rows, convention), &utc(now), |b| b.trend(trend.clone()));
        let (middle, start) = (now - recent * DAY, now - (recent + earlier) * DAY);
        for (row, customer) in customers(&rows, now).into_iter().enumerate() {
            let net = nets(&rows, customer, now, convention);
            let orders = orders_of(&rows, customer, now);
            let sales: Vec<(i64, i64)> =
                orders.iter().flat_map(|order| &order.lines).map(|line| (line.time, line.gross())).collect();
            let placed = |from, until| {
                orders.iter().filter(|o| o.lines.iter().any(|l| (from..until).contains(&l.time))).count() as i64
            };
            for (value, now, then) in [
                ("net", sum(&net, middle, now), sum(&net, start, middle)),
                ("gross", sum(&sales, middle, now), sum(&sales, start, middle)),
                ("orders", placed(middle, now), placed(start, middle)),
            ] {
                let (now, then) = (now * earlier, then * recent);
                let of = |part: i64, whole: i64| (whole > 0).then(|| part as f64 / whole as f64);
                let name = |what: &str| format!("{value}_{what}__{recent}d_vs_{earlier}d");
                prop_assert_eq!(number(&found, &name("ratio"), row), of(now, then), "{}", value);
                prop_assert_eq!(number(&found, &name("growth"), row), of(now - then, then), "{}", value);
                let symmetric = of(now - then, now.abs() + then.abs()).unwrap_or(0.0);
                prop_assert_eq!(number(&found, &name("growth_symmetric"), row), Some(symmetric), "{}", value);
                prop_assert!((-1.0..=1.0).contains(&symmetric));
            }

            // The slope by the book: covariance over variance.
            let y: Vec<f64> = (0..periods)
                .map(|i| sum(&sales, now - (periods - i) * days * DAY, now - (periods - i - 1) * days * DAY))
                .map(|gross| gross as f64 / 10_000.0)
                .collect();
            let (mean_x, mean_y) = ((periods - 1) as f64 / 2.0, y.iter().sum::<f64>() / periods as f64);
            let covariance: f64 = y.iter().enumerate().map(|(x, y)| (x as f64 - mean_x) * (y - mean_y)).sum();
            let variance: f64 = (0..periods).map(|x| (x as f64 - mean_x).powi(2)).sum();
            let slope = number(&found, &format!("gross_slope__{periods}x{days}d"), row);
            prop_assert_eq!(slope.is_some(), !orders.is_empty());
            prop_assert!((slope.unwrap_or(0.0) - covariance / variance).abs() < 1e-9, "{:?}", slope);

            let old = (0..orders.len()).filter(|i| now - orders[*i].time >= repurchase * DAY);
            let followed = |i: &usize| {
                orders.get(i + 1).is_some_and(|next| next.time - orders[*i].time < repurchase * DAY)
            };
            let (of, whole) = (old.clone().filter(followed).count(), old.count());
            let rate = (whole > 0).then(|| of as f64 / whole as f64);
            prop_assert_eq!(number(&found, &format!("repurchase_rate__{repurchase}d"), row), rate);
        }
    }

    #[test]
    fn trends_compare_what_windows_show((rows, convention) in any_shop(), day in 1_i64..430) {
        let (recent, earlier) = (Window::days(80), Window::days_ago(120, 80));
        let features = [Feature::Net, Feature::Gross];
        let trend = Trend::builder().recent_days(80).earlier_days(40).build().unwrap();
        let found = table(&log(&rows, convention), &utc(START + day * DAY), |b| {
            b.within(&recent, features).within(&earlier, features).trend(trend.clone())
        });
        for value in ["net", "gross"] {
            let of = |window: &str| found.column(format!("{value}__{window}")).unwrap();
            let (recent, earlier) = (of("80d"), of("120d_80d"));
            for row in 0..found.len() {
                let (recent, earlier) = (recent.number(row).unwrap(), 2.0 * earlier.number(row).unwrap());
                let ratio = number(&found, &format!("{value}_ratio__80d_vs_40d"), row);
                prop_assert_eq!(ratio.is_some(), earlier > 0.0);
                let difference = ratio.map_or(0.0, |ratio| ratio * earlier - recent);
                prop_assert!(difference.abs() < 1e-9, "{}", value);
            }
        }
    }

    #[test]
    fn channels_agree_with_plain_loops((rows, credit_notes) in shop(), day in 1_i64..430) {
        let now = START + day * DAY;
        let log = log_of(&rows, credit_notes, IdKind::Number);
        prop_assume!(log.attribute(Attribute::Channel).is_some());
        let found = table(&log, &utc(now), FeatureExtractorBuilder::channels);
        for (row, customer) in customers(&rows, now).into_iter().enumerate() {
            let orders = orders_of(&rows, customer, now);
            let mut channels = Vec::new();
            let mut sums: BTreeMap<u8, (u32, i64)> = BTreeMap::new();
            for order in &orders {
                let mut gross: BTreeMap<u8, i64> = BTreeMap::new();
                order.lines.iter().for_each(|line| *gross.entry(line.channel).or_default() += line.gross());
                let (channel, _) =
                    gross.iter().max_by_key(|(channel, gross)| (**gross, Reverse(**channel))).unwrap();
                channels.push(*channel);
                let entry = sums.entry(*channel).or_default();
                *entry = (entry.0 + 1, entry.1 + gross.values().sum::<i64>());
            }
            let name = |channel: &u8| format!("ch{channel}");
            for channel in log.attribute(Attribute::Channel).unwrap().levels().iter() {
                let own = sums.iter().find(|(code, _)| name(code) == channel).map_or(0, |(_, sum)| sum.0);
                let share = (!orders.is_empty()).then(|| f64::from(own) / orders.len() as f64);
                prop_assert_eq!(number(&found, &format!("channel_order_share__{channel}"), row), share);
            }
            let favourite = sums.iter().max_by_key(|(channel, sums)| (**sums, Reverse(**channel)));
            prop_assert_eq!(text(&found, "favourite_channel", row), favourite.map(|(channel, _)| name(channel)));
            prop_assert_eq!(text(&found, "first_channel", row), channels.first().map(name));
            prop_assert_eq!(text(&found, "last_channel", row), channels.last().map(name));
            prop_assert_eq!(number(&found, "channels", row), Some(sums.len() as f64));
        }
    }

    #[test]
    fn rows_in_any_order_and_days_one_by_one_give_the_same_table(
        (rows, convention) in any_shop(),
        (cut, rotate) in (0_usize..60, 0_usize..60),
        each_line: bool,
        zone in prop::sample::select(ZONES.to_vec()),
    ) {
        let identity = if each_line { OrderIdentity::EachLine } else { OrderIdentity::Column };
        let rows: Vec<Row> = if each_line { rows.iter().map(coarse).collect() } else { rows };
        let rules = rules(convention, identity);
        let log = |rows: &[Row]| log_by(&rules, rows, IdKind::Text);
        let whole = log(&rows);
        prop_assume!(whole.attribute(Attribute::Channel).is_some());
        let as_of = AsOf::instant(START + 300 * DAY, &Zone::named(zone).unwrap()).unwrap();
        let extractor = all(FeatureExtractor::builder(as_of).features([])).build().unwrap();
        let expected = extractor.extract(&whole).unwrap();
        let mut shuffled = rows.clone();
        shuffled.reverse();
        shuffled.rotate_left(rotate.min(rows.len()));
        prop_assert_eq!(&extractor.extract(&log(&shuffled)).unwrap(), &expected);
        let mut state = FeatureState::new();
        let (early, late) = rows.split_at(cut.min(rows.len()));
        for part in [late, early] {
            state.push(&log(part)).unwrap();
        }
        prop_assert_eq!(&state.finish(&extractor).unwrap(), &expected);
    }

    #[test]
    fn a_family_finds_the_same_alone_and_beside_others(
        (rows, convention) in any_shop(),
        each_line: bool,
        day in 1_i64..430,
    ) {
        let identity = if each_line { OrderIdentity::EachLine } else { OrderIdentity::Column };
        let rows: Vec<Row> = if each_line { rows.iter().map(coarse).collect() } else { rows };
        let log = log_by(&rules(convention, identity), &rows, IdKind::Number);
        let as_of = utc(START + day * DAY);
        prop_assume!(log.attribute(Attribute::Channel).is_some());
        let together = all(FeatureExtractor::builder(as_of.clone())).rhythm().build().unwrap().extract(&log).unwrap();
        let trend = Trend::builder().recent_days(100).earlier_days(60).build().unwrap();
        let alone = [
            table(&log, &as_of, |b| b.calendar(Calendar::default())),
            table(&log, &as_of, |b| b.life_cycle(LifeCycle::default())),
            table(&log, &as_of, |b| b.trend(trend.clone())),
            table(&log, &as_of, FeatureExtractorBuilder::channels),
            table(&log, &as_of, FeatureExtractorBuilder::rhythm),
        ];
        for (name, one) in alone.iter().flat_map(|one| one.names().map(move |name| (name, one))) {
            prop_assert_eq!(one.column(name).unwrap(), together.column(name).unwrap(), "{}", name);
        }
    }
}

/// One line of a shop of few.
fn line(day: i64, order: &str, price: i64, channel: Option<&str>) -> OrderLine {
    let mut line = OrderLine::new("ada", START + day * DAY, Price::Unit(Money::from_ten_thousandths(price)));
    line.order = Some(order.to_owned());
    line.channel = channel.map(str::to_owned);
    line
}

fn log_of_lines(identity: OrderIdentity, lines: impl IntoIterator<Item = OrderLine>) -> TransactionLog {
    let returns = Returns::CreditNotes { prefix: None };
    let rules = LogRules::builder("EUR").orders(identity).returns(returns).build().unwrap();
    let mut builder = TransactionLog::builder(&rules, IdKind::Text);
    lines.into_iter().for_each(|line| builder.push(line).unwrap());
    builder.build().unwrap()
}

fn channels_of(found: &FeatureTable) -> [Option<String>; 3] {
    ["favourite_channel", "first_channel", "last_channel"].map(|name| text(found, name, 0))
}

fn texts<const N: usize>(texts: [&str; N]) -> [Option<String>; N] {
    texts.map(|text| Some(text.to_owned()))
}

#[test]
fn windows_and_periods_begin_at_their_start_and_end_before_their_end() {
    let order = |day, price| line(day, &day.to_string(), price, None);
    let log = log_of_lines(
        OrderIdentity::Column,
        [order(0, 1_000), order(90, 3_000), order(179, 500), order(180, 9)],
    );
    let trend = Trend::builder().periods(2).period_days(90).build().unwrap();
    let at = |day| table(&log, &utc(START + day * DAY), |b| b.trend(trend.clone()));
    let (found, later) = (at(180), at(181));
    let of = |name: &str| number(&found, name, 0);
    assert_eq!(of("gross_ratio__90d_vs_90d"), Some(3.5));
    assert_eq!(of("gross_growth__90d_vs_90d"), Some(2.5));
    assert_eq!(of("gross_growth_symmetric__90d_vs_90d"), Some(2_500.0 / 4_500.0));
    assert_eq!(of("orders_ratio__90d_vs_90d"), Some(2.0));
    assert_eq!(of("net_ratio__90d_vs_90d"), Some(3.5));
    assert_eq!(of("gross_slope__2x90d"), Some(0.25));
    // The first order was followed on the 90th day, which is too late; the second after 89; the third is too young.
    assert_eq!(of("repurchase_rate__90d"), Some(0.5));
    // A day later, the first order is out of both windows and the second in the earlier one.
    assert_eq!(number(&later, "gross_ratio__90d_vs_90d", 0), Some(509.0 / 3_000.0));
    assert_eq!(number(&later, "gross_slope__2x90d", 0), Some(-0.249_1));
}

#[test]
fn the_channel_of_an_order_is_that_of_its_larger_part() {
    let lines = [
        // Two lines on the web together are more than the larger one in the shop.
        line(0, "1", 40, Some("web")),
        line(0, "1", 50, Some("shop")),
        line(0, "1", 30, Some("web")),
        // As much by app as by web.
        line(1, "2", 20, Some("web")),
        line(1, "2", 20, Some("app")),
        // No channel, which neither counts nor is the last.
        line(2, "3", 99, None),
        line(2, "4", 10, Some("web")),
        line(2, "4", 90, None),
    ];
    let log = log_of_lines(OrderIdentity::Column, lines);
    let at = |day| table(&log, &utc(START + day * DAY), FeatureExtractorBuilder::channels);
    assert_eq!(channels_of(&at(3)), texts(["web", "web", "web"]));
    assert_eq!(channels_of(&at(2)), texts(["web", "web", "app"]), "of equals the one with more gross");
    let share = |channel| number(&at(3), &format!("channel_order_share__{channel}"), 0);
    assert_eq!(["app", "shop", "web"].map(share), [Some(1.0 / 3.0), Some(0.0), Some(2.0 / 3.0)]);
    assert_eq!(number(&at(3), "channels", 0), Some(2.0));
    let unknown = log_of_lines(OrderIdentity::Column, [line(0, "1", 5, None), line(1, "2", 5, Some("app"))]);
    let found = table(&unknown, &utc(START + 2 * DAY), FeatureExtractorBuilder::channels);
    assert_eq!(channels_of(&found), [Some("app".to_owned()), None, Some("app".to_owned())]);
}

#[test]
fn orders_that_differ_in_nothing_but_the_channel_stand_in_its_order() {
    let lines = ["web", "app", "shop"].map(|channel| line(0, "", 50, Some(channel)));
    for rotate in 0..3 {
        let mut lines = lines.to_vec();
        lines.rotate_left(rotate);
        let log = log_of_lines(OrderIdentity::EachLine, lines);
        let found = table(&log, &utc(START + DAY), FeatureExtractorBuilder::channels);
        assert_eq!(channels_of(&found), texts(["app", "app", "web"]));
    }
}

#[test]
fn a_customer_of_credit_notes_only_has_no_time_but_a_trend() {
    let mut note = line(9, "C1", 50, Some("web"));
    note.quantity = -2;
    let log = log_of_lines(OrderIdentity::Column, [note]);
    let found = table(&log, &utc(START + 10 * DAY), |b| all(b).rhythm());
    for name in found.names() {
        let column = found.column(name).unwrap();
        let expected = match name {
            "net_growth_symmetric__100d_vs_60d" => Some(-1.0),
            "gross_growth_symmetric__100d_vs_60d" | "orders_growth_symmetric__100d_vs_60d" | "channels" => {
                Some(0.0)
            }
            _ => None,
        };
        assert_eq!((column.number(0), column.text(0).is_empty()), (expected, expected.is_none()), "{name}");
    }
}

#[test]
fn a_log_without_channels_says_so() {
    let log = log_of_lines(OrderIdentity::Column, [line(0, "1", 5, None)]);
    let asked = FeatureExtractor::builder(utc(START + DAY)).channels().build().unwrap();
    let refused = asked.extract(&log).unwrap_err();
    assert!(matches!(&refused, Error::FeatureNeeds { needs: "a channel column", .. }), "{refused}");
    let many = (0..65).map(|channel| line(0, "1", 5, Some(&format!("ch{channel}"))));
    let refused = asked.extract(&log_of_lines(OrderIdentity::Column, many)).unwrap_err();
    assert!(matches!(&refused, Error::Setting { setting: "channel", .. }), "{refused}");
}

/// More lines than twenty groups hold, in no order of customers, orders or time.
fn large_log(reversed: bool) -> TransactionLog {
    let rows = 4_096 * 21 + 1_234;
    let mut state = 11_u64;
    let mut draw = |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut lines: Vec<[u64; 5]> =
        (0..rows).map(|_| [draw(9_000), draw(9), draw(400 * 24 * 60), draw(1_000), draw(5)]).collect();
    if reversed {
        lines.reverse();
    }
    let of = |place: usize| lines.iter().map(move |line| line[place]);
    let price: Vec<f64> = of(3).map(|cents| cents as f64 / 100.0).collect();
    let time: Vec<i64> = of(2).map(|minute| START + minute as i64 * DAY / 1_440).collect();
    let returned: Vec<i32> = of(4).map(|number| i32::from(number == 0)).collect();
    let later: Vec<i64> = time.iter().map(|time| time + 20 * DAY).collect();
    let channel: Vec<i64> = of(4).map(|number| number as i64).collect();
    let columns = LogColumns::new(IdColumn::Numbers(of(0).collect()), time, PriceColumn::Unit(price.into()))
        .order(IdColumn::Numbers(of(1).collect()))
        .returned(ReturnedColumn::Quantity(returned.into()))
        .return_time(later)
        .attribute(Attribute::Channel, Category::from_numbers(&channel));
    let rules = LogRules::builder("EUR").returns(Returns::Quantity).build().unwrap();
    TransactionLog::from_columns(columns, &rules).unwrap()
}

#[test]
fn any_number_of_threads_and_any_order_of_lines_give_the_same_bits() {
    let as_of = AsOf::instant(START + 390 * DAY, &Zone::named("Europe/Berlin").unwrap()).unwrap();
    let extractor = all(FeatureExtractor::builder(as_of).features([])).build().unwrap();
    let tables: Vec<FeatureTable> = [(1, false), (2, true), (3, false), (8, true)]
        .into_iter()
        .map(|(threads, reversed)| {
            let log = large_log(reversed);
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| extractor.extract(&log).unwrap())
        })
        .collect();
    assert!(tables.iter().all(|table| *table == tables[0]));
    assert!(tables[0].context().unwrap().lines_left_out > 0);
    // Each family has something to say of nearly all of them.
    for name in ["cohort_month", "life_cycle", "favourite_channel"] {
        assert!(tables[0].category(name).unwrap().iter().flatten().count() > 8_900, "{name}");
    }
}
