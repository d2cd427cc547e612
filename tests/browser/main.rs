//! The page in a real Chromium: what a person sees and does, on one node or on two.
//!
//! Every test here needs `chromium` and `chromedriver`, so all are ignored unless asked for:
//! `cargo test -p hearth-e2e --test browser -- --ignored`. `.ci/run` installs both and runs them. Pictures of every
//! screen are written into `target/screens`.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot go on ends where it stands, and says what it measured"
)]

mod attached;
mod bring_back;
mod by_file;
mod by_hand;
mod edges;
mod hands;
mod journeys;
mod keyboard;
mod keys;
mod looks;
mod newcomer;
mod notes;
mod payloads;
mod site;
mod stage;
mod visits;
