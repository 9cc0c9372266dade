//! The flow: order lines, features, segments, economics, plan.

use kohort::economics::Plan;
use kohort::segment::{Rfm, RfmModel, RfmProfile, RfmScores, Segmenter, StarterModel, StarterSegments};
use kohort::synthetic::{Shop, Truth};
use kohort::{AsOf, Economics, FeatureExtractor, FeatureTable, Schema, Segmentation, TransactionLog};

use crate::args::Options;
use crate::progress::Progress;

/// What the options ask for, checked before anything is read.
pub(crate) struct Settings {
    schema: Option<Schema>,
    economics: Economics,
    starter: StarterSegments,
}

impl Settings {
    pub(crate) fn new(options: &Options) -> kohort::Result<Self> {
        Ok(Self {
            schema: options.file.as_ref().map(|_| options.schema()).transpose()?,
            economics: Economics::builder(options.costs()?).build()?,
            starter: StarterSegments::builder().max_segments(options.output.max_segments).build()?,
        })
    }
}

/// The order lines, and who the customers are where that is known.
pub(crate) struct Orders {
    pub(crate) log: TransactionLog,
    pub(crate) truth: Option<Truth>,
}

impl Orders {
    /// Reads the file, or makes the synthetic shop.
    pub(crate) fn read(options: &Options, settings: &Settings) -> kohort::Result<Self> {
        let (Some(path), Some(schema)) = (&options.file, &settings.schema) else {
            let _progress = Progress::stage("making a synthetic shop");
            let shop = Shop::builder().build()?.generate()?;
            return Ok(Self { log: shop.log, truth: Some(shop.truth) });
        };
        let progress = Progress::reading(path);
        let log = TransactionLog::from_csv_path_with(path, schema, &mut |state| progress.read(state))?;
        Ok(Self { log, truth: None })
    }
}

/// Everything that is found out about the customers.
pub(crate) struct Analysis {
    pub(crate) orders: Orders,
    pub(crate) as_of: AsOf,
    /// With the columns that economics adds.
    pub(crate) table: FeatureTable,
    pub(crate) economics: Economics,
    pub(crate) rfm: RfmModel,
    pub(crate) scores: RfmScores,
    pub(crate) rfm_segments: Segmentation,
    pub(crate) profile: RfmProfile,
    pub(crate) starter: StarterModel,
    pub(crate) segments: Segmentation,
    pub(crate) plan: Plan,
}

impl Analysis {
    pub(crate) fn run(orders: Orders, settings: Settings, as_of: AsOf) -> kohort::Result<Self> {
        let Settings { economics, starter, .. } = settings;
        let _progress = Progress::stage("working out features, segments and what they earn");
        let extractor = FeatureExtractor::builder(as_of.clone()).build()?;
        // The past that the plan is held against has segments of its own.
        let analysis = economics
            .analyse(&orders.log, &extractor, |customers| starter.fit(customers)?.segment(customers))?;
        let (table, segments, plan) = (analysis.customers, analysis.segments, analysis.plan);
        let starter = starter.fit(&table)?;
        let rfm = Rfm::builder().build()?.fit(&table)?;
        let scores = rfm.scores(&table)?;
        let rfm_segments = rfm.name(&scores)?;
        let profile = rfm.profile(&table)?;
        Ok(Self {
            orders,
            as_of,
            table,
            economics,
            rfm,
            scores,
            rfm_segments,
            profile,
            starter,
            segments,
            plan,
        })
    }
}
