//! What shops really hand in: windows that are none, zones that nobody knows, texts of a million levels, customers who
//! never ordered, tables that name someone twice, ids of two kinds. Each is an error that says what to do, or a result
//! that is written down.

use kohort::events::EventRules;
use kohort::features::{
    Aggregate, Breadth, Calendar, Computed, Custom, EventAggregate, EventTrait, FeatureExtractorBuilder,
    FeatureState, LifeCycle, Number, Over, Response, TraitValue, Trend,
};
use kohort::profiles::{DuplicateIds, FieldType, ProfileField, ProfileKind, ProfileSchema};
use kohort::transaction::{CustomerIds, DiscountColumn, IdColumn, LogColumns, PriceColumn};
use kohort::{
    AsOf, Attribute, Category, CustomerId, Error, Event, EventLog, Feature, FeatureExtractor, FeatureTable,
    IdKind, Join, LogRules, Money, OrderLine, Price, ProfileTable, Result, Returns, Rfm, Segmenter,
    TransactionLog, Values, Window, Zone,
};

use crate::features::DAY;

fn at(day: i64) -> AsOf {
    AsOf::instant(day * DAY, &Zone::utc()).unwrap()
}

fn builder(day: i64) -> FeatureExtractorBuilder {
    FeatureExtractor::builder(at(day))
}

fn rules() -> LogRules {
    LogRules::builder("EUR").returns(Returns::CreditNotes { prefix: Some("C".into()) }).build().unwrap()
}

fn line(customer: impl Into<CustomerId>, order: &str, day: i64, price: &str) -> OrderLine {
    let mut line = OrderLine::new(customer, day * DAY, Price::Line(Money::parse(price).unwrap()));
    line.order = Some(order.into());
    line.category = Some("coats".into());
    line
}

fn log(kind: IdKind, lines: impl IntoIterator<Item = OrderLine>) -> TransactionLog {
    let mut log = TransactionLog::builder(&rules(), kind);
    for line in lines {
        log.push(line).unwrap();
    }
    log.build().unwrap()
}

fn events(kind: IdKind, events: impl IntoIterator<Item = Event>) -> EventLog {
    let mut log = EventLog::builder(&EventRules::default(), kind);
    for event in events {
        log.push(event).unwrap();
    }
    log.build().unwrap()
}

fn response() -> Response {
    Response::builder().build().unwrap()
}

fn schema(kind: IdKind) -> ProfileSchema {
    let region = ProfileField::new("region", ProfileKind::Geographic, FieldType::Category);
    ProfileSchema::builder("customer").customer_ids(kind).field(region).build().unwrap()
}

fn profiles<C: Into<CustomerId>>(
    schema: &ProfileSchema,
    rows: impl IntoIterator<Item = (C, &'static str)>,
) -> Result<ProfileTable> {
    let mut table = ProfileTable::builder(schema);
    for (customer, region) in rows {
        table.push(customer, [region.into()])?;
    }
    table.build()
}

fn text(table: &FeatureTable, customer: &str, feature: &str) -> String {
    let row = table.ids().position(&customer.into()).unwrap();
    table.column(feature).unwrap().text(row)
}

// Windows and zones

#[test]
fn a_window_that_ends_before_it_begins_is_refused_by_everything_that_takes_one() {
    for window in
        [Window::days(0), Window::days_ago(30, 60), Window::days_ago(5, 5), Window::months_ago(1, 2)]
    {
        let orders =
            Computed::builder("n", Over::Orders, Aggregate::Count).within(window.clone()).build().unwrap();
        let opened = EventTrait::builder("n", EventAggregate::Count).within(window.clone()).build().unwrap();
        let answered = Response::builder().windows([window.clone()]).build().unwrap();
        let none = events(IdKind::Text, []);
        let refusals = [
            ("within", builder(100).within(&window, [Feature::Gross]).build().map(drop)),
            ("a trait", builder(100).computed([orders]).build().map(drop)),
            ("a trait of events", builder(100).event_traits([opened.clone()]).build().map(drop)),
            ("events alone", EventTrait::extract([&opened], &none, &at(100)).map(drop)),
            ("response", builder(100).response(answered.clone()).build().map(drop)),
            ("response alone", answered.extract(&none, &at(100)).map(drop)),
        ];
        for (place, refused) in refusals {
            let error = refused.expect_err(place);
            assert!(matches!(error, Error::Setting { setting: "window", .. }), "{place}: {error}");
            let message = error.to_string();
            assert!(
                message.contains(&window.to_string()) && message.contains("ends after it begins"),
                "{message}"
            );
        }
    }
    let backwards = Window::dates("2011-07-01", "2011-01-01", &Zone::utc()).unwrap_err().to_string();
    assert!(backwards.contains("2011-07-01 until 2011-01-01"), "{backwards}");
}

#[test]
fn a_window_between_dates_to_come_is_empty_and_no_error() {
    let later = Window::dates("1971-01-01", "1972-01-01", &Zone::utc()).unwrap();
    let orders = log(IdKind::Text, [line("ada", "1", 1, "10")]);
    let table = builder(9)
        .within(&later, [Feature::Orders, Feature::RecencyDays])
        .build()
        .unwrap()
        .extract(&orders)
        .unwrap();
    assert_eq!(text(&table, "ada", "orders__19710101_19720101"), "0");
    assert_eq!(text(&table, "ada", "recency_days__19710101_19720101"), "");
}

#[test]
fn a_zone_that_nobody_knows_is_named() {
    for name in ["Europe/Atlantis", "", "+25:99", "Europe/Berlin\0"] {
        let error = Zone::named(name).unwrap_err();
        assert!(matches!(&error, Error::Parse { text, .. } if text == name), "{error}");
        assert!(error.to_string().contains("zone"), "{error}");
    }
    let moment = serde_json::to_string(&at(3)).unwrap();
    assert!(moment.contains("UTC"), "{moment}");
    assert!(serde_json::from_str::<AsOf>(&moment.replace("UTC", "Mars/Base")).is_err());
}

// A text of very many levels

/// A million lines of a thousand customers, each of its own product, category, brand and country.
fn very_many() -> TransactionLog {
    let rows = 1_000_000_i64;
    let numbers: Vec<i64> = (0..rows).map(|row| row * 7_919 % rows).collect();
    let own = Category::from_numbers(&numbers);
    assert_eq!(own.levels().len(), rows as usize);
    let customer = (0..rows as u64).map(|row| row % 1_000).collect();
    let order = (0..rows as u64).map(|row| (row % 1_000) * 10 + row / 1_000 % 10).collect();
    let time: Vec<i64> = (0..rows).map(|row| row / 1_000 % 10 * 10 * DAY).collect();
    let price: Vec<f64> = (0..rows).map(|row| 2.0 + (row / 1_000 % 7) as f64).collect();
    let off: Vec<f64> = (0..rows).map(|row| f64::from(row % 3 == 0)).collect();
    let columns = LogColumns::new(IdColumn::Numbers(customer), time, PriceColumn::Unit(price.into()))
        .order(IdColumn::Numbers(order))
        .discount(DiscountColumn::Amount(off.into()))
        .attribute(Attribute::Product, own.clone())
        .attribute(Attribute::Category, own.clone())
        .attribute(Attribute::Brand, own.clone())
        .attribute(Attribute::Country, own);
    TransactionLog::from_columns(columns, &LogRules::builder("EUR").build().unwrap()).unwrap()
}

#[test]
fn a_text_of_a_million_levels_is_as_good_as_one_of_ten() {
    let log = very_many();
    let distinct = Aggregate::Distinct(TraitValue::Text(Attribute::Product));
    let usual = Aggregate::MostFrequent(TraitValue::Text(Attribute::Brand));
    let traits = [
        Computed::builder("distinct_products", Over::Lines, distinct).build().unwrap(),
        Computed::builder("usual_brand", Over::Lines, usual).build().unwrap(),
        Computed::builder("dearest", Over::Orders, Aggregate::Max(Number::Gross)).build().unwrap(),
    ];
    let table = builder(101)
        .within(&Window::days(30), [Feature::Categories, Feature::TopCategory])
        .rhythm()
        .calendar(Calendar::default())
        .prices()
        .breadth(Breadth::default())
        .life_cycle(LifeCycle::default())
        .trend(Trend::default())
        .computed(traits)
        .custom(Custom::count("sizes", |history| {
            Some(history.lines().filter(|line| line.gross() > Money::ZERO).count() as u32)
        }))
        .build()
        .unwrap()
        .extract(&log)
        .unwrap();
    assert_eq!(table.len(), 1_000);
    // A thousand lines a customer; the last two of her ten orders are within a month.
    for (feature, expected) in [
        ("categories", 1_000.0),
        ("categories__30d", 200.0),
        ("products", 1_000.0),
        ("brands", 1_000.0),
        ("distinct_products", 1_000.0),
        ("sizes", 1_000.0),
        ("categories_once", 1_000.0),
        ("categories_never", 999_000.0),
    ] {
        let column = table.column(feature).unwrap();
        assert!(
            (0..1_000).all(|row| column.number(row) == Some(expected)),
            "{feature}: {:?}",
            column.number(0)
        );
    }
    // Customer 0 bought in rows 0, 1000, …; of her dearest lines (8 each) the first category by text is on top.
    let text_of = |row: i64| (row * 7_919 % 1_000_000).to_string();
    let first = (0..1_000).filter(|nth| nth % 7 == 6).map(|nth| text_of(nth * 1_000)).min().unwrap();
    assert_eq!(table.category("top_category").unwrap().get(0), Some(first.as_str()));
    let country = table.category("country").unwrap().get(0);
    assert_eq!(country, Some(first.as_str()), "by the same rule");
    let shares = table.names().filter(|name| name.starts_with("category_share__")).count();
    assert!(shares <= 10, "{shares} columns of categories");
}

#[test]
fn a_column_for_each_of_very_many_channels_is_refused() {
    let rows = 100_000_i64;
    let channels = Category::from_numbers(&(0..rows).collect::<Vec<_>>());
    let time: Vec<i64> = vec![0; rows as usize];
    let price: Vec<f64> = vec![1.0; rows as usize];
    let customer = (0..rows as u64).map(|row| row % 9).collect();
    let columns = LogColumns::new(IdColumn::Numbers(customer), time, PriceColumn::Unit(price.into()))
        .order(IdColumn::Numbers((0..rows as u64).collect()))
        .attribute(Attribute::Channel, channels);
    let log = TransactionLog::from_columns(columns, &LogRules::builder("EUR").build().unwrap()).unwrap();
    for builder in [
        builder(9).features([Feature::ChannelShares]),
        builder(9).within(&Window::all(), [Feature::ChannelShares]),
        builder(9).features([]).channels(),
    ] {
        let error = builder.build().unwrap().extract(&log).unwrap_err();
        assert!(matches!(error, Error::Setting { setting: "channel", .. }), "{error}");
        assert!(
            error.to_string().contains("100000 channels") && error.to_string().contains("at most 64"),
            "{error}"
        );
    }
}

// Customers without orders

#[test]
fn customers_without_an_order_have_a_row_of_what_is_known() {
    let mut free = line("free", "4", 2, "0");
    free.price = Price::Line(Money::ZERO);
    let orders = log(IdKind::Text, [line("buyer", "1", 1, "10"), line("notes", "C2", 2, "-7.50"), free]);
    let mail = events(IdKind::Text, [Event::new("reader", DAY, "sent"), Event::new("buyer", DAY, "sent")]);
    let distinct = Aggregate::Distinct(TraitValue::Text(Attribute::Category));
    let extractor = builder(9)
        .within(&Window::days(30), [Feature::Gross, Feature::RecencyDays])
        .rhythm()
        .calendar(Calendar::default())
        .price_level()
        .breadth(Breadth::builder().of([Attribute::Category]).build().unwrap())
        .returns()
        .life_cycle(LifeCycle::default())
        .trend(Trend::default())
        .computed([Computed::builder("kinds", Over::Lines, distinct).build().unwrap()])
        .response(response())
        .build()
        .unwrap();
    let customers = extractor.extract_with_events(&orders, &mail).unwrap();
    let known = profiles(&schema(IdKind::Text), [("buyer", "Ulm"), ("stranger", "Bonn")]).unwrap();
    let (customers, report) = customers.join(known.table(), Join::Outer).unwrap();
    assert_eq!((report.matched, report.left_only.customers, report.right_only.customers), (1, 3, 1));
    let ids: Vec<String> = customers.ids().iter().map(|id| id.to_string()).collect();
    assert_eq!(ids, ["buyer", "free", "notes", "reader", "stranger"]);

    // Whom the log does not have lacks every feature of orders, counts among them.
    let of_orders = builder(9).build().unwrap().extract(&orders).unwrap();
    for feature in
        of_orders.names().chain(["gross__30d", "regularity", "life_cycle", "kinds", "cohort_month"])
    {
        for customer in ["reader", "stranger"] {
            assert_eq!(text(&customers, customer, feature), "", "{feature} of {customer}");
        }
    }
    // Whom it has without an order counts as nobody who bought, but what she sent back counts.
    for customer in ["free", "notes"] {
        for feature in [
            "recency_days",
            "first_order",
            "return_rate",
            "regularity",
            "life_cycle",
            "cohort_month",
            "price_level",
            "weekend_share",
            "recency_days__30d",
        ] {
            assert_eq!(text(&customers, customer, feature), "", "{feature} of {customer}");
        }
        for feature in ["orders", "gross", "categories", "kinds", "gross__30d"] {
            assert_eq!(
                customers
                    .column(feature)
                    .unwrap()
                    .number(customers.ids().position(&customer.into()).unwrap()),
                Some(0.0),
                "{feature} of {customer}"
            );
        }
    }
    let net = |customer| text(&customers, customer, "net").parse::<f64>().unwrap();
    assert_eq!([net("buyer"), net("free"), net("notes")].map(|net| (net * 100.0) as i64), [1_000, 0, -750]);
    for (customer, sent, region) in
        [("buyer", "1", "Ulm"), ("reader", "1", ""), ("stranger", "", "Bonn"), ("free", "", "")]
    {
        assert_eq!(
            (text(&customers, customer, "sent").as_str(), text(&customers, customer, "region").as_str()),
            (sent, region),
            "{customer}"
        );
    }
}

#[test]
fn a_log_without_any_order_and_events_without_any_log_are_tables() {
    let none = log(IdKind::Text, []);
    let mail = events(IdKind::Text, [Event::new("reader", DAY, "sent")]);
    let extractor = builder(9).response(response()).build().unwrap();
    let customers = extractor.extract_with_events(&none, &mail).unwrap();
    assert_eq!((customers.len(), text(&customers, "reader", "sent").as_str()), (1, "1"));
    assert_eq!(text(&customers, "reader", "orders"), "");
    let error = extractor.extract(&none).unwrap_err();
    assert!(matches!(&error, Error::FeatureNeeds { needs, .. } if needs.contains("events")), "{error}");
    let nobody = extractor.extract_with_events(&none, &events(IdKind::Text, [])).unwrap();
    assert!(nobody.is_empty() && nobody.has("open_rate"));
}

// Duplicate ids

#[test]
fn an_id_that_is_there_twice_is_named_or_counted() {
    let rows = [("ben", "Ulm"), ("ada", "Bonn"), ("ben", "Jena")];
    let error = profiles(&schema(IdKind::Text), rows).unwrap_err();
    assert!(matches!(&error, Error::DuplicateCustomer { customer } if customer == "ben"), "{error}");
    // 07 and 7 are one number and two texts.
    let error = profiles(&schema(IdKind::Number), [("7", "Ulm"), ("07", "Bonn")]).unwrap_err();
    assert!(matches!(&error, Error::DuplicateCustomer { customer } if customer == "7"), "{error}");
    assert_eq!(profiles(&schema(IdKind::Text), [("7", "Ulm"), ("07", "Bonn")]).unwrap().len(), 2);

    let asked = ProfileField::new("asked", ProfileKind::Demographic, FieldType::Date);
    let region = ProfileField::new("region", ProfileKind::Geographic, FieldType::Category);
    let latest = ProfileSchema::builder("customer")
        .customer_ids(IdKind::Text)
        .field(region)
        .field(asked)
        .duplicates(DuplicateIds::Latest("asked".into()))
        .build()
        .unwrap();
    let mut table = ProfileTable::builder(&latest);
    for (customer, region, asked) in
        [("ben", "Ulm", "2024-05-01"), ("ben", "Jena", "2024-06-01"), ("ada", "Bonn", "")]
    {
        table.push(customer, [region.into(), asked.into()]).unwrap();
    }
    let table = table.build().unwrap();
    assert_eq!((table.len(), table.report().superseded), (2, 1));
    assert_eq!(text(table.table(), "ben", "region"), "Jena");
    let error = CustomerIds::numbers(vec![3, 3]).unwrap_err();
    assert!(matches!(&error, Error::DuplicateCustomer { customer } if customer == "3"), "{error}");
}

// Ids of two kinds

#[test]
fn ids_of_two_kinds_never_meet() {
    let numbers = log(IdKind::Number, [line(7_u64, "1", 1, "10"), line(8_u64, "2", 2, "20")]);
    let texts = log(IdKind::Text, [line("7", "1", 1, "10"), line("8", "2", 2, "20")]);
    let plain = builder(9).build().unwrap();
    let (by_number, by_text) = (plain.extract(&numbers).unwrap(), plain.extract(&texts).unwrap());
    let region = |kind| profiles(&schema(kind), [("7", "Ulm")]).unwrap();
    let mail = |kind| events(kind, [Event::new(CustomerId::from("7"), DAY, "sent")]);
    let with_mail = builder(9).response(response()).build().unwrap();
    let state = |log: &TransactionLog| {
        let mut state = FeatureState::new();
        state.push(log).unwrap();
        state
    };
    let age = |ids| FeatureTable::from_columns(ids, [("age", Values::U32(vec![30, 40]))]).unwrap();
    let ages = [
        age(CustomerIds::rows(2)),
        age(CustomerIds::texts(vec!["1".to_owned(), "7".to_owned()].try_into().unwrap())),
    ];
    let refusals = [
        ("join", by_number.join(&ages[1], Join::Left).map(drop)),
        ("join the other way", by_text.join(&ages[0], Join::Outer).map(drop)),
        ("profiles", by_number.enriched(&region(IdKind::Text)).map(drop)),
        ("profiles the other way", by_text.enriched(&region(IdKind::Number)).map(drop)),
        ("events", with_mail.extract_with_events(&numbers, &mail(IdKind::Text)).map(drop)),
        ("a state and events", state(&texts).finish_with_events(&with_mail, &mail(IdKind::Number)).map(drop)),
        ("push", state(&numbers).push(&texts)),
        ("merge", state(&texts).merge(&state(&numbers))),
        ("logs", numbers.concat(&texts).map(drop)),
        ("logs of events", mail(IdKind::Number).concat(&mail(IdKind::Text)).map(drop)),
    ];
    for (place, refused) in refusals {
        let error = refused.expect_err(place);
        assert!(
            matches!(&error, Error::Incompatible { what, .. } if what.contains("kind of customer ids")),
            "{place}: {error}"
        );
        let message = error.to_string();
        assert!(message.contains("whole numbers") && message.contains("text"), "{place}: {message}");
    }

    let rfm = Rfm::builder().build().unwrap().fit(&by_text).unwrap();
    let segments = rfm.segment(&by_text).unwrap();
    let drivers = kohort::economics::RevenueDrivers::builder(Window::days_ago(9, 5), Window::days(5), at(9))
        .build()
        .unwrap();
    let error = drivers.compare_segments(&numbers, &segments).unwrap_err();
    assert!(matches!(&error, Error::Incompatible { what: "the customers", .. }), "{error}");
    assert!(error.to_string().contains("whole numbers"), "{error}");

    // Of one kind all of them go together, whatever the rows were.
    assert_eq!(
        by_number.join(&age(CustomerIds::numbers(vec![7, 9]).unwrap()), Join::Outer).unwrap().1.matched,
        1
    );
    assert_eq!(by_text.enriched(&region(IdKind::Text)).unwrap().1.customers.matched, 1);
    assert!(with_mail.extract_with_events(&numbers, &mail(IdKind::Number)).is_ok());
}

#[test]
fn a_text_that_is_no_number_is_rejected_where_ids_are_numbers() {
    let orders = log(IdKind::Number, [line("x7", "1", 1, "10"), line("7", "2", 2, "20")]);
    assert_eq!((orders.report().rows_kept(), orders.report().rows_rejected()), (1, 1));
    let mail = events(IdKind::Number, [Event::new("x7", DAY, "sent"), Event::new("7", DAY, "sent")]);
    assert_eq!(mail.len(), 1);
    let known = profiles(&schema(IdKind::Number), [("x7", "Ulm"), ("7", "Bonn")]).unwrap();
    assert_eq!((known.report().rows_kept, known.len()), (1, 1));
    assert!(known.report().balances());
}
