//! *And*, *or*, *not*, parentheses and points: what joins conditions.

use super::super::predicate::Predicate;
use super::condition::condition;
use super::functions::hint_at;
use super::tokens::{Lexeme, Place, Tokens};
use super::value::{least, points};
use crate::error::{Error, Result};

/// Conditions that are still being joined: those of the whole text, of a parenthesis, or of one entry of a score.
struct Group {
    opened: Place,
    kind: Kind,
    /// What stands before the last `OR`.
    alternatives: Option<Predicate>,
    /// What stands between the last `OR` and here.
    conjunction: Option<Predicate>,
    /// How many `NOT` stand before the next condition.
    negations: usize,
}

enum Kind {
    Whole,
    Parenthesis,
    /// With the entries before this one, and its points.
    Score(Vec<(i32, Predicate)>, i32),
}

impl Group {
    fn new(kind: Kind, opened: Place) -> Self {
        Self { opened, kind, alternatives: None, conjunction: None, negations: 0 }
    }

    /// Takes a condition that stands behind `AND`, `OR` or nothing.
    fn push(&mut self, condition: Predicate) {
        let negations = std::mem::take(&mut self.negations);
        let condition = (0..negations).fold(condition, |inner, _| inner.negated());
        self.conjunction = Some(match self.conjunction.take() {
            Some(before) => before.and(condition),
            None => condition,
        });
    }

    /// Ends a run of `AND`.
    fn end_conjunction(&mut self) {
        if let Some(conjunction) = self.conjunction.take() {
            self.alternatives = Some(match self.alternatives.take() {
                Some(before) => before.or(conjunction),
                None => conjunction,
            });
        }
    }

    /// What its conditions are together. It has one at least.
    fn finish(&mut self) -> Result<Predicate> {
        self.end_conjunction();
        let predicate = self.alternatives.take().unwrap_or_else(Predicate::no_one);
        let depth = predicate.depth();
        if depth > Predicate::MAX_DEPTH {
            return Err(too_deep(self.opened, &format!("what begins here has {depth} levels")));
        }
        Ok(predicate)
    }
}

/// All that is open at a place of the text.
struct Open {
    group: Group,
    outer: Vec<Group>,
    /// How many `NOT` of all groups wait for their condition.
    negations: usize,
}

/// Reads the whole text.
pub(super) fn predicate(tokens: &mut Tokens) -> Result<Predicate> {
    let group = Group::new(Kind::Whole, tokens.place());
    let mut open = Open { group, outer: Vec::new(), negations: 0 };
    loop {
        if open.deeper(tokens)? {
            continue;
        }
        let condition = condition(tokens)?;
        open.push(condition);
        if let Some(whole) = open.until_next(tokens)? {
            return Ok(whole);
        }
    }
}

impl Open {
    /// Takes what may stand before a condition; says whether there was any.
    fn deeper(&mut self, tokens: &mut Tokens) -> Result<bool> {
        let place = tokens.place();
        if tokens.take_word("not") {
            self.group.negations += 1;
            self.negations += 1;
        } else if tokens.take_if(&Lexeme::Open) {
            self.open(Kind::Parenthesis, place);
        } else if begins_score(tokens) {
            tokens.take();
            tokens.take();
            let points = points(tokens)?;
            self.open(Kind::Score(Vec::new(), points), place);
        } else {
            return Ok(false);
        }
        if self.outer.len() + self.negations > Predicate::MAX_DEPTH {
            return Err(too_deep(place, &format!("here {} levels are open", Predicate::MAX_DEPTH + 1)));
        }
        Ok(true)
    }

    fn open(&mut self, kind: Kind, place: Place) {
        self.outer.push(std::mem::replace(&mut self.group, Group::new(kind, place)));
    }

    fn push(&mut self, condition: Predicate) {
        self.negations -= self.group.negations;
        self.group.push(condition);
    }

    /// From behind a condition to where the next one begins. The whole, where none does.
    fn until_next(&mut self, tokens: &mut Tokens) -> Result<Option<Predicate>> {
        loop {
            let place = tokens.place();
            if tokens.take_word("and") {
                return Ok(None);
            }
            if tokens.take_word("or") {
                self.group.end_conjunction();
                return Ok(None);
            }
            match (tokens.peek(), &mut self.group.kind) {
                (None, Kind::Whole) => return self.group.finish().map(Some),
                (None, _) => {
                    return Err(self.group.opened.refuse("this has no closing parenthesis", "end it with )"));
                }
                (Some(Lexeme::Close), Kind::Whole) => {
                    return Err(place.refuse("`)` closes nothing", "leave it out, or open it before"));
                }
                (Some(Lexeme::Close), _) => {
                    tokens.take();
                    self.close(tokens)?;
                }
                (Some(Lexeme::Comma), Kind::Score(..)) => {
                    tokens.take();
                    let next = points(tokens)?;
                    let entry = self.group.finish()?;
                    if let Kind::Score(entries, own) = &mut self.group.kind {
                        entries.push((std::mem::replace(own, next), entry));
                    }
                    return Ok(None);
                }
                (Some(next), _) => {
                    return Err(tokens
                        .unexpected("AND, OR or the end", hint_at(next, "join conditions by AND or OR")));
                }
            }
        }
    }

    /// Ends the innermost group, which is a condition of the one around it.
    fn close(&mut self, tokens: &mut Tokens) -> Result<()> {
        let inner = self.group.finish()?;
        let Some(outer) = self.outer.pop() else { return Ok(()) };
        let closed = std::mem::replace(&mut self.group, outer);
        let condition = match closed.kind {
            Kind::Score(mut entries, points) => {
                entries.push((points, inner));
                Predicate::score(entries, least(tokens)?)
            }
            Kind::Whole | Kind::Parenthesis => inner,
        };
        self.push(condition);
        Ok(())
    }
}

/// Whether a score of at least one condition begins here.
fn begins_score(tokens: &Tokens) -> bool {
    let word = tokens.peek().is_some_and(|next| next.is("score"));
    word && tokens.ahead(1) == Some(&Lexeme::Open) && tokens.ahead(2) != Some(&Lexeme::Close)
}

fn too_deep(place: Place, problem: &str) -> Error {
    place.refuse(
        format!("{problem}, and a rule has at most {}", Predicate::MAX_DEPTH),
        "name a part of it as a rule of its own and refer to it by IN_SEGMENT('…')",
    )
}
