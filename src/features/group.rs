//! A group of customers with their lines in order: customers ascending, the lines of an order side by side.

use std::ops::Range;

use crate::features::lines::LineColumns;
use crate::features::partition::Partition;

/// Scratch memory of a task, reused from group to group.
#[derive(Default)]
pub(crate) struct Group {
    /// The lines of the group's customers, each customer's by order.
    pub(crate) lines: LineColumns,
    /// The customers' keys, ascending.
    pub(crate) customers: Vec<u64>,
    /// Where each customer's lines begin, and the end of the last.
    starts: Vec<u32>,
    /// Lines that are not before `as_of`.
    pub(crate) left_out: u64,
    /// The hash table of customers: one more than a customer's number of arrival, or zero.
    slots: Vec<u32>,
    /// For each line its customer's number of arrival, later the line's place.
    places: Vec<u32>,
    /// Customers and their lines in order of arrival.
    arrived: Vec<u64>,
    sizes: Vec<u32>,
    /// For each place its line, and the lines' orders.
    line_at: Vec<u32>,
    orders: Vec<u64>,
}

/// A line that is left out.
const LEFT_OUT: u32 = u32::MAX;

impl Group {
    /// Takes a group's lines before `as_of` and puts them in order. O(lines) but for the sort within a customer.
    pub(crate) fn fill(&mut self, partition: &Partition, group: usize, as_of: i64) {
        let parts = partition.parts(group);
        self.number_customers(&parts, as_of);
        let len = self.rank_customers();
        self.lines.place(&parts, &self.places, len);
        if !self.orders_are_together() {
            self.order_lines(&parts, len);
            self.lines.place(&parts, &self.places, len);
        }
    }

    /// The lines of a customer.
    pub(crate) fn lines_of(&self, customer: usize) -> Range<usize> {
        self.starts[customer] as usize..self.starts[customer + 1] as usize
    }

    /// Numbers the customers in order of arrival with a small hash table, so that only customers have to be sorted
    /// and not their lines.
    fn number_customers(&mut self, parts: &[(&LineColumns, Range<usize>)], as_of: i64) {
        let lines: usize = parts.iter().map(|(_, range)| range.len()).sum();
        let bits = (2 * lines).next_power_of_two().max(64).ilog2();
        self.slots.clear();
        self.slots.resize(1 << bits, 0);
        self.places.clear();
        self.arrived.clear();
        self.sizes.clear();
        self.left_out = 0;
        for (part, range) in parts {
            for row in range.clone() {
                let (key, time) = (&part.customer[row], part.time[row]);
                if time >= as_of {
                    self.left_out += u64::from(part.count(row));
                    self.places.push(LEFT_OUT);
                    continue;
                }
                let mut slot = (key.wrapping_mul(0xD6E8_FEB8_6659_FD93) >> (64 - bits)) as usize;
                let number = loop {
                    match self.slots[slot] {
                        0 => {
                            self.arrived.push(*key);
                            self.sizes.push(0);
                            self.slots[slot] = self.arrived.len() as u32;
                            break self.arrived.len() - 1;
                        }
                        taken if self.arrived[taken as usize - 1] == *key => break taken as usize - 1,
                        _ => slot = (slot + 1) & ((1 << bits) - 1),
                    }
                };
                self.sizes[number] += 1;
                self.places.push(number as u32);
            }
        }
    }

    /// Puts the customers in ascending order and gives each line a place among its customer's; returns how many
    /// lines have one.
    fn rank_customers(&mut self) -> usize {
        let mut ascending: Vec<u32> = (0..self.arrived.len() as u32).collect();
        ascending.sort_unstable_by_key(|number| self.arrived[*number as usize]);
        self.customers.clear();
        self.customers.extend(ascending.iter().map(|number| self.arrived[*number as usize]));
        self.starts.clear();
        self.starts.push(0);
        let mut next = vec![0_u32; ascending.len()];
        let mut end = 0;
        for number in ascending {
            next[number as usize] = end;
            end += self.sizes[number as usize];
            self.starts.push(end);
        }
        for place in &mut self.places {
            if *place == LEFT_OUT {
                *place = end;
            } else {
                let next = &mut next[*place as usize];
                *place = *next;
                *next += 1;
            }
        }
        end as usize
    }

    /// Whether the lines of each order stand side by side already, as they do in a log in the order of time. Where no
    /// feature asks for orders, any order of lines will do.
    fn orders_are_together(&mut self) -> bool {
        let Self { lines, starts, orders: heads, .. } = self;
        if lines.order.is_empty() {
            return true;
        }
        starts.windows(2).all(|range| {
            let own = &lines.order[range[0] as usize..range[1] as usize];
            heads.clear();
            heads.extend(own.chunk_by(|a, b| a == b).map(|run| run[0]));
            // For the few orders of most customers, comparing all pairs is faster than sorting.
            if heads.len() <= 32 {
                (1..heads.len()).all(|head| !heads[..head].contains(&heads[head]))
            } else {
                heads.sort_unstable();
                heads.windows(2).all(|pair| pair[0] != pair[1])
            }
        })
    }

    /// Brings the lines of each order side by side.
    fn order_lines(&mut self, parts: &[(&LineColumns, Range<usize>)], len: usize) {
        self.line_at.clear();
        self.line_at.resize(len + 1, 0);
        self.orders.clear();
        for (part, range) in parts {
            self.orders.extend_from_slice(&part.order[range.clone()]);
        }
        for (line, place) in self.places.iter().enumerate() {
            self.line_at[*place as usize] = line as u32;
        }
        for range in self.starts.windows(2) {
            let lines = &mut self.line_at[range[0] as usize..range[1] as usize];
            lines.sort_unstable_by_key(|line| self.orders[*line as usize]);
        }
        for (place, line) in self.line_at[..len].iter().enumerate() {
            self.places[*line as usize] = place as u32;
        }
    }
}
