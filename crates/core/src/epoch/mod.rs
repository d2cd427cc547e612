//! Epoch keys: made in a re-key, wrapped to every member device and recovery key, opened by each.
//!
//! `K = HKDF(secret; notebook, heads, author, hash of the recipients)`: the key is bound to the very
//! entry that starts it. The wraps are separate objects under the entry's Merkle root. The key of
//! each superseded epoch is sealed under the new one, so newcomers read history; never the reverse.

mod keys;
mod seal;
mod wraps;

use std::cmp::Reverse;
use std::collections::BTreeSet;

pub use keys::EpochKeys;
pub use wraps::{WRAP_BYTES, Wraps};

use seal::{commitment, epoch_key, grant_info, open_superseded, seal_superseded, wrap_info};
use wraps::merkle_root;

use crate::control::{
    ControlAuthor, ControlEntry, ControlKind, ControlSet, KeyGrant, Label, Membership, Recipient,
    Rekey, SealedLabel, SupersededKey,
};
use crate::crypto::{self, AeadError, KemError, SealingKey, Secret};
use crate::identity::DeviceSecrets;
use crate::ids::{ControlHash, EpochId, NotebookId};
use crate::limits::{CONTROL_HEADS_MAX, RECIPIENTS_MAX};

/// A re-key that cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RekeyError {
    /// A recipient's key cannot be used.
    #[error("the sealing key of a member cannot be used: {0}")]
    Recipient(#[from] KemError),
    /// Sealing failed.
    #[error(transparent)]
    Seal(#[from] AeadError),
    /// The author is not a member who may write.
    #[error("only members who may write can start a new key")]
    NotAllowed,
    /// The key would have to be sealed to more than an epoch can have.
    #[error("the notebook has {0} devices and recovery keys, the limit is {RECIPIENTS_MAX}")]
    TooManyRecipients(usize),
    /// An epoch that must be superseded has a key that is not here.
    #[error("the key of the epoch in force has not arrived yet")]
    KeyMissing,
}

/// A new epoch: the signed entry, the wraps and the key.
#[derive(Debug, Clone)]
pub struct NewEpoch {
    /// The re-key entry.
    pub entry: ControlEntry,
    /// The wraps under its root.
    pub wraps: Wraps,
    /// The epoch's key.
    pub key: Secret,
}

/// Starts a new epoch for exactly those who must hold it as of everything in `set`.
///
/// `label` becomes the entry's words, sealed under the new key itself.
///
/// # Errors
/// [`RekeyError`] where the author may not, a superseded key is missing, or a recipient's key is bad.
pub fn rekey(
    set: &ControlSet,
    keys: &EpochKeys,
    device: &DeviceSecrets,
    label: Option<&Label>,
    rng: &mut dyn rand_core::CryptoRng,
) -> Result<NewEpoch, RekeyError> {
    let all = Membership::resolve(set);
    let admission = all
        .member_of(&device.id())
        .ok_or(RekeyError::NotAllowed)?
        .admission;
    // The entry is judged as of the heads that it names, so the recipients are taken from there.
    let heads = set.heads_covering(&[admission]);
    let membership = Membership::known_at(set, &heads);
    let member = membership
        .member_of(&device.id())
        .ok_or(RekeyError::NotAllowed)?;
    if !member.rights.may_write {
        return Err(RekeyError::NotAllowed);
    }
    let notebook = set.notebook();
    let recipients = membership.recipients().to_vec();
    if recipients.len() > RECIPIENTS_MAX {
        return Err(RekeyError::TooManyRecipients(recipients.len()));
    }
    let secret = Secret::random(rng);
    let key = epoch_key(&secret, notebook, &heads, device.id(), &recipients);
    let commitment = commitment(&key);

    let info = wrap_info(notebook, &commitment, device.id());
    let mut wraps = Vec::with_capacity(recipients.len());
    for recipient in &recipients {
        let sealing_key = sealing_key(&membership, recipient).ok_or(RekeyError::NotAllowed)?;
        wraps.push(crypto::seal_to(
            sealing_key,
            &info(*recipient),
            secret.expose(),
            rng,
        )?);
    }
    let mut supersedes = Vec::new();
    for epoch in epochs_to_wrap(set, &all, keys, &heads) {
        let old = keys.get(&epoch).ok_or(RekeyError::KeyMissing)?;
        supersedes.push(seal_superseded(&key, &commitment, epoch, old, rng)?);
    }
    let label = label
        .map(|label| SealedLabel::seal(label, None, &key, rng))
        .transpose()?;
    let wraps_root = merkle_root(&recipients, &wraps);
    let author = ControlAuthor {
        device,
        notebook,
        heads,
        standing: member.standing(),
    };
    let entry = author.sign(
        ControlKind::Rekey(Rekey {
            supersedes,
            commitment,
            recipients,
            wraps_root,
        }),
        label,
    );
    let epoch = entry.hash().as_epoch();
    Ok(NewEpoch {
        entry,
        wraps: Wraps { epoch, wraps },
        key,
    })
}

/// Seals the key of an epoch to one more holder, a device or recovery key of a member.
///
/// # Errors
/// [`RekeyError`] where the holder is no member's, or its key is bad.
pub fn grant(
    (notebook, membership): (NotebookId, &Membership),
    device: &DeviceSecrets,
    (epoch, key): (EpochId, &Secret),
    recipient: Recipient,
    rng: &mut dyn rand_core::CryptoRng,
) -> Result<KeyGrant, RekeyError> {
    let sealing_key = sealing_key(membership, &recipient).ok_or(RekeyError::NotAllowed)?;
    let info = grant_info(notebook, epoch, device.id(), recipient);
    Ok(KeyGrant {
        epoch,
        recipient,
        wrap: crypto::seal_to(sealing_key, &info, key.expose(), rng)?,
    })
}

/// Returns the epochs whose keys a newcomer needs under the new one to read all that is readable here,
/// sorted: first what nothing supersedes, then, newest first, whatever does not open behind those,
/// since a member can have published a key that leads nowhere.
fn epochs_to_wrap(
    set: &ControlSet,
    membership: &Membership,
    keys: &EpochKeys,
    heads: &[ControlHash],
) -> BTreeSet<EpochId> {
    let is_named = |epoch: &EpochId| set.is_within(&epoch.rekey(), heads);
    let mut held: Vec<EpochId> = keys
        .epochs()
        .filter(|epoch| membership.is_epoch(epoch) && is_named(epoch))
        .collect();
    let is_to_be_named = |epoch: &EpochId| {
        membership.epoch_heads().contains(epoch) || membership.orphaned_epochs().contains(epoch)
    };
    held.sort_by_key(|epoch| {
        let level = set.level(&epoch.rekey());
        (!is_to_be_named(epoch), Reverse(level), *epoch)
    });
    let mut wrapped = BTreeSet::new();
    let mut reached: BTreeSet<EpochId> = BTreeSet::new();
    for epoch in held {
        if wrapped.len() >= CONTROL_HEADS_MAX {
            break;
        }
        // Where what leads to one does not count, it is named, though it opens behind another.
        if reached.contains(&epoch) && !is_to_be_named(&epoch) {
            continue;
        }
        wrapped.insert(epoch);
        let mut todo = vec![epoch];
        while let Some(epoch) = todo.pop() {
            if !reached.insert(epoch) {
                continue;
            }
            let Some(key) = keys.get(&epoch) else {
                continue;
            };
            if let Some(ControlKind::Rekey(rekey)) =
                set.get(&epoch.rekey()).map(|entry| &entry.kind)
            {
                let opens = |old: &&SupersededKey| {
                    open_superseded(set, key, &rekey.commitment, old).is_some()
                };
                todo.extend(rekey.supersedes.iter().filter(opens).map(|old| old.epoch));
            }
        }
    }
    wrapped
}

fn sealing_key<'a>(membership: &'a Membership, recipient: &Recipient) -> Option<&'a SealingKey> {
    match recipient {
        Recipient::Device(device) => membership.card(device).map(|card| &card.sealing_key),
        Recipient::Recovery(card) => membership
            .members()
            .values()
            .find(|member| member.recovery.id() == *card)
            .map(|member| &member.recovery.sealing_key),
    }
}
