//! One condition: an operand and what is asked of it, in either order.

use super::super::condition::{Comparison, Letters, Operand, Source, bucket, feature};
use super::super::predicate::{Predicate, segment};
use super::super::text::RESERVED;
use super::super::value::Value;
use super::behaviour::behaviour;
use super::functions::{elsewhere, hint_at, unknown};
use super::pattern::like;
use super::tokens::{Lexeme, Short, Tokens};
use super::value::{self, least, value, whole};
use crate::error::Result;

/// Reads a condition.
pub(super) fn condition(tokens: &mut Tokens) -> Result<Predicate> {
    let compared = matches!(tokens.ahead(1), Some(Lexeme::Comparison(_)));
    if !compared && tokens.take_word("true") {
        return Ok(Predicate::everyone());
    }
    if !compared && tokens.take_word("false") {
        return Ok(Predicate::no_one());
    }
    if value::begins(tokens) {
        return value_first(tokens);
    }
    if tokens.ahead(1) == Some(&Lexeme::Open) {
        if tokens.take_word("in_segment") {
            return tokens.in_parentheses(|tokens| tokens.text("the name of a segment", NAMES)).map(segment);
        }
        if tokens.take_word("anniversary_this_month") {
            return tokens.in_parentheses(operand).map(Operand::anniversary_this_month);
        }
        if tokens.take_word("anniversary_in_days") {
            return tokens.in_parentheses(|tokens| {
                let operand = operand(tokens)?;
                tokens.expect(&Lexeme::Comma, "write ANNIVERSARY_IN_DAYS(birthday, 14)")?;
                Ok(operand.anniversary_in_days(whole(tokens, "a number of days")?))
            });
        }
        if tokens.take_word("score") {
            // One of nothing; others are read entry by entry.
            tokens.in_parentheses(|_| Ok(()))?;
            return Ok(Predicate::score([], least(tokens)?));
        }
    }
    let operand = operand(tokens)?;
    test(tokens, operand)
}

/// Reads a condition that begins with its value: `5 < orders`.
fn value_first(tokens: &mut Tokens) -> Result<Predicate> {
    const HINT: &str = "a condition compares a feature with a value, as in orders >= 3";
    let value = value(tokens, "IS NULL")?;
    let comparison = match tokens.peek() {
        Some(Lexeme::Comparison(comparison)) => *comparison,
        next => {
            let hint = next.map_or(HINT, |next| hint_at(next, HINT));
            return Err(tokens.unexpected("a comparison behind a value", hint));
        }
    };
    tokens.take();
    if value::begins(tokens) {
        return Err(
            tokens.unexpected("the name of a feature", "for everyone write TRUE, and FALSE for no one")
        );
    }
    let turned = match comparison {
        Comparison::Equal | Comparison::NotEqual => comparison,
        Comparison::Less => Comparison::Greater,
        Comparison::AtMost => Comparison::AtLeast,
        Comparison::Greater => Comparison::Less,
        Comparison::AtLeast => Comparison::AtMost,
    };
    Ok(operand(tokens)?.compare(turned, value))
}

const NAMES: &str = "names of segments and buckets stand in single quotes, as in IN_SEGMENT('vip')";

/// Reads what a condition looks at.
fn operand(tokens: &mut Tokens) -> Result<Operand> {
    const HINT: &str = "a condition is like orders >= 3, country IN ('DK') or NOT consent";
    if let Some(behaviour) = behaviour(tokens)? {
        return Ok(behaviour.into());
    }
    let called = tokens.ahead(1) == Some(&Lexeme::Open);
    match tokens.peek() {
        Some(word) if called && word.is("bucket") => {
            tokens.take();
            tokens.in_parentheses(|tokens| tokens.text("a salt", NAMES)).map(bucket)
        }
        Some(Lexeme::Word(word)) if called && !joins(word) => Err(unknown(word, tokens)),
        Some(word) if word.is("null") => {
            Err(tokens.unexpected("a condition", "write IS NULL behind a feature"))
        }
        Some(Lexeme::Word(word)) if joins(word) => {
            Err(tokens.unexpected("a condition", elsewhere(word).unwrap_or(HINT)))
        }
        Some(Lexeme::Word(word)) if is_reserved(word) => {
            let hint = format!("write \"{word}\" if it is the name of a feature");
            Err(tokens.unexpected("a condition", &hint))
        }
        Some(Lexeme::Word(name) | Lexeme::Name(name)) if !name.is_empty() => {
            let operand = feature(name);
            tokens.take();
            Ok(operand)
        }
        Some(next) => Err(tokens.unexpected("a condition", hint_at(next, HINT))),
        None => Err(tokens.unexpected("a condition", HINT)),
    }
}

fn is_reserved(word: &str) -> bool {
    RESERVED.binary_search(&word.to_ascii_lowercase().as_str()).is_ok()
}

/// Whether a word stands between conditions or their parts, where it could hardly be meant as a name.
fn joins(word: &str) -> bool {
    ["and", "or", "not", "in", "is", "like", "ilike", "between", "where"]
        .iter()
        .any(|own| own.eq_ignore_ascii_case(word))
}

/// Reads what is asked of an operand.
fn test(tokens: &mut Tokens, operand: Operand) -> Result<Predicate> {
    if let Some(Lexeme::Comparison(comparison)) = tokens.peek() {
        let comparison = *comparison;
        tokens.take();
        let missing = if comparison == Comparison::NotEqual { "IS NOT NULL" } else { "IS NULL" };
        return Ok(operand.compare(comparison, value(tokens, missing)?));
    }
    if tokens.take_word("is") {
        return nullness(tokens, operand);
    }
    let negated = tokens.take_word("not");
    let predicate = if tokens.take_word("between") {
        let low = value(tokens, "IS NULL")?;
        if !tokens.take_word("and") {
            return Err(tokens.unexpected("AND", "write BETWEEN 1 AND 5"));
        }
        operand.between(low, value(tokens, "IS NULL")?)
    } else if tokens.take_word("in") {
        operand.is_in(list(tokens)?)
    } else if tokens.take_word("like") {
        like(tokens, operand, Letters::AsWritten)?
    } else if tokens.take_word("ilike") {
        like(tokens, operand, Letters::AnyCase)?
    } else if negated {
        return Err(
            tokens.unexpected("IN, LIKE, ILIKE or BETWEEN", "a whole condition is negated by NOT before it")
        );
    } else {
        return flag(tokens, operand);
    };
    Ok(if negated { predicate.negated() } else { predicate })
}

/// A feature alone is a flag that says yes.
fn flag(tokens: &Tokens, operand: Operand) -> Result<Predicate> {
    let Source::Feature(name) = &operand.0 else {
        let expected = format!("a comparison behind {}", Short(&operand.to_string()));
        return Err(tokens.unexpected(&expected, COMPARISONS));
    };
    let hint = match tokens.peek() {
        None | Some(Lexeme::Close | Lexeme::Comma) => return Ok(operand.is_yes()),
        Some(next) if next.is("and") || next.is("or") => return Ok(operand.is_yes()),
        Some(next) => elsewhere(name).unwrap_or_else(|| hint_at(next, COMPARISONS)),
    };
    Err(tokens.unexpected(&format!("a comparison behind `{}`", Short(name)), hint))
}

const COMPARISONS: &str = "write =, <>, <, <=, >, >=, BETWEEN, IN, LIKE or IS NULL";

fn nullness(tokens: &mut Tokens, operand: Operand) -> Result<Predicate> {
    let present = tokens.take_word("not");
    if tokens.take_word("null") {
        return Ok(if present { operand.is_present() } else { operand.is_missing() });
    }
    Err(tokens.unexpected("NULL", "write IS NULL or IS NOT NULL; other values are compared by = and <>"))
}

fn list(tokens: &mut Tokens) -> Result<Vec<Value>> {
    const HINT: &str = "write IN ('DK', 'NO')";
    tokens.expect(&Lexeme::Open, HINT)?;
    let mut values = Vec::new();
    if tokens.take_if(&Lexeme::Close) {
        return Ok(values);
    }
    loop {
        values.push(value(tokens, "OR … IS NULL behind the list")?);
        if tokens.take_if(&Lexeme::Close) {
            return Ok(values);
        }
        if !tokens.take_if(&Lexeme::Comma) {
            return Err(tokens.unexpected("`,` or `)`", HINT));
        }
    }
}
