//! Writing into a home, between two runs of its node, what no honest program writes.
//!
//! The node that then runs on that home is the real one: it passes on what it finds there as its own, so
//! to everybody else it is a program that was changed.

use automerge::transaction::Transactable;
use automerge::{ActorId, ROOT};
use hearth_core::document::{Change, DocumentId, scan};
use hearth_core::ids::NotebookId;
use hearth_core::log::RawEntry;
use hearth_core::storage::{Storage, Write};
use hearth_e2e::Person;
use hearth_node::api::{Failure, PassphraseSource, Secret};
use hearth_node::host::{HomeDir, Host};
use hearth_testkit::adversary::HostileMember;

/// The document that holds a notebook's title.
pub(crate) const INDEX: DocumentId = DocumentId::from_bytes([0; 16]);

/// The homes have no passphrase, so nobody is asked.
struct NoPassphrase;

impl PassphraseSource for NoPassphrase {
    fn existing(&mut self) -> Result<Secret, Failure> {
        Err(Failure::usage("passphrase_needed", "Nobody is there."))
    }

    fn fresh(&mut self) -> Result<Secret, Failure> {
        self.existing()
    }
}

/// Opens the home of somebody whose node does not run.
pub(crate) fn open(person: &Person) -> Host {
    let home = HomeDir::new(person.home(), None);
    home.open(&mut NoPassphrase).expect("the home opens")
}

/// Reads a notebook's id.
pub(crate) fn id_of(notebook: &str) -> NotebookId {
    notebook.parse().expect("an id")
}

/// Puts content entries of a log of its own on a device's disk.
pub(crate) fn plant(
    host: &mut Host,
    notebook: NotebookId,
    incarnation: u8,
    make: impl FnOnce(&mut HostileMember, &Host) -> Vec<RawEntry>,
) {
    open_index(host, notebook);
    let replica = host.engine.replica(notebook).expect("the notebook");
    let mut member =
        HostileMember::new(host.engine.identity(), replica, incarnation).expect("the key in force");
    let writes: Vec<Write> = make(&mut member, host)
        .iter()
        .map(|entry| Write::Append(entry.as_bytes().to_vec()))
        .collect();
    host.storage
        .commit(notebook, &writes)
        .expect("the disk takes them");
}

/// Makes the change by which the member gives the notebook another title; its index is open.
pub(crate) fn retitle(
    member: &HostileMember,
    host: &Host,
    notebook: NotebookId,
    title: &str,
) -> Change {
    let replica = host.engine.replica(notebook).expect("the notebook");
    let index = replica.documents().get(&INDEX).expect("the index is open");
    let actor = ActorId::from(member.actor().as_bytes().as_slice());
    let mut index = index.clone().with_actor(actor);
    let mut transaction = index.transaction();
    transaction.put(ROOT, "title", title).expect("a change");
    transaction.commit();
    let change = index.get_last_local_change().expect("the change");
    scan(change.raw_bytes()).expect("an honest change")
}

/// Opens a notebook's index, which [`retitle`] builds on.
fn open_index(host: &mut Host, notebook: NotebookId) {
    let Host {
        engine, storage, ..
    } = host;
    let replica = engine.replica_mut(notebook).expect("the notebook");
    replica
        .load_document(INDEX, &*storage)
        .expect("the index opens");
}
