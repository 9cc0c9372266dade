//! Base features of a window of time: the lines in it are copied together and measured as a whole log's lines are.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::error::{Error, Result};
use crate::features::customer::{Back, Customer, Lines, Posted};
use crate::features::derive::{Part, TooLarge};
use crate::features::extraction::Base;
use crate::features::family::{ColumnPlan, Family, Measure, Plan, Source};
use crate::features::feature::Feature;
use crate::features::lines::{LineColumns, Needs};
use crate::features::measures::{Measures, Meter};
use crate::transaction::{AsOf, LineKind, NO_TIME, Window};

/// Base features of one window.
#[derive(Debug)]
pub(crate) struct Windowed {
    window: Window,
    features: BTreeSet<Feature>,
}

impl Windowed {
    pub(crate) fn new(window: Window, features: BTreeSet<Feature>) -> Self {
        Self { window, features }
    }
}

impl Family for Windowed {
    fn check(&self, as_of: &AsOf) -> Result<()> {
        if self.features.is_empty() {
            return Err(Error::Setting {
                setting: "within",
                found: format!("no features for the window {}", self.window),
                expected: "at least one feature",
            });
        }
        self.window.range(as_of).map(|_| ())
    }

    fn plan(&self, source: &Source<'_>) -> Result<Box<dyn Plan>> {
        let mut base = Base::new(self.features.clone(), source.log)?;
        // Returns on their sale lines are posted by their own time, which may be in another window than the sale.
        let timed = source.log.return_times.is_some();
        if timed && (base.needs.returned || base.needs.returned_quantity) {
            base.needs = base.needs.and(Needs { returned: true, returned_quantity: true, ..Needs::NONE });
        }
        Ok(Box::new(WindowPlan {
            columns: base.columns(source.log, &format!("__{}", self.window)),
            range: self.window.range(source.as_of)?,
            as_of: source.as_of.micros(),
            maturity_days: source.maturity_days,
            base,
        }))
    }
}

struct WindowPlan {
    base: Base,
    columns: Vec<ColumnPlan>,
    range: Range<i64>,
    as_of: i64,
    maturity_days: u32,
}

impl Plan for WindowPlan {
    fn columns(&self) -> Vec<ColumnPlan> {
        self.columns.clone()
    }

    fn needs(&self) -> Needs {
        self.base.needs
    }

    fn measure(&self) -> Box<dyn Measure + '_> {
        Box::new(WindowMeasure {
            plan: self,
            meter: Meter::new(self.base.needs, self.as_of, self.maturity_days, self.base.levels),
            lines: LineColumns::default(),
            back: (Vec::new(), Vec::new()),
            measures: Vec::new(),
            channel_gross: Vec::new(),
        })
    }
}

struct WindowMeasure<'p> {
    plan: &'p WindowPlan,
    meter: Meter,
    /// The customer's lines in the window.
    lines: LineColumns,
    /// Pieces and value of each that came back.
    back: (Vec<i32>, Vec<i64>),
    measures: Vec<Measures>,
    channel_gross: Vec<i64>,
}

impl Measure for WindowMeasure<'_> {
    fn add(&mut self, customer: &Customer<'_>) {
        let posted = self.copy(customer);
        let range = 0..self.lines.len();
        let back = Back { pieces: &self.back.0, value: &self.back.1, posted };
        let view = Lines::of(&self.lines, &range, back);
        let channels = self.plan.base.levels.channels;
        let start = self.channel_gross.len();
        self.channel_gross.resize(start + channels, 0);
        let own = &mut self.channel_gross[start..];
        self.measures.push(self.meter.measure(&view, &self.lines, &range, own));
    }

    fn take(&mut self) -> Result<Vec<Part>, TooLarge> {
        let parts = self.plan.base.derive(&self.measures, &self.channel_gross, self.plan.as_of);
        self.measures.clear();
        self.channel_gross.clear();
        parts
    }
}

impl WindowMeasure<'_> {
    /// Copies the customer's lines in the window. Where returns on sale lines have times, each that was posted in the
    /// window becomes a line of its own, next to its order's; says where posted returns stand.
    fn copy(&mut self, customer: &Customer<'_>) -> Posted {
        let (columns, range) = customer.columns();
        let lines = &customer.lines;
        let timed = !lines.return_time.is_empty();
        let needs = self.plan.base.needs;
        self.lines.clear();
        self.back.0.clear();
        self.back.1.clear();
        for line in lines.lines() {
            let row = range.start + line;
            if self.plan.range.contains(&lines.time[line]) {
                self.lines.push_row(columns, row, needs);
                // Every row says what it is, as soon as one has to.
                if timed || !lines.kind.is_empty() {
                    self.lines.kind.push(lines.kind(line));
                }
                self.push_back(lines.pieces_back.get(line), lines.value_back.get(line));
            }
            if !timed || !lines.came_back(line) {
                continue;
            }
            let time = lines.return_time[line];
            // One without a time is posted with its sale.
            let posted = if time == NO_TIME { lines.time[line] } else { time };
            if self.plan.range.contains(&posted) {
                let pieces = lines.pieces_back.get(line).copied().unwrap_or_default();
                let value = lines.value_back.get(line).copied().unwrap_or_default();
                self.lines.push_row(columns, row, needs);
                self.lines.kind.push(LineKind::Return);
                self.lines.replace_last(time, pieces, value);
                self.push_back(lines.pieces_back.first().map(|_| &0), lines.value_back.first().map(|_| &0));
            }
        }
        if timed { Posted::Apart } else { lines.posted }
    }

    fn push_back(&mut self, pieces: Option<&i32>, value: Option<&i64>) {
        self.back.0.extend(pieces);
        self.back.1.extend(value);
    }
}
