//! The mirrors of this device's notebooks: what they signed for, and where they were caught.
//!
//! Nothing that a mirror says gives it a right. What it signs for is remembered, so that two receipts of its
//! own prove where it lost what it had.

use std::collections::{BTreeMap, BTreeSet};

use super::checkpoints::UnsoundSegment;
use super::peers::has_same_controls;
use super::set_back::{SetBack, lacks_entries};
use super::{CloseReason, DecideError, Effect, Engine, FileAtMirror, PeerRecord};
use crate::checkpoint::CheckpointStanding;
use crate::codec::{DecodeError, Reader, Writer};
use crate::control::{ControlEntry, ControlKind};
use crate::crypto::VerifyKey;
use crate::frontier::SignedFrontier;
use crate::identity::MirrorCard;
use crate::ids::{ControlHash, DeviceId, FileRoot, MirrorId, NotebookId, TransportId};
use crate::limits::SET_ASIDE_REASON_BYTES_MAX;
use crate::mirror::{MirrorAnswer, MirrorMessage, MirrorTicket, Quota};
use crate::replica::OpenReplicaError;
use crate::storage::{Space, Storage, StorageError, Write};
use crate::sync::Session;

const VERSION: u8 = 1;

/// What is wrong with a mirror.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MirrorFault {
    /// It signed for entries and later for fewer: it was rolled back, or lost them.
    RolledBack,
    /// It sent what cannot be accepted, in words.
    Forged(String),
    /// It has no room for all of the notebook.
    Full(Quota),
    /// A segment of the checkpoint that it holds is unsound: which device made it, and what is wrong with it. That is no
    /// fault of the mirror's, which cannot open it.
    Unsound(DeviceId, String),
    /// It does not take the notebook.
    Refused(MirrorAnswer),
    /// It has no room for a file.
    FileFull(FileRoot, Quota),
}

/// What is known of a mirror of one notebook beside what it holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MirrorRecord {
    /// What it signed for last.
    pub receipt: Option<SignedFrontier>,
    /// Where it signed for less than before: both receipts, which prove it.
    pub rolled_back: Option<SetBack>,
    /// When it sent what cannot be accepted, and what that was.
    pub forged: Option<(u64, String)>,
    /// When it said that it has no room, how much it holds and may.
    pub full: Option<(u64, Quota)>,
    /// When it did not take the notebook, and why.
    pub refused: Option<(u64, MirrorAnswer)>,
}

impl MirrorRecord {
    fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.u8(VERSION);
        match &self.receipt {
            None => drop(writer.u8(0)),
            Some(receipt) => receipt.write(writer.u8(1)),
        }
        match &self.rolled_back {
            None => drop(writer.u8(0)),
            Some(set_back) => set_back.write(writer.u8(1)),
        }
        match &self.forged {
            None => writer.u8(0),
            Some((at_ms, what)) => writer.u8(1).u64(*at_ms).bytes(what.as_bytes()),
        };
        match &self.full {
            None => writer.u8(0),
            Some((at_ms, quota)) => writer
                .u8(1)
                .u64(*at_ms)
                .varint(quota.used_bytes)
                .varint(quota.max_bytes),
        };
        match &self.refused {
            None => writer.u8(0),
            Some((at_ms, answer)) => writer.u8(1).u64(*at_ms).u8(answer.code()),
        };
        writer.into_bytes()
    }

    fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        reader.known("record of a mirror", VERSION)?;
        let mut record = Self::default();
        if is_there(&mut reader)? {
            record.receipt = Some(SignedFrontier::read(&mut reader)?);
        }
        if is_there(&mut reader)? {
            record.rolled_back = Some(SetBack::read(&mut reader)?);
        }
        if is_there(&mut reader)? {
            let at_ms = reader.u64("time")?;
            let what = reader.text("reason", SET_ASIDE_REASON_BYTES_MAX)?;
            record.forged = Some((at_ms, what.to_owned()));
        }
        if is_there(&mut reader)? {
            let at_ms = reader.u64("time")?;
            let quota = Quota {
                used_bytes: reader.varint("bytes held")?,
                max_bytes: reader.varint("most bytes held")?,
            };
            record.full = Some((at_ms, quota));
        }
        if is_there(&mut reader)? {
            let at_ms = reader.u64("time")?;
            let answer = MirrorAnswer::from_code(reader.u8("answer of a mirror")?)?;
            record.refused = Some((at_ms, answer));
        }
        reader.finish()?;
        Ok(record)
    }
}

fn is_there(reader: &mut Reader<'_>) -> Result<bool, DecodeError> {
    match reader.u8("presence")? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(DecodeError::Invalid("presence")),
    }
}

/// Says whether a later receipt is for less than an earlier one of the same mirror. What a mirror holds only
/// grows, and so does its counter.
fn is_rolled_back(before: &SignedFrontier, after: &SignedFrontier) -> bool {
    after.counter < before.counter || lacks_entries(&before.frontier, &after.frontier)
}

/// How a mirror of one notebook stands, as far as it has been heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MirrorStatus {
    /// The mirror.
    pub mirror: MirrorId,
    /// What its owner calls it and where it is, where the sealed words can be opened.
    pub ticket: Option<MirrorTicket>,
    /// Who added it.
    pub added_by: Option<(crate::ids::PersonId, DeviceId)>,
    /// Whether a connection is open over which this notebook is synced.
    pub connected: bool,
    /// When it was last heard, in milliseconds since 1970 UTC; `None`: never.
    pub heard_ms: Option<u64>,
    /// Entries that are here and that it has not confirmed.
    pub behind: u64,
    /// Entries that it says it has and that are not here.
    pub ahead: u64,
    /// Whether its last receipt is for all that is here.
    pub holds_all: bool,
    /// What it said last of files that this device offered it.
    pub files: BTreeMap<FileRoot, FileAtMirror>,
    /// What else is known.
    pub record: MirrorRecord,
    /// Whether it has what it had once signed for and then no more.
    pub has_made_good: bool,
    /// How its checkpoint stands, as it said last since this device was started.
    pub checkpoint: Option<CheckpointStanding>,
    /// The segment of a checkpoint at it that was found to be unsound last.
    pub unsound: Option<UnsoundSegment>,
}

/// What is known of mirrors.
#[derive(Debug, Default)]
pub(super) struct Mirrors {
    records: BTreeMap<(NotebookId, MirrorId), MirrorRecord>,
    unsaved: BTreeSet<(NotebookId, MirrorId)>,
    /// The entry that removed a mirror, where the mirror showed that it has it.
    told: BTreeMap<(NotebookId, MirrorId), ControlHash>,
    unsaved_told: BTreeSet<(NotebookId, MirrorId)>,
}

/// What stands behind a mirror in the key under which the entry that removed it is kept.
const TOLD: u8 = 1;

impl Mirrors {
    fn change(&mut self, place: (NotebookId, MirrorId)) -> &mut MirrorRecord {
        self.unsaved.insert(place);
        self.records.entry(place).or_default()
    }

    fn note_told(&mut self, place: (NotebookId, MirrorId), removal: ControlHash) {
        if self.told.insert(place, removal) != Some(removal) {
            self.unsaved_told.insert(place);
        }
    }

    /// Forgets what is known of a notebook's mirrors.
    pub(super) fn forget(&mut self, notebook: NotebookId) {
        self.told.retain(|(of, _), _| *of != notebook);
        self.unsaved_told.retain(|(of, _)| *of != notebook);
        self.records.retain(|(of, _), _| *of != notebook);
        self.unsaved.retain(|(of, _)| *of != notebook);
    }
}

const fn mirror_of(peer: DeviceId) -> MirrorId {
    MirrorId::from_bytes(*peer.as_bytes())
}

impl Engine {
    /// Lets a mirror hold a notebook.
    ///
    /// # Errors
    /// [`DecideError`] where this person may not.
    pub fn add_mirror(
        &mut self,
        notebook: NotebookId,
        ticket: &MirrorTicket,
        storage: &mut dyn Storage,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<ControlHash, DecideError> {
        let mirror = ticket.card.id();
        let added = self.decide(notebook, storage, |replica| replica.add_mirror(ticket, rng))?;
        // Whatever it did before it was added is over.
        *self.mirrors.change((notebook, mirror)) = MirrorRecord::default();
        self.save_mirrors(storage)?;
        Ok(added)
    }

    /// Ends what a mirror holds of a notebook. It is told where it is linked.
    ///
    /// # Errors
    /// [`DecideError`] where this person may not, or it is none of the notebook's.
    pub fn remove_mirror(
        &mut self,
        notebook: NotebookId,
        mirror: MirrorId,
        storage: &mut dyn Storage,
    ) -> Result<ControlHash, DecideError> {
        self.decide(notebook, storage, |replica| replica.remove_mirror(mirror))
    }

    /// Says whether a peer is a mirror of any notebook here, or was.
    pub fn is_mirror(&self, peer: &DeviceId) -> bool {
        let mut replicas = self.replicas.values();
        replicas.any(|replica| replica.membership().mirror_of(peer).is_some())
            || self
                .mirrors
                .records
                .keys()
                .any(|(_, known)| known.as_peer() == *peer)
    }

    /// Returns the mirrors that were removed from notebooks for which they were heard here, with the entry that removed
    /// each and its card.
    fn removed_mirrors(
        &self,
    ) -> impl Iterator<Item = ((NotebookId, MirrorId), ControlHash, &MirrorCard)> {
        let known = self.mirrors.records.keys();
        known.filter_map(|place| {
            let (notebook, mirror) = place;
            self.peers.get(&(*notebook, mirror.as_peer()))?;
            let replica = self.replicas.get(notebook)?;
            if !self.apart.takes_part(replica) {
                return None;
            }
            let removal = replica.standing_of(&mirror.as_peer()).ending()?;
            let mut cards = replica
                .controls()
                .iter()
                .filter_map(|entry| match &entry.kind {
                    ControlKind::AddMirror { card } if card.id() == *mirror => Some(&**card),
                    _ => None,
                });
            Some((*place, removal, cards.next()?))
        })
    }

    /// Returns those of them that have not shown yet that they know of it: they are told when they are met.
    fn untold_mirrors(&self) -> impl Iterator<Item = (DeviceId, &MirrorCard)> {
        let removed = self.removed_mirrors();
        removed
            .filter(|(place, removal, _)| self.mirrors.told.get(place) != Some(removal))
            .map(|((_, mirror), _, card)| (mirror.as_peer(), card))
    }

    /// Returns the mirror that was removed and proves itself by a transport key.
    pub(super) fn former_mirror_at(&self, remote: &TransportId) -> Option<(DeviceId, VerifyKey)> {
        let mut removed = self.removed_mirrors();
        let found = removed.find(|(_, _, card)| card.transport == *remote);
        found.map(|(_, _, card)| (card.id().as_peer(), card.verify_key))
    }

    /// Notes that a peer showed that it has the entry that ended it in a notebook.
    pub(super) fn note_knows_end(
        &mut self,
        peer: DeviceId,
        notebook: NotebookId,
        ending: ControlHash,
    ) {
        let place = (notebook, mirror_of(peer));
        if self.mirrors.records.contains_key(&place) {
            self.mirrors.note_told(place, ending);
        }
    }

    /// Notes that a mirror has dropped whatever it was removed from: it takes this device for a stranger.
    pub fn mirror_knows_nobody(&mut self, peer: DeviceId) {
        let removed: Vec<_> = self
            .removed_mirrors()
            .filter(|((_, mirror), ..)| mirror.as_peer() == peer)
            .map(|(place, removal, _)| (place, removal))
            .collect();
        for (place, removal) in removed {
            self.mirrors.note_told(place, removal);
        }
    }

    /// Returns the mirror that proves itself by a transport key.
    pub(super) fn mirror_at(&self, remote: &TransportId) -> Option<(DeviceId, VerifyKey)> {
        self.replicas.values().find_map(|replica| {
            let mut mirrors = replica.membership().mirrors().values();
            let mirror = mirrors.find(|mirror| mirror.card.transport == *remote)?;
            Some((mirror.card.id().as_peer(), mirror.card.verify_key))
        })
    }

    /// Returns the mirrors of all notebooks that this device takes part in, with what is known of where each is.
    pub fn mirrors(&self) -> impl Iterator<Item = (NotebookId, MirrorId, Option<MirrorTicket>)> {
        self.replicas
            .iter()
            .filter(|(_, replica)| self.apart.takes_part(replica))
            .flat_map(|(notebook, replica)| {
                let mirrors = replica.membership().mirrors().keys();
                mirrors.map(|mirror| (*notebook, *mirror, replica.mirror_ticket(mirror)))
            })
    }

    /// Returns the mirrors of all notebooks that this device takes part in, with the keys that they prove, and those
    /// that do not know yet that they were removed.
    pub fn mirror_transports(&self) -> impl Iterator<Item = (DeviceId, TransportId)> {
        let replicas = self.replicas.values();
        let untold = self.untold_mirrors();
        replicas
            .filter(|replica| self.apart.takes_part(replica))
            .flat_map(|replica| replica.membership().mirrors().values())
            .map(|mirror| (mirror.card.id().as_peer(), mirror.card.transport))
            .chain(untold.map(|(peer, card)| (peer, card.transport)))
    }

    /// Returns the notebooks of a mirror that it has not said anything about on its connection: it does not hold
    /// them yet. Without a connection on which it has listed what it has, none.
    pub fn unheld_by(&self, mirror: MirrorId) -> Vec<NotebookId> {
        let peer = mirror.as_peer();
        let mut sessions = self.sessions().map(|(_, session)| session);
        let Some(session) = sessions.find(|session| session.peer() == peer) else {
            return Vec::new();
        };
        if !session.has_compared() {
            return Vec::new();
        }
        let notebooks = session.notebooks();
        notebooks
            .filter(|notebook| !session.has_heard_of(*notebook))
            .collect()
    }

    /// Returns the frames that ask a mirror to hold a notebook, on a connection with this exporter.
    pub fn ask_mirror(
        &self,
        notebook: NotebookId,
        mirror: MirrorId,
        exporter: &[u8; 32],
    ) -> Option<Vec<Vec<u8>>> {
        let replica = self.replicas.get(&notebook)?;
        let ticket = replica.mirror_ticket(&mirror)?;
        let controls = replica.controls().iter().map(ControlEntry::as_bytes);
        let asked = MirrorMessage::ask(notebook, &ticket.pass, exporter, controls);
        Some(asked.iter().map(MirrorMessage::to_bytes).collect())
    }

    /// Notes what a mirror answered when it was asked to hold a notebook.
    pub fn mirror_answered(
        &mut self,
        notebook: NotebookId,
        mirror: MirrorId,
        answer: MirrorAnswer,
        now_ms: u64,
    ) {
        let record = self.mirrors.change((notebook, mirror));
        let before = record.refused.take();
        if answer == MirrorAnswer::Taken {
            return;
        }
        record.refused = Some((now_ms, answer));
        if before.is_none_or(|(_, before)| before != answer) {
            let fault = MirrorFault::Refused(answer);
            self.effects
                .push_back(Effect::MirrorFault(notebook, mirror, fault));
        }
    }

    /// Returns how the mirrors of a notebook stand.
    pub fn mirror_statuses(&self, notebook: NotebookId) -> Vec<MirrorStatus> {
        let Some(replica) = self.replicas.get(&notebook) else {
            return Vec::new();
        };
        let mirrors = replica.membership().mirrors();
        let statuses = mirrors.iter().map(|(mirror, state)| {
            let peer = mirror.as_peer();
            let record = self.peers.get(&(notebook, peer));
            let (behind, ahead) = self.apart_from(replica, record);
            let mut sessions = self.sessions().map(|(_, session)| session);
            let session =
                sessions.find(|session| session.peer() == peer && session.is_live(notebook));
            let known = self.mirrors.records.get(&(notebook, *mirror));
            let known = known.cloned().unwrap_or_default();
            let heard = session.map(Session::heard_ms);
            let has_made_good = known.rolled_back.as_ref().is_some_and(|set_back| {
                let now = known.receipt.as_ref();
                now.is_some_and(|now| set_back.is_made_good_by(&now.frontier))
            });
            let (checkpoint, unsound) = self.checkpoints.status((notebook, *mirror));
            MirrorStatus {
                mirror: *mirror,
                ticket: replica.mirror_ticket(mirror),
                added_by: replica.controls().author(&state.entry),
                connected: session.is_some(),
                heard_ms: heard.max(record.map(|record| record.heard_ms)),
                behind,
                ahead,
                holds_all: record.is_some_and(|record| {
                    (behind, ahead) == (0, 0)
                        && has_same_controls(replica.frontier(), &record.frontier)
                }),
                files: self.files_at_mirror(notebook, *mirror),
                record: known,
                has_made_good,
                checkpoint,
                unsound,
            }
        });
        statuses.collect()
    }

    /// Says of each mirror of a notebook whether it is linked, has all that is here, and nothing else.
    pub(super) fn mirror_confirmations(&self, notebook: NotebookId) -> Vec<(DeviceId, bool)> {
        let statuses = self.mirror_statuses(notebook).into_iter();
        statuses
            .map(|status| {
                let peer = status.mirror.as_peer();
                let is_offered = self.is_offering_files(notebook, peer);
                (peer, status.connected && status.holds_all && !is_offered)
            })
            .collect()
    }

    /// Compares what a mirror signed for with what it had signed for before.
    pub(super) fn note_receipt(
        &mut self,
        notebook: NotebookId,
        peer: DeviceId,
        heard: &PeerRecord,
    ) {
        let Some(replica) = self.replicas.get(&notebook) else {
            return;
        };
        if replica.membership().mirror_of(&peer).is_none() {
            return;
        }
        let lacks_nothing = replica.frontier().beyond(&heard.frontier) == 0;
        let mirror = mirror_of(peer);
        let record = self.mirrors.change((notebook, mirror));
        record.refused = None;
        if lacks_nothing {
            record.full = None;
        }
        let Some(receipt) = &heard.signed else {
            return;
        };
        let before = record.receipt.replace(receipt.clone());
        if let Some(before) = before.filter(|before| is_rolled_back(before, receipt)) {
            record.rolled_back = Some(SetBack {
                at_ms: heard.heard_ms,
                before,
                after: receipt.clone(),
            });
            self.mirror_files.forget_kept((notebook, mirror));
            let fault = MirrorFault::RolledBack;
            self.effects
                .push_back(Effect::MirrorFault(notebook, mirror, fault));
        }
    }

    /// Notes that a mirror sent what cannot be accepted.
    pub(super) fn note_mirror_fault(
        &mut self,
        notebook: NotebookId,
        peer: DeviceId,
        what: &str,
        now_ms: u64,
    ) {
        let replica = self.replicas.get(&notebook);
        if replica.is_none_or(|replica| replica.membership().mirror_of(&peer).is_none()) {
            return;
        }
        let what: String = what.chars().take(SET_ASIDE_REASON_BYTES_MAX / 4).collect();
        let mirror = mirror_of(peer);
        self.mirrors.change((notebook, mirror)).forged = Some((now_ms, what.clone()));
        let fault = MirrorFault::Forged(what);
        self.effects
            .push_back(Effect::MirrorFault(notebook, mirror, fault));
    }

    /// Notes that a connection with a mirror ended since it broke the protocol's rules.
    pub(super) fn note_broken_session(
        &mut self,
        session: &Session,
        reason: &CloseReason,
        now_ms: u64,
    ) {
        if let CloseReason::Protocol(what) = reason
            && session.is_with_mirror()
        {
            for notebook in session.notebooks() {
                self.note_mirror_fault(notebook, session.peer(), what, now_ms);
            }
        }
    }

    /// Notes where a mirror said that it has no room.
    pub(super) fn hear_full(&mut self, session: &mut Session, now_ms: u64) {
        for notebook in session.take_full() {
            let Some(quota) = session.peer_full(notebook) else {
                continue;
            };
            if session.is_with_mirror() {
                let mirror = mirror_of(session.peer());
                self.mirrors.change((notebook, mirror)).full = Some((now_ms, quota));
                let fault = MirrorFault::Full(quota);
                self.effects
                    .push_back(Effect::MirrorFault(notebook, mirror, fault));
            }
        }
    }

    pub(super) fn load_mirrors(
        &mut self,
        notebook: NotebookId,
        storage: &dyn Storage,
    ) -> Result<(), OpenReplicaError> {
        for (key, value) in storage.scan(notebook, Space::Mirror)? {
            if let Some((mirror, [TOLD])) = key.split_first_chunk::<32>()
                && let Ok(removal) = <[u8; 32]>::try_from(value.as_slice())
            {
                let place = (notebook, MirrorId::from_bytes(*mirror));
                let removal = ControlHash::from_bytes(removal);
                self.mirrors.told.insert(place, removal);
                continue;
            }
            if self.load_file_at_mirror(notebook, &key, &value) {
                continue;
            }
            let Ok(mirror) = <[u8; 32]>::try_from(key) else {
                continue;
            };
            // A record of another version says nothing that the mirror will not say again.
            if let Ok(record) = MirrorRecord::parse(&value) {
                let place = (notebook, MirrorId::from_bytes(mirror));
                self.mirrors.records.insert(place, record);
            }
        }
        Ok(())
    }

    pub(super) fn save_mirrors(&mut self, storage: &mut dyn Storage) -> Result<(), StorageError> {
        while let Some(place) = self.mirrors.unsaved.first().copied() {
            if let Some(record) = self.mirrors.records.get(&place)
                && self.replicas.contains_key(&place.0)
            {
                let write = Write::Put {
                    space: Space::Mirror,
                    key: place.1.as_bytes().to_vec(),
                    value: record.to_bytes(),
                };
                storage.commit(place.0, &[write])?;
            }
            self.mirrors.unsaved.remove(&place);
        }
        while let Some(place) = self.mirrors.unsaved_told.first().copied() {
            if let Some(removal) = self.mirrors.told.get(&place)
                && self.replicas.contains_key(&place.0)
            {
                let write = Write::Put {
                    space: Space::Mirror,
                    key: [&place.1.as_bytes()[..], &[TOLD]].concat(),
                    value: removal.as_bytes().to_vec(),
                };
                storage.commit(place.0, &[write])?;
            }
            self.mirrors.unsaved_told.remove(&place);
        }
        self.save_files_at_mirrors(storage)
    }
}
