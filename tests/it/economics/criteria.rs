//! How attractive segments are to act on: criteria by hand, unknown ones, vetoes, and likely against possible.

use kohort::Segmentation;
use kohort::economics::{Action, CostOfGoods, Costs, DifferenceMeasure, Economics, Response};
use kohort::features::{Column, FeatureTable, Values};

use super::{rate, table, units};

/// 200 customers who buy for 100 ± 10, and 100 who buy for 300 ± 10; goods at half the price.
fn shop() -> (FeatureTable, Segmentation) {
    let gross = (0..300_i64).map(|i| if i < 200 { 100 } else { 300 } + if i % 2 == 0 { 10 } else { -10 });
    let table = table(300, [("gross", units(gross))]);
    let of: Vec<Option<usize>> = (0..300).map(|row| Some(usize::from(row >= 200))).collect();
    let segments = Segmentation::new(&table, vec!["small".to_owned(), "large".to_owned()], &of).unwrap();
    (table, segments)
}

fn economics() -> kohort::economics::EconomicsBuilder {
    let costs = Costs::builder(CostOfGoods::ShareOfGross(rate(0.5)));
    Economics::builder(costs.return_handling_per_parcel(kohort::Money::ZERO).build().unwrap())
}

#[test]
fn criteria_are_those_computed_by_hand() {
    let (table, segments) = shop();
    let economics = economics()
        .minimum_audience(150)
        .consented([("large", 0.3), ("small", 0.9)])
        .stability([("large", 0.8)])
        .described([("large", 0.4)])
        .response([("small", Response::Low)])
        .build()
        .unwrap();
    let plan = economics.prioritize(&table, &segments).unwrap();
    let large = &plan.segment("large").unwrap().attractiveness;
    assert_eq!(large.measurable, Some(0.8));
    // 100 of the 150 customers it takes; half of 30,000 is far more than 1 % of what all earn.
    assert!((large.substantial.unwrap() - 100.0 / 150.0).abs() < 1e-12);
    assert_eq!((large.accessible, large.differentiable, large.actionable), (Some(0.3), Some(1.0), Some(0.5)));
    // Contribution 150 against 50, each ± 5 about its mean: the largest difference, and the first of equals.
    let difference = large.difference.unwrap();
    let sd = (300.0 * 25.0 / 298.0_f64).sqrt();
    assert_eq!(difference.measure, DifferenceMeasure::Contribution);
    assert!((difference.standardised - 100.0 / sd).abs() < 1e-9, "{difference:?}");
    let score = (0.8 * (100.0 / 150.0) * 0.3 * 1.0 * 0.5_f64).powf(0.2);
    assert!((large.score.unwrap() - score).abs() < 1e-12);
    assert!((large.value.unwrap() - score * 15_000.0).abs() < 1e-8);
    let small = plan.segment("small").unwrap();
    assert_eq!((small.attractiveness.actionable, small.attractiveness.accessible), (Some(1.0), Some(0.9)));
    assert_eq!((small.rank, small.priority), (2, 1), "the large one is hard to reach and to tell apart");
}

#[test]
fn what_is_not_known_neither_helps_nor_harms_and_a_zero_vetoes() {
    let (table, segments) = shop();
    let plan = economics().build().unwrap().prioritize(&table, &segments).unwrap();
    let large = &plan.segment("large").unwrap().attractiveness;
    assert_eq!((large.accessible, large.actionable, large.score), (None, None, Some(1.0)));
    let nobody = economics().consented([("large", 0.0)]).build().unwrap();
    let plan = nobody.prioritize(&table, &segments).unwrap();
    let large = plan.segment("large").unwrap();
    assert_eq!((large.attractiveness.score, large.attractiveness.value), (Some(0.0), Some(0.0)));
    assert_eq!((large.action, large.rank, large.priority), (Action::Hold, 1, 2));
    // A segment that is everyone differs from nobody.
    let all = Segmentation::new(&table, vec!["all".to_owned()], &vec![Some(0); 300]).unwrap();
    let plan = economics().build().unwrap().prioritize(&table, &all).unwrap();
    assert_eq!(plan.segments[0].attractiveness.difference, None);
}

#[test]
fn differences_do_not_depend_on_threads() {
    // Twelve chunks and a ragged tail.
    let rows = 12 * 16_384 + 77;
    let gross = (0..rows as i64).map(|i| (i * 7_919) % 1_009 + 1);
    let table = table(rows, [("gross", units(gross)), ("returned", units((0..rows as i64).map(|i| i % 2)))]);
    let of: Vec<Option<usize>> = (0..rows).map(|row| (row % 5 < 4).then_some(row % 5)).collect();
    let names = ["a", "b", "c", "d"].map(str::to_owned).to_vec();
    let segments = Segmentation::new(&table, names, &of).unwrap();
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| economics().build().unwrap().prioritize(&table, &segments).unwrap())
    };
    let one = run(1);
    assert_eq!(run(2), one);
    assert_eq!(run(5), one);
}

#[test]
fn an_action_needs_more_than_a_likely_looking_mean() {
    // Both segments have the same mean of twice the shop's; in one of them it comes from a single customer.
    let gross: Vec<i64> = (0..400)
        .map(|i| match i {
            0..300 => 100,
            300..350 => 500,
            350 => 25_000,
            _ => 0,
        })
        .collect();
    let table = table(400, [("gross", units(gross))])
        .column_added("orders", Column::new(Values::U32(vec![1; 400])))
        .unwrap();
    let of: Vec<Option<usize>> = (0..400)
        .map(|row| match row {
            0..300 => Some(0),
            300..350 => Some(1),
            _ => Some(2),
        })
        .collect();
    let names = ["many", "steady", "one"].map(str::to_owned).to_vec();
    let segments = Segmentation::new(&table, names, &of).unwrap();
    let plan = economics().minimum_audience(10).build().unwrap().prioritize(&table, &segments).unwrap();
    let action = |name: &str| plan.segment(name).unwrap().action;
    assert_eq!((action("steady"), action("one")), (Action::Maintain, Action::LowTouch), "{plan}");
    let reasons = plan.segment("steady").unwrap().reasons.join(" ");
    assert!(reasons.contains("At least 1.5 times that is its value with a probability of 99"), "{reasons}");
}
