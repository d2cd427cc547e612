//! Chunks sealed and opened.

use super::{Piece, chunks_of, hash_of_chunk, root_of};
use crate::crypto::{self, NONCE_BYTES, Nonce, Secret};
use crate::ids::FileRoot;
use crate::limits::{FILE_BYTES_MAX, FILE_CHUNK_BYTES};

/// What stands before a chunk's number in what is sealed with it.
const CHUNK_LABEL: &[u8] = b"hearthside file chunk 1";

/// A chunk that does not open, or a file that cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileOpenError {
    /// It is longer than a file may be.
    #[error("the file is longer than {FILE_BYTES_MAX} bytes, the most that a notebook takes")]
    TooLong,
    /// It was sealed under another key, or for another place, or altered.
    #[error("part {0} of the file does not open: it was altered, or is another's")]
    Chunk(Piece),
}

/// Seals a file as it is read, a chunk at a time: it holds one chunk, and 32 bytes for each that it made.
#[derive(Debug)]
pub struct FileSealer {
    key: Secret,
    list: Vec<u8>,
    /// What was read and not sealed: never empty once anything was read, since the last chunk is sealed as such.
    rest: Vec<u8>,
    bytes: u64,
    plain: blake3::Hasher,
}

/// What a file came to once all of it was sealed.
#[derive(Debug)]
pub struct SealedFile {
    /// The last chunk, with its piece.
    pub last: (Piece, Vec<u8>),
    /// The list of hashes: piece 0.
    pub list: Vec<u8>,
    /// The file's name by its hash.
    pub root: FileRoot,
    /// What opens it.
    pub key: Secret,
    /// Length of what is in it.
    pub bytes: u64,
    /// BLAKE3 of what is in it.
    pub hash: [u8; 32],
}

impl FileSealer {
    /// Begins with a key that seals nothing else.
    pub fn new(key: Secret) -> Self {
        Self {
            key,
            list: Vec::new(),
            rest: Vec::new(),
            bytes: 0,
            plain: blake3::Hasher::new(),
        }
    }

    /// Returns how many bytes were read.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Takes the next bytes of the file; returns the chunks that are done.
    ///
    /// # Errors
    /// [`FileOpenError::TooLong`].
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<(Piece, Vec<u8>)>, FileOpenError> {
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        if self.bytes > FILE_BYTES_MAX {
            return Err(FileOpenError::TooLong);
        }
        self.plain.update(bytes);
        let mut done = Vec::new();
        let mut left = bytes;
        while !left.is_empty() {
            if self.rest.len() == FILE_CHUNK_BYTES {
                done.push(self.seal(false)?);
            }
            let room = FILE_CHUNK_BYTES.saturating_sub(self.rest.len());
            let (taken, after) = left.split_at(room.min(left.len()));
            self.rest.extend_from_slice(taken);
            left = after;
        }
        Ok(done)
    }

    /// Seals what is left: the file ends here.
    ///
    /// # Errors
    /// [`FileOpenError::TooLong`].
    pub fn finish(mut self) -> Result<SealedFile, FileOpenError> {
        let last = self.seal(true)?;
        Ok(SealedFile {
            last,
            root: root_of(self.bytes, &self.list),
            list: self.list,
            key: self.key,
            bytes: self.bytes,
            hash: *self.plain.finalize().as_bytes(),
        })
    }

    fn seal(&mut self, is_last: bool) -> Result<(Piece, Vec<u8>), FileOpenError> {
        let number = self.list.len() / super::HASH_BYTES;
        let piece = Piece::try_from(number + 1).map_err(|_| FileOpenError::TooLong)?;
        let sealed = crypto::seal(
            &self.key,
            &nonce(piece),
            &associated(piece, is_last),
            &self.rest,
        );
        let sealed = sealed.map_err(|_| FileOpenError::TooLong)?;
        self.rest.clear();
        self.list.extend_from_slice(&hash_of_chunk(&sealed));
        Ok((piece, sealed))
    }
}

/// Opens a chunk of a file of a length.
///
/// # Errors
/// [`FileOpenError`] where it is not what was sealed there.
pub fn open_chunk(
    key: &Secret,
    bytes: u64,
    piece: Piece,
    sealed: &[u8],
) -> Result<Vec<u8>, FileOpenError> {
    let chunks = chunks_of(bytes).ok_or(FileOpenError::TooLong)?;
    if piece == super::LIST || piece > chunks {
        return Err(FileOpenError::Chunk(piece));
    }
    let associated = associated(piece, piece == chunks);
    let plain = crypto::open(key, &nonce(piece), &associated, sealed)
        .map_err(|_| FileOpenError::Chunk(piece))?;
    let before = u64::from(piece - 1) * FILE_CHUNK_BYTES as u64;
    let expected = bytes.saturating_sub(before).min(FILE_CHUNK_BYTES as u64);
    if plain.len() as u64 != expected {
        return Err(FileOpenError::Chunk(piece));
    }
    Ok(plain)
}

fn nonce(piece: Piece) -> Nonce {
    let mut nonce = [0; NONCE_BYTES];
    nonce[..8].copy_from_slice(&u64::from(piece.saturating_sub(1)).to_le_bytes());
    nonce
}

fn associated(piece: Piece, is_last: bool) -> Vec<u8> {
    let number = u64::from(piece.saturating_sub(1)).to_le_bytes();
    [CHUNK_LABEL, &number, &[u8::from(is_last)]].concat()
}
