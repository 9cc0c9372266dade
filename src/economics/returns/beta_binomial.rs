//! How return rates differ between customers: the beta-binomial model, fitted by maximum likelihood.

use serde::Serialize;

use crate::economics::returns::Posterior;
use crate::economics::returns::power_sums::{log_sum, reciprocal_sums};
use crate::error::{Error, Result};

/// The most prior lines `α + β` a fit gives: customers then share one rate.
const MOST: f64 = 1e6;
/// The fewest: customers then return all or nothing.
const FEWEST: f64 = 1e-2;
const ITERATIONS: u32 = 50;

/// How the fit ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[non_exhaustive]
pub enum Dispersion {
    /// Customers differ, and how much could be estimated.
    Estimated,
    /// Counts vary no more than chance alone would have it: all customers share one rate (`α + β = 10⁶`).
    NoMoreThanChance,
    /// Nobody has a second line, so it cannot be told apart who returns much from who was unlucky; all customers are
    /// given the shop's rate (`α + β = 10⁶`).
    NotIdentified,
    /// Nothing at all came back, or everything did: all customers are given that rate, half a line away from 0 or 1
    /// (`α + β = 10⁶`).
    OneSided,
    /// Every customer returns all or nothing: `α + β` is held at 0.01.
    AllOrNothing,
    /// The rates were given, not fitted.
    Given,
}

/// Return rates of customers as draws from a beta distribution; each customer's lines are returned at her rate.
///
/// ```text
/// yᵢ ~ Binomial(nᵢ, θᵢ)        θᵢ ~ Beta(α, β)        θᵢ | yᵢ ~ Beta(α + yᵢ, β + nᵢ − yᵢ)
/// ```
///
/// `α` and `β` maximise `Σ ln B(yᵢ+α, nᵢ−yᵢ+β) − ln B(α, β)`, found by Newton's method on `(ln α, ln β)` from the
/// moments (Kleinman 1973; for equal `n` the exact moment equations). The likelihood needs only how many customers
/// returned more than j lines, kept more than j and have more than j: after one pass over the customers an iteration
/// costs the number of distinct counts, not of customers.
///
/// ```
/// use kohort::economics::returns::BetaBinomial;
///
/// let returned = [0, 1, 4, 0, 9, 1, 0, 2];
/// let lines = [5, 6, 5, 8, 10, 1, 3, 7];
/// let rates = BetaBinomial::fit(&returned, &lines)?;
/// // One line, sent back: 100 % by the raw rate, little more than the shop's by the evidence.
/// assert!(rates.posterior(1, 1).mean() < 0.6);
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct BetaBinomial {
    alpha: f64,
    beta: f64,
    log_likelihood: Option<f64>,
    dispersion: Dispersion,
    iterations: u32,
    converged: bool,
    customers: u64,
}

impl BetaBinomial {
    /// Fits the rates of customers who returned `returned` of `lines`. Customers without lines say nothing.
    /// O(customers + sort of counts above 1,023) time.
    ///
    /// # Errors
    /// [`Error::ColumnLength`] where the lengths differ, [`Error::Incompatible`] where someone returned more lines
    /// than she has, [`Error::Empty`] where nobody has any.
    pub fn fit(returned: &[u32], lines: &[u32]) -> Result<Self> {
        if returned.len() != lines.len() {
            return Err(Error::ColumnLength {
                column: "returned".to_owned(),
                found: returned.len(),
                against: "lines".to_owned(),
                expected: lines.len(),
            });
        }
        let pairs = || returned.iter().zip(lines).map(|(y, n)| (*y, *n));
        if let Some((row, (y, n))) = pairs().enumerate().find(|(_, (y, n))| y > n) {
            return Err(Error::Incompatible {
                what: "the lines of a customer",
                left: format!("{y} returned"),
                right: format!("{n} bought in row {row}"),
            });
        }
        Self::fit_pairs(pairs())
    }

    /// The same for pairs of returned and bought, none of which returns more than was bought.
    pub(in crate::economics) fn fit_pairs(pairs: impl Iterator<Item = (u32, u32)>) -> Result<Self> {
        let counts = Counts::of(pairs.filter(|(_, n)| *n > 0));
        if counts.customers == 0 {
            return Err(Error::Empty {
                what: "the list of order lines per customer",
                hint: "nobody has a line",
            });
        }
        let (y, n) = (counts.returned as f64, counts.lines as f64);
        let fixed = |rate: f64, dispersion| {
            let (alpha, beta) = (rate * MOST, (1.0 - rate) * MOST);
            counts.result(alpha, beta, dispersion, 0, true)
        };
        if counts.returned == 0 || counts.returned == counts.lines {
            return Ok(fixed((y + 0.5) / (n + 1.0), Dispersion::OneSided));
        }
        if counts.lines == counts.customers {
            return Ok(fixed(y / n, Dispersion::NotIdentified));
        }
        let (rate, prior_lines) = counts.moments();
        if prior_lines >= MOST {
            return Ok(fixed(rate, Dispersion::NoMoreThanChance));
        }
        Ok(counts.newton(rate * prior_lines, (1.0 - rate) * prior_lines))
    }

    /// Rates of a known mean and standard deviation over customers, by their moments: from another year, another
    /// shop, or from raw rates of customers with many lines each.
    ///
    /// # Errors
    /// [`Error::Setting`] unless the mean lies between 0 and 1, the deviation is above zero, and a beta distribution
    /// can have both: deviation² < mean (1 − mean).
    pub fn from_mean_and_deviation(mean: f64, deviation: f64) -> Result<Self> {
        let prior_lines = mean * (1.0 - mean) / (deviation * deviation) - 1.0;
        if !(mean > 0.0 && mean < 1.0 && deviation > 0.0 && prior_lines > 0.0 && prior_lines.is_finite()) {
            return Err(Error::Setting {
                setting: "mean_and_deviation",
                found: format!("{mean} and {deviation}"),
                expected: "a mean between 0 and 1 and a deviation above 0 whose square is below mean (1 - mean)",
            });
        }
        Ok(Self {
            alpha: mean * prior_lines,
            beta: (1.0 - mean) * prior_lines,
            log_likelihood: None,
            dispersion: Dispersion::Given,
            iterations: 0,
            converged: true,
            customers: 0,
        })
    }

    /// The prior's parameters α and β.
    #[must_use]
    pub fn parameters(&self) -> (f64, f64) {
        (self.alpha, self.beta)
    }

    /// The expected return rate of a customer of whom nothing is known.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.alpha / (self.alpha + self.beta)
    }

    /// The log-likelihood without the binomial coefficients, which do not depend on the parameters; `None` where the
    /// rates were given.
    #[must_use]
    pub fn log_likelihood(&self) -> Option<f64> {
        self.log_likelihood
    }

    /// How the fit ended.
    #[must_use]
    pub fn dispersion(&self) -> Dispersion {
        self.dispersion
    }

    /// Newton steps taken.
    #[must_use]
    pub fn iterations(&self) -> u32 {
        self.iterations
    }

    /// Whether the steps became negligible.
    #[must_use]
    pub fn converged(&self) -> bool {
        self.converged
    }

    /// Customers with at least one line.
    #[must_use]
    pub fn customers(&self) -> u64 {
        self.customers
    }

    /// What is known of a customer who returned `returned` of `lines`; more returned than bought counts as all.
    #[must_use]
    pub fn posterior(&self, returned: u32, lines: u32) -> Posterior {
        let kept = lines.saturating_sub(returned);
        Posterior::new(self.alpha + f64::from(lines - kept), self.beta + f64::from(kept))
    }
}

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
struct Counts {
    customers: u64,
    returned: u64,
    lines: u64,
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

    fn of(pairs: impl Iterator<Item = (u32, u32)>) -> Self {
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
    fn moments(&self) -> (f64, f64) {
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

    fn log_likelihood(&self, alpha: f64, beta: f64) -> f64 {
        self.more_returned.logs(alpha) + self.more_kept.logs(beta) - self.more_lines.logs(alpha + beta)
    }

    fn result(
        &self,
        alpha: f64,
        beta: f64,
        dispersion: Dispersion,
        iterations: u32,
        converged: bool,
    ) -> BetaBinomial {
        BetaBinomial {
            alpha,
            beta,
            log_likelihood: Some(self.log_likelihood(alpha, beta)),
            dispersion,
            iterations,
            converged,
            customers: self.customers,
        }
    }

    /// Newton's method on `(ln α, ln β)` with steps halved until the likelihood does not fall.
    fn newton(&self, mut alpha: f64, mut beta: f64) -> BetaBinomial {
        let mut likelihood = self.log_likelihood(alpha, beta);
        for iteration in 1..=ITERATIONS {
            let (step_a, step_b) = self.newton_step(alpha, beta);
            let mut scale = 1.0;
            let next = loop {
                let (a, b) = (alpha * (scale * step_a).exp(), beta * (scale * step_b).exp());
                let value = self.log_likelihood(a, b);
                // Near the optimum the change drowns in rounding, which must not be taken for a fall.
                if value >= likelihood - 1e-12 * likelihood.abs() {
                    break Some((a, b, value));
                }
                scale /= 2.0;
                if scale < 1e-10 {
                    break None;
                }
            };
            let Some((a, b, value)) = next else {
                return self.result(alpha, beta, Dispersion::Estimated, iteration, true);
            };
            let total = a + b;
            if total >= MOST || total <= FEWEST {
                let (held, dispersion) = if total >= MOST {
                    (MOST, Dispersion::NoMoreThanChance)
                } else {
                    (FEWEST, Dispersion::AllOrNothing)
                };
                return self.result(a / total * held, b / total * held, dispersion, iteration, true);
            }
            (alpha, beta, likelihood) = (a, b, value);
            if step_a.abs().max(step_b.abs()) * scale < 1e-10 {
                return self.result(alpha, beta, Dispersion::Estimated, iteration, true);
            }
        }
        self.result(alpha, beta, Dispersion::Estimated, ITERATIONS, false)
    }

    /// The Newton step, or an uphill one where the likelihood is not concave, of at most 2 in either logarithm.
    fn newton_step(&self, alpha: f64, beta: f64) -> (f64, f64) {
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

#[cfg(test)]
#[path = "beta_binomial_tests.rs"]
mod tests;
