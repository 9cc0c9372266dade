//! Erasure: a log as if some customers had never bought, but for sums that no longer tell whose they were.

use rayon::prelude::*;

use crate::transaction::ids::CustomerId;
use crate::transaction::log::TransactionLog;

impl TransactionLog {
    /// The log without the lines of some customers, and without any text that was only theirs.
    ///
    /// - Their ids, order ids, products and every other text that no remaining line has are gone from memory with the
    ///   lines.
    /// - The [`report`](Self::report) still adds up: their rows and money move from *kept* to
    ///   [`erased`](crate::IngestReport::erased), as sums.
    /// - The examples of rejected rows are emptied. A rejected row of theirs cannot be told from others, and its text
    ///   may name them. Counts and row numbers stay; they tell nothing without the source.
    ///
    /// Ids may be given in either form, as the doors read them: `17` finds `"17"` and the other way round. Ids without
    /// a line change nothing else; that the examples are emptied holds for them too, because all their rows may have
    /// been rejected. No ids give an equal log. What was made of the log earlier, such as tables and segmentations,
    /// keeps what it has; see [`FeatureTable::without_customers`](crate::FeatureTable::without_customers).
    ///
    /// O(lines + customers · log customers) time; runs in parallel.
    ///
    /// ```
    /// use kohort::{CustomerId, IdKind, LogRules, Money, OrderIdentity, OrderLine, Price, TransactionLog};
    ///
    /// let rules = LogRules::builder("EUR").orders(OrderIdentity::EachLine).build()?;
    /// let mut lines = TransactionLog::builder(&rules, IdKind::Text);
    /// for (customer, price) in [("ada", "19.90"), ("ben", "5"), ("ada", "7")] {
    ///     lines.push(OrderLine::new(customer, 0, Price::Line(Money::parse(price)?)))?;
    /// }
    /// let log = lines.build()?.erase(&[CustomerId::from("ada")]);
    /// let report = log.report();
    /// assert_eq!((log.len(), report.rows_kept(), report.erased.rows), (1, 1, 2));
    /// assert_eq!(report.erased.sales.value.to_string(), "26.90");
    /// assert!(report.balances());
    /// # Ok::<(), kohort::Error>(())
    /// ```
    #[must_use]
    pub fn erase(&self, customers: &[CustomerId]) -> Self {
        if customers.is_empty() {
            return self.clone();
        }
        let mut keys: Vec<u64> =
            customers.iter().filter_map(|customer| self.customers.key_of(customer)).collect();
        keys.sort_unstable();
        keys.dedup();
        let erased = |row: &usize| keys.binary_search(&self.customers.key(*row)).ok();
        let rows = || (0..self.len()).into_par_iter();
        let gone: Vec<usize> = rows().filter(|row| erased(row).is_some()).collect();
        let kept: Vec<usize> = rows().filter(|row| erased(row).is_none()).collect();

        let mut found = vec![false; keys.len()];
        let mut report = self.report.clone();
        for row in &gone {
            if let Some(customer) = erased(row) {
                found[customer] = true;
            }
            let lines = self.line_counts.as_ref().map_or(1, |counts| u64::from(counts[*row]));
            report.unkeep(&self.line(*row), lines);
        }
        let customers = found.iter().filter(|found| **found).count() as u64;
        report.settle_erasure(&self.report, customers);

        let mut log = if gone.is_empty() { self.clone() } else { self.gather(&kept) };
        log.customers = log.customers.without_unused();
        log.orders = log.orders.without_unused();
        log.attributes = log.attributes.map(|column| column.map(crate::category::Category::without_unused));
        log.report = report;
        log
    }
}

#[cfg(test)]
mod tests {
    use crate::transaction::{OrderLine, Price};
    use crate::{CustomerId, IdKind, LogRules, Money, OrderIdentity, TransactionLog};

    #[test]
    fn a_compacted_row_counts_for_all_its_lines() {
        let rules = LogRules::builder("EUR").orders(OrderIdentity::CustomerAndDay).build().unwrap();
        let mut lines = TransactionLog::builder(&rules, IdKind::Number);
        for customer in [7_u64, 7, 7, 9] {
            let price = Price::Line(Money::from_ten_thousandths(50_000));
            lines.push(OrderLine::new(customer, 0, price)).unwrap();
        }
        let log = lines.build().unwrap();
        let mut compacted = log.gather(&[0, 3]);
        compacted.quantities[0] *= 3;
        compacted.gross[0] *= 3;
        compacted.line_counts = Some(vec![3, 1]);
        let erased = compacted.erase(&[CustomerId::from(7)]);
        assert_eq!(erased.report, log.erase(&[CustomerId::from(7)]).report);
        assert_eq!(erased.line_counts, Some(vec![1]));
        assert_eq!((erased.report.sales.lines, erased.report.erased.rows), (1, 3));
    }
}
