//! A group of customers with their lines in order: customers ascending, the lines of an order side by side.

use std::ops::Range;

use crate::features::lines::LineColumns;
use crate::features::partition::Partition;

/// Scratch memory of a task, reused from group to group.
#[derive(Default)]
pub(crate) struct Group {
    unsorted: LineColumns,
    /// The lines of the group's customers, each customer's by order.
    pub(crate) lines: LineColumns,
    /// The customers' keys, ascending.
    pub(crate) customers: Vec<u64>,
    /// Where each customer's lines begin, and the end of the last.
    starts: Vec<u32>,
    /// Lines that are not before `as_of`.
    pub(crate) left_out: u64,
    slots: Vec<u32>,
    customer_of: Vec<u32>,
    positions: Vec<u32>,
}

/// A line that is left out.
const LEFT_OUT: u32 = u32::MAX;

impl Group {
    /// Takes a group's lines before `as_of` and puts them in order. O(lines) but for the sort within a customer.
    pub(crate) fn fill(&mut self, partition: &Partition, group: usize, as_of: i64) {
        partition.collect(group, &mut self.unsorted);
        self.number_customers(as_of);
        self.order_lines();
        self.lines.gather(&self.unsorted, &self.positions);
    }

    /// The lines of a customer.
    pub(crate) fn lines_of(&self, customer: usize) -> Range<usize> {
        self.starts[customer] as usize..self.starts[customer + 1] as usize
    }

    /// Finds the distinct customers and, for each line, the position of its customer in ascending order.
    ///
    /// A small hash table gives numbers in order of arrival; only the customers are sorted, not the lines.
    fn number_customers(&mut self, as_of: i64) {
        let lines = &self.unsorted;
        let bits = (2 * lines.len()).next_power_of_two().max(64).ilog2();
        self.slots.clear();
        self.slots.resize(1 << bits, 0);
        self.customer_of.clear();
        let mut arrived: Vec<u64> = Vec::new();
        let mut sizes: Vec<u32> = Vec::new();
        self.left_out = 0;
        for (key, time) in lines.customer.iter().zip(&lines.time) {
            if *time >= as_of {
                self.left_out += 1;
                self.customer_of.push(LEFT_OUT);
                continue;
            }
            let mut slot = (key.wrapping_mul(0xD6E8_FEB8_6659_FD93) >> (64 - bits)) as usize;
            let number = loop {
                match self.slots[slot] {
                    0 => {
                        arrived.push(*key);
                        sizes.push(0);
                        self.slots[slot] = arrived.len() as u32;
                        break arrived.len() - 1;
                    }
                    taken if arrived[taken as usize - 1] == *key => break taken as usize - 1,
                    _ => slot = (slot + 1) & ((1 << bits) - 1),
                }
            };
            sizes[number] += 1;
            self.customer_of.push(number as u32);
        }
        let mut ascending: Vec<u32> = (0..arrived.len() as u32).collect();
        ascending.sort_unstable_by_key(|number| arrived[*number as usize]);
        self.customers.clear();
        self.customers.extend(ascending.iter().map(|number| arrived[*number as usize]));
        self.starts.clear();
        self.starts.push(0);
        let mut next = vec![0_u32; arrived.len()];
        let mut end = 0;
        for number in ascending {
            next[number as usize] = end;
            end += sizes[number as usize];
            self.starts.push(end);
        }
        self.positions.clear();
        self.positions.resize(end as usize, 0);
        for (line, number) in self.customer_of.iter().enumerate() {
            if *number != LEFT_OUT {
                let place = &mut next[*number as usize];
                self.positions[*place as usize] = line as u32;
                *place += 1;
            }
        }
    }

    /// Brings the lines of each order side by side. Where no feature asks for orders, any order of lines will do.
    fn order_lines(&mut self) {
        let orders = &self.unsorted.order;
        if orders.is_empty() {
            return;
        }
        for range in self.starts.windows(2) {
            let lines = &mut self.positions[range[0] as usize..range[1] as usize];
            lines.sort_unstable_by_key(|line| orders[*line as usize]);
        }
    }
}
