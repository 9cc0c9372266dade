//! Hartigan's dip: how far numbers are from having one mode.
//!
//! The dip is the largest distance of the numbers' distribution from the nearest one that first rises convexly and then
//! concavely (Hartigan & Hartigan, Annals of Statistics 13, 1985; the algorithm AS 217 of the same year, with its later
//! corrections). A long tail does not make it large, a valley does.

/// The dip of ascending numbers, at least 1/(2n); 0 for fewer than two distinct ones. O(n) for most data.
pub(super) fn dip(sorted: &[f64]) -> f64 {
    let n = sorted.len();
    if n < 2 || sorted[0] >= sorted[n - 1] {
        return 0.0;
    }
    let minorant = minorant(sorted);
    let majorant = majorant(sorted);
    let (mut low, mut high) = (0, n - 1);
    let mut widest = 1.0_f64;
    loop {
        let below = chain(high, |at| (at > low).then(|| minorant[at]));
        let above = chain(low, |at| (at < high).then(|| majorant[at]));
        let (gap, at_below, at_above) = widest_gap(sorted, &below, &above);
        if gap < widest {
            break;
        }
        let under = below[at_below..].windows(2).map(|ends| under_chord(sorted, ends[1], ends[0]));
        let over = above[at_above..].windows(2).map(|ends| over_chord(sorted, ends[0], ends[1]));
        widest = under.chain(over).fold(widest, f64::max);
        if (low, high) == (below[at_below], above[at_above]) {
            break;
        }
        (low, high) = (below[at_below], above[at_above]);
    }
    widest / (2.0 * n as f64)
}

/// For each place the one before it on the greatest convex minorant of what is up to there.
fn minorant(x: &[f64]) -> Vec<usize> {
    let mut before = vec![0; x.len()];
    for at in 1..x.len() {
        before[at] = at - 1;
        loop {
            let near = before[at];
            let far = before[near];
            let flatter = (x[at] - x[near]) * (near - far) as f64;
            if near == 0 || flatter < (x[near] - x[far]) * (at - near) as f64 {
                break;
            }
            before[at] = far;
        }
    }
    before
}

/// For each place the one after it on the least concave majorant of what is from there on.
fn majorant(x: &[f64]) -> Vec<usize> {
    let last = x.len() - 1;
    let mut after = vec![last; x.len()];
    for at in (0..last).rev() {
        after[at] = at + 1;
        loop {
            let near = after[at];
            let far = after[near];
            let flatter = (x[near] - x[at]) * (far - near) as f64;
            if near == last || flatter < (x[far] - x[near]) * (near - at) as f64 {
                break;
            }
            after[at] = far;
        }
    }
    after
}

fn chain(start: usize, next: impl Fn(usize) -> Option<usize>) -> Vec<usize> {
    std::iter::successors(Some(start), |at| next(*at)).collect()
}

/// The largest distance between minorant (its places falling) and majorant (rising), in steps of the distribution, and where
/// on both it is.
fn widest_gap(x: &[f64], below: &[usize], above: &[usize]) -> (f64, usize, usize) {
    let (mut at_below, mut at_above) = (below.len() - 1, above.len() - 1);
    if below.len() == 2 && above.len() == 2 {
        return (1.0, at_below, at_above);
    }
    let mut gap = 0.0;
    let (mut lower, mut upper) = (below.len() - 2, 1);
    loop {
        let (on_below, on_above) = (below[lower], above[upper]);
        let steps = |from: usize, to: usize| to as f64 - from as f64;
        if on_below > on_above {
            let from = below[lower + 1];
            let chord = (x[on_above] - x[from]) * steps(from, on_below) / (x[on_below] - x[from]);
            let distance = steps(from, on_above) + 1.0 - chord;
            upper += 1;
            if distance >= gap {
                (gap, at_below, at_above) = (distance, lower + 1, upper - 1);
            }
        } else {
            let from = above[upper - 1];
            let chord = (x[on_below] - x[from]) * steps(from, on_above) / (x[on_above] - x[from]);
            let distance = chord - (steps(from, on_below) - 1.0);
            if distance >= gap {
                (gap, at_below, at_above) = (distance, lower, upper);
            }
            lower = lower.saturating_sub(1);
            if on_below == below[0] && on_above == above[upper] {
                // Both are at the end.
                return (gap, at_below, at_above);
            }
        }
        upper = upper.min(above.len() - 1);
        if below[lower] == above[upper] {
            return (gap, at_below, at_above);
        }
    }
}

/// How far the distribution is above a chord of the minorant.
fn under_chord(x: &[f64], from: usize, to: usize) -> f64 {
    if to - from <= 1 || x[to] <= x[from] {
        return 1.0;
    }
    let slope = (to - from) as f64 / (x[to] - x[from]);
    (from..=to).map(|at| (at - from + 1) as f64 - (x[at] - x[from]) * slope).fold(1.0, f64::max)
}

/// How far it is below a chord of the majorant.
fn over_chord(x: &[f64], from: usize, to: usize) -> f64 {
    if to - from <= 1 || x[to] <= x[from] {
        return 1.0;
    }
    let slope = (to - from) as f64 / (x[to] - x[from]);
    (from..=to).map(|at| (x[at] - x[from]) * slope - (at as f64 - from as f64 - 1.0)).fold(1.0, f64::max)
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    /// Numbers that any program can make.
    fn number(i: u64, j: u64) -> f64 {
        ((i * i * 31 + i * 7_919 + j * 104_729 + i * j * 613) % 1_009) as f64 / 1_009.0
    }

    fn of(mut values: Vec<f64>) -> f64 {
        values.sort_unstable_by(f64::total_cmp);
        dip(&values)
    }

    /// Against the C program of the R package `diptest`.
    #[test]
    fn it_is_that_of_the_reference() {
        let three = |i: u64| (number(i, 4) * 100.0).floor() + [300.0, 150.0, 0.0][(i % 3) as usize];
        let cases: [(Vec<f64>, f64); 8] = [
            ((0..50).map(|i| number(i, 1)).collect(), 0.045_547_445_255_474_47),
            ((0..60).map(|i| number(i, 1) + (2 * (i % 2)) as f64).collect(), 0.135_921_177_587_844_25),
            (
                [0, 0, 0, 1, 1, 2, 5, 5, 5, 5, 6, 6, 9, 9, 10].map(f64::from).to_vec(),
                0.126_666_666_666_666_65,
            ),
            ((0..200).map(|i| number(i, 3).powi(3)).collect(), 0.019_963_757_063_843_59),
            ((0..100).map(|i| (number(i, 2) * 8.0).round_ties_even()).collect(), 0.08),
            (vec![1.0, 2.0], 0.25),
            (vec![1.0, 2.0, 2.5, 9.0], 0.125),
            ((0..400).map(three).collect(), 0.058_354_037_267_080_744),
        ];
        for (values, expected) in cases {
            assert_relative_eq!(of(values), expected, max_relative = 1e-12);
        }
    }

    #[test]
    fn it_knows_no_unit_and_no_direction() {
        let values: Vec<f64> = (0..300).map(|i| number(i, 1) + if i % 3 == 0 { 2.0 } else { 0.0 }).collect();
        let expected = of(values.clone());
        assert!(expected > 0.05);
        for (factor, shift) in [(2.0, 0.0), (-1.0, 0.0), (1e6, 5e5)] {
            let moved = values.iter().map(|x| x * factor + shift).collect();
            assert_relative_eq!(of(moved), expected, max_relative = 1e-9);
        }
    }

    #[test]
    fn few_and_equal_numbers_have_none() {
        for values in [vec![], vec![1.0], vec![3.0; 9]] {
            assert!(of(values).abs() <= 0.0);
        }
    }
}
