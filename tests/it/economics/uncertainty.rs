//! How sure a segment's value is: coverage by simulation, pooling of small segments, and the same bits on any threads.

use kohort::economics::{CostOfGoods, Costs, Economics, Plan};
use kohort::features::{Column, FeatureTable, Values};
use kohort::synthetic::Shop;
use kohort::transaction::CustomerIds;
use kohort::{Bitmap, Error, FeatureExtractor, Money, Rate, Segmentation};

use super::{money, table, units};

/// A small generator: the quality of its numbers does not matter much here.
struct Draws(u64);

impl Draws {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.unit() * bound as f64) as usize
    }

    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

/// Costs that leave gross as it is.
fn nothing_costs() -> Economics {
    let costs = Costs::builder(CostOfGoods::ShareOfGross(Rate::ZERO)).return_handling_per_parcel(Money::ZERO);
    Economics::builder(costs.write_down(Rate::ZERO).build().unwrap()).build().unwrap()
}

/// A plan of segments whose customers contribute these amounts, in ten-thousandths.
fn plan_of(segments: &[Vec<i64>]) -> Plan {
    let amounts = segments.iter().flatten().map(|amount| Money::from_ten_thousandths(*amount)).collect();
    let of: Vec<Option<usize>> =
        segments.iter().enumerate().flat_map(|(segment, own)| vec![Some(segment); own.len()]).collect();
    let table = FeatureTable::from_columns(CustomerIds::rows(of.len()), [("gross", Values::Money(amounts))]);
    let table = table.unwrap();
    let names = (0..segments.len()).map(|segment| format!("s{segment:05}")).collect();
    nothing_costs().prioritize(&table, &Segmentation::new(&table, names, &of).unwrap()).unwrap()
}

/// What customers of the synthetic shop contribute: skewed to the right, with those who lose money.
fn contributions() -> Vec<i64> {
    let log = Shop::builder().customers(6_000).seed(11).build().unwrap().generate().unwrap().log;
    let extractor = FeatureExtractor::builder(log.as_of_end().unwrap()).build().unwrap();
    let costs = Costs::builder(CostOfGoods::FromLines).fulfilment_per_order(money("4.50")).build().unwrap();
    let customers = extractor.extract(&log).unwrap();
    let waterfalls = Economics::builder(costs).build().unwrap().waterfalls(&customers).unwrap();
    (0..customers.len()).map(|row| waterfalls.customer(row).unwrap().cm2().ten_thousandths() as i64).collect()
}

/// Segments drawn from a shop whose mean is known: the share of 95 % intervals that hold it, and how many lie above and
/// below it. A normal interval misses on one side three times as often as on the other.
#[test]
fn intervals_of_skewed_contributions_cover_what_they_promise() {
    let population = contributions();
    let truth = population.iter().sum::<i64>() as f64 / population.len() as f64 / 10_000.0;
    let mut draws = Draws(5);
    for (customers, repeats) in [(200, 3_000), (600, 1_000)] {
        let segments: Vec<Vec<i64>> = (0..repeats)
            .map(|_| (0..customers).map(|_| population[draws.below(population.len())]).collect())
            .collect();
        let plan = plan_of(&segments);
        let values: Vec<_> = plan.segments.iter().map(|segment| segment.economics.value.unwrap()).collect();
        let share = |count: usize| count as f64 / f64::from(repeats);
        let above = share(values.iter().filter(|value| value.interval.unwrap().low > truth).count());
        let below = share(values.iter().filter(|value| value.interval.unwrap().high < truth).count());
        let covered = 1.0 - above - below;
        println!("{customers} customers: {covered:.4} covered, {above:.4} above, {below:.4} below");
        assert!((0.93..=0.97).contains(&covered), "{customers} customers: {covered}");
        assert!(above < 0.04 && below < 0.045, "{customers} customers: {above} above, {below} below");
        // The doubt about the sign is the interval's: at its end the probability is 97.5 %.
        let sure = values.iter().filter(|value| value.probability_positive.unwrap() > 0.975).count();
        assert_eq!(sure, values.iter().filter(|value| value.interval.unwrap().low > 0.0).count());
    }
}

/// Segments of 1 to 60 customers with means of their own: pooled intervals cover those means, and pooled means are nearer
/// to them than the segments' own.
#[test]
fn small_segments_borrow_from_the_others() {
    let mut draws = Draws(17);
    let (mut truths, mut segments) = (Vec::new(), Vec::new());
    for segment in 0..900 {
        let truth = 20.0 + 6.0 * draws.normal();
        let customers = 1 + segment % 60;
        truths.push(truth);
        segments.push(
            (0..customers).map(|_| ((truth + 30.0 * draws.normal()) * 10_000.0).round() as i64).collect(),
        );
    }
    let plan = plan_of(&segments);
    let (mut covered, mut own_error, mut pooled_error) = (0, 0.0, 0.0);
    for (segment, truth) in truths.iter().enumerate() {
        let value = plan.segment(&format!("s{segment:05}")).unwrap().economics.value.unwrap();
        let pooled = value.pooled.unwrap();
        covered += usize::from(pooled.interval.low <= *truth && *truth <= pooled.interval.high);
        own_error += (value.mean - truth).powi(2);
        pooled_error += (pooled.mean - truth).powi(2);
        assert!((0.0..=1.0).contains(&pooled.own_weight) && pooled.standard_error > 0.0);
    }
    let covered = covered as f64 / truths.len() as f64;
    println!(
        "{covered:.4} covered; mean squared error {:.1} own, {:.1} pooled",
        own_error / 900.0,
        pooled_error / 900.0
    );
    assert!((0.93..=0.97).contains(&covered), "{covered}");
    assert!(pooled_error < 0.4 * own_error, "{pooled_error} against {own_error}");
    assert_eq!(plan.shop.value.unwrap().pooled, None);
}

/// Segments of 30 customers with return rates of their own, and customers who differ within.
#[test]
fn pooled_return_rates_cover_those_of_the_segments() {
    let mut draws = Draws(23);
    let (segments, each, pieces) = (600, 30, 20);
    let (mut truths, mut bought, mut returned) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..segments {
        let truth = 1.0 / (1.0 + (0.9 - 0.5 * draws.normal()).exp());
        truths.push(truth);
        for _ in 0..each {
            let own =
                (truth + 0.15 * (draws.unit() - draws.unit()) * truth.min(1.0 - truth) / 0.3).clamp(0.0, 1.0);
            let back = (0..pieces).filter(|_| draws.unit() < own).count() as i64;
            bought.push(10 * pieces);
            returned.push(10 * back);
        }
    }
    let rows = bought.len();
    let of: Vec<Option<usize>> = (0..rows).map(|row| Some(row / each)).collect();
    let table = table(rows, [("gross", units(bought)), ("returned", units(returned))]);
    let names: Vec<String> = (0..segments).map(|segment| format!("s{segment:05}")).collect();
    let segmentation = Segmentation::new(&table, names.clone(), &of).unwrap();
    let plan = nothing_costs().prioritize(&table, &segmentation).unwrap();
    let covered = truths.iter().zip(&names).filter(|(truth, name)| {
        let interval = plan.segment(name).unwrap().economics.return_rate_pooled.unwrap().interval;
        (interval.low..=interval.high).contains(*truth)
    });
    let covered = covered.count() as f64 / truths.len() as f64;
    println!("{covered:.4} covered");
    assert!((0.93..=0.97).contains(&covered), "{covered}");
    assert_eq!(plan.shop.return_rate_pooled, None);
}

/// One customer, all alike, nothing and everything returned, and nobody at all: finite, and told apart.
#[test]
fn segments_at_the_edge_are_finite_and_say_what_they_borrow() {
    let gross: Vec<i64> = (0..300).map(|row| 50 + row % 37).collect();
    let of_row = |row: usize| match row {
        0..100 => 0,
        100..200 => 1,
        200 => 2,
        _ => 3,
    };
    let returned = |row: usize| match of_row(row) {
        0 => 0,
        1 => gross[row],
        _ => gross[row] / 3,
    };
    let lines = vec![4_u32; 300];
    let back = (0..300).map(|row| if of_row(row) == 1 { 4 } else { u32::from(of_row(row) > 1) }).collect();
    let table = table(
        300,
        [
            ("gross", units(gross.clone())),
            ("returned", units((0..300).map(returned))),
            ("lines", Values::U32(lines)),
            ("lines_returned", Values::U32(back)),
        ],
    );
    let names = ["keepers", "returners", "one", "rest", "nobody"].map(str::to_owned).to_vec();
    let of: Vec<Option<usize>> = (0..300).map(|row| Some(of_row(row))).collect();
    let plan = nothing_costs().prioritize(&table, &Segmentation::new(&table, names, &of).unwrap()).unwrap();
    let economics = |name| &plan.segment(name).unwrap().economics;

    let (keepers, returners) = (economics("keepers"), economics("returners"));
    assert_eq!((keepers.return_rate.unwrap().rate, returners.return_rate.unwrap().rate), (0.0, 1.0));
    let (low, high) = (keepers.return_rate_pooled.unwrap(), returners.return_rate_pooled.unwrap());
    assert!(low.rate > 0.0 && low.rate < 0.05 && high.rate < 1.0 && high.rate > 0.95, "{low:?} {high:?}");
    let one = economics("one");
    assert_eq!((one.value.unwrap().standard_error, one.return_rate.unwrap().standard_error), (None, None));
    assert!(
        one.value.unwrap().pooled.unwrap().own_weight
            < economics("rest").value.unwrap().pooled.unwrap().own_weight
    );
    assert!(one.return_rate_pooled.unwrap().own_weight < low.own_weight);
    let counted = returners.returned_lines.unwrap();
    assert_eq!((counted.lines, counted.returned), (400, 400));
    assert!(counted.interval.low > 0.98 && keepers.returned_lines.unwrap().interval.high < 0.02);
    assert_eq!((economics("nobody").value, economics("nobody").returned_lines), (None, None));
    assert_eq!(plan.shop.returned_lines.unwrap().lines, 1_200);
    // Everything came back of the returners, whose value is nothing for each: no doubt, but what is borrowed.
    let value = returners.value.unwrap();
    assert_eq!((value.mean, value.probability_positive), (0.0, Some(0.0)));
    assert!(value.pooled.unwrap().standard_error > 0.0);
    assert!(!plan.to_string().contains("NaN") && !plan.to_string().contains("inf"), "{plan}");
}

/// A segment's money may be that of a few.
#[test]
fn effective_customers_are_those_who_carry_the_money() {
    let alike = vec![100_000_i64; 500];
    let mut carried = vec![100_i64; 497];
    carried.extend([40_000_000, -40_000_000, 40_000_000]);
    let plan = plan_of(&[alike, carried]);
    let effective = |name: &str| plan.segment(name).unwrap().economics.value.unwrap().effective_customers;
    assert!((effective("s00000") - 500.0).abs() < 1e-9);
    assert!((2.9..3.1).contains(&effective("s00001")), "{}", effective("s00001"));
    assert_eq!(plan.segment("s00001").unwrap().economics.value.unwrap().customers, 500);
}

/// More than ten runs of rows with a ragged tail, values missing among them, and every figure of a plain loop.
#[test]
fn numbers_are_those_of_a_plain_loop_on_any_number_of_threads() {
    let rows = 170_123_usize;
    let gross: Vec<i64> = (0..rows as i64).map(|i| i * 7_919 % 900_001 - 100_000).collect();
    let returned: Vec<i64> = (0..rows as i64).map(|i| i * 977 % 40_009).collect();
    let known: Bitmap = (0..rows).map(|row| row % 97 != 5).collect();
    let amounts =
        |values: &[i64]| Values::Money(values.iter().copied().map(Money::from_ten_thousandths).collect());
    let table = table(rows, [("gross", amounts(&gross))]);
    let table =
        table.column_added("returned", Column::with_missing(amounts(&returned), known.clone()).unwrap());
    let table = table.unwrap();
    let of: Vec<Option<usize>> =
        (0..rows).map(|row| Some(row * 31 % 7).filter(|segment| *segment < 6)).collect();
    let names: Vec<String> = (0..6).map(|segment| format!("s{segment}")).collect();
    let segmentation = Segmentation::new(&table, names, &of).unwrap();
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| nothing_costs().prioritize(&table, &segmentation).unwrap())
    };
    let plan = run(1);
    for threads in [2, 3, 7] {
        assert!(
            serde_json::to_string(&run(threads)).unwrap() == serde_json::to_string(&plan).unwrap(),
            "{threads}"
        );
    }
    let by_hand = |own: &dyn Fn(usize) -> bool| {
        let margins: Vec<f64> = (0..rows)
            .filter(|row| own(*row) && known.get(*row))
            .map(|row| (gross[row] - returned[row]) as f64 / 10_000.0)
            .collect();
        let n = margins.len() as f64;
        let mean = margins.iter().sum::<f64>() / n;
        let square = margins.iter().map(|margin| (margin - mean).powi(2)).sum::<f64>();
        let absolute = margins.iter().map(|margin| margin.abs()).sum::<f64>();
        let all = margins.iter().map(|margin| margin * margin).sum::<f64>();
        (mean, (square / (n - 1.0) / n).sqrt(), absolute * absolute / all, margins.len() as u64)
    };
    let agrees = |found: kohort::economics::MeanEstimate, own: &dyn Fn(usize) -> bool| {
        let (mean, error, effective, customers) = by_hand(own);
        assert_eq!(found.customers, customers);
        let pairs = [
            (found.mean, mean),
            (found.standard_error.unwrap(), error),
            (found.effective_customers, effective),
        ];
        for (found, expected) in pairs {
            assert!((found - expected).abs() < 1e-9 * expected.abs(), "{found} against {expected}");
        }
    };
    for segment in 0..6 {
        let found = plan.segment(&format!("s{segment}")).unwrap().economics.value.unwrap();
        agrees(found, &|row| of[row] == Some(segment));
    }
    agrees(plan.unassigned.as_ref().unwrap().value.unwrap(), &|row| of[row].is_none());
    agrees(plan.shop.value.unwrap(), &|_| true);
}

#[test]
fn more_lines_returned_than_bought_names_the_first_customer() {
    let back = (0..40_000_u32).map(|row| if row == 39_000 || row == 20_000 { 3 } else { 1 }).collect();
    let table = table(
        40_000,
        [
            ("gross", units(vec![1; 40_000])),
            ("lines", Values::U32(vec![2; 40_000])),
            ("lines_returned", Values::U32(back)),
        ],
    );
    let segmentation = Segmentation::new(&table, vec!["all".to_owned()], &vec![Some(0); 40_000]).unwrap();
    let error = nothing_costs().prioritize(&table, &segmentation).unwrap_err();
    assert!(matches!(&error, Error::Incompatible { right, .. } if right.contains("`20000`")), "{error}");
}
