//! The node: endpoint, pairing, sync driver, control socket and the commands they serve.
//!
//! It composes the protocol (`hearth-core`), the mentoring domain (`hearth-notebook`) and the sealed
//! store (`hearth-store`), which do not know each other. [`host::Host`] is a home that is open in this
//! process, [`service`] is what each command does to it, [`driver`] puts it on the network, [`server`]
//! lets commands reach a running node, and [`run`] is what a process does.

pub mod api;
pub mod backup;
pub mod driver;
pub mod host;
pub mod net;
pub mod run;
pub mod server;
pub mod service;
pub mod signed;
pub(crate) mod statement;
#[cfg(test)]
mod testing;
