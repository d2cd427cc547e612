//! One module for each noun. A command turns what was typed into a request, and its answer into
//! what is printed; it decides nothing itself.

mod action;
mod agreement;
mod backup;
mod bundle;
mod calendar;
mod checkin;
mod circle;
mod completions;
mod config;
mod conflict;
mod demo;
mod device;
mod feedback;
mod goal;
mod graduate;
mod init;
mod invite;
mod join;
mod journal;
mod lock;
mod log;
mod man;
mod member;
mod mirror;
mod notebook;
mod passphrase;
mod question;
mod recovery;
mod resource;
mod restore;
mod search;
mod session;
mod skill;
mod status;
mod sync;
mod template;
#[cfg(test)]
mod testing;
mod today;
mod transfer;
mod up;
mod verify;
mod watch;

use clap::Subcommand;
use hearth_node::api::Failure;

use crate::context::Context;
use crate::output::Answer;

/// The roles that a member can have.
const ROLES: [&str; 4] = ["mentor", "mentee", "peer", "observer"];

/// The marks that say who may hear of something beyond a notebook.
const SHARING: [&str; 3] = ["pair-only", "quotable-with-consent", "shareable"];

/// A command, with what it was told.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    Init(init::InitCommand),
    Demo(demo::DemoCommand),
    Up(up::UpCommand),
    Status(status::StatusCommand),
    Doctor(status::DoctorCommand),
    #[command(subcommand)]
    Notebook(notebook::NotebookCommand),
    #[command(subcommand)]
    Invite(invite::InviteCommand),
    Join(join::JoinCommand),
    #[command(subcommand)]
    Member(member::MemberCommand),
    Readers(member::ReadersCommand),
    #[command(subcommand)]
    Device(device::DeviceCommand),
    #[command(subcommand)]
    Mirror(mirror::MirrorCommand),
    Recover(recovery::RecoverCommand),
    #[command(subcommand)]
    Recovery(recovery::RecoveryCommand),
    #[command(subcommand)]
    Goal(goal::GoalCommand),
    #[command(subcommand)]
    Action(action::ActionCommand),
    #[command(subcommand)]
    Session(session::SessionCommand),
    Ask(question::AskCommand),
    Answer(question::AnswerCommand),
    #[command(subcommand)]
    Question(question::QuestionCommand),
    Resolve(question::ResolveCommand),
    Comment(question::CommentCommand),
    #[command(subcommand)]
    Agreement(agreement::AgreementCommand),
    #[command(subcommand)]
    Feedback(feedback::FeedbackCommand),
    #[command(subcommand)]
    Sealed(feedback::SealedCommand),
    #[command(subcommand)]
    Skill(skill::SkillCommand),
    #[command(subcommand)]
    Resource(resource::ResourceCommand),
    #[command(name = "checkin")]
    CheckIn(checkin::CheckInCommand),
    #[command(subcommand)]
    Circle(circle::CircleCommand),
    #[command(subcommand)]
    Template(template::TemplateCommand),
    Graduate(graduate::GraduateCommand),
    #[command(subcommand)]
    Journal(journal::JournalCommand),
    Today(today::TodayCommand),
    Search(search::SearchCommand),
    #[command(subcommand)]
    Conflict(conflict::ConflictCommand),
    Log(log::LogCommand),
    Restore(restore::RestoreCommand),
    Sync(sync::SyncCommand),
    Watch(watch::WatchCommand),
    #[command(subcommand)]
    Bundle(bundle::BundleCommand),
    Export(transfer::ExportCommand),
    Import(transfer::ImportCommand),
    #[command(subcommand)]
    Backup(backup::BackupCommand),
    Verify(verify::VerifyCommand),
    Lock(lock::LockCommand),
    Unlock(lock::UnlockCommand),
    #[command(subcommand)]
    Passphrase(passphrase::PassphraseCommand),
    #[command(subcommand)]
    Calendar(calendar::CalendarCommand),
    #[command(subcommand)]
    Config(config::ConfigCommand),
    Completions(completions::CompletionsCommand),
    Man(man::ManCommand),
}

impl Command {
    /// Whether the command ends in order by itself when it is interrupted.
    pub(crate) fn stops_by_itself(&self) -> bool {
        matches!(
            self,
            Self::Up(_) | Self::Mirror(mirror::MirrorCommand::Up { .. })
        )
    }

    /// Whether a fresh passphrase takes the place of the existing one.
    pub(crate) fn replaces_passphrase(&self) -> bool {
        matches!(
            self,
            Self::Passphrase(passphrase::PassphraseCommand::Change)
        )
    }

    /// Does what the command says.
    pub(crate) fn run(self, context: &mut Context<'_>) -> Result<Answer, Failure> {
        match self {
            Self::Init(command) => command.run(context),
            Self::Demo(command) => command.run(context),
            Self::Up(command) => command.run(context),
            Self::Status(command) => command.run(context),
            Self::Doctor(command) => command.run(context),
            Self::Notebook(command) => command.run(context),
            Self::Invite(command) => command.run(context),
            Self::Join(command) => command.run(context),
            Self::Member(command) => command.run(context),
            Self::Readers(command) => command.run(context),
            Self::Device(command) => command.run(context),
            Self::Mirror(command) => command.run(context),
            Self::Recover(command) => command.run(context),
            Self::Recovery(command) => command.run(context),
            Self::Goal(command) => command.run(context),
            Self::Action(command) => command.run(context),
            Self::Session(command) => command.run(context),
            Self::Ask(command) => command.run(context),
            Self::Answer(command) => command.run(context),
            Self::Question(command) => command.run(context),
            Self::Resolve(command) => command.run(context),
            Self::Comment(command) => command.run(context),
            Self::Agreement(command) => command.run(context),
            Self::Feedback(command) => command.run(context),
            Self::Sealed(command) => command.run(context),
            Self::Skill(command) => command.run(context),
            Self::Resource(command) => command.run(context),
            Self::CheckIn(command) => command.run(context),
            Self::Template(command) => command.run(context),
            Self::Circle(command) => command.run(context),
            Self::Graduate(command) => command.run(context),
            Self::Journal(command) => command.run(context),
            Self::Today(command) => command.run(context),
            Self::Search(command) => command.run(context),
            Self::Conflict(command) => command.run(context),
            Self::Log(command) => command.run(context),
            Self::Restore(command) => command.run(context),
            Self::Sync(command) => command.run(context),
            Self::Watch(command) => command.run(context),
            Self::Bundle(command) => command.run(context),
            Self::Export(command) => command.run(context),
            Self::Import(command) => command.run(context),
            Self::Backup(command) => command.run(context),
            Self::Verify(command) => command.run(context),
            Self::Lock(command) => command.run(context),
            Self::Unlock(command) => command.run(context),
            Self::Passphrase(command) => command.run(context),
            Self::Calendar(command) => command.run(context),
            Self::Config(command) => command.run(context),
            Self::Completions(command) => command.run(),
            Self::Man(command) => command.run(context),
        }
    }
}
