//! What a user says of a scaler, checked once.

use super::model::ScalerModel;
use super::recipe::Scaling;
use crate::error::{Error, Result};
use crate::features::{FeatureTable, MissingPolicy};

/// How the features of a table become numbers that can be compared: ready to be learned from customers. The
/// [module](crate::features::scaling) says what the choices mean.
#[derive(Clone, PartialEq, Debug)]
pub struct Scaler {
    pub(super) features: Vec<Setting>,
}

/// What was said of one feature.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Setting {
    pub(super) name: String,
    pub(super) scaling: Scaling,
    pub(super) missing: MissingPolicy,
    pub(super) weight: f64,
}

/// Settings of a [`Scaler`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct ScalerBuilder {
    features: Vec<String>,
    scaling: Scaling,
    missing: MissingPolicy,
    scalings: Vec<(String, Scaling)>,
    policies: Vec<(String, MissingPolicy)>,
    weights: Vec<(String, f64)>,
}

impl Scaler {
    /// Begins a scaler of some features, in the order of the matrix's columns.
    pub fn builder<F: AsRef<str>>(features: impl IntoIterator<Item = F>) -> ScalerBuilder {
        ScalerBuilder {
            features: features.into_iter().map(|feature| feature.as_ref().to_owned()).collect(),
            scaling: Scaling::default(),
            missing: MissingPolicy::default(),
            scalings: Vec::new(),
            policies: Vec::new(),
            weights: Vec::new(),
        }
    }

    /// The features, in the order of the matrix's columns.
    #[must_use]
    pub fn features(&self) -> impl ExactSizeIterator<Item = &str> {
        self.features.iter().map(|feature| feature.name.as_str())
    }

    /// Learns the scale of a table's customers: of those that stand in the matrix, each feature from those that have a
    /// value. A number that is filled in counts as a value, a median that stands in does not.
    ///
    /// O(customers · features) time, in parallel; memory for one feature's values at a time.
    ///
    /// # Errors
    /// [`Error::Empty`] where no customer is left; [`Error::MissingFeature`]; [`Error::FeatureType`] for text, for a
    /// missing value under [`MissingPolicy::Error`], and under [`MissingPolicy::Median`] for a feature that nobody has.
    pub fn fit(&self, table: &FeatureTable) -> Result<ScalerModel> {
        super::learn::fit(self, table)
    }
}

impl ScalerBuilder {
    /// The recipe of every feature that has none of its own. Defaults to [`Scaling::z_score`].
    pub fn scaling(mut self, scaling: Scaling) -> Self {
        self.scaling = scaling;
        self
    }

    /// The recipe of one feature. Defaults to that of [`ScalerBuilder::scaling`].
    pub fn feature_scaling(mut self, feature: impl AsRef<str>, scaling: Scaling) -> Self {
        set(&mut self.scalings, feature, scaling);
        self
    }

    /// What becomes of customers who lack a value of a feature that has no policy of its own. Defaults to
    /// [`MissingPolicy::Error`].
    pub fn missing(mut self, missing: MissingPolicy) -> Self {
        self.missing = missing;
        self
    }

    /// What becomes of customers who lack a value of one feature. Defaults to that of [`ScalerBuilder::missing`].
    pub fn feature_missing(mut self, feature: impl AsRef<str>, missing: MissingPolicy) -> Self {
        set(&mut self.policies, feature, missing);
        self
    }

    /// What a feature's scaled values are multiplied by, a millionth to a million: with 2, a difference in it counts
    /// like one that is twice as large, and four times as much in a squared distance. Defaults to 1.
    pub fn weight(mut self, feature: impl AsRef<str>, weight: f64) -> Self {
        set(&mut self.weights, feature, weight);
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// [`Error::Setting`] for no features, a name without text, a weight or a share out of range, a fill that is not
    /// finite, and a setting of a feature that is not among those named; [`Error::DuplicateFeature`].
    pub fn build(self) -> Result<Scaler> {
        if self.features.is_empty() || self.features.iter().any(String::is_empty) {
            let found = if self.features.is_empty() { "none" } else { "an empty name" };
            return Err(Error::Setting {
                setting: "features",
                found: found.into(),
                expected: "the names of one feature or more",
            });
        }
        self.check_names("feature_scaling", &self.scalings)?;
        self.check_names("feature_missing", &self.policies)?;
        self.check_names("weight", &self.weights)?;
        let mut features: Vec<Setting> = Vec::with_capacity(self.features.len());
        for name in &self.features {
            if features.iter().any(|other| other.name == *name) {
                return Err(Error::DuplicateFeature { feature: name.clone() });
            }
            let feature = Setting {
                name: name.clone(),
                scaling: own(&self.scalings, name).unwrap_or(self.scaling),
                missing: own(&self.policies, name).unwrap_or(self.missing),
                weight: own(&self.weights, name).unwrap_or(1.0),
            };
            feature.check()?;
            features.push(feature);
        }
        Ok(Scaler { features })
    }

    fn check_names<T>(&self, setting: &'static str, settings: &[(String, T)]) -> Result<()> {
        match settings.iter().find(|(name, _)| !self.features.contains(name)) {
            Some((name, _)) => Err(Error::Setting {
                setting,
                found: format!("for `{name}`"),
                expected: "one of the features the scaler was begun with",
            }),
            None => Ok(()),
        }
    }
}

impl Setting {
    /// Checks what a user, or a stored model, says of a feature.
    pub(super) fn check(&self) -> Result<()> {
        self.scaling.check()?;
        self.missing.check()?;
        if (1e-6..=1e6).contains(&self.weight) {
            return Ok(());
        }
        Err(Error::Setting {
            setting: "weight",
            found: self.weight.to_string(),
            expected: "a number from 0.000001 to 1000000; leave a feature out rather than weigh it by zero",
        })
    }
}

fn set<T>(settings: &mut Vec<(String, T)>, feature: impl AsRef<str>, value: T) {
    settings.push((feature.as_ref().to_owned(), value));
}

/// What was said last of a feature.
fn own<T: Copy>(settings: &[(String, T)], feature: &str) -> Option<T> {
    settings.iter().rev().find(|(name, _)| name == feature).map(|(_, value)| *value)
}
