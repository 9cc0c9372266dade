//! Learning the scale of each feature from the customers of a table.

use rayon::prelude::*;

use super::builder::{Scaler, Setting};
use super::feature::{Map, ScaledFeature};
use super::model::ScalerModel;
use super::moments::Moments;
use super::ranks::Ranks;
use super::recipe::Scale;
use crate::bitmap::Bitmap;
use crate::error::{Error, Result};
use crate::features::table::{Kept, Source};
use crate::features::{FeatureMatrix, FeatureTable, MissingPolicy};
use crate::numeric::number::CHUNK;
use crate::numeric::quantile::{Quantile, quantiles};

/// Nothing can be learned from nobody.
const NOBODY: Error = Error::Empty {
    what: "the table's customers with the features of the scaler",
    hint: "check the table, or choose a policy for missing values that drops fewer",
};

pub(super) fn fit(scaler: &Scaler, table: &FeatureTable) -> Result<ScalerModel> {
    let sources = scaler.features.iter().map(|setting| Source::of(table, &setting.name, setting.missing));
    let sources = sources.collect::<Result<Vec<_>>>()?;
    let kept = Kept::of(table.len(), &sources)?;
    let customers = kept.rows.count() as u64;
    if customers == 0 {
        return Err(NOBODY);
    }
    let (dropped, rows) = (kept.dropped(), kept.rows);
    let features = scaler.features.iter().zip(sources);
    let features = features.map(|(setting, source)| learn(setting, &source, &rows));
    Ok(ScalerModel { features: features.collect::<Result<_>>()?, customers, dropped })
}

fn learn(setting: &Setting, source: &Source<'_>, rows: &Bitmap) -> Result<ScaledFeature> {
    let present = source.feature.present;
    let median = match setting.missing {
        MissingPolicy::Median => Some(source.median(rows)?),
        _ => None,
    };
    let mut feature = ScaledFeature {
        name: setting.name.clone(),
        scaling: setting.scaling,
        missing_policy: setting.missing,
        weight: setting.weight,
        missing: present.map_or(0, |present| (present.len() - present.count()) as u64),
        limits: None,
        median,
        constant: false,
        map: Map::None,
    };
    let known = match (setting.missing, present) {
        (MissingPolicy::Median, Some(present)) => present.and(rows),
        _ => rows.clone(),
    };
    let fill = if let MissingPolicy::Fill(number) = setting.missing { number } else { 0.0 };
    let mut values = column(source, known, fill);
    if let Some((low, high)) = setting.scaling.winsor
        && let Some([low, high]) =
            quantiles(&values, &[Quantile::Share(low), Quantile::Share(high)]).as_deref()
    {
        feature.limits = Some((*low, *high));
    }
    values.par_chunks_mut(CHUNK).for_each(|values| feature.prepare(values));
    let moments = Moments::of(&values).ok_or(NOBODY)?;
    feature.constant = moments.least >= moments.greatest;
    feature.map = match setting.scaling.scale {
        Scale::None => Map::None,
        _ if feature.constant => Map::Constant(moments.mean),
        Scale::ZScore => Map::Linear { centre: moments.mean, spread: moments.deviation, collapsed: false },
        Scale::Robust => robust(&values, &moments)?,
        Scale::Quantile => Map::Ranks(Ranks::of(&values).ok_or(NOBODY)?),
    };
    Ok(feature)
}

/// One feature of some rows, with a number in the place of each missing value.
fn column(source: &Source<'_>, rows: Bitmap, fill: f64) -> Vec<f64> {
    let kept = Kept { rows, lacking: vec![0] };
    let column = FeatureMatrix::assemble(kept, std::slice::from_ref(source), &[fill], |_, _| {});
    column.into_values().into_raw_vec_and_offset().0
}

/// Less the median, per interquartile range.
fn robust(values: &[f64], moments: &Moments) -> Result<Map> {
    let quarters = [1, 2, 3].map(|part| Quantile::Part { part, parts: 4 });
    let quartiles = quantiles(values, &quarters).ok_or(NOBODY)?;
    let [low, centre, high] = quartiles[..] else { return Err(NOBODY) };
    let range = (high - low).min(f64::MAX);
    let collapsed = range < f64::MIN_POSITIVE;
    Ok(Map::Linear { centre, spread: if collapsed { moments.deviation } else { range }, collapsed })
}
