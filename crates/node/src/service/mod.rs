//! What each request does, on an open [`Host`].
//!
//! Invariants:
//! - One request is one edit: when [`execute`] returns `Ok`, what it wrote is on disk, and when it
//!   returns a [`Failure`], nothing of it is.
//! - Nothing here waits for the network. Requests that need it, or the process itself, are served
//!   by whoever calls.
//! - Names, titles and ids are found as the person typed them, in `resolve`; who wrote something
//!   comes from the signed history, never from a field.

mod action;
mod agreement;
mod answer;
mod bundle;
mod calendar;
mod capsule;
mod carry;
mod circle;
mod config;
mod conflict;
mod departure;
mod destroy;
mod device;
mod doctor;
mod document_facts;
mod feedback;
mod file;
mod fork;
mod glance;
mod goal;
mod graduate;
mod history;
mod invite;
mod journal;
mod keys;
pub(crate) mod live;
mod member;
mod mirror;
mod mirror_home;
mod notebook;
mod question;
mod readers;
mod relationship;
mod remind;
mod resolve;
mod resource;
mod restore;
mod sealed;
mod search;
mod session;
mod set_aside;
mod skill;
mod status;
mod template;
#[cfg(test)]
mod tests;
mod today;
mod transfer;
mod turned_away;
mod verify;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use hearth_core::ids::DeviceId;
use serde_json::Value;

use crate::api::{BackupRequest, Event, Failure, Request};
use crate::host::Host;

pub(crate) use answer::{printable, time};
pub(crate) use carry::carry_files;
pub use departure::describe_departure;
pub(crate) use departure::{departed, not_a_member};
pub(crate) use destroy::{begin_ordered, finish_due, keep_out_destroyed, unfinished_orders};
pub(crate) use device::{device_failed, keep_label, secrets as recovery_secrets};
pub(crate) use document_facts::FactsCache;
pub use document_facts::keep_document_facts;
pub(crate) use file::{drop_unnamed as drop_unnamed_files, has_mirror, name_files};
pub(crate) use graduate::closed;
pub use history::describe_applied;
pub(crate) use journal::copies_journal;
pub(crate) use keys::keys_too_old;
pub use mirror::describe_mirror_fault;
pub(crate) use mirror_home::{
    DAY_MS, OpenMirror, Refusals, answer_as_mirror, begin_check, checked, removed_key,
};
pub use remind::Told;
pub(crate) use remind::{Reminders, mark as mark_reminded};
pub use resolve::find_notebook;
pub(crate) use resolve::{light_title as title_of, title_in};
pub(crate) use search::SearchCache;
pub use search::keep_search_index;
pub(crate) use session::keep_series;
pub(crate) use template::TEMPLATES_KEPT_AS;
pub use transfer::export_schema;
pub(crate) use verify::{CONTROLS_LATER, Chains, Checking, Found, control_set, verify_closed};

/// What the network side knows of this node at the time of a request.
#[derive(Debug, Clone, Default)]
pub struct NodeFacts {
    /// Whether a node runs, so that peers can reach this home.
    pub running: bool,
    /// Where it listens, for showing.
    pub addrs: Vec<String>,
    /// The network profile in words.
    pub network: String,
    /// How each connected device is reached: `direct`, `relay` or `lan`.
    pub paths: BTreeMap<DeviceId, String>,
    /// The devices that said that they have enough links, and are dialled again later.
    pub have_enough_links: BTreeSet<DeviceId>,
    /// The addresses and relays that tickets name.
    pub reachable: (Vec<SocketAddr>, Vec<String>),
}

/// Has a request done and returns its data.
///
/// # Errors
/// A [`Failure`] that says what failed, on what, and what the person can do. Requests that need the
/// network or the process (`join`, `sync`, `watch`, `lock`, `passphrase`, `unlock`, `shutdown`) fail as `internal`.
pub fn execute(
    host: &mut Host,
    node: &NodeFacts,
    request: &Request,
    on_event: &mut dyn FnMut(Event),
) -> Result<Value, Failure> {
    match request {
        Request::Status => status::status(host, node),
        Request::Doctor => doctor::doctor(host, node),
        Request::Notebook(request) => notebook::execute(host, node, request),
        Request::Invite(request) => invite::execute(host, node, request),
        Request::Member(request) => member::execute(host, request),
        Request::Device(request) => device::execute(host, node, request),
        Request::Mirror(request) => mirror::execute(host, node, request),
        Request::Recovery(request) => device::recovery(host, request),
        Request::Readers { notebook } => readers::readers(host, notebook),
        Request::Goal(request) => goal::execute(host, request),
        Request::Action(request) => action::execute(host, request),
        Request::Session(request) => session::execute(host, request),
        Request::Ask { notebook, text } => question::ask(host, notebook, text),
        Request::Answer { question, text } => question::answer(host, question, text),
        Request::Question(request) => question::execute(host, request),
        Request::Resolve { question } => question::resolve(host, question),
        Request::Agreement(request) => agreement::execute(host, request),
        Request::Feedback(request) => feedback::execute(host, request),
        Request::Sealed(request) => sealed::execute(host, request),
        Request::Skill(request) => skill::execute(host, request),
        Request::Resource(request) => resource::execute(host, request),
        Request::File(request) => file::execute(host, request),
        Request::Checkin(request) => resource::check_in(host, request),
        Request::Template(request) => template::execute(host, request),
        Request::Circle(request) => circle::execute(host, request),
        Request::Graduate(request) => graduate::execute(host, request),
        Request::Journal(request) => journal::execute(host, request),
        Request::Live(request) => live::execute(host, request),
        Request::Comment { object, text } => question::comment(host, object, text),
        Request::Today { zone } => today::today(host, zone.as_deref()),
        Request::Search {
            text,
            notebook,
            limit,
        } => search::search(host, node, text, notebook.as_deref(), *limit),
        Request::Log {
            notebook,
            object,
            limit,
            from,
        } => history::log(host, notebook, object.as_deref(), *limit, from.as_deref()),
        Request::Conflict(request) => conflict::execute(host, request),
        Request::Restore { object, at } => restore::restore(host, object, at),
        Request::Export {
            notebook,
            format,
            titles,
            due,
        } => transfer::export(host, notebook, *format, *titles, *due),
        Request::Calendar(request) => calendar::execute(host, request),
        Request::Import {
            notebook,
            format,
            files,
        } => transfer::import(host, notebook, *format, files, on_event),
        Request::Bundle(request) => bundle::execute(host, request),
        Request::Backup(BackupRequest::Signed { notebook, path }) => {
            crate::signed::write(host, notebook, path, on_event)
        }
        Request::Backup(BackupRequest::Create { path, passphrase }) => {
            crate::backup::create(host, path, passphrase.as_ref(), on_event)
        }
        Request::Verify => verify::verify(host, on_event),
        Request::Config(request) => config::execute(host, request),
        Request::Join { .. }
        | Request::Sync { .. }
        | Request::Watch { .. }
        | Request::Lock
        | Request::Passphrase(_)
        | Request::Unlock { .. }
        | Request::Shutdown => Err(Failure::error(
            "internal",
            "This request reached the wrong part of the program.",
        )
        .with_hint("Nothing was changed. Please report this.")),
    }
}
