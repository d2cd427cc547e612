//! Packs on their way: sealed under the key of an epoch, so that whoever passes one on without being a reader
//! learns its size.
//!
//! `epoch 32 ‖ nonce 24 ‖ ciphertext ‖ tag 16`, XChaCha20-Poly1305 under `HKDF(epoch key, "pack key")` with the
//! notebook's tag and the epoch as associated data. The nonce is a keyed hash of the pack.

use crate::codec::{DecodeError, Reader, Writer};
use crate::crypto::{self, NONCE_BYTES, Nonce, Secret};
use crate::epoch::EpochKeys;
use crate::ids::{ControlHash, EpochId, NotebookTag};

/// What is sealed: each kind has keys of its own, so that none opens as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PackKind {
    /// Entries.
    Entries,
    /// Documents ahead of their entries.
    Ahead,
}

impl PackKind {
    const fn key_label(self) -> &'static str {
        match self {
            Self::Entries => "pack key",
            Self::Ahead => "ahead key",
        }
    }

    const fn nonce_label(self) -> &'static str {
        match self {
            Self::Entries => "pack nonce",
            Self::Ahead => "ahead nonce",
        }
    }
}

/// Seals a pack of entries under the key of an epoch.
pub fn seal_pack(tag: NotebookTag, key: (EpochId, &Secret), pack: &[u8]) -> Vec<u8> {
    seal_kind(PackKind::Entries, tag, key, pack)
}

/// Seals a pack of a kind under the key of an epoch.
pub fn seal_kind(
    kind: PackKind,
    tag: NotebookTag,
    (epoch, key): (EpochId, &Secret),
    pack: &[u8],
) -> Vec<u8> {
    let nonce_key = crypto::derive(key, kind.nonce_label(), &[]);
    let hash = crypto::mac(&nonce_key, "hearthside 2026-11 pack nonce", &[pack]);
    let mut nonce = Nonce::default();
    nonce.copy_from_slice(&hash[..NONCE_BYTES]);
    let mut writer = Writer::new();
    writer.raw(epoch.as_bytes()).raw(&nonce);
    // Sealing fails only for lengths beyond any frame.
    let sealed = crypto::seal(&key_of(kind, key), &nonce, &named(tag, &epoch), pack);
    writer.raw(&sealed.unwrap_or_default());
    writer.into_bytes()
}

/// Opens a sealed pack of entries; `None` where the key is not here or does not open it.
///
/// # Errors
/// [`DecodeError`] for another layout.
pub fn open_pack(
    tag: NotebookTag,
    keys: &EpochKeys,
    sealed: &[u8],
) -> Result<Option<Vec<u8>>, DecodeError> {
    open_kind(PackKind::Entries, tag, keys, sealed)
}

/// Opens a sealed pack of a kind; `None` where the key is not here or does not open it.
///
/// # Errors
/// [`DecodeError`] for another layout.
pub fn open_kind(
    kind: PackKind,
    tag: NotebookTag,
    keys: &EpochKeys,
    sealed: &[u8],
) -> Result<Option<Vec<u8>>, DecodeError> {
    let mut reader = Reader::new(sealed);
    let epoch = ControlHash::from_bytes(reader.array("epoch")?).as_epoch();
    let nonce: Nonce = reader.array("nonce")?;
    let ciphertext = reader.take("pack", reader.remaining())?;
    let opened = keys.get(&epoch).and_then(|key| {
        crypto::open(&key_of(kind, key), &nonce, &named(tag, &epoch), ciphertext).ok()
    });
    Ok(opened)
}

fn key_of(kind: PackKind, epoch_key: &Secret) -> Secret {
    crypto::derive(epoch_key, kind.key_label(), &[])
}

fn named(tag: NotebookTag, epoch: &EpochId) -> Vec<u8> {
    [&tag.as_bytes()[..], &epoch.as_bytes()[..]].concat()
}
