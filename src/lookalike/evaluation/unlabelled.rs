//! What held-out seeds say once it is admitted that the pool holds customers like them too.
//!
//! A pool is not a set of negatives. Figures measured against it are too low by what is hidden in it, and a score is no
//! probability of being good. Both corrections need an assumption that nobody can test on the same data: a stated share of
//! hidden positives, or seeds that are a random sample of the good (which seeds that someone chose are not).

use crate::error::{Error, Result};
use crate::lookalike::evaluation::ranking::ordered_sum;

/// The area under the ROC curve against true negatives, from the one observed against a pool of which the share `hidden` is
/// truly positive and ranked as the positive are: `(observed − hidden/2) / (1 − hidden)`.
///
/// The pool's positive tie with the positive on average, which puts the observed area between the true one and one half.
/// Above 1 the stated share is more than the observed area allows.
///
/// ```
/// use kohort::lookalike::evaluation::unlabelled_auc;
///
/// let corrected = unlabelled_auc(0.80, 0.1)?;
/// assert!((corrected - 0.8333).abs() < 1e-4);
/// # Ok::<(), kohort::Error>(())
/// ```
///
/// # Errors
/// [`Error::Setting`] for a share that is not at least 0 and less than 1, or an area outside 0 to 1.
pub fn unlabelled_auc(observed: f64, hidden: f64) -> Result<f64> {
    check_hidden(hidden)?;
    if !(0.0..=1.0).contains(&observed) {
        let expected = "an area from 0 to 1";
        return Err(Error::Setting { setting: "observed", found: observed.to_string(), expected });
    }
    Ok((observed - hidden / 2.0) / (1.0 - hidden))
}

pub(super) fn check_hidden(hidden: f64) -> Result<()> {
    if (0.0..1.0).contains(&hidden) {
        return Ok(());
    }
    let expected = "a share of at least 0 and less than 1";
    Err(Error::Setting { setting: "hidden", found: hidden.to_string(), expected })
}

/// How often a customer who is good is one of the seeds, estimated from seeds that were held out (Elkan and Noto 2008).
///
/// With it a score of being a *seed* becomes an estimate of being *good*, for statements about how many there are. The order
/// of customers does not change. It holds where seeds are drawn from the good at random; seeds that were chosen are not, so
/// take it as a figure for sizes and not as anyone's probability.
///
/// ```
/// use kohort::lookalike::evaluation::LabelFrequency;
///
/// let frequency = LabelFrequency::of(&[0.2, 0.6, 0.4])?;
/// assert!((frequency.get() - 0.4).abs() < 1e-15);
/// assert!((frequency.probability(0.2) - 0.5).abs() < 1e-15);
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct LabelFrequency(f64);

impl LabelFrequency {
    /// From the similarities of held-out seeds: their mean.
    ///
    /// # Errors
    /// [`Error::Empty`] without a score; [`Error::Setting`] for one that is not above 0 and at most 1.
    pub fn of(held_out: &[f64]) -> Result<Self> {
        if held_out.is_empty() {
            return Err(Error::Empty { what: "the list of held-out seeds", hint: "hold at least one out" });
        }
        if let Some(score) = held_out.iter().find(|score| !(**score > 0.0 && **score <= 1.0)) {
            return Err(Error::Setting {
                setting: "held_out",
                found: score.to_string(),
                expected: "similarities above 0 and at most 1",
            });
        }
        Ok(Self((ordered_sum(held_out.iter().copied()) / held_out.len() as f64).min(1.0)))
    }

    /// The share of the good that are seeds, above 0 and at most 1.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }

    /// Of a customer with this similarity, the estimated probability of being good: the similarity over the frequency, at
    /// most 1.
    #[must_use]
    pub fn probability(self, similarity: f64) -> f64 {
        (similarity / self.0).clamp(0.0, 1.0)
    }

    /// With what weight a customer who is no seed counts as good when a model is trained again (she counts as not good with
    /// the rest): `(1 − c)/c · g/(1 − g)` for a similarity g and a frequency c, at most 1.
    #[must_use]
    pub fn unlabelled_weight(self, similarity: f64) -> f64 {
        let similarity = similarity.clamp(0.0, 1.0);
        let (unlabelled, odds) = ((1.0 - self.0) / self.0, similarity / (1.0 - similarity));
        // No seed is left out at a frequency of 1, whatever the odds.
        if unlabelled > 0.0 { (unlabelled * odds).min(1.0) } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    #[test]
    fn the_corrected_area_is_the_reference_value() {
        assert_relative_eq!(unlabelled_auc(0.80, 0.1).unwrap(), 0.75 / 0.9, epsilon = 1e-15);
        assert_relative_eq!(unlabelled_auc(0.80, 0.0).unwrap(), 0.80);
        assert_relative_eq!(unlabelled_auc(0.5, 0.7).unwrap(), 0.5, epsilon = 1e-15);
        for hidden in [-0.1, 1.0, f64::NAN, f64::INFINITY] {
            let refused = unlabelled_auc(0.8, hidden).unwrap_err();
            assert!(matches!(refused, Error::Setting { setting: "hidden", .. }), "{refused}");
        }
        assert!(unlabelled_auc(1.1, 0.1).is_err() && unlabelled_auc(f64::NAN, 0.1).is_err());
    }

    /// A mixture of known positives and negatives gives back the area against the negatives alone.
    #[test]
    fn the_correction_undoes_a_mixture() {
        let good: Vec<f64> = (0..100).map(|k| 2.0 + f64::from(k) * 0.03).collect();
        let bad: Vec<f64> = (0..300).map(|k| f64::from(k) * 0.013).collect();
        let area = |others: &[f64]| {
            let scores = [&good, others].concat();
            let positive: Vec<bool> = (0..scores.len()).map(|row| row < good.len()).collect();
            super::super::Ranking::of(&scores).unwrap().auc(&positive).unwrap().unwrap()
        };
        let mixed = area(&[&good[..], &bad[..]].concat());
        assert!(mixed < area(&bad) - 0.05);
        assert_relative_eq!(unlabelled_auc(mixed, 0.25).unwrap(), area(&bad), epsilon = 1e-12);
    }

    #[test]
    fn label_frequency_agrees_with_the_reference_values() {
        let frequency = LabelFrequency::of(&[0.2, 0.6, 0.4]).unwrap();
        for (g, p, w) in [(0.05, 0.125, 0.078_947_368_4), (0.2, 0.5, 0.375), (0.35, 0.875, 0.807_692_307_7)] {
            assert_relative_eq!(frequency.probability(g), p, epsilon = 1e-12);
            assert_relative_eq!(frequency.unlabelled_weight(g), w, epsilon = 1e-10);
        }
    }

    #[test]
    fn weights_and_probabilities_stay_between_zero_and_one() {
        for c in [1e-3, 0.4, 1.0] {
            let frequency = LabelFrequency::of(&[c]).unwrap();
            for g in [0.0, 1e-9, 0.4, 0.999, 1.0, 2.0, -1.0] {
                for value in [frequency.probability(g), frequency.unlabelled_weight(g)] {
                    assert!((0.0..=1.0).contains(&value), "{c} {g}: {value}");
                }
            }
        }
        assert!(LabelFrequency::of(&[]).is_err());
        for score in [0.0, -0.5, 1.5, f64::NAN] {
            assert!(LabelFrequency::of(&[0.5, score]).is_err());
        }
    }
}
