//! The best so many of a pool under a limit on a sum: `max Σ s_i` over sets of `N` with `Σ a_i ≤ 0`.
//!
//! An audience of a size that resembles the seeds most and whose value-weighted return rate stays under a cap `ρ` is
//! of this kind, with `a = v(r − ρ)` the returns of a customer beyond what the cap allows her demand; a floor `f`
//! under the mean contribution is, with `a = f − c`. [`Candidates`] takes any two columns of numbers.
//!
//! The linear relaxation of the problem is solved by one number, the price `λ` of excess: those with the largest `s −
//! λa` are chosen. A set of whole customers found that way uses the limit up but for less than one customer is worth;
//! where many are equal, whole groups are worth the same, and of them as many are taken as the limit leaves room for;
//! exchanges of one member for one other use up most of what is left, and where few are chosen the sets that could still be
//! better are counted through. What the relaxation reaches is handed out as a bound, so that anyone can see how
//! little is left. Lagrange multipliers for such choices: Everett (Operations Research 1963).

mod branch;
mod candidates;
mod finish;
mod flips;
mod grid;
mod multiplier;
mod near;
mod pairs;
mod pool;
mod swap;
#[cfg(test)]
mod tests;
mod walk;

pub use candidates::{Candidates, Plain, Selection, select};

pub(crate) use candidates::{Outcome, best, choose};
pub(crate) use grid::excess_of;
