//! This device's capsule, and who keeps it.

use std::collections::{BTreeMap, BTreeSet};

use hearth_core::capsule::NotebookState;
use hearth_core::ids::{DeviceId, MirrorId};
use hearth_core::limits::CAPSULE_BYTES_MAX;
use serde_json::{Value, json};

use super::answer::time;
use crate::api::Failure;
use crate::host::Host;

/// What became of the journal in the capsule, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum JournalCopy {
    /// There is no journal.
    None,
    /// The person wants no copy.
    NotWanted,
    /// It is in the capsule.
    Copied,
    /// It is too large for one.
    TooLarge,
}

impl JournalCopy {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::NotWanted => "own-devices",
            Self::Copied => "copied",
            Self::TooLarge => "too-large",
        }
    }
}

/// What is known of this device's capsule.
pub(super) struct CapsuleFacts {
    pub(super) made_ms: u64,
    pub(super) bytes: u32,
    pub(super) journal: JournalCopy,
    /// Devices that could keep it, and of these the ones that said they do.
    pub(super) others: usize,
    pub(super) keepers: usize,
    /// Mirrors that could keep it.
    pub(super) mirrors: Vec<MirrorKeeper>,
}

/// What a mirror said about this device's capsule.
#[derive(Debug, Clone)]
pub(super) struct MirrorKeeper {
    pub(super) id: MirrorId,
    pub(super) name: String,
    pub(super) keeps: bool,
    /// It said that it has no room for it.
    pub(super) had_no_room: bool,
}

/// Says what this device's capsule is; `None` while it has made none.
pub(super) fn facts(host: &Host) -> Result<Option<CapsuleFacts>, Failure> {
    let Some(own) = host.engine.own_capsule() else {
        return Ok(None);
    };
    let states = &own.journals;
    let journal = if states.contains(&NotebookState::JournalTooLarge) {
        JournalCopy::TooLarge
    } else if states.contains(&NotebookState::JournalCopied) {
        JournalCopy::Copied
    } else if states.is_empty() {
        JournalCopy::None
    } else {
        JournalCopy::NotWanted
    };
    let me = host.my_device();
    let person = host.me();
    let others: BTreeSet<DeviceId> = host
        .engine
        .notebooks()
        .filter_map(|notebook| host.engine.replica(notebook))
        .filter(|replica| replica.membership().member(&person).is_some())
        .flat_map(|replica| replica.membership().devices().keys().copied())
        .filter(|device| *device != me)
        .collect();
    let keepers = host.keepers()?;
    let hash = own.head.hash;
    let keeps = |device: &&DeviceId| {
        let keeper = keepers.get(&device.to_string());
        keeper.is_some_and(|keeper| keeper.since(hash).is_some())
    };
    let mut mirrors: BTreeMap<MirrorId, MirrorKeeper> = BTreeMap::new();
    for (_, mirror, ticket) in host.engine.mirrors() {
        let device = mirror.as_peer();
        let keeper = keepers.get(&device.to_string());
        let known = mirrors.entry(mirror).or_insert_with(|| MirrorKeeper {
            id: mirror,
            name: String::new(),
            keeps: keeps(&&device),
            had_no_room: keeper.is_some_and(|keeper| keeper.had_no_room(hash)),
        });
        if let Some(ticket) = ticket {
            known.name = ticket.name;
        }
    }
    Ok(Some(CapsuleFacts {
        made_ms: own.head.time_ms,
        bytes: own.head.length,
        journal,
        others: others.len(),
        keepers: others.iter().filter(keeps).count(),
        mirrors: mirrors.into_values().collect(),
    }))
}

fn mirror_view(mirror: &MirrorKeeper) -> Value {
    json!({
        "id": mirror.id.to_string(),
        "name": mirror.name,
        "keeps": mirror.keeps,
        "had_no_room": mirror.had_no_room,
    })
}

/// The capsule as `status` tells it; null while there is none, and on a device that was taken off, whose
/// capsule nobody keeps any more.
pub(super) fn view(host: &Host) -> Result<Value, Failure> {
    if !host.engine.is_own_device() {
        return Ok(Value::Null);
    }
    let Some(facts) = facts(host)? else {
        return Ok(Value::Null);
    };
    Ok(json!({
        "made": time(facts.made_ms),
        "bytes": facts.bytes,
        "bytes_max": CAPSULE_BYTES_MAX,
        "journal": facts.journal.word(),
        "devices": facts.others,
        "keepers": facts.keepers,
        "mirrors": facts.mirrors.iter().map(mirror_view).collect::<Vec<_>>(),
    }))
}
