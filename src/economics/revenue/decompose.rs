//! A change of net revenue, split among the factors that net revenue is the product of.
//!
//! ```text
//! net = customers × orders / customer × gross / order × paid / gross × kept / paid − excess
//! ```
//!
//! where `paid = gross − discount`, `kept = paid − returned`, and `excess` is what came back beyond all that was paid
//! in the window: it cannot be of the window's own sales and does not grow with them, so it stands beside the product
//! and belongs to the returns alone. Without it a window with few sales and many late returns would have a "return rate"
//! of thousands of per cent, and the parts would be huge and cancel each other.
//!
//! The part of a factor is its Shapley value: what its change adds to the product, as a mean over all 120 orders in
//! which the five factors could have changed one after the other. It is exact, treats all factors alike, and turns its
//! sign when the windows are swapped; a factor that did not change has no part.
//!
//! Rejected alternatives:
//!
//! - *The logarithmic mean (LMDI).* As exact and as symmetric, and preferred in energy studies (Ang 2004) because
//!   it is consistent in aggregation. But it takes logarithms of factors: a window without orders or one in which
//!   everything came back has none, and putting a small number in the place of zero can go far wrong (Wood and Lenzen
//!   2006). In shops and small segments zeros are daily bread.
//! - *One factor after the other*, as a price-volume analysis does: another order of the factors gives other parts.
//! - *All else as before*: what factors do together is left over as a residual that belongs to nobody.
//!
//! L. S. Shapley, A value for n-person games (1953); J. Albrecht, D. François, K. Schoors, A Shapley decomposition of
//! carbon emissions without residuals, Energy Policy 30 (2002), 727–736, doi:10.1016/S0301-4215(01)00131-8; B. W. Ang,
//! Decomposition analysis for policymaking in energy, Energy Policy 32 (2004), 1131–1139; R. Wood, M. Lenzen, Zero-value
//! problems of the logarithmic mean Divisia index, Energy Policy 34 (2006), 1326–1331; P. de Boer, J. Rodrigues,
//! Decomposition analysis: when to use which method?, Economic Systems Research (2019),
//! doi:10.1080/09535314.2019.1652571.

use std::array::from_fn;

/// Customers, orders per customer, basket, discount, returns.
const FACTORS: usize = 5;
const CUSTOMERS: usize = 0;
const BASKET: usize = 2;
const RETURNS: usize = 4;

/// Of the 120 orders of five factors, how many change a given set of 0 to 4 others before a given one; in units of 2,
/// so that they add up to 60 over all sets.
const ORDERS_OF_CHANGE: [f64; FACTORS] = [12.0, 3.0, 2.0, 3.0, 12.0];

/// The exact sums of one window. Money in ten-thousandths.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Totals {
    pub(super) customers: u64,
    pub(super) orders: u64,
    pub(super) gross: i128,
    pub(super) discount: i128,
    pub(super) returned: i128,
}

impl Totals {
    pub(super) fn paid(&self) -> i128 {
        self.gross - self.discount
    }

    pub(super) fn net(&self) -> i128 {
        self.paid() - self.returned
    }

    /// What came back beyond all that was paid.
    fn excess(&self) -> i128 {
        (self.returned - self.paid()).max(0)
    }

    /// What of the sales was kept: the product of the factors.
    fn kept(&self) -> i128 {
        self.net() + self.excess()
    }

    /// The factors; `None` where there is nothing to take a ratio of.
    fn factors(&self) -> [Option<f64>; FACTORS] {
        let (customers, orders) = (i128::from(self.customers), i128::from(self.orders));
        [
            Some(self.customers as f64),
            ratio(orders, customers),
            ratio(self.gross, orders),
            ratio(self.paid(), self.gross),
            ratio(self.kept(), self.paid()),
        ]
    }
}

/// `None` of nothing.
pub(super) fn ratio(part: i128, whole: i128) -> Option<f64> {
    (whole != 0).then(|| part as f64 / whole as f64)
}

/// The parts of a change, in ten-thousandths; they add up to it.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Parts {
    /// The part of the number of customers is the sum of these two.
    pub(super) gained: i128,
    pub(super) lost: i128,
    pub(super) orders_per_customer: i128,
    pub(super) basket: i128,
    pub(super) discount: i128,
    pub(super) returns: i128,
}

impl Parts {
    /// Splits the change from one window to the other, between which customers were gained and lost. Both windows
    /// swapped, every part has the other sign, and gained and lost change places.
    pub(super) fn of(before: &Totals, after: &Totals, gained: u64, lost: u64) -> Self {
        let (earlier, later) = (before.factors(), after.factors());
        // A ratio of nothing is unknown; it is taken as in the other window, so that it has no part.
        let factors: [(f64, f64); FACTORS] = from_fn(|factor| {
            let (earlier, later) = (earlier[factor], later[factor]);
            let known = earlier.or(later).unwrap_or_default();
            (earlier.unwrap_or(known), later.unwrap_or(known))
        });
        let slopes: [f64; FACTORS] = from_fn(|factor| mean_of_others(&factors, factor));
        let exact = from_fn(|factor| (factors[factor].1 - factors[factor].0) * slopes[factor]);
        let parts = rounded(exact, after.kept() - before.kept());
        let (gained, lost) =
            split(parts[CUSTOMERS], gained as f64 * slopes[CUSTOMERS], -(lost as f64) * slopes[CUSTOMERS]);
        Self {
            gained,
            lost,
            orders_per_customer: parts[1],
            basket: parts[BASKET],
            discount: parts[3],
            returns: parts[RETURNS] + before.excess() - after.excess(),
        }
    }
}

/// The mean product of all factors but one, over all orders of change: the slope of net revenue in that one.
fn mean_of_others(factors: &[(f64, f64); FACTORS], factor: usize) -> f64 {
    let product = |changed: usize| -> f64 {
        let others = factors.iter().enumerate().filter(|(other, _)| *other != factor);
        let value = |(bit, (_, (before, after))): (usize, (usize, &(f64, f64)))| {
            if changed >> bit & 1 == 1 { *after } else { *before }
        };
        others.enumerate().map(value).product()
    };
    // A set and its complement weigh the same. Added up in pairs, nothing is rounded otherwise when windows swap.
    let pairs = (0..8_usize).map(|changed| {
        ORDERS_OF_CHANGE[changed.count_ones() as usize] * (product(changed) + product(15 - changed))
    });
    pairs.sum::<f64>() / 60.0
}

/// Whole parts of a whole, each next to its exact value: those with the largest remainders take what rounding left.
/// A part of exactly nothing stays so.
fn rounded(exact: [f64; FACTORS], whole: i128) -> [i128; FACTORS] {
    let mut parts = exact.map(|part| part.round() as i128);
    let left = whole - parts.iter().sum::<i128>();
    let mut takers: Vec<usize> = (0..FACTORS).filter(|factor| exact[*factor] != 0.0).collect();
    if takers.is_empty() {
        // Sums beyond the precision of a float, whose ratios look the same: their money moved, and nothing else.
        takers.push(BASKET);
    }
    takers.sort_by(|a, b| remainder(exact[*b], left).total_cmp(&remainder(exact[*a], left)));
    let (each, more) = (left / takers.len() as i128, left.unsigned_abs() % takers.len() as u128);
    for (place, taker) in takers.into_iter().enumerate() {
        parts[taker] += each + if (place as u128) < more { left.signum() } else { 0 };
    }
    parts
}

/// How far an exact value lies beyond the nearest whole number, in the direction of `left`.
fn remainder(exact: f64, left: i128) -> f64 {
    (exact - exact.round()) * left.signum() as f64
}

/// The whole part of the customers, split into that of those gained and of those lost.
fn split(whole: i128, gained: f64, lost: f64) -> (i128, i128) {
    let (up, down) = (gained.round() as i128, lost.round() as i128);
    let left = whole - up - down;
    let by_remainder = remainder(gained, left).total_cmp(&remainder(lost, left));
    // Of equal remainders the larger part takes it, whichever of the two that is: windows can swap.
    let first = by_remainder.then(gained.abs().total_cmp(&lost.abs())).is_ge();
    if lost == 0.0 || (gained != 0.0 && first) { (up + left, down) } else { (up, down + left) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn totals(customers: u64, orders: u64, gross: i128, discount: i128, returned: i128) -> Totals {
        Totals { customers, orders, gross, discount, returned }
    }

    fn sum(parts: &Parts) -> i128 {
        parts.gained + parts.lost + parts.orders_per_customer + parts.basket + parts.discount + parts.returns
    }

    /// Net revenue with each factor from the window that `of` names, times a denominator that all such products
    /// share: whole numbers only. For windows with orders in which nobody sent back more than was bought.
    fn product(windows: [&Totals; 2], of: [usize; FACTORS]) -> i128 {
        let at = |factor: usize| windows[of[factor]];
        let other = |factor: usize| windows[1 - of[factor]];
        let n = |t: &Totals| i128::from(t.customers);
        let o = |t: &Totals| i128::from(t.orders);
        n(at(0))
            * o(at(1))
            * n(other(1))
            * at(2).gross
            * o(other(2))
            * at(3).paid()
            * other(3).gross
            * at(4).net()
            * other(4).paid()
    }

    /// The parts as fractions of one denominator, by going through all 120 orders.
    fn in_every_order(before: &Totals, after: &Totals) -> ([i128; FACTORS], i128) {
        let mut parts = [0; FACTORS];
        let mut orders = vec![vec![]];
        for _ in 0..FACTORS {
            orders = orders
                .into_iter()
                .flat_map(|order: Vec<usize>| {
                    let next = (0..FACTORS).filter(|factor| !order.contains(factor)).collect::<Vec<_>>();
                    next.into_iter().map(move |factor| [&order[..], &[factor]].concat())
                })
                .collect();
        }
        assert_eq!(orders.len(), 120);
        for order in orders {
            let mut of = [0; FACTORS];
            for factor in order {
                let earlier = product([before, after], of);
                of[factor] = 1;
                parts[factor] += product([before, after], of) - earlier;
            }
        }
        let windows = [before, after];
        let denominator = windows.iter().fold(120, |product, window| {
            product * i128::from(window.customers) * i128::from(window.orders) * window.gross * window.paid()
        });
        (parts, denominator)
    }

    fn window() -> impl Strategy<Value = Totals> {
        (1_u64..20, 0_u64..20, 1_i128..60_000, 0_i128..=99, 0_i128..=100).prop_map(
            |(customers, more_orders, gross, discount, returned)| {
                let discount = gross * discount / 100;
                let returned = (gross - discount) * returned / 100;
                totals(customers, customers + more_orders, gross, discount, returned)
            },
        )
    }

    fn any_window() -> impl Strategy<Value = Totals> {
        let nothing_bought = (0_i128..100_000).prop_map(|returned| totals(0, 0, 0, 0, returned));
        let all_taken_off = (1_u64..9, 1_i128..100_000, 0_i128..100_000)
            .prop_map(|(customers, gross, returned)| totals(customers, customers, gross, gross, returned));
        let back = (window(), 0_i128..1_000_000)
            .prop_map(|(window, more)| Totals { returned: window.returned + more, ..window });
        let large = (window(), 1_i128..1 << 70).prop_map(|(window, factor)| Totals {
            gross: window.gross * factor,
            discount: window.discount * factor,
            returned: window.returned * factor,
            ..window
        });
        prop_oneof![4 => window(), 1 => nothing_bought, 1 => all_taken_off, 1 => back, 1 => large]
    }

    proptest! {
        #[test]
        fn parts_are_those_of_all_orders_in_exact_arithmetic(before in window(), after in window()) {
            let gained = after.customers;
            let parts = Parts::of(&before, &after, gained, before.customers);
            let (exact, denominator) = in_every_order(&before, &after);
            prop_assert_eq!(exact.iter().sum::<i128>(), (after.net() - before.net()) * denominator);
            let found = [
                parts.gained + parts.lost,
                parts.orders_per_customer,
                parts.basket,
                parts.discount,
                parts.returns,
            ];
            for (factor, (found, exact)) in found.into_iter().zip(exact).enumerate() {
                let exact = exact as f64 / denominator as f64;
                prop_assert!((found as f64 - exact).abs() < 1.0 + 1e-6, "{factor}: {found} is not {exact}");
            }
            prop_assert!((parts.gained as f64).signum() * parts.lost as f64 <= 0.0);
        }

        #[test]
        fn parts_add_up_and_turn_their_sign_whatever_the_windows(
            before in any_window(), after in any_window(), stay in 0.0..=1.0,
        ) {
            let kept = (before.customers.min(after.customers) as f64 * stay) as u64;
            let (gained, lost) = (after.customers - kept, before.customers - kept);
            let parts = Parts::of(&before, &after, gained, lost);
            prop_assert_eq!(sum(&parts), after.net() - before.net());
            let back = Parts::of(&after, &before, lost, gained);
            let turned = Parts {
                gained: -back.lost,
                lost: -back.gained,
                orders_per_customer: -back.orders_per_customer,
                basket: -back.basket,
                discount: -back.discount,
                returns: -back.returns,
            };
            prop_assert_eq!(parts, turned);
            prop_assert_eq!(Parts::of(&before, &before, 0, 0), Parts::default());
        }

        #[test]
        fn a_part_has_the_sign_of_its_factors_change(before in window(), after in window()) {
            let parts = Parts::of(&before, &after, after.customers, before.customers);
            let by_factor = [
                parts.gained + parts.lost,
                parts.orders_per_customer,
                parts.basket,
                parts.discount,
                parts.returns,
            ];
            for ((part, earlier), later) in by_factor.into_iter().zip(before.factors()).zip(after.factors()) {
                let moved = later.unwrap_or_default() - earlier.unwrap_or_default();
                let same_way = part as f64 * moved >= 0.0;
                // Where everything came back there is no ratio to compare.
                prop_assert!(same_way || earlier.is_none() || later.is_none(), "{part} {moved}");
            }
        }
    }

    #[test]
    fn a_factor_that_moves_alone_takes_all() {
        let before = totals(10, 20, 100_000, 10_000, 9_000);
        let alone = [
            (totals(15, 30, 150_000, 15_000, 13_500), [40_500, 0, 0, 0, 0]),
            (totals(10, 30, 150_000, 15_000, 13_500), [0, 40_500, 0, 0, 0]),
            (totals(10, 20, 150_000, 15_000, 13_500), [0, 0, 40_500, 0, 0]),
            (totals(10, 20, 100_000, 0, 10_000), [0, 0, 0, 9_000, 0]),
            (totals(10, 20, 100_000, 10_000, 0), [0, 0, 0, 0, 9_000]),
        ];
        for (after, expected) in alone {
            let gained = after.customers - 10;
            let parts = Parts::of(&before, &after, gained, 0);
            assert_eq!(parts.lost, 0);
            let found =
                [parts.gained, parts.orders_per_customer, parts.basket, parts.discount, parts.returns];
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn two_factors_that_move_share_evenly_what_they_do_together() {
        // 10 × 100 = 1,000 becomes 20 × 150 = 3,000: 10 more at a mean of 125, 50 more for a mean of 15.
        let parts = Parts::of(&totals(10, 10, 1_000, 0, 0), &totals(20, 20, 3_000, 0, 0), 14, 4);
        assert_eq!((parts.gained, parts.lost), (14 * 125, -4 * 125));
        assert_eq!((parts.orders_per_customer, parts.basket), (0, 750));
    }

    #[test]
    fn without_customers_in_one_window_the_sales_belong_to_customers_and_the_rest_to_returns() {
        let nobody = totals(0, 0, 0, 0, 0);
        let some = totals(3, 5, 1_000, 100, 90);
        let all = Parts { gained: 810, ..Parts::default() };
        assert_eq!(Parts::of(&nobody, &some, 3, 0), all);
        let none = Parts { lost: -810, ..Parts::default() };
        assert_eq!(Parts::of(&some, &nobody, 0, 3), none);
        let only_returns = totals(0, 0, 0, 0, 50);
        let with_returns = Parts { gained: 810, returns: 50, ..Parts::default() };
        assert_eq!(Parts::of(&only_returns, &some, 3, 0), with_returns);
        let between = Parts { returns: -50, ..Parts::default() };
        assert_eq!(Parts::of(&nobody, &only_returns, 0, 0), between);
    }

    #[test]
    fn returns_beyond_what_was_paid_do_not_grow_with_the_sales() {
        // 1 bought and 1,000 back; then 10,000 bought and 1,000 back: taken as a rate of 100,000 % that fell, the
        // returns would have earned millions.
        let parts = Parts::of(&totals(1, 1, 1, 0, 1_000), &totals(10, 10, 10_000, 0, 1_000), 9, 0);
        assert_eq!(sum(&parts), 9_999);
        for part in [parts.gained, parts.basket, parts.returns] {
            assert!((0..10_000).contains(&part), "{parts:?}");
        }
    }

    #[test]
    fn what_rounding_leaves_goes_to_the_largest_remainders() {
        assert_eq!(rounded([1.4, 1.4, 1.4, 0.0, 0.8], 5), [2, 1, 1, 0, 1]);
        assert_eq!(rounded([-1.4, -1.4, -1.4, 0.0, -0.8], -5), [-2, -1, -1, 0, -1]);
        assert_eq!(rounded([0.5, 0.5, 0.0, 0.0, 0.0], 1), [0, 1, 0, 0, 0]);
        assert_eq!(rounded([0.0; 5], 3), [0, 0, 3, 0, 0]);
        assert_eq!(
            rounded([1e25, 1.0, 0.0, 0.0, 0.0], 10_i128.pow(25) + 8).iter().sum::<i128>(),
            10_i128.pow(25) + 8
        );
    }
}
