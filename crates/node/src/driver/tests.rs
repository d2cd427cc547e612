//! Nodes with real endpoints on loopback, in one process.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::{Duration, Instant};

use hearth_core::storage::{Space, Storage};
use serde_json::Value;
use tempfile::TempDir;

use super::{EngineTask, Node, Stay, event_queue};
use crate::api::{
    Event, Failure, InviteRequest, LiveRequest, NotebookRequest, PassphraseSource, Request, Secret,
    SessionRequest, Typed,
};
use crate::host::{HomeDir, InitHome, InitProtection};

/// Nobody types anything in these tests.
struct NoPassphrase;

impl PassphraseSource for NoPassphrase {
    fn existing(&mut self) -> Result<Secret, Failure> {
        Err(Failure::usage("passphrase_needed", "Nobody is there."))
    }

    fn fresh(&mut self) -> Result<Secret, Failure> {
        self.existing()
    }
}

async fn start(folder: &TempDir, name: &str, stay: Stay) -> (Node, EngineTask) {
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
    Node::start(host, Some(loopback), stay).await.unwrap()
}

async fn ask(node: &Node, request: Request) -> Value {
    let (events, _nobody_reads) = event_queue();
    node.call(request, events).await.unwrap()
}

/// Makes a notebook and invites somebody to it.
async fn invite(node: &Node) -> Value {
    let create = NotebookRequest::Create {
        title: "Ours".to_owned(),
        form: "one-on-one".to_owned(),
        role: None,
        template: None,
    };
    ask(node, Request::Notebook(create)).await;
    let invite = InviteRequest::Create {
        notebook: "Ours".to_owned(),
        role: "mentee".to_owned(),
        expires_s: None,
    };
    ask(node, Request::Invite(invite)).await
}

async fn sync(node: &Node, timeout_ms: u64) -> Value {
    let request = Request::Sync {
        notebook: Some("Ours".to_owned()),
        timeout_ms,
    };
    ask(node, request).await["peers"][0]["result"].clone()
}

#[tokio::test]
async fn an_engine_that_breaks_is_reported_and_one_that_is_told_to_stop_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (node, mut task) = start(&folder, "broken", Stay::Running).await;
    let broken = node.work(|_| panic!("a fault")).await;
    assert_eq!(broken.unwrap_err().code, "node_stopping");
    let failure = task.ended().await.unwrap_err();
    assert_eq!(failure.code, "engine_died");
    assert!(failure.hint.unwrap().contains("hearth up"));

    let (node, mut task) = start(&folder, "sound", Stay::Running).await;
    node.shutdown().await;
    task.ended().await.unwrap();
}

#[tokio::test]
async fn only_a_node_that_stays_invites_without_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    for (stay, warns) in [(Stay::Running, false), (Stay::OneCommand, true)] {
        let (node, mut task) = start(&folder, &format!("{stay:?}"), stay).await;
        let invite = invite(&node).await;
        assert_eq!(invite["hint"].is_string(), warns, "{invite}");
        assert!(invite["ticket"].is_string());
        node.shutdown().await;
        task.ended().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_was_heard_for_the_first_time_is_remembered_by_a_node_that_is_killed_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (ana, mut ana_task) = start(&folder, "Ana", Stay::Running).await;
    let (ben, mut ben_task) = start(&folder, "Ben", Stay::Running).await;
    let ticket = invite(&ana).await["ticket"].as_str().unwrap().to_owned();
    let join = Request::Join {
        ticket,
        timeout_ms: u64::MAX,
    };
    ask(&ben, join).await;
    let (heard, kept) = ben
        .work(|host| {
            let notebook = host.engine.notebooks().next().unwrap();
            let statuses = host.engine.peer_statuses(notebook);
            let heard = statuses.iter().filter(|peer| peer.heard_ms.is_some());
            let kept = host.storage.scan(notebook, Space::Frontier).unwrap();
            (heard.count(), kept.len())
        })
        .await
        .unwrap();
    assert_eq!((heard, kept), (1, 1));
    for (node, task) in [(ana, &mut ana_task), (ben, &mut ben_task)] {
        node.shutdown().await;
        task.ended().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_sync_waits_for_as_long_as_its_own_caller() {
    const STALLED: Duration = Duration::from_millis(1_500);
    let folder = tempfile::tempdir().unwrap();
    let (ana, mut ana_task) = start(&folder, "Ana", Stay::Running).await;
    let (ben, mut ben_task) = start(&folder, "Ben", Stay::Running).await;
    let ticket = invite(&ana).await["ticket"].as_str().unwrap().to_owned();
    let join = Request::Join {
        ticket,
        timeout_ms: u64::MAX,
    };
    assert!(ask(&ben, join).await["words"].is_string());
    assert_eq!(sync(&ana, u64::MAX).await, "acknowledged");

    let stalled = {
        let ben = ben.clone();
        tokio::spawn(async move { ben.work(|_| std::thread::sleep(STALLED)).await.unwrap() })
    };
    tokio::time::sleep(Duration::from_millis(100)).await;
    let question = Request::Ask {
        notebook: "Ours".to_owned(),
        text: "Who has this?".to_owned(),
    };
    ask(&ana, question).await;
    let since = Instant::now();
    let (short, long) = tokio::join!(sync(&ana, 200), sync(&ana, 30_000));
    assert_eq!((short, long), ("answered".into(), "acknowledged".into()));
    assert!(since.elapsed() < Duration::from_secs(30));
    stalled.await.unwrap();
    for (node, task) in [(ana, &mut ana_task), (ben, &mut ben_task)] {
        node.shutdown().await;
        task.ended().await.unwrap();
    }
}

/// A window of the page that shows notes.
struct Window {
    name: String,
    place: (String, String),
    base: Vec<String>,
    told: tokio::sync::mpsc::Receiver<Event>,
}

fn heads(told: &Value) -> Vec<String> {
    serde_json::from_value(told["heads"].clone()).unwrap()
}

impl Window {
    async fn open(node: &Node, name: &str, place: &(String, String)) -> Self {
        let (events, told) = event_queue();
        let follow = Request::Live(LiveRequest::Follow {
            notebook: place.0.clone(),
            session: place.1.clone(),
            window: name.to_owned(),
            base: None,
        });
        let node = node.clone();
        tokio::spawn(async move { node.call(follow, events).await });
        let mut window = Self {
            name: name.to_owned(),
            place: place.clone(),
            base: Vec::new(),
            told,
        };
        window.base = heads(&window.next().await["whole"]);
        window
    }

    /// The next thing that the window is told of the notes.
    async fn next(&mut self) -> Value {
        loop {
            let told = tokio::time::timeout(Duration::from_secs(20), self.told.recv()).await;
            match told.expect("told in time").expect("the stream goes on") {
                Event::Item(line) if line.get("people").is_none() => return line,
                _ => {}
            }
        }
    }

    async fn type_in(&mut self, node: &Node, number: u64, letter: &str) -> Value {
        let typed = Typed {
            notebook: self.place.0.clone(),
            session: self.place.1.clone(),
            window: self.name.clone(),
            number,
            base: self.base.clone(),
            edits: vec![hearth_notebook::live::Patch {
                insert: letter.to_owned(),
                ..Default::default()
            }],
            ..Typed::default()
        };
        let answer = ask(node, Request::Live(LiveRequest::Type(typed))).await;
        self.base = heads(&answer);
        answer
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_is_told_what_others_type_and_not_again_what_it_was_answered() {
    let folder = tempfile::tempdir().unwrap();
    let (ana, mut task) = start(&folder, "Ana", Stay::Running).await;
    invite(&ana).await;
    let plan = Request::Session(SessionRequest::Plan {
        notebook: "Ours".to_owned(),
        title: None,
        at: "2026-12-01T15:00".to_owned(),
        zone: Some("Europe/Berlin".to_owned()),
        minutes: None,
        place: None,
        every: None,
        template: Some("none".to_owned()),
        attendees: Vec::new(),
    });
    let planned = ask(&ana, plan).await;
    let session = planned["session"]["id"].as_str().unwrap().to_owned();
    let shown = ask(
        &ana,
        Request::Notebook(NotebookRequest::Show {
            notebook: "Ours".to_owned(),
        }),
    )
    .await;
    let place = (
        shown["notebook"]["id"].as_str().unwrap().to_owned(),
        session,
    );
    let mut one = Window::open(&ana, "one", &place).await;
    let mut two = Window::open(&ana, "two", &place).await;
    let began = one.base.clone();
    let first = one.type_in(&ana, 1, "a").await;
    let second = one.type_in(&ana, 2, "b").await;
    assert!(first["turn"].as_u64() < second["turn"].as_u64());
    // The other hears of both, from the version that it shows on.
    let step = two.next().await["step"].clone();
    assert_eq!(step["from"], serde_json::json!(began));
    while two.base != heads(&second) {
        let told = if two.base == began {
            step.clone()
        } else {
            two.next().await["step"].clone()
        };
        two.base = heads(&told);
    }
    // The first thing that the writer is told is what the other typed, from where its own answer left it.
    let answer = two.type_in(&ana, 1, "c").await;
    let told = one.next().await["step"].clone();
    assert_eq!(told["from"], second["heads"]);
    assert_eq!(told["heads"], answer["heads"]);
    assert_eq!(told["patches"][0]["insert"], "c");
    assert!(told["turn"].as_u64() > second["turn"].as_u64());
    ana.shutdown().await;
    task.ended().await.unwrap();
}
