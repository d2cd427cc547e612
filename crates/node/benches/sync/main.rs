//! What sync costs, beside the first peer: Automerge's own sync messages over the same iroh.
//!
//! Run with `cargo bench -p hearth-node --bench sync`, all of it or the names that follow `--`: `W1`,
//! `W2`, `W3`, `W4`, `W5`, `W6`, `open`, `commit`; `W1x10` only where it is named.
//! `HEARTH_BENCH_SCALE=0.1` does a tenth of the
//! work, which shows that everything runs and says little about the goals. `HEARTH_BENCH_DIR` names
//! the folder to work in; the disk under it is what commits wait for. `HEARTH_BENCH_KEEP` names a folder in
//! which the notebooks of W1 and W5 are kept, so that the next run need not write them again.
//!
//! `docs/BENCHMARKS.md` says what is measured and how, and keeps the last table.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark reports to the terminal"
)]

mod bootstrap;
mod child;
mod cold;
mod disk;
mod homes;
mod live;
mod opening;
mod peer;
mod peer_script;
mod reconnect;
mod report;
mod script;
mod stress;
mod workload;
mod written;

use std::iter;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use automerge::Automerge;
use hearth_core::ids::NotebookId;
use hearth_node::host::Host;
use hearth_notebook::{ObjectId, action};

use homes::{Homes, Wire, failed};
use live::{Pace, Typing};
use peer::Memory;
use peer_script::Copies;
use reconnect::Reconnection;
use report::{Goal, Report, bytes, median_by};
use script::Made;
use workload::Size;
use written::Written;

#[tokio::main]
async fn main() -> Result<()> {
    if child::is_asked() {
        return child::run().await;
    }
    let scale = match std::env::var("HEARTH_BENCH_SCALE") {
        Ok(scale) => scale
            .parse()
            .context("HEARTH_BENCH_SCALE is not a number")?,
        Err(_) => 1.0,
    };
    let size = Size::scaled(scale);
    let base = std::env::var_os("HEARTH_BENCH_DIR").map_or_else(std::env::temp_dir, Into::into);
    let folder = tempfile::tempdir_in(base)?;
    println!(
        "W1: {} commits, {} of them missed in W4; W3: {} keystrokes; W6: {} notebooks of {} changes",
        size.commits(),
        size.missed_commits(),
        size.keystrokes,
        size.notebooks,
        size.notebook_changes,
    );
    // Names given on the command line choose; cargo adds options of its own.
    let names: Vec<String> = std::env::args()
        .skip(1)
        .filter(|name| !name.starts_with('-'))
        .collect();
    let chosen = |name: &str| names.is_empty() || names.iter().any(|wanted| wanted == name);
    let mut report = Report::default();
    let of_written = ["W1", "W5", "open"];
    if of_written.into_iter().any(chosen) {
        let written = Written::take(folder.path(), scale, &size).await?;
        if chosen("W1") {
            opening::report(&written, folder.path(), &mut report, "W1").await?;
        }
        if chosen("open") {
            cold::report(&written, folder.path(), &mut report).await?;
        }
        if chosen("W5") {
            bootstrap::report(&written, folder.path(), &size, &mut report).await?;
        }
    }
    if names.iter().any(|name| name == "W1x10") {
        opening::tenfold(folder.path(), scale, &mut report).await?;
    }
    if chosen("W2") {
        stress::report(&folder.path().join("typing"), &size, &mut report).await?;
    }
    if chosen("W3") || chosen("W4") {
        let large = Large::build(&folder.path().join("large"), &size).await?;
        if chosen("W3") {
            large.live(&size, &mut report).await?;
        }
        if chosen("W4") {
            large.catch_up(&size, &mut report).await?;
        }
    }
    if chosen("W6") {
        many(&folder.path().join("many"), &size, &mut report).await?;
    }
    if chosen("commit") {
        durable(folder.path(), &size, &mut report)?;
    }
    report.print();
    Ok(())
}

/// The large notebook, of which the second side lacks the end.
struct Large {
    folder: PathBuf,
    homes: Homes,
    notebook: NotebookId,
    sessions: Vec<ObjectId>,
    peer: Copies,
}

impl Large {
    async fn build(folder: &Path, size: &Size) -> Result<Self> {
        let (shared, missed) = workload::notebook(size);
        let start = Instant::now();
        let mut document = Automerge::new();
        peer_script::write(&mut document, &shared)?;
        let mut peer = Copies::of(&document);
        for commit in missed.iter().flatten() {
            peer_script::commit(&mut peer.first, commit)?;
        }
        note("the peer's document was written", start);

        let start = Instant::now();
        let (homes, notebooks) = Homes::paired(&folder.join("apart"), 1).await?;
        let notebook = *notebooks.first().context("there is no notebook")?;
        let mut made = Made::default();
        let mut hosts = homes.open()?;
        let wire = Wire::connect(&mut hosts);
        made.write(&mut hosts, &wire, notebook, &shared)?;
        wire.disconnect(&mut hosts);
        for commit in missed.iter().flatten() {
            made.entry(&mut hosts.first, notebook, iter::once(commit))?;
        }
        hosts.close()?;
        note("the homes were written", start);
        Ok(Self {
            folder: folder.to_path_buf(),
            homes,
            notebook,
            sessions: made.sessions,
            peer,
        })
    }

    /// W3, once both have everything.
    async fn live(&self, size: &Size, report: &mut Report) -> Result<()> {
        let (ours, peer) = self.typing(size, Pace::BackToBack).await?;
        report.time("W3 live p50", ours.p50, peer.p50, Goal::Ratio(0.45));
        report.time("W3 live p99", ours.p99, peer.p99, Goal::Ratio(0.5));
        report.bytes("W3 bytes a key", ours.bytes, peer.bytes, Goal::Ratio(0.9));
        let (ours, peer) = self.typing(size, Pace::Rested).await?;
        report.time("W3 rested p50", ours.p50, peer.p50, Goal::None);
        report.disk(
            "of it until the commit begins",
            ours.handed_over,
            Goal::None,
        );
        report.time("W3 rested p99", ours.p99, peer.p99, Goal::None);
        Ok(())
    }

    /// The product's typing and the peer's, both from the same state.
    async fn typing(&self, size: &Size, pace: Pace) -> Result<(Typing, Typing)> {
        let homes = self.homes.copy_to(&self.folder.join(format!("{pace:?}")))?;
        let mut peer = self.peer.clone();
        peer.merge()?;
        let ours = live::product(&homes, self.notebook, &self.sessions, size, pace).await?;
        Ok((ours, live::peer(&peer, size, pace).await?))
    }

    /// W4.
    async fn catch_up(&self, size: &Size, report: &mut Report) -> Result<()> {
        let mut rounds = Rounds::default();
        for round in 0..size.rounds {
            let homes = self
                .homes
                .copy_to(&self.folder.join(format!("catch-up-{round}")))?;
            let ours = reconnect::product(&homes, &[self.notebook]).await?;
            let peer = std::slice::from_ref(&self.peer);
            rounds.add("W4", ours, peer).await?;
        }
        let (ours, peer, remembering) = rounds.middle();
        report.time("W4 in sync", ours.time, peer.time, Goal::Ratio(0.7));
        report.time(
            "W4 every document built",
            ours.shown,
            peer.shown,
            Goal::None,
        );
        report.bytes("W4 bytes", bytes(&ours), bytes(&peer), Goal::Ratio(0.25));
        report.beside("W4", &ours, &remembering);
        Ok(())
    }
}

/// What the rounds of a reconnection came to.
#[derive(Debug, Default)]
struct Rounds {
    ours: Vec<Reconnection>,
    peers: Vec<Reconnection>,
    remembering: Vec<Reconnection>,
}

impl Rounds {
    /// Adds a round of the product, and measures both peers.
    async fn add(&mut self, name: &str, ours: Reconnection, documents: &[Copies]) -> Result<()> {
        self.ours.push(shown(name, ours));
        let peer = reconnect::peer(documents, Memory::Nothing).await?;
        self.peers.push(shown(&format!("{name} peer"), peer));
        let remembering = reconnect::peer(documents, Memory::Parting).await?;
        self.remembering
            .push(shown(&format!("{name} remembering peer"), remembering));
        Ok(())
    }

    /// Returns the middle round of the product, the peer and the one that remembers, each by its time.
    fn middle(self) -> (Reconnection, Reconnection, Reconnection) {
        (
            middle(self.ours),
            middle(self.peers),
            middle(self.remembering),
        )
    }
}

/// W6, on many small notebooks.
async fn many(folder: &Path, size: &Size, report: &mut Report) -> Result<()> {
    let start = Instant::now();
    let mut documents = Vec::with_capacity(size.notebooks);
    for number in 0..size.notebooks {
        let mut document = Automerge::new();
        for (place, title) in workload::titles(number, size.notebook_changes)
            .iter()
            .enumerate()
        {
            peer_script::add_action(&mut document, place, title)?;
        }
        documents.push(Copies::of(&document));
    }
    let changed = documents.first_mut().context("there is no document")?;
    peer_script::add_action(&mut changed.first, size.notebook_changes, "One more.")?;
    note("the peer's documents were written", start);

    let start = Instant::now();
    let (homes, notebooks) = Homes::paired(&folder.join("apart"), size.notebooks).await?;
    note("the notebooks were joined", start);
    let start = Instant::now();
    let mut hosts = homes.open()?;
    let wire = Wire::connect(&mut hosts);
    for (number, notebook) in notebooks.iter().enumerate() {
        let titles = workload::titles(number, size.notebook_changes);
        add_actions(&mut hosts.first, *notebook, titles)?;
    }
    wire.exchange(&mut hosts);
    wire.disconnect(&mut hosts);
    let changed = *notebooks.first().context("there is no notebook")?;
    add_actions(&mut hosts.first, changed, vec!["One more.".to_owned()])?;
    hosts.close()?;
    note("the notebooks were written", start);

    let mut rounds = Rounds::default();
    for round in 0..size.rounds {
        let homes = homes.copy_to(&folder.join(format!("round-{round}")))?;
        let ours = reconnect::product(&homes, &notebooks).await?;
        rounds.add("W6", ours, &documents).await?;
    }
    let (ours, peer, remembering) = rounds.middle();
    report.time("W6 many", ours.time, peer.time, Goal::Ratio(0.15));
    report.bytes("W6 bytes", bytes(&ours), bytes(&peer), Goal::Ratio(0.3));
    report.beside("W6", &ours, &remembering);
    Ok(())
}

/// Adds actions in one entry, one change each.
fn add_actions(host: &mut Host, notebook: NotebookId, titles: Vec<String>) -> Result<()> {
    host.edit(notebook, |docs, writer| {
        for title in titles {
            let new = action::NewAction {
                title,
                ..action::NewAction::default()
            };
            action::add(docs, writer, &new)?;
        }
        Ok(())
    })
    .map_err(failed)
}

fn durable(folder: &Path, size: &Size, report: &mut Report) -> Result<()> {
    let commits = disk::commits(folder, size)?;
    let in_place = disk::in_place(folder, size)?;
    let appending = disk::appending(folder, size)?;
    report.disk("durable commit p50", commits.p50, Goal::Micros(200.0));
    report.disk("durable commit p99", commits.p99, Goal::None);
    report.disk("fdatasync in place p50", in_place.p50, Goal::None);
    report.disk("fdatasync in place p99", in_place.p99, Goal::None);
    report.disk("fdatasync appending p50", appending.p50, Goal::None);
    report.disk("fdatasync appending p99", appending.p99, Goal::None);
    Ok(())
}

fn middle(rounds: Vec<Reconnection>) -> Reconnection {
    median_by(rounds, |round| round.time)
}

fn shown(name: &str, round: Reconnection) -> Reconnection {
    eprintln!(
        "{name}: {:?}, shown {:?}, {} bytes",
        round.time, round.shown, round.bytes
    );
    round
}

fn note(what: &str, since: Instant) {
    eprintln!("{what} in {:.1} s", since.elapsed().as_secs_f64());
}
