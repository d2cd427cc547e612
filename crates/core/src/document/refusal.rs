//! Why an entry's changes were not taken, in words for the person who reads `verify`.

use automerge::ChangeHash;

use super::DocumentId;
use super::limits::OBJECT_DEPTH_MAX;

/// Why an entry is refused for good. Its signer is to blame, except for [`Refusal::Unmergeable`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A change names another actor than the one that belongs to the entry's log.
    #[error("a change claims to be written by somebody else")]
    ForgedActor,
    /// A second, different change with a number that this actor has used.
    #[error("change number {seq} was written twice with different content")]
    DuplicateSeq {
        /// The number.
        seq: u64,
    },
    /// A number is left out although everything that the change depends on is here.
    #[error("change number {found} came where number {expected} was due, some are left out")]
    SeqGap {
        /// The next number of this actor.
        expected: u64,
        /// The number of the change.
        found: u64,
    },
    /// The change does not depend on the one that its writer wrote before it.
    #[error("change number {seq} does not continue its writer's previous change")]
    NotOnPredecessor {
        /// The number of the change.
        seq: u64,
    },
    /// The operation counters do not continue those of the dependencies.
    #[error("the operations are numbered from {found}, they have to begin at {expected}")]
    StartOperation {
        /// One above the largest counter of the dependencies.
        expected: u64,
        /// What the change says.
        found: u64,
    },
    /// An operation refers to one that its change does not depend on.
    #[error("a change refers to something its writer cannot have seen")]
    UnknownReference,
    /// An operation writes into something that is no container, or treats a map as a list.
    #[error("a change writes into something that cannot hold it")]
    NoSuchObject,
    /// Containers nested deeper than [`OBJECT_DEPTH_MAX`].
    #[error("a change nests more than {OBJECT_DEPTH_MAX} containers in one another")]
    TooDeep,
    /// Automerge fails on the change applied to exactly what its writer had seen.
    #[error("change {hash} is not sound: {problem}")]
    Unsound {
        /// The change, or the last of those of one document that were tried together.
        hash: ChangeHash,
        /// What went wrong.
        problem: Unsound,
    },
    /// Automerge takes the change by itself but not beside the others that are here. That is a
    /// fault of the program, not of the writer.
    #[error("document {document} cannot take a change that is sound by itself: please report this")]
    Unmergeable {
        /// The document.
        document: DocumentId,
    },
}

/// In what way Automerge fails on a change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unsound {
    /// It returned an error.
    #[error("it cannot be applied ({0})")]
    Error(String),
    /// It panicked.
    #[error("applying it breaks off ({0})")]
    Panic(String),
    /// What it holds afterwards is not what was signed.
    #[error("the document would hold something else than was signed")]
    Altered,
    /// What it saves does not load again.
    #[error("the document could be saved but not loaded again ({0})")]
    Unloadable(String),
}
