//! Trend: does a customer buy more or less than she did, and how often does one order bring the next?

use std::ops::Range;

use crate::error::{Error, Result};
use crate::features::customer::{Customer, Lines, Order, Posted, at};
use crate::features::derive::{Part, TooLarge, ratio};
use crate::features::family::{ColumnPlan, Family, Measure, Plan, Ratios, Source};
use crate::features::lines::Needs;
use crate::transaction::{DAY, LineKind, NO_TIME, Window};

/// A hundred years.
const MOST_DAYS: u32 = 36_525;

/// What is compared.
const VALUES: [&str; 3] = ["net", "gross", "orders"];

/// The windows of [`FeatureExtractorBuilder::trend`](crate::features::FeatureExtractorBuilder::trend). Days are of 24
/// hours and end at the moment of the table.
///
/// ```
/// use kohort::features::Trend;
///
/// let year_on_year = Trend::builder().recent_days(365).periods(8).period_days(91).repurchase_days(365).build()?;
/// assert_ne!(year_on_year, Trend::default());
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trend {
    recent_days: u32,
    /// `None` for as many as the recent ones.
    earlier_days: Option<u32>,
    periods: u32,
    period_days: u32,
    repurchase_days: u32,
}

/// Settings of a [`Trend`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct TrendBuilder(Trend);

impl Default for Trend {
    fn default() -> Self {
        Self { recent_days: 90, earlier_days: None, periods: 6, period_days: 30, repurchase_days: 90 }
    }
}

impl Trend {
    /// Begins with the defaults.
    pub fn builder() -> TrendBuilder {
        TrendBuilder(Self::default())
    }

    fn earlier_days(&self) -> u32 {
        self.earlier_days.unwrap_or(self.recent_days)
    }

    fn names(&self) -> Vec<String> {
        let windows = format!("{}d_vs_{}d", self.recent_days, self.earlier_days());
        let compared = ["ratio", "growth", "growth_symmetric"];
        let mut names: Vec<String> = VALUES
            .iter()
            .flat_map(|value| compared.map(|what| format!("{value}_{what}__{windows}")))
            .collect();
        names.push(format!("gross_slope__{}x{}d", self.periods, self.period_days));
        names.push(format!("repurchase_rate__{}d", self.repurchase_days));
        names
    }
}

impl TrendBuilder {
    /// How many days are recent. Defaults to 90.
    pub fn recent_days(mut self, days: u32) -> Self {
        self.0.recent_days = days;
        self
    }

    /// With how many days before them they are compared. Where the two differ, each counts per day. Defaults to as
    /// many as are recent.
    pub fn earlier_days(mut self, days: u32) -> Self {
        self.0.earlier_days = Some(days);
        self
    }

    /// Over how many periods the slope is taken. Defaults to 6.
    pub fn periods(mut self, periods: u32) -> Self {
        self.0.periods = periods;
        self
    }

    /// How many days each of the periods has. Defaults to 30.
    pub fn period_days(mut self, days: u32) -> Self {
        self.0.period_days = days;
        self
    }

    /// Within how many days the next order has to follow to count as a repurchase. Defaults to 90.
    pub fn repurchase_days(mut self, days: u32) -> Self {
        self.0.repurchase_days = days;
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// [`Error::Setting`] for a window of no day or of more than a hundred years, and for less than 2 or more than
    /// 1,000 periods.
    pub fn build(self) -> Result<Trend> {
        let Self(trend) = self;
        for (setting, days) in [
            ("recent_days", trend.recent_days),
            ("earlier_days", trend.earlier_days()),
            ("period_days", trend.period_days),
            ("repurchase_days", trend.repurchase_days),
        ] {
            if !(1..=MOST_DAYS).contains(&days) {
                let (found, expected) = (days.to_string(), "at least one day and at most a hundred years");
                return Err(Error::Setting { setting, found, expected });
            }
        }
        if !(2..=1_000).contains(&trend.periods) {
            return Err(Error::Setting {
                setting: "periods",
                found: trend.periods.to_string(),
                expected: "2 to 1,000 periods",
            });
        }
        Ok(trend)
    }
}

impl Family for Trend {
    fn plan(&self, source: &Source<'_>) -> Result<Box<dyn Plan>> {
        let (recent, earlier) = (self.recent_days, self.earlier_days());
        let windows =
            [Window::days(recent), Window::days_ago(recent + earlier, recent)].map(|w| w.range(source.as_of));
        let [recent_range, earlier_range] = windows;
        Ok(Box::new(TrendPlan {
            names: self.names(),
            now: source.as_of.micros(),
            windows: [recent_range?, earlier_range?],
            weights: weights(recent, earlier),
            periods: i64::from(self.periods),
            period: i64::from(self.period_days) * DAY,
            repurchase: i64::from(self.repurchase_days) * DAY,
        }))
    }
}

/// By what the recent and the earlier sum are multiplied to be compared.
fn weights(recent_days: u32, earlier_days: u32) -> [i128; 2] {
    let (mut divisor, mut rest) = (recent_days, earlier_days);
    while rest > 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    // The smallest there are: of two windows of one length, each weighs 1.
    [earlier_days / divisor, recent_days / divisor].map(i128::from)
}

struct TrendPlan {
    names: Vec<String>,
    now: i64,
    /// The recent and the earlier one.
    windows: [Range<i64>; 2],
    weights: [i128; 2],
    periods: i64,
    period: i64,
    repurchase: i64,
}

impl Plan for TrendPlan {
    fn columns(&self) -> Vec<ColumnPlan> {
        self.names.iter().map(ColumnPlan::number).collect()
    }

    fn needs(&self) -> Needs {
        Needs { order: true, discount: true, returned: true, order_list: true, ..Needs::NONE }
    }

    fn measure(&self) -> Box<dyn Measure + '_> {
        Box::new(TrendMeasure { plan: self, numbers: Ratios::new(self.names.len()) })
    }
}

struct TrendMeasure<'p> {
    plan: &'p TrendPlan,
    numbers: Ratios,
}

impl Measure for TrendMeasure<'_> {
    fn add(&mut self, customer: &Customer<'_>) {
        let (plan, orders) = (self.plan, customer.orders);
        let money = plan.money(&customer.lines);
        let values = [money.net, money.gross, plan.orders(&customer.lines, orders)];
        let slope = if orders.is_empty() { None } else { plan.slope(money.moment) };
        let numbers = values.into_iter().flat_map(|sums| compare(sums, plan.weights));
        self.numbers.push(numbers.chain([slope, plan.repurchase_rate(orders)]));
    }

    fn take(&mut self) -> Result<Vec<Part>, TooLarge> {
        Ok(self.numbers.take())
    }
}

/// A customer's sums, in ten-thousandths; of the recent and the earlier window.
#[derive(Default)]
struct Sums {
    net: [i128; 2],
    gross: [i128; 2],
    /// The sum over lines of gross times twice the distance of its period from the middle one.
    moment: i128,
}

impl TrendPlan {
    fn window(&self, time: i64) -> Option<usize> {
        self.windows.iter().position(|window| window.contains(&time))
    }

    /// Adds up the lines: a sale by its own time, what came back by the time of the return where it is known.
    fn money(&self, lines: &Lines<'_>) -> Sums {
        let mut sums = Sums::default();
        for line in lines.lines() {
            let (time, gross) = (lines.time[line], lines.gross[line]);
            let window = self.window(time);
            match (lines.kind(line), window) {
                (LineKind::Sale, Some(window)) => {
                    sums.gross[window] += i128::from(gross);
                    sums.net[window] += i128::from(gross - lines.discount(line));
                }
                (LineKind::Return, Some(window)) => sums.net[window] -= i128::from(gross),
                _ => {}
            }
            if lines.kind(line) == LineKind::Sale {
                // A period begins at its start, which is in it, and the last one ends at the moment, which is not.
                let back = (self.now - time - 1) / self.period;
                let distance = if back < self.periods { self.periods - 1 - 2 * back } else { 0 };
                // A line is below 2⁵⁰ and a distance below 2¹⁰.
                sums.moment += i128::from(gross * distance);
            }
            let returned = at(lines.value_back, line);
            if returned != 0 && lines.posted == Posted::OnSales {
                let posted = lines.return_time.get(line).filter(|time| **time != NO_TIME);
                if let Some(window) = posted.map_or(window, |time| self.window(*time)) {
                    sums.net[window] -= i128::from(returned);
                }
            }
        }
        sums
    }

    /// How many orders have a sale line in each window.
    fn orders(&self, lines: &Lines<'_>, orders: &[Order]) -> [i128; 2] {
        let mut counts = [0; 2];
        for order in orders {
            for (count, window) in counts.iter_mut().zip(&self.windows) {
                let sold =
                    |line: usize| lines.kind(line) == LineKind::Sale && window.contains(&lines.time[line]);
                *count += i128::from(order.lines.clone().any(sold));
            }
        }
        counts
    }

    /// Least squares over periods numbered 0 to n − 1: with u = 2i − (n − 1), the slope is Σuy / 2 over Σu² / 4, and
    /// Σu² = n(n² − 1) / 3.
    fn slope(&self, moment: i128) -> Option<f64> {
        let n = i128::from(self.periods);
        ratio(6 * moment, n * (n * n - 1) * 10_000)
    }

    /// Of the orders old enough to know, the share that the next one followed in time.
    fn repurchase_rate(&self, orders: &[Order]) -> Option<f64> {
        let old = orders.partition_point(|order| self.now - order.time >= self.repurchase);
        let followed =
            orders.windows(2).take(old).filter(|pair| pair[1].time - pair[0].time < self.repurchase);
        ratio(followed.count() as i128, old as i128)
    }
}

/// Ratio, growth and symmetric growth from the earlier sum to the recent one.
fn compare(sums: [i128; 2], weights: [i128; 2]) -> [Option<f64>; 3] {
    let (recent, earlier) = (sums[0] * weights[0], sums[1] * weights[1]);
    let change = recent - earlier;
    let symmetric = ratio(change, recent.abs() + earlier.abs()).unwrap_or(0.0);
    [ratio(recent, earlier), ratio(change, earlier), Some(symmetric)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_of_two_lengths_are_compared_per_day() {
        assert_eq!(weights(90, 90), [1, 1]);
        assert_eq!(weights(90, 360), [4, 1]);
        assert_eq!(weights(42, 28), [2, 3]);
        // 30 in 10 days against 60 in 30: three a day against two.
        assert_eq!(compare([30, 60], weights(10, 30)), [Some(1.5), Some(0.5), Some(0.2)]);
        assert_eq!(compare([5, 0], [1, 1]), [None, None, Some(1.0)]);
        assert_eq!(compare([0, 0], [1, 1]), [None, None, Some(0.0)]);
        assert_eq!(compare([3, -1], [1, 1]), [None, None, Some(1.0)]);
        assert_eq!(compare([-1, 3], [1, 1]), [Some(-1.0 / 3.0), Some(-4.0 / 3.0), Some(-1.0)]);
    }

    #[test]
    fn settings_that_cannot_be_are_refused() {
        let refused = |builder: TrendBuilder, name: &str| match builder.build() {
            Err(Error::Setting { setting, .. }) => assert_eq!(setting, name),
            other => panic!("{name}: {other:?}"),
        };
        for days in [0, MOST_DAYS + 1, u32::MAX] {
            refused(Trend::builder().recent_days(days), "recent_days");
            refused(Trend::builder().earlier_days(days), "earlier_days");
            refused(Trend::builder().period_days(days), "period_days");
            refused(Trend::builder().repurchase_days(days), "repurchase_days");
        }
        refused(Trend::builder().periods(1), "periods");
        refused(Trend::builder().periods(1_001), "periods");
        let most = Trend::builder().recent_days(MOST_DAYS).periods(1_000).period_days(MOST_DAYS);
        assert!(most.repurchase_days(MOST_DAYS).build().is_ok());
        assert_eq!(Trend::builder().build().unwrap(), Trend::default());
    }
}
