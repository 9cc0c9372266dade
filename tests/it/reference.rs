//! Every family of features on real data against figures that were computed without kohort, by the scripts in
//! `tests/reference`.

mod figures;
mod logs;

use std::collections::BTreeMap;

use kohort::events::EventAttribute;
use kohort::features::{
    Aggregate, Breadth, Calendar, Computed, Custom, EventAggregate, EventTrait, EventValue,
    FeatureExtractorBuilder, Hemisphere, LifeCycle, Number, Over, Response, Trend, Weekday,
};
use kohort::transaction::LineKind;
use kohort::{AsOf, Attribute, Feature, FeatureExtractor, FeatureTable, TransactionLog, Window, Zone};

use figures::assert_agrees;
use logs::{Channels, events, fashion, fashion_items, online_retail};

fn zone(name: &str) -> Zone {
    Zone::named(name).unwrap()
}

fn extract(log: &TransactionLog, builder: FeatureExtractorBuilder) -> FeatureTable {
    builder.build().unwrap().extract(log).unwrap()
}

/// All base features but the shares of channels, as far as a log of credit notes or of marked lines has them.
fn without_channels(log: &TransactionLog) -> Vec<Feature> {
    let of_marks = [
        Feature::ReturnedGross,
        Feature::Discount,
        Feature::DiscountShare,
        Feature::TopCategory,
        Feature::Categories,
        Feature::CostOfGoods,
        Feature::CostOfGoodsReturned,
    ];
    let marked = log.attribute(Attribute::Category).is_some();
    let wanted =
        |feature: &Feature| *feature != Feature::ChannelShares && (marked || !of_marks.contains(feature));
    Feature::ALL.iter().copied().filter(wanted).collect()
}

/// All families by their defaults, and base features in windows; shares of channels in the first of them.
fn everything(log: &TransactionLog, as_of: &AsOf, windows: &[Window]) -> FeatureExtractorBuilder {
    let mut builder = FeatureExtractor::builder(as_of.clone());
    for (place, window) in windows.iter().enumerate() {
        let channels = Some(Feature::ChannelShares).filter(|_| place == 0);
        builder = builder.within(window, without_channels(log).into_iter().chain(channels));
    }
    builder = match log.attribute(Attribute::Category) {
        Some(_) => builder.prices(),
        None => builder.price_level(),
    };
    builder
        .rhythm()
        .breadth(Breadth::default())
        .returns()
        .calendar(Calendar::default())
        .life_cycle(LifeCycle::default())
        .trend(Trend::default())
        .channels()
        .custom(longest_gap())
}

/// A feature of a user's own: the most days between two orders.
fn longest_gap() -> Custom {
    Custom::number("longest_gap", |history| {
        let mut orders: BTreeMap<u32, i64> = BTreeMap::new();
        for line in history.lines().filter(|line| line.kind() == LineKind::Sale) {
            orders.entry(line.order()).or_insert(line.time());
        }
        let mut times: Vec<i64> = orders.into_values().collect();
        times.sort_unstable();
        times.windows(2).map(|pair| pair[1] - pair[0]).max().map(|gap| gap as f64 / 86_400e6)
    })
}

/// Families by other settings.
fn others(log: &TransactionLog, as_of: AsOf) -> FeatureExtractorBuilder {
    let builder = FeatureExtractor::builder(as_of);
    let builder = match log.attribute(Attribute::Category) {
        Some(_) => builder.prices(),
        None => builder.price_level(),
    };
    let calendar = Calendar::builder()
        .hour_bands([("work", 8), ("leisure", 17), ("sleep", 23)])
        .weekend([Weekday::Friday, Weekday::Saturday])
        .hemisphere(Hemisphere::Southern);
    let life_cycle = LifeCycle::builder()
        .new_days(14)
        .active_days(60)
        .lapse_days(180)
        .loyal_orders(5)
        .reactivation_days(90)
        .own_gaps(1.5, 3.0);
    let trend =
        Trend::builder().recent_days(42).earlier_days(28).periods(8).period_days(14).repurchase_days(60);
    builder
        .breadth(Breadth::builder().largest(2).often(4).build().unwrap())
        .returns()
        .calendar(calendar.build().unwrap())
        .life_cycle(life_cycle.build().unwrap())
        .trend(trend.build().unwrap())
        .channels()
}

fn retail_traits() -> Vec<Computed> {
    use Aggregate::{Average, Count, Distinct, First, Last, Max, Min, MostFrequent, Sum};
    let ninety = Window::days(90);
    let spring = Window::dates("2011-03-01", "2011-07-01", &zone("Europe/London")).unwrap();
    let lines = |name: &str, aggregate| Computed::builder(name, Over::Lines, aggregate);
    let orders = |name: &str, aggregate| Computed::builder(name, Over::Orders, aggregate);
    let product = Attribute::Product;
    let traits = [
        lines("t_lines", Count),
        orders("t_orders_of_neighbours_90d", Count)
            .only(Attribute::Channel, ["France", "Germany"])
            .within(ninety.clone()),
        orders("t_gross_of_spring", Sum(Number::Gross)).within(spring.clone()),
        lines("t_goods", Sum(Number::Net)).except(product, ["POST", "M", "DOT"]),
        lines("t_mean_line", Average(Number::Paid)),
        orders("t_mean_pieces_of_large_orders", Average(Number::Quantity)).at_least(Number::Gross, 100.0),
        lines("t_cheapest", Min(Number::UnitPrice)),
        lines("t_dearest", Max(Number::UnitPrice)).within(ninety),
        orders("t_cheapest_order", Min(Number::UnitPrice)).at_least(Number::Quantity, 12.0),
        orders("t_most_back", Max(Number::Returned)),
        lines("t_pieces_back", Sum(Number::QuantityReturned)),
        lines("t_first_product", First(product.into())),
        lines("t_last_product", Last(product.into())),
        orders("t_first_value", First(Number::Gross.into())),
        lines("t_last_pieces", Last(Number::Quantity.into())).at_most(Number::UnitPrice, 2.5),
        lines("t_usual_product", MostFrequent(product.into())),
        lines("t_usual_pieces", MostFrequent(Number::Quantity.into())),
        orders("t_usual_country", MostFrequent(Attribute::Country.into())).within(spring),
        lines("t_products_in_bulk", Distinct(product.into())).at_least(Number::Quantity, 10.0),
        orders("t_order_sizes", Distinct(Number::Quantity.into())),
    ];
    traits.into_iter().map(|builder| builder.build().unwrap()).collect()
}

fn fashion_traits() -> Vec<Computed> {
    use Aggregate::{Average, Count, Distinct, First, Last, Max, Min, MostFrequent, Sum};
    let ninety = Window::days(90);
    let lines = |name: &str, aggregate| Computed::builder(name, Over::Lines, aggregate);
    let orders = |name: &str, aggregate| Computed::builder(name, Over::Orders, aggregate);
    let (colour, brand) = (Attribute::Category, Attribute::Brand);
    let traits = [
        lines("t_cost", Sum(Number::Cost)),
        orders("t_mean_cost_of_orders", Average(Number::Cost)).within(ninety.clone()),
        orders("t_orders_of_known_cost", Count).at_least(Number::Cost, 0.0),
        lines("t_largest_discount", Max(Number::Discount)),
        orders("t_mean_discount", Average(Number::Discount)),
        orders("t_least_paid", Min(Number::Paid)).only(colour, ["black", "blue"]),
        orders("t_worst_order", Min(Number::Net)),
        lines("t_mean_price", Average(Number::UnitPrice)),
        lines("t_kept", Count).at_most(Number::QuantityReturned, 0.0),
        lines("t_usual_size", MostFrequent(Attribute::Size.into())),
        orders("t_first_colour", First(colour.into())),
        orders("t_last_brand", Last(brand.into())),
        lines("t_last_cost", Last(Number::Cost.into())),
        lines("t_brands_90d", Distinct(brand.into())).within(ninety),
        orders("t_colours_of_orders", Distinct(colour.into())),
    ];
    traits.into_iter().map(|builder| builder.build().unwrap()).collect()
}

/// On a log where an order comes through several channels, or none.
fn door_traits() -> Vec<Computed> {
    use Aggregate::{Count, Distinct, First, Last, MostFrequent, Sum};
    let door = Attribute::Channel;
    let orders = |name: &str, aggregate| Computed::builder(name, Over::Orders, aggregate);
    let traits = [
        orders("t_first_door", First(door.into())),
        orders("t_last_door", Last(door.into())),
        orders("t_usual_door", MostFrequent(door.into())),
        Computed::builder("t_doors", Over::Lines, Distinct(door.into())),
        orders("t_other_doors", Count).except(door, ["web"]),
        orders("t_paid_at_doors", Sum(Number::Paid))
            .only(door, ["app", "shop"])
            .at_least(Number::Net, 0.0001),
    ];
    traits.into_iter().map(|builder| builder.build().unwrap()).collect()
}

fn event_traits() -> Vec<EventTrait> {
    use EventAggregate::{Average, Count, Distinct, First, Last, Max, Min, MostFrequent, Sum};
    use EventValue::{Kind, Number, Text, Time};
    let (channel, campaign) = (EventAttribute::Channel, EventAttribute::Campaign);
    let of = EventTrait::builder;
    let traits = [
        of("e_events", Count),
        of("e_clicks_90d", Count).kinds(["clicked"]).within(Window::days(90)),
        of("e_converted", Sum).kinds(["converted"]),
        of("e_mean_opened", Average).kinds(["opened", "clicked"]),
        of("e_least_of_app", Min).only(channel, ["app"]),
        of("e_most_elsewhere", Max).except(channel, ["app"]),
        of("e_first_click", First(Time)).kinds(["clicked"]),
        of("e_last_kind", Last(Kind)),
        of("e_first_campaign", First(Text(campaign))),
        of("e_last_number", Last(Number)).at_least(10.0).at_most(50.0),
        of("e_usual_campaign", MostFrequent(Text(campaign))).kinds(["sent"]),
        of("e_usual_number", MostFrequent(Number)),
        of("e_channels", Distinct(Text(channel))),
        of("e_moments", Distinct(Time)),
    ];
    traits.into_iter().map(|builder| builder.build().unwrap()).collect()
}

#[test]
fn online_retail_has_the_figures_of_the_reference() {
    let Some(log) = online_retail() else { return };
    let london = zone("Europe/London");
    let spring = Window::dates("2011-03-01", "2011-07-01", &london).unwrap();
    let windows = [Window::days(90), Window::days_ago(60, 30), Window::months(3), spring];
    for (day, windows) in [("2011-12-10", &windows[..]), ("2011-09-01", &windows[..1])] {
        let as_of = AsOf::date(day, &london).unwrap();
        let builder = everything(&log, &as_of, windows).computed(retail_traits());
        assert_agrees(&format!("retail {day} Europe/London"), &extract(&log, builder));
    }
}

#[test]
fn online_retail_has_the_figures_of_the_reference_in_another_zone_and_by_other_settings() {
    let Some(log) = online_retail() else { return };
    let as_of = |day: &str| AsOf::date(day, &Zone::utc()).unwrap();
    let calendar = FeatureExtractor::builder(as_of("2011-12-10")).features([]).calendar(Calendar::default());
    assert_agrees("retail 2011-12-10 UTC", &extract(&log, calendar));
    assert_agrees("retail 2011-09-01 UTC", &extract(&log, others(&log, as_of("2011-09-01"))));
}

#[test]
fn fashion_has_the_figures_of_the_reference() {
    let Some(items) = fashion_items() else { return };
    let berlin = zone("Europe/Berlin");
    let log = fashion(&items, Channels::Title);
    let as_of = AsOf::date("2013-04-01", &berlin).unwrap();
    let builder = everything(&log, &as_of, &[Window::days(90), Window::months(3)]);
    assert_agrees("fashion 2013-04-01 Europe/Berlin", &extract(&log, builder.computed(fashion_traits())));
    let log = fashion(&items, Channels::Doors);
    let as_of = AsOf::date("2012-12-01", &berlin).unwrap();
    let builder = others(&log, as_of).computed(door_traits());
    assert_agrees("fashion 2012-12-01 Europe/Berlin", &extract(&log, builder));
}

#[test]
fn responses_have_the_figures_of_the_reference() {
    let Some(items) = fashion_items() else { return };
    let as_of = AsOf::date("2013-04-01", &zone("Europe/Berlin")).unwrap();
    let table = Response::builder().build().unwrap().extract(&events(&items, Channels::Title), &as_of);
    assert_agrees("response 2013-04-01 Europe/Berlin", &table.unwrap());
    let summer = Window::dates("2012-05-01", "2012-09-01", &Zone::utc()).unwrap();
    let response = Response::builder()
        .windows([Window::days(90), summer])
        .responses(["clicked", "converted"])
        .prior_messages(3);
    let as_of = AsOf::date("2012-12-01", &Zone::utc()).unwrap();
    let log = events(&items, Channels::Doors);
    assert_agrees("response 2012-12-01 UTC", &response.build().unwrap().extract(&log, &as_of).unwrap());
    let traits = event_traits();
    assert_agrees("event traits 2012-12-01 UTC", &EventTrait::extract(&traits, &log, &as_of).unwrap());
}
