//! Sums per level of a category, for one customer or order after the other.

use std::cmp::Reverse;

use crate::category::MISSING;
use crate::transaction::LineKind;

/// A sum for every level there is; only those that a customer has are touched.
pub(crate) struct Tally {
    entries: Vec<Entry>,
    touched: Vec<u32>,
    /// Which customer it is; an entry of an earlier one counts as zero, so that nothing has to be cleared.
    customer: u64,
}

#[derive(Clone, Copy, Default)]
struct Entry {
    customer: u64,
    sum: i64,
}

impl Tally {
    pub(crate) fn new(levels: usize) -> Self {
        Self { entries: vec![Entry::default(); levels], touched: Vec::new(), customer: 0 }
    }

    /// Adds up the values of another customer's sale lines by level; `kinds` is empty where all lines are sales.
    pub(crate) fn sums(&mut self, codes: &[u32], kinds: &[LineKind], values: &[i64]) -> &Self {
        self.customer += 1;
        self.touched.clear();
        for (line, (code, value)) in codes.iter().zip(values).enumerate() {
            if *code == MISSING || (!kinds.is_empty() && kinds[line] != LineKind::Sale) {
                continue;
            }
            let entry = &mut self.entries[*code as usize];
            if entry.customer != self.customer {
                *entry = Entry { customer: self.customer, sum: 0 };
                self.touched.push(*code);
            }
            // A customer's gross is checked where the table is made; a sum of some of its lines is no larger.
            entry.sum = entry.sum.saturating_add(*value);
        }
        self
    }

    /// How many levels the customer has.
    pub(crate) fn levels(&self) -> u32 {
        self.touched.len() as u32
    }

    /// The level with the largest sum, of equals the first by text.
    pub(crate) fn top(&self) -> Option<u32> {
        let sum = |code: u32| self.entries[code as usize].sum;
        self.touched.iter().copied().reduce(|best, code| {
            if sum(code) > sum(best) || (sum(code) == sum(best) && code < best) { code } else { best }
        })
    }

    /// Writes the sums, one place per level; places of levels the customer lacks are left as they are.
    pub(crate) fn write(&self, sums: &mut [i64]) {
        for code in &self.touched {
            sums[*code as usize] = self.entries[*code as usize].sum;
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
