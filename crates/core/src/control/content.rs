//! Which content counts, and which branch of a forked log, by the control entries.
//!
//! An entry is *base* where its device was a live one of a member who may write, as of the control heads
//! that the entry itself names, under an admission that stands, and where for every ending that is not in
//! those heads it lies on the chain of that ending's cut. What counts is base, and whatever base builds on.

use super::rules::Rank;
use super::{ControlKind, ControlSet, Cut, CutLog, Membership};
use crate::document::{ChangeHash, DocumentId};
use crate::ids::{ControlHash, DeviceId, EntryHash, LogId, PersonId, Seq};

/// What the control entries say of one content entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ContentVerdict {
    /// It counts by itself.
    Counts,
    /// Its device was no member's as of the entry's own heads.
    NotMember,
    /// Its author only reads, as of the entry's own heads.
    NotWriter,
    /// The admission of its author, or the addition of the device, does not stand.
    Voided,
    /// It lies beyond what the author of an ending knew, and its own author did not know of that ending.
    AfterEnding(ControlHash),
}

/// Answers whether a held entry lies on the chain of another: `None` where the one at `seq` with that hash
/// is not held.
pub type OnChain<'a> = dyn Fn(Seq, EntryHash) -> Option<bool> + 'a;

/// A signature under a text of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextSignature {
    /// The control entry.
    pub entry: ControlHash,
    /// Who signed.
    pub person: PersonId,
    /// On which device.
    pub device: DeviceId,
    /// The salted hash of the exact text.
    pub text_hash: [u8; 32],
    /// The document that holds it.
    pub document: DocumentId,
    /// The heads of the document when it was signed.
    pub document_heads: Vec<ChangeHash>,
    /// Whether it counts: the signer was a member, and whatever ended them or the device since knew of it.
    pub counts: bool,
}

impl Membership {
    /// Judges a content entry as of its own heads and of the whole set, which this is resolved from. `at` is
    /// the membership as of the entry's heads.
    pub fn judge_content(
        &self,
        set: &ControlSet,
        at: &Self,
        heads: &[ControlHash],
        (log, seq): (&LogId, Seq),
        on_chain: &OnChain<'_>,
    ) -> ContentVerdict {
        let Some(person) = at.person_of(&log.device) else {
            return ContentVerdict::NotMember;
        };
        if !at.may_write(&log.device) {
            return ContentVerdict::NotWriter;
        }
        let Some(past) = self.past.get(&person) else {
            return ContentVerdict::Voided;
        };
        let was_admitted = past
            .admissions
            .iter()
            .any(|admission| set.is_within(admission, heads));
        let stands = was_admitted || self.member(&person).is_some();
        if !stands || !past.devices.contains(&log.device) {
            return ContentVerdict::Voided;
        }
        for ending in &past.endings {
            let is_about = ending.device.is_none_or(|device| device == log.device);
            if !is_about || set.is_within(&ending.entry, heads) {
                continue;
            }
            let is_on_its_chain = set
                .get(&ending.entry)
                .and_then(|entry| cut_of(&entry.kind))
                .and_then(|cut| cut.of(log))
                .is_some_and(|cut| seq <= cut.seq && on_chain(cut.seq, cut.hash) != Some(false));
            if !is_on_its_chain {
                return ContentVerdict::AfterEnding(ending.entry);
            }
        }
        ContentVerdict::Counts
    }

    /// Returns what freezes, removals and revocations say about which branch of a log counts, the most senior
    /// author first.
    pub fn branch_choices(
        &self,
        set: &ControlSet,
        log: &LogId,
    ) -> Vec<(ControlHash, Seq, EntryHash)> {
        let endings = self
            .past
            .values()
            .flat_map(|past| &past.endings)
            .filter_map(|ending| set.get(&ending.entry))
            .filter_map(|entry| Some((entry, *cut_of(&entry.kind)?.of(log)?)));
        let freezes = set.canonical().filter_map(|entry| match &entry.kind {
            ControlKind::Freeze(freeze) if freeze.0.log == *log => Some((entry, freeze.0)),
            _ => None,
        });
        let freezes = freezes.filter(|(entry, _)| {
            set.is_well_formed(&entry.hash()) && self.stands_after_endings(set, &entry.hash())
        });
        let mut choices: Vec<((bool, Rank), ControlHash, CutLog)> = endings
            .chain(freezes)
            .map(|(entry, cut)| (self.seniority_of(set, &entry.hash()), entry.hash(), cut))
            .collect();
        choices.sort_unstable();
        choices.dedup();
        choices
            .into_iter()
            .map(|(_, hash, cut)| (hash, cut.seq, cut.hash))
            .collect()
    }

    /// Returns the rank of an entry's author; those without a grant come last.
    fn seniority_of(&self, set: &ControlSet, hash: &ControlHash) -> (bool, Rank) {
        let author = set.author(hash);
        author.map_or((true, Rank::new()), |(person, _)| {
            self.seniority_of_person(&person)
        })
    }

    /// Orders people by the rank of their most senior grant; those without one come last.
    pub(crate) fn seniority_of_person(&self, person: &PersonId) -> (bool, Rank) {
        let rank = self
            .past
            .get(person)
            .and_then(|past| past.seniority.clone());
        (rank.is_none(), rank.unwrap_or_default())
    }

    /// Returns the signatures under texts, each with whether it counts.
    pub fn text_signatures(&self, set: &ControlSet) -> Vec<TextSignature> {
        set.canonical()
            .filter_map(|entry| {
                let ControlKind::Sign(text) = &entry.kind else {
                    return None;
                };
                let (person, device) = set.author(&entry.hash())?;
                Some(TextSignature {
                    entry: entry.hash(),
                    person,
                    device,
                    text_hash: text.text_hash,
                    document: text.document,
                    document_heads: text.document_heads.clone(),
                    counts: set.is_well_formed(&entry.hash())
                        && self.stands_after_endings(set, &entry.hash()),
                })
            })
            .collect()
    }
}

fn cut_of(kind: &ControlKind) -> Option<&Cut> {
    match kind {
        ControlKind::Remove { cut, .. }
        | ControlKind::Role { cut, .. }
        | ControlKind::RevokeDevice { cut, .. } => Some(cut),
        _ => None,
    }
}
