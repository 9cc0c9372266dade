//! Groups of customers side by side: how many, what they buy, what they send back, what is left.
//!
//! The case that started the stage: customers are found who resemble the segment that looks rich, in what they buy,
//! and send back less. Whether that pays is seen beside that segment, and beside as many who resemble the plan's best
//! one.

use std::fmt;

use serde::Serialize;

use crate::bitmap::Bitmap;
use crate::economics::returns::RatioEstimate;
use crate::error::{Error, Result};
use crate::features::{Feature, FeatureTable};
use crate::layout::{TextTable, grouped, money, money_whole, percent};
use crate::lookalike::Audience;
use crate::transaction::{Money, MoneyTotal};

/// The level of the interval of a return rate.
const LEVEL: f64 = 0.95;

/// One group of a comparison. Sums are over those of whom the value is known.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ComparedGroup {
    /// Its name.
    pub name: String,
    /// Its customers.
    pub customers: u64,
    /// What they bought; `None` where it is known of none.
    pub demand: Option<MoneyTotal>,
    /// Customers of whom that is not known.
    pub demand_unknown: u64,
    /// What came back of it by value, with a 95 % interval that takes customers as the sampling unit; `None` where
    /// the table does not say, or nothing was bought.
    pub return_rate: Option<RatioEstimate>,
    /// The rate to be expected, by value; `None` where the table does not say.
    pub expected_return_rate: Option<f64>,
    /// What they contributed; `None` where it is known of none.
    pub contribution: Option<MoneyTotal>,
    /// Customers of whom that is not known.
    pub contribution_unknown: u64,
}

impl ComparedGroup {
    /// What a customer bought, of those of whom it is known; `None` without any.
    #[must_use]
    pub fn demand_per_customer(&self) -> Option<Money> {
        mean(self.demand?, self.customers - self.demand_unknown)
    }

    /// What a customer contributed, of those of whom it is known; `None` without any.
    #[must_use]
    pub fn contribution_per_customer(&self) -> Option<Money> {
        mean(self.contribution?, self.customers - self.contribution_unknown)
    }
}

/// A sum for each of so many, rounded to the nearest ten-thousandth, half away from zero.
fn mean(sum: MoneyTotal, count: u64) -> Option<Money> {
    let (sum, count) = (sum.ten_thousandths(), i128::from(count));
    let half = if sum < 0 { -(count / 2) } else { count / 2 };
    let mean = (sum + half).checked_div(count)?;
    i64::try_from(mean).ok().map(Money::from_ten_thousandths)
}

/// Groups of one table's customers side by side.
///
/// ```
/// use kohort::features::{FeatureTable, Values};
/// use kohort::lookalike::Comparison;
/// use kohort::transaction::CustomerIds;
/// use kohort::Money;
///
/// let euros = |all: [i64; 4]| Values::Money(all.iter().map(|own| Money::from_ten_thousandths(own * 10_000)).collect());
/// let columns = [
///     ("gross", euros([100, 300, 80, 120])),
///     ("returned_attributed", euros([80, 240, 8, 12])),
///     ("contribution", euros([-5, -10, 30, 40])),
/// ];
/// let customers = FeatureTable::from_columns(CustomerIds::rows(4), columns)?;
/// let rich = [true, true, false, false].into_iter().collect();
/// let alike = [false, false, true, true].into_iter().collect();
/// let comparison = Comparison::builder(&customers).group("looks rich", &rich).group("lookalikes", &alike).build()?;
/// assert_eq!(comparison.groups[1].return_rate.map(|rate| rate.rate), Some(0.1));
/// println!("{comparison}");
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Comparison {
    /// The groups, in the order they were given.
    pub groups: Vec<ComparedGroup>,
}

/// Builds a [`Comparison`].
#[derive(Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct ComparisonBuilder<'a> {
    table: &'a FeatureTable,
    groups: Vec<(String, &'a Bitmap)>,
    /// Audiences of other customers than the table's: name and size.
    others: Vec<(String, usize)>,
    demand: String,
    discount: Option<String>,
    returned: String,
    expected: String,
    contribution: String,
}

impl fmt::Debug for ComparisonBuilder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.groups.iter().map(|group| group.0.as_str()).collect();
        f.debug_struct("ComparisonBuilder").field("groups", &names).finish_non_exhaustive()
    }
}

impl Comparison {
    /// A comparison of groups of a table's customers: their past, or, with a table of a later window, what became of them.
    pub fn builder(table: &FeatureTable) -> ComparisonBuilder<'_> {
        ComparisonBuilder {
            table,
            groups: Vec::new(),
            others: Vec::new(),
            demand: Feature::Gross.name().into(),
            discount: None,
            returned: Feature::ReturnedAttributed.name().into(),
            expected: "return_rate_expected".into(),
            contribution: "contribution".into(),
        }
    }

    /// A group by name.
    #[must_use]
    pub fn group(&self, name: &str) -> Option<&ComparedGroup> {
        self.groups.iter().find(|group| group.name == name)
    }
}

impl<'a> ComparisonBuilder<'a> {
    /// A group: its name, and one bit a customer. Defaults to none.
    pub fn group(mut self, name: impl Into<String>, mask: &'a Bitmap) -> Self {
        self.groups.push((name.into(), mask));
        self
    }

    /// An audience as a group. Defaults to none.
    pub fn audience(mut self, name: impl Into<String>, audience: &'a Audience) -> Self {
        let name = name.into();
        if audience.customers() != self.table.ids() {
            self.others.push((name.clone(), audience.customers().len()));
        }
        self.groups.push((name, audience.mask()));
        self
    }

    /// The column of what was bought, of which discounts are taken off for return rates if the table has them. Money.
    /// Defaults to `gross`.
    pub fn demand(mut self, column: impl Into<String>) -> Self {
        self.demand = column.into();
        self
    }

    /// The column of discounts on what was bought, in the same window of time. Money. Defaults to `discount` with the window
    /// of the column of what was bought, such as `discount__365d` for `gross__365d`, if the table has it.
    pub fn discount(mut self, column: impl Into<String>) -> Self {
        self.discount = Some(column.into());
        self
    }

    /// The column of what came back. Money. Defaults to `returned_attributed`.
    pub fn returned(mut self, column: impl Into<String>) -> Self {
        self.returned = column.into();
        self
    }

    /// The column of expected return rates. Defaults to `return_rate_expected`.
    pub fn expected_return_rate(mut self, column: impl Into<String>) -> Self {
        self.expected = column.into();
        self
    }

    /// The column of contributions. Money. Defaults to `contribution`.
    pub fn contribution(mut self, column: impl Into<String>) -> Self {
        self.contribution = column.into();
        self
    }

    /// The comparison. O(customers of all groups).
    ///
    /// # Errors
    /// [`Error::Incompatible`] for an audience of other customers, [`Error::ColumnLength`] for a mask of another length,
    /// [`Error::MissingFeature`] without a column of what was bought, or of discounts where one was named;
    /// [`Error::FeatureType`] for a column that is not money.
    pub fn build(self) -> Result<Comparison> {
        if let Some((name, customers)) = self.others.first() {
            return Err(Error::Incompatible {
                what: "the customers",
                left: format!("those of the audience `{name}` ({customers})"),
                right: format!("those of the table ({})", self.table.len()),
            });
        }
        if let Some((name, mask)) = self.groups.iter().find(|group| group.1.len() != self.table.len()) {
            return Err(Error::ColumnLength {
                column: name.clone(),
                found: mask.len(),
                against: "ids".into(),
                expected: self.table.len(),
            });
        }
        let columns = Columns::read(&self)?;
        let groups = self.groups.iter().map(|(name, mask)| columns.group(name, mask)).collect();
        Ok(Comparison { groups })
    }
}

/// A column of amounts, of which some may be missing.
type Amounts<'a> = (&'a [Money], &'a crate::features::Column);

struct Columns<'a> {
    demand: Amounts<'a>,
    discount: Option<Amounts<'a>>,
    returned: Option<Amounts<'a>>,
    expected: Option<&'a crate::features::Column>,
    contribution: Option<Amounts<'a>>,
}

fn amount((values, column): Amounts<'_>, row: usize) -> Option<i64> {
    column.is_valid(row).then(|| values[row].ten_thousandths())
}

impl<'a> Columns<'a> {
    fn read(builder: &ComparisonBuilder<'a>) -> Result<Self> {
        let table = builder.table;
        let needed = |name: &str| Ok::<Amounts<'a>, Error>((table.money(name)?, table.column(name)?));
        let optional = |name: &str| table.has(name).then(|| needed(name)).transpose();
        Ok(Self {
            demand: needed(&builder.demand)?,
            discount: if let Some(name) = &builder.discount {
                Some(needed(name)?)
            } else {
                let window = builder.demand.find("__").map_or("", |from| &builder.demand[from..]);
                optional(&format!("{}{window}", Feature::Discount.name()))?
            },
            returned: optional(&builder.returned)?,
            expected: table.has(&builder.expected).then(|| table.numeric(&builder.expected)).transpose()?,
            contribution: optional(&builder.contribution)?,
        })
    }

    fn group(&self, name: &str, mask: &Bitmap) -> ComparedGroup {
        let units = |amount: i128| MoneyTotal::from_ten_thousandths(amount).to_f64();
        let (mut demand, mut demand_unknown) = (0_i128, 0);
        let (mut contribution, mut contribution_unknown) = (0_i128, 0);
        let (mut bought, mut back) = (Vec::new(), Vec::new());
        let (mut weight, mut weighted) = (0.0, 0.0);
        for row in mask.ones() {
            let own = amount(self.demand, row).map(i128::from);
            match own {
                Some(own) => demand += own,
                None => demand_unknown += 1,
            }
            match self.contribution.and_then(|column| amount(column, row)) {
                Some(own) => contribution += i128::from(own),
                None => contribution_unknown += 1,
            }
            let discount = self.discount.map_or(Some(0), |column| amount(column, row));
            let returned = self.returned.and_then(|column| amount(column, row));
            if let (Some(own), Some(discount), Some(returned)) = (own, discount, returned) {
                bought.push(units(own - i128::from(discount)));
                back.push(units(i128::from(returned)));
            }
            let expected = self.expected.and_then(|column| column.number(row));
            if let (Some(own), Some(rate)) = (own.filter(|own| *own > 0), expected) {
                weight += units(own);
                weighted += units(own) * rate;
            }
        }
        let customers = mask.count() as u64;
        let sum =
            |sum: i128, unknown: u64| (unknown < customers).then(|| MoneyTotal::from_ten_thousandths(sum));
        ComparedGroup {
            name: name.to_owned(),
            customers,
            demand: sum(demand, demand_unknown),
            demand_unknown,
            return_rate: RatioEstimate::of(&bought, &back, LEVEL),
            expected_return_rate: (weight > 0.0).then(|| weighted / weight),
            contribution: sum(contribution, contribution_unknown),
            contribution_unknown,
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dash = || "–".to_owned();
        let mut table = TextTable::new(&[
            "<group",
            "customers",
            "demand",
            "per customer",
            "return rate",
            "95 % interval, %",
            "expected",
            "contribution",
            "per customer",
        ]);
        for group in &self.groups {
            let interval = group.return_rate.and_then(|rate| rate.interval);
            table.row([
                group.name.clone(),
                grouped(group.customers),
                group.demand.map_or_else(dash, money_whole),
                group.demand_per_customer().map_or_else(dash, money),
                percent(group.return_rate.map(|rate| rate.rate)),
                interval.map_or_else(dash, |i| format!("{:.1} … {:.1}", i.low * 100.0, i.high * 100.0)),
                percent(group.expected_return_rate),
                group.contribution.map_or_else(dash, money_whole),
                group.contribution_per_customer().map_or_else(dash, money),
            ]);
        }
        write!(f, "{table}")
    }
}
