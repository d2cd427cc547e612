//! A bundle of what somebody lacks: whom it is for, what they are known to have, and the frames of the rest.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::Engine;
use crate::bundle::{BundleForm, BundleHead, BundleSealError, BundleSealer};
use crate::frontier::Frontier;
use crate::ids::{BundleId, ControlHash, DeviceId, NotebookId, PersonId};
use crate::replica::{Replica, Standing};
use crate::storage::{Position, Storage, StorageError};
use crate::sync::OfflineSender;

/// Whom a bundle is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BundleAim {
    /// Every member, and this person's other devices.
    All,
    /// One member.
    Person(PersonId),
}

/// Why a bundle is not made, or not any further.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleMakeError {
    /// There is no such notebook here.
    #[error("there is no such notebook here")]
    NoNotebook,
    /// This device is no member's.
    #[error("this device is no member's of the notebook")]
    NotMember,
    /// The person is no member.
    #[error("that person is no member of the notebook")]
    NoSuchMember,
    /// Nothing is exchanged with the person, since the words differed.
    #[error("nothing is exchanged with that person, since the words differed")]
    Distrusted,
    /// There is no other device that it could be for.
    #[error("there is no other device that the bundle could be for")]
    Nobody,
    /// Whoever it is for was let in or put out while it was written.
    #[error("who is in the notebook changed while the bundle was written")]
    MembersChanged,
    /// It cannot be sealed.
    #[error(transparent)]
    Seal(#[from] BundleSealError),
    /// The disk failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// What is known of a bundle before it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleMakingFacts {
    /// The bundle.
    pub id: BundleId,
    /// The notebook.
    pub notebook: NotebookId,
    /// The devices that can open it, and whose they are.
    pub devices: BTreeMap<DeviceId, PersonId>,
    /// Those of them that never told what they have: nothing can be left out for them.
    pub unheard: Vec<DeviceId>,
    /// Entries that it holds.
    pub entries: u64,
    /// Entries that are left out, since all of them are known to have these.
    pub left_out: u64,
    /// Whether all of them told that they have everything that is here: what it brings is this device's word of that.
    pub is_known: bool,
    /// When it was begun, in milliseconds since 1970 UTC.
    pub made_ms: u64,
    /// How much it holds.
    pub form: BundleForm,
}

/// A bundle that is being written.
#[derive(Debug)]
pub struct BundleMaking {
    facts: BundleMakingFacts,
    sealer: BundleSealer,
    sender: OfflineSender,
    /// Its first bytes, until they were asked for.
    first: Option<Vec<u8>>,
    start: Position,
    frames_are_over: bool,
    is_over: bool,
}

impl BundleMaking {
    /// Returns what is known of it.
    pub const fn facts(&self) -> &BundleMakingFacts {
        &self.facts
    }

    /// Returns how far it is: of how many places in the stream of arrivals how many were looked at.
    pub fn progress(&self, engine: &Engine) -> (u64, u64) {
        let replica = engine.replica(self.facts.notebook);
        let end = replica.map_or(0, Replica::committed_position);
        let done = self.sender.position().saturating_sub(self.start);
        (done, end.saturating_sub(self.start).max(done))
    }
}

impl Engine {
    /// Begins a bundle. With [`BundleForm::Lacking`] it leaves out what all whom it is for are known to have.
    ///
    /// # Errors
    /// [`BundleMakeError`] says why it cannot be made.
    pub fn begin_bundle(
        &mut self,
        notebook: NotebookId,
        aim: BundleAim,
        form: BundleForm,
        now_ms: u64,
        storage: &mut dyn Storage,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<BundleMaking, BundleMakeError> {
        self.commit_unsaved(notebook, storage)?;
        let own = self.identity.device.id();
        let replica = self.replicas.get(&notebook);
        let replica = replica.ok_or(BundleMakeError::NoNotebook)?;
        if replica.standing() != Standing::Member {
            return Err(BundleMakeError::NotMember);
        }
        let devices = self.bundle_devices(replica, aim)?;
        let told: Vec<Option<&Frontier>> = devices
            .keys()
            .map(|device| {
                let record = self.peers.get(&(notebook, *device));
                record.map(|record| &*record.frontier)
            })
            .collect();
        let unheard = (devices.keys().zip(&told))
            .filter(|(_, told)| told.is_none())
            .map(|(device, _)| *device)
            .collect();
        let told: Option<Vec<&Frontier>> = told.into_iter().collect();
        let theirs = match (form, told) {
            (BundleForm::Lacking, Some(told)) => common(replica, &told, own),
            _ => Frontier::default(),
        };
        let mine = replica.frontier();
        let entries = mine.beyond(&theirs);
        let is_known = entries == 0 && theirs.control_digest == mine.control_digest;
        // Nobody can ask for the entries themselves where a pack does not open.
        let takes_packs =
            form == BundleForm::Lacking && replica.packs_open_for(devices.keys().copied());
        let sender = OfflineSender::new(replica, theirs, takes_packs);
        let head = BundleHead {
            notebook,
            device: self.identity.device.card().clone(),
            made_ms: now_ms,
            form,
            frontier: replica.sign_frontier(),
        };
        let members = replica.membership().members().values();
        let keys: Vec<_> = members
            .flat_map(|member| &member.devices)
            .filter(|(device, _)| devices.contains_key(device))
            .map(|(_, card)| card.sealing_key.clone())
            .collect();
        let author = Arc::clone(&self.identity.device);
        let (sealer, first) = BundleSealer::new(&head, &keys, author, rng)?;
        let facts = BundleMakingFacts {
            id: sealer.id(),
            notebook,
            unheard,
            entries,
            left_out: mine.beyond(&Frontier::default()).saturating_sub(entries),
            is_known,
            made_ms: now_ms,
            form,
            devices,
        };
        Ok(BundleMaking {
            facts,
            sealer,
            start: sender.position(),
            sender,
            first: Some(first),
            frames_are_over: false,
            is_over: false,
        })
    }

    /// Returns the next bytes of a bundle, about a part of them, `None` where it is whole.
    ///
    /// # Errors
    /// [`BundleMakeError`]; the bundle is of no use then.
    pub fn next_of_bundle(
        &mut self,
        making: &mut BundleMaking,
        storage: &mut dyn Storage,
    ) -> Result<Option<Vec<u8>>, BundleMakeError> {
        if let Some(first) = making.first.take() {
            return Ok(Some(first));
        }
        let notebook = making.facts.notebook;
        self.commit_unsaved(notebook, storage)?;
        while !making.is_over {
            let replica = self.replicas.get(&notebook);
            let replica = replica.ok_or(BundleMakeError::NoNotebook)?;
            let devices = replica.membership().devices();
            let mut recipients = making.facts.devices.iter();
            // What came since may have been written for others.
            if replica.standing() != Standing::Member
                || !recipients.all(|(device, person)| devices.get(device) == Some(person))
            {
                return Err(BundleMakeError::MembersChanged);
            }
            let bytes = if making.frames_are_over {
                let bytes = making.sealer.finish()?;
                making.is_over = bytes.is_none();
                bytes.unwrap_or_default()
            } else if let Some(frame) = making.sender.next_frame(replica, storage)? {
                making.sealer.push(&frame)?
            } else {
                making.frames_are_over = true;
                Vec::new()
            };
            if !bytes.is_empty() {
                return Ok(Some(bytes));
            }
        }
        Ok(None)
    }

    /// Returns the devices that a bundle is for.
    fn bundle_devices(
        &self,
        replica: &Replica,
        aim: BundleAim,
    ) -> Result<BTreeMap<DeviceId, PersonId>, BundleMakeError> {
        let notebook = replica.notebook();
        let own = self.identity.device.id();
        let is_apart = |person: &PersonId| self.apart.is_distrusted(notebook, *person);
        if let BundleAim::Person(person) = aim {
            if replica.membership().member(&person).is_none() {
                return Err(BundleMakeError::NoSuchMember);
            }
            if is_apart(&person) {
                return Err(BundleMakeError::Distrusted);
            }
        }
        let is_meant = |person: &PersonId| match aim {
            BundleAim::All => !is_apart(person),
            BundleAim::Person(only) => *person == only,
        };
        let devices = replica.membership().devices().iter();
        let devices: BTreeMap<DeviceId, PersonId> = devices
            .filter(|(device, person)| **device != own && is_meant(person))
            .map(|(device, person)| (*device, *person))
            .collect();
        if devices.is_empty() {
            return Err(BundleMakeError::Nobody);
        }
        Ok(devices)
    }
}

/// Returns what several devices all have by what they told. A device that is wrong about itself lacks something
/// by it and nobody else does.
fn common(replica: &Replica, told: &[&Frontier], own: DeviceId) -> Frontier {
    let Some((first, others)) = told.split_first() else {
        return Frontier::default();
    };
    let mine = replica.frontier();
    let mut common = Frontier::default();
    for (log, tip) in &first.logs {
        let is_forked = |frontier: &&Frontier| frontier.branches.contains_key(log);
        // Of this device's own logs nobody has more than there is.
        let is_believed = |seq| log.device != own || seq <= mine.seq(log);
        if told.iter().any(is_forked) || mine.branches.contains_key(log) {
            continue;
        }
        let mut tips = others.iter().map(|other| other.logs.get(log));
        let lowest = tips.try_fold(tip, |lowest, tip| Some(lowest.min(tip?)));
        if let Some(tip) = lowest.filter(|tip| is_believed(tip.0)) {
            common.logs.insert(*log, *tip);
        }
    }
    let mut digests = told.iter().map(|frontier| frontier.control_digest);
    if digests.all(|digest| digest == mine.control_digest) {
        common.control_digest = mine.control_digest;
        common.control_heads.clone_from(&mine.control_heads);
        return common;
    }
    let heads: BTreeSet<&[ControlHash]> = told
        .iter()
        .map(|frontier| &frontier.control_heads[..])
        .collect();
    let knows = |knowing: &[ControlHash], heads: &[ControlHash]| {
        let mut heads = heads.iter();
        heads.all(|head| replica.controls().is_within(head, knowing))
    };
    // One knows no more than any other does; otherwise all control entries go along.
    let least = heads
        .iter()
        .find(|least| heads.iter().all(|other| knows(other, least)));
    if let Some(least) = least {
        common.control_heads = least.to_vec();
    }
    common
}
