//! Which port and addresses an endpoint has.

use super::*;

#[tokio::test]
async fn the_port_is_kept_across_restarts() {
    let first = net(2).await;
    let port_kept = match first.port() {
        Port::Chosen(port) => port,
        other => panic!("{other:?}"),
    };
    assert_ne!(port_kept, 0);
    assert_eq!(
        first.local_addrs().addrs,
        [SocketAddr::from((Ipv4Addr::LOCALHOST, port_kept))]
    );
    soon(first.close()).await;
    drop(first);
    for _ in 0..2 {
        let again = Net::bind(NetOptions {
            port_kept,
            ..options(2)
        })
        .await
        .unwrap();
        assert_eq!(again.port(), Port::AsWanted(port_kept));
        soon(again.close()).await;
    }
}

#[tokio::test]
async fn a_taken_port_is_left_alone_and_reported() {
    let other = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let taken_addr = other.local_addr().unwrap();
    let taken = taken_addr.port();
    let net = Net::bind(NetOptions {
        port_kept: taken,
        ..options(2)
    })
    .await
    .unwrap();
    assert!(
        matches!(net.port(), Port::Instead { port, taken: told } if told == taken && port != taken),
        "{:?}",
        net.port(),
    );
    let asked = Net::bind(NetOptions {
        listen: Some(taken_addr),
        ..options(3)
    })
    .await;
    assert!(
        matches!(asked, Err(BindError::PortTaken(addr)) if addr == taken_addr),
        "{asked:?}"
    );
}

#[tokio::test]
async fn an_address_of_another_machine_cannot_be_listened_on() {
    let listen = Some("192.0.2.1:0".parse().unwrap());
    let bound = Net::bind(NetOptions {
        listen,
        ..options(2)
    })
    .await;
    assert!(matches!(bound, Err(BindError::NotHere(_))), "{bound:?}");
}

#[tokio::test]
async fn listening_on_all_addresses_names_those_that_peers_can_use() {
    let ben = Net::bind(NetOptions {
        listen: None,
        ..options(2)
    })
    .await
    .unwrap();
    let addrs = ben.local_addrs().addrs;
    assert!(!addrs.is_empty());
    for addr in &addrs {
        assert_eq!(
            addr.port(),
            ben.port().get(),
            "IPv4 and IPv6 share one port"
        );
        assert!(!addr.ip().is_unspecified());
    }
    let anna = Net::bind(NetOptions {
        listen: None,
        ..options(1)
    })
    .await
    .unwrap();
    soon(connect(&anna, &ben)).await;
    ben.network_changed().await;
    assert_eq!(ben.local_addrs().addrs, addrs);
}
