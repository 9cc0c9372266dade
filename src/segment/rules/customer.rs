//! The features of one customer, as a web request has them: without a table.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::check::{Given, Kind};
use crate::error::{Error, Result, nearest};
use crate::features::{FeatureTable, Values};
use crate::transaction::{AsOf, CustomerId, Money};

/// The value of a feature.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FeatureValue {
    /// A count or number of days; of a flag 1 or 0.
    Count(i64),
    /// A rate or an average; finite.
    Number(f64),
    /// An exact amount.
    Money(Money),
    /// Microseconds UTC.
    Time(i64),
    /// A text of a category.
    Text(String),
}

/// Which of the values a feature has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    Count,
    Number,
    Money,
    Time,
    Text,
}

impl Shape {
    fn of(values: &Values) -> Self {
        match values {
            Values::U32(_) | Values::I32(_) | Values::I64(_) => Self::Count,
            Values::F64(_) => Self::Number,
            Values::Money(_) => Self::Money,
            Values::Time(_) => Self::Time,
            Values::Category(_) => Self::Text,
        }
    }

    /// What it is to a condition.
    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::Count | Self::Number => Kind::Number,
            Self::Money => Kind::Money,
            Self::Time => Kind::Time,
            Self::Text => Kind::Text,
        }
    }
}

impl FeatureValue {
    pub(crate) fn shape(&self) -> Shape {
        match self {
            Self::Count(_) => Shape::Count,
            Self::Number(_) => Shape::Number,
            Self::Money(_) => Shape::Money,
            Self::Time(_) => Shape::Time,
            Self::Text(_) => Shape::Text,
        }
    }

    /// As conditions see it.
    pub(crate) fn given(&self) -> Given<'_> {
        match self {
            Self::Count(count) => Given::Number(*count as f64),
            Self::Number(number) => Given::Number(*number),
            Self::Money(amount) => Given::Number(amount.to_f64()),
            Self::Time(time) => Given::Time(*time),
            Self::Text(text) => Given::Text(text),
        }
    }
}

/// A feature that was given, as missing perhaps.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Field {
    name: String,
    /// `None` where it was given as missing and nothing says what it would be.
    pub(crate) shape: Option<Shape>,
    pub(crate) value: Option<FeatureValue>,
}

/// What is known of one customer: features by name, who she is, and as of when.
///
/// Made by hand, as for a web request, or [from a row of a table](Self::of). A feature that is known to be missing is
/// given as [`missing`](CustomerFeaturesBuilder::missing); one that is not given at all is an error where a rule needs it.
///
/// ```
/// use kohort::segment::{CustomerFeatures, Truth, feature};
/// use kohort::{AsOf, Money, Zone};
///
/// let anna = CustomerFeatures::builder()
///     .as_of(AsOf::date("2026-11-22", &Zone::utc())?)
///     .count("orders", 4)
///     .money("gross", Money::parse("512.30")?)
///     .missing("return_rate")
///     .build()?;
/// let rule = feature("orders").ge(3).and(feature("gross").gt(500));
/// assert_eq!(rule.truth_of(&anna)?, Truth::True);
/// assert_eq!(feature("return_rate").gt(0.3).truth_of(&anna)?, Truth::Unknown);
/// assert!(feature("order").ge(3).truth_of(&anna).is_err(), "no such feature; did you mean `orders`?");
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct CustomerFeatures {
    id: Option<CustomerId>,
    as_of: Option<AsOf>,
    /// In the order of their names.
    fields: Vec<Field>,
}

/// Builds [`CustomerFeatures`].
#[derive(Clone, PartialEq, Debug, Default)]
#[must_use = "a builder does nothing until it is built"]
pub struct CustomerFeaturesBuilder {
    id: Option<CustomerId>,
    as_of: Option<AsOf>,
    fields: Vec<Field>,
}

impl CustomerFeatures {
    /// Begins a customer of whom nothing is known.
    pub fn builder() -> CustomerFeaturesBuilder {
        CustomerFeaturesBuilder::default()
    }

    /// A customer of a table, with the table's moment. O(features).
    ///
    /// # Errors
    /// [`Error::UnknownCustomer`].
    pub fn of(table: &FeatureTable, customer: &CustomerId) -> Result<Self> {
        let unknown = || Error::UnknownCustomer { customer: customer.to_string() };
        let row = table.ids().position(customer).ok_or_else(unknown)?;
        let field = |name: &str| {
            let column = table.column(name)?;
            let value = column.is_valid(row).then(|| match column.values() {
                Values::U32(values) => FeatureValue::Count(i64::from(values[row])),
                Values::I32(values) => FeatureValue::Count(i64::from(values[row])),
                Values::I64(values) => FeatureValue::Count(values[row]),
                Values::F64(values) => FeatureValue::Number(values[row]),
                Values::Money(values) => FeatureValue::Money(values[row]),
                Values::Time(values) => FeatureValue::Time(values[row]),
                Values::Category(values) => {
                    FeatureValue::Text(values.get(row).unwrap_or_default().to_owned())
                }
            });
            Ok(Field { name: name.to_owned(), shape: Some(Shape::of(column.values())), value })
        };
        let mut fields = table.names().map(field).collect::<Result<Vec<_>>>()?;
        fields.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        let as_of = table.context().map(|context| context.as_of.clone());
        Ok(Self { id: Some(table.ids().id(row)), as_of, fields })
    }

    /// Who she is, if it was said.
    #[must_use]
    pub fn id(&self) -> Option<&CustomerId> {
        self.id.as_ref()
    }

    /// The moment her features describe, if it was said.
    #[must_use]
    pub fn as_of(&self) -> Option<&AsOf> {
        self.as_of.as_ref()
    }

    /// The names of what was given, in their order.
    #[must_use]
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.fields.iter().map(|field| field.name.as_str())
    }

    /// The value of a feature; `None` where it is missing. O(log features).
    ///
    /// # Errors
    /// [`Error::MissingFeature`] with the nearest name.
    pub fn value(&self, feature: impl AsRef<str>) -> Result<Option<&FeatureValue>> {
        self.field(feature.as_ref()).map(|field| field.value.as_ref())
    }

    /// The same customer with another value of one feature, or with `None` without: what would become of her?
    ///
    /// ```
    /// use kohort::segment::{CustomerFeatures, FeatureValue, Truth, feature};
    ///
    /// let anna = CustomerFeatures::builder().count("orders", 2).build()?;
    /// let loyal = feature("orders").ge(3);
    /// assert_eq!(loyal.truth_of(&anna)?, Truth::False);
    /// let one_more = anna.what_if("orders", Some(FeatureValue::Count(3)))?;
    /// assert_eq!(loyal.truth_of(&one_more)?, Truth::True);
    /// # Ok::<(), kohort::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::MissingFeature`] with the nearest name, [`Error::FeatureType`] for a number that is not finite.
    pub fn what_if(&self, feature: impl AsRef<str>, value: Option<FeatureValue>) -> Result<Self> {
        let at = self.position(feature.as_ref())?;
        let mut changed = self.clone();
        let shape = value.as_ref().map(FeatureValue::shape).or(changed.fields[at].shape);
        changed.fields[at] = Field::of(feature.as_ref(), shape, value)?;
        Ok(changed)
    }

    pub(crate) fn field(&self, name: &str) -> Result<&Field> {
        self.position(name).map(|at| &self.fields[at])
    }

    fn position(&self, name: &str) -> Result<usize> {
        self.fields.binary_search_by(|field| field.name.as_str().cmp(name)).map_err(|_| {
            Error::MissingFeature { feature: name.to_owned(), nearest: nearest(name, self.names()) }
        })
    }

    /// Her id as text: that of a number in decimal.
    pub(crate) fn id_text(&self) -> Option<Cow<'_, str>> {
        self.id.as_ref().map(|id| match id {
            CustomerId::Number(number) => Cow::Owned(number.to_string()),
            CustomerId::Text(text) => Cow::Borrowed(text.as_str()),
        })
    }
}

impl CustomerFeaturesBuilder {
    /// Who she is, which [`bucket`](fn@super::bucket) alone needs. Defaults to nobody in particular.
    pub fn id(mut self, id: impl Into<CustomerId>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// The moment the features describe, which conditions on dates need. Defaults to none.
    pub fn as_of(mut self, as_of: AsOf) -> Self {
        self.as_of = Some(as_of);
        self
    }

    /// A count, or any whole number.
    pub fn count(self, feature: impl AsRef<str>, count: i64) -> Self {
        self.value(feature.as_ref(), FeatureValue::Count(count))
    }

    /// A number; finite.
    pub fn number(self, feature: impl AsRef<str>, number: f64) -> Self {
        self.value(feature.as_ref(), FeatureValue::Number(number))
    }

    /// An amount of money.
    pub fn money(self, feature: impl AsRef<str>, amount: Money) -> Self {
        self.value(feature.as_ref(), FeatureValue::Money(amount))
    }

    /// A time in microseconds UTC.
    pub fn time(self, feature: impl AsRef<str>, micros: i64) -> Self {
        self.value(feature.as_ref(), FeatureValue::Time(micros))
    }

    /// A text. An empty one is a missing value, as in a table.
    pub fn text(self, feature: impl AsRef<str>, text: impl Into<String>) -> Self {
        self.value(feature.as_ref(), FeatureValue::Text(text.into()))
    }

    /// A yes or no, which is the number 1 or 0.
    pub fn flag(self, feature: impl AsRef<str>, flag: bool) -> Self {
        self.value(feature.as_ref(), FeatureValue::Count(i64::from(flag)))
    }

    /// A feature that is known to be missing: conditions on it are unknown.
    pub fn missing(mut self, feature: impl AsRef<str>) -> Self {
        self.fields.push(Field { name: feature.as_ref().to_owned(), shape: None, value: None });
        self
    }

    fn value(mut self, feature: &str, value: FeatureValue) -> Self {
        self.fields.push(Field { name: feature.to_owned(), shape: Some(value.shape()), value: Some(value) });
        self
    }

    /// Checks the features.
    ///
    /// # Errors
    /// [`Error::DuplicateFeature`], [`Error::FeatureType`] for a number that is not finite.
    pub fn build(self) -> Result<CustomerFeatures> {
        let checked = |field: Field| Field::of(&field.name, field.shape, field.value);
        let mut fields = self.fields.into_iter().map(checked).collect::<Result<Vec<_>>>()?;
        fields.sort_by(|a, b| a.name.cmp(&b.name));
        if let Some(pair) = fields.windows(2).find(|pair| pair[0].name == pair[1].name) {
            return Err(Error::DuplicateFeature { feature: pair[0].name.clone() });
        }
        Ok(CustomerFeatures { id: self.id, as_of: self.as_of, fields })
    }
}

impl Field {
    /// A feature with a value that a table could have.
    fn of(name: &str, shape: Option<Shape>, value: Option<FeatureValue>) -> Result<Self> {
        let value = match value {
            Some(FeatureValue::Number(number)) if !number.is_finite() => {
                return Err(Error::FeatureType {
                    feature: name.to_owned(),
                    found: "NaN or infinity",
                    expected: "a finite number, or `missing`",
                });
            }
            Some(FeatureValue::Text(text)) if text.is_empty() => None,
            value => value,
        };
        Ok(Self { name: name.to_owned(), shape, value })
    }
}
