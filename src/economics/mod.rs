//! Stage 4: what does a segment earn after returns, how sure is that, and what to do about it?
//!
//! [`Costs`] say what an order costs; [`Economics`] turns a feature table into [`Waterfalls`] from gross to
//! contribution, adds contribution and return rates to expect to the table ([`Economics::enrich`]), finds the customers
//! who look rich and earn little ([`Economics::looks_rich`]), ranks segments with an action and its reasons
//! ([`Economics::prioritize`]), and shows what drives a segment's returns ([`Economics::return_drivers`]).
//! [`Economics::concentration`] says who carries the profit, and [`Economics::discover`] searches for rules that describe who
//! looks rich and earns little. [`RevenueDrivers`] says what moved net revenue from one window of time to another.
//!
//! Everything but the last two works on the table alone, so a scenario with other costs is another recombination, not
//! another pass over the log.

mod break_even;
mod builder;
mod concentration;
mod costs;
pub mod discovery;
mod drivers;
mod enrich;
mod facts;
mod finding;
mod formula;
mod plan;
mod pooling;
pub mod returns;
pub mod revenue;
mod waterfall;
mod waterfalls;

pub use break_even::BreakEven;
pub use builder::{Economics, EconomicsBuilder, Response};
pub use concentration::{Concentration, Tenth, WhaleCurve, WhalePoint};
pub use costs::{CostOfGoods, Costs, CostsBuilder, Marketing, VatRates};
pub use discovery::{Discovered, DiscoveredRule, Discovery, DiscoveryBuilder, GroupFigures};
pub use drivers::{ReturnDriver, ReturnDrivers};
pub use finding::{EvidenceRow, EvidenceUnit, Finding, Verdict};
pub use plan::{Action, MeanEstimate, Plan, RankBy, RankShift, RankShifts, SegmentEconomics, SegmentPlan};
pub use pooling::{PartialPooling, PooledEstimate};
pub use revenue::{RevenueBySegment, RevenueChange, RevenueDrivers};
pub use waterfall::{Item, Waterfall};
pub use waterfalls::Waterfalls;
