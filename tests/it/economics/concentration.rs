//! Who carries the profit, against plain loops and on real shops.

use kohort::economics::{CostOfGoods, Tenth};
use kohort::features::Values;
use kohort::{Costs, Economics, FeatureTable, Money, MoneyTotal};
use proptest::prelude::*;

use super::{half_for_goods, rate, table, units};

/// Gross and returned; contribution is half of what is kept, less 3 a customer.
fn shop(rows: &[(i64, i64)]) -> FeatureTable {
    table(
        rows.len(),
        [("gross", units(rows.iter().map(|row| row.0))), ("returned", units(rows.iter().map(|row| row.1)))],
    )
}

fn economics() -> Economics {
    let costs = Costs::builder(CostOfGoods::ShareOfGross(rate(0.5)))
        .return_handling_per_parcel(Money::ZERO)
        .write_down(kohort::Rate::ZERO)
        .service_per_customer(Money::parse("3").unwrap())
        .build()
        .unwrap();
    Economics::builder(costs).build().unwrap()
}

#[test]
fn twenty_customers_by_hand() {
    // The two who buy most send everything back; the others keep all of 10, 20 … 180.
    let mut rows: Vec<(i64, i64)> = (1..=18).map(|i| (10 * i, 0)).collect();
    rows.extend([(1_000, 1_000), (900, 900)]);
    let found = economics().concentration(&shop(&rows)).unwrap();
    // 5 · 171 − 18 · 3 = 801, less 3 for each of the two.
    assert_eq!(
        (found.whale.peak.to_string(), found.whale.total.to_string()),
        ("801.00".into(), "795.00".into())
    );
    assert_eq!((found.whale.peak_rank, found.whale.unprofitable), (18, 2));
    assert_eq!((found.gross.to_string(), found.whale.gini), ("3610.00".into(), None));
    let first = &found.by_gross[0];
    assert_eq!((first.customers, first.gross.to_string()), (2, "1900.00".into()));
    assert_eq!((first.return_rate, first.contribution.to_string()), (Some(1.0), "-6.00".into()));
    assert_eq!(found.by_contribution[9], *first, "who buys most brings least");
    assert_eq!(found.by_contribution[0].contribution.to_string(), "169.00");
    assert_eq!((found.crossing[0][9], found.crossing[1][0], found.best_buyers_in_lower_half()), (2, 2, 2));
    assert!(found.gini_of_gross.unwrap() > 0.4);
    let printed = found.to_string();
    assert!(printed.starts_with("2 of 20 customers (10.0 %) bring less than they cost."), "{printed}");
    assert!(printed.contains("The best 18 bring 801; the others take 6 of it away again, which leaves 795"));
    let json = serde_json::to_value(&found).unwrap();
    assert_eq!(json["crossing"][0][9], 2);
    assert_eq!(json["whale"]["peak_rank"], 18);
}

#[test]
fn no_customer_one_customer_and_no_contribution() {
    let nobody = half_for_goods().concentration(&shop(&[])).unwrap();
    assert_eq!((nobody.whale.customers, nobody.gini_of_gross, nobody.by_gross.len()), (0, None, 10));
    assert!(nobody.to_string().contains("0 of 0 customers"));
    let one = half_for_goods().concentration(&shop(&[(100, 20)])).unwrap();
    assert_eq!((one.whale.customers, one.whale.peak_ratio), (1, Some(1.0)));
    assert_eq!(one.by_gross.iter().map(|tenth| tenth.customers).sum::<u64>(), 1);
    assert_eq!(one.crossing.iter().flatten().sum::<u64>(), 1);
    // Everything comes back: nothing is brought, and nothing can be divided by it.
    let all_back = half_for_goods().concentration(&shop(&[(100, 100), (50, 50)])).unwrap();
    assert_eq!((all_back.whale.total, all_back.whale.peak_ratio), (MoneyTotal::ZERO, None));
    assert_eq!(all_back.by_contribution[0].share_of_contribution, None);
    // Without a record of returns there is no rate, and contribution is before returns.
    let unknown = half_for_goods().concentration(&table(1, [("gross", units([100]))])).unwrap();
    assert!(unknown.by_gross.iter().all(|tenth| tenth.return_rate.is_none()));
    assert!(half_for_goods().concentration(&table(1, [("orders", Values::U32(vec![1]))])).is_err());
}

#[test]
fn any_number_of_threads_gives_the_same() {
    // Eleven chunks and a ragged tail, with many ties.
    let rows: Vec<(i64, i64)> = (0..180_247).map(|i| ((i * 7_919) % 997, (i * 104_729) % 499)).collect();
    let table = shop(&rows);
    let run = |threads| {
        let pool = rayon_pool(threads);
        pool.install(|| economics().concentration(&table).unwrap())
    };
    let one = run(1);
    assert_eq!(one, run(3));
    assert_eq!(one.crossing.iter().flatten().sum::<u64>(), 180_247);
}

fn rayon_pool(threads: usize) -> rayon::ThreadPool {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn tenths_are_those_of_a_plain_sort(rows in prop::collection::vec((0_i64..40, 0_i64..60), 0..70)) {
        let found = economics().concentration(&shop(&rows)).unwrap();
        let n = rows.len();
        let mut by_gross: Vec<usize> = (0..n).collect();
        by_gross.sort_by_key(|row| (-rows[*row].0, *row));
        for (tenth, part) in found.by_gross.iter().enumerate() {
            let members = &by_gross[tenth * n / 10..(tenth + 1) * n / 10];
            prop_assert_eq!(part.customers, members.len() as u64);
            let gross: i64 = members.iter().map(|row| rows[*row].0).sum();
            prop_assert_eq!(part.gross.ten_thousandths(), i128::from(gross) * 10_000);
        }
        let sum = |tenths: &[Tenth]| tenths.iter().map(|tenth| tenth.contribution).sum::<MoneyTotal>();
        prop_assert_eq!(sum(&found.by_gross), found.whale.total);
        prop_assert_eq!(sum(&found.by_contribution), found.whale.total);
        for (tenth, counts) in found.crossing.iter().enumerate() {
            prop_assert_eq!(counts.iter().sum::<u64>(), found.by_gross[tenth].customers);
            let column: u64 = found.crossing.iter().map(|row| row[tenth]).sum();
            prop_assert_eq!(column, found.by_contribution[tenth].customers);
        }
        let falling = found.by_contribution.iter().filter(|tenth| tenth.customers > 0);
        let means: Vec<f64> = falling.map(|tenth| tenth.contribution.to_f64() / tenth.customers as f64).collect();
        prop_assert!(means.windows(2).all(|pair| pair[0] >= pair[1] - 1e-9));
    }
}
