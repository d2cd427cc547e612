//! What is kept of a file: where its pieces lie, and which of them are here.
//!
//! ```text
//! record: version u8 = 1 ‖ place 16 ‖ bytes u64 ‖ since u64 (ms since 1970) ‖ pieces bytes
//! piece:  the bytes of the piece, under `place 16 ‖ piece u32, the highest byte first`
//! ```
//!
//! `pieces` has a bit for each piece, that of piece 0 the lowest of the first byte. A record stands under the root. One
//! of a file that is being added, whose root nobody knows yet, stands under its place instead, and has no bits.

use super::{Piece, chunks_of, sealed_bytes_of};
use crate::codec::{DecodeError, Reader, Writer};
use crate::ids::{FileRoot, NotebookId};
use crate::limits::{FILE_CHUNK_BYTES, FILE_CHUNKS_MAX, FILE_PIECES_DROPPED_AT_ONCE};
use crate::storage::{Space, Storage, StorageError, Write};

/// The layout.
const VERSION: u8 = 1;
/// Bytes of a place.
pub(crate) const PLACE_BYTES: usize = 16;
/// Bytes of bits for all pieces of the longest file.
const BITS_BYTES_MAX: usize = FILE_CHUNKS_MAX / 8 + 1;

/// What is kept of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldFile {
    place: [u8; PLACE_BYTES],
    bytes: u64,
    since_ms: u64,
    pieces: Vec<u8>,
}

impl HeldFile {
    /// Begins to keep a file that somebody else has: nothing of it is here.
    pub fn awaited(root: FileRoot, bytes: u64, now_ms: u64) -> Self {
        let mut place = [0; PLACE_BYTES];
        place.copy_from_slice(&root.as_bytes()[..PLACE_BYTES]);
        Self::at(place, bytes, now_ms)
    }

    /// Begins to keep a file at a place.
    pub(crate) const fn at(place: [u8; PLACE_BYTES], bytes: u64, now_ms: u64) -> Self {
        Self {
            place,
            bytes,
            since_ms: now_ms,
            pieces: Vec::new(),
        }
    }

    /// Reads the record of a file.
    ///
    /// # Errors
    /// [`StorageError`] where it cannot be read.
    pub fn load(
        storage: &dyn Storage,
        notebook: NotebookId,
        root: FileRoot,
    ) -> Result<Option<Self>, StorageError> {
        let found = storage.get(notebook, Space::File, root.as_bytes())?;
        found
            .map(|bytes| Self::decode(&bytes))
            .transpose()
            .map_err(|error| StorageError::Damaged(format!("what is kept of a file: {error}")))
    }

    /// Reads a record.
    ///
    /// # Errors
    /// [`DecodeError`] for another layout.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        reader.known("version of a file", VERSION)?;
        let held = Self {
            place: reader.array("place of a file")?,
            bytes: reader.u64("length of a file")?,
            since_ms: reader.u64("time")?,
            pieces: reader.bytes("pieces of a file", BITS_BYTES_MAX)?.to_vec(),
        };
        reader.finish()?;
        Ok(held)
    }

    /// Writes the record.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.u8(VERSION).raw(&self.place);
        writer.u64(self.bytes).u64(self.since_ms);
        writer.bytes(&self.pieces);
        writer.into_bytes()
    }

    /// Returns the length of what is in the file.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns since when something of it is kept, in milliseconds.
    pub const fn since_ms(&self) -> u64 {
        self.since_ms
    }

    /// Returns how many pieces the file has, the list among them.
    pub fn pieces(&self) -> u32 {
        chunks_of(self.bytes).map_or(0, |chunks| chunks + 1)
    }

    /// Returns how many of them are here.
    pub fn here(&self) -> u32 {
        self.pieces.iter().map(|byte| byte.count_ones()).sum()
    }

    /// Says whether all of it is here.
    pub fn is_whole(&self) -> bool {
        self.here() == self.pieces()
    }

    /// Says whether a piece is here.
    pub fn has(&self, piece: Piece) -> bool {
        let byte = self.pieces.get(piece as usize / 8);
        byte.is_some_and(|byte| byte & (1 << (piece % 8)) != 0)
    }

    /// Notes whether a piece is here. One that the file does not have is not.
    pub fn note(&mut self, piece: Piece, is_here: bool) {
        if piece >= self.pieces() {
            return;
        }
        let place = piece as usize / 8;
        if self.pieces.len() <= place {
            self.pieces.resize(place + 1, 0);
        }
        if let Some(byte) = self.pieces.get_mut(place) {
            let bit = 1 << (piece % 8);
            *byte = if is_here { *byte | bit } else { *byte & !bit };
        }
    }

    /// Returns the key under which a piece is kept.
    pub fn key(&self, piece: Piece) -> Vec<u8> {
        [&self.place[..], &piece.to_be_bytes()].concat()
    }

    /// Returns what keeps a piece.
    pub fn put(&self, piece: Piece, bytes: Vec<u8>) -> Write {
        Write::Put {
            space: Space::Piece,
            key: self.key(piece),
            value: bytes,
        }
    }

    /// Returns what keeps this record under a root.
    pub fn put_record(&self, root: FileRoot) -> Write {
        Write::Put {
            space: Space::File,
            key: root.as_bytes().to_vec(),
            value: self.encode(),
        }
    }

    /// Returns a piece that is here.
    ///
    /// # Errors
    /// [`StorageError::Damaged`] where it should be here and is not, or does not open.
    pub fn piece(
        &self,
        storage: &dyn Storage,
        notebook: NotebookId,
        piece: Piece,
    ) -> Result<Option<Vec<u8>>, StorageError> {
        if !self.has(piece) {
            return Ok(None);
        }
        let found = storage.get(notebook, Space::Piece, &self.key(piece))?;
        found
            .map(Some)
            .ok_or_else(|| StorageError::Damaged(format!("part {piece} of a file is missing")))
    }

    /// Returns what keeps this record under its place, while the file is being added.
    pub(crate) fn put_begun(&self) -> Write {
        Write::Put {
            space: Space::File,
            key: self.place.to_vec(),
            value: self.encode(),
        }
    }

    /// Returns the first piece behind all that are here.
    pub(crate) fn end(&self) -> Piece {
        (0..self.pieces())
            .rev()
            .find(|piece| self.has(*piece))
            .map_or(0, |piece| piece + 1)
    }

    /// Shortens a file that is being added to so many pieces, two or more.
    pub(crate) fn cut_to(&mut self, pieces: u32) {
        self.bytes = u64::from(pieces.saturating_sub(1)) * FILE_CHUNK_BYTES as u64;
    }

    /// Drops the last pieces, and the record that stands under `key` with the first; says whether that was all.
    ///
    /// # Errors
    /// [`StorageError`] where the disk fails: nothing of it is dropped then.
    pub(crate) fn drop_some(
        mut self,
        notebook: NotebookId,
        key: Vec<u8>,
        storage: &mut dyn Storage,
    ) -> Result<bool, StorageError> {
        let has_root = key.len() == FileRoot::LEN;
        let end = if has_root { self.end() } else { self.pieces() };
        // One chunk and the list go together, since there is no file without a chunk.
        let begin = end.saturating_sub(FILE_PIECES_DROPPED_AT_ONCE);
        let begin = if begin == 1 { 0 } else { begin };
        let mut writes: Vec<Write> = (begin..end)
            .map(|piece| Write::Delete {
                space: Space::Piece,
                key: self.key(piece),
            })
            .collect();
        if begin == 0 {
            writes.push(Write::Delete {
                space: Space::File,
                key,
            });
        } else {
            if has_root {
                (begin..end).for_each(|piece| self.note(piece, false));
            } else {
                self.cut_to(begin);
            }
            writes.push(Write::Put {
                space: Space::File,
                key,
                value: self.encode(),
            });
        }
        storage.commit(notebook, &writes)?;
        Ok(begin == 0)
    }

    /// Returns how much the file takes once all of it is here.
    pub(crate) fn sealed_bytes(&self) -> u64 {
        sealed_bytes_of(self.bytes)
    }

    /// Notes that it was begun, or gone on with, at a time.
    pub(crate) const fn begin_at(&mut self, now_ms: u64) {
        self.since_ms = now_ms;
    }

    pub(crate) const fn place(&self) -> &[u8; PLACE_BYTES] {
        &self.place
    }
}
