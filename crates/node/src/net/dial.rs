//! Dialling a peer: at all its addresses, again while it does not answer, until an answer or the timeout.
//!
//! The invariant: only the peer's addresses are contacted, and a relay only where this node's own profile
//! names it; a link comes back only where the peer has proven to hold the key that was asked for.

use std::{net::SocketAddr, time::Duration};

use iroh::{
    Endpoint, EndpointAddr, EndpointId, RelayUrl, TransportAddr,
    endpoint::{
        ConnectError, ConnectOptions, ConnectWithOptsError, ConnectingError, Connection,
        ConnectionError,
    },
};
use thiserror::Error;
use tokio::time::{Instant, sleep, timeout_at};

use super::{
    close::{CloseCode, CloseReason},
    ident::PeerAddr,
    limits::{DIAL_ADDRS_MAX, DIAL_PATIENT, DIAL_QUICK, DIAL_QUICK_ATTEMPTS},
    profile::{Profile, parse_relay},
};

/// QUIC's number for the TLS alert `no_application_protocol` (RFC 9001, section 4.8; RFC 7301).
const TLS_NO_APPLICATION_PROTOCOL: u64 = 0x100 + 120;

/// QUIC's numbers for all TLS alerts.
const TLS_ALERTS: std::ops::RangeInclusive<u64> = 0x100..=0x1ff;

/// Error of dialling a peer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DialError {
    /// The 32 bytes are no Ed25519 verification key.
    #[error("the peer's key is not valid: ask for a new ticket")]
    InvalidId,
    /// The peer is this very device.
    #[error("this device cannot connect to itself")]
    OneSelf,
    /// There is no address to try.
    #[error(
        "no address of the peer is known that this network profile may use: ask for a new ticket, or \
         choose a profile with a relay that both sides name"
    )]
    NoAddress,
    /// Nobody answered in time.
    #[error(
        "nobody answered at {} within {:.1} s: the peer is offline, or the network between keeps direct \
         connections out; a relay or a mirror helps there", addresses(.tried, .relays), .waited.as_secs_f32()
    )]
    Timeout {
        /// How long was waited.
        waited: Duration,
        /// The addresses that were tried.
        tried: Vec<SocketAddr>,
        /// The relays that were tried.
        relays: Vec<RelayUrl>,
    },
    /// Somebody answered who does not hold the peer's key.
    #[error(
        "another device answers at the peer's address (TLS error {0:#x}): ask for a new ticket"
    )]
    WrongPeer(u64),
    /// The peer answered and does not speak this protocol.
    #[error("the peer does not speak this protocol: one of the two sides needs a newer version")]
    UnknownProtocol,
    /// The peer answered that it has no room at the moment.
    #[error("the peer is busy: try again in a moment")]
    Refused,
    /// The peer answered and closed the connection during the handshake.
    #[error("the peer closed the connection: {0}")]
    ClosedByPeer(CloseCode),
    /// The connection failed during the handshake for another reason.
    #[error("the connection failed: {0}")]
    Failed(CloseReason),
    /// The network layer was closed.
    #[error("the network layer is closed")]
    Closed,
    /// iroh could not start the connection for another reason.
    #[error("the connection could not be started")]
    Endpoint(#[source] Box<ConnectError>),
}

/// What one attempt came to.
enum Attempt {
    Connected(Connection),
    /// Nobody answered; another attempt may fare better.
    Unanswered,
    Failed(DialError),
}

/// Dials until one attempt succeeds, one fails for good, or `timeout` is over.
pub(super) async fn dial(
    endpoint: &Endpoint,
    profile: &Profile,
    peer: &PeerAddr,
    alpns: &[&[u8]],
    timeout: Duration,
) -> Result<Connection, DialError> {
    let id = EndpointId::from_bytes(peer.id.as_bytes()).map_err(|_| DialError::InvalidId)?;
    let tried = usable_addrs(&peer.addrs);
    let relays = usable_relays(profile, &peer.relays);
    let may_be_looked_up = matches!(profile, Profile::Lan | Profile::Public);
    if tried.is_empty() && relays.is_empty() && !may_be_looked_up {
        return Err(DialError::NoAddress);
    }
    let transports = tried.iter().copied().map(TransportAddr::Ip);
    let addr = EndpointAddr::from_parts(
        id,
        transports.chain(relays.iter().cloned().map(TransportAddr::Relay)),
    );
    let deadline = Instant::now() + timeout;
    match timeout_at(deadline, repeat(endpoint, &addr, alpns)).await {
        Ok(result) => result,
        Err(_) => Err(DialError::Timeout {
            waited: timeout,
            tried,
            relays,
        }),
    }
}

/// Makes one attempt after the other until one is answered: quick ones, then a patient one, and anew.
///
/// Where there is no address yet, all are patient, because it takes a while to look one up.
async fn repeat(
    endpoint: &Endpoint,
    addr: &EndpointAddr,
    alpns: &[&[u8]],
) -> Result<Connection, DialError> {
    loop {
        let quick_attempts = if addr.is_empty() {
            0
        } else {
            DIAL_QUICK_ATTEMPTS
        };
        for number in 0..=quick_attempts {
            let patience = if number < quick_attempts {
                DIAL_QUICK
            } else {
                DIAL_PATIENT
            };
            let give_up = Instant::now() + patience;
            match timeout_at(give_up, attempt(endpoint, addr.clone(), alpns)).await {
                Ok(Attempt::Connected(connection)) => return Ok(connection),
                Ok(Attempt::Failed(error)) => return Err(error),
                // It failed early, as a look-up may: the next one would too if it began at once.
                Ok(Attempt::Unanswered) => sleep(DIAL_QUICK).await,
                Err(_) => {}
            }
        }
    }
}

async fn attempt(endpoint: &Endpoint, addr: EndpointAddr, alpns: &[&[u8]]) -> Attempt {
    let error = match connect(endpoint, addr, alpns).await {
        Ok(connection) => return Attempt::Connected(connection),
        Err(error) => error,
    };
    match error {
        ConnectError::Connect {
            source: ConnectWithOptsError::SelfConnect { .. },
            ..
        } => Attempt::Failed(DialError::OneSelf),
        // Looking the peer up found nothing. It may appear on the local network in a moment.
        ConnectError::Connect {
            source: ConnectWithOptsError::NoAddress { .. },
            ..
        } => Attempt::Unanswered,
        ConnectError::Connect {
            source: ConnectWithOptsError::EndpointClosed { .. },
            ..
        } => Attempt::Failed(DialError::Closed),
        ConnectError::Connecting {
            source: ConnectingError::ConnectionError { source, .. },
            ..
        }
        | ConnectError::Connection { source, .. } => handshake_failure(source),
        other => Attempt::Failed(DialError::Endpoint(Box::new(other))),
    }
}

/// Connects with the first of some protocols that the peer speaks.
async fn connect(
    endpoint: &Endpoint,
    addr: EndpointAddr,
    alpns: &[&[u8]],
) -> Result<Connection, ConnectError> {
    let first = alpns.first().copied().unwrap_or_default();
    let others = alpns.iter().skip(1).map(|alpn| alpn.to_vec()).collect();
    let options = ConnectOptions::new().with_additional_alpns(others);
    let connecting = endpoint.connect_with_opts(addr, first, options).await?;
    Ok(connecting.await?)
}

/// Says what an error during the handshake means.
fn handshake_failure(error: ConnectionError) -> Attempt {
    let reason = CloseReason::from(error);
    Attempt::Failed(match reason {
        CloseReason::TimedOut => return Attempt::Unanswered,
        CloseReason::Refused => DialError::Refused,
        CloseReason::ByPeer { code, .. } => DialError::ClosedByPeer(code),
        CloseReason::ByUs => DialError::Closed,
        CloseReason::Violation {
            code: TLS_NO_APPLICATION_PROTOCOL,
            ..
        } => DialError::UnknownProtocol,
        CloseReason::Violation { code, .. } if TLS_ALERTS.contains(&code) => {
            DialError::WrongPeer(code)
        }
        other => DialError::Failed(other),
    })
}

/// Leaves out addresses that name no single host: a first packet there would reach many, or nobody.
fn usable_addrs(addrs: &[SocketAddr]) -> Vec<SocketAddr> {
    let names_one_host = |addr: &&SocketAddr| {
        let ip = addr.ip().to_canonical();
        let broadcast = matches!(ip, std::net::IpAddr::V4(ip) if ip.is_broadcast());
        addr.port() != 0 && !ip.is_unspecified() && !ip.is_multicast() && !broadcast
    };
    addrs
        .iter()
        .filter(names_one_host)
        .copied()
        .take(DIAL_ADDRS_MAX)
        .collect()
}

/// Keeps the relays that this node's own profile names, because each is told who talks to whom.
fn usable_relays(profile: &Profile, relays: &[String]) -> Vec<RelayUrl> {
    let known = |url: &RelayUrl| match profile {
        Profile::Direct | Profile::Lan => false,
        Profile::Relay(own) => own.contains(url),
        Profile::Public => iroh::endpoint::default_relay_mode()
            .relay_map()
            .contains(url),
    };
    relays
        .iter()
        .filter_map(|text| parse_relay(text).ok())
        .filter(known)
        .collect()
}

/// Lists addresses for an error message, the first few of them.
fn addresses(tried: &[SocketAddr], relays: &[RelayUrl]) -> String {
    const SHOWN: usize = 4;
    let all = tried
        .iter()
        .map(ToString::to_string)
        .chain(relays.iter().map(ToString::to_string));
    let shown: Vec<String> = all.take(SHOWN).collect();
    let more = (tried.len() + relays.len()).saturating_sub(SHOWN);
    match (shown.is_empty(), more) {
        (true, _) => "any address".to_owned(),
        (false, 0) => shown.join(", "),
        (false, more) => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_names_no_single_host_is_not_dialled() {
        let addrs: Vec<SocketAddr> = [
            "0.0.0.0:1",
            "[::]:1",
            "224.0.0.1:1",
            "[ff02::1]:1",
            "255.255.255.255:1",
            "192.0.2.1:0",
            "192.0.2.1:1",
            "[2001:db8::1]:1",
        ]
        .iter()
        .map(|text| text.parse().unwrap())
        .collect();
        assert_eq!(usable_addrs(&addrs), addrs[6..]);
        let flood = vec![addrs[6]; 10 * DIAL_ADDRS_MAX];
        assert_eq!(usable_addrs(&flood).len(), DIAL_ADDRS_MAX);
    }

    #[test]
    fn a_relay_is_used_only_where_the_own_profile_names_it() {
        let relays = [
            "https://a.example/".to_owned(),
            "https://b.example/".to_owned(),
            "x".to_owned(),
        ];
        let own: Profile = "relay=https://b.example".parse().unwrap();
        assert_eq!(
            usable_relays(&own, &relays),
            ["https://b.example".parse().unwrap()]
        );
        for none in [Profile::Direct, Profile::Lan, Profile::Public] {
            assert!(usable_relays(&none, &relays).is_empty(), "{none}");
        }
    }

    #[test]
    fn the_error_names_a_few_of_the_addresses() {
        let addrs: Vec<SocketAddr> = (1..=6)
            .map(|port| SocketAddr::from(([192, 0, 2, 1], port)))
            .collect();
        assert_eq!(addresses(&[], &[]), "any address");
        assert_eq!(addresses(&addrs[..1], &[]), "192.0.2.1:1");
        assert!(addresses(&addrs, &[]).ends_with("192.0.2.1:4 and 2 more"));
    }
}
