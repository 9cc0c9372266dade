//! k-means over a table: scales, names, profiles, weights, limits, and the stored model.

use std::ops::ControlFlow;

use kohort::Error;
use kohort::features::{Column, FeatureTable, MissingPolicy, Scaler, Values};
use kohort::ndarray::{Array2, arr2};
use kohort::segment::kmeans::KMeansStream;
use kohort::segment::{Initialization, KMeans, KMeansBuilder, KMeansModel, Segmenter};
use kohort::segment::{LimitMethod, SegmentSize, SizeLimits};
use kohort::transaction::CustomerIds;
use serde_json::{Value, json};

use crate::customers::{Draws, all_missing, customers, replaced, without};

/// Three kinds of customers, 500 of each hundred a kind's share, told apart by two features; a third is noise.
fn three_kinds(n: usize) -> FeatureTable {
    let mut draws = Draws::new(7);
    let (mut recency, mut orders, mut noise) = (Vec::new(), Vec::new(), Vec::new());
    for row in 0..n {
        let (days, count) = [(10.0, 20.0), (200.0, 18.0), (210.0, 2.0)][[0, 0, 0, 1, 1, 2][row % 6]];
        let around = |draws: &mut Draws| draws.below(1_000) as f64 / 1_000.0 - 0.5;
        recency.push(days + 8.0 * around(&mut draws));
        orders.push(count + 2.0 * around(&mut draws));
        noise.push(around(&mut draws));
    }
    FeatureTable::from_columns(
        CustomerIds::rows(n),
        [
            ("recency_days", Column::new(Values::F64(recency))),
            ("orders", Column::new(Values::F64(orders))),
            ("noise", Column::new(Values::F64(noise))),
        ],
    )
    .unwrap()
}

fn of_two_features(clusters: usize) -> KMeansBuilder {
    let scaler = Scaler::builder(["recency_days", "orders"]).build().unwrap();
    KMeans::builder(clusters).scaler(scaler)
}

#[test]
fn kinds_of_customers_are_found_named_and_described_in_their_units() {
    let table = three_kinds(1_200);
    let model = of_two_features(3).build().unwrap().fit(&table).unwrap();
    assert_eq!(model.sizes(), [600, 400, 200]);
    assert!(model.converged());
    let names = model.segment_names();
    assert_eq!(names, ["low recency_days, high orders", "high recency_days", "low orders"]);
    let centroids = model.centroids_in_units();
    for (row, [days, orders]) in [[10.0, 20.0], [200.0, 18.0], [210.0, 2.0]].into_iter().enumerate() {
        assert!((centroids[[row, 0]] - days).abs() < 0.5, "{centroids}");
        assert!((centroids[[row, 1]] - orders).abs() < 0.2, "{centroids}");
    }
    let quality = model.quality();
    assert!(
        quality.simplified_silhouette.unwrap() > 0.8 && quality.davies_bouldin.unwrap() < 0.3,
        "{quality}"
    );

    let profile = model.profile(&table).unwrap();
    assert_eq!(profile.features(), ["recency_days", "orders"]);
    let last = &profile.segments()[2];
    assert_eq!((last.customers, last.features[1].customers), (200, 200));
    // Scaled by a line, the centroid is the mean.
    assert!((last.features[1].mean.unwrap() - centroids[[2, 1]]).abs() < 1e-9);
    let shown = format!("{model}\n{profile}");
    assert!(shown.contains("k-means of 1,200 customers") && shown.contains("mean orders"), "{shown}");
    assert!(shown.contains("Converged after"), "{shown}");
}

#[test]
fn next_months_customers_are_placed_by_the_scales_of_the_fit() {
    let model = of_two_features(3).build().unwrap().fit(&three_kinds(1_200)).unwrap();
    let next = FeatureTable::from_columns(
        CustomerIds::rows(4),
        [
            ("orders", Column::new(Values::U32(vec![3, 19, 500, 20]))),
            ("recency_days", Column::optional(vec![Some(180.0), Some(0.0), Some(2.0), None])),
        ],
    )
    .unwrap();
    // The scaler of the fit refuses missing values, and names the feature.
    assert!(
        matches!(model.segment(&next), Err(Error::FeatureType { feature, .. }) if feature == "recency_days")
    );
    let scaler = Scaler::builder(["recency_days", "orders"]).missing(MissingPolicy::Drop).build().unwrap();
    let model = KMeans::builder(3).scaler(scaler).build().unwrap().fit(&three_kinds(1_200)).unwrap();
    let segments = model.segment(&next).unwrap();
    let places: Vec<Option<usize>> = (0..4).map(|row| segments.position(row)).collect();
    assert_eq!(places, [Some(2), Some(0), Some(0), None]);
    assert_eq!(segments.unassigned(), 1);
}

#[test]
fn given_centroids_are_in_the_features_units() {
    let table = three_kinds(1_200);
    let free = of_two_features(3).build().unwrap().fit(&table).unwrap();
    let given = Initialization::Centroids(arr2(&[[200.0, 1.0], [0.0, 25.0], [190.0, 20.0]]));
    let started = of_two_features(3).initialization(given).build().unwrap().fit(&table).unwrap();
    assert_eq!(started.centroids(), free.centroids());
    assert_eq!(started.names(), free.names());
    let narrow = Initialization::Centroids(arr2(&[[1.0], [2.0], [3.0]]));
    let refused = of_two_features(3).initialization(narrow).build().unwrap().fit(&table).unwrap_err();
    assert!(matches!(refused, Error::Setting { setting: "initialization", .. }), "{refused}");
}

trait Names {
    fn names(&self) -> Vec<String>;
}

impl Names for KMeansModel {
    fn names(&self) -> Vec<String> {
        self.segment_names()
    }
}

#[test]
fn weights_come_from_a_feature() {
    let table = three_kinds(1_200);
    // Those of the third kind alone count, so all clusters are among them.
    let weight: Vec<f64> = (0..1_200).map(|row| if row % 6 == 5 { 2.0 } else { 0.0 }).collect();
    let table = table.column_added("weight", Column::new(Values::F64(weight))).unwrap();
    let model = of_two_features(2).weights("weight").build().unwrap().fit(&table).unwrap();
    assert_eq!(model.sizes().iter().sum::<u64>(), 1_200, "customers of weight 0 have a segment");
    for centroid in model.centroids_in_units().rows() {
        assert!((200.0..220.0).contains(&centroid[0]) && (0.0..4.0).contains(&centroid[1]), "{centroid}");
    }
    let negative = replaced(&table, "weight", Column::new(Values::F64(vec![-1.0; 1_200])));
    let refused = of_two_features(2).weights("weight").build().unwrap().fit(&negative).unwrap_err();
    assert!(refused.to_string().contains("-1 in row 0"), "{refused}");
    let refused = of_two_features(2).weights("wieght").build().unwrap().fit(&table).unwrap_err();
    assert!(refused.to_string().contains("did you mean `weight`?"), "{refused}");
    let missing = all_missing(&table, "weight");
    let refused = of_two_features(2).weights("weight").build().unwrap().fit(&missing).unwrap_err();
    assert!(matches!(refused, Error::FeatureType { .. }), "{refused}");
}

#[test]
fn a_stream_ends_in_a_model() {
    let table = three_kinds(1_200);
    let scaler = Scaler::builder(["recency_days", "orders"]).build().unwrap().fit(&table).unwrap();
    let mut state = KMeansStream::builder(3).first_rows(200).build().unwrap().start();
    for month in 0..4 {
        let rows = table.filter(&(0..1_200).map(|row| row / 300 == month).collect()).unwrap();
        state.partial_fit(scaler.transform(&rows).unwrap().values(), None).unwrap();
    }
    let model = state.finish().unwrap().model(scaler.clone()).unwrap();
    assert_eq!((model.sizes(), model.inertia(), model.converged()), (&[600, 400, 200][..], None, false));
    assert_eq!(model.segment_names(), ["low recency_days, high orders", "high recency_days", "low orders"]);
    assert_eq!(model.segment(&table).unwrap().sizes(), [600, 400, 200]);
    assert!(model.to_string().contains("Made of given centroids"), "{model}");
    let json = serde_json::to_string(&model).unwrap();
    assert_eq!(serde_json::from_str::<KMeansModel>(&json).unwrap(), model);
    for (centroids, customers) in [
        (Array2::zeros((2, 3)), vec![1, 1]),
        (Array2::zeros((0, 2)), vec![]),
        (Array2::zeros((2, 2)), vec![1]),
        (Array2::from_elem((1, 2), f64::NAN), vec![1]),
    ] {
        let refused = KMeansModel::of_centroids(scaler.clone(), centroids, &customers).unwrap_err();
        assert!(matches!(refused, Error::Setting { setting: "centroids", .. }), "{refused}");
    }
}

#[test]
fn limits_of_size_hold_and_live_in_the_model() {
    let table = three_kinds(1_200);
    let least =
        |method| SizeLimits::builder().minimum(SegmentSize::Share(0.25)).method(method).build().unwrap();
    let priced = of_two_features(3).limits(least(LimitMethod::Prices)).build().unwrap().fit(&table).unwrap();
    assert!(priced.sizes().iter().all(|size| *size >= 300), "{:?}", priced.sizes());
    assert_eq!(priced.sizes().iter().sum::<u64>(), 1_200);
    assert!(priced.prices().unwrap().iter().any(|price| *price > 0.0));
    assert_eq!(
        priced.segment(&table).unwrap().sizes(),
        priced.sizes(),
        "the prices place the fit's customers alike"
    );
    let json = serde_json::to_string(&priced).unwrap();
    assert_eq!(serde_json::from_str::<KMeansModel>(&json).unwrap(), priced);

    let merged = of_two_features(3).limits(least(LimitMethod::Merging)).build().unwrap().fit(&table).unwrap();
    assert_eq!(merged.sizes(), [600, 600]);
    assert_eq!((merged.clusters_asked(), merged.prices()), (3, None));
    assert_eq!(merged.segment(&table).unwrap().sizes(), merged.sizes());

    let impossible = SizeLimits::builder().minimum(SegmentSize::Customers(500)).build().unwrap();
    let refused = of_two_features(3).limits(impossible).build().unwrap().fit(&table).unwrap_err();
    assert!(matches!(refused, Error::Setting { setting: "minimum", .. }), "{refused}");
}

#[test]
fn fewer_distinct_customers_than_clusters_make_fewer_segments() {
    let table = FeatureTable::from_columns(
        CustomerIds::rows(300),
        [
            ("recency_days", Column::new(Values::U32((0..300).map(|row| row % 2 * 50).collect()))),
            ("orders", Column::new(Values::U32((0..300).map(|row| 1 + row % 2).collect()))),
        ],
    )
    .unwrap();
    let model = of_two_features(5).build().unwrap().fit(&table).unwrap();
    assert_eq!((model.sizes(), model.clusters_asked()), (&[150, 150][..], 5));
    assert_eq!(model.inertia().map(f64::to_bits), Some(0));
    assert!(model.to_string().contains("5 clusters were asked for"), "{model}");
}

#[test]
fn constant_features_tell_nobody_apart() {
    let table = three_kinds(600).column_added("same", Column::new(Values::U32(vec![7; 600]))).unwrap();
    let with = |features: &[&str]| {
        let scaler = Scaler::builder(features.iter()).build().unwrap();
        KMeans::builder(3).scaler(scaler).build().unwrap().fit(&table).unwrap()
    };
    let (plain, more) = (with(&["recency_days", "orders"]), with(&["recency_days", "same", "orders"]));
    assert_eq!(plain.segment(&table).unwrap().sizes(), more.segment(&table).unwrap().sizes());
    assert_eq!(plain.segment_names(), more.segment_names());
    assert_eq!(more.scaler().constant().count(), 1);
    let alone = with(&["same"]);
    assert_eq!(alone.sizes(), [600]);
    assert_eq!(alone.segment_names(), ["all customers"]);
}

#[test]
fn progress_is_told_and_a_fit_can_be_cancelled() {
    let table = three_kinds(1_200);
    let kmeans = of_two_features(3).restarts(2).build().unwrap();
    let mut told = Vec::new();
    let model = kmeans
        .fit_with(&table, &mut |progress| {
            told.push(progress);
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(model, kmeans.fit(&table).unwrap());
    assert_eq!(told.iter().map(|progress| progress.restart).max(), Some(1));
    let last = told.iter().rfind(|progress| progress.restart == 0).unwrap();
    assert!(last.moved <= 0.0 && (0.0..=1.0).contains(&last.skipped), "{last:?}");
    let cancelled = kmeans.fit_with(&table, &mut |_| ControlFlow::Break(())).unwrap_err();
    assert!(matches!(cancelled, Error::Cancelled { .. }), "{cancelled}");
}

#[test]
fn names_are_distinct_and_can_be_replaced() {
    // Noise makes clusters whose features differ little; their names still do.
    let scaler = Scaler::builder(["noise"]).build().unwrap();
    let model = KMeans::builder(9).scaler(scaler).build().unwrap().fit(&three_kinds(600)).unwrap();
    let names = model.segment_names();
    let distinct: std::collections::BTreeSet<&String> = names.iter().collect();
    assert_eq!((names.len(), distinct.len()), (9, 9), "{names:?}");
    let renamed = model.clone().renamed((0..9).map(|at| format!("kind {at}"))).unwrap();
    assert_eq!(renamed.segment_names()[8], "kind 8");
    for bad in [vec!["a"; 9], vec!["a"; 2], vec!["a", "b", "c", "d", "e", "f", "g", "h", " "]] {
        assert!(matches!(model.clone().renamed(bad), Err(Error::Setting { setting: "names", .. })));
    }
}

#[test]
fn what_the_table_lacks_is_named() {
    let table = customers(500, 3);
    let model = KMeans::builder(3).build().unwrap().fit(&table).unwrap();
    assert_eq!(model.required_features(), ["recency_days", "orders", "net"]);
    let refused = model.segment(&without(&table, "net")).unwrap_err();
    assert!(matches!(refused, Error::MissingFeature { feature, .. } if feature == "net"));
    let nobody = all_missing(&table, "recency_days");
    assert!(matches!(KMeans::builder(3).build().unwrap().fit(&nobody), Err(Error::Empty { .. })));
}

fn stored() -> Value {
    let table = three_kinds(600);
    let limits = SizeLimits::builder().minimum(SegmentSize::Share(0.2)).build().unwrap();
    serde_json::to_value(of_two_features(3).limits(limits).build().unwrap().fit(&table).unwrap()).unwrap()
}

#[test]
fn damaged_models_are_refused_with_the_reason() {
    let whole = stored();
    assert!(serde_json::from_value::<KMeansModel>(whole.clone()).is_ok());
    let far = json!({"value": 1e101, "bits": format!("{:016x}", 1e101_f64.to_bits())});
    let below = json!({"value": -1.0, "bits": format!("{:016x}", (-1.0_f64).to_bits())});
    for (path, value, reason) in [
        ("/kind", json!("rfm"), "it is a stored `rfm`"),
        ("/version", json!(2), "it is of version 2"),
        ("/model/segments", json!([]), "0 segments of 3 clusters"),
        ("/model/clusters", json!(2), "3 segments of 2 clusters"),
        ("/model/clusters", json!(1_000_000), "3 segments of 1000000 clusters"),
        ("/model/segments/1/centroid", json!([]), "a centroid has 0 numbers for 2 features"),
        ("/model/segments/1/name", json!(" "), "one name with text a segment"),
        ("/model/segments/2/price", Value::Null, "2 prices for 3 segments"),
        ("/model/segments/0/centroid/1", far, "a centroid at"),
        ("/model/inertia", below, "an inertia of -1"),
        ("/model/scaler/features", json!([]), "feature"),
    ] {
        let mut damaged = whole.clone();
        *damaged.pointer_mut(path).unwrap_or_else(|| panic!("{path} is in the file")) = value;
        let refused = serde_json::from_value::<KMeansModel>(damaged).unwrap_err().to_string();
        assert!(refused.contains(reason), "{path}: {refused}");
    }
}

#[test]
fn settings_out_of_range_are_refused() {
    for (builder, setting) in [
        (KMeans::builder(0), "clusters"),
        (KMeans::builder(70_000), "clusters"),
        (KMeans::builder(2).restarts(0), "restarts"),
        (KMeans::builder(2).max_iterations(0), "max_iterations"),
        (KMeans::builder(2).tolerance(-1.0), "tolerance"),
        (KMeans::builder(2).tolerance(f64::NAN), "tolerance"),
        (
            KMeans::builder(2).initialization(Initialization::Centroids(Array2::zeros((3, 2)))),
            "initialization",
        ),
        (
            KMeans::builder(1).initialization(Initialization::Centroids(Array2::from_elem((1, 2), f64::NAN))),
            "initialization",
        ),
    ] {
        let refused = builder.build().unwrap_err();
        assert!(matches!(&refused, Error::Setting { setting: found, .. } if *found == setting), "{refused}");
    }
}
