//! One value for each command.

use serde::{Deserialize, Serialize};

use super::{
    ActionRequest, AgreementRequest, BackupRequest, BundleRequest, CheckInRequest, CircleRequest,
    ConflictRequest, DeviceRequest, ExportFormat, FeedbackRequest, FileRequest, GoalRequest,
    GraduateRequest, ImportFormat, InviteRequest, JournalRequest, LiveRequest, MemberRequest,
    MirrorRequest, NotebookRequest, QuestionRequest, RecoveryRequest, ResourceRequest,
    SealedRequest, Secret, SessionRequest, SkillRequest, TemplateRequest, TransferFile,
};

/// What a person asks of the node, grouped by noun as the command line is.
///
/// The JSON is externally tagged: `{"goal":{"add":{…}}}`, `"status"`.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Request {
    /// `status`: who this is, whether the node runs, what each peer has confirmed.
    Status,
    /// `doctor`: checks, redacted.
    Doctor,
    /// `notebook …`
    Notebook(NotebookRequest),
    /// `invite …`
    Invite(InviteRequest),
    /// `join`: pairs by ticket and waits until the notebook is here.
    Join {
        /// The ticket itself, read from wherever the person kept it.
        ticket: String,
        /// How long to wait for the inviting device, in milliseconds.
        timeout_ms: u64,
    },
    /// `member …`
    Member(MemberRequest),
    /// `device …`
    Device(DeviceRequest),
    /// `mirror …`
    Mirror(MirrorRequest),
    /// `recovery …`
    Recovery(RecoveryRequest),
    /// `readers`: who holds a key that opens the current text.
    Readers {
        /// The notebook's id or name.
        notebook: String,
    },
    /// `goal …`
    Goal(GoalRequest),
    /// `action …`
    Action(ActionRequest),
    /// `session …`
    Session(SessionRequest),
    /// `ask`: a new question.
    Ask {
        /// The notebook's id or name.
        notebook: String,
        /// The question.
        text: String,
    },
    /// `answer`: one more answer to a question.
    Answer {
        /// The question's id.
        question: String,
        /// The answer.
        text: String,
    },
    /// `question …`
    Question(QuestionRequest),
    /// `resolve`: the question needs no further answer.
    Resolve {
        /// The question's id.
        question: String,
    },
    /// `agreement …`
    Agreement(AgreementRequest),
    /// `feedback …`
    Feedback(FeedbackRequest),
    /// `sealed …`
    Sealed(SealedRequest),
    /// `skill …`
    Skill(SkillRequest),
    /// `resource …`
    Resource(ResourceRequest),
    /// The files of resources, a part at a time.
    File(FileRequest),
    /// `checkin …`
    Checkin(CheckInRequest),
    /// `template …`
    Template(TemplateRequest),
    /// `circle …`
    Circle(CircleRequest),
    /// `graduate`
    Graduate(GraduateRequest),
    /// `journal …`
    Journal(JournalRequest),
    /// Notes that several windows write at once.
    Live(LiveRequest),
    /// `comment`: a comment on any object.
    Comment {
        /// The object's id.
        object: String,
        /// The comment.
        text: String,
    },
    /// `today`: what is next, due and open, across notebooks.
    Today {
        /// The IANA zone by which "due today" is judged; the node's own when absent.
        zone: Option<String>,
    },
    /// `search`: ranked hits.
    Search {
        /// Words as typed; never a query language.
        text: String,
        /// Restricts the search to one notebook.
        notebook: Option<String>,
        /// At most this many hits.
        limit: u32,
    },
    /// `log`: who changed what, when, on which device, newest first.
    Log {
        /// The notebook's id or name.
        notebook: String,
        /// Restricts the log to one object.
        object: Option<String>,
        /// At most this many changes.
        limit: u32,
        /// Where to begin: the `next` of an earlier answer; at the newest change when absent.
        #[serde(default)]
        from: Option<String>,
    },
    /// `conflict …`
    Conflict(ConflictRequest),
    /// `restore`: brings an object back to how it was at a change.
    Restore {
        /// The object's id.
        object: String,
        /// The beginning or end of a change's id; several with commas name one version together.
        at: String,
    },
    /// `sync`: tries all known peers now.
    Sync {
        /// One notebook, or all of them.
        notebook: Option<String>,
        /// How long to wait for peers, in milliseconds.
        timeout_ms: u64,
    },
    /// `watch`: one [`Event::Item`](super::Event::Item) per change until the caller hangs up.
    Watch {
        /// One notebook, or all of them.
        notebook: Option<String>,
    },
    /// `export`: answered with an [`ExportReply`](super::ExportReply).
    Export {
        /// The notebook's id or name.
        notebook: String,
        /// The form wanted.
        format: ExportFormat,
        /// Whether a calendar has titles and places in it.
        #[serde(default)]
        titles: bool,
        /// Whether a calendar has the days in it on which actions and goals are due.
        #[serde(default)]
        due: bool,
    },
    /// `calendar …`
    Calendar(CalendarRequest),
    /// `import`: takes objects into a notebook, by id where they have one.
    Import {
        /// The notebook's id or name.
        notebook: String,
        /// The form that `files` have.
        format: ImportFormat,
        /// The content; JSON is exactly one file.
        files: Vec<TransferFile>,
    },
    /// `bundle …`, a part at a time.
    Bundle(BundleRequest),
    /// `backup create`
    Backup(BackupRequest),
    /// `verify`: opens every record, checks every signature and chain.
    Verify,
    /// `passphrase …`
    Passphrase(PassphraseRequest),
    /// `config …`
    Config(ConfigRequest),
    /// `lock`: forgets every key, in the node and in the cache.
    Lock,
    /// `unlock`: opens a locked node, or fills the cache where none runs.
    Unlock {
        /// The passphrase; absent where the caller lets the dispatcher ask for it.
        passphrase: Option<Secret>,
    },
    /// Stops the node cleanly.
    Shutdown,
}

/// `passphrase …`
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum PassphraseRequest {
    /// `change`: answers `{"changed":true}` once only the new one opens the home.
    Change {
        /// The passphrase that protects the home now; absent where nothing does.
        current: Option<Secret>,
        /// The one that is to protect it.
        new: Secret,
    },
}

/// `config …`
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum ConfigRequest {
    /// Answers `{"key":…,"value":…}`.
    Get {
        /// A setting's name.
        key: String,
    },
    /// Answers the same, with the new value.
    Set {
        /// A setting's name.
        key: String,
        /// The new value as typed.
        value: String,
    },
    /// Answers `{"settings":[{"key":…,"value":…,"default":bool,"about":…}]}`.
    List,
}

/// `calendar …`: a feed of all notebooks that the page of a running node serves. Each but `feed` answers
/// `calendar{on,titles,url}`; `url` is null where it is off.
#[derive(Serialize, Deserialize, Debug, Clone, PartialEq)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum CalendarRequest {
    /// Serves it from now on; its address stays if it was on.
    On {
        /// Whether titles and places stand in it.
        titles: bool,
    },
    /// Serves it no more, and forgets its address.
    Off,
    /// Gives it another address; the one before serves no more.
    Renew,
    /// Says how it stands.
    Show,
    /// The feed itself, for whoever has its token. Answers `ics`.
    Feed {
        /// The secret of its address.
        token: Secret,
    },
}

impl Request {
    /// Tells whether the request changes nothing, so that repeating it is harmless.
    pub fn is_read_only(&self) -> bool {
        match self {
            Self::Status
            | Self::Doctor
            | Self::Readers { .. }
            | Self::Today { .. }
            | Self::Search { .. }
            | Self::Log { .. }
            | Self::Watch { .. }
            | Self::Export { .. }
            | Self::Backup(_)
            | Self::Verify => true,
            Self::Bundle(request) => !matches!(request, BundleRequest::Apply { .. }),
            Self::Notebook(request) => {
                matches!(
                    request,
                    NotebookRequest::List
                        | NotebookRequest::Show { .. }
                        | NotebookRequest::Glance { .. }
                        | NotebookRequest::Timeline { .. }
                        | NotebookRequest::Reciprocity { .. }
                )
            }
            Self::Invite(request) => matches!(request, InviteRequest::List { .. }),
            Self::Member(request) => request.is_read_only(),
            Self::Device(request) => matches!(
                request,
                DeviceRequest::List | DeviceRequest::Reach { .. } | DeviceRequest::Contact
            ),
            Self::Mirror(request) => matches!(request, MirrorRequest::List { .. }),
            Self::Goal(request) => {
                matches!(request, GoalRequest::List { .. } | GoalRequest::Show { .. })
            }
            Self::Action(request) => matches!(request, ActionRequest::List { .. }),
            Self::Session(request) => request.is_read_only(),
            Self::Agreement(request) => request.is_read_only(),
            Self::Feedback(request) => matches!(request, FeedbackRequest::List { .. }),
            Self::Sealed(request) => {
                matches!(
                    request,
                    SealedRequest::List { .. } | SealedRequest::Show { .. }
                )
            }
            Self::Skill(request) => request.is_read_only(),
            Self::Resource(request) => request.is_read_only(),
            // What is kept of a file is no part of a saved state.
            Self::File(request) => !matches!(request, FileRequest::Finish { .. }),
            Self::Checkin(request) => matches!(request, CheckInRequest::List { .. }),
            Self::Template(request) => request.is_read_only(),
            Self::Circle(request) => matches!(request, CircleRequest::Show { .. }),
            Self::Graduate(request) => request.is_read_only(),
            Self::Journal(request) => request.is_read_only(),
            Self::Live(request) => request.is_read_only(),
            Self::Question(request) => matches!(request, QuestionRequest::List { .. }),
            Self::Conflict(request) => matches!(request, ConflictRequest::List { .. }),
            Self::Calendar(request) => matches!(
                request,
                CalendarRequest::Show | CalendarRequest::Feed { .. }
            ),
            Self::Config(request) => !matches!(request, ConfigRequest::Set { .. }),
            Self::Join { .. }
            | Self::Passphrase(_)
            | Self::Recovery(_)
            | Self::Ask { .. }
            | Self::Answer { .. }
            | Self::Resolve { .. }
            | Self::Comment { .. }
            | Self::Restore { .. }
            | Self::Sync { .. }
            | Self::Import { .. }
            | Self::Lock
            | Self::Unlock { .. }
            | Self::Shutdown => false,
        }
    }
}
