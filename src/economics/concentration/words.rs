//! Who carries the profit, in words and tables.

use std::fmt;

use crate::economics::concentration::Concentration;
use crate::layout::{TextTable, grouped, money_whole, percent};

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
