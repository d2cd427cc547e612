//! Files at a mirror: taken from those who may write, a piece at a time, kept sealed, given to members, and dropped once nothing
//! names them.
//!
//! Which files belong to a notebook a mirror cannot read. It takes one for which a device of a member who may write offers it,
//! by its root and length. These say what each piece has to be, so nothing else is kept under that root, whoever sends it;
//! whether the document names it is seen by whoever reads that. So what a mirror can do to a file is to keep it back.
//!
//! All that a file will take counts from the moment it is taken. Of a file no more is in memory than the hashes of its pieces
//! and the two that are on their way.

use std::collections::{BTreeMap, BTreeSet};

use super::engine::{Connection, Mirror, MirrorEffect};
use super::held::Held;
use super::notebook::MirroredNotebook;
use super::request::Quota;
use super::status::pushed_write;
use crate::engine::{Fetch, Fetches, FilePlace};
use crate::file::{HeldFile, chunks_of};
use crate::ids::{DeviceId, FileRoot, NotebookId};
use crate::limits::{
    FILE_PIECE_MS_MAX, FILE_UNNAMED_MS, FILES_FETCHED_MAX, MIRROR_FILES_MAX, MIRROR_WRITTEN_PART,
};
use crate::storage::{Space, Storage, StorageError, Write};
use crate::sync::{FileAnswer, FileEvent, Session};

/// What the files of one notebook take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct FilesHeld {
    /// Files of which all or a part is held.
    pub(super) count: usize,
    /// Bytes that they take once all of each is here.
    pub(super) bytes: u64,
}

impl FilesHeld {
    /// Adds up what the disk says.
    pub(super) fn load(notebook: NotebookId, storage: &dyn Storage) -> Result<Self, StorageError> {
        let mut held = Self::default();
        for (_, value) in storage.scan(notebook, Space::File)? {
            // One whose record does not read is offered again, and its pieces come anew.
            if let Ok(file) = HeldFile::decode(&value) {
                held.add(&file);
            }
        }
        Ok(held)
    }

    fn add(&mut self, file: &HeldFile) {
        self.count += 1;
        self.bytes = self.bytes.saturating_add(file.sealed_bytes());
    }

    fn remove(&mut self, file: &HeldFile) {
        self.count = self.count.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(file.sealed_bytes());
    }
}

/// Files that were taken and are on their way.
#[derive(Debug, Default)]
pub(super) struct IncomingFiles {
    fetches: Fetches,
    /// Who offered what is not here yet, with its length. Each connection offers a limited number at a time.
    offered: BTreeMap<FilePlace, (u64, BTreeSet<DeviceId>)>,
    /// Files that were let go and make room as soon as may be.
    in_the_way: BTreeSet<FilePlace>,
}

impl IncomingFiles {
    /// Forgets what is about a notebook.
    pub(super) fn forget(&mut self, notebook: NotebookId) {
        self.fetches.retain(|(of, _), _| *of != notebook);
        self.offered.retain(|(of, _), _| *of != notebook);
        self.in_the_way.retain(|(of, _)| *of != notebook);
    }

    fn drop_offer(&mut self, place: &FilePlace) {
        self.offered.remove(place);
        self.fetches.forget(place);
    }
}

impl Mirror {
    /// Takes what a device says about files.
    pub(super) fn hear_files(
        &mut self,
        session: &mut Session,
        now_ms: u64,
        storage: &mut dyn Storage,
    ) -> Result<(), StorageError> {
        let peer = session.peer();
        for event in session.take_file_events() {
            match event {
                FileEvent::Offered(notebook, root, bytes) => {
                    let answer = self.take_offer(peer, (notebook, root), bytes, now_ms, storage)?;
                    if let Some(answer) = answer {
                        session.answer_file(notebook, root, answer);
                    }
                }
                FileEvent::LetGo(notebook, root) => {
                    self.let_go(peer, (notebook, root), now_ms, storage)?;
                }
                // A mirror offers nothing.
                FileEvent::Answered(..) => {}
                event => self.files.fetches.hear(peer, event, now_ms),
            }
        }
        Ok(())
    }

    fn may_have_kept(&self, peer: DeviceId, notebook: NotebookId) -> bool {
        let held = self.notebooks.get(&notebook);
        held.is_some_and(|held| {
            let device = held.device(&peer);
            held.names_this_mirror() && device.is_some_and(|device| device.may_write)
        })
    }

    /// Answers an offer; one that is taken is answered once all of it is here.
    fn take_offer(
        &mut self,
        peer: DeviceId,
        place: FilePlace,
        bytes: u64,
        now_ms: u64,
        storage: &mut dyn Storage,
    ) -> Result<Option<FileAnswer>, StorageError> {
        let (notebook, root) = place;
        if !self.may_have_kept(peer, notebook) || chunks_of(bytes).is_none() {
            return Ok(Some(FileAnswer::Refused));
        }
        let known = match HeldFile::load(storage, notebook, root) {
            Err(StorageError::Damaged(_)) => None,
            known => known?,
        };
        // What was said of its length before nothing came may have been made up.
        let (known, made_up) = match known {
            Some(known) if known.bytes() != bytes && known.here() == 0 => (None, Some(known)),
            known => (known, None),
        };
        let mut writes = vec![pushed_write(now_ms)];
        if storage
            .get(notebook, Space::Pushed, root.as_bytes())?
            .is_some()
        {
            writes.push(keep_again(root));
        }
        self.files.in_the_way.remove(&place);
        let is_new = known.is_none();
        let file = match known {
            Some(known) if known.bytes() != bytes => return Ok(Some(FileAnswer::Refused)),
            Some(known) if known.is_whole() => {
                if writes.len() > 1 {
                    storage.commit(notebook, &writes)?;
                }
                return Ok(Some(FileAnswer::Kept));
            }
            Some(mut known) => {
                known.begin_at(now_ms);
                known
            }
            None => {
                let file = HeldFile::awaited(root, bytes, now_ms);
                if let Err(quota) = self.room_for(notebook, &file) {
                    self.make_way(notebook, storage)?;
                    self.effects.push_back(MirrorEffect::Full(notebook, quota));
                    return Ok(Some(FileAnswer::Full(quota)));
                }
                file
            }
        };
        writes.push(file.put_record(root));
        storage.commit(notebook, &writes)?;
        if is_new && let Some(held) = self.open_held(notebook) {
            if let Some(made_up) = &made_up {
                held.files.remove(made_up);
            }
            held.files.add(&file);
        }
        self.pushed_ms.insert(notebook, now_ms);
        let (_, devices) = self
            .files
            .offered
            .entry(place)
            .or_insert_with(|| (bytes, BTreeSet::new()));
        devices.insert(peer);
        if let Some(fetch) = self.files.fetches.get_mut(&place) {
            fetch.ask_as_well(peer);
        }
        Ok(None)
    }

    fn open_held(&mut self, notebook: NotebookId) -> Option<&mut MirroredNotebook> {
        self.notebooks.get_mut(&notebook).and_then(Held::open_mut)
    }

    /// Says whether there is room for a file that is new, or how much is held and may be.
    fn room_for(&mut self, notebook: NotebookId, file: &HeldFile) -> Result<(), Quota> {
        self.make_room(notebook);
        let Some(held) = self.open_held(notebook) else {
            return Err(self.quota());
        };
        let Quota {
            used_bytes,
            max_bytes,
        } = held.quota();
        // What is written goes on where files have taken all that they may.
        let max_bytes = max_bytes - max_bytes / MIRROR_WRITTEN_PART;
        let needed = used_bytes.saturating_add(file.sealed_bytes());
        if needed > max_bytes || held.files.count >= MIRROR_FILES_MAX {
            return Err(Quota {
                used_bytes,
                max_bytes,
            });
        }
        Ok(())
    }

    /// Has what was let go of a notebook dropped without waiting, since something else needs the room.
    fn make_way(
        &mut self,
        notebook: NotebookId,
        storage: &dyn Storage,
    ) -> Result<(), StorageError> {
        for (key, _) in storage.scan(notebook, Space::Pushed)? {
            if let Ok(root) = <[u8; 32]>::try_from(key) {
                let place = (notebook, FileRoot::from_bytes(root));
                self.files.in_the_way.insert(place);
            }
        }
        Ok(())
    }

    /// Notes that nothing names a file any more. It is kept for a while, since it may be brought back.
    fn let_go(
        &mut self,
        peer: DeviceId,
        place: FilePlace,
        now_ms: u64,
        storage: &mut dyn Storage,
    ) -> Result<(), StorageError> {
        let (notebook, root) = place;
        if !self.may_have_kept(peer, notebook) {
            return Ok(());
        }
        self.files.drop_offer(&place);
        let is_held = storage
            .get(notebook, Space::File, root.as_bytes())?
            .is_some();
        let is_let_go = storage.get(notebook, Space::Pushed, root.as_bytes())?;
        if is_held && is_let_go.is_none() {
            let let_go = Write::Put {
                space: Space::Pushed,
                key: root.as_bytes().to_vec(),
                value: now_ms.to_le_bytes().to_vec(),
            };
            storage.commit(notebook, &[let_go])?;
        }
        Ok(())
    }

    /// Puts pieces that came on the disk, says what is here whole, and asks for the next ones.
    pub(super) fn keep_files(&mut self, storage: &mut dyn Storage, now_ms: u64) {
        if self.files.offered.is_empty() {
            return;
        }
        for place in self.files.fetches.keep(storage, now_ms) {
            let Some((_, devices)) = self.files.offered.remove(&place) else {
                continue;
            };
            let (notebook, root) = place;
            self.pushed_ms.insert(notebook, now_ms);
            for connection in self.connections.values_mut() {
                if let Connection::Sync { session, .. } = connection
                    && devices.contains(&session.peer())
                {
                    session.answer_file(notebook, root, FileAnswer::Kept);
                }
            }
        }
        self.begin_fetches(storage, now_ms);
        let sessions = self
            .connections
            .values_mut()
            .filter_map(|connection| match connection {
                Connection::Sync {
                    session,
                    parting_ms: None,
                } => Some(&mut **session),
                _ => None,
            });
        self.files.fetches.ask(sessions.collect(), now_ms);
    }

    /// Begins to fetch what was taken, as far as there is room for more at a time; what whoever offered it does not send
    /// waits for them to come back.
    fn begin_fetches(&mut self, storage: &dyn Storage, now_ms: u64) {
        let linked: BTreeSet<DeviceId> = self.peers().collect();
        let IncomingFiles {
            fetches, offered, ..
        } = &mut self.files;
        let is_stuck = |fetch: &Fetch| now_ms.saturating_sub(fetch.moved_ms()) > FILE_PIECE_MS_MAX;
        offered.retain(|place, (_, devices)| {
            devices.retain(|device| linked.contains(device));
            !devices.is_empty() && !fetches.get(place).is_some_and(is_stuck)
        });
        fetches.retain(|place, _| offered.contains_key(place));
        for (place, (bytes, devices)) in offered.iter() {
            if fetches.len() >= FILES_FETCHED_MAX {
                break;
            }
            if fetches.get(place).is_some() {
                continue;
            }
            // What does not load now may at the next look.
            if let Ok(fetch) = Fetch::load(*place, *bytes, now_ms, storage) {
                fetches.insert(*place, fetch.asking_only(devices.clone()));
            }
        }
    }

    /// Drops some of what was let go for long, or is in the way, and of what never came whole; returns whether there is more.
    ///
    /// # Errors
    /// [`StorageError`] where the disk fails; it goes on with the next call.
    pub fn drop_files(
        &mut self,
        now_ms: u64,
        storage: &mut dyn Storage,
    ) -> Result<bool, StorageError> {
        let with_files = self.notebooks.iter();
        let with_files: Vec<NotebookId> = with_files
            .filter(|(_, held)| held.files().count > 0)
            .map(|(notebook, _)| *notebook)
            .collect();
        for notebook in with_files {
            for (key, value) in storage.scan(notebook, Space::File)? {
                let (Ok(root), Ok(file)) = (
                    <[u8; 32]>::try_from(key.as_slice()),
                    HeldFile::decode(&value),
                ) else {
                    continue;
                };
                let place = (notebook, FileRoot::from_bytes(root));
                if self.is_over(place, &file, now_ms, storage)? {
                    self.drop_file(place, file, storage)?;
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn is_over(
        &self,
        place: FilePlace,
        file: &HeldFile,
        now_ms: u64,
        storage: &dyn Storage,
    ) -> Result<bool, StorageError> {
        if self.files.offered.contains_key(&place) {
            return Ok(false);
        }
        let is_old = |since_ms: u64| now_ms.saturating_sub(since_ms) > FILE_UNNAMED_MS;
        let let_go = storage.get(place.0, Space::Pushed, place.1.as_bytes())?;
        Ok(match let_go.and_then(|bytes| bytes.try_into().ok()) {
            Some(since) => {
                self.files.in_the_way.contains(&place) || is_old(u64::from_le_bytes(since))
            }
            None => !file.is_whole() && is_old(file.since_ms()),
        })
    }

    fn drop_file(
        &mut self,
        place: FilePlace,
        file: HeldFile,
        storage: &mut dyn Storage,
    ) -> Result<(), StorageError> {
        let (notebook, root) = place;
        let counted = file.clone();
        // Opened later, it would not count any more what is taken off here.
        self.open_notebook(notebook, storage);
        if !file.drop_some(notebook, root.as_bytes().to_vec(), storage)? {
            return Ok(());
        }
        self.files.in_the_way.remove(&place);
        if storage
            .get(notebook, Space::Pushed, root.as_bytes())?
            .is_some()
        {
            storage.commit(notebook, &[keep_again(root)])?;
        }
        if let Some(held) = self.open_held(notebook) {
            held.files.remove(&counted);
        }
        Ok(())
    }
}

/// Takes back that a file was let go.
fn keep_again(root: FileRoot) -> Write {
    Write::Delete {
        space: Space::Pushed,
        key: root.as_bytes().to_vec(),
    }
}
