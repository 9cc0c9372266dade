//! What customers did, as the beginning of a condition, and the questions that marketers ask about it.
//!
//! The questions are predicates over behaviours: counts, which are never missing, and times, which are missing where she
//! never did it, beside a condition that is then false. So each is true or false of everyone, and unknown of nobody.

use super::condition::Operand;
use super::predicate::Predicate;
use super::value::{Relative, Value, back};
use crate::features::{Behaviour, Deed};
use crate::transaction::{Window, WindowBounds};

/// What customers did, as the beginning of a condition: how often, where it is a deed, otherwise the behaviour's value.
///
/// ```
/// use kohort::features::{Behaviour, Number};
/// use kohort::segment::rules::did;
/// use kohort::{Attribute, Window};
///
/// let clicks = || Behaviour::events(["clicked"]).within(Window::days(30));
/// let keen = did(clicks()).at_least(3);
/// assert_eq!(keen.to_string(), "COUNT(EVENTS WHERE kind = 'clicked' WITHIN '30d') >= 3");
///
/// let unmoved = did(Behaviour::events(["sent"])).at_least(10).and(did(clicks()).never());
/// let on_shoes = did(Behaviour::orders().only(Attribute::Category, ["shoes"]).sum(Number::Gross)).ge(500);
/// let after_a_click = did(clicks().then(Behaviour::orders(), 7)).at_least(1);
/// # let _ = (unmoved, on_shoes, after_a_click);
/// ```
pub fn did(what: impl Into<Behaviour>) -> Operand {
    what.into().into()
}

impl Operand {
    /// At least so often.
    pub fn at_least(self, times: u32) -> Predicate {
        self.ge(times)
    }

    /// At most so often, or never.
    pub fn at_most(self, times: u32) -> Predicate {
        self.le(times)
    }

    /// Exactly so often.
    pub fn exactly(self, times: u32) -> Predicate {
        self.eq(times)
    }

    /// Not once.
    pub fn never(self) -> Predicate {
        self.exactly(0)
    }

    /// A time in a window.
    pub fn within(self, window: &Window) -> Predicate {
        let ago = |from: Relative, until: Relative| (Value::Relative(from), Value::Relative(until));
        let (from, until) = match window.bounds() {
            WindowBounds::All => return self.lt(Relative::Days(0)),
            WindowBounds::Days(from, until) => ago(Relative::Days(back(from)), Relative::Days(back(until))),
            WindowBounds::Months(from, until) => {
                let until = if until == 0 { Relative::Days(0) } else { Relative::Months(back(until)) };
                ago(Relative::Months(back(from)), until)
            }
            WindowBounds::Instants(from, until) => (Value::Date(from), Value::Date(until)),
        };
        self.from_until(from, until)
    }
}

/// Did it for the first time in a window. False of who never did. Where the deed has a window of its own, what was before
/// that does not count.
///
/// ```
/// use kohort::Window;
/// use kohort::features::Behaviour;
/// use kohort::segment::rules::first_did;
///
/// let new = first_did(Behaviour::orders(), &Window::days(90));
/// assert_eq!(
///     new.to_string(),
///     "FIRST_TIME(ORDERS) IS NOT NULL AND FIRST_TIME(ORDERS) >= AS_OF - INTERVAL '90' DAY AND FIRST_TIME(ORDERS) < AS_OF"
/// );
/// ```
pub fn first_did(deed: impl Into<Deed>, window: &Window) -> Predicate {
    known_within(deed.into().first_time(), window)
}

/// Did it for the last time in a window, such as from 365 to 180 days ago and not since. False of who never did. Where the
/// deed has a window of its own, what was outside that does not count.
///
/// ```
/// use kohort::Window;
/// use kohort::features::Behaviour;
/// use kohort::segment::rules::last_did;
///
/// let lapsing = last_did(Behaviour::orders(), &Window::days_ago(365, 180));
/// # let _ = lapsing;
/// ```
pub fn last_did(deed: impl Into<Deed>, window: &Window) -> Predicate {
    known_within(deed.into().last_time(), window)
}

/// That a time is known makes it false, rather than unknown, of who never did it.
fn known_within(time: Behaviour, window: &Window) -> Predicate {
    let time = Operand::from(time);
    time.clone().is_present().and(time.within(window))
}

/// Did it in the earlier window, and not in the recent one. The windows take the place of the deed's own.
///
/// ```
/// use kohort::Window;
/// use kohort::features::Behaviour;
/// use kohort::segment::rules::stopped;
///
/// let silent = stopped(Behaviour::events(["visited"]), &Window::days_ago(180, 60), &Window::days(60));
/// assert_eq!(
///     silent.to_string(),
///     "COUNT(EVENTS WHERE kind = 'visited' WITHIN '180d_60d') >= 1 \
///      AND COUNT(EVENTS WHERE kind = 'visited' WITHIN '60d') = 0"
/// );
/// ```
pub fn stopped(deed: impl Into<Deed>, earlier: &Window, recent: &Window) -> Predicate {
    let deed = deed.into();
    did(deed.clone().within(earlier.clone())).at_least(1).and(did(deed.within(recent.clone())).never())
}

/// Did it in the last `recent` days, not in the `pause` days before these, and did it before that. The deed's own window,
/// where it has one, is replaced.
///
/// ```
/// use kohort::features::Behaviour;
/// use kohort::segment::rules::restarted;
///
/// let won_back = restarted(Behaviour::orders(), 180, 30);
/// assert_eq!(
///     won_back.to_string(),
///     "COUNT(ORDERS WITHIN '30d') >= 1 AND COUNT(ORDERS WITHIN '210d_30d') = 0 \
///      AND FIRST_TIME(ORDERS) < AS_OF - INTERVAL '210' DAY"
/// );
/// ```
pub fn restarted(deed: impl Into<Deed>, pause: u32, recent: u32) -> Predicate {
    let deed = deed.into().within(Window::all());
    let before = recent.saturating_add(pause);
    // Who did it lately has a first time.
    did(deed.clone().within(Window::days(recent)))
        .at_least(1)
        .and(did(deed.clone().within(Window::days_ago(before, recent))).never())
        .and(did(deed.first_time()).more_than_days_ago(before))
}

/// Did it in at least `least` of the last `periods` periods of `days` days each; see [`Behaviour::active_periods`].
///
/// ```
/// use kohort::features::Behaviour;
/// use kohort::segment::rules::regular;
///
/// let monthly = regular(Behaviour::orders(), 5, 6, 30);
/// assert_eq!(monthly.to_string(), "ACTIVE_PERIODS(ORDERS, 6, '30d') >= 5");
/// ```
pub fn regular(deed: impl Into<Deed>, least: u32, periods: u32, days: u32) -> Predicate {
    did(Behaviour::active_periods(deed, periods, days)).at_least(least)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segment::rules::feature;
    use crate::transaction::Zone;

    #[test]
    fn a_window_is_a_condition_on_times() {
        let berlin = Zone::named("Europe/Berlin").unwrap();
        let windows = [
            (Window::all(), "t < AS_OF"),
            (Window::days(30), "t >= AS_OF - INTERVAL '30' DAY AND t < AS_OF"),
            (Window::days_ago(60, 30), "t >= AS_OF - INTERVAL '60' DAY AND t < AS_OF - INTERVAL '30' DAY"),
            (Window::months(6), "t >= AS_OF - INTERVAL '6' MONTH AND t < AS_OF"),
            (Window::months_ago(6, 3), "t >= AS_OF - INTERVAL '6' MONTH AND t < AS_OF - INTERVAL '3' MONTH"),
            (
                Window::dates("2026-01-01", "2026-07-01", &berlin).unwrap(),
                "t >= TIMESTAMP '2025-12-31T23:00:00Z' AND t < TIMESTAMP '2026-06-30T22:00:00Z'",
            ),
        ];
        for (window, text) in windows {
            assert_eq!(feature("t").within(&window).to_string(), text);
        }
    }

    #[test]
    fn questions_replace_the_windows_of_deeds_where_they_have_their_own() {
        let recent = Behaviour::orders().within(Window::days(5));
        let quiet = stopped(recent.clone(), &Window::days_ago(60, 30), &Window::days(30));
        assert_eq!(
            quiet.to_string(),
            "COUNT(ORDERS WITHIN '60d_30d') >= 1 AND COUNT(ORDERS WITHIN '30d') = 0"
        );
        assert!(!restarted(recent.clone(), 60, 30).to_string().contains("'5d'"));
        assert!(last_did(recent, &Window::days(3)).to_string().contains("LAST_TIME(ORDERS WITHIN '5d')"));
        // What is asked of nobody is found where behaviours are checked.
        let never = restarted(Behaviour::orders(), 0, 30);
        assert!(never.behaviours().iter().any(|behaviour| behaviour.check().is_err()));
    }

    #[test]
    fn counts_are_asked_for_in_words() {
        let orders = || did(Behaviour::orders());
        let asked = [
            (orders().at_least(2), ">= 2"),
            (orders().at_most(2), "<= 2"),
            (orders().exactly(2), "= 2"),
            (orders().never(), "= 0"),
        ];
        for (predicate, text) in asked {
            assert_eq!(predicate.to_string(), format!("COUNT(ORDERS) {text}"));
        }
        let both = orders().at_least(1).and(did(Behaviour::orders().count()).at_most(3));
        assert_eq!((both.required_features().len(), both.behaviours().len()), (1, 1), "one column for both");
    }
}
