//! Costs by category and by activity, against plain computations over the lines and the table.

use kohort::economics::{CostOfGoods, Costs, CostsBuilder, Economics, Item, Marketing, VatRates, Waterfall};
use kohort::features::{Aggregate, Column, Computed, FeatureState, FeatureTable, Number, Over, Values};
use kohort::synthetic::Shop;
use kohort::{
    AsOf, Attribute, Bitmap, Error, Feature, FeatureExtractor, IdKind, Money, MoneyTotal, Rate,
    TransactionLog, Zone,
};
use proptest::prelude::*;

use super::{money, rate, table, units};
use crate::feature_windows::with_credit_notes;
use crate::features::{DAY, Row, came_back, log_of, rows};

fn economics(costs: CostsBuilder) -> Economics {
    Economics::builder(costs.build().unwrap()).build().unwrap()
}

fn half_to_even(numerator: i128, denominator: i128) -> i128 {
    let (whole, rest) = (numerator.div_euclid(denominator), numerator.rem_euclid(denominator));
    whole + i128::from(2 * rest > denominator || (2 * rest == denominator && whole % 2 != 0))
}

/// Cost and loss of each category, in millionths; `cat3` and lines without a category are not named.
fn shares(category: Option<u8>) -> (i128, i128) {
    match category {
        Some(0) => (500_000, 70_000),
        Some(1) => (123_457, 1_000_000),
        Some(2) => (420_000, 333_333),
        _ => (420_000, 70_000),
    }
}

fn by_category() -> CostsBuilder {
    Costs::builder(CostOfGoods::ShareOfGross(rate(0.42)))
        .cost_of_goods_by_category([("cat0", rate(0.5)), ("cat1", rate(0.123_457))])
        .write_down_by_category([("cat1", Rate::ONE), ("cat2", rate(0.333_333))])
        .return_handling_per_parcel(Money::ZERO)
}

fn extracted(log: &TransactionLog, costs: &Costs, as_of: i64) -> FeatureTable {
    let as_of = AsOf::instant(as_of, &Zone::utc()).unwrap();
    let builder = FeatureExtractor::builder(as_of).features([Feature::Gross, Feature::Returned]);
    builder.computed(costs.traits(log.rules())).build().unwrap().extract(log).unwrap()
}

/// Goods sold, returned and their write-down of one customer: the exact sum over her lines, rounded once each.
fn plain(rows: &[Row], as_of: i64, credit_notes: bool, customer: u64) -> [i128; 3] {
    let back = came_back(rows, as_of, credit_notes);
    let (mut sold, mut returned, mut lost) = (0, 0, 0);
    for (row, (pieces, _)) in rows.iter().zip(back) {
        if row.customer != customer || row.time >= as_of || !row.is_sale() {
            continue;
        }
        let (share, write_down) = shares(row.category);
        let at_list_price = half_to_even(i128::from(row.gross() * pieces), row.pieces.into());
        sold += share * i128::from(row.gross());
        returned += share * at_list_price;
        lost += write_down * share * at_list_price;
    }
    [half_to_even(sold, 1_000_000), half_to_even(returned, 1_000_000), half_to_even(lost, 1_000_000_000_000)]
}

fn goods(waterfall: &Waterfall) -> [i128; 3] {
    [Item::CostOfGoodsSold, Item::CostOfGoodsReturned, Item::WriteDown]
        .map(|item| waterfall.get(item).unwrap().ten_thousandths())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn goods_by_category_are_the_exact_sum_over_lines(rows in rows(true), credit_notes: bool, day in 1_i64..90) {
        // A log whose lines name no category has none to tell apart.
        prop_assume!(rows.iter().any(|row| row.category.is_some()));
        let rows = with_credit_notes(rows, credit_notes);
        let log = log_of(&rows, credit_notes, IdKind::Number);
        let costs = by_category().build().unwrap();
        let table = extracted(&log, &costs, day * DAY);
        let waterfalls = economics(by_category()).waterfalls(&table).unwrap();
        for (row, id) in table.ids().iter().enumerate() {
            let expected = plain(&rows, day * DAY, credit_notes, id.to_string().parse().unwrap());
            prop_assert_eq!(goods(&waterfalls.customer(row).unwrap()), expected, "customer {}", id);
        }
        // Lines that came day by day give the same columns.
        let mut state = FeatureState::new();
        state.push(&log).unwrap();
        let as_of = AsOf::instant(day * DAY, &Zone::utc()).unwrap();
        let extractor = FeatureExtractor::builder(as_of).features([Feature::Gross]).computed(costs.traits(log.rules()));
        let kept = state.finish(&extractor.build().unwrap()).unwrap();
        for name in table.names().filter(|name| name.starts_with("category_") || name.starts_with("returned_gross")) {
            prop_assert_eq!(kept.money(name).unwrap(), table.money(name).unwrap(), "{}", name);
        }
    }

    /// Equal shares for all are a share of gross.
    #[test]
    fn equal_shares_are_one_share(rows in rows(false), day in 1_i64..90) {
        prop_assume!(rows.iter().any(|row| row.category.is_some()));
        let log = log_of(&rows, false, IdKind::Number);
        let share = || Costs::builder(CostOfGoods::ShareOfGross(rate(0.37))).return_handling_per_parcel(Money::ZERO);
        let same = || share().cost_of_goods_by_category(["cat0", "cat2"].map(|name| (name, rate(0.37))));
        let table = extracted(&log, &same().build().unwrap(), day * DAY);
        // The list price of what came back is under another name for those who have it from the lines.
        let listed = table.clone().column_added("returned_gross", table.column("returned_gross_attributed").unwrap().clone());
        let (one, all) = (economics(share()).waterfalls(&listed.unwrap()).unwrap(), economics(same()).waterfalls(&table).unwrap());
        for row in 0..table.len() {
            let (one, all) = (goods(&one.customer(row).unwrap()), goods(&all.customer(row).unwrap()));
            prop_assert_eq!(one[..2].to_vec(), all[..2].to_vec());
            // A loss of a rounded cost, and a rounded loss.
            prop_assert!((one[2] - all[2]).abs() <= 1);
        }
    }
}

#[test]
fn taxed_categories_are_net_and_add_up_over_segments_and_shop() {
    let amounts = |of: fn(i64) -> i64| {
        Values::Money((0..200_i64).map(|i| Money::from_ten_thousandths(of(i))).collect())
    };
    let table = table(
        200,
        [
            ("gross", amounts(|i| 1_190_000 + 119 * i)),
            ("returned", amounts(|i| 11_900 * (i % 3))),
            ("category_gross__shoes", amounts(|i| 595_000 + 7 * i)),
            ("category_returned_gross__shoes", amounts(|i| 11_900 * (i % 3))),
            ("returned_gross_attributed", amounts(|i| 11_900 * (i % 3))),
        ],
    );
    let costs = Costs::builder(CostOfGoods::ShareOfGross(rate(0.3)))
        .cost_of_goods_by_category([("shoes", rate(0.6))])
        .return_handling_per_parcel(Money::ZERO)
        .vat(VatRates::uniform(rate(0.19)));
    let waterfalls = economics(costs).waterfalls(&table).unwrap();
    let mut total = [0; 3];
    for row in 0..200_i128 {
        let (shoes, back) = (595_000 + 7 * row, 11_900 * (row % 3));
        let sold = 600_000 * shoes + 300_000 * (1_190_000 + 119 * row - shoes);
        let expected = [
            half_to_even(sold, 1_190_000),
            half_to_even(600_000 * back, 1_190_000),
            half_to_even(70_000 * 600_000 * back, 1_190_000_000_000),
        ];
        assert_eq!(goods(&waterfalls.customer(row as usize).unwrap()), expected);
        total.iter_mut().zip(expected).for_each(|(total, own)| *total += own);
    }
    assert_eq!(goods(&waterfalls.shop()), total);
}

#[test]
fn costs_by_category_name_the_columns_they_lack() {
    let whole = [("gross", units([10, 20])), ("returned", units([1, 0]))];
    let bare = table(2, whole.clone());
    let lacking = |table: &FeatureTable| match economics(by_category()).waterfalls(table) {
        Err(Error::MissingCostColumn { cost, column, hint, .. }) => {
            assert!(cost == "cost of goods" && hint.contains("costs.traits"), "{cost} {hint}");
            column
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(lacking(&bare), "category_gross__cat0");
    let mut table = bare;
    for category in ["cat0", "cat1", "cat2"] {
        table = table.column_added(format!("category_gross__{category}"), units([2, 3])).unwrap();
    }
    assert_eq!(lacking(&table), "category_returned_gross__cat0");
    for category in ["cat0", "cat1", "cat2"] {
        table = table.column_added(format!("category_returned_gross__{category}"), units([0, 0])).unwrap();
    }
    assert_eq!(lacking(&table), "returned_gross_attributed");
    let known: Bitmap = [true, false].into_iter().collect();
    let partly = Column::with_missing(units([1, 0]), known).unwrap();
    let table = table.column_added("returned_gross_attributed", partly).unwrap();
    let waterfalls = economics(by_category()).waterfalls(&table).unwrap();
    assert!(waterfalls.customer(0).is_some() && waterfalls.customer(1).is_none(), "a value is missing");

    let more = [("gross", units([5])), ("category_gross__shoes", units([6]))];
    let costs = Costs::builder(CostOfGoods::ShareOfGross(rate(0.3)))
        .cost_of_goods_by_category([("shoes", rate(0.5))]);
    let error = economics(costs).waterfalls(&self::table(1, more)).unwrap_err();
    assert!(matches!(&error, Error::Incompatible { left, .. } if left.starts_with("6.00")), "{error}");
}

/// The whole way of a user, on a shop whose lines record what goods cost.
#[test]
fn categories_of_a_shop_come_out_of_its_log() {
    let log = Shop::builder().customers(2_000).build().unwrap().generate().unwrap().log;
    let costs = Costs::builder(CostOfGoods::ShareOfGross(rate(0.4)))
        .cost_of_goods_by_category([("shoes", rate(0.6))])
        .write_down_by_category([("underwear", Rate::ONE)])
        .build()
        .unwrap();
    let extractor = FeatureExtractor::builder(log.as_of_end().unwrap()).computed(costs.traits(log.rules()));
    let customers = extractor.build().unwrap().extract(&log).unwrap();
    let sum = |name: &str| customers.money(name).unwrap().iter().copied().sum::<MoneyTotal>().to_f64();
    let shop = Economics::builder(costs).build().unwrap().waterfalls(&customers).unwrap().shop();
    let (goods, shoes) = (shop.get(Item::CostOfGoodsSold).unwrap().to_f64(), sum("category_gross__shoes"));
    assert!(shoes > 0.0 && (goods - 0.4 * sum("gross") - 0.2 * shoes).abs() < 0.0001 * 2_000.0);
    let lost = 0.07 * (0.4 * sum("returned_gross_attributed") + 0.2 * sum("category_returned_gross__shoes"))
        + 0.93 * 0.4 * sum("category_returned_gross__underwear");
    assert!((shop.get(Item::WriteDown).unwrap().to_f64() - lost).abs() < 0.0001 * 2_000.0);
    assert!(Costs::builder(CostOfGoods::FromLines).build().unwrap().traits(log.rules()).is_empty());
}

#[test]
fn activities_and_columns_of_costs_are_added_to_their_items() {
    let table = table(
        3,
        [
            ("gross", units([100, 200, 0])),
            ("tickets", Values::U32(vec![0, 3, 1])),
            ("calls", Values::I64(vec![2, 0, 0])),
            ("express", Values::I32(vec![1, 0, 0])),
            ("shipping_cost", units([4, 6, 0])),
            ("marketing_cost", units([1, 2, 3])),
        ],
    );
    let base = || Costs::builder(CostOfGoods::ShareOfGross(rate(0.5)));
    let costs = base()
        .service_per_customer(money("1"))
        .activity(Item::Service, "ticket", money("5.5"), "tickets")
        .activity(Item::Service, "call", money("3"), "calls")
        .activity(Item::Fulfilment, "express", money("8"), "express")
        .cost_column(Item::Fulfilment, "shipping_cost")
        .cost_column(Item::Marketing, "marketing_cost")
        .activity(Item::WriteDown, "spoilt", Money::ZERO, "express");
    let waterfalls = economics(costs).waterfalls(&table).unwrap();
    let items = |row: usize| {
        let waterfall = waterfalls.customer(row).unwrap();
        [Item::Service, Item::Fulfilment, Item::Marketing]
            .map(|item| waterfall.get(item).unwrap().to_string())
    };
    assert_eq!(items(0), ["7.00", "12.00", "1.00"]);
    assert_eq!(items(1), ["17.50", "6.00", "2.00"]);
    assert_eq!(items(2), ["6.50", "0.00", "3.00"]);
    let shop = waterfalls.shop();
    assert_eq!((shop.cm2().to_string(), shop.cm3().unwrap().to_string()), ("101.00".into(), "95.00".into()));
    assert_eq!(shop.get(Item::WriteDown), Some(MoneyTotal::ZERO), "known, if nothing");
    assert_eq!(shop.get(Item::ReturnHandling), None);
    let plain = economics(base()).waterfalls(&table).unwrap().shop();
    assert_eq!((plain.get(Item::Service), plain.cm3()), (None, None));

    // A marketing total that is spread stands beside what the table has.
    let spread = base()
        .cost_column(Item::Marketing, "marketing_cost")
        .marketing(Marketing::SpreadOverCustomers(money("10")));
    let spread = economics(spread).waterfalls(&table).unwrap();
    assert_eq!(spread.shop().get(Item::Marketing).unwrap().to_string(), "16.00");
    assert_eq!(
        spread.customer(2).unwrap().get(Item::Marketing).unwrap().to_string(),
        "3.00",
        "she bought nothing"
    );
}

/// Returned jackets have to be cleaned: handling by category is an activity over a trait.
#[test]
fn a_trait_can_be_what_an_activity_counts() {
    let log = Shop::builder().customers(500).build().unwrap().generate().unwrap().log;
    let jackets =
        Computed::builder("jackets_returned", Over::Lines, Aggregate::Sum(Number::QuantityReturned))
            .only(Attribute::Category, ["jackets"])
            .build()
            .unwrap();
    let extractor = FeatureExtractor::builder(log.as_of_end().unwrap()).computed([jackets]).build().unwrap();
    let customers = extractor.extract(&log).unwrap();
    let costs = || Costs::builder(CostOfGoods::FromLines);
    let cleaned = costs().activity(Item::ReturnHandling, "cleaning", money("3.2"), "jackets_returned");
    let handling = |costs| {
        economics(costs)
            .waterfalls(&customers)
            .unwrap()
            .shop()
            .get(Item::ReturnHandling)
            .unwrap()
            .ten_thousandths()
    };
    let column = customers.column("jackets_returned").unwrap();
    let pieces: f64 = (0..customers.len()).filter_map(|row| column.number(row)).sum();
    assert!(pieces > 0.0);
    assert_eq!(handling(cleaned) - handling(costs()), 32_000 * pieces as i128);
}

#[test]
fn an_activity_without_its_column_names_both() {
    let table = table(
        2,
        [("gross", units([10, 20])), ("tickets", Values::U32(vec![1, 2])), ("note", units([-1, 2]))],
    );
    let base = || Costs::builder(CostOfGoods::ShareOfGross(rate(0.5)));
    let refused = |costs| economics(costs).waterfalls(&table).unwrap_err();
    let error = refused(base().activity(Item::Service, "help desk", money("1"), "ticket"));
    assert!(
        matches!(&error, Error::MissingCostColumn { cost, column, nearest: Some(near), .. }
            if cost == "help desk" && column == "ticket" && near == "tickets"),
        "{error}"
    );
    assert!(error.to_string().contains("did you mean `tickets`"), "{error}");
    let error = refused(base().cost_column(Item::Marketing, "marketing_cost"));
    assert!(matches!(&error, Error::MissingCostColumn { cost, .. } if cost == "marketing_cost"), "{error}");
    for costs in [
        base().activity(Item::Service, "money", money("1"), "gross"),
        base().cost_column(Item::Service, "tickets"),
        base().cost_column(Item::Service, "note"),
    ] {
        let error = refused(costs);
        assert!(matches!(&error, Error::FeatureType { .. }), "{error}");
    }
    let none = Column::with_missing(Values::U32(vec![0, 0]), Bitmap::filled(2, false)).unwrap();
    let known: Bitmap = [false, true].into_iter().collect();
    let some = Column::with_missing(Values::U32(vec![0, 3]), known).unwrap();
    let table = table.column_added("none", none).unwrap().column_added("some", some).unwrap();
    let counting = |column: &str| economics(base().activity(Item::Service, "calls", money("1"), column));
    let error = counting("none").waterfalls(&table).unwrap_err();
    assert!(matches!(&error, Error::FeatureType { feature, .. } if feature == "none"), "{error}");
    let waterfalls = counting("some").waterfalls(&table).unwrap();
    assert!(waterfalls.customer(0).is_none());
    assert_eq!(waterfalls.shop().get(Item::Service).unwrap().to_string(), "3.00");
    let much = self::table(1, [("gross", units([1])), ("calls", Values::I64(vec![i64::MAX]))]);
    assert!(matches!(counting("calls").waterfalls(&much), Err(Error::MoneyRange { .. })));
}

/// More than ten runs of 16,384 customers and a ragged tail, with everything that is added and spread.
#[test]
fn the_same_for_any_number_of_threads_and_the_first_of_several_errors() {
    let rows = 171_001_i64;
    let amounts =
        |of: fn(i64) -> i64| Values::Money((0..rows).map(|i| Money::from_ten_thousandths(of(i))).collect());
    let base = table(
        rows as usize,
        [
            ("gross", amounts(|i| i * 7_919 % 900_001)),
            ("returned", amounts(|i| i * 977 % 40_009)),
            ("category_gross__shoes", amounts(|i| i * 7_919 % 900_001 / 3)),
            ("category_returned_gross__shoes", amounts(|i| i * 977 % 40_009 / 4)),
            ("returned_gross_attributed", amounts(|i| i * 977 % 40_009)),
            ("tickets", Values::U32((0..rows as u32).map(|i| i % 3).collect())),
            ("orders", Values::U32((0..rows as u32).map(|i| 1 + i % 5).collect())),
        ],
    );
    let economics = economics(
        Costs::builder(CostOfGoods::ShareOfGross(rate(0.4)))
            .return_handling_per_parcel(Money::ZERO)
            .cost_of_goods_by_category([("shoes", rate(0.55))])
            .activity(Item::Service, "ticket", money("2"), "tickets")
            .marketing(Marketing::SpreadOverOrders(money("12345.6789"))),
    );
    let on = |threads: usize, table: &FeatureTable| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            economics
                .waterfalls(table)
                .map(|found| (0..table.len()).map(|row| found.customer(row)).collect::<Vec<_>>())
        })
    };
    let one = on(1, &base).unwrap();
    let marketing: MoneyTotal = one.iter().flatten().filter_map(|own| own.get(Item::Marketing)).sum();
    assert_eq!(marketing, MoneyTotal::from(money("12345.6789")));
    for threads in [2, 3, 5] {
        assert!(on(threads, &base).unwrap() == one, "{threads} threads");
    }
    let mut shoes: Vec<Money> = base.money("category_gross__shoes").unwrap().to_vec();
    for row in [160_000, 90_000, 33_333] {
        shoes[row] = Money::from_ten_thousandths(i64::MAX / 2);
    }
    let names: Vec<&str> = base.names().filter(|name| *name != "category_gross__shoes").collect();
    let damaged =
        base.select(names).unwrap().column_added("category_gross__shoes", Values::Money(shoes)).unwrap();
    for threads in [1, 2, 5] {
        let error = on(threads, &damaged).unwrap_err();
        assert!(matches!(&error, Error::Incompatible { right, .. } if right.contains("`33333`")), "{error}");
    }
}
