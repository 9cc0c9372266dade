//! The catalogue of rules on the synthetic shop: against scans of its lines, against its truth, and laws.

use std::collections::BTreeMap;

use jiff::Timestamp;
use kohort::events::EventRules;
use kohort::features::{Breadth, Calendar, Custom, FeatureExtractorBuilder, History, LifeCycle, Response};
use kohort::segment::catalogue::{
    self, Active, Answer, AtRisk, BuysOften, CategoryFan, ChannelPreference, HighSpender, Lapsed,
    LifeCycleSet, Loyal, MailUnresponsive, New, NewProductAudience, OneTimeBuyer, PriceSensitive,
    Reactivated, ReactsTo, RegionSeason, RichButUnprofitable, Season, Seasonal, SerialReturner, ShopsAt,
    StarterSet,
};
use kohort::segment::{Predicate, Segmentation, Segmenter, feature};
use kohort::synthetic::{CustomerClass, Detection, Shop, SyntheticShop};
use kohort::transaction::LineKind;
use kohort::{
    Attribute, CostOfGoods, Costs, Economics, Error, Event, EventLog, FeatureExtractor, FeatureTable, IdKind,
    Money, Window,
};

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

struct PlainLine {
    category: String,
    product: String,
    channel: String,
    country: String,
    gross: i64,
    discount: i64,
}

struct PlainOrder {
    time: i64,
    lines: Vec<PlainLine>,
}

/// A customer's orders with the moment, by scanning her lines.
fn orders(history: &History<'_>) -> (Vec<PlainOrder>, i64) {
    let mut orders: BTreeMap<u32, PlainOrder> = BTreeMap::new();
    for line in history.lines().filter(|line| line.kind() == LineKind::Sale) {
        let text = |attribute| line.text(attribute).unwrap().to_owned();
        let order = orders.entry(line.order()).or_insert(PlainOrder { time: line.time(), lines: Vec::new() });
        order.time = order.time.min(line.time());
        order.lines.push(PlainLine {
            category: text(Attribute::Category),
            product: text(Attribute::Product),
            channel: text(Attribute::Channel),
            country: text(Attribute::Country),
            gross: line.gross().ten_thousandths(),
            discount: line.discount().ten_thousandths(),
        });
    }
    let mut orders: Vec<PlainOrder> = orders.into_values().collect();
    orders.sort_by_key(|order| order.time);
    (orders, history.as_of().micros())
}

/// Orders, moment.
type Plain = fn(&[PlainOrder], i64) -> bool;

fn first(orders: &[PlainOrder]) -> i64 {
    orders[0].time
}

fn last(orders: &[PlainOrder]) -> i64 {
    orders[orders.len() - 1].time
}

/// The UTC hour and month of an order.
fn hour_and_month(order: &PlainOrder) -> (i8, i8) {
    let time = Timestamp::from_microsecond(order.time).unwrap().to_zoned(jiff::tz::TimeZone::UTC);
    (time.hour(), time.month())
}

/// How many of the orders meet a condition.
fn count(orders: &[PlainOrder], meets: impl Fn(&PlainOrder) -> bool) -> usize {
    orders.iter().filter(|order| meets(order)).count()
}

fn in_winter(order: &PlainOrder) -> bool {
    matches!(hour_and_month(order).1, 12 | 1 | 2)
}

/// The text with the largest gross, of equals the first, and that gross.
fn largest<'o>(
    orders: impl IntoIterator<Item = &'o PlainOrder>,
    text: fn(&PlainLine) -> &str,
) -> (String, i64) {
    let mut sums: BTreeMap<String, i64> = BTreeMap::new();
    for line in orders.into_iter().flat_map(|order| &order.lines) {
        *sums.entry(text(line).to_owned()).or_default() += line.gross;
    }
    let most = *sums.values().max().unwrap();
    (sums.into_iter().find(|(_, gross)| *gross == most).unwrap().0, most)
}

fn has_category(order: &PlainOrder, category: &str) -> bool {
    order.lines.iter().any(|line| line.category == category)
}

#[test]
fn each_template_is_what_a_scan_of_the_lines_finds() {
    let cases: Vec<(Predicate, Plain)> = vec![
        (New::default().predicate().unwrap(), |orders, now| now - first(orders) < 30 * DAY),
        (New::default().within_days(200).predicate().unwrap(), |orders, now| now - first(orders) < 200 * DAY),
        (Active::default().predicate().unwrap(), |orders, now| now - last(orders) < 90 * DAY),
        (Loyal::default().predicate().unwrap(), |orders, now| {
            orders.len() >= 3 && now - first(orders) >= 30 * DAY && now - last(orders) < 90 * DAY
        }),
        (AtRisk::default().predicate().unwrap(), |orders, now| {
            (90 * DAY..365 * DAY).contains(&(now - last(orders)))
        }),
        (AtRisk::default().silent_days(30).lapsed_days(60).orders(4).predicate().unwrap(), |orders, now| {
            (30 * DAY..60 * DAY).contains(&(now - last(orders))) && orders.len() >= 4
        }),
        (Lapsed::default().predicate().unwrap(), |orders, now| now - last(orders) >= 365 * DAY),
        (Reactivated::default().silent_days(150).predicate().unwrap(), |orders, now| {
            let ago = |order: &PlainOrder| now - order.time;
            orders.iter().any(|order| ago(order) < 90 * DAY)
                && orders.iter().any(|order| ago(order) >= 240 * DAY)
                && !orders.iter().any(|order| (90 * DAY..240 * DAY).contains(&ago(order)))
        }),
        (OneTimeBuyer::default().predicate().unwrap(), |orders, _| orders.len() == 1),
        (OneTimeBuyer::default().waited_days(20).predicate().unwrap(), |orders, now| {
            orders.len() == 1 && now - last(orders) >= 20 * DAY
        }),
        (PriceSensitive::default().predicate().unwrap(), |orders, _| {
            let lines = || orders.iter().flat_map(|order| &order.lines);
            let on_discount: i64 = lines().filter(|line| line.discount > 0).map(|line| line.gross).sum();
            orders.len() >= 2 && 2 * on_discount > lines().map(|line| line.gross).sum::<i64>()
        }),
        (ShopsAt::morning().share(0.5).orders(2).predicate().unwrap(), |orders, _| {
            let then = count(orders, |order| (6..12).contains(&hour_and_month(order).0));
            orders.len() >= 2 && 2 * then >= orders.len()
        }),
        (ShopsAt::evening().predicate().unwrap(), |orders, _| {
            let then = count(orders, |order| hour_and_month(order).0 >= 18);
            orders.len() >= 3 && 4 * then >= 3 * orders.len()
        }),
        (Seasonal::of(Season::Winter).predicate().unwrap(), |orders, now| {
            let then = count(orders, in_winter);
            orders.len() >= 3 && 4 * then >= 3 * orders.len() && now - first(orders) >= 365 * DAY
        }),
        (RegionSeason::of(["AT", "CH"], Season::Winter).predicate().unwrap(), |orders, _| {
            let country = largest(orders, |line| &line.country).0;
            orders.len() >= 2
                && 2 * count(orders, in_winter) >= orders.len()
                && ["AT", "CH"].contains(&country.as_str())
        }),
        (ChannelPreference::of("app").predicate().unwrap(), |orders, _| {
            let through = count(orders, |order| largest([order], |line| &line.channel).0 == "app");
            orders.len() >= 3 && 4 * through >= 3 * orders.len()
        }),
        (CategoryFan::of("shoes").predicate().unwrap(), |orders, _| {
            let (category, gross) = largest(orders, |line| &line.category);
            let all: i64 = orders.iter().flat_map(|order| &order.lines).map(|line| line.gross).sum();
            orders.len() >= 3 && category == "shoes" && 2 * gross >= all
        }),
        (CategoryFan::default().share(0.9).orders(2).predicate().unwrap(), |orders, _| {
            let (_, gross) = largest(orders, |line| &line.category);
            let all: i64 = orders.iter().flat_map(|order| &order.lines).map(|line| line.gross).sum();
            orders.len() >= 2 && 10 * gross >= 9 * all
        }),
        (BuysOften::of("dresses").never("shoes").predicate().unwrap(), |orders, now| {
            let lately = |order: &PlainOrder| now - order.time <= 365 * DAY;
            count(orders, |order| lately(order) && has_category(order, "dresses")) >= 3
                && count(orders, |order| has_category(order, "shoes")) == 0
        }),
        (NewProductAudience::of("tops").predicate().unwrap(), |orders, now| {
            count(orders, |order| now - order.time <= 180 * DAY && has_category(order, "tops")) >= 2
        }),
    ];
    let shop = shop();
    for (predicate, plain) in cases {
        let custom = Custom::count("plain", move |history| {
            let (orders, now) = orders(history);
            Some(u32::from(plain(&orders, now)))
        });
        let (found, table) = holds(&predicate, &shop, vec![custom]);
        let expected: Vec<bool> = table.counts("plain").unwrap().iter().map(|mark| *mark == 1).collect();
        let (some, all) = (expected.iter().filter(|is| **is).count(), expected.len());
        assert!(some > 0 && some < all, "{predicate}: {some} of {all} tell nothing");
        assert!(found == expected, "{predicate}");
    }
}

#[test]
fn who_has_the_product_already_is_not_told_of_it() {
    let shop = shop();
    let buyers = |product: &'static str| {
        Custom::count("has_it", move |history| {
            let lines = orders(history).0.into_iter().flat_map(|order| order.lines);
            Some(lines.filter(|line| line.product == product).count() as u32)
        })
    };
    // Some product of the category.
    let products = std::sync::Arc::new(std::sync::Mutex::new(BTreeMap::<String, usize>::new()));
    let collected = products.clone();
    let collect = Custom::count("collect", move |history| {
        for line in orders(history).0.into_iter().flat_map(|order| order.lines) {
            if line.category == "tops" {
                *collected.lock().unwrap().entry(line.product).or_default() += 1;
            }
        }
        Some(0)
    });
    let all = NewProductAudience::of("tops").predicate().unwrap();
    let (everyone, _) = holds(&all, &shop, vec![collect]);
    let bought = products.lock().unwrap().clone();
    let product: &'static str = bought.iter().max_by_key(|(_, lines)| **lines).unwrap().0.clone().leak();

    let without = NewProductAudience::of("tops").without_product(product).predicate().unwrap();
    let (found, table) = holds(&without, &shop, vec![buyers(product)]);
    let has_it = table.counts("has_it").unwrap();
    let expected: Vec<bool> = (0..found.len()).map(|row| everyone[row] && has_it[row] == 0).collect();
    assert!(found == expected);
    assert!(found != everyone, "someone has it");
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
    assert!(sure.precision() > Some(0.95) && sure.recall() > Some(0.75), "{sure}");
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

/// Whether a rule is expected to hold for a customer.
type Expected<'e> = &'e dyn Fn(u64) -> bool;

/// What a customer was sent and did with it: days ago, channel, what she did.
type Mail = (i64, &'static str, &'static [&'static str]);

/// Mails by who a customer is, of four kinds.
fn mails(customer: u64) -> Vec<Mail> {
    let weekly =
        |channel, done: &'static [&'static str]| (0..25).map(move |week| (7 * week + 1, channel, done));
    match customer % 4 {
        0 => weekly("email", &[]).collect(),
        1 => weekly("email", &["opened", "clicked"]).chain([(3, "sms", &[] as _)]).collect(),
        2 => weekly("email", &[]).chain(weekly("sms", &["clicked"])).collect(),
        // She opened, long ago, and hears less now.
        _ => (0..12)
            .map(|month| (30 * month + 1, "email", if month > 7 { &["opened"] as _ } else { &[] as _ }))
            .collect(),
    }
}

fn events(shop: &SyntheticShop) -> EventLog {
    let now = shop.log.as_of_end().unwrap().micros();
    let mut log = EventLog::builder(&EventRules::builder().build().unwrap(), IdKind::Number);
    for customer in 1..=shop.truth.len() as u64 {
        for (number, (days, channel, done)) in mails(customer).into_iter().enumerate() {
            for (step, kind) in std::iter::once(&"sent").chain(done).enumerate() {
                let mut event = Event::new(customer, now - days * DAY + step as i64, *kind);
                event.channel = Some(channel.to_owned());
                event.campaign = Some(format!("{channel} {number}"));
                log.push(event).unwrap();
            }
        }
    }
    log.build().unwrap()
}

#[test]
fn answers_are_counted_message_by_message() {
    let shop = Shop::builder().customers(400).build().unwrap().generate().unwrap();
    let half_a_year = Response::builder().windows([Window::days(180), Window::days(400)]).build().unwrap();
    let table = FeatureExtractor::builder(shop.log.as_of_end().unwrap())
        .response(half_a_year)
        .build()
        .unwrap()
        .extract_with_events(&shop.log, &events(&shop))
        .unwrap();
    let of = |customer: u64, channel: &str, kind: &str, days: i64| {
        let sent = mails(customer).into_iter().filter(|mail| mail.1 == channel && mail.0 <= days);
        sent.filter(|mail| kind == "sent" || mail.2.contains(&kind)).count()
    };
    let unopened = |customer: u64, least: usize, days: i64| {
        of(customer, "email", "sent", days) >= least && of(customer, "email", "opened", days) == 0
    };
    let reacts = |customer: u64| {
        of(customer, "sms", "clicked", 180) >= 2
            && of(customer, "email", "sent", 180) >= 5
            && of(customer, "email", "clicked", 180) == 0
    };
    let cases: [(Predicate, Expected<'_>, u64); 6] = [
        (MailUnresponsive::default().predicate().unwrap(), &|customer| unopened(customer, 10, 180), 200),
        (MailUnresponsive::default().messages(5).predicate().unwrap(), &|c| unopened(c, 5, 180), 300),
        (
            MailUnresponsive::default().window(Window::days(400)).predicate().unwrap(),
            &|c| unopened(c, 10, 400),
            200,
        ),
        (
            MailUnresponsive::default().answer(Answer::Clicked).channel("sms").predicate().unwrap(),
            &|c| of(c, "sms", "sent", 180) >= 10 && of(c, "sms", "clicked", 180) == 0,
            0,
        ),
        (ReactsTo::channel("sms").not_to("email").predicate().unwrap(), &reacts, 100),
        (
            ReactsTo::channel("email").answers(20).answer(Answer::Opened).predicate().unwrap(),
            &|c| of(c, "email", "opened", 180) >= 20,
            100,
        ),
    ];
    for (predicate, expected, size) in cases {
        let matches = predicate.evaluate(&table).unwrap();
        for customer in 1..=400 {
            assert_eq!(
                matches.truth(customer as usize - 1),
                expected(customer).into(),
                "{predicate}: {customer}"
            );
        }
        assert_eq!(matches.holds().count() as u64, size, "{predicate}");
    }
}

#[test]
fn mail_whose_openings_nobody_records_makes_no_one_unresponsive() {
    let shop = Shop::builder().customers(50).build().unwrap().generate().unwrap();
    let now = shop.log.as_of_end().unwrap();
    let mut log = EventLog::builder(&EventRules::builder().build().unwrap(), IdKind::Number);
    for (customer, week) in (1_u64..=50).flat_map(|customer| (1..=20).map(move |week| (customer, week))) {
        let mut event = Event::new(customer, now.micros() - week * 7 * DAY, "sent");
        event.channel = Some("email".to_owned());
        log.push(event).unwrap();
    }
    let response = Response::builder().windows([Window::days(180)]).build().unwrap();
    let table = FeatureExtractor::builder(now).response(response).build().unwrap();
    let table = table.extract_with_events(&shop.log, &log.build().unwrap()).unwrap();
    let matches = MailUnresponsive::default().predicate().unwrap().evaluate(&table).unwrap();
    assert_eq!((matches.holds().count(), matches.unknown().count()), (0, 50));
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
