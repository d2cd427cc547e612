//! What speaks against an admission that does not count, for whoever was let in by it.
//!
//! The rules say that it is void; this says by which entry, so that whoever hears of that entry comes to the same. Of
//! several the first that is found stands for all: the device, then the author, then the invitation.

use super::form::holder_of;
use super::rules::Rank;
use super::{Admit, ControlEntry, ControlKind, ControlSet, Membership};
use crate::ids::{ControlHash, DeviceId, PersonId};
use crate::limits::RANK_STEPS_MAX;

impl Membership {
    /// Returns a person's latest admission that does not count, and the entry that speaks against it.
    pub fn voided_of(
        &self,
        set: &ControlSet,
        person: PersonId,
    ) -> Option<(ControlHash, ControlHash)> {
        let admissions = self.voided_admissions().iter();
        let (admission, admit) = admissions
            .filter_map(|hash| Some((*hash, admit_of(set, hash)?)))
            .filter(|(_, admit)| admit.roster.person() == person)
            .max_by_key(|(hash, _)| (set.level(hash), *hash))?;
        Some((admission, self.against(set, &admission, admit)?))
    }

    /// Returns what speaks against an admission that does not count; where whoever gave it had no right to, what
    /// speaks against that right.
    fn against(
        &self,
        set: &ControlSet,
        admission: &ControlHash,
        admit: &Admit,
    ) -> Option<ControlHash> {
        let (mut entry, mut invite) = (*admission, admit.invite);
        for _ in 0..=RANK_STEPS_MAX {
            let (author, device) = set.author(&entry)?;
            let found = self
                .against_device(set, &entry, (author, device))
                .or_else(|| self.against_author(set, &entry, author))
                .or_else(|| self.against_invite(set, &entry, &invite));
            if found.is_some() {
                return found;
            }
            entry = set.get(&entry)?.standing;
            invite = admit_of(set, &entry)?.invite;
        }
        None
    }

    /// The device that signed was taken off, or was added by one that was, by whoever had not heard of the entry.
    fn against_device(
        &self,
        set: &ControlSet,
        entry: &ControlHash,
        (author, device): (PersonId, DeviceId),
    ) -> Option<ControlHash> {
        let was_added = self.past.get(&author)?.devices.contains(&device);
        let mut endings: Vec<ControlHash> = self
            .endings_of(&author)
            .filter(|(ending, ended)| {
                let speaks = if was_added {
                    *ended == Some(device)
                } else {
                    ended.is_some()
                };
                speaks && !set.is_past(entry, ending)
            })
            .map(|(ending, _)| ending)
            .collect();
        endings.sort_by_key(|ending| (set.level(ending), *ending));
        endings.into_iter().next()
    }

    /// A senior removed or demoted the author, who stands on no grant that came after.
    fn against_author(
        &self,
        set: &ControlSet,
        entry: &ControlHash,
        author: PersonId,
    ) -> Option<ControlHash> {
        let grant = set.get(entry)?.standing;
        let rank = rank_of(set, &grant)?;
        let mut others = self.effective_in(set);
        let found = others.find(|other| {
            let hash = other.hash();
            let is_about = matches!(other.kind, ControlKind::Remove { person, .. }
                | ControlKind::Demote { person } if person == author);
            is_about
                && !set.is_past(entry, &hash)
                && !set.is_past(&hash, &grant)
                && rank_of(set, &other.standing).is_some_and(|senior| senior < rank)
        });
        found.map(ControlEntry::hash)
    }

    /// The invitation was taken back, or somebody else was let in by it.
    fn against_invite(
        &self,
        set: &ControlSet,
        entry: &ControlHash,
        invite: &ControlHash,
    ) -> Option<ControlHash> {
        if invite.is_zero() {
            return None;
        }
        let rank = rank_of(set, &set.get(entry)?.standing)?;
        let takes_back = |other: &&ControlEntry| {
            matches!(other.kind, ControlKind::RevokeInvite { invite: of } if of == *invite)
                && !set.is_past(entry, &other.hash())
                && rank_of(set, &other.standing).is_some_and(|senior| senior <= rank)
        };
        let redeems = |other: &&ControlEntry| {
            matches!(&other.kind, ControlKind::Admit(admit) if admit.invite == *invite)
                && other.hash() != *entry
        };
        let found = self.effective_in(set).find(takes_back);
        let found = found.or_else(|| self.effective_in(set).find(redeems));
        found.map(ControlEntry::hash)
    }

    /// Returns the entries of admins that count, each after its past.
    fn effective_in<'a>(
        &'a self,
        set: &'a ControlSet,
    ) -> impl Iterator<Item = &'a ControlEntry> + use<'a> {
        let nodes = set.deciding.values().filter(|node| node.is_well_formed);
        nodes.map(|node| &node.entry).filter(|entry| {
            let hash = entry.hash();
            !self.voided_admissions().contains(&hash) && !self.void_acts().contains(&hash)
        })
    }
}

fn admit_of<'a>(set: &'a ControlSet, hash: &ControlHash) -> Option<&'a Admit> {
    match &set.get(hash)?.kind {
        ControlKind::Admit(admit) => Some(admit),
        _ => None,
    }
}

/// Returns the rank of a grant, by the line of those that it stands on.
fn rank_of(set: &ControlSet, grant: &ControlHash) -> Option<Rank> {
    let mut rank = Rank::new();
    let mut grant = *grant;
    while grant != set.create() {
        let entry = set.get(&grant)?;
        if rank.len() >= RANK_STEPS_MAX || holder_of(entry).is_none() {
            return None;
        }
        rank.push((set.level(&grant), grant));
        grant = entry.standing;
    }
    rank.reverse();
    Some(rank)
}
