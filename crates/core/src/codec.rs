//! Reads and writes the fixed binary layouts: little-endian numbers, length-prefixed bytes.
//!
//! A reader never allocates more than the input holds and never panics; what was decoded is kept
//! as the bytes it came from, so nothing is ever encoded a second time to be checked.

/// Bytes that do not follow the layout.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The bytes end before the layout does.
    #[error("cut short while reading {0}")]
    Truncated(&'static str),
    /// Bytes follow the end of the layout.
    #[error("{0} bytes too many at the end")]
    Trailing(usize),
    /// A length or count is above its limit.
    #[error("{what} has {found}, the limit is {limit}")]
    TooMany {
        /// What was counted.
        what: &'static str,
        /// What the bytes say.
        found: u64,
        /// What is allowed.
        limit: u64,
    },
    /// A version, suite or kind that this program does not know.
    #[error("unknown {what} {value}: a newer version of the program may know it")]
    Unknown {
        /// Which field.
        what: &'static str,
        /// Its value.
        value: u64,
    },
    /// A value that the layout forbids.
    #[error("{0} is not valid")]
    Invalid(&'static str),
}

/// Reads a layout from the front of a byte string.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Starts at the front of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Returns how many bytes are left.
    pub fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// Takes `len` bytes.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`] where fewer are left.
    pub fn take(&mut self, what: &'static str, len: usize) -> Result<&'a [u8], DecodeError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(len)
            .ok_or(DecodeError::Truncated(what))?;
        self.rest = rest;
        Ok(taken)
    }

    /// Takes an array of fixed length.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`] where fewer bytes are left.
    pub fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], DecodeError> {
        let (taken, rest) = self
            .rest
            .split_first_chunk::<N>()
            .ok_or(DecodeError::Truncated(what))?;
        self.rest = rest;
        Ok(*taken)
    }

    /// Takes one byte.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`] at the end.
    pub fn u8(&mut self, what: &'static str) -> Result<u8, DecodeError> {
        Ok(u8::from_le_bytes(self.array(what)?))
    }

    /// Takes the byte that says which version or suite of a layout follows: only `known` is.
    ///
    /// # Errors
    /// [`DecodeError::Unknown`] for any other, [`DecodeError::Truncated`] at the end.
    pub fn known(&mut self, what: &'static str, known: u8) -> Result<(), DecodeError> {
        match self.u8(what)? {
            found if found == known => Ok(()),
            other => Err(DecodeError::Unknown {
                what,
                value: other.into(),
            }),
        }
    }

    /// Takes a 16-bit number.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`] at the end.
    pub fn u16(&mut self, what: &'static str) -> Result<u16, DecodeError> {
        Ok(u16::from_le_bytes(self.array(what)?))
    }

    /// Takes a 32-bit number.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`] at the end.
    pub fn u32(&mut self, what: &'static str) -> Result<u32, DecodeError> {
        Ok(u32::from_le_bytes(self.array(what)?))
    }

    /// Takes a 64-bit number.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`] at the end.
    pub fn u64(&mut self, what: &'static str) -> Result<u64, DecodeError> {
        Ok(u64::from_le_bytes(self.array(what)?))
    }

    /// Takes a number in LEB128, in its shortest form only.
    ///
    /// # Errors
    /// [`DecodeError::Truncated`] at the end, [`DecodeError::Invalid`] for a longer form than needed.
    pub fn varint(&mut self, what: &'static str) -> Result<u64, DecodeError> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8(what)?;
            let bits = u64::from(byte & 0x7f);
            let shifted = bits << shift;
            if shifted >> shift != bits || (byte == 0 && shift > 0) {
                return Err(DecodeError::Invalid(what));
            }
            value |= shifted;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(DecodeError::Invalid(what))
    }

    /// Takes a count and checks it against `limit`.
    ///
    /// # Errors
    /// [`DecodeError::TooMany`] above the limit, or as [`Reader::varint`].
    pub fn count(&mut self, what: &'static str, limit: usize) -> Result<usize, DecodeError> {
        let found = self.varint(what)?;
        match usize::try_from(found) {
            Ok(count) if count <= limit => Ok(count),
            _ => Err(DecodeError::TooMany {
                what,
                found,
                limit: limit as u64,
            }),
        }
    }

    /// Takes length-prefixed bytes of at most `limit`.
    ///
    /// # Errors
    /// As [`Reader::count`] and [`Reader::take`].
    pub fn bytes(&mut self, what: &'static str, limit: usize) -> Result<&'a [u8], DecodeError> {
        let len = self.count(what, limit)?;
        self.take(what, len)
    }

    /// Takes length-prefixed UTF-8 of at most `limit` bytes.
    ///
    /// # Errors
    /// As [`Reader::bytes`], and [`DecodeError::Invalid`] for other bytes than UTF-8.
    pub fn text(&mut self, what: &'static str, limit: usize) -> Result<&'a str, DecodeError> {
        core::str::from_utf8(self.bytes(what, limit)?).map_err(|_| DecodeError::Invalid(what))
    }

    /// Checks that nothing is left.
    ///
    /// # Errors
    /// [`DecodeError::Trailing`] with the number of bytes left.
    pub fn finish(self) -> Result<(), DecodeError> {
        match self.rest.len() {
            0 => Ok(()),
            left => Err(DecodeError::Trailing(left)),
        }
    }
}

/// Appends a layout to a byte string.
#[derive(Debug, Clone, Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// Starts empty.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    /// Appends one byte.
    pub fn u8(&mut self, value: u8) -> &mut Self {
        self.bytes.push(value);
        self
    }

    /// Appends a 16-bit number.
    pub fn u16(&mut self, value: u16) -> &mut Self {
        self.raw(&value.to_le_bytes())
    }

    /// Appends a 32-bit number.
    pub fn u32(&mut self, value: u32) -> &mut Self {
        self.raw(&value.to_le_bytes())
    }

    /// Appends a 64-bit number.
    pub fn u64(&mut self, value: u64) -> &mut Self {
        self.raw(&value.to_le_bytes())
    }

    /// Appends a number in LEB128.
    pub fn varint(&mut self, mut value: u64) -> &mut Self {
        while value >= 0x80 {
            self.bytes.push((value as u8 & 0x7f) | 0x80);
            value >>= 7;
        }
        self.u8(value as u8)
    }

    /// Appends a length and the bytes.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.varint(bytes.len() as u64).raw(bytes)
    }

    /// Returns how many bytes were written.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Says whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Returns what was written so far.
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns what was written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_come_back(value: u64) {
            let mut writer = Writer::new();
            writer.varint(value).u64(value);
            let bytes = writer.into_bytes();
            let mut reader = Reader::new(&bytes);
            prop_assert_eq!(reader.varint("n"), Ok(value));
            prop_assert_eq!(reader.u64("n"), Ok(value));
            prop_assert_eq!(reader.finish(), Ok(()));
        }

        #[test]
        fn any_bytes_read_without_panic(bytes: Vec<u8>) {
            let mut reader = Reader::new(&bytes);
            let _ = reader.varint("n").is_ok() && reader.text("t", 8).is_ok() && reader.u32("u").is_ok();
        }
    }

    #[test]
    fn a_longer_form_of_a_number_is_refused() {
        assert_eq!(
            Reader::new(&[0x80, 0x00]).varint("n"),
            Err(DecodeError::Invalid("n"))
        );
        assert_eq!(
            Reader::new(&[0xff; 10]).varint("n"),
            Err(DecodeError::Invalid("n"))
        );
    }

    #[test]
    fn a_count_above_its_limit_is_refused_before_anything_is_allocated() {
        let mut writer = Writer::new();
        writer.varint(u64::MAX);
        let bytes = writer.into_bytes();
        assert!(matches!(
            Reader::new(&bytes).bytes("b", 10),
            Err(DecodeError::TooMany { .. })
        ));
    }
}
