//! The patterns of `LIKE`: those that say where in a text another one stands.

use super::super::condition::{Letters, Operand, Place};
use super::super::predicate::Predicate;
use super::tokens::{Short, Tokens};
use crate::error::Result;

/// A letter of a pattern, or the sign for any text.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Any,
    Letter(char),
}

/// Reads what stands behind `LIKE` or `ILIKE`.
pub(super) fn like(tokens: &mut Tokens, operand: Operand, letters: Letters) -> Result<Predicate> {
    const HINT: &str =
        "write LIKE '%x%', 'x%' or '%x'; a sign that stands for itself as LIKE '%5\\%%' ESCAPE '\\'";
    let place = tokens.place();
    let pattern = tokens.text("a pattern in single quotes", HINT)?;
    let escape = if tokens.take_word("escape") { Some(escape(tokens)?) } else { None };
    let refused = |problem: &str| place.refuse(format!("the pattern '{}' {problem}", Short(&pattern)), HINT);

    let mut parts = Vec::new();
    let mut signs = pattern.chars();
    while let Some(sign) = signs.next() {
        parts.push(match sign {
            sign if Some(sign) == escape => match signs.next() {
                Some(own @ ('%' | '_')) => Part::Letter(own),
                Some(own) if own == sign => Part::Letter(own),
                _ => return Err(refused("has an escape before a letter that needs none")),
            },
            '%' => Part::Any,
            '_' => return Err(refused("has a `_`, for any one letter, which rules do not have")),
            sign => Part::Letter(sign),
        });
    }
    let before = parts.iter().take_while(|part| **part == Part::Any).count();
    let after = parts[before..].iter().rev().take_while(|part| **part == Part::Any).count();
    let text: Option<String> = parts[before..parts.len() - after]
        .iter()
        .map(|part| if let Part::Letter(letter) = part { Some(*letter) } else { None })
        .collect();
    let text = text.ok_or_else(|| refused("has a `%` in its middle, which rules do not have"))?;
    let place = match (before, after) {
        (0, 0) => Place::Whole,
        (0, _) => Place::Start,
        (_, 0) => Place::End,
        _ => Place::Anywhere,
    };
    Ok(operand.matches(place, text, letters))
}

fn escape(tokens: &mut Tokens) -> Result<char> {
    const HINT: &str = "write one sign that is neither % nor _, as in ESCAPE '\\'";
    let place = tokens.place();
    let text = tokens.text("a sign in single quotes", HINT)?;
    let mut letters = text.chars();
    match (letters.next(), letters.next()) {
        (Some(sign), None) if sign != '%' && sign != '_' => Ok(sign),
        _ => Err(place.refuse(format!("'{}' cannot take the meaning of a sign away", Short(&text)), HINT)),
    }
}
