//! Introduces this device to a peer that does not know it yet.
//!
//! A member's node that has not heard of a device closes its connection. The device then shows it the
//! entries by which it is one of a member's; whoever was linked or recovered meets nobody otherwise before
//! somebody who knows it has.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hearth_core::enrol::{EnrolMessage, RECOVER_ALPN};
use hearth_core::ids::{DeviceId, NotebookId};
use tokio::sync::mpsc;

use super::engine::Engine;
use super::{PeerAddrs, Traffic};
use crate::host::Host;
use crate::net::{CloseCode, DIAL_TIMEOUT, Net, PeerAddr};

/// How often one device is introduced to: whoever took it off will not change their mind.
const INTRODUCE_EVERY_MS: u64 = 60_000;
/// How long the other side may think.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);

/// When this device introduced itself last, by peer.
#[derive(Debug, Default)]
pub(super) struct Introductions(BTreeMap<DeviceId, u64>);

impl Engine {
    /// Shows a peer that called this device a stranger by which entries it is a member's.
    pub(super) fn introduce(&mut self, device: DeviceId) {
        let now_ms = Host::now_ms();
        let last_ms = self.introductions.0.get(&device).copied();
        if last_ms.is_some_and(|last_ms| now_ms.wrapping_sub(last_ms) < INTRODUCE_EVERY_MS) {
            return;
        }
        let engine = &self.host.engine;
        let shared: Vec<NotebookId> = engine
            .notebooks()
            .filter(|notebook| {
                let replica = engine.replica(*notebook);
                replica.is_some_and(|replica| replica.membership().person_of(&device).is_some())
            })
            .collect();
        let card = shared.iter().find_map(|notebook| {
            let card = engine.replica(*notebook)?.membership().card(&device)?;
            Some(card.clone())
        });
        let shown: Vec<EnrolMessage> = shared
            .iter()
            .filter_map(|notebook| engine.presentation(*notebook))
            .collect();
        let Some(card) = card.filter(|_| !shown.is_empty()) else {
            return;
        };
        self.introductions.0.insert(device, now_ms);
        let PeerAddrs { addrs, relays } = self.host.addresses_of(device);
        let peer = PeerAddr {
            id: crate::net::TransportId::new(*card.transport.as_bytes()),
            addrs,
            relays,
        };
        tokio::spawn(show(
            peer,
            shown,
            device,
            Arc::clone(&self.net),
            self.traffic.clone(),
        ));
    }
}

async fn show(
    peer: PeerAddr,
    shown: Vec<EnrolMessage>,
    device: DeviceId,
    net: Arc<Net>,
    traffic: mpsc::Sender<Traffic>,
) {
    let Ok(link) = net.dial(&peer, RECOVER_ALPN, DIAL_TIMEOUT).await else {
        return;
    };
    let (handle, mut sender, mut receiver) = link.split();
    for message in shown.into_iter().chain([EnrolMessage::Done]) {
        if sender.send(&message.to_bytes()).await.is_err() {
            return;
        }
    }
    let answer = tokio::time::timeout(ANSWER_TIMEOUT, receiver.recv()).await;
    let is_done = matches!(
        answer,
        Ok(Ok(Some(frame))) if EnrolMessage::parse(&frame) == Ok(EnrolMessage::Done)
    );
    handle.close(CloseCode::BYE, "introduced");
    if is_done {
        // Where the engine has ended, nobody is dialled any more.
        let _ended = traffic.send(Traffic::Introduced { device }).await;
    }
}
