//! Breadth: how much of what the shop sells a customer buys, and how her purchases spread over categories and brands.

mod plan;

use std::collections::BTreeSet;

use crate::error::{Error, Result};
use crate::transaction::{Attribute, TransactionLog};

/// Which columns [`FeatureExtractorBuilder::breadth`](crate::features::FeatureExtractorBuilder::breadth) adds.
///
/// ```
/// use kohort::features::Breadth;
/// use kohort::synthetic::Shop;
/// use kohort::{Attribute, FeatureExtractor};
///
/// let log = Shop::builder().customers(100).build()?.generate()?.log;
/// let breadth = Breadth::builder().of([Attribute::Category]).largest(2).often(4).build()?;
/// let extractor = FeatureExtractor::builder(log.as_of_end()?).features([]).breadth(breadth).build()?;
/// let customers = extractor.extract(&log)?;
/// let names: Vec<&str> = customers.names().collect();
/// assert_eq!(names[..3], ["categories_often", "categories_once", "categories_never"]);
/// assert_eq!(names[3..6], ["top_category_share", "top2_categories_share", "category_entropy"]);
/// assert!(names[6..].iter().all(|name| name.starts_with("category_share__")) && names.len() == 8);
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Breadth {
    /// `None` for all that the log has.
    of: Option<BTreeSet<Attribute>>,
    largest: u32,
    often: u32,
}

/// Builds a [`Breadth`].
#[derive(Clone, Debug)]
pub struct BreadthBuilder(Breadth);

/// What breadth can be of.
const POSSIBLE: [Attribute; 3] = [Attribute::Product, Attribute::Category, Attribute::Brand];

/// More categories than this and a column each is no help to anyone.
const MOST_LARGEST: u32 = 64;

impl Default for Breadth {
    /// All that the log has, with the five largest categories; three orders are often.
    fn default() -> Self {
        Self { of: None, largest: 5, often: 3 }
    }
}

impl Breadth {
    /// The settings.
    #[must_use]
    pub fn builder() -> BreadthBuilder {
        BreadthBuilder(Self::default())
    }

    /// What it is of in a log.
    ///
    /// # Errors
    /// [`Error::FeatureNeeds`] where the log lacks a text that was asked for, or all of them.
    fn within(&self, log: &TransactionLog) -> Result<BTreeSet<Attribute>> {
        let has = |attribute: &Attribute| log.attribute(*attribute).is_some();
        let of = match &self.of {
            Some(of) => of.clone(),
            // A state of orders has dropped these texts, if they were there: to leave their columns out would give
            // another table than the lines themselves.
            None if log.is_compacted() => POSSIBLE.into(),
            None => POSSIBLE.into_iter().filter(has).collect(),
        };
        let refuse = |feature: &str, needs| Err(Error::FeatureNeeds { feature: feature.to_owned(), needs });
        if of.is_empty() {
            return refuse("categories_often", "a column of products, categories or brands");
        }
        for attribute in &of {
            let (feature, column) = match attribute {
                Attribute::Category => ("categories_often", "a category column"),
                Attribute::Brand => ("brands", "a brand column"),
                _ => ("products", "a product column"),
            };
            if log.is_compacted() && *attribute != Attribute::Category {
                return refuse(
                    feature,
                    "single order lines; let the state keep them, or ask for categories alone",
                );
            }
            if !has(attribute) {
                return refuse(feature, column);
            }
        }
        Ok(of)
    }
}

impl BreadthBuilder {
    /// The texts whose columns are added, among products, categories and brands; one that the log lacks is then an
    /// error. A [`FeatureState`](crate::FeatureState) of orders keeps categories alone. Defaults to all that the log has;
    /// of such a state, where that is not known, to an error.
    #[must_use]
    pub fn of(mut self, attributes: impl IntoIterator<Item = Attribute>) -> Self {
        self.0.of = Some(attributes.into_iter().collect());
        self
    }

    /// How many categories are the largest: the customer's own, whose share is one column, and the shop's, whose shares
    /// are a column each. From 1 to 64. Defaults to 5.
    #[must_use]
    pub fn largest(mut self, categories: u32) -> Self {
        self.0.largest = categories;
        self
    }

    /// In how many orders a category has to be to be bought often, at least 2. Defaults to 3.
    #[must_use]
    pub fn often(mut self, orders: u32) -> Self {
        self.0.often = orders;
        self
    }

    /// The settings.
    ///
    /// # Errors
    /// [`Error::Setting`] where a number is outside its range, or breadth is asked of nothing, or of something else than
    /// products, categories and brands.
    pub fn build(self) -> Result<Breadth> {
        let breadth = self.0;
        let refuse = |setting, found: String, expected| Err(Error::Setting { setting, found, expected });
        if !(1..=MOST_LARGEST).contains(&breadth.largest) {
            return refuse("largest", breadth.largest.to_string(), "a number of categories from 1 to 64");
        }
        if breadth.often < 2 {
            return refuse("often", breadth.often.to_string(), "at least 2 orders; one is once");
        }
        if let Some(of) = &breadth.of {
            if of.is_empty() {
                return refuse(
                    "of",
                    "nothing".into(),
                    "products, categories or brands; leave it out for all",
                );
            }
            if let Some(other) = of.iter().find(|attribute| !POSSIBLE.contains(attribute)) {
                return refuse("of", format!("`{other}`"), "products, categories or brands");
            }
        }
        Ok(breadth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_outside_their_range_are_refused_by_name() {
        for (builder, setting) in [
            (Breadth::builder().largest(0), "largest"),
            (Breadth::builder().largest(65), "largest"),
            (Breadth::builder().often(1), "often"),
            (Breadth::builder().of([]), "of"),
            (Breadth::builder().of([Attribute::Brand, Attribute::Channel]), "of"),
        ] {
            let refused = builder.build().unwrap_err();
            assert!(
                matches!(&refused, Error::Setting { setting: found, .. } if *found == setting),
                "{refused}"
            );
        }
        let widest = Breadth::builder().largest(64).often(u32::MAX).of(POSSIBLE).build();
        assert!(widest.is_ok());
    }
}
