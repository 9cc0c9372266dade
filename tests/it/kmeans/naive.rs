//! k-means from its definition alone: plain loops over rows, sums of whole numbers, nothing remembered.

use kohort::segment::kmeans::KMeansFit;
use ndarray::Array2;

/// What a fit gives.
#[derive(Debug, PartialEq)]
pub(super) struct Plain {
    pub(super) labels: Vec<u32>,
    /// The bits of the centroids, row by row.
    pub(super) centroids: Vec<u64>,
    pub(super) sizes: Vec<u64>,
    pub(super) weights: Vec<u64>,
    pub(super) inertia: u64,
    pub(super) iterations: u32,
    pub(super) converged: bool,
}

impl Plain {
    pub(super) fn of(fit: &KMeansFit) -> Self {
        Self {
            labels: fit.labels().to_vec(),
            centroids: fit.centroids().iter().map(|x| x.to_bits()).collect(),
            sizes: fit.sizes().to_vec(),
            weights: fit.weights().iter().map(|weight| weight.to_bits()).collect(),
            inertia: fit.inertia().to_bits(),
            iterations: fit.iterations(),
            converged: fit.converged(),
        }
    }
}

fn squared_distance(point: &[f64], centroid: &[f64]) -> f64 {
    let mut sum = 0.0;
    for (x, c) in point.iter().zip(centroid) {
        sum = (x - c).mul_add(x - c, sum);
    }
    sum
}

fn nearest(point: &[f64], centroids: &[Vec<f64>]) -> (usize, f64) {
    let mut nearest = (0, f64::INFINITY);
    for (index, centroid) in centroids.iter().enumerate() {
        let distance = squared_distance(point, centroid);
        if distance < nearest.1 {
            nearest = (index, distance);
        }
    }
    nearest
}

/// A sum rounded once, as Python's `math.fsum`: partial sums that do not overlap, and the half way case by hand.
#[derive(Default)]
struct Partials(Vec<f64>);

impl Partials {
    fn push(&mut self, mut x: f64) {
        let mut kept = Vec::new();
        for mut y in self.0.drain(..) {
            if x.abs() < y.abs() {
                (x, y) = (y, x);
            }
            let high = x + y;
            let low = y - (high - x);
            if low.abs() > 0.0 {
                kept.push(low);
            }
            x = high;
        }
        kept.push(x);
        self.0 = kept;
    }

    fn push_product(&mut self, term: f64, weight: u64) {
        let weight = weight as f64;
        let product = term * weight;
        self.push(product);
        self.push(term.mul_add(weight, -product));
    }

    fn round(mut self) -> f64 {
        let Some(mut high) = self.0.pop() else { return 0.0 };
        let mut low = 0.0_f64;
        while let Some(y) = self.0.pop() {
            let x = high;
            high = x + y;
            low = y - (high - x);
            if low.abs() > 0.0 {
                break;
            }
        }
        let below = self.0.last().copied().unwrap_or(0.0);
        if low < 0.0 && below < 0.0 || low > 0.0 && below > 0.0 {
            let twice = low * 2.0;
            let rounded = high + twice;
            if (rounded - high).to_bits() == twice.to_bits() {
                high = rounded;
            }
        }
        high
    }
}

/// Sums on the grid of each feature: 2⁻⁶⁰ of the power of two above its largest absolute value.
struct Grid {
    exponents: Vec<i32>,
}

impl Grid {
    fn of(rows: &[Vec<f64>]) -> Self {
        let exponent = |feature: usize| {
            let largest = rows.iter().map(|row| row[feature].abs()).fold(0.0, f64::max);
            let above = (-400..=401).find(|exponent| 2.0_f64.powi(*exponent) > largest).unwrap();
            above - 60
        };
        Self { exponents: (0..rows[0].len()).map(exponent).collect() }
    }

    /// Two points are at the same place, as far as means can tell: 2⁻⁵¹ of the power of two above the largest, squared.
    fn rounding(&self) -> f64 {
        let of = |exponent: &i32| 2.0_f64.powi(exponent + 9);
        self.exponents.iter().fold(0.0, |sum, exponent| of(exponent).mul_add(of(exponent), sum))
    }

    /// Halves go to the even number.
    fn mean(&self, members: &[(&Vec<f64>, u64)]) -> Vec<f64> {
        let weight: i128 = members.iter().map(|(_, weight)| i128::from(*weight)).sum();
        let of = |(feature, exponent): (usize, &i32)| {
            let units = |row: &Vec<f64>| (row[feature] * 2.0_f64.powi(-exponent)).round_ties_even() as i128;
            let total: i128 = members.iter().map(|(row, weight)| units(row) * i128::from(*weight)).sum();
            quotient(total, weight) * 2.0_f64.powi(*exponent)
        };
        self.exponents.iter().enumerate().map(of).collect()
    }
}

/// A quotient of 53 digits by long division, rounded by what is left over, halves to the even number.
fn quotient(total: i128, weight: i128) -> f64 {
    if total == 0 {
        return 0.0;
    }
    let (size, mut divisor, mut power) = (total.abs(), weight, 0);
    while size / divisor >= 1 << 53 {
        (divisor, power) = (divisor * 2, power + 1);
    }
    let (mut digits, mut rest) = (size / divisor, size % divisor);
    while digits < 1 << 52 {
        (digits, rest) = (2 * digits + 2 * rest / divisor, 2 * rest % divisor);
        power -= 1;
    }
    if 2 * rest > divisor || 2 * rest == divisor && digits % 2 == 1 {
        digits += 1;
    }
    let rounded = digits as f64 * 2.0_f64.powi(power);
    if total < 0 { -rounded } else { rounded }
}

fn assign(rows: &[Vec<f64>], centroids: &[Vec<f64>]) -> Vec<usize> {
    rows.iter().map(|row| nearest(row, centroids).0).collect()
}

/// A cluster without points goes to the point that is farthest from the other centroids, the first of several, one
/// after the other; where every point sits on one, up to rounding, it stays.
fn means(
    rows: &[Vec<f64>],
    weights: &[u64],
    labels: &[usize],
    before: &[Vec<f64>],
    grid: &Grid,
) -> Vec<Vec<f64>> {
    let mut after: Vec<Option<Vec<f64>>> = (0..before.len())
        .map(|cluster| {
            let of = rows.iter().zip(weights).zip(labels).filter(|(_, label)| **label == cluster);
            let members: Vec<(&Vec<f64>, u64)> = of.map(|((row, weight), _)| (row, *weight)).collect();
            (!members.is_empty()).then(|| grid.mean(&members))
        })
        .collect();
    while let Some(empty) = after.iter().position(Option::is_none) {
        let placed: Vec<Vec<f64>> = after.iter().flatten().cloned().collect();
        let mut farthest: Option<(f64, &Vec<f64>)> = None;
        for row in rows {
            let distance = nearest(row, &placed).1;
            if distance > farthest.map_or(grid.rounding(), |(distance, _)| distance) {
                farthest = Some((distance, row));
            }
        }
        let Some((_, row)) = farthest else { break };
        after[empty] = Some(row.clone());
    }
    after.into_iter().zip(before).map(|(after, before)| after.unwrap_or_else(|| before.clone())).collect()
}

/// From given centroids until no point moves, no centroid does, or `most` iterations are done.
pub(super) fn fit(points: &Array2<f64>, weights: Option<&[u64]>, start: &Array2<f64>, most: u32) -> Plain {
    let rows: Vec<Vec<f64>> = points.outer_iter().map(|row| row.to_vec()).collect();
    let weights = weights.map_or_else(|| vec![1; rows.len()], <[u64]>::to_vec);
    let grid = Grid::of(&rows);
    let mut centroids: Vec<Vec<f64>> = start.outer_iter().map(|row| row.to_vec()).collect();
    let mut labels = vec![usize::MAX; rows.len()];
    let (mut iterations, mut converged) = (0, false);
    while !converged && iterations < most {
        let assigned = assign(&rows, &centroids);
        iterations += 1;
        converged = assigned == labels;
        labels = assigned;
        let after = means(&rows, &weights, &labels, &centroids, &grid);
        let still = after.iter().flatten().zip(centroids.iter().flatten()).all(|(after, before)| {
            let movement = after - before;
            // As far as its square is told from zero.
            movement * movement <= 0.0
        });
        centroids = after;
        if !converged && (still || iterations == most) {
            converged = still;
            labels = assign(&rows, &centroids);
            break;
        }
    }
    finish(&rows, &weights, &labels, &centroids, (iterations, converged))
}

/// Clusters with points, heaviest first, equally heavy ones coordinate by coordinate.
fn finish(
    rows: &[Vec<f64>],
    weights: &[u64],
    labels: &[usize],
    centroids: &[Vec<f64>],
    (iterations, converged): (u32, bool),
) -> Plain {
    let members = |cluster: usize| labels.iter().zip(weights).filter(move |(label, _)| **label == cluster);
    let weight = |cluster: usize| members(cluster).map(|(_, weight)| weight).sum::<u64>();
    let mut order: Vec<usize> = (0..centroids.len()).filter(|cluster| weight(*cluster) > 0).collect();
    order.sort_by(|left, right| {
        let coordinates = || centroids[*left].iter().zip(&centroids[*right]).map(|(x, y)| x.total_cmp(y));
        let by_centroid = coordinates().find(|order| order.is_ne()).unwrap_or(std::cmp::Ordering::Equal);
        weight(*right).cmp(&weight(*left)).then(by_centroid)
    });
    let mut inertia = Partials::default();
    for ((row, label), weight) in rows.iter().zip(labels).zip(weights) {
        let distance = squared_distance(row, &centroids[*label]);
        if *weight == 1 {
            inertia.push(distance);
        } else {
            inertia.push_product(distance, *weight);
        }
    }
    let place = |label: &usize| order.iter().position(|cluster| cluster == label).unwrap() as u32;
    Plain {
        labels: labels.iter().map(place).collect(),
        centroids: order.iter().flat_map(|cluster| &centroids[*cluster]).map(|x| x.to_bits()).collect(),
        sizes: order.iter().map(|cluster| members(*cluster).count() as u64).collect(),
        weights: order.iter().map(|cluster| (weight(*cluster) as f64).to_bits()).collect(),
        inertia: inertia.round().to_bits(),
        iterations,
        converged,
    }
}
