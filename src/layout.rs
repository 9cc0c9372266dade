//! Well-set text tables for `Display`: columns of equal width, numbers to the right, thousands set apart.

use std::fmt;

use crate::transaction::MoneyTotal;

/// Where a column's cells stand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// A table that is set when it is printed.
pub(crate) struct TextTable {
    aligns: Vec<Align>,
    rows: Vec<Vec<String>>,
    /// Rows before which a rule is drawn.
    rules: Vec<usize>,
}

impl TextTable {
    /// A table with a header; a name that begins with `<` heads a left-aligned column.
    pub(crate) fn new(header: &[&str]) -> Self {
        let aligns = header
            .iter()
            .map(|name| if name.starts_with('<') { Align::Left } else { Align::Right })
            .collect();
        let names = header.iter().map(|name| name.trim_start_matches('<').to_owned()).collect();
        Self { aligns, rows: vec![names], rules: vec![1] }
    }

    /// Adds a row; missing cells are empty.
    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Draws a rule before the next row, as above a total.
    pub(crate) fn rule(&mut self) {
        self.rules.push(self.rows.len());
    }
}

impl fmt::Display for TextTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths: Vec<usize> = (0..self.aligns.len())
            .map(|column| {
                let cells = self.rows.iter().filter_map(|row| row.get(column));
                cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
            })
            .collect();
        for (index, row) in self.rows.iter().enumerate() {
            if self.rules.contains(&index) {
                let line: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
                writeln!(f, "  {}", line.join("  "))?;
            }
            let mut line = String::new();
            for ((column, width), align) in widths.iter().enumerate().zip(&self.aligns) {
                let cell = row.get(column).map_or("", String::as_str);
                let padding = " ".repeat(width - cell.chars().count());
                let (before, after) =
                    if *align == Align::Left { ("", padding.as_str()) } else { (padding.as_str(), "") };
                line.extend(["  ", before, cell, after]);
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// A whole number with its thousands set apart: `1,234,567`.
pub(crate) fn grouped(number: impl Into<i128>) -> String {
    let number = number.into();
    let digits = number.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3 + 1);
    if number < 0 {
        text.push('-');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Money to the cent (rounded half away from zero) with its thousands set apart: `1,234.50`.
pub(crate) fn money(amount: impl Into<MoneyTotal>) -> String {
    let amount = amount.into().ten_thousandths();
    let cents = (amount.unsigned_abs() + 50) / 100;
    let sign = if amount < 0 && cents > 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", grouped((cents / 100) as i128), cents % 100)
}

/// Money to the whole unit with its thousands set apart: `1,235`.
pub(crate) fn money_whole(amount: impl Into<MoneyTotal>) -> String {
    let amount = amount.into().ten_thousandths();
    let units = ((amount.unsigned_abs() + 5_000) / 10_000) as i128;
    grouped(if amount < 0 { -units } else { units })
}

/// A share in per cent with one decimal: `52.4 %`; a dash where there is none.
pub(crate) fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "–".to_owned(), |share| format!("{:.1} %", share * 100.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_set_for_people() {
        assert_eq!(grouped(-1_234_567), "-1,234,567");
        assert_eq!(grouped(999), "999");
        let amount = MoneyTotal::from_ten_thousandths;
        assert_eq!(money(amount(89_114_079_000)), "8,911,407.90");
        assert_eq!(money(amount(-49)), "0.00");
        assert_eq!(money(amount(-50)), "-0.01");
        assert_eq!(money_whole(amount(12_345_000)), "1,235");
        assert_eq!(percent(Some(0.52416)), "52.4 %");
    }

    #[test]
    fn columns_line_up() {
        let mut table = TextTable::new(&["<segment", "customers"]);
        table.row(["new".into(), "12".into()]);
        table.rule();
        table.row(["all".into(), "1,234".into()]);
        let expected = "  segment  customers\n  ───────  ─────────\n  new             12\n  ───────  ─────────\n  all          1,234\n";
        assert_eq!(table.to_string(), expected);
    }
}
