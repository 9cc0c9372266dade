//! What a comparison says: both windows, the change, its parts, and the customers who came, went and stayed.

use serde::Serialize;

use crate::economics::revenue::decompose::{Parts, Totals, ratio};
use crate::economics::revenue::walk::{Presence, PresenceSums, Recorded};
use crate::transaction::{AsOf, MoneyTotal, Window};

/// Whose net revenue changed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub enum RevenueScope {
    /// That of all customers.
    Shop,
    /// That of a segment's customers.
    Segment(String),
    /// That of the customers without a segment.
    NoSegment,
}

/// A window as of the moment of the comparison.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct RevenueWindow {
    /// As it was asked for.
    pub window: Window,
    /// Its first instant.
    pub from: AsOf,
    /// The first instant after it, at most the moment of the comparison.
    pub until: AsOf,
    /// How long it is, in days of 24 hours.
    pub days: f64,
}

/// The figures of one window: exact sums, and what they are per customer and order.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct WindowRevenue {
    /// The window.
    pub window: RevenueWindow,
    /// Customers with an order.
    pub customers: u64,
    /// Orders: those with a sale line in the window.
    pub orders: u64,
    /// Value of the sale lines before discounts.
    pub gross: MoneyTotal,
    /// Discounts on them; `None` where the log has no discounts.
    pub discount: Option<MoneyTotal>,
    /// Value that came back in the window, of whatever sale; `None` where the shop does not record returns.
    pub returned: Option<MoneyTotal>,
    /// Gross less discounts and returns.
    pub net: MoneyTotal,
    /// Net revenue per day of the window, in currency units.
    pub net_per_day: f64,
    /// Orders per customer; `None` without customers.
    pub orders_per_customer: Option<f64>,
    /// Gross per order, in currency units; `None` without orders.
    pub basket: Option<f64>,
    /// Discounts per gross; `None` without a record or without gross.
    pub discount_rate: Option<f64>,
    /// What came back per what was paid; `None` without a record or where nothing was paid. Above 1 where more came
    /// back than was bought in the window.
    pub return_rate: Option<f64>,
}

impl WindowRevenue {
    fn new(window: &RevenueWindow, totals: &Totals, recorded: Recorded) -> Self {
        let money = MoneyTotal::from_ten_thousandths;
        let (customers, orders) = (i128::from(totals.customers), i128::from(totals.orders));
        let units = |ten_thousandths: f64| ten_thousandths / 10_000.0;
        Self {
            window: window.clone(),
            customers: totals.customers,
            orders: totals.orders,
            gross: money(totals.gross),
            discount: recorded.discount.then(|| money(totals.discount)),
            returned: recorded.returns.then(|| money(totals.returned)),
            net: money(totals.net()),
            net_per_day: money(totals.net()).to_f64() / window.days,
            orders_per_customer: ratio(orders, customers),
            basket: ratio(totals.gross, orders).map(units),
            discount_rate: ratio(totals.discount, totals.gross).filter(|_| recorded.discount),
            return_rate: ratio(totals.returned, totals.paid()).filter(|_| recorded.returns),
        }
    }
}

/// The parts of a change of net revenue; they add up to it exactly.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct RevenueParts {
    /// More customers or fewer: the sum of the next two.
    pub customers: MoneyTotal,
    /// Of that, the customers gained, each worth what a customer of both windows is on average.
    pub gained: MoneyTotal,
    /// And the customers lost, as an amount below zero.
    pub lost: MoneyTotal,
    /// How often a customer orders.
    pub orders_per_customer: MoneyTotal,
    /// Gross per order: prices, pieces, and which products.
    pub basket: MoneyTotal,
    /// What is taken off the price; `None` where the log has no discounts.
    pub discount: Option<MoneyTotal>,
    /// What comes back; `None` where the shop does not record returns.
    pub returns: Option<MoneyTotal>,
}

impl RevenueParts {
    fn new(parts: Parts, recorded: Recorded) -> Self {
        let money = MoneyTotal::from_ten_thousandths;
        Self {
            customers: money(parts.gained + parts.lost),
            gained: money(parts.gained),
            lost: money(parts.lost),
            orders_per_customer: money(parts.orders_per_customer),
            basket: money(parts.basket),
            discount: recorded.discount.then(|| money(parts.discount)),
            returns: recorded.returns.then(|| money(parts.returns)),
        }
    }

    /// The five parts together: the whole change.
    #[must_use]
    pub fn total(&self) -> MoneyTotal {
        let [discount, returns] = [self.discount, self.returns].map(Option::unwrap_or_default);
        self.customers + self.orders_per_customer + self.basket + discount + returns
    }

    /// Each part without the same part of `others`.
    fn without(self, others: &Self) -> Self {
        let less = |part: Option<MoneyTotal>, other: Option<MoneyTotal>| Some(part? - other?);
        Self {
            customers: self.customers - others.customers,
            gained: self.gained - others.gained,
            lost: self.lost - others.lost,
            orders_per_customer: self.orders_per_customer - others.orders_per_customer,
            basket: self.basket - others.basket,
            discount: less(self.discount, others.discount),
            returns: less(self.returns, others.returns),
        }
    }
}

/// Some customers' net revenue in both windows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct RevenueOf {
    /// How many they are.
    pub customers: u64,
    /// Their net revenue in the earlier window; returns can make it less than zero without an order.
    pub before: MoneyTotal,
    /// Their net revenue in the later window; returns can make it less than zero without an order.
    pub after: MoneyTotal,
}

impl RevenueOf {
    fn new(sums: &[PresenceSums]) -> Self {
        let net = |window: usize| MoneyTotal::from_ten_thousandths(totals(sums, window).net());
        Self { customers: sums.iter().map(|sums| sums.customers).sum(), before: net(0), after: net(1) }
    }

    /// What it has changed by.
    #[must_use]
    pub fn change(&self) -> MoneyTotal {
        self.after - self.before
    }
}

/// What moved net revenue from one window to another, for the shop or a segment.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct RevenueChange {
    /// Whose.
    pub scope: RevenueScope,
    /// The earlier window's figures.
    pub before: WindowRevenue,
    /// The later window's.
    pub after: WindowRevenue,
    /// Net revenue after less before.
    pub change: MoneyTotal,
    /// The change, split among the factors.
    pub parts: RevenueParts,
    /// Customers with an order in the later window only: new ones, and those who came back.
    pub gained: RevenueOf,
    /// Customers with an order in the earlier window only.
    pub lost: RevenueOf,
    /// Customers with orders in both.
    pub kept: RevenueOf,
    /// Customers with an order in neither, of whom something came back.
    pub returns_only: RevenueOf,
    /// The change of the kept customers' net revenue, split among the factors. Their number did not change.
    pub kept_parts: RevenueParts,
}

impl RevenueChange {
    /// From the sums of one segment, or those of all segments one after the other.
    pub(super) fn new(
        scope: RevenueScope,
        before: &RevenueWindow,
        after: &RevenueWindow,
        sums: &[PresenceSums],
        recorded: Recorded,
    ) -> Self {
        let of = |presence: Presence| -> Vec<PresenceSums> {
            sums.iter().skip(presence as usize).step_by(4).copied().collect()
        };
        let (kept, gained, lost) = (of(Presence::Kept), of(Presence::Gained), of(Presence::Lost));
        let count = |sums: &[PresenceSums]| sums.iter().map(|sums| sums.customers).sum::<u64>();
        let whole = |window: usize, others: &[PresenceSums]| Totals {
            customers: count(&kept) + count(others),
            ..totals(sums, window)
        };
        let totals_of_kept = |window: usize| Totals { customers: count(&kept), ..totals(&kept, window) };
        let (earlier, later) = (whole(0, &lost), whole(1, &gained));
        let parts = Parts::of(&earlier, &later, count(&gained), count(&lost));
        let kept_parts = Parts::of(&totals_of_kept(0), &totals_of_kept(1), 0, 0);
        Self {
            scope,
            before: WindowRevenue::new(before, &earlier, recorded),
            after: WindowRevenue::new(after, &later, recorded),
            change: MoneyTotal::from_ten_thousandths(later.net() - earlier.net()),
            parts: RevenueParts::new(parts, recorded),
            gained: RevenueOf::new(&gained),
            lost: RevenueOf::new(&lost),
            kept: RevenueOf::new(&kept),
            returns_only: RevenueOf::new(&of(Presence::ReturnsOnly)),
            kept_parts: RevenueParts::new(kept_parts, recorded),
        }
    }
}

/// The sums of one window, without the number of customers.
fn totals(sums: &[PresenceSums], window: usize) -> Totals {
    sums.iter().fold(Totals::default(), |mut totals, sums| {
        let flow = &sums.windows[window];
        totals.orders += flow.orders;
        totals.gross += flow.gross;
        totals.discount += flow.discount;
        totals.returned += flow.returned;
        totals
    })
}

/// What moved the net revenue of each segment, and of the shop.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct RevenueBySegment {
    /// The whole shop.
    pub shop: RevenueChange,
    /// The segments in the order of their names, last the customers without one. Customers, orders, money and changes
    /// add up to the shop's exactly.
    pub segments: Vec<RevenueChange>,
    /// The shop's parts less the sum of the segments' parts: what moved between segments rather than in them. It adds
    /// up to nothing over the factors.
    pub mix: RevenueParts,
}

impl RevenueBySegment {
    pub(super) fn new(shop: RevenueChange, segments: Vec<RevenueChange>) -> Self {
        let mix = segments.iter().fold(shop.parts, |rest, segment| rest.without(&segment.parts));
        Self { shop, segments, mix }
    }

    /// The change of a segment, by its name.
    #[must_use]
    pub fn segment(&self, name: &str) -> Option<&RevenueChange> {
        let named = |scope: &RevenueScope| matches!(scope, RevenueScope::Segment(segment) if segment == name);
        self.segments.iter().find(|segment| named(&segment.scope))
    }
}
