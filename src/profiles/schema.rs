//! Which fields a profile has, how they are written, and what is refused.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::{Error, Result};
use crate::features::Purpose;
use crate::profiles::field::{FieldType, ProfileField, ProfileKind};
use crate::profiles::special::SpecialCategory;
#[cfg(feature = "csv")]
use crate::transaction::Encoding;
use crate::transaction::{IdKind, Strictness, TimeFormat, Zone};

/// What happens where a customer has more than one row.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum DuplicateIds {
    /// It is an error that names her.
    #[default]
    Refuse,
    /// The row with the latest date in this field is kept whole; one without a date is older than all. Of rows of the
    /// same date the one is kept whose values are greater, field by field, so that the order of rows does not matter.
    Latest(String),
}

/// The fields of a profile: which there are, what they tell, how they are written in text, and which of them are of a
/// special category and allowed all the same.
///
/// ```
/// use kohort::Error;
/// use kohort::profiles::{FieldType, ProfileField, ProfileKind, ProfileSchema, SpecialCategory};
///
/// let allergies = || ProfileField::new("food_allergies", ProfileKind::Demographic, FieldType::Category);
/// let refused = ProfileSchema::builder("customer").field(allergies()).build();
/// assert!(matches!(refused, Err(Error::SpecialCategory { category: SpecialCategory::Health, .. })));
///
/// let allowed = ProfileSchema::builder("customer")
///     .field(allergies())
///     .allow_special(SpecialCategory::Health, "explicit consent for recipes, Art. 9(2)(a) GDPR")
///     .build();
/// assert!(allowed.is_ok());
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct ProfileSchema {
    pub(super) customer: String,
    pub(super) customer_ids: IdKind,
    pub(super) fields: Vec<ProfileField>,
    /// What each field may be used for.
    pub(super) purposes: Vec<BTreeSet<Purpose>>,
    pub(super) duplicates: DuplicateIds,
    pub(super) strictness: Strictness,
    pub(super) missing: Vec<String>,
    pub(super) allowed: BTreeMap<SpecialCategory, String>,
    pub(super) zone: Zone,
    pub(super) time_format: TimeFormat,
    pub(super) decimal_mark: char,
    #[cfg(feature = "csv")]
    pub(super) delimiter: char,
    #[cfg(feature = "csv")]
    pub(super) encoding: Encoding,
}

impl ProfileSchema {
    /// A schema whose customer ids stand in the column `customer`.
    #[must_use]
    pub fn builder(customer: impl Into<String>) -> ProfileSchemaBuilder {
        ProfileSchemaBuilder(Self {
            customer: customer.into(),
            customer_ids: IdKind::default(),
            fields: Vec::new(),
            purposes: Vec::new(),
            duplicates: DuplicateIds::default(),
            strictness: Strictness::default(),
            missing: Vec::new(),
            allowed: BTreeMap::new(),
            zone: Zone::utc(),
            time_format: TimeFormat::default(),
            decimal_mark: '.',
            #[cfg(feature = "csv")]
            delimiter: ',',
            #[cfg(feature = "csv")]
            encoding: Encoding::default(),
        })
    }

    /// The names of the fields, in their order.
    #[must_use]
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.fields.iter().map(|field| field.name.as_str())
    }

    /// The columns of a source that are read; one may serve several fields.
    #[cfg(feature = "parquet")]
    pub(super) fn column_names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.customer.as_str()).chain(self.fields.iter().map(ProfileField::source))
    }

    /// The fields of a special category that are allowed, by category, with the basis.
    pub(super) fn allowances(&self) -> impl Iterator<Item = (SpecialCategory, &str, Vec<String>)> {
        self.allowed.iter().map(|(category, basis)| {
            let fields = self.fields.iter().filter(|field| field.special_category() == Some(*category));
            (*category, basis.as_str(), fields.map(|field| field.name.clone()).collect())
        })
    }

    fn check(&self) -> Result<()> {
        let setting = |setting, found: String, expected| Err(Error::Setting { setting, found, expected });
        if self.customer.trim().is_empty() {
            return setting("customer", format!("`{}`", self.customer), "the name of a column");
        }
        if self.fields.is_empty() {
            return setting("field", "missing".into(), "at least one field");
        }
        let mut names = BTreeSet::new();
        for field in &self.fields {
            if field.name.trim().is_empty() || field.source().trim().is_empty() {
                return setting("field", format!("`{}`", field.name), "a name, and the name of a column");
            }
            if !names.insert(&field.name) {
                return Err(Error::DuplicateFeature { feature: field.name.clone() });
            }
            check_type(field)?;
            if let Some(category) = field.special_category()
                && !self.allowed.contains_key(&category)
            {
                return Err(Error::SpecialCategory { field: field.name.clone(), category });
            }
        }
        if let Some(category) = self.allowed.iter().find(|(_, basis)| basis.trim().is_empty()).map(|(c, _)| c)
        {
            let expected = "the legal basis in words, such as explicit consent, Art. 9(2)(a) GDPR";
            return setting("allow_special", format!("nothing for {category}"), expected);
        }
        if let DuplicateIds::Latest(name) = &self.duplicates
            && !self.fields.iter().any(|field| field.name == *name && field.values == FieldType::Date)
        {
            return setting("duplicates", format!("latest by `{name}`"), "the name of a date field");
        }
        if !self.time_format.names_a_date() {
            let expected = "a pattern that names year, month and day, such as %d.%m.%Y %H:%M";
            return setting("time_format", format!("`{}`", self.time_format), expected);
        }
        Ok(())
    }
}

fn check_type(field: &ProfileField) -> Result<()> {
    let setting = |found: String, expected| Err(Error::Setting { setting: "field", found, expected });
    match field.values {
        FieldType::Score { lowest, highest }
            if !(lowest.is_finite() && highest.is_finite() && lowest < highest) =>
        {
            setting(
                format!("`{}` from {lowest} to {highest}", field.name),
                "a scale whose ends are finite and ascend",
            )
        }
        FieldType::Flag => Ok(()),
        other if field.kind == ProfileKind::Consent => setting(
            format!("`{}`, a consent as {other}", field.name),
            "consent as a flag: yes, no, or not known",
        ),
        _ => Ok(()),
    }
}

/// Puts a [`ProfileSchema`] together.
#[derive(Clone, Debug)]
pub struct ProfileSchemaBuilder(ProfileSchema);

impl ProfileSchemaBuilder {
    /// One field more.
    #[must_use]
    pub fn field(mut self, field: ProfileField) -> Self {
        self.0.fields.push(field);
        self
    }

    /// Whether the ids of rows and files are numbers or text; those of columns are what the column is. Defaults to
    /// text.
    #[must_use]
    pub fn customer_ids(mut self, kind: IdKind) -> Self {
        self.0.customer_ids = kind;
        self
    }

    /// What happens where a customer has more than one row. Defaults to [`DuplicateIds::Refuse`].
    #[must_use]
    pub fn duplicates(mut self, duplicates: DuplicateIds) -> Self {
        self.0.duplicates = duplicates;
        self
    }

    /// What happens to rows that cannot be kept: without an id, with another number of fields, or with bytes that are
    /// not of the encoding. Defaults to [`Strictness::Count`].
    #[must_use]
    pub fn strictness(mut self, strictness: Strictness) -> Self {
        self.0.strictness = strictness;
        self
    }

    /// Texts that mean that a value is missing, such as `NA` or `unknown`; an empty one always does. Defaults to none.
    #[must_use]
    pub fn missing_texts<T: Into<String>>(mut self, texts: impl IntoIterator<Item = T>) -> Self {
        self.0.missing = texts.into_iter().map(Into::into).collect();
        self
    }

    /// Allows fields of a special category of personal data, on the legal basis that is given. It is written down in
    /// the [`ProfileReport`](crate::profiles::ProfileReport). Where a name is taken for more than it says, the basis is
    /// that no such data are meant. Defaults to refusing them with [`Error::SpecialCategory`].
    #[must_use]
    pub fn allow_special(mut self, category: SpecialCategory, legal_basis: impl Into<String>) -> Self {
        self.0.allowed.insert(category, legal_basis.into());
        self
    }

    /// The zone of dates and times that name none. Defaults to UTC.
    #[must_use]
    pub fn zone(mut self, zone: Zone) -> Self {
        self.0.zone = zone;
        self
    }

    /// How dates are written in text. Defaults to [`TimeFormat::Iso`].
    #[must_use]
    pub fn time_format(mut self, format: TimeFormat) -> Self {
        self.0.time_format = format;
        self
    }

    /// What stands before the decimals of numbers in text. Defaults to a point.
    #[cfg(any(feature = "csv", feature = "arrow"))]
    #[must_use]
    pub fn decimal_mark(mut self, mark: crate::transaction::DecimalMark) -> Self {
        self.0.decimal_mark = match mark {
            crate::transaction::DecimalMark::Point => '.',
            crate::transaction::DecimalMark::Comma => ',',
        };
        self
    }

    /// What stands between the fields of a file. Defaults to `,`.
    #[cfg(feature = "csv")]
    #[must_use]
    pub fn delimiter(mut self, delimiter: char) -> Self {
        self.0.delimiter = delimiter;
        self
    }

    /// How a file writes letters. Defaults to [`Encoding::Utf8`].
    #[cfg(feature = "csv")]
    #[must_use]
    pub fn encoding(mut self, encoding: Encoding) -> Self {
        self.0.encoding = encoding;
        self
    }

    /// The schema.
    ///
    /// # Errors
    /// [`Error::SpecialCategory`] for a field of a special category that is not allowed; [`Error::DuplicateFeature`]
    /// where two fields have one name; [`Error::Setting`] where there is no field, a name or purpose is blank, a scale
    /// does not ascend, a consent is no flag, a legal basis is blank, the latest row is looked for in something that is
    /// no date, or the way of writing dates or fields cannot be.
    pub fn build(self) -> Result<ProfileSchema> {
        let mut schema = self.0;
        schema.check()?;
        #[cfg(feature = "csv")]
        crate::transaction::check_writing(schema.delimiter, &schema.time_format)?;
        let purposes = |field: &ProfileField| field.purposes.iter().map(Purpose::new).collect();
        schema.purposes = schema.fields.iter().map(purposes).collect::<Result<_>>()?;
        Ok(schema)
    }
}
