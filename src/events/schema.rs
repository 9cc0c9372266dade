//! What the columns of a file of events mean and how its values are written, for every door with named columns.

use crate::error::{Error, Result};
use crate::events::event::EventAttribute;
use crate::events::rules::EventRules;
use crate::transaction::{DecimalMark, Encoding, IdKind, TimeFormat, check_writing};

/// Where a file says what happened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SchemaKind<'a> {
    /// A column names the kind.
    Column(&'a str),
    /// Every row of the file is of this kind, as in an export of all clicks.
    Always(&'a str),
}

/// Which column of a file of events holds what, and how values are written.
///
/// ```
/// use kohort::events::{EventRules, EventSchema, SchemaKind};
/// use kohort::transaction::TimeFormat;
///
/// let rules = EventRules::builder().kind("email_open", "opened").build()?;
/// let schema = EventSchema::builder(&rules, "subscriber", "timestamp", SchemaKind::Column("event"))
///     .channel("medium")
///     .campaign("campaign_id")
///     .time_format(TimeFormat::UnixSeconds)
///     .build()?;
/// assert_eq!(schema.rules().kind_of("email_open"), "opened");
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct EventSchema {
    pub(crate) rules: EventRules,
    pub(crate) customer: String,
    pub(crate) customer_ids: IdKind,
    pub(crate) time: String,
    pub(crate) kind: KindSource,
    pub(crate) attributes: [Option<String>; EventAttribute::ALL.len()],
    pub(crate) value: Option<String>,
    pub(crate) delimiter: char,
    pub(crate) decimal_mark: DecimalMark,
    pub(crate) encoding: Encoding,
    pub(crate) time_format: TimeFormat,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum KindSource {
    Column(String),
    Always(String),
}

impl EventSchema {
    /// A schema by the names in the file's header: to whom it happened, when, and what; `rules` say what the records
    /// mean.
    #[must_use]
    pub fn builder(
        rules: &EventRules,
        customer: impl Into<String>,
        time: impl Into<String>,
        kind: SchemaKind<'_>,
    ) -> EventSchemaBuilder {
        EventSchemaBuilder(Self {
            rules: rules.clone(),
            customer: customer.into(),
            customer_ids: IdKind::default(),
            time: time.into(),
            kind: match kind {
                SchemaKind::Column(column) => KindSource::Column(column.to_owned()),
                SchemaKind::Always(kind) => KindSource::Always(kind.to_owned()),
            },
            attributes: [const { None }; EventAttribute::ALL.len()],
            value: None,
            delimiter: ',',
            decimal_mark: DecimalMark::default(),
            encoding: Encoding::default(),
            time_format: TimeFormat::default(),
        })
    }

    /// What the records mean.
    #[must_use]
    pub fn rules(&self) -> &EventRules {
        &self.rules
    }

    /// The names of all columns that are read.
    #[cfg(feature = "parquet")]
    pub(crate) fn column_names(&self) -> impl Iterator<Item = &str> {
        let kind = match &self.kind {
            KindSource::Column(column) => Some(column),
            KindSource::Always(_) => None,
        };
        let optional = self.attributes.iter().flatten().chain(kind).chain(&self.value);
        [&self.customer, &self.time].into_iter().chain(optional).map(String::as_str)
    }
}

/// Builds an [`EventSchema`]. One column may serve several settings.
#[derive(Clone, Debug)]
pub struct EventSchemaBuilder(EventSchema);

impl EventSchemaBuilder {
    /// Whether customer ids are whole numbers or text. As numbers, `017` and `17` are one customer, and an id that is
    /// no number is a missing one. Defaults to [`IdKind::Text`].
    #[must_use]
    pub fn customer_ids(mut self, kind: IdKind) -> Self {
        self.0.customer_ids = kind;
        self
    }

    /// The column with the channel. Defaults to none.
    #[must_use]
    pub fn channel(self, column: impl Into<String>) -> Self {
        self.attribute(EventAttribute::Channel, column)
    }

    /// The column with the campaign. Defaults to none.
    #[must_use]
    pub fn campaign(self, column: impl Into<String>) -> Self {
        self.attribute(EventAttribute::Campaign, column)
    }

    /// The column of any attribute. Defaults to none.
    #[must_use]
    pub fn attribute(mut self, attribute: EventAttribute, column: impl Into<String>) -> Self {
        self.0.attributes[attribute as usize] = Some(column.into());
        self
    }

    /// The column with a number; an empty field is no value. Defaults to none.
    #[must_use]
    pub fn value(mut self, column: impl Into<String>) -> Self {
        self.0.value = Some(column.into());
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
    /// [`Error::Setting`] where a name or kind is empty, the delimiter is no single ASCII mark, or a time pattern does
    /// not name a full date.
    pub fn build(self) -> Result<EventSchema> {
        let schema = self.0;
        let (kind, expected_of_kind) = match &schema.kind {
            KindSource::Column(column) => (column, "the name of a column"),
            KindSource::Always(kind) => (kind, "a kind of at least one character"),
        };
        let optional = schema
            .attributes
            .iter()
            .zip(EventAttribute::ALL)
            .map(|(column, attribute)| (attribute.name(), column.as_ref()))
            .chain([("value", schema.value.as_ref())])
            .filter_map(|(setting, column)| Some((setting, column?, "the name of a column")));
        let named = [
            ("customer", &schema.customer, "the name of a column"),
            ("time", &schema.time, "the name of a column"),
            ("kind", kind, expected_of_kind),
        ];
        for (setting, text, expected) in named.into_iter().chain(optional) {
            if text.trim().is_empty() {
                return Err(Error::Setting { setting, found: format!("`{text}`"), expected });
            }
        }
        check_writing(schema.delimiter, &schema.time_format)?;
        Ok(schema)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_mean_nothing_are_refused() {
        let rules = EventRules::default();
        let builder = || EventSchema::builder(&rules, "who", "when", SchemaKind::Column("what"));
        assert!(builder().delimiter('\t').build().is_ok());
        let named = |schema: EventSchemaBuilder| match schema.build().unwrap_err() {
            Error::Setting { setting, .. } => setting,
            other => panic!("{other}"),
        };
        assert_eq!(named(builder().delimiter('"')), "delimiter");
        assert_eq!(named(builder().channel("")), "channel");
        assert_eq!(named(builder().value(" ")), "value");
        assert_eq!(named(builder().time_format(TimeFormat::Pattern("%H:%M".into()))), "time_format");
        assert_eq!(named(EventSchema::builder(&rules, "", "when", SchemaKind::Always("sent"))), "customer");
        assert_eq!(named(EventSchema::builder(&rules, "who", "when", SchemaKind::Always(""))), "kind");
    }
}
