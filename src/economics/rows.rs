//! Rows of a table in chunks that depend on nothing but their number, so that results never depend on that of threads.

use std::ops::Range;

use rayon::prelude::*;

use crate::error::Result;

/// Rows of one task, and whole words of a bitmap.
pub(super) const CHUNK: usize = 1 << 14;

/// One result per chunk of rows, in their order.
pub(super) fn by_chunks<T: Send>(rows: usize, work: impl Fn(Range<usize>) -> T + Sync) -> Vec<T> {
    by_runs(rows, CHUNK, work)
}

/// One result per run of rows, in their order. Runs grow with the number of groups that each has sums of, so that those
/// stay small beside the rows.
pub(super) fn by_groups<T: Send>(
    rows: usize,
    groups: usize,
    work: impl Fn(Range<usize>) -> T + Sync,
) -> Vec<T> {
    by_runs(rows, CHUNK.max(groups * 16), work)
}

fn by_runs<T: Send>(rows: usize, run: usize, work: impl Fn(Range<usize>) -> T + Sync) -> Vec<T> {
    let runs = (0..rows.div_ceil(run)).into_par_iter();
    runs.map(|at| work(at * run..rows.min((at + 1) * run))).collect()
}

/// A value of each row.
pub(super) fn each_row<T: Send>(rows: usize, value: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let mut values = Vec::with_capacity(rows);
    for mut chunk in by_chunks(rows, |rows| rows.map(&value).collect::<Vec<T>>()) {
        values.append(&mut chunk);
    }
    values
}

/// A value of each row; of errors the first by row.
pub(super) fn try_each_row<T: Send>(
    rows: usize,
    value: impl Fn(usize) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let mut values = Vec::with_capacity(rows);
    for chunk in by_chunks(rows, |rows| rows.map(&value).collect::<Result<Vec<T>>>()) {
        values.append(&mut chunk?);
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn every_row_is_in_one_run_in_its_order() {
        for rows in [0, 1, CHUNK, 10 * CHUNK + 17] {
            for groups in [0, 1, CHUNK] {
                let runs = by_groups(rows, groups, |run| run);
                assert!(runs.iter().all(|run| run.len() <= CHUNK.max(groups * 16) && !run.is_empty()));
                assert!(runs.into_iter().flatten().eq(0..rows));
            }
            assert!(by_chunks(rows, |run| run).into_iter().flatten().eq(0..rows));
            assert!(each_row(rows, |row| row).into_iter().eq(0..rows));
            assert!(try_each_row(rows, Ok).unwrap().into_iter().eq(0..rows));
        }
    }

    #[test]
    fn of_errors_the_first_by_row_is_told() {
        let odd = |row: usize| match row {
            row if row > CHUNK && row % 7 == 3 => Err(Error::UnknownCustomer { customer: row.to_string() }),
            row => Ok(row),
        };
        let told = try_each_row(10 * CHUNK + 17, odd).unwrap_err();
        let first = (CHUNK + 1..2 * CHUNK).find(|row| row % 7 == 3).unwrap().to_string();
        assert!(matches!(&told, Error::UnknownCustomer { customer } if *customer == first), "{told}");
    }
}
