//! Padding (Padmé, from "Reducing Metadata Leakage from Encrypted Files and Communication with
//! PURBs", §4): lengths are rounded up by at most 12 %, so they say little about the text.
//!
//! Padded bytes are the plaintext, one byte 0x80, and zeros.

/// The shortest padded length: below it Padmé tells lengths apart too well.
const PADDED_BYTES_MIN: usize = 64;

/// Returns the padded length of a plaintext of `len` bytes, marker included.
pub fn padded_len(len: usize) -> usize {
    let wanted = (len + 1).max(PADDED_BYTES_MIN);
    let exponent = wanted.ilog2();
    let significant = exponent.max(1).ilog2() + 1;
    let mask = (1_usize << (exponent.saturating_sub(significant))) - 1;
    (wanted + mask) & !mask
}

/// Pads `plain` in place.
pub fn pad(plain: &mut Vec<u8>) {
    let target = padded_len(plain.len());
    plain.push(0x80);
    plain.resize(target, 0);
}

/// Returns the plaintext inside padded bytes, or `None` where the padding is not canonical.
pub fn unpad(padded: &[u8]) -> Option<&[u8]> {
    let end = padded.iter().rposition(|byte| *byte != 0)?;
    let (plain, rest) = padded.split_at_checked(end)?;
    (rest.first() == Some(&0x80) && padded.len() == padded_len(plain.len())).then_some(plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn padding_comes_off_and_costs_little(plain in proptest::collection::vec(any::<u8>(), 0..5000)) {
            let mut padded = plain.clone();
            pad(&mut padded);
            prop_assert_eq!(unpad(&padded), Some(&plain[..]));
            if plain.len() >= PADDED_BYTES_MIN {
                prop_assert!(padded.len() <= (plain.len() + 1) * 112 / 100);
            }
        }
    }

    #[test]
    fn other_padding_is_refused() {
        assert_eq!(unpad(&[]), None);
        assert_eq!(unpad(&[0; 64]), None);
        assert_eq!(unpad(&[0x80, 0]), None);
    }
}
