//! Which few segments to work on: the most valuable choice under limits of number, size, reach, returns and overlap.
//!
//! A [`Candidate`] is a segment of a plan or an audience of rules with what it is worth; a [`Portfolio`] holds the limits;
//! [`Portfolio::choose`] finds the best [`Choice`] and says what each limit costs.

mod builder;
mod candidate;
mod choice;
mod choose;
mod search;

pub use builder::{Constraint, HowMany, Portfolio, PortfolioBuilder};
pub use candidate::Candidate;
pub use choice::{Choice, Chosen, LeftOut, Relaxation};

/// The customers that two audiences share, as a part of the smaller one; `None` where members are not known of both or one
/// has none.
fn overlap(one: &Candidate, other: &Candidate) -> Option<f64> {
    let (a, b) = (one.members.as_ref()?, other.members.as_ref()?);
    let smaller = a.count().min(b.count());
    (smaller > 0).then(|| a.and_count(b) as f64 / smaller as f64)
}
