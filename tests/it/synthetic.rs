//! The synthetic shop is the same to the bit for any number of threads, and another one for another seed.

use kohort::synthetic::{CustomerClass, Shop, ShopBuilder, SyntheticShop};

/// Enough customers for eleven chunks of work and a ragged tail.
fn shop() -> ShopBuilder {
    Shop::builder().customers(2_711).seed(5)
}

fn generate(builder: ShopBuilder) -> SyntheticShop {
    builder.build().unwrap().generate().unwrap()
}

fn with_threads(threads: usize) -> SyntheticShop {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| generate(shop()))
}

#[test]
fn any_number_of_threads_makes_the_same_shop() {
    let one = with_threads(1);
    for threads in [2, 3, 8] {
        let other = with_threads(threads);
        assert!(one.log == other.log, "the log of {threads} threads differs");
        let same = one.truth.customers().zip(other.truth.customers()).all(|((_, left), (_, right))| {
            left.class == right.class
                && left.return_rate.to_bits() == right.return_rate.to_bits()
                && left.expected_basket == right.expected_basket
        });
        assert!(same && one.truth.len() == other.truth.len(), "the truth of {threads} threads differs");
    }
}

#[test]
fn another_seed_is_another_shop_of_the_same_kind() {
    let (one, other) = (generate(shop()), generate(shop().seed(6)));
    assert!(one.log != other.log && one.truth != other.truth);
    let heavy = |shop: &SyntheticShop| shop.truth.members(CustomerClass::HeavyReturner).len();
    assert!(heavy(&one).abs_diff(heavy(&other)) < 70, "{} and {}", heavy(&one), heavy(&other));
}

#[test]
fn a_larger_shop_has_the_same_customers_and_more() {
    let (small, large) = (generate(shop().customers(300)), generate(shop().customers(900)));
    let first: Vec<_> = large.truth.customers().take(300).collect();
    assert!(small.truth.customers().eq(first));
}
