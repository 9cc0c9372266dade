//! The families of features: one file each, all run in the same pass.

mod calendar;
mod channel;
mod life_cycle;
mod rhythm;
mod trend;

pub use calendar::{Calendar, CalendarBuilder, Hemisphere, Weekday};
pub(crate) use channel::Channels;
pub use life_cycle::{LifeCycle, LifeCycleBuilder};
pub(crate) use rhythm::Rhythm;
pub use trend::{Trend, TrendBuilder};
