//! How a state is stored. The structs of a version are frozen once it is released; enums may grow at their end.
//!
//! Rows are stored in columns, as one run in an order that depends on their content. What follows from them is not
//! stored: the totals of the report, and the orders where rules tell them without a column.

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::category::Category;
use crate::error::Result;
use crate::features::state::check;
use crate::features::state::runs::Runs;
use crate::features::state::{Detail, FeatureState};
use crate::model_file::{self, Check, IdsV1, StoredModel, TextsV1, check_count, check_times};
use crate::transaction::{
    Attribute, ClassTotals, Duplicates, EXAMPLES, Erasure, FreeLines, IdColumn, IngestReport, LineKind,
    LogRules, MoneyTotal, NO_TIME, OrderIdentity, RejectReason, Rejection, Returns, Rounding, Strictness,
    TransactionLog, UNKNOWN_COST, Vat, Zone, day_orders,
};

#[derive(Serialize, Deserialize)]
struct FeatureStateV1 {
    detail: DetailV1,
    /// None before the first push.
    lines: Option<LinesV1>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum DetailV1 {
    Orders,
    Lines,
}

#[derive(Serialize, Deserialize)]
struct LinesV1 {
    rules: RulesV1,
    report: ReportV1,
    customers: IdsV1,
    /// Where a column names them.
    orders: Option<IdsV1>,
    times: Vec<i64>,
    /// None where every row is a sale.
    kinds: Option<Vec<KindV1>>,
    quantities: Vec<i32>,
    /// Money in ten-thousandths.
    gross: Vec<i64>,
    discounts: Option<Vec<i64>>,
    costs: Option<Vec<Option<i64>>>,
    returned_quantities: Option<Vec<i32>>,
    returned: Option<Vec<i64>>,
    return_times: Option<Vec<Option<i64>>>,
    product: Option<TextsV1>,
    category: Option<TextsV1>,
    brand: Option<TextsV1>,
    size: Option<TextsV1>,
    channel: Option<TextsV1>,
    country: Option<TextsV1>,
    reason: Option<TextsV1>,
    /// How many order lines a row stands for, where orders are kept.
    line_counts: Option<Vec<u32>>,
}

#[derive(Serialize, Deserialize)]
struct RulesV1 {
    currency: String,
    zone: Zone,
    orders: OrderIdentity,
    returns: Returns,
    free_lines: FreeLines,
    duplicates: Duplicates,
    rounding: Rounding,
    vat: Vat,
    strictness: Strictness,
    excluded_products: Vec<String>,
    excluded_orders: Vec<String>,
}

/// What the rows do not tell of the report.
#[derive(Serialize, Deserialize)]
struct ReportV1 {
    rejected: Vec<RejectionV1>,
    erased: ErasureV1,
    /// Also where the rules say that what came back is not recorded, so that the rows do not have it.
    returned_lines: TotalsV1,
}

#[derive(Serialize, Deserialize)]
struct RejectionV1 {
    reason: String,
    rows: u64,
    first_rows: Vec<u64>,
    example: String,
    sales: TotalsV1,
    free: TotalsV1,
    returns: TotalsV1,
}

#[derive(Serialize, Deserialize)]
struct ErasureV1 {
    customers: u64,
    rows: u64,
    sales: TotalsV1,
    free: TotalsV1,
    returns: TotalsV1,
}

#[derive(Serialize, Deserialize)]
struct TotalsV1 {
    lines: u64,
    pieces: u64,
    value: MoneyTotal,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KindV1 {
    Sale,
    Free,
    Return,
}

impl StoredModel for FeatureState {
    const KIND: &'static str = "feature_state";
    const VERSION: u32 = 1;

    fn to_latest(&self) -> impl Serialize {
        Latest(self)
    }

    fn load<'de, D: Deserializer<'de>>(_version: u32, model: D) -> Result<Self, D::Error> {
        let FeatureStateV1 { detail, lines } = FeatureStateV1::deserialize(model)?;
        let detail = Detail::from(detail);
        let lines = lines.map(|lines| lines.log(detail)).transpose();
        let lines = lines.map_err(|problem| D::Error::custom(Self::refused(problem)))?;
        Ok(Self { detail, lines: lines.map(|log| Runs::of_run(detail.compacted(log), detail)) })
    }
}

/// A state on its way out: joined and put in order when it is written.
struct Latest<'s>(&'s FeatureState);

impl Serialize for Latest<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let lines = self.0.lines.as_ref().map(Runs::canonical).transpose().map_err(S::Error::custom)?;
        FeatureStateV1 { detail: self.0.detail.into(), lines: lines.map(LinesV1::from) }.serialize(serializer)
    }
}

impl Serialize for FeatureState {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        model_file::save(self, serializer)
    }
}

impl<'de> Deserialize<'de> for FeatureState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        model_file::load(deserializer)
    }
}

impl From<TransactionLog> for LinesV1 {
    fn from(log: TransactionLog) -> Self {
        let optional = |missing: i64| {
            move |values: Vec<i64>| {
                values.into_iter().map(|value| (value != missing).then_some(value)).collect::<Vec<_>>()
            }
        };
        let [product, category, brand, size, channel, country, reason] =
            log.attributes.map(|column| column.map(TextsV1::from));
        let all_sales = log.kinds.iter().all(|kind| *kind == LineKind::Sale);
        Self {
            orders: (log.rules.orders() == OrderIdentity::Column).then(|| log.orders.into()),
            rules: log.rules.into(),
            report: log.report.into(),
            customers: log.customers.into(),
            times: log.times,
            kinds: (!all_sales).then(|| log.kinds.into_iter().map(KindV1::from).collect()),
            quantities: log.quantities,
            gross: log.gross,
            discounts: log.discounts,
            costs: log.costs.map(optional(UNKNOWN_COST)),
            returned_quantities: log.returned_quantities,
            returned: log.returned,
            return_times: log.return_times.map(optional(NO_TIME)),
            product,
            category,
            brand,
            size,
            channel,
            country,
            reason,
            line_counts: log.line_counts,
        }
    }
}

impl LinesV1 {
    /// The rows as a log, checked.
    fn log(self, detail: Detail) -> Check<TransactionLog> {
        let rows = self.times.len();
        check_times(&self.times)?;
        let filled = |missing: i64| {
            move |values: Vec<Option<i64>>| {
                values.into_iter().map(|value| value.unwrap_or(missing)).collect::<Vec<_>>()
            }
        };
        let rules = LogRules::try_from(self.rules).map_err(|error| error.to_string())?;
        let orders = match (rules.orders(), self.orders) {
            (OrderIdentity::Column, Some(orders)) => orders.into(),
            (OrderIdentity::CustomerAndDay, None) => day_orders(&self.times, &rules),
            (OrderIdentity::EachLine, None) => IdColumn::Numbers((0..rows as u64).collect()),
            _ => return Err("its orders are not those that its rules ask for".to_owned()),
        };
        let mut attributes = [const { None }; Attribute::ALL.len()];
        let texts =
            [self.product, self.category, self.brand, self.size, self.channel, self.country, self.reason];
        for (attribute, column) in attributes.iter_mut().zip(texts) {
            *attribute = column.map(Category::from);
        }
        let mut log = TransactionLog {
            rules,
            customers: self.customers.into(),
            orders,
            kinds: self.kinds.map_or_else(
                || vec![LineKind::Sale; rows],
                |kinds| kinds.into_iter().map(LineKind::from).collect(),
            ),
            times: self.times,
            quantities: self.quantities,
            gross: self.gross,
            discounts: self.discounts,
            costs: self.costs.map(filled(UNKNOWN_COST)),
            returned_quantities: self.returned_quantities,
            returned: self.returned,
            return_times: self.return_times.map(filled(NO_TIME)),
            attributes,
            line_counts: self.line_counts,
            report: IngestReport::default(),
        };
        check::log(&log, detail)?;
        log.report = self.report.report(&log)?;
        Ok(log)
    }
}

impl ReportV1 {
    /// The report, with the totals of the rows.
    fn report(self, log: &TransactionLog) -> Check<IngestReport> {
        let mut report = check::totals(log);
        let returned_lines = self.returned_lines.checked()?;
        if log.returned.is_some() && report.returned_lines != returned_lines {
            return Err("its report counts other returns than its rows".to_owned());
        }
        report.returned_lines = returned_lines;
        for rejection in self.rejected {
            let reason = RejectReason::named(&rejection.reason)
                .ok_or_else(|| format!("`{}` is no reason to reject a row", rejection.reason))?;
            if report.rejected.insert(reason, rejection.checked()?).is_some() {
                return Err(format!("rows are rejected twice for `{}`", reason.name()));
            }
        }
        let ErasureV1 { customers, rows, sales, free, returns } = self.erased;
        report.erased = Erasure {
            customers: check_count(customers)?,
            rows: check_count(rows)?,
            sales: sales.checked()?,
            free: free.checked()?,
            returns: returns.checked()?,
        };
        report.rows_read = report.rows_kept() + report.rows_rejected() + report.erased.rows;
        Ok(report)
    }
}

impl RejectionV1 {
    fn checked(self) -> Check<Rejection> {
        let examples = self.first_rows.len();
        if self.rows == 0 || examples > EXAMPLES || examples as u64 > self.rows {
            return Err(format!("{examples} examples of {} rejected rows", self.rows));
        }
        Ok(Rejection {
            rows: check_count(self.rows)?,
            first_rows: self.first_rows,
            example: self.example,
            sales: self.sales.checked()?,
            free: self.free.checked()?,
            returns: self.returns.checked()?,
        })
    }
}

impl TotalsV1 {
    fn checked(self) -> Check<ClassTotals> {
        let Self { lines, pieces, value } = self;
        let (lines, pieces) = (check_count(lines)?, check_count(pieces)?);
        Ok(ClassTotals { lines, pieces, value: check::total(value)? })
    }
}

impl From<ClassTotals> for TotalsV1 {
    fn from(totals: ClassTotals) -> Self {
        Self { lines: totals.lines, pieces: totals.pieces, value: totals.value }
    }
}

impl From<IngestReport> for ReportV1 {
    fn from(report: IngestReport) -> Self {
        let rejected = report.rejected.into_iter().map(|(reason, rejection)| RejectionV1 {
            reason: reason.name().to_owned(),
            rows: rejection.rows,
            first_rows: rejection.first_rows,
            example: rejection.example,
            sales: rejection.sales.into(),
            free: rejection.free.into(),
            returns: rejection.returns.into(),
        });
        let Erasure { customers, rows, sales, free, returns } = report.erased;
        Self {
            rejected: rejected.collect(),
            erased: ErasureV1 {
                customers,
                rows,
                sales: sales.into(),
                free: free.into(),
                returns: returns.into(),
            },
            returned_lines: report.returned_lines.into(),
        }
    }
}

impl From<LogRules> for RulesV1 {
    fn from(rules: LogRules) -> Self {
        Self {
            currency: rules.currency,
            zone: rules.zone,
            orders: rules.orders,
            returns: rules.returns,
            free_lines: rules.free_lines,
            duplicates: rules.duplicates,
            rounding: rules.rounding,
            vat: rules.vat,
            strictness: rules.strictness,
            excluded_products: rules.excluded_products,
            excluded_orders: rules.excluded_orders,
        }
    }
}

impl TryFrom<RulesV1> for LogRules {
    type Error = crate::error::Error;

    fn try_from(stored: RulesV1) -> Result<Self> {
        Self::builder(stored.currency)
            .zone(stored.zone)
            .orders(stored.orders)
            .returns(stored.returns)
            .free_lines(stored.free_lines)
            .duplicates(stored.duplicates)
            .rounding(stored.rounding)
            .vat(stored.vat)
            .strictness(stored.strictness)
            .exclude_products(stored.excluded_products)
            .exclude_orders(stored.excluded_orders)
            .build()
    }
}

impl From<KindV1> for LineKind {
    fn from(stored: KindV1) -> Self {
        match stored {
            KindV1::Sale => Self::Sale,
            KindV1::Free => Self::Free,
            KindV1::Return => Self::Return,
        }
    }
}

impl From<LineKind> for KindV1 {
    fn from(kind: LineKind) -> Self {
        match kind {
            LineKind::Sale => Self::Sale,
            LineKind::Free => Self::Free,
            LineKind::Return => Self::Return,
        }
    }
}

impl From<DetailV1> for Detail {
    fn from(stored: DetailV1) -> Self {
        match stored {
            DetailV1::Orders => Self::Orders,
            DetailV1::Lines => Self::Lines,
        }
    }
}

impl From<Detail> for DetailV1 {
    fn from(detail: Detail) -> Self {
        match detail {
            Detail::Orders => Self::Orders,
            Detail::Lines => Self::Lines,
        }
    }
}
