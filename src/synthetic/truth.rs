//! What is true of the synthetic shop's customers, and how well a found segment meets it.

use std::fmt;

use crate::synthetic::classes::CustomerClass;
use crate::transaction::{CustomerId, Money};

/// What is true of one customer, drawn before her first order.
#[derive(Clone, Copy, PartialEq, Debug)]
#[non_exhaustive]
pub struct TrueCustomer {
    /// Her latent class.
    pub class: CustomerClass,
    /// The probability that a line of hers comes back, over all products as she chooses among them.
    pub return_rate: f64,
    /// The value of an order of hers before discount that is to be expected, to the hundredth.
    pub expected_basket: Money,
}

/// What is true of every customer of a synthetic shop. Their ids are the whole numbers from 1 on.
#[derive(Clone, PartialEq)]
pub struct Truth {
    /// In the order of their ids.
    pub(super) customers: Vec<TrueCustomer>,
}

impl Truth {
    /// How many customers there are. Each has at least one order.
    #[must_use]
    pub fn len(&self) -> usize {
        self.customers.len()
    }

    /// Whether there are none, which does not happen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.customers.is_empty()
    }

    /// What is true of a customer, or `None` where the shop has no such customer. Text is read as a number, as ids
    /// are after a way through CSV.
    #[must_use]
    pub fn customer(&self, id: &CustomerId) -> Option<&TrueCustomer> {
        let number = match id {
            CustomerId::Number(number) => *number,
            CustomerId::Text(text) => text.parse().ok()?,
        };
        self.customers.get(usize::try_from(number.checked_sub(1)?).ok()?)
    }

    /// Every customer with her id, in ascending order.
    #[must_use]
    pub fn customers(&self) -> impl ExactSizeIterator<Item = (CustomerId, &TrueCustomer)> {
        self.customers
            .iter()
            .enumerate()
            .map(|(index, customer)| (CustomerId::Number(index as u64 + 1), customer))
    }

    /// The ids of a class's customers, in ascending order.
    #[must_use]
    pub fn members(&self, class: CustomerClass) -> Vec<CustomerId> {
        self.customers().filter(|(_, customer)| customer.class == class).map(|(id, _)| id).collect()
    }

    /// How well the customers that were found meet a class. An id that is given twice counts once, one that the shop
    /// does not have is wrongly found. O(n log n) in the customers found.
    ///
    /// ```
    /// use kohort::synthetic::{CustomerClass, Shop};
    ///
    /// let truth = Shop::builder().customers(500).build()?.generate()?.truth;
    /// let loyal = truth.members(CustomerClass::Loyal);
    /// let half = truth.detection(CustomerClass::Loyal, loyal[..loyal.len() / 2].to_vec());
    /// assert_eq!(half.precision(), Some(1.0));
    /// assert!(half.recall() <= Some(0.5));
    /// # Ok::<(), kohort::Error>(())
    /// ```
    #[must_use]
    pub fn detection(&self, class: CustomerClass, found: impl IntoIterator<Item = CustomerId>) -> Detection {
        let mut found: Vec<CustomerId> = found.into_iter().collect();
        found.sort_unstable();
        found.dedup();
        let right = found
            .iter()
            .filter(|id| self.customer(id).is_some_and(|customer| customer.class == class))
            .count();
        let members = self.customers.iter().filter(|customer| customer.class == class).count();
        Detection { found: found.len(), right, members }
    }
}

impl fmt::Debug for Truth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Truth({} customers)", self.len())
    }
}

/// How well found customers meet a class.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Detection {
    /// Customers that were found.
    pub found: usize,
    /// Those of them that are of the class.
    pub right: usize,
    /// Customers of the class.
    pub members: usize,
}

impl Detection {
    /// The share of the found that are right; `None` where none was found.
    #[must_use]
    pub fn precision(&self) -> Option<f64> {
        (self.found > 0).then(|| self.right as f64 / self.found as f64)
    }

    /// The share of the class that was found; `None` where the class is empty.
    #[must_use]
    pub fn recall(&self) -> Option<f64> {
        (self.members > 0).then(|| self.right as f64 / self.members as f64)
    }

    /// The harmonic mean of both; `None` where nothing was found and there is nothing to find.
    #[must_use]
    pub fn f1(&self) -> Option<f64> {
        let both = self.found + self.members;
        (both > 0).then(|| 2.0 * self.right as f64 / both as f64)
    }
}

impl fmt::Display for Detection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} found, {} wrongly", self.right, self.members, self.found - self.right)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn truth(classes: &[CustomerClass]) -> Truth {
        let customer = |class: &CustomerClass| TrueCustomer {
            class: *class,
            return_rate: 0.5,
            expected_basket: Money::ZERO,
        };
        Truth { customers: classes.iter().map(customer).collect() }
    }

    #[test]
    fn detection_counts_each_customer_once() {
        use CustomerClass::{HeavyReturner, New};
        let truth = truth(&[HeavyReturner, New, HeavyReturner, HeavyReturner, New]);
        let found = [1, 1, 2, 3, 99].map(CustomerId::Number);
        let detection = truth.detection(HeavyReturner, found);
        assert_eq!((detection.found, detection.right, detection.members), (4, 2, 3));
        assert_eq!((detection.precision(), detection.recall()), (Some(0.5), Some(2.0 / 3.0)));
        assert_eq!(detection.f1(), Some(4.0 / 7.0));
        assert_eq!(detection.to_string(), "2 of 3 found, 2 wrongly");
        let none = truth.detection(CustomerClass::Loyal, []);
        assert_eq!((none.precision(), none.recall(), none.f1()), (None, None, None));
        assert_eq!(truth.detection(CustomerClass::Loyal, [CustomerId::Number(1)]).f1(), Some(0.0));
    }

    #[test]
    fn ids_are_numbers_from_one_and_may_come_as_text() {
        let truth = truth(&[CustomerClass::Loyal, CustomerClass::New]);
        assert_eq!(truth.customer(&"2".into()).unwrap().class, CustomerClass::New);
        for id in [CustomerId::from(0), 3.into(), u64::MAX.into(), "x".into()] {
            assert!(truth.customer(&id).is_none(), "{id}");
        }
    }
}
