//! The network layer as a whole: one endpoint per device.

use std::{net::IpAddr, sync::Arc, time::Duration};

use iroh::Endpoint;
use tokio::{
    sync::{Mutex, OwnedSemaphorePermit, mpsc},
    time::timeout,
};
use tracing::debug;

use super::{
    accept::{Incoming, accept_loop},
    bind::{BindError, NetOptions, Port, bind},
    close::CloseCode,
    dial::{DialError, dial},
    ident::{LocalAddrs, PeerAddr, TransportId},
    limits::{CLOSE_TIMEOUT, HANDSHAKES_MAX},
    link::Link,
    live::LiveLinks,
    profile::Profile,
    transport::MtuDiscovery,
};

/// A device on the network: dials peers, accepts peers, knows its own addresses.
///
/// All methods take `&self`; share it in an [`Arc`].
#[derive(Debug)]
pub struct Net {
    endpoint: Endpoint,
    profile: Profile,
    port: Port,
    live: Arc<LiveLinks>,
    /// Accepted links that wait to be taken, each with the slot among the handshakes that it occupies.
    accepted: Mutex<mpsc::Receiver<(Incoming, OwnedSemaphorePermit)>>,
}

impl Net {
    /// Opens the sockets and begins to accept. Needs a tokio runtime.
    ///
    /// # Errors
    /// See [`BindError`]. A kept port that is taken is no error: [`Net::port`] says so.
    pub async fn bind(options: NetOptions) -> Result<Self, BindError> {
        Self::bind_with(options, MtuDiscovery::Off).await
    }

    pub(super) async fn bind_with(
        options: NetOptions,
        mtu: MtuDiscovery,
    ) -> Result<Self, BindError> {
        let (endpoint, port) = bind(&options, mtu).await?;
        let live = Arc::new(LiveLinks::default());
        let (sender, receiver) = mpsc::channel(HANDSHAKES_MAX);
        let local_is_lan = options.profile == Profile::Lan;
        tokio::spawn(accept_loop(
            endpoint.clone(),
            local_is_lan,
            Arc::clone(&live),
            sender,
        ));
        let accepted = Mutex::new(receiver);
        Ok(Self {
            endpoint,
            profile: options.profile,
            port,
            live,
            accepted,
        })
    }

    /// Returns the key by which this device is known on the network.
    pub fn id(&self) -> TransportId {
        TransportId::from(self.endpoint.id())
    }

    /// Returns the UDP port that is listened on, and whether it is the one that was wanted.
    pub fn port(&self) -> Port {
        self.port
    }

    /// Returns the profile that the node was started with.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Returns where this node may be found at the moment. Ask again before each use: addresses change.
    pub fn local_addrs(&self) -> LocalAddrs {
        let own = self.endpoint.addr();
        let all: Vec<_> = own.ip_addrs().copied().collect();
        let routable: Vec<_> = all
            .iter()
            .copied()
            .filter(|addr| !is_link_local(addr.ip()))
            .collect();
        let addrs = if routable.is_empty() { all } else { routable };
        let mut relays: Vec<_> = own.relay_urls().cloned().collect();
        // Until the first relay has answered, the peer may try all that the profile names.
        if relays.is_empty()
            && let Profile::Relay(named) = &self.profile
        {
            relays.clone_from(named);
        }
        LocalAddrs { addrs, relays }
    }

    /// Connects to a peer, for the protocol `alpn`.
    ///
    /// All addresses are tried at once, again and again while nobody answers, until `timeout` is over:
    /// [`DIAL_TIMEOUT`](super::limits::DIAL_TIMEOUT) where there is no reason for another.
    ///
    /// # Errors
    /// See [`DialError`]. What it says of the peer is proven only where the peer's key took part in the
    /// handshake, so treat every error as one that may pass.
    pub async fn dial(
        &self,
        peer: &PeerAddr,
        alpn: &[u8],
        timeout: Duration,
    ) -> Result<Link, DialError> {
        self.dial_for(peer, &[alpn], timeout).await
    }

    /// Connects to a peer, for one of several protocols: the one that the peer likes best of those that it speaks, as
    /// [`LinkHandle::alpn`](super::LinkHandle::alpn) says.
    ///
    /// # Errors
    /// As of [`Net::dial`].
    pub async fn dial_for(
        &self,
        peer: &PeerAddr,
        alpns: &[&[u8]],
        timeout: Duration,
    ) -> Result<Link, DialError> {
        let connection = dial(&self.endpoint, &self.profile, peer, alpns, timeout).await?;
        let link = Link::new(connection, self.profile == Profile::Lan);
        self.live.add(link.handle());
        Ok(link)
    }

    /// Waits for the next peer that connects. `None` once the network layer is closed.
    ///
    /// Cancel safe. At most [`HANDSHAKES_MAX`] wait to be taken; further peers are refused.
    pub async fn accept(&self) -> Option<Incoming> {
        let (incoming, slot) = self.accepted.lock().await.recv().await?;
        drop(slot);
        Some(incoming)
    }

    /// Tells the network layer that the machine woke or changed networks: addresses are read anew and
    /// every path is probed at once. It finds most changes by itself; a wake-up it may not.
    pub async fn network_changed(&self) {
        self.endpoint.network_change().await;
    }

    /// Says goodbye on every link ([`CloseCode::BYE`]) and closes the sockets.
    ///
    /// Waits for at most [`CLOSE_TIMEOUT`] for the peers to hear of it.
    pub async fn close(&self) {
        self.live.close_all(CloseCode::BYE, "the node stops");
        if timeout(CLOSE_TIMEOUT, self.endpoint.close()).await.is_err() {
            debug!("closed before every peer was told");
        }
    }
}

/// An address that needs an interface's name beside it, which no ticket can carry.
fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}
