//! Homes of their own, requests as the command sends them, and a network without wires.

use std::path::Path;

use hearth_core::engine::{ConnectionId, ConnectionKind};
use hearth_core::ids::TransportId;
use hearth_core::pairing::{Joiner, JoinerStep, PairingMessage, Ticket};
use serde_json::Value;
use tempfile::TempDir;

use crate::api::{
    Event, Failure, InviteRequest, NotebookRequest, PassphraseSource, Request, Secret,
};
use crate::host::{HomeDir, Host, InitHome, InitProtection, random};
use crate::service::{NodeFacts, execute};

/// Frames that two devices may exchange before a test is taken to hang.
const FRAMES_MAX: usize = 100_000;

/// Nobody types anything in these tests.
pub(super) struct NoPassphrase;

impl PassphraseSource for NoPassphrase {
    fn existing(&mut self) -> Result<Secret, Failure> {
        Err(Failure::usage("passphrase_needed", "Nobody is there."))
    }

    fn fresh(&mut self) -> Result<Secret, Failure> {
        self.existing()
    }
}

/// A home that is open.
pub(super) struct Home {
    folder: TempDir,
    pub(super) host: Option<Host>,
    /// What brings the person back; the home keeps none of it.
    pub(super) phrase: String,
    pub(super) node: NodeFacts,
}

/// Copies a folder with its modes. No process is started for it: its copy of this one's open files would
/// hold other tests' locks for a moment.
fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (path, copy) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy_folder(&path, &copy);
        } else {
            std::fs::copy(&path, &copy).unwrap();
        }
    }
    let modes = std::fs::metadata(from).unwrap().permissions();
    std::fs::set_permissions(to, modes).unwrap();
}

impl Home {
    pub(super) fn new(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let init = InitHome {
            name: name.to_owned(),
            device: format!("{name}'s laptop"),
            network: "direct".parse().unwrap(),
            protection: InitProtection::Bare,
        };
        let mut home = Self {
            folder,
            host: None,
            phrase: String::new(),
            node: NodeFacts::default(),
        };
        home.node.network = "direct".to_owned();
        let made = home.dir().init(init, &mut NoPassphrase).unwrap();
        home.phrase = made.phrase.to_string();
        home.reopen();
        home
    }

    fn dir(&self) -> HomeDir {
        HomeDir::new(self.folder.path().join("home"), None)
    }

    /// Returns the folder of the home.
    pub(super) fn root(&self) -> std::path::PathBuf {
        self.dir().root().to_owned()
    }

    /// Closes the home and copies its folder.
    pub(super) fn copy_to(mut self, root: &Path) {
        self.host = None;
        copy_folder(self.dir().root(), root);
    }

    /// Closes the home and opens it as the next command does.
    pub(super) fn reopen(&mut self) {
        self.host = None;
        self.host = Some(self.dir().open(&mut NoPassphrase).unwrap());
    }

    pub(super) fn host(&mut self) -> &mut Host {
        self.host.as_mut().unwrap()
    }

    pub(super) fn run(&mut self, request: &Request) -> Result<Value, Failure> {
        // As on the socket: what does not survive its JSON would not reach a node.
        let text = serde_json::to_string(request).unwrap();
        let request: Request = serde_json::from_str(&text).unwrap();
        let Self { host, node, .. } = self;
        execute(host.as_mut().unwrap(), node, &request, &mut |_: Event| {})
    }

    pub(super) fn ok(&mut self, request: &Request) -> Value {
        match self.run(request) {
            Ok(data) => data,
            Err(failure) => panic!("{request:?} failed: {failure:?}"),
        }
    }

    pub(super) fn fails(&mut self, request: &Request) -> Failure {
        match self.run(request) {
            Ok(data) => panic!("{request:?} was done: {data}"),
            Err(failure) => {
                assert!(failure.message.ends_with(['.', '?']), "{failure:?}");
                failure
            }
        }
    }

    /// Creates a notebook and returns its id.
    pub(super) fn notebook(&mut self, title: &str, form: &str) -> String {
        let data = self.ok(&Request::Notebook(NotebookRequest::Create {
            title: title.to_owned(),
            form: form.to_owned(),
            role: None,
            template: None,
        }));
        id(&data["notebook"])
    }

    pub(super) fn invite(&mut self, notebook: &str, role: &str) -> Value {
        self.ok(&Request::Invite(InviteRequest::Create {
            notebook: notebook.to_owned(),
            role: role.to_owned(),
            expires_s: None,
        }))
    }

    fn transport(&mut self) -> TransportId {
        self.host().engine.identity().device.card().transport
    }
}

pub(super) fn id(object: &Value) -> String {
    object["id"].as_str().unwrap().to_owned()
}

pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

/// Says that an object has these keys, whatever else it has.
pub(super) fn has_keys(object: &Value, keys: &[&str]) {
    for key in keys {
        assert!(object.get(key).is_some(), "{key} is missing in {object}");
    }
}

/// Lets `joiner` redeem a ticket of `inviter`, and returns the words that the joiner sees.
pub(super) fn join(inviter: &mut Home, joiner: &mut Home, ticket: &str) -> String {
    let ticket: Ticket = ticket.parse().unwrap();
    let identity = joiner.host().engine.identity().clone();
    let mut attempt = Joiner::new(
        ticket,
        identity.roster.clone(),
        &identity.device,
        identity.name.clone(),
        identity.device_label.clone(),
        &mut random(),
    );
    let exporter = [7; 32];
    let (door, now) = (ConnectionId(1), Host::now_ms());
    let remote = joiner.transport();
    let Host {
        engine, storage, ..
    } = inviter.host();
    engine.connected(door, ConnectionKind::Pairing, remote, exporter, now);
    let mut next = Some(attempt.hello(&exporter));
    loop {
        if let Some(message) = next.take() {
            engine.receive(door, &message.to_bytes(), now, storage, &mut random());
        }
        let frame = engine.next_frame(door, storage).unwrap();
        match attempt
            .handle(PairingMessage::parse(&frame).unwrap())
            .unwrap()
        {
            JoinerStep::Send(message) => next = Some(message),
            JoinerStep::Wait => {}
            JoinerStep::Done(joined) => {
                let words = joined.words.clone();
                let Host {
                    engine, storage, ..
                } = joiner.host();
                engine.adopt(*joined, storage).unwrap();
                return words;
            }
        }
    }
}

/// Connects two homes and exchanges frames until both are quiet; the connection stays open.
pub(super) fn connect(left: &mut Home, right: &mut Home, link: u64) {
    let exporter = [9; 32];
    let id = ConnectionId(link);
    let now = Host::now_ms();
    let (to_left, to_right) = (right.transport(), left.transport());
    let dialled = |dialled| ConnectionKind::Sync2 { dialled };
    left.host()
        .engine
        .connected(id, dialled(true), to_left, exporter, now);
    right
        .host()
        .engine
        .connected(id, dialled(false), to_right, exporter, now);
    pump(left, right, link);
}

/// Exchanges frames over an open connection until both are quiet.
pub(super) fn pump(left: &mut Home, right: &mut Home, link: u64) {
    let id = ConnectionId(link);
    for _ in 0..FRAMES_MAX {
        let mut moved = false;
        for left_sends in [true, false] {
            let (sender, receiver) = if left_sends {
                (&mut *left, &mut *right)
            } else {
                (&mut *right, &mut *left)
            };
            let now = Host::now_ms();
            let Host {
                engine, storage, ..
            } = sender.host();
            engine.flush(storage, now, true);
            while let Some(frame) = engine.next_frame(id, storage) {
                moved = true;
                let Host {
                    engine, storage, ..
                } = receiver.host();
                engine.receive(id, &frame, now, storage, &mut random());
            }
        }
        if !moved {
            return;
        }
    }
    panic!("the two devices never come to rest");
}

/// Ends a connection on both sides, and keeps what each learned of the other.
pub(super) fn disconnect(left: &mut Home, right: &mut Home, link: u64) {
    for home in [left, right] {
        let Host {
            engine, storage, ..
        } = home.host();
        engine.disconnected(ConnectionId(link), Host::now_ms());
        engine.save_peers(storage).unwrap();
    }
}

/// A mentor and a mentee in one notebook, connected over link 2 and up to date.
pub(super) fn pair() -> (Home, Home, String) {
    let (mut ada, mut ben) = (Home::new("Ada"), Home::new("Ben"));
    let notebook = ada.notebook("Ada and Ben", "one-on-one");
    let ticket = ada.invite(&notebook, "mentee");
    join(&mut ada, &mut ben, text(&ticket["ticket"]));
    connect(&mut ada, &mut ben, 2);
    (ada, ben, notebook)
}
