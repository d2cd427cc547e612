//! Replacements as a browser counts, and as the document does.

use automerge::{Automerge, ChangeHash, ObjId, PatchAction};
use serde::{Deserialize, Serialize};

use super::replaced;
use crate::error::Invalid;
use crate::limits::LIVE_PATCHES_MAX;
use crate::session::Splice;

/// One replacement in a text, in UTF-16 units of the text as the ones before it left it.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Patch {
    /// Where it begins.
    pub at: usize,
    /// How much goes.
    pub delete: usize,
    /// What comes in its place.
    pub insert: String,
}

/// Returns where a place in a text is once a patch was applied. What is put in exactly there comes behind it, so that
/// a writer goes on before it.
#[must_use]
pub fn moved(place: usize, patch: &Patch) -> usize {
    if place <= patch.at {
        return place;
    }
    if place < patch.at + patch.delete {
        return patch.at;
    }
    place - patch.delete + patch.insert.encode_utf16().count()
}

/// Sums a text up, so that a window notices where its own is another: FNV-1a of 32 bits over the UTF-16 units.
#[must_use]
pub fn sum(text: &str) -> u32 {
    text.encode_utf16().fold(0x811c_9dc5, |sum, unit| {
        (sum ^ u32::from(unit)).wrapping_mul(0x0100_0193)
    })
}

/// A text in which places are counted both ways.
#[derive(Default)]
pub(super) struct Coded {
    letters: Vec<char>,
    /// How many letters take two units.
    pairs: usize,
}

impl Coded {
    pub(super) fn of(text: &str) -> Self {
        let letters: Vec<char> = text.chars().collect();
        let pairs = count_pairs(&letters);
        Self { letters, pairs }
    }

    pub(super) fn text(&self) -> String {
        self.letters.iter().collect()
    }

    /// Returns a place in letters; nothing where it is beyond the end or within a pair.
    pub(super) fn letters_before(&self, units: usize) -> Option<usize> {
        if self.pairs == 0 {
            return (units <= self.letters.len()).then_some(units);
        }
        let mut passed = 0;
        for (place, letter) in self.letters.iter().enumerate() {
            if passed >= units {
                return (passed == units).then_some(place);
            }
            passed += letter.len_utf16();
        }
        (passed == units).then_some(self.letters.len())
    }

    pub(super) fn units_before(&self, letters: usize) -> usize {
        let more = match self.pairs {
            0 => 0,
            _ => count_pairs(self.letters.get(..letters).unwrap_or(&self.letters)),
        };
        letters + more
    }

    fn splice(&mut self, splice: &Splice) {
        let end = (splice.position + splice.delete).min(self.letters.len());
        let insert: Vec<char> = splice.insert.chars().collect();
        let gone = self.letters.get(splice.position..end).unwrap_or_default();
        self.pairs = self.pairs + count_pairs(&insert) - count_pairs(gone);
        let from = splice.position.min(end);
        self.letters.splice(from..end, insert);
    }

    pub(super) fn apply(&mut self, splices: &[Splice]) {
        for splice in splices {
            self.splice(splice);
        }
    }

    /// Takes back what came, last first; what went is not known any more.
    pub(super) fn take_back(&mut self, splices: &[Splice]) {
        for splice in splices.iter().rev() {
            self.splice(&Splice {
                position: splice.position,
                delete: splice.insert.chars().count(),
                insert: String::new(),
            });
        }
    }

    /// Reads edits of a window, one after the other.
    pub(super) fn splices(&self, edits: &[Patch]) -> Result<Vec<Splice>, Invalid> {
        let mut text = Self {
            letters: match edits {
                // One edit, as most are, needs no copy to go on from.
                [_] | [] => Vec::new(),
                _ => self.letters.clone(),
            },
            pairs: self.pairs,
        };
        let mut splices: Vec<Splice> = Vec::with_capacity(edits.len());
        for edit in edits {
            let now = if splices.is_empty() { self } else { &text };
            let end = edit.at.checked_add(edit.delete);
            let places = now
                .letters_before(edit.at)
                .zip(end.and_then(|end| now.letters_before(end)));
            let Some((from, to)) = places else {
                return Err(Invalid::Shape {
                    message: "an edit of the notes lies beyond their end or within a character",
                });
            };
            let splice = Splice {
                position: from,
                delete: to - from,
                insert: edit.insert.clone(),
            };
            if edits.len() > 1 {
                text.splice(&splice);
            }
            splices.push(splice);
        }
        Ok(splices)
    }

    /// Writes replacements of the document as a window counts.
    pub(super) fn patches(mut self, splices: &[Splice]) -> Vec<Patch> {
        let mut patches = Vec::with_capacity(splices.len());
        for splice in splices {
            let at = self.units_before(splice.position);
            patches.push(Patch {
                at,
                delete: self.units_before(splice.position + splice.delete) - at,
                insert: splice.insert.clone(),
            });
            self.splice(splice);
        }
        patches
    }
}

fn count_pairs(letters: &[char]) -> usize {
    letters
        .iter()
        .filter(|letter| letter.len_utf16() == 2)
        .count()
}

/// Returns what leads from one version of a text in a document to another; nothing where it has something in it that
/// is no text, or there is so much that one replacement says it better.
pub(super) fn of_document(
    doc: &Automerge,
    text: &ObjId,
    before: &[ChangeHash],
    after: &[ChangeHash],
) -> Option<Vec<Splice>> {
    let found = doc.diff_obj(text, before, after, false).ok()?;
    let mut splices: Vec<Splice> = Vec::new();
    for patch in found {
        let next = match patch.action {
            PatchAction::SpliceText { index, value, .. } => Splice {
                position: index,
                delete: 0,
                insert: value.make_string(),
            },
            PatchAction::DeleteSeq { index, length } => Splice {
                position: index,
                delete: length,
                insert: String::new(),
            },
            PatchAction::Mark { .. } => continue,
            _ => return None,
        };
        splices.push(next);
        if splices.len() > LIVE_PATCHES_MAX {
            return None;
        }
    }
    Some(splices)
}

/// Returns what makes one text another, by comparing them.
pub(super) fn of_texts(old: &str, new: &str) -> Vec<Patch> {
    Coded::of(old).patches(&replaced(old, new))
}
