//! What the shop's records mean: currency, zone, how orders are told apart, how returns are recorded, and which
//! lines are neither sale nor return. Every rule's effect is counted in the ingest report.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::transaction::time::Zone;

/// How order lines belong to orders.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum OrderIdentity {
    /// A column names the order.
    #[default]
    Column,
    /// All lines of a customer on one calendar day, in the log's zone, are one order.
    CustomerAndDay,
    /// Each line is an order.
    EachLine,
}

/// How the shop records what came back.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Returns {
    /// There is no record of returns: return features are missing, not zero.
    #[default]
    NotRecorded,
    /// A flag per sale line: all of its value came back.
    Flag,
    /// A returned quantity per sale line.
    Quantity,
    /// A returned amount per sale line, at the price paid.
    Amount,
    /// Lines of their own with a negative quantity or amount, credited to the customer.
    CreditNotes {
        /// What the order id of a credit note begins with; negative lines of other orders are then rejected.
        /// `None` takes every negative line as a return.
        prefix: Option<String>,
    },
}

/// What happens to lines without value: samples, gifts, replacements.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum FreeLines {
    /// They stay as a class of their own. They count as pieces, have no value and make no order.
    #[default]
    Keep,
    /// They are set aside and counted.
    Exclude,
}

/// What happens to a row that equals an earlier one in every column that is read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Duplicates {
    /// It counts: two equal lines of an order are two pieces bought.
    #[default]
    Keep,
    /// It is rejected: the export repeats rows.
    Reject,
}

/// What happens to numbers with more than four decimals.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Rounding {
    /// The row is rejected.
    #[default]
    Refuse,
    /// The number is rounded half to even to four decimals.
    HalfEven,
}

/// Whether prices include value-added tax.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Vat {
    /// Prices are net of tax.
    #[default]
    Excluded,
    /// Prices are what the customer pays; the rate is a setting of the costs.
    Included,
}

/// What happens to a row that cannot be kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Strictness {
    /// It is counted and reported.
    #[default]
    Count,
    /// The first one is an error. Rows that a rule of the user sets aside are counted all the same.
    Stop,
}

/// How a log reads its rows.
///
/// ```
/// use kohort::{LogRules, Returns, Zone};
///
/// let rules = LogRules::builder("GBP")
///     .zone(Zone::named("Europe/London")?)
///     .returns(Returns::CreditNotes { prefix: Some("C".into()) })
///     .exclude_products(["POST", "gift*"])
///     .build()?;
/// assert_eq!(rules.currency(), "GBP");
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(try_from = "RawLogRules")]
pub struct LogRules {
    pub(crate) currency: String,
    pub(crate) zone: Zone,
    pub(crate) orders: OrderIdentity,
    pub(crate) returns: Returns,
    pub(crate) free_lines: FreeLines,
    pub(crate) duplicates: Duplicates,
    pub(crate) rounding: Rounding,
    pub(crate) vat: Vat,
    pub(crate) strictness: Strictness,
    pub(crate) excluded_products: Vec<String>,
    pub(crate) excluded_orders: Vec<String>,
}

/// Rules as they are written, before they are checked.
#[derive(Deserialize)]
struct RawLogRules {
    currency: String,
    zone: Zone,
    orders: OrderIdentity,
    returns: Returns,
    free_lines: FreeLines,
    duplicates: Duplicates,
    rounding: Rounding,
    vat: Vat,
    strictness: Strictness,
    excluded_products: Vec<String>,
    excluded_orders: Vec<String>,
}

impl TryFrom<RawLogRules> for LogRules {
    type Error = Error;

    fn try_from(raw: RawLogRules) -> Result<Self> {
        Self::builder(raw.currency)
            .zone(raw.zone)
            .orders(raw.orders)
            .returns(raw.returns)
            .free_lines(raw.free_lines)
            .duplicates(raw.duplicates)
            .rounding(raw.rounding)
            .vat(raw.vat)
            .strictness(raw.strictness)
            .exclude_products(raw.excluded_products)
            .exclude_orders(raw.excluded_orders)
            .build()
    }
}

impl LogRules {
    /// Rules for a log in one currency, such as `EUR`.
    #[must_use]
    pub fn builder(currency: impl Into<String>) -> LogRulesBuilder {
        LogRulesBuilder(Self {
            currency: currency.into(),
            zone: Zone::utc(),
            orders: OrderIdentity::default(),
            returns: Returns::default(),
            free_lines: FreeLines::default(),
            duplicates: Duplicates::default(),
            rounding: Rounding::default(),
            vat: Vat::default(),
            strictness: Strictness::default(),
            excluded_products: Vec::new(),
            excluded_orders: Vec::new(),
        })
    }

    /// The currency of every amount.
    #[must_use]
    pub fn currency(&self) -> &str {
        &self.currency
    }

    /// The zone of times that name none, and of the calendar.
    #[must_use]
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// How returns are recorded.
    #[must_use]
    pub fn returns(&self) -> &Returns {
        &self.returns
    }

    /// How lines belong to orders.
    #[must_use]
    pub fn orders(&self) -> OrderIdentity {
        self.orders
    }

    /// Whether prices include value-added tax.
    #[must_use]
    pub fn vat(&self) -> Vat {
        self.vat
    }
}

/// Builds [`LogRules`].
#[derive(Clone, Debug)]
pub struct LogRulesBuilder(LogRules);

impl LogRulesBuilder {
    /// The zone of times that name none, and of calendar days. Defaults to UTC.
    #[must_use]
    pub fn zone(mut self, zone: Zone) -> Self {
        self.0.zone = zone;
        self
    }

    /// How lines belong to orders. Defaults to [`OrderIdentity::Column`].
    #[must_use]
    pub fn orders(mut self, orders: OrderIdentity) -> Self {
        self.0.orders = orders;
        self
    }

    /// How returns are recorded. Defaults to [`Returns::NotRecorded`].
    #[must_use]
    pub fn returns(mut self, returns: Returns) -> Self {
        self.0.returns = returns;
        self
    }

    /// What happens to lines without value. Defaults to [`FreeLines::Keep`].
    #[must_use]
    pub fn free_lines(mut self, free_lines: FreeLines) -> Self {
        self.0.free_lines = free_lines;
        self
    }

    /// What happens to exact duplicates. Defaults to [`Duplicates::Keep`].
    #[must_use]
    pub fn duplicates(mut self, duplicates: Duplicates) -> Self {
        self.0.duplicates = duplicates;
        self
    }

    /// What happens to numbers of more than four decimals. Defaults to [`Rounding::Refuse`].
    #[must_use]
    pub fn rounding(mut self, rounding: Rounding) -> Self {
        self.0.rounding = rounding;
        self
    }

    /// Whether prices include value-added tax. Defaults to [`Vat::Excluded`].
    #[must_use]
    pub fn vat(mut self, vat: Vat) -> Self {
        self.0.vat = vat;
        self
    }

    /// What happens to a row that cannot be kept. Defaults to [`Strictness::Count`].
    #[must_use]
    pub fn strictness(mut self, strictness: Strictness) -> Self {
        self.0.strictness = strictness;
        self
    }

    /// Codes that are no products, such as postage or bank charges: sales and returns of them are set aside. A `*`
    /// at the end stands for any rest; letter case counts. Defaults to none.
    #[must_use]
    pub fn exclude_products<S: Into<String>>(mut self, codes: impl IntoIterator<Item = S>) -> Self {
        self.0.excluded_products = codes.into_iter().map(Into::into).collect();
        self
    }

    /// Beginnings of order ids that are bookkeeping and no orders, such as `A` for adjustments. Defaults to none.
    #[must_use]
    pub fn exclude_orders<S: Into<String>>(mut self, prefixes: impl IntoIterator<Item = S>) -> Self {
        self.0.excluded_orders = prefixes.into_iter().map(Into::into).collect();
        self
    }

    /// The rules.
    ///
    /// # Errors
    /// [`Error::Setting`] where the currency, a prefix or a code is empty, or a credit-note prefix is asked for while
    /// no column names the order.
    pub fn build(self) -> Result<LogRules> {
        let setting = |setting, found: &str, expected| {
            Err(Error::Setting { setting, found: format!("`{found}`"), expected })
        };
        let rules = self.0;
        if rules.currency.trim().is_empty() {
            return setting("currency", &rules.currency, "a currency such as EUR");
        }
        if rules.excluded_products.iter().any(String::is_empty) {
            return setting("exclude_products", "", "codes of at least one character");
        }
        if rules.excluded_orders.iter().any(String::is_empty) {
            return setting("exclude_orders", "", "prefixes of at least one character");
        }
        if let Returns::CreditNotes { prefix: Some(prefix) } = &rules.returns {
            if prefix.is_empty() {
                return setting("returns", prefix, "a prefix of at least one character, or none");
            }
            if rules.orders != OrderIdentity::Column {
                return setting(
                    "returns",
                    prefix,
                    "a column that names the order, since credit notes are told by it",
                );
            }
        }
        Ok(rules)
    }
}
