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
use crate::transaction::Money;

/// Rounds of a search for the lowest rate; each comes closer, the last ones by nothing.
const ROUNDS: usize = 60;

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
        Ready::of(self, table, scores)?.audience(self)
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
}

/// A pool whose audience's size is settled, for any limit of its kind.
pub(super) struct Ready<'a> {
    table: &'a FeatureTable,
    scores: &'a Scores,
    pool: Pool,
    /// What each of the pool is ranked by.
    objective: Vec<f64>,
    /// The places of the ranking: from the one to before the other.
    from: usize,
    size: usize,
}

impl<'a> Ready<'a> {
    pub(super) fn of(expansion: &Expansion, table: &'a FeatureTable, scores: &'a Scores) -> Result<Self> {
        let pool = Pool::of(expansion, table, scores)?;
        let objective = pool.objective(expansion, scores)?;
        let (from, size) = expansion.places(&pool, scores)?;
        let at_least = usize::try_from(expansion.min_customers).unwrap_or(usize::MAX);
        if size - from < at_least {
            return Err(Error::Unreachable {
                wanted: format!("{} customers or more", grouped(expansion.min_customers)),
                reachable: format!(
                    "{} are {} of the {} who can be chosen",
                    grouped((size - from) as u64),
                    expansion.size,
                    grouped(pool.len() as u64)
                ),
            });
        }
        Ok(Self { table, scores, pool, objective, from, size })
    }

    /// How many customers an audience has.
    pub(super) fn customers(&self) -> u64 {
        (self.size - self.from) as u64
    }

    /// The audience under the limit of an expansion, which differs from the one this was made of in nothing else.
    pub(super) fn audience(&self, expansion: &Expansion) -> Result<Audience> {
        let Self { table, pool, objective, .. } = self;
        let key = |place: usize| key(self.scores.ids(), pool.rows[place], &expansion.salt);
        let (places, limited) = match expansion.limit() {
            None => {
                let mut places = best(objective, self.size, &key)?;
                if self.from > 0 {
                    let before = best(objective, self.from, &key)?;
                    places.retain(|place| before.binary_search(place).is_err());
                }
                (places, None)
            }
            Some(limit) => {
                let (selection, limited) = self.under(limit, expansion, &key)?;
                (selection.rows, Some(limited))
            }
        };
        let places = in_order(places, objective, &key);
        let figures = Figures::of(expansion, table, pool, &places)?;
        Ok(Audience::new(expansion, table, pool, &places, figures, limited))
    }

    /// The best of the size under a limit.
    fn under(
        &self,
        limit: Limit,
        expansion: &Expansion,
        key: &(dyn Fn(usize) -> u64 + Sync),
    ) -> Result<(Selection, Limited)> {
        let (pool, size) = (&self.pool, self.size);
        // With the currency units that one of its own is.
        let (excess, unit) = match limit {
            Limit::ReturnRate(cap) | Limit::UpperReturnRate(cap) => (self.beyond(expansion, cap)?, 1.0),
            Limit::Contribution(floor) => {
                let contributions = pool.contributions(self.table, &expansion.columns.contribution)?;
                (contributions.par_iter().map(|own| shortfall(floor, *own)).collect(), 1e-4)
            }
        };
        match choose(&self.objective, &excess, size, key)? {
            Outcome::Chosen(selection) => {
                let limited = limited(limit, &selection, unit);
                Ok((*selection, limited))
            }
            Outcome::Impossible { largest } => {
                let reached = match limit {
                    Limit::Contribution(_) => self.highest_floor(expansion, key)?.to_string(),
                    _ => self.lowest_cap(expansion, key)?,
                };
                Err(Error::Unreachable {
                    wanted: format!("{} customers with {limit}", grouped(size as u64)),
                    reachable: format!(
                        "the best that so many of the {} in the pool reach is {reached}; within the limit there are at \
                         most {} customers",
                        grouped(pool.len() as u64),
                        grouped(largest as u64)
                    ),
                })
            }
        }
    }

    /// By how much each of the pool is beyond a cap.
    fn beyond(&self, expansion: &Expansion, cap: f64) -> Result<Vec<f64>> {
        let (value, rate) = self.value_and_rate(expansion)?;
        let of = |(value, rate): (&f64, &f64)| excess_of(*value, *rate, cap);
        Ok(value.par_iter().zip(rate).with_min_len(1 << 14).map(of).collect())
    }

    /// The values and the return rates that a cap goes by.
    fn value_and_rate(&self, expansion: &Expansion) -> Result<(&[f64], &[f64])> {
        let expected = &self.pool.expected;
        let rate = if expansion.cautious { &expected.high } else { &expected.rate };
        match (&expected.value, rate) {
            (Some(value), Some(rate)) => Ok((&value.numbers, &rate.numbers)),
            _ => Err(nothing_known()),
        }
    }

    /// The highest floor under the mean contribution that so many of the pool keep.
    fn highest_floor(&self, expansion: &Expansion, key: &(dyn Fn(usize) -> u64 + Sync)) -> Result<Money> {
        let contributions = self.pool.contributions(self.table, &expansion.columns.contribution)?;
        let amounts: Vec<f64> = contributions.par_iter().map(|own| *own as f64).collect();
        let rows = best(&amounts, self.size, key)?;
        let sum: i128 = rows.iter().map(|row| i128::from(contributions[*row])).sum();
        // Down, so that the floor that is named is kept; a mean of numbers of 64 bits is one.
        let mean = sum.div_euclid(self.size as i128);
        Ok(Money::from_ten_thousandths(i64::try_from(mean).unwrap_or(i64::MIN)))
    }

    /// The lowest cap of whole hundredths of a percent that so many of the pool keep.
    fn lowest_cap(&self, expansion: &Expansion, key: &(dyn Fn(usize) -> u64 + Sync)) -> Result<String> {
        let lowest = self.lowest_rate(expansion, key)?;
        // Rates are sums in floating point, so the number that is named is tried as it would be set.
        let alike = vec![0.0; self.pool.len()];
        let mut hundredths = (lowest * 1e4).floor();
        for _ in 0..3 {
            let kept = choose(&alike, &self.beyond(expansion, hundredths / 1e4)?, self.size, key)?;
            if matches!(kept, Outcome::Chosen(_)) {
                break;
            }
            hundredths += 1.0;
        }
        Ok(format!("{:.2} %", hundredths / 100.0))
    }

    /// The lowest return rate by value that so many of the pool have: Dinkelbach's iteration (Management Science 1967).
    fn lowest_rate(&self, expansion: &Expansion, key: &(dyn Fn(usize) -> u64 + Sync)) -> Result<f64> {
        let (value, rate) = self.value_and_rate(expansion)?;
        let mut lowest = 1e9;
        for _ in 0..ROUNDS {
            let worth: Vec<f64> =
                value.par_iter().zip(rate).map(|(value, rate)| -value * (rate - lowest)).collect();
            let rows = best(&worth, self.size, key)?;
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

/// Some places in the order of what they are ranked by, of equal ones in that of their keys.
pub(super) fn in_order(
    places: Vec<usize>,
    objective: &[f64],
    key: &(dyn Fn(usize) -> u64 + Sync),
) -> Vec<usize> {
    let mut keyed: Vec<(f64, u64, usize)> =
        places.into_par_iter().map(|place| (objective[place], key(place), place)).collect();
    keyed.par_sort_unstable_by(|one, other| {
        other.0.total_cmp(&one.0).then_with(|| (one.1, one.2).cmp(&(other.1, other.2)))
    });
    keyed.into_iter().map(|one| one.2).collect()
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
