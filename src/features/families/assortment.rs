//! What a customer bought by the levels of a text: categories, brands, products.

use crate::category::MISSING;
use crate::features::customer::{Lines, at};
use crate::transaction::LineKind;

/// What a customer bought of one level.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Bought {
    /// [`MISSING`] for lines that name no level.
    pub(crate) code: u32,
    pub(crate) gross: i128,
    pub(crate) pieces: i64,
    /// Orders with a line of it; 1 where orders are not needed.
    pub(crate) orders: u32,
}

/// Sums over one customer's sale lines after the other's. They are sorted by level rather than looked up in a table of
/// levels, so that memory goes with a customer's lines and a text of ten million levels is as good as one of ten.
#[derive(Default)]
pub(crate) struct Assortment {
    /// Level and line.
    lines: Vec<(u32, u32)>,
    bought: Vec<Bought>,
}

impl Assortment {
    /// What a customer bought, ascending by level; lines that name none at the end. `codes` is empty where there is no
    /// such text. O(lines log lines).
    pub(crate) fn of(&mut self, lines: &Lines<'_>, codes: &[u32]) -> &[Bought] {
        let sales = lines.lines().filter(|line| lines.kind(*line) == LineKind::Sale);
        self.lines.clear();
        self.lines.extend(sales.map(|line| (codes.get(line).copied().unwrap_or(MISSING), line as u32)));
        self.lines.sort_unstable();
        self.bought.clear();
        // Lines of an order stand side by side, so that those of an order and a level do, too.
        let mut last_order = None;
        for (code, line) in &self.lines {
            let line = *line as usize;
            let order = Some(at(lines.order, line));
            match self.bought.last_mut() {
                Some(last) if last.code == *code => last.orders += u32::from(last_order != order),
                _ => self.bought.push(Bought { code: *code, gross: 0, pieces: 0, orders: 1 }),
            }
            if let Some(last) = self.bought.last_mut() {
                last.gross += i128::from(lines.gross[line]);
                last.pieces += i64::from(at(lines.quantity, line));
            }
            last_order = order;
        }
        &self.bought
    }
}

/// Without the lines that name no level.
pub(crate) fn named(bought: &[Bought]) -> &[Bought] {
    match bought.split_last() {
        Some((last, named)) if last.code == MISSING => named,
        _ => bought,
    }
}

/// The level with the largest gross, of equals the first by text.
pub(crate) fn top(bought: &[Bought]) -> Option<&Bought> {
    bought.iter().reduce(|best, level| if level.gross > best.gross { level } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::customer::{Back, Posted};
    use crate::features::lines::LineColumns;

    #[test]
    fn orders_of_a_level_are_counted_once_and_what_is_no_sale_is_left_out() {
        let columns = LineColumns {
            order: vec![5, 5, 5, 3, 3, 9, 9],
            time: vec![0; 7],
            kind: [[LineKind::Sale; 5].as_slice(), &[LineKind::Free, LineKind::Return]].concat(),
            quantity: vec![1, 2, 3, 4, 5, 6, 7],
            gross: vec![10, 20, 30, 40, 50, 0, 70],
            ..LineColumns::default()
        };
        let none = Back { pieces: &[], value: &[], posted: Posted::OnSales };
        let lines = Lines::of(&columns, &(0..7), none);
        let codes = [1, MISSING, 1, 1, 0, 2, 2];
        let mut assortment = Assortment::default();
        let bought = |code, gross, pieces, orders| Bought { code, gross, pieces, orders };
        let named = [bought(0, 50, 5, 1), bought(1, 80, 8, 2)];
        assert_eq!(assortment.of(&lines, &codes), [&named[..], &[bought(MISSING, 20, 2, 1)]].concat());
        assert_eq!(super::named(assortment.of(&lines, &codes)), named);
        assert_eq!(top(&named), Some(&named[1]));
        assert_eq!(assortment.of(&lines, &[]), [bought(MISSING, 150, 15, 2)]);
        assert!(super::named(assortment.of(&lines, &[])).is_empty() && top(&[]).is_none());
    }

    #[test]
    fn of_equal_levels_the_first_is_on_top() {
        let level = |code| Bought { code, gross: 5, pieces: 1, orders: 1 };
        assert_eq!(top(&[level(2), level(7)]).map(|best| best.code), Some(2));
    }
}
