//! Files that are fetched, by a device for somebody who waits or by a mirror that was offered them: which pieces are asked
//! of whom, and what came.
//!
//! A piece is kept only where it is the one that the root names, whoever sent it; whoever sent another one is not asked for
//! this file again. What came stays on the disk, so that it goes on where it broke off.

use std::collections::{BTreeMap, BTreeSet};

use super::files::FileError;
use crate::file::{FileHashes, HeldFile, LIST, Piece};
use crate::ids::{DeviceId, FileRoot, NotebookId};
use crate::limits::{FILE_LACKED_MS, FILE_PIECE_MS_MAX, FILE_WANTS_AT_ONCE};
use crate::storage::{Storage, StorageError};
use crate::sync::{FileEvent, Session};

/// How far a file is that somebody waits for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileProgress {
    /// How many of its pieces are here.
    pub here: u32,
    /// How many it has.
    pub pieces: u32,
    /// Who is asked for a piece now.
    pub asked: Vec<DeviceId>,
    /// Who said that they lack it.
    pub lacking: Vec<DeviceId>,
    /// Who sent what is not of this file.
    pub wrong: Vec<DeviceId>,
}

impl FileProgress {
    /// Says whether all of it is here.
    pub const fn is_whole(&self) -> bool {
        self.here == self.pieces
    }
}

/// A file of a notebook.
pub(crate) type FilePlace = (NotebookId, FileRoot);

/// All files that are fetched.
#[derive(Debug, Default)]
pub(crate) struct Fetches(BTreeMap<FilePlace, Fetch>);

/// What a peer said last of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    LackedAt(u64),
    Wrong,
}

#[derive(Debug)]
pub(crate) struct Fetch {
    held: HeldFile,
    hashes: Option<FileHashes>,
    /// Pieces that are on their way: from whom, and since when.
    asked: BTreeMap<Piece, (DeviceId, u64)>,
    peers: BTreeMap<DeviceId, Said>,
    /// Who may be asked; nothing where anybody may.
    askable: Option<BTreeSet<DeviceId>>,
    /// Pieces that came and are not on the disk.
    arrived: BTreeMap<Piece, Vec<u8>>,
    /// Why the disk did not take the last ones.
    failed: Option<StorageError>,
    /// Before this one all chunks are here.
    from: Piece,
    wanted_ms: u64,
    /// When a piece of it came last, or it was begun.
    moved_ms: u64,
}

impl Fetch {
    /// Goes on with what is here of a file.
    ///
    /// # Errors
    /// [`FileError`] where its length is another than the one that its root names, or the disk fails.
    pub(crate) fn load(
        (notebook, root): FilePlace,
        bytes: u64,
        now_ms: u64,
        storage: &dyn Storage,
    ) -> Result<Self, FileError> {
        let awaited = || HeldFile::awaited(root, bytes, now_ms);
        let mut held = match HeldFile::load(storage, notebook, root) {
            Ok(held) => held.unwrap_or_else(awaited),
            // Its pieces are found again one by one.
            Err(StorageError::Damaged(_)) => awaited(),
            Err(error) => return Err(error.into()),
        };
        if held.bytes() != bytes {
            // The list that fits the root says how long the file is.
            if held.has(LIST) {
                return Err(FileError::NoFile);
            }
            held = awaited();
        }
        let list = match held.piece(storage, notebook, LIST) {
            Ok(list) => list,
            Err(StorageError::Damaged(_)) => None,
            Err(error) => return Err(error.into()),
        };
        let hashes = list.and_then(|list| FileHashes::check(list, root, bytes));
        if hashes.is_none() {
            held.note(LIST, false);
        }
        Ok(Self {
            held,
            hashes,
            asked: BTreeMap::new(),
            peers: BTreeMap::new(),
            askable: None,
            arrived: BTreeMap::new(),
            failed: None,
            from: 1,
            wanted_ms: now_ms,
            moved_ms: now_ms,
        })
    }

    /// Has only these devices asked.
    pub(crate) fn asking_only(mut self, askable: BTreeSet<DeviceId>) -> Self {
        self.askable = Some(askable);
        self
    }

    /// Has one more device asked, where not everybody is.
    pub(crate) fn ask_as_well(&mut self, device: DeviceId) {
        if let Some(askable) = &mut self.askable {
            askable.insert(device);
        }
    }

    pub(crate) fn is_whole(&self) -> bool {
        self.held.is_whole()
    }

    pub(crate) const fn moved_ms(&self) -> u64 {
        self.moved_ms
    }

    /// Notes that it is still waited for.
    pub(crate) const fn want(&mut self, now_ms: u64) {
        self.wanted_ms = now_ms;
    }

    /// Takes why the disk did not take what came last.
    pub(crate) const fn take_failed(&mut self) -> Option<StorageError> {
        self.failed.take()
    }

    fn next_missing(&mut self) -> Option<Piece> {
        if self.hashes.is_none() {
            return (!self.asked.contains_key(&LIST)).then_some(LIST);
        }
        while self.from < self.held.pieces() && self.held.has(self.from) {
            self.from += 1;
        }
        (self.from..self.held.pieces()).find(|piece| {
            !self.held.has(*piece)
                && !self.asked.contains_key(piece)
                && !self.arrived.contains_key(piece)
        })
    }

    fn may_ask(&self, device: DeviceId, now_ms: u64) -> bool {
        let is_askable = |askable: &BTreeSet<DeviceId>| askable.contains(&device);
        if !self.askable.as_ref().is_none_or(is_askable) {
            return false;
        }
        match self.peers.get(&device) {
            None => true,
            Some(Said::Wrong) => false,
            Some(Said::LackedAt(at_ms)) => now_ms.abs_diff(*at_ms) >= FILE_LACKED_MS,
        }
    }

    fn take(&mut self, peer: DeviceId, root: FileRoot, piece: Piece, bytes: Vec<u8>) {
        if self
            .asked
            .get(&piece)
            .is_some_and(|(device, _)| *device == peer)
        {
            self.asked.remove(&piece);
        }
        if self.held.has(piece) || self.arrived.contains_key(&piece) {
            return;
        }
        let is_it = if piece == LIST {
            let hashes = FileHashes::check(bytes.clone(), root, self.held.bytes());
            let is_it = hashes.is_some();
            self.hashes = self.hashes.take().or(hashes);
            is_it
        } else {
            match &self.hashes {
                Some(hashes) => hashes.is_piece(piece, &bytes),
                // Nobody was asked for it.
                None => return,
            }
        };
        if is_it {
            self.arrived.insert(piece, bytes);
        } else {
            self.peers.insert(peer, Said::Wrong);
        }
    }

    pub(crate) fn progress(&self) -> FileProgress {
        let said = |wanted: fn(&Said) -> bool| {
            let peers = self.peers.iter().filter(move |(_, said)| wanted(said));
            peers.map(|(device, _)| *device).collect()
        };
        let mut asked: Vec<DeviceId> = self.asked.values().map(|(device, _)| *device).collect();
        asked.sort_unstable();
        asked.dedup();
        FileProgress {
            here: self.held.here(),
            pieces: self.held.pieces(),
            asked,
            lacking: said(|said| matches!(said, Said::LackedAt(_))),
            wrong: said(|said| *said == Said::Wrong),
        }
    }

    /// Puts what came on the disk; what it does not take is asked for again once somebody still wants it.
    fn keep(&mut self, (notebook, root): FilePlace, now_ms: u64, storage: &mut dyn Storage) {
        let arrived = std::mem::take(&mut self.arrived);
        if arrived.is_empty() {
            return;
        }
        let mut held = self.held.clone();
        let mut writes = Vec::new();
        for (piece, bytes) in arrived {
            held.note(piece, true);
            writes.push(held.put(piece, bytes));
        }
        writes.push(held.put_record(root));
        match storage.commit(notebook, &writes) {
            Ok(()) => {
                self.held = held;
                self.moved_ms = now_ms;
            }
            Err(error) => {
                if !self.held.has(LIST) {
                    self.hashes = None;
                }
                self.failed = Some(error);
            }
        }
    }
}

impl Fetches {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn get(&self, place: &FilePlace) -> Option<&Fetch> {
        self.0.get(place)
    }

    pub(crate) fn get_mut(&mut self, place: &FilePlace) -> Option<&mut Fetch> {
        self.0.get_mut(place)
    }

    pub(crate) fn insert(&mut self, place: FilePlace, fetch: Fetch) {
        self.0.insert(place, fetch);
    }

    pub(crate) fn forget(&mut self, place: &FilePlace) {
        self.0.remove(place);
    }

    pub(crate) fn retain(&mut self, is_kept: impl Fn(&FilePlace, &Fetch) -> bool) {
        self.0.retain(|place, fetch| is_kept(place, fetch));
    }

    /// Forgets those of which nobody said for so long that they are waited for.
    pub(crate) fn forget_unwanted(&mut self, patience_ms: u64, now_ms: u64) {
        self.0
            .retain(|_, fetch| now_ms.abs_diff(fetch.wanted_ms) <= patience_ms);
    }

    /// Takes what a peer said of a piece.
    pub(crate) fn hear(&mut self, peer: DeviceId, event: FileEvent, now_ms: u64) {
        match event {
            FileEvent::Arrived(notebook, root, piece, bytes) => {
                if let Some(fetch) = self.0.get_mut(&(notebook, root)) {
                    fetch.take(peer, root, piece, bytes);
                }
            }
            FileEvent::Lacked(notebook, root, piece) => {
                let Some(fetch) = self.0.get_mut(&(notebook, root)) else {
                    return;
                };
                let asked = fetch.asked.get(&piece);
                if asked.is_some_and(|(device, _)| *device == peer) {
                    fetch.asked.remove(&piece);
                    let said = fetch.peers.entry(peer).or_insert(Said::LackedAt(now_ms));
                    if *said != Said::Wrong {
                        *said = Said::LackedAt(now_ms);
                    }
                }
            }
            FileEvent::Offered(..) | FileEvent::Answered(..) | FileEvent::LetGo(..) => {}
        }
    }

    /// Puts pieces that came on the disk; returns the files of which all is here now, which are fetched no more.
    pub(crate) fn keep(&mut self, storage: &mut dyn Storage, now_ms: u64) -> Vec<FilePlace> {
        for (place, fetch) in &mut self.0 {
            fetch.keep(*place, now_ms, storage);
        }
        let whole = self.0.iter().filter(|(_, fetch)| fetch.is_whole());
        let whole: Vec<FilePlace> = whole.map(|(place, _)| *place).collect();
        self.0.retain(|_, fetch| !fetch.is_whole());
        whole
    }

    /// Asks whoever is linked for the next pieces.
    pub(crate) fn ask(&mut self, sessions: Vec<&mut Session>, now_ms: u64) {
        let linked: Vec<DeviceId> = sessions.iter().map(|session| session.peer()).collect();
        let mut on_their_way: BTreeMap<DeviceId, usize> = BTreeMap::new();
        for fetch in self.0.values_mut() {
            let late = |at_ms: u64| now_ms.abs_diff(at_ms) > FILE_PIECE_MS_MAX;
            for (device, _) in fetch.asked.values().filter(|(_, at_ms)| late(*at_ms)) {
                fetch.peers.insert(*device, Said::LackedAt(now_ms));
            }
            fetch
                .asked
                .retain(|_, (device, at_ms)| linked.contains(device) && !late(*at_ms));
            for (device, _) in fetch.asked.values() {
                *on_their_way.entry(*device).or_default() += 1;
            }
        }
        for session in sessions.into_iter().filter(|session| session.reads_files()) {
            let peer = session.peer();
            let under_way = on_their_way.entry(peer).or_default();
            for ((notebook, root), fetch) in &mut self.0 {
                let is_open = fetch.failed.is_none() && session.is_live(*notebook);
                if !is_open || session.stopped(*notebook).is_some() {
                    continue;
                }
                while *under_way < FILE_WANTS_AT_ONCE && fetch.may_ask(peer, now_ms) {
                    let Some(piece) = fetch.next_missing() else {
                        break;
                    };
                    fetch.asked.insert(piece, (peer, now_ms));
                    session.ask_piece(*notebook, *root, piece);
                    *under_way += 1;
                }
            }
        }
    }
}
