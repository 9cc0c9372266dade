//! Stage 5: who resembles them?

mod model;
mod seed;
mod stored;
