//! What every template is inside, and what settings have to be.

use crate::error::{Error, Result};
use crate::segment::rules::Predicate;

/// A hundred years.
const MOST_DAYS: u32 = 36_525;

/// The inside of a template: its settings are checked before the predicate is made of them.
pub(super) trait Template {
    fn title(&self) -> String;
    fn check(&self) -> Result<()>;
    fn rule(&self) -> Predicate;
}

/// The methods that all templates have.
macro_rules! templates {
    ($($template:ident),*) => {
        $(impl $template {
            /// A name for the segment.
            #[must_use]
            pub fn name(&self) -> String {
                Template::title(self)
            }

            /// For whom it is.
            ///
            /// # Errors
            /// [`Error::Setting`](crate::Error::Setting) for a setting out of range.
            pub fn predicate(&self) -> crate::Result<Predicate> {
                self.check()?;
                Ok(self.rule())
            }
        })*
    };
}

pub(super) use templates;

/// From a day to a hundred years.
pub(super) fn days(setting: &'static str, days: u32) -> Result<()> {
    check((1..=MOST_DAYS).contains(&days), setting, days, "from 1 day to a hundred years")
}

/// A number of days that comes after another.
pub(super) fn days_after(
    setting: &'static str,
    days: u32,
    before: u32,
    expected: &'static str,
) -> Result<()> {
    check(before < days && days <= MOST_DAYS, setting, days, expected)
}

pub(super) fn at_least_one(setting: &'static str, count: u32) -> Result<()> {
    check(count >= 1, setting, count, "at least 1")
}

pub(super) fn share(setting: &'static str, share: f64) -> Result<()> {
    let holds = share.is_finite() && share > 0.0 && share <= 1.0;
    check(holds, setting, share, "a share above 0 and at most 1")
}

pub(super) fn percentile(setting: &'static str, percentile: f64) -> Result<()> {
    let holds = percentile.is_finite() && percentile > 0.0 && percentile < 100.0;
    check(holds, setting, percentile, "a percentile between 0 and 100")
}

pub(super) fn text(setting: &'static str, text: &str) -> Result<()> {
    check(!text.trim().is_empty(), setting, format_args!("`{text}`"), "a text")
}

pub(super) fn check(
    holds: bool,
    setting: &'static str,
    found: impl std::fmt::Display,
    expected: &'static str,
) -> Result<()> {
    if holds { Ok(()) } else { Err(Error::Setting { setting, found: found.to_string(), expected }) }
}
