//! The notebooks that a recovery knew of and could not fetch yet: whom to ask, and with which keys.

use hearth_core::capsule::CapsuleKey;
use hearth_core::ids::NotebookId;
use serde::{Deserialize, Serialize};

use super::{Host, storage_failed};
use crate::api::Failure;
use crate::driver::PeerAddrs;

/// Which notebooks are awaited, and from whom.
const AWAITED_KEPT_AS: &str = "awaited-notebooks";
/// Their keys, as the capsule had them.
const KEYS_KEPT_AS: &str = "awaited-keys";

/// A device that may hand over a notebook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Holder {
    pub(crate) device: String,
    pub(crate) transport: String,
    pub(crate) name: String,
    pub(crate) addrs: PeerAddrs,
}

/// A notebook that is awaited.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AwaitedNotebook {
    pub(crate) notebook: String,
    pub(crate) title: String,
    pub(crate) holders: Vec<Holder>,
}

impl Host {
    /// Returns the notebooks that are awaited.
    pub(crate) fn awaited(&self) -> Result<Vec<AwaitedNotebook>, Failure> {
        let kept = self.get_own(AWAITED_KEPT_AS)?;
        Ok(kept
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default())
    }

    /// Keeps which notebooks are awaited, with their keys.
    pub(crate) fn keep_awaited(
        &mut self,
        awaited: &[AwaitedNotebook],
        keys: &[CapsuleKey],
    ) -> Result<(), Failure> {
        let is_awaited = |key: &CapsuleKey| {
            let notebook = key.notebook.to_string();
            awaited.iter().any(|one| one.notebook == notebook)
        };
        let keys: Vec<CapsuleKey> = keys.iter().filter(|key| is_awaited(key)).cloned().collect();
        self.storage
            .put_own(KEYS_KEPT_AS, &CapsuleKey::list_to_bytes(&keys))
            .map_err(storage_failed)?;
        let bytes = serde_json::to_vec(awaited)
            .map_err(|error| Failure::error("internal", format!("{error}.")))?;
        self.put_own(AWAITED_KEPT_AS, &bytes)
    }

    /// Returns the keys of what is awaited.
    pub(crate) fn awaited_keys(&self) -> Result<Vec<CapsuleKey>, Failure> {
        let kept = self.get_own(KEYS_KEPT_AS)?.map(zeroize::Zeroizing::new);
        Ok(kept
            .and_then(|bytes| CapsuleKey::list_from_bytes(&bytes).ok())
            .unwrap_or_default())
    }

    /// Notes that a notebook is here, or will never be.
    pub(crate) fn no_longer_awaited(&mut self, notebook: NotebookId) -> Result<(), Failure> {
        let mut awaited = self.awaited()?;
        let before = awaited.len();
        let notebook = notebook.to_string();
        awaited.retain(|one| one.notebook != notebook);
        if awaited.len() == before {
            return Ok(());
        }
        let keys = self.awaited_keys()?;
        self.keep_awaited(&awaited, &keys)
    }
}
