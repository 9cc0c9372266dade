//! The families of features: one file each, all run in the same pass.

mod assortment;
mod breadth;
mod calendar;
mod channel;
mod exposure;
mod life_cycle;
mod prices;
mod returns;
mod rhythm;
mod shop;
mod trend;

pub use breadth::{Breadth, BreadthBuilder};
pub use calendar::{Calendar, CalendarBuilder, Hemisphere, Weekday};
pub(crate) use channel::Channels;
pub use exposure::Exposure;
pub use life_cycle::{LifeCycle, LifeCycleBuilder};
pub(crate) use prices::Prices;
pub(crate) use returns::ReturnHabits;
pub(crate) use rhythm::Rhythm;
pub use trend::{Trend, TrendBuilder};
