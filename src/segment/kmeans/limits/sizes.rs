//! What a user says of the sizes that segments may have, checked once.

use crate::error::{Error, Result};

/// A number of customers, or a share of all customers in the fit.
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
pub enum SegmentSize {
    /// A share, above 0 and at most 1.
    Share(f64),
    /// A number of customers, at least 1.
    Customers(u64),
}

/// How segments are brought within their limits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub enum LimitMethod {
    /// As many segments as asked for, with borders that are shifted by a price per segment. Each customer is where she
    /// fits best under the limits, so some near a border are in their second best segment.
    #[default]
    Prices,
    /// Fewer segments, with borders as they come: a segment below the minimum is merged into the one it costs least to
    /// merge with (Ward). Knows a minimum alone.
    Merging,
}

/// The least and the most customers that a segment may have.
///
/// The limits hold for the customers of the fit, to the customer. A share becomes whole customers in the direction that
/// is easier to hold: the minimum is rounded down and the maximum up, so that `Share(1.0 / k)` can be both for any
/// number of customers. Customers count, not their weights.
///
/// **Next month.** With [`LimitMethod::Prices`], the prices are part of the model: a new customer goes to the segment
/// with the least squared distance less price, which is how those of the fit were placed. New customers from the same
/// population fill a segment of share p to p within about `2 √(p (1 − p) / n)`, for instance 10 % ± 0.06 points for a
/// million. A population that has changed fills segments differently, and nothing holds it back; when a size leaves the
/// limits by more than you can bear, fit again.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct SizeLimits {
    settings: SizeLimitsBuilder,
}

/// Settings of [`SizeLimits`].
#[derive(Clone, Copy, PartialEq, Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct SizeLimitsBuilder {
    minimum: Option<SegmentSize>,
    maximum: Option<SegmentSize>,
    method: LimitMethod,
}

/// Limits in whole customers; `k · least ≤ n ≤ k · most`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Bounds {
    pub(crate) least: u64,
    pub(crate) most: u64,
}

impl SizeLimits {
    /// Begins limits.
    pub fn builder() -> SizeLimitsBuilder {
        SizeLimitsBuilder { minimum: None, maximum: None, method: LimitMethod::Prices }
    }

    /// How segments are brought within the limits.
    #[must_use]
    pub fn method(&self) -> LimitMethod {
        self.settings.method
    }

    /// The limits for so many segments of so many customers.
    ///
    /// # Errors
    /// [`Error::Setting`] for `minimum` or `maximum`, whichever cannot hold.
    pub(crate) fn bounds(&self, segments: usize, customers: usize) -> Result<Bounds> {
        let (n, k) = (customers as u64, segments as u64);
        let SizeLimitsBuilder { minimum, maximum, method } = self.settings;
        let refused = |setting, size: SegmentSize, limit: u64, expected| {
            let found = format!("{} for {k} segments of {n} customers", size.in_words(limit));
            Err(Error::Setting { setting, found, expected })
        };
        let least = minimum.map_or(0, |size| size.rounded_down(n));
        let most = maximum.map_or(n, |size| size.rounded_up(n)).min(n);
        // Merging brings the number of segments down until the minimum holds.
        let segments_left = if method == LimitMethod::Merging { 1 } else { k };
        match (minimum, maximum) {
            (Some(size), _) if u128::from(least) * u128::from(segments_left) > u128::from(n) => refused(
                "minimum",
                size,
                least,
                "a minimum that all segments can have at once; ask for fewer segments or a lower minimum",
            ),
            (_, Some(size)) if u128::from(most) * u128::from(k) < u128::from(n) => refused(
                "maximum",
                size,
                most,
                "a maximum that leaves room for all customers; ask for more segments or a higher maximum",
            ),
            (Some(size), Some(_)) if least > most => {
                refused("minimum", size, least, "a minimum that is not above the maximum")
            }
            _ => Ok(Bounds { least, most }),
        }
    }
}

impl SizeLimitsBuilder {
    /// The least size of a segment. Defaults to none.
    pub fn minimum(mut self, size: SegmentSize) -> Self {
        self.minimum = Some(size);
        self
    }

    /// The greatest size of a segment; not for [`LimitMethod::Merging`]. Defaults to none.
    pub fn maximum(mut self, size: SegmentSize) -> Self {
        self.maximum = Some(size);
        self
    }

    /// How segments are brought within the limits. Defaults to [`LimitMethod::Prices`].
    pub fn method(mut self, method: LimitMethod) -> Self {
        self.method = method;
        self
    }

    /// Checks the settings. Whether limits can hold for a number of segments and customers, the fit finds.
    ///
    /// # Errors
    /// [`Error::Setting`].
    pub fn build(self) -> Result<SizeLimits> {
        for (setting, size) in [("minimum", self.minimum), ("maximum", self.maximum)] {
            let (holds, found, expected) = match size {
                Some(SegmentSize::Share(share)) => (
                    share.is_finite() && share > 0.0 && share <= 1.0,
                    format!("a share of {share}"),
                    "a share above 0 and at most 1",
                ),
                Some(SegmentSize::Customers(count)) => {
                    (count >= 1, format!("{count} customers"), "at least 1 customer")
                }
                None => continue,
            };
            if !holds {
                return Err(Error::Setting { setting, found, expected });
            }
        }
        let above = match (self.minimum, self.maximum) {
            (Some(SegmentSize::Share(least)), Some(SegmentSize::Share(most))) => least > most,
            (Some(SegmentSize::Customers(least)), Some(SegmentSize::Customers(most))) => least > most,
            _ => false,
        };
        if above {
            return Err(Error::Setting {
                setting: "minimum",
                found: "above the maximum".to_owned(),
                expected: "a minimum that is not above the maximum",
            });
        }
        if self.method == LimitMethod::Merging && self.maximum.is_some() {
            return Err(Error::Setting {
                setting: "maximum",
                found: "set together with merging".to_owned(),
                expected: "no maximum, since merging makes segments larger; use `LimitMethod::Prices`",
            });
        }
        Ok(SizeLimits { settings: self })
    }
}

impl SegmentSize {
    fn rounded_down(self, customers: u64) -> u64 {
        match self {
            Self::Share(share) => whole(share, customers).unwrap_or((share * customers as f64) as u64),
            Self::Customers(count) => count,
        }
    }

    fn rounded_up(self, customers: u64) -> u64 {
        match self {
            Self::Share(share) => whole(share, customers).unwrap_or((share * customers as f64).ceil() as u64),
            Self::Customers(count) => count,
        }
    }

    fn in_words(self, limit: u64) -> String {
        match self {
            Self::Share(share) => format!("a share of {share} ({limit} customers)"),
            Self::Customers(_) => format!("{limit} customers"),
        }
    }
}

/// The share in whole customers, where it is that up to rounding: 0.29 of 100 is 29, though the floats say 28.999….
fn whole(share: f64, customers: u64) -> Option<u64> {
    let exact = share * customers as f64;
    let nearest = exact.round();
    ((exact - nearest).abs() <= 4.0 * f64::EPSILON * nearest).then_some(nearest as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use SegmentSize::{Customers, Share};

    fn refusal(limits: SizeLimitsBuilder) -> String {
        limits.build().unwrap_err().to_string()
    }

    #[test]
    fn settings_out_of_range_are_refused() {
        let new = SizeLimits::builder;
        for share in [0.0, -0.1, 1.001, f64::NAN, f64::INFINITY] {
            assert!(refusal(new().minimum(Share(share))).starts_with("setting `minimum` is a share of "));
            assert!(refusal(new().maximum(Share(share))).starts_with("setting `maximum` is a share of "));
        }
        assert!(refusal(new().minimum(Customers(0))).contains("expected at least 1 customer"));
        assert!(refusal(new().minimum(Share(0.5)).maximum(Share(0.4))).contains("above the maximum"));
        assert!(refusal(new().minimum(Customers(5)).maximum(Customers(4))).contains("above the maximum"));
        let merging = new().maximum(Share(0.5)).method(LimitMethod::Merging);
        assert!(refusal(merging).starts_with("setting `maximum` is set together with merging"));
    }

    #[test]
    fn shares_become_customers_in_the_direction_that_is_easier_to_hold() {
        let third =
            SizeLimits::builder().minimum(Share(1.0 / 3.0)).maximum(Share(1.0 / 3.0)).build().unwrap();
        assert_eq!(third.bounds(3, 10).unwrap(), Bounds { least: 3, most: 4 });
        assert_eq!(third.bounds(3, 9).unwrap(), Bounds { least: 3, most: 3 });
        for (share, customers) in [(0.29, 29), (0.07, 7), (0.58, 58), (0.57, 57)] {
            assert_eq!(Share(share).rounded_down(100), customers);
            assert_eq!(Share(share).rounded_up(100), customers);
        }
        let none = SizeLimits::builder().build().unwrap();
        assert_eq!(none.bounds(3, 10).unwrap(), Bounds { least: 0, most: 10 });
    }

    #[test]
    fn limits_that_cannot_hold_are_named() {
        let limits = |least, most| SizeLimits::builder().minimum(least).maximum(most).build().unwrap();
        let refused = limits(Customers(26), Share(1.0)).bounds(4, 100).unwrap_err().to_string();
        assert!(refused.starts_with("setting `minimum` is 26 customers for 4 segments of 100"), "{refused}");
        let refused = limits(Customers(1), Share(0.24)).bounds(4, 100).unwrap_err().to_string();
        assert!(
            refused.starts_with("setting `maximum` is a share of 0.24 (24 customers) for 4"),
            "{refused}"
        );
        let refused = limits(Customers(30), Share(0.25)).bounds(4, 100).unwrap_err().to_string();
        assert!(refused.starts_with("setting `minimum` is 30 customers"), "{refused}");
        let refused =
            limits(Customers(u64::MAX), Customers(u64::MAX)).bounds(4, 100).unwrap_err().to_string();
        assert!(refused.starts_with("setting `minimum`"), "{refused}");
        let merging =
            SizeLimits::builder().minimum(Customers(90)).method(LimitMethod::Merging).build().unwrap();
        assert_eq!(merging.bounds(4, 100).unwrap().least, 90);
        assert!(merging.bounds(4, 80).is_err());
    }
}
