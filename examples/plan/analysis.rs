//! The flow: order lines, features, segments, economics, plan.

use kohort::economics::{Finding, Plan};
use kohort::segment::{Rfm, RfmModel, RfmProfile, RfmScores, Segmenter, StarterSegments, StarterSegmentsModel};
use kohort::synthetic::{Shop, Truth};
use kohort::{AsOf, Economics, FeatureExtractor, FeatureTable, Segmentation, TransactionLog};

use crate::Failure;
use crate::args::Options;
use crate::progress::Progress;

/// The order lines, and who the customers are where that is known.
pub(crate) struct Orders {
    pub(crate) log: TransactionLog,
    pub(crate) truth: Option<Truth>,
}

impl Orders {
    /// Reads the file, or makes the synthetic shop.
    pub(crate) fn read(options: &Options) -> Result<Self, Failure> {
        let Some(path) = &options.file else {
            let _progress = Progress::stage("making a synthetic shop");
            let shop = Shop::builder().build().and_then(|shop| shop.generate()).map_err(Failure::Data)?;
            return Ok(Self { log: shop.log, truth: Some(shop.truth) });
        };
        let schema = options.schema().map_err(Failure::Usage)?;
        let progress = Progress::reading(path);
        let log = TransactionLog::from_csv_path_with(path, &schema, &mut |state| progress.read(state));
        Ok(Self { log: log.map_err(Failure::Data)?, truth: None })
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
    pub(crate) starter: StarterSegmentsModel,
    pub(crate) segments: Segmentation,
    pub(crate) plan: Plan,
    pub(crate) finding: Finding,
}

impl Analysis {
    pub(crate) fn run(orders: Orders, economics: Economics, options: &Options) -> kohort::Result<Self> {
        let _progress = Progress::stage("working out features, segments and what they earn");
        let as_of = options.as_of(&orders.log)?;
        let table = FeatureExtractor::builder(as_of.clone()).build()?.extract(&orders.log)?;
        let finding = economics.looks_rich(&table)?;
        let table = economics.enrich(&table)?;
        let rfm = Rfm::builder().build()?.fit(&table)?;
        let scores = rfm.scores(&table)?;
        let rfm_segments = rfm.name(&scores)?;
        let profile = rfm.profile(&table)?;
        let starter = StarterSegments::builder().max_segments(options.output.max_segments).build()?.fit(&table)?;
        let segments = starter.segment(&table)?;
        let plan = economics.prioritize(&table, &segments)?;
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
            finding,
        })
    }
}
