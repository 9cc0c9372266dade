//! Returns: how often a customer sends back by orders and lines, what her orders show whose returns are all in, how
//! long she waits and until she is credited.

use crate::error::{Error, Result};
use crate::features::customer::{Customer, Lines, Order, Posted, at};
use crate::features::derive::{Part, TooLarge, ratio};
use crate::features::family::{ColumnPlan, Family, Measure, Plan, Ratios, Source};
use crate::features::lines::Needs;
use crate::transaction::{DAY, LineKind, Returns};

/// The family.
#[derive(Debug)]
pub(crate) struct ReturnHabits;

/// Its columns.
const NUMBERS: [&str; 8] = [
    "return_rate_orders",
    "return_rate_lines",
    "return_rate_mature",
    "return_rate_items_mature",
    "return_rate_orders_mature",
    "return_rate_lines_mature",
    "items_per_returning_order",
    "returned_attributed_share",
];

/// Those that need the times of returns.
const TIMES: [&str; 2] = ["days_to_return", "days_to_refund"];

impl Family for ReturnHabits {
    fn plan(&self, source: &Source<'_>) -> Result<Box<dyn Plan>> {
        let timed = match source.log.rules().returns() {
            Returns::NotRecorded => {
                let (feature, needs) = (NUMBERS[0].to_owned(), "a record of returns");
                return Err(Error::FeatureNeeds { feature, needs });
            }
            Returns::CreditNotes { .. } => true,
            _ => source.log.return_times.is_some(),
        };
        let maturity = i64::from(source.maturity_days) * DAY;
        Ok(Box::new(ReturnPlan { timed, mature_before: source.as_of.micros().saturating_sub(maturity) }))
    }
}

struct ReturnPlan {
    /// Whether it is known when things came back.
    timed: bool,
    /// Orders before this have their returns in.
    mature_before: i64,
}

impl Plan for ReturnPlan {
    fn columns(&self) -> Vec<ColumnPlan> {
        let times = TIMES.into_iter().filter(|_| self.timed);
        NUMBERS.into_iter().chain(times).map(ColumnPlan::number).collect()
    }

    fn needs(&self) -> Needs {
        Needs::ORDERS.and(Needs { came_back: self.timed, ..Needs::NONE })
    }

    fn measure(&self) -> Box<dyn Measure + '_> {
        Box::new(ReturnMeasure { plan: self, numbers: Ratios::new(self.columns().len()) })
    }
}

struct ReturnMeasure<'p> {
    plan: &'p ReturnPlan,
    numbers: Ratios,
}

impl Measure for ReturnMeasure<'_> {
    fn add(&mut self, customer: &Customer<'_>) {
        let lines = &customer.lines;
        let (mut all, mut mature) = (Bought::default(), Bought::default());
        for order in customer.orders {
            let bought = Bought::of(order, lines);
            all.add(&bought);
            if order.time < self.plan.mature_before {
                mature.add(&bought);
            }
        }
        let numbers = [
            ratio(all.orders_back, all.orders),
            ratio(all.lines_back, all.lines),
            ratio(mature.value_back, mature.value),
            ratio(mature.pieces_back, mature.pieces),
            ratio(mature.orders_back, mature.orders),
            ratio(mature.lines_back, mature.lines),
            ratio(all.pieces_back, all.orders_back),
            attributed_share(lines),
        ];
        let times = days_between(customer);
        self.numbers.push(numbers.into_iter().chain(times.into_iter().filter(|_| self.plan.timed)));
    }

    fn take(&mut self) -> Result<Vec<Part>, TooLarge> {
        Ok(self.numbers.take())
    }
}

/// What was bought in some orders, and what of it came back. Value in ten-thousandths.
#[derive(Default)]
struct Bought {
    orders: i128,
    orders_back: i128,
    lines: i128,
    lines_back: i128,
    pieces: i128,
    pieces_back: i128,
    value: i128,
    value_back: i128,
}

impl Bought {
    fn of(order: &Order, lines: &Lines<'_>) -> Self {
        let is_back = |line: &usize| {
            lines.kind(*line) == LineKind::Sale
                && lines.came_back(*line)
                && 2 * i64::from(at(lines.pieces_back, *line)) >= i64::from(at(lines.quantity, *line))
        };
        let lines_back = order.lines.clone().filter(is_back).map(|line| i128::from(lines.count(line)));
        Self {
            orders: 1,
            orders_back: i128::from(order.returned != 0 || order.pieces_back != 0),
            lines: i128::from(order.sale_lines),
            lines_back: lines_back.sum(),
            pieces: i128::from(order.pieces),
            pieces_back: i128::from(order.pieces_back),
            value: order.paid(),
            value_back: order.returned,
        }
    }

    fn add(&mut self, other: &Self) {
        self.orders += other.orders;
        self.orders_back += other.orders_back;
        self.lines += other.lines;
        self.lines_back += other.lines_back;
        self.pieces += other.pieces;
        self.pieces_back += other.pieces_back;
        self.value += other.value;
        self.value_back += other.value_back;
    }
}

/// The part of the value credited that belongs to a known sale; `None` where nothing came back.
fn attributed_share(lines: &Lines<'_>) -> Option<f64> {
    let attributed = lines.value_back.iter().map(|value| i128::from(*value)).sum();
    let credited = match lines.posted {
        Posted::OnSales => attributed,
        Posted::CreditNotes | Posted::Apart => lines
            .lines()
            .filter(|line| lines.kind(*line) == LineKind::Return)
            .map(|line| i128::from(lines.gross[line]))
            .sum(),
    };
    ratio(attributed, credited)
}

/// Mean days from a sale to its return, by pieces and by value.
fn days_between(customer: &Customer<'_>) -> [Option<f64>; 2] {
    let (mut pieces, mut value) = (Weighted::default(), Weighted::default());
    for back in customer.came_back {
        if let Some(time) = back.time {
            let waited = time - customer.lines.time[back.line];
            pieces.add(waited, i64::from(back.pieces));
            value.add(waited, back.value);
        }
    }
    [pieces.days(), value.days()]
}

/// A weighted mean of spans of time; exact until it is divided.
#[derive(Default)]
struct Weighted {
    micros: i128,
    weight: i128,
}

impl Weighted {
    fn add(&mut self, micros: i64, weight: i64) {
        self.micros += i128::from(micros) * i128::from(weight);
        self.weight += i128::from(weight);
    }

    fn days(&self) -> Option<f64> {
        ratio(self.micros, self.weight).map(|micros| micros / DAY as f64)
    }
}
