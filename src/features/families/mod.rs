//! The families of features: one file each, all run in the same pass.

mod assortment;
mod breadth;
mod prices;
mod returns;
mod rhythm;
mod shop;

pub use breadth::{Breadth, BreadthBuilder};
pub(crate) use prices::Prices;
pub(crate) use returns::ReturnHabits;
pub(crate) use rhythm::Rhythm;
