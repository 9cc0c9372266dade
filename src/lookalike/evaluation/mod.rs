//! How good is a lookalike model, before anybody is contacted?
//!
//! Seeds are held out: the model learns from the others, ranks everybody else, and is judged by how far up the held-out seeds
//! come. Accuracy would say nothing, because the pool holds customers who are good and have not been found yet.
//!
//! [`Evaluation`] does this over and over and compares with RFM, with the mean seed and with chance.
//!
//! The figures stand on their own, for rankings made elsewhere: [`Ranking`] has recall, lift, precision and the area under
//! the curve; [`unlabelled_auc`] and [`LabelFrequency`] correct for the good who hide in the pool; [`Drift`] says how the
//! audience differs from the pool; [`Isotonic`], [`Platt`] and [`Calibration`] turn scores into probabilities where real
//! outcomes are known, and say how good those are.

mod baselines;
mod builder;
mod calibration;
mod drift;
mod evaluated;
mod judge;
mod ranking;
mod run;
mod split;
#[cfg(test)]
mod tests;
mod unlabelled;
mod words;

pub use builder::{Evaluation, EvaluationBuilder};
pub use calibration::{Calibration, Isotonic, Platt};
pub use drift::{Drift, population_stability};
pub use evaluated::{
    Areas, BecameGood, Estimate, Evaluated, OutcomeCalibration, Protocol, RankingFigures, ShareFigures,
};
pub use ranking::Ranking;
pub use unlabelled::{LabelFrequency, unlabelled_auc};
