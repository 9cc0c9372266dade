//! The beta-binomial likelihood from three counts: how many customers returned more than j lines, kept more than j,
//! and have more than j. One pass over the customers gives them; after that nothing depends on the number of customers.

use rayon::prelude::*;

use crate::economics::returns::beta_binomial::{FEWEST, MOST};
use crate::economics::returns::power_sums::{log_sum, reciprocal_sums};

/// A step function: how many customers have more than j, constant between the distinct counts that occur.
struct Exceeding(Vec<Step>);

struct Step {
    from: u64,
    to: u64,
    customers: f64,
}

impl Exceeding {
    /// The function of a histogram of small counts and a list of larger ones.
    fn of(small: &[u64], mut large: Vec<u32>) -> Self {
        large.sort_unstable();
        let mut above: u64 = small.iter().sum::<u64>() + large.len() as u64;
        let mut steps = Vec::new();
        let mut from = 0;
        let small_values = small.iter().enumerate().map(|(value, count)| (value as u64, *count));
        for (value, count) in small_values.chain(large.iter().map(|value| (u64::from(*value), 1))) {
            if count > 0 && value > from {
                steps.push(Step { from, to: value, customers: above as f64 });
                from = value;
            }
            above -= count;
        }
        Self(steps)
    }

    /// `Σ c(j)/(z+j)` and `Σ c(j)/(z+j)²`.
    fn reciprocals(&self, z: f64) -> (f64, f64) {
        self.0.iter().fold((0.0, 0.0), |(first, second), step| {
            let sums = reciprocal_sums(z, step.from, step.to);
            (first + step.customers * sums.0, second + step.customers * sums.1)
        })
    }

    /// `Σ c(j) ln(z+j)`.
    fn logs(&self, z: f64) -> f64 {
        self.0.iter().map(|step| step.customers * log_sum(z, step.from, step.to)).sum()
    }
}

/// Customers counted by one task.
const CHUNK: usize = 1 << 16;

/// What one pass over customers counts: whole numbers only, so that no order of customers can change a sum.
struct Tally {
    customers: u64,
    returned: u64,
    lines: u64,
    /// `Σ n²` and `Σ y²`.
    squared_lines: u128,
    squared_returned: u128,
    /// `Σ y²/n` in units of 2⁻³².
    squared_shares: u128,
    fewest: u32,
    most: u32,
    /// How many customers returned, kept and have each small count.
    histograms: [Vec<u64>; 3],
    /// The larger counts.
    large: [Vec<u32>; 3],
}

impl Tally {
    /// Counts below this go into a histogram, others into a list.
    const SMALL: usize = 1 << 10;

    fn new() -> Self {
        Self {
            customers: 0,
            returned: 0,
            lines: 0,
            squared_lines: 0,
            squared_returned: 0,
            squared_shares: 0,
            fewest: u32::MAX,
            most: 0,
            histograms: std::array::from_fn(|_| vec![0; Self::SMALL]),
            large: std::array::from_fn(|_| Vec::new()),
        }
    }

    /// Counts pairs of returned and bought lines; customers without lines say nothing.
    fn of(pairs: &[(u32, u32)]) -> Self {
        let mut tally = Self::new();
        for (y, n) in pairs.iter().copied().filter(|(_, n)| *n > 0) {
            tally.customers += 1;
            tally.returned += u64::from(y);
            tally.lines += u64::from(n);
            tally.squared_lines += u128::from(u64::from(n) * u64::from(n));
            let squared = u64::from(y) * u64::from(y);
            tally.squared_returned += u128::from(squared);
            tally.squared_shares += u128::from((squared as f64 / f64::from(n) * 4_294_967_296.0) as u64);
            (tally.fewest, tally.most) = (tally.fewest.min(n), tally.most.max(n));
            for (which, value) in [y, n - y, n].into_iter().enumerate() {
                match tally.histograms[which].get_mut(value as usize) {
                    Some(count) => *count += 1,
                    None => tally.large[which].push(value),
                }
            }
        }
        tally
    }

    fn merge(mut self, other: Self) -> Self {
        self.customers += other.customers;
        self.returned += other.returned;
        self.lines += other.lines;
        self.squared_lines += other.squared_lines;
        self.squared_returned += other.squared_returned;
        self.squared_shares += other.squared_shares;
        (self.fewest, self.most) = (self.fewest.min(other.fewest), self.most.max(other.most));
        for (mine, theirs) in self.histograms.iter_mut().zip(&other.histograms) {
            mine.iter_mut().zip(theirs).for_each(|(mine, theirs)| *mine += theirs);
        }
        for (mine, theirs) in self.large.iter_mut().zip(other.large) {
            mine.extend(theirs);
        }
        self
    }
}

/// What the likelihood and the moments need of the customers.
pub(super) struct Counts {
    pub(super) customers: u64,
    pub(super) returned: u64,
    pub(super) lines: u64,
    /// `Σ n²` and `Σ y²/n`.
    squared_lines: f64,
    squared_returned: f64,
    /// `Σ y²`, for the moment equations of equal `n`.
    second_moment: f64,
    equal_lines: bool,
    more_returned: Exceeding,
    more_kept: Exceeding,
    more_lines: Exceeding,
}

impl Counts {
    /// Counts customers by their returned and bought lines, none returning more than she bought. One pass, in parallel.
    pub(super) fn of(pairs: &[(u32, u32)]) -> Self {
        let tally =
            pairs.par_chunks(CHUNK).map(Tally::of).reduce_with(Tally::merge).unwrap_or_else(Tally::new);
        let [returned, kept, lines] = tally.histograms;
        let [large_returned, large_kept, large_lines] = tally.large;
        Self {
            customers: tally.customers,
            returned: tally.returned,
            lines: tally.lines,
            squared_lines: tally.squared_lines as f64,
            squared_returned: tally.squared_shares as f64 / 4_294_967_296.0,
            second_moment: tally.squared_returned as f64,
            equal_lines: tally.fewest == tally.most,
            more_returned: Exceeding::of(&returned, large_returned),
            more_kept: Exceeding::of(&kept, large_kept),
            more_lines: Exceeding::of(&lines, large_lines),
        }
    }

    /// The mean rate and the prior's lines `α + β` by moments; [`MOST`] where counts vary no more than chance has it.
    pub(super) fn moments(&self) -> (f64, f64) {
        let (customers, lines) = (self.customers as f64, self.lines as f64);
        let rate = self.returned as f64 / lines;
        let prior_lines = if self.equal_lines {
            let (n, m1, m2) =
                (lines / customers, self.returned as f64 / customers, self.second_moment / customers);
            let divisor = n * (m2 / m1 - m1 - 1.0) + m1;
            (n * m1 - m2) / divisor / rate
        } else {
            let chance = rate * (1.0 - rate);
            let excess = self.squared_returned - lines * rate * rate - chance * (customers - 1.0);
            let scale = chance * (lines - self.squared_lines / lines - (customers - 1.0));
            scale / excess - 1.0
        };
        // An intraclass correlation ρ = 1 / (1 + α + β) below zero, of under-dispersed counts, comes out below −1 (or not
        // a number); one above 1, of customers who return all or nothing, between −1 and 0.
        let usable = prior_lines > 0.0 && prior_lines < MOST;
        let all_or_nothing = prior_lines <= 0.0 && prior_lines > -1.0;
        (rate, if usable || all_or_nothing { prior_lines.max(10.0 * FEWEST) } else { MOST })
    }

    pub(super) fn log_likelihood(&self, alpha: f64, beta: f64) -> f64 {
        self.more_returned.logs(alpha) + self.more_kept.logs(beta) - self.more_lines.logs(alpha + beta)
    }

    /// The Newton step, of at most 2 in either logarithm; last the gain in likelihood that the gradient promises for
    /// it. Where the likelihood is not concave, curvature upwards is taken as downwards, so that the step leads uphill.
    pub(super) fn newton_step(&self, alpha: f64, beta: f64) -> (f64, f64, f64) {
        let (returned, kept) = (self.more_returned.reciprocals(alpha), self.more_kept.reciprocals(beta));
        let lines = self.more_lines.reciprocals(alpha + beta);
        let gradient = (alpha * (returned.0 - lines.0), beta * (kept.0 - lines.0));
        let hessian = (
            gradient.0 + alpha * alpha * (lines.1 - returned.1),
            alpha * beta * lines.1,
            gradient.1 + beta * beta * (lines.1 - kept.1),
        );
        let determinant = hessian.0 * hessian.2 - hessian.1 * hessian.1;
        let (a, b) = if hessian.0 < 0.0 && determinant > 0.0 {
            (
                (hessian.1 * gradient.1 - hessian.2 * gradient.0) / determinant,
                (hessian.1 * gradient.0 - hessian.0 * gradient.1) / determinant,
            )
        } else {
            uphill(gradient, hessian)
        };
        let limit = 2.0 / a.abs().max(b.abs()).max(2.0);
        (a * limit, b * limit, (a * gradient.0 + b * gradient.1) * limit)
    }
}

/// The step along each principal direction by the size of its curvature, whatever its sign.
fn uphill(gradient: (f64, f64), hessian: (f64, f64, f64)) -> (f64, f64) {
    let (centre, half) = (f64::midpoint(hessian.0, hessian.2), (hessian.0 - hessian.2) / 2.0);
    let radius = (half * half + hessian.1 * hessian.1).sqrt();
    // Half the angle of (half, off-diagonal): by square roots, which are the same everywhere.
    let along_first = if radius > 0.0 { half / radius } else { 1.0 };
    let cos = (0.5 * (1.0 + along_first)).max(0.0).sqrt();
    let sin = (0.5 * (1.0 - along_first)).max(0.0).sqrt().copysign(hessian.1);
    let along = |direction: (f64, f64), curvature: f64| {
        let slope = gradient.0 * direction.0 + gradient.1 * direction.1;
        let length = slope / curvature.abs().max(1e-12);
        (length * direction.0, length * direction.1)
    };
    let (first, second) = (along((cos, sin), centre + radius), along((-sin, cos), centre - radius));
    (first.0 + second.0, first.1 + second.1)
}
