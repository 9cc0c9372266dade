//! Every measure by its definition, one number after the other.

use ndarray::Array2;

pub(super) struct Slow {
    pub(super) rows: Vec<Vec<f64>>,
    pub(super) labels: Vec<u32>,
}

pub(super) fn distance(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| (x - y) * (x - y)).sum::<f64>().sqrt()
}

fn mean(rows: &[&Vec<f64>]) -> Vec<f64> {
    (0..rows[0].len()).map(|f| rows.iter().map(|row| row[f]).sum::<f64>() / rows.len() as f64).collect()
}

fn width(own: f64, other: f64) -> f64 {
    if own.max(other) > 0.0 { (other - own) / own.max(other) } else { 0.0 }
}

impl Slow {
    pub(super) fn new(points: &Array2<f64>, labels: &[u32]) -> Self {
        Self { rows: points.outer_iter().map(|row| row.to_vec()).collect(), labels: labels.to_vec() }
    }

    /// The segments that have customers.
    pub(super) fn segments(&self) -> Vec<u32> {
        let mut segments = self.labels.clone();
        segments.sort_unstable();
        segments.dedup();
        segments
    }

    pub(super) fn members(&self, segment: u32) -> Vec<&Vec<f64>> {
        self.rows
            .iter()
            .zip(&self.labels)
            .filter(|(_, label)| **label == segment)
            .map(|(row, _)| row)
            .collect()
    }

    fn centre(&self, segment: u32) -> Vec<f64> {
        mean(&self.members(segment))
    }

    /// Of each customer.
    pub(super) fn silhouettes(&self) -> Vec<f64> {
        let segments = self.segments();
        let sum = |row: &[f64], segment| {
            self.members(segment).iter().map(|other| distance(row, other)).sum::<f64>()
        };
        let of = |row: &Vec<f64>, label: u32| {
            let size = self.members(label).len();
            let others = segments.iter().filter(|segment| **segment != label);
            let nearest = others.map(|other| sum(row, *other) / self.members(*other).len() as f64);
            if size == 1 {
                0.0
            } else {
                width(sum(row, label) / (size as f64 - 1.0), nearest.fold(f64::INFINITY, f64::min))
            }
        };
        self.rows.iter().zip(&self.labels).map(|(row, label)| of(row, *label)).collect()
    }

    /// Of each customer, by the centres.
    pub(super) fn simplified(&self) -> Vec<f64> {
        let centres: Vec<(u32, Vec<f64>)> =
            self.segments().into_iter().map(|s| (s, self.centre(s))).collect();
        let of = |row: &Vec<f64>, label: u32| {
            let (mut own, mut other) = (0.0, f64::INFINITY);
            for (segment, centre) in &centres {
                let distance = distance(row, centre);
                if *segment == label { own = distance } else { other = distance.min(other) }
            }
            if self.members(label).len() == 1 { 0.0 } else { width(own, other) }
        };
        self.rows.iter().zip(&self.labels).map(|(row, label)| of(row, *label)).collect()
    }

    pub(super) fn within(&self) -> f64 {
        let rows = self.rows.iter().zip(&self.labels);
        rows.map(|(row, label)| distance(row, &self.centre(*label)).powi(2)).sum()
    }

    pub(super) fn calinski_harabasz(&self) -> f64 {
        let (segments, middle) = (self.segments(), mean(&self.rows.iter().collect::<Vec<_>>()));
        let between = segments
            .iter()
            .map(|s| self.members(*s).len() as f64 * distance(&self.centre(*s), &middle).powi(2));
        let (n, k) = (self.rows.len() as f64, segments.len() as f64);
        (between.sum::<f64>() / (k - 1.0)) / (self.within() / (n - k))
    }

    pub(super) fn davies_bouldin(&self) -> f64 {
        let segments = self.segments();
        let spread = |s: u32| {
            let (members, centre) = (self.members(s), self.centre(s));
            members.iter().map(|row| distance(row, &centre)).sum::<f64>() / members.len() as f64
        };
        let worst = |s: u32| {
            let others = segments.iter().filter(|other| **other != s);
            let likeness =
                others.map(|o| (spread(s) + spread(*o)) / distance(&self.centre(s), &self.centre(*o)));
            likeness.fold(0.0, f64::max)
        };
        segments.iter().map(|s| worst(*s)).sum::<f64>() / segments.len() as f64
    }
}

/// Labels of Lloyd's iterations from given rows, until they stay.
pub(super) fn lloyd(points: &Array2<f64>, seeds: &[usize]) -> Vec<u32> {
    let rows: Vec<Vec<f64>> = points.outer_iter().map(|row| row.to_vec()).collect();
    let mut centres: Vec<Vec<f64>> = seeds.iter().map(|seed| rows[*seed].clone()).collect();
    let mut labels = Vec::new();
    loop {
        let nearest = |row: &Vec<f64>| {
            (0..seeds.len())
                .min_by(|a, b| distance(row, &centres[*a]).total_cmp(&distance(row, &centres[*b])))
        };
        let next: Vec<u32> = rows.iter().map(|row| nearest(row).unwrap() as u32).collect();
        if next == labels {
            return labels;
        }
        labels = next;
        let slow = Slow { rows: rows.clone(), labels: labels.clone() };
        centres = (0..seeds.len() as u32).map(|segment| slow.centre(segment)).collect();
    }
}

/// The adjusted mutual information with all terms of the expectation, by factorials.
pub(super) fn adjusted_mutual_information(left: &[u32], right: &[u32]) -> f64 {
    let n = left.len() as f64;
    let sizes = |labels: &[u32]| {
        let mut distinct = labels.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        distinct.into_iter().map(|d| (d, labels.iter().filter(|l| **l == d).count())).collect::<Vec<_>>()
    };
    let (rows, columns) = (sizes(left), sizes(right));
    let entropy = |sizes: &[(u32, usize)]| {
        -sizes.iter().map(|(_, size)| *size as f64 / n * (*size as f64 / n).ln()).sum::<f64>()
    };
    let mut ln_factorials = vec![0.0; left.len() + 1];
    for i in 1..=left.len() {
        ln_factorials[i] = ln_factorials[i - 1] + (i as f64).ln();
    }
    let ln_choose = |n: usize, k: usize| ln_factorials[n] - ln_factorials[k] - ln_factorials[n - k];
    let (mut shared, mut expected) = (0.0, 0.0);
    for (one, a) in &rows {
        for (other, b) in &columns {
            let term = |count: usize| count as f64 / n * (n * count as f64 / (*a as f64 * *b as f64)).ln();
            let both = left.iter().zip(right).filter(|(l, r)| *l == one && *r == other).count();
            shared += if both > 0 { term(both) } else { 0.0 };
            for count in 1.max((a + b).saturating_sub(left.len()))..=*a.min(b) {
                let chance =
                    ln_choose(*a, count) + ln_choose(left.len() - a, b - count) - ln_choose(left.len(), *b);
                expected += chance.exp() * term(count);
            }
        }
    }
    (shared - expected) / (f64::midpoint(entropy(&rows), entropy(&columns)) - expected)
}

/// Of all pairs of customers: together in both, in the one alone, in the other alone, in none.
pub(super) fn pairs(left: &[u32], right: &[u32]) -> [f64; 4] {
    let mut counts = [0.0; 4];
    for i in 0..left.len() {
        for j in 0..i {
            let (one, other) = (left[i] == left[j], right[i] == right[j]);
            counts[usize::from(!one) * 2 + usize::from(!other)] += 1.0;
        }
    }
    counts
}
