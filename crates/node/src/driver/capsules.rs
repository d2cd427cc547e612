//! When this device's capsule is looked at, and who keeps it.
//!
//! What makes a capsule new at once (members, devices, settings) is looked at within seconds, what waits (text,
//! addresses) once a minute. Where nothing of either kind happened, nothing is done.

use std::time::Duration;

use hearth_core::engine::{CapsuleFacts, Renewal};
use hearth_core::ids::{CapsuleHash, DeviceId, NotebookId};
use tokio::time::Instant;

use super::PeerAddrs;
use super::engine::Engine;
use crate::api::Failure;
use crate::host::{Host, KeeperWord, random};

/// The first look after a start: links and what they bring come before.
const FIRST_LOOK_AFTER: Duration = Duration::from_millis(500);
/// Between two looks while members or devices change: several changes make one capsule.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(2);
/// Between two looks while only text changes.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// What is to be done about this device's capsule.
#[derive(Debug)]
pub(super) struct CapsuleWork {
    /// Something changed that may not wait.
    is_pressing: bool,
    /// Something changed that may.
    is_stale: bool,
    /// Somebody is in it of whom nobody knew where they are: that comes with the first link.
    lacks_place: bool,
    looked_at: Instant,
}

impl CapsuleWork {
    /// Begins with a look soon.
    pub(super) fn new() -> Self {
        Self {
            is_pressing: true,
            is_stale: false,
            lacks_place: false,
            looked_at: Instant::now() + FIRST_LOOK_AFTER - LOOK_AGAIN_AFTER,
        }
    }

    /// Has it looked at within seconds.
    pub(super) const fn press(&mut self) {
        self.is_pressing = true;
    }

    /// Has it looked at within a minute, or within seconds where that may tell where somebody is.
    pub(super) const fn note_change(&mut self) {
        self.is_stale = true;
        self.is_pressing |= self.lacks_place;
    }

    /// Returns when the next look is due; `None` where nothing has changed.
    pub(super) fn due_at(&self) -> Option<Instant> {
        match (self.is_pressing, self.is_stale) {
            (true, _) => Some(self.looked_at + LOOK_AGAIN_AFTER),
            (false, true) => Some(self.looked_at + LOOK_EVERY),
            (false, false) => None,
        }
    }
}

impl Engine {
    /// Makes the capsule anew where a look is due and shows that it says less than there is to say.
    pub(super) fn settle_capsule(&mut self) {
        let now = Instant::now();
        if self.capsule.due_at().is_some_and(|at| at <= now) {
            self.renew_capsule(false);
        }
    }

    /// Looks at the capsule now; where the person asks for it, nothing waits.
    pub(super) fn renew_capsule(&mut self, is_urgent: bool) {
        self.capsule.looked_at = Instant::now();
        self.capsule.is_pressing = false;
        self.capsule.is_stale = false;
        let facts = self.host.capsule_facts(is_urgent);
        let mut places = facts.reachable.values();
        self.capsule.lacks_place =
            places.any(|(addrs, relays)| addrs.is_empty() && relays.is_empty());
        let Host {
            engine, storage, ..
        } = &mut self.host;
        match engine.renew_capsule(&facts, Host::now_ms(), storage, &mut random()) {
            Ok(Renewal::Waits) => self.capsule.is_stale = true,
            Ok(_) => {}
            Err(error) => {
                self.capsule.is_stale = true;
                tracing::warn!(%error, "the list of notebooks for a recovery could not be renewed");
            }
        }
    }

    /// Notes what a device or a mirror said about this device's capsule.
    pub(super) fn capsule_answered(
        &mut self,
        keeper: DeviceId,
        capsule: CapsuleHash,
        word: KeeperWord,
    ) {
        let own = self.host.engine.own_capsule();
        if own.is_none_or(|own| own.head.hash != capsule) {
            return;
        }
        if let Err(failure) = self.host.note_keeper(keeper, capsule, word) {
            tracing::warn!(failure = %failure.message, "who keeps the capsule could not be noted");
        }
    }
}

impl Host {
    /// Makes the capsule anew at once, since the one that is here names something that this person destroyed.
    pub(crate) fn replace_capsule(&mut self) -> Result<(), Failure> {
        let mut facts = self.capsule_facts(true);
        facts.has_to_go = self.engine.own_capsule().is_some();
        let Self {
            engine, storage, ..
        } = self;
        let renewed = engine.renew_capsule(&facts, Self::now_ms(), storage, &mut random());
        renewed.map(drop).map_err(|error| {
            Failure::error("capsule_failed", crate::host::sentence(&error.to_string()))
        })
    }

    /// Gathers what a capsule says beyond what the protocol knows.
    fn capsule_facts(&mut self, is_urgent: bool) -> CapsuleFacts {
        let mut facts = CapsuleFacts {
            copies_journals: crate::service::copies_journal(self),
            is_urgent,
            ..CapsuleFacts::default()
        };
        let (own, me) = (self.my_device(), self.me());
        let notebooks: Vec<NotebookId> = self.engine.notebooks().collect();
        for notebook in notebooks {
            let Some(replica) = self.engine.replica(notebook) else {
                continue;
            };
            if replica.membership().member(&me).is_none() {
                continue;
            }
            let others = replica.membership().devices().keys().copied();
            let others: Vec<DeviceId> = others.filter(|device| *device != own).collect();
            for device in others {
                let record = self.address_record(notebook, device).unwrap_or_default();
                let (addrs, relays) = facts.reachable.remove(&device).unwrap_or_default();
                let mut reachable = if addrs.is_empty() && relays.is_empty() {
                    self.seen(device)
                } else {
                    PeerAddrs { addrs, relays }
                };
                reachable.merge(record);
                facts
                    .reachable
                    .insert(device, (reachable.addrs, reachable.relays));
            }
            let title = self.known_title(notebook);
            facts.titles.insert(notebook, title);
            if self.is_journal(notebook) {
                facts.journals.insert(notebook);
            }
        }
        facts
    }
}
