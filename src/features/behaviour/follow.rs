//! The two measures that traits do not have: in how many periods something was, and how often something followed.

use crate::transaction::DAY;

/// A length of time in days of 24 hours, in microseconds.
pub(super) fn micros(days: u32) -> i64 {
    i64::from(days).saturating_mul(DAY)
}

/// In how many of the last `periods` periods of so many days before the moment there is one of the times, all of which
/// are before it. May reorder the times. O(times log times), whatever the number of periods.
pub(super) fn active_periods(times: &mut [i64], as_of: i64, periods: u32, days: u32) -> u64 {
    times.sort_unstable();
    let length = micros(days).max(1);
    // The latest period is number 0, and the moment is not in it.
    let numbers = times.iter().rev().map(|time| (as_of - 1 - time) / length);
    let (mut active, mut last) = (0, None);
    for number in numbers.take_while(|number| *number < i64::from(periods)) {
        active += u64::from(last != Some(number));
        last = Some(number);
    }
    active
}

/// When a deed was, with one of its texts.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Entry {
    /// The code of the text that has to be the same; one code for all where none has to be.
    pub(super) text: u32,
    pub(super) time: i64,
    /// Which of the customer's deeds: an order has an entry for each of its texts.
    pub(super) deed: u32,
    /// How many deeds it stands for.
    pub(super) count: u64,
}

/// A customer's two kinds of deeds.
#[derive(Default)]
pub(super) struct Follow {
    pub(super) first: Vec<Entry>,
    pub(super) then: Vec<Entry>,
    followed: Vec<(u32, u64)>,
}

impl Follow {
    pub(super) fn clear(&mut self) {
        self.first.clear();
        self.then.clear();
    }

    /// How many of the first deeds one of the others followed: with the same text, later, and at most `within` later.
    ///
    /// Both are sorted by text and time, and two places walk through them: O(deeds log deeds), however many of them are
    /// within the time of each other.
    pub(super) fn count(&mut self, within: i64) -> u64 {
        let Self { first, then, followed } = self;
        first.sort_unstable();
        then.sort_unstable();
        followed.clear();
        let mut next = 0;
        for entry in first.iter() {
            while then.get(next).is_some_and(|then| (then.text, then.time) <= (entry.text, entry.time)) {
                next += 1;
            }
            let until = entry.time.saturating_add(within);
            if then.get(next).is_some_and(|then| then.text == entry.text && then.time <= until) {
                followed.push((entry.deed, entry.count));
            }
        }
        // A deed that was followed for several of its texts counts once.
        followed.sort_unstable();
        followed.dedup_by_key(|(deed, _)| *deed);
        followed.iter().map(|(_, count)| count).sum()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_period_ends_where_the_next_begins() {
        let as_of = 100 * DAY;
        let of = |times: &[i64], periods| active_periods(&mut times.to_vec(), as_of, periods, 10);
        assert_eq!(of(&[], 3), 0);
        assert_eq!(of(&[as_of - 1, as_of - 10 * DAY], 3), 1, "a period has its first instant");
        assert_eq!(of(&[as_of - 1, as_of - 10 * DAY - 1], 3), 2);
        assert_eq!(of(&[as_of - 30 * DAY, as_of - 30 * DAY - 1], 3), 1, "what is older is in none");
        assert_eq!(of(&[as_of - 30 * DAY, i64::MIN / 4], u32::MAX), 2);
        assert_eq!(active_periods(&mut [as_of - 1, 0], as_of, 2, u32::MAX), 1);
    }

    fn entries(rows: &[(u32, i64)]) -> Vec<Entry> {
        let entry = |(deed, (text, time)): (usize, &(u32, i64))| Entry {
            text: *text,
            time: *time,
            // Every other entry is of the same deed as the one before.
            deed: deed as u32 / 2,
            count: 1 + deed as u64 / 2 % 3,
        };
        rows.iter().enumerate().map(entry).collect()
    }

    proptest! {
        #[test]
        fn what_follows_is_what_all_pairs_say(
            first in prop::collection::vec((0_u32..3, 0_i64..12), 0..12),
            then in prop::collection::vec((0_u32..3, 0_i64..12), 0..12),
            within in 1_i64..6,
        ) {
            let (first, then) = (entries(&first), entries(&then));
            let follows = |a: &Entry| then.iter().any(|b| a.text == b.text && a.time < b.time && b.time <= a.time + within);
            let mut expected = 0;
            for deed in 0..12 {
                let own: Vec<&Entry> = first.iter().filter(|entry| entry.deed == deed).collect();
                expected += if own.iter().any(|entry| follows(entry)) { own[0].count } else { 0 };
            }
            let mut follow = Follow { first, then, followed: vec![(7, 7)] };
            prop_assert_eq!(follow.count(within), expected);
        }
    }
}
