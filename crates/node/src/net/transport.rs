//! The parameters of QUIC, each with its reason; the module docs of [`net`](super) list them for the
//! protocol's description.
//!
//! The invariant: both sides of every connection use these, dialled or accepted.
//!
//! Path MTU discovery is off. It probes every path of a connection when it opens, which on loopback makes a
//! connection 11 kB dearer (21.4 kB instead of 10.1 to 10.5 kB, both directions, UDP payload; the spread
//! comes from the paths that iroh opens). Without it datagrams stay at 1200 bytes instead of 1452 and bulk
//! over loopback runs at 280 to 350 MB/s instead of 350 to 460 MB/s on two cores, far above what a notebook
//! needs; on a real path the cost is a fifth more packets and 1 % more bytes for headers. Of the rest, a first connection to a peer
//! spends some 3 kB on punching holes and 2.4 kB on connection ids for iroh's multipath; neither can be
//! turned off.

use iroh::endpoint::{MtuDiscoveryConfig, QuicTransportConfig, VarInt};

use super::{
    limits::{
        BI_STREAMS_MAX, CONNECTION_WINDOW_BYTES, IDLE_TIMEOUT_MS, INITIAL_RTT, KEEP_ALIVE_INTERVAL,
        PATH_IDLE_TIMEOUT, PEER_ADDRS_MAX, PEER_ADDRS_MAX_RELAY, SEND_WINDOW_BYTES,
        STREAM_WINDOW_BYTES, UNI_STREAMS_MAX,
    },
    profile::Profile,
};

/// Whether a connection probes for the largest datagram that its path carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MtuDiscovery {
    /// Datagrams stay at 1200 bytes, which every path of the internet carries.
    Off,
    /// Probes of up to 1452 bytes are sent on every path when it opens, and every ten minutes.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "kept for the measurement that decided")
    )]
    On,
}

/// Builds the parameters for a profile.
pub(super) fn transport_config(profile: &Profile, mtu: MtuDiscovery) -> QuicTransportConfig {
    let peer_addrs_max = if profile.uses_relay() {
        PEER_ADDRS_MAX_RELAY
    } else {
        PEER_ADDRS_MAX
    };
    // No `ack_frequency_config`: noq 1.4 writes the frame that asks for it without looking whether the packet
    // has room left, and panics where it has none.
    QuicTransportConfig::builder()
        .max_concurrent_uni_streams(VarInt::from_u32(UNI_STREAMS_MAX))
        .max_concurrent_bidi_streams(VarInt::from_u32(BI_STREAMS_MAX))
        .stream_receive_window(VarInt::from_u32(STREAM_WINDOW_BYTES))
        .receive_window(VarInt::from_u32(CONNECTION_WINDOW_BYTES))
        .send_window(SEND_WINDOW_BYTES)
        .initial_rtt(INITIAL_RTT)
        .keep_alive_interval(KEEP_ALIVE_INTERVAL)
        .default_path_keep_alive_interval(KEEP_ALIVE_INTERVAL)
        .default_path_max_idle_timeout(PATH_IDLE_TIMEOUT)
        .max_idle_timeout(Some(VarInt::from_u32(IDLE_TIMEOUT_MS).into()))
        .max_remote_nat_traversal_addresses(peer_addrs_max)
        .mtu_discovery_config(match mtu {
            MtuDiscovery::Off => None,
            MtuDiscovery::On => Some(MtuDiscoveryConfig::default()),
        })
        // Nothing here uses datagrams, so a peer gets no buffer for them.
        .datagram_receive_buffer_size(None)
        // The spin bit shows the round trip time to everyone on the path.
        .allow_spin(false)
        .build()
}
