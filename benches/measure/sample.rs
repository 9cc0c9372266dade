//! The workloads on a small seeded sample, checked against a plain computation.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use kohort::features::{Column, Values};
use kohort::ndarray::Array2;

use crate::Failure;
use crate::economics;
use crate::features::{Raw, agreement, extract};
use crate::kmeans::{fit, inertia, seeds};
use crate::lookalike;
use crate::quality::{measure, nearest};
use crate::rfm::{champions, score, table};
use crate::rules::{self, Bounds};

pub(crate) fn check_all() -> Result<(), Failure> {
    check_features()?;
    check_economics()?;
    check_rfm()?;
    check_rules()?;
    check_quality()?;
    check_kmeans()?;
    check_lookalike()?;
    check_nearest()?;
    println!("8 passed, 0 failed");
    Ok(())
}

/// A small generator: the quality of its numbers does not matter here.
fn numbers(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed;
    move |below| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    }
}

/// Order lines of 4,000 customers.
fn lines() -> Raw {
    let mut draw = numbers(1);
    let rows = 50_000_usize;
    let mut column = |below: u64| (0..rows).map(|_| draw(below)).collect::<Vec<u64>>();
    Raw {
        customer: column(4_000).iter().map(|n| n.wrapping_mul(0x9E37_79B9_7F4A_7C15)).collect(),
        order: column(20_000),
        seconds: (0..rows as i64).map(|row| 1_672_531_200 + row).collect(),
        quantity: column(4).iter().map(|n| 1 + *n as i32).collect(),
        unit_price: column(9_900).iter().map(|n| (100 + n) as f64 / 100.0).collect(),
        discount: column(50).iter().map(|n| *n as f64 / 100.0).collect(),
        returned: column(2).iter().map(|n| *n as i32).collect(),
        category: column(40).iter().map(|n| *n as i16).collect(),
        channel: column(5).iter().map(|n| *n as i8).collect(),
    }
}

/// A customer's gross, paid, returned, and returned at list price; orders, and those that came back in a parcel.
type Own = ([i64; 4], BTreeSet<u64>, BTreeSet<u64>);

/// Contribution of the shop and of the segments, added up customer by customer from the lines.
fn check_economics() -> Result<(), Failure> {
    let raw = lines();
    let plan = economics::plan(&economics::extract(&raw.log(raw.ids())?)?)?;

    let rounded = |product: i64, by: i64| {
        let (whole, rest) = (product / by, product % by);
        whole + i64::from(2 * rest > by || (2 * rest == by && whole % 2 == 1))
    };
    let mut sums: BTreeMap<u64, Own> = BTreeMap::new();
    for row in 0..raw.customer.len() {
        let (pieces, back) = (i64::from(raw.quantity[row]), i64::from(raw.returned[row]));
        let gross = pieces * (raw.unit_price[row] * 100.0).round() as i64 * 100;
        let paid = gross - gross / 100 * (raw.discount[row] * 100.0).round() as i64;
        let own = sums.entry(raw.customer[row]).or_default();
        let amounts = [gross, paid, rounded(paid * back, pieces), rounded(gross * back, pieces)];
        own.0.iter_mut().zip(amounts).for_each(|(sum, amount)| *sum += amount);
        own.1.insert(raw.order[row]);
        if back > 0 {
            own.2.insert(raw.order[row]);
        }
    }
    let mut expected: BTreeMap<&str, (u64, i128)> = BTreeMap::new();
    for ([gross, paid, returned, list], orders, parcels) in sums.values() {
        let goods = rounded(gross * 4, 10) - rounded(list * 4, 10);
        let costs = 45_000 * orders.len() as i64 + 70_000 * parcels.len() as i64;
        let segment = match orders.len() {
            1 => "one",
            2 => "two",
            3 => "three",
            4..=5 => "four or five",
            _ => "more",
        };
        for name in [segment, "all"] {
            let sum = expected.entry(name).or_default();
            *sum = (sum.0 + 1, sum.1 + i128::from(paid - returned - goods - costs));
        }
    }
    let named = plan.segments.iter().map(|place| (place.segment.as_str(), &place.economics));
    for (name, found) in named.chain([("all", &plan.shop)]) {
        let found = (found.customers, found.contribution().ten_thousandths());
        let expected = expected.get(name).copied().unwrap_or_default();
        if found != expected {
            return Err(format!("economics gave {found:?} for {name}, expected {expected:?}").into());
        }
    }
    Ok(())
}

fn check_features() -> Result<(), Failure> {
    let raw = lines();
    let rows = raw.customer.len();
    let found = agreement(&extract(&raw.log(raw.ids())?)?)?;

    let mut cents: BTreeMap<u64, BTreeMap<i16, i64>> = BTreeMap::new();
    let mut orders = BTreeSet::new();
    let mut total = 0;
    for row in 0..rows {
        let value = i64::from(raw.quantity[row]) * (raw.unit_price[row] * 100.0).round() as i64;
        total += value;
        orders.insert((raw.customer[row], raw.order[row]));
        *cents.entry(raw.customer[row]).or_default().entry(raw.category[row]).or_default() += value;
    }
    // Of equal sums the first by text wins, so levels are compared by their digits.
    let top = |sums: &BTreeMap<i16, i64>| {
        sums.iter().map(|(category, sum)| (*sum, Reverse(category.to_string()), *category)).max()
    };
    let tops = cents.values().filter_map(top).map(|(_, _, category)| i64::from(category)).sum();
    let expected = (cents.len(), total as f64 / 100.0, orders.len() as u64, tops);
    if found == expected {
        Ok(())
    } else {
        Err(format!("features gave {found:?}, expected {expected:?}").into())
    }
}

fn check_rfm() -> Result<(), Failure> {
    let mut draw = numbers(2);
    let mut column = |below: u64| (0..50_000).map(|_| draw(below)).collect::<Vec<u64>>();
    let recency: Vec<i32> = column(730).iter().map(|n| *n as i32).collect();
    let orders: Vec<i32> = column(12).iter().map(|n| 1 + *n as i32).collect();
    let monetary = column(1_000_000).iter().map(|n| *n as f64 / 100.0).collect();

    // Type-7 cut points of sorted values; a score counts the cut points below the value.
    let score_of = |values: &[i32]| {
        let mut sorted = values.to_vec();
        sorted.sort_unstable();
        let cut = |q: f64| {
            let place = q * (sorted.len() - 1) as f64;
            let (low, high) = (f64::from(sorted[place as usize]), f64::from(sorted[place.ceil() as usize]));
            low + (place - place.floor()) * (high - low)
        };
        let cuts = [cut(0.2), cut(0.4), cut(0.6), cut(0.8)];
        values
            .iter()
            .map(|value| 1 + cuts.iter().filter(|cut| **cut < f64::from(*value)).count())
            .collect::<Vec<_>>()
    };
    let (late, often) = (score_of(&recency), score_of(&orders));
    let expected =
        late.iter().zip(&often).filter(|(late, often)| 6 - **late >= 4 && **often >= 4).count() as u64;
    let (codes, segments) = score(&table(recency, orders, monetary)?)?;
    let found = champions(&segments);
    let first = (6 - late[0]) * 100 + often[0] * 10;
    if found == expected && codes[0] as usize / 10 * 10 == first {
        Ok(())
    } else {
        Err(format!("rfm gave {found} champions, expected {expected}; code {} for {first}", codes[0]).into())
    }
}

fn check_rules() -> Result<(), Failure> {
    let mut draw = numbers(2);
    let rows = 70_001_usize;
    let mut whole = |below: u64| (0..rows).map(|_| draw(below) as i32).collect::<Vec<i32>>();
    let [recency, orders, tenure] = [whole(730), whole(20), whole(2_000)];
    let mut share = |most: f64| (0..rows).map(|_| draw(1_000) as f64 / 1_000.0 * most).collect::<Vec<f64>>();
    let [monetary, return_rate, discount_share] = [share(400.0), share(1.0), share(1.0)];
    let mut expected = vec![0_u64; 20];
    for (index, expected) in expected.iter_mut().enumerate() {
        let own = Bounds::of(index as u32);
        *expected = (0..rows)
            .filter(|row| {
                ((recency[*row] <= own.recency && orders[*row] >= own.orders)
                    || monetary[*row] > own.monetary)
                    && (return_rate[*row] < own.return_rate || discount_share[*row] > own.discount_share)
                    && tenure[*row] >= own.tenure
            })
            .count() as u64;
    }
    let whole = [("recency", recency), ("orders", orders), ("tenure", tenure)];
    let shares = [("monetary", monetary), ("return_rate", return_rate), ("discount_share", discount_share)];
    let columns = whole.map(|(name, values)| (name, Column::new(Values::I32(values)))).into_iter();
    let columns = columns.chain(shares.map(|(name, values)| (name, Column::new(Values::F64(values)))));
    let found = rules::evaluate(&rules::table(columns.collect())?, 20)?.sizes();
    if found != expected {
        return Err(format!("rules: sizes {found:?} instead of {expected:?}").into());
    }
    Ok(())
}

fn check_quality() -> Result<(), Failure> {
    let mut draw = numbers(3);
    let centroids = Array2::from_shape_fn((4, 3), |_| draw(1_000) as f64 / 100.0);
    let points = Array2::from_shape_fn((2_000, 3), |(row, feature)| {
        centroids[(row % 4, feature)] + draw(1_000) as f64 / 500.0
    });
    let labels = nearest(&points, &centroids);

    let rows: Vec<Vec<f64>> = points.outer_iter().map(|row| row.to_vec()).collect();
    let distance = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| (x - y).powi(2)).sum::<f64>().sqrt();
    let members = |segment: u32| {
        rows.iter().zip(&labels).filter(move |(_, label)| **label == segment).map(|(row, _)| row)
    };
    let sizes: Vec<f64> = (0..4).map(|segment| members(segment).count() as f64).collect();
    let centre_of = |rows: &[&Vec<f64>]| -> Vec<f64> {
        (0..3).map(|feature| rows.iter().map(|row| row[feature]).sum::<f64>() / rows.len() as f64).collect()
    };
    let centres: Vec<Vec<f64>> =
        (0..4).map(|segment| centre_of(&members(segment).collect::<Vec<_>>())).collect();
    let middle = centre_of(&rows.iter().collect::<Vec<_>>());
    let between: f64 =
        centres.iter().zip(&sizes).map(|(centre, size)| size * distance(centre, &middle).powi(2)).sum();
    let within: f64 =
        rows.iter().zip(&labels).map(|(row, label)| distance(row, &centres[*label as usize]).powi(2)).sum();
    let spread = |segment: usize| {
        members(segment as u32).map(|row| distance(row, &centres[segment])).sum::<f64>() / sizes[segment]
    };
    let likeness =
        |one: usize, other: usize| (spread(one) + spread(other)) / distance(&centres[one], &centres[other]);
    let worst = |one: usize| {
        (0..4).filter(|other| *other != one).map(|other| likeness(one, other)).fold(0.0, f64::max)
    };
    let width = |(row, label): (&Vec<f64>, &u32)| {
        let sum = |segment: u32| members(segment).map(|other| distance(row, other)).sum::<f64>();
        let own = sum(*label) / (sizes[*label as usize] - 1.0);
        let others = (0..4).filter(|segment| segment != label);
        let other =
            others.map(|segment| sum(segment) / sizes[segment as usize]).fold(f64::INFINITY, f64::min);
        (other - own) / own.max(other)
    };
    let expected = [
        ("ch", (between / 3.0) / (within / 1_996.0)),
        ("db", (0..4).map(worst).sum::<f64>() / 4.0),
        ("silhouette10k", rows.iter().zip(&labels).map(width).sum::<f64>() / 2_000.0),
    ];
    for (what, expected) in expected {
        let found = measure(&points.view(), &labels, what)?.unwrap_or(f64::NAN);
        if (found - expected).abs() > expected.abs() * 1e-9 || found.is_nan() {
            return Err(format!("{what} gave {found}, expected {expected}").into());
        }
    }
    Ok(())
}

fn check_kmeans() -> Result<(), Failure> {
    let mut draw = numbers(4);
    let centres = Array2::from_shape_fn((4, 3), |_| draw(1_000) as f64 / 10.0);
    let points = Array2::from_shape_fn((2_000, 3), |(row, feature)| {
        centres[(row % 4, feature)] + draw(1_000) as f64 / 50.0
    });
    let start = Array2::from_shape_fn((4, 3), |(cluster, feature)| points[(cluster, feature)]);

    let mut means = start.clone();
    let mut iterations = 0;
    let mut before = Vec::new();
    let labels = loop {
        let labels = nearest(&points, &means);
        iterations += 1;
        for cluster in 0..4 {
            let members: Vec<usize> = (0..2_000).filter(|row| labels[*row] == cluster as u32).collect();
            for feature in 0..3 {
                let sum: f64 = members.iter().map(|row| points[(*row, feature)]).sum();
                means[(cluster, feature)] = sum / members.len() as f64;
            }
        }
        if labels == before {
            break labels;
        }
        before = labels;
    };
    let expected = inertia(&points, &means);
    let found = fit(&points, &start, 300)?;
    let mut sizes: Vec<u64> =
        (0..4).map(|cluster| labels.iter().filter(|label| **label == cluster).count() as u64).collect();
    sizes.sort_unstable_by_key(|size| Reverse(*size));
    if found.iterations() != iterations || found.sizes() != sizes {
        return Err(format!("kmeans gave {found:?}, expected {sizes:?} after {iterations}").into());
    }
    if (found.inertia() - expected).abs() > expected * 1e-9 {
        return Err(format!("kmeans gave {}, expected {expected}", found.inertia()).into());
    }
    // Seeds leave less than any of them alone would, and are points.
    let seeds = seeds(&points, 4)?;
    let (all, alone) =
        (inertia(&points, &seeds), inertia(&points, &seeds.select(kohort::ndarray::Axis(0), &[0])));
    if all < alone && seeds.outer_iter().all(|seed| points.outer_iter().any(|point| point == seed)) {
        Ok(())
    } else {
        Err(format!("k-means++ left {all} of {alone}").into())
    }
}

/// The optimum has no slope, and its objective is the loss added up row by row.
fn check_lookalike() -> Result<(), Failure> {
    let mut draw = numbers(6);
    let points = Array2::from_shape_fn((3_000, 4), |_| draw(1_000) as f64 / 250.0 - 2.0);
    let labels: Vec<bool> =
        points.outer_iter().map(|row| row[0] - row[2] > draw(600) as f64 / 100.0).collect();
    let rows = lookalike::Labelled { points, labels };
    let model = lookalike::fit(&rows)?;
    let expected = lookalike::objective(&rows, &model);
    if !model.converged() || (model.objective() - expected).abs() > expected * 1e-9 {
        return Err(format!("lookalike gave {model:?}, expected an objective of {expected}").into());
    }
    for feature in 0..4 {
        let slope: f64 = rows
            .points
            .outer_iter()
            .zip(&rows.labels)
            .map(|(row, label)| {
                let score =
                    row.iter().zip(model.coefficients()).map(|(x, w)| x * w).sum::<f64>() + model.intercept();
                (1.0 / (1.0 + (-score).exp()) - f64::from(u8::from(*label))) * row[feature]
            })
            .sum::<f64>()
            + model.coefficients()[feature];
        if slope.abs() > 1e-6 {
            return Err(format!("lookalike has a slope of {slope} left for feature {feature}").into());
        }
    }
    Ok(())
}

/// The nearest seeds of some customers, against all distances sorted.
fn check_nearest() -> Result<(), Failure> {
    let mut draw = numbers(7);
    let mut matrix = |rows: usize| Array2::from_shape_fn((rows, 6), |_| draw(1_000) as f64 / 100.0);
    let (seeds, points) = (matrix(300), matrix(500));
    let (squared, index) = kohort::lookalike::NearestSeeds::new(seeds.view(), 5)?.distances(points.view())?;
    for (row, point) in points.outer_iter().enumerate() {
        let distance = |seed: usize| {
            let pairs = point.iter().zip(seeds.row(seed).to_vec());
            pairs.fold(0.0, |sum, (x, s)| (x - s).mul_add(x - s, sum))
        };
        let mut all: Vec<(f64, usize)> = (0..seeds.nrows()).map(|seed| (distance(seed), seed)).collect();
        all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        for (place, (distance, seed)) in all.iter().take(5).enumerate() {
            let found = (squared[[row, place]], index[[row, place]] as usize);
            if found.0.to_bits() != distance.to_bits() || found.1 != *seed {
                return Err(
                    format!("customer {row} has {found:?} where {distance} to {seed} was expected").into()
                );
            }
        }
    }
    Ok(())
}
