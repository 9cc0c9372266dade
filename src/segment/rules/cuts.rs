//! Cut points that rules learn from the customers of a fit, and keep.

use super::check::Kind;
use super::predicate::Predicate;
use super::value::Value;
use crate::error::{Error, Result};
use crate::features::FeatureTable;
use crate::numeric::number::NumericFeature;
use crate::numeric::quantile::{Quantile, quantiles_of};

/// A learned value.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Cut {
    /// Money in currency units.
    Number(f64),
    /// Microseconds UTC, rounded down.
    Time(i64),
}

/// Every learned value of some rules, by column and by what was asked for.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Cuts(pub(crate) Vec<LearnedCut>);

/// One learned value, and what it stands for.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct LearnedCut {
    pub(crate) column: String,
    pub(crate) value: Value,
    pub(crate) cut: Cut,
}

impl Cuts {
    /// What was learned of a column for a percentile or rank.
    pub(crate) fn get(&self, column: &str, value: &Value) -> Option<Cut> {
        let known = self.0.iter().find(|known| known.column == column && known.value == *value);
        known.map(|known| known.cut)
    }

    /// What some predicates need to learn: columns and values, each pair once, in the order of their texts.
    pub(crate) fn needed<'p>(
        predicates: impl IntoIterator<Item = &'p Predicate>,
    ) -> Vec<(&'p str, &'p Value)> {
        let mut needed: Vec<(&str, &Value)> = Vec::new();
        for condition in predicates.into_iter().flat_map(Predicate::conditions) {
            let column = condition.source.column().unwrap_or_default();
            needed.extend(
                condition
                    .test
                    .values()
                    .into_iter()
                    .filter(|value| value.is_learned())
                    .map(|value| (column, value)),
            );
        }
        needed.sort_by_cached_key(|(column, value)| (*column, value.to_string()));
        needed.dedup();
        needed
    }

    /// The cut points of some predicates, over a table's customers. O(customers) for each.
    ///
    /// # Errors
    /// [`Error::MissingFeature`], [`Error::FeatureType`] for text, [`Error::Empty`] where no customer has the feature.
    pub(crate) fn learn<'p>(
        predicates: impl IntoIterator<Item = &'p Predicate>,
        table: &FeatureTable,
    ) -> Result<Self> {
        let mut cuts = Self::default();
        // Those of a column stand side by side.
        for needed in Self::needed(predicates).chunk_by(|(left, _), (right, _)| left == right) {
            let (column, values) = (needed[0].0, needed.iter().map(|(_, value)| *value));
            for (value, cut) in values.clone().zip(learned(table, column, values)?) {
                cuts.0.push(LearnedCut { column: column.to_owned(), value: value.clone(), cut });
            }
        }
        Ok(cuts)
    }
}

/// The values at some percentiles and ranks of a column.
fn learned<'v>(
    table: &FeatureTable,
    column: &str,
    values: impl Iterator<Item = &'v Value>,
) -> Result<Vec<Cut>> {
    let feature = NumericFeature::of(table, column)?;
    let known = table.len() - table.column(column)?.missing();
    let empty = Error::Empty {
        what: "a feature that a percentile or rank is learned from",
        hint: "no customer of the fit has a value in it; fit on customers who have",
    };
    let last = known.checked_sub(1).ok_or(empty)? as u64;
    let at: Vec<Quantile> = values
        .map(|value| match value {
            Value::Top(customers) => rank((last + 1).saturating_sub(*customers), last),
            Value::Bottom(customers) => rank(customers.saturating_sub(1), last),
            Value::Percentile(percentile) => at_percentile(*percentile),
            // Nothing else is learned.
            _ => Quantile::Share(0.0),
        })
        .collect();
    let found = quantiles_of(feature, feature.present, &at).unwrap_or_default();
    let kind = Kind::of(table.column(column)?.values());
    let cut =
        |found: f64| if kind == Kind::Time { Cut::Time(found.floor() as i64) } else { Cut::Number(found) };
    Ok(found.into_iter().map(cut).collect())
}

/// The place of a percentile, in whole numbers where it has at most four decimals: the 28th percentile of 27 values is the
/// eighth of them, which 0.28 · 26 misses by a rounding.
fn at_percentile(percentile: f64) -> Quantile {
    let part = percentile * 10_000.0;
    if part.fract() == 0.0 {
        Quantile::Part { part: part as u32, parts: 1_000_000 }
    } else {
        Quantile::Share(percentile / 100.0)
    }
}

/// Of so many values in ascending order, the one at a place.
fn rank(place: u64, last: u64) -> Quantile {
    Quantile::Part { part: place.min(last) as u32, parts: last.max(1) as u32 }
}
