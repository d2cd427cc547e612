//! What a member's device says once it has checked a checkpoint: it made the entries of every segment again, and they are
//! those that it has.
//!
//! `device 32 ‖ number varint ‖ segment 32 ‖ signature 64`, over `"hearthside checked 1" ‖ H("segment checked"; notebook,
//! device, number u64, segment)`. The last segment pins all before it.

use super::SegmentNumber;
use crate::codec::{DecodeError, Reader, Writer};
use crate::crypto::{self, SIGNATURE_BYTES, Signature, SignatureError, VerifyKey};
use crate::identity::DeviceSecrets;
use crate::ids::{DeviceId, NotebookId, SegmentHash};

const SIGNED_AS: &[u8] = b"hearthside checked 1";

/// A device's word that a checkpoint is sound up to a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Whose word it is.
    pub device: DeviceId,
    /// The number of the last segment that it checked.
    pub number: SegmentNumber,
    /// That segment.
    pub segment: SegmentHash,
    signature: Signature,
}

impl Checked {
    /// Signs that a checkpoint is sound up to a segment.
    pub fn sign(
        notebook: NotebookId,
        (number, segment): (SegmentNumber, SegmentHash),
        device: &DeviceSecrets,
    ) -> Self {
        let bytes = signed(notebook, device.id(), number, segment);
        Self {
            device: device.id(),
            number,
            segment,
            signature: device.signing().sign(&bytes),
        }
    }

    /// Checks that its device signed it.
    ///
    /// # Errors
    /// [`SignatureError`] where it did not.
    pub fn verify(&self, notebook: NotebookId, key: &VerifyKey) -> Result<(), SignatureError> {
        let bytes = signed(notebook, self.device, self.number, self.segment);
        key.verify(&bytes, &self.signature)
    }

    /// Reads one.
    ///
    /// # Errors
    /// [`DecodeError`] for another layout.
    pub fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            device: DeviceId::from_bytes(reader.array("device")?),
            number: reader.varint("number of a segment")?,
            segment: SegmentHash::from_bytes(reader.array("segment")?),
            signature: reader.array::<SIGNATURE_BYTES>("signature")?,
        })
    }

    /// Appends it in the form that [`Checked::read`] takes.
    pub fn write(&self, writer: &mut Writer) {
        writer
            .raw(self.device.as_bytes())
            .varint(self.number)
            .raw(self.segment.as_bytes())
            .raw(&self.signature);
    }
}

fn signed(
    notebook: NotebookId,
    device: DeviceId,
    number: SegmentNumber,
    segment: SegmentHash,
) -> Vec<u8> {
    let hash = crypto::digest(
        "hearthside 2026-11 segment checked",
        &[
            notebook.as_bytes(),
            device.as_bytes(),
            &number.to_le_bytes(),
            segment.as_bytes(),
        ],
    );
    [SIGNED_AS, &hash].concat()
}
