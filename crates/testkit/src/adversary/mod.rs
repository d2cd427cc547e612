//! What a hostile member could write: changes as raw bytes with a correct checksum.
//!
//! Each builder gives bytes that Automerge by itself would take, or would break on; every one has
//! to be refused by the scan or when it is applied, whoever signs it.

mod bombs;
mod chunk;
mod forgeries;
mod member;
mod mutate;

pub use bombs::{compressed_bomb, nested_maps, run_length_bomb};
pub use chunk::{Chunk, Column};
pub use forgeries::{duplicate_seq, orphans, with_actor, with_start_op};
pub use member::{HostileMember, raw_body};
pub use mutate::Mutator;
