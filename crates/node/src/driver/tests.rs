//! Nodes with real endpoints on loopback, in one process.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::{Duration, Instant};

use hearth_core::storage::{Space, Storage};
use serde_json::Value;
use tempfile::TempDir;

use super::{EngineTask, Node, Stay, event_queue};
use crate::api::{Failure, InviteRequest, NotebookRequest, PassphraseSource, Request, Secret};
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
