//! The arithmetic that decides which seeds are nearest.

/// A seed and how far it is.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Neighbour {
    pub(crate) squared: f64,
    pub(crate) seed: u32,
}

/// Seeds that are measured at once, so that their sums do not wait for one another.
const TOGETHER: usize = 8;

/// The `k` nearest of some seeds, or of all where none are named.
pub(super) fn exact_nearest(
    arch: pulp::Arch,
    seeds: &[f64],
    point: &[f64],
    among: Option<[&[u32]; 2]>,
    k: usize,
    nearest: &mut Vec<Neighbour>,
) {
    nearest.clear();
    let unmeasured = |seed: u32| Neighbour { squared: 0.0, seed };
    if let Some(named) = among {
        nearest.extend(named.into_iter().flatten().map(|seed| unmeasured(*seed)));
    } else {
        nearest.extend((0..(seeds.len() / point.len()) as u32).map(unmeasured));
    }
    arch.dispatch(Measure { seeds, point, nearest });
    let order = |a: &Neighbour, b: &Neighbour| a.squared.total_cmp(&b.squared).then(a.seed.cmp(&b.seed));
    if nearest.len() > 4 * k {
        nearest.select_nth_unstable_by(k - 1, order);
        nearest.truncate(k);
    }
    nearest.sort_unstable_by(order);
    nearest.truncate(k);
}

struct Measure<'a> {
    seeds: &'a [f64],
    point: &'a [f64],
    nearest: &'a mut [Neighbour],
}

impl pulp::WithSimd for Measure<'_> {
    type Output = ();

    #[expect(clippy::inline_always, reason = "the caller is what is compiled for the vector units")]
    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        let dims = self.point.len();
        let row = |seed: u32| &self.seeds[seed as usize * dims..][..dims];
        for neighbours in self.nearest.chunks_mut(TOGETHER) {
            // Where fewer are left, the first is measured again.
            let rows: [&[f64]; TOGETHER] =
                std::array::from_fn(|at| row(neighbours.get(at).unwrap_or(&neighbours[0]).seed));
            let mut sums = [0.0; TOGETHER];
            for (dim, x) in self.point.iter().enumerate() {
                for (sum, row) in sums.iter_mut().zip(rows) {
                    let t = x - row[dim];
                    *sum = t.mul_add(t, *sum);
                }
            }
            for (neighbour, sum) in neighbours.iter_mut().zip(sums) {
                neighbour.squared = sum;
            }
        }
    }
}
