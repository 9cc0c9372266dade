//! One assignment: every point to its nearest centroid, and the points that moved out of one sum into another.
//!
//! Three passes do it, and all of them give what [`Centroids::nearest`] gives point by point:
//!
//! - [`Pass::Exact`] asks the exact arithmetic about each point;
//! - [`Pass::Rough`] looks at blocks of 64 points with the vector units ([`Screen`]) and asks the exact arithmetic about
//!   the few points that leave a doubt; it can leave behind a *margin* for each point;
//! - [`Pass::Margins`] looks only at points whose margin the centroids' movements have used up: at their whole block
//!   where it has many of them, else together with those of other blocks.
//!
//! A margin says by how much the second nearest centroid is farther than the nearest, less every rounding error. When
//! centroids move by δ, a point of cluster a loses at most δₐ and the largest other δ (Hamerly, SDM 2010). So instead
//! of two bounds that every iteration rewrites, a point has one number, written when it is looked at: the sum of its
//! cluster's losses at which the margin is gone. An iteration reads that number and a label, and writes nothing.
//!
//! Tried and dropped: gathering the points from their blocks, one number from each feature's line (the processor waits
//! for a line of memory a feature, instead of one or two a point); points sorted by cluster and margin with one margin a
//! block (blocks skip nine in ten right after sorting, but after some twenty iterations their points have drifted
//! apart and few blocks are left to skip).

use rayon::prelude::*;

use super::arithmetic::Centroids;
use super::blocks::{BLOCK, Blocks, CHUNK};
use super::points::Points;
use super::screen::{EPSILON, Screen, Seen};
use super::sums::{Grid, Sums};

/// The label of a point that has none yet.
pub(crate) const NONE: u16 = u16::MAX;

/// How to find each point's nearest centroid.
pub(crate) enum Pass<'a> {
    Exact,
    Rough { blocks: &'a Blocks, screen: &'a Screen, margins: Option<&'a mut [f32]> },
    Margins { blocks: &'a Blocks, screen: &'a Screen, losses: &'a [f32], many: usize, margins: &'a mut [f32] },
}

/// What an assignment changed.
#[derive(Clone, Debug)]
pub(crate) struct Moves {
    /// The change of each cluster's sum.
    pub(crate) sums: Sums,
    /// Points that changed their cluster.
    pub(crate) moved: u64,
    /// Points that were looked at.
    pub(crate) looked: u64,
}

/// What every pass over points needs.
#[derive(Clone, Copy)]
pub(crate) struct Setting<'a> {
    pub(crate) points: &'a Points<'a>,
    pub(crate) grid: &'a Grid,
    pub(crate) centroids: &'a Centroids,
}

impl Moves {
    fn new(setting: Setting<'_>) -> Self {
        let sums = Sums::new(setting.centroids.len(), setting.points.dims());
        Self { sums, moved: 0, looked: 0 }
    }

    fn joined(mut self, other: &Self) -> Self {
        self.sums.add(&other.sums);
        self.moved += other.moved;
        self.looked += other.looked;
        self
    }
}

/// Assigns all points; `labels` holds their clusters before and after.
pub(crate) fn assign(setting: Setting<'_>, pass: Pass<'_>, labels: &mut [u16]) -> Moves {
    let fresh = || Moves::new(setting);
    let settled = |mut moves: Moves| {
        moves.sums.settle(setting.grid);
        moves
    };
    let chunks = labels.par_chunks_mut(CHUNK).enumerate();
    match pass {
        Pass::Exact => chunks
            .fold(fresh, |moves, (chunk, labels)| {
                let share = Share::new(setting, chunk, labels, moves);
                pulp::Arch::new().dispatch(Exact(share))
            })
            .map(settled)
            .reduce(fresh, |moves, other| moves.joined(&other)),
        Pass::Rough { blocks, screen, margins: None } => chunks
            .fold(fresh, |moves, (chunk, labels)| {
                let share = Share::new(setting, chunk, labels, moves);
                pulp::Arch::new().dispatch(Rough { share, blocks, screen, margins: None })
            })
            .map(settled)
            .reduce(fresh, |moves, other| moves.joined(&other)),
        Pass::Rough { blocks, screen, margins: Some(margins) } => chunks
            .zip(margins.par_chunks_mut(CHUNK))
            .fold(fresh, |moves, ((chunk, labels), margins)| {
                let share = Share::new(setting, chunk, labels, moves);
                pulp::Arch::new().dispatch(Rough { share, blocks, screen, margins: Some(margins) })
            })
            .map(settled)
            .reduce(fresh, |moves, other| moves.joined(&other)),
        Pass::Margins { blocks, screen, losses, many, margins } => chunks
            .zip(margins.par_chunks_mut(CHUNK))
            .fold(fresh, |moves, ((chunk, labels), margins)| {
                let share = Share::new(setting, chunk, labels, moves);
                pulp::Arch::new().dispatch(Margins { share, blocks, screen, losses, many, until: margins })
            })
            .map(settled)
            .reduce(fresh, |moves, other| moves.joined(&other)),
    }
}

/// A chunk of points, and what their assignment changes.
struct Share<'a> {
    setting: Setting<'a>,
    /// The row of the chunk's first point.
    first: usize,
    labels: &'a mut [u16],
    moves: Moves,
    moving: Moving,
}

/// Points on their way from one sum to another.
///
/// Their rows lie scattered in memory. They are copied together before any is added, in a loop without a branch that
/// could be guessed wrong, so that the processor waits for many of them at once: four times as fast as one by one.
struct Moving {
    moves: [Move; TOGETHER],
    count: usize,
    values: Vec<f64>,
}

#[derive(Clone, Copy)]
struct Move {
    row: usize,
    from: u16,
    to: u16,
}

/// Points whose rows are fetched together.
const TOGETHER: usize = 32;

impl<'a> Share<'a> {
    fn new(setting: Setting<'a>, chunk: usize, labels: &'a mut [u16], moves: Moves) -> Self {
        let idle = Move { row: 0, from: NONE, to: 0 };
        let values = vec![0.0; TOGETHER * setting.points.dims()];
        let moving = Moving { moves: [idle; TOGETHER], count: 0, values };
        Self { setting, first: chunk * CHUNK, labels, moves, moving }
    }

    /// Puts a point of the chunk into a cluster.
    #[expect(clippy::inline_always, reason = "it takes the vector units of its caller")]
    #[inline(always)]
    fn put(&mut self, at: usize, cluster: u16) {
        let before = self.labels[at];
        if before != cluster {
            self.labels[at] = cluster;
            self.moving.moves[self.moving.count] = Move { row: self.first + at, from: before, to: cluster };
            self.moving.count += 1;
            if self.moving.count == TOGETHER {
                self.carry();
            }
        }
    }

    /// Takes the moving points out of their old sums and into their new ones.
    #[expect(clippy::inline_always, reason = "it takes the vector units of its caller")]
    #[inline(always)]
    fn carry(&mut self) {
        let Setting { points, grid, .. } = self.setting;
        let moves = &self.moving.moves[..self.moving.count];
        for (target, Move { row, .. }) in self.moving.values.chunks_exact_mut(points.dims()).zip(moves) {
            target.copy_from_slice(points.row(*row));
        }
        for (point, Move { row, from, to }) in self.moving.values.chunks_exact(points.dims()).zip(moves) {
            let from = (*from != NONE).then_some(usize::from(*from));
            self.moves.sums.shift(
                point,
                points.weights().map(|weights| weights[*row]),
                grid,
                from,
                usize::from(*to),
            );
        }
        self.moves.moved += moves.len() as u64;
        self.moving.count = 0;
    }

    #[expect(clippy::inline_always, reason = "it takes the vector units of its caller")]
    #[inline(always)]
    fn done(mut self, looked: usize) -> Moves {
        self.carry();
        self.moves.looked += looked as u64;
        self.moves
    }

    /// Puts a point of the chunk where the exact arithmetic says.
    #[expect(clippy::inline_always, reason = "it takes the vector units of its caller")]
    #[inline(always)]
    fn ask(&mut self, at: usize) {
        let nearest = self.setting.centroids.nearest(self.setting.points.row(self.first + at));
        self.put(at, nearest.index as u16);
    }
}

struct Exact<'a>(Share<'a>);

impl pulp::WithSimd for Exact<'_> {
    type Output = Moves;

    #[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> Moves {
        let Self(mut share) = self;
        for at in 0..share.labels.len() {
            share.ask(at);
        }
        let looked = share.labels.len();
        share.done(looked)
    }
}

/// The points of 64 that a byte marks, lowest first.
fn marked(marks: &[u8; BLOCK]) -> impl Iterator<Item = usize> + '_ {
    marks.chunks_exact(8).enumerate().flat_map(|(word, bytes)| {
        let mut bits = bytes.iter().rev().fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
        std::iter::from_fn(move || {
            (bits != 0).then(|| {
                let byte = bits.trailing_zeros() as usize / 8;
                bits &= !(0xff << (8 * byte));
                8 * word + byte
            })
        })
    })
}

/// The point goes where the rough look says.
const CHANGED: u8 = 1;

/// The point is one for the exact arithmetic.
const DOUBTFUL: u8 = 2;

/// By how much the second nearest centroid is farther than the nearest, at the least.
///
/// |ŷ|² plus twice a score is a squared distance in the rough frame up to (2d + 10) ε R²; a root is right up to its
/// rounding, and the frame moves a distance by `blur`, which also pays for what the exact arithmetic may err.
#[expect(clippy::inline_always, reason = "it takes the vector units of its caller")]
#[inline(always)]
fn margin(squared_norm: f32, nearest: f32, second: f32, error: f32, blur: f32) -> f32 {
    let upper = (squared_norm + 2.0 * nearest + error).max(0.0).sqrt();
    let lower = (squared_norm + 2.0 * second - error).max(0.0).sqrt();
    // With one cluster the second is infinite, and the margin as large as can be.
    (lower * (1.0 - 4.0 * EPSILON) - upper * (1.0 + 4.0 * EPSILON) - blur).min(f32::MAX / 4.0)
}

/// The two error terms of [`margin`].
#[derive(Clone, Copy)]
struct Errors {
    /// Of squared distances, per |ŷ|² + Z².
    squared: f32,
    reach: f32,
    blur: f32,
}

impl Errors {
    fn new(blocks: &Blocks, screen: &Screen, dims: usize) -> Self {
        Self {
            squared: 2.2 * (2.0 * dims as f32 + 10.0) * EPSILON,
            reach: screen.reach * screen.reach,
            // Twice the frame's 1.02 ε R, with room for the exact arithmetic and for the losses' own rounding.
            blur: 8.0 * EPSILON * (blocks.reach() + screen.reach.max(blocks.reach())) + 1e-18,
        }
    }

    #[expect(clippy::inline_always, reason = "it takes the vector units of its caller")]
    #[inline(always)]
    fn margin(self, squared_norm: f32, nearest: f32, second: f32) -> f32 {
        let error = self.squared * (squared_norm + self.reach) + 1e-30;
        margin(squared_norm, nearest, second, error, self.blur)
    }
}

/// A block of a share, as it was seen.
struct Sight {
    seen: Seen,
    before: [u16; BLOCK],
    marks: [u8; BLOCK],
}

impl Sight {
    fn new() -> Self {
        Self { seen: Seen::new(), before: [NONE; BLOCK], marks: [0; BLOCK] }
    }

    /// Looks at a block whose first point is at `start` of the share, and marks the points that need anything.
    #[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
    #[inline(always)]
    fn look<S: pulp::Simd>(
        &mut self,
        simd: S,
        screen: &Screen,
        labels: &[u16],
        block: &[f32],
        norms: &[f32],
    ) {
        screen.look(simd, block, &mut self.seen);
        let count = labels.len().min(BLOCK);
        self.before[..count].copy_from_slice(&labels[..count]);
        for (lane, norm) in norms.iter().enumerate().take(BLOCK) {
            let clear = self.seen.second[lane] - self.seen.nearest[lane] > screen.doubt(*norm);
            let changed = self.seen.index[lane] as u16 != self.before[lane];
            self.marks[lane] = (u8::from(changed) * CHANGED) | (u8::from(!clear) * DOUBTFUL);
        }
        self.marks[count..].fill(0);
    }

    /// The margin of each point, in one loop for the vector units.
    #[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
    #[inline(always)]
    fn margins(&self, errors: Errors, norms: &[f32]) -> [f32; BLOCK] {
        let mut margins = [0.0; BLOCK];
        let seen = self.seen.nearest.iter().zip(&self.seen.second).zip(norms);
        for (margin, ((nearest, second), norm)) in margins.iter_mut().zip(seen) {
            *margin = errors.margin(*norm, *nearest, *second);
        }
        margins
    }
}

struct Rough<'a> {
    share: Share<'a>,
    blocks: &'a Blocks,
    screen: &'a Screen,
    margins: Option<&'a mut [f32]>,
}

impl pulp::WithSimd for Rough<'_> {
    type Output = Moves;

    #[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, simd: S) -> Moves {
        let Self { mut share, blocks, screen, mut margins } = self;
        let dims = share.setting.points.dims();
        let (values, squared_norms) = blocks.chunk(share.first / CHUNK);
        let errors = Errors::new(blocks, screen, dims);
        let mut sight = Sight::new();
        let parts = values.chunks_exact(BLOCK * dims).zip(squared_norms.chunks_exact(BLOCK));
        for (number, (block, norms)) in parts.enumerate() {
            let start = number * BLOCK;
            sight.look(simd, screen, &share.labels[start..], block, norms);
            if let Some(margins) = &mut margins {
                let found = sight.margins(errors, norms);
                for (lane, margin) in margins[start..].iter_mut().take(BLOCK).enumerate() {
                    let clear = sight.marks[lane] & DOUBTFUL == 0;
                    *margin = if clear { found[lane] } else { f32::NEG_INFINITY };
                }
            }
            share.follow(start, &sight);
        }
        let looked = share.labels.len();
        share.done(looked)
    }
}

impl Share<'_> {
    /// Puts the marked points of a block where they belong.
    #[expect(clippy::inline_always, reason = "it takes the vector units of its caller")]
    #[inline(always)]
    fn follow(&mut self, start: usize, sight: &Sight) {
        for lane in marked(&sight.marks) {
            if sight.marks[lane] & DOUBTFUL == 0 {
                self.put(start + lane, sight.seen.index[lane] as u16);
            } else {
                self.ask(start + lane);
            }
        }
    }
}

struct Margins<'a> {
    share: Share<'a>,
    blocks: &'a Blocks,
    screen: &'a Screen,
    /// What the points of each cluster have lost since margins were first measured, rounded up.
    losses: &'a [f32],
    /// Points of a block without a margin from which on the whole block is looked at.
    many: usize,
    /// Per point, the losses at which its margin is gone.
    until: &'a mut [f32],
}

impl pulp::WithSimd for Margins<'_> {
    type Output = Moves;

    #[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(mut self, simd: S) -> Moves {
        let dims = self.share.setting.points.dims();
        let errors = Errors::new(self.blocks, self.screen, dims);
        let (values, squared_norms) = self.blocks.chunk(self.share.first / CHUNK);
        let mut batch = Batch::new(dims);
        let mut looked = 0;
        let parts = values.chunks_exact(BLOCK * dims).zip(squared_norms.chunks_exact(BLOCK));
        for (number, (block, norms)) in parts.enumerate() {
            let start = number * BLOCK;
            let count = (self.share.labels.len() - start).min(BLOCK);
            let mut marks = [0_u8; BLOCK];
            let labels = &self.share.labels[start..start + count];
            let margins = &self.until[start..start + count];
            for ((mark, label), margin) in marks.iter_mut().zip(labels).zip(margins) {
                *mark = u8::from(*margin <= self.losses[usize::from(*label)]);
            }
            let out = marks.iter().map(|mark| usize::from(*mark)).sum::<usize>();
            if out >= self.many {
                batch.sight.look(simd, self.screen, &self.share.labels[start..], block, norms);
                self.follow(start..start + count, &batch.sight, errors, norms);
                looked += count;
                continue;
            }
            for lane in marked(&marks) {
                batch.places[batch.count] = (start + lane) as u32;
                batch.squared_norms[batch.count] = norms[lane];
                batch.count += 1;
                if batch.count == BLOCK {
                    self.work(simd, errors, &mut batch);
                }
            }
            looked += out;
        }
        self.work(simd, errors, &mut batch);
        self.share.done(looked)
    }
}

/// Points of a chunk that are looked at together.
struct Batch {
    /// Their places in the chunk.
    places: [u32; BLOCK],
    labels: [u16; BLOCK],
    count: usize,
    /// Their coordinates, row by row.
    rows: Vec<f64>,
    /// Their rough coordinates, feature by feature.
    values: Vec<f32>,
    squared_norms: [f32; BLOCK],
    sight: Sight,
}

impl Batch {
    fn new(dims: usize) -> Self {
        Self {
            places: [0; BLOCK],
            labels: [NONE; BLOCK],
            count: 0,
            rows: vec![0.0; BLOCK * dims],
            values: vec![0.0; BLOCK * dims],
            squared_norms: [0.0; BLOCK],
            sight: Sight::new(),
        }
    }
}

impl Margins<'_> {
    /// Looks at the points of a batch.
    #[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
    #[inline(always)]
    fn work<S: pulp::Simd>(&mut self, simd: S, errors: Errors, batch: &mut Batch) {
        let count = batch.count;
        let Setting { points, .. } = self.share.setting;
        // First the rows, in a loop of copies alone, so that the processor waits for many of them at once.
        for (target, place) in batch.rows.chunks_exact_mut(points.dims()).zip(&batch.places[..count]) {
            target.copy_from_slice(points.row(self.share.first + *place as usize));
        }
        self.blocks.frame().transpose(&batch.rows, &mut batch.values);
        for (label, place) in batch.labels.iter_mut().zip(&batch.places[..count]) {
            *label = self.share.labels[*place as usize];
        }
        batch.sight.look(simd, self.screen, &batch.labels[..count], &batch.values, &batch.squared_norms);
        let places = batch.places[..count].iter().map(|place| *place as usize);
        self.follow(places, &batch.sight, errors, &batch.squared_norms);
        batch.count = 0;
    }

    /// Takes up the margins of points that were looked at, and puts those that are marked where they belong.
    #[expect(clippy::inline_always, reason = "it takes the vector units of its caller")]
    #[inline(always)]
    fn follow(
        &mut self,
        places: impl ExactSizeIterator<Item = usize> + Clone,
        sight: &Sight,
        errors: Errors,
        norms: &[f32],
    ) {
        let found = sight.margins(errors, norms);
        for (lane, place) in places.clone().enumerate() {
            let lost = self.losses[sight.seen.index[lane] as usize];
            // Rounded down by more than what the losses then, their sum with the margin and the losses later are off:
            // each by half a unit.
            self.until[place] = (lost + found[lane]) - 6.0 * EPSILON * (lost + found[lane].abs());
        }
        if sight.marks.iter().fold(0, |any, mark| any | mark) == 0 {
            return;
        }
        for (lane, place) in places.enumerate() {
            if sight.marks[lane] & DOUBTFUL != 0 {
                self.until[place] = f32::NEG_INFINITY;
                self.share.ask(place);
            } else if sight.marks[lane] != 0 {
                self.share.put(place, sight.seen.index[lane] as u16);
            }
        }
    }
}

#[cfg(test)]
mod tests;
