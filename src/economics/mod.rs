//! Stage 4: what does a segment earn after returns, how sure is that, and what to do about it?
//!
//! [`Costs`] say what an order costs. [`Economics::analyse`] goes from order lines to the whole [`Plan`] in one call; each of its
//! parts is a method of [`Economics`]:
//!
//! | question | method |
//! |---|---|
//! | what did each customer bring, from gross to contribution? | [`waterfalls`](Economics::waterfalls) |
//! | what can segmenters know of it? | [`enrich`](Economics::enrich) adds contribution and return rates to expect to the table |
//! | which segments earn what, how sure is that, and what to do? | [`prioritize`](Economics::prioritize) |
//! | who looks rich and earns little, and which rules describe them? | [`looks_rich`](Economics::looks_rich), [`discover`](Economics::discover) |
//! | who carries the profit? | [`concentration`](Economics::concentration), [`rank_shifts`](Economics::rank_shifts) |
//! | what drives a segment's returns? | [`return_drivers`](Economics::return_drivers) |
//! | which few segments to choose, and where to spend? | [`Portfolio`], [`Budget`] |
//! | what would change the ranking? | [`scenario`](Economics::scenario), [`sensitivity`](Economics::sensitivity) |
//! | would the plan have been right? | [`backtest`](Economics::backtest) |
//! | what moved net revenue from one window of time to another? | [`RevenueDrivers`] |
//!
//! Drivers, backtest and revenue look at order lines; everything else works on the table alone, so a scenario with other
//! costs is another recombination, not another pass over the log.

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
mod rows;
mod scenario;
mod settings;
mod waterfall;
mod waterfalls;

pub use analysis::{Analysis, Backtested};
pub use backtest::{Backtest, BacktestBuilder, BacktestOutcome, Outcome, SegmentOutcome, TenthOutcome};
pub use break_even::BreakEven;
pub use budget::{
    Allocation, Binding, Budget, BudgetBuilder, BudgetLimit, BudgetLine, BudgetPart, LineAllocation,
    OtherSplit, ResponseCurve, Spend,
};
pub use builder::{Economics, EconomicsBuilder};
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
pub use settings::Response;
pub use waterfall::{Item, Waterfall};
pub use waterfalls::Waterfalls;
