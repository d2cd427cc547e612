//! Where the page of a home is served: a port that stays the same over restarts, so that a calendar program finds it again.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use super::HomeDir;
use crate::api::Failure;

/// The file that holds it, as text. It is no secret: who can read the home sees the open port as well.
const FILE: &str = "page-address";

impl HomeDir {
    /// Where the page was served last, or will be.
    pub fn page_address(&self) -> Option<SocketAddr> {
        let text = std::fs::read_to_string(self.root().join(FILE)).ok()?;
        let address: SocketAddr = text.trim().parse().ok()?;
        (address.ip().is_loopback() && address.port() != 0).then_some(address)
    }

    /// Keeps where the page of a home that is there is served. One that cannot be written to chooses anew the next time.
    pub fn keep_page_address(&self, address: SocketAddr) {
        if self.page_address() != Some(address) {
            let kept = std::fs::write(self.root().join(FILE), format!("{address}\n"));
            if let Err(error) = kept {
                tracing::debug!(%error, "the address of the page is not kept");
            }
        }
    }

    /// Where the page will be served; chosen now where it never was.
    ///
    /// # Errors
    /// A [`Failure`] where no port is to be had.
    pub(crate) fn page_address_or_new(&self) -> Result<SocketAddr, Failure> {
        if let Some(address) = self.page_address() {
            return Ok(address);
        }
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|one| one.local_addr());
        let free = free.map_err(|error| {
            Failure::error(
                "web_unavailable",
                format!("There is no free port: {error}."),
            )
        })?;
        self.keep_page_address(free);
        Ok(free)
    }
}
