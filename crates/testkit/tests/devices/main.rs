//! Several devices of one person: linked, taken off, brought back by the phrase. Nodes without a network;
//! frames go straight from one engine to the other.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod capsules;
mod linking;
mod mirrors;
mod support;
