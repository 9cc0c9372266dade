//! Rhythm: how long a customer waits between orders, how regularly, and whether she is late by her own measure.

use crate::error::Result;
use crate::features::customer::Customer;
use crate::features::derive::{Grow, Instant, Part, TooLarge};
use crate::features::family::{ColumnPlan, Family, Measure, Plan, Ratios, Source};
use crate::features::lines::Needs;
use crate::transaction::{DAY, TIME_RANGE};

/// The family.
#[derive(Debug)]
pub(crate) struct Rhythm;

/// Its columns but for the last, which is a time.
const NUMBERS: [&str; 5] = [
    "days_between_orders_mean",
    "days_between_orders_median",
    "days_between_orders_sd",
    "regularity",
    "days_overdue",
];

impl Family for Rhythm {
    fn plan(&self, source: &Source<'_>) -> Result<Box<dyn Plan>> {
        Ok(Box::new(RhythmPlan { as_of: source.as_of.micros() }))
    }
}

struct RhythmPlan {
    as_of: i64,
}

impl Plan for RhythmPlan {
    fn columns(&self) -> Vec<ColumnPlan> {
        NUMBERS.into_iter().chain(["expected_next_order"]).map(ColumnPlan::number).collect()
    }

    fn needs(&self) -> Needs {
        Needs { order: true, order_list: true, ..Needs::NONE }
    }

    fn measure(&self) -> Box<dyn Measure + '_> {
        Box::new(RhythmMeasure {
            as_of: self.as_of,
            gaps: Vec::new(),
            numbers: Ratios::new(NUMBERS.len()),
            next: Grow::default(),
        })
    }
}

struct RhythmMeasure {
    as_of: i64,
    gaps: Vec<i64>,
    numbers: Ratios,
    next: Grow<Instant>,
}

impl Measure for RhythmMeasure {
    fn add(&mut self, customer: &Customer<'_>) {
        self.gaps.clear();
        self.gaps.extend(customer.orders.windows(2).map(|pair| pair[1].time - pair[0].time));
        // Sorted, so that the sum of squares does not depend on the order of gaps.
        self.gaps.sort_unstable();
        let (Some(rhythm), Some(last)) = (Gaps::of(&self.gaps), customer.orders.last()) else {
            self.numbers.push([None; NUMBERS.len()]);
            self.next.push(None);
            return;
        };
        let days = |micros: f64| micros / DAY as f64;
        let next = last.time.saturating_add(rhythm.median);
        self.numbers.push([
            Some(days(rhythm.mean)),
            Some(days(rhythm.median as f64)),
            rhythm.sd.map(days),
            rhythm.sd.filter(|_| rhythm.mean > 0.0).map(|sd| {
                let variation = sd / rhythm.mean;
                1.0 / (1.0 + variation * variation)
            }),
            Some(days(self.as_of.saturating_sub(next) as f64)),
        ]);
        self.next.push(TIME_RANGE.contains(&next).then_some(Instant(next)));
    }

    fn take(&mut self) -> Result<Vec<Part>, TooLarge> {
        let mut parts = self.numbers.take();
        parts.push(self.next.take());
        Ok(parts)
    }
}

/// The gaps between a customer's orders, in microseconds.
struct Gaps {
    mean: f64,
    /// Of an even number, the mean of the two in the middle, rounded down to a microsecond.
    median: i64,
    /// Sample standard deviation; `None` of one gap.
    sd: Option<f64>,
}

impl Gaps {
    /// `None` without a gap; `gaps` ascend.
    fn of(gaps: &[i64]) -> Option<Self> {
        let n = gaps.len();
        let median = i64::midpoint(*gaps.get((n.checked_sub(1)?) / 2)?, *gaps.get(n / 2)?);
        let mean = gaps.iter().sum::<i64>() as f64 / n as f64;
        let squares: f64 = gaps.iter().map(|gap| (*gap as f64 - mean).powi(2)).sum();
        Some(Self { mean, median, sd: (n > 1).then(|| (squares / (n - 1) as f64).sqrt()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_of_known_orders() {
        let day = |days: i64| days * DAY;
        assert!(Gaps::of(&[]).is_none());
        let one = Gaps::of(&[day(7)]).unwrap();
        assert_eq!((one.mean, one.median, one.sd), (day(7) as f64, day(7), None));
        let gaps = Gaps::of(&[day(2), day(4), day(9), day(13)]).unwrap();
        assert_eq!((gaps.mean, gaps.median), (day(7) as f64, day(13) / 2));
        // Deviations −5, −3, 2, 6: squares 25 + 9 + 4 + 36 = 74, over three.
        let sd = (74.0_f64 / 3.0).sqrt() * DAY as f64;
        approx::assert_relative_eq!(gaps.sd.unwrap(), sd, max_relative = 1e-12);
    }
}
