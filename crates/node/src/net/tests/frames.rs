//! Frames over a link, and what becomes of it where they break the rules.

use super::*;

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
