//! Solving for a Newton step, where the Hessian may be singular.

/// A Cholesky factor of a symmetric matrix that has no negative eigenvalue.
///
/// A direction that is a combination of earlier ones, up to rounding, is left out: its pivot is lost in the rounding errors
/// of its own diagonal element, and nothing moves along it. Without a penalty that is what happens to a constant feature
/// and to the later ones of a collinear set. With one, every pivot is at least the penalty.
pub(super) struct Cholesky {
    /// Row by row, the lower triangle; a row and column left out is zero.
    factor: Vec<f64>,
    size: usize,
    left_out: Vec<bool>,
}

/// A pivot must exceed this share of its diagonal element, times the size of the matrix.
const LOST: f64 = 4.0 * f64::EPSILON;

impl Cholesky {
    /// O(size³).
    pub(super) fn new(matrix: &[f64], size: usize) -> Self {
        let mut factor = vec![0.0; size * size];
        let mut left_out = vec![false; size];
        for i in 0..size {
            let (above, rest) = factor.split_at_mut(i * size);
            let row = &mut rest[..size];
            for (j, above) in above.chunks_exact(size).enumerate() {
                if !left_out[j] {
                    row[j] = (matrix[i * size + j] - dot(&row[..j], &above[..j])) / above[j];
                }
            }
            let diagonal = matrix[i * size + i];
            let pivot = diagonal - dot(&row[..i], &row[..i]);
            if pivot > LOST * size as f64 * diagonal && pivot.is_normal() {
                row[i] = pivot.sqrt();
            } else {
                row.fill(0.0);
                left_out[i] = true;
            }
        }
        Self { factor, size, left_out }
    }

    /// The solution, with 0 for what is left out. O(size²).
    pub(super) fn solve(&self, right: &[f64]) -> Vec<f64> {
        let size = self.size;
        let mut solution = right.to_vec();
        for i in 0..size {
            let row = &self.factor[i * size..][..size];
            solution[i] =
                if self.left_out[i] { 0.0 } else { (solution[i] - dot(&row[..i], &solution[..i])) / row[i] };
        }
        for i in (0..size).rev() {
            let row = &self.factor[i * size..][..size];
            if self.left_out[i] {
                continue;
            }
            solution[i] /= row[i];
            let here = solution[i];
            for (earlier, factor) in solution[..i].iter_mut().zip(row) {
                *earlier -= factor * here;
            }
        }
        solution
    }
}

pub(super) fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).fold(0.0, |sum, (a, b)| a.mul_add(*b, sum))
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    #[test]
    fn a_known_system_is_solved() {
        // L = (2; 1 3; −1 2 1).
        let matrix = [4.0, 2.0, -2.0, 2.0, 10.0, 5.0, -2.0, 5.0, 6.0];
        let wanted = [1.0, -2.0, 3.0];
        let right: Vec<f64> = matrix.chunks(3).map(|row| dot(row, &wanted)).collect();
        for (found, wanted) in Cholesky::new(&matrix, 3).solve(&right).iter().zip(wanted) {
            assert_relative_eq!(*found, wanted, max_relative = 1e-14);
        }
    }

    #[test]
    fn what_depends_on_earlier_ones_is_left_out() {
        // Columns a, 0, 2a, b of a design: the second and third have no pivot.
        let columns = [[1.0, 2.0, 3.0], [0.0; 3], [2.0, 4.0, 6.0], [1.0, -1.0, 0.5]];
        let matrix: Vec<f64> = columns.iter().flat_map(|a| columns.iter().map(move |b| dot(a, b))).collect();
        let right: Vec<f64> = columns.iter().map(|column| dot(column, &[3.0, 0.0, 3.5])).collect();
        let found = Cholesky::new(&matrix, 4).solve(&right);
        assert_eq!((found[1], found[2]), (0.0, 0.0));
        for (row, right) in matrix.chunks(4).zip(right) {
            assert_relative_eq!(dot(row, &found), right, max_relative = 1e-12, epsilon = 1e-12);
        }
    }
}
