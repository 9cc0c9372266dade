//! Computed traits in the pass: which lines and orders count, and which column comes of them.

use std::ops::Range;
use std::sync::Arc;

use crate::category::Levels;
use crate::error::{Error, Result};
use crate::features::computed::aggregate::{How, Item, aggregate};
use crate::features::computed::column::{Column, Kind};
use crate::features::computed::{Aggregate, Bound, Computed, Number, Over, TextFilter, TraitValue};
use crate::features::customer::{Customer, Lines, at};
use crate::features::derive::{Part, TooLarge};
use crate::features::family::{ColumnPlan, Family, Measure, Plan, Source};
use crate::features::lines::Needs;
use crate::features::measures::returned_gross;
use crate::features::requirements::column_of;
use crate::features::tally::OrderTally;
use crate::transaction::{AsOf, Attribute, LineKind, OrderIdentity, Returns, TransactionLog, UNKNOWN_COST};

impl Computed {
    fn value(&self) -> Option<TraitValue> {
        match self.aggregate {
            Aggregate::Count => None,
            Aggregate::Sum(number)
            | Aggregate::Average(number)
            | Aggregate::Min(number)
            | Aggregate::Max(number) => Some(TraitValue::Number(number)),
            Aggregate::First(value)
            | Aggregate::Last(value)
            | Aggregate::MostFrequent(value)
            | Aggregate::Distinct(value) => Some(value),
        }
    }

    fn how(&self) -> How {
        match self.aggregate {
            Aggregate::Count => How::Count,
            Aggregate::Sum(_) => How::Sum,
            Aggregate::Average(_) => How::Average,
            Aggregate::Min(_) => How::Min,
            Aggregate::Max(_) => How::Max,
            Aggregate::First(_) => How::First,
            Aggregate::Last(_) => How::Last,
            Aggregate::MostFrequent(_) => How::MostFrequent,
            Aggregate::Distinct(_) => How::Distinct,
        }
    }

    fn kind(&self) -> Kind {
        let unit = |number: Number| if number.is_money() { 10_000.0 } else { 1.0 };
        match (self.aggregate, self.value()) {
            (Aggregate::Count | Aggregate::Distinct(_), _) | (_, None) => Kind::Count,
            (Aggregate::Average(number), _) => Kind::Average { unit: unit(number) },
            (_, Some(TraitValue::Time)) => Kind::Time,
            (_, Some(TraitValue::Number(number))) if number.is_money() => Kind::Money,
            (_, Some(TraitValue::Number(_))) => Kind::Pieces,
            (_, Some(TraitValue::Text(_))) => Kind::Text,
        }
    }

    fn numbers(&self) -> impl Iterator<Item = Number> {
        let value = match self.value() {
            Some(TraitValue::Number(number)) => Some(number),
            _ => None,
        };
        value.into_iter().chain(self.bounds.iter().map(|bound| bound.number))
    }

    fn attributes(&self) -> impl Iterator<Item = Attribute> {
        let value = match self.value() {
            Some(TraitValue::Text(attribute)) => Some(attribute),
            _ => None,
        };
        value.into_iter().chain(self.texts.iter().map(|filter| filter.attribute))
    }

    /// What the log lacks for it, in words.
    fn lacking(&self, log: &TransactionLog) -> Option<&'static str> {
        let number = self.numbers().find_map(|number| match number {
            Number::Discount if log.discounts.is_none() => Some("a discount column"),
            Number::Cost if log.costs.is_none() => Some("unit costs"),
            Number::Returned | Number::ReturnedGross | Number::Net | Number::QuantityReturned
                if *log.rules().returns() == Returns::NotRecorded =>
            {
                Some("a record of returns")
            }
            _ => None,
        });
        let text = || self.attributes().find(|attribute| log.attribute(*attribute).is_none()).map(column_of);
        // Lines that are put together are of one time and have the same texts; their numbers only add up.
        let of_a_line = matches!(self.value(), Some(TraitValue::Number(_)))
            && !matches!(self.aggregate, Aggregate::Sum(_) | Aggregate::Average(_));
        let single = self.over == Over::Lines && (of_a_line || !self.bounds.is_empty());
        let lines =
            || (single && log.is_compacted()).then_some("single order lines; let the state keep them");
        number.or_else(text).or_else(lines)
    }

    fn needs(&self) -> Needs {
        let mut needs =
            self.attributes().fold(Needs::NONE, |needs, attribute| needs.and(Needs::text(attribute)));
        needs.order = true;
        for number in self.numbers() {
            match number {
                Number::Quantity | Number::UnitPrice => needs.quantity = true,
                Number::Discount | Number::Paid => needs.discount = true,
                Number::Cost => needs.cost = true,
                Number::Gross => {}
                Number::Returned | Number::ReturnedGross | Number::Net | Number::QuantityReturned => {
                    (needs.discount, needs.quantity, needs.came_back) = (true, true, true);
                    (needs.returned, needs.returned_quantity) = (true, true);
                }
            }
        }
        needs
    }
}

impl Family for Computed {
    fn check(&self, as_of: &AsOf) -> Result<()> {
        self.window.range(as_of).map(|_| ())
    }

    fn plan(&self, source: &Source<'_>) -> Result<Box<dyn Plan>> {
        Ok(Box::new(ComputedPlan::new(self.clone(), source)?))
    }
}

/// A trait for one log and one moment.
pub(in crate::features) struct ComputedPlan {
    computed: Computed,
    /// The texts of the value, where it is one.
    levels: Option<Arc<Levels>>,
    /// Which codes pass.
    filters: Vec<(Attribute, Vec<bool>)>,
    range: Range<i64>,
    orders_by_id: bool,
}

impl ComputedPlan {
    /// # Errors
    /// [`Error::FeatureNeeds`] for what the log lacks, [`Error::Setting`] for a window that ends before it begins.
    pub(in crate::features) fn new(computed: Computed, source: &Source<'_>) -> Result<Self> {
        if let Some(needs) = computed.lacking(source.log) {
            return Err(Error::FeatureNeeds { feature: computed.name, needs });
        }
        let levels = match computed.value() {
            Some(TraitValue::Text(attribute)) => {
                source.log.attribute(attribute).map(|texts| Arc::clone(&texts.levels))
            }
            _ => None,
        };
        let filter = |filter: &TextFilter| {
            let texts = source.log.attribute(filter.attribute).map(|column| &column.levels);
            let passes = |text: &str| filter.pass.of(&filter.texts, text);
            (filter.attribute, texts.map(|texts| texts.iter().map(passes).collect()).unwrap_or_default())
        };
        Ok(Self {
            filters: computed.texts.iter().map(filter).collect(),
            levels,
            range: computed.window.range(source.as_of)?,
            orders_by_id: source.log.rules().orders() != OrderIdentity::EachLine,
            computed,
        })
    }
}

impl Plan for ComputedPlan {
    fn columns(&self) -> Vec<ColumnPlan> {
        // How often and how many are numbers, of texts as well.
        let levels =
            self.levels.clone().filter(|_| !matches!(self.computed.aggregate, Aggregate::Distinct(_)));
        vec![ColumnPlan { name: self.computed.name.clone(), levels }]
    }

    fn needs(&self) -> Needs {
        self.computed.needs()
    }

    fn measure(&self) -> Box<dyn Measure + '_> {
        Box::new(ComputedMeasure {
            plan: self,
            items: Vec::new(),
            by_text: OrderTally::default(),
            column: Column::new(self.computed.kind()),
        })
    }
}

struct ComputedMeasure<'p> {
    plan: &'p ComputedPlan,
    items: Vec<Item>,
    /// Gross by the texts of an order.
    by_text: OrderTally,
    column: Column,
}

impl Measure for ComputedMeasure<'_> {
    fn add(&mut self, customer: &Customer<'_>) {
        self.items.clear();
        self.plan.each(customer, &mut self.by_text, |item, _| self.items.push(item));
        self.column.push(aggregate(self.plan.computed.how(), &mut self.items));
    }

    fn take(&mut self) -> Result<Vec<Part>, TooLarge> {
        let what = || self.plan.computed.name.clone();
        self.column.take().map(|part| vec![part]).map_err(|customer| TooLarge { what: what(), customer })
    }
}

impl ComputedPlan {
    /// Shows each line or order that counts, and of which of the customer's lines it is.
    pub(in crate::features) fn each(
        &self,
        customer: &Customer<'_>,
        by_text: &mut OrderTally,
        mut found: impl FnMut(Item, Range<usize>),
    ) {
        let lines = &customer.lines;
        let mut start = 0;
        while start < lines.gross.len() {
            let mut end = start + 1;
            // A line is looked at alone, an order as a run of lines.
            while self.computed.over == Over::Orders
                && end < lines.gross.len()
                && lines.order[end] == lines.order[start]
            {
                end += 1;
            }
            if let Some(item) = self.item(customer, start..end, by_text) {
                found(item, start..end);
            }
            start = end;
        }
    }

    /// Whether a line is a sale that passes the filters on texts.
    pub(in crate::features) fn passes(&self, customer: &Customer<'_>, line: usize) -> bool {
        let passes = |(attribute, codes): &(Attribute, Vec<bool>)| {
            codes.get(customer.text(*attribute)[line] as usize).copied().unwrap_or_default()
        };
        customer.lines.kind(line) == LineKind::Sale && self.filters.iter().all(passes)
    }

    /// A line, or the lines of an order that pass, if there are any and they are in the window.
    fn item(&self, customer: &Customer<'_>, run: Range<usize>, by_text: &mut OrderTally) -> Option<Item> {
        let lines = &customer.lines;
        let mut sums: Option<Sums> = None;
        by_text.clear();
        for line in run.clone().filter(|line| self.passes(customer, *line)) {
            let own = Sums::of(lines, line);
            sums = Some(sums.map_or(own, |sums| sums.and(&own)));
            if let Some(TraitValue::Text(attribute)) = self.computed.value() {
                by_text.add(customer.text(attribute)[line], lines.gross[line]);
            }
        }
        let sums = sums.filter(|sums| self.range.contains(&sums.time))?;
        let inside = |bound: &Bound| {
            let value = sums.number(bound.number)?;
            Some((i128::from(bound.least)..=i128::from(bound.most)).contains(&value))
        };
        if !self.computed.bounds.iter().all(|bound| inside(bound) == Some(true)) {
            return None;
        }
        let value = match self.computed.value() {
            None => Some(0),
            Some(TraitValue::Time) => Some(i128::from(sums.time)),
            Some(TraitValue::Number(number)) => sums.number(number),
            // Without a text there is nothing to look at.
            Some(TraitValue::Text(_)) => Some(i128::from(by_text.top()?)),
        };
        let order = if self.orders_by_id { lines.order[run.start] } else { 0 };
        let count = if self.computed.over == Over::Orders { 1 } else { sums.lines };
        Some(Item { time: sums.time, order, count, value })
    }
}

/// The numbers of a line, or of several.
#[derive(Clone, Copy)]
struct Sums {
    time: i64,
    lines: u64,
    quantity: i128,
    quantity_back: i128,
    gross: i128,
    discount: i128,
    returned: i128,
    returned_gross: i128,
    cost: Option<i128>,
}

impl Sums {
    fn of(lines: &Lines<'_>, line: usize) -> Self {
        let cost = at(lines.cost, line);
        Self {
            time: lines.time[line],
            lines: lines.count(line),
            quantity: i128::from(at(lines.quantity, line)),
            quantity_back: i128::from(at(lines.pieces_back, line)),
            gross: i128::from(lines.gross[line]),
            discount: i128::from(lines.discount(line)),
            returned: i128::from(at(lines.value_back, line)),
            returned_gross: i128::from(returned_gross(lines, line)),
            cost: (cost != UNKNOWN_COST).then_some(i128::from(cost)),
        }
    }

    fn and(&self, other: &Self) -> Self {
        Self {
            time: self.time.min(other.time),
            lines: self.lines + other.lines,
            quantity: self.quantity + other.quantity,
            quantity_back: self.quantity_back + other.quantity_back,
            gross: self.gross + other.gross,
            discount: self.discount + other.discount,
            returned: self.returned + other.returned,
            returned_gross: self.returned_gross + other.returned_gross,
            cost: self.cost.zip(other.cost).map(|(own, other)| own + other),
        }
    }

    fn number(&self, number: Number) -> Option<i128> {
        match number {
            Number::Quantity => Some(self.quantity),
            Number::Gross => Some(self.gross),
            Number::Discount => Some(self.discount),
            Number::Paid => Some(self.gross - self.discount),
            Number::Returned => Some(self.returned),
            Number::ReturnedGross => Some(self.returned_gross),
            Number::Net => Some(self.gross - self.discount - self.returned),
            Number::QuantityReturned => Some(self.quantity_back),
            Number::Cost => self.cost,
            Number::UnitPrice => divided(self.gross, self.quantity),
        }
    }
}

/// A quotient of numbers that are not negative, rounded half to even; `None` over zero.
fn divided(amount: i128, by: i128) -> Option<i128> {
    if by <= 0 {
        return None;
    }
    let (whole, rest) = (amount / by, amount % by);
    let up = 2 * rest > by || (2 * rest == by && whole % 2 == 1);
    Some(whole + i128::from(up))
}
