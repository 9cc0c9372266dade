//! SHA-256 as FIPS 180-4 states it, so that buckets are held against something else than the crate that makes them.

/// The primes whose square and cube roots give the constants.
fn primes() -> impl Iterator<Item = u64> {
    (2_u64..).filter(|n| (2..*n).take_while(|d| d * d <= *n).all(|d| n % d != 0))
}

/// The first 32 bits behind the point of the `n`-th root of a prime: of the largest whole `r` with `rⁿ ≤ p · 2³²ⁿ`.
fn root_bits(prime: u64, n: u32) -> u32 {
    let power = |root: u128| (0..n).try_fold(1_u128, |product, _| product.checked_mul(root));
    let whole = u128::from(prime) << (32 * n);
    let (mut low, mut high) = (0_u128, 1 << 40);
    while high - low > 1 {
        let middle = u128::midpoint(low, high);
        if power(middle).is_some_and(|power| power <= whole) { low = middle } else { high = middle }
    }
    low as u32
}

pub(crate) fn digest(message: &[u8]) -> [u8; 32] {
    let mut state: Vec<u32> = primes().take(8).map(|prime| root_bits(prime, 2)).collect();
    let constants: Vec<u32> = primes().take(64).map(|prime| root_bits(prime, 3)).collect();
    let mut padded = message.to_vec();
    padded.push(0x80);
    while padded.len() % 64 != 56 {
        padded.push(0);
    }
    padded.extend((message.len() as u64 * 8).to_be_bytes());
    for block in padded.chunks(64) {
        let mut words: Vec<u32> =
            block.as_chunks::<4>().0.iter().map(|word| u32::from_be_bytes(*word)).collect();
        for t in 16..64 {
            let (w15, w2) = (words[t - 15], words[t - 2]);
            let s0 = w15.rotate_right(7) ^ w15.rotate_right(18) ^ (w15 >> 3);
            let s1 = w2.rotate_right(17) ^ w2.rotate_right(19) ^ (w2 >> 10);
            words.push(words[t - 16].wrapping_add(s0).wrapping_add(words[t - 7]).wrapping_add(s1));
        }
        let mut round = state.clone();
        for (word, constant) in words.iter().zip(&constants) {
            // The eight that the standard calls a to h.
            let (first, fifth) = (round[0], round[4]);
            let sum1 = fifth.rotate_right(6) ^ fifth.rotate_right(11) ^ fifth.rotate_right(25);
            let choice = (fifth & round[5]) ^ (!fifth & round[6]);
            let one = [sum1, choice, *constant, *word].into_iter().fold(round[7], u32::wrapping_add);
            let sum0 = first.rotate_right(2) ^ first.rotate_right(13) ^ first.rotate_right(22);
            let majority = (first & round[1]) ^ (first & round[2]) ^ (round[1] & round[2]);
            round.rotate_right(1);
            round[0] = one.wrapping_add(sum0).wrapping_add(majority);
            round[4] = round[4].wrapping_add(one);
        }
        state.iter_mut().zip(round).for_each(|(own, round)| *own = own.wrapping_add(round));
    }
    let mut digest = [0; 32];
    digest.iter_mut().zip(state.iter().flat_map(|word| word.to_be_bytes())).for_each(|(to, from)| *to = from);
    digest
}

/// The first 53 bits of SHA-256 of `salt:id`, divided by 2⁵³.
pub(crate) fn share(salt: &str, id: &str) -> f64 {
    let digest = digest(format!("{salt}:{id}").as_bytes());
    let bits = digest[..8].iter().fold(0_u64, |bits, byte| bits * 256 + u64::from(*byte));
    (bits / 2_u64.pow(11)) as f64 * 2_f64.powi(-53)
}

#[test]
fn it_is_the_standard_one() {
    // From FIPS 180-4 and the examples of NIST, the last one with a message of two blocks.
    for (message, expected) in [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        ),
    ] {
        let bytes: Vec<u8> =
            (0..32).map(|byte| u8::from_str_radix(&expected[2 * byte..2 * byte + 2], 16).unwrap()).collect();
        assert_eq!(digest(message.as_bytes()).as_slice(), bytes);
    }
}
