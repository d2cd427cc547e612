//! Requests about invitations and members.

use serde::{Deserialize, Serialize};

/// `invite …`
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum InviteRequest {
    /// Makes a single-use ticket. Answers `id`, `ticket`, `expires`.
    Create {
        /// The notebook's id or name.
        notebook: String,
        /// The role of whoever joins by it: `mentor`, `mentee`, `peer` or `observer`.
        role: String,
        /// How long the ticket is good for, in seconds; the node's setting when absent.
        expires_s: Option<u64>,
    },
    /// Answers `invites[]`.
    List {
        /// The notebook's id or name.
        notebook: String,
    },
    /// Makes a ticket useless. Answers `invite`.
    Revoke {
        /// The notebook's id or name.
        notebook: String,
        /// The invitation's id.
        invite: String,
    },
}

/// `member …`
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq, Eq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum MemberRequest {
    /// Answers `members[]`.
    List {
        /// The notebook's id or name.
        notebook: String,
    },
    /// Removes a member. Answers `member` as it was, and `notebook`.
    Remove {
        /// The notebook's id or name.
        notebook: String,
        /// The member's id or name.
        person: String,
        /// Only says whether it could be done.
        #[serde(default)]
        check: bool,
    },
    /// Gives a member another role. Answers `member`.
    Role {
        /// The notebook's id or name.
        notebook: String,
        /// The member's id or name.
        person: String,
        /// `mentor`, `mentee`, `peer` or `observer`.
        role: String,
    },
    /// Gives a member the admin bit or takes it away. Answers `member`.
    Admin {
        /// The notebook's id or name.
        notebook: String,
        /// The member's id or name.
        person: String,
        /// Whether they are to be an admin.
        admin: bool,
    },
    /// Ends the caller's own membership. Answers `notebook`.
    Leave {
        /// The notebook's id or name.
        notebook: String,
        /// Only says whether it could be done.
        #[serde(default)]
        check: bool,
    },
    /// Compares verification words with a member. Answers `member` and `words`.
    Verify {
        /// The notebook's id or name.
        notebook: String,
        /// The member's id or name.
        person: String,
        /// What to do.
        step: VerifyStep,
    },
}

impl MemberRequest {
    pub(super) fn is_read_only(&self) -> bool {
        matches!(
            self,
            Self::List { .. }
                | Self::Remove { check: true, .. }
                | Self::Leave { check: true, .. }
                | Self::Verify {
                    step: VerifyStep::Show,
                    ..
                }
        )
    }
}

/// What a person decides about a member's verification words.
#[derive(Serialize, Deserialize, Debug, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum VerifyStep {
    /// Shows the words and decides nothing.
    Show,
    /// Both sides read the same words.
    Match,
    /// The words were not the same.
    Differ,
}
