//! From what was measured of a customer to the columns of a table: one simple function per feature.

use std::sync::Arc;

use rayon::prelude::*;

use crate::bitmap::Bitmap;
use crate::category::{Category, Levels, MISSING};
use crate::error::{Error, Result};
use crate::features::feature::Feature;
use crate::features::measures::Measures;
use crate::features::table::{Column, Values};
use crate::transaction::{DAY, Money};

/// One feature of one group's customers.
pub(crate) enum Part {
    Count(Vec<u32>),
    Large(Vec<i64>),
    Money(Vec<Money>),
    Codes(Vec<u32>),
    /// A count that may be missing.
    MaybeCount(Vec<Option<u32>>),
    MaybeTime(Vec<Option<i64>>),
    MaybeNumber(Vec<Option<f64>>),
}

/// A sum that does not fit its column, and whose.
pub(crate) struct TooLarge {
    pub(crate) what: &'static str,
    pub(crate) customer: usize,
}

/// A feature of a group's customers. [`Feature::ChannelShares`] has columns of its own ([`channel_share`]).
pub(crate) fn derive(feature: Feature, measures: &[Measures], as_of: i64) -> Result<Part, TooLarge> {
    let counts = |pick: fn(&Measures) -> u32| Ok(Part::Count(measures.iter().map(pick).collect()));
    let money = |pick: fn(&Measures) -> i128| {
        let amount = |(customer, m): (usize, &Measures)| {
            i64::try_from(pick(m))
                .map(Money::from_ten_thousandths)
                .map_err(|_| TooLarge { what: feature.name(), customer })
        };
        measures.iter().enumerate().map(amount).collect::<Result<Vec<Money>, TooLarge>>().map(Part::Money)
    };
    let lines = |pick: fn(&Measures) -> u64| {
        let count = |(customer, m): (usize, &Measures)| {
            u32::try_from(pick(m)).map_err(|_| TooLarge { what: feature.name(), customer })
        };
        measures.iter().enumerate().map(count).collect::<Result<Vec<u32>, TooLarge>>().map(Part::Count)
    };
    let days = |pick: fn((i64, i64)) -> i64| {
        let days = |m: &Measures| m.orders_span.map(|span| ((as_of - pick(span)) / DAY) as u32);
        Ok(Part::MaybeCount(measures.iter().map(days).collect()))
    };
    let times = |pick: fn((i64, i64)) -> i64| {
        Ok(Part::MaybeTime(measures.iter().map(|m| m.orders_span.map(pick)).collect()))
    };
    let numbers = |of: fn(&Measures) -> Option<f64>| Ok(Part::MaybeNumber(measures.iter().map(of).collect()));
    let large = |pick: fn(&Measures) -> i64| Ok(Part::Large(measures.iter().map(pick).collect()));
    let codes = |pick: fn(&Measures) -> Option<u32>| {
        Ok(Part::Codes(measures.iter().map(|m| pick(m).unwrap_or(MISSING)).collect()))
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
        Feature::CostOfGoods => money(|m| m.cost),
        Feature::CostOfGoodsReturned => money(|m| m.cost_returned),
        Feature::LinesMature => lines(|m| m.lines_mature),
        Feature::LinesReturnedMature => lines(|m| m.lines_returned_mature),
        Feature::ChannelShares => Ok(Part::MaybeNumber(vec![None; measures.len()])),
    }
}

/// The share of gross in one of `channels` channels; `gross` has them side by side, customer by customer.
pub(crate) fn channel_share(channel: usize, channels: usize, gross: &[i64], measures: &[Measures]) -> Part {
    let share =
        |(customer, m): (usize, &Measures)| ratio(i128::from(gross[customer * channels + channel]), m.gross);
    Part::MaybeNumber(measures.iter().enumerate().map(share).collect())
}

/// Both are exact; the quotient is rounded once.
fn ratio(part: i128, whole: i128) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The column of all groups' parts, which are of one kind.
pub(crate) fn join(parts: Vec<&Part>, levels: Option<&Arc<Levels>>) -> Result<Column> {
    macro_rules! concat {
        ($kind:path) => {
            parts
                .iter()
                .flat_map(|part| if let $kind(values) = part { values.as_slice() } else { &[] })
                .copied()
        };
    }
    macro_rules! maybe {
        ($kind:path, $values:path) => {{
            let missing = parts.iter().any(|part| matches!(part, $kind(values) if values.iter().any(Option::is_none)));
            let values = $values(concat!($kind).map(Option::unwrap_or_default).collect());
            if missing {
                Column::with_missing(values, concat!($kind).map(|value| value.is_some()).collect::<Bitmap>())
            } else {
                Ok(Column::new(values))
            }
        }};
    }
    match parts.first() {
        Some(Part::Large(_)) => Ok(Column::new(Values::I64(concat!(Part::Large).collect()))),
        Some(Part::Money(_)) => Ok(Column::new(Values::Money(concat!(Part::Money).collect()))),
        Some(Part::Codes(_)) => {
            let codes = concat!(Part::Codes).collect();
            Ok(Column::new(Values::Category(Category { codes, levels: levels.cloned().unwrap_or_default() })))
        }
        Some(Part::MaybeCount(_)) => maybe!(Part::MaybeCount, Values::U32),
        Some(Part::MaybeTime(_)) => maybe!(Part::MaybeTime, Values::Time),
        Some(Part::MaybeNumber(_)) => maybe!(Part::MaybeNumber, Values::F64),
        Some(Part::Count(_)) | None => Ok(Column::new(Values::U32(concat!(Part::Count).collect()))),
    }
}

/// The columns of several features, in parallel; `parts` has one list per group, in the order of the features.
pub(crate) fn join_all(parts: &[Vec<Part>], levels: &[Option<Arc<Levels>>]) -> Result<Vec<Column>, Error> {
    (0..levels.len())
        .into_par_iter()
        .map(|feature| join(parts.iter().map(|group| &group[feature]).collect(), levels[feature].as_ref()))
        .collect()
}
