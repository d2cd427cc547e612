//! Every limit of the network layer, each with its reason.
//!
//! The invariant: nothing that a peer sends can make this layer hold more memory, open more streams or
//! start more handshakes than a constant of this module says.

use std::time::Duration;

/// Largest frame in bytes, its length prefix not counted: 1 MiB of payload and 4 KiB for whatever header
/// the protocol above puts before it.
///
/// A frame is gathered in memory before it is handed up, so this bounds what one peer can make us hold.
pub const FRAME_BYTES_MAX: usize = (1 << 20) + (4 << 10);

/// Bytes of the length prefix of a frame: a `u32`, little-endian.
pub const FRAME_PREFIX_BYTES: usize = 4;

/// Bytes that one write of coalesced frames gathers before it is handed to the stream.
///
/// Large enough that a burst of keystrokes is one write, small enough that the copy stays in the
/// second-level cache.
pub const SEND_BATCH_BYTES: usize = 64 << 10;

/// Unidirectional streams that a peer may have open: the one that carries its frames.
pub const UNI_STREAMS_MAX: u32 = 1;

/// Bidirectional streams that a peer may have open: none, because frames travel on a stream per direction.
pub const BI_STREAMS_MAX: u32 = 0;

/// Bytes that a peer may send on its stream beyond what has been read: 1.25 MiB, or 100 Mbit/s at a round
/// trip of 100 ms.
///
/// No more, because noq 1.4 keeps what was not read as one chunk for each packet and closes the connection
/// as hostile beyond 2048 chunks (the fault is known as quinn issue 2809). Packets of 1200 bytes stay below
/// 1200 chunks with this window, so a reader that pauses under a bulk transfer loses nothing.
pub const STREAM_WINDOW_BYTES: u32 = 1_310_720;

/// Bytes that a peer may send on a connection beyond what has been read.
///
/// Twice the window of the stream, so that a later protocol with a second stream is not starved by the
/// first. It bounds what one stalled connection costs in memory.
pub const CONNECTION_WINDOW_BYTES: u32 = 2 * STREAM_WINDOW_BYTES;

/// Bytes that may be sent and not yet acknowledged: bounds our own memory whatever credit a peer gives, and
/// how long a keystroke waits behind a bulk transfer.
pub const SEND_WINDOW_BYTES: u64 = 2 * STREAM_WINDOW_BYTES as u64;

/// Silence after which a path is probed, in whole seconds.
pub const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(1);

/// Silence after which a path is given up: three lost probes in a row and a little more.
pub const PATH_IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// Silence after which a connection is given up, in milliseconds.
///
/// The count begins with the first packet that goes unanswered, so a cut link is noticed after 5 to 7 s
/// (measured by taking down one end of a veth pair).
pub const IDLE_TIMEOUT_MS: u32 = 5_000;

/// Addresses of its own that a peer may name on an open connection, in the profiles without a relay.
///
/// iroh sends probes to what a peer names here, so the fewer the better; eight is the least that it takes.
pub const PEER_ADDRS_MAX: u8 = 8;

/// The same in the profiles with a relay, where the right candidate decides whether a hole is punched and
/// machines with 25 interfaces exist.
pub const PEER_ADDRS_MAX_RELAY: u8 = 32;

/// Addresses of one peer that a dial uses. The first packet of 1200 bytes goes to each, so a crafted
/// ticket that lists thousands must not turn this node into a flood.
pub const DIAL_ADDRS_MAX: usize = 16;

/// Time that a quick attempt of a dial waits for an answer, before a new one takes its place.
///
/// QUIC repeats its first packet ever more seldom, and on a link that has just healed that pause is what the
/// person waits for; a new attempt starts the repetition anew. The old one is dropped first: attempts that
/// ran beside each other would all succeed at the moment of healing, and the peer could not know which
/// of its new links is the one in use.
pub const DIAL_QUICK: Duration = Duration::from_millis(600);

/// Quick attempts in a row before a patient one.
pub const DIAL_QUICK_ATTEMPTS: u32 = 3;

/// Time that a patient attempt waits, for links with a round trip of more than [`DIAL_QUICK`]. Together with
/// the quick ones before it, this is a [`DIAL_TIMEOUT`].
pub const DIAL_PATIENT: Duration = Duration::from_millis(3_200);

/// Round trip time that is assumed before one was measured: the first packet is repeated after three times
/// this, and then after twice as long each time.
///
/// RFC 9002 proposes 333 ms, with the first repetition after a second. A third of it costs a slow link one
/// or two superfluous packets and saves a lossy or healing one most of that second.
pub const INITIAL_RTT: Duration = Duration::from_millis(100);

/// Time that a caller with no reason for another should allow a dial: three quick attempts, one patient.
pub const DIAL_TIMEOUT: Duration = Duration::from_secs(5);

/// Time that an accepted handshake may take before it is dropped.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);

/// Handshakes under way, and finished ones waiting to be taken, at any moment; more are refused.
///
/// A handshake costs about 1 ms of processor time and 20 kB of memory. A group of 90 devices that all
/// come back at once fits.
pub const HANDSHAKES_MAX: usize = 128;

/// Handshakes under way from which on a source must prove its address first, which costs it one round trip
/// and keeps forged source addresses out.
pub const HANDSHAKES_BEFORE_RETRY: usize = 32;

/// Handshakes that one source (an IPv4 address, an IPv6 /64, or a key behind a relay) may start at once.
pub const SOURCE_BURST: u32 = 64;

/// Time after which a source that used up its burst may start one more handshake.
pub const SOURCE_REFILL: Duration = Duration::from_millis(125);

/// Sources whose handshakes are counted at any moment. Each takes about 64 bytes.
pub const SOURCES_MAX: usize = 1_024;

/// Bytes of the words that go with a close. They share one packet with the code.
pub const CLOSE_REASON_BYTES_MAX: usize = 256;

/// Time that closing the endpoint waits for peers to hear of it.
pub const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Time for which a port that is taken is tried again, before it counts as taken.
///
/// A node that is restarted finds its own port taken for some milliseconds; a person who waits for a port
/// that another program holds should not wait for longer than this.
pub const PORT_PATIENCE: Duration = Duration::from_millis(500);

/// Pause between two tries for a port that is taken.
pub const PORT_RETRY: Duration = Duration::from_millis(20);

/// Relays that one profile may name. More only cost probes.
pub const RELAYS_MAX: usize = 8;

/// Bytes of one relay's URL: what any browser takes, and enough for a host name of 253.
pub const RELAY_URL_BYTES_MAX: usize = 512;
