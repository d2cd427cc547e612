//! The capsule: what somebody needs to find everything again with nothing but their recovery phrase.
//!
//! Each device of a person makes one of what it knows: the roster, the notebooks, who holds them and where
//! those devices are, the keys in force and, where its owner wants that, a copy of the journal. It is sealed
//! to the recovery key, signed by the device, and kept by the devices of everybody who shares a notebook with
//! the person, and by the mirrors of their notebooks. They find it under an id that the phrase gives, and cannot
//! open it.
//!
//! The wraps of a notebook's keys are not in it: every re-key is sealed to the recovery key, and whoever holds
//! a notebook's entries holds those as well, always the newest. The keys in the capsule are for where nobody
//! hands wraps over: for the journal, and for a device that arrives without the phrase at hand.
//!
//! Nothing in a capsule is believed for being in it. The roster proves itself, contacts have to prove that
//! they are a notebook's members, keys have to fit their commitments, and the entries of a journal are signed.

mod content;
mod copy;
mod kept;
mod mirror;
mod sealed;
mod shelf;

pub use content::{CapsuleContact, CapsuleContent, CapsuleKey, CapsuleNotebook, NotebookState};
pub use copy::{CopyError, JournalCopy};
pub(crate) use kept::Basis;
pub use kept::KeptCapsule;
pub use mirror::CapsuleMirror;
pub use sealed::{Capsule, CapsuleError, CapsuleHead};
pub(crate) use shelf::Shelf;
