//! What to write instead of what rule text does not have.

use super::tokens::{Lexeme, Short, Tokens};
use crate::error::{Error, nearest};

/// The functions of rule text.
const FUNCTIONS: [&str; 19] = [
    "ACTIVE_PERIODS",
    "ANNIVERSARY_IN_DAYS",
    "ANNIVERSARY_THIS_MONTH",
    "AVG",
    "BOTTOM",
    "BUCKET",
    "COUNT",
    "FIRST_TIME",
    "IN_SEGMENT",
    "LAST_TIME",
    "MAX",
    "MIN",
    "PERCENTILE",
    "SCORE",
    "SEQUENCE",
    "SUM",
    "TIMESTAMP",
    "DATE",
    "TOP",
];

/// What people call in SQL, and how it is said here.
const ELSEWHERE: [(&[&str], &str); 8] = [
    (&["lower", "upper", "lcase", "ucase"], "a text in any letter case is matched by ILIKE"),
    (
        &["coalesce", "ifnull", "isnull", "nvl", "nullif"],
        "a missing value is asked for by IS NULL, as in (x IS NULL OR x < 3)",
    ),
    (
        &[
            "now",
            "current_date",
            "current_timestamp",
            "getdate",
            "curdate",
            "sysdate",
            "today",
            "localtimestamp",
        ],
        "the moment of the table is AS_OF, and 90 days before it AS_OF - INTERVAL '90' DAY",
    ),
    (
        &["datediff", "date_diff", "dateadd", "date_add", "date_sub", "date_trunc", "age", "extract"],
        "a time is compared with the moment of the table, as in last_order >= AS_OF - INTERVAL '90' DAY",
    ),
    (
        &[
            "regexp_like",
            "regexp",
            "rlike",
            "similar",
            "glob",
            "regexp_matches",
            "match",
            "contains",
            "starts_with",
            "ends_with",
        ],
        "a text is matched by LIKE, with % at the beginning, at the end or both",
    ),
    (&["select", "where", "from", "having"], "give what stands behind WHERE, and nothing else"),
    (
        &["case", "if", "iif", "decode"],
        "points for conditions are SCORE(10, orders >= 3, 5, open_rate > 0.2) >= 12",
    ),
    (
        &["percentile_cont", "percentile_disc", "quantile", "ntile"],
        "a percentile of all customers is PERCENTILE(90)",
    ),
];

/// What to do about something that rule text does not have at all, or else the hint of the place.
pub(super) fn hint_at(next: &Lexeme, otherwise: &'static str) -> &'static str {
    match next {
        Lexeme::Plus | Lexeme::Minus => ARITHMETIC,
        Lexeme::Period => "put a name that has a point in it in double quotes",
        Lexeme::Comma => "join conditions by AND or OR; numbers have a decimal point, as in 1.5",
        Lexeme::Comparison(_) => "compare one feature with one value; 1 < x < 5 is x > 1 AND x < 5",
        Lexeme::Word(word) => elsewhere(word).unwrap_or(otherwise),
        Lexeme::Other(sign) => match sign.as_str() {
            "==" | "===" => "write =",
            "&&" | "&" => "write AND",
            "||" | "|" => "write OR",
            "!" => "write NOT",
            "<=>" => "write =, or IS NULL",
            "*" | "/" | "//" | "%" | "^" => ARITHMETIC,
            "~" | "~*" | "!~" | "!~*" | "~~" => "write LIKE",
            ";" => "leave it out: a text is one predicate",
            "‘" | "’" | "“" | "”" | "´" | "„" => "texts stand in straight quotes, as in 'DK'",
            "?" | "$" | ":" | "@" => "write the value itself",
            _ => otherwise,
        },
        _ => otherwise,
    }
}

const ARITHMETIC: &str = "arithmetic has no place in a rule; make it a feature and compare that";

/// How something of SQL is said here.
pub(super) fn elsewhere(word: &str) -> Option<&'static str> {
    let called = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(word));
    ELSEWHERE.iter().find(|(names, _)| called(names)).map(|(_, hint)| *hint)
}

/// The error of a function that is not known, or is not what was expected here.
pub(super) fn unknown(word: &str, tokens: &Tokens) -> Error {
    if let Some(name) = FUNCTIONS.iter().find(|name| name.eq_ignore_ascii_case(word)) {
        let hint = "values such as PERCENTILE(90) stand behind a comparison, conditions such as SCORE(…) >= 12 alone";
        return tokens.place().refuse(format!("{name} has no place here"), hint);
    }
    let word = Short(word).to_string();
    let hint = match (elsewhere(&word), nearest(&word, FUNCTIONS)) {
        (Some(hint), _) => hint.to_owned(),
        (None, Some(name)) => format!("did you mean {name}?"),
        (None, None) => format!("there are {}", FUNCTIONS.join(", ")),
    };
    tokens.place().refuse(format!("there is no function `{word}`"), hint)
}
