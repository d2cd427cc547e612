//! Several requests in a row, all done by the same one: the node where one runs, else this process.

use std::time::Instant;

use serde_json::Value;
use tokio::runtime::Runtime;

use super::call::{LOCK_PAUSE, LOCK_WAIT, connect};
use super::runtime;
use crate::api::{Exit, Failure, PassphraseSource, Request};
use crate::driver::{EngineTask, Node, Stay, event_queue};
use crate::host::{HomeDir, Host};
use crate::service::{self, NodeFacts};

/// Who does several requests in a row.
pub(super) enum Row<'a> {
    /// The node that runs.
    Node(&'a HomeDir),
    /// The home that this process opened.
    Home(Box<Host>),
    /// A node that this process runs for the time of the command.
    Visit(Box<Visit>),
    /// Nobody any more: what was to do it did not start.
    Nobody,
}

/// A node that runs for one command.
pub(super) struct Visit {
    runtime: Runtime,
    node: Node,
    ended: EngineTask,
}

impl<'a> Row<'a> {
    pub(super) fn begin(
        home: &'a HomeDir,
        passphrases: &mut dyn PassphraseSource,
    ) -> Result<Self, Failure> {
        let deadline = Instant::now() + LOCK_WAIT;
        loop {
            if connect(home)?.is_some() {
                return Ok(Self::Node(home));
            }
            match home.open(passphrases) {
                Ok(host) => return Ok(Self::Home(Box::new(host))),
                Err(failure) if failure.exit == Exit::Locked && Instant::now() < deadline => {
                    std::thread::sleep(LOCK_PAUSE);
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    /// Has it reach others as well: where no node runs, one does from now on until the row ends.
    pub(super) fn link(&mut self) -> Result<(), Failure> {
        let before = std::mem::replace(self, Self::Nobody);
        *self = match before {
            Self::Home(host) => {
                let runtime = runtime()?;
                let (node, ended) = runtime.block_on(Node::start(*host, None, Stay::OneCommand))?;
                Self::Visit(Box::new(Visit {
                    runtime,
                    node,
                    ended,
                }))
            }
            other => other,
        };
        Ok(())
    }

    pub(super) fn call(&mut self, request: Request) -> Result<Value, Failure> {
        match self {
            Self::Node(home) => {
                let client = connect(home)?.ok_or_else(|| {
                    Failure::error(
                        "node_stopped",
                        "The node stopped before the command was done.",
                    )
                    .with_hint("Run the command again.")
                })?;
                Ok(client.call(request, &mut |_| {})?)
            }
            Self::Home(host) => {
                service::execute(host, &NodeFacts::default(), &request, &mut |_| {})
            }
            Self::Visit(visit) => {
                let (events, _unread) = event_queue();
                visit.runtime.block_on(visit.node.call(request, events))
            }
            Self::Nobody => Err(Failure::error(
                "internal",
                "What was to do this request did not start.",
            )),
        }
    }

    /// Ends the row; saves what makes the next start quick.
    pub(super) fn end(self) {
        match self {
            Self::Node(_) | Self::Nobody => {}
            Self::Home(mut host) => {
                let Host {
                    engine, storage, ..
                } = &mut *host;
                if let Err(error) = engine.snapshot(storage) {
                    // The next command only reads more.
                    tracing::warn!(%error, "the saved state is not up to date");
                }
            }
            Self::Visit(visit) => {
                let Visit {
                    runtime,
                    node,
                    mut ended,
                } = *visit;
                runtime.block_on(async {
                    node.shutdown().await;
                    if let Err(failure) = ended.ended().await {
                        tracing::warn!(failure = %failure.message, "the node of this command broke");
                    }
                });
            }
        }
    }
}
