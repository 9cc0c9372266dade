//! What the columns of a file mean and how its values are written: one schema for every door with named columns.

use crate::error::{Error, Result};
use crate::transaction::ids::IdKind;
use crate::transaction::log::Attribute;
use crate::transaction::rules::{LogRules, OrderIdentity, Returns};
use crate::transaction::time::TimeFormat;

/// The column that holds the price before discount.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SchemaPrice<'a> {
    /// The price of one piece.
    Unit(&'a str),
    /// The price of the whole line.
    Line(&'a str),
}

/// The column that holds what was taken off; an empty field is no discount.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SchemaDiscount<'a> {
    /// A share of the line's price, 0 to 1, with at most six decimals.
    Rate(&'a str),
    /// An amount off the line's price.
    Amount(&'a str),
}

/// How the file marks lines that were never delivered: neither kept nor sent back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Undelivered<'a> {
    /// A column whose yes-word (`1`, `true`, `yes`, `y`, `t`) marks an undelivered line and whose no-word (`0`,
    /// `false`, `no`, `n`, `f`) a delivered one, or a column with the date of delivery: empty means undelivered, any
    /// other text delivered. A column that has both yes/no words and empty fields is
    /// [`Error::AmbiguousFlag`].
    Column(&'a str),
    /// A column, and the value that marks an undelivered line.
    WhenEquals(&'a str, &'a str),
}

/// What stands between the whole part of a number and its decimals. Separators between thousands are not read: such
/// a number is a counted rejection, because `1.234` must not be taken for another number than the one meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum DecimalMark {
    /// `1234.50`
    #[default]
    Point,
    /// `1234,50`
    Comma,
}

impl DecimalMark {
    /// The mark itself.
    pub(crate) fn sign(self) -> char {
        match self {
            Self::Point => '.',
            Self::Comma => ',',
        }
    }
}

/// How the file writes letters.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Encoding {
    /// UTF-8, which ASCII is a part of.
    #[default]
    Utf8,
    /// The western code page of Windows, a superset of printable ISO 8859-1.
    Windows1252,
}

/// Which column of a file holds what, and how values are written: for every door with named columns. How text is
/// written (delimiter, encoding, decimal mark, time format) matters only where values are text.
///
/// ```
/// use kohort::transaction::{SchemaPrice, DecimalMark, Encoding, TimeFormat};
/// use kohort::{LogRules, Returns, Schema};
///
/// let rules = LogRules::builder("GBP").returns(Returns::CreditNotes { prefix: Some("C".into()) }).build()?;
/// let schema = Schema::builder(&rules, "CustomerID", "InvoiceDate", SchemaPrice::Unit("UnitPrice"))
///     .order("InvoiceNo")
///     .quantity("Quantity")
///     .product("StockCode")
///     .country("Country")
///     .time_format(TimeFormat::Pattern("%d/%m/%Y %H:%M".into()))
///     .encoding(Encoding::Windows1252)
///     .build()?;
/// assert_eq!(schema.rules().currency(), "GBP");
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Schema {
    pub(crate) rules: LogRules,
    pub(crate) customer: String,
    pub(crate) customer_ids: IdKind,
    pub(crate) order: Option<String>,
    pub(crate) order_ids: IdKind,
    pub(crate) time: String,
    pub(crate) price: String,
    pub(crate) price_kind: PriceKind,
    pub(crate) quantity: Option<String>,
    pub(crate) discount: Option<(DiscountKind, String)>,
    pub(crate) unit_cost: Option<String>,
    pub(crate) returned: Option<String>,
    pub(crate) return_time: Option<String>,
    /// The column, and the value that marks a line if it is one value.
    pub(crate) undelivered: Option<(String, Option<String>)>,
    pub(crate) attributes: [Option<String>; Attribute::ALL.len()],
    pub(crate) currency: Option<String>,
    pub(crate) delimiter: char,
    pub(crate) decimal_mark: DecimalMark,
    pub(crate) encoding: Encoding,
    pub(crate) time_format: TimeFormat,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum PriceKind {
    Unit,
    Line,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum DiscountKind {
    Rate,
    Amount,
}

impl Schema {
    /// A schema by the names in the file's header: who ordered, when, and at what price; `rules` say what the
    /// records mean.
    #[must_use]
    pub fn builder(
        rules: &LogRules,
        customer: impl Into<String>,
        time: impl Into<String>,
        price: SchemaPrice<'_>,
    ) -> SchemaBuilder {
        let (price_kind, price) = match price {
            SchemaPrice::Unit(column) => (PriceKind::Unit, column.to_owned()),
            SchemaPrice::Line(column) => (PriceKind::Line, column.to_owned()),
        };
        SchemaBuilder(Self {
            rules: rules.clone(),
            customer: customer.into(),
            customer_ids: IdKind::default(),
            order: None,
            order_ids: IdKind::default(),
            time: time.into(),
            price,
            price_kind,
            quantity: None,
            discount: None,
            unit_cost: None,
            returned: None,
            return_time: None,
            undelivered: None,
            attributes: [const { None }; Attribute::ALL.len()],
            currency: None,
            delimiter: ',',
            decimal_mark: DecimalMark::default(),
            encoding: Encoding::default(),
            time_format: TimeFormat::default(),
        })
    }

    /// What the records mean.
    #[must_use]
    pub fn rules(&self) -> &LogRules {
        &self.rules
    }

    /// The names of all columns that are read.
    #[cfg(feature = "parquet")]
    pub(crate) fn column_names(&self) -> impl Iterator<Item = &str> {
        self.named_columns().map(|(_, column)| column)
    }

    /// Every column that is named, each with the setting that names it.
    fn named_columns(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let required = [("customer", &self.customer), ("time", &self.time), ("price", &self.price)];
        let optional = [
            ("order", self.order.as_ref()),
            ("quantity", self.quantity.as_ref()),
            ("discount", self.discount.as_ref().map(|(_, column)| column)),
            ("unit_cost", self.unit_cost.as_ref()),
            ("returned", self.returned.as_ref()),
            ("return_time", self.return_time.as_ref()),
            ("undelivered", self.undelivered.as_ref().map(|(column, _)| column)),
            ("currency_column", self.currency.as_ref()),
        ];
        let attributes =
            Attribute::ALL.iter().zip(&self.attributes).map(|(a, column)| (a.name(), column.as_ref()));
        let optional = optional.into_iter().chain(attributes);
        required
            .into_iter()
            .chain(optional.filter_map(|(setting, column)| Some((setting, column?))))
            .map(|(setting, column)| (setting, column.as_str()))
    }
}

/// Builds a [`Schema`]. One column may serve several settings.
#[derive(Clone, Debug)]
pub struct SchemaBuilder(Schema);

impl SchemaBuilder {
    /// The column with the order's id. Defaults to none, for rules that tell orders without one.
    #[must_use]
    pub fn order(mut self, column: impl Into<String>) -> Self {
        self.0.order = Some(column.into());
        self
    }

    /// Whether customer ids are whole numbers or text. As numbers, `017` and `17` are one customer, and an id that is
    /// no number is a missing one. Defaults to [`IdKind::Text`].
    #[must_use]
    pub fn customer_ids(mut self, kind: IdKind) -> Self {
        self.0.customer_ids = kind;
        self
    }

    /// Whether order ids are whole numbers or text. As numbers they take less memory and time; an id that is no number
    /// is a missing one. Defaults to [`IdKind::Text`].
    #[must_use]
    pub fn order_ids(mut self, kind: IdKind) -> Self {
        self.0.order_ids = kind;
        self
    }

    /// The column with the pieces. Defaults to none: every line is one piece.
    #[must_use]
    pub fn quantity(mut self, column: impl Into<String>) -> Self {
        self.0.quantity = Some(column.into());
        self
    }

    /// The column with what was taken off. Defaults to none: prices are what was paid.
    #[must_use]
    pub fn discount(mut self, discount: SchemaDiscount<'_>) -> Self {
        self.0.discount = Some(match discount {
            SchemaDiscount::Rate(column) => (DiscountKind::Rate, column.to_owned()),
            SchemaDiscount::Amount(column) => (DiscountKind::Amount, column.to_owned()),
        });
        self
    }

    /// The column with the shop's cost of one piece. Where it is empty the cost is unknown, which is not nothing.
    /// Defaults to none: all costs are unknown.
    #[must_use]
    pub fn unit_cost(mut self, column: impl Into<String>) -> Self {
        self.0.unit_cost = Some(column.into());
        self
    }

    /// The column that records what came back, as the rules' [`Returns`] say: a flag (`1`/`0`, `true`/`false`,
    /// `yes`/`no`, `y`/`n`, `t`/`f` in any letter case), a quantity or an amount; empty means nothing came back.
    /// Defaults to none.
    #[must_use]
    pub fn returned(mut self, column: impl Into<String>) -> Self {
        self.0.returned = Some(column.into());
        self
    }

    /// The column with the time of the return, written like the order's time; empty means unknown. It is read only
    /// where something came back. Defaults to none.
    #[must_use]
    pub fn return_time(mut self, column: impl Into<String>) -> Self {
        self.0.return_time = Some(column.into());
        self
    }

    /// How undelivered lines are marked; they are set aside and counted. Defaults to none: all were delivered.
    #[must_use]
    pub fn undelivered(mut self, undelivered: Undelivered<'_>) -> Self {
        self.0.undelivered = Some(match undelivered {
            Undelivered::Column(column) => (column.to_owned(), None),
            Undelivered::WhenEquals(column, value) => (column.to_owned(), Some(value.trim().to_owned())),
        });
        self
    }

    /// The column with the product's code. Defaults to none.
    #[must_use]
    pub fn product(self, column: impl Into<String>) -> Self {
        self.attribute(Attribute::Product, column)
    }

    /// The column with the product's category. Defaults to none.
    #[must_use]
    pub fn category(self, column: impl Into<String>) -> Self {
        self.attribute(Attribute::Category, column)
    }

    /// The column with the product's brand. Defaults to none.
    #[must_use]
    pub fn brand(self, column: impl Into<String>) -> Self {
        self.attribute(Attribute::Brand, column)
    }

    /// The column with the product's size. Defaults to none.
    #[must_use]
    pub fn size(self, column: impl Into<String>) -> Self {
        self.attribute(Attribute::Size, column)
    }

    /// The column with the channel the order came through. Defaults to none.
    #[must_use]
    pub fn channel(self, column: impl Into<String>) -> Self {
        self.attribute(Attribute::Channel, column)
    }

    /// The column with the country the order went to. Defaults to none.
    #[must_use]
    pub fn country(self, column: impl Into<String>) -> Self {
        self.attribute(Attribute::Country, column)
    }

    /// The column that says why something came back. Defaults to none.
    #[must_use]
    pub fn reason(self, column: impl Into<String>) -> Self {
        self.attribute(Attribute::Reason, column)
    }

    /// The column of any attribute. Defaults to none.
    #[must_use]
    pub fn attribute(mut self, attribute: Attribute, column: impl Into<String>) -> Self {
        self.0.attributes[attribute as usize] = Some(column.into());
        self
    }

    /// The column that names each line's currency; a line of another currency than the rules' is rejected. Defaults
    /// to none: all amounts are in the rules' currency.
    #[must_use]
    pub fn currency_column(mut self, column: impl Into<String>) -> Self {
        self.0.currency = Some(column.into());
        self
    }

    /// What stands between fields. Defaults to `,`.
    #[must_use]
    pub fn delimiter(mut self, delimiter: char) -> Self {
        self.0.delimiter = delimiter;
        self
    }

    /// What stands before the decimals. Defaults to [`DecimalMark::Point`].
    #[must_use]
    pub fn decimal_mark(mut self, mark: DecimalMark) -> Self {
        self.0.decimal_mark = mark;
        self
    }

    /// How letters are written. Defaults to [`Encoding::Utf8`].
    #[must_use]
    pub fn encoding(mut self, encoding: Encoding) -> Self {
        self.0.encoding = encoding;
        self
    }

    /// How times are written. Defaults to [`TimeFormat::Iso`].
    #[must_use]
    pub fn time_format(mut self, format: TimeFormat) -> Self {
        self.0.time_format = format;
        self
    }

    /// The schema.
    ///
    /// # Errors
    /// [`Error::Setting`] where a name is empty, a column that the rules need is missing (or one is given that they
    /// have no use for), the delimiter is no single ASCII mark, or a time pattern does not name a full date.
    pub fn build(self) -> Result<Schema> {
        let schema = self.0;
        let setting = |setting, found: String, expected| Err(Error::Setting { setting, found, expected });
        if let Some((name, column)) = schema.named_columns().find(|(_, column)| column.trim().is_empty()) {
            return setting(name, format!("`{column}`"), "the name of a column");
        }
        if schema.rules.orders() == OrderIdentity::Column && schema.order.is_none() {
            return setting(
                "order",
                "missing".into(),
                "a column, since the rules say that one names the order",
            );
        }
        let told_by_order = matches!(schema.rules.returns(), Returns::CreditNotes { prefix: Some(_) });
        if told_by_order && schema.order_ids == IdKind::Number {
            let expected = "text, since credit notes are told by the id's beginning";
            return setting("order_ids", schema.order_ids.to_string(), expected);
        }
        let per_line = matches!(schema.rules.returns(), Returns::Flag | Returns::Quantity | Returns::Amount);
        match &schema.returned {
            None if per_line => {
                let expected = "a column, since the rules say that one records what came back";
                return setting("returned", "missing".into(), expected);
            }
            Some(column) if !per_line => {
                let expected = "no column, unless the rules say that one records a flag, quantity or amount";
                return setting("returned", format!("`{column}`"), expected);
            }
            _ => {}
        }
        if let (Some(column), None) = (&schema.return_time, &schema.returned) {
            return setting(
                "return_time",
                format!("`{column}`"),
                "no column, unless one records what came back",
            );
        }
        check_writing(schema.delimiter, &schema.time_format)?;
        Ok(schema)
    }
}

/// What a flag says, if it is one.
pub(crate) fn yes_or_no(text: &str) -> Option<bool> {
    let is_one_of = |words: [&str; 5]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
    if is_one_of(["1", "true", "yes", "y", "t"]) {
        Some(true)
    } else if is_one_of(["0", "false", "no", "n", "f"]) {
        Some(false)
    } else {
        None
    }
}

/// Whether a file can be written with this mark between fields, and times in this form.
pub(crate) fn check_writing(delimiter: char, time_format: &TimeFormat) -> Result<()> {
    if !delimiter.is_ascii()
        || delimiter.is_ascii_alphanumeric()
        || matches!(delimiter, '"' | '\n' | '\r' | '\0')
    {
        return Err(Error::Setting {
            setting: "delimiter",
            found: format!("{delimiter:?}"),
            expected: "one ASCII mark such as `,`, `;` or a tab",
        });
    }
    if !time_format.names_a_date() {
        return Err(Error::Setting {
            setting: "time_format",
            found: format!("`{time_format}`"),
            expected: "a pattern that names year, month and day, such as %d.%m.%Y %H:%M",
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(returns: Returns) -> LogRules {
        LogRules::builder("EUR").returns(returns).build().unwrap()
    }

    fn builder(returns: Returns) -> SchemaBuilder {
        Schema::builder(&rules(returns), "customer", "time", SchemaPrice::Line("amount")).order("order")
    }

    fn refused(builder: SchemaBuilder) -> &'static str {
        match builder.build() {
            Err(Error::Setting { setting, .. }) => setting,
            other => panic!("expected a refused setting, found {other:?}"),
        }
    }

    #[test]
    fn what_the_rules_need_must_be_there_and_nothing_they_cannot_use() {
        assert!(builder(Returns::NotRecorded).build().is_ok());
        assert_eq!(refused(builder(Returns::Flag)), "returned");
        assert_eq!(refused(builder(Returns::NotRecorded).returned("returned")), "returned");
        assert_eq!(refused(builder(Returns::NotRecorded).return_time("when")), "return_time");
        assert!(builder(Returns::Amount).returned("returned").return_time("when").build().is_ok());
        let no_order =
            Schema::builder(&rules(Returns::NotRecorded), "customer", "time", SchemaPrice::Unit("price"));
        assert_eq!(refused(no_order), "order");
        let prefixed = || builder(Returns::CreditNotes { prefix: Some("C".into()) });
        assert!(prefixed().build().is_ok());
        assert_eq!(refused(prefixed().order_ids(IdKind::Number)), "order_ids");
    }

    #[test]
    fn names_delimiters_and_patterns_are_checked() {
        assert_eq!(refused(builder(Returns::NotRecorded).country(" ")), "country");
        assert_eq!(refused(builder(Returns::NotRecorded).currency_column("")), "currency_column");
        for delimiter in ['"', '\n', 'a', '7', '§'] {
            assert_eq!(refused(builder(Returns::NotRecorded).delimiter(delimiter)), "delimiter");
        }
        for delimiter in [';', '\t', '|', ' '] {
            assert!(builder(Returns::NotRecorded).delimiter(delimiter).build().is_ok());
        }
        for pattern in ["", "%d.%m.", "%Y", "%Q", "%H:%M", "%d.%m.%Y %"] {
            let format = TimeFormat::Pattern(pattern.into());
            assert_eq!(
                refused(builder(Returns::NotRecorded).time_format(format)),
                "time_format",
                "{pattern}"
            );
        }
        for pattern in ["%d.%m.%Y", "%m/%d/%y %I:%M %p", "%Y%m%d", "%Y-%m-%dT%H:%M:%S%z", "%e %b %Y"] {
            let format = TimeFormat::Pattern(pattern.into());
            assert!(builder(Returns::NotRecorded).time_format(format).build().is_ok(), "{pattern}");
        }
    }
}
