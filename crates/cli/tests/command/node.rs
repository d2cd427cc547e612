//! A node of canned answers behind the control socket.

use std::io::{BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::thread::{self, JoinHandle};

use hearth_node::api::wire::{self, REQUEST_LINE_BYTES_MAX};
use hearth_node::api::{Reply, Request, socket};

/// Serves one caller; the thread returns what was asked.
pub(crate) struct Node(JoinHandle<Request>);

impl Node {
    /// Listens in `home` and answers the first caller with `replies`.
    pub(crate) fn answering(home: &Path, replies: Vec<Reply>) -> Self {
        Self::serving(home, move |stream| {
            for reply in replies {
                send(stream, &reply).expect("answers");
            }
        })
    }

    /// Listens in `home` and lets `serve` answer the first caller.
    pub(crate) fn serving(home: &Path, serve: impl FnOnce(&UnixStream) + Send + 'static) -> Self {
        let path = socket::socket_path(home, None).expect("short enough");
        let listener = UnixListener::bind(path).expect("listens");
        Self(thread::spawn(move || {
            let (stream, _) = listener.accept().expect("a caller");
            let mut reader = BufReader::new(&stream);
            let line = wire::read_line(&mut reader, REQUEST_LINE_BYTES_MAX).expect("a line");
            let request = wire::decode_request(&line.expect("a request")).expect("understood");
            serve(&stream);
            request
        }))
    }

    /// Waits until the caller was served and returns what it asked for.
    pub(crate) fn asked(self) -> Request {
        self.0.join().expect("served")
    }
}

/// Sends one line.
pub(crate) fn send(mut stream: &UnixStream, reply: &Reply) -> std::io::Result<()> {
    stream.write_all(&wire::encode_reply(reply).expect("encodes"))
}
