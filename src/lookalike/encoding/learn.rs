//! Learning an encoding from the background sample and the seeds.

use std::collections::BTreeMap;

use super::{EncodedFeature, Encoding, Kind, NumberScale};
use crate::category::Category;
use crate::error::Result;
use crate::features::{FeatureTable, MissingPolicy, Scaler, Scaling, Values};

/// A number whose skewness over the sample is beyond this gets a logarithm first.
const SKEWED: f64 = 2.0;

/// Levels that keep a dimension of their own, at most.
const LEVELS: usize = 50;

/// A level needs as many customers of the sample to keep a dimension, and a thousandth of it.
const CUSTOMERS_PER_LEVEL: usize = 10;

/// What could be learned, and what could not.
pub(crate) struct Learned {
    pub(crate) encoding: Encoding,
    /// Features that are the same for all of the sample, or that nobody of it has.
    pub(crate) constant: Vec<String>,
}

/// The encoding of some features: scales from the background, levels and missing values from both.
pub(crate) fn learn(background: &FeatureTable, seeds: &FeatureTable, names: &[String]) -> Result<Learned> {
    let (mut features, mut constant) = (Vec::new(), Vec::new());
    for name in names {
        let (own, theirs) = (background.column(name)?, seeds.column(name)?);
        let indicator = own.missing() + theirs.missing() > 0;
        let nobody = own.missing() == own.len() && theirs.missing() == theirs.len();
        let kind = match (own.values(), theirs.values()) {
            _ if nobody => None,
            (Values::Category(own), Values::Category(theirs)) => levels(own, theirs),
            _ if own.missing() == own.len() => None,
            _ => number(background, seeds, name)?,
        };
        match kind {
            Some(kind) => features.push(EncodedFeature { name: name.clone(), kind, indicator }),
            // That someone lacks it may still tell them apart.
            None if indicator && !nobody => {
                let kind = match own.values() {
                    Values::Category(_) => Kind::Levels { levels: Vec::new(), other: false },
                    _ => flat(background, name),
                };
                features.push(EncodedFeature { name: name.clone(), kind, indicator });
            }
            None => constant.push(name.clone()),
        }
    }
    Ok(Learned { encoding: Encoding { features }, constant })
}

/// The scale of a number; `None` where it is the same for all.
fn number(background: &FeatureTable, seeds: &FeatureTable, name: &str) -> Result<Option<Kind>> {
    let plain = scale(background, name, Scaling::z_score())?;
    let log = skewness(background, name, plain)? > SKEWED;
    let scale = if log { scale(background, name, Scaling::z_score().log1p())? } else { plain };
    let Some((centre, spread)) = scale.filter(|(_, spread)| *spread > 0.0 && spread.is_finite()) else {
        // The same for the whole background: the seeds may still differ from it.
        let seeds = self::scale(seeds, name, Scaling::z_score()).ok().flatten();
        let differ = match (plain, seeds) {
            (Some((own, _)), Some((theirs, spread))) => spread > 0.0 || own.total_cmp(&theirs).is_ne(),
            _ => false,
        };
        return Ok(differ.then(|| flat(background, name)));
    };
    Ok(Some(Kind::Number(NumberScale { log, centre, spread })))
}

/// A number in its own unit around the background's one value.
fn flat(background: &FeatureTable, name: &str) -> Kind {
    let column = background.column(name).ok();
    let centre =
        column.and_then(|column| (0..column.len()).find_map(|row| column.number(row))).unwrap_or(0.0);
    Kind::Number(NumberScale { log: false, centre, spread: 1.0 })
}

/// Centre and spread by a recipe, of those who have a value.
fn scale(table: &FeatureTable, name: &str, scaling: Scaling) -> Result<Option<(f64, f64)>> {
    let model = Scaler::builder([name]).scaling(scaling).missing(MissingPolicy::Drop).build()?.fit(table)?;
    let feature = model.feature(name)?;
    Ok(feature.centre().zip(feature.spread()))
}

/// The third standardised moment's size, of those who have a value.
fn skewness(table: &FeatureTable, name: &str, scale: Option<(f64, f64)>) -> Result<f64> {
    let Some((centre, spread)) = scale.filter(|(_, spread)| *spread > 0.0) else { return Ok(0.0) };
    let column = table.column(name)?;
    let (mut sum, mut count) = (0.0, 0_u64);
    for row in 0..column.len() {
        if let Some(value) = column.number(row) {
            let z = (value - centre) / spread;
            sum += z * z * z;
            count += 1;
        }
    }
    Ok(if count > 0 { (sum / count as f64).abs() } else { 0.0 })
}

/// The levels that keep a dimension; `None` where all have the same.
fn levels(background: &Category, seeds: &Category) -> Option<Kind> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for texts in [background, seeds] {
        let mut own = vec![0_usize; texts.levels().len()];
        for code in (0..texts.len()).filter_map(|row| texts.code(row)) {
            own[code as usize] += 1;
        }
        for (level, count) in texts.levels().iter().zip(own).filter(|(_, count)| *count > 0) {
            *counts.entry(level).or_default() += count;
        }
    }
    if counts.len() < 2 {
        return None;
    }
    let least = CUSTOMERS_PER_LEVEL.max((background.len() + seeds.len()) / 1_000);
    let mut kept: Vec<(usize, &str)> =
        counts.iter().filter(|(_, count)| **count >= least).map(|(level, count)| (*count, *level)).collect();
    kept.sort_unstable_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    kept.truncate(LEVELS);
    let mut levels: Vec<String> = kept.into_iter().map(|(_, level)| level.to_owned()).collect();
    levels.sort_unstable();
    let other = levels.len() < counts.len();
    Some(Kind::Levels { levels, other })
}
