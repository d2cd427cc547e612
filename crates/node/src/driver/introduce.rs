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
use hearth_core::limits::VOIDING_BYTES_MAX;
use tokio::time::Instant;

use super::engine::Engine;
use super::{PeerAddrs, Traffic};
use crate::host::Host;
use crate::net::{CloseCode, DIAL_TIMEOUT, FrameReceiver, Net, PeerAddr};

/// How often this device introduces itself to one that answers: whoever took it off will not change their mind.
const INTRODUCE_EVERY: Duration = Duration::from_secs(60);
/// How soon it does so again where there was no answer: a dial may be lost, and somebody may wait for the notebook.
const INTRODUCE_AGAIN: Duration = Duration::from_secs(2);
/// Most bytes of what the other side answers: what speaks against the admissions to some notebooks.
const TOLD_BYTES_MAX: usize = 4 * VOIDING_BYTES_MAX;
/// How long the other side may think.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);

/// Control entries of a notebook that this device is no member of by what the other side knows.
pub(super) type Told = (NotebookId, Vec<Vec<u8>>);

/// From when on this device may introduce itself again, by peer.
#[derive(Debug, Default)]
pub(super) struct Introductions(BTreeMap<DeviceId, Instant>);

impl Engine {
    /// Takes what a peer answered that this device introduced itself to; nothing where it did not answer.
    pub(super) fn introduced(&mut self, device: DeviceId, told: Option<Vec<Told>>) {
        let Some(told) = told else {
            let again = Instant::now() + INTRODUCE_AGAIN;
            self.introductions.0.insert(device, again);
            return;
        };
        let is_told = !told.is_empty();
        for (notebook, entries) in told {
            let Host {
                engine, storage, ..
            } = &mut self.host;
            if let Err(error) = engine.take_told(device, (notebook, &entries), storage) {
                tracing::warn!(%error, "what a member told could not be kept");
            }
        }
        if is_told {
            self.heard_at_the_door(device);
        }
        if let Some(dialer) = self.dialers.get(&device) {
            dialer.nudge();
        }
    }

    /// Shows a peer that called this device a stranger by which entries it is a member's.
    pub(super) fn introduce(&mut self, device: DeviceId) {
        let now = Instant::now();
        let next = self.introductions.0.get(&device);
        if next.is_some_and(|next| now < *next) {
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
        self.introductions.0.insert(device, now + INTRODUCE_EVERY);
        let PeerAddrs { addrs, relays } = self.host.addresses_of(device);
        let peer = PeerAddr {
            id: crate::net::TransportId::new(*card.transport.as_bytes()),
            addrs,
            relays,
        };
        let (net, traffic) = (Arc::clone(&self.net), self.traffic.clone());
        tokio::spawn(async move {
            let told = show(peer, shown, &net).await;
            // Where the engine has ended, nobody is dialled any more.
            let _ended = traffic.send(Traffic::Introduced { device, told }).await;
        });
    }
}

/// Shows a peer which entries make this device a member's; returns what it is told, or nothing without an answer.
async fn show(peer: PeerAddr, shown: Vec<EnrolMessage>, net: &Net) -> Option<Vec<Told>> {
    let link = net.dial(&peer, RECOVER_ALPN, DIAL_TIMEOUT).await.ok()?;
    let (handle, mut sender, mut receiver) = link.split();
    for message in shown.into_iter().chain([EnrolMessage::Done]) {
        sender.send(&message.to_bytes()).await.ok()?;
    }
    let told = hear(&mut receiver).await;
    handle.close(CloseCode::BYE, "introduced");
    told
}

/// Reads what the other side says before it is done: of each notebook that this device is no member of by what is known
/// there, the control entries by which it is none.
async fn hear(receiver: &mut FrameReceiver) -> Option<Vec<Told>> {
    let (mut told, mut bytes) = (Vec::new(), 0);
    loop {
        let answer = tokio::time::timeout(ANSWER_TIMEOUT, receiver.recv()).await;
        let frame = answer.ok()?.ok()??;
        bytes += frame.len();
        match EnrolMessage::parse(&frame).ok()? {
            EnrolMessage::Done => return Some(told),
            EnrolMessage::Controls { notebook, entries } if bytes <= TOLD_BYTES_MAX => {
                told.push((notebook, entries));
            }
            _ => return None,
        }
    }
}
