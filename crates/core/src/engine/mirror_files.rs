//! Files of this device's notebooks at mirrors: offered where they are here, whole and named, and let go once every resource
//! that names them is put away.
//!
//! Which files those are stand in documents, so whoever reads documents says it: [`Engine::name_files`]. A mirror that takes a
//! file asks for its pieces as anybody does. What it answers is remembered, so that `status` can tell what is not there.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::connections::Connection;
use super::fetches::FilePlace;
use super::{Effect, Engine, MirrorFault};
use crate::codec::{DecodeError, Reader, Writer};
use crate::file::HeldFile;
use crate::ids::{DeviceId, FileRoot, MirrorId, NotebookId};
use crate::limits::{FILE_OFFER_AGAIN_MS, FILE_OFFERS_AT_ONCE};
use crate::storage::{Space, Storage, StorageError, Write};
use crate::sync::{FileAnswer, Session};

const VERSION: u8 = 1;
/// What stands behind a mirror in the key under which it is kept what it said of a file.
const FILE: u8 = 2;

/// What the documents of a notebook say of a file, as far as mirrors are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamedFile {
    /// Length of what is in it.
    pub bytes: u64,
    /// Whether a resource names it that is not put away.
    pub is_wanted: bool,
}

/// What a mirror said last of a file that it was offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileAtMirror {
    /// What it said.
    pub answer: FileAnswer,
    /// When, in milliseconds since 1970 UTC.
    pub at_ms: u64,
}

impl FileAtMirror {
    fn to_bytes(self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.u8(VERSION).u64(self.at_ms);
        self.answer.write(&mut writer);
        writer.into_bytes()
    }

    fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        reader.known("record of a file at a mirror", VERSION)?;
        let at_ms = reader.u64("time")?;
        let answer = FileAnswer::read(&mut reader)?;
        reader.finish()?;
        Ok(Self { answer, at_ms })
    }
}

/// What is said of files on one connection with a mirror, of one notebook.
#[derive(Debug, Default)]
struct Lane {
    /// Which connection it is about.
    begun: u64,
    /// What is to be looked at.
    todo: VecDeque<FileRoot>,
    /// What was offered and not answered.
    open: BTreeSet<FileRoot>,
    /// What was said, and the mirror knows: whether it is wanted.
    done: BTreeMap<FileRoot, bool>,
    /// When what it had no room for is offered again.
    again_ms: Option<u64>,
}

impl Lane {
    fn look_at(&mut self, named: &BTreeMap<FileRoot, NamedFile>) {
        let due = named.iter().filter(|(root, file)| {
            self.done.get(root) != Some(&file.is_wanted) && !self.open.contains(root)
        });
        self.todo = due.map(|(root, _)| *root).collect();
    }
}

/// Files of all notebooks at all mirrors.
#[derive(Debug, Default)]
pub(super) struct MirrorFiles {
    named: BTreeMap<NotebookId, BTreeMap<FileRoot, NamedFile>>,
    known: BTreeMap<(NotebookId, MirrorId), BTreeMap<FileRoot, FileAtMirror>>,
    unsaved: BTreeSet<(NotebookId, MirrorId, FileRoot)>,
    lanes: BTreeMap<(NotebookId, DeviceId), Lane>,
}

impl MirrorFiles {
    /// Looks again at what a notebook's mirrors are to be offered.
    pub(super) fn look_again_at(&mut self, notebook: NotebookId) {
        let Some(named) = self.named.get(&notebook) else {
            return;
        };
        let lanes = self.lanes.iter_mut().filter(|((of, _), _)| *of == notebook);
        for (_, lane) in lanes {
            lane.look_at(named);
        }
    }

    /// Forgets what is known of a notebook.
    pub(super) fn forget(&mut self, notebook: NotebookId) {
        self.named.remove(&notebook);
        self.known.retain(|(of, _), _| *of != notebook);
        self.unsaved.retain(|(of, ..)| *of != notebook);
        self.lanes.retain(|(of, _), _| *of != notebook);
    }

    /// Forgets what a mirror said that it keeps, since it went back to an older copy.
    pub(super) fn forget_kept(&mut self, place: (NotebookId, MirrorId)) {
        for root in self.known.remove(&place).unwrap_or_default().into_keys() {
            self.unsaved.insert((place.0, place.1, root));
        }
        self.lanes.remove(&(place.0, place.1.as_peer()));
    }

    fn note(
        &mut self,
        (notebook, mirror): (NotebookId, MirrorId),
        root: FileRoot,
        said: FileAtMirror,
    ) {
        let known = self.known.entry((notebook, mirror)).or_default();
        let before = known.insert(root, said);
        if before.is_none_or(|before| before.answer != said.answer) {
            self.unsaved.insert((notebook, mirror, root));
        }
    }

    fn note_let_go(&mut self, place: (NotebookId, MirrorId), root: FileRoot) {
        let known = self.known.get_mut(&place);
        if known.is_some_and(|known| known.remove(&root).is_some()) {
            self.unsaved.insert((place.0, place.1, root));
        }
    }

    /// Says what is to be said of files of one notebook on a connection with a mirror.
    fn say(
        &mut self,
        session: &mut Session,
        notebook: NotebookId,
        now_ms: u64,
        storage: &dyn Storage,
    ) {
        let Some(named) = self.named.get(&notebook) else {
            return;
        };
        let peer = session.peer();
        let mut let_go = Vec::new();
        let lane = self.lanes.entry((notebook, peer)).or_default();
        if lane.begun != session.begun() {
            *lane = Lane {
                begun: session.begun(),
                ..Lane::default()
            };
            lane.look_at(named);
        }
        if lane.again_ms.is_some_and(|at_ms| at_ms <= now_ms) {
            lane.again_ms = None;
            lane.look_at(named);
        }
        while lane.open.len() < FILE_OFFERS_AT_ONCE
            && let Some(root) = lane.todo.pop_front()
        {
            let Some(file) = named.get(&root) else {
                continue;
            };
            if !file.is_wanted {
                session.let_file_go(notebook, root);
                lane.done.insert(root, false);
                let_go.push(root);
                continue;
            }
            // One that does not read is none that could be sent.
            let held = HeldFile::load(storage, notebook, root).ok().flatten();
            if held.is_some_and(|held| held.is_whole() && held.bytes() == file.bytes) {
                session.offer_file(notebook, root, file.bytes);
                lane.open.insert(root);
            }
        }
        for root in let_go {
            self.note_let_go((notebook, MirrorId::from_bytes(*peer.as_bytes())), root);
        }
    }
}

impl Engine {
    /// Says which files the documents of a notebook name. Mirrors are offered those that are here and wanted, and told of
    /// those that are not wanted any more.
    pub fn name_files(&mut self, notebook: NotebookId, named: BTreeMap<FileRoot, NamedFile>) {
        if self.mirror_files.named.get(&notebook) == Some(&named) {
            return;
        }
        self.mirror_files.named.insert(notebook, named);
        self.mirror_files.look_again_at(notebook);
    }

    /// Says what is to be said to linked mirrors of files.
    pub(super) fn offer_files(&mut self, storage: &dyn Storage, now_ms: u64) {
        if self.mirror_files.named.is_empty() {
            return;
        }
        let device = self.identity.device.card().id();
        let notebooks: Vec<NotebookId> = self.mirror_files.named.keys().copied().collect();
        for connection in self.connections.values_mut() {
            let Connection::Sync {
                session,
                parting: None,
                ..
            } = connection
            else {
                continue;
            };
            if !session.keeps_files() {
                continue;
            }
            for notebook in &notebooks {
                let replica = self.replicas.get(notebook);
                // A mirror takes files from those who may write.
                let may_write =
                    replica.is_some_and(|replica| replica.membership().may_write(&device));
                if may_write && session.is_live(*notebook) && session.stopped(*notebook).is_none() {
                    self.mirror_files.say(session, *notebook, now_ms, storage);
                }
            }
        }
    }

    /// Notes what a mirror said of a file that it was offered.
    pub(super) fn mirror_answered_file(
        &mut self,
        peer: DeviceId,
        (notebook, root): FilePlace,
        answer: FileAnswer,
        now_ms: u64,
    ) {
        let Some(lane) = self.mirror_files.lanes.get_mut(&(notebook, peer)) else {
            return;
        };
        if !lane.open.remove(&root) {
            return;
        }
        match answer {
            FileAnswer::Full(_) => lane.again_ms = Some(now_ms.saturating_add(FILE_OFFER_AGAIN_MS)),
            FileAnswer::Kept | FileAnswer::Refused => drop(lane.done.insert(root, true)),
        }
        let mirror = MirrorId::from_bytes(*peer.as_bytes());
        let before = self.file_at_mirror(notebook, mirror, root);
        let said = FileAtMirror {
            answer,
            at_ms: now_ms,
        };
        self.mirror_files.note((notebook, mirror), root, said);
        let was_full = before.is_some_and(|before| matches!(before.answer, FileAnswer::Full(_)));
        if let FileAnswer::Full(quota) = answer
            && !was_full
        {
            let fault = MirrorFault::FileFull(root, quota);
            self.effects
                .push_back(Effect::MirrorFault(notebook, mirror, fault));
        }
        self.effects.push_back(Effect::PeerHeard(notebook));
    }

    fn file_at_mirror(
        &self,
        notebook: NotebookId,
        mirror: MirrorId,
        root: FileRoot,
    ) -> Option<FileAtMirror> {
        let known = self.mirror_files.known.get(&(notebook, mirror))?;
        known.get(&root).copied()
    }

    /// Returns what a mirror said last of files of a notebook that it was offered by this device.
    pub(super) fn files_at_mirror(
        &self,
        notebook: NotebookId,
        mirror: MirrorId,
    ) -> BTreeMap<FileRoot, FileAtMirror> {
        let known = self.mirror_files.known.get(&(notebook, mirror));
        known.cloned().unwrap_or_default()
    }

    /// Says whether a linked mirror is still to be offered files of a notebook, or to be sent them.
    pub(super) fn is_offering_files(&self, notebook: NotebookId, mirror: DeviceId) -> bool {
        let lane = self.mirror_files.lanes.get(&(notebook, mirror));
        lane.is_some_and(|lane| !lane.open.is_empty() || !lane.todo.is_empty())
    }

    /// Reads what a mirror said of a file; false where the key is of another record.
    pub(super) fn load_file_at_mirror(
        &mut self,
        notebook: NotebookId,
        key: &[u8],
        value: &[u8],
    ) -> bool {
        let Some((mirror, [FILE, root @ ..])) = key.split_first_chunk::<32>() else {
            return false;
        };
        // A record of another version says nothing that the mirror will not say again.
        if let (Ok(root), Ok(said)) = (<[u8; 32]>::try_from(root), FileAtMirror::parse(value)) {
            let place = (notebook, MirrorId::from_bytes(*mirror));
            let known = self.mirror_files.known.entry(place).or_default();
            known.insert(FileRoot::from_bytes(root), said);
        }
        true
    }

    pub(super) fn save_files_at_mirrors(
        &mut self,
        storage: &mut dyn Storage,
    ) -> Result<(), StorageError> {
        while let Some(place) = self.mirror_files.unsaved.first().copied() {
            let (notebook, mirror, root) = place;
            if self.replicas.contains_key(&notebook) {
                let (space, key) = (
                    Space::Mirror,
                    [&mirror.as_bytes()[..], &[FILE], root.as_bytes()].concat(),
                );
                let write = match self.file_at_mirror(notebook, mirror, root) {
                    Some(said) => Write::Put {
                        space,
                        key,
                        value: said.to_bytes(),
                    },
                    None => Write::Delete { space, key },
                };
                storage.commit(notebook, &[write])?;
            }
            self.mirror_files.unsaved.remove(&place);
        }
        Ok(())
    }
}
