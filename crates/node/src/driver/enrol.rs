//! Conversations of a new device with the one that links it, or with a member who knows its person.

use std::time::Duration;

use hearth_core::enrol::{
    ContactTicket, EnrolError, EnrolMessage, EnrolRefusal, LINK_ALPN, LinkTicket, Linked, Newcomer,
    NewcomerStep, RECOVER_ALPN, Recovered, Seeker, SeekerStep,
};
use hearth_core::frontier::SignedFrontier;
use hearth_core::identity::{DeviceSecrets, RecoverySecrets, Roster};
use hearth_core::ids::NotebookId;
use hearth_core::pairing::TicketError;
use hearth_core::sync::EXPORTER_LABEL;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::{Command, Node, stopping};
use crate::api::{Event, Exit, Failure, Progress};
use crate::host::{random, sentence};
use crate::net::{CloseCode, DIAL_TIMEOUT, Link, Net, PeerAddr};

/// Pause between two tries to reach the other device.
const RETRY_PAUSE: Duration = Duration::from_millis(500);
/// How long the other side may think: it makes a new key for each of its notebooks.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(120);

/// What comes after a message.
enum Next<T> {
    Send(EnrolMessage),
    Wait,
    Done(T),
}

/// Where a ticket says that a device is.
pub(crate) fn peer_of(contact: &ContactTicket) -> PeerAddr {
    PeerAddr {
        id: crate::net::TransportId::new(*contact.transport.as_bytes()),
        addrs: contact.addresses.clone(),
        relays: contact.relays.clone(),
    }
}

/// Has this device linked by the one that made the ticket.
pub(crate) async fn be_linked(
    net: &Net,
    ticket: &LinkTicket,
    (device, label): (&DeviceSecrets, &str),
    deadline: Instant,
    on_event: &mut dyn FnMut(Event),
) -> Result<Linked, Failure> {
    let peer = PeerAddr {
        id: crate::net::TransportId::new(*ticket.transport.as_bytes()),
        addrs: ticket.addresses.clone(),
        relays: ticket.relays.clone(),
    };
    let link = reach(net, &peer, LINK_ALPN, deadline).await?;
    let mut newcomer = Newcomer::new(ticket.clone(), device, label.to_owned(), &mut random());
    let (handle, exporter) = exporter(&link)?;
    let hello = newcomer.hello(&exporter);
    let result = converse(link, hello, |message| {
        let step = newcomer.handle(message)?;
        let mut progress = Progress::of("Notebooks handed over:");
        progress.done = newcomer.notebooks() as u64;
        on_event(Event::Progress(progress));
        Ok(match step {
            NewcomerStep::Send(message) => Next::Send(message),
            NewcomerStep::Wait => Next::Wait,
            NewcomerStep::Done(linked) => Next::Done(*linked),
        })
    })
    .await;
    handle.close(CloseCode::BYE, "linked");
    result
}

/// Asks a member for what they hold of the person whose phrase this is.
pub(crate) async fn seek(
    net: &Net,
    contact: &ContactTicket,
    recovery: &RecoverySecrets,
    deadline: Instant,
) -> Result<Recovered, Failure> {
    let link = reach(net, &peer_of(contact), RECOVER_ALPN, deadline).await?;
    put_question(link, Seeker::new(recovery.clone())).await
}

/// Asks a device for the notebooks of this device's person, by the roster that has this device on it.
pub(crate) async fn enter(
    net: &Net,
    peer: &PeerAddr,
    roster: Roster,
) -> Result<Recovered, Failure> {
    let link = net
        .dial(peer, RECOVER_ALPN, DIAL_TIMEOUT)
        .await
        .map_err(|error| unreachable(&error.to_string()))?;
    put_question(link, Seeker::entering(roster)).await
}

async fn put_question(link: Link, mut seeker: Seeker) -> Result<Recovered, Failure> {
    let (handle, exporter) = exporter(&link)?;
    let ask = seeker.ask(&exporter);
    let result = converse(link, ask, |message| {
        Ok(match seeker.handle(message)? {
            SeekerStep::Wait => Next::Wait,
            SeekerStep::Done(found) => Next::Done(*found),
        })
    })
    .await;
    handle.close(CloseCode::BYE, "done");
    result
}

fn exporter(link: &Link) -> Result<(crate::net::LinkHandle, [u8; 32]), Failure> {
    let handle = link.handle().clone();
    let exporter = handle
        .exporter(EXPORTER_LABEL, b"")
        .map_err(|error| unreachable(&error.to_string()))?;
    Ok((handle, exporter))
}

async fn reach(
    net: &Net,
    peer: &PeerAddr,
    alpn: &[u8],
    deadline: Instant,
) -> Result<Link, Failure> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let error = match net.dial(peer, alpn, DIAL_TIMEOUT.min(left)).await {
            Ok(link) => return Ok(link),
            Err(error) => error,
        };
        if Instant::now() + RETRY_PAUSE >= deadline {
            return Err(unreachable(&error.to_string()));
        }
        tokio::time::sleep(RETRY_PAUSE).await;
    }
}

async fn converse<T>(
    link: Link,
    first: EnrolMessage,
    mut handle_message: impl FnMut(EnrolMessage) -> Result<Next<T>, EnrolError>,
) -> Result<T, Failure> {
    let (_, mut sender, mut receiver) = link.split();
    let mut next = Some(first);
    loop {
        if let Some(message) = next.take() {
            sender
                .send(&message.to_bytes())
                .await
                .map_err(|error| unreachable(&error.to_string()))?;
        }
        let frame = tokio::time::timeout(ANSWER_TIMEOUT, receiver.recv())
            .await
            .map_err(|_| unreachable("it stopped answering"))?
            .map_err(|error| unreachable(&error.to_string()))?
            .ok_or_else(|| unreachable("it hung up"))?;
        let message = EnrolMessage::parse(&frame).map_err(|_| refused(&EnrolError::Protocol))?;
        match handle_message(message).map_err(|error| refused(&error))? {
            Next::Send(message) => next = Some(message),
            Next::Wait => {}
            Next::Done(done) => return Ok(done),
        }
    }
}

impl Node {
    /// Waits until notebooks are here as far as others had them; returns how many are.
    pub(crate) async fn arrivals(
        &self,
        awaited: Vec<(NotebookId, SignedFrontier)>,
        deadline: Instant,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<usize, Failure> {
        let total = awaited.len();
        let mut waits = Vec::new();
        for (notebook, frontier) in awaited {
            let (done, here) = oneshot::channel();
            self.send(Command::AwaitNotebook {
                notebook,
                frontier: Box::new(frontier),
                done,
            })
            .await?;
            waits.push(here);
        }
        let mut arrived = 0;
        for here in waits {
            match timeout_at(deadline, here).await {
                Ok(Ok(())) => arrived += 1,
                Ok(Err(_)) => return Err(stopping()),
                Err(_) => {}
            }
            on_event(Event::Progress(Progress {
                message: "Notebooks here:".to_owned(),
                done: arrived as u64,
                total: Some(total as u64),
            }));
        }
        Ok(arrived)
    }
}

/// The failure for a text that is no ticket of the kind that is wanted.
pub(crate) fn no_ticket(error: &TicketError) -> Failure {
    let hint = match error {
        TicketError::Invitation => "Use it with `hearth join` once this device is set up.",
        TicketError::Contact => "Use it with `hearth recover --contact TICKET`.",
        TicketError::Link => "Use it with `hearth device accept TICKET` on the new device.",
        _ => "Paste it whole, from `hearth1` to its last character.",
    };
    Failure::not_found("ticket_invalid", sentence(&error.to_string())).with_hint(hint)
}

fn unreachable(why: &str) -> Failure {
    Failure::new(
        Exit::Unreachable,
        "peer_unreachable",
        format!(
            "The other device did not answer ({}).",
            why.trim_end_matches('.')
        ),
    )
    .with_hint(
        "Is `hearth device link` or `hearth up` running there? If both are behind routers, both need \
         the same relay.",
    )
}

fn refused(error: &EnrolError) -> Failure {
    let words = sentence(&error.to_string());
    match error {
        EnrolError::Refused(EnrolRefusal::Used) => Failure::not_found("link_used", words)
            .with_hint("Run `hearth device link` again: each ticket links one device."),
        EnrolError::Refused(EnrolRefusal::Expired) => {
            Failure::not_found("link_expired", words).with_hint("Run `hearth device link` again.")
        }
        EnrolError::Refused(EnrolRefusal::Unknown) => Failure::not_found("not_known_there", words)
            .with_hint(
                "A ticket works while `hearth device link` waits; a phrase only with somebody who \
                 shares a notebook with you, and only the one that was shown last.",
            ),
        EnrolError::Refused(EnrolRefusal::Unavailable) => {
            Failure::error("peer_unavailable", words).with_hint("Try again in a moment.")
        }
        EnrolError::NotTheDevice => Failure::not_found("ticket_invalid", words)
            .with_hint("Make a new ticket, and bring it over in a way that you trust."),
        EnrolError::OtherPhrase => Failure::new(Exit::NotAllowed, "phrase_not_in_force", words)
            .with_hint("Use the phrase that was shown last."),
        _ => Failure::error("enrolling_failed", words)
            .with_hint("Check that both devices run the same version, then try again."),
    }
}
