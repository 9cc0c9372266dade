//! The kept money by month and by country, for the ledger that finance keeps.

use std::collections::BTreeMap;
use std::fmt;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::category::MISSING;
use crate::error::{Error, Result};
use crate::layout::{TextTable, grouped, money};
use crate::transaction::line::LineKind;
use crate::transaction::log::{Attribute, NO_TIME, TransactionLog};
use crate::transaction::money::MoneyTotal;
use crate::transaction::time::Period;

/// Lines that one task adds up. Fixed, although sums of integers would be the same for any size.
const CHUNK: usize = 1 << 14;

/// What the money of a log is broken down by.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ReconcileBy {
    /// Calendar months of the log's zone.
    Month,
    /// The country an order went to.
    Country,
}

impl fmt::Display for ReconcileBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Month => "month",
            Self::Country => "country",
        })
    }
}

/// The kept lines of one month or country.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ReconcileRow {
    /// The month as `2011-12` or the country's text; `None` for lines without a country.
    pub name: Option<String>,
    /// Sale lines.
    pub sale_lines: u64,
    /// Records of a return: credit notes, and sale lines of which something came back.
    pub return_lines: u64,
    /// Value of the sale lines before discount.
    pub gross: MoneyTotal,
    /// Discounts on them.
    pub discount: MoneyTotal,
    /// Value that came back: at the return's own time where it has one, otherwise at the line's.
    pub returned: MoneyTotal,
}

impl ReconcileRow {
    /// Gross less discounts and returns.
    #[must_use]
    pub fn net(&self) -> MoneyTotal {
        self.gross - self.discount - self.returned
    }

    fn add(&mut self, other: &Self) {
        self.sale_lines += other.sale_lines;
        self.return_lines += other.return_lines;
        self.gross += other.gross;
        self.discount += other.discount;
        self.returned += other.returned;
    }
}

/// A log's money from gross to net, by month or by country. `Display` prints it as a table.
///
/// The total of the rows is that of the log's report, whatever the breakdown.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reconciliation {
    /// What it is broken down by.
    pub by: ReconcileBy,
    /// The currency of all amounts.
    pub currency: String,
    /// The months in order of time or the countries in byte order, lines without a country last. Those without any
    /// sale or return are left out.
    pub rows: Vec<ReconcileRow>,
    /// All rows together.
    pub total: ReconcileRow,
}

/// Sums by a number that stands for the month or the country.
type Sums = BTreeMap<u32, ReconcileRow>;

/// What such a number is called.
type Names<'a> = Box<dyn Fn(u32) -> Option<String> + 'a>;

impl TransactionLog {
    /// The kept money by month or by country, from gross to net. Returns are *posted*: a return with a time of its
    /// own counts in the month of that time, any other in the month of its line.
    ///
    /// Runs in parallel; O(lines · log rows) time, O(rows) memory.
    ///
    /// ```
    /// use kohort::transaction::{OrderLine, Price, Returned};
    /// use kohort::{IdKind, LogRules, Money, OrderIdentity, ReconcileBy, Returns, TransactionLog, Zone};
    ///
    /// let berlin = Zone::named("Europe/Berlin")?;
    /// let rules =
    ///     LogRules::builder("EUR").orders(OrderIdentity::EachLine).returns(Returns::Flag).zone(berlin).build()?;
    /// let mut log = TransactionLog::builder(&rules, IdKind::Text);
    /// // The evening of 31 January in UTC is February in Berlin.
    /// let mut line = OrderLine::new("ada", 1_706_742_000_000_000, Price::Line(Money::parse("80")?));
    /// line.returned = Returned::All;
    /// line.return_time = Some(1_709_300_000_000_000);
    /// log.push(line)?;
    /// let months = log.build()?.reconcile(ReconcileBy::Month)?;
    /// let names: Vec<_> = months.rows.iter().flat_map(|row| row.name.as_deref()).collect();
    /// assert_eq!(names, ["2024-02", "2024-03"]);
    /// assert_eq!(months.rows[1].net().to_string(), "-80.00");
    /// # Ok::<(), kohort::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Setting`] by country where the log has no such column.
    pub fn reconcile(&self, by: ReconcileBy) -> Result<Reconciliation> {
        let (sums, names) = match by {
            ReconcileBy::Month => self.by_month(),
            ReconcileBy::Country => self.by_country()?,
        };
        let mut total = ReconcileRow::default();
        let mut rows = Vec::with_capacity(sums.len());
        for (key, mut row) in sums {
            total.add(&row);
            row.name = names(key);
            rows.push(row);
        }
        Ok(Reconciliation { by, currency: self.rules.currency.clone(), rows, total })
    }

    fn by_month(&self) -> (Sums, Names<'_>) {
        let posted = self.return_times.iter().flatten().filter(|time| **time != NO_TIME);
        let (first, last) = self
            .times
            .iter()
            .chain(posted)
            .fold((i64::MAX, i64::MIN), |(first, last), time| (first.min(*time), last.max(*time)));
        if first > last {
            return (Sums::new(), Box::new(|_| None));
        }
        let months = self.rules.zone.periods(first, last, Period::Month);
        let month = |time: i64| months.partition_point(|(start, _)| *start <= time) as u32 - 1;
        let sums = self.sum_by(|row| month(self.times[row]), |_, time| month(time));
        (
            sums,
            Box::new(move |key| months.get(key as usize).map(|(_, date)| date.strftime("%Y-%m").to_string())),
        )
    }

    fn by_country(&self) -> Result<(Sums, Names<'_>)> {
        let Some(countries) = self.attribute(Attribute::Country) else {
            let (found, expected) = ("country".to_owned(), "`month`, or a log that has a country column");
            return Err(Error::Setting { setting: "by", found, expected });
        };
        let sums = self.sum_by(|row| countries.codes[row], |row, _| countries.codes[row]);
        Ok((sums, Box::new(|key| countries.levels().get(key).map(str::to_owned))))
    }

    /// Sums by the key of a line, and by that of a return with a time of its own.
    fn sum_by(&self, line: impl Fn(usize) -> u32 + Sync, posted: impl Fn(usize, i64) -> u32 + Sync) -> Sums {
        let chunks: Vec<Sums> = (0..self.len().div_ceil(CHUNK))
            .into_par_iter()
            .map(|chunk| {
                let mut sums = Sums::new();
                for row in chunk * CHUNK..self.len().min((chunk + 1) * CHUNK) {
                    self.add_line(row, &mut sums, line(row), &posted);
                }
                sums
            })
            .collect();
        chunks.into_iter().fold(Sums::new(), |mut all, sums| {
            for (key, row) in sums {
                all.entry(key).or_default().add(&row);
            }
            all
        })
    }

    fn add_line(&self, row: usize, sums: &mut Sums, key: u32, posted: impl Fn(usize, i64) -> u32) {
        let amount = |ten_thousandths: i64| MoneyTotal::from_ten_thousandths(i128::from(ten_thousandths));
        let at = |column: Option<&Vec<i64>>| column.map_or(0, |values| values[row]);
        match self.kinds[row] {
            LineKind::Free => {}
            LineKind::Return => {
                let sum = sums.entry(key).or_default();
                sum.return_lines += 1;
                sum.returned += amount(self.gross[row]);
            }
            LineKind::Sale => {
                let sum = sums.entry(key).or_default();
                sum.sale_lines += 1;
                sum.gross += amount(self.gross[row]);
                sum.discount += amount(at(self.discounts.as_ref()));
            }
        }
        // A free line can come back too; it has no value, but it is a record of a return.
        let pieces = self.returned_quantities.as_ref().map_or(0, |values| values[row]);
        let returned = at(self.returned.as_ref());
        if pieces > 0 || returned > 0 {
            let key = match self.return_times.as_ref().map_or(NO_TIME, |times| times[row]) {
                NO_TIME => key,
                time => posted(row, time),
            };
            let sum = sums.entry(key).or_default();
            sum.return_lines += 1;
            sum.returned += amount(returned);
        }
    }
}

impl fmt::Display for Reconciliation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = format!("<{}", self.by);
        let mut table = TextTable::new(&[
            by.as_str(),
            "sale lines",
            "return lines",
            "gross",
            "discounts",
            "returns",
            "net",
        ]);
        let cells = |name: &str, row: &ReconcileRow| {
            [
                name.to_owned(),
                grouped(row.sale_lines),
                grouped(row.return_lines),
                money(row.gross),
                money(-row.discount),
                money(-row.returned),
                money(row.net()),
            ]
        };
        for row in &self.rows {
            table.row(cells(row.name.as_deref().unwrap_or("not given"), row));
        }
        table.rule();
        table.row(cells("total", &self.total));
        writeln!(
            f,
            "Sales and returns in {}, returns in the {} they were posted.\n",
            self.currency, self.by
        )?;
        write!(f, "{table}")
    }
}

/// Lines without a country come last, because no code is as high.
const _: () = assert!(MISSING == u32::MAX);
