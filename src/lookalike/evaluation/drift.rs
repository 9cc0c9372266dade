//! How far the audience has moved away from the pool, feature by feature.

use crate::error::{Error, Result};
use crate::features::{Column, FeatureTable, Values};
use crate::numeric::ln;
use crate::numeric::quantile::{Quantile, quantiles};

/// A share that is empty counts as this much, so that its logarithm exists.
const LEAST_SHARE: f64 = 1e-4;
/// Into how many bins of equal size in the pool a number is cut.
const BINS: usize = 10;

/// The population stability index of two distributions over the same bins: `Σ (actual − expected) · ln(actual / expected)`,
/// with a floor of 0.0001 for a share. 0 where they are equal, never negative; 0.1 and 0.25 are the usual marks of some and
/// of a great shift.
///
/// ```
/// use kohort::lookalike::evaluation::population_stability;
///
/// let index = population_stability(&[0.1, 0.2, 0.4, 0.2, 0.1], &[0.15, 0.2, 0.35, 0.2, 0.1])?;
/// assert!((index - 0.026_949_825).abs() < 1e-9);
/// # Ok::<(), kohort::Error>(())
/// ```
///
/// # Errors
/// [`Error::ColumnLength`]; [`Error::Setting`] for a share that is negative or not finite.
pub fn population_stability(expected: &[f64], actual: &[f64]) -> Result<f64> {
    if actual.len() != expected.len() {
        return Err(Error::ColumnLength {
            column: "actual".to_owned(),
            found: actual.len(),
            against: "expected".to_owned(),
            expected: expected.len(),
        });
    }
    if let Some(share) = expected.iter().chain(actual).find(|share| !(share.is_finite() && **share >= 0.0)) {
        let expected = "finite shares of zero or more";
        return Err(Error::Setting { setting: "shares", found: share.to_string(), expected });
    }
    let term = |(e, a): (&f64, &f64)| {
        let (e, a) = (e.max(LEAST_SHARE), a.max(LEAST_SHARE));
        (a - e) * ln(a / e)
    };
    Ok(expected.iter().zip(actual).map(term).sum())
}

/// How much a feature's distribution in the audience differs from the pool's.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct Drift {
    /// The feature.
    pub feature: String,
    /// Its population stability index: numbers in ten bins of equal size in the pool, texts by level, a bin more for missing
    /// values. About below 0.1 the same, above 0.25 another distribution.
    pub stability: f64,
    /// What the index would be on average if the audience were drawn from the pool at random: `(bins − 1) · (1/m − 1/n)` of m
    /// in the audience and n in the pool, the chi-squared statistic of a draw without putting back. In small audiences it is not
    /// small; where the audience is the whole pool it is nothing.
    pub by_chance: f64,
}

impl Drift {
    /// The drift of some features between the rows of a pool and those of an audience, the greatest first.
    ///
    /// O(rows) a feature. A feature whose values are all missing, or the same, has an index of 0.
    ///
    /// # Errors
    /// [`Error::MissingFeature`]; [`Error::Empty`] where there is nobody in the pool or the audience;
    /// [`Error::Setting`] for a row beyond the table.
    pub fn between<F: AsRef<str>>(
        table: &FeatureTable,
        features: impl IntoIterator<Item = F>,
        pool: &[usize],
        audience: &[usize],
    ) -> Result<Vec<Self>> {
        if pool.is_empty() || audience.is_empty() {
            let what = if pool.is_empty() { "the pool" } else { "the audience" };
            return Err(Error::Empty { what, hint: "drift needs customers on both sides" });
        }
        if let Some(row) = pool.iter().chain(audience).find(|row| **row >= table.len()) {
            let expected = "rows of the table";
            return Err(Error::Setting { setting: "rows", found: row.to_string(), expected });
        }
        let mut all = features
            .into_iter()
            .map(|feature| Self::of(feature.as_ref(), table.column(feature.as_ref())?, pool, audience))
            .collect::<Result<Vec<Self>>>()?;
        all.sort_by(|a, b| b.stability.total_cmp(&a.stability).then_with(|| a.feature.cmp(&b.feature)));
        Ok(all)
    }

    fn of(feature: &str, column: &Column, pool: &[usize], audience: &[usize]) -> Result<Self> {
        let binning = Binning::of(column, pool);
        let shares = |rows: &[usize]| {
            let mut counts = vec![0_u64; binning.bins() + 1];
            for row in rows {
                counts[binning.bin(column, *row)] += 1;
            }
            counts
        };
        let (expected, actual) = (shares(pool), shares(audience));
        let used = expected.iter().zip(&actual).filter(|(e, a)| **e + **a > 0).count();
        let share = |counts: &[u64], n: usize| -> Vec<f64> {
            counts.iter().map(|count| *count as f64 / n as f64).collect()
        };
        Ok(Self {
            feature: feature.to_owned(),
            stability: population_stability(&share(&expected, pool.len()), &share(&actual, audience.len()))?,
            by_chance: used.saturating_sub(1) as f64
                * (1.0 / audience.len() as f64 - 1.0 / pool.len() as f64).max(0.0),
        })
    }
}

/// The bins of a feature; one more for missing values.
enum Binning {
    /// Cut points, ascending: a value belongs to as many as are below it.
    Numbers(Vec<f64>),
    Levels(usize),
}

impl Binning {
    fn of(column: &Column, pool: &[usize]) -> Self {
        if let Values::Category(category) = column.values() {
            return Self::Levels(category.levels().len());
        }
        let values: Vec<f64> = pool.iter().filter_map(|row| column.number(*row)).collect();
        let parts: Vec<Quantile> =
            (1..BINS as u32).map(|part| Quantile::Part { part, parts: BINS as u32 }).collect();
        let found = quantiles(&values, &parts);
        let mut cuts = found.unwrap_or_default();
        cuts.dedup_by(|a, b| a.total_cmp(b).is_eq());
        Self::Numbers(cuts)
    }

    fn bins(&self) -> usize {
        match self {
            Self::Numbers(cuts) => cuts.len() + 1,
            Self::Levels(levels) => *levels,
        }
    }

    fn bin(&self, column: &Column, row: usize) -> usize {
        let bin = match (self, column.values()) {
            (Self::Levels(_), Values::Category(category)) => category.code(row).map(|code| code as usize),
            (Self::Numbers(cuts), _) => {
                column.number(row).map(|value| cuts.partition_point(|cut| *cut < value))
            }
            _ => None,
        };
        bin.unwrap_or_else(|| self.bins())
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;
    use crate::category::Category;
    use crate::random::Stream;
    use crate::transaction::CustomerIds;

    #[test]
    fn the_index_is_the_reference_value() {
        let expected = [0.1, 0.2, 0.4, 0.2, 0.1];
        let index = population_stability(&expected, &[0.15, 0.2, 0.35, 0.2, 0.1]).unwrap();
        assert_relative_eq!(index, 0.026_949_825, epsilon = 1e-9);
        assert_relative_eq!(population_stability(&expected, &expected).unwrap(), 0.0);
        let emptied = population_stability(&[0.5, 0.5], &[1.0, 0.0]).unwrap();
        assert_relative_eq!(emptied, 0.5 * 2.0_f64.ln() + 0.499_9 * 5_000.0_f64.ln(), epsilon = 1e-12);
        assert!(population_stability(&expected, &[1.0]).is_err());
        assert!(population_stability(&[f64::NAN], &[1.0]).is_err());
        assert!(population_stability(&[-0.1], &[1.0]).is_err());
    }

    #[test]
    fn what_moved_most_stands_first() {
        let n = 1_000_u32;
        let numbers: Vec<Option<f64>> = (0..n).map(|row| (row % 10 != 3).then(|| f64::from(row))).collect();
        let texts = Category::from_texts((0..n).map(|row| Some(if row % 2 == 0 { "even" } else { "odd" })));
        let table = FeatureTable::from_columns(
            CustomerIds::rows(n as usize),
            [
                ("number", Column::optional(numbers)),
                ("same", Column::optional(vec![Some(4.0); n as usize])),
                ("never", Column::optional(vec![None; n as usize])),
                ("text", Column::new(Values::Category(texts))),
            ],
        )
        .unwrap();
        let pool: Vec<usize> = (0..1_000).collect();
        let names = ["same", "text", "never", "number"];
        let none = Drift::between(&table, names, &pool, &pool).unwrap();
        assert!(none.iter().all(|drift| drift.stability == 0.0 && drift.by_chance == 0.0));
        let upper: Vec<usize> = (800..1_000).collect();
        let drift = Drift::between(&table, names, &pool, &upper).unwrap();
        let order: Vec<&str> = drift.iter().map(|drift| drift.feature.as_str()).collect();
        assert_eq!(order, ["number", "never", "same", "text"]);
        // Eight bins of ten are emptied, of nine tenths of the pool; two hold all that is not missing; a tenth is missing in
        // both.
        let expected = 8.0 * (0.09 - 1e-4) * (0.09_f64 / 1e-4).ln() + 2.0 * 0.36 * 5.0_f64.ln();
        assert_relative_eq!(drift[0].stability, expected, epsilon = 0.02);
        assert_relative_eq!(drift[0].by_chance, 10.0 * (0.005 - 0.001), epsilon = 1e-12);
        assert_relative_eq!(drift[3].by_chance, 0.004, epsilon = 1e-12);
        assert!(Drift::between(&table, names, &pool, &[]).is_err());
        assert!(Drift::between(&table, names, &[], &pool).is_err());
        assert!(Drift::between(&table, names, &pool, &[1_000]).is_err());
        assert!(matches!(
            Drift::between(&table, ["numbr"], &pool, &upper),
            Err(Error::MissingFeature { nearest: Some(name), .. }) if name == "number"
        ));
    }

    #[test]
    fn by_chance_is_the_mean_of_audiences_drawn_at_random() {
        let n = 1_000;
        let numbers = Column::new(Values::F64((0..n).map(f64::from).collect()));
        let texts = Category::from_texts((0..n).map(|row| Some(["a", "b", "c"][(row % 3) as usize])));
        let table = FeatureTable::from_columns(
            CustomerIds::rows(n as usize),
            [("number", numbers), ("text", Column::new(Values::Category(texts)))],
        )
        .unwrap();
        let mut rows: Vec<usize> = (0..n as usize).collect();
        let pool = rows.clone();
        for size in [200, 500, 900] {
            let mut stream = Stream::new(1, "drift by chance", size as u64);
            let (mut index, draws) = ([0.0, 0.0], 400);
            let mut by_chance = [0.0, 0.0];
            for _ in 0..draws {
                for at in 0..size {
                    rows.swap(at, at + stream.below((n as usize - at) as u64) as usize);
                }
                let found = Drift::between(&table, ["number", "text"], &pool, &rows[..size]).unwrap();
                for drift in found {
                    let place = usize::from(drift.feature == "text");
                    index[place] += drift.stability / f64::from(draws);
                    by_chance[place] = drift.by_chance;
                }
            }
            // The standard error is 2.4 % and 5 % of the mean.
            assert_relative_eq!(index[0], by_chance[0], max_relative = 0.1);
            assert_relative_eq!(index[1], by_chance[1], max_relative = 0.2);
        }
    }
}
