//! The key that names a device on the network, and the addresses where it may be found.

use std::{fmt, net::SocketAddr};

use iroh::{EndpointId, RelayUrl};

/// The public half of a device's transport key: 32 bytes, an Ed25519 verification key (RFC 8032).
///
/// Not every 32 bytes are one; what is none fails when it is dialled.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TransportId([u8; 32]);

impl TransportId {
    /// Wraps the 32 bytes of a verification key.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the 32 bytes of the verification key.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Returns the 32 bytes of the verification key.
    pub const fn to_bytes(self) -> [u8; 32] {
        self.0
    }
}

impl From<[u8; 32]> for TransportId {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl From<EndpointId> for TransportId {
    fn from(id: EndpointId) -> Self {
        Self(*id.as_bytes())
    }
}

impl fmt::Debug for TransportId {
    /// Writes the first five bytes: enough to tell peers apart in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TransportId(")?;
        for byte in self.0.iter().take(5) {
            write!(f, "{byte:02x}")?;
        }
        f.write_str("…)")
    }
}

/// A peer and where it may be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerAddr {
    /// The key that the peer must prove to hold.
    pub id: TransportId,
    /// Addresses and ports, best guess first. The first
    /// [`DIAL_ADDRS_MAX`](super::limits::DIAL_ADDRS_MAX) usable ones are tried, all at once.
    pub addrs: Vec<SocketAddr>,
    /// URLs of relays where the peer listens. Only those that this node's own profile names are used.
    pub relays: Vec<String>,
}

/// Where this node may be found: what goes into tickets and address records.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LocalAddrs {
    /// Addresses of this machine's interfaces with the port that is listened on; loopback only where there
    /// is nothing else, or where nothing else is listened on.
    pub addrs: Vec<SocketAddr>,
    /// URLs of the relays where this node listens.
    pub relays: Vec<RelayUrl>,
}
