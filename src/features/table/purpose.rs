//! What a feature may be used for: data that was collected for one purpose is kept out of the others.

use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result, nearest};
use crate::features::table::FeatureTable;

/// The longest text of a purpose, in characters.
const LONGEST: usize = 120;

/// What data may be used for, in a few words of one's own: `campaign selection`, `fraud prevention`.
///
/// Not blank, at most 120 characters, none of them a line break or another control character. Two purposes are the
/// same where their texts are, blanks around them aside.
///
/// ```
/// use kohort::Purpose;
///
/// assert_eq!(Purpose::new(" campaign selection ")?.as_ref(), "campaign selection");
/// assert!(Purpose::new("").is_err());
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Purpose(String);

impl Purpose {
    /// A purpose of this text.
    ///
    /// # Errors
    /// [`Error::Setting`] for a text that is blank, too long or has control characters.
    pub fn new(text: impl AsRef<str>) -> Result<Self> {
        let text = text.as_ref().trim();
        let good = !text.is_empty() && text.chars().count() <= LONGEST && !text.contains(char::is_control);
        if good {
            Ok(Self(text.to_owned()))
        } else {
            Err(Error::Setting {
                setting: "purpose",
                found: format!("`{}`", text.escape_debug().take(2 * LONGEST).collect::<String>()),
                expected: "a few words, at most 120 characters on one line",
            })
        }
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl AsRef<str> for Purpose {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Purpose {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl From<Purpose> for String {
    fn from(purpose: Purpose) -> Self {
        purpose.0
    }
}

impl TryFrom<String> for Purpose {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        Self::new(text)
    }
}

impl TryFrom<&str> for Purpose {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self> {
        Self::new(text)
    }
}

/// A table cut down to one purpose, and what was left out. `Display` says both in a sentence.
#[derive(Clone, PartialEq, Debug)]
pub struct Restricted {
    /// The purpose.
    pub purpose: Purpose,
    /// The features declared for it, in their order.
    pub table: FeatureTable,
    /// The features that are not: declared for other purposes only, or for none.
    pub left_out: Vec<String>,
}

impl fmt::Display for Restricted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept: Vec<&str> = self.table.names().collect();
        write!(f, "For {}: {}. ", self.purpose, kept.join(", "))?;
        match self.left_out.as_slice() {
            [] => write!(f, "Nothing was left out."),
            left_out => write!(f, "Left out: {}.", left_out.join(", ")),
        }
    }
}

impl FeatureTable {
    /// The same table, with a feature declared for more purposes.
    ///
    /// A declaration goes with the feature into every table made of this one: selected, filtered, joined.
    ///
    /// ```
    /// use kohort::{FeatureTable, Values};
    /// use kohort::transaction::CustomerIds;
    ///
    /// let table = FeatureTable::from_columns(
    ///     CustomerIds::rows(2),
    ///     [("orders", Values::U32(vec![3, 1])), ("age", Values::U32(vec![61, 27]))],
    /// )?
    /// .declare("orders", ["campaign selection", "stock planning"])?
    /// .declare("age", ["protection of minors"])?;
    ///
    /// let campaign = table.restricted_to("campaign selection")?;
    /// assert_eq!(campaign.table.names().collect::<Vec<_>>(), ["orders"]);
    /// assert_eq!(campaign.left_out, ["age"]);
    /// # Ok::<(), kohort::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::MissingFeature`]; [`Error::Setting`] for a text that is no [`Purpose`].
    pub fn declare<P: AsRef<str>>(
        mut self,
        feature: impl AsRef<str>,
        purposes: impl IntoIterator<Item = P>,
    ) -> Result<Self> {
        let feature = feature.as_ref();
        self.named(feature)?;
        let purposes = purposes.into_iter().map(Purpose::new).collect::<Result<Vec<_>>>()?;
        for named in self.columns.iter_mut().filter(|named| named.name == feature) {
            named.purposes.extend(purposes.iter().cloned());
        }
        Ok(self)
    }

    /// What a feature is declared for; nothing where nobody has said.
    ///
    /// # Errors
    /// [`Error::MissingFeature`].
    pub fn purposes(&self, feature: impl AsRef<str>) -> Result<&BTreeSet<Purpose>> {
        self.named(feature.as_ref()).map(|named| &named.purposes)
    }

    /// The table of the features declared for a purpose, with those that are not.
    ///
    /// A feature that is declared for nothing is left out: what nobody has allowed is not allowed. All customers stay;
    /// whose data may be used at all is a question of consent, see [`FeatureTable::consented`].
    ///
    /// # Errors
    /// [`Error::NothingDeclared`] where no feature is declared for it.
    pub fn restricted_to(&self, purpose: impl AsRef<str>) -> Result<Restricted> {
        let purpose = Purpose::new(purpose)?;
        let (kept, left_out): (Vec<_>, Vec<_>) =
            self.columns.iter().partition(|named| named.purposes.contains(&purpose));
        if kept.is_empty() {
            let declared = self.columns.iter().flat_map(|named| &named.purposes).map(AsRef::as_ref);
            return Err(Error::NothingDeclared {
                nearest: nearest(purpose.as_ref(), declared),
                purpose: purpose.0,
            });
        }
        let table = self.select(kept.iter().map(|named| &named.name))?;
        let left_out = left_out.into_iter().map(|named| named.name.clone()).collect();
        Ok(Restricted { purpose, table, left_out })
    }
}
