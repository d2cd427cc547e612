//! Nodes with real endpoints on loopback, in one process.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use tempfile::TempDir;

use super::{EngineTask, Node};
use crate::api::{Failure, PassphraseSource, Secret};
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
    Node::start(host, Some(loopback)).await.unwrap()
}

#[tokio::test]
async fn an_engine_that_breaks_is_reported_and_one_that_is_told_to_stop_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (node, mut task) = start(&folder, "broken").await;
    let broken = node.work(|_| panic!("a fault")).await;
    assert_eq!(broken.map(|()| ()).unwrap_err().code, "node_stopping");
    let failure = task.ended().await.unwrap_err();
    assert_eq!(failure.code, "engine_died");
    assert!(failure.hint.unwrap().contains("hearth up"));

    let (node, mut task) = start(&folder, "sound").await;
    node.shutdown().await;
    task.ended().await.unwrap();
}
