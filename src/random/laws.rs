//! Draws from the laws the crate needs, all by rejection or inversion, each with the method it follows.

use super::Stream;
use crate::numeric::{exp, ln};

/// Above this mean a Poisson draw is the sum of draws of smaller means, so that no product underflows.
const POISSON_STEP: f64 = 32.0;

impl Stream {
    /// A standard normal number: Marsaglia's polar method, the second of each pair unused so that a draw has no past.
    pub(crate) fn normal(&mut self) -> f64 {
        loop {
            let (x, y) = (2.0 * self.unit() - 1.0, 2.0 * self.unit() - 1.0);
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                return x * (-2.0 * ln(square) / square).sqrt();
            }
        }
    }

    /// A gamma number of mean and variance `shape`, which is positive: Marsaglia & Tsang (ACM TOMS 2000).
    pub(crate) fn gamma(&mut self, shape: f64) -> f64 {
        if shape < 1.0 {
            let boost = exp(ln(self.positive_unit()) / shape);
            return self.gamma(shape + 1.0) * boost;
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / (9.0 * d).sqrt();
        loop {
            let x = self.normal();
            let root = 1.0 + c * x;
            if root <= 0.0 {
                continue;
            }
            let cube = root * root * root;
            let unit = self.positive_unit();
            if ln(unit) < 0.5 * x * x + d * (1.0 - cube + ln(cube)) {
                return d * cube;
            }
        }
    }

    /// A beta number of mean `mean`, in (0, 1), as firm as `strength` observations: shapes `mean · strength` and
    /// `(1 - mean) · strength`. The quotient of two gammas.
    pub(crate) fn beta(&mut self, mean: f64, strength: f64) -> f64 {
        let (yes, no) = (self.gamma(mean * strength), self.gamma((1.0 - mean) * strength));
        // Both can be 0 where the shapes are tiny; the law's mass is then at both ends.
        if yes + no > 0.0 { yes / (yes + no) } else { f64::from(u8::from(self.happens(mean))) }
    }

    /// A Poisson count of a non-negative mean: uniform numbers multiplied until below e^-mean (Knuth). O(mean).
    pub(crate) fn poisson(&mut self, mean: f64) -> u32 {
        let mut count = 0;
        let mut rest = mean;
        while rest > 0.0 {
            let floor = exp(-rest.min(POISSON_STEP));
            rest -= POISSON_STEP;
            let mut product = self.positive_unit();
            while product > floor {
                product *= self.positive_unit();
                count += 1;
            }
        }
        count
    }

    /// How many failures come before the first success of probability `chance`, in (0, 1]: by inversion.
    pub(crate) fn geometric(&mut self, chance: f64) -> u32 {
        if chance >= 1.0 {
            return 0;
        }
        (ln(self.positive_unit()) / ln(1.0 - chance)) as u32
    }
}

/// Things to choose among, each with a weight.
#[derive(Clone, Debug)]
pub(crate) struct Weights {
    /// Sums of the weights up to and with each.
    cumulative: Vec<f64>,
}

impl Weights {
    /// Weights that are finite and not negative.
    pub(crate) fn new(weights: impl IntoIterator<Item = f64>) -> Self {
        let sums = weights.into_iter().scan(0.0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        });
        Self { cumulative: sums.collect() }
    }

    /// The place of one, chosen with a probability in proportion to its weight; 0 where no weight is positive.
    /// O(log n).
    pub(crate) fn choose(&self, stream: &mut Stream) -> usize {
        let total = self.cumulative.last().copied().unwrap_or_default();
        let at = stream.unit() * total;
        let place = self.cumulative.partition_point(|sum| *sum <= at);
        // The product can round up to the total; the last place with a weight is then meant.
        if place < self.cumulative.len() {
            place
        } else {
            self.cumulative.partition_point(|sum| *sum < total)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAWS: u32 = 100_000;

    /// Mean and variance of many draws, against those of the law within four standard errors.
    fn assert_law(
        name: &str,
        mean: f64,
        variance: f64,
        fourth: f64,
        mut draw: impl FnMut(&mut Stream) -> f64,
    ) {
        let mut stream = Stream::new(7, name, 0);
        let draws: Vec<f64> = (0..DRAWS).map(|_| draw(&mut stream)).collect();
        let n = f64::from(DRAWS);
        let found = draws.iter().sum::<f64>() / n;
        let spread = draws.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
        assert!((found - mean).abs() < 4.0 * (variance / n).sqrt(), "{name}: mean {found}, not {mean}");
        let error = ((fourth - variance * variance) / n).sqrt();
        assert!((spread - variance).abs() < 4.0 * error, "{name}: variance {spread}, not {variance}");
    }

    #[test]
    fn draws_have_the_moments_of_their_laws() {
        assert_law("normal", 0.0, 1.0, 3.0, Stream::normal);
        for shape in [0.3, 1.0, 2.5, 40.0] {
            // The fourth central moment of a gamma law is 3k² + 6k.
            let fourth = 3.0 * shape * shape + 6.0 * shape;
            assert_law("gamma", shape, shape, fourth, |stream| stream.gamma(shape));
        }
        for (mean, strength) in [(0.25_f64, 8.0), (0.93, 60.0), (0.5, 0.5)] {
            let variance = mean * (1.0 - mean) / (strength + 1.0);
            // A bounded law's fourth moment is at most its variance.
            assert_law("beta", mean, variance, variance, |stream| stream.beta(mean, strength));
        }
        for mean in [0.4, 5.0, 150.0] {
            assert_law("poisson", mean, mean, mean + 3.0 * mean * mean, |stream| {
                f64::from(stream.poisson(mean))
            });
        }
        for chance in [0.2_f64, 0.9] {
            let variance = (1.0 - chance) / (chance * chance);
            let fourth = variance * (9.0 * variance + 1.0);
            assert_law("geometric", (1.0 - chance) / chance, variance, fourth, |stream| {
                f64::from(stream.geometric(chance))
            });
        }
    }

    #[test]
    fn ends_of_the_parameters_are_served() {
        let mut stream = Stream::new(1, "ends", 0);
        assert_eq!((stream.poisson(0.0), stream.geometric(1.0)), (0, 0));
        assert!((0..1_000).all(|_| (0.0..=1.0).contains(&stream.beta(0.5, 1e-9))));
        assert_eq!(Weights::new([]).choose(&mut stream), 0);
        assert_eq!(Weights::new([0.0, 0.0]).choose(&mut stream), 0);
    }

    #[test]
    fn choices_follow_the_weights() {
        let weights = Weights::new([0.0, 1.0, 0.0, 3.0, 6.0, 0.0]);
        let mut stream = Stream::new(1, "weights", 0);
        let mut counts = [0_u32; 6];
        for _ in 0..DRAWS {
            counts[weights.choose(&mut stream)] += 1;
        }
        assert_eq!((counts[0], counts[2], counts[5]), (0, 0, 0));
        for (place, expected) in [(1, 10_000), (3, 30_000), (4, 60_000)] {
            assert!(counts[place].abs_diff(expected) < 620, "{place}: {}", counts[place]);
        }
    }

    /// An independent program with the platform's logarithm gives the same numbers to fifteen digits.
    #[test]
    fn draws_are_frozen() {
        let mut stream = Stream::new(1, "laws", 0);
        let draws = [stream.normal(), stream.gamma(0.5), stream.gamma(9.0), stream.beta(0.25, 8.0)];
        let frozen = [
            4_607_413_787_252_676_544,
            4_594_192_288_519_985_919,
            4_620_215_852_997_346_826,
            4_599_337_416_934_111_480,
        ];
        assert_eq!(draws.map(f64::to_bits), frozen);
        assert_eq!([stream.poisson(3.0), stream.poisson(100.0), stream.geometric(0.1)], [2, 86, 3]);
        assert_eq!(Weights::new([1.0; 100]).choose(&mut stream), 76);
    }
}
