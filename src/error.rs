//! The one error type of the crate.
//!
//! Every variant carries the data a caller needs to react, and every message says what was found, what was
//! expected and what to do next. A model that did not converge or a quantile that collapsed is not an error:
//! it is a fact on the model.

use crate::profiles::SpecialCategory;
use crate::transaction::RejectReason;

/// What can go wrong in kohort.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting given to a builder is outside its range.
    #[error("setting `{setting}` is {found}; expected {expected}")]
    Setting {
        /// The setter's name.
        setting: &'static str,
        /// What was given.
        found: String,
        /// What is allowed.
        expected: &'static str,
    },
    /// Text that should be money, a number, a date or a zone could not be read.
    #[error("`{text}` is not {expected}")]
    Parse {
        /// The text as found.
        text: String,
        /// What it should have been.
        expected: String,
    },
    /// A column of a file is not there.
    #[error("no column `{column}` in the header; it has: {}{}", .available.join(", "), nearest_hint(.nearest.as_deref()))]
    UnknownColumn {
        /// The name that was asked for.
        column: String,
        /// The names the header has.
        available: Vec<String>,
        /// The name that is spelled most like it.
        nearest: Option<String>,
    },
    /// A column has a type that cannot mean what is asked for.
    #[error("column `{column}` is {found}; expected {expected}")]
    ColumnType {
        /// The column.
        column: String,
        /// Its type, as its source names it.
        found: String,
        /// What it should have been.
        expected: String,
    },
    /// Columns of one log or table differ in length.
    #[error(
        "column `{column}` has {found} rows, but `{against}` has {expected}; all columns need one value a row"
    )]
    ColumnLength {
        /// The column that differs.
        column: String,
        /// Its length.
        found: usize,
        /// The column it is compared with.
        against: String,
        /// That column's length.
        expected: usize,
    },
    /// Strict mode met a row that would have been rejected.
    #[error("row {row} was rejected ({reason}): {detail}; strict mode stops at the first rejected row")]
    Rejected {
        /// The row's number: for a file the line of the record (the header is 1), otherwise its position from 1.
        row: u64,
        /// Why.
        reason: RejectReason,
        /// The value that caused it.
        detail: String,
    },
    /// There is nothing to work on.
    #[error("{what} has no rows; {hint}")]
    Empty {
        /// What is empty.
        what: &'static str,
        /// What to check.
        hint: &'static str,
    },
    /// A file's undelivered column mixes yes/no values with blanks, so a blank can mean either.
    #[error(
        "column `{column}` holds both yes/no values and blanks, so what a blank means is unclear; \
         say which value marks an undelivered line"
    )]
    AmbiguousFlag {
        /// The column.
        column: String,
    },
    /// The table lacks a feature.
    #[error("the table has no feature `{feature}`{}", nearest_hint(.nearest.as_deref()))]
    MissingFeature {
        /// The name that was asked for.
        feature: String,
        /// The name that is spelled most like it.
        nearest: Option<String>,
    },
    /// The table lacks the column that a cost follows.
    #[error(
        "the cost `{cost}` needs the column `{column}`, which the table does not have{}; {hint}",
        nearest_hint(.nearest.as_deref())
    )]
    MissingCostColumn {
        /// The cost.
        cost: String,
        /// The column.
        column: String,
        /// The name that is spelled most like it.
        nearest: Option<String>,
        /// What to do.
        hint: &'static str,
    },
    /// A feature has another type than the one needed.
    #[error("feature `{feature}` is {found}; expected {expected}")]
    FeatureType {
        /// The feature.
        feature: String,
        /// Its type.
        found: &'static str,
        /// The type that was needed.
        expected: &'static str,
    },
    /// Two features have the same name.
    #[error("feature `{feature}` is there twice; give each feature a name of its own")]
    DuplicateFeature {
        /// The name.
        feature: String,
    },
    /// No feature of a table is declared for a purpose.
    #[error(
        "no feature is declared for the purpose `{purpose}`{}; declare those that serve it",
        nearest_hint(.nearest.as_deref())
    )]
    NothingDeclared {
        /// The purpose that was asked for.
        purpose: String,
        /// The declared purpose that is spelled most like it.
        nearest: Option<String>,
    },
    /// A field holds data of a special category, and the schema does not allow them.
    #[error(
        "field `{field}` holds data of a special category ({category}; Art. 9 GDPR); leave it out, or allow the \
         category with its legal basis"
    )]
    SpecialCategory {
        /// The field.
        field: String,
        /// The category that it was declared to be of, or that its name gives away.
        category: SpecialCategory,
    },
    /// A feature that was asked for needs a column that the log does not have.
    #[error(
        "feature `{feature}` needs {needs}, which the log does not have; leave it out or provide the column"
    )]
    FeatureNeeds {
        /// The feature.
        feature: String,
        /// What it needs.
        needs: &'static str,
    },
    /// The same customer id stands in a table more than once.
    #[error("customer `{customer}` is there twice; a feature table has one row per customer")]
    DuplicateCustomer {
        /// The id.
        customer: String,
    },
    /// A customer id is not in a table.
    #[error("no customer `{customer}` in the table")]
    UnknownCustomer {
        /// The id.
        customer: String,
    },
    /// A segment name is not in a segmentation.
    #[error("no segment `{segment}`{}", nearest_hint(.nearest.as_deref()))]
    UnknownSegment {
        /// The name that was asked for.
        segment: String,
        /// The name that is spelled most like it.
        nearest: Option<String>,
    },
    /// The text of a rule is no predicate.
    #[error("rule text, line {line}, column {column}: {problem}; {hint}")]
    RuleText {
        /// The line of the place, from 1.
        line: u64,
        /// Its column in characters, from 1.
        column: u64,
        /// What was found there, and what was expected.
        problem: String,
        /// What to write instead.
        hint: String,
    },
    /// Rules refer to each other in a circle.
    #[error("rules refer to each other in a circle: {}; state one of them without the others", .path.join(" → "))]
    RuleCycle {
        /// The names along the circle, the first one again at the end.
        path: Vec<String>,
    },
    /// A coordinate of a point is not a number, infinite or too large to be squared.
    #[error(
        "row {row} has {found} as its feature {feature} (both counted from 0); expected a finite number of at most 1e100 in \
         size"
    )]
    Coordinate {
        /// The row, from 0.
        row: usize,
        /// The position of the feature, from 0.
        feature: usize,
        /// What was found there.
        found: f64,
    },
    /// A sum of money left the range of its type.
    #[error("{what} leaves the range of money for customer `{customer}`; check the amounts' unit")]
    MoneyRange {
        /// The sum that overflowed.
        what: String,
        /// The customer it belongs to.
        customer: String,
    },
    /// Two values that should be combined do not fit together.
    #[error("cannot combine: {what} is {left} on one side and {right} on the other")]
    Incompatible {
        /// What differs.
        what: &'static str,
        /// The left side.
        left: String,
        /// The right side.
        right: String,
    },
    /// Constraints that cannot all hold.
    #[error("these cannot all hold: {}; relax one of them", .constraints.join("; "))]
    Contradiction {
        /// Each constraint that takes part, in words.
        constraints: Vec<String>,
    },
    /// No audience can be what was asked for.
    #[error("there is no audience of {wanted}; {reachable}")]
    Unreachable {
        /// What was asked for, in words.
        wanted: String,
        /// The best that can be had, in words.
        reachable: String,
    },
    /// A search for the best answer was stopped before it was proven.
    #[error("{what} was not settled within {limit} steps; raise the limit, or constrain it further")]
    Unsettled {
        /// What was searched for.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// A seed tells too little for others to be compared with it.
    #[error(
        "the seed has {seeds} customers, who tell as much as {effective:.1} equal ones; expected at least {least}; name \
         more, or let all count alike"
    )]
    FewSeeds {
        /// The seeds that were found.
        seeds: u64,
        /// As how many equal ones they tell.
        effective: f64,
        /// The fewest that are enough.
        least: f64,
    },
    /// The seeds leave too few customers to be told from.
    #[error(
        "the pool has {others} customers beside the seeds; expected at least {least}, to tell seeds from; widen the pool or \
         name fewer seeds"
    )]
    FewOthers {
        /// Customers of the pool who are no seeds.
        others: u64,
        /// The fewest that are enough.
        least: u64,
    },
    /// A stored model cannot be read.
    #[error("stored {expected} cannot be read: {problem}")]
    Model {
        /// The kind of model that was asked for.
        expected: &'static str,
        /// What is wrong with the stored one.
        problem: String,
    },
    /// Reading or writing failed.
    #[error("{path}: {source}")]
    Io {
        /// The file, or what was read from.
        path: String,
        /// The cause.
        source: std::io::Error,
    },
    /// The file's structure is broken, so nothing after the place can be trusted.
    #[error("{path}: {problem}")]
    File {
        /// The file, or what was read from.
        path: String,
        /// What is wrong, and where.
        problem: String,
    },
    /// The caller's progress function asked to stop.
    #[error("cancelled while {stage}")]
    Cancelled {
        /// What was going on.
        stage: &'static str,
    },
}

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

fn nearest_hint(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

/// The name among `names` that is spelled most like `wanted`, if one is close enough to be a slip.
pub(crate) fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let wanted = wanted.to_lowercase();
    names
        .into_iter()
        .map(|name| (edit_distance(&wanted, &name.to_lowercase()), name))
        .filter(|(distance, name)| *distance * 3 <= wanted.chars().count().max(name.chars().count()))
        .min()
        .map(|(_, name)| name.to_owned())
}

/// Edits in characters from one text to another: a letter more, less or another, or two that change places (optimal string
/// alignment). O(|a|·|b|) time and memory. Names are short.
fn edit_distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let before = &rows[i - 1];
            let substituted = before[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = substituted.min(before[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_offers_slips_and_nothing_far_off() {
        let names = ["CustomerID", "InvoiceNo", "Country"];
        assert_eq!(nearest("customer_id", names).as_deref(), Some("CustomerID"));
        assert_eq!(nearest("Contry", names).as_deref(), Some("Country"));
        assert_eq!(nearest("weight", names), None);
    }

    #[test]
    fn edit_distance_of_known_pairs() {
        assert_eq!(edit_distance("kitten", "sitting"), 3);
        assert_eq!(edit_distance("", "abc"), 3);
        assert_eq!(edit_distance("same", "same"), 0);
        assert_eq!(edit_distance("cuont", "count"), 1);
        assert_eq!(edit_distance("abcdef", "badcfe"), 3);
    }
}
