//! Binding the sockets: which port, on which addresses, and what to do where it is taken.
//!
//! The invariant: the port is the one that tickets and address records name, or the caller is told that it
//! is another.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
};

use iroh::{
    Endpoint, RelayMode, SecretKey,
    address_lookup::{AddrFilter, AddressLookupBuilderError},
    endpoint::{self, BindOpts, Builder, NetReportConfig, PortmapperConfig, presets},
};
use iroh_mdns_address_lookup::MdnsAddressLookup;
use thiserror::Error;
use tokio::time::{Instant, sleep};
use zeroize::Zeroizing;

use super::{
    limits::{PORT_PATIENCE, PORT_RETRY},
    profile::Profile,
    transport::{MtuDiscovery, transport_config},
};

/// Name of the service that `lan` announces: `_hearthside._udp.local`.
///
/// A name of our own, so that programs of other makers do not dial this node, nor it them.
const MDNS_SERVICE: &str = "hearthside";

/// Free ports that are tried for one that both IPv4 and IPv6 have.
const FREE_PORT_ATTEMPTS: usize = 8;

/// What to listen with, on, and for.
#[derive(Debug, Clone)]
pub struct NetOptions {
    /// The secret half of the device's transport key: a 32-byte Ed25519 seed (RFC 8032). Wiped on drop.
    pub secret_key: Zeroizing<[u8; 32]>,
    /// Whom the node contacts.
    pub profile: Profile,
    /// The one address to listen on; all addresses, IPv4 and IPv6, where `None`. Port 0 stands for the
    /// kept one.
    pub listen: Option<SocketAddr>,
    /// The UDP port that tickets and address records name; 0 where none was chosen yet.
    pub port_kept: u16,
    /// The protocols that are accepted, the preferred one first (RFC 7301).
    pub alpns: Vec<Vec<u8>>,
}

/// The UDP port that a node listens on, and how it came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Port {
    /// The kept port, or the one that was asked for.
    AsWanted(u16),
    /// No port was kept yet: this one was free. Keep it.
    Chosen(u16),
    /// The kept port is in use by another program. Peers find this node at the new one only once they
    /// have heard of it: by a new address record, a new ticket, or because this node dials them.
    Instead {
        /// The port that is listened on.
        port: u16,
        /// The port that was taken.
        taken: u16,
    },
}

impl Port {
    /// Returns the port that is listened on.
    pub fn get(self) -> u16 {
        match self {
            Self::AsWanted(port) | Self::Chosen(port) | Self::Instead { port, .. } => port,
        }
    }
}

/// Error of starting the network layer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BindError {
    /// The port that was asked for is in use.
    #[error(
        "UDP port {} at {} is in use by another program: stop that program or choose another with \
         --listen", .0.port(), .0.ip()
    )]
    PortTaken(SocketAddr),
    /// The address that was asked for belongs to no interface of this machine.
    #[error("{0} is no address of this machine: choose one of its own with --listen")]
    NotHere(IpAddr),
    /// The profile `relay` names no relay.
    #[error("the network profile names no relay: set it to relay=https://relay.example.org")]
    NoRelay,
    /// The profile `lan` found no network on which multicast DNS works.
    #[error("peers cannot be found on the local network, because multicast DNS did not start")]
    Mdns(#[source] AddressLookupBuilderError),
    /// The operating system refused a socket for another reason.
    #[error("no UDP socket could be opened")]
    Sockets(#[source] io::Error),
    /// iroh could not start for another reason.
    #[error("the network layer could not be started")]
    Endpoint(#[source] Box<endpoint::BindError>),
}

/// Starts an endpoint on the port that the options ask for, or another where they allow it.
pub(super) async fn bind(
    options: &NetOptions,
    mtu: MtuDiscovery,
) -> Result<(Endpoint, Port), BindError> {
    let asked = options.listen.map_or(0, |addr| addr.port());
    if asked != 0 {
        return Ok((
            bind_wanted_port(options, mtu, asked).await?,
            Port::AsWanted(asked),
        ));
    }
    let kept = options.port_kept;
    if kept != 0 {
        match bind_wanted_port(options, mtu, kept).await {
            Err(BindError::PortTaken(_)) => {}
            Err(other) => return Err(other),
            Ok(endpoint) => return Ok((endpoint, Port::AsWanted(kept))),
        }
    }
    let (endpoint, port) = bind_free_port(options, mtu).await?;
    let port = if kept == 0 {
        Port::Chosen(port)
    } else {
        Port::Instead { port, taken: kept }
    };
    Ok((endpoint, port))
}

/// Binds a port that may still be held by a node that stops at this moment: iroh gives its sockets back a
/// little after it was closed.
async fn bind_wanted_port(
    options: &NetOptions,
    mtu: MtuDiscovery,
    port: u16,
) -> Result<Endpoint, BindError> {
    let give_up = Instant::now() + PORT_PATIENCE;
    loop {
        match bind_port(options, mtu, port).await {
            Err(BindError::PortTaken(_)) if Instant::now() < give_up => sleep(PORT_RETRY).await,
            other => return other,
        }
    }
}

/// Finds a port that is free and binds it. Another program may take it in between, hence the attempts.
async fn bind_free_port(
    options: &NetOptions,
    mtu: MtuDiscovery,
) -> Result<(Endpoint, u16), BindError> {
    let ip = options
        .listen
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |addr| addr.ip());
    let mut taken = SocketAddr::new(ip, 0);
    for _ in 0..FREE_PORT_ATTEMPTS {
        let port = free_port(ip)?;
        match bind_port(options, mtu, port).await {
            Err(BindError::PortTaken(addr)) => taken = addr,
            Err(other) => return Err(other),
            Ok(endpoint) => return Ok((endpoint, port)),
        }
    }
    Err(BindError::PortTaken(taken))
}

fn free_port(ip: IpAddr) -> Result<u16, BindError> {
    let socket = UdpSocket::bind((ip, 0)).map_err(|error| socket_error(error, ip, 0))?;
    Ok(socket.local_addr().map_err(BindError::Sockets)?.port())
}

async fn bind_port(
    options: &NetOptions,
    mtu: MtuDiscovery,
    port: u16,
) -> Result<Endpoint, BindError> {
    let ip = options
        .listen
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |addr| addr.ip());
    let builder = listen_on(profile_builder(&options.profile)?, options.listen, port)
        .map_err(|()| BindError::NotHere(ip))?
        .secret_key(SecretKey::from_bytes(&options.secret_key))
        .alpns(options.alpns.clone())
        .transport_config(transport_config(&options.profile, mtu));
    builder.bind().await.map_err(|error| match error {
        endpoint::BindError::Sockets { source, .. }
        | endpoint::BindError::CreateQuicEndpoint { source, .. } => socket_error(source, ip, port),
        endpoint::BindError::AddressLookup { source, .. } => BindError::Mdns(source),
        other => BindError::Endpoint(Box::new(other)),
    })
}

/// Sets up what a profile contacts, and nothing else.
fn profile_builder(profile: &Profile) -> Result<Builder, BindError> {
    let minimal = || {
        Endpoint::builder(presets::Minimal)
            .relay_mode(RelayMode::Disabled)
            .clear_address_lookup()
            .net_report_config(NetReportConfig::minimal())
    };
    let builder = match profile {
        Profile::Direct => minimal(),
        Profile::Lan => minimal().address_lookup(
            MdnsAddressLookup::builder()
                .service_name(MDNS_SERVICE)
                .addr_filter(AddrFilter::ip_only()),
        ),
        Profile::Relay(relays) if relays.is_empty() => return Err(BindError::NoRelay),
        Profile::Relay(relays) => {
            // Where a network blocks QUIC, the probe by HTTPS is what finds the relay at all. The check
            // for captive portals is left out: it asks the relay over plain HTTP.
            let mut report = NetReportConfig::minimal();
            report.https_probes = true;
            minimal()
                .relay_mode(RelayMode::custom(relays.iter().cloned()))
                .net_report_config(report)
        }
        Profile::Public => Endpoint::builder(presets::N0),
    };
    // No port mapper is compiled in; this keeps it off should another crate turn the feature on.
    Ok(builder.portmapper_config(PortmapperConfig::Disabled))
}

/// Replaces iroh's sockets by ours. IPv6 may be missing on a machine; IPv4 may not, unless IPv6 was asked for.
fn listen_on(builder: Builder, listen: Option<SocketAddr>, port: u16) -> Result<Builder, ()> {
    let builder = builder.clear_ip_transports();
    let bound = match listen {
        Some(addr) => builder.bind_addr(SocketAddr::new(addr.ip(), port)),
        None => builder
            .bind_addr(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port))
            .and_then(|builder| {
                builder.bind_addr_with_opts(
                    SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port),
                    BindOpts::default().set_is_required(false),
                )
            }),
    };
    bound.map_err(|_| ())
}

fn socket_error(error: io::Error, ip: IpAddr, port: u16) -> BindError {
    match error.kind() {
        io::ErrorKind::AddrInUse => BindError::PortTaken(SocketAddr::new(ip, port)),
        io::ErrorKind::AddrNotAvailable => BindError::NotHere(ip),
        _ => BindError::Sockets(error),
    }
}
