//! The answer: what each line gets, what that earns and how sure it is, what binds, and what other splits would earn.

use std::fmt;

use serde::Serialize;

use crate::economics::budget::builder::Budget;
use crate::economics::budget::network::Way;
use crate::economics::budget::problem::Problem;
use crate::economics::budget::solve::{Solution, solve, spread};
use crate::economics::budget::{BudgetLimit, BudgetLine};
use crate::economics::finding::level;
use crate::economics::plan::units;
use crate::economics::returns::{Interval, normal_z};
use crate::layout::{TextTable, money, percent};
use crate::transaction::{Money, MoneyTotal};

/// What one line gets.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct LineAllocation {
    /// Its segment.
    pub segment: String,
    /// Its channel, if it has one.
    pub channel: Option<String>,
    /// What is spent on it.
    pub spend: Money,
    /// As a share of all that is spent; `None` where nothing is.
    pub share: Option<f64>,
    /// The response to that.
    pub response: f64,
    /// Response times margin: contribution before this spending.
    pub contribution: f64,
    /// What one currency unit more would earn; where nothing is spent, per unit of the smallest amount.
    pub marginal_return: f64,
    /// What is spent today, where known.
    pub current: Option<Money>,
}

/// A limit that holds the result back.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Binding {
    /// The limit.
    pub limit: BudgetLimit,
    /// Its amount.
    pub amount: Money,
    /// What moving it by one currency unit would earn, after the unit itself where unspent money is kept.
    pub worth: f64,
}

/// What another way of spending would earn.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct OtherSplit {
    /// What it spends, in currency units.
    pub spent: f64,
    /// Contribution before this spending.
    pub contribution: f64,
    /// Contribution less what is spent.
    pub after_spend: f64,
    /// How much more the allocation earns after spending.
    pub gain: f64,
}

/// How a budget is best spent. Made by [`Budget::allocate`].
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Allocation {
    /// The budget.
    pub total: Money,
    /// What is spent: exactly the sum over the lines.
    pub spent: Money,
    /// What is kept, because it would earn less than it costs, or because no line may get it.
    pub unspent: Money,
    /// The lines, in the order of the budget.
    pub lines: Vec<LineAllocation>,
    /// The expected contribution before this spending.
    pub contribution: f64,
    /// The same less what is spent.
    pub after_spend: f64,
    /// The standard error of the contribution, from those of the margins. Lines of one segment share their margin, so
    /// their errors add up; segments are independent. Response curves are taken as given. `None` where a line that brings a
    /// response has none.
    pub standard_error: Option<f64>,
    /// The interval of the contribution before spending, at `confidence`; `None` where the standard error is.
    pub interval: Option<Interval>,
    /// The level of the interval.
    pub confidence: f64,
    /// λ: what one unit more of budget would earn, which is what the last unit earns on every line that no limit holds.
    pub marginal_return: f64,
    /// The limits that hold the result back, those worth most first.
    pub binding: Vec<Binding>,
    /// How much more a better split could earn at most. Zero unless curves are S-shaped and the search was stopped.
    pub gap: f64,
    /// Against equal parts of the whole budget for all lines, floors and caps aside.
    pub equal_split: OtherSplit,
    /// Against today's spending; `None` unless it is known of every line.
    pub current: Option<OtherSplit>,
}

impl Budget {
    /// Spends the budget so that it earns most.
    ///
    /// The contribution of a line is `margin · response(spend)`. Where curves bend down, the best spread gives each line
    /// that no limit holds the same marginal return λ (Albers: `spend ∝ contribution · elasticity`); the sum of spends
    /// falls as λ rises, so λ is found by bisection. Spends are whole steps of `rounded_to` that add up exactly: by
    /// largest remainder, then moved between lines, within floors and caps of lines, segments and channels, until no
    /// move of any size gains more than 4·10⁻¹² of what could be earned; for concave curves that is the best spread in
    /// whole steps (Fox, Management Science 1966).
    ///
    /// A curve that is S-shaped is at first replaced by its concave envelope, which is straight from the floor to the point
    /// where it touches the curve: such a line gets either little or a lot. A line that comes to stand on the straight part
    /// would earn less than the envelope says; then the two cases *at most so much* and *more* are solved on their own, and
    /// so on, until the best spread is within a ten-millionth of what any spread can earn. What is reported is always the
    /// true response. If the search is stopped before, [`Allocation::gap`] says how much is open.
    ///
    /// A budget of zero spends nothing and tells in [`Allocation::marginal_return`] what the first unit would earn. Lines
    /// that earn the same in every unit are served in the order of their names. The result does not depend on the order of
    /// the lines. O(lines · log²) for a spread, and that many spreads as S-shapes need cases.
    ///
    /// ```
    /// use kohort::Money;
    /// use kohort::economics::{Budget, BudgetLine, ResponseCurve};
    ///
    /// let money = Money::parse;
    /// let budget = Budget::builder(money("200")?)
    ///     .line(BudgetLine::new("loyal", ResponseCurve::hill(0.0, 1_000.0, 50.0, 1.0)?))
    ///     .line(BudgetLine::new("new", ResponseCurve::hill(0.0, 800.0, 100.0, 1.0)?))
    ///     .line(BudgetLine::new("lapsed", ResponseCurve::hill(0.0, 300.0, 20.0, 1.0)?))
    ///     .build()?;
    /// let allocation = budget.allocate();
    /// let spends: Vec<String> = allocation.lines.iter().map(|line| line.spend.to_string()).collect();
    /// assert_eq!(spends, ["91.69", "79.23", "29.08"]);
    /// assert!((allocation.marginal_return - 2.4905).abs() < 1e-4);
    /// // Equal parts would earn 56 less.
    /// assert!((allocation.equal_split.gain - 56.32).abs() < 0.01);
    /// # Ok::<(), kohort::Error>(())
    /// ```
    #[must_use]
    pub fn allocate(&self) -> Allocation {
        let problem = Problem::new(self);
        let solution = solve(&problem);
        let mut steps = vec![0; self.lines.len()];
        problem.order.iter().zip(&solution.flows).for_each(|(position, flow)| steps[*position] = *flow);
        let spends: Vec<Money> = steps.iter().map(|steps| problem.money(*steps)).collect();
        let spent = problem.money(steps.iter().sum());
        let mut lines: Vec<LineAllocation> = self
            .lines
            .iter()
            .zip(&spends)
            .map(|(line, spend)| {
                let response = line.curve.value(spend.to_f64());
                LineAllocation {
                    segment: line.segment.clone(),
                    channel: line.channel.clone(),
                    spend: *spend,
                    share: MoneyTotal::from(*spend).share_of(MoneyTotal::from(spent)),
                    response,
                    contribution: line.margin * response,
                    marginal_return: 0.0,
                    current: line.current,
                }
            })
            .collect();
        for (index, position) in problem.order.iter().enumerate() {
            lines[*position].marginal_return = problem.envelopes[index].marginal(solution.flows[index]);
        }
        // In the order of names, so that a sum does not depend on the order of lines.
        let contribution: f64 = problem.order.iter().map(|position| lines[*position].contribution).sum();
        let after_spend = contribution - spent.to_f64();
        let standard_error = self.standard_error(&problem.order, &lines);
        let other = |spend_of: &dyn Fn(&BudgetLine) -> f64| {
            let in_order = || problem.order.iter().map(|position| &self.lines[*position]);
            let spent: f64 = in_order().map(spend_of).sum();
            let contribution: f64 =
                in_order().map(|line| line.margin * line.curve.value(spend_of(line))).sum();
            let other_after = contribution - spent;
            OtherSplit { spent, contribution, after_spend: other_after, gain: after_spend - other_after }
        };
        let part = self.total.to_f64() / self.lines.len() as f64;
        let all_known = self.lines.iter().all(|line| line.current.is_some());
        let marginal_return = marginal_return(&problem, &solution);
        Allocation {
            total: self.total,
            spent,
            unspent: self.total.checked_sub(spent).unwrap_or_default(),
            contribution,
            after_spend,
            standard_error,
            interval: standard_error.map(|se| {
                let reach = normal_z(self.confidence) * se;
                Interval { low: contribution - reach, high: contribution + reach }
            }),
            confidence: self.confidence,
            marginal_return,
            binding: binding(&problem, &solution, marginal_return),
            gap: solution.gap,
            equal_split: other(&|_| part),
            current: all_known.then(|| other(&|line| line.current.unwrap_or_default().to_f64())),
            lines,
        }
    }

    /// From the standard errors of margins: within a segment they add up, between segments their squares do.
    fn standard_error(&self, order: &[usize], lines: &[LineAllocation]) -> Option<f64> {
        let (mut variance, mut of_segment) = (0.0, 0.0);
        for (place, position) in order.iter().enumerate() {
            let (line, response) = (&self.lines[*position], lines[*position].response);
            of_segment += match line.standard_error {
                Some(standard_error) => standard_error * response,
                None if response > 0.0 => return None,
                None => 0.0,
            };
            let next = order.get(place + 1).map(|next| &self.lines[*next].segment);
            if next != Some(&line.segment) {
                variance += of_segment * of_segment;
                of_segment = 0.0;
            }
        }
        Some(variance.sqrt())
    }
}

/// What moving one unit from one end of an arc to the other earns, along all other arcs.
fn around(problem: &Problem<'_>, solution: &Solution, arc: usize, way: Way) -> Option<f64> {
    let total_arc = problem.total_arc();
    let marginal = |index: usize, way: Way| {
        let sign = if way == Way::Up { 1.0 } else { -1.0 };
        match problem.envelopes.get(index) {
            Some(line) => sign * line.marginal(solution.flows[index]),
            None if index == total_arc => -sign * problem.kept(),
            None => 0.0,
        }
    };
    let (from, to) = (solution.network.arcs[arc].from, solution.network.arcs[arc].to);
    let rest = match way {
        Way::Up => solution.network.best_path(to, from, arc, marginal),
        Way::Down => solution.network.best_path(from, to, arc, marginal),
    };
    Some(rest? + marginal(arc, way))
}

/// λ, from the lines that nothing holds; where all are held, from the best that one unit more could do.
fn marginal_return(problem: &Problem<'_>, solution: &Solution) -> f64 {
    let arcs = &solution.network.arcs;
    let lines = problem.envelopes.len();
    let total_arc = problem.total_arc();
    if arcs[total_arc].flow < arcs[total_arc].high {
        return problem.kept();
    }
    let held = |node: usize| {
        let groups = arcs[lines..total_arc].iter().filter(|arc| arc.from == node || arc.to == node);
        groups.into_iter().any(|arc| arc.flow == arc.high || (arc.low > 0 && arc.flow == arc.low))
    };
    let free: Vec<usize> = (0..lines)
        .filter(|line| {
            let (arc, envelope) = (&arcs[*line], &problem.envelopes[*line]);
            let inside = envelope.low < arc.flow && arc.flow < envelope.high;
            inside && !envelope.is_straight(arc.flow) && !held(arc.from) && !held(arc.to)
        })
        .collect();
    if free.is_empty() {
        let more = around(problem, solution, total_arc, Way::Up);
        return more.map_or(0.0, |gain| gain + problem.kept()).max(0.0);
    }
    let envelopes: Vec<_> = free.iter().map(|line| problem.envelopes[*line].clone()).collect();
    let spent: i64 = free.iter().map(|line| arcs[*line].flow).sum();
    spread(&envelopes, spent as f64 * problem.step, 0.0).1
}

/// The limits that something would be gained by moving.
fn binding(problem: &Problem<'_>, solution: &Solution, marginal_return: f64) -> Vec<Binding> {
    let total_arc = problem.total_arc();
    // Whole steps leave marginal returns a little apart.
    let noise = 1e-3 * marginal_return.max(1e-9);
    let mut found: Vec<Binding> = Vec::new();
    for (index, arc) in solution.network.arcs.iter().enumerate() {
        for (way, at_bound) in
            [(Way::Up, arc.flow == arc.high), (Way::Down, arc.low > 0 && arc.flow == arc.low)]
        {
            let Some(limit) = problem.limit(index, way).filter(|_| at_bound) else { continue };
            // A floor is relaxed downwards: the arc carries less.
            let worth = if index == total_arc {
                Some(marginal_return - problem.kept())
            } else {
                around(problem, solution, index, way)
            };
            if let Some(worth) = worth.filter(|worth| *worth > noise) {
                found.push(Binding { limit, amount: problem.amount(index, way), worth });
            }
        }
    }
    found.sort_by(|a, b| b.worth.total_cmp(&a.worth).then_with(|| a.limit.cmp(&b.limit)));
    found
}

impl fmt::Display for Allocation {
    /// A line per place to spend, then the whole, what binds, and what other splits would earn.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let channels = self.lines.iter().any(|line| line.channel.is_some());
        let today = self.lines.iter().any(|line| line.current.is_some());
        let mut header = vec!["<segment"];
        header.extend(channels.then_some("<channel"));
        header.extend(today.then_some("today"));
        header.extend(["spend", "share", "earns", "one unit more earns"]);
        let mut table = TextTable::new(&header);
        let row = |segment: &str, channel: &str, today_text: String, cells: [String; 4]| {
            let mut row = vec![segment.to_owned()];
            row.extend(channels.then(|| channel.to_owned()));
            row.extend(today.then_some(today_text));
            row.extend(cells);
            row
        };
        for line in &self.lines {
            let cells = [
                money(line.spend),
                percent(line.share),
                units(line.contribution),
                format!("{:.2}", line.marginal_return),
            ];
            let now = line.current.map_or_else(|| "–".to_owned(), money);
            let cells = row(&line.segment, line.channel.as_deref().unwrap_or("–"), now, cells);
            table.row(cells);
        }
        table.rule();
        let today_text = self.current.map_or_else(|| "–".to_owned(), |other| units(other.spent));
        let cells = [
            money(self.spent),
            String::new(),
            units(self.contribution),
            format!("{:.2}", self.marginal_return),
        ];
        let cells = row("all", "", today_text, cells);
        table.row(cells);
        write!(f, "{table}")?;
        if self.unspent > Money::ZERO {
            writeln!(f, "\n  {} of {} stay unspent.", money(self.unspent), money(self.total))?;
        } else {
            writeln!(f)?;
        }
        write!(f, "  Earns {} after spending", units(self.after_spend))?;
        match self.interval {
            Some(interval) => {
                let spent = self.spent.to_f64();
                let (low, high) = (units(interval.low - spent), units(interval.high - spent));
                writeln!(f, " ({} interval {low} … {high}).", level(self.confidence))?;
            }
            None => writeln!(f, ".")?,
        }
        let others = [("An equal split", Some(self.equal_split)), ("Today's spending", self.current)];
        for (name, other) in others {
            if let Some(other) = other {
                let (earns, gain) = (units(other.after_spend), units(other.gain));
                writeln!(f, "  {name} would earn {earns}; this earns {gain} more.")?;
            }
        }
        for binding in &self.binding {
            let (limit, amount, worth) = (&binding.limit, money(binding.amount), binding.worth);
            writeln!(f, "  Held by {limit} ({amount}): one unit's move would earn {worth:.2}.")?;
        }
        if self.gap > 0.0 {
            writeln!(
                f,
                "  A better split was not ruled out; it would earn at most {} more.",
                units(self.gap)
            )?;
        }
        Ok(())
    }
}
