//! The columns that costs by category are reckoned from.
//!
//! A category's returned goods are taken at list price, as its goods are, so that a share of the one and of the other
//! are of the same kind, whatever the discounts. What no category is named for is the whole less its named parts.

use crate::error::{Error, Result};
use crate::features::{Aggregate, Computed, Number, Over, Pass, TextFilter, slug};
use crate::transaction::{Attribute, Window};

/// Returned gross of all lines, of returns whose sale is known.
pub(in crate::economics) const RETURNED_GROSS: &str = "returned_gross_attributed";

/// What the columns with categories' gross begin with.
pub(in crate::economics) const GROSS_PREFIX: &str = "category_gross__";
const RETURNED_GROSS_PREFIX: &str = "category_returned_gross__";

/// The column with a category's gross.
pub(in crate::economics) fn gross_column(category: &str) -> String {
    gross_column_of(&slug(category))
}

/// The same for a category as it stands in the names of columns.
pub(in crate::economics) fn gross_column_of(slug: &str) -> String {
    format!("{GROSS_PREFIX}{slug}")
}

/// The column with a category's returned gross.
pub(in crate::economics) fn returned_gross_column(category: &str) -> String {
    format!("{RETURNED_GROSS_PREFIX}{}", slug(category))
}

/// The category of a column with returned gross, as it stands in the name.
pub(in crate::economics) fn category_of(column: &str) -> Option<&str> {
    column.strip_prefix(RETURNED_GROSS_PREFIX)
}

/// The traits that make these columns. Without a record of returns there are none of them to ask for.
pub(super) fn traits(categories: &[&str], returns: bool) -> Vec<Computed> {
    let sum = |name: String, number: Number, category: Option<&str>| Computed {
        name,
        over: Over::Lines,
        aggregate: Aggregate::Sum(number),
        window: Window::all(),
        texts: category
            .map(|category| TextFilter {
                attribute: Attribute::Category,
                texts: vec![category.to_owned()],
                pass: Pass::Only,
            })
            .into_iter()
            .collect(),
        bounds: Vec::new(),
    };
    let mut traits = Vec::new();
    for category in categories {
        traits.push(sum(gross_column(category), Number::Gross, Some(category)));
        if returns {
            traits.push(sum(returned_gross_column(category), Number::ReturnedGross, Some(category)));
        }
    }
    if returns && !categories.is_empty() {
        traits.push(sum(RETURNED_GROSS.to_owned(), Number::ReturnedGross, None));
    }
    traits
}

/// Refuses categories that would share a column.
pub(super) fn check(categories: &[&str]) -> Result<()> {
    let mut columns: Vec<String> = categories.iter().map(|category| gross_column(category)).collect();
    columns.sort_unstable();
    match columns.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(Error::DuplicateFeature { feature: pair[0].clone() }),
        None => Ok(()),
    }
}
