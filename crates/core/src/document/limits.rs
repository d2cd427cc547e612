//! Names the bounds of a document change, each with its reason.

/// Longest change, chunk header included: a pasted chapter fits, and a body of many changes stays
/// far below what one entry may hold.
pub const CHANGE_BYTES_MAX: usize = 256 * 1024;

/// Most operations of one change. Automerge spends about a microsecond and a hundred bytes on
/// each, and a run length can claim a million of them in three bytes. A longer paste is cut into
/// several changes.
pub const CHANGE_OPERATIONS_MAX: usize = 50_000;

/// Most maps, lists and texts that one change makes: finding out how deep each lies costs a few
/// microseconds. An import of a whole notebook makes a few thousand.
pub const CHANGE_OBJECTS_MAX: usize = 10_000;

/// Most predecessors of all operations of one change together: each operation replaces one value,
/// or a few where people wrote at the same time.
pub const CHANGE_PREDECESSORS_MAX: usize = 2 * CHANGE_OPERATIONS_MAX;

/// Most dependencies of one change. Each is the last change of some log, so there can be no more
/// than there are logs in a notebook.
pub const CHANGE_DEPENDENCIES_MAX: usize = 4_096;

/// Most other actors that one change refers to: no more than there are logs in a notebook.
pub const CHANGE_ACTORS_MAX: usize = 4_096;

/// Longest commit message. The product writes none; a short one of another program is harmless.
pub const CHANGE_MESSAGE_BYTES_MAX: usize = 1_024;

/// Deepest nesting of maps, lists and texts, the root not counted. The product nests six deep;
/// three hundred overflow a stack of 2 MiB where Automerge walks the tree.
pub const OBJECT_DEPTH_MAX: usize = 64;

/// Largest operation counter and largest change number of one actor. Automerge keeps both in 32
/// bits and panics above that; half of it leaves room for one more change at any time.
pub const COUNTER_MAX: u64 = (u32::MAX / 2) as u64;

/// Furthest time from 1970 in either direction, in seconds. Automerge stores the differences of
/// times in 64 bits, so the extremes would overflow; this allows any clock that counts in
/// milliseconds as well.
pub const TIMESTAMP_MAX: i64 = 1 << 53;

/// Most operations of a change that is taken as typing: what somebody types or deletes between two
/// packets. Beyond that the way in for all changes is as fast.
pub const TYPING_OPERATIONS_MAX: usize = 64;

/// Most changes that are typed again rather than applied as a batch, for the same reason.
pub const TYPING_CHANGES_MAX: usize = 8;
