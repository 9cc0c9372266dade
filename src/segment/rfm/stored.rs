//! How a fitted RFM is stored. The structs of a version are frozen once it is released.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::axis::{Axis, CutConvention, Cutting, Direction, RfmAxis, RfmMode};
use super::boxes::{ScoreBox, SegmentBoxes};
use super::map::SegmentMap;
use super::model::RfmModel;
use super::naming::{NameTable, SegmentScheme};
use crate::error::Result;
use crate::model_file::{self, ExactFloat, StoredModel};

#[derive(Serialize, Deserialize)]
struct RfmModelV1 {
    customers: u64,
    mode: ModeV1,
    convention: ConventionV1,
    recency: AxisV1,
    frequency: AxisV1,
    monetary: AxisV1,
    return_rate: Option<AxisV1>,
    segments: SchemeV1,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ModeV1 {
    Independent,
    Nested,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ConventionV1 {
    RightClosed,
    RPackage,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum DirectionV1 {
    HighIsGood,
    LowIsGood,
}

#[derive(Serialize, Deserialize)]
struct AxisV1 {
    feature: String,
    direction: DirectionV1,
    bins: u8,
    bins_found: u8,
    cut_points: Vec<Vec<ExactFloat>>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SchemeV1 {
    Map(Vec<BlockV1>),
    Boxes { boxes: Vec<BoxV1>, rest: String },
}

#[derive(Serialize, Deserialize)]
struct BlockV1 {
    name: String,
    recency: (u8, u8),
    frequency: (u8, u8),
}

#[derive(Serialize, Deserialize)]
struct BoxV1 {
    name: String,
    recency: Option<(u8, u8)>,
    frequency: Option<(u8, u8)>,
    monetary: Option<(u8, u8)>,
    return_rate: Option<(u8, u8)>,
}

impl StoredModel for RfmModel {
    const KIND: &'static str = "rfm";
    const VERSION: u32 = 1;

    fn to_latest(&self) -> impl Serialize {
        let [recency, frequency, monetary] = &self.axes;
        RfmModelV1 {
            customers: self.customers,
            mode: match self.mode {
                RfmMode::Independent => ModeV1::Independent,
                RfmMode::Nested => ModeV1::Nested,
            },
            convention: match self.convention {
                CutConvention::RightClosed => ConventionV1::RightClosed,
                CutConvention::RPackage => ConventionV1::RPackage,
            },
            recency: axis_to_v1(recency),
            frequency: axis_to_v1(frequency),
            monetary: axis_to_v1(monetary),
            return_rate: self.return_rate.as_ref().map(axis_to_v1),
            segments: scheme_to_v1(&self.scheme),
        }
    }

    fn load<'de, D: Deserializer<'de>>(_version: u32, model: D) -> std::result::Result<Self, D::Error> {
        from_v1(RfmModelV1::deserialize(model)?).map_err(D::Error::custom)
    }
}

impl Serialize for RfmModel {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        model_file::save(self, serializer)
    }
}

impl<'de> Deserialize<'de> for RfmModel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        model_file::load(deserializer)
    }
}

fn axis_to_v1(axis: &RfmAxis) -> AxisV1 {
    AxisV1 {
        feature: axis.feature.clone(),
        direction: match axis.direction {
            Direction::HighIsGood => DirectionV1::HighIsGood,
            Direction::LowIsGood => DirectionV1::LowIsGood,
        },
        bins: axis.bins,
        bins_found: axis.bins_found,
        cut_points: axis.groups.iter().map(|cuts| cuts.iter().copied().map(ExactFloat).collect()).collect(),
    }
}

fn scheme_to_v1(scheme: &SegmentScheme) -> SchemeV1 {
    match scheme {
        SegmentScheme::Map(map) => {
            let blocks = map.blocks.iter().map(|block| BlockV1 {
                name: block.name.clone(),
                recency: block.recency.clone().into_inner(),
                frequency: block.frequency.clone().into_inner(),
            });
            SchemeV1::Map(blocks.collect())
        }
        SegmentScheme::Boxes(list) => {
            let boxes = list.boxes.iter().map(|(name, scores)| {
                let bounds = |axis: usize| scores.bounds[axis].clone().map(std::ops::RangeInclusive::into_inner);
                BoxV1 {
                    name: name.clone(),
                    recency: bounds(0),
                    frequency: bounds(1),
                    monetary: bounds(2),
                    return_rate: bounds(3),
                }
            });
            SchemeV1::Boxes { boxes: boxes.collect(), rest: list.rest.clone() }
        }
    }
}

fn from_v1(stored: RfmModelV1) -> Result<RfmModel> {
    let mode = match stored.mode {
        ModeV1::Independent => RfmMode::Independent,
        ModeV1::Nested => RfmMode::Nested,
    };
    let recency = axis_from_v1(Axis::Recency, stored.recency, 1)?;
    let within = |groups: usize| if mode == RfmMode::Nested { groups } else { 1 };
    let frequency = axis_from_v1(Axis::Frequency, stored.frequency, within(recency.bins()))?;
    let pairs = recency.bins() * frequency.bins();
    let monetary = axis_from_v1(Axis::Monetary, stored.monetary, within(pairs))?;
    let return_rate = stored.return_rate.map(|axis| axis_from_v1(Axis::ReturnRate, axis, 1)).transpose()?;
    let scheme = scheme_from_v1(stored.segments);
    let bins = [recency.bins, frequency.bins, monetary.bins, return_rate.as_ref().map_or(0, |axis| axis.bins)];
    let naming = NameTable::new(&scheme, bins).map_err(RfmModel::refused)?;
    Ok(RfmModel {
        axes: [recency, frequency, monetary],
        return_rate,
        mode,
        convention: match stored.convention {
            ConventionV1::RightClosed => CutConvention::RightClosed,
            ConventionV1::RPackage => CutConvention::RPackage,
        },
        scheme,
        naming,
        customers: stored.customers,
    })
}

fn axis_from_v1(axis: Axis, stored: AxisV1, groups: usize) -> Result<RfmAxis> {
    let refused = |problem: String| RfmModel::refused(format_args!("the {axis} axis has {problem}"));
    Cutting::Bins(usize::from(stored.bins)).check("bins").map_err(RfmModel::refused)?;
    if !(1..=stored.bins).contains(&stored.bins_found) {
        return Err(refused(format!("{} of {} bins", stored.bins_found, stored.bins)));
    }
    if stored.cut_points.len() != groups {
        return Err(refused(format!("{} groups of cut points instead of {groups}", stored.cut_points.len())));
    }
    let groups: Vec<Vec<f64>> =
        stored.cut_points.iter().map(|cuts| cuts.iter().map(|cut| cut.0).collect()).collect();
    for cuts in &groups {
        if cuts.len() + 1 != usize::from(stored.bins) {
            return Err(refused(format!("{} cut points for {} bins", cuts.len(), stored.bins)));
        }
        if cuts.windows(2).any(|pair| pair[0] > pair[1]) {
            return Err(refused("cut points that do not ascend".into()));
        }
    }
    Ok(RfmAxis {
        axis,
        feature: stored.feature,
        direction: match stored.direction {
            DirectionV1::HighIsGood => Direction::HighIsGood,
            DirectionV1::LowIsGood => Direction::LowIsGood,
        },
        bins: stored.bins,
        bins_found: stored.bins_found,
        groups,
    })
}

fn scheme_from_v1(stored: SchemeV1) -> SegmentScheme {
    match stored {
        SchemeV1::Map(blocks) => {
            let map = blocks.into_iter().fold(SegmentMap::new(), |map, block| {
                map.cells(block.name, block.recency.0..=block.recency.1, block.frequency.0..=block.frequency.1)
            });
            SegmentScheme::Map(map)
        }
        SchemeV1::Boxes { boxes, rest } => {
            let list = boxes.into_iter().fold(SegmentBoxes::new(rest), |list, stored| {
                let bounds = [stored.recency, stored.frequency, stored.monetary, stored.return_rate];
                let scores = ScoreBox { bounds: bounds.map(|bounds| bounds.map(|(low, high)| low..=high)) };
                list.segment(stored.name, scores)
            });
            SegmentScheme::Boxes(list)
        }
    }
}
