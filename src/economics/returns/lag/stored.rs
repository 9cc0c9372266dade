//! How a lag of returns is stored. The structs of a version are frozen once it is released.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::economics::returns::lag::LagCurve;
use crate::economics::returns::lag::model::{Basis, ByLevel, Learned, ReturnLagModel};
use crate::error::Result;
use crate::model_file::{self, ExactFloat, StoredModel};
use crate::transaction::{AsOf, Attribute};

/// A window of ten years, as the builder allows.
const MOST_DAYS: usize = 3_653;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ReturnLagV1 {
    Assumed { maturity_days: u32 },
    Learned { as_of: AsOf, untimed_returns: u64, shop: CurveV1, by: Option<ByLevelV1> },
}

#[derive(Serialize, Deserialize)]
struct CurveV1 {
    shares: Vec<ExactFloat>,
    returns: u64,
    late_returns: u64,
    watched_days: u32,
}

#[derive(Serialize, Deserialize)]
struct ByLevelV1 {
    attribute: String,
    minimum_returns: u64,
    levels: Vec<(String, CurveV1)>,
}

impl StoredModel for ReturnLagModel {
    const KIND: &'static str = "return_lag";
    const VERSION: u32 = 1;

    fn to_latest(&self) -> impl Serialize {
        match &self.basis {
            Basis::Assumed(curve) => ReturnLagV1::Assumed { maturity_days: curve.window_days() },
            Basis::Learned(learned) => ReturnLagV1::Learned {
                as_of: learned.as_of.clone(),
                untimed_returns: learned.untimed,
                shop: CurveV1::from(&learned.shop),
                by: learned.by.as_ref().map(|by| ByLevelV1 {
                    attribute: by.attribute.name().to_owned(),
                    minimum_returns: by.minimum_returns,
                    levels: by.levels.iter().map(|(level, curve)| (level.clone(), curve.into())).collect(),
                }),
            },
        }
    }

    fn load<'de, D: Deserializer<'de>>(_version: u32, model: D) -> std::result::Result<Self, D::Error> {
        from_v1(ReturnLagV1::deserialize(model)?).map_err(D::Error::custom)
    }
}

impl Serialize for ReturnLagModel {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        model_file::save(self, serializer)
    }
}

impl<'de> Deserialize<'de> for ReturnLagModel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        model_file::load(deserializer)
    }
}

fn from_v1(stored: ReturnLagV1) -> Result<ReturnLagModel> {
    let refused = |problem: &str| Err(ReturnLagModel::refused(problem));
    match stored {
        ReturnLagV1::Assumed { maturity_days } => {
            if maturity_days as usize > MOST_DAYS {
                return refused("its maturity is longer than ten years");
            }
            Ok(ReturnLagModel::assumed(maturity_days))
        }
        ReturnLagV1::Learned { as_of, untimed_returns, shop, by } => {
            let shop = shop.checked("the shop")?;
            if shop.returns == 0 {
                return refused("it was learned from nothing");
            }
            let by = by.map(|by| by.checked(&shop)).transpose()?;
            Ok(ReturnLagModel::learned(Learned { as_of, untimed: untimed_returns, shop, by }))
        }
    }
}

impl From<&LagCurve> for CurveV1 {
    fn from(curve: &LagCurve) -> Self {
        Self {
            shares: curve.shares.iter().copied().map(ExactFloat).collect(),
            returns: curve.returns,
            late_returns: curve.late,
            watched_days: curve.watched_days,
        }
    }
}

impl CurveV1 {
    fn checked(self, of: &str) -> Result<LagCurve> {
        let shares: Vec<f64> = self.shares.into_iter().map(|share| share.0).collect();
        let refused =
            |problem: &str| Err(ReturnLagModel::refused(format_args!("the curve of {of} {problem}")));
        if !(1..=MOST_DAYS).contains(&shares.len()) {
            return refused("has no window between one day and ten years");
        }
        let ascending = shares.windows(2).all(|pair| pair[0] <= pair[1]);
        let ends = shares.last().is_some_and(|last| last.total_cmp(&1.0).is_eq());
        if !(ascending && ends && shares.iter().all(|share| (0.0..=1.0).contains(share))) {
            return refused("does not ascend from 0 or more to 1");
        }
        if self.late_returns > self.returns || self.watched_days as usize > shares.len() {
            return refused("counts more than there is");
        }
        Ok(LagCurve {
            shares,
            returns: self.returns,
            late: self.late_returns,
            watched_days: self.watched_days,
        })
    }
}

impl ByLevelV1 {
    fn checked(self, shop: &LagCurve) -> Result<ByLevel> {
        let refused = |problem: &str| Err(ReturnLagModel::refused(problem));
        let known =
            |attribute: &Attribute| attribute.name() == self.attribute && *attribute != Attribute::Reason;
        let Some(attribute) = Attribute::ALL.into_iter().find(known) else {
            return refused("its levels are of no attribute that lines have");
        };
        if self.levels.windows(2).any(|pair| pair[0].0 >= pair[1].0) {
            return refused("its levels do not ascend");
        }
        let levels = self.levels.into_iter().map(|(level, curve)| {
            let curve = curve.checked(&level)?;
            Ok((level, curve))
        });
        let levels: Vec<(String, LagCurve)> = levels.collect::<Result<_>>()?;
        if levels.iter().any(|(_, curve)| curve.shares.len() != shop.shares.len()) {
            return refused("its curves are of several windows");
        }
        if levels.iter().any(|(_, curve)| curve.returns < self.minimum_returns.max(1)) {
            return refused("a level has fewer returns than its minimum");
        }
        Ok(ByLevel { attribute, levels, minimum_returns: self.minimum_returns })
    }
}
