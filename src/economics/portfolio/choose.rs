//! From candidates and limits to the best choice, and what each limit costs.

use std::cmp::Reverse;

use crate::economics::portfolio::builder::{Constraint, HowMany, Portfolio};
use crate::economics::portfolio::choice::{Choice, Chosen, LeftOut, Relaxation};
use crate::economics::portfolio::search::{Found, Instance, Resource, search};
use crate::economics::portfolio::{Candidate, overlap};
use crate::error::{Error, Result};
use crate::segment::position_of;
use crate::transaction::Rate;

/// Decimals that worth keeps below the leading one of the largest candidate.
const DIGITS: i32 = 11;

/// Outcome of one set of limits.
struct Solved {
    /// Positions among the candidates, ascending by name.
    chosen: Vec<usize>,
    worth: i128,
    cases: u64,
}

impl Portfolio {
    /// The candidates whose worth is highest in sum under all limits.
    ///
    /// Exact: a depth-first search with bounds (by number, and by the price of each limit on a sum) proves that nothing
    /// better is allowed, and an effort that does not suffice is an error. Worth counts to eleven decimal places of the
    /// largest one, so that sums are exact and ties are ties. Of choices of equal worth the one counts that has the most
    /// valuable candidates, of equal value the first by name; the order in which candidates are given does not matter.
    /// A candidate that adds nothing is not chosen unless a limit asks for it.
    ///
    /// For each limit that holds the choice back, [`Choice::binding`] says what relaxing it by one would gain: one segment
    /// more, one point of return rate, the next smaller candidate or the next larger overlap, a tenth more budget or
    /// customers, a tenth less total reach, or an exclusion, inclusion or pair lifted. Each is a search of its own.
    ///
    /// Nothing chosen is a result where nothing is worth choosing or every candidate is left out. O(2ⁿ) at worst; up to some
    /// 60 candidates with a handful chosen it usually looks at a few thousand cases.
    ///
    /// ```
    /// use kohort::Rate;
    /// use kohort::economics::{Candidate, Portfolio};
    ///
    /// let candidates = [
    ///     Candidate::new("returners", 90.0, 400).returns(1_000.0, 0.60),
    ///     Candidate::new("loyal", 85.0, 300).returns(800.0, 0.20),
    ///     Candidate::new("new", 60.0, 900).returns(900.0, 0.15),
    /// ];
    /// let portfolio = Portfolio::builder(2).max_return_rate(Rate::from_f64(0.38)?).build()?;
    /// let choice = portfolio.choose(&candidates)?;
    /// assert_eq!(choice.names(), ["loyal", "new"]);
    /// // A third segment would be worth more than another point of return rate: together they are at 34 %.
    /// let gains: Vec<(String, f64)> = choice.binding.iter().map(|b| (b.constraint.to_string(), b.gain)).collect();
    /// assert_eq!(gains[0], ("at most 2 segments".to_owned(), 90.0));
    /// assert_eq!(gains[1], ("a return rate of at most 38 %".to_owned(), 5.0));
    /// # Ok::<(), kohort::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Empty`] without candidates; [`Error::Setting`] for a name that is there twice, a worth or sales that are not
    /// finite, or a return rate below zero; [`Error::UnknownSegment`] where a limit names no candidate;
    /// [`Error::Incompatible`] where members are of tables of different length; [`Error::Contradiction`] with the limits
    /// that cannot be kept together, none of which could be missing from the list; [`Error::Unsettled`] where the effort
    /// does not suffice.
    pub fn choose(&self, candidates: &[Candidate]) -> Result<Choice> {
        self.check(candidates)?;
        let mut sorted: Vec<&Candidate> = candidates.iter().collect();
        sorted.sort_by(|a, b| a.name.cmp(&b.name));
        let worth = whole_worth(&sorted);
        let Some(best) = self.solve(&sorted, &worth)? else {
            return Err(self.contradiction(&sorted, &worth)?);
        };
        let mut binding = Vec::new();
        for constraint in self.constraints() {
            let Some((relaxed, to)) = self.relaxed(&constraint, &sorted) else { continue };
            let Some(other) = relaxed.solve(&sorted, &worth)?.filter(|other| other.worth > best.worth) else {
                continue;
            };
            let sum = |solved: &Solved| solved.chosen.iter().map(|at| sorted[*at].worth).sum::<f64>();
            binding.push(Relaxation {
                constraint,
                relaxed_to: to,
                gain: sum(&other) - sum(&best),
                chosen: other.chosen.iter().map(|at| sorted[*at].name.clone()).collect(),
            });
        }
        binding.sort_by(|a, b| b.gain.total_cmp(&a.gain));
        let mut chosen: Vec<&Candidate> = best.chosen.iter().map(|at| sorted[*at]).collect();
        chosen.sort_by(|a, b| b.worth.total_cmp(&a.worth));
        let left_out = sorted.iter().filter_map(|candidate| {
            self.barred(candidate).map(|reason| LeftOut { segment: candidate.name.clone(), reason })
        });
        Ok(Choice {
            worth: chosen.iter().map(|candidate| candidate.worth).sum(),
            return_rate: return_rate(&chosen),
            chosen: chosen.into_iter().map(Chosen::of).collect(),
            left_out: left_out.collect(),
            binding,
            cases: best.cases,
        })
    }

    fn check(&self, candidates: &[Candidate]) -> Result<()> {
        if candidates.is_empty() {
            return Err(Error::Empty {
                what: "the list of candidates",
                hint: "there is no segment to choose",
            });
        }
        let refused = |setting, found: String, expected| Err(Error::Setting { setting, found, expected });
        for (at, candidate) in candidates.iter().enumerate() {
            let name = &candidate.name;
            if candidates[..at].iter().any(|other| other.name == *name) {
                return refused("candidates", format!("`{name}` twice"), "each name once");
            }
            if !candidate.worth.is_finite() {
                return refused("worth", format!("{} of `{name}`", candidate.worth), "a finite number");
            }
            if let Some((sales, rate)) = candidate.returns {
                if !(sales.is_finite() && (0.0..=1e15).contains(&sales)) {
                    return refused("returns", format!("sales of {sales} of `{name}`"), "from 0 to 1e15");
                }
                if !(rate.is_finite() && (0.0..=1e3).contains(&rate)) {
                    return refused(
                        "returns",
                        format!("a rate of {rate} of `{name}`"),
                        "a share of zero or more",
                    );
                }
            }
        }
        let masks =
            || candidates.iter().filter_map(|candidate| Some((candidate, candidate.members.as_ref()?)));
        if let Some((first, mask)) = masks().next()
            && let Some((other, unequal)) = masks().find(|(_, other)| other.len() != mask.len())
        {
            return Err(Error::Incompatible {
                what: "the number of customers of a candidate's table",
                left: format!("{} for `{}`", mask.len(), first.name),
                right: format!("{} for `{}`", unequal.len(), other.name),
            });
        }
        let pairs = self.apart.iter().flat_map(|(one, other)| [one, other]);
        for name in self.without.iter().chain(&self.with).chain(pairs) {
            position_of(name, candidates.iter().map(|candidate| candidate.name.as_str()))?;
        }
        Ok(())
    }

    /// Why a candidate cannot be chosen whatever else is.
    fn barred(&self, candidate: &Candidate) -> Option<String> {
        if self.without.contains(&candidate.name) {
            return Some("is excluded".to_owned());
        }
        if candidate.customers < self.minimum_size {
            return Some(format!(
                "has {} customers; {} are asked for",
                candidate.customers, self.minimum_size
            ));
        }
        if self.minimum_reach > 0 {
            match candidate.reach {
                None => return Some("how many can be addressed is not known".to_owned()),
                Some(reach) if reach < self.minimum_reach => {
                    let least = self.minimum_reach;
                    return Some(format!("{reach} customers can be addressed; {least} are asked for"));
                }
                Some(_) => {}
            }
        }
        (self.max_return_rate.is_some() && candidate.returns.is_none())
            .then(|| "its return rate is not known".to_owned())
    }

    /// The best choice under these limits; `None` where nothing keeps to them.
    fn solve(&self, candidates: &[&Candidate], worth: &[i128]) -> Result<Option<Solved>> {
        let allowed = |at: &usize| self.barred(candidates[*at]).is_none();
        if (0..candidates.len()).any(|at| self.with.contains(&candidates[at].name) && !allowed(&at)) {
            return Ok(None);
        }
        let mut order: Vec<usize> = (0..candidates.len()).filter(allowed).collect();
        order.sort_by_key(|at| (Reverse(worth[*at]), *at));
        let of = |value: &dyn Fn(&Candidate) -> i128| order.iter().map(|at| value(candidates[*at])).collect();
        let mut resources = Vec::new();
        if let Some(budget) = self.budget {
            let uses = of(&|candidate| i128::from(candidate.cost.ten_thousandths()));
            resources.push(Resource { uses, most: i128::from(budget.ten_thousandths()) });
        }
        if let Some(most) = self.max_customers {
            resources
                .push(Resource { uses: of(&|candidate| i128::from(candidate.customers)), most: most.into() });
        }
        if self.minimum_total_reach > 0 {
            let uses = of(&|candidate| -i128::from(candidate.reach.unwrap_or_default()));
            resources.push(Resource { uses, most: -i128::from(self.minimum_total_reach) });
        }
        if let Some(most) = self.max_return_rate {
            resources.push(Resource { uses: of(&|candidate| above_rate(candidate, most)), most: 0 });
        }
        let clash = |one: &Candidate, other: &Candidate| {
            let pair = |(a, b): &(String, String)| {
                (*a == one.name && *b == other.name) || (*a == other.name && *b == one.name)
            };
            self.apart.iter().any(pair)
                || overlap(one, other).is_some_and(|share| share > self.maximum_overlap)
        };
        let conflicts = (0..order.len()).map(|a| {
            let clashes = |b: &usize| *b != a && clash(candidates[order[a]], candidates[order[*b]]);
            (0..order.len()).filter(clashes).collect()
        });
        let instance = Instance {
            worth: order.iter().map(|at| worth[*at]).collect(),
            forced: order.iter().map(|at| self.with.contains(&candidates[*at].name)).collect(),
            conflicts: conflicts.collect(),
            resources,
            count: self.count,
            exactly: self.how_many == HowMany::Exactly,
        };
        match search(&instance, self.effort) {
            Found::Nothing => Ok(None),
            Found::Unsettled => Err(Error::Unsettled { what: "the best portfolio", limit: self.effort }),
            Found::Best(places, cases) => {
                let mut chosen: Vec<usize> = places.into_iter().map(|place| order[place]).collect();
                chosen.sort_unstable();
                Ok(Some(Solved { worth: chosen.iter().map(|at| worth[*at]).sum(), chosen, cases }))
            }
        }
    }

    /// The limits that cannot be kept together: each limit is lifted in turn, and stays lifted where that does not help.
    fn contradiction(&self, candidates: &[&Candidate], worth: &[i128]) -> Result<Error> {
        let mut rest = self.clone();
        for constraint in self.constraints() {
            let without = rest.lifted(&constraint, candidates.len());
            if without.solve(candidates, worth)?.is_none() {
                rest = without;
            }
        }
        let lasting = rest.constraints().into_iter().filter(|constraint| match constraint {
            Constraint::AtMost(count) => *count < candidates.len(),
            _ => true,
        });
        Ok(Error::Contradiction { constraints: lasting.map(|constraint| constraint.to_string()).collect() })
    }

    /// These limits without one.
    fn lifted(&self, constraint: &Constraint, candidates: usize) -> Self {
        let mut rest = self.clone();
        match constraint {
            Constraint::AtMost(_) | Constraint::Exactly(_) => {
                (rest.count, rest.how_many) = (candidates, HowMany::AtMost);
            }
            Constraint::MinimumSize(_) => rest.minimum_size = 0,
            Constraint::MinimumReach(_) => rest.minimum_reach = 0,
            Constraint::Without(name) => rest.without.retain(|other| other != name),
            Constraint::With(name) => rest.with.retain(|other| other != name),
            Constraint::Apart(one, other) => rest.apart.retain(|pair| (&pair.0, &pair.1) != (one, other)),
            Constraint::MaximumOverlap(_) => rest.maximum_overlap = 1.0,
            Constraint::MaximumReturnRate(_) => rest.max_return_rate = None,
            Constraint::Budget(_) => rest.budget = None,
            Constraint::MaximumCustomers(_) => rest.max_customers = None,
            Constraint::MinimumTotalReach(_) => rest.minimum_total_reach = 0,
        }
        rest
    }

    /// These limits with one relaxed by one, and what it is then; `None` where there is nothing to relax it to.
    fn relaxed(
        &self,
        constraint: &Constraint,
        candidates: &[&Candidate],
    ) -> Option<(Self, Option<Constraint>)> {
        let below = |values: &mut dyn Iterator<Item = u64>, bound: u64| values.filter(|v| *v < bound).max();
        let to = match constraint {
            Constraint::AtMost(count) | Constraint::Exactly(count) => Constraint::AtMost(count + 1),
            Constraint::MinimumSize(bound) => {
                Constraint::MinimumSize(below(&mut candidates.iter().map(|c| c.customers), *bound)?)
            }
            Constraint::MinimumReach(bound) => {
                Constraint::MinimumReach(below(&mut candidates.iter().filter_map(|c| c.reach), *bound)?)
            }
            Constraint::MaximumOverlap(bound) => {
                let pairs = candidates
                    .iter()
                    .enumerate()
                    .flat_map(|(at, one)| candidates[..at].iter().filter_map(|other| overlap(one, other)));
                Constraint::MaximumOverlap(pairs.filter(|share| share > bound).min_by(f64::total_cmp)?)
            }
            Constraint::MaximumReturnRate(rate) => {
                let point_more = Rate::from_millionths(rate.millionths() + 10_000);
                Constraint::MaximumReturnRate(point_more.min(Rate::ONE))
            }
            Constraint::Budget(amount) => {
                let tenth = amount.share(Rate::from_millionths(100_000))?;
                Constraint::Budget(amount.checked_add(tenth)?)
            }
            Constraint::MaximumCustomers(most) => Constraint::MaximumCustomers(most + most.div_ceil(10)),
            Constraint::MinimumTotalReach(least) => Constraint::MinimumTotalReach(least - least.div_ceil(10)),
            Constraint::Without(_) | Constraint::With(_) | Constraint::Apart(..) => {
                return Some((self.lifted(constraint, candidates.len()), None));
            }
        };
        let mut relaxed = self.clone();
        match &to {
            Constraint::AtMost(count) => (relaxed.count, relaxed.how_many) = (*count, HowMany::AtMost),
            Constraint::MinimumSize(bound) => relaxed.minimum_size = *bound,
            Constraint::MinimumReach(bound) => relaxed.minimum_reach = *bound,
            Constraint::MaximumOverlap(bound) => relaxed.maximum_overlap = *bound,
            Constraint::MaximumReturnRate(rate) => relaxed.max_return_rate = Some(*rate),
            Constraint::Budget(amount) => relaxed.budget = Some(*amount),
            Constraint::MaximumCustomers(most) => relaxed.max_customers = Some(*most),
            Constraint::MinimumTotalReach(least) => relaxed.minimum_total_reach = *least,
            Constraint::Exactly(_) | Constraint::Without(_) | Constraint::With(_) | Constraint::Apart(..) => {
            }
        }
        Some((relaxed, Some(to)))
    }
}

/// Worth in whole numbers: decimals, so that 0.1 and 0.2 make 0.3.
fn whole_worth(candidates: &[&Candidate]) -> Vec<i128> {
    let largest = candidates.iter().map(|candidate| candidate.worth.abs()).fold(0.0, f64::max);
    let mut scale = 1.0;
    let limit = 10_f64.powi(DIGITS);
    while largest * scale >= limit * 10.0 {
        scale /= 10.0;
    }
    while largest > 0.0 && largest * scale < limit && scale < 1e300 {
        scale *= 10.0;
    }
    candidates.iter().map(|candidate| (candidate.worth * scale).round() as i128).collect()
}

/// What a candidate's returns are above a rate, in 10⁻¹³ of the currency unit: amounts to ten-thousandths, rates to
/// billionths.
fn above_rate(candidate: &Candidate, most: Rate) -> i128 {
    let (sales, rate) = candidate.returns.unwrap_or_default();
    let billionths = (rate * 1e9).round() as i128 - i128::from(most.millionths()) * 1_000;
    (sales * 1e4).round() as i128 * billionths
}

fn return_rate(chosen: &[&Candidate]) -> Option<f64> {
    let known: Option<Vec<(f64, f64)>> = chosen.iter().map(|candidate| candidate.returns).collect();
    let known = known?;
    let sales: f64 = known.iter().map(|(sales, _)| sales).sum();
    (sales > 0.0).then(|| known.iter().map(|(sales, rate)| sales * rate).sum::<f64>() / sales)
}
