//! How return rates differ between customers: the beta-binomial model, fitted by maximum likelihood.

use serde::Serialize;

use crate::economics::returns::Posterior;
use crate::economics::returns::likelihood::Counts;
use crate::error::{Error, Result};
use crate::numeric::exp;

/// The most prior lines `α + β` a fit gives: customers then share one rate.
pub(super) const MOST: f64 = 1e6;
/// The fewest: customers then return all or nothing.
pub(super) const FEWEST: f64 = 1e-2;
const ITERATIONS: u32 = 100;

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
    /// The strength `α + β` is that of the shop, for a group of customers too small to tell its own; see
    /// [`GroupRates`](crate::economics::returns::GroupRates).
    Shared,
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
/// let returned = [0, 2, 3, 1, 7, 1, 3, 5];
/// let lines = [6, 6, 5, 8, 10, 3, 9, 7];
/// let rates = BetaBinomial::fit(&returned, &lines)?;
/// // One line, sent back: 100 % by the raw rate, a little more than the shop's 41 % by the evidence.
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
        let pairs: Vec<(u32, u32)> = returned.iter().zip(lines).map(|(y, n)| (*y, *n)).collect();
        if let Some((row, (y, n))) = pairs.iter().enumerate().find(|(_, (y, n))| y > n) {
            return Err(Error::Incompatible {
                what: "the lines of a customer",
                left: format!("{y} returned"),
                right: format!("{n} bought in row {row}"),
            });
        }
        Self::fit_pairs(&pairs)
    }

    /// The same for pairs of returned and bought, none of which returns more than was bought.
    pub(in crate::economics) fn fit_pairs(pairs: &[(u32, u32)]) -> Result<Self> {
        let counts = Counts::of(pairs);
        if counts.customers == 0 {
            return Err(Error::Empty {
                what: "the list of order lines per customer",
                hint: "nobody has a line",
            });
        }
        let (y, n) = (counts.returned as f64, counts.lines as f64);
        let fixed = |rate: f64, dispersion| {
            let (alpha, beta) = (rate * MOST, (1.0 - rate) * MOST);
            Self::of(&counts, alpha, beta, dispersion, 0, true)
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
        Ok(Self::newton(&counts, rate * prior_lines, (1.0 - rate) * prior_lines))
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

    /// The prior's strength `α + β`: it weighs as much as so many lines.
    #[must_use]
    pub fn prior_lines(&self) -> f64 {
        self.alpha + self.beta
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

    /// Whether the gain in likelihood became negligible.
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

    /// What is known of a customer whose last lines may still come back: she returned `returned`, and `exposed` is
    /// the sum over her lines of the share of returns that have been seen by their age, between 0 for a line of today
    /// and 1 for one that is past the time for returns.
    ///
    /// ```text
    /// θ | y, n_eff ~ Beta(α + y, β + max(n_eff − y, 0))
    /// ```
    ///
    /// A line that was kept for three days says little of a shop where returns take ten; one that came back says all.
    /// An exposure that is negative or not a number counts as none, and one beyond the number of lines there can be
    /// as that number. Where all lines are mature it is [`BetaBinomial::posterior`].
    ///
    /// ```
    /// use kohort::economics::returns::BetaBinomial;
    ///
    /// let rates = BetaBinomial::from_mean_and_deviation(0.4, 0.2)?;
    /// // Ten lines, two came back, but the others are so young that half of the returns are still to be seen.
    /// let mature = rates.posterior(2, 10).mean();
    /// assert!(rates.posterior_exposed(2, 5.0).mean() > mature);
    /// assert_eq!(rates.posterior_exposed(2, 10.0).mean(), mature);
    /// # Ok::<(), kohort::Error>(())
    /// ```
    #[must_use]
    pub fn posterior_exposed(&self, returned: u32, exposed: f64) -> Posterior {
        let returned = f64::from(returned);
        let kept = (exposed.min(f64::from(u32::MAX)) - returned).max(0.0);
        Posterior::new(self.alpha + returned, self.beta + kept)
    }
}

impl BetaBinomial {
    /// Rates of a mean strictly between 0 and 1 and a strength that come from elsewhere.
    pub(super) fn shared(mean: f64, strength: f64, customers: u64) -> Self {
        Self {
            alpha: mean * strength,
            beta: (1.0 - mean) * strength,
            log_likelihood: None,
            dispersion: Dispersion::Shared,
            iterations: 0,
            converged: true,
            customers,
        }
    }

    /// Whether counts told how much customers differ; else a fixed strength stands for it.
    pub(super) fn tells_strength(&self) -> bool {
        !matches!(self.dispersion, Dispersion::NotIdentified | Dispersion::OneSided)
    }

    fn of(
        counts: &Counts,
        alpha: f64,
        beta: f64,
        dispersion: Dispersion,
        iterations: u32,
        converged: bool,
    ) -> Self {
        Self {
            alpha,
            beta,
            log_likelihood: Some(counts.log_likelihood(alpha, beta)),
            dispersion,
            iterations,
            converged,
            customers: counts.customers,
        }
    }

    /// Newton's method on `(ln α, ln β)` with steps halved until the likelihood rises.
    fn newton(counts: &Counts, mut alpha: f64, mut beta: f64) -> Self {
        let mut likelihood = counts.log_likelihood(alpha, beta);
        for iteration in 1..=ITERATIONS {
            let (step_a, step_b, gain) = counts.newton_step(alpha, beta);
            let mut scale = 1.0;
            let next = loop {
                let (a, b) = (alpha * exp(scale * step_a), beta * exp(scale * step_b));
                let value = counts.log_likelihood(a, b);
                // A fair part of the promised gain; near the optimum it drowns in rounding, which is no fall.
                if value >= likelihood + 1e-3 * gain * scale - 1e-12 * likelihood.abs() {
                    break Some((a, b, value));
                }
                scale /= 2.0;
                if scale < 1e-10 {
                    break None;
                }
            };
            let Some((a, b, value)) = next else {
                return Self::of(counts, alpha, beta, Dispersion::Estimated, iteration, true);
            };
            let total = a + b;
            if total >= MOST || total <= FEWEST {
                let (held, dispersion) = if total >= MOST {
                    (MOST, Dispersion::NoMoreThanChance)
                } else {
                    (FEWEST, Dispersion::AllOrNothing)
                };
                return Self::of(counts, a / total * held, b / total * held, dispersion, iteration, true);
            }
            (alpha, beta, likelihood) = (a, b, value);
            // On a flat ridge the steps stay long after the gain has drowned in rounding, so the gain decides. Newton's
            // method doubles the digits with each step: the one that was just taken has made good what was missing.
            if gain * scale < 1e-12 * (1.0 + likelihood.abs()) {
                return Self::of(counts, alpha, beta, Dispersion::Estimated, iteration, true);
            }
        }
        Self::of(counts, alpha, beta, Dispersion::Estimated, ITERATIONS, false)
    }
}

#[cfg(test)]
#[path = "beta_binomial_tests.rs"]
mod tests;
