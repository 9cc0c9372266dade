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
        let mut evidence = Self { variables: Vec::new(), values: Vec::new() };
        let mut from = 0;
        for dimensions in training.feature_of.chunk_by(|a, b| a == b) {
            let feature = dimensions[0];
            let dimensions = from..from + dimensions.len();
            from = dimensions.end;
            let mut information = InformationValue { feature, value: 0.0, beyond_chance: 0.0 };
            for (split, bins) in counts.splits(dimensions) {
                let told = counts.told(&split, bins);
                information.value += told.value;
                information.beyond_chance += told.beyond_chance;
                if told.beyond_chance >= LEAST_VALUE {
                    let weight = (told.beyond_chance / FULL_VALUE).min(1.0);
                    let points = told.woe.iter().map(|woe| weight * woe).collect();
                    evidence.variables.push(Variable { split, points });
                }
            }
            evidence.values.push(information);
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
            splits.extend(flags.into_iter().flat_map(|dimension| self.levels(vec![dimension])));
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
        for (number, row) in self.training.points.chunks_exact(self.training.dims).enumerate() {
            let bin = match split {
                Split::Cuts { dimension, cuts } => cuts.partition_point(|cut| *cut < row[*dimension]),
                Split::Levels { dimensions } => {
                    let place = dimensions.iter().position(|dimension| row[*dimension] > 0.5);
                    place.unwrap_or(dimensions.len())
                }
            };
            match self.training.weights.get(number) {
                Some(weight) => seeds[bin] += weight * self.scale,
                None => background[bin] += 1.0,
            }
        }
        let half = 0.5 * bins as f64;
        let others = self.training.background() as f64;
        let share = |count: f64, total: f64| (count + 0.5) / (total + half);
        let shares: Vec<(f64, f64)> = seeds
            .iter()
            .zip(&background)
            .map(|(s, b)| (share(*s, self.effective), share(*b, others)))
            .collect();
        let woe: Vec<f64> = shares.iter().map(|(p, q)| ln(p / q)).collect();
        let value: f64 = shares.iter().zip(&woe).map(|((p, q), woe)| (p - q) * woe).sum();
        let chance = (bins as f64 - 1.0) * (1.0 / (self.effective + half) + 1.0 / (others + half));
        Told { woe, value, beyond_chance: (value - chance).max(0.0) }
    }
}
