//! Two people, their homes and their nodes, as real processes of the real binary.
//!
//! Nothing in here looks into the program: a [`Person`] runs `hearth`, a [`RunningNode`] is a process
//! of `hearth up`, a [`Watch`] reads what `hearth watch` prints, a [`UdpProxy`] stands between two
//! nodes and spoils what passes, and [`Namespaces`] are two machines with a cable between them.
//!
//! The invariants: every process is ended by its own id when its guard is dropped; nothing is waited for
//! by sleeping for a while and hoping, but by [`until`], which says what did not come; and no traffic
//! leaves loopback or the namespaces that a test made.

#![allow(
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test that cannot go on ends where it stands, and says what it measured"
)]

mod binary;
mod bridge;
pub mod browser;
mod cost;
mod files;
mod linking;
pub mod markdown;
mod namespaces;
mod node;
pub mod page_visitor;
mod pair;
mod person;
mod proxy;
mod random;
mod wait;
mod watch;

pub use binary::hearth;
pub use bridge::Bridge;
pub use browser::{Browser, Key, SCREEN_TIMEOUT, Scheme, screens_folder};
pub use cost::Cost;
pub use files::{canaries, files_with};
pub use linking::accept;
pub use namespaces::{Capture, Namespaces, ipv4_destinations};
pub use node::RunningNode;
pub use page_visitor::PageVisitor;
pub use pair::{Pair, agree, agreed, export, heads, ticket_through};
pub use person::{Person, Ran, text};
pub use proxy::{Trouble, UdpProxy};
pub use random::Random;
pub use wait::{COMMAND_TIMEOUT, READY_TIMEOUT, until};
pub use watch::Watch;
