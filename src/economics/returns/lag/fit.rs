//! The settings of the lag of returns, checked once, and the fit.

use rayon::prelude::*;

use crate::category::Category;
use crate::economics::returns::lag::counts::LagCounts;
use crate::economics::returns::lag::model::{ByLevel, Learned, ReturnLagModel};
use crate::error::{Error, Result};
use crate::features::{Returned, returned_lines};
use crate::transaction::{AsOf, Attribute, DAY, TransactionLog};

/// Returned lines of one task.
const CHUNK: usize = 1 << 12;

/// How long returns take, ready to be learned from what has come back.
///
/// The trouble is that slow returns of young lines cannot have been seen: plain counts of the lags at hand say that returns
/// are quicker than they are. The estimate uses of each line only the days that it could be watched (right truncation):
///
/// ```text
/// F(a) = Π over j > a of (1 − d_j / n_j)
/// ```
///
/// where, of the lines that came back and were watched to the end of day j, `n_j` came back by then and `d_j` on that very
/// day. It is the product-limit estimate in reversed time (Lagakos, Barraj and De Gruttola, Biometrika 1988), and the chain
/// ladder of insurers. A day with an n below 20 counts as one without returns. Within a day returns come evenly.
///
/// A line has come back with at least half of its pieces, as in `lines_returned`; credit notes are attributed to their sales
/// first. A return without a time is counted and left out. So is one that came on the day of the line's life that the
/// moment cut short.
///
/// ```
/// use kohort::Attribute;
/// use kohort::economics::returns::ReturnLag;
/// use kohort::synthetic::Shop;
///
/// let log = Shop::builder().customers(3_000).build()?.generate()?.log;
/// let lag = ReturnLag::builder().window_days(45).by(Attribute::Category).build()?;
/// let lag = lag.fit(&log, &log.as_of_end()?)?;
/// assert!(lag.curve_of("shoes").days_until(0.5) > lag.curve_of("tops").days_until(0.5), "shoes are kept longer");
/// println!("{lag}");
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct ReturnLag {
    window_days: u32,
    by: Option<Attribute>,
    minimum_returns: u64,
}

/// Settings of a [`ReturnLag`].
#[derive(Clone, PartialEq, Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct ReturnLagBuilder(ReturnLag);

impl Default for ReturnLag {
    /// What the builder gives without further settings.
    fn default() -> Self {
        Self { window_days: 60, by: None, minimum_returns: 200 }
    }
}

impl ReturnLag {
    /// Begins a lag of returns.
    pub fn builder() -> ReturnLagBuilder {
        ReturnLagBuilder(Self::default())
    }

    /// The attribute by whose levels it is learned; `None` for the shop alone.
    #[must_use]
    pub fn attribute(&self) -> Option<Attribute> {
        self.by
    }

    /// Learns how long returns take from those of a log that were known before a moment.
    ///
    /// O(lines), and O(n log n) in a customer's lines where returns are credit notes; memory for the returned lines and one
    /// list of days per level.
    ///
    /// # Errors
    /// [`Error::FeatureNeeds`] where the log has no record of returns, no times of returns (see
    /// [`ReturnLagModel::assumed`]), or no column of the attribute; [`Error::Empty`] where nothing has come back yet.
    pub fn fit(&self, log: &TransactionLog, as_of: &AsOf) -> Result<ReturnLagModel> {
        let lacks = |needs| Error::FeatureNeeds { feature: "return lag".to_owned(), needs };
        let until = as_of.micros();
        let returned = returned_lines(log, until).ok_or_else(|| lacks("a record of returns"))?;
        let by = match self.by {
            None => None,
            Some(attribute) => {
                let needs = "a column of the attribute it is fitted by";
                Some((attribute, log.attribute(attribute).ok_or_else(|| lacks(needs))?))
            }
        };
        let nothing =
            Error::Empty { what: "the log's returns before the moment", hint: "nothing came back yet" };
        let lines = |row: u32| log.line_counts.as_ref().map_or(1, |counts| u64::from(counts[row as usize]));
        let untimed: u64 =
            returned.iter().filter(|back| back.time.is_none()).map(|back| lines(back.row)).sum();
        if untimed > 0 && returned.iter().all(|back| back.time.is_none()) {
            return Err(lacks("the times of returns"));
        }
        if returned.is_empty() {
            return Err(nothing);
        }
        let lags: Vec<Lag> = returned.par_iter().filter_map(|back| Lag::of(log, until, *back)).collect();
        let learned = Learned {
            as_of: as_of.clone(),
            untimed,
            shop: count(lags.par_chunks(CHUNK), self.window_days).curve(),
            by: by.map(|(attribute, texts)| self.by_level(&lags, attribute, texts)),
        };
        Ok(ReturnLagModel::learned(learned))
    }

    /// Learns from lags in whole days and, for each, the age of its line on the last whole day that could be watched: a
    /// return that took 3 days has a lag of 3, and is seen if its line's age is at least 3. For returns that are in no log.
    /// O(returns).
    ///
    /// # Errors
    /// [`Error::ColumnLength`] where the lists differ in length, [`Error::Empty`] without any, [`Error::Setting`] for a
    /// negative lag or one beyond its line's age, which cannot have been seen, and where a lag is to be fitted by an
    /// attribute.
    ///
    /// ```
    /// use kohort::economics::returns::ReturnLag;
    /// use kohort::{AsOf, Zone};
    ///
    /// let as_of = AsOf::date("2024-06-01", &Zone::utc())?;
    /// // Old lines came back on days 0, 1 and 2 alike, and young ones on day 0, which say nothing of later days.
    /// let (lags, ages) = ([0, 1, 2, 0].repeat(25), [9, 9, 9, 0].repeat(25));
    /// let lag = ReturnLag::builder().window_days(4).build()?.fit_days(&lags, &ages, &as_of)?;
    /// assert!((lag.curve().share_seen(1) - 1.0 / 3.0).abs() < 1e-12);
    /// # Ok::<(), kohort::Error>(())
    /// ```
    pub fn fit_days(&self, lags: &[i64], ages: &[i64], as_of: &AsOf) -> Result<ReturnLagModel> {
        if lags.len() != ages.len() {
            return Err(Error::ColumnLength {
                column: "ages".to_owned(),
                found: ages.len(),
                against: "lags".to_owned(),
                expected: lags.len(),
            });
        }
        if lags.is_empty() {
            return Err(Error::Empty { what: "the list of lags", hint: "nothing came back yet" });
        }
        if let Some(attribute) = self.by {
            return Err(Error::Setting {
                setting: "by",
                found: attribute.to_string(),
                expected: "no attribute, as bare lags have none",
            });
        }
        if let Some(position) = lags.iter().zip(ages).position(|(lag, age)| *lag < 0 || lag > age) {
            return Err(Error::Setting {
                setting: "lags",
                found: format!(
                    "{} at position {position}, of a line {} days old",
                    lags[position], ages[position]
                ),
                expected: "whole days from 0 to the age of the line",
            });
        }
        let mut counts = LagCounts::new(self.window_days);
        lags.iter().zip(ages).for_each(|(lag, age)| counts.add(*lag, *age, 1));
        let learned = Learned { as_of: as_of.clone(), untimed: 0, shop: counts.curve(), by: None };
        Ok(ReturnLagModel::learned(learned))
    }

    /// The curves of the levels with enough returns.
    fn by_level(&self, lags: &[Lag], attribute: Attribute, texts: &Category) -> ByLevel {
        let mut levels: Vec<(u32, Lag)> =
            lags.par_iter().map(|lag| (texts.codes[lag.row as usize], *lag)).collect();
        // Codes stand in the order of texts; lines without one are no level.
        levels.retain(|(code, _)| texts.levels.get(*code).is_some());
        levels.par_sort_unstable_by_key(|(code, _)| *code);
        let mut found = ByLevel { attribute, levels: Vec::new(), minimum_returns: self.minimum_returns };
        for own in levels.chunk_by(|a, b| a.0 == b.0) {
            let returns: u64 = own.iter().map(|(_, lag)| lag.lines).sum();
            let text = own.first().and_then(|(code, _)| texts.levels.get(*code));
            if let Some(text) = text.filter(|_| returns >= self.minimum_returns) {
                let mut counts = LagCounts::new(self.window_days);
                for (_, lag) in own {
                    lag.add_to(&mut counts);
                }
                found.levels.push((text.to_owned(), counts.curve()));
            }
        }
        found
    }
}

/// A return with its lag.
#[derive(Clone, Copy)]
struct Lag {
    row: u32,
    days: i64,
    /// The last day of the line's life that was over by the moment.
    last_day: i64,
    lines: u64,
}

impl Lag {
    /// `None` without a time.
    fn of(log: &TransactionLog, until: i64, back: Returned) -> Option<Self> {
        let row = back.row as usize;
        let sold = log.times[row];
        Some(Self {
            row: back.row,
            days: (back.time? - sold) / DAY,
            last_day: (until - sold) / DAY - 1,
            lines: log.line_counts.as_ref().map_or(1, |counts| u64::from(counts[row])),
        })
    }

    fn add_to(&self, counts: &mut LagCounts) {
        counts.add(self.days, self.last_day, self.lines);
    }
}

fn count<'l>(chunks: impl IndexedParallelIterator<Item = &'l [Lag]>, window: u32) -> LagCounts {
    let empty = || LagCounts::new(window);
    let counted = chunks.fold(empty, |mut counts, chunk| {
        for lag in chunk {
            lag.add_to(&mut counts);
        }
        counts
    });
    counted.reduce(empty, |mut counts, other| {
        counts.merge(&other);
        counts
    })
}

impl ReturnLagBuilder {
    /// After how many days nothing comes back any more: the policy's window, and the time in transit both ways. A return
    /// that takes longer counts as one on the last day, and is counted ([`LagCurve::late_returns`]). Defaults to 60, as the
    /// [maturity](crate::features::FeatureExtractorBuilder::maturity_days) of an extractor.
    ///
    /// [`LagCurve::late_returns`]: crate::economics::returns::LagCurve::late_returns
    pub fn window_days(mut self, days: u32) -> Self {
        self.0.window_days = days;
        self
    }

    /// An attribute whose levels have lags of their own, such as the category. Defaults to none.
    pub fn by(mut self, attribute: Attribute) -> Self {
        self.0.by = Some(attribute);
        self
    }

    /// With how many returns a level has a lag of its own; one with fewer has the shop's. Defaults to 200.
    pub fn minimum_returns(mut self, returns: u64) -> Self {
        self.0.minimum_returns = returns;
        self
    }

    /// The settings, checked.
    ///
    /// # Errors
    /// [`Error::Setting`] for a window that is not between one day and ten years, a minimum of zero, or a lag by reason,
    /// which lines that were kept do not have.
    pub fn build(self) -> Result<ReturnLag> {
        let lag = self.0;
        let refused = |setting, found, expected| Err(Error::Setting { setting, found, expected });
        if !(1..=3_653).contains(&lag.window_days) {
            return refused("window_days", lag.window_days.to_string(), "one day to ten years");
        }
        if lag.minimum_returns == 0 {
            return refused("minimum_returns", "0".to_owned(), "at least one return");
        }
        if lag.by == Some(Attribute::Reason) {
            return refused(
                "by",
                "reason".to_owned(),
                "an attribute that lines have whether they come back or not",
            );
        }
        Ok(lag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_out_of_range_are_named() {
        let builder = ReturnLag::builder;
        for (name, refused) in [
            ("window_days", builder().window_days(0)),
            ("window_days", builder().window_days(3_654)),
            ("minimum_returns", builder().minimum_returns(0)),
            ("by", builder().by(Attribute::Reason)),
        ] {
            assert!(
                matches!(refused.build(), Err(Error::Setting { setting, .. }) if setting == name),
                "{name}"
            );
        }
        assert!(builder().window_days(3_653).minimum_returns(1).by(Attribute::Product).build().is_ok());
    }

    #[test]
    fn lags_that_cannot_have_been_seen_are_named() {
        let lag = ReturnLag::builder().window_days(30).build().unwrap();
        let as_of = AsOf::instant(0, &crate::Zone::utc()).unwrap();
        let refused = |lags: &[i64], ages: &[i64]| lag.fit_days(lags, ages, &as_of).unwrap_err();
        assert!(refused(&[1, -3], &[5, 5]).to_string().contains("-3 at position 1"));
        assert!(refused(&[1, 6], &[5, 5]).to_string().contains("6 at position 1, of a line 5 days old"));
        assert!(matches!(refused(&[], &[]), Error::Empty { .. }));
        assert!(matches!(refused(&[1], &[]), Error::ColumnLength { .. }));
        let by = ReturnLag::builder().by(Attribute::Brand).build().unwrap();
        assert!(matches!(by.fit_days(&[1], &[2], &as_of), Err(Error::Setting { setting: "by", .. })));
        // Ages beyond any window are ages.
        assert_eq!(lag.fit_days(&[1, 40], &[i64::MAX, i64::MAX], &as_of).unwrap().curve().late_returns(), 1);
    }
}
