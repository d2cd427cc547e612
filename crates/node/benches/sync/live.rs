//! W3: one keystroke a change into a 2 kB note, between two synced nodes.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use automerge::ReadDoc;
use automerge::transaction::{CommitOptions, Transactable};
use hearth_core::ids::NotebookId;
use hearth_node::driver::Node;
use hearth_notebook::{ObjectId, session};

use crate::homes::{Homes, Running, failed, in_sync};
use crate::peer::{Linked, Memory, Synced};
use crate::peer_script::{self, Copies};
use crate::report::{median_by, percentile};
use crate::workload::Size;

/// How long everything rests between a keystroke that is readable at the peer and the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// Not at all.
    BackToBack,
    /// A while. A fast typist leaves a hundred milliseconds; less keeps the run short, and shows the
    /// same: cores and disk have gone to sleep, and both sides wait for them to wake up.
    Rested,
}

impl Pace {
    const REST: Duration = Duration::from_millis(20);

    async fn rest(self) {
        match self {
            Self::BackToBack => {}
            Self::Rested => tokio::time::sleep(Self::REST).await,
        }
    }
}

/// Keystrokes before those that count.
const WARM_UP: usize = 20;
/// Where typing goes on in the note.
const POSITION: usize = 1_000;
/// How long a keystroke may take before something is wrong.
const PATIENCE: Duration = Duration::from_secs(10);

/// What one round of typing came to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Typing {
    /// From before the commit to readable at the peer.
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    /// How much of the median went by before the commit began, on its way to the thread that holds the
    /// documents.
    pub(crate) handed_over: Duration,
    /// UDP payload for each keystroke, both directions.
    pub(crate) bytes: f64,
}

impl Typing {
    fn of(mut times: Vec<Duration>, mut handed_over: Vec<Duration>, bytes: u64) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "a few hundred kilobytes")]
        let bytes = bytes as f64 / times.len().max(1) as f64;
        times.sort();
        handed_over.sort();
        Self {
            handed_over: percentile(&handed_over, 50),
            p50: percentile(&times, 50),
            p99: percentile(&times, 99),
            bytes,
        }
    }
}

/// Measures the product. Each round types into the note of another session.
pub(crate) async fn product(
    homes: &Homes,
    notebook: NotebookId,
    sessions: &[ObjectId],
    size: &Size,
    pace: Pace,
) -> Result<Typing> {
    let mut hosts = homes.open()?;
    hosts.warm(&[notebook])?;
    let first = Running::start(hosts.first).await?;
    let second = Running::start(hosts.second).await?;
    in_sync(&first.node, &second.node).await?;
    let mut rounds = Vec::new();
    for session in sessions.iter().rev().take(size.rounds) {
        rounds.push(round(&first.node, &second.node, notebook, *session, size, pace).await?);
    }
    in_sync(&first.node, &second.node).await?;
    let session = *sessions.last().context("there is no session")?;
    ensure!(
        text(&first.node, notebook, session).await?
            == text(&second.node, notebook, session).await?,
        "the notes differ after typing"
    );
    first.stop().await?;
    second.stop().await?;
    Ok(median_by(rounds, |typing| typing.p50))
}

async fn round(
    first: &Node,
    second: &Node,
    notebook: NotebookId,
    session: ObjectId,
    size: &Size,
    pace: Pace,
) -> Result<Typing> {
    let mut applied = second.subscribe().await.map_err(failed)?;
    let writer = first.work(|host| host.my_device()).await.map_err(failed)?;
    let mut times = Vec::with_capacity(size.keystrokes);
    let mut handed_over = Vec::with_capacity(size.keystrokes);
    let mut before = 0;
    for key in 0..WARM_UP + size.keystrokes {
        if key == WARM_UP {
            before = traffic(first).await?;
        }
        let start = Instant::now();
        let begun = first
            .work(move |host| {
                let begun = Instant::now();
                host.edit(notebook, |docs, writer| {
                    session::splice_notes(docs, writer, session, POSITION + key, 0, "x")
                })
                .map(|()| begun)
            })
            .await
            .and_then(|written| written)
            .map_err(failed)?;
        loop {
            let (_, change) = tokio::time::timeout(PATIENCE, applied.recv())
                .await?
                .context("the node stopped")?;
            if change.log.device == writer {
                break;
            }
        }
        if key >= WARM_UP {
            times.push(start.elapsed());
            handed_over.push(begun - start);
        }
        pace.rest().await;
    }
    let bytes = traffic(first).await? - before;
    Ok(Typing::of(times, handed_over, bytes))
}

async fn text(node: &Node, notebook: NotebookId, session: ObjectId) -> Result<String> {
    let read =
        node.work(move |host| host.read(notebook, |docs, _| Ok(session::notes(docs, session))));
    Ok(read.await.and_then(|read| read).map_err(failed)??.text)
}

async fn traffic(node: &Node) -> Result<u64> {
    let links = node.link_stats().await.map_err(failed)?;
    Ok(links
        .iter()
        .map(|link| link.sent_bytes + link.received_bytes)
        .sum())
}

/// Measures the peer.
pub(crate) async fn peer(copies: &Copies, size: &Size, pace: Pace) -> Result<Typing> {
    let first = Synced::new(copies.first.clone(), &copies.second, Memory::Parting)?;
    let second = Synced::new(copies.second.clone(), &copies.first, Memory::Parting)?;
    let mut linked = Linked::connect(vec![first], vec![second]).await?;
    linked.in_sync().await?;
    let mut rounds = Vec::new();
    for session in (0..size.sessions).rev().take(size.rounds) {
        rounds.push(peer_round(&mut linked, session, size, pace).await?);
    }
    linked.close().await;
    Ok(median_by(rounds, |typing| typing.p50))
}

async fn peer_round(
    linked: &mut Linked,
    session: usize,
    size: &Size,
    pace: Pace,
) -> Result<Typing> {
    let notes = linked
        .first
        .read(0, |document| peer_script::notes(document, session))
        .context("there is no document")??;
    let length = |document: &automerge::Automerge| document.length(&notes);
    let mut wanted = linked.first.read(0, length).unwrap_or(0);
    let mut times = Vec::with_capacity(size.keystrokes);
    let mut before = 0;
    for key in 0..WARM_UP + size.keystrokes {
        if key == WARM_UP {
            before = linked.bytes();
        }
        let start = Instant::now();
        linked
            .first
            .edit(0, |document| {
                let mut transaction = document.transaction();
                transaction.splice_text(&notes, POSITION + key, 0, "x")?;
                transaction.commit_with(CommitOptions::default());
                Ok(())
            })
            .await?;
        wanted += 1;
        while linked.second.read(0, length) != Some(wanted) {
            tokio::time::timeout(PATIENCE, linked.second_heard.recv())
                .await?
                .context("the connection ended")?;
        }
        if key >= WARM_UP {
            times.push(start.elapsed());
        }
        pace.rest().await;
    }
    Ok(Typing::of(times, Vec::new(), linked.bytes() - before))
}
