//! Files of this device: added, read, and dropped once nothing names them.

use std::collections::BTreeSet;

use super::Engine;
use crate::crypto::Secret;
use crate::file::{
    FileHashes, FileOpenError, FileSealer, HeldFile, LIST, Piece, SealedFile, open_chunk,
};
use crate::ids::{FileRoot, NotebookId};
use crate::limits::{FILE_BYTES_MAX, FILE_UNNAMED_MS};
use crate::storage::{Space, Storage, StorageError, Write};

/// What a document says of a file, as far as its bytes go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRef {
    /// Its name by its hash.
    pub root: FileRoot,
    /// Length of what is in it.
    pub bytes: u64,
    /// What opens it.
    pub key: Secret,
}

/// A file could not be added, fetched or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// It is longer than a file may be, or cannot be sealed.
    #[error(transparent)]
    Open(#[from] FileOpenError),
    /// What is said of it fits no file.
    #[error("what the notebook says of the file fits no file: it was made up")]
    NoFile,
    /// Too many files are fetched at a time.
    #[error("too many files are being fetched; wait until one is here")]
    TooMany,
    /// A piece of it is not here.
    #[error("not all of the file is here")]
    NotHere,
    /// A piece of it is damaged; it counts as not here from now on, so that it is fetched again.
    #[error("part {0} of the file is damaged on this disk")]
    Damaged(Piece),
    /// The disk failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// A file that is being added: its chunks are on the disk as they come, and nothing names them yet.
#[derive(Debug)]
pub struct FileAdding {
    notebook: NotebookId,
    held: HeldFile,
    sealer: FileSealer,
}

impl FileAdding {
    /// Returns the notebook that it is for.
    pub const fn notebook(&self) -> NotebookId {
        self.notebook
    }

    /// Returns how many bytes were taken.
    pub const fn bytes(&self) -> u64 {
        self.sealer.bytes()
    }

    /// Takes the next bytes; those that fill chunks are on the disk when this returns.
    ///
    /// # Errors
    /// [`FileError`]: too long, or the disk did not take it. The file is to be given up then.
    pub fn push(&mut self, bytes: &[u8], storage: &mut dyn Storage) -> Result<(), FileError> {
        let done = self.sealer.push(bytes)?;
        let mut writes: Vec<Write> = done
            .into_iter()
            .map(|(piece, sealed)| self.held.put(piece, sealed))
            .collect();
        if self.sealer.bytes() > self.held.bytes() {
            // It grew while it was read.
            self.held = HeldFile::at(*self.held.place(), FILE_BYTES_MAX, self.held.since_ms());
            writes.push(self.held.put_begun());
        }
        if !writes.is_empty() {
            storage.commit(self.notebook, &writes)?;
        }
        Ok(())
    }

    /// Ends the file: all of it is on the disk when this returns, under its root. Returns what a document is to say of it,
    /// and the hash of what is in it.
    ///
    /// # Errors
    /// [`FileError`] where the disk did not take it.
    pub fn finish(
        self,
        now_ms: u64,
        storage: &mut dyn Storage,
    ) -> Result<(FileRef, [u8; 32]), FileError> {
        let SealedFile {
            last,
            list,
            root,
            key,
            bytes,
            hash,
        } = self.sealer.finish()?;
        let mut held = HeldFile::at(*self.held.place(), bytes, now_ms);
        for piece in LIST..held.pieces() {
            held.note(piece, true);
        }
        let (piece, sealed) = last;
        let writes = [
            held.put(piece, sealed),
            held.put(LIST, list),
            held.put_record(root),
            Write::Delete {
                space: Space::File,
                key: held.place().to_vec(),
            },
        ];
        storage.commit(self.notebook, &writes)?;
        Ok((FileRef { root, bytes, key }, hash))
    }
}

impl Engine {
    /// Begins to add a file to a notebook; `bytes` is how long it will be, where that is known.
    ///
    /// # Errors
    /// [`FileOpenError::TooLong`], [`FileError::NoFile`] where there is no such notebook, [`FileError::Storage`].
    pub fn begin_file(
        &mut self,
        notebook: NotebookId,
        bytes: Option<u64>,
        now_ms: u64,
        storage: &mut dyn Storage,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<FileAdding, FileError> {
        if !self.replicas.contains_key(&notebook) {
            return Err(FileError::NoFile);
        }
        let mut place = [0; crate::file::PLACE_BYTES];
        rng.fill_bytes(&mut place);
        let bytes = bytes.unwrap_or(FILE_BYTES_MAX);
        if bytes > FILE_BYTES_MAX {
            return Err(FileOpenError::TooLong.into());
        }
        let held = HeldFile::at(place, bytes, now_ms);
        // What a crash leaves is found by it.
        storage.commit(notebook, &[held.put_begun()])?;
        Ok(FileAdding {
            notebook,
            held,
            sealer: FileSealer::new(Secret::random(rng)),
        })
    }

    /// Returns what is kept of a file.
    ///
    /// # Errors
    /// [`StorageError`] where it cannot be read.
    pub fn held_file(
        &self,
        notebook: NotebookId,
        root: FileRoot,
        storage: &dyn Storage,
    ) -> Result<Option<HeldFile>, StorageError> {
        HeldFile::load(storage, notebook, root)
    }

    /// Opens a chunk of a file, from 0. One that is damaged counts as not here from then on.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn read_chunk(
        &mut self,
        notebook: NotebookId,
        file: &FileRef,
        chunk: u32,
        storage: &mut dyn Storage,
    ) -> Result<Vec<u8>, FileError> {
        let piece = chunk.checked_add(1).ok_or(FileError::NotHere)?;
        let Some(mut held) = HeldFile::load(storage, notebook, file.root)? else {
            return Err(FileError::NotHere);
        };
        let found = held.piece(storage, notebook, piece);
        let opened = match found {
            Ok(None) => return Err(FileError::NotHere),
            Ok(Some(sealed)) => open_chunk(&file.key, file.bytes, piece, &sealed).ok(),
            Err(StorageError::Damaged(_)) => None,
            Err(error) => return Err(error.into()),
        };
        if let Some(plain) = opened {
            return Ok(plain);
        }
        if held.bytes() != file.bytes {
            return Err(FileError::NoFile);
        }
        match list_of(&held, notebook, file, storage) {
            // What is here is what the root names, and still does not open.
            Some(hashes) if is_sound(&held, notebook, piece, &hashes, storage) => {
                return Err(FileError::NoFile);
            }
            Some(_) => {}
            None => held.note(LIST, false),
        }
        held.note(piece, false);
        storage.commit(notebook, &[held.put_record(file.root)])?;
        self.forget_fetch(notebook, file.root);
        Err(FileError::Damaged(piece))
    }

    /// Drops files that nothing names: those whose adding was cut off, and those that `named` lacks for long. Some of it each
    /// time; returns whether there is more. `is_added` says of a place whether a file is being added there.
    ///
    /// # Errors
    /// [`StorageError`] where the disk fails; it goes on with the next call.
    pub fn drop_unnamed_files(
        &mut self,
        notebook: NotebookId,
        named: &BTreeSet<FileRoot>,
        is_added: &dyn Fn(&[u8]) -> bool,
        now_ms: u64,
        storage: &mut dyn Storage,
    ) -> Result<bool, StorageError> {
        for (key, value) in storage.scan(notebook, Space::File)? {
            let Ok(held) = HeldFile::decode(&value) else {
                continue;
            };
            let root: Option<[u8; 32]> = key.as_slice().try_into().ok();
            let is_over = match root.map(FileRoot::from_bytes) {
                Some(root) => {
                    let is_old = now_ms.saturating_sub(held.since_ms()) > FILE_UNNAMED_MS;
                    is_old && !named.contains(&root) && !self.is_fetched(notebook, root)
                }
                None => !is_added(&key),
            };
            if is_over {
                held.drop_some(notebook, key, storage)?;
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl FileAdding {
    /// Says whether it is added at a place.
    pub fn is_at(&self, place: &[u8]) -> bool {
        self.held.place() == place
    }
}

/// Says whether a piece on the disk is the one that the list names.
pub fn is_sound(
    held: &HeldFile,
    notebook: NotebookId,
    piece: Piece,
    hashes: &FileHashes,
    storage: &dyn Storage,
) -> bool {
    let found = held.piece(storage, notebook, piece);
    matches!(found, Ok(Some(bytes)) if hashes.is_piece(piece, &bytes))
}

fn list_of(
    held: &HeldFile,
    notebook: NotebookId,
    file: &FileRef,
    storage: &dyn Storage,
) -> Option<FileHashes> {
    let list = held.piece(storage, notebook, LIST).ok().flatten()?;
    FileHashes::check(list, file.root, file.bytes)
}
