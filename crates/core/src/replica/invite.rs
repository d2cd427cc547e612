//! Invitations and admissions of a notebook, as this device writes them.

use super::Replica;
use crate::control::{
    Admit, ControlAuthor, ControlError, ControlKind, Invite, InviteState, Label, Rights, Role,
    SealedLabel,
};
use crate::crypto::{AeadError, Signature, VerifyKey};
use crate::epoch::RekeyError;
use crate::identity::Roster;
use crate::ids::ControlHash;

/// Why an invitation or an admission could not be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InviteError {
    /// This person is no admin.
    #[error("only an admin of the notebook can do this")]
    NotAdmin,
    /// There is no such invitation.
    #[error("there is no such invitation in this notebook")]
    Unknown,
    /// It was used or taken back already.
    #[error("the invitation is no longer open")]
    NotOpen(InviteState),
    /// The key in force has not arrived.
    #[error(transparent)]
    Rekey(#[from] RekeyError),
    /// The entry does not fit the rules.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// Sealing the words failed.
    #[error(transparent)]
    Seal(#[from] AeadError),
}

/// An invitation that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewInvite {
    /// The control entry.
    pub id: ControlHash,
    /// What the invited person may do.
    pub rights: Rights,
}

impl Replica {
    /// Offers an admission; the entry is unsaved.
    ///
    /// # Errors
    /// [`InviteError`] where this person is no admin, or the key in force is missing.
    pub fn invite(
        &mut self,
        ticket_key: VerifyKey,
        role: Role,
        admin: bool,
        expires_ms: u64,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<NewInvite, InviteError> {
        let rights = Rights {
            admin,
            may_write: role.may_write(),
        };
        let label = self.seal_label(&Label::Invite { role, expires_ms }, rng)?;
        let entry = self.admin_author()?.sign(
            ControlKind::Invite(Invite { ticket_key, rights }),
            Some(label),
        );
        let id = entry.hash();
        self.append_control(entry)?;
        Ok(NewInvite { id, rights })
    }

    /// Takes an invitation back; the entry is unsaved.
    ///
    /// # Errors
    /// [`InviteError`] where it is not open, or this person is no admin.
    pub fn revoke_invite(&mut self, invite: ControlHash) -> Result<(), InviteError> {
        match self.membership.invites().get(&invite) {
            None => return Err(InviteError::Unknown),
            Some(InviteState::Open) => {}
            Some(state) => return Err(InviteError::NotOpen(*state)),
        }
        let entry = self
            .admin_author()?
            .sign(ControlKind::RevokeInvite { invite }, None);
        Ok(self.append_control(entry)?)
    }

    /// Admits a person by an invitation of this device and starts a new epoch that they hold; both
    /// entries are unsaved.
    ///
    /// # Errors
    /// [`InviteError`] where the invitation is not open, or the proof does not fit.
    pub fn admit(
        &mut self,
        invite: ControlHash,
        roster: Roster,
        proof: Signature,
        label: &Label,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<(), InviteError> {
        match self.membership.invites().get(&invite) {
            None => return Err(InviteError::Unknown),
            Some(InviteState::Open) => {}
            Some(state) => return Err(InviteError::NotOpen(*state)),
        }
        let offered = self.controls.get(&invite);
        let Some((rights, standing)) = offered.and_then(|entry| match &entry.kind {
            ControlKind::Invite(offer) => Some((offer.rights, entry.standing)),
            _ => None,
        }) else {
            return Err(InviteError::Unknown);
        };
        let person = roster.person();
        let label = self.seal_label(label, rng)?;
        let admit = Admit {
            invite,
            rights,
            roster: Box::new(roster),
            proof,
        };
        let mut author = self.admin_author()?;
        // An admission stands on the grant that its invitation stands on.
        author.standing = standing;
        let entry = author.sign(ControlKind::Admit(admit), Some(label));
        let before = (self.controls.clone(), self.unsaved.len());
        self.append_control(entry)?;
        let admitted = if self.membership.member(&person).is_some() {
            self.rekey(None, rng).map_err(InviteError::Rekey)
        } else {
            // The rules do not count it: the proof is bad.
            Err(InviteError::Unknown)
        };
        if admitted.is_err() {
            // Nothing was committed, so nothing happened.
            self.controls = before.0;
            self.unsaved.truncate(before.1);
            self.resolve();
        }
        admitted
    }

    fn admin_author(&self) -> Result<ControlAuthor<'_>, InviteError> {
        let member = self
            .membership
            .member_of(&self.device.id())
            .ok_or(InviteError::NotAdmin)?;
        if !member.rights.admin {
            return Err(InviteError::NotAdmin);
        }
        Ok(ControlAuthor {
            device: &self.device,
            notebook: self.notebook,
            heads: self.controls.heads_covering(&[member.standing()]),
            standing: member.standing(),
        })
    }

    fn seal_label(
        &mut self,
        label: &Label,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<SealedLabel, InviteError> {
        let epoch = self.rekey_if_needed(rng)?;
        let key = self.keys.get(&epoch).ok_or(RekeyError::KeyMissing)?;
        Ok(SealedLabel::seal(label, Some(epoch), key, rng)?)
    }
}
