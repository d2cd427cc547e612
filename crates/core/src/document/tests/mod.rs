//! Tests that need whole documents: what Automerge writes by itself, and what others may send.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

mod apply;
mod bits;
mod edit;
mod pack;
mod replay;
mod scan;
mod script;
mod spare;
mod strip;
