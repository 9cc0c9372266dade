//! What a condition compares with.

use std::str::FromStr;

use super::super::condition::Comparison;
use super::super::value::{Relative, Value};
use super::functions::{hint_at, unknown};
use super::tokens::{Lexeme, Short, Tokens};
use crate::error::Result;
use crate::transaction::{AsOf, Zone};

/// Whether a value stands here, and not a feature.
pub(super) fn begins(tokens: &Tokens) -> bool {
    match tokens.peek() {
        Some(Lexeme::Number(_) | Lexeme::Text(_) | Lexeme::Plus | Lexeme::Minus) => true,
        Some(word @ Lexeme::Word(_)) => {
            let called = tokens.ahead(1) == Some(&Lexeme::Open);
            let dated = matches!(tokens.ahead(1), Some(Lexeme::Text(_)));
            word.is("true")
                || word.is("false")
                || word.is("as_of")
                || dated && (word.is("date") || word.is("timestamp"))
                || called && (word.is("percentile") || word.is("top") || word.is("bottom"))
        }
        _ => false,
    }
}

/// Reads a value. `missing` says what to write for NULL here.
pub(super) fn value(tokens: &mut Tokens, missing: &str) -> Result<Value> {
    if begins(tokens) {
        return known(tokens);
    }
    let hint = match tokens.peek() {
        Some(Lexeme::Word(word)) if tokens.ahead(1) == Some(&Lexeme::Open) => {
            return Err(unknown(word, tokens));
        }
        Some(word) if word.is("null") => {
            let problem = "expected a value, found NULL, which nothing equals";
            return Err(tokens.place().refuse(problem, format!("write {missing}")));
        }
        Some(word) if word.is("interval") => INTERVALS,
        Some(word) if word.is("date") || word.is("timestamp") => DATES,
        Some(word) if word.is("top") || word.is("bottom") || word.is("percentile") => {
            "write TOP(1000), BOTTOM(1000) or PERCENTILE(90)"
        }
        Some(name @ (Lexeme::Word(_) | Lexeme::Name(_))) => hint_at(
            name,
            "a text stands in single quotes, as in 'DK'; features are not compared with each other",
        ),
        Some(next) => hint_at(next, VALUES),
        None => VALUES,
    };
    Err(tokens.unexpected("a value", hint))
}

const VALUES: &str = "a value is a number, 'a text', TRUE, FALSE, TIMESTAMP '2026-01-31' or AS_OF";
const DATES: &str = "write TIMESTAMP '2026-01-31' or TIMESTAMP '2026-01-31 18:30'";
const INTERVALS: &str = "write AS_OF - INTERVAL '90' DAY, or MONTH";

/// Reads what [`begins`] has seen.
fn known(tokens: &mut Tokens) -> Result<Value> {
    if let Some(Lexeme::Text(_)) = tokens.peek() {
        return tokens.text("a text", VALUES).map(Value::Text);
    }
    if tokens.take_word("true") {
        return Ok(Value::Flag(true));
    }
    if tokens.take_word("false") {
        return Ok(Value::Flag(false));
    }
    if tokens.take_word("as_of") {
        return moment(tokens).map(Value::Relative);
    }
    if tokens.take_word("percentile") {
        return tokens.in_parentheses(percentile).map(Value::Percentile);
    }
    if tokens.take_word("top") {
        return tokens.in_parentheses(customers).map(Value::Top);
    }
    if tokens.take_word("bottom") {
        return tokens.in_parentheses(customers).map(Value::Bottom);
    }
    if tokens.take_word("date") || tokens.take_word("timestamp") {
        return date(tokens).map(Value::Date);
    }
    number(tokens).map(Value::Number)
}

fn percentile(tokens: &mut Tokens) -> Result<f64> {
    let place = tokens.place();
    let percentile = number(tokens)?;
    if (0.0..=100.0).contains(&percentile) {
        return Ok(percentile);
    }
    Err(place.refuse(format!("{percentile} is no percentile"), "write a number from 0 to 100"))
}

fn customers(tokens: &mut Tokens) -> Result<u64> {
    let place = tokens.place();
    match whole(tokens, "a number of customers")? {
        0 => Err(place.refuse("expected a number of customers, found 0", "write 1 or more")),
        customers => Ok(customers),
    }
}

fn date(tokens: &mut Tokens) -> Result<String> {
    let place = tokens.place();
    let text = tokens.text("a date in single quotes", DATES)?;
    match AsOf::date(&text, &Zone::utc()) {
        Ok(_) => Ok(text),
        Err(_) => Err(place.refuse(format!("'{}' is no date", Short(&text)), DATES)),
    }
}

/// What stands behind `AS_OF`: nothing, or an interval to add or to take away.
fn moment(tokens: &mut Tokens) -> Result<Relative> {
    let sign = match tokens.peek() {
        Some(Lexeme::Plus) => 1,
        Some(Lexeme::Minus) => -1,
        _ => return Ok(Relative::Days(0)),
    };
    tokens.take();
    if !tokens.take_word("interval") {
        return Err(tokens.unexpected("INTERVAL", INTERVALS));
    }
    let place = tokens.place();
    let Some(Lexeme::Text(text) | Lexeme::Number(text)) = tokens.peek().cloned() else {
        return Err(tokens.unexpected("a number of days or months", INTERVALS));
    };
    tokens.take();
    let refused = || place.refuse(format!("'{}' is no interval", Short(&text)), INTERVALS);
    let (count, unit) = match text.trim().split_once(char::is_whitespace) {
        Some((count, unit)) => (count, Some(unit.trim().to_owned())),
        None => (text.trim(), None),
    };
    let digits = count.bytes().all(|byte| byte.is_ascii_digit());
    let count: i64 = count.parse().ok().filter(|_| digits).ok_or_else(refused)?;
    let unit = match unit {
        Some(unit) => unit,
        None => match tokens.peek() {
            Some(Lexeme::Word(unit)) => {
                let unit = unit.clone();
                tokens.take();
                unit
            }
            _ => return Err(tokens.unexpected("DAY or MONTH", INTERVALS)),
        },
    };
    let unit = unit.to_ascii_lowercase();
    let times = |each: i64| count.checked_mul(sign * each).and_then(|count| i32::try_from(count).ok());
    let moment = match unit.strip_suffix('s').unwrap_or(&unit) {
        "day" => times(1).map(Relative::Days),
        "week" => times(7).map(Relative::Days),
        "month" => times(1).map(Relative::Months),
        "year" => times(12).map(Relative::Months),
        _ => {
            let problem = format!("an interval has no unit `{}`", Short(&unit));
            return Err(place.refuse(problem, "write DAY, WEEK, MONTH or YEAR"));
        }
    };
    moment.ok_or_else(refused)
}

/// Reads a number with its sign.
pub(super) fn number(tokens: &mut Tokens) -> Result<f64> {
    let place = tokens.place();
    let written = digits(tokens, "a number")?;
    match written.parse() {
        Ok(number) if f64::is_finite(number) => Ok(number),
        _ => Err(place.refuse(
            format!("{} is beyond what a number can be", Short(&written)),
            "write one that is less than 1e308 in size",
        )),
    }
}

/// Reads a whole number with its sign.
pub(super) fn whole<T: FromStr>(tokens: &mut Tokens, what: &str) -> Result<T> {
    let place = tokens.place();
    let written = digits(tokens, what)?;
    written.parse().map_err(|_| {
        let problem = format!("expected {what}, found {}", Short(&written));
        place.refuse(problem, "write a whole number, neither with a point nor a huge one")
    })
}

fn digits(tokens: &mut Tokens, what: &str) -> Result<String> {
    let minus = tokens.take_if(&Lexeme::Minus);
    if !minus {
        tokens.take_if(&Lexeme::Plus);
    }
    match tokens.peek() {
        Some(Lexeme::Number(digits)) => {
            let written = format!("{}{digits}", if minus { "-" } else { "" });
            tokens.take();
            Ok(written)
        }
        _ => Err(tokens.unexpected(what, "write digits, as in 12 or -0.5")),
    }
}

/// Reads the points of an entry of a score, and the comma behind them.
pub(super) fn points(tokens: &mut Tokens) -> Result<i32> {
    let points = whole(tokens, "points")?;
    tokens.expect(&Lexeme::Comma, SCORES)?;
    Ok(points)
}

/// Reads what a score has to reach.
pub(super) fn least(tokens: &mut Tokens) -> Result<i64> {
    tokens.expect(&Lexeme::Comparison(Comparison::AtLeast), SCORES)?;
    whole(tokens, "points")
}

const SCORES: &str = "write SCORE(10, orders >= 3, 5, open_rate > 0.2) >= 12";
