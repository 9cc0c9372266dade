//! Tables side by side, against a join written as plainly as it can be.

use std::collections::{BTreeMap, BTreeSet};

use kohort::features::Column;
use kohort::synthetic::Shop;
use kohort::transaction::CustomerIds;
use kohort::{
    AsOf, Bitmap, Category, CustomerId, Error, Feature, FeatureExtractor, FeatureTable, Join, Money, Values,
    Zone,
};
use proptest::prelude::*;
use rayon::ThreadPoolBuilder;

/// The three ways in which a table may hold its ids.
#[derive(Clone, Copy, Debug)]
enum Ids {
    Numbers,
    Texts,
    Rows,
}

/// A customer and a value of hers, which may be missing.
type Customers = BTreeMap<u8, Option<u8>>;

fn ids(kind: Ids, customers: &Customers) -> CustomerIds {
    match kind {
        Ids::Numbers => {
            CustomerIds::numbers(customers.keys().map(|id| u64::from(*id) * 7).collect()).unwrap()
        }
        Ids::Texts => {
            let texts: Vec<String> = customers.keys().map(|id| format!("c{id:03}")).collect();
            CustomerIds::texts(texts.try_into().unwrap())
        }
        Ids::Rows => CustomerIds::rows(customers.len()),
    }
}

/// A table with a column of every type.
fn table(side: &str, kind: Ids, customers: &Customers) -> FeatureTable {
    let numbers: Vec<u8> = customers.values().map(|value| value.unwrap_or(99)).collect();
    let valid: Bitmap = customers.values().map(Option::is_some).collect();
    let texts: Vec<Option<String>> = customers.values().map(|v| v.map(|v| format!("{side}{v}"))).collect();
    let values = [
        ("u32", Values::U32(numbers.iter().map(|n| u32::from(*n)).collect())),
        ("i32", Values::I32(numbers.iter().map(|n| -i32::from(*n)).collect())),
        ("i64", Values::I64(numbers.iter().map(|n| i64::from(*n) << 40).collect())),
        ("f64", Values::F64(numbers.iter().map(|n| f64::from(*n) / 4.0).collect())),
        ("money", Values::Money(numbers.iter().map(|n| Money::from_ten_thousandths((*n).into())).collect())),
        ("time", Values::Time(numbers.iter().map(|n| i64::from(*n)).collect())),
        ("text", Values::Category(Category::from_texts(texts.iter().map(Option::as_deref)))),
    ];
    let mut table = FeatureTable::from_columns(ids(kind, customers), Vec::<(String, Column)>::new()).unwrap();
    for (name, values) in values {
        let column = Column::with_missing(values, valid.clone()).unwrap();
        table = table.column_added(format!("{side}_{name}"), column).unwrap();
    }
    table
}

/// Every cell that is there, as text.
fn cells(table: &FeatureTable) -> BTreeMap<(CustomerId, String), String> {
    let rows = table.ids().iter().enumerate();
    rows.flat_map(|(row, id)| {
        let cell = move |name: &str| {
            let column = table.column(name).unwrap();
            column.is_valid(row).then(|| ((id.clone(), name.to_owned()), column.text(row)))
        };
        table.names().filter_map(cell).collect::<Vec<_>>()
    })
    .collect()
}

fn some_customers() -> impl Strategy<Value = Customers> {
    prop::collection::btree_map(0_u8..40, prop::option::weighted(0.8, 0_u8..9), 0..30)
}

proptest! {
    #[test]
    fn agrees_with_a_plain_join(
        left in some_customers(),
        right in some_customers(),
        kind in prop::sample::select(vec![(Ids::Numbers, Ids::Numbers), (Ids::Texts, Ids::Texts), (Ids::Rows, Ids::Rows), (Ids::Rows, Ids::Numbers), (Ids::Numbers, Ids::Rows)]),
        join in prop::sample::select(vec![Join::Left, Join::Inner, Join::Outer]),
    ) {
        let (left, right) = (table("l", kind.0, &left), table("r", kind.1, &right));
        let (joined, report) = left.join(&right, join).unwrap();

        let (ours, theirs): (BTreeSet<_>, BTreeSet<_>) = (left.ids().iter().collect(), right.ids().iter().collect());
        let customers: Vec<CustomerId> = match join {
            Join::Left => ours.iter().cloned().collect(),
            Join::Inner => ours.intersection(&theirs).cloned().collect(),
            Join::Outer => ours.union(&theirs).cloned().collect(),
        };
        prop_assert_eq!(joined.ids().iter().collect::<Vec<_>>(), customers.clone());
        prop_assert_eq!(joined.names().collect::<Vec<_>>(), left.names().chain(right.names()).collect::<Vec<_>>());
        let mut expected = cells(&left);
        expected.extend(cells(&right));
        expected.retain(|(id, _), _| customers.contains(id));
        prop_assert_eq!(cells(&joined), expected);
        for name in joined.names() {
            let origin = if left.has(name) { &left } else { &right };
            if let Values::Category(category) = origin.column(name).unwrap().values() {
                prop_assert_eq!(joined.category(name).unwrap().levels(), category.levels());
            }
        }

        prop_assert_eq!(report.matched, ours.intersection(&theirs).count());
        for (side, only) in [
            (&report.left_only, ours.difference(&theirs).cloned().collect::<Vec<_>>()),
            (&report.right_only, theirs.difference(&ours).cloned().collect()),
        ] {
            prop_assert_eq!(side.customers, only.len());
            prop_assert_eq!(side.first.as_slice(), &only[..only.len().min(5)]);
        }
    }

    #[test]
    fn an_outer_join_does_not_care_which_side_is_left(left in some_customers(), right in some_customers()) {
        let (left, right) = (table("l", Ids::Texts, &left), table("r", Ids::Texts, &right));
        let (one, _) = left.join(&right, Join::Outer).unwrap();
        let (other, _) = right.join(&left, Join::Outer).unwrap();
        prop_assert_eq!(other.select(one.names()).unwrap(), one);
    }
}

#[test]
fn any_number_of_threads_joins_alike() {
    let customers = |step: usize| -> FeatureTable {
        let ids: Vec<u64> = (0..50_000).step_by(step).map(|id| id as u64 + 1).collect();
        let values: Vec<u32> = ids.iter().map(|id| *id as u32).collect();
        let names = (0..12).map(|feature| (format!("{step}_{feature}"), Values::U32(values.clone())));
        FeatureTable::from_columns(CustomerIds::numbers(ids).unwrap(), names).unwrap()
    };
    let (twos, threes) = (customers(2), customers(3));
    let on = |threads| {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| twos.join(&threes, Join::Outer).unwrap())
    };
    let one = on(1);
    assert_eq!(one.0.len(), 25_000 + 16_667 - 8_334);
    for threads in [2, 3, 8] {
        assert_eq!(on(threads), one);
    }
}

#[test]
fn tables_that_do_not_fit_are_refused_and_the_error_says_why() {
    let customers = BTreeMap::from([(1, Some(1))]);
    let numbers = table("l", Ids::Numbers, &customers);
    let message = numbers.join(&table("r", Ids::Texts, &customers), Join::Left).unwrap_err().to_string();
    for word in ["whole numbers", "text", "read both as text"] {
        assert!(message.contains(word), "{message}");
    }
    let twice = numbers.join(&numbers, Join::Left);
    assert!(matches!(twice, Err(Error::DuplicateFeature { feature }) if feature == "l_u32"));
}

#[test]
fn the_moment_of_a_joined_table_is_that_of_its_parts() {
    let log = Shop::builder().customers(60).seed(4).build().unwrap().generate().unwrap().log;
    let as_of = |date, features: [Feature; 1]| {
        let as_of = AsOf::date(date, &Zone::utc()).unwrap();
        FeatureExtractor::builder(as_of).features(features).build().unwrap().extract(&log).unwrap()
    };
    let orders = as_of("2024-06-01", [Feature::Orders]);
    let net = as_of("2024-06-01", [Feature::Net]);
    let (both, report) = orders.join(&net, Join::Inner).unwrap();
    assert_eq!((both.context(), report.matched), (orders.context(), orders.len()));
    let later = orders.join(&as_of("2024-07-01", [Feature::Net]), Join::Inner).unwrap_err().to_string();
    assert!(later.contains("2024-06-01") && later.contains("2024-07-01"), "{later}");

    let bare =
        FeatureTable::from_columns(net.ids().clone(), [("age", Values::U32(vec![30; net.len()]))]).unwrap();
    for (left, right) in [(&bare, &net), (&net, &bare)] {
        assert_eq!(left.join(right, Join::Left).unwrap().0.context(), net.context());
    }
}

#[test]
fn the_report_is_a_page() {
    let customers = |ids: std::ops::Range<u8>| ids.map(|id| (id, Some(1))).collect::<Customers>();
    let (left, right) = (table("l", Ids::Texts, &customers(0..3)), table("r", Ids::Texts, &customers(2..9)));
    let expected = "  customers                             first ids
  ───────────────────────  ─  ────────  ───────────────────────────────
  in both                  1  kept
  only in the left table   2  kept      c000, c001
  only in the right table  6  left out  c003, c004, c005, c006, c007, …
";
    let report = left.join(&right, Join::Left).unwrap().1.to_string();
    assert_eq!(report, expected);
}
