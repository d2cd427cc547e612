//! The format of a control entry.
//!
//! `version u8 ‖ suite u8 ‖ kind u8 ‖ signer u8 ‖ notebook 32 ‖ device 32 ‖ as 32 ‖ heads (count, 32
//! each) ‖ body (length, bytes) ‖ sealed label (length, bytes) ‖ signature 64`. The signature covers
//! all before it; the hash covers all. Heads are sorted and never repeat.

use super::{ControlAuthor, ControlKind, SealedLabel};
use crate::codec::{DecodeError, Reader, Writer};
use crate::crypto::{self, SIGNATURE_BYTES, Signature, VerifyKey};
use crate::identity::RosterError;
use crate::ids::{ControlHash, DeviceId, NotebookId, PersonId};
use crate::limits::{CONTROL_BYTES_MAX, CONTROL_HEADS_MAX, LABEL_BYTES_MAX};

const VERSION: u8 = 1;
const SIGNER_DEVICE: u8 = 0;

/// A control entry that cannot be accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ControlError {
    /// The bytes do not follow the layout.
    #[error("the control entry is malformed: {0}")]
    Layout(#[from] DecodeError),
    /// A roster inside is not acceptable.
    #[error(transparent)]
    Roster(#[from] RosterError),
    /// It belongs to another notebook.
    #[error("the control entry belongs to another notebook")]
    OtherNotebook,
    /// Its signer is in no roster of the entries before it.
    #[error("the control entry is signed by device {0}, which no earlier entry names")]
    UnknownDevice(DeviceId),
    /// The signature does not fit.
    #[error("the signature of device {0} on a control entry does not fit")]
    Signature(DeviceId),
    /// Entries that others name as their past are not there.
    #[error("{0} control entries lack their past")]
    PastMissing(usize),
    /// The notebook holds as many control entries as are allowed.
    #[error("the notebook holds too many control entries")]
    Full,
    /// One person's devices have signed as many as are allowed.
    #[error("the devices of person {0} have signed too many control entries")]
    TooManyByPerson(PersonId),
    /// Whoever keeps the notebook for others has no more room for it.
    #[error("there is no more room for this notebook here")]
    OverQuota,
    /// Too many entries wait for a past that does not come.
    #[error("too many control entries wait for something that is missing")]
    TooManyWaiting,
}

/// A control entry with the bytes that it came as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlEntry {
    /// The notebook; zero in a `create`, whose own hash is the notebook.
    pub notebook: NotebookId,
    /// The device that signed it.
    pub device: DeviceId,
    /// The entry that gives the author standing; zero in a `create`.
    pub standing: ControlHash,
    /// The heads that the author knew.
    pub heads: Vec<ControlHash>,
    /// What it says.
    pub kind: ControlKind,
    /// Its words.
    pub label: Option<SealedLabel>,
    bytes: Vec<u8>,
    hash: ControlHash,
}

impl ControlEntry {
    pub(super) fn sign(
        author: &ControlAuthor<'_>,
        kind: ControlKind,
        label: Option<SealedLabel>,
    ) -> Self {
        let mut writer = Writer::new();
        writer
            .u8(VERSION)
            .u8(crypto::SUITE)
            .u8(kind.code())
            .u8(SIGNER_DEVICE)
            .raw(author.notebook.as_bytes())
            .raw(author.device.id().as_bytes())
            .raw(author.standing.as_bytes())
            .varint(author.heads.len() as u64);
        for head in &author.heads {
            writer.raw(head.as_bytes());
        }
        writer.bytes(&kind.to_bytes()).bytes(
            &label
                .as_ref()
                .map(SealedLabel::to_bytes)
                .unwrap_or_default(),
        );
        let signature = author.device.signing().sign(writer.as_slice());
        writer.raw(&signature);
        let bytes = writer.into_bytes();
        Self {
            notebook: author.notebook,
            device: author.device.id(),
            standing: author.standing,
            heads: author.heads.clone(),
            kind,
            label,
            hash: hash_of(&bytes),
            bytes,
        }
    }

    /// Reads an entry. The signature is not checked yet: that needs the rosters before it
    /// ([`ControlEntry::verify`]).
    ///
    /// # Errors
    /// [`ControlError`] for bytes that do not follow the layout, or are of a newer version.
    pub fn parse(bytes: &[u8]) -> Result<Self, ControlError> {
        if bytes.len() > CONTROL_BYTES_MAX {
            return Err(DecodeError::TooMany {
                what: "control entry",
                found: bytes.len() as u64,
                limit: CONTROL_BYTES_MAX as u64,
            }
            .into());
        }
        let mut reader = Reader::new(bytes);
        expect(&mut reader, "control version", VERSION)?;
        expect(&mut reader, "suite", crypto::SUITE)?;
        let code = reader.u8("kind")?;
        expect(&mut reader, "signer", SIGNER_DEVICE)?;
        let notebook = NotebookId::from_bytes(reader.array("notebook")?);
        let device = DeviceId::from_bytes(reader.array("device")?);
        let standing = ControlHash::from_bytes(reader.array("standing")?);
        let heads = read_heads(&mut reader)?;
        let body = reader.bytes("body", CONTROL_BYTES_MAX)?;
        let label = reader.bytes("label", LABEL_BYTES_MAX)?;
        reader.take("signature", SIGNATURE_BYTES)?;
        reader.finish()?;

        let kind = ControlKind::parse(code, body)?;
        let is_create = matches!(kind, ControlKind::Create { .. });
        if is_create != notebook.is_zero()
            || is_create != standing.is_zero()
            || is_create != heads.is_empty()
        {
            return Err(DecodeError::Invalid("place in the history").into());
        }
        let label = if label.is_empty() {
            None
        } else {
            Some(SealedLabel::read(label)?)
        };
        let hash = hash_of(bytes);
        Ok(Self {
            notebook,
            device,
            standing,
            heads,
            kind,
            label,
            bytes: bytes.to_vec(),
            hash,
        })
    }

    /// Checks the signature under the signing device's key.
    ///
    /// # Errors
    /// [`ControlError::Signature`] where it does not fit.
    pub fn verify(&self, key: &VerifyKey) -> Result<(), ControlError> {
        let error = ControlError::Signature(self.device);
        let Some((signed, signature)) = self.bytes.split_last_chunk::<SIGNATURE_BYTES>() else {
            return Err(error);
        };
        let signature: &Signature = signature;
        key.verify(signed, signature).map_err(|_| error)
    }

    /// Returns the hash that names the entry of some bytes, whatever they are.
    pub fn hash_of(bytes: &[u8]) -> ControlHash {
        hash_of(bytes)
    }

    /// Returns the entry's bytes as they were signed.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the hash that names the entry.
    pub const fn hash(&self) -> ControlHash {
        self.hash
    }

    /// Returns the notebook that the entry belongs to; a `create` starts one of its own.
    pub fn notebook_id(&self) -> NotebookId {
        match self.kind {
            ControlKind::Create { .. } => NotebookId::from_bytes(*self.hash.as_bytes()),
            _ => self.notebook,
        }
    }
}

fn hash_of(bytes: &[u8]) -> ControlHash {
    ControlHash::from_bytes(crypto::digest("hearthside 2026-11 control entry", &[bytes]))
}

fn expect(reader: &mut Reader<'_>, what: &'static str, wanted: u8) -> Result<(), DecodeError> {
    match reader.u8(what)? {
        found if found == wanted => Ok(()),
        found => Err(DecodeError::Unknown {
            what,
            value: found.into(),
        }),
    }
}

fn read_heads(reader: &mut Reader<'_>) -> Result<Vec<ControlHash>, DecodeError> {
    let count = reader.count("control heads", CONTROL_HEADS_MAX)?;
    let mut heads: Vec<ControlHash> = Vec::with_capacity(count);
    for _ in 0..count {
        let head = ControlHash::from_bytes(reader.array("control head")?);
        if heads.last().is_some_and(|last| *last >= head) {
            return Err(DecodeError::Invalid("order of control heads"));
        }
        heads.push(head);
    }
    Ok(heads)
}
