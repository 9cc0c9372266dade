//! The ingest report as a page for people: one table whose columns add up, and the way from gross to net.

use std::fmt;

use crate::layout::{TextTable, grouped, money};
use crate::transaction::money::MoneyTotal;
use crate::transaction::report::{ClassTotals, IngestReport, Rejection};

impl fmt::Display for IngestReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} rows read: {} kept, {} rejected{}. Amounts in {}.\n",
            grouped(self.rows_read),
            grouped(self.rows_kept()),
            grouped(self.rows_rejected()),
            match self.erased.rows {
                0 => String::new(),
                rows => format!(", {} erased since", grouped(rows)),
            },
            self.currency
        )?;
        write!(f, "{}", accounts(self))?;
        if self.returned_lines.lines > 0 {
            writeln!(
                f,
                "\n  Something came back on {} of the lines kept.",
                grouped(self.returned_lines.lines)
            )?;
        }
        if !self.rejected.is_empty() {
            writeln!(f, "\n  First rejected rows, by reason:")?;
        }
        for (reason, rejection) in &self.rejected {
            writeln!(f, "  - {reason}: {}", first_rows(rejection))?;
        }
        write!(f, "\n{}", waterfall(self))
    }
}

/// What was kept and what was rejected; each column's total is the sum of what stands above it.
fn accounts(report: &IngestReport) -> TextTable {
    let mut table = TextTable::new(&["<", "rows", "pieces out", "sales", "pieces back", "returns"]);
    let none = ClassTotals::default();
    let kept = [
        ("sale lines", report.sales.lines, report.sales, report.returned_lines),
        ("free lines", report.free.lines, report.free, none),
        ("credit notes", report.credit_notes.lines, none, report.credit_notes),
    ];
    let mut total = Account::default();
    for (name, rows, sold, returned) in kept {
        table.row(total.add(name.to_owned(), rows, &sold, &returned));
    }
    let erased = &report.erased;
    if !report.rejected.is_empty() || erased.rows > 0 {
        table.rule();
        table.row(total.cells("kept".to_owned()));
    }
    if !report.rejected.is_empty() {
        table.rule();
        let mut rejected = Account::default();
        for (reason, rejection) in &report.rejected {
            let mut out = rejection.sales;
            out.merge(&rejection.free);
            total.add(String::new(), rejection.rows, &out, &rejection.returns);
            table.row(rejected.add(reason.to_string(), rejection.rows, &out, &rejection.returns));
        }
        table.rule();
        table.row(rejected.cells("rejected".to_owned()));
    }
    if erased.rows > 0 {
        let mut out = erased.sales;
        out.merge(&erased.free);
        table.rule();
        table.row(total.add("erased".to_owned(), erased.rows, &out, &erased.returns));
    }
    table.rule();
    table.row(total.cells("read".to_owned()));
    table
}

/// The sums of some lines of the table.
#[derive(Default)]
struct Account {
    rows: u64,
    sold: ClassTotals,
    returned: ClassTotals,
}

impl Account {
    /// Adds a line and gives its cells.
    fn add(&mut self, name: String, rows: u64, sold: &ClassTotals, returned: &ClassTotals) -> [String; 6] {
        self.rows += rows;
        self.sold.merge(sold);
        self.returned.merge(returned);
        Self { rows, sold: *sold, returned: *returned }.cells(name)
    }

    fn cells(&self, name: String) -> [String; 6] {
        let (sold, returned) = (&self.sold, &self.returned);
        [
            name,
            grouped(self.rows),
            grouped(sold.pieces),
            money(sold.value),
            grouped(returned.pieces),
            money(returned.value),
        ]
    }
}

/// Where to look for the rows of a rejection.
fn first_rows(rejection: &Rejection) -> String {
    let rows: Vec<String> = rejection.first_rows.iter().map(u64::to_string).collect();
    let more = if rejection.rows > rows.len() as u64 { ", …" } else { "" };
    let word = if rejection.rows == 1 { "row" } else { "rows" };
    let example = match rejection.example.as_str() {
        "" => String::new(),
        example => format!(" (the first: {example})"),
    };
    format!("{word} {}{more}{example}", rows.join(", "))
}

/// From gross to net.
fn waterfall(report: &IngestReport) -> TextTable {
    let mut table = TextTable::new(&["<kept", report.currency.as_str()]);
    let mut row = |name: &str, amount: MoneyTotal| table.row([name.to_owned(), money(amount)]);
    row("gross sales", report.sales.value);
    row("less discounts", -report.discount);
    row("less returns", -report.returned());
    table.rule();
    table.row(["net sales".to_owned(), money(report.net())]);
    table
}

#[cfg(test)]
mod tests {
    use crate::transaction::{Discount, LogRules, OrderLine, Price, Returned, Returns};
    use crate::{IdKind, Money, OrderIdentity, TransactionLog};

    #[test]
    fn the_page_shows_every_row_and_its_columns_add_up() {
        let rules = LogRules::builder("EUR")
            .orders(OrderIdentity::EachLine)
            .returns(Returns::Quantity)
            .exclude_products(["POST"])
            .build()
            .unwrap();
        let mut log = TransactionLog::builder(&rules, IdKind::Text);
        let mut push = |customer: &str, quantity: i64, price: &str, returned: i64, product: &str| {
            let mut line = OrderLine::new(customer, 0, Price::Unit(Money::parse(price).unwrap()));
            line.quantity = quantity;
            line.returned = Returned::Quantity(returned);
            line.product = Some(product.into());
            line.discount = Discount::Amount(Money::parse(if quantity > 3 { "1.50" } else { "0" }).unwrap());
            log.push(line).unwrap();
        };
        push("ada", 2, "1000", 1, "dress");
        push("ben", 4, "2.5", 0, "scarf");
        push("", 1, "7.25", 1, "belt");
        push("cem", 1, "4.90", 0, "POST");
        push("cem", 1, "4.90", 0, "POST");
        push("cem", 1, "0", 0, "sample");
        let expected = "\
6 rows read: 3 kept, 3 rejected. Amounts in EUR.

                         rows  pieces out     sales  pieces back   returns
  ─────────────────────  ────  ──────────  ────────  ───────────  ────────
  sale lines                2           6  2,010.00            1  1,000.00
  free lines                1           1      0.00            0      0.00
  credit notes              0           0      0.00            0      0.00
  ─────────────────────  ────  ──────────  ────────  ───────────  ────────
  kept                      3           7  2,010.00            1  1,000.00
  ─────────────────────  ────  ──────────  ────────  ───────────  ────────
  no customer id            1           1      7.25            1      7.25
  excluded product code     2           2      9.80            0      0.00
  ─────────────────────  ────  ──────────  ────────  ───────────  ────────
  rejected                  3           3     17.05            1      7.25
  ─────────────────────  ────  ──────────  ────────  ───────────  ────────
  read                      6          10  2,027.05            2  1,007.25

  Something came back on 1 of the lines kept.

  First rejected rows, by reason:
  - no customer id: row 3 (the first: empty)
  - excluded product code: rows 4, 5 (the first: order ``, product `POST`)

  kept                  EUR
  ──────────────  ─────────
  gross sales      2,010.00
  less discounts      -1.50
  less returns    -1,000.00
  ──────────────  ─────────
  net sales        1,008.50
";
        let log = log.build().unwrap();
        assert_eq!(log.report().to_string(), expected);

        let erased = "\
6 rows read: 2 kept, 3 rejected, 1 erased since. Amounts in EUR.

                         rows  pieces out     sales  pieces back   returns
  ─────────────────────  ────  ──────────  ────────  ───────────  ────────
  sale lines                1           4     10.00            0      0.00
  free lines                1           1      0.00            0      0.00
  credit notes              0           0      0.00            0      0.00
  ─────────────────────  ────  ──────────  ────────  ───────────  ────────
  kept                      2           5     10.00            0      0.00
  ─────────────────────  ────  ──────────  ────────  ───────────  ────────
  no customer id            1           1      7.25            1      7.25
  excluded product code     2           2      9.80            0      0.00
  ─────────────────────  ────  ──────────  ────────  ───────────  ────────
  rejected                  3           3     17.05            1      7.25
  ─────────────────────  ────  ──────────  ────────  ───────────  ────────
  erased                    1           2  2,000.00            1  1,000.00
  ─────────────────────  ────  ──────────  ────────  ───────────  ────────
  read                      6          10  2,027.05            2  1,007.25

  First rejected rows, by reason:
  - no customer id: row 3
  - excluded product code: rows 4, 5

  kept              EUR
  ──────────────  ─────
  gross sales     10.00
  less discounts  -1.50
  less returns     0.00
  ──────────────  ─────
  net sales        8.50
";
        assert_eq!(log.erase(&["ada".into()]).report().to_string(), erased);
    }
}
