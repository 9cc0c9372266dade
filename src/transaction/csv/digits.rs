//! Plain numbers from bytes, eight digits at a time: what nearly all numbers of a file are.
//!
//! Each function gives `None` for whatever is not plain, right or wrong; the general way then reads it or says what is
//! wrong with it. All of them load eight bytes at once, so the text needs as many behind it.

const ZEROS: u64 = 0x3030_3030_3030_3030;
const POWERS: [i64; 8] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000];

#[inline]
fn load(text: &[u8], at: usize) -> Option<u64> {
    text.get(at..)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}

/// The first `count` bytes at a place, 1 to 8, less `0` each, behind as many zeros as make it eight.
#[inline]
fn load_some(text: &[u8], at: usize, count: usize) -> Option<u64> {
    Some((load(text, at)? ^ ZEROS) << (64 - 8 * count))
}

/// The number that eight digits make, the first one in the lowest byte.
#[inline]
fn number(digits: u64) -> Option<u64> {
    if (digits.wrapping_add(0x7676_7676_7676_7676) | digits) & 0x8080_8080_8080_8080 != 0 {
        return None;
    }
    let pairs = digits.wrapping_mul(10) + (digits >> 8);
    let (high, low) = (pairs & 0x0000_00ff_0000_00ff, (pairs >> 16) & 0x0000_00ff_0000_00ff);
    Some(high.wrapping_mul(0x000f_4240_0000_0064).wrapping_add(low.wrapping_mul(0x0000_2710_0000_0001)) >> 32)
}

/// A whole number of digits alone.
#[inline]
pub(super) fn whole(text: &[u8], start: usize, end: usize) -> Option<u64> {
    let eight = |at: usize| number(load(text, at)? ^ ZEROS);
    let count = end - start;
    match count {
        1..=8 => number(load_some(text, start, count)?),
        9..=16 => Some(number(load_some(text, start, count - 8)?)? * 100_000_000 + eight(end - 8)?),
        17..=20 => {
            let low = eight(end - 16)? * 100_000_000 + eight(end - 8)?;
            number(load_some(text, start, count - 16)?)?.checked_mul(10_000_000_000_000_000)?.checked_add(low)
        }
        _ => None,
    }
}

/// A decimal of at most eight characters without a sign, in units of the last of `places` places.
#[inline]
pub(super) fn decimal(text: &[u8], start: usize, end: usize, mark: u8, places: usize) -> Option<i64> {
    let count = end - start;
    if !(1..=8).contains(&count) {
        return None;
    }
    let digits = load_some(text, start, count)?;
    let marks = digits ^ (0x0101_0101_0101_0101 * u64::from(mark ^ b'0'));
    // Exact for the lowest byte that is zero, and a second mark is no digit.
    let found = marks.wrapping_sub(0x0101_0101_0101_0101) & !marks & 0x8080_8080_8080_8080;
    if found == 0 {
        return Some(number(digits)? as i64 * POWERS.get(places)?);
    }
    let at = found.trailing_zeros() as usize >> 3;
    let fraction = 7 - at;
    if fraction == 0 || fraction + 1 == count || fraction > places {
        return None;
    }
    let below = (1 << (8 * at)) - 1;
    let above = u64::MAX << (8 * at + 8);
    let digits = (digits & above) | ((digits & below) << 8);
    Some(number(digits)? as i64 * POWERS.get(places - fraction)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::transaction::money::parse_decimal;

    fn padded(text: &str) -> Vec<u8> {
        [b"7,", text.as_bytes(), b",12345678", &[0; 32]].concat()
    }

    fn check_whole(text: &str) {
        let read = whole(&padded(text), 2, 2 + text.len());
        match text.parse::<u64>() {
            Ok(number) if !text.starts_with('+') && text.len() <= 20 => {
                assert_eq!(read, Some(number), "{text}");
            }
            _ => assert!(read.is_none(), "{text}"),
        }
    }

    fn check_decimal(text: &str, mark: char, places: usize) {
        if let Some(value) = decimal(&padded(text), 2, 2 + text.len(), mark as u8, places) {
            assert_eq!(parse_decimal(text, mark, places), Ok(value), "{text}");
        }
    }

    #[test]
    fn the_largest_numbers_are_read_and_larger_ones_are_not() {
        for text in
            ["0", "18446744073709551615", "18446744073709551616", "99999999999999999999", "", "-1", "+1"]
        {
            check_whole(text);
        }
        assert_eq!(decimal(&padded("12.5"), 2, 6, b'.', 4), Some(125_000));
        assert_eq!(decimal(&padded("99999999"), 2, 10, b',', 4), Some(999_999_990_000));
        assert_eq!(decimal(&padded("0,123456"), 2, 10, b',', 6), Some(123_456));
        for odd in ["", ".", "5.", ".5", "1.2.3", "1..2", "-1", "1.23456", "123456789", "1/2", "1:2"] {
            assert_eq!(decimal(&padded(odd), 2, 2 + odd.len(), b'.', 4), None, "{odd}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_the_general_way_reads(
            digits in "[0-9]{1,21}",
            decimals in "[0-9]{1,6}[.,][0-9]{1,5}",
            any in "[0-9.,+ -]{0,9}",
            bytes in "[ -~é]{0,9}",
        ) {
            check_whole(&digits);
            for text in [digits, decimals, any, bytes] {
                check_whole(&text);
                for places in [0, 4, 6] {
                    check_decimal(&text, '.', places);
                    check_decimal(&text, ',', places);
                }
            }
        }
    }
}
