//! Accepting connections: each handshake on a task of its own, bounded in time and number.
//!
//! The invariant: one slow or hostile peer delays nobody else. The loop itself waits for nothing but the
//! next first packet.

use std::{sync::Arc, time::Instant};

use iroh::{
    Endpoint,
    endpoint::{Incoming as Attempt, IncomingAddr},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    time::timeout,
};
use tracing::debug;

use super::{
    ident::TransportId,
    limits::{HANDSHAKE_TIMEOUT, HANDSHAKES_BEFORE_RETRY, HANDSHAKES_MAX},
    link::Link,
    live::LiveLinks,
    sources::{Source, SourceLimiter},
};

/// A connection that another device made, its handshake finished.
#[derive(Debug)]
pub struct Incoming {
    /// The protocol that the two sides agreed on: one of
    /// [`NetOptions::alpns`](super::NetOptions::alpns).
    pub alpn: Vec<u8>,
    /// The key that the other side has proven to hold. Whether it may be here is for the caller to decide.
    pub remote: TransportId,
    /// The link itself.
    pub link: Link,
}

/// Runs until the endpoint is closed or nobody takes what was accepted.
pub(super) async fn accept_loop(
    endpoint: Endpoint,
    local_is_lan: bool,
    live: Arc<LiveLinks>,
    accepted: mpsc::Sender<(Incoming, OwnedSemaphorePermit)>,
) {
    let slots = Arc::new(Semaphore::new(HANDSHAKES_MAX));
    let mut limiter = SourceLimiter::default();
    loop {
        let attempt = tokio::select! {
            attempt = endpoint.accept() => attempt,
            () = accepted.closed() => None,
        };
        let Some(attempt) = attempt else { return };
        let Some((attempt, slot)) = admit(attempt, &slots, &mut limiter) else {
            continue;
        };
        let live = Arc::clone(&live);
        let accepted = accepted.clone();
        tokio::spawn(async move {
            let Some(incoming) = shake_hands(attempt, local_is_lan).await else {
                return;
            };
            live.add(incoming.link.handle());
            // It fails only where the network layer is being closed, which closes the link too.
            accepted.send((incoming, slot)).await.ok();
        });
    }
}

/// Decides on a first packet, before any work was done for it.
fn admit(
    attempt: Attempt,
    slots: &Arc<Semaphore>,
    limiter: &mut SourceLimiter,
) -> Option<(Attempt, OwnedSemaphorePermit)> {
    let busy = HANDSHAKES_MAX - slots.available_permits() >= HANDSHAKES_BEFORE_RETRY;
    if busy && !attempt.remote_addr_validated() {
        if let Err(error) = attempt.retry() {
            debug!(%error, "a handshake was not asked to prove its address");
        }
        return None;
    }
    let source = match attempt.remote_addr() {
        IncomingAddr::Ip(addr) => Source::of_ip(addr.ip()),
        IncomingAddr::Relay { endpoint_id, .. } => Some(Source::Relayed(endpoint_id.into())),
        _ => None,
    };
    let allowed = source.is_none_or(|source| limiter.allow(source, Instant::now()));
    let slot = if allowed {
        Arc::clone(slots).try_acquire_owned().ok()
    } else {
        None
    };
    let Some(slot) = slot else {
        debug!(?source, allowed, "a handshake was refused");
        attempt.refuse();
        return None;
    };
    Some((attempt, slot))
}

/// Finishes a handshake. Failures concern only whoever sent the packets, and are not worth more than a trace.
async fn shake_hands(attempt: Attempt, local_is_lan: bool) -> Option<Incoming> {
    let accepting = match attempt.accept() {
        Ok(accepting) => accepting,
        Err(error) => {
            debug!(%error, "a first packet was no beginning of a handshake");
            return None;
        }
    };
    match timeout(HANDSHAKE_TIMEOUT, accepting).await {
        Ok(Ok(connection)) => Some(Incoming {
            alpn: connection.alpn().to_vec(),
            remote: TransportId::from(connection.remote_id()),
            link: Link::new(connection, local_is_lan),
        }),
        Ok(Err(error)) => {
            debug!(%error, "a handshake failed");
            None
        }
        Err(_) => {
            debug!("a handshake took too long");
            None
        }
    }
}
