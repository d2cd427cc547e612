//! The network layer: authenticated links between devices, over QUIC (iroh).
//!
//! It knows keys, addresses and frames; of notebooks, members and messages it knows nothing. Who may stay
//! on a link is for its caller to decide, by the key that the other side has proven to hold.
//!
//! # Connections
//! QUIC version 1 (RFC 9000) with multipath, TLS 1.3 with raw public keys (RFC 7250): each side proves to
//! hold its Ed25519 transport key. No 0-RTT, so that nothing can be replayed. One connection carries one
//! protocol, chosen by ALPN.
//!
//! # Frames
//! Each side opens one unidirectional stream and sends frames `length ‖ bytes` on it; the length is a `u32`,
//! little-endian, at most 1,052,672 (1 MiB of payload and 4 KiB for headers). Either side may speak first,
//! and the first frame travels in the packet that opens the stream. A longer length closes the connection
//! with code 6.
//!
//! # Transport parameters
//! | parameter | value | why |
//! | --- | --- | --- |
//! | keep-alive, connection and path | 1 s | with the next two, a cut link is noticed after 5 to 7 s instead of 35 s |
//! | idle timeout of a path | 4 s | three lost probes and a little more |
//! | idle timeout of the connection | 5 s | see above; both sides take the smaller value of the two |
//! | unidirectional streams of the peer | 1 | its frames |
//! | bidirectional streams of the peer | 0 | none is used |
//! | window of a stream | 1.25 MiB | 100 Mbit/s at 100 ms; more would overrun noq's count of unread packets |
//! | window of the connection | 2.5 MiB | bounds what a stalled connection holds in memory |
//! | unacknowledged bytes sent | 2.5 MiB | the same, for our own side |
//! | round trip assumed at first | 100 ms | the first packet is repeated after 0.3 s instead of 1 s |
//! | datagrams | off | none is used |
//! | spin bit | off | it shows the round trip time to the path |
//! | addresses that a peer may name | 8, with a relay 32 | each is probed |
//! | largest UDP payload | 1200 bytes, no discovery | see below |
//!
//! Path MTU discovery costs 11 kB for each connection and brings a quarter more throughput on loopback: off.
//! A connection costs 10 kB, both directions together, the first to a peer, and 6 kB a later one; an idle
//! one about 0.1 kB a second.
//!
//! # Latency
//! A frame of 300 bytes goes to the other side and back over loopback in 50 µs (p50; p99 130 µs) while the
//! connection is busy, and in 250 µs (p99 350 µs) after a pause of 5 ms, release build, two cores: the
//! difference is the waking of threads. Sending is one lock and one task (the connection's) away from
//! the socket; receiving is iroh's socket task, the connection's task and the reader. Nothing delays a small
//! frame: there is no Nagle-like wait, acknowledgements are not waited for, and pacing begins only
//! once the congestion window is used up.
//!
//! # Cut links
//! With [`Backoff`] and [`Net::dial`], over a veth pair of which one end is taken down: both sides notice 5 to
//! 7 s after the cut, and a link is up again 0.1 to 0.8 s after the healing (five trials, median 0.55 s),
//! without a second link beside it.
//!
//! # Close codes
//! See [`CloseCode`]: 0 dropped, 1 goodbye, 2 not a member, 3 removed, 4 duplicate, 5 protocol, 6 frame too
//! large, 7 busy, 8 version.
//!
//! # Example
//! ```
//! use std::{net::SocketAddr, time::Duration};
//! use hearth_node::net::{Net, NetOptions, PeerAddr, Profile};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let options = |seed: u8| NetOptions {
//!     secret_key: [seed; 32].into(),
//!     profile: Profile::Direct,
//!     listen: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
//!     port_kept: 0,
//!     alpns: vec![b"example/1".to_vec()],
//! };
//! let (anna, ben) = (Net::bind(options(1)).await?, Net::bind(options(2)).await?);
//! let peer = PeerAddr { id: ben.id(), addrs: ben.local_addrs().addrs, relays: vec![] };
//! let (link, incoming) = tokio::join!(
//!     anna.dial(&peer, b"example/1", Duration::from_secs(5)),
//!     ben.accept(),
//! );
//! let (_link, mut sender, _receiver) = link?.split();
//! let (_link, _sender, mut receiver) = incoming.ok_or("closed")?.link.split();
//! sender.send(b"hello").await?;
//! assert_eq!(receiver.recv().await?.as_deref(), Some(b"hello".as_slice()));
//! # Ok(())
//! # }
//! ```

mod accept;
pub mod backoff;
mod bind;
mod close;
mod deframer;
mod dial;
mod endpoint;
mod frame;
mod ident;
pub mod limits;
mod link;
mod live;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::print_stdout)]
mod measure;
mod profile;
mod sources;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests;
mod transport;

pub use iroh::RelayUrl;

pub use self::{
    accept::Incoming,
    backoff::Backoff,
    bind::{BindError, NetOptions, Port},
    close::{CloseCode, CloseReason},
    dial::DialError,
    endpoint::Net,
    frame::{FrameReceiver, FrameSender, RecvError, SendError},
    ident::{LocalAddrs, PeerAddr, TransportId},
    limits::{DIAL_TIMEOUT, FRAME_BYTES_MAX},
    link::{ExporterError, Link, LinkHandle, LinkStats, PathKind},
    profile::{Profile, ProfileError},
};
