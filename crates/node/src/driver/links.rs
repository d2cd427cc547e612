//! The tasks of one link: a reader that turns frames into events, a writer that empties a queue.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hearth_core::engine::ConnectionId;
use tokio::sync::mpsc;

use super::Event;
use crate::net::{CloseCode, FrameReceiver, FrameSender, Link, LinkHandle};

/// Frames that wait for a link before the engine stops handing out more: history is cut into frames
/// of 128 KiB, so this bounds what one slow peer holds to a mebibyte or two.
const QUEUE_FRAMES_MAX: usize = 8;

/// A link as the engine's loop holds it.
#[derive(Debug)]
pub(super) struct OpenLink {
    pub(super) handle: LinkHandle,
    queue: mpsc::Sender<Vec<u8>>,
    /// Set while the queue was found full, so that the writer says when it no longer is.
    starved: Arc<AtomicBool>,
    pub(super) closing: bool,
}

impl OpenLink {
    /// Starts the tasks of a link on the engine's runtime.
    pub(super) fn open(id: ConnectionId, link: Link, events: mpsc::Sender<Event>) -> Self {
        let (handle, sender, receiver) = link.split();
        let (queue, frames) = mpsc::channel(QUEUE_FRAMES_MAX);
        let starved = Arc::new(AtomicBool::new(false));
        tokio::spawn(read(id, receiver, events.clone()));
        tokio::spawn(write(sender, frames, Arc::clone(&starved), events));
        Self {
            handle,
            queue,
            starved,
            closing: false,
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

async fn read(id: ConnectionId, mut receiver: FrameReceiver, events: mpsc::Sender<Event>) {
    loop {
        match receiver.recv().await {
            Ok(Some(bytes)) => {
                if events.send(Event::Frame { id, bytes }).await.is_err() {
                    return;
                }
            }
            Ok(None) | Err(_) => {
                let _ended = events.send(Event::Disconnected { id }).await;
                return;
            }
        }
    }
}

async fn write(
    mut sender: FrameSender,
    mut frames: mpsc::Receiver<Vec<u8>>,
    starved: Arc<AtomicBool>,
    events: mpsc::Sender<Event>,
) {
    let mut batch = Vec::with_capacity(QUEUE_FRAMES_MAX);
    loop {
        batch.clear();
        if frames.recv_many(&mut batch, QUEUE_FRAMES_MAX).await == 0 {
            // Whoever dropped the queue wants what was in it delivered.
            let _gone = sender.finish();
            return;
        }
        if starved.swap(false, Ordering::SeqCst) && events.send(Event::Writable).await.is_err() {
            return;
        }
        if sender.send_all(&batch).await.is_err() {
            // The reader reports the end of the link.
            return;
        }
    }
}
