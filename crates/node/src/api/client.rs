//! The command's side of the control socket.

use std::io::{self, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;

use serde_json::Value;
use zeroize::Zeroizing;

use super::wire::{self, LineError, REPLY_LINE_BYTES_MAX};
use super::{Event, Failure, Reply, Request};

/// Why the node was not reached.
#[derive(thiserror::Error, Debug)]
#[non_exhaustive]
pub enum ConnectError {
    /// No node listens there: there is no socket, or the process that made it is gone.
    #[error("no node is running")]
    NotRunning,
    /// The socket is there and cannot be used.
    #[error("the node's socket cannot be opened")]
    Io(#[source] io::Error),
}

/// Why a call has no data.
#[derive(thiserror::Error, Debug)]
#[non_exhaustive]
pub enum CallError {
    /// The node answered with a failure.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// The conversation itself went wrong; whether the request was done is unknown.
    #[error(transparent)]
    Line(#[from] LineError),
    /// The node stopped before it answered; whether the request was done is unknown.
    #[error("the node stopped before it answered")]
    Stopped,
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        match error {
            CallError::Failed(failure) => failure,
            CallError::Line(error) => error.into(),
            CallError::Stopped => {
                Self::error("node_stopped", "The node stopped before it answered.").with_hint(
                    "What it had confirmed is on disk; look before you repeat the command.",
                )
            }
        }
    }
}

/// A connection to a running node, good for one call.
#[derive(Debug)]
pub struct Client {
    stream: UnixStream,
}

impl Client {
    /// Connects to the node that listens at `path` (see [`super::socket::socket_path`]).
    pub fn connect(path: &Path) -> Result<Self, ConnectError> {
        match UnixStream::connect(path) {
            Ok(stream) => Ok(Self { stream }),
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
                ) =>
            {
                Err(ConnectError::NotRunning)
            }
            Err(error) => Err(ConnectError::Io(error)),
        }
    }

    /// Sends one request and returns its data; events go to `on_event` as they arrive.
    ///
    /// Blocks until the node is done, which for `watch` is when it stops.
    pub fn call(
        self,
        request: Request,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Value, CallError> {
        // It may hold a passphrase.
        let line = Zeroizing::new(wire::encode_request(request)?);
        (&self.stream).write_all(&line).map_err(LineError::Io)?;
        let mut reader = BufReader::new(&self.stream);
        while let Some(line) = wire::read_line(&mut reader, REPLY_LINE_BYTES_MAX)? {
            match wire::decode_reply(&line)? {
                Reply::Event(event) => on_event(event),
                Reply::Done(result) => return Ok(result?),
            }
        }
        Err(CallError::Stopped)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::thread;

    use serde_json::json;

    use super::*;
    use crate::api::wire::REQUEST_LINE_BYTES_MAX;

    /// A node that reads one request and answers with the given bytes.
    fn call_node_answering(answer: &[u8]) -> (Option<Request>, Result<Value, CallError>, usize) {
        let name = format!(
            "hearth-client-{}-{:?}",
            std::process::id(),
            thread::current().id()
        );
        let path = std::env::temp_dir().join(name);
        let listener = UnixListener::bind(&path).expect("binds");
        let answer = answer.to_vec();
        let node = thread::spawn(move || {
            let (stream, _) = listener.accept().expect("accepts");
            let line = wire::read_line(&mut BufReader::new(&stream), REQUEST_LINE_BYTES_MAX);
            (&stream).write_all(&answer).expect("answers");
            line.expect("reads")
                .and_then(|line| wire::decode_request(&line).ok())
        });
        let client = Client::connect(&path).expect("connects");
        let mut events = 0;
        let result = client.call(Request::Status, &mut |_| events += 1);
        let request = node.join().expect("node ends");
        std::fs::remove_file(&path).expect("removes the socket");
        (request, result, events)
    }

    #[test]
    fn events_come_before_the_data() {
        let mut answer = wire::encode_reply(&Reply::Event(Event::Item(json!(1)))).expect("encodes");
        answer.extend(wire::encode_reply(&Reply::Done(Ok(json!({"a": 1})))).expect("encodes"));
        let (request, result, events) = call_node_answering(&answer);
        assert_eq!(request, Some(Request::Status));
        assert_eq!(result.expect("has data"), json!({"a": 1}));
        assert_eq!(events, 1);
    }

    #[test]
    fn a_failure_arrives_whole() {
        let failure = Failure::not_found("notebook_not_found", "No notebook is called Ada.");
        let answer = wire::encode_reply(&Reply::Done(Err(failure.clone()))).expect("encodes");
        let (_, result, _) = call_node_answering(&answer);
        assert_eq!(Failure::from(result.expect_err("failed")), failure);
    }

    #[test]
    fn a_node_that_stops_before_answering_is_told_apart() {
        let (_, result, _) = call_node_answering(b"");
        assert!(matches!(result, Err(CallError::Stopped)));
    }

    #[test]
    fn garbage_is_no_answer() {
        let (_, result, _) = call_node_answering(b"hello\n");
        assert!(matches!(
            result,
            Err(CallError::Line(LineError::Malformed(_)))
        ));
    }

    #[test]
    fn a_socket_nobody_listens_on_means_not_running() {
        let path = std::env::temp_dir().join(format!("hearth-dead-{}", std::process::id()));
        assert!(matches!(
            Client::connect(&path),
            Err(ConnectError::NotRunning)
        ));
        drop(UnixListener::bind(&path).expect("binds"));
        assert!(matches!(
            Client::connect(&path),
            Err(ConnectError::NotRunning)
        ));
        std::fs::remove_file(&path).expect("removes the socket");
    }
}
