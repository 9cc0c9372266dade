//! Which two windows are compared, checked once.

use crate::economics::revenue::change::{RevenueBySegment, RevenueChange, RevenueScope, RevenueWindow};
use crate::economics::revenue::walk::{Recorded, walk};
use crate::error::{Error, Result};
use crate::segment::Segmentation;
use crate::transaction::{AsOf, DAY, TransactionLog, Window};

/// What moved net revenue between two windows of time: customers, orders per customer, basket, discount, returns.
///
/// The module's page says what the parts mean.
///
/// ```
/// use kohort::economics::RevenueDrivers;
/// use kohort::synthetic::Shop;
/// use kohort::{FeatureExtractor, Segmenter, StarterSegments, Window};
///
/// let log = Shop::builder().customers(2_000).build()?.generate()?.log;
/// let as_of = log.as_of_end()?;
/// let drivers = RevenueDrivers::builder(Window::days_ago(180, 90), Window::days(90), as_of.clone()).build()?;
///
/// let shop = drivers.compare(&log);
/// println!("{shop}");
/// assert_eq!(shop.parts.total(), shop.after.net - shop.before.net);
///
/// let customers = FeatureExtractor::builder(as_of).build()?.extract(&log)?;
/// let segments = StarterSegments::builder().build()?.fit(&customers)?.segment(&customers)?;
/// let by_segment = drivers.compare_segments(&log, &segments)?;
/// assert_eq!(by_segment.shop, shop);
/// assert_eq!(by_segment.segments.iter().map(|segment| segment.change).sum::<kohort::MoneyTotal>(), shop.change);
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct RevenueDrivers {
    before: RevenueWindow,
    after: RevenueWindow,
    as_of: AsOf,
}

/// Builds [`RevenueDrivers`].
#[derive(Clone, Debug)]
pub struct RevenueDriversBuilder {
    before: Window,
    after: Window,
    as_of: AsOf,
}

impl RevenueDriversBuilder {
    /// The comparison.
    ///
    /// # Errors
    /// [`Error::Setting`] where a window is empty, or begins at `as_of` or later.
    pub fn build(self) -> Result<RevenueDrivers> {
        Ok(RevenueDrivers {
            before: resolve("before", self.before, &self.as_of)?,
            after: resolve("after", self.after, &self.as_of)?,
            as_of: self.as_of,
        })
    }
}

fn resolve(setting: &'static str, window: Window, as_of: &AsOf) -> Result<RevenueWindow> {
    let range = window.range(as_of).ok().filter(|range| range.start < range.end);
    let bounds = range.and_then(|range| {
        let at = |micros| AsOf::instant(micros, as_of.zone()).ok();
        Some((at(range.start)?, at(range.end)?, (range.end - range.start) as f64 / DAY as f64))
    });
    match bounds {
        Some((from, until, days)) => Ok(RevenueWindow { window, from, until, days }),
        None => Err(Error::Setting {
            setting,
            found: format!("{window} as of {as_of}"),
            expected: "a window of some length that begins before `as_of`, within years 1 to 9998",
        }),
    }
}

impl RevenueDrivers {
    /// Compares two windows, as known at a moment: lines at or after it, and returns of that time, are left out, and a
    /// window that reaches beyond it ends there.
    ///
    /// The windows may be of unequal length; the result says how long each is. They may overlap, as two rolling years
    /// do; what is in both counts in both. Neither has to be the earlier one.
    #[must_use]
    pub fn builder(before: Window, after: Window, as_of: AsOf) -> RevenueDriversBuilder {
        RevenueDriversBuilder { before, after, as_of }
    }

    /// What moved the shop's net revenue.
    ///
    /// A log without lines in the windows gives zeros. O(lines) time, and memory of the lines' needed columns.
    #[must_use]
    pub fn compare(&self, log: &TransactionLog) -> RevenueChange {
        let sums = walk(log, &self.windows(), self.as_of.micros(), 0, |_| 0);
        let [before, after] = [&self.before, &self.after];
        RevenueChange::new(RevenueScope::Shop, before, after, &sums.concat(), Recorded::of(log))
    }

    /// What moved the net revenue of each segment: one row per segment in the order of the names, and last the
    /// customers without one, who may not be in the segmentation at all.
    ///
    /// A customer is in the same segment in both windows. Segments that were made by what customers did in the later
    /// window show that again: for a forecast of who moves, make them as of its beginning. O(lines + customers · log).
    ///
    /// # Errors
    /// [`Error::Incompatible`] where the segmentation has none of the log's customers.
    pub fn compare_segments(
        &self,
        log: &TransactionLog,
        segments: &Segmentation,
    ) -> Result<RevenueBySegment> {
        let (customers, ids) = (log.customers(), segments.ids());
        let position = |key: u64| ids.position(&customers.id_of_key(key));
        if !log.is_empty() && !(0..log.len()).any(|row| position(customers.key(row)).is_some()) {
            return Err(Error::Incompatible {
                what: "the customers",
                left: format!("those of the log ({})", customers.kind()),
                right: format!("those of the segmentation ({} others)", ids.len()),
            });
        }
        let names = segments.names();
        let segment_of =
            |key: u64| position(key).and_then(|row| segments.position(row)).unwrap_or(names.len());
        let sums = walk(log, &self.windows(), self.as_of.micros(), names.len(), segment_of);
        let scopes = names.iter().cloned().map(RevenueScope::Segment).chain([RevenueScope::NoSegment]);
        let change =
            |scope, sums: &[_]| RevenueChange::new(scope, &self.before, &self.after, sums, Recorded::of(log));
        let changes = scopes.zip(&sums).map(|(scope, sums)| change(scope, sums)).collect();
        Ok(RevenueBySegment::new(change(RevenueScope::Shop, &sums.concat()), changes))
    }

    fn windows(&self) -> [std::ops::Range<i64>; 2] {
        [&self.before, &self.after].map(|window| window.from.micros()..window.until.micros())
    }
}
