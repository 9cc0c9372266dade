//! Weight of evidence: what each feature says about likeness by itself, added up. For seeds too few for a regression,
//! and easy to explain.
//!
//! A numeric dimension is cut into at most ten bins at quantiles of the background, equal values together; dimensions of
//! 0 and 1 of one feature that exclude each other, as those of a category's levels do, are one variable whose bins are the
//! levels. With the share pₖ of seeds (by their weights) and qₖ of background in bin k, each smoothed by half a customer
//! a bin, `WOEₖ = ln (pₖ / qₖ)` and the information value `IV = Σ (pₖ − qₖ) WOEₖ`. The score is Σ weight · WOE over the
//! variables, which would be naive Bayes with all weights 1.
//!
//! **So that 25 seeds do not overfit:**
//! - Weights of seeds add up to their effective number, (Σw)² / Σw², so that smoothing is as strong as the seeds are few.
//! - There are as many bins as tens of effective seeds, 2 at least and 10 at most; levels with smaller shares than half
//!   that of an average bin, of seeds and of background, are one bin.
//! - A variable that says nothing has an expected IV of about (bins − 1) · (1/seeds + 1/background), that of a χ² statistic
//!   divided by the counts. This is taken off: `IV′ = max(0, IV − that)`. With 25 seeds it is 0.04, with ten bins it would be
//!   0.36, more than what is usually called strong.
//! - Variables of IV′ < 0.02 are left out; others weigh min(1, IV′ / 0.3), so that the doubtful ones count less.
//!
//! Sources: Siddiqi, Credit Risk Scorecards (2006) for WOE, IV and its levels; information value for lookalikes: Ma et al.
//! (2016).

use rayon::prelude::*;

use super::{Block, Scorer};
use crate::lookalike::training::Training;
use crate::numeric::ln;

/// Bins of a numeric dimension at most.
const MOST_BINS: usize = 10;

/// Effective seeds that a bin needs.
const SEEDS_PER_BIN: f64 = 10.0;

/// Below this a variable is left out.
const LEAST_VALUE: f64 = 0.02;

/// From here on a variable counts in full.
const FULL_VALUE: f64 = 0.3;

/// Above this a feature may be what made the seeds.
const SUSPICIOUS_VALUE: f64 = 0.5;

/// What a variable says.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Variable {
    pub(crate) split: Split,
    /// Weight times WOE of each bin.
    pub(crate) points: Vec<f64>,
}

/// How a variable's bins are told.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Split {
    /// The bin is the number of cuts below the value.
    Cuts { dimension: usize, cuts: Vec<f64> },
    /// The bin is the place of the dimension that is 1; the last one where none is.
    Levels { dimensions: Vec<usize> },
}

/// How much a feature tells seeds from others.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct InformationValue {
    /// The feature's position, as in [`Training::feature_of`].
    pub(crate) feature: usize,
    /// The IV of its variables together.
    pub(crate) value: f64,
    /// The same less what chance alone would give.
    pub(crate) beyond_chance: f64,
}

impl InformationValue {
    /// Whether it tells seeds from others so well that it should be looked at: it may be what defines them.
    pub(crate) fn is_suspicious(&self) -> bool {
        self.beyond_chance > SUSPICIOUS_VALUE
    }
}

/// A fitted weight-of-evidence score.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Evidence {
    pub(crate) variables: Vec<Variable>,
    /// One for each feature, in their order.
    pub(crate) values: Vec<InformationValue>,
}

impl Evidence {
    /// O(rows · dims · log rows).
    pub(crate) fn fit(training: &Training) -> Self {
        let counts = Counts::new(training);
        let mut from = 0;
        let features: Vec<(usize, std::ops::Range<usize>)> = training
            .feature_of
            .chunk_by(|a, b| a == b)
            .map(|dimensions| {
                let start = from;
                from += dimensions.len();
                (dimensions[0], start..from)
            })
            .collect();
        let fitted: Vec<(Vec<Variable>, InformationValue)> = features
            .into_par_iter()
            .map(|(feature, dimensions)| counts.feature(feature, dimensions))
            .collect();
        let mut evidence = Self { variables: Vec::new(), values: Vec::new() };
        for (variables, value) in fitted {
            evidence.variables.extend(variables);
            evidence.values.push(value);
        }
        evidence
    }

    /// What each variable adds to the score of one customer, whose numbers stand in the order of the dimensions: the first
    /// dimension of the variable and the part of the score.
    pub(crate) fn parts(&self, row: &[f64]) -> Vec<(usize, f64)> {
        let part = |variable: &Variable| match &variable.split {
            Split::Cuts { dimension, cuts } => {
                (*dimension, variable.points[cuts.iter().filter(|cut| **cut < row[*dimension]).count()])
            }
            Split::Levels { dimensions } => {
                let place = dimensions.iter().position(|dimension| row[*dimension] > 0.5);
                (dimensions[0], variable.points[place.unwrap_or(dimensions.len())])
            }
        };
        self.variables.iter().map(part).collect()
    }
}

impl Scorer for Evidence {
    fn score(&self, block: &Block<'_>, scores: &mut [f64]) {
        scores.fill(0.0);
        let mut bins = vec![0; block.rows];
        for variable in &self.variables {
            match &variable.split {
                Split::Cuts { dimension, cuts } => {
                    bins.fill(0);
                    for cut in cuts {
                        for (bin, value) in bins.iter_mut().zip(block.column(*dimension)) {
                            *bin += usize::from(*cut < *value);
                        }
                    }
                }
                Split::Levels { dimensions } => {
                    bins.fill(dimensions.len());
                    // The first that is set, as for one customer.
                    for (place, dimension) in dimensions.iter().enumerate().rev() {
                        for (bin, value) in bins.iter_mut().zip(block.column(*dimension)) {
                            *bin = if *value > 0.5 { place } else { *bin };
                        }
                    }
                }
            }
            for (score, bin) in scores.iter_mut().zip(&bins) {
                *score += variable.points[*bin];
            }
        }
    }
}

/// What a variable tells, before it is weighed.
struct Told {
    woe: Vec<f64>,
    value: f64,
    beyond_chance: f64,
}

/// The rows, and how they count.
struct Counts<'a> {
    training: &'a Training,
    /// What the weight of a seed is multiplied by, so that all together are their effective number.
    scale: f64,
    effective: f64,
    bins: usize,
}

impl<'a> Counts<'a> {
    fn new(training: &'a Training) -> Self {
        let total: f64 = training.weights.iter().sum();
        let squares: f64 = training.weights.iter().map(|weight| weight * weight).sum();
        let effective = if squares > 0.0 { total * total / squares } else { 0.0 };
        let bins = ((effective / SEEDS_PER_BIN) as usize).clamp(2, MOST_BINS);
        Self { training, scale: if total > 0.0 { effective / total } else { 0.0 }, effective, bins }
    }

    /// What a feature says: its variables that count, and its information value.
    fn feature(
        &self,
        feature: usize,
        dimensions: std::ops::Range<usize>,
    ) -> (Vec<Variable>, InformationValue) {
        let mut information = InformationValue { feature, value: 0.0, beyond_chance: 0.0 };
        let mut variables = Vec::new();
        for (split, bins) in self.splits(dimensions) {
            let told = self.told(&split, bins);
            information.value += told.value;
            information.beyond_chance += told.beyond_chance;
            if told.beyond_chance >= LEAST_VALUE {
                let weight = (told.beyond_chance / FULL_VALUE).min(1.0);
                let points = told.woe.iter().map(|woe| weight * woe).collect();
                variables.push(Variable { split, points });
            }
        }
        (variables, information)
    }

    fn column(&self, dimension: usize) -> impl Iterator<Item = f64> {
        self.training.points[dimension..].iter().step_by(self.training.dims).copied()
    }

    /// The variables of a feature's dimensions, and how many bins each has.
    fn splits(&self, dimensions: std::ops::Range<usize>) -> Vec<(Split, usize)> {
        let is_flag = |dimension: &usize| {
            self.column(*dimension).all(|value| value.abs() <= 0.0 || (value - 1.0).abs() <= 0.0)
        };
        let (flags, numbers): (Vec<usize>, Vec<usize>) = dimensions.partition(is_flag);
        let mut splits = Vec::new();
        for dimension in numbers {
            let cuts = self.cuts(dimension);
            let bins = cuts.len() + 1;
            splits.push((Split::Cuts { dimension, cuts }, bins));
        }
        let rows = self.training.points.chunks_exact(self.training.dims);
        let exclusive = |row: &[f64]| flags.iter().filter(|dimension| row[**dimension] > 0.5).count() < 2;
        if rows.clone().all(exclusive) {
            splits.extend(self.levels(flags));
        } else {
            splits.extend(flags.into_iter().filter_map(|dimension| self.levels(vec![dimension])));
        }
        splits
    }

    /// Levels that are common enough, the others together with none; nothing where only one bin would be left.
    fn levels(&self, mut dimensions: Vec<usize>) -> Option<(Split, usize)> {
        let least = 1.0 / (2.0 * self.bins as f64);
        let alone = dimensions.len() == 1;
        dimensions.retain(|dimension| {
            let (mut seeds, mut background) = (0.0, 0.0);
            for (row, value) in self.column(*dimension).enumerate() {
                match self.training.weights.get(row) {
                    Some(weight) => seeds += value * weight * self.scale,
                    None => background += value,
                }
            }
            let share = (seeds / self.effective).max(background / self.training.background().max(1) as f64);
            // There is nobody to put a single level together with.
            share >= least || (alone && share > 0.0)
        });
        let bins = dimensions.len() + 1;
        (bins > 1).then_some((Split::Levels { dimensions }, bins))
    }

    /// Cuts between bins, right-closed: type-7 quantiles of the background, each equal value on one side.
    fn cuts(&self, dimension: usize) -> Vec<f64> {
        let mut values: Vec<f64> = self.column(dimension).skip(self.training.seeds).collect();
        values.sort_unstable_by(f64::total_cmp);
        let Some(last) = values.len().checked_sub(1) else { return Vec::new() };
        let mut distinct = values.clone();
        distinct.dedup_by(|a, b| a.total_cmp(b).is_eq());
        // A cut at the highest value would leave the last bin empty: then below all that are equal to it.
        let below = distinct.len().checked_sub(2).map(|at| distinct[at]);
        let mut cuts: Vec<f64> = if distinct.len() <= self.bins {
            distinct
        } else {
            (1..self.bins)
                .map(|part| {
                    let place = (last * part) as f64 / self.bins as f64;
                    let low = place.floor() as usize;
                    let high = (low + 1).min(last);
                    values[low] + (place - low as f64) * (values[high] - values[low])
                })
                .collect()
        };
        for cut in &mut cuts {
            if *cut >= values[last] {
                *cut = below.unwrap_or(f64::NEG_INFINITY);
            }
        }
        cuts.retain(|cut| cut.is_finite());
        cuts.sort_unstable_by(f64::total_cmp);
        cuts.dedup_by(|a, b| a.total_cmp(b).is_eq());
        cuts
    }

    fn told(&self, split: &Split, bins: usize) -> Told {
        let mut seeds = vec![0.0; bins];
        let mut background = vec![0.0; bins];
        let mut rows = vec![0_u64; bins];
        for (number, row) in self.training.points.chunks_exact(self.training.dims).enumerate() {
            let bin = match split {
                Split::Cuts { dimension, cuts } => cuts.partition_point(|cut| *cut < row[*dimension]),
                Split::Levels { dimensions } => {
                    let place = dimensions.iter().position(|dimension| row[*dimension] > 0.5);
                    place.unwrap_or(dimensions.len())
                }
            };
            rows[bin] += 1;
            match self.training.weights.get(number) {
                Some(weight) => seeds[bin] += weight * self.scale,
                None => background[bin] += 1.0,
            }
        }
        // A bin that nobody is in says nothing, of those who come into it later either.
        let filled = rows.iter().filter(|rows| **rows > 0).count() as f64;
        let half = 0.5 * filled;
        let others = self.training.background() as f64;
        let share = |count: f64, total: f64| (count + 0.5) / (total + half);
        let shares: Vec<(f64, f64)> = seeds
            .iter()
            .zip(&background)
            .map(|(s, b)| (share(*s, self.effective), share(*b, others)))
            .collect();
        let woe: Vec<f64> =
            shares.iter().zip(&rows).map(|((p, q), rows)| if *rows > 0 { ln(p / q) } else { 0.0 }).collect();
        let value: f64 = shares.iter().zip(&woe).map(|((p, q), woe)| (p - q) * woe).sum();
        let chance = (filled - 1.0) * (1.0 / (self.effective + half) + 1.0 / (others + half));
        Told { woe, value, beyond_chance: (value - chance).max(0.0) }
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::super::tests::training;
    use super::*;
    use crate::random::Stream;

    fn column(values: &[f64]) -> Vec<Vec<f64>> {
        values.iter().map(|value| vec![*value]).collect()
    }

    /// By hand: 40 seeds, 30 with the flag; 100 others, 20 with it.
    #[test]
    fn a_flag_says_what_the_formula_says() {
        let flags = |ones: usize, zeros: usize| column(&[vec![1.0; ones], vec![0.0; zeros]].concat());
        let found = Evidence::fit(&training(&flags(30, 10), &flags(20, 80)));
        let (p, q) = (30.5 / 41.0, 20.5 / 101.0);
        let (with, without) = (f64::ln(p / q), f64::ln((1.0 - p) / (1.0 - q)));
        let value = (p - q) * with - (p - q) * without;
        assert_relative_eq!(found.values[0].value, value, max_relative = 1e-12);
        assert_relative_eq!(
            found.values[0].beyond_chance,
            value - 1.0 / 41.0 - 1.0 / 101.0,
            max_relative = 1e-12
        );
        assert!(found.values[0].is_suspicious());
        let [variable] = &found.variables[..] else { panic!("{found:?}") };
        assert_eq!(variable.split, Split::Levels { dimensions: vec![0] });
        assert_relative_eq!(variable.points[0], with, max_relative = 1e-12);
        assert_relative_eq!(variable.points[1], without, max_relative = 1e-12);
        assert_eq!(found.parts(&[1.0]), vec![(0, variable.points[0])]);
    }

    /// A level that nobody of the sample has is no sign of a seed, and makes a feature no more telling.
    #[test]
    fn a_bin_that_nobody_is_in_says_nothing() {
        let rows = |counts: [usize; 3]| -> Vec<Vec<f64>> {
            let level = |level: usize| (0..3).map(|at| f64::from(u8::from(at == level))).collect();
            (0..3).flat_map(|at| std::iter::repeat_n(level(at), counts[at])).collect()
        };
        let mut training = training(&rows([45, 10, 5]), &rows([2_500, 1_500, 1_000]));
        training.feature_of = vec![0; 3];
        let found = Evidence::fit(&training);
        let shares = |counts: [f64; 3]| counts.map(|n| (n + 0.5) / (counts.iter().sum::<f64>() + 1.5));
        let (seeds, others) = (shares([45.0, 10.0, 5.0]), shares([2_500.0, 1_500.0, 1_000.0]));
        let value: f64 = seeds.iter().zip(&others).map(|(p, q)| (p - q) * f64::ln(p / q)).sum();
        assert_relative_eq!(found.values[0].value, value, max_relative = 1e-12);
        let points = |row: &[f64]| found.parts(row)[0].1;
        assert!(points(&[1.0, 0.0, 0.0]) > 0.1 && points(&[0.0, 1.0, 0.0]) < -0.1);
        assert!(points(&[0.0, 0.0, 0.0]).abs() <= 0.0);
    }

    #[test]
    fn cuts_keep_equal_values_together() {
        let background: Vec<f64> = (0..1_000).map(|i| f64::from((i * 37) % 1_000)).collect();
        let cuts = |background: &[f64], seeds: usize| {
            let training = training(&column(&vec![0.5; seeds]), &column(background));
            Counts::new(&training).cuts(0)
        };
        let tenths = cuts(&background, 200);
        assert_eq!(tenths.len(), 9);
        assert_relative_eq!(tenths[0], 99.9, max_relative = 1e-12);
        assert_relative_eq!(tenths[8], 899.1, max_relative = 1e-12);
        assert_eq!(cuts(&background, 25).len(), 1);
        assert_eq!(cuts(&background, 55).len(), 4);
        let many_zeros = |value: f64| if value < 800.0 { 0.0 } else { value };
        let zeros: Vec<f64> = background.iter().map(|value| many_zeros(*value)).collect();
        assert_eq!(cuts(&zeros, 200).len(), 3, "below, and two of the rest");
        let mostly_highest: Vec<f64> = background.iter().map(|value| value.min(20.0)).collect();
        assert_eq!(cuts(&mostly_highest, 200), vec![19.0]);
        assert_eq!(cuts(&[1.0, 2.0, 2.0, 3.0, 1.0], 200), vec![1.0, 2.0]);
        assert!(cuts(&[4.0; 50], 200).is_empty());
        assert!(cuts(&[], 200).is_empty());
    }

    #[test]
    fn levels_of_a_category_are_one_variable() {
        let row = |level: usize| -> Vec<f64> { (0..3).map(|at| f64::from(u8::from(at == level))).collect() };
        let rows = |counts: [usize; 3]| -> Vec<Vec<f64>> {
            (0..3).flat_map(|level| vec![row(level); counts[level]]).collect()
        };
        let mut training = training(&rows([150, 50, 50]), &rows([100, 300, 600]));
        training.feature_of = vec![4, 4, 4];
        let found = Evidence::fit(&training);
        assert_eq!(found.variables.len(), 1);
        assert_eq!(found.values.len(), 1);
        assert_eq!(found.values[0].feature, 4);
        let (p, q) = (150.5 / 251.5, 100.5 / 1_001.5);
        assert_relative_eq!(found.variables[0].points[0], f64::ln(p / q), max_relative = 1e-12);
        // Where levels do not exclude each other, each is a variable.
        training.points[1] = 1.0;
        assert_eq!(Evidence::fit(&training).variables.len(), 3);
    }

    /// 25 seeds that are like everyone else, in 20 dimensions.
    #[test]
    fn few_seeds_learn_little_from_noise() {
        let mut kept = 0;
        let mut largest = 0.0_f64;
        for round in 0..20 {
            let mut stream = Stream::new(5, "noise", round);
            let mut rows = |count: usize| -> Vec<Vec<f64>> {
                (0..count).map(|_| (0..20).map(|_| stream.normal()).collect()).collect()
            };
            let found = Evidence::fit(&training(&rows(25), &rows(2_000)));
            kept += found.variables.len();
            let points = found.variables.iter().flat_map(|variable| &variable.points);
            largest = points.fold(largest, |largest, points| largest.max(points.abs()));
        }
        assert!(kept < 100, "{kept} of 400 variables of noise were kept");
        assert!(largest < 1.5, "{largest}");
        let mut stream = Stream::new(5, "signal", 0);
        let mut rows = |count: usize, shift: f64| -> Vec<Vec<f64>> {
            (0..count).map(|_| vec![stream.normal() + shift, stream.normal()]).collect()
        };
        let found = Evidence::fit(&training(&rows(25, 1.5), &rows(2_000, 0.0)));
        assert!(found.values[0].beyond_chance > 0.5 && found.values[1].beyond_chance < 0.2, "{found:?}");
    }

    #[test]
    fn weights_count_by_what_they_are_worth() {
        let flags = column(&[vec![1.0; 30], vec![0.0; 70]].concat());
        let mut training = training(&flags, &flags);
        assert!(Evidence::fit(&training).variables.is_empty());
        // As if each seed with the flag were there three times, for an effective number of 160² / 340.
        training.weights = [vec![3.0; 30], vec![1.0; 70]].concat();
        let effective = 160.0 * 160.0 / 340.0;
        let (p, q) = ((90.0 / 160.0 * effective + 0.5) / (effective + 1.0), 30.5 / 101.0);
        let found = Evidence::fit(&training).values[0].value;
        let expected = (p - q) * f64::ln(p / q) + (q - p) * f64::ln((1.0 - p) / (1.0 - q));
        assert_relative_eq!(found, expected, max_relative = 1e-12);
    }

    #[test]
    fn parts_add_up_to_the_score() {
        let mut stream = Stream::new(6, "parts", 0);
        let mut rows = |count: usize, shift: f64| -> Vec<Vec<f64>> {
            let mut row = || {
                let flag = f64::from(u8::from(stream.happens(0.3 + shift / 5.0)));
                vec![stream.normal() + shift, flag, stream.normal() - shift]
            };
            (0..count).map(|_| row()).collect()
        };
        let found = Evidence::fit(&training(&rows(120, 1.0), &rows(800, 0.0)));
        assert_eq!(found.variables.len(), 3);
        let rows = rows(50, 0.3);
        let values: Vec<f64> = (0..3).flat_map(|dim| rows.iter().map(move |row| row[dim])).collect();
        let mut scores = vec![0.0; 50];
        found.score(&Block { values: &values, rows: 50 }, &mut scores);
        for (row, score) in rows.iter().zip(scores) {
            let parts: f64 = found.parts(row).iter().map(|(_, part)| part).sum();
            assert_eq!(parts.to_bits(), score.to_bits());
        }
    }
}
