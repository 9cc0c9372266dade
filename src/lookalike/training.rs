//! What a scorer learns from: seeds and a background sample of the pool, encoded.

/// Encoded customers: the seeds first, then the background.
///
/// All numbers are finite. Numeric dimensions have about mean 0 and deviation 1 over the background; those of levels and of
/// missing values are 0 or 1.
#[derive(Clone, Debug)]
pub(crate) struct Training {
    /// Row-major, `dims` numbers a customer.
    pub(crate) points: Vec<f64>,
    pub(crate) dims: usize,
    /// How many of the rows, from the first, are seeds; at least 1.
    pub(crate) seeds: usize,
    /// What each seed counts for: positive, of mean 1.
    pub(crate) weights: Vec<f64>,
    /// A stable hash of each row's customer id (seeds, then background), by which folds are cut and ties are broken.
    pub(crate) keys: Vec<u64>,
    /// Customers of the pool that the background was drawn from (seeds not among them); at least the rows drawn.
    pub(crate) pool: u64,
    /// Which original feature each dimension belongs to: positions from 0, rising.
    pub(crate) feature_of: Vec<usize>,
}

impl Training {
    pub(crate) fn rows(&self) -> usize {
        self.keys.len()
    }

    /// The rows that are drawn from the pool.
    pub(crate) fn background(&self) -> usize {
        self.rows() - self.seeds
    }

    pub(crate) fn row(&self, row: usize) -> &[f64] {
        &self.points[row * self.dims..][..self.dims]
    }

    /// What the background has on average in each dimension.
    pub(crate) fn typical(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.dims];
        for row in self.seeds..self.rows() {
            for (sum, value) in sums.iter_mut().zip(self.row(row)) {
                *sum += value;
            }
        }
        sums.into_iter().map(|sum| sum / self.background() as f64).collect()
    }

    /// The fold that a row is held out in.
    pub(crate) fn fold(&self, row: usize) -> u64 {
        self.keys[row] % FOLDS
    }

    /// The training without some of its rows; the pool is what it was.
    pub(crate) fn with_rows(&self, rows: &[usize]) -> Self {
        let seeds = rows.iter().filter(|row| **row < self.seeds).count();
        Self {
            points: rows.iter().flat_map(|row| self.row(*row)).copied().collect(),
            dims: self.dims,
            seeds,
            weights: rows[..seeds].iter().map(|row| self.weights[*row]).collect(),
            keys: rows.iter().map(|row| self.keys[*row]).collect(),
            pool: self.pool,
            feature_of: self.feature_of.clone(),
        }
    }
}

/// Folds of cross-validation.
pub(crate) const FOLDS: u64 = 5;
