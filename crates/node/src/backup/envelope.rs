//! The file itself: who may open it, and its sealed parts.
//!
//! ```text
//! "hearthbk" 8 ‖ version u8 = 3 ‖ header length u32 ‖ header ‖ parts
//! header = file id 16 ‖ key slot bytes (empty where no passphrase opens it) ‖ recovery card id 32 ‖ wrap bytes
//! part = length u32 ‖ nonce 24 ‖ ciphertext ‖ tag 16
//! ```
//!
//! The file's key is random. The slot keeps it behind a passphrase as a store's key file does; the wrap is HPKE to
//! the person's recovery key, with the info `"hearthside backup key" ‖ version ‖ file id ‖ recovery card id`. Parts
//! are sealed with XChaCha20-Poly1305 under `HKDF(file key, "backup parts"; everything before the first part)`, with
//! `number u64 ‖ 1 for the last part, else 0` as associated data. Versions 1 and 2 are read: in both no
//! part holds files, and in the first none holds records of the home itself.

use std::io::{self, Read, Write};

use hearth_core::codec::{Reader, Writer};
use hearth_core::crypto::{self, NONCE_BYTES, Secret, TAG_BYTES};
use hearth_core::identity::{RecoveryCard, RecoverySecrets};
use hearth_store::{KdfCost, Passphrase, UnlockError};
use rand_core::Rng;

use crate::host::random;

const MAGIC: &[u8; 8] = b"hearthbk";
const VERSION: u8 = 3;
/// The first version, which is still read.
const VERSION_OLDEST: u8 = 1;
const WRAP_INFO: &[u8] = b"hearthside backup key";
/// Longest header: a slot of 117 bytes and a wrap of 1,168, with room for a later way in.
const HEADER_BYTES_MAX: usize = 16 * 1024;
/// Longest part as it is sealed: the largest record, the wraps of an epoch, takes less than 1 MiB.
pub(super) const PART_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Says whether a file may be a backup by how it begins; of fewer bytes than say it, whether they fit so far.
#[must_use]
pub fn is_begun(begins: &[u8]) -> bool {
    begins.iter().zip(MAGIC).all(|(byte, known)| byte == known)
}

/// What a backup is opened with.
#[derive(Debug)]
pub enum OpenWith {
    /// The passphrase that was given when it was made.
    Passphrase(Passphrase),
    /// The recovery phrase of the person whose it is.
    Phrase(Box<RecoverySecrets>),
}

/// A backup could not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(super) enum EnvelopeError {
    /// The file system failed.
    #[error("the backup cannot be read or written: {0}")]
    File(#[from] io::Error),
    /// It begins with something else.
    #[error("this is no backup of hearth")]
    NoBackup,
    /// A later program wrote it.
    #[error(
        "this backup has version {0}, and this program reads versions up to {VERSION}; use a newer program"
    )]
    Newer(u8),
    /// The passphrase is another.
    #[error("the passphrase does not open this backup")]
    WrongPassphrase,
    /// It was made without one.
    #[error("no passphrase opens this backup; the recovery phrase does")]
    NoPassphrase,
    /// The phrase is another.
    #[error("this recovery phrase does not open this backup")]
    OtherPhrase,
    /// The header is not what was written.
    #[error("the header of the backup is damaged: {0}")]
    Damaged(String),
    /// Something could not be sealed.
    #[error("the backup could not be sealed")]
    Seal,
}

fn wrap_info(version: u8, file_id: &[u8; 16], card: &[u8]) -> Vec<u8> {
    [WRAP_INFO, &[version], file_id, card].concat()
}

fn associated(number: u64, is_last: bool) -> [u8; 9] {
    let mut data = [0; 9];
    data[..8].copy_from_slice(&number.to_le_bytes());
    data[8] = u8::from(is_last);
    data
}

/// Writes a backup, part by part.
pub(super) struct Sealer<W> {
    out: W,
    key: Secret,
    number: u64,
    bytes: u64,
}

impl<W: Write> Sealer<W> {
    /// Writes the header.
    pub(super) fn begin(
        mut out: W,
        card: &RecoveryCard,
        passphrase: Option<(&Passphrase, KdfCost)>,
    ) -> Result<Self, EnvelopeError> {
        let mut rng = random();
        let file_key = Secret::random(&mut rng);
        let mut file_id = [0; 16];
        rng.fill_bytes(&mut file_id);
        let slot = match passphrase {
            Some((passphrase, cost)) => hearth_store::seal_key(file_key.expose(), passphrase, cost)
                .map_err(|_| EnvelopeError::Seal)?,
            None => Vec::new(),
        };
        let card_id = card.id();
        let info = wrap_info(VERSION, &file_id, card_id.as_bytes());
        let wrap = crypto::seal_to(&card.sealing_key, &info, file_key.expose(), &mut rng)
            .map_err(|_| EnvelopeError::Seal)?;
        let mut header = Writer::new();
        header
            .raw(&file_id)
            .bytes(&slot)
            .raw(card_id.as_bytes())
            .bytes(&wrap);
        let mut start = Writer::new();
        start.raw(MAGIC).u8(VERSION);
        start.u32(u32::try_from(header.len()).unwrap_or(u32::MAX));
        start.raw(header.as_slice());
        out.write_all(start.as_slice())?;
        Ok(Self {
            out,
            key: crypto::derive(&file_key, "backup parts", &[start.as_slice()]),
            number: 0,
            bytes: start.len() as u64,
        })
    }

    /// Writes a part.
    pub(super) fn part(&mut self, plain: &[u8], is_last: bool) -> Result<(), EnvelopeError> {
        let mut nonce = [0; NONCE_BYTES];
        random().fill_bytes(&mut nonce);
        let sealed = crypto::seal(&self.key, &nonce, &associated(self.number, is_last), plain)
            .map_err(|_| EnvelopeError::Seal)?;
        let length = NONCE_BYTES + sealed.len();
        if length > PART_BYTES_MAX {
            return Err(EnvelopeError::Seal);
        }
        let length = u32::try_from(length).map_err(|_| EnvelopeError::Seal)?;
        self.out.write_all(&length.to_le_bytes())?;
        self.out.write_all(&nonce)?;
        self.out.write_all(&sealed)?;
        self.number += 1;
        self.bytes += 4 + u64::from(length);
        Ok(())
    }

    /// Returns what was written into, and how many bytes that were.
    pub(super) fn finish(mut self) -> Result<(W, u64), EnvelopeError> {
        self.out.flush()?;
        Ok((self.out, self.bytes))
    }
}

/// One part as it was read.
pub(super) struct Opened {
    /// Its number, from 0.
    pub(super) number: u64,
    /// Where it stands in the file.
    pub(super) bytes: std::ops::Range<u64>,
    /// What it holds; nothing where it was altered.
    pub(super) plain: Option<Vec<u8>>,
    /// Whether it was sealed as the last one.
    pub(super) is_last: bool,
}

/// Reads a backup, part by part.
pub(super) struct Opener<R> {
    input: R,
    key: Secret,
    number: u64,
    offset: u64,
}

impl<R: Read> Opener<R> {
    /// Reads the header and opens the file's key.
    pub(super) fn begin(mut input: R, with: &OpenWith) -> Result<Self, EnvelopeError> {
        let mut start = [0; 13];
        let read = read_up_to(&mut input, &mut start)?;
        let (magic, rest) = start.split_at(MAGIC.len());
        if magic != MAGIC {
            return Err(EnvelopeError::NoBackup);
        }
        let damaged = |what: &str| EnvelopeError::Damaged(what.to_owned());
        let [version, length @ ..] = rest else {
            return Err(damaged("it is cut off"));
        };
        if !(VERSION_OLDEST..=VERSION).contains(version) {
            return Err(EnvelopeError::Newer(*version));
        }
        if read < start.len() {
            return Err(damaged("it is cut off"));
        }
        let length = length.try_into().map_or(u32::MAX, u32::from_le_bytes);
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if length > HEADER_BYTES_MAX {
            return Err(damaged("it is longer than any"));
        }
        let mut header = vec![0; length];
        if read_up_to(&mut input, &mut header)? < length {
            return Err(damaged("it is cut off"));
        }
        let file_key = open_header(*version, &header, with)?;
        let whole = [&start[..], &header].concat();
        Ok(Self {
            input,
            key: crypto::derive(&file_key, "backup parts", &[&whole]),
            number: 0,
            offset: whole.len() as u64,
        })
    }

    /// Reads the next part; nothing at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<Opened>, EnvelopeError> {
        let mut length = [0; 4];
        let begun = self.offset;
        let read = read_up_to(&mut self.input, &mut length)?;
        if read == 0 {
            return Ok(None);
        }
        let number = self.number;
        self.number += 1;
        let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
        if read < 4 || !(NONCE_BYTES + TAG_BYTES..=PART_BYTES_MAX).contains(&length) {
            // Where the next part begins is not known any more, so the rest is one damaged part.
            let rest = io::copy(&mut self.input, &mut io::sink())?;
            self.offset += read as u64 + rest;
            return Ok(Some(self.altered(number, begun)));
        }
        let mut sealed = vec![0; length];
        let read = read_up_to(&mut self.input, &mut sealed)?;
        self.offset += 4 + read as u64;
        sealed.truncate(read);
        let Some((nonce, sealed)) = sealed.split_first_chunk::<NONCE_BYTES>() else {
            return Ok(Some(self.altered(number, begun)));
        };
        let open = |is_last| crypto::open(&self.key, nonce, &associated(number, is_last), sealed);
        let (plain, is_last) = match open(false) {
            Ok(plain) => (Some(plain), false),
            Err(_) => (open(true).ok(), true),
        };
        if plain.is_none() {
            return Ok(Some(self.altered(number, begun)));
        }
        Ok(Some(Opened {
            number,
            bytes: begun..self.offset,
            plain,
            is_last,
        }))
    }

    fn altered(&self, number: u64, begun: u64) -> Opened {
        Opened {
            number,
            bytes: begun..self.offset,
            plain: None,
            is_last: false,
        }
    }
}

fn open_header(version: u8, header: &[u8], with: &OpenWith) -> Result<Secret, EnvelopeError> {
    let damaged =
        |error: hearth_core::codec::DecodeError| EnvelopeError::Damaged(error.to_string());
    let mut reader = Reader::new(header);
    let file_id: [u8; 16] = reader.array("file id").map_err(damaged)?;
    let slot = reader
        .bytes("key slot", HEADER_BYTES_MAX)
        .map_err(damaged)?;
    let card: [u8; 32] = reader.array("recovery card").map_err(damaged)?;
    let wrap = reader.bytes("wrap", HEADER_BYTES_MAX).map_err(damaged)?;
    reader.finish().map_err(damaged)?;
    match with {
        OpenWith::Passphrase(_) if slot.is_empty() => Err(EnvelopeError::NoPassphrase),
        OpenWith::Passphrase(passphrase) => match hearth_store::open_key(slot, passphrase) {
            Ok(key) => Ok(Secret::from_bytes(*key)),
            Err(UnlockError::WrongPassphrase) => Err(EnvelopeError::WrongPassphrase),
            Err(error) => Err(EnvelopeError::Damaged(error.to_string())),
        },
        OpenWith::Phrase(phrase) => {
            if *phrase.card().id().as_bytes() != card {
                return Err(EnvelopeError::OtherPhrase);
            }
            let info = wrap_info(version, &file_id, &card);
            let key = crypto::open_from(phrase.sealing(), &info, wrap)
                .ok()
                .map(zeroize::Zeroizing::new)
                .and_then(|key| key.as_slice().try_into().ok());
            key.map(Secret::from_bytes)
                .ok_or_else(|| EnvelopeError::Damaged("its key does not open".to_owned()))
        }
    }
}

/// Reads until the buffer is full or the file ends.
fn read_up_to(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match input.read(rest) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
