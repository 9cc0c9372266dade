//! A textbook interpreter: expressions as a tree, rows as vectors of optional values, truth as SQL's tables have it.
//!
//! Nothing here knows of the crate. What a condition means is written from the documentation, in the slowest way.

use std::cell::RefCell;

use super::clock::{Civil, Clock, DAY, days_in, is_leap};
use super::sha256::share;

/// A table as it is on paper.
#[derive(Clone, Debug)]
pub(crate) struct Sheet {
    pub(crate) ids: Vec<String>,
    pub(crate) columns: Vec<(&'static str, Cells)>,
    pub(crate) now: i64,
    pub(crate) clock: Clock,
}

/// The values of a column; money in ten-thousandths, times in microseconds.
#[derive(Clone, Debug)]
pub(crate) enum Cells {
    U32(Vec<Option<u32>>),
    I32(Vec<Option<i32>>),
    I64(Vec<Option<i64>>),
    F64(Vec<Option<f64>>),
    Money(Vec<Option<i64>>),
    Time(Vec<Option<i64>>),
    Text(Vec<Option<String>>),
}

/// A value that is there.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Cell {
    Number(f64),
    Time(i64),
    Text(String),
}

#[derive(Clone, Debug)]
pub(crate) enum Expr {
    Everyone,
    NoOne,
    Not(Box<Expr>),
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Score(Vec<(i32, Expr)>, i64),
    /// Another rule by its position.
    Segment(usize),
    Ask(&'static str, Ask),
    Bucket(&'static str, Compare, f64),
}

/// What is asked of a column.
#[derive(Clone, Debug)]
pub(crate) enum Ask {
    Missing,
    Present,
    Compare(Compare, Against),
    Between(Against, Against),
    FromUntil(Against, Against),
    In(Vec<Against>),
    NotIn(Vec<Against>),
    /// A flag equals yes or no; or does not.
    Flag {
        equal: bool,
        yes: bool,
    },
    Like {
        place: Place,
        text: String,
        any_case: bool,
    },
    WithinDays(u32),
    WithinMonths(u32),
    MoreThanDaysAgo(u32),
    MoreThanMonthsAgo(u32),
    InNextDays(u32),
    ThisMonth,
    InDays(u32),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Compare {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    Anywhere,
    Start,
    End,
    /// In any case only; otherwise it is a comparison.
    Whole,
}

#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Against {
    Number(f64),
    Text(String),
    Days(i32),
    Months(i32),
    /// The first instant of a day or minute, in the zone of the moment or so many minutes ahead of UTC.
    Date {
        day: i64,
        minute: Option<i64>,
        ahead: Option<i64>,
    },
    Percentile(f64),
    Top(u64),
    Bottom(u64),
}

/// `None` is unknown.
pub(crate) type Three = Option<bool>;

const T: Three = Some(true);
const F: Three = Some(false);
const U: Three = None;

fn not(a: Three) -> Three {
    match a {
        T => F,
        F => T,
        U => U,
    }
}

fn and(a: Three, b: Three) -> Three {
    match (a, b) {
        (T, T) => T,
        (F, T | F | U) | (T | U, F) => F,
        (T, U) | (U, T | U) => U,
    }
}

fn or(a: Three, b: Three) -> Three {
    match (a, b) {
        (F, F) => F,
        (T, T | F | U) | (F | U, T) => T,
        (F, U) | (U, F | U) => U,
    }
}

/// Whether the points reach the least in every way that the unknown can turn out, in none, or in some.
fn score(points: &[(i32, Three)], least: i64) -> Three {
    let mut sums = vec![0_i128];
    for (points, holds) in points {
        let points = i128::from(*points);
        let without = sums.clone();
        match *holds {
            T => sums.iter_mut().for_each(|sum| *sum += points),
            F => {}
            U => sums.extend(without.iter().map(|sum| sum + points)),
        }
    }
    let reach = sums.iter().filter(|sum| **sum >= i128::from(least)).count();
    if reach == sums.len() {
        T
    } else if reach == 0 {
        F
    } else {
        U
    }
}

impl Cells {
    pub(crate) fn cell(&self, row: usize) -> Option<Cell> {
        match self {
            Self::U32(cells) => cells[row].map(|cell| Cell::Number(f64::from(cell))),
            Self::I32(cells) => cells[row].map(|cell| Cell::Number(f64::from(cell))),
            Self::I64(cells) => cells[row].map(|cell| Cell::Number(cell as f64)),
            Self::F64(cells) => cells[row].map(Cell::Number),
            Self::Money(cells) => cells[row].map(|cell| Cell::Number(cell as f64 / 10_000.0)),
            Self::Time(cells) => cells[row].map(Cell::Time),
            Self::Text(cells) => cells[row].clone().filter(|text| !text.is_empty()).map(Cell::Text),
        }
    }
}

impl Sheet {
    pub(crate) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(crate) fn cells(&self, column: &str) -> &Cells {
        &self.columns.iter().find(|(name, _)| *name == column).unwrap().1
    }

    /// The values that are there, in ascending order.
    fn sorted(&self, column: &str) -> Vec<Cell> {
        let cells = self.cells(column);
        let mut known: Vec<Cell> = (0..self.len()).filter_map(|row| cells.cell(row)).collect();
        known.sort_by(compare);
        known
    }

    /// What a value stands for, learned from this sheet where it is learned. `None` where there is nothing to learn from.
    fn resolve(&self, column: &str, against: &Against, now: i64, clock: Clock) -> Option<Cell> {
        let known = || self.sorted(column);
        Some(match against {
            Against::Number(number) => Cell::Number(*number),
            Against::Text(text) => Cell::Text(text.clone()),
            Against::Days(days) => Cell::Time(now + i64::from(*days) * DAY),
            Against::Months(months) => Cell::Time(clock.months_after(now, i64::from(*months))),
            Against::Date { day, minute, ahead } => {
                let (year, month, day) = super::clock::date(*day);
                let civil = Civil { year, month, day, micros: minute.unwrap_or(0) * 60_000_000 };
                match ahead {
                    Some(ahead) => Cell::Time(Clock::Utc.instant(civil) - ahead * 60_000_000),
                    None => Cell::Time(clock.instant(civil)),
                }
            }
            Against::Percentile(percentile) => type_7(&known(), *percentile)?,
            Against::Top(customers) => {
                let known = known();
                let place = known.len().checked_sub(usize::try_from(*customers).unwrap_or(usize::MAX));
                known.get(place.unwrap_or(0))?.clone()
            }
            Against::Bottom(customers) => {
                let known = known();
                let last = known.len().checked_sub(1)?;
                known[usize::try_from(*customers - 1).unwrap_or(usize::MAX).min(last)].clone()
            }
        })
    }
}

/// Type 7 of Hyndman and Fan: at place `(n − 1)·p` of the sorted values, linear in between; times are rounded down.
fn type_7(sorted: &[Cell], percentile: f64) -> Option<Cell> {
    let last = sorted.len().checked_sub(1)?;
    // In whole ten-thousandths, so that the 28th percentile of 26 values after the first is the eighth and not nearly.
    let whole = percentile * 10_000.0;
    let place = if whole.fract() == 0.0 {
        let scaled = last as u128 * whole as u128;
        (scaled / 1_000_000) as f64 + (scaled % 1_000_000) as f64 / 1e6
    } else {
        percentile / 100.0 * last as f64
    };
    let low = place.floor() as usize;
    let high = (low + 1).min(sorted.len() - 1);
    let between = |low: f64, high: f64| {
        let (part, step) = (place - place.floor(), high - low);
        // The distance of two huge values may be too large to be a number.
        if step.is_finite() { low + part * step } else { low * (1.0 - part) + high * part }
    };
    Some(match (&sorted[low], &sorted[high]) {
        (Cell::Number(low), Cell::Number(high)) => Cell::Number(between(*low, *high)),
        (Cell::Time(low), Cell::Time(high)) => Cell::Time(between(*low as f64, *high as f64).floor() as i64),
        _ => panic!("texts have no percentile"),
    })
}

/// How two values of one kind compare: numbers as such, so that both zeros are one; texts by bytes.
fn compare(a: &Cell, b: &Cell) -> std::cmp::Ordering {
    match (a, b) {
        (Cell::Number(a), Cell::Number(b)) => a.partial_cmp(b).unwrap(),
        (Cell::Time(a), Cell::Time(b)) => a.cmp(b),
        (Cell::Text(a), Cell::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
        _ => panic!("{a:?} against {b:?}"),
    }
}

impl Compare {
    fn holds(self, a: &Cell, b: &Cell) -> bool {
        let ordering = compare(a, b);
        match self {
            Self::Eq => ordering.is_eq(),
            Self::Ne => ordering.is_ne(),
            Self::Lt => ordering.is_lt(),
            Self::Le => ordering.is_le(),
            Self::Gt => ordering.is_gt(),
            Self::Ge => ordering.is_ge(),
        }
    }
}

/// Letter by letter in lower case, both small sigmas as one.
fn lower(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).map(|letter| if letter == 'ς' { 'σ' } else { letter }).collect()
}

fn like(text: &str, place: Place, pattern: &str) -> bool {
    let (text, pattern): (Vec<char>, Vec<char>) = (text.chars().collect(), pattern.chars().collect());
    match place {
        Place::Anywhere => (0..=text.len()).any(|start| text[start..].starts_with(&pattern)),
        Place::Start => text.starts_with(&pattern),
        Place::End => text.ends_with(&pattern),
        Place::Whole => text == pattern,
    }
}

/// Whether a date comes round on one of some days from that of a moment on, by looking at each of them.
fn comes_round(born: Civil, now: Civil, days: u32) -> bool {
    let today = super::clock::day_number(now.year, now.month, now.day);
    (0..i64::from(days).min(1_500)).any(|ahead| {
        let (year, month, day) = super::clock::date(today + ahead);
        let is_leap_child = (born.month, born.day) == (2, 29);
        (month, day) == (born.month, born.day)
            || (is_leap_child && !is_leap(year) && (month, day) == (2, days_in(year, 2)))
    })
}

/// Everything an expression depends on: the sheet of the fit, that of the moment, and the rules by position.
pub(crate) struct Textbook<'s> {
    fitted: &'s Sheet,
    sheet: &'s Sheet,
    rules: &'s [Expr],
    /// What was learned so far, so that each is sorted for once.
    learned: RefCell<Vec<(&'static str, Against, Cell)>>,
}

impl<'s> Textbook<'s> {
    pub(crate) fn new(fitted: &'s Sheet, sheet: &'s Sheet, rules: &'s [Expr]) -> Self {
        Self { fitted, sheet, rules, learned: RefCell::default() }
    }

    fn bound(&self, column: &'static str, against: &Against) -> Cell {
        let mut learned = self.learned.borrow_mut();
        if let Some((.., cell)) = learned.iter().find(|(name, own, _)| *name == column && own == against) {
            return cell.clone();
        }
        let cell = self.fitted.resolve(column, against, self.sheet.now, self.sheet.clock);
        let cell = cell.expect("something to learn from");
        if matches!(against, Against::Percentile(_) | Against::Top(_) | Against::Bottom(_)) {
            learned.push((column, against.clone(), cell.clone()));
        }
        cell
    }

    /// What an expression is for a row.
    pub(crate) fn truth(&self, expr: &Expr, row: usize) -> Three {
        let of = |expr: &Expr| self.truth(expr, row);
        match expr {
            Expr::Everyone => T,
            Expr::NoOne => F,
            Expr::Not(own) => not(of(own)),
            Expr::And(all) => all.iter().map(of).fold(T, and),
            Expr::Or(any) => any.iter().map(of).fold(F, or),
            Expr::Score(points, least) => {
                let points: Vec<(i32, Three)> =
                    points.iter().map(|(points, own)| (*points, of(own))).collect();
                score(&points, *least)
            }
            Expr::Segment(rule) => of(&self.rules[*rule]),
            Expr::Bucket(salt, how, bound) => {
                Some(how.holds(&Cell::Number(share(salt, &self.sheet.ids[row])), &Cell::Number(*bound)))
            }
            Expr::Ask(column, ask) => self.ask(column, ask, row),
        }
    }

    fn ask(&self, column: &'static str, ask: &Ask, row: usize) -> Three {
        let cell = self.sheet.cells(column).cell(row);
        let (now, clock) = (self.sheet.now, self.sheet.clock);
        match ask {
            Ask::Missing => return Some(cell.is_none()),
            Ask::Present => return Some(cell.is_some()),
            _ => {}
        }
        let own = cell?;
        let is = |how: Compare, against: &Against| Some(how.holds(&own, &self.bound(column, against)));
        let from_until = |from: Against, until: Against| and(is(Compare::Ge, &from), is(Compare::Lt, &until));
        let ago = |count: u32| -(count as i32);
        match (ask, &own) {
            (Ask::Compare(how, against), _) => is(*how, against),
            (Ask::Between(low, high), _) => and(is(Compare::Ge, low), is(Compare::Le, high)),
            (Ask::FromUntil(low, high), _) => from_until(low.clone(), high.clone()),
            (Ask::In(values), _) => values.iter().map(|value| is(Compare::Eq, value)).fold(F, or),
            (Ask::NotIn(values), _) => not(values.iter().map(|value| is(Compare::Eq, value)).fold(F, or)),
            (Ask::Flag { equal, yes }, Cell::Number(number)) => Some(((*number != 0.0) == *yes) == *equal),
            (Ask::Like { place, text, any_case: true }, Cell::Text(own)) => {
                Some(like(&lower(own), *place, &lower(text)))
            }
            (Ask::Like { place, text, .. }, Cell::Text(own)) => Some(like(own, *place, text)),
            (Ask::WithinDays(days), _) => from_until(Against::Days(ago(*days)), Against::Days(0)),
            (Ask::WithinMonths(months), _) => from_until(Against::Months(ago(*months)), Against::Days(0)),
            (Ask::MoreThanDaysAgo(days), _) => is(Compare::Lt, &Against::Days(ago(*days))),
            (Ask::MoreThanMonthsAgo(months), _) => is(Compare::Lt, &Against::Months(ago(*months))),
            (Ask::InNextDays(days), _) => from_until(Against::Days(0), Against::Days(*days as i32)),
            (Ask::ThisMonth, Cell::Time(time)) => Some(clock.civil(*time).month == clock.civil(now).month),
            (Ask::InDays(days), Cell::Time(time)) => {
                Some(comes_round(clock.civil(*time), clock.civil(now), *days))
            }
            (ask, own) => panic!("{ask:?} of {own:?}"),
        }
    }
}

impl Expr {
    /// Every question in it, with its column.
    pub(crate) fn asks(&self) -> Vec<(&'static str, &Ask)> {
        match self {
            Self::Ask(column, ask) => vec![(column, ask)],
            Self::Not(own) => own.asks(),
            Self::And(own) | Self::Or(own) => own.iter().flat_map(Self::asks).collect(),
            Self::Score(own, _) => own.iter().flat_map(|(_, own)| own.asks()).collect(),
            Self::Everyone | Self::NoOne | Self::Segment(_) | Self::Bucket(..) => Vec::new(),
        }
    }

    pub(crate) fn refers(&self) -> bool {
        match self {
            Self::Segment(_) => true,
            Self::Not(own) => own.refers(),
            Self::And(own) | Self::Or(own) => own.iter().any(Self::refers),
            Self::Score(own, _) => own.iter().any(|(_, own)| own.refers()),
            Self::Everyone | Self::NoOne | Self::Ask(..) | Self::Bucket(..) => false,
        }
    }
}

impl Ask {
    pub(crate) fn values(&self) -> Vec<&Against> {
        match self {
            Self::Compare(_, one) => vec![one],
            Self::Between(low, high) | Self::FromUntil(low, high) => vec![low, high],
            Self::In(values) | Self::NotIn(values) => values.iter().collect(),
            _ => Vec::new(),
        }
    }

    /// Whether it needs a fit.
    pub(crate) fn is_learned(&self) -> bool {
        let learned =
            |value: &&Against| matches!(value, Against::Percentile(_) | Against::Top(_) | Against::Bottom(_));
        self.values().iter().any(learned)
    }
}
