//! The first peer: Automerge's own sync messages over the same iroh, with its default transport
//! settings. That is what applications that put Automerge on iroh do today.
//!
//! It is to the peer's advantage that its documents live in memory only and that nothing is signed or
//! sealed by itself. As iroh's own example does, it begins each connection with an empty state of sync;
//! a second one that keeps the state from one connection to the next is measured beside it.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use automerge::Automerge;
use automerge::sync::{Message, State, SyncDoc};
use iroh::endpoint::{Connection, RecvStream, SendStream, presets};
use iroh::{Endpoint, EndpointAddr, RelayMode, TransportAddr};
use tokio::sync::mpsc;

pub(crate) const ALPN: &[u8] = b"automerge-sync/1";
/// Longest message that is taken: a whole document fits.
const MESSAGE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What a peer knows of the other side when a connection begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Memory {
    /// Nothing, as in iroh's example.
    Nothing,
    /// What both had when they parted, as Automerge's documentation asks.
    Parting,
}

/// One document on one side, with the state of its sync.
#[derive(Debug)]
pub(crate) struct Synced {
    pub(crate) document: Automerge,
    state: State,
}

impl Synced {
    /// Takes a document of which both sides had `shared` when they parted.
    pub(crate) fn new(document: Automerge, shared: &Automerge, memory: Memory) -> Result<Self> {
        let mut state = State::new();
        if memory == Memory::Parting {
            state.shared_heads = shared.get_heads();
            state = State::decode(&state.encode())?;
        }
        Ok(Self { document, state })
    }

    fn is_in_sync(&self) -> bool {
        self.state.their_heads.as_ref() == Some(&self.document.get_heads())
    }
}

/// One side of a connection.
pub(crate) struct Side {
    documents: Mutex<Vec<Synced>>,
    sender: tokio::sync::Mutex<SendStream>,
}

/// A connection between two sides in this process.
pub(crate) struct Linked {
    pub(crate) first: Arc<Side>,
    pub(crate) second: Arc<Side>,
    /// A word for every message that a side took in, with the number of the document.
    pub(crate) first_heard: mpsc::UnboundedReceiver<usize>,
    pub(crate) second_heard: mpsc::UnboundedReceiver<usize>,
    connection: Connection,
    endpoints: [Endpoint; 2],
    /// When the dial began.
    pub(crate) dialled: Instant,
}

impl Side {
    fn documents(&self) -> MutexGuard<'_, Vec<Synced>> {
        self.documents
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at one document.
    pub(crate) fn read<T>(&self, number: usize, look: impl FnOnce(&Automerge) -> T) -> Option<T> {
        self.documents()
            .get(number)
            .map(|synced| look(&synced.document))
    }

    /// Says whether this side knows that both have the same of a document.
    fn is_in_sync(&self, number: usize) -> bool {
        self.documents().get(number).is_some_and(Synced::is_in_sync)
    }

    /// Waits until this side knows that both have the same, in every document.
    pub(crate) async fn in_sync(&self, heard: &mut mpsc::UnboundedReceiver<usize>) -> Result<()> {
        let mut open: BTreeSet<usize> = (0..self.documents().len()).collect();
        open.retain(|number| !self.is_in_sync(*number));
        while !open.is_empty() {
            let number = heard.recv().await.context("the connection ended")?;
            if self.is_in_sync(number) {
                open.remove(&number);
            }
        }
        Ok(())
    }

    /// Changes a document and sends what follows from that.
    pub(crate) async fn edit(
        &self,
        number: usize,
        change: impl FnOnce(&mut Automerge) -> Result<()>,
    ) -> Result<()> {
        let message = {
            let mut documents = self.documents();
            let synced = documents.get_mut(number).context("no such document")?;
            change(&mut synced.document)?;
            synced.document.generate_sync_message(&mut synced.state)
        };
        self.send(number, message).await
    }

    async fn send(&self, number: usize, message: Option<Message>) -> Result<()> {
        let Some(message) = message else {
            return Ok(());
        };
        let message = message.encode();
        let mut frame = Vec::with_capacity(6 + message.len());
        frame.extend_from_slice(&u32::try_from(message.len())?.to_le_bytes());
        frame.extend_from_slice(&u16::try_from(number)?.to_le_bytes());
        frame.extend_from_slice(&message);
        self.sender.lock().await.write_all(&frame).await?;
        Ok(())
    }

    /// Sends the first message about each document.
    async fn greet(&self) -> Result<()> {
        let count = self.documents().len();
        for number in 0..count {
            self.edit(number, |_| Ok(())).await?;
        }
        Ok(())
    }

    async fn receive(
        self: Arc<Self>,
        mut receiver: RecvStream,
        heard: mpsc::UnboundedSender<usize>,
    ) -> Result<()> {
        loop {
            let mut head = [0; 6];
            receiver.read_exact(&mut head).await?;
            let [a, b, c, d, e, f] = head;
            let length = usize::try_from(u32::from_le_bytes([a, b, c, d]))?;
            ensure!(length <= MESSAGE_BYTES_MAX, "a message of {length} bytes");
            let number = usize::from(u16::from_le_bytes([e, f]));
            let mut bytes = vec![0; length];
            receiver.read_exact(&mut bytes).await?;
            let answer = {
                let mut documents = self.documents();
                let synced = documents.get_mut(number).context("no such document")?;
                synced
                    .document
                    .receive_sync_message(&mut synced.state, Message::decode(&bytes)?)?;
                synced.document.generate_sync_message(&mut synced.state)
            };
            if heard.send(number).is_err() {
                return Ok(());
            }
            self.send(number, answer).await?;
        }
    }
}

impl Linked {
    /// Connects two sides over loopback; their endpoints are bound before the clock starts.
    pub(crate) async fn connect(first: Vec<Synced>, second: Vec<Synced>) -> Result<Self> {
        let (host, guest) = (endpoint().await?, endpoint().await?);
        let addrs = host.bound_sockets().into_iter().map(TransportAddr::Ip);
        let addr = EndpointAddr::from_parts(host.id(), addrs);
        let accepting = tokio::spawn({
            let host = host.clone();
            async move {
                let connection = host.accept().await.context("the endpoint closed")?.await?;
                begin(connection.accept_bi().await?, first).await
            }
        });
        let dialled = Instant::now();
        let connection = guest.connect(addr, ALPN).await?;
        let (second, second_heard) = begin(connection.open_bi().await?, second).await?;
        let (first, first_heard) = accepting.await??;
        Ok(Self {
            first,
            second,
            first_heard,
            second_heard,
            connection,
            endpoints: [host, guest],
            dialled,
        })
    }

    /// Waits until both sides know that both have the same.
    pub(crate) async fn in_sync(&mut self) -> Result<()> {
        tokio::try_join!(
            self.first.in_sync(&mut self.first_heard),
            self.second.in_sync(&mut self.second_heard),
        )?;
        Ok(())
    }

    /// Returns the bytes of the connection's UDP payloads, both directions.
    pub(crate) fn bytes(&self) -> u64 {
        let stats = self.connection.stats();
        stats.udp_tx.bytes + stats.udp_rx.bytes
    }

    pub(crate) async fn close(self) {
        self.connection.close(0_u32.into(), b"done");
        for endpoint in self.endpoints {
            // An endpoint that does not end in time ends with the process.
            let _late = tokio::time::timeout(Duration::from_secs(2), endpoint.close()).await;
        }
    }
}

pub(crate) async fn begin(
    (sender, receiver): (SendStream, RecvStream),
    documents: Vec<Synced>,
) -> Result<(Arc<Side>, mpsc::UnboundedReceiver<usize>)> {
    let side = Arc::new(Side {
        documents: Mutex::new(documents),
        sender: tokio::sync::Mutex::new(sender),
    });
    let (heard, hears) = mpsc::unbounded_channel();
    tokio::spawn(Arc::clone(&side).receive(receiver, heard));
    side.greet().await?;
    Ok((side, hears))
}

pub(crate) async fn endpoint() -> Result<Endpoint> {
    Ok(Endpoint::builder(presets::Minimal)
        .relay_mode(RelayMode::Disabled)
        .clear_ip_transports()
        .bind_addr((Ipv4Addr::LOCALHOST, 0))?
        .alpns(vec![ALPN.to_vec()])
        .bind()
        .await?)
}
