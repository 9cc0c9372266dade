//! How a fitted lookalike model is stored. The structs of a version are frozen once it is released.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::encoding::{EncodedFeature, Encoding, Kind, Leak, NumberScale};
use super::evaluation::LabelFrequency;
use super::fit::Told;
use super::learned::Correction;
use super::model::LookalikeModel;
use super::scorer::ScorerKind;
use super::seed::SeedSummary;
use super::stored_scorers::{FittedV1, exact, is_usable, plain};
use crate::error::Result;
use crate::model_file::{self, ExactFloat, StoredModel};
use crate::transaction::CustomerIds;

#[derive(Serialize, Deserialize)]
struct LookalikeModelV1 {
    features: Vec<FeatureV1>,
    scorer: FittedV1,
    kinds: Vec<u64>,
    kind: ScorerKind,
    reason: String,
    converged: bool,
    slope: ExactFloat,
    shift: ExactFloat,
    seed: SeedV1,
    leaks: Vec<LeakV1>,
    leaks_left_out: bool,
    constant: Vec<String>,
    outcomes: Vec<String>,
    pool: u64,
    background: u64,
    typical: Vec<ExactFloat>,
    penalty: Option<ExactFloat>,
    held_out_auc: ExactFloat,
    label_frequency: ExactFloat,
    seeds: CustomerIds,
}

#[derive(Serialize, Deserialize)]
struct FeatureV1 {
    name: String,
    kind: KindV1,
    indicator: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KindV1 {
    Number { log: bool, centre: ExactFloat, spread: ExactFloat },
    Levels { levels: Vec<String>, other: bool },
}

#[derive(Serialize, Deserialize)]
struct SeedV1 {
    named: u64,
    unknown: u64,
    without_value: u64,
    seeds: u64,
    effective: ExactFloat,
    valued_by: Option<String>,
    outcomes_left_out: bool,
}

#[derive(Serialize, Deserialize)]
struct LeakV1 {
    feature: String,
    auc: ExactFloat,
}

impl StoredModel for LookalikeModel {
    const KIND: &'static str = "lookalike";
    const VERSION: u32 = 1;

    fn to_latest(&self) -> impl Serialize {
        let told = &self.told;
        LookalikeModelV1 {
            features: self.encoding.features.iter().map(FeatureV1::from).collect(),
            scorer: FittedV1::from(&self.fitted),
            kinds: told.kinds.clone(),
            kind: told.kind,
            reason: told.reason.clone(),
            converged: told.converged,
            slope: ExactFloat(self.correction.slope),
            shift: ExactFloat(self.correction.shift),
            seed: SeedV1::from(&told.seed),
            leaks: told.leaks.iter().map(LeakV1::from).collect(),
            leaks_left_out: told.leaks_left_out,
            constant: told.constant.clone(),
            outcomes: told.outcomes.clone(),
            pool: self.pool,
            background: self.background,
            typical: exact(&self.typical),
            penalty: self.penalty.map(ExactFloat),
            held_out_auc: ExactFloat(self.held_out_auc),
            label_frequency: ExactFloat(self.label_frequency.get()),
            seeds: self.seeds.clone(),
        }
    }

    fn load<'de, D: Deserializer<'de>>(_version: u32, model: D) -> std::result::Result<Self, D::Error> {
        from_v1(LookalikeModelV1::deserialize(model)?).map_err(D::Error::custom)
    }
}

impl Serialize for LookalikeModel {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        model_file::save(self, serializer)
    }
}

impl<'de> Deserialize<'de> for LookalikeModel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        model_file::load(deserializer)
    }
}

/// The model, checked for what scoring relies on.
fn from_v1(stored: LookalikeModelV1) -> Result<LookalikeModel> {
    let refused = |problem: &str| Err(LookalikeModel::refused(problem));
    let encoding = Encoding { features: stored.features.into_iter().map(EncodedFeature::from).collect() };
    let dims = encoding.dims();
    if dims == 0 {
        return refused("it has no feature");
    }
    for feature in &encoding.features {
        if feature.width() == 0 {
            return refused("a feature has no dimension");
        }
        match &feature.kind {
            Kind::Number(scale) => {
                let fits = scale.centre.is_finite() && scale.spread.is_normal() && scale.spread > 0.0;
                if !fits {
                    return refused("the scale of a feature is not finite and positive");
                }
            }
            Kind::Levels { levels, .. } => {
                if !levels.windows(2).all(|pair| pair[0] < pair[1]) {
                    return refused("the levels of a feature do not ascend");
                }
            }
        }
    }
    let Some(fitted) = stored.scorer.fitted(dims) else {
        return refused(
            "its scorer has not as many numbers as its features ask for, or not finite ones up to 1e100",
        );
    };
    if fitted.seeds().is_some_and(|seeds| seeds != stored.seeds.len()) {
        return refused("it has other seeds to be near to than it names");
    }
    if stored.typical.len() != dims {
        return refused("its average customer has other dimensions than its features");
    }
    let numbers = [&stored.slope, &stored.shift, &stored.held_out_auc];
    if !numbers.into_iter().chain(&stored.typical).copied().all(is_usable) {
        return refused("a number is not finite, or beyond 1e100");
    }
    Ok(LookalikeModel {
        encoding,
        fitted,
        correction: Correction { slope: stored.slope.0, shift: stored.shift.0 },
        told: Told {
            seed: stored.seed.into(),
            kinds: stored.kinds,
            kind: stored.kind,
            reason: stored.reason,
            converged: stored.converged,
            leaks: stored.leaks.into_iter().map(Leak::from).collect(),
            leaks_left_out: stored.leaks_left_out,
            constant: stored.constant,
            outcomes: stored.outcomes,
        },
        pool: stored.pool,
        background: stored.background,
        typical: plain(&stored.typical),
        penalty: stored.penalty.map(|penalty| penalty.0),
        held_out_auc: stored.held_out_auc.0,
        label_frequency: LabelFrequency::of(&[stored.label_frequency.0])?,
        seeds: stored.seeds,
    })
}

impl From<&EncodedFeature> for FeatureV1 {
    fn from(feature: &EncodedFeature) -> Self {
        let kind = match &feature.kind {
            Kind::Number(scale) => KindV1::Number {
                log: scale.log,
                centre: ExactFloat(scale.centre),
                spread: ExactFloat(scale.spread),
            },
            Kind::Levels { levels, other } => KindV1::Levels { levels: levels.clone(), other: *other },
        };
        Self { name: feature.name.clone(), kind, indicator: feature.indicator }
    }
}

impl From<FeatureV1> for EncodedFeature {
    fn from(stored: FeatureV1) -> Self {
        let kind = match stored.kind {
            KindV1::Number { log, centre, spread } => {
                Kind::Number(NumberScale { log, centre: centre.0, spread: spread.0 })
            }
            KindV1::Levels { levels, other } => Kind::Levels { levels, other },
        };
        Self { name: stored.name, kind, indicator: stored.indicator }
    }
}

impl From<&SeedSummary> for SeedV1 {
    fn from(seed: &SeedSummary) -> Self {
        Self {
            named: seed.named,
            unknown: seed.unknown,
            without_value: seed.without_value,
            seeds: seed.seeds,
            effective: ExactFloat(seed.effective),
            valued_by: seed.valued_by.clone(),
            outcomes_left_out: seed.outcomes_left_out,
        }
    }
}

impl From<SeedV1> for SeedSummary {
    fn from(stored: SeedV1) -> Self {
        Self {
            named: stored.named,
            unknown: stored.unknown,
            without_value: stored.without_value,
            seeds: stored.seeds,
            effective: stored.effective.0,
            valued_by: stored.valued_by,
            outcomes_left_out: stored.outcomes_left_out,
        }
    }
}

impl From<&Leak> for LeakV1 {
    fn from(leak: &Leak) -> Self {
        Self { feature: leak.feature.clone(), auc: ExactFloat(leak.auc) }
    }
}

impl From<LeakV1> for Leak {
    fn from(stored: LeakV1) -> Self {
        Self { feature: stored.feature, auc: stored.auc.0 }
    }
}
