//! Reading a bundle, as its bytes come.

use std::sync::Arc;

use super::{
    BundleHead, CHECK_BYTES, FRAME_BYTES_MAX, FRONT_BYTES, MAGIC, VERSION, WRAP_BYTES, check_of,
    id_of, nonce_of, signed_bytes, wrap_info,
};
use crate::codec::{DecodeError, Reader};
use crate::crypto::{self, SIGNATURE_BYTES, Secret, Signature, VerifyKey};
use crate::identity::DeviceSecrets;
use crate::ids::BundleId;
use crate::limits::{BUNDLE_PART_BYTES, BUNDLE_PARTS_MAX, BUNDLE_SLOTS_MAX, BUNDLE_SLOTS_MIN};

/// Why a bundle cannot be read, or not any further. What came before is sound.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleOpenError {
    /// It is something else.
    #[error("this is no bundle")]
    NoBundle,
    /// It comes from another version of the program.
    #[error("the bundle has version {0}, which this version of the program does not know")]
    Version(u8),
    /// Its beginning is cut off or altered.
    #[error("the beginning of the bundle is damaged: cut off or altered")]
    Front,
    /// None of the devices that it is for is this one.
    #[error("the bundle is not for this device")]
    NotForThisDevice,
    /// A part does not open: it is altered, or the file ends in it.
    #[error("the bundle is damaged from byte {at} on: cut off or altered")]
    Damaged {
        /// Where the part begins.
        at: u64,
    },
    /// It ends too early.
    #[error("the bundle ends too early, at byte {at}")]
    CutOff {
        /// Where.
        at: u64,
    },
    /// Somebody who can open it put something into it that the device which made it did not sign.
    #[error("the bundle holds from byte {at} on what the device that made it did not sign")]
    Forged {
        /// Where the part begins.
        at: u64,
    },
    /// What it holds does not follow the layout.
    #[error("the bundle holds what this version of the program does not understand: {0}")]
    Layout(#[from] DecodeError),
}

impl BundleOpenError {
    /// Says whether the file was whole once and is not any more.
    pub const fn is_damage(&self) -> bool {
        matches!(
            self,
            Self::Front | Self::Damaged { .. } | Self::CutOff { .. } | Self::Forged { .. }
        )
    }
}

/// What comes out of a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BundleFrame {
    /// What it says of itself: always the first.
    Head(Box<BundleHead>),
    /// A frame, as a connection would carry it.
    Frame(Vec<u8>),
}

#[derive(Debug)]
struct Unlocked {
    key: Secret,
    id: BundleId,
}

/// Reads a bundle. No more than a part and a frame is held.
#[derive(Debug)]
pub struct BundleOpener {
    device: Arc<DeviceSecrets>,
    unlocked: Option<Unlocked>,
    /// Of the parts, once the head said whose it is.
    author: Option<VerifyKey>,
    /// What came and was not read yet, and where that stands in the file.
    rest: Vec<u8>,
    at: u64,
    next_part: u64,
    /// What was opened of the stream and is no whole frame yet.
    stream: Vec<u8>,
    /// How much of it was read.
    stream_read: usize,
    /// Parts before the head was whole, with where they begin: who signed them shows with it.
    unproven: Vec<(u64, [u8; 32], Signature)>,
    /// The frames are over, and only padding follows.
    is_over: bool,
    has_ended: bool,
}

impl BundleOpener {
    /// Begins to read a bundle on a device.
    pub const fn new(device: Arc<DeviceSecrets>) -> Self {
        Self {
            device,
            unlocked: None,
            author: None,
            rest: Vec::new(),
            at: 0,
            next_part: 0,
            stream: Vec::new(),
            stream_read: 0,
            unproven: Vec::new(),
            is_over: false,
            has_ended: false,
        }
    }

    /// Reads on; `is_last` says that the file ends there. What was found comes into `frames`, also where an
    /// error follows.
    ///
    /// # Errors
    /// [`BundleOpenError`]; nothing more is to be read then.
    pub fn push(
        &mut self,
        bytes: &[u8],
        is_last: bool,
        frames: &mut Vec<BundleFrame>,
    ) -> Result<(), BundleOpenError> {
        self.rest.extend_from_slice(bytes);
        if self.unlocked.is_none() && !self.unlock(is_last)? {
            return Ok(());
        }
        // A part that fills the rest may be the last, which shows once more comes or nothing does.
        let mut taken = 0;
        while self.rest.len() - taken > BUNDLE_PART_BYTES {
            let part = taken..taken + BUNDLE_PART_BYTES;
            let piece = self.part(part, false)?;
            let piece = piece.ok_or(BundleOpenError::Damaged { at: self.at })?;
            taken += BUNDLE_PART_BYTES;
            self.take(piece, frames)?;
        }
        self.rest.drain(..taken);
        if is_last {
            self.finish(frames)?;
        }
        Ok(())
    }

    /// Returns the bundle's id, once it is open.
    pub fn id(&self) -> Option<BundleId> {
        self.unlocked.as_ref().map(|unlocked| unlocked.id)
    }

    /// Says whether all of it was read.
    pub const fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Reads what stands before the parts, as soon as all of it is here.
    fn unlock(&mut self, is_last: bool) -> Result<bool, BundleOpenError> {
        let begins = MAGIC.len().min(self.rest.len());
        if self.rest.get(..begins) != MAGIC.get(..begins) || (is_last && begins < MAGIC.len()) {
            return Err(BundleOpenError::NoBundle);
        }
        let incomplete = |is_last| {
            if is_last {
                Err(BundleOpenError::Front)
            } else {
                Ok(false)
            }
        };
        let mut reader = Reader::new(&self.rest);
        let front = reader.take("front of a bundle", FRONT_BYTES);
        let Ok([.., version, suite, low, high]) = front else {
            return incomplete(is_last);
        };
        if (*version, *suite) != (VERSION, crypto::SUITE) {
            return Err(BundleOpenError::Version(*version));
        }
        let places = usize::from(u16::from_le_bytes([*low, *high]));
        if !(BUNDLE_SLOTS_MIN..=BUNDLE_SLOTS_MAX).contains(&places) {
            return Err(BundleOpenError::Front);
        }
        let before_check = FRONT_BYTES + places * WRAP_BYTES;
        let whole = before_check + CHECK_BYTES;
        let (Some(checked), Some(header)) = (self.rest.get(..before_check), self.rest.get(..whole))
        else {
            return incomplete(is_last);
        };
        if !header.ends_with(&check_of(checked)) {
            return Err(BundleOpenError::Front);
        }
        let wraps = checked.get(FRONT_BYTES..).unwrap_or_default();
        let secret = wraps.chunks_exact(WRAP_BYTES).find_map(|wrap| {
            let opened = crypto::open_from(self.device.sealing(), &wrap_info(), wrap).ok()?;
            let opened = zeroize::Zeroizing::new(opened);
            <[u8; 32]>::try_from(opened.as_slice()).ok()
        });
        let secret = Secret::from_bytes(secret.ok_or(BundleOpenError::NotForThisDevice)?);
        let id = id_of(header);
        self.unlocked = Some(Unlocked {
            key: crypto::derive(&secret, "bundle key", &[id.as_bytes()]),
            id,
        });
        self.rest.drain(..whole);
        self.at = whole as u64;
        Ok(true)
    }

    /// Opens a part: its piece of the stream with the signature, `None` where it does not open.
    fn part(
        &self,
        part: core::ops::Range<usize>,
        is_last: bool,
    ) -> Result<Option<Piece>, BundleOpenError> {
        let Some(unlocked) = &self.unlocked else {
            return Ok(None);
        };
        if self.next_part >= BUNDLE_PARTS_MAX {
            return Err(DecodeError::Invalid("number of parts").into());
        }
        let sealed = self.rest.get(part).unwrap_or_default();
        let nonce = nonce_of(self.next_part, is_last);
        let opened = crypto::open(&unlocked.key, &nonce, &[], sealed).ok();
        Ok(opened.map(|plain| Piece {
            signed: plain
                .split_last_chunk::<SIGNATURE_BYTES>()
                .map_or([0; 32], |(piece, _)| {
                    signed_bytes(&unlocked.id, self.next_part, is_last, piece)
                }),
            bytes: sealed.len() as u64,
            plain,
        }))
    }

    /// Takes a piece of the stream over, and the frames that it completes.
    fn take(&mut self, piece: Piece, frames: &mut Vec<BundleFrame>) -> Result<(), BundleOpenError> {
        let (plain, signature) = (piece.plain)
            .split_last_chunk::<SIGNATURE_BYTES>()
            .ok_or(DecodeError::Truncated("part of a bundle"))?;
        self.stream.extend_from_slice(plain);
        self.unproven.push((self.at, piece.signed, *signature));
        let mut head = None;
        if self.author.is_none()
            && let Some(frame) = self.next_frame()?
        {
            let found = BundleHead::parse(&frame)?;
            self.author = Some(found.device.verify_key);
            head = Some(found);
        }
        if let Some(author) = &self.author {
            // Nothing is handed out before the parts that it stood in are known to be signed.
            for (at, signed, signature) in std::mem::take(&mut self.unproven) {
                author
                    .verify(&signed, &signature)
                    .map_err(|_| BundleOpenError::Forged { at })?;
            }
            frames.extend(head.map(|head| BundleFrame::Head(Box::new(head))));
            while let Some(frame) = self.next_frame()? {
                frames.push(BundleFrame::Frame(frame));
            }
        }
        self.stream.drain(..self.stream_read);
        self.stream_read = 0;
        self.next_part += 1;
        self.at += piece.bytes;
        Ok(())
    }

    /// Returns the next frame that is whole.
    fn next_frame(&mut self) -> Result<Option<Vec<u8>>, BundleOpenError> {
        let rest = self.stream.get(self.stream_read..).unwrap_or_default();
        if !self.is_over
            && let Some((length, rest)) = rest.split_first_chunk::<4>()
        {
            let length = u32::from_le_bytes(*length) as usize;
            if length > FRAME_BYTES_MAX {
                return Err(DecodeError::Invalid("length of a frame").into());
            }
            if length > 0 {
                let frame = rest.get(..length).map(<[u8]>::to_vec);
                if frame.is_some() {
                    self.stream_read += 4 + length;
                }
                return Ok(frame);
            }
            self.is_over = true;
        }
        if self.is_over {
            if rest.iter().any(|byte| *byte != 0) {
                return Err(DecodeError::Invalid("padding").into());
            }
            self.stream_read = self.stream.len();
        }
        Ok(None)
    }

    /// Reads the last part.
    fn finish(&mut self, frames: &mut Vec<BundleFrame>) -> Result<(), BundleOpenError> {
        let rest = 0..self.rest.len();
        if let Some(piece) = self.part(rest.clone(), true)? {
            self.take(piece, frames)?;
            self.rest.clear();
            if !self.is_over {
                return Err(DecodeError::Truncated("frames").into());
            }
            self.has_ended = true;
            return Ok(());
        }
        if self.rest.is_empty() {
            return Err(BundleOpenError::CutOff { at: self.at });
        }
        // Where the file was cut behind a part, that one is sound.
        if let Some(piece) = self.part(rest, false)? {
            self.take(piece, frames)?;
            return Err(BundleOpenError::CutOff { at: self.at });
        }
        Err(BundleOpenError::Damaged { at: self.at })
    }
}

/// A part that opened; who signed it is not checked yet.
struct Piece {
    plain: Vec<u8>,
    signed: [u8; 32],
    bytes: u64,
}
