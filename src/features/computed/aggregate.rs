//! The aggregates, over items that are the same for lines and orders: so each is written once.

use crate::features::computed::Aggregate;

/// One line or order that is in the window and passes the filters.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub(super) time: i64,
    /// Breaks ties of time: the order's id, where that is content.
    pub(super) order: u64,
    /// How many order lines or orders it stands for.
    pub(super) count: u64,
    /// The number or the code of the text that is looked at; `None` where it is unknown.
    pub(super) value: Option<i128>,
}

/// What an aggregate of a customer's items is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Outcome {
    Count(u64),
    /// Pieces, ten-thousandths or the code of a text.
    Whole(i128),
    /// A sum and the number of items it is divided by.
    Average(i128, u64),
}

/// The aggregate of a customer's items. `None` where it is missing. May reorder the items.
pub(super) fn aggregate(aggregate: Aggregate, items: &mut [Item]) -> Option<Outcome> {
    let values = || items.iter().filter_map(|item| item.value);
    // A sum over something unknown is unknown.
    let complete = || items.iter().all(|item| item.value.is_some());
    let count = || items.iter().map(|item| item.count).sum::<u64>();
    match aggregate {
        Aggregate::Count => Some(Outcome::Count(count())),
        Aggregate::Sum(_) => complete().then(|| Outcome::Whole(values().sum())),
        Aggregate::Average(_) => {
            (complete() && !items.is_empty()).then(|| Outcome::Average(values().sum(), count()))
        }
        Aggregate::Min(_) => complete().then(|| values().min()).flatten().map(Outcome::Whole),
        Aggregate::Max(_) => complete().then(|| values().max()).flatten().map(Outcome::Whole),
        Aggregate::First(_) => {
            let first = items.iter().filter_map(|item| Some((item.time, item.order, item.value?))).min();
            first.map(|(.., value)| Outcome::Whole(value))
        }
        Aggregate::Last(_) => {
            let last = items.iter().filter_map(|item| Some((item.time, item.order, item.value?))).max();
            last.map(|(.., value)| Outcome::Whole(value))
        }
        Aggregate::MostFrequent(_) => most_frequent(items).map(Outcome::Whole),
        Aggregate::Distinct(_) => {
            items.sort_unstable_by_key(|item| item.value);
            let mut known = items.iter().filter_map(|item| item.value).peekable();
            let mut distinct = 0;
            while let Some(value) = known.next() {
                distinct += u64::from(known.peek() != Some(&value));
            }
            Some(Outcome::Count(distinct))
        }
    }
}

fn most_frequent(items: &mut [Item]) -> Option<i128> {
    items.sort_unstable_by_key(|item| item.value);
    let mut best: Option<(u64, i128)> = None;
    for run in items.chunk_by(|a, b| a.value == b.value) {
        let Some(value) = run[0].value else { continue };
        let count = run.iter().map(|item| item.count).sum();
        // Values ascend, so that of equals the first stays.
        if best.is_none_or(|(most, _)| count > most) {
            best = Some((count, value));
        }
    }
    best.map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::computed::{Number, TraitValue};

    fn items(rows: &[(i64, u64, Option<i128>)]) -> Vec<Item> {
        rows.iter()
            .map(|(time, order, value)| Item { time: *time, order: *order, count: 1, value: *value })
            .collect()
    }

    #[test]
    fn aggregates_of_known_items() {
        let number = Number::Gross;
        let value = TraitValue::Number(number);
        let rows = [(3, 1, Some(5)), (1, 9, Some(7)), (1, 2, Some(8)), (1, 2, Some(6)), (3, 1, Some(7))];
        let of = |kind| aggregate(kind, &mut items(&rows));
        assert_eq!(of(Aggregate::Count), Some(Outcome::Count(5)));
        assert_eq!(of(Aggregate::Sum(number)), Some(Outcome::Whole(33)));
        assert_eq!(of(Aggregate::Average(number)), Some(Outcome::Average(33, 5)));
        assert_eq!(of(Aggregate::Min(number)), Some(Outcome::Whole(5)));
        assert_eq!(of(Aggregate::Max(number)), Some(Outcome::Whole(8)));
        assert_eq!(of(Aggregate::First(value)), Some(Outcome::Whole(6)), "by time, order id, value");
        assert_eq!(of(Aggregate::Last(value)), Some(Outcome::Whole(7)));
        assert_eq!(of(Aggregate::MostFrequent(value)), Some(Outcome::Whole(7)));
        assert_eq!(of(Aggregate::Distinct(value)), Some(Outcome::Count(4)));
    }

    #[test]
    fn nothing_is_zero_or_missing_and_unknown_is_neither() {
        let number = Number::Cost;
        let value = TraitValue::Number(number);
        assert_eq!(aggregate(Aggregate::Count, &mut []), Some(Outcome::Count(0)));
        assert_eq!(aggregate(Aggregate::Sum(number), &mut []), Some(Outcome::Whole(0)));
        assert_eq!(aggregate(Aggregate::Distinct(value), &mut []), Some(Outcome::Count(0)));
        for kind in [Aggregate::Average(number), Aggregate::Min(number), Aggregate::First(value)] {
            assert_eq!(aggregate(kind, &mut []), None);
        }
        let unknown = [(1, 1, None), (2, 2, Some(4))];
        for kind in [Aggregate::Sum(number), Aggregate::Average(number), Aggregate::Max(number)] {
            assert_eq!(aggregate(kind, &mut items(&unknown)), None, "{kind:?}");
        }
        assert_eq!(aggregate(Aggregate::First(value), &mut items(&unknown)), Some(Outcome::Whole(4)));
        assert_eq!(aggregate(Aggregate::Count, &mut items(&unknown)), Some(Outcome::Count(2)));
    }
}
