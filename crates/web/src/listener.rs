//! Connections to the page, of which there are never more than a few.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits::CONNECTIONS_MAX;

/// A listener that takes no further connection while [`CONNECTIONS_MAX`] are open: whoever comes then waits.
#[derive(Debug)]
pub(crate) struct Bounded {
    listener: TcpListener,
    room: Arc<Semaphore>,
}

impl Bounded {
    pub(crate) fn new(listener: TcpListener) -> Self {
        Self {
            listener,
            room: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
        }
    }
}

impl axum::serve::Listener for Bounded {
    type Io = Held;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (Held, Self::Addr) {
        loop {
            let room = Arc::clone(&self.room).acquire_owned().await;
            let (stream, address) = axum::serve::Listener::accept(&mut self.listener).await;
            // The room is never closed.
            if let Ok(room) = room {
                // What is typed leaves at once, not with the next of it.
                let _may_be_gone = stream.set_nodelay(true);
                return (
                    Held {
                        stream,
                        _room: room,
                    },
                    address,
                );
            }
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// A connection and its room.
#[derive(Debug)]
pub(crate) struct Held {
    stream: TcpStream,
    _room: OwnedSemaphorePermit,
}

impl AsyncRead for Held {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Held {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use axum::serve::Listener as _;
    use tokio::io::AsyncReadExt as _;

    use super::*;

    #[tokio::test]
    async fn one_connection_more_waits_until_another_ends() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let mut bounded = Bounded::new(listener);
        let mut browsers = Vec::new();
        let mut held = Vec::new();
        for _ in 0..CONNECTIONS_MAX {
            browsers.push(TcpStream::connect(address).await.expect("connected"));
            held.push(bounded.accept().await.0);
        }
        let mut late = TcpStream::connect(address).await.expect("connected");
        {
            let mut accept = std::pin::pin!(bounded.accept());
            let first = futures_util::future::poll_fn(|context| {
                Poll::Ready(std::future::Future::poll(accept.as_mut(), context).is_pending())
            });
            assert!(first.await, "one more was taken");
            held.pop();
            accept.await;
        }
        // The one that was taken at last is closed, which its browser sees.
        assert_eq!(late.read(&mut [0; 1]).await.expect("read"), 0);
    }
}
