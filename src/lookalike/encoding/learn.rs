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

/// A level needs as many customers of the sample to keep a dimension, and a thousandth of it, or a fiftieth of the seeds.
const CUSTOMERS_PER_LEVEL: usize = 10;
const SEEDS_PER_LEVEL: usize = 50;

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
                let kind = if let Values::Category(_) = own.values() {
                    Kind::Levels { levels: Vec::new(), other: false }
                } else {
                    let own = scale(background, name, Scaling::z_score())?;
                    let theirs = scale(seeds, name, Scaling::z_score())?;
                    around(own.or(theirs).map_or(0.0, |(centre, _)| centre), theirs)
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
    let Some((centre, spread)) = plain.filter(|(_, spread)| spread.is_normal()) else {
        // The same for the whole background: the seeds may still differ from it.
        let Some((own, _)) = plain else { return Ok(None) };
        let theirs = scale(seeds, name, Scaling::z_score())?;
        let differ =
            theirs.is_some_and(|(theirs, spread)| spread.max((theirs - own).abs()) >= f64::MIN_POSITIVE);
        return Ok(differ.then(|| around(own, theirs)));
    };
    let skewed = skewness(background, name, NumberScale { log: false, centre, spread })?;
    if skewed > SKEWED
        && let Some((centre, spread)) = scale(background, name, Scaling::z_score().log1p())?
        && spread.is_normal()
    {
        let log = NumberScale { log: true, centre, spread };
        // What is skewed to the left is more so after it.
        if skewness(background, name, log)? < skewed {
            return Ok(Some(Kind::Number(log)));
        }
    }
    Ok(Some(Kind::Number(NumberScale { log: false, centre, spread })))
}

/// A number of which the background has one value at most: in deviations of the seeds, or where they have one as well, so
/// that it lies one deviation off.
fn around(centre: f64, seeds: Option<(f64, f64)>) -> Kind {
    let (theirs, spread) = seeds.unwrap_or((centre, 1.0));
    let spread = [spread, (theirs - centre).abs()].into_iter().find(|spread| spread.is_normal());
    Kind::Number(NumberScale { log: false, centre, spread: spread.unwrap_or(1.0) })
}

/// Centre and spread by a recipe, of those who have a value; `None` where nobody has.
fn scale(table: &FeatureTable, name: &str, scaling: Scaling) -> Result<Option<(f64, f64)>> {
    if table.column(name)?.missing() == table.len() {
        return Ok(None);
    }
    let model = Scaler::builder([name]).scaling(scaling).missing(MissingPolicy::Drop).build()?.fit(table)?;
    let feature = model.feature(name)?;
    Ok(feature.centre().zip(feature.spread()))
}

/// The size of the third standardised moment, of those who have a value.
fn skewness(table: &FeatureTable, name: &str, scale: NumberScale) -> Result<f64> {
    let column = table.column(name)?;
    let inverse = scale.inverse();
    let (mut sum, mut count) = (0.0, 0_u64);
    for row in 0..column.len() {
        if let Some(value) = column.number(row) {
            let z = scale.scaled(inverse, value);
            sum += z * z * z;
            count += 1;
        }
    }
    Ok(if count > 0 { (sum / count as f64).abs() } else { 0.0 })
}

/// The levels that keep a dimension; `None` where all have the same.
fn levels(background: &Category, seeds: &Category) -> Option<Kind> {
    let mut counts: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    for (side, texts) in [background, seeds].into_iter().enumerate() {
        let mut own = vec![0_usize; texts.levels().len()];
        for code in (0..texts.len()).filter_map(|row| texts.code(row)) {
            own[code as usize] += 1;
        }
        for (level, count) in texts.levels().iter().zip(own).filter(|(_, count)| *count > 0) {
            counts.entry(level).or_default()[side] += count;
        }
    }
    if counts.len() < 2 {
        return None;
    }
    let least = CUSTOMERS_PER_LEVEL.max((background.len() + seeds.len()) / 1_000);
    // What many seeds have tells of them, however rare it is among all.
    let least_seeds = CUSTOMERS_PER_LEVEL.max(seeds.len() / SEEDS_PER_LEVEL);
    let mut kept: Vec<(usize, &str)> = counts
        .iter()
        .filter(|(_, [others, own])| others + own >= least || *own >= least_seeds)
        .map(|(level, [others, own])| (others + own, *level))
        .collect();
    kept.sort_unstable_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    kept.truncate(LEVELS);
    if kept.is_empty() {
        // One dimension for everyone would tell nobody apart.
        return None;
    }
    let mut levels: Vec<String> = kept.into_iter().map(|(_, level)| level.to_owned()).collect();
    levels.sort_unstable();
    let other = levels.len() < counts.len();
    Some(Kind::Levels { levels, other })
}
