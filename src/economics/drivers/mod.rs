//! What drives the returns of a segment: by product, category, brand, size, channel, country, discount, first order or
//! later, and by reason.
//!
//! This is the one part of economics that looks at order lines. The statistic works on sums per level and customer and
//! does not know where they come from; walking the log is a thin layer on top.

mod levels;
mod rows;
mod statistic;
mod text;
mod walk;

use std::fmt;

use serde::{Serialize, Serializer};

use crate::economics::builder::Economics;
use crate::economics::drivers::statistic::statistic;
use crate::economics::drivers::walk::Walk;
use crate::economics::returns::RatioEstimate;
use crate::error::{Error, Result};
use crate::features::FeatureTable;
use crate::segment::Segmentation;
use crate::transaction::{Attribute, MoneyTotal, TransactionLog};

/// What the order lines of a segment are told apart by, to see which of them come back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum DriverBy {
    /// A text that stands on the line, such as its category or brand.
    Attribute(Attribute),
    /// Whether the line is of the customer's first order or of a later one, as far as the log reaches back. Of orders that
    /// she placed at one instant the first is the one with the smallest id; where each line is an order of its own, all lines
    /// of that instant are of the first.
    FirstOrder,
    /// How much was taken off the price: nothing, up to 10 %, 25 %, 50 %, or more. The end of each range is in it.
    Discount,
}

impl DriverBy {
    /// Its name in lower case: that of the attribute, `first order` or `discount`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Attribute(attribute) => attribute.name(),
            Self::FirstOrder => "first order",
            Self::Discount => "discount",
        }
    }

    /// Reasons stand on what came back alone, so that they have shares and no rates.
    fn is_reason(self) -> bool {
        self == Self::Attribute(Attribute::Reason)
    }
}

impl From<Attribute> for DriverBy {
    fn from(attribute: Attribute) -> Self {
        Self::Attribute(attribute)
    }
}

impl fmt::Display for DriverBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for DriverBy {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// The returns of a segment at one level of what its lines are told apart by.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ReturnDriver {
    /// The level; `None` for lines without one.
    pub level: Option<String>,
    /// The segment's sale lines; by reason also its credit notes.
    pub lines: u64,
    /// The value bought, gross less discount, as in the log.
    pub value: MoneyTotal,
    /// Of that, what came back.
    pub returned: MoneyTotal,
    /// The return rate by value, with customers as the sampling unit. `None` for reasons, which only returned lines
    /// have.
    pub rate: Option<RatioEstimate>,
    /// The shop's rate at this level; `None` for reasons.
    pub shop_rate: Option<f64>,
    /// The share of all that the segment sent back; `None` where it sent nothing back.
    pub share_of_returned: Option<f64>,
    /// The same for the shop.
    pub shop_share_of_returned: Option<f64>,
    /// What came back beyond what the shop would lead one to expect, in currency units: at the shop's overall rate, or
    /// for a reason at its share of the shop's returns.
    pub excess: f64,
}

/// What drives a segment's returns, the largest excess first.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ReturnDrivers {
    /// The segment.
    pub segment: String,
    /// What its lines are told apart by.
    pub by: DriverBy,
    /// The segment's return rate by value; `None` without value.
    pub rate: Option<RatioEstimate>,
    /// The shop's; `None` without value.
    pub shop_rate: Option<f64>,
    /// The levels, by excess; of equals in the order of their text, last the lines without one.
    pub levels: Vec<ReturnDriver>,
}

impl Economics {
    /// What drives the returns of a segment, by an [`Attribute`] of its order lines, by how much they were discounted, or by
    /// whether they are of a first order or a later one.
    ///
    /// Lines at or after the table's moment are left out, and returns of that time do not count. Credit notes are
    /// attributed to the sales they undo; but their reasons stand on the notes, so by reason they count as posted. Only
    /// customers of the table are looked at; they are the shop. O(lines + segment's lines · log), with some 24 bytes for each
    /// of the segment's lines; ids of customers that are crowded numbers are looked up at once, others in O(log customers).
    ///
    /// ```
    /// use kohort::economics::{CostOfGoods, DriverBy};
    /// use kohort::synthetic::Shop;
    /// use kohort::{Attribute, Costs, Economics, FeatureExtractor, Rate, Segmenter, StarterSegments};
    ///
    /// let log = Shop::builder().customers(500).build()?.generate()?.log;
    /// let table = FeatureExtractor::builder(log.as_of_end()?).build()?.extract(&log)?;
    /// let segments = StarterSegments::builder().build()?.fit(&table)?.segment(&table)?;
    /// let costs = Costs::builder(CostOfGoods::ShareOfGross(Rate::from_f64(0.45)?)).build()?;
    /// let economics = Economics::builder(costs).build()?;
    /// let segment = &segments.names()[0];
    /// let brands = economics.return_drivers(&log, &table, &segments, segment, Attribute::Brand)?;
    /// let orders = economics.return_drivers(&log, &table, &segments, segment, DriverBy::FirstOrder)?;
    /// assert_eq!((brands.levels.len(), orders.levels.len()), (8, 2));
    /// # Ok::<(), kohort::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::UnknownSegment`]; [`Error::FeatureNeeds`] where the log lacks the attribute, discounts, or a record of
    /// returns; [`Error::Incompatible`] where segments, table and log are of other customers.
    pub fn return_drivers(
        &self,
        log: &TransactionLog,
        table: &FeatureTable,
        segments: &Segmentation,
        segment: &str,
        by: impl Into<DriverBy>,
    ) -> Result<ReturnDrivers> {
        let by = by.into();
        segments.check_customers(table)?;
        let wanted = segments.named(segment)?;
        let walk = Walk::new(log, table)?;
        let levels = walk.levels(by)?;
        let group = |row: usize| (segments.position(row) == Some(wanted)).then_some(0);
        let (shop, mut lines) = walk.sums(&levels, by, 1, group)?;
        let lines = lines.pop().unwrap_or_default();
        let drivers = statistic(&shop, lines, |level| levels.name(level), by, self.settings.confidence);
        Ok(ReturnDrivers { segment: segment.to_owned(), ..drivers })
    }

    /// What drives the returns of several segments, segment by segment, by whatever of `by` the log tells its lines apart by:
    /// returns are attributed once, and the log is walked once for each of them.
    pub(super) fn drivers_of(
        &self,
        log: &TransactionLog,
        table: &FeatureTable,
        segments: &Segmentation,
        wanted: &[&str],
        by: &[DriverBy],
    ) -> Result<Vec<ReturnDrivers>> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        segments.check_customers(table)?;
        let mut places = vec![None; segments.names().len()];
        for (place, segment) in wanted.iter().enumerate() {
            places[segments.named(segment)?] = Some(place);
        }
        let group = |row: usize| places[segments.position(row)?];
        let walk = Walk::new(log, table)?;
        let mut found = vec![Vec::new(); wanted.len()];
        for by in by.iter().copied() {
            let sums =
                walk.levels(by).and_then(|levels| Ok((walk.sums(&levels, by, wanted.len(), group)?, levels)));
            let ((shop, lines), levels) = match sums {
                Ok(sums) => sums,
                Err(Error::FeatureNeeds { .. }) => continue,
                Err(other) => return Err(other),
            };
            for ((found, segment), lines) in found.iter_mut().zip(wanted).zip(lines) {
                let drivers =
                    statistic(&shop, lines, |level| levels.name(level), by, self.settings.confidence);
                found.push(ReturnDrivers { segment: (*segment).to_owned(), ..drivers });
            }
        }
        Ok(found.into_iter().flatten().collect())
    }
}
