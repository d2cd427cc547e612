//! A mirror at work: one loop that owns its notebooks and its store, and the tasks that carry its frames.
//!
//! It accepts and never dials. What arrives in one burst is put on disk in one commit a notebook; only then
//! receipts and entries leave.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hearth_core::engine::{CloseReason, ConnectionId};
use hearth_core::ids::{NotebookId, TransportId};
use hearth_core::mirror::{MIRROR_ALPN, Mirror, MirrorAnswer, MirrorConnection, MirrorEffect};
use hearth_core::sync::EXPORTER_LABEL;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::Traffic;
use super::links::{OpenLink, pump};
use crate::host::{Host, NodeStorage};
use crate::net::{Link, Net};

/// Events that wait for the loop: frames beyond wait in their links.
const TRAFFIC_MAX: usize = 1_024;
/// Events that are handled before what they brought is put on disk.
const BURST_MAX: usize = 64;
/// How often what is not urgent is done.
const HOUSEKEEPING_EVERY: Duration = Duration::from_secs(60);
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// What a mirror runs with.
pub(crate) struct MirrorRun {
    /// The mirror.
    pub(crate) mirror: Mirror,
    /// Its disk.
    pub(crate) storage: NodeStorage,
    /// Its endpoint.
    pub(crate) net: Arc<Net>,
    /// After how many days it drops a notebook from which it was removed.
    pub(crate) keep_days: u32,
}

/// Runs a mirror until `stopped` says so; what it holds is on disk then.
pub(crate) async fn run_mirror(run: MirrorRun, stopped: impl Future<Output = ()>) {
    let (traffic, mut events) = mpsc::channel(TRAFFIC_MAX);
    let (connections, mut incoming) = mpsc::channel(TRAFFIC_MAX);
    let accepting = tokio::spawn(accept(Arc::clone(&run.net), connections));
    let mut engine = MirrorEngine {
        run,
        traffic,
        links: BTreeMap::new(),
        next_link: 0,
        house_kept_at: Instant::now(),
    };
    engine.keep_house();
    let mut stopped = std::pin::pin!(stopped);
    loop {
        let due_at = engine.due_at();
        tokio::select! {
            () = &mut stopped => break,
            connection = incoming.recv() => match connection {
                Some((link, kind)) => engine.connected(link, kind),
                None => break,
            },
            event = events.recv() => {
                if let Some(event) = event {
                    engine.handle(event);
                }
            }
            () = tokio::time::sleep_until(due_at) => {}
        }
        for _ in 0..BURST_MAX {
            match events.try_recv() {
                Ok(event) => engine.handle(event),
                Err(_) => break,
            }
        }
        engine.settle();
    }
    accepting.abort();
    engine.end().await;
}

async fn accept(net: Arc<Net>, connections: mpsc::Sender<(Link, MirrorConnection)>) {
    while let Some(incoming) = net.accept().await {
        let kind = if incoming.alpn == MIRROR_ALPN {
            MirrorConnection::Request
        } else {
            MirrorConnection::Sync
        };
        if connections.send((incoming.link, kind)).await.is_err() {
            break;
        }
    }
}

struct MirrorEngine {
    run: MirrorRun,
    traffic: mpsc::Sender<Traffic>,
    links: BTreeMap<ConnectionId, OpenLink>,
    next_link: u64,
    house_kept_at: Instant,
}

impl MirrorEngine {
    fn due_at(&self) -> Instant {
        let house = self.house_kept_at + HOUSEKEEPING_EVERY;
        let protocol = self.run.mirror.deadline_ms().map(|at_ms| {
            Instant::now() + Duration::from_millis(at_ms.saturating_sub(Host::now_ms()))
        });
        protocol.map_or(house, |protocol| protocol.min(house))
    }

    fn connected(&mut self, link: Link, kind: MirrorConnection) {
        let Ok(exporter) = link.handle().exporter(EXPORTER_LABEL, b"") else {
            return;
        };
        let remote = TransportId::from_bytes(link.handle().remote_id().to_bytes());
        let id = ConnectionId(self.next_link);
        self.next_link += 1;
        let open = OpenLink::open(id, link, false, self.traffic.clone());
        self.links.insert(id, open);
        let now_ms = Host::now_ms();
        self.run
            .mirror
            .connected(id, kind, remote, exporter, now_ms);
    }

    fn handle(&mut self, event: Traffic) {
        match event {
            Traffic::Frame {
                id,
                bytes,
                room: _until_handled,
            } => {
                let now_ms = Host::now_ms();
                let MirrorRun {
                    mirror, storage, ..
                } = &mut self.run;
                mirror.receive(id, &bytes, now_ms, storage);
            }
            Traffic::Disconnected { id } => {
                self.links.remove(&id);
                self.run.mirror.disconnected(id);
            }
            // A link has room again: what follows sends what is due. The others are for those who dial.
            _ => {}
        }
    }

    /// After a burst: puts what came on disk, then sends what is due.
    fn settle(&mut self) {
        let now_ms = Host::now_ms();
        let MirrorRun {
            mirror, storage, ..
        } = &mut self.run;
        if mirror.deadline_ms().is_some_and(|at_ms| at_ms <= now_ms) {
            mirror.tick(now_ms, storage);
        }
        mirror.flush(storage, now_ms, false);
        self.effects();
        self.pump();
        self.effects();
        if self.house_kept_at.elapsed() >= HOUSEKEEPING_EVERY {
            self.keep_house();
        }
    }

    fn pump(&mut self) {
        let MirrorRun {
            mirror, storage, ..
        } = &mut self.run;
        // It packs nothing, so the next frame is soon made.
        while pump(&self.links, |id| mirror.next_frame(id, storage)) {}
    }

    fn effects(&mut self) {
        for effect in self.run.mirror.take_effects() {
            match effect {
                MirrorEffect::Close(id, reason) => {
                    if let Some(link) = self.links.remove(&id) {
                        note_closing(&link, &reason);
                        link.close_as(&reason);
                    }
                }
                MirrorEffect::Held(notebook) => {
                    tracing::info!(%notebook, "a notebook is held from now on");
                }
                MirrorEffect::Refused(transport, answer) => {
                    tracing::warn!(%transport, why = refusal(answer), "a notebook was not taken");
                }
                MirrorEffect::Stopped(notebook, device, why) => {
                    tracing::warn!(%notebook, %device, %why, "a device sent what cannot be accepted");
                }
                MirrorEffect::Full(notebook, quota) => {
                    tracing::warn!(
                        %notebook, held_bytes = quota.used_bytes, most_bytes = quota.max_bytes,
                        "a notebook does not fit"
                    );
                }
                _ => {}
            }
        }
    }

    /// Saves what the next start would have to find out, and drops what is kept for long enough.
    fn keep_house(&mut self) {
        self.house_kept_at = Instant::now();
        let MirrorRun {
            mirror, storage, ..
        } = &mut self.run;
        if let Err(error) = mirror.snapshot(storage) {
            tracing::warn!(%error, "the next start will read more, since the disk failed");
        }
        let held: Vec<(NotebookId, bool)> = mirror
            .notebooks()
            .iter()
            .map(|(notebook, held)| (*notebook, held.names_this_mirror()))
            .collect();
        for (notebook, is_named) in held {
            if let Err(error) = self.look_at(notebook, is_named) {
                tracing::warn!(%notebook, %error, "what was taken off could not be dropped");
            }
        }
    }

    /// Drops a notebook from which this mirror was removed for long enough.
    fn look_at(
        &mut self,
        notebook: NotebookId,
        is_named: bool,
    ) -> Result<(), hearth_core::storage::StorageError> {
        let key = format!("removed/{notebook}");
        let MirrorRun {
            mirror,
            storage,
            keep_days,
            ..
        } = &mut self.run;
        let noted = storage.get_own(&key)?;
        if is_named {
            return match noted {
                Some(_) => storage.forget_own(&key),
                None => Ok(()),
            };
        }
        let now_ms = Host::now_ms();
        let since_ms = noted
            .and_then(|bytes| bytes.try_into().ok())
            .map(u64::from_be_bytes);
        let Some(since_ms) = since_ms else {
            storage.put_own(&key, &now_ms.to_be_bytes())?;
            return Ok(());
        };
        if now_ms.saturating_sub(since_ms) >= u64::from(*keep_days) * DAY_MS {
            mirror.forget(notebook);
            storage.forget(notebook)?;
            storage.forget_own(&key)?;
            tracing::info!(%notebook, "dropped, since this mirror was removed from it");
        }
        Ok(())
    }

    async fn end(mut self) {
        let now_ms = Host::now_ms();
        let MirrorRun {
            mirror, storage, ..
        } = &mut self.run;
        mirror.flush(storage, now_ms, true);
        self.pump();
        // The receipts that were just queued reach whoever listens.
        const LAST_FRAMES: Duration = Duration::from_millis(20);
        tokio::time::sleep(LAST_FRAMES).await;
        let MirrorRun {
            mirror, storage, ..
        } = &mut self.run;
        if let Err(error) = mirror.snapshot(storage) {
            tracing::warn!(%error, "the next start will read more, since the disk failed");
        }
        self.run.net.close().await;
    }
}

fn note_closing(link: &OpenLink, reason: &CloseReason) {
    if *reason == CloseReason::Stranger {
        let transport = TransportId::from_bytes(link.handle.remote_id().to_bytes());
        tracing::warn!(%transport, "a stranger was turned away");
    }
}

/// Says in words why a mirror does not hold a notebook.
pub(crate) const fn refusal(answer: MirrorAnswer) -> &'static str {
    match answer {
        MirrorAnswer::Taken => "it is held",
        MirrorAnswer::WrongPass => "the mirror has another pass: its ticket is out of date",
        MirrorAnswer::NotNamed => "the mirror does not count this device among the members",
        MirrorAnswer::Invalid => "the mirror could not check the notebook's members",
        MirrorAnswer::Full => "the mirror has no room for another notebook",
        MirrorAnswer::Unavailable => "the mirror's disk failed",
        _ => "the mirror gives a reason that this program does not know",
    }
}
