//! From what was measured of a customer to the columns of a table: one simple function per feature.

use std::sync::Arc;

use rayon::prelude::*;

use crate::bitmap::Bitmap;
use crate::category::{Category, Levels, MISSING};
use crate::error::Result;
use crate::features::feature::Feature;
use crate::features::measures::Measures;
use crate::features::table::{Column, Values};
use crate::transaction::{DAY, Money};

/// One feature of one group's customers: values, and the rows that have none.
pub(crate) struct Part {
    values: PartValues,
    missing: Vec<u32>,
}

pub(crate) enum PartValues {
    U32(Vec<u32>),
    I64(Vec<i64>),
    F64(Vec<f64>),
    Money(Vec<Money>),
    Time(Vec<i64>),
    Codes(Vec<u32>),
}

/// A value that a column of a part can have.
pub(crate) trait Cell: Copy + Default {
    fn wrap(values: Vec<Self>) -> PartValues;
}

/// An instant, in microseconds UTC.
#[derive(Clone, Copy, Default)]
pub(crate) struct Instant(pub(crate) i64);

/// The code of a text.
#[derive(Clone, Copy, Default)]
pub(crate) struct Code(pub(crate) u32);

impl Cell for u32 {
    fn wrap(values: Vec<Self>) -> PartValues {
        PartValues::U32(values)
    }
}

impl Cell for i64 {
    fn wrap(values: Vec<Self>) -> PartValues {
        PartValues::I64(values)
    }
}

impl Cell for f64 {
    fn wrap(values: Vec<Self>) -> PartValues {
        PartValues::F64(values)
    }
}

impl Cell for Money {
    fn wrap(values: Vec<Self>) -> PartValues {
        PartValues::Money(values)
    }
}

impl Cell for Instant {
    fn wrap(values: Vec<Self>) -> PartValues {
        PartValues::Time(values.into_iter().map(|instant| instant.0).collect())
    }
}

impl Cell for Code {
    fn wrap(values: Vec<Self>) -> PartValues {
        PartValues::Codes(values.into_iter().map(|code| code.0).collect())
    }
}

/// A column of a part that grows by one customer after the other.
pub(crate) struct Grow<T> {
    values: Vec<T>,
    missing: Vec<u32>,
}

impl<T> Default for Grow<T> {
    fn default() -> Self {
        Self { values: Vec::new(), missing: Vec::new() }
    }
}

impl<T: Cell> Grow<T> {
    /// Adds a customer's value, or that she has none.
    pub(crate) fn push(&mut self, value: Option<T>) {
        self.values.push(value.unwrap_or_else(|| {
            self.missing.push(self.values.len() as u32);
            T::default()
        }));
    }

    /// How many customers there are.
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// The column, and an empty one for the customers that follow.
    pub(crate) fn take(&mut self) -> Part {
        let missing = std::mem::take(&mut self.missing);
        let mut values = T::wrap(std::mem::take(&mut self.values));
        // A category says so in its codes.
        if let PartValues::Codes(codes) = &mut values {
            for row in &missing {
                codes[*row as usize] = MISSING;
            }
            return Part::complete(values);
        }
        Part { values, missing }
    }
}

impl Part {
    fn complete(values: PartValues) -> Self {
        Self { values, missing: Vec::new() }
    }

    fn optional<T: Default>(values: impl Iterator<Item = Option<T>>, wrap: fn(Vec<T>) -> PartValues) -> Self {
        let mut missing = Vec::new();
        let present = values.enumerate().map(|(row, value)| {
            value.unwrap_or_else(|| {
                missing.push(row as u32);
                T::default()
            })
        });
        let values = wrap(present.collect());
        Self { values, missing }
    }

    fn rows(&self) -> usize {
        match &self.values {
            PartValues::U32(values) | PartValues::Codes(values) => values.len(),
            PartValues::I64(values) | PartValues::Time(values) => values.len(),
            PartValues::F64(values) => values.len(),
            PartValues::Money(values) => values.len(),
        }
    }
}

/// A sum that does not fit its column, and whose.
pub(crate) struct TooLarge {
    pub(crate) what: String,
    pub(crate) customer: usize,
}

/// A feature of a group's customers. [`Feature::ChannelShares`] has columns of its own ([`channel_share`]).
pub(crate) fn derive(feature: Feature, measures: &[Measures], as_of: i64) -> Result<Part, TooLarge> {
    let counts =
        |pick: fn(&Measures) -> u32| Ok(Part::complete(PartValues::U32(measures.iter().map(pick).collect())));
    let amount = |customer: usize, sum: i128| {
        i64::try_from(sum)
            .map(Money::from_ten_thousandths)
            .map_err(|_| TooLarge { what: feature.name().to_owned(), customer })
    };
    let money = |pick: fn(&Measures) -> i128| {
        let amounts = measures.iter().enumerate().map(|(customer, m)| amount(customer, pick(m)));
        amounts.collect::<Result<_, TooLarge>>().map(|values| Part::complete(PartValues::Money(values)))
    };
    let maybe_money = |pick: fn(&Measures) -> Option<i128>| {
        let amounts = measures.iter().enumerate();
        let amounts = amounts.map(|(customer, m)| pick(m).map(|sum| amount(customer, sum)).transpose());
        let amounts = amounts.collect::<Result<Vec<Option<Money>>, TooLarge>>()?;
        Ok(Part::optional(amounts.into_iter(), PartValues::Money))
    };
    let lines = |pick: fn(&Measures) -> u64| {
        let count = |(customer, m): (usize, &Measures)| {
            u32::try_from(pick(m)).map_err(|_| TooLarge { what: feature.name().to_owned(), customer })
        };
        measures
            .iter()
            .enumerate()
            .map(count)
            .collect::<Result<_, TooLarge>>()
            .map(|values| Part::complete(PartValues::U32(values)))
    };
    let days = |pick: fn((i64, i64)) -> i64| {
        let days = |m: &Measures| m.orders_span.map(|span| ((as_of - pick(span)) / DAY) as u32);
        Ok(Part::optional(measures.iter().map(days), PartValues::U32))
    };
    let times = |pick: fn((i64, i64)) -> i64| {
        Ok(Part::optional(measures.iter().map(|m| m.orders_span.map(pick)), PartValues::Time))
    };
    let numbers =
        |of: fn(&Measures) -> Option<f64>| Ok(Part::optional(measures.iter().map(of), PartValues::F64));
    let large =
        |pick: fn(&Measures) -> i64| Ok(Part::complete(PartValues::I64(measures.iter().map(pick).collect())));
    let codes = |pick: fn(&Measures) -> Option<u32>| {
        Ok(Part::complete(PartValues::Codes(measures.iter().map(|m| pick(m).unwrap_or(MISSING)).collect())))
    };
    match feature {
        Feature::RecencyDays => days(|(_, last)| last),
        Feature::TenureDays => days(|(first, _)| first),
        Feature::FirstOrder => times(|(first, _)| first),
        Feature::LastOrder => times(|(_, last)| last),
        Feature::Orders => counts(|m| m.orders),
        Feature::Lines => lines(|m| m.lines),
        Feature::Items => large(|m| m.items),
        Feature::Gross => money(|m| m.gross),
        Feature::Discount => money(|m| m.discount),
        Feature::Returned => money(|m| m.returned),
        Feature::ReturnedGross => money(|m| m.returned_gross),
        Feature::ReturnedAttributed => money(|m| m.returned_attributed),
        Feature::Net => money(|m| m.gross - m.discount - m.returned),
        Feature::AverageOrderValue => {
            numbers(|m| ratio(m.gross - m.discount, i128::from(m.orders)).map(|value| value / 10_000.0))
        }
        Feature::ReturnRate => numbers(|m| ratio(m.returned_attributed, m.gross - m.discount)),
        Feature::ReturnRatePosted => numbers(|m| ratio(m.returned, m.gross - m.discount)),
        Feature::ReturnRateItems => numbers(|m| ratio(i128::from(m.items_returned), i128::from(m.items))),
        Feature::ItemsReturned => large(|m| m.items_returned),
        Feature::LinesReturned => lines(|m| m.lines_returned),
        Feature::OrdersWithReturn => counts(|m| m.orders_with_return),
        Feature::ReturnParcels => counts(|m| m.return_parcels),
        Feature::DiscountShare => numbers(|m| ratio(m.discount, m.gross)),
        Feature::TopCategory => codes(|m| m.top_category),
        Feature::Categories => counts(|m| m.categories),
        Feature::Country => codes(|m| m.country),
        Feature::CostOfGoods => maybe_money(|m| m.cost),
        Feature::CostOfGoodsReturned => maybe_money(|m| m.cost_returned),
        Feature::LinesMature => lines(|m| m.lines_mature),
        Feature::LinesReturnedMature => lines(|m| m.lines_returned_mature),
        Feature::ChannelShares => Ok(Part::optional(measures.iter().map(|_| None), PartValues::F64)),
    }
}

/// The share of gross in one of `channels` channels; `gross` has them side by side, customer by customer.
pub(crate) fn channel_share(channel: usize, channels: usize, gross: &[i64], measures: &[Measures]) -> Part {
    let share =
        |(customer, m): (usize, &Measures)| ratio(i128::from(gross[customer * channels + channel]), m.gross);
    Part::optional(measures.iter().enumerate().map(share), PartValues::F64)
}

/// Both are exact; the quotient is rounded once, as long as they are below 2⁵³ ten-thousandths. `None` of nothing.
pub(crate) fn ratio(part: i128, whole: i128) -> Option<f64> {
    // A conversion from 128 bits is a call; nearly every sum fits 64.
    let float = |number: i128| i64::try_from(number).map_or_else(|_| wide(number), |number| number as f64);
    (whole > 0).then(|| float(part) / float(whole))
}

/// Apart, so that the compiler does not make the call in any case.
#[cold]
#[inline(never)]
fn wide(number: i128) -> f64 {
    number as f64
}

/// The column of all groups' parts, which are of one kind.
fn join(parts: &[&Part], levels: Option<&Arc<Levels>>) -> Result<Column> {
    let len = parts.iter().map(|part| part.rows()).sum();
    macro_rules! concat {
        ($kind:path) => {{
            let mut all = Vec::with_capacity(len);
            for part in parts {
                if let $kind(values) = &part.values {
                    all.extend_from_slice(values);
                }
            }
            all
        }};
    }
    let values = match parts.first().map(|part| &part.values) {
        Some(PartValues::U32(_)) | None => Values::U32(concat!(PartValues::U32)),
        Some(PartValues::I64(_)) => Values::I64(concat!(PartValues::I64)),
        Some(PartValues::F64(_)) => Values::F64(concat!(PartValues::F64)),
        Some(PartValues::Money(_)) => Values::Money(concat!(PartValues::Money)),
        Some(PartValues::Time(_)) => Values::Time(concat!(PartValues::Time)),
        Some(PartValues::Codes(_)) => {
            let levels = levels.cloned().unwrap_or_default();
            Values::Category(Category { codes: concat!(PartValues::Codes), levels })
        }
    };
    if parts.iter().all(|part| part.missing.is_empty()) {
        return Ok(Column::new(values));
    }
    let mut validity = Bitmap::filled(len, true);
    let mut start = 0;
    for part in parts {
        part.missing.iter().for_each(|row| validity.set(start + *row as usize, false));
        start += part.rows();
    }
    Column::with_missing(values, validity)
}

/// The columns of several features, in parallel; `parts` has one list per group, in the order of the features.
pub(crate) fn join_all(parts: &[Vec<Part>], levels: &[Option<Arc<Levels>>]) -> Result<Vec<Column>> {
    (0..levels.len())
        .into_par_iter()
        .map(|feature| {
            let parts: Vec<&Part> = parts.iter().map(|group| &group[feature]).collect();
            join(&parts, levels[feature].as_ref())
        })
        .collect()
}
