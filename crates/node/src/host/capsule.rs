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
    /// Whether it said instead that it has no room for it.
    #[serde(default)]
    is_full: bool,
}

/// What a device answered about a capsule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeeperWord {
    /// It has it on its disk.
    Kept,
    /// It does not keep it.
    Refused,
    /// It has no room for it, as a mirror says.
    Full,
}

impl Keeper {
    /// Says when the device took a capsule, where it has it.
    pub(crate) fn since(&self, capsule: CapsuleHash) -> Option<Timestamp> {
        (self.capsule == capsule.to_string() && !self.is_full).then_some(self.at)
    }
}

impl Keeper {
    /// Says whether the keeper had no room for a capsule.
    pub(crate) fn had_no_room(&self, capsule: CapsuleHash) -> bool {
        self.is_full && self.capsule == capsule.to_string()
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

    /// Notes what a device or a mirror said about a capsule of this device.
    pub(crate) fn note_keeper(
        &mut self,
        keeper: DeviceId,
        capsule: CapsuleHash,
        word: KeeperWord,
    ) -> Result<(), Failure> {
        let mut keepers = self.keepers()?;
        let device = keeper.to_string();
        let known = keepers.get(&device);
        let is_known = match word {
            KeeperWord::Kept => known.is_some_and(|known| known.since(capsule).is_some()),
            KeeperWord::Refused => known.is_none(),
            KeeperWord::Full => known.is_some_and(|known| known.had_no_room(capsule)),
        };
        if is_known {
            return Ok(());
        }
        if word == KeeperWord::Refused {
            keepers.remove(&device);
        } else {
            let keeper = Keeper {
                capsule: capsule.to_string(),
                at: Self::now(),
                is_full: word == KeeperWord::Full,
            };
            keepers.insert(device, keeper);
        }
        // Whoever shares nothing any more has dropped it.
        let engine = &self.engine;
        let is_near = |device: &String| {
            device.parse().is_ok_and(|device: DeviceId| {
                let is_member = engine
                    .notebooks()
                    .filter_map(|notebook| engine.replica(notebook))
                    .any(|replica| replica.membership().person_of(&device).is_some());
                is_member || engine.is_mirror(&device)
            })
        };
        keepers.retain(|device, _| is_near(device));
        let bytes = serde_json::to_vec(&keepers)
            .map_err(|error| Failure::error("internal", format!("{error}.")))?;
        self.put_own(KEEPERS_KEPT_AS, &bytes)
    }
}
