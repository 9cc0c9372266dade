//! The workloads on a small seeded sample, checked against a plain computation.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::Failure;
use crate::features::{Raw, agreement, extract};

pub(crate) fn check_all() -> Result<(), Failure> {
    check_features()?;
    println!("1 passed, 0 failed");
    Ok(())
}

/// A small generator: the quality of its numbers does not matter here.
fn numbers(seed: u64) -> impl FnMut(u64) -> u64 {
    let mut state = seed;
    move |below| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    }
}

fn check_features() -> Result<(), Failure> {
    let mut draw = numbers(1);
    let rows = 50_000_usize;
    let mut column = |below: u64| (0..rows).map(|_| draw(below)).collect::<Vec<u64>>();
    let raw = Raw {
        customer: column(4_000).iter().map(|n| n.wrapping_mul(0x9E37_79B9_7F4A_7C15)).collect(),
        order: column(20_000),
        seconds: (0..rows as i64).map(|row| 1_672_531_200 + row).collect(),
        quantity: column(4).iter().map(|n| 1 + *n as i32).collect(),
        unit_price: column(9_900).iter().map(|n| (100 + n) as f64 / 100.0).collect(),
        discount: column(50).iter().map(|n| *n as f64 / 100.0).collect(),
        returned: column(2).iter().map(|n| *n as i32).collect(),
        category: column(40).iter().map(|n| *n as i16).collect(),
        channel: column(5).iter().map(|n| *n as i8).collect(),
    };
    let found = agreement(&extract(&raw.log(raw.ids())?)?)?;

    let mut cents: BTreeMap<u64, BTreeMap<i16, i64>> = BTreeMap::new();
    let mut orders = BTreeSet::new();
    let mut total = 0;
    for row in 0..rows {
        let value = i64::from(raw.quantity[row]) * (raw.unit_price[row] * 100.0).round() as i64;
        total += value;
        orders.insert((raw.customer[row], raw.order[row]));
        *cents.entry(raw.customer[row]).or_default().entry(raw.category[row]).or_default() += value;
    }
    // Of equal sums the first by text wins, so levels are compared by their digits.
    let top = |sums: &BTreeMap<i16, i64>| {
        sums.iter().map(|(category, sum)| (*sum, Reverse(category.to_string()), *category)).max()
    };
    let tops = cents.values().filter_map(top).map(|(_, _, category)| i64::from(category)).sum();
    let expected = (cents.len(), total as f64 / 100.0, orders.len() as u64, tops);
    if found == expected {
        Ok(())
    } else {
        Err(format!("features gave {found:?}, expected {expected:?}").into())
    }
}
