//! How an audience differs from the pool it was taken from, and from the seeds it shall resemble.

use std::fmt;

use rayon::prelude::*;

use super::super::encoding::{EncodedFeature, Meaning};
use super::super::model::LookalikeModel;
use super::super::scorer::ROWS;
use crate::bitmap::Bitmap;
use crate::error::{Error, Result};
use crate::features::FeatureTable;
use crate::layout::TextTable;
use crate::numeric::elementary::exp_m1;

/// One feature, or one level of it, in the audience, the pool and the seeds.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Difference {
    /// The feature.
    pub feature: String,
    /// The level that the figures are shares of; `None` for a number. *Not known* and *any other level* are levels too.
    pub level: Option<String>,
    /// The audience's mean, in the feature's unit (the geometric mean of what is taken by its logarithm), or its share.
    pub audience: f64,
    /// That of the pool, without the seeds in it.
    pub pool: f64,
    /// That of the seeds in the table; `None` where there are none.
    pub seeds: Option<f64>,
    /// Audience less pool, in standard deviations of the pool it was learned from (of a number) or as shares.
    pub against_pool: f64,
    /// Audience less seeds, likewise.
    pub against_seeds: Option<f64>,
}

/// How an audience differs from pool and seeds, the greatest differences from the pool first.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Differences {
    /// Every feature of the model.
    pub differences: Vec<Difference>,
    /// Members of the audience.
    pub audience: u64,
    /// Customers of the pool who are no seeds.
    pub pool: u64,
    /// Seeds in the table.
    pub seeds: u64,
}

impl LookalikeModel {
    /// How some customers of a table, such as the [`mask`](super::super::Audience::mask) of an audience, differ from the pool
    /// that they were taken from, and from the seeds.
    ///
    /// The pool is who could have been chosen: those for whom the predicate of
    /// [`eligible`](super::super::ExpansionBuilder::eligible) holds, or everyone in the table. Of a wider one, what makes
    /// eligible would be the greatest difference. Seeds count for themselves and not for the pool.
    ///
    /// Numbers are compared as the score sees them, over all members; who lacks a value stands at the pool's average and is
    /// counted under *not known*. O(customers · dimensions), in parallel.
    ///
    /// # Errors
    /// As for [`LookalikeModel::score`]; [`Error::ColumnLength`] where a mask is of another table, [`Error::Empty`] for
    /// an audience of nobody or a pool of seeds alone.
    pub fn differences(&self, table: &FeatureTable, pool: &Bitmap, audience: &Bitmap) -> Result<Differences> {
        for (column, mask) in [("pool", pool), ("audience", audience)] {
            if mask.len() != table.len() {
                return Err(Error::ColumnLength {
                    column: column.into(),
                    found: mask.len(),
                    against: "ids".into(),
                    expected: table.len(),
                });
            }
        }
        let seeds = self.seeds_of(table);
        let groups = [audience.clone(), pool.minus(&seeds), seeds];
        let counts = [0, 1, 2].map(|group: usize| groups[group].count());
        for (count, what) in [(counts[0], "the audience"), (counts[1], "the pool without the seeds")] {
            if count == 0 {
                return Err(Error::Empty { what, hint: "there is nobody to compare" });
            }
        }
        let means = self.means(table, &groups)?;
        let mut differences = Vec::with_capacity(self.encoding.dims());
        for (first, feature) in self.encoding.places() {
            for at in 0..feature.width() {
                let [audience, pool, own] = [0, 1, 2].map(|group: usize| means[group][first + at]);
                let shown = |mean: f64| in_unit(feature, at, mean);
                differences.push(Difference {
                    feature: feature.name.clone(),
                    level: level(feature, at),
                    audience: shown(audience),
                    pool: shown(pool),
                    seeds: (counts[2] > 0).then(|| shown(own)),
                    against_pool: audience - pool,
                    against_seeds: (counts[2] > 0).then_some(audience - own),
                });
            }
        }
        // The order of the encoding decides between equals.
        differences.sort_by(|a, b| b.against_pool.abs().total_cmp(&a.against_pool.abs()));
        let [audience, pool, seeds] = counts.map(|count| count as u64);
        Ok(Differences { differences, audience, pool, seeds })
    }

    /// The mean of each dimension in each group, added up in blocks of fixed size, in their order.
    fn means(&self, table: &FeatureTable, groups: &[Bitmap; 3]) -> Result<[Vec<f64>; 3]> {
        let (source, dims) = (self.encoding.source(table)?, self.encoding.dims());
        let blocks: Vec<[Vec<f64>; 3]> = (0..table.len().div_ceil(ROWS))
            .into_par_iter()
            .map_init(Vec::new, |scratch: &mut Vec<f64>, block| {
                let rows = block * ROWS..((block + 1) * ROWS).min(table.len());
                let count = rows.len();
                scratch.resize(dims * ROWS, 0.0);
                source.block(rows.clone(), &mut scratch[..dims * count]);
                groups.each_ref().map(|group| {
                    let column = |dimension: usize| &scratch[dimension * count..][..count];
                    let sum = |dimension| {
                        let values = column(dimension).iter().zip(rows.clone());
                        values.filter(|(_, row)| group.get(*row)).map(|(value, _)| value).sum()
                    };
                    (0..dims).map(sum).collect()
                })
            })
            .collect();
        let mut sums = [(); 3].map(|()| vec![0.0; dims]);
        for block in &blocks {
            for (sums, block) in sums.iter_mut().zip(block) {
                for (sum, part) in sums.iter_mut().zip(block) {
                    *sum += part;
                }
            }
        }
        for (sums, group) in sums.iter_mut().zip(groups) {
            let count = group.count().max(1) as f64;
            for sum in sums.iter_mut() {
                *sum /= count;
            }
        }
        Ok(sums)
    }
}

/// A mean on the encoding's scale in the feature's own unit.
fn in_unit(feature: &EncodedFeature, at: usize, mean: f64) -> f64 {
    match feature.meaning(at) {
        Meaning::Number(scale) => {
            let value = mean * scale.spread + scale.centre;
            if scale.log { exp_m1(value.abs()).copysign(value) } else { value }
        }
        _ => mean,
    }
}

fn level(feature: &EncodedFeature, at: usize) -> Option<String> {
    match feature.meaning(at) {
        Meaning::Number(_) => None,
        Meaning::Level(level) => Some(level.to_owned()),
        Meaning::Other => Some("any other".to_owned()),
        Meaning::Missing => Some("not known".to_owned()),
    }
}

/// Rows that are printed.
const PRINTED: usize = 10;

impl fmt::Display for Differences {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table =
            TextTable::new(&["<feature", "audience", "pool", "seeds", "against pool", "against seeds"]);
        for difference in self.differences.iter().take(PRINTED) {
            let name = match &difference.level {
                Some(level) => format!("{}: {level}", difference.feature),
                None => difference.feature.clone(),
            };
            let number = |value: f64| match difference.level {
                Some(_) => format!("{:.1} %", value * 100.0),
                None if value.abs() >= 100.0 => format!("{value:.0}"),
                None => format!("{value:.2}"),
            };
            let signed = |value: f64| match difference.level {
                Some(_) => format!("{:+.1} points", value * 100.0),
                None => format!("{value:+.2} sd"),
            };
            table.row([
                name,
                number(difference.audience),
                number(difference.pool),
                difference.seeds.map_or_else(|| "–".to_owned(), number),
                signed(difference.against_pool),
                difference.against_seeds.map_or_else(|| "–".to_owned(), signed),
            ]);
        }
        write!(f, "{table}")
    }
}
