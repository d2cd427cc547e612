//! How keys are derived, committed to, wrapped and sealed under one another.

use super::wraps::Wraps;
use crate::codec::Writer;
use crate::control::{ControlEntry, ControlKind, ControlSet, Recipient, Rekey, SupersededKey};
use crate::crypto::{self, AeadError, Nonce, SealingSecret, Secret};
use crate::ids::{ControlHash, DeviceId, EpochId, NotebookId};

pub(super) fn epoch_key(
    secret: &Secret,
    notebook: NotebookId,
    heads: &[ControlHash],
    author: DeviceId,
    recipients: &[Recipient],
) -> Secret {
    let heads: Vec<u8> = heads.iter().flat_map(|head| *head.as_bytes()).collect();
    let recipients: Vec<u8> = recipients
        .iter()
        .flat_map(|recipient| recipient.to_bytes())
        .collect();
    let recipients = crypto::digest("hearthside 2026-11 epoch recipients", &[&recipients]);
    crypto::derive(
        secret,
        "epoch key",
        &[notebook.as_bytes(), &heads, author.as_bytes(), &recipients],
    )
}

pub(super) fn commitment(key: &Secret) -> [u8; 32] {
    crypto::digest("hearthside 2026-11 epoch commitment", &[key.expose()])
}

/// HPKE info: suite, notebook, epoch (by its commitment, since the entry's hash covers the wraps),
/// sender, recipient.
pub(super) fn wrap_info(
    notebook: NotebookId,
    commitment: &[u8; 32],
    sender: DeviceId,
) -> impl Fn(Recipient) -> Vec<u8> {
    let mut writer = Writer::new();
    writer
        .raw(b"hearthside epoch wrap")
        .u8(crypto::SUITE)
        .raw(notebook.as_bytes())
        .raw(commitment)
        .raw(sender.as_bytes());
    let common = writer.into_bytes();
    move |recipient| [&common[..], &recipient.to_bytes()].concat()
}

/// HPKE info of a grant: suite, notebook, epoch, sender, recipient.
pub(super) fn grant_info(
    notebook: NotebookId,
    epoch: EpochId,
    sender: DeviceId,
    recipient: Recipient,
) -> Vec<u8> {
    let mut writer = Writer::new();
    writer
        .raw(b"hearthside key grant")
        .u8(crypto::SUITE)
        .raw(notebook.as_bytes())
        .raw(epoch.as_bytes())
        .raw(sender.as_bytes())
        .raw(&recipient.to_bytes());
    writer.into_bytes()
}

pub(super) fn open_wrap(
    notebook: NotebookId,
    entry: &ControlEntry,
    rekey: &Rekey,
    (recipient, sealing): (Recipient, &SealingSecret),
    wraps: &Wraps,
) -> Option<Secret> {
    let wrap = wraps.for_recipient(rekey, recipient)?;
    let info = wrap_info(notebook, &rekey.commitment, entry.device)(recipient);
    let secret: [u8; 32] = crypto::open_from(sealing, &info, wrap)
        .ok()?
        .try_into()
        .ok()?;
    let secret = Secret::from_bytes(secret);
    let key = epoch_key(
        &secret,
        notebook,
        &entry.heads,
        entry.device,
        &rekey.recipients,
    );
    (commitment(&key) == rekey.commitment).then_some(key)
}

pub(super) fn seal_superseded(
    key: &Secret,
    commitment: &[u8; 32],
    epoch: EpochId,
    old: &Secret,
    rng: &mut dyn rand_core::CryptoRng,
) -> Result<SupersededKey, AeadError> {
    let mut nonce = Nonce::default();
    rng.fill_bytes(&mut nonce);
    let associated = [&commitment[..], epoch.as_bytes()].concat();
    let ciphertext = crypto::seal(&superseded_key(key), &nonce, &associated, old.expose())?;
    let sealed = [&nonce[..], &ciphertext]
        .concat()
        .try_into()
        .map_err(|_| AeadError)?;
    Ok(SupersededKey { epoch, sealed })
}

pub(super) fn open_superseded(
    set: &ControlSet,
    key: &Secret,
    new_commitment: &[u8; 32],
    old: &SupersededKey,
) -> Option<Secret> {
    let (nonce, ciphertext) = old.sealed.split_first_chunk::<24>()?;
    let associated = [&new_commitment[..], old.epoch.as_bytes()].concat();
    let opened = crypto::open(&superseded_key(key), nonce, &associated, ciphertext).ok()?;
    let opened = Secret::from_bytes(opened.try_into().ok()?);
    match &set.get(&old.epoch.rekey())?.kind {
        ControlKind::Rekey(rekey) => (commitment(&opened) == rekey.commitment).then_some(opened),
        _ => None,
    }
}

fn superseded_key(key: &Secret) -> Secret {
    crypto::derive(key, "superseded epoch", &[])
}
