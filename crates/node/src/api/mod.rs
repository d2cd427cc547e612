//! What the `hearth` command and the node say to each other.
//!
//! A person's command becomes one [`Request`]; the node answers with a stream of [`Reply`] lines:
//! any number of [`Event`]s, then exactly one `Done`. On the Unix socket each is one line of JSON
//! ([`wire`]); without a running node the same values pass in-process.
//!
//! Invariants:
//! - Texts, ids and names travel as the person typed them; the service resolves ids and names.
//! - Dates and times travel in one form (`2026-12-01`, `2026-12-01T15:00`), because `today` and
//!   `fri` mean what they mean where the person sits, not where the node runs.
//! - No path of the file system crosses but that of a backup, which is absolute: the command reads and writes files itself, so a relative
//!   path can never be taken against the wrong folder.
//! - In every optional text of an edit, `None` leaves the field and the empty string clears it.

mod action;
mod agreement;
mod bundle;
mod circle;
pub mod client;
mod device;
mod failure;
mod feedback;
mod file;
mod goal;
mod graduate;
mod history;
mod journal;
mod live;
mod mirror;
mod notebook;
mod people;
mod question;
mod reply;
mod request;
mod resource;
mod secret;
mod session;
mod skill;
pub mod socket;
mod template;
mod transfer;
pub mod wire;

pub use action::ActionRequest;
pub use agreement::AgreementRequest;
pub use bundle::{BUNDLE_PIECE_BYTES, BundleRequest};
pub use circle::CircleRequest;
pub use device::{DeviceRequest, RecoveryRequest};
pub use failure::{Exit, Failure, UnknownExit};
pub use feedback::{FeedbackFields, FeedbackRequest, SealedRequest};
pub use file::{FILE_BYTES_MAX, FILE_PART_BYTES, FileRequest};
pub use goal::{GoalFields, GoalRequest, KeyResultFields};
pub use graduate::GraduateRequest;
pub use history::ConflictRequest;
pub use journal::JournalRequest;
pub use live::{LiveRequest, Typed};
pub use mirror::MirrorRequest;
pub use notebook::NotebookRequest;
pub use people::{InviteRequest, MemberRequest, VerifyStep};
pub use question::QuestionRequest;
pub use reply::{Event, Progress, Reply};
pub use request::{CalendarRequest, ConfigRequest, PassphraseRequest, Request};
pub use resource::{CheckInRequest, ResourceRequest};
pub use secret::{PassphraseSource, Secret};
pub use session::{NotesRequest, SessionFields, SessionRequest, WrapFields};
pub use skill::{SkillFields, SkillRequest};
pub use template::TemplateRequest;
pub use transfer::{BackupRequest, ExportFormat, ExportReply, ImportFormat, TransferFile};
