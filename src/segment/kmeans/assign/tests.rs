//! The rough look is never surer than the exact arithmetic: near ties, and centroids that use a margin up.

use proptest::prelude::*;

use super::*;
use crate::segment::kmeans::arithmetic::squared_distance;
use crate::segment::kmeans::blocks::Frame;
use crate::segment::kmeans::points::Extent;

/// What a look at one block says, on any vector units.
struct Look<'a> {
    blocks: &'a Blocks,
    screen: &'a Screen,
    dims: usize,
}

impl pulp::WithSimd for Look<'_> {
    type Output = (Sight, [f32; BLOCK]);

    fn with_simd<S: pulp::Simd>(self, simd: S) -> Self::Output {
        let mut sight = Sight::new();
        let (values, norms) = self.blocks.chunk(0);
        sight.look(simd, self.screen, &[NONE; BLOCK], values, norms);
        let margins = sight.margins(Errors::new(self.blocks, self.screen, self.dims), norms);
        (sight, margins)
    }
}

#[derive(Clone, Debug)]
struct Case {
    dims: usize,
    centroids: Vec<f64>,
    points: Vec<f64>,
}

/// A point next to the middle of two centroids: how far along, and how far off, in powers of two.
type Near = (usize, usize, i32, i32, Vec<f64>);

fn cases() -> impl Strategy<Value = Case> {
    let numbers = |count: usize| prop::collection::vec(-1.0..1.0_f64, count);
    let near = (0..12_usize, 0..12_usize, -55..-1_i32, -40..3_i32, numbers(20));
    let size = prop_oneof![3 => Just(0), 1 => -70..70_i32, 1 => -500..300_i32];
    let small = prop_oneof![3 => Just(0), 1 => -90..0_i32];
    let offset = prop_oneof![3 => Just(0.0), 1 => Just(1e3), 1 => Just(-1e8)];
    let shape = (1..20_usize, 1..12_usize);
    (shape, numbers(240), prop::collection::vec(near, BLOCK), size, small, offset).prop_map(
        |((dims, clusters), values, near, size, small, offset)| {
            // Everything but the first two points may be close to the middle of them all.
            let unit = 2.0_f64.powi(size);
            let within = unit * 2.0_f64.powi(small);
            let centroids: Vec<f64> =
                values[..clusters * dims].iter().map(|value| value * within + offset * unit).collect();
            let point = |(lane, near): (usize, &Near)| {
                let (one, other, along, off, direction) = near;
                let row = |index: &usize| &centroids[(index % clusters) * dims..][..dims];
                let far = [4.0 * unit, -4.0 * unit].get(lane).copied();
                let along = 0.5 + 2.0_f64.powi(*along);
                let coordinate = |feature: usize| {
                    let (x, y) = (row(one)[feature], row(other)[feature]);
                    let off = direction[feature] * within * 2.0_f64.powi(*off);
                    far.map_or(x + (y - x) * along + off, |far| far + offset * unit)
                };
                (0..dims).map(coordinate).collect::<Vec<f64>>()
            };
            let points = near.iter().enumerate().flat_map(point).collect();
            Case { dims, centroids, points }
        },
    )
}

/// `row` moved by so much towards a point, or away from it where that is negative.
fn towards(row: &[f64], point: &[f64], movement: f64) -> Vec<f64> {
    let distance = squared_distance(row, point).sqrt();
    if distance > 0.0 {
        row.iter().zip(point).map(|(c, x)| c + (x - c) / distance * movement).collect()
    } else {
        row.iter().enumerate().map(|(at, c)| if at == 0 { c - movement } else { *c }).collect()
    }
}

fn check(case: &Case, vector: bool) -> Result<(usize, usize), TestCaseError> {
    let Case { dims, ref centroids, ref points } = *case;
    let exact = Centroids::new(centroids.clone(), dims);
    let extent = Extent::of(points, dims).unwrap();
    let frame = Frame::new(extent.middle.clone(), extent.spread());
    let scale = frame.scale;
    let blocks = Blocks::new(&Points::new(points, dims), frame);
    let Some(screen) = Screen::new(&exact, blocks.frame()) else { return Ok((0, 0)) };
    let look = Look { blocks: &blocks, screen: &screen, dims };
    let (sight, margins) = if vector {
        pulp::Arch::new().dispatch(look)
    } else {
        pulp::WithSimd::with_simd(look, pulp::Scalar::new())
    };
    let (mut sure, mut kept) = (0, 0);
    for (lane, point) in points.chunks_exact(dims).enumerate() {
        if sight.marks[lane] & DOUBTFUL != 0 {
            continue;
        }
        sure += 1;
        let index = sight.seen.index[lane] as usize;
        prop_assert_eq!(exact.nearest(point).index, index, "lane {}", lane);
        let others = || (0..exact.len()).filter(|other| *other != index);
        let squared = |other: usize| squared_distance(point, exact.row(other));
        let Some(rival) = others().min_by(|left, right| squared(*left).total_cmp(&squared(*right))) else {
            continue;
        };
        prop_assert!(squared(rival) > squared(index), "lane {}", lane);
        // The margin, used up by the nearest centroid, by its rival, or by both.
        let margin = f64::from(margins[lane]) / scale;
        if margin <= 0.0 {
            continue;
        }
        kept += 1;
        for share in [0.0, 0.3, 1.0] {
            let mut rows = centroids.clone();
            let own = towards(exact.row(index), point, -share * margin);
            rows[index * dims..][..dims].copy_from_slice(&own);
            let closer = towards(exact.row(rival), point, (1.0 - share) * margin);
            rows[rival * dims..][..dims].copy_from_slice(&closer);
            // What they really moved, after rounding, is no more than the margin.
            let moved =
                |cluster: usize| squared_distance(exact.row(cluster), &rows[cluster * dims..][..dims]).sqrt();
            if (moved(index) + moved(rival)) * (1.0 + 1e-12) > margin {
                continue;
            }
            prop_assert_eq!(Centroids::new(rows.clone(), dims).nearest(point).index, index, "lane {}", lane);
        }
    }
    Ok((sure, kept))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 2, ..Default::default() })]

    #[test]
    fn what_the_rough_look_is_sure_of_is_so(case in cases(), vector: bool) {
        check(&case, vector)?;
    }
}

/// Points anywhere leave hardly a doubt, so that the test above has something to say.
#[test]
fn the_rough_look_is_sure_of_most_points() {
    let number = |at: usize| ((at * 7_919) % 1_009) as f64 / 1_009.0;
    let points: Vec<f64> = (0..4 * BLOCK).map(number).collect();
    let centroids: Vec<f64> = (0..20).map(|at| number(at + 5_000)).collect();
    for vector in [false, true] {
        let case = Case { dims: 4, centroids: centroids.clone(), points: points.clone() };
        let (sure, kept) = check(&case, vector).unwrap();
        assert!(sure >= BLOCK - 1 && kept >= BLOCK - 1, "{sure} {kept}");
    }
}

#[test]
fn marked_points_come_in_order() {
    let mut marks = [0; BLOCK];
    let places = [0, 7, 8, 9, 31, 62, 63];
    for place in places {
        marks[place] = 1 + (place % 3) as u8;
    }
    assert!(marked(&marks).eq(places));
    assert!(marked(&[DOUBTFUL; BLOCK]).eq(0..BLOCK));
    assert_eq!(marked(&[0; BLOCK]).count(), 0);
}
