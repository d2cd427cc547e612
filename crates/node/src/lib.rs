//! The node: endpoint, pairing, sync driver, control socket and the commands they serve.

pub mod api;
pub mod host;
pub mod net;
pub mod service;
