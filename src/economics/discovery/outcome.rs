//! What a search found: rules with their figures on both halves of the customers.

use serde::Serialize;

use crate::bitmap::Bitmap;
use crate::economics::builder::Economics;
use crate::economics::discovery::builder::Discovery;
use crate::economics::discovery::significance::{benjamini_hochberg, mean_above_zero};
use crate::economics::discovery::target::Target;
use crate::economics::facts::Facts;
use crate::economics::finding::Verdict;
use crate::economics::waterfalls::Waterfalls;
use crate::segment::Predicate;
use crate::transaction::{Money, MoneyTotal};

/// What some customers who bought bring and leave.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct GroupFigures {
    /// How many they are.
    pub customers: u64,
    /// As a share of those they are among; `None` where there are none.
    pub share_of_customers: Option<f64>,
    /// Those of them who look rich.
    pub rich: u64,
    /// Their gross, as in the table.
    pub gross: MoneyTotal,
    /// As a share of those they are among.
    pub share_of_gross: Option<f64>,
    /// Their return rate by value; `None` without sales or where returns are not known.
    pub return_rate: Option<f64>,
    /// Their contribution: the last known margin, as it is.
    pub contribution: MoneyTotal,
    /// That per gross, both net of tax.
    pub margin: Option<f64>,
    /// What is to be expected of their contribution below the line; negative above it.
    pub shortfall: MoneyTotal,
    /// How many times more of all that single customers fall short is theirs than their number would make it; `None`
    /// where nobody falls short.
    pub lift: Option<f64>,
}

/// A rule, and what the customers bring that it describes.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct DiscoveredRule {
    /// The rule: prints as text that reads back, and evaluates to the customers of the mask.
    pub predicate: Predicate,
    /// How many conditions it has.
    pub conditions: usize,
    /// All its customers.
    pub all: GroupFigures,
    /// Those among whom the search saw it: whom no rule before it describes.
    pub training: GroupFigures,
    /// Those who were held out, again without whom a rule before it describes.
    pub held_out: GroupFigures,
    /// How likely those held-out customers would fall short by as much, if the group did not; one-sided.
    pub p_value: f64,
    /// The same corrected for the number of rules that were tested (Benjamini and Hochberg).
    pub adjusted_p_value: f64,
    /// One bit per customer of the table: whom it describes, those among them who bought nothing.
    #[serde(skip)]
    pub mask: Bitmap,
}

/// Rules that describe customers who look rich and earn little, or the numbers that say there are none.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Discovered {
    /// The verdict.
    pub verdict: Verdict,
    /// Customers who bought and whose contribution is known.
    pub population: u64,
    /// All of them together.
    pub shop: GroupFigures,
    /// The gross, as in the table, above which one looks rich; `None` without customers.
    pub rich_above: Option<f64>,
    /// The margin per gross below which one earns little: the line.
    pub line: f64,
    /// Customers of the population who, each by her own numbers, look rich and earn little.
    pub rich_and_little: u64,
    /// The fewest customers a rule needs.
    pub minimum_customers: u64,
    /// The features that were searched.
    pub features: Vec<String>,
    /// How many rules of enough customers were looked at.
    pub tried: u64,
    /// The rules that hold for held-out customers too, the best first.
    pub rules: Vec<DiscoveredRule>,
    /// Rules that were found but do not hold for held-out customers.
    pub rejected: Vec<DiscoveredRule>,
}

/// Where the figures of groups are made.
pub(super) struct Ledger<'a> {
    pub(super) economics: &'a Economics,
    pub(super) discovery: &'a Discovery,
    facts: &'a Facts<'a>,
    waterfalls: &'a Waterfalls,
    target: &'a Target,
    population: u64,
}

impl<'a> Ledger<'a> {
    pub(super) fn new(
        economics: &'a Economics,
        discovery: &'a Discovery,
        facts: &'a Facts<'a>,
        waterfalls: &'a Waterfalls,
        target: &'a Target,
    ) -> Self {
        let population = target.population.count() as u64;
        Self { economics, discovery, facts, waterfalls, target, population }
    }

    /// The fewest customers of a rule.
    fn minimum(&self) -> u64 {
        let share = (self.discovery.minimum_share * self.population as f64).ceil() as u64;
        share.max(self.discovery.minimum_customers)
    }

    /// The fewest of so many customers of the population, in proportion.
    pub(super) fn least(&self, customers: usize) -> u64 {
        let part = customers as f64 / self.population.max(1) as f64;
        (self.minimum() as f64 * part).ceil() as u64
    }

    /// Tests the rules and puts everything together.
    pub(super) fn close(
        &self,
        rules: Vec<(Predicate, usize, Bitmap)>,
        features: Vec<String>,
        tried: u64,
    ) -> Discovered {
        let target = self.target;
        let held_out = target.population.minus(&target.training);
        let sides = [&target.training, &held_out, &target.population].map(|side| (side, self.whole(side)));
        let mut described = Bitmap::filled(target.population.len(), false);
        let new: Vec<Bitmap> = rules
            .iter()
            .map(|(_, _, mask)| {
                let new = mask.minus(&described);
                described = described.or(mask);
                new
            })
            .collect();
        let p_values: Vec<f64> = new
            .iter()
            .map(|new| {
                let members = new.and(&held_out);
                let shortfalls: Vec<f64> =
                    members.ones().map(|row| target.shortfalls[row] as f64 / 1e4).collect();
                mean_above_zero(&shortfalls)
            })
            .collect();
        let adjusted = benjamini_hochberg(&p_values);
        let tested = rules.into_iter().zip(new).zip(p_values.into_iter().zip(adjusted)).map(
            |(((predicate, conditions, mask), new), (p_value, adjusted_p_value))| {
                let [training, held_out, all] = sides.each_ref();
                DiscoveredRule {
                    predicate,
                    conditions,
                    all: self.figures(&mask.and(all.0), all.1),
                    training: self.figures(&new.and(training.0), training.1),
                    held_out: self.figures(&new.and(held_out.0), held_out.1),
                    p_value,
                    adjusted_p_value,
                    mask,
                }
            },
        );
        let (rules, rejected) = tested.partition(|rule| self.holds(rule));
        let whole = &sides[2];
        let mut discovered = Discovered {
            verdict: Verdict::NotFound { reason: String::new() },
            population: self.population,
            shop: self.figures(whole.0, whole.1),
            rich_above: (self.population > 0).then_some(target.rich_above / 1e4),
            line: target.line,
            rich_and_little: target.rich.ones().filter(|row| self.earns_little(*row)).count() as u64,
            minimum_customers: self.minimum(),
            features,
            tried,
            rules,
            rejected,
        };
        discovered.verdict = self.verdict(&discovered);
        discovered
    }

    /// Whether a rule holds for customers that the search did not see.
    fn holds(&self, rule: &DiscoveredRule) -> bool {
        let group = &rule.held_out;
        let little = group.contribution <= MoneyTotal::ZERO
            || group.margin.is_some_and(|margin| margin < self.target.line);
        rule.training.customers + group.customers >= self.minimum()
            && group.rich * 2 > group.customers
            && group.shortfall > MoneyTotal::ZERO
            && little
            && rule.adjusted_p_value <= self.discovery.significance
    }

    /// By her own numbers, as they are.
    fn earns_little(&self, row: usize) -> bool {
        self.waterfalls.customer(row).is_some_and(|waterfall| {
            let margin = waterfall.last_margin();
            margin <= MoneyTotal::ZERO
                || margin.share_of(waterfall.gross()).is_some_and(|margin| margin < self.target.line)
        })
    }

    /// What a half, or all, are measured against: customers, gross and the shortfalls of those who fall short.
    fn whole(&self, side: &Bitmap) -> (u64, MoneyTotal, i128) {
        let gross = side.ones().filter_map(|row| self.facts.gross.get(row)).map(i128::from).sum();
        let short = side.ones().map(|row| i128::from(self.target.shortfalls[row].max(0))).sum();
        (side.count() as u64, MoneyTotal::from_ten_thousandths(gross), short)
    }

    fn figures(&self, members: &Bitmap, whole: (u64, MoneyTotal, i128)) -> GroupFigures {
        let (everyone, all_gross, all_short) = whole;
        let sum = |amount: &dyn Fn(usize) -> Option<i64>| {
            let total = members.ones().filter_map(amount).map(i128::from).sum();
            MoneyTotal::from_ten_thousandths(total)
        };
        let gross = sum(&|row| self.facts.gross.get(row));
        let paid = sum(&|row| self.facts.paid(row));
        let returned = self.facts.attributed.map(|column| sum(&|row| column.get(row)));
        let contribution = sum(&|row| self.waterfalls.last_margin(row).map(Money::ten_thousandths));
        let net_gross: MoneyTotal = members
            .ones()
            .filter_map(|row| self.waterfalls.customer(row))
            .fold(MoneyTotal::ZERO, |sum, waterfall| sum + waterfall.gross());
        let shortfall = sum(&|row| Some(self.target.shortfalls[row]));
        let customers = members.count() as u64;
        let share_of_customers = (everyone > 0).then(|| customers as f64 / everyone as f64);
        let lift = share_of_customers
            .filter(|share| *share > 0.0 && all_short > 0)
            .map(|share| shortfall.ten_thousandths() as f64 / all_short as f64 / share);
        GroupFigures {
            customers,
            share_of_customers,
            rich: members.and_count(&self.target.rich) as u64,
            gross,
            share_of_gross: gross.share_of(all_gross),
            return_rate: returned.and_then(|returned| returned.share_of(paid)),
            contribution,
            margin: contribution.share_of(net_gross),
            shortfall,
            lift,
        }
    }
}
