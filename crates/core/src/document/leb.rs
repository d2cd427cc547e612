//! Reads and writes LEB128 numbers as Automerge does: in their shortest form only.

/// Bytes that end too early, or a number or text in a form that Automerge never writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// Reads from the front of a byte string; never copies, never panics.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bytes<'a> {
    rest: &'a [u8],
}

impl<'a> Bytes<'a> {
    /// Starts at the front of `bytes`.
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Returns what was not read yet.
    pub(super) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Says whether everything was read.
    pub(super) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Takes `len` bytes.
    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(Malformed)?;
        self.rest = rest;
        Ok(taken)
    }

    /// Takes an array of fixed length.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or(Malformed)?;
        self.rest = rest;
        Ok(*taken)
    }

    /// Takes one byte.
    pub(super) fn byte(&mut self) -> Result<u8, Malformed> {
        let (first, rest) = self.rest.split_first().ok_or(Malformed)?;
        self.rest = rest;
        Ok(*first)
    }

    /// Takes an unsigned number.
    pub(super) fn unsigned(&mut self) -> Result<u64, Malformed> {
        let first = self.byte()?;
        if first < 0x80 {
            return Ok(u64::from(first));
        }
        let mut value = u64::from(first & 0x7f);
        let mut shift = 7_u32;
        loop {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                return Err(Malformed);
            }
            value |= bits << shift;
            if byte < 0x80 {
                return if byte == 0 { Err(Malformed) } else { Ok(value) };
            }
            shift += 7;
            if shift > 63 {
                return Err(Malformed);
            }
        }
    }

    /// Takes a signed number.
    pub(super) fn signed(&mut self) -> Result<i64, Malformed> {
        let mut value = 0_i64;
        let mut shift = 0_u32;
        let mut previous = 0_u8;
        loop {
            let byte = self.byte()?;
            if shift == 63 && byte != 0 && byte != 0x7f {
                return Err(Malformed);
            }
            value |= i64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                let negative = byte & 0x40 != 0;
                let repeats_sign =
                    (byte == 0 && previous & 0x40 == 0) || (byte == 0x7f && previous & 0x40 != 0);
                if shift > 7 && repeats_sign {
                    return Err(Malformed);
                }
                if negative && shift < 64 {
                    value |= -1_i64 << shift;
                }
                return Ok(value);
            }
            if shift > 63 {
                return Err(Malformed);
            }
            previous = byte;
        }
    }

    /// Takes a length and as many bytes.
    pub(super) fn prefixed(&mut self) -> Result<&'a [u8], Malformed> {
        let len = usize::try_from(self.unsigned()?).map_err(|_| Malformed)?;
        self.take(len)
    }
}

/// Appends an unsigned number.
pub(super) fn write_unsigned(out: &mut Vec<u8>, mut value: u64) {
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            out.push(low & 0x7f);
            return;
        }
        out.push(low | 0x80);
    }
}

/// Appends a signed number.
pub(super) fn write_signed(out: &mut Vec<u8>, mut value: i64) {
    loop {
        let [low, ..] = value.to_le_bytes();
        let done = (-64..64).contains(&value);
        value >>= 7;
        if done {
            out.push(low & 0x7f);
            return;
        }
        out.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn unsigned_numbers_come_back(value: u64, shift in 0_u32..64) {
            let value = value >> shift;
            let mut out = Vec::new();
            write_unsigned(&mut out, value);
            let mut bytes = Bytes::new(&out);
            prop_assert_eq!(bytes.unsigned(), Ok(value));
            prop_assert!(bytes.is_empty());
        }

        #[test]
        fn signed_numbers_come_back(value: i64, shift in 0_u32..64) {
            let value = value >> shift;
            let mut out = Vec::new();
            write_signed(&mut out, value);
            let mut bytes = Bytes::new(&out);
            prop_assert_eq!(bytes.signed(), Ok(value));
            prop_assert!(bytes.is_empty());
        }

        #[test]
        fn only_the_shortest_form_is_read(input in proptest::collection::vec(any::<u8>(), 1..12)) {
            let mut bytes = Bytes::new(&input);
            if let Ok(value) = bytes.unsigned() {
                let mut out = Vec::new();
                write_unsigned(&mut out, value);
                prop_assert_eq!(out.len() + bytes.rest().len(), input.len());
            }
            let mut bytes = Bytes::new(&input);
            if let Ok(value) = bytes.signed() {
                let mut out = Vec::new();
                write_signed(&mut out, value);
                prop_assert_eq!(out.len() + bytes.rest().len(), input.len());
            }
        }
    }

    #[test]
    fn numbers_beyond_64_bits_are_refused() {
        let long = [0xff; 11];
        assert_eq!(Bytes::new(&long).unsigned(), Err(Malformed));
        assert_eq!(Bytes::new(&long).signed(), Err(Malformed));
        let over = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02];
        assert_eq!(Bytes::new(&over).unsigned(), Err(Malformed));
        assert_eq!(Bytes::new(&[]).unsigned(), Err(Malformed));
    }
}
