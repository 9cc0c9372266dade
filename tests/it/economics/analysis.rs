//! The one call is its parts put together, and says what it could not find out.

use kohort::economics::returns::ReturnLag;
use kohort::economics::{
    Analysis, Backtest, Backtested, CostOfGoods, Discovery, DriverBy, Portfolio, ResponseCurve,
};
use kohort::features::FeatureTable;
use kohort::segment::{Segmenter, StarterSegments};
use kohort::synthetic::{ReturnTimes, Shop, ShopBuilder};
use kohort::transaction::{LogColumns, PriceColumn};
use kohort::{
    AsOf, Attribute, Costs, Economics, Error, FeatureExtractor, LogRules, Money, OrderIdentity, Result,
    Segmentation, TransactionLog, Zone,
};

use super::rate;

fn economics() -> Economics {
    let costs = Costs::builder(CostOfGoods::FromLines).build().unwrap();
    Economics::builder(costs).portfolio(Portfolio::builder(2).build().unwrap()).build().unwrap()
}

fn log(shop: ShopBuilder) -> TransactionLog {
    shop.customers(3_000).build().unwrap().generate().unwrap().log
}

fn starters(customers: &FeatureTable) -> Result<Segmentation> {
    StarterSegments::builder().build()?.fit(customers)?.segment(customers)
}

fn analyse(log: &TransactionLog) -> Analysis {
    let extractor = FeatureExtractor::builder(log.as_of_end().unwrap()).build().unwrap();
    economics().analyse(log, &extractor, starters).unwrap()
}

#[test]
fn it_is_its_parts_put_together() {
    let log = log(Shop::builder());
    let Analysis { customers, segments, plan, .. } = analyse(&log);
    let economics = economics();
    assert!(customers.has("lines_exposed") && customers.has("return_rate_low"));
    assert_eq!(segments, starters(&customers).unwrap());

    let alone = economics.prioritize(&customers, &segments).unwrap();
    assert_eq!(plan.segments, alone.segments);
    assert_eq!(plan.concentration, economics.concentration(&customers).unwrap());
    assert_eq!(plan.finding, economics.looks_rich(&customers).unwrap());
    assert_eq!(plan.portfolio, alone.portfolio);
    assert_eq!(plan.portfolio.as_ref().unwrap().chosen.len(), 2);
    let discovery = Discovery::builder().build().unwrap();
    assert_eq!(plan.discovery.as_ref(), Some(&economics.discover(&customers, &discovery).unwrap()));
    assert_eq!(plan.sensitivity, Some(economics.sensitivity(&customers, &segments).unwrap()));
    assert!(alone.drivers.is_empty() && alone.backtest.is_none() && alone.discovery.is_none());

    let worst = plan.fix()[0];
    let by_size = plan
        .drivers
        .iter()
        .find(|drivers| drivers.segment == worst && drivers.by == DriverBy::Attribute(Attribute::Size));
    let expected = economics.return_drivers(&log, &customers, &segments, worst, Attribute::Size).unwrap();
    assert_eq!(by_size, Some(&expected));
    assert!(plan.return_lag.as_ref().unwrap().contains("half came back in less than"));

    let outcome = plan.backtest.as_ref().unwrap().outcome().unwrap();
    let test = Backtest::builder(outcome.at.clone()).build().unwrap();
    let extractor = FeatureExtractor::builder(log.as_of_end().unwrap()).build().unwrap();
    assert_eq!(*outcome, economics.backtest(&log, &extractor, &test, starters).unwrap());
    assert!(outcome.days_seen_after >= 15, "returns of the last of the days after must be in");
}

#[test]
fn it_names_segments_for_the_next_stage_and_can_be_stored_and_read_by_people() {
    let log = log(Shop::builder());
    let mut plan = analyse(&log).plan;
    assert!(!plan.best().is_empty());
    assert_eq!(plan.fix(), ["rich but returning"]);
    assert_eq!(plan.reduce_paid_exposure(), ["rich but returning"]);

    let response = ResponseCurve::square_root(10.0).unwrap();
    let budget = kohort::economics::Budget::builder(Money::parse("5000").unwrap());
    let line = plan.budget_line("high-spend", response).unwrap();
    let error = plan.budget_line("high-spent", response).unwrap_err();
    assert!(error.to_string().contains("high-spend"), "{error}");
    plan.spend(&budget.line(line).build().unwrap()).unwrap();

    let json = serde_json::to_value(&plan).unwrap();
    for part in [
        "segments",
        "shop",
        "concentration",
        "finding",
        "portfolio",
        "budget",
        "discovery",
        "sensitivity",
        "return_lag",
        "drivers",
        "backtest",
    ] {
        assert!(!json[part].is_null(), "{part}");
    }
    assert_eq!(json["segments"][0]["attractiveness"]["substantial"], 1.0);
    let printed = plan.to_string();
    for heading in [
        "What segments buy and send back",
        "What they earn, net of tax",
        "How attractive they are to act on",
        "What to do",
        "Who carries the profit",
        "Do some customers look rich and earn little?",
        "Which rules describe them?",
        "Which segments to choose",
        "How to spread the budget",
        "What would change the ranking",
        "What drives the returns of rich but returning, by category",
        "Returns still to come",
        "Would it have been right?",
    ] {
        assert!(printed.contains(heading), "{heading}");
    }
}

#[test]
fn what_cannot_be_found_out_is_said() {
    let untimed = analyse(&log(Shop::builder().return_times(ReturnTimes::Unrecorded))).plan;
    let assumption = untimed.return_lag.as_deref().unwrap();
    assert!(assumption.contains("is not recorded") && assumption.contains("60 days"), "{assumption}");
    let Some(Backtested::Refused { reason }) = &untimed.backtest else { panic!("{:?}", untimed.backtest) };
    assert!(reason.contains("the time of returns"), "{reason}");
    assert!(untimed.to_string().contains("Not held against the past: "));
    assert!(untimed.finding.is_found());

    // A shop of a month, without returns, categories or costs on its lines.
    let lines = 200_u64;
    let columns = LogColumns::new(
        (0..lines).map(|line| line % 90).collect::<Vec<u64>>(),
        (0..lines as i64).map(|line| line * 10_000_000_000).collect::<Vec<i64>>(),
        PriceColumn::Line((0..lines).map(|line| 10.0 + line as f64).collect()),
    );
    let rules = LogRules::builder("EUR").orders(OrderIdentity::EachLine).build().unwrap();
    let log = TransactionLog::from_columns(columns, &rules).unwrap();
    let costs = Costs::builder(CostOfGoods::ShareOfGross(rate(0.5))).build().unwrap();
    let economics = Economics::builder(costs).build().unwrap();
    let extractor = FeatureExtractor::builder(log.as_of_end().unwrap()).build().unwrap();
    let all = |customers: &FeatureTable| {
        Segmentation::new(customers, vec!["all".to_owned()], &vec![Some(0); customers.len()])
    };
    let plan = economics.analyse(&log, &extractor, all).unwrap().plan;
    assert!(plan.drivers.is_empty() && plan.return_lag.is_none() && !plan.finding.is_found());
    assert!(matches!(&plan.backtest, Some(Backtested::Refused { .. })));
    assert!(!plan.to_string().contains("NaN"));
}

fn log_without_sizes() -> TransactionLog {
    log(Shop::builder().sizes([""; 0]))
}

#[test]
fn errors_of_the_caller_come_back() {
    let log = log(Shop::builder());
    let extractor = FeatureExtractor::builder(log.as_of_end().unwrap()).build().unwrap();
    let wrong = |_: &FeatureTable| Err(Error::Empty { what: "the list of wishes", hint: "wish" });
    let error = economics().analyse(&log, &extractor, wrong).unwrap_err();
    assert!(matches!(error, Error::Empty { what: "the list of wishes", .. }), "{error}");
    let plain = log_without_sizes();
    let lag = ReturnLag::builder().by(Attribute::Size).build().unwrap();
    let costs = Costs::builder(CostOfGoods::FromLines).build().unwrap();
    let by_size = Economics::builder(costs).return_lag(lag).build().unwrap();
    let end = FeatureExtractor::builder(plain.as_of_end().unwrap()).build().unwrap();
    let error = by_size.analyse(&plain, &end, starters).unwrap_err();
    assert!(
        matches!(error, Error::FeatureNeeds { .. }),
        "what was asked for is not left out silently: {error}"
    );
    let early = AsOf::date("2020-01-01", &Zone::utc()).unwrap();
    let nobody = FeatureExtractor::builder(early).build().unwrap();
    assert!(economics().analyse(&log, &nobody, starters).is_err(), "nobody is there to segment");
}
