//! The statistic: sums of a segment's customers per level against the shop's.

use rayon::prelude::*;

use crate::economics::drivers::{DriverBy, ReturnDriver, ReturnDrivers};
use crate::economics::returns::{RatioEstimate, RatioSums};
use crate::transaction::MoneyTotal;

/// A line of one customer at one level. Money in ten-thousandths.
#[derive(Clone, Copy, Debug)]
pub(super) struct DriverLine {
    /// The level, one of missing text beyond all others, and in the low half the customer's row in the table.
    place: u64,
    value: i64,
    returned: i64,
}

impl DriverLine {
    pub(super) fn new(level: u32, row: usize, value: i64, returned: i64) -> Self {
        Self { place: u64::from(level) << 32 | row as u64, value, returned }
    }
}

/// Sums over lines.
#[derive(Clone, Copy, Default)]
pub(super) struct LevelSums {
    lines: u64,
    value: i128,
    returned: i128,
}

impl LevelSums {
    pub(super) fn add(&mut self, lines: u64, value: i128, returned: i128) {
        self.lines += lines;
        self.value += value;
        self.returned += returned;
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.add(other.lines, other.value, other.returned);
    }

    fn of<'s>(parts: impl IntoIterator<Item = &'s Self>) -> Self {
        parts.into_iter().fold(Self::default(), |mut sum, part| {
            sum.merge(part);
            sum
        })
    }
}

/// What one customer bought and sent back at one level.
struct CustomerSums {
    level: u32,
    row: u32,
    sums: LevelSums,
}

/// A segment's lines against the shop's sums per level, of which the last are those of lines without a level.
pub(super) fn statistic(
    shop: &[LevelSums],
    lines: Vec<DriverLine>,
    name: impl Fn(u32) -> Option<String>,
    by: DriverBy,
    confidence: f64,
) -> ReturnDrivers {
    let whole = LevelSums::of(shop);
    let shop_rate = share(whole.returned, whole.value);
    let mut customers = by_level_and_customer(lines);
    let segment = LevelSums::of(customers.iter().map(|customer| &customer.sums));
    let mut levels: Vec<ReturnDriver> = customers
        .chunk_by(|a, b| a.level == b.level)
        .filter_map(|group| {
            let level = group.first()?.level;
            let at_shop = shop.get((level as usize).min(shop.len().checked_sub(1)?))?;
            let own = LevelSums::of(group.iter().map(|customer| &customer.sums));
            let shop_share = share(at_shop.returned, whole.returned);
            let expected = if by.is_reason() {
                shop_share.unwrap_or_default() * units(segment.returned)
            } else {
                shop_rate.unwrap_or_default() * units(own.value)
            };
            Some(ReturnDriver {
                level: name(level),
                lines: own.lines,
                value: MoneyTotal::from_ten_thousandths(own.value),
                returned: MoneyTotal::from_ten_thousandths(own.returned),
                rate: if by.is_reason() { None } else { ratio(group, &own, confidence) },
                shop_rate: if by.is_reason() { None } else { share(at_shop.returned, at_shop.value) },
                share_of_returned: share(own.returned, segment.returned),
                shop_share_of_returned: shop_share,
                excess: units(own.returned) - expected,
            })
        })
        .collect();
    levels.sort_by(|a, b| {
        b.excess
            .total_cmp(&a.excess)
            .then_with(|| (a.level.is_none(), &a.level).cmp(&(b.level.is_none(), &b.level)))
    });
    // Over all levels a customer stands once, not once per level.
    customers.par_sort_unstable_by_key(|customer| (customer.row, customer.level));
    customers.dedup_by(|next, kept| {
        let same = next.row == kept.row;
        if same {
            kept.sums.merge(&next.sums);
        }
        same
    });
    ReturnDrivers {
        segment: String::new(),
        by,
        rate: ratio(&customers, &segment, confidence),
        shop_rate,
        levels,
    }
}

/// The sums of each customer at each level, by level and row.
fn by_level_and_customer(mut lines: Vec<DriverLine>) -> Vec<CustomerSums> {
    lines.par_sort_unstable_by_key(|line| line.place);
    let sums = lines.chunk_by(|a, b| a.place == b.place).filter_map(|own| {
        let place = own.first()?.place;
        let mut sums = LevelSums::default();
        for line in own {
            sums.add(1, line.value.into(), line.returned.into());
        }
        Some(CustomerSums { level: (place >> 32) as u32, row: place as u32, sums })
    });
    sums.collect()
}

/// The rate by value of customers whose sums add up to `whole`.
fn ratio(customers: &[CustomerSums], whole: &LevelSums, confidence: f64) -> Option<RatioEstimate> {
    let mut sums = RatioSums::new(units(whole.value), units(whole.returned))?;
    for customer in customers {
        sums.add(units(customer.sums.value), units(customer.sums.returned));
    }
    sums.estimate(confidence)
}

fn units(amount: i128) -> f64 {
    MoneyTotal::from_ten_thousandths(amount).to_f64()
}

fn share(part: i128, whole: i128) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
