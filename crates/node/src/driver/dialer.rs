//! Dials the devices that this one shares notebooks with, each on a task of its own, for as long as
//! there is no link.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hearth_core::engine::ConnectionKind;
use hearth_core::ids::{DeviceId, TransportId};
use tokio::sync::{mpsc, watch};

use super::{PeerAddrs, Traffic, jitter};
use crate::net::{Backoff, DIAL_TIMEOUT, Net, PeerAddr};

/// Of two devices that find each other at the same time, the one with the higher id waits this long
/// before its first dial, so that they seldom make two links.
const SECOND_DELAY: Duration = Duration::from_millis(300);

/// What a dialling task goes by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wish {
    /// Whether there is a link already.
    pub(super) connected: bool,
    /// Where the device may be.
    pub(super) addrs: PeerAddrs,
    /// Grows when the device is to be tried at once.
    pub(super) nudges: u64,
}

/// A dialling task's other end; dropping it ends the task.
#[derive(Debug)]
pub(super) struct Dialer {
    wish: watch::Sender<Wish>,
}

impl Dialer {
    /// Starts dialling a device.
    pub(super) fn start(
        device: DeviceId,
        transport: TransportId,
        yields: bool,
        addrs: PeerAddrs,
        net: Arc<Net>,
        traffic: mpsc::Sender<Traffic>,
    ) -> Self {
        let (wish, wishes) = watch::channel(Wish {
            addrs,
            ..Wish::default()
        });
        tokio::spawn(dial(device, transport, yields, net, wishes, traffic));
        Self { wish }
    }

    /// Tells the task whether there is a link.
    pub(super) fn set_connected(&self, connected: bool) {
        self.wish.send_if_modified(|wish| {
            std::mem::replace(&mut wish.connected, connected) != connected
        });
    }

    /// Tells the task where the device may be.
    pub(super) fn set_addrs(&self, addrs: PeerAddrs) {
        self.wish.send_if_modified(|wish| {
            let changed = wish.addrs != addrs;
            wish.addrs = addrs;
            changed
        });
    }

    /// Has the device tried at once.
    pub(super) fn nudge(&self) {
        self.wish.send_modify(|wish| wish.nudges += 1);
    }
}

async fn dial(
    device: DeviceId,
    transport: TransportId,
    yields: bool,
    net: Arc<Net>,
    mut wishes: watch::Receiver<Wish>,
    traffic: mpsc::Sender<Traffic>,
) {
    let mut backoff = Backoff::new();
    let mut linked_since: Option<Instant> = None;
    if yields {
        tokio::time::sleep(SECOND_DELAY).await;
    }
    loop {
        let wish = wishes.borrow_and_update().clone();
        if wish.connected {
            linked_since.get_or_insert_with(Instant::now);
            if wishes.changed().await.is_err() {
                return;
            }
            continue;
        }
        if let Some(since) = linked_since.take() {
            backoff.lost(Instant::now(), since.elapsed());
        }
        if !pause(
            backoff.next_delay(Instant::now(), jitter()),
            &mut wishes,
            &mut backoff,
            &wish,
        )
        .await
        {
            return;
        }
        let wish = wishes.borrow_and_update().clone();
        if wish.connected {
            continue;
        }
        let peer = PeerAddr {
            id: crate::net::TransportId::new(*transport.as_bytes()),
            addrs: wish.addrs.addrs,
            relays: wish.addrs.relays,
        };
        // Who does not speak the second version takes the first.
        const ALPNS: [&[u8]; 2] = [hearth_core::sync::ALPN_2, hearth_core::sync::ALPN];
        let event = match net.dial_for(&peer, &ALPNS, DIAL_TIMEOUT).await {
            Ok(link) => Traffic::Connected {
                kind: match link.handle().alpn() {
                    hearth_core::sync::ALPN_2 => ConnectionKind::Sync2 { dialled: true },
                    _ => ConnectionKind::Sync { dialled: true },
                },
                link,
            },
            Err(error) => Traffic::DialFailed {
                device,
                why: error.to_string(),
            },
        };
        let connected = matches!(event, Traffic::Connected { .. });
        if traffic.send(event).await.is_err() {
            return;
        }
        if connected {
            // The engine says whether the link stays; until it did, there is nothing to dial.
            const DECISION: Duration = Duration::from_secs(2);
            let _none_came = tokio::time::timeout(DECISION, wishes.changed()).await;
        }
    }
}

/// Waits before the next try, cut short by a nudge or new addresses; false where the task is to end.
async fn pause(
    delay: Duration,
    wishes: &mut watch::Receiver<Wish>,
    backoff: &mut Backoff,
    before: &Wish,
) -> bool {
    let sleep = tokio::time::sleep(delay);
    tokio::pin!(sleep);
    loop {
        tokio::select! {
            () = &mut sleep => return true,
            changed = wishes.changed() => {
                if changed.is_err() {
                    return false;
                }
                let now = wishes.borrow();
                if now.connected {
                    return true;
                }
                if now.nudges != before.nudges || now.addrs != before.addrs {
                    backoff.wake(Instant::now());
                    return true;
                }
            }
        }
    }
}
