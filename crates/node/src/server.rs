//! The control socket: commands of the same user reach the running node through it.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use zeroize::Zeroizing;

use crate::api::wire::{REQUEST_LINE_BYTES_MAX, decode_request, encode_reply};
use crate::api::{Failure, Reply, Request};
use crate::driver::{EventSink, Node, event_queue};

/// Only the same user may connect.
const SOCKET_MODE: u32 = 0o600;
/// How long a caller may read nothing of an answer: one that was stopped is not kept for ever.
const READ_PATIENCE: Duration = Duration::from_secs(60);

/// What answers the commands of a running process: a node, or a mirror.
pub(crate) trait Answering: Clone + Send + Sync + 'static {
    /// Has a request done; events arrive before it returns.
    fn answer(
        &self,
        request: Request,
        events: EventSink,
    ) -> impl Future<Output = Result<serde_json::Value, Failure>> + Send;
}

impl Answering for Node {
    async fn answer(
        &self,
        request: Request,
        events: EventSink,
    ) -> Result<serde_json::Value, Failure> {
        self.call(request, events).await
    }
}

/// The socket of a running node; removed when dropped.
#[derive(Debug)]
pub struct Server {
    path: PathBuf,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    /// Starts to answer. The caller holds the home's lock, so a socket that is there is left over
    /// from a node that was killed.
    ///
    /// # Errors
    /// A [`Failure`] where the socket cannot be made.
    pub(crate) fn start(path: &Path, node: impl Answering) -> Result<Self, Failure> {
        let failed = |error: std::io::Error| {
            Failure::error(
                "socket_failed",
                format!("The socket {} cannot be made: {error}.", path.display()),
            )
        };
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(failed(error));
            }
            _ => {}
        }
        let listener = UnixListener::bind(path).map_err(failed)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(SOCKET_MODE))
            .map_err(failed)?;
        let task = tokio::spawn(serve(listener, node));
        Ok(Self {
            path: path.to_owned(),
            task,
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
        // Where it is gone already there is nothing to remove.
        let _gone = std::fs::remove_file(&self.path);
    }
}

async fn serve(listener: UnixListener, node: impl Answering) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(answer(stream, node.clone()));
            }
            Err(error) => {
                // Too many open files, most likely: wait for some to close.
                tracing::warn!(%error, "a command could not connect");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn answer(stream: UnixStream, node: impl Answering) {
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader).take(REQUEST_LINE_BYTES_MAX);
    // It may hold a passphrase.
    let mut line = Zeroizing::new(Vec::new());
    if reader.read_until(b'\n', &mut line).await.is_err() || line.is_empty() {
        return;
    }
    let (events, mut queue) = event_queue();
    let request = match decode_request(&line) {
        Ok(request) => request,
        Err(error) => {
            send(&mut writer, &Reply::Done(Err(error.into()))).await;
            return;
        }
    };
    let call = node.answer(request, events);
    tokio::pin!(call);
    let mut rest = [0_u8; 1];
    let result = loop {
        tokio::select! {
            result = &mut call => break result,
            event = queue.recv() => {
                if let Some(event) = event
                    && !send(&mut writer, &Reply::Event(event)).await
                {
                    return;
                }
            }
            // A caller that hangs up wants no answer.
            read = reader.read(&mut rest) => {
                if matches!(read, Ok(0) | Err(_)) {
                    return;
                }
            }
        }
    };
    while let Ok(event) = queue.try_recv() {
        if !send(&mut writer, &Reply::Event(event)).await {
            return;
        }
    }
    send(&mut writer, &Reply::Done(result)).await;
}

/// Writes one line; false where the caller is gone or does not read.
async fn send(writer: &mut tokio::net::unix::OwnedWriteHalf, reply: &Reply) -> bool {
    let line = encode_reply(reply).or_else(|error| encode_reply(&Reply::Done(Err(error.into()))));
    let Ok(line) = line else { return false };
    let written = tokio::time::timeout(READ_PATIENCE, writer.write_all(&line)).await;
    matches!(written, Ok(Ok(())))
}
