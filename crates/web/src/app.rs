//! What all requests share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use hearth_node::api::{Failure, Request, Secret};
use hearth_node::host::HomeDir;
use tokio::sync::Semaphore;

use crate::arriving::Arriving;
use crate::engine::Engine;
use crate::guard::Address;
use crate::limits::{PASSPHRASE_TRIES_AT_ONCE, PEERS_LOOK, STREAMS_MAX};
use crate::live::shown_of_peers;
use crate::sessions::Sessions;
use crate::windows::Windows;

/// The page.
#[derive(Debug)]
pub(crate) struct App {
    /// Where it is.
    pub(crate) address: Address,
    /// The home, for nothing but its passphrase.
    pub(crate) home: HomeDir,
    /// Who was let in.
    pub(crate) sessions: Sessions,
    /// Who answers.
    pub(crate) engine: Engine,
    /// Who is told what changed.
    pub(crate) windows: Windows,
    /// How often the calendar feed was asked for.
    pub(crate) feed: crate::feed::Asks,
    /// Room for streams.
    pub(crate) streams: Arc<Semaphore>,
    /// Who waits for an identity to be made; nobody once there is one.
    pub(crate) newcomer: tokio::sync::Mutex<Option<Newcomer>>,
    /// The backup that is being brought back, where there is no identity yet.
    pub(crate) arriving: tokio::sync::Mutex<Option<Arriving>>,
    is_new: AtomicBool,
    /// How the peers stood when a window last looked, and when that was: all windows share one look.
    peers: tokio::sync::Mutex<Option<(Instant, Arc<str>)>>,
    tries: Semaphore,
}

/// Tells the node that there is an identity, and the passphrase that opens it.
pub(crate) type Newcomer = tokio::sync::oneshot::Sender<Option<Secret>>;

impl App {
    /// Makes the page of a home at an address.
    pub(crate) fn new(address: Address, home: HomeDir) -> Self {
        Self {
            address,
            home,
            sessions: Sessions::default(),
            engine: Engine::default(),
            windows: Windows::default(),
            feed: crate::feed::Asks::default(),
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
            newcomer: tokio::sync::Mutex::new(None),
            arriving: tokio::sync::Mutex::new(None),
            is_new: AtomicBool::new(false),
            peers: tokio::sync::Mutex::new(None),
            tries: Semaphore::new(PASSPHRASE_TRIES_AT_ONCE),
        }
    }

    /// Welcomes whoever has no identity here yet, until there is a node. Returns what comes once there is one.
    pub(crate) fn welcome(&self) -> tokio::sync::oneshot::Receiver<Option<Secret>> {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        // Nothing is served yet, so nobody holds it.
        if let Ok(mut newcomer) = self.newcomer.try_lock() {
            *newcomer = Some(sender);
        }
        self.is_new.store(true, Ordering::Release);
        // What a process left that was ended in the middle of bringing a backup back.
        Arriving::drop_leftover(&self.home);
        receiver
    }

    /// Serves a node from now on.
    pub(crate) fn serve(self: &Arc<Self>, node: hearth_node::driver::Node) {
        self.is_new.store(false, Ordering::Release);
        self.engine.replace(Some(node.clone()));
        let app = Arc::clone(self);
        tokio::spawn(async move { app.windows.follow(&node).await });
    }

    /// Tells whether there is no identity here yet.
    pub(crate) fn is_new(&self) -> bool {
        self.is_new.load(Ordering::Acquire)
    }

    /// Returns in one word how the peers stand, as it was found out a moment ago at most; nothing without a node.
    pub(crate) async fn peers(&self) -> Option<Arc<str>> {
        let mut last = self.peers.lock().await;
        let fresh = last
            .as_ref()
            .filter(|(at, _)| at.elapsed() < PEERS_LOOK / 2);
        if let Some((_, shown)) = fresh {
            return Some(Arc::clone(shown));
        }
        let status = self.engine.ask(Request::Status).await.ok()?;
        let shown: Arc<str> = shown_of_peers(&status).into();
        *last = Some((Instant::now(), Arc::clone(&shown)));
        Some(shown)
    }

    /// Tells whether a passphrase opens the home, so that the page can be locked. It is looked at anew each time: a
    /// command may have given the home its first passphrase, or taken another, beside the page.
    pub(crate) fn locks(&self) -> bool {
        // A home whose key file cannot be read is protected as far as the page can tell; one that is not made yet
        // protects nothing.
        !self.is_new() && self.home.has_passphrase().unwrap_or(true)
    }

    /// Tries a passphrase.
    ///
    /// # Errors
    /// A [`Failure`] where it is wrong.
    pub(crate) async fn check_passphrase(&self, given: Secret) -> Result<(), Failure> {
        // One at a time, so that many windows cannot take all memory.
        let _turn = self.tries.acquire().await;
        let home = self.home.clone();
        let tried = tokio::task::spawn_blocking(move || home.check_passphrase(&given)).await;
        tried.unwrap_or_else(|_| {
            Err(Failure::error(
                "passphrase_not_tried",
                "The passphrase could not be tried.",
            ))
        })
    }
}
