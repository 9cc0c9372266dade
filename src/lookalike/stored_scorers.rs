//! How the scorers are stored within a lookalike model, and what is asked of them before they are believed: lengths that
//! fit the dimensions, and finite numbers up to 1e100, so that no score is NaN. The structs are frozen once they are released.

use serde::{Deserialize, Serialize};

use super::learned::Fitted;
use super::scorer::{
    Evidence, InformationValue, Linear, Mixture, NearestScore, NearestSeeds, Split, Variable, Whitening,
};
use crate::model_file::ExactFloat;
use crate::numeric::LARGEST;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FittedV1 {
    Linear { weights: Vec<ExactFloat>, intercept: ExactFloat },
    Evidence { variables: Vec<VariableV1>, values: Vec<InformationValueV1> },
    Mixture(MixtureV1),
    Nearest(NearestV1),
}

#[derive(Serialize, Deserialize)]
pub(super) struct VariableV1 {
    split: SplitV1,
    points: Vec<ExactFloat>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SplitV1 {
    Cuts { dimension: usize, cuts: Vec<ExactFloat> },
    Levels { dimensions: Vec<usize> },
}

#[derive(Serialize, Deserialize)]
pub(super) struct InformationValueV1 {
    feature: usize,
    value: ExactFloat,
    beyond_chance: ExactFloat,
}

#[derive(Serialize, Deserialize)]
pub(super) struct WhiteningV1 {
    mean: Vec<ExactFloat>,
    lower: Vec<ExactFloat>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct MixtureV1 {
    whitening: WhiteningV1,
    within: WhiteningV1,
    means: Vec<ExactFloat>,
    offsets: Vec<ExactFloat>,
    reach: ExactFloat,
}

#[derive(Serialize, Deserialize)]
pub(super) struct NearestV1 {
    whitening: WhiteningV1,
    neighbours: usize,
    seeds: Vec<ExactFloat>,
    background: Option<Vec<ExactFloat>>,
}

pub(super) fn exact(numbers: &[f64]) -> Vec<ExactFloat> {
    numbers.iter().copied().map(ExactFloat).collect()
}

pub(super) fn plain(numbers: &[ExactFloat]) -> Vec<f64> {
    numbers.iter().map(|number| number.0).collect()
}

/// Whether sums of products with the number stay finite.
pub(super) fn is_usable(number: ExactFloat) -> bool {
    number.0.abs() <= LARGEST
}

/// The numbers, if there are so many of them and all can be used.
fn usable(numbers: &[ExactFloat], count: usize) -> Option<Vec<f64>> {
    (numbers.len() == count && numbers.iter().copied().all(is_usable)).then(|| plain(numbers))
}

impl From<&Fitted> for FittedV1 {
    fn from(fitted: &Fitted) -> Self {
        match fitted {
            Fitted::Linear(linear) => {
                Self::Linear { weights: exact(&linear.weights), intercept: ExactFloat(linear.intercept) }
            }
            Fitted::Evidence(evidence) => Self::Evidence {
                variables: evidence.variables.iter().map(VariableV1::from).collect(),
                values: evidence.values.iter().map(InformationValueV1::from).collect(),
            },
            Fitted::Mixture(mixture) => Self::Mixture(MixtureV1 {
                whitening: WhiteningV1::from(&mixture.whitening),
                within: WhiteningV1::from(&mixture.within),
                means: exact(&mixture.means),
                offsets: exact(&mixture.offsets),
                reach: ExactFloat(mixture.reach),
            }),
            Fitted::Nearest(nearest) => Self::Nearest(NearestV1 {
                whitening: WhiteningV1::from(&nearest.whitening),
                neighbours: nearest.seeds.neighbours(),
                seeds: exact(nearest.seeds.values()),
                background: nearest.background.as_ref().map(|background| exact(background.values())),
            }),
        }
    }
}

impl FittedV1 {
    /// The scorer, if it can score points of so many dimensions.
    pub(super) fn fitted(self, dims: usize) -> Option<Fitted> {
        Some(match self {
            Self::Linear { weights, intercept } => Fitted::Linear(Linear {
                weights: usable(&weights, dims)?,
                intercept: Some(intercept).filter(|number| is_usable(*number))?.0,
            }),
            Self::Evidence { variables, values } => Fitted::Evidence(Evidence {
                variables: variables.iter().map(|variable| variable.variable(dims)).collect::<Option<_>>()?,
                values: values.iter().map(InformationValue::from).collect(),
            }),
            Self::Mixture(mixture) => Fitted::Mixture(mixture.mixture(dims)?),
            Self::Nearest(nearest) => Fitted::Nearest(nearest.nearest(dims)?),
        })
    }
}

impl From<&Variable> for VariableV1 {
    fn from(variable: &Variable) -> Self {
        let split = match &variable.split {
            Split::Cuts { dimension, cuts } => SplitV1::Cuts { dimension: *dimension, cuts: exact(cuts) },
            Split::Levels { dimensions } => SplitV1::Levels { dimensions: dimensions.clone() },
        };
        Self { split, points: exact(&variable.points) }
    }
}

impl VariableV1 {
    fn variable(&self, dims: usize) -> Option<Variable> {
        let (split, bins) = match &self.split {
            SplitV1::Cuts { dimension, cuts } => {
                let cuts = usable(cuts, cuts.len()).filter(|cuts| cuts.is_sorted() && *dimension < dims)?;
                let bins = cuts.len() + 1;
                (Split::Cuts { dimension: *dimension, cuts }, bins)
            }
            SplitV1::Levels { dimensions } => {
                let inside = !dimensions.is_empty() && dimensions.iter().all(|dimension| *dimension < dims);
                let split = inside.then(|| Split::Levels { dimensions: dimensions.clone() })?;
                (split, dimensions.len() + 1)
            }
        };
        Some(Variable { split, points: usable(&self.points, bins)? })
    }
}

impl From<&InformationValue> for InformationValueV1 {
    fn from(value: &InformationValue) -> Self {
        Self {
            feature: value.feature,
            value: ExactFloat(value.value),
            beyond_chance: ExactFloat(value.beyond_chance),
        }
    }
}

impl From<&InformationValueV1> for InformationValue {
    fn from(stored: &InformationValueV1) -> Self {
        Self { feature: stored.feature, value: stored.value.0, beyond_chance: stored.beyond_chance.0 }
    }
}

impl From<&Whitening> for WhiteningV1 {
    fn from(whitening: &Whitening) -> Self {
        Self { mean: exact(&whitening.mean), lower: exact(&whitening.lower) }
    }
}

impl WhiteningV1 {
    fn whitening(&self, dims: usize) -> Option<Whitening> {
        let mean = usable(&self.mean, dims)?;
        let lower = usable(&self.lower, dims * dims)?;
        (0..dims).all(|at| lower[at * (dims + 1)] > 0.0).then_some(Whitening { mean, lower })
    }
}

impl MixtureV1 {
    fn mixture(&self, dims: usize) -> Option<Mixture> {
        let kinds = Some(self.offsets.len()).filter(|kinds| *kinds > 0)?;
        Some(Mixture {
            whitening: self.whitening.whitening(dims)?,
            within: self.within.whitening(dims)?,
            means: usable(&self.means, kinds * dims)?,
            offsets: usable(&self.offsets, kinds)?,
            reach: Some(self.reach).filter(|reach| is_usable(*reach) && reach.0 >= 0.0)?.0,
        })
    }
}

impl NearestV1 {
    fn nearest(&self, dims: usize) -> Option<NearestScore> {
        let of = |numbers: &[ExactFloat], k: usize| {
            let whole = !numbers.is_empty() && numbers.len().is_multiple_of(dims) && self.neighbours > 0;
            let values = usable(numbers, numbers.len()).filter(|_| whole)?;
            let nearest = NearestSeeds::of(values, dims, k);
            // As many neighbours on both sides, as they were learned.
            (nearest.neighbours() >= self.neighbours).then_some(nearest)
        };
        let background = match &self.background {
            Some(background) => Some(of(background, self.neighbours.saturating_add(1))?),
            None => None,
        };
        let seeds = of(&self.seeds, self.neighbours)?;
        Some(NearestScore { whitening: self.whitening.whitening(dims)?, seeds, background })
    }
}
