//! What is known of other devices' copies, kept across restarts: on whose word, and since when.

use std::sync::Arc;

use super::peer_record::{BundleWord, PeerRecord};
use super::set_back::SetBack;
use super::{Effect, Engine};
use crate::frontier::{Frontier, SignedFrontier};
use crate::ids::{DeviceId, LogId, NotebookId, PersonId, Seq};
use crate::replica::{OpenReplicaError, Replica};
use crate::storage::{Space, Storage, StorageError, Write};
use crate::sync::Session;

/// Notebooks of which it is kept at once what peers said: a commit each, some milliseconds together.
const PEERS_SAVED_AT_ONCE_MAX: usize = 16;

/// How a device stands to one notebook, as far as it has been heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerStatus {
    /// Whose device.
    pub person: PersonId,
    /// The device.
    pub device: DeviceId,
    /// Whether a connection is open over which this notebook is synced.
    pub connected: bool,
    /// When it was last heard on a connection, in milliseconds since 1970 UTC; `None`: never.
    pub heard_ms: Option<u64>,
    /// The bundle that told what it has, where that is newer than what was heard on a connection.
    pub bundle: Option<BundleWord>,
    /// Entries that are here and that it has not confirmed.
    pub behind: u64,
    /// Entries that it says it has and that are not here.
    pub ahead: u64,
    /// Why the notebook is not synced although a connection is open.
    pub stopped: Option<String>,
    /// What proves that it was set back to an older copy, where it was, and whether it has again what was gone.
    pub set_back: Option<(Box<SetBack>, bool)>,
}

/// Returns how many entries are here that a peer does not say it has. Of this device's own logs there is no
/// more than is here, and whoever claims more is believed nothing about that log.
fn behind(mine: &Frontier, theirs: &Frontier, own: DeviceId) -> u64 {
    let is_believed = |log: &LogId, seq: Seq| log.device != own || seq <= mine.seq(log);
    let mut logs = theirs.logs.iter();
    if logs.all(|(log, (seq, _))| is_believed(log, *seq)) {
        return mine.beyond(theirs);
    }
    let mut believed = theirs.clone();
    believed.logs.retain(|log, (seq, _)| is_believed(log, *seq));
    mine.beyond(&believed)
}

/// Says whether a device has the same control entries and keys, which are in no count of entries.
pub(super) fn has_same_controls(mine: &Frontier, theirs: &Frontier) -> bool {
    theirs.control_digest == mine.control_digest
}

/// What a device has said about a notebook, and on the how manieth connection of this run.
pub(super) type View = (NotebookId, DeviceId, PeerRecord, u64);

/// Returns what the peer of a session has said since this was last asked.
pub(super) fn views_of(session: &mut Session) -> Vec<View> {
    let heard_ms = session.heard_ms();
    session
        .take_views()
        .into_iter()
        .filter_map(|notebook| {
            let view = session.view(notebook)?;
            let record = PeerRecord {
                heard_ms,
                bundle: None,
                frontier: Arc::clone(&view.frontier),
                signed: view.signed.clone(),
                signed_after: 0,
                set_back: None,
            };
            Some((notebook, session.peer(), record, session.begun()))
        })
        .collect()
}

impl Engine {
    pub(super) fn load_peers(
        &mut self,
        notebook: NotebookId,
        storage: &dyn Storage,
    ) -> Result<(), OpenReplicaError> {
        for (key, value) in storage.scan(notebook, Space::Frontier)? {
            let Ok(device) = <[u8; 32]>::try_from(key) else {
                continue;
            };
            // A record that does not read is hearsay of an older version: it will be told anew.
            if let Ok(record) = PeerRecord::parse(&value) {
                self.peers
                    .insert((notebook, DeviceId::from_bytes(device)), record);
            }
        }
        Ok(())
    }

    /// Returns what a device said last about a notebook.
    pub fn peer(&self, notebook: NotebookId, device: DeviceId) -> Option<&PeerRecord> {
        self.peers.get(&(notebook, device))
    }

    /// Returns how every other device of a notebook stands.
    pub fn peer_statuses(&self, notebook: NotebookId) -> Vec<PeerStatus> {
        let Some(replica) = self.replicas.get(&notebook) else {
            return Vec::new();
        };
        let own = self.identity.device.id();
        let devices = replica.membership().devices().iter();
        devices
            .filter(|(device, _)| **device != own)
            .map(|(device, person)| self.peer_status(replica, *device, *person))
            .collect()
    }

    fn peer_status(&self, replica: &Replica, device: DeviceId, person: PersonId) -> PeerStatus {
        let notebook = replica.notebook();
        let sessions = || {
            let sessions = self.sessions().map(|(_, session)| session);
            sessions.filter(|session| session.peer() == device)
        };
        let session = sessions().find(|session| session.is_live(notebook));
        let stopped = sessions().find_map(|session| session.stopped(notebook));
        let record = self.peers.get(&(notebook, device));
        let (behind, ahead) = self.apart_from(replica, record);
        let set_back = record.and_then(|record| {
            let set_back = record.set_back.clone()?;
            let is_made_good = set_back.is_made_good_by(&record.frontier);
            Some((set_back, is_made_good))
        });
        PeerStatus {
            person,
            device,
            connected: session.is_some(),
            heard_ms: session
                .map(Session::heard_ms)
                .into_iter()
                .chain(record.map(|record| record.heard_ms))
                .filter(|heard_ms| *heard_ms > 0)
                .max(),
            bundle: record.and_then(|record| record.bundle),
            behind,
            ahead,
            stopped: stopped.map(ToString::to_string),
            set_back,
        }
    }

    /// Returns how many entries a device lacks of what is here, and how many are not here that it has.
    pub(super) fn apart_from(&self, replica: &Replica, record: Option<&PeerRecord>) -> (u64, u64) {
        let mine = replica.shared_frontier();
        let Some(theirs) = record.map(|record| &record.frontier) else {
            return (mine.beyond(&Frontier::default()), 0);
        };
        // So it is with all notebooks of which the peer said that it has the same.
        if Arc::ptr_eq(&mine, theirs) {
            return (0, 0);
        }
        let own = self.identity.device.id();
        (behind(&mine, theirs, own), theirs.beyond(&mine))
    }

    /// Says of every other device of a notebook with which it is exchanged whether it is linked, has all
    /// that is here, and nothing else.
    pub fn confirmations(&self, notebook: NotebookId) -> Vec<(DeviceId, bool)> {
        let Some(replica) = self.replicas.get(&notebook) else {
            return Vec::new();
        };
        let own = self.identity.device.id();
        let devices = replica.membership().devices().iter();
        devices
            .filter(|(device, person)| {
                **device != own && !self.apart.is_distrusted(notebook, **person)
            })
            .map(|(device, _)| {
                let record = self.peers.get(&(notebook, *device));
                let is_whole = record.is_some_and(|record| {
                    has_same_controls(replica.frontier(), &record.frontier)
                        && self.apart_from(replica, Some(record)) == (0, 0)
                });
                let mut sessions = self.sessions();
                let is_linked =
                    |session: &Session| session.peer() == *device && session.is_live(notebook);
                let is_whole = is_whole && sessions.any(|(_, session)| is_linked(session));
                (*device, is_whole)
            })
            .chain(self.mirror_confirmations(notebook))
            .collect()
    }

    /// Returns how many entries of this device no other device has confirmed.
    pub fn pending_out(&self, notebook: NotebookId) -> u64 {
        let own = self.identity.device.id();
        let Some(replica) = self.replicas.get(&notebook) else {
            return 0;
        };
        let mine = replica.frontier();
        mine.logs
            .iter()
            .filter(|(log, _)| log.device == own)
            .map(|(log, (seq, _))| {
                let confirmed = self
                    .peers
                    .range((notebook, DeviceId::ZERO)..)
                    .take_while(|((of, _), _)| *of == notebook)
                    .filter(|((_, device), _)| *device != own)
                    .map(|(_, record)| record.frontier.seq(log))
                    .filter(|confirmed| confirmed <= seq)
                    .map(Seq::get)
                    .max()
                    .unwrap_or(0);
                seq.get().saturating_sub(confirmed)
            })
            .fold(0, u64::saturating_add)
    }

    /// Takes over what a peer said in a session.
    pub(super) fn note_views(&mut self, session: &mut Session) {
        for view in views_of(session) {
            self.note_view(view);
        }
    }

    pub(super) fn note_view(&mut self, (notebook, device, mut record, begun): View) {
        self.note_receipt(notebook, device, &record);
        record.signed_after = self.begun;
        match self.peers.remove(&(notebook, device)) {
            Some(before) => record.follow(before, begun),
            None => self.met_somebody = true,
        }
        self.peers.insert((notebook, device), record);
        self.unsaved_peers.insert((notebook, device));
        self.effects.push_back(Effect::PeerHeard(notebook));
    }

    /// Takes over what a device signed for in a bundle, where that is more than is known of it; says whether
    /// it is. When the device was heard does not change by it.
    pub(super) fn note_bundle(
        &mut self,
        notebook: NotebookId,
        signed: SignedFrontier,
        bundle: BundleWord,
    ) -> bool {
        let Some(replica) = self.replicas.get(&notebook) else {
            return false;
        };
        let device = signed.device;
        let mut frontier = replica.known_of(&signed.frontier);
        let before = self.peers.get(&(notebook, device));
        if let Some(before) = before {
            let is_older = (before.signed.as_ref()).is_some_and(|it| it.counter > signed.counter);
            if is_older || frontier.beyond(&before.frontier) == 0 {
                return false;
            }
            for (log, tip) in &before.frontier.logs {
                if frontier.seq(log) < tip.0 {
                    frontier.set_tips(*log, before.frontier.tips(log).collect());
                }
            }
        }
        let record = PeerRecord {
            heard_ms: before.map_or(0, |before| before.heard_ms),
            bundle: Some(bundle),
            frontier: Arc::new(frontier),
            signed: Some(signed),
            signed_after: self.begun,
            set_back: before.and_then(|before| before.set_back.clone()),
        };
        self.peers.insert((notebook, device), record);
        self.unsaved_peers.insert((notebook, device));
        self.effects.push_back(Effect::PeerHeard(notebook));
        true
    }

    /// Takes whether a device was heard for the first time since the last call: that is to be kept at once,
    /// or a node that is killed says that it never was.
    pub const fn take_met_somebody(&mut self) -> bool {
        std::mem::replace(&mut self.met_somebody, false)
    }

    /// Notes when a session that ended was last heard.
    pub(super) fn note_heard(&mut self, session: &Session, _now_ms: u64) {
        for notebook in session.notebooks() {
            if let Some(record) = self.peers.get_mut(&(notebook, session.peer())) {
                record.heard_ms = record.heard_ms.max(session.heard_ms());
                self.unsaved_peers.insert((notebook, session.peer()));
            }
            self.effects.push_back(Effect::PeerHeard(notebook));
        }
    }

    /// Keeps what peers said, and when those that are linked were last heard, so that status tells it after a
    /// restart. The driver calls it before it ends.
    ///
    /// # Errors
    /// [`StorageError`] where the disk fails.
    pub fn save_peers(&mut self, storage: &mut dyn Storage) -> Result<(), StorageError> {
        let live: Vec<(NotebookId, DeviceId, u64)> = self
            .sessions()
            .flat_map(|(_, session)| {
                session
                    .notebooks()
                    .map(|notebook| (notebook, session.peer(), session.heard_ms()))
            })
            .collect();
        for (notebook, device, heard_ms) in live {
            if let Some(record) = self.peers.get_mut(&(notebook, device))
                && record.heard_ms < heard_ms
            {
                record.heard_ms = heard_ms;
                self.unsaved_peers.insert((notebook, device));
            }
        }
        while self.save_news_of_peers(storage)? {}
        self.save_mirrors(storage)
    }

    /// Keeps what peers said that is new, of some notebooks; says whether more is left. The driver calls it
    /// now and then: each notebook is a commit, and whoever types does not wait for hundreds of them. What is
    /// lost in between is told anew by the peer.
    ///
    /// # Errors
    /// [`StorageError`] where the disk fails.
    pub fn save_news_of_peers(&mut self, storage: &mut dyn Storage) -> Result<bool, StorageError> {
        for _ in 0..PEERS_SAVED_AT_ONCE_MAX {
            let Some((notebook, _)) = self.unsaved_peers.first().copied() else {
                self.save_mirrors(storage)?;
                return Ok(false);
            };
            let of_notebook = |place: &&(NotebookId, DeviceId)| place.0 == notebook;
            let devices = self.unsaved_peers.iter().take_while(of_notebook);
            let writes: Vec<Write> = devices
                .filter(|_| self.replicas.contains_key(&notebook))
                .filter_map(|place| {
                    Some(Write::Put {
                        space: Space::Frontier,
                        key: place.1.as_bytes().to_vec(),
                        value: self.peers.get(place)?.to_bytes(),
                    })
                })
                .collect();
            if !writes.is_empty() {
                storage.commit(notebook, &writes)?;
            }
            self.unsaved_peers.retain(|(of, _)| *of != notebook);
        }
        self.save_mirrors(storage)?;
        Ok(!self.unsaved_peers.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_without_the_newest_control_entry_has_not_confirmed() {
        let mine = Frontier::default();
        assert!(has_same_controls(&mine, &mine));
        let theirs = Frontier {
            control_digest: [1; 32],
            ..Frontier::default()
        };
        assert!(!has_same_controls(&mine, &theirs));
    }
}
