//! What a control entry says, in the clear: only what a mirror needs to resolve access.

use super::{Cut, Freeze, KeyGrant, SignedText};
use crate::codec::{DecodeError, Reader, Writer};
use crate::crypto::{self, SIGNATURE_BYTES, Signature, VerifyKey};
use crate::identity::{MirrorCard, Roster, RosterEntry, RosterError, RosterKind};
use crate::ids::{
    ControlHash, DeviceId, EpochId, MirrorId, NotebookId, PartHash, PersonId, RecoveryId,
};
use crate::limits::{BASE_PARTS_MAX, CONTROL_HEADS_MAX, RECIPIENTS_MAX, ROSTER_ENTRY_BYTES_MAX};

/// Length of a wrapped previous key: nonce, key, tag.
const SUPERSEDED_BYTES: usize = 24 + 32 + 16;

/// The code of a `create` whose notebook goes on from a base.
const CREATE_FROM_BASE: u8 = 18;

/// What an admission lets a person do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rights {
    /// May admit and remove others.
    pub admin: bool,
    /// May write content; an observer may not.
    pub may_write: bool,
}

impl Rights {
    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match reader.u8("rights")? {
            bits @ 0..=3 => Ok(Self {
                admin: bits & 1 != 0,
                may_write: bits & 2 != 0,
            }),
            _ => Err(DecodeError::Invalid("rights")),
        }
    }

    fn to_byte(self) -> u8 {
        u8::from(self.admin) | (u8::from(self.may_write) << 1)
    }
}

/// An invitation: whoever proves its ticket's key to the issuing device is admitted, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invite {
    /// The public half of the key inside the ticket.
    pub ticket_key: VerifyKey,
    /// What the invited person may do.
    pub rights: Rights,
}

/// The admission of a person with their devices: by an invitation, or directly, of somebody whose roster
/// the notebook holds already (a promotion, a readmission).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admit {
    /// The invitation that this admission redeems; zero for a direct one.
    pub invite: ControlHash,
    /// What the person may do: exactly what the invitation offers, where there is one.
    pub rights: Rights,
    /// The person's roster as they presented it.
    pub roster: Box<Roster>,
    /// The ticket key's signature over notebook, invitation and roster; zeros for a direct admission.
    pub proof: Signature,
}

impl Admit {
    /// Returns the bytes that the ticket's key signs.
    pub fn proof_bytes(notebook: NotebookId, invite: ControlHash, roster: &Roster) -> [u8; 32] {
        crypto::digest(
            "hearthside 2026-11 admission proof",
            &[notebook.as_bytes(), invite.as_bytes(), &roster.to_bytes()],
        )
    }
}

/// One holder of an epoch key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Recipient {
    /// A member's device.
    Device(DeviceId),
    /// A member's recovery key, by its card.
    Recovery(RecoveryId),
}

impl Recipient {
    /// Length in bytes: a tag and an id.
    pub const BYTES: usize = 33;

    /// Reads a recipient from the front of `reader`.
    ///
    /// # Errors
    /// [`DecodeError`] for missing bytes or an unknown tag.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let tag = reader.u8("recipient")?;
        let id = reader.array("recipient")?;
        match tag {
            0 => Ok(Self::Device(DeviceId::from_bytes(id))),
            1 => Ok(Self::Recovery(RecoveryId::from_bytes(id))),
            other => Err(DecodeError::Unknown {
                what: "recipient",
                value: other.into(),
            }),
        }
    }

    /// Returns tag and id.
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let (tag, id) = match self {
            Self::Device(id) => (0, *id.as_bytes()),
            Self::Recovery(id) => (1, *id.as_bytes()),
        };
        let mut bytes = [tag; Self::BYTES];
        if let Some(place) = bytes.last_chunk_mut::<32>() {
            *place = id;
        }
        bytes
    }
}

/// The key of an epoch that a re-key ends, sealed under the new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupersededKey {
    /// The epoch that ends.
    pub epoch: EpochId,
    /// `nonce 24 ‖ ciphertext 48`.
    pub sealed: [u8; SUPERSEDED_BYTES],
}

/// A new epoch key: its commitment, its recipients and the root over the wraps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rekey {
    /// Every epoch head that the author knew, each key sealed under the new one; sorted by epoch.
    pub supersedes: Vec<SupersededKey>,
    /// H(label ‖ key): proves a wrap bad.
    pub commitment: [u8; 32],
    /// Who the key was sealed to; sorted, without repetition.
    pub recipients: Vec<Recipient>,
    /// Merkle root over the wraps, in the order of the recipients.
    pub wraps_root: [u8; 32],
}

/// What a control entry says.
///
/// The codes of all kinds are assigned; those that this version does not name are refused as newer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ControlKind {
    /// Starts the notebook; its author is the first admin.
    Create {
        /// Makes two notebooks of one device differ.
        nonce: [u8; 16],
        /// The creator's roster.
        roster: Box<Roster>,
        /// The parts of the base that a forked notebook goes on from; none in one that begins empty.
        base: Vec<PartHash>,
    },
    /// Admits a person.
    Admit(Admit),
    /// Ends a person's membership.
    Remove {
        /// Who is out.
        person: PersonId,
        /// What the author knew of what they wrote: nothing beyond it counts.
        cut: Cut,
    },
    /// Takes the admin bit away.
    Demote {
        /// Whose.
        person: PersonId,
    },
    /// Says whether a member may write; what they are called stands in the label.
    Role {
        /// Whose role.
        person: PersonId,
        /// Whether they may write content.
        may_write: bool,
        /// Where they may not: what the author knew of what they wrote. Otherwise empty.
        cut: Cut,
    },
    /// Ends the author's own membership.
    Leave,
    /// Carries the addition of a device to a person's roster.
    AddDevice {
        /// The roster's entry.
        entry: Box<RosterEntry>,
    },
    /// Carries a revocation of one or more devices.
    RevokeDevice {
        /// The roster's entry.
        entry: Box<RosterEntry>,
        /// What the author knew of what those devices wrote.
        cut: Cut,
    },
    /// Carries the change of a person's recovery key.
    RotateRecovery {
        /// The roster's entry.
        entry: Box<RosterEntry>,
    },
    /// Starts an epoch.
    Rekey(Rekey),
    /// Hands a key that the author holds to one more holder.
    Grant(Box<KeyGrant>),
    /// Lets a mirror hold the notebook; where it is stands in the label.
    AddMirror {
        /// The mirror's public keys.
        card: Box<MirrorCard>,
    },
    /// Ends that.
    RemoveMirror {
        /// Which mirror.
        mirror: MirrorId,
    },
    /// Says which branch of a forked log counts.
    Freeze(Freeze),
    /// Signs a text of a document, by its hash.
    Sign(SignedText),
    /// Offers an admission.
    Invite(Invite),
    /// Takes an offer back.
    RevokeInvite {
        /// The invitation.
        invite: ControlHash,
    },
}

impl ControlKind {
    /// Returns the roster entry that this carries.
    pub fn carried(&self) -> Option<&RosterEntry> {
        match self {
            Self::AddDevice { entry }
            | Self::RevokeDevice { entry, .. }
            | Self::RotateRecovery { entry } => Some(entry),
            _ => None,
        }
    }

    /// Returns the code of the kind in the format.
    ///
    /// 1 create · 2 admit · 3 remove · 4 demote · 5 role · 6 leave · 7 add device · 8 revoke device ·
    /// 9 rotate recovery key · 10 rekey · 11 grant · 12 add mirror · 13 remove mirror · 14 freeze ·
    /// 15 sign · 16 invite · 17 revoke invite · 18 create, of a notebook that goes on from a base.
    pub const fn code(&self) -> u8 {
        match self {
            Self::Create { base, .. } if base.is_empty() => 1,
            Self::Create { .. } => CREATE_FROM_BASE,
            Self::Admit(_) => 2,
            Self::Remove { .. } => 3,
            Self::Demote { .. } => 4,
            Self::Role { .. } => 5,
            Self::Leave => 6,
            Self::AddDevice { .. } => 7,
            Self::RevokeDevice { .. } => 8,
            Self::RotateRecovery { .. } => 9,
            Self::Rekey(_) => 10,
            Self::Grant(_) => 11,
            Self::AddMirror { .. } => 12,
            Self::RemoveMirror { .. } => 13,
            Self::Freeze(_) => 14,
            Self::Sign(_) => 15,
            Self::Invite(_) => 16,
            Self::RevokeInvite { .. } => 17,
        }
    }

    /// Reads the body of an entry of kind `code`.
    ///
    /// # Errors
    /// [`RosterError`] for a malformed body (as its layout error) or a bad roster inside.
    pub fn parse(code: u8, body: &[u8]) -> Result<Self, RosterError> {
        let mut reader = Reader::new(body);
        let kind = match code {
            1 => Self::Create {
                nonce: reader.array("nonce")?,
                roster: Box::new(Roster::read(&mut reader)?),
                base: Vec::new(),
            },
            CREATE_FROM_BASE => Self::Create {
                nonce: reader.array("nonce")?,
                roster: Box::new(Roster::read(&mut reader)?),
                base: read_base(&mut reader)?,
            },
            2 => Self::Admit(Admit {
                invite: ControlHash::from_bytes(reader.array("invite")?),
                rights: Rights::read(&mut reader)?,
                roster: Box::new(Roster::read(&mut reader)?),
                proof: reader.array::<SIGNATURE_BYTES>("proof")?,
            }),
            3 => Self::Remove {
                person: PersonId::from_bytes(reader.array("person")?),
                cut: Cut::read(&mut reader)?,
            },
            4 => Self::Demote {
                person: PersonId::from_bytes(reader.array("person")?),
            },
            5 => read_role(&mut reader)?,
            6 => Self::Leave,
            7 => Self::AddDevice {
                entry: read_carried(&mut reader, |kind| matches!(kind, RosterKind::Add { .. }))?,
            },
            8 => Self::RevokeDevice {
                entry: read_carried(&mut reader, RosterKind::revokes)?,
                cut: Cut::read(&mut reader)?,
            },
            9 => Self::RotateRecovery {
                entry: read_carried(&mut reader, |kind| {
                    matches!(kind, RosterKind::Rotate { .. })
                })?,
            },
            10 => Self::Rekey(read_rekey(&mut reader)?),
            11 => Self::Grant(Box::new(KeyGrant::read(&mut reader)?)),
            12 => Self::AddMirror {
                card: Box::new(MirrorCard::read(&mut reader)?),
            },
            13 => Self::RemoveMirror {
                mirror: MirrorId::from_bytes(reader.array("mirror")?),
            },
            14 => Self::Freeze(Freeze::read(&mut reader)?),
            15 => Self::Sign(SignedText::read(&mut reader)?),
            16 => {
                let key = reader.array("ticket key")?;
                let ticket_key =
                    VerifyKey::from_bytes(&key).map_err(|_| DecodeError::Invalid("ticket key"))?;
                Self::Invite(Invite {
                    ticket_key,
                    rights: Rights::read(&mut reader)?,
                })
            }
            17 => Self::RevokeInvite {
                invite: ControlHash::from_bytes(reader.array("invite")?),
            },
            other => {
                return Err(DecodeError::Unknown {
                    what: "control kind",
                    value: other.into(),
                }
                .into());
            }
        };
        reader.finish()?;
        Ok(kind)
    }

    /// Returns the body's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        match self {
            Self::Create {
                nonce,
                roster,
                base,
            } => {
                writer.raw(nonce);
                roster.write(&mut writer);
                if !base.is_empty() {
                    writer.varint(base.len() as u64);
                    for part in base {
                        writer.raw(part.as_bytes());
                    }
                }
            }
            Self::Admit(admit) => {
                writer
                    .raw(admit.invite.as_bytes())
                    .u8(admit.rights.to_byte());
                admit.roster.write(&mut writer);
                writer.raw(&admit.proof);
            }
            Self::Remove { person, cut } => cut.write(writer.raw(person.as_bytes())),
            Self::Demote { person } => {
                writer.raw(person.as_bytes());
            }
            Self::Role {
                person,
                may_write,
                cut,
            } => cut.write(writer.raw(person.as_bytes()).u8((*may_write).into())),
            Self::Leave => {}
            Self::AddDevice { entry } | Self::RotateRecovery { entry } => {
                writer.bytes(entry.as_bytes());
            }
            Self::RevokeDevice { entry, cut } => cut.write(writer.bytes(entry.as_bytes())),
            Self::Grant(grant) => grant.write(&mut writer),
            Self::AddMirror { card } => {
                writer.raw(&card.to_bytes());
            }
            Self::RemoveMirror { mirror } => {
                writer.raw(mirror.as_bytes());
            }
            Self::Freeze(freeze) => freeze.write(&mut writer),
            Self::Sign(text) => text.write(&mut writer),
            Self::Rekey(rekey) => write_rekey(rekey, &mut writer),
            Self::Invite(invite) => {
                writer
                    .raw(&invite.ticket_key.to_bytes())
                    .u8(invite.rights.to_byte());
            }
            Self::RevokeInvite { invite } => {
                writer.raw(invite.as_bytes());
            }
        }
        writer.into_bytes()
    }
}

fn read_base(reader: &mut Reader<'_>) -> Result<Vec<PartHash>, DecodeError> {
    let count = reader.count("parts of the base", BASE_PARTS_MAX)?;
    if count == 0 {
        // Without any it would say the same as a `create` of the other kind, under another id.
        return Err(DecodeError::Invalid("parts of the base"));
    }
    (0..count)
        .map(|_| reader.array("part of the base").map(PartHash::from_bytes))
        .collect()
}

fn read_role(reader: &mut Reader<'_>) -> Result<ControlKind, DecodeError> {
    let person = PersonId::from_bytes(reader.array("person")?);
    let may_write = match reader.u8("may write")? {
        0 => false,
        1 => true,
        _ => return Err(DecodeError::Invalid("may write")),
    };
    let cut = Cut::read(reader)?;
    if may_write && !cut.is_empty() {
        return Err(DecodeError::Invalid("cut of somebody who may write"));
    }
    Ok(ControlKind::Role {
        person,
        may_write,
        cut,
    })
}

fn read_carried(
    reader: &mut Reader<'_>,
    is_wanted: impl Fn(&RosterKind) -> bool,
) -> Result<Box<RosterEntry>, RosterError> {
    let entry = RosterEntry::parse(reader.bytes("roster entry", ROSTER_ENTRY_BYTES_MAX)?)?;
    if is_wanted(&entry.kind) {
        Ok(Box::new(entry))
    } else {
        Err(DecodeError::Invalid("kind of the roster entry").into())
    }
}

fn read_rekey(reader: &mut Reader<'_>) -> Result<Rekey, DecodeError> {
    let count = reader.count("superseded epochs", CONTROL_HEADS_MAX)?;
    let mut supersedes: Vec<SupersededKey> = Vec::with_capacity(count);
    for _ in 0..count {
        let epoch = ControlHash::from_bytes(reader.array("superseded epoch")?).as_epoch();
        if supersedes.last().is_some_and(|last| last.epoch >= epoch) {
            return Err(DecodeError::Invalid("order of superseded epochs"));
        }
        supersedes.push(SupersededKey {
            epoch,
            sealed: reader.array("superseded key")?,
        });
    }
    let commitment = reader.array("commitment")?;
    let count = reader.count("recipients", RECIPIENTS_MAX)?;
    let mut recipients: Vec<Recipient> = Vec::with_capacity(count);
    for _ in 0..count {
        let recipient = Recipient::read(reader)?;
        if recipients.last().is_some_and(|last| *last >= recipient) {
            return Err(DecodeError::Invalid("order of recipients"));
        }
        recipients.push(recipient);
    }
    Ok(Rekey {
        supersedes,
        commitment,
        recipients,
        wraps_root: reader.array("wraps root")?,
    })
}

fn write_rekey(rekey: &Rekey, writer: &mut Writer) {
    writer.varint(rekey.supersedes.len() as u64);
    for superseded in &rekey.supersedes {
        writer
            .raw(superseded.epoch.as_bytes())
            .raw(&superseded.sealed);
    }
    writer
        .raw(&rekey.commitment)
        .varint(rekey.recipients.len() as u64);
    for recipient in &rekey.recipients {
        writer.raw(&recipient.to_bytes());
    }
    writer.raw(&rekey.wraps_root);
}
