//! Sums per level of a category, for one customer or order after the other.

use std::cmp::Reverse;

use crate::category::MISSING;
use crate::transaction::LineKind;

/// Up to so many levels, where each one's sum stands is looked up in a table that stays in the second-level cache.
/// Beyond, a customer's lines are sorted, so that memory goes with her lines and a text of ten million levels is as good
/// as one of ten.
const MOST_LOOKED_UP: usize = 1 << 16;

/// One customer's sums.
pub(crate) struct Tally {
    /// Code and sum of each level that the customer has, in no order.
    sums: Vec<(u32, i64)>,
    /// Where a level's sum stands, if that is what stands there: places of earlier customers need no clearing. Empty
    /// where lines are sorted.
    places: Vec<u32>,
    levels: usize,
}

impl Tally {
    pub(crate) fn new(levels: usize) -> Self {
        let places = vec![0; if levels > MOST_LOOKED_UP { 0 } else { levels }];
        Self { sums: Vec::new(), places, levels }
    }

    /// Adds up the values of another customer's sale lines by level; `kinds` is empty where all lines are sales.
    pub(crate) fn sums(&mut self, codes: &[u32], kinds: &[LineKind], values: &[i64]) -> &Self {
        self.sums.clear();
        let lines = codes.iter().zip(values).enumerate();
        let named = lines.filter_map(|(line, (code, value))| {
            let counts = *code != MISSING && (kinds.is_empty() || kinds[line] == LineKind::Sale);
            counts.then_some((*code, *value))
        });
        // A customer's gross is checked where the table is made; a sum of some of its lines is no larger.
        if self.levels > MOST_LOOKED_UP {
            self.sums.extend(named);
            self.sums.sort_unstable_by_key(|(code, _)| *code);
            self.sums.dedup_by(|next, kept| {
                let same = next.0 == kept.0;
                kept.1 = if same { kept.1.saturating_add(next.1) } else { kept.1 };
                same
            });
            return self;
        }
        for (code, value) in named {
            let place = &mut self.places[code as usize];
            match self.sums.get_mut(*place as usize) {
                Some((level, sum)) if *level == code => *sum = sum.saturating_add(value),
                _ => {
                    *place = self.sums.len() as u32;
                    self.sums.push((code, value));
                }
            }
        }
        self
    }

    /// How many levels the customer has.
    pub(crate) fn levels(&self) -> u32 {
        self.sums.len() as u32
    }

    /// The level with the largest sum, of equals the first by text.
    pub(crate) fn top(&self) -> Option<u32> {
        let better = |a: &(u32, i64), b: &(u32, i64)| a.1 > b.1 || (a.1 == b.1 && a.0 < b.0);
        self.sums
            .iter()
            .reduce(|best, level| if better(level, best) { level } else { best })
            .map(|best| best.0)
    }

    /// Writes the sums, one place per level; places of levels the customer lacks are left as they are.
    pub(crate) fn write(&self, sums: &mut [i64]) {
        for (code, sum) in &self.sums {
            sums[*code as usize] = *sum;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// One tally sees all customers, so that what is left of an earlier one would show.
        #[test]
        fn few_levels_and_many_give_the_sums_of_a_map(
            customers in prop::collection::vec(prop::collection::vec((0..6_u32, 0..4_i64, any::<bool>()), 0..12), 1..6)
        ) {
            let mut tallies = [Tally::new(5), Tally::new(MOST_LOOKED_UP + 1)];
            for lines in customers {
                let codes: Vec<u32> = lines.iter().map(|line| if line.0 == 5 { MISSING } else { line.0 }).collect();
                let values: Vec<i64> = lines.iter().map(|line| line.1).collect();
                let kind = |sale| if sale { LineKind::Sale } else { LineKind::Return };
                let kinds: Vec<LineKind> = lines.iter().map(|line| kind(line.2)).collect();
                let mut expected = BTreeMap::new();
                for (code, value, _) in lines.iter().filter(|line| line.0 < 5 && line.2) {
                    *expected.entry(*code).or_insert(0) += value;
                }
                // Of equal maxima, `max_by_key` takes the last: the first by code of the reversed map.
                let top = expected.iter().rev().max_by_key(|(_, sum)| **sum).map(|(code, _)| *code);
                for tally in &mut tallies {
                    let sums = tally.sums(&codes, &kinds, &values);
                    prop_assert_eq!((sums.levels() as usize, sums.top()), (expected.len(), top));
                    let mut written = [-1; 5];
                    sums.write(&mut written);
                    let plain = |code: usize| expected.get(&(code as u32)).copied().unwrap_or(-1);
                    prop_assert_eq!(written, std::array::from_fn(plain));
                }
            }
        }
    }
}

/// Sums over the lines of one order by the levels of a text. They are sorted rather than looked up, so that an order of
/// any number of levels takes O(lines log lines).
#[derive(Default)]
pub(crate) struct OrderTally(Vec<(u32, i128)>);

impl OrderTally {
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Adds a line's value to its level; a line without one adds nothing.
    pub(crate) fn add(&mut self, code: u32, value: i64) {
        match self.0.last_mut() {
            _ if code == MISSING => {}
            // Most orders have lines of one channel or country only.
            Some((last, sum)) if *last == code => *sum += i128::from(value),
            _ => self.0.push((code, i128::from(value))),
        }
    }

    /// The level with the largest sum, of equals the first by text. Sums decide rather than single lines, which a state
    /// puts together.
    pub(crate) fn top(&mut self) -> Option<u32> {
        self.0.sort_unstable();
        let sums = self.0.chunk_by(|a, b| a.0 == b.0).map(|level| {
            let sum: i128 = level.iter().map(|(_, value)| value).sum();
            (sum, Reverse(level[0].0))
        });
        sums.max().map(|(_, Reverse(code))| code)
    }
}
