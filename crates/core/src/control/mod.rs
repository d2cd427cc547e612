//! Control entries: who is a member, which devices they have, which keys are in force.
//!
//! They form a hash-linked DAG, apart from the content logs. Everything about membership is a pure
//! function of the *set* of control entries, whatever the order in which they arrived.

mod author;
mod content;
mod entry;
mod form;
mod insert;
mod kind;
mod label;
mod member;
mod membership;
mod objection;
mod parts;
mod past;
mod resolved;
mod rosters;
mod rules;
mod scope;
mod set;
mod voiding;

pub use author::ControlAuthor;
pub use content::{ContentVerdict, OnChain, TextSignature};
pub use entry::{ControlEntry, ControlError};
pub use insert::Inserted;
pub use kind::{Admit, ControlKind, Invite, Recipient, Rekey, Rights, SupersededKey};
pub use label::{Label, Role, SealedLabel};
pub use membership::{InviteState, Member, Membership, Mirror};
pub use parts::{Cut, CutLog, Freeze, KeyGrant, SignedText};
pub use set::ControlSet;

pub(crate) use objection::{Heard, Hearing, Hearings};
