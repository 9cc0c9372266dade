//! What tests are called, and what rule-builder pages call them.

use super::super::condition::{Comparison, Place};
use crate::error::nearest;

/// What is asked of an operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Op {
    Compare(Comparison),
    Between,
    In,
    Matches(Place),
    Missing,
    Present,
    AnniversaryThisMonth,
    AnniversaryInDays,
}

/// Each test: the name it is written by, and other names, of letters alone.
const OPS: [(Op, &str, &[&str]); 15] = [
    (Op::Compare(Comparison::Equal), "=", &["eq", "equal", "equals", "is"]),
    (
        Op::Compare(Comparison::NotEqual),
        "!=",
        &["ne", "neq", "notequal", "notequals", "doesnotequal", "isnot"],
    ),
    (Op::Compare(Comparison::Less), "<", &["lt", "less", "lessthan", "before"]),
    (Op::Compare(Comparison::AtMost), "<=", &["le", "lte", "lessorequal", "lessthanorequal", "atmost"]),
    (Op::Compare(Comparison::Greater), ">", &["gt", "greater", "greaterthan", "after"]),
    (
        Op::Compare(Comparison::AtLeast),
        ">=",
        &["ge", "gte", "greaterorequal", "greaterthanorequal", "atleast", "since"],
    ),
    (Op::Between, "between", &["isbetween"]),
    (Op::In, "in", &["isin", "oneof", "isoneof"]),
    (Op::Matches(Place::Anywhere), "contains", &["contain", "includes"]),
    (Op::Matches(Place::Start), "starts with", &["startwith", "beginswith", "beginwith"]),
    (Op::Matches(Place::End), "ends with", &["endwith"]),
    (Op::Missing, "is missing", &["missing", "isnull", "null"]),
    (Op::Present, "is present", &["present", "isnotnull", "notnull", "isnotmissing", "exists"]),
    (Op::AnniversaryThisMonth, "anniversary this month", &[]),
    (Op::AnniversaryInDays, "anniversary in days", &[]),
];

/// Signs that other languages write.
const SIGNS: [(&str, &str); 6] =
    [("==", "="), ("===", "="), ("<>", "!="), ("!==", "!="), ("≤", "<="), ("≥", ">=")];

impl Op {
    /// The name it is written by.
    pub(super) fn name(self) -> &'static str {
        OPS.iter().find(|(op, ..)| *op == self).map_or("", |(_, name, _)| name)
    }

    /// The test of a name, and whether it is negated: `not in`, `doesNotContain`.
    pub(super) fn named(name: &str) -> Result<(Self, bool), String> {
        let sign = SIGNS.iter().find(|(sign, _)| *sign == name).map_or(name, |(_, own)| own);
        if let Some((op, ..)) = OPS.iter().find(|(_, own, _)| *own == sign) {
            return Ok((*op, false));
        }
        let letters = |name: &str| name.chars().filter(|letter| letter.is_alphabetic()).collect::<String>();
        let word = letters(name).to_lowercase();
        let of = |word: &str| {
            let named = |(_, own, others): &&(_, &str, &[&str])| {
                !word.is_empty() && (letters(own) == word || others.contains(&word))
            };
            OPS.iter().find(named).map(|(op, ..)| *op)
        };
        if let Some(op) = of(&word) {
            return Ok((op, false));
        }
        let negated =
            ["not", "isnot", "doesnot", "isn"].iter().filter_map(|not| word.strip_prefix(not)).find_map(of);
        match negated {
            Some(op @ (Self::Between | Self::In | Self::Matches(_))) => Ok((op, true)),
            _ => Err(unknown("op", name, &OPS.map(|(_, name, _)| name))),
        }
    }
}

/// What is said of a name that is not known.
pub(super) fn unknown(what: &str, name: &str, names: &[&str]) -> String {
    // Names are short; a text that is none may be of any length.
    let short: String = name.chars().take(40).collect();
    match nearest(&short, names.iter().copied()) {
        Some(near) => format!("there is no {what} `{short}`; did you mean `{near}`?"),
        None => format!("there is no {what} `{short}`; there are {}", names.join(", ")),
    }
}
