//! What stands between the builder of economics and its defaults, checked once.

use serde::Serialize;

use crate::economics::discovery::Discovery;
use crate::economics::portfolio::Portfolio;
use crate::economics::returns::ReturnLag;
use crate::error::{Error, Result};
use crate::transaction::Rate;

/// How strongly more spending on a segment raises what it buys, as tests have shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum Response {
    /// More spending pays.
    High,
    /// They buy anyway, or not at all.
    Low,
}

/// What a builder has set, and the defaults of the rest.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Settings {
    pub(super) confidence: f64,
    pub(super) rich_share: f64,
    pub(super) return_threshold: Rate,
    pub(super) little: f64,
    pub(super) strong_evidence: f64,
    pub(super) membership: f64,
    pub(super) minimum_share: f64,
    pub(super) minimum_audience: u64,
    pub(super) minimum_evidence: u64,
    pub(super) unlikely: f64,
    pub(super) return_driven: f64,
    pub(super) high_value: f64,
    pub(super) mid_value: f64,
    pub(super) fix_tried: Vec<String>,
    pub(super) growth: Vec<(String, f64)>,
    pub(super) response: Vec<(String, Response)>,
    pub(super) consented: Vec<(String, f64)>,
    pub(super) stability: Vec<(String, f64)>,
    pub(super) described: Vec<(String, f64)>,
    pub(super) minimum_contribution_share: f64,
    pub(super) likely: f64,
    pub(super) portfolio: Option<Portfolio>,
    pub(super) discovery: Discovery,
    pub(super) return_lag: ReturnLag,
    pub(super) look_back_days: u32,
    pub(super) return_rates_by: Option<String>,
    pub(super) minimum_group: u64,
    pub(super) sensitivity_step: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            confidence: 0.95,
            rich_share: 0.25,
            return_threshold: Rate::from_millionths(850_000),
            little: 0.25,
            strong_evidence: 0.90,
            membership: 0.50,
            minimum_share: 0.01,
            minimum_audience: 100,
            minimum_evidence: 100,
            unlikely: 0.10,
            return_driven: 0.25,
            high_value: 1.5,
            mid_value: 0.5,
            fix_tried: Vec::new(),
            growth: Vec::new(),
            response: Vec::new(),
            consented: Vec::new(),
            stability: Vec::new(),
            described: Vec::new(),
            minimum_contribution_share: 0.01,
            likely: 0.80,
            portfolio: None,
            discovery: Discovery::default(),
            return_lag: ReturnLag::default(),
            look_back_days: 90,
            return_rates_by: None,
            minimum_group: 200,
            sensitivity_step: 0.10,
        }
    }
}

impl Settings {
    /// # Errors
    /// [`Error::Setting`] as [`EconomicsBuilder::build`](crate::economics::EconomicsBuilder::build) says.
    pub(super) fn check(&self) -> Result<()> {
        let threshold = self.return_threshold.to_f64();
        let inner = [
            ("confidence", self.confidence),
            ("rich_share", self.rich_share),
            ("return_threshold", threshold),
            ("strong_evidence", self.strong_evidence),
            ("membership", self.membership),
            ("likely_from", self.likely),
            ("sensitivity_step", self.sensitivity_step),
        ];
        for (setting, value) in inner {
            check(setting, value, value > 0.0 && value < 1.0, "between 0 and 1")?;
        }
        let shares = [
            ("earns_little_below", self.little),
            ("minimum_share", self.minimum_share),
            ("unlikely_below", self.unlikely),
            ("minimum_contribution_share", self.minimum_contribution_share),
        ];
        let of_segments =
            [("consented", &self.consented), ("stability", &self.stability), ("described", &self.described)];
        let of_segments = of_segments
            .into_iter()
            .flat_map(|(setting, shares)| shares.iter().map(move |(_, share)| (setting, *share)));
        for (setting, value) in shares.into_iter().chain(of_segments) {
            check(setting, value, (0.0..=1.0).contains(&value), "from 0 to 1")?;
        }
        let multiples = [
            ("return_driven_above", self.return_driven),
            ("mid_value_from", self.mid_value),
            ("high_value_from", self.high_value),
        ];
        for (setting, value) in multiples {
            check(setting, value, value.is_finite() && value >= 0.0, "a number of zero or more")?;
        }
        let ordered = self.mid_value <= self.high_value;
        check("mid_value_from", self.mid_value, ordered, "at most `high_value_from`")?;
        for (_, growth) in &self.growth {
            check("growth", *growth, growth.is_finite() && *growth >= -1.0, "a finite share of -1 or more")?;
        }
        Ok(())
    }
}

fn check(setting: &'static str, found: f64, holds: bool, expected: &'static str) -> Result<()> {
    if holds { Ok(()) } else { Err(Error::Setting { setting, found: found.to_string(), expected }) }
}
