//! A predicate as text: the `WHERE` of an SQL query, which reads back to the same predicate.

use std::fmt::{self, Write};

use super::condition::{Anniversary, Comparison, Condition, Letters, Operand, Pattern, Place, Source, Test};
use super::predicate::{Node, Predicate};
use super::value::{Relative, Value};

/// Words that stand for something in rule text, and as names of features are quoted.
pub(crate) const RESERVED: &[&str] = &[
    "active_periods",
    "and",
    "anniversary_in_days",
    "anniversary_this_month",
    "as_of",
    "avg",
    "between",
    "bottom",
    "bucket",
    "count",
    "date",
    "day",
    "escape",
    "false",
    "first_time",
    "ilike",
    "in",
    "in_segment",
    "interval",
    "is",
    "last_time",
    "like",
    "max",
    "min",
    "month",
    "not",
    "null",
    "or",
    "percentile",
    "same",
    "score",
    "sequence",
    "sum",
    "timestamp",
    "top",
    "true",
    "where",
    "within",
];

impl fmt::Display for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Children stand before their parent, and text begins with the parent's: so from the end, with what is still
        // to be written on a stack.
        enum Step<'p> {
            Node(usize),
            Text(&'static str),
            Points(i32),
            Least(i64),
            Whole(&'p Node),
        }
        let nodes = self.nodes();
        let children = children_of(nodes);
        let mut steps = vec![Step::Node(nodes.len() - 1)];
        while let Some(step) = steps.pop() {
            let index = match step {
                Step::Text(text) => {
                    f.write_str(text)?;
                    continue;
                }
                Step::Points(points) => {
                    write!(f, "{points}, ")?;
                    continue;
                }
                Step::Least(least) => {
                    write!(f, ") >= {least}")?;
                    continue;
                }
                Step::Whole(node) => {
                    leaf(node, f)?;
                    continue;
                }
                Step::Node(index) => index,
            };
            let own = &children[index];
            // What has to be written first is pushed last.
            let mut after: Vec<Step<'_>> = Vec::new();
            let child = |after: &mut Vec<Step<'_>>, child: usize, parent: &Node| {
                let inner = matches!(&nodes[child], Node::All(2..) | Node::Any(2..))
                    && !matches!(parent, Node::Score(_));
                if inner {
                    after.push(Step::Text("("));
                }
                after.push(Step::Node(child));
                if inner {
                    after.push(Step::Text(")"));
                }
            };
            match &nodes[index] {
                node @ (Node::Condition(_) | Node::Segment(_)) => after.push(Step::Whole(node)),
                Node::All(0) => after.push(Step::Text("TRUE")),
                Node::Any(0) => after.push(Step::Text("FALSE")),
                node @ Node::Not => {
                    after.push(Step::Text("NOT "));
                    child(&mut after, own[0], node);
                }
                node @ (Node::All(_) | Node::Any(_)) => {
                    let joint = if matches!(node, Node::All(_)) { " AND " } else { " OR " };
                    for (position, own) in own.iter().enumerate() {
                        if position > 0 {
                            after.push(Step::Text(joint));
                        }
                        child(&mut after, *own, node);
                    }
                }
                node @ Node::Score(score) => {
                    after.push(Step::Text("SCORE("));
                    for (position, (own, points)) in own.iter().zip(&score.points).enumerate() {
                        if position > 0 {
                            after.push(Step::Text(", "));
                        }
                        after.push(Step::Points(*points));
                        child(&mut after, *own, node);
                    }
                    after.push(Step::Least(score.least));
                }
            }
            steps.extend(after.into_iter().rev());
        }
        Ok(())
    }
}

/// The positions of each node's children, first child first.
pub(crate) fn children_of(nodes: &[Node]) -> Vec<Vec<usize>> {
    let mut open: Vec<usize> = Vec::new();
    let mut children = Vec::with_capacity(nodes.len());
    for (index, node) in nodes.iter().enumerate() {
        children.push(open.split_off(open.len() - node.children()));
        open.push(index);
    }
    children
}

fn leaf(node: &Node, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match node {
        Node::Condition(condition) => write!(f, "{condition}"),
        Node::Segment(name) => write!(f, "IN_SEGMENT({})", Quoted(name)),
        _ => Ok(()),
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let source = &self.source;
        match &self.test {
            Test::Compare(comparison, value) => write!(f, "{source} {comparison} {value}"),
            Test::Between(low, high) => write!(f, "{source} BETWEEN {low} AND {high}"),
            Test::In(values) => {
                write!(f, "{source} IN (")?;
                for (position, value) in values.iter().enumerate() {
                    write!(f, "{}{value}", if position > 0 { ", " } else { "" })?;
                }
                f.write_char(')')
            }
            Test::Matches(pattern) => write!(f, "{source} {pattern}"),
            Test::Missing => write!(f, "{source} IS NULL"),
            Test::Present => write!(f, "{source} IS NOT NULL"),
            Test::Anniversary(Anniversary::ThisMonth) => write!(f, "ANNIVERSARY_THIS_MONTH({source})"),
            Test::Anniversary(Anniversary::NextDays(days)) => {
                write!(f, "ANNIVERSARY_IN_DAYS({source}, {days})")
            }
        }
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Feature(name) => write!(f, "{}", Name(name)),
            Self::Bucket(salt) => write!(f, "BUCKET({})", Quoted(salt)),
            Self::Behaviour(behaviour) => write!(f, "{behaviour}"),
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
        })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `%`, `_` and the sign that takes their meaning away stand for themselves behind that sign.
        let mut text = String::new();
        for letter in self.text.chars() {
            if matches!(letter, '%' | '_' | '\\') {
                text.push('\\');
            }
            text.push(letter);
        }
        let escaped = text.len() > self.text.len();
        let (before, after) = match self.place {
            Place::Anywhere => ("%", "%"),
            Place::Start => ("", "%"),
            Place::End => ("%", ""),
            Place::Whole => ("", ""),
        };
        let how = if self.letters == Letters::AnyCase { "ILIKE" } else { "LIKE" };
        write!(f, "{how} {}", Quoted(&format!("{before}{text}{after}")))?;
        f.write_str(if escaped { " ESCAPE '\\'" } else { "" })
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "{}", Quoted(text)),
            Self::Flag(flag) => f.write_str(if *flag { "TRUE" } else { "FALSE" }),
            Self::Date(date) => write!(f, "TIMESTAMP {}", Quoted(date)),
            Self::Relative(moment) => write!(f, "{moment}"),
            Self::Percentile(percentile) => write!(f, "PERCENTILE({percentile})"),
            Self::Top(customers) => write!(f, "TOP({customers})"),
            Self::Bottom(customers) => write!(f, "BOTTOM({customers})"),
        }
    }
}

impl fmt::Display for Relative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, unit) = match self {
            Self::Days(0) => return f.write_str("AS_OF"),
            Self::Days(days) => (*days, "DAY"),
            Self::Months(months) => (*months, "MONTH"),
        };
        let sign = if count < 0 { '-' } else { '+' };
        write!(f, "AS_OF {sign} INTERVAL '{}' {unit}", count.unsigned_abs())
    }
}

/// A text in single quotes.
pub(crate) struct Quoted<'t>(pub(crate) &'t str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}'", self.0.replace('\'', "''"))
    }
}

/// The name of a feature: bare where that cannot be misread, otherwise in double quotes.
pub(crate) struct Name<'t>(pub(crate) &'t str);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let begins = self.0.starts_with(|first: char| first.is_ascii_lowercase() || first == '_');
        let goes_on =
            self.0.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        if begins && goes_on && RESERVED.binary_search(&self.0).is_err() {
            f.write_str(self.0)
        } else {
            write!(f, "\"{}\"", self.0.replace('"', "\"\""))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segment::rules::{bucket, feature, segment};

    #[test]
    fn reserved_words_ascend() {
        assert!(RESERVED.is_sorted());
    }

    #[test]
    fn texts_of_every_test() {
        let texts = [
            (feature("a").eq(1), "a = 1"),
            (feature("Größe").ne(-0.5), "\"Größe\" <> -0.5"),
            (feature("count").lt(true), "\"count\" < TRUE"),
            (feature("a").le("it's"), "a <= 'it''s'"),
            (feature("a").between(1, 2), "a BETWEEN 1 AND 2"),
            (feature("a").is_not_in(["x"]), "NOT a IN ('x')"),
            (feature("a").contains("5%"), "a LIKE '%5\\%%' ESCAPE '\\'"),
            (feature("a").any_case().starts_with("x"), "a ILIKE 'x%'"),
            (feature("a").is_missing(), "a IS NULL"),
            (feature("a").within_months(2), "a >= AS_OF - INTERVAL '2' MONTH AND a < AS_OF"),
            (feature("a").before("2026-01-31"), "a < TIMESTAMP '2026-01-31'"),
            (feature("a").anniversary_in_days(14), "ANNIVERSARY_IN_DAYS(a, 14)"),
            (feature("a").above_percentile(90.0), "a > PERCENTILE(90)"),
            (feature("a").top(10), "a >= TOP(10)"),
            (bucket("s").lt(0.1), "BUCKET('s') < 0.1"),
            (segment("x").or(Predicate::everyone()), "IN_SEGMENT('x') OR TRUE"),
        ];
        for (predicate, text) in texts {
            assert_eq!(predicate.to_string(), text);
        }
    }

    #[test]
    fn parentheses_stand_where_the_meaning_needs_them() {
        let [a, b, c] = ["a", "b", "c"].map(|name| feature(name).is_yes());
        let either = a.clone().or(b.clone());
        assert_eq!(either.clone().and(c.clone()).to_string(), "(a = TRUE OR b = TRUE) AND c = TRUE");
        assert_eq!((!either.clone()).to_string(), "NOT (a = TRUE OR b = TRUE)");
        let score = Predicate::score([(2, either), (-1, !c)], 2);
        assert_eq!((!score).to_string(), "NOT SCORE(2, a = TRUE OR b = TRUE, -1, NOT c = TRUE) >= 2");
        assert_eq!(a.clone().and(b.clone().and(a.clone())), a.clone().and(b).and(a));
    }

    #[test]
    fn a_hundred_thousand_levels_are_like_any_other() {
        let mut predicate = feature("a").is_yes();
        for level in 0..100_000 {
            let other = feature("b").is_yes();
            predicate = if level % 2 == 0 { predicate.and(other) } else { !predicate.or(other) };
        }
        assert_eq!(predicate.depth(), 150_000);
        assert_eq!(predicate.clone().to_string().matches(" = ").count(), 100_001);
        assert_eq!(predicate.required_features(), ["a", "b"]);
    }
}
