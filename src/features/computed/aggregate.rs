//! The aggregates, over items that are the same for lines, orders and events: so each is written once.

/// An aggregate, whatever it looks at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum How {
    Count,
    Sum,
    Average,
    Min,
    Max,
    First,
    Last,
    MostFrequent,
    Distinct,
}

/// One line, order or event that is in the window and passes the filters.
#[derive(Clone, Copy, Debug)]
pub(in crate::features) struct Item {
    pub(in crate::features) time: i64,
    /// Breaks ties of time: the order's id, where that is content.
    pub(super) order: u64,
    /// How many order lines or orders it stands for.
    pub(in crate::features) count: u64,
    /// The number or the code of the text that is looked at; `None` where it is unknown.
    pub(in crate::features) value: Option<i128>,
}

/// What an aggregate of a customer's items is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(in crate::features) enum Outcome {
    Count(u64),
    /// Pieces, ten-thousandths or the code of a text.
    Whole(i128),
    /// A sum and the number of items it is divided by.
    Average(i128, u64),
}

/// The aggregate of a customer's items. `None` where it is missing. May reorder the items.
pub(super) fn aggregate(how: How, items: &mut [Item]) -> Option<Outcome> {
    let values = || items.iter().filter_map(|item| item.value);
    // A sum over something unknown is unknown.
    let complete = || items.iter().all(|item| item.value.is_some());
    let count = || items.iter().map(|item| item.count).sum::<u64>();
    match how {
        How::Count => Some(Outcome::Count(count())),
        How::Sum => complete().then(|| Outcome::Whole(values().sum())),
        How::Average => (complete() && !items.is_empty()).then(|| Outcome::Average(values().sum(), count())),
        How::Min => complete().then(|| values().min()).flatten().map(Outcome::Whole),
        How::Max => complete().then(|| values().max()).flatten().map(Outcome::Whole),
        How::First => {
            let first = items.iter().filter_map(|item| Some((item.time, item.order, item.value?))).min();
            first.map(|(.., value)| Outcome::Whole(value))
        }
        How::Last => {
            let last = items.iter().filter_map(|item| Some((item.time, item.order, item.value?))).max();
            last.map(|(.., value)| Outcome::Whole(value))
        }
        How::MostFrequent => most_frequent(items).map(Outcome::Whole),
        How::Distinct => {
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

    fn items(rows: &[(i64, u64, Option<i128>)]) -> Vec<Item> {
        rows.iter()
            .map(|(time, order, value)| Item { time: *time, order: *order, count: 1, value: *value })
            .collect()
    }

    #[test]
    fn aggregates_of_known_items() {
        let rows = [(3, 1, Some(5)), (1, 9, Some(7)), (1, 2, Some(8)), (1, 2, Some(6)), (3, 1, Some(7))];
        let of = |kind| aggregate(kind, &mut items(&rows));
        assert_eq!(of(How::Count), Some(Outcome::Count(5)));
        assert_eq!(of(How::Sum), Some(Outcome::Whole(33)));
        assert_eq!(of(How::Average), Some(Outcome::Average(33, 5)));
        assert_eq!(of(How::Min), Some(Outcome::Whole(5)));
        assert_eq!(of(How::Max), Some(Outcome::Whole(8)));
        assert_eq!(of(How::First), Some(Outcome::Whole(6)), "by time, order id, value");
        assert_eq!(of(How::Last), Some(Outcome::Whole(7)));
        assert_eq!(of(How::MostFrequent), Some(Outcome::Whole(7)));
        assert_eq!(of(How::Distinct), Some(Outcome::Count(4)));
    }

    #[test]
    fn nothing_is_zero_or_missing_and_unknown_is_neither() {
        assert_eq!(aggregate(How::Count, &mut []), Some(Outcome::Count(0)));
        assert_eq!(aggregate(How::Sum, &mut []), Some(Outcome::Whole(0)));
        assert_eq!(aggregate(How::Distinct, &mut []), Some(Outcome::Count(0)));
        for kind in [How::Average, How::Min, How::First] {
            assert_eq!(aggregate(kind, &mut []), None);
        }
        let unknown = [(1, 1, None), (2, 2, Some(4))];
        for kind in [How::Sum, How::Average, How::Max] {
            assert_eq!(aggregate(kind, &mut items(&unknown)), None, "{kind:?}");
        }
        assert_eq!(aggregate(How::First, &mut items(&unknown)), Some(Outcome::Whole(4)));
        assert_eq!(aggregate(How::Count, &mut items(&unknown)), Some(Outcome::Count(2)));
    }
}
