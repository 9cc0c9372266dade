//! The patterns of `LIKE`: those that say where in a text another one stands.

use super::super::condition::Operand;
use super::super::predicate::Predicate;
use super::tokens::{Short, Tokens};
use crate::error::Result;

/// A letter of a pattern, or the sign for any text.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Any,
    Letter(char),
}

/// Reads what stands behind `LIKE`, or `ILIKE` for any letter case.
pub(super) fn like(tokens: &mut Tokens, operand: Operand, any_case: bool) -> Result<Predicate> {
    const HINT: &str =
        "write LIKE '%x%', 'x%' or '%x'; a sign that stands for itself as LIKE '%5\\%%' ESCAPE '\\'";
    let place = tokens.place();
    let pattern = tokens.text("a pattern in single quotes", HINT)?;
    let escape = if tokens.take_word("escape") { Some(escape(tokens)?) } else { None };
    let refused = |problem: &str| place.refuse(format!("the pattern '{}' {problem}", Short(&pattern)), HINT);

    let mut parts = Vec::new();
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        parts.push(match letter {
            letter if Some(letter) == escape => match letters.next() {
                Some(own @ ('%' | '_')) => Part::Letter(own),
                Some(own) if own == letter => Part::Letter(own),
                _ => return Err(refused("has an escape before a letter that needs none")),
            },
            '%' => Part::Any,
            '_' => return Err(refused("has a `_`, for any one letter, which rules do not have")),
            letter => Part::Letter(letter),
        });
    }
    let Some(first) = parts.iter().position(|part| *part != Part::Any) else {
        // Any text at all, or the empty one.
        return Ok(matching(operand, any_case, !parts.is_empty(), !parts.is_empty(), String::new()));
    };
    let last = parts.iter().rposition(|part| *part != Part::Any).unwrap_or(first);
    let text: Option<String> = parts[first..=last]
        .iter()
        .map(|part| if let Part::Letter(letter) = part { Some(*letter) } else { None })
        .collect();
    let text = text.ok_or_else(|| refused("has a `%` in its middle, which rules do not have"))?;
    Ok(matching(operand, any_case, first > 0, last + 1 < parts.len(), text))
}

/// The test of a text with anything before it, and anything after it.
fn matching(operand: Operand, any_case: bool, before: bool, after: bool, text: String) -> Predicate {
    match (any_case, before, after) {
        (false, true, true) => operand.contains(text),
        (false, false, true) => operand.starts_with(text),
        (false, true, false) => operand.ends_with(text),
        (false, false, false) => operand.eq(text),
        (true, true, true) => operand.any_case().contains(text),
        (true, false, true) => operand.any_case().starts_with(text),
        (true, true, false) => operand.any_case().ends_with(text),
        (true, false, false) => operand.any_case().eq(text),
    }
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
