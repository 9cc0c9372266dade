//! What is wrong with a predicate whatever the table: found once, when rules are built.

use super::condition::{Anniversary, Comparison, Condition, Source, Test};
use super::predicate::{Node, Predicate};
use super::text::children_of;
use super::value::Value;
use crate::error::{Error, Result};
use crate::transaction::{AsOf, Zone};

impl Predicate {
    /// The most levels of *and*, *or*, *not* and points ([`depth`](Self::depth)) that rules may have: 32. Text and JSON that
    /// nest deeper are refused, and so are rules, so that whatever was built can be stored and read again.
    ///
    /// JSON readers stop at 128 values inside each other. A level is up to three of them (a score, its list, an entry), a
    /// behaviour is eight more, and there has to be room for what a predicate stands in.
    pub const MAX_DEPTH: usize = 32;

    /// Checks each condition and the depth.
    ///
    /// # Errors
    /// [`Error::Setting`] that names the condition.
    pub(crate) fn check(&self) -> Result<()> {
        let depth = self.depth();
        if depth > Self::MAX_DEPTH {
            return Err(Error::Setting {
                setting: "rule",
                found: format!("a predicate of {depth} levels"),
                expected: "at most 32 levels; name a part of it as a rule of its own and refer to that",
            });
        }
        let nodes = self.nodes();
        let children = children_of(nodes);
        for (node, children) in nodes.iter().zip(&children) {
            match node {
                Node::Condition(condition) => condition.check()?,
                Node::All(_) => {
                    for pair in children.windows(2) {
                        check_window(&nodes[pair[0]], &nodes[pair[1]])?;
                    }
                }
                Node::Score(score) if score.points.is_empty() => {
                    return Err(Error::Setting {
                        setting: "score",
                        found: "no condition".to_owned(),
                        expected: "at least one condition with points",
                    });
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl Condition {
    fn check(&self) -> Result<()> {
        let refused =
            |setting, expected| Err(Error::Setting { setting, found: format!("`{self}`"), expected });
        if let Source::Behaviour(behaviour) = &self.source {
            behaviour.check()?;
        }
        if self.source.column().is_some_and(|column| column.trim().is_empty()) {
            return refused("feature", "the name of a feature");
        }
        match &self.test {
            Test::Compare(comparison, value) => {
                let equality = matches!(comparison, Comparison::Equal | Comparison::NotEqual);
                if matches!(value, Value::Flag(_)) && !equality {
                    return refused("flag", "yes or no, compared by `=` or `<>`");
                }
            }
            Test::Between(low, high) => {
                if starts_after_it_ends(low, high) {
                    return refused("between", "a lower bound that is not above the upper one");
                }
            }
            Test::In(values) => {
                if values.is_empty() {
                    return refused("in", "at least one value");
                }
                let texts = values.iter().all(|value| matches!(value, Value::Text(_)));
                let numbers = values.iter().all(|value| matches!(value, Value::Number(_)));
                if !(texts || numbers) {
                    return refused("in", "numbers alone, or texts alone");
                }
            }
            Test::Anniversary(Anniversary::NextDays(0)) => return refused("days", "at least 1 day"),
            Test::Matches(_) | Test::Missing | Test::Present | Test::Anniversary(_) => {}
        }
        for value in self.test.values() {
            match value {
                value if value.is_learned() && matches!(self.source, Source::Bucket(_)) => {
                    return refused(
                        "bucket",
                        "a number from 0 to 1, of which a bucket is a percentile already",
                    );
                }
                Value::Number(number) if !number.is_finite() => return refused("number", "a finite number"),
                Value::Percentile(percentile)
                    if !(percentile.is_finite() && (0.0..=100.0).contains(percentile)) =>
                {
                    return refused("percentile", "a percentile from 0 to 100");
                }
                Value::Top(0) | Value::Bottom(0) => return refused("top", "at least 1 customer"),
                Value::Date(date) => AsOf::date(date, &Zone::utc()).map(|_| ())?,
                _ => {}
            }
        }
        Ok(())
    }
}

/// Refuses a window of time that is empty: *from* one moment on and, beside it, *before* one that is not later. Ranges of
/// numbers may be empty, and hold for nobody.
fn check_window(from: &Node, until: &Node) -> Result<()> {
    let (Node::Condition(from), Node::Condition(until)) = (from, until) else { return Ok(()) };
    let (Test::Compare(Comparison::AtLeast, low), Test::Compare(Comparison::Less, high)) =
        (&from.test, &until.test)
    else {
        return Ok(());
    };
    let moments =
        matches!((low, high), (Value::Relative(_), Value::Relative(_)) | (Value::Date(_), Value::Date(_)));
    if from.source == until.source && moments && (low == high || starts_after_it_ends(low, high)) {
        return Err(Error::Setting {
            setting: "window",
            found: format!("`{from} AND {until}`"),
            expected: "a window that ends after it begins",
        });
    }
    Ok(())
}

/// Whether nothing lies between two values, which is never what was meant.
fn starts_after_it_ends(low: &Value, high: &Value) -> bool {
    match (low, high) {
        (Value::Number(low), Value::Number(high)) | (Value::Percentile(low), Value::Percentile(high)) => {
            low > high
        }
        (Value::Text(low), Value::Text(high)) => low > high,
        (Value::Relative(low), Value::Relative(high)) => low.days_at_least() > high.days_at_most(),
        (Value::Date(low), Value::Date(high)) => {
            let micros = |date| AsOf::date(date, &Zone::utc()).map(|date| date.micros());
            micros(low).is_ok_and(|low| micros(high).is_ok_and(|high| low > high))
        }
        _ => false,
    }
}
