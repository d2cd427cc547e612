//! The store as its users see it: real folders, real files, real processes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]
#![allow(
    clippy::print_stdout,
    reason = "a child process answers its parent that way"
)]

mod damage;
mod fixture;
mod full_disk;
mod privacy;
mod processes;
mod protection;
mod records;
mod scopes;
mod vectors;
