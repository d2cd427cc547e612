//! W5: an empty device gets W1. Whoever gets it is a process of its own, for the product and for the peer, so
//! that its memory can be told.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use automerge::Automerge;
use hearth_core::ids::NotebookId;
use hearth_node::driver::Node;
use hearth_node::host::HomeDir;
use hearth_notebook::{ObjectId, session};
use iroh::{EndpointAddr, TransportAddr};
use serde_json::{Value, json};

use crate::child;
use crate::homes::{NoPassphrase, Running, failed};
use crate::peer::{self, Memory, Synced};
use crate::report::{Goal, Report, median_by};
use crate::workload::Size;
use crate::written::Written;

/// Pause between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(1);
/// How long a bootstrap may take before something is wrong.
const PATIENCE: Duration = Duration::from_secs(120);

/// What one bootstrap came to.
#[derive(Debug, Clone, Copy)]
struct Bootstrap {
    /// From the dial until the newest session can be read.
    readable: Duration,
    /// Until everything is on the disk, its authorship verified.
    held: Duration,
    /// Until every document is built.
    built: Duration,
    /// UDP payload, both directions.
    bytes: f64,
    /// The most memory that the process of the empty device took.
    peak_mib: f64,
}

/// Measures both and adds their lines.
pub(crate) async fn report(
    written: &Written,
    folder: &Path,
    size: &Size,
    report: &mut Report,
) -> Result<()> {
    let (mut readable, mut ours, mut peers) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..size.rounds {
        for is_read in [true, false] {
            let name = if is_read { "read" } else { "held" };
            let folder = folder.join(format!("bootstrap-{round}-{name}"));
            let came = product(written, &folder, is_read).await?;
            eprintln!("W5 {name}: {came:?}");
            if is_read { &mut readable } else { &mut ours }.push(came);
        }
        let peer = peer(written).await?;
        eprintln!("W5 peer: {peer:?}");
        peers.push(peer);
    }
    let readable = median_by(readable, |round| round.readable);
    let ours = median_by(ours, |round| round.held);
    let peer = median_by(peers, |round| round.held);
    report.time(
        "W5 first session readable",
        readable.readable,
        peer.readable,
        Goal::Ratio(0.03),
    );
    report.time("W5 in sync", ours.held, peer.held, Goal::Ratio(0.6));
    report.time(
        "W5 every document built",
        ours.built,
        peer.built,
        Goal::Ratio(1.2),
    );
    report.bytes("W5 bytes", ours.bytes, peer.bytes, Goal::Ratio(1.5));
    report.memory(
        "W5 peak memory",
        ours.peak_mib,
        Some(peer.peak_mib),
        Goal::Ratio(0.3),
    );
    Ok(())
}

async fn product(written: &Written, folder: &Path, is_read: bool) -> Result<Bootstrap> {
    for name in ["first", "third"] {
        written.homes.copy_home(name, folder)?;
    }
    let homes = crate::homes::Homes::at(folder);
    let first = Running::start(homes.open_one("first")?).await?;
    let third = homes.home("third");
    let arguments = [
        "bootstrap".to_owned(),
        third.root().to_str().context("an odd folder")?.to_owned(),
        written.notebook.to_string(),
        written.last.to_string(),
        written.last_chars.to_string(),
        written.entries.to_string(),
        if is_read { "read" } else { "held" }.to_owned(),
    ];
    let came = run(&arguments).await?;
    first.stop().await?;
    Ok(came)
}

async fn peer(written: &Written) -> Result<Bootstrap> {
    let document = Automerge::load(&std::fs::read(written.peer_document())?)?;
    let host = peer::endpoint().await?;
    let addr = *host.bound_sockets().first().context("no address")?;
    let arguments = ["peer".to_owned(), host.id().to_string(), addr.to_string()];
    let serving = tokio::spawn(async move {
        let connection = host.accept().await.context("the endpoint closed")?.await?;
        let empty = Automerge::new();
        let documents = vec![Synced::new(document, &empty, Memory::Nothing)?];
        let _side = peer::begin(connection.accept_bi().await?, documents).await?;
        connection.closed().await;
        host.close().await;
        anyhow::Ok(())
    });
    let came = run(&arguments).await?;
    serving.await??;
    Ok(came)
}

async fn run(arguments: &[String]) -> Result<Bootstrap> {
    let arguments = arguments.to_vec();
    let answer = tokio::task::spawn_blocking(move || {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        child::finish(&arguments)
    });
    let answer = answer.await??;
    let number = |name: &str| answer[name].as_f64().context("a figure is missing");
    let time =
        |name: &str| -> Result<Duration> { Ok(Duration::from_secs_f64(number(name)? / 1e3)) };
    Ok(Bootstrap {
        readable: time("readable")?,
        held: time("held")?,
        built: time("built")?,
        bytes: number("bytes")?,
        peak_mib: number("peak_mib")?,
    })
}

/// In a process of its own: the empty device.
pub(crate) async fn child(arguments: &[&str]) -> Result<Value> {
    let [home, notebook, last, chars, entries, what] = arguments else {
        bail!("bootstrap HOME NOTEBOOK SESSION CHARACTERS ENTRIES read|held");
    };
    let notebook: NotebookId = notebook.parse()?;
    let last: ObjectId = last.parse().map_err(|_| anyhow!("no id"))?;
    let (chars, entries): (usize, u64) = (chars.parse()?, entries.parse()?);
    let host = HomeDir::new(*home, None)
        .open(&mut NoPassphrase)
        .map_err(failed)?;
    let running = Running::start(host).await?;
    let node = &running.node;
    // The engine dials when it has done what was queued, so this is the moment of the dial.
    let dial = node.work(|_| Instant::now()).await.map_err(failed)?;
    let millis = || dial.elapsed().as_secs_f64() * 1e3;
    let mut readable = 0.0;
    if *what == "read" {
        until(|| is_readable(node, notebook, last, chars)).await?;
        readable = millis();
    }
    until(|| holds(node, notebook, entries)).await?;
    let held = millis();
    until(|| is_built(node, notebook)).await?;
    let built = millis();
    let links = node.link_stats().await.map_err(failed)?;
    let bytes: u64 = links
        .iter()
        .map(|link| link.sent_bytes + link.received_bytes)
        .sum();
    let peak_mib = child::peak_mib("self")?;
    until(|| is_readable(node, notebook, last, chars)).await?;
    running.stop().await?;
    Ok(json!({
        "readable": readable, "held": held, "built": built, "bytes": bytes, "peak_mib": peak_mib,
    }))
}

async fn until<F>(mut look: impl FnMut() -> F) -> Result<()>
where
    F: Future<Output = Result<bool>>,
{
    let start = Instant::now();
    while !look().await? {
        if start.elapsed() > PATIENCE {
            bail!("it takes too long");
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(())
}

async fn is_readable(
    node: &Node,
    notebook: NotebookId,
    last: ObjectId,
    chars: usize,
) -> Result<bool> {
    let read = node
        .work(move |host| host.read(notebook, |docs, _| Ok(session::notes(docs, last))))
        .await
        .map_err(failed)?;
    // As long as the session is not there, there is nothing to read.
    Ok(read
        .map_err(failed)?
        .is_ok_and(|notes| notes.text.chars().count() == chars))
}

/// Says whether all that others wrote is on the disk.
async fn holds(node: &Node, notebook: NotebookId, entries: u64) -> Result<bool> {
    let own = move |host: &mut hearth_node::host::Host| {
        let device = host.my_device();
        let replica = host.engine.replica(notebook)?;
        let of_others = replica.tips().filter(|(log, _)| log.device != device);
        let held: u64 = of_others.map(|(_, seq)| seq.get()).sum();
        Some(held >= entries && !replica.has_unsaved())
    };
    Ok(node.work(own).await.map_err(failed)?.unwrap_or(false))
}

async fn is_built(node: &Node, notebook: NotebookId) -> Result<bool> {
    let built = node.work(move |host| {
        let replica = host.engine.replica(notebook)?;
        Some(!replica.is_behind() && replica.waiting() == 0)
    });
    Ok(built.await.map_err(failed)?.unwrap_or(false))
}

/// In a process of its own: the peer's empty device.
pub(crate) async fn peer_child(arguments: &[&str]) -> Result<Value> {
    let [id, addr] = arguments else {
        bail!("peer ID ADDRESS");
    };
    let addr: SocketAddr = addr.parse()?;
    let addr = EndpointAddr::from_parts(id.parse()?, [TransportAddr::Ip(addr)]);
    let guest = peer::endpoint().await?;
    let dial = Instant::now();
    let connection = guest.connect(addr, peer::ALPN).await?;
    let empty = Automerge::new();
    let documents = vec![Synced::new(empty.clone(), &empty, Memory::Nothing)?];
    let (side, mut heard) = peer::begin(connection.open_bi().await?, documents).await?;
    side.in_sync(&mut heard).await?;
    let held = dial.elapsed().as_secs_f64() * 1e3;
    let stats = connection.stats();
    let answer = json!({
        "readable": held, "held": held, "built": held,
        "bytes": stats.udp_tx.bytes + stats.udp_rx.bytes,
        "peak_mib": child::peak_mib("self")?,
    });
    connection.close(0_u32.into(), b"done");
    // An endpoint that does not end in time ends with the process.
    let _late = tokio::time::timeout(Duration::from_secs(2), guest.close()).await;
    Ok(answer)
}
