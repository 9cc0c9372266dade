//! The short way for plain rows: pieces sold at a price, as nearly all are.
//!
//! Looking at every possibility for each row costs several times the arithmetic. This way knows only rows that are
//! sales without any doubt, and leaves every other one to [`Reader`]; a test holds both to the same lines.

use crate::transaction::columns::reader::Reader;
use crate::transaction::columns::{DiscountColumn, PriceColumn, ReturnedColumn};
use crate::transaction::ids::IdColumn;
use crate::transaction::line::{Line, LineKind, UNKNOWN_COST};
use crate::transaction::money::{MAX_LINE, Rate, exact_from_f64, mul_div};
use crate::transaction::rules::Rounding;
use crate::transaction::time::TIME_RANGE;

/// Columns in which plain rows can be told: unit prices as floats, discounts as rates, returns as pieces.
pub(crate) struct Plain<'c> {
    pub(crate) time: &'c [i64],
    pub(crate) micros_per_tick: i64,
    pub(crate) unit_price: &'c [f64],
    pub(crate) quantity: &'c [i32],
    /// Empty where there is none; the same below.
    pub(crate) discount: &'c [f64],
    pub(crate) unit_cost: &'c [f64],
    pub(crate) returned: &'c [i32],
}

impl<'c> Plain<'c> {
    /// The short way for some columns, if they allow it.
    pub(super) fn new(reader: &Reader<'c, '_>) -> Option<Self> {
        let columns = reader.columns;
        let missing =
            columns.customer.has_missing() || columns.order.as_ref().is_some_and(IdColumn::has_missing);
        if missing
            || reader.rounding != Rounding::Refuse
            || reader.has_marks()
            || columns.return_time.is_some()
        {
            return None;
        }
        Some(Self {
            time: &columns.time,
            micros_per_tick: columns.micros_per_tick,
            unit_price: match &columns.price {
                PriceColumn::Unit(values) => values,
                _ => return None,
            },
            quantity: columns.quantity.as_deref()?,
            discount: match &columns.discount {
                None => &[],
                Some(DiscountColumn::Rate(values)) => values,
                Some(_) => return None,
            },
            unit_cost: columns.unit_cost.as_deref().unwrap_or_default(),
            returned: match &columns.returned {
                None => &[],
                Some(ReturnedColumn::Quantity(values)) => values,
                Some(_) => return None,
            },
        })
    }

    /// A row's time and line, if it is plain.
    #[inline]
    #[expect(clippy::float_cmp, reason = "the test is whether the rate is that decimal, to the bit")]
    pub(super) fn line(&self, row: usize) -> Option<(i64, Line)> {
        let time =
            self.time[row].checked_mul(self.micros_per_tick).filter(|time| TIME_RANGE.contains(time))?;
        let quantity = self.quantity[row];
        let gross = exact_from_f64(self.unit_price[row]).ok()?.checked_mul(i64::from(quantity))?;
        if quantity <= 0 || !(1..=MAX_LINE).contains(&gross) {
            return None;
        }
        let mut line = Line {
            kind: LineKind::Sale,
            quantity,
            gross,
            discount: 0,
            cost: UNKNOWN_COST,
            returned_quantity: 0,
            returned: 0,
        };
        if let Some(rate) = self.discount.get(row) {
            let scale = Rate::ONE.millionths();
            let millionths = (rate * scale as f64 + 0.5) as i64;
            if !(0..=scale).contains(&millionths) || millionths as f64 / scale as f64 != *rate {
                return None;
            }
            line.discount = if millionths == 0 { 0 } else { mul_div(gross, millionths, scale)? };
        }
        if let Some(unit_cost) = self.unit_cost.get(row) {
            let unit_cost = exact_from_f64(*unit_cost).ok()?;
            line.cost =
                unit_cost.checked_mul(i64::from(quantity)).filter(|cost| (0..=MAX_LINE).contains(cost))?;
        }
        if let Some(returned) = self.returned.get(row).copied().filter(|returned| *returned != 0) {
            if !(0..=quantity).contains(&returned) {
                return None;
            }
            line.returned_quantity = returned;
            line.returned = gross - line.discount;
            if returned < quantity {
                line.returned = mul_div(line.returned, i64::from(returned), i64::from(quantity))?;
            }
        }
        Some((time, line))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::transaction::columns::fill::Rows;
    use crate::transaction::{LogColumns, LogRules, OrderIdentity, Returns};

    proptest! {
        #[test]
        fn what_the_short_way_reads_is_what_the_long_way_reads(
            rows in prop::collection::vec(
                (any::<i16>(), -2_i32..6, -200_i64..90_000, -2_i64..130, -5_i64..3_000, -1_i32..7, 0..12),
                1..40,
            ),
        ) {
            let odd = |index: i32, at: i32, value: f64, instead: f64| if index == at { instead } else { value };
            let price: Vec<f64> = rows.iter().map(|r| odd(r.6, 1, r.2 as f64 / 100.0, 0.1 + 0.2)).collect();
            let rate: Vec<f64> = rows.iter().map(|r| odd(r.6, 2, r.3 as f64 / 100.0, f64::NAN)).collect();
            let cost: Vec<f64> = rows.iter().map(|r| odd(r.6, 3, r.4 as f64 / 100.0, 1e300)).collect();
            let time: Vec<i64> = rows.iter().map(|r| if r.6 == 4 { i64::MAX } else { i64::from(r.0) }).collect();
            let rules =
                LogRules::builder("EUR").orders(OrderIdentity::EachLine).returns(Returns::Quantity).build().unwrap();
            let columns = LogColumns::new(vec![1_u64; rows.len()], time, PriceColumn::Unit(price.into()))
                .times_in_seconds()
                .quantity(rows.iter().map(|r| r.1).collect::<Vec<i32>>())
                .discount(DiscountColumn::Rate(rate.into()))
                .unit_cost(cost)
                .returned(ReturnedColumn::Quantity(rows.iter().map(|r| r.5).collect::<Vec<i32>>().into()));
            let reader = Reader::new(&columns, &rules);
            let plain = Plain::new(&reader).unwrap();
            for (row, source) in rows.iter().enumerate() {
                if let Some((time, line)) = plain.line(row) {
                    let (other_time, other, _) = reader.line(row).unwrap();
                    prop_assert_eq!((time, line), (other_time, other));
                } else if source.6 > 4 && source.1 > 0 && source.2 > 0 && (0..=100).contains(&source.3) {
                    // The short way leaves aside only what is not plain.
                    prop_assert!(source.4 < 0 || source.5 < 0 || source.5 > source.1);
                }
            }
        }
    }
}
