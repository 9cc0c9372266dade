//! What holds for all three families: threads, order of rows, states, and that the future does not show.

use kohort::features::{Breadth, Detail, FeatureState};
use kohort::{Attribute, FeatureExtractor, FeatureTable, TransactionLog};
use proptest::prelude::*;

use super::{KINDS, Kind, Row, builder, log_of, shop, texts};
use crate::customers::Draws;
use crate::features::DAY;

/// What is computed from orders.
fn of_orders(as_of: i64) -> FeatureExtractor {
    let breadth = Breadth::builder().of([Attribute::Category]).often(2).build().unwrap();
    builder(as_of).prices().breadth(breadth).returns().build().unwrap()
}

fn all(as_of: i64) -> FeatureExtractor {
    builder(as_of).prices().breadth(Breadth::default()).returns().build().unwrap()
}

fn state_of(parts: &[&[Row]], kind: Kind, detail: Detail) -> FeatureState {
    let mut state = FeatureState::keeping(detail);
    for part in parts {
        state.push(&log_of(part, kind)).unwrap();
    }
    state
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn the_order_of_rows_does_not_show((kind, rows) in shop(), rotate in 0_usize..60, day in 1_i64..110) {
        let table = all(day * DAY).extract(&log_of(&rows, kind)).unwrap();
        let mut shuffled = rows.clone();
        shuffled.reverse();
        shuffled.rotate_left(rotate % rows.len());
        prop_assert_eq!(all(day * DAY).extract(&log_of(&shuffled, kind)).unwrap(), table);
    }

    #[test]
    fn a_state_of_parts_equals_one_pass((kind, mut rows) in shop(), cut in 0_usize..60, day in 1_i64..110) {
        // Without a category there is no column for it, and breadth nothing to work on.
        rows[0].category = Some("cat 1".to_owned());
        let (left, right) = rows.split_at(cut % rows.len());
        for (detail, extractor) in [(Detail::Orders, of_orders(day * DAY)), (Detail::Lines, all(day * DAY))] {
            let expected = extractor.extract(&log_of(&rows, kind)).unwrap();
            for parts in [[left, right], [right, left]] {
                prop_assert_eq!(&state_of(&parts, kind, detail).finish(&extractor).unwrap(), &expected);
            }
        }
    }

    #[test]
    fn lines_after_the_moment_do_not_show((kind, rows) in shop(), day in 1_i64..70) {
        let moment = day * DAY;
        let earlier: Vec<Row> = rows.iter().filter(|row| row.time < moment).cloned().collect();
        prop_assume!(earlier.iter().any(|row| row.category.is_some()) && earlier.iter().any(|row| row.brand.is_some()));
        // A log of credit notes alone says nothing of discounts.
        prop_assume!(earlier.iter().any(|row| !row.note));
        let families = || builder(moment).prices().breadth(Breadth::default()).build().unwrap();
        let now = families().extract(&log_of(&rows, kind)).unwrap();
        let then = families().extract(&log_of(&earlier, kind)).unwrap();
        prop_assert_eq!(now.names().collect::<Vec<_>>(), then.names().collect::<Vec<_>>());
        for name in now.names() {
            prop_assert_eq!(texts(now.column(name).unwrap()), texts(then.column(name).unwrap()), "{}", name);
        }
    }
}

/// More lines than fifteen groups have, of customers who buy often and seldom.
pub(crate) fn many(kind: Kind) -> Vec<Row> {
    let mut draws = Draws::new(11);
    (0..63_211)
        .map(|_| {
            let pieces = 1 + draws.below(4) as i64;
            let note = kind == Kind::Notes && draws.below(5) == 0;
            let unit = if draws.below(30) == 0 && !note { 0 } else { (1 + draws.below(3_000) as i64) * 40 };
            let gross = pieces * unit;
            Row {
                customer: draws.below(70) * draws.below(70),
                order: draws.below(9).to_string(),
                time: draws.below(400) as i64 * DAY / 4,
                pieces,
                gross,
                off: if note { 0 } else { gross * [0, 0, 25][draws.below(3) as usize] / 100 },
                unwanted: if kind == Kind::Notes { 0 } else { (draws.below(9) as i64 - 4).clamp(0, pieces) },
                after: (draws.below(3) > 0).then(|| draws.below(40 * 24) as i64 * DAY / 24),
                product: draws.below(9).to_string(),
                category: (draws.below(10) > 0).then(|| format!("cat {}", draws.below(12))),
                brand: (draws.below(10) > 0).then(|| format!("b{}", draws.below(40))),
                note,
            }
        })
        .collect()
}

fn extract_on(threads: usize, log: &TransactionLog) -> FeatureTable {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| all(90 * DAY).extract(log).unwrap())
}

#[test]
fn any_number_of_threads_and_any_order_of_many_rows_give_the_same_bits() {
    for kind in KINDS {
        let mut rows = many(kind);
        let log = log_of(&rows, kind);
        let table = extract_on(1, &log);
        super::check(
            &table.select(super::prices::prices(&log, 90 * DAY).names()).unwrap(),
            &super::prices::plain(&rows, 90 * DAY),
        );
        for threads in [2, 3, 8] {
            assert_eq!(extract_on(threads, &log), table, "{kind:?} on {threads} threads");
        }
        let mut draws = Draws::new(5);
        for place in (1..rows.len()).rev() {
            rows.swap(place, draws.below(place as u64 + 1) as usize);
        }
        assert_eq!(extract_on(2, &log_of(&rows, kind)), table, "{kind:?} shuffled");
        let (first, rest) = rows.split_at(20_000);
        let state = state_of(&[rest, first], kind, Detail::Orders);
        assert!(kind == Kind::Notes || state.rows() < rows.len(), "nothing was put together");
        let expected = of_orders(90 * DAY).extract(&log).unwrap();
        assert_eq!(state.finish(&of_orders(90 * DAY)).unwrap(), expected, "{kind:?} as a state");
    }
}

#[test]
fn families_change_nothing_about_each_other_nor_about_the_base_features() {
    let rows = many(Kind::Quantity)[..6_000].to_vec();
    let log = log_of(&rows, Kind::Quantity);
    let as_of = || kohort::AsOf::instant(90 * DAY, &kohort::Zone::utc()).unwrap();
    let asking = || FeatureExtractor::builder(as_of()).maturity_days(20);
    let whole =
        asking().prices().breadth(Breadth::default()).returns().build().unwrap().extract(&log).unwrap();
    let alone = [
        asking().build(),
        asking().features([]).prices().build(),
        asking().features([]).breadth(Breadth::default()).build(),
        asking().features([]).returns().build(),
    ];
    let mut columns = 0;
    for extractor in alone {
        let table = extractor.unwrap().extract(&log).unwrap();
        columns += table.names().len();
        for name in table.names() {
            assert_eq!(table.column(name).unwrap(), whole.column(name).unwrap(), "{name}");
        }
    }
    assert_eq!(columns, whole.names().len());
}

#[test]
fn sales_that_differ_in_their_discount_alone_are_told_apart_by_it() {
    // One of two equal sales at one instant comes back: which of them decides what was paid for it.
    let sale = |off| Row { off, ..Row::new(1, "a", 1) };
    let note = Row { note: true, ..Row::new(1, "n", 2) };
    let table = |rows: &[Row]| {
        let features = [kohort::Feature::ReturnedAttributed];
        builder(9 * DAY)
            .features(features)
            .returns()
            .build()
            .unwrap()
            .extract(&log_of(rows, Kind::Notes))
            .unwrap()
    };
    let forward = table(&[sale(0), sale(60_000), note.clone()]);
    assert_eq!(table(&[sale(60_000), sale(0), note]), forward);
}
