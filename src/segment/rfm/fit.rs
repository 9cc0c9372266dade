//! Learning the cut points, for axes on their own and for nested ones.

use rayon::prelude::*;

use super::axis::{Axis, AxisSetting, CutConvention, Cutting, RfmAxis, RfmMode, bins_found};
use super::builder::Rfm;
use super::model::RfmModel;
use super::scores::Scored;
use crate::bitmap::Bitmap;
use crate::error::{Error, Result};
use crate::features::FeatureTable;
use crate::segment::number::{Number, NumericFeature, both, with_values};
use crate::segment::quantile::{Quantile, quantiles, quantiles_of};

/// Rows per piece of the pass that sorts values into groups.
const GROUPING_CHUNK: usize = 1 << 18;

pub(super) fn fit(rfm: &Rfm, table: &FeatureTable) -> Result<RfmModel> {
    let [recency, frequency, monetary] = &rfm.axes;
    let features = [
        NumericFeature::of(table, &recency.feature)?,
        NumericFeature::of(table, &frequency.feature)?,
        NumericFeature::of(table, &monetary.feature)?,
    ];
    let fourth = rfm.return_rate.as_ref();
    let fourth = fourth.map(|setting| Ok::<_, Error>((setting, NumericFeature::of(table, &setting.feature)?)));
    let fourth = fourth.transpose()?;
    let bought = features[0].present;
    let customers = bought.map_or(table.len(), Bitmap::count);
    if customers == 0 {
        return Err(Error::Empty { what: "the table's customers with a recency", hint: "check the log and its as_of" });
    }

    let convention = rfm.convention;
    let own = |axis, setting, feature| own_cuts(axis, setting, feature, bought, convention);
    let axes = match rfm.mode {
        RfmMode::Independent => [
            own(Axis::Recency, recency, features[0])?,
            own(Axis::Frequency, frequency, features[1])?,
            own(Axis::Monetary, monetary, features[2])?,
        ],
        RfmMode::Nested => nested(rfm, features)?,
    };
    let return_rate = fourth.map(|(setting, feature)| own(Axis::ReturnRate, setting, feature)).transpose()?;
    Ok(RfmModel {
        axes,
        return_rate,
        mode: rfm.mode,
        convention,
        scheme: rfm.scheme.clone(),
        naming: rfm.naming.clone(),
        customers: customers as u64,
    })
}

/// An axis with the same cut points for all customers.
fn own_cuts(
    axis: Axis,
    setting: &AxisSetting,
    feature: NumericFeature<'_>,
    bought: Option<&Bitmap>,
    convention: CutConvention,
) -> Result<RfmAxis> {
    let learned = match &setting.cutting {
        Cutting::Points(points) => Learned { cuts: points.clone(), bins_found: setting.cutting.bins() },
        Cutting::Bins(bins) => {
            let present = both(bought, feature.present);
            let found = quantiles_of(feature, present.as_ref(), &wanted(*bins));
            found.and_then(|found| Learned::new(found, convention)).ok_or(Error::Empty {
                what: "a feature of an RFM",
                hint: "no customer with an order has a value in it; choose another feature or give cut points",
            })?
        }
    };
    Ok(fitted(axis, setting, vec![learned.cuts], learned.bins_found))
}

fn fitted(axis: Axis, setting: &AxisSetting, groups: Vec<Vec<f64>>, bins_found: u8) -> RfmAxis {
    RfmAxis {
        axis,
        feature: setting.feature.clone(),
        direction: setting.direction,
        bins: setting.cutting.bins(),
        bins_found,
        groups,
    }
}

/// The cut points of equal bins, and the greatest value.
fn wanted(bins: usize) -> Vec<Quantile> {
    (1..=bins as u32).map(|part| Quantile::Part { part, parts: bins as u32 }).collect()
}

/// Cut points learned from some customers.
#[derive(Clone)]
struct Learned {
    cuts: Vec<f64>,
    bins_found: u8,
}

impl Learned {
    /// From the quantiles of [`wanted`].
    fn new(mut quantiles: Vec<f64>, convention: CutConvention) -> Option<Self> {
        let greatest = quantiles.pop()?;
        let cuts: Vec<f64> = quantiles.into_iter().map(|cut| cut + convention.shift()).collect();
        let bins_found = bins_found(&cuts, Some(greatest), convention.ties());
        Some(Self { cuts, bins_found })
    }
}

/// Frequency within each recency score, money within each pair of the two.
fn nested(rfm: &Rfm, features: [NumericFeature<'_>; 3]) -> Result<[RfmAxis; 3]> {
    let [recency, frequency, monetary] = &rfm.axes;
    let bought = features[0].present;
    let convention = rfm.convention;
    let all = |axis, setting, feature| own_cuts(axis, setting, feature, bought, convention);

    let recency = all(Axis::Recency, recency, features[0])?;
    let recency_scores = Scored::on_its_own(&recency, features[0], bought, convention);
    let by_recency = recency_scores.groups();

    let whole = all(Axis::Frequency, frequency, features[1])?;
    let within = learn_groups(frequency, features[1], &by_recency, recency.bins(), convention);
    let frequency = with_groups(&whole, frequency, &within, |_| whole.groups.first());
    let frequency_scores = Scored::in_groups(&frequency, features[1], &by_recency, convention);
    let by_both = recency_scores.groups_with(&frequency_scores, frequency.bins());

    let whole = all(Axis::Monetary, monetary, features[2])?;
    let coarse = learn_groups(monetary, features[2], &by_recency, recency.bins(), convention);
    let within = learn_groups(monetary, features[2], &by_both, recency.bins() * frequency.bins(), convention);
    let monetary = with_groups(&whole, monetary, &within, |group| {
        let coarse = coarse.get(group / frequency.bins()).and_then(Option::as_ref);
        coarse.map(|learned| &learned.cuts).or_else(|| whole.groups.first())
    });
    Ok([recency, frequency, monetary])
}

/// The axis with cut points per group; a group without customers takes those of the group around it, so that a
/// customer who falls into it later can be scored.
fn with_groups<'a>(
    whole: &'a RfmAxis,
    setting: &AxisSetting,
    within: &[Option<Learned>],
    around: impl Fn(usize) -> Option<&'a Vec<f64>>,
) -> RfmAxis {
    let groups = within.iter().enumerate().map(|(group, learned)| match learned {
        Some(learned) => learned.cuts.clone(),
        None => around(group).cloned().unwrap_or_default(),
    });
    let fewest = within.iter().flatten().map(|learned| learned.bins_found).min();
    fitted(whole.axis, setting, groups.collect(), fewest.unwrap_or(whole.bins_found))
}

/// The cut points within each group; `None` for a group without customers. `groups` has the group of each row, or a
/// number beyond them for a row that is in none.
fn learn_groups(
    setting: &AxisSetting,
    feature: NumericFeature<'_>,
    groups: &[u16],
    count: usize,
    convention: CutConvention,
) -> Vec<Option<Learned>> {
    match &setting.cutting {
        Cutting::Points(points) => {
            vec![Some(Learned { cuts: points.clone(), bins_found: setting.cutting.bins() }); count]
        }
        Cutting::Bins(bins) => {
            let wanted = wanted(*bins);
            with_values!(feature.numbers, values => {
                let split = split(values, feature.present, groups, count);
                split.par_iter().map(|values| Learned::new(quantiles(values, &wanted)?, convention)).collect()
            })
        }
    }
}

/// The values of each group, in row order.
fn split<T: Number>(values: &[T], present: Option<&Bitmap>, groups: &[u16], count: usize) -> Vec<Vec<T>> {
    let pieces: Vec<Vec<Vec<T>>> = values
        .par_chunks(GROUPING_CHUNK)
        .zip(groups.par_chunks(GROUPING_CHUNK))
        .enumerate()
        .map(|(chunk, (values, groups))| {
            let start = chunk * GROUPING_CHUNK;
            let mut split = vec![Vec::new(); count];
            for (row, (value, group)) in values.iter().zip(groups).enumerate() {
                if let Some(members) = split.get_mut(usize::from(*group))
                    && present.is_none_or(|present| present.get(start + row))
                {
                    members.push(*value);
                }
            }
            split
        })
        .collect();
    (0..count)
        .into_par_iter()
        .map(|group| {
            let members = pieces.iter().filter_map(|piece| piece.get(group));
            members.flat_map(|members| members.iter().copied()).collect()
        })
        .collect()
}
