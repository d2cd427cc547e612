//! Frames on a link: `length ‖ bytes`, the length a `u32`, little-endian, at most [`FRAME_BYTES_MAX`].
//!
//! Each side opens one unidirectional stream and writes its frames on it. A stream exists for the other
//! side only once bytes travel on it, so with one bidirectional stream the side that accepts it could not
//! speak first; with a stream for each direction either may, the first frame goes out in the packet that
//! opens the stream, and each direction ends by itself.
//!
//! The invariant: frames arrive whole, in order and at most once, or the link reports why not.

use bytes::{BufMut, Bytes, BytesMut};
use iroh::endpoint::{Connection, ReadError, RecvStream, SendStream, WriteError};
use thiserror::Error;

use super::{
    close::{CloseCode, CloseReason, words_to_wire},
    deframer::{Deframer, TooLarge},
    limits::{FRAME_BYTES_MAX, FRAME_PREFIX_BYTES, SEND_BATCH_BYTES},
};

/// Chunks that one look at the stream takes out under one lock: a packet brings one.
const CHUNKS_PER_READ: usize = 32;

/// Error of sending a frame.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SendError {
    /// The frame is longer than [`FRAME_BYTES_MAX`]. Nothing of it was sent; the link stays open.
    #[error("a message of {bytes} bytes is more than the {FRAME_BYTES_MAX} that a frame may have")]
    TooLarge {
        /// Length of the frame.
        bytes: usize,
    },
    /// An earlier send was dropped half way, so the stream ends within a frame. Close the link.
    #[error("an earlier message was cut off half way: the link can carry no more")]
    Torn,
    /// [`FrameSender::finish`] was called before.
    #[error("the sending side of this link was finished before")]
    Finished,
    /// The other side reads no more frames, and gave this code.
    #[error("the other side reads no more messages: {0}")]
    Stopped(CloseCode),
    /// The link has ended.
    #[error("the message was not sent: {0}")]
    Lost(CloseReason),
}

/// Error of receiving a frame.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RecvError {
    /// The other side began a frame longer than [`FRAME_BYTES_MAX`]; the link was closed with
    /// [`CloseCode::FRAME_TOO_LARGE`].
    #[error("a message of {bytes} bytes was refused: a frame may have {FRAME_BYTES_MAX}")]
    TooLarge {
        /// Length that the frame's prefix named.
        bytes: usize,
    },
    /// The other side finished within a frame; the link was closed with [`CloseCode::PROTOCOL`].
    #[error("the other side stopped in the middle of a message")]
    Truncated,
    /// The other side gave up its stream, with this code.
    #[error("the other side gave up sending: {0}")]
    Reset(CloseCode),
    /// The link has ended. Every frame that had arrived before was handed out.
    #[error("{0}")]
    Lost(CloseReason),
}

/// The sending half of a link.
///
/// A frame is handed to the connection within the call, under one lock and in one piece; the only other
/// task on its way to the socket is the connection's own. Nothing waits for more to send: a frame that
/// finds the connection idle leaves at once.
#[derive(Debug)]
pub struct FrameSender {
    connection: Connection,
    state: SenderState,
}

#[derive(Debug)]
enum SenderState {
    /// No frame was sent; the stream is opened by the first, which travels in the same packet.
    Unopened,
    Open(SendStream),
    /// A write is under way. Found by the next call only where that write was dropped.
    Writing,
    Finished(Option<SendStream>),
}

impl FrameSender {
    pub(super) fn new(connection: Connection) -> Self {
        Self {
            connection,
            state: SenderState::Unopened,
        }
    }

    /// Sends one frame.
    ///
    /// Returns once the frame is in the connection's send buffer, which waits only where the other side's
    /// window or our own is used up. That it returned does not mean that the other side has it.
    ///
    /// Not cancel safe: dropped half way, the stream ends within a frame and later calls fail with
    /// [`SendError::Torn`].
    ///
    /// # Errors
    /// See [`SendError`].
    pub async fn send(&mut self, frame: &[u8]) -> Result<(), SendError> {
        check_length(frame)?;
        let mut batch = BytesMut::with_capacity(FRAME_PREFIX_BYTES + frame.len());
        put_frame(&mut batch, frame);
        self.write(batch.freeze()).await
    }

    /// Sends several frames, gathered into as few writes as [`SEND_BATCH_BYTES`] allows.
    ///
    /// Not cancel safe, as [`send`](Self::send).
    ///
    /// # Errors
    /// See [`SendError`]. Where one of the frames is too large, none is sent.
    pub async fn send_all<F>(&mut self, frames: &[F]) -> Result<(), SendError>
    where
        F: AsRef<[u8]> + Sync,
    {
        for frame in frames {
            check_length(frame.as_ref())?;
        }
        let mut batch = BytesMut::new();
        for frame in frames {
            put_frame(&mut batch, frame.as_ref());
            if batch.len() >= SEND_BATCH_BYTES {
                self.write(batch.split().freeze()).await?;
            }
        }
        if batch.is_empty() {
            return Ok(());
        }
        self.write(batch.freeze()).await
    }

    /// Ends this direction: the other side receives what was sent and then `None`.
    ///
    /// # Errors
    /// [`SendError::Torn`] where an earlier send was dropped half way.
    pub fn finish(&mut self) -> Result<(), SendError> {
        match std::mem::replace(&mut self.state, SenderState::Finished(None)) {
            SenderState::Unopened => Ok(()),
            SenderState::Finished(stream) => {
                self.state = SenderState::Finished(stream);
                Ok(())
            }
            SenderState::Open(mut stream) => {
                // It fails only where the stream has ended already, which is what was asked for.
                stream.finish().ok();
                self.state = SenderState::Finished(Some(stream));
                Ok(())
            }
            SenderState::Writing => {
                self.state = SenderState::Writing;
                Err(SendError::Torn)
            }
        }
    }

    /// Finishes and waits until the other side's machine has acknowledged every byte, or the link ends.
    ///
    /// Its program may not have read them yet. Bound the wait with a timeout.
    ///
    /// # Errors
    /// [`SendError::Stopped`] where the other side wants no more, [`SendError::Lost`] where the link ended
    /// first, [`SendError::Torn`] as for [`finish`](Self::finish).
    pub async fn delivered(&mut self) -> Result<(), SendError> {
        self.finish()?;
        let SenderState::Finished(Some(stream)) = &self.state else {
            return Ok(());
        };
        match stream.stopped().await {
            Ok(None) => Ok(()),
            Ok(Some(code)) => Err(SendError::Stopped(CloseCode::from_wire(code))),
            Err(error) => Err(send_error(WriteError::from(error))),
        }
    }

    /// Gives out the bare stream, for tests of peers that do not keep to the rules.
    #[cfg(test)]
    pub(super) fn into_stream(self) -> Option<SendStream> {
        match self.state {
            SenderState::Open(stream) => Some(stream),
            _ => None,
        }
    }

    async fn write(&mut self, bytes: Bytes) -> Result<(), SendError> {
        let mut stream = match std::mem::replace(&mut self.state, SenderState::Writing) {
            SenderState::Open(stream) => stream,
            SenderState::Unopened => match self.connection.open_uni().await {
                Ok(stream) => stream,
                Err(error) => {
                    self.state = SenderState::Unopened;
                    return Err(SendError::Lost(error.into()));
                }
            },
            SenderState::Writing => return Err(SendError::Torn),
            SenderState::Finished(stream) => {
                self.state = SenderState::Finished(stream);
                return Err(SendError::Finished);
            }
        };
        let written = stream.write_chunk(bytes).await;
        self.state = SenderState::Open(stream);
        written.map_err(send_error)
    }
}

/// The receiving half of a link.
///
/// Keep reading: while nobody does, what arrives is held packet by packet, and after 2048 packets the link
/// is closed as if the other side were hostile. Bulk fills the window before that; small frames that are
/// each sent in a packet of their own do not.
#[derive(Debug)]
pub struct FrameReceiver {
    connection: Connection,
    stream: Option<RecvStream>,
    deframer: Deframer,
}

impl FrameReceiver {
    pub(super) fn new(connection: Connection) -> Self {
        Self {
            connection,
            stream: None,
            deframer: Deframer::default(),
        }
    }

    /// Waits for the next frame. `None` where the other side has finished.
    ///
    /// A frame that came within one packet is a slice of it: holding it holds that packet's buffer, so copy
    /// what is to be kept. After an error every further call fails too.
    ///
    /// Cancel safe: nothing is lost where the returned future is dropped.
    ///
    /// # Errors
    /// See [`RecvError`].
    pub async fn recv(&mut self) -> Result<Option<Bytes>, RecvError> {
        loop {
            match self.deframer.next_frame() {
                Ok(Some(frame)) => return Ok(Some(frame)),
                Ok(None) => {}
                Err(TooLarge { bytes }) => {
                    self.close(
                        CloseCode::FRAME_TOO_LARGE,
                        "a frame was longer than allowed",
                    );
                    return Err(RecvError::TooLarge { bytes });
                }
            }
            if !self.read().await? {
                return self.end();
            }
        }
    }

    /// Takes what has arrived on the stream; false where it has ended.
    async fn read(&mut self) -> Result<bool, RecvError> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            unopened @ None => {
                let stream = self
                    .connection
                    .accept_uni()
                    .await
                    .map_err(|error| RecvError::Lost(error.into()))?;
                unopened.insert(stream)
            }
        };
        let mut chunks = [const { Bytes::new() }; CHUNKS_PER_READ];
        match stream.read_many_chunks(&mut chunks).await {
            Ok(Some(count)) => {
                for chunk in chunks.into_iter().take(count) {
                    self.deframer.push(chunk);
                }
                Ok(true)
            }
            Ok(None) => Ok(false),
            Err(ReadError::Reset(code)) => Err(RecvError::Reset(CloseCode::from_wire(code))),
            Err(ReadError::ConnectionLost(error)) => Err(RecvError::Lost(error.into())),
            // Both are misuses of the stream that this type does not allow.
            Err(ReadError::ClosedStream | ReadError::ZeroRttRejected) => {
                Err(RecvError::Lost(CloseReason::ByUs))
            }
        }
    }

    fn end(&self) -> Result<Option<Bytes>, RecvError> {
        if self.deframer.is_at_boundary() {
            return Ok(None);
        }
        self.close(CloseCode::PROTOCOL, "the stream ended within a frame");
        Err(RecvError::Truncated)
    }

    fn close(&self, code: CloseCode, words: &str) {
        self.connection.close(code.to_wire(), words_to_wire(words));
    }
}

fn check_length(frame: &[u8]) -> Result<(), SendError> {
    if frame.len() > FRAME_BYTES_MAX {
        return Err(SendError::TooLarge { bytes: frame.len() });
    }
    Ok(())
}

/// Appends a frame whose length was checked.
fn put_frame(batch: &mut BytesMut, frame: &[u8]) {
    batch.reserve(FRAME_PREFIX_BYTES + frame.len());
    // FRAME_BYTES_MAX fits a u32, so the saturation is never reached.
    batch.put_u32_le(u32::try_from(frame.len()).unwrap_or(u32::MAX));
    batch.extend_from_slice(frame);
}

fn send_error(error: WriteError) -> SendError {
    match error {
        WriteError::Stopped(code) => SendError::Stopped(CloseCode::from_wire(code)),
        WriteError::ConnectionLost(error) => SendError::Lost(error.into()),
        WriteError::ClosedStream => SendError::Finished,
        WriteError::ZeroRttRejected => SendError::Torn,
    }
}
