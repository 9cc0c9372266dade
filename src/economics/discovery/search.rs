//! The search: refine the best rules condition by condition, then tidy the best of all.
//!
//! A rule's refinements by all features come from one pass over the customers: small tables of counts and sums by
//! feature and code, from which every cut point and list of texts can be read off. Counts and sums are whole numbers,
//! so nothing depends on the order of the work.

use std::collections::BTreeSet;

use rayon::prelude::*;

use crate::economics::discovery::builder::Discovery;
use crate::economics::discovery::features::{Coded, Codes, Condition, Kind, Test};
use crate::economics::discovery::target::Target;
use crate::economics::rows::CHUNK;

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
    pub(super) score: i64,
    /// Those of them who look rich.
    pub(super) rich: u32,
    pub(super) rich_score: i64,
}

impl Sums {
    fn add(&mut self, other: Self) {
        self.customers += other.customers;
        self.score += other.score;
        self.rich += other.rich;
        self.rich_score += other.rich_score;
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

/// A rule with a value by which it is compared.
type Valued = (Rule, f64);

/// What became of a rule by one condition more.
struct Refined {
    /// The best of all, if one is below the line.
    best: Option<Valued>,
    /// The most promising one of each feature and kind of test.
    promising: Vec<Valued>,
    /// How many of enough customers were looked at.
    tried: u64,
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
        let mut beam: Vec<Valued> = vec![(Vec::new(), f64::NEG_INFINITY)];
        let mut found: Vec<Valued> = Vec::new();
        let (mut tried, mut worth) = (0, 1.0);
        for _ in 0..self.max_conditions {
            let refined: Vec<Refined> =
                beam.par_iter().map(|(rule, promise)| self.refinements(rule, *promise)).collect();
            beam.clear();
            for of_one in refined {
                tried += of_one.tried;
                found.extend(of_one.best.map(|(rule, quality)| (rule, quality / worth)));
                beam.extend(of_one.promising);
            }
            worth *= WORTH;
            beam = best(beam, self.beam);
        }
        (best(found, 1).pop().map(|(rule, _)| rule), tried)
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

    /// The refinements of a rule.
    fn refinements(&self, rule: &Rule, parent_promise: f64) -> Refined {
        let cells = self.cells(rule);
        let refined = |condition: &Condition| {
            let mut rule = rule.clone();
            rule.push(condition.clone());
            rule.sort();
            rule
        };
        let mut outcome = Refined { best: None, promising: Vec::new(), tried: 0 };
        for feature in 0..self.features.len() {
            let mut promising: [Option<(Condition, f64)>; Test::KINDS] = [const { None }; Test::KINDS];
            self.candidates(feature, &cells, |test, sums| {
                outcome.tried += u64::from(sums.customers >= self.least);
                let condition = Condition { feature, test };
                if rule.iter().any(|own| own.is_alike(&condition)) {
                    return;
                }
                if let Some(quality) = self.quality(sums)
                    && outcome.best.as_ref().is_none_or(|(_, best)| quality > *best)
                {
                    outcome.best = Some((refined(&condition), quality));
                }
                let kind = &mut promising[condition.test.kind()];
                if let Some(promise) = self.promise(sums).filter(|promise| *promise > parent_promise)
                    && kind.as_ref().is_none_or(|(_, best)| promise > *best)
                {
                    *kind = Some((condition, promise));
                }
            });
            let rules = promising.iter().flatten().map(|(condition, promise)| (refined(condition), *promise));
            outcome.promising.extend(rules);
        }
        outcome
    }

    /// The quality of a rule; `None` where its customers are too few, mostly do not look rich, or are not below the line.
    ///
    /// It is the total shortfall over the fourth root of the size (Klösgen 1996, with the exponent ¾): a customer more is
    /// taken in as long as she is short by more than a quarter of the group's mean.
    fn quality(&self, sums: Sums) -> Option<f64> {
        let counts = sums.customers >= self.least.max(1) && sums.rich > sums.customers / 2 && sums.score > 0;
        counts.then(|| sums.score as f64 / f64::from(sums.customers).sqrt().sqrt())
    }

    /// What may become of a rule when it is refined: how far those of its customers who look rich are beyond what is
    /// usual among the rich, by the mean test (Klösgen's exponent ½). `None` where they are too few for any refinement
    /// to be one that counts.
    fn promise(&self, sums: Sums) -> Option<f64> {
        let rich = f64::from(sums.rich);
        let enough = sums.customers >= self.least.max(1) && sums.rich > self.least / 2;
        enough.then(|| (sums.rich_score as f64 - rich * self.usual) / rich.sqrt())
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
                        let score = i64::from(*score);
                        let own = Sums {
                            customers: 1,
                            score,
                            rich: u32::from(*rich),
                            rich_score: if *rich { score } else { 0 },
                        };
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
                let without = self.quality(self.total(&cells)).filter(|_| !others.is_empty());
                if let Some(without) = without.filter(|without| quality <= without * WORTH) {
                    (rule, quality) = (others, without);
                    continue;
                }
                self.candidates(own.feature, &cells, |test, sums| {
                    let condition = Condition { feature: own.feature, test };
                    if let Some(better) = self.quality(sums).filter(|found| *found > quality)
                        && condition.is_alike(&own)
                    {
                        quality = better;
                        rule[place] = condition;
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

/// The best rules, each once: by value, of equals the shorter one, then by what it says.
fn best(mut rules: Vec<Valued>, most: usize) -> Vec<Valued> {
    rules.sort_by(|(rule, value), (other, other_value)| {
        other_value.total_cmp(value).then(rule.len().cmp(&other.len())).then_with(|| rule.cmp(other))
    });
    let mut seen = BTreeSet::new();
    rules.retain(|(rule, _)| seen.len() < most && seen.insert(rule.clone()));
    rules
}
