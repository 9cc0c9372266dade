//! What economics reads from a feature table: typed views of its columns, and which of them are there.
//!
//! A column without any value counts as absent: a shop that does not record returns has no returns column, whether
//! it was left out or is missing in every row.

use crate::bitmap::Bitmap;
use crate::category::Category;
use crate::error::{Error, Result};
use crate::features::{Column, Feature, FeatureTable, Values};
use crate::transaction::Money;

/// Amounts, of which some may be missing.
#[derive(Clone, Copy)]
pub(super) struct Amounts<'a> {
    values: &'a [Money],
    validity: Option<&'a Bitmap>,
}

impl Amounts<'_> {
    /// Whether an amount that is there is below zero. O(rows).
    pub(super) fn any_negative(&self) -> bool {
        (0..self.values.len()).any(|row| self.get(row).is_some_and(i64::is_negative))
    }

    /// A row's amount in ten-thousandths.
    #[inline]
    pub(super) fn get(&self, row: usize) -> Option<i64> {
        self.validity.is_none_or(|validity| validity.get(row)).then(|| self.values[row].ten_thousandths())
    }
}

/// Counts, of which some may be missing.
#[derive(Clone, Copy)]
pub(super) struct Counts<'a> {
    values: CountValues<'a>,
    validity: Option<&'a Bitmap>,
}

#[derive(Clone, Copy)]
enum CountValues<'a> {
    U32(&'a [u32]),
    I32(&'a [i32]),
    I64(&'a [i64]),
}

impl Counts<'_> {
    #[inline]
    pub(super) fn get(&self, row: usize) -> Option<i64> {
        self.validity.is_none_or(|validity| validity.get(row)).then(|| match self.values {
            CountValues::U32(values) => i64::from(values[row]),
            CountValues::I32(values) => i64::from(values[row]),
            CountValues::I64(values) => values[row],
        })
    }
}

/// Lines as far as their returns have been seen, of which some may be missing.
#[derive(Clone, Copy)]
pub(super) struct Exposures<'a> {
    values: &'a [f64],
    validity: Option<&'a Bitmap>,
}

/// The columns of a table that economics knows of.
pub(super) struct Facts<'a> {
    pub(super) table: &'a FeatureTable,
    pub(super) gross: Amounts<'a>,
    pub(super) discount: Option<Amounts<'a>>,
    /// Posted returns, in their absence attributed ones.
    pub(super) returned: Option<Amounts<'a>>,
    /// Attributed returns, in their absence posted ones.
    pub(super) attributed: Option<Amounts<'a>>,
    pub(super) returned_gross: Option<Amounts<'a>>,
    pub(super) cost_of_goods: Option<Amounts<'a>>,
    pub(super) cost_of_goods_returned: Option<Amounts<'a>>,
    pub(super) orders: Option<Counts<'a>>,
    pub(super) items: Option<Counts<'a>>,
    pub(super) items_returned: Option<Counts<'a>>,
    /// Parcels that came back, in their absence orders with a return.
    pub(super) return_parcels: Option<Counts<'a>>,
    pub(super) lines: Option<Counts<'a>>,
    /// Lines and returned lines whose returns are in; where the table does not tell, all of them.
    pub(super) evidence: Option<(Counts<'a>, Counts<'a>)>,
    /// Exposed lines and returned lines of any age, where the table has both.
    pub(super) exposed: Option<(Exposures<'a>, Counts<'a>)>,
    pub(super) country: Option<&'a Category>,
}

impl<'a> Facts<'a> {
    /// Reads a table, which must have `gross`.
    pub(super) fn read(table: &'a FeatureTable) -> Result<Self> {
        let money = |feature| amounts(table, feature);
        let count = |feature| counts(table, feature);
        let either = |first: Option<Amounts<'a>>, second| first.or(second);
        let (posted, attributed) = (money(Feature::Returned)?, money(Feature::ReturnedAttributed)?);
        let parcels = match count(Feature::ReturnParcels)? {
            Some(parcels) => Some(parcels),
            None => count(Feature::OrdersWithReturn)?,
        };
        let lines = count(Feature::Lines)?;
        let mature = count(Feature::LinesMature)?.zip(count(Feature::LinesReturnedMature)?);
        let evidence = match mature {
            Some(mature) => Some(mature),
            None => lines.zip(count(Feature::LinesReturned)?),
        };
        Ok(Self {
            table,
            gross: match money(Feature::Gross)? {
                Some(gross) => gross,
                None => no_values(table, Feature::Gross)?,
            },
            discount: money(Feature::Discount)?,
            returned: either(posted, attributed),
            attributed: either(attributed, posted),
            returned_gross: money(Feature::ReturnedGross)?,
            cost_of_goods: money(Feature::CostOfGoods)?,
            cost_of_goods_returned: money(Feature::CostOfGoodsReturned)?,
            orders: count(Feature::Orders)?,
            items: count(Feature::Items)?,
            items_returned: count(Feature::ItemsReturned)?,
            return_parcels: parcels,
            lines,
            evidence,
            exposed: exposures(table)?.zip(count(Feature::LinesReturned)?),
            country: match present(table, Feature::Country) {
                Some(_) => Some(table.category(Feature::Country)?),
                None => None,
            },
        })
    }

    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    /// What was charged to a customer: gross less discount, as the table has it. `None` where a part is missing.
    pub(super) fn paid(&self, row: usize) -> Option<i64> {
        let discount = match self.discount {
            Some(discount) => discount.get(row)?,
            None => 0,
        };
        self.gross.get(row)?.checked_sub(discount)
    }

    /// How many of how many lines came back. `None` where the table does not say, or the customer has no lines.
    pub(super) fn returned_lines(&self, row: usize) -> Result<Option<(u32, u32)>> {
        let Some((lines, returned)) = self.evidence else { return Ok(None) };
        let bought = self.lines.map_or(Some(1), |lines| lines.get(row));
        let (Some(lines), Some(returned), Some(1..)) = (lines.get(row), returned.get(row), bought) else {
            return Ok(None);
        };
        match (u32::try_from(returned), u32::try_from(lines)) {
            (Ok(y), Ok(n)) if y <= n => Ok(Some((y, n))),
            _ => Err(Error::Incompatible {
                what: "the lines of a customer",
                left: format!("{returned} returned"),
                right: format!("{lines} bought by customer `{}`", self.table.ids().id(row)),
            }),
        }
    }
}

impl Facts<'_> {
    /// How many lines came back, and how many were exposed to it, in sixteenths of a line. `None` where the table does
    /// not say, or the customer has no lines.
    pub(super) fn exposed_lines(&self, row: usize) -> Result<Option<(u32, u64)>> {
        let Some((exposures, returned)) = self.exposed else { return Ok(None) };
        let known = exposures.validity.is_none_or(|validity| validity.get(row));
        let bought = self.lines.map_or(Some(i64::from(u32::MAX)), |lines| lines.get(row));
        let (Some(returned), Some(bought @ 1..), true) = (returned.get(row), bought, known) else {
            return Ok(None);
        };
        let exposed = exposures.values[row];
        match u32::try_from(returned) {
            Ok(y) if returned <= bought && (0.0..=bought as f64).contains(&exposed) => {
                Ok(Some((y, (exposed * 16.0).round() as u64)))
            }
            _ => Err(Error::Incompatible {
                what: "the lines of a customer",
                left: format!("{returned} returned and {exposed} exposed"),
                right: format!("{bought} bought by customer `{}`", self.table.ids().id(row)),
            }),
        }
    }
}

/// A column that has a value, or that has no rows at all.
fn present(table: &FeatureTable, feature: impl AsRef<str>) -> Option<&Column> {
    table.column(feature).ok().filter(|column| column.is_empty() || column.missing() < column.len())
}

/// The amounts of a column; `None` where it is absent.
pub(super) fn amounts(table: &FeatureTable, feature: impl AsRef<str>) -> Result<Option<Amounts<'_>>> {
    let Some(column) = present(table, &feature) else { return Ok(None) };
    Ok(Some(Amounts { values: table.money(feature)?, validity: column.validity() }))
}

/// The amounts of a required column: an error where it is not there, all missing where it has no value.
fn no_values(table: &FeatureTable, feature: Feature) -> Result<Amounts<'_>> {
    Ok(Amounts { values: table.money(feature)?, validity: table.column(feature)?.validity() })
}

/// The counts of a column; `None` where it is absent.
pub(super) fn counts(table: &FeatureTable, feature: impl AsRef<str>) -> Result<Option<Counts<'_>>> {
    let Some(column) = present(table, &feature) else { return Ok(None) };
    let wrong = |found| {
        Err(Error::FeatureType {
            feature: feature.as_ref().to_owned(),
            found,
            expected: "whole numbers from zero",
        })
    };
    let values = match column.values() {
        Values::U32(values) => CountValues::U32(values),
        Values::I32(values) => CountValues::I32(values),
        Values::I64(values) => CountValues::I64(values),
        other => return wrong(other.type_name()),
    };
    let counts = Counts { values, validity: column.validity() };
    let signed = !matches!(values, CountValues::U32(_));
    if signed && (0..column.len()).any(|row| counts.get(row).is_some_and(i64::is_negative)) {
        return wrong("a column with negative numbers");
    }
    Ok(Some(counts))
}

/// The column `lines_exposed`.
fn exposures(table: &FeatureTable) -> Result<Option<Exposures<'_>>> {
    const FEATURE: &str = "lines_exposed";
    let usable = |column: &&Column| column.is_empty() || column.missing() < column.len();
    let Some(column) = table.column(FEATURE).ok().filter(usable) else { return Ok(None) };
    match column.values() {
        Values::F64(values) => Ok(Some(Exposures { values, validity: column.validity() })),
        other => Err(Error::FeatureType {
            feature: FEATURE.to_owned(),
            found: other.type_name(),
            expected: "64-bit floats",
        }),
    }
}
