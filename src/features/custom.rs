//! A feature of a user's own: one function over a customer's sorted lines, run inside the same pass.

use std::fmt;
use std::sync::Arc;

use crate::category::Levels;
use crate::error::{Error, Result};
use crate::features::customer::{Customer, Lines, at};
use crate::features::derive::{Grow, Part, TooLarge};
use crate::features::family::{ColumnPlan, Family, Measure, Plan, Source};
use crate::features::lines::Needs;
use crate::transaction::{AsOf, Attribute, LineKind, Money, OrderIdentity, UNKNOWN_COST};

/// A feature of your own.
///
/// The function sees each customer's [`History`] as of the table's moment and gives her value, or `None` where there is
/// none. It is called from several threads, once per customer and in no order that means anything, so it should depend
/// on the history alone; then the feature keeps the crate's promises, for shuffled rows and any number of threads too.
///
/// Moves every column that the log has, which other features do not; the lines of a customer are sorted. A state has to
/// keep lines for it.
///
/// ```
/// use kohort::features::Custom;
/// use kohort::synthetic::Shop;
/// use kohort::transaction::LineKind;
/// use kohort::{Attribute, FeatureExtractor};
///
/// let log = Shop::builder().customers(200).build()?.generate()?.log;
/// // How often did she buy the same product again?
/// let repeats = Custom::count("products_again", |history| {
///     let bought = history.lines().filter(|line| line.kind() == LineKind::Sale);
///     let mut products: Vec<&str> = bought.filter_map(|line| line.text(Attribute::Product)).collect();
///     products.sort_unstable();
///     let bought = products.len();
///     products.dedup();
///     Some((bought - products.len()) as u32)
/// });
/// let customers = FeatureExtractor::builder(log.as_of_end()?).features([]).custom(repeats).build()?.extract(&log)?;
/// assert_eq!(customers.names().collect::<Vec<_>>(), ["products_again"]);
/// # Ok::<(), kohort::Error>(())
/// ```
#[derive(Clone)]
pub struct Custom {
    name: String,
    function: Function,
}

/// A user's function of one type of value.
type Of<T> = Arc<dyn Fn(&History<'_>) -> Option<T> + Send + Sync>;

#[derive(Clone)]
enum Function {
    Number(Of<f64>),
    Count(Of<u32>),
    Money(Of<Money>),
}

impl Custom {
    /// A feature that is a number. One that is not finite is an error of the extraction.
    #[must_use]
    pub fn number(
        name: impl Into<String>,
        function: impl Fn(&History<'_>) -> Option<f64> + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.into(), function: Function::Number(Arc::new(function)) }
    }

    /// A feature that is a count.
    #[must_use]
    pub fn count(
        name: impl Into<String>,
        function: impl Fn(&History<'_>) -> Option<u32> + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.into(), function: Function::Count(Arc::new(function)) }
    }

    /// A feature that is money.
    #[must_use]
    pub fn money(
        name: impl Into<String>,
        function: impl Fn(&History<'_>) -> Option<Money> + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.into(), function: Function::Money(Arc::new(function)) }
    }
}

impl fmt::Debug for Custom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.function {
            Function::Number(_) => "number",
            Function::Count(_) => "count",
            Function::Money(_) => "money",
        };
        write!(f, "Custom({}: {kind})", self.name)
    }
}

/// One customer's lines before the moment, in the order of time; of equal times by order and content.
pub struct History<'h> {
    customer: &'h Customer<'h>,
    sorted: &'h [u32],
    orders: &'h [u32],
    levels: &'h [Option<Arc<Levels>>; Attribute::ALL.len()],
    as_of: &'h AsOf,
}

impl<'h> History<'h> {
    /// The moment of the table.
    #[must_use]
    pub fn as_of(&self) -> &'h AsOf {
        self.as_of
    }

    /// The lines: sales, free lines and credit notes.
    #[must_use]
    pub fn lines(&self) -> impl ExactSizeIterator<Item = HistoryLine<'_>> {
        let line = |(position, line): (usize, &u32)| HistoryLine {
            history: self,
            line: *line as usize,
            order: self.orders[position],
        };
        self.sorted.iter().enumerate().map(line)
    }
}

impl fmt::Debug for History<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "History({} lines)", self.sorted.len())
    }
}

/// One line of a customer's history.
#[derive(Clone, Copy)]
pub struct HistoryLine<'h> {
    history: &'h History<'h>,
    line: usize,
    order: u32,
}

impl<'h> HistoryLine<'h> {
    fn lines(&self) -> &'h Lines<'h> {
        &self.history.customer.lines
    }

    /// When, in microseconds UTC.
    #[must_use]
    pub fn time(&self) -> i64 {
        self.lines().time[self.line]
    }

    /// The number of its order among the customer's, from 0, in the order of their first lines. Lines of one order
    /// have one number.
    #[must_use]
    pub fn order(&self) -> u32 {
        self.order
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> LineKind {
        self.lines().kind(self.line)
    }

    /// Pieces that went out, or came back on a credit note.
    #[must_use]
    pub fn quantity(&self) -> i32 {
        at(self.lines().quantity, self.line)
    }

    /// Value before discount, or what was credited on a credit note.
    #[must_use]
    pub fn gross(&self) -> Money {
        Money::from_ten_thousandths(self.lines().gross[self.line])
    }

    /// What was taken off.
    #[must_use]
    pub fn discount(&self) -> Money {
        Money::from_ten_thousandths(self.lines().discount(self.line))
    }

    /// Pieces of this line that came back, credit notes attributed.
    #[must_use]
    pub fn quantity_returned(&self) -> i32 {
        at(self.lines().pieces_back, self.line)
    }

    /// Paid value of this line that came back, credit notes attributed.
    #[must_use]
    pub fn returned(&self) -> Money {
        Money::from_ten_thousandths(at(self.lines().value_back, self.line))
    }

    /// Cost of its pieces; `None` where it is unknown.
    #[must_use]
    pub fn cost(&self) -> Option<Money> {
        let cost = self.lines().cost.get(self.line).copied().filter(|cost| *cost != UNKNOWN_COST);
        cost.map(Money::from_ten_thousandths)
    }

    /// One of its texts; `None` where it is missing or the log has no such column.
    #[must_use]
    pub fn text(&self, attribute: Attribute) -> Option<&'h str> {
        let code = self.history.customer.text(attribute).get(self.line)?;
        self.history.levels[attribute as usize].as_ref()?.get(*code)
    }
}

impl fmt::Debug for HistoryLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HistoryLine({:?} of {} pieces for {})", self.kind(), self.quantity(), self.gross())
    }
}

impl Family for Custom {
    fn check(&self, _: &AsOf) -> Result<()> {
        if self.name.trim().is_empty() {
            return Err(Error::Setting {
                setting: "custom",
                found: format!("`{}`", self.name),
                expected: "a name for the feature",
            });
        }
        Ok(())
    }

    fn plan(&self, source: &Source<'_>) -> Result<Box<dyn Plan>> {
        if source.log.is_compacted() {
            let needs = "single order lines; let the state keep them";
            return Err(Error::FeatureNeeds { feature: self.name.clone(), needs });
        }
        Ok(Box::new(CustomPlan {
            custom: self.clone(),
            levels: Attribute::ALL
                .map(|attribute| source.log.attribute(attribute).map(|texts| Arc::clone(&texts.levels))),
            orders_by_id: source.log.rules().orders() != OrderIdentity::EachLine,
            as_of: source.as_of.clone(),
        }))
    }
}

struct CustomPlan {
    custom: Custom,
    levels: [Option<Arc<Levels>>; Attribute::ALL.len()],
    orders_by_id: bool,
    as_of: AsOf,
}

impl Plan for CustomPlan {
    fn columns(&self) -> Vec<ColumnPlan> {
        vec![ColumnPlan::number(&self.custom.name)]
    }

    fn needs(&self) -> Needs {
        let texts = Attribute::ALL.into_iter().map(Needs::text).fold(Needs::NONE, Needs::and);
        Needs { cost: true, came_back: true, ..Needs::ORDERS.and(texts) }
    }

    fn measure(&self) -> Box<dyn Measure + '_> {
        let column = match &self.custom.function {
            Function::Number(function) => Column::Number(function, Grow::default()),
            Function::Count(function) => Column::Count(function, Grow::default()),
            Function::Money(function) => Column::Money(function, Grow::default()),
        };
        Box::new(CustomMeasure {
            plan: self,
            column,
            sorted: Vec::new(),
            orders: Vec::new(),
            runs: Vec::new(),
            numbers: Vec::new(),
        })
    }
}

enum Column<'p> {
    Number(&'p Of<f64>, Grow<f64>),
    Count(&'p Of<u32>, Grow<u32>),
    Money(&'p Of<Money>, Grow<Money>),
}

struct CustomMeasure<'p> {
    plan: &'p CustomPlan,
    column: Column<'p>,
    /// The customer's lines in their order, and the number of each one's order.
    sorted: Vec<u32>,
    orders: Vec<u32>,
    /// For each line the run of lines it is in, and for each run the number of its order.
    runs: Vec<u32>,
    numbers: Vec<u32>,
}

impl Measure for CustomMeasure<'_> {
    fn add(&mut self, customer: &Customer<'_>) {
        self.sort(customer);
        let plan = self.plan;
        let history = History {
            customer,
            sorted: &self.sorted,
            orders: &self.orders,
            levels: &plan.levels,
            as_of: &plan.as_of,
        };
        match &mut self.column {
            Column::Number(function, values) => values.push(function(&history)),
            Column::Count(function, values) => values.push(function(&history)),
            Column::Money(function, values) => values.push(function(&history)),
        }
    }

    fn take(&mut self) -> Result<Vec<Part>, TooLarge> {
        Ok(vec![match &mut self.column {
            Column::Number(_, values) => values.take(),
            Column::Count(_, values) => values.take(),
            Column::Money(_, values) => values.take(),
        }])
    }
}

impl CustomMeasure<'_> {
    /// Sorts the customer's lines by time and content and numbers their orders.
    fn sort(&mut self, customer: &Customer<'_>) {
        let lines = &customer.lines;
        self.sorted.clear();
        self.sorted.extend(0..lines.gross.len() as u32);
        let id = |line: usize| if self.plan.orders_by_id { lines.order[line] } else { 0 };
        self.sorted.sort_unstable_by_key(|line| {
            let line = *line as usize;
            let texts = Attribute::ALL.map(|attribute| at(customer.text(attribute), line));
            let back = (at(lines.pieces_back, line), at(lines.value_back, line));
            let numbers =
                (at(lines.quantity, line), lines.gross[line], lines.discount(line), at(lines.cost, line));
            (lines.time[line], id(line), lines.kind(line), texts, numbers, back, at(lines.return_time, line))
        });
        // The lines of an order stand side by side; orders are numbered as they first appear among the sorted ones.
        self.runs.clear();
        let mut runs = 0;
        for line in 0..lines.order.len() {
            runs += u32::from(line > 0 && lines.order[line] != lines.order[line - 1]);
            self.runs.push(runs);
        }
        self.numbers.clear();
        self.numbers.resize(self.runs.len(), u32::MAX);
        self.orders.clear();
        let mut next = 0;
        for line in &self.sorted {
            let number = &mut self.numbers[self.runs[*line as usize] as usize];
            if *number == u32::MAX {
                *number = next;
                next += 1;
            }
            self.orders.push(*number);
        }
    }
}
