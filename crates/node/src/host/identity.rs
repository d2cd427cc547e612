//! What a home keeps about its person and device, in the sealed store.
//!
//! `version u8 ‖ seeds 3 × 32 (signing, sealing, transport) ‖ roster ‖ name ‖ device label ‖ network
//! profile ‖ UDP port u16`; texts and the roster with their lengths.

use std::sync::Arc;

use hearth_core::codec::{DecodeError, Reader, Writer};
use hearth_core::crypto::Secret;
use hearth_core::engine::Identity;
use hearth_core::identity::{DeviceSecrets, Roster};
use hearth_core::limits::{CONTROL_BYTES_MAX, NAME_BYTES_MAX};
use zeroize::Zeroizing;

const VERSION: u8 = 1;
/// Longest network profile in words: several relay addresses.
pub(crate) const PROFILE_BYTES_MAX: usize = 8 * 1024;

/// How the home reaches others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The network profile in words: `direct`, `lan`, `relay=URL`, `public`.
    pub network: String,
    /// The UDP port that was chosen when the home was made and is kept.
    pub port: u16,
}

/// Person, device and network of a home.
#[derive(Debug, Clone)]
pub struct StoredIdentity {
    /// Person and device.
    pub identity: Identity,
    /// How it reaches others.
    pub profile: Profile,
}

impl StoredIdentity {
    /// Returns the bytes for the sealed store; they hold the device's secrets.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut writer = Writer::new();
        writer.u8(VERSION);
        for seed in self.identity.device.to_seeds() {
            writer.raw(seed.expose());
        }
        writer
            .bytes(&self.identity.roster.to_bytes())
            .bytes(self.identity.name.as_bytes())
            .bytes(self.identity.device_label.as_bytes())
            .bytes(self.profile.network.as_bytes())
            .u16(self.profile.port);
        Zeroizing::new(writer.into_bytes())
    }

    /// Reads what [`StoredIdentity::to_bytes`] made.
    ///
    /// # Errors
    /// [`DecodeError`] for another layout.
    pub fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        reader.known("identity", VERSION)?;
        let seeds = [
            Secret::from_bytes(reader.array("signing seed")?),
            Secret::from_bytes(reader.array("sealing seed")?),
            Secret::from_bytes(reader.array("transport seed")?),
        ];
        let roster = Roster::read(&mut Reader::new(reader.bytes("roster", CONTROL_BYTES_MAX)?))
            .map_err(|_| DecodeError::Invalid("roster"))?;
        let name = reader.text("name", NAME_BYTES_MAX)?.to_owned();
        let device_label = reader.text("device label", NAME_BYTES_MAX)?.to_owned();
        let network = reader
            .text("network profile", PROFILE_BYTES_MAX)?
            .to_owned();
        let port = reader.u16("port")?;
        reader.finish()?;
        let device = Arc::new(DeviceSecrets::from_seeds(seeds));
        let identity = Identity {
            device,
            roster,
            name,
            device_label,
        };
        Ok(Self {
            identity,
            profile: Profile { network, port },
        })
    }
}
