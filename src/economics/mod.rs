//! Stage 4: what does a segment earn after returns, how sure is that, and what to do about it?
//!
//! [`Costs`] say what an order costs; [`Economics`] turns a feature table into [`Waterfalls`] from gross to
//! contribution, adds contribution and return rates to expect to the table ([`Economics::enrich`]), finds the customers
//! who look rich and earn little ([`Economics::looks_rich`]), ranks segments with an action and its reasons
//! ([`Economics::prioritize`]), and shows what drives a segment's returns ([`Economics::return_drivers`]).
//! [`Economics::concentration`] says who carries the profit, and [`Economics::discover`] searches for rules that describe who
//! looks rich and earns little. [`RevenueDrivers`] says what moved net revenue from one window of time to another.
//!
//! What follows from a plan: [`Portfolio`] chooses the few segments to work on, [`Budget`] spreads money over them,
//! [`Economics::scenario`] and [`Economics::sensitivity`] say what would change the ranking.
//!
//! Everything but return drivers and revenue drivers works on the table alone, so a scenario with other costs is another recombination, not
//! another pass over the log.

mod analysis;
mod backtest;
mod break_even;
mod budget;
mod builder;
mod concentration;
mod costs;
mod customer_rates;
pub mod discovery;
mod drivers;
mod enrich;
mod facts;
mod finding;
mod formula;
mod plan;
mod pooling;
mod portfolio;
pub mod returns;
pub mod revenue;
mod scenario;
mod waterfall;
mod waterfalls;

pub use analysis::{Analysis, Backtested};
pub use backtest::{Backtest, BacktestBuilder, BacktestOutcome, Outcome, SegmentOutcome, TenthOutcome};
pub use break_even::BreakEven;
pub use budget::{
    Allocation, Binding, Budget, BudgetBuilder, BudgetLimit, BudgetLine, BudgetPart, LineAllocation,
    OtherSplit, ResponseCurve, Spend,
};
pub use builder::{Economics, EconomicsBuilder, Response};
pub use concentration::{Concentration, Tenth, WhaleCurve, WhalePoint};
pub use costs::{Activity, CostOfGoods, Costs, CostsBuilder, Marketing, VatRates};
pub use discovery::{Discovered, DiscoveredRule, Discovery, DiscoveryBuilder, GroupFigures};
pub use drivers::{DriverBy, ReturnDriver, ReturnDrivers};
pub use finding::{EvidenceRow, EvidenceUnit, Finding, Verdict};
pub use plan::{
    Action, Attractiveness, Difference, DifferenceMeasure, MeanEstimate, Plan, PooledMean, PooledRate,
    RankBy, RankShift, RankShifts, ReturnedLines, SegmentEconomics, SegmentPlan,
};
pub use pooling::{PartialPooling, PooledEstimate};
pub use portfolio::{
    Candidate, Choice, Chosen, Constraint, HowMany, LeftOut, Portfolio, PortfolioBuilder, Relaxation,
};
pub use revenue::{RevenueBySegment, RevenueChange, RevenueDrivers};
pub use scenario::{
    CostChange, CostSetting, CostValue, Scenario, ScenarioBuilder, ScenarioOutcome, SegmentChange,
    SegmentSensitivity, Sensitivity, SettingSensitivity, SwitchPoint, Turn,
};
pub use waterfall::{Item, Waterfall};
pub use waterfalls::Waterfalls;
