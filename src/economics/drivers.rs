//! What drives the returns of a segment: by product, category, brand, size, channel, country, and by reason.
//!
//! This is the one part of economics that looks at order lines. The statistic works on sums per level and customer and
//! does not know where they come from; walking the log is a thin layer on top.

use std::fmt;

use rayon::prelude::*;
use serde::Serialize;

use crate::economics::builder::Economics;
use crate::economics::returns::{RatioEstimate, RatioSums};
use crate::error::{Error, Result};
use crate::features::{FeatureTable, returned_by_line};
use crate::layout::{TextTable, grouped, money, percent};
use crate::segment::Segmentation;
use crate::transaction::{
    Attribute, CustomerId, CustomerIds, IdColumn, LineKind, MoneyTotal, Returns, TransactionLog,
};

/// Lines of one task. Sums are whole numbers, so the size changes nothing but speed.
const CHUNK: usize = 1 << 16;

/// The returns of a segment at one level of an attribute.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ReturnDriver {
    /// The level; `None` for lines without one.
    pub level: Option<String>,
    /// The segment's sale lines; by reason also its credit notes.
    pub lines: u64,
    /// The value bought, gross less discount, as in the log.
    pub value: MoneyTotal,
    /// Of that, what came back.
    pub returned: MoneyTotal,
    /// The return rate by value, with customers as the sampling unit. `None` for reasons, which only returned lines
    /// have.
    pub rate: Option<RatioEstimate>,
    /// The shop's rate at this level; `None` for reasons.
    pub shop_rate: Option<f64>,
    /// The share of all that the segment sent back; `None` where it sent nothing back.
    pub share_of_returned: Option<f64>,
    /// The same for the shop.
    pub shop_share_of_returned: Option<f64>,
    /// What came back beyond what the shop would lead one to expect, in currency units: at the shop's overall rate, or
    /// for a reason at its share of the shop's returns.
    pub excess: f64,
}

/// What drives a segment's returns, the largest excess first.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ReturnDrivers {
    /// The segment.
    pub segment: String,
    /// What its lines are told apart by; its name in lower case.
    pub attribute: &'static str,
    /// The segment's return rate by value; `None` without value.
    pub rate: Option<RatioEstimate>,
    /// The shop's; `None` without value.
    pub shop_rate: Option<f64>,
    /// The levels, by excess; of equals in the order of their text, last the lines without one.
    pub levels: Vec<ReturnDriver>,
}

/// Lines of one customer at one level.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DriverLines {
    /// The level's code; that of missing text is beyond all levels.
    pub(crate) level: u32,
    /// The customer's row in the table.
    pub(crate) row: u32,
    pub(crate) lines: u64,
    pub(crate) value: i128,
    pub(crate) returned: i128,
}

/// The shop's sums at one level.
#[derive(Clone, Copy, Default)]
pub(crate) struct LevelSums {
    lines: u64,
    value: i128,
    returned: i128,
}

impl LevelSums {
    pub(crate) fn add(&mut self, lines: u64, value: i128, returned: i128) {
        self.lines += lines;
        self.value += value;
        self.returned += returned;
    }
}

impl Economics {
    /// What drives the returns of a segment, by an attribute of its order lines.
    ///
    /// Lines at or after the table's moment are left out, and returns of that time do not count. Credit notes are
    /// attributed to the sales they undo; but their reasons stand on the notes, so by reason they count as posted. Only
    /// customers of the table are looked at; they are the shop. O(lines + segment's lines · log).
    ///
    /// # Errors
    /// [`Error::UnknownSegment`]; [`Error::FeatureNeeds`] where the log lacks the attribute or a record of returns;
    /// [`Error::Incompatible`] where segments, table and log are of other customers.
    pub fn return_drivers(
        &self,
        log: &TransactionLog,
        table: &FeatureTable,
        segments: &Segmentation,
        segment: &str,
        attribute: Attribute,
    ) -> Result<ReturnDrivers> {
        segments.check_customers(table)?;
        let wanted = segments.named(segment)?;
        let levels = log.attribute(attribute).ok_or_else(|| Error::FeatureNeeds {
            feature: format!("return drivers by {attribute}"),
            needs: "a column of that attribute",
        })?;
        let until = table.context().map_or(i64::MAX, |context| context.as_of.micros());
        let walk = Walk {
            log,
            rows: rows_of_customers(log.customers(), table.ids())?,
            returned: Returned::of(log, attribute, until).ok_or_else(|| Error::FeatureNeeds {
                feature: "return drivers".to_owned(),
                needs: "a record of returns",
            })?,
            codes: &levels.codes,
            levels: levels.levels().len(),
            until,
        };
        let (shop, lines) = walk.sums(|row| segments.position(row) == Some(wanted));
        let names = |level: u32| levels.levels().get(level).map(str::to_owned);
        let drivers = statistic(&shop, lines, names, attribute, self.settings.confidence);
        Ok(ReturnDrivers { segment: segment.to_owned(), ..drivers })
    }
}

/// The statistic: sums of a segment's customers per level against the shop's per level (the last one for lines
/// without a level).
pub(crate) fn statistic(
    shop: &[LevelSums],
    mut lines: Vec<DriverLines>,
    name: impl Fn(u32) -> Option<String>,
    attribute: Attribute,
    confidence: f64,
) -> ReturnDrivers {
    let units = |amount: i128| MoneyTotal::from_ten_thousandths(amount).to_f64();
    let share = |part: i128, whole: i128| (whole > 0).then(|| part as f64 / whole as f64);
    lines.par_sort_unstable_by_key(|line| (line.level, line.row));
    lines.dedup_by(|next, kept| {
        let same = (next.level, next.row) == (kept.level, kept.row);
        if same {
            kept.lines += next.lines;
            kept.value += next.value;
            kept.returned += next.returned;
        }
        same
    });
    let ratio = |lines: &[DriverLines]| {
        let (value, returned) = (lines.iter().map(|l| l.value).sum(), lines.iter().map(|l| l.returned).sum());
        let mut sums = RatioSums::new(units(value), units(returned))?;
        for line in lines {
            sums.add(units(line.value), units(line.returned));
        }
        sums.estimate(confidence)
    };
    let whole = shop.iter().fold(LevelSums::default(), |mut sum, level| {
        sum.add(level.lines, level.value, level.returned);
        sum
    });
    let returned_by_segment: i128 = lines.iter().map(|line| line.returned).sum();
    let shop_rate = share(whole.returned, whole.value);
    let by_reason = attribute == Attribute::Reason;
    let mut levels: Vec<ReturnDriver> = lines
        .chunk_by(|a, b| a.level == b.level)
        .filter_map(|group| {
            let level = group.first()?.level;
            let at_shop = shop.get((level as usize).min(shop.len().checked_sub(1)?))?;
            let value: i128 = group.iter().map(|line| line.value).sum();
            let returned: i128 = group.iter().map(|line| line.returned).sum();
            let shop_share = share(at_shop.returned, whole.returned);
            let expected = if by_reason {
                shop_share.unwrap_or_default() * units(returned_by_segment)
            } else {
                shop_rate.unwrap_or_default() * units(value)
            };
            Some(ReturnDriver {
                level: name(level),
                lines: group.iter().map(|line| line.lines).sum(),
                value: MoneyTotal::from_ten_thousandths(value),
                returned: MoneyTotal::from_ten_thousandths(returned),
                rate: if by_reason { None } else { ratio(group) },
                shop_rate: if by_reason { None } else { share(at_shop.returned, at_shop.value) },
                share_of_returned: share(returned, returned_by_segment),
                shop_share_of_returned: shop_share,
                excess: units(returned) - expected,
            })
        })
        .collect();
    levels.sort_by(|a, b| {
        b.excess
            .total_cmp(&a.excess)
            .then_with(|| (a.level.is_none(), &a.level).cmp(&(b.level.is_none(), &b.level)))
    });
    // Over all levels a customer stands once, not once per level.
    lines.par_sort_unstable_by_key(|line| line.row);
    lines.dedup_by(|next, kept| {
        let same = next.row == kept.row;
        if same {
            kept.value += next.value;
            kept.returned += next.returned;
        }
        same
    });
    ReturnDrivers {
        segment: String::new(),
        attribute: attribute.name(),
        rate: ratio(&lines),
        shop_rate,
        levels,
    }
}

/// A log's sale lines with the row of their customer and their level.
struct Walk<'a> {
    log: &'a TransactionLog,
    rows: Rows<'a>,
    returned: Returned,
    codes: &'a [u32],
    levels: usize,
    until: i64,
}

/// Where a walk finds what came back.
enum Returned {
    /// At the sales: of each line, known by the table's moment.
    AtSales(Vec<i64>),
    /// At the credit notes, which name the reason.
    AtNotes,
}

impl Returned {
    fn of(log: &TransactionLog, attribute: Attribute, until: i64) -> Option<Self> {
        let notes = matches!(log.rules().returns(), Returns::CreditNotes { .. });
        if notes && attribute == Attribute::Reason {
            return Some(Self::AtNotes);
        }
        returned_by_line(log, until).map(Self::AtSales)
    }
}

impl Walk<'_> {
    /// The shop's sums per level, and the lines of customers that are `wanted`.
    fn sums(&self, wanted: impl Fn(usize) -> bool + Sync) -> (Vec<LevelSums>, Vec<DriverLines>) {
        let empty = || (vec![LevelSums::default(); self.levels + 1], Vec::new());
        let starts: Vec<usize> = (0..self.log.len()).step_by(CHUNK).collect();
        starts
            .into_par_iter()
            .fold(empty, |(mut shop, mut lines), start| {
                for line in start..self.log.len().min(start + CHUNK) {
                    let Some((row, value, returned)) = self.line(line) else { continue };
                    let level = self.codes[line];
                    shop[(level as usize).min(self.levels)].add(1, value, returned);
                    if wanted(row) {
                        lines.push(DriverLines { level, row: row as u32, lines: 1, value, returned });
                    }
                }
                (shop, lines)
            })
            .reduce(empty, |(mut shop, mut lines), (other, more)| {
                shop.iter_mut()
                    .zip(other)
                    .for_each(|(sum, part)| sum.add(part.lines, part.value, part.returned));
                lines.extend(more);
                (shop, lines)
            })
    }

    /// The customer's row, the value and what came back of it; `None` for lines that are neither sale nor wanted note,
    /// too late, or of a customer who is not in the table.
    fn line(&self, line: usize) -> Option<(usize, i128, i128)> {
        let log = self.log;
        if log.times[line] >= self.until {
            return None;
        }
        let gross = i128::from(log.gross[line]);
        let (value, returned) = match (log.kinds[line], &self.returned) {
            (LineKind::Sale, returned) => {
                let discount = log.discounts.as_ref().map_or(0, |discounts| discounts[line]);
                let returned = match returned {
                    Returned::AtSales(returned) => returned[line],
                    Returned::AtNotes => 0,
                };
                (gross - i128::from(discount), i128::from(returned))
            }
            (LineKind::Return, Returned::AtNotes) => (0, gross),
            _ => return None,
        };
        Some((self.rows.row(line)?, value, returned))
    }
}

/// The table's row of each line's customer.
enum Rows<'a> {
    /// Found by the number.
    Numbers(&'a [u64], &'a CustomerIds),
    /// Found by the code of the text.
    Texts(&'a [u32], Vec<Option<usize>>),
    /// Found by the key of the short text, among those of the table in ascending order.
    ShortTexts(&'a IdColumn, Vec<(u64, usize)>),
}

impl Rows<'_> {
    #[inline]
    fn row(&self, line: usize) -> Option<usize> {
        match self {
            Self::Numbers(numbers, ids) => ids.position(&numbers[line].into()),
            Self::Texts(codes, rows) => rows.get(codes[line] as usize).copied().flatten(),
            Self::ShortTexts(texts, rows) => {
                let found = rows.binary_search_by_key(&texts.key(line), |(key, _)| *key).ok()?;
                Some(rows[found].1)
            }
        }
    }
}

fn rows_of_customers<'a>(customers: &'a IdColumn, ids: &'a CustomerIds) -> Result<Rows<'a>> {
    let rows = match customers {
        IdColumn::Numbers(numbers) => Rows::Numbers(numbers, ids),
        IdColumn::Texts(texts) => {
            let rows = texts.levels().iter().map(|text| ids.position(&text.into())).collect();
            Rows::Texts(&texts.codes, rows)
        }
        IdColumn::ShortTexts(texts) => {
            // Texts and their keys stand in one order.
            let key = |(row, id): (usize, CustomerId)| match id {
                CustomerId::Text(text) => Some((texts.key_of(&text)?, row)),
                CustomerId::Number(_) => None,
            };
            Rows::ShortTexts(customers, ids.iter().enumerate().filter_map(key).collect())
        }
    };
    if !customers.is_empty() && !(0..customers.len()).any(|line| rows.row(line).is_some()) {
        return Err(Error::Incompatible {
            what: "the customers",
            left: format!("those of the log ({})", customers.kind()),
            right: format!("those of the table ({} others)", ids.len()),
        });
    }
    Ok(rows)
}

impl fmt::Display for ReturnDrivers {
    /// The levels as a table, the largest excess first.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by_reason = self.attribute == Attribute::Reason.name();
        let rate = self.rate.map(|rate| rate.rate);
        writeln!(
            f,
            "What drives the returns of {}, by {} (it sends back {} of its value, the shop {})",
            self.segment,
            self.attribute,
            percent(rate),
            percent(self.shop_rate)
        )?;
        let heading = format!("<{}", self.attribute);
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
