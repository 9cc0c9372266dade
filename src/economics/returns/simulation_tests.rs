//! Do 95 % intervals hold the truth in 95 % of the cases? In drawn shops, where the truth is known.

use crate::economics::returns::{BetaBinomial, RatioEstimate, wilson};
use crate::random::Stream;

fn share(count: usize, of: usize) -> f64 {
    count as f64 / of as f64
}

/// Lines from 1 to some hundred: most customers have few, some very many.
fn lines(stream: &mut Stream) -> u32 {
    let chance = [0.6, 0.2, 0.05, 0.01][stream.below(4) as usize];
    1 + stream.geometric(chance).min(500)
}

fn draw(stream: &mut Stream, lines: u32, rate: f64) -> u32 {
    (0..lines).filter(|_| stream.happens(rate)).count() as u32
}

#[test]
fn intervals_of_customers_cover_at_their_level() {
    const CUSTOMERS: usize = 10_000;
    for (index, (mean, strength)) in
        [(0.15, 16.0), (0.48, 3.0), (0.5, 1.0), (0.75, 8.0), (0.3, 200.0)].into_iter().enumerate()
    {
        let mut stream = Stream::new(11, "coverage", index as u64);
        let customers: Vec<(f64, u32, u32)> = (0..CUSTOMERS)
            .map(|_| {
                let (rate, n) = (stream.beta(mean, strength), lines(&mut stream));
                (rate, draw(&mut stream, n, rate), n)
            })
            .collect();
        let (returned, bought): (Vec<u32>, Vec<u32>) = customers.iter().map(|(_, y, n)| (*y, *n)).unzip();
        let fit = BetaBinomial::fit(&returned, &bought).unwrap();
        assert!(fit.converged() && fit.iterations() <= 20, "{fit:?}");
        let [mut held, mut below, mut above] = [0; 3];
        for (rate, y, n) in &customers {
            let interval = fit.posterior(*y, *n).interval(0.95).unwrap();
            held += usize::from(interval.low <= *rate && *rate <= interval.high);
            below += usize::from(*rate < interval.low);
            above += usize::from(*rate > interval.high);
        }
        let coverage = share(held, CUSTOMERS);
        // The standard error of the share is 0.2 %: a level that is wrong by a point shows.
        assert!((0.94..=0.96).contains(&coverage), "{mean} {strength}: {coverage}");
        for missed in [below, above] {
            assert!((0.015..=0.035).contains(&share(missed, CUSTOMERS)), "{mean} {strength}: {missed}");
        }
    }
}

#[test]
fn intervals_of_segments_cover_where_lines_of_a_customer_come_back_together() {
    for (index, (segments, customers, mean, strength)) in
        [(2_000, 200, 0.4, 2.0), (1_000, 400, 0.15, 4.0)].into_iter().enumerate()
    {
        let mut stream = Stream::new(13, "segments", index as u64);
        let (mut held, mut held_by_lines) = (0, 0);
        for _ in 0..segments {
            let (mut bought, mut back) = (Vec::new(), Vec::new());
            let (mut all_lines, mut all_back) = (0, 0);
            for _ in 0..customers {
                let (rate, n) = (stream.beta(mean, strength), 1 + stream.geometric(0.25));
                let (mut x, mut y) = (0.0, 0.0);
                for _ in 0..n {
                    let price = [10.0, 20.0, 40.0, 80.0, 160.0][stream.below(5) as usize];
                    let came_back = stream.happens(rate);
                    x += price;
                    y += if came_back { price } else { 0.0 };
                    all_lines += 1;
                    all_back += u64::from(came_back);
                }
                bought.push(x);
                back.push(y);
            }
            let holds = |low: f64, high: f64| usize::from(low <= mean && mean <= high);
            let clustered = RatioEstimate::of(&bought, &back, 0.95).unwrap().interval.unwrap();
            held += holds(clustered.low, clustered.high);
            let by_lines = wilson(all_back, all_lines, 0.95).unwrap();
            held_by_lines += holds(by_lines.low, by_lines.high);
        }
        let (coverage, naive) = (share(held, segments), share(held_by_lines, segments));
        assert!((0.93..=0.97).contains(&coverage), "{customers}: {coverage}");
        assert!(naive < 0.85, "lines taken as independent would do: {naive}");
    }
}
