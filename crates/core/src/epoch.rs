//! Epoch keys: made in a re-key, wrapped to every member device and recovery key, opened by each.
//!
//! `K = HKDF(secret; notebook, heads, author, hash of the recipients)`: the key is bound to the very
//! entry that starts it. The wraps are separate objects under the entry's Merkle root. The key of
//! each superseded epoch is sealed under the new one, so newcomers read history; never the reverse.

use std::cmp::Reverse;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use crate::codec::{DecodeError, Reader, Writer};
use crate::control::{
    ControlAuthor, ControlEntry, ControlKind, ControlSet, KeyGrant, Label, Membership, Recipient,
    Rekey, SealedLabel, SupersededKey,
};
use crate::crypto::{
    self, AeadError, KemError, Nonce, SealingKey, SealingSecret, Secret, WRAP_OVERHEAD_BYTES,
};
use crate::identity::{DeviceSecrets, RecoverySecrets};
use crate::ids::{ControlHash, DeviceId, EpochId, NotebookId};
use crate::limits::{CONTROL_HEADS_MAX, RECIPIENTS_MAX};

/// Length of a wrap: the encapsulated key, the 32-byte secret and its tag.
pub const WRAP_BYTES: usize = 32 + WRAP_OVERHEAD_BYTES;

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

/// The wraps of one epoch's key, in the order of the re-key's recipients.
///
/// On the wire and on disk: `epoch 32 ‖ count ‖ wraps of 1,168 bytes each`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wraps {
    /// The epoch whose key is wrapped.
    pub epoch: EpochId,
    wraps: Vec<Vec<u8>>,
}

impl Wraps {
    /// Reads the wraps; whether they are those of the epoch says [`Wraps::belong_to`].
    ///
    /// # Errors
    /// [`DecodeError`] for another layout.
    pub fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let epoch = ControlHash::from_bytes(reader.array("epoch")?).as_epoch();
        let count = reader.count("wraps", RECIPIENTS_MAX)?;
        let mut wraps = Vec::with_capacity(count.min(reader.remaining() / WRAP_BYTES + 1));
        for _ in 0..count {
            wraps.push(reader.take("wrap", WRAP_BYTES)?.to_vec());
        }
        reader.finish()?;
        Ok(Self { epoch, wraps })
    }

    /// Returns the bytes that [`Wraps::parse`] reads.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer
            .raw(self.epoch.as_bytes())
            .varint(self.wraps.len() as u64);
        for wrap in &self.wraps {
            writer.raw(wrap);
        }
        writer.into_bytes()
    }

    /// Says whether these are the wraps under the root of `rekey`.
    pub fn belong_to(&self, rekey: &Rekey) -> bool {
        self.wraps.len() == rekey.recipients.len()
            && merkle_root(&rekey.recipients, &self.wraps) == rekey.wraps_root
    }

    fn for_recipient(&self, rekey: &Rekey, recipient: Recipient) -> Option<&[u8]> {
        let place = rekey.recipients.binary_search(&recipient).ok()?;
        self.wraps.get(place).map(Vec::as_slice)
    }
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

/// The epoch keys that this device holds.
#[derive(Debug, Clone, Default)]
pub struct EpochKeys {
    keys: BTreeMap<EpochId, Secret>,
    /// Epochs whose wrap does not open: it never will, and trying costs as much as a signature.
    closed: BTreeSet<EpochId>,
}

impl EpochKeys {
    /// Returns the key of an epoch.
    pub fn get(&self, epoch: &EpochId) -> Option<&Secret> {
        self.keys.get(epoch)
    }

    /// Returns the epochs whose keys are here.
    pub fn epochs(&self) -> impl Iterator<Item = EpochId> {
        self.keys.keys().copied()
    }

    /// Adds the key of an epoch that this device itself started.
    pub fn insert(&mut self, epoch: EpochId, key: Secret) {
        self.keys.insert(epoch, key);
    }

    /// Takes the key of an epoch, and opens those that it leads to; returns whether it is new and fits the
    /// epoch's commitment.
    pub fn learn_key(&mut self, set: &ControlSet, epoch: EpochId, key: &Secret) -> bool {
        let Some(ControlKind::Rekey(rekey)) = set.get(&epoch.rekey()).map(|entry| &entry.kind)
        else {
            return false;
        };
        if self.keys.contains_key(&epoch) || commitment(key) != rekey.commitment {
            return false;
        }
        self.keys.insert(epoch, key.clone());
        self.follow(set, epoch);
        true
    }

    /// Opens this device's wrap of an epoch that counts, and through it the keys that it supersedes.
    ///
    /// Returns whether any key is new. A wrap that does not open, or whose key does not fit the
    /// commitment, leaves the keys as they are.
    pub fn learn(&mut self, set: &ControlSet, device: &DeviceSecrets, wraps: &Wraps) -> bool {
        let Some(entry) = set.get(&wraps.epoch.rekey()) else {
            return false;
        };
        let ControlKind::Rekey(rekey) = &entry.kind else {
            return false;
        };
        let leads_on = rekey
            .supersedes
            .iter()
            .any(|old| !self.keys.contains_key(&old.epoch));
        match self.keys.entry(wraps.epoch) {
            Entry::Occupied(_) if !leads_on => return false,
            Entry::Occupied(_) => {}
            Entry::Vacant(_) if self.closed.contains(&wraps.epoch) => return false,
            Entry::Vacant(place) => {
                let holder = (Recipient::Device(device.id()), device.sealing());
                let Some(key) = open_wrap(set.notebook(), entry, rekey, holder, wraps) else {
                    self.closed.insert(wraps.epoch);
                    return false;
                };
                place.insert(key);
            }
        }
        self.follow(set, wraps.epoch);
        true
    }

    /// Opens what was granted to this device, and the keys that it leads to; returns whether any is new.
    pub fn learn_grants(&mut self, set: &ControlSet, device: &DeviceSecrets) -> bool {
        let recipient = Recipient::Device(device.id());
        self.learn_granted(set, recipient, device.sealing())
    }

    /// Opens, with a person's recovery key, this person's wrap of an epoch and what was granted to that key.
    /// Returns whether any key is new.
    pub fn recover(
        &mut self,
        set: &ControlSet,
        recovery: &RecoverySecrets,
        wraps: &BTreeMap<EpochId, Wraps>,
    ) -> bool {
        let recipient = Recipient::Recovery(recovery.card().id());
        let mut epochs: Vec<&Wraps> = wraps.values().collect();
        epochs.sort_by_key(|wraps| Reverse(set.level(&wraps.epoch.rekey())));
        let mut is_new = false;
        for wraps in epochs {
            let epoch = wraps.epoch;
            if self.keys.contains_key(&epoch) {
                continue;
            }
            let Some(entry) = set.get(&epoch.rekey()) else {
                continue;
            };
            let ControlKind::Rekey(rekey) = &entry.kind else {
                continue;
            };
            let holder = (recipient, recovery.sealing());
            if let Some(key) = open_wrap(set.notebook(), entry, rekey, holder, wraps) {
                self.keys.insert(epoch, key);
                self.follow(set, epoch);
                is_new = true;
            }
        }
        self.learn_granted(set, recipient, recovery.sealing()) || is_new
    }

    fn learn_granted(
        &mut self,
        set: &ControlSet,
        recipient: Recipient,
        sealing: &SealingSecret,
    ) -> bool {
        let mut is_new = false;
        for (sender, granted) in set.grants_to(recipient) {
            let epoch = granted.epoch;
            if self.keys.contains_key(&epoch) {
                continue;
            }
            let Some(ControlKind::Rekey(rekey)) = set.get(&epoch.rekey()).map(|entry| &entry.kind)
            else {
                continue;
            };
            let info = grant_info(set.notebook(), epoch, sender, recipient);
            let Ok(opened) = crypto::open_from(sealing, &info, &granted.wrap) else {
                continue;
            };
            let Ok(key) = <[u8; 32]>::try_from(opened).map(Secret::from_bytes) else {
                continue;
            };
            if commitment(&key) == rekey.commitment {
                self.keys.insert(epoch, key);
                self.follow(set, epoch);
                is_new = true;
            }
        }
        is_new
    }

    /// Opens the superseded keys that the key of `epoch` leads to.
    fn follow(&mut self, set: &ControlSet, epoch: EpochId) {
        let mut todo = vec![epoch];
        while let Some(epoch) = todo.pop() {
            let Some(key) = self.keys.get(&epoch).cloned() else {
                continue;
            };
            let Some(ControlKind::Rekey(rekey)) = set.get(&epoch.rekey()).map(|entry| &entry.kind)
            else {
                continue;
            };
            for old in &rekey.supersedes {
                if self.keys.contains_key(&old.epoch) {
                    continue;
                }
                if let Some(opened) = open_superseded(set, &key, &rekey.commitment, old) {
                    self.keys.insert(old.epoch, opened);
                    todo.push(old.epoch);
                }
            }
        }
    }
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
    let recipients = membership.recipients();
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

/// HPKE info of a grant: suite, notebook, epoch, sender, recipient.
fn grant_info(
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

fn epoch_key(
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

fn commitment(key: &Secret) -> [u8; 32] {
    crypto::digest("hearthside 2026-11 epoch commitment", &[key.expose()])
}

/// HPKE info: suite, notebook, epoch (by its commitment, since the entry's hash covers the wraps),
/// sender, recipient.
fn wrap_info(
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

fn open_wrap(
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

fn seal_superseded(
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

fn open_superseded(
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

/// The root of a binary Merkle tree over (recipient, wrap); an odd node moves up as it is.
fn merkle_root(recipients: &[Recipient], wraps: &[Vec<u8>]) -> [u8; 32] {
    let mut level: Vec<[u8; 32]> = recipients
        .iter()
        .zip(wraps)
        .map(|(recipient, wrap)| {
            crypto::digest(
                "hearthside 2026-11 wrap leaf",
                &[&recipient.to_bytes(), wrap],
            )
        })
        .collect();
    while level.len() > 1 {
        level = level
            .chunks(2)
            .map(|pair| match pair {
                [left, right] => crypto::digest("hearthside 2026-11 wrap node", &[left, right]),
                [single] => *single,
                _ => [0; 32],
            })
            .collect();
    }
    level.first().copied().unwrap_or([0; 32])
}
