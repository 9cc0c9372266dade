//! The search: refine the best rules condition by condition, then tidy the best of all.
//!
//! A rule's refinements by all features come from one pass over the customers: small tables of counts and sums by
//! feature and code, from which every cut point and list of texts can be read off. Counts and sums are whole numbers,
//! so nothing depends on the order of the work.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use rayon::prelude::*;

use crate::economics::discovery::builder::Discovery;
use crate::economics::discovery::features::{Coded, Codes, Condition, Kind, Test};
use crate::economics::discovery::target::Target;

/// Customers of one task.
const CHUNK: usize = 1 << 14;

/// The most texts that one condition lists.
const LISTED: usize = 4;

/// A condition has to raise the quality of a rule by this factor to be kept.
const WORTH: f64 = 1.02;

/// How often a rule's conditions are gone through when it is tidied.
const ROUNDS: usize = 6;

/// Conditions that all hold, ascending.
pub(super) type Rule = Vec<Condition>;

/// Customers that a rule describes.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Sums {
    pub(super) customers: u32,
    /// Those of them who look rich.
    pub(super) rich: u32,
    pub(super) score: i64,
}

impl Sums {
    fn add(&mut self, other: Self) {
        self.customers += other.customers;
        self.rich += other.rich;
        self.score += other.score;
    }
}

/// How good a rule is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Quality {
    /// Whether its customers together are below the line.
    pub(super) below: bool,
    value: f64,
}

impl Quality {
    fn order(&self, other: &Self) -> Ordering {
        self.below.cmp(&other.below).then(self.value.total_cmp(&other.value))
    }

    /// Whether it is better by a factor. Above the line that is not asked.
    fn exceeds(&self, other: &Self, factor: f64) -> bool {
        let factor = if self.below && other.below { factor } else { 1.0 };
        self.below > other.below || (self.below == other.below && self.value > other.value * factor)
    }
}

/// The customers the search sees.
pub(super) struct Search<'a> {
    features: &'a [Coded],
    /// Row by row of the training customers, one code per feature.
    codes: Vec<u8>,
    scores: Vec<i32>,
    rich: Vec<bool>,
    /// Where each feature's cells begin, and last how many there are.
    offsets: Vec<usize>,
    least: u32,
    /// The mean score of rich customers.
    usual: f64,
    beam: usize,
    max_conditions: usize,
}

/// What a search found.
pub(super) struct Found {
    /// The best rules in turn.
    pub(super) rules: Vec<Rule>,
    /// How many training customers each describes whom none before it does.
    pub(super) described: Vec<u32>,
    /// How many rules of enough customers were looked at.
    pub(super) tried: u64,
}

impl<'a> Search<'a> {
    /// `least` is the fewest training customers of a rule.
    pub(super) fn new(features: &'a [Coded], target: &Target, discovery: &Discovery, least: u32) -> Self {
        let rows: Vec<usize> = target.training.ones().collect();
        let codes = rows
            .par_chunks(CHUNK)
            .flat_map_iter(|rows| {
                let mut codes = vec![0; rows.len() * features.len()];
                for (place, feature) in features.iter().enumerate() {
                    for (own, row) in codes.chunks_exact_mut(features.len()).zip(rows) {
                        own[place] = feature.codes[*row];
                    }
                }
                codes
            })
            .collect();
        let mut offsets = vec![0];
        for feature in features {
            offsets.push(offsets[offsets.len() - 1] + feature.codes());
        }
        let scores: Vec<i32> = rows.iter().map(|row| target.scores[*row]).collect();
        let rich: Vec<bool> = rows.iter().map(|row| target.rich.get(*row)).collect();
        let of_rich = scores.iter().zip(&rich).filter(|(_, rich)| **rich);
        let (sum, count) =
            of_rich.fold((0_i64, 0_u32), |(sum, count), (score, _)| (sum + i64::from(*score), count + 1));
        Self {
            features,
            codes,
            scores,
            rich,
            offsets,
            least,
            usual: sum as f64 / f64::from(count.max(1)),
            beam: discovery.beam as usize,
            max_conditions: discovery.max_conditions as usize,
        }
    }

    /// At most `most` rules, the best first, each found among the customers whom those before it do not describe.
    pub(super) fn run(mut self, most: usize) -> Found {
        let mut found = Found { rules: Vec::new(), described: Vec::new(), tried: 0 };
        while found.rules.len() < most {
            let (rule, tried) = self.best_rule();
            found.tried += tried;
            let Some(rule) = rule else { break };
            let rule = self.tidied(rule);
            found.described.push(self.total(&self.cells(&rule)).customers);
            self.forget(&rule);
            found.rules.push(rule);
        }
        found
    }

    /// The best of all rules the beam comes by, if one is below the line; and how many it came by.
    fn best_rule(&self) -> (Option<Rule>, u64) {
        let mut beam: Vec<(Rule, Option<Quality>)> = vec![(Vec::new(), None)];
        let mut top: Vec<(Rule, Quality)> = Vec::new();
        let mut tried = 0;
        for _ in 0..self.max_conditions {
            let refined: Vec<(Vec<(Rule, Quality)>, u64)> =
                beam.par_iter().map(|(rule, quality)| self.refinements(rule, *quality)).collect();
            tried += refined.iter().map(|(_, tried)| tried).sum::<u64>();
            let next = best(refined.into_iter().flat_map(|(rules, _)| rules).collect(), self.beam);
            top.extend(next.first().filter(|(_, quality)| quality.below).cloned());
            beam = next.into_iter().map(|(rule, quality)| (rule, Some(quality))).collect();
        }
        (best(top, 1).pop().map(|(rule, _)| rule), tried)
    }

    /// Leaves the customers of a rule out of what follows.
    fn forget(&mut self, rule: &[Condition]) {
        let conditions: Vec<(usize, Codes)> =
            rule.iter().map(|condition| (condition.feature, condition.codes())).collect();
        let width = self.features.len();
        let rows = self.codes.chunks_exact(width).map(|codes| !meets(codes, &conditions));
        let kept: Vec<usize> = rows.enumerate().filter(|(_, kept)| *kept).map(|(row, _)| row).collect();
        self.codes =
            kept.iter().flat_map(|row| &self.codes[row * width..(row + 1) * width]).copied().collect();
        self.scores = kept.iter().map(|row| self.scores[*row]).collect();
        self.rich = kept.iter().map(|row| self.rich[*row]).collect();
    }

    /// The best refinement of a rule by each feature and kind of test, and how many were looked at.
    fn refinements(&self, rule: &Rule, parent: Option<Quality>) -> (Vec<(Rule, Quality)>, u64) {
        let cells = self.cells(rule);
        let mut tried = 0;
        let mut found = Vec::new();
        for feature in 0..self.features.len() {
            let mut kinds: [Option<(Condition, Quality)>; 4] = [const { None }; 4];
            self.candidates(feature, &cells, |test, sums| {
                tried += u64::from(sums.customers >= self.least);
                let Some(quality) = self.quality(sums) else { return };
                let kind = match test {
                    Test::AtLeast(_) => 0,
                    Test::Below(_) => 1,
                    Test::Missing => 2,
                    Test::OneOf(_) => 3,
                };
                let condition = Condition { feature, test };
                let repeated = rule.iter().any(|own| {
                    own.feature == feature
                        && std::mem::discriminant(&own.test) == std::mem::discriminant(&condition.test)
                });
                let better =
                    kinds[kind].as_ref().is_none_or(|(_, best)| quality.order(best) == Ordering::Greater);
                if better && !repeated && parent.is_none_or(|parent| quality.exceeds(&parent, 1.0)) {
                    kinds[kind] = Some((condition, quality));
                }
            });
            for (condition, quality) in kinds.into_iter().flatten() {
                let mut rule = rule.clone();
                rule.push(condition);
                rule.sort();
                found.push((rule, quality));
            }
        }
        (found, tried)
    }

    /// The quality of a group; `None` where it is too small or most of it does not look rich.
    ///
    /// Below the line the total shortfall over the fourth root of the size (Klösgen 1996, with the exponent ¾): a further
    /// customer is taken in as long as she is short by more than a quarter of the group's mean. Above the line such
    /// groups are only ways to others: the mean test against what is usual among the rich, which keeps them large.
    fn quality(&self, sums: Sums) -> Option<Quality> {
        if sums.customers < self.least.max(1) || sums.rich <= sums.customers / 2 {
            return None;
        }
        let (customers, score) = (f64::from(sums.customers), sums.score as f64);
        let below = sums.score > 0;
        let value = if below {
            score / customers.sqrt().sqrt()
        } else {
            (score - customers * self.usual) / customers.sqrt()
        };
        Some(Quality { below, value })
    }

    /// Calls a function with each test of a feature and the customers of the cells that meet it.
    fn candidates(&self, feature: usize, cells: &[Sums], mut each: impl FnMut(Test, Sums)) {
        let cells = &cells[self.offsets[feature]..self.offsets[feature + 1]];
        each(Test::Missing, cells[0]);
        match &self.features[feature].kind {
            Kind::Number { cuts } => {
                let mut below = Sums::default();
                for (cut, cell) in (0..cuts.len()).zip(&cells[1..]) {
                    below.add(*cell);
                    each(Test::Below(cut as u8), below);
                }
                let mut above = Sums::default();
                for cut in (0..cuts.len()).rev() {
                    above.add(cells[cut + 2]);
                    each(Test::AtLeast(cut as u8), above);
                }
            }
            // In the order of their means, the best list of texts is one of the first (Breiman and others 1984, for
            // any measure that is convex in count and sum).
            Kind::Text { texts } => {
                let mut order: Vec<usize> =
                    (1..=texts.len()).filter(|code| cells[*code].customers > 0).collect();
                let mean = |code: usize| cells[code].score as f64 / f64::from(cells[code].customers);
                order.sort_by(|a, b| mean(*b).total_cmp(&mean(*a)).then(a.cmp(b)));
                let mut sums = Sums::default();
                for count in 1..=order.len().min(LISTED) {
                    sums.add(cells[order[count - 1]]);
                    let mut codes: Vec<u8> = order[..count].iter().map(|code| *code as u8).collect();
                    codes.sort_unstable();
                    each(Test::OneOf(codes), sums);
                }
            }
        }
    }

    /// The customers of a rule by feature and code.
    fn cells(&self, rule: &[Condition]) -> Vec<Sums> {
        let conditions: Vec<(usize, Codes)> =
            rule.iter().map(|condition| (condition.feature, condition.codes())).collect();
        let width = self.features.len();
        let empty = || vec![Sums::default(); self.offsets[width]];
        self.codes
            .par_chunks(CHUNK * width)
            .zip(self.scores.par_chunks(CHUNK))
            .zip(self.rich.par_chunks(CHUNK))
            .fold(empty, |mut cells, ((codes, scores), rich)| {
                for ((codes, score), rich) in codes.chunks_exact(width).zip(scores).zip(rich) {
                    if meets(codes, &conditions) {
                        let own = Sums { customers: 1, rich: u32::from(*rich), score: i64::from(*score) };
                        for (offset, code) in self.offsets.iter().zip(codes) {
                            cells[offset + usize::from(*code)].add(own);
                        }
                    }
                }
                cells
            })
            .reduce(empty, |mut left, right| {
                left.iter_mut().zip(right).for_each(|(left, right)| left.add(right));
                left
            })
    }

    /// Everyone in some cells of [`Search::cells`].
    fn total(&self, cells: &[Sums]) -> Sums {
        let mut total = Sums::default();
        cells[..self.offsets[1]].iter().for_each(|cell| total.add(*cell));
        total
    }

    /// The rule without conditions that hardly matter, each of the others at the best place that there is beside them.
    fn tidied(&self, mut rule: Rule) -> Rule {
        let Some(mut quality) = self.quality(self.total(&self.cells(&rule))) else { return rule };
        for _ in 0..ROUNDS {
            let before = rule.clone();
            let mut place = 0;
            while place < rule.len() {
                let mut others = rule.clone();
                let own = others.remove(place);
                let cells = self.cells(&others);
                if !others.is_empty()
                    && let Some(without) = self.quality(self.total(&cells))
                    && !quality.exceeds(&without, WORTH)
                {
                    (rule, quality) = (others, without);
                    continue;
                }
                self.candidates(own.feature, &cells, |test, sums| {
                    if std::mem::discriminant(&test) == std::mem::discriminant(&own.test)
                        && let Some(better) = self.quality(sums).filter(|found| found.exceeds(&quality, 1.0))
                    {
                        quality = better;
                        rule[place] = Condition { feature: own.feature, test };
                    }
                });
                place += 1;
            }
            rule.sort();
            if rule == before {
                break;
            }
        }
        rule
    }
}

/// Whether a row of codes meets all conditions.
#[inline]
fn meets(row: &[u8], conditions: &[(usize, Codes)]) -> bool {
    conditions.iter().all(|(feature, codes)| {
        let code = row[*feature];
        codes[usize::from(code >> 6)] >> (code & 63) & 1 == 1
    })
}

/// The best rules, each once: by quality, of equals the shorter one, then by what it says.
fn best(mut rules: Vec<(Rule, Quality)>, most: usize) -> Vec<(Rule, Quality)> {
    rules.sort_by(|(rule, quality), (other, other_quality)| {
        other_quality.order(quality).then(rule.len().cmp(&other.len())).then_with(|| rule.cmp(other))
    });
    let mut seen = BTreeSet::new();
    rules.retain(|(rule, _)| seen.len() < most && seen.insert(rule.clone()));
    rules
}
