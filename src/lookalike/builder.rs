//! What a user says of a lookalike model, checked once.

use std::ops::ControlFlow;

use super::fit;
use super::model::LookalikeModel;
use super::scorer::ScorerKind;
use super::seed::Seed;
use crate::error::{Error, Result};
use crate::features::FeatureTable;
use crate::segment::Predicate;

/// Who resembles the seeds? Ready to be learned from a table.
///
/// ```
/// use kohort::lookalike::{Expansion, Lookalike, Seed, Size};
/// use kohort::synthetic::Shop;
/// use kohort::{CostOfGoods, Costs, Economics, FeatureExtractor, Segmenter, StarterSegments};
///
/// let log = Shop::builder().customers(5_000).build()?.generate()?.log;
/// let economics = Economics::builder(Costs::builder(CostOfGoods::FromLines).build()?).build()?;
/// let customers = economics.enrich(&FeatureExtractor::builder(log.as_of_end()?).build()?.extract(&log)?)?;
/// let segments = StarterSegments::builder().build()?.fit(&customers)?.segment(&customers)?;
/// let plan = economics.prioritize(&customers, &segments)?;
///
/// let model = Lookalike::builder().build()?.fit(&customers, &Seed::best(&plan, &segments)?)?;
/// let audience = model.expand(&customers, &Expansion::builder(Size::Share(0.05)).build()?)?;
/// println!("{model}\n{audience}");
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Lookalike {
    pub(crate) features: Option<Vec<String>>,
    pub(crate) without: Vec<String>,
    pub(crate) pool: Option<Predicate>,
    pub(crate) scorer: Option<ScorerKind>,
    pub(crate) leaks: LeakPolicy,
    pub(crate) background: Option<u64>,
}

/// What to do with features that alone tell seeds from the pool almost perfectly.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum LeakPolicy {
    /// Use them, and report them: see [`LookalikeModel::leaks`].
    #[default]
    Report,
    /// Leave them out of the score, and report them.
    LeaveOut,
}

/// Builds a [`Lookalike`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct LookalikeBuilder(Lookalike);

/// How far a fit has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum LookalikeProgress {
    /// Seeds and background are gathered and encoded.
    Gathered {
        /// Seeds that are left.
        seeds: u64,
        /// Customers of the background sample.
        background: u64,
    },
    /// The scorer was chosen; learning it begins.
    Learning(ScorerKind),
    /// Learning is over; what held-out seeds score is known.
    Checked,
}

impl Lookalike {
    /// Begins a model of all features that the table has, for everyone in it.
    pub fn builder() -> LookalikeBuilder {
        LookalikeBuilder(Self {
            features: None,
            without: Vec::new(),
            pool: None,
            scorer: None,
            leaks: LeakPolicy::default(),
            background: None,
        })
    }

    /// Learns how seeds differ from the rest of the pool.
    ///
    /// The *background* is a sample of the pool without the seeds, drawn by a stable hash of the customer's id: some seeds
    /// that nobody knows of are among it, which lowers every score alike and leaves their order as it is (Elkan & Noto 2008).
    ///
    /// O(customers) for the sample; O(sample · dimensions²) for a linear scorer, in parallel; memory for the encoded sample.
    /// The result is the same to the bit for any number of threads and any order of the rows that made the table.
    ///
    /// # Errors
    /// [`Error::UnknownCustomer`] for a seed that is not in the table; [`Error::Empty`] where no seed is left, or no feature that
    /// differs between customers; [`Error::FewSeeds`] for fewer than 25 effective seeds, [`Error::FewOthers`] for fewer than
    /// 25 in the pool beside them; [`Error::MissingFeature`] and [`Error::FeatureType`] for features, the pool's predicate
    /// and the seeds' value; [`Error::Setting`] where features are listed that tell of returns, for a seed that keeps them
    /// out.
    pub fn fit(&self, table: &FeatureTable, seed: &Seed) -> Result<LookalikeModel> {
        self.fit_with(table, seed, &mut |_| ControlFlow::Continue(()))
    }

    /// [`Lookalike::fit`] with progress, which may stop it.
    ///
    /// # Errors
    /// As for [`Lookalike::fit`], and [`Error::Cancelled`].
    pub fn fit_with(
        &self,
        table: &FeatureTable,
        seed: &Seed,
        progress: &mut dyn FnMut(LookalikeProgress) -> ControlFlow<()>,
    ) -> Result<LookalikeModel> {
        fit::fit(self, table, seed, progress)
    }
}

impl LookalikeBuilder {
    /// The features that likeness is judged by. Defaults to all of the table, without those that
    /// [`Seed::for_demand`] leaves out.
    ///
    /// Numbers are standardised, after a logarithm where they are skewed; texts become one dimension a level; who lacks a
    /// value is told apart from who has none to speak of.
    pub fn features<F: AsRef<str>>(mut self, features: impl IntoIterator<Item = F>) -> Self {
        self.0.features = Some(features.into_iter().map(|feature| feature.as_ref().to_owned()).collect());
        self
    }

    /// Features that likeness is not judged by: those that define the seed, or that the law forbids. Defaults to none.
    pub fn without<F: AsRef<str>>(mut self, features: impl IntoIterator<Item = F>) -> Self {
        self.0.without = features.into_iter().map(|feature| feature.as_ref().to_owned()).collect();
        self
    }

    /// Who the seeds are compared with: those who can be in an audience at all, such as the customers of one country. Seeds
    /// themselves need not be in it. Defaults to everyone.
    pub fn pool(mut self, pool: Predicate) -> Self {
        self.0.pool = Some(pool);
        self
    }

    /// How scores are made. Defaults to a choice by the effective number of seeds and by whether they fall into
    /// groups; the model tells which and why.
    pub fn scorer(mut self, scorer: ScorerKind) -> Self {
        self.0.scorer = Some(scorer);
        self
    }

    /// What to do with features that alone tell seeds from the pool almost perfectly. Defaults to
    /// [`LeakPolicy::Report`].
    pub fn leaks(mut self, policy: LeakPolicy) -> Self {
        self.0.leaks = policy;
        self
    }

    /// How many customers of the pool the seeds are compared with, at most; at least 100. Defaults to twenty a seed and at
    /// least 50,000.
    pub fn background(mut self, customers: u64) -> Self {
        self.0.background = Some(customers);
        self
    }

    /// Checks all settings.
    ///
    /// # Errors
    /// [`Error::Setting`], or [`Error::DuplicateFeature`] for a feature that is named twice.
    pub fn build(self) -> Result<Lookalike> {
        let settings = self.0;
        if let Some(features) = &settings.features {
            if features.is_empty() {
                return Err(Error::Setting {
                    setting: "features",
                    found: "an empty list".into(),
                    expected: "at least one feature",
                });
            }
            let mut sorted: Vec<&String> = features.iter().collect();
            sorted.sort_unstable();
            if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
                return Err(Error::DuplicateFeature { feature: pair[0].clone() });
            }
        }
        match settings.background {
            Some(customers) if customers < 100 => Err(Error::Setting {
                setting: "background",
                found: customers.to_string(),
                expected: "at least 100 customers",
            }),
            _ => Ok(settings),
        }
    }
}
