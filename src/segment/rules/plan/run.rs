//! A program run over the rows of a table, chunk by chunk: everything a chunk needs stays in the processor's cache.
//!
//! A node has two planes of bits: for whom it is *sure*, and for whom it is *possible*, which is true or unknown. Negation
//! swaps and inverts them; *all* is the bitwise *and* of each. A node that cannot be unknown has one plane for both.

use std::ops::Range;

use rayon::prelude::*;

use super::compile::{Literal, Op, Program};
use super::kernel::{LANES, Units};
use super::source::Valid;
use crate::bitmap::Bitmap;
use crate::segment::rules::matches::Matches;

/// Rows of one task; a multiple of every chunk. Fixed, so that nothing depends on the number of threads.
const PIECE: usize = 1 << 15;
/// Words of a chunk's planes, about: they stay in the second-level cache. Values are looked at once and need no room there.
const SCRATCH: usize = 1 << 14;
/// Words of a plane: the longer a column is read on, the better the processor foresees what comes next. At least 512 rows.
const CHUNK: Range<usize> = 8..PIECE / LANES + 1;

/// Where the planes of each node are.
struct Layout {
    planes: Vec<Planes>,
    count: usize,
    /// Words of a plane.
    words: usize,
}

/// The planes of a node; the same one twice where it cannot be unknown.
#[derive(Clone, Copy)]
struct Planes {
    sure: usize,
    possible: usize,
}

impl Planes {
    fn is_certain(self) -> bool {
        self.sure == self.possible
    }
}

impl Layout {
    fn of(program: &Program<'_>) -> Self {
        let mut planes: Vec<Planes> = vec![Planes { sure: 0, possible: 0 }; program.ops.len()];
        let mut count = 0;
        // The bounds of a source stand side by side, so that one call fills them.
        let mut first_of: Vec<usize> = Vec::with_capacity(program.sources.len());
        for source in &program.sources {
            first_of.push(count);
            count += source.bounds();
        }
        for (node, op) in program.ops.iter().enumerate() {
            let mut plane = || {
                count += 1;
                count - 1
            };
            let sure = match op {
                Op::Above { source, bound } => first_of[*source] + bound,
                _ => plane(),
            };
            let certain = match op {
                Op::All(children) | Op::Score { children, .. } => {
                    children.iter().all(|child| planes[child.node].is_certain())
                }
                _ => op.asks().is_none_or(|source| matches!(program.sources[source].valid, Valid::All)),
            };
            let possible = if certain { sure } else { plane() };
            planes[node] = Planes { sure, possible };
        }
        let words = (SCRATCH / count.max(1)).clamp(CHUNK.start, CHUNK.end - 1);
        // A power of two divides a piece.
        Self { planes, count, words: 1 << words.ilog2() }
    }
}

/// The outcome of each output for each row.
pub(super) fn run(program: &Program<'_>, rows: usize) -> Vec<Matches> {
    let layout = Layout::of(program);
    let units = Units::best();
    let certain = |output: &Literal| layout.planes[output.node].is_certain();
    let words = rows.div_ceil(LANES);
    let mut sure: Vec<Vec<u64>> = program.outputs.iter().map(|_| vec![0; words]).collect();
    let mut unknown: Vec<Vec<u64>> =
        program.outputs.iter().map(|output| vec![0; if certain(output) { 0 } else { words }]).collect();
    // The words of each piece, of every output.
    let mut pieces: Vec<Piece<'_>> = (0..rows.div_ceil(PIECE)).map(|_| Piece::default()).collect();
    for sure in &mut sure {
        pieces
            .iter_mut()
            .zip(sure.chunks_mut(PIECE / LANES))
            .for_each(|(piece, words)| piece.sure.push(words));
    }
    for unknown in &mut unknown {
        let mut chunks = unknown.chunks_mut(PIECE / LANES);
        for piece in &mut pieces {
            piece.unknown.push(chunks.next().unwrap_or_default());
        }
    }
    pieces.into_par_iter().enumerate().for_each_init(
        || vec![0_u64; layout.count * layout.words],
        |planes, (index, mut piece)| {
            let end = rows.min((index + 1) * PIECE);
            for (chunk, start) in (index * PIECE..end).step_by(layout.words * LANES).enumerate() {
                let rows = start..end.min(start + layout.words * LANES);
                pulp::Arch::new().dispatch(Chunk {
                    program,
                    layout: &layout,
                    units,
                    planes,
                    rows: rows.clone(),
                });
                let words = rows.len().div_ceil(LANES);
                let at = chunk * layout.words..chunk * layout.words + words;
                piece.take(program, &layout, planes, &at);
            }
        },
    );
    sure.into_iter()
        .zip(unknown)
        .zip(&program.outputs)
        .map(|((sure, unknown), output)| {
            let unknown = (!certain(output)).then(|| Bitmap::from_words(unknown, rows));
            Matches {
                holds: Bitmap::from_words(sure, rows),
                unknown: unknown.filter(|unknown| unknown.words().iter().any(|word| *word != 0)),
            }
        })
        .collect()
}

/// The words of a piece's rows, of every output.
#[derive(Default)]
struct Piece<'o> {
    sure: Vec<&'o mut [u64]>,
    unknown: Vec<&'o mut [u64]>,
}

impl Piece<'_> {
    /// Takes the outputs of a chunk.
    fn take(&mut self, program: &Program<'_>, layout: &Layout, planes: &[u64], at: &Range<usize>) {
        let outputs = self.sure.iter_mut().zip(&mut self.unknown).zip(&program.outputs);
        for ((sure, unknown), output) in outputs {
            let (own, possible) = sides(layout, planes, *output);
            let flip = if output.negated { u64::MAX } else { 0 };
            let certain = layout.planes[output.node].is_certain();
            for (index, word) in at.clone().enumerate() {
                sure[word] = own[index] ^ flip;
                if !certain {
                    unknown[word] = (possible[index] ^ flip) & !(own[index] ^ flip);
                }
            }
        }
    }
}

/// The planes of a literal before they are inverted: for whom it is sure, and for whom possible.
fn sides<'p>(layout: &Layout, planes: &'p [u64], literal: Literal) -> (&'p [u64], &'p [u64]) {
    let Planes { sure, possible } = layout.planes[literal.node];
    let plane = |plane: usize| &planes[plane * layout.words..][..layout.words];
    if literal.negated { (plane(possible), plane(sure)) } else { (plane(sure), plane(possible)) }
}

/// The planes of one chunk. A struct, so that its loops are compiled for each set of vector units.
struct Chunk<'c, 't> {
    program: &'c Program<'t>,
    layout: &'c Layout,
    units: Units,
    planes: &'c mut [u64],
    rows: Range<usize>,
}

impl pulp::WithSimd for Chunk<'_, '_> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        let Self { program, layout, units, planes, rows } = self;
        let words = layout.words;
        let mut first = 0;
        for source in &program.sources {
            let bounds = source.bounds();
            source.above(units, &rows, words, &mut planes[first * words..(first + bounds) * words]);
            first += bounds;
        }
        for (node, op) in program.ops.iter().enumerate() {
            let Planes { sure, possible } = layout.planes[node];
            match op {
                Op::All(children) => all(layout, planes, children, sure, possible),
                Op::Score { points, least, children } => {
                    score(layout, planes, (points, *least, children), sure, possible);
                }
                _ => {
                    ask(program, op, &rows, &mut planes[sure * words..(sure + 1) * words]);
                    if sure != possible {
                        missing(program, op, &rows, words, planes, (sure, possible));
                    }
                }
            }
        }
    }
}

/// The bits of a question, whatever stands where a value is missing.
fn ask(program: &Program<'_>, op: &Op, rows: &Range<usize>, bits: &mut [u64]) {
    match op {
        Op::Present { source } => program.sources[*source].valid(rows, bits),
        Op::Any { .. } => bits.fill(u64::MAX),
        Op::Among { source, list } => program.sources[*source].among(*list, rows, bits),
        Op::Levels { source, levels } => program.sources[*source].levels(levels, rows, bits),
        Op::Anniversary { source, days } => {
            if let Some(as_of) = program.as_of {
                program.sources[*source].times(|time| days.has(time, as_of), rows, bits);
            }
        }
        // Those are there already, or made of others.
        Op::Above { .. } | Op::All(_) | Op::Score { .. } => {}
    }
}

/// Makes of a question's bits those for whom it is sure and those for whom it is possible.
#[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
#[inline(always)]
fn missing(
    program: &Program<'_>,
    op: &Op,
    rows: &Range<usize>,
    words: usize,
    planes: &mut [u64],
    (sure, possible): (usize, usize),
) {
    let Some(source) = op.asks() else { return };
    // The second plane takes who has a value, then who may hold.
    program.sources[source].valid(rows, &mut planes[possible * words..(possible + 1) * words]);
    for word in 0..words {
        let (bits, valid) = (planes[sure * words + word], planes[possible * words + word]);
        planes[sure * words + word] = bits & valid;
        planes[possible * words + word] = bits | !valid;
    }
}

/// The *and* of some literals, which stand before it.
#[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
#[inline(always)]
fn all(layout: &Layout, planes: &mut [u64], children: &[Literal], sure: usize, possible: usize) {
    let words = layout.words;
    for (target, second) in [(sure, false), (possible, true)] {
        let (before, own) = planes.split_at_mut(target * words);
        let own = &mut own[..words];
        own.fill(u64::MAX);
        for child in children {
            let planes = layout.planes[child.node];
            // Of a negated child, for whom it is sure is for whom it is not possible.
            let plane = if second == child.negated { planes.sure } else { planes.possible };
            let theirs = &before[plane * words..][..words];
            if child.negated {
                own.iter_mut().zip(theirs).for_each(|(own, theirs)| *own &= !theirs);
            } else {
                own.iter_mut().zip(theirs).for_each(|(own, theirs)| *own &= theirs);
            }
        }
        if sure == possible {
            break;
        }
    }
}

/// Whether the points of those that hold reach the least: by the fewest and the most points there can be.
fn score(
    layout: &Layout,
    planes: &mut [u64],
    (points, least, children): (&[i32], i64, &[Literal]),
    sure: usize,
    possible: usize,
) {
    let words = layout.words;
    for word in 0..words {
        let (mut fewest, mut most) = ([0_i64; LANES], [0_i64; LANES]);
        for (points, child) in points.iter().zip(children) {
            let (own, may) = sides(layout, planes, *child);
            let flip = if child.negated { u64::MAX } else { 0 };
            let (own, may) = (own[word] ^ flip, may[word] ^ flip);
            let points = i64::from(*points);
            let (low, high) = if points > 0 { (own, may) } else { (may, own) };
            for lane in 0..LANES {
                fewest[lane] += points * (low >> lane & 1) as i64;
                most[lane] += points * (high >> lane & 1) as i64;
            }
        }
        let reached = |sums: &[i64; LANES]| {
            sums.iter().enumerate().fold(0, |word, (lane, sum)| word | u64::from(*sum >= least) << lane)
        };
        planes[sure * words + word] = reached(&fewest);
        planes[possible * words + word] = reached(&most);
    }
}
