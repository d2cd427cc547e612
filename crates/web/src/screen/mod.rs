//! The table of all addresses, and a file for each screen.
//!
//! A screen asks the engine through [`Visit::ask`](crate::visit::Visit::ask), reads the answer through
//! [`Data`](crate::data::Data), and draws a [`Screen`](crate::view::shell::Screen). Its forms are sent to addresses of
//! its own, which do one thing and lead back.

mod agreement;
mod backup;
mod begin;
mod bring_back;
mod bundle;
mod checkins;
mod circle;
pub(crate) mod comments;
pub(crate) mod ending;
pub(crate) mod entry;
mod example;
pub(crate) mod failed;
mod feedback;
mod files;
mod goal;
mod goals;
mod history;
mod journal;
mod moving;
mod newcomer;
mod notebook;
mod people;
mod phrase;
mod questions;
mod relationship;
mod resources;
mod search;
mod session;
mod settings;
mod skills;
mod sync;
mod today;
mod versions;
mod welcome;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use hearth_node::api::Failure;

use crate::reply::Reply;
use crate::visit::Visit;

/// What answers at an address.
pub(crate) type Handler =
    fn(Arc<Visit>) -> Pin<Box<dyn Future<Output = Result<Reply, Failure>> + Send>>;

/// Who may ask for an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Whoever has a launch token: the one address without a cookie.
    Launch,
    /// A browser that was let in, be it locked: what shows nothing of a notebook.
    Locked,
    /// A browser that was let in, as long as there is no identity here.
    First,
    /// A browser that was let in and is not locked, once there is an identity.
    Open,
}

/// An address.
#[derive(Debug)]
pub(crate) struct Route {
    /// The address; parts in braces are open.
    pub(crate) path: &'static str,
    /// Whether it is a form that is sent, rather than something that is read.
    pub(crate) writes: bool,
    /// Who may ask.
    pub(crate) access: Access,
    /// Whether it is data for the page's scripts, rather than a page.
    pub(crate) is_data: bool,
    /// What answers.
    pub(crate) handler: Handler,
}

macro_rules! run {
    ($handler:path) => {
        |visit| Box::pin($handler(visit))
    };
}

const fn read(path: &'static str, handler: Handler) -> Route {
    Route {
        path,
        writes: false,
        access: Access::Open,
        is_data: false,
        handler,
    }
}

const fn write(path: &'static str, handler: Handler) -> Route {
    Route {
        path,
        writes: true,
        access: Access::Open,
        is_data: false,
        handler,
    }
}

const fn data(path: &'static str, handler: Handler) -> Route {
    Route {
        path,
        writes: false,
        access: Access::Open,
        is_data: true,
        handler,
    }
}

const fn first(route: Route) -> Route {
    Route {
        access: Access::First,
        ..route
    }
}

const fn write_data(path: &'static str, handler: Handler) -> Route {
    Route {
        path,
        writes: true,
        access: Access::Open,
        is_data: true,
        handler,
    }
}

const fn even_locked(route: Route) -> Route {
    Route {
        access: Access::Locked,
        ..route
    }
}

/// All addresses of the page.
pub(crate) static ROUTES: &[Route] = &[
    Route {
        path: "/launch",
        writes: false,
        access: Access::Launch,
        is_data: false,
        handler: run!(entry::never),
    },
    even_locked(data("/assets/{version}/{name}", run!(entry::asset))),
    even_locked(read("/unlock", run!(entry::unlock_form))),
    even_locked(write("/unlock", run!(entry::unlock))),
    write("/lock", run!(entry::lock)),
    even_locked(write("/language", run!(entry::choose_language))),
    data("/live", run!(crate::live::stream)),
    // Who has no identity here yet, and their recovery words
    first(read("/welcome", run!(welcome::show))),
    first(write("/welcome", run!(newcomer::make))),
    first(read("/welcome/backup", run!(bring_back::show))),
    first(write_data("/welcome/backup/file", run!(bring_back::open))),
    first(write_data(
        "/welcome/backup/file/{file}",
        run!(bring_back::take),
    )),
    first(write("/welcome/backup/check", run!(bring_back::check))),
    first(write("/welcome/backup/other", run!(bring_back::other))),
    first(write("/welcome/backup/restore", run!(bring_back::restore))),
    read("/recovery", run!(phrase::show)),
    write("/recovery", run!(phrase::check)),
    write("/recovery/show", run!(phrase::confirm_first)),
    // The first screen
    read("/", run!(today::show)),
    write("/jot", run!(today::jot)),
    write("/actions/{action}/done", run!(today::action_done)),
    // A notebook
    read("/n/{notebook}", run!(notebook::show)),
    write("/n/{notebook}/phase", run!(notebook::phase)),
    write("/objects/{object}/comments", run!(comments::add)),
    // Goals
    read("/n/{notebook}/goals", run!(goals::list)),
    write("/n/{notebook}/goals", run!(goals::add)),
    read("/n/{notebook}/goals/{goal}", run!(goal::show)),
    write("/n/{notebook}/goals/{goal}/progress", run!(goals::record)),
    write(
        "/n/{notebook}/goals/{goal}/milestones",
        run!(goals::add_milestone),
    ),
    write(
        "/n/{notebook}/goals/{goal}/milestones/{milestone}/done",
        run!(goals::milestone_done),
    ),
    write(
        "/n/{notebook}/goals/{goal}/key-results/{result}",
        run!(goals::key_result),
    ),
    write("/n/{notebook}/goals/{goal}/status", run!(goals::status)),
    write("/n/{notebook}/goals/{goal}/edit", run!(goals::edit)),
    write("/n/{notebook}/goals/{goal}/actions", run!(goals::action)),
    // Sessions
    read("/n/{notebook}/sessions", run!(session::list)),
    write("/n/{notebook}/sessions", run!(session::plan)),
    read("/n/{notebook}/sessions/{session}", run!(session::show)),
    read(
        "/n/{notebook}/sessions/{session}/merged",
        run!(session::show_merged),
    ),
    write(
        "/n/{notebook}/sessions/{session}/merged",
        run!(session::reviewed),
    ),
    write(
        "/n/{notebook}/sessions/{session}/agenda",
        run!(session::agenda_add),
    ),
    write(
        "/n/{notebook}/sessions/{session}/agenda/{item}/done",
        run!(session::agenda_done),
    ),
    write(
        "/n/{notebook}/sessions/{session}/notes",
        run!(session::save_notes),
    ),
    write_data(
        "/n/{notebook}/sessions/{session}/type",
        run!(session::type_notes),
    ),
    write(
        "/n/{notebook}/sessions/{session}/sharing",
        run!(session::mark),
    ),
    write(
        "/n/{notebook}/sessions/{session}/wrap",
        run!(session::save_wrap),
    ),
    write(
        "/n/{notebook}/sessions/{session}/actions",
        run!(session::action),
    ),
    write(
        "/n/{notebook}/sessions/{session}/attend",
        run!(session::attend),
    ),
    write("/n/{notebook}/sessions/{session}/edit", run!(session::edit)),
    write(
        "/n/{notebook}/sessions/{session}/cancel",
        run!(session::cancel),
    ),
    write(
        "/n/{notebook}/sessions/{session}/prepare",
        run!(session::prepare),
    ),
    // The agreement
    read("/n/{notebook}/agreement", run!(agreement::show)),
    read("/n/{notebook}/agreement/versions", run!(versions::show)),
    write("/n/{notebook}/agreement/sign", run!(agreement::sign)),
    write("/n/{notebook}/agreement/{topic}", run!(agreement::write)),
    // People and devices
    read("/n/{notebook}/people", run!(people::show)),
    read("/n/{notebook}/readers", run!(people::readers)),
    write("/n/{notebook}/people/invite", run!(people::invite)),
    write(
        "/n/{notebook}/people/invite/{invite}/revoke",
        run!(people::revoke_invite),
    ),
    read("/n/{notebook}/people/{person}/words", run!(people::words)),
    write("/n/{notebook}/people/{person}/words", run!(people::decide)),
    write("/n/{notebook}/people/{person}/role", run!(people::role)),
    write("/n/{notebook}/people/{person}/remove", run!(people::remove)),
    write("/ticket-file", run!(people::ticket_file)),
    read("/begin", run!(begin::show)),
    write("/begin/create", run!(begin::create)),
    write("/begin/join", run!(begin::join)),
    write("/begin/example", run!(example::add)),
    // Questions, feedback, skills, resources
    read("/n/{notebook}/questions", run!(questions::list)),
    write("/n/{notebook}/questions", run!(questions::ask)),
    write(
        "/n/{notebook}/questions/{question}/answer",
        run!(questions::answer),
    ),
    write(
        "/n/{notebook}/questions/{question}/resolve",
        run!(questions::resolve),
    ),
    read("/n/{notebook}/feedback", run!(feedback::list)),
    write("/n/{notebook}/feedback", run!(feedback::give)),
    write("/n/{notebook}/sealed", run!(feedback::start)),
    write(
        "/n/{notebook}/sealed/{exchange}/commit",
        run!(feedback::commit),
    ),
    write("/n/{notebook}/sealed/{exchange}/open", run!(feedback::open)),
    write(
        "/n/{notebook}/sealed/{exchange}/withdraw",
        run!(feedback::withdraw),
    ),
    read("/n/{notebook}/skills", run!(skills::list)),
    write("/n/{notebook}/skills", run!(skills::add)),
    write("/n/{notebook}/skills/{skill}/rate", run!(skills::rate)),
    write(
        "/n/{notebook}/skills/{skill}/evidence",
        run!(skills::evidence),
    ),
    write(
        "/n/{notebook}/skills/{skill}/endorse",
        run!(skills::endorse),
    ),
    read("/n/{notebook}/resources", run!(resources::list)),
    write("/n/{notebook}/resources", run!(resources::add)),
    write(
        "/n/{notebook}/resources/{resource}/remove",
        run!(resources::remove),
    ),
    write_data("/n/{notebook}/files", run!(files::begin)),
    write_data("/n/{notebook}/files/{file}", run!(files::add)),
    write_data("/n/{notebook}/files/{file}/drop", run!(files::give_up)),
    write_data(
        "/n/{notebook}/resources/{resource}/fetch",
        run!(files::fetch),
    ),
    read("/n/{notebook}/resources/{resource}/file", run!(files::keep)),
    // How it is going, and circles
    read("/n/{notebook}/checkins", run!(checkins::list)),
    write("/n/{notebook}/checkins", run!(checkins::add)),
    read("/n/{notebook}/timeline", run!(relationship::show)),
    read("/n/{notebook}/circle", run!(circle::show)),
    write("/n/{notebook}/circle/start", run!(circle::start)),
    write("/n/{notebook}/circle/next", run!(circle::next)),
    write("/n/{notebook}/circle/again", run!(circle::again)),
    write("/n/{notebook}/circle/end", run!(circle::end)),
    // History, and what was written at once
    read("/n/{notebook}/history", run!(history::show)),
    write(
        "/n/{notebook}/history/{object}/{change}",
        run!(history::restore),
    ),
    read("/n/{notebook}/conflicts", run!(history::conflicts)),
    write("/n/{notebook}/conflicts", run!(history::choose)),
    // Out, in, and the end
    read("/n/{notebook}/move", run!(moving::show)),
    write("/n/{notebook}/export", run!(moving::export)),
    write("/n/{notebook}/import", run!(moving::import)),
    write("/n/{notebook}/bundle", run!(bundle::make)),
    write_data("/bundle", run!(bundle::open)),
    write_data("/bundle/{bundle}", run!(bundle::take)),
    write("/n/{notebook}/rename", run!(moving::rename)),
    write("/n/{notebook}/closing/{topic}", run!(ending::closing)),
    write("/n/{notebook}/close", run!(ending::close)),
    write("/n/{notebook}/reopen", run!(ending::reopen)),
    write("/n/{notebook}/certificate", run!(ending::preview)),
    write("/n/{notebook}/certificate/sign", run!(ending::certify)),
    write("/certificate-file", run!(ending::certificate_file)),
    write("/n/{notebook}/destroy", run!(ending::destroy)),
    write("/n/{notebook}/leave", run!(ending::leave)),
    // One's own
    read("/journal", run!(journal::list)),
    write("/journal", run!(journal::add)),
    read("/journal/{entry}/share", run!(journal::share_form)),
    write("/journal/{entry}/share", run!(journal::share)),
    read("/search", run!(search::show)),
    read("/sync", run!(sync::show)),
    write("/sync", run!(sync::try_all)),
    write("/devices/link", run!(sync::link)),
    write("/devices/{device}/revoke", run!(sync::revoke)),
    write("/n/{notebook}/mirrors", run!(sync::add_mirror)),
    write(
        "/n/{notebook}/mirrors/{mirror}/remove",
        run!(sync::remove_mirror),
    ),
    read("/settings", run!(settings::show)),
    write("/settings/{key}", run!(settings::set)),
    write("/passphrase", run!(settings::change_passphrase)),
    write("/backup", run!(backup::create)),
    write("/browsers", run!(settings::another)),
    write("/leave", run!(settings::leave)),
];
