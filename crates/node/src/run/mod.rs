//! What a process of `hearth` does: reaches the running node, or opens the home for one command, or
//! is the node.

mod call;
mod demo;
mod enrol;
mod init;
mod up;

pub use call::{call, change_passphrase};
pub use demo::demo;
pub use enrol::{NewDevice, Recovery, accept, recover};
pub use init::{init, new_phrase};
pub use up::up;

use crate::api::Failure;

/// Makes the runtime for a node's endpoint and sockets.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::error(
                "runtime",
                format!("The program cannot start its threads: {error}."),
            )
        })
}
