//! Dialling, and what goes wrong with it.

use super::*;

#[tokio::test]
async fn an_unknown_protocol_is_refused_at_once() {
    let (anna, ben) = (net(1).await, net(2).await);
    let dialled = soon(anna.dial(&addr_of(&ben), b"hearth/other/9", SOON)).await;
    assert!(
        matches!(dialled, Err(DialError::UnknownProtocol)),
        "{dialled:?}"
    );
    connect(&anna, &ben).await;
}

#[tokio::test]
async fn another_device_at_the_address_is_not_taken_for_the_peer() {
    let (anna, ben, carol) = (net(1).await, net(2).await, net(3).await);
    let swapped = PeerAddr {
        id: carol.id(),
        ..addr_of(&ben)
    };
    let dialled = soon(anna.dial(&swapped, ALPN, SOON)).await;
    assert!(
        matches!(dialled, Err(DialError::WrongPeer(_))),
        "{dialled:?}"
    );
}

#[tokio::test]
async fn what_cannot_be_dialled_is_refused_with_its_reason() {
    let (anna, ben) = (net(1).await, net(2).await);
    let dial = |peer| {
        let anna = &anna;
        async move { soon(anna.dial(&peer, ALPN, SOON)).await }
    };
    assert!(matches!(
        dial(addr_of(&anna)).await,
        Err(DialError::OneSelf)
    ));
    let nowhere = PeerAddr {
        addrs: Vec::new(),
        ..addr_of(&ben)
    };
    assert!(matches!(
        dial(nowhere.clone()).await,
        Err(DialError::NoAddress)
    ));
    let relayed = PeerAddr {
        relays: vec!["https://relay.example".to_owned()],
        ..nowhere
    };
    assert!(matches!(dial(relayed).await, Err(DialError::NoAddress)));
    let no_key = PeerAddr {
        id: TransportId::new([2; 32]),
        ..addr_of(&ben)
    };
    assert!(matches!(dial(no_key).await, Err(DialError::InvalidId)));
}

#[tokio::test]
async fn dialling_nobody_fails_within_the_timeout() {
    let anna = net(1).await;
    let gone = net(2).await;
    let peer = addr_of(&gone);
    gone.close().await;
    let waited = Duration::from_millis(700);
    let start = Instant::now();
    let dialled = anna.dial(&peer, ALPN, waited).await;
    let took = start.elapsed();
    assert!(took >= waited && took < waited * 3, "{took:?}");
    match dialled {
        Err(DialError::Timeout { tried, .. }) => assert_eq!(tried, peer.addrs),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_dial_reaches_a_peer_that_comes_up_while_it_waits() {
    let anna = net(1).await;
    let ben = net(2).await;
    let peer = addr_of(&ben);
    let port_kept = ben.port().get();
    ben.close().await;
    drop(ben);
    let dialling = async {
        let link = anna.dial(&peer, ALPN, SOON).await.unwrap();
        (link, Instant::now())
    };
    let coming_up = async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        let ben = Net::bind(NetOptions {
            port_kept,
            ..options(2)
        })
        .await
        .unwrap();
        let up_at = Instant::now();
        ben.accept().await.unwrap();
        (ben, up_at)
    };
    let ((_link, linked_at), (_ben, up_at)) = tokio::join!(dialling, coming_up);
    // A quick attempt follows at once; QUIC by itself would wait until 3 s.
    let after = linked_at.saturating_duration_since(up_at);
    assert!(after < Duration::from_millis(1_500), "{after:?}");
}

#[tokio::test]
async fn a_slow_handshake_delays_nobody() {
    let (anna, ben) = (net(1).await, net(2).await);
    let target = ben.local_addrs().addrs[0];
    // Packets that begin like a handshake and go no further.
    let noise = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    for _ in 0..200 {
        noise.send_to(&[0xc0; 1_200], target).unwrap();
    }
    let start = Instant::now();
    soon(connect(&anna, &ben)).await;
    assert!(start.elapsed() < Duration::from_secs(3));
}
