//! An entry: header, sealed body, signature. Its stages from bytes to changes.

use core::fmt;
use std::collections::BTreeMap;

use super::body::BodyAlone;
use super::{
    Body, BodyError, DocumentTips, EntryKind, EntryVersion, Header, actor_of, notebook_tag, padding,
};
use crate::codec::{DecodeError, Reader, Writer};
use crate::crypto::{
    self, AeadError, Extracted, Nonce, SIGNATURE_BYTES, Secret, Signature, VerifyKey,
};
use crate::document::{Change, DocumentId};
use crate::epoch::EpochKeys;
use crate::identity::DeviceSecrets;
use crate::ids::{ActorId, ControlHash, EntryHash, EpochId, LogId, NotebookId, NotebookTag, Seq};
use crate::limits::{DOCUMENTS_PER_LOG_MAX, ENTRY_BYTES_MAX};

/// Length of the value before a ciphertext that commits to its key.
const CHECK_BYTES: usize = 16;

/// An entry that cannot be accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// The bytes do not follow the layout.
    #[error("the entry is malformed: {0}")]
    Layout(#[from] DecodeError),
    /// It belongs to another notebook.
    #[error("the entry belongs to another notebook")]
    OtherNotebook,
    /// The signature does not fit the device.
    #[error("the entry's signature does not fit its device")]
    Signature,
    /// The key of its epoch does not open it.
    #[error("the entry does not open under the key that it names")]
    Seal,
    /// The padding inside is not canonical.
    #[error("the entry's padding is not canonical")]
    Padding,
    /// The body is not acceptable.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// It is longer than an entry may be.
    #[error("the entry would be {0} bytes long, the limit is {ENTRY_BYTES_MAX}")]
    TooLong(usize),
}

/// An entry whose layout is right and of which nothing else is known.
///
/// It is *bare* where its signature was left out: a signed entry further on in its log proves it then.
#[derive(Clone, PartialEq, Eq)]
pub struct RawEntry {
    header: Header,
    header_len: usize,
    bytes: Vec<u8>,
    hash: EntryHash,
}

impl RawEntry {
    /// Reads an entry's layout, with its signature.
    ///
    /// # Errors
    /// [`EntryError::Layout`] for anything else.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, EntryError> {
        let entry = Self::parse_any(bytes)?;
        if entry.is_bare() {
            return Err(DecodeError::Truncated("signature").into());
        }
        Ok(entry)
    }

    /// Reads the layout of an entry that may be bare.
    ///
    /// # Errors
    /// [`EntryError::Layout`] for anything else.
    pub fn parse_any(bytes: Vec<u8>) -> Result<Self, EntryError> {
        if bytes.len() > ENTRY_BYTES_MAX {
            return Err(EntryError::TooLong(bytes.len()));
        }
        let mut reader = Reader::new(&bytes);
        let header = Header::read(&mut reader)?;
        let header_len = bytes.len() - reader.remaining();
        reader.take("ciphertext", header.ciphertext_len)?;
        let unsigned_len = bytes.len() - reader.remaining();
        let may_be_bare = header.version != EntryVersion::One;
        if reader.remaining() > 0 || !may_be_bare {
            reader.take("signature", SIGNATURE_BYTES)?;
        }
        reader.finish()?;
        let hash = hash_of(header.version, &bytes, unsigned_len);
        Ok(Self {
            header,
            header_len,
            bytes,
            hash,
        })
    }

    /// Returns the decoded header.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// Returns the hash that names the entry.
    pub const fn hash(&self) -> EntryHash {
        self.hash
    }

    /// Returns the entry's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Says whether the signature was left out.
    pub const fn is_bare(&self) -> bool {
        self.bytes.len() == self.unsigned_len()
    }

    /// Returns what follows the header: check value, ciphertext, tag and, unless it is bare, the signature.
    pub(super) fn after_header(&self) -> &[u8] {
        self.bytes.get(self.header_len..).unwrap_or_default()
    }

    /// Returns how long the sealed content is.
    pub(crate) const fn content_len(&self) -> usize {
        self.header.ciphertext_len
    }

    const fn unsigned_len(&self) -> usize {
        self.header_len + self.header.ciphertext_len
    }

    /// Derives the key of this entry alone: it opens nothing else.
    pub fn own_key(&self, epoch_key: &Secret) -> EntryKey {
        own_key(&Extracted::from(epoch_key), &self.header)
    }

    /// Checks the signature alone.
    pub fn is_signed_by(&self, key: &VerifyKey) -> bool {
        let signed = self.bytes.split_at_checked(self.unsigned_len());
        signed.is_some_and(|(signed, signature)| {
            let signature: Result<&Signature, _> = signature.try_into();
            signature.is_ok_and(|signature| key.verify(signed, signature).is_ok())
        })
    }

    /// Checks notebook and signature. That the signer was a member as of the entry's heads, and that
    /// it follows the previous entry, is for the caller, who knows both.
    ///
    /// # Errors
    /// [`EntryError::OtherNotebook`] or [`EntryError::Signature`].
    pub fn verify(
        self,
        notebook: NotebookId,
        key: &VerifyKey,
    ) -> Result<VerifiedEntry, EntryError> {
        if self.header.tag != notebook_tag(notebook) {
            return Err(EntryError::OtherNotebook);
        }
        if !self.is_signed_by(key) {
            return Err(EntryError::Signature);
        }
        Ok(VerifiedEntry {
            raw: self,
            notebook,
        })
    }

    fn sign(&mut self, device: &DeviceSecrets) {
        let signature = device.signing().sign(&self.bytes);
        self.attach(&signature);
    }

    /// Puts the signature behind a bare entry.
    pub(super) fn attach(&mut self, signature: &Signature) {
        self.bytes.extend_from_slice(signature);
    }

    pub(super) fn without_signature(&self) -> &[u8] {
        self.bytes.get(..self.unsigned_len()).unwrap_or_default()
    }

    /// Returns the signature's bytes; none where the entry is bare.
    pub(super) fn signature(&self) -> &[u8] {
        self.bytes.get(self.unsigned_len()..).unwrap_or_default()
    }

    /// Takes an entry out of this device's own sealed store, where only verified ones are put.
    pub const fn trusted(self, notebook: NotebookId) -> VerifiedEntry {
        VerifiedEntry {
            raw: self,
            notebook,
        }
    }
}

impl fmt::Debug for RawEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "RawEntry({:?} {} {:?})",
            self.header.log.device,
            self.header.seq.get(),
            self.hash
        )
    }
}

/// The key of one entry, with the value that commits to it.
#[derive(Debug, Clone)]
pub struct EntryKey {
    key: Secret,
    check: [u8; CHECK_BYTES],
}

impl EntryKey {
    /// Bytes of a key: the key itself, then the value that commits to it.
    pub const BYTES: usize = 32 + CHECK_BYTES;

    /// Returns the key's bytes, to be disclosed.
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let (key, check) = bytes.split_at_mut(32);
        key.copy_from_slice(self.key.expose());
        check.copy_from_slice(&self.check);
        bytes
    }

    /// Takes a key that was disclosed.
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Self {
        let mut key = [0; 32];
        let mut check = [0; CHECK_BYTES];
        let (first, last) = bytes.split_at(32);
        key.copy_from_slice(first);
        check.copy_from_slice(last);
        Self {
            key: Secret::from_bytes(key),
            check,
        }
    }
}

/// What it takes to seal and sign an entry.
#[derive(Debug)]
pub struct EntryKeys<'a> {
    /// The device that signs.
    pub device: &'a DeviceSecrets,
    /// The epoch in force and its key.
    pub epoch: (EpochId, &'a Secret),
    /// The control heads that the author knows, sorted.
    pub heads: Vec<ControlHash>,
}

/// An entry that its signer signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedEntry {
    raw: RawEntry,
    notebook: NotebookId,
}

impl VerifiedEntry {
    /// Seals and signs the next entry of a log; returns it with the document tips after it.
    ///
    /// `previous` is the log's last seq and hash ([`Seq::NONE`] and zero before the first).
    ///
    /// # Errors
    /// [`EntryError::TooLong`] where the changes do not fit one entry, [`BodyError::TooManyDocuments`]
    /// where the log has no room for another document.
    pub fn write(
        notebook: NotebookId,
        log: LogId,
        previous: (Seq, EntryHash),
        tips: &DocumentTips,
        changes: &[(DocumentId, Change)],
        keys: &EntryKeys<'_>,
    ) -> Result<(Self, DocumentTips), EntryError> {
        let (mut plain, after) = Body::encode(actor_of(notebook, log), tips, changes);
        if after.len() > DOCUMENTS_PER_LOG_MAX {
            return Err(BodyError::TooManyDocuments.into());
        }
        padding::pad(&mut plain);
        let entry = Self::seal(notebook, EntryKind::Changes, log, previous, &plain, keys)?;
        Ok((entry, after))
    }

    /// Seals and signs a part of a base as the next entry of a log.
    ///
    /// # Errors
    /// [`EntryError::TooLong`] where it does not fit one entry.
    pub fn write_part(
        notebook: NotebookId,
        log: LogId,
        previous: (Seq, EntryHash),
        part: &[u8],
        keys: &EntryKeys<'_>,
    ) -> Result<Self, EntryError> {
        let mut plain = part.to_vec();
        padding::pad(&mut plain);
        Self::seal(notebook, EntryKind::BasePart, log, previous, &plain, keys)
    }

    fn seal(
        notebook: NotebookId,
        kind: EntryKind,
        log: LogId,
        previous: (Seq, EntryHash),
        padded: &[u8],
        keys: &EntryKeys<'_>,
    ) -> Result<Self, EntryError> {
        let place = EntryPlace {
            tag: notebook_tag(notebook),
            kind,
            log,
            previous,
            epoch: keys.epoch.0,
            heads: keys.heads.clone(),
        };
        let mut raw = place.seal(&EpochSealer::from(keys.epoch.1), padded)?;
        raw.sign(keys.device);
        if raw.bytes.len() > ENTRY_BYTES_MAX {
            return Err(EntryError::TooLong(raw.bytes.len()));
        }
        Ok(Self { raw, notebook })
    }

    /// Opens and decodes the body; `tips` are the log's document tips before this entry.
    ///
    /// # Errors
    /// [`EntryError`] where the key does not open it, or the body is not acceptable.
    pub fn open(&self, key: &Secret, tips: &DocumentTips) -> Result<Body, EntryError> {
        self.open_with(&self.raw.own_key(key), tips)
    }

    /// Opens and decodes the body like [`VerifiedEntry::open`], of one of many entries of an epoch.
    ///
    /// # Errors
    /// As [`VerifiedEntry::open`].
    pub(crate) fn open_by(
        &self,
        sealer: &EpochSealer,
        tips: &DocumentTips,
    ) -> Result<Body, EntryError> {
        self.open_with(&own_key(&sealer.epoch, &self.raw.header), tips)
    }

    /// Opens and decodes the body with the entry's own key, for whoever was given no more than that.
    ///
    /// # Errors
    /// As [`VerifiedEntry::open`].
    pub fn open_with(&self, own: &EntryKey, tips: &DocumentTips) -> Result<Body, EntryError> {
        let padded = self.padded(own)?;
        let plain = padding::unpad(&padded).ok_or(EntryError::Padding)?;
        if self.raw.header.kind == EntryKind::BasePart {
            return Ok(Body::of_part(tips, plain));
        }
        Ok(Body::decode(
            self.raw.header.version,
            self.actor(),
            tips,
            plain,
        )?)
    }

    /// Opens the body as far as it can be read without what came before it in the log.
    ///
    /// # Errors
    /// [`EntryError`] where the key does not open it, or it is not of the newest version.
    pub(super) fn open_alone(&self, key: &Secret) -> Result<BodyAlone, EntryError> {
        let padded = self.padded(&self.raw.own_key(key))?;
        let plain = padding::unpad(&padded).ok_or(EntryError::Padding)?;
        Ok(BodyAlone::read(plain)?)
    }

    fn padded(&self, own: &EntryKey) -> Result<Vec<u8>, EntryError> {
        let (header, rest) = self
            .raw
            .bytes
            .split_at_checked(self.raw.header_len)
            .ok_or(EntryError::Seal)?;
        let EntryKey { key, check } = own;
        let (found, sealed) = rest
            .get(..self.raw.header.ciphertext_len)
            .and_then(|ciphertext| ciphertext.split_first_chunk::<CHECK_BYTES>())
            .ok_or(EntryError::Seal)?;
        if found != check {
            return Err(EntryError::Seal);
        }
        crypto::open(key, &self.raw.header.nonce, header, sealed).map_err(|_| EntryError::Seal)
    }

    /// Returns the entry without the proof of its stage.
    pub fn into_raw(self) -> RawEntry {
        self.raw
    }

    /// Returns the Automerge actor whose changes the entry may carry.
    pub fn actor(&self) -> ActorId {
        actor_of(self.notebook, self.raw.header.log)
    }

    /// Returns the decoded header.
    pub const fn header(&self) -> &Header {
        &self.raw.header
    }

    /// Returns the hash that names the entry.
    pub const fn hash(&self) -> EntryHash {
        self.raw.hash
    }

    /// Returns the entry's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.raw.bytes
    }
}

/// Where an entry stands, and under which epoch: what its header says besides what follows from the body.
#[derive(Debug, Clone)]
pub(super) struct EntryPlace {
    pub(super) tag: NotebookTag,
    pub(super) kind: EntryKind,
    pub(super) log: LogId,
    /// The log's last entry, [`Seq::NONE`] and zero before the first.
    pub(super) previous: (Seq, EntryHash),
    pub(super) epoch: EpochId,
    /// Sorted.
    pub(super) heads: Vec<ControlHash>,
}

impl EntryPlace {
    pub(super) fn of(header: &Header) -> Self {
        Self {
            tag: header.tag,
            kind: header.kind,
            log: header.log,
            previous: (
                Seq::new(header.seq.get().saturating_sub(1)),
                header.previous,
            ),
            epoch: header.epoch,
            heads: header.heads.clone(),
        }
    }

    /// Seals padded plaintext into the one bare entry that it gives at this place.
    pub(super) fn seal(self, sealer: &EpochSealer, padded: &[u8]) -> Result<RawEntry, EntryError> {
        let mut header = Header {
            version: EntryVersion::NEWEST,
            kind: self.kind,
            tag: self.tag,
            log: self.log,
            seq: self.previous.0.next(),
            previous: self.previous.1,
            epoch: self.epoch,
            heads: self.heads,
            nonce: Nonce::default(),
            ciphertext_len: CHECK_BYTES + padded.len() + crypto::TAG_BYTES,
        };
        header.nonce = sealer.nonce_of(&header, padded);
        let mut writer = Writer::new();
        header.write(&mut writer);
        let header_len = writer.len();
        let EntryKey { key, check } = own_key(&sealer.epoch, &header);
        let sealed = crypto::seal(&key, &header.nonce, writer.as_slice(), padded)
            .map_err(|AeadError| EntryError::TooLong(padded.len()))?;
        writer.raw(&check).raw(&sealed);
        let bytes = writer.into_bytes();
        let hash = hash_of(header.version, &bytes, bytes.len());
        Ok(RawEntry {
            header,
            header_len,
            bytes,
            hash,
        })
    }
}

/// The key of an epoch, ready to seal and open many of its entries.
#[derive(Debug)]
pub(crate) struct EpochSealer {
    epoch: Extracted,
    nonces: Secret,
}

impl From<&Secret> for EpochSealer {
    fn from(epoch_key: &Secret) -> Self {
        let epoch = Extracted::from(epoch_key);
        let nonces = epoch.derive("entry nonce", &[]);
        Self { epoch, nonces }
    }
}

/// The keys of epochs, each made ready once for many entries.
#[derive(Debug, Default)]
pub(crate) struct EpochSealers(BTreeMap<EpochId, EpochSealer>);

impl EpochSealers {
    /// Returns the key of an epoch, where it is among `keys`.
    pub(crate) fn of(&mut self, keys: &EpochKeys, epoch: &EpochId) -> Option<&EpochSealer> {
        let key = keys.get(epoch)?;
        let ready = self.0.entry(*epoch);
        Some(ready.or_insert_with(|| EpochSealer::from(key)))
    }
}

impl EpochSealer {
    /// Returns the nonce: a keyed hash of all that is sealed and of where it stands. Two entries share one only
    /// where they are the same entry, so a copied home that writes on gives nothing away.
    fn nonce_of(&self, header: &Header, padded: &[u8]) -> Nonce {
        // The header's own nonce is zero here.
        let mut writer = Writer::new();
        header.write(&mut writer);
        let hash = crypto::mac(
            &self.nonces,
            "hearthside 2026-11 entry nonce",
            &[writer.as_slice(), padded],
        );
        let mut nonce = Nonce::default();
        nonce.copy_from_slice(&hash[..crypto::NONCE_BYTES]);
        nonce
    }
}

/// Derives the entry's own key and the check value that commits to it: HKDF(epoch key; log, seq,
/// nonce). One entry can so be disclosed without the epoch's key.
fn own_key(epoch: &Extracted, header: &Header) -> EntryKey {
    let (key, check) = epoch.derive_pair(
        "entry key",
        &[
            header.tag.as_bytes(),
            header.log.device.as_bytes(),
            header.log.incarnation.as_bytes(),
            &header.seq.get().to_le_bytes(),
            &header.nonce,
        ],
    );
    EntryKey { key, check }
}

fn hash_of(version: EntryVersion, bytes: &[u8], unsigned_len: usize) -> EntryHash {
    EntryHash::from_bytes(match version {
        EntryVersion::One => crypto::digest("hearthside 2026-11 log entry", &[bytes]),
        EntryVersion::Two => {
            let unsigned = bytes.get(..unsigned_len).unwrap_or(bytes);
            crypto::digest("hearthside 2026-11 log entry 2", &[unsigned])
        }
    })
}
