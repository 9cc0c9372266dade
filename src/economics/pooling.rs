//! Partial pooling: estimates of several groups, each drawn towards their common mean by as much as it is unsure.

use serde::Serialize;

use crate::error::{Error, Result};

/// Estimates of several groups, drawn towards their common mean: the normal–normal model with the between-group variance
/// of `DerSimonian` and Laird (Controlled Clinical Trials 1986).
///
/// ```text
/// w = 1/se²    R̄ = Σ wR / Σw    Q = Σ w (R − R̄)²    τ² = max(0, (Q − (S−1)) / (Σw − Σw²/Σw))
/// R̄* = Σ w*R / Σw* with w* = 1/(se² + τ²)    B = τ² / (τ² + se²)    pooled = B R + (1−B) R̄*
/// ```
///
/// `B` is the weight of a group's own estimate: near 1 for one that is well known, near 0 for one of which little is
/// known, and 0 for all where groups differ no more than chance would have it.
///
/// ```
/// use kohort::economics::PartialPooling;
///
/// let pooling = PartialPooling::of(&[0.52, 0.41, 0.33, 0.47], &[0.02, 0.03, 0.015, 0.06])?;
/// // The last group is known least, and moves most: from 0.47 towards 0.43.
/// assert!((pooling.groups[3].estimate - 0.460_254_22).abs() < 1e-8);
/// assert!((pooling.groups[3].own_weight - 0.755_4).abs() < 1e-4);
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct PartialPooling {
    /// The mean weighted by precision, as if groups did not differ.
    pub fixed_mean: f64,
    /// The mean weighted by precision where groups differ: what estimates are drawn towards.
    pub mean: f64,
    /// The standard error of that mean.
    pub mean_standard_error: f64,
    /// Cochran's Q, the spread of the estimates in units of their standard errors.
    pub q: f64,
    /// The variance between groups, τ².
    pub between_variance: f64,
    /// The groups, in the order given.
    pub groups: Vec<PooledEstimate>,
}

/// One group's estimate after pooling.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct PooledEstimate {
    /// The estimate, between the group's own and the common mean.
    pub estimate: f64,
    /// Its standard error, `√(B se² + (1−B)² se(R̄*)²)`: what is left of the group's own doubt, and that of the common mean.
    pub standard_error: f64,
    /// The weight `B` of the group's own estimate, from 0 to 1.
    pub own_weight: f64,
}

impl PartialPooling {
    /// Pools estimates with their standard errors. A standard error of zero is allowed: such a group is known exactly and
    /// stays where it is; where all are, nothing is pooled. O(groups).
    ///
    /// # Errors
    /// [`Error::Empty`] without groups, [`Error::ColumnLength`] where the lengths differ, [`Error::Setting`] for an
    /// estimate that is not finite or a standard error that is not a finite number of zero or more.
    pub fn of(estimates: &[f64], standard_errors: &[f64]) -> Result<Self> {
        if estimates.len() != standard_errors.len() {
            return Err(Error::ColumnLength {
                column: "standard_errors".to_owned(),
                found: standard_errors.len(),
                against: "estimates".to_owned(),
                expected: estimates.len(),
            });
        }
        if estimates.is_empty() {
            return Err(Error::Empty { what: "the list of estimates to pool", hint: "there is no group" });
        }
        let damaged = |setting, found: f64, expected| {
            Err(Error::Setting { setting, found: found.to_string(), expected })
        };
        if let Some(found) = estimates.iter().find(|estimate| !estimate.is_finite()) {
            return damaged("estimates", *found, "finite numbers");
        }
        if let Some(found) = standard_errors.iter().find(|se| !(se.is_finite() && **se >= 0.0)) {
            return damaged("standard_errors", *found, "finite numbers of zero or more");
        }
        // A group known exactly would weigh infinitely much; a variance far below all others stands for it.
        let largest = standard_errors.iter().copied().fold(0.0, f64::max);
        let floor = if largest > 0.0 { (largest * 1e-6).powi(2) } else { 1.0 };
        let variances: Vec<f64> = standard_errors.iter().map(|se| (se * se).max(floor)).collect();
        let mean_of = |weights: &[f64]| {
            let total: f64 = weights.iter().sum();
            (weights.iter().zip(estimates).map(|(w, r)| w / total * r).sum::<f64>(), total)
        };
        let weights: Vec<f64> = variances.iter().map(|variance| 1.0 / variance).collect();
        let (fixed_mean, total) = mean_of(&weights);
        let q: f64 = weights.iter().zip(estimates).map(|(w, r)| w * (r - fixed_mean).powi(2)).sum();
        let spread = total - weights.iter().map(|w| w * w).sum::<f64>() / total;
        let freedom = estimates.len() as f64 - 1.0;
        let between_variance = if spread > 0.0 { ((q - freedom) / spread).max(0.0) } else { 0.0 };
        let random: Vec<f64> = variances.iter().map(|variance| 1.0 / (variance + between_variance)).collect();
        let (mean, random_total) = mean_of(&random);
        let mean_variance = 1.0 / random_total;
        let groups = estimates.iter().zip(standard_errors).map(|(estimate, se)| {
            let own_weight = if *se > 0.0 { between_variance / (between_variance + se * se) } else { 1.0 };
            PooledEstimate {
                estimate: own_weight * estimate + (1.0 - own_weight) * mean,
                standard_error: (own_weight * se * se + (1.0 - own_weight).powi(2) * mean_variance).sqrt(),
                own_weight,
            }
        });
        Ok(Self {
            fixed_mean,
            mean,
            mean_standard_error: mean_variance.sqrt(),
            q,
            between_variance,
            groups: groups.collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    #[test]
    fn reference_values() {
        let pooling = PartialPooling::of(&[0.52, 0.41, 0.33, 0.47], &[0.02, 0.03, 0.015, 0.06]).unwrap();
        assert_relative_eq!(pooling.fixed_mean, 0.402_333_333_3, epsilon = 1e-10);
        assert_relative_eq!(pooling.q, 59.204_629_629_6, epsilon = 1e-9);
        assert_relative_eq!(pooling.between_variance, 0.011_117_399_267, epsilon = 1e-12);
        assert_relative_eq!(pooling.mean, 0.430_157_612_529, epsilon = 1e-11);
        let shrunk = [0.516_879_77, 0.411_509_63, 0.331_986_83, 0.460_254_22];
        for (group, expected) in pooling.groups.iter().zip(shrunk) {
            assert_relative_eq!(group.estimate, expected, epsilon = 1e-8);
        }
    }

    #[test]
    fn groups_that_differ_by_chance_share_one_estimate() {
        let pooling = PartialPooling::of(&[10.0, 11.0, 9.0], &[5.0, 5.0, 5.0]).unwrap();
        assert_relative_eq!(pooling.between_variance, 0.0);
        for group in &pooling.groups {
            assert_relative_eq!(group.estimate, 10.0, epsilon = 1e-12);
            assert_relative_eq!(group.own_weight, 0.0);
        }
    }

    #[test]
    fn extremes_are_finite() {
        let one = PartialPooling::of(&[3.0], &[2.0]).unwrap();
        assert_relative_eq!(one.groups[0].estimate, 3.0);
        assert_relative_eq!(one.groups[0].standard_error, 2.0);
        let exact = PartialPooling::of(&[3.0, 5.0], &[0.0, 0.0]).unwrap();
        assert_eq!(exact.groups.iter().map(|group| group.estimate).collect::<Vec<_>>(), [3.0, 5.0]);
        let mixed = PartialPooling::of(&[3.0, 5.0, 100.0], &[0.0, 1e9, 1e-9]).unwrap();
        assert!(mixed.groups.iter().all(|group| group.estimate.is_finite()), "{mixed:?}");
        assert_relative_eq!(mixed.groups[0].estimate, 3.0);
        assert!(matches!(PartialPooling::of(&[], &[]), Err(Error::Empty { .. })));
        assert!(matches!(PartialPooling::of(&[1.0], &[]), Err(Error::ColumnLength { .. })));
        for (estimate, se) in [(f64::NAN, 1.0), (1.0, -1.0), (1.0, f64::INFINITY)] {
            assert!(matches!(PartialPooling::of(&[estimate], &[se]), Err(Error::Setting { .. })));
        }
    }
}
