//! The choice against slow ones: all subsets, all prices, other orders and other numbers of threads.

use super::*;
use crate::random::Stream;

/// Plain choice: all subsets of a size that keep the limit, the best by score.
fn brute(scores: &[f64], excess: &[f64], size: usize) -> Option<f64> {
    let sets = (0_u32..1 << scores.len()).filter(|set| set.count_ones() as usize == size);
    let rows = |set: u32| (0..scores.len()).filter(move |row| set >> row & 1 == 1);
    sets.filter(|set| rows(*set).map(|row| excess[row]).sum::<f64>() <= 0.0)
        .map(|set| rows(set).map(|row| scores[row]).sum::<f64>())
        .max_by(f64::total_cmp)
}

/// The dual at a price by a plain sort.
fn dual(scores: &[f64], excess: &[f64], size: usize, price: f64) -> f64 {
    let mut worth: Vec<f64> = scores.iter().zip(excess).map(|(s, a)| s - price * a).collect();
    worth.sort_unstable_by(|one, other| other.total_cmp(one));
    worth[..size].iter().sum()
}

/// The least of the dual, which is the value of the linear relaxation; by where it is said to be: it is convex, so it is
/// least there if it is not less nearby.
fn least_dual(scores: &[f64], excess: &[f64], size: usize, price: f64) -> f64 {
    let least = dual(scores, excess, size, price);
    for nearby in [0.999 * price, 1.001 * price] {
        assert!(dual(scores, excess, size, nearby) >= least * (1.0 - 1e-12), "{price} is not the price");
    }
    least
}

/// Customers with skewed demand, whose return rates rise with their score.
fn drawn(rows: usize, index: u64, cap: f64) -> (Vec<f64>, Vec<f64>) {
    let mut stream = Stream::new(7, "selection tests", index);
    (0..rows)
        .map(|_| {
            let score = stream.unit() * stream.unit();
            let demand = 60.0 * crate::numeric::exp(0.9 * stream.normal());
            let rate = (0.2 + 0.5 * score + 0.2 * (stream.unit() - 0.5)).clamp(0.0, 1.0);
            (score, excess_of(demand, rate, cap))
        })
        .unzip()
}

fn reference() -> (Vec<f64>, Vec<f64>) {
    let demand = [100.0, 80.0, 120.0, 60.0, 90.0, 110.0, 70.0, 50.0];
    let rates = [0.60, 0.20, 0.55, 0.35, 0.15, 0.30, 0.10, 0.25];
    let excess = demand.iter().zip(rates).map(|(demand, rate)| excess_of(*demand, rate, 0.30)).collect();
    (vec![0.90, 0.85, 0.80, 0.70, 0.60, 0.50, 0.40, 0.30], excess)
}

#[test]
fn reference_choice() {
    let (scores, excess) = reference();
    let chosen = select(&scores, &excess, 4).unwrap();
    assert_eq!(chosen.rows, [0, 1, 4, 6]);
    assert!((chosen.score - 2.75).abs() < 1e-12 && chosen.binding && chosen.shadow_price > 0.0);
    assert!((chosen.unconstrained.score - 3.25).abs() < 1e-12);
    // Returns of 0.4527777778 of 360, less 30 %.
    assert!((chosen.unconstrained.excess - (0.452_777_777_8 - 0.3) * 360.0).abs() < 1e-6);
    assert!(chosen.bound >= 2.75 && chosen.gap() < 0.2, "{chosen:?}");
    // Without a limit that binds it is the plain top.
    let free = vec![-1.0; 8];
    let chosen = select(&scores, &free, 4).unwrap();
    assert_eq!(
        (chosen.rows.as_slice(), chosen.binding, chosen.shadow_price),
        (&[0, 1, 2, 3][..], false, 0.0)
    );
    assert!(chosen.gap().abs() < f64::EPSILON);
}

#[test]
fn small_choices_are_the_best_of_all_subsets() {
    let mut cases = 0;
    for case in 0..195 {
        let rows = 2 + (case % 13) as usize;
        let (scores, excess) = drawn(rows, case, 0.38);
        for size in 1..=rows {
            let optimum = brute(&scores, &excess, size);
            let chosen = select(&scores, &excess, size);
            let (Some(optimum), Ok(chosen)) = (optimum, &chosen) else {
                assert!(optimum.is_none() && chosen.is_err(), "case {case}: {optimum:?} {chosen:?}");
                continue;
            };
            let sum = |of: &[f64]| chosen.rows.iter().map(|row| of[*row]).sum::<f64>();
            assert_eq!(chosen.rows.len(), size);
            assert!(sum(&excess) <= 1e-12 && chosen.excess <= 0.0, "case {case} {chosen:?}");
            assert!((sum(&scores) - chosen.score).abs() < 1e-12);
            assert!(
                chosen.score <= optimum + 1e-12 && optimum <= chosen.bound + 1e-12,
                "{chosen:?} {optimum}"
            );
            // No exchange of one for one is better.
            for goes in &chosen.rows {
                for comes in (0..rows).filter(|row| !chosen.rows.contains(row)) {
                    let fits = sum(&excess) + excess[comes] - excess[*goes] <= -1e-12;
                    assert!(!(fits && scores[comes] > scores[*goes] + 1e-12), "case {case} {chosen:?}");
                }
            }
            cases += 1;
            assert!(chosen.proven && chosen.score > optimum - 1e-12, "case {case} {chosen:?} {optimum}");
        }
    }
    assert!(cases > 600, "{cases} cases");
}

#[test]
fn the_bound_is_that_of_the_relaxation_and_is_nearly_reached() {
    let sizes = [1_000, 1_000, 2_000, 5_000, 20_000, 140_000];
    for (index, rows) in sizes.into_iter().enumerate() {
        for (size, cap) in [(50, 0.33), (rows / 20, 0.30), (rows / 3, 0.25)] {
            let (scores, excess) = drawn(rows, index as u64, cap);
            let chosen = select(&scores, &excess, size).unwrap();
            assert!(chosen.binding && chosen.excess <= 0.0);
            let plain: f64 = chosen.rows.iter().map(|row| excess[*row]).sum();
            assert!(plain <= 1e-9, "{plain}");
            let price = chosen.shadow_price;
            let least = least_dual(&scores, &excess, size, price);
            let relative = (chosen.bound - least) / least;
            assert!(relative <= 1e-9, "{rows} {size}: {} {least}", chosen.bound);
            let lowered = chosen.proven || chosen.score < 0.9997 * least;
            assert!(relative >= -1e-9 || lowered, "only a proof and branching lower the bound");
            assert!(!chosen.proven || chosen.gap() == 0.0, "the best is as good as can be");
            // Where a customer or two weigh as much as all fifty, no set of whole customers comes within a thousandth of
            // the relaxation. Then it is proven that the one chosen is the best there is.
            let nearly = chosen.score >= 0.999 * least;
            assert!(nearly || size == 50 && chosen.proven, "{rows} {size}: {chosen:?} of {least}");
        }
    }
}

/// What is chosen of each size, alike on one thread, on three, and of candidates in another order.
fn alike(shuffle: u64, scores: &[f64], excess: &[f64], sizes: &[usize]) -> Vec<Selection> {
    let rows = scores.len();
    let mut stream = Stream::new(shuffle, "shuffle", 0);
    let keys: Vec<u64> = (0..rows).map(|_| stream.bits()).collect();
    let mut places: Vec<usize> = (0..rows).collect();
    for place in (1..rows).rev() {
        places.swap(place, stream.below(place as u64 + 1) as usize);
    }
    let of = |numbers: &[f64]| places.iter().map(|place| numbers[*place]).collect::<Vec<f64>>();
    let (other_scores, other_excess) = (of(scores), of(excess));
    let other_keys: Vec<u64> = places.iter().map(|place| keys[*place]).collect();
    let chosen = |size: usize| {
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let candidates = Candidates::new(scores, excess).unwrap().keys(&keys).unwrap();
            pool.install(|| candidates.select(size).unwrap())
        };
        let one = run(1);
        assert_eq!(one, run(3));
        let candidates = Candidates::new(&other_scores, &other_excess).unwrap().keys(&other_keys).unwrap();
        let mut shuffled = candidates.select(size).unwrap();
        shuffled.rows = shuffled.rows.iter().map(|row| places[*row]).collect();
        shuffled.rows.sort_unstable();
        assert_eq!(one, shuffled);
        one
    };
    sizes.iter().copied().map(chosen).collect()
}

#[test]
fn neither_threads_nor_the_order_of_rows_matter() {
    const ROWS: usize = 163_840 + 123;
    let (mut scores, mut excess) = drawn(ROWS, 3, 0.3);
    // Many equal ones, at the border among others.
    for row in 0..ROWS {
        if row % 3 == 0 {
            scores[row] = (scores[row] * 20.0).round() / 20.0;
            excess[row] = (excess[row] * 0.2).round();
        }
    }
    alike(1, &scores, &excess, &[40, 8_000, 60_000]);
}

#[test]
fn equal_candidates_are_taken_by_their_keys() {
    let scores = vec![0.5; 1_000];
    let excess = vec![-1.0; 1_000];
    let keys: Vec<u64> = (0..1_000).map(|row| (row * 7_919) % 1_009).collect();
    let chosen = Candidates::new(&scores, &excess).unwrap().keys(&keys).unwrap().select(100).unwrap();
    let largest = chosen.rows.iter().map(|row| keys[*row]).max().unwrap();
    let smallest = (0..1_000).filter(|row| !chosen.rows.contains(row)).map(|row| keys[row]).min().unwrap();
    assert!(largest < smallest);
    // With a limit as well: half of them may be above it.
    let excess: Vec<f64> = (0..1_000).map(|row| if row % 2 == 0 { 1.0 } else { -1.0 }).collect();
    let scores: Vec<f64> = (0..1_000).map(|row| if row % 2 == 0 { 0.9 } else { 0.1 }).collect();
    let chosen = Candidates::new(&scores, &excess).unwrap().keys(&keys).unwrap().select(100).unwrap();
    let even = |row: &&usize| row.is_multiple_of(2);
    assert_eq!((chosen.rows.iter().filter(even).count(), chosen.excess), (50, 0.0));
    let key = |row: usize| keys[row];
    let largest = chosen.rows.iter().filter(even).map(|row| key(*row)).max().unwrap();
    let left = (0..1_000).filter(|row| row % 2 == 0 && !chosen.rows.contains(row)).map(key).min().unwrap();
    assert!(largest < left);
    assert!((chosen.score - 50.0).abs() < 1e-12 && chosen.gap() < 1e-12);
}

#[test]
fn extremes_of_size_and_number_are_answered() {
    let (scores, excess) = drawn(50, 11, 0.3);
    for (scores, excess) in [
        (vec![f64::NAN, 1.0], vec![0.0; 2]),
        (vec![1.0; 2], vec![f64::INFINITY, 0.0]),
        (vec![1e101, 1.0], vec![0.0; 2]),
    ] {
        assert!(matches!(select(&scores, &excess, 1), Err(crate::Error::Setting { .. })));
    }
    assert!(select(&scores, &excess, 0).unwrap_err().to_string().contains("at least 1"));
    assert!(select(&scores, &excess, 51).unwrap_err().to_string().contains("there are 50"));
    assert!(Candidates::new(&scores, &excess[1..]).is_err());
    assert!(Candidates::new(&scores, &excess).unwrap().keys(&[1]).is_err());
    // Nobody is below the limit; two are, and pay for a third.
    let above = select(&[1.0; 3], &[1.0, 2.0, 3.0], 1).unwrap_err().to_string();
    assert!(above.contains("has 0"), "{above}");
    let some = select(&[1.0; 4], &[-1.0, -1.0, 1.5, 3.0], 4).unwrap_err().to_string();
    assert!(some.contains("has 3"), "{some}");
    assert_eq!(select(&[1.0; 4], &[-1.0, -1.0, 1.5, 3.0], 3).unwrap().rows, [0, 1, 2]);
    // Numbers of very different size, zeros, and the whole pool.
    let chosen = select(&[1e-90, 1e90, 0.0], &[1e90, -1e-90, 0.0], 2).unwrap();
    assert_eq!(chosen.rows, [1, 2]);
    assert_eq!(select(&[0.0; 3], &[0.0; 3], 3).unwrap().rows, [0, 1, 2]);
    let negative = select(&[-1.0, -2.0, -3.0], &[1.0, -1.0, 0.0], 2).unwrap();
    assert_eq!(negative.rows, [0, 1]);
}

/// Exactly at the limit: one part in 10¹⁶ decides.
#[test]
fn a_sum_of_zero_keeps_the_limit_and_anything_above_breaks_it() {
    let quarter = [0.25, 0.25, -0.5];
    assert_eq!(select(&[1.0; 3], &quarter, 3).unwrap().rows.len(), 3);
    let above = [0.25, 0.25_f64.next_up(), -0.5];
    assert!(select(&[1.0; 3], &above, 3).is_err());
    // In floating point these sum to zero, and not in real numbers.
    let hidden = [1.0, 1e-17, -1.0];
    assert!(hidden.iter().sum::<f64>().abs() < f64::MIN_POSITIVE);
    assert!(select(&[1.0; 3], &hidden, 3).is_err());
}

#[test]
fn fifty_of_many_are_the_best_or_next_to_it() {
    for (rows, seeds) in [(1_000, 4), (5_000, 3), (20_000, 1)] {
        for seed in 0..seeds {
            for cap in [0.25, 0.33] {
                let (scores, excess) = drawn(rows, 100 + seed, cap);
                let chosen = select(&scores, &excess, 50).unwrap();
                assert!(chosen.excess <= 0.0 && chosen.rows.len() == 50 && chosen.bound >= chosen.score);
                let ratio = chosen.score / chosen.bound;
                assert!(ratio >= 0.999, "{rows} {cap} {seed}: {ratio}");
                let least = least_dual(&scores, &excess, 50, chosen.shadow_price);
                assert!(chosen.bound <= least * (1.0 + 1e-9), "no bound is above that of the relaxation");
            }
        }
    }
}

/// Equal values, scores and return rates of a few levels each: excesses are whole twentieths.
fn levels(rows: usize, index: u64, cap: u64) -> (Vec<f64>, Vec<f64>) {
    let mut stream = Stream::new(5, "levels", index);
    (0..rows)
        .map(|_| {
            let level = stream.below(12);
            // Return rates rise with the score, by and large.
            let rate = (level / 2 + stream.below(5)).min(9);
            ((level + 1) as f64 / 12.0, (2 * rate) as f64 - cap as f64)
        })
        .unzip()
}

/// The most that a score of whole twelfths can be, by the number chosen and their excess in whole numbers.
fn by_tables(scores: &[f64], excess: &[f64], size: usize) -> Option<f64> {
    let span: i64 = excess.iter().map(|own| own.abs() as i64).sum();
    let width = (2 * span + 1) as usize;
    let mut most = vec![vec![-1_i64; width]; size + 1];
    most[0][span as usize] = 0;
    for (score, excess) in scores.iter().zip(excess) {
        let (score, step) = ((score * 12.0).round() as i64, *excess as i64);
        for count in (0..size).rev() {
            for at in 0..width {
                let to = at as i64 + step;
                if most[count][at] >= 0 && (0..width as i64).contains(&to) {
                    let own = most[count][at] + score;
                    let place = &mut most[count + 1][to as usize];
                    *place = own.max(*place);
                }
            }
        }
    }
    let best = most[size][..=span as usize].iter().max().copied().filter(|best| *best >= 0)?;
    Some(best as f64 / 12.0)
}

#[test]
fn whole_groups_of_equals_at_the_border_are_taken_as_far_as_the_limit_goes() {
    for half in [50_usize, 2_000, 20_000] {
        let excess: Vec<f64> = (0..2 * half).map(|row| if row % 2 == 0 { 1.0 } else { -1.0 }).collect();
        let scores: Vec<f64> = (0..2 * half).map(|row| if row % 2 == 0 { 1.0 } else { 0.5 }).collect();
        let keys: Vec<u64> = (0..2 * half as u64).map(|row| row * 7_919 % 1_000_003).collect();
        let candidates = Candidates::new(&scores, &excess).unwrap().keys(&keys).unwrap();
        let chosen = candidates.select(half).unwrap();
        assert!(chosen.proven && chosen.gap() < 1e-9 && chosen.excess == 0.0, "{half}: {}", chosen.gap());
        assert!((chosen.score - 0.75 * half as f64).abs() < 1e-9);
        // Of equals, those with the smallest keys.
        for side in 0..2 {
            let key = |row: &usize| keys[*row];
            let (own, others): (Vec<usize>, Vec<usize>) = (0..2 * half)
                .filter(|row| row % 2 == side)
                .partition(|row| chosen.rows.binary_search(row).is_ok());
            assert!(own.iter().map(key).max() < others.iter().map(key).min(), "{half} {side}");
        }
    }
}

#[test]
fn of_few_levels_nearly_the_bound_is_reached_at_every_size() {
    let of = |rows: usize, index: u64, cap: u64, sizes: &[usize]| {
        let (scores, excess) = levels(rows, index, cap);
        for size in sizes {
            let chosen = select(&scores, &excess, *size).unwrap();
            let plain: f64 = chosen.rows.iter().map(|row| excess[*row]).sum();
            assert!(plain <= 0.0 && chosen.rows.len() == *size && chosen.binding);
            let least = least_dual(&scores, &excess, *size, chosen.shadow_price);
            assert!(chosen.score >= 0.999 * least || chosen.proven, "{rows} {cap} {size}: {chosen:?}");
            assert!(*size < 1_500 || chosen.score >= 0.999 * least, "{rows} {cap} {size}");
        }
    };
    for (index, cap) in [(1, 6), (2, 7), (3, 9)] {
        of(3_000, index, cap, &[30, 150]);
        of(20_000, index, cap, &[200, 2_000]);
    }
    of(163_840 + 77, 5, 7, &[1_600, 8_000]);
}

#[test]
fn small_choices_of_equals_are_the_best_of_all_subsets() {
    let (mut cases, mut binding) = (0, 0);
    for case in 0..400 {
        let mut stream = Stream::new(9, "equals", case);
        let rows = 2 + stream.below(12) as usize;
        let kinds = 2 + stream.below(4) as usize;
        let kinds: Vec<(f64, f64)> =
            (0..kinds).map(|_| (stream.below(5) as f64 - 1.0, stream.below(9) as f64 - 5.0)).collect();
        let (scores, excess): (Vec<f64>, Vec<f64>) =
            (0..rows).map(|_| kinds[stream.below(kinds.len() as u64) as usize]).unzip();
        for size in 1..=rows {
            let (optimum, chosen) = (brute(&scores, &excess, size), select(&scores, &excess, size));
            let (Some(optimum), Ok(chosen)) = (optimum, &chosen) else {
                assert!(optimum.is_none() && chosen.is_err(), "case {case}: {optimum:?} {chosen:?}");
                continue;
            };
            let sum = |of: &[f64]| chosen.rows.iter().map(|row| of[*row]).sum::<f64>();
            assert!(sum(&excess) <= 0.0 && chosen.rows.len() == size);
            assert!((sum(&scores) - optimum).abs() < 1e-12 && chosen.proven, "{case}: {chosen:?} {optimum}");
            cases += 1;
            binding += usize::from(chosen.binding);
        }
    }
    assert!(cases > 1_500 && binding > 300, "{cases} {binding}");
}

#[test]
fn some_of_many_levels_are_the_best_that_tables_find() {
    let (mut cases, mut best) = (0, 0);
    for case in 0..60 {
        let mut stream = Stream::new(11, "tables", case);
        let rows = 30 + stream.below(90) as usize;
        let (scores, excess) = levels(rows, 100 + case, 5 + stream.below(6));
        for size in [3, 10, rows / 3] {
            let (optimum, chosen) = (by_tables(&scores, &excess, size), select(&scores, &excess, size));
            let (Some(optimum), Ok(chosen)) = (optimum, &chosen) else {
                assert!(optimum.is_none() && chosen.is_err(), "case {case}: {optimum:?} {chosen:?}");
                continue;
            };
            assert!(chosen.excess <= 0.0 && chosen.score <= optimum + 1e-9 && optimum <= chosen.bound + 1e-9);
            assert!(chosen.score >= 0.999 * optimum, "{case} {size}: {} {optimum}", chosen.score);
            assert!(!chosen.proven || chosen.score >= optimum - 1e-9, "{case} {size}: {chosen:?}");
            cases += usize::from(chosen.binding);
            best += usize::from(chosen.binding && chosen.score >= optimum - 1e-9);
        }
    }
    println!("{best} of {cases} are the best there is");
    assert!(cases > 80 && best == cases, "{best} of {cases}");
}

#[test]
fn groups_of_equals_are_split_alike_in_any_order_and_by_any_threads() {
    const ROWS: usize = 163_840 + 311;
    let (scores, excess) = levels(ROWS, 21, 9);
    let chosen = alike(2, &scores, &excess, &[333, 30_011]);
    assert!(chosen.iter().all(|selection| selection.binding));
}

/// Ties of all kinds, of numbers whose sums are exact.
#[test]
fn pools_with_ties_of_any_kind_reach_the_bound() {
    let parts = (1_u64 << 26) as f64;
    let mut binding = 0;
    for rows in [2_500, 20_011, 140_003] {
        let mut stream = Stream::new(13, "ties", rows as u64);
        let mut drawn = |kind: u32| -> (f64, f64) {
            let unit = stream.below(1 << 26) as f64 / parts;
            let (score, excess) =
                (unit, 2.0 * stream.below(1 << 26) as f64 / parts - 1.0 + 0.75 * (unit - 0.25));
            match kind {
                // All on one line: at the price everyone is worth the same.
                0 => (0.5 + 0.25 * (unit - 0.5), unit - 0.375),
                // Half of them with the pool's mean instead of a rate of their own.
                1 => (score, if stream.below(2) == 0 { 0.25 } else { excess }),
                // Equal scores, excesses of their own; and the other way round, a few.
                2 => (((score * 4.0).round() + 1.0) / 4.0, excess),
                3 => (score, (excess * 2.0).round() / 2.0),
                // One large group, and others like no one.
                _ => {
                    if stream.below(4) > 0 {
                        (0.75, 0.5)
                    } else {
                        (score, excess)
                    }
                }
            }
        };
        for kind in 0..5 {
            let (scores, excess): (Vec<f64>, Vec<f64>) = (0..rows).map(|_| drawn(kind)).unzip();
            let sizes = if rows > 100_000 { vec![rows / 10] } else { vec![40, rows / 10] };
            for size in sizes {
                let chosen = select(&scores, &excess, size).unwrap();
                assert!(
                    chosen.rows.iter().map(|row| excess[*row]).sum::<f64>() <= 0.0
                        && chosen.rows.len() == size
                );
                if chosen.binding {
                    let least = least_dual(&scores, &excess, size, chosen.shadow_price);
                    assert!(
                        chosen.score >= 0.999 * least,
                        "{rows} {kind} {size}: {} of {least}",
                        chosen.score
                    );
                    binding += 1;
                }
            }
        }
    }
    assert!(binding > 20, "{binding}");
}
