//! A behaviour as text: the same as in the text of rules, which reads it back.

use std::fmt;

use super::deed::{Deed, Total, View};
use super::selection::{Filter, Limit, Named, Selection, Side};
use super::{Behaviour, What};
use crate::features::computed::{Aggregate, EventAggregate, Pass};
use crate::transaction::Window;

impl fmt::Display for Behaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.what.fmt(f)
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Orders(deed, aggregate) => {
                let (total, number) = order_total(*aggregate);
                write!(f, "{total}({})", Of { deed: View::Orders(deed), number })
            }
            Self::Events(deed, aggregate) => {
                let (total, number) = event_total(*aggregate);
                write!(f, "{total}({})", Of { deed: View::Events(deed), number })
            }
            Self::ActivePeriods(own) => {
                write!(f, "ACTIVE_PERIODS({}, {}, '{}d')", own.deed, own.periods, own.days)
            }
            Self::Sequence(own) => {
                write!(f, "SEQUENCE({}, {}, '{}d'", own.first, own.then, own.days)?;
                if let Some(same) = own.same {
                    write!(f, ", SAME {}", same.name())?;
                }
                f.write_str(")")
            }
        }
    }
}

/// How a deed over orders is summed up, and the number it is of.
pub(super) fn order_total(aggregate: Aggregate) -> (Total, Option<&'static str>) {
    match aggregate {
        Aggregate::Sum(number) => (Total::Sum, Some(number.name())),
        Aggregate::Average(number) => (Total::Average, Some(number.name())),
        Aggregate::Min(number) => (Total::Min, Some(number.name())),
        Aggregate::Max(number) => (Total::Max, Some(number.name())),
        Aggregate::First(_) => (Total::FirstTime, None),
        Aggregate::Last(_) => (Total::LastTime, None),
        Aggregate::Count | Aggregate::MostFrequent(_) | Aggregate::Distinct(_) => (Total::Count, None),
    }
}

/// How a deed over events is summed up, and the number it is of.
pub(super) fn event_total(aggregate: EventAggregate) -> (Total, Option<&'static str>) {
    match aggregate {
        EventAggregate::Sum => (Total::Sum, Some("value")),
        EventAggregate::Average => (Total::Average, Some("value")),
        EventAggregate::Min => (Total::Min, Some("value")),
        EventAggregate::Max => (Total::Max, Some("value")),
        EventAggregate::First(_) => (Total::FirstTime, None),
        EventAggregate::Last(_) => (Total::LastTime, None),
        EventAggregate::Count | EventAggregate::MostFrequent(_) | EventAggregate::Distinct(_) => {
            (Total::Count, None)
        }
    }
}

/// A deed, and the number that is asked for.
struct Of<'d> {
    deed: View<'d>,
    number: Option<&'static str>,
}

impl fmt::Display for Of<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.deed.source().to_uppercase())?;
        if let Some(number) = self.number {
            write!(f, ".{number}")?;
        }
        match self.deed {
            View::Events(deed) => deed.selection.fmt(f),
            View::Orders(deed) => deed.selection.fmt(f),
        }
    }
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Of { deed: self.view(), number: None }.fmt(f)
    }
}

impl<A: Named, N: Named> fmt::Display for Selection<A, N> {
    /// ` WHERE … AND … WITHIN …`, without what lets everything pass.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut joint = " WHERE ";
        for filter in &self.texts {
            write!(f, "{joint}{filter}")?;
            joint = " AND ";
        }
        for limit in &self.limits {
            write!(f, "{joint}{limit}")?;
            joint = " AND ";
        }
        if self.window != Window::all() {
            write!(f, " WITHIN '{}'", self.window.text())?;
        }
        Ok(())
    }
}

impl<A: Named> fmt::Display for Filter<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |text: &String| format!("'{}'", text.replace('\'', "''"));
        let name = self.attribute.name();
        match (self.pass, self.texts.as_slice()) {
            (Pass::Only, [text]) => write!(f, "{name} = {}", quoted(text)),
            (pass, texts) => {
                let how = if pass == Pass::Only { "IN" } else { "NOT IN" };
                write!(f, "{name} {how} ({})", texts.iter().map(quoted).collect::<Vec<_>>().join(", "))
            }
        }
    }
}

impl<N: Named> fmt::Display for Limit<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.side == Side::Least { ">=" } else { "<=" };
        write!(f, "{} {sign} {}", self.number.name(), self.value)
    }
}

#[cfg(test)]
mod tests {
    use crate::events::EventAttribute;
    use crate::features::{Behaviour, Number, Same};
    use crate::transaction::{Attribute, Window, Zone};

    #[test]
    fn texts_of_every_kind() {
        let clicks = || Behaviour::events(["clicked"]);
        let dates = Window::dates("2026-01-01", "2026-07-01", &Zone::utc()).unwrap();
        let texts = [
            (Behaviour::any_event().count(), "COUNT(EVENTS)"),
            (
                clicks().only(EventAttribute::Channel, ["sms", "email", "sms"]).at_least(10.0).count(),
                "COUNT(EVENTS WHERE kind = 'clicked' AND channel IN ('email', 'sms') AND value >= 10)",
            ),
            (
                Behaviour::any_event()
                    .except_kinds(["it's"])
                    .at_most(-0.0)
                    .within(Window::months_ago(6, 3))
                    .sum(),
                "SUM(EVENTS.value WHERE kind NOT IN ('it''s') AND value <= 0 WITHIN '6m_3m')",
            ),
            (
                Behaviour::orders().only(Attribute::Category, ["shoes"]).average(Number::Gross),
                "AVG(ORDERS.gross WHERE category = 'shoes')",
            ),
            (
                Behaviour::lines()
                    .at_most(Number::UnitPrice, 9.5)
                    .at_least(Number::Quantity, 2.0)
                    .min(Number::Paid),
                "MIN(LINES.paid WHERE quantity >= 2 AND unit_price <= 9.5)",
            ),
            (
                Behaviour::orders().within(dates).max(Number::Net),
                "MAX(ORDERS.net WITHIN '2026-01-01T00:00:00Z_2026-07-01T00:00:00Z')",
            ),
            (clicks().first_time(), "FIRST_TIME(EVENTS WHERE kind = 'clicked')"),
            (Behaviour::lines().last_time(), "LAST_TIME(LINES)"),
            (Behaviour::orders().active_periods(6, 30), "ACTIVE_PERIODS(ORDERS, 6, '30d')"),
            (
                clicks().then(Behaviour::lines().except(Attribute::Brand, ["x"]), 7),
                "SEQUENCE(EVENTS WHERE kind = 'clicked', LINES WHERE brand NOT IN ('x'), '7d')",
            ),
            (
                clicks().then_same(Same::Category, Behaviour::orders(), 7),
                "SEQUENCE(EVENTS WHERE kind = 'clicked', ORDERS, '7d', SAME category)",
            ),
        ];
        for (behaviour, text) in texts {
            assert_eq!(behaviour.to_string(), text);
        }
    }

    #[test]
    fn the_order_of_filters_and_texts_does_not_matter() {
        let one = Behaviour::orders().only(Attribute::Brand, ["b", "a"]).except(Attribute::Category, ["c"]);
        let other =
            Behaviour::orders().except(Attribute::Category, ["c", "c"]).only(Attribute::Brand, ["a", "b"]);
        assert_eq!(one, other);
        let dates =
            |zone| Window::dates("2026-01-01 00:00", "2026-02-01", &Zone::named(zone).unwrap()).unwrap();
        assert_ne!(one.clone().within(dates("UTC")), other.clone().within(dates("Europe/Berlin")));
        let written_otherwise =
            Window::dates("2026-01-01 01:00", "2026-02-01 01:00", &Zone::named("Europe/Berlin").unwrap())
                .unwrap();
        assert_eq!(one.within(dates("UTC")), other.within(written_otherwise));
    }
}
