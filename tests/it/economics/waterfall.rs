//! Gross to contribution: the reference example and the laws of exact sums.

use approx::assert_relative_eq;
use kohort::economics::{BreakEven, CostOfGoods, Costs, Economics, Item, Marketing, Waterfall};
use kohort::features::{FeatureTable, Values};
use kohort::{Money, MoneyTotal, Segmentation};
use proptest::prelude::*;

use super::{half_for_goods, money, rate, table, units};

/// 1,000 items at 100 with 10 % off, 40 % returned, over so many equal customers.
fn reference(customers: usize) -> (FeatureTable, Economics) {
    let each = |total: i64| units(vec![total / customers as i64; customers]);
    let count = |total: i64| Values::I64(vec![total / customers as i64; customers]);
    let table = table(
        customers,
        [
            ("gross", each(100_000)),
            ("discount", each(10_000)),
            ("returned", each(36_000)),
            ("items", count(1_000)),
            ("items_returned", count(400)),
            ("orders", Values::U32(vec![3; customers])),
        ],
    );
    let costs = Costs::builder(CostOfGoods::ShareOfGross(rate(0.4)))
        .fulfilment_per_item(money("4.50"))
        .payment_fee(rate(0.02))
        .return_handling_per_parcel(Money::ZERO)
        .return_handling_per_item(money("6.95"))
        .write_down(rate(0.07))
        .marketing(Marketing::SpreadOverOrders(money("12000")))
        .build()
        .unwrap();
    (table, Economics::builder(costs).build().unwrap())
}

fn assert_reference(waterfall: &Waterfall) {
    assert_eq!(waterfall.net_revenue().to_string(), "54000.00");
    assert_eq!(waterfall.cm1().to_string(), "28880.00");
    assert_eq!(waterfall.cm2().to_string(), "19800.00");
    assert_eq!(waterfall.cm3().unwrap().to_string(), "7800.00");
    assert_eq!(waterfall.get(Item::WriteDown).unwrap().to_string(), "1120.00");
    assert_eq!(waterfall.get(Item::Service), None);
    assert_relative_eq!(waterfall.return_rate().unwrap(), 0.4);
}

#[test]
fn reference_example_to_the_cent() {
    for customers in [1, 8, 100] {
        let (table, economics) = reference(customers);
        let waterfalls = economics.waterfalls(&table).unwrap();
        let shop = waterfalls.shop();
        assert_reference(&shop);
        let break_even = BreakEven::of(&shop, &shop);
        assert_relative_eq!(break_even.rate.unwrap(), 0.530_543_933_1, epsilon = 1e-10);
        assert_relative_eq!(break_even.value_of_point.unwrap(), -597.50, epsilon = 1e-9);
        let halves: Vec<Option<usize>> = (0..customers).map(|row| Some(row % 2)).collect();
        let names = vec!["even".to_owned(), "odd".to_owned()];
        let segments = waterfalls.segments(&Segmentation::new(&table, names, &halves).unwrap()).unwrap();
        assert_eq!(segments.iter().map(Waterfall::cm2).sum::<MoneyTotal>(), shop.cm2());
    }
}

#[test]
fn prints_as_a_table() {
    let (table, economics) = reference(1);
    let printed = economics.waterfalls(&table).unwrap().shop().to_string();
    for line in ["  net revenue          54,000.00    54.0 %", "  CM3                   7,800.00     7.8 %"] {
        assert!(printed.lines().any(|printed| printed == line), "{line}\n{printed}");
    }
    let json = serde_json::to_value(economics.waterfalls(&table).unwrap().shop()).unwrap();
    assert_eq!((&json["cm3"], &json["service"]), (&"7800.00".into(), &serde_json::Value::Null));
}

#[test]
fn a_group_without_returns_takes_the_price_of_a_point_from_the_shop() {
    let table = table(2, [("gross", units([100, 300])), ("returned", units([0, 100]))]);
    let waterfalls = half_for_goods().waterfalls(&table).unwrap();
    let (keeper, shop) = (waterfalls.customer(0).unwrap(), waterfalls.shop());
    // Per unit returned the shop loses a half (the price less goods), so per point the keeper of 100 would lose 0.50.
    let break_even = BreakEven::of(&keeper, &shop);
    assert_relative_eq!(break_even.value_of_point.unwrap(), -0.5, epsilon = 1e-12);
    assert_relative_eq!(break_even.rate.unwrap(), 1.0, epsilon = 1e-12);
    assert_eq!(BreakEven::of(&keeper, &keeper), BreakEven::default());
}

/// A customer's gross, discount, returned, orders, items, parcels.
type Row = (i64, i64, i64, u32, i64, u32);

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let row = (0_i64..5_000_000, 0_i64..1_000_000, 0_i64..6_000_000, 0_u32..9, 0_i64..30, 0_u32..5);
    prop::collection::vec(row, 1..60)
}

fn random_table(rows: &[Row]) -> FeatureTable {
    let amounts = |of: fn(&Row) -> i64| {
        Values::Money(rows.iter().map(|row| Money::from_ten_thousandths(of(row))).collect())
    };
    table(
        rows.len(),
        [
            ("gross", amounts(|row| row.0)),
            ("discount", amounts(|row| row.1)),
            ("returned", amounts(|row| row.2)),
            ("orders", Values::U32(rows.iter().map(|row| row.3).collect())),
            ("items", Values::I64(rows.iter().map(|row| row.4).collect())),
            ("return_parcels", Values::U32(rows.iter().map(|row| row.5).collect())),
        ],
    )
}

fn full(marketing: Marketing) -> Economics {
    let costs = Costs::builder(CostOfGoods::ShareOfGross(rate(0.412_345)))
        .fulfilment_per_order(money("4.1"))
        .fulfilment_per_item(money("0.37"))
        .payment_fee(rate(0.0175))
        .payment_per_order(money("0.25"))
        .service_per_customer(money("0.0001"))
        .marketing(marketing)
        .build()
        .unwrap();
    Economics::builder(costs).build().unwrap()
}

proptest! {
    #[test]
    fn items_add_up_at_every_level(rows in rows(), assignment in prop::collection::vec(0_usize..4, 60)) {
        let table = random_table(&rows);
        let total = money("123.4567");
        let bought = rows.iter().any(|row| row.3 > 0);
        let marketing = if bought { Marketing::SpreadOverOrders(total) } else { Marketing::PerCustomer(total) };
        let waterfalls = full(marketing).waterfalls(&table).unwrap();
        let shop = waterfalls.shop();
        if bought {
            prop_assert_eq!(shop.get(Item::Marketing).unwrap(), MoneyTotal::from(total));
        }
        let of: Vec<Option<usize>> = (0..rows.len()).map(|row| Some(assignment[row]).filter(|s| *s < 3)).collect();
        let names = ["a", "b", "c"].map(str::to_owned).to_vec();
        let segments = waterfalls.segments(&Segmentation::new(&table, names, &of).unwrap()).unwrap();
        for item in Item::ALL {
            let by_segment: MoneyTotal = segments.iter().filter_map(|segment| segment.get(item)).sum();
            let by_customer: MoneyTotal =
                (0..rows.len()).filter_map(|row| waterfalls.customer(row)?.get(item)).sum();
            prop_assert_eq!(shop.get(item).unwrap(), by_segment);
            prop_assert_eq!(by_segment, by_customer);
        }
        for waterfall in segments.iter().chain([&shop]) {
            let item = |item| waterfall.get(item).unwrap();
            let goods = item(Item::CostOfGoodsSold) - item(Item::CostOfGoodsReturned);
            prop_assert_eq!(waterfall.cost_of_goods(), goods);
            let cm1 = item(Item::Gross) - item(Item::Discount) - item(Item::Returns) - goods - item(Item::WriteDown);
            let cm2 = cm1 - item(Item::Fulfilment) - item(Item::Payment) - item(Item::ReturnHandling) - item(Item::Service);
            prop_assert_eq!((waterfall.cm1(), waterfall.cm2()), (cm1, cm2));
            prop_assert_eq!(waterfall.cm3().unwrap(), cm2 - item(Item::Marketing));
        }
        prop_assert!(segments.iter().map(Waterfall::customers).sum::<u64>() == rows.len() as u64);
    }

    /// A plain computation with wide integers, customer by customer.
    #[test]
    fn agrees_with_a_plain_computation(rows in rows()) {
        let waterfalls = full(Marketing::Unknown).waterfalls(&random_table(&rows)).unwrap();
        let share = |amount: i64, millionths: i64| {
            let product = i128::from(amount) * i128::from(millionths);
            let (quotient, rest) = (product.div_euclid(1_000_000), product.rem_euclid(1_000_000));
            let up = rest > 500_000 || (rest == 500_000 && quotient % 2 != 0);
            (quotient + i128::from(up)) as i64
        };
        for (row, (gross, discount, returned, orders, items, parcels)) in rows.iter().copied().enumerate() {
            let charged = gross - discount;
            let goods = share(gross, 412_345);
            let back = if charged > 0 {
                let product = i128::from(goods) * i128::from(returned.min(charged));
                let (quotient, rest) = (product / i128::from(charged), product % i128::from(charged));
                let twice = 2 * rest;
                (quotient + i128::from(twice > charged.into() || (twice == charged.into() && quotient % 2 == 1))) as i64
            } else {
                0
            };
            let operations = 41_000 * i64::from(orders) + 3_700 * items + share(charged.max(0), 17_500)
                + 2_500 * i64::from(orders) + 70_000 * i64::from(parcels) + 1;
            let cm2 = charged - returned - (goods - back) - share(back, 70_000) - operations;
            prop_assert_eq!(waterfalls.customer(row).unwrap().cm2().ten_thousandths(), i128::from(cm2), "row {}", row);
        }
    }

    /// Twice the money and twice the counts are twice the contribution, where nothing is rounded.
    #[test]
    fn scales(rows in rows()) {
        let even: Vec<_> = rows.iter().map(|r| (r.0 / 2 * 2, r.1 / 2 * 2, 0, r.3, r.4, 0)).collect();
        let twice: Vec<_> = even.iter().map(|r| (r.0 * 2, r.1 * 2, 0, r.3 * 2, r.4 * 2, 0)).collect();
        let economics = half_for_goods();
        let cm2 = |rows: &[_]| economics.waterfalls(&random_table(rows)).unwrap().shop().cm2();
        prop_assert_eq!(cm2(&twice), cm2(&even) + cm2(&even));
    }

    /// Who else is in the table changes nothing for a customer (but for a marketing total that is spread).
    #[test]
    fn order_and_company_do_not_matter(rows in rows()) {
        let economics = full(Marketing::PerOrder(money("1.5")));
        let forward = economics.waterfalls(&random_table(&rows)).unwrap();
        let reversed: Vec<_> = rows.iter().rev().copied().collect();
        let backward = economics.waterfalls(&random_table(&reversed)).unwrap();
        prop_assert_eq!(forward.shop(), backward.shop());
        for row in 0..rows.len() {
            prop_assert_eq!(forward.customer(row), backward.customer(rows.len() - 1 - row));
        }
    }
}

#[test]
fn the_same_for_any_number_of_threads() {
    // More than ten chunks of 16,384 rows and a ragged tail.
    let rows: Vec<_> = (0..180_123_i64)
        .map(|i| {
            (i * 7_919 % 900_001, i * 31 % 5_003, i * 977 % 400_009, (i % 5) as u32, i % 7, (i % 3) as u32)
        })
        .collect();
    let table = random_table(&rows);
    let economics = full(Marketing::SpreadOverCustomers(money("9999.99")));
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let segments: Vec<Option<usize>> =
                (0..rows.len()).map(|row| Some(row % 3).filter(|s| *s < 2)).collect();
            let names = vec!["a".to_owned(), "b".to_owned()];
            let segments = Segmentation::new(&table, names, &segments).unwrap();
            let plan = serde_json::to_string(&economics.prioritize(&table, &segments).unwrap()).unwrap();
            (plan, economics.enrich(&table).unwrap())
        })
    };
    let one = run(1);
    for threads in [2, 5] {
        assert!(run(threads) == one, "{threads} threads");
    }
}
