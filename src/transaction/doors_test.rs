//! The doors agree: the same dirty rows, as columns, as rows and as CSV text, give equal logs and equal reports.

#[cfg(feature = "arrow")]
mod arrow;

use std::collections::BTreeMap;

use proptest::prelude::*;

use crate::category::Category;
use crate::transaction::*;

/// One row, as text wherever text can hold dirt.
#[derive(Clone, Debug)]
struct Row {
    customer: &'static str,
    order: &'static str,
    seconds: i64,
    quantity: i32,
    price: &'static str,
    discount: &'static str,
    cost: &'static str,
    returned: u8,
    return_seconds: Option<i64>,
    undelivered: bool,
    product: &'static str,
    country: &'static str,
}

/// What the records mean, and how the file writes them.
#[derive(Clone, Debug)]
struct Setting {
    returns: Returns,
    orders: OrderIdentity,
    free_lines: FreeLines,
    duplicates: Duplicates,
    rounding: Rounding,
    unit_price: bool,
    discount_rate: bool,
    comma: bool,
}

/// Values that an exact amount cannot have; only text and `f64` can.
const DIRT: [&str; 5] = ["NaN", "inf", "0.00005", "0.333333", "-3.141592653"];
const AMOUNTS: [&str; 12] = [
    "0",
    "1",
    "2.5",
    "19.99",
    "0.0001",
    "-1",
    "-0.5",
    "7.25",
    "100000000000",
    "100000000001",
    "-100000000000.0001",
    "3",
];
const DISCOUNTS: [&str; 7] = ["0", "0.1", "1", "0.3333", "-0.5", "1.5", "0.0025"];

fn row(dirt: bool) -> impl Strategy<Value = Row> {
    let amount = move || {
        let dirt = u32::from(dirt);
        prop_oneof![8 => prop::sample::select(&AMOUNTS[..]), dirt => prop::sample::select(&DIRT[..])]
    };
    let discount = {
        let dirt = u32::from(dirt);
        prop_oneof![9 => prop::sample::select(&DISCOUNTS[..]), dirt => prop::sample::select(&DIRT[..])]
    };
    let who = prop::sample::select(vec!["ada", "ben", "Zoë", "", "ada"]);
    let order = prop::sample::select(vec!["1", "2", "C3", "C4", "A5", "", "\"6\";,"]);
    let seconds =
        prop::sample::select(vec![0, 1_000_000, 2_600_000, 2_678_399, 2_678_400, -5, 300_000_000_000]);
    let quantity = prop::sample::select(vec![1, 2, 3, -1, -2, 0, i32::MAX, i32::MIN, 1, 2]);
    let return_seconds = prop::sample::select(vec![None, Some(3_000_000), Some(-10), Some(400_000_000_000)]);
    let product = prop::sample::select(vec!["dress", "POST", "gift 1", "coat\n2", ""]);
    let country = prop::sample::select(vec!["DE", "FR", ""]);
    let texts = (who, order, product, country);
    let times = (seconds, return_seconds, prop::bool::weighted(if dirt { 0.1 } else { 0.0 }));
    (texts, times, quantity, (amount(), discount, amount()), 0u8..4).prop_map(
        |(texts, times, quantity, amounts, returned)| Row {
            customer: texts.0,
            order: texts.1,
            seconds: times.0,
            quantity,
            price: amounts.0,
            discount: amounts.1,
            cost: amounts.2,
            returned,
            return_seconds: times.1,
            undelivered: times.2,
            product: texts.2,
            country: texts.3,
        },
    )
}

fn setting() -> impl Strategy<Value = Setting> {
    let returns = prop::sample::select(vec![
        Returns::NotRecorded,
        Returns::Flag,
        Returns::Quantity,
        Returns::Amount,
        Returns::CreditNotes { prefix: None },
        Returns::CreditNotes { prefix: Some("C".into()) },
    ]);
    let orders = prop::sample::select(vec![
        OrderIdentity::Column,
        OrderIdentity::Column,
        OrderIdentity::CustomerAndDay,
        OrderIdentity::EachLine,
    ]);
    (returns, orders, any::<[bool; 6]>()).prop_map(|(returns, orders, coin)| Setting {
        orders: match &returns {
            Returns::CreditNotes { prefix: Some(_) } => OrderIdentity::Column,
            _ => orders,
        },
        returns,
        free_lines: if coin[0] { FreeLines::Keep } else { FreeLines::Exclude },
        duplicates: if coin[1] { Duplicates::Keep } else { Duplicates::Reject },
        rounding: if coin[2] { Rounding::Refuse } else { Rounding::HalfEven },
        unit_price: coin[3],
        discount_rate: coin[4],
        comma: coin[5],
    })
}

/// A clean row with every value, so that every door knows every column.
const FIRST: Row = Row {
    customer: "first",
    order: "0",
    seconds: 0,
    quantity: 2,
    price: "10",
    discount: "0.5",
    cost: "1",
    returned: 1,
    return_seconds: Some(10),
    undelivered: false,
    product: "dress",
    country: "DE",
};

impl Setting {
    fn rules(&self) -> LogRules {
        LogRules::builder("EUR")
            .zone(Zone::named("Europe/Berlin").unwrap())
            .returns(self.returns.clone())
            .orders(self.orders)
            .free_lines(self.free_lines)
            .duplicates(self.duplicates)
            .rounding(self.rounding)
            .exclude_products(["POST", "gift*"])
            .exclude_orders(["A"])
            .build()
            .unwrap()
    }

    fn records_returns(&self) -> bool {
        matches!(self.returns, Returns::Flag | Returns::Quantity | Returns::Amount)
    }

    fn columns(&self, rows: &[Row]) -> TransactionLog {
        let texts =
            |text: fn(&Row) -> &'static str| Category::from_texts(rows.iter().map(|row| Some(text(row))));
        let floats = |text: fn(&Row) -> &'static str| -> Vec<f64> {
            rows.iter().map(|row| text(row).parse().unwrap()).collect()
        };
        let seconds: Vec<i64> = rows.iter().map(|row| row.seconds).collect();
        let prices = floats(|row| row.price);
        let price =
            if self.unit_price { PriceColumn::Unit(prices.into()) } else { PriceColumn::Line(prices.into()) };
        let discounts = floats(|row| row.discount).into();
        let mut columns = LogColumns::new(texts(|row| row.customer), seconds, price)
            .times_in_seconds()
            .quantity(rows.iter().map(|row| row.quantity).collect::<Vec<_>>())
            .discount(if self.discount_rate {
                DiscountColumn::Rate(discounts)
            } else {
                DiscountColumn::Amount(discounts)
            })
            .unit_cost(floats(|row| row.cost))
            .undelivered(rows.iter().map(|row| row.undelivered).collect::<Vec<_>>())
            .attribute(Attribute::Product, texts(|row| row.product))
            .attribute(Attribute::Country, texts(|row| row.country));
        if self.orders == OrderIdentity::Column {
            columns = columns.order(texts(|row| row.order));
        }
        let returned = rows.iter().map(|row| row.returned);
        let returned = match self.returns {
            Returns::Flag => Some(ReturnedColumn::Flag(returned.map(|n| n == 1).collect())),
            Returns::Quantity => Some(ReturnedColumn::Quantity(returned.map(i32::from).collect())),
            Returns::Amount => Some(ReturnedColumn::Amount(returned.map(f64::from).collect())),
            _ => None,
        };
        if let Some(returned) = returned {
            columns = columns.returned(returned);
        }
        if self.records_returns() {
            let times: Vec<i64> = rows.iter().map(|row| row.return_seconds.unwrap_or(i64::MIN)).collect();
            columns = columns.return_time(times);
        }
        TransactionLog::from_columns(columns, &self.rules()).unwrap()
    }

    fn rows(&self, rows: &[Row]) -> TransactionLog {
        // Sums beyond the limit of a line are amounts too, where they are given exact.
        let exact = |text: &str| {
            Money::parse(text).unwrap_or_else(|_| {
                let float: f64 = text.parse().unwrap();
                Money::from_ten_thousandths((float * 10_000.0) as i64)
            })
        };
        let mut log = TransactionLog::builder(&self.rules(), IdKind::Text);
        for row in rows {
            let price =
                if self.unit_price { Price::Unit(exact(row.price)) } else { Price::Line(exact(row.price)) };
            let mut line = OrderLine::new(row.customer, row.seconds * 1_000_000, price);
            line.order = (self.orders == OrderIdentity::Column).then(|| row.order.to_owned());
            line.quantity = i64::from(row.quantity);
            line.discount = if self.discount_rate {
                Discount::Rate(Rate::from_f64(row.discount.parse().unwrap()).unwrap())
            } else {
                Discount::Amount(exact(row.discount))
            };
            line.unit_cost = Some(exact(row.cost));
            line.returned = match self.returns {
                Returns::Flag if row.returned == 1 => Returned::All,
                Returns::Quantity => Returned::Quantity(i64::from(row.returned)),
                Returns::Amount => {
                    Returned::Amount(Money::from_ten_thousandths(i64::from(row.returned) * 10_000))
                }
                _ => Returned::Nothing,
            };
            line.return_time =
                row.return_seconds.filter(|_| self.records_returns()).map(|seconds| seconds * 1_000_000);
            line.product = Some(row.product.into());
            line.country = Some(row.country.into());
            log.push(line).unwrap();
        }
        log.build().unwrap()
    }

    fn csv(&self, rows: &[Row]) -> TransactionLog {
        let number = |text: &str| if self.comma { text.replace('.', ",") } else { text.to_owned() };
        let mut file = ::csv::WriterBuilder::new().delimiter(b';').from_writer(Vec::new());
        let header =
            ["who", "order", "when", "n", "price", "off", "cost", "back", "back at", "lost", "what", "where"];
        file.write_record(header).unwrap();
        for row in rows {
            let returned = match self.returns {
                Returns::Flag => ["no", "YES", "", "f"][usize::from(row.returned)].to_owned(),
                _ => row.returned.to_string(),
            };
            let fields = [
                row.customer.to_owned(),
                row.order.to_owned(),
                row.seconds.to_string(),
                row.quantity.to_string(),
                number(row.price),
                number(row.discount),
                number(row.cost),
                returned,
                row.return_seconds.map_or_else(String::new, |seconds| seconds.to_string()),
                if row.undelivered { "lost" } else { "" }.to_owned(),
                row.product.to_owned(),
                row.country.to_owned(),
            ];
            file.write_record(fields).unwrap();
        }
        let price = if self.unit_price { SchemaPrice::Unit("price") } else { SchemaPrice::Line("price") };
        let discount =
            if self.discount_rate { SchemaDiscount::Rate("off") } else { SchemaDiscount::Amount("off") };
        let mut schema = Schema::builder(&self.rules(), "who", "when", price)
            .time_format(TimeFormat::UnixSeconds)
            .delimiter(';')
            .decimal_mark(if self.comma { DecimalMark::Comma } else { DecimalMark::Point })
            .quantity("n")
            .discount(discount)
            .unit_cost("cost")
            .undelivered(Undelivered::WhenEquals("lost", "lost"))
            .product("what")
            .country("where");
        if self.orders == OrderIdentity::Column {
            schema = schema.order("order");
        }
        if self.records_returns() {
            schema = schema.returned("back").return_time("back at");
        }
        let file = file.into_inner().unwrap();
        TransactionLog::from_csv_reader(file.as_slice(), &schema.build().unwrap()).unwrap()
    }
}

/// The log without its report, and the report without what may differ: row numbers and examples.
fn comparable(mut log: TransactionLog) -> (TransactionLog, IngestReport) {
    let mut report = std::mem::take(&mut log.report);
    for rejection in report.rejected.values_mut() {
        rejection.first_rows.clear();
        rejection.example.clear();
    }
    (log, report)
}

fn all_rows(rows: Vec<Row>) -> Vec<Row> {
    std::iter::once(FIRST).chain(rows).collect()
}

/// The row with an id, a time and a product that nothing can be wrong with.
fn nothing_but_numbers(row: &Row) -> Row {
    let order = if row.order.starts_with('C') { row.order } else { "1" };
    Row { customer: "ada", order, seconds: 0, undelivered: false, product: "dress", ..row.clone() }
}

/// The log's money by month as a plain loop over the calendar has it: (gross, discount, returned).
fn plain_months(log: &TransactionLog) -> BTreeMap<String, [i128; 3]> {
    let mut months = BTreeMap::new();
    for row in 0..log.len() {
        let mut add = |time: i64, kind: usize, amount: i64| {
            let month = log.rules.zone.civil(time).strftime("%Y-%m").to_string();
            months.entry(month).or_insert([0; 3])[kind] += i128::from(amount);
        };
        match log.kinds[row] {
            LineKind::Sale => add(log.times[row], 0, log.gross[row]),
            LineKind::Return => add(log.times[row], 2, log.gross[row]),
            LineKind::Free => {}
        }
        if let Some(discounts) = &log.discounts {
            add(log.times[row], 1, discounts[row]);
        }
        if let Some(returned) = &log.returned {
            let posted = log.return_times.as_ref().map_or(NO_TIME, |times| times[row]);
            add(if posted == NO_TIME { log.times[row] } else { posted }, 2, returned[row]);
        }
    }
    months.retain(|_, sums| *sums != [0; 3]);
    months
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn all_doors_make_the_same_log(setting in setting(), rows in prop::collection::vec(row(false), 0..25)) {
        let rows = all_rows(rows);
        let columns = comparable(setting.columns(&rows));
        let one_by_one = comparable(setting.rows(&rows));
        prop_assert_eq!(&columns.1, &one_by_one.1);
        prop_assert!(columns.0 == one_by_one.0);
        let file = comparable(setting.csv(&rows));
        prop_assert_eq!(&columns.1, &file.1);
        prop_assert!(columns.0 == file.0);
    }

    #[test]
    fn columns_and_files_refuse_the_same_dirt(setting in setting(), rows in prop::collection::vec(row(true), 0..25)) {
        let rows = all_rows(rows);
        let columns = comparable(setting.columns(&rows));
        let file = comparable(setting.csv(&rows));
        prop_assert_eq!(&columns.1, &file.1);
        prop_assert!(columns.0 == file.0);
    }

    #[test]
    fn rows_and_money_add_up(setting in setting(), rows in prop::collection::vec(row(true), 0..40)) {
        let rows = all_rows(rows);
        let log = setting.columns(&rows);
        let report = log.report();
        prop_assert!(report.balances());
        prop_assert_eq!(report.rows_read, rows.len() as u64);
        prop_assert_eq!(report.rows_kept(), log.len() as u64);
        let kept = |kind: LineKind| -> i128 {
            (0..log.len()).filter(|row| log.kinds[*row] == kind).map(|row| i128::from(log.gross[row])).sum()
        };
        prop_assert_eq!(report.sales.value.ten_thousandths(), kept(LineKind::Sale));
        prop_assert_eq!(report.credit_notes.value.ten_thousandths(), kept(LineKind::Return));
        // With every id and time there and nothing for a rule to set aside, all that can be read is kept, and the
        // money read is the same.
        let plain = Setting { free_lines: FreeLines::Keep, duplicates: Duplicates::Keep, ..setting.clone() };
        let all = plain.columns(&rows.iter().map(nothing_but_numbers).collect::<Vec<_>>());
        prop_assert!(all.report().rejected.keys().all(|reason| !reason.is_rule()));
        prop_assert_eq!(report.sales_read().value, all.report().sales_read().value);
        let free = |report: &IngestReport| {
            report.free.lines + report.rejected.values().map(|rejection| rejection.free.lines).sum::<u64>()
        };
        prop_assert_eq!(free(report), free(all.report()));
        prop_assert_eq!(report.returns_read().value, all.report().returns_read().value);
    }

    #[test]
    fn months_add_up_to_the_report(setting in setting(), rows in prop::collection::vec(row(false), 0..40)) {
        let log = setting.columns(&all_rows(rows));
        for by in [ReconcileBy::Month, ReconcileBy::Country] {
            let account = log.reconcile(by).unwrap();
            let report = log.report();
            prop_assert_eq!(account.total.gross, report.sales.value);
            prop_assert_eq!(account.total.discount, report.discount);
            prop_assert_eq!(account.total.returned, report.returned());
            prop_assert_eq!(account.total.net(), report.net());
            prop_assert_eq!(account.total.sale_lines, report.sales.lines);
            prop_assert_eq!(account.total.return_lines, report.return_lines());
        }
        let months = log.reconcile(ReconcileBy::Month).unwrap().rows.into_iter().filter_map(|row| {
            let sums = [row.gross, row.discount, row.returned].map(MoneyTotal::ten_thousandths);
            row.name.filter(|_| sums != [0; 3]).map(|name| (name, sums))
        });
        prop_assert_eq!(months.collect::<BTreeMap<_, _>>(), plain_months(&log));
    }
}
