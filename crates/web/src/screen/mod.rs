//! The table of all addresses, and a file for each screen.
//!
//! A screen asks the engine through [`Visit::ask`](crate::visit::Visit::ask), reads the answer through
//! [`Data`](crate::data::Data), and draws a [`Screen`](crate::view::shell::Screen). Its forms are sent to addresses of
//! its own, which do one thing and lead back.

pub(crate) mod comments;
pub(crate) mod entry;
pub(crate) mod failed;
mod goals;
mod notebook;
mod today;

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
    /// A browser that was let in and is not locked.
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
    write("/language", run!(entry::choose_language)),
    data("/live", run!(crate::live::stream)),
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
    read("/n/{notebook}/goals/{goal}", run!(goals::show)),
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
];
