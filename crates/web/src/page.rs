//! The page as the node's process sees it: a listener on loopback that serves one home.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use hearth_node::api::Failure;
use hearth_node::driver::Node;
use hearth_node::host::HomeDir;
use hearth_node::run::{Front, Welcome};

use crate::app::App;
use crate::guard::Address;
use crate::listener::Bounded;
use crate::serve::router;

/// The local page of a home.
#[derive(Debug)]
pub struct Page {
    app: Arc<App>,
    listener: TcpListener,
    /// Where it is to be served the next time, too.
    kept: Option<SocketAddr>,
    /// What it is called, below `localhost`.
    label: String,
    is_served: bool,
}

impl Page {
    /// Listens at an address of this very machine; port 0 takes the one of the last time, or one that is free.
    ///
    /// # Errors
    /// A [`Failure`] where the address is another machine's to see, or cannot be had.
    pub fn bind(home: HomeDir, wanted: SocketAddr) -> Result<Self, Failure> {
        if !wanted.ip().is_loopback() {
            return Err(Failure::usage(
                "web_not_local",
                format!("The page is served on this machine only, and {} is not an address of that kind.", wanted.ip()),
            )
            .with_hint("Give --web 127.0.0.1:PORT or [::1]:PORT, or --web off."));
        }
        let failed = |error: std::io::Error| {
            Failure::error(
                "web_unavailable",
                format!("The page cannot be served at {wanted}: {error}."),
            )
            .with_hint("Give another port with --web 127.0.0.1:PORT, port 0 for any, or --web off.")
        };
        let usual = home
            .page_address()
            .filter(|usual| wanted.port() == 0 && usual.ip() == wanted.ip());
        let at_usual = usual.and_then(|usual| TcpListener::bind(usual).ok());
        let is_unusual = usual.is_some() && at_usual.is_none();
        let listener = match at_usual {
            Some(listener) => listener,
            None => TcpListener::bind(wanted).map_err(failed)?,
        };
        listener.set_nonblocking(true).map_err(failed)?;
        let bound = listener.local_addr().map_err(failed)?;
        // Where another program has the usual port this time, it is tried again the next.
        let kept = (!is_unusual).then_some(bound);
        let label = home.page_label().map_err(|error| {
            Failure::error(
                "web_unavailable",
                format!("The page gets no name of its own: {error}."),
            )
        })?;
        let app = Arc::new(App::new(Address::new(bound).named(&label), home));
        Ok(Self {
            app,
            listener,
            kept,
            label,
            is_served: false,
        })
    }

    /// Makes a link that lets in one browser.
    ///
    /// # Errors
    /// A [`Failure`] where the system has no randomness.
    pub fn link(&self) -> Result<String, Failure> {
        let token = self.app.sessions.make_launch().map_err(|error| {
            Failure::error("no_randomness", format!("No link can be made: {error}."))
        })?;
        Ok(format!(
            "{}/launch?token={token}",
            self.app.address.origin()
        ))
    }

    fn listen(&mut self) -> Result<(), Failure> {
        if self.is_served {
            return Ok(());
        }
        let failed = |error: std::io::Error| {
            Failure::error(
                "web_unavailable",
                format!("The page cannot be served: {error}."),
            )
        };
        let listener = self.listener.try_clone().map_err(failed)?;
        let listener = tokio::net::TcpListener::from_std(listener).map_err(failed)?;
        let router = router(Arc::clone(&self.app));
        tokio::spawn(async move {
            if let Err(error) = axum::serve(Bounded::new(listener), router).await {
                tracing::warn!(%error, "the page is not served any more");
            }
        });
        self.is_served = true;
        Ok(())
    }
}

impl Front for Page {
    fn serve(&mut self, node: Node) -> Result<String, Failure> {
        // Not before, since there may have been no home yet.
        if let Some(address) = self.kept {
            self.app.home.keep_page_address(address);
        }
        if let Err(error) = self.app.home.keep_page_label(&self.label) {
            tracing::debug!(%error, "the name of the page is not kept");
        }
        self.app.serve(node);
        self.listen()?;
        self.link()
    }

    fn welcome(&mut self) -> Result<Welcome, Failure> {
        let made = self.app.welcome();
        self.listen()?;
        let link = self.link()?;
        Ok(Welcome { link, made })
    }
}
