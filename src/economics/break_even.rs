//! How much of its sales a group can send back before it earns nothing, and what one point of return rate is worth.

use serde::Serialize;

use crate::economics::waterfall::{Item, Waterfall};

/// Contribution as a straight line over the return rate, everything else as it is.
///
/// With demand `D`, returns `R` at rate `r = R / D`, and `L` the margin lost to returns (price given back less the
/// cost of goods that came back, plus write-down and handling), the last known margin `M` follows
///
/// ```text
/// M(r') = M + L − (L / r) · r'        break-even r* = (M + L) / (L / r)        one point = −(L / r) / 100
/// ```
///
/// This is `r* = (m − f − g) / (m + h + ω)` per piece, with margin `m`, fulfilment and payment `f`, marketing `g`,
/// handling `h` and write-down `ω`, summed over everything sold. A group that has sent nothing back takes its `L / R`
/// from the shop.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize)]
pub struct BreakEven {
    /// The return rate at which the last known margin is zero. Below zero for a group that loses money even if
    /// nothing comes back, above one for a group that earns even if everything does. `None` where returns are not
    /// known, nothing was charged, or returns cost nothing.
    pub rate: Option<f64>,
    /// What one more percentage point of return rate changes in the last known margin, in currency units. `None`
    /// where [`BreakEven::rate`] is.
    pub value_of_point: Option<f64>,
}

impl BreakEven {
    /// Of a group within a shop. O(1).
    #[must_use]
    pub fn of(group: &Waterfall, shop: &Waterfall) -> Self {
        Self::line(group, shop).unwrap_or_default()
    }

    fn line(group: &Waterfall, shop: &Waterfall) -> Option<Self> {
        let demand = group.demand().to_f64();
        let lost = group.lost_to_returns()?.to_f64();
        // L / r = (L / R) · D: what it would cost if everything came back.
        let lost_per_returned = [group, shop].into_iter().find_map(|waterfall| {
            let returns = waterfall.get(Item::Returns)?.to_f64();
            (returns > 0.0).then_some(waterfall.lost_to_returns()?.to_f64() / returns)
        })?;
        let if_all_came_back = lost_per_returned * demand;
        (if_all_came_back > 0.0).then(|| Self {
            rate: Some((group.last_margin().to_f64() + lost) / if_all_came_back),
            value_of_point: Some(-if_all_came_back / 100.0),
        })
    }
}
