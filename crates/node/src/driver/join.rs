//! Redeems a ticket: pairs with the inviter, takes the notebook over, waits until it is here.

use std::collections::BTreeMap;
use std::time::Duration;

use hearth_core::control::ControlKind;
use hearth_core::engine::Identity;
use hearth_core::ids::{ControlHash, DeviceId, NotebookId, PersonId};
use hearth_core::pairing::{
    JoinError, Joined, Joiner, JoinerStep, PairingMessage, Refusal, Ticket, TicketError,
};
use hearth_core::replica::Standing;
use hearth_core::sync::{EXPORTER_LABEL, PAIRING_ALPN};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::{Command, Node, PeerAddrs, deadline_after, stopping};
use crate::api::{Exit, Failure};
use crate::host::{Host, random};
use crate::net::{CloseCode, DIAL_TIMEOUT, Link, PeerAddr};
use crate::service;

/// Pause between two tries to reach the inviter.
const RETRY_PAUSE: Duration = Duration::from_millis(500);
/// How long one side of the pairing may think.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);

impl Host {
    /// Returns the words of the pairing with `inviter` where this device is a member of the notebook
    /// already: a ticket that is redeemed twice by the same person changes nothing.
    fn known_pairing(&self, notebook: NotebookId, inviter: PersonId) -> Option<String> {
        let me = self.engine.identity().person();
        self.engine.replica(notebook)?.membership().member(&me)?;
        let verification = self
            .engine
            .verification(notebook, inviter, &self.storage)
            .ok()??;
        Some(verification.words)
    }

    /// Says why a ticket that let this device in once does so no more, where what it gave does not count.
    fn void_ticket(&mut self, notebook: NotebookId, invite: ControlHash) -> Option<Failure> {
        let replica = self.engine.replica(notebook)?;
        let Standing::Voided(_) = replica.standing() else {
            return None;
        };
        let me = self.engine.identity().person();
        let (admission, _) = replica.membership().voided_of(replica.controls(), me)?;
        let cited = match &replica.controls().get(&admission)?.kind {
            ControlKind::Admit(admit) => admit.invite,
            _ => return None,
        };
        let departed = service::departed(self, notebook).ok()?;
        let message = departed["message"].as_str()?.to_owned();
        let failure = Failure::not_found("invite_used", message)
            .with_hint("With a new ticket: `hearth join TICKET`.");
        (cited == invite).then_some(failure)
    }

    /// Returns the devices of an inviter, but for the one that made the ticket, as far as a notebook that is
    /// shared with them tells.
    fn other_devices(&self, (person, issuer): (PersonId, DeviceId)) -> Vec<OtherDevice> {
        let mut others = BTreeMap::new();
        for notebook in self.engine.notebooks() {
            let Some(replica) = self.engine.replica(notebook) else {
                continue;
            };
            let directory = self.directory(notebook);
            for (device, owner) in replica.membership().devices() {
                if *owner == person && *device != issuer {
                    others.insert(*device, directory.device_label(device));
                }
            }
        }
        let others = others.into_iter();
        others
            .map(|(device, label)| OtherDevice { device, label })
            .collect()
    }
}

impl Node {
    /// Redeems a ticket.
    pub(super) async fn join(&self, ticket: &str, timeout_ms: u64) -> Result<Value, Failure> {
        let ticket: Ticket = ticket.parse().map_err(|error: TicketError| {
            Failure::not_found("ticket_invalid", crate::host::sentence(&error.to_string()))
                .with_hint(
                    "Paste it whole, from `hearth1` to its last character, or ask for a new one.",
                )
        })?;
        let identity = self.work(|host| host.engine.identity().clone()).await?;
        if ticket.person == identity.person() {
            return Err(
                Failure::not_found("ticket_invalid", "This ticket is your own.")
                    .with_hint("Hand it to the person whom you invite."),
            );
        }
        let (notebook, inviter) = (ticket.notebook, ticket.person);
        if let Some(known) = self
            .work(move |host| host.known_pairing(notebook, inviter))
            .await?
        {
            let (done, answer) = oneshot::channel();
            self.send(Command::Joined {
                notebook,
                words: known,
                done,
            })
            .await?;
            return answer.await.map_err(|_| stopping())?;
        }
        let invite = ticket.invite;
        let void = self.work(move |host| host.void_ticket(notebook, invite));
        if let Some(failure) = void.await? {
            return Err(failure);
        }
        let deadline = deadline_after(timeout_ms);
        let link = self.reach_inviter(&ticket, deadline).await?;
        let joined = pair(&identity, &ticket, link).await?;
        let (frontier, words, name) = (
            Box::new(joined.frontier.clone()),
            joined.words.clone(),
            joined.inviter_name.clone(),
        );
        let addrs = PeerAddrs {
            addrs: ticket.addresses.clone(),
            relays: ticket.relays.clone(),
        };
        let (done, adopted) = oneshot::channel();
        self.send(Command::Adopt {
            joined: Box::new(joined),
            addrs,
            done,
        })
        .await?;
        let notebook = adopted.await.map_err(|_| stopping())??;

        let (done, here) = oneshot::channel();
        self.send(Command::AwaitNotebook {
            notebook,
            frontier,
            done,
        })
        .await?;
        timeout_at(deadline.max(Instant::now() + DIAL_TIMEOUT), here)
            .await
            .map_err(|_| on_its_way(&name))?
            .map_err(|_| stopping())?;
        let (done, answer) = oneshot::channel();
        self.send(Command::Joined {
            notebook,
            words,
            done,
        })
        .await?;
        answer.await.map_err(|_| stopping())?
    }

    async fn reach_inviter(&self, ticket: &Ticket, deadline: Instant) -> Result<Link, Failure> {
        let peer = PeerAddr {
            id: crate::net::TransportId::new(*ticket.transport.as_bytes()),
            addrs: ticket.addresses.clone(),
            relays: ticket.relays.clone(),
        };
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let error = match self
                .net()
                .dial(&peer, PAIRING_ALPN, DIAL_TIMEOUT.min(left))
                .await
            {
                Ok(link) => return Ok(link),
                Err(error) => error,
            };
            if Instant::now() + RETRY_PAUSE >= deadline {
                let inviter = (ticket.person, ticket.device);
                let others = self.work(move |host| host.other_devices(inviter)).await?;
                return Err(unreachable(ticket, &others, &error.to_string()));
            }
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    }
}

async fn pair(identity: &Identity, ticket: &Ticket, link: Link) -> Result<Joined, Failure> {
    let mut joiner = Joiner::new(
        ticket.clone(),
        identity.roster.clone(),
        &identity.device,
        identity.name.clone(),
        identity.device_label.clone(),
        &mut random(),
    );
    let (handle, mut sender, mut receiver) = link.split();
    let exporter = handle
        .exporter(EXPORTER_LABEL, b"")
        .map_err(|error| unreachable(ticket, &[], &error.to_string()))?;
    let mut next = Some(joiner.hello(&exporter));
    loop {
        if let Some(message) = next.take() {
            sender
                .send(&message.to_bytes())
                .await
                .map_err(|error| unreachable(ticket, &[], &error.to_string()))?;
        }
        let frame = tokio::time::timeout(ANSWER_TIMEOUT, receiver.recv())
            .await
            .map_err(|_| unreachable(ticket, &[], "the inviter's node stopped answering"))?
            .map_err(|error| unreachable(ticket, &[], &error.to_string()))?
            .ok_or_else(|| unreachable(ticket, &[], "the inviter's node hung up"))?;
        let message = PairingMessage::parse(&frame)
            .map_err(|_| refused(&JoinError::Protocol("a message is malformed")))?;
        match joiner.handle(message) {
            Ok(JoinerStep::Send(message)) => next = Some(message),
            Ok(JoinerStep::Wait) => {}
            Ok(JoinerStep::Done(joined)) => {
                handle.close(CloseCode::BYE, "paired");
                return Ok(*joined);
            }
            Err(error) => {
                handle.close(CloseCode::BYE, "not paired");
                return Err(refused(&error));
            }
        }
    }
}

fn on_its_way(name: &str) -> Failure {
    Failure::new(
        Exit::Partial,
        "notebook_on_its_way",
        format!("You are a member now, but the notebook has not all arrived from {name} yet."),
    )
    .with_hint("Run `hearth up` and leave it running: the rest comes by itself.")
}

/// Another device of the inviter, known from a notebook that is shared with them already.
struct OtherDevice {
    device: DeviceId,
    label: String,
}

/// Says which device was tried, and where: the one that made the ticket, since no other one redeems it.
fn unreachable(ticket: &Ticket, others: &[OtherDevice], why: &str) -> Failure {
    let device = ticket.device;
    let why = why.trim_end_matches('.');
    let addresses: Vec<String> = ticket.addresses.iter().map(ToString::to_string).collect();
    let places = [&addresses[..], &ticket.relays[..]].concat();
    let places = match places.is_empty() {
        true => "no address".to_owned(),
        false => places.join(", "),
    };
    let labels: Vec<&str> = others.iter().map(|other| other.label.as_str()).collect();
    let not_tried = match labels.is_empty() {
        true => String::new(),
        false => format!(
            " Their other devices were not tried, since they cannot redeem it: {}.",
            labels.join(", ")
        ),
    };
    let not_tried_ids: Vec<Value> = others
        .iter()
        .map(|other| json!({ "device": other.device.to_string(), "label": other.label }))
        .collect();
    Failure::new(
        Exit::Unreachable,
        "peer_unreachable",
        format!(
            "Device {device}, which made this ticket, did not answer at {places} ({why}).{not_tried}"
        ),
    )
    .with_details(json!({
        "tried": [{
            "device": device.to_string(),
            "addrs": addresses,
            "relays": ticket.relays,
            "error": why,
        }],
        "not_tried": not_tried_ids,
    }))
    .with_hint(
        "Ask whether `hearth up` is running there, or for a ticket from another device of theirs on \
         which it does. If both of you are behind routers, both need the same relay: `hearth config \
         set network relay=URL`.",
    )
}

fn refused(error: &JoinError) -> Failure {
    let (code, hint) = match error {
        JoinError::Refused(Refusal::Used) => {
            ("invite_used", "Ask for a new ticket: each works once.")
        }
        JoinError::Refused(Refusal::Expired) => ("invite_expired", "Ask for a new ticket."),
        JoinError::Refused(Refusal::Revoked) => ("invite_revoked", "Ask for a new ticket."),
        JoinError::Refused(Refusal::Invalid) | JoinError::NotTheInviter => (
            "ticket_invalid",
            "Ask for a new ticket, over a way that you trust.",
        ),
        JoinError::Refused(Refusal::AskDevice(_)) => (
            "ask_other_device",
            "Only the device that made a ticket lets in by it: ask for one from a device whose node runs.",
        ),
        JoinError::Refused(Refusal::Unavailable) => {
            return Failure::error(
                "inviter_unavailable",
                crate::host::sentence(&error.to_string()),
            )
            .with_hint("Try again in a moment.");
        }
        _ => {
            return Failure::error("pairing_failed", crate::host::sentence(&error.to_string()))
                .with_hint("Check that both of you run the same version, then try again.");
        }
    };
    Failure::not_found(code, crate::host::sentence(&error.to_string())).with_hint(hint)
}
