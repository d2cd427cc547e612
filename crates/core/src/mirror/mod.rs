//! A mirror: a node that is always on, holds what others cannot fetch from each other, and can read none of it.
//!
//! It is no member and has no sealing key, so nothing can be sealed to it, and there is no place for a content
//! key in any type of this module. It judges what it takes by the control entries, which are readable, gives
//! out what it holds to members' devices, and signs for what is on its disk.

mod capsules;
mod checkpoint;
mod disk;
mod door;
mod engine;
mod files;
mod frames;
mod held;
mod intake;
mod logs;
mod notebook;
mod prune;
mod recovery;
mod request;
mod shared;
mod status;
mod ticket;

pub use engine::{Mirror, MirrorConnection, MirrorEffect, MirrorLimits};
pub use notebook::MirroredNotebook;
pub use prune::is_pruned;
pub use request::{MIRROR_ALPN, MirrorAnswer, MirrorMessage, Quota};
pub use status::HeldStatus;
pub use ticket::MirrorTicket;
