//! How to spend a budget: over segments, or over segments and channels, until the last unit earns the same everywhere.
//!
//! [`ResponseCurve`] says what spending brings, [`BudgetLine`] what that is worth and where floors and caps are, and
//! [`Budget::allocate`] spreads the money; [`Allocation`] is the answer, with what binds it and what an equal split or
//! today's spending would earn.

mod allocation;
mod builder;
mod curve;
mod envelope;
mod line;
mod network;
mod problem;
mod solve;

pub use allocation::{Allocation, Binding, LineAllocation, OtherSplit};
pub use builder::{Budget, BudgetBuilder, Spend};
pub use curve::ResponseCurve;
pub use line::{BudgetLimit, BudgetLine, BudgetPart};
