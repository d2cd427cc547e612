//! The product from outside: processes, sockets and files.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test that cannot go on ends where it stands, and says what it measured"
)]

mod backup;
mod bundle;
mod calendar;
mod checkpoint;
mod circle;
mod content;
mod contract;
mod crash;
mod crowd;
mod day;
mod demo;
mod devices;
mod docs;
mod files;
mod german;
mod graduate;
mod group;
mod growth;
mod history;
mod hostile;
mod mirror;
mod mirror_files;
mod modified;
mod moving;
mod namespaces;
mod offline;
mod pair;
mod private;
mod recovery;
mod relationship;
mod reminders;
mod scenario;
mod signed;
mod store;
mod tamper;
mod void;
