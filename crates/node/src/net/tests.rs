//! Two or three endpoints on loopback.

use std::{
    net::{Ipv4Addr, SocketAddr, UdpSocket},
    time::{Duration, Instant},
};

use super::*;

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

#[tokio::test]
async fn frames_go_both_ways_and_either_side_may_speak_first() {
    let (anna, ben) = (net(1).await, net(2).await);
    for acceptor_first in [true, false] {
        let (dialled, accepted) = connect(&anna, &ben).await;
        assert_eq!(dialled.handle().remote_id(), ben.id());
        assert_eq!(accepted.handle().remote_id(), anna.id());
        assert!(dialled.handle().is_dialer() && !accepted.handle().is_dialer());
        assert_eq!(accepted.handle().alpn(), ALPN);
        let (_a, mut a_sender, mut a_receiver) = dialled.split();
        let (_b, mut b_sender, mut b_receiver) = accepted.split();
        for round in 0..3_u8 {
            if acceptor_first {
                b_sender.send(&[round; 300]).await.unwrap();
                assert_eq!(
                    soon(a_receiver.recv()).await.unwrap().unwrap(),
                    vec![round; 300]
                );
                a_sender.send(&[round]).await.unwrap();
                assert_eq!(soon(b_receiver.recv()).await.unwrap().unwrap(), vec![round]);
            } else {
                a_sender.send(&[round; 300]).await.unwrap();
                assert_eq!(
                    soon(b_receiver.recv()).await.unwrap().unwrap(),
                    vec![round; 300]
                );
                b_sender.send(&[]).await.unwrap();
                assert_eq!(
                    soon(a_receiver.recv()).await.unwrap().unwrap(),
                    Vec::<u8>::new()
                );
            }
        }
    }
}

#[tokio::test]
async fn each_direction_ends_by_itself() {
    let (anna, ben) = (net(1).await, net(2).await);
    let (dialled, accepted) = connect(&anna, &ben).await;
    let (_a, mut a_sender, mut a_receiver) = dialled.split();
    let (_b, mut b_sender, mut b_receiver) = accepted.split();
    a_sender.send(b"last").await.unwrap();
    a_sender.finish().unwrap();
    assert_eq!(a_sender.send(b"more").await, Err(SendError::Finished));
    assert_eq!(
        soon(b_receiver.recv()).await.unwrap().unwrap(),
        b"last".as_slice()
    );
    assert_eq!(soon(b_receiver.recv()).await, Ok(None));
    soon(a_sender.delivered()).await.unwrap();
    b_sender.send(b"still here").await.unwrap();
    assert_eq!(
        soon(a_receiver.recv()).await.unwrap().unwrap(),
        b"still here".as_slice()
    );
}

#[tokio::test]
async fn a_batch_of_every_size_arrives_in_order() {
    let (anna, ben) = (net(1).await, net(2).await);
    let (dialled, accepted) = connect(&anna, &ben).await;
    let (_a, mut sender, _a_receiver) = dialled.split();
    let (_b, _b_sender, mut receiver) = accepted.split();
    let frames: Vec<Vec<u8>> = [0, 1, 300, 1_199, 1_200, 70_000, FRAME_BYTES_MAX, 5]
        .iter()
        .zip(0..)
        .map(|(&length, fill)| vec![fill; length])
        .collect();
    let sending = async {
        sender.send_all(&frames).await.unwrap();
        sender.finish().unwrap();
    };
    let receiving = async {
        let mut received = Vec::new();
        while let Some(frame) = receiver.recv().await.unwrap() {
            received.push(frame.to_vec());
        }
        received
    };
    let ((), received) = soon(async { tokio::join!(sending, receiving) }).await;
    assert!(received == frames, "the frames differ");
}

#[tokio::test]
async fn receiving_may_be_given_up_and_taken_up_again() {
    let (anna, ben) = (net(1).await, net(2).await);
    let (dialled, accepted) = connect(&anna, &ben).await;
    let (_a, mut sender, _a_receiver) = dialled.split();
    let (_b, _b_sender, mut receiver) = accepted.split();
    let frame = vec![7; FRAME_BYTES_MAX];
    let sending = async { sender.send(&frame).await.unwrap() };
    let receiving = async {
        let mut given_up = 0_u32;
        loop {
            tokio::select! {
                biased;
                frame = receiver.recv() => return (frame.unwrap().unwrap(), given_up),
                () = tokio::task::yield_now() => given_up += 1,
            }
        }
    };
    let ((), (received, given_up)) = soon(async { tokio::join!(sending, receiving) }).await;
    assert!(given_up > 0);
    assert!(received == frame, "the frame differs");
}

#[tokio::test]
async fn a_frame_that_is_too_large_is_refused_on_both_sides() {
    let (anna, ben) = (net(1).await, net(2).await);
    let (dialled, accepted) = connect(&anna, &ben).await;
    let (a, mut sender, _a_receiver) = dialled.split();
    let (_b, _b_sender, mut receiver) = accepted.split();
    let bytes = FRAME_BYTES_MAX + 1;
    let too_large = vec![0; bytes];
    assert_eq!(
        sender.send(&too_large).await,
        Err(SendError::TooLarge { bytes })
    );
    let batch = [b"fine".as_slice(), &too_large];
    assert_eq!(
        sender.send_all(&batch).await,
        Err(SendError::TooLarge { bytes })
    );
    sender.send(b"still open").await.unwrap();
    assert_eq!(
        soon(receiver.recv()).await.unwrap().unwrap(),
        b"still open".as_slice()
    );

    // A peer that does not check what it sends.
    let mut raw = sender.into_stream().unwrap();
    raw.write_all(&u32::MAX.to_le_bytes()).await.unwrap();
    let refused = soon(receiver.recv()).await;
    assert_eq!(
        refused,
        Err(RecvError::TooLarge {
            bytes: u32::MAX as usize
        })
    );
    let reason = soon(a.closed()).await;
    assert_eq!(reason.peer_code(), Some(CloseCode::FRAME_TOO_LARGE));
}

#[tokio::test]
async fn a_stream_that_ends_within_a_frame_closes_the_link() {
    let (anna, ben) = (net(1).await, net(2).await);
    let (dialled, accepted) = connect(&anna, &ben).await;
    let (a, mut sender, _a_receiver) = dialled.split();
    let (_b, _b_sender, mut receiver) = accepted.split();
    sender.send(b"whole").await.unwrap();
    let mut raw = sender.into_stream().unwrap();
    raw.write_all(&[9, 0, 0, 0, 1, 2]).await.unwrap();
    raw.finish().unwrap();
    assert_eq!(
        soon(receiver.recv()).await.unwrap().unwrap(),
        b"whole".as_slice()
    );
    assert_eq!(soon(receiver.recv()).await, Err(RecvError::Truncated));
    assert_eq!(
        soon(a.closed()).await.peer_code(),
        Some(CloseCode::PROTOCOL)
    );
}

#[tokio::test]
async fn a_reader_that_pauses_under_bulk_loses_nothing() {
    let (anna, ben) = (net(1).await, net(2).await);
    let (dialled, accepted) = connect(&anna, &ben).await;
    let (_a, mut sender, _a_receiver) = dialled.split();
    let (_b, _b_sender, mut receiver) = accepted.split();
    let frames: Vec<Vec<u8>> = (0..8).map(|fill| vec![fill; 1 << 20]).collect();
    let sending = async { sender.send_all(&frames).await.unwrap() };
    let receiving = async {
        // Long enough for the window to fill.
        tokio::time::sleep(Duration::from_millis(300)).await;
        for frame in &frames {
            assert!(
                receiver.recv().await.unwrap().unwrap() == *frame,
                "the frame differs"
            );
        }
    };
    soon(async { tokio::join!(sending, receiving) }).await;
}

#[tokio::test]
async fn a_send_that_was_dropped_half_way_tears_the_link() {
    let (anna, ben) = (net(1).await, net(2).await);
    let (dialled, _accepted) = connect(&anna, &ben).await;
    let (_a, mut sender, _a_receiver) = dialled.split();
    // Nobody reads, so the window fills and a send is left waiting.
    let frame = vec![0; FRAME_BYTES_MAX];
    let stalled = async {
        loop {
            sender.send(&frame).await.unwrap();
        }
    };
    assert!(
        tokio::time::timeout(Duration::from_millis(500), stalled)
            .await
            .is_err()
    );
    assert_eq!(sender.send(b"x").await, Err(SendError::Torn));
    assert_eq!(sender.finish(), Err(SendError::Torn));
}

#[tokio::test]
async fn the_exporter_is_equal_on_both_sides_and_differs_between_links() {
    let (anna, ben) = (net(1).await, net(2).await);
    let export = |link: &Link, context: &[u8]| link.handle().exporter(b"label", context).unwrap();
    let (a1, b1) = connect(&anna, &ben).await;
    let (a2, b2) = connect(&ben, &anna).await;
    assert_eq!(export(&a1, b"x"), export(&b1, b"x"));
    assert_eq!(export(&a2, b"x"), export(&b2, b"x"));
    assert_ne!(export(&a1, b"x"), export(&a2, b"x"));
    assert_ne!(export(&a1, b"x"), export(&a1, b"y"));
    assert_ne!(
        export(&a1, b"x"),
        a1.handle().exporter(b"other", b"x").unwrap()
    );
}

#[tokio::test]
async fn the_path_and_its_cost_are_known() {
    let (anna, ben) = (net(1).await, net(2).await);
    let (dialled, accepted) = connect(&anna, &ben).await;
    assert_eq!(
        dialled.handle().path(),
        PathKind::Direct(ben.local_addrs().addrs[0])
    );
    assert_eq!(
        accepted.handle().path(),
        PathKind::Direct(anna.local_addrs().addrs[0])
    );
    assert!(
        dialled
            .handle()
            .rtt()
            .is_some_and(|rtt| rtt < Duration::from_secs(1))
    );
    let stats = dialled.handle().stats();
    assert!(
        stats.sent_bytes >= 1_200 && stats.received_bytes >= 1_200,
        "{stats:?}"
    );
}

#[tokio::test]
async fn what_was_sent_before_a_close_is_read_before_its_code() {
    let (anna, ben) = (net(1).await, net(2).await);
    for code in [
        CloseCode::NOT_A_MEMBER,
        CloseCode::REMOVED,
        CloseCode::BYE,
        CloseCode::new(77),
    ] {
        let (dialled, accepted) = connect(&anna, &ben).await;
        let (a, _a_sender, mut a_receiver) = dialled.split();
        let (b, mut b_sender, mut b_receiver) = accepted.split();
        b_sender.send(b"proof").await.unwrap();
        soon(b_sender.delivered()).await.unwrap();
        b.close(code, "because");
        let reason = CloseReason::ByPeer {
            code,
            words: "because".to_owned(),
        };
        assert_eq!(soon(a.closed()).await, reason);
        assert_eq!(a.close_reason(), Some(reason));
        assert_eq!(
            soon(a_receiver.recv()).await.unwrap().unwrap(),
            b"proof".as_slice()
        );
        assert_eq!(soon(b.closed()).await, CloseReason::ByUs);
        assert_eq!(a.path(), PathKind::None);
        assert_eq!(
            soon(b_receiver.recv()).await,
            Err(RecvError::Lost(CloseReason::ByUs))
        );
    }
}

#[tokio::test]
async fn a_stranger_is_closed_and_the_next_peer_is_served() {
    let (ben, stranger, anna) = (net(2).await, net(66).await, net(1).await);
    let (dialled, accepted) = connect(&stranger, &ben).await;
    assert_eq!(accepted.handle().remote_id(), stranger.id());
    accepted.handle().close(CloseCode::NOT_A_MEMBER, "");
    let (a, mut sender, mut receiver) = dialled.split();
    let lost = CloseReason::ByPeer {
        code: CloseCode::NOT_A_MEMBER,
        words: String::new(),
    };
    assert_eq!(
        soon(receiver.recv()).await,
        Err(RecvError::Lost(lost.clone()))
    );
    assert_eq!(sender.send(b"let me in").await, Err(SendError::Lost(lost)));
    assert_eq!(
        soon(a.closed()).await.peer_code(),
        Some(CloseCode::NOT_A_MEMBER)
    );

    let (_dialled, accepted) = connect(&anna, &ben).await;
    assert_eq!(accepted.handle().remote_id(), anna.id());
}

#[tokio::test]
async fn a_peer_that_drops_its_link_is_told_from_one_that_says_goodbye() {
    let (anna, ben) = (net(1).await, net(2).await);
    let (dialled, accepted) = connect(&anna, &ben).await;
    drop(accepted);
    let (a, _sender, _receiver) = dialled.split();
    assert_eq!(soon(a.closed()).await.peer_code(), Some(CloseCode::DROPPED));

    let (dialled, _accepted) = connect(&anna, &ben).await;
    soon(ben.close()).await;
    assert_eq!(
        soon(dialled.handle().closed()).await.peer_code(),
        Some(CloseCode::BYE)
    );
    assert!(soon(ben.accept()).await.is_none());
    let dialled = ben.dial(&addr_of(&anna), ALPN, SOON).await;
    assert!(matches!(dialled, Err(DialError::Closed)), "{dialled:?}");
}

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
    // The next attempt starts at most half a second after; without it QUIC would wait until 3 s.
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
