//! Sets of places: which entries of a set are in the past of one, or are looked at.

/// A set of places in the order of arrival, bit by bit. Words at the end may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Places(Vec<u64>);

impl Places {
    /// Says whether a place is in it.
    pub(super) fn contains(&self, place: usize) -> bool {
        self.0
            .get(place / 64)
            .is_some_and(|word| word >> (place % 64) & 1 == 1)
    }

    /// Puts a place into it.
    pub(super) fn insert(&mut self, place: usize) {
        if self.0.len() <= place / 64 {
            self.0.resize(place / 64 + 1, 0);
        }
        if let Some(word) = self.0.get_mut(place / 64) {
            *word |= 1 << (place % 64);
        }
    }

    /// Puts all places of another set into it.
    pub(super) fn extend(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (into, from) in self.0.iter_mut().zip(&other.0) {
            *into |= from;
        }
    }

    /// Says whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns how many places are in it.
    pub(super) fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Returns the places without those of another set.
    pub(super) fn without(&self, other: &Self) -> Self {
        let missing = core::iter::repeat(&0);
        let words = self.0.iter().zip(other.0.iter().chain(missing));
        Self(words.map(|(one, other)| one & !other).collect())
    }

    /// Returns what is in both, without empty words at the end: equal where the places are.
    pub(super) fn both(&self, other: &Self) -> Self {
        let words = self.0.iter().zip(&other.0);
        let mut both = Self(words.map(|(one, other)| one & other).collect());
        while both.0.last() == Some(&0) {
            both.0.pop();
        }
        both
    }
}

/// Which entries of a set are looked at: all, or some heads with their past.
#[derive(Debug, Clone)]
pub(super) struct Scope(Option<Places>);

impl Scope {
    pub(super) const ALL: Self = Self(None);

    /// Looks at the entries at some places, which hold the past of each of them.
    pub(super) const fn of(places: Places) -> Self {
        Self(Some(places))
    }

    /// Says whether the entry at a place is looked at.
    pub(super) fn holds(&self, place: usize) -> bool {
        self.0.as_ref().is_none_or(|places| places.contains(place))
    }

    /// Returns which of some places are looked at.
    pub(super) fn of_these(&self, places: &Places) -> Places {
        self.0
            .as_ref()
            .map_or_else(|| places.both(places), |within| places.both(within))
    }
}
