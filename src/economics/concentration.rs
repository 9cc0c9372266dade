//! Who carries the profit: the whale curve, concentration by tenths, and gross rank against contribution rank.

use std::fmt;

use rayon::prelude::*;
use serde::Serialize;

use crate::economics::builder::Economics;
use crate::economics::facts::Facts;
use crate::economics::plan::descending;
use crate::economics::waterfalls::{Waterfalls, waterfalls};
use crate::error::Result;
use crate::features::FeatureTable;
use crate::layout::{TextTable, grouped, money_whole, percent};
use crate::transaction::{Money, MoneyTotal};

/// Into how many parts customers are divided.
const TENTHS: usize = 10;

/// The most points of a curve that are kept, its start among them.
const POINTS: usize = 101;

/// A point of a [`WhaleCurve`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct WhalePoint {
    /// So many customers, those who bring most.
    pub customers: u64,
    /// What they bring together.
    pub profit: MoneyTotal,
}

/// Profit added up from the customer who brings most to the one who brings least: it rises to a peak and falls by what
/// unprofitable customers take away again.
///
/// Kaplan and Narayanan (Journal of Cost Management 2001) report peaks of one and a half to three times the total.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct WhaleCurve {
    /// How many customers there are.
    pub customers: u64,
    /// What all bring together.
    pub total: MoneyTotal,
    /// The highest point: what those bring together who bring anything.
    pub peak: MoneyTotal,
    /// How many customers it takes, the fewest: those with a profit above zero.
    pub peak_rank: u64,
    /// The peak over the total; `None` where the total is zero or less.
    pub peak_ratio: Option<f64>,
    /// What the best fifth of customers bring (their number rounded up), over the total; `None` where the total is zero
    /// or less.
    pub top_fifth_share: Option<f64>,
    /// What unprofitable customers take away from the peak.
    pub loss: MoneyTotal,
    /// Customers with a profit below zero.
    pub unprofitable: u64,
    /// As a share of all; `None` without customers.
    pub unprofitable_share: Option<f64>,
    /// The Gini coefficient of the profits: 0 where all bring the same, near 1 where one brings everything; `None` where a
    /// profit is negative or all are zero, where it is not defined.
    pub gini: Option<f64>,
    /// The curve at up to 101 numbers of customers, evenly spread from none to all.
    pub points: Vec<WhalePoint>,
}

impl WhaleCurve {
    /// The curve of some customers' profits, in any order; sums are exact. O(n log n).
    ///
    /// ```
    /// use kohort::Money;
    /// use kohort::economics::WhaleCurve;
    ///
    /// let profits = [120, 80, 40, 20, 10, 5, 0, -5, -20, -50].map(|units| Money::from_ten_thousandths(units * 10_000));
    /// let curve = WhaleCurve::of(&profits);
    /// assert_eq!((curve.peak.to_string(), curve.total.to_string()), ("275.00".to_owned(), "200.00".to_owned()));
    /// assert_eq!((curve.peak_rank, curve.peak_ratio), (6, Some(1.375)));
    /// assert_eq!(curve.top_fifth_share, Some(1.0));
    /// ```
    #[must_use]
    pub fn of(profits: &[Money]) -> Self {
        let mut falling: Vec<i64> = profits.iter().map(|profit| profit.ten_thousandths()).collect();
        falling.par_sort_unstable_by(|a, b| b.cmp(a));
        Self::of_falling(&falling)
    }

    fn of_falling(falling: &[i64]) -> Self {
        let n = falling.len();
        let sum = |profits: &[i64]| {
            MoneyTotal::from_ten_thousandths(profits.iter().map(|profit| i128::from(*profit)).sum())
        };
        let peak_rank = falling.partition_point(|profit| *profit > 0);
        let unprofitable = n - falling.partition_point(|profit| *profit >= 0);
        let (peak, total) = (sum(&falling[..peak_rank]), sum(falling));
        let of_total = |part: MoneyTotal| part.share_of(total).filter(|_| total > MoneyTotal::ZERO);
        let steps = n.min(POINTS - 1);
        let mut points = Vec::with_capacity(steps + 1);
        let (mut reached, mut profit) = (0, MoneyTotal::ZERO);
        for step in 0..=steps {
            let customers = (n * step).checked_div(steps).unwrap_or_default();
            profit += sum(&falling[reached..customers]);
            reached = customers;
            points.push(WhalePoint { customers: customers as u64, profit });
        }
        Self {
            customers: n as u64,
            total,
            peak,
            peak_rank: peak_rank as u64,
            peak_ratio: of_total(peak),
            top_fifth_share: of_total(sum(&falling[..n.div_ceil(5)])),
            loss: peak - total,
            unprofitable: unprofitable as u64,
            unprofitable_share: (n > 0).then(|| unprofitable as f64 / n as f64),
            gini: gini(falling),
            points,
        }
    }
}

/// The Gini coefficient of values from the largest to the smallest: `Σ (n + 1 − 2i) xᵢ / (n Σ xᵢ)`, in whole numbers up to
/// the division. `None` where one is negative or all are zero.
fn gini(falling: &[i64]) -> Option<f64> {
    let n = falling.len() as i128;
    let total: i128 = falling.iter().map(|value| i128::from(*value)).sum();
    if falling.last().is_none_or(|least| *least < 0) || total == 0 {
        return None;
    }
    let weighted: i128 = falling.iter().zip(1..).map(|(value, i)| (n + 1 - 2 * i) * i128::from(*value)).sum();
    Some(weighted as f64 / (n * total) as f64)
}

/// A tenth of the customers.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct Tenth {
    /// How many they are: of fewer than ten customers some tenths are empty.
    pub customers: u64,
    /// Their gross, as in the table.
    pub gross: MoneyTotal,
    /// As a share of all; `None` where all is zero.
    pub share_of_gross: Option<f64>,
    /// Their contribution.
    pub contribution: MoneyTotal,
    /// Over all contribution; `None` where that is zero or less.
    pub share_of_contribution: Option<f64>,
    /// Their return rate by value; `None` without sales or where returns are not known.
    pub return_rate: Option<f64>,
}

/// Who carries a shop's profit, and whether those who buy most do.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Concentration {
    /// The currency of its amounts; `None` where the table does not say.
    pub currency: Option<String>,
    /// The curve of contributions, with how many are unprofitable and the Gini coefficient where it is defined.
    pub whale: WhaleCurve,
    /// All gross, as in the table.
    pub gross: MoneyTotal,
    /// The Gini coefficient of gross; `None` where someone's is negative or all are zero.
    pub gini_of_gross: Option<f64>,
    /// The tenths by contribution, the one that brings most first.
    pub by_contribution: Vec<Tenth>,
    /// The tenths by gross, the one that buys most first.
    pub by_gross: Vec<Tenth>,
    /// How many customers of each tenth by gross (rows, the one that buys most first) are in each tenth by contribution
    /// (the one that brings most first).
    pub crossing: [[u64; TENTHS]; TENTHS],
}

impl Concentration {
    /// How many of the tenth that buys most are among the half that brings least.
    #[must_use]
    pub fn best_buyers_in_lower_half(&self) -> u64 {
        self.crossing[0][TENTHS / 2..].iter().sum()
    }
}

impl Economics {
    /// Who carries the profit: the whale curve of contributions, tenths by contribution and by gross, and how the two go
    /// together.
    ///
    /// Counted are the customers whose contribution is known (the last known margin: CM3, or CM2 where marketing is not
    /// known), so that it adds up to the shop's. Of equals the one with the smaller id comes first. O(customers log
    /// customers).
    ///
    /// ```
    /// use kohort::synthetic::Shop;
    /// use kohort::{CostOfGoods, Costs, Economics, FeatureExtractor};
    ///
    /// let log = Shop::builder().customers(2_000).build()?.generate()?.log;
    /// let customers = FeatureExtractor::builder(log.as_of_end()?).build()?.extract(&log)?;
    /// let economics = Economics::builder(Costs::builder(CostOfGoods::FromLines).build()?).build()?;
    /// let concentration = economics.concentration(&customers)?;
    /// println!("{concentration}");
    /// assert!(concentration.whale.peak_ratio > Some(1.0), "some customers cost more than they bring");
    /// // Heavy returners are among those who buy most and those who bring least.
    /// assert!(concentration.best_buyers_in_lower_half() > 50);
    /// # Ok::<(), kohort::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`Economics::waterfalls`].
    pub fn concentration(&self, table: &FeatureTable) -> Result<Concentration> {
        let facts = Facts::read(table)?;
        Ok(Concentration::of(&facts, &waterfalls(&self.costs, &facts)?))
    }
}

impl Concentration {
    /// Of customers whose waterfalls are there already.
    pub(super) fn of(facts: &Facts<'_>, waterfalls: &Waterfalls) -> Self {
        let customers: Vec<Customer> = (0..facts.len())
            .filter_map(|row| {
                Some(Customer {
                    row,
                    gross: facts.gross.get(row)?,
                    contribution: waterfalls.last_margin(row)?.ten_thousandths(),
                })
            })
            .collect();
        let contributions: Vec<i64> = customers.iter().map(|customer| customer.contribution).collect();
        let grosses: Vec<i64> = customers.iter().map(|customer| customer.gross).collect();
        let (by_contribution, by_gross) = rayon::join(|| descending(&contributions), || descending(&grosses));
        let falling = |order: &[u32], values: &[i64]| -> Vec<i64> {
            order.iter().map(|place| values[*place as usize]).collect()
        };
        let whale = WhaleCurve::of_falling(&falling(&by_contribution, &contributions));
        let gross = MoneyTotal::from_ten_thousandths(grosses.iter().map(|gross| i128::from(*gross)).sum());

        let tenths = |order: &[u32]| -> Vec<Tenth> {
            let part = |tenth: usize| &order[bounds(tenth, order.len())];
            let tenth = |tenth| Customer::tenth(facts, &customers, part(tenth), (gross, whale.total));
            (0..TENTHS).into_par_iter().map(tenth).collect()
        };
        let mut tenth_by_contribution = vec![0_u8; customers.len()];
        for tenth in 0..TENTHS {
            for place in &by_contribution[bounds(tenth, customers.len())] {
                tenth_by_contribution[*place as usize] = tenth as u8;
            }
        }
        let mut crossing = [[0; TENTHS]; TENTHS];
        for (tenth, counts) in crossing.iter_mut().enumerate() {
            for place in &by_gross[bounds(tenth, customers.len())] {
                counts[usize::from(tenth_by_contribution[*place as usize])] += 1;
            }
        }
        Self {
            currency: facts.table.context().map(|context| context.currency.clone()),
            by_contribution: tenths(&by_contribution),
            by_gross: tenths(&by_gross),
            gini_of_gross: gini(&falling(&by_gross, &grosses)),
            whale,
            gross,
            crossing,
        }
    }
}

/// The places of a tenth among so many.
fn bounds(tenth: usize, customers: usize) -> std::ops::Range<usize> {
    tenth * customers / TENTHS..(tenth + 1) * customers / TENTHS
}

/// One customer's amounts, in ten-thousandths.
struct Customer {
    row: usize,
    gross: i64,
    contribution: i64,
}

impl Customer {
    /// The sums over customers at some places, against all gross and contribution.
    fn tenth(
        facts: &Facts<'_>,
        customers: &[Self],
        places: &[u32],
        (all_gross, all): (MoneyTotal, MoneyTotal),
    ) -> Tenth {
        let sum = |amount: &dyn Fn(&Self) -> Option<i64>| {
            let members = places.iter().map(|place| &customers[*place as usize]);
            MoneyTotal::from_ten_thousandths(members.filter_map(amount).map(i128::from).sum())
        };
        let gross = sum(&|customer| Some(customer.gross));
        let contribution = sum(&|customer| Some(customer.contribution));
        let paid = sum(&|customer| facts.paid(customer.row));
        let returned = facts.attributed.map(|column| sum(&|customer| column.get(customer.row)));
        Tenth {
            customers: places.len() as u64,
            gross,
            share_of_gross: gross.share_of(all_gross),
            contribution,
            share_of_contribution: contribution.share_of(all).filter(|_| all > MoneyTotal::ZERO),
            return_rate: returned.and_then(|returned| returned.share_of(paid)),
        }
    }
}

impl fmt::Display for Concentration {
    /// Sentences with the main numbers, then the tenths by gross and how they go together with those by contribution.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whale = &self.whale;
        writeln!(
            f,
            "{} of {} customers ({}) bring less than they cost.",
            grouped(whale.unprofitable),
            grouped(whale.customers),
            percent(whale.unprofitable_share),
        )?;
        write!(
            f,
            "The best {} bring {}; the others take {} of it away again, which leaves {}",
            grouped(whale.peak_rank),
            money_whole(whale.peak),
            money_whole(whale.loss),
            money_whole(whale.total),
        )?;
        match (whale.peak_ratio, whale.top_fifth_share) {
            (Some(peak), Some(fifth)) => writeln!(
                f,
                ": at its peak the curve is at {} of the total.\nThe best fifth bring {} of the total.",
                percent(Some(peak)),
                percent(Some(fifth)),
            )?,
            _ => writeln!(f, ".")?,
        }
        let gini = |gini: Option<f64>| {
            gini.map_or_else(
                || "not defined, as some is negative or all is zero".to_owned(),
                |gini| format!("{gini:.3}"),
            )
        };
        writeln!(f, "Gini of gross: {}; of contribution: {}.", gini(self.gini_of_gross), gini(whale.gini))?;
        for (name, tenths) in [("gross", &self.by_gross), ("contribution", &self.by_contribution)] {
            writeln!(f, "\nTenths by {name}, the highest first")?;
            let mut table = TextTable::new(&[
                "tenth",
                "customers",
                "gross",
                "share",
                "returned",
                "contribution",
                "share",
            ]);
            for (tenth, place) in tenths.iter().zip(1..) {
                table.row([
                    format!("{place}"),
                    grouped(tenth.customers),
                    money_whole(tenth.gross),
                    percent(tenth.share_of_gross),
                    percent(tenth.return_rate),
                    money_whole(tenth.contribution),
                    percent(tenth.share_of_contribution),
                ]);
            }
            write!(f, "{table}")?;
        }
        writeln!(f, "\nTenths by gross (rows) against tenths by contribution, in customers")?;
        let mut table = TextTable::new(&["", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]);
        for (counts, place) in self.crossing.iter().zip(1..) {
            table.row(std::iter::once(format!("{place}")).chain(counts.iter().map(|count| grouped(*count))));
        }
        write!(f, "{table}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn curve(units: &[i64]) -> WhaleCurve {
        let profits: Vec<Money> =
            units.iter().map(|unit| Money::from_ten_thousandths(unit * 10_000)).collect();
        WhaleCurve::of(&profits)
    }

    #[test]
    fn the_published_example() {
        let curve = curve(&[0, -5, 120, 40, -50, 80, 20, 5, 10, -20]);
        assert_eq!((curve.peak.to_string(), curve.total.to_string()), ("275.00".into(), "200.00".into()));
        assert_eq!((curve.peak_rank, curve.peak_ratio, curve.top_fifth_share), (6, Some(1.375), Some(1.0)));
        assert_eq!((curve.loss.to_string(), curve.unprofitable), ("75.00".into(), 3));
        assert_eq!((curve.unprofitable_share, curve.gini), (Some(0.3), None));
        assert_eq!(curve.points.len(), 11);
        let profits: Vec<f64> = curve.points.iter().map(|point| point.profit.to_f64()).collect();
        assert_eq!(profits, [0.0, 120.0, 200.0, 240.0, 260.0, 270.0, 275.0, 275.0, 270.0, 250.0, 200.0]);
    }

    #[test]
    fn ends_of_the_range() {
        let nobody = curve(&[]);
        assert_eq!((nobody.customers, nobody.peak_ratio, nobody.unprofitable_share), (0, None, None));
        assert_eq!(nobody.points, [WhalePoint { customers: 0, profit: MoneyTotal::ZERO }]);
        let losses = curve(&[-3, -1, -2]);
        assert_eq!((losses.peak, losses.peak_rank, losses.peak_ratio), (MoneyTotal::ZERO, 0, None));
        assert_eq!((losses.loss.to_string(), losses.unprofitable), ("6.00".into(), 3));
        let one = curve(&[7]);
        assert_eq!((one.top_fifth_share, one.gini, one.peak_ratio), (Some(1.0), Some(0.0), Some(1.0)));
        assert_eq!(curve(&[0, 0]).gini, None);
        assert_eq!(curve(&[1, 1, 1, 1]).gini, Some(0.0));
        assert_eq!(curve(&[0, 0, 0, 8]).gini, Some(0.75));
        let extreme = WhaleCurve::of(&vec![Money::from_ten_thousandths(i64::MAX); 1_000]);
        assert_eq!((extreme.gini, extreme.peak_ratio), (Some(0.0), Some(1.0)));
    }

    proptest! {
        #[test]
        fn a_curve_is_that_of_a_plain_loop(units in prop::collection::vec(-50_i64..80, 0..400)) {
            let found = curve(&units);
            let mut sorted = units.clone();
            sorted.sort_by_key(|unit| -unit);
            let sum = |n: usize| sorted[..n].iter().sum::<i64>();
            let best = (0..=sorted.len()).max_by_key(|n| (sum(*n), std::cmp::Reverse(*n))).unwrap();
            prop_assert_eq!(found.peak_rank, best as u64);
            prop_assert_eq!(found.peak.ten_thousandths(), i128::from(sum(best)) * 10_000);
            prop_assert_eq!(found.loss.ten_thousandths(), i128::from(sum(best) - sum(sorted.len())) * 10_000);
            prop_assert!(found.points.len() <= POINTS);
            for point in &found.points {
                prop_assert_eq!(point.profit.ten_thousandths(), i128::from(sum(point.customers as usize)) * 10_000);
            }
            prop_assert_eq!(found.points.last().unwrap().customers, units.len() as u64);
            // The Gini coefficient is half the mean difference of all pairs over the mean.
            let differences: i64 = units.iter().flat_map(|a| units.iter().map(move |b| (a - b).abs())).sum();
            let plain = differences as f64 / (2 * units.len() as i64 * units.iter().sum::<i64>().max(1)) as f64;
            match found.gini {
                Some(gini) => prop_assert!((gini - plain).abs() < 1e-12),
                None => prop_assert!(units.iter().any(|unit| *unit < 0) || units.iter().all(|unit| *unit == 0)),
            }
        }
    }
}
