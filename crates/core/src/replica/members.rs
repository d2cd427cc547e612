//! What a member does about members, devices, keys and texts: each is one control entry of this device.
//!
//! An entry that the rules would make ineffective is not written: the error names the way out.

use super::Replica;
use crate::control::{
    Admit, ControlAuthor, ControlError, ControlKind, Cut, CutLog, Freeze, Label, Member,
    Membership, Recipient, Rights, Role, SealedLabel, SignedText, TextSignature,
};
use crate::crypto::{AeadError, SIGNATURE_BYTES};
use crate::document::{ChangeHash, DocumentId};
use crate::epoch::{self, RekeyError};
use crate::identity::RosterEntry;
use crate::ids::{ControlHash, DeviceId, EpochId, MirrorId, PersonId};
use crate::limits::SIGNED_HEADS_MAX;

/// Why something about members was not done. Nothing is changed then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MemberError {
    /// This person is no member here.
    #[error("you are not a member of this notebook")]
    NotMember,
    /// This person is no admin.
    #[error("only an admin of the notebook can do this")]
    NotAdmin,
    /// Nobody of that id is a member.
    #[error("there is no such member in this notebook")]
    Unknown(PersonId),
    /// One cannot do this to oneself.
    #[error("this cannot be done to yourself")]
    Myself,
    /// The other one is senior: was made an admin by the creator, or by somebody in the line before.
    #[error("that person is senior to you in this notebook, so the rules would not count it")]
    Senior(PersonId),
    /// Nobody would be left who may admit or remove others.
    #[error("you are the last admin of this notebook: make somebody else an admin first")]
    LastAdmin,
    /// It is so already.
    #[error("that is so already")]
    Unchanged,
    /// The notebook has as many mirrors as it may.
    #[error("the notebook has as many mirrors as it may: remove one first")]
    TooManyMirrors,
    /// It is no mirror of this notebook.
    #[error("that is no mirror of this notebook")]
    UnknownMirror(MirrorId),
    /// The roster entry does not follow what the notebook holds.
    #[error("the notebook does not hold what this device entry builds on yet")]
    PastMissing,
    /// A new key could not be made.
    #[error(transparent)]
    Rekey(#[from] RekeyError),
    /// The entry does not fit the rules.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// Sealing the words failed.
    #[error(transparent)]
    Seal(#[from] AeadError),
}

impl Replica {
    /// Removes a member and starts an epoch that they do not hold; both entries are unsaved. What they wrote
    /// counts as far as it is here.
    ///
    /// # Errors
    /// [`MemberError`] where this person may not, or the rules would not count it.
    pub fn remove(
        &mut self,
        person: PersonId,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<ControlHash, MemberError> {
        self.check_target(person)?;
        let cut = self.cut_of_person(person);
        let kind = ControlKind::Remove { person, cut };
        let hash = self.append_if(kind, None, |after| after.member(&person).is_none())?;
        let hash = hash.ok_or(MemberError::Senior(person))?;
        self.rekey_soon(rng);
        Ok(hash)
    }

    /// Says what a member is called and may do; the entry is unsaved.
    ///
    /// # Errors
    /// [`MemberError`] where this person may not, or the rules would not count it.
    pub fn set_role(
        &mut self,
        person: PersonId,
        role: Role,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<ControlHash, MemberError> {
        self.check_target(person)?;
        if self.profile(person).role == role {
            return Err(MemberError::Unchanged);
        }
        let may_write = role.may_write();
        let label = self.seal_member_label(&Label::Role { role }, rng)?;
        let cut = if may_write {
            Cut::default()
        } else {
            self.cut_of_person(person)
        };
        let kind = ControlKind::Role {
            person,
            may_write,
            cut,
        };
        let before = self.membership.member(&person).map(|member| member.role);
        let takes_effect = |after: &Membership| {
            let member = after.member(&person);
            member.is_some_and(|member| Some(member.role) != before)
        };
        self.append_if(kind, Some(label), takes_effect)?
            .ok_or(MemberError::Senior(person))
    }

    /// Gives a member the admin bit or takes it away; the entry is unsaved.
    ///
    /// # Errors
    /// [`MemberError`] where this person may not, or the rules would not count it.
    pub fn set_admin(
        &mut self,
        person: PersonId,
        admin: bool,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<ControlHash, MemberError> {
        let member = self.check_target(person)?.clone();
        if member.rights.admin == admin {
            return Err(MemberError::Unchanged);
        }
        let (kind, label) = if admin {
            let profile = self.profile(person);
            let label = Label::Member {
                name: profile.name,
                device: profile.device.map(|(_, label)| label).unwrap_or_default(),
                role: profile.role,
            };
            let label = self.seal_member_label(&label, rng)?;
            let roster = self
                .controls
                .roster(&person)
                .ok_or(MemberError::Unknown(person))?;
            let admit = Admit {
                invite: ControlHash::ZERO,
                rights: Rights {
                    admin,
                    may_write: member.rights.may_write,
                },
                roster: Box::new(roster.clone()),
                proof: [0; SIGNATURE_BYTES],
            };
            (ControlKind::Admit(admit), Some(label))
        } else {
            (ControlKind::Demote { person }, None)
        };
        let takes_effect = |after: &Membership| {
            let member = after.member(&person);
            member.is_some_and(|member| member.rights.admin == admin)
        };
        self.append_if(kind, label, takes_effect)?
            .ok_or(MemberError::Senior(person))
    }

    /// Says whether [`Replica::remove`] would be done.
    ///
    /// # Errors
    /// [`MemberError`] where it would not.
    pub fn may_remove(&self, person: PersonId) -> Result<(), MemberError> {
        self.check_target(person)?;
        let me = self.own_person().ok_or(MemberError::NotMember)?;
        if self.membership.is_senior(&me, &person) {
            Ok(())
        } else {
            Err(MemberError::Senior(person))
        }
    }

    /// Says whether [`Replica::leave`] would be done; returns this person.
    ///
    /// # Errors
    /// [`MemberError`] where it would not.
    pub fn may_leave(&self) -> Result<PersonId, MemberError> {
        let me = self.own_person().ok_or(MemberError::NotMember)?;
        let mut others = self.membership.members().iter();
        let is_alone = self.membership.members().len() == 1;
        if !is_alone && !others.any(|(person, other)| *person != me && other.rights.admin) {
            return Err(MemberError::LastAdmin);
        }
        Ok(me)
    }

    /// Ends this person's own membership; the entry is unsaved.
    ///
    /// # Errors
    /// [`MemberError::LastAdmin`] where others stay and none of them is an admin.
    pub fn leave(&mut self) -> Result<ControlHash, MemberError> {
        let me = self.may_leave()?;
        let takes_effect = |after: &Membership| after.member(&me).is_none();
        self.append_if(ControlKind::Leave, None, takes_effect)?
            .ok_or(MemberError::NotMember)
    }

    /// Signs a text of a document by its salted hash; the entry is unsaved.
    ///
    /// # Errors
    /// [`MemberError::NotMember`] where this person is none.
    pub fn sign_text(
        &mut self,
        text_hash: [u8; 32],
        document: DocumentId,
        document_heads: Vec<ChangeHash>,
    ) -> Result<ControlHash, MemberError> {
        let mut document_heads = document_heads;
        document_heads.sort_unstable();
        document_heads.dedup();
        document_heads.truncate(SIGNED_HEADS_MAX);
        let kind = ControlKind::Sign(SignedText {
            text_hash,
            document,
            document_heads,
        });
        self.append_if(kind, None, |_| true)?
            .ok_or(MemberError::NotMember)
    }

    /// Takes back an invitation of which somebody has made use, so that whoever else holds its ticket finds it
    /// void; the entry is unsaved.
    pub(crate) fn void_invite(&mut self, invite: ControlHash) -> Result<ControlHash, MemberError> {
        self.append_if(ControlKind::RevokeInvite { invite }, None, |_| true)?
            .ok_or(MemberError::NotAdmin)
    }

    /// Returns the signatures under texts, each with whether it counts.
    pub fn text_signatures(&self) -> Vec<TextSignature> {
        self.membership.text_signatures(&self.controls)
    }

    /// Says which branch of a forked log counts; the entry is unsaved.
    ///
    /// # Errors
    /// [`MemberError::NotAdmin`] where this person is neither an admin nor the log's own person.
    pub fn freeze(&mut self, branch: CutLog) -> Result<ControlHash, MemberError> {
        let me = self.own_person().ok_or(MemberError::NotMember)?;
        let owner = self.controls.device(&branch.log.device);
        let is_own = owner.is_some_and(|(owner, _)| owner == me);
        let is_admin = self
            .membership
            .member(&me)
            .is_some_and(|member| member.rights.admin);
        if !is_own && !is_admin {
            return Err(MemberError::NotAdmin);
        }
        self.append_if(ControlKind::Freeze(Freeze(branch)), None, |_| true)?
            .ok_or(MemberError::NotMember)
    }

    /// Writes what this person's roster says into the notebook: an added device with its label, a revocation
    /// with a cut of what is here, a new recovery key. Returns `None` where the notebook has it already.
    /// The entry is unsaved; the key that the change asks for is made with it where that is possible.
    ///
    /// # Errors
    /// [`MemberError::PastMissing`] where entries before it have to be carried first.
    pub fn carry(
        &mut self,
        entry: &RosterEntry,
        label: Option<&str>,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<Option<ControlHash>, MemberError> {
        if self.controls.is_carried(&entry.hash()) {
            return Ok(None);
        }
        let boxed = Box::new(entry.clone());
        let kind = if entry.kind.revokes() {
            let cut = self.cut_of_devices(&self.devices_after(entry)?);
            ControlKind::RevokeDevice { entry: boxed, cut }
        } else if entry.kind.added().is_some() {
            ControlKind::AddDevice { entry: boxed }
        } else {
            ControlKind::RotateRecovery { entry: boxed }
        };
        // A device that was just recovered has no key yet; its label is told later.
        let label = label.and_then(|device| {
            let device = device.to_owned();
            self.seal_member_label(&Label::Device { device }, rng).ok()
        });
        let hash = self.append(kind, label)?;
        if !self.controls.is_carried(&entry.hash()) {
            return Err(MemberError::PastMissing);
        }
        self.rekey_soon(rng);
        Ok(Some(hash))
    }

    /// Hands the key of an epoch to one more holder: to a device of this person's own, or to one that the
    /// re-key was to reach and whose wrap is bad. The entry is unsaved.
    ///
    /// # Errors
    /// [`MemberError`] where the key is not here, or the holder is nobody's.
    pub fn grant_key(
        &mut self,
        epoch: EpochId,
        recipient: Recipient,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<ControlHash, MemberError> {
        self.grant_labelled(epoch, recipient, None, rng)
    }

    pub(super) fn grant_labelled(
        &mut self,
        epoch: EpochId,
        recipient: Recipient,
        label: Option<&Label>,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<ControlHash, MemberError> {
        let key = self.keys.get(&epoch).ok_or(RekeyError::KeyMissing)?;
        let grant = epoch::grant(
            (self.notebook, &self.membership),
            &self.device,
            (epoch, key),
            recipient,
            rng,
        )?;
        let label = label
            .map(|label| SealedLabel::seal(label, Some(epoch), key, rng))
            .transpose()?;
        self.append_if(ControlKind::Grant(Box::new(grant)), label, |_| true)?
            .ok_or(MemberError::NotMember)
    }

    /// Returns the person whose live device this is, where they are a member.
    pub fn own_person(&self) -> Option<PersonId> {
        self.membership.person_of(&self.device.id())
    }

    /// Returns what this replica holds of the logs of devices: a cut that leaves all of it.
    pub fn cut_of_devices(&self, devices: &[DeviceId]) -> Cut {
        let logs = self
            .logs
            .keys()
            .filter(|id| id.number == 0 && devices.contains(&id.log.device));
        Cut::new(logs.filter_map(|id| {
            let (seq, hash) = self.tip_to_keep(&id.log)?;
            Some(CutLog {
                log: id.log,
                seq,
                hash,
            })
        }))
    }

    fn cut_of_person(&self, person: PersonId) -> Cut {
        let devices: Vec<DeviceId> = self
            .controls
            .roster(&person)
            .into_iter()
            .flat_map(|roster| roster.entries())
            .filter_map(|entry| entry.kind.added())
            .map(crate::identity::DeviceCard::id)
            .collect();
        self.cut_of_devices(&devices)
    }

    /// Returns the devices that a revocation takes off, given what the notebook holds of the roster.
    fn devices_after(&self, entry: &RosterEntry) -> Result<Vec<DeviceId>, MemberError> {
        let mut roster = self
            .controls
            .roster(&entry.person)
            .ok_or(MemberError::Unknown(entry.person))?
            .clone();
        roster
            .insert(entry.clone())
            .map_err(|_| MemberError::PastMissing)?;
        Ok(roster.view().revoked.keys().copied().collect())
    }

    fn check_target(&self, person: PersonId) -> Result<&Member, MemberError> {
        let me = self.own_person().ok_or(MemberError::NotMember)?;
        if !self
            .membership
            .member(&me)
            .is_some_and(|member| member.rights.admin)
        {
            return Err(MemberError::NotAdmin);
        }
        if me == person {
            return Err(MemberError::Myself);
        }
        self.membership
            .member(&person)
            .ok_or(MemberError::Unknown(person))
    }

    pub(super) fn seal_member_label(
        &mut self,
        label: &Label,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<SealedLabel, MemberError> {
        let epoch = self.rekey_if_needed(rng)?;
        let key = self.keys.get(&epoch).ok_or(RekeyError::KeyMissing)?;
        Ok(SealedLabel::seal(label, Some(epoch), key, rng)?)
    }

    /// Starts an epoch for those who must hold the key now, if it can be done at once; the next edit does it
    /// otherwise.
    fn rekey_soon(&mut self, rng: &mut dyn rand_core::CryptoRng) {
        let _retried_by_the_next_edit = self.rekey_if_needed(rng);
    }

    /// Appends an entry if it is well-formed and has the wanted effect; `None` where it would not.
    pub(super) fn append_if(
        &mut self,
        kind: ControlKind,
        label: Option<SealedLabel>,
        has_effect: impl FnOnce(&Membership) -> bool,
    ) -> Result<Option<ControlHash>, MemberError> {
        let before = (self.controls.clone(), self.unsaved.len());
        let hash = self.append(kind, label)?;
        if self.controls.is_well_formed(&hash) && has_effect(&self.membership) {
            return Ok(Some(hash));
        }
        self.controls = before.0;
        self.unsaved.truncate(before.1);
        self.memberships.clear();
        self.resolve();
        Ok(None)
    }

    fn append(
        &mut self,
        kind: ControlKind,
        label: Option<SealedLabel>,
    ) -> Result<ControlHash, MemberError> {
        let member = self.membership.member_of(&self.device.id());
        // A device that adds itself is no member's yet: it stands on its person's admission.
        let standing = match (member, kind.carried()) {
            (Some(member), _) => member.standing(),
            (None, Some(carried)) => self
                .membership
                .member(&carried.person)
                .ok_or(MemberError::NotMember)?
                .standing(),
            (None, None) => return Err(MemberError::NotMember),
        };
        let author = ControlAuthor {
            device: &self.device,
            notebook: self.notebook,
            heads: self.controls.heads_covering(&[standing]),
            standing,
        };
        let entry = author.sign(kind, label);
        let hash = entry.hash();
        self.append_control(entry)?;
        Ok(hash)
    }
}
