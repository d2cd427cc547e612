//! Creates a notebook, joins one, and opens one from its storage.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, OnceLock};

use super::base::BaseState;
use super::documents::Uses;
use super::held::Held;
use super::log::BranchId;
use super::place::Place;
use super::state::State;
use super::{Replica, SetAside, Standing};
use crate::control::{
    ControlAuthor, ControlEntry, ControlError, ControlKind, ControlSet, Label, Membership,
};
use crate::crypto::Secret;
use crate::document::DocumentSet;
use crate::epoch::{EpochKeys, RekeyError, Wraps};
use crate::identity::{DeviceSecrets, Roster};
use crate::ids::{ControlHash, EntryHash, Incarnation, NotebookId, PartHash};
use crate::limits::PACK_ENTRIES_AIM;
use crate::log::{EntryError, RawEntry};
use crate::storage::{Position, Space, Storage, StorageError, Write};

/// Bytes of history that are read at once while a notebook opens.
const READ_BYTES_AIM: usize = 1024 * 1024;

/// Bytes of history that are read at once for entries that wait: often there is one.
const PENDING_BYTES_AIM: usize = 32 * 1024;

/// Why a notebook could not be created.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CreateError {
    /// The first entries do not fit their own rules: a fault of the program.
    #[error("the new notebook's first entry is not valid: {0}")]
    Control(#[from] ControlError),
    /// The first key could not be made.
    #[error(transparent)]
    Rekey(#[from] RekeyError),
}

/// Why a notebook did not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenReplicaError {
    /// The disk failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A kept record is not what it was.
    #[error("a record of notebook {notebook} is damaged: {reason}")]
    Damaged {
        /// The notebook.
        notebook: NotebookId,
        /// What is wrong with it.
        reason: String,
    },
    /// The entry that created the notebook is not here.
    #[error("notebook {0} has no first entry here")]
    NoCreate(NotebookId),
}

impl OpenReplicaError {
    /// Says whether kept data is to blame, rather than a disk that cannot be read now.
    pub const fn is_damage(&self) -> bool {
        !matches!(
            self,
            Self::Storage(StorageError::Full | StorageError::Failed(_))
        )
    }
}

impl Replica {
    /// Creates a notebook; its first entries are unsaved.
    ///
    /// # Errors
    /// [`CreateError`] where the roster is not this device's.
    pub fn create(
        device: Arc<DeviceSecrets>,
        roster: &Roster,
        label: &Label,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<Self, CreateError> {
        Self::create_from(device, roster, label, Vec::new(), rng)
    }

    /// Creates a notebook that goes on from the parts of a base: see [`Replica::lay_base`].
    ///
    /// # Errors
    /// [`CreateError`] where the roster is not this device's.
    pub fn create_from(
        device: Arc<DeviceSecrets>,
        roster: &Roster,
        label: &Label,
        base: Vec<PartHash>,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<Self, CreateError> {
        let mut nonce = [0; 16];
        rng.fill_bytes(&mut nonce);
        let author = ControlAuthor {
            device: &device,
            notebook: NotebookId::ZERO,
            heads: Vec::new(),
            standing: ControlHash::ZERO,
        };
        let create = author.sign(
            ControlKind::Create {
                nonce,
                roster: Box::new(roster.clone()),
                base,
            },
            None,
        );
        let controls = ControlSet::new(create)?;
        let mut replica = Self::with_controls(device, controls);
        replica.keep_control(&replica.controls.create());
        replica.rekey(Some(label), rng)?;
        Ok(replica)
    }

    /// Starts a notebook from the entry that created it: what a joiner does before it syncs.
    ///
    /// # Errors
    /// [`ControlError`] where the entry is no valid `create`.
    pub fn join(device: Arc<DeviceSecrets>, create: ControlEntry) -> Result<Self, ControlError> {
        let controls = ControlSet::new(create)?;
        let mut replica = Self::with_controls(device, controls);
        replica.keep_control(&replica.controls.create());
        Ok(replica)
    }

    fn with_controls(device: Arc<DeviceSecrets>, controls: ControlSet) -> Self {
        let membership = Membership::resolve(&controls);
        let mut replica = Self {
            notebook: controls.notebook(),
            device,
            controls,
            membership,
            standing: Standing::default(),
            memberships: BTreeMap::new(),
            wraps: BTreeMap::new(),
            keys: EpochKeys::default(),
            logs: BTreeMap::new(),
            forks: BTreeMap::new(),
            arrivals: VecDeque::new(),
            own: None,
            base: BaseState::None,
            base_depth: 0,
            documents: DocumentSet::new(),
            dirty: BTreeSet::new(),
            uses: Uses::default(),
            set_aside: BTreeMap::new(),
            held: Held::default(),
            wants_rebuild: false,
            wants_choice: false,
            has_new_keys: false,
            is_rebuilt: false,
            next_position: 0,
            committed_position: 0,
            recent: VecDeque::new(),
            recent_bytes: 0,
            unsaved: Vec::new(),
            applied: Vec::new(),
            frontier: std::sync::OnceLock::new(),
            has_new_members: true,
            behind: super::behind::Behind::default(),
            shown: None,
            made_ahead: super::ahead::MadeAhead::default(),
            packs_sought_to: 0,
            entries_since_snapshot: 0,
            stale_copy: false,
            written: Vec::new(),
            rewritten: BTreeMap::new(),
            unwritable: BTreeSet::new(),
            is_on_disk: false,
            use_saved: true,
            packs: OnceLock::new(),
            pack_entries: PACK_ENTRIES_AIM as u64,
        };
        replica.base = replica.base_to_await();
        replica
    }

    /// Opens a notebook from its storage: the saved state, then the entries that came after it.
    ///
    /// Where the saved state or a saved document is damaged, all is rebuilt from the entries, which
    /// are the truth.
    ///
    /// # Errors
    /// [`OpenReplicaError`] where the disk fails, or a record is damaged that cannot be rebuilt.
    pub fn open(
        notebook: NotebookId,
        device: Arc<DeviceSecrets>,
        storage: &dyn Storage,
    ) -> Result<Self, OpenReplicaError> {
        match Self::open_from(notebook, Arc::clone(&device), storage, true) {
            Err(error) if error.is_damage() => Self::open_from(notebook, device, storage, false),
            result => result,
        }
    }

    /// Opens a notebook from its storage, or, without `use_saved`, from its control entries and
    /// content entries alone.
    pub(super) fn open_from(
        notebook: NotebookId,
        device: Arc<DeviceSecrets>,
        storage: &dyn Storage,
        use_saved: bool,
    ) -> Result<Self, OpenReplicaError> {
        let damaged = |reason: String| OpenReplicaError::Damaged { notebook, reason };
        let controls = open_controls(notebook, storage)?;
        let mut replica = Self::with_controls(device, controls);
        replica.use_saved = use_saved;
        for (_, value) in storage.scan(notebook, Space::Wraps)? {
            let wraps = Wraps::parse(&value).map_err(|error| damaged(error.to_string()))?;
            replica.wraps.insert(wraps.epoch, wraps);
        }
        replica.resolve();
        for (key, value) in storage.scan(notebook, Space::Key)? {
            let malformed = || damaged("a kept epoch key".to_owned());
            let epoch =
                ControlHash::from_bytes(key.try_into().map_err(|_| malformed())?).as_epoch();
            let value: [u8; 32] = value.try_into().map_err(|_| malformed())?;
            replica
                .keys
                .learn_key(&replica.controls, epoch, &Secret::from_bytes(value));
        }
        for (key, value) in storage.scan(notebook, Space::SetAside)? {
            let hash = key
                .try_into()
                .map_err(|_| damaged("a set-aside entry's hash".to_owned()))?;
            let set_aside = SetAside::parse(&value).map_err(|error| damaged(error.to_string()))?;
            replica
                .set_aside
                .insert(EntryHash::from_bytes(hash), set_aside);
        }
        let mut from: Position = 0;
        if use_saved && let Some(value) = storage.get(notebook, Space::State, &[])? {
            let state = State::parse(&value).map_err(|error| damaged(error.to_string()))?;
            from = state.next_position;
            replica.logs = state.logs;
            replica.restore_forks();
            replica.restore_base(storage)?;
            replica.restore_held(storage)?;
            replica
                .refill_pending(storage)
                .map_err(|error| damaged(error.to_string()))?;
            // The control entries may have moved on since the state was saved.
            replica.recount();
            replica.wants_rebuild |= replica.lacks_support();
        }
        replica.next_position = from;
        replica.committed_position = from;
        replica.replay(from, storage)?;
        replica.own = replica.own_log_to_go_on();
        replica.is_on_disk = true;
        replica.restore_stale_copy(storage)?;
        replica.restore_rewritten(storage)?;
        replica.applied.clear();
        Ok(replica)
    }

    /// Reads again what had arrived but was not applied when the state was saved.
    fn refill_pending(&mut self, storage: &dyn Storage) -> Result<(), OpenReplicaError> {
        let mut missing: Vec<(Position, BranchId)> = Vec::new();
        for (id, log) in &self.logs {
            let settled = log.settled.get().saturating_sub(log.base_seq().get());
            let settled = usize::try_from(settled).unwrap_or(usize::MAX);
            let positions = log.positions().get(settled..).unwrap_or_default();
            missing.extend(positions.iter().map(|position| (*position, *id)));
        }
        missing.sort_unstable();
        let mut read = VecDeque::new();
        for (position, id) in missing {
            // What lies between them, such as what other logs have placed, is passed over.
            while read.front().is_some_and(|(at, _)| *at < position) {
                read.pop_front();
            }
            if read.is_empty() {
                read = storage
                    .entries(self.notebook, position, PENDING_BYTES_AIM)?
                    .into();
            }
            let Some((_, bytes)) = read.pop_front() else {
                continue;
            };
            let entry = Arc::new(self.parse_kept(bytes)?);
            if let Some(log) = self.logs.get_mut(&id) {
                log.pending.push_back(entry);
                self.arrivals.push_back(id);
            }
        }
        Ok(())
    }

    fn replay(
        &mut self,
        mut from: Position,
        storage: &dyn Storage,
    ) -> Result<(), OpenReplicaError> {
        loop {
            let read = storage.entries(self.notebook, from, READ_BYTES_AIM)?;
            let Some((last, _)) = read.last() else { break };
            from = last + 1;
            for (_, bytes) in read {
                let entry = self.parse_kept(bytes)?;
                self.keep_again(entry, storage)?;
            }
            self.unsaved
                .retain(|write| !matches!(write, Write::Append(_)));
            self.committed_position = self.next_position;
            self.advance(storage)?;
        }
        self.advance(storage)?;
        Ok(())
    }

    /// Returns the incarnation in which this device wrote last, where it may go on in it.
    fn own_log_to_go_on(&self) -> Option<Incarnation> {
        let own = self.device.id();
        self.logs
            .iter()
            .filter(|(id, _)| id.log.device == own && id.number == 0)
            .filter(|(id, _)| self.may_go_on_in(&id.log))
            .max_by_key(|(_, log)| log.positions().last().copied())
            .map(|(id, _)| id.log.incarnation)
    }

    /// Puts an entry of the stream where it belongs, as when it arrived.
    fn keep_again(
        &mut self,
        entry: RawEntry,
        storage: &dyn Storage,
    ) -> Result<(), OpenReplicaError> {
        let log = entry.header().log;
        let mut place = self.place_of(&entry, true);
        if place == Place::Unclear {
            self.recall_hashes(&log, storage)?;
            place = self.place_of(&entry, true);
        }
        let id = match place {
            Place::Extends(id) => Some(id),
            Place::Leaves(from, at) => Some(self.begin_branch(from, at, entry.header().previous)),
            Place::Known | Place::Gap | Place::Unclear => None,
        };
        match id {
            Some(id) => self.keep_entry(id, Arc::new(entry)),
            // Nothing that is kept looks like this; it keeps its position, and nothing comes of it.
            None => {
                self.unsaved.push(Write::Append(entry.as_bytes().to_vec()));
                self.remember(Arc::new(entry));
            }
        }
        Ok(())
    }

    fn parse_kept(&self, bytes: Vec<u8>) -> Result<RawEntry, OpenReplicaError> {
        RawEntry::parse_any(bytes).map_err(|error: EntryError| OpenReplicaError::Damaged {
            notebook: self.notebook,
            reason: error.to_string(),
        })
    }

    /// Adds an entry of this device's own to the control entries.
    pub(super) fn append_control(&mut self, entry: ControlEntry) -> Result<(), ControlError> {
        // What this device keeps, it must be able to read again.
        let entry = ControlEntry::parse(entry.as_bytes())?;
        self.ingest_control(entry).map(drop)
    }
}

pub(crate) fn open_controls(
    notebook: NotebookId,
    storage: &dyn Storage,
) -> Result<ControlSet, OpenReplicaError> {
    let damaged = |reason: String| OpenReplicaError::Damaged { notebook, reason };
    let mut entries = Vec::new();
    for (_, value) in storage.scan(notebook, Space::Control)? {
        entries.push(ControlEntry::parse(&value).map_err(|error| damaged(error.to_string()))?);
    }
    let create = entries
        .iter()
        .position(|entry| {
            matches!(entry.kind, ControlKind::Create { .. }) && entry.notebook_id() == notebook
        })
        .ok_or(OpenReplicaError::NoCreate(notebook))?;
    let create = entries.swap_remove(create);
    ControlSet::restore(create, entries).map_err(|error| damaged(error.to_string()))
}
