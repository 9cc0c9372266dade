//! The words and signs of rule text, each with its place.

use std::fmt;

use sqlparser::dialect::Dialect;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer, TokenizerError};

use super::super::condition::Comparison;
use crate::error::{Error, Result};

/// Where something stands; both from 1, columns in characters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Place {
    line: u64,
    column: u64,
}

impl Place {
    const BEGINNING: Self = Self { line: 1, column: 1 };

    /// The place of a byte, or of the character it belongs to.
    pub(super) fn at(text: &str, byte: usize) -> Self {
        let boundary = (0..=byte).rev().find(|byte| text.is_char_boundary(*byte)).unwrap_or(0);
        let before = &text[..boundary];
        let line = before.matches('\n').count() as u64 + 1;
        let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) as u64 + 1;
        Self { line, column }
    }

    pub(super) fn refuse(self, problem: impl Into<String>, hint: impl Into<String>) -> Error {
        Error::RuleText { line: self.line, column: self.column, problem: problem.into(), hint: hint.into() }
    }

    fn character(self, text: &str) -> Option<char> {
        text.split('\n').nth(self.line as usize - 1)?.chars().nth(self.column as usize - 1)
    }
}

impl From<Location> for Place {
    fn from(location: Location) -> Self {
        Self { line: location.line, column: location.column }
    }
}

/// A word or sign.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Lexeme {
    /// As written: the keywords in any letter case, or the name of a feature.
    Word(String),
    /// A name in double quotes, or in backticks.
    Name(String),
    /// A text in single quotes.
    Text(String),
    /// Digits with an optional point and exponent.
    Number(String),
    Comparison(Comparison),
    Open,
    Close,
    Comma,
    Period,
    Plus,
    Minus,
    /// Nothing that rule text has.
    Other(String),
}

impl Lexeme {
    /// Whether it is this word, in any letter case.
    pub(super) fn is(&self, keyword: &str) -> bool {
        matches!(self, Self::Word(word) if word.eq_ignore_ascii_case(keyword))
    }
}

impl fmt::Display for Lexeme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) | Self::Other(word) => write!(f, "`{}`", Short(word)),
            Self::Name(name) => write!(f, "the name \"{}\"", Short(name)),
            Self::Text(text) => write!(f, "the text '{}'", Short(text)),
            Self::Number(number) => write!(f, "the number {}", Short(number)),
            Self::Comparison(comparison) => write!(f, "`{comparison}`"),
            Self::Open => f.write_str("`(`"),
            Self::Close => f.write_str("`)`"),
            Self::Comma => f.write_str("`,`"),
            Self::Period => f.write_str("`.`"),
            Self::Plus => f.write_str("`+`"),
            Self::Minus => f.write_str("`-`"),
        }
    }
}

/// As much of a text as a message has room for.
pub(super) struct Short<'t>(pub(super) &'t str);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.char_indices().nth(40) {
            Some((end, _)) => write!(f, "{}…", &self.0[..end]),
            None => f.write_str(self.0),
        }
    }
}

/// What is still to be read.
pub(super) struct Tokens {
    rest: std::vec::IntoIter<(Lexeme, Place)>,
    end: Place,
}

impl Tokens {
    pub(super) fn of(text: &str) -> Result<Self> {
        let mut tokens = Vec::new();
        let outcome = Tokenizer::new(&RuleText, text).tokenize_with_location_into_buf(&mut tokens);
        let end = tokens.last().map_or(Place::BEGINNING, |last| last.span.end.into());
        if let Err(error) = outcome {
            // What was not finished begins where the token before it ended.
            return Err(unfinished(text, end, &error));
        }
        let lexemes: Vec<(Lexeme, Place)> = tokens.into_iter().filter_map(lexeme).collect();
        if lexemes.is_empty() {
            return Err(Place::BEGINNING.refuse("there is no condition in it", "for everyone write TRUE"));
        }
        Ok(Self { rest: lexemes.into_iter(), end })
    }

    pub(super) fn peek(&self) -> Option<&Lexeme> {
        self.ahead(0)
    }

    /// What stands so many words and signs further on.
    pub(super) fn ahead(&self, further: usize) -> Option<&Lexeme> {
        self.rest.as_slice().get(further).map(|(lexeme, _)| lexeme)
    }

    /// Where the next one stands, or the text ends.
    pub(super) fn place(&self) -> Place {
        self.rest.as_slice().first().map_or(self.end, |(_, place)| *place)
    }

    /// Takes the next one whatever it is.
    pub(super) fn take(&mut self) -> Option<Lexeme> {
        self.rest.next().map(|(lexeme, _)| lexeme)
    }

    /// Takes the next one if it is this; says whether it was.
    pub(super) fn take_if(&mut self, wanted: &Lexeme) -> bool {
        let is = self.peek() == Some(wanted);
        if is {
            self.rest.next();
        }
        is
    }

    /// Takes the next one if it is this word, in any letter case; says whether it was.
    pub(super) fn take_word(&mut self, keyword: &str) -> bool {
        let is = self.peek().is_some_and(|next| next.is(keyword));
        if is {
            self.rest.next();
        }
        is
    }

    /// Takes what has to stand here.
    pub(super) fn expect(&mut self, wanted: &Lexeme, hint: &str) -> Result<()> {
        if self.take_if(wanted) { Ok(()) } else { Err(self.unexpected(&wanted.to_string(), hint)) }
    }

    /// Takes what stands in parentheses, and these.
    pub(super) fn in_parentheses<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.expect(&Lexeme::Open, "a function has its arguments in parentheses")?;
        let inner = read(self)?;
        self.expect(&Lexeme::Close, "a function has its arguments in parentheses")?;
        Ok(inner)
    }

    /// Takes a text in single quotes.
    pub(super) fn text(&mut self, what: &str, hint: &str) -> Result<String> {
        match self.peek() {
            Some(Lexeme::Text(_)) => match self.take() {
                Some(Lexeme::Text(text)) => Ok(text),
                _ => Ok(String::new()),
            },
            _ => Err(self.unexpected(what, hint)),
        }
    }

    /// The error of what stands here instead of what was expected.
    pub(super) fn unexpected(&self, expected: &str, hint: &str) -> Error {
        let found = self.peek().map_or_else(|| "the end of the text".to_owned(), ToString::to_string);
        self.place().refuse(format!("expected {expected}, found {found}"), hint)
    }
}

/// What rule text takes for a name without quotes: letters of any script, digits and `_`.
#[derive(Debug)]
struct RuleText;

impl Dialect for RuleText {
    fn is_identifier_start(&self, letter: char) -> bool {
        letter.is_alphabetic() || letter == '_'
    }

    fn is_identifier_part(&self, letter: char) -> bool {
        letter.is_alphanumeric() || letter == '_'
    }

    fn supports_nested_comments(&self) -> bool {
        true
    }
}

/// What a token is here; spaces and comments are nothing.
fn lexeme(token: TokenWithSpan) -> Option<(Lexeme, Place)> {
    let lexeme = match token.token {
        Token::Whitespace(_) => return None,
        Token::Word(word) if word.quote_style.is_none() => Lexeme::Word(word.value),
        Token::Word(word) => Lexeme::Name(word.value),
        Token::SingleQuotedString(text) => Lexeme::Text(text),
        Token::Number(digits, false) => Lexeme::Number(digits),
        Token::Eq => Lexeme::Comparison(Comparison::Equal),
        Token::Neq => Lexeme::Comparison(Comparison::NotEqual),
        Token::Lt => Lexeme::Comparison(Comparison::Less),
        Token::LtEq => Lexeme::Comparison(Comparison::AtMost),
        Token::Gt => Lexeme::Comparison(Comparison::Greater),
        Token::GtEq => Lexeme::Comparison(Comparison::AtLeast),
        Token::LParen => Lexeme::Open,
        Token::RParen => Lexeme::Close,
        Token::Comma => Lexeme::Comma,
        Token::Period => Lexeme::Period,
        Token::Plus => Lexeme::Plus,
        Token::Minus => Lexeme::Minus,
        other => Lexeme::Other(other.to_string()),
    };
    Some((lexeme, token.span.start.into()))
}

fn unfinished(text: &str, place: Place, error: &TokenizerError) -> Error {
    match place.character(text) {
        Some('\'') => place
            .refuse("a text has no closing quote", "end it with ', and write one that is part of it as ''"),
        Some('"' | '`') => {
            place.refuse("a name has no closing quote", "end it with the quote it begins with")
        }
        Some('/') => place.refuse("a comment has no end", "end it with */"),
        _ => place
            .refuse(format!("this cannot be read: {}", Short(&error.message)), "put texts in single quotes"),
    }
}
