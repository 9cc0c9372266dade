//! Customers by descending score, and what stands in the first so many of them.
//!
//! Equal scores have no order, and the end of a share rarely falls between two customers. Both are settled the same way:
//! whoever stands at the cut counts in part, which is the expected value if the tied stood in random order. So no order of
//! rows can change a figure, and a ranking without information finds exactly the share that it looks at.

use rayon::prelude::*;

use crate::error::{Error, Result};

/// Scores, ranked from the highest.
///
/// Sorted once, O(n log n); each figure is then one pass over the part that it looks at.
///
/// ```
/// use kohort::lookalike::evaluation::Ranking;
///
/// let ranking = Ranking::of(&[0.9, 0.8, 0.8, 0.1])?;
/// let held_out = [true, false, true, false];
/// // Half of four is two: the first, and one of the two tied, who is a held-out seed half of the time.
/// assert_eq!(ranking.recall(&held_out, 0.5)?, Some(0.75));
/// assert_eq!(ranking.lift(&held_out, 0.5)?, Some(1.5));
/// assert_eq!(ranking.auc(&held_out)?, Some(0.875));
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct Ranking {
    /// Rows by descending score.
    order: Vec<usize>,
    /// Where each run of equal scores ends in `order`, ascending.
    ends: Vec<usize>,
}

impl Ranking {
    /// Ranks scores, the highest first. Zero of either sign is the same score.
    ///
    /// # Errors
    /// [`Error::Setting`] for a score that is not finite.
    pub fn of(scores: &[f64]) -> Result<Self> {
        if let Some(row) = scores.iter().position(|score| !score.is_finite()) {
            return Err(Error::Setting {
                setting: "scores",
                found: format!("{} in row {row} (counted from 0)", scores[row]),
                expected: "a finite number for each customer",
            });
        }
        // A sum with zero has the positive sign.
        let score = |row: usize| scores[row] + 0.0;
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.par_sort_unstable_by(|a, b| score(*b).total_cmp(&score(*a)).then(a.cmp(b)));
        let mut ends: Vec<usize> = (1..order.len())
            .filter(|place| score(order[place - 1]).total_cmp(&score(order[*place])).is_ne())
            .collect();
        ends.extend((!order.is_empty()).then_some(order.len()));
        Ok(Self { order, ends })
    }

    /// How many customers are ranked.
    #[must_use]
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The share of the positive (held-out seeds, or customers who became good) that stands in the first `share` of the
    /// ranking; `None` where no one is positive. At random it is `share`.
    ///
    /// # Errors
    /// [`Error::ColumnLength`]; [`Error::Setting`] for a share outside 0 to 1.
    pub fn recall(&self, positive: &[bool], share: f64) -> Result<Option<f64>> {
        let all = positive.iter().filter(|positive| **positive).count();
        let found = self.found(positive, share)?;
        Ok((all > 0).then(|| found / all as f64))
    }

    /// How many times as many of the positive stand in the first `share` as would at random: recall over share; `None`
    /// where no one is positive, or of nothing.
    ///
    /// # Errors
    /// As for [`Ranking::recall`].
    pub fn lift(&self, positive: &[bool], share: f64) -> Result<Option<f64>> {
        Ok(self.recall(positive, share)?.filter(|_| share > 0.0).map(|recall| recall / share))
    }

    /// The part of the first `share` that is positive; `None` of nothing. Where those not positive are only not known to be
    /// (a pool in which more customers resemble the seeds), this is a lower bound.
    ///
    /// # Errors
    /// As for [`Ranking::recall`].
    pub fn precision(&self, positive: &[bool], share: f64) -> Result<Option<f64>> {
        let found = self.found(positive, share)?;
        let size = share * self.len() as f64;
        Ok((size > 0.0).then(|| found / size))
    }

    /// The sum of a value over the first `share`, such as the contribution of those who stand there.
    ///
    /// # Errors
    /// As for [`Ranking::recall`].
    pub fn sum(&self, values: &[f64], share: f64) -> Result<f64> {
        Ok(self.sums(values, &[share])?[0])
    }

    /// The same over several shares, to the same bits, with each run of ties added up once.
    pub(super) fn sums(&self, values: &[f64], shares: &[f64]) -> Result<Vec<f64>> {
        self.check("values", values.len())?;
        let sizes: Vec<f64> = shares.iter().map(|share| self.size(*share)).collect::<Result<_>>()?;
        let most = sizes.iter().copied().fold(0.0, f64::max);
        let (mut sums, mut start) = (vec![0.0; shares.len()], 0);
        for rows in self.runs() {
            if most - start as f64 <= 0.0 {
                break;
            }
            let of_run = match rows {
                [row] => values[*row],
                tied => ordered_sum(tied.iter().map(|row| values[*row])),
            };
            for (sum, size) in sums.iter_mut().zip(&sizes) {
                let room = size - start as f64;
                if room > 0.0 {
                    *sum += (room / rows.len() as f64).min(1.0) * of_run;
                }
            }
            start += rows.len();
        }
        Ok(sums)
    }

    /// The probability that one of the positive is ranked before one of the others, ties counting half: the area under the
    /// ROC curve by the Mann–Whitney statistic with midranks. `None` where there are none of either.
    ///
    /// Counted in whole numbers, so exact but for the division. O(n).
    ///
    /// # Errors
    /// [`Error::ColumnLength`].
    pub fn auc(&self, positive: &[bool]) -> Result<Option<f64>> {
        self.check("positive", positive.len())?;
        let total = positive.iter().filter(|positive| **positive).count() as u128;
        let others = positive.len() as u128 - total;
        // Twice the pairs in the right order, from the top: each positive is before the others that are not yet seen.
        let (mut twice, mut seen) = (0_u128, 0_u128);
        for rows in self.runs() {
            let of_run = rows.iter().filter(|row| positive[**row]).count() as u128;
            let others_of_run = rows.len() as u128 - of_run;
            twice += of_run * (2 * (others - seen) - others_of_run);
            seen += others_of_run;
        }
        let pairs = total * others;
        Ok((pairs > 0).then(|| twice as f64 / 2.0 / pairs as f64))
    }

    /// The same where each customer counts with a weight, such as the value of a seed.
    ///
    /// # Errors
    /// [`Error::ColumnLength`]; [`Error::Setting`] for a weight that is negative or not finite.
    pub fn weighted_auc(&self, positive: &[bool], weights: &[f64]) -> Result<Option<f64>> {
        self.check("positive", positive.len())?;
        self.check("weights", weights.len())?;
        if let Some(weight) = weights.iter().find(|weight| !(weight.is_finite() && **weight >= 0.0)) {
            return Err(Error::Setting {
                setting: "weights",
                found: weight.to_string(),
                expected: "finite weights of zero or more",
            });
        }
        let of = |rows: &[usize], wanted: bool| {
            ordered_sum(rows.iter().filter(|row| positive[**row] == wanted).map(|row| weights[*row]))
        };
        let (mut good, mut others, mut area) = (0.0, 0.0, 0.0);
        for rows in self.runs() {
            let (of_run, others_of_run) = (of(rows, true), of(rows, false));
            // From the top: each of the others is behind the positive seen so far.
            area += others_of_run * (good + 0.5 * of_run);
            good += of_run;
            others += others_of_run;
        }
        let pairs = good * others;
        Ok((pairs > 0.0).then(|| area / pairs))
    }

    /// How many of the positive stand in the first `share`, those at the cut in part.
    fn found(&self, positive: &[bool], share: f64) -> Result<f64> {
        self.check("positive", positive.len())?;
        let mut found = 0.0;
        self.walk(share, |rows, part| {
            found += part * rows.iter().filter(|row| positive[**row]).count() as f64;
        })?;
        Ok(found)
    }

    /// Each run of equal scores in the first `share`, with the part of it that stands there.
    fn walk(&self, share: f64, mut visit: impl FnMut(&[usize], f64)) -> Result<()> {
        let size = self.size(share)?;
        let mut start = 0;
        for rows in self.runs() {
            let room = size - start as f64;
            if room <= 0.0 {
                break;
            }
            visit(rows, (room / rows.len() as f64).min(1.0));
            start += rows.len();
        }
        Ok(())
    }

    /// How many customers a share is.
    fn size(&self, share: f64) -> Result<f64> {
        if (0.0..=1.0).contains(&share) {
            return Ok(share * self.len() as f64);
        }
        let expected = "a share from 0 to 1";
        Err(Error::Setting { setting: "share", found: share.to_string(), expected })
    }

    /// The rows of each run of equal scores, from the highest.
    pub(super) fn runs(&self) -> impl DoubleEndedIterator<Item = &[usize]> {
        (0..self.ends.len()).map(|run| {
            let start = if run == 0 { 0 } else { self.ends[run - 1] };
            &self.order[start..self.ends[run]]
        })
    }

    pub(super) fn check(&self, column: &str, found: usize) -> Result<()> {
        if found == self.len() {
            return Ok(());
        }
        let (column, against) = (column.to_owned(), "scores".to_owned());
        Err(Error::ColumnLength { column, found, against, expected: self.len() })
    }
}

/// A sum that no order of its terms changes: from the smallest to the greatest.
pub(super) fn ordered_sum(terms: impl Iterator<Item = f64>) -> f64 {
    let mut terms: Vec<f64> = terms.collect();
    terms.sort_unstable_by(f64::total_cmp);
    terms.iter().sum()
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;
    use proptest::prelude::*;

    use super::*;

    /// Of every pair of a positive and another, one point where the positive is ahead, a half where they are tied.
    fn pair_by_pair(scores: &[f64], positive: &[bool], weights: &[f64]) -> Option<f64> {
        let (mut won, mut pairs) = (0.0, 0.0);
        for i in (0..scores.len()).filter(|row| positive[*row]) {
            for j in (0..scores.len()).filter(|row| !positive[*row]) {
                let weight = weights[i] * weights[j];
                pairs += weight;
                if scores[i] > scores[j] {
                    won += weight;
                } else if scores[i] >= scores[j] {
                    won += 0.5 * weight;
                }
            }
        }
        (pairs > 0.0).then(|| won / pairs)
    }

    fn cases() -> impl Strategy<Value = Vec<(i8, bool, u8)>> {
        proptest::collection::vec((-4_i8..5, any::<bool>(), 0_u8..9), 1..40)
    }

    proptest! {
        #[test]
        fn auc_counts_every_pair(rows in cases()) {
            let scores: Vec<f64> = rows.iter().map(|row| f64::from(row.0)).collect();
            let positive: Vec<bool> = rows.iter().map(|row| row.1).collect();
            let weights: Vec<f64> = rows.iter().map(|row| f64::from(row.2) / 3.0).collect();
            let ranking = Ranking::of(&scores).unwrap();
            let ones = vec![1.0; rows.len()];
            let plain = pair_by_pair(&scores, &positive, &ones);
            for found in [ranking.auc(&positive).unwrap(), ranking.weighted_auc(&positive, &ones).unwrap()] {
                prop_assert_eq!(found.is_some(), plain.is_some());
                prop_assert!((found.unwrap_or(0.0) - plain.unwrap_or(0.0)).abs() < 1e-12);
            }
            let expected = pair_by_pair(&scores, &positive, &weights);
            let found = ranking.weighted_auc(&positive, &weights).unwrap();
            prop_assert_eq!(found.is_some(), expected.is_some());
            prop_assert!((found.unwrap_or(0.0) - expected.unwrap_or(0.0)).abs() < 1e-12);
        }

        /// The expected value over all orders of the tied is the mean of the best and the worst order of a run of ties, where
        /// the cut takes whole customers; and no order of rows changes a bit.
        #[test]
        fn ties_at_the_cut_count_as_expected_and_rows_have_no_order(rows in cases(), cut in 0_usize..40) {
            let take = cut.min(rows.len());
            let share = take as f64 / rows.len() as f64;
            let figures = |rows: &[(i8, bool, u8)]| {
                let ranking = Ranking::of(&rows.iter().map(|row| f64::from(row.0)).collect::<Vec<_>>()).unwrap();
                let positive: Vec<bool> = rows.iter().map(|row| row.1).collect();
                let values: Vec<f64> = rows.iter().map(|row| f64::from(row.2) / 7.0).collect();
                let sum = ranking.sum(&values, share).unwrap();
                (ranking.recall(&positive, share).unwrap().map(f64::to_bits), sum.to_bits(),
                    ranking.weighted_auc(&positive, &values).unwrap().map(f64::to_bits))
            };
            let mut sorted = rows.clone();
            sorted.sort_by_key(|row| std::cmp::Reverse(row.0));
            let ranking = Ranking::of(&rows.iter().map(|row| f64::from(row.0)).collect::<Vec<_>>()).unwrap();
            let values: Vec<f64> = rows.iter().map(|row| f64::from(row.2) / 7.0).collect();
            let shares = [share, 1.0, share / 2.0];
            let alone = shares.map(|share| ranking.sum(&values, share).unwrap().to_bits());
            let together: Vec<u64> =
                ranking.sums(&values, &shares).unwrap().into_iter().map(f64::to_bits).collect();
            prop_assert_eq!(&together[..], &alone[..]);
            // Whoever is above the cut's score is in, and of the tied as many as there is room for, at their mean.
            let line = sorted.get(take.saturating_sub(1)).map_or(0, |row| row.0);
            let above: Vec<_> = sorted.iter().filter(|row| row.0 > line).collect();
            let tied: Vec<_> = sorted.iter().filter(|row| row.0 == line).collect();
            let room = (take - above.len().min(take)) as f64 / tied.len() as f64;
            let expected = if take == 0 { 0.0 } else {
                above.iter().filter(|row| row.1).count() as f64
                    + room * tied.iter().filter(|row| row.1).count() as f64
            };
            let all = rows.iter().filter(|row| row.1).count();
            let found = figures(&rows);
            if all > 0 {
                let recall = f64::from_bits(found.0.unwrap());
                prop_assert!((recall - expected / all as f64).abs() < 1e-9, "{recall} {expected}");
            }
            let mut turned = rows.clone();
            turned.reverse();
            prop_assert_eq!(found, figures(&turned));
        }
    }

    #[test]
    fn a_score_without_information_finds_exactly_the_share() {
        let ranking = Ranking::of(&[0.0, -0.0, 0.0, 0.0, -0.0, 0.0, 0.0]).unwrap();
        let positive = [true, false, false, true, false, false, true];
        for share in [0.01, 0.1, 0.5, 1.0] {
            assert_relative_eq!(ranking.recall(&positive, share).unwrap().unwrap(), share, epsilon = 1e-15);
            assert_relative_eq!(ranking.lift(&positive, share).unwrap().unwrap(), 1.0, epsilon = 1e-15);
            let precision = ranking.precision(&positive, share).unwrap().unwrap();
            assert_relative_eq!(precision, 3.0 / 7.0, epsilon = 1e-15);
        }
        assert_eq!(ranking.auc(&positive).unwrap(), Some(0.5));
    }

    #[test]
    fn perfect_and_reversed_rankings_are_the_ends() {
        let scores: Vec<f64> = (0..100).map(f64::from).collect();
        let ranking = Ranking::of(&scores).unwrap();
        let top: Vec<bool> = (0..100).map(|row| row >= 90).collect();
        let bottom: Vec<bool> = (0..100).map(|row| row < 10).collect();
        assert_eq!(ranking.recall(&top, 0.1).unwrap(), Some(1.0));
        assert_eq!(ranking.lift(&top, 0.05).unwrap(), Some(10.0));
        assert_eq!((ranking.auc(&top).unwrap(), ranking.auc(&bottom).unwrap()), (Some(1.0), Some(0.0)));
        assert_eq!(ranking.recall(&bottom, 0.9).unwrap(), Some(0.0));
        assert_relative_eq!(ranking.sum(&scores, 0.02).unwrap(), 99.0 + 98.0);
    }

    #[test]
    fn ends_and_bad_input_have_an_answer() {
        let nobody = Ranking::of(&[]).unwrap();
        assert!(nobody.is_empty());
        assert_eq!(nobody.recall(&[], 0.1).unwrap(), None);
        assert_eq!((nobody.auc(&[]).unwrap(), nobody.precision(&[], 0.5).unwrap()), (None, None));
        let ranking = Ranking::of(&[1.0, 2.0]).unwrap();
        assert_eq!(ranking.auc(&[false, false]).unwrap(), None);
        assert_eq!(ranking.lift(&[true, false], 0.0).unwrap(), None);
        for share in [-0.1, 1.1, f64::NAN] {
            assert!(matches!(
                ranking.recall(&[true, false], share),
                Err(Error::Setting { setting: "share", .. })
            ));
        }
        assert!(matches!(ranking.auc(&[true]), Err(Error::ColumnLength { .. })));
        for weight in [-1.0, f64::NAN, f64::INFINITY] {
            assert!(ranking.weighted_auc(&[true, false], &[1.0, weight]).is_err());
        }
        for score in [f64::NAN, f64::INFINITY] {
            assert!(matches!(Ranking::of(&[0.0, score]), Err(Error::Setting { setting: "scores", .. })));
        }
    }
}
