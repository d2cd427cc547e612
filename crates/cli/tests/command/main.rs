//! The real binary, as scripts see it: exit codes, the JSON envelope, streams and pages. A node of
//! canned answers stands behind the control socket.

#![allow(
    clippy::expect_used,
    reason = "a test that cannot go on ends where it stands"
)]

mod exits;
mod hearth;
mod node;
mod pages;
mod streams;
mod usage;
