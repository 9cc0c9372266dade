//! What holds of the whole public interface: values can be sent to other threads, printing one for debugging never
//! prints a shop, what was stored is checked when it is read, and errors say what to do.

use std::error::Error as _;

use kohort::economics::returns::{CorrectedRate, ReturnLagModel};
use kohort::economics::{
    BreakEven, Finding, Plan, RankShifts, ReturnDrivers, RevenueBySegment, RevenueDrivers, Waterfalls,
};
use kohort::features::{
    Calendar, Column, Exposure, FeatureMatrix, FeatureState, LifeCycle, Restricted, Scaler, ScalerModel,
    TableContext, Trend, Values,
};
use kohort::profiles::{ProfileBuilder, ProfileJoin};
use kohort::segment::{
    Agreement, CustomerFeatures, Explanation, OneByOne, RfmProfile, RfmScores, RulesAudit, SegmentBoxes,
    SegmentMap, SegmentedPoints, Silhouette, SizeEstimates, feature, segment,
};
use kohort::synthetic::{Shop, SyntheticShop, Truth};
use kohort::transaction::{CustomerIds, LogBuilder, LogColumns, OrderLine, Price, PriceColumn, Strictness};
use kohort::{
    AsOf, Attribute, AudienceSet, Bitmap, Category, Costs, CustomerId, Economics, Error, Feature,
    FeatureExtractor, FeatureTable, IdKind, IngestReport, JoinReport, LogRules, Money, Predicate,
    ProfileReport, ProfileSchema, ProfileTable, ReconcileBy, Reconciliation, Rfm, RfmModel, Rules,
    RulesModel, Segmentation, Segmenter, StarterModel, StarterSegments, TransactionLog, Waterfall,
    WaterfallModel, Zone,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::economics::half_for_goods;

#[test]
fn values_go_to_other_threads() {
    fn all<T: Send + Sync + Unpin + 'static>() {}
    all::<TransactionLog>();
    all::<LogBuilder>();
    all::<LogRules>();
    all::<LogColumns<'static>>();
    all::<IngestReport>();
    all::<Reconciliation>();
    all::<FeatureExtractor>();
    all::<FeatureState>();
    all::<Calendar>();
    all::<LifeCycle>();
    all::<Trend>();
    all::<FeatureTable>();
    all::<FeatureMatrix>();
    all::<Scaler>();
    all::<ScalerModel>();
    all::<Column>();
    all::<JoinReport>();
    all::<Restricted>();
    all::<ProfileSchema>();
    all::<ProfileBuilder>();
    all::<ProfileTable>();
    all::<ProfileReport>();
    all::<ProfileJoin>();
    all::<Category>();
    all::<Bitmap>();
    all::<CustomerIds>();
    all::<Rfm>();
    all::<RfmModel>();
    all::<RfmScores>();
    all::<RfmProfile>();
    all::<SegmentMap>();
    all::<SegmentBoxes>();
    all::<StarterSegments>();
    all::<StarterModel>();
    all::<Segmentation>();
    all::<SegmentedPoints<'static>>();
    all::<Predicate>();
    all::<Rules>();
    all::<RulesModel>();
    all::<Waterfall>();
    all::<WaterfallModel>();
    all::<AudienceSet>();
    all::<OneByOne>();
    all::<CustomerFeatures>();
    all::<Explanation>();
    all::<RulesAudit>();
    all::<SizeEstimates>();
    all::<Silhouette>();
    all::<Agreement>();
    all::<Costs>();
    all::<Economics>();
    all::<Waterfalls>();
    all::<Plan>();
    all::<Finding>();
    all::<RankShifts>();
    all::<ReturnDrivers>();
    all::<ReturnLagModel>();
    all::<CorrectedRate>();
    all::<Exposure>();
    all::<RevenueDrivers>();
    all::<RevenueBySegment>();
    all::<BreakEven>();
    all::<Shop>();
    all::<SyntheticShop>();
    all::<Truth>();
    all::<Error>();
    all::<Box<dyn Segmenter + Send + Sync>>();
}

#[test]
fn printing_for_debugging_prints_no_rows() {
    let shop = Shop::builder().customers(2_000).seed(3).build().unwrap().generate().unwrap();
    let table =
        FeatureExtractor::builder(shop.log.as_of_end().unwrap()).build().unwrap().extract(&shop.log).unwrap();
    let rfm = Rfm::builder().build().unwrap().fit(&table).unwrap();
    let segments = rfm.segment(&table).unwrap();
    let net = feature("net").gt(50).or(feature("return_rate").lt(0.3));
    let audiences =
        Rules::builder().rule("net", net.clone()).build().unwrap().fit(&table).unwrap().evaluate(&table);
    let mut state = FeatureState::new();
    state.push(&shop.log).unwrap();
    let rules = LogRules::builder("EUR").build().unwrap();
    let mut builder = TransactionLog::builder(&rules, IdKind::Number);
    for customer in 0..2_000 {
        let mut line = OrderLine::new(customer, 0, Price::Unit(Money::ZERO));
        line.order = Some("1".into());
        builder.push(line).unwrap();
    }
    let shown = [
        ("log", format!("{:?}", shop.log)),
        ("builder", format!("{builder:?}")),
        ("state", format!("{state:?}")),
        ("ids", format!("{:?}", table.ids())),
        ("customers of the lines", format!("{:?}", shop.log.customers())),
        ("bitmap", format!("{:?}", Bitmap::filled(2_000, true))),
        ("category", format!("{:?}", shop.log.attribute(Attribute::Product).unwrap())),
        ("levels", format!("{:?}", shop.log.attribute(Attribute::Product).unwrap().levels())),
        ("column", format!("{:?}", table.column(Feature::Gross).unwrap())),
        ("scores", format!("{:?}", rfm.scores(&table).unwrap())),
        ("segmentation", format!("{segments:?}")),
        ("audiences", format!("{:?}", audiences.unwrap())),
        ("matches", format!("{:?}", net.evaluate(&table).unwrap())),
        ("truth", format!("{:?}", shop.truth)),
        ("waterfalls", format!("{:?}", half_for_goods().waterfalls(&table).unwrap())),
    ];
    for (what, text) in shown {
        assert!(text.len() < 400, "{what}: {} characters: {}", text.len(), &text[..400]);
    }
    // The names of all features, and no more.
    let names: usize = table.names().map(|name| name.len() + 4).sum();
    assert!(format!("{table:?}").len() < names + 200, "{table:?}");
    let few = table.select([Feature::Gross, Feature::Net]).unwrap();
    assert!(format!("{few:?}").len() < 400, "{few:?}");
}

fn survives<T: Serialize + DeserializeOwned + PartialEq>(value: &T) {
    let json = serde_json::to_string(value).unwrap();
    assert!(serde_json::from_str::<T>(&json).unwrap() == *value, "{json}");
}

fn refused<T: DeserializeOwned>(json: &str, says: &str) {
    match serde_json::from_str::<T>(json) {
        Ok(_) => panic!("{json} was taken"),
        Err(error) => assert!(error.to_string().contains(says), "{json}: {error}"),
    }
}

#[test]
fn what_is_stored_comes_back() {
    let shop = Shop::builder().customers(60).seed(3).build().unwrap().generate().unwrap();
    let table =
        FeatureExtractor::builder(shop.log.as_of_end().unwrap()).build().unwrap().extract(&shop.log).unwrap();
    survives(shop.log.rules());
    survives(shop.log.report());
    survives(&shop.log.reconcile(ReconcileBy::Month).unwrap());
    survives::<TableContext>(table.context().unwrap());
    survives(table.ids());
    survives(&Rfm::builder().build().unwrap().fit(&table).unwrap().segment(&table).unwrap());
}

#[test]
fn what_is_stored_is_checked_when_it_is_read() {
    let segmentation =
        |ids: &str, names: &str, codes: &str| format!(r#"{{"ids":{ids},"names":{names},"codes":{codes}}}"#);
    let rows = r#"{"Rows":3}"#;
    survives(
        &serde_json::from_str::<Segmentation>(&segmentation(rows, r#"["a","b"]"#, "[0,65535,1]")).unwrap(),
    );
    refused::<Segmentation>(&segmentation(rows, r#"["a","b"]"#, "[0,2,1]"), "names");
    refused::<Segmentation>(&segmentation(rows, r#"["a","b"]"#, "[0,1]"), "segments");
    refused::<Segmentation>(&segmentation(rows, r#"["a","a"]"#, "[0,1,1]"), "`a`");
    refused::<Segmentation>(&segmentation(rows, r#"["a"," "]"#, "[0,1,1]"), "` `");
    refused::<Segmentation>(&segmentation(r#"{"Numbers":[5,5,6]}"#, r#"["a"]"#, "[0,0,0]"), "`5`");
    refused::<Segmentation>(&segmentation(r#"{"Numbers":[5,4,6]}"#, r#"["a"]"#, "[0,0,0]"), "ascending");
    refused::<CustomerIds>(r#"{"Texts":["b","a"]}"#, "");
    refused::<AsOf>(r#"{"micros":9223372036854775807,"zone":"UTC"}"#, "years 1 to 9998");
    refused::<Zone>(r#""Europe/Nowhere""#, "Europe/Nowhere");
    refused::<Money>(r#""12.34567""#, "12.34567");
}

fn log(rules: &LogRules, orders: &[&str]) -> kohort::Result<TransactionLog> {
    let mut builder = TransactionLog::builder(rules, IdKind::Text);
    for order in orders {
        let mut line = OrderLine::new("ada", 0, Price::Line(Money::from_ten_thousandths(50_000)));
        line.order = Some((*order).to_owned());
        builder.push(line)?;
    }
    builder.build()
}

/// An error from each corner, with what its message has to name: what was found, and what to do.
fn errors() -> Vec<(Error, &'static [&'static str])> {
    let rules = LogRules::builder("EUR").build().unwrap();
    let strict = LogRules::builder("EUR").strictness(Strictness::Stop).build().unwrap();
    let one = log(&rules, &["1"]).unwrap();
    let extractor = |feature| {
        let as_of = one.as_of_end().unwrap();
        FeatureExtractor::builder(as_of).features([feature]).build().unwrap()
    };
    let table = extractor(Feature::Gross).extract(&one).unwrap();
    let segments = Segmentation::new(&table, vec!["loyal".into()], &[Some(0)]).unwrap();
    let other = log(&LogRules::builder("USD").build().unwrap(), &["1"]).unwrap();
    let croesus = Values::Money(vec![Money::from_ten_thousandths(i64::MIN)]);
    let croesus =
        FeatureTable::from_columns(CustomerIds::numbers(vec![7]).unwrap(), [("gross", croesus)]).unwrap();
    let service = Costs::builder(kohort::economics::CostOfGoods::ShareOfGross(kohort::Rate::ZERO))
        .service_per_customer(Money::from_ten_thousandths(1));
    let service = Economics::builder(service.build().unwrap()).build().unwrap();
    let columns = LogColumns::new(vec![1_u64, 2], vec![0_i64], PriceColumn::Line(vec![1.0, 2.0].into()));
    vec![
        (LogRules::builder(" ").build().unwrap_err(), &["`currency`", "` `", "such as EUR"]),
        (Money::parse("1,5").unwrap_err(), &["`1,5`"]),
        (AsOf::date("yesterday", &Zone::utc()).unwrap_err(), &["`yesterday`"]),
        (Zone::named("Europe/Nowhere").unwrap_err(), &["`Europe/Nowhere`"]),
        (TransactionLog::from_columns(columns, &rules).unwrap_err(), &["1 rows", "2", "one value a row"]),
        (log(&strict, &["1", ""]).unwrap_err(), &["row 2", "strict mode stops at the first rejected row"]),
        (log(&rules, &[]).unwrap().as_of_end().unwrap_err(), &["the log has no rows", "its report says why"]),
        (
            FeatureState::new().finish(&extractor(Feature::Gross)).unwrap_err(),
            &["the state", "push a log first"],
        ),
        (Feature::named("grosss").unwrap_err(), &["`grosss`", "did you mean `gross`?"]),
        (table.column("net").unwrap_err(), &["no feature `net`"]),
        (table.counts(Feature::Gross).unwrap_err(), &["`gross`", "is money", "expected u32"]),
        (
            table.clone().column_added("gross", Column::optional(vec![None])).unwrap_err(),
            &["`gross`", "name of its own"],
        ),
        (
            extractor(Feature::ReturnRate).extract(&one).unwrap_err(),
            &["`return_rate`", "a record of returns", "leave it out"],
        ),
        (CustomerIds::numbers(vec![3, 3]).unwrap_err(), &["`3`", "one row per customer"]),
        (table.customer(&CustomerId::from("eve")).unwrap_err(), &["`eve`"]),
        (segments.members("loyl").unwrap_err(), &["`loyl`", "did you mean `loyal`?"]),
        (service.waterfalls(&croesus).unwrap_err(), &["customer `7`", "check the amounts' unit"]),
        (one.concat(&other).unwrap_err(), &["the currency", "EUR", "USD"]),
        (Rfm::builder().bins(0).build().unwrap_err(), &["`bins`", "is 0", "1 to 99"]),
        (Rfm::builder().build().unwrap().fit(&table).unwrap_err(), &["no feature `recency_days`"]),
        (
            Rules::builder().rule("a", segment("b")).rule("b", !segment("a")).build().unwrap_err(),
            &["in a circle", "a → b → a", "state one of them without the others"],
        ),
        (
            Rules::builder().rule("a", segment("aa").or(segment("b"))).build().unwrap_err(),
            &["no segment `aa`"],
        ),
        (feature("gros").gt(1).evaluate(&table).unwrap_err(), &["`gros`", "did you mean `gross`?"]),
        (
            feature("gross").gt("a lot").evaluate(&table).unwrap_err(),
            &["`gross` is money", "expected a category"],
        ),
        (Shop::builder().heavy_returners(1.5).build().unwrap_err(), &["`heavy_returners`", "1.5"]),
    ]
}

#[test]
fn errors_say_what_was_found_and_what_to_do() {
    for (error, words) in errors() {
        let message = error.to_string();
        for word in words {
            assert!(message.contains(word), "`{word}` is not in: {message}");
        }
        assert!(message.len() < 300 && !message.ends_with('.') && !message.contains('\n'), "{message}");
        assert!(error.source().is_none(), "{message}");
    }
}

#[cfg(feature = "csv")]
#[test]
fn errors_of_files_name_the_file_and_the_place() {
    use kohort::Schema;
    use kohort::transaction::SchemaPrice;

    let rules = LogRules::builder("EUR").orders(kohort::OrderIdentity::EachLine).build().unwrap();
    let schema = Schema::builder(&rules, "customer", "time", SchemaPrice::Line("price")).build().unwrap();
    let absent = TransactionLog::from_csv_path("no/such/orders.csv", &schema).unwrap_err();
    assert!(matches!(absent, Error::Io { .. }) && absent.to_string().starts_with("no/such/orders.csv: "));
    assert!(absent.source().is_some(), "the cause is there to be looked at");
    let unknown = TransactionLog::from_csv_reader("customr,time,price\n".as_bytes(), &schema).unwrap_err();
    let message = unknown.to_string();
    for word in ["no column `customer`", "it has: customr, time, price", "did you mean `customr`?"] {
        assert!(message.contains(word), "`{word}` is not in: {message}");
    }
}
