//! The feature extractor: which features, as of when; and the pass that computes them.

use std::collections::BTreeSet;
use std::sync::Arc;

use rayon::prelude::*;

use crate::category::Levels as Texts;
use crate::error::{Error, Result};
use crate::features::derive::{Part, TooLarge, channel_share, derive, join_all};
use crate::features::feature::{Feature, Feature as F, slug};
use crate::features::group::Group;
use crate::features::lines::Needs;
use crate::features::measures::{Levels, Measures, Meter};
use crate::features::partition::Partition;
use crate::features::table::{FeatureTable, ReturnKnowledge, TableContext};
use crate::transaction::{AsOf, Attribute, CustomerIds, IdColumn, Returns, TransactionLog};

/// More channels than this and a column each is no help to anyone.
const MOST_CHANNELS: usize = 64;

/// Turns a log into a [`FeatureTable`] as of a moment.
///
/// Lines that are not before the moment are counted ([`TableContext::lines_left_out`]) and left out, and so are
/// returns whose own time is not. Every customer with a line before the moment has a row.
///
/// One pass splits the lines into groups of customers that fit the processor's cache, a second one measures each
/// customer: O(lines) time, and memory for one copy of the columns that the features need. The result is the same to
/// the bit for any number of threads and any order of the lines.
///
/// ```
/// use kohort::synthetic::Shop;
/// use kohort::{Feature, FeatureExtractor};
///
/// let shop = Shop::builder().customers(200).build()?.generate()?;
/// let as_of = shop.log.as_of_end()?;
/// let customers = FeatureExtractor::builder(as_of).build()?.extract(&shop.log)?;
/// let gross = customers.money(Feature::Gross)?;
/// assert_eq!(gross.len(), customers.len());
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FeatureExtractor {
    as_of: AsOf,
    features: Option<BTreeSet<Feature>>,
    maturity_days: u32,
}

/// Builds a [`FeatureExtractor`].
#[derive(Clone, Debug)]
pub struct FeatureExtractorBuilder(FeatureExtractor);

impl FeatureExtractor {
    /// An extractor for features as of a moment.
    #[must_use]
    pub fn builder(as_of: AsOf) -> FeatureExtractorBuilder {
        FeatureExtractorBuilder(Self { as_of, features: None, maturity_days: 60 })
    }

    /// The moment.
    #[must_use]
    pub fn as_of(&self) -> &AsOf {
        &self.as_of
    }
}

impl FeatureExtractorBuilder {
    /// The features to compute; the others cost nothing. Defaults to all that the log's columns allow.
    #[must_use]
    pub fn features(mut self, features: impl IntoIterator<Item = Feature>) -> Self {
        self.0.features = Some(features.into_iter().collect());
        self
    }

    /// After how many days the returns of an order are in. Defaults to 60: a return window of a month, time in
    /// transit both ways, and the shop's own handling.
    #[must_use]
    pub fn maturity_days(mut self, days: u32) -> Self {
        self.0.maturity_days = days;
        self
    }

    /// The extractor.
    ///
    /// # Errors
    /// [`Error::Setting`] without features, or with a maturity of more than ten years.
    pub fn build(self) -> Result<FeatureExtractor> {
        let extractor = self.0;
        if extractor.features.as_ref().is_some_and(BTreeSet::is_empty) {
            return Err(Error::Setting {
                setting: "features",
                found: "empty".into(),
                expected: "at least one feature; leave it out for all",
            });
        }
        if extractor.maturity_days > 3_653 {
            return Err(Error::Setting {
                setting: "maturity_days",
                found: extractor.maturity_days.to_string(),
                expected: "at most ten years",
            });
        }
        Ok(extractor)
    }
}

/// What the log has to have for a feature, in words; `None` where it has it.
fn lacking(feature: Feature, log: &TransactionLog) -> Option<&'static str> {
    let recorded = *log.rules().returns() != Returns::NotRecorded;
    let on_lines = log.returned.is_some();
    let (met, needs) = match feature {
        Feature::Returned
        | Feature::ReturnedAttributed
        | Feature::ReturnRate
        | Feature::ReturnRatePosted
        | Feature::ReturnRateItems
        | Feature::ItemsReturned
        | Feature::LinesReturned
        | Feature::LinesReturnedMature
        | Feature::OrdersWithReturn
        | Feature::ReturnParcels => (recorded, "a record of returns"),
        Feature::ReturnedGross => (on_lines, "returns recorded on their sale lines"),
        Feature::TopCategory | Feature::Categories => {
            (log.attribute(Attribute::Category).is_some(), "a category column")
        }
        Feature::ChannelShares => (log.attribute(Attribute::Channel).is_some(), "a channel column"),
        Feature::Country => (log.attribute(Attribute::Country).is_some(), "a country column"),
        Feature::CostOfGoods => (log.costs.is_some(), "unit costs"),
        Feature::CostOfGoodsReturned => {
            (log.costs.is_some() && recorded, "unit costs and a record of returns")
        }
        Feature::DiscountShare | Feature::Discount => (log.discounts.is_some(), "a discount column"),
        _ => (true, ""),
    };
    (!met).then_some(needs)
}

/// Which columns a feature is computed from.
fn needs_of(features: &BTreeSet<Feature>, log: &TransactionLog) -> Needs {
    let credit_notes = matches!(log.rules().returns(), Returns::CreditNotes { .. });
    let any = |wanted: &[Feature]| wanted.iter().any(|feature| features.contains(feature));
    let attributed = any(&[
        F::ReturnedAttributed,
        F::ReturnRate,
        F::ReturnRateItems,
        F::ItemsReturned,
        F::LinesReturned,
        F::LinesReturnedMature,
        F::OrdersWithReturn,
        F::CostOfGoodsReturned,
    ]);
    let attribution = credit_notes && (attributed || any(&[F::ReturnParcels]));
    let value_back = any(&[F::Returned, F::Net, F::ReturnedAttributed, F::ReturnRate, F::ReturnRatePosted]);
    let pieces_back = any(&[
        F::ReturnedGross,
        F::ReturnRateItems,
        F::ItemsReturned,
        F::LinesReturned,
        F::LinesReturnedMature,
        F::CostOfGoodsReturned,
    ]);
    let orders_back = any(&[F::OrdersWithReturn, F::ReturnParcels]);
    Needs {
        order: attribution
            || orders_back
            || any(&[F::Orders, F::AverageOrderValue, F::RecencyDays, F::LastOrder]),
        quantity: attribution || pieces_back || any(&[F::Items]),
        discount: attribution
            || any(&[
                F::Discount,
                F::DiscountShare,
                F::Net,
                F::AverageOrderValue,
                F::ReturnRate,
                F::ReturnRatePosted,
            ]),
        cost: any(&[F::CostOfGoods, F::CostOfGoodsReturned]),
        returned_quantity: pieces_back || orders_back,
        returned: value_back || orders_back,
        category: any(&[F::TopCategory, F::Categories]),
        channel: any(&[F::ChannelShares]),
        country: any(&[F::Country]),
        order_returns: orders_back,
        maturity: any(&[F::LinesMature, F::LinesReturnedMature]),
        attribution,
        row: false,
    }
}

/// What one group yields.
struct GroupTable {
    customers: Vec<u64>,
    parts: Vec<Part>,
    left_out: u64,
}

impl FeatureExtractor {
    /// The features of a log's customers.
    ///
    /// # Errors
    /// [`Error::FeatureNeeds`] where a feature that was asked for needs a column the log does not have,
    /// [`Error::MoneyRange`] where a customer's sum leaves the range of money, [`Error::Setting`] for more than 64
    /// channels, [`Error::DuplicateFeature`] where two channels have names that differ in punctuation only.
    pub fn extract(&self, log: &TransactionLog) -> Result<FeatureTable> {
        let features = self.features_for(log)?;
        let needs = needs_of(&features, log);
        let levels_of = |attribute| log.attribute(attribute).map(|column| &column.levels);
        let channels = levels_of(Attribute::Channel).filter(|_| needs.channel);
        if let Some(channels) = channels.filter(|channels| channels.len() > MOST_CHANNELS) {
            return Err(Error::Setting {
                setting: "channel",
                found: format!("{} channels", channels.len()),
                expected: "at most 64; group them, or leave the channel shares out",
            });
        }
        let count = |wanted: bool, attribute| {
            levels_of(attribute).filter(|_| wanted).map_or(0, |levels: &Arc<Texts>| levels.len())
        };
        let levels = Levels {
            categories: count(needs.category, Attribute::Category),
            countries: count(needs.country, Attribute::Country),
            channels: count(needs.channel, Attribute::Channel),
        };
        let partition = Partition::new(log, needs);
        let groups: Vec<GroupTable> = (0..partition.groups())
            .into_par_iter()
            .map_init(
                || Scratch::new(needs, self.as_of.micros(), self.maturity_days, levels),
                |scratch, index| {
                    scratch.group.fill(&partition, index, self.as_of.micros());
                    scratch.measure(levels.channels);
                    scratch.derive(&features, levels.channels, self.as_of.micros()).map_err(|problem| {
                        let customer = scratch.group.customers[problem.customer];
                        let customer = log.customers.id_of_key(customer).to_string();
                        Error::MoneyRange { what: problem.what, customer }
                    })
                },
            )
            .collect::<Result<_>>()?;

        let mut names = Vec::new();
        let mut texts = Vec::new();
        for feature in &features {
            if let (Feature::ChannelShares, Some(channels)) = (feature, channels) {
                names.extend(channels.iter().map(|channel| format!("{feature}__{}", slug(channel))));
                texts.extend(channels.iter().map(|_| None));
            } else {
                names.push(feature.name().to_owned());
                texts.push(match feature {
                    Feature::TopCategory => levels_of(Attribute::Category).cloned(),
                    Feature::Country => levels_of(Attribute::Country).cloned(),
                    _ => None,
                });
            }
        }
        let keys: Vec<&[u64]> = groups.iter().map(|group| group.customers.as_slice()).collect();
        let ids = customer_ids(&log.customers, keys.concat());
        let lines_left_out = groups.iter().map(|group| group.left_out).sum();
        let parts: Vec<Vec<Part>> = groups.into_iter().map(|group| group.parts).collect();
        // Giving the moved lines back to the system takes about as long as joining the columns.
        let (columns, ()) = rayon::join(|| join_all(&parts, &texts), || drop(partition));
        let columns = columns?;
        let table = FeatureTable::from_columns(ids, names.into_iter().zip(columns))?;
        Ok(table.with_context(TableContext {
            as_of: self.as_of.clone(),
            currency: log.rules().currency().to_owned(),
            vat: log.rules().vat(),
            returns: knowledge(log),
            lines_left_out,
        }))
    }

    /// The features to compute, in the order of the columns.
    fn features_for(&self, log: &TransactionLog) -> Result<BTreeSet<Feature>> {
        match &self.features {
            None => {
                Ok(Feature::ALL.iter().copied().filter(|feature| lacking(*feature, log).is_none()).collect())
            }
            Some(features) => {
                for feature in features {
                    if let Some(needs) = lacking(*feature, log) {
                        return Err(Error::FeatureNeeds { feature: feature.name().to_owned(), needs });
                    }
                }
                Ok(features.clone())
            }
        }
    }
}

/// What a task needs for one group after the other, so that memory is taken once.
struct Scratch {
    group: Group,
    meter: Meter,
    measures: Vec<Measures>,
    channel_gross: Vec<i64>,
}

impl Scratch {
    fn new(needs: Needs, as_of: i64, maturity_days: u32, levels: Levels) -> Self {
        Self {
            group: Group::default(),
            meter: Meter::new(needs, as_of, maturity_days, levels),
            measures: Vec::new(),
            channel_gross: Vec::new(),
        }
    }

    /// Measures the customers of the group.
    fn measure(&mut self, channels: usize) {
        let Self { group, meter, measures, channel_gross } = self;
        let customers = group.customers.len();
        channel_gross.clear();
        channel_gross.resize(customers * channels, 0);
        measures.clear();
        meter.start_group(&group.lines);
        measures.extend((0..customers).map(|customer| {
            let own = &mut channel_gross[customer * channels..(customer + 1) * channels];
            meter.measure(&group.lines, group.lines_of(customer), own)
        }));
    }

    /// The features of the customers that were measured.
    fn derive(
        &self,
        features: &BTreeSet<Feature>,
        channels: usize,
        as_of: i64,
    ) -> std::result::Result<GroupTable, TooLarge> {
        let mut parts = Vec::with_capacity(features.len() + channels);
        for feature in features {
            if *feature == Feature::ChannelShares {
                let share = |channel| channel_share(channel, channels, &self.channel_gross, &self.measures);
                parts.extend((0..channels).map(share));
            } else {
                parts.push(derive(*feature, &self.measures, as_of)?);
            }
        }
        Ok(GroupTable { customers: self.group.customers.clone(), parts, left_out: self.group.left_out })
    }
}

/// The ids of ascending keys.
fn customer_ids(column: &IdColumn, keys: Vec<u64>) -> CustomerIds {
    match column {
        IdColumn::Numbers(_) => CustomerIds::ascending_numbers(keys),
        IdColumn::Texts(texts) if keys.len() == texts.levels.len() => {
            CustomerIds::texts((*texts.levels).clone())
        }
        IdColumn::Texts(texts) => CustomerIds::texts(texts.levels.pick(keys.iter().map(|key| *key as u32))),
    }
}

/// What is known of when the log's returns happened.
fn knowledge(log: &TransactionLog) -> ReturnKnowledge {
    match log.rules().returns() {
        Returns::NotRecorded => ReturnKnowledge::NotRecorded,
        Returns::CreditNotes { .. } => ReturnKnowledge::Timed,
        _ => {
            let (Some(returned), Some(times)) = (&log.returned, &log.return_times) else {
                return ReturnKnowledge::AsKnown;
            };
            let untimed = |(value, time): (&i64, &i64)| *value > 0 && *time == crate::transaction::NO_TIME;
            if returned.par_iter().zip(times).any(untimed) {
                ReturnKnowledge::AsKnown
            } else {
                ReturnKnowledge::Timed
            }
        }
    }
}
