//! The choice of an audience under a cap on returns: candidates with a similarity and an excess each.
//!
//! Bytes that must move: 16 read a candidate and pass; there are about ten passes, and the candidates that are undecided
//! after a few of them are a small part. In test mode, and by default, there are 200,000 candidates; `KOHORT_CANDIDATES`
//! sets another number, such as ten million, and a sort of as many numbers stands beside it.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use kohort::lookalike::selection::Candidates;
use rayon::slice::ParallelSliceMut;

/// Candidates whose return rates rise with their similarity, and returns beyond 30 % of their demand.
fn candidates(count: usize) -> (Vec<f64>, Vec<f64>) {
    let mut state = 0x7369_6d69_u64;
    let mut unit = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    };
    (0..count)
        .map(|_| {
            let similarity = unit() * unit();
            let demand = 20.0 / (1.0 - unit()).sqrt();
            let rate = (0.2 + 0.5 * similarity + 0.2 * (unit() - 0.5)).clamp(0.0, 1.0);
            (similarity, demand * (rate - 0.3))
        })
        .unzip()
}

fn lookalike(criterion: &mut Criterion) {
    let count = std::env::var("KOHORT_CANDIDATES").ok().and_then(|text| text.parse().ok()).unwrap_or(200_000);
    let (scores, excess) = candidates(count);
    let mut group = criterion.benchmark_group("lookalike");
    group.sample_size(10).throughput(Throughput::Elements(count as u64));
    let sorted = |mut all: Vec<f64>| {
        all.par_sort_unstable_by(f64::total_cmp);
        all
    };
    group.bench_function("sort", |bencher| {
        bencher.iter_batched(|| scores.clone(), |all| black_box(sorted(all)), BatchSize::LargeInput);
    });
    for (name, part) in [("select_1_percent", 100), ("select_5_percent", 20), ("select_50_percent", 2)] {
        let pool = Candidates::new(&scores, &excess).expect("columns of one length");
        group.bench_function(name, |bencher| {
            bencher.iter(|| black_box(pool.select(count / part).expect("half of them are below the cap")));
        });
    }
    group.finish();
}

criterion_group!(benches, lookalike);
criterion_main!(benches);
