//! The flow: order lines, features, segments, economics, plan.

use kohort::economics::{Finding, Plan, ReturnDrivers};
use kohort::segment::{Rfm, RfmModel, RfmProfile, RfmScores, Segmenter, StarterModel, StarterSegments};
use kohort::synthetic::{Shop, Truth};
use kohort::{
    AsOf, Attribute, Economics, FeatureExtractor, FeatureTable, Schema, Segmentation, TransactionLog,
};

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
    pub(crate) finding: Finding,
    /// What drives the returns of the segment that most needs it.
    pub(crate) drivers: Vec<ReturnDrivers>,
}

impl Analysis {
    pub(crate) fn run(orders: Orders, settings: Settings, as_of: AsOf) -> kohort::Result<Self> {
        let Settings { economics, starter, .. } = settings;
        let _progress = Progress::stage("working out features, segments and what they earn");
        let table = FeatureExtractor::builder(as_of.clone()).build()?.extract(&orders.log)?;
        let finding = economics.looks_rich(&table)?;
        let table = economics.enrich(&table)?;
        let rfm = Rfm::builder().build()?.fit(&table)?;
        let scores = rfm.scores(&table)?;
        let rfm_segments = rfm.name(&scores)?;
        let profile = rfm.profile(&table)?;
        let starter = starter.fit(&table)?;
        let segments = starter.segment(&table)?;
        let plan = economics.prioritize(&table, &segments)?;
        let drivers = drivers(&orders.log, &table, &economics, &segments, &plan);
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
            drivers,
        })
    }
}

/// What drives the returns of the last-ranked segment whose returns ask for an action, by each attribute the log has.
fn drivers(
    log: &TransactionLog,
    table: &FeatureTable,
    economics: &Economics,
    segments: &Segmentation,
    plan: &Plan,
) -> Vec<ReturnDrivers> {
    let troubled: Vec<&str> = [plan.fix(), plan.suppress(), plan.reduce_paid_exposure()].concat();
    let Some(worst) = plan.segments.iter().rev().find(|place| troubled.contains(&place.segment.as_str()))
    else {
        return Vec::new();
    };
    [Attribute::Category, Attribute::Brand, Attribute::Size, Attribute::Country, Attribute::Reason]
        .into_iter()
        // An attribute that the log does not have, or returns that are not on their lines, explain nothing.
        .filter_map(|attribute| {
            economics.return_drivers(log, table, segments, &worst.segment, attribute).ok()
        })
        .collect()
}
