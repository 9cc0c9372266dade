//! Where the border of a group runs that is known to exist.
//!
//! One beta law for all customers cannot say that some of them are of another kind: it takes a rate of 95 % for the end
//! of one long tail, and pulls everyone in it towards the others. Once strong cases have shown that there is a group, its
//! members and the others get a law each, and what is known of a customer is weighed with both.

use std::collections::BTreeMap;

use crate::economics::returns::{BetaBinomial, log_sum};
use crate::numeric::exp;

/// The laws are fitted anew at most so often.
const ROUNDS: usize = 20;

/// Two kinds of customers by their return rates.
pub(super) struct TwoKinds {
    group: BetaBinomial,
    rest: BetaBinomial,
    /// The group's share.
    share: f64,
}

impl TwoKinds {
    /// Parts customers (returned lines, lines) into a group, which begins with those marked as strong, and the rest:
    /// each in turn is given to the kind she is more likely of, and each kind the law of its customers, until nobody
    /// changes sides. `None` where one kind remains.
    pub(super) fn part(customers: &[((u32, u32), bool)]) -> Option<Self> {
        let mut counts: BTreeMap<(u32, u32), u32> = BTreeMap::new();
        for (pair, _) in customers {
            *counts.entry(*pair).or_default() += 1;
        }
        // Who returned as much of as many lines is of the same kind; at first, if one of them is a strong case.
        let mut sides: BTreeMap<(u32, u32), bool> = counts.keys().map(|pair| (*pair, false)).collect();
        for (pair, _) in customers.iter().filter(|(_, strong)| *strong) {
            sides.insert(*pair, true);
        }
        let mut kinds = None;
        for _ in 0..ROUNDS {
            let fit = |wanted: bool| {
                let pairs = sides.iter().filter(|(_, side)| **side == wanted);
                let pairs = pairs.flat_map(|(pair, _)| std::iter::repeat_n(*pair, counts[pair] as usize));
                let (returned, lines): (Vec<u32>, Vec<u32>) = pairs.unzip();
                BetaBinomial::fit(&returned, &lines)
            };
            let (Ok(group), Ok(rest)) = (fit(true), fit(false)) else { return None };
            let share = group.customers() as f64 / (group.customers() + rest.customers()) as f64;
            let found = Self { group, rest, share };
            let next = counts.keys().map(|pair| (*pair, found.probability_of_group(*pair) >= 0.5)).collect();
            kinds = Some(found);
            if next == sides {
                break;
            }
            sides = next;
        }
        kinds
    }

    /// How likely a customer returns more than `threshold`, whichever kind she is of.
    pub(super) fn probability_above(&self, threshold: f64, pair: (u32, u32)) -> f64 {
        let weight = self.probability_of_group(pair);
        let above = |rates: &BetaBinomial| rates.posterior(pair.0, pair.1).probability_above(threshold);
        weight * above(&self.group) + (1.0 - weight) * above(&self.rest)
    }

    fn probability_of_group(&self, pair: (u32, u32)) -> f64 {
        let ratio = log_likelihood(&self.rest, pair) - log_likelihood(&self.group, pair);
        1.0 / (1.0 + (1.0 - self.share) / self.share * exp(ratio))
    }
}

/// `ln B(α+y, β+n−y) − ln B(α, β)`, as sums of logarithms whose cost does not grow with the lines.
fn log_likelihood(rates: &BetaBinomial, (y, n): (u32, u32)) -> f64 {
    let rising = |from: f64, steps: u32| log_sum(from, 0, u64::from(steps));
    let (alpha, beta) = rates.parameters();
    rising(alpha, y) + rising(beta, n - y) - rising(alpha + beta, n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_parted_from_the_rest() {
        // 200 who return 2 to 6 of 20 lines, 20 who return 17 to 20, of which the last are the strong cases.
        let mut customers: Vec<((u32, u32), bool)> = (0..200).map(|i| ((2 + i % 5, 20), false)).collect();
        customers.extend((0..20).map(|i| ((17 + i % 4, 20), i % 4 == 3)));
        let kinds = TwoKinds::part(&customers).unwrap();
        assert!((kinds.share - 20.0 / 220.0).abs() < 1e-12);
        let above = |y| kinds.probability_above(0.85, (y, 20));
        assert!(above(17) > 0.5, "as likely one of the group as those above it: {}", above(17));
        assert!(above(6) < 1e-6);
        let (returned, lines): (Vec<u32>, Vec<u32>) = customers.iter().map(|(pair, _)| *pair).unzip();
        let one = BetaBinomial::fit(&returned, &lines).unwrap();
        assert!(one.posterior(17, 20).probability_above(0.85) < 0.5, "one law for all leaves her out");
    }

    #[test]
    fn one_kind_is_no_two() {
        assert!(TwoKinds::part(&[]).is_none());
        assert!(TwoKinds::part(&[((1, 2), false), ((0, 3), false)]).is_none());
        assert!(TwoKinds::part(&[((2, 2), true)]).is_none());
    }
}
