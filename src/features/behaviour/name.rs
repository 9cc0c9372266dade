//! The name of a behaviour's column: what a person can read of it, and a hash of all that it means.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use super::deed::{Deed, View};
use super::selection::{Named, Selection};
use super::text::{event_total, order_total};
use super::{Same, What};
use crate::features::computed::Pass;
use crate::features::feature::slug;
use crate::transaction::Window;

/// How many characters a person gets to read: with the hash a name fits the 63 that databases allow.
const READABLE: usize = 53;

/// `sum_orders_gross_shoes__365d__` and 8 hexadecimal digits.
pub(super) fn name_of(what: &What) -> String {
    let (mut name, window) = match what {
        What::Orders(deed, aggregate) => totalled(View::Orders(deed), order_total(*aggregate)),
        What::Events(deed, aggregate) => totalled(View::Events(deed), event_total(*aggregate)),
        What::ActivePeriods(own) => {
            (format!("active_periods_{}", words(&own.deed)), Some(format!("{}x{}d", own.periods, own.days)))
        }
        What::Sequence(own) => {
            let same = own.same.map(|same: Same| format!("_same_{}", same.name()));
            let deeds = format!("sequence_{}_then_{}", words(&own.first), words(&own.then));
            (deeds + &same.unwrap_or_default(), Some(format!("{}d", own.days)))
        }
    };
    let window = window.map(|window| format!("__{window}")).unwrap_or_default();
    // All is ASCII; what is cut off is in the hash.
    name.truncate(READABLE.saturating_sub(window.len()));
    name += &window;
    name.truncate(READABLE);
    let hash: [u8; 32] = Sha256::digest(what.to_string().as_bytes()).into();
    let digits = hash.iter().take(4).fold(String::new(), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    });
    format!("{}__{digits}", name.trim_end_matches('_'))
}

fn totalled(deed: View<'_>, total: (super::Total, Option<&str>)) -> (String, Option<String>) {
    let (total, number) = total;
    let mut name = format!("{}_{}", total.to_string().to_lowercase(), deed.source());
    for word in number.into_iter().map(str::to_owned).chain(texts(deed)) {
        name = name + "_" + &word;
    }
    let window = deed.window();
    (name, (*window != Window::all()).then(|| window.to_string()))
}

/// What a deed is, in words.
fn words(deed: &Deed) -> String {
    let mut words = vec![deed.view().source().to_owned()];
    words.extend(texts(deed.view()));
    words.join("_")
}

/// The texts that a deed is about.
fn texts(deed: View<'_>) -> Vec<String> {
    fn of<A: Named, N>(selection: &Selection<A, N>) -> Vec<String> {
        let only = selection.texts.iter().filter(|filter| filter.pass == Pass::Only);
        only.flat_map(|filter| filter.texts.iter().take(3).map(|text| slug(text))).collect()
    }
    match deed {
        View::Events(deed) => of(&deed.selection),
        View::Orders(deed) => of(&deed.selection),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::events::EventAttribute;
    use crate::features::{Behaviour, Deed, Number, Same};
    use crate::transaction::{Attribute, Window};

    fn deed() -> impl Strategy<Value = Deed> {
        let texts = || prop::collection::vec(prop::sample::select(vec!["a", "b", "c'd", "Ü"]), 1..3);
        let window = prop::sample::select(vec![Window::all(), Window::days(30), Window::days_ago(60, 30)]);
        let parts = (0..3, texts(), texts(), prop::option::of(0_i32..3), window, any::<[bool; 3]>());
        parts.prop_map(|(source, kinds, texts, limit, window, [first, except, turned])| {
            let limit = limit.map(|limit| f64::from(limit) / 4.0);
            if source == 0 {
                let mut deed = if first { Behaviour::events(kinds) } else { Behaviour::any_event() };
                let label = EventAttribute::Label;
                deed = if except { deed.except(label, texts) } else { deed.only(label, texts) };
                deed = limit.into_iter().fold(deed, |deed, limit| {
                    if turned { deed.at_most(limit) } else { deed.at_least(limit) }
                });
                return deed.within(window).into();
            }
            let mut deed = if source == 1 { Behaviour::orders() } else { Behaviour::lines() };
            deed = if except {
                deed.except(Attribute::Brand, texts)
            } else {
                deed.only(Attribute::Brand, texts)
            };
            deed = if first { deed.only(Attribute::Product, kinds) } else { deed };
            deed = limit.into_iter().fold(deed, |deed, limit| {
                if turned { deed.at_most(Number::Net, limit) } else { deed.at_least(Number::Net, limit) }
            });
            deed.within(window).into()
        })
    }

    fn behaviour() -> impl Strategy<Value = Behaviour> {
        (0..6, deed(), deed(), 1_u32..3, 1_u32..3, prop::option::of(prop::sample::select(&Same::ALL[..])))
            .prop_map(|(kind, deed, then, days, periods, same)| match (kind, deed) {
                (0, deed) => deed.count(),
                (1, Deed::Events(deed)) => deed.sum(),
                (1, Deed::Orders(deed)) => deed.sum(Number::Paid),
                (2, deed) => deed.first_time(),
                (3, deed) => deed.last_time(),
                (4, deed) => Behaviour::active_periods(deed, periods, days),
                (_, deed) => Behaviour::sequence(deed, then, days, same),
            })
    }

    proptest! {
        #[test]
        fn names_are_equal_where_behaviours_are(a in behaviour(), b in behaviour()) {
            prop_assert_eq!(a == b, a.name() == b.name());
            prop_assert_eq!(a == b, a.to_string() == b.to_string());
            let again: Behaviour = serde_json::from_str(&serde_json::to_string(&a).unwrap()).unwrap();
            prop_assert_eq!((again.name(), &again), (a.name(), &a));
            let safe = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
            prop_assert!(a.name().len() <= 63 && a.name().chars().all(safe), "{}", a.name());
            prop_assert!(a.name().starts_with(|letter: char| letter.is_ascii_lowercase()));
        }
    }

    #[test]
    fn what_is_cut_off_a_name_is_in_its_hash() {
        let long = "a very long name of a campaign that nobody would want to read in a table";
        let of = |end: &str| Behaviour::events([format!("{long}{end}")]).within(Window::days(30)).count();
        assert_eq!(of("1").name().len(), 63);
        assert_eq!(of("1").name()[..53], of("2").name()[..53]);
        assert_ne!(of("1").name(), of("2").name());
    }

    /// Names are kept in stored rules and in warehouses: they must not change.
    #[test]
    fn names_stay_what_they_are() {
        let clicks = Behaviour::events(["clicked"]).within(Window::days(30)).count();
        assert_eq!(clicks.name(), "count_events_clicked__30d__6c899907", "as sha256sum has it");
        let regular = Behaviour::orders().active_periods(6, 30);
        assert_eq!(regular.name(), "active_periods_orders__6x30d__75fbea67");
    }
}
