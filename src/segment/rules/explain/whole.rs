//! Which change of one feature alone changes the outcome of the whole.
//!
//! A condition that comes out otherwise need not change the whole, and a feature that changes for one condition changes for
//! all that look at it. So values around the bounds of all conditions on a feature are tried on the whole, the nearest
//! first: between two of those bounds nothing changes.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::Change;
use super::nearest::{candidates, sort_by_distance};
use super::needs::Needs;
use super::tell::Teller;
use super::words;
use crate::error::Result;
use crate::segment::rules::check::Check;
use crate::segment::rules::one_by_one::Step;
use crate::segment::rules::{FeatureValue, Truth};

/// How many values are tried for one explanation at most, so that rules of many thousand conditions are explained too.
const MOST_TRIED: usize = 4_096;

/// The least change of each feature that alone changes the outcome.
pub(super) fn changes(teller: &Teller<'_>) -> Result<Vec<Change>> {
    let truth = teller.truths[teller.position];
    let mut by_feature: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for rule in (0..teller.needed.len()).filter(|rule| teller.needed[*rule]) {
        for step in teller.one.steps(rule) {
            if let Step::Condition(at) = step
                && let Some(feature) = teller.one.conditions()[*at].condition.source.column()
            {
                by_feature.entry(feature).or_default().push(*at);
            }
        }
    }
    // As long as the conditions stay on which yes or no rests, nothing else changes it. Unknown rests on all.
    if truth != Truth::Unknown {
        let decisive = teller.decisive_conditions();
        let decisive: BTreeSet<&str> =
            decisive.filter_map(|at| teller.one.conditions()[at].condition.source.column()).collect();
        by_feature.retain(|feature, _| decisive.contains(feature));
    }
    let mut changes = Vec::new();
    let mut tries = MOST_TRIED;
    for (feature, conditions) in by_feature {
        changes.extend(changes_of(teller, feature, &conditions, &mut tries)?);
    }
    Ok(changes)
}

/// The least changes of one feature.
fn changes_of(
    teller: &Teller<'_>,
    feature: &str,
    conditions: &[usize],
    tries: &mut usize,
) -> Result<Vec<Change>> {
    let (one, customer) = (teller.one, teller.customer);
    let shape = teller.shape(feature)?;
    let present = customer.value(feature)?;
    let mut checks: BTreeMap<usize, Cow<'_, Check>> = BTreeMap::new();
    for at in conditions {
        match one.conditions()[*at].check(Some(shape.kind()), customer.as_of(), one.cuts()) {
            Ok(check) => checks.insert(*at, check),
            // Conditions on a missing value that no value could meet together.
            Err(_) => return Ok(Vec::new()),
        };
    }
    let mut values: Vec<Option<FeatureValue>> = checks
        .values()
        .flat_map(|check| [true, false].map(|wanted| candidates(check, shape, present, wanted)))
        .flatten()
        .collect();
    sort_by_distance(&mut values, present);
    let mut seen = BTreeSet::new();
    values.retain(|value| value.as_ref() != present && seen.insert(key(value.as_ref())));

    let mut wanted = vec![Truth::True, Truth::False];
    wanted.retain(|wanted| *wanted != teller.truths[teller.position]);
    let mut changes = Vec::new();
    for value in values {
        if wanted.is_empty() || *tries == 0 {
            break;
        }
        *tries -= 1;
        let given = value.as_ref().map(FeatureValue::given);
        let truth = |at: usize| Ok(checks.get(&at).map_or(teller.conditions[at], |check| check.truth(given)));
        let becomes = one.run(&teller.needed, truth, |_, _, _| {})?[teller.position];
        if wanted.contains(&becomes) {
            wanted.retain(|wanted| *wanted != becomes);
            let text = text(teller, feature, &checks, value.as_ref(), becomes);
            let (feature, from) = (feature.to_owned(), present.cloned());
            changes.push(Change { feature, from, to: value, becomes, text });
        }
    }
    // The way in before the way out.
    changes.sort_by_key(|change| std::cmp::Reverse(change.becomes));
    Ok(changes)
}

/// A change in words. Where one condition alone looks at the feature, all values do for which it comes out the same.
fn text(
    teller: &Teller<'_>,
    feature: &str,
    checks: &BTreeMap<usize, Cow<'_, Check>>,
    value: Option<&FeatureValue>,
    becomes: Truth,
) -> String {
    let zone = teller.zone();
    let conditions = teller.one.conditions();
    let mut own = checks.iter().map(|(at, check)| (&conditions[*at].condition, check));
    let sole = own.next().filter(|(first, _)| own.all(|(other, _)| other == *first));
    let given = value.map(FeatureValue::given);
    let were = match (sole, value) {
        (Some((condition, check)), Some(value)) => {
            let holds = check.truth(given).is_true();
            words::needs(&Needs::of(condition, check, value.shape(), holds), &zone)
        }
        (None, Some(value)) => words::text(value, &zone),
        (_, None) => "missing".to_owned(),
    };
    let becomes = if becomes.is_true() { "in" } else { "out" };
    format!("{becomes} if {feature} were {were}")
}

/// What tells values apart.
fn key(value: Option<&FeatureValue>) -> (u64, String) {
    match value {
        None => (0, String::new()),
        Some(FeatureValue::Count(whole) | FeatureValue::Time(whole)) => {
            (whole.cast_unsigned(), "whole".to_owned())
        }
        Some(FeatureValue::Money(amount)) => (amount.ten_thousandths().cast_unsigned(), "money".to_owned()),
        Some(FeatureValue::Number(number)) => (number.to_bits(), "number".to_owned()),
        Some(FeatureValue::Text(text)) => (1, format!("text {text}")),
    }
}
