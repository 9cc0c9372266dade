//! What the shop as a whole sold before the moment, which customers are measured against.

use rayon::prelude::*;

use crate::category::Category;
use crate::features::family::Source;
use crate::transaction::LineKind;

/// Rows that one task adds up, unless there are many levels.
const CHUNK: usize = 1 << 18;

/// The sum of a value of the shop's sale lines by the levels of a text; of lines that name none, or all lines where
/// there is no such text, at the end. Only lines before the moment.
///
/// Integers, so that no order of adding shows. O(lines + levels) time; one sum per level, and at most two bytes a line
/// beside.
pub(crate) fn sums_by_level(
    source: &Source<'_>,
    text: Option<&Category>,
    value: impl Fn(usize) -> i64 + Sync,
) -> Vec<i128> {
    let (log, until) = (source.log, source.as_of.micros());
    let levels = text.map_or(0, |text| text.levels().len());
    // A task has as many sums as there are levels: with many of them, few tasks.
    let chunk = CHUNK.max(8 * levels);
    let of_chunk = |number: usize| {
        let mut sums = vec![0_i128; levels + 1];
        let rows = number * chunk..log.len().min((number + 1) * chunk);
        for row in rows.filter(|row| log.kinds[*row] == LineKind::Sale && log.times[*row] < until) {
            let level = text.map_or(levels, |text| levels.min(text.codes[row] as usize));
            sums[level] += i128::from(value(row));
        }
        sums
    };
    let mut sums =
        (0..log.len().div_ceil(chunk)).into_par_iter().map(of_chunk).reduce(Vec::new, |mut sums, other| {
            if sums.is_empty() {
                return other;
            }
            sums.iter_mut().zip(other).for_each(|(sum, other)| *sum += other);
            sums
        });
    sums.resize(levels + 1, 0);
    sums
}

/// The sum of a value of all the shop's sale lines before the moment.
pub(crate) fn sum(source: &Source<'_>, value: impl Fn(usize) -> i64 + Sync) -> i128 {
    sums_by_level(source, None, value)[0]
}
