//! One score per customer and axis.

use std::fmt;
use std::sync::Arc;

use rayon::prelude::*;

use super::axis::{CutConvention, RfmAxis};
use crate::bitmap::Bitmap;
use crate::segment::levels::{Ladder, clear_missing, scores};
use crate::segment::number::{CHUNK, NumericFeature, both, with_values};
use crate::transaction::CustomerIds;

/// The scores of customers, in row order: a byte per customer and axis, 0 where there is none.
#[derive(Clone, PartialEq, Eq)]
pub struct RfmScores {
    pub(super) ids: Arc<CustomerIds>,
    pub(super) axes: [Vec<u8>; 3],
    pub(super) return_rate: Option<Vec<u8>>,
    /// What a code's digits count: 10, or 100 where scores have two digits.
    pub(super) base: u32,
}

impl RfmScores {
    /// The customers, in row order.
    #[must_use]
    pub fn ids(&self) -> &CustomerIds {
        &self.ids
    }

    /// How many customers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.axes[0].len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Recency scores; 0 for a customer without an order.
    #[must_use]
    pub fn recency(&self) -> &[u8] {
        &self.axes[0]
    }

    /// Frequency scores; 0 where missing.
    #[must_use]
    pub fn frequency(&self) -> &[u8] {
        &self.axes[1]
    }

    /// Monetary scores; 0 where missing.
    #[must_use]
    pub fn monetary(&self) -> &[u8] {
        &self.axes[2]
    }

    /// Scores of the return rate, if there are any; 0 where missing.
    #[must_use]
    pub fn return_rate(&self) -> Option<&[u8]> {
        self.return_rate.as_deref()
    }

    /// A customer's scores as one number: 535 for recency 5, frequency 3, money 5; 5352 with a return-rate score of
    /// 2, whose digit is 0 where it is missing. Where an axis has ten bins or more, each score takes two digits:
    /// 100207 for 10, 2 and 7. `None` where one of the first three is missing, or beyond the end.
    #[must_use]
    pub fn code(&self, row: usize) -> Option<u32> {
        let code = self.code_of(row)?;
        (code > 0).then_some(code)
    }

    /// The codes of all customers, 0 where there is none.
    #[must_use]
    pub fn codes(&self) -> Vec<u32> {
        let mut codes = vec![0; self.len()];
        let [recency, frequency, monetary] = &self.axes;
        codes.par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, codes)| {
            let start = chunk * CHUNK;
            let rows = start..start + codes.len();
            let scores = recency[rows.clone()].iter().zip(&frequency[rows.clone()]).zip(&monetary[rows.clone()]);
            for (code, ((r, f), m)) in codes.iter_mut().zip(scores) {
                *code = self.three_digits(*r, *f, *m);
            }
            if let Some(rates) = &self.return_rate {
                for (code, rate) in codes.iter_mut().zip(&rates[rows]) {
                    *code = self.fourth_digit(*code, *rate);
                }
            }
        });
        codes
    }

    fn code_of(&self, row: usize) -> Option<u32> {
        let score = |scores: &Vec<u8>| scores.get(row).copied();
        let [recency, frequency, monetary] = &self.axes;
        let code = self.three_digits(score(recency)?, score(frequency)?, score(monetary)?);
        Some(match &self.return_rate {
            Some(rates) => self.fourth_digit(code, score(rates)?),
            None => code,
        })
    }

    fn three_digits(&self, recency: u8, frequency: u8, monetary: u8) -> u32 {
        let whole = u32::from(recency != 0 && frequency != 0 && monetary != 0);
        whole * ((u32::from(recency) * self.base + u32::from(frequency)) * self.base + u32::from(monetary))
    }

    fn fourth_digit(&self, code: u32, rate: u8) -> u32 {
        code * self.base + u32::from(code > 0) * u32::from(rate)
    }
}

impl fmt::Debug for RfmScores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RfmScores({} customers, {} axes)", self.len(), 3 + usize::from(self.return_rate.is_some()))
    }
}

/// The scores of one axis; 0 where there is none.
pub(super) struct Scored(pub(super) Vec<u8>);

/// The group of a row that is in none.
const NO_GROUP: u16 = u16::MAX;

impl Scored {
    /// By the same cut points for all; customers who never bought have no score.
    pub(super) fn on_its_own(
        axis: &RfmAxis,
        feature: NumericFeature<'_>,
        bought: Option<&Bitmap>,
        convention: CutConvention,
    ) -> Self {
        let present = both(bought, feature.present);
        let cuts = axis.groups.first().map_or(&[][..], Vec::as_slice);
        Self(scores(feature, present.as_ref(), cuts, convention.ties(), axis.scale()))
    }

    /// By the cut points of each row's group; a row in no group has no score.
    pub(super) fn in_groups(
        axis: &RfmAxis,
        feature: NumericFeature<'_>,
        groups: &[u16],
        convention: CutConvention,
    ) -> Self {
        let mut scores = vec![0; groups.len()];
        with_values!(feature.numbers, values => {
            let ladders: Vec<_> = axis.groups.iter().map(|cuts| Ladder::new(cuts, convention.ties())).collect();
            let rows = values.par_chunks(CHUNK).zip(groups.par_chunks(CHUNK));
            scores.par_chunks_mut(CHUNK).zip(rows).for_each(|(scores, (values, groups))| {
                for ((score, value), group) in scores.iter_mut().zip(values).zip(groups) {
                    if let Some(ladder) = ladders.get(usize::from(*group)) {
                        *score = axis.scale().score(ladder.level(*value));
                    }
                }
            });
        });
        if let Some(present) = feature.present {
            clear_missing(&mut scores, present);
        }
        Self(scores)
    }

    /// Each row's group by this score.
    pub(super) fn groups(&self) -> Vec<u16> {
        self.0.par_iter().map(|score| u16::from(*score).checked_sub(1).unwrap_or(NO_GROUP)).collect()
    }

    /// Each row's group by this score and a second one of so many bins.
    pub(super) fn groups_with(&self, second: &Self, bins: usize) -> Vec<u16> {
        let pair = |(first, second): (&u8, &u8)| match (first.checked_sub(1), second.checked_sub(1)) {
            (Some(first), Some(second)) => u16::from(first) * bins as u16 + u16::from(second),
            _ => NO_GROUP,
        };
        self.0.par_iter().zip(&second.0).map(pair).collect()
    }
}
