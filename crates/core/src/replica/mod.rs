//! One notebook on one device: its control entries, keys, logs and documents.
//!
//! Invariants:
//! - What a replica holds is what its storage holds plus [`Replica::unsaved`]; whoever drives it
//!   commits those writes before anything that is about them leaves.
//! - An entry is applied whole or not at all, in the order of its log, and only after everything
//!   that it names is here. What is refused is kept, named, and never applied.
//! - Documents change through entries only.

mod adopt;
mod ahead;
mod apply;
mod base;
mod batch;
mod behind;
mod builders;
mod choice;
mod counting;
mod devices;
mod documents;
mod edit;
mod entries;
mod fork;
mod held;
mod ingest;
mod invite;
mod keys;
mod log;
mod marks;
mod members;
mod mirrors;
mod open;
mod opening;
mod packs;
mod people;
mod persist;
mod place;
mod presence;
mod rewrite;
mod segments;
mod settle;
mod standing;
mod state;
mod support;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, OnceLock};

pub use ahead::AheadRefused;
pub use base::{ArchiveError, LayBaseError};
pub use builders::Adopted;
pub use edit::{EditFailed, EditSession};
pub use ingest::{IngestError, Ingested, Proven};
pub use invite::{InviteError, NewInvite};
pub use log::SetAside;
pub use members::MemberError;
pub(crate) use open::open_controls;
pub use open::{CreateError, OpenReplicaError};
pub use packs::{Pack, PackRefused, Unpacked};
pub use people::{Profile, ProfileSource};
pub use rewrite::WriteAgainFailed;
pub(crate) use segments::{SegmentBase, SegmentCheck};
pub(crate) use standing::{Shown, Standings};
pub use standing::{Standing, TurnedAway};

use crate::control::{ControlSet, Membership};
use crate::document::DocumentSet;
use crate::document::{ChangeHash, DocumentId};
use crate::epoch::{EpochKeys, Wraps};
use crate::frontier::{Frontier, LogTip, SignedFrontier};
use crate::identity::DeviceSecrets;
use crate::ids::{ControlHash, DeviceId, EntryHash, EpochId, Incarnation, LogId, NotebookId, Seq};
use crate::limits::{LOGS_PER_DEVICE_MAX, RECENT_BYTES_MAX, RECENT_ENTRIES_MAX};
use crate::log::{RawEntry, notebook_tag};
use crate::storage::{Position, Write};

use base::BaseState;
use behind::Behind;
use documents::Uses;
use fork::Fork;
use held::Held;
use log::{BranchId, Log};
use packs::PackBase;

/// A change that reached the documents, for whoever watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedChange {
    /// The document.
    pub document: DocumentId,
    /// The change.
    pub hash: ChangeHash,
    /// What it was written on top of.
    pub deps: Vec<ChangeHash>,
    /// When its writer says it was written, in seconds since 1970 UTC.
    pub timestamp: i64,
}

impl AppliedChange {
    fn of(document: DocumentId, change: &crate::document::Change) -> Self {
        let facts = change.facts();
        Self {
            document,
            hash: facts.hash,
            deps: facts.deps.clone(),
            timestamp: facts.timestamp,
        }
    }
}

/// An entry that was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The log, and so the device that wrote it.
    pub log: LogId,
    /// The entry.
    pub entry: EntryHash,
    /// Its changes.
    pub changes: Vec<AppliedChange>,
}

/// One notebook on one device.
#[derive(Debug)]
pub struct Replica {
    notebook: NotebookId,
    device: Arc<DeviceSecrets>,
    controls: ControlSet,
    membership: Membership,
    /// How this device stands by it.
    standing: Standing,
    memberships: BTreeMap<Vec<ControlHash>, Arc<Membership>>,
    wraps: BTreeMap<EpochId, Wraps>,
    keys: EpochKeys,
    /// The branches of all logs.
    logs: BTreeMap<BranchId, Log>,
    /// The logs of which there is more than one branch.
    forks: BTreeMap<LogId, Fork>,
    /// What is kept and was not tried to be placed yet.
    behind: Behind,
    /// Documents that came ahead of their entries, and are shown until those are placed.
    shown: Option<ahead::Shown>,
    /// When documents were made ready to be sent ahead.
    made_ahead: ahead::MadeAhead,
    /// The order in which entries that are not applied yet arrived.
    arrivals: VecDeque<BranchId>,
    own: Option<Incarnation>,
    /// What it goes on from.
    base: BaseState,
    /// How many bases below a notebook this one is itself; none where it is none.
    base_depth: usize,
    documents: DocumentSet,
    dirty: BTreeSet<DocumentId>,
    uses: Uses,
    set_aside: BTreeMap<EntryHash, SetAside>,
    /// The entries that are kept and not applied.
    held: Held,
    /// Other entries count than those that are applied, so all are to be placed anew.
    wants_rebuild: bool,
    /// Another branch of a forked log may count than did.
    wants_choice: bool,
    /// Whether keys came that entries may wait for.
    has_new_keys: bool,
    /// All were placed anew, and nobody was told yet.
    is_rebuilt: bool,
    /// The position that the next committed entry gets.
    next_position: Position,
    /// The position after the last entry that is on disk.
    committed_position: Position,
    /// The newest entries, so that pushing them reads no disk.
    recent: VecDeque<(Position, Arc<RawEntry>)>,
    recent_bytes: usize,
    unsaved: Vec<Write>,
    applied: Vec<Applied>,
    frontier: OnceLock<(Arc<Frontier>, [u8; 32])>,
    /// Who is a member was found out anew, and nobody was told yet.
    has_new_members: bool,
    entries_since_snapshot: u64,
    stale_copy: bool,
    /// The last entries of logs that this home wrote until it noticed that another copy of it wrote on.
    written: Vec<(LogId, LogTip)>,
    /// The entries that were written again, each with those that stand for it.
    rewritten: BTreeMap<EntryHash, BTreeSet<EntryHash>>,
    /// Entries that could not be written again while this runs.
    unwritable: BTreeSet<EntryHash>,
    is_on_disk: bool,
    /// Whether saved documents may be read: not where they were found damaged, all are open then.
    use_saved: bool,
    /// The packs that are on disk; `None` until somebody asks for one.
    packs: OnceLock<PackBase>,
    /// Up to where it was found that what came does not fill another pack.
    packs_sought_to: Position,
    /// How many entries go into a pack.
    pack_entries: u64,
}

impl Replica {
    /// Returns the notebook.
    pub const fn notebook(&self) -> NotebookId {
        self.notebook
    }

    /// Returns the control entries.
    pub const fn controls(&self) -> &ControlSet {
        &self.controls
    }

    /// Returns the resolved membership.
    pub const fn membership(&self) -> &Membership {
        &self.membership
    }

    /// Returns the epoch keys that are here.
    pub const fn keys(&self) -> &EpochKeys {
        &self.keys
    }

    /// Returns the wraps of each epoch's key.
    pub const fn wraps(&self) -> &BTreeMap<EpochId, Wraps> {
        &self.wraps
    }

    /// Returns the open documents.
    pub const fn documents(&self) -> &DocumentSet {
        &self.documents
    }

    /// Gets ready for another change of the document that changed last: see [`DocumentSet::prepare`].
    pub fn prepare(&mut self) {
        self.documents.prepare();
    }

    /// Drops what [`Replica::prepare`] made.
    pub fn unprepare(&mut self) {
        self.documents.unprepare();
    }

    /// Returns the entries that are kept but do not count.
    pub const fn set_aside(&self) -> &BTreeMap<EntryHash, SetAside> {
        &self.set_aside
    }

    /// Returns the position that the next committed entry gets: how many entries were committed.
    pub const fn next_position(&self) -> Position {
        self.next_position
    }

    /// Returns a recent entry by its position, where it is still in memory.
    pub fn recent(&self, position: Position) -> Option<Arc<RawEntry>> {
        let first = self.recent.front()?.0;
        let place = usize::try_from(position.checked_sub(first)?).ok()?;
        self.recent.get(place).map(|(_, entry)| Arc::clone(entry))
    }

    /// Returns the logs with the place of the last entry of each; a forked one once for each branch.
    pub fn tips(&self) -> impl Iterator<Item = (LogId, Seq)> {
        self.logs.iter().map(|(id, log)| (id.log, log.tip_seq()))
    }

    /// Returns the first position at which a peer with `theirs` lacks an entry, or `None` where it
    /// lacks none.
    pub fn first_missing(&self, theirs: &Frontier) -> Option<Position> {
        // The entries of forked logs go by another way: a place says too little about them.
        self.logs
            .iter()
            .filter(|(id, _)| self.forks.is_empty() || !self.is_forked(&id.log))
            .filter_map(|(id, log)| log.position_after(theirs.seq(&id.log)))
            .min()
    }

    /// Returns how many entries wait for something that is not here.
    pub fn waiting(&self) -> usize {
        self.logs.values().map(|log| self.waiting_of(log)).sum()
    }

    /// Says whether a log is here up to `seq` and shown as far as what is here allows. An entry whose
    /// key is missing may still be opened and is waited for; one that names changes which are not
    /// here may wait for ever, so it holds nobody up.
    pub fn is_shown_to(&self, id: &LogId, seq: Seq) -> bool {
        let is_shown =
            |log: &Log| log.settled >= seq || (log.tip_seq() >= seq && !log.missing.is_empty());
        let is_refused = matches!(self.base, BaseState::Refused(_));
        seq == Seq::NONE || is_refused || self.branches(id).any(|(_, log)| is_shown(log))
    }

    /// Returns what this device has; found out once, until something arrives.
    pub fn frontier(&self) -> &Frontier {
        &self.frontier_with_digest().0
    }

    /// Returns what this device has, to be kept without copying it.
    pub fn shared_frontier(&self) -> Arc<Frontier> {
        Arc::clone(&self.frontier_with_digest().0)
    }

    /// Returns the digest of what this device has.
    pub fn frontier_digest(&self) -> [u8; 32] {
        self.frontier_with_digest().1
    }

    fn frontier_with_digest(&self) -> &(Arc<Frontier>, [u8; 32]) {
        self.frontier.get_or_init(|| {
            let logs = &self.logs;
            let trunks = logs.iter().filter(|(id, _)| id.number == 0);
            let mut frontier = Frontier {
                logs: trunks.map(|(id, log)| (id.log, log.tip())).collect(),
                branches: BTreeMap::new(),
                control_heads: self.controls.heads_to_name(),
                control_digest: control_digest(&self.controls, self.wraps.keys()),
            };
            for forked in self.forks.keys() {
                let branches = logs.iter().filter(|(id, _)| id.log == *forked);
                frontier.set_tips(*forked, branches.map(|(_, log)| log.tip()).collect());
            }
            let digest = frontier.digest();
            (Arc::new(frontier), digest)
        })
    }

    /// Signs what this device has. Only what is committed may be signed for: the caller calls this
    /// with nothing unsaved.
    pub fn sign_frontier(&self) -> SignedFrontier {
        let counter = self.next_position + self.controls.len() as u64;
        let frontier = self.frontier().clone();
        SignedFrontier::sign(self.notebook, counter, frontier, &self.device)
    }

    /// Says whether something is not committed yet.
    pub fn has_unsaved(&self) -> bool {
        !self.unsaved.is_empty()
    }

    /// Returns the writes that are not committed yet.
    pub fn unsaved(&self) -> &[Write] {
        &self.unsaved
    }

    /// Notes that all unsaved writes are on disk now.
    pub fn saved(&mut self) {
        self.unsaved.clear();
        self.committed_position = self.next_position;
        self.is_on_disk = true;
    }

    /// Says whether anything of the notebook was ever committed.
    pub const fn is_on_disk(&self) -> bool {
        self.is_on_disk
    }

    /// Returns the position after the last entry that is on disk: only what lies before it leaves.
    pub const fn committed_position(&self) -> Position {
        self.committed_position
    }

    /// Adds writes of the caller's own to the next commit, so that they are kept together with it.
    pub fn keep_with_next_commit(&mut self, writes: impl IntoIterator<Item = Write>) {
        self.unsaved.extend(writes);
    }

    /// Takes what was applied since the last call.
    pub fn take_applied(&mut self) -> Vec<Applied> {
        std::mem::take(&mut self.applied)
    }

    /// Returns the membership as of some control heads.
    pub(crate) fn membership_at(&mut self, heads: &[ControlHash]) -> Arc<Membership> {
        /// Content names few different heads; more than these are hostile and are resolved anew.
        const MEMBERSHIPS_MAX: usize = 256;
        if let Some(known) = self.memberships.get(heads) {
            return Arc::clone(known);
        }
        let resolved = Membership::known_at(&self.controls, heads);
        if self.memberships.len() >= MEMBERSHIPS_MAX {
            self.memberships.clear();
        }
        self.memberships
            .insert(heads.to_vec(), Arc::clone(&resolved));
        resolved
    }

    /// Returns the log that this device writes, if it has written.
    pub fn own_log(&self) -> Option<LogId> {
        self.own.map(|incarnation| LogId {
            device: self.device.id(),
            incarnation,
        })
    }

    /// Returns the device that this replica belongs to.
    pub fn own_device(&self) -> DeviceId {
        self.device.id()
    }

    /// Says whether an entry came that this device signed and that was not written here: the proof
    /// of a copied home or a restored snapshot. Nothing is written then, since it would fork the log.
    pub const fn is_stale_copy(&self) -> bool {
        self.stale_copy
    }

    /// Returns the part of a frontier that names logs of devices which are known here, no more of each
    /// than a device may have.
    pub fn known_of(&self, frontier: &Frontier) -> Frontier {
        known_of(&self.controls, frontier, |log| self.trunk(log).is_some())
    }

    /// Notes, for good, that another copy of this device has written, and how far this one had.
    pub(crate) fn mark_stale_copy(&mut self) {
        if self.stale_copy {
            return;
        }
        self.stale_copy = true;
        let own = self.device.id();
        self.written = self
            .logs
            .iter()
            .filter(|(id, _)| id.log.device == own && id.number == 0)
            .map(|(id, log)| (id.log, log.tip()))
            .collect();
        self.unsaved.push(persist::stale_copy(own, &self.written));
    }

    fn remember(&mut self, entry: Arc<RawEntry>) {
        self.recent_bytes += entry.as_bytes().len();
        self.recent.push_back((self.next_position, entry));
        while self.recent.len() > RECENT_ENTRIES_MAX || self.recent_bytes > RECENT_BYTES_MAX {
            let Some((_, oldest)) = self.recent.pop_front() else {
                break;
            };
            self.recent_bytes = self.recent_bytes.saturating_sub(oldest.as_bytes().len());
        }
        self.next_position += 1;
        self.entries_since_snapshot += 1;
        self.frontier = OnceLock::new();
    }

    /// Says whether who is a member was found out anew since the last call.
    pub(crate) const fn take_new_members(&mut self) -> bool {
        std::mem::replace(&mut self.has_new_members, false)
    }

    fn resolve(&mut self) {
        self.has_new_members = true;
        self.membership = Membership::resolve(&self.controls);
        self.standing = self.standing_of(&self.device.id());
        self.frontier = OnceLock::new();
        self.recount();
        // It was judged by other control entries.
        self.shown = None;
        // The newest first: it leads to those that it supersedes, and opening a wrap costs far more
        // than following.
        let mut epochs: Vec<EpochId> = self.wraps.keys().copied().collect();
        epochs.sort_by_key(|epoch| std::cmp::Reverse(self.controls.level(&epoch.rekey())));
        for epoch in epochs {
            if let Some(wraps) = self.wraps.get(&epoch)
                && self.membership.is_epoch(&epoch)
            {
                self.has_new_keys |= self.keys.learn(&self.controls, &self.device, wraps);
            }
        }
        self.has_new_keys |= self.keys.learn_grants(&self.controls, &self.device);
    }

    /// Returns the tag under which the notebook's entries travel.
    pub fn tag(&self) -> crate::ids::NotebookTag {
        notebook_tag(self.notebook)
    }
}

/// A digest over the control entries and the epochs whose wraps are here: where it is equal, the
/// peer lacks neither.
pub(crate) fn control_digest<'a>(
    controls: &ControlSet,
    epochs: impl Iterator<Item = &'a EpochId>,
) -> [u8; 32] {
    let set = controls.digest();
    let mut parts: Vec<&[u8]> = vec![&set];
    parts.extend(epochs.map(|epoch| &epoch.as_bytes()[..]));
    crate::crypto::digest("hearthside 2026-11 control digest", &parts)
}

/// Returns the part of a frontier that names logs which are here, or of devices which are known here, no more
/// of each than a device may have.
pub(crate) fn known_of(
    controls: &ControlSet,
    frontier: &Frontier,
    is_here: impl Fn(&LogId) -> bool,
) -> Frontier {
    let mut known = Frontier {
        control_heads: frontier.control_heads.clone(),
        control_digest: frontier.control_digest,
        ..Frontier::default()
    };
    let mut last = (None, 0);
    for log in frontier.logs.keys() {
        last = match last {
            (Some(device), count) if device == log.device => (Some(device), count + 1),
            _ => (Some(log.device), 1),
        };
        let is_known = last.1 <= LOGS_PER_DEVICE_MAX && controls.device(&log.device).is_some();
        if is_known || is_here(log) {
            known.set_tips(*log, frontier.tips(log).collect());
        }
    }
    known
}
