//! The mirrors of a notebook, as a member adds and removes them.

use super::{MemberError, Replica};
use crate::control::{ControlKind, Label, Mirror};
use crate::ids::{ControlHash, DeviceId, MirrorId};
use crate::limits::MIRRORS_MAX;
use crate::mirror::MirrorTicket;

impl Replica {
    /// Lets a mirror hold the notebook; the entry is unsaved. Adding one anew says where it is now.
    ///
    /// # Errors
    /// [`MemberError`] where this person may not.
    pub fn add_mirror(
        &mut self,
        ticket: &MirrorTicket,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<ControlHash, MemberError> {
        self.check_admin()?;
        let id = ticket.card.id();
        let mirrors = self.membership.mirrors();
        if mirrors.len() >= MIRRORS_MAX && !mirrors.contains_key(&id) {
            return Err(MemberError::TooManyMirrors);
        }
        if self.mirror_ticket(&id).as_ref() == Some(ticket) {
            return Err(MemberError::Unchanged);
        }
        let label = Label::Mirror {
            name: ticket.name.clone(),
            pass: ticket.pass.clone(),
            addresses: ticket.addresses.clone(),
            relays: ticket.relays.clone(),
        };
        let label = self.seal_member_label(&label, rng)?;
        let card = Box::new(ticket.card.clone());
        let kind = ControlKind::AddMirror { card };
        let is_added = |after: &crate::control::Membership| after.mirrors().contains_key(&id);
        let hash = self.append_if(kind, Some(label), is_added)?;
        hash.ok_or(MemberError::NotAdmin)
    }

    /// Ends what a mirror holds of the notebook; the entry is unsaved.
    ///
    /// # Errors
    /// [`MemberError`] where this person may not, or it is no mirror of the notebook.
    pub fn remove_mirror(&mut self, mirror: MirrorId) -> Result<ControlHash, MemberError> {
        self.check_admin()?;
        if !self.membership.mirrors().contains_key(&mirror) {
            return Err(MemberError::UnknownMirror(mirror));
        }
        let kind = ControlKind::RemoveMirror { mirror };
        let hash = self.append_if(kind, None, |after| !after.mirrors().contains_key(&mirror))?;
        hash.ok_or(MemberError::NotAdmin)
    }

    /// Returns what is known of a mirror, out of the sealed words of the entry that added it.
    pub fn mirror_ticket(&self, mirror: &MirrorId) -> Option<MirrorTicket> {
        let Mirror { card, entry } = self.membership.mirrors().get(mirror)?;
        match self.open_label(self.controls.get(entry)?)? {
            Label::Mirror {
                name,
                pass,
                addresses,
                relays,
            } => Some(MirrorTicket {
                card: card.clone(),
                pass,
                name,
                addresses,
                relays,
            }),
            _ => None,
        }
    }

    /// Says whether a device takes part in the notebook: as a member's, or as a mirror.
    pub fn is_peer(&self, peer: &DeviceId) -> bool {
        self.membership.person_of(peer).is_some() || self.membership.mirror_of(peer).is_some()
    }

    fn check_admin(&self) -> Result<(), MemberError> {
        let member = self.membership.member_of(&self.device.id());
        let member = member.ok_or(MemberError::NotMember)?;
        if member.rights.admin {
            Ok(())
        } else {
            Err(MemberError::NotAdmin)
        }
    }
}
