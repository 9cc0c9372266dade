//! Scenarios and sensitivity: reference values, the plan made anew, laws of sums, and what is refused.

use approx::assert_relative_eq;
use kohort::economics::{
    Action, CostChange, CostOfGoods, CostSetting, CostValue, Costs, CostsBuilder, Economics, Item, Marketing,
    Plan, Scenario, ScenarioBuilder, ScenarioOutcome, Turn,
};
use kohort::features::{FeatureTable, Values};
use kohort::synthetic::Shop;
use kohort::{Error, FeatureExtractor, Money, MoneyTotal, Rate, Segmentation};
use proptest::prelude::*;

use super::{money, rate, table, units};

/// A customer: segment, gross, discount, returned share in thousandths, orders, items, parcels.
type Row = (usize, i64, i64, i64, u32, i64, u32);

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let row = (0_usize..4, 0_i64..900_000, 0_i64..500, 0_i64..1_001, 1_u32..6, 1_i64..12, 0_u32..5);
    prop::collection::vec(row, 4..60)
}

fn paid(row: &Row) -> i64 {
    row.1 - row.1 * row.2 / 1_000
}

fn shop(rows: &[Row]) -> (FeatureTable, Segmentation) {
    let amounts = |of: &dyn Fn(&Row) -> i64| {
        Values::Money(rows.iter().map(|row| Money::from_ten_thousandths(of(row))).collect())
    };
    let back = |row: &Row| paid(row) * row.3 / 1_000;
    let items_back = |row: &Row| if row.3 == 0 { 0 } else { row.5 * row.3 / 1_000 };
    let table = table(
        rows.len(),
        [
            ("gross", amounts(&|row| row.1)),
            ("discount", amounts(&|row| row.1 * row.2 / 1_000)),
            ("returned_attributed", amounts(&back)),
            ("orders", Values::U32(rows.iter().map(|row| row.4).collect())),
            ("items", Values::I64(rows.iter().map(|row| row.5).collect())),
            ("items_returned", Values::I64(rows.iter().map(items_back).collect())),
            (
                "return_parcels",
                Values::U32(rows.iter().map(|row| if row.3 == 0 { 0 } else { row.6 }).collect()),
            ),
            ("cost_of_goods", amounts(&|row| row.1 * 2 / 5)),
        ],
    );
    let names = ["a", "b", "c"].map(str::to_owned).to_vec();
    let of: Vec<Option<usize>> = rows.iter().map(|row| Some(row.0).filter(|at| *at < 3)).collect();
    (table.clone(), Segmentation::new(&table, names, &of).unwrap())
}

fn full(goods: CostOfGoods) -> CostsBuilder {
    Costs::builder(goods)
        .fulfilment_per_order(money("4.1"))
        .fulfilment_per_item(money("0.37"))
        .payment_fee(rate(0.0175))
        .payment_per_order(money("0.25"))
        .return_handling_per_item(money("0.80"))
        .service_per_customer(money("0.50"))
        .marketing(Marketing::PerOrder(money("2")))
}

fn economics(costs: CostsBuilder) -> Economics {
    Economics::builder(costs.build().unwrap()).minimum_audience(1).minimum_evidence(1).build().unwrap()
}

fn share() -> CostOfGoods {
    CostOfGoods::ShareOfGross(rate(0.4))
}

fn contributions(plan: &Plan) -> Vec<(String, MoneyTotal)> {
    let mut all: Vec<_> =
        plan.segments.iter().map(|place| (place.segment.clone(), place.economics.contribution())).collect();
    all.sort();
    all
}

fn run(economics: &Economics, rows: &[Row], scenario: ScenarioBuilder) -> ScenarioOutcome {
    let (table, segments) = shop(rows);
    economics.scenario(&table, &segments, &scenario.build().unwrap()).unwrap()
}

#[test]
fn one_point_of_returns_is_worth_what_the_break_even_says() {
    // The reference waterfall: 1,000 items at 100, 10 % off, 40 % back, over eight customers.
    let each = |total: i64| units(vec![total / 8; 8]);
    let count = |total: i64| Values::I64(vec![total / 8; 8]);
    let table = table(
        8,
        [
            ("gross", each(100_000)),
            ("discount", each(10_000)),
            ("returned", each(36_000)),
            ("items", count(1_000)),
            ("items_returned", count(400)),
            ("orders", Values::U32(vec![3; 8])),
        ],
    );
    let costs = Costs::builder(share())
        .fulfilment_per_item(money("4.50"))
        .payment_fee(rate(0.02))
        .return_handling_per_parcel(Money::ZERO)
        .return_handling_per_item(money("6.95"))
        .marketing(Marketing::SpreadOverOrders(money("12000")));
    let segments = Segmentation::new(&table, vec!["all".to_owned()], &[Some(0); 8]).unwrap();
    let after = |points: f64| {
        let scenario = Scenario::builder("returns").return_rate(points).build().unwrap();
        economics(costs.clone()).scenario(&table, &segments, &scenario).unwrap()
    };
    let fewer = after(-1.0);
    assert_eq!(fewer.contribution.0.to_string(), "7800.00");
    assert_eq!(fewer.change().to_string(), "597.50");
    assert_relative_eq!(fewer.segments[0].return_rate.1.unwrap(), 0.39, epsilon = 1e-12);
    assert_eq!(after(10.0).change().to_string(), "-5975.00");
    // At the break-even rate nothing is left, to the whole pieces that come back.
    let even = after(13.054_393_3);
    assert!(even.contribution.1.to_f64().abs() < 6.95, "{}", even.contribution.1);
    // Not below nothing and not above everything.
    assert_eq!(after(-60.0).segments[0].return_rate.1, Some(0.0));
    assert_eq!(after(90.0).segments[0].return_rate.1, Some(1.0));
    assert_eq!(after(-60.0).after.shop.waterfall.get(Item::ReturnHandling), Some(MoneyTotal::ZERO));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn nothing_changed_changes_nothing(rows in rows()) {
        for goods in [share(), CostOfGoods::FromLines] {
            let same = [
                Scenario::builder("as it is"),
                Scenario::builder("as it is").cost(CostSetting::CostOfGoods, CostChange::By(0.0)),
                Scenario::builder("as it is").return_rate(0.0).return_rate_of("a", 0.0),
            ];
            for scenario in same {
                let outcome = run(&economics(full(goods)), &rows, scenario);
                prop_assert_eq!(&outcome.before, &outcome.after);
                prop_assert_eq!(outcome.changed().count(), 0);
            }
        }
    }

    #[test]
    fn a_changed_cost_is_the_plan_with_that_cost(rows in rows()) {
        let scenario = Scenario::builder("dearer")
            .cost(CostSetting::ReturnHandlingPerParcel, CostChange::ToAmount(money("9")))
            .cost(CostSetting::PaymentFee, CostChange::ToRate(rate(0.03)))
            .cost(CostSetting::FulfilmentPerOrder, CostChange::By(0.5))
            .cost(CostSetting::CostOfGoods, CostChange::By(-0.25))
            .marketing(Marketing::PerCustomer(money("3")));
        let outcome = run(&economics(full(share())), &rows, scenario);
        let (table, segments) = shop(&rows);
        let changed = full(CostOfGoods::ShareOfGross(rate(0.3)))
            .return_handling_per_parcel(money("9")).payment_fee(rate(0.03)).fulfilment_per_order(money("6.15"))
            .marketing(Marketing::PerCustomer(money("3")));
        prop_assert_eq!(outcome.after, economics(changed).prioritize(&table, &segments).unwrap());
    }

    #[test]
    fn return_rates_move_by_their_points_exactly(rows in rows(), points in -50_i32..50, own in -50_i32..50) {
        let scenario = Scenario::builder("returns")
            .return_rate(f64::from(points)).return_rate_of("b", f64::from(own));
        let outcome = run(&economics(full(share())), &rows, scenario);
        for (at, name) in ["a", "b", "c"].iter().enumerate() {
            let of = || rows.iter().filter(move |row| row.0 == at);
            let bought: i64 = of().map(paid).sum();
            let back: i64 = of().map(|row| paid(row) * row.3 / 1_000).sum();
            // Only those who send something back can send back more.
            let most: i64 = of().filter(|row| paid(row) * row.3 / 1_000 > 0).map(paid).sum();
            let points = if *name == "b" { own } else { points };
            let moved = (bought as f64 * f64::from(points) / 100.0).round() as i64;
            let expected = if points == 0 || back == 0 { back } else { (back + moved).clamp(0, most.max(back)) };
            let after = outcome.after.segment(name).unwrap();
            let found = after.economics.waterfall.get(Item::Returns).unwrap().ten_thousandths();
            prop_assert_eq!(found, i128::from(expected), "{} {}", name, points);
            // What comes with returns moves in proportion, to one piece.
            let items: i64 = of().map(|row| row.5 * row.3 / 1_000).sum();
            let bound: i64 = of().map(|row| if row.5 * row.3 / 1_000 > 0 { row.5 } else { 0 }).sum();
            let parcels: i64 = of().map(|row| if row.3 == 0 { 0 } else { i64::from(row.6) }).sum();
            if back > 0 && points != 0 {
                let factor = (back + moved).clamp(0, bought.max(back)) as f64 / back as f64;
                let handling = after.economics.waterfall.get(Item::ReturnHandling).unwrap().to_f64();
                let likely = 7.0 * parcels as f64 * factor + 0.8 * (items as f64 * factor).min(bound as f64);
                prop_assert!((handling - likely).abs() < 7.81, "{handling} {likely}");
            }
        }
        // Those without a segment follow what holds for all; gross and orders stay.
        prop_assert_eq!(outcome.before.shop.gross, outcome.after.shop.gross);
        prop_assert_eq!(outcome.before.shop.orders, outcome.after.shop.orders);
    }

    #[test]
    fn without_discounts_goods_sell_and_come_back_at_list_price(rows in rows(), lost in 0_u32..4) {
        let lost = f64::from(lost) / 4.0;
        let outcome = run(&economics(full(share())), &rows, Scenario::builder("full").without_discount(lost));
        let (before, after) = (outcome.before.shop.waterfall, outcome.after.shop.waterfall);
        prop_assert_eq!(after.get(Item::Discount), Some(MoneyTotal::ZERO));
        let close = |found: MoneyTotal, expected: f64, rounding: f64| (found.to_f64() - expected).abs() <= rounding;
        let cents = 1e-4 * (rows.len() as f64 + 5.0);
        prop_assert!(close(after.gross(), before.gross().to_f64() * (1.0 - lost), cents));
        let at_list: f64 = rows.iter().filter(|row| paid(row) > 0)
            .map(|row| (paid(row) * row.3 / 1_000) as f64 * row.1 as f64 / paid(row) as f64 / 1e4).sum();
        let found = after.get(Item::Returns).unwrap();
        prop_assert!(close(found, at_list * (1.0 - lost), cents), "{found} {at_list}");
        let orders: u32 = rows.iter().map(|row| row.4).sum();
        let kept = outcome.after.shop.orders.unwrap() as f64;
        prop_assert!((kept - f64::from(orders) * (1.0 - lost)).abs() < 5.0);
    }

    #[test]
    fn sensitivity_is_what_the_plan_made_anew_says(rows in rows(), recorded in any::<bool>()) {
        let economics = economics(full(if recorded { CostOfGoods::FromLines } else { share() }));
        let (table, segments) = shop(&rows);
        let sensitivity = economics.sensitivity(&table, &segments).unwrap();
        let plan = economics.prioritize(&table, &segments).unwrap();
        for setting in &sensitivity.settings {
            let by = |change: f64| {
                let scenario = Scenario::builder("").cost(setting.setting, CostChange::By(change)).build().unwrap();
                economics.scenario(&table, &segments, &scenario).unwrap()
            };
            let up = by(0.1);
            // Rates round once per customer and item.
            let rounding = 1e-4 * (2.0 * rows.len() as f64 + 1.0);
            let exact = matches!(setting.value, CostValue::Amount(_));
            let near = |found: MoneyTotal, expected: MoneyTotal| {
                (found - expected).to_f64().abs() <= if exact { 1.01e-4 } else { rounding }
            };
            prop_assert!(near(setting.change, up.change()), "{:?} {:?}", setting, up.change());
            for segment in &setting.segments {
                let change = up.segments.iter().find(|other| other.segment == segment.segment).unwrap().change();
                prop_assert!(near(segment.change, change), "{:?} {:?}", segment, change);
            }
            // Shortly before a turn of ranks they are as they are now, shortly after they are not.
            for switch in setting.rising.iter().chain(&setting.falling) {
                let shop = plan.shop.gross.to_f64().max(1.0);
                let margin = 1e-3 * switch.change.abs() + 4.0 * rounding / shop + 1e-5;
                if let Turn::Rank { ahead, behind } = &switch.turn
                    && switch.change.abs() < 50.0 && switch.change - margin > -1.0
                {
                    let gap = |change: f64| {
                        let after = by(change).after;
                        let of = |name: &str| after.segment(name).unwrap().economics.contribution().to_f64();
                        of(ahead) - of(behind)
                    };
                    let way = switch.change.signum();
                    let most = match setting.value { CostValue::Rate(rate) => 1.0 / rate.to_f64() - 1.0, _ => 1e9 };
                    if switch.change + way * margin < most {
                        prop_assert!(gap(switch.change - way * margin) >= -rounding, "{setting:?}");
                        prop_assert!(gap(switch.change + way * margin) <= rounding, "{setting:?}");
                    }
                }
            }
        }
        // Those that cost most come first, and nothing that costs something is missing.
        prop_assert!(sensitivity.settings.windows(2).all(|two| two[0].costs >= two[1].costs));
        prop_assert_eq!(contributions(&plan).len(), 3);
    }
}

#[test]
fn recorded_costs_of_goods_change_on_every_line() {
    let rows: Vec<Row> = (0..9).map(|at| (at % 3, 100_000 * (at as i64 + 1), 0, 500, 1, 2, 1)).collect();
    let outcome = run(
        &economics(full(CostOfGoods::FromLines)),
        &rows,
        Scenario::builder("dearer goods").cost(CostSetting::CostOfGoods, CostChange::By(0.5)),
    );
    let goods = |plan: &Plan, item| plan.shop.waterfall.get(item).unwrap().to_f64();
    for item in [Item::CostOfGoodsSold, Item::CostOfGoodsReturned, Item::WriteDown] {
        assert_relative_eq!(goods(&outcome.after, item), 1.5 * goods(&outcome.before, item), epsilon = 1e-3);
    }
    // What is recorded can give way to a share.
    let outcome = run(
        &economics(full(CostOfGoods::FromLines)),
        &rows,
        Scenario::builder("").cost(CostSetting::CostOfGoods, CostChange::ToRate(rate(0.4))),
    );
    assert_eq!(outcome.change(), MoneyTotal::ZERO);
}

#[test]
fn an_action_turns_where_it_is_said_to() {
    // `b` earns little after handling: a little dearer, and it is suppressed once a fix was tried.
    let spread = |row: usize| (row % 7) as i64 * 1_000;
    let rows: Vec<Row> = (0..300)
        .map(|row| {
            if row % 2 == 0 {
                (0, 2_000_000 + spread(row), 0, 100, 2, 4, 1)
            } else {
                (1, 900_000 + spread(row), 0, 700, 2, 4, 2)
            }
        })
        .collect();
    let (table, segments) = shop(&rows);
    let costs = Costs::builder(share()).return_handling_per_parcel(money("7"));
    let economics = Economics::builder(costs.build().unwrap()).fix_tried(["b"]).build().unwrap();
    let sensitivity = economics.sensitivity(&table, &segments).unwrap();
    let handling = sensitivity.setting(CostSetting::ReturnHandlingPerParcel).unwrap();
    let at = |change: f64| {
        let scenario = Scenario::builder("")
            .cost(CostSetting::ReturnHandlingPerParcel, CostChange::By(change))
            .build()
            .unwrap();
        economics.scenario(&table, &segments, &scenario).unwrap().after.segment("b").unwrap().action
    };
    let now = at(0.0);
    let turned: Vec<_> = handling.rising.iter().chain(&handling.falling).collect();
    println!("{now:?} {turned:?}\n{sensitivity}");
    let switch =
        turned.iter().find(|switch| matches!(switch.turn, Turn::Action { .. })).expect("an action turns");
    let Turn::Action { segment, from, to } = &switch.turn else { panic!() };
    assert_eq!((segment.as_str(), *from), ("b", now));
    assert_eq!(at(switch.change), *to);
    assert_eq!(at(switch.change - switch.change.signum() * 0.1 / 128.0), now);
    assert_ne!(*to, Action::Hold);
}

#[test]
fn settings_that_cost_nothing_are_not_listed_and_tables_print() {
    let rows: Vec<Row> =
        (0..30).map(|row| (row % 3, 500_000 + 200_000 * (row % 3) as i64, 100, 300, 2, 10, 1)).collect();
    let (table, segments) = shop(&rows);
    let plain = economics(Costs::builder(share()).return_handling_per_parcel(Money::ZERO));
    let sensitivity = plain.sensitivity(&table, &segments).unwrap();
    let listed: Vec<CostSetting> = sensitivity.settings.iter().map(|setting| setting.setting).collect();
    assert_eq!(listed, [CostSetting::CostOfGoods, CostSetting::WriteDown]);
    assert_eq!(sensitivity.setting(CostSetting::Marketing), None);
    let every = economics(full(share())).sensitivity(&table, &segments).unwrap();
    assert_eq!(every.settings.len(), CostSetting::ALL.len());
    let printed = every.to_string();
    for text in
        ["setting", "10 % more", "first turn if it rises", "return handling per parcel", "payment fee"]
    {
        assert!(printed.contains(text), "{text}\n{printed}");
    }
    let json = serde_json::to_value(&every).unwrap();
    assert_eq!(json["settings"][0]["setting"], "cost_of_goods");
    let outcome =
        run(&economics(full(share())), &rows, Scenario::builder("Half the returns").return_rate(-15.0));
    let printed = outcome.to_string();
    assert!(printed.starts_with("Half the returns\n") && printed.contains("would return"), "{printed}");
    assert!(printed.lines().all(|line| line == line.trim_end()));
    assert_eq!(serde_json::to_value(&outcome).unwrap()["scenario"], "Half the returns");
}

#[test]
fn any_number_of_threads_gives_the_same() {
    // Ten chunks and a ragged tail.
    let rows: Vec<Row> = (0..170_003_i64)
        .map(|row| {
            (
                (row % 4) as usize,
                300_000 + row * 7_919 % 900_000,
                row % 300,
                row * 31 % 1_001,
                2,
                3 + row % 5,
                (row % 3) as u32,
            )
        })
        .collect();
    let (table, segments) = shop(&rows);
    let economics = economics(Costs::builder(share()).write_down(Rate::ZERO));
    let scenario = Scenario::builder("all at once")
        .return_rate(-7.3)
        .return_rate_of("c", 9.1)
        .without_discount(0.07)
        .cost(CostSetting::ReturnHandlingPerParcel, CostChange::By(0.33))
        .build()
        .unwrap();
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            (
                economics.scenario(&table, &segments, &scenario).unwrap(),
                economics.sensitivity(&table, &segments).unwrap(),
            )
        })
    };
    assert_eq!(with(1), with(3));
}

#[test]
fn damaged_scenarios_are_refused() {
    let refused = |builder: ScenarioBuilder| builder.build().unwrap_err();
    let by = |setting, share: f64| Scenario::builder("").cost(setting, CostChange::By(share));
    let cases = [
        ("return_rate", Scenario::builder("").return_rate(f64::NAN)),
        ("return_rate", Scenario::builder("").return_rate_of("a", 101.0)),
        ("marketing", Scenario::builder("").marketing(Marketing::PerOrder(money("-1")))),
        ("without_discount", Scenario::builder("").without_discount(f64::NAN)),
        ("without_discount", Scenario::builder("").without_discount(1.5)),
        ("payment fee", by(CostSetting::PaymentFee, -1.5)),
        ("payment fee", by(CostSetting::PaymentFee, f64::NAN)),
    ];
    for (name, builder) in cases {
        let error = refused(builder);
        assert!(matches!(error, Error::Setting { setting, .. } if setting == name), "{name}: {error}");
    }
    let rows: Vec<Row> = (0..8).map(|row| (row % 2, 500_000, 0, 300, 1, 2, 1)).collect();
    let (table, segments) = shop(&rows);
    let economics = economics(Costs::builder(share()));
    let run = |builder: ScenarioBuilder| {
        economics.scenario(&table, &segments, &builder.build().unwrap()).unwrap_err()
    };
    let unknown = run(Scenario::builder("").return_rate_of("d", 1.0));
    assert!(matches!(unknown, Error::UnknownSegment { .. }), "{unknown}");
    for builder in [
        by(CostSetting::CostOfGoods, 2.0),
        by(CostSetting::Marketing, 0.1),
        Scenario::builder("").cost(CostSetting::WriteDown, CostChange::ToAmount(money("1"))),
        Scenario::builder("").cost(CostSetting::FulfilmentPerOrder, CostChange::ToRate(rate(0.1))),
        Scenario::builder("").cost(CostSetting::FulfilmentPerOrder, CostChange::ToAmount(money("-1"))),
        Scenario::builder("").cost(CostSetting::WriteDown, CostChange::ToRate(rate(1.5))),
    ] {
        let error = run(builder);
        assert!(matches!(error, Error::Setting { .. }), "{error}");
    }
    let other = super::table(1, [("gross", units([1]))]);
    let scenario = Scenario::builder("").return_rate(1.0).build().unwrap();
    assert!(matches!(economics.scenario(&other, &segments, &scenario), Err(Error::Incompatible { .. })));
    assert!(matches!(economics.sensitivity(&other, &segments), Err(Error::Incompatible { .. })));
}

#[test]
fn a_shop_without_returns_or_customers_is_a_documented_result() {
    let plain = table(4, [("gross", units([10, 20, 30, 40]))]);
    let segments = Segmentation::new(&plain, vec!["a".to_owned()], &[Some(0); 4]).unwrap();
    let economics = economics(Costs::builder(share()));
    let scenario = Scenario::builder("more").return_rate(5.0).without_discount(0.5).build().unwrap();
    let outcome = economics.scenario(&plain, &segments, &scenario).unwrap();
    assert_eq!(outcome.segments[0].return_rate, (None, None));
    assert_eq!(outcome.contribution.1.to_string(), "30.00");
    let empty = table(0, [("gross", units([]))]);
    let nobody = Segmentation::new(&empty, vec!["a".to_owned()], &[]).unwrap();
    assert_eq!(economics.scenario(&empty, &nobody, &scenario).unwrap().change(), MoneyTotal::ZERO);
    assert!(economics.sensitivity(&empty, &nobody).unwrap().settings.is_empty());
}

#[test]
fn costs_by_category_move_with_returns_and_demand() {
    // The same share for every category: nothing may differ from one share for all but by rounding.
    let log = Shop::builder().customers(600).build().unwrap().generate().unwrap().log;
    let names = ["jackets", "shoes", "jeans", "dresses", "knitwear", "tops", "accessories", "underwear"];
    let one = || Costs::builder(CostOfGoods::ShareOfGross(rate(0.4)));
    let by_category = one().cost_of_goods_by_category(names.map(|name| (name, rate(0.4)))).build().unwrap();
    let extractor = FeatureExtractor::builder(log.as_of_end().unwrap());
    let customers =
        extractor.computed(by_category.traits(log.rules())).build().unwrap().extract(&log).unwrap();
    let half: Vec<Option<usize>> = (0..customers.len()).map(|row| Some(row % 2)).collect();
    let segments = Segmentation::new(&customers, vec!["even".to_owned(), "odd".to_owned()], &half).unwrap();
    let contribution = |costs: Costs, scenario: &Scenario| {
        let economics = Economics::builder(costs).build().unwrap();
        let outcome = economics.scenario(&customers, &segments, scenario).unwrap();
        outcome.segments.iter().map(|segment| segment.contribution.1.to_f64()).collect::<Vec<_>>()
    };
    let scenarios = [
        Scenario::builder("fewer returns").return_rate(-10.0),
        Scenario::builder("more returns").return_rate_of("odd", 8.0),
        Scenario::builder("no discounts").without_discount(0.1),
        Scenario::builder("dearer goods").cost(CostSetting::CostOfGoods, CostChange::By(0.2)),
    ];
    for scenario in scenarios {
        let scenario = scenario.build().unwrap();
        let (plain, apart) =
            (contribution(one().build().unwrap(), &scenario), contribution(by_category.clone(), &scenario));
        for (plain, apart) in plain.iter().zip(&apart) {
            assert!((plain - apart).abs() < 1e-3 * plain.abs(), "{}: {plain} {apart}", scenario.name());
        }
    }
}
