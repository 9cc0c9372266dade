//! k-means beside the figures of others.

use kohort::segment::kmeans::{Initialization, KMeans};

use crate::quality::iris;

#[test]
fn iris_gives_the_figures_of_scikit_learn() {
    let points = iris::points();
    for (clusters, inertia) in [(2, 152.347_952), (3, 78.851_441), (4, 57.228_473), (5, 46.446_182)] {
        let kmeans = KMeans::builder(clusters).restarts(20).build().unwrap();
        let found = kmeans.fit_matrix(points.view(), None).unwrap();
        assert!((found.inertia() - inertia).abs() < 1e-6, "{} with {clusters} clusters", found.inertia());
        assert!(found.converged());
        if clusters == 3 {
            assert_eq!(found.sizes(), [62, 50, 38]);
        }
        let random = KMeans::builder(clusters).initialization(Initialization::Random).restarts(20);
        let random = random.build().unwrap().fit_matrix(points.view(), None).unwrap();
        assert!((random.inertia() - inertia).abs() < 1e-6, "{} from random rows", random.inertia());
    }
}

#[cfg(feature = "csv")]
mod online_retail {
    use kohort::segment::kmeans::Road;
    use kohort::{AsOf, FeatureExtractor, FeatureTable, Zone};
    use ndarray::Array2;
    use serde_json::Value;

    use super::super::{ROADS, fit};

    /// Those who bought, as z-scores of the logarithms of days since the last order, orders and gross.
    fn points(table: &FeatureTable) -> Array2<f64> {
        let column = |name: &str| {
            let column = table.numeric(name).unwrap();
            let orders = table.numeric("orders").unwrap();
            let bought = (0..table.len()).filter(move |row| orders.number(*row).unwrap() > 0.0);
            let logarithms: Vec<f64> = bought.map(|row| column.number(row).unwrap().ln_1p()).collect();
            let count = logarithms.len() as f64;
            let mean = logarithms.iter().sum::<f64>() / count;
            let variance = logarithms.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
            logarithms.into_iter().map(|x| (x - mean) / variance.sqrt()).collect::<Vec<f64>>()
        };
        let columns = ["recency_days", "orders", "gross"].map(column);
        Array2::from_shape_fn((columns[0].len(), 3), |(row, feature)| columns[feature][row])
    }

    #[test]
    fn online_retail_gives_the_clusters_of_scikit_learn() {
        let Some(log) = crate::real_data::online_retail(&[]) else { return };
        let as_of = AsOf::date("2011-12-10", &Zone::utc()).unwrap();
        let table = FeatureExtractor::builder(as_of).build().unwrap().extract(&log).unwrap();
        let points = points(&table);
        let expected: Value = serde_json::from_str(include_str!("../../reference/clusters.json")).unwrap();
        assert_eq!(points.nrows() as u64, expected["customers"]);
        for (found, expected) in points.row(0).iter().zip(expected["first"].as_array().unwrap()) {
            assert!((found - expected.as_f64().unwrap()).abs() < 1e-12, "{found} for {expected}");
        }
        for expected in expected["clusters"].as_array().unwrap() {
            let clusters = expected["k"].as_u64().unwrap() as usize;
            let start = Array2::from_shape_fn((clusters, 3), |(cluster, feature)| {
                points[(cluster * points.nrows() / clusters, feature)]
            });
            let found = fit(&points, None, &start, Road::Auto);
            let labels = expected["labels"].as_str().unwrap().bytes().map(|digit| u32::from(digit - b'0'));
            let agreeing = labels.zip(found.labels()).filter(|(expected, found)| expected == *found).count();
            assert!(agreeing as f64 >= 0.999_999 * points.nrows() as f64, "{agreeing} with {clusters}");
            let inertia = expected["inertia"].as_f64().unwrap();
            assert!((found.inertia() / inertia - 1.0).abs() < 1e-9, "{} for {inertia}", found.inertia());
            assert_eq!(u64::from(found.iterations()), expected["iterations"].as_u64().unwrap());
            let sizes: Vec<u64> =
                expected["sizes"].as_array().unwrap().iter().filter_map(Value::as_u64).collect();
            assert_eq!(found.sizes(), sizes);
            for road in ROADS {
                let other = fit(&points, None, &start, road);
                assert_eq!((other.labels(), other.iterations()), (found.labels(), found.iterations()));
            }
        }
    }
}
