//! What segments borrow from one another: contributions and return rates after partial pooling.

use serde::Serialize;

use crate::economics::plan::mean::{Moments, PooledMean};
use crate::economics::pooling::PartialPooling;
use crate::economics::returns::{Interval, RatioEstimate, normal_cdf, normal_z};
use crate::numeric::{exp, ln};

/// A segment's return rate after partial pooling over segments.
///
/// By the normal–normal model of [`PartialPooling`] on the logit of the segments' rates by value. What scatters within a
/// segment is taken relative to what customers who keep all or return all would make it scatter, `R (1−R) / n` with the
/// effective number of customers `n = (Σx)² / Σx²`. A segment borrows as much as ten degrees of freedom of that relation
/// from all, and one where nothing or everything came back all of it, its rate moved by half a customer to be finite on
/// the logit: `(n R + ½) / (n + 1)` (Haldane, Annals of Human Genetics 1956).
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct PooledRate {
    /// The rate.
    pub rate: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Its interval at the chosen level, made on the logit.
    pub interval: Interval,
    /// The weight of the segment's own rate: 1 less the shrinkage.
    pub own_weight: f64,
}

/// The degrees of freedom that a segment borrows: enough for one of few customers not to be taken at its word, and
/// soon outweighed by its own.
const BORROWED: f64 = 10.0;

/// A segment's own figure and the pooled one, weighted by their degrees of freedom.
fn moderated(pooled: f64, own: f64, freedom: f64) -> f64 {
    (BORROWED * pooled + own * freedom) / (BORROWED + freedom)
}

/// The mean of figures by their degrees of freedom; `None` without any.
fn weighted(figures: impl Iterator<Item = (f64, f64)>) -> Option<f64> {
    let (sum, freedom) =
        figures.fold((0.0, 0.0), |(sum, freedom), (own, more)| (sum + own * more, freedom + more));
    (freedom > 0.0).then_some(sum / freedom)
}

/// The means of segments, drawn together. `None` for a segment without customers, and for all where fewer than two have
/// some or none has two.
pub(super) fn means(segments: &[(Moments, f64)], level: f64) -> Vec<Option<PooledMean>> {
    let own = |(moments, _): &(Moments, f64)| moments.spread();
    let squares = segments.iter().map(own).filter(|(_, freedom)| *freedom > 0.0);
    let Some(within) = weighted(squares.map(|(squares, freedom)| (squares / freedom, freedom))) else {
        return vec![None; segments.len()];
    };
    let estimates: Vec<Option<(f64, f64)>> = segments
        .iter()
        .map(|(moments, mean)| {
            let (squares, freedom) = moments.spread();
            let variance = moderated(within, if freedom > 0.0 { squares / freedom } else { 0.0 }, freedom);
            (moments.customers() > 0).then(|| (*mean, (variance / moments.customers() as f64).sqrt()))
        })
        .collect();
    pool(&estimates, |mean, standard_error, own_weight| {
        let reach = normal_z(level) * standard_error;
        let doubt = standard_error > 0.0;
        let probability =
            if doubt { normal_cdf(mean / standard_error) } else { f64::from(u8::from(mean > 0.0)) };
        PooledMean {
            mean,
            standard_error,
            interval: Interval { low: mean - reach, high: mean + reach },
            probability_positive: probability,
            own_weight,
        }
    })
}

/// The return rates of segments, drawn together, of their own rates and effective numbers of customers. `None` for a
/// segment without a rate between 0 and 1, and for all where fewer than two have one.
pub(super) fn rates(segments: &[Option<(RatioEstimate, f64)>], level: f64) -> Vec<Option<PooledRate>> {
    let inner = |rate: f64| rate > 0.0 && rate < 1.0;
    // How much more or less a segment scatters than customers who keep all or return all, and with what freedom.
    let relation = |own: &RatioEstimate, effective: f64| {
        let se = own.standard_error.filter(|_| inner(own.rate))?;
        Some((se * se * effective / (own.rate * (1.0 - own.rate)), own.customers.saturating_sub(1) as f64))
    };
    let relations = segments.iter().flatten().filter_map(|(own, effective)| relation(own, *effective));
    let within = weighted(relations).unwrap_or(1.0);
    let estimates: Vec<Option<(f64, f64)>> = segments
        .iter()
        .map(|segment| {
            let (own, effective) = segment.filter(|(own, _)| (0.0..=1.0).contains(&own.rate))?;
            let (rate, customers) = if inner(own.rate) {
                (own.rate, effective)
            } else {
                ((effective * own.rate + 0.5) / (effective + 1.0), effective + 1.0)
            };
            let relation = relation(&own, effective);
            let relation = relation.map_or(within, |(figure, freedom)| moderated(within, figure, freedom));
            Some((ln(rate / (1.0 - rate)), (relation / (customers * rate * (1.0 - rate))).sqrt()))
        })
        .collect();
    pool(&estimates, |logit, standard_error, own_weight| {
        let rate_of = |logit: f64| 1.0 / (1.0 + exp(-logit));
        let (rate, reach) = (rate_of(logit), normal_z(level) * standard_error);
        PooledRate {
            rate,
            standard_error: rate * (1.0 - rate) * standard_error,
            interval: Interval { low: rate_of(logit - reach), high: rate_of(logit + reach) },
            own_weight,
        }
    })
}

/// Pools the estimates that are there, if there are two.
fn pool<T>(estimates: &[Option<(f64, f64)>], make: impl Fn(f64, f64, f64) -> T) -> Vec<Option<T>> {
    let known = || estimates.iter().flatten();
    let (values, errors): (Vec<f64>, Vec<f64>) = known().copied().unzip();
    let pooling = if values.len() > 1 { PartialPooling::of(&values, &errors).ok() } else { None };
    let mut pooled = pooling.iter().flat_map(|pooling| &pooling.groups);
    let mut next =
        |_: &(f64, f64)| pooled.next().map(|own| make(own.estimate, own.standard_error, own.own_weight));
    estimates.iter().map(|estimate| estimate.as_ref().and_then(&mut next)).collect()
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    fn moments(margins: &[f64]) -> (Moments, f64) {
        let mean = margins.iter().sum::<f64>() / margins.len().max(1) as f64;
        let mut moments = Moments::default();
        for margin in margins {
            moments.add(*margin, mean);
        }
        (moments, mean)
    }

    #[test]
    fn a_segment_of_one_borrows_and_moves_most() {
        let around = |centre: f64| (0..200).map(|i| centre + f64::from(i % 21) - 10.0).collect::<Vec<f64>>();
        let segments = [
            moments(&around(10.0)),
            moments(&around(30.0)),
            moments(&[90.0]),
            moments(&[]),
            moments(&[20.0; 3]),
        ];
        let pooled = means(&segments, 0.95);
        let own = |place: usize| pooled[place].unwrap();
        assert_eq!(pooled[3], None);
        assert!(own(0).own_weight > 0.99 && (own(0).mean - segments[0].1).abs() < 0.1);
        assert!(own(2).own_weight < own(0).own_weight && own(2).mean < 90.0, "{:?}", own(2));
        assert!(
            own(4).standard_error > 0.0 && own(4).own_weight < 1.0,
            "three of 20 each are not known exactly"
        );
        assert!(own(2).interval.low < own(2).mean && own(2).probability_positive > 0.9);
    }

    #[test]
    fn segments_that_differ_by_chance_share_one_mean() {
        let one: Vec<f64> = (0..100).map(|i| f64::from(i % 10)).collect();
        let other: Vec<f64> = (0..50).map(|i| f64::from(i % 10) + 0.1).collect();
        let pooled = means(&[moments(&one), moments(&other)], 0.9);
        let [Some(a), Some(b)] = pooled[..] else { panic!("{pooled:?}") };
        assert_relative_eq!(a.mean, b.mean, epsilon = 1e-12);
        assert_relative_eq!(a.own_weight, 0.0);
    }

    #[test]
    fn nothing_to_pool_is_none() {
        assert_eq!(means(&[], 0.95), []);
        assert_eq!(means(&[moments(&[1.0, 2.0])], 0.95), [None], "one segment");
        assert_eq!(means(&[moments(&[1.0]), moments(&[2.0])], 0.95), [None; 2], "nobody tells the scatter");
        assert_eq!(rates(&[None, None], 0.95), [None; 2]);
    }

    fn ratio(bought: &[f64], returned: &[f64]) -> Option<(RatioEstimate, f64)> {
        let (sum, squares) = (bought.iter().sum::<f64>(), bought.iter().map(|x| x * x).sum::<f64>());
        RatioEstimate::of(bought, returned, 0.95).map(|own| (own, sum * sum / squares))
    }

    #[test]
    fn nothing_and_everything_returned_are_pooled_towards_the_others() {
        let bought = [50.0; 40];
        let some: Vec<f64> = (0..40).map(|i| if i % 5 == 0 { 50.0 } else { 5.0 }).collect();
        let segments = [
            ratio(&bought, &some),
            ratio(&bought, &[0.0; 40]),
            ratio(&[50.0; 3], &[50.0; 3]),
            ratio(&[50.0], &[20.0]),
            ratio(&[50.0; 2], &[80.0; 2]),
        ];
        let pooled = rates(&segments, 0.95);
        let own = |place: usize| pooled[place].unwrap();
        assert_eq!(pooled[4], None, "more than everything has no logit");
        assert!((own(0).rate - 0.28).abs() < 0.05 && own(0).own_weight > 0.7, "{pooled:?}");
        assert!(own(1).rate > 0.0 && own(1).rate < 0.1 && own(1).interval.low > 0.0, "{pooled:?}");
        assert!(
            own(2).rate < 0.9 && own(2).own_weight < own(1).own_weight.max(own(0).own_weight),
            "{pooled:?}"
        );
        assert!(own(3).rate.is_finite() && own(3).own_weight < own(0).own_weight);
        for place in 0..4 {
            let own = own(place);
            assert!(own.interval.low < own.rate && own.rate < own.interval.high && own.standard_error > 0.0);
        }
        // None but segments of nothing and everything: customers who keep all or return all stand for the scatter.
        let extremes = rates(&[ratio(&bought, &[0.0; 40]), ratio(&bought, &bought)], 0.95);
        assert!(extremes.iter().flatten().all(|own| own.rate > 0.0 && own.rate < 1.0), "{extremes:?}");
    }

    /// Where the relation is one and segments are large, on the logit this is the plain model of `PartialPooling`.
    #[test]
    fn rates_of_large_segments_are_those_of_the_plain_model() {
        let group = |n: usize, every: usize| {
            let returned: Vec<f64> = (0..n).map(|i| f64::from(u8::from(i % every == 0))).collect();
            ratio(&vec![1.0; n], &returned)
        };
        let segments = [group(6_000, 3), group(4_000, 4), group(2_000, 5)];
        let pooled = rates(&segments, 0.95);
        let logit = |rate: f64| (rate / (1.0 - rate)).ln();
        let own: Vec<RatioEstimate> = segments.iter().flatten().map(|(own, _)| *own).collect();
        let values: Vec<f64> = own.iter().map(|own| logit(own.rate)).collect();
        let errors: Vec<f64> =
            own.iter().map(|own| own.standard_error.unwrap() / (own.rate * (1.0 - own.rate))).collect();
        let plain = PartialPooling::of(&values, &errors).unwrap();
        for (pooled, plain) in pooled.iter().flatten().zip(&plain.groups) {
            assert_relative_eq!(logit(pooled.rate), plain.estimate, epsilon = 1e-5);
            assert_relative_eq!(pooled.own_weight, plain.own_weight, epsilon = 1e-4);
        }
    }
}
