//! What a link is known to be, and how its end is told.

use super::*;

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
