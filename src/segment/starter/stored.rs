//! How fitted starter segments are stored. The structs of a version are frozen once it is released.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::condition::{Candidate, Comparison, Condition, StarterSegment};
use super::model::{DroppedSegment, StarterModel};
use crate::error::Result;
use crate::model_file::{self, ExactFloat, StoredModel};

#[derive(Serialize, Deserialize)]
struct StarterModelV1 {
    customers: u64,
    value: String,
    segments: Vec<SegmentV1>,
    rest: String,
    dropped: Vec<DroppedV1>,
}

#[derive(Serialize, Deserialize)]
struct SegmentV1 {
    segment: KindV1,
    name: String,
    conditions: Vec<ConditionV1>,
}

#[derive(Serialize, Deserialize)]
struct DroppedV1 {
    segment: KindV1,
    name: String,
    reason: String,
}

#[derive(Serialize, Deserialize)]
struct ConditionV1 {
    feature: String,
    comparison: ComparisonV1,
    bound: ExactFloat,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KindV1 {
    RichButReturning,
    New,
    HighSpend,
    Loyal,
    PriceSensitive,
    Occasional,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ComparisonV1 {
    AtLeast,
    Above,
    AtMost,
    Below,
}

impl StoredModel for StarterModel {
    const KIND: &'static str = "starter_segments";
    const VERSION: u32 = 1;

    fn to_latest(&self) -> impl Serialize {
        let segments = self.kept.iter().map(|candidate| SegmentV1 {
            segment: candidate.segment.into(),
            name: candidate.name.clone(),
            conditions: candidate.conditions.iter().map(ConditionV1::from).collect(),
        });
        let dropped = self.dropped.iter().map(|dropped| DroppedV1 {
            segment: dropped.segment.into(),
            name: dropped.name.clone(),
            reason: dropped.reason.clone(),
        });
        StarterModelV1 {
            customers: self.customers,
            value: self.value.clone(),
            segments: segments.collect(),
            rest: self.rest.clone(),
            dropped: dropped.collect(),
        }
    }

    fn load<'de, D: Deserializer<'de>>(_version: u32, model: D) -> std::result::Result<Self, D::Error> {
        from_v1(StarterModelV1::deserialize(model)?).map_err(D::Error::custom)
    }
}

impl Serialize for StarterModel {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        model_file::save(self, serializer)
    }
}

impl<'de> Deserialize<'de> for StarterModel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        model_file::load(deserializer)
    }
}

fn from_v1(stored: StarterModelV1) -> Result<StarterModel> {
    let kept: Vec<Candidate> = stored.segments.into_iter().map(Candidate::from).collect();
    if !kept.windows(2).all(|pair| (pair[0].segment as usize) < pair[1].segment as usize) {
        return Err(StarterModel::refused("its segments are not in their order"));
    }
    if let Some(candidate) = kept.iter().find(|candidate| candidate.conditions.is_empty()) {
        return Err(StarterModel::refused(format_args!("segment `{}` has no condition", candidate.name)));
    }
    let names: Vec<&String> = kept.iter().map(|candidate| &candidate.name).chain([&stored.rest]).collect();
    let repeated = |position: usize| names[..position].contains(&names[position]);
    if (0..names.len()).any(|position| names[position].trim().is_empty() || repeated(position)) {
        return Err(StarterModel::refused("the names of its segments are not distinct names with text"));
    }
    if kept.iter().any(|candidate| candidate.segment == StarterSegment::Occasional) {
        return Err(StarterModel::refused("the rest has a condition"));
    }
    let dropped = stored.dropped.into_iter().map(|dropped| DroppedSegment {
        segment: dropped.segment.into(),
        name: dropped.name,
        reason: dropped.reason,
    });
    Ok(StarterModel {
        kept,
        rest: stored.rest,
        value: stored.value,
        dropped: dropped.collect(),
        customers: stored.customers,
    })
}

impl From<SegmentV1> for Candidate {
    fn from(stored: SegmentV1) -> Self {
        let conditions = stored.conditions.into_iter().map(Condition::from).collect();
        Self { segment: stored.segment.into(), name: stored.name, conditions }
    }
}

impl From<&Condition> for ConditionV1 {
    fn from(condition: &Condition) -> Self {
        Self {
            feature: condition.feature.clone(),
            comparison: match condition.comparison {
                Comparison::AtLeast => ComparisonV1::AtLeast,
                Comparison::Above => ComparisonV1::Above,
                Comparison::AtMost => ComparisonV1::AtMost,
                Comparison::Below => ComparisonV1::Below,
            },
            bound: ExactFloat(condition.bound),
        }
    }
}

impl From<ConditionV1> for Condition {
    fn from(stored: ConditionV1) -> Self {
        let comparison = match stored.comparison {
            ComparisonV1::AtLeast => Comparison::AtLeast,
            ComparisonV1::Above => Comparison::Above,
            ComparisonV1::AtMost => Comparison::AtMost,
            ComparisonV1::Below => Comparison::Below,
        };
        Self { feature: stored.feature, comparison, bound: stored.bound.0 }
    }
}

impl From<StarterSegment> for KindV1 {
    fn from(segment: StarterSegment) -> Self {
        match segment {
            StarterSegment::RichButReturning => Self::RichButReturning,
            StarterSegment::New => Self::New,
            StarterSegment::HighSpend => Self::HighSpend,
            StarterSegment::Loyal => Self::Loyal,
            StarterSegment::PriceSensitive => Self::PriceSensitive,
            StarterSegment::Occasional => Self::Occasional,
        }
    }
}

impl From<KindV1> for StarterSegment {
    fn from(stored: KindV1) -> Self {
        match stored {
            KindV1::RichButReturning => Self::RichButReturning,
            KindV1::New => Self::New,
            KindV1::HighSpend => Self::HighSpend,
            KindV1::Loyal => Self::Loyal,
            KindV1::PriceSensitive => Self::PriceSensitive,
            KindV1::Occasional => Self::Occasional,
        }
    }
}
