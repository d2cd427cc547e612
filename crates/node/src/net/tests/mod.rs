//! Two or three endpoints on loopback.

use std::{
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    time::{Duration, Instant},
};

use super::*;

mod dials;
mod frames;
mod links;
mod ports;

pub(super) const ALPN: &[u8] = b"hearth/test/1";

/// Longest that a test waits for what should happen at once.
const SOON: Duration = Duration::from_secs(10);

pub(super) fn options(seed: u8) -> NetOptions {
    NetOptions {
        secret_key: [seed; 32].into(),
        profile: Profile::Direct,
        listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
        port_kept: 0,
        alpns: vec![ALPN.to_vec()],
    }
}

async fn net(seed: u8) -> Net {
    Net::bind(options(seed)).await.unwrap()
}

pub(super) fn addr_of(net: &Net) -> PeerAddr {
    PeerAddr {
        id: net.id(),
        addrs: net.local_addrs().addrs,
        relays: Vec::new(),
    }
}

/// Connects two endpoints; the dialler's link comes first.
pub(super) async fn connect(dialer: &Net, acceptor: &Net) -> (Link, Link) {
    let peer = addr_of(acceptor);
    let (dialled, accepted) = tokio::join!(dialer.dial(&peer, ALPN, SOON), acceptor.accept());
    (dialled.unwrap(), accepted.unwrap().link)
}

async fn soon<F: Future>(what: F) -> F::Output {
    tokio::time::timeout(SOON, what)
        .await
        .expect("it takes too long")
}
