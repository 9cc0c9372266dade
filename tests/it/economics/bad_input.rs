//! Damaged and incomplete tables: a typed error or a documented result, never a panic.

use kohort::economics::{CostOfGoods, Costs, Economics, Item, Marketing};
use kohort::features::{Column, FeatureTable, Values};
use kohort::transaction::CustomerIds;
use kohort::{Bitmap, Error, Money, Segmentation};

use super::{half_for_goods, money, rate, table, units};

fn economics(costs: kohort::economics::CostsBuilder) -> Economics {
    Economics::builder(costs.build().unwrap()).build().unwrap()
}

#[test]
fn a_cost_names_the_column_it_lacks() {
    let bare = table(2, [("gross", units([10, 20]))]);
    let returning = table(2, [("gross", units([10, 20])), ("returned", units([1, 2]))]);
    let share = || Costs::builder(CostOfGoods::ShareOfGross(rate(0.5)));
    let one = money("1");
    let cases = [
        ("orders", &bare, share().fulfilment_per_order(one)),
        ("orders", &bare, share().payment_per_order(one)),
        ("orders", &bare, share().marketing(Marketing::PerOrder(one))),
        ("items", &bare, share().fulfilment_per_item(one)),
        ("cost_of_goods", &bare, Costs::builder(CostOfGoods::FromLines)),
        ("return_parcels", &returning, share()),
        (
            "items_returned",
            &returning,
            share().return_handling_per_parcel(Money::ZERO).return_handling_per_item(one),
        ),
    ];
    for (name, table, costs) in cases {
        let error = economics(costs).waterfalls(table).unwrap_err();
        assert!(
            matches!(&error, Error::MissingFeature { feature, .. } if feature == name),
            "{name}: {error}"
        );
    }
    // Without a record of returns their handling costs nothing that could be known.
    let waterfall = economics(share()).waterfalls(&bare).unwrap().shop();
    assert_eq!(waterfall.get(Item::ReturnHandling), None);
    assert_eq!(waterfall.cm2().to_string(), "15.00");
    let no_gross = table(1, [("orders", Values::U32(vec![1]))]);
    assert!(matches!(economics(share()).waterfalls(&no_gross), Err(Error::MissingFeature { .. })));
}

#[test]
fn a_column_without_values_is_absent() {
    let none = Column::with_missing(units([0, 0]), Bitmap::filled(2, false)).unwrap();
    let table = table(2, [("gross", units([10, 20]))]).column_added("returned", none.clone()).unwrap();
    assert_eq!(half_for_goods().waterfalls(&table).unwrap().shop().get(Item::Returns), None);
    let table = table.column_added("cost_of_goods", none).unwrap();
    let error = economics(Costs::builder(CostOfGoods::FromLines)).waterfalls(&table).unwrap_err();
    assert!(matches!(&error, Error::FeatureType { feature, .. } if feature == "cost_of_goods"), "{error}");
}

#[test]
fn a_customer_with_a_missing_value_is_unknown_and_in_no_sum() {
    let known: Bitmap = [true, false, true].into_iter().collect();
    let returned = Column::with_missing(units([1, 999, 3]), known).unwrap();
    let table = table(3, [("gross", units([10, 20, 30]))]).column_added("returned", returned).unwrap();
    let waterfalls = half_for_goods().waterfalls(&table).unwrap();
    assert_eq!(waterfalls.customer(1), None);
    assert_eq!((waterfalls.shop().customers(), waterfalls.shop().gross().to_string().as_str()), (2, "40.00"));
    let enriched = half_for_goods().enrich(&table).unwrap();
    let contribution = enriched.column("contribution").unwrap();
    assert_eq!((contribution.number(1), contribution.is_valid(0)), (None, true));
}

#[test]
fn wrong_types_and_damaged_counts_are_refused() {
    let refused = |name: &'static str, values: Values| {
        let table = table(1, [("gross", units([10]))]).column_added(name, values).unwrap();
        let costs = Costs::builder(CostOfGoods::ShareOfGross(rate(0.5))).fulfilment_per_order(money("1"));
        economics(costs).waterfalls(&table).unwrap_err()
    };
    assert!(matches!(refused("orders", Values::F64(vec![1.0])), Error::FeatureType { .. }));
    assert!(matches!(refused("orders", Values::I64(vec![-1])), Error::FeatureType { .. }));
    assert!(matches!(refused("discount", Values::U32(vec![1])), Error::FeatureType { .. }));
    let more_back = table(
        1,
        [("gross", units([10])), ("lines", Values::U32(vec![1])), ("lines_returned", Values::U32(vec![2]))],
    );
    assert!(matches!(half_for_goods().looks_rich(&more_back), Err(Error::Incompatible { .. })));
}

#[test]
fn amounts_beyond_the_range_name_the_customer() {
    let most = Values::Money(vec![Money::from_ten_thousandths(1), Money::from_ten_thousandths(i64::MAX)]);
    let huge = table(2, [("gross", most), ("orders", Values::U32(vec![1, 4_000_000]))]);
    let costs = || Costs::builder(CostOfGoods::ShareOfGross(rate(0.0)));
    let expensive = costs().fulfilment_per_order(money("99999999999"));
    let error = economics(expensive).waterfalls(&huge).unwrap_err();
    assert!(matches!(&error, Error::MoneyRange { customer, .. } if customer == "1"), "{error}");
    // The largest amounts themselves are summed over customers without overflow.
    let shop = economics(costs()).waterfalls(&huge).unwrap().shop();
    assert_eq!(shop.gross().ten_thousandths(), i128::from(i64::MAX) + 1);
    let least = table(1, [("gross", Values::Money(vec![Money::from_ten_thousandths(i64::MIN)]))]);
    let taxed = costs().service_per_customer(money("1"));
    assert!(matches!(economics(taxed).waterfalls(&least), Err(Error::MoneyRange { .. })));
}

#[test]
fn a_marketing_total_needs_someone_to_fall_on() {
    let nobody = table(2, [("gross", units([0, 0])), ("orders", Values::U32(vec![0, 0]))]);
    for marketing in [Marketing::SpreadOverOrders(money("5")), Marketing::SpreadOverCustomers(money("5"))] {
        let costs = Costs::builder(CostOfGoods::ShareOfGross(rate(0.5))).marketing(marketing);
        assert!(matches!(economics(costs).waterfalls(&nobody), Err(Error::Empty { .. })));
    }
}

/// Returns that are recorded and are none, or all: a plan with numbers, and none that are not.
#[test]
fn no_returns_and_everything_returned_make_a_plan() {
    let gross = || units((0..240).map(|row| 40 + row % 23));
    let halves: Vec<Option<usize>> = (0..240).map(|row| Some(row / 120)).collect();
    let counts = |count: u32| Values::U32(vec![count; 240]);
    for (share, returned, back) in [(0.0, units(vec![0; 240]), 0), (1.0, gross(), 3)] {
        let table = table(
            240,
            [
                ("gross", gross()),
                ("returned", returned),
                ("return_parcels", counts(back)),
                ("lines", counts(3)),
                ("lines_returned", counts(back)),
            ],
        );
        let names = vec!["first".to_owned(), "second".to_owned()];
        let segments = Segmentation::new(&table, names, &halves).unwrap();
        let economics = economics(Costs::builder(CostOfGoods::ShareOfGross(rate(0.5))));
        let plan = economics.prioritize(&table, &segments).unwrap();
        for place in &plan.segments {
            let numbers = &place.economics;
            assert!((numbers.return_rate.unwrap().rate - share).abs() < 1e-12);
            let pooled = numbers.return_rate_pooled.unwrap();
            assert!(
                pooled.rate > 0.0 && pooled.rate < 1.0 && (pooled.rate - share).abs() < 0.01,
                "{pooled:?}"
            );
            assert!((numbers.returned_lines.unwrap().share - share).abs() < 1e-12);
            let pooled = numbers.value.unwrap().pooled.unwrap();
            assert!(pooled.mean.is_finite() && pooled.interval.low <= pooled.interval.high, "{pooled:?}");
            assert_eq!(
                numbers.break_even.rate.is_some(),
                share > 0.0,
                "what a return costs is not known without any"
            );
        }
        let text = format!("{plan}{}", economics.looks_rich(&table).unwrap());
        assert!(!text.contains("NaN") && !text.contains("inf "), "{text}");
        assert!(economics.enrich(&table).is_ok());
    }
}

#[test]
fn only_returns_and_everything_returned_are_documented_results() {
    let table = table(2, [("gross", units([0, 50])), ("returned", units([30, 50]))]);
    let waterfalls = half_for_goods().waterfalls(&table).unwrap();
    // A return without a known sale gives the price back and brings no goods.
    assert_eq!(waterfalls.customer(0).unwrap().cm2().to_string(), "-30.00");
    assert_eq!(waterfalls.customer(0).unwrap().return_rate(), None);
    assert_eq!(waterfalls.customer(1).unwrap().cm2().to_string(), "0.00");
    assert_eq!(waterfalls.customer(1).unwrap().return_rate(), Some(1.0));
    let empty = FeatureTable::from_columns(CustomerIds::rows(0), [("gross", units([]))]).unwrap();
    let enriched = half_for_goods().enrich(&empty).unwrap();
    assert!(enriched.is_empty() && enriched.has("contribution"));
}
