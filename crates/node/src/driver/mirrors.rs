//! Asks mirrors to hold the notebooks that name them, where they do not yet.
//!
//! A mirror that holds nothing which this device is in closes its connection as to a stranger; one that holds
//! some lists those. In both cases it is shown the notebook, once in a while, until it takes it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hearth_core::engine::MirrorFault;
use hearth_core::ids::{DeviceId, MirrorId, NotebookId};
use hearth_core::mirror::{MIRROR_ALPN, MirrorAnswer, MirrorMessage, MirrorTicket};
use hearth_core::sync::EXPORTER_LABEL;
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::engine::Engine;
use super::{PeerAddrs, Traffic};
use crate::host::Host;
use crate::net::{CloseCode, DIAL_TIMEOUT, Net, PeerAddr};
use crate::service;

/// How often one mirror is asked to hold one notebook.
const ASK_EVERY: Duration = Duration::from_secs(20);
/// How long a mirror may think, which puts the notebook on its disk first.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// When mirrors were asked to hold notebooks.
#[derive(Debug, Default)]
pub(super) struct Asked(BTreeMap<(NotebookId, MirrorId), Instant>);

impl Engine {
    /// Asks every mirror for what it was found not to hold.
    pub(super) fn ask_mirrors(&mut self) {
        let mut mirrors: Vec<MirrorId> = self
            .host
            .engine
            .sessions()
            .filter(|(_, session)| session.is_with_mirror())
            .map(|(_, session)| MirrorId::from_bytes(*session.peer().as_bytes()))
            .collect();
        mirrors.dedup();
        for mirror in mirrors {
            for notebook in self.host.engine.unheld_by(mirror) {
                self.ask_mirror(notebook, mirror);
            }
        }
    }

    /// Asks a mirror that took this device for a stranger to hold what names it.
    pub(super) fn ask_strange_mirror(&mut self, peer: DeviceId) {
        let wanted: Vec<(NotebookId, MirrorId)> = self
            .host
            .engine
            .mirrors()
            .filter(|(_, mirror, _)| mirror.as_peer() == peer)
            .map(|(notebook, mirror, _)| (notebook, mirror))
            .collect();
        for (notebook, mirror) in wanted {
            self.ask_mirror(notebook, mirror);
        }
    }

    fn ask_mirror(&mut self, notebook: NotebookId, mirror: MirrorId) {
        let now = Instant::now();
        let place = (notebook, mirror);
        let last = self.asked_mirrors.0.get(&place);
        if last.is_some_and(|last| now.duration_since(*last) < ASK_EVERY) {
            return;
        }
        let Some(replica) = self.host.engine.replica(notebook) else {
            return;
        };
        let Some(ticket) = replica.mirror_ticket(&mirror) else {
            return;
        };
        let controls = replica.controls().iter();
        let controls: Vec<Vec<u8>> = controls.map(|entry| entry.as_bytes().to_vec()).collect();
        self.asked_mirrors.0.insert(place, now);
        let PeerAddrs { addrs, relays } = self.host.addresses_of(mirror.as_peer());
        let peer = PeerAddr {
            id: crate::net::TransportId::new(*ticket.card.transport.as_bytes()),
            addrs,
            relays,
        };
        let (net, traffic) = (Arc::clone(&self.net), self.traffic.clone());
        tokio::spawn(async move {
            let answer = ask(&peer, &ticket, notebook, controls, &net).await;
            tell(traffic, notebook, mirror, answer).await;
        });
    }

    /// Takes what a mirror answered; `None` where it did not.
    pub(super) fn mirror_answered(
        &mut self,
        notebook: NotebookId,
        mirror: MirrorId,
        answer: Option<MirrorAnswer>,
    ) {
        let Some(answer) = answer else {
            return;
        };
        let now_ms = Host::now_ms();
        self.host
            .engine
            .mirror_answered(notebook, mirror, answer, now_ms);
        self.peers_changed = true;
        self.syncs_changed = true;
        if answer == MirrorAnswer::Taken {
            if let Some(dialer) = self.dialers.get(&mirror.as_peer()) {
                dialer.nudge();
            }
        } else {
            let why = super::mirror_refusal(answer);
            self.dial_failed(mirror.as_peer(), why);
        }
    }

    /// Tells whoever watches what is wrong with a mirror.
    pub(super) fn tell_of_mirror(
        &mut self,
        notebook: NotebookId,
        mirror: MirrorId,
        fault: &MirrorFault,
    ) {
        self.peers_changed = true;
        let line = service::describe_mirror_fault(&mut self.host, notebook, mirror, fault);
        if let Some(message) = line.get("what").and_then(Value::as_str) {
            tracing::warn!("{}", service::printable(message));
        }
        self.watchers.tell_of(notebook, line);
    }
}

async fn tell(
    traffic: mpsc::Sender<Traffic>,
    notebook: NotebookId,
    mirror: MirrorId,
    answer: Option<MirrorAnswer>,
) {
    let answered = Traffic::MirrorAnswered {
        notebook,
        mirror,
        answer,
    };
    // Where the engine has ended, nobody waits for it.
    let _ended = traffic.send(answered).await;
}

async fn ask(
    peer: &PeerAddr,
    ticket: &MirrorTicket,
    notebook: NotebookId,
    controls: Vec<Vec<u8>>,
    net: &Net,
) -> Option<MirrorAnswer> {
    let link = net.dial(peer, MIRROR_ALPN, DIAL_TIMEOUT).await.ok()?;
    let exporter = link.handle().exporter(EXPORTER_LABEL, b"").ok()?;
    let (handle, mut sender, mut receiver) = link.split();
    let entries = controls.iter().map(Vec::as_slice);
    for message in MirrorMessage::ask(notebook, &ticket.pass, &exporter, entries) {
        sender.send(&message.to_bytes()).await.ok()?;
    }
    let answer = tokio::time::timeout(ANSWER_TIMEOUT, receiver.recv()).await;
    handle.close(CloseCode::BYE, "asked");
    let frame = answer.ok()?.ok()??;
    match MirrorMessage::parse(&frame) {
        Ok(MirrorMessage::Answer(answer)) => Some(answer),
        _ => None,
    }
}
