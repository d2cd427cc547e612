//! Draws from a seeded generator, so that a run follows from its seed alone.

use rand_core::Rng;

/// Draws numbers, chances and items.
pub trait Dice: Rng {
    /// Draws any number.
    fn next(&mut self) -> u64 {
        self.next_u64()
    }

    /// Draws a number below `limit`; zero where the limit is zero.
    fn below(&mut self, limit: u64) -> u64 {
        self.next_u64() % limit.max(1)
    }

    /// Draws an index below `len`; zero where `len` is zero.
    fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).unwrap_or_default()
    }

    /// Comes true one time in `one_in`.
    fn chance(&mut self, one_in: u64) -> bool {
        self.below(one_in) == 0
    }

    /// Draws one of the items, where there is one.
    fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.index(items.len()))
    }
}

impl<R: Rng + ?Sized> Dice for R {}
