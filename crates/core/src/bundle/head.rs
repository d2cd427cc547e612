//! What a bundle says of itself to whoever can open it.

use crate::codec::{DecodeError, Reader, Writer};
use crate::frontier::SignedFrontier;
use crate::identity::DeviceCard;
use crate::ids::NotebookId;

const VERSION: u8 = 1;

/// How much of a notebook a bundle carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BundleForm {
    /// What those whom it is for had not told that they have.
    Lacking,
    /// Everything, entry by entry.
    Whole,
}

/// What a bundle says of itself: `version u8 ‖ form u8 (0 lacking, 1 whole) ‖ notebook 32 ‖ device card ‖
/// time u64 ‖ signed frontier`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleHead {
    /// The notebook.
    pub notebook: NotebookId,
    /// The keys of the device that made it; whether it is a member's say the control entries.
    pub device: DeviceCard,
    /// When it was made by that device's clock, in milliseconds since 1970 UTC.
    pub made_ms: u64,
    /// How much it carries.
    pub form: BundleForm,
    /// What that device had then, on its word.
    pub frontier: SignedFrontier,
}

impl BundleHead {
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer
            .u8(VERSION)
            .u8(match self.form {
                BundleForm::Lacking => 0,
                BundleForm::Whole => 1,
            })
            .raw(self.notebook.as_bytes())
            .raw(&self.device.to_bytes())
            .u64(self.made_ms);
        self.frontier.write(&mut writer);
        writer.into_bytes()
    }

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        reader.known("head of a bundle", VERSION)?;
        let form = match reader.u8("form of a bundle")? {
            0 => BundleForm::Lacking,
            1 => BundleForm::Whole,
            other => {
                return Err(DecodeError::Unknown {
                    what: "form of a bundle",
                    value: other.into(),
                });
            }
        };
        let head = Self {
            notebook: NotebookId::from_bytes(reader.array("notebook")?),
            device: DeviceCard::read(&mut reader)
                .map_err(|_| DecodeError::Invalid("device card"))?,
            made_ms: reader.u64("time")?,
            form,
            frontier: SignedFrontier::read(&mut reader)?,
        };
        reader.finish()?;
        Ok(head)
    }
}
