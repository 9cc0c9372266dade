//! How rules, waterfalls and what was fitted of them are stored. The structs of a model's version are frozen once it is
//! released.
//!
//! What a user states ([`Rules`], [`Waterfall`]) is stored as she would write it, so that a page can make it. What a fit
//! learned goes into the envelope of every model, with its cut points.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, Result};
use crate::model_file::{self, ExactFloat, StoredModel};
use crate::segment::rules::builder::{Rule, Rules};
use crate::segment::rules::cuts::{Cut, Cuts, LearnedCut};
use crate::segment::rules::model::RulesModel;
use crate::segment::rules::predicate::Predicate;
use crate::segment::rules::value::Value;
use crate::segment::rules::waterfall::{Undecided, Waterfall, WaterfallModel};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleV1 {
    name: String,
    r#if: Predicate,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RulesV1 {
    rules: Vec<RuleV1>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WaterfallV1 {
    steps: Vec<RuleV1>,
    rest: String,
    #[serde(default)]
    undecided: UndecidedV1,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum UndecidedV1 {
    #[default]
    GoOn,
    Segment(String),
}

#[derive(Serialize, Deserialize)]
struct RulesModelV1 {
    rules: Vec<RuleV1>,
    cuts: Vec<LearnedCutV1>,
}

#[derive(Serialize, Deserialize)]
struct WaterfallModelV1 {
    steps: Vec<RuleV1>,
    rest: String,
    undecided: UndecidedV1,
    cuts: Vec<LearnedCutV1>,
}

#[derive(Serialize, Deserialize)]
struct LearnedCutV1 {
    feature: String,
    value: Value,
    cut: CutV1,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum CutV1 {
    Number(ExactFloat),
    Time(i64),
}

fn rules_to_v1(rules: &Rules) -> Vec<RuleV1> {
    let rule = |rule: &Rule| RuleV1 { name: rule.name.clone(), r#if: rule.predicate.clone() };
    rules.rules.iter().map(rule).collect()
}

fn cuts_to_v1(cuts: &Cuts) -> Vec<LearnedCutV1> {
    let cut = |learned: &LearnedCut| LearnedCutV1 {
        feature: learned.column.clone(),
        value: learned.value.clone(),
        cut: match learned.cut {
            Cut::Number(number) => CutV1::Number(ExactFloat(number)),
            Cut::Time(time) => CutV1::Time(time),
        },
    };
    cuts.0.iter().map(cut).collect()
}

fn rules_from_v1(rules: Vec<RuleV1>) -> Result<Rules> {
    rules.into_iter().fold(Rules::builder(), |builder, rule| builder.rule(rule.name, rule.r#if)).build()
}

fn waterfall_from_v1(stored: WaterfallV1) -> Result<Waterfall> {
    let steps = stored.steps.into_iter();
    let builder = steps.fold(Waterfall::builder(), |builder, step| builder.step(step.name, step.r#if));
    let undecided = match stored.undecided {
        UndecidedV1::GoOn => Undecided::GoOn,
        UndecidedV1::Segment(name) => Undecided::Segment(name),
    };
    builder.rest(stored.rest).undecided(undecided).build()
}

/// A model of rules and cut points, if these are what the rules need, each once and in order.
fn model(rules: Rules, cuts: Vec<LearnedCutV1>, refused: impl Fn(String) -> Error) -> Result<RulesModel> {
    let cuts: Vec<LearnedCut> = cuts
        .into_iter()
        .map(|stored| LearnedCut {
            column: stored.feature,
            value: stored.value,
            cut: match stored.cut {
                CutV1::Number(number) => Cut::Number(number.0),
                CutV1::Time(time) => Cut::Time(time),
            },
        })
        .collect();
    let needed = Cuts::needed(rules.rules.iter().map(|rule| &rule.predicate));
    let stored = cuts.iter().map(|cut| (cut.column.as_str(), &cut.value));
    if !needed.iter().copied().eq(stored) {
        return Err(refused(format!(
            "its {} cut points are not the {} of its rules",
            cuts.len(),
            needed.len()
        )));
    }
    Ok(RulesModel { rules, cuts: Cuts(cuts) })
}

impl Serialize for Rules {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        RulesV1 { rules: rules_to_v1(self) }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Rules {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        rules_from_v1(RulesV1::deserialize(deserializer)?.rules).map_err(D::Error::custom)
    }
}

impl Serialize for Waterfall {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let (steps, rest) = (rules_to_v1(&self.rules), self.rest.clone());
        WaterfallV1 { steps, rest, undecided: UndecidedV1::from(&self.undecided) }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Waterfall {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        waterfall_from_v1(WaterfallV1::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl From<&Undecided> for UndecidedV1 {
    fn from(undecided: &Undecided) -> Self {
        match undecided {
            Undecided::GoOn => Self::GoOn,
            Undecided::Segment(name) => Self::Segment(name.clone()),
        }
    }
}

impl StoredModel for RulesModel {
    const KIND: &'static str = "rules";
    const VERSION: u32 = 1;

    fn to_latest(&self) -> impl Serialize {
        RulesModelV1 { rules: rules_to_v1(&self.rules), cuts: cuts_to_v1(&self.cuts) }
    }

    fn load<'de, D: Deserializer<'de>>(_version: u32, stored: D) -> std::result::Result<Self, D::Error> {
        let stored = RulesModelV1::deserialize(stored)?;
        let rules = rules_from_v1(stored.rules).map_err(D::Error::custom)?;
        model(rules, stored.cuts, Self::refused).map_err(D::Error::custom)
    }
}

impl StoredModel for WaterfallModel {
    const KIND: &'static str = "waterfall";
    const VERSION: u32 = 1;

    fn to_latest(&self) -> impl Serialize {
        WaterfallModelV1 {
            steps: rules_to_v1(&self.model.rules),
            rest: self.rest.clone(),
            undecided: UndecidedV1::from(&self.undecided),
            cuts: cuts_to_v1(&self.model.cuts),
        }
    }

    fn load<'de, D: Deserializer<'de>>(_version: u32, stored: D) -> std::result::Result<Self, D::Error> {
        let WaterfallModelV1 { steps, rest, undecided, cuts } = WaterfallModelV1::deserialize(stored)?;
        let waterfall =
            waterfall_from_v1(WaterfallV1 { steps, rest, undecided }).map_err(D::Error::custom)?;
        let Waterfall { rules, rest, undecided } = waterfall;
        let model = model(rules, cuts, Self::refused).map_err(D::Error::custom)?;
        Ok(Self { model, rest, undecided })
    }
}

macro_rules! in_an_envelope {
    ($($model:ty),*) => {
        $(impl Serialize for $model {
            fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
                model_file::save(self, serializer)
            }
        }

        impl<'de> Deserialize<'de> for $model {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
                model_file::load(deserializer)
            }
        })*
    };
}

in_an_envelope!(RulesModel, WaterfallModel);
