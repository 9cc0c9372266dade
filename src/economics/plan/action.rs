//! What to do with a segment: an ordered list of rules, the first match decides, and each gives its reasons.

use std::fmt;

use serde::Serialize;

use crate::economics::finding::level;
use crate::economics::plan::segment::SegmentEconomics;
use crate::economics::returns::normal_cdf;
use crate::economics::settings::{Response, Settings};
use crate::layout::{grouped, percent};

/// What to do with a segment.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Action {
    /// Too few to activate: merge with another segment, or no paid activation.
    Hold,
    /// Mend the cause of returns before anything else: sizing help, fewer free extras, tested fees.
    Fix,
    /// Fewer ads and lower bids; keep organic and mail. With a hold-out.
    ReducePaidExposure,
    /// No paid ads at all; keep organic. With a hold-out of 5 to 10 %, so that the effect can be seen.
    Suppress,
    /// Spend more, and look for customers like them.
    Invest,
    /// Develop: they are worth it and growing.
    Grow,
    /// Keep what works, without subsidising those who buy anyway.
    Maintain,
    /// Cheap contact only.
    LowTouch,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Hold => "hold",
            Self::Fix => "fix",
            Self::ReducePaidExposure => "reduce paid exposure",
            Self::Suppress => "suppress with a hold-out",
            Self::Invest => "invest",
            Self::Grow => "grow",
            Self::Maintain => "maintain",
            Self::LowTouch => "low-touch",
        })
    }
}

/// What an action says, with its reasons.
pub(super) struct Decision {
    pub(super) action: Action,
    pub(super) reasons: Vec<String>,
    pub(super) also: Vec<Action>,
}

/// One segment against its shop, with what the settings say of it.
pub(super) struct Case<'a> {
    pub(super) name: &'a str,
    pub(super) segment: &'a SegmentEconomics,
    pub(super) shop: &'a SegmentEconomics,
    pub(super) settings: &'a Settings,
}

/// A rule's outcome: whether it fires, and why.
type Outcome = Option<Vec<String>>;

impl Case<'_> {
    /// The first action whose rule fires, and those after it whose own condition holds as well.
    pub(super) fn decide(&self) -> Decision {
        let rules: [(Action, Outcome); 7] = [
            (Action::Hold, self.hold()),
            (Action::Fix, self.fix()),
            (Action::ReducePaidExposure, self.reduce_paid_exposure()),
            (Action::Suppress, self.suppress()),
            (Action::Invest, self.invest()),
            (Action::Grow, self.grow()),
            (Action::Maintain, self.maintain()),
        ];
        let mut fired =
            rules.into_iter().filter_map(|(action, outcome)| outcome.map(|reasons| (action, reasons)));
        let (action, mut reasons) = fired.next().unwrap_or_else(|| (Action::LowTouch, self.low_touch()));
        let mut also: Vec<Action> = fired.map(|(action, _)| action).collect();
        if action == Action::Fix {
            // Suppression comes after a fix has been tried; until then it is shown fewer paid ads.
            if let Some(suppress) = also.iter_mut().find(|action| **action == Action::Suppress) {
                *suppress = Action::ReducePaidExposure;
                also.dedup();
            }
            if also.contains(&Action::ReducePaidExposure) {
                reasons.push("Meanwhile show it fewer paid ads.".to_owned());
            }
        }
        reasons.extend(self.unknown());
        Decision { action, reasons, also }
    }

    fn value(&self) -> Option<f64> {
        self.segment.value.map(|value| value.mean)
    }

    /// The probability that the segment's return rate is above the shop's: pooled over segments where it can be.
    fn sends_more_back(&self) -> Option<f64> {
        let shop = self.shop.return_rate?.rate;
        if let Some(pooled) = self.segment.return_rate_pooled {
            return Some(probability_above(shop, pooled.rate, pooled.standard_error));
        }
        let own = self.segment.return_rate?;
        Some(probability_above(shop, own.rate, own.standard_error?))
    }

    /// The probability that the segment's value is above zero and at least so many times the shop's mean per customer:
    /// pooled over segments where it can be.
    fn reaches(&self, multiple: f64) -> Option<f64> {
        let value = self.segment.value?;
        let bound = (multiple * self.shop.value?.mean).max(0.0);
        if let Some(pooled) = value.pooled {
            return Some(probability_above(bound, pooled.mean, pooled.standard_error));
        }
        Some(probability_above(bound, value.mean, value.standard_error?))
    }

    /// The probability that the segment's value is above zero: pooled over segments where it can be.
    fn earns(&self) -> Option<f64> {
        let value = self.segment.value?;
        value.pooled.map(|pooled| pooled.probability_positive).or(value.probability_positive)
    }

    fn hold(&self) -> Outcome {
        let (customers, minimum) = (self.segment.customers, self.settings.minimum_audience);
        if customers < minimum {
            let reason = format!(
                "Has {} customers; a paid activation takes {}.",
                grouped(customers),
                grouped(minimum)
            );
            return Some(vec![reason]);
        }
        let share = named(&self.settings.consented, self.name)?;
        let reached = (share * customers as f64).floor() as u64;
        (reached < minimum).then(|| {
            vec![format!(
                "Only {} of its {} customers can be addressed with their consent; a paid activation takes {}.",
                grouped(reached),
                grouped(customers),
                grouped(minimum)
            )]
        })
    }

    /// Return-driven: its return rate is likely above the shop's, and it loses money at its own rate and would not at the
    /// shop's, or what it loses beyond the shop's rate is more than a set share of its value.
    fn fix(&self) -> Outcome {
        if self.settings.fix_tried.iter().any(|tried| tried == self.name) {
            return None;
        }
        (self.sends_more_back()? >= self.settings.likely).then_some(())?;
        let rate = self.segment.return_rate?.rate;
        let shop_rate = self.shop.return_rate?.rate;
        let point = self.segment.break_even.value_of_point?;
        let total = self.segment.contribution().to_f64();
        let excess_loss = (rate - shop_rate) * -point * 100.0;
        let rates =
            format!("Sends back {} of its value, the shop {}", percent(Some(rate)), percent(Some(shop_rate)));
        if total < 0.0 && total + excess_loss > 0.0 {
            return Some(vec![format!(
                "{rates}: it loses {} and would earn {} at the shop's rate (it breaks even at {}).",
                units(-total),
                units(total + excess_loss),
                percent(self.segment.break_even.rate),
            )]);
        }
        let limit = self.settings.return_driven;
        (excess_loss > 0.0 && excess_loss > limit * total.abs()).then(|| {
            vec![format!(
                "{rates}: the difference costs {}, more than {} of its contribution of {} (one point of return rate is worth \
                 {}).",
                units(excess_loss),
                level(limit),
                units(total),
                units(-point),
            )]
        })
    }

    /// Very low value for its gross, and not hopeless.
    fn reduce_paid_exposure(&self) -> Outcome {
        (self.earns()? >= self.settings.unlikely).then_some(())?;
        self.little_for_its_gross().map(|reason| vec![reason])
    }

    fn little_for_its_gross(&self) -> Option<String> {
        let (gross, shop_gross) = (self.segment.gross_per_customer()?, self.shop.gross_per_customer()?);
        let (margin, shop_margin) = (self.segment.margin()?, self.shop.margin()?);
        let little = margin <= 0.0 || margin < self.settings.little * shop_margin;
        (little && gross > shop_gross).then(|| {
            format!(
                "Looks rich with {} of gross per customer (the shop: {}) and keeps {} of it as contribution (the shop: {}).",
                units(gross),
                units(shop_gross),
                percent(Some(margin)),
                percent(Some(shop_margin)),
            )
        })
    }

    /// A value above zero is unlikely, on enough evidence.
    fn suppress(&self) -> Outcome {
        let (value, probability) = (self.segment.value?, self.earns()?);
        let enough = value.effective_customers >= self.settings.minimum_evidence as f64;
        (probability < self.settings.unlikely && enough).then(|| {
            let mut reasons = vec![format!(
                "Earns {} per customer; the probability of a value above zero is {}, on the evidence of {} customers \
                 (weighing as much as {} with equal margins).",
                units(value.mean),
                percent(Some(probability)),
                grouped(value.customers),
                grouped(value.effective_customers.floor() as u64),
            )];
            reasons.extend(self.little_for_its_gross());
            reasons
        })
    }

    fn invest(&self) -> Outcome {
        let response = named(&self.settings.response, self.name)?;
        (self.is_high() && response == Response::High).then(|| {
            vec![
                self.worth_at_least(self.settings.high_value),
                "More spending pays, as tests have shown.".to_owned(),
            ]
        })
    }

    fn grow(&self) -> Outcome {
        let growth = named(&self.settings.growth, self.name)?;
        (self.is_mid() && growth > 0.0).then(|| {
            vec![
                self.worth_at_least(self.settings.mid_value),
                format!("Its value has grown by {}.", percent(Some(growth))),
            ]
        })
    }

    /// High value without known response: more spending has not been shown to pay, so what works is kept.
    fn maintain(&self) -> Outcome {
        let response = named(&self.settings.response, self.name);
        (self.is_high() && response != Some(Response::High)).then(|| {
            let advice = match response {
                Some(_) => "They buy anyway, as tests have shown: do not subsidise them.",
                None => {
                    "Whether more spending pays is not known: keep what works, and test before investing."
                }
            };
            vec![self.worth_at_least(self.settings.high_value), advice.to_owned()]
        })
    }

    fn low_touch(&self) -> Vec<String> {
        match self.segment.value {
            Some(_) => vec![self.worth()],
            None => vec!["Nothing is known of what it earns.".to_owned()],
        }
    }

    fn is_likely(&self, multiple: f64) -> bool {
        self.reaches(multiple).is_some_and(|probability| probability >= self.settings.likely)
    }

    fn is_high(&self) -> bool {
        self.is_likely(self.settings.high_value)
    }

    fn is_mid(&self) -> bool {
        self.is_likely(self.settings.mid_value) && !self.is_high()
    }

    fn worth(&self) -> String {
        let (value, shop) = (self.value().unwrap_or_default(), self.shop.value.map(|value| value.mean));
        format!(
            "Earns {} per customer; the shop's mean is {}.",
            units(value),
            units(shop.unwrap_or_default())
        )
    }

    fn worth_at_least(&self, multiple: f64) -> String {
        let probability = percent(self.reaches(multiple));
        format!(
            "{} At least {multiple} times that is its value with a probability of {probability}.",
            self.worth()
        )
    }

    /// The criteria without data, none of which can have fired.
    fn unknown(&self) -> Option<String> {
        let settings = self.settings;
        let criteria = [
            ("return rate", self.segment.return_rate.is_some()),
            (
                "probability of a value above zero",
                self.segment.value.is_some_and(|v| v.probability_positive.is_some()),
            ),
            ("growth", named(&settings.growth, self.name).is_some()),
            ("response to more spending", named(&settings.response, self.name).is_some()),
            ("consent", named(&settings.consented, self.name).is_some()),
            ("whether a fix was tried", settings.fix_tried.iter().any(|tried| tried == self.name)),
        ];
        let missing: Vec<&str> = criteria.iter().filter(|(_, known)| !known).map(|(name, _)| *name).collect();
        (!missing.is_empty()).then(|| format!("Not known, so without effect: {}.", missing.join(", ")))
    }
}

/// The probability that a normal quantity is above a bound; one without doubt is or is not.
fn probability_above(bound: f64, mean: f64, standard_error: f64) -> f64 {
    if standard_error > 0.0 {
        normal_cdf((mean - bound) / standard_error)
    } else {
        f64::from(u8::from(mean > bound))
    }
}

fn named<T: Copy>(values: &[(String, T)], name: &str) -> Option<T> {
    values.iter().find(|(segment, _)| segment == name).map(|(_, value)| *value)
}

/// Money to the cent, or to the whole unit from 1,000 on.
pub(in crate::economics) fn units(amount: f64) -> String {
    let cents = (amount * 100.0).round();
    let sign = if cents < 0.0 { "-" } else { "" };
    let cents = cents.abs();
    if cents >= 100_000.0 {
        format!("{sign}{}", grouped((cents / 100.0).round() as i128))
    } else {
        format!("{sign}{:.2}", cents / 100.0)
    }
}
