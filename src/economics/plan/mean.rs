//! The mean of a margin over customers, and how sure it is: margins are skewed, and the interval has to know.

use serde::Serialize;

use crate::economics::returns::{Interval, normal_cdf, normal_z};
use crate::numeric::elementary::ln_1p;
use crate::numeric::{exp, ln};

/// The mean of a margin per customer, in currency units.
///
/// It describes what further customers of this kind would earn, not those at hand, whose sum is exact. Margins are
/// skewed: most customers earn a little, few earn or lose much. An interval of `mean ± 1.96 · se` then misses far more
/// often on one side than on the other (6.4 % and 0.7 % instead of 2.5 % each, of 200 customers with lognormal
/// margins), so the statistic is transformed by a cubic that takes the skewness `γ` away (Hall, Journal of the Royal
/// Statistical Society B 1992), and is t-distributed after that:
///
/// ```text
/// T = √n (mean − μ) / s      g(T) = T + γ (T²/3 + 1/6) / √n + γ² T³ / 27n  ~  t with n − 1 degrees of freedom
/// ```
///
/// The interval is `mean − s g⁻¹(± t) / √n`, and `P(μ > 0)` the distribution of t at `g(√n mean / s)`. For symmetric margins
/// this is Student's interval. It covers 94 to 95 % at a level of 95 % from 200 customers on, and from 50 on where the
/// skewness is moderate; of fewer, and where a few customers decide ([`effective_customers`](Self::effective_customers)),
/// it is too short: take [`pooled`](Self::pooled). The t-distribution is that of Wallace (Annals of Mathematical Statistics
/// 1959), within 1 % from five customers on and too wide for two and three.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct MeanEstimate {
    /// The mean.
    pub mean: f64,
    /// Its standard error; `None` for fewer than two customers.
    pub standard_error: Option<f64>,
    /// Its interval at the chosen level; `None` for fewer than two customers.
    pub interval: Option<Interval>,
    /// The probability that it is above zero; `None` for fewer than two customers.
    pub probability_positive: Option<f64>,
    /// Customers whose margin is known.
    pub customers: u64,
    /// How many customers of equal weight would say as much: `(Σ|x|)² / Σx²` over their margins `x`, between 1 and their
    /// number. It is small where the money is that of a few.
    ///
    /// This is Kish's effective sample size (Survey Sampling, 1965) with the money a customer moves as her weight, the
    /// inverse of Herfindahl's index. It is about zero and not about the mean, because what has to be known is whether
    /// the mean is above zero, and who decides it. An effective size from the kurtosis would need fourth moments,
    /// which samples of heavy-tailed margins put too low just where it matters.
    pub effective_customers: f64,
    /// The mean drawn towards that of all segments by as much as it is unsure; `None` for the shop, for customers without a
    /// segment, and where fewer than two segments have customers.
    pub pooled: Option<PooledMean>,
}

/// A segment's mean after partial pooling over segments.
///
/// By the normal–normal model of [`PartialPooling`](crate::economics::PartialPooling) over the segments' means. Their
/// standard errors are those of a variance `(10 s₀² + (n−1) s²) / (10 + n−1)`, where `s₀²` is the pooled variance within
/// segments: a segment borrows as much as ten degrees of freedom, so that one of a single customer, or of two who happen to
/// earn the same, is not taken for one that is known exactly (variances moderated as by Smyth, Statistical Applications
/// in Genetics and Molecular Biology 2004, with given prior degrees of freedom).
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct PooledMean {
    /// The mean.
    pub mean: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Its interval at the chosen level.
    pub interval: Interval,
    /// The probability that it is above zero.
    pub probability_positive: f64,
    /// The weight of the segment's own mean: 1 less the shrinkage.
    pub own_weight: f64,
}

/// Sums of powers of customers' margins, the central ones about a mean that is known.
#[derive(Clone, Copy, Default, Debug)]
pub(super) struct Moments {
    customers: u64,
    absolute: f64,
    square: f64,
    central_square: f64,
    central_cube: f64,
}

impl Moments {
    pub(super) fn add(&mut self, margin: f64, mean: f64) {
        let distance = margin - mean;
        let square = distance * distance;
        self.customers += 1;
        self.absolute += margin.abs();
        self.square += margin * margin;
        self.central_square += square;
        self.central_cube += square * distance;
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.customers += other.customers;
        self.absolute += other.absolute;
        self.square += other.square;
        self.central_square += other.central_square;
        self.central_cube += other.central_cube;
    }

    pub(super) fn customers(&self) -> u64 {
        self.customers
    }

    /// The sum of squared distances from the mean, and its degrees of freedom.
    pub(super) fn spread(&self) -> (f64, f64) {
        (self.central_square, self.customers.saturating_sub(1) as f64)
    }

    /// The mean with its doubt; `None` without customers.
    pub(super) fn estimate(&self, mean: f64, level: f64) -> Option<MeanEstimate> {
        if self.customers == 0 {
            return None;
        }
        let n = self.customers as f64;
        let standard_error = (self.customers > 1).then(|| (self.central_square / (n - 1.0) / n).sqrt());
        let student = Student::new(n - 1.0);
        let skew = Skew::new(self.central_square / n, self.central_cube / n, n);
        let interval = |se: f64| {
            let reach = student.quantile(normal_z(level));
            Interval { low: mean - se * skew.inverse(reach), high: mean - se * skew.inverse(-reach) }
        };
        let positive = |se: f64| {
            let statistic = (mean / se).clamp(-BEYOND_DOUBT, BEYOND_DOUBT);
            normal_cdf(student.normal(skew.transform(statistic)))
        };
        // Customers who all earn the same leave no doubt about the sign.
        let probability = |se: f64| if se > 0.0 { positive(se) } else { f64::from(u8::from(mean > 0.0)) };
        // Where nobody earns anything all weigh the same.
        let all_alike = self.square <= 0.0;
        let carrying = if all_alike { n } else { self.absolute * self.absolute / self.square };
        Some(MeanEstimate {
            mean,
            standard_error,
            interval: standard_error.map(interval),
            probability_positive: standard_error.map(probability),
            customers: self.customers,
            effective_customers: carrying.clamp(1.0, n),
            pooled: None,
        })
    }
}

/// A statistic beyond which a probability is 0 or 1, whatever the skewness; its cube is still a number.
const BEYOND_DOUBT: f64 = 1e6;

/// Hall's cubic for a sample of a skewness.
struct Skew {
    /// A third of the skewness, per root of the number of customers.
    third: f64,
    shift: f64,
}

impl Skew {
    fn new(variance: f64, third_moment: f64, n: f64) -> Self {
        let skewness = if variance > 0.0 { third_moment / (variance * variance.sqrt()) } else { 0.0 };
        // Amounts so far apart that their cubes overflow say nothing of the skewness.
        let skewness = if skewness.is_finite() { skewness } else { 0.0 };
        Self { third: skewness / 3.0 / n.sqrt(), shift: skewness / 6.0 / n.sqrt() }
    }

    fn transform(&self, t: f64) -> f64 {
        t + self.third * t * t + self.shift + self.third * self.third * t * t * t / 3.0
    }

    /// The statistic whose transform is `value`. The cubic ascends everywhere, so there is one.
    fn inverse(&self, value: f64) -> f64 {
        let step = self.third * (value - self.shift);
        if step.abs() < 1e-6 {
            // The next term of the root's series is beyond what the difference below would keep.
            return (value - self.shift) * (1.0 - step);
        }
        (cube_root(1.0 + 3.0 * step) - 1.0) / self.third
    }
}

fn cube_root(value: f64) -> f64 {
    if value == 0.0 { 0.0 } else { value.signum() * exp(ln(value.abs()) / 3.0) }
}

/// Student's distribution by way of the normal one (Wallace 1959), which turns back without iteration.
struct Student {
    freedom: f64,
    factor: f64,
}

impl Student {
    fn new(freedom: f64) -> Self {
        Self { freedom, factor: (8.0 * freedom + 3.0) / (8.0 * freedom + 1.0) }
    }

    /// The t as improbable as a normal `z`.
    fn quantile(&self, z: f64) -> f64 {
        let scaled = z * self.factor;
        z.signum() * (self.freedom * exp_less_one(scaled * scaled / self.freedom)).sqrt()
    }

    /// The normal number as improbable as `t`.
    fn normal(&self, t: f64) -> f64 {
        t.signum() * (self.freedom * ln_1p(t * t / self.freedom)).sqrt() / self.factor
    }
}

/// eˣ − 1 for an x of zero or more.
fn exp_less_one(value: f64) -> f64 {
    if value < 1e-5 { value + value * value / 2.0 } else { exp(value) - 1.0 }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    fn estimate(margins: &[f64]) -> MeanEstimate {
        let mean = margins.iter().sum::<f64>() / margins.len() as f64;
        let mut moments = Moments::default();
        for margin in margins {
            moments.add(*margin, mean);
        }
        moments.estimate(mean, 0.95).unwrap()
    }

    /// t quantiles of 0.975 from tables.
    #[test]
    fn students_distribution_is_that_of_the_tables() {
        for (freedom, expected, within) in
            [(4.0, 2.776_445, 0.01), (9.0, 2.262_157, 1e-3), (30.0, 2.042_272, 1e-4), (1e7, 1.959_964, 1e-6)]
        {
            let student = Student::new(freedom);
            assert_relative_eq!(student.quantile(normal_z(0.95)), expected, max_relative = within);
            assert_relative_eq!(student.normal(student.quantile(-1.3)), -1.3, max_relative = 1e-9);
        }
        assert!(Student::new(1.0).quantile(1.96) > 12.7, "too wide rather than too short");
    }

    /// Symmetric margins: 1, 2, 3, 4, 5 have mean 3, s = 1.5811, se = 0.70711, and 3 ± 2.776 · se.
    #[test]
    fn symmetric_margins_have_students_interval() {
        let found = estimate(&[1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_relative_eq!(found.standard_error.unwrap(), 0.5_f64.sqrt(), epsilon = 1e-12);
        let interval = found.interval.unwrap();
        assert_relative_eq!(interval.high - 3.0, 3.0 - interval.low, epsilon = 1e-9);
        assert_relative_eq!(interval.high, 3.0 + 2.776_445 * 0.5_f64.sqrt(), max_relative = 5e-3);
        // t = 4.243 with four degrees of freedom: 0.9934.
        assert_relative_eq!(found.probability_positive.unwrap(), 0.993_4, epsilon = 1e-3);
    }

    #[test]
    fn the_transform_and_its_inverse_undo_each_other() {
        for (skewness, n) in [(0.0, 10.0), (1e-7, 50.0), (2.0, 10.0), (-6.0, 200.0), (30.0, 1_000.0)] {
            let skew = Skew::new(1.0, skewness, n);
            for t in [-4.0, -1.0, 0.0, 0.5, 3.0] {
                assert_relative_eq!(skew.inverse(skew.transform(t)), t, epsilon = 1e-7);
            }
            assert!(skew.transform(1.0) > skew.transform(0.9));
        }
    }

    #[test]
    fn a_long_tail_moves_the_interval_to_its_side_and_the_doubt_agrees_with_it() {
        let margins: Vec<f64> = (0..200).map(|i| (f64::from(i) / 30.0).exp()).collect();
        let (right, left) =
            (estimate(&margins), estimate(&margins.iter().map(|margin| -margin).collect::<Vec<_>>()));
        let (above, below) = (right.interval.unwrap(), left.interval.unwrap());
        assert!(above.high - right.mean > 1.1 * (right.mean - above.low));
        assert_relative_eq!(above.high, -below.low, max_relative = 1e-9);
        // Shifted so that the interval begins at zero, a mean above zero has probability 97.5 %.
        let shifted: Vec<f64> = margins.iter().map(|margin| margin - above.low).collect();
        assert_relative_eq!(estimate(&shifted).probability_positive.unwrap(), 0.975, epsilon = 1e-6);
    }

    #[test]
    fn extremes_are_finite() {
        let one = estimate(&[5.0]);
        assert_eq!((one.standard_error, one.interval, one.probability_positive), (None, None, None));
        assert_relative_eq!(one.effective_customers, 1.0);
        let same = estimate(&[-2.0; 40]);
        assert_eq!((same.standard_error, same.probability_positive), (Some(0.0), Some(0.0)));
        assert_eq!(same.interval, Some(Interval { low: -2.0, high: -2.0 }));
        assert_relative_eq!(same.effective_customers, 40.0);
        assert_relative_eq!(estimate(&[0.0; 7]).effective_customers, 7.0);
        let mut whale = vec![1.0; 999];
        whale.push(-1e12);
        let whale = estimate(&whale);
        assert!(whale.effective_customers < 1.1 && whale.interval.unwrap().low.is_finite());
        let nearly = estimate(&[1.0, 1.0 + 1e-15, 1.0]);
        assert_relative_eq!(nearly.probability_positive.unwrap(), 1.0);
        assert_eq!(Moments::default().estimate(0.0, 0.95), None);
    }
}
