//! Small shops whose features can be counted on one's fingers, through the whole flow: lines of the future, customers
//! who only send back, one customer, one order, costs that are not known.

use kohort::economics::{CostOfGoods, Economics, Item};
use kohort::features::{ReturnKnowledge, Values};
use kohort::segment::{Segmenter, StarterSegments};
use kohort::transaction::{LogRulesBuilder, OrderLine, Price, RejectReason, Returned, Vat};
use kohort::{
    AsOf, Bitmap, Costs, CustomerId, Error, Feature, FeatureExtractor, FeatureTable, IdKind, LogRules, Money,
    OrderIdentity, Returns, Rfm, Segmentation, TransactionLog, Zone,
};

use crate::economics::half_for_goods;

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

fn log(rules: LogRulesBuilder, lines: impl IntoIterator<Item = OrderLine>) -> TransactionLog {
    let mut builder = TransactionLog::builder(&rules.build().unwrap(), IdKind::Text);
    for line in lines {
        builder.push(line).unwrap();
    }
    builder.build().unwrap()
}

fn flags() -> LogRulesBuilder {
    LogRules::builder("EUR").returns(Returns::Quantity)
}

fn notes() -> LogRulesBuilder {
    LogRules::builder("EUR").returns(Returns::CreditNotes { prefix: Some("C".into()) })
}

/// A line of so many pieces at 10 a piece.
fn line(customer: &str, order: &str, time: i64, pieces: i64) -> OrderLine {
    let mut line = OrderLine::new(customer, time, Price::Unit(Money::from_ten_thousandths(100_000)));
    line.order = Some(order.to_owned());
    line.quantity = pieces;
    line
}

fn returned(mut line: OrderLine, pieces: i64, time: i64) -> OrderLine {
    line.returned = Returned::Quantity(pieces);
    line.return_time = Some(time);
    line
}

fn cost(mut line: OrderLine, units: i64) -> OrderLine {
    line.unit_cost = Some(Money::from_ten_thousandths(units * 10_000));
    line
}

fn features(log: &TransactionLog, as_of: i64) -> FeatureTable {
    let as_of = AsOf::instant(as_of, &Zone::utc()).unwrap();
    FeatureExtractor::builder(as_of).build().unwrap().extract(log).unwrap()
}

fn of(table: &FeatureTable, feature: Feature) -> Vec<Option<f64>> {
    let column = table.column(feature).unwrap();
    (0..table.len()).map(|row| column.number(row)).collect()
}

#[test]
fn what_is_not_before_the_moment_is_counted_and_left_out() {
    let log = log(
        flags(),
        [
            returned(line("ada", "1", 5 * DAY - 1, 1), 1, 5 * DAY - 1),
            returned(line("ada", "2", 4 * DAY, 2), 2, 5 * DAY),
            line("ada", "3", 5 * DAY, 4),
            line("ben", "4", 6 * DAY, 8),
            line("cyd", "5", 0, 16),
        ],
    );
    let table = features(&log, 5 * DAY);
    assert_eq!(table.context().unwrap().lines_left_out, 2, "the very moment is not before it");
    let ids: Vec<CustomerId> = table.ids().iter().collect();
    assert_eq!(ids, [CustomerId::from("ada"), CustomerId::from("cyd")], "who orders later is not there yet");
    assert_eq!(of(&table, Feature::Gross), [Some(30.0), Some(160.0)]);
    assert_eq!(of(&table, Feature::Returned), [Some(10.0), Some(0.0)], "order 2 is not back yet");
    assert_eq!(of(&table, Feature::RecencyDays), [Some(0.0), Some(5.0)], "whole days, rounded down");
    assert_eq!(of(&table, Feature::TenureDays), [Some(1.0), Some(5.0)]);
    let nobody = features(&log, 0);
    assert!(nobody.is_empty() && nobody.context().unwrap().lines_left_out == 5);
    assert!(matches!(Rfm::builder().build().unwrap().fit(&nobody), Err(Error::Empty { .. })));
}

#[test]
fn a_table_says_where_it_comes_from() {
    let london = Zone::named("Europe/London").unwrap();
    let rules = LogRules::builder("GBP").zone(london.clone()).vat(Vat::Included);
    let log = log(rules, [line("ada", "1", 200 * DAY + 23 * HOUR + 1, 1)]);
    let as_of = log.as_of_end().unwrap();
    // In summer a London day ends at 23:00 UTC.
    assert_eq!((as_of.micros(), as_of.zone()), (201 * DAY + 23 * HOUR, &london));
    let table = FeatureExtractor::builder(as_of.clone()).build().unwrap().extract(&log).unwrap();
    let context = table.context().unwrap();
    assert_eq!((&context.as_of, context.currency.as_str(), context.vat), (&as_of, "GBP", Vat::Included));
    let part = table.select([Feature::Gross]).unwrap().filter(&Bitmap::filled(1, true)).unwrap();
    assert_eq!(part.context(), table.context(), "a part of a table is of the same moment");
    let known =
        |rules: LogRulesBuilder, line| features(&self::log(rules, [line]), DAY).context().unwrap().returns;
    assert_eq!(known(LogRules::builder("EUR"), line("ada", "1", 0, 1)), ReturnKnowledge::NotRecorded);
    assert_eq!(known(notes(), line("ada", "1", 0, 1)), ReturnKnowledge::Timed);
    assert_eq!(known(flags(), returned(line("ada", "1", 0, 1), 1, HOUR)), ReturnKnowledge::Timed);
    let mut untimed = returned(line("ada", "1", 0, 1), 1, HOUR);
    untimed.return_time = None;
    assert_eq!(known(flags(), untimed), ReturnKnowledge::AsKnown);
}

#[test]
fn a_sale_after_the_moment_takes_no_credit_note_back() {
    let log = log(
        notes(),
        [line("ada", "1", DAY, 3), line("ada", "2", 3 * DAY, 3), line("ada", "C3", 4 * DAY, -4)],
    );
    let known = |day: i64| {
        let table = features(&log, day * DAY);
        (of(&table, Feature::Returned)[0], of(&table, Feature::ReturnedAttributed)[0])
    };
    assert_eq!(known(4), (Some(0.0), Some(0.0)), "the credit note comes later");
    assert_eq!(known(5), (Some(40.0), Some(40.0)));
    let table = features(&log, 5 * DAY);
    assert_eq!(of(&table, Feature::OrdersWithReturn), [Some(2.0)]);
    assert_eq!(of(&table, Feature::LinesReturned), [Some(1.0)], "of order 1 a third came back");
}

#[test]
fn more_than_was_bought_is_posted_and_not_attributed() {
    let log =
        log(notes(), [line("ada", "1", DAY, 2), line("ada", "C2", 2 * DAY, -5), line("ben", "C3", DAY, -1)]);
    assert_eq!(log.report().rows_rejected(), 0, "the credit notes are records all the same");
    let table = features(&log, 9 * DAY);
    assert_eq!(of(&table, Feature::Returned), [Some(50.0), Some(10.0)]);
    assert_eq!(of(&table, Feature::ReturnedAttributed), [Some(20.0), Some(0.0)]);
    assert_eq!(of(&table, Feature::Net), [Some(-30.0), Some(-10.0)]);
    assert_eq!(of(&table, Feature::ReturnRate), [Some(1.0), None]);
    assert_eq!(of(&table, Feature::ReturnRatePosted), [Some(2.5), None]);
    assert_eq!(of(&table, Feature::ReturnParcels), [Some(1.0), Some(1.0)]);
    // Where returns stand on their lines, a larger one is an error of that row.
    let refused = self::log(flags(), [returned(line("ada", "1", DAY, 2), 3, 2 * DAY)]);
    assert_eq!(refused.report().rejected[&RejectReason::ReturnedTooMuch].rows, 1);
}

#[test]
fn credit_notes_without_an_order_of_their_own_are_told_by_their_sign() {
    let rules = LogRules::builder("EUR")
        .returns(Returns::CreditNotes { prefix: None })
        .orders(OrderIdentity::CustomerAndDay)
        .zone(Zone::named("Europe/Berlin").unwrap());
    let unnamed = |mut line: OrderLine| {
        line.order = None;
        line
    };
    // In Berlin a day begins at 23:00 UTC in winter: the first two lines are of one day, the third of the next.
    let lines = [
        line("ada", "", DAY + 21 * HOUR, 2),
        line("ada", "", DAY + 22 * HOUR, -1),
        line("ada", "", DAY + 23 * HOUR, 1),
    ];
    let table = features(&log(rules, lines.map(unnamed)), 9 * DAY);
    let counts = [Feature::Orders, Feature::OrdersWithReturn, Feature::ReturnParcels, Feature::Lines];
    assert_eq!(counts.map(|feature| of(&table, feature)[0]), [Some(2.0), Some(1.0), Some(1.0), Some(2.0)]);
    assert_eq!(of(&table, Feature::ReturnedAttributed), [Some(10.0)]);
}

/// Features, scores, segments and plan of a log.
fn whole_flow(log: &TransactionLog) -> (FeatureTable, Segmentation, kohort::economics::Plan) {
    let economics = half_for_goods();
    let table = economics.enrich(&features(log, 100 * DAY)).unwrap();
    let rfm = Rfm::builder().build().unwrap().fit(&table).unwrap().segment(&table).unwrap();
    let starter = StarterSegments::builder().build().unwrap().fit(&table).unwrap();
    let segments = starter.segment(&table).unwrap();
    assert_eq!(segments.unassigned(), rfm.unassigned());
    let plan = economics.prioritize(&table, &segments).unwrap();
    economics.looks_rich(&table).unwrap();
    (table, segments, plan)
}

#[test]
fn one_customer_with_one_order_goes_through_the_whole_flow() {
    for log in [log(flags(), [line("ada", "1", DAY, 1)]), log(notes(), [line("ada", "1", DAY, 1)])] {
        let (table, segments, plan) = whole_flow(&log);
        assert_eq!(of(&table, Feature::Orders), [Some(1.0)]);
        assert_eq!(
            (of(&table, Feature::RecencyDays), of(&table, Feature::TenureDays)),
            (vec![Some(99.0)], vec![Some(99.0)])
        );
        assert_eq!(
            (of(&table, Feature::AverageOrderValue), of(&table, Feature::ReturnRate)),
            (vec![Some(10.0)], vec![Some(0.0)])
        );
        assert_eq!(segments.sizes().iter().sum::<u64>(), 1);
        assert_eq!(plan.shop.contribution().to_string(), "5.00");
        assert_eq!((plan.shop.customers, plan.shop.orders, plan.unassigned.is_none()), (1, Some(1), true));
        assert!(!plan.to_string().contains("NaN"), "{plan}");
    }
}

#[test]
fn one_order_in_several_parts_is_one_order_and_its_time_the_earliest() {
    let lines =
        [line("ada", "1", 30 * HOUR, 1), line("ada", "1", 26 * HOUR, 2), line("ada", "1", 5 * DAY, 3)];
    let table = features(&log(flags(), lines), 10 * DAY);
    assert_eq!((of(&table, Feature::Orders), of(&table, Feature::Lines)), (vec![Some(1.0)], vec![Some(3.0)]));
    let (first, last) = (of(&table, Feature::FirstOrder), of(&table, Feature::LastOrder));
    assert_eq!((first, last), (vec![Some((26 * HOUR) as f64)], vec![Some((26 * HOUR) as f64)]));
    assert_eq!(of(&table, Feature::RecencyDays), [Some(8.0)]);
    // An order of the same name by someone else is another order.
    let two = features(&log(flags(), [line("ada", "1", 0, 1), line("ben", "1", DAY, 1)]), 10 * DAY);
    assert_eq!(two.counts(Feature::Orders).unwrap(), [1, 1]);
}

#[test]
fn who_only_sends_back_has_no_recency_no_segment_and_a_negative_value() {
    let buyers = (0..5).map(|n| line(&format!("c{n}"), &format!("{n}"), n * DAY, 1 + n));
    let log = log(notes(), buyers.chain([line("zed", "C9", 9 * DAY, -7)]));
    let (table, segments, plan) = whole_flow(&log);
    assert_eq!(table.len(), 6);
    let last = |feature| of(&table, feature)[5];
    assert_eq!(
        (last(Feature::RecencyDays), last(Feature::TenureDays), last(Feature::Orders)),
        (None, None, Some(0.0))
    );
    assert_eq!((last(Feature::ReturnRate), last(Feature::AverageOrderValue)), (None, None));
    assert_eq!((last(Feature::Net), last(Feature::Returned)), (Some(-70.0), Some(70.0)));
    assert_eq!(table.column("return_rate_expected").unwrap().number(5), None, "she bought nothing");
    assert_eq!(segments.segment_of(&CustomerId::from("zed")).unwrap(), None);
    let unassigned = plan.unassigned.unwrap();
    assert_eq!((unassigned.customers, unassigned.contribution().to_string()), (1, "-70.00".into()));
    assert_eq!(plan.shop.net.to_string(), "80.00", "of 150 bought");
}

#[test]
fn a_shop_where_nobody_buys_is_an_error_that_says_so() {
    let table = features(&log(notes(), [line("ada", "C1", DAY, -1), line("ben", "C2", DAY, -2)]), 9 * DAY);
    for refused in [
        Rfm::builder().build().unwrap().fit(&table).err(),
        StarterSegments::builder().build().unwrap().fit(&half_for_goods().enrich(&table).unwrap()).err(),
    ] {
        assert!(matches!(refused, Some(Error::Empty { .. })), "{refused:?}");
    }
    assert!(!half_for_goods().looks_rich(&table).unwrap().is_found());
    assert_eq!(half_for_goods().waterfalls(&table).unwrap().shop().cm2().to_string(), "-30.00");
}

#[test]
fn a_line_of_unknown_cost_makes_the_cost_of_that_customer_unknown_and_of_no_other() {
    let log = log(
        flags(),
        [
            cost(line("ada", "1", DAY, 2), 4),
            cost(returned(line("ada", "2", DAY, 3), 1, 2 * DAY), 4),
            cost(line("ben", "3", DAY, 2), 4),
            line("ben", "4", DAY, 1),
            cost(line("cyd", "5", DAY, 1), 6),
            line("cyd", "6", 20 * DAY, 1),
        ],
    );
    let table = features(&log, 9 * DAY);
    assert_eq!(
        of(&table, Feature::CostOfGoods),
        [Some(20.0), None, Some(6.0)],
        "a later line is no matter yet"
    );
    assert_eq!(of(&table, Feature::CostOfGoodsReturned), [Some(4.0), None, Some(0.0)]);
    assert_eq!(of(&features(&log, 30 * DAY), Feature::CostOfGoods), [Some(20.0), None, None]);

    let costs = Costs::builder(CostOfGoods::FromLines).return_handling_per_parcel(Money::ZERO);
    let economics = Economics::builder(costs.build().unwrap()).build().unwrap();
    let waterfalls = economics.waterfalls(&table).unwrap();
    assert_eq!(waterfalls.customer(1), None, "what ben earns is not known");
    assert_eq!((waterfalls.shop().customers(), waterfalls.shop().gross().to_string()), (2, "60.00".into()));
    let names = vec!["all".to_owned()];
    let segments = Segmentation::new(&table, names, &[Some(0); 3]).unwrap();
    let plan = economics.prioritize(&table, &segments).unwrap();
    let all = &plan.segment("all").unwrap().economics;
    assert_eq!((all.customers, all.customers_unknown, all.gross.to_string()), (3, 1, "90.00".into()));
    let enriched = economics.enrich(&table).unwrap();
    let contribution = enriched.column("contribution").unwrap();
    assert_eq!([0, 1, 2].map(|row| contribution.is_valid(row)), [true, false, true]);
}

#[test]
fn costs_that_nobody_knows_are_named() {
    let from_lines = Costs::builder(CostOfGoods::FromLines).return_handling_per_parcel(Money::ZERO);
    let economics = Economics::builder(from_lines.build().unwrap()).build().unwrap();
    let bare = features(&log(flags(), [line("ada", "1", DAY, 1)]), 9 * DAY);
    assert!(!bare.has(Feature::CostOfGoods));
    let error = economics.waterfalls(&bare).unwrap_err();
    assert!(matches!(&error, Error::MissingFeature { feature, .. } if feature == "cost_of_goods"), "{error}");
    let half = [cost(line("ada", "1", DAY, 1), 3), line("ada", "1", DAY, 1)];
    let error = economics.waterfalls(&features(&log(flags(), half), 9 * DAY)).unwrap_err();
    assert!(
        matches!(&error, Error::FeatureType { feature, found, .. }
            if feature == "cost_of_goods" && found.contains("missing")),
        "{error}"
    );
}

#[test]
fn a_credit_note_needs_no_cost_and_a_free_line_has_one() {
    let free = |mut line: OrderLine| {
        line.price = Price::Unit(Money::ZERO);
        line
    };
    let lines = [
        cost(line("ada", "1", DAY, 2), 4),
        line("ada", "C2", 2 * DAY, -1),
        cost(free(line("ada", "1", DAY, 3)), 1),
    ];
    let table = features(&log(notes(), lines), 9 * DAY);
    assert_eq!(of(&table, Feature::CostOfGoods), [Some(11.0)]);
    assert_eq!(of(&table, Feature::CostOfGoodsReturned), [Some(4.0)]);
    assert_eq!((of(&table, Feature::Items), of(&table, Feature::Lines)), (vec![Some(5.0)], vec![Some(1.0)]));
    let costs = Costs::builder(CostOfGoods::FromLines).return_handling_per_parcel(Money::ZERO);
    let economics = Economics::builder(costs.build().unwrap()).build().unwrap();
    let goods = economics.waterfalls(&table).unwrap().shop();
    assert_eq!(goods.get(Item::CostOfGoodsSold).unwrap().to_string(), "11.00");
    assert_eq!(goods.get(Item::CostOfGoodsReturned).unwrap().to_string(), "4.00");
}

#[test]
fn a_header_alone_flows_as_far_as_there_is_something_to_do() {
    let log = log(flags(), []);
    let table = features(&log, 9 * DAY);
    assert!(table.is_empty() && table.names().len() > 10);
    assert!(matches!(log.as_of_end(), Err(Error::Empty { .. })));
    assert!(matches!(Rfm::builder().build().unwrap().fit(&table), Err(Error::Empty { .. })));
    let shop = half_for_goods().waterfalls(&table).unwrap().shop();
    assert_eq!((shop.customers(), shop.cm2().to_string()), (0, "0.00".into()));
    assert!(!half_for_goods().looks_rich(&table).unwrap().is_found());
    let nobody = Segmentation::new(&table, vec!["all".into()], &[]).unwrap();
    let plan = half_for_goods().prioritize(&table, &nobody).unwrap();
    assert!(plan.segments[0].economics.value.is_none() && !plan.to_string().contains("NaN"), "{plan}");
    assert!(
        matches!(table.column(Feature::Orders).unwrap().values(), Values::U32(orders) if orders.is_empty())
    );
}
