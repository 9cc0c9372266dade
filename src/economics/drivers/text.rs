//! Drivers of returns as a table.

use std::fmt;

use crate::economics::drivers::{DriverBy, ReturnDrivers};
use crate::layout::{TextTable, grouped, money, percent};
use crate::transaction::{Attribute, MoneyTotal};

impl fmt::Display for ReturnDrivers {
    /// The levels as a table, the largest excess first.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by_reason = self.by == DriverBy::Attribute(Attribute::Reason);
        let rate = self.rate.map(|rate| rate.rate);
        writeln!(
            f,
            "What drives the returns of {}, by {} (it sends back {} of its value, the shop {})",
            self.segment,
            self.by,
            percent(rate),
            percent(self.shop_rate)
        )?;
        let heading = format!("<{}", self.by);
        let columns: &[&str] = if by_reason {
            &["share of returns", "at the shop", "excess"]
        } else {
            &["rate", "interval, %", "at the shop", "excess"]
        };
        let mut table = TextTable::new(&[&[&heading, "lines", "value", "returned"][..], columns].concat());
        for driver in &self.levels {
            let level = driver.level.clone().unwrap_or_else(|| "(none)".to_owned());
            let sums = [level, grouped(driver.lines), money(driver.value), money(driver.returned)];
            let interval = driver.rate.and_then(|rate| rate.interval).map_or_else(
                || "–".to_owned(),
                |interval| format!("{:.1} … {:.1}", interval.low * 100.0, interval.high * 100.0),
            );
            let rates = if by_reason {
                vec![percent(driver.share_of_returned), percent(driver.shop_share_of_returned)]
            } else {
                let rate = driver.rate.map(|rate| rate.rate);
                vec![percent(rate), interval, percent(driver.shop_rate)]
            };
            table.row(sums.into_iter().chain(rates).chain([money(MoneyTotal::from_ten_thousandths(
                (driver.excess * 10_000.0).round() as i128,
            ))]));
        }
        write!(f, "{table}")
    }
}
