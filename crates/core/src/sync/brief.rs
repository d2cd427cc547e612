//! Many notebooks told apart in few bytes: sums over groups of them.
//!
//! The groups follow from the first bits of the tags, so both sides draw the same ones whatever else each of
//! them has. A group whose sums are equal holds the same notebooks in the same state on both sides. Of any
//! other one both tell the frontiers of what they have in it: about two notebooks for each that differs.

use super::frame::WireTag;
use crate::limits::{BRIEF_BITS_MAX, BRIEF_GROUP_NOTEBOOKS};

/// The sum of a group: the exclusive or of what stands for each of its notebooks.
pub(super) type Sum = [u8; 8];

/// Sums over all notebooks of one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Brief {
    /// How many first bits of a tag name its group.
    bits: u8,
    /// The sums of all groups, in order.
    sums: Vec<Sum>,
}

impl Brief {
    /// Returns how many bits a side with so many notebooks takes.
    pub(super) fn bits_for(notebooks: usize) -> u8 {
        let groups = notebooks.div_ceil(BRIEF_GROUP_NOTEBOOKS).max(1);
        let bits = groups.next_power_of_two().ilog2();
        u8::try_from(bits).unwrap_or(u8::MAX).min(BRIEF_BITS_MAX)
    }

    /// Sums up notebooks, each as its tag and the MAC of its frontier.
    pub(super) fn of(bits: u8, notebooks: impl Iterator<Item = (WireTag, [u8; 16])>) -> Self {
        let bits = bits.min(BRIEF_BITS_MAX);
        let mut brief = Self {
            bits,
            sums: vec![Sum::default(); 1 << bits],
        };
        for (tag, mac) in notebooks {
            let group = group_of(bits, &tag);
            if let Some(sum) = brief.sums.get_mut(group) {
                for (byte, of_one) in sum.iter_mut().zip(mac) {
                    *byte ^= of_one;
                }
            }
        }
        brief
    }

    /// Puts together what came from a peer; `None` where it is not one sum for each group.
    pub(super) fn from_parts(bits: u8, sums: Vec<Sum>) -> Option<Self> {
        let is_whole = bits <= BRIEF_BITS_MAX && sums.len() == 1 << bits;
        is_whole.then_some(Self { bits, sums })
    }

    /// Returns how many first bits of a tag name its group.
    pub(super) const fn bits(&self) -> u8 {
        self.bits
    }

    /// Returns the sums of all groups, in order.
    pub(super) fn sums(&self) -> &[Sum] {
        &self.sums
    }

    /// Says whether the group of a tag is the same in another one of as many bits.
    pub(super) fn agrees_on(&self, tag: &WireTag, other: &Self) -> bool {
        let group = group_of(self.bits, tag);
        self.bits == other.bits && self.sums.get(group) == other.sums.get(group)
    }
}

/// Returns the number that the first bits of a tag make.
fn group_of(bits: u8, tag: &WireTag) -> usize {
    let [first, second, ..] = *tag;
    let start = u32::from(u16::from_be_bytes([first, second]));
    // Sixteen bits are more than any brief takes.
    (start >> 16_u8.saturating_sub(bits)) as usize
}

#[cfg(test)]
#[allow(clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn tag(first: u8, second: u8) -> WireTag {
        let mut tag = WireTag::default();
        tag[..2].copy_from_slice(&[first, second]);
        tag
    }

    #[test]
    fn only_the_group_of_what_differs_differs() {
        let mine = [(tag(0, 0), [1; 16]), (tag(0x90, 0), [2; 16])];
        let theirs = [(tag(0, 0), [1; 16]), (tag(0x90, 0), [3; 16])];
        let (mine, theirs) = (
            Brief::of(3, mine.into_iter()),
            Brief::of(3, theirs.into_iter()),
        );
        assert!(mine.agrees_on(&tag(0, 0), &theirs));
        assert!(!mine.agrees_on(&tag(0x90, 0), &theirs));
        // One of the same group, which only this side has.
        assert!(!mine.agrees_on(&tag(0x80, 0), &theirs));
        assert!(mine.agrees_on(&tag(0xa0, 0), &theirs));
    }

    #[test]
    fn a_notebook_that_only_one_side_has_is_noticed() {
        let both = [(tag(0xff, 0xff), [1; 16])];
        let one = [(tag(0xff, 0xff), [1; 16]), (tag(0xff, 0xf0), [9; 16])];
        let (both, one) = (
            Brief::of(12, both.into_iter()),
            Brief::of(12, one.into_iter()),
        );
        assert!(!both.agrees_on(&tag(0xff, 0xff), &one));
    }

    #[test]
    fn there_are_about_half_as_many_groups_as_notebooks() {
        for (notebooks, bits) in [(0, 0), (1, 0), (2, 0), (3, 1), (200, 7), (4_096, 11)] {
            assert_eq!(Brief::bits_for(notebooks), bits, "{notebooks}");
        }
        assert_eq!(Brief::bits_for(usize::MAX), BRIEF_BITS_MAX);
    }

    #[test]
    fn a_brief_of_another_length_is_none() {
        assert!(Brief::from_parts(1, vec![Sum::default(); 2]).is_some());
        assert!(Brief::from_parts(1, vec![Sum::default(); 3]).is_none());
        assert!(Brief::from_parts(BRIEF_BITS_MAX + 1, Vec::new()).is_none());
    }
}
