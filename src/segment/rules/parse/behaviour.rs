//! Behaviours: `COUNT(EVENTS WHERE kind = 'clicked' WITHIN '30d')`.

use super::super::condition::Comparison;
use super::tokens::{Lexeme, Place, Tokens};
use super::value::{number, whole};
use crate::error::{Error, Result};
use crate::features::{Behaviour, Deed, Pass, Same, Side, Total};

const TOTALS: [Total; 7] =
    [Total::Count, Total::Sum, Total::Average, Total::Min, Total::Max, Total::FirstTime, Total::LastTime];

const DEEDS: &str = "write COUNT(EVENTS WHERE kind = 'clicked' AND channel IN ('email') WITHIN '30d')";
const PERIODS: &str = "write ACTIVE_PERIODS(ORDERS, 6, '30d')";
const SEQUENCES: &str = "write SEQUENCE(EVENTS WHERE kind = 'viewed', ORDERS, '7d', SAME product)";

/// Reads a behaviour, where one begins.
pub(super) fn behaviour(tokens: &mut Tokens) -> Result<Option<Behaviour>> {
    let place = tokens.place();
    let Some(Lexeme::Word(word)) = tokens.peek().filter(|_| tokens.ahead(1) == Some(&Lexeme::Open)) else {
        return Ok(None);
    };
    let total = TOTALS.into_iter().find(|total| total.to_string().eq_ignore_ascii_case(word));
    let behaviour = if let Some(total) = total {
        tokens.take();
        tokens.in_parentheses(|tokens| {
            let (deed, number, place) = deed(tokens)?;
            deed.total(total, number.as_deref()).map_err(|error| refused(place, error))
        })?
    } else if tokens.take_word("active_periods") {
        tokens.in_parentheses(active_periods)?
    } else if tokens.take_word("sequence") {
        tokens.in_parentheses(sequence)?
    } else {
        return Ok(None);
    };
    behaviour.check().map_err(|error| refused(place, error))?;
    Ok(Some(behaviour))
}

fn active_periods(tokens: &mut Tokens) -> Result<Behaviour> {
    let deed = deed_alone(tokens)?;
    tokens.expect(&Lexeme::Comma, PERIODS)?;
    let periods = whole(tokens, "a number of periods")?;
    tokens.expect(&Lexeme::Comma, PERIODS)?;
    Ok(Behaviour::active_periods(deed, periods, days(tokens, PERIODS)?))
}

fn sequence(tokens: &mut Tokens) -> Result<Behaviour> {
    let first = deed_alone(tokens)?;
    tokens.expect(&Lexeme::Comma, SEQUENCES)?;
    let then = deed_alone(tokens)?;
    tokens.expect(&Lexeme::Comma, SEQUENCES)?;
    let days = days(tokens, SEQUENCES)?;
    let same = if tokens.take_if(&Lexeme::Comma) { Some(same(tokens)?) } else { None };
    Ok(Behaviour::sequence(first, then, days, same))
}

fn same(tokens: &mut Tokens) -> Result<Same> {
    if !tokens.take_word("same") {
        return Err(tokens.unexpected("SAME", SEQUENCES));
    }
    let found = Same::ALL.into_iter().find(|same| tokens.take_word(same.name()));
    found.ok_or_else(|| tokens.unexpected("product or category", SEQUENCES))
}

/// Reads days of 24 hours: `'30d'`.
fn days(tokens: &mut Tokens, hint: &str) -> Result<u32> {
    let place = tokens.place();
    let text = tokens.text("days such as '30d'", hint)?;
    let days = text.strip_suffix('d').and_then(|days| days.parse().ok());
    days.ok_or_else(|| {
        place.refuse(format!("expected days such as '30d', found {}", Lexeme::Text(text)), hint)
    })
}

/// Reads what was done, where no number of it is asked for.
fn deed_alone(tokens: &mut Tokens) -> Result<Deed> {
    match deed(tokens)? {
        (deed, None, _) => Ok(deed),
        (_, Some(_), place) => {
            Err(place
                .refuse("a number is asked for that has no use here", "leave out the point and the name"))
        }
    }
}

/// Reads what was done, with the number of it that is asked for, and where it would stand.
fn deed(tokens: &mut Tokens) -> Result<(Deed, Option<String>, Place)> {
    let source = match tokens.peek() {
        Some(Lexeme::Word(source)) => source.to_ascii_lowercase(),
        _ => String::new(),
    };
    let Ok(mut deed) = Deed::of(&source) else {
        return Err(tokens.unexpected("ORDERS, LINES or EVENTS", DEEDS));
    };
    tokens.take();
    let numbered = tokens.take_if(&Lexeme::Period);
    let place = tokens.place();
    let number = if numbered { Some(name(tokens)?) } else { None };
    if tokens.take_word("where") {
        deed = filter(tokens, deed, &source)?;
        while tokens.take_word("and") {
            deed = filter(tokens, deed, &source)?;
        }
    }
    if tokens.take_word("within") {
        let place = tokens.place();
        let window =
            tokens.text("a window such as '30d'", "write WITHIN '30d', '60d_30d', '6m' or '6m_3m'")?;
        deed = deed.within(window.parse().map_err(|error| refused(place, error))?);
    }
    match tokens.peek() {
        Some(Lexeme::Close | Lexeme::Comma) => Ok((deed, number, place)),
        _ => Err(tokens
            .unexpected("AND, WITHIN or `)`", "filters are joined by AND; one of several is IN ('a', 'b')")),
    }
}

fn name(tokens: &mut Tokens) -> Result<String> {
    match tokens.peek() {
        Some(Lexeme::Word(name) | Lexeme::Name(name)) => {
            let name = name.clone();
            tokens.take();
            Ok(name)
        }
        _ => Err(tokens.unexpected("a name such as kind, category or gross", DEEDS)),
    }
}

/// Reads a filter and narrows a deed by it.
fn filter(tokens: &mut Tokens, deed: Deed, source: &str) -> Result<Deed> {
    let place = tokens.place();
    let name = name(tokens)?;
    let limit = |tokens: &mut Tokens, deed: Deed, side| {
        let place_of_number = tokens.place();
        let limit = number(tokens)?;
        // Alone, so that a limit that cannot be is found where it stands.
        let alone = Deed::of(source).and_then(|deed| deed.limited(&name, side, limit));
        let alone = alone.map_err(|error| refused(place, error))?;
        alone.count().check().map_err(|error| refused(place_of_number, error))?;
        deed.limited(&name, side, limit).map_err(|error| refused(place, error))
    };
    let pass = match tokens.peek() {
        Some(Lexeme::Comparison(Comparison::AtLeast)) => {
            tokens.take();
            return limit(tokens, deed, Side::Least);
        }
        Some(Lexeme::Comparison(Comparison::AtMost)) => {
            tokens.take();
            return limit(tokens, deed, Side::Most);
        }
        Some(Lexeme::Comparison(Comparison::Equal)) => Pass::Only,
        Some(Lexeme::Comparison(Comparison::NotEqual)) => Pass::Except,
        Some(word) if word.is("between") => {
            tokens.take();
            let deed = limit(tokens, deed, Side::Least)?;
            if !tokens.take_word("and") {
                return Err(tokens.unexpected("AND", "write BETWEEN 1 AND 5"));
            }
            return limit(tokens, deed, Side::Most);
        }
        Some(word) if word.is("in") => Pass::Only,
        Some(word) if word.is("not") => Pass::Except,
        _ => {
            let hint =
                "numbers are compared by >= and <=, texts by =, IN and NOT IN; filters are joined by AND";
            return Err(tokens.unexpected("a comparison that filters have", hint));
        }
    };
    let texts = texts(tokens)?;
    deed.filtered(&name, pass, texts).map_err(|error| refused(place, error))
}

/// Reads `= 'x'` or `IN ('x', 'y')`, with `NOT` before it or not.
fn texts(tokens: &mut Tokens) -> Result<Vec<String>> {
    const HINT: &str = "write kind = 'clicked' or kind NOT IN ('sent', 'opened')";
    let text = |tokens: &mut Tokens| tokens.text("a text in single quotes", HINT);
    if let Some(Lexeme::Comparison(_)) = tokens.peek() {
        tokens.take();
        return Ok(vec![text(tokens)?]);
    }
    tokens.take_word("not");
    if !tokens.take_word("in") {
        return Err(tokens.unexpected("IN", HINT));
    }
    tokens.expect(&Lexeme::Open, HINT)?;
    let mut texts = vec![text(tokens)?];
    while tokens.take_if(&Lexeme::Comma) {
        texts.push(text(tokens)?);
    }
    tokens.expect(&Lexeme::Close, HINT)?;
    Ok(texts)
}

/// What a builder refused, at its place.
fn refused(place: Place, error: Error) -> Error {
    match error {
        Error::Setting { setting: "filter", found, expected } => {
            place.refuse(format!("there is no {found} here"), format!("expected {expected}"))
        }
        Error::Setting { setting, found, expected } => {
            place.refuse(format!("{setting} is {found}"), format!("expected {expected}"))
        }
        Error::Parse { text, expected } => {
            place.refuse(format!("found {}", Lexeme::Text(text)), format!("expected {expected}"))
        }
        error => place.refuse(error.to_string(), DEEDS),
    }
}
