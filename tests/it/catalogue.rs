//! The catalogue of rules on the synthetic shop: against scans of its lines, against its truth, and laws.

mod answers;
mod scans;

use kohort::features::{Breadth, Calendar, Custom, FeatureExtractorBuilder, LifeCycle, Response};
use kohort::segment::catalogue::{
    self, Active, AtRisk, BuysOften, CategoryFan, ChannelPreference, HighSpender, Lapsed, LifeCycleSet,
    Loyal, MailUnresponsive, New, NewProductAudience, OneTimeBuyer, PriceSensitive, Reactivated, ReactsTo,
    RegionSeason, RichButUnprofitable, Season, Seasonal, SerialReturner, ShopsAt, StarterSet,
};
use kohort::segment::{Predicate, Segmentation, Segmenter, feature};
use kohort::synthetic::{CustomerClass, Detection, Shop, SyntheticShop};
use kohort::{CostOfGoods, Costs, Economics, Error, FeatureExtractor, FeatureTable, Money, Window};

use answers::events;

const DAY: i64 = 86_400_000_000;

fn shop() -> SyntheticShop {
    Shop::builder().customers(3_000).seed(5).build().unwrap().generate().unwrap()
}

fn economics() -> Economics {
    let costs = Costs::builder(CostOfGoods::FromLines).fulfilment_per_order(Money::parse("4.50").unwrap());
    let costs = costs.return_handling_per_parcel(Money::parse("7.00").unwrap()).build().unwrap();
    Economics::builder(costs).build().unwrap()
}

/// For whom a predicate holds, over a table with all that the catalogue may need; one entry a customer.
fn holds(predicate: &Predicate, shop: &SyntheticShop, customs: Vec<Custom>) -> (Vec<bool>, FeatureTable) {
    let builder = FeatureExtractor::builder(shop.log.as_of_end().unwrap())
        .prices()
        .calendar(Calendar::default())
        .channels()
        .breadth(Breadth::default())
        .life_cycle(LifeCycle::default())
        .behaviours(predicate.behaviours());
    let builder = customs.into_iter().fold(builder, FeatureExtractorBuilder::custom);
    let table = builder.build().unwrap().extract(&shop.log).unwrap();
    let table = economics().enrich(&table).unwrap();
    let matches = predicate.evaluate(&table).unwrap();
    assert_eq!(matches.unknown().count(), 0, "every customer of the shop has an order");
    ((0..table.len()).map(|row| matches.truth(row).is_true()).collect(), table)
}

fn name_of(segments: &Segmentation, row: usize) -> Option<&str> {
    segments.position(row).map(|position| segments.names()[position].as_str())
}

/// The value that a share of values is below, by sorting (type 7).
fn percentile(mut values: Vec<f64>, percent: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = percent / 100.0 * (values.len() - 1) as f64;
    let low = values[place as usize];
    low + place.fract() * (values[place.ceil() as usize] - low)
}

#[test]
fn spending_is_high_above_a_percentile_of_all() {
    let shop = shop();
    let (found, table) = holds(&HighSpender::default().predicate().unwrap(), &shop, Vec::new());
    let number = |name: &str, row: usize| table.column(name).unwrap().number(row).unwrap();
    let of_all = |name: &str| (0..table.len()).map(|row| number(name, row)).collect::<Vec<f64>>();
    let cut = percentile(of_all("net"), 80.0);
    assert!((0..table.len()).all(|row| found[row] == (number("net", row) > cut)));
    assert_eq!(found.iter().filter(|is| **is).count(), table.len() / 5);

    let rule =
        RichButUnprofitable::default().above_percentile(75.0).contribution(Money::parse("-50").unwrap());
    let poor = rule.predicate().unwrap().evaluate(&table).unwrap();
    let cut = percentile(of_all("gross"), 75.0);
    for row in 0..table.len() {
        let expected = number("gross", row) > cut && number("contribution", row) <= -50.0;
        assert_eq!(poor.truth(row).is_true(), expected);
    }
    assert!(poor.holds().count() > 50);
}

fn detection(shop: &SyntheticShop, class: CustomerClass, predicate: &Predicate) -> Detection {
    let (found, table) = holds(predicate, shop, Vec::new());
    let rows: Vec<usize> = (0..found.len()).filter(|row| found[*row]).collect();
    shop.truth.detection(class, rows.into_iter().map(|row| table.ids().id(row)))
}

#[test]
fn templates_find_the_planted_customers() {
    let shop = shop();
    let returners = |predicate| detection(&shop, CustomerClass::HeavyReturner, &predicate);
    let sure = returners(SerialReturner::default().predicate().unwrap());
    assert!(sure.precision() > Some(0.95) && sure.recall() > Some(0.95), "{sure}");
    // The raw rate finds them too, with many others of whom one parcel came back.
    let raw = returners(feature("return_rate").ge(0.5));
    assert!(raw.precision() < Some(0.6), "{raw}");
    let unprofitable = returners(RichButUnprofitable::default().predicate().unwrap());
    assert!(unprofitable.precision() > Some(0.95) && unprofitable.found > 150, "{unprofitable}");

    let sensitive = PriceSensitive::default().predicate().unwrap();
    let sensitive = detection(&shop, CustomerClass::PriceSensitive, &sensitive);
    assert!(sensitive.precision() > Some(0.75) && sensitive.recall() > Some(0.9), "{sensitive}");
    let new = detection(&shop, CustomerClass::New, &New::default().within_days(60).predicate().unwrap());
    assert!(new.precision() > Some(0.85) && new.recall() == Some(1.0), "{new}");
    let spenders = detection(&shop, CustomerClass::HighSpender, &HighSpender::default().predicate().unwrap());
    assert!(spenders.precision() > Some(0.2) && spenders.recall() > Some(0.6), "{spenders}");
    let loyal = detection(&shop, CustomerClass::Loyal, &Loyal::default().predicate().unwrap());
    assert!(loyal.recall() > Some(0.6), "{loyal}");
}

#[test]
fn the_stages_of_life_are_those_of_the_feature() {
    let shop = shop();
    for days in [365, 150] {
        let set = LifeCycleSet::default()
            .at_risk(AtRisk::default().lapsed_days(days))
            .lapsed(Lapsed::default().silent_days(days))
            .reactivated(Reactivated::default().silent_days(days))
            .waterfall()
            .unwrap();
        let rules = LifeCycle::builder().lapse_days(days).build().unwrap();
        let table = FeatureExtractor::builder(shop.log.as_of_end().unwrap())
            .life_cycle(rules)
            .behaviours(set.rules().behaviours())
            .build()
            .unwrap()
            .extract(&shop.log)
            .unwrap();
        let segments = set.fit(&table).unwrap().segment(&table).unwrap();
        let stages = table.category("life_cycle").unwrap();
        let mut differ = 0;
        for row in 0..table.len() {
            let stage = stages.get(row).unwrap().replace('_', " ");
            let found = name_of(&segments, row).unwrap();
            // Silence that began within the days before the last 90 is not seen by windows of days.
            if stage == "reactivated" && found != "reactivated" {
                assert!(["loyal", "active"].contains(&found));
                differ += 1;
            } else {
                assert_eq!(found, stage);
            }
        }
        let back = segments.sizes()[3];
        assert!(days == 365 || (back > 20 && differ > 0), "{back}, {differ}");
    }
}

#[test]
fn stages_exclude_each_other_where_they_say_so() {
    let shop = shop();
    let table =
        FeatureExtractor::builder(shop.log.as_of_end().unwrap()).build().unwrap().extract(&shop.log).unwrap();
    let of = |predicate: kohort::Result<Predicate>| predicate.unwrap().evaluate(&table).unwrap();
    let [new, active, loyal] =
        [New::default().predicate(), Active::default().predicate(), Loyal::default().predicate()].map(of);
    let [at_risk, lapsed] = [AtRisk::default().predicate(), Lapsed::default().predicate()].map(of);
    assert_eq!(active.holds().count() + at_risk.holds().count() + lapsed.holds().count(), table.len());
    for (left, right) in [(&active, &at_risk), (&active, &lapsed), (&at_risk, &lapsed), (&new, &loyal)] {
        assert_eq!(left.holds().and_count(right.holds()), 0);
    }
    for part in [&new, &loyal] {
        assert_eq!(part.holds().and_count(active.holds()), part.holds().count());
        assert!(part.holds().count() > 100);
    }
}

#[test]
fn settings_move_sizes_the_right_way() {
    let shop = shop();
    let size = |predicate: kohort::Result<Predicate>| {
        let (found, _) = holds(&predicate.unwrap(), &shop, Vec::new());
        found.iter().filter(|is| **is).count()
    };
    // Each list from strict to lax.
    let ladders: Vec<Vec<kohort::Result<Predicate>>> = vec![
        [10, 30, 90].map(|days| New::default().within_days(days).predicate()).into(),
        [30, 90, 200].map(|days| Active::default().within_days(days).predicate()).into(),
        [5, 3, 2].map(|orders| Loyal::default().orders(orders).predicate()).into(),
        [200, 100, 40].map(|days| AtRisk::default().silent_days(days).predicate()).into(),
        [300, 200, 100].map(|days| Lapsed::default().silent_days(days).predicate()).into(),
        [300, 150, 60].map(|days| Reactivated::default().silent_days(days).predicate()).into(),
        [99.0, 80.0, 40.0].map(|cut| HighSpender::default().above_percentile(cut).predicate()).into(),
        [0.9, 0.5, 0.1].map(|share| PriceSensitive::default().above_share(share).predicate()).into(),
        [0.9, 0.5, 0.2].map(|rate| SerialReturner::default().rate(rate).predicate()).into(),
        [97.0, 90.0, 60.0].map(|cut| RichButUnprofitable::default().above_percentile(cut).predicate()).into(),
        [1.0, 0.7, 0.4].map(|share| ShopsAt::evening().share(share).predicate()).into(),
        [1.0, 0.7, 0.4].map(|share| Seasonal::of(Season::Summer).share(share).predicate()).into(),
        [0.9, 0.5, 0.2].map(|share| RegionSeason::of(["DE"], Season::Winter).share(share).predicate()).into(),
        [6, 3, 1].map(|orders| ChannelPreference::of("web").orders(orders).predicate()).into(),
        [0.8, 0.5, 0.2].map(|share| CategoryFan::of("dresses").share(share).predicate()).into(),
        [4, 2, 1].map(|orders| BuysOften::of("tops").never("shoes").orders(orders).predicate()).into(),
        [30, 90, 365]
            .map(|days| NewProductAudience::of("tops").window(Window::days(days)).predicate())
            .into(),
    ];
    for ladder in ladders {
        let text = format!("{:?}", ladder[0]);
        let sizes: Vec<usize> = ladder.into_iter().map(size).collect();
        assert!(sizes.is_sorted_by(|strict, lax| strict < lax), "{text}: {sizes:?}");
    }
}

#[test]
fn the_starter_set_is_the_first_that_is_met() {
    let shop = shop();
    let waterfall = StarterSet::default().waterfall().unwrap();
    let table = FeatureExtractor::builder(shop.log.as_of_end().unwrap()).prices().build().unwrap();
    let table = table.extract(&shop.log).unwrap();
    let segments = waterfall.fit(&table).unwrap().segment(&table).unwrap();
    let alone = [
        ("new", New::default().predicate()),
        ("high-spend", HighSpender::default().predicate()),
        ("loyal", Loyal::default().predicate()),
        ("price-sensitive", PriceSensitive::default().predicate()),
    ]
    .map(|(name, predicate)| (name, predicate.unwrap().evaluate(&table).unwrap()));
    for row in 0..table.len() {
        let first = alone
            .iter()
            .find(|(_, matches)| matches.truth(row).is_true())
            .map_or("occasional", |step| step.0);
        assert_eq!(name_of(&segments, row), Some(first));
    }
    assert!(segments.sizes().iter().all(|size| *size > 50), "{:?}", segments.sizes());
}

#[test]
fn needs_are_what_the_catalogue_says() {
    let shop = Shop::builder().customers(200).build().unwrap().generate().unwrap();
    let events = events(&shop);
    for entry in catalogue::all() {
        let builder = FeatureExtractor::builder(shop.log.as_of_end().unwrap());
        let builder = match entry.needs {
            "" | "economics" => builder,
            "prices" => builder.prices(),
            "calendar" => builder.calendar(Calendar::default()),
            "channels" => builder.channels(),
            "breadth" => builder.breadth(Breadth::default()),
            "behaviours" => builder.behaviours(entry.predicate.behaviours()),
            "response" => builder.response(Response::builder().windows([Window::days(180)]).build().unwrap()),
            other => panic!("{other}"),
        };
        let extractor = builder.build().unwrap();
        let table = match entry.needs {
            "response" => extractor.extract_with_events(&shop.log, &events).unwrap(),
            _ => extractor.extract(&shop.log).unwrap(),
        };
        if !entry.needs.is_empty() {
            let base = FeatureExtractor::builder(shop.log.as_of_end().unwrap()).build().unwrap();
            let error = entry.predicate.evaluate(&base.extract(&shop.log).unwrap()).unwrap_err();
            assert!(matches!(error, Error::MissingFeature { .. }), "{}: {error}", entry.template);
        }
        let table = if entry.needs == "economics" { economics().enrich(&table).unwrap() } else { table };
        entry.predicate.evaluate(&table).unwrap();
    }
}

#[test]
fn settings_out_of_range_are_refused() {
    let nan = f64::NAN;
    let wrong = [
        ("within_days", New::default().within_days(0).predicate()),
        ("within_days", Active::default().within_days(40_000).predicate()),
        ("orders", Loyal::default().orders(1).predicate()),
        ("tenure_days", Loyal::default().tenure_days(0).predicate()),
        ("within_days", Loyal::default().within_days(0).predicate()),
        ("silent_days", AtRisk::default().silent_days(0).predicate()),
        ("lapsed_days", AtRisk::default().silent_days(365).predicate()),
        ("orders", AtRisk::default().orders(0).predicate()),
        ("silent_days", Lapsed::default().silent_days(u32::MAX).predicate()),
        ("within_days", Reactivated::default().within_days(0).predicate()),
        ("silent_days", Reactivated::default().silent_days(u32::MAX).predicate()),
        ("waited_days", OneTimeBuyer::default().waited_days(0).predicate()),
        ("feature", HighSpender::default().feature(" ").predicate()),
        ("above_percentile", HighSpender::default().above_percentile(100.0).predicate()),
        ("above_percentile", HighSpender::default().above_percentile(nan).predicate()),
        ("above_share", PriceSensitive::default().above_share(1.0).predicate()),
        ("above_share", PriceSensitive::default().above_share(nan).predicate()),
        ("orders", PriceSensitive::default().orders(0).predicate()),
        ("rate", SerialReturner::default().rate(0.0).predicate()),
        ("rate", SerialReturner::default().rate(nan).predicate()),
        ("above_percentile", RichButUnprofitable::default().above_percentile(-1.0).predicate()),
        ("band", ShopsAt::band("").predicate()),
        ("share", ShopsAt::evening().share(1.1).predicate()),
        ("orders", ShopsAt::evening().orders(0).predicate()),
        ("share", Seasonal::of(Season::Spring).share(nan).predicate()),
        ("tenure_days", Seasonal::of(Season::Autumn).tenure_days(0).predicate()),
        ("regions", RegionSeason::of([] as [&str; 0], Season::Winter).predicate()),
        ("region_feature", RegionSeason::of(["AT"], Season::Winter).region_feature("").predicate()),
        ("channel", ChannelPreference::of(" ").predicate()),
        ("category", CategoryFan::of("").predicate()),
        ("share", CategoryFan::default().share(f64::INFINITY).predicate()),
        ("category", BuysOften::of("").predicate()),
        ("never", BuysOften::of("shoes").never("shoes").predicate()),
        ("window", BuysOften::of("shoes").window(Window::days_ago(3, 9)).predicate()),
        ("without_product", NewProductAudience::of("shoes").without_product("").predicate()),
        ("window", NewProductAudience::of("shoes").window(Window::days(0)).predicate()),
        ("messages", MailUnresponsive::default().messages(0).predicate()),
        ("channel", MailUnresponsive::default().channel("").predicate()),
        ("window", MailUnresponsive::default().window(Window::days(0)).predicate()),
        ("not_to", ReactsTo::channel("sms").not_to("sms").predicate()),
        ("answers", ReactsTo::channel("sms").answers(0).predicate()),
    ];
    for (expected, result) in wrong {
        match result.unwrap_err() {
            Error::Setting { setting, .. } => assert_eq!(setting, expected),
            other => panic!("{expected}: {other}"),
        }
    }
    let refused = StarterSet::default().loyal(Loyal::default().orders(0)).waterfall().unwrap_err();
    assert!(matches!(refused, Error::Setting { setting: "orders", .. }));
    let refused = LifeCycleSet::default().active(Active::default().within_days(0)).waterfall().unwrap_err();
    assert!(matches!(refused, Error::Setting { setting: "within_days", .. }));
}
