//! Links: for each a reader that turns frames into events and a writer that empties a queue.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hearth_core::engine::{CloseReason, ConnectionId, ConnectionKind};
use hearth_core::ids::TransportId;
use hearth_core::sync::EXPORTER_LABEL;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::Traffic;
use super::engine::Engine;
use crate::host::Host;
use crate::net::{CloseCode, FRAME_BYTES_MAX, FrameReceiver, FrameSender, Link, LinkHandle};

/// Frames that wait for a link before the engine stops handing out more: history is cut into frames
/// of 128 KiB, so this bounds what one slow peer holds to a mebibyte or two.
const QUEUE_FRAMES_MAX: usize = 8;

/// Bytes of frames from one link that may wait for the engine, so that no peer crowds out the others:
/// two frames of the largest size.
const WAITING_BYTES_MAX: usize = 2 * FRAME_BYTES_MAX;
/// A frame that is longer carries history, which takes milliseconds to read or to pack.
const LONG_FRAME_BYTES: usize = 4 * 1024;
/// Frames from one link that may wait for the engine, however small they are.
const WAITING_FRAMES_MAX: usize = 16;

/// The room that the frames of one link have while they wait for the engine.
#[derive(Debug, Clone)]
struct Room(Arc<Semaphore>);

impl Room {
    fn new() -> Self {
        Self(Arc::new(Semaphore::new(WAITING_BYTES_MAX)))
    }

    /// Waits until a frame may wait for the engine; dropping what this returns makes room again.
    /// `None`: never.
    async fn take(&self, frame_bytes: usize) -> Option<OwnedSemaphorePermit> {
        let share = frame_bytes.clamp(WAITING_BYTES_MAX / WAITING_FRAMES_MAX, WAITING_BYTES_MAX);
        let share = u32::try_from(share).ok()?;
        Arc::clone(&self.0).acquire_many_owned(share).await.ok()
    }
}

/// A link as the engine's loop holds it.
#[derive(Debug)]
pub(super) struct OpenLink {
    pub(super) handle: LinkHandle,
    queue: mpsc::Sender<Vec<u8>>,
    /// Set while the queue was found full, so that the writer says when it no longer is.
    starved: Arc<AtomicBool>,
    pub(super) closing: bool,
    /// Whether this side dialled.
    pub(super) dialled: bool,
    /// When it came up.
    pub(super) since: tokio::time::Instant,
    /// Where the device was when that was last kept.
    pub(super) seen: Option<std::net::SocketAddr>,
}

impl OpenLink {
    /// Starts the tasks of a link on the engine's runtime.
    pub(super) fn open(
        id: ConnectionId,
        link: Link,
        dialled: bool,
        traffic: mpsc::Sender<Traffic>,
    ) -> Self {
        let (handle, sender, receiver) = link.split();
        let (queue, frames) = mpsc::channel(QUEUE_FRAMES_MAX);
        let starved = Arc::new(AtomicBool::new(false));
        tokio::spawn(read(id, receiver, traffic.clone()));
        tokio::spawn(write(sender, frames, Arc::clone(&starved), traffic));
        Self {
            handle,
            queue,
            starved,
            closing: false,
            dialled,
            since: tokio::time::Instant::now(),
            seen: None,
        }
    }

    /// Says whether the queue takes another frame; where not, the writer will tell.
    pub(super) fn has_room(&self) -> bool {
        if self.queue.capacity() > 0 {
            return true;
        }
        self.starved.store(true, Ordering::SeqCst);
        // The writer may have made room between the two looks.
        self.queue.capacity() > 0
    }

    /// Queues a frame; call only where [`OpenLink::has_room`].
    pub(super) fn push(&self, frame: Vec<u8>) {
        // A closed queue means that the link is going down, and the reader reports that.
        let _gone = self.queue.try_send(frame);
    }

    /// Lets what is queued go out, then closes.
    pub(super) fn close_after_queue(&mut self, code: CloseCode, words: &'static str) {
        self.closing = true;
        let (empty, _) = mpsc::channel(1);
        let queue = std::mem::replace(&mut self.queue, empty);
        let handle = self.handle.clone();
        tokio::spawn(async move {
            drop(queue);
            // The other side closes once it has read the last frame; a silent one is not waited for.
            const LINGER: std::time::Duration = std::time::Duration::from_secs(3);
            let _timed_out = tokio::time::timeout(LINGER, handle.closed()).await;
            handle.close(code, words);
        });
    }
}

impl Engine {
    /// Hands the frames that are due to the links that have room. Where there is more history to send, it goes on
    /// in the next round.
    pub(super) fn pump(&mut self) {
        let Host {
            engine, storage, ..
        } = &mut self.host;
        let links = &self.links;
        let mut hand_out = || pump(links, |id| engine.next_frame(id, storage));
        self.has_more_to_send = if self.has_more_to_send {
            // Another thread goes on with the links, on which the last frame leaves.
            tokio::task::block_in_place(hand_out)
        } else {
            hand_out()
        };
    }

    pub(super) fn connected(&mut self, link: Link, kind: ConnectionKind) {
        let Ok(exporter) = link.handle().exporter(EXPORTER_LABEL, b"") else {
            return;
        };
        let remote = TransportId::from_bytes(link.handle().remote_id().to_bytes());
        let id = ConnectionId(self.next_link);
        self.next_link += 1;
        let dialled = matches!(
            kind,
            ConnectionKind::Sync { dialled: true } | ConnectionKind::Sync2 { dialled: true }
        );
        self.links
            .insert(id, OpenLink::open(id, link, dialled, self.traffic.clone()));
        self.host
            .engine
            .connected(id, kind, remote, exporter, Host::now_ms());
        self.membership_changed = true;
        self.syncs_changed = true;
    }

    /// Closes a link since there are enough others, and says so.
    pub(super) fn close_as_enough(&mut self, id: ConnectionId) {
        let Some(mut link) = self.links.remove(&id) else {
            return;
        };
        self.host.engine.disconnected(id, Host::now_ms());
        link.close_after_queue(CloseCode::ENOUGH, "enough links");
        self.dialling_changed = true;
    }

    pub(super) fn close(&mut self, id: ConnectionId, reason: &CloseReason) {
        let Some(link) = self.links.remove(&id) else {
            return;
        };
        link.close_as(reason);
        self.membership_changed = true;
        self.syncs_changed = true;
    }
}

impl OpenLink {
    /// Closes the link with the code for a reason.
    pub(super) fn close_as(mut self, reason: &CloseReason) {
        let link = &mut self;
        match reason {
            CloseReason::Done => {
                link.close_after_queue(CloseCode::BYE, "done");
                // The reader's report of the end finds nothing to do.
            }
            CloseReason::Removed => link.close_after_queue(CloseCode::REMOVED, "removed"),
            CloseReason::Stranger => link.handle.close(CloseCode::NOT_A_MEMBER, "not a member"),
            CloseReason::Duplicate => link
                .handle
                .close(CloseCode::DUPLICATE, "another link is open"),
            CloseReason::Storage => link.handle.close(CloseCode::BUSY, "the disk failed"),
            CloseReason::Busy => link.handle.close(CloseCode::BUSY, "try again in a moment"),
            CloseReason::Silent => link.handle.close(CloseCode::DROPPED, "nothing was heard"),
            CloseReason::Protocol(words) => {
                tracing::warn!(%words, "a link was closed");
                link.handle.close(CloseCode::PROTOCOL, words);
            }
            _ => link.handle.close(CloseCode::DROPPED, "closed"),
        }
    }
}

/// Hands frames to the links that have room for them, for as long as `next` has one for a link. A long one is
/// the last one of its link for now: to make the next may take as long as its way, so it is to leave first. Says
/// whether there may be more for that reason.
pub(super) fn pump(
    links: &BTreeMap<ConnectionId, OpenLink>,
    mut next: impl FnMut(ConnectionId) -> Option<Vec<u8>>,
) -> bool {
    let mut is_more = false;
    for (id, link) in links {
        while !link.closing && link.has_room() {
            let Some(frame) = next(*id) else {
                break;
            };
            let is_long = frame.len() > LONG_FRAME_BYTES;
            link.push(frame);
            if is_long {
                is_more = true;
                break;
            }
        }
    }
    is_more
}

async fn read(id: ConnectionId, mut receiver: FrameReceiver, traffic: mpsc::Sender<Traffic>) {
    let room = Room::new();
    loop {
        match receiver.recv().await {
            Ok(Some(bytes)) => {
                let Some(room) = room.take(bytes.len()).await else {
                    return;
                };
                let frame = Traffic::Frame { id, bytes, room };
                if traffic.send(frame).await.is_err() {
                    return;
                }
            }
            Ok(None) | Err(_) => {
                let _ended = traffic.send(Traffic::Disconnected { id }).await;
                return;
            }
        }
    }
}

async fn write(
    mut sender: FrameSender,
    mut frames: mpsc::Receiver<Vec<u8>>,
    starved: Arc<AtomicBool>,
    traffic: mpsc::Sender<Traffic>,
) {
    let mut batch = Vec::with_capacity(QUEUE_FRAMES_MAX);
    loop {
        batch.clear();
        if frames.recv_many(&mut batch, QUEUE_FRAMES_MAX).await == 0 {
            // Whoever dropped the queue wants what was in it delivered.
            let _gone = sender.finish();
            return;
        }
        if starved.swap(false, Ordering::SeqCst) && traffic.send(Traffic::Writable).await.is_err() {
            return;
        }
        if sender.send_all(&batch).await.is_err() {
            // The reader reports the end of the link.
            return;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    fn has_room(room: &Room, frame_bytes: usize) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        pin!(room.take(frame_bytes)).poll(&mut context).is_ready()
    }

    #[tokio::test]
    async fn a_link_has_few_frames_and_few_bytes_waiting_for_the_engine() {
        let room = Room::new();
        let mut waiting = Vec::new();
        for _ in 0..WAITING_FRAMES_MAX {
            waiting.push(room.take(1).await.unwrap());
        }
        assert!(!has_room(&room, 1));
        waiting.pop();
        assert!(has_room(&room, 1));
        assert!(!has_room(&room, FRAME_BYTES_MAX));

        let room = Room::new();
        let largest = room.take(FRAME_BYTES_MAX).await.unwrap();
        let _second = room.take(FRAME_BYTES_MAX).await.unwrap();
        assert!(!has_room(&room, 1));
        drop(largest);
        assert!(has_room(&room, FRAME_BYTES_MAX));
        // Nothing is so large that it could never pass.
        assert!(has_room(&Room::new(), usize::MAX));
    }
}
