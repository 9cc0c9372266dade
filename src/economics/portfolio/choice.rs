//! The answer: what is chosen, what that is worth, what holds it back.

use std::fmt;

use serde::Serialize;

use crate::economics::plan::units;
use crate::economics::portfolio::Candidate;
use crate::economics::portfolio::builder::Constraint;
use crate::layout::{TextTable, grouped, percent};

/// A segment that is chosen.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Chosen {
    /// Its name.
    pub segment: String,
    /// What choosing it is worth.
    pub worth: f64,
    /// Its customers.
    pub customers: u64,
    /// Those that can be addressed; `None` where that is not known.
    pub reach: Option<u64>,
    /// Its return rate by value; `None` where that is not known.
    pub return_rate: Option<f64>,
}

impl Chosen {
    pub(super) fn of(candidate: &Candidate) -> Self {
        Self {
            segment: candidate.name.clone(),
            worth: candidate.worth,
            customers: candidate.customers,
            reach: candidate.reach,
            return_rate: candidate.returns.map(|(_, rate)| rate),
        }
    }
}

/// A candidate that could not be chosen whatever else was.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct LeftOut {
    /// Its name.
    pub segment: String,
    /// Why, with the numbers.
    pub reason: String,
}

/// What relaxing a limit by one would gain.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Relaxation {
    /// The limit.
    pub constraint: Constraint,
    /// What it would be; `None` where it would be lifted.
    pub relaxed_to: Option<Constraint>,
    /// How much more the best choice would then be worth.
    pub gain: f64,
    /// That choice, by name.
    pub chosen: Vec<String>,
}

/// The best choice of segments. Made by [`Portfolio::choose`](crate::economics::Portfolio::choose).
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Choice {
    /// What is chosen, the most valuable first, of equals the first by name.
    pub chosen: Vec<Chosen>,
    /// What that is worth together.
    pub worth: f64,
    /// The return rate of all chosen together, by value; `None` where it is not known of all, or nothing was bought.
    pub return_rate: Option<f64>,
    /// Candidates that a limit on each rules out, by name.
    pub left_out: Vec<LeftOut>,
    /// The limits that hold the choice back, those that cost most first.
    pub binding: Vec<Relaxation>,
    /// How many cases the search looked at.
    pub cases: u64,
}

impl Choice {
    /// The names of what is chosen, in its order.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        self.chosen.iter().map(|chosen| chosen.segment.as_str()).collect()
    }
}

impl fmt::Display for Choice {
    /// The chosen segments, what holds the choice back, and what was left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |number: Option<u64>| number.map_or_else(|| "–".to_owned(), grouped);
        let mut table = TextTable::new(&["<segment", "worth", "customers", "addressable", "return rate"]);
        for chosen in &self.chosen {
            let (worth, customers) = (units(chosen.worth), grouped(chosen.customers));
            let cells = [worth, customers, count(chosen.reach), percent(chosen.return_rate)];
            table.row([chosen.segment.clone()].into_iter().chain(cells));
        }
        table.rule();
        let customers: u64 = self.chosen.iter().map(|chosen| chosen.customers).sum();
        let reach: Option<Vec<u64>> = self.chosen.iter().map(|chosen| chosen.reach).collect();
        let cells = [
            units(self.worth),
            grouped(customers),
            count(reach.map(|all| all.iter().sum())),
            percent(self.return_rate),
        ];
        table.row(["all".to_owned()].into_iter().chain(cells));
        write!(f, "{table}")?;
        for limit in &self.binding {
            let (gain, chosen) = (units(limit.gain), limit.chosen.join(", "));
            let held = &limit.constraint;
            match &limit.relaxed_to {
                Some(to) => writeln!(f, "  Held by {held}: {to} would bring {gain} more ({chosen}).")?,
                None => writeln!(f, "  Held by {held}: lifted, it would bring {gain} more ({chosen}).")?,
            }
        }
        for left in &self.left_out {
            writeln!(f, "  Left out: {} {}.", left.segment, left.reason)?;
        }
        Ok(())
    }
}
