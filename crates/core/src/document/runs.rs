//! Decodes the run-length, delta and boolean columns of a change, in Automerge's own form only.
//!
//! Automerge writes each column in exactly one way. Any other way would be read as the same
//! operations but saved under another hash, and a document saved so does not load again; hence a
//! decoder here refuses runs that could be merged, split or left out. A run of a million items
//! costs nothing: items are handed out one at a time, and whoever asks stops at its limit.

use super::leb::{Bytes, Malformed};

/// What a run-length column can hold.
pub(super) trait Item<'a>: Copy + PartialEq {
    /// Reads one item.
    fn read(bytes: &mut Bytes<'a>) -> Result<Self, Malformed>;
}

impl<'a> Item<'a> for u64 {
    fn read(bytes: &mut Bytes<'a>) -> Result<Self, Malformed> {
        bytes.unsigned()
    }
}

impl<'a> Item<'a> for i64 {
    fn read(bytes: &mut Bytes<'a>) -> Result<Self, Malformed> {
        bytes.signed()
    }
}

impl<'a> Item<'a> for &'a str {
    fn read(bytes: &mut Bytes<'a>) -> Result<Self, Malformed> {
        core::str::from_utf8(bytes.prefixed()?).map_err(|_| Malformed)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Segment {
    Start,
    Repeat,
    Literal,
    Null,
}

/// A run-length column: `n > 1` and a value is a run, `-n` and values are a literal, `0` and `n`
/// are nulls.
#[derive(Debug, Clone)]
pub(super) struct Runs<'a, T> {
    bytes: Bytes<'a>,
    segment: Segment,
    left: u64,
    value: Option<T>,
    has_value: bool,
}

impl<'a, T: Item<'a>> Runs<'a, T> {
    /// Starts a column.
    pub(super) const fn new(column: &'a [u8]) -> Self {
        Self {
            bytes: Bytes::new(column),
            segment: Segment::Start,
            left: 0,
            value: None,
            has_value: false,
        }
    }

    /// Takes the next item: `None` at the end of the column, `Some(None)` for a null.
    pub(super) fn next(&mut self) -> Result<Option<Option<T>>, Malformed> {
        if self.left == 0 {
            if self.bytes.is_empty() {
                return Ok(None);
            }
            self.open_segment()?;
        } else if self.segment == Segment::Literal {
            self.read_literal()?;
        }
        self.left -= 1;
        Ok(Some(self.value))
    }

    fn open_segment(&mut self) -> Result<(), Malformed> {
        let count = self.bytes.signed()?;
        let previous = self.segment;
        if count == 0 {
            self.left = self.bytes.unsigned()?;
            self.segment = Segment::Null;
            self.value = None;
            return if self.left == 0 || previous == Segment::Null {
                Err(Malformed)
            } else {
                Ok(())
            };
        }
        self.left = count.unsigned_abs();
        if count < 0 {
            if previous == Segment::Literal {
                return Err(Malformed);
            }
            self.segment = Segment::Literal;
            return self.read_literal();
        }
        if count == 1 {
            return Err(Malformed);
        }
        self.segment = Segment::Repeat;
        self.read_literal()
    }

    fn read_literal(&mut self) -> Result<(), Malformed> {
        let value = T::read(&mut self.bytes)?;
        if self.value == Some(value) {
            return Err(Malformed);
        }
        self.value = Some(value);
        self.has_value = true;
        Ok(())
    }

    /// Checks that the column ends here. A column of nulls alone is never written.
    pub(super) fn finish(&self) -> Result<(), Malformed> {
        if self.left == 0 && self.bytes.is_empty() && self.has_value {
            Ok(())
        } else {
            Err(Malformed)
        }
    }
}

/// A run-length column that must not be absent: any missing item is an error.
pub(super) fn required<'a, T: Item<'a>>(runs: &mut Runs<'a, T>) -> Result<T, Malformed> {
    runs.next()?.flatten().ok_or(Malformed)
}

/// A run-length column that is left out where every item is null.
#[derive(Debug, Clone)]
pub(super) struct OptionalRuns<'a, T>(Option<Runs<'a, T>>);

impl<'a, T: Item<'a>> OptionalRuns<'a, T> {
    /// Starts a column; an empty one counts as left out.
    pub(super) const fn new(column: &'a [u8]) -> Self {
        if column.is_empty() {
            Self(None)
        } else {
            Self(Some(Runs::new(column)))
        }
    }

    /// Takes the next item.
    pub(super) fn next(&mut self) -> Result<Option<T>, Malformed> {
        match &mut self.0 {
            None => Ok(None),
            Some(runs) => runs.next()?.ok_or(Malformed),
        }
    }

    /// Checks that the column ends here.
    pub(super) fn finish(&self) -> Result<(), Malformed> {
        self.0.as_ref().map_or(Ok(()), Runs::finish)
    }
}

/// A sum over a column of differences. Nulls leave it as it is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sum(i64);

impl Sum {
    /// Adds a difference and returns the counter it stands for; counters are never negative.
    pub(super) fn add(&mut self, difference: i64) -> Result<u64, Malformed> {
        self.0 = self.0.checked_add(difference).ok_or(Malformed)?;
        u64::try_from(self.0).map_err(|_| Malformed)
    }
}

/// A boolean column: how many are false, then how many are true, and so on.
#[derive(Debug, Clone)]
pub(super) struct Booleans<'a> {
    bytes: Bytes<'a>,
    left: u64,
    value: bool,
    started: bool,
    has_true: bool,
}

impl<'a> Booleans<'a> {
    /// Starts a column.
    pub(super) const fn new(column: &'a [u8]) -> Self {
        Self {
            bytes: Bytes::new(column),
            left: 0,
            value: true,
            started: false,
            has_true: false,
        }
    }

    /// Takes the next item.
    pub(super) fn next(&mut self) -> Result<bool, Malformed> {
        if self.left == 0 {
            self.left = self.bytes.unsigned()?;
            self.value = !self.value;
            if self.left == 0 {
                // Only the first count may be zero: the column begins with a true.
                if self.started {
                    return Err(Malformed);
                }
                self.left = self.bytes.unsigned()?;
                self.value = true;
                if self.left == 0 {
                    return Err(Malformed);
                }
            }
            self.started = true;
        }
        self.left -= 1;
        self.has_true |= self.value;
        Ok(self.value)
    }

    /// Checks that the column ends here.
    pub(super) fn finish(&self) -> Result<(), Malformed> {
        if self.left == 0 && self.bytes.is_empty() {
            Ok(())
        } else {
            Err(Malformed)
        }
    }

    /// Says whether any item was true: a column that may be left out never lacks one.
    pub(super) const fn has_true(&self) -> bool {
        self.has_true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(column: &[u8]) -> Result<Vec<Option<u64>>, Malformed> {
        let mut runs = Runs::<u64>::new(column);
        let mut items = Vec::new();
        while let Some(item) = runs.next()? {
            items.push(item);
            if items.len() > 100 {
                return Err(Malformed);
            }
        }
        runs.finish().map(|()| items)
    }

    #[test]
    fn runs_literals_and_nulls_are_read() {
        assert_eq!(all(&[3, 7]), Ok(vec![Some(7); 3]));
        assert_eq!(
            all(&[0x7e, 1, 2, 0, 2, 2, 2]),
            Ok(vec![Some(1), Some(2), None, None, Some(2), Some(2)])
        );
    }

    #[test]
    fn forms_that_automerge_never_writes_are_refused() {
        for column in [
            &[1, 7][..],            // A run of one.
            &[2, 7, 2, 7],          // Two runs of the same value.
            &[0x7f, 7, 2, 7],       // A literal that ends with the run's value.
            &[2, 7, 0x7f, 7],       // A literal that begins with it.
            &[0x7f, 1, 0x7f, 2],    // Two literals.
            &[0x7e, 1, 1],          // A literal that repeats itself.
            &[0, 1, 0, 1, 0x7f, 1], // Two runs of nulls.
            &[0, 0, 0x7f, 1],       // No nulls.
            &[0, 3],                // Nothing but nulls.
            &[0x7e, 1],             // Cut short.
        ] {
            assert_eq!(all(column), Err(Malformed), "{column:?}");
        }
    }

    #[test]
    fn a_run_of_a_million_costs_only_what_is_asked_for() {
        let mut runs = Runs::<u64>::new(&[0xc0, 0x84, 0x3d, 5]);
        assert_eq!(runs.next(), Ok(Some(Some(5))));
        assert_eq!(runs.finish(), Err(Malformed));
    }

    #[test]
    fn booleans_alternate_and_only_the_first_count_may_be_zero() {
        let mut booleans = Booleans::new(&[0, 2, 1]);
        assert_eq!(
            (0..3)
                .map(|_| booleans.next())
                .collect::<Result<Vec<_>, _>>(),
            Ok(vec![true, true, false])
        );
        assert_eq!(booleans.finish(), Ok(()));
        assert_eq!(booleans.next(), Err(Malformed));
        assert_eq!(Booleans::new(&[0, 0, 1]).next(), Err(Malformed));
        let mut zero = Booleans::new(&[1, 0, 1]);
        assert_eq!(zero.next(), Ok(false));
        assert_eq!(zero.next(), Err(Malformed));
    }
}
