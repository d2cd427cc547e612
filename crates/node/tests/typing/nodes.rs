//! Two people who share a notebook; both nodes run in this process, linked over loopback.

use automerge::{ROOT, ReadDoc};
use hearth_core::ids::NotebookId;
use hearth_node::api::{
    Failure, InviteRequest, NotebookRequest, PassphraseSource, Request, Secret,
};
use hearth_node::driver::{EngineTask, Node, Stay, event_queue};
use hearth_node::host::{HomeDir, InitHome, InitProtection};
use hearth_notebook::session::{self, NewSession, Splice};
use hearth_notebook::{Documents, EditError, ObjectId};
use serde_json::Value;
use tempfile::TempDir;

use crate::trace::{Typed, Typist};

/// How long the two may take to join or to agree before something is wrong.
const PATIENCE_MS: u64 = 120_000;

/// Ana and Ben.
pub(crate) struct Two {
    nodes: [Node; 2],
    tasks: [EngineTask; 2],
    notebook: NotebookId,
    _folder: TempDir,
}

impl Two {
    /// Makes both homes, starts both nodes and lets Ben join by a ticket.
    pub(crate) async fn paired() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (ana, ana_task) = start(&folder, "Ana").await;
        let (ben, ben_task) = start(&folder, "Ben").await;
        let create = NotebookRequest::Create {
            title: "Ours".to_owned(),
            form: "one-on-one".to_owned(),
            role: None,
            template: None,
        };
        ask(&ana, Request::Notebook(create)).await;
        let invite = InviteRequest::Create {
            notebook: "Ours".to_owned(),
            role: "mentee".to_owned(),
            expires_s: None,
        };
        let ticket = ask(&ana, Request::Invite(invite)).await["ticket"].clone();
        let join = Request::Join {
            ticket: ticket.as_str().unwrap().to_owned(),
            timeout_ms: PATIENCE_MS,
        };
        ask(&ben, join).await;
        let notebook = ana.work(|host| host.engine.notebooks().next()).await;
        Self {
            nodes: [ana, ben],
            tasks: [ana_task, ben_task],
            notebook: notebook.unwrap().unwrap(),
            _folder: folder,
        }
    }

    /// Plans the session whose notes are written.
    pub(crate) async fn session(&self) -> ObjectId {
        let notebook = self.notebook;
        let new = NewSession {
            at: "2027-01-12T15:00".to_owned(),
            zone: "Europe/Berlin".to_owned(),
            ..NewSession::default()
        };
        let planned = self.nodes[0]
            .work(move |host| host.edit(notebook, |docs, writer| session::plan(docs, writer, &new)))
            .await;
        self.in_sync().await;
        planned.unwrap().unwrap()
    }

    /// Lets one make `count` edits, each change on the text as it is at their side at that moment;
    /// `look` sees every edit.
    pub(crate) async fn type_many(
        &self,
        who: usize,
        session: ObjectId,
        typist: &mut Typist,
        count: usize,
        mut look: impl FnMut(&Splice),
    ) -> Typed {
        let mut typed = Typed::default();
        while typed.edits < count {
            let edits_max = count - typed.edits;
            let edits = self.type_once(who, session, typist, edits_max).await;
            edits.iter().for_each(&mut look);
            typed += Typed {
                changes: 1,
                edits: edits.len(),
                deletions: edits.iter().map(|edit| edit.delete).sum(),
            };
        }
        typed
    }

    /// Lets one make one change; returns its edits.
    async fn type_once(
        &self,
        who: usize,
        session: ObjectId,
        typist: &mut Typist,
        edits_max: usize,
    ) -> Vec<Splice> {
        let notebook = self.notebook;
        let mut hands = typist.clone();
        let (hands, edits) = self.nodes[who]
            .work(move |host| {
                host.edit(notebook, |docs, writer| {
                    let edits = hands.draw(length(docs, session)?, edits_max);
                    session::type_notes(docs, writer, session, &edits)?;
                    Ok((hands, edits))
                })
            })
            .await
            .unwrap()
            .unwrap();
        *typist = hands;
        edits
    }

    /// Waits until each knows that the other has all.
    pub(crate) async fn in_sync(&self) {
        for node in &self.nodes {
            let sync = Request::Sync {
                notebook: None,
                timeout_ms: PATIENCE_MS,
            };
            let answer = ask(node, sync).await;
            assert_eq!(answer["peers"][0]["result"], "acknowledged", "{answer}");
        }
    }

    /// Returns the notes at both sides.
    pub(crate) async fn texts(&self, session: ObjectId) -> [String; 2] {
        let notebook = self.notebook;
        let mut texts = Vec::new();
        for node in &self.nodes {
            let read = node
                .work(move |host| host.read(notebook, |docs, _| Ok(session::notes(docs, session))));
            texts.push(read.await.unwrap().unwrap().unwrap().text);
        }
        texts.try_into().unwrap()
    }

    /// Checks every record and signature of both homes and ends both nodes.
    pub(crate) async fn verify_and_stop(mut self) {
        for (node, task) in self.nodes.iter().zip(&mut self.tasks) {
            let verified = ask(node, Request::Verify).await;
            assert_eq!(verified["set_aside"], serde_json::json!([]), "{verified}");
            node.shutdown().await;
            task.ended().await.unwrap();
        }
    }
}

/// Counts the characters of the notes as an edit finds them.
fn length(docs: &mut dyn Documents, session: ObjectId) -> Result<usize, EditError> {
    let document = docs.read(session.document())?;
    let notes = document.and_then(|document| Some((document, document.get(ROOT, "notes").ok()??)));
    Ok(notes.map_or(0, |(document, (_, notes))| document.length(&notes)))
}

async fn start(folder: &TempDir, name: &str) -> (Node, EngineTask) {
    let home = HomeDir::new(folder.path().join(name), None);
    let init = InitHome {
        name: name.to_owned(),
        device: format!("{name}'s laptop"),
        network: "direct".parse().unwrap(),
        protection: InitProtection::Bare,
    };
    home.init(init, &mut NoPassphrase).unwrap();
    let host = home.open(&mut NoPassphrase).unwrap();
    let loopback = "127.0.0.1:0".parse().unwrap();
    Node::start(host, Some(loopback), Stay::Running)
        .await
        .unwrap()
}

async fn ask(node: &Node, request: Request) -> Value {
    let (events, _nobody_reads) = event_queue();
    node.call(request, events).await.unwrap()
}

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
