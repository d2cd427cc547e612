//! Writing a bundle, a part at a time.

use std::sync::Arc;

use super::{
    BundleHead, FRAME_BYTES_MAX, MAGIC, PIECE_BYTES, VERSION, check_of, id_of, nonce_of,
    signed_bytes, wrap_info,
};
use crate::codec::Writer;
use crate::crypto::{self, AeadError, KemError, SealingKey, SealingSecret, Secret};
use crate::identity::DeviceSecrets;
use crate::ids::BundleId;
use crate::limits::{BUNDLE_PARTS_MAX, BUNDLE_RECIPIENTS_MAX, BUNDLE_SLOTS_MAX, BUNDLE_SLOTS_MIN};
use crate::log::padded_len;

/// A bundle that cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleSealError {
    /// It would be for nobody.
    #[error("a bundle needs somebody whom it is for")]
    NoRecipient,
    /// It would be for more devices than one can be for.
    #[error("a bundle can be for {BUNDLE_RECIPIENTS_MAX} devices, not for {0}")]
    TooManyRecipients(usize),
    /// A recipient's key cannot be used.
    #[error("the sealing key of a device cannot be used: {0}")]
    Recipient(#[from] KemError),
    /// Sealing failed.
    #[error(transparent)]
    Seal(#[from] AeadError),
    /// It would be longer than one can be.
    #[error("the bundle would be too long")]
    TooLong,
}

/// Writes a bundle. Bytes come out as they are ready, in order; no more than a part and a frame is held.
#[derive(Debug)]
pub struct BundleSealer {
    key: Secret,
    id: BundleId,
    author: Arc<DeviceSecrets>,
    /// What is not sealed yet of the stream.
    rest: Vec<u8>,
    /// The length of the stream so far.
    length: u64,
    next_part: u64,
    /// How many zeros are still to come, once all frames have.
    padding: Option<u64>,
    is_over: bool,
}

impl BundleSealer {
    /// Begins a bundle by `author` that the holders of some keys can open. Returns its first bytes as well.
    ///
    /// # Errors
    /// [`BundleSealError`] where it cannot be sealed to them.
    pub fn new(
        head: &BundleHead,
        recipients: &[SealingKey],
        author: Arc<DeviceSecrets>,
        rng: &mut dyn rand_core::CryptoRng,
    ) -> Result<(Self, Vec<u8>), BundleSealError> {
        if recipients.is_empty() {
            return Err(BundleSealError::NoRecipient);
        }
        if recipients.len() > BUNDLE_RECIPIENTS_MAX {
            return Err(BundleSealError::TooManyRecipients(recipients.len()));
        }
        let places = recipients.len().next_power_of_two();
        let places = places.clamp(BUNDLE_SLOTS_MIN, BUNDLE_SLOTS_MAX);
        let secret = Secret::random(rng);
        let mut wraps = Vec::with_capacity(places);
        for recipient in recipients {
            let wrap = crypto::seal_to(recipient, &wrap_info(), secret.expose(), rng)?;
            wraps.push(wrap);
        }
        while wraps.len() < places {
            // A key that nobody has makes a wrap that looks like any other.
            let nobody = SealingSecret::from_secret(Secret::random(rng));
            let nothing = Secret::random(rng);
            let wrap = crypto::seal_to(nobody.sealing_key(), &wrap_info(), nothing.expose(), rng)?;
            wraps.push(wrap);
        }
        // In an order that says nothing about whose is which.
        wraps.sort_unstable();
        let mut header = Writer::new();
        header.raw(MAGIC).u8(VERSION).u8(crypto::SUITE);
        header.u16(u16::try_from(places).unwrap_or(u16::MAX));
        for wrap in &wraps {
            header.raw(wrap);
        }
        let check = check_of(header.as_slice());
        header.raw(&check);
        let id = id_of(header.as_slice());
        let mut sealer = Self {
            key: crypto::derive(&secret, "bundle key", &[id.as_bytes()]),
            id,
            author,
            rest: Vec::new(),
            length: 0,
            next_part: 0,
            padding: None,
            is_over: false,
        };
        let mut bytes = header.into_bytes();
        bytes.extend(sealer.push(&head.to_bytes())?);
        Ok((sealer, bytes))
    }

    /// Returns the bundle's id.
    pub const fn id(&self) -> BundleId {
        self.id
    }

    /// Adds a frame; returns what is ready to be written.
    ///
    /// # Errors
    /// [`BundleSealError`]; the bundle is of no more use then.
    pub fn push(&mut self, frame: &[u8]) -> Result<Vec<u8>, BundleSealError> {
        let length = u32::try_from(frame.len()).map_err(|_| BundleSealError::TooLong)?;
        if frame.is_empty() || frame.len() > FRAME_BYTES_MAX || self.padding.is_some() {
            return Err(BundleSealError::TooLong);
        }
        self.append(&length.to_le_bytes());
        self.append(frame);
        self.full_parts()
    }

    /// Ends the bundle. Returns what is ready to be written; it is to be called until there is nothing more.
    ///
    /// # Errors
    /// [`BundleSealError`]; the bundle is of no more use then.
    pub fn finish(&mut self) -> Result<Option<Vec<u8>>, BundleSealError> {
        if self.is_over {
            return Ok(None);
        }
        let mut padding = match self.padding {
            Some(padding) => padding,
            None => {
                self.append(&0_u32.to_le_bytes());
                let length = usize::try_from(self.length).map_err(|_| BundleSealError::TooLong)?;
                (padded_len(length) - length) as u64
            }
        };
        let piece = padding.min(PIECE_BYTES as u64);
        self.rest
            .resize(self.rest.len() + usize::try_from(piece).unwrap_or(0), 0);
        padding -= piece;
        self.padding = Some(padding);
        let mut bytes = self.full_parts()?;
        if padding == 0 {
            let last = std::mem::take(&mut self.rest);
            bytes.extend(self.part(&last, true)?);
            self.is_over = true;
        }
        Ok(Some(bytes))
    }

    fn append(&mut self, bytes: &[u8]) {
        self.rest.extend_from_slice(bytes);
        self.length += bytes.len() as u64;
    }

    /// Seals what fills parts, but never what may be the last one.
    fn full_parts(&mut self) -> Result<Vec<u8>, BundleSealError> {
        let mut bytes = Vec::new();
        while self.rest.len() > PIECE_BYTES {
            let after = self.rest.split_off(PIECE_BYTES);
            let piece = std::mem::replace(&mut self.rest, after);
            bytes.extend(self.part(&piece, false)?);
        }
        Ok(bytes)
    }

    fn part(&mut self, piece: &[u8], is_last: bool) -> Result<Vec<u8>, BundleSealError> {
        let number = self.next_part;
        if number >= BUNDLE_PARTS_MAX {
            return Err(BundleSealError::TooLong);
        }
        self.next_part += 1;
        let signed = signed_bytes(&self.id, number, is_last, piece);
        let signature = self.author.signing().sign(&signed);
        let plain = [piece, &signature[..]].concat();
        Ok(crypto::seal(
            &self.key,
            &nonce_of(number, is_last),
            &[],
            &plain,
        )?)
    }
}
