//! The beta-binomial likelihood from three counts: how many customers returned more than j lines, kept more than j,
//! and have more than j. One pass over the customers gives them; after that nothing depends on the number of customers.

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
    /// Counts below this go into a histogram, others into a list.
    const SMALL: usize = 1 << 10;

    pub(super) fn of(pairs: impl Iterator<Item = (u32, u32)>) -> Self {
        let mut histograms = [const { Vec::new() }; 3].map(|_: Vec<u64>| vec![0_u64; Self::SMALL]);
        let mut large = [const { Vec::new() }; 3];
        let (mut customers, mut returned, mut lines) = (0, 0, 0);
        let (mut squared_lines, mut squared_returned, mut second_moment) = (0.0, 0.0, 0.0);
        let (mut fewest, mut most) = (u32::MAX, 0);
        for (y, n) in pairs {
            customers += 1;
            returned += u64::from(y);
            lines += u64::from(n);
            let (y_float, n_float) = (f64::from(y), f64::from(n));
            squared_lines += n_float * n_float;
            squared_returned += y_float * y_float / n_float;
            second_moment += y_float * y_float;
            (fewest, most) = (fewest.min(n), most.max(n));
            for (which, value) in [y, n - y, n].into_iter().enumerate() {
                match histograms[which].get_mut(value as usize) {
                    Some(count) => *count += 1,
                    None => large[which].push(value),
                }
            }
        }
        let [y_large, kept_large, n_large] = large;
        Self {
            customers,
            returned,
            lines,
            squared_lines,
            squared_returned,
            second_moment,
            equal_lines: fewest == most,
            more_returned: Exceeding::of(&histograms[0], y_large),
            more_kept: Exceeding::of(&histograms[1], kept_large),
            more_lines: Exceeding::of(&histograms[2], n_large),
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

    /// The Newton step, or an uphill one where the likelihood is not concave, of at most 2 in either logarithm.
    pub(super) fn newton_step(&self, alpha: f64, beta: f64) -> (f64, f64) {
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
            let length = gradient.0.hypot(gradient.1).max(f64::MIN_POSITIVE);
            (gradient.0 / length, gradient.1 / length)
        };
        let limit = 2.0 / a.abs().max(b.abs()).max(2.0);
        (a * limit, b * limit)
    }
}
