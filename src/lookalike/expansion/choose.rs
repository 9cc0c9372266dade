//! From a pool to an audience.

use rayon::prelude::*;

use super::audience::{Audience, Figures, Limited, limited};
use super::pool::{Pool, nothing_known, shortfall};
use super::settings::{Expansion, Limit, Size};
use crate::error::{Error, Result};
use crate::features::FeatureTable;
use crate::layout::grouped;
use crate::lookalike::Scores;
use crate::lookalike::key::key;
use crate::lookalike::selection::{Outcome, Selection, best, choose, excess_of};

/// Rounds of a search for the lowest rate; each comes closer, the last ones by nothing.
const ROUNDS: usize = 60;

/// The limit's excess of each of the pool, in its own unit, and that unit in currency.
pub(super) struct Excess {
    pub(super) numbers: Vec<f64>,
    pub(super) unit: f64,
}

impl Expansion {
    /// The audience of a table's customers by their scores; see [`Expansion`].
    ///
    /// Under a limit it is the audience of the size whose similarities (or profits) sum to most, as far as
    /// [`Limited::bound`] proves, and that keeps the limit exactly. Its members stand in the order of their
    /// similarity (or profit), of equal ones in that of a hash of their ids. O(customers), and a sort of the members.
    ///
    /// # Errors
    /// [`Error::Incompatible`] where the scores are of other customers; [`Error::Empty`] where no one can be chosen,
    /// there are no seeds to balance, or nothing is known that a limit needs; [`Error::Unreachable`] where the size
    /// is beyond the pool, no one reaches a threshold, the audience would be smaller than demanded, or no audience of
    /// the size keeps the limit; it names what can be had. [`Error::MissingFeature`] and [`Error::FeatureType`] for
    /// columns that a limit, the profit or the predicate needs.
    pub fn choose(&self, table: &FeatureTable, scores: &Scores) -> Result<Audience> {
        let pool = Pool::of(self, table, scores)?;
        let key = |place: usize| key(scores.ids(), pool.rows[place], &self.salt);
        let objective = pool.objective(self, scores)?;
        let (from, size) = self.places(&pool, scores)?;
        let at_least = usize::try_from(self.min_customers).unwrap_or(usize::MAX);
        if size - from < at_least {
            return Err(Error::Unreachable {
                wanted: format!("{} customers or more", grouped(self.min_customers)),
                reachable: format!(
                    "{} are {} of the {} who can be chosen",
                    grouped((size - from) as u64),
                    self.size,
                    grouped(pool.len() as u64)
                ),
            });
        }
        let (places, limited) = match self.limit() {
            None => {
                let mut places = best(&objective, size, &key)?;
                if from > 0 {
                    let before = best(&objective, from, &key)?;
                    places.retain(|place| before.binary_search(place).is_err());
                }
                (places, None)
            }
            Some(limit) => {
                let (selection, limited) = self.under(limit, table, &pool, &objective, size, &key)?;
                (selection.rows, Some(limited))
            }
        };
        let mut places = places;
        places.par_sort_unstable_by(|one, other| {
            objective[*other]
                .total_cmp(&objective[*one])
                .then_with(|| key(*one).cmp(&key(*other)))
                .then_with(|| one.cmp(other))
        });
        let figures = Figures::of(self, table, &pool, &places)?;
        Ok(Audience::new(self, table, &pool, &places, figures, limited))
    }

    /// Which places of the ranking: from the one to before the other.
    fn places(&self, pool: &Pool, scores: &Scores) -> Result<(usize, usize)> {
        let n = pool.len();
        let of = |share: f64| ((share * n as f64).round() as usize).min(n);
        let beyond = |wanted: String, reachable: String| Err(Error::Unreachable { wanted, reachable });
        match self.size {
            Size::Share(share) => Ok((0, of(share).max(1))),
            Size::Customers(customers) => match usize::try_from(customers).ok().filter(|size| *size <= n) {
                Some(size) => Ok((0, size)),
                None => beyond(
                    format!("{} customers", grouped(customers)),
                    format!("{} can be chosen", grouped(n as u64)),
                ),
            },
            Size::Threshold(least) => {
                let reached = pool.similarity.par_iter().filter(|own| **own >= least).count();
                let highest = pool.similarity.iter().copied().fold(0.0, f64::max);
                if reached == 0 {
                    return beyond(self.size.to_string(), format!("the highest similarity is {highest:.4}"));
                }
                Ok((0, reached))
            }
            Size::Band { from, to } if of(from) < of(to) => Ok((of(from), of(to))),
            Size::Band { .. } => beyond(
                self.size.to_string(),
                format!("of the {} who can be chosen that is no one", grouped(n as u64)),
            ),
            Size::Balanced => balanced(pool, scores).map(|size| (0, size)),
        }
    }

    /// The best of a size under a limit.
    pub(super) fn under(
        &self,
        limit: Limit,
        table: &FeatureTable,
        pool: &Pool,
        objective: &[f64],
        size: usize,
        key: &(dyn Fn(usize) -> u64 + Sync),
    ) -> Result<(Selection, Limited)> {
        let excess = self.excess(limit, table, pool)?;
        match choose(objective, &excess.numbers, size, key)? {
            Outcome::Chosen(selection) => {
                let limited = limited(limit, &selection, excess.unit);
                Ok((*selection, limited))
            }
            Outcome::Impossible { largest } => {
                let lowest = match limit {
                    Limit::ReturnRate(_) => {
                        format!("{:.1} %", 100.0 * self.lowest_rate(pool, size, key)?)
                    }
                    Limit::Contribution(floor) => {
                        let of = |short: f64| floor.to_f64() - short * excess.unit;
                        let most: Vec<f64> = excess.numbers.par_iter().map(|short| -short).collect();
                        let rows = best(&most, size, key)?;
                        let short: f64 = rows.iter().map(|row| excess.numbers[*row]).sum();
                        format!("{:.2}", of(short / size as f64))
                    }
                };
                Err(Error::Unreachable {
                    wanted: format!("{} customers with {limit}", grouped(size as u64)),
                    reachable: format!(
                        "the best that so many of the {} in the pool reach is {lowest}; within the limit there are at \
                         most {} customers",
                        grouped(pool.len() as u64),
                        grouped(largest as u64)
                    ),
                })
            }
        }
    }

    /// By how much each of the pool is beyond a limit.
    fn excess(&self, limit: Limit, table: &FeatureTable, pool: &Pool) -> Result<Excess> {
        match limit {
            Limit::ReturnRate(cap) => {
                let (value, rate) = self.value_and_rate(pool)?;
                let of = |(value, rate): (&f64, &f64)| excess_of(*value, *rate, cap);
                let numbers = value.par_iter().zip(rate).with_min_len(1 << 14).map(of).collect();
                Ok(Excess { numbers, unit: 1.0 })
            }
            Limit::Contribution(floor) => {
                let contributions = pool.contributions(table, &self.columns.contribution)?;
                let numbers = contributions.par_iter().map(|own| shortfall(floor, *own)).collect();
                Ok(Excess { numbers, unit: 1e-4 })
            }
        }
    }

    /// The values and the return rates that a cap goes by.
    fn value_and_rate<'a>(&self, pool: &'a Pool) -> Result<(&'a [f64], &'a [f64])> {
        let expected = &pool.expected;
        let rate = if self.cautious { &expected.high } else { &expected.rate };
        match (&expected.value, rate) {
            (Some(value), Some(rate)) => Ok((&value.numbers, &rate.numbers)),
            _ => Err(nothing_known()),
        }
    }

    /// The lowest return rate by value that so many of the pool have: Dinkelbach's iteration (Management Science 1967).
    fn lowest_rate(&self, pool: &Pool, size: usize, key: &(dyn Fn(usize) -> u64 + Sync)) -> Result<f64> {
        let (value, rate) = self.value_and_rate(pool)?;
        let mut lowest = 1e9;
        for _ in 0..ROUNDS {
            let worth: Vec<f64> =
                value.par_iter().zip(rate).map(|(value, rate)| -value * (rate - lowest)).collect();
            let rows = best(&worth, size, key)?;
            let demand: f64 = rows.iter().map(|row| value[*row]).sum();
            let returns: f64 = rows.iter().map(|row| value[*row] * rate[*row]).sum();
            let found = if demand > 0.0 { returns / demand } else { 0.0 };
            if found >= lowest {
                break;
            }
            lowest = found;
        }
        Ok(lowest)
    }
}

/// The first number at which as large a share of the seeds is at or above the border as of the pool below it.
fn balanced(pool: &Pool, scores: &Scores) -> Result<usize> {
    let descending = |mut all: Vec<f64>| {
        all.par_sort_unstable_by(|one, other| other.total_cmp(one));
        all
    };
    let seeds: Vec<f64> = scores.seed.ones().map(|row| scores.similarity(row)).collect();
    if seeds.is_empty() {
        let hint = "a balanced size compares the pool with the seeds; give a share or a number";
        return Err(Error::Empty { what: "the set of seeds", hint });
    }
    let (seeds, others) = (descending(seeds), descending(pool.similarity.clone()));
    let n = others.len();
    let mut reached = 0;
    for (place, border) in others.iter().enumerate() {
        while seeds.get(reached).is_some_and(|seed| seed >= border) {
            reached += 1;
        }
        // reached / seeds ≥ (n − size) / n in whole numbers.
        let size = place + 1;
        if reached as u128 * n as u128 >= (n - size) as u128 * seeds.len() as u128 {
            return Ok(size);
        }
    }
    Ok(n)
}
