//! Rule text: the `WHERE` of an SQL query, read without recursion.
//!
//! The words are those of `sqlparser`'s tokenizer, which knows quotes, comments and numbers; its parser of expressions is
//! not used. What that gives is a tree of boxes, one deeper for each `AND` of a flat chain, and dropping it recurses: with
//! 2 MiB of stack, which threads have, 400 kB of `a = 1 AND a = 1 AND …` ended the process. Nor does the tree know where
//! each of its parts stood, which an error has to say. Here conditions go straight into a [`Predicate`], and what is open
//! stands on a stack of its own.

mod behaviour;
mod condition;
mod connectives;
mod functions;
mod pattern;
mod tokens;
mod value;

use std::str::FromStr;

use super::predicate::Predicate;
use crate::error::{Error, Result};
use tokens::{Place, Tokens};

/// The longest text: 1 MiB.
const MAX_BYTES: usize = 1 << 20;

impl FromStr for Predicate {
    type Err = Error;

    /// Reads a predicate from text in the syntax of an SQL `WHERE`: what printing one gives, and what else people write;
    /// the table in [the module](crate::segment::rules) has all of it. Time in proportion to the length.
    ///
    /// ```
    /// use kohort::segment::{Predicate, feature};
    ///
    /// let rule: Predicate = "gross > 500 and country in ('DK', 'NO')".parse()?;
    /// assert_eq!(rule, feature("gross").gt(500).and(feature("country").is_in(["DK", "NO"])));
    ///
    /// let refused = "gross > 500 AND\ncity = NULL".parse::<Predicate>().unwrap_err();
    /// assert_eq!(
    ///     refused.to_string(),
    ///     "rule text, line 2, column 8: expected a value, found NULL, which nothing equals; write IS NULL"
    /// );
    /// # Ok::<(), kohort::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::RuleText`] with the place of what is not as it should be: text that is no predicate, a function that is
    /// not known, quotes and parentheses without an end, a number that is not finite, a date that is none, conditions that
    /// nest deeper than [`MAX_DEPTH`](Self::MAX_DEPTH) (parentheses that change nothing count as well), more than 1 MiB.
    fn from_str(text: &str) -> Result<Self> {
        if text.len() > MAX_BYTES {
            let problem = format!("the text has {} bytes, and a rule at most {MAX_BYTES}", text.len());
            let hint = "name parts of it as rules of their own and refer to them by IN_SEGMENT('…')";
            return Err(Place::at(text, MAX_BYTES).refuse(problem, hint));
        }
        connectives::predicate(&mut Tokens::of(text)?)
    }
}
