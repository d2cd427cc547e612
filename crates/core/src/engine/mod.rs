//! A whole node without its input and output: all notebooks of a device, all its connections.
//!
//! Whoever drives it feeds it connections, frames and the time, lets it write through a
//! [`Storage`], and sends the frames that it asks for. The order that keeps the promises:
//! [`Engine::receive`] only changes memory, [`Engine::flush`] puts all of it on disk in one commit a
//! notebook and then queues the acknowledgements, and [`Engine::next_frame`] hands out nothing that
//! is not on disk.

mod bundles;
mod capsules;
mod carrying;
mod checkpoints;
mod connections;
mod devices;
mod disk;
mod enrol;
mod fetches;
mod fetching;
mod files;
mod forgetting;
mod frames;
mod freezes;
mod handing;
mod members;
mod mirror_files;
mod mirrors;
mod notebooks;
mod pairing;
mod parting;
mod peer_record;
mod peers;
mod presence;
mod presenting;
mod rekeys;
mod renewal;
mod set_back;
mod sharing;
mod taking;
mod writes;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

pub use bundles::{
    BundleAim, BundleMakeError, BundleMaking, BundleMakingFacts, BundleTakeError, BundleTaken,
    BundleTaking,
};
pub use checkpoints::UnsoundSegment;
pub use connections::{CloseReason, ConnectionId, ConnectionKind};
pub use devices::DeviceError;
pub use enrol::LinkOfferId;
pub use fetches::FileProgress;
pub(crate) use fetches::{Fetch, Fetches, FilePlace};
pub use files::{FileAdding, FileError, FileRef, is_sound};
pub use members::DecideError;
pub use mirror_files::{FileAtMirror, NamedFile};
pub use mirrors::{MirrorFault, MirrorRecord, MirrorStatus};
pub use pairing::{Verification, VerificationState};
pub use peer_record::{BundleWord, PeerRecord};
pub use peers::PeerStatus;
pub use renewal::{CapsuleFacts, RenewError, Renewal};
pub use set_back::SetBack;
pub use taking::{TakeError, Way};
pub use writes::{AdoptError, FoundError, IssuedInvite};

pub use crate::capsule::KeptCapsule;
use crate::enrol::LinkOffer;
use crate::identity::{DeviceSecrets, Roster};
use crate::ids::{CapsuleHash, DeviceId, NotebookId, PersonId};
use crate::presence::PresenceWindow;
use crate::replica::{Applied, OpenReplicaError, Replica};
use crate::storage::{Storage, StorageError};

use capsules::Capsules;
use connections::Connection;
use devices::OwnDevices;
use freezes::Freezes;
use notebooks::Notebooks;
use parting::Apart;
use rekeys::Rekeys;

/// Who a node belongs to.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The device's keys.
    pub device: Arc<DeviceSecrets>,
    /// The person's roster.
    pub roster: Roster,
    /// The person's name, as others will see it.
    pub name: String,
    /// The device's label, as others will see it.
    pub device_label: String,
}

impl Identity {
    /// Returns the person.
    pub const fn person(&self) -> PersonId {
        self.roster.person()
    }
}

/// What the driver has to do, or may want to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// Close a connection; it is forgotten here already.
    Close(ConnectionId, CloseReason),
    /// An entry reached the documents, whoever wrote it.
    Applied(NotebookId, Applied),
    /// Members, invitations or keys of a notebook changed.
    MembershipChanged(NotebookId),
    /// A notebook's documents were built anew, since other entries count than did: whatever was derived
    /// from them is to be read again.
    Rebuilt(NotebookId),
    /// Something new is known about what a peer has.
    PeerHeard(NotebookId),
    /// Somebody said where they are in a notebook.
    PresenceHeard(NotebookId),
    /// A notebook's saved state could not be kept. Nothing is lost by it, but the next start reads
    /// more; it is tried again later.
    SnapshotFailed(NotebookId, StorageError),
    /// A notebook is no longer synced with a device on its connection, and why.
    Stopped(NotebookId, crate::ids::DeviceId, String),
    /// A mirror of a notebook did what a sound one does not, or cannot do what it is asked.
    MirrorFault(NotebookId, crate::ids::MirrorId, MirrorFault),
    /// Another copy of this device has written: this home is an older one.
    StaleCopy(NotebookId),
    /// This person's roster changed; it is on disk.
    DevicesChanged,
    /// A device has a capsule of this person on its disk.
    CapsuleKept {
        /// Which keeps it.
        keeper: DeviceId,
        /// Which one.
        capsule: CapsuleHash,
    },
    /// A device does not keep a capsule of this person.
    CapsuleRefused {
        /// Which does not.
        keeper: DeviceId,
        /// Which one.
        capsule: CapsuleHash,
        /// Whether it said that it has no room, as mirrors do.
        is_full: bool,
    },
    /// A device came with a ticket of this one and is on the roster.
    DeviceLinked {
        /// The ticket.
        offer: LinkOfferId,
        /// The device.
        device: DeviceId,
        /// What it is called.
        label: String,
        /// The words that both show.
        words: String,
    },
}

/// A node without input and output.
#[derive(Debug)]
pub struct Engine {
    identity: Identity,
    instance: u64,
    /// How many connections of this run have begun.
    begun: u64,
    replicas: Notebooks,
    /// Whether something changed besides members that may have connections be about other notebooks.
    wants_sharing: bool,
    connections: BTreeMap<ConnectionId, Connection>,
    peers: BTreeMap<(NotebookId, crate::ids::DeviceId), PeerRecord>,
    /// What is known of mirrors beside what they hold.
    mirrors: mirrors::Mirrors,
    /// Whose record of `peers` changed since it was saved.
    unsaved_peers: BTreeSet<(NotebookId, crate::ids::DeviceId)>,
    /// Whether any of them was never heard before.
    met_somebody: bool,
    /// Who is where, as linked devices said last.
    presences: BTreeMap<(NotebookId, DeviceId, PresenceWindow), presence::Heard>,
    effects: VecDeque<Effect>,
    unopened: BTreeMap<NotebookId, OpenReplicaError>,
    /// When those that were open before are tried again.
    reopen_at_ms: BTreeMap<NotebookId, u64>,
    /// With whom nothing is exchanged, and of which notebooks.
    apart: Apart,
    /// The notebooks that are to get a new key, and when.
    rekeys: Rekeys,
    /// The forked logs of which a branch is to be named, and when.
    freezes: Freezes,
    /// What is to be done about this person's devices.
    own: OwnDevices,
    /// Capsules: this person's, and those that are kept for others.
    capsules: Capsules,
    /// Open tickets for linking a device.
    offers: BTreeMap<u64, LinkOffer>,
    next_offer: u64,
    /// The notebook that holds a document ready for its next change.
    prepared: Option<NotebookId>,
    /// Notebooks that this person destroyed: nobody hands them over again.
    destroyed: BTreeSet<NotebookId>,
    /// Files that somebody waits for.
    fetches: Fetches,
    /// Files at mirrors.
    mirror_files: mirror_files::MirrorFiles,
    /// What goes into checkpoints at mirrors.
    checkpoints: checkpoints::Checkpoints,
}

impl Engine {
    /// Opens all notebooks of a device. `instance` is random for each run.
    ///
    /// A notebook with damaged records stays closed and does not keep the others from opening: see
    /// [`Engine::unopened`].
    ///
    /// # Errors
    /// [`OpenReplicaError::Storage`] where the disk fails.
    pub fn open(
        identity: Identity,
        instance: u64,
        notebooks: &[NotebookId],
        storage: &dyn Storage,
    ) -> Result<Self, OpenReplicaError> {
        let mut engine = Self {
            identity,
            instance,
            begun: 0,
            replicas: Notebooks::default(),
            wants_sharing: false,
            connections: BTreeMap::new(),
            peers: BTreeMap::new(),
            mirrors: mirrors::Mirrors::default(),
            unsaved_peers: BTreeSet::new(),
            met_somebody: false,
            presences: BTreeMap::new(),
            effects: VecDeque::new(),
            unopened: BTreeMap::new(),
            reopen_at_ms: BTreeMap::new(),
            apart: Apart::default(),
            rekeys: Rekeys::default(),
            freezes: Freezes::default(),
            own: OwnDevices::default(),
            capsules: Capsules::default(),
            offers: BTreeMap::new(),
            next_offer: 0,
            prepared: None,
            destroyed: BTreeSet::new(),
            fetches: Fetches::default(),
            mirror_files: mirror_files::MirrorFiles::default(),
            checkpoints: checkpoints::Checkpoints::default(),
        };
        for notebook in notebooks {
            let device = Arc::clone(&engine.identity.device);
            match Replica::open(*notebook, device, storage) {
                Ok(replica) => {
                    if replica.is_stale_copy() {
                        engine.effects.push_back(Effect::StaleCopy(*notebook));
                    }
                    engine.rekeys.look_at(*notebook);
                    engine.replicas.insert(*notebook, replica);
                    engine.load_peers(*notebook, storage)?;
                    engine.load_mirrors(*notebook, storage)?;
                    engine.load_distrusted(*notebook, storage)?;
                    engine.load_awaited(*notebook, storage)?;
                    engine.own.check(*notebook);
                }
                Err(error) if error.is_damage() => {
                    engine.unopened.insert(*notebook, error);
                }
                Err(error) => return Err(error),
            }
        }
        engine.load_capsules(storage)?;
        Ok(engine)
    }

    /// Returns who the node belongs to.
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Returns the notebooks that did not open, and why.
    pub const fn unopened(&self) -> &BTreeMap<NotebookId, OpenReplicaError> {
        &self.unopened
    }

    /// Returns the notebooks.
    pub fn notebooks(&self) -> impl Iterator<Item = NotebookId> {
        self.replicas.keys().copied()
    }

    /// Returns a notebook.
    pub fn replica(&self, notebook: NotebookId) -> Option<&Replica> {
        self.replicas.get(&notebook)
    }

    /// Returns a notebook, to load documents of it.
    pub fn replica_mut(&mut self, notebook: NotebookId) -> Option<&mut Replica> {
        self.replicas.get_mut(&notebook)
    }

    /// Says whether [`Engine::rest`] would do anything.
    pub fn wants_rest(&self) -> bool {
        self.lagging().is_some()
    }

    /// Saves a notebook's state before a commit would have to, while nobody waits.
    pub fn rest(&mut self, storage: &mut dyn Storage) {
        if let Some(notebook) = self.lagging()
            && let Err(error) = self.save_state(notebook, storage)
        {
            let failed = Effect::SnapshotFailed(notebook, error);
            self.effects.push_back(failed);
        }
    }

    /// Returns a notebook whose saved state lags behind.
    fn lagging(&self) -> Option<NotebookId> {
        self.replicas
            .iter()
            .find(|(_, replica)| replica.may_snapshot() && !replica.has_unsaved())
            .map(|(notebook, _)| *notebook)
    }

    /// Gets ready for the next keystroke, while nobody waits: of all notebooks the one that changed
    /// keeps a spare copy of the document that changed. Where several did, that was no typing, and
    /// none does.
    pub fn prepare(&mut self) {
        let mut changed = self
            .replicas
            .iter()
            .filter(|(_, replica)| replica.documents().wants_prepare())
            .map(|(notebook, _)| *notebook);
        let Some(first) = changed.next() else {
            return;
        };
        let others: Vec<NotebookId> = changed.collect();
        let prepared = others.is_empty().then_some(first);
        let before = self.prepared.replace(first).filter(|it| *it != first);
        for notebook in others.iter().chain(&before) {
            if let Some(replica) = self.replicas.get_mut(notebook) {
                replica.unprepare();
            }
        }
        if let Some(replica) = self.replicas.get_mut(&first) {
            match prepared {
                Some(_) => replica.prepare(),
                None => replica.unprepare(),
            }
        }
    }

    /// Returns how many writes of one notebook are in memory only, of the one with the most.
    pub fn unsaved_writes_max(&self) -> usize {
        let touched = self.replicas.touched().iter();
        let replicas = touched.filter_map(|notebook| self.replicas.get(notebook));
        replicas
            .map(|replica| replica.unsaved().len())
            .max()
            .unwrap_or(0)
    }

    /// Takes the effects since the last call.
    pub fn take_effects(&mut self) -> VecDeque<Effect> {
        for notebook in self.replicas.take_unshown() {
            let Some(replica) = self.replicas.get_quietly(&notebook) else {
                continue;
            };
            let applied = replica.take_applied().into_iter();
            let applied = applied.map(|applied| Effect::Applied(notebook, applied));
            self.effects.extend(applied);
            if replica.take_rebuilt() {
                self.effects.push_back(Effect::Rebuilt(notebook));
            }
        }
        std::mem::take(&mut self.effects)
    }
}
