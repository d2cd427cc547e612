//! How a device that was let in stands now, and what ended that: the entries that it is to know of before
//! nothing more is said to it.

use super::Replica;
use crate::control::{ControlEntry, ControlKind, ControlSet, Label, Membership};
use crate::ids::{ControlHash, DeviceId, PersonId};
use crate::limits::{OBJECTION_BYTES_MAX, OBJECTION_ENTRIES_MAX, VOIDING_BYTES_MAX};

/// How a device stands in a notebook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Standing {
    /// It is a live device of a member.
    Member,
    /// Its person left, by this entry.
    Left(ControlHash),
    /// Its person was removed, by this entry.
    Removed(ControlHash),
    /// The device itself was revoked, by this entry.
    Revoked(ControlHash),
    /// Its person's admission does not count, since this entry speaks against it: nobody who gave it knew of that.
    Voided(ControlHash),
    /// Nothing here says that it ever was a member's.
    #[default]
    Unknown,
}

impl Standing {
    /// Returns the entry that ended it.
    pub const fn ending(&self) -> Option<ControlHash> {
        match self {
            Self::Left(entry)
            | Self::Removed(entry)
            | Self::Revoked(entry)
            | Self::Voided(entry) => Some(*entry),
            Self::Member | Self::Unknown => None,
        }
    }
}

impl Replica {
    /// Returns how this device stands.
    pub const fn standing(&self) -> Standing {
        self.standing
    }

    /// Returns how a device stands, as the entries here resolve it.
    pub fn standing_of(&self, device: &DeviceId) -> Standing {
        Standings::of(&self.controls, &self.membership).standing_of(device)
    }

    /// Returns what this device shows to a member who has not heard of it: the admission of its person, with as much of
    /// its past, the latest, as somebody who is no member may show. Empty where they created the notebook.
    pub(crate) fn admission_shown(&self) -> Vec<Vec<u8>> {
        let member = self.membership.member_of(&self.device.id());
        let Some(admission) = member.map(|member| member.admission) else {
            return Vec::new();
        };
        self.shown_within(&[admission])
    }

    /// Returns the latest control entries that are these or that they build on, in causal order, as many as may be
    /// shown at once: whoever they are shown to may lack what happened lately.
    pub(crate) fn shown_within(&self, heads: &[ControlHash]) -> Vec<Vec<u8>> {
        let within: Vec<&ControlEntry> = self
            .controls
            .iter()
            .filter(|entry| self.controls.is_within(&entry.hash(), heads))
            .collect();
        let mut bytes_left = OBJECTION_BYTES_MAX;
        let mut shown: Vec<Vec<u8>> = within
            .iter()
            .rev()
            .filter(|entry| entry.hash() != self.controls.create())
            .take(OBJECTION_ENTRIES_MAX)
            .map_while(|entry| {
                bytes_left = bytes_left.checked_sub(entry.as_bytes().len())?;
                Some(entry.as_bytes().to_vec())
            })
            .collect();
        shown.reverse();
        shown
    }

    /// Returns what a device that is no member's any more is still told.
    pub(crate) fn last_words_for(
        &self,
        device: &DeviceId,
        heads: &[ControlHash],
    ) -> Option<LastWords> {
        Standings::of(&self.controls, &self.membership).last_words_for(device, heads)
    }

    /// Judges what a device that is unknown here shows as its admission, on a copy.
    pub(crate) fn judge_shown(&self, device: &DeviceId, shown: &[Vec<u8>]) -> Shown {
        let Some((copy, taken)) = self.controls.with_shown(shown) else {
            return Shown::Nothing;
        };
        let membership = Membership::resolve(&copy);
        if membership.person_of(device).is_some() {
            return Shown::Member(taken);
        }
        let heads: Vec<ControlHash> = taken.iter().map(ControlEntry::hash).collect();
        let standings = Standings::of(&copy, &membership);
        let Standing::Voided(cause) = standings.standing_of(device) else {
            return Shown::Nothing;
        };
        let words = standings.last_words_for(device, &heads);
        let words = words.map(|words| words.entries).unwrap_or_default();
        let bytes: usize = words.iter().map(Vec::len).sum();
        let turned_away = copy.device(device).and_then(|(person, _)| {
            let (admission, _) = membership.voided_of(&copy, person)?;
            Some(TurnedAway {
                person,
                device: *device,
                name: self.name_in(copy.get(&admission)?),
                by: copy.author(&admission)?,
                cause,
            })
        });
        match turned_away.filter(|_| bytes <= VOIDING_BYTES_MAX) {
            Some(turned_away) => Shown::Void { words, turned_away },
            None => Shown::Nothing,
        }
    }

    fn name_in(&self, admission: &ControlEntry) -> Option<String> {
        match self.open_label(admission)? {
            Label::Member { name, .. } => Some(name),
            _ => None,
        }
    }
}

/// What a device that is unknown here showed as its admission.
#[derive(Debug)]
pub(crate) enum Shown {
    /// It makes the device a member's: what of it is new.
    Member(Vec<ControlEntry>),
    /// It is void by what is known here.
    Void {
        /// The entry that speaks against it, with what of its past was not shown.
        words: Vec<Vec<u8>>,
        /// Who came with it.
        turned_away: TurnedAway,
    },
    /// It is nothing.
    Nothing,
}

/// Somebody who came with an admission that is void.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnedAway {
    /// Who it admits.
    pub person: PersonId,
    /// The device that they came with.
    pub device: DeviceId,
    /// Their name, where this device can open it.
    pub name: Option<String>,
    /// Who gave it, on which device.
    pub by: (PersonId, DeviceId),
    /// The entry that speaks against it.
    pub cause: ControlHash,
}

/// What a device that is no member's any more is still told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LastWords {
    /// What ended it, with the past of that, as far as its own heads do not cover it.
    pub(crate) entries: Vec<Vec<u8>>,
    /// What ended it.
    pub(crate) ending: ControlHash,
    /// Whether it names heads that are not here, and so may know what speaks against that.
    pub(crate) may_know_better: bool,
}

/// How the devices that a set of control entries names stand by it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standings<'a> {
    controls: &'a ControlSet,
    membership: &'a Membership,
}

impl<'a> Standings<'a> {
    /// Looks at a set and at what follows from it.
    pub(crate) const fn of(controls: &'a ControlSet, membership: &'a Membership) -> Self {
        Self {
            controls,
            membership,
        }
    }

    /// Returns how a device stands.
    pub(crate) fn standing_of(&self, device: &DeviceId) -> Standing {
        if self.membership.person_of(device).is_some() {
            return Standing::Member;
        }
        let Some((person, _)) = self.controls.device(device) else {
            return self.standing_of_mirror(device);
        };
        if self.membership.member(&person).is_none()
            && let Some(standing) = self.person_ended(person)
        {
            return standing;
        }
        let revoked = self
            .membership
            .endings_of(&person)
            .filter(|(_, ended)| *ended == Some(*device))
            .map(|(entry, _)| entry);
        self.latest(revoked)
            .map_or(Standing::Unknown, Standing::Revoked)
    }

    /// Returns how a mirror stands that is none of the notebook's, or not any more.
    fn standing_of_mirror(&self, peer: &DeviceId) -> Standing {
        let removals = self.controls.iter().filter(|entry| {
            matches!(entry.kind, ControlKind::RemoveMirror { mirror } if mirror.as_peer() == *peer)
        });
        let is_here = self.membership.mirror_of(peer).is_some();
        let removals = removals.filter(|_| !is_here);
        self.latest(removals.map(crate::control::ControlEntry::hash))
            .map_or(Standing::Unknown, Standing::Removed)
    }

    /// Returns what ended the membership of a person who is no member.
    fn person_ended(&self, person: PersonId) -> Option<Standing> {
        let removed = self
            .membership
            .endings_of(&person)
            .filter(|(_, device)| device.is_none())
            .map(|(entry, _)| entry)
            .filter(|entry| {
                let kind = self.controls.get(entry).map(|entry| &entry.kind);
                matches!(kind, Some(ControlKind::Remove { .. }))
            });
        // Somebody who was removed and came back may have left since, or the other way round.
        let left = self.controls.iter().filter(|entry| {
            matches!(entry.kind, ControlKind::Leave)
                && self.controls.is_well_formed(&entry.hash())
                && self
                    .controls
                    .author(&entry.hash())
                    .is_some_and(|(author, _)| author == person)
        });
        let ended = self.latest(removed.chain(left.map(|entry| entry.hash())));
        // Somebody who was out before and was let in again knows of that; what voids the new admission is news.
        let is_news = |admission: &ControlHash| {
            ended.is_none_or(|ended| self.controls.is_past(&ended, admission))
        };
        let voided = self.membership.voided_of(self.controls, person);
        if let Some((_, cause)) = voided.filter(|(admission, _)| is_news(admission)) {
            return Some(Standing::Voided(cause));
        }
        let ended = ended?;
        let kind = self.controls.get(&ended).map(|entry| &entry.kind);
        Some(match kind {
            Some(ControlKind::Leave) => Standing::Left(ended),
            _ => Standing::Removed(ended),
        })
    }

    fn latest(&self, entries: impl Iterator<Item = ControlHash>) -> Option<ControlHash> {
        entries.max_by_key(|entry| (self.controls.level(entry), *entry))
    }

    /// Returns what a device that is no member's any more is still told, given its own heads; `None` where nothing
    /// ended it.
    pub(crate) fn last_words_for(
        &self,
        device: &DeviceId,
        heads: &[ControlHash],
    ) -> Option<LastWords> {
        let ending = self.standing_of(device).ending()?;
        let entries = self
            .controls
            .iter()
            .filter(|entry| {
                let hash = entry.hash();
                // The ending itself is said in any case: hearing it is how the other side knows that it was heard.
                hash == ending
                    || (self.controls.is_past(&hash, &ending)
                        && !self.controls.is_within(&hash, heads))
            })
            .map(|entry| entry.as_bytes().to_vec())
            .collect();
        let is_here = |head: &ControlHash| self.controls.get(head).is_some();
        Some(LastWords {
            entries,
            ending,
            may_know_better: !heads.iter().all(is_here),
        })
    }
}
