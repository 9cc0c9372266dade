//! Erasure of customers from a feature table.

use crate::features::table::FeatureTable;
use crate::transaction::CustomerId;

impl FeatureTable {
    /// The table without some customers, and how many of them it had. Texts that no remaining customer has are gone
    /// too, the ids among them.
    ///
    /// Ids may be given in either form: `17` finds `"17"` and the other way round. What
    /// [`context`](Self::context) says of the whole log stays.
    ///
    /// O(cells + customers · log table) time.
    ///
    /// ```
    /// use kohort::{Category, FeatureTable, Values};
    /// use kohort::transaction::CustomerIds;
    ///
    /// let city = Category::from_texts([Some("Ulm"), Some("Bonn"), None]);
    /// let table = FeatureTable::from_columns(CustomerIds::rows(3), [("city", Values::Category(city))])?;
    /// let (left, erased) = table.without_customers(&[1.into(), 7.into()]);
    /// assert_eq!((left.len(), erased), (2, 1));
    /// assert_eq!(left.category("city")?.levels().code("Bonn"), None);
    /// # Ok::<(), kohort::Error>(())
    /// ```
    #[must_use]
    pub fn without_customers(&self, customers: &[CustomerId]) -> (Self, usize) {
        let erased = self.ids.positions(customers);
        if erased.is_empty() {
            return (self.clone(), 0);
        }
        let kept: Vec<usize> = (0..self.len()).filter(|row| erased.binary_search(row).is_err()).collect();
        let mut table = self.gather(&kept);
        for named in &mut table.columns {
            named.column = named.column.clone().without_unused();
        }
        (table, erased.len())
    }
}
