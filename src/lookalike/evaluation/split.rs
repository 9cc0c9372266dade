//! Which seeds are held out: drawn by their own stable numbers, alike among the valuable and the others.

use std::cmp::Reverse;

use crate::random::Stream;

/// Seeds are ordered by value and cut into so many parts, each of which gives its share.
const STRATA: usize = 10;

/// Whether each seed is held out in a repeat: `share` of them, at least one, and at least one is left.
///
/// `keys` are stable numbers of the customers, so the draw is the same for any order of the seeds.
pub(super) fn held_out(keys: &[u64], weights: &[f64], share: f64, seed: u64, repeat: u32) -> Vec<bool> {
    let n = keys.len();
    let total = ((n as f64 * share).round() as usize).clamp(1, n.saturating_sub(1).max(1));
    let mut by_value: Vec<usize> = (0..n).collect();
    by_value.sort_unstable_by(|a, b| weights[*b].total_cmp(&weights[*a]).then(keys[*a].cmp(&keys[*b])));
    let salt = Stream::new(seed, "seeds held out", u64::from(repeat)).bits();
    let draw = |place: usize| Stream::new(salt, "seed held out", keys[place]).bits();
    let mut held_out = vec![false; n];
    // How many of the first `end` are held out, so that the parts add up to the whole.
    let until = |end: usize| (end * total + n / 2) / n.max(1);
    for stratum in 0..STRATA {
        let (start, end) = (n * stratum / STRATA, n * (stratum + 1) / STRATA);
        let mut part: Vec<(Reverse<u64>, usize)> =
            by_value[start..end].iter().map(|place| (Reverse(draw(*place)), *place)).collect();
        part.sort_unstable_by_key(|(draw, place)| (*draw, keys[*place]));
        for (_, place) in part.iter().take(until(end) - until(start)) {
            held_out[*place] = true;
        }
    }
    held_out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(n: u64) -> Vec<u64> {
        (0..n).map(|key| key.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect()
    }

    #[test]
    fn the_share_is_held_out_of_every_level_of_value() {
        let keys = keys(1_003);
        let weights: Vec<f64> = (0..1_003).map(|row| f64::from(row % 100)).collect();
        let mut times = vec![0_u32; keys.len()];
        for repeat in 0..200 {
            let held = held_out(&keys, &weights, 0.3, 5, repeat);
            assert_eq!(held.iter().filter(|held| **held).count(), 301);
            let upper = (0..1_003).filter(|row| held[*row] && weights[*row] >= 50.0).count();
            assert!((148..=152).contains(&upper), "{upper}");
            times.iter_mut().zip(&held).for_each(|(times, held)| *times += u32::from(*held));
        }
        // 60 of 200 on average, with a deviation of 6.5; nobody is favoured.
        assert!(times.iter().all(|times| (30..=90).contains(times)), "{times:?}");
    }

    #[test]
    fn the_draw_follows_the_customers_and_not_their_order() {
        let (keys, weights) = (keys(57), vec![1.0; 57]);
        let plain = held_out(&keys, &weights, 0.3, 1, 3);
        let turned: Vec<u64> = keys.iter().rev().copied().collect();
        let mut found = held_out(&turned, &weights, 0.3, 1, 3);
        found.reverse();
        assert_eq!(plain, found);
        assert_ne!(plain, held_out(&keys, &weights, 0.3, 1, 4));
        assert_ne!(plain, held_out(&keys, &weights, 0.3, 2, 3));
    }

    #[test]
    fn some_are_held_out_and_some_are_left() {
        for (n, share, expected) in [(2, 0.01, 1), (2, 0.99, 1), (25, 0.3, 8), (1, 0.5, 1), (11, 0.99, 10)] {
            let held = held_out(&keys(n), &vec![1.0; n as usize], share, 0, 0);
            assert_eq!(held.iter().filter(|held| **held).count(), expected, "{n} {share}");
        }
        assert!(held_out(&[], &[], 0.3, 0, 0).is_empty());
    }
}
