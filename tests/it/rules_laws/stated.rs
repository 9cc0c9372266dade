//! The same sheet and the same expressions in the crate's own terms.

use kohort::features::{ReturnKnowledge, TableContext};
use kohort::segment::{Operand, Predicate, Relative, Value, bucket, feature, segment};
use kohort::{AsOf, Bitmap, Category, Column, CustomerIds, FeatureTable, Money, Values, Vat, Zone};

use super::clock::{Clock, date};
use super::textbook::{Against, Ask, Cells, Compare, Expr, Place, Sheet};

pub(crate) fn as_of(now: i64, clock: Clock) -> AsOf {
    AsOf::instant(now, &Zone::named(clock.name()).unwrap()).unwrap()
}

/// A name for each rule that needs quotes and escapes.
pub(crate) fn name(rule: usize) -> String {
    ["plain", "it's", "Größe \"L\"", "in_segment", "a -- b; c"]
        .get(rule)
        .map_or(format!("rule {rule}"), |name| (*name).to_owned())
}

fn column(cells: &Cells) -> Column {
    /// What stands where a value is missing must not matter, so it is a value that others have.
    fn filled<T: Copy>(cells: &[Option<T>], otherwise: T) -> (Vec<T>, Bitmap) {
        let any = cells.iter().flatten().copied().next_back().unwrap_or(otherwise);
        (cells.iter().map(|cell| cell.unwrap_or(any)).collect(), cells.iter().map(Option::is_some).collect())
    }
    macro_rules! numbers {
        ($kind:ident, $cells:expr, $otherwise:expr) => {{
            let (values, valid) = filled($cells, $otherwise);
            Column::with_missing(Values::$kind(values), valid).unwrap()
        }};
    }
    match cells {
        Cells::U32(cells) => numbers!(U32, cells, 0),
        Cells::I32(cells) => numbers!(I32, cells, 0),
        Cells::I64(cells) => numbers!(I64, cells, 0),
        Cells::F64(cells) => numbers!(F64, cells, 0.0),
        Cells::Time(cells) => numbers!(Time, cells, 0),
        Cells::Money(cells) => {
            let money: Vec<Option<Money>> =
                cells.iter().map(|cell| cell.map(Money::from_ten_thousandths)).collect();
            numbers!(Money, &money, Money::from_ten_thousandths(0))
        }
        Cells::Text(cells) => {
            Column::new(Values::Category(Category::from_texts(cells.iter().map(Option::as_deref))))
        }
    }
}

impl Sheet {
    pub(crate) fn table(&self) -> FeatureTable {
        let numbers: Option<Vec<u64>> = self.ids.iter().map(|id| id.parse().ok()).collect();
        let ids = if let Some(numbers) = numbers {
            CustomerIds::numbers(numbers).unwrap()
        } else {
            let texts = Category::from_texts(self.ids.iter().map(|id| Some(id.as_str())));
            CustomerIds::texts(texts.levels().clone())
        };
        let columns = self.columns.iter().map(|(name, cells)| (*name, column(cells)));
        FeatureTable::from_columns(ids, columns).unwrap().described(TableContext {
            as_of: as_of(self.now, self.clock),
            currency: "EUR".to_owned(),
            vat: Vat::Excluded,
            returns: ReturnKnowledge::NotRecorded,
            lines_left_out: 0,
        })
    }
}

impl Against {
    pub(crate) fn value(&self) -> Value {
        match self {
            Self::Number(number) => Value::Number(*number),
            Self::Text(text) => Value::Text(text.clone()),
            Self::Days(days) => Value::Relative(Relative::Days(*days)),
            Self::Months(months) => Value::Relative(Relative::Months(*months)),
            Self::Date { .. } => Value::Date(self.date()),
            Self::Percentile(percentile) => Value::Percentile(*percentile),
            Self::Top(customers) => Value::Top(*customers),
            Self::Bottom(customers) => Value::Bottom(*customers),
        }
    }

    /// A date as it is written.
    pub(crate) fn date(&self) -> String {
        let Self::Date { day, minute, ahead } = self else { panic!("{self:?} is no date") };
        let (year, month, day) = date(*day);
        let ahead = match ahead {
            None => String::new(),
            Some(0) => "Z".to_owned(),
            Some(ahead) => {
                let sign = if *ahead < 0 { '-' } else { '+' };
                format!("{sign}{:02}:{:02}", ahead.abs() / 60, ahead.abs() % 60)
            }
        };
        let minute = minute.or((!ahead.is_empty()).then_some(0));
        let minute =
            minute.map_or(String::new(), |minute| format!("T{:02}:{:02}:00", minute / 60, minute % 60));
        format!("{year:04}-{month:02}-{day:02}{minute}{ahead}")
    }
}

fn compared(own: Operand, how: Compare, value: Value) -> Predicate {
    match how {
        Compare::Eq => own.eq(value),
        Compare::Ne => own.ne(value),
        Compare::Lt => own.lt(value),
        Compare::Le => own.le(value),
        Compare::Gt => own.gt(value),
        Compare::Ge => own.ge(value),
    }
}

fn asked(own: Operand, ask: &Ask) -> Predicate {
    let values = |values: &[Against]| values.iter().map(Against::value).collect::<Vec<Value>>();
    match ask {
        Ask::Missing => own.is_missing(),
        Ask::Present => own.is_present(),
        Ask::Compare(Compare::Gt, Against::Percentile(percentile)) => own.above_percentile(*percentile),
        Ask::Compare(Compare::Lt, Against::Percentile(percentile)) => own.below_percentile(*percentile),
        Ask::Compare(Compare::Ge, Against::Top(customers)) => own.top(*customers),
        Ask::Compare(Compare::Le, Against::Bottom(customers)) => own.bottom(*customers),
        Ask::Compare(Compare::Lt, date @ Against::Date { .. }) => own.before(date.date()),
        Ask::Compare(Compare::Ge, date @ Against::Date { .. }) => own.since(date.date()),
        Ask::Compare(how, against) => compared(own, *how, against.value()),
        Ask::Between(low, high) => own.between(low.value(), high.value()),
        Ask::FromUntil(low, high) => own.from_until(low.value(), high.value()),
        Ask::In(own_values) => own.is_in(values(own_values)),
        Ask::NotIn(own_values) => own.is_not_in(values(own_values)),
        Ask::Flag { equal: true, yes: true } => own.is_yes(),
        Ask::Flag { equal: true, yes: false } => own.is_no(),
        Ask::Flag { equal: false, yes } => own.ne(*yes),
        Ask::Like { place, text, any_case } => match (place, any_case) {
            (Place::Anywhere, false) => own.contains(text),
            (Place::Start, false) => own.starts_with(text),
            (Place::End, false) => own.ends_with(text),
            (Place::Whole, false) => own.eq(text.as_str()),
            (Place::Anywhere, true) => own.any_case().contains(text),
            (Place::Start, true) => own.any_case().starts_with(text),
            (Place::End, true) => own.any_case().ends_with(text),
            (Place::Whole, true) => own.any_case().eq(text),
        },
        Ask::WithinDays(days) => own.within_days(*days),
        Ask::WithinMonths(months) => own.within_months(*months),
        Ask::MoreThanDaysAgo(days) => own.more_than_days_ago(*days),
        Ask::MoreThanMonthsAgo(months) => own.more_than_months_ago(*months),
        Ask::InNextDays(days) => own.in_next_days(*days),
        Ask::ThisMonth => own.anniversary_this_month(),
        Ask::InDays(days) => own.anniversary_in_days(*days),
    }
}

impl Expr {
    /// The predicate, put together in one way or another.
    pub(crate) fn predicate(&self) -> Predicate {
        match self {
            Self::Everyone => Predicate::everyone(),
            Self::NoOne => Predicate::no_one(),
            Self::Not(own) if matches!(**own, Self::Not(_)) => own.predicate().negated(),
            Self::Not(own) => !own.predicate(),
            Self::And(all) => match all.as_slice() {
                [one, other] => one.predicate().and(other.predicate()),
                all => Predicate::all(all.iter().map(Self::predicate)),
            },
            Self::Or(any) => match any.as_slice() {
                [one, other] => one.predicate().or(other.predicate()),
                any => Predicate::any(any.iter().map(Self::predicate)),
            },
            Self::Score(points, least) => {
                Predicate::score(points.iter().map(|(points, own)| (*points, own.predicate())), *least)
            }
            Self::Segment(rule) => segment(name(*rule)),
            Self::Ask(column, ask) => asked(feature(column), ask),
            Self::Bucket(salt, how, bound) => compared(bucket(*salt), *how, Value::Number(*bound)),
        }
    }
}
