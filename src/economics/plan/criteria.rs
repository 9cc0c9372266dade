//! How attractive a segment is to act on: five criteria as numbers from 0 to 1, and a score in which a zero vetoes.

use std::fmt;

use serde::Serialize;

use crate::economics::facts::Facts;
use crate::economics::plan::segment::SegmentEconomics;
use crate::economics::rows::by_groups;
use crate::economics::settings::Settings;
use crate::economics::waterfalls::Waterfalls;
use crate::numeric::{exp, ln};
use crate::segment::Segmentation;
use crate::transaction::Money;

/// From this standardised difference on (a medium one by Cohen 1988) a segment is as different as it need be.
const DIFFERENT: f64 = 0.5;

/// From this share of a segment described by a rule (precision times recall) on it can be acted on as it is.
const DESCRIBED: f64 = 0.8;

/// How attractive a segment is to act on, after Kotler's five criteria. Each is a number from 0 to 1, and `None` where
/// nothing is known.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Attractiveness {
    /// The share of its customers whose value is known, times its stability where that was set: of how many can it be
    /// said that they belong to it, and what they are worth?
    pub measurable: Option<f64>,
    /// Its customers over the minimum audience, at most 1, times the size of its contribution or loss over the minimum share
    /// of all segments' together, at most 1: is enough at stake?
    pub substantial: Option<f64>,
    /// The share of its customers who can be addressed with their consent, as set.
    pub accessible: Option<f64>,
    /// How far it is from the other customers: the largest standardised difference over 0.5, at most 1.
    pub differentiable: Option<f64>,
    /// 1 where its response was tested; otherwise the share of it that a rule describes (precision times recall), as set,
    /// over 0.8, at most 1.
    pub actionable: Option<f64>,
    /// The largest standardised difference, and of what; `None` where it is everyone, or nothing can be compared.
    pub difference: Option<Difference>,
    /// The geometric mean of the known criteria: a zero vetoes. `None` where none is known.
    pub score: Option<f64>,
    /// The score times the contribution of its customers, in currency units: what there is to gain from acting on it.
    pub value: Option<f64>,
}

/// In what a segment differs most from the other customers.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Difference {
    /// What it differs in.
    pub measure: DifferenceMeasure,
    /// The difference of means over the standard deviation within both groups (Cohen's d), with its sign; infinite where
    /// nobody deviates from either mean.
    pub standardised: f64,
}

/// What segments are compared in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DifferenceMeasure {
    /// The last known margin per customer.
    Contribution,
    /// Gross per customer.
    Gross,
    /// Orders per customer.
    Orders,
    /// The raw return rate by value of customers with a value.
    ReturnRate,
}

impl DifferenceMeasure {
    const ALL: [Self; 4] = [Self::Contribution, Self::Gross, Self::Orders, Self::ReturnRate];
}

impl fmt::Display for DifferenceMeasure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Contribution => "contribution",
            Self::Gross => "gross",
            Self::Orders => "orders",
            Self::ReturnRate => "return rate",
        })
    }
}

impl Attractiveness {
    /// Of one segment: `stakes` is what all segments earn or lose together.
    pub(super) fn of(
        name: &str,
        segment: &SegmentEconomics,
        difference: Option<Difference>,
        stakes: f64,
        settings: &Settings,
    ) -> Self {
        let customers = segment.customers as f64;
        let share = |values: &[(String, f64)]| {
            values.iter().find(|(segment, _)| segment == name).map(|(_, value)| *value)
        };
        let tested = settings.response.iter().any(|(segment, _)| segment == name);
        let contribution = segment.contribution().to_f64();
        let measurable = (segment.customers > 0).then(|| {
            let known = 1.0 - segment.customers_unknown as f64 / customers;
            known * share(&settings.stability).unwrap_or(1.0)
        });
        let at_stake = if stakes > 0.0 { contribution.abs() / stakes } else { 0.0 };
        let large = |found: f64, needed: f64| if needed > 0.0 { (found / needed).min(1.0) } else { 1.0 };
        let substantial = large(customers, settings.minimum_audience as f64)
            * large(at_stake, settings.minimum_contribution_share);
        let mut found = Self {
            measurable,
            substantial: Some(substantial),
            accessible: share(&settings.consented),
            differentiable: difference.map(|found| (found.standardised.abs() / DIFFERENT).min(1.0)),
            actionable: if tested {
                Some(1.0)
            } else {
                share(&settings.described).map(|share| (share / DESCRIBED).min(1.0))
            },
            difference,
            score: None,
            value: None,
        };
        let known: Vec<f64> = found.criteria().into_iter().filter_map(|(_, value)| value).collect();
        found.score = (!known.is_empty()).then(|| geometric_mean(&known));
        found.value = found.score.map(|score| score * contribution);
        found
    }

    /// The five criteria with their names.
    #[must_use]
    pub fn criteria(&self) -> [(&'static str, Option<f64>); 5] {
        [
            ("measurable", self.measurable),
            ("substantial", self.substantial),
            ("accessible", self.accessible),
            ("differentiable", self.differentiable),
            ("actionable", self.actionable),
        ]
    }
}

fn geometric_mean(values: &[f64]) -> f64 {
    if values.iter().any(|value| *value <= 0.0) {
        return 0.0;
    }
    exp(values.iter().map(|value| ln(*value)).sum::<f64>() / values.len() as f64)
}

/// Count, mean and squared deviations of a group; merged by the rule of Chan, Golub and `LeVeque` (1979).
#[derive(Clone, Copy, Default)]
struct Moments {
    n: f64,
    mean: f64,
    squares: f64,
}

impl Moments {
    fn push(&mut self, x: f64) {
        self.n += 1.0;
        let before = x - self.mean;
        self.mean += before / self.n;
        self.squares += before * (x - self.mean);
    }

    /// Both together. One that is empty leaves the other as it is, to the bit.
    fn merged(self, other: Self) -> Self {
        if self.n <= 0.0 || other.n <= 0.0 {
            return if self.n > 0.0 { self } else { other };
        }
        let n = self.n + other.n;
        let apart = other.mean - self.mean;
        Self {
            n,
            mean: self.mean + apart * other.n / n,
            squares: self.squares + other.squares + apart * apart * self.n * other.n / n,
        }
    }

    /// Cohen's d of this group against another; `None` where one is empty or nothing is left to deviate.
    fn difference(self, rest: Self) -> Option<f64> {
        if self.n < 1.0 || rest.n < 1.0 {
            return None;
        }
        let apart = self.mean - rest.mean;
        let squares = self.squares + rest.squares;
        if squares <= 0.0 {
            return Some(if apart.abs() > 0.0 { f64::INFINITY.copysign(apart) } else { 0.0 });
        }
        Some(apart / (squares / (self.n + rest.n - 2.0)).sqrt())
    }
}

/// A group's moments in all measures.
type Measured = [Moments; DifferenceMeasure::ALL.len()];

fn joined(one: &Measured, other: &Measured) -> Measured {
    std::array::from_fn(|measure| one[measure].merged(other[measure]))
}

/// Of each group, all others together: those before it and those after it, which are joined one by one from either end.
fn others(groups: &[Measured]) -> Vec<Measured> {
    let mut after = vec![Measured::default(); groups.len()];
    for place in (1..groups.len()).rev() {
        after[place - 1] = joined(&groups[place], &after[place]);
    }
    let mut before = Measured::default();
    let others = groups.iter().zip(&after).map(|(group, after)| {
        let others = joined(&before, after);
        before = joined(&before, group);
        others
    });
    others.collect()
}

/// The largest standardised difference of each segment from all other customers, in the order of names.
///
/// One pass in fixed runs of rows, whose moments are joined in their order. O(customers + segments).
pub(super) fn differences(
    facts: &Facts<'_>,
    waterfalls: &Waterfalls,
    segments: &Segmentation,
) -> Vec<Option<Difference>> {
    let groups = segments.names().len() + 1;
    let amount = |value: i64| Money::from_ten_thousandths(value).to_f64();
    let values = |row: usize| -> [Option<f64>; DifferenceMeasure::ALL.len()] {
        let gross = facts.gross.get(row);
        let paid = facts.paid(row).filter(|paid| *paid > 0);
        let rate = || Some(amount(facts.attributed?.get(row)?) / amount(paid?));
        [
            waterfalls.last_margin(row).map(Money::to_f64),
            gross.map(amount),
            facts.orders.and_then(|orders| orders.get(row)).map(|orders| orders as f64),
            rate(),
        ]
    };
    let partials = by_groups(segments.len(), groups, |rows| {
        let mut sums = vec![Measured::default(); groups];
        for (code, row) in segments.codes()[rows.clone()].iter().zip(rows) {
            let group = &mut sums[usize::from(*code).min(groups - 1)];
            for (moments, value) in group.iter_mut().zip(values(row)) {
                if let Some(value) = value {
                    moments.push(value);
                }
            }
        }
        sums
    });
    let mut all = vec![Measured::default(); groups];
    for partial in &partials {
        all.iter_mut().zip(partial).for_each(|(sum, part)| *sum = joined(sum, part));
    }
    let of_segment = |(own, rest): (&Measured, Measured)| {
        let of = |(place, measure): (usize, &DifferenceMeasure)| {
            let standardised = own[place].difference(rest[place])?;
            Some(Difference { measure: *measure, standardised })
        };
        let found = DifferenceMeasure::ALL.iter().enumerate().filter_map(of);
        found.reduce(|a, b| if b.standardised.abs() > a.standardised.abs() { b } else { a })
    };
    all.iter().zip(others(&all)).take(groups - 1).map(of_segment).collect()
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    fn moments(values: &[f64]) -> Moments {
        let mut moments = Moments::default();
        for value in values {
            moments.push(*value);
        }
        moments
    }

    #[test]
    fn moments_of_parts_are_those_of_the_whole() {
        let values: Vec<f64> = (0..50).map(|i| f64::from(i * i % 17) + 1e6).collect();
        let whole = moments(&values);
        for cut in [0, 1, 20, 50] {
            let joined = moments(&values[..cut]).merged(moments(&values[cut..]));
            assert_relative_eq!(joined.mean, whole.mean, max_relative = 1e-15);
            assert_relative_eq!(joined.squares, whole.squares, max_relative = 1e-9);
        }
    }

    #[test]
    fn the_others_are_all_but_the_group_itself() {
        let groups: Vec<Vec<f64>> = (0..12_i32)
            .map(|group| (0..group % 5).map(|i| f64::from((group * 7 + i * i) % 13) + 1e3).collect())
            .collect();
        let measured: Vec<Measured> = groups.iter().map(|values| [moments(values); 4]).collect();
        let others = others(&measured);
        assert_eq!(others.len(), groups.len());
        for (place, found) in others.iter().enumerate() {
            let rest = groups.iter().enumerate().filter(|(other, _)| *other != place);
            let rest: Vec<f64> = rest.flat_map(|(_, values)| values.iter().copied()).collect();
            let n = rest.len() as f64;
            let mean = rest.iter().sum::<f64>() / n;
            let squares: f64 = rest.iter().map(|x| (x - mean) * (x - mean)).sum();
            assert_relative_eq!(found[3].n, n);
            assert_relative_eq!(found[3].mean, mean, max_relative = 1e-14);
            assert_relative_eq!(found[3].squares, squares, max_relative = 1e-9);
        }
        assert!(super::others(&[[moments(&[1.0]); 4]])[0][0].n.abs() < 1.0, "nobody else");
    }

    #[test]
    fn nothing_added_changes_nothing() {
        let alike = moments(&[0.1, 0.1, 0.1]);
        for same in [alike.merged(Moments::default()), Moments::default().merged(alike)] {
            assert_eq!(
                (same.n, same.mean.to_bits(), same.squares.to_bits()),
                (3.0, alike.mean.to_bits(), alike.squares.to_bits())
            );
        }
    }

    #[test]
    fn a_difference_is_cohens_d() {
        // Means 2 and 5, deviations within of 1 each: (2 − 5) / 1.
        let d = moments(&[1.0, 2.0, 3.0]).difference(moments(&[4.0, 5.0, 6.0]));
        assert_relative_eq!(d.unwrap(), -3.0, epsilon = 1e-12);
        assert_eq!(moments(&[1.0]).difference(moments(&[1.0])), Some(0.0));
        assert_eq!(moments(&[1.0]).difference(moments(&[2.0])), Some(f64::NEG_INFINITY));
        assert_eq!(moments(&[]).difference(moments(&[2.0])), None);
    }

    #[test]
    fn a_zero_vetoes() {
        assert_eq!(geometric_mean(&[1.0, 0.0, 1.0]).to_bits(), 0.0_f64.to_bits());
        assert_relative_eq!(geometric_mean(&[0.25, 1.0]), 0.5, epsilon = 1e-15);
    }
}
