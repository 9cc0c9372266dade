//! The pass: a log's lines to the columns of a table, group by group.

use std::collections::BTreeSet;
use std::sync::Arc;

use rayon::prelude::*;

use crate::category::Levels as Texts;
use crate::error::{Error, Result};
use crate::events::EventLog;
use crate::features::attribution::ReturnBook;
use crate::features::behaviour::{EventSource, counted_where_absent, event_table, order_plans};
use crate::features::computed::EventTrait;
use crate::features::customer::{CameBack, Customer, Lines, Order, list_orders, list_returns};
use crate::features::derive::{Part, TooLarge, channel_share, derive, join_all};
use crate::features::extractor::FeatureExtractor;
use crate::features::family::{ColumnPlan, Measure, Plan, Source};
use crate::features::feature::{Feature, slug};
use crate::features::group::Group;
use crate::features::join::Join;
use crate::features::lines::Needs;
use crate::features::measures::{Levels, Measures, Meter};
use crate::features::partition::Partition;
use crate::features::requirements::{lacking, needs_of};
use crate::features::table::{FeatureTable, ReturnKnowledge, TableContext};
use crate::transaction::{Attribute, OrderIdentity, Returns, TransactionLog};

/// More channels than this and a column each is no help to anyone.
const MOST_CHANNELS: usize = 64;

/// The base features of a log: which ones, from what, and under which names.
pub(crate) struct Base {
    pub(crate) features: BTreeSet<Feature>,
    pub(crate) needs: Needs,
    pub(crate) levels: Levels,
    /// The texts of channels, where their shares are asked for.
    channels: Option<Arc<Texts>>,
}

impl Base {
    /// # Errors
    /// [`Error::FeatureNeeds`] for a feature that needs a column the log does not have, [`Error::Setting`] for more
    /// than 64 channels.
    pub(crate) fn new(features: BTreeSet<Feature>, log: &TransactionLog) -> Result<Self> {
        for feature in &features {
            if let Some(needs) = lacking(*feature, log) {
                return Err(Error::FeatureNeeds { feature: feature.name().to_owned(), needs });
            }
        }
        let needs = needs_of(&features, log);
        let levels_of = |attribute| log.attribute(attribute).map(|column| &column.levels);
        let channels = levels_of(Attribute::Channel).filter(|_| needs.channel);
        check_channels(channels)?;
        let count = |wanted: bool, attribute| {
            levels_of(attribute).filter(|_| wanted).map_or(0, |levels: &Arc<Texts>| levels.len())
        };
        let levels = Levels {
            categories: count(needs.category, Attribute::Category),
            countries: count(needs.country, Attribute::Country),
            channels: count(needs.channel, Attribute::Channel),
        };
        let channels = channels.cloned();
        Ok(Self { features, needs, levels, channels })
    }

    /// The columns, each name followed by `suffix`.
    pub(crate) fn columns(&self, log: &TransactionLog, suffix: &str) -> Vec<ColumnPlan> {
        let mut columns = Vec::new();
        for feature in &self.features {
            let levels_of = |attribute| log.attribute(attribute).map(|column| Arc::clone(&column.levels));
            if let (Feature::ChannelShares, Some(channels)) = (feature, &self.channels) {
                let name = |channel| format!("{feature}__{}{suffix}", slug(channel));
                columns.extend(channels.iter().map(|channel| ColumnPlan::number(name(channel))));
            } else {
                let levels = match feature {
                    Feature::TopCategory => levels_of(Attribute::Category),
                    Feature::Country => levels_of(Attribute::Country),
                    _ => None,
                };
                columns.push(ColumnPlan { name: format!("{feature}{suffix}"), levels });
            }
        }
        columns
    }

    /// The columns of customers that were measured, whose gross per channel stands side by side in `channel_gross`.
    pub(crate) fn derive(
        &self,
        measures: &[Measures],
        channel_gross: &[i64],
        as_of: i64,
    ) -> Result<Vec<Part>, TooLarge> {
        let channels = self.levels.channels;
        let mut parts = Vec::with_capacity(self.features.len() + channels);
        for feature in &self.features {
            if *feature == Feature::ChannelShares {
                let share = |channel| channel_share(channel, channels, channel_gross, measures);
                parts.extend((0..channels).map(share));
            } else {
                parts.push(derive(*feature, measures, as_of)?);
            }
        }
        Ok(parts)
    }
}

/// Refuses more channels than a table should have columns for.
pub(crate) fn check_channels(channels: Option<&Arc<Texts>>) -> Result<()> {
    match channels {
        Some(channels) if channels.len() > MOST_CHANNELS => Err(Error::Setting {
            setting: "channel",
            found: format!("{} channels", channels.len()),
            expected: "at most 64; group them, or leave the features per channel out",
        }),
        _ => Ok(()),
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
    /// [`Error::FeatureNeeds`] where a feature that was asked for needs a column the log does not have, or events,
    /// [`Error::MoneyRange`] where a customer's sum leaves the range of money, [`Error::Setting`] for more than 64
    /// channels, [`Error::DuplicateFeature`] where two columns would have one name, as for two channels that differ in
    /// punctuation only.
    pub fn extract(&self, log: &TransactionLog) -> Result<FeatureTable> {
        if let Some(feature) = self.first_of_events() {
            return Err(Error::FeatureNeeds {
                feature: feature.to_owned(),
                needs: "events; extract with them",
            });
        }
        self.extract_orders(log, None)
    }

    /// The features of a log's customers and of their events: one row for everyone who has an order line or an event
    /// before the moment, in ascending order of ids. Who has only one of the two lacks the features of the other, but for
    /// the counts and sums of [behaviours](crate::features::FeatureExtractorBuilder::behaviours), which are 0.
    ///
    /// [`EventLog::left_out`] counts the events that are not before the moment.
    ///
    /// ```
    /// use kohort::events::EventRules;
    /// use kohort::features::Response;
    /// use kohort::synthetic::Shop;
    /// use kohort::{Event, EventLog, Feature, FeatureExtractor, IdKind};
    ///
    /// let log = Shop::builder().customers(100).build()?.generate()?.log;
    /// let as_of = log.as_of_end()?;
    /// let mut events = EventLog::builder(&EventRules::builder().build()?, log.customers().kind());
    /// for customer in log.customers().get(0) {
    ///     events.push(Event::new(customer, as_of.micros() - 1, "sent"))?;
    /// }
    /// let extractor = FeatureExtractor::builder(as_of).response(Response::builder().build()?).build()?;
    /// let customers = extractor.extract_with_events(&log, &events.build()?)?;
    /// assert!(customers.has(Feature::Gross) && customers.has("open_rate"));
    /// # Ok::<(), kohort::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`FeatureExtractor::extract`], [`Response::extract`](crate::features::Response::extract) and
    /// [`EventTrait::extract`]; [`Error::Incompatible`] where the ids of one are numbers and those of the other text.
    pub fn extract_with_events(&self, log: &TransactionLog, events: &EventLog) -> Result<FeatureTable> {
        let source = EventSource::new(events, self.as_of());
        let mut table = self.extract_orders(log, Some(&source))?;
        let orders = Arc::clone(table.shared_ids());
        if let Some(response) = &self.response {
            table = table.join(&response.table(events, self.as_of(), &source.customers)?, Join::Outer)?.0;
        }
        if !self.event_traits.is_empty() {
            let traits = EventTrait::table(&self.event_traits, events, self.as_of(), &source.customers)?;
            table = table.join(&traits, Join::Outer)?.0;
        }
        let behaviours = event_table(&self.behaviours, &source, self.as_of())?;
        // Where nothing of events was asked for, the rows alone.
        if behaviours.names().next().is_some() || (self.response.is_none() && self.event_traits.is_empty()) {
            table = table.join(&behaviours, Join::Outer)?.0;
        }
        Ok(counted_where_absent(table, &self.behaviours, &orders, behaviours.ids()))
    }

    /// The features of orders, and of events that orders are in sequence with.
    fn extract_orders(&self, log: &TransactionLog, events: Option<&EventSource<'_>>) -> Result<FeatureTable> {
        let base = Base::new(self.features_for(log), log)?;
        let source = Source { log, as_of: self.as_of(), maturity_days: self.maturity_days };
        let mut plans: Vec<Box<dyn Plan>> =
            self.families.iter().map(|family| family.plan(&source)).collect::<Result<_>>()?;
        plans.extend(order_plans(&self.behaviours, &source, events)?);
        let needs = plans.iter().fold(base.needs, |needs, plan| needs.and(plan.needs().completed(log)));
        let as_of = self.as_of().micros();
        let partition = Partition::new(log, needs);
        let groups: Vec<GroupTable> = (0..partition.groups())
            .into_par_iter()
            .map_init(
                || Scratch::new(&base, &plans, needs, &source),
                |scratch, index| {
                    scratch.group.fill(&partition, index, as_of);
                    scratch.measure();
                    scratch.take(as_of).map_err(|problem| {
                        let customer = scratch.group.customers[problem.customer];
                        let customer = log.customers.id_of_key(customer).to_string();
                        Error::MoneyRange { what: problem.what, customer }
                    })
                },
            )
            .collect::<Result<_>>()?;

        let mut columns = base.columns(log, "");
        columns.extend(plans.iter().flat_map(|plan| plan.columns()));
        let (names, texts): (Vec<String>, Vec<Option<Arc<Texts>>>) =
            columns.into_iter().map(|column| (column.name, column.levels)).unzip();
        let keys: Vec<&[u64]> = groups.iter().map(|group| group.customers.as_slice()).collect();
        let ids = log.customers.ids_of_keys(keys.concat());
        let lines_left_out = groups.iter().map(|group| group.left_out).sum();
        let parts: Vec<Vec<Part>> = groups.into_iter().map(|group| group.parts).collect();
        // Giving the moved lines back to the system takes about as long as joining the columns.
        let (columns, ()) = rayon::join(|| join_all(&parts, &texts), || drop(partition));
        let columns = columns?;
        let table = FeatureTable::from_columns(ids, names.into_iter().zip(columns))?;
        Ok(table.described(TableContext {
            as_of: self.as_of().clone(),
            currency: log.rules().currency().to_owned(),
            vat: log.rules().vat(),
            returns: knowledge(log),
            lines_left_out,
        }))
    }

    /// The base features to compute.
    fn features_for(&self, log: &TransactionLog) -> BTreeSet<Feature> {
        let possible = |feature: &Feature| lacking(*feature, log).is_none();
        self.features.clone().unwrap_or_else(|| Feature::ALL.iter().copied().filter(possible).collect())
    }
}

/// What a task needs for one group after the other, so that memory is taken once.
struct Scratch<'p> {
    base: &'p Base,
    needs: Needs,
    /// Whether the ids of orders are content, and no numbers of rows.
    orders_by_id: bool,
    group: Group,
    book: ReturnBook,
    meter: Meter,
    measures: Vec<Measures>,
    channel_gross: Vec<i64>,
    orders: Vec<Order>,
    came_back: Vec<CameBack>,
    families: Vec<Box<dyn Measure + 'p>>,
}

impl<'p> Scratch<'p> {
    fn new(base: &'p Base, plans: &'p [Box<dyn Plan>], needs: Needs, source: &Source<'_>) -> Self {
        let as_of = source.as_of.micros();
        Self {
            base,
            needs,
            orders_by_id: source.log.rules().orders() != OrderIdentity::EachLine,
            group: Group::default(),
            book: ReturnBook::new(needs, as_of, source.log.rules()),
            meter: Meter::new(base.needs, as_of, source.maturity_days, base.levels),
            measures: Vec::new(),
            channel_gross: Vec::new(),
            orders: Vec::new(),
            came_back: Vec::new(),
            families: plans.iter().map(|plan| plan.measure()).collect(),
        }
    }

    /// Measures the customers of the group.
    fn measure(&mut self) {
        let Self { base, needs, group, book, meter, measures, channel_gross, .. } = self;
        let (customers, channels) = (group.customers.len(), base.levels.channels);
        channel_gross.clear();
        channel_gross.resize(customers * channels, 0);
        measures.clear();
        book.start_group(&group.lines);
        for customer in 0..customers {
            let range = group.lines_of(customer);
            book.start_customer(&group.lines, &range);
            let view = Lines::of(&group.lines, &range, book.back(&group.lines));
            let own = &mut channel_gross[customer * channels..(customer + 1) * channels];
            measures.push(meter.measure(&view, &group.lines, &range, own));
            if self.families.is_empty() {
                continue;
            }
            if needs.order_list {
                list_orders(&view, self.orders_by_id, &mut self.orders);
            }
            if needs.came_back {
                match book.came_back() {
                    Some(listed) => listed.clone_into(&mut self.came_back),
                    None => list_returns(&view, &mut self.came_back),
                }
            }
            let lists = (self.orders.as_slice(), self.came_back.as_slice());
            let customer = Customer::new(group.customers[customer], &group.lines, range, view, lists);
            self.families.iter_mut().for_each(|family| family.add(&customer));
        }
    }

    /// The columns of the customers that were measured.
    fn take(&mut self, as_of: i64) -> std::result::Result<GroupTable, TooLarge> {
        let mut parts = self.base.derive(&self.measures, &self.channel_gross, as_of)?;
        for family in &mut self.families {
            parts.extend(family.take()?);
        }
        Ok(GroupTable { customers: self.group.customers.clone(), parts, left_out: self.group.left_out })
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
