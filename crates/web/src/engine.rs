//! How the page asks: the same requests as the commands', through the same queue, in this process.

use std::time::Duration;

use hearth_node::api::{Event, Failure, Request};
use hearth_node::driver::{Node, event_queue};
use serde_json::Value;
use tokio::sync::{mpsc, watch};

use crate::limits::ANSWER_TIMEOUT;

/// How long a request waits for a node that is starting, as after the first steps of a new person.
const START_TIMEOUT: Duration = Duration::from_secs(20);

/// The running node, which another one may replace.
#[derive(Debug)]
pub(crate) struct Engine(watch::Sender<Option<Node>>);

impl Default for Engine {
    fn default() -> Self {
        Self(watch::Sender::new(None))
    }
}

impl Engine {
    /// Asks this node from now on.
    pub(crate) fn replace(&self, node: Option<Node>) {
        self.0.send_replace(node);
    }

    /// Has a request done.
    ///
    /// # Errors
    /// What the node says, or that there is none.
    pub(crate) async fn ask(&self, request: Request) -> Result<Value, Failure> {
        let node = self.node().await?;
        let (events, _unread) = event_queue();
        let answer = tokio::time::timeout(ANSWER_TIMEOUT, node.call(request, events));
        answer.await.unwrap_or_else(|_| Err(took_too_long()))
    }

    /// Has a request done that tells something on the way; the answer comes through `done`.
    ///
    /// # Errors
    /// That there is no node.
    pub(crate) async fn follow(
        &self,
        request: Request,
    ) -> Result<
        (
            mpsc::Receiver<Event>,
            tokio::task::JoinHandle<Result<Value, Failure>>,
        ),
        Failure,
    > {
        let node = self.node().await?;
        let (events, queue) = event_queue();
        let call = tokio::spawn(async move { node.call(request, events).await });
        Ok((queue, call))
    }

    /// Waits until there is a node.
    ///
    /// # Errors
    /// That there is none after a while.
    pub(crate) async fn begun(&self) -> Result<(), Failure> {
        self.node().await.map(drop)
    }

    async fn node(&self) -> Result<Node, Failure> {
        let mut changes = self.0.subscribe();
        let there = changes.wait_for(Option::is_some);
        let found = tokio::time::timeout(START_TIMEOUT, there).await;
        match found {
            Ok(Ok(node)) => node.clone().ok_or_else(not_there),
            _ => Err(not_there()),
        }
    }
}

fn not_there() -> Failure {
    Failure::error("node_stopped", "The node is not running.")
        .with_hint("Start it again with `hearth up`.")
}

fn took_too_long() -> Failure {
    Failure::error("took_too_long", "The node did not answer in time.")
        .with_hint("What it had confirmed is on disk; look before you do it again.")
}
