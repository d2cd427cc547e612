//! What all requests share.

use hearth_node::api::{Failure, Secret};
use hearth_node::host::HomeDir;
use tokio::sync::Semaphore;

use crate::engine::Engine;
use crate::guard::Address;
use crate::limits::{PASSPHRASE_TRIES_AT_ONCE, STREAMS_MAX};
use crate::sessions::Sessions;

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
    /// Room for streams.
    pub(crate) streams: std::sync::Arc<Semaphore>,
    tries: Semaphore,
    has_passphrase: std::sync::atomic::AtomicBool,
}

impl App {
    /// Makes the page of a home at an address.
    pub(crate) fn new(address: Address, home: HomeDir) -> Self {
        Self {
            address,
            home,
            sessions: Sessions::default(),
            engine: Engine::default(),
            streams: std::sync::Arc::new(Semaphore::new(STREAMS_MAX)),
            tries: Semaphore::new(PASSPHRASE_TRIES_AT_ONCE),
            has_passphrase: std::sync::atomic::AtomicBool::new(false),
        }
    }

    /// Looks again whether a passphrase opens the home: it may have been given its first one.
    pub(crate) fn look_at_protection(&self) {
        // A home whose key file cannot be read is protected as far as the page can tell.
        let has = self.home.has_passphrase().unwrap_or(true);
        self.has_passphrase
            .store(has, std::sync::atomic::Ordering::Relaxed);
    }

    /// Tells whether a passphrase opens the home, so that the page can be locked.
    pub(crate) fn locks(&self) -> bool {
        self.has_passphrase
            .load(std::sync::atomic::Ordering::Relaxed)
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
