//! What a home notes about its capsule: which devices keep it.

use std::collections::BTreeMap;

use hearth_core::ids::{CapsuleHash, DeviceId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Host;
use crate::api::Failure;

/// Which devices keep this device's capsule.
const KEEPERS_KEPT_AS: &str = "capsule-keepers";

/// What a device said about this device's capsule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Keeper {
    /// The capsule that it last said to have on its disk, by its hash.
    capsule: String,
    /// When it said so first.
    at: Timestamp,
}

impl Keeper {
    /// Says when the device took a capsule, where it has it.
    pub(crate) fn since(&self, capsule: CapsuleHash) -> Option<Timestamp> {
        (self.capsule == capsule.to_string()).then_some(self.at)
    }
}

impl Host {
    /// Returns the devices that said they keep a capsule of this device.
    pub(crate) fn keepers(&self) -> Result<BTreeMap<String, Keeper>, Failure> {
        let kept = self.get_own(KEEPERS_KEPT_AS)?;
        Ok(kept
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default())
    }

    /// Notes that a device keeps a capsule of this device, or does not.
    pub(crate) fn note_keeper(
        &mut self,
        keeper: DeviceId,
        capsule: CapsuleHash,
        is_kept: bool,
    ) -> Result<(), Failure> {
        let mut keepers = self.keepers()?;
        let device = keeper.to_string();
        let known = keepers.get(&device);
        let is_known = known.is_some_and(|known| known.since(capsule).is_some());
        if is_known == is_kept {
            return Ok(());
        }
        if is_kept {
            let at = Self::now();
            let capsule = capsule.to_string();
            keepers.insert(device, Keeper { capsule, at });
        } else {
            keepers.remove(&device);
        }
        // Whoever shares nothing any more has dropped it.
        let engine = &self.engine;
        let is_near = |device: &String| {
            device.parse().is_ok_and(|device: DeviceId| {
                engine
                    .notebooks()
                    .filter_map(|notebook| engine.replica(notebook))
                    .any(|replica| replica.membership().person_of(&device).is_some())
            })
        };
        keepers.retain(|device, _| is_near(device));
        let bytes = serde_json::to_vec(&keepers)
            .map_err(|error| Failure::error("internal", format!("{error}.")))?;
        self.put_own(KEEPERS_KEPT_AS, &bytes)
    }
}
