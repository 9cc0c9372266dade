//! The crate against the textbook, by every way there is to evaluate a rule.

use std::collections::BTreeSet;

use kohort::segment::{
    CustomerFeatures, CustomerFeaturesBuilder, FeatureValue, Matches, Predicate, Rules, RulesModel,
    Segmenter, Truth, Undecided, Waterfall,
};
use kohort::{CustomerId, Error, FeatureTable};

use super::stated::name;
use super::textbook::{Expr, Sheet, Textbook, Three};

pub(crate) type Found = Result<(), String>;

macro_rules! ensure {
    ($holds:expr, $($message:tt)+) => {
        if !$holds {
            return Err(format!($($message)+));
        }
    };
}

fn three(truth: Truth) -> Three {
    match truth {
        Truth::True => Some(true),
        Truth::False => Some(false),
        Truth::Unknown => None,
    }
}

/// Compares what was found for each row; holds, unknown and fails have each row once.
pub(crate) fn same(what: &str, matches: &Matches, expected: &[Three]) -> Found {
    let [holds, unknown, fails] = [matches.holds().clone(), matches.unknown(), matches.fails()];
    ensure!(holds.count() + unknown.count() + fails.count() == expected.len(), "{what}: not every row once");
    for (row, expected) in expected.iter().enumerate() {
        let found = three(matches.truth(row));
        ensure!(found == *expected, "{what}: row {row} is {found:?}, the textbook says {expected:?}");
        let bits = [holds.get(row), unknown.get(row), fails.get(row)];
        let sides = [*expected == Some(true), expected.is_none(), *expected == Some(false)];
        ensure!(bits == sides, "{what}: row {row} has masks {bits:?}, expected {sides:?}");
    }
    Ok(())
}

/// A customer of a table as a request would have her: what is missing is only said to be missing.
fn by_hand(table: &FeatureTable, customer: &CustomerId) -> CustomerFeatures {
    let own = CustomerFeatures::of(table, customer).unwrap();
    let begun = CustomerFeatures::builder().id(customer.clone()).as_of(own.as_of().unwrap().clone());
    let add = |builder: CustomerFeaturesBuilder, name: &str| match own.value(name).unwrap() {
        None => builder.missing(name),
        Some(FeatureValue::Count(count)) => builder.count(name, *count),
        Some(FeatureValue::Number(number)) => builder.number(name, *number),
        Some(FeatureValue::Money(amount)) => builder.money(name, *amount),
        Some(FeatureValue::Time(time)) => builder.time(name, *time),
        Some(FeatureValue::Text(text)) => builder.text(name, text),
        Some(other) => panic!("{other:?}"),
    };
    table.names().fold(begun, add).build().unwrap()
}

fn built(rules: &[Expr], order: &[usize]) -> Rules {
    let add = |builder: kohort::segment::RulesBuilder, rule: &usize| {
        builder.rule(name(*rule), rules[*rule].predicate())
    };
    order.iter().fold(Rules::builder(), add).build().unwrap()
}

/// Fits on one sheet and evaluates on another, in every way; looks at `rows` customers one by one.
pub(crate) fn agrees(
    fitted: &Sheet,
    sheet: &Sheet,
    (rules, order): &(Vec<Expr>, Vec<usize>),
    rows: usize,
) -> Found {
    let stated = built(rules, order);
    let (past, table) = (fitted.table(), sheet.table());
    let nothing_to_learn = rules.iter().flat_map(Expr::asks).any(|(column, ask)| {
        let cells = fitted.cells(column);
        ask.is_learned() && (0..fitted.len()).all(|row| cells.cell(row).is_none())
    });
    let model = match stated.fit(&past) {
        Ok(model) => model,
        Err(Error::Empty { .. }) if nothing_to_learn => return Ok(()),
        Err(error) => return Err(format!("{error} of\n{stated}")),
    };
    ensure!(!nothing_to_learn, "something was learned of no value");
    let textbook = Textbook::new(fitted, sheet, rules);
    let expected: Vec<Vec<Three>> =
        rules.iter().map(|rule| (0..sheet.len()).map(|row| textbook.truth(rule, row)).collect()).collect();
    in_batch(rules, order, &model, &table, &expected)?;
    // Alone, a predicate learns from the table that it is asked of.
    let own = Textbook::new(sheet, sheet, rules);
    let learns = |rule: &Expr| {
        rule.asks().iter().any(|(column, ask)| {
            ask.is_learned() && {
                let cells = sheet.cells(column);
                (0..sheet.len()).all(|row| cells.cell(row).is_none())
            }
        })
    };
    for rule in rules.iter().filter(|rule| !rule.refers() && !learns(rule)) {
        let expected: Vec<Three> = (0..sheet.len()).map(|row| own.truth(rule, row)).collect();
        let predicate = rule.predicate();
        same(&format!("alone: {predicate}"), &predicate.evaluate(&table).unwrap(), &expected)?;
    }
    read_again(rules, order, &model, &past, &table)?;
    one_by_one(rules, order, &model, &table, &expected, rows)?;
    in_steps(rules, order, &past, &table, &expected, rows)
}

fn in_batch(
    rules: &[Expr],
    order: &[usize],
    model: &RulesModel,
    table: &FeatureTable,
    expected: &[Vec<Three>],
) -> Found {
    let audiences = model.evaluate(table).map_err(|error| error.to_string())?;
    ensure!(
        audiences.names().iter().eq(order.iter().map(|rule| name(*rule)).collect::<Vec<_>>().iter()),
        "names"
    );
    for (rule, expected) in expected.iter().enumerate() {
        let own = name(rule);
        let what = format!("in batch: {own}: {}", model.rules().predicate(&own).unwrap());
        same(&what, audiences.matches(&own).unwrap(), expected)?;
        let size = expected.iter().filter(|truth| **truth == Some(true)).count();
        ensure!(audiences.size(&own).unwrap() == size as u64, "{what}: size");
        ensure!(audiences.members(&own).unwrap().len() == size, "{what}: members");
    }
    // What two audiences share, counted in pairs.
    let overlap = audiences.overlap();
    for (i, left) in order.iter().enumerate() {
        for (j, right) in order.iter().enumerate() {
            let both = expected[*left].iter().zip(&expected[*right]);
            let both = both.filter(|(a, b)| **a == Some(true) && **b == Some(true)).count();
            ensure!(overlap.counts[i][j] == both as u64, "overlap of {left} and {right}");
        }
    }
    // The same from fewer rules, in the other order.
    let mut needed: BTreeSet<usize> = BTreeSet::from([rules.len() - 1]);
    for rule in (0..rules.len()).rev() {
        if needed.contains(&rule) {
            let referred = rules[rule].predicate();
            needed.extend((0..rule).filter(|other| referred.segments().contains(&name(*other).as_str())));
        }
    }
    let few: Vec<usize> = needed.into_iter().rev().collect();
    let learned = rules.iter().flat_map(Expr::asks).any(|(_, ask)| ask.is_learned());
    if few.len() < rules.len() && !learned {
        let audiences = built(rules, &few).fit(table).unwrap().evaluate(table).unwrap();
        for rule in few {
            same("among fewer rules", audiences.matches(&name(rule)).unwrap(), &expected[rule])?;
        }
    }
    Ok(())
}

/// Predicates that were printed or stored, and read again; and the same of a whole model.
fn read_again(
    rules: &[Expr],
    order: &[usize],
    model: &RulesModel,
    past: &FeatureTable,
    table: &FeatureTable,
) -> Found {
    let read = |predicate: &Predicate| {
        let json = serde_json::to_string(predicate).map_err(|error| error.to_string())?;
        let again: Vec<Result<Predicate, String>> = vec![
            serde_json::from_str(&json).map_err(|error| format!("{error} in {json}")),
            #[cfg(feature = "sql")]
            predicate.to_string().parse().map_err(|error: Error| format!("{error} in {predicate}")),
        ];
        again.into_iter().collect::<Result<Vec<Predicate>, String>>()
    };
    let mut again = vec![Rules::builder(); if cfg!(feature = "sql") { 2 } else { 1 }];
    for rule in order {
        let predicate = rules[*rule].predicate();
        for (read, builder) in read(&predicate)?.into_iter().zip(&mut again) {
            ensure!(read == predicate, "{predicate} was read as {read}");
            *builder = std::mem::take(builder).rule(name(*rule), read);
        }
    }
    let expected = model.evaluate(table).map_err(|error| error.to_string())?;
    for builder in again {
        let found = builder.build().and_then(|rules| rules.fit(past)?.evaluate(table));
        ensure!(
            found.is_ok_and(|found| found == expected),
            "read again, the rules say something else:\n{:?}",
            model.rules()
        );
    }
    let stored = serde_json::to_string(model).map_err(|error| error.to_string())?;
    let loaded: RulesModel = serde_json::from_str(&stored).map_err(|error| format!("{error} in {stored}"))?;
    ensure!(loaded == *model, "a model was stored and loaded as another: {stored}");
    ensure!(
        loaded.evaluate(table).is_ok_and(|found| found == expected),
        "a loaded model says something else: {stored}"
    );
    Ok(())
}

fn one_by_one(
    rules: &[Expr],
    order: &[usize],
    model: &RulesModel,
    table: &FeatureTable,
    expected: &[Vec<Three>],
    rows: usize,
) -> Found {
    let compiled = model.one_by_one();
    for (row, id) in table.ids().iter().enumerate().take(rows) {
        for customer in [CustomerFeatures::of(table, &id).unwrap(), by_hand(table, &id)] {
            let found = compiled.evaluate(&customer).map_err(|error| format!("one by one: {error}"))?;
            ensure!(found == model.evaluate_one(&customer).unwrap(), "two answers for one customer");
            for ((name_found, truth), rule) in found.into_iter().zip(order) {
                let what = || format!("row {row} of {}, one by one", rules[*rule].predicate());
                ensure!(name_found == name(*rule), "{}: name", what());
                ensure!(three(truth) == expected[*rule][row], "{} is {truth:?}", what());
                ensure!(compiled.truth_of(&customer, &name(*rule)).unwrap() == truth, "{}: by name", what());
                ensure!(model.truth_of(&customer, &name(*rule)).unwrap() == truth, "{}: by name", what());
                if !rules[*rule].refers() && !rules[*rule].asks().iter().any(|(_, ask)| ask.is_learned()) {
                    let alone =
                        rules[*rule].predicate().truth_of(&customer).map_err(|error| error.to_string())?;
                    ensure!(alone == truth, "{}: alone", what());
                }
            }
        }
    }
    Ok(())
}

fn in_steps(
    rules: &[Expr],
    order: &[usize],
    past: &FeatureTable,
    table: &FeatureTable,
    expected: &[Vec<Three>],
    rows: usize,
) -> Found {
    let (rest, unclear) = (order.len(), order.len() + 1);
    for undecided in [Undecided::GoOn, Undecided::Segment("unclear".to_owned())] {
        let stops = undecided != Undecided::GoOn;
        let begun = Waterfall::builder().rest("others").undecided(undecided);
        let add = |builder: kohort::segment::WaterfallBuilder, rule: &usize| {
            builder.step(name(*rule), rules[*rule].predicate())
        };
        let model = order.iter().fold(begun, add).build().unwrap().fit(past).unwrap();
        let segments = model.segment(table).map_err(|error| error.to_string())?;
        let mut sizes = vec![0_u64; segments.names().len()];
        let of_row = |row: usize| order.iter().map(move |rule| expected[*rule][row]);
        for (row, id) in table.ids().iter().enumerate() {
            let mut place = rest;
            for (step, truth) in of_row(row).enumerate() {
                match truth {
                    Some(true) => place = step,
                    None if stops => place = unclear,
                    _ => continue,
                }
                break;
            }
            sizes[place] += 1;
            ensure!(
                segments.position(row) == Some(place),
                "row {row} ends in {:?}, not {place}",
                segments.position(row)
            );
            if row < rows {
                let customer = by_hand(table, &id);
                let alone = model.segment_of(&customer).map_err(|error| error.to_string())?;
                ensure!(alone == segments.names()[place], "row {row} alone ends in {alone}");
            }
        }
        ensure!(segments.sizes() == sizes && sizes.iter().sum::<u64>() == table.len() as u64, "sizes");
        ensure!(segments.unassigned() == 0, "somebody is nowhere");
    }
    Ok(())
}
