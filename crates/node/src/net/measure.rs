//! What a link costs on loopback. Prints figures and asserts little, so it is not part of the test run:
//!
//! ```text
//! cargo test --release -p hearth-node net::measure -- --ignored --nocapture --test-threads=1
//! ```

use std::time::{Duration, Instant};

use super::{
    tests::{connect, options},
    transport::MtuDiscovery,
    *,
};

/// Bytes of a frame that carries a keystroke, sealed and signed.
const FRAME_BYTES: usize = 300;

const ROUND_TRIPS: usize = 5_000;

const BULK_FRAMES: usize = 256;

async fn nets(mtu: MtuDiscovery, all_addresses: bool) -> (Net, Net) {
    let options = |seed| {
        let mut options = options(seed);
        if all_addresses {
            options.listen = None;
        }
        options
    };
    let anna = Net::bind_with(options(1), mtu).await.unwrap();
    let ben = Net::bind_with(options(2), mtu).await.unwrap();
    (anna, ben)
}

fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted[(sorted.len() - 1) * percent / 100]
}

async fn round_trips() {
    let (anna, ben) = nets(MtuDiscovery::Off, false).await;
    let (dialled, accepted) = connect(&anna, &ben).await;
    let (_a, mut sender, mut receiver) = dialled.split();
    let (_b, mut echo_sender, mut echo_receiver) = accepted.split();
    let echo = tokio::spawn(async move {
        while let Ok(Some(frame)) = echo_receiver.recv().await {
            echo_sender.send(&frame).await.unwrap();
        }
    });
    let frame = [7; FRAME_BYTES];
    for pause in [Duration::ZERO, Duration::from_millis(5)] {
        let rounds = if pause.is_zero() { ROUND_TRIPS } else { 200 };
        let mut times = Vec::with_capacity(rounds);
        for _ in 0..rounds {
            let start = Instant::now();
            sender.send(&frame).await.unwrap();
            receiver.recv().await.unwrap().unwrap();
            times.push(start.elapsed());
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
        }
        times.sort();
        println!(
            "round trip of {FRAME_BYTES} bytes, {pause:?} apart: p50 {:?}, p99 {:?}",
            percentile(&times, 50),
            percentile(&times, 99),
        );
    }
    sender.finish().unwrap();
    echo.await.unwrap();
}

#[test]
#[ignore = "prints figures"]
fn round_trip_on_one_thread() {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(round_trips());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "prints figures"]
async fn round_trip_on_all_threads() {
    // On a worker thread, as a node's tasks are, and not on the one that waits for the runtime.
    tokio::spawn(round_trips()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "prints figures"]
async fn bytes_of_a_connection() {
    for all_addresses in [false, true] {
        for mtu in [MtuDiscovery::On, MtuDiscovery::Off] {
            let (anna, ben) = nets(mtu, all_addresses).await;
            let start = Instant::now();
            let (dialled, accepted) = connect(&anna, &ben).await;
            let took = start.elapsed();
            let (a, mut sender, _receiver) = dialled.split();
            let (_b, _sender, mut receiver) = accepted.split();
            sender.send(&[7; FRAME_BYTES]).await.unwrap();
            receiver.recv().await.unwrap().unwrap();
            let first = a.stats();
            tokio::time::sleep(Duration::from_millis(500)).await;
            let settled = a.stats();
            tokio::time::sleep(Duration::from_secs(4)).await;
            let idle = a.stats();
            println!(
                "connection, discovery {mtu:?}, all addresses {all_addresses}: up after {took:?}; bytes \
                 sent + received with the first frame {} + {}, after 0.5 s {} + {}, then {} a second",
                first.sent_bytes,
                first.received_bytes,
                settled.sent_bytes,
                settled.received_bytes,
                (idle.sent_bytes + idle.received_bytes
                    - settled.sent_bytes
                    - settled.received_bytes)
                    / 4,
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "prints figures"]
async fn bulk() {
    for mtu in [
        MtuDiscovery::On,
        MtuDiscovery::Off,
        MtuDiscovery::On,
        MtuDiscovery::Off,
    ] {
        let (anna, ben) = nets(mtu, false).await;
        let (dialled, accepted) = connect(&anna, &ben).await;
        let (a, mut sender, _receiver) = dialled.split();
        let (_b, _sender, mut receiver) = accepted.split();
        let sending = tokio::spawn(async move {
            let frame = vec![7; 1 << 20];
            for _ in 0..BULK_FRAMES {
                sender.send(&frame).await.unwrap();
            }
            sender.delivered().await.unwrap();
        });
        let start = Instant::now();
        let mut received = 0;
        while let Some(frame) = receiver.recv().await.unwrap() {
            received += frame.len();
        }
        let took = start.elapsed();
        sending.await.unwrap();
        println!(
            "bulk, discovery {mtu:?}: {:.0} MB/s, {} datagrams, {} lost",
            received as f64 / 1e6 / took.as_secs_f64(),
            a.stats().sent_datagrams,
            a.stats().lost_packets,
        );
    }
}
