//! What a model has to beat: the score every shop has, and the plainest geometry.

use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::features::{Feature, FeatureTable};
use crate::lookalike::LookalikeModel;
use crate::lookalike::scorer::ROWS;
use crate::segment::Rfm;

/// The sum of the three quintile scores of recency, orders and money, 3 to 15; less where one is missing. `None` where the
/// table lacks one of the features, or nobody has it.
pub(super) fn rfm(table: &FeatureTable, value: Option<&str>) -> Result<Option<Vec<f64>>> {
    let known = |feature: &&str| table.numeric(feature).is_ok();
    let names = [Feature::Net.name(), Feature::Gross.name()];
    let Some(money) = value.or_else(|| names.into_iter().find(|name| known(name))) else { return Ok(None) };
    let has_all = [Feature::RecencyDays.name(), Feature::Orders.name()].iter().all(known);
    if !has_all {
        return Ok(None);
    }
    let scores = match Rfm::builder().monetary(money).build()?.fit(table) {
        Ok(model) => model.scores(table)?,
        // A baseline that cannot be had is no reason to be without the rest.
        Err(Error::Empty { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let sum = |row: usize| {
        f64::from(scores.recency()[row])
            + f64::from(scores.frequency()[row])
            + f64::from(scores.monetary()[row])
    };
    Ok(Some((0..scores.len()).map(sum).collect()))
}

/// The cosine between each customer and the mean of some seeds, both as encoded by a model and seen from the mean of its
/// background; 0 for who stands there herself.
pub(super) fn centroid(
    model: &LookalikeModel,
    table: &FeatureTable,
    seeds: &[usize],
    weights: &[f64],
) -> Result<Vec<f64>> {
    let names: Vec<String> = model.required_features().into_iter().map(str::to_owned).collect();
    let (encoding, dims, typical) = (&model.encoding, model.encoding.dims(), &model.typical);
    let points = encoding.points(&table.rows_of(seeds, &names)?)?;
    let mut centre = vec![0.0; dims];
    for (point, weight) in points.chunks_exact(dims.max(1)).zip(weights) {
        centre.iter_mut().zip(point).for_each(|(sum, value)| *sum += weight * value);
    }
    let all: f64 = weights.iter().sum();
    centre.iter_mut().zip(typical).for_each(|(sum, typical)| *sum = *sum / all - typical);
    let length = centre.iter().map(|value| value * value).sum::<f64>().sqrt();

    let source = encoding.source(table)?;
    let mut cosines = vec![0.0; table.len()];
    cosines.par_chunks_mut(ROWS).enumerate().for_each_init(Vec::new, |values, (block, cosines)| {
        let rows = cosines.len();
        values.clear();
        values.resize(dims * rows, 0.0);
        source.block(block * ROWS..block * ROWS + rows, values);
        let mut squares = vec![0.0; rows];
        for ((values, centre), typical) in values.chunks_exact(rows).zip(&centre).zip(typical) {
            for ((value, cosine), square) in values.iter().zip(&mut *cosines).zip(&mut squares) {
                let away = value - typical;
                *cosine += away * centre;
                *square += away * away;
            }
        }
        for (cosine, square) in cosines.iter_mut().zip(squares) {
            let both = length * square.sqrt();
            *cosine = if both > 0.0 { *cosine / both } else { 0.0 };
        }
    });
    Ok(cosines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::{Column, Values};
    use crate::transaction::CustomerIds;

    #[test]
    fn a_feature_that_nobody_has_is_as_good_as_none() {
        let some = Column::new(Values::F64((0..30).map(f64::from).collect()));
        let nobody = Column::optional(vec![None; 30]);
        let scored = |recency: &Column, orders: &Column, money: &Column| {
            let columns = [("recency_days", recency), ("orders", orders), ("net", money)];
            let columns = columns.map(|(name, column)| (name, column.clone()));
            let table = FeatureTable::from_columns(CustomerIds::rows(30), columns).unwrap();
            assert_eq!(rfm(&table, None).unwrap(), rfm(&table, Some("net")).unwrap());
            rfm(&table, None).unwrap().is_some()
        };
        assert!(scored(&some, &some, &some));
        assert!(!scored(&nobody, &some, &some));
        assert!(!scored(&some, &nobody, &some));
        assert!(!scored(&some, &some, &nobody));
    }
}
