//! Two people who share a notebook.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::node::RunningNode;
use crate::person::{Person, text};
use crate::proxy::{Trouble, UdpProxy};
use crate::wait::until;

/// How long the two may take to have a link again before anything else is tried.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// Ana, who made the notebook, and Ben, who joined it.
#[derive(Debug)]
pub struct Pair {
    /// The mentor.
    pub ana: Person,
    /// The mentee.
    pub ben: Person,
    /// The notebook's id.
    pub notebook: String,
    /// The verification words that `join` showed.
    pub words: String,
}

impl Pair {
    /// Pairs two new people on loopback; both nodes run.
    #[track_caller]
    pub fn on_loopback() -> (Self, RunningNode, RunningNode) {
        let (ana, ben) = (Person::new("Ana"), Person::new("Ben"));
        let nodes = (RunningNode::up(&ana), RunningNode::up(&ben));
        (Self::join(ana, ben), nodes.0, nodes.1)
    }

    /// Pairs two new people who reach each other through a proxy only: Ana listens on IPv4, Ben on
    /// IPv6, so that no other way exists; both nodes run.
    #[track_caller]
    pub fn through_proxy(
        seed: u64,
        trouble: Trouble,
    ) -> (Self, RunningNode, RunningNode, UdpProxy) {
        let (ana, ben) = (Person::new("Ana"), Person::new("Ben"));
        let nodes = (
            RunningNode::up(&ana),
            RunningNode::listening(&ben, "[::1]:0"),
        );
        let proxy = UdpProxy::between(nodes.0.port(), nodes.1.port(), seed);
        proxy.spoil(trouble);
        let pair = Self::join_with(ana, ben, |ticket| ticket_through(&ticket, &proxy));
        (pair, nodes.0, nodes.1, proxy)
    }

    /// Has Ana make a notebook and Ben join it; both nodes run already.
    #[track_caller]
    pub fn join(ana: Person, ben: Person) -> Self {
        Self::join_with(ana, ben, |ticket| ticket)
    }

    /// The same with a notebook that has another title.
    #[track_caller]
    pub fn join_called(title: &str, ana: Person, ben: Person) -> Self {
        Self::join_in(title, ana, ben, |ticket| ticket)
    }

    #[track_caller]
    fn join_with(ana: Person, ben: Person, change: impl FnOnce(String) -> String) -> Self {
        Self::join_in("Ana and Ben", ana, ben, change)
    }

    #[track_caller]
    fn join_in(
        title: &str,
        ana: Person,
        ben: Person,
        change: impl FnOnce(String) -> String,
    ) -> Self {
        let notebook = ana.notebook(title);
        let ticket = change(ana.ticket(&notebook, "mentee"));
        let joined = ben.ok(&["join", &ticket]);
        assert_eq!(joined["notebook"]["id"], notebook);
        let words = text(&joined, "/words");
        Self {
            ana,
            ben,
            notebook,
            words,
        }
    }

    /// Waits until both nodes say that they have a link.
    #[track_caller]
    pub fn await_link(&self) {
        until("both nodes are connected", CONNECT_TIMEOUT, || {
            [&self.ana, &self.ben]
                .iter()
                .all(|person| state_of_peer(person, &self.notebook) == "connected")
                .then_some(())
        });
    }

    /// Waits until a node has noticed that its link is gone.
    #[track_caller]
    pub fn await_no_link(&self) {
        until(
            "both nodes have noticed that the link is cut",
            CONNECT_TIMEOUT,
            || {
                [&self.ana, &self.ben]
                    .iter()
                    .all(|person| state_of_peer(person, &self.notebook) == "seen")
                    .then_some(())
            },
        );
    }

    /// Waits until both copies are equal and returns how long that took.
    #[track_caller]
    pub fn agree(&self, timeout: Duration) -> Duration {
        agree(&[&self.ana, &self.ben], &self.notebook, timeout)
    }
}

fn state_of_peer(person: &Person, notebook: &str) -> String {
    let status = person.status_of(notebook);
    text(&status, "/peers/0/state")
}

/// Returns the heads of all documents of a notebook.
#[track_caller]
pub fn heads(person: &Person, notebook: &str) -> Value {
    let shown = person.ok(&["notebook", "show", notebook]);
    let heads = shown
        .pointer("/notebook/heads")
        .expect("heads in `notebook show`");
    heads.clone()
}

/// Returns the bytes of a JSON export.
#[track_caller]
pub fn export(person: &Person, notebook: &str) -> Vec<u8> {
    let out = person.folder().join("export.json");
    let path = out.to_str().expect("a path in UTF-8");
    person.ok(&[
        "export", notebook, "--format", "json", "--out", path, "--yes",
    ]);
    std::fs::read(&out).expect("the export")
}

/// Says whether all copies have the same heads and the same export, byte for byte.
#[track_caller]
pub fn agreed(people: &[&Person], notebook: &str) -> bool {
    let Some((first, others)) = people.split_first() else {
        return true;
    };
    let known = heads(first, notebook);
    if !others.iter().all(|other| heads(other, notebook) == known) {
        return false;
    }
    let known = export(first, notebook);
    others.iter().all(|other| export(other, notebook) == known)
}

/// Waits until all copies are equal and returns how long that took.
#[track_caller]
pub fn agree(people: &[&Person], notebook: &str, timeout: Duration) -> Duration {
    let began = Instant::now();
    until("all copies agree", timeout, || {
        agreed(people, notebook).then_some(())
    });
    began.elapsed()
}

/// Writes the proxy's address into a ticket in place of the inviter's.
#[track_caller]
pub fn ticket_through(ticket: &str, proxy: &UdpProxy) -> String {
    let mut ticket: hearth_core::pairing::Ticket = ticket.parse().expect("a ticket");
    ticket.addresses = vec![proxy.for_right()];
    ticket.to_string()
}
