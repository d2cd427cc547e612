//! Files that somebody waits for: pieces asked of whoever is linked, checked, and put on the disk.
//!
//! A file is asked for while somebody says that they want it, and no longer. What came of it stays, so that it goes on where
//! it broke off. A piece is kept only where it is the one that the root names, whoever sent it; whoever sent another one is
//! not asked for this file again.

use std::collections::BTreeMap;

use super::Engine;
use super::connections::Connection;
use super::files::{FileError, FileRef};
use crate::file::{FileHashes, HeldFile, LIST, Piece};
use crate::ids::{DeviceId, FileRoot, NotebookId};
use crate::limits::{
    FILE_LACKED_MS, FILE_PIECE_MS_MAX, FILE_WANTED_MS, FILE_WANTS_AT_ONCE, FILES_FETCHED_MAX,
};
use crate::storage::{Storage, StorageError};
use crate::sync::FileEvent;

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

/// All files that somebody waits for.
#[derive(Debug, Default)]
pub(super) struct Fetches(BTreeMap<(NotebookId, FileRoot), Fetch>);

/// What a peer said last of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    LackedAt(u64),
    Wrong,
}

#[derive(Debug)]
struct Fetch {
    held: HeldFile,
    hashes: Option<FileHashes>,
    /// Pieces that are on their way: from whom, and since when.
    asked: BTreeMap<Piece, (DeviceId, u64)>,
    peers: BTreeMap<DeviceId, Said>,
    /// Pieces that came and are not on the disk.
    arrived: BTreeMap<Piece, Vec<u8>>,
    /// Why the disk did not take the last ones.
    failed: Option<StorageError>,
    /// Before this one all chunks are here.
    from: Piece,
    wanted_ms: u64,
}

impl Fetch {
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

    fn progress(&self) -> FileProgress {
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
    fn keep(&mut self, notebook: NotebookId, root: FileRoot, storage: &mut dyn Storage) {
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
            Ok(()) => self.held = held,
            Err(error) => {
                if !self.held.has(LIST) {
                    self.hashes = None;
                }
                self.failed = Some(error);
            }
        }
    }
}

impl Engine {
    /// Says that somebody waits for a file, and how far it is. It is asked for until that was not said for
    /// [`FILE_WANTED_MS`].
    ///
    /// # Errors
    /// [`FileError`]: it is none, too many are fetched, or the disk did not take what came.
    pub fn want_file(
        &mut self,
        notebook: NotebookId,
        file: &FileRef,
        now_ms: u64,
        storage: &dyn Storage,
    ) -> Result<FileProgress, FileError> {
        let key = (notebook, file.root);
        if let Some(fetch) = self.fetches.0.get_mut(&key) {
            fetch.wanted_ms = now_ms;
            if let Some(error) = fetch.failed.take() {
                return Err(error.into());
            }
        } else {
            let (held, hashes) = load(notebook, file, now_ms, storage)?;
            if held.is_whole() {
                return Ok(FileProgress {
                    here: held.here(),
                    pieces: held.pieces(),
                    ..FileProgress::default()
                });
            }
            if self.fetches.0.len() >= FILES_FETCHED_MAX {
                return Err(FileError::TooMany);
            }
            let fetch = Fetch {
                held,
                hashes,
                asked: BTreeMap::new(),
                peers: BTreeMap::new(),
                arrived: BTreeMap::new(),
                failed: None,
                from: 1,
                wanted_ms: now_ms,
            };
            self.fetches.0.insert(key, fetch);
        }
        self.ask_for_pieces(now_ms);
        let fetch = self.fetches.0.get(&key);
        Ok(fetch.map(Fetch::progress).unwrap_or_default())
    }

    /// Forgets that a file is waited for.
    pub(super) fn forget_fetch(&mut self, notebook: NotebookId, root: FileRoot) {
        self.fetches.0.remove(&(notebook, root));
    }

    /// Forgets what was waited for of a notebook.
    pub(super) fn forget_fetches_of(&mut self, notebook: NotebookId) {
        self.fetches.0.retain(|(of, _), _| *of != notebook);
    }

    /// Says whether a file is waited for.
    pub(super) fn is_fetched(&self, notebook: NotebookId, root: FileRoot) -> bool {
        self.fetches.0.contains_key(&(notebook, root))
    }

    pub(super) fn hear_files(&mut self, peer: DeviceId, events: Vec<FileEvent>, now_ms: u64) {
        for event in events {
            match event {
                FileEvent::Arrived(notebook, root, piece, bytes) => {
                    if let Some(fetch) = self.fetches.0.get_mut(&(notebook, root)) {
                        fetch.take(peer, root, piece, bytes);
                    }
                }
                FileEvent::Lacked(notebook, root, piece) => {
                    let Some(fetch) = self.fetches.0.get_mut(&(notebook, root)) else {
                        continue;
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
            }
        }
    }

    /// Puts pieces that came on the disk, and asks for the next ones.
    pub(super) fn keep_pieces(&mut self, storage: &mut dyn Storage, now_ms: u64) {
        if self.fetches.0.is_empty() {
            return;
        }
        for ((notebook, root), fetch) in &mut self.fetches.0 {
            fetch.keep(*notebook, *root, storage);
        }
        self.fetches.0.retain(|_, fetch| !fetch.held.is_whole());
        self.ask_for_pieces(now_ms);
    }

    fn ask_for_pieces(&mut self, now_ms: u64) {
        self.fetches
            .0
            .retain(|_, fetch| now_ms.abs_diff(fetch.wanted_ms) <= FILE_WANTED_MS);
        let linked: Vec<DeviceId> = self.sessions().map(|(_, session)| session.peer()).collect();
        let mut on_their_way: BTreeMap<DeviceId, usize> = BTreeMap::new();
        for fetch in self.fetches.0.values_mut() {
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
        for connection in self.connections.values_mut() {
            let Connection::Sync {
                session,
                parting: None,
                ..
            } = connection
            else {
                continue;
            };
            let peer = session.peer();
            let under_way = on_their_way.entry(peer).or_default();
            for ((notebook, root), fetch) in &mut self.fetches.0 {
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

/// Reads what is here of a file, and its hashes where they are.
fn load(
    notebook: NotebookId,
    file: &FileRef,
    now_ms: u64,
    storage: &dyn Storage,
) -> Result<(HeldFile, Option<FileHashes>), FileError> {
    let awaited = || HeldFile::awaited(file.root, file.bytes, now_ms);
    let mut held = match HeldFile::load(storage, notebook, file.root) {
        Ok(held) => held.unwrap_or_else(awaited),
        // Its pieces are found again one by one.
        Err(StorageError::Damaged(_)) => awaited(),
        Err(error) => return Err(error.into()),
    };
    if held.bytes() != file.bytes {
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
    let hashes = list.and_then(|list| FileHashes::check(list, file.root, file.bytes));
    if hashes.is_none() {
        held.note(LIST, false);
    }
    Ok((held, hashes))
}
