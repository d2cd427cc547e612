//! A link: one authenticated connection to one device, and how to tell what it is and how it ended.
//!
//! The invariant: who is at the other end was proven by the TLS handshake (RFC 7250 raw public keys, one
//! Ed25519 key on each side) before a link exists.

use std::{fmt, net::SocketAddr, time::Duration};

use iroh::{
    TransportAddr,
    endpoint::{Connection, Side, WeakConnectionHandle},
};
use thiserror::Error;

use super::{
    close::{CloseCode, CloseReason, words_to_wire},
    frame::{FrameReceiver, FrameSender},
    ident::TransportId,
};

/// A link before its halves are shared out.
#[derive(Debug)]
pub struct Link {
    handle: LinkHandle,
}

impl Link {
    pub(super) fn new(connection: Connection, local_is_lan: bool) -> Self {
        Self {
            handle: LinkHandle {
                connection,
                local_is_lan,
            },
        }
    }

    /// Gives what is known of the link, and closes it.
    pub fn handle(&self) -> &LinkHandle {
        &self.handle
    }

    /// Shares out the halves. The link lives until all three are dropped, or one side closes it.
    pub fn split(self) -> (LinkHandle, FrameSender, FrameReceiver) {
        let sender = FrameSender::new(self.handle.connection.clone());
        let receiver = FrameReceiver::new(self.handle.connection.clone());
        (self.handle, sender, receiver)
    }
}

/// What carries a link's packets at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PathKind {
    /// Packets go straight to this address.
    Direct(SocketAddr),
    /// As `Direct`, in the profile `lan`, and the address belongs to the local network.
    Lan(SocketAddr),
    /// A relay with this URL forwards the packets.
    Relay(String),
    /// There is no path, because the link has ended or is changing over.
    None,
}

impl fmt::Display for PathKind {
    /// Writes one of the words `direct`, `lan`, `relay` and `none`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Direct(_) => "direct",
            Self::Lan(_) => "lan",
            Self::Relay(_) => "relay",
            Self::None => "none",
        })
    }
}

/// What a link has cost so far. Bytes are those of UDP payloads, without IP and UDP headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct LinkStats {
    /// Bytes sent.
    pub sent_bytes: u64,
    /// Bytes received.
    pub received_bytes: u64,
    /// Datagrams sent.
    pub sent_datagrams: u64,
    /// Datagrams received.
    pub received_datagrams: u64,
    /// Packets sent that were held for lost.
    pub lost_packets: u64,
}

/// The TLS session gave no key material.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the connection gave no key material: close it and connect again")]
pub struct ExporterError;

/// What is known of a link, and its switch. Cloning it gives another handle to the same link.
#[derive(Debug, Clone)]
pub struct LinkHandle {
    connection: Connection,
    local_is_lan: bool,
}

impl LinkHandle {
    /// Returns the key that the other side has proven to hold.
    pub fn remote_id(&self) -> TransportId {
        TransportId::from(self.connection.remote_id())
    }

    /// Returns the protocol that the two sides agreed on.
    pub fn alpn(&self) -> &[u8] {
        self.connection.alpn()
    }

    /// True where this side made the connection. Exactly one of the two sides says so.
    pub fn is_dialer(&self) -> bool {
        self.connection.side() == Side::Client
    }

    /// Derives 32 bytes from the TLS session (RFC 8446, section 7.5), equal on both sides and on no other
    /// connection: sign or mix them in to bind something to this very link.
    ///
    /// # Errors
    /// [`ExporterError`] where TLS refuses, which a finished handshake gives no cause for.
    pub fn exporter(&self, label: &[u8], context: &[u8]) -> Result<[u8; 32], ExporterError> {
        let mut output = [0; 32];
        match self
            .connection
            .export_keying_material(&mut output, label, context)
        {
            Ok(()) => Ok(output),
            Err(_) => Err(ExporterError),
        }
    }

    /// Returns what carries the link's packets now. It may change while the link lives.
    pub fn path(&self) -> PathKind {
        if self.connection.close_reason().is_some() {
            return PathKind::None;
        }
        let paths = self.connection.paths();
        let selected = paths.iter().find(|path| path.is_selected());
        match selected.as_ref().map(|path| path.remote_addr()) {
            Some(TransportAddr::Ip(addr)) if self.local_is_lan && is_local_network(addr) => {
                PathKind::Lan(*addr)
            }
            Some(TransportAddr::Ip(addr)) => PathKind::Direct(*addr),
            Some(TransportAddr::Relay(url)) => PathKind::Relay(url.to_string()),
            Some(_) | None => PathKind::None,
        }
    }

    /// Returns the smoothed round trip time of the path in use.
    pub fn rtt(&self) -> Option<Duration> {
        let paths = self.connection.paths();
        paths
            .iter()
            .find(|path| path.is_selected())
            .map(|path| path.rtt())
    }

    /// Returns what the link has cost so far.
    pub fn stats(&self) -> LinkStats {
        let stats = self.connection.stats();
        LinkStats {
            sent_bytes: stats.udp_tx.bytes,
            received_bytes: stats.udp_rx.bytes,
            sent_datagrams: stats.udp_tx.datagrams,
            received_datagrams: stats.udp_rx.datagrams,
            lost_packets: stats.lost_packets,
        }
    }

    /// Closes the link at once and tells the other side `code` and at most
    /// [`CLOSE_REASON_BYTES_MAX`](super::limits::CLOSE_REASON_BYTES_MAX) bytes of `words`.
    ///
    /// What was sent and not yet read by the other side may be lost: where it matters, wait for
    /// [`FrameSender::delivered`] or for the other side to close. A second close changes nothing.
    pub fn close(&self, code: CloseCode, words: &str) {
        self.connection.close(code.to_wire(), words_to_wire(words));
    }

    /// Waits until the link has ended and says how.
    pub async fn closed(&self) -> CloseReason {
        self.connection.closed().await.into()
    }

    /// Says how the link ended, where it has.
    pub fn close_reason(&self) -> Option<CloseReason> {
        self.connection.close_reason().map(CloseReason::from)
    }

    pub(super) fn downgrade(&self) -> WeakConnectionHandle {
        self.connection.weak_handle()
    }
}

/// True for the addresses that only neighbours have: loopback, private, link-local and unique local ones.
fn is_local_network(addr: &SocketAddr) -> bool {
    match addr.ip().to_canonical() {
        std::net::IpAddr::V4(ip) => ip.is_loopback() || ip.is_private() || ip.is_link_local(),
        std::net::IpAddr::V6(ip) => {
            ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_local_network_is_told_from_the_internet() {
        for near in [
            "127.0.0.1:1",
            "10.1.2.3:1",
            "192.168.0.9:1",
            "[fd00::1]:1",
            "[fe80::1]:1",
        ] {
            assert!(is_local_network(&near.parse().unwrap()), "{near}");
        }
        for far in [
            "8.8.8.8:1",
            "172.32.0.1:1",
            "[2001:db8::1]:1",
            "[::ffff:8.8.8.8]:1",
        ] {
            assert!(!is_local_network(&far.parse().unwrap()), "{far}");
        }
    }
}
