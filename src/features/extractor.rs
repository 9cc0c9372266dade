//! The feature extractor: which features, as of when.

use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::features::behaviour::Behaviour;
use crate::features::computed::{Computed, EventTrait};
use crate::features::custom::Custom;
use crate::features::families::{
    Breadth, Calendar, Channels, Exposure, LifeCycle, Prices, ReturnHabits, Rhythm, Trend,
};
use crate::features::family::Family;
use crate::features::feature::Feature;
use crate::features::response::Response;
use crate::features::windowed::Windowed;
use crate::transaction::{AsOf, Window};

/// Turns a log into a [`FeatureTable`](crate::FeatureTable) as of a moment.
///
/// Lines that are not before the moment are counted ([`TableContext`](crate::features::TableContext)) and left out, and so are
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
#[derive(Clone, Debug)]
pub struct FeatureExtractor {
    as_of: AsOf,
    /// The base features; `None` for all that a log's columns allow.
    pub(crate) features: Option<BTreeSet<Feature>>,
    pub(crate) maturity_days: u32,
    pub(crate) families: Vec<Arc<dyn Family>>,
    pub(crate) response: Option<Response>,
    pub(crate) event_traits: Vec<EventTrait>,
    /// Each once.
    pub(crate) behaviours: Vec<Behaviour>,
}

/// Builds a [`FeatureExtractor`].
#[derive(Clone, Debug)]
pub struct FeatureExtractorBuilder(FeatureExtractor);

impl FeatureExtractor {
    /// An extractor for features as of a moment.
    #[must_use]
    pub fn builder(as_of: AsOf) -> FeatureExtractorBuilder {
        FeatureExtractorBuilder(Self {
            as_of,
            features: None,
            maturity_days: 60,
            families: Vec::new(),
            response: None,
            event_traits: Vec::new(),
            behaviours: Vec::new(),
        })
    }

    /// A feature of events that it asks for.
    pub(crate) fn first_of_events(&self) -> Option<&str> {
        let traits = self.event_traits.iter().map(EventTrait::name);
        let behaviours = self.behaviours.iter().filter(|own| own.needs_events()).map(Behaviour::name);
        traits.chain(self.response.iter().map(|_| "response")).chain(behaviours).next()
    }

    /// Whether it asks for features of events.
    pub(crate) fn needs_events(&self) -> bool {
        self.first_of_events().is_some()
    }

    /// The moment.
    #[must_use]
    pub fn as_of(&self) -> &AsOf {
        &self.as_of
    }

    /// Its settings, to set more.
    #[must_use]
    pub fn to_builder(&self) -> FeatureExtractorBuilder {
        FeatureExtractorBuilder(self.clone())
    }

    /// The same features as of another moment, such as one in the past.
    ///
    /// # Errors
    /// [`Error::Setting`] where a window is empty as of that moment.
    pub fn moved_to(&self, as_of: AsOf) -> Result<Self> {
        FeatureExtractorBuilder(Self { as_of, ..self.clone() }).build()
    }
}

impl FeatureExtractorBuilder {
    /// The base features to compute; the others cost nothing. None at all is fine beside a family. Defaults to all that
    /// the log's columns allow.
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

    /// Base features of a window of time: those of the lines in it, under names such as `gross__365d`. A sale counts by
    /// its own time and takes its attributed returns along, a posted return counts by the time of the return, or with
    /// its sale where that is unknown. Of a
    /// window of all time they equal the base features. Costs a copy of the window's lines. Defaults to none.
    ///
    /// ```
    /// use kohort::synthetic::Shop;
    /// use kohort::{Feature, FeatureExtractor, Window};
    ///
    /// let log = Shop::builder().customers(100).build()?.generate()?.log;
    /// let customers = FeatureExtractor::builder(log.as_of_end()?)
    ///     .features([Feature::Gross])
    ///     .within(&Window::days(90), [Feature::Gross, Feature::Orders])
    ///     .build()?
    ///     .extract(&log)?;
    /// assert_eq!(customers.names().collect::<Vec<_>>(), ["gross", "orders__90d", "gross__90d"]);
    /// # Ok::<(), kohort::Error>(())
    /// ```
    #[must_use]
    pub fn within(self, window: &Window, features: impl IntoIterator<Item = Feature>) -> Self {
        self.family(Windowed::new(window.clone(), features.into_iter().collect()))
    }

    /// Rhythm: six columns on the time between a customer's orders, in days of 24 hours.
    ///
    /// | column | what | missing |
    /// |---|---|---|
    /// | `days_between_orders_mean` | (last − first) / (orders − 1) | under two orders |
    /// | `days_between_orders_median` | median gap | under two orders |
    /// | `days_between_orders_sd` | sample standard deviation of the gaps | under three orders |
    /// | `regularity` | 1 / (1 + (sd / mean)²) | under three orders, or all at one instant |
    /// | `days_overdue` | days since the last order less the median gap; negative while she is not yet due | under two orders |
    /// | `expected_next_order` | last order plus the median gap, a time | under two orders |
    ///
    /// Regularity is 1 for a metronome, 0.5 for orders at random (exponential gaps), and falls towards 0 where orders
    /// come in clumps; for gamma-distributed gaps of shape k it estimates k / (k + 1) (Wheat and Morrison, 1990).
    /// O(orders log orders) per customer. Defaults to none.
    #[must_use]
    pub fn rhythm(self) -> Self {
        self.family(Rhythm)
    }

    /// Discounts and prices: six columns on what a customer pays. *On discount* is a sale line with any discount, and
    /// an order with such a line. Free lines have no price and are left out.
    ///
    /// | column | what | missing |
    /// |---|---|---|
    /// | `gross_on_discount_share` | gross of the lines on discount / gross | nothing bought |
    /// | `orders_on_discount_share` | orders on discount / orders | nothing bought |
    /// | `discount_depth` | discounts / gross of the lines on discount | nothing on discount |
    /// | `price_level` | gross / Σ pieces × the shop's gross per piece in the line's category | nothing bought |
    /// | `price_sensitivity` | see below, between 0 and 1 | nothing bought, or no discount in the shop |
    /// | `orders_full_price` | orders without any discount, a count | never |
    ///
    /// All but the last are 64-bit floats without a unit. A price level of 1 pays what the category costs on average, 0.8
    /// a fifth less; the shop's averages are over all its sale lines before the moment, exact up to one division. Lines
    /// without a category have an average of their own, and in a log without categories all lines have one.
    ///
    /// Price sensitivity is `(n · own + 4 · shop) / (n + 4)` for n orders, where *own* is the mean of three parts that
    /// each lie between 0 and 1: `gross_on_discount_share`; `d / (d + D)` for the customer's and the shop's discounts
    /// per gross; and `1 / (1 + price_level)`. *Shop* is the same mean for the shop as a whole, whose last two parts are
    /// ½. So it rises with how much is bought on discount, with how deep, and with how cheap of its kind; a customer of
    /// one order is mostly taken for an average one (credibility, Bühlmann 1967; four orders are the weight of a prior
    /// for shares that scatter by 20 points around 0.3). It ranks customers by what they did. It is no elasticity: what
    /// they would have bought at another price only an experiment tells, and who saw more discounts scores higher.
    ///
    /// O(lines log lines) per customer, and four passes over columns of the log, with some 40 bytes a category. Where the
    /// log has no discount column, extraction ends in [`Error::FeatureNeeds`]; [`price_level`](Self::price_level) alone
    /// needs none. Defaults to none.
    ///
    /// ```
    /// use kohort::FeatureExtractor;
    /// use kohort::synthetic::Shop;
    ///
    /// let log = Shop::builder().customers(200).build()?.generate()?.log;
    /// let extractor = FeatureExtractor::builder(log.as_of_end()?).features([]).prices().build()?;
    /// let customers = extractor.extract(&log)?;
    /// let sensitivity = customers.column("price_sensitivity")?;
    /// assert!((0..customers.len()).filter_map(|row| sensitivity.number(row)).all(|score| (0.0..=1.0).contains(&score)));
    /// # Ok::<(), kohort::Error>(())
    /// ```
    #[must_use]
    pub fn prices(self) -> Self {
        self.family(Prices::All)
    }

    /// The column `price_level` of [`prices`](Self::prices) alone, for logs without discounts. Defaults to none.
    #[must_use]
    pub fn price_level(self) -> Self {
        self.family(Prices::Level)
    }

    /// Breadth: what a customer buys of all that the shop sells, by its sale lines. Beside the base features
    /// [`Feature::Categories`] and [`Feature::TopCategory`] it adds
    ///
    /// | column | what | missing |
    /// |---|---|---|
    /// | `products` | distinct products, a count | never |
    /// | `categories_often` | categories in at least so many orders ([often](crate::features::BreadthBuilder::often)), a count | never |
    /// | `categories_once` | categories in exactly one order, a count | never |
    /// | `categories_never` | categories that the shop sold before the moment and she did not buy, a count | never |
    /// | `top_category_share` | gross of her largest category / gross | no category named |
    /// | `top5_categories_share` | gross of her [n largest](crate::features::BreadthBuilder::largest) / gross | no category named |
    /// | `category_entropy` | −Σ p ln p over the categories' shares p of gross, in nats | no category named |
    /// | `category_share__coats` | gross in the category / gross, for each of the shop's n largest by gross before the moment | nothing bought |
    /// | `brands` | distinct brands, a count | never |
    /// | `top_brand` | the brand with the largest gross, of equals the first by text | no brand named |
    /// | `brand_loyalty` | gross of that brand / gross | no brand named |
    ///
    /// Shares are of all gross; lines that name no category or brand are in the whole and in no part, but for the
    /// entropy, whose shares are of the gross with a category. Entropy (Shannon, 1948) is 0 for a single category and
    /// ln k for k equal ones: its exponential is the effective number of categories (Hill, 1973).
    ///
    /// Columns whose text the log lacks are left out; one that was asked for by name
    /// ([of](crate::features::BreadthBuilder::of)) is then [`Error::FeatureNeeds`], and so is a log with none of the
    /// three. A [`FeatureState`](crate::FeatureState) of orders keeps no products and brands: let it keep
    /// [lines](crate::features::Detail::Lines), or ask it for categories by name. Two categories of the shop's largest that differ in punctuation only are
    /// [`Error::DuplicateFeature`].
    ///
    /// O(lines log lines) per customer, whatever the number of categories, and one pass over the log's gross, which
    /// takes some 20 bytes a category. Defaults to none.
    #[must_use]
    pub fn breadth(self, breadth: Breadth) -> Self {
        self.family(breadth)
    }

    /// Returns: eight columns on how a customer sends back, and two on how long it takes. Beside the base features
    /// [`Feature::ReturnRate`] (by value) and [`Feature::ReturnRateItems`] it adds
    ///
    /// | column | what | missing |
    /// |---|---|---|
    /// | `return_rate_orders` | orders of which something came back / orders | nothing bought |
    /// | `return_rate_lines` | sale lines of which at least half the pieces came back / sale lines | nothing bought |
    /// | `return_rate_mature` | value that came back / value paid, of mature orders | no value in mature orders |
    /// | `return_rate_items_mature` | pieces that came back / pieces, of mature orders | no mature order |
    /// | `return_rate_orders_mature` | `return_rate_orders` of mature orders | no mature order |
    /// | `return_rate_lines_mature` | `return_rate_lines` of mature orders | no mature order |
    /// | `items_per_returning_order` | pieces that came back / orders of which something did | nothing came back |
    /// | `returned_attributed_share` | value attributed to a known sale / value credited | no value came back |
    /// | `days_to_return` | days of 24 hours from sale to return, mean by pieces | no piece came back at a known time |
    /// | `days_to_refund` | days of 24 hours from sale to credit, mean by value | no value came back at a known time |
    ///
    /// All are 64-bit floats. What came back is what is known before the moment and belongs to a sale: credit notes are
    /// attributed first. Mature orders are those placed more than [`maturity_days`](Self::maturity_days) before the
    /// moment; a younger one may yet come back, so its rate is too low. An order has at least one sale line; its pieces
    /// include free ones. Where returns stand on their lines all of them are attributed; where they have no times there,
    /// the last two columns are left out.
    ///
    /// O(orders log orders + lines) per customer. A log without a record of returns is [`Error::FeatureNeeds`] when
    /// features are extracted. Defaults to none.
    ///
    /// ```
    /// use kohort::synthetic::Shop;
    /// use kohort::{Feature, FeatureExtractor};
    ///
    /// let log = Shop::builder().customers(200).build()?.generate()?.log;
    /// let rates = [Feature::ReturnRate, Feature::ReturnRateItems];
    /// let extractor = FeatureExtractor::builder(log.as_of_end()?).maturity_days(30).features(rates).returns().build()?;
    /// let customers = extractor.extract(&log)?;
    /// assert!(customers.has("return_rate") && customers.has("return_rate_mature"));
    /// # Ok::<(), kohort::Error>(())
    /// ```
    #[must_use]
    pub fn returns(self) -> Self {
        self.family(ReturnHabits)
    }

    /// Effective exposure: one column `lines_exposed`, a 64-bit float that is a multiple of 1/16. It is the sum over a
    /// customer's sale lines of the share of a line's returns that has been seen by the line's age: the lines her
    /// `lines_returned` is to be measured against, young orders counted for what they can tell. 0 for a customer without
    /// sale lines; never missing. See [`Exposure`] for where the shares come from.
    ///
    /// Needs a record of returns, and the column of the attribute by which a lag was fitted; else extraction ends in
    /// [`Error::FeatureNeeds`]. O(lines). Defaults to none.
    ///
    /// ```
    /// use kohort::FeatureExtractor;
    /// use kohort::economics::returns::ReturnLag;
    /// use kohort::synthetic::Shop;
    ///
    /// let log = Shop::builder().customers(2_000).build()?.generate()?.log;
    /// let as_of = log.as_of_end()?;
    /// let lag = ReturnLag::builder().build()?.fit(&log, &as_of)?;
    /// let customers = FeatureExtractor::builder(as_of).return_lag(&lag).build()?.extract(&log)?;
    /// assert!(customers.has("lines_exposed"));
    /// # Ok::<(), kohort::Error>(())
    /// ```
    #[must_use]
    pub fn return_lag(self, seen: impl Into<Exposure>) -> Self {
        self.family(seen.into())
    }

    /// Calendar: when a customer orders, and the cohort she came with, in the zone of the extractor's moment, daylight
    /// saving included. Without an order, all are missing.
    ///
    /// | column | what |
    /// |---|---|
    /// | `hour_share__night` … | share of her orders placed in each band of hours, one column each |
    /// | `weekday_share__monday` … | share of her orders placed on each weekday |
    /// | `weekend_share` | share of her orders placed on days of the weekend |
    /// | `season_share__winter` … | share of her orders placed in each season |
    /// | `favourite_hours`, `favourite_weekday`, `favourite_season` | the name with the largest share, of equals the first: of bands by hour, of weekdays from Monday, of seasons from that of January |
    /// | `cohort_month`, `cohort_quarter`, `cohort_year` | of her first order: `2011-03`, `2011-Q1`, `2011` |
    /// | `cohort_age_months`, `cohort_age_quarters`, `cohort_age_years` | calendar periods begun since that one: 0 within it |
    ///
    /// An order is placed at the time of its earliest sale line. The shares of bands add up to one, and so do those of
    /// weekdays and of seasons. O(1) per order, by arithmetic on a table of the zone's changes. Defaults to none.
    #[must_use]
    pub fn calendar(self, calendar: Calendar) -> Self {
        self.family(calendar)
    }

    /// Life cycle: one column `life_cycle`, the stage of a customer by the rules of [`LifeCycle`]: `new`, `active`,
    /// `loyal`, `at_risk`, `lapsed` or `reactivated`; missing without an order. O(orders) per customer. Defaults to
    /// none.
    ///
    /// ```
    /// use kohort::features::LifeCycle;
    /// use kohort::synthetic::Shop;
    /// use kohort::FeatureExtractor;
    ///
    /// let log = Shop::builder().customers(100).build()?.generate()?.log;
    /// let customers =
    ///     FeatureExtractor::builder(log.as_of_end()?).life_cycle(LifeCycle::default()).build()?.extract(&log)?;
    /// let stage = customers.category("life_cycle")?;
    /// assert!(stage.iter().flatten().all(|stage| LifeCycle::STAGES.contains(&stage)));
    /// # Ok::<(), kohort::Error>(())
    /// ```
    #[must_use]
    pub fn life_cycle(self, rules: LifeCycle) -> Self {
        self.family(rules)
    }

    /// Trend: eleven columns on whether a customer buys more or less than she did. Names carry the windows; these are
    /// the defaults.
    ///
    /// | column | what | missing |
    /// |---|---|---|
    /// | `net_ratio__90d_vs_90d` | recent / earlier | unless the earlier is above zero |
    /// | `net_growth__90d_vs_90d` | (recent − earlier) / earlier | unless the earlier is above zero |
    /// | `net_growth_symmetric__90d_vs_90d` | (recent − earlier) / (\|recent\| + \|earlier\|), from −1 to 1; 0 where both are zero | never |
    /// | `gross_…`, `orders_…` | the same of gross and of orders | as above |
    /// | `gross_slope__6x30d` | least-squares slope of gross over the last periods, in currency units per period; a period without an order counts as zero | without an order |
    /// | `repurchase_rate__90d` | share of her orders that another one followed in less than so many days | without an order that old |
    ///
    /// The recent and the earlier value are those of [`Self::within`] for [`Window::days`] and [`Window::days_ago`]: a
    /// sale counts by its own time, a posted return by the time of the return. Orders too young to know whether
    /// another one follows in time are left out of the repurchase rate, those that one has followed already among
    /// them, or the rate of young customers would be too high. Sums are exact, each column is one division.
    /// O(lines) per customer. Defaults to none.
    #[must_use]
    pub fn trend(self, windows: Trend) -> Self {
        self.family(windows)
    }

    /// Channels: through which a customer orders. Shares of gross per channel are the base feature
    /// [`Feature::ChannelShares`]; these are of orders.
    ///
    /// | column | what | missing |
    /// |---|---|---|
    /// | `channel_order_share__web` … | share of her orders of a known channel that came through each | without such an order |
    /// | `favourite_channel` | the one with the most orders, of equals with the most gross in these orders, then the first by text | as above |
    /// | `first_channel`, `last_channel` | that of her first and of her last order | where that order names none |
    /// | `channels` | number of distinct channels of her orders | never |
    ///
    /// An order of several channels counts for the one with the largest gross, of equals the first by text; one
    /// without a channel counts for none. Orders at one instant follow each other by id; those without ids by value,
    /// then by text. Needs a channel column with at most 64 channels. O(lines + channels) per customer. Defaults to
    /// none.
    #[must_use]
    pub fn channels(self) -> Self {
        self.family(Channels)
    }

    /// Computed traits: aggregates over lines or orders that you name, filter and put in a window; see [`Computed`].
    /// Each costs a walk over a customer's lines. Defaults to none.
    #[must_use]
    pub fn computed(self, traits: impl IntoIterator<Item = Computed>) -> Self {
        traits.into_iter().fold(self, Self::family)
    }

    /// Response to marketing, from events: sent, opened, clicked, converted, their rates, favourite channel and hour,
    /// days since the last response, unsubscriptions, complaints and bounces; see [`Response`] for the columns. Needs
    /// [`FeatureExtractor::extract_with_events`]. Defaults to none.
    #[must_use]
    pub fn response(mut self, response: Response) -> Self {
        self.0.response = Some(response);
        self
    }

    /// Computed traits over events; see [`EventTrait`]. Need [`FeatureExtractor::extract_with_events`]. Defaults to none.
    #[must_use]
    pub fn event_traits(mut self, traits: impl IntoIterator<Item = EventTrait>) -> Self {
        self.0.event_traits.extend(traits);
        self
    }

    /// Behaviours, which rules ask about: what customers did, how often, when and in which order; see [`Behaviour`]. Each is
    /// a column under its [name](Behaviour::name), those of orders first; one that is given twice is there once. Those of
    /// events need [`FeatureExtractor::extract_with_events`]. Where a customer has no order or no event at all, counts and
    /// sums are 0.
    ///
    /// Lines are measured in the pass over a customer's lines, and all behaviours of events in one over her events:
    /// O(lines + events) for each, and O(n log n) of those that a sequence or periods are counted of. Defaults to none.
    ///
    /// ```
    /// use kohort::features::Behaviour;
    /// use kohort::synthetic::Shop;
    /// use kohort::{FeatureExtractor, Window};
    ///
    /// let log = Shop::builder().customers(200).build()?.generate()?.log;
    /// let recent = Behaviour::orders().within(Window::days(90)).count();
    /// let regular = Behaviour::orders().active_periods(6, 30);
    /// let customers = FeatureExtractor::builder(log.as_of_end()?)
    ///     .features([])
    ///     .behaviours([&recent, &regular])
    ///     .build()?
    ///     .extract(&log)?;
    /// assert_eq!(customers.names().collect::<Vec<_>>(), [recent.name(), regular.name()]);
    /// # Ok::<(), kohort::Error>(())
    /// ```
    #[must_use]
    pub fn behaviours<B: Borrow<Behaviour>>(mut self, behaviours: impl IntoIterator<Item = B>) -> Self {
        for behaviour in behaviours {
            if !self.0.behaviours.contains(behaviour.borrow()) {
                self.0.behaviours.push(behaviour.borrow().clone());
            }
        }
        self
    }

    /// A feature of your own: one function over a customer's sorted lines; see [`Custom`]. Defaults to none.
    #[must_use]
    pub fn custom(self, feature: Custom) -> Self {
        self.family(feature)
    }

    /// Adds a family.
    pub(crate) fn family(mut self, family: impl Family + 'static) -> Self {
        self.0.families.push(Arc::new(family));
        self
    }

    /// The extractor.
    ///
    /// # Errors
    /// [`Error::Setting`] without features, with a maturity of more than ten years, for a window that ends before it
    /// begins, or for a behaviour that [is not right](Behaviour::check).
    pub fn build(self) -> Result<FeatureExtractor> {
        let extractor = self.0;
        let alone =
            extractor.families.is_empty() && extractor.behaviours.is_empty() && !extractor.needs_events();
        if alone && extractor.features.as_ref().is_some_and(BTreeSet::is_empty) {
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
        for family in &extractor.families {
            family.check(&extractor.as_of)?;
        }
        extractor.behaviours.iter().try_for_each(Behaviour::check)?;
        let windows = extractor.response.iter().flat_map(Response::windows);
        let windows = windows.chain(extractor.behaviours.iter().flat_map(Behaviour::windows));
        for window in windows.chain(extractor.event_traits.iter().map(EventTrait::window)) {
            window.range(&extractor.as_of)?;
        }
        Ok(extractor)
    }
}
