//! The ranked plan: each rule fires on its own numbers, and says why.

use kohort::economics::{
    Action, CostOfGoods, Costs, Economics, EconomicsBuilder, Marketing, Plan, RankBy, Response,
};
use kohort::features::{FeatureTable, Values};
use kohort::{CustomerId, Error, Money, Rate, Segmentation};

use super::{half_for_goods, money, rate, table, units};

/// Segments of 200 customers each: gross, returned and orders per customer, with a little spread.
fn shop(segments: &[(&str, i64, i64, u32)]) -> (FeatureTable, Segmentation) {
    let rows = segments.len() * 200;
    let segment_of = |row: usize| row / 200;
    let spread = |row: usize| (row % 7) as i64 - 3;
    let of = |row: usize| &segments[segment_of(row)];
    let table = table(
        rows,
        [
            ("gross", units((0..rows).map(|row| of(row).1 + spread(row)))),
            ("returned", units((0..rows).map(|row| of(row).2))),
            ("orders", Values::U32((0..rows).map(|row| of(row).3).collect())),
            ("return_parcels", Values::U32((0..rows).map(|row| of(row).3).collect())),
        ],
    );
    let names = segments.iter().map(|(name, ..)| (*name).to_owned()).collect();
    let assignment: Vec<Option<usize>> = (0..rows).map(|row| Some(segment_of(row))).collect();
    let segmentation = Segmentation::new(&table, names, &assignment).unwrap();
    (table, segmentation)
}

fn builder(handling: &str) -> EconomicsBuilder {
    let costs = Costs::builder(CostOfGoods::ShareOfGross(rate(0.5)))
        .return_handling_per_parcel(money(handling))
        .build()
        .unwrap();
    Economics::builder(costs)
}

fn plan(segments: &[(&str, i64, i64, u32)], economics: EconomicsBuilder) -> Plan {
    let (table, segmentation) = shop(segments);
    economics.build().unwrap().prioritize(&table, &segmentation).unwrap()
}

fn action(plan: &Plan, name: &str) -> Action {
    plan.segment(name).unwrap().action
}

const MIXED: [(&str, i64, i64, u32); 4] =
    [("steady", 200, 20, 2), ("returners", 400, 360, 4), ("small", 20, 2, 1), ("best", 500, 40, 4)];

#[test]
fn segments_rank_by_contribution_beside_gross() {
    let plan = plan(&MIXED, builder("7"));
    let ranks: Vec<_> = plan.segments.iter().map(|s| (s.segment.as_str(), s.rank, s.rank_by_gross)).collect();
    assert_eq!(ranks, [("best", 1, 1), ("steady", 2, 3), ("small", 3, 4), ("returners", 4, 2)]);
    let gross: f64 = plan.segments.iter().map(|s| s.economics.share_of_gross.unwrap()).sum();
    let customers: f64 = plan.segments.iter().map(|s| s.economics.share_of_customers.unwrap()).sum();
    let contribution: f64 = plan.segments.iter().map(|s| s.economics.share_of_contribution.unwrap()).sum();
    for sum in [gross, customers, contribution] {
        assert!((sum - 1.0).abs() < 1e-12, "{sum}");
    }
    let best = &plan.segments[0].economics;
    assert_eq!((best.customers, best.orders, best.customers_unknown), (200, Some(800), 0));
    let value = best.value.unwrap();
    let interval = value.interval.unwrap();
    assert!(
        interval.low < value.mean
            && value.mean < interval.high
            && value.probability_positive.unwrap() > 0.999
    );
    let rate = best.return_rate.unwrap();
    assert!(rate.interval.unwrap().low < rate.rate && (rate.rate - 0.08).abs() < 1e-3);
}

#[test]
fn what_would_earn_at_the_shops_rate_is_to_be_fixed_and_meanwhile_shown_less() {
    let plan = plan(&MIXED, builder("7"));
    let returners = plan.segment("returners").unwrap();
    assert_eq!(returners.action, Action::Fix, "{plan}");
    assert!(returners.economics.contribution() < kohort::MoneyTotal::ZERO);
    assert!(
        returners.reasons[0].contains("Sends back 90.0 % of its value")
            && returners.reasons[0].contains("would earn")
    );
    assert_eq!(plan.fix(), ["returners"]);
    assert_eq!(returners.also, [Action::ReducePaidExposure], "suppression comes after a fix was tried");
    assert!(returners.reasons.iter().any(|reason| reason == "Meanwhile show it fewer paid ads."));
    let break_even = returners.economics.break_even.rate.unwrap();
    assert!(break_even < returners.economics.return_rate.unwrap().rate, "it returns more than it can afford");
}

#[test]
fn a_fix_that_was_tried_gives_way_to_suppression() {
    let plan = plan(&MIXED, builder("7").fix_tried(["returners"]));
    assert_eq!(action(&plan, "returners"), Action::Suppress, "{plan}");
    assert_eq!(plan.suppress(), ["returners"]);
    let unknown = plan.segment("returners").unwrap().reasons.last().unwrap();
    assert!(unknown.starts_with("Not known") && !unknown.contains("fix"), "{unknown}");
}

#[test]
fn rich_looks_with_little_left_are_shown_fewer_ads() {
    // 90 % returned with goods at half and free returns: 5 % of gross stay, against 35 % and more of the others.
    let plan = plan(&MIXED, builder("0").fix_tried(["returners"]));
    assert_eq!(action(&plan, "returners"), Action::ReducePaidExposure, "{plan}");
    assert_eq!(plan.reduce_paid_exposure(), ["returners"]);
    let untried = self::plan(&MIXED, builder("0"));
    assert_eq!(action(&untried, "returners"), Action::Fix);
    assert_eq!(untried.reduce_paid_exposure(), ["returners"], "also");
}

#[test]
fn good_segments_follow_what_is_known_of_response_and_growth() {
    let unknown = plan(&MIXED, builder("7"));
    assert_eq!(action(&unknown, "best"), Action::Maintain, "{unknown}");
    assert_eq!(action(&unknown, "steady"), Action::LowTouch);
    assert_eq!(action(&unknown, "small"), Action::LowTouch);
    assert_eq!(unknown.best(), ["best"]);
    let said = &unknown.segment("best").unwrap().reasons;
    assert!(said.iter().any(|reason| reason.contains("test before investing")), "{said:?}");
    assert!(said.last().unwrap().contains("growth, response to more spending, consent"), "{said:?}");

    let known = builder("7")
        .response([("best", Response::High), ("steady", Response::High)])
        .growth([("steady", 0.1), ("small", -0.1)]);
    let known = plan(&MIXED, known);
    assert_eq!(action(&known, "best"), Action::Invest);
    assert_eq!(action(&known, "steady"), Action::Grow, "{known}");
    assert_eq!(action(&known, "small"), Action::LowTouch);
    let low = plan(&MIXED, builder("7").response([("best", Response::Low)]));
    assert_eq!(action(&low, "best"), Action::Maintain);
    assert!(low.segment("best").unwrap().reasons[1].contains("do not subsidise"));
}

#[test]
fn too_few_to_reach_are_on_hold() {
    let few = plan(&MIXED, builder("7").minimum_audience(201));
    assert!(few.segments.iter().all(|segment| segment.action == Action::Hold), "{few}");
    let consent = plan(&MIXED, builder("7").consented([("best", 0.2), ("steady", 0.6)]));
    assert_eq!(action(&consent, "best"), Action::Hold);
    assert!(consent.segment("best").unwrap().reasons[0].contains("Only 40 of its 200 customers"));
    assert_ne!(action(&consent, "steady"), Action::Hold);
}

#[test]
fn marketing_moves_value_from_cm2_to_cm3() {
    let costs = Costs::builder(CostOfGoods::ShareOfGross(rate(0.5)))
        .marketing(Marketing::PerOrder(money("40")))
        .build()
        .unwrap();
    let plan = plan(&MIXED, Economics::builder(costs));
    for segment in &plan.segments {
        let waterfall = &segment.economics.waterfall;
        assert_eq!(Some(segment.economics.contribution()), waterfall.cm3());
        let mean = waterfall.cm3().unwrap().to_f64() / 200.0;
        assert!((segment.economics.value.unwrap().mean - mean).abs() < 1e-9);
    }
    assert_eq!(action(&plan, "small"), Action::Suppress, "{plan}");
}

#[test]
fn prints_and_serialises_whole() {
    let plan = plan(&MIXED, builder("7"));
    let printed = plan.to_string();
    for text in [
        "What segments buy and send back",
        "What they earn, net of tax",
        "What to do",
        "breaks even at",
        "returners: fix",
    ] {
        assert!(printed.contains(text), "{text}\n{printed}");
    }
    assert!(printed.lines().all(|line| line == line.trim_end()), "no trailing blanks");
    let json = serde_json::to_value(&plan).unwrap();
    assert_eq!(json["segments"][3]["action"], "fix");
    assert_eq!(json["segments"][3]["economics"]["waterfall"]["cm3"], serde_json::Value::Null);
    assert_eq!(json["segments"][0]["economics"]["customers"], 200);
    println!("{printed}");
}

#[test]
fn settings_that_name_no_segment_are_refused() {
    let (table, segments) = shop(&MIXED);
    let economics = builder("7").fix_tried(["returner"]).build().unwrap();
    let error = economics.prioritize(&table, &segments).unwrap_err();
    assert!(matches!(error, Error::UnknownSegment { nearest: Some(near), .. } if near == "returners"));
    let other = super::table(1, [("gross", units([1]))]);
    assert!(matches!(
        builder("7").build().unwrap().prioritize(&other, &segments),
        Err(Error::Incompatible { .. })
    ));
}

#[test]
fn ranks_shift_most_for_those_who_send_it_back() {
    let table =
        table(5, [("gross", units([100, 500, 300, 300, 0])), ("returned", units([0, 490, 0, 0, 10]))]);
    let shifts = half_for_goods().rank_shifts(&table, RankBy::Net, 2).unwrap();
    assert_eq!((shifts.ranked, shifts.shifts.len()), (4, 2));
    let first = &shifts.shifts[0];
    assert_eq!((first.customer.clone(), first.gross_rank, first.rank), (CustomerId::Number(1), 1, 4));
    assert_eq!((first.value.to_string().as_str(), first.fall()), ("10.00", 3));
    // The others rise by one each; of equals the smaller id comes first.
    assert_eq!((shifts.shifts[1].customer.clone(), shifts.shifts[1].fall()), (CustomerId::Number(0), -1));
    let by_margin = half_for_goods().rank_shifts(&table, RankBy::Contribution, 9).unwrap();
    assert_eq!(by_margin.shifts.len(), 4);
    assert_eq!(by_margin.shifts[0].value, Money::parse("5").unwrap());
    assert!(by_margin.to_string().contains("contribution"));
}

#[test]
fn no_returns_recorded_leaves_rates_unknown() {
    let table = table(400, [("gross", units((0..400).map(|i| 10 + i)))]);
    let names = vec!["low".to_owned(), "high".to_owned()];
    let halves: Vec<Option<usize>> = (0..400).map(|row| Some(row / 200)).collect();
    let segments = Segmentation::new(&table, names, &halves).unwrap();
    let economics = builder("7").build().unwrap();
    let plan = economics.prioritize(&table, &segments).unwrap();
    for segment in &plan.segments {
        assert_eq!((segment.economics.return_rate, segment.economics.returned), (None, None));
        assert_eq!(segment.economics.break_even.rate, None);
        assert!(segment.reasons.last().unwrap().contains("return rate"), "{:?}", segment.reasons);
    }
    assert!(!plan.to_string().contains("NaN"));
    let enriched = economics.enrich(&table).unwrap();
    for column in ["return_rate_expected", "return_rate_low", "return_rate_high", "rich_but_returning"] {
        assert_eq!(enriched.column(column).unwrap().missing(), 400, "{column}");
    }
    assert_eq!(enriched.column("contribution").unwrap().missing(), 0);
    assert!(economics.looks_rich(&table).unwrap().to_string().starts_with("It cannot be said"));
}

#[test]
fn a_segment_of_one_and_an_empty_one_are_finite() {
    let table = table(3, [("gross", units([10, 20, 30])), ("returned", units([10, 20, 30]))]);
    let names = ["one", "two", "none"].map(str::to_owned).to_vec();
    let segments = Segmentation::new(&table, names, &[Some(0), Some(1), Some(1)]).unwrap();
    let costs = Costs::builder(CostOfGoods::ShareOfGross(Rate::ZERO)).return_handling_per_parcel(Money::ZERO);
    let economics = Economics::builder(costs.build().unwrap()).minimum_audience(0).build().unwrap();
    let plan = economics.prioritize(&table, &segments).unwrap();
    let one = plan.segment("one").unwrap();
    assert_eq!(one.economics.value.unwrap().interval, None);
    assert_eq!(one.economics.return_rate.unwrap().interval, None);
    let empty = &plan.segment("none").unwrap().economics;
    assert_eq!((empty.customers, empty.value, empty.return_rate), (0, None, None));
    assert_eq!(plan.shop.share_of_contribution, None, "everything came back: nothing to take a share of");
    assert!(!plan.to_string().contains("NaN") && !plan.to_string().contains("inf"), "{plan}");
}
