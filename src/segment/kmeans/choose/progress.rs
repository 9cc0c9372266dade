//! What a choice tells while it runs.

use std::ops::ControlFlow;

use rayon::prelude::*;

use crate::error::{Error, Result};

/// What is going on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[non_exhaustive]
pub enum ChoiceStage {
    /// Fitting each number of clusters; told of with every iteration of a long fit.
    Fits,
    /// Measuring the quality of each number of clusters, and what each feature does.
    Quality,
    /// Looking for the clusters again in samples.
    Bootstraps,
    /// Predicting one half of the customers from the other.
    Splits,
    /// Clustering clouds without segments.
    References,
}

/// How far a choice is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ChoiceProgress {
    /// The stage; they come in their order.
    pub stage: ChoiceStage,
    /// What of it is done.
    pub done: u32,
    /// What there is to do.
    pub of: u32,
}

/// Tells of progress; breaking stops the choice.
pub(super) type Observer<'o> = &'o mut dyn FnMut(ChoiceProgress) -> ControlFlow<()>;

/// What runs at the same time between two tellings: a fixed number, so that progress is told alike everywhere.
const BATCH: u32 = 8;

/// # Errors
/// [`Error::Cancelled`] where the observer breaks.
pub(super) fn tell(observer: Observer<'_>, stage: ChoiceStage, done: u32, of: u32) -> Result<()> {
    match observer(ChoiceProgress { stage, done, of }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(Error::Cancelled { stage: "choosing the number of clusters" }),
    }
}

/// Does a piece of work for each number below `of`, several at a time, and gives what they gave in order.
pub(super) fn in_batches<T: Send>(
    observer: Observer<'_>,
    stage: ChoiceStage,
    of: u32,
    work: impl Fn(u64) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let mut done = Vec::with_capacity(of as usize);
    for first in (0..of).step_by(BATCH as usize) {
        tell(observer, stage, first, of)?;
        let batch = first..of.min(first.saturating_add(BATCH));
        let part: Vec<Result<T>> = batch.into_par_iter().map(|number| work(u64::from(number))).collect();
        for result in part {
            done.push(result?);
        }
    }
    Ok(done)
}
