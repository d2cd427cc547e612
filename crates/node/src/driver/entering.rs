//! Enters notebooks of this person's that this device knows of and has not.
//!
//! A recovery leaves behind which notebooks a capsule named and nobody could hand over; another device of the
//! person's own may have made or joined one since this device was linked. Both are asked with the roster alone,
//! which proves itself, and the notebook's members then make a key for this device.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use hearth_core::engine::Way;
use hearth_core::enrol::{HandedNotebook, Recovered};
use hearth_core::identity::Roster;
use hearth_core::ids::{DeviceId, NotebookId, TransportId};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::engine::Engine;
use super::{PeerAddrs, Traffic, enter};
use crate::host::{AwaitedNotebook, Host, random};
use crate::net::{Net, PeerAddr};

/// How often those who may have what is awaited are asked: they may be away for weeks.
const ASK_EVERY: Duration = Duration::from_secs(30);
/// The first time after a start: links and what they bring come before.
const FIRST_AFTER: Duration = Duration::from_secs(1);
/// Devices that are asked at the same time.
const ASKED_AT_ONCE_MAX: usize = 8;

/// Who is asked, and when next.
#[derive(Debug)]
pub(super) struct Entering {
    under_way: BTreeSet<DeviceId>,
    /// Who was asked in this round, so that others get their turn.
    asked: BTreeSet<DeviceId>,
    next_at: Instant,
}

impl Entering {
    pub(super) fn new() -> Self {
        Self {
            under_way: BTreeSet::new(),
            asked: BTreeSet::new(),
            next_at: Instant::now() + FIRST_AFTER,
        }
    }

    pub(super) const fn next_at(&self) -> Instant {
        self.next_at
    }
}

impl Engine {
    /// Asks for what is awaited, where it is time.
    pub(super) fn enter_awaited(&mut self) {
        let now = Instant::now();
        if now < self.entering.next_at {
            return;
        }
        self.entering.next_at = now + ASK_EVERY;
        let awaited = self.host.awaited().unwrap_or_default();
        let mut next = whom_to_ask(&awaited, &self.entering.asked);
        if next.is_empty() && !self.entering.asked.is_empty() {
            self.entering.asked.clear();
            next = whom_to_ask(&awaited, &self.entering.asked);
        }
        for (device, peer) in next.into_iter().take(ASKED_AT_ONCE_MAX) {
            self.entering.asked.insert(device);
            self.enter_through(device, peer);
        }
    }

    fn enter_through(&mut self, device: DeviceId, peer: PeerAddr) {
        if device == self.host.my_device() || !self.entering.under_way.insert(device) {
            return;
        }
        let roster = self.host.engine.identity().roster.clone();
        let (net, traffic) = (Arc::clone(&self.net), self.traffic.clone());
        tokio::spawn(ask(net, peer, roster, device, traffic));
    }

    /// Takes what a device answered: the notebooks that this device has not.
    pub(super) fn entered(&mut self, device: DeviceId, answer: Option<Recovered>) {
        self.entering.under_way.remove(&device);
        let Some(answer) = answer else {
            return;
        };
        let keys = self.host.awaited_keys().unwrap_or_default();
        for handed in answer.handover.notebooks {
            let notebook = handed.notebook;
            if self.host.engine.replica(notebook).is_none() {
                self.take_over(handed, &keys);
            }
            if self.host.engine.replica(notebook).is_some()
                && let Err(failure) = self.host.no_longer_awaited(notebook)
            {
                tracing::warn!(failure = %failure.message, "what is awaited could not be noted");
            }
        }
    }

    fn take_over(&mut self, handed: HandedNotebook, keys: &[hearth_core::capsule::CapsuleKey]) {
        let notebook = handed.notebook;
        let way = Way::Added {
            recovery: None,
            keys,
        };
        let Host {
            engine, storage, ..
        } = &mut self.host;
        match engine.take_over(handed, &way, storage, &mut random()) {
            Ok(()) => {
                tracing::info!(%notebook, "a notebook that was awaited is here");
                self.remember_holders(notebook);
                self.membership_changed = true;
            }
            Err(error) => tracing::warn!(%error, "a notebook that was awaited is not taken"),
        }
    }

    /// Keeps where the holders of a notebook were, so that they are dialled for it.
    fn remember_holders(&mut self, notebook: NotebookId) {
        let awaited = self.host.awaited().unwrap_or_default();
        let notebook = notebook.to_string();
        for one in awaited.iter().filter(|one| one.notebook == notebook) {
            for holder in &one.holders {
                if let Ok(device) = holder.device.parse() {
                    self.host.remember_seen(device, &holder.addrs);
                }
            }
        }
    }
}

fn whom_to_ask(
    awaited: &[AwaitedNotebook],
    asked: &BTreeSet<DeviceId>,
) -> Vec<(DeviceId, PeerAddr)> {
    let mut named: BTreeSet<DeviceId> = BTreeSet::new();
    let holders = awaited.iter().flat_map(|one| &one.holders);
    holders
        .filter_map(|holder| {
            let device: DeviceId = holder.device.parse().ok()?;
            let transport: TransportId = holder.transport.parse().ok()?;
            let PeerAddrs { addrs, relays } = holder.addrs.clone();
            let peer = PeerAddr {
                id: crate::net::TransportId::new(*transport.as_bytes()),
                addrs,
                relays,
            };
            (!asked.contains(&device) && named.insert(device)).then_some((device, peer))
        })
        .collect()
}

async fn ask(
    net: Arc<Net>,
    peer: PeerAddr,
    roster: Roster,
    device: DeviceId,
    traffic: mpsc::Sender<Traffic>,
) {
    let answer = match enter(&net, &peer, roster).await {
        Ok(answer) => Some(Box::new(answer)),
        Err(failure) => {
            tracing::debug!(failure = %failure.message, "nobody handed over what is awaited");
            None
        }
    };
    // Where the engine has ended, nobody waits for it.
    let _ended = traffic.send(Traffic::Entered { device, answer }).await;
}
