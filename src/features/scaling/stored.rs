//! How a fitted scaler is stored, on its own and within other models. The structs of a version are frozen once it is
//! released.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::builder::Setting;
use super::feature::{Map, ScaledFeature};
use super::model::ScalerModel;
use super::ranks::Ranks;
use super::recipe::{Scale, Scaling};
use crate::features::MissingPolicy;
use crate::model_file::{self, ExactFloat, StoredModel};

/// A scaler as version 1 of every model writes it. Read it with [`ScalerModel::try_from`], which checks it.
#[derive(Serialize, Deserialize)]
pub(crate) struct ScalerV1 {
    customers: u64,
    dropped: u64,
    features: Vec<FeatureV1>,
}

#[derive(Serialize, Deserialize)]
struct FeatureV1 {
    feature: String,
    scale: ScaleV1,
    log1p: bool,
    winsorised: Option<WinsorisedV1>,
    missing_policy: MissingV1,
    weight: ExactFloat,
    missing: u64,
    constant: bool,
}

/// The last step with what it learned; a constant feature has its value in place of a centre.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ScaleV1 {
    None,
    ZScore { centre: ExactFloat, spread: Option<ExactFloat> },
    Robust { centre: ExactFloat, spread: Option<ExactFloat>, collapsed: bool },
    Quantile { cut_points: Vec<ExactFloat> },
}

#[derive(Serialize, Deserialize)]
struct WinsorisedV1 {
    low: ExactFloat,
    high: ExactFloat,
    limits: (ExactFloat, ExactFloat),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum MissingV1 {
    Error,
    Fill(ExactFloat),
    Drop,
    Median(ExactFloat),
}

impl StoredModel for ScalerModel {
    const KIND: &'static str = "scaler";
    const VERSION: u32 = 1;

    fn to_latest(&self) -> impl Serialize {
        ScalerV1::from(self)
    }

    fn load<'de, D: Deserializer<'de>>(_version: u32, model: D) -> Result<Self, D::Error> {
        let stored = ScalerV1::deserialize(model)?;
        Self::try_from(stored).map_err(|problem| D::Error::custom(Self::refused(problem)))
    }
}

impl Serialize for ScalerModel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        model_file::save(self, serializer)
    }
}

impl<'de> Deserialize<'de> for ScalerModel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        model_file::load(deserializer)
    }
}

impl From<&ScalerModel> for ScalerV1 {
    fn from(model: &ScalerModel) -> Self {
        Self {
            customers: model.customers,
            dropped: model.dropped,
            features: model.features.iter().map(FeatureV1::from).collect(),
        }
    }
}

impl From<&ScaledFeature> for FeatureV1 {
    fn from(feature: &ScaledFeature) -> Self {
        let centre = ExactFloat(feature.centre().unwrap_or_default());
        let spread = if feature.constant { None } else { feature.spread().map(ExactFloat) };
        let cut_points = feature.cut_points().unwrap_or_default();
        Self {
            feature: feature.name.clone(),
            scale: match feature.scaling.scale {
                Scale::None => ScaleV1::None,
                Scale::ZScore => ScaleV1::ZScore { centre, spread },
                Scale::Robust => ScaleV1::Robust { centre, spread, collapsed: feature.is_collapsed() },
                Scale::Quantile if feature.constant => ScaleV1::Quantile { cut_points: vec![centre] },
                Scale::Quantile => {
                    ScaleV1::Quantile { cut_points: cut_points.iter().copied().map(ExactFloat).collect() }
                }
            },
            log1p: feature.scaling.log1p,
            winsorised: feature.scaling.winsor.zip(feature.limits).map(|((low, high), limits)| {
                WinsorisedV1 {
                    low: ExactFloat(low),
                    high: ExactFloat(high),
                    limits: (ExactFloat(limits.0), ExactFloat(limits.1)),
                }
            }),
            missing_policy: match feature.missing_policy {
                MissingPolicy::Error => MissingV1::Error,
                MissingPolicy::Fill(number) => MissingV1::Fill(ExactFloat(number)),
                MissingPolicy::Drop => MissingV1::Drop,
                MissingPolicy::Median => MissingV1::Median(ExactFloat(feature.median.unwrap_or_default())),
            },
            weight: ExactFloat(feature.weight),
            missing: feature.missing,
            constant: feature.constant,
        }
    }
}

impl TryFrom<ScalerV1> for ScalerModel {
    type Error = String;

    fn try_from(stored: ScalerV1) -> Result<Self, String> {
        let mut features: Vec<ScaledFeature> = Vec::with_capacity(stored.features.len());
        for feature in stored.features {
            let feature = ScaledFeature::try_from(feature)?;
            if features.iter().any(|other| other.name == feature.name) {
                return Err(format!("feature `{}` is there twice", feature.name));
            }
            features.push(feature);
        }
        if features.is_empty() {
            return Err("it has no features".into());
        }
        if stored.customers == 0 {
            return Err("it was learned from no customers".into());
        }
        model_file::check_count(stored.customers)?;
        model_file::check_count(stored.dropped)?;
        Ok(Self { features, customers: stored.customers, dropped: stored.dropped })
    }
}

impl TryFrom<FeatureV1> for ScaledFeature {
    type Error = String;

    fn try_from(stored: FeatureV1) -> Result<Self, String> {
        let name = stored.feature;
        let of_feature = |problem: String| format!("feature `{name}`: {problem}");
        let (scale, map) = scale_from_v1(stored.scale, stored.constant).map_err(of_feature)?;
        let (missing, median) = match stored.missing_policy {
            MissingV1::Error => (MissingPolicy::Error, None),
            MissingV1::Fill(number) => (MissingPolicy::Fill(number.0), None),
            MissingV1::Drop => (MissingPolicy::Drop, None),
            MissingV1::Median(median) => (MissingPolicy::Median, Some(median.0)),
        };
        let winsor = stored.winsorised.as_ref().map(|winsorised| (winsorised.low.0, winsorised.high.0));
        let limits = stored.winsorised.map(|winsorised| (winsorised.limits.0.0, winsorised.limits.1.0));
        if limits.is_some_and(|(low, high)| low > high) {
            return Err(of_feature("its winsorising limits do not ascend".into()));
        }
        let scaling = Scaling { scale, log1p: stored.log1p, winsor };
        let weight = stored.weight.0;
        Setting { name: name.clone(), scaling, missing, weight }
            .check()
            .map_err(|problem| of_feature(problem.to_string()))?;
        model_file::check_count(stored.missing).map_err(of_feature)?;
        Ok(Self {
            name,
            scaling,
            missing_policy: missing,
            weight,
            missing: stored.missing,
            limits,
            median,
            constant: stored.constant,
            map,
        })
    }
}

fn scale_from_v1(stored: ScaleV1, constant: bool) -> Result<(Scale, Map), String> {
    let linear = |centre: ExactFloat, spread: Option<ExactFloat>, collapsed: bool| match (constant, spread) {
        (true, None) if !collapsed => Ok(Map::Constant(centre.0)),
        (false, Some(ExactFloat(spread))) if spread >= f64::MIN_POSITIVE => {
            Ok(Map::Linear { centre: centre.0, spread, collapsed })
        }
        (true, _) => Err("it is constant, but has a spread".to_owned()),
        (false, spread) => Err(format!("its spread is {}", spread.map_or(0.0, |spread| spread.0))),
    };
    Ok(match stored {
        ScaleV1::None => (Scale::None, Map::None),
        ScaleV1::ZScore { centre, spread } => (Scale::ZScore, linear(centre, spread, false)?),
        ScaleV1::Robust { centre, spread, collapsed } => (Scale::Robust, linear(centre, spread, collapsed)?),
        ScaleV1::Quantile { cut_points } => match cut_points[..] {
            [ExactFloat(value)] if constant => (Scale::Quantile, Map::Constant(value)),
            _ if constant => return Err("it is constant, but has several cut points".into()),
            _ => {
                let cuts = cut_points.into_iter().map(|cut| cut.0).collect();
                (Scale::Quantile, Map::Ranks(Ranks::new(cuts)?))
            }
        },
    })
}
