//! A table as it would be: returns in proportion, discounts gone, recorded costs dearer. Sums per segment come out exactly.

use crate::economics::costs::{GROSS_PREFIX, RETURNED_GROSS, category_of, gross_column_of};
use crate::economics::scenario::Scenario;
use crate::error::{Error, Result};
use crate::features::{Column, Feature, FeatureTable, Values};
use crate::segment::Segmentation;
use crate::transaction::{Money, Rate, mul_div};

/// What comes back with returned value, and what each cannot exceed.
const WITH_RETURNS: [(Feature, Option<Feature>); 8] = [
    (Feature::ReturnedAttributed, None),
    (Feature::Returned, None),
    (Feature::ReturnedGross, Some(Feature::Gross)),
    (Feature::CostOfGoodsReturned, Some(Feature::CostOfGoods)),
    (Feature::ItemsReturned, Some(Feature::Items)),
    (Feature::ReturnParcels, None),
    (Feature::OrdersWithReturn, Some(Feature::Orders)),
    (Feature::LinesReturned, Some(Feature::Lines)),
];

/// What goes with demand.
const WITH_DEMAND: [Feature; 10] = [
    Feature::Gross,
    Feature::ReturnedAttributed,
    Feature::Returned,
    Feature::ReturnedGross,
    Feature::CostOfGoods,
    Feature::CostOfGoodsReturned,
    Feature::Orders,
    Feature::Items,
    Feature::ItemsReturned,
    Feature::ReturnParcels,
];

/// What a column for costs by category follows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Follows {
    Demand,
    Returns,
}

impl Follows {
    fn of(column: &str) -> Option<Self> {
        if column == RETURNED_GROSS || category_of(column).is_some() {
            Some(Self::Returns)
        } else {
            column.starts_with(GROSS_PREFIX).then_some(Self::Demand)
        }
    }
}

/// A table whose columns are changed one by one.
pub(super) struct Recombined<'a> {
    table: &'a FeatureTable,
    segments: &'a Segmentation,
    /// Columns that are no longer those of the table.
    changed: Vec<(String, Vec<Option<i64>>)>,
    /// Rows by segment, last those without one.
    groups: Vec<Vec<usize>>,
}

/// A factor as a fraction of whole numbers.
#[derive(Clone, Copy)]
struct Factor {
    over: i128,
    under: i128,
}

impl<'a> Recombined<'a> {
    pub(super) fn new(table: &'a FeatureTable, segments: &'a Segmentation) -> Self {
        let mut groups = vec![Vec::new(); segments.names().len() + 1];
        let none = segments.names().len();
        (0..table.len()).for_each(|row| groups[segments.position(row).unwrap_or(none)].push(row));
        Self { table, segments, changed: Vec::new(), groups }
    }

    /// The table with what has changed in the place of what was.
    pub(super) fn into_table(self) -> Result<FeatureTable> {
        let same = |name: &&str| self.changed.iter().all(|(feature, _)| feature != name);
        let mut table = self.table.select(self.table.names().filter(same))?;
        for (feature, values) in &self.changed {
            let old = self.table.column(feature)?;
            let numbers = || values.iter().map(|value| value.unwrap_or_default());
            let values = match old.values() {
                Values::Money(_) => Values::Money(numbers().map(Money::from_ten_thousandths).collect()),
                Values::U32(_) => {
                    Values::U32(numbers().map(|n| u32::try_from(n).unwrap_or(u32::MAX)).collect())
                }
                Values::I32(_) => {
                    Values::I32(numbers().map(|n| i32::try_from(n).unwrap_or(i32::MAX)).collect())
                }
                _ => Values::I64(numbers().collect()),
            };
            let column = match old.validity() {
                Some(validity) => Column::with_missing(values, validity.clone())?,
                None => Column::new(values),
            };
            table = table.column_added(feature.as_str(), column)?;
        }
        Ok(table)
    }

    /// The amounts or counts of a column; `None` where it is not there or has no whole numbers.
    fn whole(&self, feature: impl AsRef<str>) -> Option<Vec<Option<i64>>> {
        let feature = feature.as_ref();
        if let Some((_, values)) = self.changed.iter().find(|(known, _)| known == feature) {
            return Some(values.clone());
        }
        let column = self.table.column(feature).ok()?;
        let value = |row: usize| {
            column.is_valid(row).then(|| match column.values() {
                Values::Money(values) => values[row].ten_thousandths(),
                Values::U32(values) => i64::from(values[row]),
                Values::I32(values) => i64::from(values[row]),
                Values::I64(values) => values[row],
                _ => 0,
            })
        };
        let whole =
            matches!(column.values(), Values::Money(_) | Values::U32(_) | Values::I32(_) | Values::I64(_));
        whole.then(|| (0..column.len()).map(value).collect())
    }

    /// Puts a column in the place of another.
    fn put(&mut self, feature: impl AsRef<str>, values: Vec<Option<i64>>) {
        let feature = feature.as_ref();
        match self.changed.iter_mut().find(|(known, _)| known == feature) {
            Some((_, known)) => *known = values,
            None => self.changed.push((feature.to_owned(), values)),
        }
    }

    /// The columns that costs by category are reckoned from, by what they follow.
    fn of_categories(&self, follows: Follows) -> Vec<String> {
        let names = self.table.names().filter(|name| Follows::of(name) == Some(follows));
        names.map(str::to_owned).collect()
    }

    /// Makes recorded costs of goods dearer or cheaper.
    pub(super) fn scale_cost_of_goods(&mut self, factor: Rate) -> Result<()> {
        let factor = Factor { over: factor.millionths().into(), under: Rate::ONE.millionths().into() };
        for feature in [Feature::CostOfGoods, Feature::CostOfGoodsReturned] {
            let Some(mut values) = self.whole(feature) else { continue };
            for rows in &self.groups {
                self.scale(&mut values, rows, factor, None)?;
            }
            self.put(feature, values);
        }
        Ok(())
    }

    /// Takes discounts off, and the share of demand that goes with them.
    pub(super) fn drop_discounts(&mut self, demand_lost: f64) -> Result<()> {
        let gross = self.whole(Feature::Gross).unwrap_or_default();
        let discount = self.whole(Feature::Discount);
        if let Some(discount) = discount {
            for feature in [Feature::ReturnedAttributed, Feature::Returned] {
                let Some(mut values) = self.whole(feature) else { continue };
                for (row, value) in values.iter_mut().enumerate() {
                    let paid =
                        gross[row].zip(discount[row]).and_then(|(gross, less)| gross.checked_sub(less));
                    if let (Some(back), Some(paid @ 1..), Some(full)) = (*value, paid, gross[row]) {
                        *value = Some(mul_div(back, full, paid).ok_or_else(|| self.out_of_range(row))?);
                    }
                }
                self.put(feature, values);
            }
            let none = discount.iter().map(|amount| amount.map(|_| 0)).collect();
            self.put(Feature::Discount, none);
        }
        let whole = Rate::ONE.millionths();
        let kept =
            Factor { over: (whole - Rate::from_f64(demand_lost)?.millionths()).into(), under: whole.into() };
        let named = WITH_DEMAND.into_iter().map(|feature| feature.name().to_owned());
        let by_category = [Follows::Demand, Follows::Returns].map(|follows| self.of_categories(follows));
        for feature in named.chain(by_category.concat()) {
            let Some(mut values) = self.whole(&feature) else { continue };
            for rows in &self.groups {
                self.scale(&mut values, rows, kept, None)?;
            }
            self.put(&feature, values);
        }
        Ok(())
    }

    /// Moves each segment's return rate by its points, and what comes with returns in proportion.
    pub(super) fn move_return_rates(&mut self, scenario: &Scenario) -> Result<()> {
        let base = if self.whole(Feature::ReturnedAttributed).is_some() {
            Feature::ReturnedAttributed
        } else {
            Feature::Returned
        };
        let (Some(gross), Some(back)) = (self.whole(Feature::Gross), self.whole(base)) else { return Ok(()) };
        let discount = self.whole(Feature::Discount);
        let paid: Vec<Option<i64>> = (0..gross.len())
            .map(|row| {
                let less = match &discount {
                    Some(discount) => discount[row]?,
                    None => 0,
                };
                gross[row]?.checked_sub(less).map(|paid| paid.max(0))
            })
            .collect();
        let names = self.segments.names().iter().map(|name| Some(name.as_str())).chain([None]);
        let factors: Vec<Option<Factor>> = names
            .zip(&self.groups)
            .map(|(name, rows)| {
                let points = scenario.points_of(name);
                let both =
                    rows.iter().filter_map(|row| Some((i128::from(paid[*row]?), i128::from(back[*row]?))));
                let (bought, returned) = both.fold((0, 0), |sum, (paid, back)| (sum.0 + paid, sum.1 + back));
                let moved = (bought as f64 * points / 100.0).round() as i128;
                (points != 0.0 && returned > 0).then(|| {
                    // A rate does not fall below nothing, nor rise above everything.
                    Factor { over: (returned + moved).clamp(0, bought.max(returned)), under: returned }
                })
            })
            .collect();
        for (feature, cap) in
            WITH_RETURNS.into_iter().chain([(Feature::LinesReturnedMature, Some(Feature::LinesMature))])
        {
            let Some(mut values) = self.whole(feature) else { continue };
            let money_back = matches!(feature, Feature::ReturnedAttributed | Feature::Returned);
            let cap = if money_back { Some(paid.clone()) } else { cap.and_then(|cap| self.whole(cap)) };
            for (rows, factor) in self.groups.iter().zip(&factors) {
                let Some(factor) = factor else { continue };
                self.scale(&mut values, rows, *factor, cap.as_deref())?;
            }
            self.put(feature, values);
        }
        for feature in self.of_categories(Follows::Returns) {
            let Some(mut values) = self.whole(&feature) else { continue };
            let cap = match category_of(&feature) {
                Some(category) => self.whole(gross_column_of(category)),
                None => self.whole(Feature::Gross),
            };
            for (rows, factor) in self.groups.iter().zip(&factors) {
                let Some(factor) = factor else { continue };
                self.scale(&mut values, rows, *factor, cap.as_deref())?;
            }
            self.put(&feature, values);
        }
        Ok(())
    }

    /// Multiplies the values of some rows so that their sum is multiplied exactly, rounded down to a whole number: each row
    /// gets what the running sum is due so far, less what was given before. With caps, what a row cannot take falls on the
    /// others in proportion, as far as they can take it; a value that is beyond its cap already stays.
    fn scale(
        &self,
        values: &mut [Option<i64>],
        rows: &[usize],
        factor: Factor,
        caps: Option<&[Option<i64>]>,
    ) -> Result<()> {
        let mut open: Vec<usize> = rows.iter().copied().filter(|row| values[*row].is_some()).collect();
        let value = |values: &[Option<i64>], row: usize| i128::from(values[row].unwrap_or_default());
        let whole: i128 = open.iter().map(|row| value(values, *row)).sum();
        let times =
            |sum: i128, factor: Factor| sum.checked_mul(factor.over).map(|sum| sum.div_euclid(factor.under));
        let too_much = || self.out_of_range(rows.first().copied().unwrap_or_default());
        let mut factor = factor;
        let mut target = times(whole, factor).ok_or_else(too_much)?;
        if let Some(caps) = caps.filter(|_| factor.over > factor.under) {
            loop {
                let before = open.len();
                let mut kept = Vec::with_capacity(before);
                for row in open {
                    let cap = caps[row].map_or(i128::MAX, i128::from).max(value(values, row));
                    if times(value(values, row), factor).is_none_or(|scaled| scaled >= cap)
                        && value(values, row) > 0
                    {
                        target -= cap;
                        values[row] = i64::try_from(cap).ok();
                    } else {
                        kept.push(row);
                    }
                }
                open = kept;
                let rest: i128 = open.iter().map(|row| value(values, *row)).sum();
                if open.len() == before || rest <= 0 {
                    break;
                }
                factor = Factor { over: target.max(rest), under: rest };
            }
        }
        let (mut sum, mut given) = (0, 0);
        for row in open {
            sum += value(values, row);
            let due = times(sum, factor).ok_or_else(too_much)?;
            let own = i64::try_from(due - given).map_err(|_| self.out_of_range(row))?;
            values[row] = Some(own);
            given = due;
        }
        Ok(())
    }

    fn out_of_range(&self, row: usize) -> Error {
        let customer =
            if row < self.table.len() { self.table.ids().id(row).to_string() } else { String::new() };
        Error::MoneyRange { what: "an amount of the scenario".to_owned(), customer }
    }
}
