//! W4 and W6: two nodes that were apart find each other and get in sync.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use hearth_core::ids::NotebookId;
use hearth_node::driver::Node;

use crate::homes::{Homes, Hosts, Running, failed, one_in_sync};
use crate::peer::{Linked, Memory, Synced};
use crate::peer_script::Copies;

/// What one reconnection came to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reconnection {
    /// From the dial to both sides knowing that both have everything.
    pub(crate) time: Duration,
    /// From the dial until every change is in its document as well.
    pub(crate) shown: Duration,
    /// UDP payload of the connection, both directions.
    pub(crate) bytes: u64,
}

/// Measures the product, on homes of which the second lacks something. Their documents are open
/// before the clock starts, as they are in a node that has run for a while.
pub(crate) async fn product(homes: &Homes, notebooks: &[NotebookId]) -> Result<Reconnection> {
    let mut hosts = homes.open()?;
    hosts.warm(notebooks)?;
    let Hosts { first, second } = hosts;
    let first = Running::start(first).await?;
    let waiting = tokio::spawn({
        let node = first.node.clone();
        async move { one_in_sync(&node).await }
    });
    let second = Running::start(second).await?;
    // The engine dials when it has done what was queued, so this is the moment of the dial.
    let dial = second
        .node
        .work(|host| (Instant::now(), host.engine.sessions().next().is_none()));
    let (dial, own) = tokio::join!(dial, one_in_sync(&second.node));
    let (dialled, was_apart) = dial.map_err(failed)?;
    own?;
    waiting.await??;
    let time = dialled.elapsed();
    while second
        .node
        .work(|host| host.engine.is_behind())
        .await
        .map_err(failed)?
    {
        tokio::time::sleep(Duration::from_micros(500)).await;
    }
    let shown = dialled.elapsed();
    ensure!(was_apart, "the nodes had met before the clock started");
    let links = second.node.link_stats().await.map_err(failed)?;
    let link = links.first().context("the link is gone")?;
    let bytes = link.sent_bytes + link.received_bytes;
    ensure!(
        frontiers(&first.node, notebooks).await? == frontiers(&second.node, notebooks).await?,
        "the nodes differ although both say that they are in sync"
    );
    first.stop().await?;
    second.stop().await?;
    Ok(Reconnection { time, shown, bytes })
}

/// Returns what a node has of each notebook, and how many entries wait there.
async fn frontiers(node: &Node, notebooks: &[NotebookId]) -> Result<Vec<([u8; 32], usize)>> {
    let notebooks = notebooks.to_vec();
    let read = node.work(move |host| {
        let engine = &mut host.engine;
        notebooks
            .iter()
            .map(|notebook| {
                let replica = engine.replica_mut(*notebook);
                replica.map_or(([0; 32], 0), |replica| {
                    (replica.frontier_digest(), replica.waiting())
                })
            })
            .collect()
    });
    read.await.map_err(failed)
}

/// Measures the peer, on documents of which the second side lacks something.
pub(crate) async fn peer(documents: &[Copies], memory: Memory) -> Result<Reconnection> {
    let sides = |mine: fn(&Copies) -> &automerge::Automerge| {
        documents
            .iter()
            // What the second side has is what both had when they parted.
            .map(|copies| Synced::new(mine(copies).clone(), &copies.second, memory))
            .collect::<Result<Vec<_>>>()
    };
    let first = sides(|copies| &copies.first)?;
    let second = sides(|copies| &copies.second)?;
    let mut linked = Linked::connect(first, second).await?;
    linked.in_sync().await?;
    let time = linked.dialled.elapsed();
    let reconnection = Reconnection {
        time,
        shown: time,
        bytes: linked.bytes(),
    };
    for (number, copies) in documents.iter().enumerate() {
        let heads = linked.second.read(number, automerge::Automerge::get_heads);
        ensure!(
            heads == Some(copies.first.get_heads()),
            "a document differs"
        );
    }
    linked.close().await;
    Ok(reconnection)
}
